"""Charts of a trend as plain numbers for a drawing: columns at dates, stacked in parts that differ in more than colour.

Lengths are in units of the drawing. Every number that is drawn stands in the table beside the chart too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from policycheck.report import Record

WIDTH, HEIGHT = 420, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 38, 24, 26
#: Columns closer than this are spread evenly instead; a column is never wider than the other.
_CLOSEST, _WIDEST = 16, 36
#: The room for a date, and for a number above a column.
_DATE, _NUMBER = 72, 17
_CAME = ("opened", "reopened", "back", "new_rule")
_WENT = ("closed", "gone", "rule_gone", "not_judged")


class Part(NamedTuple):
    """A rectangle: what it is, where, and what it says when pointed at."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    title: str


class Label(NamedTuple):
    """A text with its middle at x."""

    x: float
    y: float
    text: str


class Line(NamedTuple):
    """A line across the drawing at a round number."""

    y: float
    text: str


class Chart(NamedTuple):
    """All that is drawn."""

    name: str
    width: int
    height: int
    baseline: float
    parts: tuple[Part, ...]
    totals: tuple[Label, ...]
    dates: tuple[Label, ...]
    lines: tuple[Line, ...]
    #: Where the criteria, the options or the tool changed.
    breaks: tuple[float, ...]
    marks: tuple[Label, ...]
    kinds: tuple[str, ...]
    #: Whether the columns stand at even distances although the days between them differ.
    is_even: bool


class Column(NamedTuple):
    """What is stacked at one date: above the base line, and below it."""

    up: tuple[tuple[str, int], ...]
    down: tuple[tuple[str, int], ...] = ()
    mark: int = 0
    #: Whether there is anything to count; the first report has no step.
    is_there: bool = True


def standing(points: Sequence[Record], breaks: Sequence[bool]) -> Chart:
    """What is open at each report, with a mark at the number of what is overdue."""
    columns = [Column(tuple((k, p[k]) for k in ("gap", "unknown", "accepted")), mark=p["overdue"]) for p in points]
    return _chart("standing", points, columns, breaks)


def movement(points: Sequence[Record], steps: Sequence[Record], breaks: Sequence[bool]) -> Chart:
    """What came since the report before, above the line, and what went, below it."""
    found = [(s["counts"], tuple((k, s["counts"][k]) for k in _CAME)) for s in steps]
    columns = [Column(came, tuple((k, counts[k]) for k in _WENT)) for counts, came in found]
    return _chart("movement", points, [Column((), is_there=False), *columns], breaks)


def assurance(points: Sequence[Record], breaks: Sequence[bool]) -> Chart:
    """What is behind that which is met, above the line, and what artefacts contradict, below it."""
    order = ("verified", "supported", "declared")
    columns = [
        Column(tuple((k, p["met_by"][k]) for k in order), (("contradicted", p["assurance"]["contradicted"]),))
        for p in points
    ]
    return _chart("assurance", points, columns, breaks)


def _chart(name: str, points: Sequence[Record], columns: Sequence[Column], breaks: Sequence[bool]) -> Chart:
    width = max(WIDTH, _LEFT + _RIGHT + 14 * len(points))
    xs, is_even = _places([point["as_of"] for point in points], width)
    scale = _Scale(columns)
    broad = min(_WIDEST, 0.62 * min(b - a for a, b in pairwise(xs)))
    stacked = [
        _stacked(x, column, point["as_of"], scale, broad) for x, column, point in zip(xs, columns, points, strict=True)
    ]
    parts = tuple(part for some in stacked for part in some)
    return Chart(
        name=name, width=width, height=HEIGHT, baseline=scale.at(0), parts=parts,
        totals=tuple(_totals(xs, columns, scale)), dates=tuple(_dates(xs, points)), lines=scale.lines(),
        breaks=tuple((a + b) / 2 for (a, b), is_broken in zip(pairwise(xs), breaks, strict=True) if is_broken),
        marks=tuple(Label(x, scale.at(c.mark), f"{c.mark} overdue") for x, c in zip(xs, columns, strict=True) if c.mark),
        kinds=_kinds(columns), is_even=is_even,
    )  # fmt: skip


