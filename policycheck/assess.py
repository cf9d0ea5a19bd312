"""assess(manifest, criteria, options) -> Result: hear the witnesses, judge, weigh.

Every rule is judged on what the manifest declares, and again on each account of an artefact laid over it. A witness can
confirm or contradict, never excuse: the final outcome is the worse of the two (docs/decisions/0002).
"""

from __future__ import annotations

from typing import Any

from policycheck import baseline, exceptions
from policycheck.baseline import Baseline
from policycheck.errors import RuleError
from policycheck.judge import Judge, Judgement, distinct, finding_id
from policycheck.language.types import LIST, Type, Types
from policycheck.model import (
    Accepted,
    Assurance,
    Failure,
    Finding,
    Location,
    Manifest,
    Options,
    Outcome,
    Reading,
    Result,
    Severity,
    Subject,
)
from policycheck.packs import Criteria
from policycheck.tally import Tally, surfaces_of, warned
from policycheck.witness import Hearing, hear, is_called, subjects

FAILED = "the rule could not be evaluated"
MATCHES, READABLE, FUTURE = "declaration-matches-evidence", "evidence-readable", "date-not-in-future"
TITLES = {
    MATCHES: "What is declared is what the artefact says",
    READABLE: "Evidence that is named can be read",
    FUTURE: "What is said to have happened has happened",
    exceptions.HYGIENE: exceptions.TITLE,
}
REMEDIES = {
    MATCHES: "Correct the declaration, or change what the artefact configures; then run policycheck again.",
    READABLE: (
        "Do what the message says: correct the path, the kind or the option, install what is missing, or attest a "
        "changed file anew. Remove the entry only if nothing is meant to back the claim."
    ),
    exceptions.HYGIENE: exceptions.REMEDY,
    FUTURE: "Give the date on which it was done; leave the value blank while it has not been done.",
}


def assess(manifest: Manifest, criteria: Criteria, options: Options, known: Baseline | None = None) -> Result:
    """Judge one manifest, against the gaps a baseline knows when there is one.

    Never raises for what a manifest or artefact holds; errors of ours become failures.
    """
    hearings, failures = hear(manifest, criteria.types, options.as_of) if options.evidence else ([], [])
    entries = manifest.data.get("exceptions") or ()
    weighing = hearings or entries or known or options.warn_until or options.demanding()
    detail = frozenset(Outcome) if weighing else options.detail
    judge = Judge(criteria, manifest.place, options.as_of, options.equivalents, detail)
    declared = _judge_all(judge, failures, declared=True)
    findings = {j.key: judge.finding(j) for j in declared}
    if hearings:
        _weigh(criteria, options, hearings, findings, declared, failures)
    if options.demanding():
        findings = {k: _demand(f, options.demand(f.severity)) for k, f in findings.items()}
    integrity = [*_future(manifest), *_matches(manifest, criteria.types, hearings), *_readable(manifest, hearings, findings)]
    if entries:
        accepted, hygiene = _accept(manifest, criteria, options, entries, findings)
        integrity += hygiene
        findings = {k: f._replace(exception=accepted.get(f.id)) for k, f in findings.items()}
    if known is not None or options.warn_until:
        findings = {k: _marked(f, criteria, options, known) for k, f in findings.items()}
        integrity = [_marked(f, criteria, options, known) for f in integrity]
    return _result(manifest, criteria, options, judge, declared, findings, integrity, hearings, failures, known)


def _marked(finding: Finding, criteria: Criteria, options: Options, known: Baseline | None) -> Finding:
    """What a baseline and an announced day say of a finding."""
    if known is not None:
        finding = finding._replace(debt=baseline.judge(finding, known, options.as_of))
    return warned(finding, criteria.every_expectation, options) if options.warn_until else finding


