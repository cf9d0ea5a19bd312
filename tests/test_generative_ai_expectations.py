"""The generative-ai pack's expectations are the catalogue's, and concern whom their documents speak to."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from policycheck import check

PACK = Path(__file__).resolve().parents[1] / "rules" / "generative-ai"
ROWS = {"ICO8Q": range(9), "SNAP24": range(1, 8), "AIENG": range(1, 12), "GPA23": range(1, 10), "G723": range(1, 10),
        "HIRO23": range(1, 12), "ICOGEN24": range(1, 14)}  # fmt: skip
#: Documents of one country's authority; the others are international.
NATIONAL = ("ICO8Q", "SNAP24", "AIENG", "ICOGEN24")
FROM_MEMORY = {"GPA23-9", "G723-7", "G723-8", "ICOGEN24-12", "ICOGEN24-13"}
NOT_CODIFIABLE = {"AIENG-5", "HIRO23-8", "HIRO23-9"}


@cache
def load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((PACK / name).read_text("utf-8"))
    return found


def expectations(document: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = load(f"expectations/{document}.yaml")["expectations"]
    return found


@cache
def rules() -> dict[str, dict[str, Any]]:
    """Every rule of the pack, by its file's path in the pack."""
    files = [p for p in PACK.glob("*/*.yaml") if p.parent.name != "expectations" and not p.name.endswith(".test.yaml")]
    return {p.relative_to(PACK).as_posix(): load(p.relative_to(PACK).as_posix()) for p in files}


EVERY = {name: entry for document in ROWS for name, entry in expectations(document).items()}


@pytest.mark.parametrize("document", ROWS)
def test_every_row_of_the_catalogue_is_there_and_nothing_else(document: str) -> None:
    assert list(expectations(document)) == [f"{document}-{number}" for number in ROWS[document]]


def test_what_was_not_seen_awaits_its_source_and_the_rest_does_not() -> None:
    assert {name for name, entry in EVERY.items() if entry["seen"] == "M"} == FROM_MEMORY
    assert {name for name, entry in EVERY.items() if "awaiting" in entry} == FROM_MEMORY
    assert {name for name, entry in EVERY.items() if "uncodifiable" in entry} == NOT_CODIFIABLE
    disabled = {name for rule in rules().values() if "disabled" in rule for name in rule["expectations"]}
    assert disabled == {"ICOGEN24-12", "ICOGEN24-13"}


def test_each_expectation_has_a_rule_or_the_one_reason_why_not() -> None:
    named = {name for rule in rules().values() if "disabled" not in rule for name in rule["expectations"]}
    tested = named | {name for name, entry in EVERY.items() if "tested_by" in entry}
    assert tested == set(EVERY) - FROM_MEMORY - NOT_CODIFIABLE


@pytest.mark.parametrize("document", ROWS)
def test_national_guidance_concerns_its_country_and_international_guidance_everybody(document: str) -> None:
    for name, entry in expectations(document).items():
        places = entry.get("jurisdictions", [])
        if name == "AIENG-10":
            assert {"IE", "DE", "NO"} < set(places) and len(places) == 30 and "GB" not in places
        else:
            assert places == (["GB"] if document in NATIONAL else [])


def test_the_voluntary_code_says_so_and_weighs_little() -> None:
    for name, entry in expectations("HIRO23").items():
        assert entry["modality"] == "should"
        assert entry["note"].startswith("Voluntary."), name
    on_the_code = [rule for rule in rules().values() if any(name.startswith("HIRO23") for name in rule["expectations"])]
    assert on_the_code and {rule["severity"] for rule in on_the_code} == {"low", "info"}


def test_what_is_said_of_british_law_is_asked_of_british_law_alone() -> None:
    """A basis that is missing, or another one, elsewhere is no gap under what the British authority says."""
    for path, rule in rules().items():
        if path.startswith("ai-lawful-basis-uk/"):
            assert {name.partition("-")[0] for name in rule["expectations"]} <= {"ICO8Q", "ICOGEN24"}
            bound = rule["for_each"]
            places = bound["jurisdiction"] if isinstance(bound, dict) else "in_the_uk"
            assert "GB" in places or "in_the_uk" in rule["when"], path


