"""What Envoy configuration says about a declared rate limit, and when it says nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policycheck.evidence import envoy
from policycheck.opener import Opener
from tests.evidence.account_support import note, said, said_softly, silent, soft
from tests.patience import ends

if TYPE_CHECKING:
    from policycheck.model import Account

FIXTURES = Path(__file__).parent / "fixtures" / "envoy"
SERVICE = {"service": "service.yaml"}
LOCAL = "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"
FULL = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}


def heard(file: str, root: Path = FIXTURES, window: str | None = "minute", **options: object) -> Account:
    subject = {"family": options.pop("family", "rate_limit"), "params": {"window": window}}
    return envoy.account(Opener(root), file, {"kind": "envoy", "path": file, **options}, subject)


def places(account: Account) -> dict[str, tuple[str, int]]:
    return {".".join(reading.path): (reading.file, reading.line) for reading in account.readings}


def limiter(root: Path, manager: dict[str, Any] | None = None, **changes: object) -> Account:
    """The account of one filter with these settings; a setting of None is left out."""
    config: dict[str, Any] = {
        "@type": LOCAL, "stat_prefix": "l", "filter_enabled": FULL, "filter_enforced": FULL,
        "token_bucket": {"max_tokens": 10, "tokens_per_fill": 10, "fill_interval": "60s"},
    } | changes  # fmt: skip
    options = config.pop("options", {})
    holder = {"name": "x", "typed_config": {k: v for k, v in config.items() if v is not None}}
    data = {"http_filters": [holder | (manager or {}).pop("holder", {})]} | (manager or {})
    (root / "e.json").write_text(json.dumps(data), "utf-8")
    return heard("e.json", root, **options)


# --- a local limit ---


@pytest.mark.parametrize(
    ("share", "declared", "is_soft"),
    [({"numerator": 1}, None, True), ({"numerator": 1}, 1, False), ({"numerator": 100}, None, False)],
)
def test_a_limit_on_a_part_of_the_requests_needs_the_share_declared(
    tmp_path: Path, share: dict[str, int], declared: int | None, *, is_soft: bool
) -> None:
    limiter(tmp_path, filter_enforced={"default_value": share})
    subject = {"family": "rate_limit", "params": {"window": "minute", "enforced_percent": declared}}
    account = envoy.account(Opener(tmp_path), "e.json", {"kind": "envoy", "path": "e.json"}, subject)
    assert said(account)["status"] == "deployed"
    assert ("status" in soft(account)) is is_soft
    assert ("declare params.enforced_percent" in note(account)) is is_soft


def test_the_limit_of_a_route_is_read_with_its_share_and_burst() -> None:
    account = heard("edge.yaml", location="/products", urls=["/products/*"])
    assert said(account) == {
        "status": "deployed",
        "params.enforced_percent": 50,
        "params.limit": 60,
        "params.window": "minute",
        "params.burst": 120,
    }
    assert soft(account) == {"status", "params.limit", "params.window", "params.burst"}
    assert places(account)["params.limit"] == ("edge.yaml", 30)
    assert places(account)["params.enforced_percent"][1] == 35
    assert "each Envoy process has a bucket of its own" in note(account, "params.limit")
    assert "runtime key" in note(account)


@pytest.mark.parametrize("options", [{"location": "catalogue"}, {"zone": "catalogue"}, {}])
def test_an_entry_picks_by_route_or_prefix_of_the_statistics(options: dict[str, str]) -> None:
    account = heard("edge.yaml", **options)
    assert said(account)["params.limit"] == 60
    assert "local_ratelimit of the route catalogue;" in note(account)


def test_a_route_without_settings_of_its_own_has_those_of_the_filter_which_has_no_bucket() -> None:
    account = heard("edge.yaml", location="/people")
    assert said(account) == {"status": "planned"}
    assert "no token_bucket" in note(account)


def test_a_filter_that_does_not_say_that_it_enforces_only_observes() -> None:
    account = heard("istio.yaml", resource="people-limit", location="people")
    assert said(account)["status"] == "observing"
    assert said(account)["params.enforced_percent"] == 0
    assert "0 %, also where it is not written" in note(account)
    assert places(account)["params.limit"] == ("istio.yaml", 39)


@pytest.mark.parametrize(
    ("enabled", "enforced", "percent", "status"),
    [
        (FULL, FULL, 100, "deployed"),
        (FULL, None, 0, "observing"),
        (None, FULL, 0, "observing"),
        (None, None, 0, "observing"),
        ({"runtime_key": "x"}, FULL, 0, "observing"),
        (FULL, {"default_value": {"numerator": 0}}, 0, "observing"),
        (FULL, {"default_value": {"numerator": 50}}, 50, "deployed"),
        (FULL, {"default_value": {"numerator": 100, "denominator": "TEN_THOUSAND"}}, 1, "deployed"),
        (FULL, {"default_value": {"numerator": 100, "denominator": "MILLION"}}, 0, "deployed"),
        ({"default_value": {"numerator": 50}}, {"default_value": {"numerator": 50}}, 25, "deployed"),
        (FULL, {"default_value": {"numerator": 500}}, 100, "deployed"),
    ],
)
def test_the_share_is_the_product_of_both_fractions(
    tmp_path: Path, enabled: object, enforced: object, percent: int, status: str
) -> None:
    account = limiter(tmp_path, filter_enabled=enabled, filter_enforced=enforced)
    assert (said(account)["params.enforced_percent"], said(account)["status"]) == (percent, status)


@pytest.mark.parametrize(
    ("bucket", "window", "limit"),
    [
        ({"max_tokens": 10, "tokens_per_fill": 10, "fill_interval": "1s"}, "minute", 600),
        ({"max_tokens": 10, "fill_interval": "1s"}, "minute", 60),
        ({"max_tokens": 100, "tokens_per_fill": 100, "fill_interval": "3600s"}, "minute", 100),
        ({"max_tokens": 5, "tokens_per_fill": 100, "fill_interval": "60s"}, "minute", 5),
        ({"max_tokens": 10, "tokens_per_fill": 10, "fill_interval": "45s"}, "minute", 20),
        ({"max_tokens": 10, "tokens_per_fill": 10, "fill_interval": "0.5s"}, "second", 20),
        ({"max_tokens": "10", "tokens_per_fill": 10, "fill_interval": "60s"}, None, 10),
    ],
)
def test_a_bucket_is_told_in_the_declared_window_towards_the_looser_side(
    tmp_path: Path, bucket: dict[str, object], window: str | None, limit: int
) -> None:
    assert said(limiter(tmp_path, token_bucket=bucket, options={"window": window}))["params.limit"] == limit


# --- ways to be wrong ---


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"token_bucket": {"max_tokens": 0, "fill_interval": "1s"}}, "no numbers above zero"),
        ({"token_bucket": {"max_tokens": "many", "fill_interval": "1s"}}, "no numbers above zero"),
        ({"token_bucket": {"max_tokens": 5, "fill_interval": 60}}, "no fill_interval"),
        ({"token_bucket": {"max_tokens": 5, "fill_interval": "0s"}}, "no fill_interval"),
        ({"token_bucket": {"max_tokens": 5}}, "no fill_interval"),
        ({"token_bucket": None, "options": {"zone": "m"}}, "no rate limit has the stat_prefix m"),
        ({"filter_enforced": {"default_value": {"numerator": "all"}}}, "no fraction"),
        ({"filter_enforced": {"default_value": {"denominator": "DOZEN"}}}, "no fraction"),
        ({"stat_prefix": "{{ name }}"}, "render it first"),
        ({"stat_prefix": "${NAME}"}, "render it first"),
        ({"descriptors": [{"entries": [{"key": "client"}], "token_bucket": {}}]}, "descriptors with limits of their own"),
        ({"options": {"family": "challenge"}}, "not challenge"),
        ({"options": {"resource": "other"}}, "no resource other"),
        ({"options": {"location": "/other"}}, "no route fits /other"),
    ],
)
def test_what_is_not_settled_is_unreadable(tmp_path: Path, changes: dict[str, Any], why: str) -> None:
    assert why in silent(limiter(tmp_path, **changes))


def test_a_bucket_a_connection_can_be_bypassed(tmp_path: Path) -> None:
    account = limiter(tmp_path, local_rate_limit_per_downstream_connection=True)
    assert said(account)["status"] == "observing"
    assert "connections" in note(account)


def test_a_bucket_that_the_whole_cluster_shares_is_no_matter_of_weighing(tmp_path: Path) -> None:
    assert soft(limiter(tmp_path, local_cluster_rate_limit={})) == set()


@pytest.mark.parametrize(
    ("manager", "status"), [({"use_remote_address": True}, "deployed"), ({}, None), ({"use_remote_address": False}, None)]
)
def test_an_address_is_only_known_where_it_is_that_of_the_connection(
    tmp_path: Path, manager: dict[str, Any], status: str | None
) -> None:
    bucket = {"max_tokens": 5, "tokens_per_fill": 5, "fill_interval": "60s"}
    descriptors = [{"entries": [{"key": "remote_address"}], "token_bucket": bucket}]
    account = limiter(tmp_path, manager, descriptors=descriptors, options={"options": {"descriptor": "remote_address"}})
    assert said(account).get("status") == status
    assert said(account).get("params.unit") == ("ip" if status else None)
    assert said(account)["params.limit"] == 5


def test_the_default_bucket_beside_descriptors_has_to_be_named_and_used(tmp_path: Path) -> None:
    descriptors = [{"entries": [{"key": "client"}], "token_bucket": {}}]
    options = {"options": {"descriptor": "default"}}
    assert said(limiter(tmp_path, descriptors=descriptors, options=options))["params.limit"] == 10
    account = limiter(tmp_path, descriptors=descriptors, always_consume_default_token_bucket=False, options=options)
    assert "pass the default bucket by" in silent(account)


def test_a_disabled_filter_is_planned(tmp_path: Path) -> None:
    assert said(limiter(tmp_path, {"holder": {"disabled": True}})) == {"status": "planned"}


def test_settings_of_a_route_do_nothing_without_the_filter(tmp_path: Path) -> None:
    text = (FIXTURES / "edge.yaml").read_text()
    start = text.index("                  - name: envoy.filters.http.local_ratelimit\n")
    end = text.index("                  - name: envoy.filters.http.ratelimit\n")
    (tmp_path / "edge.yaml").write_text(text[:start] + text[end:])
    account = heard("edge.yaml", tmp_path, location="/products")
    assert said(account) == {"status": "planned"}
    assert "no local_ratelimit is among the http_filters" in note(account)


def test_a_route_can_switch_the_filter_off(tmp_path: Path) -> None:
    off = '{"@type": type.googleapis.com/envoy.config.route.v3.FilterConfig, disabled: true}'
    per_route = f"                          typed_per_filter_config: {{envoy.filters.http.local_ratelimit: {off}}}\n"
    text = (FIXTURES / "edge.yaml").read_text().replace("route: {cluster: rest}\n", "route: {cluster: rest}\n" + per_route)
    (tmp_path / "edge.yaml").write_text(text)
    account = heard("edge.yaml", tmp_path, location="/")
    assert said(account) == {"status": "planned"}
    assert "switches the filter off" in note(account)


def test_a_limit_elsewhere_proves_nothing() -> None:
    assert "does not serve /people" in silent(heard("edge.yaml", location="/products", urls=["/people/{id}"]))


def test_several_limits_need_a_name(tmp_path: Path) -> None:
    one = {"name": "x", "typed_config": {"@type": LOCAL, "stat_prefix": "a", "token_bucket": {}}}
    two = {"name": "x", "typed_config": {"@type": LOCAL, "stat_prefix": "b", "token_bucket": {}}}
    (tmp_path / "e.json").write_text(json.dumps({"http_filters": [one, two]}))
    assert "several rate limits fit" in silent(heard("e.json", tmp_path))


def test_notes_never_tell_the_numbers() -> None:
    for account in (
        heard("edge.yaml", location="/products"),
        heard("edge.yaml", options=SERVICE | {"descriptor": "client"}),
    ):
        for reading in account.readings:
            assert not any(number in reading.note for number in ("60", "120", "50", "10"))


# --- a rate limit service ---


def test_a_service_is_not_guessed(tmp_path: Path) -> None:
    text = (FIXTURES / "edge.yaml").read_text().replace("local_ratelimit", "other")
    (tmp_path / "edge.yaml").write_text(text.replace("LocalRateLimit", "Other"))
    assert "name it with options: {service: path}" in silent(heard("edge.yaml", tmp_path))


def test_a_limit_of_the_service_counts_where_a_route_sends_its_descriptor() -> None:
    account = heard("edge.yaml", options=SERVICE | {"descriptor": "remote_address"})
    assert said(account) == {"status": "deployed", "params.limit": 600, "params.window": "minute", "params.unit": "ip"}
    assert soft(account) == set()
    assert places(account)["params.limit"] == ("service.yaml", 7)
    assert "failure_mode_deny" in note(account)
    assert [seen.path for seen in account.artefacts] == ["edge.yaml", "service.yaml"]


@pytest.mark.parametrize(
    ("descriptor", "status", "why"),
    [
        ("generic_key=export/client", "observing", "clients can vary"),
        ("tried_out", "planned", "no route's rate_limits send"),
    ],
)
def test_what_the_service_enforces(descriptor: str, status: str, why: str) -> None:
    account = heard("edge.yaml", options=SERVICE | {"descriptor": descriptor})
    assert said(account)["status"] == status
    assert why in note(account)


@pytest.mark.parametrize(
    ("old", "new", "status", "why"),
    [
        ("domain: shop\n", "domain: other\n", "planned", "no ratelimit filter asks for the domain other"),
        (
            "    rate_limit:\n      unit: hour",
            "    shadow_mode: true\n    rate_limit:\n      unit: hour",
            "observing",
            "shadow_mode",
        ),
        ("      requests_per_unit: 600", "      unlimited: true", "planned", "is unlimited"),
    ],
)
def test_a_service_that_refuses_nothing(tmp_path: Path, old: str, new: str, status: str, why: str) -> None:
    (tmp_path / "edge.yaml").write_bytes((FIXTURES / "edge.yaml").read_bytes())
    (tmp_path / "service.yaml").write_text((FIXTURES / "service.yaml").read_text().replace(old, new, 1))
    account = heard("edge.yaml", tmp_path, options=SERVICE | {"descriptor": "remote_address"})
    assert said(account)["status"] == status
    assert why in note(account)


def test_several_limits_of_a_service_need_the_descriptor() -> None:
    assert "remote_address, generic_key=export/client" in silent(heard("edge.yaml", options=SERVICE))
    assert "no limit fits" in silent(heard("edge.yaml", options=SERVICE | {"descriptor": "other"}))


@pytest.mark.parametrize(
    ("service", "why"),
    [
        ("gone.yaml", "does not exist"),
        ("../service.yaml", "climbs"),
        ("/etc/passwd", "absolute"),
        ("istio.yaml", "no domain"),
    ],
)
def test_a_service_that_cannot_be_read(service: str, why: str) -> None:
    assert why in silent(heard("edge.yaml", options={"service": service}))


def test_the_path_of_the_service_is_written_as_that_of_the_entry(tmp_path: Path) -> None:
    (tmp_path / "shop" / "deploy").mkdir(parents=True)
    (tmp_path / "shop" / "limits").mkdir()
    (tmp_path / "shop" / "deploy" / "edge.yaml").write_bytes((FIXTURES / "edge.yaml").read_bytes())
    (tmp_path / "shop" / "limits" / "service.yaml").write_bytes((FIXTURES / "service.yaml").read_bytes())
    entry = {"path": "deploy/edge.yaml", "options": {"service": "limits/service.yaml", "descriptor": "remote_address"}}
    account = envoy.account(Opener(tmp_path), "shop/deploy/edge.yaml", entry, {"family": "rate_limit"})
    assert said(account)["status"] == "deployed"


def gateway(root: Path, limits: list[Any], descriptors: list[Any], **changes: object) -> Account:
    """The account of a service's limit behind one route, which sends these; `changes` are options and parts of the files."""
    options = {"descriptor": changes.pop("descriptor", ""), "service": "s.json"}
    route = {"match": changes.pop("match", {"prefix": "/"}), "route": {"cluster": "c", "rate_limits": limits}}
    hosts = [{"name": "v", "domains": ["*"], "routes": [route, {"match": {"prefix": "/"}, "route": {"cluster": "c"}}]}]
    asking = {"@type": "x/envoy.extensions.filters.http.ratelimit.v3.RateLimit", "domain": "shop", "failure_mode_deny": True}
    data = {
        "http_filters": [{"name": "l", "typed_config": asking}], "use_remote_address": True,
        "route_config": {"virtual_hosts": [*hosts, *changes.pop("hosts", [])]},
    } | changes.pop("manager", {})  # type: ignore[operator]  # fmt: skip
    (root / "e.json").write_text(json.dumps(data), "utf-8")
    (root / "s.json").write_text(json.dumps({"domain": "shop", "descriptors": descriptors}), "utf-8")
    return heard("e.json", root, options=options, **{"urls": ["/search"], **changes})


