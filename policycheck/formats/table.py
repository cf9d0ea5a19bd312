"""Findings as a table: severity, outcome, assurance, rule, subject, where, expectation.

By expectation, the table has a line for each of them in the order of the documents. When the terminal is too narrow the
last two columns go before anything wraps; then the widest cells are cut, and "..." says so. In a pipe or a file they stay
whole: nothing has to fit there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from policycheck.formats import _by_framework
from policycheck.formats._by_expectation import Answer, answers, evaluated, subject
from policycheck.formats._machine import unjudged, unjudged_at_all, unpruned
from policycheck.formats._terminal import encode, harmless, wrap
from policycheck.model import Outcome
from policycheck.report import Record, Totals

if TYPE_CHECKING:
    from policycheck.run import View

RECORD = "full"
#: Paths are shown from the current folder; in other formats they begin at a manifest's root.
FROM_HERE = True
SEPARATOR = b"\n"
_HEAD = ("severity", "outcome", "assurance", "rule", "subject", "where", "expectation")
_SUPPORTED = ("supports", "outcome", "gaps", "unknown", "met", "by (confidence)")
_ASKED = ("expectation", "outcome", "gaps", "modality", "subjects", "locator")
#: What 80 columns leave for the subjects.
_ROOM = 22
#: What a cell keeps however narrow the terminal is. What stands between two columns, and what one is wider than its head.
_LEAST, _BETWEEN = 8, 2


def detail(style: Mapping[str, Any]) -> frozenset[Outcome]:
    """The outcomes whose findings are explained; the others are only counted."""
    if style.get("verbose"):
        return frozenset(Outcome)
    rest = {Outcome.MET, Outcome.NOT_USED} if style.get("by") == "expectation" or style.get("view") else set()
    return frozenset({Outcome.GAP, Outcome.UNKNOWN} | rest)


def begin(view: View) -> bytes:
    """Nothing."""
    return b""


def part(view: View, record: Record) -> bytes:
    """One manifest's table."""
    verbose = bool(view.style.get("verbose"))
    name = harmless(record["organization"].get("name") or record["organization"].get("id"))
    if view.style.get("view"):
        rows_of = [_supported(one) for one in _by_framework.supported(view, record, str(view.style["view"]))]
        head = [f"{name}: {evaluated(record)}", *wrap(_by_framework.about(str(view.style["view"])), view.style, "", "")]
        return encode([*head, "", *_fitted(view, _SUPPORTED, rows_of), *_besides(view, record)], view.style)
    if view.style.get("by") == "expectation":
        rows = answers(record, verbose)
        lines = _fitted(view, _ASKED, list(map(_asked, rows)))
        return encode([f"{name}: {evaluated(record)}", "", *lines, *_besides(view, record)], view.style)
    shown = [f for f in record["findings"] if verbose or f["outcome"] in ("gap", "unknown")]
    lines = _fitted(view, _HEAD, [_row(view, finding) for finding in shown])
    return encode([f"{name}: {_counted(record)}", "", *lines, *_denied(view, shown), *_besides(view, record)], view.style)


def _counted(record: Record) -> str:
    """As many as the rows are: those of the declaration itself and those that are accepted are counted apart."""
    counts = record["counts"]
    plain, own = (
        ", ".join(f"{n} {o.replace('_', ' ')}" for o, n in counts[kind].items() if n) for kind in ("findings", "integrity")
    )
    has_own = sum(counts["integrity"].values()) > counts["integrity"]["met"]
    accepted = f"; {counts['accepted']} accepted" if counts["accepted"] else ""
    return f"{plain or 'no findings'}{f'; integrity {own}' if has_own else ''}{accepted}"


def _besides(view: View, record: Record) -> list[str]:
    """What no row of the table says: what was not judged, and what the run was let off."""
    lines = [f"incomplete: {told}" for told in unjudged(record)]
    loosened = ", ".join(map(harmless, view.header["options"]["loosened_by"]))
    return [*([""] if lines or loosened else []), *lines, *([f"loosened by {loosened}"] if loosened else [])]


