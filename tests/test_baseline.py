"""A gate that says "no new gaps", through the command line."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from policycheck import replay
from policycheck.errors import InvalidInput
from tests import command_line

ROOT = Path(__file__).parent.parent
FILE = ".policycheck-baseline.yaml"


def call(folder: Path, *arguments: str, as_of: str = "2026-11-21") -> command_line.Done:
    return command_line.run(folder, *arguments, "--as-of", as_of)


def gate(folder: Path, *options: str, as_of: str = "2026-11-21") -> tuple[int, dict[str, Any], str]:
    done = call(folder, "check", "--baseline", FILE, "--format", "json", *options, as_of=as_of)
    return done.returncode, json.loads(done.stdout), done.stderr


def states(report: dict[str, Any]) -> dict[str, str]:
    found = report["results"][0]["findings"]
    return {f["rule"]: f["baseline"]["state"] for f in found if "baseline" in f}


def change(folder: Path, before: str, after: str, file: str = "policycheck.yaml") -> None:
    path = folder / file
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after), "utf-8")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    shutil.copytree(ROOT / "examples" / "corner-shop", folder)
    assert call(folder, "baseline", "write").returncode == 0
    return folder


def test_known_gaps_do_not_block_and_stay_visible_as_debt(shop: Path) -> None:
    code, report, _ = gate(shop)
    assert code == 0
    assert set(states(report).values()) == {"known"}
    counts = report["results"][0]["counts"]
    assert counts["findings"]["gap"] > 0
    assert counts["known"] == counts["findings"]["gap"] + counts["findings"]["unknown"]
    assert report["options"]["loosened_by"] == [f"--baseline {FILE}"]
    text = call(shop, "check", "--baseline", FILE).stdout
    assert "Known gaps" in text
    assert "since 2026-11-21" in text
    assert f"; {counts['known']} known; 0 blocking" in call(shop, "check", "--quiet", "--baseline", FILE).stdout


def test_a_report_holds_since_when_a_gap_is_known_by_its_id(shop: Path) -> None:
    _, found, _ = gate(shop)
    assert replay.read(json.dumps(found).encode(), "r.json")
    next(f for f in found["results"][0]["findings"] if "baseline" in f)["baseline"]["since"] = "2020-01-01"
    with pytest.raises(InvalidInput, match="its report_id is not that of its content"):
        replay.read(json.dumps(found).encode(), "r.json")


def test_it_survives_inserted_lines_renamed_files_and_reordered_lists(shop: Path) -> None:
    text = (shop / "policycheck.yaml").read_text("utf-8")
    head, _, controls = text.partition("controls:\n")
    (shop / "policycheck.yaml").unlink()
    (shop / "renamed.policycheck.yaml").write_text(f"# one\n\n# two\n{head}controls:\n{controls}", "utf-8")
    code, report, _ = gate(shop)
    assert code == 0
    assert set(states(report).values()) == {"known"}


def test_a_new_gap_blocks(shop: Path) -> None:
    change(shop, "  - {id: known-crawlers, family: bot_detection", "  - {id: known-crawlers, family: other")
    change(shop, "params: {signals: [user_agent, request_rate]}", "params: {description: none}")
    code, report, _ = gate(shop)
    assert code == 1
    assert states(report)["bots-recognised"] == "new"


def test_an_unknown_that_became_a_gap_is_worse(shop: Path) -> None:
    change(shop, "necessary_for: }  # why?", 'necessary_for: ""}')
    code, report, _ = gate(shop)
    assert states(report)["public-field-needed"] == "worse"
    assert code == 1


def test_a_gap_that_an_artefact_contradicts_is_not_the_gap_that_was_known(shop: Path) -> None:
    change(shop, "rate=5r/m", "rate=50r/s", "deploy/nginx.conf")
    code, report, _ = gate(shop)
    assert code == 1
    assert "new" in states(report).values()


def test_gaps_of_newer_rules_are_told_apart_and_can_be_added(shop: Path) -> None:
    change(shop, "  - human-challenge\n", "", FILE)
    path = shop / FILE
    blocks = path.read_text("utf-8").split("  - id: ")
    path.write_text("  - id: ".join(b for b in blocks if "rule: human-challenge" not in b), "utf-8")
    code, report, _ = gate(shop)
    assert (code, states(report)["human-challenge"]) == (1, "new_rule")
    assert call(shop, "baseline", "write", "--new-rules").returncode == 0
    assert gate(shop)[0] == 0


def test_an_entry_that_is_fixed_must_be_pruned(shop: Path) -> None:
    change(shop, "last_reviewed_on: 2025-06-02", "last_reviewed_on: 2026-06-02")
    code, _, said = gate(shop)
    assert code == 0
    assert "control-reviewed-in-time on control edge-limit is fixed" in said
    assert gate(shop, "--strict-baseline")[0] == 1
    assert call(shop, "baseline", "prune").returncode == 0
    assert gate(shop, "--strict-baseline")[0] == 0


def test_who_must_prune_is_told_of_which_file(shop: Path) -> None:
    change(shop, "last_reviewed_on: 2025-06-02", "last_reviewed_on: 2026-06-02")
    (shop / "old").mkdir()
    (shop / FILE).rename(shop / "old" / "known.yaml")
    said = call(shop, "check", "--baseline", "old/known.yaml").stderr
    assert "take it out with policycheck baseline prune --file old/known.yaml\n" in said
    (shop / ".policycheck.toml").write_text('baseline = "old/known.yaml"\n')
    assert "take it out with policycheck baseline prune\n" in call(shop, "check").stderr


def test_notes_are_kept_and_overdue_is_told(shop: Path) -> None:
    change(
        shop, "    rule: human-challenge\n", "    rule: human-challenge\n    owner: web team\n    due_on: 2026-12-31\n", FILE
    )
    report = gate(shop, as_of="2027-01-01")[1]
    (entry,) = [f["baseline"] for f in report["results"][0]["findings"] if f["rule"] == "human-challenge"]
    assert (entry["owner"], entry["overdue"]) == ("web team", True)
    assert call(shop, "baseline", "write", "--force").returncode == 0
    assert 'owner: "web team"' in (shop / FILE).read_text("utf-8")
    assert "overdue" in call(shop, "baseline", "show", as_of="2027-01-01").stdout


def test_a_gate_does_not_pass_for_want_of_its_baseline(shop: Path) -> None:
    (shop / FILE).unlink()
    done = call(shop, "check", "--baseline", FILE)
    assert done.returncode == 3
    assert "cannot be read" in done.stderr


def test_pruning_and_adding_new_rules_leave_worse_gaps_and_contradictions_new(shop: Path) -> None:
    change(shop, "names_scraping: ,", "names_scraping: false,")
    change(shop, "rate=5r/m", "rate=50r/s", "deploy/nginx.conf")
    before = (shop / FILE).read_text("utf-8")
    for command in (["prune"], ["write", "--new-rules"]):
        assert call(shop, "baseline", *command).returncode == 0
        assert (shop / FILE).read_text("utf-8") == before
        code, report, _ = gate(shop)
        assert code == 1
        found = states(report)
        assert found["breach-playbook-names-scraping"] == "worse"
        assert found["declaration-matches-evidence"] == "new"


def test_what_a_call_did_not_judge_is_neither_fixed_nor_taken_out(shop: Path) -> None:
    change(shop, "rate=5r/m", "rate=50r/s", "deploy/nginx.conf")
    assert call(shop, "baseline", "write", "--force").returncode == 0
    before = (shop / FILE).read_text("utf-8")
    assert "declaration-matches-evidence" in before
    for narrow in (["--no-evidence"], ["--criteria", "CJS24-KT-C1"]):
        code, _, said = gate(shop, "--strict-baseline", *narrow)
        assert (code, said) == (0, "")
        assert call(shop, "baseline", "prune", *narrow).returncode == 0
        assert (shop / FILE).read_text("utf-8") == before


def test_a_rule_that_was_asked_of_fewer_is_not_fixed(shop: Path) -> None:
    # Of those who develop AI only HIRO23-4 asks that knowledge is shared; CJS24-34 asks others.
    change(shop, "roles: [website_operator]", "roles: [website_operator, ai_developer]")
    assert call(shop, "baseline", "write", "--force").returncode == 0
    before = (shop / FILE).read_text("utf-8")
    assert "rule: knowledge-shared" in before
    narrow = ["--criteria", "CJS24,JS23"]
    assert "knowledge-shared" not in gate(shop, *narrow)[2]
    assert call(shop, "baseline", "prune", *narrow).returncode == 0
    assert "rule: knowledge-shared" in (shop / FILE).read_text("utf-8")


def test_a_gap_that_only_an_artefact_shows_is_not_fixed_because_none_was_read(shop: Path) -> None:
    change(shop, "limit_req zone=visitors", "limit_req_dry_run on; limit_req zone=visitors", "deploy/nginx.conf")
    assert call(shop, "baseline", "write", "--force").returncode == 0
    before = (shop / FILE).read_text("utf-8")
    assert "rule: anonymous-rate-limit" in before
    code, report, said = gate(shop, "--strict-baseline", "--no-evidence")
    assert (code, said) == (0, "")
    assert "anonymous-rate-limit" not in states(report)
    assert call(shop, "baseline", "prune", "--no-evidence").returncode == 0
    assert (shop / FILE).read_text("utf-8") == before
    change(shop, "limit_req_dry_run on; ", "", "deploy/nginx.conf")
    assert "anonymous-rate-limit on surface reviews is fixed" in gate(shop, "--strict-baseline")[2]


def test_a_gap_of_a_rule_that_is_gone_for_good_is_fixed(shop: Path) -> None:
    text = (shop / FILE).read_text("utf-8")
    (gap,) = [one for one in text.split("  - id: ") if "rule: human-challenge" in one]
    gone = gap.replace(gap[:8], "00000000").replace("human-challenge", "no-such-rule")
    (shop / FILE).write_text(text.replace(gap, gone), "utf-8")
    assert "no-such-rule on surface" in gate(shop)[2]


def test_the_entries_of_other_organizations_are_kept(shop: Path) -> None:
    other = shop.parent / "other"
    shutil.copytree(shop, other)
    change(other, "id: corner-shop,", "id: other-shop,")
    for command in (["write"], ["write", "--force", "shop"], ["write", "--new-rules", "other"], ["prune", "other"]):
        assert call(shop.parent, "baseline", *command, *([] if command[1:] else ["."])).returncode == 0
        text = (shop.parent / FILE).read_text("utf-8")
        assert "organization: corner-shop" in text
        assert "organization: other-shop" in text


def test_it_is_written_under_the_configuration_of_check(shop: Path) -> None:
    (shop / ".policycheck.toml").write_text('criteria = ["CJS24-KT-C1"]\nbaseline = "known.yaml"\n', "utf-8")
    assert call(shop, "baseline", "write").returncode == 0
    text = (shop / "known.yaml").read_text("utf-8")
    assert "rule: control-reviewed-in-time" in text
    assert "breach-playbook" not in text.partition("gaps:")[2]
    assert call(shop, "check").returncode == 0


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("gaps:\n", "gaps: 5\nmore:\n", "gaps: must be a list"),
        ("rules:\n", "rules: [[1]]\nmore:\n", "rules: must be the list of rules"),
        ("since: ", "due_on: 1.12.2020\n    since: ", "due_on: must be a date"),
        ('    since: "2026-11-21"\n', "", "lacks its `since`"),
        ("outcome: gap", "outcome: open", "outcome: must be one of gap, unknown"),
        ("    rule: human", "    ownr: jane\n    rule: human", "no such key; did you mean 'owner'?"),
        ("written_on: ", "written_on: soon # ", "written_on: must be a date"),
    ],
)
def test_a_mistake_in_a_baseline_is_one_line_at_its_place(shop: Path, before: str, after: str, said: str) -> None:
    text = (shop / FILE).read_text("utf-8")
    assert before in text
    (shop / FILE).write_text(text.replace(before, after, 1), "utf-8")
    for arguments in (["check", "--baseline", FILE], ["baseline", "show"]):
        done = call(shop, *arguments)
        assert done.returncode == 3
        assert any(
            said in line and re.match(rf"{re.escape(FILE)}:[0-9]+:[0-9]+: ", line) for line in done.stderr.splitlines()
        )


@pytest.mark.parametrize(
    "text", ["", "gaps: []\n", "policycheck-baseline: 1\n", "policycheck-baseline: 1\nrules: []\ngaps: [{rule: a}]\n", "["]
)
def test_a_broken_baseline_is_said(shop: Path, text: str) -> None:
    (shop / FILE).write_text(text, "utf-8")
    done = call(shop, "check", "--baseline", FILE)
    assert done.returncode == 3
    assert FILE in done.stderr


def test_writing_twice_needs_force(shop: Path) -> None:
    done = call(shop, "baseline", "write")
    assert done.returncode == 2
    assert "--force" in done.stderr
