"""Manifest version 1: a document whose shape is right becomes a Manifest, or every problem is said.

What a schema cannot say is said here: references resolve, ids are unique in their kind, dates exist in the
calendar, moments carry an offset, and a fact of the past that lies after `as_of` is marked so that it proves nothing.
"""

from __future__ import annotations

import re
from functools import cache, cached_property
from typing import Any

from policycheck.document import Document
from policycheck.language.evaluate import Future, day
from policycheck.language.types import FLOAT, INT, LIST, MAP, OBJECT, Type, Types, suggest, types_of
from policycheck.manifests.explain import on_one_line, problems_of, schema
from policycheck.model import Problem

VERSION = 1
#: Above it, fractional numbers stand for no whole number of their own.
_LARGE = 2.0**53
_NUMBERS = {INT: int, FLOAT: float}
SCHEMA = "manifest-v1"
FRAGMENT = "fragment-v1"


@cache
def types() -> Types:
    """The manifest schema as types."""
    return types_of(schema(SCHEMA))


def is_manifest(document: Document) -> bool:
    """True when the document says that it is a manifest."""
    return isinstance(document.data, dict) and "policycheck" in document.data


def shape_problems(document: Document, fragment: bool = False) -> list[Problem]:
    """What is wrong with the shape of a manifest or fragment."""
    return problems_of(document, FRAGMENT if fragment else SCHEMA)


def value_problems(document: Document, as_of: str) -> list[Problem]:
    """What is wrong with the dates and ids of one file when it, or another of its manifest, cannot be judged anyway.

    References are not held: a misspelt id or a file that cannot be read is one mistake, not one for each that names it.
    """
    document.tidy()
    walk = _Walk(document, as_of)
    if isinstance(document.data, dict):
        walk.visit(_plan(), document.data)
    return walk.problems


def read(document: Document, as_of: str) -> tuple[list[Problem], list[tuple[Any, Any]]]:
    """Check what the schema cannot. Returns the problems, and the (container, key) of facts dated after `as_of`.

    The white space around its texts is taken out.
    """
    document.tidy()
    walk = _Walk(document, as_of)
    walk.visit(_plan(), document.data)
    walk.resolve()
    return sorted(set(walk.problems)), walk.future


class _Step:
    """What to do with one key of an object: nothing is planned for keys that need no look."""

    def __init__(self, types: Types, found: Type) -> None:
        target: Type | None = found
        #: What holds the values; None where there is one.
        self.holder: type[Any] | None = {LIST: list, MAP: dict}.get(found.kind)
        self.unique = ""
        if self.holder is not None:
            target = found.item
            self.unique = str(found.schema.get("x-key", "")) if found.schema.get("x-unique") else ""
        self.refers = found.refers or (target.refers if target is not None else "")
        self.kind = target.name if target is not None else ""
        self.date = target.kind if target is not None and target.kind in ("date", "moment") else ""
        self.past = bool(target.schema.get("x-past")) if self.date and target is not None else False
        self.number = target.kind if target is not None and target.kind in (INT, FLOAT) else ""
        #: What a number is when nothing has to be done with it.
        self.plain = _NUMBERS.get(found.kind)
        self.is_object = target is not None and target.kind == OBJECT
        self._types, self._target = types, target

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to look at."""
        return not (self.date or self.number or self.refers or self.unique or self.is_object)

    # A manifest uses a few of the sections there are: what is inside is planned when it is met.
    @cached_property
    def inner(self) -> dict[str, _Step]:
        """The plan of the object's keys."""
        return _object_plan(self._types, self._target) if self._target is not None else {}

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """Values that an absent key means, where the schema says so: only where absence excuses nothing."""
        assert self._target is not None
        fields = {name: self._types.field(self._target, name).schema for name in self._types.names(self._target)}
        return {name: schema["default"] for name, schema in fields.items() if schema.get("default") is not None}


@cache
def _plan() -> dict[str, _Step]:
    found = types()
    return _object_plan(found, found.root)


def _object_plan(types: Types, owner: Type) -> dict[str, _Step]:
    steps = {name: _Step(types, types.field(owner, name)) for name in types.names(owner)}
    return {name: step for name, step in steps.items() if not step.is_idle}