PER_MINUTE = {"unit": "minute", "requests_per_unit": 10}
BY_ADDRESS = {"actions": [{"remote_address": {}}]}


@pytest.mark.parametrize(
    ("value", "status"), [("search", "deployed"), ("login", "planned"), ("sea*", "deployed"), ("se", "planned")]
)
def test_a_limit_of_the_service_is_for_the_value_that_a_route_sends(tmp_path: Path, value: str, status: str) -> None:
    limits = [{"actions": [{"generic_key": {"descriptor_value": "search"}}]}]
    account = gateway(tmp_path, limits, [{"key": "generic_key", "value": value, "rate_limit": PER_MINUTE}])
    assert said(account)["status"] == status


def bucketed(root: Path, limits: list[Any], descriptor: dict[str, Any], **changes: object) -> Account:
    """The account of a local limit with one descriptor, behind one route that sends these."""
    bucket = {"max_tokens": 10, "tokens_per_fill": 10, "fill_interval": "60s"}
    route = {"match": {"prefix": "/"}, "route": {"cluster": "c", "rate_limits": limits}}
    routes = {"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [route]}]}
    options = {"urls": ["/search"], "options": {"descriptor": descriptor["entries"][0]["key"]}}
    manager = {"route_config": routes, "use_remote_address": True}
    return limiter(root, manager, descriptors=[{"token_bucket": bucket, **descriptor}], options=options, **changes)


def test_a_local_descriptor_counts_what_is_sent_with_its_value(tmp_path: Path) -> None:
    limits = [{"actions": [{"generic_key": {"descriptor_value": "search"}}]}]
    here, there = ({"entries": [{"key": "generic_key", "value": value}]} for value in ("search", "login"))
    assert said(bucketed(tmp_path, limits, here))["status"] == "deployed"
    assert "does not send the descriptor" in silent(bucketed(tmp_path, limits, there))


def test_rate_limits_of_the_filter_stand_in_for_those_of_routes(tmp_path: Path) -> None:
    other = [{"actions": [{"generic_key": {"descriptor_value": "search"}}]}]
    descriptor = {"entries": [{"key": "remote_address"}]}
    assert "does not send" in silent(bucketed(tmp_path, [BY_ADDRESS], descriptor, rate_limits=other))
    assert said(bucketed(tmp_path, other, descriptor, rate_limits=[BY_ADDRESS]))["status"] == "deployed"


@pytest.mark.parametrize(("value", "status"), [(True, "observing"), (False, "deployed"), (None, "deployed")])
def test_a_local_descriptor_in_the_shadow_refuses_nothing(tmp_path: Path, value: object, status: str) -> None:
    descriptor = {"entries": [{"key": "remote_address"}], "shadow_mode": value}
    assert said(bucketed(tmp_path, [BY_ADDRESS], descriptor))["status"] == status


def test_a_shadow_mode_that_is_no_truth_value_is_not_taken_for_none(tmp_path: Path) -> None:
    limit = {"key": "remote_address", "rate_limit": PER_MINUTE, "shadow_mode": "yes"}
    assert "neither true nor false" in silent(gateway(tmp_path, [BY_ADDRESS], [limit]))


def test_a_number_that_a_route_sends_along_leaves_the_limit_to_a_person(tmp_path: Path) -> None:
    limits = [BY_ADDRESS | {"limit": {"dynamic_metadata": {"metadata_key": {"key": "k"}}}}]
    account = gateway(tmp_path, limits, [{"key": "remote_address", "rate_limit": PER_MINUTE}])
    assert "status" in soft(account)
    assert "another limit" in note(account)


def test_a_limit_that_another_replaces_is_left_to_a_person(tmp_path: Path) -> None:
    first = {"key": "remote_address", "rate_limit": PER_MINUTE | {"name": "each"}}
    other = {"key": "generic_key", "value": "bulk", "rate_limit": PER_MINUTE | {"replaces": [{"name": "each"}]}}
    account = gateway(tmp_path, [BY_ADDRESS], [first, other], descriptor="remote_address")
    assert "status" in soft(account)
    assert "generic_key=bulk replaces it" in note(account)
    assert "status" not in soft(gateway(tmp_path, [BY_ADDRESS], [first]))


@pytest.mark.parametrize("where", ["descriptor", "rate_limit"])
def test_what_is_not_read_of_a_limit_of_the_service_is_told(tmp_path: Path, where: str) -> None:
    limit = {"key": "remote_address", "rate_limit": PER_MINUTE}
    limit = limit | {"quota_mode": True} if where == "descriptor" else limit | {"rate_limit": PER_MINUTE | {"times": 5}}
    assert "which is not read" in silent(gateway(tmp_path, [BY_ADDRESS], [limit]))


@pytest.mark.parametrize(("url", "is_read"), [("/api", True), ("/api/list", True), ("/apix/list", False)])
def test_a_separated_prefix_takes_whole_segments(tmp_path: Path, url: str, *, is_read: bool) -> None:
    limit = {"key": "remote_address", "rate_limit": PER_MINUTE}
    account = gateway(tmp_path, [BY_ADDRESS], [limit], match={"path_separated_prefix": "/api"}, urls=[url])
    assert bool(account.readings) is is_read


@pytest.mark.parametrize("domain", ["*-eu.shop.example", "api-*", "*.shop.example"])
def test_a_host_by_a_pattern_comes_before_one_that_takes_all(tmp_path: Path, domain: str) -> None:
    bare = {"name": "b", "domains": [domain], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "c"}}]}
    limit = {"key": "remote_address", "rate_limit": PER_MINUTE}
    urls = ["https://api-eu.shop.example/search" if "-" in domain else "https://api.shop.example/search"]
    account = gateway(tmp_path, [BY_ADDRESS], [limit], hosts=[bare], urls=urls)
    assert "does not send the descriptor" in silent(account)


