"""What registers kept as CSV say of the manifest, row by row, and when they say nothing."""

from __future__ import annotations

import copy
import csv
import io
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policycheck.errors import ArtefactError
from policycheck.evidence import _cells, _sheets, register
from policycheck.manifests import v1_shape
from policycheck.opener import Opener
from tests.patience import ends

if TYPE_CHECKING:
    from policycheck.model import Account, Discovered

FIXTURES = Path(__file__).parent / "fixtures" / "register"
EXAMPLES = Path(__file__).parents[2] / "examples"
HEAD = "id,detected_at,aware_at,records,confirmed,jurisdictions,title\n"
GOOD = "a-1,2026-03-01T08:00:00Z,2026-03-01T10:00:00Z,10,yes,GB,one\n"
SIZE_OF_FIXTURE, BAD_LINES = 20, (16, 18)


def manifest(**sections: Any) -> dict[str, Any]:
    """A manifest that declares a policy for incidents, and these sections."""
    policy = {"register_ref": "file.csv", "evidence": [{"kind": "register", "path": "file.csv"}]}
    return {"organization": {"id": "shop", "roles": ["website_operator"]}, "incident_policy": policy, **sections}


def heard(
    file: str,
    *,
    root: Path = FIXTURES,
    data: dict[str, Any] | None = None,
    subject: Any = None,
    collected_on: str = "",
    as_of: str = "2026-11-21",
    **options: str,
) -> Account:
    """The account of one file in the evidence of `subject`, which is the incident policy unless named."""
    data = manifest() if data is None else data
    entry = {"kind": "register", "path": file, "as_of": as_of, "manifest": data, "options": options}
    entry |= {"collected_on": collected_on} if collected_on else {}
    return register.account(Opener(root), file, entry, data["incident_policy"] if subject is None else subject)


def written(root: Path, text: str | bytes, **options: Any) -> Account:
    """The account of a file with this content."""
    (root / "file.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return heard("file.csv", root=root, **options)


def values(readings: Any) -> dict[str, Any]:
    return {".".join(reading.path): reading.value for reading in readings}


def added(account: Account) -> dict[str, Any]:
    """What the rows add, by path; a register that could not be read fails the test here."""
    assert account.unreadable == ""
    return values(account.additions)


def silent(account: Account) -> str:
    """Why an account says nothing, or not all that it could; what cannot be read is never to the credit of the rest."""
    assert not account.supported
    if account.complaints:
        assert (account.absences, account.quotes, account.unreadable) == ((), (), "")
        return "; ".join(complaint.message for complaint in account.complaints)
    assert (account.readings, account.additions, account.absences, account.quotes) == ((), (), (), ())
    assert not account.supported
    assert account.unreadable
    return account.unreadable


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    """The fixture's register without its two bad rows, as file.csv."""
    lines = (FIXTURES / "incidents.csv").read_text("utf-8").splitlines(keepends=True)
    text = "".join(line for number, line in enumerate(lines, 1) if number not in BAD_LINES)
    (tmp_path / "file.csv").write_text(text, "utf-8")
    return tmp_path


# --- a register that agrees, and one that contradicts ---

NUMBERS = {
    "id": "inc-2024-04", "title": "LOOK-UPS of telephone   numbers", "status": "closed", "confirmed": True,
    "surfaces": ["contact-finder"], "jurisdictions": ["GB"], "records": 240000, "detected_at": "2024-04-18T06:30:00+01:00",
    "decisions": [{"jurisdiction": "GB", "decision": "notify", "authority_notified_at": "2024-04-19T08:30:00Z"}],
}  # fmt: skip


def test_rows_confirm_what_is_declared_in_the_words_in_which_it_is_declared(clean: Path) -> None:
    said = added(heard("file.csv", root=clean, data=manifest(incidents=[NUMBERS])))
    row = {path.removeprefix("incidents.inc-2024-04."): value for path, value in said.items() if "inc-2024-04" in path}
    for name in ("title", "status", "confirmed", "surfaces", "jurisdictions", "records", "detected_at"):
        assert row[name] == NUMBERS[name]
    assert row["decisions.GB.authority_notified_at"] == "2024-04-19T08:30:00Z"
    assert "id" not in row


def test_a_row_that_differs_denies_at_its_line(clean: Path) -> None:
    late = {**NUMBERS, "aware_at": "2024-04-18T09:00:00Z", "records": 24000}
    late["decisions"] = [{"jurisdiction": "GB", "authority_notified_at": "2024-04-18T22:00:00Z"}]
    account = heard("file.csv", root=clean, data=manifest(incidents=[late]))
    found = {".".join(r.path[2:]): r for r in account.additions if r.path[1] == "inc-2024-04"}
    assert found["records"].value == 240000
    assert found["decisions.GB.authority_notified_at"].value == "2024-04-19T09:30:00+01:00"
    assert found["aware_at"].value == "2024-04-18T09:00:00Z"
    assert {(r.file, r.line, r.column) for r in found.values()} == {("file.csv", 5, 1)}


def test_a_row_that_is_not_declared_is_added_whole_and_first_that_it_is_there(clean: Path) -> None:
    account = heard("file.csv", root=clean)
    first = [r for r in account.additions if r.path[1] == "inc-2024-06"]
    assert first[0].path == ("incidents", "inc-2024-06", "id")
    assert first[0].note == "the register's row of inc-2024-06"
    assert values(first) == {
        "incidents.inc-2024-06.id": "inc-2024-06",
        "incidents.inc-2024-06.title": "Pictures fetched by address",
        "incidents.inc-2024-06.surfaces": ["media"],
        "incidents.inc-2024-06.jurisdictions": ["GB"],
        "incidents.inc-2024-06.detected_at": "2024-06-11T01:25:00Z",
        "incidents.inc-2024-06.aware_at": "2024-06-11T09:10:00Z",
        "incidents.inc-2024-06.contained_at": "2024-06-11T10:00:00Z",
        "incidents.inc-2024-06.records": 52000,
        "incidents.inc-2024-06.subjects": 11000,
        "incidents.inc-2024-06.minors_records": 2100,
        "incidents.inc-2024-06.status": "closed",
        "incidents.inc-2024-06.confirmed": True,
        "incidents.inc-2024-06.decisions.GB.decision": "notify",
        "incidents.inc-2024-06.decisions.GB.reason": "Pictures of minors",
        "incidents.inc-2024-06.decisions.GB.assessed_at": "2024-06-11T16:00:00Z",
        "incidents.inc-2024-06.decisions.GB.authority_notified_at": "2024-06-12T08:00:00Z",
        "incidents.inc-2024-06.decisions.GB.reference": "IC-2024-140",
    }


def test_what_somebody_wrote_down_is_soft_and_backs_its_subject(clean: Path) -> None:
    account = heard("file.csv", root=clean)
    assert all(reading.soft for reading in account.additions)
    assert account.supported
    assert [(quote.file, quote.line) for quote in account.quotes] == [("file.csv", 1)]
    assert [seen.path for seen in account.artefacts] == ["file.csv"]


def test_that_the_register_is_where_the_manifest_says_is_a_fact(clean: Path) -> None:
    (reading,) = heard("file.csv", root=clean).readings
    assert (reading.path, reading.value, reading.soft) == (("register_ref",), "file.csv", False)


def test_another_place_of_the_register_is_not_denied(clean: Path) -> None:
    data = manifest()
    data["incident_policy"]["register_ref"] = "JIRA project INC"
    assert heard("file.csv", root=clean, data=data).readings == ()


def test_notes_and_reasons_tell_no_values_of_cells(clean: Path) -> None:
    account = heard("file.csv", root=clean)
    told = json.dumps([r.note for r in (*account.additions, *account.readings)])
    assert "240000" not in told
    assert "Numbers joined" not in told
    assert "15,400" not in silent(heard("incidents.csv"))


def test_bad_rows_are_named_by_line_and_the_others_are_judged() -> None:
    account = heard("incidents.csv")
    why = silent(account)
    assert "line 16: Became aware has no offset from UTC" in why
    assert "line 18: Records is no plain number" in why
    assert [complaint.line for complaint in account.complaints] == list(BAD_LINES)
    assert len({reading.path[1] for reading in account.additions}) == SIZE_OF_FIXTURE - len(BAD_LINES)
    assert [seen.path for seen in account.artefacts] == ["incidents.csv"]


def test_the_fixture_has_as_many_rows_as_a_real_one() -> None:
    rows = list(csv.reader(io.StringIO((FIXTURES / "incidents.csv").read_text("utf-8"), newline="")))
    assert len(rows) == SIZE_OF_FIXTURE + 1


def test_lines_are_counted_through_quoted_line_breaks(clean: Path) -> None:
    lines = {r.path[1]: r.line for r in heard("file.csv", root=clean).additions if r.path[-1] == "id"}
    assert (lines["inc-2024-08"], lines["inc-2024-09"], lines["inc-2024-10"]) == (9, 10, 12)


def test_a_cell_below_a_line_break_stands_on_its_own_line(tmp_path: Path) -> None:
    text = 'id,title,detected_at,records\na,"one\ntwo\r\nthree",2026-03-01T08:00:00Z,x\n'
    assert "line 4: records is no plain number" in silent(written(tmp_path, text))


def test_the_examples_registers_can_be_read_as_they_are() -> None:
    root = EXAMPLES / "harbour-social"
    for name in ("scraping-incidents", "legal-actions"):
        account = heard(f"registers/{name}.csv", root=root, subject={}, data=manifest())
        assert "incidents.numbers-2025.id" in added(account)


# --- cells ---


@pytest.mark.parametrize("text", ["", " ", "-", "n/a", "unknown", "TBC", "?"])
def test_an_empty_cell_is_silence_and_neither_no_nor_zero(tmp_path: Path, text: str) -> None:
    said = added(written(tmp_path, f"{HEAD}a-1,2026-03-01T08:00:00Z,{text},{text},{text},{text},{text}\n"))
    assert set(said) == {"incidents.a-1.id", "incidents.a-1.detected_at"}


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Example-001", "A copy"),
        ("EXAMPLE", "A copy"),
        ("Sample", "A copy"),
        ("template", "A copy"),
        ("XXX-001", "A copy"),
        ("inc-1", "Sample"),
        ("inc-1", "<Example incident>"),
        ("inc-1", "[your title]"),
    ],
)
def test_a_row_that_shows_how_to_fill_in_the_others_is_no_incident(tmp_path: Path, name: str, title: str) -> None:
    row = f"{name},{title},2026-03-01T08:00:00Z\n"
    assert "take the row out, or fill it in" in silent(written(tmp_path, f"id,title,detected_at\n{row}"))
    account = written(tmp_path, f"id,title,detected_at\n{row}inc-2,Profiles copied,2026-03-02T08:00:00Z\n")
    assert {path.split(".")[1] for path in values(account.additions)} == {"inc-2"}
    assert "take the row out" in silent(account)


