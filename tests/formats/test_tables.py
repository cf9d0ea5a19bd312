"""The action list as xlsx and csv: every finding, the most urgent first, nothing evaluated, the same bytes each time."""

from __future__ import annotations

import copy
import io
import json
import os
import sys
import time
import zipfile
from collections import Counter
from typing import Any

import pytest

from policycheck.errors import UsageError
from policycheck.formats import _actions
from policycheck.formats._actions import COLUMNS
from policycheck.formats.csv import safe, text

from .rich_support import GOLDEN, HOSTILE, render
from .table_support import dumped, sheet, table, workbook

pytest.importorskip("openpyxl")
Rich = dict[str, Any]
SHEETS = ["Findings", "Expectations", "Exceptions", "Evidence", "Method"]


@pytest.fixture(name="rich")
def one_of_its_own(rich: Rich) -> Rich:
    """The rich report, to be changed at will."""
    return copy.deepcopy(rich)


def actions(name: str, rich: Rich) -> list[dict[str, Any]]:
    """The rows that are findings."""
    data = render(name, rich)
    return (
        [row for row in table(data) if row["Outcome"] not in ("error", "loosened")]
        if name == "csv"
        else sheet(data, "Findings")
    )


each_table = pytest.mark.parametrize("name", ["csv", "xlsx"])


# --- what is in it -------------------------------------------------------------------------------------------


@each_table
def test_it_is_as_it_was(name: str, rich: Rich, request: pytest.FixtureRequest) -> None:
    golden = GOLDEN / ("xlsx.txt" if name == "xlsx" else "csv.csv")
    data = render(name, rich)
    shown = dumped(data).encode() if name == "xlsx" else data
    if request.config.getoption("--update-golden"):
        golden.write_bytes(shown)
    assert shown == golden.read_bytes()


@each_table
def test_every_finding_is_there_once_with_its_words(name: str, rich: Rich) -> None:
    (record,) = rich["results"]
    rows = {row["Id"]: row for row in actions(name, rich)}
    assert len(rows) == len(actions(name, rich)) == len(record["findings"])
    for finding in record["findings"]:
        row = rows[finding["id"]]
        assert row["Outcome"] == finding["outcome"].replace("_", " ")
        assert (row["Severity"], row["Assurance"], row["Rule"]) == (
            finding["severity"],
            finding["assurance"],
            finding["rule"],
        )
        assert row["Expectations"] == ", ".join(finding["expectations"])
        assert row["Report"] == rich["report_id"]
        assert row["Management response"] == ""


def test_both_say_the_same(rich: Rich) -> None:
    assert actions("csv", rich) == actions("xlsx", rich)


@each_table
def test_the_most_urgent_stand_on_top(name: str, rich: Rich) -> None:
    rows = actions(name, rich)
    kinds = ["contradicted" if r["Assurance"] == "contradicted" else r["Outcome"] for r in rows if r["Status"] != "accepted"]
    wanted = ["contradicted", "gap", "unknown", "not used", "met", "not applicable"]
    open_ones = [k for k, r in zip(kinds, rows, strict=False) if r["Status"].startswith("open")]
    assert kinds[0] == "contradicted"
    assert open_ones == sorted(open_ones, key=wanted.index)
    last_open = max(n for n, r in enumerate(rows) if r["Status"].startswith("open"))
    assert all(r["Status"] != "no action" for r in rows[:last_open])


@each_table
def test_two_manifests_are_one_list(name: str, rich: Rich) -> None:
    other = copy.deepcopy(rich["results"][0])
    for finding in other["findings"]:
        finding["id"] = f"2{finding['id'][1:]}"
    rows = actions(name, {**rich, "results": [rich["results"][0], other]})
    first = [row["Assurance"] for row in rows[: sum(r["Assurance"] == "contradicted" for r in rows)]]
    assert set(first) == {"contradicted"}
    assert len(rows) == 2 * len(other["findings"])


@each_table
def test_status_owner_and_due_are_what_the_report_knows(name: str, rich: Rich) -> None:
    record = rich["results"][0]
    gaps = [f for f in record["findings"] if f["outcome"] == "gap"]
    known = next(f for f in gaps if f.get("baseline", {}).get("state") == "known")
    known["baseline"] |= {"due_on": "2026-12-24", "owner": "edge team", "ticket": "T-7", "overdue": True}
    gaps[-1] |= {"warns_until": "2027-02-01", "blocks": False, "owner": ""}
    rows = {row["Id"]: row for row in actions(name, rich)}
    said = {row["Status"]: (row["Owner"], row["Due"], row["Ticket"]) for row in rows.values()}
    assert said["known, overdue"] == ("edge team", "2026-12-24", "T-7")
    assert said["accepted"] == ("apps", "2026-12-31", "T-1")
    assert said["warning"] == ("", "2027-02-01", "")
    assert said["no action"][1:] == said["open"][1:] == ("", "")
    assert {owner for owner, _, _ in said.values()} >= {"apps", "privacy"}, "as declared, where nobody else is named"
    blocking = {f["id"] for f in record["findings"] if f["blocks"]}
    assert {row["Id"] for row in rows.values() if row["Status"] == "open"} == blocking


