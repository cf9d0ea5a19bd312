"""YAML text in, data with positions out. The only file that imports yaml.

The dialect is YAML 1.2 core without surprises (design 3.13): `no` is text, dates are text, and duplicate keys,
anchors, aliases, merge keys, tags, second documents, non-text keys and deep nesting are problems with a place. A text
of white space alone is empty.
The events come from libyaml, or from PyYAML's own parser where libyaml is missing; the builder is the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NoReturn

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from policycheck.model import ITEM_KEYS, Location, Problem

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 32
MAX_NODES = 200_000
MAX_DIGITS = 18
_LARGE = 10.0**MAX_DIGITS

_WORDS = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_ID_WORD = re.compile(r"[a-z0-9]+")
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_ODD = re.compile(r"[-+]?(0[0-9]+|0[xo][0-9a-fA-F]+)\Z|[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")
# Besides the characters that YAML excludes: the line separators that YAML 1.1 breaks lines at and YAML 1.2 does not.
_CONTROL = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]"
_BREAKS, _BLANKS = "\0\r\n", "\0 \t\r\n"
_NUMERIC = frozenset("0123456789+-.")
_NOT_NAMES = _NUMERIC | {"<"}
# White space, control characters (which an escape can write) and characters that show nothing: a text of these alone says
# nothing, and must not pass for a reason given. Unicode calls most of them Default_Ignorable_Code_Point.
_NOTHING = " \xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u202f\u205f\u2800\u3000\u3164\ufeff\uffa0\U0001d159" + "".join(
    map(chr, [
        *range(0x20), *range(0x7F, 0xA1), *range(0x180B, 0x1810), *range(0x2000, 0x2010), *range(0x2028, 0x202F),
        *range(0x2060, 0x2070), *range(0xFE00, 0xFE10), *range(0xFFF0, 0xFFFC), *range(0xE0000, 0xE0080),
        *range(0xE0100, 0xE01F0),
    ])
)  # fmt: skip
_INVISIBLE = frozenset(_NOTHING)
# Of these, what is no part of a text that it stands around. What sets a direction or an emoji's look there is: it is shown.
_AROUND = "\u115f\u1160\u1680\u2028\u2029\u202f\u205f\u2060\u2800\u3000\u3164\ufeff\uffa0" + "".join(
    map(chr, [*range(0x21), *range(0x7F, 0xA1), *range(0x2000, 0x200E)])
)
_SPECIAL = _NUMERIC | _INVISIBLE


class _PureParser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
    """PyYAML's own parser, made to read what libyaml reads: tabs between words, `?` in flow text, no half characters."""

    def __init__(self, text: str) -> None:
        yaml.reader.Reader.__init__(self, text)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)

    def scan_to_next_token(self) -> None:
        """Pass over spaces, comments and line ends; over tabs only where they cannot be taken for indentation."""
        while True:
            while self.peek() == " " or (self.peek() == "\t" and (self.flow_level or not self.allow_simple_key)):
                self.forward()
            if self.peek() == "#":
                while self.peek() not in _BREAKS:
                    self.forward()
            if not self._line_end():
                return
            if not self.flow_level:
                self.allow_simple_key = True

    def _line_end(self) -> str:
        return str(self.scan_line_break())  # type: ignore[no-untyped-call]

    def scan_plain(self) -> Any:
        """Unquoted text, over line ends, to the next indicator."""
        start, indent, text, gap = self.get_mark(), self.indent + 1, "", ""
        end = start
        while self.peek() != "#" and (length := self._plain_length()):
            self.allow_simple_key = False
            text += gap + self.prefix(length)
            self.forward(length)
            end = self.get_mark()
            gap = self._plain_gap(indent)
            if not gap or (not self.flow_level and self.column < indent):
                break
        return yaml.tokens.ScalarToken(text, True, start, end)

    def _plain_length(self) -> int:
        """How many characters up to white space or an indicator that ends unquoted text."""
        length = 0
        while (char := self.peek(length)) not in _BLANKS and not (self.flow_level and char in ",[]{}"):
            after = self.peek(length + 1)
            if char == ":" and after in _BLANKS:
                break
            if char == ":" and self.flow_level and after in ",?[]{}":
                self.forward(length)
                raise self._error("found unexpected ':'")
            length += 1
        return length

    def _plain_gap(self, indent: int) -> str:
        """White space inside unquoted text as YAML folds it; empty where a document marker ends the text."""
        spaces, breaks = "", []
        while (char := self.peek()) in " \t\r\n":
            if char in "\r\n":
                breaks.append(self._line_end())
                self.allow_simple_key = True
                if self.prefix(3) in ("---", "...") and self.peek(3) in _BLANKS:
                    return ""
            elif char == "\t" and breaks and self.column < indent:
                raise self._error("found a tab character that violates indentation")
            else:
                spaces += char
                self.forward()
        if not breaks:
            return spaces
        return " " if len(breaks) == 1 else "\n" * (len(breaks) - 1)

    def scan_flow_scalar(self, style: str) -> Any:
        """Quoted text; an escape that names no character is an error, as in libyaml."""
        start = self.get_mark()
        try:
            token = yaml.scanner.Scanner.scan_flow_scalar(self, style)
            token.value.encode()
        except ValueError:
            raise self._error("found invalid Unicode character escape code", start) from None
        return token

    def scan_directive_name(self, start_mark: Any) -> str:
        """The word after %; one that nobody knows is an error, as in libyaml."""
        name = str(yaml.scanner.Scanner.scan_directive_name(self, start_mark))  # type: ignore[no-untyped-call]
        if name not in ("YAML", "TAG"):
            raise self._error("found unknown directive name")
        return name

    def scan_block_scalar_indicators(self, start_mark: Any) -> tuple[bool | None, int | None]:
        """What follows `|` or `>`: keep (+) or strip (-) the last line ends, and the indentation (1 to 9)."""
        chomping = increment = None
        for _ in range(2):
            char = self.peek()
            if char in "+-" and chomping is None:
                chomping = char == "+"
            elif char in "123456789" and increment is None:
                increment = int(char)
            else:
                break
            self.forward()
        return chomping, increment

    def scan_block_scalar_ignored_line(self, start_mark: Any) -> None:
        """The rest of that line: blanks and a comment."""
        while self.peek() in " \t":
            self.forward()
        while self.peek() not in _BREAKS:
            if self.peek() != "#":
                raise self._error("did not find expected comment or line break")
            self.forward(self._rest_of_line())
        self._line_end()

    def _rest_of_line(self) -> int:
        length = 0
        while self.peek(length) not in _BREAKS:
            length += 1
        return length

    def scan_block_scalar_indentation(self) -> tuple[list[str], int, Any]:
        """The line ends before the first line of the text, and that line's indentation."""
        found: tuple[list[str], int, Any] = yaml.scanner.Scanner.scan_block_scalar_indentation(self)
        self._refuse_tab(True)
        return found

    def scan_block_scalar_breaks(self, indent: int) -> tuple[list[str], Any]:
        """The line ends between two lines of the text."""
        found: tuple[list[str], Any] = yaml.scanner.Scanner.scan_block_scalar_breaks(self, indent)
        self._refuse_tab(self.column < indent)
        return found

    def _refuse_tab(self, is_indentation: bool) -> None:
        if is_indentation and self.peek() == "\t":
            raise self._error("found a tab character where an indentation space is expected")

    def _error(self, problem: str, mark: Any = None) -> yaml.YAMLError:
        return yaml.scanner.ScannerError(problem=problem, problem_mark=mark or self.get_mark())


