"""The rows of a register as items of the manifest: each with its path from the manifest's top and what is said of it.

Rows that cannot be told apart, or whose cells do not say what they are about, are complained of and never guessed at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from policycheck.evidence import _cells
from policycheck.evidence._records import Cell, Record, Register

#: How many lines a complaint names.
_NAMED = 10
#: The lists of the manifest that registers hold items of.
_SECTIONS = ("incidents", "regulator_correspondence")


class Entry(NamedTuple):
    """One item of the manifest as the register has it: its path from the top, and what is said of it."""

    key: tuple[str, ...]
    line: int
    cells: tuple[Cell, ...]


class Declared:
    """What the manifest declares of the kinds that registers hold, by path, so that no row searches a list."""

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        self._manifest = manifest

    @cached_property
    def items(self) -> dict[tuple[str, ...], Mapping[str, Any]]:
        """The declared items by their path from the top."""
        found: dict[tuple[str, ...], Mapping[str, Any]] = {
            (section, name): item for section in _SECTIONS for name, item in _named(self._manifest.get(section))
        }
        for access, item in _named(self._manifest.get("third_party_access")):
            monitoring = item.get("monitoring")
            findings = monitoring.get("findings") if isinstance(monitoring, Mapping) else None
            for name, finding in _named(findings):
                found["third_party_access", access, "monitoring", "findings", name] = finding
        return found

    @cached_property
    def _accesses(self) -> dict[str, str]:
        return self._ids("third_party_access", "recipient")

    def access(self, text: str) -> str:
        """The id of the access that a cell names by its id or recipient, else the cell's text as an id."""
        name = _cells.slug(text)
        return self._accesses.get(name, name)

    def uses(self, section: str) -> dict[str, str]:
        """The ids of AI uses or own scraping, by id and name."""
        return self._ids(section, "name")

    def _ids(self, section: str, other: str) -> dict[str, str]:
        found = _named(self._manifest.get(section))
        by_other = {_cells.slug(str(item.get(other) or "")): name for name, item in found}
        return {**by_other, **{name: name for name, _ in found}}


def _named(items: object) -> list[tuple[str, Mapping[str, Any]]]:
    """The items of a list with their ids."""
    listed = items if isinstance(items, list) else []
    return [(str(item["id"]), item) for item in listed if isinstance(item, Mapping) and item.get("id")]


def entries(register: Register, declared: Declared) -> tuple[Entry, ...]:
    """The items that the rows speak of, in the order of the register. What cannot be told apart is complained of."""
    made = {
        "incidents": _incidents, "legal_actions": _legal_actions, "findings": _findings, "correspondence": _letters,
    }[register.sheet.holds]  # fmt: skip
    return tuple(made(register, declared))


def _incidents(register: Register, declared: Declared) -> Iterator[Entry]:
    """An incident a row, or a row for each jurisdiction of an incident."""
    for name, records in _grouped(register, "id").items():
        parts = [_incident_cells(register, record) for record in records]
        if len(records) > 1 and not _apart(parts):
            lines = ", ".join(str(record.line) for record in records[:_NAMED])
            register.complain(records[1].line, f"the id {name} stands on lines {lines}")
            continue
        yield Entry(("incidents", name), records[0].line, tuple(_merged(register, name, parts)))


def _grouped(register: Register, prop: str) -> dict[str, list[Record]]:
    """The records by id as manifests write ids; one without is complained of."""
    groups: dict[str, list[Record]] = {}
    for record in register.records:
        name = _cells.slug(record.text(prop))
        if name:
            groups.setdefault(name, []).append(record)
        else:
            register.complain(record.line, f"has no {prop}")
    return groups


def _apart(parts: Sequence[Sequence[Cell]]) -> bool:
    """Whether rows of one id speak of a jurisdiction each, and of different ones."""
    places = [{cell.path[1] for cell in part if cell.path[0] == "decisions"} for part in parts]
    return all(len(found) == 1 for found in places) and len(set[str]().union(*places)) == len(places)


