"""What Terraform plans, states and HCL say about declared controls and retention, and when they say nothing."""

from __future__ import annotations

import copy
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policycheck.errors import ArtefactError
from policycheck.evidence import _child, _hcl, _terraform_hcl, _terraform_plan, terraform
from policycheck.opener import Opener
from tests.patience import ends

if TYPE_CHECKING:
    from policycheck.model import Account

FIXTURES = Path(__file__).parent / "fixtures" / "terraform"
PLAN = "aws-plan/tfplan.json"
EDGE = "aws_wafv2_web_acl.edge"
IN_CHILD = _child.parsed

CDN = """
resource "aws_cloudfront_distribution" "site" {
  enabled    = true
  web_acl_id = aws_wafv2_web_acl.edge.arn
}
"""


@pytest.fixture(autouse=True)
def _in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The HCL reader in our own process: its parser takes two seconds to start, which a child pays each time."""
    monkeypatch.setattr(_child, "parsed", lambda module, data: _hcl.read(data))


def heard(
    file: str,
    family: str | None = "rate_limit",
    *,
    root: Path = FIXTURES,
    rule: str = "",
    urls: tuple[str, ...] = (),
    **more: Any,
) -> Account:
    """The account of one file on a control of a family; `more` are `resource`, `window`, `actions`, further properties."""
    entry: dict[str, Any] = {"kind": "terraform", "path": file, "urls": list(urls), "resource": more.pop("resource", None)}
    if rule:
        entry["options"] = {"rule": rule}
    entry["manifest"] = more.pop("manifest", {})
    params = {name: more.pop(name) for name in ("window", "actions", "rule_sets") if name in more}
    subject = {"id": "edge", "params": params or None, **more}
    if family is not None:
        subject["family"] = family
    return terraform.account(Opener(root), file, entry, subject)


def written(root: Path, text: str | bytes, family: str | None = "rate_limit", name: str = "main.tf", **more: Any) -> Account:
    """The account of a file with this content."""
    (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return heard(name, family, root=root, **more)


def said(account: Account) -> dict[str, Any]:
    """The values read, by their path; a file that could not be read fails the test here."""
    assert account.unreadable == ""
    return {".".join(reading.path): reading.value for reading in account.readings}


def notes(account: Account) -> str:
    return "; ".join(reading.note for reading in account.readings)


def place(account: Account, path: str) -> tuple[str, int]:
    return next((r.file, r.line) for r in account.readings if ".".join(r.path) == path)


def silent(account: Account) -> str:
    """Why an account says nothing; and it must then say nothing at all."""
    assert account.readings == ()
    assert not account.supported
    assert account.unreadable
    assert not account.unreadable[0].isupper()
    return account.unreadable


def acl(rate: str = "limit = 100", *, action: str = "block {}", extra: str = "", before: str = "", around: str = CDN) -> str:
    """A web ACL with one rate-based rule, and the distribution that it stands before."""
    return f"""
resource "aws_wafv2_web_acl" "edge" {{
  name  = "edge"
  scope = "CLOUDFRONT"
  {before}
  rule {{
    name     = "limit"
    priority = 10
    action {{
      {action}
    }}
    statement {{
      rate_based_statement {{
        {rate}
      }}
    }}
  }}
  {extra}
}}
{around}"""


def plan() -> dict[str, Any]:
    """The fixture's plan, to be changed."""
    data: dict[str, Any] = json.loads((FIXTURES / PLAN).read_text())
    return data


def change(data: dict[str, Any], address: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in data["resource_changes"] if each["address"] == address)["change"]
    return found


def planned(root: Path, data: object, family: str = "rate_limit", **more: Any) -> Account:
    """The account of a changed plan on the rule in front of profiles."""
    more.setdefault("resource", "module.waf.aws_wafv2_web_acl.edge")
    more.setdefault("rule", "profiles-per-address")
    text = data if isinstance(data, str) else json.dumps(data)
    return written(root, text, family, "tfplan.json", window=more.pop("window", "minute"), **more)


# --- the real thing: a folder of HCL ---


def test_what_is_spoken_of() -> None:
    assert frozenset({"control", "access", "source", "scraping"}) == terraform.KINDS_OF_SUBJECT
    assert all(pattern == pattern.lower() for pattern in terraform.FILES)


def test_a_rate_based_rule_in_front_of_a_distribution_is_deployed_and_each_value_stands_at_its_line() -> None:
    account = heard("aws-edge/waf.tf", resource=EDGE, rule="profiles-per-address", window="minute", urls=("/people/*",))
    assert said(account) == {
        "status": "deployed",
        "params.limit": 120,
        "params.window": "minute",
        "params.unit": "ip",
        "params.actions": ["block"],
    }
    assert place(account, "status") == ("aws-edge/waf.tf", 39)
    assert place(account, "params.limit") == ("aws-edge/waf.tf", 53)
    assert place(account, "params.unit") == ("aws-edge/waf.tf", 55)
    assert place(account, "params.actions") == ("aws-edge/waf.tf", 44)
    assert "attached by aws_cloudfront_distribution.site" in notes(account)


def test_every_file_of_the_folder_is_in_the_ledger() -> None:
    account = heard("aws-edge/waf.tf", resource=EDGE, rule="profiles-per-address")
    assert [seen.path for seen in account.artefacts] == [
        f"aws-edge/{name}.tf" for name in ("cdn", "logs", "variables", "versions", "waf")
    ]


def test_a_rule_that_counts_only_observes() -> None:
    account = heard("aws-edge/waf.tf", resource=EDGE, rule="everything-per-address", window="hour")
    assert said(account)["status"] == "observing"
    assert said(account)["params.actions"] == ["log"]
    assert place(account, "status") == ("aws-edge/waf.tf", 87)


def test_a_limit_that_hangs_on_a_variable_is_unreadable_at_its_line() -> None:
    account = heard("aws-edge/waf.tf", resource=EDGE, rule="search-per-address")
    assert silent(account) == "limit hangs on var.search_limit; render a plan: terraform show -json"
    assert account.unreadable_at == ("aws-edge/waf.tf", 114)


def test_a_local_value_that_is_a_literal_is_followed() -> None:
    account = heard("aws-edge/waf.tf", resource=EDGE, rule="login-per-address", window="hour")
    assert (said(account)["params.limit"], said(account)["params.actions"]) == (1200, ["challenge"])


def test_a_web_acl_that_nothing_associates_is_planned() -> None:
    account = heard("aws-edge/waf.tf", resource="aws_wafv2_web_acl.interface")
    assert said(account)["status"] == "planned"
    assert "nothing associates" in notes(account)


@pytest.mark.parametrize(
    ("family", "rule", "expected"),
    [
        ("bot_detection", "", {"status": "deployed"}),
        ("ip_block", "abusers", {"status": "deployed", "params.actions": ["block"]}),
        ("ip_block", "anonymous-addresses", {"status": "observing"}),
        ("waf", "", {"status": "deployed", "params.rule_sets": ["AWSManagedRulesBotControlRuleSet"]}),
        ("waf", "anonymous-addresses", {"status": "observing"}),
    ],
)
def test_other_families_of_an_aws_edge(family: str, rule: str, expected: dict[str, Any]) -> None:
    assert said(heard("aws-edge/waf.tf", family, resource=EDGE, rule=rule)) == expected


def test_a_managed_group_that_only_counts_is_named() -> None:
    account = heard("aws-edge/waf.tf", "waf", resource=EDGE, rule="anonymous-addresses")
    assert "rule anonymous-addresses is overridden to count" in notes(account)


def test_a_challenge_says_how_and_when() -> None:
    account = heard("aws-edge/waf.tf", "challenge", resource=EDGE, rule="login-per-address")
    assert said(account) == {
        "status": "deployed",
        "params.actions": ["challenge"],
        "params.method": "captcha",
        "params.trigger": "threshold",
    }


def test_rules_of_a_managed_group_that_only_count_are_named() -> None:
    assert "only counted: CategorySearchEngine" in notes(heard("aws-edge/waf.tf", "bot_detection", resource=EDGE))


def test_notes_never_tell_the_numbers() -> None:
    for rule in ("profiles-per-address", "everything-per-address", "login-per-address"):
        account = heard("aws-edge/waf.tf", resource=EDGE, rule=rule, window="day")
        assert not any(number in notes(account) for number in ("120", "2000", "100", "60", "300", "86400", "1200"))


# --- plans and states ---


def test_a_plan_resolves_what_modules_hand_out() -> None:
    account = heard(
        PLAN, resource="module.waf.aws_wafv2_web_acl.edge", rule="profiles-per-address", window="minute", urls=("/people/*",)
    )
    assert said(account)["status"] == "deployed"
    assert said(account)["params.limit"] == 100
    line = (FIXTURES / PLAN).read_text().splitlines()[place(account, "status")[1] - 1]
    assert '"address": "module.waf.aws_wafv2_web_acl.edge"' in line


def test_a_state_attaches_by_the_arn() -> None:
    assert said(heard("state/show.json", resource=EDGE, rule="profiles-per-address"))["status"] == "deployed"
    account = heard("state/show.json", resource="aws_wafv2_web_acl.spare", rule="profiles-per-address")
    assert said(account)["status"] == "planned"
    assert account.readings[0].column > 1000


def test_what_the_plan_destroys_is_not_there() -> None:
    account = heard(PLAN, resource="aws_wafv2_web_acl.old")
    assert said(account) == {"status": "planned"}
    assert notes(account) == "the plan destroys aws_wafv2_web_acl.old"


def test_what_a_plan_only_forgets_stays_in_force(tmp_path: Path) -> None:
    data = plan()
    change(data, "aws_wafv2_web_acl.old")["actions"] = ["forget"]
    account = planned(tmp_path, data, resource="aws_wafv2_web_acl.old")
    assert "the plan forgets aws_wafv2_web_acl.old, which then stays as it is" in silent(account)
    data = plan()
    site = change(data, "aws_cloudfront_distribution.site")
    site.update(actions=["forget"], before=site["after"], after=None)
    assert "the plan forgets aws_cloudfront_distribution.site" in silent(planned(tmp_path, data))


@pytest.mark.parametrize(("destroy", "is_open"), [("destroy = false", True), ("destroy = true", False), ("", False)])
def test_what_a_folder_removes_and_does_not_destroy_stays_in_force(tmp_path: Path, destroy: str, *, is_open: bool) -> None:
    removed = f"removed {{\n from = aws_cloudfront_distribution.site\n lifecycle {{\n {destroy}\n}}\n}}\n"
    account = written(tmp_path, acl(around=removed), resource=EDGE)
    if is_open:
        assert "removed resources stay as they are" in silent(account)
    else:
        assert said(account)["status"] == "planned"


def test_a_replaced_resource_is_there(tmp_path: Path) -> None:
    data = plan()
    change(data, "module.waf.aws_wafv2_web_acl.edge")["actions"] = ["delete", "create"]
    assert said(planned(tmp_path, data))["status"] == "deployed"


def test_a_limit_known_only_after_apply_is_unreadable(tmp_path: Path) -> None:
    data = plan()
    edge = change(data, "module.waf.aws_wafv2_web_acl.edge")
    edge["after"]["rule"][0]["statement"][0]["rate_based_statement"][0]["limit"] = None
    edge["after_unknown"]["rule"][0]["statement"] = [{"rate_based_statement": [{"limit": True}]}]
    assert "limit is known only after apply" in silent(planned(tmp_path, data))


def test_marks_that_do_not_fit_the_items_leave_all_open(tmp_path: Path) -> None:
    data = plan()
    change(data, "module.waf.aws_wafv2_web_acl.edge")["after_unknown"]["rule"] = [{"name": True}]
    assert "rule is known only after apply" in silent(planned(tmp_path, data))


def test_a_sensitive_value_is_unreadable() -> None:
    account = heard(PLAN, "log_monitoring", resource="aws_cloudwatch_log_group.secret", retention_days=7)
    assert silent(account) == "retention_in_days is sensitive and not shown"


def test_an_attachment_known_only_after_apply_and_named_by_nothing_is_unreadable(tmp_path: Path) -> None:
    data = plan()
    data["configuration"]["root_module"]["resources"][0]["expressions"]["web_acl_id"] = {"references": ["local.acl"]}
    assert "whether module.waf.aws_wafv2_web_acl.edge is attached is not settled" in silent(planned(tmp_path, data))


def test_a_plan_without_configuration_does_not_settle_attachment(tmp_path: Path) -> None:
    data = plan()
    del data["configuration"]
    assert "is not settled" in silent(planned(tmp_path, data))


def test_references_through_variables_of_a_module_are_followed(tmp_path: Path) -> None:
    data = plan()
    site = next(each for each in data["resource_changes"] if each["address"] == "aws_cloudfront_distribution.site")
    site["address"] = "module.cdn.aws_cloudfront_distribution.site"
    root = data["configuration"]["root_module"]
    root["module_calls"]["cdn"] = {
        "expressions": {"acl": {"references": ["module.waf.web_acl_arn", "module.waf"]}},
        "module": {
            "resources": [
                {"address": "aws_cloudfront_distribution.site", "expressions": {"web_acl_id": {"references": ["var.acl"]}}}
            ]
        },
    }
    assert said(planned(tmp_path, data))["status"] == "deployed"


def test_references_in_a_circle_end(tmp_path: Path) -> None:
    data = plan()
    root = data["configuration"]["root_module"]
    outputs = root["module_calls"]["waf"]["module"]["outputs"]
    outputs["web_acl_arn"] = {"expression": {"references": ["var.x", "var.x"]}}
    root["module_calls"]["waf"]["expressions"] = {"x": {"references": ["module.waf.web_acl_arn"] * 2}}
    with ends():
        assert "is not settled" in silent(planned(tmp_path, data))


def test_an_output_hands_a_web_acl_to_what_is_not_seen(tmp_path: Path) -> None:
    data = plan()
    data["configuration"]["root_module"]["outputs"] = {
        "acl": {"expression": {"references": ["aws_wafv2_web_acl.spare.arn"]}}
    }
    assert "output acl hands it on" in silent(planned(tmp_path, data, resource="aws_wafv2_web_acl.spare"))


def test_a_plan_with_a_target_proves_no_absence(tmp_path: Path) -> None:
    data = plan()
    data["complete"] = False
    assert "not complete" in silent(planned(tmp_path, data, resource="aws_wafv2_web_acl.spare"))


def test_instances_are_told_apart_by_their_key(tmp_path: Path) -> None:
    account = heard(PLAN, "log_monitoring", resource="aws_cloudwatch_log_group.service", retention_days=14)
    assert 'name one with resource: aws_cloudwatch_log_group.service["web"]' in silent(account)
    account = heard(PLAN, "log_monitoring", resource='aws_cloudwatch_log_group.service["web"]', retention_days=14)
    assert said(account) == {"retention_days": 14}
    assert place(account, "retention_days")[1] > 900


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        ("null", "no object"),
        ("[1, 2]", "no object"),
        ("{}", "no plan or state"),
        ('{"format_version": "1.2"}', "no plan or state"),
        ('{"version": 4, "serial": 1, "lineage": "x", "resources": []}', "own state file"),
        ('{"format_version": "1.2", "resource_changes": []}', "plan without resources"),
        ('{"format_version": "1.2", "resource_changes": {"a": 1}}', "plan without resources"),
        ('{"format_version": "1.2", "resource_changes": [1, null, "x"]}', "plan without resources"),
        ('{"format_version": "1.2", "errored": true, "resource_changes": [{}]}', "ended in an error"),
        ('{"format_version": "1.2", "resource_changes": [{}], "resource_changes": []}', "key twice"),
        ('{"format_version": "1.2", "x": NaN}', "holds NaN"),
        ('{"format_version": "1.2", "x": -Infinity}', "holds -Infinity"),
        ('{"format_version": "1.2", "x": ' + "[" * 10_000 + "]" * 10_000 + "}", "nested too deeply"),
        ('{"format_version": "1.2", ', "is not JSON"),
        ("{{ plan }}", "is not JSON"),
        ("a" * 4 * 1024 * 1024, "is not JSON"),
    ],
)
def test_json_that_is_no_plan_says_nothing(tmp_path: Path, text: str, why: str) -> None:
    assert why in silent(planned(tmp_path, text))


def test_numbers_beyond_reckoning_are_no_limit(tmp_path: Path) -> None:
    text = json.dumps(plan()).replace('"limit": 100', '"limit": ' + "9" * 5000)
    assert "limit is no whole number" in silent(planned(tmp_path, text))


