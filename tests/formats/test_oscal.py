"""OSCAL: valid under the published schema, whole in its references, and never more satisfied than what was judged."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from policycheck.errors import UsageError
from policycheck.formats import _oscal

from .oscal_support import MODELS, control_ids, document, flaws, members, prop, states, uuids
from .rich_support import HOSTILE, SECRET, render, spec

ROOT = Path(__file__).parents[2]
Report = dict[str, Any]
EXAMPLES = ("corner-shop", "corner-shop-fixed", "harbour-social", "tern-ai")
each_model = pytest.mark.parametrize("name", sorted(MODELS))
each_subject = pytest.mark.parametrize("about", ["examples", "rich", "one", "clean", "empty", "broken"])


def judged(folder: Path, *paths: str, as_of: str = "2026-11-21") -> Report:
    """The JSON report of some manifests."""
    call = [sys.executable, "-m", "policycheck", "check", *paths, "--root", ".", "--as-of", as_of, "--format", "json"]
    where = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(call, cwd=folder, capture_output=True, env=where, check=False)
    assert done.returncode in {0, 1}, done.stderr.decode()
    found: Report = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """All example organisations in one run."""
    folder = tmp_path_factory.mktemp("examples")
    for name in EXAMPLES:
        shutil.copytree(ROOT / "examples" / name, folder / name)
    return judged(folder, *EXAMPLES)


@pytest.fixture(scope="module")
def assessed(examples: Report) -> dict[str, Any]:
    """Their assessment results, for tests that only read."""
    return document("oscal", examples)


@pytest.fixture(scope="module")
def planned(examples: Report) -> dict[str, Any]:
    """Their plan of action, for tests that only read."""
    return document("oscal-poam", examples)


def alone(report: Report, number: int) -> Report:
    return {**report, "results": report["results"][number : number + 1]}


def without_gaps(report: Report) -> Report:
    """The same of a manifest in which nothing is open."""
    found = copy.deepcopy(alone(report, 0))
    for finding in found["results"][0]["findings"]:
        finding["outcome"] = "met" if finding["outcome"] in {"gap", "unknown"} else finding["outcome"]
    found["results"][0]["failures"], found["problems"], found["exit_code"] = [], [], 0
    return found


def of_nothing(report: Report) -> Report:
    totals = {**report["totals"], "manifests": 0, "blocking": 0}
    return {**report, "results": [], "totals": totals, "exit_code": 4}


def broken(report: Report) -> Report:
    """A run with a file that is no manifest, and a rule that failed in one that is."""
    found = copy.deepcopy(report)
    found["problems"] = [{"path": "a.policycheck.yaml", "line": 3, "column": 1, "message": "is empty"}]
    found["results"][0]["failures"] = [{"what": "rule account-rate-limit", "why": "too long"}]
    return found


@pytest.fixture
def subject(about: str, rich: Report, examples: Report) -> Report:
    """A report of each kind."""
    make: dict[str, Callable[[], Report]] = {
        "examples": lambda: examples, "rich": lambda: rich, "one": lambda: alone(examples, 1),
        "clean": lambda: without_gaps(examples), "empty": lambda: of_nothing(examples), "broken": lambda: broken(examples),
    }  # fmt: skip
    return make[about]()


# --- valid and whole -------------------------------------------------------------------------------------------


@each_model
@each_subject
def test_a_document_has_the_shape_that_nist_published(name: str, subject: Report) -> None:
    schema = json.loads(spec("oscal_complete_schema.json").read_text("utf-8"))
    made = json.loads(render(name, subject))
    # Of the models it may be, the schema's root says only that it is none of them: the model is asked itself.
    of_model = {**schema, "oneOf": [one for one in schema["oneOf"] if MODELS[name] in one["properties"]]}
    assert [f"{e.instance_path}: {e.message}" for e in _validator(of_model).iter_errors(made)] == []
    assert made[MODELS[name]]["metadata"]["oscal-version"] == "1.2.1"


def _validator(schema: Any) -> Any:
    return jsonschema_rs.validator_for(schema, validate_formats=True)


@each_model
@each_subject
def test_everything_that_is_referred_to_is_there_and_once(name: str, subject: Report) -> None:
    catalog = document("oscal-catalog", subject)
    assert flaws(document(name, subject), catalog) == []
    ids = control_ids(catalog)
    assert len(set(ids)) == len(ids)


def _without_an_observation(model: dict[str, Any]) -> None:
    model["results"][2]["observations"].pop(0)


def _without_the_plan(model: dict[str, Any]) -> None:
    model["back-matter"]["resources"].pop(0)


def _without_a_subject(model: dict[str, Any]) -> None:
    model["results"][2]["local-definitions"]["components"].pop(0)


def _with_one_twice(model: dict[str, Any]) -> None:
    model["results"][2]["risks"].append(model["results"][2]["risks"][0])


def _of_another_catalog(model: dict[str, Any]) -> None:
    model["results"][2]["findings"][0]["target"]["target-id"] = "XX-1_obj"


@pytest.mark.parametrize(
    "harm", [_without_an_observation, _without_the_plan, _without_a_subject, _with_one_twice, _of_another_catalog]
)
def test_what_is_missing_would_be_seen(harm: Callable[[dict[str, Any]], None], examples: Report) -> None:
    model = document("oscal", examples)
    harm(model)
    assert flaws(model, document("oscal-catalog", examples)) != []


@each_model
def test_uuids_are_those_of_a_name(name: str, rich: Report) -> None:
    found = uuids(document(name, rich))
    assert found
    assert all(re.fullmatch("[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", one) for one in found)


def test_names_are_uuids_of_version_5() -> None:
    import uuid

    space = uuid.uuid5(uuid.NAMESPACE_URL, _oscal.NS)
    assert _oscal.named("risk", 1) == str(uuid.uuid5(space, "risk\0" + "1"))


@each_model
def test_the_same_report_gives_the_same_bytes(name: str, rich: Report) -> None:
    assert render(name, rich) == render(name, copy.deepcopy(rich))


# --- what is satisfied -----------------------------------------------------------------------------------------


def test_satisfied_is_what_is_met_and_nothing_else(examples: Report, assessed: dict[str, Any]) -> None:
    for number, record in enumerate(examples["results"]):
        found = states(document("oscal", alone(examples, number)))
        for row in record["expectations"]:
            expected = {"met": "satisfied", "gap": "not-satisfied", "unknown": "not-satisfied"}.get(row["outcome"])
            assert found.get(f"{row['id']}_obj") == expected, row
    assert {"satisfied", "not-satisfied"} == set(states(assessed).values())


def test_what_is_no_finding_is_named_with_its_reason(examples: Report) -> None:
    for number, record in enumerate(examples["results"]):
        (result,) = document("oscal", alone(examples, number))["results"]
        left_out = result["reviewed-controls"]["control-objective-selections"][0]["exclude-objectives"]
        why = {one["objective-id"]: one["remarks"] for one in left_out}
        said = {finding["target"]["target-id"] for finding in result["findings"]}
        every = {f"{name}_obj" for name in examples["expectations"]}
        assert every <= said | set(why)
        assert not said & set(why)
        assert all(why.values())
        for row in record["expectations"]:
            if row["outcome"] == "not_applicable":
                assert why[f"{row['id']}_obj"].startswith("not applicable")


def test_a_rule_that_broke_leaves_nothing_satisfied(examples: Report) -> None:
    report = copy.deepcopy(alone(examples, 1))
    record = report["results"][0]
    met = next(row["id"] for row in record["expectations"] if row["outcome"] == "met")
    rule = next(name for name, about in report["rules"].items() if met in about["expectations"])
    assert states(document("oscal", report))[f"{met}_obj"] == "satisfied"
    record["failures"] = [{"what": f"rule {rule}", "why": "no time"}]
    model = document("oscal", report)
    assert states(model)[f"{met}_obj"] == "not-satisfied"
    assert "Not judged: incomplete" in [risk["title"] for risk in model["results"][0]["risks"]]


def test_a_satisfied_objective_says_the_least_of_what_is_behind_it(examples: Report, assessed: dict[str, Any]) -> None:
    order, seen = ["declared", "supported", "verified"], set()
    for result, record in zip(assessed["results"], examples["results"], strict=True):
        met = {f["target"]["target-id"]: f for f in result["findings"] if f["target"]["status"]["state"] == "satisfied"}
        for row in record["expectations"]:
            behind = [f for f in record["findings"] if row["id"] in f["expectations"] and f["outcome"] == "met"]
            found = met.get(f"{row['id']}_obj")
            if found:
                least = min((finding["assurance"] for finding in behind), key=order.index)
                assert prop(found, "assurance") == least
                assert ("declaration alone" in found["target"]["status"].get("remarks", "")) is (least == "declared")
                seen |= {least, *(finding["assurance"] for finding in behind if least == "declared")}
    assert seen >= {"declared", "supported", "verified"}


def test_a_run_over_nothing_satisfies_nothing(examples: Report) -> None:
    model = document("oscal", of_nothing(examples))
    assert states(model) == {}
    (result,) = model["results"]
    assert result["title"] == "What was not judged"
    assert [risk["status"] for risk in result["risks"]] == ["open"]
    out = {one["control-id"] for one in result["reviewed-controls"]["control-selections"][0]["exclude-controls"]}
    controls = [c["id"] for group in document("oscal-catalog", examples)["groups"] for c in group["controls"]]
    assert out == set(controls)


def test_a_file_that_was_not_judged_is_an_open_risk(examples: Report) -> None:
    report = broken(examples)
    told = [risk["description"] for risk in document("oscal", report)["results"][-1]["risks"]]
    assert told == ["is empty"]
    items = document("oscal-poam", report)["poam-items"]
    assert [i["description"] for i in items if i["title"] == "Not judged: invalid-input"] == ["is empty"]


# --- what was seen ---------------------------------------------------------------------------------------------


def observed(model: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The observations of findings, by the finding's id."""
    every = [o for r in model.get("results", [model]) for o in r.get("observations", ())]
    return {prop(one, "finding-id"): one for one in every if prop(one, "finding-id")}


