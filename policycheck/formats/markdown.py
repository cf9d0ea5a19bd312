"""A gap summary one can send: what was held against what, the gaps with what closes them, the open questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from policycheck.formats import _by_framework, _changes
from policycheck.formats._machine import unjudged, unjudged_at_all, unpruned
from policycheck.formats._markdown import code, encoded, safe
from policycheck.model import Outcome
from policycheck.questions import by_subject, is_unread
from policycheck.report import Record, Totals, starting

if TYPE_CHECKING:
    from policycheck.run import View

RECORD = "full"
SEPARATOR = b"\n"
SHOWS_SINCE = True
#: Of what changed; the trend has all.
MAX_CHANGES = 10
#: Of the facts of a gap; the JSON report has them all.
MAX_FACTS = 6
_WORDS = {"gap": "gap", "unknown": "unknown", "met": "met", "not_used": "not used", "not_applicable": "not applicable"}


def detail(style: Mapping[str, Any]) -> frozenset[Outcome]:
    """The outcomes whose findings are explained; the others are only counted."""
    return frozenset({Outcome.GAP, Outcome.UNKNOWN, *((Outcome.MET, Outcome.NOT_USED) if style.get("view") else ())})


def begin(view: View) -> bytes:
    """The title and the criteria."""
    named = view.header["criteria"]["documents"]
    documents = [f"- **{d['id']}** {safe(d['title'])} ({safe(d['date'])}, {safe(d['status'])})" for d in named]
    loosened = view.header["options"]["loosened_by"]
    note = [f"This run was loosened by: {', '.join(code(x) for x in loosened)}.", ""] if loosened else []
    note += ["Values and quotations are left out of this copy.", ""] if view.style.get("redact") else []
    return encoded(["# Gap summary", "", f"As of {view.header['as_of']}, held against:", "", *documents, "", *note])


def part(view: View, record: Record) -> bytes:
    """One manifest."""
    organization = record["organization"]
    lines = [f"## {safe(organization.get('name') or organization.get('id'))}", ""]
    lines += [f"Manifest: {code(record['manifest'])}", "", *_counts(record), "", *_since(view, record)]
    lines += _supported(view, record, str(view.style["view"])) if view.style.get("view") else []
    gaps = [f for f in record["findings"] if f["outcome"] == "gap" and "exception" not in f]
    own = sum(not f["expectations"] for f in gaps)
    aside = f", {own} of them of the declaration itself" if own else ""
    lines += [f"### Gaps ({len(gaps)}{aside})", ""] if gaps else ["No gaps were found.", ""]
    asked = {e["id"]: e for e in record["expectations"]}
    for finding in gaps:
        lines += _gap(finding, asked)
    broken = unjudged(record)
    lines += [f"### Could not be judged ({len(broken)})", "", *(f"- {safe(told)}" for told in broken), ""] if broken else []
    lines += _accepted(record) + _unread(record) + _questions(record) + _redacted(record)
    return encoded(lines)


def end(view: View, totals: Totals) -> bytes:
    """What the document is not, and what could not be read."""
    lines = ["---", "", safe(view.header["disclaimer"]), "", f"Report {totals.report_id}.", ""]
    every = unjudged_at_all(totals)
    lines += ["Not judged:", "", *(f"- {safe(told)}" for told in every), ""] if every else []
    return encoded([*lines, *(line for told in unpruned(totals) for line in (safe(told), ""))])


def _counts(record: Record) -> list[str]:
    expectations, findings = record["counts"]["expectations"], record["counts"]["findings"]
    lines = ["| | " + " | ".join(_WORDS.values()) + " |", "|---|" + "---|" * len(_WORDS)]
    lines.append("| expectations | " + " | ".join(str(expectations[o]) for o in _WORDS) + " |")
    lines.append("| findings | " + " | ".join(str(findings[o]) for o in _WORDS) + " |")
    integrity = record["counts"]["integrity"]
    lines.append("| of the declaration itself | " + " | ".join(str(integrity[o]) for o in _WORDS) + " |")
    for fact, names in record["scope"]["not_concerned"].items():
        lines += ["", f"{len(names)} expectations do not concern this organisation, because of {code(fact)}."]
    for day, some in starting(record["findings"]):
        rules = ", ".join(code(name) for name in dict.fromkeys(f["rule"] for f in some))
        lines += ["", f"From {day}, {len(some)} more will block: {rules}."]
    return lines


def _supported(view: View, record: Record, framework: str) -> list[str]:
    """The same findings by another framework's identifiers, a line each, with all that supports it."""
    title, called = _by_framework.FRAMEWORKS[framework]
    lines = [f"### Support for {safe(title)}", "", safe(_by_framework.about(framework)), ""]
    lines += [f"| {called} | outcome | gaps | unknown | met | supported by (confidence) |", "|---|---|---|---|---|---|"]
    found = _by_framework.supported(view, record, framework)
    for one in [one for one in found if one.outcome != "not_applicable"]:
        gaps, unknown, met = one.counts
        rows = [(row, sure) for row, sure in one.rows if row.outcome != "not_applicable"]
        behind = ", ".join(f"{row.expectation['id']} ({_by_framework.SURE.get(sure, 'not given')})" for row, sure in rows)
        lines.append(f"| {safe(one.name)} | {_WORDS[one.outcome]} | {gaps} | {unknown} | {met} | {safe(behind)} |")
    out = ", ".join(one.name for one in found if one.outcome == "not_applicable")
    return [*lines, "", *([f"Supported only by what does not concern this organisation: {safe(out)}.", ""] if out else [])]


