"""The pack breach-clocks is the catalogue's sixteen laws, says how surely each was read, and its tables fit one another."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from policycheck import breach, check, packs
from policycheck.language.evaluate import day
from policycheck.manifests import v1
from policycheck.manifests.explain import schema

CRITERIA = packs.load((), schema(v1.SCHEMA))
PACK = next(pack for pack in CRITERIA.packs if pack.id == breach.PACK)
TABLE = breach.table(PACK)
SIGNATORIES = ["AR", "AU", "CA", "CH", "CO", "ES", "GB", "GG", "HK", "IL", "JE", "MA", "MC", "MX", "NO", "NZ"]
ROWS = [pytest.param(place, row, id=f"{place} {row['from']}") for place, rows in TABLE.items() for row in rows]
ALWAYS = {
    "from",
    "name",
    "statute",
    "authority",
    "duty",
    "clock",
    "fits",
    "words",
    "people",
    "source",
    "seen",
    "read",
    "note",
}
WITH_A_DUTY = {"starts", "some_are_exempt", "doubted", "threshold", "start"}
MAYBE = {
    "until", "successor", "former", "current", "value", "at_least_hours", "assess_days", "starts_at_detection",
    "guide_hours", "guide_starts_at_awareness", "late_with_reasons", "holiday_allowance",
    "starting_hour_out", "utc_offset", "file_at",
}  # fmt: skip
CLOCK_TYPES = {"calendar_hours", "working_days", "without_fixed_time", "no_duty"}


def test_the_expectations_are_the_catalogues_rows_two_that_are_split_off_and_the_places_that_are_not_held() -> None:
    extra = {"BRN-NZ-72", "BRN-CA-24M", "BRN-ELSE"}
    assert set(PACK.expectations) == {f"BRN-{place}" for place in SIGNATORIES} | extra
    assert {e.jurisdictions for e in PACK.expectations.values() if e.id != "BRN-ELSE"} == {(place,) for place in SIGNATORIES}
    assert PACK.expectations["BRN-ELSE"].jurisdictions == ()
    assert sorted(TABLE) == SIGNATORIES


def test_each_expectation_is_tested_or_says_why_not() -> None:
    named = {name for rule in CRITERIA.every_rule.values() if not rule.disabled for name in rule.expectations}
    assert set(PACK.expectations) - named == {"BRN-CA-24M"}
    assert {e.id for e in PACK.expectations.values() if e.awaiting} == {"BRN-CA-24M"}
    assert {rule.id for rule in PACK.rules.values() if rule.disabled} == {"breach-records-kept-two-years"}


def test_what_is_from_memory_only_runs_nowhere() -> None:
    assert {e.id for e in PACK.expectations.values() if e.seen == "M"} == {"BRN-CA-24M"}
    assert {row["seen"] for rows in TABLE.values() for row in rows} == {"V", "VP", "V2"}


@pytest.mark.parametrize("place", SIGNATORIES)
def test_an_expectation_says_where_its_law_was_read_and_as_surely_as_the_row(place: str) -> None:
    expectation, row = PACK.expectations[f"BRN-{place}"], TABLE[place][-1]
    assert expectation.url == row["source"]
    assert expectation.seen == row["seen"]


def test_only_what_the_authority_itself_says_is_seen_at_the_issuer() -> None:
    for rows in TABLE.values():
        for row in rows:
            assert (row["seen"] == "V") <= (row["read"] == "authority"), row["statute"]


@pytest.mark.parametrize(("place", "row"), ROWS)
def test_a_row_is_whole(place: str, row: dict[str, Any]) -> None:
    wanted = ALWAYS | (WITH_A_DUTY if row["duty"] != "none" else set())
    assert wanted <= set(row) <= wanted | MAYBE
    assert row["duty"] in {"statutory", "people_only", "none"}
    assert row["read"] in {"authority", "copy", "account", "vendor"}
    assert set(row["fits"]) <= CLOCK_TYPES
    assert row["source"].startswith("https://")
    assert all(row[key] for key in ALWAYS)


@pytest.mark.parametrize(("place", "row"), ROWS)
def test_the_sort_of_clock_and_its_number_fit(place: str, row: dict[str, Any]) -> None:
    assert (row["clock"] in ("hours", "working_days")) == ("value" in row) == ("at_least_hours" in row)
    assert (row["clock"] == "none") == (row["duty"] != "statutory")
    assert ("no_duty" in row["fits"]) == (row["duty"] != "statutory")
    natural = {"hours": "calendar_hours", "working_days": "working_days", "open": "without_fixed_time", "none": "no_duty"}
    assert natural[row["clock"]] in row["fits"]
    assert row["clock"] != "hours" or row["at_least_hours"] == row["value"]
    assert row["clock"] != "working_days" or {"utc_offset", "holiday_allowance"} <= set(row)


def test_rows_of_a_place_follow_each_other_without_overlap() -> None:
    for rows in TABLE.values():
        assert [day(row["from"]) for row in rows].count(None) == 0
        for before, after in pairwise(rows):
            assert before["until"] <= after["from"]
        assert "until" not in rows[-1]


def test_the_lists_name_what_the_table_says() -> None:
    tables = CRITERIA.tables("2026-11-21")
    assert tables["breach_law"] == SIGNATORIES
    assert tables["hour_clocks"] == [place for place in SIGNATORIES if TABLE[place][-1]["clock"] == "hours"]
    assert tables["replaced_authorities"] == [place for place in SIGNATORIES if "former" in TABLE[place][-1]]
    assert set(tables["people_told_by_law"]) <= {place for place in SIGNATORIES if TABLE[place][-1]["duty"] != "none"}
    assert [place for place in SIGNATORIES if TABLE[place][-1]["clock"] == "working_days"] == ["CO"]
    sundays = [day(text) for text in tables["weekends_only"]]
    assert all(one is not None and one.weekday() == 6 for one in sundays)
    assert [one.year for one in sundays if one] == list(range(2018, 2041))


def test_the_coarser_tables_of_the_pack_that_it_builds_on_do_not_contradict_it() -> None:
    hours = CRITERIA.tables("2026-11-21")["notification_hours"]
    for place, least in hours.items():
        assert least <= TABLE[place][-1]["at_least_hours"], place


@pytest.mark.parametrize("rule", ["declared-time-limit-fits-law", "incident-decided-under-law"])
def test_no_duty_is_offered_as_a_way_out_only_where_the_law_knows_exempt_organisations(rule: str) -> None:
    """Elsewhere the rule holds `no_duty` as a gap, whatever reason stands beside it."""
    offered = " ".join(PACK.rules[rule].remediation.split())
    assert "Where the law knows exempt organisations (those of Australia, Canada and Israel do" in offered
    exempt = {rows[-1]["name"] for rows in TABLE.values() if rows[-1].get("some_are_exempt")}
    assert exempt == {"Australia", "Canada", "Israel"}


def test_a_playbook_that_takes_too_long_is_told_the_law_in_its_words_and_then_the_hours(tmp_path: Path) -> None:
    (tmp_path / "policycheck.yaml").write_text(
        "policycheck: 1\n"
        "organization: {id: a, name: A, roles: [social_media_company], size: small, jurisdictions: [GB]}\n"
        "breach_notification: [{jurisdiction: GB, notify_within_hours: 96}]\n",
        "utf-8",
    )
    (result,) = check(tmp_path, as_of="2026-11-21", criteria=["BRN-GB"]).results
    (said,) = (f.message for f in result.findings if f.rule == "notice-target-within-law")
    assert "within 72 hours; later with the reasons (https://ico.org.uk/" in said
    assert said.endswith("That time can be over after 72 hours.")


def test_the_pack_it_builds_on_knows_nothing_of_it() -> None:
    other = next(pack for pack in CRITERIA.packs if pack.id == "joint-statements")
    assert other.header["requires"] == {}
    own = set(PACK.tables) | set(PACK.rules)
    for path in (Path(__file__).resolve().parents[1] / "rules" / "joint-statements").rglob("*.yaml"):
        assert not [name for name in own if f"data.{name}" in path.read_text("utf-8")], path


def test_in_a_report_each_law_weighs_by_itself() -> None:
    """Rules lent by the other pack count for the law of the place that a finding is about (`tests/test_local_law.py`)."""
    lent = CRITERIA.every_rule["breach-duty-covers-jurisdiction"]
    # Argentina's law asks for a record, which a rule of the pack's own tests.
    assert {name for name in lent.expectations if name.startswith("BRN-")} == {
        f"BRN-{place}" for place in SIGNATORIES if place != "AR"
    }


def test_places_under_the_gdpr_without_a_row_are_those_that_the_command_knows() -> None:
    assert set(PACK.tables["gdpr_places"]) == breach._GDPR - {"EU"}
    assert not set(PACK.tables["gdpr_places"]) & set(TABLE)


@pytest.mark.parametrize("place", ["CO", "ES", "GB", "GG", "JE", "MC", "NO"])
def test_times_that_run_backwards_are_a_gap_of_the_law_that_counts_them(place: str, tmp_path: Path) -> None:
    """Told before it was noticed: the rules that count leave it to breach-times-in-order, also where BRN alone is asked."""
    noticed, told = "2026-10-10T08:00:00-05:00", "2026-10-01T08:00:00-05:00"
    decision = f"jurisdiction: {place}, decision: notify, assessed_at: '{noticed}', authority_notified_at: '{told}'"
    (tmp_path / "policycheck.yaml").write_text(
        "policycheck: 1\n"
        f"organization: {{id: a, name: A, roles: [social_media_company], size: small, jurisdictions: [{place}]}}\n"
        "incidents:\n"
        f"  - {{id: i, confirmed: true, subjects: 9, detected_at: '{noticed}', aware_at: '{noticed}',\n"
        f"     decisions: [{{{decision}}}]}}\n",
        "utf-8",
    )
    (result,) = check(tmp_path, as_of="2026-11-21", criteria=[f"BRN-{place}"]).results
    assert [f.rule for f in result.findings if f.outcome == "gap"] == ["breach-times-in-order"]
