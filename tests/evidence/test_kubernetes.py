"""What Ingress annotations and Envoy Gateway policies say about a declared limit, block or login."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policycheck.evidence import kubernetes
from policycheck.opener import Opener
from tests.evidence.account_support import note, said, silent, soft

if TYPE_CHECKING:
    from policycheck.model import Account

FIXTURES = Path(__file__).parent / "fixtures" / "kubernetes"
N = "nginx.ingress.kubernetes.io/"


def heard(file: str, root: Path = FIXTURES, subject: dict[str, Any] | None = None, **options: object) -> Account:
    limit = {"family": "rate_limit", "params": {"window": "minute"}}
    return kubernetes.account(Opener(root), file, {"kind": "kubernetes", "path": file, **options}, subject or limit)


def line(account: Account, path: str = "status") -> int:
    return next(reading.line for reading in account.readings if ".".join(reading.path) == path)


def ingress(root: Path, annotations: str, more: str = "", spec: str = "", **options: object) -> Account:
    """The account of an Ingress with these annotations."""
    text = (
        f"apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: i\n  annotations:\n{annotations}\n"
        f"spec:\n{spec}  rules:\n  - http: {{paths: [{{path: /a, pathType: Prefix}}]}}\n{more}"
    )
    (root / "i.yaml").write_text(text, "utf-8")
    return heard("i.yaml", root, **options)


def policy(root: Path, rules: str, targets: str = "[{kind: HTTPRoute, name: r}]", scope: str = "global") -> Account:
    """The account of a policy with these rules on a route that is in the same stream."""
    text = (
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r}\nspec: {rules: []}\n---\n"
        "apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: BackendTrafficPolicy\nmetadata: {name: p}\n"
        f"spec:\n  targetRefs: {targets}\n  rateLimit: {{{scope}: {{rules: {rules}}}}}\n"
    )
    (root / "p.yaml").write_text(text, "utf-8")
    return heard("p.yaml", root)


EVERY = "{sourceCIDR: {type: Distinct, value: 0.0.0.0/0}}"


def test_the_limit_of_an_ingress_is_read_where_it_is_annotated() -> None:
    account = heard("shop.yaml", resource="shop/shop-public", urls=["https://shop.example/products/*"])
    assert said(account) == {
        "status": "deployed",
        "params.unit": "ip",
        "params.limit": 60,
        "params.window": "minute",
        "params.burst": 120,
        "params.exempt": ["192.0.2.0/24", "198.51.100.7"],
    }
    assert (line(account), line(account, "params.limit"), line(account, "params.burst")) == (16, 16, 17)
    assert soft(account) == {"params.limit", "params.burst"}
    assert "retired in March 2026" in note(account)
    assert [seen.path for seen in account.artefacts] == ["shop.yaml"]


@pytest.mark.parametrize(
    ("window", "limit"), [("second", 1), ("minute", 60), ("hour", 3600), ("day", 86400), ("fortnight", 60), (None, 60)]
)
def test_rates_are_told_in_the_declared_window(window: str | None, limit: int) -> None:
    subject = {"family": "rate_limit", "params": {"window": window}}
    assert said(heard("shop.yaml", subject=subject, resource="shop-public"))["params.limit"] == limit


@pytest.mark.parametrize("resource", ["shop-public", "ingress/shop-public", "Ingress/shop-public", "shop/shop-public"])
def test_an_entry_picks_by_name_kind_and_namespace(resource: str) -> None:
    assert said(heard("shop.yaml", resource=resource))["status"] == "deployed"


def test_an_entry_picks_by_host_and_path() -> None:
    assert said(heard("shop.yaml", server="shop.example", location="/products"))["status"] == "deployed"
    assert said(heard("shop.yaml", location="/admin"))["status"] == "planned"
    assert "several resources fit" in silent(heard("shop.yaml", server="shop.example"))
    assert "no resource fits /other" in silent(heard("shop.yaml", location="/other"))


def test_notes_never_tell_the_numbers() -> None:
    for reading in heard("shop.yaml", resource="shop-public").readings:
        assert not any(number in reading.note for number in ("60", "120", "10"))


def test_both_rates_apply_and_the_stricter_counts(tmp_path: Path) -> None:
    account = ingress(tmp_path, f'    {N}limit-rps: "5"\n    {N}limit-rpm: "90"')
    assert said(account)["params.limit"] == 90
    assert "limit-rps and limit-rpm" in note(account)


def test_declared_exemptions_may_stand_in_any_order() -> None:
    subject = {"family": "rate_limit", "params": {"exempt": ["198.51.100.7", "192.0.2.0/24"]}}
    assert said(heard("shop.yaml", subject=subject, resource="shop-public"))["params.exempt"] == subject["params"]["exempt"]


def test_a_fixed_limit_only_supports_an_anomaly_throttle() -> None:
    account = heard("shop.yaml", subject={"family": "anomaly_throttle"}, resource="shop-public")
    assert all(reading.soft for reading in account.readings)


# --- ways to be wrong ---


@pytest.mark.parametrize(
    ("annotations", "why"),
    [
        ("    other: x", "no limit-rps or limit-rpm"),
        (f'    {N}limit-rps: "0"', "no limit-rps or limit-rpm"),
        (f'    {N}limit-rpm: "-5"', "no limit-rps or limit-rpm"),
        (f'    {N}limit-connections: "5"', "limit-connections is no rate"),
        (f'    {N}limit-rps: "5"\n    {N}limit-whitelist: 0.0.0.0/0', "exempts every address"),
        (f'    {N}limit-rps: "5"\n    {N}limit-whitelist: "10.0.0.0/8, ::/0"', "exempts every address"),
        (f'    {N}limit-rps: "5"\n    {N}limit-whitelist: "0.0.0.0/1,128.0.0.0/1"', "exempts every address"),
        (f'    {N}limit-rps: "5"\n    {N}canary: "true"', "is a canary"),
    ],
)
def test_what_limits_nothing_is_planned(tmp_path: Path, annotations: str, why: str) -> None:
    account = ingress(tmp_path, annotations)
    assert said(account) == {"status": "planned"}
    assert why in note(account)


@pytest.mark.parametrize(
    ("annotations", "why"),
    [
        (f'    {N}limit-rps: "ten"', "no whole number"),
        (f'    {N}limit-rps: "5.5"', "no whole number"),
        (f"    {N}limit-rps: 5", "is no text"),
        (f'    {N}limit-rps: "5"\n    {N}limit-whitelist: office', "no range of addresses"),
        (f'    {N}limit-rps: "{{{{ .Values.rps }}}}"', "render it first"),
        (f'    {N}limit-rps: "${{RPS}}"', "render it first"),
        (f"    {N}limit-rps: {{{{ .Values.rps }}}}", "is a template"),
        (f"    {N}configuration-snippet: limit_req zone=z;", "snippet, which is not read"),
        (f'    {N}global-rate-limit: "5"', "are not read"),
        ('    a: &x "1"', "anchors"),
    ],
)
def test_what_is_not_settled_is_unreadable(tmp_path: Path, annotations: str, why: str) -> None:
    assert why in silent(ingress(tmp_path, annotations))


def test_annotations_of_another_controllers_class_say_nothing(tmp_path: Path) -> None:
    assert "not ingress-nginx's" in silent(ingress(tmp_path, f'    {N}limit-rps: "5"', spec="  ingressClassName: traefik\n"))
    shown = "---\napiVersion: networking.k8s.io/v1\nkind: IngressClass\n"
    shown += "metadata: {name: edge}\nspec: {controller: haproxy.org/c}\n"
    account = ingress(tmp_path, f'    {N}limit-rps: "5"', shown, "  ingressClassName: edge\n", resource="Ingress/i")
    assert said(account) == {"status": "planned"}


@pytest.mark.parametrize("ranges", ["", "  proxy-real-ip-cidr: 0.0.0.0/0\n"])
def test_an_address_that_any_client_may_claim_only_observes(tmp_path: Path, ranges: str) -> None:
    config = f'---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata:\n  use-forwarded-headers: "true"\n{ranges}'
    account = ingress(tmp_path, f'    {N}limit-rps: "5"', config)
    assert said(account)["status"] == "observing"
    assert "params.unit" not in said(account)
    sound = config.replace("0.0.0.0/0", "10.0.0.0/8") if ranges else f"{config}  proxy-real-ip-cidr: 10.0.0.0/8\n"
    assert said(ingress(tmp_path, f'    {N}limit-rps: "5"', sound))["status"] == "deployed"


def test_a_limit_elsewhere_proves_nothing(tmp_path: Path) -> None:
    assert "does not serve /b/" in silent(ingress(tmp_path, f'    {N}limit-rps: "5"', urls=["/b/*"]))
    assert said(ingress(tmp_path, f'    {N}limit-rps: "5"', urls=["/a/*"]))["status"] == "deployed"
    assert "does not serve" in silent(ingress(tmp_path, f'    {N}limit-rps: "5"', urls=["/ab"]))
    longer = "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: j}\n"
    longer += "spec: {rules: [{http: {paths: [{path: /a/b}]}}]}\n"
    account = ingress(tmp_path, f'    {N}limit-rps: "5"', longer, resource="i", urls=["/a/b/{id}"])
    assert "does not serve /a/b/" in silent(account)


def test_a_list_of_resources_is_read_as_its_items(tmp_path: Path) -> None:
    text = (
        '{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",'
        f'"metadata": {{"name": "i", "annotations": {{"{N}limit-rps": "5"}}}}, "spec": {{}}}}]}}'
    )
    (tmp_path / "list.json").write_text(text)
    assert said(heard("list.json", tmp_path))["params.limit"] == 300


# --- blocks and logins ---


def test_a_login_and_a_block_of_an_ingress() -> None:
    access = heard("shop.yaml", subject={"family": "access_control"}, resource="shop-admin")
    assert said(access) == {"status": "deployed", "params.access_method": "sign_in"}
    block = heard("shop.yaml", subject={"family": "ip_block"}, resource="shop-admin")
    assert said(block) == {"status": "deployed"}
    assert said(heard("shop.yaml", subject={"family": "ip_block"}, resource="shop-public")) == {"status": "planned"}
    surface = heard("shop.yaml", subject={"id": "admin", "url": "/admin"}, resource="shop-admin")
    assert said(surface) == {"auth": "required"}


def test_that_nothing_is_asked_cannot_be_told_from_an_ingress() -> None:
    for subject in ({"id": "s", "url": "/products"}, {"family": "access_control"}):
        assert "is not known here" in silent(heard("shop.yaml", subject=subject, resource="shop-public"))


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        (f"    {N}auth-url: http://auth.example/check", {"auth": "required"}),
        (f"    {N}auth-tls-secret: ns/ca", {"auth": "required"}),
        (f'    {N}auth-tls-secret: ns/ca\n    {N}auth-tls-verify-client: "off"', None),
        (f"    {N}auth-type: basic", None),
        (f'    {N}auth-url: ""', None),
    ],
)
def test_a_login_of_a_surface(tmp_path: Path, annotations: str, expected: dict[str, str] | None) -> None:
    account = ingress(tmp_path, annotations, subject={"id": "s", "url": "/a"})
    assert said(account) == expected if expected else silent(account)
    assert soft(account) == ({"auth"} if "auth-url" in annotations and expected else set())


def test_other_families_are_not_spoken_of() -> None:
    assert "not challenge" in silent(heard("shop.yaml", subject={"family": "challenge"}))


# --- Envoy Gateway ---


def test_a_policy_counts_by_its_soundest_rule() -> None:
    account = heard("gateway.yaml", resource="people-per-address", urls=["/people/*"])
    assert said(account) == {"status": "deployed", "params.limit": 600, "params.window": "minute", "params.unit": "ip"}
    assert soft(account) == set()
    assert line(account, "params.limit") == 33
    assert "does not serve /other" in silent(heard("gateway.yaml", resource="people-per-address", urls=["/other"]))


def test_a_local_limit_is_one_of_each_proxy() -> None:
    account = heard("gateway.yaml", resource="people-each-proxy")
    assert said(account) == {"status": "deployed", "params.limit": 3000, "params.window": "minute"}
    assert soft(account) == {"params.limit"}
    assert "each instance counts for itself" in note(account, "params.limit")


def test_shadow_mode_only_observes() -> None:
    assert said(heard("gateway.yaml", resource="people-tried-out"))["status"] == "observing"


def test_several_policies_need_a_name() -> None:
    assert "people-each-proxy" in silent(heard("gateway.yaml"))


@pytest.mark.parametrize(
    ("rules", "targets", "status", "why"),
    [
        ("[{limit: {requests: 5, unit: Hour}}]", "[]", "planned", "targets nothing"),
        ("[]", "[{kind: HTTPRoute, name: r}]", "planned", "has no rate limit"),
        (
            f"[{{clientSelectors: [{EVERY}], limit: {{requests: 5, unit: Day}}}}]",
            "[{kind: HTTPRoute, name: r}]",
            "deployed",
            "",
        ),
        (
            "[{clientSelectors: [{headers: [{name: user-agent, type: Distinct}]}], limit: {requests: 5, unit: Hour}}]",
            "[{kind: HTTPRoute, name: r}]",
            "observing",
            "clients can vary",
        ),
    ],
)
def test_what_a_policy_enforces(tmp_path: Path, rules: str, targets: str, status: str, why: str) -> None:
    account = policy(tmp_path, rules, targets)
    assert said(account)["status"] == status
    assert why in note(account)


def test_a_policy_on_something_that_is_not_in_the_file_has_to_be_looked_at(tmp_path: Path) -> None:
    account = policy(tmp_path, "[{limit: {requests: 5, unit: Hour}}]", "[{kind: HTTPRoute, name: elsewhere}]")
    assert soft(account) == {"status", "params.limit", "params.window"}


def test_a_header_of_a_checked_token_is_not_one_that_clients_choose(tmp_path: Path) -> None:
    rules = "[{clientSelectors: [{headers: [{name: x-id, type: Distinct}]}], limit: {requests: 5, unit: Hour}}]"
    policy(tmp_path, rules)
    with (tmp_path / "p.yaml").open("a") as file:
        file.write(
            "---\napiVersion: gateway.envoyproxy.io/v1alpha1\nkind: SecurityPolicy\nmetadata: {name: s}\n"
            "spec: {jwt: {providers: [{name: a, claimToHeaders: [{claim: sub, header: x-id}]}]}}\n"
        )
    assert "status" not in said(heard("p.yaml", tmp_path))


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ("[{limit: {requests: many, unit: Hour}}]", "no number of requests"),
        ("[{limit: {requests: 0, unit: Hour}}]", "no number of requests"),
        ("[{limit: {requests: 5, unit: Fortnight}}]", "no number of requests"),
        ("[{limit: null}]", "no number of requests"),
        ("[{cost: {request: {from: Number, number: 2}}, limit: {requests: 5, unit: Hour}}]", "a cost"),
        (
            "[{clientSelectors: [{methods: [{value: POST}]}], limit: {requests: 5, unit: Hour}}]",
            "only requests that they select",
        ),
        (
            "[{clientSelectors: [{headers: [{name: a, value: b}]}], limit: {requests: 5, unit: Hour}}]",
            "only requests that they",
        ),
        (
            "[{clientSelectors: [{sourceCIDR: {value: 10.0.0.0/8}}], limit: {requests: 5, unit: Hour}}]",
            "only requests that they",
        ),
    ],
)
def test_rules_that_settle_nothing(tmp_path: Path, rules: str, why: str) -> None:
    assert why in silent(policy(tmp_path, rules))


# --- hostile ---

HOSTILE = {
    "empty": b"", "blank": b" \n\t", "binary": bytes(range(256)), "nul": b"a: \0", "utf-16": "a: b".encode("utf-16"),
    "not-utf-8": b"a: \xff\xfe", "prose": b"just words", "a-list": b"- a\n- b", "deep": b"[" * 5000,
    "huge-line": b"a: " + b"x" * 900_000,
    "duplicate": b"kind: Ingress\nkind: Ingress", "bomb": b"a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]",
    "merge": b"a: {<<: {b: c}}",
    "tag": b"a: !!python/object:os.system x", "helm": b"{{- if .Values.on }}\nkind: Ingress\n{{- end }}",
    "nulls": b"apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\nspec:",
    "lists-for-maps": b"apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: []\nspec: [1]",
    "kind-a-map": b"apiVersion: [x]\nkind: {a: b}", "items-a-map": b"apiVersion: v1\nkind: List\nitems: {a: b}",
}  # fmt: skip


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_content_is_unreadable_or_shows_no_limit(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.yaml").write_bytes(content)
    account = heard("x.yaml", tmp_path)
    assert account.unreadable or said(account) == {"status": "planned"}
    assert kubernetes.discover(Opener(tmp_path), "x.yaml") == ()


def test_links_missing_files_and_what_is_outside_are_unreadable(tmp_path: Path) -> None:
    (tmp_path / "link.yaml").symlink_to(FIXTURES / "shop.yaml")
    assert "symbolic link" in silent(heard("link.yaml", tmp_path))
    assert "does not exist" in silent(heard("gone.yaml", tmp_path))
    assert "climbs" in silent(heard("../shop.yaml", tmp_path))


WORDS = st.sampled_from(
    [
        "Ingress",
        "BackendTrafficPolicy",
        "networking.k8s.io/v1",
        "gateway.envoyproxy.io/v1alpha1",
        "5",
        "Hour",
        "0.0.0.0/0",
        "",
        "i",
    ]
)
KEYS = st.sampled_from(
    f"""apiVersion kind metadata annotations spec rateLimit global rules limit requests unit name data clientSelectors
    sourceCIDR targetRefs {N}limit-rps {N}limit-whitelist""".split()
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=6)),
    max_leaves=20,
)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(VALUES, st.sampled_from(["rate_limit", "ip_block", "access_control", None]))
def test_no_structure_makes_the_verifier_fail(tmp_path: Path, value: Any, family: str | None) -> None:
    import json

    whole = value if isinstance(value, dict) else {"spec": value}
    whole = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", **whole}
    (tmp_path / "x.json").write_text(json.dumps(whole), "utf-8")
    account = heard("x.json", tmp_path, {"family": family} if family else {"id": "s", "url": "/"})
    assert bool(account.readings) != bool(account.unreadable)
    kubernetes.discover(Opener(tmp_path), "x.json")


@pytest.mark.parametrize("limited", [True, False])
def test_a_template_that_limits_is_said_to_be_there(tmp_path: Path, *, limited: bool) -> None:
    name = "nginx.ingress.kubernetes.io/limit-rps" if limited else "example.org/team"
    text = f"kind: Ingress\nmetadata:\n  annotations:\n    {name}: {{{{ .Values.rate }}}}\n"
    (tmp_path / "ingress.yaml").write_text(text)
    found = kubernetes.discover(Opener(tmp_path), "ingress.yaml")
    why = "ingress.yaml is a template; render it first and name the result"
    assert [(left.section, left.line, left.note) for left in found] == ([("", 4, why)] if limited else [])


def test_discover_offers_what_is_limited() -> None:
    found = kubernetes.discover(Opener(FIXTURES), "shop.yaml")
    assert [item.item["id"] for item in found] == ["limit-shop-public"]
    assert found[0].item["evidence"] == [{"kind": "kubernetes", "path": "shop.yaml", "resource": "shop/shop-public"}]
    assert found[0].item["params"]["limit"] == 60
    assert "owner" in dict(found[0].questions)
    assert len(kubernetes.discover(Opener(FIXTURES), "gateway.yaml")) == 3


def test_a_burst_is_five_times_the_rate_where_nothing_is_written(tmp_path: Path) -> None:
    account = ingress(tmp_path, f'    {N}limit-rpm: "61"', subject={"family": "rate_limit", "params": {"window": "second"}})
    assert (said(account)["params.burst"], said(account)["params.limit"]) == (305, 2)
    assert "towards the looser side" in note(account, "params.limit")


# --- what an address, a class or a choice leaves open ---


URL = ["https://shop.example/a"]
BASIC = f"    {N}auth-type: basic\n    {N}auth-secret: s"


@pytest.mark.parametrize("host", ["staging.internal", "$(HOST)", "__HOST__"])
def test_an_ingress_of_another_host_proves_nothing(tmp_path: Path, host: str) -> None:
    notes = f'    {N}limit-rpm: "60"'
    ingress(tmp_path, notes)
    (tmp_path / "i.yaml").write_text((tmp_path / "i.yaml").read_text("utf-8").replace("- http", f"- host: {host}\n    http"))
    assert f"is for the host {host}, not shop.example" in silent(heard("i.yaml", tmp_path, urls=URL))
    assert said(heard("i.yaml", tmp_path, urls=["/a"]))["status"] == "deployed"


def test_logins_and_blocks_on_other_paths_prove_nothing(tmp_path: Path) -> None:
    other = ["https://shop.example/products/"]
    assert "does not serve" in silent(ingress(tmp_path, BASIC, subject={"family": "access_control"}, urls=other))
    assert "does not serve" in silent(ingress(tmp_path, BASIC, subject={"id": "s", "url": other[0]}))
    denied = f"    {N}denylist-source-range: 198.51.100.0/24"
    assert "does not serve" in silent(ingress(tmp_path, denied, subject={"family": "ip_block"}, urls=other))


def test_one_check_of_several_classes_and_wide_lists(tmp_path: Path) -> None:
    access = {"family": "access_control"}
    assert "satisfy is any" in silent(ingress(tmp_path, f"{BASIC}\n    {N}satisfy: any", subject=access))
    limit = f'    {N}limit-rpm: "60"'
    assert "ingress class cilium" in silent(ingress(tmp_path, limit, spec="  ingressClassName: cilium\n"))
    wide = f"    {N}limit-whitelist: 0.0.0.0/1,128.0.0.0/2,192.0.0.0/3"
    assert "nearly nobody" in silent(ingress(tmp_path, f"{limit}\n{wide}"))
    silent(ingress(tmp_path, f"    {N}whitelist-source-range: 0.0.0.0/1,128.0.0.0/2", subject=access))


@pytest.mark.parametrize(
    ("spec", "section", "why"),
    [
        ("{hostnames: [staging.internal], rules: [{matches: [{path: {value: /a}}]}]}", "", "for the host staging.internal"),
        ("{rules: [{matches: [{path: {value: /a}, method: POST}]}]}", "", "by method, header"),
        ("{rules: [{matches: [{path: {value: /a}, headers: [{name: x, value: y}]}]}]}", "", "by method, header"),
        ("{rules: [{matches: [{path: {value: /a}}]}]}", ", sectionName: o", "the section o only"),
        ("{hostnames: [shop.example], rules: [{matches: [{path: {value: /a}}]}]}", "", ""),
    ],
)
def test_what_a_policy_targets(tmp_path: Path, spec: str, section: str, why: str) -> None:
    rules = "[{clientSelectors: [{sourceCIDR: {value: 0.0.0.0/0, type: Distinct}}], limit: {requests: 60, unit: Hour}}]"
    policy(tmp_path, rules, targets=f"[{{kind: HTTPRoute, name: r{section}}}]")
    text = (tmp_path / "p.yaml").read_text("utf-8").replace("{rules: []}", spec, 1)
    (tmp_path / "p.yaml").write_text(text, "utf-8")
    account = heard("p.yaml", tmp_path, urls=URL)
    assert why in silent(account) if why else said(account)["status"] == "deployed"


# --- what exactly is taken, and by whose policy ---

EXACT = f"""
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: people, annotations: {{{N}limit-rpm: "30"}}}}
spec:
  rules:
  - host: shop.example
    http: {{paths: [{{path: /people, pathType: Exact}}]}}
