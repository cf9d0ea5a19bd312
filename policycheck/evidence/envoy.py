"""What Envoy configuration says about a declared rate limit: static configuration, and Istio's EnvoyFilter around it.

Read are the HTTP filters `envoy.filters.http.local_ratelimit` (a token bucket in each Envoy process; `filter_enabled` and
`filter_enforced` are 0 % where they are not written) and `envoy.filters.http.ratelimit`, which asks a rate limit service
and says nothing of the limits: name the service's own file with `options: {service: path}`, written as the entry's `path`
is. The sources are the v3 API of both filters and the README of envoyproxy/ratelimit.

The entry picks with `location` (the prefix, path or name of a route), `server` (a virtual host's name or domain), `zone`
(the `stat_prefix` of a local limit), `options: {descriptor: …}` (the key of a descriptor, such as `remote_address`;
`default` for the bucket beside the descriptors of a local limit) and `resource` (the name of an EnvoyFilter). A bucket in
each process is told as a limit that a person has to weigh. Notes never tell the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from policycheck.evidence._foreign import (
    MOST,
    Address,
    At,
    Files,
    Unsaid,
    addresses_of,
    containers,
    discovered,
    doubted,
    heard,
    host_fit,
    is_served,
    limit_control,
    listing,
    mapping,
    named,
    option,
    paths_of,
    refuse_other_family,
    refuse_other_hosts,
    refuse_templates,
    spoken,
    text,
    whole,
)
from policycheck.evidence._rates import DWARFED, STANDINGS, UNITS, Rate, duration, is_dwarfed, numbers, of_header
from policycheck.model import Account, Discovered, Reading

if TYPE_CHECKING:
    from policycheck.document import Document
    from policycheck.opener import Opener

KINDS_OF_SUBJECT: frozenset[str] = frozenset({"control"})
#: What is read holds at one address, so each surface of a control is asked for by itself.
BY_ADDRESS = True
FILES: tuple[str, ...] = ("*envoy*.y*ml", "*envoy*.json", "*ratelimit*.y*ml", "*rate-limit*.y*ml")

_FAMILIES = ("rate_limit", "anomaly_throttle")
_LOCAL, _GLOBAL = "envoy.filters.http.local_ratelimit", "envoy.filters.http.ratelimit"
_LOCAL_TYPE = "http.local_ratelimit.v3.LocalRateLimit"
_GLOBAL_TYPE, _OFF_TYPE = "http.ratelimit.v3.RateLimit", "route.v3.FilterConfig"
#: What a route can pick requests by beside the path.
_NARROW = (
    "headers",
    "query_parameters",
    "cookies",
    "grpc",
    "runtime_fraction",
    "tls_context",
    "dynamic_metadata",
    "filter_state",
)
#: Names on which a verdict hangs, as the JSON of protocol buffers also writes them. EnvoyFilter's own words are others.
_CAMEL = (
    "typedConfig", "typedPerFilterConfig", "httpFilters", "virtualHosts", "rateLimits", "tokenBucket", "filterEnabled",
    "filterEnforced", "defaultValue", "tokensPerFill", "failureModeDeny", "requestHeaders", "remoteAddress", "genericKey",
    "localRateLimitPerDownstreamConnection", "alwaysConsumeDefaultTokenBucket", "useRemoteAddress",
)  # fmt: skip
#: Whether a local limit takes what virtual hosts send, by name or number (`VhRateLimitsOptions`).
_INCLUDED, _IGNORED = ("INCLUDE", 1), ("IGNORE", 2)
#: What a descriptor is made of: keys with their values, which are empty where they vary.
Entries = tuple[tuple[str, str], ...]
_DENOMINATORS = {"HUNDRED": 100, "TEN_THOUSAND": 10_000, "MILLION": 1_000_000}
_ADDRESS_KEYS = ("remote_address", "masked_remote_address")
#: The keys that actions give where none is written (`RateLimit.Action`).
_KEYS = {name: name for name in (*_ADDRESS_KEYS, "source_cluster", "destination_cluster", "generic_key")}
_KEYS |= {"header_value_match": "header_match", "query_parameter_value_match": "query_match"}
#: What a descriptor of the service is made of; of anything else it may refuse the file, or limit in another way.
_OF_SERVICE = (
    "key", "value", "descriptors", "rate_limit", "unit", "requests_per_unit", "unlimited", "name", "replaces",
    "shadow_mode", "detailed_metric",
)  # fmt: skip
#: The most entries of a descriptor that are looked at.
_ENTRIES = 20
_EACH = "each Envoy process has a bucket of its own, so several let through as many times more"


class Settings(NamedTuple):
    """One typed configuration of a limiter: its document, the settings, and where it is put (a route, a host, a filter)."""

    document: Document
    data: dict[str, Any]
    names: tuple[str, ...]
    hosts: tuple[str, ...]
    what: str
    holder: dict[str, Any]

    @property
    def label(self) -> str:
        """What it is called in notes."""
        prefix = text(self.data.get("stat_prefix"))
        return self.what if not prefix or self.what.endswith(f" {prefix}") else f"{self.what}, {prefix}".removeprefix(", ")

    def at(self, key: str | None = None) -> At:
        """Where the settings, or one of them, stand."""
        return At(self.document, self.data, key if key in self.data else None)


class Routes(NamedTuple):
    """A route, virtual host or route configuration: what it is called and what it holds."""

    document: Document
    data: dict[str, Any]
    names: tuple[str, ...]
    hosts: tuple[str, ...]


def account(opener: Opener, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    """What the Envoy configuration at `path` (from the root) says about the declared rate limit `subject`."""
    return heard(opener, path, lambda files: _readings(files, path, options, subject))


def _readings(files: Files, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Iterator[Reading]:
    family = refuse_other_family("envoy", subject, _FAMILIES)
    documents = _picked(files.documents(path), option(options, "resource"))
    service = files.beside(path, options, "service")
    if service:
        readings = _of_service(files, documents, service, path, options, subject)
    else:
        limiters = _filters(documents, _LOCAL_TYPE, "local_ratelimit"), _overrides(documents)
        readings = _of_local(documents, limiters, path, options, subject)
    for reading in readings:
        _refuse_unseen(reading, documents)
        yield reading._replace(soft=reading.soft or family == "anomaly_throttle")


def _picked(documents: Sequence[Document], wanted: str) -> list[Document]:
    """The documents of Envoy configuration: of several EnvoyFilters, the one that the entry names, if it names one."""
    found = []
    for document in documents:
        kind, name = text(document.data.get("kind")), text(mapping(document.data.get("metadata")).get("name"))
        namespace = text(mapping(document.data.get("metadata")).get("namespace"))
        names = (name, f"{kind}/{name}".lower(), f"{namespace}/{name}")
        if not wanted or wanted in names or wanted.lower() in names:
            found.append(document)
    if not found:
        there = (text(mapping(document.data.get("metadata")).get("name")) for document in documents)
        raise Unsaid(f"no resource {wanted} is in the file; it has: {named(there)}")
    for document in found:
        refuse_templates(document, document.data)
        for holder in containers(document.data):
            camel = next((name for name in _CAMEL if name in holder), "")
            if camel:
                said = (
                    f"{camel} is written in lowerCamelCase, of which nothing is read; write the API's own names (snake_case)"
                )
                raise At(document, holder, camel).unsaid(said)
    return found


def _refuse_unseen(reading: Reading, documents: Sequence[Document]) -> None:
    """What is missing or off here may be set in what Envoy loads beside: routes by RDS, filters by ECDS, other patches."""
    if reading.path != ("status",) or reading.value not in ("planned", "observing"):
        return
    if reading.file not in [At(document, document.data).place()[0] for document in documents]:
        return
    holders = [holder for document in documents for holder in containers(document.data)]
    there = {text(holder.get("name")) for holder in holders if isinstance(holder.get("virtual_hosts"), list)}
    asked = {_asked(holder) for holder in holders if "rds" in holder}
    is_patch = any(text(document.data.get("kind")) == "EnvoyFilter" for document in documents)
    if asked - there or any("scoped_routes" in holder for holder in holders):
        why = "its routes come from elsewhere (rds) and may set it for themselves; name a file that has them too"
    elif any("config_discovery" in holder for holder in holders):
        why = "a filter comes from elsewhere (config_discovery)"
    elif is_patch and reading.value == "planned":
        why = "another EnvoyFilter may set it; name a file that has them all"
    else:
        return
    raise Unsaid(f"{reading.note}, but {why}", reading.file, reading.line)


# --- where limiters are put ---


def _is_of(value: Mapping[str, Any], kind: str) -> bool:
    types = (text(value.get("@type")), text(value.get("type_url")))
    return any(found.endswith(f".{kind}") for found in types)


def _typed(value: object) -> dict[str, Any]:
    """The settings of a typed configuration; a TypedStruct, as Istio writes them, has them under `value`."""
    data = mapping(value)
    return mapping(data.get("value")) if text(data.get("@type")).endswith(".TypedStruct") else data


def _kept(document: Document) -> Iterator[dict[str, Any]]:
    """Every mapping of a document but those of patches that take something out."""
    removed: set[int] = set()
    for holder in containers(document.data):
        patch = mapping(holder.get("patch"))
        if text(patch.get("operation")) == "REMOVE":
            removed |= {id(inner) for inner in containers(patch)}
        if id(holder) not in removed:
            yield holder


def _filters(documents: Sequence[Document], kind: str, what: str) -> list[Settings]:
    """The limiters among HTTP filters, in a chain or in a patch that inserts one."""
    found = []
    for document in documents:
        for holder in _kept(document):
            config = holder.get("typed_config")
            if isinstance(config, dict) and _is_of(config, kind):
                found.append(Settings(document, _typed(config), (), (), what, holder))
    return found


def _routes(documents: Sequence[Document]) -> list[Routes]:
    """Everything that can hold settings for a filter: routes with their virtual host's domains, and patches of these."""
    found = []
    for document in documents:
        domains: dict[int, tuple[str, ...]] = {}
        patched: set[int] = set()
        for holder in _kept(document):
            patch = mapping(mapping(holder.get("patch")).get("value"))
            if "applyTo" in holder and "typed_per_filter_config" in patch:
                patched.add(id(patch))
                found.append(Routes(document, patch, *_patched(holder)))
            elif isinstance(holder.get("domains"), list):
                hosts = (text(holder.get("name")), *map(text, holder["domains"]))
                domains |= {id(route): hosts for route in listing(holder.get("routes"))}
                found.append(Routes(document, holder, (), hosts))
            elif id(holder) not in patched and _is_route(holder):
                # Without a match it is no route, whatever its name: a route configuration or a weighted cluster.
                names = _route_names(holder) if "match" in holder else ()
                found.append(Routes(document, holder, names, domains.get(id(holder), ())))
    return found


