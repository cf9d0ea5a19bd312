"""The dates and versions that a document gives itself: "Last updated: 12 May 2026", "Effective from", "Version 3.2".

A date is ISO 8601 (with / or . for -, too), or English with the month as a word. 03/04/2026 is the third of April or the
fourth of March, depending on who reads it: such a date is not read, unless only one reading is a day of the calendar.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from policycheck.evidence._prose import Prose

UPDATED, EFFECTIVE = "updated", "effective"

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)\.?"
)
_TH = r"(?:st|nd|rd|th)?"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        r"(?P<year>\d{4})(?P<mark>[-/.])(?P<m>\d{1,2})(?P=mark)(?P<day>\d{1,2})(?!\d)",
        rf"(?P<day>\d{{1,2}}){_TH}(?: day)?(?: of)?[ -]{_MONTH},?[ -](?P<year>\d{{4}})(?!\d)",
        rf"{_MONTH} (?P<day>\d{{1,2}}){_TH},? (?P<year>\d{{4}})(?!\d)",
        r"(?P<day>\d{1,2})\.\s?(?P<m>\d{1,2})\.\s?(?P<year>\d{4})(?!\d)",
    )
)
_SLASHED = re.compile(r"(\d{1,2})([/-])(\d{1,2})\2(\d{4})(?!\d)")
_LABEL = re.compile(
    r"\b(?:(?P<updated>(?:last |most recently )?(?:updated|revised|modified|amended)|last (?:changed|update|"
    r"revision|modification)|"
    r"date of (?:last )?(?:update|revision)|revision date|version (?:of|dated)|dated?(?=:))|"
    r"(?P<effective>published|effective(?: date)?|in (?:force|effect)|takes? effect|comes? into (?:force|effect)|valid|"
    r"applies|apply))"
    r"(?P<date>(?: (?:these terms|this (?:privacy )?(?:version|policy|notice|page|document|statement)|it))?"
    r"(?:\s*(?:on|from|as of|of|since|is|was|:|-|–|\|)){0,3}\s*)",
    re.IGNORECASE,
)
#: Where what a label belongs to begins, and what it is then not the document's own date of: an update that did not happen
#: or is still to come, an earlier version, a law, what somebody does.
_APART = re.compile(r"[.!?;|(]\s|[|(\u2013\u2014]| - ")
_FOREIGN = re.compile(
    r"\b(?:previous|prior|earlier|former|older?)\b|\b(?:act|bill|codes?|directives?|laws?|regulations?|statutes?|gdpr|ccpa|"
    r"cpra|lgpd|pipeda|convention)\b",
    re.IGNORECASE,
)
_SOMEBODY = re.compile(r"\b(?:we|they|which|that|who|i|he|she|you)\s*\Z", re.IGNORECASE)
_NOT_YET = re.compile(r"\b(?:not|never|next|(?:will|shall|may|to) be)(?: (?:last|again|next))?\s*\Z", re.IGNORECASE)
#: What other documents are called; a date stands for this one where its title has the word, or where it says "this".
_OTHERS = re.compile(
    r"\b(?:terms|cookies?|privacy|refunds?|security|advertising|reports?|lists?|guidelines|handbook|(?:ann|append)(?:ex|ix)|"
    r"schedule|licen[cs]e|clauses)\b",
    re.IGNORECASE,
)
_THIS = re.compile(r"\b(?:this|these|it)\b", re.IGNORECASE)
#: What of a label gives the date to the document by itself: "updated: …", "updated this notice on …".
_FIELD = re.compile(r":| (?:this|these) ", re.IGNORECASE)
#: Words before a label that leave it the document's own, and those of which one has to stand among any others: "our logo
#: was updated on …" is of the logo.
_IDLE = re.compile(
    rf"(?:\b(?:the|a|of|on|and|also|last|most|recently|latest|first|was|is|were|are|has|have|been|date|effective|published|"
    rf"reviewed|checked|current|as|ltd|limited|inc|plc|llc|gmbh|v?\d[\d.]*"
    rf"{_TH}|{_MONTH.replace('?P<month>', '?:')})(?![\w])|[\s,.:*_#/-])*+",
    re.IGNORECASE,
)
_ITSELF = re.compile(
    r"\b(?:notices?|polic(?:y|ies)|terms|conditions|documents?|pages?|agreements?|statements?|versions?|text|rules|contract)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"\w+")
_VERSION = re.compile(r"\bversion(?:\s+(?:no\.?|number))?\s*[:#]?\s*v?(?P<name>\d[\w.-]{0,30})", re.IGNORECASE)
#: How much of a document's beginning may be its title.
_TITLE = 60
#: How much before a label may say what is dated: a block may be a whole document, with thousands of dates.
_BEFORE = 300
#: How many blocks at the beginning and at the end of a document may hold its date.
_NEAR = 12


@dataclass(frozen=True, slots=True)
class Stated:
    """A date that a document gives itself: ISO, or blank with the reason `why` it was not read."""

    kind: str
    day: str
    line: int
    text: str
    why: str = ""


def iso(text: str) -> str:
    """The date that a whole text is, as ISO; blank when it is none or may be two."""
    day, _, rest = read(text.strip())
    return "" if rest.strip() else day


def read(text: str) -> tuple[str, str, str]:
    """The date with which a text begins, as ISO, or blank and why not; and the rest of the text."""
    for form in _FORMS:
        if match := form.match(text):
            parts = match.groupdict()
            month = _MONTHS.index(parts["month"][:3].lower()) + 1 if parts.get("month") else int(parts["m"])
            day = _day(int(parts["year"]), month, int(parts["day"]))
            return day, "" if day else f"{match[0]} is no day of the calendar", text[match.end() :]
    if match := _SLASHED.match(text):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        found = {day for day in (_day(year, second, first), _day(year, first, second)) if day}
        why = "" if len(found) == 1 else f"{match[0]} is ambiguous or no date"
        return found.pop() if len(found) == 1 else "", why, text[match.end() :]
    return "", "", text


def _day(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""


def stated(prose: Prose, asides: Sequence[bool]) -> list[Stated]:
    """The dates that stand behind a word such as "updated" near the beginning or the end of a document."""
    found = []
    first = prose.blocks[0].text[:_TITLE] if prose.blocks else ""
    titles = [first, *(block.text for block in prose.blocks[:6] if block.level)]
    title = " ".join(titles).casefold()
    for index in _near(len(prose.blocks)):
        block = prose.blocks[index]
        if not block.own or asides[index]:
            continue
        flat = block.text.replace("\n", " ")
        whole = " ".join(flat.split())
        for match in _LABEL.finditer(flat):
            day, why, _ = read(flat[match.end() : match.end() + 60].lstrip())
            kind = UPDATED if match["updated"] else EFFECTIVE
            # "Will be in force from …" is a beginning, "will be published on …" is of another version.
            is_start = kind == EFFECTIVE and match["effective"].lower() != "published"
            before = flat[max(0, match.start() - _BEFORE) : match.start()]
            if (day or why) and _is_own(before, title, is_start=is_start, is_field=bool(_FIELD.search(match["date"]))):
                found.append(Stated(kind, day, block.line_at(match.start()), whole, why))
    return found


def _is_own(before: str, title: str, *, is_start: bool, is_field: bool) -> bool:
    """Whether a label that stands after some text is about the document itself."""
    said = _APART.split(before)[-1]
    if _FOREIGN.search(said) or (not is_start and _NOT_YET.search(said)) or (not is_field and _SOMEBODY.search(said)):
        return False
    if not (is_field or _is_idle(said, title) or _THIS.search(said) or _ITSELF.search(said)):
        return False
    return bool(_THIS.search(said)) or all(name.casefold() in title for name in _OTHERS.findall(said))


def _is_idle(said: str, title: str) -> bool:
    """Whether a label stands alone, or after a comma and no more than the title has: "Larkfield Ltd, last updated …"."""
    head, _, rest = said.rpartition(",")
    known = set(_NAME.findall(title))
    return bool(_IDLE.fullmatch(" ".join(word for word in _NAME.findall(head) if word.casefold() not in known) + rest))


def versions(prose: Prose, asides: Sequence[bool]) -> Iterator[tuple[str, int]]:
    """The names of versions near the beginning or the end of a document, with their lines."""
    for index in _near(len(prose.blocks)):
        block = prose.blocks[index]
        if block.own and not asides[index]:
            for match in _VERSION.finditer(block.text):
                if not read(block.text[match.start("name") :])[0] or re.fullmatch(r"\d{4}-\d\d-\d\d", match["name"]):
                    yield match["name"].rstrip(".-"), block.line_at(match.start())


def _near(count: int) -> list[int]:
    return sorted({*range(min(_NEAR, count)), *range(max(count - _NEAR, 0), count)})
