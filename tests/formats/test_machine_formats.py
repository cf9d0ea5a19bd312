"""The formats for machines: each by its golden file, all held against each other, nothing told that nobody asked for."""

from __future__ import annotations

import copy
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import jsonschema_rs
import pytest

from policycheck.formats import _machine, sarif_github

from .rich_support import GOLDEN, HERE, MACHINES, SECRET, render, spec

ROOT = HERE.parent.parent
Rich = dict[str, Any]
each_machine = pytest.mark.parametrize("name", sorted(MACHINES))


def results(rich: Rich, name: str = "sarif-github", **style: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(render(name, rich, **style))["runs"][0]["results"]
    return found


def cases(rich: Rich, **style: Any) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(render("junit", rich, **style)).iter("testcase"))


def long(rich: Rich, count: int) -> Rich:
    """The same report with many blocking gaps."""
    rich = copy.deepcopy(rich)
    record = rich["results"][0]
    gap = next(f for f in record["findings"] if f["blocks"] and f["outcome"] == "gap")
    record["findings"] += [gap | {"id": f"00000000-0000-5000-8001-{n:012}"} for n in range(count)]
    return rich


def test_the_rich_report_has_the_published_shape(rich: Rich) -> None:
    schema = json.loads((ROOT / "schemas" / "report-v1.json").read_text("utf-8"))
    # A lone surrogate is no JSON, so what the manifest reader would never let in is taken out here.
    plain = json.loads(json.dumps(rich, ensure_ascii=False).encode("utf-8", "replace"))
    assert [e.message for e in jsonschema_rs.validator_for(schema).iter_errors(plain)] == []


@each_machine
def test_each_format_is_as_it_was(name: str, rich: Rich, request: pytest.FixtureRequest) -> None:
    golden = GOLDEN / f"{name}.{MACHINES[name]}"
    if request.config.getoption("--update-golden"):
        golden.write_bytes(render(name, rich))
    assert render(name, rich) == golden.read_bytes()


@each_machine
def test_the_same_report_gives_the_same_bytes(name: str, rich: Rich) -> None:
    assert render(name, rich) == render(name, copy.deepcopy(rich))


@each_machine
def test_values_are_told_only_if_asked_for(name: str, rich: Rich) -> None:
    assert SECRET not in render(name, rich).decode()
    assert SECRET in render(name, rich, show_values=True).decode()


@each_machine
def test_no_text_of_others_is_obeyed(name: str, rich: Rich) -> None:
    for style in ({}, {"show_values": True}):
        text = render(name, rich, **style).decode()
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", text)
        assert not re.search(r"^\s*(?:::error::x|# h|##\[)", text, re.MULTILINE)


def _blocking(rich: Rich) -> set[str]:
    return {f["id"] for r in rich["results"] for f in r["findings"] if f["blocks"]}


def _from_sarif(rich: Rich) -> set[str]:
    return {r["correlationGuid"] for r in results(rich, "sarif") if r.get("properties", {}).get("blocks")}


def _from_sarif_github(rich: Rich) -> set[str]:
    return {r["correlationGuid"] for r in results(rich) if "correlationGuid" in r}


def _from_junit(rich: Rich) -> set[str]:
    return {c.attrib["name"][-37:-1] for c in cases(rich) if c.find("failure") is not None}


def _from_gitlab(rich: Rich) -> set[str]:
    entries = json.loads(render("gitlab", rich))
    return {e["fingerprint"] for e in entries if e["severity"] != "info" and "-" in e["fingerprint"]}


def _from_github(rich: Rich) -> set[str]:
    lines = [line for line in render("github", rich).decode().splitlines() if not line.startswith("::notice")]
    return {found[1] for line in lines if (found := re.search(r"\((\w{8}-[\w-]{27})\)$", line))}


def _from_summary(rich: Rich) -> set[str]:
    return set(re.findall(r"\| (\w{8}-[\w-]{27}) \|$", render("github-summary", rich).decode(), re.MULTILINE))


@pytest.mark.parametrize(
    "read", [_from_sarif, _from_sarif_github, _from_junit, _from_gitlab, _from_summary], ids=lambda f: f.__name__[6:]
)
def test_what_blocks_is_in_every_format(read: Callable[[Rich], set[str]], rich: Rich) -> None:
    assert read(rich) == _blocking(rich) != set()