@each_table
def test_a_contradiction_names_both_places_and_what_closes_it(name: str, rich: Rich) -> None:
    row = actions(name, rich)[0]
    finding = next(f for f in rich["results"][0]["findings"] if f["id"] == row["Id"])
    for column, place in (("Where", finding["location"]), ("Also declared at", finding["related"][0])):
        assert row[column] == f"{place['path']}:{place['line']}"
    assert row["What"].startswith(finding["message"][:40])
    assert row["To close"] == finding["remediation"]


def test_no_more_findings_than_a_table_should_hold(rich: Rich, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_actions, "MAX_FINDINGS", 10)
    for name in ("csv", "xlsx"):
        with pytest.raises(UsageError, match=rf"{name} holds at most 10 findings; name fewer manifests"):
            render(name, rich)


# --- nothing is evaluated ------------------------------------------------------------------------------------

FORMULAS = ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", " =1", '"=1', "x;=1", 'x; "@x', "'=1", "''", "\uff1d1", "=\n=1"]


@pytest.mark.parametrize("given", [*FORMULAS, "", "plain", "a=b; c-d", "it's; 'so'", ";;='", "x;' ;-"])
def test_a_mark_against_formulas_can_be_taken_off(given: str) -> None:
    assert text(safe(given)) == given


@pytest.mark.parametrize("given", FORMULAS)
def test_no_cell_of_a_csv_begins_like_a_formula(given: str, rich: Rich) -> None:
    finding = rich["results"][0]["findings"][0]
    finding |= {"title": given, "message": given, "remediation": given}
    data = render("csv", rich).decode("utf-8-sig")
    for line in data.split("\r\n"):
        for separator in ('","', ";", "\t"):
            cells = [cell.lstrip(' "') for cell in line.split(separator)]
            assert not [cell for cell in cells if cell.startswith(tuple("=+-@\uff1d"))], line


@pytest.mark.parametrize("given", [*FORMULAS, "http://e.example", "12", "{=1}", "_x000D_", "\ufffe\x00\x1b[31m\ud800\u202e"])
def test_every_text_of_a_workbook_is_text(given: str, rich: Rich) -> None:
    finding = rich["results"][0]["findings"][0]
    finding |= {"title": given, "message": given, "remediation": given}
    from openpyxl.utils.escape import unescape

    data = render("xlsx", rich)
    for page in workbook(data).worksheets:
        for row in page.iter_rows():
            assert {cell.data_type for cell in row} <= {"s", "n", "inlineStr"}
            assert not any(cell.hyperlink for cell in row)
    (row,) = [r for r in sheet(data, "Findings") if r["Id"] == finding["id"]]
    assert isinstance(row["Title"], str)
    if given.isprintable():
        assert unescape(row["Title"]) == given.strip()
    inside = zipfile.ZipFile(io.BytesIO(data))
    assert not any(b"<f>" in inside.read(name) or b"\x1b" in inside.read(name) for name in inside.namelist())


@each_table
def test_hostile_text_is_shown_and_not_obeyed(name: str, rich: Rich) -> None:
    data = render(name, rich)
    shown = dumped(data) if name == "xlsx" else data.decode("utf-8-sig")
    assert "<script>" in HOSTILE
    assert "<script>" in shown
    assert not [c for c in shown if not c.isprintable() and c not in "\r\n"]


@each_table
def test_endless_text_is_cut_and_says_so(name: str, rich: Rich) -> None:
    finding = rich["results"][0]["findings"][0]
    finding |= {"title": "a" * 40_000, "message": "b c " * 20_000}
    (row,) = [r for r in actions(name, rich) if r["Id"] == finding["id"]]
    for column in ("Title", "What"):
        assert 0 < len(row[column]) < 5_000
        assert "..." in row[column]


def test_a_csv_is_what_spreadsheets_and_rfc_4180_expect(rich: Rich) -> None:
    data = render("csv", rich)
    assert data.startswith(b'\xef\xbb\xbf"Severity",')
    assert data.endswith(b"\r\n")
    assert data.count(b"\n") == data.count(b"\r\n") == len(table(data)) + 1


