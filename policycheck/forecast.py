"""What goes stale when: the same manifest judged on later days, and what then begins to block.

Nothing is guessed. Days on which something may change are read from the manifest (a date, a date plus an interval that
stands with it); each is judged as `check --as-of` would, and where something opened between two of them the first day is
searched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from policycheck.model import Finding, Options
from policycheck.tally import stops

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?=\Z|[T ])")
Open = Mapping[str, Finding]


class Event(NamedTuple):
    """The first day on which a finding blocks that does not block on the day before, and why it begins then."""

    day: str
    finding: Finding
    why: str


def days_of(data: Any, options: Options, days: int) -> list[str]:
    """The days to look at: the evaluation's own first, those on which something may change, the last one."""
    first = date.fromisoformat(options.as_of)
    last = first + timedelta(days=min(days, (date.max - first).days))
    changes = set(_changes(data, ()))
    changes |= {day for w in options.warn_until if (day := _later(w.until, 1)) is not None}
    return [first.isoformat(), *sorted(d.isoformat() for d in changes if first < d < last), last.isoformat()]


def _changes(data: Any, intervals: tuple[int, ...]) -> Iterator[date]:
    """Every date below, the day after it, and the day after each interval that stands beside or above it has run out."""
    if isinstance(data, dict):
        here = intervals + tuple(v for k, v in data.items() if str(k).endswith("_days") and type(v) is int)
        for value in data.values():
            yield from _changes(value, here)
    elif isinstance(data, list):
        for item in data:
            yield from _changes(item, intervals)
    elif isinstance(data, str) and _DAY.match(data):
        for days in (0, 1, *(interval + 1 for interval in intervals)):
            if (found := _later(data[:10], days)) is not None:
                yield found


def _later(day: str, days: int) -> date | None:
    try:
        return date.fromisoformat(day) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None


def calendar(judge: Callable[[str], Iterable[Finding]], options: Options, days: Sequence[str]) -> list[Event]:
    """What begins to block, in order. `judge` gives the findings of a day; `days` come from `days_of`."""
    judged: dict[str, Open] = {}

    def of(day: str) -> Open:
        if day not in judged:
            judged[day] = {finding.id: finding for finding in judge(day)}
        return judged[day]

    events = []
    for before, day in pairwise(days):
        for identity, finding in of(day).items():
            if stops(finding, options) and not _stops(of(before), identity, options):
                events.append(_event(of, options, identity, before, day))
    return sorted(events, key=lambda e: (e.day, -e.finding.severity.rank, e.finding.rule, e.finding.subject))


def _stops(open_: Open, identity: str, options: Options) -> bool:
    finding = open_.get(identity)
    return finding is not None and stops(finding, options)


def _event(of: Callable[[str], Open], options: Options, identity: str, before: str, day: str) -> Event:
    """The event of a finding that blocks on `day` and not on the day `before`, which may lie well back."""
    at = 1  # Most often it is the day itself: the day before is asked first, then the middle of what is left.
    while (gap := (date.fromisoformat(day) - date.fromisoformat(before)).days) > 1:
        middle = (date.fromisoformat(day) - timedelta(days=at)).isoformat()
        at = max(1, (gap - at) // 2)
        if _stops(of(middle), identity, options):
            day = middle
        else:
            before = middle
    finding = of(day)[identity]
    return Event(day, finding, _why(finding, of(before).get(identity)))


def _why(finding: Finding, before: Finding | None) -> str:
    if before is not None and before.exception is not None:
        return f"The exception {before.exception.id} no longer holds; it runs until {before.exception.expires_on}."
    if before is not None and before.warns_until:
        return f"It warns until {before.warns_until}, then it blocks. {finding.message}".strip()
    if before is not None and before.debt is not None and before.debt.state == "known":
        return f"It is worse than the baseline knows. {finding.message}".strip()
    return finding.message or finding.title