def test_every_finding_that_applies_is_an_observation_under_its_id(examples: Report, assessed: dict[str, Any]) -> None:
    found = observed(assessed)
    every = {f["id"]: f for record in examples["results"] for f in record["findings"] if f["outcome"] != "not_applicable"}
    assert set(found) == set(every)
    for name, finding in every.items():
        for key in ("outcome", "assurance", "severity", "rule"):
            assert prop(found[name], key) == finding[key]


def test_the_method_follows_the_assurance(examples: Report, assessed: dict[str, Any]) -> None:
    model = assessed
    methods: dict[str, set[str]] = {}
    for one in observed(model).values():
        methods.setdefault(prop(one, "assurance"), set()).add(one["methods"][0])
    assert methods == {
        "declared": {"INTERVIEW", "EXAMINE"}, "supported": {"EXAMINE"}, "verified": {"TEST"}, "contradicted": {"TEST"},
    }  # fmt: skip
    asked = [one for one in observed(model).values() if one["methods"] == ["INTERVIEW"]]
    assert {prop(one, "assurance") for one in asked} == {"declared"}


def test_evidence_has_its_line_and_the_digest_of_its_file(examples: Report) -> None:
    shop = alone(examples, 0)
    record = shop["results"][0]
    digests = {
        a["path"]: a["sha256"] for a in [*record["inputs"], *(a for e in record["artefacts"] for a in e["artefacts"])]
    }
    found = observed(document("oscal", shop))
    for finding in record["findings"]:
        places = {(f["location"]["path"], f["location"]["line"]) for f in finding["facts"] if "location" in f}
        if finding["outcome"] == "not_applicable" or not places:
            continue
        evidence = found[finding["id"]]["relevant-evidence"]
        assert places <= {(one["href"], int(prop(one, "line"))) for one in evidence}
        assert all(prop(one, "sha256") == digests[one["href"]] for one in evidence)