class _Walk:
    def __init__(self, document: Document, as_of: str) -> None:
        self.document, self.as_of = document, as_of
        self.problems: list[Problem] = []
        self.future: list[tuple[Any, Any]] = []
        self.references: list[tuple[Any, Any, str]] = []
        self.ids: dict[str, dict[str, tuple[Any, Any]]] = {}

    def say(self, container: Any, key: Any, message: str) -> None:
        place = self.document.locate(container, key)
        route = self.document.route(container, key)
        at = (place.path, place.line, place.column) if place else ("", 0, 0)
        self.problems.append(Problem(*at, f"{on_one_line(route)}: {message}"))

    def visit(self, plan: dict[str, _Step], data: dict[str, Any]) -> None:
        for key, value in data.items():
            step = plan.get(key)
            # Most numbers are as their field has them.
            if step is None or value is None or type(value) is step.plain:
                continue
            if step.holder is None:
                self.value(step, data, key, value)
            elif type(value) is step.holder:
                self.items(step, value, list(value) if step.holder is dict else range(len(value)))

    def items(self, step: _Step, holder: Any, keys: Any) -> None:
        if step.unique:
            self.unique(step, holder)
        for key in keys:
            if holder[key] is not None:
                self.value(step, holder, key, holder[key])

    def value(self, step: _Step, holder: Any, key: Any, value: Any) -> None:
        if step.is_object:
            if type(value) is dict:
                self.visit(step.inner, value)
                for name, default in step.defaults.items():
                    value.setdefault(name, default)
        elif step.date:
            if isinstance(value, str):
                self.date(step, holder, key, value)
        elif step.number:
            self.number(step, holder, key, value)
        if step.refers and isinstance(value, str):
            self.references.append((holder, key, step.refers))

    def number(self, step: _Step, holder: Any, key: Any, value: Any) -> None:
        """Write a number as its field has it: rules are checked for whole or fractional ones, which do not mix.

        300.0 is a whole number to a schema, and 3 a fractional one, which must not be divided like a whole one. 48.000 is
        forty-eight to YAML and forty-eight thousand to half of Europe: nobody else can tell which was meant.
        """
        written = self.document.written(holder, key) if step.number == INT and type(value) is float else ""
        if value and written.endswith(".000"):
            whole = f"{value:.0f}"
            self.say(holder, key, f"{written} is {whole} to YAML; write {whole} or {whole}000, without a point")
        elif step.number == INT and type(value) is float and value.is_integer() and abs(value) < _LARGE:
            holder[key] = int(value)
        elif step.number == FLOAT and type(value) is int:
            holder[key] = float(value)

    def unique(self, step: _Step, items: list[Any]) -> None:
        seen: dict[Any, int] = {}
        owner = self.document.parent(items)
        scope = self.ids.setdefault(step.kind, {}) if step.kind else {}
        for index, item in enumerate(items):
            value = item.get(step.unique) if isinstance(item, dict) else None
            if value is None or isinstance(value, (list, dict)):
                continue
            if value in seen:
                where = self.where(items[seen[value]], item, step.unique)
                self.say(item, step.unique, f"{value!r} is already taken{where}; every {step.unique} here is unique")
            seen.setdefault(value, index)
            if step.kind == "field" and owner is not None:
                scope[f"{owner[0].get('id')}.{value}"] = (item, step.unique)
            else:
                scope.setdefault(str(value), (item, step.unique))

    def where(self, first: Any, second: Any, key: str) -> str:
        there, here = self.document.locate(first, key), self.document.locate(second, key)
        if there is None:
            return ""
        return f" on line {there.line}" if here and here.path == there.path else f" at {there.path}:{there.line}"

    def date(self, step: _Step, holder: Any, key: Any, value: str) -> None:
        found = day(value) if _form(step.date).match(value) else None
        if found is None:
            self.say(holder, key, _bad_date(step.date, value))
        elif step.past and found.isoformat() > self.as_of:
            holder[key] = Future(value)
            self.future.append((holder, key))

    def resolve(self) -> None:
        for holder, key, kind in self.references:
            known = self.ids.get(kind, {})
            name = holder[key]
            if name not in known:
                hint = suggest(name, known) or (f"; declared: {', '.join(sorted(known)[:12])}" if known else "")
                self.say(holder, key, f"no {kind} is called {name!r}{hint}")


#: A full date (RFC 3339 section 5.6) and a moment with an offset, narrower than what Python's own readers take.
_FORMS = {
    "date": r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z",
    "moment": r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})\Z",
}


#: A moment to the minute, which `breach-clock` takes.
_SHORT = r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2})(Z|[+-][0-9]{2}:[0-9]{2})?"


@cache
def _form(kind: str) -> re.Pattern[str]:
    """What a date or moment looks like, compiled when the first is met."""
    return re.compile(_FORMS[kind])


def _bad_date(kind: str, value: str) -> str:
    if _form(kind).match(value):
        return f"{value[:40]!r} does not exist: there is no such day{'' if kind == 'date' else ' or time'}"
    if kind == "date":
        return f"{value[:40]!r} is not a date; write it as 2026-11-21"
    short = re.fullmatch(_SHORT, value)
    whole = f"{short[1]}T{short[2]}:00{short[3] or 'Z'}" if short else ""
    if short and day(whole) is not None:
        lacks, more = ("no seconds", "") if short[3] else ("no seconds and no offset", ", or with +01:00")
        return f"{value[:40]!r} has {lacks}; write it as {whole}{more}"
    zoned = f"{value.replace(' ', 'T', 1)}Z"
    if _form("moment").match(zoned) and day(zoned) is not None:
        return f"{value[:40]!r} has no offset; write it as {zoned[:40]}, or with +01:00"
    return f"{value[:40]!r} is not a moment; write it as 2026-11-21T09:30:00Z"
