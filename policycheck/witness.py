"""Witnesses: what the artefacts say, laid over what the manifest declares.

No rule knows what nginx is; no verifier knows a rule. A verifier's account becomes a second account of the manifest (an
`Overlay`), every rule is judged on it again, and the two verdicts are weighed (`assess.py`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from policycheck import rooms
from policycheck.errors import ArtefactError, needs
from policycheck.language.types import LIST, OBJECT, Type, Types
from policycheck.model import ITEM_KEYS, Account, Artefact, Failure, Manifest, Place, Reading, Subject, Witnessed
from policycheck.overlay import TOP, Overlay

#: Notes that are looked at, and characters of them that are said, for one entry of the ledger.
_NOTES, _SAID = 50, 300


class Hearing(NamedTuple):
    """One evidence entry, heard: the subject that names it, the entry, the account, and the account laid over."""

    subject: Subject
    holder: dict[str, Any]
    entry: Mapping[str, Any]
    position: int
    account: Account
    overlay: Overlay | None
    ledger: Witnessed
    #: What is laid over the manifest: the readings, and the additions with `TOP` before their paths.
    readings: tuple[Reading, ...] = ()
    #: Why it does not count, whatever it says.
    doubt: str = ""
    #: The addresses of the subject's surfaces at which it holds.
    covered: tuple[str, ...] = ()


def hear(manifest: Manifest, types: Types, as_of: str) -> tuple[list[Hearing], list[Failure], tuple[Artefact, ...]]:
    """Every evidence entry of a manifest, in order, with what its artefact says. Bad artefacts are accounts, not errors.

    Last comes the lock file that decided over them, where there is one.
    """
    entries = [
        (subject, holder, entry, index)
        for subject, holder in subjects(manifest.data, types, manifest.place)
        for index, entry in enumerate(holder["evidence"] if isinstance(holder.get("evidence"), list) else ())
    ]
    if not entries:
        return [], [], ()
    from policycheck import attachments
    from policycheck.opener import Opener

    opener = Opener(manifest.root)
    lock = attachments.read_lock(opener, manifest.folder)
    own = frozenset(file.sha256 for file in manifest.inputs)
    failures: list[Failure] = []
    hearings: list[Hearing] = []
    for subject, holder, entry, index in entries:
        account, covered, failure = _of_surfaces(opener, manifest, subject, holder, entry, as_of)
        failures += [failure] if failure else []
        doubt = attachments.doubt(entry, _from_root(manifest, entry), account, as_of, lock, own)
        hearing = _hearing(manifest, types, subject, holder, entry, index, account, doubt)
        hearings.append(hearing._replace(covered=covered))
    texts = _texts(opener, hearings)
    uses = [(_use(hearing, texts), hearing.subject.route) for hearing in hearings if hearing.account.supported]
    overused = attachments.overused(uses)
    shared = [_shared(hearing, overused.get(_use(hearing, texts), 0)) for hearing in hearings]
    return _covering(shared, manifest, types), failures, (lock.artefact,) if lock.artefact is not None else ()


def _of_surfaces(
    opener: Any, manifest: Manifest, subject: Subject, holder: dict[str, Any], entry: Mapping[str, Any], as_of: str
) -> tuple[Account, tuple[str, ...], Failure | None]:
    """What an artefact says of a subject, and for which of its surfaces' addresses.

    A verifier whose readings hold at one address (`BY_ADDRESS`) is asked for each that a control names: what it finds at
    one says nothing of another. The worst of its answers counts.
    """
    urls, lacking = _urls(manifest, holder), _lacking(manifest, holder) if _is_by_address(entry) else []
    asked = urls if len(urls) > 1 and _is_by_address(entry) else []
    heard = {url: _account(opener, manifest, subject, holder, entry, as_of, [url]) for url in asked}
    if all(account.unreadable for account, _ in heard.values()):
        account, failure = _account(opener, manifest, subject, holder, entry, as_of, urls)
        return _settled(account, subject, entry, lacking), tuple(urls) if account.readings else (), failure
    url = min(heard, key=lambda one: _rank(heard[one][0]))
    account, failure = heard[url]
    same = tuple(other for other, (found, _) in heard.items() if found.readings and _rank(found) == _rank(account))
    account = _everywhere(account, [[heard[other][0]] for other in same])
    return _settled(account, subject, entry, lacking), same, failure


def _is_by_address(entry: Mapping[str, Any]) -> bool:
    kind = str(entry.get("kind"))
    return kind in rooms.names("evidence") and getattr(rooms.load("evidence", kind), "BY_ADDRESS", False)


def _rank(account: Account) -> tuple[bool, bool]:
    """The worst answer first: one that says that nothing is enforced, then one that says that something is."""
    status = next((reading.value for reading in account.readings if reading.path == ("status",)), None)
    return (not account.readings, status in (None, "deployed"))


def _everywhere(account: Account, places: Iterable[Sequence[Account]]) -> Account:
    """What is read at one address, soft where no account of another place says the same as firmly."""
    said = [[{reading.path: reading for reading in other.readings} for other in others] for others in places]

    def holds(reading: Reading) -> bool:
        return all(any(_is_said(reading, other) for other in others) for others in said)

    readings = tuple(one if holds(one) else one._replace(soft=True) for one in account.readings)
    return account._replace(readings=readings)


def _is_said(reading: Reading, other: Mapping[tuple[str, ...], Reading]) -> bool:
    found = other.get(reading.path)
    return found is not None and not found.soft and found.value == reading.value


def _settled(account: Account, subject: Subject, entry: Mapping[str, Any], lacking: Sequence[str]) -> Account:
    """A control's numbers verify only where it is settled that they are enforced, at places that the manifest names.

    `lacking` are its surfaces that have no address to hold them against.
    """
    if subject.kind != "control" or not _is_by_address(entry):
        return account
    if any(reading.path == ("status",) for reading in account.readings):
        if not lacking:
            return account
        why = f"supports and does not verify: {_few(lacking)} has no url to hold it against; add one"
        account = account._replace(remark="; ".join(filter(None, (account.remark, why))))
    open_ = ("params", "status")
    return account._replace(
        readings=tuple(reading._replace(soft=reading.soft or reading.path[0] in open_) for reading in account.readings)
    )


def _covering(hearings: list[Hearing], manifest: Manifest, types: Types) -> list[Hearing]:
    """Evidence of a control that leaves one of its surfaces out verifies none of what is said of the control.

    Only evidence that counts, and that holds at an address, speaks for one.
    """
    counted: dict[str, list[Hearing]] = {}
    for hearing in filter(_counts, hearings):
        counted.setdefault(hearing.subject.route, []).append(hearing)
    return [_held(one, counted[one.subject.route], manifest, types) if _counts(one) else one for one in hearings]


def _counts(hearing: Hearing) -> bool:
    return bool(hearing.covered) and not hearing.doubt and _is_by_address(hearing.entry)


def _held(hearing: Hearing, counted: list[Hearing], manifest: Manifest, types: Types) -> Hearing:
    """What one entry says, with what others say of the surfaces that it leaves out."""
    left = [url for url in _urls(manifest, hearing.holder) if url not in hearing.covered]
    others = {url: [other.account for other in counted if url in other.covered] for url in left}
    missing = [url for url, accounts in others.items() if not accounts]
    if missing:
        return _doubted(hearing, f"it speaks for {_few(hearing.covered)}; no evidence shows it for {_few(missing)}")
    account = _everywhere(hearing.account, others.values())
    made = _hearing(manifest, types, hearing.subject, hearing.holder, hearing.entry, hearing.position, account, "")
    return made._replace(covered=hearing.covered) if left else hearing


def _few(urls: Sequence[str]) -> str:
    return ", ".join(urls[:3]) + (f" and {len(urls) - 3} more" if len(urls) > 3 else "")


def _doubted(hearing: Hearing, doubt: str) -> Hearing:
    return hearing._replace(doubt=doubt, ledger=_ledger(hearing.subject, hearing.entry, hearing.account, doubt))


def _from_root(manifest: Manifest, entry: Mapping[str, Any]) -> str:
    from policycheck.opener import relative

    try:
        return relative(manifest.folder, str(entry.get("path") or ""))
    except ArtefactError:
        return ""


def _texts(opener: Any, hearings: list[Hearing]) -> dict[str, str]:
    """What the documents that support say, by the digest of their bytes: a copy that is set otherwise is the same text."""
    from policycheck import attachments

    found: dict[str, str] = {}
    for hearing in hearings:
        for seen in hearing.account.artefacts[:1] if hearing.account.supported else ():
            if seen.sha256 not in found:
                found[seen.sha256] = attachments.text_digest(opener, seen)
    return found


def _use(hearing: Hearing, texts: Mapping[str, str]) -> tuple[str, str]:
    """The document that an entry rests on, by its text, and the passage that is meant."""
    digest = hearing.account.artefacts[0].sha256 if hearing.account.artefacts else ""
    return texts.get(digest, digest), " ".join(str(hearing.entry.get("anchor") or "").lower().split())


def _shared(hearing: Hearing, count: int) -> Hearing:
    if not count or not hearing.account.supported or hearing.doubt:
        return hearing
    return _doubted(
        hearing, f"the same text is attached to {count} subjects; name the passage that speaks for this one with anchor"
    )


def _hearing(
    manifest: Manifest, types: Types, subject: Subject, holder: dict[str, Any], entry: Mapping[str, Any], index: int,
    account: Account, doubt: str,
) -> Hearing:  # fmt: skip
    additions = tuple(reading._replace(path=(TOP, *reading.path)) for reading in account.additions)
    readings = (*account.readings, *additions)
    kind = types.kinds.get(subject.kind)
    overlay = Overlay(manifest.place, holder, readings, kind, types) if readings else None
    return Hearing(subject, holder, entry, index, account, overlay, _ledger(subject, entry, account, doubt), readings, doubt)


def _ledger(subject: Subject, entry: Mapping[str, Any], account: Account, doubt: str) -> Witnessed:
    said = account.unreadable or doubt or "; ".join(filter(None, (_notes(account) or account.agrees, account.remark)))
    path = str(entry.get("path") or entry.get("url") or "")
    verdict = "doubted" if doubt else _verdict(account)
    return Witnessed(subject, str(entry.get("kind")), path, verdict, said, account.artefacts, account.quotes)


def _notes(account: Account) -> str:
    """What the readings rest on, each once, and none that another one begins with."""
    notes = dict.fromkeys(r.note for r in (*account.readings, *account.additions, *account.absences) if r.note)
    some = list(notes)[:_NOTES]
    said = "; ".join(note for note in some if not any(other != note and other.startswith(note) for other in some))
    return said if len(said) <= _SAID else f"{said[: _SAID - 1].rstrip()}\u2026"


def _urls(manifest: Manifest, holder: Mapping[str, Any]) -> list[str]:
    """The addresses of the surfaces that a subject names, so that a verifier can tell whether an artefact is about them."""
    return [url for _, url in _placed(manifest, holder)]


def _placed(manifest: Manifest, holder: Mapping[str, Any]) -> list[tuple[str, str]]:
    named = holder.get("surfaces") or ()
    surfaces = manifest.data.get("surfaces") or ()
    return [(s["id"], s["url"]) for s in surfaces if s.get("id") in named and isinstance(s.get("url"), str) and s["url"]]


def _lacking(manifest: Manifest, holder: Mapping[str, Any]) -> list[str]:
    """The surfaces that a subject names and that have no address."""
    placed = {name for name, _ in _placed(manifest, holder)}
    return [name for name in holder.get("surfaces") or () if name not in placed]


def _verdict(account: Account) -> str:
    if account.unreadable:
        return "unreadable"
    return "supports" if account.supported and not (account.readings or account.additions) else "read"


def _account(
    opener: Any, manifest: Manifest, subject: Subject, holder: dict[str, Any], entry: Mapping[str, Any], as_of: str,
    urls: list[str],
) -> tuple[Account, Failure | None]:  # fmt: skip
    kind, path = str(entry.get("kind")), entry.get("path")
    if not isinstance(path, str) or not path:
        fetched = "a URL is never fetched; add the document to the repository and name its path"
        why = fetched if entry.get("url") else "no path"
        return Account(unreadable=why), None
    if kind not in rooms.names("evidence") and kind not in rooms.installed("evidence"):
        from policycheck.language.types import suggest

        known = rooms.installed("evidence")
        said = f"no verifier of the kind {kind!r} is installed{suggest(kind, known)}; installed: {', '.join(known)}"
        return Account(unreadable=said), None
    try:
        verifier = rooms.load("evidence", kind)
        speaks = verifier.KINDS_OF_SUBJECT
        if speaks and subject.kind not in speaks:
            return Account(unreadable=f"{kind} speaks of {', '.join(sorted(speaks))}, not of a {subject.kind}"), None
        relative = opener.relative(manifest.folder, path)
        options = {**entry, "as_of": as_of, "urls": urls, "manifest": manifest.data}
        account = verifier.account(opener, relative, options, holder)
        if not isinstance(account, Account):
            raise TypeError(f"it returned a {type(account).__name__} instead of an Account")
    except ArtefactError as error:
        return Account(unreadable=str(error)), None
    except ModuleNotFoundError as error:
        return Account(unreadable=needs(error)), None
    except Exception as error:
        # The one broad except of the evidence side: a verifier of ours that breaks is a failure of the run (exit 5).
        failure = Failure(f"verifier {kind} on {path}", f"{type(error).__name__}: {error}")
        return Account(unreadable=f"the {kind} verifier failed: {type(error).__name__}"), failure
    says = (account.readings, account.additions, account.absences, account.supported, account.agrees, account.unreadable)
    if not any(says):
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
