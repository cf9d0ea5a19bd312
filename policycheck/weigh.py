"""What is declared against what artefacts say: a witness confirms or contradicts, never excuses (docs/decisions/0002)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from policycheck.checks import COMPLETE, MATCHES, READABLE, Check, integrity
from policycheck.judge import Judge, Judgement, finding_id
from policycheck.language.explain import MAX_FACTS, Standing
from policycheck.language.types import Types
from policycheck.model import (
    Assurance,
    Fact,
    Finding,
    Location,
    Manifest,
    Options,
    Outcome,
    Problem,
    Reading,
    Severity,
    Witnessed,
)
from policycheck.overlay import TOP, Overlay, is_called, type_at
from policycheck.packs import Criteria
from policycheck.witness import Hearing

_STRENGTH = (Assurance.DECLARED, Assurance.SUPPORTED, Assurance.VERIFIED, Assurance.CONTRADICTED)
JudgeAll = Callable[[Judge, "frozenset[str] | None"], "list[Judgement]"]


def standing(hearings: Iterable[Hearing], types: Types) -> Standing:
    """How each value of a manifest stands by all that was heard: the same for every rule, in whatever order it stands."""
    denied, verified, supported = set[str](), set[str](), set[str]()
    for hearing in hearings:
        differing, named = _disagreements(hearing, types), _supported(hearing)
        denied |= {_route(hearing, path) for path in differing}
        if hearing.doubt:
            continue
        for reading in hearing.readings:
            route = _route(hearing, reading.path)
            if not named or any(_below(route, start) for start in named):
                (supported if reading.soft else verified).add(route)
        supported |= set(named) if hearing.account.supported else set()
    return Standing(frozenset(denied), frozenset(verified), frozenset(supported))


def weigh(
    criteria: Criteria, options: Options, hearings: list[Hearing], standing: Standing, findings: dict[Any, Finding],
    declared: list[Judgement], judge_all: JudgeAll,
) -> None:  # fmt: skip
    """Change the findings by what was heard; findings that only an artefact shows are added, their judgements too.

    Judged again are the rules that read a property of which an artefact speaks: no other can come out differently.
    """
    for hearing in hearings:
        if hearing.account.supported and not hearing.doubt:
            _support(findings, hearing)
        if hearing.overlay is None:
            continue
        judge = Judge(criteria, hearing.overlay, options.as_of, options.equivalents, standing=standing)
        differing = _disagreements(hearing, criteria.types)
        routes = {_route(hearing, reading.path) for reading in hearing.readings}
        denied = {_route(hearing, path) for path in differing}
        fresh = {str(item.get("id")) for item, kind, _ in hearing.overlay.undeclared() if kind == "surface"}
        for judgement in judge_all(judge, hearing.overlay.changed()):
            before = findings.get(judgement.key)
            if before is not None:
                if _may_matter(judgement, before, routes, denied):
                    bound = [judgement.bound.get(binding.name) for binding in criteria.program(judgement.rule).bindings]
                    findings[judgement.key] = _weighed(before, judge.finding(judgement), hearing, differing, bound)
            elif judgement.outcome is Outcome.GAP and not _is_of(judgement, fresh):
                added = _added(judge.finding(judgement), hearing)
                if added is not None:
                    findings[judgement.key] = added
                    declared.append(judgement)


def ledger(hearings: Iterable[Hearing], types: Types) -> tuple[Witnessed, ...]:
    """The ledger of what was looked at, with the word that a reader looks for first: does it agree, or deny?"""
    return tuple(hearing.ledger._replace(verdict=_verdict(hearing, types)) for hearing in hearings)


def _verdict(hearing: Hearing, types: Types) -> str:
    if hearing.ledger.verdict == "unreadable":
        return "unreadable"
    if (
        _disagreements(hearing, types)
        or hearing.account.absences
        or (hearing.overlay and list(hearing.overlay.undeclared()))
    ):
        return "contradicts"
    if hearing.doubt or not hearing.readings:
        return hearing.ledger.verdict
    compared = any((_declared_holder(hearing, r.path) or {}).get(r.path[-1]) is not None for r in hearing.readings)
    return "agrees" if compared else "read"


def evidence_findings(
    manifest: Manifest, types: Types, hearings: list[Hearing], findings: Iterable[Finding]
) -> list[Finding]:
    """The findings on the declaration itself: what artefacts deny, what they show besides, and what says nothing."""
    # Two entries may name one artefact, and both see the same line deny the same declaration.
    found: dict[Any, Finding] = {}
    for hearing in hearings:
        for finding in (*_denied(manifest, hearing, types), *_absent(manifest, hearing)):
            found.setdefault(finding.location, finding)
    denied = _told_apart(manifest, found.values())
    return [*denied, *_undeclared(manifest, hearings), *_unreadable(manifest, hearings, list(findings))]


def stronger(first: Assurance, second: Assurance) -> Assurance:
    """The one that says more; a contradiction is never overruled."""
    return max(first, second, key=_STRENGTH.index)


def demand(finding: Finding, wanted: Assurance) -> Finding:
    """A merely declared *met* becomes unknown when the run asks for more than declarations."""
    if finding.outcome is not Outcome.MET or stronger(finding.assurance, wanted) is finding.assurance:
        return finding
    why = f"{finding.assurance.value} only; this run asks for {wanted.value}"
    return finding._replace(outcome=Outcome.UNKNOWN, because_of=why, equivalent="")


# --- findings of rules ---


def _support(findings: dict[Any, Finding], hearing: Hearing) -> None:
    quoted = tuple(Location(quote.file, quote.line, 1) for quote in hearing.account.quotes)
    starts = _supported(hearing) or [_route(hearing, reading.path) for reading in hearing.readings]
    for key, finding in findings.items():
        if finding.outcome is Outcome.MET and not finding.equivalent and _rests_on(finding, starts, hearing):
            assurance = stronger(finding.assurance, Assurance.SUPPORTED)
            findings[key] = finding._replace(assurance=assurance, related=(*finding.related, *quoted))


def _may_matter(judgement: Judgement, before: Finding, routes: set[str], denied: set[str]) -> bool:
    """Whether a second verdict is worth explaining: it is worse, or it is the same and rested on what was read."""
    if judgement.outcome is Outcome.GAP and before.outcome not in (Outcome.GAP, Outcome.NOT_USED):
        return True
    if judgement.outcome is Outcome.UNKNOWN and before.outcome in (Outcome.MET, Outcome.NOT_APPLICABLE):
        # What the artefact does not deny is as declared: that it lacks words for the rest makes nothing unknown.
        return any(fact.route in denied for fact in before.facts)
    same = judgement.outcome is before.outcome and before.outcome in (Outcome.MET, Outcome.GAP)
    return same and any(fact.route in routes for fact in before.facts)


def _is_of(judgement: Judgement, surfaces: set[str]) -> bool:
    """Whether it is about an undeclared surface: one gap says that, and the rest is judged once it is declared."""
    return judgement.kind in ("surface", "field") and judgement.subject.partition(".")[0] in surfaces


def _added(seen: Finding, hearing: Hearing) -> Finding | None:
    """A gap about something that only the artefact shows, and that turns on what it shows.

    What could not be judged about it is said once, by `declaration-complete`: one undeclared operation would otherwise
    leave an unknown for every rule.
    """
    read = [f.location for f in seen.facts if f.source == "artefact"]
    if not read:
        return None
    assert hearing.overlay is not None
    declared = hearing.overlay.declared.locate(hearing.holder)
    related = (declared,) if declared is not None else ()
    return seen._replace(assurance=Assurance.CONTRADICTED, location=read[0] or seen.location, related=related)


def _is_whole(finding: Finding) -> bool:
    """Whether all that a finding rests on is shown: of more, the order of a list decides what evidence could speak of."""
    return len(finding.facts) < MAX_FACTS


def _weighed(before: Finding, seen: Finding, hearing: Hearing, differing: set[tuple[str, ...]], bound: list[Any]) -> Finding:
    """One finding as declared against the same finding as the artefact has it."""
    read = [f for f in seen.facts if f.source == "artefact"]
    if seen.outcome is Outcome.GAP and before.outcome not in (Outcome.GAP, Outcome.NOT_USED):
        # Of what the artefact denies, what the finding turns on, where that can be told.
        differing = _touched(read, differing, hearing) or differing
        at = next((f.location for f in read), None) or _first_reading(hearing, differing)
        declared = _declared_at(hearing, differing) or before.location
        related = tuple(place for place in (declared, *before.related) if place is not None)
        note = next((f.note for f in read if f.note), "") or _note(hearing, differing)
        return seen._replace(
            assurance=Assurance.CONTRADICTED, location=at, related=related,
            message=f"{seen.message} The manifest declares otherwise: {note}." if note else seen.message,
        )  # fmt: skip
    if seen.outcome is Outcome.UNKNOWN and before.outcome is not Outcome.UNKNOWN:
        note = _note(hearing, differing)
        because_of = f"the repository has it otherwise{f': {note}' if note else ''}"
        return seen._replace(because_of=because_of, related=before.related)
    if before.outcome is seen.outcome is Outcome.MET and _lost(before, seen, differing, hearing):
        # It still holds, for another reason than the one that is denied: nothing that was said of that one counts.
        return seen._replace(location=before.location, related=before.related)
    agreed = before.outcome is seen.outcome and before.assurance is not Assurance.CONTRADICTED
    agreed = agreed and not before.equivalent and not seen.equivalent and not hearing.doubt and _is_whole(seen)
    if read and agreed and before.outcome in (Outcome.MET, Outcome.GAP) and not _touched(read, differing, hearing):
        return _agreed(before, seen, read, hearing, bound)
    return before


def _lost(before: Finding, seen: Finding, differing: set[tuple[str, ...]], hearing: Hearing) -> bool:
    """Whether the artefact denies what a finding rests on, and the finding does not rest on it any more."""
    denied = {_route(hearing, path) for path in differing} & {fact.route for fact in before.facts}
    # Behind another measure, the facts are of the asked one: what is denied of it is why that measure has to stand in.
    rests_elsewhere = bool(seen.equivalent) or denied.isdisjoint(fact.route for fact in seen.facts)
    return bool(denied) and not before.equivalent and rests_elsewhere


def _agreed(before: Finding, seen: Finding, read: list[Fact], hearing: Hearing, bound: list[Any]) -> Finding:
    """Verified by what a machine settles; text that a person must read supports, however much of it agrees."""
    assert hearing.overlay is not None
    own = _own(hearing.overlay, bound)
    about = [fact for fact in read if not any(_beside(fact.route, *items) for items in own.items())]
    named = _supported(hearing)
    if not about or (named and not any(_below(fact.route, start) for fact in about for start in named)):
        return before
    hard = [fact for fact in read if fact.location not in hearing.overlay.soft]
    if not any(fact in hard for fact in about):
        return before._replace(assurance=stronger(before.assurance, Assurance.SUPPORTED))
    return seen._replace(
        assurance=Assurance.VERIFIED, verified=(len(hard), len(seen.facts)), location=before.location, related=before.related
    )


def _own(overlay: Overlay, bound: list[Any]) -> dict[str, list[str]]:
    """By each list in which what a finding is about stands: the items of it that the finding is about."""
    found: dict[str, list[str]] = {}
    for item in bound:
        at, up = item, overlay.parent(item)
        while up is not None:
            if isinstance(up[0], list):
                found.setdefault(overlay.route(up[0]), []).append(overlay.route(at))
            at, up = up[0], overlay.parent(up[0])
    return found


def _beside(route: str, several: str, own: list[str]) -> bool:
    """Whether a fact is of another item of a list: what is read of one control says nothing of the next."""
    return route.startswith(f"{several}[") and not any(_below(route, item) for item in own)


def _touched(read: list[Fact], differing: set[tuple[str, ...]], hearing: Hearing) -> set[tuple[str, ...]]:
    """What the artefact denies of the facts that a finding rests on."""
    routes = {fact.route for fact in read}
    return {path for path in differing if _route(hearing, path) in routes}


def _first_reading(hearing: Hearing, differing: set[tuple[str, ...]]) -> Location | None:
    reading = next((r for r in hearing.readings if r.path in differing or not differing), None)
    return None if reading is None else _read_at(hearing, reading)


def _read_at(hearing: Hearing, reading: Reading) -> Location:
    return Location(reading.file, reading.line, reading.column, 0, _route(hearing, reading.path))


def _declared_at(hearing: Hearing, differing: set[tuple[str, ...]]) -> Location | None:
    """Where the manifest says what the artefact denies."""
    assert hearing.overlay is not None
    path = next((r.path for r in hearing.readings if r.path in differing), None)
    holder = None if path is None else _declared_holder(hearing, path)
    return None if holder is None or path is None else hearing.overlay.declared.locate(holder, path[-1])


def _note(hearing: Hearing, differing: set[tuple[str, ...]]) -> str:
    return next((r.note for r in hearing.readings if r.path in differing and r.note), "")


def _rests_on(finding: Finding, starts: Sequence[str], hearing: Hearing) -> bool:
    """Whether support speaks to a finding: to what the entry `supports`, else to what was read, else to its subject."""
    if not starts:
        return _below(finding.subject.route, hearing.subject.route)
    spoken = any(_below(fact.route, start) or _below(start, fact.route) for fact in finding.facts for start in starts)
    return spoken and _is_whole(finding)


def _supported(hearing: Hearing) -> list[str]:
    return [f"{hearing.subject.route}.{name}" for name in hearing.entry.get("supports") or ()]


def _reads(finding: Finding, hearing: Hearing) -> bool:
    """Whether a finding turns on anything that the subject of the evidence declares."""
    return any(_below(fact.route, hearing.subject.route) for fact in finding.facts)


def _below(route: str, start: str) -> bool:
    return route == start or route.startswith((f"{start}.", f"{start}["))


# --- where a reading's path leads in what is declared ---


def _walked(at: Any, steps: Iterable[str]) -> Any:
    for step in steps:
        if isinstance(at, list):
            at = next((item for item in at if is_called(item, step)), None)
        else:
            at = at.get(step) if isinstance(at, dict) else None
    return at


def _declared_holder(hearing: Hearing, path: tuple[str, ...]) -> dict[str, Any] | None:
    """What the manifest has at the end of a reading's path, but for its last step."""
    if path[0] == TOP:
        assert hearing.overlay is not None
        at = _walked(hearing.overlay.declared.data, path[1:-1])
    else:
        at = _walked(hearing.holder, path[:-1])
    return at if isinstance(at, dict) else None


