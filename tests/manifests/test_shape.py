"""The manifest's schemas: what they accept, that one mistake is one error, what the engine reads in them."""

from __future__ import annotations

import copy
import datetime
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest

from policycheck.manifests import generate

SCHEMAS = generate.schemas()
MANIFEST = SCHEMAS["manifest-v1"]
FORMATS = jsonschema.FormatChecker(formats=())


@FORMATS.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    return not isinstance(value, str) or bool(datetime.date.fromisoformat(value))


@FORMATS.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or datetime.datetime.fromisoformat(value).tzinfo is not None


EXPLAIN = {name: jsonschema.Draft7Validator(schema, format_checker=FORMATS) for name, schema in SCHEMAS.items()}
DECIDE = {name: jsonschema_rs.Draft7Validator(schema, validate_formats=True) for name, schema in SCHEMAS.items()}

SMALL: dict[str, Any] = {
    "policycheck": 1,
    "organization": {
        "id": "corner-shop",
        "name": "Corner Shop Ltd",
        "roles": ["website_operator"],
        "size": "small",
        "jurisdictions": ["GB"],
        "contact": "privacy@cornershop.example",
    },
    "surfaces": [
        {
            "id": "reviews",
            "kind": "page",
            "url": "/products/*/reviews",
            "auth": "none",
            "fields": [
                {
                    "name": "reviewer",
                    "category": "user.name",
                    "sensitivity": "moderate",
                    "necessary_for": "trust",
                },
                {"name": "town", "category": "user.location", "sensitivity": "low", "necessary_for": None},
            ],
        }
    ],
    "controls": [
        {
            "id": "edge-limit",
            "family": "rate_limit",
            "layer": "technical",
            "surfaces": ["reviews"],
            "status": "deployed",
            "owner": "web team",
            "last_reviewed_on": "2026-06-02",
            "review_interval_days": 365,
            "params": {"unit": "ip", "resource": "page_views", "limit": 300, "window": "hour"},
            "evidence": [{"kind": "nginx", "path": "deploy/nginx.conf", "location": "/products/"}],
        }
    ],
    "third_party_access": [],
    "ai_uses": [],
    "own_scraping": [],
    "incidents": [],
}


def errors(document: object, name: str = "manifest-v1") -> list[jsonschema.ValidationError]:
    """The errors of the explaining validator, after the deciding one has agreed that there are as many."""
    found = list(EXPLAIN[name].iter_errors(document))
    assert len(list(DECIDE[name].iter_errors(document))) == len(found)
    return found


def hint_of(error: jsonschema.ValidationError) -> Any:
    """What the schema says in plain words about the mistake."""
    return error.schema["x-hint"] if isinstance(error.schema, dict) else None


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, or the definition it refers to."""
    return MANIFEST["definitions"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema


def below(schema: dict[str, Any]) -> dict[str, Any]:
    """What a list or a map holds, if the schema is one."""
    schema = resolved(schema)
    values = schema.get("items", schema.get("additionalProperties"))
    return resolved(values) if isinstance(values, dict) else schema


def objects(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every schema of an object with properties, each once, in place and in definitions."""
    if isinstance(schema.get("properties"), dict) and "title" in schema:
        yield schema
    for value in schema.values():
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                yield from objects(inner)


def properties() -> Iterator[tuple[str, str, dict[str, Any], bool]]:
    """Every property: the object's title, the name, its schema, and whether it is required."""
    for schema in objects(MANIFEST):
        for name, inner in schema["properties"].items():
            yield schema["title"], name, inner, name in schema.get("required", [])


@cache
def families() -> dict[str, dict[str, Any]]:
    """The schema of `params` for each family."""
    return {
        family: branch["then"]["properties"]["params"]
        for branch in MANIFEST["definitions"]["Control"]["allOf"]
        for family in branch["if"]["properties"]["family"]["enum"]
    }


def sample(schema: dict[str, Any]) -> Any:
    """A value that the schema accepts, with every property written."""
    schema = resolved(schema)
    if "x-refers" in schema:
        return "a.b" if schema["x-refers"] == "field" else "a"
    for keyword in ("enum", "examples"):
        if keyword in schema:
            return schema[keyword][0]
    if "properties" in schema:
        return sample_object(schema)
    if "const" in schema:
        return schema["const"]
    kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
    if kind == "object":
        return sample_object(schema)
    if kind == "array":
        return sample_items(schema["items"])
    if kind == "string":
        return sample_text(schema)
    return {"integer": 1, "number": 1.5, "boolean": True}[kind]