@pytest.mark.parametrize("limit", [None, 0, -1, 1.5, True, "many", "1e3", [100], {"a": 1}, "\u0661"])
def test_a_limit_of_another_type_is_unreadable(tmp_path: Path, limit: object) -> None:
    data = plan()
    edge = change(data, "module.waf.aws_wafv2_web_acl.edge")
    edge["after"]["rule"][0]["statement"][0]["rate_based_statement"][0]["limit"] = limit
    assert "limit" in silent(planned(tmp_path, data))


@pytest.mark.parametrize(
    "rules", [None, [], "rules", 5, [None], [5], {"name": "x"}, [{"statement": "x"}], [{"statement": [{}]}]]
)
def test_rules_of_another_shape_settle_nothing_but_their_absence(tmp_path: Path, rules: object) -> None:
    data = plan()
    change(data, "module.waf.aws_wafv2_web_acl.edge")["after"]["rule"] = rules
    account = planned(tmp_path, data, rule="")
    assert {reading.value for reading in account.readings} <= {"planned"}


def test_a_number_written_as_text_is_the_number(tmp_path: Path) -> None:
    data = plan()
    edge = change(data, "module.waf.aws_wafv2_web_acl.edge")
    edge["after"]["rule"][0]["statement"][0]["rate_based_statement"][0]["limit"] = "100"
    assert said(planned(tmp_path, data))["params.limit"] == 100


def test_a_plan_of_sixteen_mebibytes_is_read_and_a_larger_one_is_not(tmp_path: Path) -> None:
    data = plan()
    data["padding"] = "x" * (15 * 1024 * 1024)
    assert said(planned(tmp_path, data))["status"] == "deployed"
    data["padding"] = "x" * (17 * 1024 * 1024)
    assert "larger than" in silent(planned(tmp_path, data))


@pytest.mark.parametrize("filler", ["[],", "{},"])
def test_a_plan_of_very_many_objects_is_not_read(tmp_path: Path, filler: str) -> None:
    text = json.dumps(plan())[:-1] + ', "x": [' + filler * 1_200_000 + "0]}"
    assert "holds more objects than are read" in silent(planned(tmp_path, text))


def test_a_resource_of_very_many_values_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_terraform_plan, "VALUE_CAP", 5_000)
    data = plan()
    assert said(planned(tmp_path, data))["status"] == "deployed"
    change(data, "module.waf.aws_wafv2_web_acl.edge")["after"]["tags"] = [0] * 6_000
    assert "holds more values than are read" in silent(planned(tmp_path, data))


def test_halves_of_characters_do_not_reach_the_report(tmp_path: Path) -> None:
    data = plan()
    change(data, "module.waf.aws_wafv2_web_acl.edge")["after"]["rule"][0]["name"] = "profiles\ud800"
    account = planned(tmp_path, data, rule="profiles\ud800")
    assert said(account)["status"] == "deployed"
    assert notes(account).encode()
    found = terraform.discover(Opener(tmp_path), "tfplan.json")
    assert found
    assert all(each.note.encode() for each in found)


# --- windows ---


@pytest.mark.parametrize(
    ("rate", "window", "limit", "told"),
    [
        ("limit = 100", "minute", 100, "minute"),
        ("limit = 100", "hour", 1200, "hour"),
        ("limit = 100", "second", 100, "second"),
        ("limit = 100", None, 1200, "hour"),
        ("limit = 100\n evaluation_window_sec = 60", "minute", 100, "minute"),
        ("limit = 100\n evaluation_window_sec = 60", "day", 144_000, "day"),
        ("limit = 100\n evaluation_window_sec = 120", "hour", 3000, "hour"),
        ("limit = 100\n evaluation_window_sec = 600", "fortnight", 600, "hour"),
        ('limit = "100"\n evaluation_window_sec = 60', None, 100, "minute"),
    ],
)
def test_limits_are_told_in_the_declared_window_on_the_looser_side(
    tmp_path: Path, rate: str, window: str | None, limit: int, told: str
) -> None:
    account = written(tmp_path, acl(rate), window=window)
    assert (said(account)["params.limit"], said(account)["params.window"]) == (limit, told)
    is_converted = "looser side" in notes(account)
    assert is_converted is not (limit == 100 and told == "minute" and "60" in rate)


def test_a_window_that_does_not_divide_the_declared_one_begins_once_more_in_it(tmp_path: Path) -> None:
    text = (FIXTURES / ARMOR).read_text().replace("interval_sec = 60", "interval_sec = 45", 1)
    account = written(tmp_path, text, resource=POLICY, rule="people", window="minute", urls=("/people/*",))
    assert (said(account)["params.limit"], said(account)["params.window"]) == (200, "minute")


def test_declared_actions_that_happen_elsewhere_are_not_denied(tmp_path: Path) -> None:
    assert said(written(tmp_path, acl(), actions=["alert", "block"]))["params.actions"] == ["alert", "block"]
    assert said(written(tmp_path, acl(), actions=["challenge", "alert"]))["params.actions"] == ["block", "alert"]
    assert said(written(tmp_path, acl(action="count {}"), actions=["block", "alert"]))["params.actions"] == ["log", "alert"]


# --- whom a rule counts, and what it takes ---


@pytest.mark.parametrize(
    ("key", "status", "unit"),
    [
        ('aggregate_key_type = "IP"', "deployed", "ip"),
        ("", "deployed", "ip"),
        ('aggregate_key_type = "CONSTANT"', "deployed", None),
        ('aggregate_key_type = "CUSTOM_KEYS"\n custom_key {\n ip {}\n }', "deployed", "ip"),
        (
            'aggregate_key_type = "CUSTOM_KEYS"\n custom_key {\n ip {}\n }\n custom_key {\n uri_path {}\n }',
            "observing",
            None,
        ),
        ('aggregate_key_type = "CUSTOM_KEYS"\n custom_key {\n cookie {\n name = "s"\n }\n }', "observing", None),
        ('aggregate_key_type = "CUSTOM_KEYS"\n custom_key {\n asn {}\n }', None, None),
        (
            'aggregate_key_type = "FORWARDED_IP"\n forwarded_ip_config {\n header_name = "X-Forwarded-For"\n }',
            "observing",
            None,
        ),
        ('aggregate_key_type = "FORWARDED_IP"\n forwarded_ip_config {\n header_name = "CF-Connecting-IP"\n }', None, None),
    ],
)
def test_whom_an_aws_rule_counts(tmp_path: Path, key: str, status: str | None, unit: str | None) -> None:
    read = said(written(tmp_path, acl(f"limit = 100\n {key}")))
    assert (read.get("status"), read.get("params.unit")) == (status, unit)
    assert read["params.limit"] == 1200


def test_a_key_that_is_not_known_is_unreadable(tmp_path: Path) -> None:
    assert "aggregate_key_type MOOD" in silent(written(tmp_path, acl('limit = 5\n aggregate_key_type = "MOOD"')))


GEO = "geo_match_statement {\n country_codes = []\n }"
EITHER = "or_statement {\n statement {\n {}\n }\n statement {\n GEO\n }\n }".replace("GEO", GEO)
BOTH = EITHER.replace("or_", "and_")


def scope(match: str, text: str, around: str = "{}", change: str = "NONE") -> str:
    inner = f"""byte_match_statement {{
      positional_constraint = "{match}"
      search_string = "{text}"
      field_to_match {{
        uri_path {{}}
      }}
      text_transformation {{
        priority = 0
        type = "{change}"
      }}
    }}"""
    return "limit = 100\n scope_down_statement {\n" + around.replace("{}", inner) + "\n}"


@pytest.mark.parametrize(
    ("statement", "url", "status"),
    [
        (scope("STARTS_WITH", "/people/"), "https://www.harbour.example/people/*", "deployed"),
        (scope("STARTS_WITH", "/people/"), "GET /people/{id}", "deployed"),
        (scope("STARTS_WITH", "/people/"), "/shop/*", "elsewhere"),
        (scope("STARTS_WITH", "/people/me"), "/people/*", None),
        (scope("EXACTLY", "/people"), "/people", "deployed"),
        (scope("EXACTLY", "/people"), "/people/7", "elsewhere"),
        (scope("CONTAINS", "eop"), "/people/*", "deployed"),
        (scope("ENDS_WITH", "/x"), "/people/*", None),
        (scope("STARTS_WITH", "/people/", change="LOWERCASE"), "/People/*", "deployed"),
        (scope("STARTS_WITH", "/people/", change="URL_DECODE"), "/people/*", None),
        (scope("STARTS_WITH", "/shop/", "not_statement {\n statement {\n {}\n }\n }"), "/people/*", "deployed"),
        (scope("STARTS_WITH", "/people/", "not_statement {\n statement {\n {}\n }\n }"), "/people/*", "elsewhere"),
        (scope("STARTS_WITH", "/people/", GEO), "/people/*", None),
        (
            scope("STARTS_WITH", "/people/", BOTH), "/people/*", None,
        ),
        (
            scope("STARTS_WITH", "/people/", EITHER), "/people/*", "deployed",
        ),
    ],
)  # fmt: skip
def test_a_rule_speaks_for_the_paths_it_takes(tmp_path: Path, statement: str, url: str, status: str | None) -> None:
    account = written(tmp_path, acl(statement), urls=(url,))
    if status == "elsewhere":
        assert "does not take the requests of the control's surfaces" in silent(account)
    else:
        found = {} if account.unreadable else said(account)
        assert found.get("status") == status
        assert ("params.unit" in found) is ("params.limit" in found) is (status is not None)


def test_a_rule_after_one_that_lets_everything_through_is_never_reached(tmp_path: Path) -> None:
    through = """rule {
    name     = "everyone"
    priority = 1
    action {
      allow {}
    }
    statement {
      byte_match_statement {
        positional_constraint = "STARTS_WITH"
        search_string         = "/"
        field_to_match {
          uri_path {}
        }
        text_transformation {
          priority = 0
          type     = "NONE"
        }
      }
    }
  }"""
    account = written(tmp_path, acl(before=through), urls=("/people/*",))
    assert said(account)["status"] == "observing"
    assert "rule everyone lets every request through" in notes(account)
    # The order of a rule that lets nothing through does not matter, and need not be settled.
    open_order = through.replace("priority = 1\n", "priority = var.p\n").replace("allow {}", "block {}")
    assert said(written(tmp_path, acl(before=open_order), rule="limit", urls=("/people/*",)))["status"] == "deployed"
    late = acl(before=through.replace("priority = 1\n", "priority = 99\n"))
    assert said(written(tmp_path, late, urls=("/people/*",)))["status"] == "deployed"


# --- HCL: what is not settled ---


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (acl("limit = var.rate"), "limit hangs on var.rate"),
        (acl('limit = "${var.rate}"'), "limit hangs on var.rate"),
        (acl("limit = local.rate"), "limit hangs on local.rate"),
        (acl("limit = local.rate") + "locals {\n rate = var.rate\n}\n", "limit hangs on var.rate"),
        (acl("limit = local.a") + "locals {\n a = local.b\n b = local.a\n}\n", "limit hangs on local."),
        (acl("limit = 50 * 2"), "limit hangs on an expression that is not evaluated"),
        (acl("limit = var.strict ? 100 : 5000"), "limit hangs on var.strict"),
        (acl('limit = tonumber(file("/etc/passwd"))'), "limit hangs on an expression"),
        (acl('limit = "${file("/etc/passwd")}"'), "limit hangs on an expression"),
        (acl("limit = data.aws_ssm_parameter.rate.value"), "limit hangs on data.aws_ssm_parameter.rate.value"),
        (acl("limit = <<-EOT\n  ${var.rate}\n EOT\n"), "limit hangs on"),
        (acl("limit = null"), "has no limit"),
        (acl("aggregate_key_type = var.key\n limit = 100"), "aggregate_key_type hangs on var.key"),
        (acl("evaluation_window_sec = var.window\n limit = 100"), "evaluation_window_sec hangs on var.window"),
        (acl(extra='dynamic "rule" {\n for_each = var.r\n content {}\n }'), "rule is made by a dynamic block"),
        (acl(extra="count = var.enabled ? 1 : 0"), "is there only by its count"),
        (acl(extra="for_each = toset(var.stages)"), "is repeated by for_each"),
        (acl(extra="lifecycle {\n ignore_changes = [rule]\n }"), "rule is ignored by lifecycle"),
        (acl(extra="lifecycle {\n ignore_changes = all\n }"), "rule is ignored by lifecycle"),
        (acl(extra='rule_json = file("rules.json")'), "has its rules in rule_json"),
        (acl(action=""), "no action that is read here"),
        (acl(around=CDN.replace("aws_wafv2_web_acl.edge.arn", "var.acl")), "is attached is not settled"),
        (acl(around=CDN.replace("aws_wafv2_web_acl.edge.arn", '"arn:aws:wafv2:x"')), "is attached is not settled"),
        (acl(around=CDN.replace("enabled    = true", "count = var.cdn ? 1 : 0")), "is attached is not settled"),
        (acl(around='module "cdn" {\n source = "../../.."\n a = aws_wafv2_web_acl.edge.arn\n}\n'), "module cdn hands it on"),
        (acl(around='module "cdn" {\n source = "../../../outside"\n}\n'), "module.cdn is not read"),
        (acl(around='output "acl" {\n value = aws_wafv2_web_acl.edge.arn\n}\n'), "output acl hands it on"),
        (acl() + acl(around=""), "aws_wafv2_web_acl.edge stands twice"),
        ('module "waf" {\n source = "./waf"\n}\n', "no rule here is a rate_limit"),
        ("# nothing but a comment\n", "no rule here is a rate_limit"),
        ('resource "aws_wafv2_web_acl" "edge" {\n', "is not HCL"),
        ("{{ cookiecutter.waf }}\n", "is not HCL"),
        ("<% if waf %>\n", "is not HCL"),
    ],
)  # fmt: skip
def test_what_a_folder_of_hcl_does_not_settle_is_unreadable(tmp_path: Path, text: str, why: str) -> None:
    account = written(tmp_path, text)
    assert why in silent(account)
    assert account.unreadable_at[0] == "main.tf"
    assert "/etc/passwd" not in account.unreadable
    assert [seen.path for seen in account.artefacts] == ["main.tf"]


def test_values_that_do_not_matter_may_hang_on_anything(tmp_path: Path) -> None:
    text = acl(extra='tags = merge(var.tags, { a = 1 })\n description = "x-${var.stage}"').replace(
        '"limit"', '"${var.stage}-limit"'
    )
    assert said(written(tmp_path, text))["status"] == "deployed"


@pytest.mark.parametrize(
    "text",
    [
        acl("limit = (100)"),
        acl("limit = 100 # no more"),
        acl("limit = 100 // no more\n /* none\n at all */"),
        acl("limit = local.rate") + "locals {\n rate = 100\n}\n",
        acl("limit = local.a.b") + "locals {\n a = { b = 5 }\n}\n",
        acl(extra="count = 1"),
        "\ufeff" + acl(),
        acl().replace("\n", "\r\n"),
    ],
)
def test_ways_to_write_the_same(tmp_path: Path, text: str) -> None:
    account = written(tmp_path, text)
    if "local.a.b" in text:
        # A member of an object is not followed: unknown, never guessed.
        assert "hangs on local.a.b" in silent(account)
    else:
        assert said(account)["params.limit"] == 1200


def test_a_count_of_zero_is_not_there(tmp_path: Path) -> None:
    assert "is not here" in silent(written(tmp_path, acl(extra="count = 0"), resource=EDGE))


def test_a_distribution_that_is_off_puts_nothing_in_effect(tmp_path: Path) -> None:
    assert said(written(tmp_path, acl().replace("enabled    = true", "enabled = false")))["status"] == "planned"


def test_an_association_attaches(tmp_path: Path) -> None:
    around = 'resource "aws_wafv2_web_acl_association" "a" {\n web_acl_arn = aws_wafv2_web_acl.edge.arn\n}\n'
    assert said(written(tmp_path, acl(around=around)))["status"] == "deployed"
    other = around.replace("web_acl.edge", "web_acl.other")
    assert said(written(tmp_path, acl(around=other)))["status"] == "planned"


def test_a_named_acl_without_such_a_rule_is_planned(tmp_path: Path) -> None:
    text = 'resource "aws_wafv2_web_acl" "edge" {\n name = "edge"\n}\n' + CDN
    account = written(tmp_path, text, resource=EDGE)
    assert said(account) == {"status": "planned"}
    assert notes(account) == "aws_wafv2_web_acl.edge has no rule that is a rate_limit"


