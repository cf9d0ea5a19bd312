"""What one cell of a register says: a value in the manifest's words, silence, or why it is neither.

An empty cell is silence: not "on time", not zero and not "no". Numbers, days and moments are taken as they are written
or not at all: a time without an offset names no moment, `1.900` is two different numbers in two countries.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

#: What people write for nothing known; as silent as an empty cell.
_SILENT = frozenset({"", "-", "–", "?", "n/a", "na", "none known", "not known", "unknown", "tbc", "tbd"})
#: What a row is called that shows how to fill in the others.
_EXAMPLE = re.compile(
    r"(?:an? |the )?(?:examples?|samples?|template|dummy|placeholder|lorem ipsum|x{3,8}|your)"
    r"[-_ #]*(?:incident|breach|entry|row|record|finding|letter|id|title|reference|text|data)?[-_ #]*[0-9]*x{0,4}[.!]?",
    re.IGNORECASE,
)
#: What the row of a spreadsheet is called that adds up the others.
_SUM = re.compile(r"(?:(?:grand|sub)[- ]?)?totals?(?: .{0,40})?:?|sums?:?", re.IGNORECASE)
#: What stands in the first cell of a register that has no rows yet.
_NO_ROW = re.compile(
    r"(?:none|nil|nothing)(?: .{0,60})?|no (?:[a-z-]+ ){0,3}(?:incidents?|breach(?:es)?|findings?|entries|letters?|"
    r"correspondence|requests?|actions?|events?)(?: .{0,60})?[.]?",
    re.IGNORECASE,
)
_FLAGS = {"yes": True, "y": True, "true": True, "no": False, "n": False, "false": False}

_COUNT = re.compile(r"[0-9]{1,15}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CLOCK = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2})(:[0-9]{2}(?:\.[0-9]{1,9})?)?"
    r" ?([Zz]|UTC|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?"
)
_PLACE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_APART = re.compile(r"[^a-z0-9]+")
_BETWEEN = re.compile(r"[\s,:=]+")
_ITEMS = re.compile(r"[;|]")
#: Codes that people write and ISO 3166 does not have.
_NO_PLACES = {"UK": "write GB for the United Kingdom", "EU": "name the member states: the EU has no code"}
#: Before this no register was kept: spreadsheets and databases write such years for an empty cell.
_EARLIEST = date(1970, 1, 1)


class BadCell(Exception):
    """Why a cell that is not empty says nothing that can be used."""


class Today(NamedTuple):
    """The day of the evaluation; what was done cannot lie after it. None when it is not known."""

    day: date | None

    def refuse_later(self, found: date) -> None:
        """Raise BadCell for a day of something done that has not come yet."""
        if self.day is not None and found > self.day:
            raise BadCell("lies after the day of the evaluation")


def slug(text: str) -> str:
    """An id as manifests write ids; empty when nothing is left."""
    found = _APART.sub("-", text.lower()).strip("-")
    return found if _SLUG.fullmatch(found) else ""


def read(form: str, text: str, words: Sequence[str], today: Today, *, is_utc: bool) -> object | None:
    """The value of a cell, None when it is silent. Raises BadCell."""
    bare = text.strip()
    if bare.lower() in _SILENT:
        return None
    if form in ("id", "text") and _EXAMPLE.fullmatch(bare.strip("<>[](){}")):
        raise BadCell("is that of an example and no row of yours; take the row out, or fill it in")
    if form == "id" and _SUM.fullmatch(bare):
        raise BadCell("is that of a sum of other rows; take the row out")
    if form == "id" and _NO_ROW.fullmatch(bare):
        raise BadCell("says that there is nothing to list; take the row out, a header alone says the same")
    if form == "moment":
        return _moment(bare, today, is_utc=is_utc)
    if form == "word":
        return word(bare, words)
    if form == "decisions":
        return decisions(bare, words)
    if form == "past_day":
        return _past_day(bare, today)
    return _FORMS[form](bare) if form != "days" else [_past_day(item, today) for item in items(bare)]


def items(text: str) -> list[str]:
    """The items of a list in one cell, apart by `;` or `|`, each once."""
    return list(dict.fromkeys(item.strip() for item in _ITEMS.split(text) if item.strip()))


def word(text: str, words: Sequence[str]) -> str:
    """One of a closed list of words, whatever its case and blanks: `Not a breach` is not_a_breach."""
    found = _APART.sub("_", text.lower()).strip("_")
    if found not in words:
        raise BadCell(f"is none of {', '.join(words)}")
    return found


def decisions(text: str, words: Sequence[str]) -> dict[str, str]:
    """What was decided, by jurisdiction: `notify GB ES; not_notify CA`. A word alone stands under the empty name."""
    found: dict[str, str] = {}
    for clause in items(text):
        tokens = [token for token in _BETWEEN.split(clause) if token]
        places = [place(token) for token in tokens if _PLACE.fullmatch(token)]
        decided = word(" ".join(token for token in tokens if not _PLACE.fullmatch(token)), words)
        for name in places or [""]:
            if found.setdefault(name, decided) != decided:
                raise BadCell(f"says two things of {name or 'one place'}")
    return found


def place(text: str) -> str:
    """A jurisdiction's ISO 3166 code."""
    found = text.strip().upper()
    if found in _NO_PLACES:
        raise BadCell(f"is no ISO 3166 code; {_NO_PLACES[found]}")
    if not _PLACE.fullmatch(found):
        raise BadCell("is no ISO 3166 code such as GB or CA-QC; put ; between several")
    return found


