"""The action list: a row a finding, what to work on first, for the formats that are tables.

Contradictions come first, then gaps, unknowns, and what somebody accepted or a baseline knows; then what needs no action,
so that every finding is there and the list can be counted. Within each, the worst first, then in the order of the report.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from json import JSONEncoder, loads
from typing import TYPE_CHECKING, Any, NamedTuple

from policycheck.errors import UsageError
from policycheck.formats._machine import RANKS, STOPS, Stop
from policycheck.formats._terminal import harmless
from policycheck.report import Record

if TYPE_CHECKING:
    from policycheck.run import View

#: One row: plain text, or whole numbers.
Row = list[str | int]
#: More than anyone works through, and what fits well into the memory of a small machine.
MAX_FINDINGS = 100_000
_NOT_XML = re.compile("[^\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OPEN = ("gap", "unknown")
_encode = JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


class Column(NamedTuple):
    """A column: its heading, its width in characters, and whether it is a number."""

    name: str
    width: int


COLUMNS = (
    Column("Severity", 10), Column("Outcome", 14), Column("Assurance", 13), Column("Status", 14), Column("Title", 30),
    Column("Subject", 22), Column("What", 48), Column("To close", 48), Column("Where", 30), Column("Also declared at", 26),
    Column("Owner", 14), Column("Due", 12), Column("Ticket", 12), Column("Management response", 26),
    Column("Expectations", 18), Column("Rule", 28), Column("Organization", 18), Column("Manifest", 30), Column("Id", 40),
    Column("Report", 40),
)  # fmt: skip


def plain(text: object) -> str:
    """Text of others on one line, of a sane length, without what a spreadsheet or XML cannot hold."""
    return _NOT_XML.sub("\ufffd", harmless("" if text is None else text)).strip()


def spot(place: Record | None) -> str:
    """A place as `path:line`."""
    return plain(f"{place['path']}:{place['line']}") if place else ""


def subject(finding: Record) -> str:
    """What a finding is about."""
    kind, name = finding["subject"]["kind"], finding["subject"]["id"]
    return plain(f"{kind} {name}" if name != kind else kind)


def word(name: str) -> str:
    """A word of the report as one reads it."""
    return name.replace("_", " ")


def status(finding: Record) -> str:
    """What becomes of a finding: the words are explained in the sheet Method."""
    state = finding.get("baseline", {}).get("state", "")
    if finding.get("exception"):
        return "accepted"
    if finding["outcome"] not in _OPEN:
        return "no action"
    if state == "known":
        return "known, overdue" if finding["baseline"].get("overdue") else "known"
    if finding.get("warns_until"):
        return "warning"
    return "open" if finding["blocks"] else "open, not blocking"


def due(finding: Record) -> str:
    """The day by which something must happen, where the report knows one: the exception's, the baseline's, the warning's."""
    days = (
        finding.get("exception", {}).get("expires_on"),
        finding.get("baseline", {}).get("due_on"),
        finding.get("warns_until"),
    )
    return plain(next(filter(None, days), ""))


def rows(view: View, record: Record) -> list[Row]:
    """One manifest's rows, without the report's id, which is known last."""
    rules = view.header["rules"]
    return [_row(finding, record, rules) for finding in record["findings"]]


def _row(finding: Record, record: Record, rules: Record) -> Row:
    is_open = finding["outcome"] in _OPEN
    close = finding.get("remediation") or rules.get(finding["rule"], {}).get("remediation", "")
    return [
        finding["severity"], word(finding["outcome"]), finding["assurance"], status(finding), plain(finding["title"]),
        subject(finding), _what(finding), plain(close) if is_open else "",
        spot(finding["location"]), ", ".join(map(spot, finding.get("related", ()))),
        _said(finding, "owner") or plain(finding.get("owner")), due(finding), _said(finding, "ticket"), "",
        ", ".join(finding["expectations"]), plain(finding["rule"]), plain(record["organization"].get("id")),
        plain(record["manifest"]), finding["id"],
    ]  # fmt: skip


def stopped(stop: Stop, record: Record | None = None) -> Row:
    """What stopped a run, as a row: an error, which is no finding. `record` is the manifest's, where it is of one."""
    title, close = STOPS[stop.rule]
    organization, manifest = (record["organization"].get("id"), record["manifest"]) if record else ("", "")
    return [
        "high", "error", "", "open", title, "", plain(stop.message), close, spot(stop.place._asdict()),
        *[""] * 6, stop.rule, plain(organization), plain(manifest), stop.id,
    ]  # fmt: skip


def loosening(note: Stop) -> Row:
    """What let more through than the defaults, as a row: neither a finding nor an error, and nothing to close."""
    title = "The run let more through than the defaults"
    return ["info", "loosened", "", "no action", title, "", plain(note.message), *[""] * 8, note.rule, "", "", note.id]


def _said(finding: Record, key: str) -> str:
    """What the exception or the baseline says of a finding."""
    return plain(finding.get("exception", {}).get(key) or finding.get("baseline", {}).get(key))


def _what(finding: Record) -> str:
    said = [finding.get("message") or finding.get("because_of") or ""]
    if finding.get("equivalent"):
        said.append(f"Met by an equivalent measure: {finding['equivalent']}.")
    if finding.get("verified_facts"):
        said.append("Verified {} of {} facts.".format(*finding["verified_facts"]))
    return plain(" ".join(filter(None, said)))


def urgency(row: Row) -> tuple[int, int]:
    """What a row is sorted by: contradictions, gaps, unknowns, what is known or accepted, the rest; the worst first."""
    severity, outcome, assurance, state = map(str, row[:4])
    if assurance == "contradicted":
        rank = 0
    elif state in ("accepted", "known", "known, overdue"):
        rank = 3
    else:
        rank = ("", "gap", "unknown", "", "not used", "met", "not applicable").index(outcome)
    return rank, RANKS[severity]


def packed(findings: int, value: Any) -> bytes:
    """One manifest's share for the collector, after how many findings are in it."""
    return f"{findings} {_encode(value)}".encode()


class Gathered:
    """The shares of a run, held until all are there. Raises UsageError when they are more than a table should hold."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._shares: list[bytes] = []
        self._count = 0

    def add(self, rendered: bytes) -> None:
        """One manifest's share, as `packed` made it."""
        count, _, share = rendered.partition(b" ")
        self._count += int(count)
        if self._count > MAX_FINDINGS:
            raise UsageError(
                f"{self._name} holds at most {MAX_FINDINGS:,} findings; name fewer manifests, or use --format jsonl"
            )
        self._shares.append(share)

    def __iter__(self) -> Iterator[Any]:
        return map(loads, self._shares)


def ordered(found: Iterable[Row], report_id: str) -> list[Row]:
    """The rows of a run, the most urgent first, each with the report's id."""
    return [[*row, report_id] for row in sorted(found, key=urgency)]