GROUPED = """
resource "aws_wafv2_rule_group" "limits" {
  name     = "limits"
  capacity = 10
  rule {
    name     = "limit"
    priority = 1
    action {
      block {}
    }
    statement {
      rate_based_statement {
        limit = 100
      }
    }
  }
}

resource "aws_wafv2_web_acl" "edge" {
  name = "edge"
  rule {
    name     = "ours"
    priority = 1
    override_action {
      none {}
    }
    statement {
      rule_group_reference_statement {
        arn = aws_wafv2_rule_group.limits.arn
        OVERRIDE
      }
    }
  }
}
"""
COUNTED = 'rule_action_override {\n name = "limit"\n action_to_use {\n count {}\n }\n }'


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (GROUPED.replace("OVERRIDE", "") + CDN, "deployed"),
        (GROUPED.replace("OVERRIDE", ""), "planned"),
        (GROUPED.replace("OVERRIDE", COUNTED) + CDN, "observing"),
        (GROUPED.replace("OVERRIDE", COUNTED.replace('"limit"', '"else"')) + CDN, "deployed"),
        (GROUPED.replace("OVERRIDE", "").replace("none {}", "count {}") + CDN, "observing"),
        (GROUPED.replace("OVERRIDE", "").replace("rule_group.limits.arn", "rule_group.others.arn") + CDN, "planned"),
    ],
)
def test_a_rule_group_lives_by_the_acl_that_brings_it_in(tmp_path: Path, text: str, status: str) -> None:
    assert said(written(tmp_path, text, resource="aws_wafv2_rule_group.limits"))["status"] == status


def test_an_acl_that_brings_in_a_group_is_not_said_to_lack_a_rule(tmp_path: Path) -> None:
    assert "brings in a rule group" in silent(written(tmp_path, GROUPED.replace("OVERRIDE", "") + CDN, resource=EDGE))


def test_rules_put_in_from_elsewhere_leave_their_absence_open(tmp_path: Path) -> None:
    apart = 'resource "aws_wafv2_web_acl_rule_group_association" "a" {\n web_acl_arn = aws_wafv2_web_acl.edge.arn\n}\n'
    text = 'resource "aws_wafv2_web_acl" "edge" {\n name = "edge"\n}\n' + CDN + apart
    assert "changes the rules of a web ACL" in silent(written(tmp_path, text, resource=EDGE))


# --- files of the folder ---


@pytest.mark.parametrize("name", ["override.tf", "edge_override.tf", "x_override.tf.json", "main.tofu"])
def test_files_that_override_others_make_a_folder_unreadable(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("")
    assert f"{name} overrides other files" in silent(written(tmp_path, acl()))


def test_a_file_of_json_syntax_beside_proves_no_absence(tmp_path: Path) -> None:
    (tmp_path / "cdn.tf.json").write_text("{}")
    assert "cdn.tf.json is not read" in silent(written(tmp_path, acl(around="")))
    assert said(written(tmp_path, acl()))["status"] == "deployed"
    assert "HCL written as JSON" in silent(heard("cdn.tf.json", root=tmp_path))


def test_a_symlink_among_the_files_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "secret.tf").write_text(CDN)
    (tmp_path / "root" / "cdn.tf").symlink_to("../secret.tf")
    account = written(tmp_path / "root", acl(around=""))
    assert "symbolic link" in silent(account)


def test_missing_files_folders_and_pipes_are_unreadable(tmp_path: Path) -> None:
    (tmp_path / "folder.tf").mkdir()
    os.mkfifo(tmp_path / "pipe.json")
    assert "is not found" in silent(heard("gone.tf", root=tmp_path))
    assert "not a regular file" in silent(heard("folder.tf", root=tmp_path))
    assert "does not exist" in silent(heard("gone.json", root=tmp_path))
    assert silent(heard("pipe.json", root=tmp_path)).endswith("not a regular file")
    (tmp_path / "infra").mkdir()
    assert silent(heard("infra", root=tmp_path)).endswith("of a folder name one .tf file, and all of them are read")
    assert "climbs above the root" in silent(heard("../out.json", root=tmp_path))


def test_a_folder_whose_name_holds_pattern_signs_is_meant_letter_by_letter(tmp_path: Path) -> None:
    for folder in ("[a]", "a"):
        (tmp_path / folder).mkdir()
    (tmp_path / "a" / "cdn.tf").write_text(CDN)
    (tmp_path / "[a]" / "main.tf").write_text(acl(around=""))
    assert said(heard("[a]/main.tf", root=tmp_path))["status"] == "planned"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (b" \n\t", "is empty"),
        (b"\0" * 64, "binary"),
        (b"\xff\xfe\x00a", "not UTF-8"),
        (b"a = " + b"[" * 10_000 + b"]" * 10_000, "nested deeper"),
        (b"a {\n" * 1_000 + b"}\n" * 1_000, "nested deeper"),
        (b"a = " + b"(" * 1_000 + b"1" + b")" * 1_000, "nested deeper"),
        (b'a = "' + b'${"' * 1_000 + b'"}' * 1_000 + b'"', "nested deeper"),
        (b'a = "' + b"x" * 4 * 1024 * 1024 + b'"', "larger than"),
        (b"a = <<A\n" * 2_000, "is not HCL"),
        (b"/*" * 20_000, "is not HCL"),
    ],
)
def test_hostile_hcl_is_unreadable_in_time(tmp_path: Path, data: bytes, why: str) -> None:
    with ends():
        assert why in silent(written(tmp_path, data))


def test_templates_that_would_grow_are_never_evaluated(tmp_path: Path) -> None:
    grown = (
        "locals {\n"
        + "".join(f' v{n} = "${{local.v{n + 1}}}${{local.v{n + 1}}}"\n' for n in range(200))
        + ' v200 = "x"\n}\n'
    )
    assert "limit hangs on" in silent(written(tmp_path, acl("limit = local.v0") + grown))


def test_many_files_and_bytes_are_beyond_the_cap(tmp_path: Path) -> None:
    (tmp_path / "big.tf").write_text("# x\n" * 40_000)
    (tmp_path / "bigger.tf").write_text("# x\n" * 40_000)
    assert "more HCL than is read" in silent(written(tmp_path, acl()))


def test_lists_of_local_lists_are_not_followed(tmp_path: Path) -> None:
    grown = "locals {\n" + "".join(f" v{n} = [{', '.join([f'local.v{n + 1}'] * 50)}]\n" for n in range(8)) + " v8 = [1]\n}\n"
    with ends():
        assert "limit hangs on local.v0" in silent(written(tmp_path, acl("limit = local.v0") + grown))


@pytest.mark.skipif(sys.platform == "win32", reason="no child is limited there")
def test_the_parser_runs_in_a_limited_child_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import hcl2

    _terraform_hcl._parsed.cache_clear()
    monkeypatch.setattr(_child, "parsed", IN_CHILD)
    folder = Path(hcl2.__file__).parent
    before = sorted(path.name for path in folder.iterdir())
    assert said(written(tmp_path, acl()))["params.limit"] == 1200
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_child_that_gives_up_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(module: str, data: bytes) -> object:
        raise ArtefactError("could not be read within the limits on time and memory")

    _terraform_hcl._parsed.cache_clear()
    monkeypatch.setattr(_child, "parsed", failing)
    assert silent(written(tmp_path, acl())) == "main.tf could not be read within the limits on time and memory"


# --- Cloudflare, Cloud Armor, Azure ---

V4, V5 = "cloudflare-v4/ratelimit.tf", "cloudflare-v5/ratelimit.tf"
ARMOR, POLICY = "cloud-armor/policy.tf", "google_compute_security_policy.edge"
DOOR, GATEWAY = "azure-front-door/main.tf", "azure-gateway/main.tf"


@pytest.mark.parametrize(
    ("file", "rule", "window", "expected"),
    [
        (V4, "profiles", "minute", ("deployed", 100, "ip", ["block"])),
        (V4, "search", "minute", ("observing", 120, None, ["challenge"])),
        (V4, "everything", "hour", ("observing", 5000, "ip", ["log"])),
        (V4, "downloads", "minute", ("planned", 30, "ip", ["block"])),
        (V5, "profiles", "minute", ("deployed", 100, "ip", ["block"])),
        (V5, "search", "minute", ("planned", 60, "ip", ["challenge"])),
        (ARMOR, "people", "minute", ("deployed", 100, "ip", ["throttle"])),
        (ARMOR, "search", "minute", ("observing", 120, "ip", ["block"])),
        (ARMOR, "forwarded", "hour", ("observing", 300, None, ["throttle"])),
        (ARMOR, "together", "minute", ("deployed", 9000, None, ["throttle"])),
        (DOOR, "peoplePerAddress", "minute", ("deployed", 100, "ip", ["block"])),
        (GATEWAY, "peoplePerAddress", "hour", ("observing", 2400, "ip", ["block"])),
    ],
)
def test_rate_limits_of_other_providers(file: str, rule: str, window: str, expected: tuple[Any, ...]) -> None:
    resource = {V4: "cloudflare_ruleset.limits", V5: "cloudflare_ruleset.limits", ARMOR: POLICY}.get(file)
    urls = ("/people/*", "/search", "/media/x", "/api/x")
    read = said(heard(file, rule=rule, window=window, urls=urls, resource=resource))
    assert (read["status"], read["params.limit"], read.get("params.unit"), read["params.actions"]) == expected


@pytest.mark.parametrize(
    ("file", "family", "expected"),
    [
        (V4, "waf", {"status": "deployed", "params.rule_sets": ["Cloudflare Managed Ruleset"]}),
        (V4, "ip_block", {"status": "deployed", "params.actions": ["block"]}),
        (V4, "bot_detection", {"status": "deployed", "params.actions": ["block"]}),
        (ARMOR, "waf", {"status": "deployed", "params.rule_sets": ["sqli-v33-stable"]}),
        (ARMOR, "ip_block", {"status": "deployed", "params.actions": ["block"]}),
        (DOOR, "ip_block", {"status": "deployed", "params.actions": ["block"]}),
        (DOOR, "bot_detection", {"status": "deployed"}),
        (GATEWAY, "waf", {"status": "observing", "params.rule_sets": ["OWASP 3.2"]}),
    ],
)
def test_other_families_of_other_providers(file: str, family: str, expected: dict[str, Any]) -> None:
    assert said(heard(file, family)) == expected


@pytest.mark.parametrize(
    ("file", "old", "new", "rule", "status"),
    [
        (V4, 'kind        = "zone"', 'kind = "custom"', "profiles", "runs only where another ruleset executes it"),
        (V4, "period              = 60", "period = var.period", "profiles", "period hangs on var.period"),
        (V4, 'action      = "block"', 'action = "skip"', "profiles", "is no control here"),
        (V4, 'starts_with(http.request.uri.path, \\"/people/\\")', 'ip.geoip.country eq \\"GB\\"', "profiles", None),
        (V4, 'starts_with(http.request.uri.path, \\"/people/\\")', 'http.host eq \\"x\\" and false', "profiles", None),
        (V4, 'starts_with(http.request.uri.path, \\"/people/\\")', "true", "profiles", "deployed"),
        (V4, "mitigation_timeout  = 600", "requests_to_origin = true", "profiles", None),
        (V4, "mitigation_timeout  = 600", 'counting_expression = "http.response.code eq 404"', "profiles", None),
        (V4, '"cf.colo.id", "ip.src"', '"cf.colo.id", "cf.unique_visitor_id"', "profiles", None),
        (V5, "rules = [", "rules = var.more ? [] : [", "profiles", "rules hangs on"),
        (V5, 'action      = "block"', 'action = "log"', "Profiles, by address", "no rule Profiles, by address is here"),
        (ARMOR, "security_policy = google_compute_security_policy.edge.id", "", "people", "planned"),
        (
            ARMOR,
            "security_policy = google_compute_security_policy.edge.id",
            "security_policy = var.p",
            "people",
            "not settled",
        ),
        (
            ARMOR,
            'action      = "deny(403)"\n    priority    = 900',
            'action = "allow"\n priority = 900',
            "people",
            "deployed",
        ),
        (ARMOR, 'src_ip_ranges = ["192.0.2.0/24"]', 'src_ip_ranges = ["*"]', "people", "deployed"),
        (DOOR, 'mode                = "Prevention"', 'mode = "Detection"', "peoplePerAddress", "observing"),
        (DOOR, "enabled             = true", "enabled = false", "peoplePerAddress", "planned"),
        (DOOR, "enabled                        = true", "enabled = false", "peoplePerAddress", "planned"),
        (DOOR, "azurerm_cdn_frontdoor_firewall_policy.edge.id", '"x"', "peoplePerAddress", "not settled"),
        (DOOR, 'match_values       = ["/people/"]', 'match_values = ["/shop/"]', "peoplePerAddress", "may leave out"),
        (DOOR, '"Contains"', '"BeginsWith"', "peoplePerAddress", "may leave out"),
        (DOOR, "negation_condition = false", "negation_condition = true", "peoplePerAddress", "does not take"),
        (GATEWAY, 'mode    = "Detection"', 'mode = "Prevention"', "peoplePerAddress", "deployed"),
        (GATEWAY, 'rate_limit_duration  = "FiveMins"', "", "peoplePerAddress", "no duration"),
        (GATEWAY, "firewall_policy_id  =", "# firewall_policy_id =", "peoplePerAddress", "planned"),
    ],
)
def test_small_changes_to_other_providers_files(
    tmp_path: Path, file: str, old: str, new: str, rule: str, status: str | None
) -> None:
    text = (FIXTURES / file).read_text()
    assert old in text
    resource = {V4: "cloudflare_ruleset.limits", ARMOR: POLICY}.get(file)
    account = written(tmp_path, text.replace(old, new, 1), rule=rule, urls=("/people/*",), resource=resource)
    if status in ("deployed", "observing", "planned", None):
        assert (None if account.unreadable else said(account).get("status")) == status
    else:
        assert status in silent(account)


def test_an_azure_rule_for_one_whole_address_leaves_those_with_a_query_out(tmp_path: Path) -> None:
    text = (FIXTURES / GATEWAY).read_text().replace('"Detection"', '"Prevention"').replace('["/people/"]', '["/search"]')
    asked: dict[str, Any] = {"rule": "peoplePerAddress", "urls": ("/search",)}
    assert said(written(tmp_path, text, **asked))["status"] == "deployed"
    assert "may leave out" in silent(written(tmp_path, text.replace('"BeginsWith"', '"Equal"'), **asked))


def test_a_throttle_of_everything_hides_the_rules_after_it(tmp_path: Path) -> None:
    text = (FIXTURES / ARMOR).read_text().replace("priority    = 1300", "priority    = 10")
    account = written(tmp_path, text, resource=POLICY, rule="people", urls=("/people/*",))
    assert said(account)["status"] == "observing"
    assert "rule together lets every request through" in notes(account)


def test_an_old_cloudflare_limit_that_simulates_only_observes() -> None:
    account = heard(V4, resource="cloudflare_rate_limit.old", window="minute", urls=("https://shop.example/reviews/*",))
    assert (said(account)["status"], said(account)["params.limit"]) == ("observing", 50)
    assert "does not take" in silent(heard(V4, resource="cloudflare_rate_limit.old", urls=("/people/*",)))


def test_a_rule_of_its_own_resource_lives_by_its_policy() -> None:
    account = heard(ARMOR, resource="google_compute_security_policy_rule.spare")
    assert said(account)["status"] == "planned"
    assert "rules of its own resources" in silent(heard(ARMOR, resource="google_compute_security_policy.spare"))


@pytest.mark.parametrize(
    ("declared", "read"),
    [
        (["AWSManagedRulesBotControlRuleSet"], ["AWSManagedRulesBotControlRuleSet"]),
        (["awsmanagedrulesbotcontrolruleset"], ["awsmanagedrulesbotcontrolruleset"]),
        (["AWSManagedRulesCommonRuleSet"], ["AWSManagedRulesBotControlRuleSet"]),
        (["the usual rules"], None),
    ],
)
def test_declared_rule_sets_are_denied_only_by_name(declared: list[str], read: list[str] | None) -> None:
    account = heard("aws-edge/waf.tf", "waf", resource=EDGE, rule_sets=declared)
    assert said(account).get("params.rule_sets") == read


# --- which rule is meant ---


def test_several_rules_need_a_name_and_are_listed() -> None:
    reason = silent(heard("aws-edge/waf.tf"))
    assert "several rules could be meant; name one with resource, and with options rule" in reason
    assert "aws_wafv2_web_acl.edge rule profiles-per-address" in reason