@pytest.mark.parametrize(
    ("manager", "is_known"),
    [
        ({}, True),
        ({"xff_num_trusted_hops": 0}, True),
        ({"xff_num_trusted_hops": 1}, False),
        ({"original_ip_detection_extensions": [{"name": "custom_header"}]}, False),
        ({"use_remote_address": False, "other": {"http_filters": [], "use_remote_address": True}}, False),
    ],
)
def test_an_address_that_a_header_may_tell_counts_nobody_for_sure(
    tmp_path: Path, manager: dict[str, object], *, is_known: bool
) -> None:
    limit = {"key": "remote_address", "rate_limit": PER_MINUTE}
    account = gateway(tmp_path, [BY_ADDRESS], [limit], manager=manager)
    assert ("status" in said(account)) is is_known
    assert is_known or "whether it can be trusted" in note(account, "params.limit")


# --- hostile ---

HOSTILE = {
    "empty": b"", "blank": b"\n \n", "binary": bytes(range(256)), "nul": b"a: \0", "utf-16": "a: b".encode("utf-16"),
    "not-utf-8": b"a: \xff", "prose": b"words", "a-list": b"- a", "deep": b"{a: " * 3000,
    "huge-line": b"a: " + b"x" * 900_000,
    "duplicate": b"static_resources: {}\nstatic_resources: {}", "anchors": b"a: &a [x]\nb: *a", "tag": b"a: !!map {}",
    "template": b"static_resources: {{ x }}", "nulls": b"static_resources:\nhttp_filters:",
    "list": b"static_resources: [1, [2]]",
    "typed-list": b"http_filters: [{typed_config: [x]}]", "per-filter-list": b"routes: [{match: {prefix: /}, "
    b"typed_per_filter_config: {envoy.filters.http.local_ratelimit: [x]}}]",
}  # fmt: skip


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_content_is_unreadable(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.yaml").write_bytes(content)
    silent(heard("x.yaml", tmp_path))
    assert envoy.discover(Opener(tmp_path), "x.yaml") == ()


def test_links_and_missing_files_are_unreadable(tmp_path: Path) -> None:
    (tmp_path / "link.yaml").symlink_to(FIXTURES / "edge.yaml")
    assert "symbolic link" in silent(heard("link.yaml", tmp_path))
    assert "does not exist" in silent(heard("gone.yaml", tmp_path))


WORDS = """@type typed_config token_bucket max_tokens tokens_per_fill fill_interval filter_enabled filter_enforced
    default_value numerator denominator descriptors entries key match prefix typed_per_filter_config domains routes
    stat_prefix envoy.filters.http.local_ratelimit http_filters patch value applyTo"""
KEYS = st.sampled_from(WORDS.split())
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.sampled_from([LOCAL, "60s", "HUNDRED", "/", "x", "default"]))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=6)),
    max_leaves=20,
)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(VALUES, VALUES)
def test_no_structure_makes_the_verifier_fail(tmp_path: Path, first: Any, second: Any) -> None:
    config = {"@type": LOCAL, "token_bucket": first, "filter_enforced": second}
    data = {"http_filters": [{"typed_config": config}], "routes": [first], "x": second}
    for content in (data, {"http_filters": first, "y": second}):
        (tmp_path / "x.json").write_text(json.dumps(content), "utf-8")
        account = heard("x.json", tmp_path)
        assert bool(account.readings) != bool(account.unreadable)
        envoy.discover(Opener(tmp_path), "x.json")


