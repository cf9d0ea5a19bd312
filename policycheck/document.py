"""YAML text in, data with positions out. The only file that imports yaml.

The dialect is YAML 1.2 core without surprises (design 3.13): `no` is text, dates are text, and duplicate keys,
anchors, aliases, merge keys, tags, second documents, non-text keys and deep nesting are problems with a place.
The events come from libyaml, or from PyYAML's own parser where libyaml is missing; the builder is the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

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

from policycheck.model import Location, Problem

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 32
MAX_NODES = 200_000
MAX_DIGITS = 18

_WORDS = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_ODD = re.compile(r"[-+]?(0[0-9]+|0[xo][0-9a-fA-F]+)\Z|[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")
_KEY_NAMES = ("id", "name", "jurisdiction", "expectation", "rule", "kind", "version", "type", "pattern", "step")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_NUMERIC = frozenset("0123456789+-.")


class _PureParser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
    def __init__(self, text: str) -> None:
        yaml.reader.Reader.__init__(self, text)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)


LIBYAML: Any = getattr(yaml, "cyaml", None) and yaml.cyaml.CParser
PURE: Any = _PureParser


class Document:
    """One or more YAML files as plain data that knows where each value stands.

    `data` is made of dict, list, str, int, float, bool and None. Places are kept beside it, by container, so that
    the data stays plain: `locate(container, key)` gives a `Location`, `route(container, key)` the key route.
    """

    __slots__ = ("_entries", "_homes", "_parents", "_raws", "_texts", "data")

    def __init__(self) -> None:
        self.data: Any = None
        self._entries: dict[int, dict[Any, tuple[Any, Any]]] = {}
        self._homes: dict[int, tuple[str, Any]] = {}
        self._parents: dict[int, tuple[Any, Any]] = {}
        self._texts: dict[str, str] = {}
        self._raws: dict[str, bytes] = {}

    def names(self) -> tuple[str, ...]:
        """The files this was read from."""
        return tuple(self._raws)

    def raw(self, path: str) -> bytes:
        """The bytes of one of the files this was read from."""
        return self._raws[path]

    def locate(self, container: Any, key: Any = None) -> Location | None:
        """Where the value of `container[key]` stands; a missing one stands where the container does."""
        home = self._homes.get(id(container))
        if home is None:
            return None
        path, start = home
        entry = self._entries[id(container)].get(key)
        if entry is None:
            return _location(path, start, self.route(container, key), point=True)
        event = entry[1]
        foreign = self._homes.get(id(container[key])) if isinstance(container[key], (dict, list)) else None
        blank = isinstance(event, ScalarEvent) and container[key] is None
        marked = entry[0] if blank and entry[0] is not None else event
        return _location(foreign[0] if foreign else path, marked, self.route(container, key))

    def locate_key(self, container: Any, key: Any) -> Location | None:
        """Where the key itself is written, for a problem with the key."""
        entry = self._entries.get(id(container), {}).get(key)
        if entry is None or entry[0] is None:
            return self.locate(container, key)
        return _location(self._homes[id(container)][0], entry[0], self.route(container, key))

    def parent(self, container: Any) -> tuple[Any, Any] | None:
        """The container that holds this one, and under which key; None at the top."""
        return self._parents.get(id(container))

    def route(self, container: Any, key: Any = None) -> str:
        """The key route, lists by their items' id, name or jurisdiction: `controls[edge].params.limit`."""
        steps: list[Any] = [] if key is None else [(container, key)]
        while (up := self._parents.get(id(container))) is not None:
            steps.append(up)
            container = up[0]
        return "".join(_step(holder, name) for holder, name in reversed(steps)).lstrip(".")

    def line(self, path: str, number: int) -> str:
        """The text of a line (1-based), without its end; empty when there is none."""
        lines = self._texts.get(path, "").splitlines()
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def absorb(self, other: Document) -> None:
        """Take over the places and texts of another document whose containers become part of this one."""
        self._entries.update(other._entries)
        self._homes.update(other._homes)
        self._parents.update(other._parents)
        self._texts.update(other._texts)
        self._raws.update(other._raws)

    def adopt(self, key: str, value: Any, other: Document) -> None:
        """Put a fragment's section under this document's top: the place stays the fragment's."""
        self.data[key] = value
        self._entries[id(self.data)][key] = other._entries[id(other.data)][key]
        self._parents[id(value)] = (self.data, key)

    def extend(self, key: str, items: list[Any], other: Document) -> None:
        """Append a fragment's list to this document's list of the same key."""
        mine = self.data[key]
        theirs = other._entries[id(items)]
        for index, item in enumerate(items):
            mine.append(item)
            place = len(mine) - 1
            self._entries[id(mine)][place] = theirs[index]
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
        for name in _KEY_NAMES:
            if isinstance(item.get(name), (str, int)):
                return f"[{item[name]}]"
    return f"[{item}]" if isinstance(item, str) else f"[{key}]"