def _since(view: View, record: Record) -> list[str]:
    """What changed since the report that was named, if one was."""
    if view.since is None:
        return []
    since = view.since(record)
    lines = ["### What changed", ""]
    for sentence in _changes.since(since):
        lines += [safe(sentence), ""]
    found = _changes.grave(since.get("changes", ()))
    for change in found[:MAX_CHANGES]:
        subject = f"{safe(change['subject']['kind'])} {code(change['subject']['id'])}"
        named = f"{code(change['rule'])}, {subject}"
        lines.append(f"- {safe(_changes.worded(change))}: **{_changes.side(change)['severity']}** {named}")
    lines += [f"- and {len(found) - MAX_CHANGES} more"] if len(found) > MAX_CHANGES else []
    return [*lines, ""] if found else lines


def _gap(finding: Record, asked: dict[str, Record]) -> list[str]:
    place = finding["location"]
    where = f" at {code(_spot(place))}" if place else ""
    mark = ""
    if finding["assurance"] == "contradicted":
        beside = [f", declared at {code(_spot(place))}" for place in finding.get("related", ())[:1]]
        mark = f" (contradicted by the repository{''.join(beside)})"
    subject = f"{safe(finding['subject']['kind'])} {code(finding['subject']['id'])}"
    lines = [f"#### {code(finding['rule'])}, {subject}", "", safe(finding.get("message", "")), ""]
    lines += [f"**{finding['severity']}**{mark}{where}. Asked is: {safe(finding['title'])}.", ""]
    for name in finding["expectations"]:
        row = asked.get(name)
        lines.append(f"- asked by {name}" + (f" ({safe(row['locator'])}, {row['modality']})" if row else ""))
    lines += [f"- {code(fact['route'])}: {_fact(fact)}" for fact in finding["facts"][:MAX_FACTS]]
    more = len(finding["facts"]) - MAX_FACTS
    lines += [f"- and {more} more facts"] if more > 0 else []
    lines += [""] if lines[-1] else []
    close = finding.get("remediation", "")
    return [*lines, *([f"To close: {safe(close)}", ""] if close else [])]


def _fact(fact: Record) -> str:
    """What a fact says. What an artefact says stands there; the route leads to all that is declared."""
    if not fact.get("declared", True):
        return "the pack has no such row" if fact.get("source") == "pack" else "not declared"
    place = fact.get("location")
    return code(fact["value"]) + (f" in {code(_spot(place))}" if place and fact.get("source") == "artefact" else "")


def _spot(place: Record) -> str:
    return f"{place['path']}:{place['line']}"


def _accepted(record: Record) -> list[str]:
    some = [f for f in record["findings"] if "exception" in f]
    if not some:
        return []
    head = ["rule", "subject", "reason", "approved by", "ticket", "until", "meanwhile"]
    lines = [f"### Accepted ({len(some)})", "", "| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for finding in some:
        by = finding["exception"]
        subject = f"{finding['subject']['kind']} {finding['subject']['id']}"
        cells = [subject, by["reason"], by["approver"], by["ticket"], by["expires_on"], by["compensating_control"]]
        denied = " (contradicted by the repository)" if finding["assurance"] == "contradicted" else ""
        lines.append(f"| {code(finding['rule'])}{denied} | " + " | ".join(map(safe, cells)) + " |")
    return [*lines, ""]


def _unread(record: Record) -> list[str]:
    some = [f for f in record["findings"] if is_unread(f)]
    lines = [f"### Evidence that could not be read ({len(some)})", ""] if some else []
    for finding in some:
        why = finding.get("message") or f"{finding['rule']}: {finding.get('because_of', '')}"
        lines.append(f"- **{finding['severity']}** {safe(why)}")
    return [*lines, ""] if lines else []


def _redacted(record: Record) -> list[str]:
    taken = record.get("redactions", ())
    lines = ["### Taken out, because it looks like a credential", ""] if taken else []
    lines += [f"- {safe(one['what'])} at {code(one['where'])}" for one in taken]
    return [*lines, ""] if lines else []


def _questions(record: Record) -> list[str]:
    unknown = [f for f in record["findings"] if f["outcome"] == "unknown" and not is_unread(f)]
    groups = by_subject(unknown)
    if not groups:
        return []
    lines = [f"### Not declared ({len(unknown)} findings wait)", ""]
    for subject, fields, count, _ in groups:
        lines.append(f"- {code(subject)}: {', '.join(code(f) for f in fields)} ({count})")
    return [*lines, ""]
