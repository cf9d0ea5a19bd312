"""What an OpenAPI document says of declared surfaces, controls and the organisation: who may call what, and what comes back.

Read is what the document settles: whether an operation asks for a credential (its `security`, or else the document's), the
fields that its successful answers show, how many records one answer may hold, how the identifiers in addresses are made.
A document describes an interface and does not run it, so a documented 429 only supports a rate limit. Webhooks and callbacks
are calls that the organisation makes, and no way in. A personal-data field is told by its name, which the note says.
`operation` of the evidence entry picks an operation, as `GET /people/{id}` or by its operationId; without it a surface's
address picks the path. Notes name operations and parameters, never numbers.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from policycheck.errors import ArtefactError
from policycheck.evidence import _personal_data
from policycheck.evidence._openapi import NO_BODY, SEARCHES, Api, Field, Operation, Unsaid, endings, joined, segments
from policycheck.model import Account, Discovered, Problem, Quote, Reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from policycheck.evidence._openapi import Node, Security
    from policycheck.model import Location
    from policycheck.opener import Opener

KINDS_OF_SUBJECT: frozenset[str] = frozenset({"surface", "control", "organization"})

_NAMES = ("openapi", "swagger", "api-docs", "api_docs", "apidocs", "oas", "oas3", "api", "spec")
#: The key by which a document is known as one of these, also where the rest cannot be read.
_HEAD = re.compile(rb"^\s*\{?\s*[\"']?(?:openapi|swagger)[\"']?\s*:", re.MULTILINE)
FILES: tuple[str, ...] = tuple(
    f"*{stem}*.{ending}" if len(stem) > 4 else f"*{stem}.{ending}" for stem in _NAMES for ending in ("yaml", "yml", "json")
)

#: From what anybody can read to what nobody can without a credential.
_AUTHS = ("none", "optional", "required")
#: How guessable identifiers are, the worst first; empty where the document does not tell.
_SCHEMES = ("sequential", "readable", "", "uuid")

_PAGE_SIZES = frozenset(
    {"limit", "pagesize", "perpage", "maxresults", "pagelimit", "resultsperpage", "itemsperpage", "recordsperpage", "top"}
    | {"take", "pagelen", "maxitems", "maxrecords"}
)
#: The last part of paths where callers read themselves.
_OWN = frozenset({"me", "self", "myself", "whoami", "userinfo"})
_ID_WORDS = frozenset({"id", "ids", "pk", "key", "number", "no", "nr", "num", "uid", "uuid", "guid", "ref"})
_NAME_WORDS = frozenset({"username", "handle", "slug", "nickname", "login", "email", "screenname"})
_LOCAL = ("localhost", "127.*", "0.0.0.0", "[[]::1]", "*.localhost", "*.local", "*.internal", "host.docker.internal")  # noqa: S104
#: Words that name a kind of surface; an id of just these would be taken for it.
_KINDS = frozenset({"page", "api", "graphql", "feed", "search", "export", "embed", "media", "other"})
_CREDENTIALS = {
    "apikey": "api_key",
    "oauth2": "oauth",
    "openidconnect": "oauth",
    "mutualtls": "mutual_tls",
    "basic": "account",
}


_NOTHING_ELSE = "the document shows no operation and no personal data that is not declared"


def account(opener: Opener, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    """What the document at `path` (from the root) says about `subject`: a surface, a control or the organisation.

    Never raises for what an artefact holds; the account then says why it is unreadable.
    """
    api = Api(opener)
    try:
        api.read(path)
        found = _account(api, path, options, subject)
    except ArtefactError as error:
        found = Account(unreadable=str(error), unreadable_at=(path, 0))
    except Unsaid as unsaid:
        found = Account(unreadable=str(unsaid), unreadable_at=unsaid.at if unsaid.at[0] else (path, 0))
    seen = api.files.seen
    return found._replace(artefacts=tuple(seen[name] for name in sorted(seen)))


def _account(api: Api, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    if "family" in subject:
        return _control(api, path, options, subject)
    if "roles" in subject or "jurisdictions" in subject:
        whole = _Whole(api, path, options)
        return Account(additions=tuple(whole.additions()), agrees=f"{_NOTHING_ELSE}{whole.undescribed()}")
    return _surface(api, path, options, subject)


# --- operations, and which are meant ---


def _named(api: Api, wanted: str) -> Operation:
    """The operation an entry names, by method and path (with or without the servers' base path) or operationId."""
    words = wanted.split()
    if len(words) == 2 and words[1].startswith("/"):
        found = [op for op in api.operations if op.method == words[0].lower() and _is_path(api, op, words[1])]
        exact = [op for op in found if op.path == words[1]]
        found = exact or found
    else:
        found = [op for op in api.operations if op.id and op.id == wanted.strip()]
    if not found:
        has = _listed(api.operations)
        raise Unsaid(f"operation {wanted[:100]} is not in the document; it has: {has}", api.root.at("paths"))
    if len(found) > 1:
        raise Unsaid(f"operation {wanted[:100]} stands more than once; name one by its method and path", found[1].at)
    return found[0]


def _is_path(api: Api, operation: Operation, wanted: str) -> bool:
    addresses = api.addresses(operation)
    return segments(wanted) in (addresses.template, *addresses.full)


def _listed(operations: Iterable[Operation]) -> str:
    return _enough(operation.name for operation in operations)


def _enough(all_of_them: Iterable[str]) -> str:
    """The first of some names, each whole, and how many there are besides."""
    names = list(dict.fromkeys(all_of_them))
    # A name that is cut in two may be that of another operation.
    shown = [name for at, name in enumerate(names[:12]) if at == 0 or len(", ".join(names[: at + 1])) <= 400]
    return ", ".join(shown)[:400] + (f" and {len(names) - len(shown)} more" if len(names) > len(shown) else "")


class _Address(NamedTuple):
    """A declared address: its host (empty when it has none) and the parts of its path."""

    host: str
    parts: tuple[str, ...]

    def is_at(self, api: Api, operation: Operation, *, exact: bool) -> bool:
        """Whether an operation is reached under it; not `exact` when a `*` may stand for more than a variable."""
        addresses = api.addresses(operation)
        public = [host for host in addresses.hosts if not _is_local(host)]
        if self.host and public and not any(fnmatch.fnmatchcase(self.host, host) for host in public):
            return False
        found = addresses.full if self.host and public else (addresses.template, *addresses.full)
        return any(self.parts == parts if exact else self._covers(parts) for parts in found)

    def _covers(self, parts: tuple[str, ...]) -> bool:
        mine = self.parts
        is_open = bool(mine) and mine[-1] in ("*", "**")
        if len(parts) < len(mine) or (len(parts) > len(mine) and not is_open):
            return False
        return all(one in ("*", "**", other) for one, other in zip(mine, parts, strict=False))


def _is_local(host: str) -> bool:
    return any(fnmatch.fnmatchcase(host.lower(), pattern) for pattern in _LOCAL)


def _address(surface: Mapping[str, object]) -> _Address | None:
    """A surface's `url` as it may be written: `https://host/a/*`, `/a/*`, `GET /a/{id}`; None when there is none."""
    url = surface.get("url")
    words = url.split() if isinstance(url, str) else []
    match = re.match(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//([^/?#]*)", words[-1]) if words else None
    tail = words[-1][match.end() :] if match else words[-1] if words else ""
    if not words or not (tail.startswith("/") or match):
        return None
    host = match[1].rpartition("@")[2].lower() if match else ""
    return _Address(re.sub(r":[0-9]+$", "", host), segments(tail))


def _is_reading(operation: Operation) -> bool:
    """Whether calling it is a way to read what others left: GET, the QUERY of 3.2, and a POST that searches.

    A POST that makes or changes something answers with what the caller sent.
    """
    if operation.method in ("get", "query", "search", "report"):
        return True
    literal = [part for part in segments(operation.path) if "*" not in part]
    said = (*_personal_data.words(operation.id), *_personal_data.words(literal[-1] if literal else ""))
    return operation.method == "post" and not SEARCHES.isdisjoint(said)


def _chosen(api: Api, options: Mapping[str, object], surface: Mapping[str, object]) -> list[Operation]:
    """The operations an entry means for a surface: the named one, else those that read at the surface's address."""
    wanted = options.get("operation")
    if isinstance(wanted, str) and wanted.strip():
        return [_named(api, wanted)]
    address = _address(surface)
    if address is None:
        raise Unsaid(f"the surface has no address to look for; name an operation: {_listed(api.operations)}")
    found = [op for op in api.operations if address.is_at(api, op, exact=True)]
    if len({op.path for op in found}) > 1:
        raise Unsaid(f"the surface's address is that of several paths; name an operation: {_listed(found)}", found[1].at)
    chosen = [op for op in found if _is_reading(op)]
    if not chosen:
        why = "no operation at the surface's address reads" if found else "no path is the surface's address"
        raise Unsaid(f"{why}; name an operation: {_listed(found or api.operations)}", api.root.at("paths"))
    return chosen


# --- what operations ask and show ---


def _loosest(api: Api, operations: Sequence[Operation]) -> Security:
    return min((api.security(operation) for operation in operations), key=lambda found: _AUTHS.index(found.auth))


def _page_size(api: Api, operation: Operation) -> tuple[int | None, str, Location | None]:
    """The most records of one answer by the parameters that ask for a number of them, and the parameter's name.

    No number when one of them has no maximum: the loosest counts. No name when there is no such parameter.
    """
    found: list[tuple[int | None, str, Location | None]] = []
    for (place, name), node in api.parameters(operation).items():
        plain = "".join(_personal_data.words(name))
        if place == "query" and (plain in _PAGE_SIZES or plain == "pagesize"):
            found.append((_maximum(api.parameter_schema(node)), name[:60], node.at("name")))
    without = [one for one in found if one[0] is None]
    if without or not found:
        return without[0] if without else (None, "", None)
    return max(found, key=lambda one: one[0] or 0)


def _maximum(schema: Mapping[str, Any], depth: int = 4) -> int | None:
    """The largest whole number a schema admits; `exclusiveMaximum` is a flag until 3.0 and a number since 3.1.

    Of alternatives each has to have one (null is no number), and the largest counts. It binds numbers only, and no text of
    digits.
    """
    types = schema.get("type")
    if not {"integer", "number", "null"}.issuperset(map(str, types if isinstance(types, list) else [types or "number"])):
        return None
    known: list[int] = []
    for key in ("anyOf", "oneOf", "allOf") if depth else ():
        listed = schema.get(key)
        parts = [part for part in listed if isinstance(part, dict)] if isinstance(listed, list) else []
        parts = [part for part in parts if part.get("type") != "null"]
        found = [_maximum(part, depth - 1) for part in parts]
        sure = [one for one in found if one is not None]
        if sure and (key == "allOf" or len(sure) == len(found)):
            known.append(min(sure) if key == "allOf" else max(sure))
    highest, exclusive, listed = schema.get("maximum"), schema.get("exclusiveMaximum"), schema.get("enum")
    if isinstance(highest, (int, float)) and _is_number(highest):
        known.append(int(highest) - (exclusive is True and highest == int(highest)))
    if isinstance(exclusive, (int, float)) and _is_number(exclusive):
        known.append(int(exclusive) - (exclusive == int(exclusive)))
    if _is_number(schema.get("const")):
        known.append(int(schema["const"]))
    if isinstance(listed, list) and listed and all(map(_is_number, listed)):
        known.append(int(max(listed)))
    return min(known) if known and min(known) >= 1 else None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 1 <= value <= 10**12


# --- a surface ---


def _surface(api: Api, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    chosen = _chosen(api, options, subject)
    size, name, at = _loosest_page(api, chosen)
    readings = [_reading(("max_page_size",), size, at, f"the maximum of {name} of {_listed(chosen)}")] if size else []
    readings += _fields(api, chosen, subject)
    absences = tuple(_absences(api, path, chosen, subject))
    try:
        security = _loosest(api, chosen)
        if security.auth == "none" and subject.get("auth") in _AUTHS[1:]:
            api.refuse_silence(chosen[0])
    except Unsaid as unsaid:
        # Who may call it is left open; what it returns is not.
        if not readings and not absences:
            raise
        return Account(tuple(readings), absences=absences, complaints=(Problem(*unsaid.at, 1, f"auth: {unsaid}"),))
    unlimited = f"; its parameter {name} has no maximum" if name and size is None else ""
    left = f"; not followed: {', '.join(api.files.left)}"[:300] if api.files.left else ""
    looser = _looser(api, path, options, [subject], chosen)
    auth = _reading(("auth",), security.auth, security.at, f"{security.why}{looser}{unlimited}{left}", soft=bool(looser))
    return Account((auth, *readings), absences=absences)


def _looser(
    api: Api, path: str, options: Mapping[str, object], surfaces: Iterable[Mapping[str, object]], chosen: Sequence[Operation]
) -> str:
    """What lies below the surfaces' addresses, is no declared surface, and asks for less; empty when nothing does.

    `/people/*` means `/people/{id}` where there is one, and `/people/export` is reached under it all the same.
    """
    addresses = [address for surface in surfaces if (address := _address(surface)) is not None]
    asked = _AUTHS.index(_loosest(api, chosen).auth)
    found: list[Operation] = []
    for operation in api.operations if asked else ():
        if operation in chosen or not _is_reading(operation) or _is_own(api, operation):
            continue
        if any(address.is_at(api, operation, exact=False) for address in addresses):
            security = _settled(api, [operation])
            found += [operation] if security is None or _AUTHS.index(security.auth) < asked else []
    whole = _Whole(api, path, options) if found else None
    found = [operation for operation in found if whole is not None and whole.home(operation) is None]
    return f"; less is asked for, or that cannot be told, at {_listed(found)}: name it in an entry" if found else ""


def _loosest_page(api: Api, operations: Iterable[Operation]) -> tuple[int | None, str, Location | None]:
    sizes = [found for operation in operations if (found := _page_size(api, operation))[1]]
    without = [found for found in sizes if found[0] is None]
    return max(without or sizes, key=lambda found: found[0] or 0, default=(None, "", None))


def _reading(path: tuple[str, ...], value: object, at: Location | None, note: str, *, soft: bool = False) -> Reading:
    file, line, column = (at.path, at.line, at.column) if at else ("", 0, 0)
    return Reading(path, value, file, line, column, note, soft)


def _declared(surface: Mapping[str, object]) -> list[str]:
    """The names of a surface's declared fields."""
    fields = surface.get("fields")
    items = fields if isinstance(fields, list) else []
    return [item["name"] for item in items if isinstance(item, dict) and isinstance(item.get("name"), str)]


def _fields(api: Api, operations: Sequence[Operation], subject: Mapping[str, object]) -> Iterator[Reading]:
    """Declared fields that are there, and personal data that is there and not declared."""
    for name in _declared(subject):
        hits = [(operation, hit) for operation in operations if (hit := api.meant(operation, name))]
        for operation, (prop, is_sure) in sorted(hits, key=lambda found: not found[1][1])[:1]:
            note = f"{operation.name} shows {'.'.join(prop.path)[:100]}"
            yield _reading(("fields", name, "name"), name, prop.at, note, soft=not is_sure)
    for operation, field in _undeclared(api, operations, subject):
        yield _reading(("fields", field.name, "category"), field.category, field.shown.at, _guessed(operation, field))


def _undeclared(
    api: Api, operations: Sequence[Operation], surface: Mapping[str, object]
) -> Iterator[tuple[Operation, Field]]:
    """Personal data that no declared field means, and that lies in none, each name once."""
    names = _declared(surface)
    called = set(map(joined, names))
    meant = {hit[0].path for operation in operations for name in names if (hit := api.meant(operation, name))}
    seen: set[str] = set()
    for operation in operations:
        for field in api.personal(operation):
            path = field.shown.path
            is_inside = any(path[:length] in meant for length in range(1, len(path) + 1))
            if field.name not in seen and not is_inside and called.isdisjoint(endings(path)):
                seen.add(field.name)
                yield operation, field


def _guessed(operation: Operation, field: Field) -> str:
    return f"{operation.name} shows {field.name}; its category is guessed from the name"


def _absences(api: Api, path: str, chosen: Sequence[Operation], subject: Mapping[str, object]) -> Iterator[Reading]:
    """Declared fields that nothing shows, once everything the surface's evidence names is settled by this document.

    A surface may name several operations; what one of them shows is not absent.
    """
    others, is_elsewhere = _entries(api, path, subject)
    everything = list(dict.fromkeys([*chosen, *others]))
    if is_elsewhere or any(api.shown(operation).open for operation in everything):
        return
    for name in _declared(subject):
        if not any(api.meant(operation, name) or api.heads(operation, name) for operation in everything):
            note = f"no answer of {_listed(everything)} shows {name}"
            yield _reading(("fields", name), None, chosen[0].at, note)


def _entries(api: Api, path: str, surface: Mapping[str, object]) -> tuple[list[Operation], bool]:
    """The operations that a surface's evidence names in this document, and whether it names another document, too."""
    found: list[Operation] = []
    is_elsewhere = False
    entries = surface.get("evidence")
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict) or entry.get("kind") != "openapi":
            continue
        if not _is_same_file(path, entry.get("path")):
            is_elsewhere = True
            continue
        try:
            found += _chosen(api, entry, surface)
        except Unsaid:
            continue
    return found, is_elsewhere


def _is_same_file(path: str, written: object) -> bool:
    """Whether a path as an entry writes it, from the manifest's folder, may be `path` from the root."""
    if not isinstance(written, str):
        return False
    plain = posixpath.normpath(written)
    while plain.startswith("../"):
        plain = plain[3:]
    return path == plain or path.endswith(f"/{plain}")


# --- the whole document ---


def _surfaces(options: Mapping[str, object]) -> list[Mapping[str, Any]]:
    """The surfaces that the manifest declares."""
    manifest = options.get("manifest")
    surfaces = manifest.get("surfaces") if isinstance(manifest, dict) else None
    items = surfaces if isinstance(surfaces, list) else []
    return [item for item in items if isinstance(item, dict) and isinstance(item.get("id"), str)]


class _Whole:
    """The document as a whole against what the manifest declares: exposure that it lacks."""

    def __init__(self, api: Api, path: str, options: Mapping[str, object]) -> None:
        self._api = api
        self._path = path
        self._wanted = options.get("operation")
        self._surfaces = _surfaces(options)
        self._named = {id(item): _entries(api, path, item)[0] for item in self._surfaces}
        ordered = sorted(self._surfaces, key=_generality)
        self._addressed = [(item, address) for item in ordered if (address := _address(item)) is not None]
        #: `/people/*` beside a path `/people/{id}` means just that; `/v3/*` beside none means what lies below.
        self._wide = [
            pair for pair in self._addressed if not any(pair[1].is_at(api, op, exact=True) for op in api.operations)
        ]

    def additions(self) -> Iterator[Reading]:
        """Surfaces that are not declared, and fields that declared ones lack. Raises Unsaid when that cannot be told."""
        operations = self._meant()
        homes = {operation: self.home(operation) for operation in operations if self._api.shown(operation).properties}
        for surface in self._surfaces:
            yield from self._declared(surface, [op for op, home in homes.items() if home is surface])
        yield from self._lacking([op for op, home in homes.items() if home is None and not _is_own(self._api, op)])
        if self._api.files.left and not any(homes.values()) and not _groups(self._api, operations):
            left = ", ".join(self._api.files.left)[:300]
            raise Unsaid(f"what it returns is described elsewhere, which is not followed: {left}")

    def _meant(self) -> list[Operation]:
        """The operations that are looked at: the one that the entry names, else all that read."""
        if isinstance(self._wanted, str) and self._wanted.strip():
            return [_named(self._api, self._wanted)]
        return [op for op in self._api.operations if _is_reading(op)]

    def undescribed(self) -> str:
        """The operations of whose answers no member is described; empty when there are none. Unsaid where none is at all."""
        operations = self._meant()
        left = _undescribed(self._api, operations)
        if left and not any(self._api.shown(operation).properties for operation in operations):
            raise Unsaid(
                f"no answer is described by its members, so what they show cannot be told: {_listed(left)}", left[0].at
            )
        return f"; what these return is not described: {_listed(left)}" if left else ""

    def home(self, operation: Operation) -> Mapping[str, Any] | None:
        """The declared surface that an operation belongs to: named in its evidence, at its address, or below it."""
        for surface in self._surfaces:
            if any(operation is named for named in self._named[id(surface)]):
                return surface
        for exact, candidates in ((True, self._addressed), (False, self._wide)):
            for surface, address in candidates:
                if address.is_at(self._api, operation, exact=exact):
                    return surface
        slugs = {_slug(operation.id), _slug(operation.name)}
        return next((s for s in self._surfaces if _address(s) is None and s["id"] in slugs), None)

    def operations_of(self, ids: Sequence[object]) -> list[Operation]:
        """The operations that read and belong to declared surfaces of these ids."""
        operations = [op for op in self._api.operations if _is_reading(op) or any(op in ops for ops in self._named.values())]
        homes = ((operation, self.home(operation)) for operation in operations)
        return [operation for operation, home in homes if home is not None and home["id"] in ids]

    def _declared(self, surface: Mapping[str, Any], operations: Sequence[Operation]) -> Iterator[Reading]:
        """What the document shows of a declared surface; the fields of operations its own evidence names are told there."""
        at = ("surfaces", str(surface["id"]))
        security = _settled(self._api, operations) if operations else None
        if security is not None and not (surface.get("auth") in _AUTHS[1:] and _is_silent(self._api, operations[0])):
            yield _reading((*at, "auth"), security.auth, security.at, security.why)
        named = self._named[id(surface)]
        for operation, field in _undeclared(self._api, [op for op in operations if op not in named], surface):
            path = (*at, "fields", field.name, "category")
            yield _reading(path, field.category, field.shown.at, _guessed(operation, field))

    def _lacking(self, operations: Sequence[Operation]) -> Iterator[Reading]:
        ids = {str(surface["id"]) for surface in self._surfaces}
        for group in _groups(self._api, operations):
            item = _described(self._api, group, ids)
            first = group[0]
            at = ("surfaces", item["id"])
            security = _settled(self._api, group)
            why = security.why if security else "whether it asks for a credential cannot be read"
            note = f"{first.name} returns what seems to be personal data and is no declared surface; {why}"
            for key in ("kind", "url"):
                yield _reading((*at, key), item[key], first.at, note)
            if security is not None:
                yield _reading((*at, "auth"), security.auth, security.at, security.why)
            for operation, field in _undeclared(self._api, group, {}):
                note = _guessed(operation, field)
                yield _reading((*at, "fields", field.name, "name"), field.name, field.shown.at, note)
                yield _reading((*at, "fields", field.name, "category"), field.category, field.shown.at, note)


def _is_own(api: Api, operation: Operation) -> bool:
    """Whether callers read only themselves there: `/me`, for those who are signed in."""
    last = segments(operation.path)[-1:]
    security = _settled(api, [operation])
    return bool(_OWN.intersection(last)) and security is not None and security.auth == "required"


def _generality(surface: Mapping[str, Any]) -> tuple[int, int]:
    """The more an address spells out, the earlier it is asked."""
    address = _address(surface)
    literal = [part for part in address.parts if part not in ("*", "**")] if address else []
    return (-len(literal), -len(address.parts) if address else 0)


def _undescribed(api: Api, operations: Iterable[Operation]) -> list[Operation]:
    """The operations that answer with something of which no member is described, also by a reference that leads nowhere."""
    return [op for op in operations if not api.shown(op).properties and api.shown(op).open not in ("", NO_BODY)]


def _groups(api: Api, operations: Iterable[Operation]) -> list[list[Operation]]:
    """The operations that return personal data, by path."""
    found: dict[str, list[Operation]] = {}
    for operation in operations:
        if api.personal(operation):
            found.setdefault(operation.path, []).append(operation)
    return list(found.values())


def _settled(api: Api, operations: Sequence[Operation]) -> Security | None:
    try:
        return _loosest(api, operations)
    except Unsaid:
        return None


def _is_silent(api: Api, operation: Operation) -> bool:
    try:
        api.refuse_silence(operation)
    except Unsaid:
        return True
    return False


def _slug(text: str) -> str:
    return "-".join(word for word in _personal_data.words(text) if word.isascii())[:60].strip("-")


def _described(api: Api, operations: Sequence[Operation], taken: set[str]) -> dict[str, Any]:
    """A surface as a manifest would declare it: id, kind, address, and what is settled of auth, page size and fields."""
    first = operations[0]
    slug = _slug(first.id)
    slug = slug if slug and slug not in _KINDS and slug not in taken else _slug(first.name) or "operation"
    unique, count = slug, 2
    while unique in taken:
        unique, count = f"{slug}-{count}", count + 1
    taken.add(unique)
    item: dict[str, Any] = {"id": unique, "kind": "api", "url": _url(api, first)}
    security = _settled(api, operations)
    size = _loosest_page(api, operations)[0]
    item |= {"auth": security.auth} if security else {}
    item |= {"max_page_size": size} if size is not None else {}
    item["fields"] = [{"name": field.name, "category": field.category} for _, field in _undeclared(api, operations, {})]
    return item


def _url(api: Api, operation: Operation) -> str:
    """The address of an operation at its first server that is not the developer's own machine."""
    servers = api.servers(operation)
    public = (one for one in servers if one[0] and not _is_local(one[0].partition(":")[0]))
    host, base = next(public, ("", servers[0][1]))
    path = "/" + "/".join((*segments(base), *segments(operation.path)))
    return f"https://{host}{path}" if host and "*" not in host else path


# --- a control ---


def _control(api: Api, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    family = subject.get("family")
    if family == "design":
        return Account((_identifiers(api, path, options, subject),))
    operations = _scope(api, path, options, subject)
    if family in ("rate_limit", "anomaly_throttle"):
        return _refusals(api, operations)
    if family == "api_control":
        named = subject.get("surfaces")
        ids = named if isinstance(named, list) else []
        looser = _looser(api, path, options, [one for one in _surfaces(options) if one["id"] in ids], operations)
        found = _credential(api, operations)
        return Account((found._replace(note=f"{found.note}{looser}", soft=bool(looser)),))
    if family == "access_control":
        return Account((_gate(api, operations),))
    families = "rate_limit, anomaly_throttle, design, access_control and api_control"
    raise Unsaid(f"openapi evidence is read for controls of the families {families}, not {family}")


def _scope(api: Api, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> list[Operation]:
    """The operations a control is about: the named one, else those of the surfaces that it names."""
    wanted = options.get("operation")
    if isinstance(wanted, str) and wanted.strip():
        return [_named(api, wanted)]
    named = subject.get("surfaces")
    whole = _Whole(api, path, {**options, "operation": None})
    found = whole.operations_of(named if isinstance(named, list) else [])
    if not found:
        raise Unsaid(f"no operation is one of the control's surfaces; name an operation: {_listed(api.operations)}")
    return found


def _refusals(api: Api, operations: Sequence[Operation]) -> Account:
    """Support for a rate limit: each operation documents 429 (RFC 6585). `4XX`, `default` and headers are not enough."""
    quotes: list[Quote] = []
    for operation in operations:
        at = next((place for code, _, place in api.responses(operation) if code == "429"), None)
        if at is None:
            raise Unsaid(f"{operation.name} does not document the answer 429: nothing speaks of a limit", operation.at)
        quotes.append(Quote(at.path, at.line, f"{operation.name} documents the answer 429"[:200]))
    first = quotes[0]
    note = "the answer 429 is documented; what is enforced stands elsewhere"
    return Account(
        (Reading(("status",), "deployed", first.file, first.line, 1, note, soft=True),), quotes=tuple(quotes[:50])
    )


def _credential(api: Api, operations: Sequence[Operation]) -> Reading:
    """The credential that all of the operations ask for, where the document settles one."""
    security = _loosest(api, operations)
    if security.auth != "required":
        api.refuse_silence(operations[0])
        return _reading(("params", "credential_type"), "none", security.at, security.why)
    kinds: dict[str, Security] = {}
    # Operations share the document's list of alternatives.
    for found in {id(one.alternatives): one for one in map(api.security, operations)}.values():
        for scheme in (scheme for schemes in found.alternatives for scheme in schemes):
            kinds.setdefault(_credential_type(scheme), found)
    if "" in kinds:
        why = "a security scheme does not settle the kind of credential: a bearer token or cookie can be several"
        raise Unsaid(why, kinds[""].at)
    if len(kinds) > 1:
        several = ", ".join(sorted(kinds))
        raise Unsaid(f"several kinds of credential are asked for ({several}); name an operation", security.at)
    kind, found = next(iter(kinds.items()))
    return _reading(("params", "credential_type"), kind, found.at, found.why)


def _credential_type(scheme: Node) -> str:
    """A scheme's kind in manifest words; empty where it is not settled.

    A bearer token is an OAuth token or a key, an `Authorization` header declared as an API key is anything, and a key in a
    cookie is a session.
    """
    kind = str(scheme.value["type"]).lower()
    if kind == "http":
        return "account" if str(scheme.value.get("scheme")).lower() in ("basic", "digest") else ""
    vague = scheme.value.get("in") == "cookie" or str(scheme.value.get("name")).lower() == "authorization"
    return "" if kind == "apikey" and vague else _CREDENTIALS.get(kind, "")


def _gate(api: Api, operations: Sequence[Operation]) -> Reading:
    """Whether the data is behind a login: not there where anybody is let in; that all ask for one, a person must read."""
    security = _loosest(api, operations)
    if security.auth == "optional":
        raise Unsaid(f"{security.why}; what it then shows to anybody, the document does not tell", security.at)
    if security.auth == "none":
        api.refuse_silence(operations[0])
    status = "deployed" if security.auth == "required" else "planned"
    return _reading(("status",), status, security.at, security.why, soft=status == "deployed")


def _identifiers(api: Api, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Reading:
    """The weakest scheme among the identifiers in the paths of the control's operations, or else of the public ones."""
    if options.get("operation") or subject.get("surfaces"):
        operations = _scope(api, path, options, subject)
    else:
        operations = [op for op in api.operations if _is_public(api, op)]
    found = [one for operation in operations for one in _identified(api, operation)]
    if not found:
        raise Unsaid("no such operation that anybody may call has an identifier in its path", api.root.at("paths"))
    scheme, operation, name, at = min(found, key=lambda one: _SCHEMES.index(one[0]))
    if not scheme:
        raise Unsaid(f"{operation.name} does not say how its parameter {name} is made", at)
    declared = subject.get("params")
    if scheme == "sequential" and isinstance(declared, dict) and declared.get("identifier_scheme") in ("random", "hashed"):
        raise Unsaid(f"the parameter {name} of {operation.name} is a whole number; how it is made, nobody says", at)
    why = {
        "sequential": "a whole number",
        "readable": "a name",
        "uuid": "a UUID; of which version, the document does not tell",
    }[scheme]
    note = f"the parameter {name} of {operation.name} is {why}"
    return _reading(("params", "identifier_scheme"), scheme, at, note, soft=scheme == "uuid")


def _is_public(api: Api, operation: Operation) -> bool:
    security = _settled(api, [operation])
    return security is not None and security.auth != "required"


def _identified(api: Api, operation: Operation) -> Iterator[tuple[str, Operation, str, Location | None]]:
    """The identifiers in an operation's path, each with its scheme, as far as the document tells."""
    parts = operation.path.split("/")
    for (place, name), node in api.parameters(operation).items():
        written = "{" + name + "}"
        before = next((parts[i - 1] for i, part in enumerate(parts) if part == written and i), "")
        if place != "path" or not _is_identifier(name, before):
            continue
        schema = api.parameter_schema(node)
        types = schema.get("type")
        kinds = types if isinstance(types, list) else [types]
        said = "".join(_personal_data.words(name))
        if "integer" in kinds:
            scheme = "sequential"
        elif schema.get("format") == "uuid":
            scheme = "uuid"
        else:
            scheme = "readable" if said in _NAME_WORDS else ""
        yield scheme, operation, name[:60], node.at("name")


def _is_identifier(name: str, before: str) -> bool:
    """Whether a path parameter picks a record: by its own name, or because it is called as the list before it."""
    said = _personal_data.words(name)
    if not said:
        return False
    plain = "".join(said)
    return said[-1] in _ID_WORDS or plain in _NAME_WORDS or plain in _singulars("".join(_personal_data.words(before)))


def _singulars(plural: str) -> set[str]:
    return {
        plural.removesuffix("s"),
        plural.removesuffix("es"),
        plural[:-3] + "y",
        "person" if plural == "people" else plural,
    }


# --- discovery ---


def discover(opener: Opener, path: str) -> tuple[Discovered, ...]:
    """A surface for each path whose operations return what seems to be personal data; none when the file is no OpenAPI."""
    api = Api(opener)
    try:
        data = opener.read(path).data
    except ArtefactError:
        return ()
    if b"openapi" not in data and b"swagger" not in data:
        return ()
    try:
        api.read(path)
        taken: set[str] = set()
        operations = [op for op in api.operations if _is_reading(op) and not _is_own(api, op)]
        found = [_discovered(api, path, group, taken) for group in _groups(api, operations)]
        left = tuple(_left_out(api, path, operations))
    except ArtefactError as error:
        return (Discovered("", {}, path, 0, str(error)),) if _HEAD.search(data) else ()
    except Unsaid as unsaid:
        file, line = unsaid.at
        return (Discovered("", {}, path, line if file == path else 0, str(unsaid)),) if _HEAD.search(data) else ()
    whole = (_for_all(path),) if found and all(one.section for one in found) else ()
    return (*found, *whole, *left)


def _left_out(api: Api, path: str, operations: Sequence[Operation]) -> Iterator[Discovered]:
    """What may hold personal data beside what is proposed: answers without a description, references that lead nowhere."""
    nothing = _undescribed(api, operations)
    if nothing:
        why = f"whether what these return is about people is not described: {_listed(nothing)}"
        yield Discovered("", {}, path, _line(nothing[0].at, path), why)
    if api.files.left:
        why = f"it refers to what is not there or not followed: {_enough(api.files.left)}"
        yield Discovered("", {}, path, _line(next(iter(api.files.left.values())), path), why)


def _line(at: Location | None, path: str) -> int:
    return at.line if at and at.path == path else 0


def _for_all(path: str) -> Discovered:
    """The document beside the whole organisation: an operation that is added to it then shows as not declared."""
    return Discovered("organization", {"evidence": [{"kind": "openapi", "path": path}]}, path, 1, "the whole interface")


_SILENT = (("auth", "The document says nothing of security anywhere: may anybody call it?"),)
_QUESTIONS = (
    ("purpose", "Why is this data shown?"),
    ("owner", "Who inside the organisation answers for it?"),
    ("est_subjects", "About how many people's data does it hold?"),
    ("fields.sensitivity", "How sensitive is each field: low, moderate, high or special?"),
    ("fields.default_visibility", "Who sees it unless the person changes that?"),
    ("fields.necessary_for", "Why must it be shown?"),
)


def _discovered(api: Api, path: str, operations: Sequence[Operation], taken: set[str]) -> Discovered:
    first = operations[0]
    file, line = (first.at.path, first.at.line) if first.at else (path, 0)
    if _settled(api, operations) is None:
        why = f"{_listed(operations)} is not proposed: whether it asks for a credential cannot be read"
        return Discovered("", {}, file, line, why)
    item = _described(api, operations, taken)
    item["evidence"] = [{"kind": "openapi", "path": path, "operation": operation.name} for operation in operations]
    note = f"{_listed(operations)} seems to return personal data, by the names of its fields"
    asks = _SILENT if item["auth"] == "none" and _is_silent(api, first) else ()
    return Discovered("surfaces", item, file, line, note, (*asks, *_QUESTIONS))
