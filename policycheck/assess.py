"""assess(manifest, criteria, options) -> Result: hear the witnesses, judge, weigh.

Every rule is judged on what the manifest declares, and again on each account of an artefact laid over it. A witness can
confirm or contradict, never excuse: the final outcome is the worse of the two (docs/decisions/0002).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from policycheck.checks import FAILED, HYGIENE, MATCHES, integrity, of_declaration
from policycheck.errors import RuleError
from policycheck.judge import Judge, Judgement, distinct
from policycheck.model import (
    Accepted,
    Artefact,
    Assurance,
    Failure,
    Finding,
    Manifest,
    Options,
    Outcome,
    Result,
    Severity,
    Subject,
    Witnessed,
)
from policycheck.packs import Criteria
from policycheck.tally import Tally, surfaces_of, verdicts, warned

# What few manifests need is loaded for them: most of a check is its start.
if TYPE_CHECKING:
    from policycheck import exceptions
    from policycheck.baseline import Baseline
    from policycheck.witness import Hearing

_NOT_APPLICABLE = Outcome.NOT_APPLICABLE


def assess(manifest: Manifest, criteria: Criteria, options: Options, known: Baseline | None = None) -> Result:
    """Judge one manifest, against the gaps a baseline knows (under today's names of rules) when there is one.

    Never raises for what a manifest or artefact holds; errors of ours become failures.
    """
    hearings, failures, lock = _heard(manifest, criteria, options)
    entries = manifest.data.get("exceptions") or ()
    weighing = hearings or entries or known or options.warn_until or options.demanding()
    detail = frozenset(Outcome) if weighing else options.detail
    standing = None
    if hearings:
        from policycheck.weigh import standing as standing_of

        standing = standing_of(hearings, criteria.types)
    judge = Judge(criteria, manifest.place, options.as_of, options.equivalents, detail, standing)
    declared = judge_all(judge, failures=failures, declared=True)
    findings = {j.key: judge.finding(j) for j in declared}
    integrity = of_declaration(manifest)
    looked_at: tuple[Witnessed, ...] = ()
    if standing is not None:
        from policycheck import weigh

        weigh.weigh(criteria, options, hearings, standing, findings, declared, partial(judge_all, failures=failures))
        integrity += weigh.evidence_findings(manifest, criteria.types, hearings, findings.values())
        looked_at = weigh.ledger(hearings, criteria.types)
    findings, integrity = settled(manifest, criteria, options, known, findings, integrity)
    read = manifest._replace(inputs=(*manifest.inputs, *lock))
    return _result(read, criteria, options, judge, declared, findings, integrity, looked_at, failures, known)


def settled(
    manifest: Manifest, criteria: Criteria, options: Options, known: Baseline | None, findings: dict[Any, Finding],
    flaws: list[Finding],
) -> tuple[dict[Any, Finding], list[Finding]]:  # fmt: skip
    """Findings and flaws of the declaration once the demands of the run, exceptions, baseline and announced days count."""
    if options.demanding():
        from policycheck.weigh import demand

        findings = {k: demand(f, options.demand(f.severity)) for k, f in findings.items()}
    if entries := manifest.data.get("exceptions") or ():
        accepted, hygiene = _accept(manifest, criteria, options, entries, findings, flaws)
        flaws = [*flaws, *hygiene]
        findings = {k: f._replace(exception=accepted.get(f.id)) for k, f in findings.items()}
    if known is not None or options.warn_until:
        marked = _marking(criteria, options, known)
        findings = {k: marked(f) for k, f in findings.items()}
        flaws = [marked(f) for f in flaws]
    return findings, flaws


def _heard(
    manifest: Manifest, criteria: Criteria, options: Options
) -> tuple[list[Hearing], list[Failure], tuple[Artefact, ...]]:
    if not options.evidence:
        return [], [], ()
    from policycheck.witness import hear

    return hear(manifest, criteria.types, options.as_of)


def _marking(criteria: Criteria, options: Options, known: Baseline | None) -> Callable[[Finding], Finding]:
    """What adds to a finding what a baseline and an announced day say of it."""
    from policycheck import baseline

    def marked(finding: Finding) -> Finding:
        if known is not None:
            finding = finding._replace(debt=baseline.judge(finding, known, options.as_of))
        return warned(finding, criteria, options) if options.warn_until else finding

    return marked


def _result(
    manifest: Manifest, criteria: Criteria, options: Options, judge: Judge, declared: list[Judgement],
    findings: dict[Any, Finding], integrity: list[Finding], looked_at: tuple[Witnessed, ...], failures: list[Failure],
    known: Baseline | None,
) -> Result:  # fmt: skip
    """What it adds up to."""
    tally = Tally(judge.plan, options)
    for judgement in declared:
        tally.add_one(judgement.rule, judgement.concern, findings[judgement.key])
    for rule, concern in judge.plan.judged:
        if rule.id in judge.counted:
            tally.add(rule, concern, judge.counted[rule.id])
    shown = _NOT_APPLICABLE in options.detail
    outside = [judge.unconcerned(rule, concern) for rule, concern in judge.plan.unconcerned] if shown else []
    every = sorted([*findings.values(), *outside, *integrity], key=_order)
    rollup = tally.rollup()
    fixed: tuple[str, ...] = ()
    if known is not None:
        from policycheck import baseline

        fixed = baseline.fixed(every, known, judge.name, baseline.answered(known, criteria, options))
    return Result(
        manifest=manifest.path,
        organization=dict(judge.organization),
        findings=tuple([f for f in every if f.outcome in options.detail]),
        rollup=rollup,
        counts=tally.counts(every, integrity, rollup, judge.by_equivalent),
        inputs=manifest.inputs,
        ledger=looked_at,
        surfaces=surfaces_of(manifest.data),
        failures=tuple(dict.fromkeys(failures)),
        fixed=fixed,
        applicable=len([e for e in judge.plan.binding if rollup[e].outcome is not _NOT_APPLICABLE]),
        verdicts=verdicts(every, judge.plan, judge.counted),
    )


def _accept(
    manifest: Manifest, criteria: Criteria, options: Options, entries: Any, findings: dict[Any, Finding],
    flaws: list[Finding],
) -> tuple[dict[str, Accepted], list[Finding]]:  # fmt: skip
    """The gaps that an exception accepts, by finding id, and findings on exceptions that are not in order."""
    from policycheck import exceptions

    known = known_of(manifest, criteria, options, flaws)
    accepted, not_in_order = exceptions.apply(list(findings.values()), entries, known, manifest.place, options.as_of)
    found = []
    for entry, flaw, place in not_in_order:
        subject = Subject("exception", str(entry.get("id")), manifest.place.route(entry))
        message = f"{flaw.message[0].upper()}{flaw.message[1:]}."
        found.append(integrity(manifest, HYGIENE, flaw.severity, Outcome.GAP, subject, message, place, flaw.kind))
    return accepted, found


def known_of(manifest: Manifest, criteria: Criteria, options: Options, flaws: Iterable[Finding]) -> exceptions.Known:
    """What an exception of this manifest may speak of; `flaws` are the findings on its declaration."""
    from policycheck import exceptions
    from policycheck.witness import subjects

    every = list(subjects(manifest.data, criteria.types, manifest.place))
    owners = (manifest.data.get("governance") or {}).get("owners") or ()
    only_from = options.exceptions_file and os.path.relpath(options.exceptions_file, manifest.root).replace(os.sep, "/")
    return exceptions.Known(
        rules=frozenset(criteria.every_rule),
        expectations=frozenset(criteria.every_expectation),
        subjects={(s.kind, s.id): holder for s, holder in every},
        days=dict(options.exception_days),
        organization=str(manifest.organization.get("id", "")),
        renamed=criteria.renamed,
        only_from=only_from,
        routes={s.route: holder for s, holder in every},
        called={str(o.get("id")): tuple(str(o[key]) for key in ("name", "contact") if o.get(key)) for o in owners if o},
        no_answer=criteria.texts(options.as_of).get("no_answer", frozenset()),
        denied=frozenset(f.subject.id for f in flaws if f.rule == MATCHES.id and f.subject.kind == "control"),
        is_seen=options.evidence,
        chosen=_chosen(criteria) if options.criteria else None,
    )


def _chosen(criteria: Criteria) -> frozenset[str]:
    """The expectations that were chosen, and the rules of which all were."""
    names = criteria.expectations.keys()
    return frozenset({*names, *(rule.id for rule in criteria.rules if names >= set(rule.expectations))})


def judge_all(
    judge: Judge, touched: frozenset[str] | None = None, *, failures: list[Failure], declared: bool = False
) -> list[Judgement]:
    """Every judgement. A rule that fails leaves none, but as declared one unknown: a failure must not read as a pass."""
    found: list[Judgement] = []
    for rule, concern in judge.plan.judged:
        if touched is not None and not judge.criteria.names_in(rule) & touched:
            continue
        try:
            judged = judge.judge_as(rule, concern)
            found += judged if len(judged) < 2 else distinct(judged)
            continue
        except RuleError as error:
            failures.append(Failure(f"rule {rule.id}", str(error)))
        except Exception as error:
            # The one broad except of the judging side: a rule of ours that breaks is a failure of the run (exit 5).
            failures.append(Failure(f"rule {rule.id}", f"{type(error).__name__}: {error}"))
        judge.counted.pop(rule.id, None)
        if declared:
            found.append(Judgement(rule, concern, Outcome.UNKNOWN, "organization", judge.name, {}, None, "", FAILED))
    return found


_RANKS = {Outcome.GAP: 0, Outcome.UNKNOWN: 1, Outcome.NOT_USED: 2, Outcome.MET: 3, Outcome.NOT_APPLICABLE: 4}
_WEIGHTS = {severity: -severity.rank for severity in Severity}


def _order(finding: Finding) -> tuple[Any, ...]:
    subject = finding.subject
    return (
        finding.assurance is not Assurance.CONTRADICTED, _RANKS[finding.outcome], _WEIGHTS[finding.severity],
        finding.rule, subject.kind, subject.id,
    )  # fmt: skip