"""
ROUTED = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: people}
spec:
  hostnames: [shop.example]
  rules: [{matches: [{path: {type: PathPrefix, value: /people}}]}]
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: BackendTrafficPolicy
metadata: {name: limits}
spec:
  targetRefs: [{kind: HTTPRoute, name: people}]
  rateLimit: {global: {rules: [{clientSelectors: [EVERY], limit: {requests: 30, unit: Minute}}]}}
""".replace("EVERY", EVERY)


@pytest.mark.parametrize("text", [EXACT, ROUTED.replace("PathPrefix", "Exact")])
@pytest.mark.parametrize(
    ("url", "is_served"),
    [("/people", True), ("/people?page=2", True), ("/people/*", False), ("/people*", False), ("/people/{id}", False)],
)
def test_an_exact_path_takes_nothing_below_it(tmp_path: Path, text: str, url: str, *, is_served: bool) -> None:
    (tmp_path / "k.yaml").write_text(text, "utf-8")
    account = heard("k.yaml", tmp_path, urls=[f"https://shop.example{url}"])
    if is_served:
        assert said(account)["status"] == "deployed"
    else:
        assert "does not serve shop.example/people" in silent(account)


OWN = """---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: BackendTrafficPolicy
metadata: {name: people-own}
spec:
  targetRefs: [{kind: HTTPRoute, name: people}]
  timeout: {http: {requestTimeout: 10s}}
"""


