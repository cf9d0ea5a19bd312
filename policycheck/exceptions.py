"""Accepted gaps: who approved them, why, what compensates, until when. The evaluation date is an argument.

An exception is bound to what was accepted: `facts` is the fingerprint of the gaps it covers and of the control that
compensates. When what lies behind them changes (a surface exposes more, a limit is loosened), the exception is stale and the
gap is back. Days are dates in UTC; the last day still counts. An entry that is not in order accepts nothing, and says so as
a finding of its own. One that was written when a rule had another name holds as before, and says so for information.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from policycheck.digest import sha256_hex
from policycheck.judge import finding_id
from policycheck.model import EXCEPTION_DAYS, Accepted, Assurance, Finding, Location, Outcome, Place, Severity

WARNING_DAYS = 30
_REQUIRED = ("reason", "approver", "ticket", "granted_on", "expires_on", "compensating_control")
#: In how many sets of former names a fingerprint is looked for; a gap's rule has one or two.
_MOST_NAMES = 256
#: Properties of a subject that say nothing about what is at stake.
_ASIDE = frozenset({"evidence", "name", "description", "owner", "note", "title"})


class Known(NamedTuple):
    """What an entry may speak of: rules, expectations, subjects by (kind, id), the longest term by severity in days.

    `renamed` gives today's names of rules by their former ones (`Criteria.renamed`), `routes` the subjects by key route,
    `called` what else the people of `governance.owners` are called by their ids, `no_answer` the texts that say nothing.
    """

    rules: frozenset[str]
    expectations: frozenset[str]
    subjects: Mapping[tuple[str, str], Mapping[str, Any]]
    days: Mapping[str, int]
    organization: str
    renamed: Mapping[str, str]
    only_from: str = ""
    routes: Mapping[str, Mapping[str, Any]] = {}
    called: Mapping[str, tuple[str, ...]] = {}
    no_answer: frozenset[str] = frozenset()
    #: The controls of which an artefact denies something.
    denied: frozenset[str] = frozenset()
    #: Whether artefacts were read; what only they show is not gone because none was.
    is_seen: bool = True
    #: The expectations that the run chose, and the rules of which it chose all; None for everything.
    chosen: frozenset[str] | None = None


class Flaw(NamedTuple):
    """Something that is not in order with an entry, at one of its properties. `kind` names it in the finding's id."""

    kind: str
    severity: Severity
    message: str
    key: str | None = None


def apply(
    findings: Sequence[Finding], entries: Sequence[dict[str, Any]], known: Known, place: Place, as_of: str
) -> tuple[dict[str, Accepted], list[tuple[dict[str, Any], Flaw, Location | None]]]:
    """Which gaps are accepted, by finding id, and what is not in order with the entries."""
    gaps = [f for f in findings if f.outcome is Outcome.GAP and f.expectations]
    accepted: dict[str, Accepted] = {}
    flaws: list[tuple[dict[str, Any], Flaw, Location | None]] = []
    for entry in entries:
        covered = [gap for gap in gaps if covers(entry, gap, known)]
        found = list(_flaws(entry, covered, known, place, as_of))
        flaws += [(entry, flaw, place.locate(entry, flaw.key)) for flaw in found]
        if covered and all(flaw.severity is Severity.INFO for flaw in found):
            accepted |= {gap.id: _accepted(entry) for gap in covered}
    return accepted, flaws


def covers(entry: Mapping[str, Any], gap: Finding, known: Known) -> bool:
    """Whether an entry speaks of a gap: its rule or expectation, and its subject when it names one."""
    rule = entry.get("rule")
    named = known.renamed.get(str(rule), rule) == gap.rule or entry.get("expectation") in gap.expectations
    subject = entry.get("subject") or {}
    return named and all(subject.get(k) in (None, v) for k, v in (("kind", gap.subject.kind), ("id", gap.subject.id)))


def fingerprint(
    entry: Mapping[str, Any], gaps: Sequence[Finding], known: Known, names: Mapping[str, str] | None = None
) -> str:
    """What is accepted, in sixteen digits: the facts behind the gaps, what their subjects expose, and what compensates.

    `names` gives the names that rules had, for what the fingerprint was when they had them.
    """
    import json

    behind = []
    for gap in sorted((_under(names or {}, gap, known) for gap in gaps), key=lambda g: g.id):
        facts = sorted([fact.route, fact.declared, str(fact.value)] for fact in gap.facts)
        behind.append(
            [gap.rule, gap.subject.id, gap.assurance.value, gap.severity.value, facts, _stake(_subject(gap, known))]
        )
    behind.append(_stake(_compensating(entry, known)))
    return sha256_hex(json.dumps(behind, sort_keys=True, ensure_ascii=False, default=str).encode())[:16]