def _result(
    manifest: Manifest, criteria: Criteria, options: Options, judge: Judge, declared: list[Judgement],
    findings: dict[Any, Finding], integrity: list[Finding], hearings: list[Hearing], failures: list[Failure],
    known: Baseline | None,
) -> Result:  # fmt: skip
    """What it adds up to."""
    tally = Tally(judge.plan, options)
    for judgement in declared:
        tally.add_one(judgement.rule, judgement.concern, findings[judgement.key])
    for rule, concern in judge.plan.judged:
        if rule.id in judge.counted:
            tally.add(rule, concern, judge.counted[rule.id])
    if Outcome.NOT_APPLICABLE in options.detail:
        for rule, concern in judge.plan.unconcerned:
            findings |= {j.key: judge.finding(j) for j in judge.judge_as(rule, concern)}
    every = tuple(sorted([*findings.values(), *integrity], key=_order))
    rollup = tally.rollup()
    return Result(
        manifest=manifest.path,
        organization=dict(judge.organization),
        findings=tuple(f for f in every if f.outcome in options.detail),
        rollup=rollup,
        counts=tally.counts(every, integrity, rollup, judge.by_equivalent),
        inputs=manifest.inputs,
        ledger=tuple(h.ledger for h in hearings),
        surfaces=surfaces_of(manifest.data),
        failures=tuple(dict.fromkeys(failures)),
        fixed=() if known is None else baseline.fixed(every, known, judge.name, frozenset(criteria.every_rule)),
        applicable=sum(rollup[e].outcome is not Outcome.NOT_APPLICABLE for e in judge.plan.binding),
    )


def _accept(
    manifest: Manifest, criteria: Criteria, options: Options, entries: Any, findings: dict[Any, Finding]
) -> tuple[dict[str, Accepted], list[Finding]]:
    """The gaps that an exception accepts, by finding id, and findings on exceptions that are not in order."""
    known = known_of(manifest, criteria, options)
    accepted, flaws = exceptions.apply(list(findings.values()), entries, known, manifest.place, options.as_of)
    found = []
    for entry, flaw, place in flaws:
        subject = Subject("exception", str(entry.get("id")), manifest.place.route(entry))
        message = f"{flaw.message[0].upper()}{flaw.message[1:]}."
        found.append(
            _integrity(manifest, exceptions.HYGIENE, flaw.severity, Outcome.GAP, subject, message, place, flaw.kind)
        )
    return accepted, found


def known_of(manifest: Manifest, criteria: Criteria, options: Options) -> exceptions.Known:
    """What an exception of this manifest may speak of."""
    return exceptions.Known(
        rules=frozenset(criteria.every_rule),
        expectations=frozenset(criteria.every_expectation),
        subjects={(s.kind, s.id): holder for s, holder in subjects(manifest.data, criteria.types, manifest.place)},
        days=dict(options.exception_days),
        only_from=options.exceptions_from,
    )


def _judge_all(judge: Judge, failures: list[Failure], *, declared: bool = False) -> list[Judgement]:
    """Every judgement. A rule that fails leaves none, but as declared one unknown: a failure must not read as a pass."""
    found: list[Judgement] = []
    for rule, concern in judge.plan.judged:
        try:
            found += list(distinct(judge.judge_as(rule, concern)))
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


def _order(finding: Finding) -> tuple[Any, ...]:
    ranks = {Outcome.GAP: 0, Outcome.UNKNOWN: 1, Outcome.NOT_USED: 2, Outcome.MET: 3, Outcome.NOT_APPLICABLE: 4}
    rank = (finding.assurance is not Assurance.CONTRADICTED, ranks[finding.outcome], -finding.severity.rank)
    return (*rank, finding.rule, finding.subject.kind, finding.subject.id)


def _weigh(
    criteria: Criteria, options: Options, hearings: list[Hearing],
    findings: dict[Any, Finding], declared: list[Judgement], failures: list[Failure],
) -> None:  # fmt: skip
    for hearing in hearings:
        if hearing.account.supported:
            for key, finding in findings.items():
                if finding.outcome is Outcome.MET and not finding.equivalent and _rests_on(finding, hearing):
                    findings[key] = finding._replace(assurance=_stronger(finding.assurance, Assurance.SUPPORTED))
        if hearing.overlay is None:
            continue
        judge = Judge(criteria, hearing.overlay, options.as_of, options.equivalents)
        differing = _disagreements(hearing, criteria.types)
        for judgement in _judge_all(judge, failures):
            before = findings.get(judgement.key)
            seen = judge.finding(judgement)
            if before is None:
                added = _added(seen, hearing)
                if added is not None:
                    findings[judgement.key] = added
                    declared.append(judgement)
            else:
                findings[judgement.key] = _weighed(before, seen, hearing, differing)


def _added(seen: Finding, hearing: Hearing) -> Finding | None:
    """A finding about something that only the artefact shows. What the manifest leaves out is never to its credit."""
    if seen.outcome is Outcome.UNKNOWN:
        return seen
    if seen.outcome is not Outcome.GAP:
        return None
    assert hearing.overlay is not None
    declared = hearing.overlay.declared.locate(hearing.holder)
    at = next((f.location for f in seen.facts if f.source == "artefact"), seen.location)
    related = (declared,) if declared is not None else ()
    return seen._replace(assurance=Assurance.CONTRADICTED, location=at, related=related)