@pytest.mark.parametrize(
    ("own", "url", "is_replaced"),
    [
        (OWN, "/people/*", True),
        (OWN, "/reviews/*", False),
        (OWN.replace("name: people}]", "name: other}]"), "/people/*", False),
        (OWN.replace("  timeout", "  mergeType: StrategicMerge\n  timeout"), "/people/*", False),
        ("", "/people/*", False),
    ],
)
def test_the_policy_of_a_route_replaces_its_gateways(tmp_path: Path, own: str, url: str, *, is_replaced: bool) -> None:
    text = ROUTED.replace("[{kind: HTTPRoute, name: people}]", "[{kind: Gateway, name: eg}]", 1) + own
    (tmp_path / "k.yaml").write_text(text, "utf-8")
    account = heard("k.yaml", tmp_path, resource="limits", urls=[f"https://shop.example{url}"])
    if is_replaced:
        assert "BackendTrafficPolicy people-own replaces BackendTrafficPolicy limits for the route people" in silent(account)
    else:
        assert said(account)["status"] == "deployed"


@pytest.mark.parametrize("name", ["limit-allowlist", "limit-whitelist"])
def test_whom_a_limit_spares_is_read_by_both_names(tmp_path: Path, name: str) -> None:
    account = ingress(tmp_path, f'    {N}limit-rps: "5"\n    {N}{name}: 0.0.0.0/0')
    assert said(account) == {"status": "planned"}
    assert f"{name} of Ingress i exempts every address" in note(account)
    some = ingress(tmp_path, f'    {N}limit-rps: "5"\n    {N}{name}: 192.0.2.0/24')
    assert said(some)["params.exempt"] == ["192.0.2.0/24"]