_STARTS = (MappingStartEvent, SequenceStartEvent)
LIBYAML: Any = getattr(getattr(yaml, "cyaml", None), "CParser", None)
PURE: Any = _PureParser


class Document:
    """One or more YAML files as plain data that knows where each value stands.

    `data` is made of dict, list, str, int, float, bool and None. Places are kept beside it, by container, so that
    the data stays plain: `locate(container, key)` gives a `Location`, `route(container, key)` the key route.
    """

    __slots__ = (
        "_entries", "_homes", "_kept", "_loose", "_parents", "_places", "_raws", "_routes", "_strangers", "_texts", "data",
    )  # fmt: skip

    def __init__(self) -> None:
        self.data: Any = None
        self._entries: dict[int, dict[Any, tuple[Any, Any]]] = {}
        self._homes: dict[int, tuple[str, Any]] = {}
        self._parents: dict[int, tuple[Any, Any]] = {}
        #: The file of a member that stands in another than its container.
        self._strangers: dict[tuple[int, Any], str] = {}
        #: The texts with white space around them, by container and key.
        self._loose: list[tuple[Any, Any]] = []
        #: What was taken over or replaced. What a place is kept for must not go: another thing would get its identity.
        self._kept: list[Any] = []
        self._texts: dict[str, str] = {}
        self._raws: dict[str, bytes] = {}
        # Findings ask for the same places again and again; the data does not change once it is read.
        self._routes: dict[int, str] = {}
        self._places: dict[tuple[int, Any], Location | None] = {}

    def names(self) -> tuple[str, ...]:
        """The files this was read from."""
        return tuple(self._raws)

    def raw(self, path: str) -> bytes:
        """The bytes of one of the files this was read from."""
        return self._raws[path]

    def locate(self, container: Any, key: Any = None) -> Location | None:
        """Where the value of `container[key]` stands; a missing one stands where the container does."""
        at = (id(container), key)
        if at not in self._places:
            self._places[at] = self._place(container, key)
        return self._places[at]

    def _place(self, container: Any, key: Any) -> Location | None:
        home = self._homes.get(id(container))
        if home is None:
            return None
        path, start = home
        entry = self._entries[id(container)].get(key)
        if entry is None:
            return _location(path, start, self.route(container, key), point=True)
        event = entry[1]
        blank = isinstance(event, ScalarEvent) and container[key] is None
        marked = entry[0] if blank and entry[0] is not None else event
        return _location(self._strangers.get((id(container), key), path), marked, self.route(container, key))

    def locate_key(self, container: Any, key: Any) -> Location | None:
        """Where the key itself is written, for a problem with the key."""
        entry = self._entries.get(id(container), {}).get(key)
        if entry is None or entry[0] is None:
            return self.locate(container, key)
        path = self._strangers.get((id(container), key), self._homes[id(container)][0])
        return _location(path, entry[0], self.route(container, key))

    def written(self, container: Any, key: Any) -> str:
        """A value as its file has it, before it became a number; empty when it is not written or no single value."""
        event = self._entries.get(id(container), {}).get(key, (None, None))[1]
        return str(event.value) if isinstance(event, ScalarEvent) else ""

    def parent(self, container: Any) -> tuple[Any, Any] | None:
        """The container that holds this one, and under which key; None at the top."""
        return self._parents.get(id(container))

    def route(self, container: Any, key: Any = None) -> str:
        """The key route, lists by their items' id, name or jurisdiction: `controls[edge].params.limit`."""
        prefix = self._routes.get(id(container))
        if prefix is None:
            up = self._parents.get(id(container))
            prefix = self._routes[id(container)] = "" if up is None else self.route(*up)
        return prefix if key is None else (prefix + _step(container, key)).lstrip(".")

    def as_declared(self, container: Any) -> Any:
        """The container itself: nothing is laid over a document."""
        return container

    def line(self, path: str, number: int) -> str:
        """The text of a line (1-based), without its end; empty when there is none."""
        lines = self._texts.get(path, "").splitlines()
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def tidy(self) -> None:
        """Take out of `data` the white space around texts, such as the line end that a block text ends with.

        What is compared whole would otherwise pass for something else: "TBD" and a line end is no other answer than TBD.
        """
        for container, key in self._loose:
            container[key] = container[key].strip(_AROUND)

    def absorb(self, other: Document) -> None:
        """Take over the places and texts of another document whose containers become part of this one."""
        self._kept.append(other)
        self._entries.update(other._entries)
        self._homes.update(other._homes)
        self._parents.update(other._parents)
        self._loose += other._loose
        self._texts.update(other._texts)
        self._raws.update(other._raws)
        self._routes.clear()
        self._places.clear()

    def adopt(self, key: str, value: Any, other: Document) -> None:
        """Put a fragment's section under this document's top: the place stays the fragment's."""
        self._kept.append(self.data.get(key))
        self.data[key] = value
        self._entries[id(self.data)][key] = other._entries[id(other.data)][key]
        if isinstance(value, (dict, list)):
            self._parents[id(value)] = (self.data, key)
        self._strangers[id(self.data), key] = other._homes[id(other.data)][0]

    def extend(self, key: str, items: list[Any], other: Document) -> None:
        """Append a fragment's list to this document's list of the same key."""
        mine = self.data[key]
        theirs = other._entries[id(items)]
        for index, item in enumerate(items):
            mine.append(item)
            place = len(mine) - 1
            self._entries[id(mine)][place] = theirs[index]
            self._strangers[id(mine), place] = other._homes[id(items)][0]
            if isinstance(item, (dict, list)):
                self._parents[id(item)] = (mine, place)