def test_a_rule_or_resource_that_does_not_exist_lists_the_others() -> None:
    assert "no rule profile is here; there are: aws_wafv2_web_acl.edge rule profiles-per-address" in silent(
        heard("aws-edge/waf.tf", resource=EDGE, rule="profile")
    )
    assert "resource aws_wafv2_web_acl.gone is not here; there are: " in silent(
        heard("aws-edge/waf.tf", resource="aws_wafv2_web_acl.gone")
    )


@pytest.mark.parametrize("family", ["terms", "robots", "governance", "access_control", "other", ""])
def test_families_that_terraform_cannot_show_are_refused(family: str) -> None:
    assert "terraform evidence is read for controls of the families" in silent(
        heard(PLAN, family or "x", resource="aws_wafv2_web_acl.spare")
    )


@pytest.mark.parametrize("options", [None, "rule", ["rule"], {"rule": None}, {"rule": 5}, {"rule": ["x"]}])
def test_options_of_another_type_are_none(options: object) -> None:
    entry = {"path": PLAN, "options": options, "resource": 7, "urls": "x", "manifest": []}
    account = terraform.account(Opener(FIXTURES), PLAN, entry, {"family": "rate_limit", "params": "x"})
    assert "several rules" in silent(account)


# --- retention ---


@pytest.mark.parametrize(
    ("file", "resource", "days"),
    [
        ("aws-edge/logs.tf", "aws_cloudwatch_log_group.waf", 30),
        ("aws-edge/logs.tf", "aws_cloudwatch_log_group.legacy", 36_500),
        ("aws-edge/logs.tf", "aws_s3_bucket_lifecycle_configuration.access_logs", 100),
        (PLAN, "aws_cloudwatch_log_group.waf", 30),
        (PLAN, "aws_cloudwatch_log_group.legacy", 36_500),
        (ARMOR, "google_storage_bucket.logs", 60),
        (ARMOR, "google_storage_bucket.archive", 36_500),
        (ARMOR, "google_logging_project_bucket_config.requests", 45),
        (DOOR, "azurerm_log_analytics_workspace.edge", 90),
    ],
)
def test_retention_is_read_where_it_stands(file: str, resource: str, days: int) -> None:
    account = heard(file, "log_monitoring", resource=resource, retention_days=30)
    assert said(account) == {"retention_days": days}
    assert place(account, "retention_days")[0] == file
    assert ("never deletes what it holds: a hundred years" in notes(account)) is (days == 36_500)


def test_without_a_declared_retention_never_is_nothing_to_hold_against() -> None:
    account = heard("aws-edge/logs.tf", "log_monitoring", resource="aws_cloudwatch_log_group.legacy")
    assert "retention_days declares nothing to hold against it" in silent(account)


def test_a_versioned_bucket_keeps_earlier_versions(tmp_path: Path) -> None:
    text = (
        (FIXTURES / "aws-edge" / "logs.tf")
        .read_text()
        .replace("noncurrent_version_expiration", "abort_incomplete_multipart_upload")
    )
    text = text.replace("noncurrent_days = 10", "days_after_initiation = 7")
    resource = "aws_s3_bucket_lifecycle_configuration.access_logs"
    account = written(tmp_path, text, "log_monitoring", resource=resource, retention_days=90)
    assert said(account) == {"retention_days": 36_500}
    assert "keeps every earlier version" in notes(account)
    suspended = text.replace('status = "Enabled"\n  }\n}\n\nresource', 'status = "Suspended"\n  }\n}\n\nresource', 1)
    assert said(written(tmp_path, suspended, "log_monitoring", resource=resource, retention_days=90)) == {
        "retention_days": 90
    }


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ('status = "Disabled"\n expiration {\n days = 5\n }', 36_500),
        ('status = "Enabled"\n transition {\n days = 5\n storage_class = "GLACIER"\n }', 36_500),
        ('status = "Enabled"\n expiration {\n expired_object_delete_marker = true\n }', 36_500),
        ('status = "Enabled"\n expiration {\n date = "2030-01-01T00:00:00Z"\n }', None),
        ("status = var.status\n expiration {\n days = 5\n }", None),
        ('status = "Enabled"\n filter {\n prefix = "logs/"\n }\n expiration {\n days = 5\n }', 5),
    ],
)
def test_lifecycle_rules_that_do_not_delete(tmp_path: Path, rule: str, days: int | None) -> None:
    text = f'resource "aws_s3_bucket_lifecycle_configuration" "x" {{\n bucket = "x"\n rule {{\n id = "a"\n {rule}\n }}\n}}\n'
    account = written(tmp_path, text, "log_monitoring", retention_days=30)
    assert silent(account) if days is None else said(account) == {"retention_days": days}


@pytest.mark.parametrize(
    ("subject", "path"),
    [
        ({"id": "partner", "logging": {"retention_days": 30}}, "logging.retention_days"),
        ({"id": "partner"}, "logging.retention_days"),
        ({"id": "crawl", "retention_days": 30}, "retention_days"),
    ],
)
def test_where_other_subjects_declare_retention(subject: dict[str, Any], path: str) -> None:
    entry = {
        "path": PLAN,
        "resource": "aws_cloudwatch_log_group.waf",
        "manifest": {"third_party_access": [{"id": "partner"}]},
    }
    before = copy.deepcopy(subject)
    assert said(terraform.account(Opener(FIXTURES), PLAN, entry, subject)) == {path: 30}
    assert subject == before


def test_several_log_groups_need_a_name() -> None:
    assert "name one with resource; there are: aws_cloudwatch_log_group.waf" in silent(
        heard(PLAN, "log_monitoring", retention_days=30)
    )
    assert "nothing here says how long" in silent(heard(V4, "log_monitoring", retention_days=30))


# --- discovery ---


@pytest.mark.parametrize(
    "file", ["aws-edge/waf.tf", "aws-edge/cdn.tf", PLAN, "state/show.json", V4, V5, ARMOR, DOOR, GATEWAY]
)
def test_what_is_discovered_is_then_read(file: str) -> None:
    found = [each for each in terraform.discover(Opener(FIXTURES), file) if each.section]
    assert len({each.item["id"] for each in found}) == len(found)
    assert bool(found) is (file != "aws-edge/cdn.tf")
    for each in found:
        assert (each.section, each.file) == ("controls", file)
        assert each.questions
        (entry,) = each.item["evidence"]
        account = terraform.account(Opener(FIXTURES), entry["path"], entry, each.item)
        read = said(account)
        assert read.pop("status", None) == each.item.get("status")
        assert read == {f"params.{name}": value for name, value in each.item.get("params", {}).items()}


def test_a_rule_that_cannot_be_read_is_not_proposed() -> None:
    found = terraform.discover(Opener(FIXTURES), "aws-edge/waf.tf")
    ids = [each.item["id"] for each in found if each.section]
    assert "search-per-address" not in ids
    assert "profiles-per-address" in ids
    left = [each.note for each in found if not each.section]
    assert any("rule search-per-address is not proposed: limit hangs on var.search_limit" in note for note in left)


def test_a_filter_that_only_recognises_bots_is_proposed_once(tmp_path: Path) -> None:
    text = (FIXTURES / "aws-edge" / "waf.tf").read_text("utf-8")
    for name in ("waf.tf", "cdn.tf", "variables.tf", "versions.tf"):
        (tmp_path / name).write_bytes((FIXTURES / "aws-edge" / name).read_bytes())
    found = [each.item["id"] for each in terraform.discover(Opener(tmp_path), "waf.tf") if each.section]
    assert ("bots" in found, "waf-edge" in found) == (True, False)
    (tmp_path / "waf.tf").write_text(text.replace("AWSManagedRulesBotControlRuleSet", "AWSManagedRulesCommonRuleSet"))
    found = [each.item["id"] for each in terraform.discover(Opener(tmp_path), "waf.tf") if each.section]
    assert ("bots" in found, "waf-edge" in found) == (False, True)


def test_a_file_that_holds_a_filter_is_named_where_its_folder_cannot_be_read(tmp_path: Path) -> None:
    for name in ("waf.tf", "cdn.tf", "versions.tf"):
        (tmp_path / name).write_bytes((FIXTURES / "aws-edge" / name).read_bytes())
    (tmp_path / "variables.tf").symlink_to(FIXTURES / "aws-edge" / "variables.tf")
    (left,) = terraform.discover(Opener(tmp_path), "waf.tf")
    assert (left.section, left.file) == ("", "waf.tf")
    assert left.note == "variables.tf is a symbolic link, and none is followed"
    assert terraform.discover(Opener(tmp_path), "versions.tf") == ()


def test_the_parser_is_not_started_for_a_file_that_holds_no_filter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def parsed(*_: object) -> object:
        raise AssertionError("started")

    monkeypatch.setattr(_child, "parsed", parsed)
    (tmp_path / "bucket.tf").write_text('resource "aws_s3_bucket" "logs" {}\n')
    assert terraform.discover(Opener(tmp_path), "bucket.tf") == ()


@pytest.mark.parametrize("data", [b"", b"\0", b"{}", b'{"format_version": 1}', b"not json", b"[" * 10_000])
def test_files_of_other_tools_propose_nothing(tmp_path: Path, data: bytes) -> None:
    for name in ("plan.json", "main.tf"):
        (tmp_path / name).write_bytes(data)
        assert terraform.discover(Opener(tmp_path), name) == ()
    assert terraform.discover(Opener(tmp_path), "gone.json") == ()


