"""GitLab code quality: a JSON list. GitLab stops at the first entry it cannot read, so every entry has every property.

What blocks is critical, major or minor by its severity; gaps that do not block are "info". So is what loosened the run: a
merge request that lets more through shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from json import JSONEncoder
from typing import TYPE_CHECKING, Any

from policycheck.formats._machine import RUN, Place, Stop, aside, blocking, cut, loosened, place_of, run_stops, stops, told
from policycheck.formats._terminal import harmless
from policycheck.model import Outcome
from policycheck.report import Record, Totals

if TYPE_CHECKING:
    from policycheck.run import View

RECORD = "full"
SEPARATOR = b",\n"
MAX_TEXT = 1000
_SEVERITIES = {"high": "critical", "medium": "major", "low": "minor", "info": "info"}
_encode = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def detail(style: Mapping[str, Any]) -> frozenset[Outcome]:
    """The outcomes whose findings are explained; the others are only counted."""
    return frozenset({Outcome.GAP, Outcome.UNKNOWN})


def begin(view: View) -> bytes:
    """The list."""
    return b"[\n"


def part(view: View, record: Record) -> bytes:
    """One manifest's entries."""
    entries = [_stopped(stop) for stop in stops(record, view.style)]
    entries += [_entry(finding, record, view.style) for finding in (*blocking(record), *aside(record))]
    return ",\n".join(map(_encode, entries)).encode()


def end(view: View, totals: Totals) -> bytes:
    """The end of the list. What stopped the run comes before it, see `Collector.end`."""
    return b"\n]\n"


def collect(view: View) -> Collector:
    """What puts the entries of the run behind those of the manifests."""
    return Collector(view)


class Collector:
    """Joins entries: only here is it known whether one stands before."""

    def __init__(self, view: View) -> None:
        self._view, self._is_first = view, True

    def add(self, rendered: bytes) -> bytes:
        """One manifest's entries."""
        comma = SEPARATOR if rendered and not self._is_first else b""
        self._is_first = self._is_first and not rendered
        return comma + rendered

    def end(self, totals: Totals) -> bytes:
        """What stopped or loosened the run, and the end of the list."""
        entries = [_stopped(stop) for stop in run_stops(totals, self._view.style)]
        if said := loosened(self._view.header):
            note = Stop("loosened", RUN, said)
            entries.append(_made(note.rule, note.id, note.message, "info", note.place))
        return self.add(",\n".join(map(_encode, entries)).encode()) + end(self._view, totals)


def _entry(finding: Record, record: Record, style: Mapping[str, Any]) -> Record:
    severity = _SEVERITIES[finding["severity"]] if finding["blocks"] else "info"
    return _made(finding["rule"], finding["id"], told(finding, style), severity, place_of(finding, record))


def _stopped(stop: Stop) -> Record:
    return _made(stop.rule, stop.id, stop.message, "critical", stop.place)


def _made(rule: str, fingerprint: str, text: str, severity: str, where: Place) -> Record:
    return {
        "description": cut(text, MAX_TEXT),
        "check_name": rule,
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {"path": harmless(where.path), "lines": {"begin": where.line}},
    }
