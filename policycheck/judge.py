"""Rules held against one account of a manifest: strong Kleene logic, one judgement a rule and subject. Pure.

A `Judgement` is cheap; `Judge.finding` explains one, with its facts and places, for those that are shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from policycheck.language.evaluate import STATE, Env, State, environment
from policycheck.language.explain import Explainer
from policycheck.language.program import Program, Tuple
from policycheck.language.syntax import Node
from policycheck.model import UNKNOWN, Assurance, Fact, Finding, Location, Outcome, Place, Severity, Subject
from policycheck.packs import Criteria, Expectation, Rule

#: The namespace of finding ids: uuid5 of organization id, rule id, subject kind, subject id and key route.
FINDINGS = UUID("6f1c7a56-0f52-5f0c-9d55-3f0b6f2f7c11")
EXPLAIN_BUDGET = 5_000_000
_BINDING = ("must", "should")


class Concern(NamedTuple):
    """Which of a rule's expectations concern the organization, and what decides it when none does."""

    expectations: tuple[Expectation, ...]
    unsure: tuple[str, ...] = ()
    because_of: str = ""

    @property
    def modality(self) -> str:
        """The strongest modality among the expectations that concern; `must` for an integrity rule."""
        found = {e.modality for e in self.expectations}
        return next((m for m in ("must", "should", "may", "informational") if m in found), "must")


