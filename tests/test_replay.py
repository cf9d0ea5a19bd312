"""`policycheck report`: every format from the JSON alone, the same as `check` wrote, and no format says something else."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from policycheck import replay, report, rooms
from policycheck.errors import InvalidInput
from tests.command_line import raw as call

ROOT = Path(__file__).parent.parent
AS_OF = "2026-11-21"
#: A PDF takes seconds to lay out; tests/formats/test_pdf.py holds it against the HTML.
EVERY = tuple(name for name in rooms.names("formats") if name != "pdf")
#: Where a format has room for it.
NAMES_THE_REPORT = {
    "html", "json", "jsonl", "csv", "xlsx", "sarif", "sarif-github", "markdown", "github-summary", "in-toto", "oscal",
    "oscal-poam",
}  # fmt: skip
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two organisations of which one has every outcome, judged in every format at once, and rendered again from the JSON."""
    made = tmp_path_factory.mktemp("run")
    for name in ("corner-shop", "harbour-social"):
        shutil.copytree(ROOT / "examples" / name, made / name)
    outputs = [f"--output={name}=check.{name}" for name in EVERY]
    code, _, err = call(made, "check", ".", "--root", ".", "--as-of", AS_OF, "--format", "json", *outputs)
    assert code == 1, err
    outputs = [f"--output={name}=report.{name}" for name in EVERY]
    assert call(made, "report", "check.json", "--root", ".", *outputs) == (0, b"", "")
    return made


@pytest.fixture
def whole(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "check.json").read_bytes())
    return found


def said(folder: Path, name: str) -> str:
    data = (folder / f"report.{name}").read_bytes()
    if name != "xlsx":
        return data.decode("utf-8-sig")
    openpyxl = pytest.importorskip("openpyxl")
    pages = openpyxl.load_workbook(folder / f"report.{name}").worksheets
    return "\n".join(" ".join(map(str, row)) for page in pages for row in page.iter_rows(values_only=True))


# --- all formats of one run say the same ---------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY)
def test_a_report_from_the_json_is_what_check_wrote(name: str, folder: Path) -> None:
    assert (folder / f"report.{name}").read_bytes() == (folder / f"check.{name}").read_bytes()


@pytest.mark.parametrize("name", EVERY)
def test_a_format_alone_is_the_same_as_among_others(name: str, folder: Path) -> None:
    """`check` judges only what a format asks to be told; a report made from everything must not say more."""
    # The small one has every outcome too, and takes a tenth of the time.
    words = ("check", "corner-shop", "--root", ".", "--as-of", AS_OF, "--exit-zero")
    code, out, err = call(folder, *words, "--format", name)
    _, json_, _ = call(folder, *words, "--format", "json")
    assert code == 0, err
    _, again, _ = call(folder, "report", "-", "--root", ".", "--format", name, stdin=json_)
    assert again == out


@pytest.mark.parametrize("name", sorted(NAMES_THE_REPORT))
def test_the_report_id_is_the_same_in_every_format(name: str, folder: Path, whole: dict[str, Any]) -> None:
    assert UUID.fullmatch(whole["report_id"])
    assert whole["report_id"] in said(folder, name)


def _ids(whole: dict[str, Any], *outcomes: str) -> set[str]:
    every = [finding for record in whole["results"] for finding in record["findings"]]
    return {finding["id"] for finding in every if not outcomes or finding["outcome"] in outcomes}


def _blocking(whole: dict[str, Any]) -> set[str]:
    return {finding["id"] for record in whole["results"] for finding in record["findings"] if finding["blocks"]}


def test_the_complete_formats_hold_the_same_findings(folder: Path, whole: dict[str, Any]) -> None:
    sarif = json.loads(said(folder, "sarif"))["runs"][0]["results"]
    found = {
        "sarif": [result["correlationGuid"] for result in sarif],
        "csv": UUID.findall(said(folder, "csv")),
        "xlsx": UUID.findall(said(folder, "xlsx").partition("\nExpectation ")[0]),
    }
    for name, ids in found.items():
        own = [one for one in ids if one != whole["report_id"]]
        assert len(own) == len(set(own)) == len(_ids(whole)), name
        assert set(own) == _ids(whole), name


