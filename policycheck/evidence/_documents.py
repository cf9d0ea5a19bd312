"""What published documents say of themselves: their date, their version, whether they are a draft."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policycheck.errors import ArtefactError
from policycheck.evidence import _dates, _front, _prose
from policycheck.evidence._prose import Illegible, Prose

if TYPE_CHECKING:
    from policycheck.evidence._weighing import Weighing
    from policycheck.opener import Opener


#: How a short line at a document's beginning says that it is not, or no longer, in force.
_PUT_ASIDE = re.compile(
    r"(?:(?:document )?status\W+)?(?:archived|superseded|obsolete|deprecated|withdrawn|expired|retired|rejected|proposed|"
    r"not (?:yet )?(?:approved|adopted|in force))(?:\W*\Z|[\])]|[.:]\s| by\b)"
    r"|.*\b(?:this|present) (?!(?:clause|section|rule|paragraph|article|part|feature|service)\b)(?:\w+ ){1,3}?"
    r"(?:is|was|has been) (?:now |hereby )?(?:superseded|replaced by|withdrawn|archived|obsolete|deprecated|retired|"
    r"no longer (?:in force|in effect|valid|current)|not (?:yet )?(?:in force|approved|adopted))\b",
    re.IGNORECASE,
)


def is_put_aside(line: str) -> bool:
    """Whether a line of a document says that it is not, or no longer, in force."""
    return _PUT_ASIDE.match(line.lstrip(" \t#*_>|[(")) is not None


def draft(prose: Prose) -> str:
    """Why a document is no version in force, by its first lines."""
    for block in prose.blocks[:6]:
        if len(block.text) < 120 and is_put_aside(" ".join(block.text.split())):
            return f"says that it is not in force ({prose.where(block.line)})"
        if re.search(r"\bdraft\b", block.text.lower()) and len(block.text) < 120:
            return f"calls itself a draft ({prose.where(block.line)})"
    return ""


def _given(weighing: Weighing, asides: list[bool]) -> list[_dates.Stated]:
    """The dates that a document gives itself, in its front matter and its text."""
    return [*_front_dates(weighing), *_dates.stated(weighing.prose, asides)]


def in_force(weighing: Weighing, asides: list[bool]) -> None:
    """A doubt about a document that takes effect only after the date of the evaluation, by itself or its front matter."""
    as_of = str(weighing.options.get("as_of") or "")
    found = _given(weighing, asides)
    effective = [s for s in found if s.kind == _dates.EFFECTIVE and s.day]
    if as_of and effective and min(s.day for s in effective) > as_of:
        line = effective[0].line
        weighing.doubt(
            f"takes effect only after the date of the evaluation ({weighing.prose.where(line)})", line, unfit=True
        )


def dated(weighing: Weighing, asides: list[bool], *path: str) -> None:
    """Hold the document's own date against a declared one."""
    declared = weighing.asked(*path)
    if declared is None:
        return
    found = _given(weighing, asides)
    days = {s.day: s for s in reversed(found) if s.day}
    name = ".".join(path)
    later = max((s for s in found if s.day and s.kind == _dates.UPDATED), key=lambda s: s.day, default=None)
    if str(declared) in days and later is not None and later.day > str(declared):
        weighing.doubt(f"gives itself a later date than {name}, too ({weighing.prose.where(later.line)})", later.line)
        return
    if str(declared) in days:
        said = days[str(declared)]
        weighing.read(path, declared, said.line, "the date that the document gives itself")
        weighing.quote(said.line, said.text)
        return
    updated = {s.day: s for s in found if s.day and s.kind == _dates.UPDATED}
    unread = next((s for s in found if s.why), None)
    if unread is not None:
        weighing.doubt(
            f"gives itself a date that is not read ({weighing.prose.where(unread.line)}: {unread.why})", unread.line
        )
    elif len(updated) == 1:
        said = next(iter(updated.values()))
        weighing.read(path, said.day, said.line, "the date that the document gives itself")
    elif updated:
        lines = " and ".join(weighing.prose.where(s.line) for s in list(updated.values())[:2])
        weighing.doubt(f"gives itself several dates ({lines}), none of them {name}", next(iter(updated.values())).line)
    elif days:
        line = next(iter(days.values())).line
        weighing.doubt(
            f"only says since when it is published or in force ({weighing.prose.where(line)}), which need not be {name}",
            line,
        )
    else:
        weighing.doubt(f"gives itself no full date, so {name} cannot be held against it")


def _front_dates(weighing: Weighing) -> list[_dates.Stated]:
    front = _front.read(weighing.prose)
    keys = (
        "last_updated",
        "updated",
        "updated_on",
        "last_modified",
        "lastmod",
        "last_revised",
        "revised",
        "version_date",
        "date",
    )
    entry = front.get(*keys)
    effective = front.get("effective", "effective_date", "effective_on", "effective_from", "in_force_since")
    return [
        _dates.Stated(
            kind, day, e.line, f"{e.key}: {e.text}", "" if day else f"{e.text[:40]} can be read in more than one way"
        )
        for e, kind in ((entry, _dates.UPDATED), (effective, _dates.EFFECTIVE))
        if e is not None
        for day in [_dates.iso(e.text)]
    ]


def versioned(weighing: Weighing, asides: list[bool], *path: str) -> None:
    """Hold the document's own version against a declared one."""
    declared = weighing.asked(*path)
    if declared is None:
        return
    entry = _front.read(weighing.prose).get("version")
    found = [(entry.text, entry.line)] if entry else list(_dates.versions(weighing.prose, asides))
    names = {_bare(name): (name, line) for name, line in reversed(found)}
    if _bare(str(declared)) in names:
        line = names[_bare(str(declared))][1]
        weighing.read(path, declared, line, "the version that the document gives itself")
        weighing.quote(line, f"version {names[_bare(str(declared))][0]}")
    elif len(names) == 1:
        name, line = next(iter(names.values()))
        weighing.read(path, name, line, "the version that the document gives itself")
    else:
        several = "several versions, none of them" if names else "no version to hold against"
        weighing.doubt(f"gives itself {several} {'.'.join(path)}")


def _bare(version: str) -> str:
    return version.strip().lower().removeprefix("v").strip()


def prose_of(opener: Opener, path: str) -> Prose:
    """The document, or an empty one where it cannot be read."""
    try:
        return _prose.read(opener.read(path, cap=_prose.PDF_CAP))
    except (ArtefactError, Illegible):
        return Prose(path, ())
