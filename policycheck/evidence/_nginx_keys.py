"""Whom the key of a limit zone counts, and how soundly.

A zone counts requests by the value of its key (ngx_http_limit_req_module, `limit_req_zone`); an empty value is not
counted. Values come from variables, or from `map` and `geo` blocks (ngx_http_map_module, ngx_http_geo_module).
"""

from __future__ import annotations

from fractions import Fraction
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network, summarize_address_range
from typing import TYPE_CHECKING

from policycheck.evidence._nginx_files import Directive, Unsaid
from policycheck.evidence._nginx_places import Http, Spot, nearest, variables

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

#: How a key counts, the soundest first: `address` one counter a client address; `account` one a signed-in name;
#: `opaque` unknown here; `shared` one for all; `selective` only requests that a map picks; `chosen` clients
#: decide; `nobody` none.
STANDINGS = ("address", "account", "opaque", "shared", "selective", "chosen", "nobody")

_ADDRESS = frozenset({"binary_remote_addr", "remote_addr", "realip_remote_addr"})
#: The same for every client of a server: one counter for all.
_SHARED = frozenset({"server_name", "server_addr", "server_port", "hostname", "nginx_version", "pid", "scheme"})
#: What each client, or each request, is free to vary: a new value opens a new counter.
_CHOSEN = frozenset(
    {"args", "connection", "connection_requests", "content_length", "content_type", "document_uri", "msec"}
    | {"proxy_add_x_forwarded_for", "query_string", "remote_port", "request", "request_body", "request_filename"}
    | {"request_id", "request_length", "request_uri", "time_iso8601", "time_local", "uri"}
)
_CHOSEN_PREFIXES = ("http_", "arg_", "cookie_")
#: Headers that hold a credential; whether it is checked stands elsewhere.
_CREDENTIALS = frozenset(
    {"http_authorization", "http_x_api_key", "http_api_key", "http_apikey", "http_x_auth_token", "http_x_access_token"}
)
#: Headers that hold the client's address and that a provider in front writes anew; whether all come through it is not
#: said here.
_OF_PROVIDERS = frozenset(
    {"http_cf_connecting_ip", "http_cf_connecting_ipv6", "http_true_client_ip", "http_fastly_client_ip"}
    | {"http_cloudfront_viewer_address", "http_x_azure_clientip", "http_fly_client_ip"}
)
#: What visitors usually have where a map asks for something else than an address or a header.
_USUAL = {
    "request_method": ("GET",),
    "scheme": ("https",),
    "https": ("on",),
    "server_port": ("443",),
    "server_protocol": ("HTTP/1.1", "HTTP/2.0"),
    "remote_addr": ("203.0.113.7", "8.8.4.4", "81.2.69.160", "192.0.2.44"),
}
#: The addresses of visitors by version: those of IPv6 begin alike.
_SPACES = (ip_network("0.0.0.0/0"), ip_network("2000::/3"))
_EVERYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))
_HALF = Fraction(1, 2)
#: The widest list of networks that is worked out.
_NETWORKS = 20_000
_HOPS = 4


def standing(key: str, label: str, http: Http, spot: Spot) -> tuple[str, str]:
    """How a key counts at a spot, and why that matters (a note, empty when it is plainly the address)."""
    names = variables(key)
    if not key:
        return "nobody", f"{label} is empty, so no request is counted"
    if names == ["remote_user"]:
        return _of_user(label, spot)
    chosen = next((name for name in names if _is_chosen(name)), "")
    if chosen:
        return "chosen", f"{label} holds ${chosen}, which clients can vary: the limit can be bypassed"
    if set(names) <= _ADDRESS | _SHARED | {"host"}:
        return _of_address(names, label, spot)
    mapped = map_of(names[0], http) if len(names) == 1 else None
    if mapped is not None:
        if id(mapped) not in http.worth:
            http.worth[id(mapped)] = _of_map(mapped, http)
        found, why = http.worth[id(mapped)]
        return found, f"{label} {why}"
    return "opaque", f"{label} is not the address; whom it counts, or leaves out, is not known here"


def _is_chosen(name: str) -> bool:
    return name in _CHOSEN or (name.startswith(_CHOSEN_PREFIXES) and name not in _CREDENTIALS | _OF_PROVIDERS)


def _of_user(label: str, spot: Spot) -> tuple[str, str]:
    """The name of basic authentication: limits are asked before passwords, but a wrong name gets no page."""
    realm = nearest(spot, "auth_basic")
    if realm and realm[0].args != ("off",) and nearest(spot, "auth_basic_user_file"):
        return "account", f"{label} is the name that signs in"
    return "chosen", f"{label} is a name that nothing checks here: the limit can be bypassed"


def _of_address(names: list[str], label: str, spot: Spot) -> tuple[str, str]:
    if not _ADDRESS.intersection(names):
        return "shared", f"{label} is the same for all clients: one counter for everybody, which counts no actor"
    if "host" in names:
        return "opaque", f"{label} is the address with the host that a client asks for"
    trusted = _networks(word for item in nearest(spot, "set_real_ip_from") for word in item.args)
    if _mostly(trusted) and "realip_remote_addr" not in names:
        return "chosen", f"{label} is the address, but set_real_ip_from believes the header of any client"
    return "address", ""


