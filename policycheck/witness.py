"""Witnesses: what the artefacts say, laid over what the manifest declares.

No rule knows what nginx is; no verifier knows a rule. A verifier's account becomes a second account of the manifest (an
`Overlay`), every rule is judged on it again, and the two verdicts are weighed (`assess.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from policycheck import rooms
from policycheck.errors import ArtefactError
from policycheck.language.types import LIST, OBJECT, Type, Types
from policycheck.model import ITEM_KEYS, Account, Failure, Location, Manifest, Place, Reading, Subject, Witnessed


class Hearing(NamedTuple):
    """One evidence entry, heard: the subject that names it, the entry, the account, and the account laid over."""

    subject: Subject
    holder: dict[str, Any]
    entry: Mapping[str, Any]
    position: int
    account: Account
    overlay: Overlay | None
    ledger: Witnessed


class Overlay:
    """A manifest with one account laid over it: only what the account speaks of is copied and changed."""

    def __init__(self, place: Place, holder: dict[str, Any], readings: tuple[Reading, ...]) -> None:
        self.declared = place
        self._copies: dict[int, Any] = {}
        self._kept: list[Any] = []
        #: What the manifest lacks and the artefact speaks of: the container it was put into, the step, the first reading.
        self._added: dict[int, tuple[Any, str, Reading]] = {}
        self._read: dict[tuple[int, Any], Reading] = {}
        self.notes: dict[Location, str] = {}
        self.data: dict[str, Any] = {}
        subject = self._copy_down_to(holder)
        for reading in readings:
            self._lay(subject, reading)

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

    def _lay(self, subject: dict[str, Any], reading: Reading) -> None:
        at: Any = subject
        for step in reading.path[:-1]:
            at = self._below(at, step, reading)
        key = reading.path[-1]
        at[key] = reading.value
        self._read[(id(at), key)] = reading

    def _below(self, at: Any, step: str, reading: Reading) -> Any:
        key: Any = step
        if isinstance(at, list):
            key = next((i for i, item in enumerate(at) if is_called(item, step)), len(at))
        inner = at[key] if isinstance(at, list) and key < len(at) else at.get(key) if isinstance(at, dict) else None
        if id(inner) in self._copies or id(inner) in self._added:
            return inner
        fresh = self._copy(inner) if isinstance(inner, (dict, list)) else self._add(at, step, reading)
        if isinstance(at, list):
            at[key:] = [fresh, *at[key + 1 :]]
        else:
            at[key] = fresh
        return fresh

    def _add(self, at: Any, step: str, reading: Reading) -> dict[str, Any]:
        """Something the manifest lacks; an item of a list is called as its neighbours are, by id or by name."""
        fresh: dict[str, Any] = {}
        if isinstance(at, list):
            names = (key for key in ITEM_KEYS if any(isinstance(item, dict) and key in item for item in at))
            fresh[next(names, "id")] = step
        self._kept.append(fresh)
        self._added[id(fresh)] = (at, step, reading)
        return fresh

    def locate(self, container: Any, key: Any = None) -> Location | None:
        """The artefact's line for a value that was read there, else the manifest's."""
        added = self._added.get(id(container))
        reading = self._read.get((id(container), key), added[2] if added else None)
        if reading is None:
            return self.declared.locate(self._copies.get(id(container), container), key)
        found = Location(reading.file, reading.line, reading.column, 0, self.route(container, key))
        self.notes[found] = reading.note
        return found

    def route(self, container: Any, key: Any = None) -> str:
        """The key route, as in the manifest."""
        if id(container) not in self._added:
            return self.declared.route(self._copies.get(id(container), container), key)
        above, step, _ = self._added[id(container)]
        route = f"{self.route(above)}[{step}]" if isinstance(above, list) else f"{self.route(above)}.{step}"
        return route if key is None else f"{route}.{key}"

    def parent(self, container: Any) -> Any:
        """As in the manifest; what was added lies in what it was added to."""
        if id(container) in self._added:
            above, step, _ = self._added[id(container)]
            return above, above.index(container) if isinstance(above, list) else step
        return self.declared.parent(self._copies.get(id(container), container))


def is_called(item: Any, name: str) -> bool:
    """Whether an item of a list goes by a name: its id, else what else names an item."""
    return isinstance(item, dict) and name in [item.get(key) for key in ITEM_KEYS]


def hear(manifest: Manifest, types: Types, as_of: str) -> tuple[list[Hearing], list[Failure]]:
    """Every evidence entry of a manifest, in order, with what its artefact says. Bad artefacts are accounts, not errors."""
    hearings: list[Hearing] = []
    failures: list[Failure] = []
    opener = None
    for subject, holder in subjects(manifest.data, types, manifest.place):
        entries = holder.get("evidence")
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if opener is None:
                from policycheck.opener import Opener

                opener = Opener(manifest.root)
            account, failure = _account(opener, manifest, subject, holder, entry, as_of)
            if failure:
                failures.append(failure)
            overlay = Overlay(manifest.place, holder, account.readings) if account.readings else None
            ledger = Witnessed(
                subject, str(entry.get("kind")), str(entry.get("path") or entry.get("url") or ""), _verdict(account),
                account.unreadable or "; ".join(r.note for r in account.readings if r.note)[:300], account.artefacts,
            )  # fmt: skip
            hearings.append(Hearing(subject, holder, entry, index, account, overlay, ledger))
    return hearings, failures


def _urls(manifest: Manifest, holder: Mapping[str, Any]) -> list[str]:
    """The addresses of the surfaces that a subject names, so that a verifier can tell whether an artefact is about them."""
    named = holder.get("surfaces") or ()
    surfaces = manifest.data.get("surfaces") or ()
    return [s["url"] for s in surfaces if s.get("id") in named and isinstance(s.get("url"), str)]


def _verdict(account: Account) -> str:
    if account.unreadable:
        return "unreadable"
    return "read" if account.readings else "supports"


def _account(
    opener: Any, manifest: Manifest, subject: Subject, holder: dict[str, Any], entry: Mapping[str, Any], as_of: str
) -> tuple[Account, Failure | None]:
    kind, path = str(entry.get("kind")), entry.get("path")
    if not isinstance(path, str) or not path:
        fetched = "a URL is never fetched; add the document to the repository and name its path"
        why = fetched if entry.get("url") else "no path"
        return Account(unreadable=why), None
    if kind not in rooms.names("evidence"):
        from policycheck.language.types import suggest

        known = rooms.names("evidence")
        said = f"no verifier of the kind {kind!r} is installed{suggest(kind, known)}; installed: {', '.join(known)}"
        return Account(unreadable=said), None
    verifier = rooms.load("evidence", kind)
    speaks = verifier.KINDS_OF_SUBJECT
    if speaks and subject.kind not in speaks:
        return Account(unreadable=f"{kind} speaks of {', '.join(sorted(speaks))}, not of a {subject.kind}"), None
    try:
        relative = opener.relative(manifest.folder, path)
        account: Account = verifier.account(
            opener, relative, {**entry, "as_of": as_of, "urls": _urls(manifest, holder)}, holder
        )
    except ArtefactError as error:
        return Account(unreadable=str(error)), None
    except ModuleNotFoundError as error:
        return Account(unreadable=f"needs {error.name}: pip install 'policycheck[evidence]'"), None
    except Exception as error:
        # The one broad except of the evidence side: a verifier of ours that breaks is a failure of the run (exit 5).
        failure = Failure(f"verifier {kind} on {path}", f"{type(error).__name__}: {error}")
        return Account(unreadable=f"the {kind} verifier failed: {type(error).__name__}"), failure
    if not (account.readings or account.supported or account.unreadable):
        return account._replace(unreadable=f"{relative} holds nothing that {kind} evidence could say"), None
    return account, None


def subjects(data: Mapping[str, Any], types: Types, place: Place) -> Iterator[tuple[Subject, dict[str, Any]]]:
    """Every subject of a manifest with its container, section by section as the schema orders them."""
    for section in types.names(types.root):
        yield from _under(types.field(types.root, section), data.get(section), types, place, "")


def _under(found: Type, value: Any, types: Types, place: Place, above: str) -> Iterator[tuple[Subject, dict[str, Any]]]:
    items = value if isinstance(value, list) else [value]
    kind = (found.item or found) if found.kind == LIST else found
    for item in items:
        if not isinstance(item, dict) or kind.kind != OBJECT:
            continue
        name = next((str(item[k]) for k in ITEM_KEYS if isinstance(item.get(k), (str, int))), "")
        full = f"{above}.{name}" if above else name
        if kind.name:
            yield Subject(kind.name, full, place.route(item)), item
        for key in types.names(kind):
            inner = types.field(kind, key)
            if inner.kind == LIST and inner.item is not None and inner.item.name and isinstance(item.get(key), list):
                yield from _under(inner, item[key], types, place, full)