def test_every_entry_of_the_ledger_is_an_observation_also_what_gave_nothing(examples: Report) -> None:
    for number, record in enumerate(examples["results"]):
        found = document("oscal", alone(examples, number))["results"][0]["observations"]
        verdicts = [prop(one, "verdict") for one in found if prop(one, "verdict")]
        assert verdicts == [entry["verdict"] for entry in record["artefacts"]]


def test_an_observation_lasts_until_what_it_rests_on_falls_due(examples: Report) -> None:
    report = alone(examples, 2)
    found = observed(document("oscal", report))
    checked = 0
    for finding in report["results"][0]["findings"]:
        said = {fact["route"].rpartition(".")[2]: fact.get("value") for fact in finding["facts"]}
        if finding["rule"] == "control-reviewed-in-time" and finding["outcome"] == "met":
            assert set(said) == {"last_reviewed_on", "review_interval_days"}
            assert found[finding["id"]]["expires"] > f"{report['as_of']}T00:00:00Z"
            checked += 1
    assert checked > 5


def test_every_file_is_in_the_back_matter_with_its_digest(examples: Report, assessed: dict[str, Any]) -> None:
    resources = assessed["back-matter"]["resources"]
    found = {
        (link["href"], link["hashes"][0]["value"]) for one in resources for link in one.get("rlinks", ()) if "hashes" in link
    }
    every = {(a["path"], a["sha256"]) for record in examples["results"] for a in record["inputs"]}
    every |= {(a["path"], a["sha256"]) for r in examples["results"] for e in r["artefacts"] for a in e["artefacts"]}
    assert found == every


