"""What a manifest leaves open becomes questions to the people who can answer, the weightiest first."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from policycheck import packs, report, run
from policycheck.assess import assess
from policycheck.cli.questions import command
from policycheck.errors import INCOMPLETE
from policycheck.language.types import Types
from policycheck.manifests import v1
from policycheck.manifests.explain import schema
from policycheck.model import Options
from policycheck.questions import NOBODY_NAMED, Question, allowed, ask, by_subject, steps, type_at

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
OPTIONS = Options(as_of="2026-11-21")
TYPES = Types(json.loads((ROOT / "schemas" / "manifest-v1.json").read_text("utf-8")))


def read(folder: Path) -> tuple[dict[str, Any], Any]:
    """A manifest's record and its document."""
    manifest, problems = run.read(folder / "policycheck.yaml", "policycheck.yaml", folder, OPTIONS.as_of)
    assert manifest is not None, problems
    criteria = packs.load((), schema(v1.SCHEMA))
    return report.record(assess(manifest, criteria, OPTIONS), criteria, OPTIONS), manifest.place


def asked(folder: Path) -> dict[str, list[Question]]:
    record, place = read(folder)
    return ask(record, place, TYPES)


def call(*arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, output, and what is said beside it."""
    done = CliRunner().invoke(command, ["--as-of", OPTIONS.as_of, *map(str, arguments)], standalone_mode=False)
    assert done.exception is None, done.exception
    return done.return_value, done.stdout, done.stderr


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The small example in a folder that can be written to."""
    (tmp_path / ".git").mkdir()
    text = (EXAMPLES / "corner-shop" / "policycheck.yaml").read_text("utf-8")
    (tmp_path / "policycheck.yaml").write_text(text, "utf-8")
    return tmp_path


# --- the questions -------------------------------------------------------------------------------------------


def test_each_blank_that_something_waits_for_is_asked_once() -> None:
    record, place = read(EXAMPLES / "harbour-social")
    questions = [q for group in ask(record, place, TYPES).values() for q in group]
    unknown = [f for f in record["findings"] if f["outcome"] == "unknown" and f["expectations"]]
    assert len({q.route for q in questions}) == len(questions)
    assert {q.route for q in questions} == {route for f in unknown for route in f.get("missing", ())}
    for question in questions:
        waiting = [f for f in unknown if question.route in f.get("missing", ())]
        assert set(question.expectations) == {name for f in waiting for name in f["expectations"]}
        assert question.findings == len(waiting)


def test_the_weightiest_come_first_in_each_group() -> None:
    groups = asked(EXAMPLES / "harbour-social")
    for questions in groups.values():
        counts = [len(q.expectations) for q in questions]
        assert counts == sorted(counts, reverse=True)
    unlocked = [len({name for q in questions for name in q.expectations}) for questions in groups.values()]
    assert unlocked == sorted(unlocked, reverse=True)
    assert len(groups) > 2


def test_the_innermost_owner_is_asked_and_else_the_organisation() -> None:
    groups = asked(EXAMPLES / "corner-shop")
    assert {owner: [q.route for q in questions] for owner, questions in groups.items()} == {
        "owner": ["breach_notification[GB].names_scraping"],
        NOBODY_NAMED: ["surfaces[reviews].fields[town].necessary_for"],
    }


def test_a_question_stands_where_the_answer_is_to_be_written() -> None:
    for question in [q for group in asked(EXAMPLES / "corner-shop").values() for q in group]:
        text = (EXAMPLES / "corner-shop" / question.path).read_text("utf-8").splitlines()
        assert f"{question.route.rpartition('.')[2]}: " in text[question.line - 1]
    for question in [q for group in asked(EXAMPLES / "harbour-social").values() for q in group]:
        text = (EXAMPLES / "harbour-social" / question.path).read_text("utf-8").splitlines()
        assert text[question.line - 1].strip(), question.route


def test_the_schema_words_the_question() -> None:
    (question,) = asked(EXAMPLES / "corner-shop")[NOBODY_NAMED]
    assert question.title == "Necessary for"
    assert "publish no more" in question.description
    titles = {q.route: q.title for q in asked(EXAMPLES / "harbour-social")["privacy"]}
    assert titles["third_party_access[loneliness-study].lawful_basis.CO"] == "Lawful basis (CO)"


@pytest.mark.parametrize(
    ("route", "said"),
    [
        ("controls[edge].last_reviewed_on", "a date"),
        ("breach_notification[GB].names_scraping", "true or false"),
        ("controls[edge].status", "deployed, "),
        ("surfaces[reviews].risk_scenarios", "`[]` declares that there are none"),
        ("organization.jurisdictions", "a list, at least one; write an ISO 3166 code such as GB"),
        ("incidents[i].records", "a whole number"),
        ("third_party_access[a].consent.CA-QC", "a mapping of mechanism"),
    ],
)
def test_what_may_be_written_is_said(route: str, said: str) -> None:
    found = type_at(TYPES, route)
    assert found is not None
    assert said in allowed(found, TYPES)


def test_a_route_falls_into_its_steps_whatever_its_names_hold() -> None:
    assert steps("a[b.c].d[2026-01-01].e.CA-QC") == ["a", "[b.c", "d", "[2026-01-01", "e", "CA-QC"]
    assert type_at(TYPES, "controls[a.b].params.limit") is type_at(TYPES, "controls[edge].params.limit")
    assert type_at(TYPES, "controls[edge].nothing") is None


def test_the_report_groups_what_is_silent_by_its_holder() -> None:
    record, _ = read(EXAMPLES / "corner-shop")
    groups = by_subject(f for f in record["findings"] if f["outcome"] == "unknown")
    assert [(holder, fields, count) for holder, fields, count, _ in groups] == [
        ("breach_notification[GB]", ["names_scraping"], 1),
        ("surfaces[reviews].fields[town]", ["necessary_for"], 1),
    ]


# --- the questionnaire ---------------------------------------------------------------------------------------


def test_the_questionnaire_numbers_its_questions_by_owner(shop: Path) -> None:
    code, out, err = call(shop)
    assert (code, err) == (0, "")
    assert re.findall(r"^## (.*)$", out, re.MULTILINE) == ["organisation (1)", "owner (1)"]
    assert re.findall(r"^(\d+)\. ", out, re.MULTILINE) == ["1", "2"]
    assert "`surfaces[reviews].fields[town].necessary_for`" in out
    assert "policycheck.yaml:24`" in out
    assert "CJS24-19b (para 19, sentence 2, should)" in out


def test_an_answer_takes_its_question_away(shop: Path) -> None:
    path = shop / "policycheck.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("names_scraping: ,", "names_scraping: true,"), "utf-8")
    assert "names_scraping" not in call(shop)[1]
    path.write_text(path.read_text("utf-8").replace("necessary_for: }", "necessary_for: delivery}"), "utf-8")
    code, out, _ = call(shop)
    assert code == 0
    assert "No question is left open." in out
    assert "is unknown besides" in out  # Its artefacts were not copied, which no answer makes good.


def test_criteria_narrow_the_questions(shop: Path) -> None:
    out = call(shop, "--criteria", "JS23")[1]
    assert "names_scraping" in out
    assert "necessary_for" not in out


def test_what_is_configured_for_check_holds_for_the_questions(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop)
    before = call()[1]
    assert "1 finding of `policycheck check` is unknown besides" in before
    shutil.copytree(ROOT / "tests" / "corpus" / "ours", "ours")
    Path("legacy").mkdir()
    Path("legacy/policycheck.yaml").write_text("policycheck: 1\n", "utf-8")
    configured = Path(".policycheck.toml")
    configured.write_text('rules = ["ours"]\nexclude = ["legacy/**"]\nbaseline = "none.yaml"\n', "utf-8")
    code, out, err = call(".")
    assert (code, err) == (0, "")
    assert "2 findings of `policycheck check` are unknown besides" in out
    assert call("--isolated")[1] == before
    configured.write_text('criteria = ["JS23"]\n', "utf-8")
    assert call()[1] == call("--isolated", "--criteria", "JS23")[1] != before


def test_words_of_a_manifest_are_no_markup(shop: Path) -> None:
    path = shop / "policycheck.yaml"
    text = path.read_text("utf-8").replace(
        "statute: UK GDPR, owner: owner,", "statute: UK GDPR, owner: '<b>@all</b> [x](y)',"
    )
    path.write_text(text, "utf-8")
    code, out, err = call(shop)
    assert (code, err) == (0, "")
    assert "<b>" not in out.replace("\\<b\\>", "")
    assert "\\@all" in out


def test_an_invalid_manifest_is_named_and_the_others_are_asked(shop: Path) -> None:
    (shop / "other.policycheck.yaml").write_text("policycheck: 1\nsurfaces: none\n", "utf-8")
    code, out, err = call(shop)
    assert code == 3
    assert "other.policycheck.yaml:" in err
    assert "Open questions: Corner Shop Ltd" in out


def test_nothing_is_said_to_be_settled_while_a_finding_is_unknown(tmp_path: Path) -> None:
    """Whether Monaco's law counts 72 hours is in doubt: no answer settles it, and `check` blocks for it."""
    moment = "2026-10-01T08:00:00Z"
    (tmp_path / "policycheck.yaml").write_text(
        "policycheck: 1\n"
        "organization: {id: mc, name: MC, roles: [social_media_company], size: small, jurisdictions: [MC]}\n"
        "ai_uses: []\nown_scraping: []\nsurfaces: []\n"
        f"incidents:\n  - {{id: i, confirmed: true, subjects: 10, jurisdictions: [MC],\n"
        f"     detected_at: {moment}, aware_at: {moment},\n"
        f"     decisions: [{{jurisdiction: MC, decision: notify, reason: names, assessed_at: {moment},\n"
        "     authority_notified_at: 2026-11-01T08:00:00Z, individuals_decision: notify,\n"
        f"     individuals_notified_at: {moment}}}]}}\n"
        "breach_notification: [{jurisdiction: MC, clock_type: calendar_hours, authority: APDP}]\n",
        "utf-8",
    )
    code, out, _ = call("--criteria", "BRN-MC", tmp_path)
    assert code == 0
    assert "Nothing is left open" not in out
    assert "1 finding of `policycheck check` is unknown besides, and no question here settles that" in out


def test_a_rule_that_did_not_come_to_an_end_is_said_and_its_questions_may_lack() -> None:
    folder = EXAMPLES / "exit-codes" / "5"
    code, out, err = call("--rules", folder / "pack", folder)
    assert code == INCOMPLETE
    assert out.startswith("# Open questions")
    assert "incomplete: rule too-much-work: the rule walks more than 200000 items" in err


def test_a_row_that_the_pack_lacks_is_asked_of_nobody() -> None:
    row = {"route": "data.clocks[BR]", "source": "pack", "declared": False}
    finding = {
        "id": "1", "outcome": "unknown", "severity": "low", "subject": {"route": "breach_notification[BR]"},
        "location": None, "facts": [row], "missing": ["data.clocks[BR]"], "because_of": "the pack has no row for this",
    }  # fmt: skip
    assert by_subject([finding]) == [("breach_notification[BR]", ["the pack has no row for this"], 1, None)]
    owner = {"route": "controls[a].owner", "declared": False, "location": None}
    both = {**finding, "facts": [row, owner], "missing": ["data.clocks[BR]", "controls[a].owner"]}
    assert by_subject([both]) == [("controls[a]", ["owner"], 1, None)]