def test_what_could_not_be_judged_stands_before_the_findings_of_a_csv(rich: Rich) -> None:
    first, second, *rest, _ = table(render("csv", rich))
    assert [(row["Outcome"], row["Severity"], row["Status"]) for row in (first, second)] == [("error", "high", "open")] * 2
    assert (first["Rule"], first["What"], first["Manifest"]) == ("invalid-input", rich["problems"][0]["message"], "")
    assert first["Where"].startswith("b/]]> <script>")
    assert (second["Rule"], second["Manifest"]) == ("incomplete", rich["results"][0]["manifest"])
    assert {row["Report"] for row in (first, second)} == {rich["report_id"]}
    assert {row["Id"] for row in (first, second)} < {entry["fingerprint"] for entry in json.loads(render("gitlab", rich))}
    assert len(rest) == len(rich["results"][0]["findings"])


def test_the_last_row_of_a_csv_says_what_loosened_the_run(rich: Rich) -> None:
    """The list alone would look like that of a run which held everything; its name is the one that gitlab has for it."""
    loose = {**rich, "options": {**rich["options"], "loosened_by": ["--no-evidence", "--fail-on high"]}}
    *rest, last = table(render("csv", loose))
    assert rest == table(render("csv", {**rich, "options": {**rich["options"], "loosened_by": []}}))
    assert (last["Severity"], last["Outcome"], last["Status"]) == ("info", "loosened", "no action")
    assert last["What"] == "This run was loosened by --no-evidence, --fail-on high"
    assert (last["Id"], last["Report"]) == (json.loads(render("gitlab", loose))[-1]["fingerprint"], rich["report_id"])


# --- the workbook --------------------------------------------------------------------------------------------


def test_a_workbook_has_its_sheets_with_filters_and_a_heading_that_stays(rich: Rich) -> None:
    book = workbook(render("xlsx", rich))
    assert book.sheetnames == SHEETS
    assert book["Findings"].column_dimensions["G"].width > 40
    for page in book.worksheets:
        assert page.auto_filter.ref == page.dimensions
        assert page.freeze_panes in {"A2", "B2"}
        assert all(cell.font.bold and cell.alignment.wrap_text for cell in page[1])
        assert not any(row.hidden for row in page.row_dimensions.values())


def test_severity_is_told_by_colour_and_by_word(rich: Rich) -> None:
    page = workbook(render("xlsx", rich))["Findings"]
    colours: dict[str, set[str]] = {}
    for severity, _, _, state in page.iter_rows(min_row=2, max_col=4):
        if state.value != "no action":
            colours.setdefault(severity.value, set()).add(severity.fill.fgColor.rgb)
    assert {len(some) for some in colours.values()} == {1}
    assert len({min(some) for some in colours.values()}) == len(colours) >= 2


def test_rows_are_as_high_as_their_text(rich: Rich) -> None:
    page = workbook(render("xlsx", rich))["Findings"]
    for number in range(2, page.max_row + 1):
        lines = max(len(str(cell.value or "")) / column.width for cell, column in zip(page[number], COLUMNS, strict=True))
        assert min(405, 13 * lines) <= page.row_dimensions[number].height


def test_the_properties_say_what_it_is(rich: Rich) -> None:
    found = workbook(render("xlsx", rich)).properties
    assert found.title == "Gap report as of 2026-11-21: action list"
    assert rich["report_id"] in found.keywords
    assert found.description == rich["disclaimer"]
    assert str(found.created).startswith("2026-11-21") and found.created == found.modified


def test_every_chosen_expectation_stands_there_once_for_each_manifest(rich: Rich) -> None:
    rich["expectations"]["CJS24-01"] = {
        "document": "CJS24",
        "locator": "para 1",
        "modality": "informational",
        "seen": "V",
        "paraphrase": "=HYPERLINK(0)",
    }
    rich["criteria"]["without_a_rule"]["not_codifiable"] = ["CJS24-01"]
    second = copy.deepcopy(rich["results"][0]) | {"manifest": "other.yaml"}
    rows = sheet(render("xlsx", {**rich, "results": [rich["results"][0], second]}), "Expectations")
    wanted = Counter(
        (name, manifest) for name in rich["expectations"] for manifest in (second["manifest"], "policycheck.yaml")
    )
    assert Counter((row["Expectation"], row["Manifest"]) for row in rows) == wanted
    rolled = {row["id"]: row for row in second["expectations"]}
    for row in rows:
        about = rolled.get(row["Expectation"])
        assert row["Outcome"] == (about["outcome"].replace("_", " ") if about else "not tested")
        assert not about or (row["Gaps"], row["Of findings"]) == (about["gaps"], about["findings"])
        assert about or row["Why"]