def test_the_plan_and_the_results_of_a_run_name_the_same_things_alike(
    examples: Report, assessed: dict[str, Any], planned: dict[str, Any]
) -> None:
    results, plan = assessed, planned
    risks = {risk["uuid"]: risk for result in results["results"] for risk in result.get("risks", ())}
    assert {risk["uuid"]: risk for risk in plan["risks"]} == risks
    assert results["uuid"] in {i["identifier"] for r in plan["back-matter"]["resources"] for i in r.get("document-ids", ())}


def test_moved_lines_change_no_name(examples: Report, assessed: dict[str, Any], planned: dict[str, Any]) -> None:
    moved = copy.deepcopy(examples)
    for record in moved["results"]:
        for finding in record["findings"]:
            if finding["location"]:
                finding["location"]["line"] += 40
    assert uuids(document("oscal", moved)) == uuids(assessed)
    assert uuids(document("oscal-poam", moved)) == uuids(planned)


def test_the_numbers_are_those_of_the_report(examples: Report, assessed: dict[str, Any]) -> None:
    model = assessed
    for result, record in zip(model["results"], examples["results"], strict=True):
        for group in ("findings", "expectations", "integrity"):
            for outcome, number in record["counts"][group].items():
                assert prop(result, f"{group}-{outcome.replace('_', '-')}") == str(number)
        assert prop(result, "blocking") == str(record["counts"]["blocking"])


# --- what is open ----------------------------------------------------------------------------------------------


def test_every_gap_and_unknown_is_an_item_of_the_plan(examples: Report, planned: dict[str, Any]) -> None:
    items = [prop(item, "finding-id") for item in planned["poam-items"]]
    every = [f["id"] for r in examples["results"] for f in r["findings"] if f["outcome"] in {"gap", "unknown"}]
    assert items == every


def by_finding(model: dict[str, Any], number: int, rich: Report) -> dict[str, Any]:
    """The risk of the nth gap that nothing contradicts."""
    gaps = [f for f in rich["results"][0]["findings"] if f["outcome"] == "gap" and f["assurance"] != "contradicted"]
    every = model.get("risks") or model["results"][0]["risks"]
    found: dict[str, Any] = next(risk for risk in every if prop(risk, "finding-id") == gaps[number]["id"])
    return found


def test_an_accepted_gap_is_a_deviation_with_its_end_and_what_compensates(rich: Report) -> None:
    risk = by_finding(document("oscal", rich), 0, rich)
    assert risk["status"] == "deviation-approved"
    assert risk["deadline"] == "2026-12-31T23:59:59Z"
    assert "log-review" in risk["mitigating-factors"][0]["description"]
    (entry,) = risk["risk-log"]["entries"]
    assert (entry["start"], entry["end"]) == ("2026-10-01T00:00:00Z", "2026-12-31T23:59:59Z")
    assert SECRET in entry["description"]
    assert {r["status"] for r in document("oscal", rich)["results"][0]["risks"]} == {"open", "deviation-approved"}


