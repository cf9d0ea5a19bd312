"""An in-toto attestation of the run: a Statement v1 with a test result, for whoever gathers such of a release.

Its subjects are the files that were read, by SHA-256; its tests are the findings, by id. It is not signed: what signs it
puts it into an envelope of payload type `application/vnd.in-toto+json`. An unknown is never passed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from policycheck.formats import _in_toto
from policycheck.model import Outcome
from policycheck.report import Record, Totals

if TYPE_CHECKING:
    from policycheck.run import View

RECORD = "full"
SEPARATOR = b""


def detail(style: Mapping[str, Any]) -> frozenset[Outcome]:
    """The outcomes whose findings are explained; what does not apply, or is not used, is no test."""
    return frozenset({Outcome.GAP, Outcome.UNKNOWN, Outcome.MET})


def begin(view: View) -> bytes:
    """Nothing: the verdict over all is known last."""
    return b""


def part(view: View, record: Record) -> bytes:
    """One manifest's share, for the collector."""
    return json.dumps([_in_toto.inputs(record), _in_toto.outline(record)]).encode()


def end(view: View, totals: Totals) -> bytes:
    """Nothing: see `Collector.end`."""
    return b""


def collect(view: View) -> Collector:
    """What writes the statement when the last manifest was judged."""
    return Collector(view)


class Collector:
    """Holds what the statement rests on until all of it is there."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._subjects: set[_in_toto.Subject] = set()
        self._outlines: list[Record] = []

    def add(self, rendered: bytes) -> bytes:
        """One manifest; nothing is written yet."""
        subjects, outline = json.loads(rendered)
        self._subjects.update((name, digest) for name, digest in subjects)
        self._outlines.append(outline)
        return b""

    def end(self, totals: Totals) -> bytes:
        """The statement."""
        made = _in_toto.statement(self._subjects, self._view.header, totals, self._outlines)
        return json.dumps(made, indent=1, ensure_ascii=False).encode() + b"\n"