class Judgement(NamedTuple):
    """The verdict on one rule and one set of bindings, not yet explained."""

    rule: Rule
    concern: Concern
    outcome: Outcome
    kind: str
    subject: str
    env: Env
    decided_by: Node | None = None
    equivalent: str = ""
    because_of: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What identifies it within a manifest."""
        return (self.rule.id, self.kind, self.subject)


class Judge:
    """One account of a manifest, held against criteria at a date."""

    def __init__(self, criteria: Criteria, place: Place, as_of: str, equivalents: bool = True) -> None:
        self.criteria, self.place, self.as_of, self.equivalents = criteria, place, as_of, equivalents
        self.env = environment(place.data, criteria.tables(as_of), as_of)
        organization = place.data.get("organization")
        self.organization: Mapping[str, Any] = organization if isinstance(organization, dict) else {}
        self._concerns: dict[tuple[str, ...], Concern] = {}

    def judge(self, rule: Rule) -> Iterator[Judgement]:
        """Every judgement of one rule. Raises RuleError when a budget is exceeded."""
        concern = self.concern(rule)
        if not concern.expectations and rule.expectations:
            outcome = Outcome.UNKNOWN if concern.unsure else Outcome.NOT_APPLICABLE
            yield self._on_organization(rule, concern, outcome)
            return
        program = self.criteria.program(rule)
        self.env[STATE].budget = State().budget
        for bound in program.tuples(self.env):
            yield self._one(rule, concern, program, bound)

    def concern(self, rule: Rule) -> Concern:
        """Whom the rule's expectations concern: roles, sizes and jurisdictions against the organization (design 4)."""
        names = rule.expectations
        found = self._concerns.get(names)
        if found is None:
            known = [self.criteria.expectations[n] for n in names if n in self.criteria.expectations]
            answers = [(e, *concerns(e, self.organization)) for e in known if not e.uncodifiable]
            found = self._concerns[names] = Concern(
                tuple(e for e, answer, _ in answers if answer is True),
                tuple(fact for _, answer, fact in answers if answer is UNKNOWN),
                next((fact for _, answer, fact in answers if answer is False), "organization.roles"),
            )
        return found

    def _on_organization(self, rule: Rule, concern: Concern, outcome: Outcome, because: str = "") -> Judgement:
        name = str(self.organization.get("id", ""))
        return Judgement(rule, concern, outcome, "organization", name, self.env, None, "", because or concern.because_of)

    def _one(self, rule: Rule, concern: Concern, program: Program, bound: Tuple) -> Judgement:
        if bound.empty:
            empty = self._on_organization(rule, concern, Outcome.NOT_APPLICABLE, "nothing to judge")
            return empty._replace(decided_by=program.bindings[0].node)
        kind, subject = identify(program, bound.env)
        if bound.unknown is not None:
            owner = kind or "organization"
            name = subject or str(self.organization.get("id", ""))
            return Judgement(rule, concern, Outcome.UNKNOWN, owner, name, bound.env, bound.unknown)
        outcome, node = _verdict(program, bound)
        equivalent = ""
        if outcome in (Outcome.GAP, Outcome.UNKNOWN) and program.equivalents is not None and self.equivalents:
            equivalent = self._equivalent(rule, concern, program, bound.env)
            outcome = Outcome.MET if equivalent else outcome
        if outcome is Outcome.GAP and concern.modality == "may":
            outcome = Outcome.NOT_USED
        return Judgement(rule, concern, outcome, kind, subject, bound.env, node, equivalent)

    def _equivalent(self, rule: Rule, concern: Concern, program: Program, env: Env) -> str:
        """The id of a deployed, owned, in-time reviewed measure that says it stands in for an illustrative expectation."""
        assert program.equivalents is not None and program.equivalents.run is not None
        items = program.equivalents.run(env)
        accepted = {e.id for e in concern.expectations if e.illustrative}
        if not isinstance(items, list) or getattr(items, "maybe", None):
            return ""
        for item in items:
            claims = item.get("equivalent_to") if isinstance(item, dict) else None
            named = {c.get("expectation") for c in claims or () if c.get("rationale")}
            if accepted & named and _in_force(item, self.as_of):
                return str(item.get("id", ""))
        return ""

    def finding(self, judgement: Judgement) -> Finding:
        """The judgement with its facts, places and message."""
        explainer, env = Explainer(self.place, self.criteria.trees), self._explaining(judgement.env)
        program = self.criteria.program(judgement.rule)
        if judgement.decided_by is not None:
            explainer.explain(judgement.decided_by, env)
        facts = tuple(explainer.facts.values()) or self._whom(judgement)
        holder = self._holder(program, judgement)
        subject = Subject(judgement.kind, judgement.subject, self.place.route(holder) if holder is not None else "")
        return Finding(
            id=finding_id(str(self.organization.get("id", "")), judgement.rule.id, subject),
            rule=judgement.rule.id,
            title=judgement.rule.title,
            severity=judgement.rule.severity if judgement.concern.modality in _BINDING else Severity.INFO,
            outcome=judgement.outcome,
            assurance=Assurance.DECLARED,
            subject=subject,
            expectations=tuple(e.id for e in judgement.concern.expectations) or self._unconcerned(judgement),
            message=self._message(judgement, program, env),
            location=self._location(facts, explainer.searched, holder),
            facts=facts,
            missing=tuple(f.route for f in facts if not f.declared) if judgement.outcome is Outcome.UNKNOWN else (),
            remediation=str(judgement.rule.text.get("remediation") or "").strip(),
            because_of=judgement.because_of or _cause(judgement, facts),
            equivalent=judgement.equivalent,
        )

    def _unconcerned(self, judgement: Judgement) -> tuple[str, ...]:
        return tuple(e for e in judgement.rule.expectations if e in self.criteria.expectations)

    def _explaining(self, env: Env) -> Env:
        return {**env, STATE: State(EXPLAIN_BUDGET)}

    def _whom(self, judgement: Judgement) -> tuple[Fact, ...]:
        """The facts of the organization that decide whether a rule concerns it."""
        wanted = judgement.concern.unsure or (judgement.because_of,)
        explainer = Explainer(self.place, self.criteria.trees)
        for route in wanted:
            if route.startswith("organization."):
                explainer._fact(self.organization, route.partition(".")[2], self.env)
        return tuple(explainer.facts.values())

    def _message(self, judgement: Judgement, program: Program, env: Env) -> str:
        if judgement.outcome is Outcome.GAP or judgement.outcome is Outcome.NOT_USED:
            return " ".join(program.say(env).split())
        return judgement.rule.title

    def _holder(self, program: Program, judgement: Judgement) -> Any:
        for binding in program.bindings:
            item = judgement.env.get(binding.name)
            if binding.shown and isinstance(item, dict) and self.place.locate(item, None) is not None:
                return item
        parents = [judgement.env.get(b.name) for b in program.bindings if not b.shown]
        return next((p for p in reversed(parents) if isinstance(p, dict)), self.organization or None)

    def _location(self, facts: tuple[Fact, ...], searched: bool, holder: Any) -> Location | None:
        first = next((f.location for f in facts if f.location is not None), None)
        if (searched or first is None) and holder is not None:
            return self.place.locate(holder, None) or first
        return first


