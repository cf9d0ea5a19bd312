"""What alerting rules say about a declared watch, and Alertmanager's configuration about who is told."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policycheck.evidence import _promql, prometheus
from policycheck.opener import Opener
from tests.evidence.account_support import note, said, silent, soft

if TYPE_CHECKING:
    from policycheck.model import Account

FIXTURES = Path(__file__).parent / "fixtures" / "prometheus"
ROUTED = {"alertmanager": "alertmanager.yml"}


def heard(file: str, root: Path = FIXTURES, subject: dict[str, Any] | None = None, **options: object) -> Account:
    watch = {"id": "w", "family": "traffic_monitoring", "params": {}}
    return prometheus.account(Opener(root), file, {"kind": "prometheus", "path": file, **options}, subject or watch)


def places(account: Account) -> dict[str, tuple[str, int]]:
    return {".".join(reading.path): (reading.file, reading.line) for reading in account.readings}


def ruled(root: Path, *rules: dict[str, object], alertmanager: dict[str, Any] | None = None, **options: Any) -> Account:
    """The account of these rules, perhaps with a configuration of Alertmanager."""
    (root / "r.json").write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}), "utf-8")
    if alertmanager is not None:
        (root / "a.json").write_text(json.dumps(alertmanager), "utf-8")
        options["options"] = {"alertmanager": "a.json"}
    return heard("r.json", root, **options)


def expressed(root: Path, expression: object, **more: object) -> Account:
    return ruled(root, {"alert": "A", "expr": expression, **more})


def routed(root: Path, route: dict[str, Any], labels: dict[str, str] | None = None, **more: Any) -> Account:
    """The account of an alert and these routes, with a receiver `mail` that notifies and a receiver `null` that does not."""
    receivers = [{"name": "mail", "email_configs": [{"to": "web@shop.example"}]}, {"name": "null"}]
    rule = {"alert": "A", "expr": "http_requests > 1", "labels": labels or {}}
    return ruled(root, rule, alertmanager={"route": route, "receivers": receivers} | more)


def test_an_alert_that_can_fire_and_is_routed_is_deployed() -> None:
    account = heard("alerts.yml", alert="ManyProductViews", options=ROUTED)
    assert said(account) == {"status": "deployed", "params.alert_ref": "ManyProductViews", "params.trigger_per_day": 900}
    assert soft(account) == set()
    assert places(account)["status"] == ("alerts.yml", 8)
    assert places(account)["params.trigger_per_day"] == ("alerts.yml", 9)
    assert "on http_requests_total, severity page; routed to web-pager, web-mail" in note(account)
    assert "an inhibit rule can silence it" in note(account)
    assert [seen.path for seen in account.artefacts] == ["alertmanager.yml", "alerts.yml"]


def test_without_alertmanager_somebody_has_to_look_who_is_told() -> None:
    account = heard("alerts.yml", alert="ManyProductViews")
    assert "status" in soft(account)
    assert "options: {alertmanager" in note(account)


def test_an_alert_that_ends_at_a_receiver_of_nothing_only_observes() -> None:
    account = heard("alerts.yml", alert="RefusedRequestsRise", options=ROUTED)
    assert said(account)["status"] == "observing"
    assert places(account)["status"] == ("alertmanager.yml", 15)
    assert "routed to null" in note(account)


@pytest.mark.parametrize(
    ("alert", "line", "why"), [("NeverTrue", 23, "selects no series"), ("Contradiction", 25, "can never be true")]
)
def test_an_alert_that_cannot_fire_is_planned(alert: str, line: int, why: str) -> None:
    account = heard("alerts.yml", alert=alert, options=ROUTED)
    assert said(account) == {"status": "planned"}
    assert places(account) == {"status": ("alerts.yml", line)}
    assert why in note(account)


def test_an_alert_that_is_not_there_is_planned_and_the_others_are_listed() -> None:
    account = heard("alerts.yml", alert="Gone")
    assert said(account) == {"status": "planned"}
    assert "it has: ManyProductViews, RefusedRequestsRise" in note(account)


def test_a_recording_rule_alerts_nobody() -> None:
    account = heard("alerts.yml", alert="shop:product_views:per_day")
    assert said(account) == {"status": "planned"}
    assert "recording rule" in note(account)


def test_several_alerts_need_a_name() -> None:
    assert "several alerts; name one" in silent(heard("alerts.yml"))


def test_prometheus_rules_of_kubernetes_are_read(tmp_path: Path) -> None:
    spec = {"groups": [{"name": "g", "rules": [{"alert": "A", "expr": "x > 1"}]}]}
    data = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": {"name": "r"}, "spec": spec}
    (tmp_path / "r.json").write_text(json.dumps(data))
    assert said(heard("r.json", tmp_path))["status"] == "deployed"


@pytest.mark.parametrize(
    ("declared", "said_of"),
    [
        (None, "ManyProductViews"),
        ("deploy/alerts.yml", "deploy/alerts.yml"),
        ("alerts.yml#manyproductviews", "alerts.yml#manyproductviews"),
        ("a runbook", None),
    ],
)
def test_a_reference_that_names_the_alert_agrees(declared: str | None, said_of: str | None) -> None:
    subject = {"family": "monitoring", "params": {"alert_ref": declared}}
    account = heard("alerts.yml", subject=subject, alert="ManyProductViews")
    assert said(account).get("params.alert_ref") == said_of


def test_notes_never_tell_the_numbers() -> None:
    for alert in ("ManyProductViews", "RefusedRequestsRise", "Contradiction"):
        for reading in heard("alerts.yml", alert=alert, options=ROUTED).readings:
            assert not any(number in reading.note for number in ("900", "0.2", "429", "100"))


# --- expressions ---


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("x > 5", "fires"),
        ("5 < x", "fires"),
        ('sum by (a) (rate(x{b=~"c|d", e!="f"}[5m])) / on(a) group_left sum by (a) (rate(y[5m])) > 0.5', "fires"),
        ("sum(rate(x[5m])) by (a) >= 10 unless on(a) maintenance", "fires"),
        ("max_over_time(x[1h:5m] offset 1d) > 5", "fires"),
        ("max_over_time(x[5m:] @ end()) > 5", "fires"),
        ("count(up == 0) > 3", "fires"),
        ("count(up == 0)", "fires"),
        ("topk(5, x) > 3 and on() y == 1", "fires"),
        ("predict_linear(x[1h], 4 * 3600) < 0", "fires"),
        ("histogram_quantile(0.99, sum by (le) (rate(h[5m]))) > 2", "fires"),
        ('{__name__="x", a="b"} > 1', "fires"),
        ('{"x.y", a="b"} > 1', "fires"),
        ("-x < -5", "fires"),
        ("x > 1e3 # a comment", "fires"),
        ("(x or vector(0)) > 10", "fires"),
        ("absent(x) or x > 5", "fires"),
        ("vector(0) > 1", "constant"),
        ("vector(1)", "constant"),
        ("1 > bool 0", "constant"),
        ("time() > bool 5", "constant"),
        ("x > 1 and x < 0", "never"),
        ("x > 5 and x == 5", "never"),
        ("(x > 1) < 0", "never"),
        ("x > x", "never"),
        ("x unless x", "never"),
        ("rate(x[5m]) > 100 unless rate(x[5m]) > 50", "never"),
        ("x > 100 unless x < 200", "fires"),
        ("x > 100 unless on() vector(1)", "never"),
        ("sum(x) > 100 unless vector(1)", "never"),
        ("x > 100 unless vector(1)", "fires"),
        ("x > 100 and on() hour() > 24", "never"),
        ("x > 100 and on() day_of_week() == 7", "never"),
        ("rate(x[5m]) < 0", "never"),
        ("sum(rate(x[5m])) < 0", "never"),
        ("count(up == 1) == 0", "never"),
        ("absent(x) > 1", "never"),
        ("absent(x) == 0", "never"),
        ("x > +Inf", "never"),
        ("x == NaN", "never"),
        ("rate(x[5m]) < 0 or rate(y[5m]) < 0", "never"),
        ("x > bool 5", "always"),
        ("rate(x[5m]) >= 0", "always"),
        ("x == x", "always"),
        ("x > 5 or vector(0)", "always"),
        ("absent(x)", "absence"),
        ("absent_over_time(x[5m]) == 1", "absence"),
    ],
)
def test_what_an_expression_does(expression: str, what: str) -> None:
    assert _promql.verdict(expression).what == what


@pytest.mark.parametrize(
    "expression",
    [
        "", "x", "rate(x[5m])", "x >", "> 5", "x ! 5", "x > 5)", "(x > 5", "{} > 1", "x{a=b} > 1", "x[5 minutes] > 1",
        "sum(x > bool 5)",
        "x > 5 5",
        '"text"', "(" * 500 + "x", "x{" * 500, "x" * 30_000, "x +" * 3000, "- " * 500 + "x > 1", "by > 5", "x > 5 and",
        "0x > y", 'x{a="b} > 1', "\u00e9 > 1", "x > 5 or y", "1_0_ > __",
    ],
)  # fmt: skip
def test_what_is_not_read_is_never_taken_for_an_alert(expression: str) -> None:
    with suppress(_promql.Unread):
        assert _promql.verdict(expression).what != "fires"


@pytest.mark.parametrize(
    "expression",
    [
        "rate(x) > 1", "sum(rate(x)) by (client) > 1", "min(rate(x[5m]), 5) > 1", "topk(rate(x[5m])) > 1", "x[5m] > 1",
        "sum(x[5m]) > 1", "rate(x[5m], 2) > 1", "rate(sum(x)[5m]) > 1", "rate(x[5m]) offset 5m > 1", "rate(x[0s]) > 1",
        "incraese(x[5m]) > 1", "scalar(x) > 5", "x > 1 and 5", "x > 1 unless 5", 'x > "5"', "avg_over_time(x) > 1",
        "histogram_quantile(rate(x_bucket[5m]), 0.9) > 1", "clamp_max(x, y) > 1",
    ],
)  # fmt: skip
def test_what_prometheus_refuses_is_no_alert(expression: str) -> None:
    with pytest.raises(_promql.Unread, match=r"refuses|no duration"):
        _promql.verdict(expression)


@pytest.mark.parametrize(
    ("expression", "per_day"),
    [
        ("increase(x[1d]) > 900", 900),
        ("sum by (a) (increase(x[24h])) >= 900", 900),
        ("increase(x[1h]) > 900", None),
        ("rate(x[1d]) > 900", None),
        ("increase(x[1d]) < 900", None),
        ("increase(x[1d]) > 0.5", None),
        ("increase(x[1d]) / 2 > 900", None),
        ("avg(increase(x[1d])) > 900", None),
    ],
)
def test_a_number_a_day_is_only_told_where_it_is_just_that(expression: str, per_day: int | None) -> None:
    assert _promql.verdict(expression).per_day == per_day


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ({"alert": "A"}, "no expression"),
        ({"alert": "A", "expr": None}, "no expression"),
        ({"alert": "A", "expr": ["x"]}, "no expression"),
        ({"alert": "A", "expr": "up"}, "compares nothing"),
        ({"alert": "A", "expr": "absent(x)"}, "nothing about unusual traffic"),
        ({"alert": "A", "expr": "x > {{ .Values.limit }}"}, "render it first"),
        ({"alert": "{{ .Release.Name }}", "expr": "x > 1"}, "render it first"),
        ({"alert": "A", "expr": "x > 1", "for": "a while"}, "no such as 5m"),
        ({"alert": "A", "expr": "x > 1", "for": 5}, "such as 5m"),
        ({"alert": "A", "record": "b", "expr": "x > 1"}, "both alerts and records"),
    ],
)
def test_rules_that_settle_nothing(tmp_path: Path, rule: dict[str, object], why: str) -> None:
    assert why.removeprefix("no such") in silent(ruled(tmp_path, rule))


def test_templates_in_annotations_and_labels_are_usual(tmp_path: Path) -> None:
    more = {"annotations": {"summary": "{{ $value }}"}, "labels": {"severity": "{{ if gt $value 5.0 }}a{{ end }}"}}
    assert said(expressed(tmp_path, "x > 1", **more))["status"] == "deployed"


def test_a_number_is_no_watch(tmp_path: Path) -> None:
    assert said(expressed(tmp_path, 1)) == {"status": "planned"}
    assert said(expressed(tmp_path, "x > bool 1")) == {"status": "planned"}


def test_of_several_rules_of_one_name_one_that_fires_and_reaches_somebody_is_enough(tmp_path: Path) -> None:
    rules = [
        {"alert": "A", "expr": e, "labels": {"severity": s}}
        for e, s in (("vector(0) > 1", "a"), ("http_x > 1", "b"), ("http_x > 2", "c"))
    ]
    route = {"receiver": "null", "routes": [{"match": {"severity": "c"}, "receiver": "mail"}]}
    receivers = [{"name": "mail", "email_configs": [{"to": "a"}]}, {"name": "null"}]
    account = ruled(tmp_path, *rules, alertmanager={"route": route, "receivers": receivers})
    assert (said(account)["status"], soft(account)) == ("deployed", set())


# --- who is told ---


@pytest.mark.parametrize(
    ("route", "labels", "status"),
    [
        ({"receiver": "mail"}, {}, "deployed"),
        ({"receiver": "null"}, {}, "observing"),
        ({"receiver": "null", "routes": [{"match": {"alertname": "A"}, "receiver": "mail"}]}, {}, "deployed"),
        ({"receiver": "null", "routes": [{"match": {"alertname": "B"}, "receiver": "mail"}]}, {}, "observing"),
        ({"receiver": "mail", "routes": [{"match": {"alertname": "A"}, "receiver": "null"}]}, {}, "observing"),
        ({"receiver": "null", "routes": [{"receiver": "mail"}]}, {}, "deployed"),
        (
            {"receiver": "mail", "routes": [{"matchers": ['severity="info"'], "receiver": "null"}]},
            {"severity": "page"},
            "deployed",
        ),
        (
            {"receiver": "null", "routes": [{"matchers": ['severity=~"a|b"'], "receiver": "mail"}]},
            {"severity": "b"},
            "deployed",
        ),
        (
            {"receiver": "null", "routes": [{"matchers": ['severity!~"a|b"'], "receiver": "mail"}]},
            {"severity": "b"},
            "observing",
        ),
        (
            {"receiver": "null", "routes": [{"match_re": {"severity": "pa.*"}, "receiver": "mail"}]},
            {"severity": "page"},
            "deployed",
        ),
        (
            {"receiver": "null", "routes": [{"match_re": {"severity": "(?:x|page)"}, "receiver": "mail"}]},
            {"severity": "page"},
            "deployed",
        ),
        (
            {"receiver": "null", "routes": [{"matchers": ['{a="1",b="2"}'], "receiver": "mail"}]},
            {"a": "1", "b": "3"},
            "observing",
        ),
        ({"receiver": "null", "routes": [{"matchers": "a = 1", "receiver": "mail"}]}, {"a": "1"}, "deployed"),
        (
            {"receiver": "null", "routes": [{"receiver": "null", "continue": True}, {"receiver": "mail"}]},
            {},
            "deployed",
        ),
        ({"receiver": "null", "routes": [{"receiver": "null"}, {"receiver": "mail"}]}, {}, "observing"),
        (
            {"receiver": "null", "routes": [{"match": {"a": "1"}, "receiver": "mail", "routes": [{"match": {"b": "2"}}]}]},
            {"a": "1", "b": "2"},
            "deployed",
        ),
        ({"receiver": "mail", "routes": [{"match": {"team": "x"}, "continue": True, "receiver": "mail"}]}, {}, "deployed"),
    ],
)
def test_who_is_told(tmp_path: Path, route: dict[str, Any], labels: dict[str, str], status: str) -> None:
    account = routed(tmp_path, route, labels)
    assert (said(account)["status"], soft(account)) == (status, set())


@pytest.mark.parametrize(
    ("route", "labels", "why"),
    [
        ({"receiver": "null", "routes": [{"match": {"team": "x"}, "receiver": "mail"}]}, {}, "does not set: team"),
        (
            {"receiver": "null", "routes": [{"match": {"s": "x"}, "receiver": "mail"}]},
            {"s": "{{ $labels.s }}"},
            "does not set: s",
        ),
        (
            {"receiver": "null", "routes": [{"match_re": {"s": "(a+)+$"}, "receiver": "mail"}]},
            {"s": "a" * 40},
            "depends on labels",
        ),
        ({"receiver": "gone"}, {}, "gone is not defined"),
        ({"routes": []}, {}, "without a name is not defined"),
        ({"receiver": "mail", "match": {"a": "b"}}, {}, "the top route"),
        ({"receiver": "mail", "routes": [{"matchers": ["severity"]}]}, {}, "a matcher is no text"),
        ({"receiver": "mail", "routes": [{"matchers": [{"name": "a"}]}]}, {}, "a matcher is no text"),
    ],
)
def test_who_is_told_is_not_guessed(tmp_path: Path, route: dict[str, Any], labels: dict[str, str], why: str) -> None:
    assert why in silent(routed(tmp_path, route, labels))


@pytest.mark.parametrize("receiver", [{"name": "x", "webhook_configs": []}, {"name": "x", "webhook_configs": None}])
def test_a_receiver_with_nothing_configured_tells_nobody(tmp_path: Path, receiver: dict[str, Any]) -> None:
    assert said(routed(tmp_path, {"receiver": "x"}, receivers=[receiver]))["status"] == "observing"


def test_muting_is_named(tmp_path: Path) -> None:
    nights = [{"name": "nights", "time_intervals": [{"times": [{"start_time": "22:00", "end_time": "24:00"}]}]}]
    account = routed(tmp_path, {"receiver": "mail", "mute_time_intervals": ["nights"]}, time_intervals=nights)
    assert "muted at times, which a person must look at" in note(account)
    assert soft(account) == {"status"}


@pytest.mark.parametrize("key", ["mute_time_intervals", "active_time_intervals"])
@pytest.mark.parametrize(
    "hours", [{"years": ["2020"]}, {"weekdays": ["monday:friday"]}, {"times": [{"start_time": "9:00"}]}]
)
def test_an_alert_that_is_told_at_times_only_supports(tmp_path: Path, key: str, hours: dict[str, Any]) -> None:
    intervals = [{"name": "hours", "time_intervals": [hours]}]
    account = routed(tmp_path, {"receiver": "mail", key: ["hours"]}, time_intervals=intervals)
    assert (said(account)["status"], soft(account)) == ("deployed", {"status"})
    watch = heard("r.json", tmp_path, subject={"alert_ref": "A"}, options={"alertmanager": "a.json"})
    assert soft(watch) == {"alert_ref"}


def test_an_alert_that_somebody_else_is_told_at_all_times_verifies(tmp_path: Path) -> None:
    muted = {"receiver": "mail", "mute_time_intervals": ["hours"], "continue": True}
    route = {"receiver": "null", "routes": [muted, {"receiver": "mail"}]}
    intervals = [{"name": "hours", "time_intervals": [{"years": ["2020"]}]}]
    assert soft(routed(tmp_path, route, time_intervals=intervals)) == set()


@pytest.mark.parametrize("key", ["mute_time_intervals", "active_time_intervals"])
def test_a_time_interval_that_is_not_defined(tmp_path: Path, key: str) -> None:
    assert "the time interval nope is not defined" in silent(routed(tmp_path, {"receiver": "mail", key: ["nope"]}))


@pytest.mark.parametrize(
    ("path", "why"),
    [("gone.yml", "does not exist"), ("/etc/x", "absolute"), ("../../x", "climbs"), ("alerts.yml", "no route")],
)
def test_a_configuration_of_alertmanager_that_cannot_be_read(path: str, why: str) -> None:
    assert why in silent(heard("alerts.yml", alert="ManyProductViews", options={"alertmanager": path}))


# --- other subjects ---


def test_the_detection_section_is_told_of_its_alert() -> None:
    account = heard("alerts.yml", subject={"watch": "round_the_clock"}, alert="ManyProductViews", options=ROUTED)
    assert said(account) == {"alert_ref": "ManyProductViews", "watch": "round_the_clock"}
    assert soft(account) == {"watch"}
    for alert in ("Gone", "NeverTrue", "RefusedRequestsRise"):
        silent(heard("alerts.yml", subject={"watch": None}, alert=alert, options=ROUTED))


def test_a_metric_is_made_by_a_recording_rule() -> None:
    subject = {"id": "views", "source": "shop:product_views:per_day in Prometheus", "window_days": 1}
    account = heard("alerts.yml", subject=subject, resource="shop:product_views:per_day")
    assert said(account) == {"source": "shop:product_views:per_day in Prometheus", "window_days": 1}
    assert "name one recording rule" in silent(heard("alerts.yml", subject={"id": "views"}, resource="gone"))


def test_other_families_are_not_spoken_of() -> None:
    assert "not rate_limit" in silent(heard("alerts.yml", subject={"family": "rate_limit"}, alert="ManyProductViews"))


# --- hostile ---

HOSTILE = {
    "empty": b"", "blank": b" \n", "binary": bytes(range(256)), "nul": b"a: \0", "utf-16": "a: b".encode("utf-16"),
    "not-utf-8": b"groups: \xff", "prose": b"words", "a-list": b"- a", "deep": b"[" * 5000,
    "huge-line": b"a: " + b"x" * 900_000,
    "duplicate": b"groups: []\ngroups: []", "anchors": b"groups: &a []\nx: *a", "tag": b"groups: !!seq []",
    "helm": b"groups:\n{{- range .Values.groups }}\n- name: {{ . }}\n{{- end }}", "nulls": b"groups:",
    "map": b"groups: {a: b}",
    "no-rules": b"groups: []", "odd": b"groups: [1, null, {rules: {a: b}}, {rules: [1, null, []]}]",
    "names": b"groups: [{rules: [{alert: [x], expr: {}}, {alert: {a: b}}]}]",
}  # fmt: skip


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_content_is_unreadable(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.yaml").write_bytes(content)
    silent(heard("x.yaml", tmp_path, alert="A"))
    assert prometheus.discover(Opener(tmp_path), "x.yaml") == ()


def test_links_and_missing_files_are_unreadable(tmp_path: Path) -> None:
    (tmp_path / "link.yaml").symlink_to(FIXTURES / "alerts.yml")
    assert "symbolic link" in silent(heard("link.yaml", tmp_path))
    assert "does not exist" in silent(heard("gone.yaml", tmp_path))


def test_very_many_rules_of_one_name_are_not_followed(tmp_path: Path) -> None:
    assert "rules of one alert" in silent(ruled(tmp_path, *[{"alert": "A", "expr": "x > 1"}] * 21))


def test_routes_nested_without_end_have_an_end(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text('{"groups": [{"rules": [{"alert": "A", "expr": "x > 1"}]}]}')
    deep = '{"receiver": "mail", "routes": [' * 29 + '{"receiver": "mail"}' + "]}" * 29
    receivers = '[{"name": "mail", "email_configs": [{"to": "a@b.example"}]}]'
    (tmp_path / "a.json").write_text(f'{{"route": {deep}, "receivers": {receivers}}}')
    assert said(heard("r.json", tmp_path, options={"alertmanager": "a.json"}))["status"] == "deployed"


VOCABULARY = """x y rate( increase( sum( absent( vector( ) ( [5m] [1d] > < == >= bool and or unless on(a) by(a) 0 1 -1 Inf
    NaN + * / - , {a="b"} offset 5m @ "text" """
TOKENS = st.lists(st.sampled_from(VOCABULARY.split()), max_size=14).map(" ".join)


@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(TOKENS, st.text(max_size=40)))
def test_no_expression_makes_the_verifier_fail(tmp_path: Path, expression: str) -> None:
    """Any expression gives a status or a reason; one without a series and a comparison never a working watch."""
    account = ruled(tmp_path, {"alert": "A", "expr": expression})
    assert bool(account.readings) != bool(account.unreadable)
    if account.readings and said(account)["status"] == "deployed":
        assert any(sign in expression for sign in "<>=!")


KEYS = st.sampled_from(
    ["route", "routes", "receiver", "receivers", "match", "matchers", "continue", "name", "email_configs", "a"]
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.sampled_from(["mail", 'a="b"', "a=~b", "x"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=15,
)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(VALUES, VALUES)
def test_no_routes_make_the_verifier_fail(tmp_path: Path, route: Any, receivers: Any) -> None:
    account = ruled(tmp_path, {"alert": "A", "expr": "x > 1"}, alertmanager={"route": route, "receivers": receivers})
    assert bool(account.readings) != bool(account.unreadable)


def test_discover_offers_the_alerts_that_can_fire() -> None:
    found = prometheus.discover(Opener(FIXTURES), "alerts.yml")
    assert [item.item["id"] for item in found] == ["alert-many-product-views", "alert-refused-requests-rise"]
    assert found[0].item["params"] == {"alert_ref": "ManyProductViews", "trigger_per_day": 900}
    assert prometheus.discover(Opener(FIXTURES), "alertmanager.yml") == ()


@pytest.mark.parametrize(
    ("name", "expression", "is_offered"),
    [
        ("InstanceDown", "up == 0", False),
        ("SlowSearch", "histogram_quantile(0.95, sum by (le) (rate(search_seconds_bucket[5m]))) > 2", False),
        ("ErrorsRise", 'sum(rate(http_requests_total{code=~"5.."}[5m])) > 9', False),
        ("HTTP429Rise", "sum(rate(http_responses_total[5m])) > 9", True),
        ("Refusals", 'sum(rate(http_requests_total{code="429"}[5m])) > 9', True),
        ("Heavy", "sum by (client_ip, ip) (rate(http_requests_total[5m])) > 9", True),
        ("ListingsScraped", "sum(rate(pages_total[5m])) > 9", True),
    ],
)
def test_discover_offers_alerts_that_seem_to_be_about_scraping(
    name: str, expression: str, is_offered: bool, tmp_path: Path
) -> None:
    rule = {"alert": name, "expr": expression}
    (tmp_path / "alerts.yml").write_text(json.dumps({"groups": [{"name": "g", "rules": [rule]}]}))
    assert bool(prometheus.discover(Opener(tmp_path), "alerts.yml")) is is_offered


def test_promtool_takes_what_is_read() -> None:
    """The oracle: what the fixtures hold is what Prometheus loads."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("not run: promtool is not installed")
    done = subprocess.run([promtool, "check", "rules", str(FIXTURES / "alerts.yml")], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


# --- alerts that reach nobody, and series that are about something else ---


@pytest.mark.parametrize("expression", ["up == 0", "node_filesystem_avail_bytes / node_filesystem_size_bytes < 0.1"])
def test_series_that_are_not_about_traffic_only_support(tmp_path: Path, expression: str) -> None:
    mail = [{"name": "mail", "email_configs": [{"to": "web@shop.example"}]}]
    routes = {"route": {"receiver": "mail"}, "receivers": mail}
    assert "status" in soft(ruled(tmp_path, {"alert": "A", "expr": expression}, alertmanager=routes))
    assert soft(ruled(tmp_path, {"alert": "A", "expr": "rate(http_requests[5m]) > 9"}, alertmanager=routes)) == set()


@pytest.mark.parametrize(
    "expression",
    [
        "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[5m]))) > 2",
        'http_request_duration_seconds{quantile="0.99"} > 2',
        "max(http_server_latency_ms) > 500",
    ],
)
def test_how_long_answers_take_is_no_watch_of_traffic(tmp_path: Path, expression: str) -> None:
    assert "status" in soft(mailed(tmp_path, expression))
    assert soft(mailed(tmp_path, "rate(http_request_duration_seconds_count[5m]) > 90")) == set()


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("sum(rate(http_requests_total[5m])) == 0", "only while there is little"),
        ("sum(rate(http_requests_total[5m])) < 1", "only while there is little"),
        ("1 > sum(rate(http_requests_total[5m]))", "only while there is little"),
        ("rate(http_requests_total[5m]) > 90 and on() (hour() > 8 < 18)", "at some times only"),
        ("rate(http_requests_total[5m]) > 90 unless on() day_of_week() == 0", "at some times only"),
    ],
)
def test_an_alert_on_little_traffic_or_at_some_times_only_supports(tmp_path: Path, expression: str, why: str) -> None:
    account = mailed(tmp_path, expression)
    assert soft(account) == set(said(account))
    assert why in note(account)


@pytest.mark.parametrize("expression", ["-http_requests < -5", "100 - http_requests < 5", "http_requests > 5 < 90"])
def test_an_alert_on_much_traffic_written_the_other_way_round(tmp_path: Path, expression: str) -> None:
    assert soft(mailed(tmp_path, expression)) == set()


@pytest.mark.parametrize("expression", ["rate(http_requests[5m]) * 0 > 5", "clamp_max(rate(http_requests[5m]), 5) > 10"])
def test_bounds_that_are_never_reached(tmp_path: Path, expression: str) -> None:
    assert said(expressed(tmp_path, expression))["status"] == "planned"


@pytest.mark.parametrize(
    "config",
    [
        {"slack_configs": [{}]},
        {"webhook_configs": [{"url": "http://127.0.0.1:9/"}]},
        {"email_configs": [{"to": "devnull@localhost"}]},
    ],
)
def test_receivers_that_are_nobody(tmp_path: Path, config: dict[str, Any]) -> None:
    account = routed(tmp_path, {"receiver": "r"}, receivers=[{"name": "r", **config}])
    assert said(account)["status"] == "observing"


@pytest.mark.parametrize(
    "interval",
    [
        {"weekdays": ["sunday:saturday"]},
        {"weekdays": ["Monday:Sunday"]},
        {"weekdays": ["monday:friday", "saturday", "sunday"]},
        {"times": [{"start_time": "00:00", "end_time": "24:00"}]},
        {"days_of_month": ["1:-1"], "months": ["january:june", "7:12"]},
        {"days_of_month": ["1:31"], "location": "Europe/Lisbon"},
    ],
)
def test_an_interval_that_leaves_no_time_out_is_always(tmp_path: Path, interval: dict[str, Any]) -> None:
    mute = {"receiver": "mail", "mute_time_intervals": ["all"]}
    intervals = [{"name": "all", "time_intervals": [interval]}]
    account = routed(tmp_path, mute, time_intervals=intervals)
    assert said(account)["status"] == "observing"
    assert "routed to mail (always muted)" in note(account)


def test_an_alert_that_is_always_muted_or_inhibited(tmp_path: Path) -> None:
    mute = {"receiver": "null", "routes": [{"receiver": "mail", "mute_time_intervals": ["always"]}]}
    always = [{"name": "always", "time_intervals": [{}]}]
    assert said(routed(tmp_path, mute, time_intervals=always))["status"] == "observing"
    inhibit = [{"source_matchers": ['alertname="Watchdog"'], "target_matchers": ['alertname="A"']}]
    assert said(routed(tmp_path, {"receiver": "mail"}, inhibit_rules=inhibit))["status"] == "observing"


# --- alerts that can fire and do not, and those of other environments ---


def mailed(root: Path, expression: str, **more: object) -> Account:
    """The account of an alert whose every firing is mailed."""
    receivers = [{"name": "mail", "email_configs": [{"to": "web@shop.example"}]}]
    routes = {"route": {"receiver": "mail"}, "receivers": receivers}
    return ruled(root, {"alert": "A", "expr": expression, **more}, alertmanager=routes)


PART = 'sum(rate(http_requests_total{code="429"}[5m])) / sum(rate(http_requests_total[5m]))'


@pytest.mark.parametrize(
    "expression",
    [
        "rate(http_requests_total[5m]) > 1e15",
        "sum(rate(http_requests_total[5m])) > 1e9",
        "1e15 < http_requests_in_flight",
        "increase(http_requests_total[1d]) > 1000000000000",
        "count(http_requests_total > 1e15) > 3",
        "http_requests > 5 and http_requests_total > 1e15",
        "http_requests > 1e15 unless http_blocked > 5",
        f"{PART} > 1",
        f"{PART} >= 3",
        f"100 * {PART} > 250",
        f"({PART}) * 100 > 100",
        "rate(http_requests_blocked_total[5m]) / rate(http_requests_total[5m]) > 2.5",
    ],
)
def test_bounds_that_such_series_do_not_reach_only_support(tmp_path: Path, expression: str) -> None:
    account = mailed(tmp_path, expression)
    assert said(account)["status"] == "deployed"
    assert soft(account) == set(said(account))
    assert "do not reach" in note(account)


@pytest.mark.parametrize(
    "expression",
    [
        "rate(http_requests_total[5m]) > 1e5",
        "increase(http_response_bytes_total[1d]) > 1e12",
        "http_requests > 1e15 or http_requests > 5",
        f"{PART} > 0.2",
        f"100 * {PART} > 20",
        "rate(http_requests_total[5m]) / rate(http_requests_total[1h]) > 3",
        "rate(http_requests_total[5m]) / rate(http_requests_total[5m] offset 1w) > 3",
        "rate(http_requests_total[5m]) > rate(http_requests_total[5m] offset 1w)",
        "sum(rate(http_requests_total[5m])) / sum(rate(http_sessions_total[5m])) > 40",
    ],
)
def test_bounds_that_are_reached_still_verify(tmp_path: Path, expression: str) -> None:
    account = mailed(tmp_path, expression)
    assert (said(account)["status"], soft(account)) == ("deployed", set())


@pytest.mark.parametrize("waits", ["52w", "8d", "1y", "200h"])
def test_an_alert_that_waits_more_than_a_week_only_supports(tmp_path: Path, waits: str) -> None:
    account = mailed(tmp_path, "increase(http_requests_total[1d]) > 900", **{"for": waits})
    assert soft(account) == {"status", "params.alert_ref", "params.trigger_per_day"}
    assert "more than a week" in note(account)
    assert soft(mailed(tmp_path, "http_requests > 5", **{"for": "7d"})) == set()


def test_a_group_that_is_hardly_ever_evaluated_only_supports(tmp_path: Path) -> None:
    group = {"name": "g", "interval": "52w", "rules": [{"alert": "A", "expr": "http_requests > 5"}]}
    (tmp_path / "r.json").write_text(json.dumps({"groups": [group]}), "utf-8")
    assert "more than a week" in note(heard("r.json", tmp_path))


@pytest.mark.parametrize(
    "matcher",
    [
        'env="staging"', 'environment="dev"', 'stage="test"', 'cluster="eu-staging-1"', 'env=~"staging|qa"', 'env=~"stag.*"',
        'env=~"^(test|dev)$"', 'env!="production"', 'env!~"prod|production"', 'namespace="sandbox"', 'Environment="Staging"',
    ],
)  # fmt: skip
def test_an_alert_of_another_environment_says_nothing_of_production(tmp_path: Path, matcher: str) -> None:
    for expression in (
        f"rate(http_requests{{{matcher}}}[5m]) > 5",
        f"sum(rate(http_requests{{{matcher}}}[5m])) > 5 and on() up == 1",
        f"http_requests{{{matcher}}} > 5 or http_blocked{{{matcher}}} > 5",
    ):
        assert "says nothing of what is in use" in silent(mailed(tmp_path, expression))


@pytest.mark.parametrize(
    "expression",
    [
        'http_requests{env="production"} > 5',
        'http_requests{env=~"staging|production"} > 5',
        'http_requests{env!="staging"} > 5',
        'http_requests{env="staging"} > 9 or http_requests{env="production"} > 5',
        'http_requests > 5 unless http_requests{env="staging"} > 1',
        'http_requests{namespace="dev-portal"} > 5',
        'http_requests{path="test"} > 5',
    ],
)
def test_an_alert_that_watches_production_too_verifies(tmp_path: Path, expression: str) -> None:
    assert soft(mailed(tmp_path, expression)) == set()


@pytest.mark.parametrize(
    "matcher",
    [
        'namespace="shop-staging"', 'job="staging-web"', 'host="staging.shop.example"', 'instance=~"staging-.*"',
        'job=~"web-stg|api-stg"', 'service="shop_uat"',
    ],
)  # fmt: skip
def test_what_is_called_as_if_it_were_not_in_use_only_supports(tmp_path: Path, matcher: str) -> None:
    account = mailed(tmp_path, f"rate(http_requests{{{matcher}}}[5m]) > 5")
    assert soft(account) == {"status", "params.alert_ref"}
    assert "only, which by its name is not what is in use" in note(account)


@pytest.mark.parametrize(
    "matcher",
    [
        'namespace!="shop-staging"', 'job=~"staging-web|web"', 'job="staging-to-prod"', 'path="/staging-area"',
        'namespace="dev-portal"', 'service="shop.default.svc.cluster.local"',
    ],
)  # fmt: skip
def test_what_may_well_be_in_use_verifies(tmp_path: Path, matcher: str) -> None:
    assert soft(mailed(tmp_path, f"rate(http_requests{{{matcher}}}[5m]) > 5")) == set()


def test_an_alert_whose_rule_is_labelled_staging_says_nothing_of_production(tmp_path: Path) -> None:
    assert "env=staging only" in silent(mailed(tmp_path, "http_requests > 5", labels={"env": "staging"}))


def test_of_two_rules_the_one_that_can_be_reached_has_to_reach_somebody(tmp_path: Path) -> None:
    rules = [
        {"alert": "A", "expr": "http_x > 1e15", "labels": {"severity": "page"}},
        {"alert": "A", "expr": "http_x > 5", "labels": {"severity": "info"}},
    ]
    route = {"receiver": "null", "routes": [{"match": {"severity": "page"}, "receiver": "mail"}]}
    receivers = [{"name": "mail", "email_configs": [{"to": "a"}]}, {"name": "null"}]
    assert said(ruled(tmp_path, *rules, alertmanager={"route": route, "receivers": receivers}))["status"] == "observing"


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("count(sum by (client) (rate(http_requests_total[5m])) > 100) > 0", "fires"),
        ("count(rate(http_requests_total[5m]) > 100 and on() up) >= 1", "fires"),
        ("count(rate(http_requests_total[5m])) > 0", "always"),
        ("count(rate(http_requests_total[5m]) >= 0) > 0", "always"),
        ("(count(rate(http_requests_total[5m]) > 100) or vector(0)) >= 0", "always"),
    ],
)
def test_a_count_of_what_a_comparison_leaves_is_not_always_there(expression: str, what: str) -> None:
    assert _promql.verdict(expression).what == what


@pytest.mark.parametrize(
    "expression",
    [
        "sum(rate(http_requests_total[5m])) BY (client) > 100",
        "sum BY (client) (rate(http_requests_total[5m] OFFSET 1h)) > BOOL 1 < 5",
        "rate(http_requests_total[5m]) / ON (client) GROUP_LEFT rate(logins_total[5m]) > 100",
    ],
)
def test_the_words_of_the_language_may_be_in_capitals(expression: str) -> None:
    assert _promql.verdict(expression) == _promql.verdict(expression.lower())


@pytest.mark.parametrize(
    ("beside", "why"),
    [
        ({"alert": "B", "expr": "rate(http_requests) > 1"}, "B is no rule"),
        ({"record": "b", "expr": "sum(rate(x))"}, "b is no rule"),
        ({"alert": "B"}, "it has no expression"),
        ({"alert": "B", "expr": "up == 0"}, ""),
        ({"alert": "B", "expr": "x > {{ .Values.limit }}"}, ""),
    ],
)
def test_a_file_that_prometheus_refuses_only_supports(tmp_path: Path, beside: dict[str, str], why: str) -> None:
    routes = {"route": {"receiver": "r"}, "receivers": [{"name": "r", "email_configs": [{"to": "a@shop.example"}]}]}
    (tmp_path / "am.json").write_text(json.dumps(routes), "utf-8")
    rules = [{"alert": "A", "expr": "http_requests > 5"}, beside]
    for groups in ([{"name": "g", "rules": rules}], [{"name": "g", "rules": rules[:1]}, {"name": "h", "rules": rules[1:]}]):
        (tmp_path / "r.json").write_text(json.dumps({"groups": groups}), "utf-8")
        account = heard("r.json", tmp_path, alert="A", options={"alertmanager": "am.json"})
        assert said(account)["status"] == "deployed"
        assert soft(account) == (set(said(account)) if why else set())
        assert why in note(account)


def test_a_group_that_stands_twice_has_prometheus_refuse_the_file(tmp_path: Path) -> None:
    group = {"name": "g", "rules": [{"alert": "A", "expr": "http_requests > 5"}]}
    (tmp_path / "r.json").write_text(json.dumps({"groups": [group, {"name": "g", "rules": []}]}), "utf-8")
    assert "stands twice" in note(heard("r.json", tmp_path, alert="A"))


@pytest.mark.parametrize(
    ("expression", "is_soft"),
    [
        ("http_requests_total > 1000", True),
        ('sum by (client) (http_requests_total{surface="search"}) / 60 >= 5', True),
        ("topk(5, http_requests_total offset 5m) > 1000", True),
        ("rate(http_requests_total[5m]) > 5", False),
        ("http_requests_total - http_requests_total offset 5m > 1000", False),
        ("count(http_requests_total) > 5", False),
        ("http_requests_in_flight > 1000", False),
    ],
)
def test_a_counter_as_it_stands_only_supports(tmp_path: Path, expression: str, *, is_soft: bool) -> None:
    account = mailed(tmp_path, expression)
    assert said(account)["status"] == "deployed"
    assert ("status" in soft(account)) is is_soft
    assert ("only grows" in note(account)) is is_soft