def sample_items(items: dict[str, Any]) -> list[Any]:
    if resolved(items).get("x-kind") != "control":
        return [sample(items)]
    return [sample(items) | {"id": f, "family": f, "params": sample(p)} for f, p in sorted(families().items())]


def sample_text(schema: dict[str, Any]) -> str:
    if "format" in schema:
        return {"date": "2026-01-31", "date-time": "2026-01-31T08:00:00Z"}[schema["format"]]
    if "ISO 3166" in schema.get("x-hint", ""):
        return "GB"
    return "0" * 64 if "64" in schema.get("x-hint", "") else "a"


def sample_object(schema: dict[str, Any]) -> dict[str, Any]:
    if "properties" not in schema:
        values = schema.get("additionalProperties")
        if not isinstance(values, dict):
            return {"anything": 1}
        return {"GB" if "x-map" in schema else "a": sample(values)}
    blank = schema.get("not", {}).get("required", [])[1:]
    return {name: sample(inner) for name, inner in schema["properties"].items() if name not in blank}


def whole() -> dict[str, Any]:
    """A manifest with every property written."""
    made: dict[str, Any] = sample_object(MANIFEST)
    for control in made["controls"]:
        control["id"] = control["id"].replace("_", "-")
    return made


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def parent_of(document: Any, path: tuple[Any, ...]) -> Any:
    for step in path[:-1]:
        document = document[step]
    return document


def schema_of(path: tuple[Any, ...], document: Any) -> dict[str, Any]:
    """The schema of the value at a path of a valid manifest."""
    here: Any = MANIFEST
    value = document
    for step in path:
        here = resolved(here)
        if step == "params" and "family" in value:
            here = families()[value["family"]]
        elif isinstance(step, int):
            here = here["items"]
        else:
            here = here.get("properties", {}).get(step) or here.get("additionalProperties")
        value = value[step]
    return resolved(here) if isinstance(here, dict) else {}


# --- what is accepted ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_the_schemas_are_valid_draft_07(name: str) -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$id"] == f"urn:policycheck:schema:{name}"


def test_the_small_manifest_of_the_documentation_is_valid() -> None:
    assert errors(SMALL) == []


def test_a_manifest_that_writes_everything_is_valid() -> None:
    assert errors(whole()) == []


def test_a_fragment_holds_sections_but_no_version_and_no_organisation() -> None:
    assert errors({"surfaces": SMALL["surfaces"]}, "fragment-v1") == []
    for key in ("policycheck", "organization", "include"):
        assert len(errors({key: whole()[key]}, "fragment-v1")) == 1


def test_a_manifest_needs_its_version_and_an_organisation_with_id_and_roles() -> None:
    assert len(errors({"policycheck": 2, "organization": SMALL["organization"]})) == 1
    assert [e.message for e in errors({"policycheck": 1})] == ["'organization' is a required property"]
    assert len(errors({"policycheck": 1, "organization": {"id": "x", "roles": []}})) == 1
    assert len(errors({"policycheck": 1, "organization": {"roles": ["scraper"]}})) == 1


def test_what_is_optional_may_be_blank_and_what_is_required_may_not() -> None:
    for owner, name, schema, required in properties():
        blank = None in schema["enum"] if "enum" in schema else "null" in schema.get("type", [])
        assert blank != required, f"{owner}.{name}"


def test_blank_sections_are_accepted_and_blank_list_items_are_not() -> None:
    blank = {name: None for name in MANIFEST["properties"] if name not in ("policycheck", "organization")}
    assert errors(SMALL | blank) == []
    assert len(errors(SMALL | {"surfaces": [None]})) == 1


# --- one mistake, one error ---------------------------------------------------------------------------------


def broken_value(document: Any, path: tuple[Any, ...]) -> Any:
    """A wrong value for a place, or None where any value is right."""
    schema = schema_of(path, document)
    if "enum" in schema or "const" in schema or "pattern" in schema or "format" in schema:
        return "Not A Word!"
    if "properties" in schema:
        return "x"
    return {"string": 1.5, "boolean": "yes", "integer": "1", "number": "1", "array": "x", "object": "x"}.get(
        schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
    )