@pytest.mark.parametrize("name", ["Total", "TOTALS", "Grand total", "Subtotal 2026:", "Sum", "Total incidents"])
def test_a_row_that_adds_up_the_others_is_no_incident(tmp_path: Path, name: str) -> None:
    text = f"id,detected_at,records\ninc-2,2026-03-02T08:00:00Z,100\n{name},,100\n"
    account = written(tmp_path, text)
    assert {path.split(".")[1] for path in values(account.additions)} == {"inc-2"}
    assert "line 3: id is that of a sum of other rows; take the row out" in str(account.complaints[0])


@pytest.mark.parametrize(
    "name", ["None", "Nil return", "No incidents", "No incidents in 2026", "No reportable breaches to date"]
)
def test_a_row_that_says_that_there_are_none_is_no_incident(tmp_path: Path, name: str) -> None:
    reason = "line 2: id says that there is nothing to list; take the row out"
    assert reason in silent(written(tmp_path, f"id,detected_at,records\n{name},,\n"))


@pytest.mark.parametrize("name", ["No 17", "none-of-ours", "Nonesuch", "no-1"])
def test_an_id_that_begins_like_a_word_for_nothing_is_an_id(tmp_path: Path, name: str) -> None:
    assert added(written(tmp_path, f"id,detected_at\n{name},2026-03-01T08:00:00Z\n"))


