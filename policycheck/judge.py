"""Rules held against one account of a manifest: strong Kleene logic, one judgement a rule and subject. Pure.

A `Judgement` is cheap; `Judge.finding` explains one, with its facts and places, for those that are shown.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from policycheck.digest import sha256_hex, uuid5
from policycheck.errors import RuleError
from policycheck.language.evaluate import ITEM_BUDGET, STATE, Env, environment
from policycheck.language.explain import Explainer, Standing
from policycheck.language.program import EMPTY, SILENT, UNSURE, Program
from policycheck.language.syntax import Node
from policycheck.model import (
    BINDING,
    ITEM_KEYS,
    UNKNOWN,
    Assurance,
    Fact,
    Finding,
    Location,
    Outcome,
    Place,
    Rollup,
    Severity,
    Subject,
)
from policycheck.packs import Criteria, Expectation, Rule

#: The namespace of finding ids: uuid5 of organization id, rule id, subject kind, subject id and key route.
FINDINGS = bytes.fromhex("6f1c7a560f525f0c9d553f0b6f2f7c11")
EXPLAIN_BUDGET = 5_000_000
NOTHING = "nothing to judge"
_ELSEWHERE = "organization.jurisdictions"
#: The strongest first.
_MODALITIES = (*BINDING, "may", "informational")
_GAP, _UNKNOWN = Outcome.GAP, Outcome.UNKNOWN


class Concern(NamedTuple):
    """Which of a rule's expectations concern the organization, and what decides it when none does."""

    expectations: tuple[Expectation, ...]
    unsure: tuple[str, ...]
    because_of: str
    #: The strongest modality among the expectations that concern; `must` for an integrity rule.
    modality: str
    #: The rule's severity, or info when nothing that concerns is a must or a should.
    severity: Severity
    #: The ids of the expectations that concern, or of all of the rule's when none does.
    ids: tuple[str, ...]
    #: Whether one of those that concern is the law of some place: what is found of another place does not count for it.
    is_local: bool