def _is_route(holder: Mapping[str, Any]) -> bool:
    return "typed_per_filter_config" in holder or bool(_route_names(holder) and isinstance(holder.get("match"), dict))


def _patched(patch: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The route and virtual host that a patch of an EnvoyFilter is for."""
    host = mapping(mapping(mapping(patch.get("match")).get("routeConfiguration")).get("vhost"))
    names = (text(mapping(host.get("route")).get("name")), text(host.get("name")))
    return tuple(name for name in names[:1] if name), tuple(name for name in names[1:] if name)


def _route_names(route: Mapping[str, Any]) -> tuple[str, ...]:
    match = mapping(route.get("match"))
    names = (text(route.get("name")), *(text(match.get(key)) for key in ("prefix", "path", "path_separated_prefix")))
    return tuple(name for name in names if name)


def _names(filters: Sequence[Settings], usual: str) -> list[str]:
    """The names by which routes can set a filter for themselves: its own, which may be any, and the usual one."""
    holders = [item.holder for item in filters]
    return list(dict.fromkeys([usual, *(text(holder.get("name")) for holder in holders if text(holder.get("name")))]))


class Serving(NamedTuple):
    """A route that may be the one that takes an address, with the virtual host that holds it."""

    document: Document
    route: dict[str, Any]
    host: dict[str, Any]
    label: str


def _serving(documents: Sequence[Document], options: Mapping[str, object]) -> list[Serving]:
    """The routes that take an address of the control: the first that fits, and those before it that pick by more."""
    found: list[Serving] = []
    addresses = addresses_of(options)
    walked = documents if addresses else ()
    hosts = [(document, holder) for document in walked for holder in containers(document.data) if _is_host(holder)]
    for address in addresses:
        # A domain with a port is for requests that name it, too: which of the two a surface's do is not known.
        for has_port in (False, True):
            fits = [(_domain_fit(address, holder, has_port=has_port), document, holder) for document, holder in hosts]
            best = max((fit for fit, _, _ in fits if fit is not None), default=None)
            for _, document, holder in [item for item in fits if item[0] == best and best is not None]:
                found += _first_routes(document, holder, address)
    return found


def _domain_fit(address: Address, holder: Mapping[str, Any], *, has_port: bool) -> int | None:
    """How closely the domains of a virtual host, of those with a port or of those without, name an address's host."""
    domains = [domain for domain in map(text, holder["domains"]) if (":" in domain) is has_port]
    return host_fit(address.host, domains, is_inner=True) if domains else None


def _has_hosts(documents: Sequence[Document]) -> bool:
    return any(_is_host(holder) for document in documents for holder in containers(document.data))


def _is_host(holder: Mapping[str, Any]) -> bool:
    return isinstance(holder.get("domains"), list) and isinstance(holder.get("routes"), list)


def _first_routes(document: Document, host: dict[str, Any], address: Address) -> Iterator[Serving]:
    for route in [item for item in host["routes"] if isinstance(item, dict)]:
        match = mapping(route.get("match"))
        exact = text(match.get("path"))
        prefix, separated = text(match.get("prefix")), text(match.get("path_separated_prefix"))
        is_narrow = any(match.get(key) for key in _NARROW) or not (exact or prefix or separated)
        path = address.path or "/"
        if match.get("case_sensitive") is False:
            exact, prefix, separated, path = exact.lower(), prefix.lower(), separated.lower(), path.lower()
        if (exact and not (address.is_whole and path == exact)) or (prefix and not path.startswith(prefix)):
            continue
        if separated and not is_served(path, separated):
            continue
        yield Serving(document, route, host, f"the route {named(_route_names(route)[:1])}")
        if not is_narrow:
            return


def _passed_by(serving: Sequence[Serving], options: Mapping[str, object], is_limited: Callable[[Serving], bool]) -> str:
    """Why requests to a part of a surface may pass a limit by: a route before with a longer path; or empty."""
    there, hosts = {id(item.route) for item in serving}, {id(item.host): item for item in serving}
    for taking in hosts.values():
        routes = [item for item in taking.host["routes"] if isinstance(item, dict)]
        before = max(index for index, item in enumerate(routes) if id(item) in there)
        for route in [route for route in routes[:before] if "redirect" not in route]:
            address = next((one for one in addresses_of(options) if _is_below(mapping(route.get("match")), one)), None)
            item = Serving(taking.document, route, taking.host, f"the route {named(_route_names(route)[:1])}")
            if address is not None and not is_limited(item):
                return f"{item.label} takes a part of {address} first, without this limit"
    return ""


def _is_below(match: Mapping[str, Any], address: Address) -> bool:
    longer = next(filter(None, (text(match.get(key)) for key in ("prefix", "path", "path_separated_prefix"))), "")
    return not address.is_whole and longer != address.path and longer.startswith(address.path or "/")


def _matched(documents: Sequence[Document], limiters: Sequence[Settings]) -> str:
    """Why a filter may be skipped: it stands in an extension with a matcher, which is not read; or empty."""
    for document in documents:
        for config in containers(document.data):
            if _is_of(config, "matching.v3.ExtensionWithMatcher") and _holds(config, _holders(limiters)):
                return "the filter stands in an extension with a matcher, which may skip it for some requests"
    return ""


def _refuse_other_routes(
    chosen: Settings,
    limiters: tuple[list[Settings], list[Settings]],
    documents: Sequence[Document],
    options: Mapping[str, object],
) -> list[Serving]:
    """The routes that take the control's addresses; each has to use the chosen settings."""
    serving = _serving(documents, options)
    if addresses_of(options) and not serving and _has_hosts(documents):
        raise chosen.at().unsaid(f"no route serves {named(map(str, addresses_of(options)))} of the control's surfaces")
    uses = _users(chosen, limiters)
    for item in serving:
        if not uses(item):
            said = f"{item.label} takes {named(map(str, addresses_of(options)))} and has other settings than {chosen.label}"
            raise At(item.document, item.route).unsaid(said)
    return serving


def _users(chosen: Settings, limiters: tuple[list[Settings], list[Settings]]) -> Callable[[Serving], bool]:
    """What tells whether a route uses the chosen settings: its own come before its host's, and these before the filter's."""
    own: dict[int, list[Settings]] = {}
    for item in limiters[1]:
        own.setdefault(id(item.holder), []).append(item)

    def uses(item: Serving) -> bool:
        using = own.get(id(item.route)) or own.get(id(item.host)) or limiters[0]
        return any(one.data is chosen.data for one in using)

    return uses


def _sent(serving: Serving, stage: int | None, of_host: object = None) -> set[Entries]:
    """The descriptors that a route sends: its own, or its virtual host's.

    Those of the host are sent where the route has none, and besides by `include_vh_rate_limits`; else `of_host` says
    (`vh_rate_limits` of a local limit): always, or never.
    """
    own, hosts = listing(mapping(serving.route.get("route")).get("rate_limits")), listing(serving.host.get("rate_limits"))
    if mapping(serving.route.get("route")).get("include_vh_rate_limits") is not True:
        is_ignored = of_host in _IGNORED or (bool(own) and of_host not in _INCLUDED)
        hosts = [] if is_ignored else hosts
    return _made([*own, *hosts], stage)


def _made(limits: Sequence[object], stage: int | None) -> set[Entries]:
    """The descriptors that some `rate_limits` make before a request is answered."""
    return {
        tuple(_entry_of(action) for action in listing(limit.get("actions")) if isinstance(action, dict))
        for limit in map(mapping, limits)
        if whole(limit.get("stage", 0)) == stage and limit.get("apply_on_stream_done") is not True
    }


def _is_sent(wanted: Entries, sent: Iterable[Entries]) -> bool:
    """Whether one of the descriptors is the wanted one: key by key, and value by value where both are fixed."""
    return any(len(one) == len(wanted) and all(map(_is_same, wanted, one)) for one in sent)


def _is_same(wanted: tuple[str, str], sent: tuple[str, str]) -> bool:
    """Whether an entry fits; a value of a service that ends in `*` is for all that begin so."""
    start = wanted[1].removesuffix("*")
    is_value = not wanted[1] or not sent[1] or sent[1] == wanted[1] or (start != wanted[1] and sent[1].startswith(start))
    return wanted[0] == sent[0] and is_value


def _overrides(documents: Sequence[Document]) -> list[Settings]:
    """The local limits that routes and virtual hosts set for themselves; one that only switches the filter off, too."""
    found = []
    names = _names(_filters(documents, _LOCAL_TYPE, ""), _LOCAL)
    for route in _routes(documents):
        configs = mapping(route.data.get("typed_per_filter_config"))
        config = next((mapping(configs[name]) for name in names if mapping(configs.get(name))), {})
        data = _own(config)
        if data:
            what = f"the route {named(route.names[:1])}" if route.names else f"the virtual host {named(route.hosts)}"
            found.append(Settings(route.document, data, route.names, route.hosts, what, route.data))
    return found


def _own(config: dict[str, Any]) -> dict[str, Any]:
    """The settings in a typed configuration of a route; empty for a FilterConfig that sets nothing and only switches on."""
    if _is_off(config) or not _is_of(config, _OFF_TYPE):
        return config if _is_off(config) else _typed(config)
    return _typed(config.get("config"))


def _is_off(config: Mapping[str, Any]) -> bool:
    """Whether a configuration of a route switches a filter off; what is neither true nor false may."""
    return config.get("disabled") not in (None, False) and "token_bucket" not in config


# --- which listener, and which level above a route ---


def _managers(documents: Sequence[Document]) -> list[dict[str, Any]]:
    """The connection managers, one a filter chain: each has its own filters before its own routes."""
    found = [holder for document in documents for holder in containers(document.data)]
    return [holder for holder in found if isinstance(holder.get("http_filters"), list)]


def _holds(above: object, ids: Container[int]) -> bool:
    """Whether one of these mappings, by identity, is in something."""
    return any(id(holder) in ids for holder in containers(above))


def _holders(limiters: Sequence[Settings]) -> set[int]:
    return {id(item.holder) for item in limiters}


def _refuse_other_listeners(
    filters: Sequence[Settings], places: Sequence[tuple[Document, dict[str, Any], str]], documents: Sequence[Document]
) -> None:
    """A filter acts on the routes of its own listener; one before others says nothing of the places that are meant."""
    managers = _managers(documents)
    holders = _holders(filters)
    guarded = {id(one) for one in managers if _holds(one["http_filters"], holders)}
    is_all, asked = len(guarded) == len(managers), [_asked(one) for one in managers]
    if not guarded or (is_all and not any(asked)):
        return
    is_told = all(name or "route_config" in one for one, name in zip(managers, asked, strict=True))
    inside = [(one, {id(holder) for holder in containers(one)}) for one in managers]
    beside = [
        (text(holder.get("name")), {id(inner) for inner in containers(holder)})
        for holder in (holder for document in documents for holder in containers(document.data))
        if any(asked) and isinstance(holder.get("virtual_hosts"), list)
    ]
    for document, data, label in places:
        around = [one for one, ids in inside if id(data) in ids]
        names = {name for name, ids in beside if id(data) in ids}
        around = around or [one for one, name in zip(managers, asked, strict=True) if name and name in names]
        with_filter = [one for one in around if id(one) in guarded]
        if (around and len(with_filter) == len(around)) or (not around and is_all and not is_told):
            continue
        if with_filter or not (around or is_told):
            why = "is behind several listeners, not all of which have the filter; which is not known here"
            raise At(document, data).unsaid(f"{label} {why}")
        raise At(document, data).unsaid(f"{label} is behind another listener than the rate limit filter")


def _asked(manager: Mapping[str, Any]) -> str:
    """The name of the routes that a connection manager asks for by RDS; empty where it has its own."""
    return text(mapping(manager.get("rds")).get("route_config_name"))


def _refuse_unread_levels(chosen: Settings | None, levels: Iterable[tuple[Document, dict[str, Any]]]) -> None:
    """Settings for all routes of a listener, or for one of a route's weighted clusters, are not weighed against others."""
    for document, holder in levels:
        is_chosen = chosen is not None and holder is chosen.holder
        is_below = chosen is not None and "virtual_hosts" in holder and (chosen.names or chosen.hosts)
        if not is_chosen and not is_below:
            raise At(document, holder, "typed_per_filter_config").unsaid(
                "the filter has settings of its own for a route configuration or a weighted cluster, which are not read"
            )


def _is_optional(holder: Mapping[str, Any], names: Sequence[str]) -> bool:
    configs = mapping(holder.get("typed_per_filter_config"))
    return any(one.get("is_optional") is True for one in (holder, *(mapping(configs.get(name)) for name in names)))


# --- a local limit ---


def _of_local(
    documents: Sequence[Document],
    limiters: tuple[list[Settings], list[Settings]],
    path: str,
    options: Mapping[str, object],
    subject: Mapping[str, object],
) -> Iterator[Reading]:
    filters, overrides = limiters
    if not filters and not overrides:
        _refuse_other(documents, path)
    chosen = _chosen(documents, filters, overrides, options)
    bare = _unused(chosen, filters, documents)
    if bare:
        yield chosen.at().reading("status", "planned", bare)
        return
    _refuse_elsewhere(chosen, options)
    serving = _refuse_other_routes(chosen, limiters, documents, options)
    _refuse_unread_levels(chosen, [(item.document, item.holder) for item in overrides if not item.names and not item.hosts])
    is_filter = any(chosen is item for item in filters)
    places = [(item.document, item.route, item.label) for item in serving]
    own = [] if is_filter else [(chosen.document, chosen.holder, chosen.label)]
    _refuse_other_listeners([chosen] if is_filter else filters, places or own, documents)
    wanted = option(options, "descriptor")
    _refuse_unsent(chosen, wanted, serving)
    names = _names(filters, _LOCAL)
    is_optional = any(_is_optional(item.holder, names) for item in (chosen, *filters))
    doubt = _OPTIONAL if is_optional else _switched(documents, wanted) if wanted else ""
    doubt = doubt or ("" if filters else _UNFILTERED)
    doubt = doubt or _forgotten(chosen, wanted) or _untied(documents, [chosen, *filters], chosen, options)
    doubt = doubt or _overruled(documents, _runtime_keys(chosen))
    doubt = doubt or _matched(documents, filters) or _passed_by(serving, options, _users(chosen, limiters))
    yield from doubted(_of_bucket(chosen, wanted, subject, documents), doubt)


_UNFILTERED = "that a listener has the filter, without which the settings of a route do nothing, is not shown here"
_UNTIED = "that it stands before the surfaces is not shown here, so a person has to say"


def _untied(
    documents: Sequence[Document], limiters: Sequence[Settings], chosen: Settings, options: Mapping[str, object]
) -> str:
    """Why a limit may stand before other requests than a surface's; Unsaid for requests that a workload sends itself."""
    is_part, holders = False, _holders(limiters)
    for document in documents:
        for patch in [holder for holder in containers(document.data) if isinstance(holder.get("patch"), dict)]:
            match = mapping(patch.get("match"))
            if not _holds(patch, holders):
                continue
            if match.get("context") == "SIDECAR_OUTBOUND":
                raise At(document, match, "context").unsaid("the filter is put before requests that a workload sends")
            is_part |= "portNumber" in mapping(match.get("listener"))
    addresses = addresses_of(options)
    if not addresses:
        return ""
    hosts = [host for host in chosen.hosts if "." in host]
    is_there = _has_hosts(documents)
    is_there |= any(name.startswith("/") for name in chosen.names)
    is_there |= bool(hosts) and all(host_fit(address.host, hosts) is not None for address in addresses)
    return "" if is_there and not is_part else _UNTIED


def _forgotten(chosen: Settings, wanted: str) -> str:
    """Why a bucket for each value may not hold: Envoy keeps few of them (`max_dynamic_descriptors`), older ones none."""
    entries = [_entries(mapping(item)) for item in listing(chosen.data.get("descriptors"))] if wanted != "default" else []
    is_dynamic = any(wanted in dict(item) and not all(value for _, value in item) for item in entries)
    said = "Envoy keeps a bucket for so many values as max_dynamic_descriptors says and starts anew with the others"
    return f"{said}; older ones know no bucket a value; a person has to say whether that is enough" if is_dynamic else ""


#: The keys that switch the filter that asks a service off, or have it refuse nothing.
_RUNTIME = ("ratelimit.http_filter_enabled", "ratelimit.http_filter_enforcing")
_OPTIONAL = "is_optional, so that an Envoy that does not know the filter runs without it"


def _switched(documents: Sequence[Document], wanted: str) -> str:
    """Why a descriptor may not be sent or counted: by `disable_key` it is switched off while Envoy runs.

    `limit` sends a number along that the service takes instead of its own.
    """
    for document in documents:
        for holder in containers(document.data):
            keys = [_key_of(action) for action in listing(holder.get("actions")) if isinstance(action, dict)]
            unsure = [key for key in ("disable_key", "hits_addend", "limit") if holder.get(key)]
            if unsure and wanted in keys:
                return (
                    f"a rate limit that sends it has a {named(unsure)}, by which it may count nothing or have another limit"
                )
    return ""


def _refuse_other(documents: Sequence[Document], path: str) -> None:
    """Why a file without a local limit says nothing, or nothing yet."""
    if _filters(documents, _GLOBAL_TYPE, "ratelimit"):
        raise Unsaid(
            "the ratelimit filter asks a service, whose file holds the limits; name it with options: {service: path}", path
        )
    known = ("static_resources", "http_filters", "configPatches", "virtual_hosts", "resources")
    if not any(key in holder for document in documents for holder in containers(document.data) for key in known):
        raise Unsaid(f"{path} is no Envoy configuration", path)
    raise Unsaid(f"{path} has no HTTP rate limit filter; a limit may be set elsewhere", path)


def _chosen(
    documents: Sequence[Document], filters: Sequence[Settings], overrides: Sequence[Settings], options: Mapping[str, object]
) -> Settings:
    """The settings in effect at the place that the entry names; the only ones when it names none."""
    location, server, zone = (option(options, name) for name in ("location", "server", "zone"))
    candidates = [*overrides, *[item for item in filters if "token_bucket" in item.data or not overrides]]
    if location or server:
        candidates = _at_place(documents, filters, overrides, location, server)
    found = [item for item in candidates if not zone or text(item.data.get("stat_prefix")) == zone]
    if len(found) != 1:
        said = "several rate limits fit" if found else f"no rate limit has the stat_prefix {zone}"
        there = named(item.label for item in candidates)
        raise Unsaid(f"{said}; name one with location, server or zone: {there}", *candidates[0].at().place()[:2])
    return found[0]


def _at_place(
    documents: Sequence[Document], filters: Sequence[Settings], overrides: Sequence[Settings], location: str, server: str
) -> list[Settings]:
    """What a route uses: its own settings, else its virtual host's, else the filter's."""
    routes = _routes(documents)
    found = [r for r in routes if (not location or location in r.names) and (not server or server in r.hosts)]
    if not found:
        there = [name for route in routes for name in (*route.names, *route.hosts)]
        raise Unsaid(f"no route fits {location or server}; the configuration has: {named(there)}")
    there_ids = {id(route.data) for route in found}
    own = [item for item in overrides if id(item.holder) in there_ids]
    hosts = {host for route in found for host in route.hosts}
    above = [item for item in overrides if not item.names and hosts & set(item.hosts)]
    using = own or above or list(filters)
    if not using:
        raise Unsaid("the filter whose settings count there is not in this file")
    return using


def _unused(chosen: Settings, filters: Sequence[Settings], documents: Sequence[Document]) -> str:
    """Why settings limit nothing at all; empty when they can."""
    if _is_off(chosen.data):
        return f"{chosen.label} switches the filter off"
    if not filters and any("http_filters" in holder for d in documents for holder in containers(d.data)):
        return f"{chosen.label} sets a limit, but no local_ratelimit is among the http_filters"
    if "token_bucket" not in chosen.data:
        return f"{chosen.label} has no token_bucket, so it limits nothing"
    is_off = chosen.holder.get("disabled") is True and any(chosen is item for item in filters)
    if is_off:
        _refuse_switched_on(chosen, _names(filters, _LOCAL), documents)
    return f"{chosen.label} is disabled" if is_off else ""


def _refuse_switched_on(chosen: Settings, names: Sequence[str], documents: Sequence[Document]) -> None:
    """A filter that is disabled in its chain runs where a route or virtual host has any configuration for it."""
    for route in _routes(documents):
        configs = mapping(route.data.get("typed_per_filter_config"))
        if any(name in configs and not _is_off(mapping(configs[name])) for name in names):
            label = named((*route.names[:1], *route.hosts[:1]))
            said = f"{chosen.label} is disabled, but {label} has a configuration for it, which switches it on there"
            raise At(route.document, route.data, "typed_per_filter_config").unsaid(said)


def _refuse_elsewhere(chosen: Settings, options: Mapping[str, object]) -> None:
    paths = paths_of(options)
    prefixes = [name for name in chosen.names if name.startswith("/")]
    refuse_other_hosts(chosen.at(), chosen.label, [host for host in chosen.hosts if "." in host or host == "*"], options)
    if paths and prefixes and not any(is_served(path or "/", prefix) for path in paths for prefix in prefixes):
        raise chosen.at().unsaid(f"{chosen.label} does not serve {named(paths)} of the control's surfaces")


#: Where the share is declared, it is held against the file's.
_PARTLY = "it acts on a part of the requests only (filter_enabled, filter_enforced); declare params.enforced_percent"


def _of_bucket(
    chosen: Settings, wanted: str, subject: Mapping[str, object], documents: Sequence[Document]
) -> Iterator[Reading]:
    bucket, standing, why = _bucket(chosen, wanted, documents)
    if standing == "selective":
        raise bucket.unsaid(f"{chosen.label} counts only some requests ({why}); whether these are all is not known here")
    rate, burst = _rate(chosen, bucket)
    percent, at = _enforced(chosen)
    runtime = "; a runtime key can change it while it runs" if _runtime_keys(chosen) else ""
    note, doubt = "; ".join(filter(None, (f"local_ratelimit of {chosen.label}", why))), ""
    shadow = _shadow(bucket, chosen.label)
    if shadow is not None:
        yield shadow.reading("status", "observing", f"{note}: shadow_mode counts and refuses nothing")
    elif percent == 0:
        if overruled := _overruled(documents, _runtime_keys(chosen)):
            raise at.unsaid(f"filter_enabled or filter_enforced of {chosen.label} is 0 %, but {overruled}")
        said = f"{note}: filter_enabled or filter_enforced is 0 %, also where it is not written, so nothing is refused"
        yield at.reading("status", "observing", said)
    elif standing == "chosen":
        yield rate.at.reading("status", "observing", note)
    elif standing != "opaque":
        doubt = _PARTLY if percent < 100 and mapping(subject.get("params")).get("enforced_percent") is None else ""
        doubt = doubt or (DWARFED if is_dwarfed(rate.amount, burst, subject) else "")
        yield from doubted([rate.at.reading("status", "deployed", note + runtime)], doubt)
    yield at.reading("params.enforced_percent", math.floor(percent), f"filter_enabled and filter_enforced of {chosen.label}")
    is_shared = isinstance(chosen.data.get("local_cluster_rate_limit"), dict)
    each = "" if is_shared else f"; {_EACH}"
    yield from doubted(numbers([rate], subject, note + each, soft=not is_shared), doubt)
    if burst > rate.amount:
        yield bucket.reading("params.burst", burst, f"max_tokens of {chosen.label}{each}", soft=not is_shared)
    if standing == "address":
        yield from doubted([rate.at.reading("params.unit", "ip", note)], doubt)


def _shadow(at: At, label: str) -> At | None:
    """Where a descriptor says that it only counts; Unsaid for what is no truth value, which some readers take for one."""
    value = at.container.get("shadow_mode")
    if value not in (None, True, False):
        raise At(at.document, at.container, "shadow_mode").unsaid(f"shadow_mode of {label} is neither true nor false")
    return At(at.document, at.container, "shadow_mode") if value else None


def _bucket(chosen: Settings, wanted: str, documents: Sequence[Document]) -> tuple[At, str, str]:
    """The token bucket that is meant, whom it counts (a standing) and why."""
    if chosen.data.get("local_rate_limit_per_downstream_connection") is True:
        why = "a bucket a connection, and clients open as many connections as they like"
        return chosen.at("token_bucket"), "chosen", why
    descriptors = [mapping(item) for item in listing(chosen.data.get("descriptors"))]
    if not descriptors or wanted == "default":
        if descriptors and chosen.data.get("always_consume_default_token_bucket") is False:
            raise chosen.at("descriptors").unsaid("requests that fit a descriptor pass the default bucket by; name its key")
        return chosen.at("token_bucket"), "shared", "one counter for everybody"
    fitting = [item for item in descriptors if wanted and wanted in [key for key, _ in _entries(item)]]
    if len(fitting) == 1:
        return At(chosen.document, fitting[0], "token_bucket"), *_standing(_entries(fitting[0]), documents)
    keys = [key for item in descriptors for key, _ in _entries(item)]
    raise chosen.at("descriptors").unsaid(
        f"{chosen.label} has descriptors with limits of their own; name one with options: {{descriptor: …}}: "
        f"default, {named(keys)}"
    )


def _refuse_unsent(chosen: Settings, wanted: str, serving: Sequence[Serving]) -> None:
    """A descriptor counts only what the routes send."""
    descriptors = [_entries(mapping(item)) for item in listing(chosen.data.get("descriptors"))]
    entries = next((tuple(item) for item in descriptors if wanted and wanted in [key for key, _ in item]), ())
    stage, own = whole(chosen.data.get("stage", 0)), listing(chosen.data.get("rate_limits"))
    for item in serving if entries else ():
        # The filter's own `rate_limits` stand in for those of routes and virtual hosts.
        if not _is_sent(entries, _made(own, stage) if own else _sent(item, stage, chosen.data.get("vh_rate_limits"))):
            raise At(item.document, item.route).unsaid(f"{item.label} does not send the descriptor {wanted}")


def _entries(descriptor: Mapping[str, Any]) -> list[tuple[str, str]]:
    entries = [mapping(entry) for entry in listing(descriptor.get("entries"))]
    return [(text(entry.get("key")), text(entry.get("value"))) for entry in entries]


def _rate(chosen: Settings, place: At) -> tuple[Rate, int]:
    """What a token bucket lets through, sustained, and how many at once; 1 token a fill where it is not written."""
    bucket = mapping(place.container.get("token_bucket"))
    burst, amount = whole(bucket.get("max_tokens")), whole(bucket.get("tokens_per_fill", 1))
    seconds = duration(bucket.get("fill_interval"))
    if burst is None or amount is None or burst < 1 or amount < 1 or not seconds:
        raise place.unsaid(f"the token_bucket of {chosen.label} has no numbers above zero, or no fill_interval such as 60s")
    return Rate(
        min(amount, burst),
        seconds,
        At(place.document, bucket, "tokens_per_fill" if "tokens_per_fill" in bucket else "max_tokens"),
    ), burst


def _enforced(chosen: Settings) -> tuple[Fraction, At]:
    """The share of requests on which the limit acts, and where the smaller of its two factors is written."""
    shares = [(_share(chosen, name), name) for name in ("filter_enabled", "filter_enforced")]
    smallest = min(shares)[1]
    return shares[0][0] * shares[1][0] / 100, chosen.at(smallest)


def _share(chosen: Settings, name: str) -> Fraction:
    """One of the two fractions, in percent: 0 where it is not written."""
    value = mapping(mapping(chosen.data.get(name)).get("default_value"))
    numerator, denominator = whole(value.get("numerator", 0)), text(value.get("denominator")) or "HUNDRED"
    if numerator is None or numerator < 0 or denominator not in _DENOMINATORS:
        raise chosen.at(name).unsaid(f"{name} of {chosen.label} is no fraction of HUNDRED, TEN_THOUSAND or MILLION")
    return min(Fraction(100 * numerator, _DENOMINATORS[denominator]), Fraction(100))


def _runtime_keys(chosen: Settings) -> list[str]:
    """The keys by which the two fractions can be changed while Envoy runs."""
    found = [text(mapping(chosen.data.get(name)).get("runtime_key")) for name in ("filter_enabled", "filter_enforced")]
    return [key for key in found if key]


def _overruled(documents: Sequence[Document], keys: Sequence[str]) -> str:
    """Why a limit may act on fewer requests than it says: the runtime of the file has one of the keys itself; or empty."""
    layers = [holder.get("static_layer") for document in documents for holder in containers(document.data)] if keys else []
    pending = [("", layer) for layer in layers]
    while pending:
        above, layer = pending.pop()
        for name, inner in mapping(layer).items():
            if above + str(name) in keys:
                return f"the runtime of the file sets {above}{name}, which counts instead of what the filter says"
            pending.append((f"{above}{name}.", inner))
    return ""


# --- whom a descriptor counts ---


def _standing(entries: Sequence[tuple[str, str]], documents: Sequence[Document]) -> tuple[str, str]:
    """Whom a descriptor counts: all its entries must fit, so one that clients can avoid or vary decides."""
    if len(entries) > _ENTRIES:
        return "opaque", "a descriptor of very many entries"
    found = [_of_entry(key, value, documents) for key, value in entries]
    worst = max(found, key=lambda item: STANDINGS.index(item[0]), default=("opaque", "a descriptor without entries"))
    if worst[0] == "shared" and any(standing == "address" for standing, _ in found):
        return "address", ""
    return worst


def _of_entry(key: str, value: str, documents: Sequence[Document]) -> tuple[str, str]:
    actions = [action for action in _actions(documents) if _key_of(action) == key]
    if value:
        is_fixed = any("generic_key" in action for action in actions)
        return ("shared", "one counter for everybody") if is_fixed else ("selective", f"{key} picks only some requests")
    if any(whole(mapping(action.get("masked_remote_address")).get("v4_prefix_mask_len", 32)) != 32 for action in actions):
        return "shared", "one counter for all addresses of a network"
    if key in _ADDRESS_KEYS:
        return ("address", "") if _knows_address(documents) else ("opaque", _UNSURE)
    headers = [text(mapping(action.get("request_headers")).get("header_name")) for action in actions]
    headers = [header for header in headers if header]
    if headers and headers[0].lower() == ":authority":
        return "shared", "one counter for all clients of a host"
    return of_header(headers[0], f"the descriptor {key}") if headers else ("opaque", f"whom {key} counts is not known here")


_UNSURE = (
    "use_remote_address is not set, or an address of a header is taken by number of hops or by an extension; whether it can "
    "be trusted is not known here"
)
#: What has the address taken from what a request says, whatever `use_remote_address` is.
_BY_HEADER = ("xff_num_trusted_hops", "original_ip_detection_extensions")


def _knows_address(documents: Sequence[Document]) -> bool:
    """Whether the address is that of the connection: as written, or at an Istio gateway, where it is the default.

    Of several listeners, each that has a rate limit has to say so.
    """
    limiters = [*_filters(documents, _LOCAL_TYPE, ""), *_filters(documents, _GLOBAL_TYPE, "")]
    managers = [manager for manager in _managers(documents) if _holds(manager["http_filters"], _holders(limiters))]
    holders = [holder for document in documents for holder in containers(document.data)]
    found = [holder.get("use_remote_address") is True for holder in managers or holders]
    is_known = any(holder.get("context") == "GATEWAY" for holder in holders) or (all(found) if managers else any(found))
    return is_known and not any(holder.get(name) for holder in managers or holders for name in _BY_HEADER)


def _actions(documents: Sequence[Document]) -> list[dict[str, Any]]:
    """Every action by which a route makes a descriptor's entries."""
    lists = [listing(holder.get("actions")) for document in documents for holder in containers(document.data)]
    return [action for actions in lists for action in actions if isinstance(action, dict)]


def _entry_of(action: Mapping[str, Any]) -> tuple[str, str]:
    """The entry that an action makes; its value where that is written (a generic key, a match)."""
    values = (text(mapping(inner).get("descriptor_value")) for inner in action.values())
    return _key_of(action), next(filter(None, values), "")


def _key_of(action: Mapping[str, Any]) -> str:
    """The key of the entry that an action makes; empty for one that is made by an extension, or not known here."""
    for name, inner in action.items():
        if isinstance(inner, dict) and (name in _KEYS or text(inner.get("descriptor_key"))):
            return text(inner.get("descriptor_key")) or _KEYS[name]
    return ""


# --- a rate limit service ---


class Limit(NamedTuple):
    """A limit in the service's file: the entries that lead to it, and the descriptor that holds it."""

    entries: Entries
    document: Document
    data: dict[str, Any]

    @property
    def label(self) -> str:
        """Its keys, outermost first."""
        return "/".join(f"{key}={value}" if value else key for key, value in self.entries)


def _of_service(
    files: Files,
    documents: Sequence[Document],
    service: str,
    path: str,
    options: Mapping[str, object],
    subject: Mapping[str, object],
) -> Iterator[Reading]:
    """A limit that the service sets, if Envoy asks it for its domain and a route sends its descriptor."""
    limits, domains = _service_limits(files.documents(service), service)
    limit = _one_limit(limits, option(options, "descriptor"))
    askers = _filters(documents, _GLOBAL_TYPE, "ratelimit")
    asking = [item for item in askers if text(item.data.get("domain")) in domains]
    if not askers:
        raise Unsaid(f"{path} has no ratelimit filter, so whether the service is asked is not known here", path)
    if not asking:
        said = f"no ratelimit filter asks for the domain {named(domains)} of {service}"
        yield askers[0].at("domain").reading("status", "planned", said)
        return
    sent = {stage: _all_sent(documents, stage) for stage in {whole(item.data.get("stage", 0)) for item in asking}}
    dead = [_unasked(limit, item, sent[whole(item.data.get("stage", 0))], documents) for item in asking]
    if all(dead):
        yield asking[0].at().reading("status", "planned", dead[0])
        return
    asking = [item for item, why in zip(asking, dead, strict=True) if not why]
    _refuse_unasked(limit, asking, documents, options)
    is_optional = any(item.holder.get("is_optional") is True for item in asking)
    replacing = _replacing(limit, limits)
    doubt = _OPTIONAL if is_optional else next(filter(None, (_switched(documents, key) for key, _ in limit.entries)), "")
    doubt = doubt or replacing or _untied(documents, asking, asking[0], options) or _matched(documents, asking)
    doubt = doubt or _overruled(documents, _RUNTIME)
    stage = whole(asking[0].data.get("stage", 0))
    doubt = doubt or _passed_by(
        _serving(documents, options), options, lambda item: _is_sent(limit.entries, _sent(item, stage))
    )
    yield from doubted(_of_limit(limit, asking[0], documents, subject), doubt)


def _service_limits(documents: Sequence[Document], path: str) -> tuple[list[Limit], list[str]]:
    """The limits of a service's files and their domains."""
    found: list[Limit] = []
    domains = [text(document.data.get("domain")) for document in documents if text(document.data.get("domain"))]
    if not domains:
        raise Unsaid(f"{path} has no domain: it is no file of the rate limit service", path)
    for document in documents:
        refuse_templates(document, document.data)
        pending: list[tuple[Entries, Any]]
        pending = [((), item) for item in reversed(listing(document.data.get("descriptors")))]
        while pending:
            above, item = pending.pop()
            if not isinstance(item, dict):
                continue
            entries = (*above, (text(item.get("key")), text(item.get("value"))))
            if isinstance(item.get("rate_limit"), dict):
                found.append(Limit(entries, document, item))
            pending += [(entries, inner) for inner in reversed(listing(item.get("descriptors")))]
    return found, domains


def _replacing(limit: Limit, limits: Sequence[Limit]) -> str:
    """Why a limit may be dropped: another names it under `replaces` and counts alone where both are sent; or empty."""
    name = text(mapping(limit.data.get("rate_limit")).get("name"))
    for other in limits if name else ():
        replaced = listing(mapping(other.data.get("rate_limit")).get("replaces"))
        if name in [text(mapping(item).get("name")) for item in replaced]:
            return f"the descriptor {other.label} replaces it for requests that send both"
    return ""


def _one_limit(limits: Sequence[Limit], wanted: str) -> Limit:
    fitting = [item for item in limits if wanted in ("", item.label, item.entries[-1][0])]
    if len(fitting) != 1:
        there = named(item.label for item in limits)
        raise Unsaid(
            f"{'several limits fit' if fitting else 'no limit fits'}; name one with options: {{descriptor: …}}: {there}"
        )
    return fitting[0]


def _all_sent(documents: Sequence[Document], stage: int | None) -> set[Entries]:
    """The descriptors that anything in the files sends at a stage."""
    sent: set[Entries] = set()
    for document in documents:
        for holder in containers(document.data):
            actions = [action for action in listing(holder.get("actions")) if isinstance(action, dict)]
            if actions and whole(holder.get("stage", 0)) == stage:
                sent.add(tuple(map(_entry_of, actions)))
    return sent


def _unasked(limit: Limit, asking: Settings, sent: set[Entries], documents: Sequence[Document]) -> str:
    """Why a limit counts nothing; empty when a route sends its descriptor."""
    if asking.holder.get("disabled") is True:
        _refuse_switched_on(asking, _names(_filters(documents, _GLOBAL_TYPE, ""), _GLOBAL), documents)
        return "the ratelimit filter is disabled"
    if text(asking.data.get("request_type")) == "internal":
        return "the ratelimit filter asks for internal requests only"
    if _is_sent(limit.entries, sent):
        return ""
    if any(not key for entries in sent for key, _ in entries):
        raise asking.at().unsaid(f"an action that is not read may send the descriptor {limit.label}")
    return f"no route's rate_limits send the descriptor {limit.label}"


def _refuse_unasked(
    limit: Limit, asking: Sequence[Settings], documents: Sequence[Document], options: Mapping[str, object]
) -> None:
    """Each route that takes an address of the control has to send the descriptor and to leave the filter on."""
    for asker, name in [(asker, name) for asker in asking for name in ("filter_enabled", "filter_enforced")]:
        if name in asker.data and _share(asker, name) < 100:
            raise asker.at(name).unsaid(f"{name} of the ratelimit filter leaves requests out")
    serving = _serving(documents, options)
    if addresses_of(options) and not serving and _has_hosts(documents):
        raise asking[0].at().unsaid(f"no route serves {named(map(str, addresses_of(options)))} of the control's surfaces")
    names = _names(_filters(documents, _GLOBAL_TYPE, ""), _GLOBAL)
    places = [(item.document, item.route, item.label) for item in serving]
    _refuse_other_listeners(asking, places, documents)
    own = [route for route in _routes(documents) if _sets(route.data, names)]
    _refuse_unread_levels(None, [(route.document, route.data) for route in own if not route.names and not route.hosts])
    there = {id(holder) for item in serving for holder in (item.route, item.host)}
    for route in own:
        label = named((*route.names[:1], *route.hosts[:1]))
        if not serving or id(route.data) in there:
            said = f"{label} sets the ratelimit filter for itself, which is not read"
            raise At(route.document, route.data, "typed_per_filter_config").unsaid(said)
    stages = {whole(item.data.get("stage", 0)) for item in asking}
    for item in serving:
        if not all(_is_sent(limit.entries, _sent(item, stage)) for stage in stages):
            raise At(item.document, item.route).unsaid(f"{item.label} does not send the descriptor {limit.label}")


def _sets(holder: Mapping[str, Any], names: Sequence[str]) -> bool:
    configs = mapping(holder.get("typed_per_filter_config"))
    return any(name in configs for name in names)


def _of_limit(
    limit: Limit, asking: Settings, documents: Sequence[Document], subject: Mapping[str, object]
) -> Iterator[Reading]:
    data = mapping(limit.data.get("rate_limit"))
    at = At(limit.document, limit.data, "rate_limit")
    is_closed = asking.data.get("failure_mode_deny") is True
    outage = "" if is_closed else "when the service does not answer everything gets through (failure_mode_deny)"
    standing, why = _standing(limit.entries, documents)
    note = "; ".join(filter(None, (f"the descriptor {limit.label} of the rate limit service", why, outage)))
    unread = next((name for holder in (limit.data, data) for name in holder if name not in _OF_SERVICE), None)
    if unread is not None:
        raise at.unsaid(f"the descriptor {limit.label} has {unread}, which is not read and may change what it limits")
    if data.get("unlimited", limit.data.get("unlimited")) not in (None, True, False):
        raise at.unsaid(f"unlimited of the descriptor {limit.label} is neither true nor false")
    if data.get("unlimited") is True:
        yield at.reading("status", "planned", f"the descriptor {limit.label} is unlimited")
        return
    if standing == "selective":
        raise at.unsaid(f"the descriptor {limit.label} counts only some requests; whether these are all is not known here")
    amount, unit = whole(data.get("requests_per_unit")), text(data.get("unit")).lower()
    if amount is None or amount < 1 or unit not in UNITS:
        raise at.unsaid(f"the descriptor {limit.label} has no requests_per_unit above zero and unit")
    places = [At(limit.document, holder) for holder in (limit.data, data)]
    shadow = next(filter(None, (_shadow(place, f"the descriptor {limit.label}") for place in places)), None)
    if shadow is not None:
        yield shadow.reading("status", "observing", f"{note}: shadow_mode counts and refuses nothing")
    elif standing == "chosen":
        yield at.reading("status", "observing", note)
    elif standing != "opaque":
        yield at.reading("status", "deployed", note)
    rate = Rate(amount, Fraction(UNITS[unit]), At(limit.document, data, "requests_per_unit"))
    yield from numbers([rate], subject, note, soft=False)
    if standing == "address":
        yield at.reading("params.unit", "ip", note)


# --- discover ---


def discover(opener: Opener, path: str) -> tuple[Discovered, ...]:
    """Local rate limits that a configuration sets; those of a rate limit service need the service's file beside."""
    return discovered(opener, path, lambda files: _found(files, path), (b"local_ratelimit",))


def _found(files: Files, path: str) -> Iterator[Discovered]:
    documents = _picked(files.documents(path), "")
    limiters = _filters(documents, _LOCAL_TYPE, "local_ratelimit"), _overrides(documents)
    settings = [*limiters[0], *limiters[1]]
    prefixes = [text(item.data.get("stat_prefix")) for item in settings if "token_bucket" in item.data]
    for prefix in list(dict.fromkeys(prefixes))[:MOST]:
        entry = {"kind": "envoy", "path": path, "zone": prefix} if prefix else {"kind": "envoy", "path": path}
        readings = spoken(partial(_of_local, documents, limiters, path, entry, {"family": "rate_limit"}))
        if any(reading.path == ("status",) and reading.value != "planned" for reading in readings):
            yield limit_control(prefix or "envoy", entry, readings)
