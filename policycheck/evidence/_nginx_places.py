"""Where in an nginx configuration a declared address is served, and what is in effect there.

The rules are nginx's own: how a location is chosen (ngx_http_core_module, `location`; the order in
src/http/ngx_http_core_module.c, ngx_http_core_find_location), that a level takes over what it does not set itself,
and that `return`, `rewrite` and `if` (ngx_http_rewrite_module) come before everything else and are taken over by
no inner location.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

from policycheck.evidence._nginx_files import Directive, Unsaid
from policycheck.evidence._nginx_hosts import bearing, names_of
from policycheck.evidence._nginx_patterns import Matcher

if TYPE_CHECKING:
    from policycheck.evidence._nginx_files import Files

#: The most locations of a configuration among which one is chosen, and the most declared addresses tried.
LOCATIONS, _PATHS = 1000, 50
#: The most `error_page` of one place.
ERROR_PAGES = 200

#: How many places are followed that requests are handed on to, one by the other.
_HOPS = 3
#: How many of them in all.
_FOLLOWED = 50

_BLANKS_AND_QUOTES = " \"'"
_MODIFIERS = ("=", "~*", "^~", "~")
_VARIABLE = re.compile(r"\$\{?([A-Za-z0-9_]+)")
_VARYING = re.compile(r"\*+|\{[^}/]*\}|<[^>/]*>|(?<=/):[A-Za-z_][A-Za-z0-9_]*")
#: What may stand where an address varies: a number, a name, and, at its end, something longer.
_EXAMPLES = ("4829107", "ada-quill")
_DEEPER = "ada-quill/notes"
#: How the same may be asked for in a form for programs.
_FORMS = (".json", ".csv")
#: Directives with which other languages or modules decide about a request.
_FOREIGN = re.compile(r"(access|rewrite|content|header_filter)_by_lua.*|js_content|js_header_filter|perl|modsecurity(_.*)?")
#: Directives that hand a request on to a program that answers it.
_PASSES = re.compile(r"(proxy|fastcgi|uwsgi|scgi|grpc|memcached)_pass|passenger_enabled|content_by_lua.*|js_content|perl")
_REFUSAL = re.compile(r"[45]\d\d")
#: Expressions of a rewrite that every address fits.
_EVERYTHING = frozenset({"^", ".*", "(.*)", "^.*", "^.*$", "^(.*)", "^(.*)$", "^/.*", "^/(.*)", "^/(.*)$", "^/", "^(.*)?$"})


@dataclass(frozen=True, slots=True)
class Http:
    """The http level. `is_part` when the file has no http block: another file completes the configuration."""

    level: tuple[Directive, ...]
    file: str
    line: int
    is_part: bool
    files: Files
    matcher: Matcher = field(default_factory=Matcher)
    #: The map or geo block of each variable; of several for one, nginx takes the last.
    maps: dict[str, Directive] = field(default_factory=dict)
    #: What was found out about a map, so that it is found out once.
    worth: dict[int, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for item in self.level:
            is_map = item.name in ("map", "geo") and item.block is not None and item.args
            name = variables(item.args[-1]) if is_map else []
            if len(name) == 1:
                self.maps[name[0]] = item

    def named(self, name: str) -> tuple[Directive, ...]:
        """The directives of one name on the http level."""
        return named(self.level, name)


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a configuration: its name, its levels from the outermost in, and where it begins.

    `words` is the location as it is written, empty for a server; `origin` its directive, by which places are told
    apart.
    """

    name: str
    levels: tuple[tuple[Directive, ...], ...]
    file: str
    line: int
    words: str = ""
    origin: Directive | None = None

    @property
    def key(self) -> int:
        """Tells this place from every other of the configuration."""
        return id(self.origin)

    @property
    def own(self) -> tuple[Directive, ...]:
        """The directives of the place itself."""
        return self.levels[-1]

    @property
    def rewriting(self) -> tuple[Directive, ...]:
        """What the rewrite module runs for a request here: the server's directives, then the location's own."""
        return (*self.levels[1], *self.own) if self.words else self.levels[1]

    def at(self) -> Directive:
        """The place as something that a reading can stand at."""
        return Directive("", (), self.file, self.line)


