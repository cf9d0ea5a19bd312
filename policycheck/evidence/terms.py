"""What terms of service say: which acts they forbid, where their clauses stand, of which date and version they are.

The text is law, so nothing in it is verified here: a sentence that forbids supports the declaration, and is quoted for a
person to read. A sentence that plainly permits what is declared forbidden, or another date than the declared one,
contradicts. Where the terms say both, or where no sentence of a known form is found, nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from policycheck.evidence import _clauses, _dates, _front, _weighing
from policycheck.evidence._clauses import ACTS, FORBIDS, MAY_PERMIT, PERMITS, UNCLEAR
from policycheck.evidence._documents import dated, draft, in_force, prose_of, versioned
from policycheck.evidence._prose import Illegible, Prose
from policycheck.evidence._weighing import Weighing
from policycheck.model import Account, Discovered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policycheck.evidence._clauses import Clause
    from policycheck.opener import Opener

KINDS_OF_SUBJECT: frozenset[str] = frozenset({"control", "policies"})
FILES: tuple[str, ...] = tuple(
    f"*{name}*.{form}"
    for name in ("terms", "tos", "conditions", "acceptable-use", "acceptable_use", "user-agreement", "user_agreement")
    for form in ("md", "markdown", "html", "htm", "txt", "pdf")
)

#: A name that such a document has in its first headings or lines.
_TITLE = re.compile(
    r"\b(?:terms|conditions|user agreement|acceptable use|aup|licen[cs]e agreement|community (?:guidelines|rules|"
    r"standards)|rules)\b"
)
_FOLLOWS = re.compile(
    r"\b(?:suspend|terminat|end|close|clos|block|restrict|revok|limit|disabl|remov|withdraw|slow down|cancel|"
    r"delete|deny)\w*\b"
    r".{0,80}\b(?:access|accounts?|use|services?|keys?|membership|rights?)\b|\b(?:claim damages|legal (?:action|"
    r"steps|proceedings)|"
    r"take you to court|sue|injuncti\w+|liable|report you|damages)\b"
)
_WE_MAY = re.compile(
    r"\b(?:we|[a-z]+ (?:ltd|inc|limited)) (?:also )?(?:may|can|will|reserve the right to)(?! (?:not|never)\b)"
    r"|\b(?:may|will|can) (?:result in|lead to)\b|\bwe are entitled to\b|\byou (?:will be|are) liable\b"
)
#: What takes back, for somebody or everybody, what else its section forbids.
_UNDOES = re.compile(
    r"\b(?:this|these|the above|the foregoing)(?: \w+){0,3} (?:do|does|shall|will) not (?:currently )?"
    r"(?:apply|include|cover|extend to|concern)\b"
    r"|\b(?:section|clause)s? (?:[\d.]+ )?(?:do|does|shall|will) not apply\b|\bapplies only to\b|\bapply only to\b"
    r"|\bnotwithstanding\b|\bexempt(?:ed|ions?|s)?\b|\brepeal(?:ed|s)?\b|\bsuspended until\b|\bnot in force\b"
    r"|\b(?:do|does|will|shall) not (?:currently )?enforce\b|\b(?:is|are) (?:currently )?not enforced\b"
    r"|\bno longer (?:appl\w+|enforc\w+|valid|binding|part of|in (?:force|effect))\b"
    r"|\b(?:was|were|has been|have been|we have) (?:withdrawn|lifted|dropped|waived|rescinded)\b"
    # Leave in words that are no form of a clause.
    r"|\b(?:feel free to|no objections? to|do not object to|(?<!not )tolerates?)\b[^;]{0,80}\b(?:scrap|crawl|harvest)\w*"
    r"|\b(?:scrap|crawl|harvest)ing\b[^;]{0,80}\b(?:is|are) (?:fine|ok|okay|tolerated)\b"
)


def account(opener: Opener, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    """What the terms at `path` (from the root) say about a control of the family terms, or about the section policies.

    `options` are the evidence entry's: `anchor` narrows the reading to one section, `supports` to some properties.
    """
    family = subject.get("family")
    if family not in (None, "", "terms"):
        said = f"terms evidence is read for controls of the family terms, not {family}"
        return _seen(opener, path, said)
    return _weighing.heard(opener, path, subject, options, _control if family else _policies)


def _seen(opener: Opener, path: str, reason: str) -> Account:
    def refuse(weighing: Weighing) -> None:
        raise Illegible(reason)

    return _weighing.heard(opener, path, {}, {}, refuse)


# --- the document as a whole ---


def _general(weighing: Weighing) -> tuple[list[bool], range | None]:
    """Doubts about the document itself, which of its blocks are asides, and the section that is meant."""
    front = _front.read(weighing.prose)
    asides = _clauses.asides_of(weighing.prose)
    _weighing.fitness(weighing, _front.standing(front) or draft(weighing.prose))
    in_force(weighing, asides)
    anchor = weighing.options.get("anchor")
    within = _weighing.passage(weighing, anchor, "anchor") if anchor else None
    return asides, within


def _clauses_of(weighing: Weighing, within: range | None = None) -> Iterator[Clause]:
    return _clauses.clauses(weighing.prose, within, _organisation(weighing))


def _organisation(weighing: Weighing) -> str:
    manifest = weighing.options.get("manifest")
    organization = manifest.get("organization") if isinstance(manifest, Mapping) else None
    name = organization.get("name") if isinstance(organization, Mapping) else None
    return name if isinstance(name, str) else ""


# --- controls ---


def _control(weighing: Weighing) -> None:
    asides, within = _general(weighing)
    found = list(_clauses_of(weighing, within))
    declared = weighing.asked("params", "prohibits")
    if isinstance(declared, list) and declared:
        _prohibitions(weighing, [act for act in declared if act in ACTS], found)
    else:
        _anything(weighing, found, read=declared is None and weighing.declared("params", "prohibits") is None)
    anchor = weighing.asked("params", "clause_anchor")
    if anchor is not None:
        _clause_at(weighing, anchor, "params.clause_anchor", declared if isinstance(declared, list) else ["scraping"])
    versioned(weighing, asides, "params", "version")


def _prohibitions(weighing: Weighing, declared: list[str], found: list[Clause]) -> None:
    """Each declared prohibition, held against the sentences that forbid, permit, or leave it open."""
    permitted = []
    for act in declared:
        forbids, permits = _about(found, FORBIDS, act), _about(found, PERMITS, act)
        loose = _about(found, MAY_PERMIT, act)
        if forbids and (permits or loose):
            _both(weighing, act, forbids[0], (permits or loose)[0])
        elif forbids:
            weighing.quote(forbids[0].line, forbids[0].text)
            _undone(weighing, forbids)
        elif permits and not permits[0].limited:
            permitted.append((act, permits[0]))
        else:
            _not_found(weighing, act, [*permits, *loose, *_about(found, UNCLEAR, act)])
    left = [act for act in declared if act not in [gone for gone, _ in permitted]]
    if permitted:
        act, clause = permitted[0]
        weighing.read(("params", "prohibits"), left, clause.line, f"a sentence permits {act}, and none forbids it")
        weighing.quote(clause.line, clause.text)
    elif not weighing.doubts and weighing.quotes:
        first = _about(found, FORBIDS, declared[0])[0]
        weighing.read(
            ("params", "prohibits"), list(weighing.declared("params", "prohibits")), first.line, "sentences that forbid"
        )


def _anything(weighing: Weighing, found: list[Clause], *, read: bool) -> None:
    """Nothing is declared to be forbidden: what is forbidden, so that a person can declare it."""
    forbids = [c for c in found if c.stance == FORBIDS]
    for act in ("scraping", "automated_access"):
        theirs = [*_about(found, PERMITS, act), *_about(found, MAY_PERMIT, act)]
        if theirs and (ours := _about(found, FORBIDS, act)):
            _both(weighing, act, ours[0], theirs[0])
    if not any({"scraping", "automated_access"} & c.acts for c in forbids):
        weighing.doubt("no sentence found that forbids scraping or automated_access; a person must read it")
        return
    for clause in forbids:
        weighing.quote(clause.line, clause.text)
    _undone(weighing, forbids)
    if read:
        permitted = {act for c in found if c.stance in (PERMITS, MAY_PERMIT) for act in c.acts}
        acts = [act for act in ACTS if any(act in c.acts for c in forbids) and act not in permitted]
        weighing.read(("params", "prohibits"), acts, forbids[0].line, "sentences that forbid")


def _both(weighing: Weighing, act: str, forbids: Clause, permits: Clause) -> None:
    where = weighing.prose.where
    weighing.doubt(
        f"says both: {where(forbids.line)} forbids {act}, {where(permits.line)} {permits.stance} it; a person must read it",
        permits.line,
    )


def _undone(weighing: Weighing, forbids: list[Clause]) -> None:
    """Doubts about prohibitions whose own section takes them back, in a sentence that forbids nothing itself."""
    prose, names = weighing.prose, _clauses.names_of(weighing.prose, _organisation(weighing))
    for section in {_around(prose, clause.block) for clause in forbids}:
        for sentence in prose.sentences(section):
            said = _clauses.plain(f"{sentence.lead} {sentence.text}")
            if _UNDOES.search(said) and not any(clause.stance == FORBIDS for clause in _clauses.judged(sentence, names)):
                where = prose.where(sentence.line)
                weighing.doubt(f"may take back what it forbids ({where}); a person must read it", sentence.line)


def _around(prose: Prose, block: int) -> range:
    """The section that a block stands in; below the document's title, what comes before the next heading."""
    at = next((above for above in range(block, -1, -1) if prose.blocks[above].level), None)
    if at is not None and prose.blocks[at].level > 1:
        return prose.section(at)
    start = -1 if at is None else at
    end = next((below for below in range(start + 1, len(prose.blocks)) if prose.blocks[below].level), len(prose.blocks))
    return range(start + 1, end)


