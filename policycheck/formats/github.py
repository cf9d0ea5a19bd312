"""GitHub annotations: workflow commands on standard output. Errors are gaps that block, warnings unknowns that block.

Notices are what loosened the run, and gaps that do not block. Of a run that is compared with a ref (`--against`), only what
opened or became worse is an error or a warning.

GitHub shows ten of a level and a step and drops the rest without a word. So the worst nine are shown, and the tenth says
how many are left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from json import JSONEncoder, loads
from typing import TYPE_CHECKING, Any

from policycheck.formats._machine import RANKS, Place, Stop, aside, blocking, cut, loosened, place_of, run_stops, stops, told
from policycheck.formats._terminal import harmless
from policycheck.model import Outcome
from policycheck.report import Record, Totals

if TYPE_CHECKING:
    from policycheck.run import View

RECORD = "full"
SEPARATOR = b""
MOST = 10
MAX_TEXT = 1000
LEVELS = ("error", "warning", "notice")
#: The runner ends a message at a line end and a property at a colon or a comma.
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})
_encode = JSONEncoder(separators=(",", ":")).encode
#: Level, rank (lower is worse), path, line, column, end column, title, message: sorted as they stand.
_Note = tuple[int, int, str, int, int, int, str, str]


def detail(style: Mapping[str, Any]) -> frozenset[Outcome]:
    """The outcomes whose findings are explained; the others are only counted."""
    return frozenset({Outcome.GAP, Outcome.UNKNOWN})


def begin(view: View) -> bytes:
    """Nothing: the worst of all manifests come first."""
    return b""


def part(view: View, record: Record) -> bytes:
    """One manifest's share: how many of each level, and the worst ten of each, as a line of JSON for the collector."""
    notes = [_stopped(stop) for stop in stops(record, view.style)]
    # GitHub remembers no annotations: what was open at the ref would be an error of each pull request that passes.
    found = [{**finding, "blocks": view.fails(finding)} for finding in (*blocking(record), *aside(record))]
    notes += [_note(finding, record, view.style) for finding in found if finding["blocks"] or finding["outcome"] == "gap"]
    counts = Counter(note[0] for note in notes)
    return _encode([[counts[level] for level in range(len(LEVELS))], _worst(notes)]).encode()


def end(view: View, totals: Totals) -> bytes:
    """Nothing: see `Collector.end`."""
    return b""


def collect(view: View) -> Collector:
    """What holds the worst of the run until its end."""
    return Collector(view)


class Collector:
    """Keeps the worst ten of each level, and counts all."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._counts = [0] * len(LEVELS)
        self._notes: list[_Note] = []

    def add(self, rendered: bytes) -> bytes:
        """One manifest's share; nothing is printed yet."""
        counts, notes = loads(rendered)
        self._take(counts, map(tuple, notes))
        return b""

    def end(self, totals: Totals) -> bytes:
        """The annotations, the worst first, level by level."""
        last = [_stopped(stop) for stop in run_stops(totals, self._view.style)]
        self._take([len(last), 0, 0], last)
        if said := loosened(self._view.header):
            # Before all that it let through, and of no file.
            self._take([0, 0, 1], [(2, -1, "", 0, 0, 0, "policycheck", cut(said, MAX_TEXT))])
        return "".join(f"{line}\n" for level in range(len(LEVELS)) for line in self._level(level)).encode()

    def _take(self, counts: list[int], notes: Iterable[_Note]) -> None:
        self._counts = [have + more for have, more in zip(self._counts, counts, strict=True)]
        self._notes = _worst([*self._notes, *notes])

    def _level(self, level: int) -> Iterator[str]:
        notes = [note for note in self._notes if note[0] == level]
        total = self._counts[level]
        shown = notes if total <= MOST else notes[: MOST - 1]
        yield from map(_command, shown)
        if total > len(shown):
            yield f"::{LEVELS[level]} title=policycheck::and {total - len(shown)} more; the report shows all of them"


def _worst(notes: Iterable[_Note]) -> list[_Note]:
    ranked = sorted(notes)
    return [note for level in range(len(LEVELS)) for note in [n for n in ranked if n[0] == level][:MOST]]


def _note(finding: Record, record: Record, style: Mapping[str, Any]) -> _Note:
    level = ("gap", "unknown").index(finding["outcome"]) if finding["blocks"] else 2
    rank = 2 * RANKS[finding["severity"]] + (finding["assurance"] != "contradicted")
    return _made(level, rank, place_of(finding, record), finding["rule"], told(finding, style), finding["id"])


def _stopped(stop: Stop) -> _Note:
    return _made(0, -1, stop.place, stop.rule, stop.message, stop.id)


def _made(level: int, rank: int, where: Place, title: str, text: str, id_: str) -> _Note:
    return level, rank, where.path, where.line, where.column, where.end_column, title, f"{cut(text, MAX_TEXT)} ({id_})"


def _command(note: _Note) -> str:
    level, _, path, line, column, end_column, title, text = note
    properties = {"file": path, "line": line, "endLine": line, "col": column, "endColumn": end_column, "title": title}
    shown = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
    return f"::{LEVELS[level]} {shown}::{harmless(text).translate(_DATA)}"


def _property(value: object) -> str:
    return harmless(value).translate(_PROPERTY)