def _subject(gap: Finding, known: Known) -> Any:
    """What a gap is about, or the nearest subject that holds it: a gap of several things stands at one of them."""
    if gap.subject.kind == "organization":
        return None
    route = gap.subject.route
    while route and route not in known.routes:
        route = route[: max(route.rfind("."), 0)]
    return known.routes.get(route)


def _compensating(entry: Mapping[str, Any], known: Known) -> Mapping[str, Any]:
    return known.subjects.get(("control", str(entry.get("compensating_control"))), {})


def _under(names: Mapping[str, str], gap: Finding, known: Known) -> Finding:
    name = names.get(gap.rule, gap.rule)
    return gap if name == gap.rule else gap._replace(rule=name, id=finding_id(known.organization, name, gap.subject))


def _former(gaps: Sequence[Finding], known: Known) -> Iterator[Mapping[str, str]]:
    """The names that the rules of the gaps have had, in every combination but that of today."""
    from itertools import islice, product

    rules = sorted({gap.rule for gap in gaps})
    names = [(rule, *(former for former, today in known.renamed.items() if today == rule)) for rule in rules]
    return (dict(zip(rules, each, strict=True)) for each in islice(product(*names), 1, _MOST_NAMES))


def _stake(value: Any) -> Any:
    """A subject without what can change while nothing that matters does: names, dates, references, evidence."""
    if isinstance(value, Mapping):
        kept = {k: v for k, v in value.items() if k not in _ASIDE and not k.endswith(("_on", "_ref", "_at"))}
        return {k: _stake(v) for k, v in kept.items()}
    return [_stake(item) for item in value] if isinstance(value, list) else value


def _accepted(entry: Mapping[str, Any]) -> Accepted:
    text = {key: str(entry.get(key) or "") for key in ("id", *_REQUIRED)}
    return Accepted(**text)


def _flaws(entry: dict[str, Any], covered: list[Finding], known: Known, place: Place, as_of: str) -> Iterator[Flaw]:
    name = f"exception {entry.get('id')}"
    here = place.locate(entry)
    if known.only_from and here is not None and here.path != known.only_from:
        yield Flaw("place", Severity.MEDIUM, f"{name} does not count: exceptions are taken from {known.only_from} only")
        return
    dangling = list(_dangling(entry, name, known))
    yield from dangling
    if entry.get("rule") in known.renamed:
        said = f"{name} speaks of rule {entry['rule']}, which is called {known.renamed[entry['rule']]} now"
        yield Flaw("renamed", Severity.INFO, said, "rule")
    missing = [key for key in _REQUIRED if not entry.get(key) or str(entry[key]).strip() in known.no_answer]
    if missing:
        yield Flaw("incomplete", Severity.MEDIUM, f"{name} accepts nothing: it does not say {', '.join(missing)}")
        return
    yield from _times(entry, covered, name, known, as_of)
    yield from _people(entry, covered, name, known)
    if not covered and not dangling and _is_answered(entry, known):
        yield Flaw("unused", Severity.LOW, f"{name} is no longer needed: no gap is left that it would accept")
    elif covered:
        yield from _binding(entry, covered, name, known)


def _is_answered(entry: Mapping[str, Any], known: Known) -> bool:
    """Whether the run can say that the gap an entry accepts is gone: it judged what the entry names, and read artefacts."""
    rule = str(entry.get("rule"))
    named = {known.renamed.get(rule, rule), entry.get("expectation")}
    return known.is_seen and (known.chosen is None or not named.isdisjoint(known.chosen))


def _dangling(entry: Mapping[str, Any], name: str, known: Known) -> Iterator[Flaw]:
    for key, names in (("rule", known.rules | known.renamed.keys()), ("expectation", known.expectations)):
        if entry.get(key) and entry[key] not in names:
            yield Flaw("dangling", Severity.MEDIUM, f"{name} speaks of {key} {entry[key]}, which does not exist", key)
    subject = entry.get("subject") or {}
    kind, identity = subject.get("kind"), subject.get("id")
    simple = identity and " / " not in str(identity)
    if kind and simple and (kind, identity) not in known.subjects:
        yield Flaw("dangling", Severity.MEDIUM, f"{name} speaks of {kind} {identity}, which is not declared", "subject")


