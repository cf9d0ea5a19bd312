"""A step summary for GitHub: what adds up, then what blocks, a table a manifest, as far as the step's budget goes.

GitHub drops the whole summary of a step that is larger than 1 MiB; other commands of the step may write to it, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from policycheck.formats._machine import Place, Stop, blocking, cut, place_of, run_stops, stops, told
from policycheck.formats._markdown import encoded, safe
from policycheck.model import Outcome
from policycheck.report import Record, Totals

if TYPE_CHECKING:
    from policycheck.run import View

RECORD = "full"
SEPARATOR = b""
#: 1 MiB, less what the heading, the sums and other commands of the step may need.
BUDGET = 1024 * 1024 - 128 * 1024
MAX_STOPS = 100
MAX_TEXT = 400
#: What GitHub would make a link of by itself.
_LINK = re.compile(r"(?<=www)\.|(?<=http)(?=:)|(?<=https)(?=:)")
_HEADING, _ROW = b"### ", b"| **"
_WORDS = {"gap": "gap", "unknown": "unknown", "met": "met", "not_used": "not used", "not_applicable": "not applicable"}
_TABLE = ["| | rule | where | what | id |", "|---|---|---|---|---|"]


def detail(style: Mapping[str, Any]) -> frozenset[Outcome]:
    """The outcomes whose findings are explained; the others are only counted."""
    return frozenset({Outcome.GAP, Outcome.UNKNOWN})


def begin(view: View) -> bytes:
    """Nothing: the sums come first, and are known last."""
    return b""


def part(view: View, record: Record) -> bytes:
    """One manifest's heading, counts and table of what blocks."""
    rows = [_stopped(stop) for stop in stops(record, view.style)]
    rows += [_row(finding, record, view.style) for finding in blocking(record)]
    findings, counts = record["counts"]["findings"], record["counts"]
    said = " · ".join(f"{findings[outcome]} {word}" for outcome, word in _WORDS.items())
    lines = [f"### {_safe(record['organization'].get('id'))}", "", f"{said} · {counts['accepted']} accepted", ""]
    lines += [*_TABLE, *rows, ""] if rows else ["Nothing blocks.", ""]
    return encoded(lines)


def end(view: View, totals: Totals) -> bytes:
    """What the run adds up to, and what stopped it: stands first, see `Collector.end`."""
    documents = ", ".join(_safe(d["id"]) for d in view.header["criteria"]["documents"])
    held = f"{totals.manifests} manifest{'s' * (totals.manifests != 1)} held against {documents}"
    lines = [
        f"## policycheck: exit code {totals.exit_code}",
        "",
        f"{held}, as of {_safe(view.header['as_of'])}.",
        "",
        f"Report {totals.report_id}.",
        "",
    ]
    loosened = ", ".join(map(_safe, view.header["options"]["loosened_by"]))
    lines += [f"This run was loosened by {loosened}.", ""] if loosened else []
    lines += ["| | " + " | ".join(_WORDS.values()) + " |", "|---" * (len(_WORDS) + 1) + "|"]
    sums = (
        ("expectations", totals.expectations), ("findings", totals.findings), ("of the declaration itself", totals.integrity)
    )  # fmt: skip
    for name, numbers in sums:
        lines.append(f"| {name} | " + " | ".join(str(numbers.get(outcome, 0)) for outcome in _WORDS) + " |")
    marks = totals.marks
    beside = ", ".join(f"{marks[name]} {name}" for name in ("contradicted", "accepted", "known"))
    lines += ["", f"{marks['blocking']} block, {beside}.", ""]
    return encoded([*lines, *_stops(totals, view.style)])


def collect(view: View) -> Collector:
    """What holds the tables back until the sums are known, and keeps the budget."""
    return Collector(view)


class Collector:
    """Holds at most BUDGET bytes, whole lines of them, and counts the manifests and rows that found no room."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._kept: list[bytes] = []
        self._size = self._left = self._manifests = 0

    def add(self, rendered: bytes) -> bytes:
        """One manifest; nothing is printed yet."""
        for line in rendered.splitlines(keepends=True):
            if self._size + len(line) > BUDGET:
                self._left += line.startswith(_ROW)
                self._manifests += line.startswith(_HEADING)
                self._size = BUDGET
            else:
                self._size += len(line)
                self._kept.append(line)
        return b""

    def end(self, totals: Totals) -> bytes:
        """The sums, the tables, and how much was left out."""
        left = [(self._manifests, "more manifests"), (self._left, "more that block")]
        told = " and ".join(f"{count} {what}" for count, what in left if count)
        rest = f"\n{told} found no room here; the report shows all of them.\n" if told else ""
        last = encoded([_safe(self._view.header["disclaimer"])])
        return end(self._view, totals) + b"".join(self._kept) + rest.encode() + last


def _row(finding: Record, record: Record, style: Mapping[str, Any]) -> str:
    mark = "contradicted" if finding["assurance"] == "contradicted" else finding["outcome"]
    where = _where(place_of(finding, record))
    told_of = _safe(cut(told(finding, style), MAX_TEXT))
    return f"| **{mark}** {finding['severity']} | {_safe(finding['rule'])} | {where} | {told_of} | {finding['id']} |"


def _stopped(stop: Stop) -> str:
    return f"| **error** | {stop.rule} | {_where(stop.place)} | {_safe(cut(stop.message, MAX_TEXT))} | {stop.id} |"


def _stops(totals: Totals, style: Mapping[str, Any]) -> list[str]:
    rows = [_stopped(stop) for stop in run_stops(totals, style)]
    more = [f"{len(rows) - MAX_STOPS} more of these are left out.", ""] if len(rows) > MAX_STOPS else []
    return [*_TABLE, *rows[:MAX_STOPS], "", *more] if rows else []


def _where(where: Place) -> str:
    return _safe(f"{where.path}:{where.line}")


def _safe(text: object) -> str:
    """Text of others: no Markdown, no HTML, no mention, no link, no line of its own."""
    return _LINK.sub(r"\\\g<0>", safe(text))