def parse(raw: bytes, path: str, parser: Any = None) -> tuple[Document, list[Problem]]:
    """Read one YAML file. `path` is the name used in problems and places.

    Returns the document (its data is None when nothing could be read) and every problem found; a document with
    problems must not be judged.
    """
    document = Document()
    document._raws[path] = raw
    text, problem = _decode(raw, path)
    if problem:
        return document, [problem]
    document._texts[path] = text
    builder = _Builder(document, path)
    try:
        builder.run(_events(text, parser or LIBYAML or PURE))
    except yaml.YAMLError as error:
        builder.problems.append(_syntax(error, path))
    except RecursionError:  # pragma: no cover - the pure parser's own recursion, bounded by MAX_DEPTH before
        builder.say(None, f"is nested deeper than {MAX_DEPTH} levels")
    if document.data is None and not builder.problems:
        builder.problems.append(Problem(path, 0, 0, "is empty: there is nothing to check in it"))
    return document, sorted(set(builder.problems))


def _decode(raw: bytes, path: str) -> tuple[str, Problem | None]:
    if len(raw) > MAX_BYTES:
        return "", Problem(path, 0, 0, f"is larger than {MAX_BYTES // 1024 // 1024} MiB; split it with include")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "", Problem(path, 1, 1, "is UTF-16; save it as UTF-8")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8-sig", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return "", Problem(path, line, column, f"byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8")
    if control := _CONTROL.search(text):
        before = text[: control.start()]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return "", Problem(path, line, column, f"the character U+{ord(control[0]):04X} is not allowed in YAML; remove it")
    return text, None


def _events(text: str, parser: Any) -> Iterator[Any]:
    source = parser(text)
    try:
        while (event := source.get_event()) is not None:
            yield event
    finally:
        source.dispose()


def _syntax(error: yaml.YAMLError, path: str) -> Problem:
    if isinstance(error, yaml.reader.ReaderError):
        return Problem(path, 0, 0, "has a character that YAML does not allow")
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    what = " ".join(str(getattr(error, "problem", None) or error).split())
    if "cannot start any token" in what:
        what = "a value cannot start with this character (a tab, @ or `); indent with spaces, quote text"
    place = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    return Problem(path, *place, f"is not YAML: {what}")