def _weighed(before: Finding, seen: Finding, hearing: Hearing, differing: set[tuple[str, ...]]) -> Finding:
    """One finding as declared against the same finding as the artefact has it."""
    read = [f for f in seen.facts if f.source == "artefact"]
    if seen.outcome is Outcome.GAP and before.outcome not in (Outcome.GAP, Outcome.NOT_USED):
        at = next((f.location for f in read), None) or _first_reading(hearing, differing)
        declared = _declared_at(hearing, differing) or before.location
        related = tuple(place for place in (declared, *before.related) if place is not None)
        note = next((f.note for f in read if f.note), "") or _note(hearing, differing)
        return seen._replace(
            assurance=Assurance.CONTRADICTED, location=at, related=related,
            message=f"{seen.message} The manifest declares otherwise: {note}." if note else seen.message,
        )  # fmt: skip
    agreed = before.outcome is seen.outcome and before.assurance is not Assurance.CONTRADICTED
    agreed = agreed and not before.equivalent and not seen.equivalent
    if read and agreed and before.outcome in (Outcome.MET, Outcome.GAP) and not _touches(read, differing, hearing):
        return seen._replace(assurance=Assurance.VERIFIED, verified=(len(read), len(seen.facts)), location=before.location)
    return before


def _touches(read: list[Any], differing: set[tuple[str, ...]], hearing: Hearing) -> bool:
    routes = {_route(hearing, path) for path in differing}
    return any(fact.route in routes for fact in read)


def _first_reading(hearing: Hearing, differing: set[tuple[str, ...]]) -> Location | None:
    for reading in hearing.account.readings:
        if reading.path in differing or not differing:
            route = _route(hearing, reading.path)
            return Location(reading.file, reading.line, reading.column, 0, route)
    return None


def _declared_at(hearing: Hearing, differing: set[tuple[str, ...]]) -> Location | None:
    """Where the manifest says what the artefact denies."""
    assert hearing.overlay is not None
    path = next((r.path for r in hearing.account.readings if r.path in differing), None)
    if path is None:
        return None
    holder = _declared_holder(hearing, path)
    return None if holder is None else hearing.overlay.declared.locate(holder, path[-1])


def _declared_holder(hearing: Hearing, path: tuple[str, ...]) -> dict[str, Any] | None:
    """What the manifest has at the end of a reading's path, but for its last step; lists are walked by item."""
    at: Any = hearing.holder
    for step in path[:-1]:
        if isinstance(at, list):
            at = next((item for item in at if is_called(item, step)), None)
        else:
            at = at.get(step) if isinstance(at, dict) else None
    return at if isinstance(at, dict) else None


def _route(hearing: Hearing, path: tuple[str, ...]) -> str:
    """The key route of a reading, as far as the manifest has it."""
    holder = _declared_holder(hearing, path)
    if holder is None or hearing.overlay is None:
        return f"{hearing.subject.route}.{'.'.join(path)}"
    return hearing.overlay.declared.route(holder, path[-1])


def _note(hearing: Hearing, differing: set[tuple[str, ...]]) -> str:
    return next((r.note for r in hearing.account.readings if r.path in differing and r.note), "")


def _rests_on(finding: Finding, hearing: Hearing) -> bool:
    """Whether evidence speaks to a finding: one about its subject, or one that reads a property it `supports`."""
    named = hearing.entry.get("supports")
    if not named:
        return _below(finding.subject.route, hearing.subject.route)
    starts = [f"{hearing.subject.route}.{name}" for name in named]
    return any(_below(fact.route, start) for fact in finding.facts for start in starts)


def _reads(finding: Finding, hearing: Hearing) -> bool:
    """Whether a finding turns on anything that the subject of the evidence declares."""
    return any(_below(fact.route, hearing.subject.route) for fact in finding.facts)


def _below(route: str, start: str) -> bool:
    return route == start or route.startswith((f"{start}.", f"{start}["))


def _stronger(first: Assurance, second: Assurance) -> Assurance:
    order = (Assurance.DECLARED, Assurance.SUPPORTED, Assurance.VERIFIED, Assurance.CONTRADICTED)
    return max(first, second, key=order.index)


def _demand(finding: Finding, wanted: Assurance) -> Finding:
    """A merely declared *met* becomes unknown when the run asks for more than declarations."""
    if finding.outcome is not Outcome.MET or _stronger(finding.assurance, wanted) is finding.assurance:
        return finding
    why = f"{finding.assurance.value} only; this run asks for {wanted.value}"
    return finding._replace(outcome=Outcome.UNKNOWN, because_of=why)


