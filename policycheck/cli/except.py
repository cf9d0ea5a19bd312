"""policycheck except"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from policycheck.cli._configured import configuration_options


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
@click.option("--rules", multiple=True, type=click.Path(path_type=Path), metavar="DIR", help="Add a pack of your own.")
@click.option("--root", type=click.Path(path_type=Path), metavar="DIR", help="Nothing above this folder is read.")
@click.option("--as-of", metavar="DATE", help="The date of the evaluation (default: today, UTC).")
@click.option("--dry-run", is_flag=True, help="Print the entry, write nothing.")
@configuration_options
def command(finding: str, path: str | None, into: Path | None, dry_run: bool, **options: Any) -> int:
    """Write down that a gap is accepted. Comments and layout of the file are kept.

    Eight characters of an id are enough when they are one gap's alone. An entry that would accept nothing (an approver who
    owns it, a day that is gone, a control that is not deployed) is refused.

    \b
    policycheck check --verbose                          # shows the ids of findings
    policycheck except 2885585e-6a4e-5abf-80de-2044ef04dc1f --id no-challenge \\
        --reason "A feed reader cannot answer one" --approver "Chief Privacy Officer" --ticket EDGE-771 \\
        --expires-on 2027-04-13 --compensating-control feed-limit
    """
    from policycheck.cli._exceptions import Gaps, target, write

    gaps = Gaps(path, {**options, "criteria": (), "no_evidence": False})
    entry, manifest = gaps.entry(finding, options)
    file = target(manifest, into, gaps.only)
    if dry_run:
        from policycheck.cli._exceptions import as_yaml

        click.echo(as_yaml(entry, "  "), nl=False)
        return 0
    write(file, entry)
    click.echo(f"wrote {file}: {entry['id']}, until {entry['expires_on']}")
    return 0