def _denied(view: View, shown: list[Record]) -> list[str]:
    """Below the table, so that no column has to go for them: the lines of the artefacts that say otherwise."""
    lines: list[str] = []
    for finding in shown:
        if finding["assurance"] == "contradicted" and finding["location"]:
            places = [finding["location"], *finding.get("related", ())[:1]]
            named = ", declared at ".join(f"{view.path(place['path'])}:{place['line']}" for place in places)
            lines.append(harmless(f"contradicted at {named} ({finding['rule']})"))
    return ["", *dict.fromkeys(lines)] if lines else []


def _fitted(view: View, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """The table, no wider than the terminal: the last two columns may go, then the widest cells are cut."""
    from tabulate import tabulate

    width = int(str(view.style.get("width", 80)))
    lines: list[str] = []
    for columns in range(len(head), len(head) - 3, -1):
        cells = [row[:columns] for row in rows]
        if columns == len(head) - 2 and view.style.get("terminal"):
            cells = _cut(head[:columns], cells, width)
        lines = tabulate(cells, headers=head[:columns], tablefmt="simple", disable_numparse=True).splitlines()
        if max(map(len, lines), default=0) <= width:
            break
    return lines


def _cut(head: tuple[str, ...], rows: list[tuple[str, ...]], width: int) -> list[tuple[str, ...]]:
    """The rows with the cells of the widest columns cut until the table fits, if it can; heads stay whole."""
    least = [max(len(name) + _BETWEEN, _LEAST) for name in head]
    widths = [max(wide, *map(len, column)) for wide, column in zip(least, zip(head, *rows, strict=True), strict=True)]
    while sum(widths) + _BETWEEN * (len(head) - 1) > width:
        loose = [n for n, wide in enumerate(widths) if wide > least[n]]
        if not loose:
            break
        widths[max(loose, key=widths.__getitem__)] -= 1
    return [
        tuple(cell if len(cell) <= wide else f"{cell[: wide - 3]}..." for cell, wide in zip(row, widths, strict=True))
        for row in rows
    ]


def end(view: View, totals: Totals) -> bytes:
    """What is in no table because it was not judged."""
    every = [f"not judged: {told}" for told in unjudged_at_all(totals)] + unpruned(totals)
    return encode([*([""] if totals.manifests else []), *every] if every else [], view.style)


def _row(view: View, finding: Record) -> tuple[str, ...]:
    place = finding["location"]
    return (
        finding["severity"],
        "accepted" if "exception" in finding else finding["outcome"].replace("_", " "),
        finding["assurance"],
        finding["rule"],
        harmless(f"{finding['subject']['kind']} {finding['subject']['id']}"),
        harmless(f"{view.path(place['path'])}:{place['line']}") if place else "",
        ", ".join(finding["expectations"]),
    )


def _supported(one: _by_framework.Supported) -> tuple[str, ...]:
    """An identifier's line: its roll-up, the findings behind it each once, and the first of the expectations."""
    row, sure = one.rows[0]
    more = f" +{len(one.rows) - 1}" if len(one.rows) > 1 else ""
    first = f"{row.expectation['id']} ({_by_framework.SURE.get(sure, '-')}){more}"
    return (harmless(one.name), one.outcome.replace("_", " "), *(str(count or "") for count in one.counts), first)


def _asked(row: Answer) -> tuple[str, ...]:
    """An expectation's line: the first of the subjects that decided it, and how many more there are."""
    names = list(dict.fromkeys(map(subject, row.findings.get(row.outcome, ()))))
    more = f" +{len(names) - 1}" if len(names) > 1 else ""
    first = harmless(names[0]) if names else ""
    cut = first if len(first) + len(more) <= _ROOM else f"{first[: _ROOM - 3 - len(more)]}..."
    one = row.expectation
    return (
        one["id"],
        row.outcome.replace("_", " "),
        row.share,
        one["modality"],
        f"{cut}{more}",
        harmless(one["locator"]),
    )