@pytest.mark.parametrize(
    "annotation",
    [
        "nginx.org/limit-req-rate: 10r/s", 'haproxy.org/rate-limit-requests: "10"', "konghq.com/plugins: limit",
        "traefik.ingress.kubernetes.io/router.middlewares: shop-limit@kubernetescrd",
    ],
)  # fmt: skip
def test_a_limit_by_annotations_of_another_controller_is_not_denied(tmp_path: Path, annotation: str) -> None:
    account = ingress(tmp_path, f"    {annotation}")
    assert f"but {annotation.partition(':')[0]}, by which another controller may limit" in silent(account)
    assert account.unreadable_at == ("i.yaml", 6)


def test_a_snippet_that_changes_the_limit_leaves_it_open(tmp_path: Path) -> None:
    snippet = f'    {N}limit-rps: "5"\n    {N}configuration-snippet: '
    assert "says limit_req_dry_run too" in silent(ingress(tmp_path, snippet + "limit_req_dry_run on;"))
    assert said(ingress(tmp_path, snippet + "more_set_headers x;"))["status"] == "deployed"


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ('{enable-real-ip: "true"}', "observing"),
        ('{enable-real-ip: "true", proxy-real-ip-cidr: 192.0.2.0/24}', "deployed"),
        ('{use-forwarded-headers: "true", use-proxy-protocol: "true"}', "deployed"),
    ],
)
def test_whose_address_is_counted_is_as_the_controller_is_set(tmp_path: Path, settings: str, status: str) -> None:
    more = f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: controller}}\ndata: {settings}\n"
    assert said(ingress(tmp_path, f'    {N}limit-rps: "5"', more))["status"] == status