def test_the_shorter_formats_hold_those_that_they_are_for(folder: Path, whole: dict[str, Any]) -> None:
    lines = [json.loads(line) for line in said(folder, "jsonl").splitlines()]
    assert {finding["id"] for line in lines[:-1] for finding in line["gaps"]} == _ids(whole, "gap")
    tests = json.loads(said(folder, "in-toto"))["predicate"]
    assert set(tests["failedTests"]) == _blocking(whole)
    assert {*tests["failedTests"], *tests["warnedTests"]} == _ids(whole, "gap", "unknown")
    assert set(tests["passedTests"]) == _ids(whole, "met")
    marked = re.compile('"name":"finding-id","value":"([^"]*)"')
    assert set(marked.findall(said(folder, "oscal"))) == _ids(whole) - _ids(whole, "not_applicable")
    assert set(marked.findall(said(folder, "oscal-poam").replace("\n", ""))) == _ids(whole, "gap", "unknown")
    alerts = json.loads(said(folder, "sarif-github"))["runs"][0]["results"]
    assert {alert["correlationGuid"] for alert in alerts} == _blocking(whole)
    cases = ElementTree.fromstring(said(folder, "junit")).iter("testcase")
    assert {case.attrib["name"][-37:-1] for case in cases if case.find("failure") is not None} == _blocking(whole)
    entries = json.loads(said(folder, "gitlab"))
    assert {entry["fingerprint"] for entry in entries if entry["severity"] != "info"} == _blocking(whole)
    assert set(UUID.findall(said(folder, "github-summary"))) - {whole["report_id"]} == _blocking(whole)


def _counted(folder: Path, name: str) -> Iterator[dict[str, int]]:
    """The findings of each manifest, by outcome, as a format counts them."""
    words = {"gap": "gap", "unknown": "unknown", "met": "met", "not_used": "not used", "not_applicable": "not applicable"}
    lines = {
        "markdown": r"^\| findings \|(.*)$",
        "github-summary": r"^(\d+ gap · .*) · \d+ accepted$",
        "text": r"^  findings +\d+: (.*(?:\n {16}.*)?)$",
        "table": r"^(?:Corner|Harbour).*?: (.*)$",
        "xlsx": r"^Manifests \S+ (\d+ gap, .*)$",
    }
    for found in re.findall(lines[name], said(folder, name), re.MULTILINE):
        line = " ".join(found.split())
        if name == "markdown":
            yield dict(zip(words, map(int, line.strip(" |").split(" | ")), strict=True))
        else:
            yield {key: int(n[1]) if (n := re.search(rf"(\d+) {word}", line)) else 0 for key, word in words.items()}


@pytest.mark.parametrize("name", ["markdown", "github-summary", "text", "table", "xlsx"])
def test_the_counts_are_the_same_in_every_format_that_counts(name: str, folder: Path, whole: dict[str, Any]) -> None:
    assert list(_counted(folder, name)) == [record["counts"]["findings"] for record in whole["results"]]


def test_the_rows_of_the_action_list_add_up_to_the_counts(folder: Path, whole: dict[str, Any]) -> None:
    rows = said(folder, "csv").splitlines()[1:]
    for outcome in ("gap", "unknown", "met", "not_used", "not_applicable"):
        total = whole["totals"]["findings"][outcome] + whole["totals"]["integrity"][outcome]
        assert sum(row.split('","')[1] == outcome.replace("_", " ") for row in rows) == total


def test_a_short_record_can_be_made_of_the_full_one(whole: dict[str, Any], folder: Path) -> None:
    lines = [json.loads(line) for line in (folder / "check.jsonl").read_text("utf-8").splitlines()]
    assert [report.shortened(record, AS_OF) for record in whole["results"]] == lines[:-1]


# --- the id --------------------------------------------------------------------------------------------------


