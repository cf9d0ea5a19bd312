"""What goes stale when: the same manifest judged on later days, and what then begins to block.

Nothing is guessed. Days on which something may change are read from the manifest (a date, a date plus an interval that
stands with it) and from the dated rows of the packs' tables; each is judged as `check --as-of` would, and where something
opened between two of them the first day is searched. What reads nothing that a day could change is judged once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby, pairwise
from typing import Any, NamedTuple

from policycheck.assess import assess, judge_all, settled
from policycheck.baseline import Baseline
from policycheck.checks import of_declaration
from policycheck.judge import Judge, Judgement
from policycheck.language.evaluate import Future
from policycheck.language.evaluate import day as day_of
from policycheck.model import Finding, Manifest, Options, Outcome
from policycheck.packs import Criteria
from policycheck.tally import stops

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?=\Z|[T ])")
_WORD = re.compile(r"[^.\[\]]+")
_OPEN = (Outcome.GAP, Outcome.UNKNOWN)
Open = Mapping[str, Finding]


class Event(NamedTuple):
    """The first day on which a finding blocks that does not block on the day before, and why it begins then."""

    day: str
    finding: Finding
    why: str
    #: The same finding on the day before; None when there was none.
    before: Finding | None = None


def days_of(data: Any, options: Options, days: int, tables: Mapping[str, Any] | None = None) -> list[str]:
    """The days to look at: the evaluation's own first, those on which something may change, the last one.

    `tables` are those of the packs, of which rows begin and end to hold.
    """
    first = date.fromisoformat(options.as_of)
    last = first + timedelta(days=min(days, (date.max - first).days))
    changes = set(_changes(data, ()))
    changes |= set(_changes([rows for name, rows in (tables or {}).items() if name.endswith("_history")], ()))
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


class Days:
    """The findings of one manifest, day by day, as `assess` gives them.

    A verdict can change with the day only where its rule reads the day, a table with dated rows, a date that still lies
    ahead, or a measure that may stand in (which has to be reviewed in time). The other rules are judged on the first day.
    What an artefact says may turn on the day in ways of its own, so that a manifest with evidence is judged whole.
    """

    def __init__(self, manifest: Manifest, criteria: Criteria, options: Options, known: Baseline | None) -> None:
        self.manifest, self.criteria, self.options, self.known = manifest, criteria, options, known
        self.ahead = [(*at, str(at[0][at[1]])) for at in manifest.future]
        result = assess(manifest, criteria, options, known)
        self.failures, self.blocking = [*result.failures], result.counts.blocking
        self.is_heard = bool(result.ledger)
        tables = criteria.tables(options.as_of)
        dated = {name for name in tables if f"{name}_history" in tables}
        routes = [manifest.place.route(*at) for at in manifest.future]
        self.moving = frozenset({"as_of", "equivalent_to", *dated, *(w for r in routes for w in _WORD.findall(r)[-2:])})
        lasting = {rule.id for rule in criteria.rules if not criteria.names_in(rule) & self.moving}
        plain = [f._replace(exception=None, debt=None, warns_until="") for f in result.findings if f.rule in lasting]
        #: Of what lasts, the findings that an exception or a grace could hold back on one day and not on another.
        self.lasting = {f.id: f for f in plain if f.outcome in _OPEN}
        self._bare: dict[Any, Finding] = {}

    def judge(self, day: str) -> list[Finding]:
        """The gaps and unknowns of a day, without facts and words where nothing but the calendar looks at them."""
        manifest, options = self._on(day), self.options._replace(as_of=day)
        if self.is_heard:
            result = assess(manifest, self.criteria, options, self.known)
            self.failures += result.failures
            return list(result.findings)
        judge = Judge(self.criteria, manifest.place, day, options.equivalents)
        judged = judge_all(judge, self.moving, failures=self.failures, declared=True)
        entries = manifest.data.get("exceptions")
        # What an exception accepts is told by the facts behind it.
        found: dict[Any, Finding] = {
            j.key: judge.finding(j) if entries and j.outcome is Outcome.GAP else self._barely(judge, j)
            for j in judged if j.outcome in _OPEN or (j.outcome is Outcome.MET and options.demanding())
        }  # fmt: skip
        if entries or self.known or options.warn_until:
            found |= self.lasting
        flaws = of_declaration(manifest)
        found, flaws = settled(manifest, self.criteria, options, self.known, found, flaws)
        return [*found.values(), *flaws]

    def explained(self, day: str, findings: Iterable[Finding]) -> dict[str, Finding]:
        """Findings of one day with their facts, places and words, by id."""
        told = {finding.id: finding for finding in findings}
        if self.is_heard:
            return told
        rules = {finding.rule for finding in told.values()}
        judge = Judge(self.criteria, self._on(day).place, day, self.options.equivalents)
        judge.plan = judge.plan._replace(judged=tuple([pair for pair in judge.plan.judged if pair[0].id in rules]))
        for judgement in judge_all(judge, failures=[], declared=True):
            identity = self._barely(judge, judgement).id
            if identity in told:
                full = judge.finding(judgement)
                told[identity] = told[identity]._replace(message=full.message, location=full.location, facts=full.facts)
        return told

    def _on(self, day: str) -> Manifest:
        """The manifest on a day: what lies ahead of it proves nothing yet."""
        still = []
        for holder, key, text in self.ahead:
            on = day_of(text)
            is_ahead = on is not None and on.isoformat() > day
            holder[key] = Future(text) if is_ahead else text
            still += [(holder, key)] if is_ahead else []
        return self.manifest._replace(future=tuple(still))

    def _barely(self, judge: Judge, judgement: Judgement) -> Finding:
        """A finding without its facts; the same one on each day on which its outcome is the same."""
        items = tuple(id(item) for item in judgement.bound.values() if isinstance(item, dict))
        key = (judgement.key, items, judgement.outcome, judgement.concern.severity)
        if key not in self._bare:
            self._bare[key] = judge.bare(judgement)
        return self._bare[key]


def calendar(
    judge: Callable[[str], Iterable[Finding]], options: Options, days: Sequence[str],
    explained: Callable[[str, Iterable[Finding]], Mapping[str, Finding]] | None = None,
) -> list[Event]:  # fmt: skip
    """What begins to block, in order. `judge` gives the findings of a day, `explained` says more of some of them.

    `days` come from `days_of`.
    """
    judged: dict[str, Open] = {}

    def of(day: str) -> Open:
        if day not in judged:
            judged[day] = {finding.id: finding for finding in judge(day)}
        return judged[day]

    events: list[Event] = []
    for before, day in pairwise(days):
        for identity, finding in of(day).items():
            if stops(finding, options) and not _stops(of(before), identity, options):
                events.append(_event(of, options, identity, before, day))
        for past in [old for old in judged if old < day]:
            del judged[past]
    if explained is not None:
        events = [*_told(events, explained)]
    return sorted(events, key=lambda e: (e.day, -e.finding.severity.rank, e.finding.rule, e.finding.subject))


def _told(events: list[Event], explained: Callable[[str, Iterable[Finding]], Mapping[str, Finding]]) -> Iterator[Event]:
    """The events with what an explanation of their findings says, each day's together."""
    for day, some in groupby(sorted(events, key=lambda e: e.day), lambda e: e.day):
        mine = list(some)
        full = explained(day, [event.finding for event in mine])
        for event in mine:
            finding = full[event.finding.id]
            yield event._replace(finding=finding, why=_why(finding, event.before))


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
    finding, earlier = of(day)[identity], of(before).get(identity)
    return Event(day, finding, _why(finding, earlier), earlier)


def _why(finding: Finding, before: Finding | None) -> str:
    if before is not None and before.exception is not None:
        return f"The exception {before.exception.id} no longer holds; it runs until {before.exception.expires_on}."
    if before is not None and before.warns_until:
        return f"It warns until {before.warns_until}, then it blocks. {finding.message}".strip()
    if before is not None and before.debt is not None and before.debt.state == "known":
        return f"It is worse than the baseline knows. {finding.message}".strip()
    return finding.message or finding.title