def _id(text: str) -> str:
    if not slug(text):
        raise BadCell("is no id: at most 64 letters, digits and hyphens")
    return text


def _count(text: str) -> int:
    if not _COUNT.fullmatch(text):
        raise BadCell("is no plain number; write digits only")
    return int(text)


def _flag(text: str) -> bool:
    if text.lower() not in _FLAGS:
        raise BadCell(f"is none of {', '.join(_FLAGS)}")
    return _FLAGS[text.lower()]


def _day(text: str) -> str:
    """A day; of a moment, the day that it is written with."""
    clock = _CLOCK.fullmatch(text)
    written = clock[1] if clock else text
    try:
        found = date.fromisoformat(written) if _DAY.fullmatch(written) else None
    except ValueError:
        found = None
    if found is None:
        raise BadCell("is no day; write it as 2026-10-30")
    if found < _EARLIEST:
        raise BadCell("is a year before registers were kept, as some programs write for an empty cell")
    return written


def _past_day(text: str, today: Today) -> str:
    written = _day(text)
    today.refuse_later(date.fromisoformat(written))
    return written


def _moment(text: str, today: Today, *, is_utc: bool) -> str:
    """A moment as RFC 3339 writes it (section 5.6). The offset stands in the cell, or the column's name says UTC."""
    clock = _CLOCK.fullmatch(text)
    if not clock:
        raise BadCell("is no moment; write it as 2026-10-30T08:00:00Z or with an offset such as +01:00")
    offset = clock[4] or ("Z" if is_utc else "")
    if not offset:
        raise BadCell("has no offset from UTC, so it names no moment; write Z or +01:00 behind it")
    if (clock[3] or "").startswith(":60"):
        raise BadCell("falls on a leap second, which many readers refuse; write :59")
    written = f"{clock[1]}T{clock[2]}{clock[3] or ':00'}{'Z' if offset in 'zZ' or offset == 'UTC' else offset}"
    found = instant(written)
    if found is None:
        raise BadCell("is no moment that exists")
    if found.date() < _EARLIEST:
        raise BadCell("is a year before registers were kept, as some programs write for an empty cell")
    today.refuse_later(found.date())
    return written


def instant(text: object) -> datetime | None:
    """The moment in UTC that an RFC 3339 text names; None when it names none, or one beyond the calendar."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
        return found.astimezone(UTC) if found is not None and found.utcoffset() is not None else None
    except (ValueError, OverflowError):
        return None


def day(value: object) -> date | None:
    """A date or moment of the manifest as a day in UTC; None when it is neither."""
    found = instant(value)
    if found is not None:
        return found.date()
    try:
        return date.fromisoformat(str(value)) if _DAY.fullmatch(str(value)) else None
    except ValueError:
        return None


def elapsed(start: str, end: str) -> int:
    """The days from one to the other."""
    return (date.fromisoformat(end) - date.fromisoformat(start)) // timedelta(days=1)


_FORMS: Mapping[str, Callable[[str], object]] = {
    "text": str,
    "id": _id,
    "count": _count,
    "flag": _flag,
    "day": _day,
    "place": place,
    "list": items,
    "slugs": lambda text: [slug(_id(item)) for item in items(text)],
    "places": lambda text: [place(item) for item in items(text)],
}


# --- against what is declared ---


def held(form: str, value: object, declared: object) -> object | None:
    """The value to report where `declared` stands (None or blank: nothing does); None when the cell settles nothing.

    What says the same comes back as declared, however each is spelled. Wording is not judged: another title or letter
    number for the same thing denies nothing. A list that holds less denies nothing either (a column `surface` names
    the main one); one that holds more is joined with what is declared.
    """
    if declared is None or declared == "":
        return value
    if form == "text":
        return declared if _wording(value) == _wording(declared) else None
    if form == "moment":
        return declared if instant(value) == instant(declared) else value
    if isinstance(value, list):
        return _joined(value, declared)
    return value


def _wording(value: object) -> str:
    return " ".join(str(value).casefold().split())


def _joined(value: list[str], declared: object) -> object | None:
    known = declared if isinstance(declared, list) else []
    more = [item for item in value if item not in known]
    if more:
        return [*known, *more]
    return declared if len(value) == len(known) else None
