"""Reading the action list back, from either of its formats, as other programs do."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from policycheck.formats.csv import text


def workbook(data: bytes) -> Any:
    """The workbook as openpyxl reads it."""
    import openpyxl

    return openpyxl.load_workbook(io.BytesIO(data))


def sheet(data: bytes, name: str) -> list[dict[str, Any]]:
    """A sheet's rows by their headings; a blank cell is empty text."""
    head, *rest = workbook(data)[name].iter_rows(values_only=True)
    return [dict(zip(head, ["" if cell is None else cell for cell in row], strict=True)) for row in rest]


def table(data: bytes) -> list[dict[str, Any]]:
    """A CSV's rows by their headings, with the marks against formulas taken off."""
    rows = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
    return [{key: text(cell) for key, cell in row.items()} for row in rows]


def told(path: Path) -> str:
    """What a format's file says, as text: of a workbook, each row as a line."""
    if path.suffix != ".xlsx":
        return path.read_text("utf-8")
    return dumped(path.read_bytes())


def dumped(data: bytes) -> str:
    """A workbook as text, a line a row."""
    lines = []
    for page in workbook(data).worksheets:
        lines.append(f"# {page.title}")
        lines += [" | ".join("" if cell is None else str(cell) for cell in row) for row in page.iter_rows(values_only=True)]
    return "\n".join(lines) + "\n"
