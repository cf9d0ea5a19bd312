"""What a manifest's findings add up to: the roll-up by expectation and the counts. The counts add up in every format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from policycheck.judge import Concern, Plan
from policycheck.model import Assurance, Counts, Finding, Options, Outcome, Rollup, Severity, WarnUntil
from policycheck.packs import Criteria, Rule
from policycheck.redaction import harmless

_STRENGTH = {outcome: rank for rank, outcome in enumerate(Outcome)}
_APPLIES = frozenset(Outcome) - {Outcome.NOT_APPLICABLE}
#: Where a judgement stands, and what a redacted copy keeps of its exception and of its entry in the baseline.
_PLACE, _EXCEPTION = ("path", "line", "column"), ("id", "ticket", "granted_on", "expires_on", "compensating_control")
_BASELINE = ("state", "since", "due_on", "ticket", "overdue")
_GAP, _UNKNOWN, _NOT_APPLICABLE = Outcome.GAP, Outcome.UNKNOWN, Outcome.NOT_APPLICABLE


class Tally:
    """Counts one manifest's judgements as they come."""

    def __init__(self, plan: Plan, options: Options) -> None:
        self.plan, self.options = plan, options
        self.ordinary = dict.fromkeys(Outcome, 0)
        self.special = dict.fromkeys(Outcome, 0)
        self.blocking = self.accepted = 0
        self._seen: dict[str, list[Outcome]] = {}
        self.ordinary[_NOT_APPLICABLE] = len(plan.unconcerned)

    def add_one(self, rule: Rule, concern: Concern, finding: Finding) -> None:
        """Count one finding. An accepted gap has its own heading; what a baseline knows is counted and does not block."""
        counter = self.ordinary if rule.expectations else self.special
        if finding.exception is None:
            counter[finding.outcome] += 1
        else:
            self.accepted += 1
        self.blocking += stops(finding, self.options)
        self._see(concern, (finding.outcome,))

    def add(self, rule: Rule, concern: Concern, outcomes: Sequence[Outcome]) -> None:
        """Count judgements of one rule with the outcomes they ended with."""
        counter = self.ordinary if rule.expectations else self.special
        for outcome in outcomes:
            counter[outcome] += 1
            if outcome is _GAP or outcome is _UNKNOWN:
                self.blocking += blocks(outcome, concern.severity, self.options)
        self._see(concern, outcomes)

    def _see(self, concern: Concern, outcomes: Sequence[Outcome]) -> None:
        for name in concern.ids if concern.expectations else ():
            seen = self._seen.get(name)
            if seen is None:
                self._seen[name] = [*outcomes]
            else:
                seen += outcomes

    def rollup(self) -> dict[str, Rollup]:
        """Per expectation that has a rule: gap if any finding is a gap, else unknown, else met, not used, not applicable."""
        found = dict(self.plan.rollup)
        for name, seen in self._seen.items():
            if seen:
                outcome = min(seen, key=_STRENGTH.__getitem__) if len(seen) > 1 else seen[0]
                found[name] = Rollup(outcome, seen.count(_GAP), len(seen) - seen.count(_NOT_APPLICABLE))
        return found

    def counts(
        self, findings: Iterable[Finding], integrity: list[Finding], rollup: Mapping[str, Rollup], equivalent: int = 0
    ) -> Counts:
        """The numbers of the manifest. Integrity findings (no expectation behind them) have their own line.

        `equivalent` is how many of those without a finding are met by another measure than the one that was asked for.
        """
        special = dict(self.special)
        for finding in integrity:
            special[finding.outcome] += 1
        every = list(findings)
        assurances = [f.assurance for f in every]
        return Counts(
            findings=_filled(self.ordinary),
            expectations=_filled(Counter([r.outcome for r in rollup.values()])),
            integrity=_filled(special),
            accepted=self.accepted,
            known=sum(map(is_known, every)),
            equivalent=equivalent + sum(f.equivalent != "" for f in every),
            contradicted=assurances.count(Assurance.CONTRADICTED),
            verified=assurances.count(Assurance.VERIFIED),
            blocking=self.blocking + sum(stops(f, self.options) for f in integrity),
        )


def verdicts(findings: Iterable[Finding], plan: Plan, counted: Mapping[str, Sequence[Outcome]]) -> tuple[str, ...]:
    """Rule, outcome, assurance and severity of everything that was judged and applies; the same whatever was explained."""
    found = [_verdict(f) for f in findings if f.outcome in _APPLIES]
    for rule, concern in plan.judged if counted else ():
        for outcome in counted.get(rule.id, ()):
            if outcome is not _NOT_APPLICABLE:
                # What is only counted was weighed against nothing: it is as declared.
                found.append(verdict(rule.id, outcome, Assurance.DECLARED, concern.severity))
    found.sort()
    return tuple(found)


