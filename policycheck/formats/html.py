"""The audit record as one HTML file: opens offline, prints, needs no script, and shows every fact with its place.

A first page to be read in a minute, a map, the documents' paragraphs in order, every finding, what could not be
verified, the evidence ledger, and how to get the same report again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from policycheck.formats._html import record as records
from policycheck.formats._html.record import Collector
from policycheck.model import Outcome
from policycheck.report import Record, Totals

if TYPE_CHECKING:
    from policycheck.run import View

RECORD = "full"
SEPARATOR = b"\n"
SHOWS_SINCE = True


def detail(style: Mapping[str, Any]) -> frozenset[Outcome]:
    """Everything: an audit record also shows what was found in order, and on what that rests."""
    return frozenset(Outcome)


def begin(view: View) -> bytes:
    """Nothing yet: the title names what only the parts know. Raises UsageError where Jinja2 is not installed."""
    records.ready()
    return b""


def part(view: View, record: Record) -> bytes:
    """One manifest's chapter, with what the first lines of the page need to know of it."""
    return records.part(view, record)


def end(view: View, totals: Totals) -> bytes:
    """A page of no manifests."""
    return records.document(view, [], totals)


def collect(view: View) -> Collector:
    """What puts the title and the contents before the chapters."""
    return Collector(view)
