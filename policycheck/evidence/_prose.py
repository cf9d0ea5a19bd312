"""Documents written for people (Markdown, HTML, plain text, PDF) as headings and blocks of the text that a reader sees.

What a reader does not see is not read: comments, scripts, `hidden`, `aria-hidden`, what a style hides, text struck out. What
a document quotes or shows as code is kept apart. Every block knows its line; of a PDF it knows the page.

* Markdown is CommonMark with tables and strikethrough (markdown-it), with YAML front matter between `---` lines.
* HTML is split into tags by a scanner of our own, because html.parser takes quadratic time on unclosed comments
  (CVE-2025-6069); which elements end by themselves follows HTML 13.1.2.4 (optional tags) as far as prose needs it.
* A PDF is read in a child process with limits (`_pdf.py`).
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from policycheck.opener import Opened

#: Bytes of a text and of a PDF; Markdown is parsed slowest, and 256 KiB of terms are a hundred pages.
TEXT_CAP, MARKDOWN_CAP, PDF_CAP = 4 * 1024 * 1024, 256 * 1024, 16 * 1024 * 1024
#: How the files of office programs begin (Word and OpenDocument since 2006, Word before), and text in UTF-16.
OFFICE, UTF_16 = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"), (b"\xff\xfe", b"\xfe\xff")
#: Characters of visible text, blocks, tags of a page, levels of nesting, and attributes of a tag.
VISIBLE_CAP, BLOCK_CAP, TAG_CAP, DEPTH_CAP, ATTRIBUTE_CAP = 512 * 1024, 10_000, 50_000, 128, 200

_BLOCKS = frozenset({
    "address", "article", "aside", "body", "caption", "dd", "details", "dialog", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "html",
    "legend", "li", "main", "menu", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot",
    "th", "thead", "tr", "ul",
})  # fmt: skip
_VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
})  # fmt: skip
#: Elements whose content is no text of the page.
_UNSEEN = frozenset({
    "audio", "button", "canvas", "datalist", "del", "head", "iframe", "map", "math", "nav", "noscript", "object",
    "s", "script", "select", "strike", "style", "svg", "template", "textarea", "title", "video",
})  # fmt: skip
_LISTS = ("ul", "ol", "menu")
_RAW = frozenset(("script", "style", "textarea", "title"))
#: An element that a new one ends: of the same group, unless one of the walls stands between.
_ENDS = {
    **dict.fromkeys(("dd", "dt"), (("dd", "dt"), ("dl",))),
    **dict.fromkeys(("td", "th"), (("td", "th"), ("tr", "table"))),
    "li": (("li",), ("ul", "ol", "menu")),
    "tr": (("tr", "td", "th"), ("table",)),
    "option": (("option",), ("select",)),
}
#: Names of classes that hide by wide convention.
_HIDING = frozenset(("hidden", "d-none", "is-hidden", "sr-only", "visually-hidden", "screen-reader-text"))
_HIDES = re.compile(
    r"display:none|visibility:(?:hidden|collapse)|(?:^|;)(?:opacity|font-size|max-height):0(?:\.0+)?[a-z%]*(?:;|!|$)"
)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_SELECTOR = re.compile(r"[a-z0-9]*([.#][\w-]+)\Z")

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)")
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)(?:\s{0,20}=\s{0,20}("[^"]*"|'[^']*'|[^\s"'>]+))?""")
_EXPLICIT = re.compile(r"\s*\{:?\s*#([\w.-]{1,200})[^{}]{0,200}\}\s*\Z")
_NOT_SLUG = re.compile(r"[^\w\- ]")
_FENCE = re.compile(r"(?:---|\.\.\.)[ \t]*\Z")

_NUMBER = re.compile(
    r"(?:(?:section|article|clause|part)\s+)?(?:§\s*)?(\d{1,3}(?:\.\d{1,3}){0,4})[.)]?(?=\s|\Z)", re.IGNORECASE
)
_BULLET = re.compile(r"[ \t]*(?:[-*•‣▪–]|\([a-z0-9]{1,4}\)|[a-z]\)|\d{1,2}[.)])[ \t]+", re.IGNORECASE)
_HYPHENATED = re.compile(r"(?<=[a-z])[-\xad]\n(?=[a-z])")
_UNDERLINE = re.compile(r"(?:={3,}|-{3,})[ \t]*\Z")
_TEMPLATE = re.compile(r"\{\{|\{%|<%|<\?(?!xml)")

