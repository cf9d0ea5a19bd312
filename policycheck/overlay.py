"""A manifest with what an artefact says laid over it: the second account on which every touched rule is judged again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policycheck.language.types import LIST, MAP, OBJECT, Type, Types
from policycheck.model import ITEM_KEYS, Location, Place, Reading

#: The first step of a reading's path that starts at the top of the manifest and not at the subject.
TOP = "/"


class Overlay:
    """A manifest with one account laid over it: only what the account speaks of is copied and changed."""

    def __init__(
        self, place: Place, holder: dict[str, Any], readings: tuple[Reading, ...], kind: Type | None, types: Types
    ) -> None:
        self.declared = place
        self._types = types
        self._copies: dict[int, Any] = {}
        self._kept: list[Any] = []
        #: What the manifest lacks and the artefact speaks of: the container it was put into, the step, the first reading.
        self._added: dict[int, tuple[Any, str, Reading]] = {}
        self._read: dict[tuple[int, Any], Reading] = {}
        self._names: dict[int, dict[str, int]] = {}
        self.notes: dict[Location, str] = {}
        #: Where text was read that a person has to read, too.
        self.soft: set[Location] = set()
        self.data: dict[str, Any] = {}
        subject = self._copy_down_to(holder)
        for reading in readings:
            if reading.path[0] == TOP:
                self._lay(self.data, types.root, reading.path[1:], reading)
            else:
                self._lay(subject, kind, reading.path, reading)

    def _copy(self, container: Any) -> Any:
        fresh = container.copy()
        self._copies[id(fresh)] = container
        self._kept.append(fresh)
        return fresh

    def _copy_down_to(self, holder: dict[str, Any]) -> dict[str, Any]:
        chain: list[tuple[Any, Any]] = []
        at: Any = holder
        while (up := self.declared.parent(at)) is not None:
            chain.append(up)
            at = up[0]
        fresh = self.data = self._copy(self.declared.data)
        for container, key in reversed(chain):
            below = self._copy(container[key])
            fresh[key] = below
            fresh = below
        return fresh  # type: ignore[no-any-return]

    def _lay(self, at: Any, kind: Type | None, path: tuple[str, ...], reading: Reading) -> None:
        for step in path[:-1]:
            kind = _inner(kind, step, self._types)
            at = self._below(at, step, kind, reading)
        at[path[-1]] = reading.value
        self._read[(id(at), path[-1])] = reading

    def _below(self, at: Any, step: str, kind: Type | None, reading: Reading) -> Any:
        key: Any = step
        if isinstance(at, list):
            key = self._position(at, step)
        inner = at[key] if isinstance(at, list) and key < len(at) else at.get(key) if isinstance(at, dict) else None
        if id(inner) in self._copies or id(inner) in self._added:
            return inner
        known = isinstance(inner, (dict, list))
        fresh = self._copy(inner) if known else self._add(at, step, kind, reading)
        if isinstance(at, list):
            at[key:] = [fresh, *at[key + 1 :]]
        else:
            at[key] = fresh
        return fresh

    def _position(self, items: list[Any], name: str) -> int:
        """Where the item of a name stands in a list, or is added; lists grow by the thousand, so positions are kept."""
        known = self._names.get(id(items))
        if known is None:
            known = self._names[id(items)] = {}
            for index, item in enumerate(items):
                known.setdefault(name_of(item) or "", index)
        return known.setdefault(name, len(items))

    def _add(self, at: Any, step: str, kind: Type | None, reading: Reading) -> Any:
        """Something the manifest lacks; an item of a list is called by the first property that names such items."""
        fresh: Any = [] if kind is not None and kind.kind == LIST else {}
        if isinstance(at, list):
            names = set(self._types.names(kind)) if kind is not None and kind.kind == OBJECT else {"id"}
            fresh[next((key for key in ITEM_KEYS if key in names), "id")] = step
        self._kept.append(fresh)
        self._added[id(fresh)] = (at, step, reading)
        return fresh

    def changed(self) -> frozenset[str]:
        """The names of the properties that have another value here, and of the lists and objects that were added to."""
        found = {str(key) for _, key in self._read}
        for above, step, _ in self._added.values():
            at: Any = above
            found.add(step)
            while (up := self.parent(at)) is not None:
                found.add(str(up[1]))
                at = up[0]
        return frozenset(found)

    def undeclared(self) -> Iterator[tuple[dict[str, Any], str, Reading]]:
        """The items of lists that were added, the outermost only, each with its kind of subject and its first reading."""
        for fresh in self._kept:
            above, _, reading = self._added.get(id(fresh), (None, "", None))
            if reading is None or not isinstance(above, list) or not isinstance(fresh, dict) or self._inside(above):
                continue
            kind = type_at(self._steps(fresh), None, self._types)
            yield fresh, kind.name if kind is not None else "", reading

    def _inside(self, container: Any) -> bool:
        """Whether a container lies in an item that was added itself."""
        at: Any = container
        while at is not None:
            if id(at) in self._added and isinstance(at, dict):
                return True
            up = self.parent(at)
            at = up[0] if up is not None else None
        return False

    def _steps(self, container: Any) -> tuple[str, ...]:
        steps: list[str] = []
        at: Any = container
        while (up := self.parent(at)) is not None:
            steps.append(str(up[1]))
            at = up[0]
        return (TOP, *reversed(steps))

    def locate(self, container: Any, key: Any = None) -> Location | None:
        """The artefact's line for a value that was read there, else the manifest's."""
        added = self._added.get(id(container))
        reading = self._read.get((id(container), key), added[2] if added else None)
        if reading is None:
            return self.declared.locate(self.as_declared(container), key)
        found = Location(reading.file, reading.line, reading.column, 0, self.route(container, key))
        self.notes[found] = reading.note
        if reading.soft:
            self.soft.add(found)
        return found

    def route(self, container: Any, key: Any = None) -> str:
        """The key route, as in the manifest."""
        if id(container) not in self._added:
            return self.declared.route(self.as_declared(container), key)
        above, step, _ = self._added[id(container)]
        route = f"{self.route(above)}[{step}]" if isinstance(above, list) else f"{self.route(above)}.{step}"
        return (route if key is None else f"{route}.{key}").lstrip(".")

    def as_declared(self, container: Any) -> Any:
        """The manifest's own container where this is its copy, else the container itself."""
        return self._copies.get(id(container), container)

    def parent(self, container: Any) -> Any:
        """As in the manifest; what was added lies in what it was added to."""
        if id(container) in self._added:
            above, step, _ = self._added[id(container)]
            return above, above.index(container) if isinstance(above, list) else step
        return self.declared.parent(self.as_declared(container))


def is_called(item: Any, name: str) -> bool:
    """Whether an item of a list goes by a name: its id, else what else names an item."""
    return name_of(item) == name


def name_of(item: Any) -> str | None:
    """What an item of a list is called: its id, else what else names an item; None when nothing does."""
    key = next((key for key in ITEM_KEYS if isinstance(item.get(key), (str, int))), None) if isinstance(item, dict) else None
    return None if key is None else str(item[key])


def type_at(path: tuple[str, ...], kind: Type | None, types: Types) -> Type | None:
    """The type at the end of a path, below a kind of subject or, after `TOP`, the manifest."""
    if path[0] == TOP:
        path, kind = path[1:], types.root
    for step in path:
        kind = _inner(kind, step, types)
    return kind


def _inner(kind: Type | None, step: str, types: Types) -> Type | None:
    if kind is None or kind.kind in (LIST, MAP):
        return kind.item if kind is not None else None
    return types.field(kind, step) if step in types.names(kind) else None
