"""What Traefik configuration says about a declared rate limit: dynamic files (YAML, TOML) and its Kubernetes resources.

Read is the `rateLimit` middleware and which routers use it, directly, through a `chain`, or through an entry point
whose static configuration is named with `options: {static: path}` (written as the entry's `path` is). `inFlightReq`
limits what runs at once and is no rate; a middleware that no router uses limits nothing, which only a file with the
router of the address can show. The source is the reference of the RateLimit middleware: `average` 0 is no limit,
`period` is a second where it is not written, the source is the client's address where no criterion is. Labels of
containers are not read.

The entry picks with `location` (a router's name, or the path in its rule), `server` (the host in its rule) and `resource` or
`zone` (the middleware's name). Each instance counts for itself unless the middleware has `redis`; such a limit is told as
one that a person has to weigh. Notes never tell the numbers.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from policycheck.document import Document
from policycheck.evidence._foreign import (
    MOST,
    Address,
    At,
    Files,
    Unsaid,
    addresses_of,
    discovered,
    doubted,
    heard,
    host_fit,
    is_most,
    is_served,
    limit_control,
    listing,
    mapping,
    named,
    option,
    parsed,
    refuse_other_family,
    refuse_other_hosts,
    refuse_templates,
    spoken,
    template_line,
    text,
    whole,
)
from policycheck.evidence._rates import DWARFED, Rate, duration, is_dwarfed, numbers, of_header
from policycheck.model import Account, Discovered, Location, Reading

if TYPE_CHECKING:
    from policycheck.opener import Opener

KINDS_OF_SUBJECT: frozenset[str] = frozenset({"control"})
#: What is read holds at one address, so each surface of a control is asked for by itself.
BY_ADDRESS = True
FILES: tuple[str, ...] = ("*traefik*.y*ml", "*traefik*.toml", "*traefik/*.y*ml", "*dynamic*.y*ml", "*middleware*.y*ml")

#: The providers whose configuration a name leads to here, by what holds the name: a file, a resource, an annotation.
_FILE, _RESOURCE, _ANNOTATION = ("", "file"), ("", "kubernetescrd"), ("kubernetescrd",)
_ROUTER = "traefik.ingress.kubernetes.io/router."
_FAMILIES = ("rate_limit", "anomaly_throttle")
_GROUPS = ("traefik.io", "traefik.containo.us")
_TOML_CAP, _TOML_DOTS = 256 * 1024, 200
#: The most middlewares that are followed from one router.
_CHAINED = 200
_MATCHER = re.compile(r"\b(Host|HostSNI|PathPrefix|Path)\(([^()]{0,1000})\)")
#: Rules that are read: hosts, paths, or both; each may be one of several.
_HOSTS, _PATHS = r"(?:H|\(H(?:\|\|H)*\))", r"(?:P|\(P(?:\|\|P)*\))"
_PLAIN = re.compile(rf"(?:{_HOSTS}(?:&&{_PATHS})?|{_PATHS}(?:&&{_HOSTS})?|H(?:\|\|H)*|P(?:\|\|P)*)?")
_QUOTED = re.compile(r"[`\"']([^`\"']{1,300})[`\"']")
_EACH = "each instance counts for itself, so several let through as many times more"


class Middleware(NamedTuple):
    """A middleware by its name (`namespace/name` in Kubernetes): its settings and where it stands."""

    name: str
    data: dict[str, Any]
    at: At
    #: By what it is found: `namespace/name` in Kubernetes, else its name.
    key: str


class Router(NamedTuple):
    """A router: its name, its rule, the middlewares it names, and where it stands."""

    name: str
    rule: str
    uses: tuple[str, ...]
    priority: int
    at: At
    entries: tuple[str, ...] = ()
    #: Whether it takes requests by TLS alone; one that does not takes those without.
    is_tls: bool = False

    def literals(self, *matchers: str) -> list[str]:
        """The literal values of some matchers of the rule."""
        return [
            quoted for name, inner in _MATCHER.findall(self.rule) if name in matchers for quoted in _QUOTED.findall(inner)
        ]

    @property
    def is_plain(self) -> bool:
        """Whether the rule takes requests by hosts and paths alone."""
        rule = _MATCHER.sub(lambda found: "H" if found[1] == "Host" else "P", self.rule)
        return _PLAIN.fullmatch(re.sub(r"\s+", "", rule)) is not None

    def takes(self, address: Address) -> bool:
        """Whether the rule may take an address; of a rule that is not read, only when nothing in it says otherwise."""
        if not self.is_plain and re.search(r"!|\|\|", self.rule):
            return True
        if host_fit(address.host, self.literals("Host")) is None:
            return False
        exact, prefixes = self.literals("Path"), self.literals("PathPrefix")
        if not exact and not prefixes:
            return True
        return (address.is_whole and address.path in exact) or any(
            # PathPrefix takes all that begins so, within a name too: `/prod` takes `/products`.
            is_served(address.path or "/", prefix) or address.path.startswith(prefix)
            for prefix in prefixes
        )

    def takes_below(self, address: Address) -> bool:
        """Whether the rule takes a part of what lies below an address, by a longer path."""
        if address.is_whole or host_fit(address.host, self.literals("Host")) is None:
            return False
        longer = (path for path in self.literals("Path", "PathPrefix") if len(path) > len(address.path))
        return any(path.startswith(address.path) for path in longer)


class Point(NamedTuple):
    """An entry point of the static configuration: the middlewares that it adds to its routers; whether it only redirects."""

    name: str
    adds: tuple[str, ...]
    redirects: bool


class Setup(NamedTuple):
    """The routers and middlewares of a configuration, and the entry points by which requests come in."""

    routers: tuple[Router, ...]
    middlewares: dict[str, Middleware]
    points: tuple[Point, ...]
    #: The middlewares of routers that were asked for, by identity.
    known: dict[int, list[Middleware]]
    #: The routers of connections: they are asked before those of requests.
    connections: tuple[Router, ...] = ()
    #: Whether an entry point believes the forwarding headers of any client (`forwardedHeaders`: `insecure` or `trustedIPs`).
    is_insecure: bool = False

    def limits(self, router: Router) -> list[Middleware]:
        """The rate limits in effect for a router, those in chains too."""
        return [item for item in self._all(router) if _limit(item) is not None]

    def redirects(self, router: Router) -> bool:
        """Whether a router answers every request with a redirect to https."""
        schemes = [text(_member(mapping(_member(item.data, "redirectScheme")), "scheme")) for item in self._all(router)]
        return "https" in schemes

    def sets(self, router: Router, header: str, limit: Middleware) -> bool:
        """Whether a forwardAuth before a router's limit sets a header: it replaces what clients write there."""
        for item in self._all(router):
            if item is limit:
                return False
            headers = listing(_member(mapping(_member(item.data, "forwardAuth")), "authResponseHeaders"))
            if header.lower() in [text(each).lower() for each in headers]:
                return True
        return False

    def foreign(self, router: Router) -> str:
        """A middleware of another provider that a router leads to, by itself, a chain or an entry point; or empty."""
        return next((name for name in self._named(router) if "@" in name), "")

    def unread(self, router: Router) -> str:
        """A middleware of a router that is not in the file, or is a plugin: it may be a limit; or empty."""
        plugins = (item.name for item in self._all(router) if _member(item.data, "plugin") is not None)
        return next((name.strip("/") for name in self._named(router) if name not in self.middlewares), next(plugins, ""))

    def _named(self, router: Router) -> list[str]:
        """The names of all middlewares that a router leads to, by itself, a chain or an entry point."""
        inner = [name for item in self._all(router) for name in _inner(item)]
        return [*self._added(router), *router.uses, *inner]

    def _all(self, router: Router) -> list[Middleware]:
        found = self.known.get(id(router))
        if found is None:
            found = self.known[id(router)] = self._expanded((*self._added(router), *router.uses))
        return found

    def open_point(self, router: Router, limit: Middleware) -> str:
        """An entry point by which a router takes requests without a limit that another one adds; or empty."""
        if any(item is limit for item in self._expanded(router.uses)):
            return ""
        points = (point for point in self._points(router) if not point.redirects)
        return next((p.name for p in points if not any(item is limit for item in self._expanded(p.adds))), "")

    def _points(self, router: Router) -> list[Point]:
        """The entry points that a router listens at: all where it names none."""
        return [point for point in self.points if not router.entries or point.name in router.entries]

    def _added(self, router: Router) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for point in self._points(router) for name in point.adds))

    def _expanded(self, names: Sequence[str]) -> list[Middleware]:
        """The middlewares of these names and those that chains lead to; a name counts once, so that circles end."""
        pending, seen, found = list(reversed(names)), set[str](), list[Middleware]()
        while pending and len(seen) < _CHAINED:
            name = pending.pop()
            middleware = self.middlewares.get(name)
            if middleware is None or name in seen:
                continue
            seen.add(name)
            found.append(middleware)
            pending += reversed(_inner(middleware))
        return found