def _future(manifest: Manifest) -> list[Finding]:
    found = []
    for container, key in manifest.future:
        place, route = manifest.place.locate(container, key), manifest.place.route(container, key)
        subject = Subject("date", route, route)
        message = f"{route} says {container[key]}, which is after the date of this evaluation."
        found.append(_integrity(manifest, FUTURE, Severity.MEDIUM, Outcome.GAP, subject, message, place))
    return found


def _disagreements(hearing: Hearing, types: Types) -> set[tuple[str, ...]]:
    """The readings that deny what is declared; stricter than declared is fine, silence is no declaration."""
    return {r.path for r in hearing.account.readings if _denies(r, hearing, types)}


def _denies(reading: Reading, hearing: Hearing, types: Types) -> bool:
    value = (_declared_holder(hearing, reading.path) or {}).get(reading.path[-1])
    if value is None or value == reading.value:
        return False
    found = _type_of(reading.path, types.kinds.get(hearing.subject.kind), types)
    stricter = found.schema.get("x-stricter") if found is not None else None
    if isinstance(stricter, list) and value in stricter and reading.value in stricter:
        # The schema lists them strictest first.
        return stricter.index(reading.value) > stricter.index(value)
    if stricter and isinstance(value, (int, float)) and isinstance(reading.value, (int, float)):
        return reading.value > value if stricter == "lower" else reading.value < value
    return True


def _type_of(path: tuple[str, ...], found: Type | None, types: Types) -> Type | None:
    for step in path:
        if found is not None and found.kind == LIST:
            found = found.item
        elif found is not None:
            found = types.field(found, step) if step in types.names(found) else None
    return found


def _matches(manifest: Manifest, types: Types, hearings: list[Hearing]) -> list[Finding]:
    found = []
    for hearing in hearings:
        for reading in hearing.account.readings:
            if not _denies(reading, hearing, types):
                continue
            route = _route(hearing, reading.path)
            holder = _declared_holder(hearing, reading.path) or {}
            declared = manifest.place.locate(holder, reading.path[-1])
            message = (
                f"{hearing.subject.kind} {hearing.subject.id} declares {'.'.join(reading.path)}: "
                f"{holder[reading.path[-1]]}; the artefact says {reading.value}"
                f"{f' ({reading.note})' if reading.note else ''}."
            )
            at = Location(reading.file, reading.line, reading.column, 0, route)
            finding = _integrity(manifest, MATCHES, Severity.HIGH, Outcome.GAP, hearing.subject, message, at, route)
            related = (declared,) if declared else ()
            found.append(finding._replace(assurance=Assurance.CONTRADICTED, related=related))
    return found


def _readable(manifest: Manifest, hearings: list[Hearing], findings: dict[Any, Finding]) -> list[Finding]:
    found = []
    for hearing in hearings:
        if not hearing.account.unreadable:
            continue
        backed = [f.severity for f in findings.values() if _reads(f, hearing) and f.outcome is not Outcome.NOT_APPLICABLE]
        severity = max(backed, key=lambda s: s.rank, default=Severity.LOW)
        severity = Severity.LOW if severity is Severity.INFO else severity
        path = str(hearing.entry.get("path") or hearing.entry.get("url") or "")
        key = next((k for k in ("path", "url") if hearing.entry.get(k)), None)
        route = f"{hearing.subject.route}.evidence[{path}]"
        subject = f"{hearing.subject.kind} {hearing.subject.id}"
        message = f"The evidence {path or hearing.position + 1} of {subject} says nothing: "
        at = manifest.place.locate(hearing.entry, key)
        file, line = hearing.account.unreadable_at
        finding = _integrity(
            manifest, READABLE, severity, Outcome.UNKNOWN, hearing.subject, message + hearing.account.unreadable, at, route
        )
        found.append(finding._replace(related=(Location(file, line, 1),) if file and line else ()))
    return found


def _integrity(
    manifest: Manifest, rule: str, severity: Severity, outcome: Outcome, subject: Subject, message: str,
    location: Location | None, route: str = "",
) -> Finding:  # fmt: skip
    organization = str((manifest.data.get("organization") or {}).get("id", ""))
    return Finding(
        id=finding_id(organization, rule, subject, route), rule=rule, title=TITLES[rule], severity=severity, outcome=outcome,
        assurance=Assurance.DECLARED, subject=subject, expectations=(), message=message, location=location,
        remediation=REMEDIES[rule],
    )  # fmt: skip