def test_discover_offers_local_limits() -> None:
    found = envoy.discover(Opener(FIXTURES), "edge.yaml")
    assert [item.item["evidence"] for item in found] == [[{"kind": "envoy", "path": "edge.yaml", "zone": "catalogue"}]]
    assert found[0].item["params"]["enforced_percent"] == 50
    assert envoy.discover(Opener(FIXTURES), "service.yaml") == ()


# --- the routes of an address ---

SHOP = ["https://shop.example/products/"]
BUCKET = {"max_tokens": 10, "tokens_per_fill": 10, "fill_interval": "60s"}
OWN = {"@type": LOCAL, "stat_prefix": "own", "filter_enabled": FULL, "filter_enforced": FULL, "token_bucket": BUCKET}
OFF = {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "disabled": True}
SENDS = {"rate_limits": [{"actions": [{"remote_address": {}}]}]}


def route(prefix: str = "/products/", config: object = None, name: str = "x", **more: Any) -> dict[str, Any]:
    settings = {"typed_per_filter_config": {name: config}} if config else {}
    return {"match": {"prefix": prefix} | more.pop("match", {}), "route": more, **settings}


def hosts(*routes: dict[str, Any], domain: str = "*", more: tuple[Any, ...] = ()) -> dict[str, Any]:
    return {"virtual_hosts": [{"name": "v", "domains": [domain], "routes": list(routes)}, *more], "use_remote_address": True}


def test_the_limit_of_another_virtual_host_or_method_proves_nothing(tmp_path: Path) -> None:
    shop = {"name": "prod", "domains": ["shop.example"], "routes": [route()]}
    staging = hosts(route(config=OWN), domain="staging.example", more=(shop,))
    silent(limiter(tmp_path, staging, token_bucket=None, options={"urls": SHOP}))
    posts = route(config=OWN, match={"headers": [{"name": ":method", "string_match": {"exact": "POST"}}]})
    assert "other settings" in silent(limiter(tmp_path, hosts(posts, route()), token_bucket=None, options={"urls": SHOP}))
    own = limiter(tmp_path, hosts(route(config=OWN), domain="shop.example"), token_bucket=None, options={"urls": SHOP})
    assert said(own)["status"] == "deployed"


def test_a_route_can_switch_a_filter_of_any_name_off(tmp_path: Path) -> None:
    silent(limiter(tmp_path, hosts(route(config=OFF)), options={"urls": SHOP}))
    assert "other settings" in silent(limiter(tmp_path, hosts(route(config=OFF)), options={"urls": SHOP, "zone": "l"}))
    assert said(limiter(tmp_path, hosts(route()), options={"urls": SHOP}))["status"] == "deployed"


@pytest.mark.parametrize(
    ("match", "is_soft"),
    [
        ({"prefix": "/products/special"}, True),
        ({"path": "/products/feed.xml"}, True),
        ({"prefix": "/people"}, False),
    ],
)
def test_a_part_of_a_surface_that_another_route_takes_first_is_for_a_person(
    tmp_path: Path, match: dict[str, str], *, is_soft: bool
) -> None:
    below = ["https://shop.example/products/*"]
    special = {"match": match, "route": {}}
    off = special | {"typed_per_filter_config": {"envoy.filters.http.local_ratelimit": OFF}}
    local = limiter(tmp_path, hosts(off, route()), options={"urls": below, "zone": "l"})
    service = asked(tmp_path, {"http_filters": [asks()]} | hosts(special, route(**SENDS)), urls=below)
    for account in (local, service):
        assert said(account)["status"] == "deployed"
        assert ("status" in soft(account)) is is_soft
        assert ("takes a part of shop.example/products/ first" in note(account)) is is_soft
    after = limiter(tmp_path, hosts(route(), off), options={"urls": below, "zone": "l"})
    assert "status" not in soft(after)


