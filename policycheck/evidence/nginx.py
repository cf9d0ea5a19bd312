"""What an nginx configuration says about declared controls and surfaces, at one of its places.

Of a control: a rate limit (`limit_req`), a signal to crawlers (`X-Robots-Tag`), a block of clients by name. Of a
surface: whether one must be signed in, and whether crawlers are asked not to index it. What only a running
nginx, a file outside the root or the program behind could tell is left unsaid. Notes and reasons name directives and
zones, never the numbers, which public reports must not show.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from policycheck.document import slug
from policycheck.errors import ArtefactError
from policycheck.evidence import _nginx_access, _nginx_agents, _nginx_headers, _nginx_limits
from policycheck.evidence._nginx_files import FILE_CAP, Files, Unsaid
from policycheck.evidence._nginx_places import (
    Http,
    Spot,
    Wanted,
    are_too_many,
    http_of,
    locations,
    option,
    server_names,
    servers,
    spots,
)
from policycheck.model import Account, Discovered, Reading

if TYPE_CHECKING:
    from policycheck.opener import Opener

__all__ = ["FILES", "FILE_CAP", "KINDS_OF_SUBJECT", "account", "discover"]

KINDS_OF_SUBJECT: frozenset[str] = frozenset({"control", "surface"})

#: Where configurations of nginx usually are in a repository.
#: What is read holds at one address, so each surface of a control is asked for by itself.
BY_ADDRESS = True
FILES: tuple[str, ...] = (
    "nginx.conf", "*/nginx.conf", "*nginx*.conf", "*nginx*/*.conf", "conf.d/*.conf", "*/conf.d/*.conf",
    "sites-available/*", "*/sites-available/*", "sites-enabled/*", "*/sites-enabled/*",
)  # fmt: skip

#: Names of files that are kept beside a configuration and are none.
_UNLOADED = re.compile(r"(\.(disabled|bak|backup|orig|old|example|sample|dist|template)|~)$", re.IGNORECASE)

_Reader = Callable[[Spot, Http, Mapping[str, object], Mapping[str, object]], tuple[Reading, ...]]
_READERS: dict[str, tuple[_Reader, tuple[str, ...]]] = {
    "rate_limit": (_nginx_limits.readings, _nginx_limits.DECISIVE),
    "crawler_signal": (_nginx_headers.readings, _nginx_headers.DECISIVE),
    "user_agent_block": (_nginx_agents.readings, _nginx_agents.DECISIVE),
}


def account(opener: Opener, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    """What the configuration at `path` (from the root) says about a declared control or surface.

    `options` are the evidence entry's: `location` as it is written there, `server` (one of its names) and
    `zone`; without a location it is the one that serves the declared addresses. Never raises for what an
    artefact holds; the account then says why it is unreadable.
    """
    files = Files(opener, posixpath.dirname(path))
    try:
        readings = _read(files, path, options, subject)
    except ArtefactError as error:
        return Account((), files.seen, str(error), unreadable_at=(path, 0))
    except Unsaid as unsaid:
        return Account((), files.seen, str(unsaid), unreadable_at=(unsaid.file or path, unsaid.line))
    return Account(readings, files.seen)


def _read(files: Files, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> tuple[Reading, ...]:
    is_surface = "family" not in subject and "kind" in subject
    reader, decisive = _SURFACE if is_surface else _reader(subject)
    http = http_of(files.statements(path), path, files)
    if _UNLOADED.search(path):
        name = posixpath.basename(path)
        raise Unsaid(f"{name} is by its name not a file that nginx loads; name the one that is loaded", path)
    urls = [subject.get("url")] if is_surface else options.get("urls")
    named = tuple(url for url in (urls if isinstance(urls, list) else []) if isinstance(url, str))
    wanted = Wanted(option(options, "location"), option(options, "server"), named, decisive)

    def read(spot: Spot) -> tuple[Reading, ...]:
        return reader(spot, http, options, subject)

    places = spots(http, wanted)
    readings = _agreed([(spot, read(spot)) for spot in places])
    other = _differing(http, wanted, {spot.key for spot in places}, readings, read) if wanted.location and named else None
    if other is None:
        return readings
    why = f"{other.name} takes a part of the surfaces, where this is not so or cannot be told"
    return tuple(r._replace(soft=True, note=f"{r.note}; {why}") for r in readings)


def _differing(
    http: Http, wanted: Wanted, known: Collection[int], readings: tuple[Reading, ...],
    read: Callable[[Spot], tuple[Reading, ...]],
) -> Spot | None:  # fmt: skip
    """A place that takes a part of what the named location is to serve, and of which the same cannot be said."""
    values = [(reading.path, reading.value) for reading in readings]
    try:
        beside = [spot for spot in spots(http, replace(wanted, location="")) if spot.key not in known]
    except Unsaid:
        return None
    for spot in beside:
        try:
            said = [(reading.path, reading.value) for reading in read(spot)]
        except Unsaid:
            said = []
        if said != values:
            return spot
    return None


def _surface(spot: Spot, http: Http, options: Mapping[str, object], subject: Mapping[str, object]) -> tuple[Reading, ...]:
    """`auth` and `search_indexing`, each where it is settled; unsaid only when neither is."""
    del options, subject
    readings: list[Reading] = []
    reasons: list[Unsaid] = []
    for read in (_nginx_access.reading, _nginx_headers.indexing):
        try:
            readings.append(read(spot, http))
        except Unsaid as unsaid:
            reasons.append(unsaid)
    if not readings:
        raise Unsaid("; ".join(map(str, reasons)), reasons[0].file, reasons[0].line)
    return tuple(readings)


_SURFACE: tuple[_Reader, tuple[str, ...]] = (_surface, (*_nginx_access.DECISIVE, *_nginx_headers.DECISIVE))


def _reader(subject: Mapping[str, object]) -> tuple[_Reader, tuple[str, ...]]:
    family = subject.get("family") or "rate_limit"
    if not isinstance(family, str) or family not in _READERS:
        raise Unsaid(f"nginx evidence is read for controls of the family {', '.join(_READERS)}, not {family}")
    return _READERS[family]


def _agreed(accounts: list[tuple[Spot, tuple[Reading, ...]]]) -> tuple[Reading, ...]:
    """The readings of places that serve the declared addresses together: they have to say the same."""
    first, readings = accounts[0]
    values = [(reading.path, reading.value) for reading in readings]
    for spot, others in accounts[1:]:
        if [(reading.path, reading.value) for reading in others] != values:
            reason = f"{first.name} and {spot.name} serve the surfaces and differ; name one with location"
            raise Unsaid(reason, spot.file, spot.line)
    return readings


# --- what a manifest could declare ---

#: For each family: what its ids begin with, the layer it is of, and the directive with which a place sets it.
_OFFERED = {
    "rate_limit": ("rate-limit", "technical", "limit_req"),
    "crawler_signal": ("x-robots-tag", "legal", "add_header"),
    "user_agent_block": ("user-agent-block", "technical", "if"),
}
#: What a file that is not read holds, in lower case, when it could have set one of these.
_SPOKEN = (b"limit_req ", b"x-robots-tag")
_QUESTIONS = {
    "owner": "Who inside the organisation answers for it?",
    "surfaces": "Which surfaces does it protect?",
    "last_reviewed_on": "When was it last reviewed?",
    "status": "Does it run, and does it enforce?",
}
_PARAMETERS = {
    "params.unit": "Whom does it count?",
    "params.resource": "What does it count: pages, profiles, searches, calls?",
}
#: The most places of one file that are tried.
_OFFERS = 100


def discover(opener: Opener, path: str) -> tuple[Discovered, ...]:
    """The controls that a configuration sets itself; none of a file that a main one beside it includes."""
    files = Files(opener, posixpath.dirname(path))
    try:
        http = http_of(files.statements(path), path, files)
    except (ArtefactError, Unsaid) as error:
        return _unread(opener, path, error)
    if are_too_many(servers(http)) or _UNLOADED.search(path) or (http.is_part and _is_included(opener, path)):
        return ()
    found: list[Discovered] = []
    taken: set[str] = set()
    for family, entry in islice(_entries(http, path), _OFFERS):
        offer = _offer(http, family, entry, taken)
        found += [offer] if offer is not None else []
    return tuple(found)


def _unread(opener: Opener, path: str, error: ArtefactError | Unsaid) -> tuple[Discovered, ...]:
    """Why a file was not read, where it speaks of what would be proposed: nothing found must not look like nothing there."""
    try:
        data = opener.read(path).data.lower()
    except ArtefactError:
        return ()
    if _UNLOADED.search(path) or not any(word in data for word in _SPOKEN):
        return ()
    line = error.line if isinstance(error, Unsaid) and error.file in ("", path) else 0
    return (Discovered("", {}, path, line, str(error)),)


def _is_included(opener: Opener, path: str) -> bool:
    """Whether an nginx.conf in the same folder or the one above reads this file, and so offers what it holds."""
    folder = posixpath.dirname(path)
    for above in dict.fromkeys((folder, posixpath.dirname(folder))):
        main = posixpath.join(above, "nginx.conf")
        files = Files(opener, above)
        try:
            files.statements(main)
        except (ArtefactError, Unsaid):
            continue
        if main != path and any(seen.path == path for seen in files.seen):
            return True
    return False


def _entries(http: Http, path: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Evidence entries for the places that set something themselves: a limit a zone, the others one a place."""
    found = servers(http) if http.named("server") else []
    for server in found:
        name = next(iter(server_names(server.levels[1])), "")
        for spot in (server, *locations(server)):
            entry = {"kind": "nginx", "path": path}
            entry |= {"server": name} if name and len(found) > 1 else {}
            entry |= {"location": spot.words} if spot.words else {}
            for family, (_, _, directive) in _OFFERED.items():
                own = [item for item in spot.own if item.name == directive]
                zones = [word[5:] for item in own for word in item.args if word.startswith("zone=")]
                several = [{**entry, "zone": zone} for zone in zones] if len(own) > 1 and zones else [entry]
                yield from ((family, one) for one in several if own)