def _times(entry: dict[str, Any], covered: list[Finding], name: str, known: Known, as_of: str) -> Iterator[Flaw]:
    from datetime import date

    granted, expires = str(entry["granted_on"]), str(entry["expires_on"])
    if granted > as_of:
        yield Flaw("future", Severity.MEDIUM, f"{name} is dated {granted}, after the date of this evaluation", "granted_on")
    if as_of > expires:
        yield Flaw("expired", Severity.MEDIUM, f"{name} expired on {expires}: what it accepted counts again", "expires_on")
    elif (date.fromisoformat(expires) - date.fromisoformat(as_of)).days <= WARNING_DAYS:
        yield Flaw("expiring", Severity.INFO, f"{name} expires on {expires}", "expires_on")
    longest = min((known.days.get(gap.severity.value, EXCEPTION_DAYS) for gap in covered), default=EXCEPTION_DAYS)
    length = (date.fromisoformat(expires) - date.fromisoformat(granted)).days
    if length > longest:
        yield Flaw(
            "over-long", Severity.MEDIUM, f"{name} runs for {length} days; at most {longest} are allowed", "expires_on"
        )


def _people(entry: Mapping[str, Any], covered: list[Finding], name: str, known: Known) -> Iterator[Flaw]:
    control = _compensating(entry, known)
    owners = [str(owner) for owner in (entry.get("owner"), control.get("owner"), *(gap.owner for gap in covered)) if owner]
    names = [*owners, *(name for owner in owners for name in known.called.get(owner, ()))]
    if _same_for_all(entry["approver"]) in set(map(_same_for_all, names)):
        yield Flaw(
            "self-approved",
            Severity.MEDIUM,
            f"{name} is approved by {entry['approver']}, who owns what it is about",
            "approver",
        )
    if not control.get("owner"):
        said = (
            f"{name} leans on control {entry['compensating_control']}, whose owner is not declared: it may be the approver"
        )
        yield Flaw("unowned", Severity.MEDIUM, said, "compensating_control")
    if entry["compensating_control"] in known.denied:
        said = f"{name} leans on control {entry['compensating_control']}, of which an artefact denies what is declared"
        yield Flaw("uncompensated", Severity.MEDIUM, said, "compensating_control")
    elif control.get("status") != "deployed":
        said = f"{name} leans on control {entry['compensating_control']}, which is not deployed"
        yield Flaw("uncompensated", Severity.MEDIUM, said, "compensating_control")
    elif _stands_elsewhere(control, covered):
        said = f"{name} leans on control {entry['compensating_control']}, which protects other surfaces than the gap is on"
        yield Flaw("uncompensated", Severity.MEDIUM, said, "compensating_control")


def _stands_elsewhere(control: Mapping[str, Any], covered: list[Finding]) -> bool:
    """Whether a control names its surfaces and a gap on a surface is on none of them."""
    named = control.get("surfaces") or ()
    on = {part for gap in covered if gap.subject.kind == "surface" for part in gap.subject.id.split(" / ")}
    return bool(named and on) and on.isdisjoint(named)


def _same_for_all(name: object) -> str:
    """A name without what does not tell people apart: case, spaces, hyphens, ways of writing an accent."""
    from unicodedata import normalize

    return "".join(char for char in normalize("NFKC", str(name)).casefold() if char.isalnum())


def _binding(entry: Mapping[str, Any], covered: list[Finding], name: str, known: Known) -> Iterator[Flaw]:
    now = fingerprint(entry, covered, known)
    if not entry.get("facts"):
        yield Flaw(
            "unbound", Severity.MEDIUM, f"{name} is not bound to what it accepts: write `facts: {now}` when you have read it"
        )
    elif entry["facts"] != now and not any(
        entry["facts"] == fingerprint(entry, gaps, known, names)
        for gaps in _behind(covered, known)
        for names in ({}, *_former(covered, known))
    ):
        said = f"{name} is stale: what it accepted has changed since; if it is still acceptable, write `facts: {now}`"
        if not known.is_seen:
            said = f"{name} is stale, or was bound to what an artefact shows: this run reads none, and cannot tell"
        yield Flaw("stale", Severity.MEDIUM, said, "facts")


def _behind(gaps: Sequence[Finding], known: Known) -> Iterator[Sequence[Finding]]:
    """The gaps as they are and, where no artefact was read, with what one that agrees would have put behind them."""
    from itertools import islice, product

    yield gaps
    if not known.is_seen:
        agreed = product((Assurance.DECLARED, Assurance.SUPPORTED, Assurance.VERIFIED), repeat=len(gaps))
        for each in islice(agreed, 1, _MOST_NAMES):
            yield [gap._replace(assurance=assurance) for gap, assurance in zip(gaps, each, strict=True)]