def _verdict(finding: Finding) -> str:
    judged = verdict(finding.rule, finding.outcome, finding.assurance, finding.severity)
    if finding.assurance is Assurance.DECLARED and not (finding.exception or finding.debt or finding.warns_until):
        return judged
    place, by, debt = ({} if one is None else one._asdict() for one in (finding.location, finding.exception, finding.debt))
    return backed(judged, finding.verified, place, by, debt, finding.warns_until)


def backed(
    judged: str, verified: Sequence[int], place: Mapping[str, Any], exception: Mapping[str, Any], debt: Mapping[str, Any],
    warns_until: str,
) -> str:  # fmt: skip
    """The same of what is more than declared, or held back: with how much was verified, where it stands, and until when.

    Every run knows these of such a judgement. Of the others a run may only count, and knows no place.
    """
    behind = [*(place.get(key) for key in _PLACE), *(exception.get(key) for key in _EXCEPTION), *map(debt.get, _BASELINE)]
    return "\0".join([judged, *map(str, verified), *(harmless(str(one)) if one else "" for one in (*behind, warns_until))])


@lru_cache(8192)
def verdict(rule: str, outcome: Outcome, assurance: Assurance, severity: Severity) -> str:
    """One judgement as the report's id binds it."""
    return f"{rule} {outcome.value} {assurance.value} {severity.value}"


def untested(criteria: Criteria) -> dict[str, tuple[str, ...]]:
    """The other expectations, by why no rule judges them: not codifiable, awaiting their source, or no rule yet."""
    named = set(criteria.tested)
    rest = [e for e in criteria.expectations.values() if e.id not in named]
    return {
        "not_codifiable": tuple(e.id for e in rest if e.uncodifiable),
        "awaiting_source": tuple(e.id for e in rest if e.awaiting and not e.uncodifiable),
        "no_rule": tuple(e.id for e in rest if not e.uncodifiable and not e.awaiting),
    }


def blocks(outcome: Outcome, severity: Severity, options: Options) -> bool:
    """Whether a finding makes the run exit 1."""
    if outcome is not _GAP and (outcome is not _UNKNOWN or options.allow_unknown):
        return False
    return severity is not Severity.INFO and severity.rank >= options.fail_on.rank


def stops(finding: Finding, options: Options) -> bool:
    """Whether this very finding makes the run exit 1: it would, and no exception, baseline or grace holds it back."""
    if not blocks(finding.outcome, finding.severity, options):
        return False
    return finding.exception is None and not is_known(finding) and not finding.warns_until


def warned(finding: Finding, criteria: Criteria, options: Options) -> Finding:
    """The finding with the last day on which it only warns, when the run lets it and it would block otherwise."""
    if not stops(finding, options):
        return finding
    documents = {criteria.every_expectation[name].document for name in finding.expectations}
    until = _warns_until(finding, documents, options.warn_until, criteria.renamed)
    return finding._replace(warns_until=until) if until >= options.as_of else finding


def _warns_until(
    finding: Finding, documents: Iterable[str], warnings: Iterable[WarnUntil], renamed: Mapping[str, str]
) -> str:
    """The rule's own day, else the first of its documents' if each has one, else its severity's.

    A finding about the declaration itself belongs to no document and waits only where its rule is named.
    """
    days = {(w.by, renamed.get(w.name, w.name) if w.by == "rule" else w.name): w.until for w in warnings}
    if ("rule", finding.rule) in days or not finding.expectations:
        return days.get(("rule", finding.rule), "")
    by_document = min(days.get(("document", name), "") for name in documents)
    return by_document or days.get(("severity", finding.severity.value), "")


def is_known(finding: Finding) -> bool:
    """Whether a baseline knows the finding as it is."""
    return finding.debt is not None and finding.debt.state == "known"


def _filled(counter: Mapping[Outcome, int]) -> dict[str, int]:
    return {outcome.value: counter.get(outcome, 0) for outcome in Outcome}


def surfaces_of(data: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """The surfaces with what makes them matter, for the report: authentication, sensitivity, how many fields."""
    found = []
    for surface in data.get("surfaces") or ():
        fields = surface.get("fields") or ()
        levels = [f.get("sensitivity") for f in fields if f.get("sensitivity")]
        ranked = sorted(levels, key=("low", "moderate", "high", "special").index)
        found.append(
            {
                "id": surface.get("id"), "kind": surface.get("kind"), "auth": surface.get("auth"),
                "sensitivity": ranked[-1] if ranked else None, "fields": len(fields),
            }
        )  # fmt: skip
    return tuple(found)
