"""What an nginx configuration says about a declared rate limit: the `limit_req` in effect at one place.

The rules are those of nginx's ngx_http_limit_req_module and of how nginx merges its levels: a level inherits
`limit_req` only if it has none itself, a zone is defined once at http level, dry run counts but limits
nothing, a request whose key is empty is not counted. What only a running nginx or a file outside the root
could tell is left unsaid. Notes and reasons name directives and zones, never the numbers, which public
reports must not show.
"""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from policycheck.errors import ArtefactError
from policycheck.model import Account, Artefact, Reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from policycheck.model import Discovered
    from policycheck.opener import Opener

KINDS_OF_SUBJECT: frozenset[str] = frozenset({"control"})
FILES: tuple[str, ...] = ()

#: Bytes in one file, and in a configuration with all it includes.
FILE_CAP, TOTAL_CAP = 1024 * 1024, 2 * 1024 * 1024
#: Includes and files of one configuration together, and its levels of blocks and includes.
COUNT_CAP, DEPTH_CAP = 200, 32

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_NATURAL = {"s": "second", "m": "minute"}
#: Blocks whose content is configuration that can decide a limit; others (map, upstream, types ...) hold data.
_FOLLOWED = frozenset({"http", "server", "location"})
#: Files that come with nginx and hold types or parameters: an include of one kept elsewhere changes no limit.
_SHIPPED = frozenset({"mime.types", "fastcgi.conf", "fastcgi_params", "proxy_params", "scgi_params", "uwsgi_params"})
_TEMPLATE = re.compile(r"\{\{|\{%|<%|%\{|\$\{(?![a-z0-9_]+\})")
_COMMENT_LINES = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
_DIRECTIVE = re.compile(r"[a-z_][a-z0-9_]*")
_VARIABLE = re.compile(r"\$\{?([A-Za-z0-9_]+)")
_ZONE = re.compile(r"zone=([^:]+)(:.*)?", re.DOTALL)
_RATE = re.compile(r"rate=([0-9]{1,9})r/([sm])")
_GLOB = re.compile(r"[*?\[]")
_BLANKS_AND_QUOTES = " \"'"
_MODIFIERS = ("=", "~*", "^~", "~")

_ADDRESS = frozenset({"binary_remote_addr", "remote_addr", "realip_remote_addr"})
#: The same for every client of a server: one counter for all.
_SHARED = frozenset({"server_name", "server_addr", "server_port", "hostname", "nginx_version"})
#: What each client, or each request, is free to vary: a new value opens a new counter.
_CHOSEN = frozenset(
    {"args", "connection", "connection_requests", "content_length", "content_type", "msec", "query_string"}
    | {"proxy_add_x_forwarded_for", "remote_port", "request", "request_body", "request_id", "request_length"}
    | {"request_uri", "time_iso8601", "time_local"}
)
_CHOSEN_PREFIXES = ("http_", "arg_", "cookie_")
#: Headers that name an account; whether they are checked stands elsewhere.
_CREDENTIALS = frozenset({"http_authorization"})
_EVERYONE = frozenset({"0.0.0.0/0", "::/0"})

#: How a key counts, the soundest first: `address` one counter a client address; `shared` one for all;
#: `opaque` unknown here; `selective` only requests that a map picks; `chosen` clients decide; `nobody` none.
_STANDINGS = ("address", "shared", "opaque", "selective", "chosen", "nobody")


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive: its words, the file and line it begins at, and, for a block, what is in it."""

    name: str
    args: tuple[str, ...]
    file: str
    line: int
    block: tuple[Directive, ...] | None = None

    def unsaid(self, reason: str) -> _Unsaid:
        """The error to raise when this directive is why nothing can be said."""
        return _Unsaid(reason, self.file, self.line)


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a configuration: its name, its levels from the outermost in, and where it begins."""

    name: str
    levels: tuple[tuple[Directive, ...], ...]
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Zone:
    """A `limit_req_zone`: what it counts by, requests per second, the window its rate is written in."""

    name: str
    key: str
    rate: Fraction
    natural: str
    at: Directive