def _route(hearing: Hearing, path: tuple[str, ...]) -> str:
    """The key route of a reading, as far as the manifest has it."""
    holder = _declared_holder(hearing, path)
    if holder is None or hearing.overlay is None:
        return ".".join(path[1:]) if path[0] == TOP else f"{hearing.subject.route}.{'.'.join(path)}"
    return hearing.overlay.declared.route(holder, path[-1])


def _disagreements(hearing: Hearing, types: Types) -> set[tuple[str, ...]]:
    """The readings that deny what is declared; stricter than declared is fine, silence is no declaration."""
    return {r.path for r in hearing.readings if _denies(r, hearing, types)}


def _denies(reading: Reading, hearing: Hearing, types: Types) -> bool:
    value = (_declared_holder(hearing, reading.path) or {}).get(reading.path[-1])
    if value is None or value == reading.value:
        return False
    found = type_at(reading.path, types.kinds.get(hearing.subject.kind), types)
    stricter = found.schema.get("x-stricter") if found is not None else None
    if isinstance(stricter, list) and value in stricter and reading.value in stricter:
        # The schema lists them strictest first.
        return stricter.index(reading.value) > stricter.index(value)
    if stricter and isinstance(value, (int, float)) and isinstance(reading.value, (int, float)):
        return reading.value > value if stricter == "lower" else reading.value < value
    return True