# --- anything at all ---

ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10**20) | st.text(max_size=8) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["rule", "limit", "block", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
PLACES = (
    ("rule",), ("rule", 0), ("rule", 0, "action"), ("rule", 0, "statement"), ("rule", 0, "statement", 0),
    ("rule", 0, "priority"),
    ("rule", 0, "statement", 0, "rate_based_statement"), ("rule", 0, "statement", 0, "rate_based_statement", 0, "limit"),
    ("rule", 0, "statement", 0, "rate_based_statement", 0, "evaluation_window_sec"), ("rule", 2), ("rule_json",),
    ("rule", 0, "statement", 0, "rate_based_statement", 0, "aggregate_key_type"),
    ("rule", 0, "statement", 0, "rate_based_statement", 0, "scope_down_statement"),
)  # fmt: skip
SETTINGS = settings(
    max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@SETTINGS
@given(where=st.sampled_from(PLACES), value=ANY)
def test_anything_in_a_plan_neither_crashes_nor_passes_for_a_limit(
    tmp_path: Path, where: tuple[Any, ...], value: object
) -> None:
    data = plan()
    at = change(data, "module.waf.aws_wafv2_web_acl.edge")["after"]
    for step in where[:-1]:
        at = at[step]
    at[where[-1]] = value
    account = planned(tmp_path, data)
    limits = [reading.value for reading in account.readings if reading.path == ("params", "limit")]
    assert not (account.readings and account.unreadable)
    assert all(type(limit) is int and limit > 0 for limit in limits)
    if where[-1] in ("rule", "statement", "rate_based_statement", "limit"):
        assert not limits or str(limits[0]) in json.dumps(value)


@SETTINGS
@given(data=st.binary(max_size=80) | st.text('{}[]"=$%<>\n#ab1', max_size=80).map(str.encode))
def test_any_bytes_neither_crash_nor_give_readings(tmp_path: Path, data: bytes) -> None:
    for name in ("main.tf", "tfplan.json"):
        account = written(tmp_path, data, name=name)
        assert account.readings == ()
        assert account.unreadable
        assert str(tmp_path) not in account.unreadable


def test_an_earlier_rule_that_may_let_requests_through_leaves_the_status_open(tmp_path: Path) -> None:
    by_place = """rule {
    name     = "abroad"
    priority = 1
    action {
      allow {}
    }
    statement {
      geo_match_statement {
        country_codes = ["KP"]
      }
    }
  }"""
    account = written(tmp_path, acl(before=by_place), rule="limit", urls=("/people/*",))
    assert "rule abroad may let requests through" in silent(account)


def test_a_rule_that_skips_rate_limits_leaves_the_status_open(tmp_path: Path) -> None:
    skipping = """
resource "cloudflare_ruleset" "s" {
  kind  = "zone"
  phase = "http_request_firewall_custom"
  rules {
    ref        = "skip"
    action     = "skip"
    expression = "true"
    enabled    = true
    action_parameters {
      phases = ["http_ratelimit"]
    }
  }
}
"""
    text = (FIXTURES / "cloudflare-v4/ratelimit.tf").read_text("utf-8")
    more: dict[str, Any] = {"rule": "profiles", "resource": "cloudflare_ruleset.limits", "urls": ("/people/*",)}
    assert said(written(tmp_path, text, **more))["status"] == "deployed"
    assert "rule skip may skip" in silent(written(tmp_path, text + skipping, **more))


# --- before which host ---

NAMED = CDN.replace("enabled    = true", 'enabled    = true\n  aliases    = ["www.shop.example", "*.shop.example"]')
ZONED = """
resource "cloudflare_zone" "shop" {
  name = "shop.example"
}
resource "cloudflare_ruleset" "limits" {
  zone_id = cloudflare_zone.shop.id
  kind    = "zone"
  phase   = "http_ratelimit"
  rules = [{
    description = "people"
    action      = "block"
    expression  = "true"
    ratelimit   = { characteristics = ["ip.src", "cf.colo.id"], period = 60, requests_per_period = 10 }
  }]
}
"""


@pytest.mark.parametrize(
    ("text", "resource", "urls", "is_soft"),
    [
        (acl(around=NAMED), EDGE, ("https://www.shop.example/a",), False),
        (acl(around=NAMED), EDGE, ("https://img.shop.example/a", "https://www.shop.example/a"), False),
        (acl(around=NAMED), None, ("https://www.shop.example/a",), True),
        (acl(around=NAMED), EDGE, (), True),
        (acl(around=NAMED), EDGE, ("/a",), True),
        (acl(around=NAMED), EDGE, ("https://www.shop.example/a", "https://other.example/a"), True),
        (acl(around=NAMED.replace('"*.shop.example"', "var.name")), EDGE, ("https://other.example/a",), True),
        (acl(), EDGE, ("https://www.shop.example/a",), True),
        (ZONED, "cloudflare_ruleset.limits", ("https://www.shop.example/a",), False),
        (ZONED, "cloudflare_ruleset.limits", ("https://shop.example/a",), False),
        (ZONED, "cloudflare_ruleset.limits", (), True),
    ],
)
def test_a_rule_verifies_only_before_the_host_of_the_surfaces(
    tmp_path: Path, text: str, resource: str | None, urls: tuple[str, ...], *, is_soft: bool
) -> None:
    account = written(tmp_path, text, resource=resource, urls=urls)
    assert said(account)["status"] == "deployed"
    assert {reading.soft for reading in account.readings} == {is_soft}
    assert ("is not shown here" in notes(account)) is is_soft


@pytest.mark.parametrize(("text", "resource"), [(acl(around=NAMED), EDGE), (ZONED, "cloudflare_ruleset.limits")])
def test_a_rule_before_other_hosts_proves_nothing(tmp_path: Path, text: str, resource: str) -> None:
    account = written(tmp_path, text, resource=resource, urls=("https://notshop.example/a",))
    assert "not before notshop.example" in silent(account)


def test_a_plan_ties_a_rule_to_a_host() -> None:
    more: dict[str, Any] = {"resource": "module.waf.aws_wafv2_web_acl.edge", "rule": "profiles-per-address"}
    alias = next(
        change["change"]["after"]["aliases"][0]
        for change in plan()["resource_changes"]
        if change["type"] == "aws_cloudfront_distribution"
    )
    tied = heard(PLAN, window="minute", urls=(f"https://{alias}/people/*",), **more)
    assert not any(reading.soft for reading in tied.readings)
    assert "not before" in silent(heard(PLAN, urls=("https://other.example/people/*",), **more))


# --- which requests a filter, a rule against bots or against addresses takes ---

SITE = """
resource "cloudflare_zone" "shop" {
  name = "shop.example"
}
"""


def ruleset(phase: str, *rules: str) -> str:
    """A ruleset of the zone with rules in provider 5's form."""
    return f"""
resource "cloudflare_ruleset" "r" {{
  zone_id = cloudflare_zone.shop.id
  kind    = "zone"
  phase   = "{phase}"
  rules   = [{", ".join(f"{{ {rule} }}" for rule in rules)}]
}}
"""


def expression(text: str) -> str:
    return "expression = " + json.dumps(text)


EXECUTE = 'action = "execute", action_parameters = { id = "efb7b8c949ac4650a09736fc376e9aee" }, '
MANAGED, CUSTOM, RATES = "http_request_firewall_managed", "http_request_firewall_custom", "http_ratelimit"
SHOP = ("https://shop.example/people/*",)
ADMIN = 'starts_with(http.request.uri.path, "/admin")'
ELSEWHERE, OPEN = "does not take the requests of the control's surfaces", "may leave out requests"
NO_BOTS = "does not take requests that are scored as a bot's, but others"
LIKELY_BOTS = (
    "(cf.bot_management.score ge 2 and cf.bot_management.score le 29 and not cf.bot_management.verified_bot"
    " and not cf.bot_management.static_resource)"
)


@pytest.mark.parametrize(
    ("phase", "family", "rule", "text", "status"),
    [
        (MANAGED, "waf", EXECUTE, "true", "deployed"),
        (MANAGED, "waf", EXECUTE, ADMIN, ELSEWHERE),
        (MANAGED, "waf", EXECUTE, f"not {ADMIN}", "deployed"),
        (MANAGED, "waf", EXECUTE, f"!({ADMIN})", "deployed"),
        (MANAGED, "waf", EXECUTE, 'not starts_with(http.request.uri.path, "/people/me")', OPEN),
        (MANAGED, "waf", EXECUTE, 'http.host eq "shop.example"', "deployed"),
        (MANAGED, "waf", EXECUTE, 'http.host eq "admin.shop.example"', ELSEWHERE),
        (MANAGED, "waf", EXECUTE, 'ip.geoip.country eq "KP"', OPEN),
        (CUSTOM, "bot_detection", 'action = "block", ', "cf.bot_management.score lt 30", "deployed"),
        (CUSTOM, "bot_detection", 'action = "block", ', "(cf.bot_management.score lt 30 and not cf.client.bot)", "deployed"),
        (CUSTOM, "bot_detection", 'action = "block", ', f"cf.bot_management.score lt 30 and not {ADMIN}", "deployed"),
        (CUSTOM, "bot_detection", 'action = "block", ', f"cf.bot_management.score lt 30 and {ADMIN}", ELSEWHERE),
        (CUSTOM, "bot_detection", 'action = "block", ', f"not (cf.bot_management.score ge 30 or {ADMIN})", "deployed"),
        (CUSTOM, "bot_detection", 'action = "block", ', "cf.bot_management.score lt 30 and not ssl", OPEN),
        (CUSTOM, "bot_detection", 'action = "managed_challenge", ', "cf.bot_management.score gt 30", NO_BOTS),
        (CUSTOM, "bot_detection", 'action = "block", ', "not cf.bot_management.score lt 30", NO_BOTS),
        (CUSTOM, "bot_detection", 'action = "block", ', "cf.bot_management.score ge 30 and not ssl", NO_BOTS),
        (CUSTOM, "bot_detection", 'action = "block", ', "cf.bot_management.verified_bot", NO_BOTS),
        (CUSTOM, "bot_detection", 'action = "block", ', "cf.bot_management.score gt 10", "takes all others as it takes"),
        (CUSTOM, "bot_detection", 'action = "block", ', f"cf.bot_management.score lt 30 or not {ADMIN}", "takes all others"),
        (CUSTOM, "bot_detection", 'action = "block", ', 'cf.bot_management.ja3_hash eq "e7d7"', OPEN),
        (CUSTOM, "bot_detection", 'action = "block", ', "not cf.bot_management.js_detection.passed", "deployed"),
        (CUSTOM, "bot_detection", 'action = "block", ', "cf.bot_management.score in {2..29}", "deployed"),
        (
            CUSTOM,
            "bot_detection",
            'action = "block", ',
            "cf.bot_management.score > 1 && cf.bot_management.score < 30",
            "deployed",
        ),
        (CUSTOM, "bot_detection", 'action = "block", ', LIKELY_BOTS, "deployed"),
        (CUSTOM, "ip_block", 'action = "block", ', "not ip.src in {192.0.2.0/24}", "but others"),
        (CUSTOM, "ip_block", 'action = "block", ', "ip.src in $bad and not ip.src in $office", "deployed"),
        (CUSTOM, "ip_block", 'action = "block", ', "(ip.src in {192.0.2.0/24 2001:db8::/32})", "deployed"),
        (CUSTOM, "ip_block", 'action = "block", ', f"ip.src in $bad or {ADMIN}", "deployed"),
        (CUSTOM, "ip_block", 'action = "block", ', 'ip.src in $bad and http.request.uri.path eq "/login"', ELSEWHERE),
        (CUSTOM, "ip_block", 'action = "block", ', 'ip.src in $bad and http.request.method eq "POST"', OPEN),
    ],
)
def test_filters_and_rules_against_bots_speak_for_the_paths_they_take(
    tmp_path: Path, phase: str, family: str, rule: str, text: str, status: str
) -> None:
    account = written(
        tmp_path, SITE + ruleset(phase, rule + expression(text)), family, resource="cloudflare_ruleset.r", urls=SHOP
    )
    if status == "deployed":
        assert said(account)["status"] == "deployed"
        assert not any(reading.soft for reading in account.readings)
    else:
        assert status in silent(account)


@pytest.mark.parametrize(
    ("statement", "status"),
    [
        ("limit = 1\n", "deployed"),
        (scope("STARTS_WITH", "/admin"), ELSEWHERE),
        (scope("STARTS_WITH", "/people/me"), OPEN),
        (scope("STARTS_WITH", "/admin", "not_statement {\n statement {\n {}\n }\n }"), "deployed"),
    ],
)
def test_managed_groups_speak_for_the_paths_they_take(tmp_path: Path, statement: str, status: str) -> None:
    inner = statement.replace("limit = 100\n", "").replace("limit = 1\n", "")
    text = acl(around=NAMED).replace(
        "rate_based_statement {", 'managed_rule_group_statement {\n name = "AWSManagedRulesX"', 1
    )
    text = text.replace("limit = 100", inner, 1).replace("action {\n      block {}", "override_action {\n none {}", 1)
    account = written(tmp_path, text, "waf", resource=EDGE, urls=("https://www.shop.example/people/*",))
    if status == "deployed":
        assert said(account) == {"status": "deployed", "params.rule_sets": ["AWSManagedRulesX"]}
    else:
        assert status in silent(account)


def test_preconfigured_rules_and_redirects_speak_for_the_paths_they_take(tmp_path: Path) -> None:
    preset = "evaluatePreconfiguredWaf('sqli-v33-stable', {'sensitivity': 1})"
    text = (FIXTURES / ARMOR).read_text()
    assert preset in text
    more: dict[str, Any] = {"resource": POLICY, "urls": ("/people/*",)}
    assert said(written(tmp_path, text, "waf", **more))["status"] == "deployed"
    elsewhere = text.replace(preset, f"request.path.startsWith('/admin') && {preset}")
    assert ELSEWHERE in silent(written(tmp_path, elsewhere, "waf", **more))
    less = text.replace(preset, f"!request.path.startsWith('/admin') && {preset}")
    assert said(written(tmp_path, less, "waf", **more))["status"] == "deployed"
    assert OPEN in silent(written(tmp_path, text.replace(preset, f"{preset} && origin.region_code == 'KP'"), "waf", **more))
    asked = text.replace('action      = "deny(403)"\n    priority    = 950', 'action = "redirect"\n priority = 950').replace(
        preset, "request.path.startsWith('/login')"
    )
    asked = asked.replace('description = "injection"', 'redirect_options {\n type = "GOOGLE_RECAPTCHA"\n }', 1)
    assert ELSEWHERE in silent(written(tmp_path, asked, "challenge", **more))


@pytest.mark.parametrize("url", ["https://shop.example", "https://shop.example/", "HTTPS://shop.example"])
def test_an_address_without_a_path_is_the_root(tmp_path: Path, url: str) -> None:
    login = ZONED.replace('expression  = "true"', expression('http.request.uri.path eq "/login"'))
    assert ELSEWHERE in silent(written(tmp_path, login, resource="cloudflare_ruleset.limits", urls=(url,)))
    assert ELSEWHERE in silent(written(tmp_path, acl(scope("STARTS_WITH", "/login"), around=NAMED), urls=(url,)))
    assert said(written(tmp_path, ZONED, resource="cloudflare_ruleset.limits", urls=(url,)))["status"] == "deployed"


# --- requests that never reach a rule, and rules that only count ---


def record(name: str, proxied: str, kind: str = "A", zone: str = "cloudflare_zone.shop.id") -> str:
    label = "".join(character if character.isalnum() else "_" for character in name)
    return f"""
resource "cloudflare_dns_record" "{label}" {{
  zone_id = {zone}
  name    = "{name}"
  type    = "{kind}"
  {proxied}
}}
"""


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        (record("www", "proxied = true"), "verified"),
        (record("www", "proxied = false"), "is not proxied"),
        (record("www", ""), "is not proxied"),
        (record("www.shop.example", "proxied = false", zone="var.zone"), "is not proxied"),
        (record("*", "proxied = false", "CNAME"), "is not proxied"),
        (record("*", "proxied = false") + record("www", "proxied = true"), "verified"),
        (record("www", "proxied = var.proxied"), "soft"),
        (record("www", "count = var.is_direct ? 1 : 0"), "soft"),
        (record("www", "proxied = false", "TXT"), "verified"),
        (record("@", "proxied = false") + record("mail", "proxied = false"), "verified"),
    ],
)
def test_a_host_whose_record_is_not_proxied_passes_cloudflare_by(tmp_path: Path, records: str, expected: str) -> None:
    account = written(
        tmp_path, ZONED + records, resource="cloudflare_ruleset.limits", urls=("https://www.shop.example/people/*",)
    )
    if expected == "is not proxied":
        assert "requests to www.shop.example never reach cloudflare_ruleset.limits" in silent(account)
    else:
        assert said(account)["status"] == "deployed"
        assert {reading.soft for reading in account.readings} == {expected == "soft"}


def test_the_zone_itself_may_stand_in_a_record_or_be_paused(tmp_path: Path) -> None:
    more: dict[str, Any] = {"resource": "cloudflare_ruleset.limits", "urls": ("https://shop.example/people/*",)}
    assert "is not proxied" in silent(written(tmp_path, ZONED + record("@", ""), **more))
    paused = ZONED.replace('name = "shop.example"', 'name = "shop.example"\n  paused = true')
    assert "cloudflare_zone.shop is paused" in silent(written(tmp_path, paused, **more))
    account = written(tmp_path, paused.replace("= true", "= var.paused"), **more)
    assert all(reading.soft for reading in account.readings)
    assert said(account)["status"] == "deployed"


SKIP = 'action = "skip", '


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (
            (SKIP + 'action_parameters = { rulesets = ["x"] }, expression = "true"', EXECUTE + 'expression = "true"'),
            "may skip",
        ),
        (
            (EXECUTE + 'expression = "true"', SKIP + 'action_parameters = { rulesets = ["x"] }, expression = "true"'),
            "verified",
        ),
        (
            (SKIP + 'action_parameters = { rules = { x = "y" } }, expression = "true"', EXECUTE + 'expression = "true"'),
            "soft",
        ),
        (
            (SKIP + 'action_parameters = { rules = { x = "y" } }, ' + expression(ADMIN), EXECUTE + 'expression = "true"'),
            "verified",
        ),
        ((EXECUTE + expression(ADMIN), EXECUTE + 'expression = "true"'), "verified"),
    ],
)
def test_rules_that_skip_what_a_filter_executes(tmp_path: Path, rules: tuple[str, ...], expected: str) -> None:
    account = written(tmp_path, SITE + ruleset(MANAGED, *rules), "waf", resource="cloudflare_ruleset.r", urls=SHOP)
    if expected == "may skip":
        assert "may skip cloudflare_ruleset.r" in silent(account)
    else:
        assert said(account)["status"] == "deployed"
        assert {reading.soft for reading in account.readings} == {expected == "soft"}


def test_a_rule_that_skips_super_bot_fight_mode_leaves_it_open(tmp_path: Path) -> None:
    bots = 'resource "cloudflare_bot_management" "b" {\n zone_id = cloudflare_zone.shop.id\n BOTS\n}\n'
    more: dict[str, Any] = {"resource": "cloudflare_bot_management.b", "urls": SHOP}
    skip = ruleset(CUSTOM, SKIP + 'action_parameters = { phases = ["http_request_sbfm"] }, expression = "true"')
    sbfm, simple = (
        SITE + bots.replace("BOTS", f"{word}") for word in ('sbfm_definitely_automated = "block"', "fight_mode = true")
    )
    assert said(written(tmp_path, sbfm, "bot_detection", **more))["status"] == "deployed"
    assert "may skip cloudflare_bot_management.b" in silent(written(tmp_path, sbfm + skip, "bot_detection", **more))
    # Bot Fight Mode cannot be skipped.
    assert said(written(tmp_path, simple + skip, "bot_detection", **more))["status"] == "deployed"


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        ("", "", "deployed"),
        ('methods     = ["GET"]', 'methods = ["_ALL_"]', "deployed"),
        ('methods     = ["GET"]', 'methods = ["POST"]', OPEN),
        ('schemes     = ["HTTP", "HTTPS"]', 'schemes = ["HTTP"]', OPEN),
        ('methods     = ["GET"]\n    }', 'methods = ["GET"]\n }\n response {\n origin_traffic = true\n }', "deployed"),
        ('methods     = ["GET"]\n    }', 'methods = ["GET"]\n }\n response {\n statuses = [401]\n }', OPEN),
        ("period    = 60\n\n  match", 'period = 60\n bypass_url_patterns = ["shop.example/rev*"]\n match', OPEN),
        ("period    = 60\n\n  match", 'period = 60\n bypass_url_patterns = ["shop.example/admin/*"]\n match', "deployed"),
        ('"shop.example/reviews/*"', '"*/reviews/*"', "deployed"),
        ('"shop.example/reviews/*"', '"admin.shop.example/*"', ELSEWHERE),
        ('"shop.example/reviews/*"', '"*op.example/*"', OPEN),
        ('"shop.example/reviews/*"', '"https://*.example/*"', "deployed"),
    ],
)
def test_what_an_old_cloudflare_limit_counts(tmp_path: Path, old: str, new: str, status: str) -> None:
    text = (FIXTURES / V4).read_text()
    assert old in text
    text = (
        text.replace(old, new, 1).replace('mode    = "simulate"', 'mode = "ban"') if old else text.replace("simulate", "ban")
    )
    account = written(tmp_path, text, resource="cloudflare_rate_limit.old", urls=("https://shop.example/reviews/*",))
    if status == "deployed":
        assert said(account)["status"] == "deployed"
    else:
        assert status in silent(account)


def test_a_group_whose_rules_may_only_count_is_for_a_person(tmp_path: Path) -> None:
    text = acl(around=NAMED).replace("action {\n      block {}", "override_action {\n none {}", 1)
    managed = 'managed_rule_group_statement {\n vendor_name = "AWS"\n name = "AWSManagedRulesBotControlRuleSet"\n OVERRIDE'
    text = text.replace("rate_based_statement {\n        limit = 100", managed, 1)
    for family in ("bot_detection", "waf"):
        for override, is_soft in ((COUNTED, True), ("", False)):
            account = written(
                tmp_path, text.replace("OVERRIDE", override), family, resource=EDGE, urls=("https://www.shop.example/a",)
            )
            assert said(account)["status"] == "deployed"
            assert {reading.soft for reading in account.readings} == {is_soft}
            assert ("a person has to say" in notes(account)) is is_soft


OPENING = """rule {
    name     = "guests"
    priority = 0
    action {
      allow {}
    }
    statement {
      geo_match_statement {
        country_codes = ["GB"]
      }
    }
  }
  """


def test_rules_of_a_group_stand_before_each_other_and_before_the_acls(tmp_path: Path) -> None:
    text = GROUPED.replace("OVERRIDE", "") + CDN
    opened = text.replace('rule {\n    name     = "limit"', OPENING + 'rule {\n    name     = "limit"')
    more: dict[str, Any] = {"resource": "aws_wafv2_rule_group.limits", "rule": "limit", "urls": ("/people/*",)}
    assert said(written(tmp_path, text, **more))["status"] == "deployed"
    assert "rule guests may let requests through before aws_wafv2_rule_group.limits rule limit" in silent(
        written(tmp_path, opened, **more)
    )
    counted = opened.replace("limits.arn\n", "limits.arn\n" + COUNTED.replace('"limit"', '"guests"'))
    assert said(written(tmp_path, counted, **more))["status"] == "deployed"