def test_the_same_question_about_the_same_files_has_the_same_id(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "corner-shop", tmp_path / "there")
    ids = set()
    for place in (folder / "corner-shop", tmp_path / "there"):
        _, out, _ = call(place, "check", "--root", ".", "--as-of", AS_OF, "--format", "json")
        ids.add(json.loads(out)["report_id"])
    assert len(ids) == 1


def test_the_same_files_in_another_order_have_the_same_id(folder: Path) -> None:
    (folder / "broken.policycheck.yaml").write_text("policycheck: 1\n", "utf-8")
    names = ["corner-shop", "broken.policycheck.yaml", "harbour-social"]
    base = ["check", "--root", ".", "--as-of", AS_OF, "--no-evidence", "--format", "json"]
    found = [json.loads(call(folder, *base, *order)[1]) for order in (names, names[::-1])]
    (folder / "broken.policycheck.yaml").unlink()
    assert [[record["manifest"] for record in one["results"]] for one in found] == [
        ["corner-shop/policycheck.yaml", "harbour-social/policycheck.yaml"],
        ["harbour-social/policycheck.yaml", "corner-shop/policycheck.yaml"],
    ]
    assert len({one["report_id"] for one in found}) == 1
    assert all(one["problems"] for one in found)
    assert replay.read(json.dumps(found[1]).encode(), "r.json")["report_id"] == found[0]["report_id"]


@pytest.mark.parametrize("words", [["--as-of", "2026-11-22"], ["--allow-unknown"], ["--criteria", "CJS24"]])
def test_another_question_has_another_id(words: list[str], folder: Path) -> None:
    base = ["check", "corner-shop", "--root", ".", "--as-of", AS_OF, "--format", "json"]
    first, second = (json.loads(call(folder, *base, *more)[1])["report_id"] for more in ([], words))
    assert first != second


def test_another_artefact_has_another_id(folder: Path, tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shutil.copytree(folder / "corner-shop", shop)
    words = ("check", "--root", ".", "--as-of", AS_OF, "--format", "json")
    before = json.loads(call(shop, *words)[1])["report_id"]
    with (shop / "deploy" / "nginx.conf").open("a") as file:
        file.write("# changed\n")
    assert json.loads(call(shop, *words)[1])["report_id"] != before


# --- the command ---------------------------------------------------------------------------------------------


def test_text_without_the_files_says_where_its_lines_would_come_from(folder: Path, tmp_path: Path) -> None:
    code, out, err = call(tmp_path, "report", str(folder / "check.json"))
    assert (code, err) == (0, "policycheck: lines of source are not in the JSON report; --root DIR shows them\n")
    assert b" | " not in out
    assert b"corner-shop/policycheck.yaml:13" in out
    assert call(tmp_path, "report", str(folder / "check.json"), "--quiet")[2] == ""
    assert call(tmp_path, "report", str(folder / "check.json"), "--format", "table")[2] == ""


def test_no_line_is_shown_of_a_file_that_was_changed(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "now")
    manifest = tmp_path / "now" / "corner-shop" / "policycheck.yaml"
    manifest.write_text("# a line more\n" + manifest.read_text("utf-8"), "utf-8")
    code, out, err = call(tmp_path, "report", "now/check.json", "--root", "now")
    assert code == 0
    assert err == "policycheck: no lines shown of corner-shop/policycheck.yaml: not there, or not as they were\n"
    assert b"now/corner-shop/policycheck.yaml:13" in out
    assert out.count(b" | ") > 0


def test_paths_are_shown_from_here_when_the_root_is_named(folder: Path) -> None:
    _, there, _ = call(folder, "check", ".", "--root", ".", "--as-of", AS_OF)
    code, out, _ = call(folder / "corner-shop", "report", "../check.json", "--root", "..", "--quiet", "--format", "table")
    assert code == 0
    assert b"../harbour-social/" in out
    assert b"../harbour-social/" not in there


def test_a_report_can_come_from_standard_input(folder: Path) -> None:
    raw = (folder / "check.json").read_bytes()
    assert call(folder, "report", "-", "--format", "json", stdin=raw) == (0, raw, "")


def test_what_is_written_where(folder: Path, tmp_path: Path) -> None:
    source = str(folder / "check.json")
    assert call(tmp_path, "report", source, "--format", "csv", "--output", "a.csv")[1] == b""
    assert (tmp_path / "a.csv").read_bytes() == (folder / "check.csv").read_bytes()
    code, out, _ = call(tmp_path, "report", source, "--format", "json", "--output", "csv=b.csv")
    assert (code, out) == (0, (folder / "check.json").read_bytes())
    assert (tmp_path / "b.csv").read_bytes() == (folder / "check.csv").read_bytes()
    assert call(tmp_path, "report", source, "--output", "c.txt", "--quiet")[1] == b""
    assert (tmp_path / "c.txt").read_text("utf-8").startswith("corner-shop: ")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["none.json"], "none.json cannot be read"),
        (["check.json", "--format", "json", "--format", "csv"], "standard output can take one format only"),
        (["check.json", "--output", "pigeon=x"], "no format 'pigeon'"),
        (["check.json", "--output", "json="], "--output FORMAT=FILE needs a file"),
        (["check.json", "--format", "json", "--output", "check.json"], "would replace the report that is rendered"),
        (["check.json", "--root", "nowhere"], "--root nowhere is not a folder"),
    ],
)
def test_a_wrong_call_is_one_line(words: list[str], why: str, folder: Path) -> None:
    before = (folder / "check.json").read_bytes()
    code, out, err = call(folder, "report", *words)
    assert (code, out) == (2, b"")
    assert why in err
    assert len(err.splitlines()) == 1
    assert (folder / "check.json").read_bytes() == before