@pytest.mark.parametrize(
    "selector",
    [
        "{sourceCIDR: {value: 0.0.0.0/0, invert: true}}", "{sourceCIDR: {type: Distinct, value: 0.0.0.0/0, invert: true}}",
        "{queryParams: [{name: user, type: Exact, value: alice}]}", "{queryParams: [{name: user, value: alice}]}",
    ],
)  # fmt: skip
def test_a_rule_for_some_queries_or_for_no_address_is_no_limit_for_all(tmp_path: Path, selector: str) -> None:
    rules = f"[{{clientSelectors: [{selector}], limit: {{requests: 3, unit: Hour}}}}]"
    assert "count only requests that they select" in silent(policy(tmp_path, rules))


def test_a_rule_that_counts_by_a_query_parameter_can_be_bypassed(tmp_path: Path) -> None:
    rules = "[{clientSelectors: [{queryParams: [{name: user, type: Distinct}]}], limit: {requests: 3, unit: Hour}}]"
    assert said(policy(tmp_path, rules))["status"] == "observing"


def test_a_local_rule_in_shadow_mode_is_not_taken_for_one_that_refuses(tmp_path: Path) -> None:
    rules = "[{limit: {requests: 3, unit: Hour}, shadowMode: true}]"
    assert "shadowMode, which some versions" in silent(policy(tmp_path, rules, scope="local"))
    assert said(policy(tmp_path, rules))["status"] == "observing"