@pytest.mark.parametrize(
    ("group", "outer", "status"),
    [
        ("", "", "deployed"),
        (OPENING, "", "may let requests through"),
        (OPENING, "count", "deployed"),
        (OPENING, "late", "deployed"),
        ("elsewhere", "", "may let requests through"),
    ],
)
def test_a_group_before_a_rule_may_let_requests_through(tmp_path: Path, group: str, outer: str, status: str) -> None:
    own = acl(around="").partition("rule {")[2].rpartition("}\n")[0]
    text = GROUPED.replace("OVERRIDE", "").replace('name = "edge"', 'name = "edge"\n  rule {' + own, 1) + CDN
    text = text.replace(
        'rule {\n    name     = "limit"\n    priority = 1\n',
        group.replace("elsewhere", "") + 'rule {\n    name     = "limit"\n    priority = 1\n',
    )
    text = text.replace("none {}", "count {}") if outer == "count" else text
    text = text.replace('"ours"\n    priority = 1', '"ours"\n    priority = 99') if outer == "late" else text
    text = (
        text.replace("aws_wafv2_rule_group.limits.arn", "data.aws_wafv2_rule_group.shared.arn")
        if group == "elsewhere"
        else text
    )
    account = written(tmp_path, text, resource=EDGE, rule="limit", urls=("/people/*",))
    if status == "deployed":
        assert said(account)["status"] == "deployed"
    else:
        assert f"rule ours {status} before {EDGE} rule limit" in silent(account)


@pytest.mark.parametrize(
    ("family", "old", "new", "status", "note"),
    [
        ("waf", 'type    = "Microsoft_DefaultRuleSet"\n    version = "2.1"\n    action  = "Block"', "Log", "deployed", ""),
        (
            "bot_detection",
            'version = "1.1"\n    action  = "Block"',
            'version = "1.1"\n action = "Log"',
            "deployed",
            "a person has to say",
        ),
        ("waf", 'action  = "Block"', 'action = "Log"', "deployed", "a person has to say"),
    ],
)
def test_managed_sets_of_a_front_door_that_log(
    tmp_path: Path, family: str, old: str, new: str, status: str, note: str
) -> None:
    text = (FIXTURES / DOOR).read_text()
    assert old in text
    new = old.replace("Block", "Log") if new == "Log" else new
    account = written(tmp_path, text.replace(old, new), family)
    assert said(account)["status"] == status
    assert note in notes(account)


def test_a_default_rule_set_that_logs_only_observes(tmp_path: Path) -> None:
    text = (
        (FIXTURES / DOOR)
        .read_text()
        .replace('version = "2.1"\n    action  = "Block"', 'version = "2.1"\n    action  = "Log"')
    )
    head, _, tail = text.partition('managed_rule {\n    type    = "Microsoft_BotManagerRuleSet"')
    account = written(tmp_path, head + tail.partition("}\n")[2], "waf")
    assert said(account)["status"] == "observing"
    assert "has the action Log, so nothing is refused" in notes(account)


def test_rules_of_a_policy_that_are_their_own_resources_stand_in_its_order(tmp_path: Path) -> None:
    text = (FIXTURES / ARMOR).read_text()
    first = """
resource "google_compute_security_policy_rule" "first" {
  security_policy = google_compute_security_policy.edge.name
  action          = "allow"
  priority        = 5
  match {
    versioned_expr = "SRC_IPS_V1"
    config {
      src_ip_ranges = ["*"]
    }
  }
}
"""
    more: dict[str, Any] = {"resource": POLICY, "rule": "people", "urls": ("/people/*",)}
    assert said(written(tmp_path, text + first, **more))["status"] == "observing"
    halves = first.replace('["*"]', '["0.0.0.0/1", "128.0.0.0/1"]')
    assert "may let requests through" in silent(written(tmp_path, text + halves, **more))
    few = first.replace('["*"]', '["192.0.2.0/24"]')
    assert said(written(tmp_path, text + few, **more))["status"] == "deployed"
    other = first.replace("policy.edge", "policy.spare")
    assert said(written(tmp_path, text + other, **more))["status"] == "deployed"
    perhaps = first.replace("google_compute_security_policy.edge.name", "var.policy")
    assert "may let requests through" in silent(written(tmp_path, text + perhaps, **more))


def test_a_lifecycle_of_some_objects_is_for_a_person(tmp_path: Path) -> None:
    rule = 'id = "a"\n status = "Enabled"\n FILTER\n expiration {\n days = 30\n }'
    text = f'resource "aws_s3_bucket_lifecycle_configuration" "x" {{\n bucket = "x"\n rule {{\n {rule}\n }}\n}}\n'
    for narrowed, is_soft in (('filter {\n prefix = "tmp/"\n }', True), ("filter {}", False)):
        account = written(tmp_path, text.replace("FILTER", narrowed), "log_monitoring", retention_days=30)
        assert said(account) == {"retention_days": 30}
        assert [reading.soft for reading in account.readings] == [is_soft]


# --- what is switched off inside, and what refuses by other means ---

HOSTED = """
resource "aws_cloudfront_distribution" "site" {
  enabled    = true
  aliases    = ["shop.example"]
  web_acl_id = aws_wafv2_web_acl.edge.arn
}
"""
AT_SHOP = ("https://shop.example/products/*",)


def aws_rule(statement: str, action: str = "action {\n block {}\n}") -> str:
    """A web ACL before the shop's host with one rule of this statement."""
    rule = f'rule {{\n name = "one"\n priority = 1\n {action}\n statement {{\n {statement}\n}}\n}}'
    return f'resource "aws_wafv2_web_acl" "edge" {{\n name = "edge"\n scope = "CLOUDFRONT"\n {rule}\n}}\n{HOSTED}'


@pytest.mark.parametrize(
    ("override", "is_soft"),
    [
        ("", False),
        ('excluded_rule {\n name = "CategoryAI"\n}', True),
        ('rule_action_override {\n name = "CategoryAI"\n action_to_use {\n allow {}\n}\n}', True),
        ('rule_action_override {\n name = "CategoryAI"\n action_to_use {\n block {}\n}\n}', False),
    ],
)
def test_a_group_some_of_whose_rules_let_through_is_for_a_person_to_weigh(
    tmp_path: Path, override: str, *, is_soft: bool
) -> None:
    group = (
        f'managed_rule_group_statement {{\n vendor_name = "AWS"\n name = "AWSManagedRulesBotControlRuleSet"\n {override}\n}}'
    )
    text = aws_rule(group, "override_action {\n none {}\n}")
    account = written(tmp_path, text, "bot_detection", resource=EDGE, urls=AT_SHOP)
    assert said(account) == {"status": "deployed"}
    assert [reading.soft for reading in account.readings] == [is_soft]


@pytest.mark.parametrize("family", ["bot_detection", "ip_block"])
def test_a_rule_that_refuses_by_something_else_leaves_open_what_it_is(tmp_path: Path, family: str) -> None:
    account = written(tmp_path, aws_rule('geo_match_statement {\n country_codes = ["RU"]\n}'), family, resource=EDGE)
    assert "but its rule one refuses requests by something else" in silent(account)
    counting = aws_rule('geo_match_statement {\n country_codes = ["RU"]\n}', "action {\n count {}\n}")
    assert said(written(tmp_path, counting, family, resource=EDGE)) == {"status": "planned"}
    limit = written(tmp_path, aws_rule('geo_match_statement {\n country_codes = ["RU"]\n}'), resource=EDGE)
    assert said(limit) == {"status": "planned"}


GROUP_OF_AWS = 'managed_rule_group_statement {\n vendor_name = "AWS"\n name = "AWSManagedRulesCommonRuleSet"\n}'
ONLY_COUNTING = (
    f'rule {{\n name = "two"\n priority = 2\n override_action {{\n count {{}}\n}}\n statement {{\n {GROUP_OF_AWS}\n}}\n}}'
)


@pytest.mark.parametrize(
    ("statement", "action"),
    [
        ('geo_match_statement {\n country_codes = ["RU"]\n}', "action {\n block {}\n}"),
        ("rate_based_statement {\n limit = 500\n}", "action {\n captcha {}\n}"),
        ('rule_group_reference_statement {\n arn = "arn:aws:wafv2:x"\n}', "override_action {\n none {}\n}"),
        (GROUP_OF_AWS, "override_action {\n count {}\n}"),
        ("rate_based_statement {\n limit = 500\n}", "action {\n count {}\n}"),
        ("rate_based_statement {\n limit = 500\n}", "action {\n allow {}\n}"),
    ],
)
def test_a_filter_only_counts_where_no_other_rule_of_its_acl_enforces(tmp_path: Path, statement: str, action: str) -> None:
    text = aws_rule(statement, action).replace("rule {", f"{ONLY_COUNTING}\n rule {{", 1)
    account = written(tmp_path, text, "waf", resource=EDGE)
    if "count" in action or "allow" in action:
        assert said(account)["status"] == "observing"
    else:
        assert "only count, but its rule one does more" in silent(account)
    assert said(written(tmp_path, text, "waf", resource=EDGE, rule="two"))["status"] == "observing"


@pytest.mark.parametrize(("addresses", "status"), [("[]", "planned"), ('["192.0.2.0/24"]', "deployed")])
def test_a_block_of_an_empty_set_of_addresses_blocks_nobody(tmp_path: Path, addresses: str, status: str) -> None:
    listed = f'resource "aws_wafv2_ip_set" "bad" {{\n name = "bad"\n addresses = {addresses}\n}}\n'
    text = aws_rule("ip_set_reference_statement {\n arn = aws_wafv2_ip_set.bad.arn\n}") + listed
    account = written(tmp_path, text, "ip_block", resource=EDGE)
    assert said(account)["status"] == status


ZONE = 'resource "cloudflare_zone" "z" {\n zone = "shop.example"\n}\n'


@pytest.mark.parametrize(
    ("overrides", "is_soft"),
    [
        ("", False),
        ('overrides {\n categories {\n category = "wordpress"\n enabled = false\n}\n}', True),
        ('overrides {\n rules {\n id = "x"\n action = "log"\n}\n}', True),
        ('overrides {\n rules {\n id = "x"\n action = "block"\n}\n}', False),
    ],
)
def test_a_ruleset_some_of_whose_rules_are_off_is_for_a_person_to_weigh(
    tmp_path: Path, overrides: str, *, is_soft: bool
) -> None:
    executed = f'action_parameters {{\n id = "efb7b8c949ac4650a09736fc376e9aee"\n {overrides}\n}}'
    rule = f'rules {{\n action = "execute"\n expression = "true"\n {executed}\n}}'
    head = ' zone_id = cloudflare_zone.z.id\n kind = "zone"\n phase = "http_request_firewall_managed"\n'
    text = f'{ZONE}resource "cloudflare_ruleset" "m" {{\n{head} {rule}\n}}\n'
    account = written(tmp_path, text, "waf", resource="cloudflare_ruleset.m", urls=AT_SHOP)
    assert said(account)["status"] == "deployed"
    assert {reading.soft for reading in account.readings} == {is_soft}


def test_a_block_by_the_name_that_clients_give_is_not_denied(tmp_path: Path) -> None:
    head = ' zone_id = cloudflare_zone.z.id\n kind = "zone"\n phase = "http_request_firewall_custom"\n'
    rule = 'rules {\n action = "block"\n description = "bots"\n expression = "http.user_agent contains \\"GPTBot\\""\n}'
    text = f'{ZONE}resource "cloudflare_ruleset" "c" {{\n{head} {rule}\n}}\n'
    account = written(tmp_path, text, "bot_detection", resource="cloudflare_ruleset.c", urls=AT_SHOP)
    assert "but its rule bots refuses requests by something else" in silent(account)


@pytest.mark.parametrize("more", ["", "fight_mode = false\n"])
def test_a_block_of_ai_crawlers_alone_is_for_a_person_to_weigh(tmp_path: Path, more: str) -> None:
    text = f'{ZONE}resource "cloudflare_bot_management" "b" {{\n zone_id = cloudflare_zone.z.id\n {more}'
    text += ' ai_bots_protection = "block"\n}\n'
    account = written(tmp_path, text, "bot_detection", resource="cloudflare_bot_management.b", urls=AT_SHOP)
    assert said(account) == {"status": "deployed"}
    assert account.readings[0].soft


def test_what_a_module_may_hold_is_said_where_nothing_is_found(tmp_path: Path) -> None:
    text = 'module "waf" {\n source = "./waf"\n}\n'
    assert "module.waf is not read; render a plan" in silent(written(tmp_path, text))
    assert "module.waf is not read; render a plan" in silent(written(tmp_path, text, resource=EDGE))


def test_a_type_that_is_not_read_is_called_so(tmp_path: Path) -> None:
    text = 'resource "aws_wafregional_web_acl" "edge" {\n name = "edge"\n}\n'
    account = written(tmp_path, text, resource="aws_wafregional_web_acl.edge")
    assert "aws_wafregional_web_acl is no type that is read" in silent(account)


# --- what a provider's own rules may do ---

GROUP = 'managed_rule_group_statement {{\n name = "{}"\n vendor_name = "{}"\n {}\n}}'
CHALLENGING = 'rule_action_override {\n name = "CategoryAI"\n action_to_use {\n challenge {}\n}\n}'
BOT_CONTROL = "AWSManagedRulesBotControlRuleSet"
NO_OVERRIDE = "override_action {\n none {}\n}"
SHOP_ZONE = " zone_id = cloudflare_zone.shop.id\n"
OVER = (
    'action = "execute", action_parameters = { id = "x", overrides = { action = "managed_challenge" } }, expression = "true"'
)
ADAPTIVE = """
resource "google_compute_security_policy" "p" {
  rule {
    action   = "deny(403)"
    priority = 1
    match {
      expr {
        expression = "evaluateAdaptiveProtectionAutoDeploy()"
      }
    }
  }
}
"""
AZURE_BOTS = """
resource "azurerm_cdn_frontdoor_firewall_policy" "p" {
  mode = "Prevention"
  managed_rule {
    type    = "Microsoft_BotManagerRuleSet"
    version = "1.1"
    action  = "Block"
    override {
      rule_group_name = "UnknownBots"
      rule {
        rule_id = "Bot300500"
        enabled = true
        action  = "JSChallenge"
      }
    }
  }
}
"""


def bots(settings: str) -> str:
    """What a zone of Cloudflare does about bots."""
    return f'{SITE}resource "cloudflare_bot_management" "p" {{\n{SHOP_ZONE} {settings}\n}}\n'


@pytest.mark.parametrize(
    ("text", "family", "resource"),
    [
        (aws_rule(GROUP.format("Bots_Managed", "F5", ""), NO_OVERRIDE), "bot_detection", EDGE),
        (aws_rule(GROUP.format(BOT_CONTROL, "Other", ""), NO_OVERRIDE), "bot_detection", EDGE),
        (aws_rule(GROUP.format("Addresses", "Another", ""), NO_OVERRIDE), "ip_block", EDGE),
        (aws_rule(GROUP.format("AWSManagedRulesCommonRuleSet", "AWS", CHALLENGING), NO_OVERRIDE), "challenge", EDGE),
        (aws_rule(GROUP.format("AWSManagedRulesAntiDDoSRuleSet", "AWS", ""), NO_OVERRIDE), "anomaly_throttle", EDGE),
        (SITE + ruleset(MANAGED, OVER), "challenge", "cloudflare_ruleset.r"),
        (SITE + ruleset("ddos_l7", OVER), "anomaly_throttle", "cloudflare_ruleset.r"),
        (bots('sbfm_definitely_automated = "managed_challenge"'), "challenge", "cloudflare_bot_management.p"),
        (bots("fight_mode = true"), "challenge", "cloudflare_bot_management.p"),
        (ADAPTIVE, "anomaly_throttle", "google_compute_security_policy.p"),
        (AZURE_BOTS, "challenge", "azurerm_cdn_frontdoor_firewall_policy.p"),
    ],
)
def test_what_a_set_of_a_provider_does_by_itself_is_not_denied(
    tmp_path: Path, text: str, family: str, resource: str
) -> None:
    assert "refuses requests by something else" in silent(written(tmp_path, text, family, resource=resource, urls=AT_SHOP))