def _kinds(columns: Sequence[Column]) -> tuple[str, ...]:
    """What is drawn anywhere, in the order of the columns' parts."""
    drawn = {kind for c in columns for kind, n in (*c.up, *c.down) if n}
    order = [kind for c in columns for some in (c.up, c.down) for kind, _ in some]
    return tuple(kind for kind in dict.fromkeys(order) if kind in drawn)


def _places(days: Sequence[str], width: int) -> tuple[list[float], bool]:
    """Where each day's column has its middle: to the scale of time, unless that would crowd them."""
    left, right = _LEFT + _WIDEST / 2 + 2, width - _RIGHT
    moments = [date.fromisoformat(day).toordinal() for day in days]
    whole = moments[-1] - moments[0]
    timely = [left + (right - left) * (m - moments[0]) / whole for m in moments]
    if min(b - a for a, b in pairwise(timely)) >= _CLOSEST:
        return timely, False
    return [left + (right - left) * i / (len(days) - 1) for i in range(len(days))], True


class _Scale:
    """From numbers to heights: zero is the base line, and what goes down has its own room below it."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.up = max((sum(n for _, n in c.up) for c in columns), default=0)
        self.down = max((sum(n for _, n in c.down) for c in columns), default=0)
        below = _NUMBER if self.down else 0
        self._unit = (HEIGHT - _TOP - _BOTTOM - below) / max(1, self.up + self.down)

    def at(self, number: int) -> float:
        """The height at which a number stands."""
        return _TOP + (max(1, self.up + self.down) - self.down - number) * self._unit

    def length(self, number: int) -> float:
        """How long a number is drawn."""
        return number * self._unit

    def lines(self) -> tuple[Line, ...]:
        """Three or four round numbers across, with their signs left out: below the line is what went."""
        step = _round_step(max(1, self.up + self.down))
        first, last = -(self.down // step), self.up // step
        return tuple(Line(self.at(n * step), str(abs(n * step))) for n in range(first, last + 1))


def _round_step(whole: int) -> int:
    """1, 2 or 5 times a power of ten, so that about four lines fill the whole."""
    size = 1
    while size * 10 * 4 <= whole:
        size *= 10
    return next((size * n for n in (1, 2, 5) if size * n * 5 >= whole), size * 10)


def _stacked(x: float, column: Column, day: str, scale: _Scale, broad: float) -> list[Part]:
    """A column's parts, from the base line outwards."""
    found = []
    for some, sign in ((column.up, 1), (column.down, -1)):
        at = 0
        for kind, number in some:
            if number:
                top = at + number if sign > 0 else -at
                title = f"{day}: {number} {kind.replace('_', ' ')}"
                found.append(Part(kind, x - broad / 2, scale.at(top), broad, scale.length(number), title))
                at += number
    return found


def _totals(xs: Sequence[float], columns: Sequence[Column], scale: _Scale) -> list[Label]:
    """The sum at the end of each column, where there is room for numbers."""
    if min(b - a for a, b in pairwise(xs)) < _NUMBER:
        return []
    found = []
    for x, column in zip(xs, columns, strict=True):
        up, down = (sum(n for _, n in some) for some in (column.up, column.down))
        found += [Label(x, scale.at(up) - 5, str(up))] if column.is_there else []
        found += [Label(x, scale.at(-down) + 13, str(down))] if down else []
    return found


def _dates(xs: Sequence[float], points: Sequence[Record]) -> list[Label]:
    """Dates below the columns, as many as fit; the last one always."""
    kept: list[int] = [len(xs) - 1]
    for index in range(len(xs) - 2, -1, -1):
        if xs[kept[-1]] - xs[index] >= _DATE:
            kept.append(index)
    return [Label(xs[index], HEIGHT - 6, points[index]["as_of"]) for index in reversed(kept)]