class Judgement(NamedTuple):
    """The verdict on one rule and one set of bindings, not yet explained."""

    rule: Rule
    concern: Concern
    outcome: Outcome
    kind: str
    subject: str
    bound: Mapping[str, Any]
    decided_by: Node | None = None
    equivalent: str = ""
    because_of: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What identifies it within a manifest."""
        return (self.rule.id, self.kind, self.subject)


def distinct(judgements: Iterable[Judgement]) -> Iterator[Judgement]:
    """The judgements of one rule; of subjects that are named alike, the second and later ones are numbered.

    Lists without a key of their own (two evidence entries of one kind) would otherwise hide one finding behind another.
    """
    seen: dict[tuple[str, str, str], int] = {}
    for judgement in judgements:
        count = seen[judgement.key] = seen.get(judgement.key, 0) + 1
        yield judgement if count == 1 else judgement._replace(subject=f"{judgement.subject} ({count})")


class Plan(NamedTuple):
    """The rules that concern an organization, and those that do not. Organizations with equal answers share one."""

    judged: tuple[tuple[Rule, Concern], ...]
    unconcerned: tuple[tuple[Rule, Concern], ...]
    #: The roll-up of every tested expectation before anything was judged: not applicable, or unknown whether.
    rollup: Mapping[str, Rollup]
    #: The tested expectations that are a must or a should.
    binding: frozenset[str]
    #: The tested expectations that do not concern the organization, by the declared fact that says so.
    not_concerned: Mapping[str, list[str]]


class Judge:
    """One account of a manifest, held against criteria at a date.

    `detail` names the outcomes that are given one by one; the others are only counted, in `counted`.
    """

    def __init__(
        self, criteria: Criteria, place: Place, as_of: str, equivalents: bool = True,
        detail: frozenset[Outcome] = frozenset(Outcome), standing: Standing | None = None,
    ) -> None:  # fmt: skip
        self.criteria, self.place, self.as_of, self.equivalents = criteria, place, as_of, equivalents
        self.detail, self.standing = detail, standing
        self._shows_empty = Outcome.NOT_APPLICABLE in detail
        self.counted: dict[str, list[Outcome]] = {}
        #: How many of those that are only counted another measure than the asked one made met.
        self.by_equivalent = 0
        self._facts: dict[Any, Fact] = {}
        self._reasons: dict[Any, tuple[tuple[Fact, ...], bool]] = {}
        self._local: dict[tuple[str, tuple[str, ...]], Concern] = {}
        tables, texts = criteria.tables(as_of), criteria.texts(as_of)
        self.env = environment(place.data, tables, as_of, texts)
        #: What an explanation starts from: what definitions were found to say stays true for all of them.
        self._explaining = environment(place.data, tables, as_of, texts)
        self._owners: dict[int, str] = {}
        organization = place.data.get("organization")
        self.organization: Mapping[str, Any] = organization if isinstance(organization, dict) else {}
        self.name = str(self.organization.get("id", ""))
        self._itself = Subject("organization", self.name, "organization")
        self._deciding: dict[tuple[str, ...], tuple[tuple[Fact, ...], Location | None]] = {}
        self.plan = plan_for(criteria, self.organization)

    def judge(self, rule: Rule) -> list[Judgement]:
        """Every judgement of one rule. Raises RuleError when a budget is exceeded."""
        return self.judge_as(rule, concern_of(rule, self.criteria, self.organization))

    def judge_as(self, rule: Rule, concern: Concern) -> list[Judgement]:
        """As `judge`, when it is known whom the rule concerns."""
        if not concern.expectations and rule.expectations:
            outcome = Outcome.UNKNOWN if concern.unsure else Outcome.NOT_APPLICABLE
            return [Judgement(rule, concern, outcome, "organization", self.name, {}, None, "", concern.because_of)]
        program, env = self.criteria.program(rule), self.env
        env[STATE].budget = ITEM_BUDGET
        items = program.bindings[0].run(env)
        if type(items) is list and not items:
            if self._shows_empty:
                return [self._empty(rule, concern, program)]
            self.counted[rule.id] = [Outcome.NOT_APPLICABLE]
            return []
        if program.only is None or type(items) is not list or UNKNOWN in items or None in items or concern.is_local:
            return list(self._walked(rule, concern, program))
        return self._listed(rule, concern, program, items)

    def _listed(self, rule: Rule, concern: Concern, program: Program, items: list[Any]) -> list[Judgement]:
        """As `judge_as`, for one binding and a list without surprises: most rules, hence without what `walk` needs."""
        only, env = program.bindings[0], self.env
        counted, found, detail, name = self.counted.setdefault(rule.id, []), list[Judgement](), self.detail, only.name
        for item in items:
            env[name] = item
            outcome, decided = _verdict(program, env)
            equivalent = ""
            if outcome is _GAP or outcome is _UNKNOWN:
                outcome, equivalent = self._second_look(concern, program, outcome)
            if outcome in detail:
                subject = only.single or _name(item)
                found.append(Judgement(rule, concern, outcome, only.kind, subject, {name: item}, decided, equivalent))
            else:
                counted.append(outcome)
                self.by_equivalent += bool(equivalent)
        env.pop(name, None)
        return found

    def _empty(self, rule: Rule, concern: Concern, program: Program) -> Judgement:
        """Nothing to judge: the manifest declares that there is none."""
        node = program.bindings[0].node
        return Judgement(rule, concern, Outcome.NOT_APPLICABLE, "organization", self.name, {}, node, "", NOTHING)

    def _walked(self, rule: Rule, concern: Concern, program: Program) -> Iterator[Judgement]:
        """As `judge_as`, for several bindings, uncertain members, and lists that are silent or empty."""
        env, elsewhere = self.env, False
        for met in program.walk(env):
            here, holder = self._here(rule, concern, program, met)
            is_away = not here.expectations and bool(rule.expectations)
            if is_away and (not holder or concern.unsure):
                elsewhere = True
                continue
            if is_away:
                here, outcome, decided, equivalent = concern, Outcome.NOT_APPLICABLE, program.places_of(holder), ""
            else:
                outcome, decided, equivalent = self._verdict(here, program, met)
            if outcome not in self.detail and here is concern:
                self.counted.setdefault(rule.id, []).append(outcome)
                self.by_equivalent += bool(equivalent)
                continue
            if met == EMPTY:
                yield self._empty(rule, concern, program)
                continue
            kind, subject = identify(program, env)
            if not subject:
                kind, subject = "organization", self.name
            yield Judgement(rule, here, outcome, kind, subject, program.bound(env), decided, equivalent)
        if elsewhere:
            yield self._elsewhere(rule, concern)

    def _here(self, rule: Rule, concern: Concern, program: Program, met: int) -> tuple[Concern, str]:
        """What of a concern counts where the bindings are, and which of them lists its places.

        The law of one place says nothing of another. What lists no place may be anywhere; what a silent list would say may
        be of any place.
        """
        if not concern.is_local:
            return concern, ""
        place = _place(program, self.env)
        holder, places = ("", (place,)) if place else self._listing(program)
        if not places or (holder and met == SILENT):
            return concern, ""
        if (rule.id, places) not in self._local:
            kept = tuple(e for e in concern.expectations if not e.jurisdictions or any(_reaches(e, p) for p in places))
            same = len(kept) == len(concern.expectations)
            self._local[rule.id, places] = concern if same else _concern(rule, kept, (), _ELSEWHERE, concern.ids)
        return self._local[rule.id, places], holder

    def _listing(self, program: Program) -> tuple[str, tuple[str, ...]]:
        """The outermost binding that lists the places it touches (an activity, an incident), and these; none if none does.

        Whose laws count is what is declared: that an artefact names other places is a gap by itself.
        """
        for binding in program.bindings:
            item = self.place.as_declared(self.env.get(binding.name))
            places = item.get("jurisdictions") if isinstance(item, dict) else None
            if places and isinstance(places, list) and all(isinstance(p, str) for p in places):
                return binding.name, tuple(places)
        return "", ()

    def _elsewhere(self, rule: Rule, concern: Concern) -> Judgement:
        """Said once for all things of places of whose law the rule knows nothing that concerns the organization."""
        nothing = _concern(rule, (), concern.unsure, _ELSEWHERE, concern.ids)
        outcome = Outcome.UNKNOWN if concern.unsure else Outcome.NOT_APPLICABLE
        return Judgement(rule, nothing, outcome, "organization", self.name, {}, None, "", _ELSEWHERE)

    def _verdict(self, concern: Concern, program: Program, met: int) -> tuple[Outcome, Node, str]:
        """Outcome, the expression that decided it, and the measure that stood in for the asked one."""
        if met == EMPTY:
            return Outcome.NOT_APPLICABLE, program.bindings[0].node, ""
        if met == SILENT:
            return Outcome.UNKNOWN, program.silent_list(self.env), ""
        outcome, decided = _verdict(program, self.env)
        if met == UNSURE:
            return Outcome.UNKNOWN, (decided if outcome is _UNKNOWN else program.unsure_list(self.env)), ""
        outcome, equivalent = self._second_look(concern, program, outcome)
        return outcome, decided, equivalent

    def _second_look(self, concern: Concern, program: Program, outcome: Outcome) -> tuple[Outcome, str]:
        """A gap or unknown once more: does another measure stand in, and is the asked one only a may?"""
        if outcome is not _GAP and outcome is not _UNKNOWN:
            return outcome, ""
        if program.equivalents is not None and self.equivalents:
            equivalent = self._equivalent(concern, program, self.env)
            if equivalent:
                return Outcome.MET, equivalent
        return (Outcome.NOT_USED if outcome is _GAP and concern.modality == "may" else outcome), ""

    def _equivalent(self, concern: Concern, program: Program, env: Env) -> str:
        """The id of a deployed, owned, in-time reviewed measure that says why it stands in for an illustrative expectation.

        What a pack's table `no_answer` lists, such as TBD, says nothing and owns nothing.
        """
        assert program.equivalents is not None
        items, hollow = program.equivalents.run(env), env[STATE].texts.get("no_answer", frozenset())
        accepted = {e.id for e in concern.expectations if e.illustrative}
        # One finding answers all its expectations, and nothing stands in for one that is no example.
        if not isinstance(items, list) or len(accepted) < len(concern.expectations):
            return ""
        maybe = getattr(items, "maybe", ())
        for position, item in enumerate(items):
            claims = item.get("equivalent_to") if isinstance(item, dict) and position not in maybe else None
            said = [c for c in claims or () if isinstance(c, dict) and c.get("rationale")]
            named = {c.get("expectation") for c in said if c["rationale"] not in hollow}
            if accepted & named and item.get("owner") not in hollow and _in_force(item, self.as_of):
                return str(item.get("id", ""))
        return ""

    def bare(self, judgement: Judgement) -> Finding:
        """As `finding`, without facts, places and words: which it is, and whether it blocks."""
        rule, concern = judgement.rule, judgement.concern
        if judgement.decided_by is None:
            return self.unconcerned(rule, concern, judgement.outcome, judgement.because_of)
        _, subject = self._about(self.criteria.program(rule), judgement)
        return Finding(
            finding_id(self.name, rule.id, subject), rule.id, rule.title, concern.severity, judgement.outcome,
            Assurance.DECLARED, subject, concern.ids, message="", location=None,
        )  # fmt: skip

    def finding(self, judgement: Judgement) -> Finding:
        """The judgement with its facts, places and message."""
        rule, concern, outcome = judgement.rule, judgement.concern, judgement.outcome
        if judgement.decided_by is None:
            return self.unconcerned(rule, concern, outcome, judgement.because_of)
        program = self.criteria.program(rule)
        explainer = Explainer(self.place, self.criteria.trees, self._facts, self._reasons, self.standing)
        self._explaining[STATE].budget = EXPLAIN_BUDGET
        env = program.rebound(self._explaining, judgement.bound)
        explainer.explain(judgement.decided_by, env)
        if not explainer.facts and program.when is not None and judgement.decided_by is program.claim:
            # A search that had nothing to look at: what is left to say is why the rule applies at all.
            explainer.explain(program.when, env)
        facts = explainer.shown()
        holder, subject = self._about(program, judgement)
        is_open = outcome is _GAP or outcome is _UNKNOWN
        missing = tuple([f.route for f in facts if not f.declared]) if outcome is _UNKNOWN else ()
        return Finding(
            finding_id(self.name, rule.id, subject), rule.id, rule.title, concern.severity, outcome, Assurance.DECLARED,
            subject, concern.ids,
            message=self._message(program, env, outcome, facts),
            location=self._location(facts, explainer.searched, holder),
            facts=facts,
            missing=missing,
            remediation=rule.remediation if is_open else "",
            because_of=judgement.because_of or (_because(facts) if outcome is _UNKNOWN else ""),
            equivalent=judgement.equivalent,
            owner=self._owner(holder),
        )  # fmt: skip

    def _about(self, program: Program, judgement: Judgement) -> tuple[Any, Subject]:
        """The part of the manifest that a judgement is about, and what it is called."""
        holder = self._holder(program, judgement.bound)
        return holder, Subject(judgement.kind, judgement.subject, self.place.route(holder) if holder is not None else "")

    def _owner(self, holder: Any) -> str:
        """Who answers for a part of the manifest: its declared owner, or that of the nearest part that holds it."""
        if holder is None:
            return ""
        if id(holder) not in self._owners:
            said = holder.get("owner") if isinstance(holder, dict) else None
            above = self.place.parent(holder)
            found = said if isinstance(said, str) and said else self._owner(above[0] if above else None)
            self._owners[id(holder)] = found
        return self._owners[id(holder)]

    def _message(self, program: Program, env: Env, outcome: Outcome, facts: tuple[Fact, ...]) -> str:
        if outcome is Outcome.GAP or outcome is Outcome.NOT_USED:
            # Each message may cost what a verdict may; the verdict stands without it.
            env[STATE].budget = ITEM_BUDGET
            try:
                return " ".join(program.say(env).split())
            except RuleError as error:
                return f"The message of the rule could not be worked out: {error}."
        if outcome is not Outcome.UNKNOWN:
            return ""
        silent = [fact for fact in facts if not fact.declared]
        parts = (("Not declared", [f.route for f in silent if f.source != "pack"]),
                 ("The pack has no row for", [f.route for f in silent if f.source == "pack"]))  # fmt: skip
        return " ".join(f"{said}: {', '.join(routes)}." for said, routes in parts if routes)

    def unconcerned(
        self, rule: Rule, concern: Concern, outcome: Outcome = Outcome.NOT_APPLICABLE, because_of: str = ""
    ) -> Finding:
        """A rule that does not concern the organization, or may: the fact of the organization that decides it."""
        because_of = because_of or concern.because_of
        facts, at = self._whom(concern.unsure or (because_of,))
        missing = tuple([f.route for f in facts if not f.declared]) if concern.unsure else ()
        return Finding(
            finding_id(self.name, rule.id, self._itself), rule.id, rule.title, concern.severity, outcome,
            Assurance.DECLARED, self._itself, concern.ids, "", at, facts, missing, because_of=because_of,
        )  # fmt: skip

    def _whom(self, routes: tuple[str, ...]) -> tuple[tuple[Fact, ...], Location | None]:
        """The facts of the organization that decide whether a rule concerns it, and where the first stands."""
        if routes not in self._deciding:
            explainer = Explainer(self.place, self.criteria.trees, self._facts, self._reasons)
            for route in routes:
                if route.startswith("organization."):
                    explainer.fact(self.organization, route.partition(".")[2])
            facts = explainer.shown()
            self._deciding[routes] = facts, facts[0].location if facts else self.place.locate(self.organization)
        return self._deciding[routes]

    def _holder(self, program: Program, bound: Mapping[str, Any]) -> Any:
        """The innermost thing of the manifest that is judged: where the finding stands when no single value decided."""
        shown, parent = None, None
        for binding in program.bindings if bound else ():
            item = bound.get(binding.name)
            if isinstance(item, dict) and self.place.locate(item) is not None:
                if binding.shown and shown is None:
                    shown = item
                parent = item
        return shown or parent or self.organization or None

    def _location(self, facts: tuple[Fact, ...], searched: bool, holder: Any) -> Location | None:
        first = facts[0].location if facts else None
        if first is None:
            first = next((f.location for f in facts if f.location is not None), None)
        if (searched or first is None) and holder is not None:
            return self.place.locate(holder) or first
        return first


def concern_of(rule: Rule, criteria: Criteria, organization: Mapping[str, Any]) -> Concern:
    """Whom the rule's expectations concern: roles, sizes and jurisdictions against the organization (design 4)."""
    return _concern_of(rule, criteria, _asking(organization))