@pytest.mark.parametrize(
    ("text", "family", "resource"),
    [
        (aws_rule(GROUP.format("AWSManagedRulesCommonRuleSet", "AWS", ""), NO_OVERRIDE), "bot_detection", EDGE),
        (aws_rule(GROUP.format("AWSManagedRulesCommonRuleSet", "AWS", ""), NO_OVERRIDE), "challenge", EDGE),
        (bots('sbfm_definitely_automated = "block"'), "challenge", "cloudflare_bot_management.p"),
        (AZURE_BOTS.replace("JSChallenge", "Log"), "challenge", "azurerm_cdn_frontdoor_firewall_policy.p"),
    ],
)
def test_a_set_that_is_known_to_do_something_else_denies(tmp_path: Path, text: str, family: str, resource: str) -> None:
    assert said(written(tmp_path, text, family, resource=resource, urls=AT_SHOP)) == {"status": "planned"}


def test_a_group_of_another_vendor_is_not_the_one_of_aws(tmp_path: Path) -> None:
    text = aws_rule(GROUP.format("AWSManagedRulesCommonRuleSet", "Other", ""), NO_OVERRIDE)
    sets = ["AWSManagedRulesCommonRuleSet"]
    account = written(tmp_path, text, "waf", resource=EDGE, urls=AT_SHOP, rule_sets=sets)
    assert said(account)["params.rule_sets"] == ["Other AWSManagedRulesCommonRuleSet"]


# --- which addresses are blocked ---

ADDRESSES = 'resource "aws_wafv2_ip_set" "bad" {\n name = "bad"\n addresses = ["203.0.113.0/24"]\n}\n'
CLAIMED = (
    'ip_set_forwarded_ip_config {\n header_name = "X-Forwarded-For"\n position = "FIRST"\n fallback_behavior = "MATCH"\n}'
)


@pytest.mark.parametrize(("claimed", "is_soft"), [("", False), (CLAIMED, True)])
def test_a_block_of_the_address_that_a_header_claims_is_for_a_person(tmp_path: Path, claimed: str, *, is_soft: bool) -> None:
    statement = f"ip_set_reference_statement {{\n arn = aws_wafv2_ip_set.bad.arn\n {claimed}\n}}"
    account = written(tmp_path, ADDRESSES + aws_rule(statement), "ip_block", resource=EDGE, urls=AT_SHOP)
    status = next(reading for reading in account.readings if reading.path == ("status",))
    assert (status.value, status.soft) == ("deployed", is_soft)
    assert ("X-Forwarded-For claims" in status.note) is is_soft


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("negation_condition = false", "negation_condition = true"),
        ('"IPMatch"', '"GeoMatch"'),
        ('["203.0.113.0/24"]', "[]"),
    ],
)
def test_an_azure_rule_for_other_addresses_than_those_listed_is_no_block_of_them(tmp_path: Path, old: str, new: str) -> None:
    text = """
resource "azurerm_cdn_frontdoor_firewall_policy" "p" {
  mode = "Prevention"
  custom_rule {
    name     = "listed"
    priority = 1
    type     = "MatchRule"
    action   = "Block"
    match_condition {
      match_variable     = "RemoteAddr"
      operator           = "IPMatch"
      negation_condition = false
      match_values       = ["203.0.113.0/24"]
    }
  }
}
resource "azurerm_cdn_frontdoor_security_policy" "s" {
  cdn_frontdoor_firewall_policy_id = azurerm_cdn_frontdoor_firewall_policy.p.id
}
"""
    more: dict[str, Any] = {"resource": "azurerm_cdn_frontdoor_firewall_policy.p", "urls": AT_SHOP}
    assert said(written(tmp_path, text, "ip_block", **more))["status"] == "deployed"
    changed = text.replace(old, new)
    assert changed != text
    assert "refuses requests by something else" in silent(written(tmp_path, changed, "ip_block", **more))


# --- one of several distributions is off ---

OTHER_CDN = """
resource "aws_cloudfront_distribution" "other" {
  enabled    = true
  aliases    = ["other.example"]
  web_acl_id = aws_wafv2_web_acl.edge.arn
}
"""


@pytest.mark.parametrize("is_first", [True, False])
def test_a_distribution_that_is_off_says_nothing_of_one_that_is_on(tmp_path: Path, *, is_first: bool) -> None:
    off = NAMED.replace("enabled    = true", "enabled    = false")
    text = acl(around=off + OTHER_CDN if is_first else OTHER_CDN + off)
    live = written(tmp_path, text, resource=EDGE, urls=("https://other.example/people/*",))
    assert said(live)["status"] == "deployed"
    assert not any(reading.soft for reading in live.readings)
    dead = silent(written(tmp_path, text, resource=EDGE, urls=("https://www.shop.example/people/*",)))
    assert "not before www.shop.example" in dead
    both = text.replace("enabled    = true", "enabled    = false")
    account = written(tmp_path, both, resource=EDGE, urls=("https://www.shop.example/people/*",))
    assert said(account)["status"] == "planned"
    assert not any(reading.soft for reading in account.readings)


# --- a group that several web ACLs bring in ---

SHARED_GROUP = """
resource "aws_wafv2_rule_group" "g" {
  name = "g"
  rule {
    name     = "limit"
    priority = 1
    action {
      block {}
    }
    statement {
      rate_based_statement {
        limit = 100
      }
    }
  }
}
resource "aws_cloudfront_distribution" "prod" {
  enabled    = true
  web_acl_id = aws_wafv2_web_acl.prod.arn
}
"""
STAGING = 'resource "aws_cloudfront_distribution" "s" {\n enabled = true\n web_acl_id = aws_wafv2_web_acl.staging.arn\n}\n'


def brings_in(name: str, override: str) -> str:
    """A web ACL that brings in the group."""
    reference = "rule_group_reference_statement {\n arn = aws_wafv2_rule_group.g.arn\n}"
    override = f"override_action {{\n {override} {{}}\n}}"
    rule = f'rule {{\n name = "g"\n priority = 1\n {override}\n statement {{\n {reference}\n}}\n}}'
    return f'resource "aws_wafv2_web_acl" "{name}" {{\n name = "{name}"\n {rule}\n}}\n'


@pytest.mark.parametrize("is_first", [True, False])
def test_a_group_that_another_acl_only_counts_is_in_force_where_it_is_enforced(tmp_path: Path, *, is_first: bool) -> None:
    acls = [brings_in("staging", "count"), brings_in("prod", "none")]
    text = "".join(acls if is_first else reversed(acls)) + SHARED_GROUP
    assert said(written(tmp_path, text, resource="aws_wafv2_rule_group.g"))["status"] == "deployed"
    assert "differ in what they make of it" in silent(written(tmp_path, text + STAGING, resource="aws_wafv2_rule_group.g"))
    alone = brings_in("prod", "count") + SHARED_GROUP
    assert said(written(tmp_path, alone, resource="aws_wafv2_rule_group.g"))["status"] == "observing"


# --- whom a challenge takes ---

RECAPTCHA = """
resource "google_compute_security_policy" "p" {
  rule {
    action   = "redirect"
    priority = 1
    match {
      expr {
        expression = "token.recaptcha_session.score < 0.3"
      }
    }
    redirect_options {
      type = "GOOGLE_RECAPTCHA"
    }
  }
}
"""
AZURE_CHALLENGE = """
resource "azurerm_cdn_frontdoor_firewall_policy" "p" {
  mode = "Prevention"
  custom_rule {
    name   = "agents"
    type   = "MatchRule"
    action = "JSChallenge"
    match_condition {
      match_variable = "RequestHeader"
      selector       = "User-Agent"
      operator       = "Contains"
      match_values   = ["python"]
    }
  }
}
"""


@pytest.mark.parametrize("family", ["bot_detection", "ip_block"])
@pytest.mark.parametrize(
    ("text", "resource"),
    [
        (aws_rule('geo_match_statement {\n country_codes = ["RU"]\n}', "action {\n captcha {}\n}"), EDGE),
        (
            SITE
            + ruleset(
                "http_request_firewall_custom",
                'action = "managed_challenge", expression = "http.user_agent contains \\"python\\""',
            ),
            "cloudflare_ruleset.r",
        ),
        (RECAPTCHA, "google_compute_security_policy.p"),
        (AZURE_CHALLENGE, "azurerm_cdn_frontdoor_firewall_policy.p"),
    ],
)
def test_a_rule_that_challenges_leaves_open_whom(tmp_path: Path, text: str, resource: str, family: str) -> None:
    assert "refuses requests by something else" in silent(written(tmp_path, text, family, resource=resource, urls=AT_SHOP))
    assert said(written(tmp_path, text, resource=resource, urls=AT_SHOP)) == {"status": "planned"}


LABELLED = """
rule {{
  name     = "act"
  priority = 5
  action {{
    {action} {{}}
  }}
  statement {{
    label_match_statement {{
      scope = "NAMESPACE"
      key   = "{key}"
    }}
  }}
}}
"""


@pytest.mark.parametrize(
    ("statement", "action", "key", "is_open"),
    [
        (GROUP.format(BOT_CONTROL, "AWS", ""), "block", "awswaf:managed:aws:bot-control:bot:category:", True),
        (GROUP.format(BOT_CONTROL, "AWS", ""), "captcha", "awswaf:managed:aws:bot-control:signal:", True),
        (GROUP.format(BOT_CONTROL, "AWS", ""), "count", "awswaf:managed:aws:bot-control:signal:", False),
        (GROUP.format(BOT_CONTROL, "AWS", ""), "block", "far", False),
    ],
)
def test_a_group_that_only_counts_may_leave_its_labels_to_another_rule(
    tmp_path: Path, statement: str, action: str, key: str, *, is_open: bool
) -> None:
    acting = LABELLED.format(action=action, key=key)
    text = aws_rule(statement, "override_action {\n count {}\n}").replace("rule {", f"{acting}\nrule {{", 1)
    account = written(tmp_path, text, "bot_detection", resource=EDGE, urls=AT_SHOP)
    if is_open:
        assert "only counts, but rule act refuses requests by a label" in silent(account)
    else:
        assert said(account)["status"] == "observing"


@pytest.mark.parametrize(("label", "is_open"), [('}\n rule_label {\n name = "many"\n', True), ("", False)])
def test_a_limit_that_only_counts_may_leave_its_label_to_another_rule(tmp_path: Path, label: str, *, is_open: bool) -> None:
    acting = LABELLED.format(action="block", key="many")
    counting = f"rate_based_statement {{\n limit = 100\n}}\n{label}"
    text = aws_rule(counting, "action {\n count {}\n}").replace("rule {", f"{acting}\nrule {{", 1)
    account = written(tmp_path, text, resource=EDGE, rule="one", urls=AT_SHOP)
    if is_open:
        assert "only counts, but rule act refuses requests by a label" in silent(account)
    else:
        assert said(account)["status"] == "observing"


# --- what puts a firewall in force and is not read ---

ANNOTATED = 'metadata {\n annotations = {\n "alb.ingress.kubernetes.io/wafv2-acl-arn" = aws_wafv2_web_acl.edge.arn\n}\n}'
BY_LOCAL = "locals {\n notes = { acl = aws_wafv2_web_acl.edge.arn }\n}\n"
THROTTLED = """
resource "google_compute_security_policy" "p" {
  rule {
    action   = "throttle"
    priority = 1
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
    rate_limit_options {
      conform_action = "allow"
      exceed_action  = "deny(429)"
      enforce_on_key = "IP"
      rate_limit_threshold {
        count        = 100
        interval_sec = 60
      }
    }
  }
}
"""


@pytest.mark.parametrize(
    ("text", "resource", "by"),
    [
        (acl(around=f'resource "kubernetes_ingress_v1" "app" {{\n {ANNOTATED}\n}}'), EDGE, "kubernetes_ingress_v1.app"),
        (
            acl(around=f'{BY_LOCAL}resource "kubernetes_ingress_v1" "app" {{\n metadata = local.notes\n}}'),
            EDGE,
            "kubernetes_ingress_v1.app",
        ),
        (
            acl(around='resource "helm_release" "app" {\n values = [yamlencode({ waf = aws_wafv2_web_acl.edge.arn })]\n}'),
            EDGE,
            "helm_release.app",
        ),
        (acl(around='output "acl" {\n value = try(aws_wafv2_web_acl.edge.arn, null)\n}'), EDGE, "output acl"),
        (
            f'{THROTTLED}resource "kubernetes_manifest" "b" {{\n manifest = google_compute_security_policy.p.name\n}}',
            "google_compute_security_policy.p",
            "kubernetes_manifest.b",
        ),
    ],
)
def test_what_is_handed_to_something_that_is_not_read_may_be_in_force(
    tmp_path: Path, text: str, resource: str, by: str
) -> None:
    assert f"but {by} hands it on" in silent(written(tmp_path, text, resource=resource))


@pytest.mark.parametrize(
    "other",
    [
        'resource "aws_wafv2_web_acl_logging_configuration" "w" {\n resource_arn = aws_wafv2_web_acl.edge.arn\n}',
        'resource "aws_cloudwatch_metric_alarm" "w" {\n dimensions = { WebACL = aws_wafv2_web_acl.edge.name }\n}',
        'resource "terraform_data" "w" {\n depends_on = [aws_wafv2_web_acl.edge]\n}',
        BY_LOCAL,
    ],
)
def test_what_only_watches_a_firewall_puts_it_before_nothing(tmp_path: Path, other: str) -> None:
    assert said(written(tmp_path, acl(around=other), resource=EDGE))["status"] == "planned"


def test_a_plan_and_a_state_show_what_hands_a_firewall_on(tmp_path: Path) -> None:
    data = plan()
    data["resource_changes"] = [each for each in data["resource_changes"] if not each["type"].startswith("aws_cloudfront")]
    root = data["configuration"]["root_module"]
    root.pop("outputs", None)
    root["resources"] = []
    assert said(planned(tmp_path, data))["status"] == "planned"
    references = {"references": ["module.waf.acl_arn", "module.waf"]}
    root["resources"] = [{"address": "helm_release.app", "type": "helm_release", "expressions": {"values": references}}]
    output = {"expression": {"references": ["aws_wafv2_web_acl.edge.arn", "aws_wafv2_web_acl.edge"]}}
    root["module_calls"]["waf"]["module"]["outputs"] = {"acl_arn": output}
    assert "but helm_release.app hands it on" in silent(planned(tmp_path, data))


def test_a_large_state_is_searched_for_what_it_hands_on_in_time(tmp_path: Path) -> None:
    def one(kind: str, number: int, **values: str) -> dict[str, Any]:
        return {"address": f"{kind}.x{number}", "type": kind, "mode": "managed", "values": values}

    names = [f"/aws/lambda/{number}" for number in range(5000)]
    logs = [one("aws_cloudwatch_log_group", number, name=name, id=name) for number, name in enumerate(["/", *names])]
    roles = [one("aws_iam_role", number, assume_role_policy="x" * 1500) for number in range(4000)]
    state = {"format_version": "1.0", "values": {"root_module": {"resources": logs + roles}}}
    with ends():
        written(tmp_path, json.dumps(state), None, "show.json", resource="aws_cloudwatch_log_group.x7", retention_days=30)


def test_a_state_shows_what_holds_the_arn_of_a_firewall(tmp_path: Path) -> None:
    state = json.loads((FIXTURES / "state" / "show.json").read_text())
    module = state["values"]["root_module"]
    modules = [module, *module.get("child_modules", [])]
    found = next(one for each in modules for one in each.get("resources", ()) if one["type"] == "aws_wafv2_web_acl")
    for each in modules:
        each["resources"] = [one for one in each.get("resources", ()) if one is found]
    address, rule = found["address"], found["values"]["rule"][0]["name"]
    alone = written(tmp_path, json.dumps(state), name="show.json", resource=address, rule=rule)
    assert said(alone)["status"] == "planned"
    values = {"annotations": {"alb.ingress.kubernetes.io/wafv2-acl-arn": found["values"]["arn"]}}
    module["resources"].append({"address": "kubernetes_ingress_v1.app", "type": "kubernetes_ingress_v1", "values": values})
    account = written(tmp_path, json.dumps(state), name="show.json", resource=address, rule=rule)
    assert "but kubernetes_ingress_v1.app hands it on" in silent(account)


# --- what deletes a part, or another version ---

STORED = """
resource "google_storage_bucket" "logs" {{
  name = "logs"
  {more}
  lifecycle_rule {{
    action {{
      type = "Delete"
    }}
    condition {{
      age = 30
      {condition}
    }}
  }}
}}
"""
KEEPING = "versioning {\n enabled = true\n}"
EARLIER = 'lifecycle_rule {\n action {\n type = "Delete"\n}\n condition {\n days_since_noncurrent_time = 7\n}\n}'
STORE = "google_storage_bucket.logs"