def test_annotations_show_what_blocks_or_count_it(rich: Rich) -> None:
    errors = [line for line in render("github", rich).decode().splitlines() if line.startswith(("::error", "::warning"))]
    more = sum(int(found[1]) for line in errors if (found := re.search("::and ([0-9]+) more", line)))
    shown = _from_github(rich)
    stops = sum("incomplete" in line or "invalid-input" in line for line in errors)
    assert shown <= _blocking(rich)
    assert len(shown) + stops + more == len(_blocking(rich)) + 2


def test_what_stopped_the_run_is_in_every_format(rich: Rich) -> None:
    ids = {r["partialFingerprints"]["policycheck/v1"]: r["ruleId"] for r in results(rich) if "correlationGuid" not in r}
    assert sorted(ids.values()) == ["incomplete", "invalid-input"]
    for name in ("gitlab", "github", "github-summary", "junit"):
        text = render(name, rich).decode()
        assert all(stop in text for stop in ids), name
    log = json.loads(render("sarif", rich))["runs"][0]
    assert log["invocations"][0]["executionSuccessful"] is False
    assert log["invocations"][0]["toolExecutionNotifications"][0]["descriptor"]["id"] == "invalid-input"


@pytest.mark.parametrize("style", [{}, {"show_values": True}], ids=["bare", "values"])
def test_each_mistake_of_one_file_has_a_name_of_its_own_in_every_format(style: dict[str, Any], rich: Rich) -> None:
    problems = [{"path": "bad.yaml", "line": line, "column": 1, "message": f"mistake {line}"} for line in (2, 2, 9)]
    failures = [{"what": "rule r", "why": "budget"}, {"what": "rule r", "why": "another"}]
    broken = {**rich, "results": [{**rich["results"][0], "findings": [], "failures": failures}], "problems": problems}
    entries = json.loads(render("gitlab", broken, **style))
    ids = [entry["fingerprint"] for entry in entries if entry["severity"] == "critical"]
    assert len(ids) == len(set(ids)) == 5
    assert ids == [entry["fingerprint"] for entry in json.loads(render("gitlab", broken)) if entry["severity"] == "critical"]
    names = [case.attrib["name"] for case in cases(broken, **style)]
    assert len(names) == len(set(names)) == 5
    alerts = json.loads(render("sarif-github", broken, **style))["runs"][0]["results"]
    assert len({alert["partialFingerprints"]["primaryLocationLineHash"] for alert in alerts}) == 5


@each_machine
def test_what_loosened_the_run_is_told_also_where_nothing_blocks(name: str, rich: Rich) -> None:
    loose = {**rich, "results": [{**rich["results"][0], "findings": [], "failures": []}], "problems": [], "exit_code": 0}
    loose["totals"] = {**rich["totals"], "blocking": 0}
    for options, times in ([], 0), (["--allow-unknown", "exclude a::error::b"], 1):
        text = render(name, {**loose, "options": {**rich["options"], "loosened_by": options}}).decode()
        assert text.count("--allow-unknown") == times, text
        assert not re.search("^::error", text, re.MULTILINE)


@pytest.mark.parametrize(("code", "rule"), [(70, "bug"), (4, "nothing-applied"), (1, "baseline-not-pruned")])
def test_an_exit_code_that_no_finding_explains_is_explained(code: int, rule: str, rich: Rich) -> None:
    empty = {**rich, "results": [], "problems": [], "exit_code": code}
    empty["totals"] = {**rich["totals"], "manifests": 0, "blocking": 0}
    for name in MACHINES:
        assert rule in render(name, empty).decode().split('"results"')[-1], name


@pytest.mark.parametrize("name", ["sarif", "sarif-github"])
def test_sarif_is_valid_and_its_references_resolve(name: str, rich: Rich) -> None:
    schema = json.loads(spec("sarif-schema-2.1.0.json").read_text("utf-8"))
    validator = jsonschema.Draft4Validator(schema)
    for style in ({}, {"show_values": True}):
        log = json.loads(render(name, rich, **style))
        assert [e.message for e in validator.iter_errors(log)] == []
        run = log["runs"][0]
        assert {r["ruleId"] for r in run["results"]} <= {r["id"] for r in run["tool"]["driver"]["rules"]}
        taxa = {(t["name"], x["id"]) for t in run["taxonomies"] for x in t["taxa"]}
        targets = [x["target"] for r in run["tool"]["driver"]["rules"] for x in r.get("relationships", ())]
        assert {(t["toolComponent"]["name"], t["id"]) for t in targets} <= taxa