def _merged(register: Register, name: str, parts: Iterable[Iterable[Cell]]) -> Iterator[Cell]:
    found: dict[tuple[str, ...], Cell] = {}
    for cell in (cell for part in parts for cell in part):
        first = found.setdefault(cell.path, cell)
        if isinstance(first.value, list) and isinstance(cell.value, list):
            joined = list(dict.fromkeys([*first.value, *cell.value]))
            found[cell.path] = first._replace(value=joined)
        elif first.value != cell.value:
            register.complain(cell.line, f"{cell.title[:40]} of {name} differs from line {first.line}")
    yield from found.values()


def _incident_cells(register: Register, record: Record) -> list[Cell]:
    deciding = register.sheet.placed
    plain = [cell for prop, cell in record.cells.items() if prop not in deciding and prop not in ("id", "decision")]
    return [*plain, *_decisions(register, record)]


def _decisions(register: Register, record: Record) -> Iterator[Cell]:
    """What was decided and done about telling, under the jurisdiction that it is about."""
    decision = record.cells.get("decision")
    clauses: Mapping[str, str] = decision.value if decision and isinstance(decision.value, dict) else {}
    single = _single_place(record, clauses)
    for place, word in clauses.items():
        if decision and (place or single):
            yield decision._replace(path=("decisions", place or single, "decision"), form="word", value=word)
        elif decision:
            _complain_placeless(register, decision)
    for (_, place), cell in record.placed.items():
        yield cell._replace(path=("decisions", place, *cell.path))
    for prop, cell in record.cells.items():
        if prop not in register.sheet.placed:
            continue
        if single:
            yield cell._replace(path=("decisions", single, *cell.path))
        else:
            _complain_placeless(register, cell)


def _single_place(record: Record, clauses: Mapping[str, str]) -> str:
    named = [place for place in clauses if place]
    places = record.cells["jurisdictions"].value if "jurisdictions" in record.cells else []
    found = named or (places if isinstance(places, list) else [])
    return str(found[0]) if len(found) == 1 else ""


def _complain_placeless(register: Register, cell: Cell) -> None:
    advice = "write a row for each, or a column whose name ends in its code"
    register.complain(cell.line, f"{cell.title[:40]} does not say for which jurisdiction; {advice}")


def _legal_actions(register: Register, declared: Declared) -> Iterator[Entry]:
    """The legal step of each incident: the manifest holds one, so of several rows the declared one counts."""
    for name, records in _grouped(register, "incident").items():
        legal = declared.items.get(("incidents", name), {}).get("legal")
        step = legal if isinstance(legal, Mapping) else {}
        fits = records
        for prop in ("letter_ref", "decision"):
            if len(fits) > 1 and step.get(prop):
                fits = [record for record in fits if record.text(prop) == step[prop]] or fits
        if len(fits) > 1:
            lines = ", ".join(str(record.line) for record in fits[:_NAMED])
            register.complain(fits[1].line, f"{name} has steps on lines {lines}; declare the one that counts under legal")
            continue
        cells = [cell for prop, cell in fits[0].cells.items() if prop != "incident"]
        confirmed = fits[0].cells.get("confirmed_on")
        if confirmed and "confirmed" not in fits[0].cells:
            cells.append(confirmed._replace(path=("legal", "confirmed"), form="flag", value=True))
        yield Entry(("incidents", name), fits[0].line, tuple(cells))


def _findings(register: Register, declared: Declared) -> Iterator[Entry]:
    for name, records in _grouped(register, "id").items():
        _complain_twice(register, name, records)
        access = declared.access(records[0].text("access"))
        cells = [cell for prop, cell in records[0].cells.items() if prop not in ("id", "access")]
        yield Entry(("third_party_access", access, "monitoring", "findings", name), records[0].line, tuple(cells))


def _letters(register: Register, declared: Declared) -> Iterator[Entry]:
    for name, records in _grouped(register, "id").items():
        _complain_twice(register, name, records)
        cells = [cell for prop, cell in records[0].cells.items() if prop != "id"]
        yield Entry(("regulator_correspondence", name), records[0].line, tuple(cells))


def _complain_twice(register: Register, name: str, records: Sequence[Record]) -> None:
    if len(records) > 1:
        lines = ", ".join(str(record.line) for record in records[:_NAMED])
        register.complain(records[1].line, f"the id {name} stands on lines {lines}")