def _concern_of(rule: Rule, criteria: Criteria, ask: Callable[[Expectation], tuple[Any, str]]) -> Concern:
    named, concerned, unsure, because = list[str](), list[Expectation](), list[str](), ""
    for name in rule.expectations:
        expectation = criteria.expectations.get(name)
        if expectation is None:
            continue
        named.append(name)
        if expectation.uncodifiable:
            continue
        answer, fact = ask(expectation)
        if answer is True:
            concerned.append(expectation)
        else:
            because = because or fact
            if answer is UNKNOWN:
                unsure.append(fact)
    return _concern(rule, tuple(concerned), tuple(unsure), because or "organization.roles", tuple(named))


def _concern(
    rule: Rule, concerned: tuple[Expectation, ...], unsure: tuple[str, ...], because: str, named: tuple[str, ...]
) -> Concern:
    """A rule's concern: `named` are the ids to show when no expectation concerns."""
    if not concerned:
        return Concern((), unsure, because, _MODALITIES[0], rule.severity, named, False)
    found = [e.modality for e in concerned]
    modality = found[0] if len(found) == 1 else min(found, key=_MODALITIES.index)
    severity = rule.severity if modality in BINDING else Severity.INFO
    is_local = any(e.jurisdictions for e in concerned)
    return Concern(concerned, unsure, because, modality, severity, tuple([e.id for e in concerned]), is_local)


