"""What a manifest's findings add up to: the roll-up by expectation and the counts. The counts add up in every format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from policycheck.judge import Concern, Judge, concerns
from policycheck.language.evaluate import ROOT
from policycheck.model import Assurance, Counts, Finding, Options, Outcome, Rollup, Severity
from policycheck.packs import Criteria

_STRENGTH = list(Outcome)
Key = tuple[str, str, str]


def roll_up(
    criteria: Criteria, outcomes: Mapping[Key, Outcome], concern: Mapping[Key, Concern], organization: Mapping[str, Any]
) -> dict[str, Rollup]:
    """Per expectation that has a rule: gap if any finding is a gap, else unknown, else met, not used, not applicable."""
    seen: dict[str, Counter[Outcome]] = {}
    for key, outcome in outcomes.items():
        for expectation in concern[key].expectations:
            seen.setdefault(expectation.id, Counter())[outcome] += 1
    found: dict[str, Rollup] = {}
    for name in tested(criteria):
        counter = seen.get(name)
        if counter is None:
            answer, fact = concerns(criteria.every_expectation[name], organization)
            outcome = Outcome.NOT_APPLICABLE if answer is False else Outcome.UNKNOWN
            found[name] = Rollup(outcome, 0, 0, fact)
        else:
            outcome = next(o for o in _STRENGTH if counter[o])
            found[name] = Rollup(outcome, counter[Outcome.GAP], counter.total() - counter[Outcome.NOT_APPLICABLE])
    return found


def tested(criteria: Criteria) -> tuple[str, ...]:
    """The expectations that at least one running rule tests, in the order of their documents."""
    named = {e for rule in criteria.rules for e in rule.expectations}
    return tuple(e for e in criteria.expectations if e in named)


def untested(criteria: Criteria) -> dict[str, tuple[str, ...]]:
    """The other expectations, by why no rule judges them: not codifiable, awaiting their source, or no rule yet."""
    named = set(tested(criteria))
    rest = [e for e in criteria.expectations.values() if e.id not in named]
    return {
        "not_codifiable": tuple(e.id for e in rest if e.uncodifiable),
        "awaiting_source": tuple(e.id for e in rest if e.awaiting and not e.uncodifiable),
        "no_rule": tuple(e.id for e in rest if not e.uncodifiable and not e.awaiting),
    }


def blocks(outcome: Outcome, severity: Severity, options: Options) -> bool:
    """Whether a finding makes the run exit 1."""
    if severity is Severity.INFO or severity.rank < options.fail_on.rank:
        return False
    return outcome is Outcome.GAP or (outcome is Outcome.UNKNOWN and not options.allow_unknown)


def count(
    criteria: Criteria, outcomes: Mapping[Key, Outcome], concern: Mapping[Key, Concern], severities: Mapping[Key, Severity],
    findings: Iterable[Finding], integrity: list[Finding], rollup: Mapping[str, Rollup], options: Options,
) -> Counts:  # fmt: skip
    """The numbers of a manifest. Integrity findings (no expectation behind them) have their own line."""
    own = {k for k in outcomes if not criteria.every_rule[k[0]].expectations}
    ordinary = Counter(o.value for k, o in outcomes.items() if k not in own)
    special = Counter(o.value for k, o in outcomes.items() if k in own) + Counter(f.outcome.value for f in integrity)
    blocking = sum(blocks(f.outcome, f.severity, options) for f in integrity)
    for key, outcome in outcomes.items():
        severity = severities[key]
        if concern[key].expectations and concern[key].modality not in ("must", "should"):
            severity = Severity.INFO
        blocking += blocks(outcome, severity, options)
    every = list(findings)
    return Counts(
        findings=_filled(ordinary),
        expectations=_filled(Counter(r.outcome.value for r in rollup.values())),
        integrity=_filled(special),
        accepted=sum(1 for f in every if f.exception),
        contradicted=sum(1 for f in every if f.assurance is Assurance.CONTRADICTED),
        verified=sum(1 for f in every if f.assurance is Assurance.VERIFIED),
        blocking=blocking,
    )


def _filled(counter: Counter[str]) -> dict[str, int]:
    return {outcome.value: counter[outcome.value] for outcome in Outcome}


def surfaces_of(judge: Judge) -> tuple[dict[str, Any], ...]:
    """The surfaces with what makes them matter: authentication, how sensitive, how many controls. For the report."""
    found = []
    for surface in judge.env[ROOT].get("surfaces") or ():
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

