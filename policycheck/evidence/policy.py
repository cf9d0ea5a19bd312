"""What a governance document says of itself in its front matter: playbooks, charters, policies, records of reviews.

A key of the front matter that has the name of a property of the manifest (`last_tested_on`, `cadence_days`) is held against
what the subject declares there. It is a claim of the document's author: it supports, and contradicts where it differs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from policycheck.evidence import _clauses, _front, _governed
from policycheck.evidence._documents import prose_of
from policycheck.evidence._prose import Illegible
from policycheck.evidence._weighing import Weighing
from policycheck.model import Account, Discovered

if TYPE_CHECKING:
    from policycheck.evidence._front import Entry, Front
    from policycheck.opener import Opener

#: Empty: a governance document can back any kind of subject.
KINDS_OF_SUBJECT: frozenset[str] = frozenset()
FILES: tuple[str, ...] = (
    "*playbook*.md", "*runbook*.md", "*charter*.md", "*policy*.md", "*procedure*.md", "*review*.md", "*governance*.md",
    "*training*.md",
)  # fmt: skip

#: Properties that are days, and other names that documents give them.
_DAYS = {
    "last_reviewed_on": _governed.REVIEWED,
    "reviewed_on": _governed.REVIEWED,
    "next_review_on": _governed.NEXT,
    "last_tested_on": ("last_tested_on", "last_tested", "last_rehearsed_on", "last_rehearsed", "last_exercise_on"),
    "last_run_on": ("last_run_on", "last_run", "last_held_on", "last_rehearsed_on", "last_tested_on"),
    "last_participated_on": ("last_participated_on",),
    "accepted_on": ("accepted_on", *_governed.APPROVED),
    "decided_on": ("decided_on", *_governed.APPROVED),
    "approved_on": _governed.APPROVED,
    "appointed_on": ("appointed_on",),
    "reasoned_on": ("reasoned_on",),
}
#: Properties that are counts of days.
_COUNTS = (
    "review_interval_days", "test_interval_days", "cadence_days", "decision_sla_days", "follow_up_days", "legal_sla_days",
    "response_days",
)  # fmt: skip
#: Properties that name somebody; another name may mean the same person, so it is a doubt and no denial.
_PEOPLE = {
    "owner": ("owner", "owners", "document_owner"),
    "accepted_by": ("accepted_by", *_governed.APPROVERS),
    "decided_by": ("decided_by", *_governed.APPROVERS),
    "reviewed_by": ("reviewed_by", "last_reviewed_by"),
    "audience": ("audience",),
    "reports_to": ("reports_to",),
}
#: What a document has to say of itself at least.
_STANDING = (
    *_governed.APPROVED,
    *_governed.REVIEWED,
    "last_tested_on",
    "last_rehearsed_on",
    "last_run_on",
    "decided_on",
    "version",
)


def account(opener: Opener, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    """What the document at `path` (from the root) says about any subject.

    `options` are the evidence entry's: `anchor` names the section that is meant, `supports` some properties.
    """
    return _governed.heard(opener, path, subject, options, _judge)


def _judge(weighing: Weighing, front: Front) -> None:
    standing = front.get(*_STANDING)
    if standing is None:
        raise Illegible("names no approval, review or version in its front matter; name it as kind document")
    weighing.quote(standing.line, f"{standing.key}: {standing.text}")
    for place in _places(weighing.subject):
        for name, keys in _DAYS.items():
            _day(weighing, front, (*place, name), keys)
        for name in _COUNTS:
            _count(weighing, (*place, name), front.get(name))
        for name, keys in _PEOPLE.items():
            _person(weighing, (*place, name), front.get(*keys))


def _places(subject: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The subject itself and the objects in it, where such properties may be declared."""
    return [(), *((key,) for key, value in subject.items() if isinstance(value, dict) and key != "evidence")]