@dataclass(frozen=True, slots=True)
class Limit:
    """A `limit_req` in effect, its zone, how soundly the zone's key counts (a standing), and why."""

    at: Directive
    zone: Zone
    standing: str
    why: str

    @property
    def rank(self) -> tuple[int, Fraction]:
        """The soundest first, then the strictest. A shared counter is as hard to get round as an address."""
        return (max(_STANDINGS.index(self.standing), 1), self.zone.rate)


class _Unsaid(Exception):
    """Nothing can be said; where the reason stands, when a line is known."""

    def __init__(self, reason: str, file: str = "", line: int = 0) -> None:
        super().__init__(reason)
        self.file = file
        self.line = line


def account(opener: Opener, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    """What the configuration at `path` (from the root) says about the declared rate limit `subject`.

    `options` are the evidence entry's: `location` as it is written there, `server` (one of its names) and
    `zone`. Readings are `status` and `limit`, `window`, `unit` of `params`, each only where the file settles
    it. Never raises for what an artefact holds; the account then says why it is unreadable.
    """
    files = _Files(opener, posixpath.dirname(path))
    try:
        _refuse_other_family(subject)
        readings = _readings(_http(files.statements(path), path), options, subject)
    except ModuleNotFoundError as error:
        return Account(unreadable=f"reading nginx needs a package that is not installed: {error.name}")
    except ArtefactError as error:
        return Account((), files.seen, str(error), unreadable_at=(path, 0))
    except _Unsaid as unsaid:
        return Account((), files.seen, str(unsaid), unreadable_at=(unsaid.file or path, unsaid.line))
    return Account(readings, files.seen)


def discover(opener: Opener, path: str) -> tuple[Discovered, ...]:
    """Nothing yet."""
    return ()


def _refuse_other_family(subject: Mapping[str, object]) -> None:
    family = subject.get("family")
    if family not in (None, "", "rate_limit"):
        raise _Unsaid(f"nginx evidence is read for controls of the family rate_limit, not {family}")


# --- files to directives ---


class _Files:
    """Reads a configuration and what it includes. As in nginx, includes start at the main file's folder."""

    def __init__(self, opener: Opener, folder: str) -> None:
        self._opener = opener
        self._folder = folder
        self._artefacts: dict[str, Artefact] = {}
        self._bytes = 0
        self._count = 0

    @property
    def seen(self) -> tuple[Artefact, ...]:
        """Every file opened so far, by path."""
        return tuple(self._artefacts[path] for path in sorted(self._artefacts))

    def statements(self, path: str, trail: tuple[str, ...] = (), depth: int = 0) -> tuple[Directive, ...]:
        """The directives of a file, includes filled in; `trail` is the files that led here.

        An included file may be empty; a configuration that is says nothing, which is not agreement.
        """
        directives = _parsed(self._text(path), path)
        if not directives and not trail:
            raise _Unsaid(f"{path} is empty: it holds no directives", path)
        return tuple(self._expanded(directives, (*trail, path), depth))

    def _text(self, path: str) -> str:
        opened = self._opener.read(path, cap=FILE_CAP)
        self._artefacts[opened.path] = Artefact(opened.path, opened.size, opened.sha256)
        self._spend(opened.size)
        return _decoded(opened.data, path)

    def _spend(self, size: int) -> None:
        """Count one more file or include against the caps: even includes that fit no file cost a listing."""
        self._bytes += size
        self._count += 1
        if self._bytes > TOTAL_CAP or self._count > COUNT_CAP:
            raise _Unsaid("the configuration with all it includes is beyond the cap on files or bytes")

    def _expanded(self, directives: Iterable[Directive], trail: tuple[str, ...], depth: int) -> Iterator[Directive]:
        for directive in directives:
            _refuse_odd(directive, depth)
            if directive.name == "include":
                yield from self._included(directive, trail, depth + 1)
            elif directive.block is not None and directive.name in _FOLLOWED:
                yield replace(directive, block=tuple(self._expanded(directive.block, trail, depth + 1)))
            else:
                yield directive

    def _included(self, directive: Directive, trail: tuple[str, ...], depth: int) -> Iterator[Directive]:
        for path in self._targets(directive):
            if path in trail:
                raise directive.unsaid(f"{path} includes itself")
            try:
                yield from self.statements(path, trail, depth)
            except ArtefactError as error:
                raise directive.unsaid(f"an include cannot be read: {error}") from None

    def _targets(self, directive: Directive) -> tuple[str, ...]:
        """The files an include means. A pattern may fit none (nginx allows it); a plain name must exist."""
        self._spend(0)
        target = " ".join(directive.args)
        is_shipped = posixpath.basename(target) in _SHIPPED
        if target.startswith("/") and is_shipped:
            return ()
        try:
            found = self._opener.matching(self._opener.relative(self._folder, target))
        except ArtefactError as error:
            raise directive.unsaid(f"an include cannot be read: {error}") from None
        if not found and not is_shipped and not _GLOB.search(target):
            raise directive.unsaid(f"an include does not exist: {target}")
        return found


def _refuse_odd(directive: Directive, depth: int) -> None:
    """Refuse words that nginx would not take for a directive, and nesting beyond the cap."""
    if not _DIRECTIVE.fullmatch(directive.name):
        raise directive.unsaid("not an nginx directive (a template, or not a configuration)")
    if depth > DEPTH_CAP:
        raise directive.unsaid(f"blocks or includes are nested deeper than {DEPTH_CAP}")


def _decoded(data: bytes, path: str) -> str:
    """The text of a configuration. nginx reads bytes, so text that is not UTF-8 is no error; a NUL is."""
    if b"\0" in data:
        raise _Unsaid(f"{path} is binary, not a configuration", path)
    text = data.decode("utf-8", errors="replace").replace("\r\n", "\n")
    match = _TEMPLATE.search(_COMMENT_LINES.sub("", text))
    if match:
        line = _COMMENT_LINES.sub("", text).count("\n", 0, match.start()) + 1
        raise _Unsaid(f"{path} is a template; name the file that it is rendered to", path, line)
    return text


def _parsed(text: str, path: str) -> tuple[Directive, ...]:
    tree = _Tree(path)
    for word, line, is_quoted in _words(text, path):
        tree.take(word, line, is_quoted=is_quoted)
    return tree.finished()


def _words(text: str, path: str) -> Iterator[tuple[str, int, bool]]:
    """The words of a configuration as (text, line, quoted); braces and semicolons are words of their own.

    crossplane's parser opens files by itself, so only its lexer is used, on text that was opened here. The
    newline keeps it from dropping a last word that nothing ends.
    """
    from crossplane.errors import NgxParserBaseException  # type: ignore[import-untyped]
    from crossplane.lexer import _balance_braces, _lex_file_object  # type: ignore[import-untyped]

    try:
        yield from _balance_braces(_lex_file_object([text + "\n"]), path)
    except NgxParserBaseException as error:
        raise _Unsaid(f"{path} cannot be parsed: {error.strerror}", path, error.lineno or 0) from None


class _Tree:
    """Builds directives from words without recursion: hostile nesting costs an error and not the stack."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._levels: list[list[Directive]] = [[]]
        self._openers: list[Directive] = []
        self._pending: list[str] = []
        self._line = 0

    def take(self, word: str, line: int, *, is_quoted: bool) -> None:
        """The next word. Raises _Unsaid where no configuration goes on like this."""
        if not is_quoted and word.startswith("#"):
            return
        if is_quoted or word not in ("{", "}", ";"):
            self._line = self._line if self._pending else line
            self._pending.append(word)
        elif word == "}":
            self._close(line)
        else:
            self._end(word, line)

    def finished(self) -> tuple[Directive, ...]:
        """The directives of the file, once its last one has ended."""
        if self._pending or self._openers:
            raise _Unsaid(f"{self._path} ends inside a directive", self._path, self._line)
        return tuple(self._levels[0])

    def _end(self, word: str, line: int) -> None:
        if not self._pending:
            raise _Unsaid(f'{self._path} cannot be parsed: unexpected "{word}"', self._path, line)
        directive = Directive(self._pending[0], tuple(self._pending[1:]), self._path, self._line)
        self._pending = []
        if word == ";":
            self._levels[-1].append(directive)
            return
        if len(self._openers) >= DEPTH_CAP:
            raise _Unsaid(f"blocks are nested deeper than {DEPTH_CAP}", self._path, line)
        self._openers.append(directive)
        self._levels.append([])

    def _close(self, line: int) -> None:
        if self._pending or not self._openers:
            raise _Unsaid(f'{self._path} cannot be parsed: unexpected "}}"', self._path, line)
        block = tuple(self._levels.pop())
        self._levels[-1].append(replace(self._openers.pop(), block=block))


# --- directives to a place ---


@dataclass(frozen=True, slots=True)
class _Http:
    """The http level. `is_part` when the file has no http block: another file completes the configuration."""

    level: tuple[Directive, ...]
    file: str
    line: int
    is_part: bool

    def named(self, name: str) -> tuple[Directive, ...]:
        """The directives of one name on the http level."""
        return tuple(directive for directive in self.level if directive.name == name)


def _http(statements: tuple[Directive, ...], path: str) -> _Http:
    blocks = [directive for directive in statements if directive.name == "http" and directive.block is not None]
    if not blocks:
        return _Http(statements, path, 1, is_part=True)
    if len(blocks) > 1:
        raise blocks[1].unsaid("the http block stands twice")
    return _Http(blocks[0].block or (), blocks[0].file, blocks[0].line, is_part=False)


def _spot(http: _Http, options: Mapping[str, object]) -> Spot:
    """The place the evidence names: a location, else a server, else the http level where no server is."""
    servers = _servers(http, _option(options, "server"))
    location = _option(options, "location")
    if not location:
        return _whole(_only(_serving(servers), "there are several servers"))
    wanted = _written(re.sub(r"^location\s+|\s*\{?\s*$", "", location).split())
    everywhere = [inner for server in servers for inner in _locations(server)]
    found = [inner for inner in everywhere if inner.name == f"location {wanted}"]
    if not found:
        existing = ", ".join(dict.fromkeys(inner.name for inner in everywhere)) or "none"
        raise _Unsaid(f"location {wanted} is not in the configuration; it has: {existing[:500]}", http.file)
    spot = _only(_serving(found), f"location {wanted} stands more than once")
    _refuse_elsewhere(spot, wanted, [inner.name for inner in everywhere if inner.levels[1] is spot.levels[1]], options)
    return spot


def _refuse_elsewhere(spot: Spot, wanted: str, beside: Sequence[str], options: Mapping[str, object]) -> None:
    """A limit somewhere else proves nothing: the location has to serve a surface that the control names.

    `options["urls"]` are the surfaces' addresses. A regular expression is taken at its word: which addresses it
    takes is not decided here.
    """
    urls = options.get("urls")
    paths = [path for url in (urls if isinstance(urls, list) else []) if (path := _path_of(str(url)))]
    if not paths or wanted.startswith("~"):
        return
    prefixes = [name.removeprefix("location ").removeprefix("^~ ") for name in beside]
    others = [name for name in prefixes if not name.startswith(("~", "=", "@"))]
    if not any(_serves(wanted, path, others) for path in paths):
        raise _Unsaid(
            f"location {wanted} does not serve {', '.join(paths)[:200]} of the control's surfaces", spot.file, spot.line
        )


def _path_of(url: str) -> str:
    """The path of an address as it is declared: `https://host/a/*`, `/a/*` or `GET /a/{id}`; empty when there is none."""
    tail = re.sub(r"^[a-z][a-z0-9+.-]*://[^/]*", "", url.strip().split()[-1] if url.strip() else "")
    return tail if tail.startswith("/") else ""


def _serves(wanted: str, path: str, others: Sequence[str]) -> bool:
    """Whether nginx takes a declared path to this location: the longest prefix that fits, or the exact path."""
    literal = re.split(r"[*{:<]", path, maxsplit=1)[0]
    if wanted.startswith("= "):
        return wanted.removeprefix("= ") == path
    prefix = wanted.removeprefix("^~ ")
    longer = any(len(other) > len(prefix) and literal.startswith(other) for other in others)
    return literal.startswith(prefix) and not longer


def _whole(server: Spot) -> Spot:
    """A server meant as a whole; where only its locations have limits, the evidence has to name one."""
    inner = list(_locations(server))
    limited = [spot for spot in inner if any(item.name == "limit_req" for item in spot.levels[-1])]
    if limited and not _nearest(server, "limit_req"):
        first = limited[0]
        raise _Unsaid(f"limit_req stands in {first.name}; name a location", first.file, first.line)
    names = ", ".join(spot.name for spot in limited)[:500]
    return replace(server, name=f"{server.name}, except {names}" if limited else server.name)


def _option(options: Mapping[str, object], name: str) -> str:
    value = options.get(name)
    return value.strip() if isinstance(value, str) else ""


def _only(spots: Sequence[Spot], otherwise: str) -> Spot:
    if len(spots) != 1:
        raise _Unsaid(f"{otherwise}; name one with server", spots[1].file, spots[1].line)
    return spots[0]


def _serving(spots: list[Spot]) -> list[Spot]:
    """The spots, without those in servers that only answer with a return, unless none would remain."""
    return [spot for spot in spots if not any(item.name == "return" for item in spot.levels[1])] or spots


def _servers(http: _Http, wanted: str) -> list[Spot]:
    """The servers of the wanted name; all when none is wanted. A file of bare locations counts as one."""
    servers = [
        Spot(_server_name(block), (http.level, block.block), block.file, block.line)
        for block in http.named("server")
        if block.block is not None
    ]
    if not servers and not wanted:
        return [Spot("the http level", ((), http.level), http.file, http.line)]
    chosen = [spot for spot in servers if not wanted or wanted.lower() in _server_names(spot.levels[1])]
    if not chosen:
        existing = ", ".join(dict.fromkeys(spot.name for spot in servers)) or "none"
        raise _Unsaid(f"server {wanted} is not in the configuration; it has: {existing[:500]}", http.file)
    return chosen


def _server_names(level: Iterable[Directive]) -> list[str]:
    return [name.lower() for item in level if item.name == "server_name" for name in item.args]


def _server_name(server: Directive) -> str:
    return f"server {' '.join(_server_names(server.block or ())[:1]) or 'without a name'}"


def _locations(outer: Spot) -> Iterator[Spot]:
    """The locations in a spot, those nested in others too."""
    for item in outer.levels[-1]:
        if item.name == "location" and item.block is not None:
            inner = Spot(f"location {_written(item.args)}", (*outer.levels, item.block), item.file, item.line)
            yield inner
            yield from _locations(inner)


def _written(words: Iterable[str]) -> str:
    """A location's modifier and path, spaced one way: nginx takes `=/a` and `= /a` for the same."""
    text = " ".join(words)
    modifier = next((sign for sign in _MODIFIERS if text.startswith(sign)), "")
    return f"{modifier} {text.removeprefix(modifier).strip(_BLANKS_AND_QUOTES)}".lstrip()


def _nearest(spot: Spot, name: str) -> tuple[Directive, ...]:
    """The directives of one name in effect at a spot: all of the innermost level that has any."""
    for level in reversed(spot.levels):
        found = tuple(directive for directive in level if directive.name == name)
        if found:
            return found
    return ()


# --- a place to readings ---


def _readings(http: _Http, options: Mapping[str, object], subject: Mapping[str, object]) -> tuple[Reading, ...]:
    spot = _spot(http, options)
    zones = _zones(http)
    zone = _option(options, "zone")
    limits = [_limit(item, zones, http, spot) for item in _nearest(spot, "limit_req")]
    limits = [limit for limit in limits if not zone or limit.zone.name == zone]
    if not limits:
        return (_absent(http, spot, f" with zone {zone}" if zone else ""),)
    strictest = min(limits, key=lambda limit: limit.rank)
    if strictest.standing == "selective":
        raise strictest.zone.at.unsaid(strictest.why)
    named = ", ".join(f"zone={limit.zone.name}" for limit in limits)
    several = f"; zone={strictest.zone.name} counts" if len(limits) > 1 else ""
    part = " (seen without the http block around it)" if http.is_part else ""
    where = f"limit_req {named} in effect for {spot.name}{part}{several}"
    return (*_status(strictest, spot, where), *_numbers(strictest, subject, where))


def _absent(http: _Http, spot: Spot, which: str) -> Reading:
    """No limit is in effect. A part of a configuration cannot say so: the level around it may set one."""
    if http.is_part:
        raise _Unsaid(f"no limit_req{which} in this file, which has no http block; name the main one", http.file)
    note = f"no limit_req{which} is in effect for {spot.name}"
    return _reading("status", "planned", Directive("", (), spot.file, spot.line), note)


def _status(limit: Limit, spot: Spot, where: str) -> Iterator[Reading]:
    """Whether the limit enforces anything; unsaid when that hangs on what this file does not show."""
    dry = [item for item in _nearest(spot, "limit_req_dry_run") if " ".join(item.args).lower() == "on"]
    if limit.standing == "nobody":
        yield _reading("status", "planned", limit.zone.at, limit.why)
    elif limit.standing == "chosen":
        yield _reading("status", "observing", limit.zone.at, limit.why)
    elif dry:
        note = f"limit_req_dry_run is on for {spot.name}: requests are counted, none is refused"
        yield _reading("status", "observing", dry[0], note)
    elif limit.standing != "opaque":
        yield _reading("status", "deployed", limit.at, where)


def _numbers(limit: Limit, subject: Mapping[str, object], where: str) -> Iterator[Reading]:
    """The sustained rate in the declared window (else the one it is written in), and what is counted.

    A rate that is no whole number in that window is rounded up: the looser number is the safe side, since a
    limit that looks looser than it is can only be questioned, never confirm a stricter declaration.
    """
    if limit.standing == "nobody":
        return
    zone = limit.zone
    window = _window(subject) or zone.natural
    rate = zone.rate * _SECONDS[window]
    has_burst = any(word.startswith("burst=") for word in limit.at.args)
    burst = "its burst comes on top and is not counted" if has_burst else ""
    rounded = "rounded up to a whole number" if rate.denominator != 1 else ""
    note = "; ".join(filter(None, (where, burst, limit.why)))
    yield _reading("params.limit", math.ceil(rate), zone.at, "; ".join(filter(None, (note, rounded))))
    yield _reading("params.window", window, zone.at, note)
    if limit.standing == "address":
        yield _reading("params.unit", "ip", zone.at, f"the key of zone={zone.name} is the address")


def _reading(path: str, value: object, at: Directive, note: str) -> Reading:
    """A value read at a directive. The lexer gives no columns, so it stands at the first."""
    return Reading(tuple(path.split(".")), value, at.file, at.line, 1, note)


def _window(subject: Mapping[str, object]) -> str:
    params = subject.get("params")
    window = params.get("window") if isinstance(params, Mapping) else None
    return window if isinstance(window, str) and window in _SECONDS else ""


def _zones(http: _Http) -> dict[str, Zone]:
    zones: dict[str, Zone] = {}
    for item in http.named("limit_req_zone"):
        zone = _zone(item)
        if zone.name in zones:
            raise item.unsaid(f"limit_req_zone {zone.name} is defined twice")
        zones[zone.name] = zone
    return zones


def _zone(item: Directive) -> Zone:
    """A zone from its directive: `limit_req_zone key zone=name:size rate=Nr/s|Nr/m [sync]`."""
    names = [match[1] for word in item.args[1:] if (match := _ZONE.fullmatch(word))]
    rates = [match for word in item.args[1:] if (match := _RATE.fullmatch(word))]
    if len(names) != 1:
        raise item.unsaid("a limit_req_zone does not name one zone")
    if len(rates) != 1 or int(rates[0][1]) == 0:
        raise item.unsaid(f"the rate of limit_req_zone {names[0]} is no number (a template?)")
    natural = _NATURAL[rates[0][2]]
    return Zone(names[0], item.args[0], Fraction(int(rates[0][1]), _SECONDS[natural]), natural, item)


def _limit(item: Directive, zones: Mapping[str, Zone], http: _Http, spot: Spot) -> Limit:
    names = [match[1] for word in item.args if (match := _ZONE.fullmatch(word))]
    if len(names) != 1:
        raise item.unsaid("a limit_req does not name one zone")
    if names[0] not in zones:
        raise item.unsaid(f"limit_req names zone {names[0]}, which no limit_req_zone here defines")
    zone = zones[names[0]]
    return Limit(item, zone, *_standing(zone, http, spot))


# --- whom a key counts ---


def _standing(zone: Zone, http: _Http, spot: Spot) -> tuple[str, str]:
    """How the key of a zone counts, and why that matters (a note, empty when it is plainly the address)."""
    names = _variables(zone.key)
    label = f"the key of zone={zone.name}"
    if not zone.key:
        return "nobody", f"{label} is empty, so no request is counted"
    chosen = next((name for name in names if _is_chosen(name)), "")
    if chosen:
        return "chosen", f"{label} holds ${chosen}, which clients can vary: the limit can be bypassed"
    if set(names) <= _ADDRESS | _SHARED:
        return _of_address(names, label, spot)
    mapped = _map_of(names[0], http) if len(names) == 1 else None
    if mapped is not None:
        return _of_map(mapped, label, http)
    return "opaque", f"{label} is not the address; whom it counts, or leaves out, is not known here"


def _variables(text: str) -> list[str]:
    return [name.lower() for name in _VARIABLE.findall(text)]


def _is_chosen(name: str) -> bool:
    return name in _CHOSEN or (name.startswith(_CHOSEN_PREFIXES) and name not in _CREDENTIALS)


def _of_address(names: list[str], label: str, spot: Spot) -> tuple[str, str]:
    if not _ADDRESS.intersection(names):
        return "shared", f"{label} is the same for all clients: one counter for everybody"
    trusted = {word for item in _nearest(spot, "set_real_ip_from") for word in item.args}
    if trusted & _EVERYONE and "realip_remote_addr" not in names:
        return "chosen", f"{label} is the address, but set_real_ip_from believes the header of any client"
    return "address", ""


def _map_of(name: str, http: _Http) -> Directive | None:
    """The map or geo block that gives a variable its value; its name is the block's last word."""
    blocks = [item for item in (*http.named("map"), *http.named("geo")) if item.block is not None and item.args]
    return next((item for item in blocks if _variables(item.args[-1]) == [name]), None)


def _of_map(block: Directive, label: str, http: _Http) -> tuple[str, str]:
    """A key from a map: exempting some is a choice, counting only some is no general limit."""
    entries = block.block or ()
    text = f"{label} comes from a {block.name}"
    if any(item.name == "include" for item in entries):
        return "opaque", f"{text} that reads a further file; whom it counts is not read here"
    if any(_is_captured(block, item) or any(map(_is_chosen, _variables(_value(item)))) for item in entries):
        return "chosen", f"{text} of what clients can vary: the limit can be bypassed"
    if not _usual(block, http):
        return "selective", f"{text} that is usually empty: only the requests it picks are counted"
    return "opaque", f"{text}, which may exempt requests; whom it counts is not read here"


def _usual(block: Directive, http: _Http, hops: int = 4) -> str:
    """What a map or geo gives a request that no entry singles out; a map of a geo starts at its default."""
    given = "default"
    source = _map_of(_variables(block.args[0])[0], http) if _variables(block.args[0]) else None
    if source is not None and source is not block and hops:
        given = _usual(source, http, hops - 1)
    values = {item.name.lower(): _value(item) for item in block.block or ()}
    return values.get(given.lower(), values.get("default", ""))


def _value(entry: Directive) -> str:
    return entry.args[0] if entry.args else ""


def _is_captured(block: Directive, entry: Directive) -> bool:
    """Whether an entry's value is cut out of a source that the client chooses, as with X-Forwarded-For."""
    is_cut = entry.name.startswith("~") and not _ADDRESS.issuperset(_variables(_value(entry)))
    return is_cut and any(map(_is_chosen, _variables(block.args[0])))