#: What authors leave to be filled in, and the filler of templates.
_BLANK = re.compile(
    r"\bstill to be [a-z]+\b|\bto be (?:completed|written|filled in|determined|confirmed)\b|"
    r"\b(?:TODO|TBD|TBC|FIXME|XXX+)\b|\blorem ipsum\b|\[\s?(?:insert|enter|your|company|organi[sz]ation|name|"
    r"date|address|e-?mail|"
    r"website|url|contact|describe|placeholder|fill|to be|xx+|\.\.\.|…)[^\]\n]{0,80}\]|<\s?(?:…|"
    r"\.\.\.)[^>\n]{0,80}>|_{6,}|\.{8,}",
    re.IGNORECASE,
)
_FILLERS = frozenset({
    "insert", "enter", "your", "company", "organisation", "organization", "name", "date", "email", "website", "url",
    "contact", "describe", "placeholder", "fill", "todo", "tbd", "tbc", "xxx", "author", "owner", "approver", "role",
    "dpo", "controller",
})  # fmt: skip

# Where one sentence ends: white space after a mark, before what starts another.
_END = re.compile(r"[.!?][\"'”’)\]]{0,3}\s+(?=[\"'“\u2018(\[]?[A-Z0-9])")
_SHORT = (
    "e.g.",
    "i.e.",
    "etc.",
    " inc.",
    " ltd.",
    " no.",
    " art.",
    " sec.",
    " cf.",
    " vs.",
    " para.",
    " mr.",
    " ms.",
    " dr.",
)
#: What is longer is not a sentence that can be quoted or judged.
SENTENCE_CAP = 1500


class Illegible(Exception):
    """Nothing can be said about a document: why, and at which line (0: the whole)."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.line = line


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, paragraph, list item or cell. `level` is a heading's, 0 for text.

    `line` is the page where the document is `paged`. `lead` is the text that a list item completes ("You may not:").
    `own` is false for what is quoted or shown as code. `marks` are offsets in the text and the line that begins there.
    `row` counts the table rows up to that of a cell, below 0 for a cell that heads others; outside tables it is 0.
    """

    line: int
    text: str
    level: int = 0
    own: bool = True
    lead: str = ""
    marks: tuple[tuple[int, int], ...] = ()
    row: int = 0

    def line_at(self, offset: int) -> int:
        """The line of a character of the text."""
        at = bisect_right(self.marks, (offset, 10**9)) - 1
        if at < 0:
            return self.line
        start, line = self.marks[at]
        return line + self.text.count("\n", start, offset)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as it stands, its line, and the block that holds it; a list item has its lead before it."""

    text: str
    line: int
    block: int
    lead: str = ""


@dataclass(frozen=True, slots=True)
class Prose:
    """A document: its blocks, the block at which each anchor stands, its front matter and the line it begins at."""

    path: str
    blocks: tuple[Block, ...]
    anchors: Mapping[str, int] = field(default_factory=dict)
    front: str = ""
    links: tuple[str, ...] = ()
    paged: bool = False
    #: Lines with a tag that no HTML has, such as <insert name>: a place left to fill in.
    strange: tuple[tuple[int, str], ...] = ()

    def place(self, line: int) -> int:
        """A line for a reading or quote; a page is none."""
        return 0 if self.paged else line

    def said(self, line: int, text: str) -> str:
        """A passage, with its page where lines are not known."""
        return f"page {line}: {text}" if self.paged else text

    def where(self, line: int) -> str:
        """How a reason names a line."""
        return f"page {line}" if self.paged else f"line {line}"

    def find(self, name: str) -> list[int]:
        """The blocks that an anchor, a heading or its number means: `#5-2-no-scraping`, `No scraping`, `5.2`.

        How a site makes anchors of headings differs from site to site, so punctuation is passed over.
        """
        name = unquote(name.rpartition("#")[2]).strip()
        if name in self.anchors:
            return [self.anchors[name]]
        headings = [(i, b.text) for i, b in enumerate(self.blocks) if b.level]
        wanted, number = _squashed(name), _NUMBER.fullmatch(name)
        found = [i for i, title in headings if wanted and _squashed(title) == wanted]
        if not found and number:
            found = [i for i, title in headings if (m := _NUMBER.match(title)) and m[1] == number[1]]
        if not found:
            found = [i for i, title in headings if wanted and _squashed(_NUMBER.sub("", title, count=1)) == wanted]
        return found

    def unfilled(self) -> tuple[int, str]:
        """The first place that was left to fill in: its line and its words; 0 where there is none."""
        found = [*self.strange]
        for block in self.blocks:
            if block.own and (match := _BLANK.search(block.text)):
                found.append((block.line_at(match.start()), match[0]))
        return min(found, default=(0, ""))

    def section(self, block: int) -> range:
        """The blocks from this one to the next heading that ends it; of a heading, with all below it."""
        level = self.blocks[block].level or 7
        following = range(block + 1, len(self.blocks))
        end = next((i for i in following if 0 < self.blocks[i].level <= level), len(self.blocks))
        return range(block, end)

    def sentences(self, within: range | None = None) -> Iterator[Sentence]:
        """The document's own sentences, in order."""
        for index in within if within is not None else range(len(self.blocks)):
            block = self.blocks[index]
            if block.own and not block.level:
                for start, text in _sentences(block.text):
                    lead = block.lead if start == 0 else ""
                    yield Sentence(" ".join(text.split()), block.line_at(start), index, lead)