@pytest.mark.parametrize(("burst", "is_soft"), [(None, True), (1000, False)])
def test_a_bucket_beyond_the_limit_has_to_be_declared(tmp_path: Path, burst: int | None, *, is_soft: bool) -> None:
    limiter(tmp_path, token_bucket={"max_tokens": 1000, "tokens_per_fill": 10, "fill_interval": "60s"})
    subject = {"family": "rate_limit", "params": {"limit": 10, "window": "minute", "burst": burst}}
    account = envoy.account(Opener(tmp_path), "e.json", {"kind": "envoy", "path": "e.json"}, subject)
    assert said(account)["status"] == "deployed"
    assert ("status" in soft(account)) is is_soft
    assert ("declare params.burst" in note(account)) is is_soft


def test_a_route_that_does_not_look_at_case_is_not_passed_over(tmp_path: Path) -> None:
    first = route("/PRODUCTS", config=OFF, match={"case_sensitive": False})
    account = limiter(tmp_path, hosts(first, route()), options={"urls": SHOP, "zone": "l"})
    assert "other settings" in silent(account)


def test_a_filter_in_an_extension_with_a_matcher_only_supports(tmp_path: Path) -> None:
    limiter(tmp_path, hosts(route()))
    data = json.loads((tmp_path / "e.json").read_text("utf-8"))
    inner = data["http_filters"][0]
    kind = "type.googleapis.com/envoy.extensions.common.matching.v3.ExtensionWithMatcher"
    data["http_filters"] = [{"name": "x", "typed_config": {"@type": kind, "xds_matcher": {}, "extension_config": inner}}]
    (tmp_path / "e.json").write_text(json.dumps(data), "utf-8")
    account = heard("e.json", tmp_path, urls=SHOP)
    assert said(account)["status"] == "deployed"
    assert soft(account) == set(said(account))
    assert "a matcher, which may skip it" in note(account)


def test_a_descriptor_counts_where_the_route_sends_it(tmp_path: Path) -> None:
    entry = [{"entries": [{"key": "remote_address"}], "token_bucket": BUCKET}]
    options = {"urls": SHOP, "options": {"descriptor": "remote_address"}}
    elsewhere = hosts(route("/health", **SENDS), route())
    for manager in (hosts(route()), elsewhere):
        assert "does not send" in silent(limiter(tmp_path, manager, descriptors=entry, options=options))
    sent = limiter(tmp_path, hosts(route(**SENDS)), descriptors=entry, options=options)
    assert said(sent)["params.unit"] == "ip"


@pytest.mark.parametrize(
    ("routes", "asking", "limit", "why"),
    [
        ([route("/health", **SENDS), route()], {}, {}, "does not send"),
        ([route(config=OFF, name="envoy.filters.http.ratelimit", **SENDS)], {}, {}, "for itself"),
        ([route(**SENDS)], {"filter_enabled": {"default_value": {"numerator": 0}}}, {}, "leaves requests out"),
        ([route(**SENDS)], {}, {"unlimited": "true"}, "neither true nor false"),
        ([route(**SENDS)], {}, {}, ""),
    ],
)
def test_a_service_is_asked_by_the_route_of_the_address(
    tmp_path: Path, routes: list[Any], asking: dict[str, Any], limit: dict[str, Any], why: str
) -> None:
    kind = "type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit"
    config = {"@type": kind, "domain": "d", "failure_mode_deny": True} | asking
    filters = [{"name": "envoy.filters.http.ratelimit", "typed_config": config}]
    (tmp_path / "e.json").write_text(json.dumps({"http_filters": filters} | hosts(*routes)), "utf-8")
    rate = {"unit": "hour", "requests_per_unit": 60} | limit
    service = {"domain": "d", "descriptors": [{"key": "remote_address", "rate_limit": rate}]}
    (tmp_path / "s.json").write_text(json.dumps(service), "utf-8")
    account = heard("e.json", tmp_path, urls=SHOP, options={"service": "s.json"})
    assert why in silent(account) if why else said(account)["status"] == "deployed"


# --- switched off, at another level, behind another listener ---

GLOBAL = "type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit"


def asked(root: Path, data: dict[str, Any], **options: Any) -> Account:
    """The account of a limit that a service sets, and of this configuration."""
    (root / "e.json").write_text(json.dumps(data), "utf-8")
    rate = {"unit": "hour", "requests_per_unit": 60}
    service = {"domain": "d", "descriptors": [{"key": "remote_address", "rate_limit": rate}]}
    (root / "s.json").write_text(json.dumps(service), "utf-8")
    return heard("e.json", root, **{"urls": SHOP, "options": {"service": "s.json"}} | options)


def asks(**holder: Any) -> dict[str, Any]:
    config = {"@type": GLOBAL, "domain": "d", "failure_mode_deny": True}
    return {"name": "envoy.filters.http.ratelimit", "typed_config": config, **holder}


@pytest.mark.parametrize("key", ["disable_key", "hits_addend"])
def test_a_limit_that_a_key_switches_off_only_supports(tmp_path: Path, key: str) -> None:
    sends = {"rate_limits": [{"actions": [{"remote_address": {}}], key: {"number": 0} if "hits" in key else "off"}]}
    account = asked(tmp_path, {"http_filters": [asks()]} | hosts(route(**sends)))
    assert said(account)["status"] == "deployed"
    assert soft(account) == set(said(account))
    assert key in note(account)
    plain = asked(tmp_path, {"http_filters": [asks()]} | hosts(route(**SENDS)))
    assert soft(plain) == set()
    entry = [{"entries": [{"key": "remote_address"}], "token_bucket": BUCKET}]
    options = {"urls": SHOP, "options": {"descriptor": "remote_address"}}
    local = limiter(tmp_path, hosts(route(**sends)), descriptors=entry, options=options)
    assert soft(local) == set(said(local))


def test_a_filter_that_is_optional_only_supports(tmp_path: Path) -> None:
    options = {"urls": SHOP}
    local = limiter(tmp_path, {"holder": {"is_optional": True}} | hosts(route()), options=options)
    assert soft(local) == set(said(local))
    assert "is_optional" in note(local)
    wrapped = {"@type": OFF["@type"], "is_optional": True, "config": OWN}
    own = limiter(tmp_path, hosts(route(config=wrapped)), token_bucket=None, options=options)
    assert (said(own)["status"], soft(own)) == ("deployed", set(said(own)))
    account = asked(tmp_path, {"http_filters": [asks(is_optional=True)]} | hosts(route(**SENDS)))
    assert soft(account) == set(said(account))


def test_settings_in_a_wrapper_that_does_not_switch_off_are_those_of_the_route(tmp_path: Path) -> None:
    wrapped = {"@type": OFF["@type"], "config": OWN}
    account = limiter(tmp_path, hosts(route(config=wrapped)), token_bucket=None, options={"urls": SHOP, "zone": "own"})
    assert said(account)["status"] == "deployed"
    assert "status" not in soft(account)


