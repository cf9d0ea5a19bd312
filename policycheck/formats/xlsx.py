"""The action list as a workbook: Findings, Expectations, Exceptions, Evidence, Method, with filters and a frozen heading.

Text is written as text, never as a formula, a link or a number. The same report gives the same bytes: the workbook's date
is the report's, and its files have none of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from policycheck.errors import UsageError
from policycheck.formats import _annex
from policycheck.formats._actions import COLUMNS, Column, Gathered, Row, ordered, packed, rows
from policycheck.model import Outcome
from policycheck.report import Record, Totals

if TYPE_CHECKING:
    from policycheck.run import View

RECORD = "full"
SEPARATOR = b""
#: Not for a terminal.
BINARY = True
#: The date of the files in the archive: the earliest that one can have.
_EARLIEST = (1980, 1, 1, 0, 0, 0)
_HEAD: dict[str, Any] = {
    "bold": True, "font_color": "#FFFFFF", "bg_color": "#1F3A4D", "valign": "vcenter", "text_wrap": True, "align": "left",
    "indent": 1, "border": 1, "border_color": "#1F3A4D",
}  # fmt: skip
_BODY: dict[str, Any] = {
    "valign": "top", "text_wrap": True, "num_format": "@", "align": "left", "indent": 1, "bottom": 1,
    "bottom_color": "#D5DADE",
}  # fmt: skip
_KINDS: dict[str, dict[str, Any]] = {
    "text": {},
    "number": {"num_format": "#,##0", "align": "right"},
    "digits": {"font_name": "Courier New", "font_size": 9},
}
#: Rows that ask for nothing stand back.
_CALM: dict[str, Any] = {"font_color": "#5A646B"}
_CALM_WORDS = frozenset({"no action", "met", "not used", "not applicable", "not tested"})
#: A line of text and the most that a row may be high, in points.
_LINE, _HIGHEST = 14.5, 405
#: The last column of the action list that is printed; what follows is for filters.
_LAST_PRINTED = "Management response"
#: Words that stand on a colour; the word says it, too, for whoever prints in black and white.
_TINTS: dict[str, dict[str, Any]] = {
    "high": {"bg_color": "#F6D5D2", "font_color": "#7A1410", "bold": True},
    "medium": {"bg_color": "#FCE9C4", "font_color": "#6B4300"},
    "low": {"bg_color": "#DCEBF7", "font_color": "#17405F"},
    "contradicted": {"bg_color": "#E9D8F0", "font_color": "#511B66", "bold": True},
    "doubted": {"bg_color": "#FCE9C4", "font_color": "#6B4300"},
    "unreadable": {"bg_color": "#FCE9C4", "font_color": "#6B4300"},
    "not in order": {"bg_color": "#F6D5D2", "font_color": "#7A1410", "bold": True},
    "gap": {"bold": True},
    "known, overdue": {"bold": True},
}
#: The columns whose words are tinted.
_TINTED = frozenset({"Severity", "Assurance", "Outcome", "Status", "State", "Verdict"})
#: Columns that hold digits to be compared one by one.
_DIGITS = frozenset({"SHA-256", "Id", "Report"})


def detail(style: Mapping[str, Any]) -> frozenset[Outcome]:
    """The outcomes whose findings are explained; the others are only counted."""
    return frozenset(Outcome)


def begin(view: View) -> bytes:
    """Nothing: a workbook is written whole. Raises UsageError where the library is missing."""
    _library()
    return b""


def part(view: View, record: Record) -> bytes:
    """One manifest's rows of each sheet, for the collector."""
    found = rows(view, record)
    sheets = [found, _annex.expectations(view, record), _annex.exceptions(record), _annex.evidence(record)]
    return packed(len(found), [*sheets, _annex.judged(record)])


def end(view: View, totals: Totals) -> bytes:
    """Nothing: see `Collector.end`."""
    return b""


def collect(view: View) -> Collector:
    """What writes the workbook when the last manifest was judged."""
    return Collector(view)


class Collector:
    """Holds the rows of every sheet until all are there."""

    def __init__(self, view: View) -> None:
        self._view, self._shares = view, Gathered("xlsx")

    def add(self, rendered: bytes) -> bytes:
        """One manifest; nothing is written yet."""
        self._shares.add(rendered)
        return b""

    def end(self, totals: Totals) -> bytes:
        """The workbook."""
        joined: list[list[Row]] = [[], [], [], [], []]
        for share in self._shares:
            for whole, some in zip(joined, share, strict=True):
                whole.extend(some)
        findings, expectations, exceptions, evidence, manifests = joined
        book = _Book(self._view, totals)
        book.sheet("Findings", COLUMNS, ordered(findings, totals.report_id), frozen=1)
        book.sheet("Expectations", _annex.EXPECTATIONS, expectations, frozen=1)
        book.sheet("Exceptions", _annex.EXCEPTIONS, exceptions)
        book.sheet("Evidence", _annex.EVIDENCE, evidence)
        book.sheet("Method", _annex.METHOD, _annex.method(self._view, totals, manifests))
        return book.written()


