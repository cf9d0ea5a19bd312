"""What Kubernetes resources say about a declared rate limit, block or login: Ingress annotations and Envoy Gateway policies.

Read are the annotations of the community's ingress-nginx (`nginx.ingress.kubernetes.io/…`, as its annotations page and its
sources have them) and `rateLimit` of Envoy Gateway's BackendTrafficPolicy. Traefik's and Kong's resources have kinds of
evidence of their own; snippets, the annotations of other controllers and the controller's flags are not read.

The entry picks with `resource` (`name`, `kind/name`, `namespace/name` or `namespace/kind/name`), `server` (the host of an
Ingress rule, `*` for none) and `location` (the path of an Ingress rule or HTTPRoute match, as it is written). A limit that
each instance of a proxy counts for itself is told as one that a person has to weigh: with several instances more gets
through. Notes never tell the numbers.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from policycheck.evidence._foreign import (
    MOST,
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
from policycheck.evidence._rates import DWARFED, STANDINGS, UNITS, Rate, is_dwarfed, numbers, of_header
from policycheck.model import Account, Discovered, Reading

if TYPE_CHECKING:
    from policycheck.document import Document
    from policycheck.opener import Opener

KINDS_OF_SUBJECT: frozenset[str] = frozenset({"control", "surface"})
#: What is read holds at one address, so each surface of a control is asked for by itself.
BY_ADDRESS = True
FILES: tuple[str, ...] = ("*ingress*.y*ml", "*k8s/*.y*ml", "*kubernetes/*.y*ml", "*manifests/*.y*ml", "*trafficpolic*.y*ml")

_LIMITS = ("rate_limit", "anomaly_throttle")
_FAMILIES = (*_LIMITS, "ip_block", "access_control")
_PREFIX = "nginx.ingress.kubernetes.io/"
_SNIPPETS = ("configuration-snippet", "server-snippet", "auth-snippet")
#: What changes in them a limit, or who is let in (no variable and no part of a header), and what has requests answered
#: elsewhere.
_LIMITING = re.compile(r"\blimit_req(?!_status\b|_log_level\b)\w*|\b(?:set_)?real_ip\w*")
_ADMITTING = re.compile(
    r"(?<![\w$-])(?:satisfy|auth_(?!request_set\b)\w+|allow|deny|ssl_verify_client|access_by_lua\w*|(?:set_)?real_ip\w*)\b"
)
_ELSEWHERE = re.compile(r"\b(?:location|rewrite|error_page|try_files)\b")
_COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
_GLOBAL_SNIPPETS = ("main-snippet", "http-snippet", "server-snippet", "location-snippet")
#: Who is not limited; the second is the first's older name, read where the first is not there.
_SPARING = ("limit-allowlist", "limit-whitelist")
#: What has the controller take the address from a header.
_BELIEVING = ("use-forwarded-headers", "enable-real-ip")
#: What annotations of other controllers begin with, by which these limit: what they say is not read.
_OTHERS = (
    "nginx.org/limit-req-", "haproxy.org/rate-limit", "haproxy-ingress.github.io/limit-", "ingress.kubernetes.io/limit-",
    "konghq.com/plugins", "traefik.ingress.kubernetes.io/router.middlewares", "k8s.apisix.apache.org/",
    "alb.ingress.kubernetes.io/wafv2-acl-arn",
)  # fmt: skip
#: What the annotations begin with by which an Ingress asks clients for something.
_ASKING = ("auth-", "satisfy", "whitelist-", "allowlist-")
_BURST = 5
#: The most resources read of one stream.
_MOST = 5000
#: Words of ingress classes that, by their makers' convention, are other controllers'.
_OTHER_CLASSES = ("alb", "azure", "contour", "gce", "haproxy", "istio", "kong", "traefik")
#: What the controller spares from being asked where nothing else is set.
_ACME = "/.well-known/acme-challenge"
_CONTROLLER = "k8s.io/ingress-nginx"
#: kubernetes.io/blog/2025/11/11/ingress-nginx-retirement and the statement of 2026-01-29.
_RETIRED = "ingress-nginx was retired in March 2026 and gets no more fixes"
_EACH = "each instance counts for itself, so several let through as many times more"


class Resource(NamedTuple):
    """One resource of a stream: its document, kind, namespace and name."""

    document: Document
    data: dict[str, Any]

    @property
    def kind(self) -> str:
        """Its kind, such as Ingress."""
        return text(self.data.get("kind"))

    @property
    def name(self) -> str:
        """Its name."""
        return text(mapping(self.data.get("metadata")).get("name"))

    @property
    def namespace(self) -> str:
        """Its namespace, empty when the file does not say."""
        return text(mapping(self.data.get("metadata")).get("namespace"))

    @property
    def spec(self) -> dict[str, Any]:
        """Its spec."""
        return mapping(self.data.get("spec"))

    @property
    def label(self) -> str:
        """What it is called in notes."""
        return f"{self.kind} {self.name}"

    def at(self, key: str | None = None) -> At:
        """Where it, or one of its properties, stands."""
        return At(self.document, self.data, key)

    def is_called(self, wanted: str) -> bool:
        """Whether it goes by a name as an evidence entry writes it."""
        if self.name.lower() not in wanted.lower():
            return False
        low, parts = wanted.lower(), (self.namespace, self.kind.lower(), self.name)
        names = (parts[2], "/".join(parts[1:]), f"{parts[0]}/{parts[2]}", "/".join(parts))
        return low in [name.lower() for name in names]


class Counted(NamedTuple):
    """One limit of a policy: its rate, how soundly it counts (a standing), why that matters, and whether it is shadowed."""

    rate: Rate
    standing: str
    why: str
    is_local: bool
    is_shadow: bool

    @property
    def rank(self) -> tuple[bool, int, Fraction]:
        """Enforced before shadowed, the soundest first, then the strictest."""
        return (self.is_shadow, max(STANDINGS.index(self.standing), 2), self.rate.amount / self.rate.seconds)


def account(opener: Opener, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    """What the resources in the stream at `path` (from the root) say about a declared control or surface."""
    return heard(opener, path, lambda files: _readings(files, path, options, subject))


def _readings(files: Files, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Iterator[Reading]:
    yield from _spoken(_resources(files.documents(path), path), options, subject)


def _spoken(
    resources: Sequence[Resource], options: Mapping[str, object], subject: Mapping[str, object]
) -> Iterator[Reading]:
    if not is_control(subject):
        found = _picked(resources, options, ("Ingress",))
        options = with_url(options, subject)
        _refuse_unanswered(found, resources, options)
        yield from doubted(_auth_of_surface(found, resources), _passing(found, resources, options, _ASKING))
        return
    family = refuse_other_family("kubernetes", subject, _FAMILIES)
    if family in _LIMITS:
        kinds = ("Ingress", "BackendTrafficPolicy")
        found = _picked(resources, options, kinds)
        read, passing = (_of_ingress, _passing_limit) if found.kind == "Ingress" else (_of_policy, _passing_policy)
        why = passing(found, resources, options)
        for reading in doubted(read(found, resources, options, subject), why):
            yield reading._replace(soft=reading.soft or family == "anomaly_throttle")
        return
    found = _picked(resources, options, ("Ingress",))
    _refuse_unanswered(found, resources, options)
    blocks = family == "ip_block"
    why = _passing(found, resources, options, ("denylist-",) if blocks else _ASKING)
    yield from doubted(_blocks(found, resources) if blocks else _access(found, resources), why)


# --- resources and how an entry picks one ---


def _resources(documents: Sequence[Document], path: str) -> list[Resource]:
    """The resources of a stream, those in a List too."""
    found = []
    for document in documents:
        data = document.data
        items = listing(data.get("items")) if text(data.get("kind")).endswith("List") else [data]
        found += [Resource(document, item) for item in items if isinstance(item, dict)]
    found = [resource for resource in found if resource.kind and text(resource.data.get("apiVersion"))]
    if not found or len(found) > _MOST:
        raise Unsaid(f"{path} holds {f'more than {_MOST} resources' if found else 'no Kubernetes resource'}", path)
    return found


def _picked(resources: Sequence[Resource], options: Mapping[str, object], kinds: tuple[str, ...]) -> Resource:
    """The one resource that an entry means."""
    wanted, host, path = (option(options, name) for name in ("resource", "server", "location"))
    candidates = [resource for resource in resources if resource.kind in kinds and _is_read(resource)]
    found = [resource for resource in candidates if not wanted or resource.is_called(wanted)]
    if host or path:
        routes = {(r.kind, r.name, r.namespace): r for r in resources if r.kind.endswith("Route")}
        found = [resource for resource in found if _has_rule(resource, routes, host, path)]
    if not found:
        meant = " ".join(filter(None, (wanted, host, path))) or "/".join(kinds)
        raise Unsaid(f"no resource fits {meant}; the file has: {named(r.label for r in candidates or resources)}")
    if len(found) > 1:
        raise found[1].at().unsaid(f"several resources fit; name one with resource: {named(r.label for r in found)}")
    refuse_templates(found[0].document, found[0].data)
    return found[0]


def _is_read(resource: Resource) -> bool:
    group = text(resource.data.get("apiVersion")).rpartition("/")[0]
    return group in ("networking.k8s.io", "extensions", "gateway.envoyproxy.io")


def _has_rule(resource: Resource, routes: Mapping[tuple[str, str, str], Resource], host: str, path: str) -> bool:
    """Whether a resource has a rule of this host and path; a policy has those of the routes that it targets."""
    if resource.kind != "Ingress":
        refs = [(text(ref.get("kind")), text(ref.get("name")), resource.namespace) for ref in _target_refs(resource)]
        return any(_has_match(routes[ref], host, path) for ref in refs if ref in routes)
    hosts = [(text(mapping(rule).get("host")) or "*", mapping(rule)) for rule in listing(resource.spec.get("rules"))]
    return any(
        host in ("", at) and (not path or path in [text(p.get("path")) for p in _rule_paths(rule)]) for at, rule in hosts
    )


def _rule_paths(rule: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [mapping(item) for item in listing(mapping(rule.get("http")).get("paths"))]


def _has_match(route: Resource, host: str, path: str) -> bool:
    hosts = [text(name) for name in listing(route.spec.get("hostnames"))] or ["*"]
    return (not host or host in hosts) and (not path or path in _route_paths(route))


def _route_paths(route: Resource) -> list[str]:
    rules = [mapping(rule) for rule in listing(route.spec.get("rules"))]
    matches = [mapping(match) for rule in rules for match in listing(rule.get("matches")) or [{}]]
    return [text(mapping(match.get("path")).get("value")) or "/" for match in matches]


# --- ingress-nginx ---


class Annotations(NamedTuple):
    """The annotations of an Ingress that ingress-nginx reads, by their names without the prefix."""

    resource: Resource
    data: dict[str, Any]

    def at(self, name: str) -> At:
        """Where an annotation stands."""
        return At(self.resource.document, self.data, _PREFIX + name)

    def value(self, name: str) -> str:
        """An annotation's text; Kubernetes refuses an annotation that is no text."""
        value = self.data.get(_PREFIX + name)
        if value is not None and not isinstance(value, str):
            raise self.at(name).unsaid(f"the annotation {name} is no text, so Kubernetes refuses the Ingress; quote it")
        return (value or "").strip()

    @property
    def is_canary(self) -> bool:
        """Whether it stands beside a main Ingress, of which everything else is taken."""
        return self.value("canary").lower() == "true"

    @property
    def is_passed_on(self) -> bool:
        """Whether connections to its hosts are passed on as they are, so that nothing is read of the requests in them."""
        return str(self.data.get(f"{_PREFIX}ssl-passthrough")).strip().lower() == "true"

    def number(self, name: str) -> int:
        """An annotation's number; 0 when it is not there."""
        value = self.value(name)
        number = whole(value) if value else 0
        if number is None:
            raise self.at(name).unsaid(f"the annotation {name} is no whole number, so ingress-nginx does not take it")
        return number

    def ranges(self, name: str) -> list[str]:
        """An annotation's addresses and ranges, as written."""
        written = [part.strip() for part in self.value(name).split(",") if part.strip()]
        if any(_network(part) is None for part in written):
            raise self.at(name).unsaid(f"the annotation {name} holds something that is no range of addresses")
        return written