# --- findings on the declaration itself ---


def _denied(manifest: Manifest, hearing: Hearing, types: Types) -> Iterator[Finding]:
    for reading in hearing.readings:
        if not _denies(reading, hearing, types):
            continue
        holder = _declared_holder(hearing, reading.path) or {}
        value, note = holder[reading.path[-1]], f" ({reading.note})" if reading.note else ""
        said = f"{_worded(value)}; the artefact says {_worded(reading.value)}"
        message = f"{_called(hearing, reading)} {_shown(reading.path)}: {said}{note}."
        declared = manifest.place.locate(holder, reading.path[-1])
        yield _against(manifest, hearing, MATCHES, Severity.HIGH, message, _read_at(hearing, reading), declared)


def _called(hearing: Hearing, reading: Reading) -> str:
    called = "The manifest" if reading.path[0] == TOP else _name(hearing)
    return f"{called} declares"


def _name(hearing: Hearing) -> str:
    return f"{hearing.subject.kind} {hearing.subject.id}".rstrip()


def _worded(value: object) -> str:
    """A value as a manifest writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and not any(isinstance(item, (dict, list)) for item in value):
        return f"[{', '.join(map(_worded, value))}]"
    return str(value)


def _shown(path: tuple[str, ...]) -> str:
    return ".".join(path[1:] if path[0] == TOP else path)


def _absent(manifest: Manifest, hearing: Hearing) -> Iterator[Finding]:
    """What is declared and the artefact, which ought to show it, does not."""
    for reading in hearing.account.absences:
        item = _walked(hearing.holder, reading.path) or _walked(manifest.data, reading.path)
        if not isinstance(item, dict):
            continue
        route = manifest.place.route(item)
        message = f"{route} is declared; the artefact does not show it{f' ({reading.note})' if reading.note else ''}."
        at = Location(reading.file, reading.line, reading.column, 0, route)
        yield _against(manifest, hearing, MATCHES, Severity.MEDIUM, message, at, manifest.place.locate(item))


def _told_apart(manifest: Manifest, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Each with an id of its own: what a second artefact, or a second line, denies of one declaration is another finding.

    The first keeps the id that has no path in it, so that a contradiction stays itself when its artefact is moved.
    """
    seen: set[str] = set()
    for finding in findings:
        at = finding.location
        assert at is not None
        key, count = finding.id, 1
        while key in seen:
            again = f"{at.route} {at.path} {count}"
            key = finding_id(str(manifest.organization.get("id", "")), finding.rule, finding.subject, again)
            count += 1
        seen.add(key)
        yield finding._replace(id=key)