@pytest.mark.parametrize("title", ["Sample of profiles copied", "Examples from our forum were sold", "Templates taken"])
def test_words_of_examples_among_others_are_titles(tmp_path: Path, title: str) -> None:
    said = added(written(tmp_path, f"id,title,detected_at\nexamples-shop-7,{title},2026-03-01T08:00:00Z\n"))
    assert said["incidents.examples-shop-7.title"] == title


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-03-01T08:00:00Z", "2026-03-01T08:00:00Z"),
        ("2026-03-01t08:00:00z", "2026-03-01T08:00:00Z"),
        ("2026-03-01 08:00:00+01:00", "2026-03-01T08:00:00+01:00"),
        ("2026-03-01T08:00-05:30", "2026-03-01T08:00:00-05:30"),
        ("2026-03-01 08:00 UTC", "2026-03-01T08:00:00Z"),
        ("2026-03-01T08:00:00.25Z", "2026-03-01T08:00:00.25Z"),
    ],
)
def test_moments_are_read_as_people_and_programs_write_them(tmp_path: Path, text: str, value: str) -> None:
    assert added(written(tmp_path, f"id,detected_at\na,{text}\n"))["incidents.a.detected_at"] == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2026-03-01T08:00:00", "has no offset from UTC"),
        ("2026-03-01 08:00", "has no offset from UTC"),
        ("2026-03-01", "is no moment"),
        ("01/03/2026 08:00", "is no moment"),
        ("46082.3333", "is no moment"),
        ("=NOW()", "is no moment"),
        ("yesterday", "is no moment"),
        ("2026-02-30T08:00:00Z", "is no moment that exists"),
        ("2026-03-01T25:00:00Z", "is no moment that exists"),
        ("2026-03-01T08:00:00+24:00", "is no moment"),
        ("2026-06-30T23:59:60Z", "leap second"),
        ("0001-01-01T00:00:00+00:00", "a year before registers were kept"),
        ("0001-01-01T00:00:00+14:00", "is no moment that exists"),
        ("9999-12-31T23:59:59-14:00", "is no moment that exists"),
        ("9999-12-31T23:59:59Z", "after the day of the evaluation"),
        ("2026-11-22T00:00:00Z", "after the day of the evaluation"),
        ("2026-11-21T23:30:00-01:00", "after the day of the evaluation"),
    ],
)
def test_a_time_that_names_no_moment_in_the_past_is_a_bad_row(tmp_path: Path, text: str, why: str) -> None:
    told = silent(written(tmp_path, f"{HEAD}{GOOD}b,{text},,,,,\n"))
    assert "line 3: detected_at " in told
    assert why in told


def test_offsets_may_differ_from_cell_to_cell(tmp_path: Path) -> None:
    declared = [{"id": "a", "detected_at": "2026-03-01T08:00:00Z", "aware_at": "2026-03-01T09:00:00Z"}]
    text = "id,detected_at,aware_at\na,2026-03-01T13:30:00+05:30,2026-03-01T04:00:01-05:00\n"
    said = added(written(tmp_path, text, data=manifest(incidents=declared)))
    assert said["incidents.a.detected_at"] == "2026-03-01T08:00:00Z"
    assert said["incidents.a.aware_at"] == "2026-03-01T04:00:01-05:00"


def test_a_column_that_says_utc_gives_its_times_the_offset_and_no_other_column(tmp_path: Path) -> None:
    said = added(written(tmp_path, "id,Detection time (UTC)\na,2026-03-01 08:00\n"))
    assert said["incidents.a.detected_at"] == "2026-03-01T08:00:00Z"
    assert "no offset" in silent(written(tmp_path, "id,Detected (UTC),Aware\na,2026-03-01 08:00,2026-03-01 09:00\n"))


@pytest.mark.parametrize(
    "text", ["1,900", "1.900", "1 900", "1'900", "1.9m", "1e3", "+5", "-5", "=1+1", "5.0", "٣", "9" * 16]
)
def test_a_number_is_plain_or_a_bad_row(tmp_path: Path, text: str) -> None:
    why = silent(written(tmp_path, f'{HEAD}a,2026-03-01T08:00:00Z,,"{text}",,,\n'))
    assert "line 2: records is no plain number" in why


@pytest.mark.parametrize(
    ("text", "value"), [("yes", True), ("Y", True), ("TRUE", True), ("no", False), ("n", False), ("false", False)]
)
def test_booleans_are_documented_words(tmp_path: Path, text: str, value: bool) -> None:
    said = added(written(tmp_path, f"{HEAD}a,2026-03-01T08:00:00Z,,,{text},,\n"))
    assert said["incidents.a.confirmed"] is value


@pytest.mark.parametrize("text", ["1", "0", "x", "ja", "on", "probably", "yes?"])
def test_other_words_are_no_booleans(tmp_path: Path, text: str) -> None:
    assert "confirmed is none of yes" in silent(written(tmp_path, f"{HEAD}a,2026-03-01T08:00:00Z,,,{text},,\n"))


@pytest.mark.parametrize("text", ["=1+1", "+1", "@SUM(A1)", "=cmd|' /C calc'!A0", "=HYPERLINK(1)"])
def test_a_formula_is_text_and_nothing_more(tmp_path: Path, text: str) -> None:
    said = added(written(tmp_path, f'{HEAD}a,2026-03-01T08:00:00Z,,,,,"{text}"\n'))
    assert said["incidents.a.title"] == text


@pytest.mark.parametrize(("text", "value"), [("GB;IE", ["GB", "IE"]), ("gb | ie ; GB", ["GB", "IE"]), ("CA-QC;", ["CA-QC"])])
def test_lists_are_apart_by_semicolon_or_bar(tmp_path: Path, text: str, value: list[str]) -> None:
    said = added(written(tmp_path, f"{HEAD}a,2026-03-01T08:00:00Z,,,,{text},\n"))
    assert said["incidents.a.jurisdictions"] == value


@pytest.mark.parametrize(
    ("text", "why"), [("UK", "write GB"), ("EU", "name the member states"), ("GB IE", "put ;"), ("France", "no ISO")]
)
def test_what_is_no_country_code_is_a_bad_row(tmp_path: Path, text: str, why: str) -> None:
    assert why in silent(written(tmp_path, f"{HEAD}a,2026-03-01T08:00:00Z,,,,{text},\n"))


def test_a_list_that_holds_less_denies_nothing_and_one_that_holds_more_is_joined(tmp_path: Path) -> None:
    text = "id,detected_at,surface,jurisdictions\na,2026-03-01T08:00:00Z,feeds,GB;CA\n"
    declared = [{"id": "a", "surfaces": ["pages", "feeds"], "jurisdictions": ["GB", "ES"]}]
    said = added(written(tmp_path, text, data=manifest(incidents=declared)))
    assert "incidents.a.surfaces" not in said
    assert said["incidents.a.jurisdictions"] == ["GB", "ES", "CA"]


def test_the_same_list_in_another_order_is_the_same(tmp_path: Path) -> None:
    text = "id,detected_at,jurisdictions\na,2026-03-01T08:00:00Z,ES;GB\n"
    declared = [{"id": "a", "jurisdictions": ["GB", "ES"]}]
    said = added(written(tmp_path, text, data=manifest(incidents=declared)))
    assert said["incidents.a.jurisdictions"] == ["GB", "ES"]


def test_another_wording_denies_nothing(tmp_path: Path) -> None:
    declared = [{"id": "a-1", "title": "The first"}]
    assert "incidents.a-1.title" not in added(written(tmp_path, HEAD + GOOD, data=manifest(incidents=declared)))


# --- rows ---