def _offer(http: Http, family: str, entry: dict[str, str], taken: set[str]) -> Discovered | None:
    """A control as an entry reads it, or why a limit is not read; nothing where the entry finds nothing that runs."""
    reader, decisive = _READERS[family]
    wanted = Wanted(option(entry, "location"), option(entry, "server"), (), decisive)
    try:
        readings = [reading for spot in spots(http, wanted) for reading in reader(spot, http, entry, {"family": family})]
    except Unsaid as unsaid:
        if family != "rate_limit":
            return None
        place = " ".join(filter(None, (entry.get("server"), entry.get("location")))) or "the whole"
        note = f"the rate limit of {place} is not proposed: {unsaid}"
        return Discovered("", {}, unsaid.file or entry["path"], unsaid.line, note)
    said = {".".join(reading.path): reading.value for reading in readings}
    if not readings or said.get("status") == "planned":
        return None
    prefix, layer, _ = _OFFERED[family]
    # A host's first label tells the servers of one file apart: www, api.
    place = entry.get("location") or entry.get("server", "").partition(".")[0] or "site"
    item: dict[str, Any] = {"id": _slug(f"{prefix}-{place}", taken)}
    item |= {"family": family, "layer": layer}
    item |= {"status": said["status"]} if "status" in said else {}
    params = {name.removeprefix("params."): value for name, value in said.items() if name.startswith("params.")}
    item |= {"params": params} if params else {}
    item["evidence"] = [entry]
    asked = {**_QUESTIONS, **(_PARAMETERS if family == "rate_limit" else {})}
    questions = tuple((name, text) for name, text in asked.items() if name not in said)
    return Discovered("controls", item, readings[0].file, readings[0].line, readings[0].note, questions)


def _slug(text: str, taken: set[str]) -> str:
    """An id out of a text, unlike those taken."""
    plain = slug(text, 58)
    found = next(one for one in (plain, *(f"{plain}-{n}" for n in range(2, 10_000))) if one not in taken)
    taken.add(found)
    return found
