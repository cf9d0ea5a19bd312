"""One manifest a line: gaps whole, the rest as counts. The last line holds the run: header and totals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from policycheck.formats._json import encode
from policycheck.model import Outcome
from policycheck.report import Record, Totals, footer

if TYPE_CHECKING:
    from policycheck.run import View

RECORD = "short"
SEPARATOR = b""


def detail(style: Mapping[str, Any]) -> frozenset[Outcome]:
    """The outcomes whose findings are explained; the others are only counted."""
    return frozenset({Outcome.GAP})


def begin(view: View) -> bytes:
    """Nothing: every line stands alone."""
    return b""


def part(view: View, record: Record) -> bytes:
    """One manifest."""
    return encode(record) + b"\n"


def end(view: View, totals: Totals) -> bytes:
    """The run as a whole."""
    return encode({"run": view.header, **footer(totals)}) + b"\n"