# --- maps ---


def map_of(name: str, http: Http) -> Directive | None:
    """The map or geo block that gives a variable its value; its name is the block's last word."""
    return http.maps.get(name)


def _of_map(block: Directive, http: Http) -> tuple[str, str]:
    """A key from a map: exempting some is a choice, counting only some is no general limit."""
    text = f"comes from a {block.name}"
    try:
        chain = _chain(block, http)
        entries = {id(one): http.files.entries(one) for one in chain}
    except Unsaid:
        return "opaque", f"{text} that reads a file elsewhere, or itself; whom it counts is not read here"
    for one in chain:
        if any(_is_captured(one, item) or any(map(_is_chosen, variables(value_of(item)))) for item in entries[id(one)]):
            return "chosen", f"{text} of what clients can vary: the limit can be bypassed"
    values = _values(chain, entries)
    exempt = _exempt(chain, entries)
    if not any(values) or 4 in exempt:
        return "nobody", f"{text} that exempts every address, so no request is counted"
    left_out = _left_out(chain, entries, http)
    if left_out is not None:
        return left_out[0], f"{text} that {left_out[1]}"
    if 6 in exempt:
        return "chosen", f"{text} that exempts every IPv6 address: the limit can be bypassed"
    if "" in values and any(map(_is_chosen, _sources(chain[-1]))):
        return "chosen", f"{text} that exempts clients by what they say of themselves: the limit can be bypassed"
    if not any(variables(value) for value in values):
        return "shared", f"{text} that has few values: one counter for many clients, which counts no actor"
    return "opaque", f"{text}, which may exempt requests; whom it counts is not read here"


def _chain(block: Directive, http: Http) -> list[Directive]:
    """A map, the map or geo that it looks up, and so on."""
    chain = [block]
    while chain[-1].name == "map" and len(chain) <= _HOPS:
        sources = _sources(chain[-1])
        above = map_of(sources[0], http) if len(sources) == 1 else None
        if above is None:
            break
        if above in chain:
            raise above.unsaid("a map looks itself up")
        chain.append(above)
    return chain


def _sources(block: Directive) -> list[str]:
    return variables(block.args[0]) if len(block.args) > 1 else ["remote_addr"]


def _usual(chain: list[Directive], entries: dict[int, tuple[Directive, ...]]) -> str:
    """What the maps of a chain give a request that no entry singles out."""
    given = "default"
    for block in reversed(chain):
        found = {item.name.lower(): value_of(item) for item in entries[id(block)]}
        given = found.get(given.lower(), found.get("default", ""))
    return given


def _values(chain: list[Directive], entries: dict[int, tuple[Directive, ...]]) -> set[str]:
    """All that the chain can give."""
    possible: set[str] | None = None
    for block in reversed(chain):
        possible = _given(block, entries[id(block)], possible)
    return possible or set()


def _given(block: Directive, entries: tuple[Directive, ...], asked: set[str] | None) -> set[str]:
    """What one block can give when it is asked for these values, or for anything at all."""
    found = {item.name.lower(): value_of(item) for item in entries if not _is_parameter(block, item)}
    default = found.pop("default", "")
    if asked is None:
        return {*found.values(), default}
    patterns = [value for name, value in found.items() if name.startswith("~")]
    return {found.get(value.lower(), default) for value in asked} | set(patterns)


def _is_parameter(block: Directive, item: Directive) -> bool:
    """The lines of a map or geo that are settings and no entries."""
    settings = ("hostnames", "volatile") if block.name == "map" else ("ranges", "delete", "proxy", "proxy_recursive")
    return item.name in settings


def _left_out(chain: list[Directive], entries: dict[int, tuple[Directive, ...]], http: Http) -> tuple[str, str] | None:
    """The standing of a key that leaves out most requests, and why; None where it does not."""
    picked = "only the requests it picks are counted"
    if _exempted(chain, entries).get(4, 0) > _HALF:
        return "selective", f"exempts most addresses: {picked}"
    if chain[-1].name != "geo" and not _usual(chain, entries):
        return "selective", f"is usually empty: {picked}"
    source = _sources(chain[-1])
    usual = _USUAL.get(source[0], ()) if chain[-1].name == "map" and len(source) == 1 else ()
    given = [_looked_up(chain, entries, value, http) for value in usual]
    if source == ["request_method"] and given == [""]:
        return "nobody", "exempts those who read, so that no page is counted"
    if None in given or (given and given.count("") * 2 >= len(given)):
        return "selective", f"leaves out, or may leave out, what is usually asked: {picked}"
    return None


def _looked_up(chain: list[Directive], entries: dict[int, tuple[Directive, ...]], asked: str, http: Http) -> str | None:
    """What a chain of maps gives for one value of its source; None where that is not decided."""
    given: str | None = asked
    for block in reversed(chain):
        given = _entry(block, entries[id(block)], given, http) if given is not None else None
    return given