def test_an_id_is_written_as_manifests_write_it(tmp_path: Path) -> None:
    declared = [{"id": "inc-2026-004", "records": 5}]
    text = "Incident no,detected,records\nINC/2026 004,2026-03-01T08:00:00Z,5\n"
    assert added(written(tmp_path, text, data=manifest(incidents=declared)))["incidents.inc-2026-004.records"] == 5


@pytest.mark.parametrize(
    ("text", "why"), [("", "has no id"), ("***", "is no id"), ("x" * 65, "is no id"), ("Ünïcode", None)]
)
def test_a_row_needs_an_id(tmp_path: Path, text: str, why: str | None) -> None:
    account = written(tmp_path, f"{HEAD}{GOOD}{text},2026-03-01T08:00:00Z,,,,,\n")
    if why:
        assert "line 3" in silent(account)
        assert why in silent(account)
    else:
        assert account.unreadable == ""


def test_an_id_that_stands_twice_names_both_lines(tmp_path: Path) -> None:
    assert "the id a-1 stands on lines 2, 4" in silent(
        written(tmp_path, HEAD + GOOD + GOOD.replace("a-1", "b") + GOOD.replace("a-1", "A 1"))
    )


@pytest.mark.parametrize(
    "text",
    ["id,authority,received_on\na,ICO,{day}\nA,AEPD,{day}\n", "id,access,kind,found_on\na,x,other,{day}\nA,y,other,{day}\n"],
)
def test_letters_and_findings_stand_once(tmp_path: Path, text: str) -> None:
    data = manifest()
    account = written(tmp_path, text.format(day="2026-03-01"), data=data, subject=data["organization"])
    assert "the id a stands on lines 2, 3" in silent(account)


@pytest.mark.parametrize(
    ("day", "why"),
    [("0001-01-01", "before registers"), ("1900-01-00", "is no day"), ("46082", "is no day"), ("01/03/2026", "is no day"),
     ("2026-11-22", "after the day of the evaluation"), ("2026-03-01T08:00:00Z", "")],
)  # fmt: skip
def test_days_are_written_one_way(tmp_path: Path, day: str, why: str) -> None:
    data = manifest()
    account = written(tmp_path, f"id,authority,received_on\na,ICO,{day}\n", data=data, subject=data["organization"])
    if why:
        assert f"line 2: received_on {why}" in silent(account).replace("is a year ", "").replace("lies ", "")
    else:
        assert added(account)["regulator_correspondence.a.received_on"] == "2026-03-01"


def test_a_day_by_which_an_answer_is_due_may_lie_ahead(tmp_path: Path) -> None:
    data = manifest()
    text = "id,authority,received_on,due_on\na,ICO,2026-11-02,2027-01-01\n"
    said = added(written(tmp_path, text, data=data, subject=data["organization"]))
    assert said["regulator_correspondence.a.due_on"] == "2027-01-01"


def test_a_row_of_another_length_is_named(tmp_path: Path) -> None:
    why = silent(written(tmp_path, f"{HEAD}{GOOD}b,2026-03-01T08:00:00Z\n{GOOD.strip()},extra\n"))
    assert "line 3: has 2 cells where the header has 7" in why
    assert "line 4: has 8 cells where the header has 7" in why


def test_no_more_than_some_bad_rows_are_named(tmp_path: Path) -> None:
    assert silent(written(tmp_path, HEAD + "a\n" * 25)).endswith("; and 15 more")


def test_blank_lines_and_rows_of_empty_cells_are_passed_over(tmp_path: Path) -> None:
    said = written(tmp_path, f"\n{HEAD}\n,,,,,,\n{GOOD}\n   \n")
    assert {r.line for r in said.additions} == {5}


def test_a_row_for_each_jurisdiction_makes_one_incident(tmp_path: Path) -> None:
    text = (
        "id,detected_at,country,decision,reason,authority notified\n"
        "a,2026-03-01T08:00:00Z,GB,notify,numbers,2026-03-02T08:00:00Z\n"
        "a,2026-03-01T08:00:00Z,IE,not notify,few,\n"
    )
    said = added(written(tmp_path, text))
    assert said["incidents.a.jurisdictions"] == ["GB", "IE"]
    assert said["incidents.a.decisions.GB.authority_notified_at"] == "2026-03-02T08:00:00Z"
    assert said["incidents.a.decisions.IE.decision"] == "not_notify"
    assert "incidents.a.decisions.IE.authority_notified_at" not in said


def test_rows_of_one_incident_that_differ_are_bad(tmp_path: Path) -> None:
    text = "id,detected_at,country,decision\na,2026-03-01T08:00:00Z,GB,notify\na,2026-03-01T09:00:00Z,IE,notify\n"
    assert "line 3: detected_at of a differs from line 2" in silent(written(tmp_path, text))


def test_a_column_may_name_the_jurisdiction_it_is_about(tmp_path: Path) -> None:
    head = "id,detected_at,jurisdictions,Authority notified at GB,authority_notified_ie\n"
    text = f"{head}a,2026-03-01T08:00:00Z,GB;IE,2026-03-02T08:00:00Z,\n"
    said = added(written(tmp_path, text))
    assert said["incidents.a.decisions.GB.authority_notified_at"] == "2026-03-02T08:00:00Z"
    assert not any("decisions.IE" in path for path in said)


def test_a_notification_that_names_no_place_among_several_is_a_bad_row(tmp_path: Path) -> None:
    text = "id,detected_at,jurisdictions,notified_at\na,2026-03-01T08:00:00Z,GB;IE,2026-03-02T08:00:00Z\n"
    assert "line 2: notified_at does not say for which jurisdiction" in silent(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("notify GB ES", {"GB": "notify", "ES": "notify"}),
        ("notify: GB; not notify: CA-QC", {"GB": "notify", "CA-QC": "not_notify"}),
        ("Not a breach", {"GB": "not_a_breach"}),
    ],
)
def test_decisions_are_read_by_jurisdiction(tmp_path: Path, text: str, said: dict[str, str]) -> None:
    found = added(written(tmp_path, f"id,detected_at,jurisdiction,breach_assessment\na,2026-03-01T08:00:00Z,GB,{text}\n"))
    assert {path.split(".")[3]: value for path, value in found.items() if ".decisions." in path} == said


@pytest.mark.parametrize("text", ["tell GB", "notify gb", "notify GB; not_notify GB", "notify UK"])
def test_decisions_in_other_words_are_bad_rows(tmp_path: Path, text: str) -> None:
    assert "line 2: decision" in silent(written(tmp_path, f"id,detected_at,decision\na,2026-03-01T08:00:00Z,{text}\n"))


# --- headers ---


