"""Manifests made for tests: every value of one blanked in turn, and random changes of one, by a fixed seed."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from random import Random
from typing import Any

from policycheck import ruletests
from policycheck.data import folder
from policycheck.document import parse
from policycheck.judge import Judge
from policycheck.language.evaluate import Future
from policycheck.language.types import BOOL, DATE, FLOAT, INT, LIST, MAP, MOMENT, OBJECT, STRING, Type, Types
from policycheck.model import Location
from policycheck.packs import Criteria

Path = tuple[Any, ...]
_WORD = re.compile(r"[a-z_]+")
_DATES = ("2024-05-07", "2026-01-10", "2026-02-01", "2026-06-01", "2026-10-20", "2026-11-20", "2026-11-21", "2027-01-01")
_MOMENTS = ("2026-10-30T07:00:00Z", "2026-10-30T08:00:00-05:00", "2026-11-03T09:00:00Z", "2026-11-24T17:00:00+01:00")
_WHOLE = (0, 1, 2, 10, 14, 30, 90, 365, 5_000, 90_000)
_WORDS = ("", "a", "p", "web", "user.name", "device.ip", "p.n", "GB", "CA", "notify", "REF-1")
JURISDICTIONS = ("GB", "CA", "CO", "HK", "JP", "IT")


class Bare:
    """Data without places: enough to judge, not to explain."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data

    def locate(self, container: Any, key: Any = None) -> Location | None:
        return None

    def route(self, container: Any, key: Any = None) -> str:
        return ""

    def as_declared(self, container: Any) -> Any:
        return container


def outcomes(criteria: Criteria, rule_id: str, data: Any, as_of: str, equivalents: bool = False) -> list[tuple[str, str]]:
    """Subject and outcome of every judgement of a rule."""
    judge = Judge(criteria, Bare(data), as_of, equivalents)
    return [(f"{j.kind} {j.subject}", j.outcome.value) for j in judge.judge(criteria.every_rule[rule_id])]


def paths(data: Any, above: Path = ()) -> Iterator[Path]:
    """The path of every value below the top, containers before what they hold."""
    for key in range(len(data)) if isinstance(data, list) else list(data):
        yield (*above, key)
        if isinstance(data[key], (dict, list)):
            yield from paths(data[key], (*above, key))


def blanked(data: Any, path: Path) -> Any:
    """A copy in which one value is blank."""
    changed = copy.deepcopy(data)
    holder = changed
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = None
    return changed


def may_be_blank(types: Types, path: Path) -> bool:
    """Whether the schema lets the value at a path be blank."""
    at: Type | None = types.root
    for step in path:
        if at is None or at.kind not in (OBJECT, LIST, MAP):
            return False
        at = types.field(at, step) if at.kind == OBJECT else at.item
    return at is not None and "null" in at.schema.get("type", ())


def good_by_blanking(before: list[tuple[str, str]], after: list[tuple[str, str]]) -> str:
    """What is wrong when a blank made something better, or told more than before; empty when nothing is."""
    if len(before) == len(after):
        for (subject, was), (_, now) in zip(before, after, strict=True):
            if now not in (was, "unknown"):
                return f"{subject}: {was} became {now}"
        return ""
    # A blanked list ends in fewer findings: each subject that is still named must not have improved. Items are doubled
    # as they are changed, so that several subjects may have one name.
    for subject, now in after:
        then = {outcome for name, outcome in before if name == subject}
        if now != "unknown" and now not in then:
            return f"{subject}: {' or '.join(sorted(then)) or 'nothing'} became {now}"
    return ""