def named(level: Iterable[Directive], name: str) -> tuple[Directive, ...]:
    """The directives of one name on a level."""
    return tuple(directive for directive in level if directive.name == name)


def nearest(spot: Spot, name: str) -> tuple[Directive, ...]:
    """The directives of one name in effect at a spot: all of the innermost level that has any."""
    for level in reversed(spot.levels):
        found = named(level, name)
        if found:
            return found
    return ()


def is_on(spot: Spot, name: str) -> Directive | None:
    """The directive of a switch that is on at a spot."""
    return next((item for item in nearest(spot, name) if " ".join(item.args).lower() == "on"), None)


def variables(text: str) -> list[str]:
    """The variables in a text, without their signs; nginx takes them in any case."""
    return [name.lower() for name in _VARIABLE.findall(text)]


def option(options: Mapping[str, object], name: str) -> str:
    """A text of the evidence entry; empty when it is not there or no text."""
    value = options.get(name)
    return value.strip() if isinstance(value, str) else ""


# --- the levels ---


def http_of(statements: tuple[Directive, ...], path: str, files: Files) -> Http:
    """The http level of a configuration, or of a part of one that stands below it."""
    blocks = [directive for directive in statements if directive.name == "http" and directive.block is not None]
    if not blocks:
        return Http(statements, path, 1, is_part=True, files=files)
    if len(blocks) > 1:
        raise blocks[1].unsaid("the http block stands twice")
    return Http(blocks[0].block or (), blocks[0].file, blocks[0].line, is_part=False, files=files)


def servers(http: Http) -> list[Spot]:
    """The servers of a configuration. A file of bare locations counts as one."""
    found = [
        Spot(_server_name(block), (http.level, block.block), block.file, block.line, "", block)
        for block in http.named("server")
        if block.block is not None
    ]
    return found or [Spot("the http level", ((), http.level), http.file, http.line)]


def server_names(level: Iterable[Directive]) -> list[str]:
    """The names of a server, lower case."""
    return [name.lower() for name in names_of(level)]


def _server_name(server: Directive) -> str:
    return f"server {' '.join(server_names(server.block or ())[:1]) or 'without a name'}"


def children(outer: Spot) -> Iterator[Spot]:
    """The locations that stand directly in a spot."""
    for item in outer.own:
        if item.name == "location" and item.block is not None:
            words = _written(item.args)
            yield Spot(f"location {words}", (*outer.levels, item.block), item.file, item.line, words, item)


def locations(outer: Spot) -> Iterator[Spot]:
    """The locations in a spot, those nested in others too."""
    for inner in children(outer):
        yield inner
        yield from locations(inner)


@lru_cache(maxsize=4096)
def _written(words: tuple[str, ...]) -> str:
    """A location's modifier and path, spaced one way: nginx takes `=/a` and `= /a` for the same."""
    text = " ".join(words)
    modifier = next((sign for sign in _MODIFIERS if text.startswith(sign)), "")
    return f"{modifier} {text.removeprefix(modifier).strip(_BLANKS_AND_QUOTES)}".lstrip()


def _modifier(spot: Spot) -> tuple[str, str]:
    """The modifier and the path or expression of a location; `@` for a named one."""
    first, _, rest = spot.words.partition(" ")
    if first in _MODIFIERS:
        return first, rest
    return ("@", spot.words) if spot.words.startswith("@") else ("", spot.words)


# --- which location takes an address ---


def resolve(outer: Spot, path: str, http: Http) -> Spot:
    """The innermost location that takes a request for this path, or `outer` where none does.

    Raises Unsaid when that hangs on an expression that is not decided here.
    """
    return _resolved(outer, path, http)[0]