def _ignored(notes: Annotations) -> Reading:
    said = f"{notes.resource.label} is a canary: ingress-nginx takes the annotations of the main Ingress and ignores these"
    return notes.at("canary").reading("status", "planned", said)


def _annotations(resource: Resource) -> Annotations:
    return Annotations(resource, mapping(mapping(resource.data.get("metadata")).get("annotations")))


def _network(value: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(value, strict=False)
    except ValueError:
        return None


def _is_everyone(ranges: Sequence[str]) -> bool:
    """Whether ranges together are all addresses of IPv4 or of IPv6, also written in parts."""
    networks = [network for part in ranges if (network := _network(part)) is not None]
    fours = [network for network in networks if isinstance(network, ipaddress.IPv4Network)]
    sixes = [network for network in networks if isinstance(network, ipaddress.IPv6Network)]
    lengths = [network.prefixlen for network in ipaddress.collapse_addresses(fours)]
    lengths += [network.prefixlen for network in ipaddress.collapse_addresses(sixes)]
    return 0 in lengths


def _of_ingress(
    found: Resource, resources: Sequence[Resource], options: Mapping[str, object], subject: Mapping[str, object]
) -> Iterator[Reading]:
    """The limit of an Ingress: what `limit-rps` and `limit-rpm` set for each of its paths, by client address."""
    foreign = _other_controller(found, resources)
    if foreign is not None:
        yield foreign
        return
    _refuse_elsewhere(found, resources, options)
    notes = _annotations(found)
    rates = _ingress_rates(notes)
    where = f"of {found.label}"
    if notes.is_canary:
        yield _ignored(notes)
        return
    if not rates:
        yield _no_limit(found, notes)
        return
    sparing = next((name for name in _SPARING if notes.value(name)), _SPARING[0])
    exempt = notes.ranges(sparing)
    if _is_everyone(exempt):
        said = f"{sparing} {where} exempts every address, so nobody is limited"
        yield notes.at(sparing).reading("status", "planned", said)
        return
    if exempt and is_most(exempt):
        said = f"{sparing} {where} exempts so many addresses that nearly nobody is limited"
        raise notes.at(sparing).unsaid(said)
    _refuse_snippets(found, resources)
    trusting, doubt = _trusting(resources), ""
    at = min(rates, key=lambda rate: rate.amount / rate.seconds).at
    if trusting is not None:
        said = f"the controller takes the address from a header of any client ({trusting.key}), so it can be bypassed"
        yield trusting.reading("status", "observing", said)
    else:
        names = " and ".join(str(rate.at.key).removeprefix(_PREFIX) for rate in rates)
        least, burst = min(rate.amount for rate in rates), int(str(_burst(notes, rates).value))
        doubt = DWARFED if is_dwarfed(least, burst, subject, by_declared=False) else ""
        deployed = at.reading("status", "deployed", f"{names} {where}; {_RETIRED}")
        unit = at.reading("params.unit", "ip", f"ingress-nginx counts by the client's address {where}")
        yield from doubted([deployed, unit], doubt)
    said = f"limit {where}; each controller counts for itself and the burst comes on top"
    yield from doubted(numbers(rates, subject, said, soft=True), doubt)
    yield _burst(notes, rates)
    if exempt:
        note = f"{sparing} {where}"
        yield notes.at(sparing).reading("params.exempt", _in_declared_order(exempt, subject), note)


def _refuse_snippets(found: Resource, resources: Sequence[Resource]) -> None:
    """What is put into nginx's own files may switch a limit off, or take the address that it counts from elsewhere."""
    for at, name, written in _snippets(found, resources):
        if word := _LIMITING.search(written):
            raise at.unsaid(f"the {name} says {word[0]} too, which is not read")


def _snippets(found: Resource, resources: Sequence[Resource]) -> Iterator[tuple[At, str, str]]:
    """What is put into nginx's own files, without comments: by an Ingress, for its hosts by others, by the controller."""
    hosts = set(_hosts(found))
    for resource in resources:
        names: tuple[str, ...] = ()
        data = mapping(resource.data.get("data"))
        if resource.kind == "ConfigMap":
            names = _GLOBAL_SNIPPETS
        elif resource.kind == "Ingress" and (resource is found or hosts & set(_hosts(resource))):
            data = _annotations(resource).data
            names = tuple(_PREFIX + name for name in (_SNIPPETS if resource is found else ("server-snippet",)))
        for name in [name for name in names if name in data]:
            label = f"{name.removeprefix(_PREFIX)} of {resource.label}"
            yield At(resource.document, data, name), label, _COMMENT.sub("", text(data[name]))


def _ingress_rates(notes: Annotations) -> list[Rate]:
    found = []
    for name, seconds in (("limit-rps", 1), ("limit-rpm", 60)):
        amount = notes.number(name)
        if amount > 0:
            found.append(Rate(amount, Fraction(seconds), notes.at(name), is_steady=True))
    return found


def _burst(notes: Annotations, rates: Sequence[Rate]) -> Reading:
    """The burst on top: each rate's own number times the multiplier, 5 where it is not given."""
    multiplier = notes.number("limit-burst-multiplier")
    multiplier = multiplier if multiplier >= 1 else _BURST
    rate = min(rates, key=lambda rate: rate.amount)
    at = notes.at("limit-burst-multiplier") if _PREFIX + "limit-burst-multiplier" in notes.data else rate.at
    return at.reading("params.burst", rate.amount * multiplier, "ingress-nginx multiplies the rate for the burst", soft=True)


def _no_limit(found: Resource, notes: Annotations) -> Reading:
    snippet = next((name for name in _SNIPPETS if notes.value(name)), "")
    if snippet:
        raise notes.at(snippet).unsaid(f"{found.label} has no limit-rps or limit-rpm, but a {snippet}, which is not read")
    if any(str(key).startswith(f"{_PREFIX}global-rate-limit") for key in notes.data):
        raise found.at("metadata").unsaid(f"{found.label} has global-rate-limit annotations, which are not read")
    foreign = next((str(key) for key in notes.data if str(key).startswith(_OTHERS)), "")
    if foreign:
        said = f"{found.label} has no limit-rps or limit-rpm, but {foreign}, by which another controller may limit"
        raise At(found.document, notes.data, foreign).unsaid(f"{said}; it is not read here")
    other = "; limit-connections is no rate" if notes.number("limit-connections") else ""
    said = f"{found.label} has no limit-rps or limit-rpm above zero{other}"
    return found.at("metadata").reading("status", "planned", said)


def _other_controller(found: Resource, resources: Sequence[Resource]) -> Reading | None:
    """A reading when the file shows that another controller serves this Ingress, to which the annotations mean nothing."""
    old = text(mapping(mapping(found.data.get("metadata")).get("annotations")).get("kubernetes.io/ingress.class"))
    name = text(found.spec.get("ingressClassName")) or old
    for resource in resources:
        controller = text(resource.spec.get("controller"))
        if resource.kind == "IngressClass" and resource.name == name and name and controller not in ("", _CONTROLLER):
            said = f"IngressClass {name} is served by {controller}, which does not read ingress-nginx's annotations"
            return At(resource.document, resource.spec, "controller").reading("status", "planned", said)
    if any(word in name.lower() for word in _OTHER_CLASSES):
        raise found.at("spec").unsaid(f"the ingress class {name} is not ingress-nginx's by its name, so nothing is read")
    is_known = any(r.kind == "IngressClass" and r.name == name for r in resources)
    if name and "nginx" not in name.lower() and not is_known:
        said = f"whose the ingress class {name} is, is not known here; put its IngressClass into the file"
        raise found.at("spec").unsaid(said)
    return None


def _refuse_unanswered(found: Resource, resources: Sequence[Resource], options: Mapping[str, object]) -> None:
    """Annotations count only at the controller that reads them, and on the addresses that the Ingress serves."""
    foreign = _other_controller(found, resources)
    if foreign is not None:
        raise found.at("spec").unsaid(foreign.note)
    _refuse_elsewhere(found, resources, options)


def _trusting(resources: Sequence[Resource]) -> At | None:
    """Where the controller's ConfigMap believes the address that any client sends along; None when it does not.

    With the PROXY protocol the address comes from the connection, whatever headers say (nginx.tmpl, `real_ip_header`).
    """
    for resource in resources:
        data = mapping(resource.data.get("data"))
        asks = next((name for name in _BELIEVING if text(data.get(name)).lower() == "true"), "")
        if resource.kind != "ConfigMap" or not asks or text(data.get("use-proxy-protocol")).lower() == "true":
            continue
        trusted = [part.strip() for part in text(data.get("proxy-real-ip-cidr")).split(",") if part.strip()]
        if not trusted or (all(map(_network, trusted)) and is_most(trusted)):
            return At(resource.document, data, asks)
    return None


def _refuse_elsewhere(found: Resource, resources: Sequence[Resource], options: Mapping[str, object]) -> None:
    """A limit on other addresses proves nothing: a path of the Ingress has to serve a surface that the control names."""
    for other in resources:
        notes = _annotations(other)
        if other.kind == "Ingress" and notes.is_passed_on and set(_hosts(other)) & set(_hosts(found)):
            said = f"{other.label} has ssl-passthrough, with which no annotation counts where the controller allows it"
            raise notes.at("ssl-passthrough").unsaid(said)
    addresses, wanted, patterns = addresses_of(options), option(options, "location"), _pattern_hosts(resources)
    own = [(found, taken) for taken, written in _ingress_places(found, patterns) if wanted in ("", written)]
    is_empty = not own
    own = [(found, taken) for found, taken in own if taken.is_sure]
    if addresses and is_empty:
        said = f"{found.label} has no rule here (a patch?), so which addresses it serves is not known"
        raise found.at().unsaid(f"{said}; name what kustomize or Helm renders")
    if not addresses:
        return
    others = [(other, taken) for other in resources if other is not found for taken, _ in _ingress_places(other, patterns)]
    others = [(other, taken) for other, taken in others if taken.is_sure]
    serving = [holders for address in addresses if found in (holders := closest(address, [*own, *others]))]
    if not serving:
        refuse_other_hosts(found.at("spec"), found.label, [host for _, taken in own for host in taken.hosts or "*"], options)
        there = named(map(str, addresses))
        raise found.at("spec").unsaid(f"{found.label} does not serve {there} of the control's surfaces")
    _refuse_twin(found, [holder for holders in serving for holder in holders])


def _passing(found: Resource, resources: Sequence[Resource], options: Mapping[str, object], names: tuple[str, ...]) -> str:
    """Why a part of a surface may be answered by another Ingress, whose annotations of these names differ; or empty."""

    def said(resource: Resource) -> dict[str, object]:
        data = _annotations(resource).data
        return {str(key): value for key, value in data.items() if str(key).removeprefix(_PREFIX).startswith(names)}

    def is_apart(other: Resource) -> bool:
        classes = {text(resource.spec.get("ingressClassName")) for resource in (found, other)} - {""}
        is_canary = str(_annotations(other).data.get(f"{_PREFIX}canary")).strip().lower() == "true"
        return other is not found and len(classes) < 2 and not is_canary and said(other) != said(found)

    patterns = _pattern_hosts(resources)
    own = [taken for taken, _ in _ingress_places(found, patterns) if taken.is_sure]
    others = [(other, taken) for other in resources if is_apart(other) for taken, _ in _ingress_places(other, patterns)]
    return _sent_on(found, resources) or _of_parts(own, others, options, "with other annotations")


def _sent_on(found: Resource, resources: Sequence[Resource]) -> str:
    """Why requests may be answered elsewhere than at the paths of an Ingress: a snippet has places of its own; or empty."""
    for _, name, written in _snippets(found, resources):
        if word := _ELSEWHERE.search(written):
            return f"the {name} says {word[0]}, by which requests may be answered elsewhere"
    return ""


def _passing_limit(found: Resource, resources: Sequence[Resource], options: Mapping[str, object]) -> str:
    """The same, of a rate limit."""
    return _passing(found, resources, options, ("limit-",))


def _of_parts(
    own: Sequence[Taken], others: Sequence[tuple[Resource, Taken]], options: Mapping[str, object], what: str
) -> str:
    for address in addresses_of(options):
        other = below(address, own, others)
        if other is not None:
            return f"{other.label} takes a part of {address} first, {what}"
    return ""


def _refuse_twin(found: Resource, serving: Sequence[Resource]) -> None:
    """Of two Ingresses with the same host and path the older one counts, which no file shows; a canary never does."""

    def limits(resource: Resource) -> list[tuple[object, int]]:
        return [(rate.at.key, rate.amount) for rate in _ingress_rates(_annotations(resource))]

    twins = [other for other in (found, *serving) if _annotations(other).value("canary").lower() != "true"]
    for other in twins if found in twins else ():
        if other is not found and limits(other) != limits(found):
            said = (
                f"{other.label} serves the same address as {found.label} and has other limits; the older of the two counts"
            )
            raise other.at("spec").unsaid(f"{said}, which is not known here")


def _pattern_hosts(resources: Sequence[Resource]) -> frozenset[str]:
    """The hosts all of whose paths are patterns: those of an Ingress that asks for it (`enforceRegexModifier`)."""
    hosts = []
    for resource in resources:
        notes = _annotations(resource).data if resource.kind == "Ingress" else {}
        is_regex = str(notes.get(f"{_PREFIX}use-regex")).strip().lower() == "true"
        if is_regex or notes.get(f"{_PREFIX}rewrite-target"):
            hosts += _hosts(resource)
    return frozenset(hosts)


def _hosts(resource: Resource) -> list[str]:
    """The hosts of an Ingress, an empty one for any."""
    hosts = [text(mapping(rule).get("host")).lower() for rule in listing(resource.spec.get("rules"))]
    return [*hosts, ""] if resource.spec.get("defaultBackend") else hosts


def _ingress_places(resource: Resource, patterns: frozenset[str]) -> list[tuple[Taken, str]]:
    """What the paths of an Ingress take, and how each is written.

    A path is compared by segments only where its type is Prefix and no Ingress of its host makes `patterns` of all paths.
    A star in a host stands for one label (`buildServerName`).
    """
    found = [(Taken((), "/"), "/")] if resource.kind == "Ingress" and resource.spec.get("defaultBackend") else []
    for rule in [mapping(rule) for rule in listing(resource.spec.get("rules"))] if resource.kind == "Ingress" else []:
        hosts = tuple(filter(None, [text(rule.get("host"))]))
        is_pattern = text(rule.get("host")).lower() in patterns
        for path in _rule_paths(rule) or [{}]:
            start, is_all = of_pattern(text(path.get("path")) or "/")
            if text(path.get("pathType")) == "Exact" and not is_pattern:
                found.append(
                    (Taken(hosts, text(path.get("path")) or "/", is_exact=True, is_label=True), text(path.get("path")))
                )
            else:
                is_textual = is_pattern or text(path.get("pathType")) != "Prefix"
                found.append(
                    (Taken(hosts, start, is_all, is_textual=is_textual, is_label=True), text(path.get("path")) or "/")
                )
    return found


def _in_declared_order(found: list[str], subject: Mapping[str, object]) -> list[str]:
    """What is exempt, in the manifest's own order where it is the same: order means nothing here."""
    params = subject.get("params")
    declared = params.get("exempt") if isinstance(params, Mapping) else None
    is_same = isinstance(declared, list) and sorted(map(str, declared)) == sorted(found)
    return declared if is_same and isinstance(declared, list) else found


# --- blocks and logins ---


def _by_address(found: Resource, resources: Sequence[Resource], name: str) -> Reading:
    """The status of a list of addresses: none is checked where clients say which address is theirs."""
    trusting = _trusting(resources)
    if trusting is not None:
        said = f"the controller takes the address from a header of any client ({trusting.key}), so {name} can be bypassed"
        return trusting.reading("status", "observing", said)
    return _annotations(found).at(name).reading("status", "deployed", f"{name} of {found.label}; {_RETIRED}")


def _blocks(found: Resource, resources: Sequence[Resource]) -> Iterator[Reading]:
    """`denylist-source-range` blocks the addresses that it lists, and nobody else."""
    notes = _annotations(found)
    if notes.is_canary:
        yield _ignored(notes)
        return
    denied = notes.ranges("denylist-source-range")
    if not denied:
        yield found.at("metadata").reading("status", "planned", f"{found.label} has no denylist-source-range")
        return
    yield _by_address(found, resources, "denylist-source-range")


def _access(found: Resource, resources: Sequence[Resource]) -> Iterator[Reading]:
    """What stands before an Ingress: a password, an outside check, a client certificate, or a list of networks."""
    notes = _annotations(found)
    _refuse_any(notes, resources)
    if notes.is_canary:
        yield _ignored(notes)
        return
    for name, method in (("auth-type", "sign_in"), ("auth-tls-secret", ""), ("auth-url", "")):
        if _is_asked(notes, name):
            outside = "; the service it asks decides" if name == "auth-url" else ""
            said = f"{name} of {found.label}{outside}; {_RETIRED}"
            yield notes.at(name).reading("status", "deployed", said, soft=name == "auth-url")
            if method:
                yield notes.at(name).reading("params.access_method", method, said)
            return
    allowed = notes.ranges("whitelist-source-range") or notes.ranges("allowlist-source-range")
    if allowed and not is_most(allowed):
        name = "whitelist-source-range" if notes.value("whitelist-source-range") else "allowlist-source-range"
        yield _by_address(found, resources, name)
        yield notes.at(name).reading("params.access_method", "network", f"{name} of {found.label}")
        return
    said = f"{found.label} asks for nothing itself; what the application behind it asks for is not known here"
    raise found.at("metadata").unsaid(said)


def _refuse_any(notes: Annotations, resources: Sequence[Resource]) -> None:
    """With `satisfy: any` one of several checks is enough, so none of them has to hold; the controller may spare paths."""
    for resource in [resource for resource in resources if resource.kind == "ConfigMap"]:
        data = mapping(resource.data.get("data"))
        spared = {part.strip() for part in text(data.get("no-auth-locations")).split(",")} - {"", _ACME}
        if spared:
            said = f"no-auth-locations of {resource.label} spares paths from being asked, which is not read"
            raise At(resource.document, data, "no-auth-locations").unsaid(said)
    for at, name, written in _snippets(notes.resource, resources):
        if word := _ADMITTING.search(written):
            raise at.unsaid(f"the {name} says {word[0]} too, which is not read")
    if notes.value("satisfy").lower() == "any":
        said = "satisfy is any, so a client that passes one check passes; whether each of them holds is not known here"
        raise notes.at("satisfy").unsaid(said)


def _is_asked(notes: Annotations, name: str) -> bool:
    """Whether an annotation really asks clients for something."""
    value = notes.value(name)
    if name == "auth-type":
        return value.lower() in ("basic", "digest") and bool(notes.value("auth-secret"))
    if name == "auth-tls-secret":
        return bool(value) and notes.value("auth-tls-verify-client").lower() in ("", "on")
    return bool(value)


def _auth_of_surface(found: Resource, resources: Sequence[Resource]) -> Iterator[Reading]:
    """`auth` of a surface: only that one is asked for can be told; that nothing is asked is the application's affair."""
    notes = _annotations(found)
    _refuse_any(notes, resources)
    if notes.is_canary:
        raise notes.at("canary").unsaid(_ignored(notes).note)
    name = next((name for name in ("auth-type", "auth-tls-secret", "auth-url") if _is_asked(notes, name)), "")
    if not name:
        said = f"{found.label} asks for no login itself; what the application behind it asks for is not known here"
        raise found.at("metadata").unsaid(said)
    yield notes.at(name).reading("auth", "required", f"{name} of {found.label}", soft=name == "auth-url")


# --- Envoy Gateway ---


def _of_policy(
    found: Resource, resources: Sequence[Resource], options: Mapping[str, object], subject: Mapping[str, object]
) -> Iterator[Reading]:
    """The limit of a BackendTrafficPolicy: its soundest enforced rule, if the policy is attached to anything."""
    limit = mapping(found.spec.get("rateLimit"))
    at = At(found.document, found.spec, "rateLimit" if limit else None)
    targets = _target_refs(found)
    if not targets and not listing(found.spec.get("targetSelectors")):
        yield found.at("spec").reading("status", "planned", f"{found.label} targets nothing, so it limits nothing")
        return
    counted = [
        item
        for item in _counted(found, limit, _from_tokens(resources), option(options, "location"))
        if item.standing != "selective"
    ]
    if not counted:
        _refuse_selective(found, limit)
        yield at.reading("status", "planned", f"{found.label} has no rate limit")
        return
    _refuse_unserved(found, resources, options)
    best = min(counted, key=lambda item: item.rank)
    loose = _unseen_target(found, resources)
    note = "; ".join(filter(None, (f"rateLimit of {found.label}", best.why, _overridden(found, resources))))
    believed = _believed(resources) if best.standing == "address" else ""
    yield from doubted(_of_best(best, note, subject), "; ".join(filter(None, (loose, believed))))


def _of_best(best: Counted, note: str, subject: Mapping[str, object]) -> Iterator[Reading]:
    if best.is_shadow:
        yield best.rate.at.reading("status", "observing", f"{note}; shadowMode counts and refuses nothing")
    elif best.standing == "chosen":
        yield best.rate.at.reading("status", "observing", note)
    elif best.standing != "opaque":
        yield best.rate.at.reading("status", "deployed", note)
    local = f"; {_EACH}" if best.is_local else "; each route has a counter of its own"
    yield from numbers([best.rate], subject, note + local, soft=best.is_local)
    if best.standing == "address":
        yield best.rate.at.reading("params.unit", "ip", note)


def _target_refs(policy: Resource) -> list[dict[str, Any]]:
    refs = [*listing(policy.spec.get("targetRefs")), policy.spec.get("targetRef")]
    return [ref for ref in refs if isinstance(ref, dict)]


def _targets(policy: Resource, route: Resource) -> bool:
    """Whether a policy names a route; policies reach only their own namespace."""
    refs = [(text(ref.get("kind")), text(ref.get("name"))) for ref in _target_refs(policy)]
    return (route.kind, route.name) in refs and policy.namespace == route.namespace


def _unseen_target(found: Resource, resources: Sequence[Resource]) -> str:
    """Words for a policy none of whose targets is in the stream; empty when one is."""
    is_seen = any(_targets(found, other) for other in resources)
    return "" if is_seen else "what it targets is not in this file"


def _overridden(found: Resource, resources: Sequence[Resource]) -> str:
    """Words for routes that have a policy of their own, which replaces the one of their Gateway."""
    others = _replacing(found, resources)
    routes = [text(ref.get("name")) for other in others for ref in _target_refs(other) if text(ref.get("kind")) != "Gateway"]
    return f"except for the routes {named(routes)}, which have policies of their own" if routes else ""


def _rival(found: Resource, resources: Sequence[Resource]) -> str:
    """Why another policy may count for what this one targets: of two the older one, and that of a section for its part."""
    own = [(text(ref.get("kind")), text(ref.get("name"))) for ref in _target_refs(found)]
    for other in resources:
        if (
            other.kind != found.kind
            or other is found
            or other.namespace != found.namespace
            or text(other.spec.get("mergeType"))
        ):
            continue
        for ref in _target_refs(other):
            if (text(ref.get("kind")), text(ref.get("name"))) in own:
                is_part = bool(ref.get("sectionName"))
                return (
                    f"{other.label} has the same target, {'for a section of it' if is_part else 'and the older one counts'}"
                )
    return ""


def _believed(resources: Sequence[Resource]) -> str:
    """Why the address that is counted may be one of a header: a ClientTrafficPolicy says how it is found; or empty."""
    for resource in resources:
        if resource.kind == "ClientTrafficPolicy" and mapping(resource.spec.get("clientIPDetection")):
            why = (
                "takes the address from a header (clientIPDetection); whether clients can write it depends on what is before"
            )
            return f"{resource.label} {why}"
    return ""


def _replacing(found: Resource, resources: Sequence[Resource]) -> list[Resource]:
    """The policies that replace the one of a Gateway where they target its routes; those with a mergeType add to it."""
    if not any(text(ref.get("kind")) == "Gateway" for ref in _target_refs(found)):
        return []
    return [r for r in resources if r.kind == found.kind and r is not found and not text(r.spec.get("mergeType"))]


def _refuse_unserved(found: Resource, resources: Sequence[Resource], options: Mapping[str, object]) -> None:
    """When the targeted routes are in the stream, one of them has to serve a surface that the control names."""
    section = next((text(ref.get("sectionName")) for ref in _target_refs(found) if ref.get("sectionName")), "")
    if section:
        raise found.at("spec").unsaid(f"{found.label} is for the section {section} only, which is not read")
    routes = [r for r in resources if r.kind == "HTTPRoute"]
    places = [(found if _targets(found, r) else r, taken, is_narrow) for r in routes for taken, is_narrow in _matches(r)]
    own = [is_narrow for holder, _, is_narrow in places if holder is found]
    if own and all(own):
        raise found.at("spec").unsaid(f"what {found.label} targets takes requests by method, header or query only")
    addresses = addresses_of(options)
    replacing = _replacing(found, resources)
    served = [((r, is_narrow), taken) for r in routes for taken, is_narrow in _matches(r)]
    for route, _ in [holder for address in addresses for holder in closest(address, served)]:
        own_policy = next((other for other in replacing if _targets(other, route)), None)
        if own_policy is not None:
            said = f"{own_policy.label} replaces {found.label} for the route {route.name}, which serves a surface"
            raise own_policy.at("spec").unsaid(f"{said}; name {own_policy.name} with resource")
    plain = [(holder, taken) for holder, taken, is_narrow in places if not is_narrow]
    if addresses and own and not any(found in closest(address, plain) for address in addresses):
        hosts = [host for holder, taken in plain if holder is found for host in taken.hosts or "*"]
        refuse_other_hosts(found.at("spec"), f"what {found.label} targets", hosts, options)
        there = named(map(str, addresses))
        raise found.at("spec").unsaid(f"what {found.label} targets does not serve {there} of the control's surfaces")


def _passing_policy(found: Resource, resources: Sequence[Resource], options: Mapping[str, object]) -> str:
    """Why a part of a surface may be answered by a route that the policy does not reach, or by another policy; or empty."""
    if rival := _rival(found, resources):
        return rival
    replacing = _replacing(found, resources)
    is_wide = any(text(ref.get("kind")) != "HTTPRoute" for ref in _target_refs(found)) or found.spec.get("targetSelectors")
    routes = [route for route in resources if route.kind == "HTTPRoute"]
    replaced = {(text(ref.get("name")), other.namespace) for other in replacing for ref in _target_refs(other)}
    bare = [r for r in routes if (not is_wide and not _targets(found, r)) or (r.name, r.namespace) in replaced]
    left = {id(route.data) for route in bare}
    own = [taken for r in routes if id(r.data) not in left for taken, is_narrow in _matches(r) if not is_narrow]
    least = min((len(taken.prefix) for taken in own), default=0)
    others = [(route, taken, is_narrow and taken.is_sure) for route in bare for taken, is_narrow in _matches(route)]
    # Of two with the same path, one that picks by a header or method, too, is asked first.
    others = [item for item in others if not item[2] or len(item[1].prefix) >= least]
    parts = [(route, taken._replace(is_sure=taken.is_sure and not is_narrow)) for route, taken, is_narrow in others]
    return _of_parts(own, parts, options, "without this policy")


def _matches(route: Resource) -> Iterator[tuple[Taken, bool]]:
    """What the matches of an HTTPRoute take, and whether more than the address picks it."""
    hosts = tuple(text(name) for name in listing(route.spec.get("hostnames")))
    for rule in [mapping(rule) for rule in listing(route.spec.get("rules"))]:
        for match in [mapping(match) for match in listing(rule.get("matches")) or [{}]]:
            path = mapping(match.get("path"))
            start, is_all = of_pattern(text(path.get("value")) or "/")
            is_pattern = text(path.get("type")) == "RegularExpression" and not is_all
            narrow = is_pattern or any(match.get(key) for key in ("method", "headers", "queryParams"))
            is_exact = text(path.get("type")) == "Exact"
            taken = (
                Taken(hosts, text(path.get("value")) or "/", is_exact=True)
                if is_exact
                else Taken(hosts, start, not is_pattern)
            )
            yield taken, bool(narrow)


def _counted(found: Resource, limit: Mapping[str, Any], tokens: frozenset[str], location: str) -> list[Counted]:
    wanted = text(limit.get("type")).lower()
    counted = []
    for scope in ("global", "local"):
        part = limit.get(scope)
        if not isinstance(part, dict) or wanted not in ("", scope):
            continue
        for rule in listing(part.get("rules")):
            if isinstance(rule, dict):
                counted.append(_rule(found, rule, scope, tokens, location))
    return counted


def _rule(found: Resource, rule: dict[str, Any], scope: str, tokens: frozenset[str], location: str) -> Counted:
    limit = mapping(rule.get("limit"))
    at = At(found.document, limit, "requests") if limit else At(found.document, rule, None)
    amount, unit = whole(limit.get("requests")), text(limit.get("unit")).lower()
    if amount is None or amount < 1 or unit not in UNITS or unit == "week":
        raise at.unsaid(f"a rule of {found.label} has no number of requests above zero and unit")
    if mapping(mapping(rule.get("cost")).get("request")):
        raise at.unsaid(f"a rule of {found.label} gives requests a cost, so how many get through is not known here")
    standing, why = _standing(rule, found, tokens, location)
    is_shadow = rule.get("shadowMode") is True
    if rule.get("shadowMode") not in (None, True, False):
        raise At(found.document, rule, "shadowMode").unsaid(
            f"shadowMode of a rule of {found.label} is neither true nor false"
        )
    if is_shadow and scope == "local":
        said = f"a local rule of {found.label} has shadowMode, which some versions of Envoy Gateway heed and others do not"
        raise at.unsaid(said)
    return Counted(Rate(amount, Fraction(UNITS[unit]), at), standing, why, scope == "local", is_shadow)


def _standing(rule: Mapping[str, Any], found: Resource, tokens: frozenset[str], location: str) -> tuple[str, str]:
    """Whom a rule counts: its selectors must all hold, so one that clients can avoid or vary decides."""
    standings = [
        _of_selector(mapping(selector), found, tokens, location) for selector in listing(rule.get("clientSelectors"))
    ]
    flat = [standing for found_here in standings for standing in found_here]
    worst = max(flat, key=lambda item: STANDINGS.index(item[0]), default=("shared", "one counter for everybody"))
    if worst[0] == "shared" and any(standing == "address" for standing, _ in flat):
        return "address", ""
    return worst


def _of_selector(
    selector: Mapping[str, Any], found: Resource, tokens: frozenset[str], location: str
) -> Iterator[tuple[str, str]]:
    label = f"a rule of {found.label}"
    for header in listing(selector.get("headers")):
        yield _of_header_match(mapping(header), label, tokens)
    source = mapping(selector.get("sourceCIDR"))
    if source:
        is_all = _is_everyone([text(source.get("value"))])
        distinct = "address" if text(source.get("type")) == "Distinct" else "shared"
        why = "" if distinct == "address" else "one counter for everybody"
        is_some = not is_all or source.get("invert") is True
        yield ("selective", f"{label} counts only some addresses") if is_some else (distinct, why)
    for query in map(mapping, listing(selector.get("queryParams"))):
        is_distinct = text(query.get("type")) == "Distinct"
        by = f"{label} counts by a query parameter, which clients can vary: the limit can be bypassed"
        yield ("chosen", by) if is_distinct else ("selective", f"{label} counts only some requests")
    path = mapping(selector.get("path"))
    if selector.get("methods") or ((path and text(path.get("value")) not in ("/", location)) or path.get("invert") is True):
        yield "selective", f"{label} counts only some requests"


def _of_header_match(header: Mapping[str, Any], label: str, tokens: frozenset[str]) -> tuple[str, str]:
    name = text(header.get("name"))
    if text(header.get("type")) != "Distinct":
        return "selective", f"{label} counts only requests with a certain header {name}"
    if name.lower() in tokens:
        return "opaque", f"{label} counts by the header {name}, which a policy in this file fills from a token"
    return of_header(name, label)


def _from_tokens(resources: Sequence[Resource]) -> frozenset[str]:
    """Headers that a SecurityPolicy in the stream fills from a checked token, so that clients cannot."""
    names = []
    for resource in resources:
        providers = listing(mapping(resource.spec.get("jwt")).get("providers")) if resource.kind == "SecurityPolicy" else []
        claims = [claim for provider in providers for claim in listing(mapping(provider).get("claimToHeaders"))]
        names += [text(mapping(claim).get("header")).lower() for claim in claims]
    return frozenset(names)


def _refuse_selective(found: Resource, limit: Mapping[str, Any]) -> None:
    for scope in ("global", "local"):
        if listing(mapping(limit.get(scope)).get("rules")):
            said = (
                f"the rules of {found.label} count only requests that they select; whether these are all is not known here"
            )
            raise At(found.document, found.spec, "rateLimit").unsaid(said)


# --- discover ---


def discover(opener: Opener, path: str) -> tuple[Discovered, ...]:
    """Rate limits that the resources in a stream set."""
    return discovered(opener, path, lambda files: _found(files, path), (b"limit-rps", b"limit-rpm", b"BackendTrafficPolicy"))


def _found(files: Files, path: str) -> Iterator[Discovered]:
    resources = _resources(files.documents(path), path)
    limiting = [r for r in resources if r.kind in ("Ingress", "BackendTrafficPolicy") and r.name]
    for resource in limiting[:MOST]:
        entry = {"kind": "kubernetes", "path": path, "resource": "/".join(filter(None, (resource.namespace, resource.name)))}
        readings = spoken(partial(_spoken, resources, entry, {"family": "rate_limit"}))
        if any(reading.path == ("status",) and reading.value != "planned" for reading in readings):
            yield limit_control(resource.name, entry, readings)
