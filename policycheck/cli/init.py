"""policycheck init"""

from __future__ import annotations

from pathlib import Path

import click

_TEMPLATES = Path(__file__).parent.parent / "templates"
_SCHEMA = ".policycheck-schema.json"


@click.command("init", short_help="Write a commented manifest to start from.")
@click.argument("folder", default=".", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False))
@click.option("--template", type=click.Choice(sorted(p.stem for p in _TEMPLATES.glob("*.yaml"))), default="shop",
              show_default=True, help="What kind of organisation.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace files that are there.")
def command(folder: Path, template: str, force: bool) -> int:
    """Write a commented manifest, every unknown a visible question, and the schema for your editor.

    \b
    policycheck init
    policycheck init services/search --template platform
    """
    from os.path import lexists

    from policycheck import data
    from policycheck.cli._output import print_lines, put
    from policycheck.errors import UsageError

    text = (_TEMPLATES / f"{template}.yaml").read_bytes()
    schema = (data.folder("schemas") / "manifest-v1.json").read_bytes()
    manifest = folder / "policycheck.yaml"
    # A link that leads nowhere is there, too.
    if lexists(manifest) and not force:
        raise UsageError(f"{manifest} is already there; --force replaces it")
    if lexists(other := manifest.with_suffix(".yml")):
        raise UsageError(f"{other} is already there, and a folder has one manifest of this name")
    folder.mkdir(parents=True, exist_ok=True)
    # The manifest comes last: whoever runs out of room may simply call again.
    for path, content in ((folder / _SCHEMA, schema), (manifest, text)):
        put(str(path), content)
        print_lines(f"wrote {path}")
    print_lines(f"next: fill in the blanks, then policycheck check {manifest}")
    return 0