def _resolved(outer: Spot, path: str, http: Http) -> tuple[Spot, bool]:
    """The location, and whether the search ends there: an exact location, or an expression that matched."""
    plain, expressions = [], []
    for inner in children(outer):
        sign, text = _modifier(inner)
        if sign == "=" and text == path:
            return inner, True
        if sign in ("", "^~") and path.startswith(text):
            plain.append((len(text), inner))
        elif sign in ("~", "~*"):
            expressions.append(inner)
    found, is_final = outer, False
    if plain:
        longest = max(plain, key=lambda one: one[0])[1]
        found, is_final = _resolved(longest, path, http)
        expressions = [] if _modifier(longest)[0] == "^~" else expressions
    for inner in expressions if not is_final else ():
        if _takes(inner, path, http):
            return _resolved(inner, path, http)[0], True
    return found, is_final


def _takes(spot: Spot, path: str, http: Http) -> bool:
    sign, expression = _modifier(spot)
    found = http.matcher.matches(expression, path, ignores_case=sign == "~*")
    if found is None:
        raise Unsaid(f"whether {spot.name} takes {path} is not decided here", spot.file, spot.line)
    return found


def path_of(url: str) -> str:
    """The path of an address as it is declared: `https://host/a/*`, `/a/*` or `GET /a/{id}`; empty without one."""
    words = url.split()
    tail = re.sub(r"^[a-z][a-z0-9+.-]*://[^/]*", "", words[-1] if words else "")
    return re.split(r"[?#]", tail, maxsplit=1)[0] if tail.startswith("/") else ""


def host_of(url: str) -> str:
    """The host of an address as it is declared, lower case, with an example where it varies; empty without one."""
    found = re.match(r"[a-z][a-z0-9+.-]*://([^/:?#]*)", (url.split() or [""])[-1])
    return _VARYING.sub(_EXAMPLES[1], found[1].lower()) if found else ""


def examples(path: str) -> tuple[str, ...]:
    """Addresses that a declared path means: itself, or some of those that it varies over."""
    if not _VARYING.search(path):
        return (unquote(path),)
    found = [_VARYING.sub(word, path) for word in _EXAMPLES]
    last = list(_VARYING.finditer(path))[-1]
    if last[0].startswith("*") and last.end() == len(path):
        found.append(_VARYING.sub(_EXAMPLES[1], path[: last.start()]) + _DEEPER)
    return tuple(unquote(one) for one in found)


def _serving_of(server: Spot, path: str, http: Http) -> Iterator[Spot]:
    """Where examples of a declared path are served; those in a form for programs count where a program answers them."""
    yield from (resolve(server, example, http) for example in examples(path))
    for form in _FORMS if path.endswith("*") else ():
        found = resolve(server, unquote(_VARYING.sub(_EXAMPLES[1], path) + form), http)
        if passes(found):
            yield found


