"""Known gaps, by finding id, for a gate that says "no new gaps". The evaluation date is an argument.

A baseline file is YAML that people may annotate (owner, due_on, ticket, plan). It survives inserted lines, renamed files and
reordered lists, because ids do. A gap that got worse since (contradicted, higher severity, an unknown that became a gap) is
new; a gap of a rule that did not exist then is told apart; an entry whose gap is gone must be pruned. What was written under
a rule's former name is known under today's.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from policycheck.document import quoted
from policycheck.judge import finding_id
from policycheck.model import Assurance, Debt, Finding, Outcome, Problem, Severity, Subject

FORMAT = "policycheck-baseline"
VERSION = 1
NOTES = ("owner", "due_on", "ticket", "plan")
_OPEN = frozenset({Outcome.GAP, Outcome.UNKNOWN})


class Baseline(NamedTuple):
    """What was known on a day: the gaps by id, and the rules and packs there were."""

    written_on: str
    rules: frozenset[str]
    packs: Mapping[str, str]
    gaps: Mapping[str, Mapping[str, Any]]


def read(data: Any, path: str) -> tuple[Baseline | None, list[Problem]]:
    """The baseline that a parsed file holds, or what is wrong with it."""
    if not isinstance(data, dict) or data.get(FORMAT) != VERSION:
        return None, [
            Problem(path, 1, 1, f"is not a baseline; it starts with `{FORMAT}: {VERSION}` (policycheck baseline write)")
        ]
    gaps = data.get("gaps") or []
    wrong = [g for g in gaps if not isinstance(g, dict) or not isinstance(g.get("id"), str)]
    if not isinstance(data.get("rules"), list) or wrong:
        return None, [Problem(path, 0, 0, "is not a whole baseline: `rules` and every gap's `id` are needed")]
    found = Baseline(
        str(data.get("written_on")), frozenset(data["rules"]), data.get("packs") or {}, {g["id"]: g for g in gaps}
    )
    return found, []


def under(names: Mapping[str, str], known: Baseline) -> Baseline:
    """The baseline as if it had been written under today's names of rules (`Criteria.renamed`).

    Where several rules became one, the entry under today's name counts, else the first.
    """
    gaps = dict(known.gaps)
    for key, entry in known.gaps.items():
        now = _under(names, entry)
        if now is not entry:
            del gaps[key]
            gaps.setdefault(now["id"], now)
    return known._replace(rules=frozenset(names.get(name, name) for name in known.rules), gaps=gaps)


def _under(names: Mapping[str, str], entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """An entry under today's name; as it is where its id is not that of what it says, since then it cannot be told."""
    former = str(entry.get("rule"))
    if former not in names:
        return entry
    organization, (kind, _, identity) = str(entry.get("organization")), str(entry.get("subject")).partition(" ")
    subject = Subject(kind, identity, "")
    if entry["id"] != finding_id(organization, former, subject):
        return entry
    return {**entry, "id": finding_id(organization, names[former], subject), "rule": names[former]}


def judge(finding: Finding, known: Baseline, as_of: str) -> Debt | None:
    """What a baseline says of a finding; None for what is neither gap nor unknown, or is accepted."""
    if finding.outcome not in _OPEN or finding.exception is not None:
        return None
    entry = known.gaps.get(finding.id)
    if entry is None:
        integrity = not finding.expectations
        return Debt("new" if integrity or finding.rule in known.rules else "new_rule")
    due = str(entry.get("due_on") or "")
    notes = {key: str(entry.get(key) or "") for key in NOTES}
    return Debt(
        "worse" if _worse(finding, entry) else "known", str(entry.get("since") or known.written_on), **notes,
        overdue=bool(due) and as_of > due,
    )  # fmt: skip


def _worse(finding: Finding, entry: Mapping[str, Any]) -> bool:
    if finding.outcome is Outcome.GAP and entry.get("outcome") == Outcome.UNKNOWN.value:
        return True
    if finding.assurance is Assurance.CONTRADICTED and entry.get("assurance") != Assurance.CONTRADICTED.value:
        return True
    before = entry.get("severity")
    return before not in {s.value for s in Severity} or finding.severity.rank > Severity(before).rank


def fixed(findings: Iterable[Finding], known: Baseline, organization: str, rules: frozenset[str]) -> tuple[str, ...]:
    """The entries of an organization whose gap is gone, as `rule subject`; only of rules that were judged."""
    still = {f.id for f in findings if f.outcome in _OPEN}
    gone = [
        entry for key, entry in known.gaps.items()
        if key not in still and entry.get("organization") == organization
        and (entry.get("rule") in rules or entry.get("rule") not in known.rules)
    ]  # fmt: skip
    return tuple(f"{entry.get('rule')} on {entry.get('subject')}" for entry in gone)


def entry_of(finding: Finding, organization: str, as_of: str, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a baseline writes down of a finding; what people noted before is kept."""
    made = {
        "id": finding.id,
        "organization": organization,
        "rule": finding.rule,
        "subject": f"{finding.subject.kind} {finding.subject.id}",
        "outcome": finding.outcome.value,
        "severity": finding.severity.value,
        "assurance": finding.assurance.value,
        "since": str((before or {}).get("since") or as_of),
    }
    return made | {key: before[key] for key in NOTES if before and before.get(key)}


def written(entries: Iterable[Mapping[str, Any]], rules: Iterable[str], packs: Mapping[str, str], as_of: str) -> str:
    """A baseline file."""
    lines = [
        "# Known gaps. A gate holds new ones against this list; owner, due_on, ticket and plan may be added to each.",
        f"{FORMAT}: {VERSION}",
        f"written_on: {as_of}",
        "packs:",
        *(f"  {name}: {_text(digest)}" for name, digest in sorted(packs.items())),
        "rules:",
        *(f"  - {name}" for name in sorted(rules)),
    ]
    gaps = sorted(entries, key=lambda e: (e["organization"], e["rule"], e["subject"], e["id"]))
    lines.append("gaps:" if gaps else "gaps: []")
    for entry in gaps:
        for number, (key, value) in enumerate(entry.items()):
            lines.append(f"  {'- ' if number == 0 else '  '}{key}: {_text(value)}")
    return "\n".join(lines) + "\n"


def _text(value: object) -> str:
    text = str(value)
    plain = text.replace("-", "").replace("_", "").isalnum() and text[0].isalpha() and text.isascii()
    reserved = text.lower() in {"true", "false", "null", "yes", "no", "on", "off"}
    return text if plain and not reserved else quoted(text)