def _entry(block: Directive, entries: tuple[Directive, ...], asked: str, http: Http) -> str | None:
    """What a map gives: an entry that is equal, else the first expression that fits, else the default."""
    found = {item.name.lower(): value_of(item) for item in entries if not _is_parameter(block, item)}
    if asked.lower() in found:
        return found[asked.lower()]
    for item in entries:
        expression = item.name[1:].removeprefix("*") if item.name.startswith("~") else None
        fits = expression is not None and http.matcher.matches(expression, asked, ignores_case=item.name.startswith("~*"))
        if fits is not False:
            return value_of(item) if fits else None
    return found.get("default", "")


def _exempt(chain: list[Directive], entries: dict[int, tuple[Directive, ...]]) -> set[int]:
    """The versions of addresses all of which a geo at the chain's beginning exempts; most of them for IPv6."""
    free = _exempted(chain, entries)
    return {version for version, share in free.items() if share == 1 or (version == 6 and share > _HALF)}


def _exempted(chain: list[Directive], entries: dict[int, tuple[Directive, ...]]) -> dict[int, Fraction]:
    """The share of the addresses of each version that a geo at the chain's beginning exempts.

    The closest network decides (ngx_http_geo_module), so what is carved out of an exempted one is counted.
    """
    if chain[-1].name != "geo":
        return {}
    given: dict[IPv4Network | IPv6Network, str] = dict.fromkeys(_EVERYWHERE, "")
    for item in entries[id(chain[-1])][:_NETWORKS]:
        words = item.args if item.name == "delete" else [item.name]
        for network in _EVERYWHERE if item.name == "default" else _networks(words):
            if item.name == "delete" and network not in _EVERYWHERE:
                given.pop(network, None)
            else:
                given[network] = value_of(item) if item.name != "delete" else ""
    free = {value for value in given.values() if _is_emptied(chain[:-1], entries, value)}
    return {space.version: _share(space, given, free) for space in _SPACES}


def _is_emptied(chain: list[Directive], entries: dict[int, tuple[Directive, ...]], value: str) -> bool:
    """Whether what a geo gives may become empty on its way through the maps that look it up."""
    found = {value}
    for block in reversed(chain):
        found = _given(block, entries[id(block)], found)
    return "" in found


def _share(
    space: IPv4Network | IPv6Network, given: Mapping[IPv4Network | IPv6Network, str], free: Collection[str]
) -> Fraction:
    """How much of a space the networks with some of the values hold, less the closer networks inside them.

    The networks are walked by where they begin, the wider first: those around one are then on the stack.
    """
    stack: list[IPv4Network | IPv6Network] = []
    inside = sorted((n for n in given if _meet(n, space)), key=lambda n: (int(n.network_address), n.prefixlen))
    exempted = 0
    for network in inside:
        size = min(network.num_addresses, space.num_addresses)
        while stack and int(stack[-1].broadcast_address) < int(network.network_address):
            stack.pop()
        around = given[stack[-1]] in free if stack else False
        exempted += size * ((given[network] in free) - around)
        stack.append(network)
    return Fraction(exempted, space.num_addresses)


def _networks(words: Iterable[str]) -> list[IPv4Network | IPv6Network]:
    """The networks among some words, in nginx's notation (a bare address is one too, and a range several)."""
    found: list[IPv4Network | IPv6Network] = []
    for word in words:
        first, _, last = word.partition("-")
        try:
            ends = (ip_address(first), ip_address(last)) if last else None
            found += summarize_address_range(*ends) if ends else [ip_network(word, strict=False)]
        except (ValueError, TypeError):
            continue
    return found[:_NETWORKS]


def _mostly(networks: list[IPv4Network | IPv6Network]) -> set[int]:
    """The versions more than half of whose addresses are in some of the networks."""
    found: set[int] = set()
    for space in _SPACES:
        covered = sum(min(one.num_addresses, space.num_addresses) for one in _collapsed(networks) if _meet(one, space))
        found |= {space.version} if covered * 2 > space.num_addresses else set()
    return found


def _collapsed(networks: list[IPv4Network | IPv6Network]) -> list[IPv4Network | IPv6Network]:
    fours = collapse_addresses(one for one in networks if isinstance(one, IPv4Network))
    sixes = collapse_addresses(one for one in networks if isinstance(one, IPv6Network))
    return [*fours, *sixes]


def _meet(one: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> bool:
    return one.version == other.version and one.overlaps(other)


def value_of(entry: Directive) -> str:
    """The value of a line of a map or geo."""
    return entry.args[0] if entry.args else ""


def _is_captured(block: Directive, entry: Directive) -> bool:
    """Whether an entry's value is cut out of a source that the client chooses, as with X-Forwarded-For."""
    is_cut = entry.name.startswith("~") and not _ADDRESS.issuperset(variables(value_of(entry)))
    return is_cut and any(map(_is_chosen, _sources(block)))