# --- the place that evidence means ---


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an evidence entry asks for: its `location` and `server`, and the declared addresses.

    `decisive` are the directives that matter, for a server that is meant as a whole.
    """

    location: str
    server: str
    urls: tuple[str, ...]
    decisive: tuple[str, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(path for url in self.urls[:_PATHS] if (path := path_of(url)))

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset(host for url in self.urls if (host := host_of(url)))


def spots(http: Http, wanted: Wanted) -> list[Spot]:
    """The places the evidence means: the location it names, else where the declared addresses are served.

    Without either it is a server, or the http level where no server is. Several places have to agree, and so do
    the servers that answer for one host at several addresses.
    """
    candidates = _serving(_servers(http, wanted))
    bearers = _bearers(http, wanted)
    if are_too_many(candidates):
        raise Unsaid(f"the configuration has more than {LOCATIONS} locations, too many to tell which is asked", http.file)
    if bearers:
        candidates = _of_hosts(candidates, bearers, http, wanted)
        kept = {host for host, found in bearers.items() if any(one.key in _keys(found) for one in candidates)}
        wanted = replace(wanted, urls=tuple(url for url in wanted.urls if host_of(url) in ("", *kept)))
    if wanted.location:
        return _at_location(http, candidates, bearers, wanted)
    if not bearers:
        candidates = [_only(candidates, "there are several servers")]
    if not wanted.paths:
        return [_whole(server, wanted.decisive) for server in (candidates if bearers else _beside(candidates[0], http))]
    beside = candidates if bearers else _beside(candidates[0], http)
    found: dict[int, Spot] = {}
    for url in wanted.urls[:_PATHS]:
        path, asked = path_of(url), _serving(bearers.get(host_of(url), beside))
        found |= {spot.key: spot for spot in (_under_all(asked, path, http) if path else ())}
    return list(found.values())


def _under_all(asked: list[Spot], path: str, http: Http) -> list[Spot]:
    """Where the addresses of one path are served by any of the servers of a host, without those that send them on."""
    everywhere = [list(_under(server, path, http)) for server in asked]
    serving = [found for found in everywhere if not all(map(_is_away, found))] or everywhere
    return [spot for found in serving for spot in found]


def _at_location(http: Http, candidates: list[Spot], bearers: Mapping[str, list[Spot]], wanted: Wanted) -> list[Spot]:
    """The location that is named, and what serves its addresses in the other servers of the same host."""
    server, spot = _location(http, candidates, wanted)
    others = [one for one in candidates if one.key != server.key] if bearers else _beside(server, http)[1:]
    found = {spot.key: spot}
    for url in wanted.urls[:_PATHS] if others else ():
        path, host = path_of(url), host_of(url)
        asked = [one for one in others if host not in bearers or one.key in _keys(bearers[host])]
        if path and (spot.key in _takers(server, path, http) or _modifier(spot)[0].startswith("~")):
            found |= {inner.key: inner for inner in (_under_all(asked, path, http) if asked else ())}
    if others and not wanted.paths:
        sign, text = _modifier(spot)
        if sign.startswith("~"):
            raise Unsaid(f"{others[0].name} stands more than once; declare the address", others[0].file, others[0].line)
        found |= {inner.key: inner for other in others for inner in [resolve(other, text, http)]}
    return [spot, *(one for one in found.values() if one.key != spot.key and not _is_away(one))]


def _is_away(spot: Spot) -> bool:
    """Whether every request at a spot is turned away or sent elsewhere: nothing is served there."""
    answered = answer(spot)
    if answered is not None:
        words = answered.args or ("",)
        return is_refusal(words[0]) or words[0].startswith(("30", "http", "$scheme"))
    return any(
        len(item.args) > 2 and item.args[0] in _EVERYTHING and item.args[2] in ("redirect", "permanent")
        for item in named(spot.rewriting, "rewrite")
    )


# --- the servers of a host ---


def _bearers(http: Http, wanted: Wanted) -> dict[str, list[Spot]]:
    """For each declared host the servers that answer for it; nothing where no host is declared, or no server there."""
    found = servers(http) if http.named("server") else []
    levels = [spot.levels[1] for spot in found]

    def fits(expression: str, host: str) -> bool | None:
        return http.matcher.matches(expression, host, ignores_case=True)

    return {host: [found[number] for number in bearing(host, levels, fits)] for host in wanted.hosts if found}


def _of_hosts(candidates: list[Spot], bearers: Mapping[str, list[Spot]], http: Http, wanted: Wanted) -> list[Spot]:
    """The servers of the declared hosts; where the evidence names a server, of the hosts that it answers for."""
    missing = [host for host, found in bearers.items() if not found]
    if wanted.server:
        meant = _keys(candidates)
        missing = [host for host, found in bearers.items() if not meant.intersection(_keys(found))]
    if missing and (len(missing) == len(bearers) or not (wanted.server or wanted.location)):
        names = {name or "no name" for spot in candidates for name in server_names(spot.levels[1])} or {"no name"}
        what = f"server {wanted.server}" if wanted.server else "the configuration"
        reason = (
            f"{what} is for the host {_list_text(names)}, not {_list_text(missing)}; name the file or the server that is"
        )
        raise Unsaid(reason, candidates[0].file or http.file, candidates[0].line)
    every = {spot.key: spot for host, found in bearers.items() if host not in missing for spot in found}
    return _serving(list(every.values()))


def _beside(server: Spot, http: Http) -> list[Spot]:
    """A server, and those that bear one of its names at another address and do more than send visitors on."""
    own = set(server_names(server.levels[1])) - {"", "_"}
    others = [spot for spot in servers(http) if spot.key != server.key and own.intersection(server_names(spot.levels[1]))]
    return [server, *(spot for spot in others if not named(spot.levels[1], "return"))]


def _keys(found: Iterable[Spot]) -> set[int]:
    return {spot.key for spot in found}


def are_too_many(found: list[Spot]) -> bool:
    """Whether servers have more locations than are looked at."""
    return sum(1 for server in found for _ in locations(server)) > LOCATIONS


def _under(server: Spot, path: str, http: Http) -> Iterator[Spot]:
    """Where the addresses of one declared path are served, the longer locations below a varying one included."""
    yield from _serving_of(server, path, http)
    varying = _VARYING.search(path)
    literal = path[: varying.start()] if varying and varying.end() == len(path) else ""
    for inner in locations(server) if literal else ():
        sign, text = _modifier(inner)
        if sign in ("", "=", "^~") and text.startswith(literal) and text != literal:
            yield inner


def _servers(http: Http, wanted: Wanted) -> list[Spot]:
    """The servers of the wanted name; without one all."""
    found = servers(http)
    if not wanted.server:
        return found
    chosen = [spot for spot in found if wanted.server.lower() in server_names(spot.levels[1])]
    if not chosen:
        existing = ", ".join(dict.fromkeys(spot.name for spot in found if http.named("server"))) or "none"
        raise Unsaid(f"server {wanted.server} is not in the configuration; it has: {existing[:500]}", http.file)
    return chosen


def _location(http: Http, candidates: list[Spot], wanted: Wanted) -> tuple[Spot, Spot]:
    """The location that is named, and its server."""
    words = _written(tuple(re.sub(r"^location\s+|\s*\{?\s*$", "", wanted.location).split()))
    everywhere = [(server, inner) for server in candidates for inner in locations(server)]
    found = [pair for pair in everywhere if pair[1].words == words]
    if not found:
        existing = ", ".join(dict.fromkeys(inner.name for _, inner in everywhere)) or "none"
        where = f"the servers of {_list_text(wanted.hosts)}" if wanted.hosts else "the configuration"
        raise Unsaid(f"location {words} is not in {where}; it has: {existing[:500]}", http.file)
    serving = _serving([inner for _, inner in found])
    serving = [inner for inner in serving if not _is_away(inner)] or serving if wanted.hosts else serving
    spot = serving[0] if wanted.hosts else _only(serving, f"location {words} stands more than once")
    server = next(server for server, inner in found if inner is spot)
    _refuse_unreachable(spot)
    _refuse_elsewhere(spot, server, http, wanted)
    return server, spot


def _refuse_unreachable(spot: Spot) -> None:
    if spot.words.startswith("@") or named(spot.own, "internal"):
        raise Unsaid(f"{spot.name} is reached from other directives only; name the one that is asked", spot.file, spot.line)


def _refuse_elsewhere(spot: Spot, server: Spot, http: Http, wanted: Wanted) -> None:
    """What stands somewhere else proves nothing: the location has to serve a surface that is meant.

    Without a declared address the location itself says what it would serve, unless an expression takes all of it.
    """
    sign, text = _modifier(spot)
    if not wanted.paths:
        taken = _takers(server, text + "*", http) if sign in ("", "^~") and text else {spot.key: spot}
        if taken and spot.key not in taken and all(_modifier(one)[0].startswith("~") for one in taken.values()):
            raise Unsaid(f"{spot.name} is overridden by {_list(taken.values())}", spot.file, spot.line)
        return
    undecided: Unsaid | None = None
    others: dict[int, Spot] = {}
    for path in wanted.paths:
        try:
            taken = {one.key: one for one in _serving_of(server, path, http)}
        except Unsaid as error:
            undecided = error
            continue
        if spot.key in taken and (len(taken) == 1 or sign.startswith("~")):
            return
        others |= taken
    if undecided is not None:
        raise undecided
    _refuse_partly(spot, others, wanted)


def _refuse_partly(spot: Spot, others: dict[int, Spot], wanted: Wanted) -> None:
    """None of the declared paths is served by the location alone: say by which others."""
    paths = ", ".join(wanted.paths)[:200]
    beside = _list(one for one in others.values() if one.key != spot.key)
    if spot.key in others:
        raise Unsaid(f"{spot.name} serves only a part of {paths}; {beside} takes the rest", spot.file, spot.line)
    if _modifier(spot)[0].startswith("~") and any(map(_VARYING.search, wanted.paths)):
        # Whether some of the addresses fit an expression cannot be told from examples: it is taken at its word.
        return
    raise Unsaid(f"{spot.name} does not serve {paths} of the surfaces; {beside} does", spot.file, spot.line)


def _takers(server: Spot, path: str, http: Http) -> dict[int, Spot]:
    """The locations that take examples of a path; none where one of them is not decided."""
    try:
        return {one.key: one for one in _serving_of(server, path, http)}
    except Unsaid:
        return {}


def _list(found: Iterable[Spot]) -> str:
    return _list_text(dict.fromkeys(spot.name for spot in found))


def _list_text(found: Iterable[str]) -> str:
    return ", ".join(sorted(found))[:300]


def _whole(server: Spot, decisive: Sequence[str]) -> Spot:
    """A server meant as a whole; where only its locations have what decides, the evidence has to name one."""
    inner = list(locations(server))
    differing = [spot for spot in inner if any(item.name in decisive for item in spot.own)]
    if differing and not any(nearest(server, name) for name in decisive):
        first = differing[0]
        what = next(item.name for item in first.own if item.name in decisive)
        raise Unsaid(f"{what} stands in {first.name}; name a location", first.file, first.line)
    names = _list_plain(differing)
    return replace(server, name=f"{server.name}, except {names}" if differing else server.name)


def _list_plain(found: Iterable[Spot]) -> str:
    return ", ".join(spot.name for spot in found)[:500]


def _only(found: Sequence[Spot], otherwise: str) -> Spot:
    if len(found) != 1:
        raise Unsaid(f"{otherwise}; name one with server", found[1].file, found[1].line)
    return found[0]


def _serving(found: list[Spot]) -> list[Spot]:
    """The spots, without those in servers that only answer with a return, unless none would remain."""
    return [spot for spot in found if not named(spot.levels[1], "return")] or found


# --- what comes before and after ---


def answer(spot: Spot) -> Directive | None:
    """A `return` that answers every request at a spot before any other module is asked."""
    return next(iter(named(spot.rewriting, "return")), None)


def is_refusal(code: str) -> bool:
    """Whether a status turns a request away; 444 closes the connection."""
    return _REFUSAL.fullmatch(code) is not None


def refuse_sent_on(spot: Spot) -> None:
    """Raise where `rewrite` sends requests on to another location before anything here is asked."""
    levels = [(False, spot.levels[1])] + ([(True, spot.own)] if spot.words else [])
    for is_own, item in ((is_own, item) for is_own, level in levels for item in named(level, "rewrite")):
        if _sends_on(item, spot, is_own=is_own):
            raise item.unsaid(f"a rewrite sends requests for {spot.name} on before it is asked; name where they go")


def _sends_on(rewrite: Directive, spot: Spot, *, is_own: bool) -> bool:
    """Whether a rewrite has a location looked up anew, and does not answer with a redirect or stay where it is."""
    flag = rewrite.args[2] if len(rewrite.args) > 2 else ""
    target = rewrite.args[1] if len(rewrite.args) > 1 else ""
    answers = flag in ("redirect", "permanent") or target.startswith(("http://", "https://", "$scheme"))
    return not answers and not (flag == "break" and is_own) and _may_concern(rewrite, spot)


def handed_on(
    spot: Spot, http: Http, codes: Collection[str] | None = None, but: set[int] | None = None
) -> Iterator[tuple[Directive, Spot]]:
    """Where requests for a spot may go within the server: by a rewrite, also in an `if`, or by an `error_page`.

    `codes` are the statuses that are meant; all where there are none. What is elsewhere, or varies, is left out, and so is
    what a directive says that is among `but`, to which those that are read are added.
    """
    known = set[int]() if but is None else but
    for is_own, level in ((False, spot.levels[1]), (True, spot.own if spot.words else ())):
        for item in _flat(level):
            if (
                item.name == "rewrite"
                and len(item.args) > 1
                and id(item) not in known
                and _sends_on(item, spot, is_own=is_own)
            ):
                known.add(id(item))
                yield from ((item, found) for found in _targets(spot, item.args[1], http))
    for item in nearest(spot, "error_page")[:ERROR_PAGES]:
        if item.args and id(item) not in known and (codes is None or not set(codes).isdisjoint(item.args[:-1])):
            known.add(id(item))
            yield from ((item, found) for found in _targets(spot, item.args[-1], http))


def returned(spot: Spot) -> set[str]:
    """The statuses that an `if` before a spot may answer with."""
    level = (*spot.levels[1], *(spot.own if spot.words else ()))
    return {inner.args[0] for item in named(level, "if") for inner in named(item.block or (), "return") if inner.args}


def later(spot: Spot, http: Http, decisive: str) -> Iterator[tuple[Directive, Spot]]:
    """The places that requests for a spot may go on to, for want of a file too, and what takes them from the spot.

    None where no location of the server has the directive that decides. Raises Unsaid where there are too many to follow.
    """
    server = Spot("", spot.levels[:2], spot.file, spot.line)
    if not any(named(inner.own, decisive) for inner in locations(server)):
        return
    seen, said = {spot.key}, set[int]()
    front: list[tuple[Directive | None, Spot]] = [(None, spot)]
    for _ in range(_HOPS):
        places, front = front, []
        for first, place in places:
            for item, found in _next(place, http, said):
                if found.key in seen:
                    continue
                seen.add(found.key)
                if len(seen) > _FOLLOWED:
                    raise item.unsaid(f"requests for {spot.name} are handed on to more than {_FOLLOWED} places")
                yield first or item, found
                front.append((first or item, found))


def _next(spot: Spot, http: Http, said: set[int]) -> Iterator[tuple[Directive, Spot]]:
    yield from handed_on(spot, http, but=said)
    handed = fallback(spot, http)
    if handed is not None:
        files = named(spot.own, "try_files") or named(spot.own, "index")
        yield files[0] if files else spot.at(), handed


def _targets(spot: Spot, target: str, http: Http) -> Iterator[Spot]:
    """The place that an address within the server, or a named location, leads to."""
    server = Spot("", spot.levels[:2], spot.file, spot.line)
    if target.startswith("@"):
        yield from (inner for inner in locations(server) if inner.words == target)
    elif target.startswith("/"):
        yield resolve(server, _VARIABLE.sub(_EXAMPLES[1], re.split(r"[?#]", target, maxsplit=1)[0]), http)


def _may_concern(rewrite: Directive, spot: Spot) -> bool:
    """Whether the expression of a rewrite can fit addresses of a location, by the plain text it begins with."""
    expression = rewrite.args[0] if rewrite.args else ""
    plain = re.match(r"\^?([A-Za-z0-9_/-]*)(?![*?{])", expression)
    begins = plain[1] if plain and expression.startswith("^/") and "|" not in expression else ""
    sign, text = _modifier(spot)
    is_plain = sign in ("", "=", "^~") and text
    return not begins or not is_plain or begins.startswith(text) or text.startswith(begins)


def refuse_answered_otherwise(spot: Spot, code: str, http: Http) -> None:
    """Raise where `error_page` hands a refused request to a program after all, its address unchanged."""
    found = nearest(spot, "error_page")
    if len(found) > ERROR_PAGES:
        raise found[0].unsaid(f"more than {ERROR_PAGES} error_page stand in one place")
    for item in found:
        target = item.args[-1] if item.args else ""
        if code not in item.args[:-1]:
            continue
        if _is_passed(spot, target, http):
            raise item.unsaid(f"error_page answers what is refused at {spot.name} in its own way ({target[:80]})")


def _is_passed(spot: Spot, target: str, http: Http) -> bool:
    """Whether the target of an error_page is handed to a program; also when that cannot be told."""
    if "$" in target or not target.startswith(("@", "/")):
        return "$" in target
    server = Spot("", spot.levels[:2], spot.file, spot.line)
    if target.startswith("@"):
        found = next((inner for inner in locations(server) if inner.words == target), None)
    else:
        found = resolve(server, re.split(r"[?#]", target, maxsplit=1)[0], http)
    if found is None:
        return True
    if answer(found) is not None:
        return False
    refuse_sent_on(found)
    handed = fallback(found, http)
    return passes(found) or (handed is not None and passes(handed))


def passes(spot: Spot) -> bool:
    """Whether a program answers at a spot; nginx serves files otherwise. Handlers are not taken over by inner levels."""
    return any(_PASSES.fullmatch(item.name) for item in _flat(spot.own))


def _flat(level: Iterable[Directive]) -> Iterator[Directive]:
    for item in level:
        yield item
        yield from (item.block or ()) if item.name in ("if", "limit_except") else ()


def refuse_foreign(spot: Spot, what: str) -> None:
    """Raise where another language or module decides: that nothing of nginx's own is there then proves nothing."""
    for level in spot.levels:
        for item in level:
            if _FOREIGN.fullmatch(item.name):
                raise item.unsaid(
                    f"no {what} is in effect for {spot.name}, but {item.name} decides there, which is not read"
                )