class _Builder:
    """Turns events into data and places. Every surprise becomes a problem and the walk goes on."""

    def __init__(self, document: Document, path: str) -> None:
        self.document = document
        self.path = path
        self.problems: list[Problem] = []
        self.documents = 0

    def say(self, event: Any, message: str) -> None:
        """Record a problem at an event (the whole file when None)."""
        mark = event.start_mark if event is not None else None
        place = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        self.problems.append(Problem(self.path, *place, message))

    def run(self, events: Iterator[Any]) -> None:
        stack: list[Any] = []
        nodes = 0
        top: Any = None
        container: Any = None
        entries: dict[Any, tuple[Any, Any]] = {}
        pending: Any = None
        document, homes, parents, path = self.document, self.document._homes, self.document._parents, self.path
        tables = document._entries
        for event in events:
            kind = type(event)
            if kind is ScalarEvent:
                nodes += 1
                value = event.value
                if event.anchor is not None or event.tag is not None:
                    self._refuse(event)
                if type(container) is dict:
                    if pending is None:
                        pending = event
                        if event.implicit[0]:
                            self._plain_key(event)
                        if value in container:
                            self._duplicate(event, entries)
                        continue
                    if event.implicit[0]:
                        value = self.plain(event)
                    container[pending.value] = value
                    entries[pending.value] = (pending, event)
                    pending = None
                    continue
                if event.implicit[0]:
                    value = self.plain(event)
                if container is None:
                    top = value
                    self._top_scalar(event, value)
                else:
                    entries[len(container)] = (None, event)
                    container.append(value)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                nodes += 1
                if event.anchor is not None or event.tag is not None:
                    self._refuse(event)
                fresh: Any = {} if kind is MappingStartEvent else []
                if type(container) is dict:
                    if pending is None:
                        self.say(event, "a key must be text")
                        return
                    container[pending.value] = fresh
                    entries[pending.value] = (pending, event)
                    parents[id(fresh)] = (container, pending.value)
                elif container is not None:
                    parents[id(fresh)] = (container, len(container))
                    entries[len(container)] = (None, event)
                    container.append(fresh)
                else:
                    top = document.data = fresh
                stack.append((container, entries))
                pending = None
                container, entries = fresh, {}
                homes[id(fresh)] = (path, event)
                tables[id(fresh)] = entries
                if len(stack) > MAX_DEPTH:
                    self.say(event, f"is nested deeper than {MAX_DEPTH} levels")
                    return
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                container, entries = stack.pop()
                pending = None
            elif kind is AliasEvent:
                self.say(event, f"aliases (*{event.anchor}) are not allowed; write the value out")
                return
            elif kind is DocumentStartEvent:
                self.documents += 1
                if self.documents > 1:
                    self.say(event, "a second document starts here; one file holds one document")
                    return
            if nodes > MAX_NODES:
                self.say(event, f"holds more than {MAX_NODES} values")
                return
        document.data = top

    def plain(self, event: Any) -> Any:
        """The value of an unquoted scalar by the YAML 1.2 core rules."""
        text = event.value
        if text in _WORDS:
            return _WORDS[text]
        if text[0] not in _NUMERIC:
            return text
        if _INT.match(text):
            if len(text) > MAX_DIGITS:
                self.say(event, f"a number of {len(text)} digits; at most {MAX_DIGITS} are allowed")
                return 0
            return int(text)
        if _ODD.match(text):
            self.say(event, f"{text} is read differently by different YAML readers; write a plain decimal, or quote it")
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

    def _plain_key(self, event: Any) -> None:
        text = event.value
        if text == "<<":
            self.say(event, "merge keys (<<) are not allowed; write the values out")
        elif text in _WORDS or _INT.match(text) or _FLOAT.match(text) or _ODD.match(text):
            self.say(event, f"a key must be text; quote it: '{text[:40]}'")

    def _duplicate(self, event: Any, entries: dict[Any, tuple[Any, Any]]) -> None:
        first = entries[event.value][0].start_mark.line + 1
        self.say(event, f"the key {event.value!r} is already on line {first}; keep one")

    def _refuse(self, event: Any) -> None:
        if event.anchor is not None:
            self.say(event, f"anchors (&{event.anchor}) are not allowed; write the value out where it is needed")
        if event.tag is not None:
            self.say(event, f"tags ({event.tag}) are not allowed")

    def _top_scalar(self, event: Any, value: Any) -> None:
        if value is not None:
            self.say(event, "a mapping is expected at the top of the file, like `policycheck: 1`")
