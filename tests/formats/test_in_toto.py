"""The in-toto attestation: passed is what was judged and met, and nothing that was not."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from typing import Any

import pytest

from policycheck.formats import _in_toto
from policycheck.report import header_of, totals_of

from .rich_support import HOSTILE, render

Report = dict[str, Any]


def statement(report: Report) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(render("in-toto", report))
    return found


def in_order(rich: Report) -> Report:
    """The same report with everything met, and nothing loosened."""
    found = copy.deepcopy(rich)
    for finding in found["results"][0]["findings"]:
        finding |= {"outcome": "met", "blocks": False}
        finding.pop("exception", None)
    found["results"][0]["failures"], found["problems"], found["exit_code"] = [], [], 0
    found["results"][0]["scope"]["applicable"] = 2
    found["options"]["loosened_by"] = []
    return found


def result(report: Report) -> str:
    return str(statement(report)["predicate"]["result"])


def test_it_is_a_statement_with_a_test_result(rich: Report) -> None:
    made = statement(rich)
    assert made["_type"] == "https://in-toto.io/Statement/v1"
    assert made["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert made["predicate"]["policycheck"]["report_id"] == rich["report_id"]
    assert render("in-toto", rich) == render("in-toto", copy.deepcopy(rich))


def test_its_subjects_are_the_files_that_were_read(rich: Report) -> None:
    record = rich["results"][0]
    read = [*record["inputs"], *(a for entry in record["artefacts"] for a in entry["artefacts"])]
    subjects = statement(rich)["subject"]
    assert {(s["name"], s["digest"]["sha256"]) for s in subjects} == {(a["path"], a["sha256"]) for a in read}
    assert [s["name"] for s in subjects] == sorted({a["path"] for a in read})


def test_the_configuration_is_the_criteria_and_what_was_asked(rich: Report) -> None:
    deciding = {"what": "baseline", "path": "known.yaml", "size": 3, "sha256": "ab" * 32}
    report = {**rich, "options": {**rich["options"], "decided_by": [deciding]}}
    *packs, baseline, options = statement(report)["predicate"]["configuration"]
    assert [f"sha256:{p['digest']['sha256']}" for p in packs] == [p["digest"] for p in rich["criteria"]["packs"]]
    assert (baseline["name"], baseline["digest"]["sha256"]) == ("known.yaml", "ab" * 32)
    canonical = json.dumps(options["annotations"], sort_keys=True, separators=(",", ":")).encode()
    assert hashlib.sha256(canonical).hexdigest() == options["digest"]["sha256"]
    assert options["annotations"]["criteria"] == rich["options"]["criteria"]


def test_every_finding_is_one_test_or_none(rich: Report) -> None:
    tests = statement(rich)["predicate"]
    lists = [set(tests[name]) for name in ("passedTests", "warnedTests", "failedTests")]
    every = {f["id"]: f for f in rich["results"][0]["findings"]}
    assert sum(map(len, lists)) == len(set().union(*lists))
    assert {every[name]["outcome"] for name in lists[0]} == {"met"}
    assert {every[name]["outcome"] for name in lists[1] | lists[2]} == {"gap", "unknown"}
    assert lists[2] == {name for name, finding in every.items() if finding["blocks"]}
    assert set(every) - set().union(*lists) == {n for n, f in every.items() if f["outcome"] == "not_applicable"}


def test_passed_is_what_is_met_throughout(rich: Report) -> None:
    assert result(rich) == "FAILED"
    assert result(in_order(rich)) == "PASSED"


@pytest.mark.parametrize("outcome", ["gap", "unknown"])
@pytest.mark.parametrize(("blocks", "expected"), [(True, "FAILED"), (False, "WARNED")])
def test_one_that_is_not_met_is_enough(outcome: str, blocks: bool, expected: str, rich: Report) -> None:
    report = in_order(rich)
    report["results"][0]["findings"][5] |= {"outcome": outcome, "blocks": blocks}
    assert result(report) == expected


def _loosened(report: Report) -> None:
    report["options"]["loosened_by"] = ["--no-evidence"]


def _invalid(report: Report) -> None:
    report["problems"] = [{"path": "a.yaml", "line": 1, "column": 1, "message": "is empty"}]


def _failed(report: Report) -> None:
    report["results"][0]["failures"] = [{"what": "verifier nginx", "why": "no time"}]


def _not_concerned(report: Report) -> None:
    report["results"][0]["scope"]["applicable"] = 0


def _ended(report: Report) -> None:
    report["exit_code"] = 1


def _without_tests(report: Report) -> None:
    report["results"][0]["findings"] = []


def _without_manifests(report: Report) -> None:
    report["results"] = []


@pytest.mark.parametrize(
    ("change", "expected"),
    [(_loosened, "WARNED"), (_invalid, "FAILED"), (_failed, "FAILED"), (_not_concerned, "FAILED"), (_ended, "FAILED"),
     (_without_tests, "FAILED"), (_without_manifests, "FAILED")],
)  # fmt: skip
def test_what_was_not_judged_or_was_loosened_is_not_passed(change: Any, expected: str, rich: Report) -> None:
    report = in_order(rich)
    change(report)
    assert result(report) == expected


def test_what_a_broken_rule_calls_met_is_failed(rich: Report) -> None:
    report = in_order(rich)
    finding = report["results"][0]["findings"][0]
    report["results"][0]["failures"] = [{"what": f"rule {finding['rule']}", "why": "no time"}]
    tests = statement(report)["predicate"]
    assert finding["id"] in tests["failedTests"]
    assert finding["id"] not in tests["passedTests"]


def test_other_subjects_can_be_given(rich: Report) -> None:
    subjects = [("b.html", "22"), ("a.json", "11"), ("b.html", "22"), ("none", "")]
    made = _in_toto.statement(subjects, header_of(rich), totals_of(rich), rich["results"])
    assert made["subject"] == [
        {"name": "a.json", "digest": {"sha256": "11"}}, {"name": "b.html", "digest": {"sha256": "22"}},
    ]  # fmt: skip
    assert made["predicate"] == statement(rich)["predicate"]


def test_no_text_of_others_is_obeyed(rich: Report) -> None:
    report = copy.deepcopy(rich)
    report["results"][0]["inputs"][0]["path"] = HOSTILE
    report["options"]["exclude"] = [HOSTILE]
    report["results"][0]["artefacts"][0]["artefacts"] = [{"path": "a" * 10_000, "size": 1, "sha256": "00"}]
    text = render("in-toto", report).decode()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e\ud800-\udfff]", text)
    assert "a" * 1000 not in text