def _location(path: str, event: Any, route: str, point: bool = False) -> Location:
    start, end = event.start_mark, event.end_mark
    same = not point and isinstance(event, ScalarEvent) and start.line == end.line
    return Location(path, start.line + 1, start.column + 1, end.column + 1 if same else 0, route)


def _step(holder: Any, key: Any) -> str:
    if isinstance(holder, dict):
        return f".{key}"
    item = holder[key] if isinstance(key, int) and key < len(holder) else None
    if isinstance(item, dict):
        for name in ITEM_KEYS:
            if isinstance(item.get(name), (str, int)):
                return f"[{item[name]}]"
    return f"[{item}]" if isinstance(item, str) else f"[{key}]"


def parse(raw: bytes, path: str, parser: Any = None) -> tuple[Document, list[Problem]]:
    """Read one YAML file. `path` is the name used in problems and places.

    Returns the document and every problem found. With a problem its data is None: what was read in part is not judged.
    """
    document = Document()
    document._raws[path] = raw
    text, problem = _decode(raw, path)
    if problem:
        return document, [problem]
    document._texts[path] = text
    builder = _Builder(document, path, text)
    try:
        builder.run((parser or LIBYAML or PURE)(text))
    except _Stop:
        pass
    except yaml.YAMLError as error:
        builder.problems.append(_syntax(error, path, text))
    if document.data is None and not builder.problems:
        builder.problems.append(Problem(path, 1, 1, "is empty: there is nothing to check in it"))
    if builder.problems:
        document.data = None
    return document, sorted(set(builder.problems))