def test_complete_sarif_tells_every_outcome(rich: Rich) -> None:
    found = results(rich, "sarif")
    assert {r["kind"] for r in found} >= {"pass", "fail", "open", "notApplicable"}
    assert all(r["kind"] == "fail" or r["level"] == "none" for r in found)
    accepted = next(r for r in found if "suppressions" in r)
    assert accepted["suppressions"][0]["status"] == "accepted"
    assert accepted["suppressions"][0]["properties"]["expires_on"] == "2026-12-31"
    assert {r["baselineState"] for r in found if "baselineState" in r} == {"unchanged", "updated"}


def test_a_contradiction_stands_at_the_artefact_and_names_the_manifest(rich: Rich) -> None:
    found = next(r for r in results(rich) if r.get("properties", {}).get("assurance") == "contradicted")
    assert found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].startswith("deploy/")
    related = found["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert related.endswith(".policycheck-part.yaml")


def test_github_gets_gaps_as_errors_and_unknowns_as_warnings_and_no_more(rich: Rich) -> None:
    found = [r for r in results(rich) if "properties" in r]
    assert {(r["properties"]["outcome"], r["kind"], r["level"]) for r in found} == {
        ("gap", "fail", "error"), ("unknown", "fail", "warning"),
    }  # fmt: skip
    assert all(r["properties"]["blocks"] and "suppressions" not in r for r in found)


def test_an_alert_stays_the_same_when_lines_move(rich: Rich) -> None:
    moved = copy.deepcopy(rich)
    for finding in moved["results"][0]["findings"]:
        finding["location"]["line"] += 40
    before, after = ([r["partialFingerprints"] for r in results(report)] for report in (rich, moved))
    assert before == after
    hashes = [prints["primaryLocationLineHash"] for prints in before]
    assert len(set(hashes)) == len(hashes)


@pytest.mark.parametrize(("limit", "value"), [("MAX_RESULTS", 400), ("MAX_COMPRESSED", 9_000)])
def test_what_github_would_refuse_is_counted(limit: str, value: int, rich: Rich, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (sarif_github.MAX_RESULTS, sarif_github.MAX_COMPRESSED) <= (25_000, 10_000_000)
    monkeypatch.setattr(sarif_github, limit, value)
    found = results(long(rich, 6_000))
    told = re.match("([0-9]+) more results", found[-1]["message"]["text"])
    assert told is not None
    assert int(told[1]) + len(found) - 1 == len(_blocking(rich)) + 6_000 + 2


def test_the_texts_of_rules_are_as_long_as_github_takes(rich: Rich) -> None:
    log = json.loads(render("sarif-github", rich))
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    texts = [rule[key]["text"] for rule in rules for key in ("shortDescription", "fullDescription", "help")]
    assert all(0 < len(text) <= 1024 for text in texts)


def test_at_most_ten_annotations_of_a_level_the_worst_first(rich: Rich) -> None:
    lines = render("github", long(rich, 300)).decode().splitlines()
    errors = [line for line in lines if line.startswith("::error ")]
    assert len(errors) == 10
    assert "title=incomplete" in errors[0] or "title=invalid-input" in errors[0]
    assert re.search("::and [0-9]+ more; the report shows all of them$", errors[-1])
    assert all(re.match("::(error|warning|notice) ", line) for line in lines)


def test_a_summary_keeps_to_its_budget_and_counts_the_rest(rich: Rich) -> None:
    large = long(rich, 6_000)
    text = render("github-summary", large)
    assert len(text) < 1024 * 1024
    rest = re.search(rb"^([0-9]+) more that block found no room", text, re.MULTILINE)
    assert rest is not None
    assert len(re.findall(rb"^\| \*\*", text, re.MULTILINE)) + int(rest[1]) == len(_blocking(large)) + 2


def test_a_summary_counts_the_manifests_that_found_no_room(rich: Rich) -> None:
    clean = {**rich["results"][0], "findings": [], "failures": []}
    text = render("github-summary", {**rich, "results": [clean] * 9_000 + [rich["results"][0]]})
    assert len(text) < 1024 * 1024
    rest = re.search(rb"^([0-9]+) more manifests and ([0-9]+) more that block found no room", text, re.MULTILINE)
    assert rest is not None
    assert text.count(b"\n### ") + int(rest[1]) == 9_001
    assert int(rest[2]) == len(_blocking(rich)) + 1


def test_junit_fails_for_what_blocks_and_skips_what_is_accepted(rich: Rich) -> None:
    suite = next(ElementTree.fromstring(render("junit", rich)).iter("testsuite"))
    found = cases(rich)
    assert len({case.attrib["name"] for case in found}) == len(found)
    assert int(suite.attrib["failures"]) == len(_blocking(rich))
    skipped = [str(s.get("message")) for case in found if (s := case.find("skipped")) is not None]
    assert "accepted until 2026-12-31 by exception ex-1" in skipped
    assert "gap known to the baseline since 2026-09-01" in skipped


def test_junit_is_what_jenkins_accepts(rich: Rich, tmp_path: Path) -> None:
    schema, file = spec("junit-10.xsd"), tmp_path / "junit.xml"
    file.write_bytes(render("junit", rich))
    xmllint = shutil.which("xmllint")
    if xmllint:
        call = [xmllint, "--noout", "--schema", str(schema), str(file)]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return
    etree = pytest.importorskip("lxml.etree", reason="neither xmllint nor lxml is installed")
    validator = etree.XMLSchema(etree.parse(str(schema)))
    assert validator.validate(etree.parse(str(file))), validator.error_log


def test_gitlab_finds_no_entry_to_stop_at(rich: Rich) -> None:
    data = render("gitlab", rich)
    entries = json.loads(data)
    assert data[:1] == b"["
    for entry in entries:
        assert all(entry[key] and isinstance(entry[key], str) for key in ("description", "check_name", "fingerprint"))
        assert entry["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert entry["location"]["path"] and not entry["location"]["path"].startswith(("/", "./"))
        assert entry["location"]["lines"]["begin"] >= 1
    assert len({entry["fingerprint"] for entry in entries}) == len(entries)


@each_machine
def test_a_run_of_several_manifests_is_one_document(name: str, rich: Rich) -> None:
    first, clean = rich["results"][0], copy.deepcopy(rich["results"][0])
    clean["findings"], clean["failures"] = [], []
    data = render(name, {**rich, "results": [clean, first, clean, first]})
    if MACHINES[name] in {"sarif", "json"}:
        json.loads(data)
    elif MACHINES[name] == "xml":
        ElementTree.fromstring(data)
    else:
        assert data.endswith(b"\n")


def test_show_values_is_an_option_of_check(tmp_path: Path) -> None:
    example = ROOT / "examples" / "corner-shop"
    call = [sys.executable, "-m", "policycheck", "check", "--as-of", "2026-11-21", str(example), "--output"]
    outputs = []
    for options in ((), ("--show-values",)):
        file = tmp_path / "out.json"
        subprocess.run([*call, f"gitlab={file}", *options, "--quiet"], cwd=ROOT, capture_output=True, check=False)
        outputs.append(json.loads(file.read_bytes()))
    plain, shown = outputs
    assert [e["fingerprint"] for e in plain] == [e["fingerprint"] for e in shown]
    assert plain[0]["description"] != shown[0]["description"]


def test_paths_are_from_the_root_wherever_the_call_is_made(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "policycheck.yaml").write_text("policycheck: 1\n", "utf-8")
    call = [sys.executable, "-m", "policycheck", "check", "--root", "..", "--format", "gitlab", "--as-of", "2026-11-21"]
    done = subprocess.run(call, cwd=tmp_path / "a", capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert {e["location"]["path"] for e in json.loads(done.stdout)} == {"a/policycheck.yaml"}
    assert done.stderr.startswith("policycheck.yaml:")


def test_a_row_that_the_pack_lacks_is_not_called_undeclared() -> None:
    finding = {
        "title": "Told in time", "outcome": "unknown", "assurance": "declared", "subject": {"kind": "place", "id": "BR"},
        "facts": [{"route": "data.clocks[BR]", "source": "pack"}], "missing": ["data.clocks[BR]"], "location": None,
    }  # fmt: skip
    assert _machine.told(finding, {}) == "Told in time: unknown for place BR; no row in the pack: data.clocks[BR]"
