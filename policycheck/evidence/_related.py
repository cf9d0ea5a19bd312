"""Whether a text is about its subject: one that uses none of its telling words is about something else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: How many words of its subject a text has to use.
SHARED = 2
#: Words are compared by as many letters: duties are to `develop`, and a document says who develops.
STEM = 5

#: How many sentences a text of somebody's has at least, and how many words each of them.
SENTENCES, WORDS_OF_ONE = 2, 6

_WORD = re.compile(r"[^\W_]+")
#: Where a sentence ends, and what parts are none: headings; blank lines, items of lists, rows and tags.
_ENDED = re.compile(r"(?<![.!?])[.!?]++(?=[\s\"')\]\u201d*_<]|$)|[\u3002\uff01\uff1f]+")
_HEADED = re.compile(r"^[ \t]{0,3}#[^\n]*$", re.MULTILINE)
_PARTED = re.compile(r"\n[ \t]*+(?:\n|[-*+>][ \t]|\d{1,3}[.)][ \t])|\||<[^<>]{0,200}>")
_SEPARATOR = re.compile(r"[,;/|]")
#: Scripts that put no space between words: so many of their signs count as one.
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")
_SIGNS = 2
_EVERYDAY = """
    about access according account after against also annual approved before being between company could data date dates
    document documents every example from have high information internal level manager measure measures medium more most must
    name number only organisation organization other owner page personal policy process public record records regular report
    required requirements responsible review reviewed risk risks section security service should system team technical that
    their them there these they this true under user users used version when where which with within work year years none
    procedural deployed declared family params surfaces unit kind title status layer
"""
#: Words that any document of an organisation uses, and that therefore tie it to nothing.
_COMMON = frozenset(_EVERYDAY.split())


def words(text: str) -> list[str]:
    """The words of a text, in lower case."""
    return _WORD.findall(text.lower())


def unrelated(text: str, subject: Mapping[str, object], options: Mapping[str, object]) -> str:
    """A text about its subject uses its words: its name, what it is called in the manifest, what is declared of it."""
    supports = options.get("supports")
    wanted = {word[:STEM] for word in (*_said(subject), *_said(supports)) if _telling(word)}
    found = wanted & {word[:STEM] for word in words(text)}
    if len(found) >= min(SHARED, len(wanted)):
        return ""
    return "mentions nothing of what is declared here; attach the document that is about it, or name it as that does"


def is_soup(text: str, least: int = SENTENCES) -> bool:
    """Whether a text is a list of words: fewer than `least` sentences that are ended by a mark and long enough.

    What is mostly commas is a list, too, though it ends in a full stop; questions alone are a form that waits for answers.
    """
    found = answers = 0
    for part in _PARTED.split(_HEADED.sub("\n", text)):
        start = 0
        for end in _ENDED.finditer(part):
            is_one = _is_sentence(part[start : end.start()])
            found, answers = found + is_one, answers + (is_one and not end[0].endswith(("?", "\uff1f")))
            start = end.end()
    return found < least or not answers


def _is_sentence(text: str) -> bool:
    count = len(_WORD.findall(text)) + len(_UNSPACED.findall(text)) // _SIGNS
    return count >= WORDS_OF_ONE and len(_SEPARATOR.findall(text)) * 2 < count


def _telling(word: str) -> bool:
    return len(word) > 3 and not word.isdigit() and word not in _COMMON


def _said(value: object, depth: int = 0) -> Iterator[str]:
    """The words of a declaration: its texts, and the names of the properties that have one. Evidence is not among them."""
    if isinstance(value, str):
        yield from words(value.replace("_", " "))
    elif isinstance(value, dict) and depth < 6:
        for key, inner in value.items():
            if key != "evidence" and inner not in (None, "", [], {}):
                yield from words(str(key).replace("_", " "))
                yield from _said(inner, depth + 1)
    elif isinstance(value, list) and depth < 6:
        for inner in value:
            yield from _said(inner, depth + 1)