def _inner(middleware: Middleware) -> list[str]:
    """The names of the middlewares of a chain."""
    inner = listing(mapping(_member(middleware.data, "chain")).get("middlewares"))[:_CHAINED]
    return [_called(item, middleware.key) for item in inner]


def account(opener: Opener, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    """What the configuration at `path` (from the root) says about the declared rate limit `subject`."""
    return heard(opener, path, lambda files: _readings(files, path, options, subject))


def _readings(files: Files, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Iterator[Reading]:
    family = refuse_other_family("traefik", subject, _FAMILIES)
    points, is_insecure = _points(files, path, options)
    setup = _setup(_documents(files, path), path, points, is_insecure=is_insecure)
    for reading in _of_place(setup, path, options, subject):
        yield reading._replace(soft=reading.soft or family == "anomaly_throttle")


# --- files to routers and middlewares ---


class _Toml(Document):
    """A TOML document: the standard library gives no places, so a value stands at the heading of its table."""

    __slots__ = ("_lines", "_path")

    def __init__(self, data: dict[str, Any], path: str, content: str) -> None:
        super().__init__()
        self.data = data
        self._path = path
        self._lines: dict[int, int] = {}
        headings: dict[str, int] = {}
        for number, line in enumerate(content.splitlines(), 1):
            if line.lstrip().startswith("["):
                headings.setdefault(re.sub(r"[\[\]\s\"']|#.*", "", line).lower(), number)
        self._place_tables(data, "", headings)

    def _place_tables(self, top: dict[str, Any], prefix: str, headings: Mapping[str, int]) -> None:
        pending: list[tuple[Any, str, int]] = [(top, prefix, 1)]
        while pending:
            value, name, line = pending.pop()
            line = headings.get(name.lower(), line)
            self._lines[id(value)] = line
            inner = value.items() if isinstance(value, dict) else ((None, item) for item in value)
            for key, item in inner:
                if isinstance(item, (dict, list)):
                    pending.append((item, f"{name}.{key}".lstrip(".") if key is not None else name, line))

    def locate_key(self, container: Any, key: Any) -> Location | None:
        """The heading of the table that holds the value."""
        return Location(self._path, self._lines.get(id(container), 1), 1)


def _documents(files: Files, path: str) -> list[Document]:
    opened = files.opened(path)
    if not path.lower().endswith(".toml"):
        documents = parsed(opened)
        _refuse_comments(opened.data.decode("utf-8", "replace"), path, documents)
        return documents
    if len(opened.data) > _TOML_CAP:
        raise Unsaid(f"{path} is larger than {_TOML_CAP} bytes, the most TOML that is read", path)
    try:
        content = opened.data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unsaid(f"{path} is not UTF-8; save it as UTF-8", path) from None
    if not content.strip():
        raise Unsaid(f"{path} is empty", path)
    if line := template_line(content) or _templated(content):
        raise Unsaid(f"{path} is a template; render it first and name the result", path, line)
    for number, written in enumerate(content.splitlines(), 1):
        # The standard library's time grows with the square of the length of a dotted key.
        if written.count(".") > _TOML_DOTS:
            raise Unsaid(f"{path} has a line with more than {_TOML_DOTS} dots, the most that is read", path, number)
    try:
        return [_Toml(tomllib.loads(content), path, content)]
    except (ValueError, RecursionError) as error:
        raise Unsaid(f"{path} is not TOML: {str(error)[:100]}", path) from None


def _templated(content: str) -> int:
    """The first line with an action of a template, in a comment too: Traefik fills in its files before it reads them."""
    return next((number for number, line in enumerate(content.splitlines(), 1) if "{{" in line), 0)


def _refuse_comments(content: str, path: str, documents: Sequence[Document]) -> None:
    line = _templated(content)
    if line and any(isinstance(_member(document.data, "http"), dict) for document in documents):
        raise Unsaid(f"{path} is a template; render it first and name the result", path, line)


def _setup(documents: Sequence[Document], path: str, points: tuple[Point, ...] = (), *, is_insecure: bool = False) -> Setup:
    routers: list[Router] = []
    connections: list[Router] = []
    middlewares: dict[str, Middleware] = {}
    for document in documents:
        connections += _connections(document)
        group = text(document.data.get("apiVersion")).rpartition("/")[0]
        http = _member(document.data, "http")
        if group in _GROUPS or text(document.data.get("kind")) == "Ingress":
            _take_resource(document, routers, middlewares)
        elif isinstance(http, dict):
            refuse_templates(document, http)
            _take_file(document, http, routers, middlewares)
    if not routers and not middlewares:
        raise Unsaid(f"{path} has no Traefik routers or middlewares (labels of containers are not read)", path)
    return Setup(tuple(routers), middlewares, points, {}, tuple(connections), is_insecure)


def _connections(document: Document) -> Iterator[Router]:
    """The TCP routers of a file, or of an IngressRouteTCP."""
    written = mapping(_member(mapping(_member(document.data, "tcp")), "routers"))
    for name, data in written.items():
        router = mapping(data)
        entries = tuple(text(item) for item in listing(_member(router, "entryPoints")))
        yield Router(str(name), text(_member(router, "rule")), (), 0, At(document, written, name), entries)
    spec, name = mapping(document.data.get("spec")), text(mapping(document.data.get("metadata")).get("name"))
    entries = tuple(text(item) for item in listing(spec.get("entryPoints")))
    for route in map(mapping, listing(spec.get("routes")) if document.data.get("kind") == "IngressRouteTCP" else []):
        yield Router(name, text(route.get("match")), (), 0, At(document, route, "match"), entries)


def _member(data: Mapping[str, Any], name: str) -> Any:
    """A property by its name; Traefik's files are read whatever the case."""
    return next((value for key, value in data.items() if str(key).lower() == name.lower()), None)


def _take_file(document: Document, http: dict[str, Any], routers: list[Router], middlewares: dict[str, Middleware]) -> None:
    named_middlewares, named_routers = mapping(_member(http, "middlewares")), mapping(_member(http, "routers"))
    for name, data in named_middlewares.items():
        key = _called(name, "")
        middlewares[key] = Middleware(str(name), mapping(data), At(document, named_middlewares, name), key)
    for name, data in named_routers.items():
        router = mapping(data)
        uses = tuple(_called(item, "") for item in listing(_member(router, "middlewares")))
        rule, priority = text(_member(router, "rule")), whole(_member(router, "priority")) or 0
        entries = tuple(text(item) for item in listing(_member(router, "entryPoints")))
        at, is_tls = At(document, named_routers, name), _member(router, "tls") is not None
        if listing(_member(router, "parentRefs")):
            raise at.unsaid(f"the router {name} stands below others (parentRefs), of which nothing is read")
        routers.append(Router(str(name), rule, uses, priority or len(rule), at, entries, is_tls))


def _take_resource(document: Document, routers: list[Router], middlewares: dict[str, Middleware]) -> None:
    """A Middleware, an IngressRoute, or an Ingress with the annotation that names middlewares."""
    data = document.data
    kind, meta, spec = text(data.get("kind")), mapping(data.get("metadata")), mapping(data.get("spec"))
    refuse_templates(document, data)
    space = text(meta.get("namespace"))
    name = f"{space}/{text(meta.get('name'))}"
    if kind == "Middleware":
        middlewares[name] = Middleware(text(meta.get("name")), spec, At(document, data, "spec"), name)
    elif kind == "IngressRoute":
        entries = tuple(text(item) for item in listing(spec.get("entryPoints")))
        if listing(spec.get("parentRefs")):
            raise At(document, spec, "parentRefs").unsaid(
                f"{name} stands below others (parentRefs), of which nothing is read"
            )
        for route in map(mapping, listing(spec.get("routes"))):
            uses = tuple(_called(item, name) for item in listing(route.get("middlewares")))
            rule, priority = text(route.get("match")), whole(route.get("priority")) or 0
            at = At(document, route, "match")
            is_tls = spec.get("tls") is not None
            routers.append(Router(text(meta.get("name")), rule, uses, priority or len(rule), at, entries, is_tls))
    elif kind == "Ingress":
        notes = mapping(meta.get("annotations"))
        uses = tuple(_of_annotation(item, space) for item in _annotated(notes, "middlewares"))
        entries, priority = tuple(_annotated(notes, "entrypoints")), whole(notes.get(f"{_ROUTER}priority")) or 0
        for rule in _ingress_rules(spec):
            at = At(document, data, "metadata")
            is_tls = _annotated(notes, "tls") == ["true"]
            routers.append(Router(text(meta.get("name")), rule, uses, priority or len(rule), at, entries, is_tls))


def _annotated(notes: Mapping[str, Any], name: str) -> list[str]:
    """The names that an annotation of an Ingress lists."""
    return [item.strip() for item in text(notes.get(_ROUTER + name)).split(",") if item.strip()]


def _of_annotation(written: str, space: str) -> str:
    """`namespace-name@kubernetescrd`, taken apart where the namespace is the Ingress's own.

    Without a provider it is looked for among those that Ingresses make, of which there are none.
    """
    name, _, provider = written.partition("@")
    if provider not in _ANNOTATION:
        return written if provider else f"{written}@kubernetes"
    return f"{space}/{name.removeprefix(f'{space}-')}" if name.startswith(f"{space}-") else f"/{name}"


def _ingress_rules(spec: Mapping[str, Any]) -> list[str]:
    """The rules of an Ingress as Traefik makes a router of each path; one that takes all where there are none."""
    found = []
    for rule in [mapping(rule) for rule in listing(spec.get("rules"))] or [{}]:
        host, paths = text(rule.get("host")), listing(mapping(rule.get("http")).get("paths"))
        prefixes = [_ingress_path(mapping(path)) for path in paths] or [""]
        found += [" && ".join(filter(None, (f"Host(`{host}`)" if host else "", prefix))) for prefix in prefixes]
    return found


def _ingress_path(path: Mapping[str, Any]) -> str:
    matcher = "Path" if text(path.get("pathType")) == "Exact" else "PathPrefix"
    return f"{matcher}(`{text(path.get('path')) or '/'}`)"


def _called(item: object, owner: str) -> str:
    """The name by which a router or chain calls a middleware, as it is kept here: without the provider."""
    if isinstance(item, dict):
        space = text(item.get("namespace")) or owner.partition("/")[0]
        name = text(item.get("name"))
        return name if _is_foreign(name, _RESOURCE) else f"{space}/{name.partition('@')[0]}"
    return str(item) if _is_foreign(str(item), _FILE) else str(item).partition("@")[0]


def _is_foreign(name: str, read: tuple[str, ...]) -> bool:
    """Whether a name leads to a provider whose configuration is not read there, such as `@docker`."""
    return name.partition("@")[2] not in read


def _points(files: Files, path: str, options: Mapping[str, object]) -> tuple[tuple[Point, ...], bool]:
    """The entry points of the static configuration; whether any believes the forwarding headers of any client."""
    static = files.beside(path, options, "static")
    found: list[Point] = []
    is_insecure = False
    for document in files.documents(static) if static else []:
        for name, point in mapping(document.data.get("entryPoints")).items():
            http = mapping(mapping(point).get("http"))
            adds = tuple(_called(item, "") for item in listing(http.get("middlewares")))
            redirects = bool(mapping(mapping(http.get("redirections")).get("entryPoint")).get("to"))
            found.append(Point(str(name), adds, redirects))
            forwarded = mapping(mapping(point).get("forwardedHeaders"))
            is_insecure |= forwarded.get("insecure") is True or _is_any(listing(forwarded.get("trustedIPs")))
    return tuple(found), is_insecure


def _is_any(trusted: Sequence[object]) -> bool:
    """Whether the proxies that are believed are nearly everybody; what is no range is refused by Traefik itself."""
    try:
        return is_most([text(item) for item in trusted])
    except ValueError:
        return False


# --- a place to readings ---


def _of_place(setup: Setup, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Iterator[Reading]:
    wanted = option(options, "resource") or option(options, "zone")
    location, host = option(options, "location"), option(options, "server")
    if location or host:
        routers = _routers(setup, location, host)
        limits = [item for item in setup.limits(routers[0]) if not wanted or item.name == wanted.rpartition("/")[2]]
        _refuse_elsewhere(setup, routers, options)
        if not limits:
            _refuse_foreign(setup, routers)
            _refuse_unread_middlewares(setup, routers)
            said = f"the router {routers[0].name} uses no rateLimit middleware{f' {wanted}' if wanted else ''}"
            yield routers[0].at.reading("status", "planned", said)
            return
        readings = _numbers(setup, routers, limits, subject, f"for the router {routers[0].name}")
        yield from doubted(readings, _passing(setup, routers, limits, options))
        return
    limit = _middleware(setup, wanted, path)
    using = [router for router in setup.routers if any(item is limit for item in setup.limits(router))]
    if not using:
        _refuse_foreign(setup, setup.routers)
        _refuse_used_elsewhere(setup, limit, options)
        said = f"the middleware {limit.name} limits nothing: no router of this file uses it"
        yield limit.at.reading("status", "planned", said)
        return
    _refuse_elsewhere(setup, using, options)
    readings = _numbers(setup, using, [limit], subject, f"for {named(f'the router {router.name}' for router in using)}")
    yield from doubted(readings, _passing(setup, using, [limit], options))


def _passing(setup: Setup, using: Sequence[Router], limits: Sequence[Middleware], options: Mapping[str, object]) -> str:
    """Why requests may pass a limit by: at another entry point, or by a router with a longer path, asked first; or empty."""
    for router in using:
        open_points = [setup.open_point(router, limit) for limit in limits]
        if all(open_points):
            return f"the router {router.name} takes requests at the entry point {open_points[0]} too, without this limit"
    for tcp in setup.connections:
        is_met = any(not tcp.entries or not router.entries or set(tcp.entries) & set(router.entries) for router in using)
        hosts = tcp.literals("HostSNI")
        if is_met and (not hosts or any(host_fit(address.host, hosts) is not None for address in addresses_of(options))):
            return f"the TCP router {tcp.name} is asked first and may take connections, which then pass no middleware"
    least, sorts = min(router.priority for router in using), {_sort(router) for router in using}
    for router in setup.routers:
        is_limited = any(item is limit for item in setup.limits(router) for limit in limits)
        if is_limited or router.priority < least or _only_redirects(setup, router, sorts):
            continue
        for address in addresses_of(options):
            if router.takes_below(address):
                return f"the router {router.name} takes a part of {address} first, without this limit"
    return ""


def _refuse_used_elsewhere(setup: Setup, limit: Middleware, options: Mapping[str, object]) -> None:
    """Routers of other files, of labels, or of other kinds of resource may use a middleware that none here uses.

    Only where a router here serves the control's addresses without it is it settled that it limits nothing there.
    """
    addresses = addresses_of(options)
    here = [router for router in setup.routers if any(router.takes(address) for address in addresses)]
    _refuse_unread_middlewares(setup, here)
    if not setup.routers or (addresses and not here):
        said = f"no router of this file uses the middleware {limit.name}, nor serves the control's surfaces"
        raise limit.at.unsaid(f"{said}; name the file with the router (labels and HTTPRoutes are not read)")


def _refuse_unread_middlewares(setup: Setup, routers: Sequence[Router]) -> None:
    """A middleware of another file, or one that is a plugin, may be a limit or none."""
    _refuse_using(routers, setup.unread, "which is not in this file or is a plugin, and may be a limit")


def _refuse_foreign(setup: Setup, routers: Sequence[Router]) -> None:
    """A middleware of another provider may be a limit or none."""
    _refuse_using(routers, setup.foreign, "which another provider sets; name that configuration")


def _refuse_using(routers: Sequence[Router], used: Callable[[Router], str], why: str) -> None:
    for router in routers:
        if name := used(router):
            raise router.at.unsaid(f"the router {router.name} uses {name}, {why}")


def _routers(setup: Setup, location: str, host: str) -> list[Router]:
    """The routers that an entry means: those of an Ingress or IngressRoute are several, with the same limits."""
    fitting = [
        router
        for router in setup.routers
        if (not location or location == router.name or location in router.literals("Path", "PathPrefix"))
        and (not host or host in router.literals("Host"))
    ]
    if not fitting:
        raise Unsaid(f"no router fits {location or host}; the file has: {named(r.name for r in setup.routers)}")
    answers = {tuple(item.name for item in setup.limits(router)) for router in fitting}
    if len(answers) > 1:
        raise fitting[1].at.unsaid(f"several routers fit; name one with location: {named(r.name for r in fitting)}")
    return fitting


def _middleware(setup: Setup, wanted: str, path: str) -> Middleware:
    """The rate limit that the entry names, or the only one."""
    limits = [item for item in setup.middlewares.values() if _limit(item) is not None]
    fitting = [item for item in limits if not wanted or item.name == wanted.rpartition("/")[2]]
    if not fitting:
        inflight = any(_member(item.data, "inFlightReq") is not None for item in setup.middlewares.values())
        other = "; inFlightReq is no rate" if inflight else ""
        meant = f"middleware {wanted}" if wanted else "rateLimit middleware"
        raise Unsaid(f"no {meant} is in {path}{other}; it has: {named(m.name for m in setup.middlewares.values())}", path)
    if len(fitting) > 1:
        raise fitting[1].at.unsaid(
            f"several rateLimit middlewares; name one with resource: {named(m.name for m in fitting)}"
        )
    return fitting[0]


def _limit(middleware: Middleware) -> dict[str, Any] | None:
    found = _member(middleware.data, "rateLimit")
    return found if isinstance(found, dict) else None


def _refuse_elsewhere(setup: Setup, using: Sequence[Router], options: Mapping[str, object]) -> None:
    """A limit on other addresses proves nothing: of the routers that take a surface's path, the first to be asked counts.

    Traefik asks the router with the highest priority first, the length of the rule where none is written.
    """
    _refuse_unread(setup, using)
    addresses, sorts, ids = addresses_of(options), {_sort(router) for router in using}, {id(router) for router in using}
    for address in addresses:
        taking = [router for router in setup.routers if router.takes(address) and not _only_redirects(setup, router, sorts)]
        first = max(taking, key=lambda router: router.priority, default=None)
        if first is not None and id(first) in ids:
            _refuse_unread(setup, [first])
            others = [router for router in taking if id(router) not in ids]
            _refuse_beside(first, others, address)
            _refuse_tie(first, others, address)
            return
    if addresses:
        refuse_other_hosts(using[0].at, f"the router {using[0].name}", using[0].literals("Host"), options)
        there = named(map(str, addresses))
        raise using[0].at.unsaid(f"the router {using[0].name} does not serve {there} of the control's surfaces first")


def _only_redirects(setup: Setup, router: Router, sorts: Container[object]) -> bool:
    """Whether a router at other entry points sends all requests on to https, so that none gets by the limit there."""
    return setup.redirects(router) and _sort(router) not in sorts


def _sort(router: Router) -> tuple[frozenset[str], bool]:
    """Which sort of requests a router takes: its entry points, and whether with TLS or without."""
    return frozenset(router.entries), router.is_tls


def _refuse_unread(setup: Setup, using: Sequence[Router]) -> None:
    """A limit of routers that pick by more than hosts and paths holds for some requests only."""
    if not any(router.is_plain for router in using):
        said = f"the rule of the router {using[0].name} picks by more than hosts and paths; which requests is not known here"
        raise using[0].at.unsaid(said)


def _refuse_beside(first: Router, others: Sequence[Router], address: Address) -> None:
    """Requests that come in by another entry point, or without TLS, go by the limit."""
    for router in others:
        if _sort(router) != _sort(first):
            is_there = set(router.entries) != set(first.entries)
            how = "at other entry points" if is_there else f"{'with' if router.is_tls else 'without'} TLS, other"
            raise router.at.unsaid(f"the router {router.name} takes {address} {how} than {first.name}, without the limit")


def _refuse_tie(first: Router, others: Sequence[Router], address: Address) -> None:
    """Of routers with the same priority any may be asked first: Traefik says nothing of their order."""
    for router in others:
        if router.priority == first.priority:
            why = f"with the same priority as {first.name} and without the limit; which is asked first is not known here"
            raise router.at.unsaid(f"the router {router.name} takes {address} {why}; write a priority")


def _numbers(
    setup: Setup, using: Sequence[Router], limits: Sequence[Middleware], subject: Mapping[str, object], where: str
) -> Iterator[Reading]:
    """What rate limits say that all apply; one without an average limits nothing."""
    working = [item for item in limits if _average(item)]
    if not working:
        first = limits[0]
        said = f"the average of {first.name} is 0 or not written, which is no limit"
        yield At(first.at.document, _limit(first)).reading("status", "planned", said)
        return
    standings = {id(item): _standing(setup, using, item) for item in working}
    sound = [item for item in working if standings[id(item)][0] in ("address", "account", "shared")]
    best = (sound or working)[0]
    standing, why = standings[id(best)]
    counted = [item for item in working if standings[id(item)][0] == standing]
    note = "; ".join(filter(None, (f"rateLimit {named(item.name for item in counted)} {where}", why)))
    rates, doubt = [_rate(item) for item in counted], ""
    if standing == "chosen":
        yield rates[0].at.reading("status", "observing", note)
    elif standing != "opaque":
        burst = _at_once(best)[0] if len(counted) == 1 else 0
        dwarfed = DWARFED if is_dwarfed(rates[0].amount, burst, subject) else ""
        doubt = "; ".join(filter(None, (_doubt(setup, using, counted), dwarfed)))
        yield from doubted([rates[0].at.reading("status", "deployed", note)], doubt)
    is_shared = all(isinstance(_member(_limit(item) or {}, "redis"), dict) for item in counted)
    each = "" if is_shared else f"; {_EACH}"
    yield from doubted(numbers(rates, subject, note + each, soft=not is_shared), doubt)
    if len(counted) == 1:
        yield _burst(best, is_shared=is_shared)
    if standing == "address":
        strategy = mapping(_member(_criterion(best), "ipStrategy"))
        proxies = "; which address that is depends on the proxies before it" if strategy else ""
        unit = rates[0].at.reading("params.unit", "ip", f"{best.name} counts by address{proxies}", soft=bool(strategy))
        yield from doubted([unit], doubt)


def _doubt(setup: Setup, using: Sequence[Router], counted: Sequence[Middleware]) -> str:
    """Why a limit that is there may be passed by; empty when nothing in the file says so."""
    foreign = next(filter(None, map(setup.foreign, using)), "")
    if foreign:
        return f"{foreign} is of another provider and not read: what it changes before the limit is not known here"
    if all(_is_forwarded(item) for item in counted):
        return "the address is taken from X-Forwarded-For: whether clients can write it depends on the proxies before it"
    return ""


def _is_forwarded(middleware: Middleware) -> bool:
    """Whether the address that is counted is one of a header: `depth` and `excludedIPs` of the ipStrategy say which."""
    strategy = mapping(_member(_criterion(middleware), "ipStrategy"))
    return _member(strategy, "depth") not in (None, 0) or bool(listing(_member(strategy, "excludedIPs")))


def _average(middleware: Middleware) -> int:
    limit = _limit(middleware) or {}
    average = whole(_member(limit, "average") if _member(limit, "average") is not None else 0)
    if average is None or average < 0:
        raise At(middleware.at.document, limit).unsaid(f"the average of {middleware.name} is no whole number")
    return average


def _rate(middleware: Middleware) -> Rate:
    """`average` in a `period`: a duration, or seconds as a number."""
    limit = _limit(middleware) or {}
    written = _member(limit, "period")
    number = whole(written)
    seconds = Fraction(1) if written is None else Fraction(number) if number is not None else duration(written)
    key = next((key for key in limit if str(key).lower() == "average"), None)
    at = At(middleware.at.document, limit, key)
    if seconds is None or seconds < 0:
        raise at.unsaid(f"the period of {middleware.name} is no duration such as 1m")
    return Rate(_average(middleware), seconds or Fraction(1), at, is_steady=True)


def _burst(middleware: Middleware, *, is_shared: bool) -> Reading:
    burst, at = _at_once(middleware)
    return at.reading("params.burst", burst, f"burst of {middleware.name}", soft=not is_shared)


def _at_once(middleware: Middleware) -> tuple[int, At]:
    """How many at once; 1 where it is not written."""
    limit = _limit(middleware) or {}
    written = _member(limit, "burst")
    burst = 1 if written is None else whole(written)
    key = next((key for key in limit if str(key).lower() == "burst"), None)
    at = At(middleware.at.document, limit, key)
    if burst is None:
        raise at.unsaid(f"the burst of {middleware.name} is no whole number")
    return max(burst, 1), at


def _criterion(middleware: Middleware) -> dict[str, Any]:
    return mapping(_member(_limit(middleware) or {}, "sourceCriterion"))


def _standing(setup: Setup, using: Sequence[Router], middleware: Middleware) -> tuple[str, str]:
    """Whom a rate limit counts, and why that matters."""
    criterion = _criterion(middleware)
    header, is_host = text(_member(criterion, "requestHeaderName")), _member(criterion, "requestHost") is True
    excluded = [text(item) for item in listing(_member(mapping(_member(criterion, "ipStrategy")), "excludedIPs"))]
    if excluded and _is_everybody(excluded):
        raise middleware.at.unsaid(
            f"excludedIPs of {middleware.name} hold nearly every address; whom it counts is not known"
        )
    if _is_forwarded(middleware) and setup.is_insecure:
        why = "X-Forwarded-For, which an entry point believes of any client (forwardedHeaders)"
        return "chosen", f"{middleware.name} counts by {why}: the limit can be bypassed"
    if header and (is_host or mapping(_member(criterion, "ipStrategy"))):
        raise middleware.at.unsaid(f"{middleware.name} has several source criteria, which exclude each other")
    if header and all(setup.sets(router, header, middleware) for router in using):
        return "account", f"{middleware.name} counts by the header {header}, which the answer of forwardAuth sets"
    if header:
        return of_header(header, middleware.name)
    return ("shared", "one counter for all clients of a host") if is_host else ("address", "")


def _is_everybody(ranges: Sequence[str]) -> bool:
    try:
        return is_most(ranges)
    except ValueError:
        return True


# --- discover ---


def discover(opener: Opener, path: str) -> tuple[Discovered, ...]:
    """The rate limits of a configuration that a router uses."""
    return discovered(opener, path, lambda files: _found(files, path), (b"rateLimit",))


def _found(files: Files, path: str) -> Iterator[Discovered]:
    setup = _setup(_documents(files, path), path)
    for middleware in [item for item in setup.middlewares.values() if _limit(item) is not None][:MOST]:
        entry = {"kind": "traefik", "path": path, "resource": middleware.name}
        readings = spoken(partial(_of_place, setup, path, entry, {"family": "rate_limit"}))
        if any(reading.path == ("status",) and reading.value != "planned" for reading in readings):
            yield limit_control(middleware.name, entry, readings)