def plan_for(criteria: Criteria, organization: Mapping[str, Any]) -> Plan:
    """The rules by whether they concern an organization; kept, since many organizations answer alike."""
    answers = tuple(_hashable(organization.get(key)) for key in ("roles", "size", "jurisdictions"))
    if answers not in criteria.plans:
        ask = _asking(organization)
        judged, rest = list[tuple[Rule, Concern]](), list[tuple[Rule, Concern]]()
        for rule in criteria.rules:
            concern = _concern_of(rule, criteria, ask)
            is_judged = concern.expectations or concern.unsure or not rule.expectations
            (judged if is_judged else rest).append((rule, concern))
        untold = {e: _untold(*ask(criteria.every_expectation[e])) for e in criteria.tested}
        binding = frozenset(e for e in criteria.tested if criteria.every_expectation[e].modality in BINDING)
        not_concerned: dict[str, list[str]] = {}
        for name, rollup in untold.items():
            if rollup.because_of and rollup.outcome is Outcome.NOT_APPLICABLE:
                not_concerned.setdefault(rollup.because_of, []).append(name)
        criteria.plans[answers] = Plan(tuple(judged), tuple(rest), untold, binding, not_concerned)
    plan: Plan = criteria.plans[answers]
    return plan


def _asking(organization: Mapping[str, Any]) -> Callable[[Expectation], tuple[Any, str]]:
    """`concerns` for one organization; most expectations are of the same few audiences."""
    known: dict[Any, tuple[Any, str]] = {}

    def ask(expectation: Expectation) -> tuple[Any, str]:
        audience = (expectation.addressees, expectation.excluded_roles, expectation.sizes, expectation.jurisdictions)
        if audience not in known:
            known[audience] = concerns(expectation, organization)
        return known[audience]

    return ask