@pytest.mark.parametrize("off", [OFF, {"disabled": True}, {"@type": OFF["@type"], "disabled": "true"}])
def test_a_level_above_or_below_the_route_can_switch_a_filter_off(tmp_path: Path, off: dict[str, Any]) -> None:
    everywhere = {"typed_per_filter_config": {"x": off}}
    clusters = {"weighted_clusters": {"clusters": [{"name": "c", **everywhere}]}}
    for options in ({"urls": SHOP, "zone": "l"}, {"zone": "l"}, {"urls": SHOP, "location": "/products/"}):
        whole = {"route_config": hosts(route()) | everywhere}
        assert "not read" in silent(limiter(tmp_path, whole, options=options))
        assert "not read" in silent(limiter(tmp_path, hosts(route(**clusters)), options=options))
    host = {"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [route()], **everywhere}]}
    silent(limiter(tmp_path, host, options={"urls": SHOP, "zone": "l"}))


def test_a_service_is_not_asked_where_a_level_switches_the_filter_off(tmp_path: Path) -> None:
    everywhere = {"typed_per_filter_config": {"envoy.filters.http.ratelimit": OFF}}
    sends = route(**SENDS)
    for data in (
        {"route_config": hosts(sends) | everywhere},
        hosts(route(**SENDS, weighted_clusters={"clusters": [everywhere]})),
        hosts(sends | everywhere),
    ):
        for urls in (SHOP, []):
            assert "not read" in silent(asked(tmp_path, {"http_filters": [asks()]} | data, urls=urls))


def listeners(*managers: dict[str, Any]) -> dict[str, Any]:
    chains = [{"filter_chains": [{"filters": [{"typed_config": {"use_remote_address": True} | one}]}]} for one in managers]
    return {"static_resources": {"listeners": chains}}


def test_a_filter_behind_another_listener_proves_nothing(tmp_path: Path) -> None:
    local = {"name": "x", "typed_config": OWN}
    other = hosts(route("/"), domain="admin.example")
    for limits, sends in (([local], route()), ([asks()], route(**SENDS))):
        shop = hosts(sends, domain="shop.example")
        apart = listeners({"http_filters": limits, "route_config": other}, {"http_filters": [], "route_config": shop})
        together = listeners({"http_filters": limits, "route_config": shop}, {"http_filters": [], "route_config": other})
        elsewhere = listeners({"http_filters": limits, "rds": {}}, {"http_filters": [], "rds": {}}) | {"resources": [shop]}
        for data, why in ((apart, "another listener"), (together, ""), (elsewhere, "several listeners")):
            (tmp_path / "e.json").write_text(json.dumps(data), "utf-8")
            account = asked(tmp_path, data) if sends != route() else heard("e.json", tmp_path, urls=SHOP)
            assert why in silent(account) if why else said(account)["status"] == "deployed"


def test_the_settings_of_a_route_need_the_filter_before_it(tmp_path: Path) -> None:
    bare = {"name": "x", "typed_config": {"@type": LOCAL, "stat_prefix": "l"}}
    shop = hosts(route(config=OWN), domain="shop.example")
    data = listeners({"http_filters": [bare], "route_config": hosts(route("/"))}, {"http_filters": [], "route_config": shop})
    (tmp_path / "e.json").write_text(json.dumps(data), "utf-8")
    for options in ({"urls": SHOP}, {"zone": "own"}):
        assert "another listener" in silent(heard("e.json", tmp_path, **options))


# --- filters that are put in by patches ---


def patched(
    root: Path, *more: dict[str, Any], match: dict[str, Any] | None = None, operation: str = "INSERT_BEFORE"
) -> Account:
    """The account of an EnvoyFilter that puts one limiter in, on the surface shop.example/people."""
    config = {
        "@type": LOCAL, "stat_prefix": "l", "filter_enabled": FULL, "filter_enforced": FULL,
        "token_bucket": {"max_tokens": 10, "tokens_per_fill": 10, "fill_interval": "60s"}, "local_cluster_rate_limit": {},
    }  # fmt: skip
    patch = {"operation": operation, "value": {"name": "envoy.filters.http.local_ratelimit", "typed_config": config}}
    patches = [{"applyTo": "HTTP_FILTER", "match": {"context": "GATEWAY"} | (match or {}), "patch": patch}, *more]
    data = {"kind": "EnvoyFilter", "metadata": {"name": "l"}, "spec": {"configPatches": patches}}
    (root / "e.json").write_text(json.dumps(data), "utf-8")
    return heard("e.json", root, urls=["https://shop.example/people/*"])


def of_host(name: str) -> dict[str, Any]:
    """A patch that gives a virtual host a limit of its own."""
    config = {
        "@type": LOCAL, "stat_prefix": "h", "filter_enabled": FULL, "filter_enforced": FULL,
        "token_bucket": {"max_tokens": 10, "tokens_per_fill": 10, "fill_interval": "60s"}, "local_cluster_rate_limit": {},
    }  # fmt: skip
    value = {"typed_per_filter_config": {"envoy.filters.http.local_ratelimit": config}}
    match = {"context": "GATEWAY", "routeConfiguration": {"vhost": {"name": name}}}
    return {"applyTo": "VIRTUAL_HOST", "match": match, "patch": {"operation": "MERGE", "value": value}}


def test_a_filter_that_no_host_or_route_ties_to_the_surfaces_only_supports(tmp_path: Path) -> None:
    account = patched(tmp_path)
    assert said(account)["status"] == "deployed"
    assert soft(account) == set(said(account))
    assert "that it stands before the surfaces is not shown here" in note(account)
    (tmp_path / "e.json").write_text((tmp_path / "e.json").read_text().replace("GATEWAY", "SIDECAR_INBOUND"))
    assert soft(heard("e.json", tmp_path)) == set()


def test_a_patch_of_the_surfaces_host_ties_the_filter_to_it(tmp_path: Path) -> None:
    patched(tmp_path, of_host("shop.example:443"))
    account = heard("e.json", tmp_path, zone="h", urls=["https://shop.example/people/*"])
    assert said(account)["status"] == "deployed"
    assert soft(account) == set()
    patched(tmp_path, of_host("shop.example:443"), match={"listener": {"portNumber": 9999}})
    account = heard("e.json", tmp_path, zone="h", urls=["https://shop.example/people/*"])
    assert soft(account) == set(said(account))


def test_patches_that_take_out_or_stand_before_outgoing_requests_limit_nothing(tmp_path: Path) -> None:
    assert "no HTTP rate limit filter" in silent(patched(tmp_path, operation="REMOVE"))
    assert "requests that a workload sends" in silent(patched(tmp_path, match={"context": "SIDECAR_OUTBOUND"}))


def test_a_path_that_is_whole_takes_nothing_below_it(tmp_path: Path) -> None:
    route = {"match": {"path": "/people/"}, "route": {"cluster": "c"}}
    manager = {"route_config": {"virtual_hosts": [{"name": "h", "domains": ["*"], "routes": [route]}]}}
    assert "no route serves" in silent(limiter(tmp_path, manager, options={"urls": ["https://shop.example/people/*"]}))
    account = limiter(tmp_path, manager, options={"urls": ["https://shop.example/people/"]})
    assert said(account)["status"] == "deployed"


# --- other ways to write it, and what a descriptor leaves out ---


@pytest.mark.parametrize(
    "changes",
    [
        {"token_bucket": None, "tokenBucket": {"maxTokens": 10, "tokensPerFill": 10, "fillInterval": "60s"}},
        {"filter_enabled": None, "filterEnabled": {"defaultValue": {"numerator": 100}}},
        {"filter_enforced": {"defaultValue": {"numerator": 100}}},
    ],
)
def test_names_in_camel_case_are_neither_a_limit_nor_the_lack_of_one(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert "write the API's own names (snake_case)" in silent(limiter(tmp_path, **changes))


def test_a_route_that_is_switched_off_in_camel_case_is_not_passed_over(tmp_path: Path) -> None:
    manager = hosts(route() | {"typedPerFilterConfig": {"x": {"disabled": True}}})
    assert "typedPerFilterConfig is written in lowerCamelCase" in silent(limiter(tmp_path, manager, options={"urls": SHOP}))


def test_a_descriptor_with_a_value_of_its_own_is_no_limit_for_all(tmp_path: Path) -> None:
    entry = [{"entries": [{"key": "remote_address", "value": "192.0.2.7"}], "token_bucket": BUCKET}]
    options = {"urls": SHOP, "options": {"descriptor": "remote_address"}}
    account = limiter(tmp_path, hosts(route(**SENDS)), descriptors=entry, options=options)
    assert "counts only some requests" in silent(account)


def test_a_bucket_for_each_value_is_for_a_person_to_weigh(tmp_path: Path) -> None:
    entry = [{"entries": [{"key": "remote_address"}], "token_bucket": BUCKET}]
    options = {"urls": SHOP, "options": {"descriptor": "remote_address"}}
    account = limiter(tmp_path, hosts(route(**SENDS)), descriptors=entry, local_cluster_rate_limit={}, options=options)
    assert soft(account) == set(said(account))
    assert "max_dynamic_descriptors" in note(account)


# --- very many routes ---


def test_the_time_that_thousands_of_routes_take_grows_with_their_number_only(tmp_path: Path) -> None:
    match = ({"safe_regex": {"regex": f"/p{number}"}} for number in range(3000))
    routes = [{"match": one, "route": {"cluster": "c"}} for one in match]
    routes.append({"match": {"prefix": "/"}, "route": {"cluster": "c"}})
    manager = {"route_config": {"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": routes}]}}
    with ends():
        account = limiter(tmp_path, manager, options={"urls": ["/people/*"]})
        assert said(account)["status"] == "deployed"


