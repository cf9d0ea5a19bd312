"""Who prepared, reviewed and approved a report, and when: from options or a small review file.

    policycheck-review: 1
    report: 26a2501b-1e89-8eba-9b36-9cda095aa0d5
    prepared_by: {name: Ada Example, role: privacy engineer, date: 2026-11-21}
    reviewed_by: {name: Ben Example, role: security, date: 2026-11-22}
    approved_by: {name: Cleo Example, role: DPO, date: 2026-11-23}
    remarks: Read with the minutes of 20 November.

A report without all three is a draft and says so on every page. Whoever prepared it cannot approve it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, NamedTuple
from unicodedata import category, normalize

from policycheck.document import Document, parse
from policycheck.errors import InvalidInput, UsageError
from policycheck.model import Problem

FORMAT = "policycheck-review"
VERSION = 1
#: The parts in their order in time, with the word that stands before the name.
PARTS = {"prepared_by": "Prepared by", "reviewed_by": "Reviewed by", "approved_by": "Approved by"}
#: No name, role or remark is longer; a page has to hold it.
MOST = 500
#: Letters of Hangul by name, and blanks to the eye.
_FILLERS = "\u115f\u1160"
_KEYS = {"name", "role", "date"}


class Signature(NamedTuple):
    """One person's part: the day (ISO) on which they took it."""

    name: str
    role: str
    date: str


class Signoff(NamedTuple):
    """The three parts; None for one that is still open."""

    prepared_by: Signature | None = None
    reviewed_by: Signature | None = None
    approved_by: Signature | None = None
    remarks: str = ""

    @property
    def is_draft(self) -> bool:
        """Whether a part is still open."""
        return None in (self.prepared_by, self.reviewed_by, self.approved_by)

    def rows(self) -> list[tuple[str, Signature | None]]:
        """Each part with its word, in the order of time."""
        return [(word, getattr(self, part)) for part, word in PARTS.items()]


def read(raw: bytes, name: str, report_id: str, as_of: str) -> Signoff:
    """A review file, which has to be that of this report. Raises InvalidInput with every mistake at its line."""
    document, problems = parse(raw, name)
    if not problems:
        problems = _mistakes(document, name, report_id, as_of)
    if problems:
        raise InvalidInput(problems)
    return _signoff(document.data)


def _signoff(data: Mapping[str, Any]) -> Signoff:
    prepared, reviewed, approved = (_signature(data[part]) if part in data else None for part in PARTS)
    return Signoff(prepared, reviewed, approved, data.get("remarks", ""))


def _signature(row: Mapping[str, Any]) -> Signature:
    return Signature(row["name"].strip(), row.get("role", "").strip(), row["date"])


def _mistakes(document: Document, name: str, report_id: str, as_of: str) -> list[Problem]:
    data = document.data
    if not isinstance(data, dict) or data.get(FORMAT) != VERSION:
        return [Problem(name, 1, 1, f"is no review file; it starts with `{FORMAT}: {VERSION}`")]
    wrong = [(data, key, _unknown(key, [FORMAT, "report", *PARTS, "remarks"])) for key in data.keys() - _known()]
    if data.get("report") != report_id:
        wrong.append((data, "report", f"is another report than this one; its id is {report_id}"))
    if not _is_text(data.get("remarks", "")):
        wrong.append((data, "remarks", f"is a text of at most {MOST} characters"))
    for part in data.keys() & PARTS.keys():
        wrong += _wrong_part(data, part)
    found = [_problem(document, name, holder, key, message) for holder, key, message in wrong]
    if not found:
        found = [_problem(document, name, data, part, message) for part, message in flaws(_signoff(data), as_of)]
    return sorted(found)


def _known() -> set[str]:
    return {FORMAT, "report", *PARTS, "remarks"}


def _unknown(key: Any, allowed: list[str]) -> str:
    return f"unknown key {str(key)!r}; allowed: {', '.join(allowed)}"


def _wrong_part(data: Mapping[str, Any], part: str) -> list[tuple[Any, Any, str]]:
    row = data[part]
    if not isinstance(row, dict):
        return [(data, part, "is a mapping of name, role and date; leave it out while it is open")]
    wrong = [(row, key, _unknown(key, ["name", "role", "date"])) for key in row.keys() - _KEYS]
    if not _is_name(row.get("name")):
        wrong.append((row, "name", f"is the name of a person, of at most {MOST} characters"))
    if not _is_text(row.get("role", "")):
        wrong.append((row, "role", f"is a text of at most {MOST} characters"))
    if _day(row.get("date")) is None:
        wrong.append((row, "date", "is a day such as 2026-11-22"))
    return wrong


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MOST


def _is_name(value: Any) -> bool:
    """Whether something can be seen to be a name: it has a letter."""
    return _is_text(value) and any(letter.isalpha() for letter in _plain(value))


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        return None


def _problem(document: Document, name: str, holder: Any, key: Any, message: str) -> Problem:
    place = document.locate_key(holder, key)
    said = f"{key}: {message}" if isinstance(key, str) and key in {*PARTS, *_KEYS, "report", "remarks"} else message
    return Problem(place.path, place.line, place.column, said) if place else Problem(name, 1, 1, said)


def given(parts: Mapping[str, tuple[str, str] | None], as_of: str) -> Signoff:
    """The sign-off that options name, each a name and a day. Raises UsageError for what cannot be."""
    signed = {}
    for part, said in parts.items():
        if said is None:
            continue
        option = f"--{part.replace('_', '-')}"
        if not _is_name(said[0]) or _day(said[1]) is None:
            raise UsageError(f"{option} takes a name and a day, such as {option} 'Ada Example' 2026-11-22")
        signed[part] = Signature(said[0].strip(), "", said[1])
    found = Signoff(signed.get("prepared_by"), signed.get("reviewed_by"), signed.get("approved_by"))
    for part, message in flaws(found, as_of):
        raise UsageError(f"--{part.replace('_', '-')}: {message}")
    return found


def flaws(signoff: Signoff, as_of: str) -> list[tuple[str, str]]:
    """What the parts of a sign-off have against each other and the report's day, by the part that is wrong."""
    found = []
    if signoff.approved_by and signoff.prepared_by and _same(signoff.approved_by, signoff.prepared_by):
        found.append(("approved_by", "whoever prepared a report cannot approve it"))
    signed = [(part, getattr(signoff, part)) for part in PARTS if getattr(signoff, part) is not None]
    # The report's day is one in UTC, and a signature's that of where its author is.
    earliest = (date.fromisoformat(as_of) - timedelta(days=1)).isoformat() if as_of > "0001-01-01" else as_of
    found += [
        (part, f"{one.date} lies before the report, which is as of {as_of}") for part, one in signed if one.date < earliest
    ]
    for (before, first), (part, then) in pairwise(signed):
        if then.date < first.date:
            found.append((part, f"{then.date} lies before the day of {before.replace('_', ' ')}, {first.date}"))
    return found


def _same(one: Signature, other: Signature) -> bool:
    return _plain(one.name) == _plain(other.name)


def _plain(name: str) -> str:
    """A name as a reader tells it from another: without case, ways of composing letters, and what is not seen."""
    seen = "".join(c for c in normalize("NFKC", name) if category(c) != "Cf" and c not in _FILLERS)
    return " ".join(normalize("NFKC", seen.casefold()).split())