def _undeclared(manifest: Manifest, hearings: list[Hearing]) -> Iterator[Finding]:
    """Subjects that only an artefact shows, each once, however many entries show it."""
    seen: set[str] = set()
    for hearing in hearings:
        if hearing.overlay is None:
            continue
        for item, kind, reading in hearing.overlay.undeclared():
            route = hearing.overlay.route(item)
            if route in seen:
                continue
            seen.add(route)
            message = f"{route} is in the artefact and not in the manifest{f': {reading.note}' if reading.note else ''}."
            at = Location(reading.file, reading.line, reading.column, 0, route)
            severity = Severity.HIGH if kind in ("surface", "field", "source", "access") else Severity.MEDIUM
            yield _against(manifest, hearing, COMPLETE, severity, message, at, manifest.place.locate(hearing.entry))


def _against(
    manifest: Manifest, hearing: Hearing, check: Check, severity: Severity, message: str, at: Location,
    declared: Location | None,
) -> Finding:  # fmt: skip
    found = integrity(manifest, check, severity, Outcome.GAP, hearing.subject, message, at, at.route)
    return found._replace(assurance=Assurance.CONTRADICTED, related=(declared,) if declared is not None else ())


def _unreadable(manifest: Manifest, hearings: list[Hearing], findings: list[Finding]) -> Iterator[Finding]:
    """Evidence that says nothing, does not count, or of which a part could not be read; entries that are alike once."""
    found: dict[str, Finding] = {}
    for finding in _silences(manifest, hearings, findings):
        found.setdefault(finding.id, finding)
    yield from found.values()


