"""SARIF for GitHub code scanning: all that made the exit code other than 0, gaps as errors, unknowns as warnings.

GitHub shows a passed or suppressed result as an open alert, so there are none here. Its limits for one upload are 25,000
results of a run and 10 MB compressed; what goes beyond is counted in a last result.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from policycheck.formats import _sarif
from policycheck.formats._machine import RUN, Stop, blocking, run_stops, stops
from policycheck.model import Outcome
from policycheck.report import Record, Totals

if TYPE_CHECKING:
    from policycheck.run import View

RECORD = "full"
SEPARATOR = b"\n"
MAX_RESULTS = 25_000
MAX_COMPRESSED = 9_000_000
#: Kept free for what only the end of a run knows.
RESERVED = 100
_LEVELS = {"gap": "error", "unknown": "warning"}
#: GitHub keeps its own account of what is new, and heeds no suppression.
_UNHEEDED = frozenset({"suppressions", "baselineState"})


def detail(style: Mapping[str, Any]) -> frozenset[Outcome]:
    """The outcomes whose findings are explained; the others are only counted."""
    return frozenset({Outcome.GAP, Outcome.UNKNOWN})


def begin(view: View) -> bytes:
    """The tool, its rules, the source documents."""
    return _sarif.opening(view)


def part(view: View, record: Record) -> bytes:
    """One manifest's results, one a line."""
    results = [_sarif.stopped(stop) for stop in stops(record, view.style)]
    results += [_alert(finding, record, view.style) for finding in blocking(record)]
    return "\n".join(map(_sarif.encode, results)).encode()


def end(view: View, totals: Totals) -> bytes:
    """How the run ended. What stopped the run comes as results, see `Collector.end`."""
    return _sarif.closing(totals, ())


def collect(view: View) -> Collector:
    """What keeps a whole run within GitHub's limits."""
    return Collector(view)


class Collector:
    """Passes results on while there is room, and counts the rest."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._compressor = zlib.compressobj(6)
        self._size = self._shown = self._left = 0

    def add(self, rendered: bytes) -> bytes:
        """One manifest's results, as far as there is room."""
        lines = rendered.split(b"\n") if rendered else []
        kept = [line for line in lines if self._has_room(line, MAX_RESULTS - RESERVED)]
        return self._joined(kept)

    def end(self, totals: Totals) -> bytes:
        """What stopped the run, how many results found no room, and the end of the log."""
        last = [_encoded(stop) for stop in run_stops(totals, self._view.style)]
        kept = [line for line in last if self._has_room(line, MAX_RESULTS - 1)]
        if self._left:
            kept.append(_encoded(Stop("incomplete", RUN, f"{self._left} more results are left out here")))
            self._shown += 1
        return self._joined(kept) + end(self._view, totals)

    def _has_room(self, line: bytes, most: int) -> bool:
        if self._shown >= most or self._size >= MAX_COMPRESSED:
            self._left += 1
            return False
        self._size += len(self._compressor.compress(line))
        self._shown += 1
        return True

    def _joined(self, lines: list[bytes]) -> bytes:
        first = b",\n" if lines and self._shown > len(lines) else b""
        return first + b",\n".join(lines)


def _encoded(stop: Stop) -> bytes:
    return _sarif.encode(_sarif.stopped(stop)).encode()


def _alert(finding: Record, record: Record, style: Mapping[str, Any]) -> Record:
    alert = _sarif.result(finding, record, style)
    level = {"kind": "fail", "level": _LEVELS[finding["outcome"]]}
    return {key: value for key, value in (alert | level).items() if key not in _UNHEEDED}
