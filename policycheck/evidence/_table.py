"""A CSV register as a table: header, rows and the line each stands on, or the one reason why it is none (RFC 4180).

Spreadsheets write more than RFC 4180 knows: a byte order mark, semicolons or tabs, a first line `sep=;`, line ends of
their own, line breaks in quotes. These are read. What a person would have to guess at is refused: another encoding than
UTF-8, quotes that do not end, templates. Nothing is ever evaluated: `=1+1` is the text `=1+1`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

#: Characters of the header line and of one cell, columns, and rows: far more than a register that people keep.
HEADER_CAP, CELL_CAP, COLUMN_CAP, ROW_CAP = 64 * 1024, 8 * 1024, 200, 10_000

_DELIMITERS = (",", ";", "\t")
_BREAK = re.compile(r"\r\n|\r|\n")
_SEPARATOR = re.compile(r'"?sep=([,;\t])"?', re.IGNORECASE)
_TEMPLATE = re.compile(r"\{\{|\{%|<%")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
#: How the files of spreadsheet programs begin: Excel and OpenDocument since 2006, Excel before.
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


class Unsaid(Exception):
    """Nothing can be said; where the reason stands, when a line is known."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.line = line


class Row(NamedTuple):
    """One record, and the line it begins at."""

    line: int
    cells: tuple[str, ...]
    #: Whether any of its cells holds a line break.
    is_tall: bool = False

    def line_of(self, index: int) -> int:
        """The line a cell begins at: cells before it may hold line breaks."""
        if not self.is_tall:
            return self.line
        return self.line + sum(len(_BREAK.findall(cell)) for cell in self.cells[:index])


class Table(NamedTuple):
    """A header and the records below it; blank ones are left out."""

    header: Row
    rows: tuple[Row, ...]


def table(data: bytes, fitting: Callable[[Sequence[str]], int]) -> Table:
    """The table in a file; `fitting` says how many cells of a header mean something, so that it picks the delimiter.

    Raises Unsaid for what is no table.
    """
    text = _decoded(data)
    separator, skipped = _declared_separator(text)
    body = text[skipped:]
    _refuse_long_header(body)
    delimiter = separator or _delimiter(body, fitting)
    records = _records(body, delimiter, first_line=2 if skipped else 1)
    header = next(records, None)
    if header is None:
        raise Unsaid("is empty: a register has a header at least")
    if len(header.cells) > COLUMN_CAP:
        raise Unsaid(f"has more than {COLUMN_CAP} columns", header.line)
    return Table(Row(header.line, tuple(cell.strip() for cell in header.cells)), tuple(_capped(records)))


def _capped(records: Iterator[Row]) -> Iterator[Row]:
    for count, row in enumerate(records):
        if count == ROW_CAP:
            raise Unsaid(f"holds more than {ROW_CAP} rows; split it, by year for example", row.line)
        yield row


def _decoded(data: bytes) -> str:
    if data.startswith(_UTF_16):
        raise Unsaid("is UTF-16, as spreadsheets write `Unicode text`; save it as CSV UTF-8", 1)
    if data.startswith(_WORKBOOKS):
        raise Unsaid("is a workbook of a spreadsheet program; save the sheet that holds the register as CSV UTF-8", 1)
    if b"\0" in data:
        raise Unsaid("is binary, not CSV", data.count(b"\n", 0, data.index(b"\0")) + 1)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unsaid("is not UTF-8; save it as CSV UTF-8", data.count(b"\n", 0, error.start) + 1) from None
    if not text.strip():
        raise Unsaid("is empty: a register has a header at least")
    start = text.lstrip()
    if start.startswith("<"):
        raise Unsaid("is HTML or XML, not CSV (an error page that was saved?)", 1)
    if start.startswith("|"):
        raise Unsaid("is a table of Markdown; save the register as CSV", 1)
    if template := _TEMPLATE.search(text):
        raise Unsaid("is a template; name the file that it is rendered to", text.count("\n", 0, template.start()) + 1)
    return text


def _declared_separator(text: str) -> tuple[str, int]:
    """The delimiter that a first line `sep=;` declares to spreadsheets, and how many characters that line takes."""
    end = _BREAK.search(text, 0, 16)
    match = _SEPARATOR.fullmatch(text[: end.start()] if end else text[:16])
    return (match[1], end.end()) if match and end else ("", 0)


def _refuse_long_header(text: str) -> None:
    if len(text) > HEADER_CAP and not _BREAK.search(text, 0, HEADER_CAP):
        raise Unsaid(f"has a header of more than {HEADER_CAP} characters", 1)


def _delimiter(text: str, fitting: Callable[[Sequence[str]], int]) -> str:
    """The delimiter under which most of the header means something, then the one that gives most columns.

    Only the header is asked: rows hold commas in sentences and semicolons in lists.
    """

    def worth(delimiter: str) -> tuple[int, int]:
        try:
            first = next(_records(text, delimiter, first_line=1), None)
        except Unsaid:
            return (0, 0)
        return (fitting(first.cells[:COLUMN_CAP]), min(len(first.cells), COLUMN_CAP)) if first else (0, 0)

    return max(_DELIMITERS, key=worth)


def _records(text: str, delimiter: str, first_line: int) -> Iterator[Row]:
    """The records that hold anything. The csv module counts line ends inside quotes too, so lines are those of an editor."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = first_line
    try:
        for cells in reader:
            if any(len(cell) > CELL_CAP for cell in cells):
                raise Unsaid(f"has a cell of more than {CELL_CAP} characters (a quote that does not end?)", line)
            if any(cell.strip() for cell in cells):
                yield Row(line, tuple(cells), reader.line_num - line + first_line > 1)
            line = first_line + reader.line_num
    except csv.Error:
        # The module's own sentence can quote what stands there.
        raise Unsaid("is not CSV from here on: a quote does not end, or something follows one that does", line) from None
