"""What Kong's declarative configuration says about a declared limit, block or login."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policycheck.evidence import kong
from policycheck.opener import Opener
from tests.evidence.account_support import note, said, silent, soft

if TYPE_CHECKING:
    from policycheck.model import Account

FIXTURES = Path(__file__).parent / "fixtures" / "kong"


def heard(file: str, root: Path = FIXTURES, subject: dict[str, Any] | None = None, **options: object) -> Account:
    limit = {"family": "rate_limit", "params": {"window": options.pop("window", "minute")}}
    return kong.account(Opener(root), file, {"kind": "kong", "path": file, **options}, subject or limit)


def lines(account: Account) -> dict[str, int]:
    return {".".join(reading.path): reading.line for reading in account.readings}


def limiter(root: Path, config: object, *others: object, name: str = "rate-limiting", **options: Any) -> Account:
    """The account of a service with this rate limit and perhaps other plugins."""
    plugin = {"name": name, "config": config} | options.pop("plugin", {})
    route = {"name": "r", "paths": ["/a"]}
    data = {"_format_version": "3.0", "services": [{"name": "s", "routes": [route], "plugins": [plugin, *others]}]}
    (root / "kong.json").write_text(json.dumps(data | options.pop("data", {})), "utf-8")
    return heard("kong.json", root, **options)


SHARED = {"policy": "redis", "limit_by": "ip"}


def test_the_limit_of_a_route_goes_before_that_of_its_service() -> None:
    account = heard("kong.yaml", location="/products", urls=["/products/*"])
    assert said(account) == {"status": "deployed", "params.limit": 60, "params.window": "minute", "params.unit": "ip"}
    assert lines(account) == {"status": 14, "params.limit": 16, "params.window": 16, "params.unit": 14}
    assert soft(account) == set()
    assert "rate-limiting for route products in effect for route products" in note(account)
    assert "other numbers for partner" in note(account)
    assert "fault_tolerant" in note(account)


def test_an_instance_that_is_switched_off_leaves_the_less_specific_one_in_effect() -> None:
    account = heard("kong.yaml", location="reviews")
    assert said(account)["params.limit"] == 1000
    assert "rate-limiting for service catalogue" in note(account)


@pytest.mark.parametrize("options", [{"location": "products"}, {"resource": "routes/products"}, {"urls": ["/products/1"]}])
def test_an_entry_picks_by_route_path_or_resource(options: dict[str, Any]) -> None:
    assert said(heard("kong.yaml", **options))["params.limit"] == 60


@pytest.mark.parametrize(("window", "limit"), [("second", 60), ("minute", 60), ("hour", 1500), ("day", 36000), (None, 1500)])
def test_of_several_periods_the_one_that_counts_in_the_declared_window_is_told(window: str | None, limit: int) -> None:
    assert said(heard("kong.yaml", location="products", window=window))["params.limit"] == limit


def test_windows_of_the_advanced_plugin_are_read_in_pairs() -> None:
    account = heard("kong.yaml", location="people", window="hour")
    assert said(account) == {"status": "deployed", "params.limit": 500, "params.window": "hour", "params.unit": "account"}
    assert said(heard("kong.yaml", location="people", zone="members-window"))["params.limit"] == 100
    assert said(heard("kong.yaml", location="people", zone="other")) == {"status": "planned"}


def test_several_routes_are_one_where_the_same_plugins_run(tmp_path: Path) -> None:
    assert "several routes fit and differ" in silent(heard("kong.yaml", server="catalogue"))
    assert said(limiter(tmp_path, {"minute": 5} | SHARED, server="s"))["params.limit"] == 5


def test_what_is_set_for_everything_is_in_effect_everywhere(tmp_path: Path) -> None:
    data = {"_format_version": "3.0", "plugins": [{"name": "rate-limiting", "config": {"hour": 5} | SHARED}]}
    (tmp_path / "kong.json").write_text(json.dumps(data))
    assert said(heard("kong.json", tmp_path, window="hour"))["params.limit"] == 5


def test_a_plugin_can_name_its_scope(tmp_path: Path) -> None:
    top = [{"name": "rate-limiting", "route": "r", "config": {"minute": 3} | SHARED}]
    assert said(limiter(tmp_path, {"minute": 5} | SHARED, data={"plugins": top}))["params.limit"] == 3
    top[0]["route"] = {"name": "r"}
    assert said(limiter(tmp_path, {"minute": 5} | SHARED, data={"plugins": top}))["params.limit"] == 3
    top[0]["route"] = "other"
    assert said(limiter(tmp_path, {"minute": 5} | SHARED, data={"plugins": top}))["params.limit"] == 5


def test_notes_never_tell_the_numbers() -> None:
    for reading in heard("kong.yaml", location="products").readings:
        assert not any(number in reading.note for number in ("60", "1500", "1000"))


# --- ways to be wrong ---


@pytest.mark.parametrize("policy", [{"policy": "local"}, {}])
def test_a_limit_that_each_node_counts_has_to_be_weighed(tmp_path: Path, policy: dict[str, str]) -> None:
    account = limiter(tmp_path, {"minute": 5, "limit_by": "ip"} | policy)
    assert soft(account) == {"params.limit"}
    assert "each node counts for itself" in note(account, "params.limit")


def test_an_advanced_limit_that_never_syncs_has_to_be_weighed(tmp_path: Path) -> None:
    config = {"limit": [5], "window_size": [60], "identifier": "ip", "strategy": "redis"}
    assert soft(limiter(tmp_path, config | {"sync_rate": -1}, name="rate-limiting-advanced")) == {"params.limit"}
    assert soft(limiter(tmp_path, config | {"sync_rate": 0}, name="rate-limiting-advanced")) == set()


def test_what_does_not_run_is_planned(tmp_path: Path) -> None:
    off = limiter(tmp_path, {"minute": 5}, plugin={"enabled": False})
    assert said(off) == {"status": "planned"}
    assert "is not enabled" in note(off)
    some = limiter(tmp_path, {"minute": 5}, plugin={"consumer": "partner"})
    assert said(some) == {"status": "planned"}
    assert "for partner only" in note(some)
    assert said(limiter(tmp_path, {}, name="cors")) == {"status": "planned"}


def test_a_header_that_clients_choose_only_observes(tmp_path: Path) -> None:
    account = limiter(tmp_path, {"minute": 5, "limit_by": "header", "header_name": "x-forwarded-for", "policy": "redis"})
    assert said(account)["status"] == "observing"
    assert "clients can vary" in note(account)


@pytest.mark.parametrize(
    ("config", "others", "unit", "status"),
    [
        ({"limit_by": "ip"}, [], "ip", "deployed"),
        ({"limit_by": "consumer"}, [], None, "deployed"),
        ({}, [], None, "deployed"),
        ({"limit_by": "consumer"}, [{"name": "key-auth"}], "account", "deployed"),
        ({"limit_by": "credential"}, [{"name": "key-auth"}], "credential", "deployed"),
        ({"limit_by": "consumer"}, [{"name": "key-auth", "enabled": False}], None, "deployed"),
        ({"limit_by": "consumer"}, [{"name": "key-auth", "config": {"anonymous": "guest"}}], None, "deployed"),
        ({"limit_by": "path"}, [], None, "deployed"),
        ({"limit_by": "service"}, [], None, "deployed"),
        ({"limit_by": "header", "header_name": "Authorization"}, [], None, None),
        ({"limit_by": "consumer-group"}, [], None, None),
    ],
)
def test_whom_a_limit_counts(tmp_path: Path, config: Any, others: list[Any], unit: str | None, status: str | None) -> None:
    account = limiter(tmp_path, {"minute": 5, "policy": "redis"} | config, *others)
    assert said(account).get("params.unit") == unit
    assert said(account).get("status") == status


@pytest.mark.parametrize(
    ("by", "declared", "unit"),
    [
        ("consumer", "api_key", None),
        ("consumer", "credential", None),
        ("consumer", "ip", "account"),
        ("credential", "api_key", None),
        ("credential", "account", "credential"),
        ("ip", "api_key", "ip"),
    ],
)
def test_a_limit_for_all_keys_of_a_consumer_does_not_deny_one_for_each(
    tmp_path: Path, by: str, declared: str, unit: str | None
) -> None:
    config = {"minute": 5, "policy": "redis", "limit_by": by}
    subject = {"family": "rate_limit", "params": {"window": "minute", "unit": declared}}
    account = limiter(tmp_path, config, {"name": "key-auth"}, subject=subject)
    assert said(account).get("params.unit") == unit
    assert said(account)["params.limit"] == 5


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"minute": 0}, "no whole number above zero"),
        ({"minute": -3}, "no whole number above zero"),
        ({"minute": "many"}, "no whole number above zero"),
        ({"minute": 2.5}, "no whole number above zero"),
        ({"minute": True}, "no whole number above zero"),
        ({"policy": "redis"}, "has no limit"),
        (None, "has no limit"),
        ({"minute": "${{ env 'RATE' }}"}, "render it first"),
    ],
)
def test_limits_that_are_none(tmp_path: Path, config: object, why: str) -> None:
    assert why in silent(limiter(tmp_path, config))


@pytest.mark.parametrize(
    "config",
    [{"limit": [5, 6], "window_size": [60]}, {"limit": 5, "window_size": 60}, {"limit": ["x"], "window_size": [60]}],
)
def test_windows_that_do_not_fit(tmp_path: Path, config: object) -> None:
    silent(limiter(tmp_path, config, name="rate-limiting-advanced"))


def test_two_kinds_of_limit_need_a_name(tmp_path: Path) -> None:
    other = {"name": "rate-limiting-advanced", "config": {"limit": [1], "window_size": [1]}}
    assert "several rate limits run" in silent(limiter(tmp_path, {"minute": 5}, other))
    assert said(limiter(tmp_path, {"minute": 5}, other, zone="rate-limiting"))["params.limit"] == 5


def test_a_limit_elsewhere_proves_nothing(tmp_path: Path) -> None:
    assert "does not serve /b" in silent(limiter(tmp_path, {"minute": 5}, urls=["/b"]))
    assert "does not serve /people/" in silent(heard("kong.yaml", location="products", urls=["/people/*"]))
    assert "no route or service fits gone" in silent(heard("kong.yaml", location="gone"))
    assert "not challenge" in silent(heard("kong.yaml", subject={"family": "challenge"}))


# --- blocks and logins ---


@pytest.mark.parametrize(
    ("family", "location", "status"),
    [
        ("bot_detection", "products", "deployed"),
        ("user_agent_block", "products", "deployed"),
        ("bot_detection", "reviews", "planned"),
        ("ip_block", "products", "deployed"),
    ],
)
def test_blocks(family: str, location: str, status: str) -> None:
    assert said(heard("kong.yaml", subject={"family": family}, location=location)) == {"status": status}


@pytest.mark.parametrize(
    ("name", "config", "family"),
    [
        ("bot-detection", {"allow": [".*"]}, "bot_detection"),
        ("ip-restriction", {"allow": ["10.0.0.0/8"]}, "ip_block"),
        ("ip-restriction", {}, "ip_block"),
    ],
)
def test_blocks_that_block_nobody(tmp_path: Path, name: str, config: object, family: str) -> None:
    assert said(limiter(tmp_path, config, name=name, subject={"family": family})) == {"status": "planned"}


def test_logins() -> None:
    surface = {"id": "people", "url": "/people"}
    assert said(heard("kong.yaml", subject=surface, location="people")) == {"auth": "required"}
    assert said(heard("kong.yaml", subject={"id": "open"}, location="open-people")) == {"auth": "optional"}
    assert "is not known here" in silent(heard("kong.yaml", subject={"id": "products"}, location="products"))
    access = heard("kong.yaml", subject={"family": "access_control"}, location="people")
    assert said(access) == {"status": "deployed", "params.access_method": "role"}
    open_access = heard("kong.yaml", subject={"family": "access_control"}, location="open-people")
    assert said(open_access) == {"status": "observing"}
    assert said(heard("kong.yaml", subject={"family": "api_control"}, location="people")) == {
        "status": "deployed",
        "params.credential_type": "api_key",
    }


def test_an_anonymous_consumer_whose_requests_are_ended_is_not_guessed(tmp_path: Path) -> None:
    ended = {"consumers": [{"username": "guest", "plugins": [{"name": "request-termination"}]}]}
    account = limiter(tmp_path, {"anonymous": "guest"}, name="key-auth", subject={"id": "s", "url": "/a"}, data=ended)
    assert "which is not read" in silent(account)


@pytest.mark.parametrize(
    ("ranges", "is_access"), [(["10.0.0.0/8"], True), (["0.0.0.0/0"], False), (["0.0.0.0/1", "128.0.0.0/1"], False)]
)
def test_a_list_of_networks_is_an_access_control_unless_it_is_everybody(
    tmp_path: Path, ranges: list[str], is_access: bool
) -> None:
    account = limiter(tmp_path, {"allow": ranges}, name="ip-restriction", subject={"family": "access_control"})
    assert bool(account.readings) is is_access


# --- hostile ---

HOSTILE = {
    "empty": b"", "blank": b" \n", "binary": bytes(range(256)), "nul": b"a: \0", "utf-16": "a: b".encode("utf-16"),
    "not-utf-8": b"_format_version: \xff", "prose": b"words", "a-list": b"- a", "deep": b"[" * 5000,
    "huge-line": b"a: " + b"x" * 900_000, "duplicate": b"services: []\nservices: []",
    "anchors": b"_format_version: &a x\ny: *a",
    "tag": b"_format_version: !!str 3", "template": b"_format_version: {{ v }}", "no-version": b"services: []",
    "twice": b'_format_version: "3"\n---\n_format_version: "3"', "helm": b"{{ if x }}\n_format_version: '3'\n{{ end }}",
}  # fmt: skip


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_content_is_unreadable(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.yaml").write_bytes(content)
    silent(heard("x.yaml", tmp_path))
    assert kong.discover(Opener(tmp_path), "x.yaml") == ()


@pytest.mark.parametrize("rest", ["services:", "services: {a: b}", "services: [1, null, [x]]", "plugins: [{name: [x]}]"])
def test_nulls_and_lists_in_the_wrong_places_show_no_limit(tmp_path: Path, rest: str) -> None:
    (tmp_path / "x.yaml").write_text(f'_format_version: "3.0"\n{rest}\n')
    assert said(heard("x.yaml", tmp_path)) == {"status": "planned"}


def test_links_and_missing_files_are_unreadable(tmp_path: Path) -> None:
    (tmp_path / "link.yaml").symlink_to(FIXTURES / "kong.yaml")
    assert "symbolic link" in silent(heard("link.yaml", tmp_path))
    assert "does not exist" in silent(heard("gone.yaml", tmp_path))


VOCABULARY = """name plugins routes services consumers config minute limit window_size limit_by policy enabled route service
    consumer anonymous paths deny allow"""
KEYS = st.sampled_from(VOCABULARY.split())
NAMES = [
    "rate-limiting",
    "rate-limiting-advanced",
    "key-auth",
    "ip-restriction",
    "bot-detection",
    "acl",
    "/a",
    "r",
    "10.0.0.0/8",
]
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.sampled_from(NAMES))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=6)),
    max_leaves=20,
)
SUBJECTS = st.sampled_from(
    [{"family": "rate_limit"}, {"family": "access_control"}, {"family": "ip_block"}, {"url": "/", "id": "s"}]
)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(VALUES, VALUES, SUBJECTS)
def test_no_structure_makes_the_verifier_fail(tmp_path: Path, first: Any, second: Any, subject: dict[str, str]) -> None:
    data = {"_format_version": "3.0", "services": [{"name": "s", "plugins": [first], "routes": second}], "plugins": second}
    (tmp_path / "x.json").write_text(json.dumps(data), "utf-8")
    account = heard("x.json", tmp_path, subject)
    assert bool(account.readings) != bool(account.unreadable)
    kong.discover(Opener(tmp_path), "x.json")


def test_discover_offers_each_limit_once() -> None:
    found = kong.discover(Opener(FIXTURES), "kong.yaml")
    assert [item.item["id"] for item in found] == ["limit-products", "limit-reviews", "limit-people"]
    for item in found:
        (entry,) = item.item["evidence"]
        assert kong.account(Opener(FIXTURES), "kong.yaml", entry, {"family": "rate_limit"}).unreadable == ""


# --- what an address, a switch or a sibling leaves open ---


def routed(root: Path, *routes: dict[str, Any], service: dict[str, Any] | None = None, **options: Any) -> Account:
    """The account of routes, of which the first has a limit."""
    limit = {"name": "rate-limiting", "config": {"hour": 60, **SHARED}} | options.pop("plugin", {})
    first = {"name": "w", "paths": ["/products/"], "plugins": [limit]} | routes[0]
    services = [{"name": "s", "routes": [first, *routes[1:]]} | (service or {})]
    (root / "kong.json").write_text(json.dumps({"_format_version": "3.0", "services": services}), "utf-8")
    return heard("kong.json", root, **{"urls": ["https://shop.example/products/"], "location": "w"} | options)


PLAIN = {"name": "other", "paths": ["/products/"]}


@pytest.mark.parametrize(
    ("routes", "why"),
    [
        ([{"hosts": ["staging.example"]}], "for the host staging.example, not shop.example"),
        ([{"hosts": ["staging.example"]}, PLAIN | {"hosts": ["shop.example"]}], "for the host staging.example"),
        ([{}, PLAIN | {"hosts": ["shop.example"]}], "does not serve"),
        ([{"methods": ["POST"]}, PLAIN], "told apart by methods"),
        ([{"headers": {"x-canary": ["1"]}}, PLAIN], "told apart by headers"),
        ([{}, PLAIN | {"methods": ["GET"]}], "told apart by methods"),
        ([{"protocols": ["grpc"]}], "protocols"),
        ([{"paths": ["~/health$"]}, PLAIN], "does not serve"),
        ([{"paths": ["~/products/[a-z]+$"]}], "by a pattern"),
    ],
)
def test_a_limit_on_other_requests_proves_nothing(tmp_path: Path, routes: list[dict[str, Any]], why: str) -> None:
    assert why in silent(routed(tmp_path, *routes))


@pytest.mark.parametrize(
    ("routes", "why"),
    [
        ([{"methods": ["POST"]}], "takes POST only, and the surface is read by GET"),
        ([{"methods": ["post", "put"]}], "takes POST, PUT only"),
        ([{"methods": ["POST"]}, {"name": "z", "paths": ["/zzz/"], "methods": ["GET"]}], "takes POST only"),
        ([{"headers": {"x-canary": ["1"]}}], "picks requests by headers"),
        ([{"sources": [{"ip": "192.0.2.1"}]}], "picks requests by sources"),
        ([{"paths": [], "expression": 'http.method == "POST"'}], "picks requests by expression"),
    ],
)
def test_a_lone_route_that_does_not_take_those_who_read_proves_nothing(
    tmp_path: Path, routes: list[dict[str, Any]], why: str
) -> None:
    for plugin in ({}, {"name": "key-auth", "config": {}}):
        subject = {"family": "access_control"} if plugin else None
        assert why in silent(routed(tmp_path, *routes, plugin=plugin, subject=subject))


def test_a_route_that_takes_the_method_of_the_surface_is_read(tmp_path: Path) -> None:
    for methods, url in (
        (["GET", "POST"], "https://shop.example/products/"),
        (["POST"], "POST /products/"),
        ([], "POST /products/"),
    ):
        assert said(routed(tmp_path, {"methods": methods}, urls=[url], window="hour"))["params.limit"] == 60
    picked = routed(tmp_path, {"methods": ["POST"]}, urls=[], window="hour")
    assert said(picked)["params.limit"] == 60
    other = {"name": "g", "paths": ["/products/"], "methods": ["GET"]}
    limit = [{"name": "rate-limiting", "config": {"hour": 60, **SHARED}}]
    both = routed(tmp_path, {"methods": ["POST"], "plugins": []}, other, service={"plugins": limit}, location="")
    assert said(both)["status"] == "deployed"


def test_a_service_without_a_route_proves_nothing_of_an_address(tmp_path: Path) -> None:
    limit = {"name": "rate-limiting", "config": {"hour": 60, **SHARED}}
    data = {"_format_version": "3.0", "services": [{"name": "s", "plugins": [limit]}]}
    (tmp_path / "kong.json").write_text(json.dumps(data), "utf-8")
    assert "has no route in this file" in silent(heard("kong.json", tmp_path, urls=["https://shop.example/a"]))
    assert said(heard("kong.json", tmp_path, window="hour"))["params.limit"] == 60


@pytest.mark.parametrize("anonymous", ["guest", "0af3", 7, {"username": "guest"}, ["guest"]])
def test_an_anonymous_consumer_makes_a_login_optional(tmp_path: Path, anonymous: object) -> None:
    surface = {"id": "s", "url": "/a"}
    assert said(limiter(tmp_path, {"anonymous": anonymous}, name="key-auth", subject=surface)) == {"auth": "optional"}
    control = {"family": "api_control"}
    account = limiter(tmp_path, {"anonymous": anonymous}, name="key-auth", subject=control)
    assert said(account)["status"] == "observing"


@pytest.mark.parametrize("subject", [{"id": "s", "url": "/a"}, {"family": "api_control"}, {"family": "access_control"}])
def test_a_login_that_preflights_pass_by_only_supports(tmp_path: Path, subject: dict[str, Any]) -> None:
    skipped = limiter(tmp_path, {"run_on_preflight": False}, name="key-auth", subject=subject)
    assert soft(skipped) >= {next(iter(said(skipped)))}
    assert "run_on_preflight" in skipped.readings[0].note
    asked = limiter(tmp_path, {"run_on_preflight": True}, name="key-auth", subject=subject)
    assert not asked.readings[0].soft


@pytest.mark.parametrize("hosts", [["shop.example"], ["*.example"], ["SHOP.example:443"], []])
def test_a_limit_on_the_host_of_the_surface_is_read(tmp_path: Path, hosts: list[str]) -> None:
    assert said(routed(tmp_path, {"hosts": hosts}, window="hour"))["params.limit"] == 60
    assert said(routed(tmp_path, {"hosts": ["b.example"]}, urls=["/products/"]))["status"] == "deployed"


def test_switches_and_protocols(tmp_path: Path) -> None:
    assert "neither true nor false" in silent(routed(tmp_path, {}, plugin={"enabled": "no"}))
    assert "neither true nor false" in silent(routed(tmp_path, {}, service={"enabled": "$(ON)"}))
    assert "some protocols only" in silent(routed(tmp_path, {}, plugin={"protocols": ["grpc"]}))
    assert said(routed(tmp_path, {}, service={"enabled": False})) == {"status": "planned"}


def test_an_anonymous_consumer_with_numbers_of_its_own(tmp_path: Path) -> None:
    plugin = {"name": "rate-limiting", "config": {"hour": 10**8}}
    consumers = {"consumers": [{"username": "anon", "plugins": [plugin]}]}
    asking = {"name": "key-auth", "config": {"anonymous": "anon"}}
    assert "own" in silent(limiter(tmp_path, {"hour": 60, **SHARED}, asking, data=consumers))


@pytest.mark.parametrize("allow", ["(.*)", "Mozilla|curl|python|bot", "Mozilla", "bot"])
def test_an_allow_list_of_nearly_every_client(tmp_path: Path, allow: str) -> None:
    subject = {"family": "bot_detection"}
    assert "nearly all" in silent(limiter(tmp_path, {"allow": [allow]}, name="bot-detection", subject=subject))


def test_an_allow_list_of_every_address_in_parts(tmp_path: Path) -> None:
    ranges = ["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"]
    silent(limiter(tmp_path, {"allow": ranges}, name="ip-restriction", subject={"family": "access_control"}))


# --- what decK puts under settings ---


def test_settings_that_decks_config_shares_are_read(tmp_path: Path) -> None:
    data = {"_plugin_configs": {"shared": {"limit_by": "header", "header_name": "User-Agent", "minute": 5}}}
    plugin = {"_config": "shared"}
    account = limiter(tmp_path, {"minute": 30, "policy": "redis"}, plugin=plugin, data=data)
    assert (said(account)["status"], said(account)["params.limit"]) == ("observing", 30)
    assert "User-Agent" in note(account)
    account = limiter(tmp_path, {"limit_by": "ip", "policy": "redis"}, plugin=plugin, data=data)
    assert (said(account)["status"], said(account)["params.limit"]) == ("deployed", 5)
    other = {"_plugin_configs": {"shared": {"redis": {"host": "a"}}}}
    for more in ({}, {"_plugin_configs": {"else": {}}}, other):
        account = limiter(tmp_path, SHARED | {"minute": 30, "redis": {"port": 1}}, plugin=plugin, data=more)
        assert "the _config of rate-limiting for service s cannot be put together here" in silent(account)


def test_what_a_route_does_not_say_is_the_files_default(tmp_path: Path) -> None:
    def info(route: dict[str, Any]) -> dict[str, Any]:
        return {"_info": {"defaults": {"route": route}}}

    config = SHARED | {"minute": 30}
    assert "takes POST only" in silent(limiter(tmp_path, config, data=info({"methods": ["POST"]}), urls=["/a"]))
    https = limiter(tmp_path, config, data=info({"protocols": ["https"], "strip_path": False}), urls=["/a"])
    assert said(https)["status"] == "deployed"
    # What the route says itself counts.
    assert said(limiter(tmp_path, config, data=info({"paths": ["/b"]}), urls=["/a"]))["status"] == "deployed"


@pytest.mark.parametrize("other", ["pre-function", "graphql-rate-limiting-advanced", "acme-throttle"])
def test_a_plugin_that_is_not_read_may_be_the_limit(tmp_path: Path, other: str) -> None:
    account = limiter(tmp_path, {}, name=other, urls=["/a/"])
    assert f"but {other} does, which is not read" in silent(account)
    assert said(limiter(tmp_path, {}, name="cors", urls=["/a/"])) == {"status": "planned"}


def test_a_program_may_refuse_bots_and_another_limit_does_not(tmp_path: Path) -> None:
    bots = {"family": "bot_detection", "params": {}}
    assert "pre-function does" in silent(limiter(tmp_path, {}, name="pre-function", subject=bots))
    assert said(limiter(tmp_path, {"minute": 5}, subject=bots)) == {"status": "planned"}


def test_a_resource_of_kubernetes_is_called_one(tmp_path: Path) -> None:
    text = "apiVersion: configuration.konghq.com/v1\nkind: KongPlugin\nmetadata: {name: l}\nplugin: rate-limiting\n"
    (tmp_path / "k.yaml").write_text(text, "utf-8")
    assert "of resources of Kubernetes nothing is read" in silent(heard("k.yaml", tmp_path))


ROUTE, SERVICE = "6f1d0a52-0000-4000-8000-000000000001", "6f1d0a52-0000-4000-8000-000000000002"


@pytest.mark.parametrize(
    "plugin", [{"route": ROUTE}, {"route": {"id": ROUTE}}, {"service": {"id": SERVICE}}, {"service": "s"}]
)
def test_a_route_or_service_may_be_named_by_its_id(tmp_path: Path, plugin: dict[str, Any]) -> None:
    data = {
        "_format_version": "3.0",
        "services": [{"name": "s", "id": SERVICE}],
        "routes": [{"name": "r", "id": ROUTE, "paths": ["/a"], "service": {"id": SERVICE}}],
        "plugins": [{"name": "rate-limiting", "config": {"minute": 5, **SHARED}} | plugin],
    }
    (tmp_path / "kong.json").write_text(json.dumps(data), "utf-8")
    assert said(heard("kong.json", tmp_path, urls=["/a/"]))["status"] == "deployed"
    assert said(heard("kong.json", tmp_path, server="s", urls=["/a/"]))["status"] == "deployed"


@pytest.mark.parametrize(("deny", "is_soft"), [(["GPTBot", "(?i)ccbot"], False), (["GPTBot"], True), ([], True)])
def test_a_block_by_name_has_to_name_those_that_are_declared(tmp_path: Path, deny: list[str], *, is_soft: bool) -> None:
    agents = {"family": "user_agent_block", "params": {"agents": ["GPTBot", "CCBot"]}}
    account = limiter(tmp_path, {"deny": deny}, name="bot-detection", subject=agents)
    assert said(account) == {"status": "deployed"}
    assert soft(account) == ({"status"} if is_soft else set())
    assert ("does not name" in note(account) and "CCBot" in note(account)) is is_soft


# --- a part of a surface ---

PER_ADDRESS = {"plugins": [{"name": "rate-limiting", "config": SHARED | {"minute": 10}}]}
ASKING = {"plugins": [{"name": "key-auth"}]}


def test_a_path_takes_all_that_begins_so(tmp_path: Path) -> None:
    routes = ({"name": "all", "paths": ["/"]} | PER_ADDRESS, {"name": "other", "paths": ["/prod"]})
    assert said(routed(tmp_path, *routes, urls=["/products/*"], location=""))["status"] == "planned"
    assert "does not serve" in silent(routed(tmp_path, *routes, urls=["/products/*"], location="all"))
    assert said(routed(tmp_path, *routes, urls=["/people/*"], location=""))["status"] == "deployed"


@pytest.mark.parametrize(
    ("other", "is_passed"),
    [
        ({"paths": ["/products/export"]}, True),
        ({"paths": ["~/products/export/[0-9]+"]}, True),
        ({"paths": ["/products/export"], "methods": ["POST"]}, False),
        ({"paths": ["/products/export"], "hosts": ["other.example"]}, False),
        ({"paths": ["/people"]}, False),
    ],
)
def test_a_route_for_a_part_of_a_surface_leaves_it_to_a_person(
    tmp_path: Path, other: dict[str, Any], *, is_passed: bool
) -> None:
    for own, subject in ((PER_ADDRESS, None), (ASKING, {"id": "s", "url": "https://shop.example/products/*"})):
        shop = {"name": "shop", "hosts": ["shop.example"], "paths": ["/products"]} | own
        other = {"name": "other", "hosts": ["shop.example"]} | other
        account = routed(tmp_path, shop, other, urls=["https://shop.example/products/*"], location="shop", subject=subject)
        path = "auth" if subject else "status"
        assert soft(account) == (set(said(account)) if is_passed else set())
        assert ("takes a part of shop.example/products/ first" in note(account, path)) is is_passed


def test_a_route_that_names_no_host_comes_after_one_that_does(tmp_path: Path) -> None:
    shop = {"name": "shop", "hosts": ["shop.example"], "paths": ["/products"]} | PER_ADDRESS
    other = {"name": "other", "paths": ["/products/export"]}
    urls = ["https://shop.example/products/*"]
    assert soft(routed(tmp_path, shop, other, urls=urls, location="shop")) == set()


def test_a_plugin_that_stands_twice_for_the_same_is_not_chosen_from(tmp_path: Path) -> None:
    limit = {"name": "rate-limiting", "config": SHARED | {"minute": 10}}
    loose = {"name": "rate-limiting", "config": SHARED | {"minute": 99999}}
    assert "stands twice" in silent(limiter(tmp_path, SHARED | {"minute": 10}, loose))
    assert said(limiter(tmp_path, SHARED | {"minute": 10}, limit | {"enabled": False}))["status"] == "deployed"


@pytest.mark.parametrize(("deny", "is_read"), [(["192.0.2.0/24", "2001:db8::1"], True), (["bad"], False), ([{}], False)])
def test_a_deny_list_is_one_of_addresses(tmp_path: Path, deny: list[Any], *, is_read: bool) -> None:
    subject = {"family": "ip_block", "params": {}}
    account = limiter(tmp_path, {"deny": deny}, name="ip-restriction", subject=subject)
    assert said(account)["status"] == "deployed" if is_read else "no range of addresses" in silent(account)


@pytest.mark.parametrize(("sni", "is_read"), [("shop.example", True), ("*.example", True), ("other.example", False)])
def test_a_route_for_the_tls_name_of_another_host_proves_nothing(tmp_path: Path, sni: str, *, is_read: bool) -> None:
    account = routed(tmp_path, {"snis": [sni]})
    assert said(account)["status"] == "deployed" if is_read else "for the host other.example" in silent(account)


def test_a_plugin_with_a_condition_does_not_run_for_all(tmp_path: Path) -> None:
    sometimes = {"condition": 'http.method == "POST"'}
    assert "has a condition" in silent(limiter(tmp_path, SHARED | {"minute": 10}, plugin=sometimes))
    access = {"family": "access_control"}
    assert "has a condition" in silent(limiter(tmp_path, {}, name="key-auth", plugin=sometimes, subject=access))
    keys = {"name": "key-auth", **sometimes}
    account = limiter(tmp_path, SHARED | {"minute": 10, "limit_by": "consumer"}, keys)
    assert "params.unit" not in said(account)
    assert "those without credentials" in note(account)


@pytest.mark.parametrize(
    ("code", "is_soft"), [(None, False), (429, False), (503, False), (200, True), (0, True), ("x", True)]
)
def test_a_limit_that_answers_by_no_error_only_supports(tmp_path: Path, code: object, *, is_soft: bool) -> None:
    account = limiter(tmp_path, SHARED | {"minute": 10, "error_code": code})
    assert said(account)["status"] == "deployed"
    assert soft(account) == (set(said(account)) if is_soft else set())


@pytest.mark.parametrize(
    ("hosts", "other", "is_read"),
    [
        (None, {"paths": ["~/.*"], "regex_priority": 10}, False),
        (None, {"paths": ["~/products/.*"]}, False),
        (None, {"paths": ["~/people/.*"]}, True),
        (None, {"paths": ["/"]}, True),
        (["shop.example"], {"paths": ["~/.*"]}, True),
        (["shop.example"], {"paths": ["~/.*"], "hosts": ["shop.example"]}, False),
    ],
)
def test_a_route_by_a_pattern_is_asked_before_a_plain_path(
    tmp_path: Path, hosts: list[str] | None, other: dict[str, Any], *, is_read: bool
) -> None:
    plain = {"name": "plain", "hosts": hosts, "paths": ["/products/"]} | PER_ADDRESS
    urls = ["https://shop.example/products/"]
    account = routed(tmp_path, plain, {"name": "other", **other}, urls=urls, location="plain")
    assert said(account)["status"] == "deployed" if is_read else "told apart by a pattern" in silent(account)


@pytest.mark.parametrize(
    ("own", "other", "why"),
    [
        (
            {"hosts": ["shop.example"], "paths": []},
            {"hosts": ["*.example"], "paths": ["/products/"]},
            "told apart by hosts and paths",
        ),
        ({"hosts": ["shop.example"], "paths": []}, {"hosts": ["shop.example"]}, "told apart by nothing"),
        ({"paths": ["/products/"]}, {"paths": ["/products/"]}, "told apart by nothing"),
        ({"hosts": ["shop.example"], "paths": ["/products/"]}, {"hosts": ["*.example"], "paths": ["/products/"]}, ""),
        ({"hosts": ["shop.example"], "paths": []}, {"paths": ["/products/"]}, ""),
        ({"paths": ["/products/"]}, {"paths": ["/"]}, ""),
    ],
)
def test_the_route_that_kong_asks_first_is_the_one_that_counts(
    tmp_path: Path, own: dict[str, Any], other: dict[str, Any], why: str
) -> None:
    limited, open_ = {"name": "own", **own} | PER_ADDRESS, {"name": "other", **other}
    account = routed(tmp_path, limited, open_, urls=["https://shop.example/products/"], location="own")
    assert why in silent(account) if why else said(account)["status"] == "deployed"
