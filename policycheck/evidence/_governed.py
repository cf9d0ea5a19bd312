"""Documents that somebody approved: who, when, whether they are in force, reviewed in time, and filled in.

The front matter is a claim of its author. Where the repository's history is at hand it is a second witness, but one that can
only take support away: dates and names of commits are what committers wrote. It tells when a document was changed after
the approval that it names was recorded, and when nobody but its approver ever wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from policycheck.errors import ArtefactError, UsageError
from policycheck.evidence import _front, _prose, _weighing
from policycheck.evidence._front import Front
from policycheck.evidence._prose import Illegible
from policycheck.evidence._related import unrelated
from policycheck.evidence._weighing import Weighing

if TYPE_CHECKING:
    from pathlib import Path

    from policycheck.git import Change
    from policycheck.model import Account
    from policycheck.opener import Opener

#: Keys with which documents name the same things.
APPROVED = ("approved_on", "approved", "approval_date", "date_approved", "signed_on", "adopted_on")
APPROVERS = ("approved_by", "approver", "approvers", "signed_by", "adopted_by", "accepted_by")
AUTHORS = ("author", "authors", "owner", "owners", "document_owner", "prepared_by", "written_by")
REVIEWED = ("last_reviewed_on", "last_reviewed", "reviewed_on", "last_review")
NEXT = ("next_review_on", "next_review", "review_due", "review_due_on", "review_by", "next_review_due")
#: The day of a review: some mean the last one with it, most the next.
_A_REVIEW = "review_date"
ENDS = ("expires_on", "expires", "valid_until", "valid_to")
STARTS = ("effective_on", "effective_from", "effective_date", "effective", "valid_from")
_USUAL = {
    *APPROVED,
    *APPROVERS,
    *AUTHORS,
    *REVIEWED,
    *NEXT,
    _A_REVIEW,
    *ENDS,
    *STARTS,
    "review_interval_days",
    "review_cycle_days",
}

#: Keys of which the value is a day that is over.
_PAST = re.compile(
    r"(?:last|first)_\w+_on|(?:approved|signed|adopted|reviewed|accepted|decided|appointed|tested|rehearsed|run)_on"
)
_DAY_KEY = re.compile(r"\w+_on")
#: Fewer words than this below the front matter are no document.
_WORDS = 20
_SPACES = re.compile(r"\s+")


def heard(
    opener: Opener, path: str, subject: Mapping[str, Any], options: Mapping[str, Any],
    judge: Callable[[Weighing, Front], None],
) -> Account:  # fmt: skip
    """The account of an approved document: `judge` reads what is special to its kind."""

    def weigh(weighing: Weighing) -> None:
        front = _front.read(weighing.prose)
        if not front.entries:
            raise Illegible("has no front matter, from which approval, review and status are read; name it as kind document")
        _weighing.fitness(weighing, _front.standing(front))
        _content(weighing)
        _days(weighing, front)
        _approval(weighing, front)
        _review(weighing, front)
        if _approved(front):
            _history(weighing, front, opener)
        if anchor := options.get("anchor"):
            _section(weighing, anchor)
        judge(weighing, front)
        _related(weighing, front)

    return _weighing.heard(opener, path, subject, options, weigh)


def _related(weighing: Weighing, front: Front) -> None:
    """A doubt where a document is about something else. The usual keys of front matter are not its words: all share them."""
    said = [block.text for block in weighing.prose.blocks if block.own]
    for key, entry in front.entries.items():
        said += [*entry.values, "" if key in _USUAL else key.replace("_", " ")]
    if reason := unrelated("\n".join(said), weighing.subject, weighing.options):
        weighing.doubt(reason)


def _content(weighing: Weighing) -> None:
    words = sum(len(block.text.split()) for block in weighing.prose.blocks if block.own and not block.level)
    if words < _WORDS:
        weighing.doubt("holds headings and hardly any text")
    if not weighing.prose.unfilled()[1]:
        for entry in _front.read(weighing.prose).entries.values():
            if _front.UNFILLED.search(entry.text):
                weighing.doubt(
                    f"has a place that is still to be filled in (line {entry.line}: {entry.key})", entry.line, unfit=True
                )


def _days(weighing: Weighing, front: Front) -> None:
    """Every date of the front matter has to be one, and what is over cannot lie ahead."""
    as_of = str(weighing.options.get("as_of") or "")
    known = {*APPROVED, *REVIEWED, *NEXT, *ENDS, *STARTS}
    for key in front.entries:
        if key in known or _DAY_KEY.fullmatch(key):
            day, line = front.day(key)
            is_past = key in (*APPROVED, *REVIEWED) or _PAST.fullmatch(key)
            if as_of and is_past and day > as_of:
                weighing.doubt(f"{key} on line {line} lies after the date of the evaluation", line, unfit=True)
    day, line = front.day(*ENDS)
    if as_of and day and day < as_of:
        weighing.doubt(f"is no longer valid ({weighing.prose.where(line)})", line, unfit=True)
    day, line = front.day(*STARTS)
    if as_of and day > as_of:
        weighing.doubt(
            f"takes effect only after the date of the evaluation ({weighing.prose.where(line)})", line, unfit=True
        )


def _approved(front: Front) -> str:
    return front.day(*APPROVED)[0]


def _approval(weighing: Weighing, front: Front) -> None:
    """An approval names a day and somebody other than those whose document it is."""
    approvers, on = front.get(*APPROVERS), front.get(*APPROVED)
    if on is not None and approvers is None:
        weighing.doubt(f"names no approver for the approval on line {on.line}", on.line)
    if approvers is None:
        return
    if not _front.names_somebody(approvers):
        weighing.doubt(f"names nobody who approved it (line {approvers.line}: {approvers.text[:40]})", approvers.line)
        return
    writers = {_name(name) for key in AUTHORS if (entry := front.get(key)) for name in entry.values}
    if {_name(name) for name in approvers.values} <= writers:
        weighing.doubt(f"is approved by its own author or owner (line {approvers.line})", approvers.line)
    elif on is None:
        weighing.doubt(f"names an approver on line {approvers.line} and no day of approval", approvers.line)
    else:
        weighing.quote(on.line, f"{on.key}: {on.text}")
        weighing.quote(approvers.line, f"{approvers.key}: {approvers.text}")


def _name(text: str) -> str:
    """A name without case, blanks, and the address in angle brackets behind it."""
    return _SPACES.sub(" ", text.partition("<")[0].strip().casefold())


def _review(weighing: Weighing, front: Front) -> None:
    as_of = str(weighing.options.get("as_of") or "")
    due, line = front.day(*NEXT)
    reviewed, at = front.day(*REVIEWED)
    interval = front.get("review_interval_days", "review_cycle_days")
    if not due and reviewed and interval and interval.text.isdigit() and len(interval.text) < 6:
        due, line = _later(reviewed, int(interval.text)), interval.line
    day, there = front.day(_A_REVIEW)
    if day and reviewed < day < as_of and front.get(*NEXT) is None:
        which = "may be the last review or one that is overdue; call it last_reviewed_on or next_review_on"
        weighing.doubt(f"{_A_REVIEW} on line {there} {which}", there)
    if as_of and due and due < as_of:
        weighing.doubt(f"is overdue for review ({weighing.prose.where(line)})", line)
    approved = _approved(front)
    if due and approved and due < approved:
        weighing.doubt(f"was due for review before it was approved ({weighing.prose.where(line)})", line)
    if reviewed:
        entry = front.get(*REVIEWED)
        weighing.quote(at, f"{entry.key}: {entry.text}" if entry else "")


def _later(day: str, days: int) -> str:
    try:
        return (date.fromisoformat(day) + timedelta(days)).isoformat()
    except OverflowError:
        return date.max.isoformat()


def _section(weighing: Weighing, anchor: object) -> None:
    """The section that the evidence means has to be there and to say something."""
    section = _weighing.passage(weighing, anchor, "anchor")
    if section is None:
        return
    first = next(weighing.prose.sentences(section), None)
    if first is None:
        weighing.doubt("the section that anchor names is empty", weighing.prose.blocks[section.start].line if section else 0)
    else:
        weighing.quote(first.line, first.text)


# --- history ---


_UNTOLD = "whether it was changed after its approval"


class _Past(NamedTuple):
    """What a history says of a text: the text that was approved, if any commit holds the approval, and when what changed."""

    approved: str | None
    #: The text of HEAD, and the day since which it has been that of the document.
    newest: str
    since: str
    #: The day on which the file came to its place, where that is after its approval: nobody can look behind it.
    came: str


def _history(weighing: Weighing, front: Front, opener: Opener) -> None:
    from policycheck import git

    path = weighing.prose.path
    top = git.holder(opener.root, path)
    if top is None:
        weighing.remark = f"{_UNTOLD} was not looked at: the root is no git repository"
        return
    inner = (opener.root / path).relative_to(top).as_posix()
    approved, text = _approved(front), _prose.parted(opener.read(path).data)[1]
    try:
        found = git.changes(top, inner)
        past = _past(found, approved, text, top, inner)
    except (ArtefactError, UsageError) as error:
        weighing.doubt(f"{_UNTOLD} cannot be told: {error}")
        return
    if past.approved is None:
        weighing.remark = f"{_UNTOLD} was not looked at: its approval is not committed"
    elif past.came:
        weighing.remark = f"{_UNTOLD} and before {past.came} was not looked at: it came to its place then"
    if changed := _changed(past, text, approved, str(weighing.options.get("as_of") or "")):
        on = front.get(*APPROVED)
        weighing.doubt(f"was changed {changed}, after its approval was recorded", on.line if on else 0)
    writers = {_name(change.author) for change in found}
    approvers = front.get(*APPROVERS)
    if found and approvers and writers <= {_name(name) for name in approvers.values}:
        weighing.doubt("was written and approved by the same person, as the repository has it", approvers.line)


def _changed(past: _Past, text: str, approved: str, as_of: str) -> str:
    """When a text was last changed since it was approved; blank where it is the text that was approved."""
    if past.approved in (None, text):
        return ""
    if past.newest == text:
        return f"on {past.since}"
    # What is not committed yet was written by the day of the evaluation.
    return "" if as_of and as_of <= approved else "since the last commit"


def _past(found: tuple[Change, ...], approved: str, text: str, top: Path, path: str) -> _Past:
    """The text that was approved: what the repository held at the end of that day, or what first held the approval later.

    Commits between that do not hold the approval are passed over: a branch may have begun before it, or an approval may
    have been taken out and put back. Raises UsageError and ArtefactError where an earlier text is not to be had.
    """
    from policycheck import git

    if not found:
        return _Past(None, "", "", "")
    newest = _prose.parted(git.show(top, "HEAD", path, _prose.TEXT_CAP))[1]
    given, since, came, is_same = None, found[0].day, "", True
    for change in found:
        try:
            front, then = _prose.parted(git.show(top, change.commit, path, _prose.TEXT_CAP))
        except git.Missing:
            is_same = False
            continue
        is_same = is_same and then == text
        since = change.day if is_same else since
        if _says(front, path) == approved:
            given = then
            if change.day <= approved:
                break
            came = change.day if change is found[-1] else ""
    else:
        if len(found) == git.MOST_CHANGES:
            raise UsageError(f"more than {len(found)} commits changed it since")
    return _Past(given, newest, since, came)


def _says(front: str, path: str) -> str:
    """The day of approval that a front matter gives; blank where it gives none that can be read."""
    try:
        return _approved(_front.parsed(front, path))
    except Illegible:
        return ""
