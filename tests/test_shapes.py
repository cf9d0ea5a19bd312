"""The schemas of rules, rule tests, packs, expectations and the report: what they take, and one error a mistake."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest

import policycheck
from policycheck import model, shapes
from policycheck.document import parse
from policycheck.manifests import generate
from policycheck.manifests.explain import problems_of

HOUSE = Path(__file__).resolve().parents[1]
PACKS = HOUSE / "rules"
SCHEMAS = {name: generate.schemas()[name] for name in shapes.ROOTS}

RULE: dict[str, Any] = {
    "title": "Profile views are rate limited per account",
    "expectations": ["CJS24-13b1", "JS23-CTL-b"],
    "severity": "high",
    "for_each": "surface",
    "let": {"limits": 'surface.controls.filter(c, c.family == "rate_limit")'},
    "when": "surface.holds_personal_data",
    "assert": "limits.exists(c, c.params.limit > 0)",
    "equivalents": "surface.controls",
    "message": "Nothing limits {surface.id}.",
    "remediation": "Limit it.",
    "snippet": "params: {unit: account}\n",
    "references": [{"title": "RFC 6585", "url": "https://www.rfc-editor.org/rfc/rfc6585"}],
    "formerly": ["account-limit"],
    "disabled": "awaiting its source",
}
RULE_TEST: dict[str, Any] = {
    "base": {"organization": {"roles": ["website_operator"]}},
    "cases": [
        {"name": "a limit per account", "manifest": {"controls": []}, "expect": "met"},
        {
            "name": "none on one of two",
            "manifest": {"controls": [{"id": "edge", "anything": None}]},
            "expect": {"reviews": "gap", "profiles / x": "unknown"},
            "at": "controls[edge].params",
            "subject": "reviews",
            "as_of": "2026-01-01",
            "criteria": ["CJS24"],
        },
    ],
}
PACK: dict[str, Any] = {
    "id": "acme",
    "version": "1.2.0",
    "title": "What Acme asks of itself",
    "description": "Stricter than the statements.",
    "requires": {"joint-statements": ">=0.1, <1"},
    "documents": [
        {
            "id": "ACME",
            "title": "Scraping policy",
            "issuer": "Acme",
            "date": "2026-03",
            "url": "https://acme.example/policy",
            "status": "internal policy",
            "seen": "V",
            "addressees": ["website_operator"],
            "excluded_roles": ["public_body"],
            "notes": "Reviewed each year.",
        }
    ],
}
EXPECTATIONS: dict[str, Any] = {
    "document": "ACME",
    "expectations": {
        "ACME-1": {
            "locator": "para 1",
            "paragraph": 1,
            "modality": "should",
            "paraphrase": "Every way to personal data has an owner.",
            "seen": "V",
            "url": "https://acme.example/policy#owners",
            "addressees": ["website_operator"],
            "excluded_roles": ["public_body"],
            "sizes": ["micro"],
            "jurisdictions": ["GB", "CA-QC"],
            "illustrative": True,
            "family": "governance",
            "supports": {"gdpr": ["24(1)"]},
            "confidence": {"gdpr": "M"},
            "note": "No number is set.",
            "uncodifiable": "no",
            "awaiting": "the annex",
            "aliases": ["ACME-A.1"],
            "tested_by": ["their-rule"],
        }
    },
}
WHOLE = {"rule-v1": RULE, "rule-test-v1": RULE_TEST, "pack-v1": PACK, "expectations-v1": EXPECTATIONS}


def errors(name: str, data: object) -> list[str]:
    """What the explaining validator says, after the deciding one has agreed that there are as many errors."""
    found = [f"{e.json_path}: {e.message}" for e in jsonschema.Draft7Validator(SCHEMAS[name]).iter_errors(data)]
    assert len(list(jsonschema_rs.Draft7Validator(SCHEMAS[name]).iter_errors(data))) == len(found)
    return found


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema of an object with named properties, in place and in definitions."""
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield schema
        for value in schema.values():
            yield from objects(value)


