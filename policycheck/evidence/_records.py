"""A register's rows, read: which column fills which property, what each cell says, and what is wrong with the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from policycheck.evidence import _cells, _sheets, _table
from policycheck.evidence._sheets import Sheet
from policycheck.evidence._table import Row, Unsaid

#: What the options of an evidence entry say besides the names of columns.
_RESERVED = frozenset({"holds", "covers", "row"})
#: How many bad rows a reason names.
_NAMED = 10


class Cell(NamedTuple):
    """A value of a row: where it belongs below the row's item, how it was read, its line, and its column's name."""

    path: tuple[str, ...]
    form: str
    value: object
    line: int
    title: str


class Bound(NamedTuple):
    """A column of this register: its place, its name, its property, and the jurisdiction that its name ends in."""

    at: int
    title: str
    prop: str
    place: str


class Record(NamedTuple):
    """A row that was read: what its cells say, by property, and by property and jurisdiction."""

    line: int
    cells: Mapping[str, Cell]
    placed: Mapping[tuple[str, str], Cell]

    def text(self, prop: str) -> str:
        """What a cell of one text or word says; empty when it is silent."""
        return str(self.cells[prop].value) if prop in self.cells else ""


@dataclass(slots=True)
class Register:
    """A register that was read: its kind, its header, its rows, and what is wrong with those that cannot be."""

    file: str
    sheet: Sheet
    header: Row
    has_rows: bool
    records: list[Record] = field(default_factory=list)
    complaints: list[tuple[int, str]] = field(default_factory=list)

    def complain(self, line: int, message: str) -> None:
        """Keep why a row cannot be judged."""
        self.complaints.append((line, message))


def read(data: bytes, path: str, settings: Mapping[str, str], as_of: date | None) -> Register:
    wanted = {_sheets.plain(title) for title in settings.values()}
    table = _table.table(data, lambda cells: _sheets.fitting(cells) + sum(_sheets.plain(cell) in wanted for cell in cells))
    try:
        sheet = _sheet(table.header, settings)
    except Unsaid:
        _refuse_title(table)
        raise
    bound = _columns(sheet, table.header, settings)
    register = Register(path, sheet, table.header, bool(table.rows))
    for row in table.rows:
        if len(row.cells) != len(table.header.cells):
            register.complain(row.line, f"has {len(row.cells)} cells where the header has {len(table.header.cells)}")
        elif (record := _record(register, row, bound, _cells.Today(as_of))) is not None:
            register.records.append(record)
    return register


def _refuse_title(table: _table.Table) -> None:
    """Refuse a table whose header stands below a title or a note, and say where it stands."""
    least = max(2, _sheets.fitting(table.header.cells) + 1)
    rows = (row for row in table.rows[:_NAMED] if _sheets.fitting(row.cells[: _table.COLUMN_CAP]) >= least)
    found = next(rows, None)
    if found is not None:
        raise Unsaid(f"has its header on line {found.line}; it has to be the first line, so take out what stands above", 1)


def _sheet(header: Row, settings: Mapping[str, str]) -> Sheet:
    """The kind of register: the one that the options say, else the only one for which the header has what is needed."""
    holds = settings.get("holds", "")
    if holds and holds not in _sheets.SHEETS:
        raise Unsaid(f"cannot hold {holds}: options.holds is one of {', '.join(_sheets.SHEETS)}")
    candidates = [_sheets.SHEETS[holds]] if holds else list(_sheets.SHEETS.values())
    lacking = {sheet.holds: _lacking(sheet, header, settings) for sheet in candidates}
    fits = [sheet for sheet in candidates if not lacking[sheet.holds]]
    if len(fits) > 1:
        names = " or ".join(sheet.holds for sheet in fits)
        raise Unsaid(f"could hold {names}; say which with options.holds", header.line)
    if not fits:
        needed = "; ".join(f"{name}: {', '.join(needs)}" for name, needs in lacking.items())
        raise Unsaid(f"has no header of a register; columns it lacks ({needed}); name them with options", header.line)
    return fits[0]


def _lacking(sheet: Sheet, header: Row, settings: Mapping[str, str]) -> list[str]:
    """What the sheet needs and the header lacks; a column that the options name fills what they say and nothing else."""
    chosen = {prop: _sheets.plain(title) for prop, title in settings.items() if prop in sheet.columns}
    has = {_sheets.meaning(sheet, cell)[0] for cell in header.cells if _sheets.plain(cell) not in chosen.values()}
    return [" or ".join(group) for group in sheet.needs if not (has | chosen.keys()).intersection(group)]


def _columns(sheet: Sheet, header: Row, settings: Mapping[str, str]) -> tuple[Bound, ...]:
    """The columns that mean something. What the options name wins over what the names mean; two for one are refused."""
    chosen = {prop: _index(header, prop, title, sheet) for prop, title in settings.items() if prop not in _RESERVED}
    found: dict[tuple[str, str], Bound] = {}
    for index, title in enumerate(header.cells):
        mapped = next((prop for prop, at in chosen.items() if at == index), "")
        prop, place = (mapped, "") if mapped else _sheets.meaning(sheet, title)
        if not prop or (prop in chosen and chosen[prop] != index):
            continue
        if (prop, place) in found:
            both = f"{found[prop, place].title!r:.40} and {title!r:.40}"
            raise Unsaid(f"has two columns for {prop} ({both}); name one with options.{prop}", header.line)
        found[prop, place] = Bound(index, title, prop, place)
    return tuple(found.values())


def _index(header: Row, prop: str, title: str, sheet: Sheet) -> int:
    if prop not in sheet.columns:
        raise Unsaid(f"has no use for options.{prop:.40}; a register of {sheet.holds} knows {', '.join(sheet.columns)}")
    fits = [at for at, name in enumerate(header.cells) if name == title]
    fits = fits or [at for at, name in enumerate(header.cells) if _sheets.plain(name) == _sheets.plain(title) != ""]
    if len(fits) != 1:
        many = "two columns" if fits else "no column"
        raise Unsaid(f"has {many} of the name that options.{prop} gives", header.line)
    return fits[0]


def _record(register: Register, row: Row, bound: Iterable[Bound], today: _cells.Today) -> Record | None:
    cells: dict[str, Cell] = {}
    placed: dict[tuple[str, str], Cell] = {}
    is_bad = False
    for one in bound:
        column, line = register.sheet.columns[one.prop], row.line_of(one.at)
        is_utc = _sheets.is_utc(one.title)
        try:
            value = _cells.read(column.form, row.cells[one.at], column.words, today, is_utc=is_utc)
        except _cells.BadCell as error:
            register.complain(line, f"{one.title[:40]} {error}")
            is_bad = True
            continue
        if value is not None and one.place:
            placed[one.prop, one.place] = Cell(column.path, column.form, value, line, one.title)
        elif value is not None:
            cells[one.prop] = Cell(column.path, column.form, value, line, one.title)
    return None if is_bad else Record(row.line, cells, placed)


def refuse_bad_rows(register: Register) -> None:
    """Refuse a register in which a row cannot be judged, all bad lines named."""
    if register.complaints:
        named = sorted(set(register.complaints))
        more = f"; and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
        said = "; ".join(f"line {line}: {message}" for line, message in named[:_NAMED])
        raise Unsaid(f"has rows that cannot be judged, so none is: {said}{more}", named[0][0])
