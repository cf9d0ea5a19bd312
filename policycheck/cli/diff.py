"""policycheck diff"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from policycheck.report import Record


@click.command("diff", short_help="Say what changed between two reports.")
@click.argument("old", metavar="OLD.json")
@click.argument("new", metavar="NEW.json")
@click.option("--format", "format_", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True,
              help="What is printed.")  # fmt: skip
@click.option("--new-rules", is_flag=True, help="What rules found that only NEW.json judged counts as opened.")
@click.option("--quiet", "-q", is_flag=True, help="Only the notes and the sum.")
def command(old: str, new: str, format_: str, new_rules: bool, quiet: bool) -> int:
    """Say what opened, closed, became worse or better between two JSON reports, by finding id.

    - is standard input, for one of the two.

    \b
    policycheck diff last.json now.json
    policycheck diff last.json now.json --format markdown
    git show v1:report.json | policycheck diff - report.json

    \b
    Exit codes: 0 nothing that blocks opened or became worse   1 something did
                2 usage, or reports of different organisations   3 not a report
                3, 5, 70 also where NEW.json says so of its own run
                4 nothing of a manifest was judged for NEW.json
    """
    from policycheck import compare
    from policycheck.cli import _comparison
    from policycheck.errors import GAPS, UsageError, strongest

    if old == new == "-":
        raise UsageError("standard input can be one of the two reports, not both")
    before, after = _read(old), _read(new)
    _refuse_strangers(before, after)
    found = compare.compare(before, after)
    title = f"{new} (as of {found.new_as_of}) compared with {old} (as of {found.old_as_of})"
    if format_ == "json":
        lines = [_json(compare.diff_record(found, new_rules))]
    elif format_ == "markdown":
        lines = _comparison.markdown(found, title)
    else:
        lines = _comparison.text(found, title, brief=quiet)
    _print(lines, as_utf8=format_ != "text")
    return strongest({GAPS if found.regressed(new_rules) else 0, found.incomplete})


def _read(name: str) -> Record:
    """A report from a file. Raises UsageError when it cannot be read, InvalidInput when it is no report."""
    from policycheck.cli._output import read_bytes
    from policycheck.compare import report_of
    from policycheck.replay import loaded

    return report_of(loaded(read_bytes(name), name), name)


def _refuse_strangers(before: Record, after: Record) -> None:
    from policycheck.compare import organizations
    from policycheck.errors import UsageError

    old, new = organizations(before), organizations(after)
    if old and new and not old & new:
        raise UsageError(
            f"the reports are of different organisations ({_few(old)} and {_few(new)}), so there is nothing to compare"
        )


def _few(names: frozenset[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "")


def _json(record: Record) -> str:
    from policycheck.formats._json import laid_out

    return laid_out(record).decode().removesuffix("\n")


def _print(lines: list[str], as_utf8: bool) -> None:
    from policycheck.cli._output import Sink, print_lines

    if as_utf8:
        Sink("-").write(("\n".join(lines) + "\n").encode("utf-8", "backslashreplace"))
    else:
        print_lines(*lines)