def test_what_the_baseline_plans_is_a_planned_response(rich: Report) -> None:
    planned = copy.deepcopy(rich)
    gaps = [f for f in planned["results"][0]["findings"] if f["outcome"] == "gap" and f["assurance"] != "contradicted"]
    gaps[1]["baseline"] |= {"plan": "limit it at the edge", "due_on": "2027-01-31", "ticket": "T-2"}
    model = document("oscal-poam", planned)
    risk = by_finding(model, 1, planned)
    assert (risk["status"], risk["deadline"]) == ("open", "2027-01-31T23:59:59Z")
    plan = next(one for one in risk["remediations"] if one["lifecycle"] == "planned")
    assert plan["description"] == "limit it at the edge"
    (task,) = plan["tasks"]
    assert task["timing"]["on-date"]["date"] == "2027-01-31T23:59:59Z"
    assert task["responsible-roles"] == [{"role-id": "owner", "remarks": SECRET}]
    item = next(one for one in model["poam-items"] if prop(one, "finding-id") == gaps[1]["id"])
    assert (prop(item, "owner"), prop(item, "due"), prop(item, "ticket")) == (SECRET, "2027-01-31", "T-2")


def test_whoever_answers_for_a_subject_planned_nothing_by_that(rich: Report) -> None:
    owned = copy.deepcopy(rich)
    for finding in owned["results"][0]["findings"]:
        finding.pop("baseline", None)
        finding["owner"] = "edge team"
    model = document("oscal-poam", owned)
    assert {prop(item, "owner") for item in model["poam-items"] if prop(item, "finding-id")} == {"edge team"}
    assert all(r["lifecycle"] == "recommendation" for risk in model["risks"] for r in risk.get("remediations", ()))


def test_a_day_that_is_none_is_left_out(rich: Report) -> None:
    odd = copy.deepcopy(rich)
    for finding in odd["results"][0]["findings"]:
        if "exception" in finding:
            finding["exception"] |= {"expires_on": "soon", "granted_on": "20261001"}
    risk = by_finding(document("oscal", odd), 0, odd)
    assert "deadline" not in risk
    assert risk["risk-log"]["entries"][0]["start"] == "2026-11-21T00:00:00Z"


def test_a_plan_with_nothing_open_says_so(examples: Report) -> None:
    model = document("oscal-poam", without_gaps(examples))
    (item,) = model["poam-items"]
    assert item["title"] == "Nothing is open"
    assert "Nothing is open" not in render("oscal-poam", of_nothing(examples)).decode()


# --- the catalog -----------------------------------------------------------------------------------------------


def test_the_catalog_holds_every_expectation_in_our_words(examples: Report) -> None:
    catalog = document("oscal-catalog", examples)
    controls = {c["id"]: c for group in catalog["groups"] if group["class"] == "source-document" for c in group["controls"]}
    assert list(controls) == list(examples["expectations"])
    for name, asked in examples["expectations"].items():
        statement, aim = controls[name]["parts"]
        assert (statement["id"], aim["id"]) == (f"{name}_smt", f"{name}_obj")
        assert statement["prose"].replace("\\", "") == asked["paraphrase"]
        assert [prop(controls[name], key) for key in ("modality", "locator", "seen")] == [
            asked["modality"], asked["locator"], asked["seen"],
        ]  # fmt: skip


def test_a_control_links_to_its_document_and_that_to_its_address(examples: Report) -> None:
    catalog = document("oscal-catalog", examples)
    resources = {f"#{one['uuid']}": one for one in catalog["back-matter"]["resources"]}
    urls = {one["id"]: one["url"] for one in examples["criteria"]["documents"]}
    for group in catalog["groups"][:-1]:
        for owner in (group, *group["controls"]):
            resource = resources[owner["links"][0]["href"]]
            address = urls[group["id"].removesuffix("_document")]
            assert [link["href"] for link in resource.get("rlinks", ())] == ([address] if address else [])


def test_what_no_rule_tests_says_so(examples: Report) -> None:
    controls = {c["id"]: c for group in document("oscal-catalog", examples)["groups"] for c in group["controls"]}
    untested = [name for names in examples["criteria"]["without_a_rule"].values() for name in names]
    assert untested
    assert {name for name, one in controls.items() if prop(one, "tested") == "no"} == set(untested)


