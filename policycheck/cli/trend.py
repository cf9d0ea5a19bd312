"""policycheck trend"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from policycheck.report import Record

#: What a report is called in a bundle.
NAME = "report.json"


@click.command("trend", short_help="Say what opened, closed and came back over several reports.")
@click.argument("reports", nargs=-1, required=True, metavar="REPORT.json|FOLDER...")
@click.option("--format", "format_", type=click.Choice(["table", "json", "html"]), default="table", show_default=True,
              help="What is printed.")  # fmt: skip
@click.option("--output", metavar="FILE", default="-", help="Write it to a file.")
def command(reports: tuple[str, ...], format_: str, output: str) -> int:
    """Put reports of several dates in a row: what opened, closed, came back, was accepted or fell overdue.

    A FOLDER stands for its report.json and those of the folders in it. Reports may be named in any order, one named
    twice counts once. Manifests are matched by organization.id. Where the criteria changed between two reports, what the
    change of criteria did is told apart from what the organisation did, or it is said that this cannot be told.

    \b
    policycheck trend 2026-q1.json 2026-q2.json 2026-q3.json
    policycheck trend audits/ --format html --output trend.html
    policycheck trend audits/ --format json

    Exit codes: 0 shown, whatever it says (policycheck diff is the gate); 2 usage, or reports that cannot be put in a row;
    3 not a report, or one that was changed.
    """
    from policycheck import replay
    from policycheck.cli._output import read_bytes, refuse_overwriting
    from policycheck.trend import trend

    names = [name for given in reports for name in _files(given)]
    refuse_overwriting([(format_, output)], [Path(name).resolve() for name in names], "a report that is read")
    found = trend(replay.read(read_bytes(name), name) for name in names)
    _write(_rendered(found, format_), output)
    return 0


def _files(given: str) -> Iterator[str]:
    """The reports that an argument stands for. Raises UsageError for a folder without any."""
    from policycheck.errors import UsageError

    if not Path(given).is_dir():
        yield given
        return
    found = list(_in_folder(Path(given)))
    if not found:
        raise UsageError(f"{given} holds no {NAME}, nor does a folder in it; name the files of other names themselves")
    yield from map(str, found)


def _in_folder(folder: Path) -> Iterator[Path]:
    """`report.json` of a folder and of the folders in it; no link is followed."""
    below = sorted(one for one in folder.iterdir() if one.is_dir() and not one.is_symlink())
    for one in (folder, *below):
        report = one / NAME
        if report.is_file() and not report.is_symlink():
            yield report


def _rendered(found: Record, format_: str) -> bytes:
    if format_ == "json":
        from policycheck.formats._json import laid_out

        return laid_out(found)
    if format_ == "html":
        from policycheck.formats._html.trend import page

        made: bytes = page(found)
        return made
    from policycheck.cli._output import style
    from policycheck.cli._trend import table
    from policycheck.formats._terminal import encode

    look = style()
    return encode(table(found, look), look)


def _write(data: bytes, output: str) -> None:
    from policycheck.cli._output import put

    put(output, data, "--output ")