def _not_found(weighing: Weighing, act: str, near: list[Clause]) -> None:
    at = f" ({weighing.prose.where(near[0].line)} speaks of it)" if near else ""
    weighing.doubt(f"no sentence found that forbids {act}{at}; a person must read it", near[0].line if near else 0)


def _about(found: list[Clause], stance: str, act: str) -> list[Clause]:
    return [clause for clause in found if clause.stance == stance and act in clause.acts]


def _clause_at(weighing: Weighing, anchor: object, name: str, acts: list[str]) -> None:
    """A declared clause has to be there, and to forbid at least one of the acts."""
    section = _weighing.passage(weighing, anchor, name)
    if section is None:
        return
    for clause in _clauses_of(weighing, section):
        if clause.stance == FORBIDS and clause.acts & set(acts):
            weighing.quote(clause.line, clause.text)
            _undone(weighing, [clause])
            return
    line = weighing.prose.blocks[section.start].line if section else 0
    weighing.doubt(
        f"the section that {name} names holds no sentence found to forbid {' or '.join(acts)}; a person must read it", line
    )


# --- policies ---


def _policies(weighing: Weighing) -> None:
    asides, _ = _general(weighing)
    dated(weighing, asides, "tos_updated_on")
    anti, access, follows = (
        weighing.asked(f"tos_{name}_clause") for name in ("anti_scraping", "automated_access", "consequences")
    )
    if anti is not None:
        _clause_at(weighing, anti, "tos_anti_scraping_clause", ["scraping", "automated_access"])
        _scraping_permitted(weighing)
    if access is not None:
        _access_at(weighing, access)
    if follows is not None:
        _consequences_at(weighing, follows)
    if anti is None and not weighing.quotes:
        _anything(weighing, list(_clauses_of(weighing)), read=False)