def _untold(answer: Any, fact: str) -> Rollup:
    return Rollup(Outcome.UNKNOWN if answer is UNKNOWN else Outcome.NOT_APPLICABLE, 0, 0, fact)


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def concerns(expectation: Expectation, organization: Mapping[str, Any]) -> tuple[Any, str]:
    """Whether an expectation concerns an organization (true, false or unknown), and the fact that decides it."""
    roles = set(organization.get("roles") or ())
    if (expectation.addressees and not roles & set(expectation.addressees)) or roles & set(expectation.excluded_roles):
        return False, "organization.roles"
    unsure = ""
    if expectation.sizes:
        size = organization.get("size")
        if size is None:
            unsure = "organization.size"
        elif size not in expectation.sizes:
            return False, "organization.size"
    if expectation.jurisdictions:
        declared = organization.get("jurisdictions")
        if declared is None:
            unsure = unsure or "organization.jurisdictions"
        elif not any(overlap(mine, theirs) for mine in declared for theirs in expectation.jurisdictions):
            return False, "organization.jurisdictions"
    return (UNKNOWN, unsure) if unsure else (True, "")


def _reaches(expectation: Expectation, place: str) -> bool:
    return any(overlap(place, theirs) for theirs in expectation.jurisdictions)


def _place(program: Program, env: Env) -> str:
    """The jurisdiction that the bindings speak of: that of an entry kept by jurisdiction, or what is called `place`."""
    for binding in program.bindings:
        item = env.get(binding.name)
        named = item.get("jurisdiction") if isinstance(item, dict) else item if binding.name == "place" else None
        if isinstance(named, str):
            return named
    return ""


