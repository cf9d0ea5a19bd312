"""The packs on scraping conduct, research access and the Italian note hold what the catalogue lists, for whom it does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from policycheck import packs
from policycheck.document import parse
from policycheck.judge import Judge
from policycheck.manifests import v1
from policycheck.manifests.explain import schema

RULES = Path(__file__).resolve().parents[1] / "rules"
PACKS = {"AP24": "scraping-conduct", "CLV": "scraping-conduct", "DSA40": "research-access", "GAR24": "italy-garante"}
#: The catalogue's rows by how they are put; DSA40-5a is the condition of the option in DSA40-5, and 33 whom it all concerns.
MODALITIES = {
    "AP24": {"must": "1 2 3 4 5 6 7", "may": "8"},
    "CLV": {"must": "1 2 3 4 5 6 7 8 9 10 11 12 13 14", "informational": "15"},
    "DSA40": {"must": "1 4 5a 6 7 12", "may": "5", "informational": "8a 8b 8c 8d 8e 8g 33"},
    "GAR24": {"must": "0 8", "should": "1 3", "may": "2 4 5 6 7a 7b 7c 7d 7e"},
}
UNCODIFIABLE = {"AP24-8", "DSA40-5"}
PLACES = {
    **{f"CLV-{n}": ["CA"] for n in (1, 2, 4)},
    "CLV-3": ["CA-QC"],
    **{f"CLV-{n}": ["AU"] for n in range(5, 11)},
    **{f"CLV-{n}": ["GB"] for n in range(11, 15)},
}


def expectations(document: str) -> dict[str, dict[str, Any]]:
    path = RULES / PACKS[document] / "expectations" / f"{document}.yaml"
    found: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text("utf-8"))["expectations"]
    return found


@pytest.mark.parametrize("document", sorted(PACKS))
def test_every_row_of_the_catalogue_is_there_as_the_source_puts_it(document: str) -> None:
    rows = {f"{document}-{n}": modality for modality, ids in MODALITIES[document].items() for n in ids.split()}
    assert {name: row["modality"] for name, row in expectations(document).items()} == rows


@pytest.mark.parametrize("document", sorted(PACKS))
def test_only_what_no_manifest_can_show_has_no_rule(document: str) -> None:
    unruled = {name for name, row in expectations(document).items() if "uncodifiable" in row or "awaiting" in row}
    assert unruled == {name for name in UNCODIFIABLE if name.startswith(document)}


def test_each_authority_speaks_for_its_own_place_only() -> None:
    assert {name: row["jurisdictions"] for name, row in expectations("CLV").items() if "jurisdictions" in row} == PLACES
    assert {tuple(row["jurisdictions"]) for row in expectations("AP24").values()} == {("NL",)}
    assert {tuple(row["jurisdictions"]) for row in expectations("GAR24").values()} == {("IT",)}


def test_the_digital_services_act_concerns_very_large_platforms_only() -> None:
    (document,) = yaml.safe_load((RULES / "research-access" / "pack.yaml").read_text("utf-8"))["documents"]
    assert document["addressees"] == ["very_large_platform"]
    rows = expectations("DSA40").items()
    assert {name for name, row in rows if "addressees" in row or "jurisdictions" in row} == {"DSA40-33"}


@pytest.mark.parametrize("document", sorted(PACKS))
def test_nothing_rests_on_memory_alone_and_what_is_not_the_issuers_says_so(document: str) -> None:
    assert {row["seen"] for row in expectations(document).values()} <= {"V", "VP", "V2"}


@pytest.mark.parametrize("document", sorted(PACKS))
def test_mappings_to_other_frameworks_say_how_sure_they_are(document: str) -> None:
    for name, row in expectations(document).items():
        assert set(row.get("supports", {})) == set(row.get("confidence", {})), name
        assert set(row.get("supports", {})) <= {"gdpr", "owasp-oat"}, name


def test_that_no_ground_was_found_in_one_place_is_no_gap_in_the_law_of_another() -> None:
    body = """policycheck: 1
organization: {id: a, roles: [scraper], jurisdictions: [NL, GB, CA]}
own_scraping:
  - {id: news, jurisdictions: [NL, GB, CA], basis: {NL: legitimate_interests, GB: legitimate_interests, CA: none}}
