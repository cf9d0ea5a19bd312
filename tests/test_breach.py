"""Breach clocks run right: hours through seasons and weekends, working days from Monday to Friday, the law of the day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policycheck import breach
from policycheck.breach import Kind, Line, Moments
from policycheck.errors import UsageError

TABLE = breach.table(breach.pack())
DETECTED = "2026-11-20T09:00Z"


def at(text: str) -> datetime:
    return breach.moment(text, "--detected")


def run(detected: str, aware: str = "") -> Moments:
    return breach.moments(at(detected), at(aware) if aware else None)


def line(place: str, detected: str = DETECTED, aware: str = "") -> Line:
    return breach.line(TABLE, place, run(detected, aware))


def due(place: str, detected: str, aware: str = "") -> str:
    """The deadline in UTC."""
    found = line(place, detected, aware).deadline
    assert found is not None
    return found.astimezone(UTC).isoformat()


# --- moments ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-20T09:00Z", "2026-11-20T09:00:00"), ("2026-11-20T09:00:30Z", "2026-11-20T09:00:30"),
        ("2026-11-20t09:00z", "2026-11-20T09:00:00"), ("2026-11-20 09:00Z", "2026-11-20T09:00:00"),
        ("2026-11-20T10:00+01:00", "2026-11-20T09:00:00"), ("2026-11-20T04:00:00.5-05:00", "2026-11-20T09:00:00.500000"),
        (" 2024-02-29T23:59Z ", "2024-02-29T23:59:00"),
    ],
)  # fmt: skip
def test_a_moment_is_read_with_its_offset(text: str, utc: str) -> None:
    assert at(text).astimezone(UTC).isoformat() == f"{utc}+00:00"


@pytest.mark.parametrize("text", ["2026-11-20T09:00", "2026-11-20 09:00:00"])
def test_a_moment_without_a_zone_is_refused_and_told_how_to_write_it(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--aware '.*' has no time zone; add Z for UTC .*2026-11-20T10:00\+01:00$"):
        breach.moment(text, "--aware")


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-11-20", "2026-11-20T9:00Z", "2026-11-20T09:00Europe/Paris", "٢026-11-20T09:00Z"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a moment; write it as 2026-11-20T09:00Z"):
        at(text)


@pytest.mark.parametrize(
    "text",
    ["2026-02-29T09:00Z", "2026-13-01T09:00Z", "2026-11-20T24:01Z", "2026-11-20T09:00+99:00", "0001-01-01T00:00+14:00",
     "0000-01-01T00:00Z", "9999-12-31T23:00-05:00", "2026-11-20T09:00:60Z"],
)  # fmt: skip
def test_a_day_or_time_that_there_is_not_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="names no moment there is"):
        at(text)


def test_awareness_is_taken_to_be_detection_and_says_so() -> None:
    assert run(DETECTED) == Moments(at(DETECTED), at(DETECTED), is_aware_given=False)
    assert run(DETECTED, "2026-11-20T12:00Z").is_aware_given


def test_nobody_is_sure_before_the_first_sign() -> None:
    with pytest.raises(UsageError, match="--aware lies before --detected"):
        run(DETECTED, "2026-11-20T09:59+01:00")
    assert run(DETECTED, "2026-11-20T10:00+01:00").aware == at(DETECTED)


# --- hours -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("aware", "deadline"),
    [
        ("2026-11-20T09:00Z", "2026-11-23T09:00:00"),  # over a weekend
        ("2026-03-28T12:00+00:00", "2026-03-31T12:00:00"),  # clocks go forward in London in between
        ("2026-10-24T12:00+01:00", "2026-10-27T11:00:00"),  # and back: 72 hours, not three days on the clock
        ("2024-02-27T06:30Z", "2024-03-01T06:30:00"),  # a leap day
        ("2026-02-26T06:30Z", "2026-03-01T06:30:00"),  # none
        ("2026-12-30T23:59:59Z", "2027-01-02T23:59:59"),  # over the year
    ],
)
def test_hours_run_on_whatever_the_day_and_the_season(aware: str, deadline: str) -> None:
    assert due("GB", "2018-06-01T00:00Z", aware) == f"{deadline}+00:00"


@pytest.mark.parametrize("place", ["ES", "GB", "GG", "JE", "MC", "NO"])
def test_the_72_hours_start_with_awareness(place: str) -> None:
    assert due(place, DETECTED, "2026-11-21T10:00Z") == "2026-11-24T10:00:00+00:00"
    assert due(place, DETECTED) == "2026-11-23T09:00:00+00:00"


# --- working days ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("detected", "deadline"),
    [
        ("2026-10-30T08:00-05:00", "2026-11-20"),  # a Friday; the Friday three weeks on
        ("2026-11-02T08:00-05:00", "2026-11-23"),  # a Monday
        ("2026-10-31T08:00-05:00", "2026-11-20"),  # a Saturday
        ("2026-11-01T23:59-05:00", "2026-11-20"),  # a Sunday, the shortest way
        ("2024-02-12T08:00-05:00", "2024-03-04"),  # over a leap day
        ("2026-12-14T08:00-05:00", "2027-01-04"),  # over the year
        ("2026-11-02T03:00Z", "2026-11-20"),  # still Sunday in Colombia
        ("2026-11-02T05:00Z", "2026-11-23"),  # Monday there, too
    ],
)
def test_working_days_are_counted_by_the_date_of_the_place_without_the_first(detected: str, deadline: str) -> None:
    assert due("CO", detected) == (datetime.fromisoformat(f"{deadline}T23:59:59-05:00")).astimezone(UTC).isoformat()


def test_working_days_start_with_the_first_sign_whenever_it_was_certain() -> None:
    assert due("CO", "2026-10-30T08:00-05:00", "2026-11-10T08:00-05:00") == due("CO", "2026-10-30T08:00-05:00")


@settings(derandomize=True, max_examples=60)
@given(hour=st.integers(0, 600_000), count=st.integers(1, 60))
def test_between_start_and_last_day_lie_as_many_working_days(hour: int, count: int) -> None:
    start = at("2019-01-02T00:00Z") + timedelta(hours=hour)
    last = breach.working_day(start, count)
    days = [start + timedelta(days=n) for n in range(1, (last - start).days + 1)]
    assert sum(day.weekday() < 5 for day in days) == count
    assert last.weekday() < 5


def test_the_least_that_the_table_promises_of_fifteen_working_days_holds_for_every_weekday() -> None:
    (row,) = TABLE["CO"]
    starts = [at("2026-11-01T00:00-05:00") + timedelta(minutes=m) for m in range(0, 7 * 24 * 60, 59)]
    least = min((breach.deadline(row, s) - s) / timedelta(hours=1) for s in [*starts, at("2026-11-01T23:59:59-05:00")])
    assert least == row["at_least_hours"]


# --- words without a number ------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["AU", "CA", "CH", "IL", "NZ"])
def test_words_without_a_number_have_no_deadline(place: str) -> None:
    found = line(place)
    assert (found.kind, found.deadline) == (Kind.OPEN, None)
    assert found.start is not None


def test_an_assessment_has_its_own_last_moment_from_the_first_sign_on() -> None:
    found = line("AU", "2026-01-31T09:00Z", "2026-02-05T09:00Z")
    assert (found.other, found.other_by) == ("assess within 30 days", at("2026-03-02T09:00Z"))


def test_what_guidance_expects_is_told_as_such_and_no_deadline() -> None:
    found = line("NZ", DETECTED, "2026-11-21T09:00Z")
    assert (found.other, found.other_by) == ("expected within 72 hours, as a guide", at("2026-11-24T09:00Z"))


# --- which law -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "detected", "statute"),
    [
        ("GB", "2020-12-31T23:59Z", "GDPR art. 33 and 34, as it applied in the United Kingdom"),
        ("GB", "2021-01-01T00:00Z", "UK GDPR art. 33 and 34"),
        ("GB", "2021-01-01T00:30+01:00", "GDPR art. 33 and 34, as it applied in the United Kingdom"),
        ("MX", "2025-03-20T12:00Z", "LFPDPPP of 2010 and its Regulations art. 64"),
        ("MX", "2025-03-21T00:00Z", "LFPDPPP of 2025, in force since 21 March 2025"),
    ],
)
def test_the_law_of_the_day_of_detection_counts(place: str, detected: str, statute: str) -> None:
    assert line(place, detected).row["statute"] == statute


def test_before_the_first_row_nothing_is_known_which_is_not_that_there_is_no_duty() -> None:
    found = line("MC", "2024-12-13T23:59Z")
    assert (found.kind, found.row, found.deadline) == (Kind.UNKNOWN, {}, None)
    assert found.why == "the rows held for it begin on 2024-12-14; nothing is known before, so its law must be looked up"


@pytest.mark.parametrize("place", ["AR", "HK", "MA"])
def test_no_duty_seen_is_its_own_answer(place: str) -> None:
    found = line(place)
    assert (found.kind, found.start, found.deadline) == (Kind.NONE, None, None)
    assert "no " in found.row["words"]


def test_where_only_people_are_told_there_is_no_clock_for_an_authority() -> None:
    assert (line("MX").kind, line("MX").deadline) == (Kind.PEOPLE, None)


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("CA-QC", "only the law of CA as a whole is held"),
        ("AU-NSW", "only the law of AU as a whole is held"),
        ("NL", "GDPR art. 33 and 34 apply"),
        ("JP", "no clock of this place is held"),
    ],
)
def test_a_place_without_a_row_is_not_known(place: str, why: str) -> None:
    found = line(place)
    assert found.kind is Kind.UNKNOWN
    assert why in found.why
    assert "look" in found.why


@pytest.mark.parametrize(("place", "whole"), [("GB-SCT", "GB"), ("ES-CT", "ES"), ("CO-DC", "CO")])
def test_a_part_is_timed_by_the_whole_where_check_times_it_so(place: str, whole: str) -> None:
    assert line(place) == line(whole)._replace(place=place)


def test_a_row_that_ends_without_another_leaves_nothing_known() -> None:
    rows: Any = {"GB": [{**TABLE["GB"][0]}]}
    assert breach.line(rows, "GB", run("2020-12-31T00:00Z")).kind is Kind.DEADLINE
    assert breach.line(rows, "GB", run("2021-01-01T00:00Z")).kind is Kind.UNKNOWN


# --- the list --------------------------------------------------------------------------------------------------


def test_at_once_comes_first_then_deadlines_then_what_is_not_known_then_no_duty() -> None:
    asked = ["HK", "NL", "CO", "GB", "MX", "CA", "ES", "AU", "NZ", "AR"]
    found = breach.lines(TABLE, asked, run(DETECTED))
    assert [one.place for one in found] == ["NZ", "AU", "CA", "MX", "ES", "GB", "CO", "NL", "AR", "HK"]
    assert breach.lines(TABLE, reversed(asked), run(DETECTED)) == found


def test_every_place_of_the_table_gets_a_line() -> None:
    assert {one.place for one in breach.lines(TABLE, TABLE, run(DETECTED))} == set(TABLE)
    assert len(TABLE) == 16


def test_a_deadline_beyond_the_calendar_is_one_line() -> None:
    with pytest.raises(UsageError, match="beyond the year 9999"):
        breach.lines(TABLE, TABLE, run("9999-12-30T09:00Z"))


def test_places_are_taken_once_in_any_case_and_with_spaces() -> None:
    assert breach.places(["gb, co", "GB", "ca-qc"], TABLE) == ["GB", "CO", "CA-QC"]
    assert breach.places(["de,jp,DE", "gb"], TABLE) == ["DE", "JP", "GB"]
    assert breach.places([], TABLE) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("UK", "'UK' is no ISO 3166 code of a jurisdiction, such as GB or CA-QC; did you mean 'GB'? Clocks are held for AR"),
        ("Spain", "; did you mean 'ES' (Spain)? Clocks"), ("EU", ": name its member states. GDPR art. 33 and 34 apply"),
        ("XX", "'XX' is no ISO"), ("XX-typo", "'XX-typo' is no ISO"), ("GB-", "did you mean 'GB'?"), ("DE-", "'DE-'"),
        ("GB-LOND", "did you mean 'GB'?"), ("GB;CO", "'GB;CO'"), ("GB\nDE", r"'GB\nDE'"), ("Germany", "'Germany'"),
    ],
)  # fmt: skip
def test_a_name_that_is_no_jurisdiction_is_one_line_with_what_is_known(name: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        breach.places([name], TABLE)
    assert said in str(caught.value)
    assert str(caught.value).endswith("NO, NZ")
    assert "\n" not in str(caught.value)


def test_a_blank_name_is_refused() -> None:
    with pytest.raises(UsageError, match="blank name"):
        breach.places(["GB,"], TABLE)


# --- how long there is -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("2026-11-20T09:00Z", "in 72 h 00 min"), ("2026-11-20T09:00:01Z", "in 71 h 59 min"),
        ("2026-11-23T09:00Z", "in 0 h 00 min"), ("2026-11-23T09:01Z", "passed 0 h 01 min ago"),
        ("2026-11-24T12:05Z", "passed 27 h 05 min ago"), ("2026-11-10T08:00Z", "in 13 d 1 h"),
        ("2026-11-23T10:00+01:00", "in 0 h 00 min"),
    ],
)  # fmt: skip
def test_what_is_left_is_never_said_to_be_more_than_it_is(now: str, said: str) -> None:
    assert breach.remaining(at("2026-11-23T09:00Z"), at(now)) == said
