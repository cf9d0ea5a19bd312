"""One manifest a line: gaps whole, the rest as counts. The last line holds the run: header and totals."""

from __future__ import annotations

from collections.abc import Mapping
from json import JSONEncoder
from typing import TYPE_CHECKING, Any

from policycheck.model import Outcome
from policycheck.report import Record, Totals, footer

if TYPE_CHECKING:
    from policycheck.run import View

RECORD = "short"
SEPARATOR = b""
_encode = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def detail(style: Mapping[str, Any]) -> frozenset[Outcome]:
    """The outcomes whose findings are explained; the others are only counted."""
    return frozenset({Outcome.GAP})


def begin(view: View) -> bytes:
    """Nothing: every line stands alone."""
    return b""


def part(view: View, record: Record) -> bytes:
    """One manifest."""
    return _encode(record).encode() + b"\n"


def end(view: View, totals: Totals) -> bytes:
    """The run as a whole."""
    return _encode({"run": view.header, **footer(totals)}).encode() + b"\n"