"""
    document, problems = parse(body.encode(), "policycheck.yaml")
    assert not (problems or v1.shape_problems(document) or v1.read(document, "2026-11-21")[0])
    judge = Judge(packs.load((), schema(v1.SCHEMA)), document, "2026-11-21")
    found = [judge.finding(j) for j in judge.judge(judge.criteria.every_rule["own-scraping-lawful-basis"])]
    assert {f.subject.id: (f.outcome.value, f.expectations) for f in found} == {
        "news / NL": ("met", ("JS23-03a", "CJS24-06", "AP24-1")),
        "news / GB": ("met", ("JS23-03a", "CJS24-06", "CLV-11")),
        "news / CA": ("gap", ("JS23-03a", "CJS24-06")),
    }


def test_the_dutch_guidance_for_private_parties_asks_a_public_body_nothing() -> None:
    body = """policycheck: 1
organization: {id: a, roles: [scraper, public_body], jurisdictions: [NL]}
own_scraping: [{id: news, jurisdictions: [NL], basis: {NL: official_authority}, fields: []}]
"""
    document, problems = parse(body.encode(), "policycheck.yaml")
    assert not (problems or v1.shape_problems(document) or v1.read(document, "2026-11-21")[0])
    judge = Judge(packs.load((), schema(v1.SCHEMA)), document, "2026-11-21")
    found = {r.id: judge.finding(j) for r in judge.criteria.rules for j in judge.judge(r)
             if any(name.startswith("AP24") for name in r.expectations)}  # fmt: skip
    lent = {"own-scraping-lawful-basis": "met", "own-scraping-bounded": "gap"}
    assert {name: f.outcome.value for name, f in found.items()} == {**dict.fromkeys(found, "not_applicable"), **lent}
    assert not [e for name in lent for e in found[name].expectations if e.startswith("AP24")]
    assert {f.because_of for name, f in found.items() if name not in lent} == {"organization.roles"}


@pytest.mark.parametrize(("places", "asked"), [
    ("[US]", set()), ("[GB]", {"CLV-12"}), ("[NL, AU]", {"AP24-3", "CLV-9"}), ("[]", {"AP24-3", "CLV-9", "CLV-12"}),
])  # fmt: skip
def test_an_activity_is_asked_what_authorities_ask_of_the_places_it_takes_in(places: str, asked: set[str]) -> None:
    body = f"""policycheck: 1
organization: {{id: a, roles: [scraper], jurisdictions: [NL, GB, AU, US]}}
own_scraping:
  - {{id: news, jurisdictions: {places}, fields: [], measures: [], deletion_job_ref: ""}}
"""
    document, problems = parse(body.encode(), "policycheck.yaml")
    assert not (problems or v1.shape_problems(document) or v1.read(document, "2026-11-21")[0])
    judge = Judge(packs.load((), schema(v1.SCHEMA)), document, "2026-11-21")
    rules = [judge.criteria.every_rule[f"own-scraping-{name}"] for name in ("bounded", "measures", "ends")]
    found = [judge.finding(j) for rule in rules for j in judge.judge(rule)]
    assert {f.outcome.value for f in found} == {"gap"}
    assert {name for f in found for name in f.expectations} == {"CJS24-06", "CJS24-32", *asked}


def test_what_keeps_search_engines_from_what_must_be_findable_is_told_in_plain_words() -> None:
    body = """policycheck: 1
organization: {id: a, roles: [public_body, website_operator], jurisdictions: [IT]}
surfaces:
  - {id: register, kind: page, auth: required, mandatory_publication: true, search_indexing: allowed, fields: []}
controls: []
policies: {refused_agents: []}
"""
    document, problems = parse(body.encode(), "policycheck.yaml")
    assert not (problems or v1.shape_problems(document) or v1.read(document, "2026-11-21")[0])
    judge = Judge(packs.load((), schema(v1.SCHEMA)), document, "2026-11-21")
    (found,) = [judge.finding(j) for j in judge.judge(judge.criteria.every_rule["italy-mandatory-findable"])]
    assert "signing in: required; refused by name: none; controls that leave them no way: none)" in found.message