def test_an_ingress_without_a_rule_serves_no_address_that_is_known(tmp_path: Path) -> None:
    head = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: i\n  annotations:\n"
    patch = f'{head}    {N}limit-rps: "5"\n'
    (tmp_path / "i.yaml").write_text(patch, "utf-8")
    assert "has no rule here (a patch?)" in silent(heard("i.yaml", tmp_path, urls=["https://shop.example/products/*"]))
    (tmp_path / "i.yaml").write_text(patch + "spec: {defaultBackend: {service: {name: shop}}}\n", "utf-8")
    assert said(heard("i.yaml", tmp_path, urls=["https://shop.example/products/*"]))["status"] == "deployed"


@pytest.mark.parametrize(
    ("annotations", "why"),
    [("{}", "serves the same address"), (f'{{{N}limit-rps: "5"}}', ""), (f'{{{N}canary: "true"}}', "")],
)
def test_of_two_ingresses_of_one_address_the_older_counts(tmp_path: Path, annotations: str, why: str) -> None:
    twin = (
        f"---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: j, annotations: {annotations}}}\n"
        "spec: {rules: [{http: {paths: [{path: /a, pathType: Prefix}, {path: /b, pathType: Prefix}]}}]}\n"
    )
    account = ingress(tmp_path, f'    {N}limit-rps: "5"', twin, resource="i", urls=["https://shop.example/a/*", "/b/*"])
    assert why in silent(account) if why else said(account)["status"] == "deployed"
    canary = ingress(tmp_path, f'    {N}canary: "true"', twin, resource="i", urls=["https://shop.example/a/*"])
    assert said(canary)["status"] == "planned"


# --- a part of a surface ---


def limited(root: Path, own: str, other: str, notes: str = "", kind: str = "Prefix", **options: Any) -> Account:
    """The account of an Ingress with a limit and a login on one path, beside another Ingress."""
    sound = {f"{N}limit-rpm": "10", f"{N}auth-type": "basic", f"{N}auth-secret": "s"}
    bare = {N + notes: "true"} if notes else {}
    shop = ("shop", sound, "shop.example", {"path": own, "pathType": "Prefix"})
    beside = ("other", bare, options.pop("host", "shop.example"), {"path": other, "pathType": kind})
    data = [
        {
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name, "annotations": annotations},
            "spec": {"rules": [{"host": host, "http": {"paths": [path]}}]},
        }
        for name, annotations, host, path in (shop, beside)
    ]  # fmt: skip
    (root / "i.yaml").write_text("\n---\n".join(map(json.dumps, data)), "utf-8")
    return heard("i.yaml", root, **{"resource": "shop", "urls": ["https://shop.example/products/*"]} | options)


@pytest.mark.parametrize(
    ("other", "options", "is_passed"),
    [
        ("/products/export", {}, True),
        ("/products/[0-9]+", {"kind": "ImplementationSpecific", "notes": "use-regex"}, True),
        ("/products/export", {"host": "other.example"}, False),
        ("/products/export", {"notes": "canary"}, False),
        ("/people", {}, False),
    ],
)
def test_an_ingress_for_a_part_of_a_surface_leaves_it_to_a_person(
    tmp_path: Path, other: str, options: dict[str, Any], *, is_passed: bool
) -> None:
    surface = {"id": "s", "url": "https://shop.example/products/*"}
    for subject, path in ((None, "status"), ({"family": "access_control"}, "status"), (surface, "auth")):
        account = limited(tmp_path, "/products", other, subject=subject, **options)
        assert (soft(account) >= {path, *said(account)}) is is_passed
        assert ("Ingress other takes a part of shop.example/products/ first" in note(account, path)) is is_passed


@pytest.mark.parametrize(
    ("kind", "notes", "is_first"),
    [("Prefix", "", True), ("ImplementationSpecific", "", False), ("Prefix", "use-regex", False)],
)
def test_a_path_of_no_segments_takes_all_that_begins_so(tmp_path: Path, kind: str, notes: str, *, is_first: bool) -> None:
    account = limited(tmp_path, "/", "/prod", notes=notes, kind=kind)
    assert said(account)["status"] == "deployed" if is_first else "does not serve" in silent(account)


@pytest.mark.parametrize(
    ("match", "is_passed"),
    [
        ("{path: {type: PathPrefix, value: /people/export}}", True),
        ("{path: {type: PathPrefix, value: /people}, headers: [{name: x, value: y}]}", True),
        ("{path: {type: RegularExpression, value: '/people/[0-9]+'}}", True),
        ("{path: {type: PathPrefix, value: /}, headers: [{name: x, value: y}]}", False),
        ("{path: {type: PathPrefix, value: /}}", False),
    ],
)
def test_a_route_without_the_policy_for_a_part_of_a_surface_is_told(tmp_path: Path, match: str, *, is_passed: bool) -> None:
    other = (
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: other}\n"
        f"spec: {{hostnames: [shop.example], rules: [{{matches: [{match}]}}]}}\n"
    )
    (tmp_path / "k.yaml").write_text(ROUTED + other, "utf-8")
    account = heard("k.yaml", tmp_path, urls=["https://shop.example/people/*"])
    assert (soft(account) >= set(said(account))) is is_passed
    assert ("HTTPRoute other takes a part of shop.example/people/ first" in note(account)) is is_passed