@pytest.mark.parametrize(
    "title",
    ["detected", "Detected at", "DETECTION_TIME", " Detection time (UTC) ", "Time detected", "noticed", "Discovered-at"],
)
def test_a_column_goes_by_several_names(tmp_path: Path, title: str) -> None:
    assert "incidents.a.detected_at" in added(written(tmp_path, f"Ref,{title}\na,2026-03-01T08:00:00Z\n"))


def test_a_unit_in_the_name_is_not_passed_over(tmp_path: Path) -> None:
    said = added(written(tmp_path, "id,detected_at,Records (thousands)\na,2026-03-01T08:00:00Z,412\n"))
    assert "incidents.a.records" not in said


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_every_delimiter_and_line_end_and_a_mark(tmp_path: Path, delimiter: str, end: str, mark: bytes) -> None:
    rows = [
        ["id", "detected_at", "title"],
        ["a", "2026-03-01T08:00:00Z", "one, two; three"],
        ["b", "2026-03-02T08:00:00Z", ""],
    ]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(rows)
    account = written(tmp_path, mark + text.getvalue().encode())
    assert added(account)["incidents.a.title"] == "one, two; three"
    assert {r.path[1]: r.line for r in account.additions} == {"a": 2, "b": 3}


def test_the_first_line_that_spreadsheets_write_for_the_delimiter(tmp_path: Path) -> None:
    account = written(tmp_path, "sep=;\r\nid;detected_at;title\r\na;2026-03-01T08:00:00Z;one, two\r\n")
    assert added(account)["incidents.a.title"] == "one, two"
    assert {r.line for r in account.additions} == {3}
    assert account.quotes[0].line == 2


def test_only_the_header_decides_on_the_delimiter(tmp_path: Path) -> None:
    text = "id,detected_at,jurisdictions\n" + "".join(f"a{i},2026-03-01T08:00:00Z,GB;IE;FR;DE;ES\n" for i in range(9))
    assert added(written(tmp_path, text))["incidents.a0.jurisdictions"] == ["GB", "IE", "FR", "DE", "ES"]


def test_an_unknown_header_names_what_each_kind_of_register_needs(tmp_path: Path) -> None:
    why = silent(written(tmp_path, "Nr,Wann,Was\n1,2,3\n"))
    assert "incidents: id, detected_at or aware_at or started_at" in why
    assert "correspondence: id, authority, received_on" in why
    assert "name them with options" in why


def test_a_header_that_fits_two_kinds_asks_which(tmp_path: Path) -> None:
    text = "id,detected_at,authority,received_on\na,2026-03-01T08:00:00Z,,2026-03-01\n"
    assert "incidents or correspondence; say which with options.holds" in silent(written(tmp_path, text))
    assert "incidents.a.detected_at" in added(written(tmp_path, text, holds="incidents"))


def test_two_columns_of_one_meaning_are_refused_unless_one_is_named(tmp_path: Path) -> None:
    text = "id,Detected,Noticed at\na,2026-03-01T08:00:00Z,2026-03-01T09:00:00Z\n"
    assert "two columns for detected_at ('Detected' and 'Noticed at')" in silent(written(tmp_path, text))
    assert added(written(tmp_path, text, detected_at="Noticed at"))["incidents.a.detected_at"] == "2026-03-01T09:00:00Z"


def test_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    assert "two columns for records" in silent(written(tmp_path, "id,detected_at,records,records\na,,1,2\n"))
    assert "two columns of the name" in silent(written(tmp_path, "id,detected_at,Zahl,Zahl\na,,1,2\n", records="Zahl"))


def test_options_name_columns_in_any_language(tmp_path: Path) -> None:
    text = "Nr;Bemerkt am;Datensätze\n7;2026-03-01T08:00:00Z;12\n"
    said = added(written(tmp_path, text, id="Nr", detected_at="Bemerkt am", records="Datensätze"))
    assert said == {"incidents.7.id": "7", "incidents.7.detected_at": "2026-03-01T08:00:00Z", "incidents.7.records": 12}


def test_options_that_name_what_is_not_there_are_told(tmp_path: Path) -> None:
    assert "no column of the name that options.records gives" in silent(written(tmp_path, HEAD + GOOD, records="Zahl"))
    assert "no use for options.recrods" in silent(written(tmp_path, HEAD + GOOD, recrods="records"))
    assert "options.holds is one of incidents" in silent(written(tmp_path, HEAD + GOOD, holds="cases"))


def test_a_column_that_the_options_name_fills_nothing_else(tmp_path: Path) -> None:
    why = silent(written(tmp_path, "id,detected_at\na,2026-03-01T08:00:00Z\n", title="id", holds="incidents"))
    assert "incidents: id" in why


def test_a_title_above_the_header_is_no_header(tmp_path: Path) -> None:
    assert "has its header on line 2" in silent(written(tmp_path, f"Incident register 2026,,,,,,\n{HEAD}{GOOD}"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04\x14\0\x06\0", "is a workbook of a spreadsheet program; save the sheet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "is a workbook of a spreadsheet program"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "is HTML or XML, not CSV"),
        (b"\n| id | detected_at |\n|---|---|\n| a | 2026-03-01T08:00:00Z |\n", "is a table of Markdown"),
    ],
)
def test_what_is_saved_under_another_name_is_called_what_it_is(tmp_path: Path, content: bytes, reason: str) -> None:
    account = written(tmp_path, content)
    assert reason in silent(account)
    assert account.unreadable_at == ("file.csv", 1)


# --- whole registers, and single rows ---


def test_a_header_alone_supports_and_verifies_nothing(tmp_path: Path) -> None:
    account = written(tmp_path, HEAD, data=manifest(incidents=[]))
    assert (account.readings, account.additions, account.absences) == ((), (), ())
    assert account.supported
    assert account.quotes[0].line == 1


def test_a_declared_incident_that_the_whole_register_lacks_is_absent(tmp_path: Path) -> None:
    declared = [{"id": "a-1"}, {"id": "gone", "detected_at": "2026-02-01T08:00:00Z"}]
    account = written(tmp_path, HEAD + GOOD, data=manifest(incidents=declared))
    (absence,) = account.absences
    assert (absence.path, absence.file, absence.line, absence.soft) == (("incidents", "gone"), "file.csv", 1, True)
    assert "covers: part" in absence.note
    assert written(tmp_path, HEAD + GOOD, data=manifest(incidents=declared), covers="part").absences == ()


def test_what_came_after_the_export_or_is_past_its_retention_is_not_missed(tmp_path: Path) -> None:
    data = manifest(
        incidents=[{"id": "old", "closed_at": "2020-01-01T00:00:00Z"}, {"id": "new", "aware_at": "2026-11-20T08:00:00Z"}]
    )
    data["incident_policy"]["register_retention_months"] = 60
    account = written(tmp_path, HEAD + GOOD, data=data, collected_on="2026-11-01")
    assert account.absences == ()
    assert [r.path[1] for r in written(tmp_path, HEAD + GOOD, data=data).absences] == ["new"]


