"""What Traefik configuration says about a declared rate limit, and when it says nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policycheck.evidence import traefik
from policycheck.opener import Opener
from tests.evidence.account_support import note, said, silent, soft
from tests.patience import ends

if TYPE_CHECKING:
    from policycheck.model import Account

FIXTURES = Path(__file__).parent / "fixtures" / "traefik"


def heard(file: str, root: Path = FIXTURES, window: str | None = "minute", **options: object) -> Account:
    subject = {"family": options.pop("family", "rate_limit"), "params": {"window": window}}
    return traefik.account(Opener(root), file, {"kind": "traefik", "path": file, **options}, subject)


def places(account: Account) -> dict[str, int]:
    return {".".join(reading.path): reading.line for reading in account.readings}


def limiter(root: Path, limit: object, uses: object = ("l",), more: str = "", **options: object) -> Account:
    """The account of one middleware with this rate limit and one router."""
    http = {
        "routers": {"r": {"rule": "PathPrefix(`/a`)", "middlewares": uses}},
        "middlewares": {"l": {"rateLimit": limit}, "c": {"chain": {"middlewares": ["l", "c"]}}},
    }
    (root / "t.yaml").write_text(json.dumps({"http": http}) + more, "utf-8")
    return heard("t.yaml", root, **options)


def test_the_limit_of_a_router_is_found_through_a_chain() -> None:
    account = heard("dynamic.yml", location="/products", urls=["https://shop.example/products/*"])
    assert said(account) == {
        "status": "deployed",
        "params.limit": 120,
        "params.window": "minute",
        "params.burst": 30,
        "params.unit": "ip",
    }
    assert soft(account) == {"params.limit", "params.burst"}
    assert places(account)["params.limit"] == 25
    assert "rateLimit per-address for the router catalogue" in note(account)
    assert "each instance counts for itself" in note(account, "params.limit")


@pytest.mark.parametrize("options", [{"location": "catalogue"}, {"resource": "per-address"}, {"zone": "per-address"}])
def test_an_entry_picks_by_router_or_middleware(options: dict[str, str]) -> None:
    assert said(heard("dynamic.yml", **options))["params.limit"] == 120


@pytest.mark.parametrize(("window", "limit"), [("second", 2), ("hour", 7200), ("day", 172800), (None, 120), ("week", 120)])
def test_rates_are_told_in_the_declared_window(window: str | None, limit: int) -> None:
    assert said(heard("dynamic.yml", window=window, resource="per-address"))["params.limit"] == limit


def test_toml_says_the_same_at_its_headings() -> None:
    account = heard("dynamic.toml")
    assert said(account) == said(heard("dynamic.yml", resource="per-address"))
    assert places(account)["params.limit"] == 6


def test_kubernetes_resources_say_the_same() -> None:
    account = heard("crd.yaml", window="hour", urls=["/products/*"])
    assert said(account)["status"] == "deployed"
    assert said(account)["params.limit"] == 100
    assert soft(account) == {"status", "params.limit", "params.window", "params.burst", "params.unit"}


def test_an_ingress_can_name_the_middleware(tmp_path: Path) -> None:
    middleware = (FIXTURES / "crd.yaml").read_text().split("---")[0]
    ingress = (
        "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: i\n  namespace: shop\n  annotations:\n"
        "    traefik.ingress.kubernetes.io/router.middlewares: shop-per-address@kubernetescrd\n"
        "spec: {rules: [{http: {paths: [{path: /a}]}}]}\n"
    )
    (tmp_path / "k.yaml").write_text(middleware + ingress)
    assert said(heard("k.yaml", tmp_path, urls=["/a/b"]))["status"] == "deployed"
    assert "does not serve" in silent(heard("k.yaml", tmp_path, urls=["/b"]))


def test_an_entry_point_can_add_it_to_every_router(tmp_path: Path) -> None:
    static = "entryPoints: {web: {address: ':80', http: {middlewares: [l@file]}}}\n"
    (tmp_path / "traefik.yml").write_text(static)
    assert said(limiter(tmp_path, {"average": 5}, [])) == {"status": "planned"}
    assert said(limiter(tmp_path, {"average": 5}, [], options={"static": "traefik.yml"}))["status"] == "deployed"


@pytest.mark.parametrize(
    ("web", "entries", "status", "is_soft"),
    [
        ({}, ["web"], "planned", False),
        ({}, ["websecure"], "deployed", False),
        ({}, ["web", "websecure"], "deployed", True),
        ({}, [], "deployed", True),
        ({"http": {"redirections": {"entryPoint": {"to": "websecure", "scheme": "https"}}}}, [], "deployed", False),
        ({"http": {"middlewares": ["l@file"]}}, [], "deployed", False),
    ],
)
def test_an_entry_point_adds_a_limit_to_its_own_routers(
    tmp_path: Path, web: dict[str, Any], entries: list[str], status: str, *, is_soft: bool
) -> None:
    points = {"web": {"address": ":80"} | web, "websecure": {"address": ":443", "http": {"middlewares": ["l@file"]}}}
    (tmp_path / "traefik.json").write_text(json.dumps({"entryPoints": points}))
    routers = {"r": {"rule": "PathPrefix(`/a`)", "entryPoints": entries}}
    http = {"routers": routers, "middlewares": {"l": {"rateLimit": {"average": 5}}}}
    (tmp_path / "t.yaml").write_text(json.dumps({"http": http}))
    account = heard("t.yaml", tmp_path, urls=["/a/*"], options={"static": "traefik.json"})
    assert said(account)["status"] == status
    assert ("status" in soft(account)) is is_soft
    assert ("at the entry point web too" in note(account)) is is_soft


@pytest.mark.parametrize(
    ("burst", "params", "is_soft"),
    [
        (500, {"limit": 100, "window": "minute"}, True),
        (100, {"limit": 100, "window": "minute"}, False),
        (500, {"limit": 100, "window": "minute", "burst": 500}, False),
        (500, {}, False),
        (50000, {}, True),
    ],
)
def test_a_burst_beyond_the_limit_has_to_be_declared(
    tmp_path: Path, burst: int, params: dict[str, Any], *, is_soft: bool
) -> None:
    limiter(tmp_path, {"average": 100, "period": "1m", "burst": burst})
    subject = {"family": "rate_limit", "params": params}
    account = traefik.account(Opener(tmp_path), "t.yaml", {"kind": "traefik", "path": "t.yaml"}, subject)
    assert said(account)["status"] == "deployed"
    assert ("status" in soft(account)) is is_soft
    assert ("declare params.burst" in note(account)) is is_soft


def test_a_shared_counter_is_no_matter_of_weighing() -> None:
    account = heard("dynamic.yml", resource="per-host")
    assert soft(account) == set()
    assert "one counter for all clients of a host" in note(account)
    assert "params.unit" not in said(account)


# --- ways to be wrong ---


def test_a_middleware_that_no_router_uses_limits_nothing() -> None:
    account = heard("dynamic.yml", resource="forgotten")
    assert said(account) == {"status": "planned"}
    assert "no router of this file uses it" in note(account)
    assert places(account) == {"status": 39}


def test_what_runs_at_once_is_no_rate() -> None:
    assert said(heard("dynamic.yml", location="/admin")) == {"status": "planned"}
    assert "in it; it has" not in silent(heard("dynamic.yml", resource="one-at-a-time"))


def test_a_header_of_the_sites_own_may_be_set_before_so_nothing_is_said_of_the_status() -> None:
    account = heard("dynamic.yml", resource="by-client")
    assert "status" not in said(account)
    assert "X-Client-Id; whether something before sets or checks it" in account.readings[0].note


def test_a_header_that_clients_write_only_observes(tmp_path: Path) -> None:
    limit = {"rateLimit": {"average": 60, "period": "1m", "sourceCriterion": {"requestHeaderName": "User-Agent"}}}
    routers = {"all": {"rule": "Host(`a.example`)", "middlewares": ["limit"]}}
    (tmp_path / "t.yml").write_text(json.dumps({"http": {"routers": routers, "middlewares": {"limit": limit}}}), "utf-8")
    account = heard("t.yml", root=tmp_path, resource="limit")
    assert said(account)["status"] == "observing"
    assert "User-Agent, which clients can vary" in note(account)


@pytest.mark.parametrize(
    ("uses", "headers", "status"),
    [
        (["signed-in", "by-account"], ["X-Account"], "deployed"),
        (["everything"], ["x-account"], "deployed"),
        (["by-account", "signed-in"], ["X-Account"], None),
        (["signed-in", "by-account"], ["X-Other"], None),
        (["signed-in", "by-account"], "X-Account", None),
    ],
)
@pytest.mark.parametrize("place", [{"server": "a.example"}, {"resource": "by-account"}])
def test_a_header_that_the_answer_of_an_authentication_sets_is_no_choice_of_clients(
    tmp_path: Path, uses: list[str], headers: object, status: str | None, place: dict[str, str]
) -> None:
    middlewares = {
        "everything": {"chain": {"middlewares": ["signed-in", "by-account"]}},
        "signed-in": {"forwardAuth": {"address": "http://identity", "authResponseHeaders": headers}},
        "by-account": {"rateLimit": {"average": 60, "period": "1m", "sourceCriterion": {"requestHeaderName": "X-Account"}}},
    }
    routers = {"all": {"rule": "Host(`a.example`)", "middlewares": uses}}
    (tmp_path / "t.yml").write_text(json.dumps({"http": {"routers": routers, "middlewares": middlewares}}), "utf-8")
    assert said(heard("t.yml", root=tmp_path, **place)).get("status") == status


def test_a_sound_limit_beside_one_that_can_be_bypassed_is_the_one_that_counts() -> None:
    assert said(heard("dynamic.yml", location="api"))["status"] == "deployed"
    assert said(heard("dynamic.yml", location="api"))["params.limit"] == 60000


@pytest.mark.parametrize("limit", [{"average": 0}, {}, {"burst": 5}, {"average": None}])
def test_no_average_is_no_limit(tmp_path: Path, limit: object) -> None:
    assert said(limiter(tmp_path, limit)) == {"status": "planned"}


@pytest.mark.parametrize(
    ("limit", "why"),
    [
        ({"average": "many"}, "no whole number"),
        ({"average": -1}, "no whole number"),
        ({"average": 1.5}, "no whole number"),
        ({"average": "{{ env `RATE` }}"}, "render it first"),
        ({"average": 5, "period": "soon"}, "no duration"),
        ({"average": 5, "period": "-1m"}, "no duration"),
        ({"average": 5, "period": [1]}, "no duration"),
        ({"average": 5, "burst": "some"}, "burst of l is no whole number"),
        ({"average": 5, "sourceCriterion": {"requestHeaderName": "a", "requestHost": True}}, "exclude each other"),
    ],
)
def test_what_is_not_settled_is_unreadable(tmp_path: Path, limit: object, why: str) -> None:
    assert why in silent(limiter(tmp_path, limit))


@pytest.mark.parametrize(
    ("limit", "minute"),
    [
        ({"average": 5}, 300),
        ({"average": "5"}, 300),
        ({"average": 5, "period": 60}, 5),
        ({"average": 1, "period": "1h30m"}, 1),
    ],
)
def test_a_period_is_a_second_or_a_duration_or_seconds(tmp_path: Path, limit: object, minute: int) -> None:
    assert said(limiter(tmp_path, limit))["params.limit"] == minute


@pytest.mark.parametrize("uses", [["c"], ["c@file"], ["l"], ["l@file", "l"]])
def test_chains_are_followed_and_end(tmp_path: Path, uses: list[str]) -> None:
    assert said(limiter(tmp_path, {"average": 5}, uses))["status"] == "deployed"


@pytest.mark.parametrize("uses", [[], None, "l", ["other"], ["L2"], [None]])
def test_a_router_that_names_something_else_uses_nothing(tmp_path: Path, uses: object) -> None:
    assert said(limiter(tmp_path, {"average": 5}, uses)) == {"status": "planned"}


def test_a_limit_elsewhere_proves_nothing(tmp_path: Path) -> None:
    assert "does not serve /b/" in silent(limiter(tmp_path, {"average": 5}, urls=["/b/*"]))
    assert said(limiter(tmp_path, {"average": 5}, urls=["/a/{id}"]))["status"] == "deployed"


def test_the_router_that_is_asked_first_counts(tmp_path: Path) -> None:
    http = {
        "routers": {
            "all": {"rule": "PathPrefix(`/`)", "middlewares": ["l"]},
            "some": {"rule": "PathPrefix(`/products`)"},
        },
        "middlewares": {"l": {"rateLimit": {"average": 5}}},
    }
    (tmp_path / "t.yaml").write_text(json.dumps({"http": http}))
    assert "does not serve /products/" in silent(heard("t.yaml", tmp_path, urls=["/products/*"]))
    http["routers"]["all"]["priority"] = 1000  # type: ignore[index]
    (tmp_path / "t.yaml").write_text(json.dumps({"http": http}))
    assert said(heard("t.yaml", tmp_path, urls=["/products/*"]))["status"] == "deployed"


@pytest.mark.parametrize(
    ("special", "is_soft"),
    [
        ({"rule": "PathPrefix(`/products/special`)"}, True),
        ({"rule": "Path(`/products/feed.xml`)"}, True),
        ({"rule": "Host(`other.example`) && PathPrefix(`/products/special`)"}, False),
        ({"rule": "PathPrefix(`/products/special`)", "middlewares": ["l"]}, False),
        ({"rule": "PathPrefix(`/products/special`)", "priority": 1}, False),
        ({"rule": "PathPrefix(`/people`)"}, False),
    ],
)
@pytest.mark.parametrize("place", [{"location": "all"}, {"resource": "l"}])
def test_a_part_of_a_surface_that_another_router_takes_first_is_for_a_person(
    tmp_path: Path, special: dict[str, Any], place: dict[str, str], *, is_soft: bool
) -> None:
    routers = {"all": {"rule": "PathPrefix(`/products`)", "middlewares": ["l"]}, "special": special}
    http = {"routers": routers, "middlewares": {"l": {"rateLimit": {"average": 5}}}}
    (tmp_path / "t.yaml").write_text(json.dumps({"http": http}))
    account = heard("t.yaml", tmp_path, urls=["https://shop.example/products/*"], **place)
    assert said(account)["status"] == "deployed"
    assert (soft(account) >= set(said(account))) is is_soft
    assert ("the router special takes a part of shop.example/products/ first" in note(account)) is is_soft


def test_what_an_entry_names_has_to_be_there() -> None:
    assert "no router fits /gone" in silent(heard("dynamic.yml", location="/gone"))
    assert "no middleware gone" in silent(heard("dynamic.yml", resource="gone"))
    assert "several rateLimit middlewares" in silent(heard("dynamic.yml"))
    assert "several routers fit" in silent(heard("dynamic.yml", server="shop.example"))
    assert "not challenge" in silent(heard("dynamic.yml", family="challenge"))


def test_notes_never_tell_the_numbers() -> None:
    for resource in ("per-address", "by-client", "per-host"):
        for reading in heard("dynamic.yml", resource=resource).readings:
            assert not any(number in reading.note for number in ("120", "30", "1000"))


# --- hostile ---

HOSTILE = {
    "empty": b"", "blank": b" \n", "binary": bytes(range(256)), "nul": b"a: \0", "utf-16": "a: b".encode("utf-16"),
    "not-utf-8": b"a: \xff", "prose": b"words", "a-list": b"- a", "deep": b"[" * 5000, "huge-line": b"a: " + b"x" * 900_000,
    "duplicate": b"http: {}\nhttp: {}", "anchors": b"http: &a {}\nx: *a", "tag": b"http: !!map {}",
    "template": b"http:\n  routers:\n{{ range $i := . }}\n    r: x\n{{ end }}",
    "nulls": b"http:\n  routers:\n  middlewares:",
    "lists": b"http: {routers: [1], middlewares: [2]}", "http-a-list": b"http: [1]", "other": b"services: {a: {image: x}}",
}  # fmt: skip


@pytest.mark.parametrize("name", ["x.yaml", "x.toml"])
@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_content_is_unreadable(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    silent(heard(name, tmp_path))
    assert traefik.discover(Opener(tmp_path), name) == ()


@pytest.mark.parametrize(
    "content", ["a = " + "[" * 20_000, "a.b" + ".c" * 20_000 + " = 1", "a = {{ x }}", "a = 1\na = 2", "#" * 300_000]
)
def test_hostile_toml_is_unreadable(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.toml").write_text(content)
    silent(heard("x.toml", tmp_path))


def test_links_and_missing_files_are_unreadable(tmp_path: Path) -> None:
    (tmp_path / "link.yaml").symlink_to(FIXTURES / "dynamic.yml")
    assert "symbolic link" in silent(heard("link.yaml", tmp_path))
    assert "does not exist" in silent(heard("gone.yaml", tmp_path))
    assert "does not exist" in silent(heard("gone.toml", tmp_path))
    assert "climbs" in silent(heard("dynamic.yml", options={"static": "../../x"}))


VOCABULARY = """routers middlewares rule average period burst rateLimit chain sourceCriterion requestHeaderName ipStrategy
    depth redis priority l r"""
KEYS = st.sampled_from(VOCABULARY.split())
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.sampled_from(["l", "1m", "PathPrefix(`/a`)", "", "Host(`a"]))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=6)),
    max_leaves=15,
)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(VALUES, VALUES)
def test_no_structure_makes_the_verifier_fail(tmp_path: Path, first: Any, second: Any) -> None:
    for http in ({"routers": {"r": first}, "middlewares": {"l": second}}, {"routers": first, "middlewares": second}, first):
        (tmp_path / "x.json").write_text(json.dumps({"http": http}), "utf-8")
        account = heard("x.json", tmp_path)
        assert bool(account.readings) != bool(account.unreadable)
        traefik.discover(Opener(tmp_path), "x.json")


def test_discover_offers_the_limits_that_are_used() -> None:
    found = traefik.discover(Opener(FIXTURES), "dynamic.yml")
    assert [item.item["id"] for item in found] == ["limit-per-address", "limit-per-host"]
    assert [item.item["status"] for item in found] == ["deployed", "deployed"]


# --- what a rule leaves open ---


def ruled(root: Path, *rules: str, **options: Any) -> Account:
    """The account of routers with these rules, of which the first has the limit."""
    limit = {"average": 60, "period": "1h", "redis": {"endpoints": ["r"]}} | options.pop("limit", {})
    routers = {f"r{n}": {"rule": rule, "middlewares": ["l"] if n == 0 else []} for n, rule in enumerate(rules)}
    for name, entries in options.pop("entries", {}).items():
        routers[name]["entryPoints"] = entries
    http = {"routers": routers, "middlewares": {"l": {"rateLimit": limit}}}
    (root / "t.yaml").write_text(options.pop("before", "") + json.dumps({"http": http}), "utf-8")
    return heard("t.yaml", root, **{"urls": ["https://shop.example/products/"]} | options)


P = "PathPrefix(`/products/`)"


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ([f"Host(`staging.internal`) && {P}"], "for the host staging.internal, not shop.example"),
        ([f"Host(`staging.internal`) && {P}", "Host(`shop.example`)"], "staging.internal"),
        ([f"{P} && Method(`POST`)", P], "more than hosts and paths"),
        ([f"{P} && Header(`X-Canary`, `1`)", P], "more than hosts and paths"),
        ([f"{P} && ClientIP(`10.0.0.0/8`)", P], "more than hosts and paths"),
        (["PathRegexp(`^/health`)"], "more than hosts and paths"),
        (["PathPrefix(`/health`)", f"{P} && !Host(`a`)"], "does not serve"),
        ([P, f"{P} && Method(`GET`)"], "does not serve"),
    ],
)
def test_a_limit_on_other_requests_proves_nothing(tmp_path: Path, rules: list[str], why: str) -> None:
    assert why in silent(ruled(tmp_path, *rules))


@pytest.mark.parametrize("rule", [f"Host(`shop.example`) && {P}", f"(Host(`a`) || Host(`shop.example`)) && {P}", P])
def test_rules_of_hosts_and_paths_are_read(tmp_path: Path, rule: str) -> None:
    assert said(ruled(tmp_path, rule))["status"] == "deployed"


def test_other_entry_points_templates_and_providers(tmp_path: Path) -> None:
    assert "other entry points" in silent(ruled(tmp_path, P, P, entries={"r0": ["internal"], "r1": ["websecure"]}))
    assert "template" in silent(ruled(tmp_path, P, before="# {{ if eq 1 2 }}\n"))
    assert "another provider" in silent(limiter(tmp_path, {"average": 1}, uses=["l@docker"], location="r"))
    assert "another provider" in silent(limiter(tmp_path, {"average": 1}, uses=["l@docker"]))


def test_excluded_addresses_that_are_all(tmp_path: Path) -> None:
    strategy = {"sourceCriterion": {"ipStrategy": {"excludedIPs": ["0.0.0.0/1", "128.0.0.0/1"]}}}
    assert "nearly every address" in silent(ruled(tmp_path, P, limit=strategy))


@pytest.mark.parametrize("strategy", [{"depth": 2}, {"excludedIPs": ["10.0.0.0/8"]}, {"depth": "1"}])
def test_an_address_out_of_a_header_only_supports(tmp_path: Path, strategy: dict[str, Any]) -> None:
    limit = {"sourceCriterion": {"ipStrategy": strategy}}
    account = ruled(tmp_path, P, limit=limit)
    assert (said(account)["status"], said(account)["params.unit"]) == ("deployed", "ip")
    assert soft(account) >= {"status", "params.unit"}
    assert "X-Forwarded-For" in note(account)
    assert "status" not in soft(ruled(tmp_path, P, limit={"sourceCriterion": {"ipStrategy": {"depth": 0}}}))


def test_a_header_that_the_entry_point_believes_of_anybody_only_observes(tmp_path: Path) -> None:
    (tmp_path / "static.yml").write_text("entryPoints: {web: {address: ':80', forwardedHeaders: {insecure: true}}}\n")
    limit = {"sourceCriterion": {"ipStrategy": {"depth": 1}}}
    account = ruled(tmp_path, P, limit=limit, options={"static": "static.yml"})
    assert said(account)["status"] == "observing"
    assert "params.unit" not in said(account)
    assert said(ruled(tmp_path, P, options={"static": "static.yml"}))["status"] == "deployed"


@pytest.mark.parametrize("other", ["auth@docker", "x@internal", "l@kubernetescrd", "y@consulcatalog"])
def test_a_middleware_of_another_provider_beside_the_limit_only_supports(tmp_path: Path, other: str) -> None:
    for uses in ([other, "l"], ["l", other]):
        account = limiter(tmp_path, {"average": 5, "redis": {"endpoints": ["r"]}}, uses)
        assert said(account)["status"] == "deployed"
        assert "status" in soft(account)
        assert other in note(account)
    assert "another provider" in silent(limiter(tmp_path, {"average": 5}, [other], location="r"))
    static = f"entryPoints: {{web: {{address: ':80', http: {{middlewares: ['{other}']}}}}}}\n"
    (tmp_path / "static.yml").write_text(static)
    named = {"options": {"static": "static.yml"}}
    assert "another provider" in silent(limiter(tmp_path, {"average": 5}, [], location="r", **named))
    assert "status" in soft(limiter(tmp_path, {"average": 5}, ["l"], **named))


def test_a_chain_to_another_provider_is_not_read(tmp_path: Path) -> None:
    http = {
        "routers": {"r": {"rule": P, "middlewares": ["c"]}},
        "middlewares": {"c": {"chain": {"middlewares": ["limits@docker"]}}},
    }
    (tmp_path / "t.yaml").write_text(json.dumps({"http": http}), "utf-8")
    assert "limits@docker, which another provider sets" in silent(heard("t.yaml", tmp_path, location="r"))


@pytest.mark.parametrize(
    ("written", "is_read"),
    [("shop-l@kubernetescrd", True), ("shop-l@docker", False), ("shop-l", False), ("l@file", False)],
)
def test_an_annotation_leads_to_resources_of_kubernetes_only(tmp_path: Path, written: str, *, is_read: bool) -> None:
    kind = {"apiVersion": "traefik.io/v1alpha1", "kind": "Middleware", "metadata": {"name": "l", "namespace": "shop"}}
    limit = kind | {"spec": {"rateLimit": {"average": 5}}}
    annotations = {"traefik.ingress.kubernetes.io/router.middlewares": written}
    meta = {"name": "web", "namespace": "shop", "annotations": annotations}
    ingress = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta, "spec": {}}
    (tmp_path / "k.yaml").write_text(f"{json.dumps(limit)}\n---\n{json.dumps(ingress)}\n", "utf-8")
    account = heard("k.yaml", tmp_path)
    assert said(account)["status"] == "deployed" if is_read else "another provider" in silent(account)


# --- priorities and entry points of resources, and addresses that are believed ---

RESOURCES = """
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: l, namespace: web}
spec: {rateLimit: {average: 30, period: 1m}}
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: tls, namespace: web}
spec: {redirectScheme: {scheme: https}}
---
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: {name: people, namespace: web}
spec:
  entryPoints: [websecure]
  routes:
  - {match: Host(`shop.example`) && PathPrefix(`/people`), middlewares: [{name: l}]}
