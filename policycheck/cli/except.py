"""policycheck except"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


@click.command("except", short_help="Write down that a gap is accepted: by whom, why, until when.")
@click.argument("finding", metavar="FINDING-ID")
@click.argument("path", required=False)
@click.option("--id", "name", required=True, metavar="ID", help="A short name for the exception.")
@click.option("--reason", required=True, help="Why the gap is accepted.")
@click.option("--approver", required=True, help="Who accepts it; not the owner of the control.")
@click.option("--ticket", required=True, help="Where the work is followed.")
@click.option("--expires-on", required=True, metavar="DATE", help="The last day, in UTC, on which it counts.")
@click.option("--compensating-control", required=True, metavar="ID", help="A deployed control that helps meanwhile.")
@click.option("--owner", help="Who closes the gap.")
@click.option(
    "--into", type=click.Path(path_type=Path), metavar="FILE", help="The manifest or fragment that takes the entry."
)
@click.option("--as-of", metavar="DATE", help="The date of the evaluation (default: today, UTC).")
@click.option("--dry-run", is_flag=True, help="Print the entry, write nothing.")
def command(finding: str, path: str | None, into: Path | None, as_of: str | None, dry_run: bool, **said: Any) -> int:
    """Write down that a gap is accepted. Comments and layout of the file are kept.

    \b
    policycheck check --verbose                          # shows the ids of findings
    policycheck except 2885585e-6a4e-5abf-80de-2044ef04dc1f --id no-challenge \\
        --reason "A feed reader cannot answer one" --approver "Chief Privacy Officer" --ticket EDGE-771 \\
        --expires-on 2027-04-13 --compensating-control feed-limit
    """
    from policycheck.cli._exceptions import entry_for, write
    from policycheck.cli._output import as_of as date_of

    date = date_of(as_of)
    entry, manifest = entry_for(finding, path, date, said)
    if dry_run:
        from policycheck.cli._exceptions import as_yaml

        click.echo(as_yaml(entry, "  "), nl=False)
        return 0
    target = into or manifest
    write(target, entry)
    click.echo(f"wrote {target}: {entry['id']}, until {entry['expires_on']}")
    return 0