BAD = {
    "empty": b"", "no json": b"policycheck: 1\n", "a list": b"[]", "nan": b'{"format": NaN}', "deep": b"[" * 100_000,
    "binary": bytes(range(256)), "another version": b'{"format":"policycheck-report/2"}',
    "diff": b'{"format":"policycheck-diff/1"}',
    "hollow": b'{"format":"policycheck-report/1"}', "surrogate": b'{"format":"policycheck-report/1","as_of":"\\ud800"}',
    "number": b'{"format":"policycheck-report/1","exit_code":' + b"9" * 5000 + b"}",
}  # fmt: skip


@pytest.mark.parametrize("raw", BAD.values(), ids=BAD)
def test_what_is_no_report_is_one_line(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_bytes(raw)
    code, out, err = call(tmp_path, "report", "bad.json", "--output", "csv=out.csv")
    assert (code, out) == (3, b"")
    assert err.startswith("bad.json: is no policycheck-report/1 document: ")
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 0.999])
def test_a_truncated_report_is_one_line(share: float, folder: Path, tmp_path: Path) -> None:
    raw = (folder / "check.json").read_bytes()
    (tmp_path / "bad.json").write_bytes(raw[: int(len(raw) * share)])
    code, _, err = call(tmp_path, "report", "bad.json")
    assert code == 3
    assert "bad.json: is no policycheck-report/1 document: not one JSON text" in err


def _without_a_manifest(data: dict[str, Any]) -> None:
    data["results"].pop()


def _other_artefact(data: dict[str, Any]) -> None:
    data["results"][0]["inputs"][0]["sha256"] = "0" * 64


def _other_count(data: dict[str, Any]) -> None:
    data["results"][0]["counts"]["findings"]["gap"] = 0


def _other_day(data: dict[str, Any]) -> None:
    data["as_of"] = "2026-11-20"


def _other_option(data: dict[str, Any]) -> None:
    data["options"]["loosened_by"] = ["nothing"]


@pytest.mark.parametrize("change", [_without_a_manifest, _other_artefact, _other_count, _other_day, _other_option])
def test_a_report_that_does_not_fit_its_id_is_refused(change: Any, whole: dict[str, Any]) -> None:
    change(whole)
    with pytest.raises(InvalidInput, match="its report_id is not that of its content"):
        replay.read(json.dumps(whole).encode(), "r.json")