@pytest.mark.parametrize(
    ("target", "more", "is_rivalled"),
    [
        ("name: people", "", True),
        ("name: people, sectionName: list", "", True),
        ("name: people", "mergeType: StrategicMerge", False),
        ("name: feed", "", False),
    ],
)
def test_of_two_policies_of_one_route_it_is_not_known_which_counts(
    tmp_path: Path, target: str, more: str, *, is_rivalled: bool
) -> None:
    other = (
        "---\napiVersion: gateway.envoyproxy.io/v1alpha1\nkind: BackendTrafficPolicy\nmetadata: {name: other}\n"
        f"spec:\n  targetRefs: [{{kind: HTTPRoute, {target}}}]\n  {more}\n"
    )
    (tmp_path / "k.yaml").write_text(ROUTED + other, "utf-8")
    account = heard("k.yaml", tmp_path, urls=["https://shop.example/people/*"], resource="limits")
    assert (soft(account) >= set(said(account))) is is_rivalled
    assert ("BackendTrafficPolicy other has the same target" in note(account)) is is_rivalled


@pytest.mark.parametrize(
    ("detection", "is_believed"),
    [("{xForwardedFor: {numTrustedHops: 1}}", True), ("{customHeader: {name: x-real-ip}}", True), ("", False)],
)
def test_an_address_that_a_policy_takes_from_a_header_is_left_to_a_person(
    tmp_path: Path, detection: str, *, is_believed: bool
) -> None:
    client = "---\napiVersion: gateway.envoyproxy.io/v1alpha1\nkind: ClientTrafficPolicy\nmetadata: {name: c}\n"
    client += f"spec:\n  targetRefs: [{{kind: Gateway, name: eg}}]\n  clientIPDetection: {detection}\n"
    (tmp_path / "k.yaml").write_text(ROUTED + client, "utf-8")
    account = heard("k.yaml", tmp_path, urls=["https://shop.example/people/*"])
    assert (soft(account) >= set(said(account))) is is_believed
    assert ("clientIPDetection" in note(account)) is is_believed


def test_a_use_regex_that_is_false_makes_no_pattern_of_a_path(tmp_path: Path) -> None:
    for value, is_served in (("false", False), ("true", True)):
        notes = f'    {N}limit-rpm: "10"\n    {N}use-regex: "{value}"'
        account = ingress(tmp_path, notes, urls=["https://shop.example/apples/*"])
        assert bool(account.readings) is is_served


def test_a_shadow_mode_of_a_policy_that_is_no_truth_value_is_not_taken_for_none(tmp_path: Path) -> None:
    text = ROUTED.replace("unit: Minute}}", 'unit: Minute}, shadowMode: "true"}')
    (tmp_path / "k.yaml").write_text(text, "utf-8")
    assert "neither true nor false" in silent(heard("k.yaml", tmp_path))


@pytest.mark.parametrize(
    ("multiplier", "burst", "is_much"), [("5", None, False), ("100000", None, True), ("100000", 1000000, False)]
)
def test_a_burst_that_dwarfs_the_limit_of_an_ingress_is_left_to_a_person(
    tmp_path: Path, multiplier: str, burst: int | None, *, is_much: bool
) -> None:
    subject = {"family": "rate_limit", "params": {"window": "minute", "limit": 10, "burst": burst}}
    notes = f'    {N}limit-rpm: "10"\n    {N}limit-burst-multiplier: "{multiplier}"'
    account = ingress(tmp_path, notes, subject=subject)
    assert (soft(account) >= set(said(account))) is is_much
    assert ("declare params.burst" in note(account)) is is_much


# --- what a canary, a header or a snippet makes of annotations ---

DENIED = f"    {N}denylist-source-range: 198.51.100.0/24"
NETWORK = f"    {N}whitelist-source-range: 10.0.0.0/8"
CONTROLLER = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {DATA}\n"


@pytest.mark.parametrize(("notes", "family"), [(DENIED, "ip_block"), (NETWORK, "access_control"), (BASIC, "access_control")])
def test_a_canary_is_not_asked_for_its_own_annotations(tmp_path: Path, notes: str, family: str) -> None:
    account = ingress(tmp_path, f'{notes}\n    {N}canary: "true"', subject={"family": family})
    assert said(account) == {"status": "planned"}
    assert "is a canary" in note(account)
    surface = {"id": "s", "url": URL[0]}
    if notes == BASIC:
        assert "is a canary" in silent(ingress(tmp_path, f'{BASIC}\n    {N}canary: "true"', subject=surface))


@pytest.mark.parametrize(("notes", "family"), [(DENIED, "ip_block"), (NETWORK, "access_control")])
def test_a_list_of_addresses_that_clients_write_themselves_is_none(tmp_path: Path, notes: str, family: str) -> None:
    for data, status in (('use-forwarded-headers: "true"', "observing"), ('use-forwarded-headers: "false"', "deployed")):
        account = ingress(tmp_path, notes, CONTROLLER.replace("DATA", data), subject={"family": family})
        assert said(account)["status"] == status


@pytest.mark.parametrize("directive", ["limit_req_dry_run on;", "real_ip_header X-Client; set_real_ip_from 0.0.0.0/0;"])
def test_a_snippet_that_changes_what_is_counted_is_told(tmp_path: Path, directive: str) -> None:
    limit = f'    {N}limit-rpm: "10"'
    assert "which is not read" in silent(ingress(tmp_path, f'{limit}\n    {N}server-snippet: "{directive}"'))
    more = CONTROLLER.replace("DATA", f'http-snippet: "{directive}"')
    assert "http-snippet of ConfigMap c" in silent(ingress(tmp_path, limit, more))
    other = CONTROLLER.replace("DATA", 'http-snippet: "gzip on;"')
    assert said(ingress(tmp_path, limit, other))["status"] == "deployed"


# --- what holds for all Ingresses of a host ---


def at_host(name: str, path: str, notes: dict[str, str], host: str = "shop.example", kind: str = "Prefix") -> dict[str, Any]:
    """An Ingress with one path at a host."""
    return {
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": name, "annotations": {N + key: value for key, value in notes.items()}},
        "spec": {"rules": [{"host": host, "http": {"paths": [{"path": path, "pathType": kind}]}}]},
    }  # fmt: skip


