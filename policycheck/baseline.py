"""Known gaps, by finding id, for a gate that says "no new gaps". The evaluation date is an argument.

A baseline file is YAML that people may annotate (owner, due_on, ticket, plan). It survives inserted lines, renamed files and
reordered lists, because ids do. A gap that got worse since (contradicted, higher severity, an unknown that became a gap) is
new; a gap of a rule that did not exist then is told apart; an entry whose gap is gone must be pruned. What was written under
a rule's former name is known under today's.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from policycheck.checks import CHECKS, COMPLETE, HYGIENE, MATCHES, READABLE
from policycheck.document import Document, quoted
from policycheck.judge import finding_id
from policycheck.language.evaluate import day
from policycheck.language.types import suggest
from policycheck.model import BINDING, Assurance, Debt, Finding, Options, Outcome, Problem, Severity, Subject
from policycheck.packs import Criteria, Expectation, Rule

FORMAT = "policycheck-baseline"
VERSION = 1
NOTES = ("owner", "due_on", "ticket", "plan")
_OPEN = frozenset({Outcome.GAP, Outcome.UNKNOWN})
_REQUIRED = ("id", "organization", "rule", "subject", "outcome", "severity", "assurance", "since")
#: What some properties of an entry may say; dates besides.
_WORDS = {
    "outcome": [outcome.value for outcome in _OPEN],
    "severity": [severity.value for severity in Severity],
    "assurance": [assurance.value for assurance in Assurance],
}
_DATES = ("since", "due_on")


class Baseline(NamedTuple):
    """What was known on a day: the gaps by id, and the rules and packs there were."""

    written_on: str
    rules: frozenset[str]
    packs: Mapping[str, str]
    gaps: Mapping[str, Mapping[str, Any]]


def read(document: Document, path: str) -> tuple[Baseline | None, list[Problem]]:
    """The baseline that a parsed file holds, or everything that is wrong with it."""
    data = document.data
    if not isinstance(data, dict) or data.get(FORMAT) != VERSION:
        return None, [
            Problem(path, 1, 1, f"is not a baseline; it starts with `{FORMAT}: {VERSION}` (policycheck baseline write)")
        ]
    problems = [_problem(document, path, holder, key, message) for holder, key, message in _flaws(data)]
    if problems:
        return None, sorted(problems)
    gaps = {gap["id"]: gap for gap in data.get("gaps") or []}
    return Baseline(str(data["written_on"]), frozenset(data["rules"]), data.get("packs") or {}, gaps), []


def _problem(document: Document, path: str, holder: Any, key: Any, message: str) -> Problem:
    place = document.locate(holder, key)
    said = f"{document.route(holder, key)}: {message}" if key is not None else message
    return Problem(path, place.line, place.column, said) if place else Problem(path, 0, 0, said)


def _flaws(data: dict[str, Any]) -> Iterator[tuple[Any, Any, str]]:
    """What is wrong, with the container and the key that it is wrong with."""
    known = (FORMAT, "written_on", "packs", "rules", "gaps")
    yield from ((data, key, f"no such key{suggest(str(key), known)}") for key in data if key not in known)
    if not _is_day(data.get("written_on")):
        yield data, "written_on", "must be a date, as 2026-11-21"
    if not isinstance(data.get("packs") or {}, dict):
        yield data, "packs", "must be a map of packs to their digests"
    rules, gaps = data.get("rules"), data.get("gaps") or []
    if not isinstance(rules, list) or not all(isinstance(name, str) for name in rules):
        yield data, "rules", "must be the list of rules that there were (policycheck baseline write)"
    if not isinstance(gaps, list):
        yield data, "gaps", "must be a list"
        return
    seen = set[str]()
    for index, gap in enumerate(gaps):
        if not isinstance(gap, dict):
            yield gaps, index, "must be a map"
            continue
        yield from _entry_flaws(gap)
        if gap.get("id") in seen:
            yield gap, "id", f"{gap['id']} is there twice"
        seen.add(str(gap.get("id")))


def _entry_flaws(gap: dict[str, Any]) -> Iterator[tuple[Any, Any, str]]:
    known = (*_REQUIRED, *NOTES)
    for key, value in gap.items():
        if key not in known:
            yield gap, key, f"no such key{suggest(str(key), known)}"
        elif isinstance(value, (dict, list)):
            yield gap, key, "must be a text"
        elif key in _WORDS and value not in _WORDS[key]:
            yield gap, key, f"must be one of {', '.join(sorted(_WORDS[key]))}"
        elif key in _DATES and value is not None and not _is_day(value):
            yield gap, key, "must be a date, as 2026-11-21"
    yield from ((gap, None, f"a gap lacks its `{key}`") for key in _REQUIRED if gap.get(key) is None)


def _is_day(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 10 and day(value) is not None


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


def answered(known: Baseline, criteria: Criteria, options: Options) -> frozenset[str]:
    """The ids of the entries of which a run can say that the gap is gone: their rule was judged, or there is none any more.

    A rule that no pack holds may still be one of a pack that this run was not given. A gap that an artefact showed, or
    whose rule leans on what one shows, is not gone because a run read none.
    """
    unread = () if options.evidence else (MATCHES.id, READABLE.id, COMPLETE.id)
    # Whether an exception is still needed is told by a run that reads everything and judges everything.
    untold = () if options.evidence and not options.criteria else (HYGIENE.id,)
    asked = {rule.id for rule in criteria.rules if _is_asked_whole(rule, criteria)}
    judged = asked | (CHECKS.keys() - {*unread, *untold})
    if known.packs.keys() <= {pack.id for pack in criteria.packs}:
        judged |= {str(entry["rule"]) for entry in known.gaps.values()} - criteria.every_rule.keys() - CHECKS.keys()
    return frozenset(
        key for key, entry in known.gaps.items() if entry["rule"] in judged and (options.evidence or not _is_shown(entry))
    )


def _is_asked_whole(rule: Rule, criteria: Criteria) -> bool:
    """Whether the chosen expectations of a rule ask the same of the same organisations as those that were left out.

    Else the rule may not concern, under this choice, somebody whom it did concern when the gap was written down.
    """
    if not criteria.chosen:
        return True
    every, chosen = criteria.every_expectation, criteria.expectations
    asked = {_whom(every[name]) for name in rule.expectations if name in chosen}
    return all(_whom(every[name]) in asked for name in rule.expectations if name in every and name not in chosen)


def _whom(expectation: Expectation) -> tuple[object, ...]:
    """Whom an expectation concerns, and whether it binds them at all: a rule of measures that one may use finds no gap."""
    is_binding = expectation.modality in BINDING
    whom = (expectation.addressees, expectation.excluded_roles, expectation.sizes, expectation.jurisdictions)
    return is_binding, *map(frozenset, whom)


def _is_shown(entry: Mapping[str, Any]) -> bool:
    """Whether an artefact stood behind what was written down."""
    return str(entry.get("assurance", Assurance.DECLARED.value)) != Assurance.DECLARED.value


def fixed(findings: Iterable[Finding], known: Baseline, organization: str, ids: frozenset[str]) -> tuple[str, ...]:
    """The entries of an organization whose gap is gone, as `rule subject`; only of `ids`, those that were `answered`."""
    still = {f.id for f in findings if f.outcome in _OPEN}
    gone = [
        entry for key, entry in known.gaps.items()
        if key not in still and entry["organization"] == organization and key in ids
    ]  # fmt: skip
    return tuple(f"{entry['rule']} on {entry['subject']}" for entry in gone)


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