def _findings(data: dict[str, Any], *outcomes: str) -> list[dict[str, Any]]:
    return [f for record in data["results"] for f in record["findings"] if f["outcome"] in outcomes]


def _gaps_met(data: dict[str, Any]) -> None:
    for finding in _findings(data, "gap", "unknown"):
        finding |= {"outcome": "met", "assurance": "verified", "blocks": False}


def _gaps_left_out(data: dict[str, Any]) -> None:
    for record in data["results"]:
        record["findings"] = [f for f in record["findings"] if f["outcome"] != "gap"]


def _another_gap(data: dict[str, Any]) -> None:
    """As many gaps and met findings as before, of other rules."""
    gap = next(f for f in _findings(data, "gap") if f["expectations"] and f["assurance"] == "declared")
    met = next(f for f in _findings(data, "met") if f["expectations"] and f["assurance"] == "declared")
    gap["outcome"], met["outcome"], gap["blocks"], met["blocks"] = "met", "gap", met["blocks"], gap["blocks"]


def _milder(data: dict[str, Any]) -> None:
    next(f for f in _findings(data, "gap") if f["severity"] == "high")["severity"] = "low"


def _other_organization(data: dict[str, Any]) -> None:
    data["results"][0]["organization"]["id"] = "somebody-else"


def _other_subject(data: dict[str, Any]) -> None:
    next(f for f in _findings(data, "gap") if f["expectations"])["subject"]["id"] = "somewhere-else"


def _other_title(data: dict[str, Any]) -> None:
    _findings(data, "gap")[0]["title"] = "All is well"


def _nothing_to_close(data: dict[str, Any]) -> None:
    _findings(data, "gap")[0]["remediation"] = "Nothing has to be done."


def _milder_where_it_does_not_apply(data: dict[str, Any]) -> None:
    next(f for f in _findings(data, "not_applicable") if f["severity"] == "high")["severity"] = "low"


def _asked_by_another(data: dict[str, Any]) -> None:
    row = next(row for row in data["results"][0]["expectations"] if row["outcome"] == "gap")
    row["locator"] = "nowhere"


def _all_are_concerned(data: dict[str, Any]) -> None:
    data["results"][0]["scope"]["not_concerned"] = {}


def _nothing_blocks(data: dict[str, Any]) -> None:
    for finding in _findings(data, "gap", "unknown"):
        finding["blocks"] = False


def _rows_met(data: dict[str, Any]) -> None:
    for row in data["results"][0]["expectations"]:
        if row["outcome"] in ("gap", "unknown"):
            row |= {"outcome": "met", "gaps": 0}


def _fewer_subjects(data: dict[str, Any]) -> None:
    row = next(row for row in data["results"][0]["expectations"] if row["outcome"] == "gap")
    row["gaps"] += 1


def _covered(data: dict[str, Any]) -> None:
    data["results"][0]["coverage"][0]["evaluated"] += 1


def _less_applies(data: dict[str, Any]) -> None:
    data["results"][0]["scope"]["applicable"] -= 1


def _no_blocking_total(data: dict[str, Any]) -> None:
    data["totals"]["blocking"] = 0


def _no_gaps_in_total(data: dict[str, Any]) -> None:
    data["totals"]["findings"]["gap"] = 0


def _fewer_manifests(data: dict[str, Any]) -> None:
    data["totals"]["manifests"] = 1


def _weaker_code(data: dict[str, Any]) -> None:
    data["exit_code"] = 0


def _all_verified(data: dict[str, Any]) -> None:
    finding = next(f for f in _findings(data, "met") if f.get("verified_facts"))
    finding["verified_facts"] = [9, 9]


def _stands_elsewhere(data: dict[str, Any]) -> None:
    next(f for f in _findings(data, "gap") if f["assurance"] == "contradicted")["location"]["line"] += 1