def places(data: Any, schema: dict[str, Any], root: dict[str, Any]) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Every mapping in the data whose keys a schema names, with that schema."""
    schema = root["definitions"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
    if isinstance(data, list):
        for item in data:
            yield from places(item, schema.get("items", {}), root)
    elif isinstance(data, dict):
        named = schema.get("properties", {})
        if named:
            yield data, schema
        for key, value in data.items():
            below = named.get(key, schema.get("additionalProperties"))
            yield from places(value, below if isinstance(below, dict) else {}, root)


# --- the schemas themselves ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_the_schema_file_is_what_the_shape_says(name: str) -> None:
    assert (HOUSE / "schemas" / f"{name}.json").read_text("utf-8") == generate.text(SCHEMAS[name])


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_an_editor_can_explain_every_property(name: str) -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$id"] == f"urn:policycheck:schema:{name}"
    for found in objects(SCHEMAS[name]):
        assert found["additionalProperties"] is False, found["title"]
        for key, value in found["properties"].items():
            assert value["title"], key
            assert value["description"].endswith("."), key


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_no_choice_makes_one_mistake_two_errors(name: str) -> None:
    text = generate.text(SCHEMAS[name])
    assert '"anyOf"' not in text
    assert '"oneOf"' not in text
    assert '"x-null"' not in text


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (shapes.Severity, model.Severity),
        (shapes.Outcome, model.Outcome),
        (shapes.Assurance, model.Assurance),
    ],
)
def test_the_words_are_those_that_the_engine_uses(words: Any, meant: Any) -> None:
    assert [word.name for word in words] == [word.value for word in meant]


def test_a_rule_may_have_as_many_bindings_as_the_language_takes() -> None:
    from policycheck.language.analysis import MAX_BINDINGS

    assert shapes.MAX_BINDINGS == MAX_BINDINGS


# --- what is shipped fits -----------------------------------------------------------------------------------


def schema_of(path: Path) -> str:
    """The schema of a file of a shipped pack; empty for those that have none."""
    parts = path.relative_to(PACKS).parts[1:]
    if parts == ("pack.yaml",):
        return "pack-v1"
    if parts[0] == "expectations":
        return "expectations-v1"
    if len(parts) != 2 or parts[0] == "data":
        return ""
    return "rule-test-v1" if path.name.endswith(".test.yaml") else "rule-v1"


SHIPPED = [path.relative_to(PACKS).as_posix() for path in sorted(PACKS.rglob("*.yaml")) if schema_of(path)]


@pytest.mark.parametrize("shipped", SHIPPED)
def test_a_shipped_file_fits_its_schema(shipped: str) -> None:
    path = PACKS / shipped
    document, problems = parse(path.read_bytes(), shipped)
    assert [str(p) for p in [*problems, *problems_of(document, schema_of(path))]] == []


def test_the_pack_and_both_statements_are_among_the_shipped_files() -> None:
    assert {
        "joint-statements/pack.yaml",
        "joint-statements/expectations/CJS24.yaml",
        "joint-statements/expectations/JS23.yaml",
    } <= set(SHIPPED)


# --- what fits and what does not ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_everything_that_may_be_written_is_taken(name: str) -> None:
    assert errors(name, WHOLE[name]) == []
    for data, schema in places(WHOLE[name], SCHEMAS[name], SCHEMAS[name]):
        assert set(data) <= set(schema["properties"])
    written = {k for data, _ in places(WHOLE[name], SCHEMAS[name], SCHEMAS[name]) for k in data}
    assert written == {k for schema in objects(SCHEMAS[name]) for k in schema["properties"]}


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_what_may_be_left_out_may_be_left_out_but_not_left_blank(name: str) -> None:
    data = copy.deepcopy(WHOLE[name])
    for found, schema in list(places(data, SCHEMAS[name], SCHEMAS[name])):
        for key in set(found) - set(schema.get("required", ())):
            kept, found[key] = found[key], None
            assert len(errors(name, data)) == 1, key
            del found[key]
            assert errors(name, data) == [], key
            found[key] = kept


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_a_misspelt_key_is_one_error(name: str) -> None:
    data = copy.deepcopy(WHOLE[name])
    for found, schema in list(places(data, SCHEMAS[name], SCHEMAS[name])):
        for key in set(found) - set(schema.get("required", ())):
            found[f"{key}x"] = found.pop(key)
            assert len(errors(name, data)) == 1, key
            found[key] = found.pop(f"{key}x")


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_a_missing_key_is_one_error(name: str) -> None:
    data = copy.deepcopy(WHOLE[name])
    for found, schema in list(places(data, SCHEMAS[name], SCHEMAS[name])):
        for key in schema.get("required", ()):
            kept = found.pop(key)
            assert len(errors(name, data)) == 1, key
            found[key] = kept


ROW = EXPECTATIONS["expectations"]["ACME-1"]
WRONG = {
    "a rule's claim is text": ("rule-v1", "assert", True),
    "an expression is not empty": ("rule-v1", "when", ""),
    "severity is a word of the list": ("rule-v1", "severity", "critical"),
    "severity is text": ("rule-v1", "severity", 3),
    "an expectation's id begins with its document": ("rule-v1", "expectations", ["13b1"]),
    "an expectation is named once": ("rule-v1", "expectations", ["CJS24-02", "CJS24-02"]),
    "nothing is walked": ("rule-v1", "for_each", ""),
    "no bindings": ("rule-v1", "for_each", {}),
    "four bindings": ("rule-v1", "for_each", dict.fromkeys("abcd", "surfaces")),
    "bindings are not a list": ("rule-v1", "for_each", ["surface"]),
    "a binding is not an expression": ("rule-v1", "for_each", {"s": 1}),
    "a binding has no name of the language": ("rule-v1", "for_each", {"a-b": "surfaces"}),
    "a let is not an expression": ("rule-v1", "let", {"due": True}),
    "a former id is no slug": ("rule-v1", "formerly", ["Account Limit"]),
    "disabled says why": ("rule-v1", "disabled", True),
    "a reference is no text": ("rule-v1", "references", ["RFC 6585"]),
    "no cases": ("rule-test-v1", "cases", []),
    "an outcome that does not exist": ("rule-test-v1", "cases", [{"name": "n", "expect": "pass"}]),
    "an outcome with a line break": ("rule-test-v1", "cases", [{"name": "n", "expect": "gap\n"}]),
    "an outcome by subject that does not exist": ("rule-test-v1", "cases", [{"name": "n", "expect": {"s": "pass"}}]),
    "no outcome by subject": ("rule-test-v1", "cases", [{"name": "n", "expect": {}}]),
    "a manifest is a mapping": ("rule-test-v1", "cases", [{"name": "n", "expect": "gap", "manifest": []}]),
    "a version is three numbers": ("pack-v1", "version", "1.2"),
    "an unquoted version": ("pack-v1", "version", 1.2),
    "a range has bounds": ("pack-v1", "requires", {"joint-statements": "latest"}),
    "a pack's id is a slug": ("pack-v1", "id", "Acme Rules"),
    "a document's code is in capitals": ("expectations-v1", "document", "acme"),
    "an expectation's key begins with a document": ("expectations-v1", "expectations", {"1": ROW}),
    "no expectations": ("expectations-v1", "expectations", {}),
}  # fmt: skip


@pytest.mark.parametrize("why", sorted(WRONG))
def test_a_wrong_value_is_one_error(why: str) -> None:
    name, key, value = WRONG[why]
    assert len(errors(name, {**WHOLE[name], key: value})) == 1


@pytest.mark.parametrize("value", ["surface", {"s": "surfaces"}, {"s": "surfaces", "f": "s.fields", "c": "controls"}])
def test_a_rule_walks_a_kind_or_up_to_three_bindings(value: object) -> None:
    assert errors("rule-v1", {**RULE, "for_each": value}) == []


def test_an_integrity_rule_names_no_expectation_but_says_so() -> None:
    assert errors("rule-v1", {**RULE, "expectations": []}) == []
    assert len(errors("rule-v1", {k: v for k, v in RULE.items() if k != "expectations"})) == 1


def test_a_misspelt_key_of_a_rule_is_said_at_its_line_with_what_was_meant() -> None:
    text = json.dumps(RULE, indent=1).replace('"equivalents"', '"equivalent"')
    document, _ = parse(text.encode(), "acme/limits/account.yaml")
    (problem,) = problems_of(document, "rule-v1")
    line = 1 + text[: text.index('"equivalent"')].count("\n")
    assert str(problem).startswith(f"acme/limits/account.yaml:{line}:2: ")
    assert "equivalents" in problem.message


# --- the report ---------------------------------------------------------------------------------------------

MANIFEST = """\
policycheck: 1
organization: {id: corner-shop, roles: [website_operator]}
surfaces:
  - id: reviews
    kind: page
    url: /reviews/
    fields: [{name: reviewer, category: user.name, sensitivity: moderate}]
  - {id: archive, kind: export, auth: required}