def _scraping_permitted(weighing: Weighing) -> None:
    found = list(_clauses_of(weighing))
    forbids = _about(found, FORBIDS, "scraping")
    permits = [*_about(found, PERMITS, "scraping"), *_about(found, MAY_PERMIT, "scraping")]
    if forbids and permits:
        _both(weighing, "scraping", forbids[0], permits[0])
    elif permits:
        line = permits[0].line
        weighing.doubt(f"{weighing.prose.where(line)} {permits[0].stance} scraping; a person must read it", line)


def _access_at(weighing: Weighing, anchor: object) -> None:
    section = _weighing.passage(weighing, anchor, "tos_automated_access_clause")
    if section is None:
        return
    about = [c for c in _clauses_of(weighing, section) if "automated_access" in c.acts]
    if about:
        weighing.quote(about[0].line, about[0].text)
    else:
        line = weighing.prose.blocks[section.start].line if section else 0
        weighing.doubt(
            "the section that tos_automated_access_clause names holds no sentence found on access by machines", line
        )


def _consequences_at(weighing: Weighing, anchor: object) -> None:
    section = _weighing.passage(weighing, anchor, "tos_consequences_clause")
    if section is None:
        return
    for sentence in weighing.prose.sentences(section):
        whole = _clauses.plain(f"{sentence.lead} {sentence.text}")
        may = _WE_MAY.search(whole)
        if may and _FOLLOWS.search(whole, may.start()):
            weighing.quote(sentence.line, f"{sentence.lead} {sentence.text}")
            return
    line = weighing.prose.blocks[section.start].line if section else 0
    weighing.doubt("the section that tos_consequences_clause names holds no sentence found on what follows", line)