def _artefact_agrees(data: dict[str, Any]) -> None:
    entries = [entry for record in data["results"] for entry in record["artefacts"]]
    next(entry for entry in entries if entry["verdict"] == "contradicts")["verdict"] = "agrees"


def _artefact_elsewhere(data: dict[str, Any]) -> None:
    data["results"][0]["artefacts"][0]["path"] = "elsewhere.conf"


def _called_otherwise(data: dict[str, Any]) -> None:
    data["results"][0]["organization"]["name"] = "Somebody Else"


def _surface_behind_a_login(data: dict[str, Any]) -> None:
    next(s for record in data["results"] for s in record["surfaces"] if s["auth"] == "none")["auth"] = "required"


@pytest.mark.parametrize("change", [_gaps_met, _gaps_left_out, _another_gap, _milder, _all_verified, _stands_elsewhere,
                                    _artefact_agrees, _artefact_elsewhere, _called_otherwise,
                                    _surface_behind_a_login])  # fmt: skip
def test_other_findings_have_another_id(change: Any, whole: dict[str, Any]) -> None:
    change(whole)
    with pytest.raises(InvalidInput, match="its report_id is not that of its content"):
        replay.read(json.dumps(whole).encode(), "r.json")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_gaps_met, "an expectation's outcome is not that of its findings"),
        (_gaps_left_out, "an expectation's outcome is not that of its findings"),
        (_other_organization, "a finding's id is not that of the organization, its rule and its subject"),
        (_other_subject, "a finding's id is not that of the organization, its rule and its subject"),
        (_other_title, "a finding does not say what its rule says"),
        (_nothing_to_close, "a finding does not say what its rule says"),
        (_milder_where_it_does_not_apply, "a finding does not say what its rule says"),
        (_asked_by_another, "an expectation is not the one that was asked"),
        (_all_are_concerned, "it says that other expectations do not concern"),
        (_nothing_blocks, "a finding blocks, or does not, against its own words"),
        (_other_count, "the counts are not those of the findings"),
        (_rows_met, "an expectation's outcome is not that of its findings"),
        (_fewer_subjects, "an expectation's outcome is not that of its findings"),
        (_covered, "the coverage is not that of the expectations"),
        (_less_applies, "it says that other expectations apply"),
        (_no_blocking_total, "the totals are not the sum of the counts"),
        (_no_gaps_in_total, "the totals are not the sum of the counts"),
        (_fewer_manifests, "the totals are not of these manifests"),
        (_weaker_code, "the exit code is too weak"),
    ],
)
def test_a_report_that_does_not_add_up_is_refused(change: Any, why: str, whole: dict[str, Any]) -> None:
    change(whole)
    whole["report_id"] = report.identity(report.header_of(whole), report.totals_of(whole))
    with pytest.raises(InvalidInput, match=why):
        replay.read(json.dumps(whole).encode(), "r.json")


def test_an_id_as_it_was_made_before_is_taken_and_holds_what_it_held(whole: dict[str, Any]) -> None:
    former = report.totals_of(whole)
    former.shares = [report.former_share_of(record) for record in whole["results"]]
    whole["report_id"] = report.identity(report.header_of(whole), former)
    assert replay.read(json.dumps(whole).encode(), "r.json")
    _milder(whole)
    with pytest.raises(InvalidInput, match="its report_id is not that of its content"):
        replay.read(json.dumps(whole).encode(), "r.json")


def test_a_stronger_exit_code_may_have_reasons_of_its_own(whole: dict[str, Any]) -> None:
    assert replay.read(json.dumps(whole | {"exit_code": 70}).encode(), "r.json")["exit_code"] == 70


@pytest.mark.parametrize("name", [name for name in EVERY if name != "xlsx"])
def test_what_the_published_shape_allows_is_rendered(name: str, whole: dict[str, Any], tmp_path: Path) -> None:
    for finding in whole["results"][0]["findings"]:
        finding.pop("remediation", None)
        finding["facts"] = [{**fact, "value": {"a": 1}} for fact in finding["facts"]]
    (tmp_path / "report.json").write_text(json.dumps(whole))
    code, _, err = call(tmp_path, "report", "report.json", "--output", f"{name}=made")
    assert code == 0, err


