"""The map: expectations down, declared things across, a mark where one was held against the other.

Each mark has a shape besides its colour, so that the map can be read in grey. `subjects` says the same in words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from policycheck.report import Record

#: A mark's side and the room around the grid, in the units of the drawing.
CELL, LEFT, TOP, GAP = 11, 74, 160, 8
#: Columns of one drawing: more would be too small to see on paper.
MAX_COLUMNS = 78
MAX_PANELS = 6
MAX_LABEL = 30
#: Fewer columns of a kind have no room for a heading of their own: their labels name it.
MANY = 4
_LETTER = 5.0
#: What stands for a cell if several findings fall into it: the first of these that is among them.
WORST = ("contradicted", "gap", "accepted", "unknown", "met", "not_used")
_TOP = re.compile(r"[^.\[]*(?:\[[^\]]*\])?")
INTEGRITY = "integrity"
#: What is in order is drawn as dots and dashes, a path a row: how far in each begins, and how long it is.
_STROKES = {"met": (CELL // 2, 0), "not_used": (CELL // 2 - 2, 4)}
Cells = dict[tuple[str, str], Counter[str]]


class Label(NamedTuple):
    """A name at the edge of the grid."""

    text: str
    at: int
    width: int = 0


class Mark(NamedTuple):
    """A cell that is not simply met: its shape, its place, what it says when it is pointed at."""

    kind: str
    x: int
    y: int
    title: str


class Panel(NamedTuple):
    """One drawing."""

    width: int
    height: int
    rows: list[Label]
    sections: list[Label]
    columns: list[Label]
    marks: list[Mark]
    quiet: list[tuple[str, str]]
    left_out: int


class Subject(NamedTuple):
    """One declared thing in words: how many findings of each kind, and the expectations behind gaps and unknowns."""

    name: str
    tally: Counter[str]
    gaps: list[str]
    unknown: list[str]


def top(route: str) -> str:
    """The declared thing that a route leads into: `surfaces[a].fields[b]` is a part of `surfaces[a]`."""
    found = _TOP.match(route)
    return (found[0] if found else "") or "organization"


def _kind(finding: Record) -> str:
    if "exception" in finding:
        return "accepted"
    return "contradicted" if finding["assurance"] == "contradicted" else str(finding["outcome"])


def _cells(record: Record) -> Cells:
    found: Cells = {}
    for finding in record["findings"]:
        kind = _kind(finding)
        for name in finding["expectations"] or (INTEGRITY,) if kind != "not_applicable" else ():
            found.setdefault((name, top(finding["subject"]["route"])), Counter())[kind] += 1
    return found


def subjects(record: Record) -> list[Subject]:
    """Every declared thing about which something is open, the one with most gaps first."""
    found: dict[str, Subject] = {}
    for (name, column), kinds in _cells(record).items():
        subject = found.setdefault(column, Subject(column, Counter(), [], []))
        if kinds["gap"] or kinds["contradicted"]:
            subject.gaps.append(name)
        if kinds["unknown"]:
            subject.unknown.append(name)
    for finding in record["findings"]:
        column = top(finding["subject"]["route"])
        if column in found:
            found[column].tally[_kind(finding)] += 1
    is_open = [s for s in found.values() if s.gaps or s.unknown]
    return sorted(is_open, key=lambda s: (-len(s.gaps), -len(s.unknown), s.name))


def panels(record: Record) -> list[Panel]:
    """The drawings: as many as the columns need, up to a limit that says what it left out."""
    cells = _cells(record)
    columns = _columns(cells)
    rows = [(e["id"], e["document"]) for e in record["expectations"] if e["outcome"] != "not_applicable"]
    rows += [(INTEGRITY, "")] if any(name == INTEGRITY for name, _ in cells) else []
    pieces = [columns[i : i + MAX_COLUMNS] for i in range(0, len(columns), MAX_COLUMNS)]
    left_out = sum(map(len, pieces[MAX_PANELS:]))
    return [_panel(cells, rows, piece, left_out) for piece in pieces[:MAX_PANELS]] if rows else []


def _columns(cells: Cells) -> list[str]:
    """Declared things, kept together with their likes; where most is open, first."""
    weight: Counter[str] = Counter()
    for (_, column), kinds in cells.items():
        weight[column] += kinds["gap"] + kinds["contradicted"]
        weight[_section(column)] += kinds["gap"] + kinds["contradicted"]
    names = {column for _, column in cells}
    return sorted(names, key=lambda c: (-weight[_section(c)], _section(c), -weight[c], c))


def _section(column: str) -> str:
    return column.partition("[")[0] + "[]"


def _panel(cells: Cells, rows: list[tuple[str, str]], columns: list[str], left_out: int) -> Panel:
    lines = _spread([document for _, document in rows], TOP)
    across = _spread([_section(column) for column in columns], LEFT)
    marks: list[Mark] = []
    quiet: dict[tuple[str, int], str] = {}
    for kind, x, y, title in _drawn(cells, dict(zip(rows, lines, strict=True)), dict(zip(columns, across, strict=True))):
        if kind in _STROKES:
            inset, length = _STROKES[kind]
            quiet[kind, y] = quiet.get((kind, y), "") + f"M{x + inset} {y + CELL // 2}h{length}"
        else:
            marks.append(Mark(kind, x, y, title))
    sections = _sections(columns, across)
    headed = {section.text for section in sections}
    return Panel(
        width=across[-1] + CELL + 4, height=lines[-1] + CELL + 4,
        rows=[Label(name, y) for (name, _), y in zip(rows, lines, strict=True)],
        sections=[s._replace(text=_cut(s.text, int(s.width / _LETTER))) for s in sections],
        columns=[Label(_label(column, headed), x) for column, x in zip(columns, across, strict=True)],
        marks=marks, quiet=[(kind, path) for (kind, _), path in quiet.items()], left_out=left_out,
    )  # fmt: skip


def _spread(groups: list[str], start: int) -> list[int]:
    """Where each row or column begins: side by side, with a gap where another group starts."""
    places, at = [], start
    for index, group in enumerate(groups):
        at += GAP if index and group != groups[index - 1] else 0
        places.append(at)
        at += CELL
    return places


def _drawn(cells: Cells, rows: dict[tuple[str, str], int], columns: dict[str, int]) -> Iterator[tuple[str, int, int, str]]:
    for (name, _), y in rows.items():
        for column, x in columns.items():
            kinds: Any = cells.get((name, column))
            if kinds:
                told = ", ".join(f"{kinds[k]} {k.replace('_', ' ')}" for k in WORST if kinds[k])
                yield next(k for k in WORST if kinds[k]), x, y, f"{name}, {column}: {told}"


def _sections(columns: list[str], across: list[int]) -> list[Label]:
    """The kinds of which there are enough columns for a heading: its words, where it begins, how wide it may be."""
    places: dict[str, list[int]] = {}
    for column, x in zip(columns, across, strict=True):
        places.setdefault(column.partition("[")[0], []).append(x)
    return [Label(name, xs[0], xs[-1] - xs[0] + CELL) for name, xs in places.items() if len(xs) >= MANY]


def _label(column: str, headed: set[str]) -> str:
    """What stands over a column: its id where a heading names the kind."""
    section, _, name = column.partition("[")
    return _cut(name[:-1] if name and section in headed else column, MAX_LABEL)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