# --- switched on below, and ports ---


@pytest.mark.parametrize("config", [{"config": {}}, {"disabled": False}])
@pytest.mark.parametrize("where", ["route", "host"])
def test_a_disabled_filter_that_a_route_switches_on_is_not_taken_for_off(
    tmp_path: Path, config: dict[str, object], where: str
) -> None:
    own = {"x": {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig"} | config}
    single: dict[str, Any] = {"match": {"prefix": "/"}, "route": {"cluster": "c"}}
    host: dict[str, Any] = {"name": "v", "domains": ["*"], "routes": [single]}
    off = {"holder": {"disabled": True}, "route_config": {"virtual_hosts": [host]}}
    assert said(limiter(tmp_path, dict(off), options={"urls": ["/search"]}))["status"] == "planned"
    (single if where == "route" else host)["typed_per_filter_config"] = own
    assert "switches it on there" in silent(limiter(tmp_path, dict(off), options={"urls": ["/search"]}))


def test_a_domain_with_a_port_is_not_all_of_a_host(tmp_path: Path) -> None:
    bare = {"name": "b", "domains": ["OTHER"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "c"}}]}
    gateway(tmp_path, [BY_ADDRESS], [{"key": "remote_address", "rate_limit": PER_MINUTE}], hosts=[bare])
    text = (tmp_path / "e.json").read_text("utf-8")
    asked: dict[str, Any] = {"urls": ["https://shop.example/search"], "options": {"service": "s.json"}}
    for first, other, is_read in (
        ("shop.example:8080", "*", False),
        ("*", "shop.example:8080", False),
        ("*", "other.example:8080", True),
        ("shop.example", "*", True),
        ("shop.example:443", "other.example", True),
    ):
        (tmp_path / "e.json").write_text(text.replace('"*"', f'"{first}"').replace("OTHER", other), "utf-8")
        assert bool(heard("e.json", tmp_path, **asked).readings) is is_read


def test_the_time_that_hundreds_of_listeners_take_grows_with_their_number_only(tmp_path: Path) -> None:
    managers = [{"http_filters": [asks()], "route_config": hosts(route(**SENDS))} for _ in range(600)]
    with ends():
        assert said(asked(tmp_path, listeners(*managers)))["status"] == "deployed"


def test_the_last_of_many_listeners_counts_as_the_first(tmp_path: Path) -> None:
    other = hosts(route("/"), domain="admin.example")
    managers: list[dict[str, Any]] = [{"http_filters": [asks()], "route_config": other} for _ in range(60)]
    managers.append({"http_filters": [], "route_config": hosts(route(**SENDS), domain="shop.example")})
    assert "behind" in silent(asked(tmp_path, listeners(*managers)))


# --- what Envoy loads from elsewhere ---

USUAL = "envoy.filters.http.local_ratelimit"
ELSEWHERE = {"rds": {"route_config_name": "r", "config_source": {"ads": {}}}}


@pytest.mark.parametrize(
    "changes",
    [{"token_bucket": None}, {"filter_enforced": None}, {"holder": {"disabled": True}}],
    ids=["no bucket", "not enforced", "disabled"],
)
def test_what_routes_of_elsewhere_may_set_is_not_missing(tmp_path: Path, changes: dict[str, Any]) -> None:
    """Routes by RDS have buckets of their own, and switch on a filter that is off in its chain."""
    changes = dict(changes)
    holder = {"holder": changes.pop("holder", {})}
    assert "rds" in silent(limiter(tmp_path, ELSEWHERE | holder, options={"urls": SHOP}, **changes))
    here = hosts(route()) | {"name": "r"}
    beside = {"resources": [{"route_config": here}, ELSEWHERE], "use_remote_address": True}
    assert said(limiter(tmp_path, beside | holder, options={"urls": SHOP}, **changes))["status"] in ("planned", "observing")


def test_a_descriptor_that_routes_of_elsewhere_may_send_is_not_missing(tmp_path: Path) -> None:
    assert "rds" in silent(asked(tmp_path, {"http_filters": [asks()]} | ELSEWHERE))
    manager = {"http_filters": [asks()], "use_remote_address": True} | ELSEWHERE
    sent = asked(tmp_path, manager | {"resources": [{"name": "r", **hosts(route(**SENDS))}]})
    assert said(sent)["status"] == "deployed"
    patch = {"applyTo": "HTTP_FILTER", "patch": {"operation": "INSERT_BEFORE", "value": asks()}}
    part = {"kind": "EnvoyFilter", "metadata": {"name": "f"}, "spec": {"configPatches": [patch]}}
    assert "another EnvoyFilter" in silent(asked(tmp_path, part))


def test_a_filter_that_is_loaded_from_elsewhere_is_not_missing(tmp_path: Path) -> None:
    found = {"name": "x", "config_discovery": {"config_source": {"ads": {}}, "type_urls": [LOCAL]}}
    (tmp_path / "e.json").write_text(json.dumps({"http_filters": [found]} | hosts(route(config=OWN, name=USUAL))), "utf-8")
    assert "config_discovery" in silent(heard("e.json", tmp_path, urls=SHOP))


def test_settings_of_a_route_without_a_listener_only_support(tmp_path: Path) -> None:
    (tmp_path / "e.json").write_text(json.dumps(hosts(route(config=OWN, name=USUAL))), "utf-8")
    account = heard("e.json", tmp_path, urls=SHOP)
    assert "that a listener has the filter" in note(account)
    assert said_softly(account)["status"] == "deployed"