def test_one_wrong_value_anywhere_is_one_error_at_it() -> None:
    good = whole()
    checked = 0
    for path in list(places(good)):
        if path[:1] == ("extensions",) and len(path) > 2:
            continue
        parent = parent_of(good, path)
        kept, parent[path[-1]] = parent[path[-1]], broken_value(good, path)
        found = list(DECIDE["manifest-v1"].iter_errors(good))
        parent[path[-1]] = kept
        assert [list(e.instance_path) for e in found] == [list(path)], path
        checked += 1
    assert checked > 900


def test_a_number_where_a_word_is_expected_is_one_error() -> None:
    assert len(errors(SMALL | {"organization": SMALL["organization"] | {"size": 3}})) == 1
    assert len(errors(SMALL | {"policycheck": "1"})) == 1
    assert len(errors(SMALL | {"policycheck": True})) == 1


def test_both_validators_place_a_wrong_value_alike() -> None:
    good = whole()
    for path in list(places(good))[::60]:
        if path[:1] == ("extensions",) and len(path) > 2:
            continue
        document = copy.deepcopy(good)
        parent_of(document, path)[path[-1]] = broken_value(good, path)
        assert [list(e.absolute_path) for e in errors(document)] == [list(path)]


def test_one_misspelt_key_anywhere_is_one_error_and_a_missing_key_another() -> None:
    good = whole()
    for path in list(places(good)):
        if not isinstance(path[-1], str) or path[0] == "extensions" or path[-2:-1] == ("options",):
            continue
        required = path[-1] in schema_of(path[:-1], good).get("required", [])
        parent = parent_of(good, path)
        parent[path[-1] + "Q!"] = parent.pop(path[-1])
        found = list(DECIDE["manifest-v1"].iter_errors(good))
        parent[path[-1]] = parent.pop(path[-1] + "Q!")
        assert len(found) == 1 + required, path
        assert {tuple(e.instance_path) for e in found} == {path[:-1]}


def test_parameters_of_another_family_are_refused_by_name() -> None:
    control = SMALL["controls"][0] | {"family": "terms", "params": {"prohibits": ["scraping"], "limit": 3}}
    (error,) = errors(SMALL | {"controls": [control]})
    assert "'limit'" in error.message
    (error,) = errors(SMALL | {"controls": [control | {"family": "rate-limit"}]})
    assert list(error.absolute_path) == ["controls", 0, "family"]


def test_evidence_names_a_path_or_a_url_but_not_both() -> None:
    def with_evidence(**entry: str | None) -> dict[str, Any]:
        return SMALL | {"policies": {"evidence": [{"kind": "robots", **entry}]}}

    assert errors(with_evidence(path="robots.txt")) == []
    assert errors(with_evidence(url="https://shop.example/robots.txt")) == []
    assert errors(with_evidence(path="robots.txt", url=None)) == []
    (error,) = errors(with_evidence(path="robots.txt", url="https://shop.example/robots.txt"))
    assert hint_of(error) == "write path or url, not both"


def test_an_exception_names_a_rule_or_an_expectation_but_not_both() -> None:
    both = {"id": "e", "rule": "profile-limit", "expectation": "CJS24-13b1"}
    (error,) = errors(SMALL | {"exceptions": [both]})
    assert hint_of(error) == "write rule or expectation, not both"


def test_jurisdictions_are_iso_3166() -> None:
    def with_jurisdiction(code: str) -> list[jsonschema.ValidationError]:
        return errors(SMALL | {"legal_positions": {code: {"research_basis": "available"}}})

    for good in ("GB", "CA-QC", "JE", "GG", "NO"):
        assert with_jurisdiction(good) == []
    for bad in ("UK", "EU", "gb", "GBR", "CA-", "XX-AB", "GB\n"):
        assert len(with_jurisdiction(bad)) == 1
    assert len(MANIFEST["definitions"]["Jurisdiction"]["examples"]) == 249


def test_ids_are_slugs() -> None:
    def with_id(value: str) -> list[jsonschema.ValidationError]:
        return errors(SMALL | {"organization": SMALL["organization"] | {"id": value}})

    assert with_id("a" * 64) == with_id("0-shop") == []
    for bad in ("a" * 65, "-shop", "Shop", "my shop", "shop\n", ""):
        assert len(with_id(bad)) == 1


def test_categories_are_fideslang_keys_or_own_words() -> None:
    def with_category(value: str) -> list[jsonschema.ValidationError]:
        field = {"name": "x", "category": value}
        return errors(SMALL | {"surfaces": [{"id": "s", "kind": "page", "fields": [field]}]})

    for good in ("user.contact.email", "user", "system.operations", "custom.user.badge"):
        assert with_category(good) == []
    for bad in ("user.nam", "userXname", "custom", "custom.", "public"):
        assert len(with_category(bad)) == 1