def _silences(manifest: Manifest, hearings: list[Hearing], findings: list[Finding]) -> Iterator[Finding]:
    alike: dict[str, list[int]] = {}
    for hearing in hearings:
        account = hearing.account
        why = account.unreadable or hearing.doubt
        if why:
            yield _silent(manifest, hearing, findings, Problem(*account.unreadable_at, 1, why), "")
        for complaint in account.complaints:
            # Lines and numbers move with what is written above them: those that say the same are told apart by count.
            said = f":{''.join(char for char in complaint.message if not char.isdigit())}"
            lines = alike.setdefault(_silence(hearing) + said, [])
            lines += [complaint.line] if complaint.line not in lines else []
            yield _silent(manifest, hearing, findings, complaint, f"{said}:{lines.index(complaint.line) + 1}")


#: The keys of an evidence entry that pick a part of its artefact.
_PICKS = ("location", "server", "zone", "resource", "operation", "anchor", "alert")


def _silent(manifest: Manifest, hearing: Hearing, findings: list[Finding], why: Problem, part: str) -> Finding:
    backed = [f.severity for f in findings if _reads(f, hearing) and f.outcome is not Outcome.NOT_APPLICABLE]
    severity = max([Severity.LOW, *backed], key=lambda s: s.rank)
    key = next((k for k in ("path", "url") if hearing.entry.get(k)), None)
    path = str(hearing.entry[key]) if key else ""
    says = "cannot be read in part" if part else "does not count" if hearing.doubt else "says nothing"
    named = f"The evidence {path or hearing.position + 1} of {_name(hearing)}"
    at = manifest.place.locate(hearing.entry, key)
    message = f"{named} {says}: {why.message}"
    found = integrity(manifest, READABLE, severity, Outcome.UNKNOWN, hearing.subject, message, at, _silence(hearing) + part)
    return found._replace(related=(Location(why.path, why.line, 1),) if why.path and why.line else ())


def _silence(hearing: Hearing) -> str:
    """What tells the silence of one entry from that of the next: several may pick parts of one artefact."""
    path = str(hearing.entry.get("path") or hearing.entry.get("url") or "")
    picked = "".join(f",{hearing.entry[key]}" for key in _PICKS if hearing.entry.get(key))
    return f"{hearing.subject.route}.evidence[{path}{picked}]"
