"""What Kong's declarative configuration says about a declared rate limit, block or login.

Read are files with `_format_version` (as decK and DB-less Kong take them) and in them the plugins `rate-limiting`,
`rate-limiting-advanced`, `bot-detection`, `ip-restriction`, `acl` and those that ask for credentials. As Kong does, a plugin
runs once for a request: of its instances that are enabled, the one with the most specific scope (route, then service, then
everything). Instances for named consumers are told in a note. The sources are the plugins' references and the reference of
the plugin entity. KongPlugin resources of Kubernetes are not read.

The entry picks with `location` (a route's name or one of its paths), `server` (a service's name or a route's host),
`resource` (`routes/name`, `services/name` or a name) and `zone` (the plugin's name or `instance_name`). Notes never tell the
numbers.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from policycheck.evidence._foreign import (
    MOST,
    Address,
    At,
    Files,
    Taken,
    Unsaid,
    addresses_of,
    below,
    closest,
    discovered,
    doubted,
    heard,
    is_control,
    is_most,
    limit_control,
    listing,
    mapping,
    named,
    of_pattern,
    option,
    refuse_other_family,
    refuse_other_hosts,
    refuse_templates,
    spoken,
    text,
    whole,
    with_url,
)
from policycheck.evidence._rates import UNITS, Rate, numbers, of_header
from policycheck.model import Account, Discovered, Reading

if TYPE_CHECKING:
    from policycheck.document import Document
    from policycheck.opener import Opener

KINDS_OF_SUBJECT: frozenset[str] = frozenset({"control", "surface"})
#: What is read holds at one address, so each surface of a control is asked for by itself.
BY_ADDRESS = True
FILES: tuple[str, ...] = ("*kong*.y*ml", "*kong*.json", "*deck*.y*ml")

_LIMITERS = ("rate-limiting", "rate-limiting-advanced")
_LIMITS = ("rate_limit", "anomaly_throttle")
#: The declared units that a limit holds for as well: all keys of a consumer count together, and a credential is a key.
_HOLDS_FOR = {"account": ("api_key", "credential", "session"), "credential": ("api_key",)}
_FAMILIES = (*_LIMITS, "bot_detection", "user_agent_block", "ip_block", "access_control", "api_control")
#: Plugins that ask for credentials: what a control of the family api_control calls them.
_ASKING = {
    "key-auth": "api_key", "key-auth-enc": "api_key", "oauth2": "oauth", "oauth2-introspection": "oauth",
    "openid-connect": "oauth", "mtls-auth": "mutual_tls", "hmac-auth": "signed_request", "basic-auth": "account",
    "ldap-auth": "account", "ldap-auth-advanced": "account", "jwt": "",
}  # fmt: skip
#: The plugins that decide for a family; the limiters for the others.
_NAMES = {
    "access_control": (*_ASKING, "acl", "ip-restriction"), "api_control": tuple(_ASKING), "ip_block": ("ip-restriction",),
    "bot_detection": ("bot-detection",), "user_agent_block": ("bot-detection",),
}  # fmt: skip
_WEB = frozenset({"http", "https"})
#: What a route can pick requests by that no address shows: those that it does not take are answered elsewhere.
_UNREAD = ("headers", "sources", "destinations", "expression")
#: Names that clients of every sort give: an allow list with a part of these lets nearly everybody in.
_CLIENTS = (
    "mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) headlesschrome/130.0 safari/537.36",
    "mozilla/5.0 (compatible; bot/1.0; spider; crawler)", "curl/8.5.0", "python-requests/2.32", "python-urllib/3.12",
    "scrapy/2.11 (+https://scrapy.org)", "wget/1.21", "go-http-client/1.1", "okhttp/4.12", "java/17", "aiohttp/3.9",
)  # fmt: skip
#: Other plugins that may limit or refuse: programs, and limiters of other makers or of other things.
_PROGRAM = re.compile(r"\A(?:pre|post)-function\Z")
_MAY_LIMIT = re.compile(r"\A(?:pre|post)-function\Z|limit|throttl|service-protection|quota")
_PERIODS = ("second", "minute", "hour", "day", "month", "year")
_EACH = "each node counts for itself, so several let through as many times more"


class Plugin(NamedTuple):
    """A plugin where it is configured: its settings, and the names of its scope (empty: everything)."""

    document: Document
    data: dict[str, Any]
    route: str
    service: str
    consumer: str
    #: What decK puts under its settings: the `_plugin_configs` that its `_config` names.
    shared: Mapping[str, Any] = {}

    @property
    def name(self) -> str:
        """The plugin's name."""
        return text(self.data.get("name"))

    @property
    def is_on(self) -> bool:
        """Whether it runs; one that does not say is on."""
        return self.data.get("enabled") is not False

    @property
    def config(self) -> dict[str, Any]:
        """Its settings."""
        own = mapping(self.data.get("config"))
        return {**self.shared, **own} if self.shared else own

    @property
    def label(self) -> str:
        """What it is called in notes."""
        scope = f"route {self.route}" if self.route else f"service {self.service}" if self.service else "everything"
        return f"{text(self.data.get('instance_name')) or self.name} for {scope}"

    def at(self, key: str | None = None) -> At:
        """Where it, or one of its settings, stands."""
        own = mapping(self.data.get("config"))
        return (
            At(self.document, self.shared if key in self.shared and key not in own else own, key)
            if key
            else At(self.document, self.data, "name")
        )