# --- discovery ---

_ASKS = (
    ("status", "Are these terms published and in force?"),
    ("owner", "Who inside the organisation answers for them?"),
    ("surfaces", "Which surfaces do they cover?"),
)


def discover(opener: Opener, path: str) -> tuple[Discovered, ...]:
    """The control and the properties of policies that these terms would let a manifest declare."""
    entry = {"kind": "terms", "path": path}
    control: dict[str, Any] = {
        "id": "terms-of-service",
        "family": "terms",
        "layer": "legal",
        "params": {"document_ref": path},
    }
    prose = prose_of(opener, path)
    if not any(_TITLE.search(_clauses.plain(block.text)) for block in prose.blocks[:6]):
        return ()
    heard = account(opener, path, entry, control)
    if not heard.supported:
        why = heard.unreadable.removeprefix(f"{path}: ")
        return (Discovered("", {}, path, 0, why),) if why else ()
    reading = next(r for r in heard.readings if r.path == ("params", "prohibits"))
    clauses = [c for c in _clauses.clauses(prose) if c.stance == FORBIDS]
    control["params"] |= {"prohibits": reading.value} | _clause_name(prose, clauses, "clause_anchor") | _version(prose)
    control["evidence"] = [entry]
    policies: dict[str, Any] = {
        "tos_ref": path,
        **_policy_dates(prose),
        **_clause_name(prose, clauses, "tos_anti_scraping_clause"),
        "evidence": [entry],
    }
    line = clauses[0].line if not prose.paged else 1
    found = [
        Discovered("controls", control, path, line, "a sentence forbids copying by machines; a person must read it", _ASKS)
    ]
    if not account(opener, path, entry, policies).unreadable:
        found.append(Discovered("policies", policies, path, 1, "terms of service"))
    return tuple(found)


def _clause_name(prose: Prose, clauses: list[Clause], key: str) -> dict[str, str]:
    """The heading above the first clause, where that heading means one place only."""
    for act in ("scraping", "automated_access"):
        for clause in _about(clauses, FORBIDS, act):
            above = next((prose.blocks[at].text for at in range(clause.block, -1, -1) if prose.blocks[at].level), "")
            if above and len(prose.find(above)) == 1:
                return {key: above}
    return {}


def _policy_dates(prose: Prose) -> dict[str, str]:
    found = {s.day for s in _dates.stated(prose, _clauses.asides_of(prose)) if s.day and s.kind == _dates.UPDATED}
    return {"tos_updated_on": found.pop()} if len(found) == 1 else {}


def _version(prose: Prose) -> dict[str, str]:
    found = {name for name, _ in _dates.versions(prose, _clauses.asides_of(prose))}
    return {"version": found.pop()} if len(found) == 1 else {}
