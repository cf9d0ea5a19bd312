"""Findings as a table: severity, outcome, assurance, rule, subject, where, expectation.

When the terminal is too narrow the last two columns go before anything wraps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from policycheck.formats._terminal import encode, harmless
from policycheck.model import Outcome
from policycheck.report import Record, Totals

if TYPE_CHECKING:
    from policycheck.run import View

RECORD = "full"
SEPARATOR = b"\n"
_HEAD = ("severity", "outcome", "assurance", "rule", "subject", "where", "expectation")


def detail(style: Mapping[str, Any]) -> frozenset[Outcome]:
    """The outcomes whose findings are explained; the others are only counted."""
    return frozenset(Outcome) if style.get("verbose") else frozenset({Outcome.GAP, Outcome.UNKNOWN})


def begin(view: View) -> bytes:
    """Nothing."""
    return b""


def part(view: View, record: Record) -> bytes:
    """One manifest's table."""
    from tabulate import tabulate

    verbose = bool(view.style.get("verbose"))
    shown = [f for f in record["findings"] if verbose or f["outcome"] in ("gap", "unknown")]
    rows = [_row(view, finding) for finding in shown]
    width = int(str(view.style.get("width", 80)))
    lines: list[str] = []
    for columns in (7, 6, 5):
        lines = tabulate([row[:columns] for row in rows], headers=_HEAD[:columns], tablefmt="simple").splitlines()
        if columns == 5 or max(map(len, lines), default=0) <= width:
            break
    name = harmless(record["organization"].get("name") or record["organization"].get("id"))
    counts = ", ".join(f"{n} {o.replace('_', ' ')}" for o, n in record["counts"]["findings"].items() if n)
    return encode([f"{name}: {counts or 'no findings'}", "", *lines], view.style)


def end(view: View, totals: Totals) -> bytes:
    """Nothing."""
    return b""


def _row(view: View, finding: Record) -> tuple[str, ...]:
    place = finding["location"]
    return (
        finding["severity"],
        "accepted" if "exception" in finding else finding["outcome"].replace("_", " "),
        finding["assurance"],
        finding["rule"],
        harmless(f"{finding['subject']['kind']} {finding['subject']['id']}"),
        harmless(f"{view.path(place['path'])}:{place['line']}") if place else "",
        ", ".join(finding["expectations"]),
    )