class Spot(NamedTuple):
    """A route with its service, a service alone, or everything (both empty)."""

    route: str
    service: str
    names: tuple[str, ...]
    paths: tuple[str, ...]
    at: At
    hosts: tuple[str, ...] = ()
    #: By what else than address it takes requests: methods, headers, server names, protocols that are not the web's.
    narrowed: str = ""
    #: The methods that it takes; none where it takes all.
    methods: tuple[str, ...] = ()
    #: What it picks requests by that is not read, so that it may be asked for few of them.
    unread: str = ""
    #: Where its service is switched off.
    off: At | None = None

    @property
    def label(self) -> str:
        """What it is called in notes."""
        return f"route {self.route}" if self.route else f"service {self.service}" if self.service else "everything"


class Gateway(NamedTuple):
    """All plugins and places of a configuration."""

    plugins: tuple[Plugin, ...]
    spots: tuple[Spot, ...]
    #: Those that run for any client, by name, route and service.
    running: dict[tuple[str, str, str], Plugin]

    def running_at(self, spot: Spot, names: Iterable[str]) -> tuple[int, ...]:
        """The instances of some plugins that run at a place, by identity."""
        return tuple(id(self.effective(spot, name)) for name in names)

    def effective(self, spot: Spot, name: str) -> Plugin | None:
        """The instance of a plugin that runs at a place for any client: the most specific that is enabled."""
        scopes = ((spot.route, spot.service), (spot.route, ""), ("", spot.service), ("", ""))
        return next((found for scope in scopes if (found := self.running.get((name, *scope))) is not None), None)