def _day(weighing: Weighing, front: Front, path: tuple[str, ...], keys: tuple[str, ...]) -> None:
    if weighing.asked(*path) is None:
        return
    day, line = front.day(*keys)
    if day:
        weighing.read(path, day, line, "as the front matter says")


def _count(weighing: Weighing, path: tuple[str, ...], entry: Entry | None) -> None:
    declared = weighing.asked(*path)
    if declared is None or entry is None:
        return
    if not re.fullmatch(r"\d{1,6}", entry.text):
        raise Illegible(f"{entry.key} on line {entry.line} is not a number of days", entry.line)
    days = int(entry.text)
    # All of these are limits that an organisation sets itself: fewer days are stricter.
    weighing.read(path, days, entry.line, "as the front matter says", denies=isinstance(declared, int) and days > declared)


def _person(weighing: Weighing, path: tuple[str, ...], entry: Entry | None) -> None:
    declared = weighing.asked(*path)
    if not isinstance(declared, str) or entry is None:
        return
    names = {value.strip().casefold() for value in (*entry.values, entry.text)}
    if names & _also_called(weighing.options, declared):
        weighing.read(path, declared, entry.line, "as the front matter says")
    else:
        weighing.doubt(
            f"names another {path[-1]} than the manifest (line {entry.line}); a person must tell whether they are the same",
            entry.line,
        )


def _also_called(options: Mapping[str, Any], owner: str) -> set[str]:
    """The names of somebody: the id by which the manifest calls them, and what `governance.owners` says it stands for."""
    manifest = options.get("manifest")
    governance = manifest.get("governance") if isinstance(manifest, Mapping) else None
    owners = governance.get("owners") if isinstance(governance, Mapping) else None
    names = {owner}
    for one in owners if isinstance(owners, list) else ():
        if isinstance(one, Mapping) and one.get("id") == owner:
            names |= {str(one.get(key)) for key in ("name", "contact") if one.get(key)}
    return {name.strip().casefold() for name in names}


# --- discovery ---

_INCIDENTS = re.compile(
    r"\b(?:playbook|runbook|procedure|plan)\b.*\b(?:incidents?|breach(?:es)?)\b|\b(?:incidents?|"
    r"breach(?:es)?)\b.*\b(?:playbook|runbook|procedure|plan)\b"
)
_LEGAL = re.compile(r"\blegal\b.*\b(?:playbook|response|steps)\b")
_CHARTER = re.compile(r"\bcharter\b.*\b(?:scraping|data)\b|\bscraping\b.*\bcharter\b")


def discover(opener: Opener, path: str) -> tuple[Discovered, ...]:
    """The section that a playbook or charter, by its title, would let a manifest declare."""
    prose = prose_of(opener, path)
    try:
        front = _front.read(prose)
        title = front.get("title")
        words = _clauses.plain(title.text if title else next((b.text for b in prose.blocks if b.level == 1), ""))
        section, item = _proposed(words, front, path)
    except Illegible:
        return ()
    entry = {"kind": "policy", "path": path}
    if not section or account(opener, path, entry, item).unreadable:
        return ()
    asks = (("owner", "Who inside the organisation answers for it?"),) if section == "legal_response" else ()
    return (
        Discovered(
            section, {**item, "evidence": [entry]}, path, title.line if title else 1, "by the title of the document", asks
        ),
    )


def _proposed(words: str, front: Front, path: str) -> tuple[str, dict[str, Any]]:
    tested, reviewed = front.day(*_DAYS["last_tested_on"])[0], front.day(*_governed.REVIEWED)[0]
    if _INCIDENTS.search(words):
        return "incident_policy", {"runbook_ref": path} | ({"last_tested_on": tested} if tested else {})
    if _LEGAL.search(words):
        return "legal_response", {"playbook_ref": path}
    if _CHARTER.search(words):
        role: dict[str, Any] = {"scraping_role": {"charter_ref": path}}
        return "governance", role | ({"last_reviewed_on": reviewed} if reviewed else {})
    return "", {}