def test_in_the_evidence_of_an_incident_only_its_row_speaks(tmp_path: Path) -> None:
    declared = [{"id": "a-1", "records": 9, "evidence": [{"kind": "register"}]}, {"id": "b-1"}]
    data = manifest(incidents=declared)
    account = written(tmp_path, HEAD + GOOD + GOOD.replace("a-1", "c-1"), data=data, subject=declared[0])
    assert (account.additions, account.absences) == ((), ())
    assert values(account.readings)["records"] == 10
    assert all(reading.soft for reading in account.readings)
    assert "has no row of b-1; its first ids: a-1, c-1" in silent(
        heard("file.csv", root=tmp_path, data=data, subject=declared[1])
    )
    assert values(heard("file.csv", root=tmp_path, data=data, subject=declared[1], row="C 1").readings)["records"] == 10


def test_the_legal_step_of_each_incident() -> None:
    data = manifest(legal_response={"register_ref": "legal-actions.csv#steps"}, incidents=[])
    assert "inc-2025-06 has steps on lines 5, 6" in silent(
        heard("legal-actions.csv", data=data, subject=data["legal_response"])
    )
    data["incidents"] = [{"id": "inc-2025-06", "legal": {"decision": "demand_deletion", "demanded_on": "2025-12-10"}}]
    account = heard("legal-actions.csv", data=data, subject=data["legal_response"])
    said = added(account)
    assert values(account.readings) == {"register_ref": "legal-actions.csv#steps"}
    assert said["incidents.inc-2025-06.legal.demanded_on"] == "2025-12-17"
    assert said["incidents.inc-2025-06.legal.confirmed"] is False
    assert said["incidents.inc-2024-04.legal.chased_on"] == ["2024-05-22", "2024-06-19"]
    assert said["incidents.inc-2025-01.legal.decision"] == "regulator_report"
    assert account.absences == ()


def test_a_day_of_confirmation_says_that_it_was_confirmed_and_an_empty_one_nothing() -> None:
    declared = [{"id": "inc-2025-06", "legal": {"letter_ref": "LEG-25-066"}}]
    said = added(heard("legal-actions.csv", data=manifest(incidents=declared)))
    assert said["incidents.inc-2026-01.legal.confirmed"] is True
    assert "incidents.inc-2024-09.legal.confirmed" not in said
    assert said["incidents.inc-2025-06.legal.decision"] == "demand_deletion"


ACCESSES = [
    {"id": "meridian", "recipient": "Meridian Analytics", "monitoring": {"findings_ref": "findings.csv", "findings": [
        {"id": "f-1", "kind": "excess_volume", "found_on": "2026-03-05", "action": {"taken_on": "2026-03-06"}},
        {"id": "f-9", "kind": "other", "found_on": "2026-01-02"},
    ]}},
    {"id": "westhaven", "recipient": "University of Westhaven", "monitoring": {"findings": []}},
]  # fmt: skip


def test_findings_about_an_access_and_about_no_other() -> None:
    data = manifest(third_party_access=ACCESSES)
    account = heard("findings.csv", data=data, subject=ACCESSES[0])
    said = values(account.readings)
    assert said["monitoring.findings_ref"] == "findings.csv"
    assert said["monitoring.findings.f-1.found_on"] == "2026-03-04"
    assert said["monitoring.findings.f-1.action.type"] == "warning"
    assert {r.path[:5] for r in account.additions} == {("third_party_access", "meridian", "monitoring", "findings", "f-2")}
    assert [r.path for r in account.absences] == [("monitoring", "findings", "f-9")]


def test_findings_of_a_whole_organisation() -> None:
    data = manifest(third_party_access=ACCESSES)
    account = heard("findings.csv", data=data, subject=data["organization"])
    assert {r.path[1] for r in account.additions} == {"meridian", "westhaven"}
    assert [r.path for r in account.absences] == [("third_party_access", "meridian", "monitoring", "findings", "f-9")]


def test_findings_need_to_say_whose_they_are(tmp_path: Path) -> None:
    text = "id,kind,found_on\nf-1,other,2026-01-02\n"
    data = manifest(third_party_access=ACCESSES)
    assert "add a column access" in silent(written(tmp_path, text, data=data, subject=data["organization"]))
    assert (
        values(written(tmp_path, text, data=data, subject=ACCESSES[0]).readings)["monitoring.findings.f-1.kind"] == "other"
    )


LETTERS = [
    {"id": "ico-2023", "responded_on": "2023-09-20"},
    {"id": "ico-2026", "responded_on": "2026-11-20"},
    {"id": "aepd-1", "received_on": "2026-05-01"},
]


def test_letters_from_regulators() -> None:
    data = manifest(regulator_correspondence=LETTERS)
    account = heard("correspondence.csv", data=data, subject=data["organization"])
    said = added(account)
    assert said["regulator_correspondence.cnil-2025.id"] == "cnil-2025"
    assert said["regulator_correspondence.ico-2026.due_on"] == "2026-12-01"
    assert "regulator_correspondence.ico-2026.responded_on" not in said
    assert [r.path for r in account.absences] == [("regulator_correspondence", "aepd-1")]
    row = heard("correspondence.csv", data=data, subject=LETTERS[0])
    assert values(row.readings)["responded_on"] == "2023-09-20"


def use(**rights: Any) -> dict[str, Any]:
    return {"id": "summaries", "name": "Summaries of posts", "rights": {"log_ref": "rights-requests.csv", **rights}}


def rights(declared: dict[str, Any], **options: str) -> Account:
    return heard("rights-requests.csv", data=manifest(ai_uses=[declared, {"id": "ranking"}]), subject=declared, **options)


def test_answers_within_the_declared_days_support_them() -> None:
    account = rights(use(sla_days=30, extra_identification_required=False))
    assert values(account.readings) == {
        "rights.log_ref": "rights-requests.csv",
        "rights.sla_days": 30,
        "rights.extra_identification_required": False,
    }
    assert [reading.soft for reading in account.readings] == [False, True, True]


def test_an_answer_that_took_longer_denies_them_at_its_line() -> None:
    account = rights(use(sla_days=20))
    (reading,) = [r for r in account.readings if r.path == ("rights", "sla_days")]
    assert (reading.value, reading.line) == (26, 3)
    assert "r-2026-002 took longest" in reading.note
    assert "26" not in reading.note.replace("2026", "")