controls:
  - id: edge-limit
    family: rate_limit
    surfaces: [reviews]
    status: deployed
    params: {unit: ip, limit: 300, window: hour, resource: page_views}
    evidence:
      - {kind: nginx, path: nginx.conf, location: /reviews/}
      - {kind: document, path: lost.md}
      - {kind: document, path: minutes.md}
  - {id: watch, family: log_monitoring, surfaces: [reviews], status: deployed, last_reviewed_on: 2031-01-01}
"""
NGINX = """\
http {
  limit_req_zone $binary_remote_addr zone=one:10m rate=10r/s;
  server { location /reviews/ { limit_req zone=one; } }
}
"""
OWN_PACK = {
    "acme/pack.yaml": {k: v for k, v in PACK.items() if k != "requires"},
    "acme/expectations/ACME.yaml": {
        "document": "ACME",
        "expectations": {
            "ACME-1": {"locator": "1", "modality": "should", "paraphrase": "Limits per address.", "seen": "V"},
            "ACME-2": {"locator": "2", "modality": "may", "paraphrase": "Sign in.", "seen": "V"},
            "ACME-3": {"locator": "3", "modality": "should", "paraphrase": "None.", "seen": "V", "sizes": ["large"]},
        },
    },
    "acme/limits/address-limit.yaml": {
        **{k: RULE[k] for k in ("title", "severity", "for_each", "message", "remediation")},
        "expectations": ["ACME-1"],
        "assert": 'controls.exists(c, c.family == "rate_limit" && surface.id in c.surfaces && c.params.limit > 0)',
    },
    "acme/limits/sign-in.yaml": {
        **{k: RULE[k] for k in ("title", "for_each", "message", "remediation")},
        "expectations": ["ACME-2"],
        "severity": "info",
        "assert": 'surface.auth == "required"',
    },
    "acme/limits/of-the-large.yaml": {
        **{k: RULE[k] for k in ("title", "severity", "for_each", "assert", "message", "remediation")},
        "expectations": ["ACME-3"],
        "assert": "size(surface.fields) > 0",
        "disabled": "being written",
    },
}


def check(folder: Path, *options: str) -> dict[str, Any]:
    """The JSON report of `policycheck check` in a folder, by the policycheck that is under test."""
    call = [sys.executable, "-m", "policycheck", "check", "--format", "json", "--as-of", "2026-11-21", *options]
    path = str(Path(policycheck.__file__).parents[1])
    done = subprocess.run([*call, "."], cwd=folder, capture_output=True, env={**os.environ, "PYTHONPATH": path}, check=False)
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report on a small shop under the shipped packs and one of its own, with evidence of every sort."""
    folder = tmp_path_factory.mktemp("shop")
    for name, text in {"policycheck.yaml": MANIFEST, "nginx.conf": NGINX, "minutes.md": "# Minutes\n\nAgreed.\n"}.items():
        (folder / name).write_text(text, "utf-8")
    for name, data in OWN_PACK.items():
        path = folder / "rules" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data), "utf-8")
    return check(folder, "--rules", "rules")