# --- what else makes a descriptor ---

CLAIM = {"metadata": {"descriptor_key": "user", "metadata_key": {"key": "jwt", "path": [{"key": "sub"}]}}}


@pytest.mark.parametrize(
    ("action", "key"),
    [
        (CLAIM, "user"),
        ({"dynamic_metadata": {"descriptor_key": "user", "metadata_key": {"key": "jwt"}}}, "user"),
        ({"query_parameters": {"descriptor_key": "q", "query_parameter_name": "q"}}, "q"),
        ({"query_parameter_value_match": {"query_parameters": [{"name": "q"}]}}, "query_match"),
        ({"remote_address_match": {"descriptor_key": "net"}}, "net"),
    ],
)
def test_a_descriptor_that_any_action_makes_is_sent(tmp_path: Path, action: dict[str, Any], key: str) -> None:
    """Whom it counts is not known; that it is sent is."""
    account = gateway(tmp_path, [{"actions": [action]}], [{"key": key, "rate_limit": PER_MINUTE}])
    assert said(account) == {"params.limit": 10, "params.window": "minute"}
    assert said(gateway(tmp_path, [{"actions": [action]}], [{"key": "b", "rate_limit": PER_MINUTE}]))["status"] == "planned"


def test_a_descriptor_that_an_extension_may_make_is_not_missing(tmp_path: Path) -> None:
    made = {"extension": {"name": "expr", "typed_config": {"descriptor_key": "user", "text": "request.id"}}}
    assert "action that is not read" in silent(
        gateway(tmp_path, [{"actions": [made]}], [{"key": "user", "rate_limit": PER_MINUTE}])
    )


@pytest.mark.parametrize(("length", "unit"), [(None, "ip"), (32, "ip"), (16, None), (0, None)])
def test_a_masked_address_counts_networks(tmp_path: Path, length: int | None, unit: str | None) -> None:
    action = {"masked_remote_address": {} if length is None else {"v4_prefix_mask_len": length}}
    limit = {"key": "masked_remote_address", "rate_limit": PER_MINUTE}
    account = said(gateway(tmp_path, [{"actions": [action]}], [limit]))
    assert (account["status"], account.get("params.unit")) == ("deployed", unit)


@pytest.mark.parametrize(
    ("of_host", "own", "is_sent"),
    [
        (None, False, True), ("OVERRIDE", False, True), ("IGNORE", False, False), (2, False, False),
        (None, True, False), ("OVERRIDE", True, False), ("INCLUDE", True, True), (1, True, True),
    ],
)  # fmt: skip
def test_a_local_limit_says_whether_it_takes_what_hosts_send(
    tmp_path: Path, of_host: object, *, own: bool, is_sent: bool
) -> None:
    mine = {"rate_limits": [{"actions": [{"generic_key": {"descriptor_value": "search"}}]}]} if own else {}
    routes = hosts(route(**mine))
    routes["virtual_hosts"][0] |= SENDS
    entry = [{"entries": [{"key": "remote_address"}], "token_bucket": BUCKET}]
    options = {"urls": SHOP, "options": {"descriptor": "remote_address"}}
    account = limiter(tmp_path, routes, descriptors=entry, options=options, vh_rate_limits=of_host)
    if is_sent:
        assert said(account)["status"] == "deployed"
    else:
        assert "does not send the descriptor" in silent(account)


@pytest.mark.parametrize(
    ("layer", "is_soft"),
    [
        ({"limit.on": 0, "ratelimit.http_filter_enforcing": 0}, True),
        ({"limit": {"on": {"numerator": 0}}, "ratelimit": {"http_filter_enabled": 0}}, True),
        ({"other": {"limit": {"on": 0}}}, False),
    ],
)
def test_a_limit_that_the_runtime_of_the_file_overrules_only_supports(
    tmp_path: Path, layer: dict[str, Any], *, is_soft: bool
) -> None:
    runtime = {"layered_runtime": {"layers": [{"name": "static", "static_layer": layer}]}}
    local = limiter(
        tmp_path, hosts(route()) | runtime, filter_enabled=FULL | {"runtime_key": "limit.on"}, options={"urls": SHOP}
    )
    service = asked(tmp_path, {"http_filters": [asks()]} | hosts(route(**SENDS)) | runtime)
    for account in (local, service):
        assert said(account)["status"] == "deployed"
        assert ("status" in soft(account)) is is_soft
        assert ("the runtime of the file" in note(account)) is is_soft
    off = {"default_value": {"numerator": 0}, "runtime_key": "limit.on"}
    switched = limiter(tmp_path, hosts(route()) | runtime, filter_enforced=off, options={"urls": SHOP})
    assert "the runtime of the file" in silent(switched) if is_soft else said(switched)["status"] == "observing"


@pytest.mark.parametrize(
    ("first", "second", "is_read"),
    [
        ("public", None, True),
        ("inner", None, False),
        ("public", "inner", True),
        ("inner", "public", False),
        ("public", "public", False),
    ],
)
def test_a_listener_serves_the_routes_that_it_asks_for(
    tmp_path: Path, first: str, second: str | None, *, is_read: bool
) -> None:
    """The first listener has the filter, and the surface is among the routes called public."""
    routes = [
        {"name": "public", "virtual_hosts": [{"name": "v", "domains": ["shop.example"], "routes": [route(**SENDS)]}]},
        {"name": "inner", "virtual_hosts": [{"name": "i", "domains": ["inner.example"], "routes": [route(**SENDS)]}]},
    ]
    local = {"name": "x", "typed_config": OWN}
    for one in (local, asks()):
        managers = [{"http_filters": [one], "rds": {"route_config_name": first}, "use_remote_address": True}]
        managers += [{"http_filters": [], "rds": {"route_config_name": second}}] if second else []
        account = asked(tmp_path, {"resources": [*managers, *routes]}, **({"options": {}} if one is local else {}))
        assert said(account)["status"] == "deployed" if is_read else "listener" in silent(account)


@pytest.mark.parametrize(("found", "is_read"), [({"scoped_routes": {}}, True), ({"rds": {}}, True), ({}, False)])
def test_routes_that_no_listener_asks_for_are_behind_none(tmp_path: Path, found: dict[str, Any], *, is_read: bool) -> None:
    """All listeners have the filter; one asks for other routes, and the second has its own or does not say which."""
    public = {"name": "public", "virtual_hosts": [{"name": "v", "domains": ["shop.example"], "routes": [route(**SENDS)]}]}
    own = found or {"route_config": hosts(route("/"), domain="admin.example")}
    filters = {"http_filters": [asks()], "use_remote_address": True}
    managers = [filters | {"rds": {"route_config_name": "inner"}}, filters | own]
    account = asked(tmp_path, {"resources": [*managers, public]})
    assert said(account)["status"] == "deployed" if is_read else "another listener" in silent(account)


def test_routes_of_elsewhere_change_nothing_of_what_the_service_counts_alone(tmp_path: Path) -> None:
    manager = {"http_filters": [asks()], "use_remote_address": True, "route_config": hosts(route(**SENDS))}
    (tmp_path / "e.json").write_text(json.dumps({"resources": [manager, ELSEWHERE]}), "utf-8")
    limit = {"key": "remote_address", "shadow_mode": True, "rate_limit": PER_MINUTE}
    (tmp_path / "s.json").write_text(json.dumps({"domain": "d", "descriptors": [limit]}), "utf-8")
    account = heard("e.json", tmp_path, urls=SHOP, options={"service": "s.json"})
    assert said(account)["status"] == "observing"