def account(opener: Opener, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    """What the configuration at `path` (from the root) says about a declared control or surface."""
    return heard(opener, path, lambda files: _readings(files, path, options, subject))


def _readings(files: Files, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Iterator[Reading]:
    yield from _spoken(_gateway(files.documents(path), path), options, subject)


def _spoken(gateway: Gateway, options: Mapping[str, object], subject: Mapping[str, object]) -> Iterator[Reading]:
    if not is_control(subject):
        options, names = with_url(options, subject), tuple(_ASKING)
        spot = _agreed(gateway, options, names)
        yield from doubted(_auth(gateway, spot), _passing(gateway, spot, options, names))
        return
    family = refuse_other_family("kong", subject, _FAMILIES)
    names = _NAMES.get(family, _LIMITERS)
    spot = _agreed(gateway, options, names)
    if spot.off is not None:
        yield spot.off.reading("status", "planned", f"the service of {spot.label} is not enabled")
        return
    readings = _of_family(gateway, spot, family, options, subject)
    yield from doubted(readings, _passing(gateway, spot, options, names))


def _of_family(
    gateway: Gateway, spot: Spot, family: str, options: Mapping[str, object], subject: Mapping[str, object]
) -> Iterator[Reading]:
    if family in _LIMITS:
        for reading in _of_limit(gateway, spot, options, subject):
            yield reading._replace(soft=reading.soft or family == "anomaly_throttle")
    elif family == "access_control":
        yield from _access(gateway, spot)
    elif family == "api_control":
        yield from _credentials(gateway, spot)
    else:
        unnamed = _unnamed(gateway, spot, subject) if family == "user_agent_block" else ""
        for reading in _of_block(gateway, spot, _NAMES[family][0]):
            yield reading._replace(soft=True, note=f"{reading.note}; {unnamed}") if unnamed else reading


def _passing(gateway: Gateway, spot: Spot, options: Mapping[str, object], names: tuple[str, ...]) -> str:
    """Why a part of a surface may be answered by a route where something else runs, by a longer path; or empty."""
    own, wanted = gateway.running_at(spot, names), _methods(options)
    spots = [other for other in gateway.spots if other.off is None and (not other.methods or wanted & set(other.methods))]
    others = _places(other for other in spots if gateway.running_at(other, names) != own)
    for address in addresses_of(options) if others else ():
        other = below(address, (taken for _, taken in _places([spot])), others)
        if other is not None:
            return f"{other.label} takes a part of {address} first, and what runs there is not the same"
    return ""


def _unnamed(gateway: Gateway, spot: Spot, subject: Mapping[str, object]) -> str:
    """Why a person has to weigh a block by name: the deny list does not name all that are declared."""
    plugin = gateway.effective(spot, "bot-detection")
    denied = [text(item).lower() for item in listing(plugin.config.get("deny"))] if plugin is not None else []
    missing = [agent for agent in map(text, listing(mapping(subject.get("params")).get("agents"))) if agent]
    missing = [agent for agent in missing if not any(agent.lower() in item for item in denied)]
    return f"its deny list does not name {named(missing)}; whether Kong's own does is not read" if missing else ""


# --- files to plugins and places ---


def _gateway(documents: Sequence[Document], path: str) -> Gateway:
    found = [document for document in documents if "_format_version" in document.data]
    if len(found) != 1:
        why = "several documents with _format_version" if found else "no _format_version: it is no declarative configuration"
        hint = (
            "; of resources of Kubernetes nothing is read: name what decK makes of them" if _is_resource(documents) else ""
        )
        raise Unsaid(f"{path} has {why} of Kong{hint}", path)
    document = found[0]
    refuse_templates(document, document.data)
    plugins: list[Plugin] = []
    spots: list[Spot] = [Spot("", "", (), (), At(document, document.data, "_format_version"))]
    off: dict[str, At] = {}
    for service in _items(document.data, "services"):
        name = _name(service)
        if not _is_enabled(document, service, f"service {name}"):
            off[name] = At(document, service, "enabled")
        plugins += _plugins(document, service, "", name)
        _add_routes(document, service, name, plugins, spots)
        if not _items(service, "routes"):
            spots.append(Spot("", name, (name, f"services/{name}"), (), At(document, service, "name")))
    _add_routes(document, document.data, "", plugins, spots)
    plugins += _plugins(document, document.data, "", "")
    ids = _ids(document.data)
    plugins = [p._replace(route=ids.get(p.route, p.route), service=ids.get(p.service, p.service)) for p in plugins]
    spots = [_owned(spot, ids.get(spot.service, spot.service)) for spot in spots]
    spots = [spot._replace(off=off.get(spot.service)) for spot in spots]
    for key in ("consumers", "consumer_groups"):
        for consumer in _items(document.data, key):
            plugins += [p._replace(consumer=_name(consumer) or "one") for p in _plugins(document, consumer, "", "")]
    running: dict[tuple[str, str, str], Plugin] = {}
    for plugin in plugins:
        scope = (plugin.name, plugin.route, plugin.service)
        if plugin.is_on and not plugin.consumer and running.setdefault(scope, plugin) is not plugin:
            raise plugin.at().unsaid(
                f"{plugin.label} stands twice, which Kong refuses; which of them counts is not known here"
            )
    return Gateway(tuple(plugins), tuple(spots[1:] or spots), running)


def _ids(data: Mapping[str, Any]) -> dict[str, str]:
    """The names of services and routes by their ids, by which plugins and routes may refer to them."""
    services = _items(data, "services")
    found = [*services, *_items(data, "routes"), *(route for service in services for route in _items(service, "routes"))]
    return {text(item.get("id")): _name(item) for item in found if text(item.get("id"))}


def _owned(spot: Spot, service: str) -> Spot:
    """A place whose service is called by its name."""
    names = spot.names if service == spot.service else (*spot.names, service, f"services/{service}")
    return spot._replace(service=service, names=names)


def _is_resource(documents: Sequence[Document]) -> bool:
    return any("apiVersion" in document.data and "kind" in document.data for document in documents)


def _is_enabled(document: Document, holder: dict[str, Any], label: str) -> bool:
    """Whether something is switched on; what is no true or false may be either, by who reads the file."""
    value = holder.get("enabled")
    if value is not None and not isinstance(value, bool):
        raise At(document, holder, "enabled").unsaid(f"enabled of {label} is neither true nor false; write one of these")
    return value is not False


def _items(data: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    return [item for item in listing(data.get(key)) if isinstance(item, dict)]


def _name(item: Mapping[str, Any]) -> str:
    return text(item.get("name")) or text(item.get("username")) or text(item.get("id"))


def _reference(value: object) -> str:
    """The name of what a plugin or route refers to: text, or a mapping with the name or id."""
    return _name(value) if isinstance(value, dict) else text(value)


def _plugins(document: Document, holder: Mapping[str, Any], route: str, service: str) -> list[Plugin]:
    found = []
    configs = mapping(document.data.get("_plugin_configs"))
    for data in _items(holder, "plugins"):
        scope = (_reference(data.get("route")) or route, _reference(data.get("service")) or service)
        consumer = _reference(data.get("consumer")) or _reference(data.get("consumer_group"))
        found.append(Plugin(document, data, *scope, consumer, mapping(configs.get(text(data.get("_config"))))))
    return found


def _add_routes(
    document: Document, holder: Mapping[str, Any], service: str, plugins: list[Plugin], spots: list[Spot]
) -> None:
    defaults = mapping(mapping(mapping(document.data.get("_info")).get("defaults")).get("route"))
    for written in _items(holder, "routes"):
        route = {**defaults, **written}
        name, owner = _name(route), _reference(route.get("service")) or service
        paths = tuple(text(path) for path in listing(route.get("paths")) if text(path))
        name = name or next(iter(paths), "without a name")
        # The name that a TLS client asks for is the host's; a route without hosts that names one is for no other.
        hosts = tuple(text(host) for host in listing(route.get("hosts")) or listing(route.get("snis")))
        plugins += [p._replace(service="") if p.service == owner else p for p in _plugins(document, written, name, "")]
        names = (name, f"routes/{name}", owner, f"services/{owner}", *paths, *hosts)
        at = At(document, written, "name" if "name" in written else None)
        methods = tuple(text(method).upper() for method in listing(route.get("methods")))
        unread = named(key for key in _UNREAD if route.get(key)) if any(route.get(key) for key in _UNREAD) else ""
        spots.append(Spot(name, owner, names, paths, at, hosts, _narrowed(route), methods, unread))


def _narrowed(route: Mapping[str, Any]) -> str:
    """Words for what a route takes requests by, beside hosts and paths."""
    found = [key for key in ("methods", "headers", "snis", "sources", "destinations", "expression") if route.get(key)]
    protocols = {text(item) for item in listing(route.get("protocols"))}
    found += ["protocols"] if protocols and not protocols & _WEB else []
    return named(found) if found else ""


def _agreed(gateway: Gateway, options: Mapping[str, object], names: tuple[str, ...]) -> Spot:
    """The place that an entry means; several are one where the same plugins run at all of them."""
    wanted = [option(options, key) for key in ("location", "server", "resource")]
    fitting = [spot for spot in gateway.spots if all(name in ("", *spot.names) for name in wanted)]
    if not fitting:
        there = named(spot.label for spot in gateway.spots)
        raise Unsaid(f"no route or service fits {' '.join(filter(None, wanted))}; the file has: {there}")
    for plugin in gateway.plugins:
        if plugin.name in names:
            _is_enabled(plugin.document, plugin.data, plugin.label)
            _refuse_unmerged(plugin)
    fitting = _serving([spot for spot in fitting if spot.off is None] or fitting, gateway.spots, options)
    if len({gateway.running_at(spot, names) for spot in fitting}) > 1:
        there = named(spot.label for spot in fitting)
        raise fitting[1].at.unsaid(f"several routes fit and differ; name one with location: {there}")
    _refuse_narrowed(gateway, fitting, options, names)
    return fitting[0]


def _refuse_unmerged(plugin: Plugin) -> None:
    """Settings that are shared by `_config` are put under a plugin's own, name by name; deeper they are not told apart."""
    own = mapping(plugin.data.get("config"))
    both = [key for key in own if isinstance(own[key], dict) and isinstance(plugin.shared.get(key), dict)]
    if plugin.data.get("_config") is not None and (both or not plugin.shared):
        at = At(plugin.document, plugin.data, "_config")
        raise at.unsaid(f"the _config of {plugin.label} cannot be put together here; write its settings with the plugin")


def _places(spots: Iterable[Spot]) -> list[tuple[Spot, Taken]]:
    """What each route takes: all that begins so, within a name too; a path that begins with ~ is a pattern."""
    found = []
    for spot in spots:
        for path in spot.paths or ("/",):
            start, is_all = of_pattern(path[1:]) if path.startswith("~") else (path, True)
            found.append((spot, Taken(spot.hosts, start, is_all, is_textual=True)))
    return found


def _serving(fitting: list[Spot], spots: Sequence[Spot], options: Mapping[str, object]) -> list[Spot]:
    """Of the routes that fit, those that serve a surface that the control names: a limit elsewhere proves nothing."""
    addresses = addresses_of(options)
    if not addresses:
        return fitting
    places = _places(spot for spot in spots if spot.off is None or spot in fitting)
    first = {id(spot) for address in addresses for spot in closest(address, places)}
    serving = [spot for spot in fitting if id(spot) in first]
    if not serving:
        refuse_other_hosts(fitting[0].at, fitting[0].label, fitting[0].hosts, options)
        raise fitting[0].at.unsaid(
            f"{fitting[0].label} does not serve {named(map(str, addresses))} of the control's surfaces"
        )
    return serving


def _refuse_narrowed(
    gateway: Gateway, chosen: Sequence[Spot], options: Mapping[str, object], names: tuple[str, ...]
) -> None:
    """Where routes share an address by method, header or pattern and differ, which one is asked is not known."""
    own = gateway.running_at(chosen[0], names)
    start = [Address("", taken.prefix) for _, taken in _places(chosen) if taken.is_sure]
    mine = {id(spot) for spot in chosen}
    for address in addresses_of(options) or start:
        taking = [(spot, taken) for spot, taken in _places(gateway.spots) if taken.weight(address) is not None]
        if any(not taken.is_sure and id(spot) in mine for spot, taken in taking):
            raise chosen[0].at.unsaid(
                f"{chosen[0].label} takes paths by a pattern; whether {address} is one is not known here"
            )
        others = [(s, taken) for s, taken in taking if s.off is None and gateway.running_at(s, names) != own]
        narrowed = next((spot.narrowed for spot in chosen if spot.narrowed), "")
        least = max((weight for s, taken in taking if id(s) in mine and (weight := taken.weight(address))), default=None)
        by = [
            (s, s.narrowed or narrowed or _by_pattern(s, taken, chosen[0]) or _by_order(s, chosen[0])) for s, taken in others
        ]
        by += [(s, "nothing that the file shows") for s, taken in others if taken.weight(address) == least]
        rival = next(((spot, why) for spot, why in by if why), None)
        if rival is not None:
            said = f"{rival[0].label} takes requests to {address} too, told apart by {rival[1]}, and is not the same"
            raise rival[0].at.unsaid(said)
        same = [spot for spot, _ in taking if gateway.running_at(spot, names) == own]
        _refuse_other_requests(chosen[0], same or chosen, options)
    if any(spot.narrowed == "protocols" for spot in chosen):
        raise chosen[0].at.unsaid(f"{chosen[0].label} is for protocols that are not the web's")
    for plugin in [found for name in names if (found := gateway.effective(chosen[0], name)) is not None]:
        protocols = {text(item) for item in listing(plugin.data.get("protocols"))}
        if protocols and not protocols >= _WEB:
            raise At(plugin.document, plugin.data, "protocols").unsaid(
                f"{plugin.label} runs for some protocols only, not for both http and https"
            )
        if plugin.data.get("condition") not in (None, ""):
            raise At(plugin.document, plugin.data, "condition").unsaid(
                f"{plugin.label} has a condition, so it runs for some requests only; which is not read"
            )


def _by_pattern(spot: Spot, taken: Taken, chosen: Spot) -> str:
    """Words for a route that takes paths by a pattern: Kong asks it before plain paths, those with hosts before all."""
    is_first = any(path.startswith("~") for path in spot.paths) and (bool(spot.hosts) or not chosen.hosts)
    return "a pattern" if is_first or not taken.is_sure else ""


def _by_order(spot: Spot, chosen: Spot) -> str:
    """Words for a route that names hosts and paths where the other names one of these: Kong asks the one with more first."""
    counts = [bool(one.hosts) + bool(one.paths) for one in (spot, chosen)]
    return "hosts and paths" if counts[0] > counts[1] else ""


def _refuse_other_requests(chosen: Spot, same: Sequence[Spot], options: Mapping[str, object]) -> None:
    """What runs for other requests than those by which a surface is read proves nothing of it.

    A surface is read by GET, unless its address begins with another method (`POST /search`). A control without an address
    is about what the entry picks.
    """
    if not addresses_of(options):
        return
    if chosen.service and not chosen.route:
        raise chosen.at.unsaid(f"{chosen.label} has no route in this file, so which addresses it serves is not known here")
    wanted = _methods(options)
    if not any(wanted <= set(spot.methods) for spot in same if spot.methods) and all(spot.methods for spot in same):
        raise chosen.at.unsaid(
            f"{chosen.label} takes {named(chosen.methods)} only, and the surface is read by {named(sorted(wanted))}"
        )
    if all(spot.unread for spot in same):
        raise chosen.at.unsaid(f"{chosen.label} picks requests by {chosen.unread}; what it leaves out is not known here")


def _methods(options: Mapping[str, object]) -> set[str]:
    """The methods with which the addresses of surfaces are written; GET where one has none."""
    urls = options.get("urls")
    words = [str(url).split() for url in (urls if isinstance(urls, list) else [])]
    return {word[0].upper() if len(word) > 1 and word[0].isalpha() else "GET" for word in words} or {"GET"}


# --- rate limits ---


def _of_limit(
    gateway: Gateway, spot: Spot, options: Mapping[str, object], subject: Mapping[str, object]
) -> Iterator[Reading]:
    zone = option(options, "zone")
    running = [plugin for name in _LIMITERS if (plugin := gateway.effective(spot, name)) is not None]
    running = [plugin for plugin in running if zone in ("", plugin.name, text(plugin.data.get("instance_name")))]
    if not running:
        yield _not_running(gateway, spot, _LIMITERS, f" {zone}" if zone else "")
        return
    _refuse_anonymous(gateway, spot)
    if len(running) > 1:
        there = named(plugin.name for plugin in running)
        raise running[1].at().unsaid(f"several rate limits run for {spot.label}; name one with zone: {there}")
    plugin = running[0]
    standing, why = _standing(plugin, gateway, spot)
    note = "; ".join(
        filter(None, (f"{plugin.label} in effect for {spot.label}", why, _others(gateway, plugin), _outage(plugin)))
    )
    rates = _rates(plugin)
    yield from doubted(_of_rates(plugin, rates, standing, subject, note), _answering(plugin))


def _answering(plugin: Plugin) -> str:
    """Words for refusals that are answered as if nothing was refused; empty for an error, 429 where it is not written."""
    code = plugin.config.get("error_code")
    is_error = code is None or (isinstance(code, int | float) and 400 <= code < 600)
    return (
        ""
        if is_error
        else "what is beyond the limit is not answered by an error (error_code); a person has to say whether it holds"
    )


def _of_rates(
    plugin: Plugin, rates: Sequence[Rate], standing: str, subject: Mapping[str, object], note: str
) -> Iterator[Reading]:
    if standing == "chosen":
        yield plugin.at().reading("status", "observing", note)
    elif standing != "opaque":
        yield plugin.at().reading("status", "deployed", note)
    is_shared = _is_shared(plugin)
    yield from numbers(rates, subject, note if is_shared else f"{note}; {_EACH}", soft=not is_shared)
    unit = {"address": "ip", "account": "account", "credential": "credential"}.get(standing)
    if unit and mapping(subject.get("params")).get("unit") not in _HOLDS_FOR.get(unit, ()):
        yield plugin.at().reading("params.unit", unit, note)


def _not_running(gateway: Gateway, spot: Spot, names: Sequence[str], which: str) -> Reading:
    """No instance runs for any client; one that is switched off or for one consumer only is pointed at."""
    there = [
        p for p in gateway.plugins if p.name in names and p.route in ("", spot.route) and p.service in ("", spot.service)
    ]
    off = next((p for p in there if not p.is_on), None)
    if off is not None:
        at = At(off.document, off.data, "enabled")
        return at.reading("status", "planned", f"{off.label} is not enabled, and no other runs for {spot.label}")
    _refuse_other_plugins(gateway, spot, names)
    some = next((p for p in there if p.consumer), None)
    if some is not None:
        return some.at().reading("status", "planned", f"{some.name} runs for {some.consumer} only, not for everybody")
    said = f"no {' or '.join(names)}{which} runs for {spot.label}"
    return spot.at.reading("status", "planned", said)


def _refuse_other_plugins(gateway: Gateway, spot: Spot, names: Sequence[str]) -> None:
    """A plugin that runs programs, or by its name limits in another way, may do what none of those that are read does."""
    running = {
        name for name, route, service in gateway.running if route in ("", spot.route) and service in ("", spot.service)
    }
    pattern = _MAY_LIMIT if names == _LIMITERS else _PROGRAM
    other = next((name for name in sorted(running - set(names)) if pattern.search(name)), "")
    if other:
        plugin = gateway.effective(spot, other)
        at = plugin.at() if plugin is not None else spot.at
        raise at.unsaid(f"no {' or '.join(names)} runs for {spot.label}, but {other} does, which is not read")


def _refuse_anonymous(gateway: Gateway, spot: Spot) -> None:
    """Requests without credentials that run as a consumer are limited by that consumer's own numbers."""
    asking = [plugin for name in _ASKING if (plugin := gateway.effective(spot, name)) is not None]
    own = next((plugin for plugin in gateway.plugins if plugin.name in _LIMITERS and plugin.consumer), None)
    if own is not None and any(_anonymous(plugin) for plugin in asking):
        said = f"requests without credentials run as a consumer, and {own.consumer} has a limit of its own; which counts"
        raise own.at().unsaid(f"{said} for them is not known here")


def _others(gateway: Gateway, plugin: Plugin) -> str:
    """Words for consumers that have an instance of their own."""
    names = [p.consumer for p in gateway.plugins if p.name == plugin.name and p.consumer and p.is_on]
    return f"other numbers for {named(names)}" if names else ""


def _outage(plugin: Plugin) -> str:
    """Words for a shared counter whose outage lets everything through; `fault_tolerant` is true where it is not written."""
    is_open = plugin.name == "rate-limiting" and _is_shared(plugin) and plugin.config.get("fault_tolerant") is not False
    return "when the counters cannot be reached everything gets through (fault_tolerant)" if is_open else ""


def _is_shared(plugin: Plugin) -> bool:
    """Whether nodes count together. What is not written is `local` in Kong 3, and a negative sync_rate never syncs."""
    if plugin.name == "rate-limiting":
        return text(plugin.config.get("policy")) in ("cluster", "redis")
    rate = plugin.config.get("sync_rate")
    syncs = isinstance(rate, (int, float)) and not isinstance(rate, bool) and rate >= 0
    return text(plugin.config.get("strategy")) in ("cluster", "redis") and syncs


def _rates(plugin: Plugin) -> list[Rate]:
    """The limits of a plugin, all of which apply."""
    if plugin.name == "rate-limiting":
        found = [_period(plugin, name) for name in _PERIODS if plugin.config.get(name) is not None]
    else:
        limits, windows = listing(plugin.config.get("limit")), listing(plugin.config.get("window_size"))
        if len(limits) != len(windows):
            raise plugin.at("limit").unsaid(f"{plugin.label} has not as many limits as window sizes")
        found = [_window(plugin, index) for index in range(min(len(limits), 100))]
    if not found:
        raise plugin.at().unsaid(f"{plugin.label} has no limit")
    return found


def _period(plugin: Plugin, name: str) -> Rate:
    amount = whole(plugin.config.get(name))
    if amount is None or amount < 1:
        raise plugin.at(name).unsaid(f"{name} of {plugin.label} is no whole number above zero")
    return Rate(amount, Fraction(UNITS[name]), plugin.at(name))


def _window(plugin: Plugin, index: int) -> Rate:
    amount, seconds = whole(plugin.config["limit"][index]), whole(plugin.config["window_size"][index])
    at = At(plugin.document, plugin.config["limit"], index)
    if amount is None or seconds is None or amount < 1 or seconds < 1:
        raise at.unsaid(f"a limit or window of {plugin.label} is no whole number above zero")
    return Rate(amount, Fraction(seconds), at)


def _standing(plugin: Plugin, gateway: Gateway, spot: Spot) -> tuple[str, str]:
    """Whom a limit counts. Without a consumer or credential Kong counts addresses."""
    key = "limit_by" if plugin.name == "rate-limiting" else "identifier"
    by = text(plugin.config.get(key)) or "consumer"
    if by == "ip":
        return "address", ""
    if by in ("path", "service"):
        return "shared", f"one counter a {by} for everybody"
    if by == "header":
        return _of_header(plugin)
    if by not in ("consumer", "credential"):
        return "opaque", f"{key} is {by}; whom it counts is not known here"
    asking = [name for name in _ASKING if gateway.effective(spot, name) is not None]
    if not asking:
        return "shared", f"it counts by {by}, else by address, and no plugin in this file asks for credentials there"
    is_anonymous = any(_anonymous(gateway.effective(spot, name)) for name in asking)
    if is_anonymous:
        return "shared", f"it counts by {by}, those without credentials by address or as one"
    return "account" if by == "consumer" else "credential", ""


def _of_header(plugin: Plugin) -> tuple[str, str]:
    """Counting by a header; those that Kong itself writes when it has checked a consumer are sound elsewhere."""
    name = text(plugin.config.get("header_name")) or "without a name"
    if name.lower().startswith(("x-consumer-", "x-credential-")):
        return "opaque", f"{plugin.label} counts by the header {name}, which Kong writes only where it asks for credentials"
    return of_header(name, plugin.label)


def _anonymous(plugin: Plugin | None) -> bool:
    """Whether requests without credentials get by: as the anonymous consumer, or where its condition does not hold."""
    by = (plugin.config.get("anonymous"), plugin.data.get("condition")) if plugin is not None else ()
    return any(value not in (None, "", False) for value in by)


# --- blocks and logins ---


def _of_block(gateway: Gateway, spot: Spot, name: str) -> Iterator[Reading]:
    """`bot-detection` (the client's name against lists) or the deny list of `ip-restriction`."""
    plugin = gateway.effective(spot, name)
    if plugin is None:
        yield _not_running(gateway, spot, (name,), "")
        return
    denied = [text(item) for item in listing(plugin.config.get("deny")) or listing(plugin.config.get("blacklist"))]
    allowed = [text(item) for item in listing(plugin.config.get("allow")) or listing(plugin.config.get("whitelist"))]
    if name == "ip-restriction" and not denied:
        yield plugin.at().reading("status", "planned", f"{plugin.label} denies no address; it only lists whom it lets in")
        return
    if name == "ip-restriction":
        _networks(plugin, "deny", denied)
    if name == "bot-detection" and any(item in (".", ".*", ".+", "^.*", "^.*$", "") for item in allowed):
        said = f"{plugin.label} allows every client by its allow list, so it refuses nobody"
        yield plugin.at("allow").reading("status", "planned", said)
        return
    wide = next((item for item in allowed if name == "bot-detection" and _is_wide(item)), None)
    if wide is not None:
        raise plugin.at("allow").unsaid(f"{plugin.label} allows clients by a pattern that can fit nearly all of them")
    what = ", by the name that the client gives" if name == "bot-detection" else ""
    yield plugin.at().reading("status", "deployed", f"{plugin.label} in effect for {spot.label}{what}")


def _is_wide(pattern: str) -> bool:
    """Whether an entry of an allow list may let most clients in: any pattern, and any word of the usual names."""
    is_word = (
        re.fullmatch(r"[A-Za-z0-9 _/;:,-]+", pattern.replace("\\.", "").removeprefix("^").removesuffix("$")) is not None
    )
    return not is_word or any(pattern.lower() in client for client in _CLIENTS)


def _access(gateway: Gateway, spot: Spot) -> Iterator[Reading]:
    """What stands before a route: credentials, a group, or a list of networks."""
    asking = _asking(gateway, spot)
    group = gateway.effective(spot, "acl")
    network = gateway.effective(spot, "ip-restriction")
    if asking is not None and _is_open(gateway, asking):
        said = f"{asking.label} lets those without credentials through as the anonymous consumer"
        yield asking.at("anonymous").reading("status", "observing", said)
    elif asking is not None:
        is_group = group is not None and (group.config.get("allow") or group.config.get("whitelist"))
        plugin = group if is_group and group is not None else asking
        yield _asked(asking, spot, "status", "deployed")
        yield plugin.at().reading("params.access_method", "role" if is_group else "sign_in", plugin.label, soft=True)
    elif network is not None and _is_narrow(network):
        yield network.at().reading("status", "deployed", f"{network.label} in effect for {spot.label}")
        yield network.at().reading("params.access_method", "network", network.label)
    else:
        raise spot.at.unsaid(_unasked(spot))


def _is_narrow(plugin: Plugin) -> bool:
    """Whether an allow list lets in less than everybody."""
    ranges = [text(item) for item in listing(plugin.config.get("allow")) or listing(plugin.config.get("whitelist"))]
    networks = _networks(plugin, "allow", ranges)
    return bool(networks) and not is_most(map(str, networks))


def _networks(plugin: Plugin, key: str, ranges: Iterable[str]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """The ranges of a list; of anything else in it Kong refuses the file."""
    try:
        return [ipaddress.ip_network(item, strict=False) for item in ranges]
    except ValueError:
        raise plugin.at(key).unsaid(f"{plugin.label} lists something that is no range of addresses") from None


def _credentials(gateway: Gateway, spot: Spot) -> Iterator[Reading]:
    """Which credentials a route asks for."""
    asking = _asking(gateway, spot)
    if asking is None:
        raise spot.at.unsaid(_unasked(spot))
    yield _asked(asking, spot, "status", "observing" if _is_open(gateway, asking) else "deployed")
    if _ASKING[asking.name]:
        yield asking.at().reading("params.credential_type", _ASKING[asking.name], asking.label)


def _auth(gateway: Gateway, spot: Spot) -> Iterator[Reading]:
    """`auth` of a surface: only that one is asked for can be told; that nothing is asked is the application's affair."""
    asking = _asking(gateway, spot)
    if asking is None:
        raise spot.at.unsaid(_unasked(spot))
    yield _asked(asking, spot, "auth", "optional" if _is_open(gateway, asking) else "required")


def _asked(asking: Plugin, spot: Spot, path: str, value: str) -> Reading:
    """That credentials are asked for. `run_on_preflight: false` spares OPTIONS, whatever is answered to it."""
    note = f"{asking.label} in effect for {spot.label}"
    is_skipped = asking.config.get("run_on_preflight") is False and (not spot.methods or "OPTIONS" in spot.methods)
    note += "; requests by OPTIONS get through without (run_on_preflight), which a person has to weigh" if is_skipped else ""
    return asking.at("anonymous" if _anonymous(asking) else None).reading(path, value, note, soft=is_skipped)


def _unasked(spot: Spot) -> str:
    return f"no plugin asks for credentials for {spot.label}; what the application behind it asks for is not known here"


def _asking(gateway: Gateway, spot: Spot) -> Plugin | None:
    """The plugin that asks for credentials; one that lets nobody through anonymously before one that does."""
    found = [plugin for name in _ASKING if (plugin := gateway.effective(spot, name)) is not None]
    return min(found, key=_anonymous, default=None)


def _is_open(gateway: Gateway, plugin: Plugin) -> bool:
    """Whether those without credentials get through; a consumer whose requests are all ended stops them."""
    ended = any(other.name == "request-termination" and other.consumer and other.is_on for other in gateway.plugins)
    if _anonymous(plugin) and ended:
        raise plugin.at("anonymous").unsaid(
            f"{plugin.label} has an anonymous consumer, and requests of one are ended; which is not read"
        )
    return _anonymous(plugin)


# --- discover ---


def discover(opener: Opener, path: str) -> tuple[Discovered, ...]:
    """The rate limits that run for some route, service or everything."""
    return discovered(opener, path, lambda files: _found(files, path), (b"rate-limiting",))


def _found(files: Files, path: str) -> Iterator[Discovered]:
    gateway = _gateway(files.documents(path), path)
    seen: set[int] = set()
    for spot in gateway.spots:
        for plugin in (gateway.effective(spot, name) for name in _LIMITERS):
            if plugin is None or id(plugin.data) in seen or len(seen) > MOST:
                continue
            seen.add(id(plugin.data))
            kind = "routes" if spot.route else "services"
            name = spot.route or spot.service
            entry = {"kind": "kong", "path": path, "zone": plugin.name}
            entry |= {"resource": f"{kind}/{name}"} if name else {}
            readings = spoken(partial(_spoken, gateway, entry, {"family": "rate_limit"}))
            if any(reading.path == ("status",) and reading.value != "planned" for reading in readings):
                yield limit_control(name or "gateway", entry, readings)
