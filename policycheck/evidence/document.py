"""What a document says by being there: it exists, has content, and speaks of its subject. What it says is for a person.

A file can be made in a second, so being there is not enough: it has to be somebody's text about what is declared. An empty
file, a template that nobody filled in, and a text that mentions nothing of its subject support nothing, and say why.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policycheck.errors import ArtefactError
from policycheck.model import Account, Artefact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policycheck.model import Discovered
    from policycheck.opener import Opened, Opener

#: Empty: a document can back any kind of subject.
KINDS_OF_SUBJECT: frozenset[str] = frozenset()
#: Empty: that a text exists lets nothing be declared.
FILES: tuple[str, ...] = ()

#: The largest document read, in bytes: scanned policies are larger than configuration.
CAP = 32 * 1024 * 1024
#: Fewer words than these are a heading, not a document; and how many words of its subject it has to use.
WORDS, SHARED = 20, 2
#: Words are compared by as many letters: duties are to `develop`, and a document says who develops.
STEM = 5

_BLANK = b" \t\r\n\v\f\0"
_BOM = b"\xef\xbb\xbf"
_WORD = re.compile(r"[^\W_]+")
_HEADING = re.compile(r"^#{1,6}[ \t]+([^\n{]*)|<h[1-6][^>]*>([^<]*)|\bid=[\"']([^\"']+)|\{#([\w-]+)\}", re.MULTILINE)
#: What templates leave to be filled in. A word in brackets alone may be a link or an option, and is not taken for one.
_PLACEHOLDER = re.compile(
    r"lorem ipsum|\b(?:TODO|TBD|FIXME)\b|X{4,}|\{\{[^}\n]{1,80}\}\}"
    r"|[\[<{]{1,2} ?(?:insert|your|company|organi[sz]ation|name of|date of|fill)\b[^\]>}\n]{0,80}[\]>}]",
    re.IGNORECASE,
)
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


def account(opener: Opener, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    """Whether the document at `path` (from the root) supports its subject; if not, it is unreadable, and why.

    With `options["anchor"]` the passage under that heading is meant, and has to exist. No value is read: that is for a
    person. What is no text (a scan, a picture) cannot be looked into; it supports only when the entry pins it by `sha256`
    and says when it was collected.
    """
    try:
        opened = opener.read(path, cap=CAP)
    except ArtefactError as error:
        return Account(unreadable=str(error), unreadable_at=(path, 0))
    seen = (Artefact(opened.path, opened.size, opened.sha256),)
    reason, line = _wrong(opened, options, subject)
    if reason:
        return Account((), seen, f"{opened.path} {reason}", unreadable_at=(opened.path, line))
    return Account((), seen, supported=True)


def discover(opener: Opener, path: str) -> tuple[Discovered, ...]:
    """Nothing: that a text exists lets nothing be declared."""
    return ()


def _wrong(opened: Opened, options: Mapping[str, object], subject: Mapping[str, object]) -> tuple[str, int]:
    """Why a document supports nothing, and on which line; an empty reason when it does."""
    if not opened.data.removeprefix(_BOM).strip(_BLANK):
        return "is empty", 0
    text = _text(opened.data)
    if text is None:
        pinned = options.get("sha256") and options.get("collected_on")
        return "" if pinned else "is no text, so nobody can look into it here; pin it with sha256 and collected_on", 0
    if len(_words(text)) < WORDS:
        return "holds no more than a heading", 0
    if left := _PLACEHOLDER.search(text):
        return "is a template: a placeholder is not filled in", text.count("\n", 0, left.start()) + 1
    anchor = str(options.get("anchor") or "").strip()
    if anchor and not _has_heading(text, anchor):
        return f"has no heading or anchor {anchor[:80]}", 0
    return _unrelated(text, subject, options), 0


def _text(data: bytes) -> str | None:
    """The text of a document, or None when it is something else, such as a PDF."""
    if b"\0" in data or data.startswith(b"%PDF"):
        return None
    try:
        return data.removeprefix(_BOM).decode()
    except UnicodeDecodeError:
        return None


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _has_heading(text: str, anchor: str) -> bool:
    wanted = _slug(anchor)
    return bool(wanted) and any(_slug(part) == wanted for found in _HEADING.findall(text) for part in found if part)


def _slug(heading: str) -> str:
    return "-".join(_words(heading))


def _unrelated(text: str, subject: Mapping[str, object], options: Mapping[str, object]) -> str:
    """A text about its subject uses its words: its name, what it is called in the manifest, what is declared of it."""
    supports = options.get("supports")
    wanted = {word[:STEM] for word in (*_said(subject), *_said(supports)) if _telling(word)}
    found = wanted & {word[:STEM] for word in _words(text)}
    if len(found) >= min(SHARED, len(wanted)):
        return ""
    return "mentions nothing of what is declared here; attach the document that is about it, or name it as that does"


def _telling(word: str) -> bool:
    return len(word) > 3 and not word.isdigit() and word not in _COMMON


def _said(value: object, depth: int = 0) -> Iterator[str]:
    """The words of a declaration: its texts, and the names of the properties that have one. Evidence is not among them."""
    if isinstance(value, str):
        yield from _words(value.replace("_", " "))
    elif isinstance(value, dict) and depth < 6:
        for key, inner in value.items():
            if key != "evidence" and inner not in (None, "", [], {}):
                yield from _words(str(key).replace("_", " "))
                yield from _said(inner, depth + 1)
    elif isinstance(value, list) and depth < 6:
        for inner in value:
            yield from _said(inner, depth + 1)