def test_a_report_fits_its_schema(shop: dict[str, Any]) -> None:
    assert errors("report-v1", shop) == []


def test_the_report_that_was_tried_holds_every_sort_of_thing(shop: dict[str, Any]) -> None:
    (record,) = shop["results"]
    findings = record["findings"]
    assert {f["outcome"] for f in findings} >= {"gap", "unknown", "met"}
    assert "contradicted" in {f["assurance"] for f in findings}
    assert {w["verdict"] for w in record["artefacts"]} >= {"contradicts", "unreadable"}
    assert any(f["facts"] for f in findings)
    assert any(f["related"] for f in findings)
    assert shop["criteria"]["rules_disabled"]["of-the-large"] == "being written"
    assert record["organization"]["size"] is None


def test_the_schema_names_every_key_of_the_report_and_no_other(shop: dict[str, Any]) -> None:
    seen: dict[str, set[str]] = {}
    named: dict[str, set[str]] = {}
    for found, schema in places(shop, SCHEMAS["report-v1"], SCHEMAS["report-v1"]):
        assert set(found) <= set(schema["properties"])
        assert set(found) >= set(schema.get("required", ()))
        seen.setdefault(schema["title"], set()).update(found)
        named[schema["title"]] = set(schema["properties"])
    never = {f"{title}.{key}" for title, keys in named.items() for key in keys - seen[title]}
    configured = {"exception_days", "exceptions_from", "exclude", "min_assurance_by", "warn_until", "decided_by"}
    occasional = {"baseline", "equivalent", "exception", "warns_until", "owner"}
    wanted = {f"Options.{key}" for key in configured} | {f"Finding.{key}" for key in occasional}
    wanted |= {"policycheck report, version 1.redacted", "Manifest record.redactions", "Manifest record.redacted"}
    assert never == wanted, "what the shop's report has no occasion for"


