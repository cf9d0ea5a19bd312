"""policycheck coverage"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policycheck.coverage import Coverage, Row, Tested

_ORDER = {"met": "met", "gap": "gap", "not_used": "not used", "unknown": "unknown", "not_applicable": "not applicable"}


@click.command("coverage", short_help="Which expectation is tested by which rule, on which fields, with which tests.")
@click.option("--format", "format_", type=click.Choice(["table", "json", "html"]), default="table", show_default=True,
              help="What is printed.")  # fmt: skip
@click.option("--rules", "folders", multiple=True, type=click.Path(path_type=Path), metavar="DIR",
              help="A pack of your own, or a folder of packs.")  # fmt: skip
def command(format_: str, folders: tuple[Path, ...]) -> int:
    """Print the matrix: expectation, rules, kinds of subject, manifest fields that are read, test cases.

    \b
    policycheck coverage
    policycheck coverage --format html > coverage.html
    policycheck coverage --rules our-pack/

    Exit code 1 when an expectation has neither a rule nor a reason, when a rule cites an unknown expectation, or when
    a rule never fires in its tests.
    """
    from policycheck.cli import _say
    from policycheck.cli._output import Sink, print_lines
    from policycheck.cli.rules import criteria_of, folder_of
    from policycheck.coverage import as_data, cover

    coverage = cover(criteria_of(folders, checked=False), lambda pack: folder_of(pack, folders))
    if format_ == "json":
        import json

        Sink("-").write((json.dumps(as_data(coverage), ensure_ascii=False, indent=1) + "\n").encode("utf-8"))
    elif format_ == "html":
        from policycheck.cli._coverage_page import page

        Sink("-").write(page(coverage).encode("utf-8"))
    else:
        print_lines(*_table(coverage))
    for mistake in coverage.mistakes:
        _say(f"policycheck: {mistake}")
    return 1 if coverage.mistakes else 0


def _table(coverage: Coverage) -> Iterator[str]:
    from policycheck.cli._output import style

    look = style()
    for document in coverage.rows:
        yield from _heading(coverage, document, look)
        for row in coverage.rows[document]:
            yield from _row(row, look)
        yield ""
    if coverage.integrity:
        yield "Integrity: rules about the declaration itself, which belong to no expectation"
        for rule in coverage.integrity:
            yield from _rule(rule, look)
        yield ""
    yield from _fields(coverage, look)


def _heading(coverage: Coverage, document: str, look: Mapping[str, object]) -> Iterator[str]:
    from policycheck.coverage import MISSING
    from policycheck.formats._terminal import wrap

    about, counts = coverage.documents.get(document, {}), coverage.counts(document)
    total = sum(counts.values())
    done = total - counts.get(MISSING, 0)
    yield from wrap(f"{document}  {about.get('title', '')} ({about.get('date', '')})", look, "", "       ")
    states = ", ".join(f"{count} {state}" for state, count in counts.items())
    yield from wrap(f"{percent(done, total)} accounted for: {states or 'no expectations'}; {total} in all", look, "", "")
    yield ""


def percent(part: int, whole: int) -> str:
    """A share in whole per cent, rounded down, so that 100 % means all."""
    return f"{100 * part // whole if whole else 100} %"


def _row(row: Row, look: Mapping[str, object]) -> Iterator[str]:
    from policycheck.coverage import CODIFIED
    from policycheck.formats._terminal import wrap

    one = row.expectation
    yield from wrap(f"{one.id} ({one.locator}, {one.modality})", look, "", "    ")
    if row.state != CODIFIED:
        yield from wrap(f"{row.state}: {row.reason}" if row.reason else row.state, look, "    ", "    ")
    for rule in row.rules:
        yield from _rule(rule, look)


def _rule(rule: Tested, look: Mapping[str, object]) -> Iterator[str]:
    from policycheck.formats._terminal import wrap

    cases = "disabled" if rule.disabled else told(rule.cases)
    yield from wrap(f"{rule.id} · {', '.join(rule.kinds)} · {cases}", look, "    ", "        ")


def told(cases: Mapping[str, int]) -> str:
    """The cases of a rule in words: `2 met, 3 gap`."""
    return ", ".join(f"{cases[outcome]} {word}" for outcome, word in _ORDER.items() if cases.get(outcome)) or "no cases"


def _fields(coverage: Coverage, look: Mapping[str, object]) -> Iterator[str]:
    from policycheck.formats._terminal import wrap

    rules = {rule.id: rule for rows in coverage.rows.values() for row in rows for rule in row.rules}
    rules |= {rule.id: rule for rule in coverage.integrity}
    yield "What each rule reads"
    for _, rule in sorted(rules.items()):
        yield from wrap(f"{rule.id}: {', '.join(rule.reads) or 'nothing'}", look, "    ", "        ")
