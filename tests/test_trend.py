"""`policycheck trend` and `--previous`: reports of several dates in a row."""

from __future__ import annotations

import copy
import json
import re
import shutil
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from policycheck import replay, trend
from policycheck.cli import _trend
from policycheck.errors import INCOMPLETE, INVALID, USAGE, UsageError
from policycheck.formats import _changes
from policycheck.formats._html import charts
from policycheck.formats._html import trend as html
from policycheck.judge import finding_id
from policycheck.model import Subject
from policycheck.replay import read
from policycheck.report import header_of, identity, totals_of
from policycheck.trend import CAME, WENT, WORDS
from tests import command_line

ROOT = Path(__file__).parent.parent
SHOP = ROOT / "examples" / "corner-shop"
DAYS = ("2026-03-15", "2026-05-20", "2026-07-10", "2026-09-05", "2026-11-21")
DUE = "due_on: 2026-07-31\n    owner: web team\n    "
ATTACK = "<script>alert(1)</script>\x1b[31m\x9b\u202e{{ 70007 * 70007 }}"
Rich = dict[str, Any]


def call(folder: Path, *words: str, stdin: bytes = b"") -> tuple[int, str, str]:
    return command_line.run(folder, *words, stdin=stdin)


def check(shop: Path, day: str, target: Path, *words: str) -> Rich:
    """The shop judged on a day, as JSON."""
    target.parent.mkdir(parents=True, exist_ok=True)
    given = ("check", str(shop), "--as-of", day, "--exit-zero", "--quiet", "--isolated", "--output", f"json={target}")
    code, _, err = call(shop, *given, *words)
    assert code == 0, err
    found: Rich = read(target.read_bytes(), str(target))
    return found