def _library() -> Any:
    try:
        import xlsxwriter  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        raise UsageError("--format xlsx needs XlsxWriter: pip install 'policycheck[xlsx]'") from None
    return xlsxwriter


class _Book:
    """A workbook on its way, one row in memory at a time."""

    def __init__(self, view: View, totals: Totals) -> None:
        self._view, self._totals, self._file = view, totals, BytesIO()
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self._book = _library().Workbook(self._file, options)
        self._book.set_properties(_properties(view, totals))
        self._formats: dict[tuple[str, bool, str], Any] = {}

    def sheet(self, name: str, columns: Sequence[Column], found: list[Row], frozen: int = 0) -> None:
        """One sheet: headings that stay, a filter on each column, a row for each of `found`."""
        sheet = self._book.add_worksheet(name)
        self._page(sheet, name)
        for number, column in enumerate(columns):
            sheet.set_column(number, number, column.width)
        sheet.set_row(0, 30)
        for number, column in enumerate(columns):
            sheet.write_string(0, number, column.name, self._format("", column.name, head=True))
        last = 0
        nothing: Row = ["none", *[""] * (len(columns) - 1)]
        for last, row in enumerate(found or [nothing], 1):
            self._row(sheet, last, columns, row)
        sheet.freeze_panes(1, frozen)
        sheet.autofilter(0, 0, last, len(columns) - 1)
        printed = [column.name for column in columns]
        sheet.print_area(0, 0, last, printed.index(_LAST_PRINTED) if _LAST_PRINTED in printed else len(columns) - 1)

    def _row(self, sheet: Any, number: int, columns: Sequence[Column], row: Row) -> None:
        sheet.set_row(number, min(_HIGHEST, _LINE * max(map(_lines, columns, row))))
        cells = list(zip(columns, row, strict=True))
        is_calm = any(column.name in _TINTED and value in _CALM_WORDS for column, value in cells)
        for place, (column, value) in enumerate(cells):
            style = self._format(value, column.name, calm=is_calm)
            if isinstance(value, int):
                sheet.write_number(number, place, value, style)
            elif value:
                sheet.write_string(number, place, value, style)
            else:
                sheet.write_blank(number, place, None, style)

    def _page(self, sheet: Any, name: str) -> None:
        """How it prints: landscape, as wide as the page, the heading on each, who wrote it and what it is not."""
        sheet.set_landscape()
        sheet.set_paper(8 if name == "Findings" else 9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.hide_gridlines(2)
        sheet.set_footer(f"&L{name}, report {self._totals.report_id}&CNo legal advice&R&P of &N")

    def _format(self, value: str | int, column: str, head: bool = False, calm: bool = False) -> Any:
        tint = str(value) if column in _TINTED and value in _TINTS and not calm else ""
        kind = "head" if head else "number" if isinstance(value, int) else "digits" if column in _DIGITS else "text"
        if (kind, calm, tint) not in self._formats:
            made = _HEAD if head else {**_BODY, **_KINDS[kind], **(_CALM if calm else {}), **_TINTS.get(tint, {})}
            self._formats[kind, calm, tint] = self._book.add_format(made)
        return self._formats[kind, calm, tint]

    def written(self) -> bytes:
        """The whole workbook."""
        self._book.close()
        return _undated(self._file)


def _lines(column: Column, value: str | int) -> int:
    """How many lines a text takes in its column, with some room for words that do not fit at the end of one."""
    length = len(value) if isinstance(value, str) else 1
    return 1 if length <= column.width - 2 else 1 + int(length * 1.08 / column.width)


def _properties(view: View, totals: Totals) -> dict[str, Any]:
    from datetime import datetime

    header = view.header
    return {
        "title": f"Gap report as of {header['as_of']}: action list",
        "subject": ", ".join(document["id"] for document in header["criteria"]["documents"]),
        "author": f"{header['tool']['name']} {header['tool']['version']}",
        "keywords": f"report {totals.report_id}",
        "comments": header["disclaimer"],
        "created": datetime.fromisoformat(header["as_of"]),
    }


def _undated(file: BytesIO) -> bytes:
    """The same archive without times, permissions and the machine's name for its system."""
    from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

    made = BytesIO()
    with ZipFile(file) as old, ZipFile(made, "w") as new:
        for name in old.namelist():
            entry = ZipInfo(name, _EARLIEST)
            entry.compress_type, entry.create_system, entry.external_attr = ZIP_DEFLATED, 3, 0o600 << 16
            new.writestr(entry, old.read(name), compresslevel=6)
    return made.getvalue()
