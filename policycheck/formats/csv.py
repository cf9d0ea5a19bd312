"""The action list as CSV: a row a finding, contradictions first, for spreadsheets and trackers (RFC 4180).

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

from policycheck.formats._actions import COLUMNS, Gathered, Row, ordered, packed, rows
from policycheck.model import Outcome
from policycheck.report import Record, Totals

if TYPE_CHECKING:
    from policycheck.run import View

RECORD = "full"
SEPARATOR = b""
#: A start of a cell that a spreadsheet might evaluate; the wide forms are taken for the narrow ones in some languages.
_START = re.compile("""(^|;)([\\s"]*)(?=['=+\\-@\uff1d\uff0b\uff0d\uff20])""")
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
    return packed(len(found), found)


def end(view: View, totals: Totals) -> bytes:
    """Nothing: see `Collector.end`."""
    return b""


def collect(view: View) -> Collector:
    """What sorts the rows of the run."""
    return Collector()


class Collector:
    """Holds the rows until all are there."""

    def __init__(self) -> None:
        self._shares = Gathered("csv")

    def add(self, rendered: bytes) -> bytes:
        """One manifest; nothing is written yet."""
        self._shares.add(rendered)
        return b""

    def end(self, totals: Totals) -> bytes:
        """Every row, the most urgent first."""
        every = [row for share in self._shares for row in share]
        return b"".join(map(_line, ordered(every, totals.report_id)))


def safe(text: str) -> str:
    """A cell's text that no spreadsheet evaluates."""
    return _START.sub(r"\1\2'", text)


def text(cell: str) -> str:
    """What `safe` was given."""
    return _MARKED.sub(r"\1\2", cell)


def _line(row: Row | list[str]) -> bytes:
    cells = ('"' + safe(str(cell)).replace('"', '""') + '"' for cell in row)
    return (",".join(cells) + "\r\n").encode()
