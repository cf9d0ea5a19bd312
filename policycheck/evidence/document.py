"""What a document says by being there: it exists, has content, and speaks of its subject. What it says is for a person.

A file can be made in a second, so being there is not enough: it has to be somebody's text about what is declared. An empty
file, a template that nobody filled in, and a text that mentions nothing of its subject support nothing, and say why.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policycheck.errors import ArtefactError
from policycheck.evidence import _front, _prose
from policycheck.evidence._documents import is_put_aside
from policycheck.evidence._related import is_soup, unrelated, words
from policycheck.model import Account, Artefact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policycheck.model import Discovered
    from policycheck.opener import Opened, Opener

#: Empty: a document can back any kind of subject.
KINDS_OF_SUBJECT: frozenset[str] = frozenset()
#: Empty: that a text exists lets nothing be declared.
FILES: tuple[str, ...] = ()

#: The largest document read, in bytes: scanned policies are larger than configuration.
CAP = 32 * 1024 * 1024
#: Fewer words than these are a heading, not a document.
WORDS = 20

#: Names of files that hold prose, and so sentences; programs, tables and settings have none.
_PROSE = (".md", ".markdown", ".mdx", ".txt", ".rst", ".adoc", ".html", ".htm", ".org", ".tex")
#: The lines that may mark a document as a draft, how long one that does is at most, and what it says.
_FIRST, _SHORT = 8, 120
_MARKED = re.compile(r"(?:(?:document )?status\W+)?draft(?:\W+(?:v|version)?\W*[\d.]+)?", re.IGNORECASE)
_PAGES, _MARKED_DOWN = (".html", ".htm"), (".md", ".markdown", ".mdx")
#: A block of code in Markdown, down to its end or that of the text.
_FENCED = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n]*\n.*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_BLANK = b" \t\r\n\v\f\0"
_BOM = b"\xef\xbb\xbf"
_HEADING = re.compile(r"^#{1,6}[ \t]+([^\n{]*)|<h[1-6][^>]*>([^<]*)|\bid=[\"']([^\"']+)|\{#([\w-]+)\}", re.MULTILINE)
_MARKDOWN = re.compile(r"^(#{1,6})[ \t]+([^\n{]*)(?:\{#([\w-]+)\})?", re.MULTILINE)
#: What templates leave to be filled in. A word in brackets alone may be a link or an option, and is not taken for one.
_PLACEHOLDER = re.compile(
    r"lorem ipsum|\b(?:TODO|TBD|FIXME)\b|X{4,}|\{\{[^}\n]{1,80}\}\}"
    r"|[\[<{]{1,2} ?(?:insert|your|company|organi[sz]ation|name of|date of|fill)\b[^\]>}\n]{0,80}[\]>}]",
    re.IGNORECASE,
)


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
        return "" if pinned else f"{_form(opened.data)} pin it with sha256 and collected_on", 0
    if len(words(text)) < WORDS:
        return "holds no more than a heading", 0
    seen = _seen(opened, text)
    if len(words(seen)) < WORDS:
        return "shows no more than a heading: the rest stands in comments or is hidden", 0
    if left := _PLACEHOLDER.search(text):
        return "is a template: a placeholder is not filled in", text.count("\n", 0, left.start()) + 1
    anchor = str(options.get("anchor") or "").strip()
    if anchor and not _has_heading(text, anchor):
        return f"has no heading or anchor {anchor[:80]}", 0
    if reason := unrelated(seen, subject, options):
        return reason, 0
    if not opened.path.lower().endswith(_PROSE) and "." in opened.path.rpartition("/")[2]:
        return "", 0
    return _unwritten(opened.path, text, seen, anchor)


def _unwritten(path: str, text: str, seen: str, anchor: str) -> tuple[str, int]:
    """Why prose is nobody's finished text, and on which line; an empty reason when it is."""
    if reason := _draft(path, seen):
        return reason, 0
    if path.lower().endswith(_MARKED_DOWN):
        # What stands in a block of code is shown, and nobody says it.
        seen = _FENCED.sub(lambda code: "\n" * code[0].count("\n"), seen)
    passage, line = _passage(text if path.lower().endswith(_PAGES) else seen, anchor)
    if line:
        return ("holds words and no sentence under the heading that is meant", line) if is_soup(passage, 1) else ("", 0)
    return "holds words about it and no sentences" if is_soup(seen) else "", 0


def _seen(opened: Opened, text: str) -> str:
    """What a reader sees: of a page what it shows, of other prose all but its comments; lines stay where they are."""
    name = opened.path.lower()
    if name.endswith(_PAGES):
        shown = _prose.shown(text)
        return text if shown is None else shown
    if not name.endswith(_MARKED_DOWN):
        return text
    kept, at = [], 0
    while (start := text.find("<!--", at)) >= 0:
        end = text.find("-->", start + 4)
        kept.append(text[at:start])
        at = len(text) if end < 0 else end + 3
        kept.append("\n" * text.count("\n", start, at))
    return "".join([*kept, text[at:]])


def _draft(path: str, seen: str) -> str:
    """Why a document is no version in force, by its front matter or a mark in its first lines."""
    front, body = _prose.parted(seen.encode())
    try:
        denied = _front.denied(_front.parsed(front, path))
    except _prose.Illegible:
        denied = ""
    first = [line.strip(" \t#*_>|") for line in body.split("\n", 60)[:60] if line.strip()][:_FIRST]
    if not denied and any(len(line) < _SHORT and is_put_aside(line) for line in first):
        return "says in its first lines that it is not in force"
    marked = any(_MARKED.fullmatch(line) or (len(line) < _SHORT and "DRAFT" in line.split()) for line in first)
    return denied or ("calls itself a draft in its first lines" if marked else "")


def _form(data: bytes) -> str:
    """What a file that cannot be looked into is, as far as its first bytes tell, and what can be done about it."""
    if data.startswith(_prose.OFFICE):
        return "is a file of an office program, which is not looked into; export it to Markdown, HTML or text, or"
    if data.startswith(_prose.UTF_16) or not (b"\0" in data or data.startswith(b"%PDF")):
        return "is text in another encoding than UTF-8; save it as UTF-8, or"
    return "is no text, so nobody can look into it here;"


def _text(data: bytes) -> str | None:
    """The text of a document, or None when it is something else, such as a PDF."""
    if b"\0" in data or data.startswith(b"%PDF"):
        return None
    try:
        return data.removeprefix(_BOM).decode()
    except UnicodeDecodeError:
        return None


def _has_heading(text: str, anchor: str) -> bool:
    wanted = _slug(anchor)
    return bool(wanted) and any(_slug(part) == wanted for found in _HEADING.findall(text) for part in found if part)


def _passage(text: str, anchor: str) -> tuple[str, int]:
    """The text under the heading that is meant, down to the next of its rank, and its line; all of it where none is."""
    found = list(_MARKDOWN.finditer(text))
    for at, match in enumerate(found):
        if anchor and _slug(anchor) in (_slug(match[2]), _slug(match[3] or "")):
            after = (other.start() for other in found[at + 1 :] if len(other[1]) <= len(match[1]))
            return text[match.end() : next(after, len(text))], text.count("\n", 0, match.start()) + 1
    return text, 0


def _slug(heading: str) -> str:
    return "-".join(words(heading))