def _squashed(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def read(opened: Opened) -> Prose:
    """The document. Raises Illegible for what holds no text, ArtefactError for a PDF beyond the limits."""
    form = _form(opened)
    if form == "pdf":
        prose = _pdf(opened)
    else:
        text, front, offset = _decoded(opened, form)
        builder = _Builder()
        {"markdown": _markdown, "html": _html, "text": _plain}[form](text, builder, offset)
        prose = builder.finished(opened.path, front)
    if not any(block.own and not block.level for block in prose.blocks):
        is_blank = not opened.data.strip(b"\xef\xbb\xbf \t\r\n\v\f")
        raise Illegible(f"{opened.path} is empty" if is_blank else f"{opened.path} holds no text to read{_scanned(form)}")
    return prose


def shown(page: str) -> str | None:
    """What a reader sees of an HTML page, a paragraph each and headings marked with #; None for one beyond the limits."""
    builder = _Builder()
    try:
        _html(page, builder)
    except Illegible:
        return None
    return "\n\n".join(f"# {block.text}" if block.level else block.text for block in builder.finished("").blocks)


def _scanned(form: str) -> str:
    return " (scanned pages need text recognition first)" if form == "pdf" else ""


def _form(opened: Opened) -> str:
    name = opened.path.lower()
    start = opened.data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"%pdf-") or name.endswith(".pdf"):
        return "pdf"
    if name.endswith((".md", ".markdown", ".mdx", ".qmd")):
        return "markdown"
    if name.endswith((".html", ".htm", ".xhtml")) or start.startswith((b"<!doctype html", b"<html", b"<?xml")):
        return "html"
    return "text"


def _decoded(opened: Opened, form: str) -> tuple[str, str, int]:
    """The text without its front matter, the front matter, and how many lines it takes."""
    cap = MARKDOWN_CAP if form == "markdown" else TEXT_CAP
    if len(opened.data) > cap:
        raise Illegible(f"{opened.path} is larger than {cap} bytes, the most that is read of a text")
    if opened.data.startswith(OFFICE):
        raise Illegible(f"{opened.path} is a file of an office program; export it to Markdown, HTML, text or PDF")
    if opened.data.startswith(UTF_16):
        raise Illegible(f"{opened.path} is UTF-16; save it as UTF-8", 1)
    if b"\0" in opened.data:
        raise Illegible(f"{opened.path} is binary, or text in another encoding than UTF-8")
    try:
        text = opened.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = opened.data.count(b"\n", 0, error.start) + 1
        raise Illegible(f"line {line} of {opened.path} is not UTF-8; save the file as UTF-8", line) from None
    text = _with_plain_ends(text)
    if match := _TEMPLATE.search(text):
        line = text.count("\n", 0, match.start()) + 1
        raise Illegible(f"{opened.path} is a template (line {line}); render it first and name the result", line)
    return _apart(text) if form != "html" else (text, "", 0)


