"""The action list as CSV: a row a finding, contradictions first, for spreadsheets and trackers (RFC 4180).

What could not be judged stands before them, as rows whose outcome is "error", and what loosened the run after them, as one
whose outcome is "loosened": who has this file alone has no sheet Method.

UTF-8 with a byte order mark, because Excel takes a file without one for the code page of the machine; Python reads it as
`utf-8-sig`. Lines end with CRLF, every cell is quoted.

No cell is a formula: where a cell, or what follows a semicolon in it (many countries' spreadsheets split there),
begins with = + - @ or an apostrophe, an apostrophe is put before. Taking that one away again gives the text
(`text` does); tabs and line ends never stand in a cell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from policycheck.formats._actions import COLUMNS, Gathered, Row, loosening, ordered, packed, rows, stopped
from policycheck.formats._machine import RUN, Stop, loosened, run_stops, stops
from policycheck.model import Outcome
from policycheck.report import Record, Totals

if TYPE_CHECKING:
    from policycheck.run import View

RECORD = "full"
SEPARATOR = b""
#: A start of a cell that a spreadsheet might evaluate; the wide forms are taken for the narrow ones in some languages.
_START = re.compile("""(^|;)([\\s"]*)(?=['=+\\-@\uff1d\uff0b\uff0d\uff20])""")
#: Reasons are told, as messages are.
_TELLING = {"show_values": True}
_MARKED = re.compile("""(^|;)([\\s"]*)'""")


def detail(style: Mapping[str, Any]) -> frozenset[Outcome]:
    """The outcomes whose findings are explained; the others are only counted."""
    return frozenset(Outcome)


def begin(view: View) -> bytes:
    """The byte order mark and the headings."""
    return b"\xef\xbb\xbf" + _line([column.name for column in COLUMNS])


def part(view: View, record: Record) -> bytes:
    """One manifest's rows, for the collector."""
    found = rows(view, record)
    return packed(len(found), [[stopped(stop, record) for stop in stops(record, _TELLING)], found])


def end(view: View, totals: Totals) -> bytes:
    """Nothing: see `Collector.end`."""
    return b""


def collect(view: View) -> Collector:
    """What sorts the rows of the run."""
    return Collector(view)


class Collector:
    """Holds the rows until all are there."""

    def __init__(self, view: View) -> None:
        self._view, self._shares = view, Gathered("csv")

    def add(self, rendered: bytes) -> bytes:
        """One manifest; nothing is written yet."""
        self._shares.add(rendered)
        return b""

    def end(self, totals: Totals) -> bytes:
        """What stopped the run, then every finding, the most urgent first, then what loosened the run."""
        errors, found = [stopped(stop) for stop in run_stops(totals, _TELLING)], []
        for broken, some in self._shares:
            errors += broken
            found += some
        said = loosened(self._view.header)
        aside = [loosening(Stop("loosened", RUN, said))] if said else []
        before, after = ([[*row, totals.report_id] for row in some] for some in (errors, aside))
        every = before + ordered(found, totals.report_id) + after
        return b"".join(map(_line, every))


def safe(text: str) -> str:
    """A cell's text that no spreadsheet evaluates."""
    return _START.sub(r"\1\2'", text)


def text(cell: str) -> str:
    """What `safe` was given."""
    return _MARKED.sub(r"\1\2", cell)


def _line(row: Row | list[str]) -> bytes:
    cells = ('"' + safe(str(cell)).replace('"', '""') + '"' for cell in row)
    return (",".join(cells) + "\r\n").encode()