@pytest.mark.parametrize(
    ("condition", "more", "days", "is_soft"),
    [
        ('with_state = "LIVE"', "", 30, False),
        ('with_state = "LIVE"', KEEPING, 36_500, False),
        ('with_state = "LIVE"', f"{KEEPING}\n{EARLIER}", None, False),
        ('with_state = "ARCHIVED"', "", 36_500, False),
        ("with_state = var.state", "", None, False),
        ("num_newer_versions = 3", "", 36_500, False),
        ('matches_prefix = ["access/"]', "", 30, True),
        ("matches_suffix = var.names", "", 30, True),
        ("", KEEPING, 30, False),
    ],
)
def test_objects_of_cloud_storage_that_a_rule_deletes(
    tmp_path: Path, condition: str, more: str, days: int | None, *, is_soft: bool
) -> None:
    text = STORED.format(condition=condition, more=more)
    account = written(tmp_path, text, "log_monitoring", resource=STORE, retention_days=30)
    if days is None:
        assert silent(account)
        return
    assert said(account) == {"retention_days": days}
    assert account.readings[0].soft is is_soft


def test_a_plan_knows_only_after_apply_which_state_is_taken_where_none_is_written(tmp_path: Path) -> None:
    rule = {"action": [{"type": "Delete"}], "condition": [{"age": 30, "matches_prefix": [], "num_newer_versions": None}]}
    unknown = {"id": True, "lifecycle_rule": [{"action": [{}], "condition": [{"matches_prefix": [], "with_state": True}]}]}
    after = {"name": "logs", "lifecycle_rule": [rule]}
    bucket = {"address": STORE, "type": "google_storage_bucket", "mode": "managed"}
    data = {"format_version": "1.2", "resource_changes": [{**bucket, "change": {"after": after, "after_unknown": unknown}}]}
    account = written(tmp_path, json.dumps(data), "log_monitoring", "tfplan.json", resource=STORE, retention_days=30)
    assert said(account) == {"retention_days": 30}


SPLIT = """
resource "aws_s3_bucket_lifecycle_configuration" "x" {{
  bucket = aws_s3_bucket.x.id
  rule {{
    id     = "current"
    status = "Enabled"
    expiration {{
      days = 90
    }}
  }}
  rule {{
    id     = "earlier"
    status = "Enabled"
    noncurrent_version_expiration {{
      noncurrent_days = 30
      {more}
    }}
  }}
}}
{versioning}
"""
VERSIONED = (
    'resource "aws_s3_bucket_versioning" "x" {{\n bucket = aws_s3_bucket.x.id\n'
    ' versioning_configuration {{\n status = "{}"\n}}\n}}'
)


@pytest.mark.parametrize(
    ("more", "versioning", "days"),
    [
        ("", VERSIONED.format("Enabled"), 120),
        ("", VERSIONED.format("Suspended"), 120),
        ("", VERSIONED.format("Disabled"), 90),
        ("newer_noncurrent_versions = 3", VERSIONED.format("Enabled"), 36_500),
        ("", "", None),
    ],
)
def test_earlier_versions_may_be_deleted_by_a_rule_of_their_own(
    tmp_path: Path, more: str, versioning: str, days: int | None
) -> None:
    text = SPLIT.format(more=more, versioning=versioning)
    resource = "aws_s3_bucket_lifecycle_configuration.x"
    account = written(tmp_path, text, "log_monitoring", resource=resource, retention_days=120)
    if days is None:
        assert "whether there are any is not shown here" in silent(account)
    else:
        assert said(account) == {"retention_days": days}


# --- one of several firewalls ---


def _acl(address: str, limit: int) -> dict[str, Any]:
    """A web ACL that a plan makes."""
    statement = [{"rate_based_statement": [{"limit": limit, "aggregate_key_type": "IP"}]}]
    rule = {"name": "limit", "priority": 1, "action": [{"block": [{}], "count": []}], "statement": statement}
    return _made(address, {"rule": [rule]}, {"arn": True})


def _site(address: str, alias: str) -> dict[str, Any]:
    return _made(address, {"enabled": True, "aliases": [alias]}, {"web_acl_id": True})


def _made(address: str, after: dict[str, Any], unknown: dict[str, Any]) -> dict[str, Any]:
    kind = address.partition("aws_")[1] + address.partition("aws_")[2].partition(".")[0]
    return {"address": address, "type": kind, "mode": "managed", "change": {"after": after, "after_unknown": unknown}}


def _plan_of(changes: list[dict[str, Any]], *references: str, module: str = "") -> str:
    expressions = {"web_acl_id": {"references": list(references)}}
    inner: dict[str, Any] = {"resources": [{"address": "aws_cloudfront_distribution.site", "expressions": expressions}]}
    root = {"module_calls": {module: {"module": inner}}} if module else inner
    return json.dumps({"format_version": "1.2", "resource_changes": changes, "configuration": {"root_module": root}})


def test_a_choice_between_firewalls_that_a_plan_leaves_open_attaches_neither(tmp_path: Path) -> None:
    lax, strict = "aws_wafv2_web_acl.lax", "aws_wafv2_web_acl.strict"
    changes = [_acl(lax, 90_000), _acl(strict, 100), _site("aws_cloudfront_distribution.site", "shop.example")]
    text = _plan_of(changes, "var.strict", f"{strict}.arn", strict, f"{lax}.arn", lax)
    account = written(tmp_path, text, name="tfplan.json", resource=strict, urls=AT_SHOP)
    assert f"names {lax} as well" in silent(account)
    alone = _plan_of(changes, "var.strict", f"{strict}.arn", strict)
    assert said(written(tmp_path, alone, name="tfplan.json", resource=strict, urls=AT_SHOP))["status"] == "deployed"


@pytest.mark.parametrize(
    ("site", "firewall", "references", "module"),
    [
        ("aws_cloudfront_distribution.site{}", f"{EDGE}{{}}", (EDGE, "each.key"), ""),
        ("module.site{}.aws_cloudfront_distribution.site", f"module.site{{}}.{EDGE}", (f"{EDGE}.arn", EDGE), "site"),
    ],
)
def test_a_firewall_stands_before_the_instance_of_its_own_key(
    tmp_path: Path, site: str, firewall: str, references: tuple[str, ...], module: str
) -> None:
    keys = {'["prod"]': "shop.example", '["staging"]': "staging.example"}
    changes = [
        made for key, host in keys.items() for made in (_acl(firewall.format(key), 100), _site(site.format(key), host))
    ]
    text = _plan_of(changes, *references, module=module)
    prod, staging = (firewall.format(key) for key in keys)
    account = written(tmp_path, text, name="tfplan.json", resource=prod, urls=AT_SHOP)
    assert said(account)["status"] == "deployed"
    assert not any(reading.soft for reading in account.readings)
    other = written(tmp_path, text, name="tfplan.json", resource=staging, urls=AT_SHOP)
    assert "stands before staging.example, and not before shop.example" in silent(other)


def test_which_instance_is_named_by_anything_else_than_the_key_is_open(tmp_path: Path) -> None:
    firewalls = [_acl(f'{EDGE}["{tier}"]', 100) for tier in ("lax", "strict")]
    changes = [*firewalls, _site('aws_cloudfront_distribution.site["prod"]', "shop.example")]
    text = _plan_of(changes, EDGE, "each.value.tier", "each.value")
    account = written(tmp_path, text, name="tfplan.json", resource=f'{EDGE}["strict"]', urls=AT_SHOP)
    assert f'names {EDGE}["lax"] as well' in silent(account)


CLOSER = """
resource "aws_cloudfront_distribution" "closer" {{
  enabled = {enabled}
  aliases = ["{alias}"]
}}
"""


@pytest.mark.parametrize(
    ("alias", "enabled", "is_taken"),
    [
        ("shop.example", "true", True),
        ("*.shop.example", "true", False),
        ("shop.example", "false", False),
        ("other.example", "true", False),
    ],
)
def test_cloudfront_sends_a_request_to_the_closest_name(tmp_path: Path, alias: str, enabled: str, *, is_taken: bool) -> None:
    wide = HOSTED.replace("shop.example", "*.example")
    text = acl(around=wide + CLOSER.format(alias=alias, enabled=enabled))
    account = written(tmp_path, text, resource=EDGE, urls=AT_SHOP)
    if is_taken:
        assert "aws_cloudfront_distribution.closer takes the requests to shop.example by a closer name" in silent(account)
    else:
        assert not any(reading.soft for reading in account.readings)
        assert said(account)["status"] == "deployed"


# --- policies of listeners and paths, and sets some of whose rules are off ---

GATEWAY_POLICY = """
resource "azurerm_web_application_firewall_policy" "p" {{
  policy_settings {{
    mode = "Prevention"
  }}
  custom_rules {{
    name                 = "limit"
    priority             = 1
    rule_type            = "RateLimitRule"
    action               = "Block"
    rate_limit_duration  = "OneMin"
    rate_limit_threshold = 100
    group_rate_limit_by  = "ClientAddr"
    match_conditions {{
      match_variables {{
        variable_name = "RequestUri"
      }}
      operator     = "Contains"
      match_values = ["/"]
    }}
  }}
  managed_rules {{
    managed_rule_set {{
      type    = "Microsoft_BotManagerRuleSet"
      version = "1.0"
      {override}
    }}
  }}
}}
resource "azurerm_application_gateway" "g" {{
  {attached}
}}
"""
BY_P = "firewall_policy_id = azurerm_web_application_firewall_policy.p.id"
BY_Q = BY_P.replace(".p.", ".q.")
AT_HOST = 'http_listener {{\n host_name = "{}"\n {}\n}}'
AT_PATH = 'url_path_map {{\n path_rule {{\n paths = ["{}"]\n {}\n}}\n}}'
BY_LISTENERS = 'dynamic "http_listener" {\n for_each = var.sites\n content {}\n}'


@pytest.mark.parametrize(
    ("attached", "is_known"),
    [
        (BY_P, True),
        (f"{BY_P}\n{AT_HOST.format('other.example', BY_Q)}", True),
        (f"{BY_P}\n{AT_HOST.format('shop.example', '')}", True),
        (f"{BY_P}\n{AT_HOST.format('shop.example', BY_Q)}", None),
        (f"{BY_P}\n{AT_PATH.format('/products/*', BY_Q)}", None),
        (f"{BY_P}\n{AT_PATH.format('/cart/*', BY_Q)}", True),
        (f"{BY_P}\n{BY_LISTENERS}", None),
        (f"{BY_P}\n{AT_HOST.format('', BY_Q)}", None),
        (AT_HOST.format("shop.example", BY_P), None),
        (AT_HOST.format("", BY_P), None),
        (AT_HOST.format("other.example", BY_P), False),
        (AT_PATH.format("/products/*", BY_P), None),
        (AT_PATH.format("/cart/*", BY_P), False),
    ],
)
def test_a_policy_of_a_gateway_counts_where_no_closer_one_does(
    tmp_path: Path, attached: str, *, is_known: bool | None
) -> None:
    text = GATEWAY_POLICY.format(attached=attached, override="")
    account = written(tmp_path, text, resource="azurerm_web_application_firewall_policy.p", urls=AT_SHOP)
    if is_known is False:
        assert "stands before other listeners or paths" in silent(account)
        return
    assert said(account)["status"] == "deployed"
    assert ("may go by another policy" in notes(account)) is (is_known is None)


@pytest.mark.parametrize(
    ("rules", "is_whole"),
    [
        ("", False),
        ('rule {\n id = "100100"\n}', False),
        ('rule {\n id = "100100"\n enabled = true\n action = "Log"\n}', False),
        ('rule {\n id = "100100"\n enabled = true\n action = "Block"\n}', True),
    ],
)
def test_a_set_of_azure_some_of_whose_rules_are_off_is_for_a_person_to_weigh(
    tmp_path: Path, rules: str, *, is_whole: bool
) -> None:
    override = f'rule_group_override {{\n rule_group_name = "BadBots"\n {rules}\n}}'
    text = GATEWAY_POLICY.format(attached=BY_P, override=override)
    resource = "azurerm_web_application_firewall_policy.p"
    account = written(tmp_path, text, "bot_detection", resource=resource, urls=AT_SHOP)
    assert said(account) == {"status": "deployed"}
    assert ("some of its rules are off" not in notes(account)) is is_whole


# --- rules without a name ---


@pytest.mark.parametrize("count", [1, 2])
def test_a_rule_without_a_name_is_not_proposed_by_its_line(tmp_path: Path, count: int) -> None:
    rules = ", ".join(['{ action = "block", expression = "ip.src in $bad" }'] * count)
    head = ' kind = "zone"\n phase = "http_request_firewall_custom"\n'
    text = f'resource "cloudflare_ruleset" "c" {{\n{head} rules = [{rules}]\n}}\n'
    (tmp_path / "main.tf").write_text(text)
    found = terraform.discover(Opener(tmp_path), "main.tf")
    items = [each.item for each in found if each.section]
    assert [(item["id"], "options" in item["evidence"][0]) for item in items] == [("ip-block-c", False)][: 2 - count]
    assert all("several rules could be meant" in each.note for each in found if not each.section)


# --- a zone within a zone ---

INNER = 'resource "cloudflare_zone" "inner" {{\n name = "{}"\n}}\n'


@pytest.mark.parametrize(
    ("more", "url", "is_apart"),
    [
        (INNER.format("api.shop.example"), "https://api.shop.example/people/*", True),
        (INNER.format("api.shop.example"), "https://v1.api.shop.example/people/*", True),
        (INNER.format("api.shop.example"), "https://www.shop.example/people/*", False),
        (INNER.format("example"), "https://api.shop.example/people/*", False),
        (record("api", 'content = "ns1.else.example"', "NS"), "https://api.shop.example/people/*", True),
        (record("api", 'content = "ns1.else.example"', "NS"), "https://rapi.shop.example/people/*", False),
        (record("@", 'content = "ns1.else.example"', "NS"), "https://api.shop.example/people/*", False),
    ],
)
def test_a_host_in_a_zone_of_its_own_passes_the_wider_one_by(tmp_path: Path, more: str, url: str, *, is_apart: bool) -> None:
    account = written(tmp_path, ZONED + more, resource="cloudflare_ruleset.limits", urls=(url,))
    if is_apart:
        assert "lies in the zone api.shop.example, which cloudflare_ruleset.limits is not of" in silent(account)
    else:
        assert said(account)["status"] == "deployed"
        assert not any(reading.soft for reading in account.readings)


# --- expressions as Cloudflare's editor writes them ---


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('http.request.uri.path wildcard "/Products/*"', "verified"),
        ('http.request.uri.path strict wildcard "/Products/*"', ELSEWHERE),
        ('http.request.uri.path wildcard "/cart/*"', ELSEWHERE),
        ('http.request.uri.path wildcard "*/products/*"', "may leave out"),
        ('http.request.uri.path in {"/cart" "/login"}', ELSEWHERE),
        ('http.request.uri.path in {"/products/1" "/login"}', "may leave out"),
        ('http.request.uri.path ne "/health"', "verified"),
        ('http.request.uri.path != "/products/1"', "may leave out"),
        ('http.host in {"shop.example" "www.shop.example"}', "verified"),
        ('http.host == "shop.example"', "verified"),
        ('http.host ne "shop.example"', ELSEWHERE),
        ('http.host eq "Shop.example"', ELSEWHERE),
        ('http.host wildcard "*.Example"', "verified"),
        ('http.host strict wildcard "*.Example"', ELSEWHERE),
        ('http.host wildcard "*.example"', "verified"),
        ('http.host wildcard "*.shop.example"', ELSEWHERE),
        ('http.host wildcard "s*.example"', "may leave out"),
        ('http.host eq "shop.example" and http.request.uri.path ne "/health"', "verified"),
    ],
)
def test_hosts_and_paths_that_an_expression_names(tmp_path: Path, expression: str, expected: str) -> None:
    limit = 'ratelimit = { characteristics = ["ip.src", "cf.colo.id"], period = 60, requests_per_period = 100 }'
    rule = f'action = "block", expression = {json.dumps(expression)}, {limit}'
    text = SITE + ruleset("http_ratelimit", rule)
    account = written(tmp_path, text, resource="cloudflare_ruleset.r", urls=AT_SHOP)
    if expected == "verified":
        assert said(account)["status"] == "deployed"
        assert not any(reading.soft for reading in account.readings)
    else:
        assert expected in silent(account)
