"""What a manifest does not say: its unknowns as questions to people.

`by_subject` groups them for a report. `ask` words them for a questionnaire: one question a missing value, with where to
write it, what may be written, who is to answer and which expectations wait for it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from policycheck.checks import FAILED, READABLE
from policycheck.language.types import BOOL, DATE, FLOAT, INT, LIST, MAP, MOMENT, OBJECT, STRING, Type, Types
from policycheck.model import Place
from policycheck.redaction import harmless
from policycheck.report import Record

#: Who answers for what nobody is named for.
NOBODY_NAMED = "organisation"
_RANKS = ("info", "low", "medium", "high")
_SAID = {BOOL: "true or false", INT: "a whole number", FLOAT: "a number", STRING: "text", DATE: "a date, as 2026-11-21",
         MOMENT: "a moment with its offset, as 2026-11-21T09:30:00Z", MAP: "an entry for each key"}  # fmt: skip


class Question(NamedTuple):
    """One missing value: its route, what the schema says of it, where it is to be written, what waits for it."""

    route: str
    owner: str
    title: str
    description: str
    allowed: str
    path: str
    line: int
    expectations: tuple[str, ...]
    findings: int
    severity: str

    @property
    def weight(self) -> tuple[int, int, str]:
        """The order of asking: what most expectations wait for, then what is most severe, then by route."""
        return (-len(self.expectations), -_RANKS.index(self.severity), self.route)


def by_subject(unknown: Iterable[Record]) -> list[tuple[str, list[str], int, Record | None]]:
    """Unknowns grouped by the declared thing that is silent: what it is, its missing fields, how many findings wait."""
    groups: dict[str, dict[str, Any]] = {}
    for finding in unknown:
        for route in lacking(finding) or [""]:
            holder, field = _holder(route) if route else _untold(finding)
            group = groups.setdefault(holder, {"fields": {}, "findings": set(), "rank": 0, "where": None})
            group["fields"].setdefault(field)
            group["findings"].add(finding["id"])
            group["rank"] = max(group["rank"], _RANKS.index(finding["severity"]))
            group["where"] = group["where"] or _place(finding, route)
    ordered = sorted(groups.items(), key=lambda g: (-g[1]["rank"], -len(g[1]["findings"]), g[0]))
    return [(holder, list(g["fields"]), len(g["findings"]), g["where"]) for holder, g in ordered]


def is_unread(finding: Record) -> bool:
    """Whether an unknown is evidence that says nothing, or a rule that broke; the others wait for something."""
    said_nothing = finding["rule"] == READABLE.id or finding.get("because_of") == FAILED
    return bool(finding["outcome"] == "unknown" and said_nothing)


def _place(finding: Record, route: str) -> Record | None:
    """Where a missing value is to be written: its own blank line, or the thing that lacks it."""
    found: Record | None = next((f.get("location") for f in finding["facts"] if f["route"] == route), None)
    return found or finding["location"]


def _untold(finding: Record) -> tuple[str, str]:
    """An unknown for which nothing is missing in the manifest: its subject, and why it is not told."""
    return finding["subject"]["route"] or "manifest", finding.get("because_of") or "cannot be told"


def _holder(route: str) -> tuple[str, str]:
    if "]." in route:
        holder, _, field = route.rpartition("].")
        return f"{holder}]", field
    holder, _, field = route.partition(".")
    return (holder, field) if field else ("manifest", holder)


def ask(record: Record, place: Place, types: Types) -> dict[str, list[Question]]:
    """The questions of one manifest by who is to answer, both in the order that unlocks most expectations.

    `types` are those of the schema with its titles and descriptions.
    """
    waiting: dict[str, list[Record]] = {}
    for finding in record["findings"]:
        for route in _missing(finding):
            waiting.setdefault(route, []).append(finding)
    owners = _owners(place)
    made = [_question(route, findings, owners, types) for route, findings in waiting.items()]
    groups: dict[str, list[Question]] = {}
    for question in sorted(made, key=lambda q: q.weight):
        groups.setdefault(question.owner, []).append(question)
    return dict(sorted(groups.items(), key=lambda group: (-_unlocked(group[1]), group[0])))


def _missing(finding: Record) -> tuple[str, ...]:
    """The routes a person can fill: of unknowns about expectations."""
    return lacking(finding) if finding["outcome"] == "unknown" and finding["expectations"] else ()


def lacking(finding: Record) -> tuple[str, ...]:
    """What the manifest does not say. A row that the pack lacks is none of it: nobody can declare that."""
    from_pack = {f["route"] for f in finding["facts"] if f.get("source") == "pack"}
    return tuple(route for route in finding.get("missing", ()) if route not in from_pack)


def unasked(record: Mapping[str, Any]) -> int:
    """How many unknowns no question is about: what a pack or an artefact does not show, and checks of the declaration."""
    return sum(finding["outcome"] == "unknown" and not _missing(finding) for finding in record["findings"])


def _unlocked(questions: list[Question]) -> int:
    return len({name for question in questions for name in question.expectations})


def _question(route: str, findings: list[Record], owners: Mapping[str, str], types: Types) -> Question:
    found = type_at(types, route)
    schema = found.schema if found is not None else {}
    description, _, words = str(schema.get("description", "")).partition(" Words: ")
    place = _place(findings[0], route) or {}
    return Question(
        route=route,
        owner=_owner(route, owners),
        title=_title(types, route),
        description=description,
        allowed=words.rstrip(".") or (allowed(found, types) if found is not None else ""),
        path=str(place.get("path", "")),
        line=int(place.get("line", 0)),
        expectations=tuple(dict.fromkeys(name for finding in findings for name in finding["expectations"])),
        findings=len(findings),
        severity=max((f["severity"] for f in findings), key=_RANKS.index),
    )


def _title(types: Types, route: str) -> str:
    """The title of the field at a route; what stands under a key of a map is called after the map."""
    *around, last = steps(route)
    above = type_at(types, _joined(around))
    if above is not None and above.kind == MAP:
        return f"{_title(types, _joined(around))} ({last})"
    found = type_at(types, route)
    return str((found.schema if found is not None else {}).get("title") or last)


def allowed(found: Type, types: Types) -> str:
    """What may be written, in words."""
    if found.kind == OBJECT:
        return f"a mapping of {', '.join(types.names(found))}"
    if found.kind == LIST:
        item = found.item
        inner = f" of {allowed(item, types)}" if item is not None and item.enum else ""
        hint = f"; {item.schema['x-hint']}" if item is not None and "x-hint" in item.schema else ""
        # Not every list may be empty: an organisation is of some place and has some role.
        none = "; `[]` declares that there are none" if not found.schema.get("minItems") else ", at least one"
        return f"a list{inner}{none}{hint}"
    return ", ".join(found.enum) if found.enum else _SAID.get(found.kind, "")


def type_at(types: Types, route: str) -> Type | None:
    """The type of the value at a key route; None when the schema has none there."""
    found: Type | None = types.root
    for step in steps(route):
        if found is None:
            return None
        if step.startswith("[") or found.kind == MAP:
            found = found.item
        else:
            found = types.field(found, step) if found.kind == OBJECT and step in types.names(found) else None
    return found


def steps(route: str) -> list[str]:
    """A route's steps; an item of a list keeps its bracket, whatever its name holds."""
    found, rest = [], route
    while rest:
        if rest.startswith("["):
            name, _, rest = rest.partition("]")
            found.append(name)
        else:
            end = min((at for at in (rest.find("."), rest.find("[")) if at >= 0), default=len(rest))
            found.append(rest[:end])
            rest = rest[end:]
        rest = rest.removeprefix(".")
    return found


def _joined(parts: list[str]) -> str:
    return "".join(f"{step}]" if step.startswith("[") else f".{step}" for step in parts).removeprefix(".")


def _owners(place: Place) -> dict[str, str]:
    """Who answers for what, by route: every part of a manifest that names an owner."""
    found: dict[str, str] = {}
    waiting: list[Any] = [place.data]
    while waiting:
        here = waiting.pop()
        waiting += [
            value for value in (here.values() if isinstance(here, dict) else here) if isinstance(value, (dict, list))
        ]
        if isinstance(here, dict) and isinstance(here.get("owner"), str) and here["owner"].strip():
            found[place.route(here)] = harmless(" ".join(here["owner"].split()))
    return found


def _owner(route: str, owners: Mapping[str, str]) -> str:
    """The owner of the innermost part that holds a route."""
    around = [name for name in owners if route.startswith((f"{name}.", f"{name}["))]
    return owners[max(around, key=len)] if around else NOBODY_NAMED