def test_the_catalog_is_the_same_whoever_was_judged_and_when(examples: Report, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples" / "corner-shop", tmp_path / "shop")
    other = judged(tmp_path, "shop", as_of="2026-12-01")
    day = '"last-modified":"2026-11-21T00:00:00Z"'
    first, second = (render("oscal-catalog", one).decode() for one in (examples, other))
    assert day in first
    assert first == second.replace("2026-12-01T", "2026-11-21T")


def test_another_pack_is_another_catalog(examples: Report) -> None:
    other = copy.deepcopy(examples)
    other["criteria"]["packs"][0]["digest"] = "sha256:" + "0" * 64
    assert document("oscal-catalog", other)["uuid"] != document("oscal-catalog", examples)["uuid"]
    chosen = copy.deepcopy(examples)
    chosen["expectations"].popitem()
    assert document("oscal-catalog", chosen)["uuid"] != document("oscal-catalog", examples)["uuid"]


def test_the_results_name_the_catalog_they_point_at(examples: Report, assessed: dict[str, Any]) -> None:
    named = [value for name, value in members(assessed) if name == "identifier"]
    assert document("oscal-catalog", examples)["uuid"] in named


# --- text of others --------------------------------------------------------------------------------------------


def _texts(model: dict[str, Any]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in members(model) if isinstance(value, str)]


@each_model
def test_no_text_of_others_is_obeyed(name: str, rich: Report) -> None:
    hostile = copy.deepcopy(rich)
    record = hostile["results"][0]
    for key in ("id", "name"):
        record["organization"][key] = f"{HOSTILE} {{{{ insert: param, x }}}} ^up^"
    for entry in record["artefacts"]:
        entry |= {"said": HOSTILE, "path": HOSTILE, "quotes": [{"path": HOSTILE, "line": 1, "text": HOSTILE}]}
    for document_ in hostile["criteria"]["documents"]:
        document_ |= {"title": HOSTILE, "issuer": HOSTILE, "url": "javascript:alert(1)"}
    for asked in hostile["expectations"].values():
        asked |= {"paraphrase": HOSTILE, "locator": HOSTILE}
    text = render(name, hostile).decode()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e\ud800-\udfff]", text)
    assert "javascript:" not in text
    for key, value in _texts(document(name, hostile)):
        assert "\n" not in value or key in {"prose", "remarks"}
        if key in {"title", "description", "statement", "remarks", "prose", "text"}:
            assert not re.search(r"(?<!\\)(?:<script|\[l\]|@team|\{\{)", re.sub("`[^`]*`", "", value)), (key, value)
            assert "{{" not in value


@each_model
def test_endless_names_are_cut(name: str, rich: Report) -> None:
    endless = copy.deepcopy(rich)
    for finding in endless["results"][0]["findings"]:
        finding["message"] = finding["title"] = "a" * 10_000
        finding["subject"]["id"] = "b" * 10_000
    endless["results"][0]["organization"] |= {"name": "c " * 10_000, "id": "d" * 10_000}
    assert all(len(value) < 10_000 for _, value in _texts(document(name, endless)))


def test_more_manifests_than_a_document_holds_are_refused_in_one_line(rich: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_oscal, "MAX_MANIFESTS", 2)
    render("oscal", {**rich, "results": rich["results"] * 2})
    with pytest.raises(UsageError, match="oscal-poam takes at most 2 manifests"):
        render("oscal-poam", {**rich, "results": rich["results"] * 3})


def test_a_manifest_full_of_markup_is_still_a_valid_document(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples" / "corner-shop", tmp_path / "shop")
    manifest = tmp_path / "shop" / "policycheck.yaml"
    text = manifest.read_text("utf-8")
    for plain in ("Corner Shop Ltd", "web team"):
        assert plain in text
        text = text.replace(plain, r'"=1+1 <script>alert(1)</script> ::error::x \u202e {{ x }} [l](http://e.example)"')
    manifest.write_text(text, "utf-8")
    report = judged(tmp_path, "shop")
    schema = json.loads(spec("oscal_complete_schema.json").read_text("utf-8"))
    for name in MODELS:
        made = render(name, report)
        assert _validator(schema).is_valid(json.loads(made)), name
        assert "\u202e".encode() not in made