def test_a_key_that_is_there_twice_is_refused(folder: Path) -> None:
    raw = (folder / "check.json").read_bytes()
    with pytest.raises(InvalidInput, match="names a key twice"):
        replay.read(raw.replace(b'"exit_code":1', b'"exit_code":1,"exit_code":1'), "r.json")


@pytest.mark.parametrize("words", [["--exit-zero", "--allow-unknown"], ["--criteria", "CJS24", "--no-evidence"],
                                   ["--min-assurance", "verified", "--fail-on", "high"]])  # fmt: skip
def test_what_a_run_writes_adds_up(words: list[str], folder: Path) -> None:
    _, raw, _ = call(folder, "check", "harbour-social", "--root", ".", "--as-of", AS_OF, "--format", "json", *words)
    assert replay.read(raw, "r.json")["results"]


@pytest.mark.parametrize(
    ("path", "value"),
    [(("results", 0, "findings", 0, "severity"), "huge"), (("results", 0, "findings", 0, "location"), 7),
     (("totals", "blocking"), "many"), (("extra",), 1), (("results",), {})],
)  # fmt: skip
def test_a_wrong_shape_is_named_with_its_place(path: tuple[Any, ...], value: Any, whole: dict[str, Any]) -> None:
    at: Any = whole
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    with pytest.raises(InvalidInput) as caught:
        replay.read(json.dumps(whole).encode(), "r.json")
    assert str(caught.value).startswith("r.json: is no policycheck-report/1 document: ")
    assert str(path[-1]) in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_workbook_is_not_for_a_terminal(folder: Path) -> None:
    import pty

    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "policycheck", "report", "check.json", "--format", "xlsx"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, stdout=follower, stderr=subprocess.PIPE, env=environment, check=False)
    os.close(follower)
    os.close(leader)
    assert done.returncode == 2
    assert b"xlsx is not for a terminal; write it to a file with --output xlsx=FILE" in done.stderr


def test_the_lock_that_decided_is_among_what_was_read(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples" / "corner-shop", tmp_path / "shop")
    shop = tmp_path / "shop"
    words = ("check", ".", "--root", ".", "--as-of", AS_OF, "--format", "json")
    first = json.loads(call(shop, *words)[1])
    code, _, err = call(shop, "evidence", "lock", "--as-of", AS_OF)
    assert code == 0, err
    locked = json.loads(call(shop, *words)[1])
    assert locked["report_id"] != first["report_id"]
    paths = [[file["path"] for file in report["results"][0]["inputs"]] for report in (first, locked)]
    assert paths == [["policycheck.yaml"], ["policycheck.yaml", "policycheck.lock.yaml"]]
    without = json.loads(call(shop, *words, "--no-evidence")[1])
    assert [file["path"] for file in without["results"][0]["inputs"]] == ["policycheck.yaml"]


def test_paths_that_stand_for_two_files_are_said_and_neither_shown_nor_sealed(tmp_path: Path) -> None:
    for name in ("corner-shop", "tern-ai"):
        shutil.copytree(ROOT / "examples" / name, tmp_path / name)
    asked = ("check", ".", "--as-of", AS_OF, "--output", "json=report.json", "-q")
    _, _, err = call(tmp_path, *asked)
    assert "policycheck.yaml is several manifests with different roots" in err
    for words in (("--bundle", "sealed"), ("--root", "corner-shop", "--format", "text")):
        code, out, err = call(tmp_path, "report", "report.json", *words)
        assert (code, out) == (2, b"")
        assert "policycheck.yaml is two files in this report" in err
    assert not (tmp_path / "sealed").exists()
    assert call(tmp_path, *asked, "--root", ".")[2] == ""
    assert call(tmp_path, "report", "report.json", "--bundle", "sealed", "--format", "csv", "-q")[0] == 0
