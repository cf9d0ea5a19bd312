"""Each example gives its expected report through the command line, and shows what it is there to show."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted(p.parent for p in (ROOT / "examples").glob("*/policycheck.yaml"))
AS_OF = "2026-11-21"
CODES = {"corner-shop": 1, "corner-shop-fixed": 0, "harbour-social": 1, "lantern-research": 1, "tern-ai": 1}
MOST_LINES = {"corner-shop": 62, "harbour-social": 200}


@cache
def check(example: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """A run over an example. Nobody changes one, so each question is asked once; `fresh` asks again."""
    return fresh(example, *options)


def fresh(example: Path, *options: str) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "policycheck", "check", "--as-of", AS_OF, "--root", str(example), *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(call, cwd=example, capture_output=True, text=True, env=environment, check=False)


def report(example: Path, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(check(example, "--format", "json", *options).stdout)
    return found


def findings(name: str, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = report(ROOT / "examples" / name, *options)["results"][0]["findings"]
    return found


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.name)
def test_the_report_is_the_expected_one(example: Path, request: pytest.FixtureRequest) -> None:
    done = check(example)
    expected = example / "expected-report.txt"
    if request.config.getoption("--update-golden"):
        expected.write_text(done.stdout, "utf-8")
    assert done.returncode == CODES[example.name], done.stderr
    assert done.stderr == ""
    assert done.stdout == expected.read_text("utf-8")


@pytest.mark.parametrize("name", sorted(MOST_LINES))
def test_a_report_stays_short(name: str) -> None:
    lines = check(ROOT / "examples" / name).stdout.splitlines()
    assert len(lines) <= MOST_LINES[name]


def test_the_small_manifest_is_small() -> None:
    assert len((ROOT / "examples" / "corner-shop" / "policycheck.yaml").read_text("utf-8").splitlines()) < 70


@pytest.mark.parametrize(("example", "most"), [("corner-shop", 60), ("harbour-social", 200)])
def test_a_report_is_short_enough_to_be_read(example: str, most: int) -> None:
    lines = (ROOT / "examples" / example / "expected-report.txt").read_text("utf-8").splitlines()
    assert len(lines) <= most


def test_the_large_one_shows_every_outcome_and_assurance() -> None:
    found = findings("harbour-social")
    assert {f["outcome"] for f in found} == {"gap", "unknown", "met", "not_used", "not_applicable"}
    assert {f["assurance"] for f in found} == {"declared", "supported", "verified", "contradicted"}
    assert {"declaration-matches-evidence", "evidence-readable"} <= {f["rule"] for f in found if f["outcome"] != "met"}


#: What stands on the lines of harbour-social's artefacts that deny a claim or show what nobody declared.
DENYING = {
    "api/openapi.yaml": ("security: []", "get:", "display_name:"),
    "deploy/conf.d/limits.conf": ("limit_req_zone",),
    "deploy/conf.d/www.conf": ("limit_req_dry_run",),
    "docs/dataset-card-posts-2.md": ("author_email",),
    "infra/edge/waf.tf": ("count {}",),
    "monitoring/alertmanager.yml": ("name: nobody",),
    "public/.well-known/security.txt": ("Expires:",),
    "public/robots.txt": ("robots.txt",),
    "registers/scraping-incidents.csv": ("feeds-2026,",),
}


def test_a_contradiction_stands_at_the_artefacts_line_with_the_manifests_line_beside_it() -> None:
    root = ROOT / "examples" / "harbour-social"
    found = [f for f in findings("harbour-social") if f["assurance"] == "contradicted"]
    assert {f["location"]["path"] for f in found} == DENYING.keys()
    for finding in found:
        place = finding["location"]
        line = (root / place["path"]).read_text("utf-8").splitlines()[place["line"] - 1]
        assert any(text in line for text in DENYING[place["path"]]), finding["message"]
        # What nobody declared stands beside the section whose evidence shows it.
        for beside in [b for b in finding["related"] if b["route"] != "organization"]:
            declared = (root / beside["path"]).read_text("utf-8").splitlines()[beside["line"] - 1]
            name = beside["route"].rpartition(".")[2]
            assert name.partition("[")[2].rstrip("]") in declared if "[" in name else name in declared


def test_the_large_one_holds_evidence_of_every_kind_and_every_verdict() -> None:
    from policycheck import rooms

    call = [sys.executable, "-m", "policycheck", "evidence", "list", "--as-of", AS_OF, "--format", "json"]
    done = subprocess.run(
        call, cwd=ROOT / "examples" / "harbour-social", capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
    )  # fmt: skip
    (found,) = json.loads(done.stdout)
    assert {row["kind"] for row in found["evidence"]} >= set(rooms.names("evidence"))
    assert {row["verdict"] for row in found["evidence"]} >= {"agrees", "contradicts", "supports", "doubted", "unreadable"}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.name)
def test_every_place_is_where_the_value_stands(example: Path) -> None:
    for finding in report(example)["results"][0]["findings"]:
        for fact in finding["facts"]:
            place = fact.get("location")
            if place is None or not fact.get("declared", True) or fact.get("source") == "artefact":
                continue
            text = (example / place["path"]).read_text("utf-8").splitlines()[place["line"] - 1]
            if isinstance(fact["value"], str) and "end_column" in place:
                written = text[place["column"] - 1 : place["end_column"] - 1].strip("\"'")
                assert written == fact["value"] or fact["value"] == "declared", (fact, text)


def test_every_gap_and_unknown_says_on_what_it_rests() -> None:
    for example in EXAMPLES:
        for finding in report(example)["results"][0]["findings"]:
            if finding["outcome"] in ("gap", "unknown") and finding["expectations"]:
                assert finding["facts"], finding["rule"]
                assert finding["location"], finding["rule"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.name)
def test_the_counts_add_up(example: Path) -> None:
    found = report(example)
    (record,) = found["results"]
    ordinary = [f for f in record["findings"] if f["expectations"]]
    accepted = [f for f in ordinary if "exception" in f]
    assert record["counts"]["accepted"] == len(accepted)
    assert sum(record["counts"]["findings"].values()) + len(accepted) == len(ordinary)
    assert sum(record["counts"]["integrity"].values()) == len(record["findings"]) - len(ordinary)
    for outcome, count in record["counts"]["findings"].items():
        assert sum(f["outcome"] == outcome for f in ordinary if "exception" not in f) == count
    without = sum(map(len, found["criteria"]["without_a_rule"].values()))
    assert sum(record["counts"]["expectations"].values()) + without == found["criteria"]["expectations"]
    assert record["counts"]["blocking"] == sum(f["blocks"] for f in record["findings"])


def test_ids_are_unique_and_do_not_depend_on_files_or_order(tmp_path: Path) -> None:
    source = (ROOT / "examples" / "corner-shop" / "policycheck.yaml").read_text("utf-8")
    (tmp_path / "deploy").mkdir()
    limits = (ROOT / "examples" / "corner-shop" / "deploy" / "nginx.conf").read_bytes()
    (tmp_path / "deploy" / "nginx.conf").write_bytes(limits)
    (tmp_path / "other.policycheck.yaml").write_text("# a line more\n\n" + source, "utf-8")
    before = [f["id"] for f in findings("corner-shop")]
    after = [f["id"] for f in report(tmp_path)["results"][0]["findings"]]
    assert len(set(before)) == len(before)
    assert sorted(before) == sorted(after)


def test_two_runs_give_the_same_bytes() -> None:
    example = ROOT / "examples" / "harbour-social"
    assert fresh(example, "--format", "json").stdout == check(example, "--format", "json").stdout


def test_merely_declared_can_be_made_to_bite() -> None:
    plain = findings("corner-shop-fixed")
    strict = findings("corner-shop-fixed", "--min-assurance", "verified")
    met = {f["id"]: f["assurance"] for f in plain if f["outcome"] == "met" and f["expectations"]}
    for finding in strict:
        if finding["id"] in met:
            assert finding["outcome"] == ("met" if met[finding["id"]] == "verified" else "unknown")


def test_without_evidence_everything_is_as_declared() -> None:
    found = findings("harbour-social", "--no-evidence")
    assert {f["assurance"] for f in found} == {"declared"}
    assert report(ROOT / "examples" / "harbour-social", "--no-evidence")["options"]["loosened_by"] == ["--no-evidence"]


def test_the_developer_holds_evidence_of_many_kinds_with_every_verdict() -> None:
    (record,) = report(ROOT / "examples" / "tern-ai")["results"]
    assert len({entry["kind"] for entry in record["artefacts"]}) >= 14
    verdicts = {entry["verdict"] for entry in record["artefacts"]}
    assert verdicts >= {"agrees", "contradicts", "supports", "doubted", "unreadable"}
    assert {"verified", "contradicted"} <= {f["assurance"] for f in record["findings"]}
    shown = {f["location"]["path"] for f in record["findings"] if f["assurance"] == "contradicted"}
    assert len(shown) == 8


def test_a_denied_assessment_stands_at_the_words_that_the_finding_turns_on() -> None:
    root = ROOT / "examples" / "tern-ai"
    found = [f for f in findings("tern-ai") if f["rule"] == "high-risk-put-to-the-authority"]
    (chat,) = [f for f in found if f["assurance"] == "contradicted"]
    words = (root / chat["location"]["path"]).read_text("utf-8").splitlines()[chat["location"]["line"] - 1]
    assert words.startswith("High risk remains.")
    assert [place["route"] for place in chat["related"]] == ["ai_uses[gull-chat].dpia.residual_high"]


#: The packs beside the joint statements whose every outcome an example has to show.
SHOWN = {
    "tern-ai": ("breach-clocks", "generative-ai", "scraping-conduct"),
    "harbour-social": ("breach-clocks", "generative-ai", "research-access"),
    "lantern-research": ("italy-garante", "research-access"),
}


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_the_packs_are_met_missed_and_left_open(name: str) -> None:
    found = findings(name)
    for pack in SHOWN[name]:
        rules = {p.name.removesuffix(".test.yaml") for p in (ROOT / "rules" / pack).glob("*/*.test.yaml")}
        told = [f["outcome"] for f in found if f["rule"] in rules and f["expectations"]]
        assert {"met", "gap", "unknown"} <= set(told), pack
        assert told.count("unknown") <= 15, pack


def test_the_clocks_of_breaches_show_each_sort_of_law() -> None:
    found = [(f["rule"], f["subject"]["id"], f["outcome"]) for f in findings("harbour-social")]
    assert {
        ("authority-told-within-hours", "old-apps-2026 / ES", "gap"),
        ("authority-told-within-hours", "partner-key-2026 / GB", "met"),  # 79 hours, and the reason for them
        ("authority-told-within-hours", "events-2026", "unknown"),
        ("authority-still-exists", "MX", "gap"),
        ("people-told-without-order", "partner-key-2026 / MX", "gap"),
        ("declared-time-limit-fits-law", "HK", "not_applicable"),
    } <= set(found)
    late = [f for f in findings("tern-ai") if f["rule"] == "authority-told-within-hours"]
    assert [(f["outcome"], "76 hours" in f["message"]) for f in late if f["subject"]["id"].endswith("GB")] == [("gap", True)]


def test_the_platform_with_researchers_shows_every_rule_on_research_access() -> None:
    rules = {p.name.removesuffix(".test.yaml") for p in (ROOT / "rules" / "research-access").glob("*/*.test.yaml")}
    found = [f for f in findings("lantern-research") if f["rule"] in rules]
    assert {f["rule"] for f in found if f["outcome"] != "not_applicable"} == rules
    assert {f["outcome"] for f in found} == {"gap", "unknown", "met", "not_applicable"}
    late = [f for f in found if f["rule"] == "access-given-in-period"]
    assert {f["subject"]["id"]: f["outcome"] for f in late if f["outcome"] != "not_applicable"} == {
        "scam-clips": "met", "feed-ranking": "gap", "election-streams": "met",
    }  # fmt: skip


def test_a_letter_denies_that_a_researcher_was_vetted_before_the_access_began() -> None:
    (found,) = [f for f in findings("lantern-research") if f["rule"] == "recipient-is-vetted" and f["outcome"] == "gap"]
    assert found["assurance"] == "contradicted"
    assert found["location"]["path"] == "requests/SO-2026-014-status.md"