"""
OTHER = """---
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: {name: other, namespace: web}
spec:
  entryPoints: [websecure]
  routes:
  - {match: Host(`shop.example`)MORE}
"""
INGRESS = """---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: other
  namespace: web
  annotations: {MORE}
spec: {rules: [{host: shop.example}]}
"""
ROUTER = "traefik.ingress.kubernetes.io/router."


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("", ""),
        (OTHER.replace("MORE", ""), ""),
        (OTHER.replace("MORE", ", priority: 1000"), "does not serve shop.example/people/"),
        (OTHER.replace("MORE", "").replace("websecure", "web"), "takes shop.example/people/ at other entry points"),
        (OTHER.replace("MORE", ", middlewares: [{name: tls}]").replace("websecure", "web"), ""),
        (OTHER.replace("MORE", ", priority: 1000, middlewares: [{name: tls}]").replace("websecure", "web"), ""),
        (OTHER.replace("MORE", ", priority: 1000, middlewares: [{name: tls}]"), "does not serve shop.example/people/"),
        (INGRESS.replace("MORE", f"{ROUTER}entrypoints: websecure"), ""),
        (INGRESS.replace("MORE", f"{ROUTER}entrypoints: 'web, websecure'"), "at other entry points"),
        (INGRESS.replace("MORE", f"{ROUTER}entrypoints: websecure, {ROUTER}priority: '99'"), "does not serve"),
    ],
)
def test_priorities_and_entry_points_of_resources_count(tmp_path: Path, more: str, why: str) -> None:
    (tmp_path / "t.yaml").write_text(RESOURCES + more)
    account = heard("t.yaml", tmp_path, urls=["https://shop.example/people/*"])
    if why:
        assert why in silent(account)
    else:
        assert said(account)["status"] == "deployed"


def test_a_path_that_is_whole_takes_nothing_below_it(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(RESOURCES.replace("PathPrefix(`/people`)", "Path(`/people/`)"))
    assert "does not serve" in silent(heard("t.yaml", tmp_path, urls=["https://shop.example/people/*"]))
    assert said(heard("t.yaml", tmp_path, urls=["https://shop.example/people/"]))["status"] == "deployed"


@pytest.mark.parametrize(
    ("trusted", "status"), [('["0.0.0.0/0", "::/0"]', "observing"), ('["10.0.0.0/8"]', "deployed"), ('["x"]', "deployed")]
)
def test_proxies_that_are_everybody_are_any_client(tmp_path: Path, trusted: str, status: str) -> None:
    static = f"entryPoints: {{web: {{address: ':80', forwardedHeaders: {{trustedIPs: {trusted}}}}}}}\n"
    (tmp_path / "static.yml").write_text(static)
    limit = {"average": 30, "sourceCriterion": {"ipStrategy": {"depth": 1}}}
    assert said(limiter(tmp_path, limit, options={"static": "static.yml"}))["status"] == status


# --- what other files or providers may hold ---

SHOP = {"urls": ["https://shop.example/products/"]}


def test_a_file_of_middlewares_alone_says_nothing_of_who_uses_them(tmp_path: Path) -> None:
    text = "http: {middlewares: {l: {rateLimit: {average: 5}}}}"
    (tmp_path / "t.yaml").write_text(text, "utf-8")
    assert "name the file with the router" in silent(heard("t.yaml", tmp_path, **SHOP))
    route = "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: shop}\nspec: {rules: []}\n"
    limit = "apiVersion: traefik.io/v1alpha1\nkind: Middleware\nmetadata: {name: l}\nspec: {rateLimit: {average: 5}}\n"
    (tmp_path / "t.yaml").write_text(limit + route, "utf-8")
    assert "HTTPRoutes are not read" in silent(heard("t.yaml", tmp_path, **SHOP))


def test_a_limit_that_the_router_of_the_address_does_not_use_is_none_there(tmp_path: Path) -> None:
    assert said(limiter(tmp_path, {"average": 5}, [], urls=["https://shop.example/a/"])) == {"status": "planned"}
    assert "nor serves the control's surfaces" in silent(limiter(tmp_path, {"average": 5}, [], **SHOP))


@pytest.mark.parametrize("middlewares", [{}, {"limits": {"plugin": {"limiter": {"rate": 5}}}}])
def test_a_middleware_of_another_file_or_a_plugin_may_be_the_limit(tmp_path: Path, middlewares: dict[str, Any]) -> None:
    http = {"routers": {"r": {"rule": P, "middlewares": ["limits"]}}, "middlewares": middlewares}
    (tmp_path / "t.yaml").write_text(json.dumps({"http": http}), "utf-8")
    assert "uses limits, which is not in this file or is a plugin" in silent(heard("t.yaml", tmp_path, location="r", **SHOP))


@pytest.mark.parametrize("matcher", ["Method(`POST`)", "ClientIP(`10.0.0.0/8`)", "Header(`X-Canary`, `1`)"])
def test_the_only_router_holds_for_no_more_requests_than_it_picks(tmp_path: Path, matcher: str) -> None:
    assert "more than hosts and paths" in silent(ruled(tmp_path, f"{P} && {matcher}"))


def test_a_prefix_takes_all_that_begins_so(tmp_path: Path) -> None:
    assert said(ruled(tmp_path, "PathPrefix(`/prod`)"))["status"] == "deployed"
    assert "first" in silent(ruled(tmp_path, "Host(`shop.example`)", "Host(`shop.example`) && PathPrefix(`/prod`)"))


def test_an_exact_path_of_an_ingress_is_no_prefix(tmp_path: Path) -> None:
    text = (
        "apiVersion: traefik.io/v1alpha1\nkind: Middleware\nmetadata: {name: l, namespace: s}\n"
        "spec: {rateLimit: {average: 5}}\n---\napiVersion: networking.k8s.io/v1\nkind: Ingress\n"
        "metadata: {name: i, namespace: s, annotations: {traefik.ingress.kubernetes.io/router.middlewares: "
        "s-l@kubernetescrd}}\nspec: {rules: [{http: {paths: [{path: /products, pathType: Exact}]}}]}\n"
    )
    (tmp_path / "t.yaml").write_text(text, "utf-8")
    assert said(heard("t.yaml", tmp_path, urls=["https://shop.example/products"]))["status"] == "deployed"
    assert "does not serve" in silent(heard("t.yaml", tmp_path, **SHOP))


# --- one router of several ---

LIMITED = {"middlewares": {"l": {"rateLimit": {"average": 10, "period": "1m", "burst": 10, "redis": {}}}}}


@pytest.mark.parametrize(
    ("plain", "is_passed"),
    [({}, True), ({"tls": {}}, False), ({"middlewares": ["https"]}, False), ({"rule": "Host(`other.example`)"}, False)],
)
def test_a_router_without_tls_takes_requests_past_the_limit_of_one_with(
    tmp_path: Path, plain: dict[str, Any], *, is_passed: bool
) -> None:
    secure = {"rule": "Host(`shop.example`)", "tls": {}, "middlewares": ["l"], "priority": 100}
    routers = {"secure": secure, "plain": {"rule": "Host(`shop.example`)"} | plain}
    middlewares = LIMITED["middlewares"] | {"https": {"redirectScheme": {"scheme": "https"}}}
    (tmp_path / "t.yaml").write_text(json.dumps({"http": {"routers": routers, "middlewares": middlewares}}), "utf-8")
    account = heard("t.yaml", tmp_path, urls=["https://shop.example/products/*"])
    if is_passed:
        assert "the router plain takes shop.example/products/ without TLS" in silent(account)
    else:
        assert said(account)["status"] == "deployed"


@pytest.mark.parametrize("options", [{"location": "child"}, {"resource": "l"}])
def test_a_router_below_another_is_not_read_as_one_without_a_limit(tmp_path: Path, options: dict[str, Any]) -> None:
    child = {"rule": "PathPrefix(`/products`)", "parentRefs": ["parent"], "service": "s"}
    routers = {"parent": {"rule": "Host(`shop.example`)", "middlewares": ["l"]}, "child": child}
    (tmp_path / "t.yaml").write_text(json.dumps({"http": {"routers": routers} | LIMITED}), "utf-8")
    assert "parentRefs" in silent(heard("t.yaml", tmp_path, urls=["https://shop.example/products/*"], **options))


def of_paths(name: str, *paths: str, **annotations: str) -> dict[str, Any]:
    rules = [{"host": "shop.example", "http": {"paths": [{"path": path, "pathType": "Prefix"} for path in paths]}}]
    notes = {f"traefik.ingress.kubernetes.io/router.{key}": value for key, value in annotations.items()}
    metadata = {"name": name, "namespace": "d", "annotations": notes}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": {"rules": rules}}


def test_each_path_of_an_ingress_is_a_router_of_its_own(tmp_path: Path) -> None:
    limit = {
        "apiVersion": "traefik.io/v1alpha1", "kind": "Middleware", "metadata": {"name": "l", "namespace": "d"},
        "spec": LIMITED["middlewares"]["l"],
    }  # fmt: skip
    shop = of_paths("shop", "/a/long/path", "/another/long/path", "/", middlewares="d-l@kubernetescrd")
    other = of_paths("other", "/products")
    (tmp_path / "t.yaml").write_text("\n---\n".join(map(json.dumps, (limit, shop, other))), "utf-8")
    for options in ({"resource": "l"}, {"location": "shop"}):
        products = heard("t.yaml", tmp_path, urls=["https://shop.example/products/*"], **options)
        assert "does not serve shop.example/products/ of the control's surfaces first" in silent(products)
        people = heard("t.yaml", tmp_path, urls=["https://shop.example/people/*"], **options)
        assert said(people)["status"] == "deployed"


def test_the_time_that_thousands_of_routers_take_grows_with_their_number_only(tmp_path: Path) -> None:
    middlewares = LIMITED["middlewares"] | {"https": {"redirectScheme": {"scheme": "https"}}}
    routers = {
        f"r{number}": {
            "rule": "Host(`shop.example`)",
            "middlewares": [("https", "l")[number % 2]],
            "entryPoints": [f"e{number}"],
        }
        for number in range(5000)
    }
    (tmp_path / "t.yaml").write_text(json.dumps({"http": {"routers": routers, "middlewares": middlewares}}), "utf-8")
    with ends():
        assert said(heard("t.yaml", tmp_path, urls=["https://shop.example/people/*"]))["status"] == "deployed"


@pytest.mark.parametrize(
    ("other", "is_read"),
    [
        ({"rule": "Host(`shop.example`)"}, False),
        ({"rule": "PathPrefix(`/`)", "priority": 20}, False),
        ({"rule": "PathPrefix(`/`)"}, True),
        ({"rule": "Host(`shop.example`)", "middlewares": ["l"]}, True),
        ({"rule": "Host(`cafe.example`)"}, True),
    ],
)
def test_of_routers_with_the_same_priority_none_is_known_to_be_first(
    tmp_path: Path, other: dict[str, Any], *, is_read: bool
) -> None:
    routers = {"shop": {"rule": "Host(`shop.example`)", "middlewares": ["l"]}, "other": other}
    (tmp_path / "t.yaml").write_text(json.dumps({"http": {"routers": routers} | LIMITED}), "utf-8")
    account = heard("t.yaml", tmp_path, urls=["https://shop.example/products/"])
    assert said(account)["status"] == "deployed" if is_read else "the same priority" in silent(account)


@pytest.mark.parametrize(
    ("rule", "entries", "is_soft"),
    [
        ("HostSNI(`shop.example`)", None, True),
        ("HostSNI(`*`)", ["websecure"], True),
        ("ClientIP(`10.0.0.0/8`)", ["websecure"], True),
        ("HostSNI(`*`)", ["postgres"], False),
        ("HostSNI(`other.example`)", None, False),
    ],
)
def test_a_router_of_connections_goes_before_those_of_requests(
    tmp_path: Path, rule: str, entries: list[str] | None, *, is_soft: bool
) -> None:
    routers = {"shop": {"rule": "Host(`shop.example`)", "middlewares": ["l"], "entryPoints": ["websecure"]}}
    tcp = {"routers": {"raw": {"rule": rule, "entryPoints": entries, "tls": {"passthrough": True}}}}
    (tmp_path / "t.yaml").write_text(json.dumps({"http": {"routers": routers} | LIMITED, "tcp": tcp}), "utf-8")
    account = heard("t.yaml", tmp_path, urls=["https://shop.example/products/"])
    assert said(account)["status"] == "deployed"
    assert soft(account) == (set(said(account)) if is_soft else set())
