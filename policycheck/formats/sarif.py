"""SARIF 2.1.0, complete: every finding with its outcome, accepted gaps as suppressions, source documents as taxonomies.

For archives and viewers. GitHub takes passed results and suppressed ones for alerts: give it `sarif-github`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from policycheck.formats import _sarif
from policycheck.formats._machine import run_stops, stops
from policycheck.model import Outcome
from policycheck.report import Record, Totals

if TYPE_CHECKING:
    from policycheck.run import View

RECORD = "full"
SEPARATOR = b",\n"


def detail(style: Mapping[str, Any]) -> frozenset[Outcome]:
    """The outcomes whose findings are explained; the others are only counted."""
    return frozenset(Outcome)


def begin(view: View) -> bytes:
    """The tool, its rules, the source documents."""
    return _sarif.opening(view)


def part(view: View, record: Record) -> bytes:
    """One manifest's results: what stopped its judging, then its findings in the order of the report."""
    results = [_sarif.stopped(stop) for stop in stops(record, view.style)]
    results += [_sarif.result(finding, record, view.style) for finding in record["findings"]]
    return ",\n".join(map(_sarif.encode, results)).encode()


def end(view: View, totals: Totals) -> bytes:
    """How the run ended, with what could not be judged."""
    return _sarif.closing(totals, run_stops(totals, view.style))