def parted(data: bytes) -> tuple[str, str]:
    """A document's front matter and what stands below it, for comparing: bytes that are no UTF-8 are spelled out."""
    text, front, _ = _apart(_with_plain_ends(data.decode("utf-8-sig", "backslashreplace")))
    return front, text.strip()


def _with_plain_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _apart(text: str) -> tuple[str, str, int]:
    """The text below the front matter, the lines between the first `---` and the next, and how many that takes with both."""
    lines = text.split("\n", 501)[:501]
    if not lines or lines[0].rstrip() != "---":
        return text, "", 0
    end = next((n for n, line in enumerate(lines) if n and _FENCE.match(line)), 0)
    offset = end + 1 if end else 0
    return (text.split("\n", offset)[-1] if offset else text), "\n".join(lines[1:end]), offset


# --- building ---


class _Builder:
    """Collects what is seen as blocks; driven by tags, whether they come from HTML or from Markdown."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.anchors: dict[str, int] = {}
        self.links: list[str] = []
        self.hiding: frozenset[str] = _HIDING
        self._stack: list[tuple[str, bool, bool]] = []
        self._open: Counter[str] = Counter()
        self._unseen = self._quotes = self._tags = self._size = self._rows = 0
        self._pieces: list[tuple[int, str]] = []
        self._own = True
        self._leads: list[str] = []
        self._strange: list[tuple[int, str]] = []
        self._slugs: Counter[str] = Counter()

    def open(self, tag: str, attributes: Mapping[str, str], line: int) -> None:
        """An element starts."""
        self._count(line)
        if tag in _FILLERS:
            self._strange.append((line, f"<{' '.join([tag, *attributes])}>"[:80]))
        if tag in _BLOCKS:
            self.flush()
            self._end_paragraph()
        self._end_like(tag)
        self._rows += tag == "tr"
        if tag == "br":
            self.text("\n" if self._pieces and self._pieces[-1][1].endswith(" ") else " ", line)
        if tag in _VOID:
            return
        unseen = tag in _UNSEEN or self._is_hidden(attributes)
        quoted = tag in ("blockquote", "pre")
        for name in (attributes.get("id"), attributes.get("name") if tag == "a" else None):
            if name and not unseen and not self._unseen:
                self.anchors.setdefault(name, len(self.blocks))
        if tag == "a" and attributes.get("href") and not self._unseen:
            self.links.append(attributes["href"])
        if tag in _LISTS:
            self._leads.append(self._lead())
        self._stack.append((tag, unseen, quoted))
        self._open[tag] += 1
        self._unseen += unseen
        self._quotes += quoted
        if len(self._stack) > DEPTH_CAP:
            raise Illegible(f"elements are nested deeper than {DEPTH_CAP} levels", line)

    def close(self, tag: str, line: int) -> None:
        """An element ends; with it what is still open in it. An end without a start is passed over."""
        self._count(line)
        if not self._open[tag]:
            return
        if tag in _BLOCKS:
            self.flush(int(tag[1]) if re.fullmatch("h[1-6]", tag) else 0)
        while self._pop() != tag:
            pass

    def text(self, data: str, line: int) -> None:
        """Characters of the page."""
        if self._unseen or not data:
            return
        self._size += len(data)
        if self._size > VISIBLE_CAP:
            raise Illegible(f"holds more than {VISIBLE_CAP} characters of text", line)
        if not self._pieces:
            self._own = not self._quotes
        self._pieces.append((line, data))

    def flush(self, level: int = 0) -> None:
        """What was collected becomes a block."""
        pieces, self._pieces = self._pieces, []
        text = "".join(data for _, data in pieces)
        if not text.strip():
            return
        marks, at = [], 0
        for line, data in pieces:
            marks.append((at, line))
            at += len(data)
        if len(self.blocks) >= BLOCK_CAP:
            raise Illegible(f"holds more than {BLOCK_CAP} paragraphs", marks[0][1])
        row = self._rows if self._open["td"] else -self._rows if self._open["th"] else 0
        block = Block(0, text, 0, self._own, self._leads[-1] if self._leads else "", tuple(marks), row)
        line = block.line_at(len(text) - len(text.lstrip()))
        if level:
            self._heading(" ".join(text.split()), level, line)
        else:
            self.blocks.append(replace(block, line=line))

    def begin_list(self) -> None:
        """Items follow; in a list that is open already, another one."""
        if not self._leads:
            self._leads.append(self._lead())

    def end_list(self) -> None:
        """The list is over."""
        self._leads.clear()

    def is_between(self) -> bool:
        """Whether no block is open."""
        return not self._pieces

    def finished(self, path: str, front: str = "", *, paged: bool = False) -> Prose:
        """The document, once its last character was given."""
        self.flush()
        return Prose(path, tuple(self.blocks), self.anchors, front, tuple(self.links), paged, tuple(self._strange))

    def _heading(self, title: str, level: int, line: int) -> None:
        explicit = _EXPLICIT.search(title)
        title = title[: explicit.start()] if explicit else title
        slug = slug_of(title)
        seen, at = self._slugs[slug], len(self.blocks)
        self._slugs[slug] += 1
        if explicit:
            self.anchors.setdefault(explicit[1], at)
        self.anchors.setdefault(f"{slug}-{seen}" if seen else slug, at)
        self.blocks.append(Block(line, title, level))

    def _count(self, line: int) -> None:
        self._tags += 1
        if self._tags > TAG_CAP:
            raise Illegible(f"holds more than {TAG_CAP} tags", line)

    def _pop(self) -> str:
        tag, unseen, quoted = self._stack.pop()
        self._open[tag] -= 1
        self._unseen -= unseen
        self._quotes -= quoted
        if tag in _LISTS:
            self._leads.pop()
        return tag

    def _end_paragraph(self) -> None:
        while self._open["p"]:
            self._pop()

    def _end_like(self, tag: str) -> None:
        """End the item, cell or row before this one, if the list or table it stands in is the same."""
        group, walls = _ENDS.get(tag, ((), ()))
        if not any(self._open[like] for like in group):
            return
        for at in range(len(self._stack) - 1, -1, -1):
            if self._stack[at][0] in walls:
                return
            if self._stack[at][0] in group:
                while len(self._stack) > at:
                    self._pop()
                return

    def _is_hidden(self, attributes: Mapping[str, str]) -> bool:
        if "hidden" in attributes or attributes.get("aria-hidden", "").strip().lower() == "true":
            return True
        style = "".join(attributes.get("style", "").lower().split())
        names = {*attributes.get("class", "").split(), *(f".{n}" for n in attributes.get("class", "").split())}
        names.add(f"#{attributes.get('id', '')}")
        return bool(_HIDES.search(style)) or bool(names & self.hiding)

    def _lead(self) -> str:
        """What a list completes: the text just before it, if that is left open."""
        last = self.blocks[-1] if self.blocks else None
        if last is None or last.level or not last.own:
            return ""
        text = f"{last.lead} {' '.join(last.text.split())}".strip()
        return text if len(text) < SENTENCE_CAP and not text.endswith((".", "!", "?", ";")) else ""


def slug_of(title: str) -> str:
    """The anchor that GitHub makes of a heading: lower case, without punctuation, hyphens for spaces."""
    return _NOT_SLUG.sub("", unicodedata.normalize("NFC", title).strip().lower()).replace(" ", "-")


# --- HTML ---


def _html(text: str, builder: _Builder, offset: int = 0) -> None:
    builder.hiding = _HIDING | _hidden_by_style(text)
    feed(text, builder, 1 + offset)


def _hidden_by_style(text: str) -> frozenset[str]:
    """The classes and ids (`.x`, `#x`) that a style element of the page hides."""
    found, at, low = set(), 0, text.lower()
    while (start := low.find("<style", at)) >= 0:
        end = low.find("</style", start)
        at = end if end >= 0 else len(text)
        for rule in _RULE.finditer(text[start:at].replace("}", "}\n")[:TEXT_CAP]):
            if _HIDES.search("".join(rule[2].lower().split())):
                found |= {m[1] for s in rule[1].rpartition(">")[2].split(",") if (m := _SELECTOR.search(s.strip()))}
    return frozenset(found)


def feed(text: str, builder: _Builder, line: int) -> None:
    """Give the tags and the text of a piece of HTML to a builder. Each character is looked at a bounded number of times."""
    at, seen = 0, 0
    while at < len(text):
        start = text.find("<", at)
        start = len(text) if start < 0 else start
        builder.text(unescape(text[at:start]), line + text.count("\n", seen, at))
        line, seen = line + text.count("\n", seen, start), start
        if start == len(text):
            return
        at = _markup(text, start, builder, line)


def _markup(text: str, start: int, builder: _Builder, line: int) -> int:
    """Take the tag, comment or bare `<` at `start`; where what follows it begins."""
    if text.startswith("<!--", start):
        end = text.find("-->", start + 2)
        return len(text) if end < 0 else end + 3
    tag = _TAG.match(text, start)
    if tag is None:
        if text[start + 1 : start + 2] in ("!", "?", "/"):
            end = text.find(">", start)
            return len(text) if end < 0 else end + 1
        builder.text("<", line)
        return start + 1
    name = tag[2].lower()
    attributes, end = _attributes(text, tag.end())
    if tag[1]:
        builder.close(name, line)
        return end
    builder.open(name, attributes, line)
    if name in _RAW:
        return _after_raw(text, end, name, builder, line)
    return end


def _attributes(text: str, at: int) -> tuple[dict[str, str], int]:
    """The attributes of a tag, the first of a name as in browsers, and where the tag ends."""
    found: dict[str, str] = {}
    for _ in range(ATTRIBUTE_CAP):
        if at >= len(text) or text[at] == ">":
            return found, min(at + 1, len(text))
        match = _ATTRIBUTE.match(text, at)
        if match is None:
            at += 1
            continue
        value = unescape((match[2] or "").strip("\"'"))
        found.setdefault(match[1].lower(), value)
        at = match.end()
    end = text.find(">", at)
    return found, len(text) if end < 0 else end + 1


def _after_raw(text: str, at: int, name: str, builder: _Builder, line: int) -> int:
    """Where the end tag of a script or the like begins; without one it takes the rest of the page."""
    match = re.compile(f"</{name}", re.IGNORECASE).search(text, at)
    end = match.start() if match else len(text)
    builder.close(name, line)
    if match is None:
        return end
    close = text.find(">", end)
    return len(text) if close < 0 else close + 1


# --- Markdown ---


def _markdown(text: str, builder: _Builder, offset: int) -> None:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    builder.hiding = _HIDING | _hidden_by_style(text)
    line, before = 1 + offset, ""
    for token in parser.parse(text):
        line = token.map[0] + 1 + offset if token.map else line
        if token.type == "inline":
            children = token.children or ()
            if before == "paragraph_open" and _is_shown(children):
                _show(" ".join(child.content for child in children), builder, line)
            else:
                _inline(children, builder, line)
        elif token.type in ("fence", "code_block"):
            _show(token.content, builder, line)
        elif token.type == "html_block":
            feed(token.content, builder, line)
        elif token.nesting == 1:
            builder.open(token.tag, {}, line)
        elif token.nesting == -1:
            builder.close(token.tag, line)
        before = token.type


def _is_shown(children: Any) -> bool:
    """Whether a paragraph is code and pictures, and nothing else."""
    return all(c.type in ("code_inline", "image", "softbreak", "hardbreak") or not c.content.strip() for c in children)


def _show(text: str, builder: _Builder, line: int) -> None:
    """A block of what the document shows and does not say."""
    builder.open("pre", {}, line)
    builder.text(text if text.strip() else "…", line)
    builder.close("pre", line)


def _inline(tokens: Any, builder: _Builder, line: int) -> None:
    for token in tokens:
        if token.type == "html_inline":
            feed(token.content, builder, line)
        elif token.nesting == 1:
            builder.open(token.tag, {str(k): str(v) for k, v in token.attrs.items()}, line)
        elif token.nesting == -1:
            builder.close(token.tag, line)
        elif token.type in ("softbreak", "hardbreak"):
            builder.text("\n", line)
            line += 1
        elif token.type != "image":
            builder.text(token.content, line)


# --- plain text and PDF ---


class _Lines:
    """Gives lines to a builder: paragraphs, items, and titles that only their look tells."""

    def __init__(self, builder: _Builder, ending: str) -> None:
        self._builder = builder
        self._ending = ending

    def blank(self) -> None:
        """Nothing stands on the line."""
        self._builder.flush()

    def title(self, line: str, number: int) -> None:
        """A heading; how deep it is, its number tells (5.2 is below 5)."""
        self.end_list()
        found = _NUMBER.match(line.strip())
        self._builder.text(line, number)
        self._builder.flush(min(2 + found[1].count("."), 6) if found else 2)

    def words(self, line: str, number: int) -> None:
        """A line of a paragraph; one with a bullet is an item of its own, under the text left open before it."""
        bullet = _BULLET.match(line)
        if bullet:
            self._builder.flush()
            self._builder.begin_list()
        elif self._builder.is_between() and not line.startswith((" ", "\t")):
            self.end_list()
        self._builder.text(line[bullet.end() if bullet else 0 :] + self._ending, number)

    def end_list(self) -> None:
        """What follows is no item."""
        self._builder.flush()
        self._builder.end_list()


def _plain(text: str, builder: _Builder, offset: int) -> None:
    lines, given, before = text.split("\n"), _Lines(builder, "\n"), ""
    for number, line in enumerate(lines, 1 + offset):
        following = lines[number - offset] if number - offset < len(lines) else ""
        is_rule = bool(_UNDERLINE.match(line))
        underlined = bool(_UNDERLINE.match(following)) and 0 < len(line.strip()) <= 80
        if is_rule or not line.strip():
            given.blank()
        elif not before.strip() and (underlined or _is_title(line)):
            given.title(line, number)
        else:
            given.words(line, number)
        before = "" if is_rule else line


def _is_title(line: str) -> bool:
    line = line.strip()
    if not line or len(line) > 80 or line.endswith((".", ";", ",", ":", "?", "!")):
        return False
    numbered = _NUMBER.match(line)
    return bool(numbered and line[numbered.end() :].strip()[:1].isupper()) or (line.isupper() and len(line) > 3)


def _pdf(opened: Opened) -> Prose:
    from policycheck.evidence import _child

    builder = _Builder()
    given, last = _Lines(builder, " "), ""
    for number, page in enumerate(_child.parsed("_pdf", opened.data), 1):
        for line in _HYPHENATED.sub("", page).split("\n"):
            if _is_title(line) and (not last or last.endswith((".", "!", "?", ";"))):
                given.title(line, number)
                last = ""
            elif line.strip():
                given.words(line.strip(), number)
                last = line.strip()
    return builder.finished(opened.path, paged=True)


# --- sentences ---


def last_sentence(text: str) -> str:
    """The last sentence of a text: of a lead, the one that a list item completes."""
    return [words for _, words in _sentences(text)][-1] if text.strip() else ""


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    """The sentences of a block with their offsets. An abbreviation ends none."""
    start = 0
    for match in _END.finditer(text):
        if text[max(match.start() - 6, 0) : match.start() + 1].lower().endswith(_SHORT):
            continue
        yield from _trimmed(text, start, match.end())
        start = match.end()
    yield from _trimmed(text, start, len(text))


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    piece = text[start:end]
    if words := piece.strip():
        # The first sentence of a block is known by the offset 0, whatever blanks come before it.
        yield (start + len(piece) - len(piece.lstrip()) if start else 0), words
