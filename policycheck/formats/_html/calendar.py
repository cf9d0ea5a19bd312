"""What goes stale when, as far as the record tells: reviews that fall due, exceptions and contracts that end."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple

from policycheck.report import Record

#: A fact of this name is how many days may pass after the date that stands beside it.
_INTERVALS = ("interval_days", "cadence_days")
_ENDS = ("expires_on", "valid_until", "ends_on")
#: The width of the line that the days are drawn on.
WIDTH = 200


class Day(NamedTuple):
    """Something that goes stale: the last good day, what it is, whether that is past, where it is drawn on the line."""

    day: str
    what: str
    why: str
    is_past: bool
    at: int = 0
    now: int = 0


def days(as_of: str, findings: list[Record]) -> list[Day]:
    """Every last day that the findings name, the earliest first; each once."""
    found = {day for finding in findings for day in _of(finding, as_of)}
    ordered = sorted(found)
    if not ordered:
        return []
    first, last = min(ordered[0].day, as_of), max(ordered[-1].day, as_of)
    return [d._replace(at=_at(d.day, first, last), now=_at(as_of, first, last)) for d in ordered]


def _of(finding: Record, as_of: str) -> list[Day]:
    subject = f"{finding['subject']['kind']} {finding['subject']['id']}".strip()
    found = [(due, f"{route} falls due") for route, due in _due(finding)]
    found += [(day, f"{name} ends") for name, day in _ending(finding)]
    if "exception" in finding:
        found.append((finding["exception"]["expires_on"], f"exception {finding['exception']['id']} expires"))
    if finding.get("baseline", {}).get("due_on"):
        found.append((finding["baseline"]["due_on"], f"{finding['rule']} is to be closed"))
    if "warns_until" in finding:
        found.append((finding["warns_until"], f"{finding['rule']} only warns until then"))
    # A report that somebody wrote by hand may hold anything in place of a day.
    return [Day(day, subject, why, day < as_of) for day, why in found if _date(day)]


def _due(finding: Record) -> list[tuple[str, str]]:
    """A date and an interval that stand side by side in the manifest: the day on which the interval has run out."""
    if finding["outcome"] not in {"met", "gap"}:
        return []
    known = {fact["route"]: fact["value"] for fact in finding["facts"] if "value" in fact}
    found = []
    for route, days_after in known.items():
        if route.endswith(_INTERVALS) and type(days_after) is int:
            found += [(name, later) for name, later in _beside(route, days_after, known)]
    return found


def _beside(route: str, days_after: int, known: dict[str, Any]) -> list[tuple[str, str]]:
    parent = route.rpartition(".")[0]
    dates = [(name, _date(found)) for name, found in known.items() if name.rpartition(".")[0] == parent]
    return [(name, _later(day, days_after)) for name, day in dates if day and _later(day, days_after)]


def _ending(finding: Record) -> list[tuple[str, str]]:
    named = [(f["route"], f.get("value")) for f in finding["facts"] if f["route"].endswith(_ENDS)]
    return [(route, str(found)) for route, found in named if _date(found)]


def _date(found: Any) -> date | None:
    try:
        return date.fromisoformat(found) if isinstance(found, str) and len(found) == 10 else None
    except ValueError:
        return None


def _later(day: date, days_after: int) -> str:
    try:
        return (day + timedelta(days=days_after)).isoformat()
    except OverflowError:
        return ""


def _at(day: str, first: str, last: str) -> int:
    """Where a day is drawn between two others."""
    start = date.fromisoformat(first)
    whole = (date.fromisoformat(last) - start).days or 1
    return round(WIDTH * (date.fromisoformat(day) - start).days / whole)
