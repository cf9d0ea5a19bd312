"""A trend as tables for a terminal of 80 columns: a line for each measure, a column for each report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from policycheck.formats._changes import GRAVE, WORDS, caused, different, grave, is_grave, on_word_alone, side, worded
from policycheck.formats._terminal import harmless, paint, wrap
from policycheck.report import Record

#: How many reports stand beside each other, and how many findings are listed; the JSON form holds all.
COLUMNS, MOST = 5, 12
_LABEL, _CELL = 20, 12
_STANDING: tuple[tuple[str, Callable[[Record], int]], ...] = (
    ("open", lambda p: p["open"]),
    ("  gaps", lambda p: p["gap"]),
    ("  unknown", lambda p: p["unknown"]),
    ("  accepted", lambda p: p["accepted"]),
    ("overdue", lambda p: p["overdue"]),
    ("without a date", lambda p: p["undated"]),
    ("blocking", lambda p: p["blocking"]),
    ("met", lambda p: sum(p["met_by"].values())),
    ("  verified", lambda p: p["met_by"]["verified"]),
    ("  supported", lambda p: p["met_by"]["supported"]),
    ("  declared", lambda p: p["met_by"]["declared"]),
    ("contradicted", lambda p: p["assurance"]["contradicted"]),
)  # fmt: skip
_CORE = frozenset({"opened", "reopened", "closed", "still_open"})


def table(record: Record, style: Mapping[str, Any]) -> list[str]:
    """The lines."""
    lines: list[str] = []
    for one in record["organizations"]:
        lines += [*([""] if lines else []), *_organization(one, style)]
    for one in record["in_one_report"]:
        lines += ["", *wrap(f"{one['id']} is judged in one report only, as of {one['as_of']}: no trend", style, "", "  ")]
    return [*lines, "", *wrap(record["disclaimer"], style, "", "")]


def _organization(one: Record, style: Mapping[str, Any]) -> Iterator[str]:
    points, steps = one["points"], one["steps"]
    title = harmless(f"{one['name']} ({one['id']})")
    yield paint(title, "bold", style)
    yield from wrap(f"{len(points)} reports, as of {points[0]['as_of']} to {points[-1]['as_of']}", style, "", "")
    for start in range(0, len(points), COLUMNS):
        yield ""
        yield from _columns(points[start : start + COLUMNS], [None, *steps][start : start + COLUMNS], _shown(steps))
    yield ""
    for step in steps:
        yield from _step(step, style)
    for skipped in one["not_in"]:
        yield from wrap(f"{skipped['as_of']}: not judged in that day's report, {skipped['report_id']}", style, "", "  ")
    yield from _listed(steps[-1], style)
    yield from _overdue(one, points[-1]["as_of"], style)


def _shown(steps: list[Record]) -> list[str]:
    """The words that have a line: the usual ones, and the others where they occur."""
    return [word for word in WORDS if word in _CORE or any(step["counts"][word] for step in steps)]


def _columns(points: list[Record], steps: list[Record | None], words: list[str]) -> Iterator[str]:
    yield _row("as of", [point["as_of"] for point in points])
    yield _row("", ["-" * 10 for _ in points])
    for label, measure in _STANDING:
        yield _row(label, [str(measure(point)) for point in points])
    yield _row("since the one before", ["" for _ in points])
    for word in words:
        yield _row(f"  {WORDS[word]}", [str(step["counts"][word]) if step else "-" for step in steps])
    yield _row("  criteria, options", [_same(step, "same_measure") for step in steps])
    yield _row("  files", [_same(step, "same_files") for step in steps])


def _same(step: Record | None, key: str) -> str:
    if step is None:
        return "-"
    return "the same" if step[key] else "changed"


def _row(label: str, cells: list[str]) -> str:
    return f"{label:<{_LABEL}}{''.join(f'{cell:>{_CELL}}' for cell in cells)}".rstrip()


def _step(step: Record, style: Mapping[str, Any]) -> Iterator[str]:
    """Whose doing the changes are, and what to know of the two reports."""
    parts = [f"{label}: {what}" for label, what in caused(step["causes"])] or ["nothing changed"]
    yield from wrap(f"{step['to']['as_of']}: {'; '.join(parts)}", style, "", "  ")
    lines = different(step["criteria"])
    for line in [*lines, on_word_alone(step["closed_by"]), *step["notes"]]:
        yield from wrap(line, style, "  ", "    ") if line else ()


def _listed(step: Record, style: Mapping[str, Any]) -> Iterator[str]:
    """What to look at of the last step, the gravest words first."""
    found = sorted(grave(step["changes"]), key=lambda c: min(GRAVE.index(w) for w in c["words"] if w in GRAVE))
    informing = sum(map(is_grave, step["changes"])) - len(found)
    if found or informing:
        yield ""
        yield paint(f"New, back or worse as of {step['to']['as_of']} ({len(found)})", "bold", style)
    for change in found[:MOST]:
        yield from wrap(f"{worded(change)}: {side(change)['severity']} {_name(change)}", style, "  ", "      ")
    if len(found) > MOST:
        yield f"  and {len(found) - MOST} more; --format json has all"
    if informing:
        yield f"  and {informing} for information; --format json has all"


def _overdue(one: Record, as_of: str, style: Mapping[str, Any]) -> Iterator[str]:
    late = one["overdue"]
    if late:
        yield ""
        yield paint(f"Overdue as of {as_of} ({len(late)})", "bold", style)
    for finding in late[:MOST]:
        ended = "due" if finding["by"] == "due date" else "accepted until"
        yield from wrap(f"{ended} {finding['due']}: {finding['severity']} {_name(finding)}", style, "  ", "      ")
    if len(late) > MOST:
        yield f"  and {len(late) - MOST} more; --format json has all"


def _name(finding: Record) -> str:
    return f"{finding['rule']} on {finding['subject'].get('kind')} {finding['subject'].get('id')}"