def concerns(expectation: Expectation, organization: Mapping[str, Any]) -> tuple[Any, str]:
    """Whether an expectation concerns an organization (true, false or unknown), and the fact that decides it."""
    roles = organization.get("roles") or ()
    if expectation.addressees and not set(expectation.addressees) & set(roles):
        return False, "organization.roles"
    if expectation.sizes:
        size = organization.get("size")
        if size is None:
            return UNKNOWN, "organization.size"
        if size not in expectation.sizes:
            return False, "organization.size"
    if expectation.jurisdictions:
        declared = organization.get("jurisdictions")
        if declared is None:
            return UNKNOWN, "organization.jurisdictions"
        if not {j[:2] for j in declared} & {j[:2] for j in expectation.jurisdictions}:
            return False, "organization.jurisdictions"
    return True, ""


def _verdict(program: Program, bound: Tuple) -> tuple[Outcome, Node | None]:
    env = bound.env
    if program.when is not None:
        assert program.when.run is not None
        applies = program.when.run(env)
        if applies is False:
            return Outcome.NOT_APPLICABLE, program.when
        if applies is UNKNOWN:
            return Outcome.UNKNOWN, program.when
    assert program.claim.run is not None
    holds = program.claim.run(env)
    if bound.uncertain:
        return Outcome.UNKNOWN, program.bindings[0].node
    if holds is True:
        return Outcome.MET, program.claim
    return (Outcome.GAP if holds is False else Outcome.UNKNOWN), program.claim


def _in_force(item: Mapping[str, Any], as_of: str) -> bool:
    """Deployed, owned, and reviewed within its own interval."""
    from policycheck.language.evaluate import day

    reviewed, interval = item.get("last_reviewed_on"), item.get("review_interval_days")
    if item.get("status") != "deployed" or not item.get("owner") or type(reviewed) is not str or type(interval) is not int:
        return False
    then, now = day(reviewed), day(as_of)
    return then is not None and now is not None and 0 <= (now - then).days <= interval


def identify(program: Program, env: Env) -> tuple[str, str]:
    """Kind and id of what a set of bindings judges: `field`, `reviews.town`; several are joined by ` / `."""
    kinds: list[str] = []
    names: list[str] = []
    above = ""
    for binding in program.bindings:
        if binding.name not in env:
            break
        item = env[binding.name]
        name = _name(item)
        if binding.shown:
            kinds.append(binding.kind)
            names.append(f"{above}.{name}" if above else name)
        else:
            above = name if not above else f"{above}.{name}"
    if not names and above:
        return program.bindings[0].kind, above
    return (kinds[0] if kinds else ""), " / ".join(names)


def _name(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    for key in ("id", "name", "jurisdiction", "expectation", "kind", "version", "type", "pattern", "on", "step"):
        if isinstance(item.get(key), (str, int)):
            return str(item[key])
    return str(sorted(item.items(), key=str))[:80]


def _cause(judgement: Judgement, facts: tuple[Fact, ...]) -> str:
    if judgement.outcome is Outcome.UNKNOWN and any(f.source == "pack" for f in facts):
        return "the pack has no row for this"
    return ""


def finding_id(organization: str, rule: str, subject: Subject, route: str = "") -> str:
    """The stable id of a finding: nothing in it depends on files, lines or the order of lists."""
    return str(uuid5(FINDINGS, "\n".join((organization, rule, subject.kind, subject.id, route))))

