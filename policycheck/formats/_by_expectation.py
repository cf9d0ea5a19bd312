"""A report read by expectation: the documents' paragraphs in order, each with its outcome and the subjects behind it.

No score: a coverage line says how many of the applicable expectations were evaluated, and the rest is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from policycheck.formats._terminal import paint, wrap
from policycheck.report import Record

if TYPE_CHECKING:
    from policycheck.run import View

MAX_SUBJECTS = 6
NOT_APPLICABLE = "not_applicable"
_COLOURS = {"gap": "red", "unknown": "yellow", "met": "green", "not_used": "cyan", "not_applicable": "dim"}
_ORDER = ("gap", "accepted", "unknown", "met", "not_used", "not_applicable")
_ONE_BY_ONE = ("gap", "accepted", "unknown")
_WIDE = len("not applicable")
_INDENT = " " * (_WIDE + 2)


class Answer(NamedTuple):
    """One expectation of a report with the findings behind it, by their outcome; accepted gaps are `accepted`."""

    expectation: Record
    findings: dict[str, list[Record]]

    @property
    def outcome(self) -> str:
        """The roll-up."""
        return str(self.expectation["outcome"])

    @property
    def share(self) -> str:
        """`1 of 5`: how many of the findings are gaps; empty where none is."""
        return f"{self.expectation['gaps']} of {self.expectation['findings']}" if self.expectation["gaps"] else ""


def answers(record: Record, verbose: bool = False) -> list[Answer]:
    """The expectations in the order of their documents. Without `verbose`, findings that do not apply are left out."""
    by_name = grouped(record["findings"], verbose)
    return [Answer(row, _ordered(by_name.get(row["id"], {}))) for row in record["expectations"]]


def grouped(findings: list[Record], verbose: bool = False) -> dict[str, dict[str, list[Record]]]:
    """By expectation and outcome, the findings behind it, accepted gaps on their own; `verbose` adds what does not apply."""
    found: dict[str, dict[str, list[Record]]] = {}
    for finding in findings:
        outcome = "accepted" if "exception" in finding else finding["outcome"]
        for name in finding["expectations"] if verbose or outcome != NOT_APPLICABLE else ():
            found.setdefault(name, {}).setdefault(outcome, []).append(finding)
    return found


def _ordered(found: dict[str, list[Record]]) -> dict[str, list[Record]]:
    return {outcome: found[outcome] for outcome in _ORDER if outcome in found}


def evaluated(record: Record, document: str = "") -> str:
    """The coverage line of one document, or of all of them together."""
    rows = [row for row in record["coverage"] if document in ("", row["document"])]
    return f"evaluated {sum(r['evaluated'] for r in rows)} of {sum(r['applicable'] for r in rows)} applicable expectations"


def lines(view: View, record: Record) -> list[str]:
    """The report's body: a heading a document, then its expectations; runs that do not apply take one line."""
    rows = answers(record, bool(view.style.get("verbose")))
    titles = {d["id"]: d["title"] for d in view.header["criteria"]["documents"]}
    found: list[str] = []
    for document, some in groupby(rows, key=lambda row: row.expectation["document"]):
        inside = list(some)
        found += [
            paint(line, "bold", view.style) for line in wrap(f"{document}  {titles.get(document, '')}", view.style, "", "  ")
        ]
        found += wrap(evaluated(record, document), view.style, "", "")
        found += ["", *_document(view, inside), ""]
    return found


def _document(view: View, rows: list[Answer]) -> Iterator[str]:
    for is_out, some in groupby(rows, key=lambda row: row.outcome == NOT_APPLICABLE and not row.findings):
        if is_out:
            yield from told(view, NOT_APPLICABLE, ", ".join(row.expectation["id"] for row in some))
            continue
        for row in some:
            yield from _answer(view, row)


def _answer(view: View, row: Answer) -> Iterator[str]:
    one = row.expectation
    share = f": {row.share}" if row.share else ""
    yield from told(view, row.outcome, f"{one['id']} ({one['locator']}, {one['modality']}){share}")
    yield from behind(view, row)


def behind(view: View, row: Answer) -> Iterator[str]:
    """What is behind an expectation's outcome."""
    for outcome, findings in row.findings.items():
        label = f"{outcome.replace('_', ' ')}: " if outcome != row.outcome else ""
        yield from _subjects(view, label, outcome, findings)


def told(view: View, outcome: str, text: str) -> Iterator[str]:
    """Lines with the outcome in the margin of the first."""
    first, *rest = wrap(text, view.style, _INDENT, _INDENT + "  ")
    word = outcome.replace("_", " ")
    yield paint(word, _COLOURS.get(outcome, ""), view.style) + " " * (len(_INDENT) - len(word)) + first[len(_INDENT) :]
    yield from rest


def _subjects(view: View, label: str, outcome: str, findings: list[Record]) -> Iterator[str]:
    """What is behind an outcome: a line a gap or unknown, with its rule and place; the rest by name."""
    indent = f"{_INDENT}  "
    verbose = bool(view.style.get("verbose"))
    if outcome in _ONE_BY_ONE:
        for finding in findings if verbose else findings[:MAX_SUBJECTS]:
            told = f"{label}{subject(finding)}, {finding['rule']}{_where(view, finding)}"
            yield from wrap(told, view.style, indent, indent + "  ")
        if not verbose and len(findings) > MAX_SUBJECTS:
            yield f"{indent}and {len(findings) - MAX_SUBJECTS} more; --verbose shows all"
        return
    names = list(dict.fromkeys(map(subject, findings)))
    shown = names if verbose else names[:MAX_SUBJECTS]
    more = f" and {len(names) - len(shown)} more" if len(shown) < len(names) else ""
    yield from wrap(f"{label}{', '.join(shown)}{more}", view.style, indent, indent + "  ")


def subject(finding: Record) -> str:
    """What a finding is about: its kind and id, or the section it is the only one of."""
    kind, name = finding["subject"]["kind"], finding["subject"]["id"]
    return f"{kind} {name}".strip() if name != kind else str(kind)


def _where(view: View, finding: Record) -> str:
    place = finding["location"]
    return f", {view.path(place['path'])}:{place['line']}" if place else ""