def changed(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop over five dates: something closes, re-opens, is accepted for a time, is overdue; a pack comes and changes."""
    made = tmp_path_factory.mktemp("series")
    shop, manifest, known = made / "shop", made / "shop" / "policycheck.yaml", made / "shop" / "known.yaml"
    shutil.copytree(SHOP, shop)
    (shop / ".git").mkdir()
    pack = made / "ours"
    shutil.copytree(ROOT / "tests" / "corpus" / "ours", pack)
    with_baseline = ("--baseline", str(known))
    changed(manifest, "last_reviewed_on: 2025-06-02", "last_reviewed_on: 2025-12-02")
    check(shop, DAYS[0], made / "audits" / "1" / "report.json")
    assert call(shop, "baseline", "write", str(shop), "--as-of", DAYS[0], "--file", str(known))[0] == 0
    changed(known, "rule: technical-and-procedural", f"{DUE}rule: technical-and-procedural")
    changed(manifest, "necessary_for: }", "necessary_for: local deliveries}")
    second = check(shop, DAYS[1], made / "audits" / "2" / "report.json", *with_baseline)
    accept(shop, second, "human-challenge")
    check(shop, DAYS[2], made / "audits" / "3" / "report.json", *with_baseline)
    changed(manifest, "necessary_for: local deliveries}", "necessary_for: }")
    check(shop, DAYS[3], made / "audits" / "4" / "report.json", *with_baseline, "--rules", str(pack))
    changed(pack / "owners" / "owned.yaml", "severity: low", "severity: medium")
    shutil.copy(pack / "owners" / "owned.yaml", pack / "owners" / "owned-again.yaml")
    check(shop, DAYS[4], made / "audits" / "5" / "report.json", *with_baseline, "--rules", str(pack))
    return made


def accept(shop: Path, report: Rich, rule: str) -> None:
    key = next(f["id"] for f in report["results"][0]["findings"] if f["rule"] == rule and f["outcome"] == "gap")
    words = ("--reason", "its cost is measured", "--approver", "owner", "--ticket", "T-1", "--as-of", DAYS[2])
    more = ("--id", "later", "--expires-on", "2026-08-31", "--compensating-control", "edge-limit")
    code, _, err = call(shop, "except", key, "policycheck.yaml", *words, *more)
    assert code == 0, err


@pytest.fixture(scope="module")
def reports(folder: Path) -> list[Rich]:
    return [json.loads(path.read_bytes()) for path in sorted(folder.glob("audits/*/report.json"))]


@pytest.fixture(scope="module")
def shop(reports: list[Rich]) -> Rich:
    found: Rich = trend.trend(reports)["organizations"][0]
    return found


def words_of(step: Rich, rule: str) -> list[str]:
    return [word for change in step["changes"] if change["rule"] == rule for word in change["words"]]


def cause(step: Rich, rule: str, word: str) -> str:
    found: str = next(c["causes"][word] for c in step["changes"] if c["rule"] == rule and word in c["words"])
    return found


def signed(report: Rich) -> Rich:
    """A report that was changed by hand, with the id of what it now holds."""
    report["report_id"] = identity(header_of(report), totals_of(report))
    return report


def edited(report: Rich, day: str, change: Any = None) -> Rich:
    """The same report as if of another day, with its only result changed."""
    made = copy.deepcopy(report)
    made["as_of"] = day
    if change is not None:
        change(made)
        named(made)
    return signed(made)


def named(report: Rich) -> None:
    """Give the findings of rules the ids that their organization, rule and subject make."""
    result = report["results"][0]
    for finding in result["findings"]:
        if finding["expectations"]:
            subject = Subject(finding["subject"]["kind"], finding["subject"]["id"], "")
            finding["id"] = finding_id(result["organization"]["id"], finding["rule"], subject)


def first(report: Rich, outcome: str = "gap", **wanted: Any) -> Rich:
    """A finding with an expectation, to be changed in place."""
    found: Rich = next(
        f for f in report["results"][0]["findings"]
        if f["outcome"] == outcome and f["expectations"] and all(f[k] == v for k, v in wanted.items())
    )  # fmt: skip
    return found


# --- from each report to the next -----------------------------------------------------------------------------


def test_what_came_and_went_adds_up_to_what_is_open(shop: Rich) -> None:
    for before, step, now in zip(shop["points"][:-1], shop["steps"], shop["points"][1:], strict=True):
        came, went = (sum(step["counts"][word] for word in some) for some in (CAME, WENT))
        assert before["open"] + came - went == now["open"]
        assert step["counts"]["still_open"] == before["open"] - went


def test_the_numbers_are_those_of_the_reports(shop: Rich, reports: list[Rich]) -> None:
    for point, report in zip(shop["points"], reports, strict=True):
        counts = report["results"][0]["counts"]
        for outcome in ("gap", "unknown"):
            assert point[outcome] == counts["findings"][outcome] + counts["integrity"][outcome]
        assert (point["accepted"], point["blocking"]) == (counts["accepted"], counts["blocking"])
        assert point["open"] == point["gap"] + point["unknown"] + point["accepted"]
        assert sum(point["met_by"].values()) == counts["findings"]["met"] + counts["integrity"]["met"]
        assert point["assurance"]["verified"] == counts["verified"]
        assert point["outcomes"]["findings"] == counts["findings"]


def test_what_was_answered_and_asked_again_is_reopened(shop: Rich) -> None:
    steps = [words_of(step, "public-field-needed") for step in shop["steps"]]
    assert steps == [["closed"], [], ["reopened"], []]
    assert cause(shop["steps"][0], "public-field-needed", "closed") == "organization"
    assert cause(shop["steps"][2], "public-field-needed", "reopened") == "organization"


def test_an_exception_begins_by_the_organisation_and_ends_by_the_date(shop: Rich) -> None:
    assert [p["accepted"] for p in shop["points"]] == [0, 0, 1, 0, 0]
    assert cause(shop["steps"][1], "human-challenge", "newly_accepted") == "organization"
    assert cause(shop["steps"][2], "human-challenge", "acceptance_ended") == "date"


def test_overdue_is_what_is_past_its_day_and_not_accepted(shop: Rich) -> None:
    assert [p["overdue"] for p in shop["points"]] == [0, 0, 0, 2, 2]
    late = [(f["due"], f["by"], f["rule"]) for f in shop["overdue"]]
    assert late == [("2026-07-31", "due date", "technical-and-procedural"), ("2026-08-31", "exception", "human-challenge")]
    assert all(p["undated"] == p["open"] - p["accepted"] - 2 for p in shop["points"][3:])


def test_rules_of_a_pack_that_came_are_not_the_organisations(shop: Rich) -> None:
    step = shop["steps"][2]
    assert (words_of(step, "owned"), cause(step, "owned", "new_rule")) == (["new_rule"], "criteria")
    assert step["criteria"]["rules"] == {"new": ["owned"], "gone": [], "changed": []}
    assert [(p["id"], p["was"]) for p in step["criteria"]["packs"]] == [("ours", None)]
    assert (step["same_measure"], shop["steps"][0]["same_measure"]) == (False, True)


def test_a_severity_that_the_pack_raised_is_the_packs(shop: Rich) -> None:
    step = shop["steps"][3]
    assert (words_of(step, "owned"), cause(step, "owned", "worse")) == (["worse"], "criteria")
    assert step["criteria"]["rules"] == {"new": ["owned-again"], "gone": [], "changed": ["owned"]}


def test_what_a_changed_pack_did_or_the_organisation_is_not_guessed(shop: Rich) -> None:
    causes = shop["steps"][3]["causes"]
    assert causes["organization"] == {}
    assert causes["unsaid"]["closed"] == shop["steps"][3]["counts"]["closed"] > 0


def test_the_causes_share_out_every_change(shop: Rich) -> None:
    for step in shop["steps"]:
        for word in WORDS:
            assert sum(found.get(word, 0) for found in step["causes"].values()) == step["counts"][word]


def test_where_no_file_changed_it_was_the_date(tmp_path: Path, folder: Path) -> None:
    shutil.copytree(SHOP, tmp_path / "shop")
    (tmp_path / "shop" / ".git").mkdir()
    some = [check(tmp_path / "shop", day, tmp_path / f"{day}.json") for day in ("2026-05-31", "2026-06-30")]
    step = trend.trend(some)["organizations"][0]["steps"][0]
    assert step["same_files"]
    assert cause(step, "control-reviewed-in-time", "opened") == "date"
    assert [name for name, found in step["causes"].items() if found] == ["date"]


def test_turned_around_the_order_of_the_reports_does_not_matter(reports: list[Rich]) -> None:
    assert trend.trend(reports[::-1]) == trend.trend(reports)
    assert trend.trend([*reports, copy.deepcopy(reports[2])]) == trend.trend(reports)


# --- closed is only what was judged ------------------------------------------------------------------------------


def drop(report: Rich, finding: Rich) -> None:
    report["results"][0]["findings"].remove(finding)


def test_what_is_no_longer_found_is_not_closed(reports: list[Rich]) -> None:
    gap = first(reports[0])
    later = edited(reports[0], "2026-04-01", lambda r: drop(r, first(r)))
    again = edited(reports[0], "2026-04-02")
    steps = trend.trend([reports[0], later, again])["organizations"][0]["steps"]
    assert [words_of(step, gap["rule"]) for step in steps] == [["gone"], ["back"]]
    assert [step["counts"]["closed"] + step["counts"]["reopened"] for step in steps] == [0, 0]


def test_what_a_run_did_not_finish_is_not_judged(reports: list[Rich]) -> None:
    def fail(report: Rich) -> None:
        drop(report, first(report))
        report["results"][0]["failures"] = [{"what": "rule x", "why": "budget"}]

    found = trend.trend([reports[0], edited(reports[0], "2026-04-01", fail)])["organizations"][0]
    assert (found["steps"][0]["counts"]["not_judged"], found["steps"][0]["counts"]["gone"]) == (1, 0)
    assert [p["whole"] for p in found["points"]] == [True, False]
    assert found["steps"][0]["notes"] == ["the later report is not whole for it: rule x did not come to an end"]


def test_what_an_artefact_showed_is_not_closed_by_looking_away(reports: list[Rich]) -> None:
    def deny(report: Rich) -> None:
        first(report, severity="medium")["assurance"] = "contradicted"

    def look_away(report: Rich) -> None:
        first(report, severity="medium").update(outcome="met")
        report["options"]["evidence"] = False

    denied = edited(reports[0], "2026-04-01", deny)
    some = [denied, edited(reports[0], "2026-04-02", look_away), edited(denied, "2026-04-03")]
    steps = trend.trend(some)["organizations"][0]["steps"]
    rule = first(denied, severity="medium")["rule"]
    assert [words_of(step, rule) for step in steps] == [["not_judged"], ["back"]]
    assert steps[0]["causes"]["unsaid"]["not_judged"] == 1


def test_rules_that_the_criteria_lost_close_nothing(reports: list[Rich]) -> None:
    step = trend.trend([reports[4], edited(reports[2], "2026-12-01")])["organizations"][0]["steps"][0]
    assert words_of(step, "owned") == ["rule_gone"]
    assert cause(step, "owned", "rule_gone") == "criteria"


def test_what_closed_says_what_it_rests_on(shop: Rich) -> None:
    for step in shop["steps"]:
        assert sum(step["closed_by"].values()) == step["counts"]["closed"]
    assert shop["steps"][0]["closed_by"] == {"declared": 3}


def test_an_unknown_that_was_a_gap_is_still_open(reports: list[Rich]) -> None:
    later = edited(reports[0], "2026-04-01", lambda r: first(r).update(outcome="unknown"))
    step = trend.trend([reports[0], later])["organizations"][0]["steps"][0]
    assert (step["counts"]["better"], step["counts"]["closed"]) == (1, 0)
    assert step["counts"]["still_open"] == 20


def test_a_subject_that_was_taken_out_went_by_the_organisation_even_if_the_pack_changed(reports: list[Rich]) -> None:
    def take_out(report: Rich) -> None:
        findings = report["results"][0]["findings"]
        subject = first(report)["subject"]
        report["results"][0]["findings"] = [f for f in findings if f["subject"]["id"] != subject["id"]]
        report["criteria"]["packs"][0]["digest"] = "sha256:" + "0" * 64

    gap = first(reports[0])
    step = trend.trend([reports[0], edited(reports[0], "2026-04-01", take_out)])["organizations"][0]["steps"][0]
    change = next(c for c in step["changes"] if c["id"] == gap["id"])
    assert (change["words"], change["causes"], change["why"]) == (["gone"], {"gone": "organization"}, "subject")


def test_values_that_were_left_out_are_not_taken_for_the_same(reports: list[Rich], shop: Rich) -> None:
    kept = shop["steps"][0]["causes"]
    assert kept["organization"]
    assert kept["date"]
    for hidden in ([0], [1], [0, 1]):
        some = [replay.redacted(report) if n in hidden else report for n, report in enumerate(reports[:2])]
        step = trend.trend(some)["organizations"][0]["steps"][0]
        assert step["counts"] == shop["steps"][0]["counts"]
        assert step["causes"]["date"] == {}
        assert step["causes"]["unsaid"]["closed"] >= kept["date"]["closed"]


# --- what is not put in a row ---------------------------------------------------------------------------------------


def test_two_reports_of_one_day_are_refused(reports: list[Rich]) -> None:
    other = edited(reports[1], DAYS[0])
    with pytest.raises(UsageError, match=rf"two reports judge corner-shop as of {DAYS[0]} .* give one of them") as said:
        trend.trend([reports[0], other])
    assert "\n" not in str(said.value)


def renamed(report: Rich, name: str, day: str) -> Rich:
    return edited(report, day, lambda r: r["results"][0]["organization"].update(id=name))


def test_strangers_and_a_single_report_are_refused(reports: list[Rich]) -> None:
    with pytest.raises(UsageError, match=r"different organisations \(bank, corner-shop\), so there is nothing to compare"):
        trend.trend([reports[0], renamed(reports[1], "bank", DAYS[1])])
    with pytest.raises(UsageError, match="needs two reports or more"):
        trend.trend([reports[0], reports[0]])


def test_each_organisation_has_its_section_and_what_does_not_judge_it_is_named(reports: list[Rich]) -> None:
    bank = [renamed(reports[0], "bank", day) for day in ("2026-03-01", "2026-12-01")]
    alone = renamed(reports[0], "alone", "2026-01-01")
    found = trend.trend([*reports[:2], *bank, alone])
    assert [one["id"] for one in found["organizations"]] == ["bank", "corner-shop"]
    assert found["in_one_report"] == [{"id": "alone", "as_of": "2026-01-01"}]
    assert [n["as_of"] for n in found["organizations"][0]["not_in"]] == list(DAYS[:2])


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "policycheck-report/2"}', "policycheck: 1"])
def test_a_file_that_is_no_report_is_exit_3(text: str, tmp_path: Path, folder: Path) -> None:
    (tmp_path / "x.json").write_text(text)
    code, out, err = call(folder, "trend", "audits/1", str(tmp_path / "x.json"))
    assert (code, out, err.count("\n")) == (INVALID, "", 1)
    assert "is no policycheck-report/1 document" in err


def test_a_report_that_was_touched_up_is_refused(tmp_path: Path, reports: list[Rich], folder: Path) -> None:
    better = copy.deepcopy(reports[0])
    better["results"][0]["counts"]["findings"]["gap"] = 0
    (tmp_path / "x.json").write_text(json.dumps(better))
    code, _, err = call(folder, "trend", "audits/2", str(tmp_path / "x.json"))
    assert (code, err.count("\n")) == (INVALID, 1)
    assert "changed after it was written" in err


def test_folders_stand_for_the_reports_in_them_and_no_link_is_followed(
    tmp_path: Path, folder: Path, reports: list[Rich]
) -> None:
    shutil.copytree(folder / "audits", tmp_path / "audits")
    for name in ("linked", "elsewhere"):
        (tmp_path / name).mkdir()
        made = edited(reports[0], {"linked": "2027-01-01", "elsewhere": "2027-02-01"}[name])
        (tmp_path / name / "report.json").write_text(json.dumps(made))
    (tmp_path / "audits" / "9").symlink_to(tmp_path / "linked")
    (tmp_path / "audits" / "report.json").symlink_to(tmp_path / "elsewhere" / "report.json")
    (tmp_path / "audits" / "5" / "deeper").mkdir()
    (tmp_path / "audits" / "5" / "deeper" / "report.json").write_text("{}")
    code, out, err = call(tmp_path, "trend", "audits", "--format", "json")
    assert (code, err) == (0, "")
    assert [r["as_of"] for r in json.loads(out)["reports"]] == list(DAYS)
    files = [str(path) for path in sorted(folder.glob("audits/*/report.json"), reverse=True)]
    assert call(tmp_path, "trend", *files, "audits/1", "--format", "json")[1] == out


def test_a_folder_without_reports_is_an_error(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "none" / "a" / "b").mkdir(parents=True)
    (tmp_path / "none" / "a" / "b" / "report.json").write_text("{}")
    code, out, err = call(tmp_path, "trend", "none", str(folder / "audits"))
    assert (code, out) == (USAGE, "")
    assert err.startswith("policycheck: none holds no report.json")
    assert call(tmp_path, "trend")[0] == USAGE
    assert call(tmp_path, "trend", "gone.json", "gone.json")[0] == USAGE


# --- the forms ----------------------------------------------------------------------------------------------------


def test_the_table_fits_and_says_the_numbers(folder: Path) -> None:
    code, out, err = call(folder, "trend", "audits")
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    rows = {line[:20].strip(): line[20:].split() for line in out.splitlines()}
    assert rows["as of"] == list(DAYS)
    assert rows["overdue"] == ["0", "0", "0", "2", "2"]
    assert rows["re-opened"] == ["-", "0", "0", "1", "0"]
    assert rows["of new rules"] == ["-", "0", "0", "1", "1"]
    assert "  due 2026-07-31: high technical-and-procedural on surface reviews" in out.splitlines()
    assert "  rules: 1 new (owned-again), 1 changed (owned)" in out.splitlines()
    assert re.search(r"2026-11-21: by the criteria: .*; cannot be told:", " ".join(out.split()))


def test_many_reports_are_shown_in_several_tables(reports: list[Rich], folder: Path, tmp_path: Path) -> None:
    for month in range(1, 13):
        (tmp_path / str(month)).mkdir()
        made = edited(reports[0], f"2027-{month:02}-01")
        (tmp_path / str(month) / "report.json").write_text(json.dumps(made))
    code, out, _ = call(folder, "trend", str(tmp_path))
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    heads = [line.split()[2:] for line in out.splitlines() if line.startswith("as of")]
    assert [len(head) for head in heads] == [5, 5, 2]


def test_the_same_reports_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    for form in ("table", "json", "html"):
        targets = [tmp_path / f"{form}{n}" for n in (1, 2)]
        for target in targets:
            assert call(folder, "trend", "audits", "--format", form, "--output", str(target)) == (0, "", "")
        assert targets[0].read_bytes() == targets[1].read_bytes()
        assert str(folder).encode() not in targets[0].read_bytes()


def test_a_report_that_is_read_is_not_overwritten(folder: Path) -> None:
    path = folder / "audits" / "1" / "report.json"
    before = path.read_bytes()
    assert call(folder, "trend", "audits", "--format", "html", "--output", str(path))[0] == USAGE
    assert path.read_bytes() == before


class Page(HTMLParser):
    """The elements of a page, and its text without the style."""

    def __init__(self, source: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(source.decode("utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.open.append(tag)
        self.text += " " * (tag in {"td", "th", "li", "p", "text", "b"})

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text += data if self.open[-1:] != ["style"] else ""


def test_the_page_draws_nothing_that_its_tables_do_not_say(reports: list[Rich]) -> None:
    record = trend.trend(reports)
    found = Page(html.page(record))
    svgs = [attrs for tag, attrs in found.elements if tag == "svg" and attrs.get("role") == "img"]
    assert len(svgs) == 3
    assert all(attrs["aria-label"] for attrs in svgs)
    captions = found.text
    for caption in ("Open findings at each report", "Findings that came, stayed and went", "Assurance at each report"):
        assert caption in captions
    words = " ".join(found.text.split())
    assert "2026-07-31 due technical-and-procedural" in words
    for point in record["organizations"][0]["points"]:
        assert f"{point['as_of']} {point['open']} {point['gap']} {point['unknown']} {point['accepted']}" in words


def test_the_page_loads_runs_and_links_to_nothing_outside(reports: list[Rich]) -> None:
    source = html.page(trend.trend(reports))
    found = Page(source)
    assert not {tag for tag, _ in found.elements} & {"script", "img", "iframe", "object", "form"}
    ids = [str(attrs["id"]) for _, attrs in found.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = [str(attrs["href"]) for _, attrs in found.elements if "href" in attrs]
    assert {link[1:] for link in links} <= set(ids)
    assert all(link.startswith("#") for link in links)
    assert b" style=" not in source


def test_text_of_others_is_harmless_in_every_form(reports: list[Rich], folder: Path, tmp_path: Path) -> None:
    def attack(report: Rich) -> None:
        result = report["results"][0]
        result["organization"]["name"] = ATTACK
        for number, finding in enumerate(result["findings"]):
            finding["subject"]["id"] = f"{ATTACK} {number}"
            finding["title"] = report["rules"][finding["rule"]]["title"] = ATTACK
        result["failures"] = [{"what": ATTACK, "why": ATTACK}]
        report["exit_code"] = INCOMPLETE

    for number, report in enumerate(reports[2:4]):
        (tmp_path / f"{number}.json").write_text(json.dumps(edited(report, report["as_of"], attack)))
    for form in ("table", "html", "json"):
        code, out, err = call(folder, "trend", str(tmp_path / "0.json"), str(tmp_path / "1.json"), "--format", form)
        assert code == 0, err
        assert not re.search("[\x1b\x9b\u202e]", out)
        assert "<script>alert" not in out or form != "html"
    assert "4900980049" not in Page(html.page(trend.trend(json.loads(p.read_bytes()) for p in tmp_path.glob("*.json")))).text


def test_help_teaches_by_example(folder: Path) -> None:
    code, out, _ = call(folder, "trend", "--help")
    assert code == 0
    assert out.count("policycheck trend ") >= 4
    assert max(map(len, out.splitlines())) <= 100


# --- the drawings -------------------------------------------------------------------------------------------------


def point(day: str, gap: int = 1, overdue: int = 0) -> Rich:
    return {"as_of": day, "gap": gap, "unknown": 0, "accepted": 0, "overdue": overdue}


def test_columns_stand_to_the_scale_of_time_unless_they_crowd() -> None:
    timely = charts.standing([point("2026-01-01"), point("2026-02-01"), point("2026-12-31")], [False, False])
    assert not timely.is_even
    first, second, third = (part.x for part in timely.parts)
    assert third - second > 5 * (second - first)
    crowded = charts.standing([point("2026-01-01"), point("2026-01-02"), point("2026-12-31")], [False, False])
    assert crowded.is_even
    first, second, third = (part.x for part in crowded.parts)
    assert third - second == pytest.approx(second - first)


@pytest.mark.parametrize("count", [2, 3, 12, 30, 80])
@pytest.mark.parametrize("most", [0, 1, 7, 320, 12_345])
def test_everything_drawn_is_inside_and_in_proportion(count: int, most: int) -> None:
    days = [f"{2020 + n // 12}-{1 + n % 12:02}-01" for n in range(count)]
    chart = charts.standing(
        [point(day, most if n % 2 else 0, min(most, 1)) for n, day in enumerate(days)], [True] * (count - 1)
    )
    for part in chart.parts:
        assert part.x >= 0
        assert part.x + part.width <= chart.width
        assert 0 < part.y <= part.y + part.height <= chart.height
    assert len({round(part.height, 6) for part in chart.parts}) <= 1
    assert all(0 < line.y < chart.height for line in chart.lines)
    assert len(chart.lines) <= 7
    assert len(chart.breaks) == count - 1
    xs = [label.x for label in chart.dates]
    assert all(b - a >= 70 for a, b in pairwise(xs))
    assert chart.dates[-1].text == days[-1]


# --- --previous ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_the_first_page_says_what_changed_since_the_named_report(form: str, folder: Path, reports: list[Rich]) -> None:
    words = ("report", "audits/4/report.json", "--previous", "audits/3/report.json", "--format", form)
    code, out, _ = call(folder, *words)
    told = " ".join((Page(out.encode()).text if form == "html" else out).replace("\\", "").split())
    assert code == 0
    assert f"Since {DAYS[2]} (report {reports[2]['report_id']}): " in told
    assert "3 opened, 1 of new rules, 3 closed, 3 gone, 1 acceptance ended" in told
    assert "Not measured alike: pack ours was not there, is 1.0.0" in told
    assert told.index("Since 2026-07-10") < 3000


def test_without_previous_nothing_is_said_of_it(folder: Path) -> None:
    for form in ("text", "markdown", "html"):
        _, out, _ = call(folder, "report", "audits/4/report.json", "--format", form)
        assert "Since 2026" not in out
        assert "What changed" not in out


def test_the_json_report_is_not_changed_by_it(folder: Path, tmp_path: Path) -> None:
    words = ("check", str(SHOP), "--as-of", DAYS[4], "--exit-zero", "--output", f"json={tmp_path}/a.json")
    assert call(SHOP, *words)[0] == 0
    previous = ("--previous", str(folder / "audits" / "3" / "report.json"))
    code, _, err = call(SHOP, *words[:-1], f"json={tmp_path}/b.json", "--output", f"markdown={tmp_path}/b.md", *previous)
    assert code == 0, err
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert "Since 2026-07-10" in (tmp_path / "b.md").read_text("utf-8")


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_check_says_the_same_as_report(form: str, folder: Path, tmp_path: Path) -> None:
    previous = ("--previous", str(folder / "audits" / "3" / "report.json"))
    words = ("check", str(SHOP), "--root", str(SHOP), "--as-of", DAYS[4], "--exit-zero")
    assert call(SHOP, *words, "--output", f"json={tmp_path}/a.json", "--output", f"{form}={tmp_path}/a", *previous)[0] == 0
    outputs = ("--root", str(SHOP), "--output", f"{form}={tmp_path}/b")
    assert call(SHOP, "report", f"{tmp_path}/a.json", *outputs, *previous)[0] == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_an_organisation_that_the_previous_report_lacks_is_said_to_be(
    folder: Path, reports: list[Rich], tmp_path: Path
) -> None:
    (tmp_path / "bank.json").write_text(json.dumps(renamed(reports[0], "bank", DAYS[0])))
    for form in ("text", "markdown", "html"):
        words = ("report", "audits/4/report.json", "--previous", str(tmp_path / "bank.json"), "--format", form)
        code, out, _ = call(folder, *words)
        assert code == 0
        assert "does not judge this organisation: what changed cannot be told" in " ".join(out.split())


def test_what_makes_no_sense_as_the_previous_report_is_one_line(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    cases = [
        (("--previous", "audits/5/report.json"), USAGE, "as of 2026-11-21, after this report"),
        (("--previous", "audits/3/report.json", "--format", "sarif"), USAGE, "shows in html, markdown, pdf, text"),
        (("--previous", str(tmp_path / "x.json")), INVALID, "is no policycheck-report/1 document"),
        (("--previous", "gone.json"), USAGE, "gone.json cannot be read"),
        (("--previous", "audits/3/report.json", "--output", "audits/3/report.json"), USAGE, "would replace"),
        (("--previous", "audits/3/report.json", "--bundle", "b"), USAGE, "--previous is not for a bundle"),
    ]
    for words, wanted, said in cases:
        code, out, err = call(folder, "report", "audits/4/report.json", *words)
        assert (code, out, err.count("\n")) == (wanted, "", 1), err
        assert said in err


def test_words_are_explained_and_ordered_alike() -> None:
    assert set(_changes.WORDS) == {*WORDS, "still_open"}
    assert set(_changes.MEANINGS) == {*_changes.WORDS, "overdue"}
    page = (ROOT / "docs" / "trend.md").read_text("utf-8")
    assert all(f"| {word} |" in page or f"**{word}**" in page for word in _changes.WORDS.values())


def test_what_opened_for_information_is_counted_where_it_is_not_listed(reports: list[Rich]) -> None:
    found = trend.trend(reports)
    last = found["organizations"][0]["steps"][-1]
    listed = _changes.grave(last["changes"])
    _changes.side(listed[0])["severity"] = "info"
    page = "\n".join(_trend.table(found, {}))
    assert f"New, back or worse as of {last['to']['as_of']} ({len(listed) - 1})" in page
    assert "\n  and 1 for information; --format json has all\n" in page