def parse_foreign(raw: bytes, path: str) -> tuple[list[Document], list[Problem]]:
    """Read a YAML stream or JSON text of somebody else's format: any number of documents, and keys that look like numbers.

    Apart from these the dialect is that of `parse`: duplicate keys, anchors, aliases, merge keys and tags are problems.
    A stream with problems says nothing; empty documents are left out. A key is always text, `200` as well.
    """
    text, problem = _decode(raw, path)
    if problem:
        return [], [problem]
    builder = _Stream(path, text)
    try:
        builder.run((LIBYAML or PURE)(text))
    except _Stop:
        pass
    except yaml.YAMLError as error:
        builder.problems.append(_syntax(error, path, text))
    builder.close()
    found = {
        problem._replace(message=problem.message.removesuffix("; split it with include")) for problem in builder.problems
    }
    return [] if found else builder.documents, sorted(found)


def quoted(text: str) -> str:
    """A text as a double-quoted YAML scalar on one line; what does not print is escaped, so that a reader sees it."""
    kept = {'"': '\\"', "\\": "\\\\"}
    return f'"{"".join(kept.get(c) or (c if c.isprintable() else f"{chr(92)}U{ord(c):08X}") for c in text)}"'


def hidden(text: str) -> str:
    """The first character of a text that does not show, or only as a space does; empty when there is none."""
    return next((char for char in text if char in _INVISIBLE and char != " "), "")


def slug(text: str, most: int = 63) -> str:
    """A text as an id of a manifest: lower-case letters, digits and hyphens; empty when nothing is left."""
    return "-".join(_ID_WORD.findall(text.lower()))[:most].strip("-")