def test_a_report_of_a_configured_run_fits_its_schema_too(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "policycheck.yaml").write_text(MANIFEST, "utf-8")
    (tmp_path / ".policycheck.toml").write_text(
        'warn_until = [{severity = "high", until = 2027-03-01}, {document = "JS23", until = 2027-03-01}]\n'
        'exceptions_from = "policycheck.yaml"\nexclude = ["old/**"]\nexception_days = {high = 30}\n'
        'min_assurance = {high = "supported"}\n',
        "utf-8",
    )
    found = check(tmp_path)
    assert errors("report-v1", found) == []
    assert {"warn_until", "exclude", "exceptions_from", "exception_days", "min_assurance_by"} <= set(found["options"])
    assert any("warns_until" in finding for finding in found["results"][0]["findings"])


def test_a_run_that_judged_nothing_fits_too(tmp_path: Path) -> None:
    (tmp_path / "policycheck.yaml").write_text("policycheck: 2\n", "utf-8")
    found = check(tmp_path)
    assert found["results"] == []
    assert found["problems"]
    assert errors("report-v1", found) == []


def test_a_report_with_a_word_of_its_own_does_not_fit(shop: dict[str, Any]) -> None:
    changed = copy.deepcopy(shop)
    changed["results"][0]["findings"][0]["outcome"] = "compliant"
    assert len(errors("report-v1", changed)) == 1