def overlap(one: str, other: str) -> bool:
    """Whether two jurisdictions have ground in common: the same, or one a subdivision of the other (`CA-QC` of `CA`)."""
    return one == other or one.startswith(f"{other}-") or other.startswith(f"{one}-")


def _verdict(program: Program, env: Env) -> tuple[Outcome, Node]:
    if program.run_when is not None:
        applies = program.run_when(env)
        if applies is not True:
            return (Outcome.NOT_APPLICABLE if applies is False else _UNKNOWN), program.when  # type: ignore[return-value]
    holds = program.run_claim(env)
    if holds is True:
        return Outcome.MET, program.claim
    return (_GAP if holds is False else _UNKNOWN), program.claim


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
    bindings = program.bindings
    if len(bindings) == 1:
        item = env.get(bindings[0].name)
        return bindings[0].kind, "" if item is None else bindings[0].single or _name(item)
    kind, above = "", ""
    names: list[str] = []
    for binding in bindings:
        if binding.name not in env:
            break
        name = _name(env[binding.name])
        if binding.shown:
            kind = kind or binding.kind
            names.append(f"{above}.{name}" if above else name)
        else:
            above = f"{above}.{name}" if above else name
    return (kind, " / ".join(names)) if names else (bindings[0].kind, above)


def _name(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    if type(item.get("id")) is str:
        return str(item["id"])
    for key in ITEM_KEYS:
        if isinstance(item.get(key), (str, int)):
            return str(item[key])
    # What has no name is told apart by what it says, and does not say it.
    return f"item-{sha256_hex(str(sorted(item.items(), key=str)).encode())[:12]}"


def _because(facts: tuple[Fact, ...]) -> str:
    return "the pack has no row for this" if any(f.source == "pack" for f in facts) else ""


def finding_id(organization: str, rule: str, subject: Subject, route: str = "") -> str:
    """The stable id of a finding, a version 5 UUID (RFC 9562 section 5.5): no file, line or order is in it."""
    return uuid5(FINDINGS + f"{organization}\n{rule}\n{subject.kind}\n{subject.id}\n{route}".encode())