class Maker:
    """Random changes of a manifest: other values of the same type, left out or added keys, doubled or dropped items."""

    def __init__(self, types: Types, words: set[str], random: Random) -> None:
        self.types, self.words, self.random = types, words, random

    def changed(self, data: Any) -> Any:
        """A copy with about one value in six changed."""
        return self._object(copy.deepcopy(data), self.types.root, 0)

    def _object(self, value: dict[str, Any], wanted: Type, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, inner in value.items():
            if self.random.random() < 0.05:
                continue
            field = self.types.field(wanted, key) if key in self.types.names(wanted) else None
            made[key] = inner if field is None else self._value(inner, field, depth + 1)
        for key in self.types.names(wanted):
            if key in self.words and key not in made and self.random.random() < (0.25 if depth else 0.1):
                made[key] = self.fresh(self.types.field(wanted, key), depth + 1)
        return made

    def _value(self, value: Any, wanted: Type, depth: int) -> Any:
        if value is None or self.random.random() < 0.02:
            return None
        if isinstance(value, dict) and wanted.kind == OBJECT:
            return self._object(value, wanted, depth)
        if isinstance(value, dict) and wanted.kind == MAP:
            return {k: self._value(v, wanted.item or wanted, depth) for k, v in value.items() if self.random.random() > 0.1}
        if isinstance(value, list):
            return self._list(value, wanted, depth)
        return self.fresh(wanted, depth) if self.random.random() < 0.15 else value

    def _list(self, value: list[Any], wanted: Type, depth: int) -> list[Any]:
        kept = [item for item in value if self.random.random() > 0.1]
        if kept and self.random.random() < 0.3:
            kept.append(copy.deepcopy(self.random.choice(kept)))
        return [self._value(item, wanted.item or wanted, depth) for item in kept]

    def fresh(self, wanted: Type, depth: int) -> Any:
        """A value of a type; now and then a blank."""
        if self.random.random() < 0.05 or depth > 7:
            return None
        if wanted.enum:
            return self.random.choice(self._likely(wanted.enum))
        if wanted.kind == OBJECT:
            return self._object({}, wanted, depth)
        if wanted.kind == MAP:
            keys = self.random.sample(JURISDICTIONS, self.random.randint(0, 3))
            return {k: self.fresh(wanted.item or wanted, depth + 1) for k in keys}
        if wanted.kind == LIST:
            return [self.fresh(wanted.item or wanted, depth + 1) for _ in range(self.random.randint(0, 2))]
        return self._single(wanted.kind)

    def _likely(self, enum: tuple[str, ...]) -> tuple[str, ...]:
        """The words of an enum that the rules speak of, and one that they do not."""
        spoken = tuple(w for w in enum if w in self.words)
        return (*spoken, self.random.choice(enum)) if spoken else enum

    def _single(self, kind: str) -> Any:
        choices: dict[str, tuple[Any, ...]] = {
            BOOL: (True, False), INT: _WHOLE, FLOAT: (0.0, 0.5, 99.5), DATE: _DATES, MOMENT: _MOMENTS,
            STRING: (*_WORDS, *JURISDICTIONS),
        }  # fmt: skip
        return self.random.choice(choices.get(kind, _WORDS))


def words(text: str) -> set[str]:
    """The names and words that rules speak of."""
    return set(_WORD.findall(text))


def with_future(data: Any, random: Random) -> Any:
    """A copy in which one date in ten proves nothing, as reading a manifest marks those after `as_of`."""
    changed = copy.deepcopy(data)
    for path in list(paths(changed)):
        holder = changed
        for step in path[:-1]:
            holder = holder[step]
        value = holder[path[-1]]
        if isinstance(value, str) and value[:2] == "20" and random.random() < 0.1:
            holder[path[-1]] = Future(value)
    return changed


def shipped_cases(wanted: Criteria) -> list[tuple[str, Any]]:
    """Every case that stands beside a shipped rule, as a whole manifest; none where the tests are not installed."""
    found: list[tuple[str, Any]] = []
    for pack in wanted.packs:
        home = folder("rules") / pack.id
        if (home / ruletests.BASE).is_file():
            base = parse((home / ruletests.BASE).read_bytes(), ruletests.BASE)[0].data
            for rule in pack.rules.values():
                cases = ruletests.cases(home, rule)
                found += [(rule.id, ruletests.laid_over(base, case.get("manifest") or {})) for case in cases]
    return found