def _decode(raw: bytes, path: str) -> tuple[str, Problem | None]:
    if len(raw) > MAX_BYTES:
        return "", Problem(path, 1, 1, f"is larger than {MAX_BYTES // 1024 // 1024} MiB; split it with include")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in raw[:4]:
        return "", Problem(path, 1, 1, "is UTF-16 or UTF-32; save it as UTF-8")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _end_of(raw[: error.start].decode("utf-8-sig", "replace"))
        return "", Problem(path, line, column, f"byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8")
    # Most texts are printable but for their line ends, which is told sooner.
    if not text.replace("\n", "").isprintable() and (control := re.search(_CONTROL, text)):
        line, column = _end_of(text[: control.start()])
        return "", Problem(path, line, column, f"the character U+{ord(control[0]):04X} is not allowed in YAML; remove it")
    return text, None


def _end_of(text: str) -> tuple[int, int]:
    """The line and column of what follows a text."""
    lines = f"{text}.".splitlines()
    return len(lines), len(lines[-1])


def _syntax(error: yaml.YAMLError, path: str, text: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if getattr(error, "context", None) in _NOTICED_LATER:
        mark = getattr(error, "context_mark", None) or mark
    what = " ".join(str(getattr(error, "problem", None) or error).split())
    said = next((said for word, said in _SAID if word in what), what)
    end = _end_of(text.rstrip("\r\n "))
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    if (line, column) >= end:
        # The parsers say the line after the last one, where no editor can go.
        line, column = end
        said = "the file ends too early; close what is open" if "node content" in what else said
    return Problem(path, line, column, f"is not YAML: {said}")


#: What the parsers notice lines later than where it is wrong, which is where the key or the quoted text starts.
_NOTICED_LATER = ("while scanning a simple key", "while scanning a quoted scalar")
#: What the parsers say, by a few of their words, and what a person can do about it.
_SAID = (
    ("cannot start any token", "no value starts with this character (a tab, @, % or `); indent with spaces, quote text"),
    ("found unexpected ':'", "a colon needs a space after it here"),
    ("mapping values are not allowed", "a `key: value` cannot stand here; check the indentation, or quote the text"),
    ("mapping keys are not allowed", "a ? cannot stand here; quote it, or leave blank what is not known"),
    ("sequence entries are not allowed", "a list item (-) cannot stand here; give it a line of its own"),
    ("expected ',' or ']'", "a list in [ ] is not closed, or lacks a comma"),
    ("expected ',' or '}'", "a mapping in { } is not closed, or lacks a comma"),
    ("expected '-' indicator", "this line does not fit the list above it; check the indentation"),
    ("but found '?'", "this line does not fit those above it; check the indentation"),
    ("expected key", "this line does not fit those above it; check the indentation"),
    ("<block end>", "this line does not fit those above it; check the indentation"),
    ("could not find expected ':'", "a key without a colon and a space, or text that goes on without indentation"),
    ("end of stream", "the quotes that open here are not closed"),
    ("unexpected document", "the quotes that open here are not closed before a new document"),
    ("escape character", "in double quotes \\ starts an escape; write single quotes, or \\\\"),
    ("hexdecimal", "in double quotes \\ starts an escape; write single quotes, or \\\\"),
    ("hexadecimal", "in double quotes \\ starts an escape; write single quotes, or \\\\"),
    ("directive", "directives (%) are not allowed; take the line out"),
    ("incompatible YAML", "directives (%) are not allowed; take the line out"),
    ("<document start>", "nothing can follow here; one file holds one mapping"),
    ("expected node content", "a value is expected here; quote text that starts with this character"),
    ("expected the node content", "a value is expected here; quote text that starts with this character"),
    ("tab character", "a tab is no indentation; indent with spaces"),
    ("expected alphabetic", "an anchor (&) or alias (*) without a name; quote text that starts so"),
    ("undefined alias", "aliases (*) are not allowed; write the value out"),
)


class _Stop(Exception):
    """The rest of a file is not worth reading; why is already among the problems."""


class _Builder:
    """Turns events into data and places. Every surprise becomes a problem and the walk goes on where it can."""

    deepest = MAX_DEPTH

    def __init__(self, document: Document, path: str, text: str) -> None:
        self.document = document
        self.path = path
        self.problems: list[Problem] = []
        # Without these characters there is no anchor and no tag, and no event needs to be asked for one.
        self.wary = "&" in text or "!" in text

    def say(self, event: Any, message: str) -> None:
        """Record a problem at an event."""
        mark = event.start_mark
        self.problems.append(Problem(self.path, mark.line + 1, mark.column + 1, message))

    def stop(self, event: Any, message: str) -> NoReturn:
        """Record a problem after which nothing sensible can follow."""
        self.say(event, message)
        raise _Stop

    def run(self, source: Any) -> None:
        """Read the whole stream, which is to hold one document."""
        documents = 0
        while (event := source.get_event()) is not None:
            kind = type(event)
            if kind is DocumentStartEvent:
                documents += 1
                if documents > 1:
                    self.stop(event, "a second document starts here; one file holds one document")
                if event.tags or event.version not in (None, (1, 2)):
                    self.say(event, "directives (%) above it are not allowed; this is read as YAML 1.2")
            elif kind is ScalarEvent:
                self._top_scalar(event)
            elif kind in _STARTS:
                self._tree(event, source.get_event)

    def _open(self, event: Any, fresh: Any, depth: int) -> dict[Any, tuple[Any, Any]]:
        """A collection starts: where it stands, and the table of its members' places, to be filled."""
        if depth > self.deepest:
            self.stop(event, f"is nested deeper than {self.deepest} levels")
        if self.wary and (event.anchor is not None or event.tag is not None):
            self._refuse(event)
        entries: dict[Any, tuple[Any, Any]] = {}
        self.document._homes[id(fresh)] = (self.path, event)
        self.document._entries[id(fresh)] = entries
        return entries

    def _tree(self, event: Any, get: Callable[[], Any]) -> None:
        """Build a collection to its end. One pass of the loop is one value, with its key in a mapping."""
        # The hot path of every run: names are local and nothing is called for plain text.
        parents, loose, wary, nodes = self.document._parents, self.document._loose, self.wary, 1
        is_map = type(event) is MappingStartEvent
        container: Any = {} if is_map else []
        self.document.data = container
        entries = self._open(event, container, 1)
        stack: list[Any] = [(None, entries, False)]
        key: Any = None
        name: Any = None
        while True:
            event = get()
            if is_map:
                if type(event) is ScalarEvent:
                    key, name = event, event.value
                    if name in container or name in _WORDS or name[0] in _NOT_NAMES:
                        self._odd_key(event, entries)
                    if wary and (event.anchor is not None or event.tag is not None):
                        self._refuse(event)
                    nodes += 1
                    event = get()
                elif type(event) is not MappingEndEvent:
                    self._refuse_node(event)
            else:
                key, name = None, len(container)
            if type(event) is ScalarEvent:
                value: Any = event.value
                if event.implicit[0]:
                    if value in _WORDS:
                        value = _WORDS[value]
                    elif value[0] in _SPECIAL:
                        value = self._special(event, value)
                elif value and value[0] in _INVISIBLE and not value.strip(_NOTHING):
                    value = ""
                if type(value) is str and value and (value[-1] in _INVISIBLE or value[0] in _INVISIBLE):
                    loose.append((container, name))
                if wary and (event.anchor is not None or event.tag is not None):
                    self._refuse(event)
            elif type(event) is MappingEndEvent or type(event) is SequenceEndEvent:
                container, entries, is_map = stack.pop()
                if container is None:
                    return
                continue
            elif type(event) is AliasEvent:
                self._refuse_node(event)
            else:
                value = {} if type(event) is MappingStartEvent else []
                parents[id(value)] = (container, name)
            entries[name] = (key, event)
            if is_map:
                container[name] = value
            else:
                container.append(value)
            nodes += 1
            if type(event) is not ScalarEvent:
                stack.append((container, entries, is_map))
                container, is_map = value, type(value) is dict
                entries = self._open(event, value, len(stack))
            if nodes > MAX_NODES:
                self.stop(event, f"holds more than {MAX_NODES} keys and values; split it with include")

    def _special(self, event: Any, text: str) -> Any:
        """An unquoted scalar that starts like a number, by the YAML 1.2 core rules, or like nothing at all."""
        if text[0] in _INVISIBLE:
            return text if text.strip(_NOTHING) else ""
        if _INT.match(text):
            if (digits := len(text.lstrip("+-"))) > MAX_DIGITS:
                self.say(event, f"a number of {digits} digits; at most {MAX_DIGITS} are allowed")
                return 0
            return int(text)
        if _ODD.match(text):
            self.say(event, f"{text[:40]} is read differently by different YAML readers; write a plain decimal, or quote it")
            return 0
        if _FLOAT.match(text):
            if len(text) > 2 * MAX_DIGITS:
                self.say(event, f"a number of {len(text)} characters; at most {2 * MAX_DIGITS} are allowed")
                return 0
            return self._finite(event, float(text))
        return text

    def _finite(self, event: Any, number: float) -> float:
        if number in (float("inf"), float("-inf")):
            self.say(event, "is too large a number")
            return 0.0
        return number

    def _odd_key(self, event: Any, entries: dict[Any, tuple[Any, Any]]) -> None:
        text = event.value
        if text in entries:
            first = entries[text][0].start_mark.line + 1
            self.say(event, f"the key {text[:40]!r} is already on line {first}; keep one")
        elif event.implicit[0] and text == "<<":
            self.say(event, "merge keys (<<) are not allowed; write the values out")
        elif event.implicit[0] and (text in _WORDS or any(form.match(text) for form in (_INT, _FLOAT, _ODD))):
            self.say(event, f"a key must be text; quote it: '{text[:40]}'")

    def _refuse_node(self, event: Any) -> NoReturn:
        if type(event) is AliasEvent:
            self.stop(event, f"aliases (*{str(event.anchor)[:40]}) are not allowed; write the value out")
        self.stop(event, "a key must be text, not a list or a mapping")

    def _refuse(self, event: Any) -> None:
        if event.anchor is not None:
            self.say(event, f"anchors (&{str(event.anchor)[:40]}) are not allowed; write the value out where it is needed")
        if event.tag is not None:
            self.say(event, f"tags ({event.tag[:40]}) are not allowed; remove it, and quote the value where text is meant")

    def _top_scalar(self, event: Any) -> None:
        if event.anchor is not None or event.tag is not None:
            self._refuse(event)
        elif event.value not in _WORDS or not event.implicit[0] or _WORDS[event.value] is not None:
            # What the parser would say of the rest has the same cause.
            self.stop(event, "a mapping is expected at the top of the file, like `policycheck: 1`")


class _Stream(_Builder):
    """The builder for formats that are not ours: several documents, and what is no plain number or word stays text."""

    deepest = 2 * MAX_DEPTH

    def __init__(self, path: str, text: str) -> None:
        super().__init__(Document(), path, text)
        self.documents: list[Document] = []
        self._text = text

    def close(self) -> None:
        """The document that was being read is complete; one that holds nothing is left out."""
        if self.document.data is not None:
            self.documents.append(self.document)
        self.document = Document()
        self.document._texts[self.path] = self._text

    def run(self, source: Any) -> None:
        while (event := source.get_event()) is not None:
            kind = type(event)
            if kind is DocumentStartEvent:
                self.close()
            elif kind is ScalarEvent:
                self._top_scalar(event)
            elif kind in _STARTS:
                self._tree(event, source.get_event)

    def _special(self, event: Any, text: str) -> Any:
        is_number = len(text) <= MAX_DIGITS and _FLOAT.match(text) and not _ODD.match(text) and abs(float(text)) < _LARGE
        return super()._special(event, text) if is_number or text[0] in _INVISIBLE else text

    def _odd_key(self, event: Any, entries: dict[Any, tuple[Any, Any]]) -> None:
        if event.value in entries or event.value == "<<":
            super()._odd_key(event, entries)