def test_what_the_british_authority_asks_is_asked_of_uses_with_people_there() -> None:
    """A use elsewhere is asked by international documents alone; what both ask is one rule here and one there."""
    international: dict[str, set[bool]] = {}
    for path, rule in rules().items():
        british = {name for name in rule["expectations"] if EVERY[name].get("jurisdictions") == ["GB"]}
        condition = f"{rule['for_each']} {rule.get('when', '')}"
        if british:
            assert "in_the_uk" in condition and "!use.in_the_uk" not in condition, path
        for name in set(rule["expectations"]) - british:
            international.setdefault(name, set()).add(bool(british))
    assert all(answers != {True} for answers in international.values()), international


def test_a_use_that_has_ended_is_not_said_to_be_running(tmp_path: Path) -> None:
    (tmp_path / "policycheck.yaml").write_text(
        "policycheck: 1\n"
        "organization: {id: a, name: A, roles: [social_media_company, ai_developer], size: small, jurisdictions: [GB, CA]}\n"
        "ai_uses:\n"
        "  - {id: old, jurisdictions: [GB], phases: [finetune], start_on: 2025-06-01, end_on: 2025-12-01, safeguards: [],\n"
        "     sources: [{id: own, type: own_platform, phases: [finetune]}],\n"
        "     transparency: {notice_ref: ''}, dpia: {versions: []}}\n"
        "  - {id: asked, jurisdictions: [GB], phases: [rag], start_on: 2025-06-01, end_on: 2025-12-01,\n"
        "     sources: [{id: own, type: user_input, phases: [rag]}],\n"
        "     transparency: {notice_ref: '', direct_notice: not_done}}\n"
        "  - {id: away, jurisdictions: [CA], phases: [rag], start_on: 2025-06-01, end_on: 2025-12-01,\n"
        "     sources: [{id: own, type: user_input, phases: [rag]}],\n"
        "     transparency: {notice_ref: '', direct_notice: not_done}}\n",
        "utf-8",
    )
    (result,) = check(tmp_path, as_of="2026-11-21", criteria=["generative-ai"]).results
    said = {f.rule: f.message for f in result.findings if f.outcome == "gap"}
    asked = {"ai-notice-published", "impact-assessment-made", "notice-published-elsewhere", "training-notice-published"}
    assert asked | {"training-has-safeguards"} <= set(said)
    assert not [message for message in said.values() if "has been" in message]


def test_a_model_without_personal_data_is_not_said_to_hold_any(tmp_path: Path) -> None:
    """What others trained it on is not declared, so measures are asked all the same."""
    (tmp_path / "policycheck.yaml").write_text(
        "policycheck: 1\n"
        "organization: {id: a, name: A, roles: [ai_developer], size: small, jurisdictions: [GB, CA]}\n"
        "ai_uses:\n"
        "  - {id: uk, jurisdictions: [GB], phases: [finetune], sources: [], security: {ai_threats: []},\n"
        "     rights: {covers_model: false}}\n"
        "  - {id: away, jurisdictions: [CA], phases: [finetune], sources: [], security: {ai_threats: []}}\n",
        "utf-8",
    )
    (result,) = check(tmp_path, as_of="2026-11-21", criteria=["generative-ai"]).results
    said = {f.rule: f.message for f in result.findings if f.outcome == "gap"}
    for rule in ("training-data-cannot-be-drawn-out", "drawing-out-hindered-elsewhere"):
        assert "any personal data that its model was trained on, here or by others" in said[rule]
    assert "what it may have learnt of somebody" in said["rights-reach-the-model"]


def test_what_is_asked_of_decisions_by_machine_alone_supports_the_article_on_them() -> None:
    for rule in ("machine-decisions-can-be-refused", "people-review-machine-decisions"):
        (name,) = rules()[f"ai-decisions/{rule}.yaml"]["expectations"]
        assert "22" in EVERY[name]["supports"]["gdpr"], name


def test_what_the_authority_welcomed_in_one_company_is_asked_of_nobody() -> None:
    assert {EVERY[name]["modality"] for name in ("AIENG-4", "AIENG-5")} == {"informational"}
    assert "ICO" not in EVERY["AIENG-9"]["locator"], "the authority's statement holds none of these facts"