def test_the_categories_are_those_of_the_taxonomy_that_is_named() -> None:
    taxonomy = pytest.importorskip("fideslang.default_taxonomy").DEFAULT_TAXONOMY
    assert MANIFEST["definitions"]["Category"]["examples"] == sorted(c.fides_key for c in taxonomy.data_category)


# --- principles ---------------------------------------------------------------------------------------------


def test_every_object_is_closed_but_extensions() -> None:
    assert all(schema["additionalProperties"] is False for schema in objects(MANIFEST))


def test_every_property_has_a_title_and_a_description() -> None:
    for owner, name, schema, _ in properties():
        assert schema.get("title"), f"{owner}.{name}"
        assert len(schema.get("description", "")) > 3, f"{owner}.{name}"


def test_no_choice_hides_the_leaf_of_an_error() -> None:
    text = generate.text(MANIFEST)
    assert not any(f'"{word}":' in text for word in ("anyOf", "oneOf", "$comment", "x-meanings", "x-either"))


def test_no_word_says_unknown_yes_or_no() -> None:
    words = {word for schema in walk(MANIFEST) for word in schema.get("enum", [])}
    assert not words & {"unknown", "yes", "no", "n/a", "true", "false"}


def test_that_data_is_public_or_a_contract_exists_is_no_lawful_basis() -> None:
    bases = MANIFEST["definitions"]["Surface"]["properties"]["publication_basis"]["additionalProperties"]["enum"]
    assert {"consent", "legitimate_interests", "research", "none", None} <= set(bases)
    assert not {"public", "contract", "publicly_available"} & set(bases)
    # The contract is one with the very person, never the recipient's.
    assert {"contract_with_person", "recognised_legitimate_interests"} <= set(bases)


def test_the_breach_clock_is_not_declared() -> None:
    assert "clock_value" not in MANIFEST["definitions"]["BreachDuty"]["properties"]


def test_only_a_control_says_which_surfaces_it_protects() -> None:
    assert "controls" not in MANIFEST["definitions"]["Surface"]["properties"]


def test_a_parameter_has_one_type_in_every_family() -> None:
    def bare(schema: Any) -> Any:
        if isinstance(schema, dict):
            return {k: bare(v) for k, v in schema.items() if k not in ("description", "title")}
        return schema

    seen: dict[str, Any] = {}
    for family, params in families().items():
        for name, schema in params["properties"].items():
            assert seen.setdefault(name, bare(schema)) == bare(schema), f"{family}.{name}"


def test_every_family_has_its_parameters() -> None:
    assert sorted(families()) == sorted(MANIFEST["definitions"]["Control"]["properties"]["family"]["enum"])


# --- what the engine reads ----------------------------------------------------------------------------------


