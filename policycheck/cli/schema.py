"""policycheck schema"""

from __future__ import annotations

import click

_NAMES = {"manifest": "manifest-v1", "fragment": "fragment-v1", "rule": "rule-v1", "pack": "pack-v1", "report": "report-v1"}


@click.command("schema", short_help="Print a JSON Schema, for editors and other tools.")
@click.argument("name", type=click.Choice(list(_NAMES)))
def command(name: str) -> int:
    """Print a JSON Schema.

    \b
    policycheck schema rule
    policycheck schema manifest > .policycheck-schema.json
    # first line of the manifest, for editors with yaml-language-server:
    # yaml-language-server: $schema=.policycheck-schema.json
    """
    from policycheck import data

    click.echo((data.folder("schemas") / f"{_NAMES[name]}.json").read_bytes(), nl=False)
    return 0