def configured(**data: str) -> dict[str, Any]:
    """The controller's ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}


def together(
    root: Path, *resources: dict[str, Any], subject: dict[str, Any] | None = None, named: str = "limited"
) -> Account:
    """The account of the Ingress `limited` beside others."""
    (root / "all.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(resources)}), "utf-8")
    return heard("all.json", root, subject, resource=named, urls=["https://shop.example/products/"])


LIMITED = {"limit-rps": "5"}


@pytest.mark.parametrize(
    ("path", "kind", "pattern", "is_read"),
    [
        ("/prod", "Prefix", {}, True),
        ("/prod", "Prefix", {"rewrite-target": "/$2"}, False),
        ("/prod", "Prefix", {"use-regex": "true"}, False),
        ("/products", "Exact", {}, True),
        ("/products", "Exact", {"use-regex": "true"}, False),
        ("/people", "Prefix", {"use-regex": "true"}, True),
    ],
)
def test_one_ingress_makes_patterns_of_all_paths_of_its_host(
    tmp_path: Path, path: str, kind: str, pattern: dict[str, str], *, is_read: bool
) -> None:
    limited, open_ = at_host("limited", "/", LIMITED), at_host("open", path, {}, kind=kind)
    account = together(tmp_path, limited, open_, at_host("api", "/api(/|$)(.*)", pattern, kind="ImplementationSpecific"))
    assert said(account)["status"] == "deployed" if is_read else "does not serve" in silent(account)
    apart = together(tmp_path, limited, open_, at_host("api", "/api(/|$)(.*)", pattern, "other.example"))
    assert said(apart)["status"] == "deployed"


@pytest.mark.parametrize("where", ["configuration-snippet", "http-snippet"])
def test_a_snippet_that_only_sets_how_a_refusal_looks_changes_no_limit(tmp_path: Path, where: str) -> None:
    snippet = "# limit_req zone=z;\nlimit_req_status 429;\nlimit_req_log_level warn;"
    own = {where: snippet} if where == "configuration-snippet" else {}
    more = [configured(**{where: snippet})] if not own else []
    account = together(tmp_path, at_host("limited", "/", LIMITED | own), *more)
    assert soft(account) == {"params.limit", "params.burst"}


def test_a_snippet_with_places_of_its_own_leaves_a_limit_to_a_person(tmp_path: Path) -> None:
    own = {"server-snippet": "location ~ ^/products { proxy_pass http://shop; }"}
    for notes, beside in ((LIMITED | own, {}), (LIMITED, own)):
        account = together(tmp_path, at_host("limited", "/", notes), at_host("open", "/open", LIMITED | beside))
        assert soft(account) == set(said(account))
        assert "answered elsewhere" in note(account)
    apart = together(tmp_path, at_host("limited", "/", LIMITED), at_host("open", "/", own, "other.example"))
    assert "status" not in soft(apart)


@pytest.mark.parametrize("more", [{}, {"defaultBackend": {"service": {"name": "shop", "port": {"number": 80}}}}])
def test_a_snippet_counts_for_an_ingress_without_hosts(tmp_path: Path, more: dict[str, Any]) -> None:
    limited = at_host("limited", "/", LIMITED | {"configuration-snippet": "real_ip_header X-Client;"})
    limited["spec"] = more
    (tmp_path / "i.json").write_text(json.dumps(limited), "utf-8")
    assert "says real_ip_header too" in silent(heard("i.json", tmp_path))


def test_what_a_login_answers_may_be_kept_by_a_snippet(tmp_path: Path) -> None:
    asks = {"auth-url": "https://login.example/auth"}
    kept = "auth_request_set $auth_cookie $upstream_http_set_cookie; add_header Set-Cookie $auth_cookie;"
    shown = "add_header access-control-allow-origin https://shop.example;"
    for snippet in ("", kept, shown):
        limited = at_host("limited", "/", asks | {"configuration-snippet": snippet})
        account = together(tmp_path, limited, subject={"family": "access_control"})
        assert said(account)["status"] == "deployed"


def test_connections_that_are_passed_on_are_not_limited(tmp_path: Path) -> None:
    passed = {"ssl-passthrough": "true"}
    assert "ssl-passthrough" in silent(together(tmp_path, at_host("limited", "/", LIMITED | passed)))
    assert "ssl-passthrough" in silent(together(tmp_path, at_host("limited", "/", LIMITED), at_host("tls", "/tls", passed)))


@pytest.mark.parametrize(
    ("beside", "why"),
    [
        (configured(**{"no-auth-locations": "/products"}), "spares paths"),
        (configured(**{"location-snippet": "satisfy any; allow all;"}), "says satisfy too"),
        (at_host("other", "/other", {"server-snippet": "auth_basic off;"}), "says auth_basic too"),
        (configured(**{"no-auth-locations": "/.well-known/acme-challenge"}), ""),
        (at_host("other", "/other", {"server-snippet": "auth_basic off;"}, "other.example"), ""),
    ],
)
def test_a_login_that_something_beside_takes_back_is_not_verified(tmp_path: Path, beside: dict[str, Any], why: str) -> None:
    asks = at_host("limited", "/", {"auth-type": "basic", "auth-secret": "users"})
    account = together(tmp_path, asks, beside, subject={"family": "access_control"})
    assert why in silent(account) if why else said(account)["status"] == "deployed"


@pytest.mark.parametrize(("host", "is_read"), [("shop.example", True), ("eu.shop.example", False), ("example", False)])
def test_a_star_in_the_host_of_an_ingress_stands_for_one_label(tmp_path: Path, host: str, *, is_read: bool) -> None:
    (tmp_path / "i.json").write_text(json.dumps(at_host("limited", "/", LIMITED, "*.example")), "utf-8")
    account = heard("i.json", tmp_path, urls=[f"https://{host}/products/"])
    assert said(account)["status"] == "deployed" if is_read else "Ingress limited" in silent(account)