def walk(schema: Any) -> Iterator[dict[str, Any]]:
    """Every object in a schema, as JSON."""
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from walk(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from walk(value)


KINDS = {
    *("organization", "surface", "field", "control", "access", "use", "source", "scraping", "incident"),
    *("metric", "threat", "breach_duty", "decision", "exception", "legality_review", "correspondence"),
}


def test_every_kind_of_subject_is_marked_and_can_name_evidence() -> None:
    subjects = {schema["x-kind"]: schema for schema in walk(MANIFEST) if "x-kind" in schema}
    assert set(subjects) >= KINDS
    assert all(below(s["properties"]["evidence"])["title"] == "Evidence" for s in subjects.values())
    exception = MANIFEST["definitions"]["AcceptedException"]["properties"]["subject"]
    assert set(exception["properties"]["kind"]["enum"]) == set(subjects)


def test_lists_of_objects_say_what_tells_their_items_apart() -> None:
    for owner, name, schema, _ in properties():
        if "items" not in schema or "properties" not in resolved(schema["items"]):
            continue
        item = resolved(schema["items"])
        assert schema["x-key"] in item["required"], f"{owner}.{name}"
        key = item["properties"][schema["x-key"]]
        assert "null" not in key.get("type", []), f"{owner}.{name}"
        assert None not in key.get("enum", []), f"{owner}.{name}"
        if schema["x-key"] == "id":
            assert schema["x-unique"] is True, f"{owner}.{name}"


def test_every_reference_names_a_kind_that_exists() -> None:
    kinds = {schema["x-kind"] for schema in walk(MANIFEST) if "x-kind" in schema}
    referred = {schema["x-refers"] for schema in walk(MANIFEST) if "x-refers" in schema}
    assert referred == {"surface", "control", "field", "metric", "incident", "threat", "scraping"}
    assert referred <= kinds


def test_maps_by_jurisdiction_are_marked() -> None:
    marked = {name for _, name, schema, _ in properties() if schema.get("x-map") == "jurisdiction"}
    assert marked >= {"basis", "lawful_basis", "consent", "legal_positions", "publication_basis"}


def test_absence_is_a_fact_only_where_it_says_so() -> None:
    # A decision that names no surfaces is for all of them; anywhere else, silence about surfaces is silence.
    marked = {(owner, name) for owner, name, schema, _ in properties() if schema.get("x-absence") == "none"}
    absent = {name for _, name in marked - {("Decision", "surfaces")}}
    assert absent >= {"provider", "mandated_by", "amendment_request", "anomaly_rule", "action", "contract"}
    assert not absent & {"surfaces", "fields", "lawful_basis", "dpia", "status", "evidence", "monitoring"}


def test_the_past_is_marked_and_the_future_is_not() -> None:
    dates = {n: s.get("x-past", False) for _, n, s, _ in properties() if s.get("format") in ("date", "date-time")}
    assert not [n for n in ("expires_on", "next_review_on", "due_on", "start_on", "period_end") if dates[n]]
    assert all(dates[n] for n in ("last_reviewed_on", "deployed_on", "approved_on", "signed_on", "detected_at"))
    assert all(s.get("x-past") for _, n, s, _ in properties() if n.endswith("_at") and "format" in s)


def test_numbers_say_which_direction_is_stricter() -> None:
    rate = families()["rate_limit"]["properties"]
    assert rate["limit"]["x-stricter"] == "lower"
    assert families()["ip_block"]["properties"]["block_hours"]["x-stricter"] == "higher"
    for owner, name, schema, _ in properties():
        wanted = schema.get("x-stricter")
        if isinstance(wanted, list):
            assert set(wanted) <= set(schema["enum"]), f"{owner}.{name}"
        elif wanted is not None:
            assert wanted in ("lower", "higher"), f"{owner}.{name}"
            assert schema["type"][0] in ("integer", "number"), f"{owner}.{name}"


def test_what_must_be_published_is_assumed_not_to_be() -> None:
    assert MANIFEST["definitions"]["Surface"]["properties"]["mandatory_publication"]["default"] is False


READ_BY_RULES = """
organization.roles organization.size organization.jurisdictions surfaces.fields.category
surfaces.fields.sensitivity surfaces.fields.necessary_for surfaces.fields.origin
surfaces.fields.protectability_decision.by surfaces.fields.protectability_decision.on surfaces.est_records
surfaces.auth surfaces.same_data_as surfaces.strength surfaces.mandatory_publication controls.status
controls.surfaces controls.layer controls.owner controls.last_reviewed_on controls.review_interval_days
controls.provider.name controls.provider.contract_ref controls.provider.last_reviewed_on
controls.provider.review_interval_days controls.equivalent_to.expectation controls.equivalent_to.rationale
controls.processes_personal_data controls.basis controls.retention_days controls.disclosed_in
governance.owners.id governance.minimum_layers.from_sensitivity governance.minimum_layers.layers
policies.refused_agents.kind policies.refused_agents.name incident_policy.mass_scrape.records
incident_policy.mass_scrape.minors_records incident_policy.mass_scrape.special_records
incident_policy.harm_significant_records incident_policy.lookback_days incident_policy.legal_sla_days
incident_policy.follow_up_days incident_policy.assumed_attacker_accounts
incident_policy.tolerated_harvest_days incidents.surfaces incidents.jurisdictions incidents.records
incidents.confirmed incidents.detected_at incidents.aware_at incidents.decisions.jurisdiction
incidents.decisions.decision incidents.decisions.reason incidents.decisions.assessed_at
incidents.decisions.authority_notified_at incidents.decisions.late_reason incidents.legal.decision
incidents.legal.decided_on incidents.legal.demanded_on incidents.legal.confirmed_on
incidents.legal.chased_on incidents.legal.unconfirmed_reason incidents.legal.confirmed
breach_notification.jurisdiction breach_notification.playbook_ref breach_notification.last_tested_on
breach_notification.test_interval_days detection.mttd_target_hours detection.mttr_target_hours
third_party_access.channel third_party_access.surfaces third_party_access.jurisdictions
third_party_access.lawful_basis third_party_access.disclosed_on third_party_access.start_on
third_party_access.consent.required third_party_access.consent.ref third_party_access.contract.clauses.kind
third_party_access.contract.clauses.fields third_party_access.contract.signed_on
third_party_access.contract.expires_on third_party_access.credentials.scopes
third_party_access.logging.retention_days third_party_access.logging.max_retention_days
third_party_access.monitoring.cadence_days third_party_access.monitoring.last_run_on
third_party_access.monitoring.findings.id third_party_access.monitoring.findings.kind
third_party_access.monitoring.findings.found_on third_party_access.monitoring.findings.action.step
third_party_access.monitoring.findings.action.taken_on third_party_access.enforcement.sla_days
third_party_access.mandated_by.instrument third_party_access.mandated_by.amendment_request.received_on
third_party_access.mandated_by.amendment_request.sent_on
third_party_access.mandated_by.amendment_request.alternatives_offered legal_positions.research_basis
legal_positions.note_ref ai_uses.start_on ai_uses.jurisdictions ai_uses.dpia.versions.approved_on
ai_uses.dpia.next_review_on ai_uses.dpia.risk_scenarios.type ai_uses.dpia.risk_scenarios.affects_minors
ai_uses.dpia.risk_scenarios.mitigations ai_uses.dpia.risk_scenarios.not_applicable_reason
ai_uses.minors.in_scope ai_uses.safeguards.effective_on ai_uses.objection.notice_on
ai_uses.objection.window_days ai_uses.objection.available_from ai_uses.transparency.policy_change_on
ai_uses.transparency.tests.on ai_uses.transparency.tests.result ai_uses.transparency.tests.pass_mark
ai_uses.transparency.revisions.on ai_uses.guidance_followed.document ai_uses.guidance_followed.principle
ai_uses.guidance_followed.status ai_uses.sources.type ai_uses.sources.basis ai_uses.sources.collected_from
ai_uses.sources.historic_reason own_scraping.targets.pattern own_scraping.targets.access
own_scraping.purpose own_scraping.special_category_filter.tested_on decision_records.expectation
decision_records.reason decision_records.adopted ai_uses.regulatory_approval_claimed
surfaces.risk_scenarios.type
"""


@pytest.mark.parametrize("path", READ_BY_RULES.split())
def test_what_rules_read_can_be_declared(path: str) -> None:
    here = MANIFEST
    for step in path.split("."):
        here = below(here)["properties"][step]
    assert {"type", "enum"} & set(here)


@pytest.mark.parametrize(
    ("family", "names"),
    [
        ("rate_limit", "unit resource limit window genuine_p99 anomaly_rule exempt allow_paths"),
        ("ip_block", "block_hours permanent_by_default unblock_ref allow_paths"),
        ("challenge", "trigger accessibility_alternative allow_paths"),
        ("new_account_monitoring", "account_age_days lookups_threshold actions"),
        ("credential_geo_anomaly", "window distinct_locations"),
        ("design", "identifier_scheme markup_randomisation markup_rotation_days media_embedding"),
        ("bot_detection", "signals allow_paths"),
    ],
)
def test_what_rules_read_in_params_can_be_declared(family: str, names: str) -> None:
    assert set(names.split()) <= set(families()[family]["properties"])


# --- the files ----------------------------------------------------------------------------------------------


def test_the_shipped_schemas_are_those_of_the_shape(capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(generate.__file__).parents[2] / "schemas"
    assert generate.main([str(folder), "--check"]) == 0, capsys.readouterr().err


def test_a_schema_that_was_edited_by_hand_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main([str(tmp_path), "--check"]) == 1
    assert generate.main([str(tmp_path)]) == 0
    assert generate.main([str(tmp_path), "--check"]) == 0
    (tmp_path / "fragment-v1.json").write_text("{}\n", "utf-8")
    capsys.readouterr()
    assert generate.main([str(tmp_path), "--check"]) == 1
    assert "fragment-v1.json differs" in capsys.readouterr().err


def test_the_files_are_deterministic_and_not_too_large() -> None:
    text = generate.text(MANIFEST)
    assert text == generate.text(generate.schemas()["manifest-v1"])
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    assert len(text.encode()) < 300_000