def fallback(spot: Spot, http: Http) -> Spot | None:
    """The location that `try_files` or an index page hands on to, whose headers then count; None where none does.

    Raises Unsaid when the target cannot be told.
    """
    found = named(spot.own, "try_files")
    server = Spot("", spot.levels[:2], spot.file, spot.line)
    if not found:
        return _index(spot, server, http)
    target = found[0].args[-1] if found[0].args else "="
    if target.startswith("="):
        return None
    if target.startswith("@"):
        inner = next((one for one in locations(server) if one.words == target), None)
        if inner is None:
            raise found[0].unsaid(f"try_files hands on to {target[:80]}, which is not in the configuration")
        return inner
    path = target.split("?", 1)[0]
    if "$" in path or not path.startswith("/"):
        raise found[0].unsaid("try_files hands on to an address that varies")
    return resolve(server, path, http)


def _index(spot: Spot, server: Spot, http: Http) -> Spot | None:
    """Where the index page of an exact location such as `= /` is served: its address is looked up anew."""
    sign, text = _modifier(spot)
    if sign != "=" or not text.endswith("/") or passes(spot) or answer(spot) is not None:
        return None
    pages = [word for item in nearest(spot, "index") for word in item.args] or ["index.html"]
    return resolve(server, text + pages[0], http)
