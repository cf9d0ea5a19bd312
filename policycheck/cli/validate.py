"""policycheck validate"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from policycheck.cli._configured import configuration_options


@click.command("validate", short_help="Check shape and references only: the fast editor loop.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--root", type=click.Path(path_type=Path), metavar="DIR", help="Nothing above this folder is read.")
@click.option("--as-of", metavar="DATE", help="The date of the evaluation (default: today, UTC).")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing when all is well.")
@configuration_options
def command(paths: tuple[str, ...], root: Path | None, as_of: str | None, quiet: bool, **options: Any) -> int:
    """Check the shape and the references of manifests, without judging them.

    Of a folder, what `exclude` of the configuration leaves out is left out here, too.

    \b
    policycheck validate
    policycheck validate services/*/policycheck.yaml

    Exit codes: 0 valid, 3 invalid, 4 nothing to check.
    """
    from policycheck import run, sources
    from policycheck.cli import _say_problems
    from policycheck.cli._configured import configuration
    from policycheck.cli._output import as_of as date_of
    from policycheck.cli._output import current_folder, print_lines, root_folder
    from policycheck.errors import INVALID

    here, date, above = current_folder(), date_of(as_of), root_folder(root)
    found = sources.find(paths, here, above, configuration(options).excludes)
    problems = list(found.problems)
    for path in found.manifests:
        problems += run.problems_of(path, here, above, date)
    _say_problems(problems)
    if not problems and not quiet:
        print_lines(f"{len(found.manifests)} manifest{'s' * (len(found.manifests) != 1)} valid")
    return INVALID if problems else 0