def test_an_open_request_counts_to_the_day_of_the_evaluation() -> None:
    account = rights(use(sla_days=30), as_of="2027-01-10")
    (reading,) = [r for r in account.readings if r.path == ("rights", "sla_days")]
    assert (reading.value, reading.line) == (61, 8)
    assert "r-2026-007 has no answer" in reading.note


def test_promises_that_are_not_declared_are_not_made_up() -> None:
    assert "rights.sla_days" not in values(rights(use()).readings)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("1,summaries,access,2026-03-02,2026-03-01,answered,no", "was answered before it came"),
        ("1,summaries,access,,2026-03-01,answered,no", "does not say when the request came"),
        ("1,,access,2026-03-01,2026-03-02,answered,no", "does not say which use it is about"),
        ("1,sumaries,access,2026-03-01,2026-03-02,answered,no", "is about a use that is not declared; declare it, or"),
        ("1,summaries,access,2026-03-01,,answered,no", "is no longer open and does not say when"),
        ("1,summaries,access,2026-03-01,soon,open,no", "Answered is no day"),
    ],
)
def test_requests_that_cannot_be_judged_are_named(tmp_path: Path, row: str, why: str) -> None:
    head = (FIXTURES / "rights-requests.csv").read_text("utf-8").splitlines()[0]
    declared = use(sla_days=30)
    other = "2,summaries,access,2026-03-01,2026-03-02,answered,no"
    account = written(tmp_path, f"{head}\n{other}\n{row}\n", data=manifest(ai_uses=[declared]), subject=declared)
    assert f"line 3: {why}" in silent(account)


def test_requests_about_other_declared_uses_are_left_to_them(tmp_path: Path) -> None:
    head = (FIXTURES / "rights-requests.csv").read_text("utf-8").splitlines()[0]
    rows = [
        f"{n},{name},access,2026-03-01,2026-03-0{n},answered,no" for n, name in enumerate(("crawl", "Summaries of posts"), 2)
    ]
    declared = use(sla_days=30)
    data = manifest(ai_uses=[declared], own_scraping=[{"id": "crawl"}])
    account = written(tmp_path, "\n".join([head, *rows]) + "\n", data=data, subject=declared)
    assert [r.line for r in account.readings if r.path == ("rights", "sla_days")] == [3]


@pytest.mark.parametrize(
    ("file", "section"),
    [
        ("legal-actions.csv", "third_party_access"),
        ("rights-requests.csv", "incident_policy"),
        ("correspondence.csv", "ai_uses"),
    ],
)
def test_a_register_of_something_else_is_told(file: str, section: str) -> None:
    data = manifest(third_party_access=ACCESSES, ai_uses=[use()])
    subject = data[section] if section == "incident_policy" else data[section][0]
    assert "that is evidence of" in silent(heard(file, data=data, subject=subject))


# --- the words are those of the manifest ---


@pytest.mark.parametrize(
    ("words", "shape"),
    [
        (_sheets.INCIDENT_STATUS, v1_shape.IncidentStatus),
        (_sheets.NOTIFY, v1_shape.NotifyDecision),
        (_sheets.INDIVIDUALS, v1_shape.IndividualsDecision),
        (_sheets.MEASURES, v1_shape.LegalMeasure),
        (_sheets.FINDING_KINDS, v1_shape.FindingKind),
        (_sheets.CONSEQUENCES, v1_shape.Consequence),
        (_sheets.FINDING_OUTCOMES, v1_shape.FindingOutcome),
    ],
)
def test_the_closed_lists_are_those_of_the_shape(words: tuple[str, ...], shape: Any) -> None:
    assert list(words) == [word.name for word in shape]


@pytest.mark.parametrize(
    ("holds", "shape"),
    [
        ("incidents", v1_shape.Incident),
        ("findings", v1_shape.MonitoringFinding),
        ("correspondence", v1_shape.Correspondence),
    ],
)
def test_every_column_fills_a_property_of_the_shape(holds: str, shape: Any) -> None:
    sheet = _sheets.SHEETS[holds]
    decision = v1_shape.BreachDecision.model_fields
    for prop, column in sheet.columns.items():
        fields = decision if prop in sheet.placed or prop == "decision" else shape.model_fields
        assert column.path[0] in fields or prop == "access"
    assert {column.path[1] for column in _sheets.SHEETS["legal_actions"].columns.values() if len(column.path) > 1} <= set(
        v1_shape.IncidentLegal.model_fields
    )


def test_no_name_of_a_column_means_two_things_in_a_register() -> None:
    for sheet in _sheets.SHEETS.values():
        names = [name for prop, column in sheet.columns.items() for name in (prop, *column.names)]
        twice = {name for name in names if names.count(name) > 1}
        assert twice == set(), (sheet.holds, twice)
        assert all(_sheets.plain(name) == name for name in names)


# --- hostile files ---

HOSTILE = {
    "empty": b"", "blank": b" \r\n\t\n", "mark-only": b"\xef\xbb\xbf", "nul": b"id,detected_at\n\0,\n", "zeros": b"\0" * 99,
    "utf-16-le": "id,detected_at\na,b\n".encode("utf-16"), "utf-16-be": b"\xfe\xff" + "id,detected_at".encode("utf-16-be"),
    "latin-1": "id,detected_at,title\na,,Caf\u00e9\n".encode("latin-1"), "noise": bytes(range(1, 256)) * 8,
    "template": b"id,detected_at\n{% for i in incidents %}{{ i.id }},\n", "jinja": b"{{ header }}\n",
    "html": b"<html><body><table><tr><td>id</td></tr></table></body></html>", "json": b'[{"id": "a", "detected_at": "x"}]',
    "open-quote": b'id,detected_at\n"' + b"a" * 4_000_000, "open-quote-lines": b'id,detected_at\n"' + b"a,b\n" * 500_000,
    "after-quote": b'id,detected_at\n"a"b,2026-03-01T08:00:00Z\n', "wide-header": b"," * 4_000_000,
    "ten-thousand-columns": b",".join(b"c%d" % i for i in range(10_000)) + b"\n",
    "wide-row": b"id,detected_at\na" + b"," * 1_000_000,
    "long-cell": b"id,detected_at,title\na,2026-03-01T08:00:00Z," + b"x" * 20_000 + b"\n", "too-large": b"x" * 4_194_305,
    "many-rows": b"id,detected_at\n" + b"a,2026-03-01T08:00:00Z\n" * 20_000, "sep-only": b"sep=;\n", "quotes": b'"' * 5000,
    "long-title": b'"' + b"x" * 60_000 + b'",id,detected_at\n1,a,2026-03-01T08:00:00Z\n', "lines": b"\n" * 1_000_000,
    "carriage-returns": b"\r" * 1_000_000, "zip": b"PK\x03\x04" + b"\x14\x00" * 200,
}  # fmt: skip


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_say_nothing_soon(tmp_path: Path, content: bytes) -> None:
    with ends():
        account = written(tmp_path, content, data=manifest(incidents=[NUMBERS]))
    why = silent(account)
    assert "Traceback" not in why
    assert len(why) < 2000
    assert str(tmp_path) not in why
    assert proposed(tmp_path, "file.csv") == ()