def test_exceptions_name_who_why_and_until_when(rich: Rich) -> None:
    row = sheet(render("xlsx", rich), "Exceptions")[0]
    assert (row["State"], row["Exception"], row["Ticket"]) == ("in force", "ex-1", "T-1")
    assert (row["Granted"], row["Expires"], row["Compensating control"]) == ("2026-10-01", "2026-12-31", "log-review")
    assert row["Approver"] and row["Reason"] and row["Findings"] == 1
    accepted = next(f for f in rich["results"][0]["findings"] if f.get("exception"))
    assert accepted["id"] in row["What it covers, or what is wrong with it"]


def test_the_ledger_holds_every_file_that_was_read(rich: Rich) -> None:
    record = rich["results"][0]
    ledger = [artefact for entry in record["artefacts"] for artefact in entry["artefacts"]]
    rows = sheet(render("xlsx", rich), "Evidence")
    found = Counter((row["Artefact"], row["Size"], row["SHA-256"]) for row in rows if row["SHA-256"])
    assert found == Counter((a["path"], a["size"], a["sha256"]) for a in [*record["inputs"], *ledger])
    assert sum(bool(row["Said"]) for row in rows) == sum(bool(entry["said"]) for entry in record["artefacts"])


def test_an_artefact_that_is_not_there_is_in_the_ledger(rich: Rich) -> None:
    entry = rich["results"][0]["artefacts"][0]
    entry |= {"artefacts": [], "path": "gone.conf", "verdict": "unreadable", "said": "does not exist"}
    (row,) = [row for row in sheet(render("xlsx", rich), "Evidence") if row["Artefact"] == "gone.conf"]
    assert (row["Verdict"], row["Said"], row["Size"], row["SHA-256"]) == ("unreadable", "does not exist", "", "")


def test_the_method_says_what_was_asked_found_and_left_open(rich: Rich) -> None:
    rows = sheet(render("xlsx", rich), "Method")
    said = {(row["Part"], row["Item"]): row["What"] for row in rows}
    assert said["Report", "Report id"] == rich["report_id"]
    assert said["Report", "What it is not"] == rich["disclaimer"]
    for pack in rich["criteria"]["packs"]:
        assert pack["digest"] in said["Criteria", f"Pack {pack['id']}"]
    assert (
        "10 gap" in said["What was found", "Findings"]
        or str(rich["totals"]["findings"]["gap"]) in said["What was found", "Findings"]
    )
    assert said["Options", "fail on"] == rich["options"]["fail_on"]
    command = said["How to do it again", "Command"]
    assert (
        "--as-of 2026-11-21" in command and " ".join(f"--criteria {name}" for name in rich["options"]["criteria"]) in command
    )
    assert sum(part == "Could not be judged" for part, _ in said) == 2
    words = {item for part, item in said if part == "Words"}
    assert {row["Outcome"] for row in sheet(render("xlsx", rich), "Findings")} <= words
    assert {row["Status"].partition(",")[0] for row in sheet(render("xlsx", rich), "Findings")} <= words


@pytest.mark.parametrize(("manifests", "whole"), [(90, True), (900, False)])
def test_the_command_of_many_manifests_is_whole_or_said_to_be_elsewhere(manifests: int, whole: bool, rich: Rich) -> None:
    names = [f"services/a-service-with-a-long-name-{number:04}/policycheck.yaml" for number in range(manifests)]
    named = [{**rich["results"][0], "manifest": name, "findings": [], "artefacts": []} for name in names]
    rows = sheet(render("xlsx", {**rich, "results": named}), "Method")
    (command,) = [row["What"] for row in rows if row["Item"] == "Command"]
    assert command.endswith(" --format json" if whole else "README.txt of a bundle and the HTML record name it")
    assert whole is all(name in command for name in (*names, "--root . --as-of 2026-11-21"))


def test_the_same_report_gives_the_same_workbook_wherever_and_whenever(rich: Rich, monkeypatch: pytest.MonkeyPatch) -> None:
    first = render("xlsx", rich)
    before = os.umask(0o077)
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        again = render("xlsx", copy.deepcopy(rich))
    finally:
        os.umask(before)
        monkeypatch.undo()
        time.tzset()
    assert first == again
    assert {entry.date_time for entry in zipfile.ZipFile(io.BytesIO(first)).infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_missing_library_is_named_with_what_to_install(rich: Rich, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(UsageError, match=r"pip install 'policycheck\[xlsx\]'"):
        render("xlsx", rich)


def test_a_run_without_manifests_is_a_workbook_too(rich: Rich) -> None:
    totals = {**rich["totals"], "manifests": 0}
    data = render("xlsx", {**rich, "results": [], "totals": totals})
    assert workbook(data).sheetnames == SHEETS
    assert sheet(data, "Findings")[0]["Severity"] == "none"