@pytest.mark.parametrize(
    ("name", "why"), [("utf-16-le", "save it as CSV UTF-8"), ("template", "rendered to"), ("latin-1", "not UTF-8")]
)
def test_what_to_do_about_it_is_told(tmp_path: Path, name: str, why: str) -> None:
    assert why in silent(written(tmp_path, HOSTILE[name]))


def test_where_it_breaks_off_is_told(tmp_path: Path) -> None:
    account = written(tmp_path, f'{HEAD}{GOOD}"b,2026')
    assert "a quote does not end" in silent(account)
    assert account.unreadable_at == ("file.csv", 3)
    assert written(tmp_path, HEAD.encode() + b"a\xff,,,,,,\n").unreadable_at == ("file.csv", 2)


def test_paths_that_lead_elsewhere_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file.csv").write_text(HEAD + GOOD)
    os.symlink(tmp_path / "file.csv", tmp_path / "link.csv")
    assert "symbolic link" in silent(heard("link.csv", root=tmp_path))
    assert "does not exist" in silent(heard("none.csv", root=tmp_path))
    assert "climbs above" in silent(heard("../file.csv", root=tmp_path))
    assert register.discover(Opener(tmp_path), "link.csv") == ()


def test_thousands_of_rows_against_as_many_incidents_take_no_time(tmp_path: Path) -> None:
    rows = "".join(f"i-{i},2026-03-01T08:00:00Z,2026-03-01T09:00:00Z,{i},yes,GB;IE,t\n" for i in range(4000))
    declared = [{"id": f"i-{i}", "records": i} for i in range(4000)]
    with ends():
        account = written(tmp_path, HEAD + rows, data=manifest(incidents=declared))
    assert added(account)["incidents.i-3999.records"] == 3999


ODD_ENTRIES: list[Any] = [None, [], "x", {"holds": None}, {"id": ["a"]}, {"holds": {}}, 7]


@pytest.mark.parametrize("odd", ODD_ENTRIES, ids=repr)
def test_odd_options_and_manifests_are_no_error(tmp_path: Path, odd: Any) -> None:
    (tmp_path / "file.csv").write_text(HEAD + GOOD)
    entry = {"kind": "register", "path": "file.csv", "as_of": odd, "manifest": odd, "options": odd}
    account = register.account(Opener(tmp_path), "file.csv", entry, {})
    assert added(account)["incidents.a-1.records"] == 10


def test_nothing_that_was_given_is_changed(tmp_path: Path) -> None:
    data = manifest(incidents=[{"id": "a-1", "jurisdictions": ["IE"], "legal": None, "decisions": None}])
    before = copy.deepcopy(data)
    written(tmp_path, HEAD + GOOD, data=data)
    assert data == before


CELLS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["", "GB", "GB;IE", "yes", "5", "2026-03-01T08:00:00Z", "2026-03-01", "notify GB", '"', "\n", "=1", "closed"]
    ),
)
TITLES = st.sampled_from([*_sheets.SHEETS["incidents"].columns, "Note", "", "authority notified at GB"])


@settings(max_examples=100, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    titles=st.lists(TITLES, max_size=6), rows=st.lists(st.lists(CELLS, max_size=7), max_size=4), junk=st.binary(max_size=12)
)
def test_any_table_is_read_whole_or_not_at_all(
    tmp_path: Path, titles: list[str], rows: list[list[str]], junk: bytes
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["id", "detected_at", *titles], *rows])
    account = written(tmp_path, text.getvalue().encode("utf-8", "replace") + junk, data=manifest(incidents=[NUMBERS]))
    if account.unreadable or account.complaints:
        silent(account)
    else:
        assert account.supported
        assert all(r.soft and r.line > 0 and r.value is not None for r in account.additions)
        assert all(_cells.slug(r.path[1]) == r.path[1] for r in account.additions)
    assert isinstance(proposed(tmp_path, "file.csv"), tuple)


# --- what could be declared ---


def proposed(root: Path, file: str) -> tuple[Discovered, ...]:
    """What is proposed of a file; nothing where it is refused with a reason."""
    try:
        return register.discover(Opener(root), file)
    except ArtefactError:
        return ()


def test_discovered_incidents_are_those_that_the_account_reads(clean: Path) -> None:
    found = register.discover(Opener(clean), "file.csv")
    assert [one.section for one in found] == ["incident_policy"] + ["incidents"] * 18
    item = found[4].item
    assert item["id"] == "inc-2024-04"
    assert item["decisions"][0]["jurisdiction"] == "GB"
    assert "surfaces" not in item
    assert found[4].line == 5
    assert ("surfaces", "Which surfaces did it touch?") in found[4].questions
    data = manifest(incidents=[one.item for one in found[1:]])
    assert all(not heard("file.csv", root=clean, data=data, subject=one.item).unreadable for one in found[1:])
    assert heard("file.csv", root=clean, data=data).absences == ()


@pytest.mark.parametrize(
    ("file", "sections"),
    [
        ("incidents.csv", []),
        ("legal-actions.csv", []),
        ("findings.csv", ["third_party_access", "third_party_access"]),
        ("correspondence.csv", ["organization"] + ["regulator_correspondence"] * 3),
        ("rights-requests.csv", []),
    ],
)
def test_only_what_can_be_read_is_proposed(file: str, sections: list[str]) -> None:
    assert [one.section for one in proposed(FIXTURES, file)] == sections


def test_a_register_with_a_row_that_cannot_be_read_is_told_and_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "incidents.csv").write_text("id,detected_at\na,2026-03-01T08:00:00\n")
    with pytest.raises(ArtefactError, match="line 2: detected_at has no offset from UTC"):
        register.discover(Opener(tmp_path), "incidents.csv")
    (tmp_path / "incidents.csv").write_text("colour,size\nred,2\n")
    assert register.discover(Opener(tmp_path), "incidents.csv") == ()


def test_every_fixture_and_example_is_offered_to_it() -> None:
    import fnmatch

    files = [*FIXTURES.glob("*.csv"), *EXAMPLES.glob("*/registers/*.csv")]
    paths = [f"registers/{path.name}" for path in files]
    assert all(any(fnmatch.fnmatchcase(path, pattern) for pattern in register.FILES) for path in paths)
    assert all(re.fullmatch(r"[a-z*./_-]+", pattern) for pattern in register.FILES)
