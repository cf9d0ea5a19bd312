"""Configuration: where it is found, what wins, what is refused, and that a run says how it was loosened."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from policycheck import config
from policycheck.errors import GAPS, INVALID, NOTHING, USAGE, InvalidInput, UsageError
from policycheck.model import WarnUntil
from policycheck.report import starting

CLEAN = (Path(__file__).parent / "corpus" / "clean.yaml").read_text("utf-8")
CLEAN = CLEAN.replace("    role: controller\n", "    role: controller\n    phases: [rag]\n", 1)
AS_OF = "2026-11-21"
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A repository with one manifest that has gaps."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "policycheck.yaml").write_text(CLEAN, "utf-8")
    return tmp_path


def write(folder: Path, text: str, name: str = ".policycheck.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, "utf-8")
    return folder / name


def report(call: Call, folder: Path, *arguments: str, **variables: str) -> dict[str, Any]:
    code, out, err = call(folder, "check", "--as-of", AS_OF, "--format", "json", *arguments, **variables)
    assert code in {0, GAPS, NOTHING}, err
    found: dict[str, Any] = json.loads(out)
    return found


def values(folder: Path, **variables: str) -> dict[str, tuple[Any, str]]:
    found = config.load(folder, variables)
    return {key: (setting.value, setting.source) for key, setting in found.settings.items()}


# --- what wins -----------------------------------------------------------------------------------------------


def test_the_command_line_wins_over_the_environment_over_the_file_over_the_default(shop: Path, call: Call) -> None:
    def fail_on(*arguments: str, **variables: str) -> str:
        return str(report(call, shop, *arguments, **variables)["options"]["fail_on"])

    assert fail_on() == "low"
    write(shop, 'fail_on = "medium"')
    assert fail_on() == "medium"
    assert fail_on(POLICYCHECK_FAIL_ON="high") == "high"
    assert fail_on("--fail-on", "low", POLICYCHECK_FAIL_ON="high") == "low"
    assert fail_on("--isolated", POLICYCHECK_FAIL_ON="high") == "low"


def test_a_flag_of_the_file_can_be_taken_back_on_the_command_line(shop: Path, call: Call) -> None:
    write(shop, "allow_unknown = true")
    assert report(call, shop)["options"]["allow_unknown"] is True
    assert report(call, shop, "--no-allow-unknown")["options"]["allow_unknown"] is False


def test_a_blank_variable_is_not_set(shop: Path) -> None:
    assert values(shop, POLICYCHECK_FAIL_ON="")["fail_on"] == ("low", "default")


def test_variables_hold_lists_and_numbers(shop: Path) -> None:
    found = values(
        shop, POLICYCHECK_CRITERIA="CJS24, JS23", POLICYCHECK_ALLOW_UNKNOWN="true", POLICYCHECK_EXCEPTION_DAYS="high=90"
    )
    assert found["criteria"] == (("CJS24", "JS23"), "POLICYCHECK_CRITERIA")
    assert found["allow_unknown"][0] is True
    assert found["exception_days"][0] == {"high": 90}


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("POLICYCHECK_FAIL_ON", "hihg", "did you mean 'high'?"),
        ("POLICYCHECK_FAIL_0N", "high", "did you mean 'POLICYCHECK_FAIL_ON'?"),
        ("POLICYCHECK_ALLOW_UNKNOWN", "sometimes", "'sometimes' is not true or false"),
        ("POLICYCHECK_EXCEPTION_DAYS", "high", "high: '' is not a number of days"),
        ("POLICYCHECK_WARN_UNTIL", "low", "is written in the configuration file"),
    ],
)
def test_a_variable_that_cannot_be_understood_is_refused(
    variable: str, value: str, said: str, shop: Path, call: Call
) -> None:
    code, out, err = call(shop, "check", **{variable: value})
    assert (code, out) == (USAGE, "")
    assert said in err
    assert err.startswith("policycheck: ")
    assert len(err.splitlines()) == 1


# --- where it is found ---------------------------------------------------------------------------------------


def test_the_nearest_file_upwards_counts_and_no_other(shop: Path) -> None:
    write(shop, '[tool.policycheck]\nfail_on = "high"\nallow_unknown = true\n', "pyproject.toml")
    write(shop / "a", 'fail_on = "medium"')
    assert values(shop / "a")["fail_on"] == ("medium", ".policycheck.toml:1")
    assert values(shop / "a")["allow_unknown"] == (False, "default")
    (shop / "b").mkdir()
    assert values(shop / "b")["fail_on"] == ("high", "../pyproject.toml:2")


def test_nothing_above_the_repository_is_read(shop: Path) -> None:
    (shop / "inner" / ".git").mkdir(parents=True)
    write(shop, 'fail_on = "high"')
    assert values(shop / "inner")["fail_on"] == ("low", "default")


def test_without_a_repository_only_the_current_folder_is_read(tmp_path: Path) -> None:
    write(tmp_path, 'fail_on = "high"')
    (tmp_path / "below").mkdir()
    assert values(tmp_path)["fail_on"][0] == "high"
    assert values(tmp_path / "below")["fail_on"] == ("low", "default")


def test_the_folder_of_the_judged_manifest_is_not_asked(shop: Path, call: Call) -> None:
    judged = shop / "judged"
    write(judged, 'fail_on = "high"\nallow_unknown = true\nthis is not TOML')
    (shop / "policycheck.yaml").rename(judged / "policycheck.yaml")
    found = report(call, shop, "judged/policycheck.yaml")
    assert found["options"]["loosened_by"] == []


@pytest.mark.parametrize("text", ["not TOML at all", "[tool.other]\nx = 1\n", '[project]\nname = "policycheck-user"\n'])
def test_a_pyproject_that_says_nothing_of_us_is_passed_over(text: str, shop: Path) -> None:
    write(shop, 'fail_on = "high"')
    write(shop / "a", text, "pyproject.toml")
    assert values(shop / "a")["fail_on"][0] == "high"


def test_two_files_in_one_folder_are_one_too_many(shop: Path, call: Call) -> None:
    write(shop, 'fail_on = "high"')
    write(shop, '[tool.policycheck]\nfail_on = "low"\n', "pyproject.toml")
    code, _, err = call(shop, "check")
    assert code == INVALID
    assert "keep one of them" in err


def test_a_link_is_not_followed(shop: Path, call: Call) -> None:
    for name, text in (
        (".policycheck.toml", 'fail_on = "high"'),
        ("pyproject.toml", '[tool.policycheck]\nfail_on = "high"\n'),
    ):
        write(shop / "elsewhere", text, "loose.toml")
        (shop / name).symlink_to("elsewhere/loose.toml")
        code, out, err = call(shop, "check")
        assert (code, out) == (INVALID, "")
        assert "symbolic link" in err
        (shop / name).unlink()


def test_a_named_file_is_read_instead(shop: Path, call: Call) -> None:
    write(shop, 'fail_on = "high"')
    write(shop / "ci", 'fail_on = "medium"', "gate.toml")
    assert report(call, shop, "--config", "ci/gate.toml")["options"]["fail_on"] == "medium"
    for arguments, code in (
        (["--config", "nowhere.toml"], USAGE),
        (["--config", "ci/gate.toml", "--isolated"], USAGE),
        (["--config", str(write(shop, "", "empty.toml"))], INVALID),
        (["--config", str(write(shop / "x", "[project]\n", "pyproject.toml"))], INVALID),
    ):
        assert call(shop, "check", *arguments)[0] == code


# --- what is refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('fail-on = "high"', ".policycheck.toml:1:1: fail-on: unknown key; did you mean 'fail_on'?"),
        ('\nfial_on = "high"', ".policycheck.toml:2:1: fial_on: unknown key; did you mean 'fail_on'?"),
        ('fail_on = "severe"', "'severe' is not one of high, medium, low"),
        ("fail_on = 3", "3 is not one of high, medium, low"),
        ('allow_unknown = "yes"', "'yes' is not true or false"),
        ("criteria = [1]", "must be a list of texts"),
        ('format = "jsn"', "did you mean 'json'?"),
        ("[exception_days]\nhihg = 3", "'hihg' is not one of high, medium, low; did you mean 'high'?"),
        ("exception_days = {high = 0}", "high: 0 is not a number of days"),
        ("exception_days = {high = true}", "high: True is not a number of days"),
        ('exclude = ["../other"]', "'../other' is not a pattern below the folder"),
        ('output = ["json=../report.json"]', "a configured output stays in the repository"),
        ('output = ["json=/tmp/report.json"]', "a configured output stays in the repository"),
        ('output = ["json=.git/hooks/pre-commit"]', "a configured output stays in the repository"),
        ('exceptions_from = "gone.yaml"', ".policycheck.toml:1:1: exceptions_from: gone.yaml does not exist"),
        ('off = ["a-rule"]', "nothing can be switched off: accept a gap with an exception"),
        ('warn_until = [{rule = "a-rule", until = "off"}]', "nothing can be switched off"),
        ('warn_until = [{rule = "a-rule", off = true}]', "nothing can be switched off"),
        ('warn_until = [{rule = "a-rule", until = 9999-12-31}]', "more than 730 days ahead; nothing can be switched off"),
        ('warn_until = [{rule = "a-rule"}]', "names one rule, document or severity, and until when"),
        ('warn_until = [{rule = "a", severity = "low", until = 2027-03-01}]', "names one rule, document or severity"),
        ('warn_until = [{severity = "info", until = 2027-03-01}]', "severity: 'info' is not one of"),
        ('warn_until = [{rule = "a", until = "2027-3-1"}]', "'2027-3-1' is not a date"),
        ('warn_until = [{rule = "a", until = 2027-03-01T00:00:00Z}]', "is not a date"),
        ('warn_until = [{document = "CJS42", until = 2027-03-01}]', "no document 'CJS42'; did you mean 'CJS24'?"),
        ('warn_until = [{rule = "human-chalenge", until = 2027-03-01}]', "did you mean 'human-challenge'?"),
        ('[tool.policycheck]\nfail_on = "high"', "the keys stand at the top, without [tool.policycheck]"),
        ("fail_on = high", ".policycheck.toml:1:11: is not TOML"),
        ('fail_on = "high"\ncriteria = [\n', ".policycheck.toml:2:1: is not TOML: Invalid value"),
    ],
)
def test_a_mistake_is_said_with_its_place_and_nothing_is_judged(text: str, said: str, shop: Path, call: Call) -> None:
    write(shop, text)
    code, out, err = call(shop, "check", "--as-of", AS_OF)
    assert (code, out) == (INVALID, "")
    assert said in err
    assert err.startswith(".policycheck.toml")
    assert sorted(os.listdir(shop)) == [".git", ".policycheck.toml", "policycheck.yaml"]


def test_every_mistake_is_said_at_once(shop: Path, call: Call) -> None:
    write(shop, 'fial_on = "high"\n[exception_days]\nhigh = -1\n')
    _, _, err = call(shop, "check")
    assert len(err.splitlines()) == 2


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"\xff\xfe", "is not UTF-8"),
        (b"fail_on = '" + b"x" * config.CAP + b"'", "cannot be read as configuration"),
        (b"criteria = " + b"[" * 20_000, "is nested too deeply"),
        (b"a" + b".a" * 4_000 + b" = 1", "unknown key"),
        (b"fail_on = " + b"9" * 6_000, "is not TOML"),
        (b"\x00", "is not TOML"),
        (b'"\\u001b[31m" = 1', "unknown key"),
    ],
    ids=["encoding", "size", "nesting", "dots", "digits", "nul", "escape"],
)
def test_a_hostile_file_is_one_clear_line(raw: bytes, said: str, shop: Path, call: Call) -> None:
    (shop / ".policycheck.toml").write_bytes(raw)
    code, out, err = call(shop, "check")
    assert (code, out) == (INVALID, "")
    assert said in err
    assert len(err.splitlines()) == 1
    assert len(err) < 500
    assert "\x1b" not in err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_is_not_waited_for(shop: Path, call: Call) -> None:
    os.mkfifo(shop / ".policycheck.toml")
    assert call(shop, "check")[0] == INVALID


def test_what_starts_with_a_byte_order_mark_is_read(shop: Path) -> None:
    (shop / ".policycheck.toml").write_bytes(b'\xef\xbb\xbffail_on = "high"')
    assert values(shop)["fail_on"][0] == "high"


def test_the_library_of_it_raises_and_never_guesses(shop: Path) -> None:
    write(shop, "fial_on = 1")
    with pytest.raises(InvalidInput):
        config.load(shop, {})
    with pytest.raises(UsageError):
        config.load(shop, {"POLICYCHECK_FAIL_ON": "no"}, isolated=False, file=write(shop, 'fail_on = "low"', "x.toml"))
    assert config.load(shop, {"POLICYCHECK_FAIL_ON": "no"}, isolated=True).file == ""


# --- what it does --------------------------------------------------------------------------------------------


def test_paths_start_at_the_file_that_holds_them(shop: Path, call: Call) -> None:
    write(shop, 'output = ["json=out/report.json"]\nrules = ["packs/own"]\nbaseline = "known.yaml"')
    (shop / "out").mkdir()
    (shop / "deep").mkdir()
    found = values(shop / "deep")
    assert found["output"][0] == ("json=../out/report.json",)
    assert found["rules"][0] == ("../packs/own",)
    assert found["baseline"][0] == "../known.yaml"
    write(shop, 'output = ["json=out/report.json"]')
    call(shop / "deep", "check")
    assert json.loads((shop / "out" / "report.json").read_bytes())["format"] == "policycheck-report/1"


def test_the_report_lists_every_loosening(shop: Path, call: Call) -> None:
    write(
        shop,
        'fail_on = "medium"\nallow_unknown = true\ncriteria = ["CJS24"]\nexclude = ["legacy"]\n'
        "exception_days = {high = 90, low = 400}\n"
        'warn_until = [{severity = "low", until = 2027-03-01}, {document = "JS23", until = 2026-11-20}]\n',
    )
    found = report(call, shop)["options"]
    assert found["loosened_by"] == [
        "--allow-unknown", "--fail-on medium", "--criteria CJS24", "exclude legacy", "exception_days low 400",
        "warn_until 2027-03-01 severity low",
    ]  # fmt: skip
    assert found["exception_days"] == {"high": 90, "low": 400}
    assert found["warn_until"][1] == {"document": "JS23", "until": "2026-11-20"}
    _, out, _ = call(shop, "check", "--as-of", AS_OF, "--format", "text")
    assert "loosened by   --allow-unknown, --fail-on medium" in out


def test_what_tightens_is_no_loosening(shop: Path, call: Call) -> None:
    write(shop, 'min_assurance = {high = "verified"}\nexception_days = {high = 30}')
    found = report(call, shop)
    assert found["options"]["loosened_by"] == []
    assert found["options"]["min_assurance_by"] == {"high": "verified"}
    met = [f for f in found["results"][0]["findings"] if f["outcome"] == "met" and f["expectations"]]
    assert {f["severity"] for f in met if f["assurance"] == "declared"} <= {"medium", "low", "info"}
    assert any(f["severity"] == "medium" for f in met)


def test_the_configured_demand_gives_way_to_the_command_line(shop: Path, call: Call) -> None:
    write(shop, 'min_assurance = {high = "verified"}')
    found = report(call, shop, "--min-assurance", "supported")["options"]
    assert (found["min_assurance"], "min_assurance_by" in found) == ("supported", False)


@pytest.mark.parametrize(
    "pattern", ["legacy", "legacy/**", "*/old/*.policycheck.yaml", "**/old", "legacy/old/a.policycheck.yaml"]
)
def test_a_walk_leaves_out_what_is_excluded_and_a_named_file_is_judged(pattern: str, shop: Path, call: Call) -> None:
    old = shop / "legacy" / "old"
    old.mkdir(parents=True)
    (old / "a.policycheck.yaml").write_text(CLEAN.replace("id: corner-shop", "id: old-shop"), "utf-8")
    assert len(report(call, shop, ".")["results"]) == 2
    write(shop, f'exclude = ["{pattern}"]')
    found = report(call, shop, ".")
    assert [r["manifest"] for r in found["results"]] == ["policycheck.yaml"]
    assert found["options"]["exclude"] == [pattern]
    assert len(report(call, shop, "legacy/old/a.policycheck.yaml")["results"]) == 1
    _, _, err = call(shop, "check", ".", "--verbose")
    assert "a.policycheck.yaml (excluded)" in err


def test_a_fragment_does_not_bring_an_excluded_manifest_back(shop: Path, call: Call) -> None:
    old = shop / "old"
    old.mkdir()
    text = CLEAN.replace("id: corner-shop", "id: old-shop").partition("metrics:")[0]
    (old / "a.policycheck.yaml").write_text(f"{text}include: [m.policycheck-part.yaml]\n", "utf-8")
    (old / "m.policycheck-part.yaml").write_text("metrics: []\n", "utf-8")
    write(shop, 'exclude = ["old/a.policycheck.yaml"]')
    assert [r["manifest"] for r in report(call, shop, ".")["results"]] == ["policycheck.yaml"]


@pytest.mark.parametrize("command", [("validate",), ("evidence", "list"), ("evidence", "lock", "--force")])
def test_what_is_excluded_is_left_out_by_what_only_reads_too(command: tuple[str, ...], shop: Path, call: Call) -> None:
    old = shop / "old"
    old.mkdir()
    (old / "a.policycheck.yaml").write_text("not: [", "utf-8")
    assert call(shop, *command, ".")[0] == INVALID
    write(shop, 'exclude = ["old"]')
    assert call(shop, *command, ".")[0] == 0
    assert not (old / "policycheck.lock.yaml").exists()
    assert call(shop, *command, ".", "--isolated")[0] == INVALID
    assert call(shop, *command, "old/a.policycheck.yaml")[0] == INVALID


def test_when_everything_is_excluded_there_is_nothing_to_check(shop: Path, call: Call) -> None:
    write(shop, 'exclude = ["**"]')
    code, _, err = call(shop, "check", ".")
    assert (code, "`exclude` of the configuration leaves out what there is" in err) == (NOTHING, True)


def test_exceptions_count_from_one_file_only(shop: Path, call: Call) -> None:
    gap = next(f for f in report(call, shop)["results"][0]["findings"] if f["outcome"] == "gap" and f["expectations"])
    common = ["--reason", "r", "--approver", "Chief", "--ticket", "T-1", "--compensating-control", "edge-limit"]
    code, _, err = call(shop, "except", gap["id"], "--id", "one", "--expires-on", "2027-01-31", "--as-of", AS_OF, *common)
    assert code == 0, err
    assert report(call, shop)["totals"]["accepted"] >= 1
    write(shop, 'exceptions_from = "policycheck.yaml"')
    assert report(call, shop)["totals"]["accepted"] >= 1
    (shop / "exceptions.policycheck-part.yaml").write_text("exceptions: []\n", "utf-8")
    write(shop, 'exceptions_from = "exceptions.policycheck-part.yaml"')
    assert report(call, shop)["totals"]["accepted"] == 0
    write(shop, "exception_days = {high = 5, medium = 5, low = 5}")
    assert report(call, shop)["totals"]["accepted"] == 0


# --- observe, then enforce -----------------------------------------------------------------------------------


def blocking(call: Call, shop: Path, day: str) -> list[str]:
    _, out, err = call(shop, "check", "--format", "json", "--as-of", day)
    found = json.loads(out)
    assert err == ""
    rules = sorted(f["rule"] for f in found["results"][0]["findings"] if f["blocks"])
    assert len(rules) == found["totals"]["blocking"]
    return rules


def test_a_rule_warns_up_to_and_on_its_day_and_then_blocks(shop: Path, call: Call) -> None:
    before = {day: blocking(call, shop, day) for day in ("2027-03-01", "2027-03-02")}
    rule = before["2027-03-01"][0]
    write(shop, f'warn_until = [{{rule = "{rule}", until = 2027-03-01}}]')
    assert blocking(call, shop, "2027-03-01") == [name for name in before["2027-03-01"] if name != rule]
    assert blocking(call, shop, "2027-03-02") == before["2027-03-02"]
    _, out, _ = call(shop, "check", "--as-of", "2027-03-01")
    assert f"will block    from 2027-03-02: {before['2027-03-01'].count(rule)} more ({rule})" in out
    assert "warning until 2027-03-01" in out or rule in out
    _, out, _ = call(shop, "check", "--as-of", "2027-03-01", "--format", "markdown")
    assert f"From 2027-03-02, {before['2027-03-01'].count(rule)} more will block: `{rule}`." in out


def test_a_document_warns_only_where_no_other_document_asks_the_same(shop: Path, call: Call) -> None:
    write(shop, 'warn_until = [{document = "CJS24", until = 2027-03-01}]')
    found = report(call, shop)["results"][0]["findings"]
    waiting = [f for f in found if "warns_until" in f]
    assert waiting
    assert all(e.startswith("CJS24-") for f in waiting for e in f["expectations"])
    both = [f for f in found if f["blocks"] and any(e.startswith("JS23-") for e in f["expectations"])]
    assert both


def test_what_keeps_the_declaration_honest_waits_only_by_name(shop: Path, call: Call) -> None:
    text = CLEAN.replace("window: hour}", "window: hour}\n    evidence: [{kind: document, path: gone.md}]", 1)
    (shop / "policycheck.yaml").write_text(text, "utf-8")
    everything = ", ".join(f'{{severity = "{s}", until = 2027-03-01}}' for s in ("high", "medium", "low"))
    write(shop, f"warn_until = [{everything}]")
    assert set(blocking(call, shop, AS_OF)) == {"evidence-readable"}
    write(shop, f'warn_until = [{everything}, {{rule = "evidence-readable", until = 2027-03-01}}]')
    assert blocking(call, shop, AS_OF) == []
    code, out, _ = call(shop, "check", "--as-of", AS_OF)
    assert code == 0
    assert "will block    from 2027-03-02" in out


def test_the_rules_own_day_stands_before_its_severitys(shop: Path, call: Call) -> None:
    rule = blocking(call, shop, AS_OF)[0]
    everything = ", ".join(f'{{severity = "{s}", until = 2027-03-01}}' for s in ("high", "medium", "low"))
    write(shop, f'warn_until = [{everything}, {{rule = "{rule}", until = 2026-11-01}}]')
    assert set(blocking(call, shop, AS_OF)) == {rule}


# --- policycheck config --------------------------------------------------------------------------------------


def test_each_value_is_shown_with_where_it_comes_from(shop: Path, call: Call) -> None:
    write(shop, '[project]\nname = "x"\n\n[tool.policycheck]\nfail_on = "medium"\ncriteria = ["CJS24"]\n', "pyproject.toml")
    code, out, _ = call(shop, "config", POLICYCHECK_FAIL_ON="high")
    assert code == 0
    assert out.startswith("configuration: pyproject.toml\n")
    lines = {line.split()[0]: line.split()[1:] for line in out.splitlines()[3:] if line.strip()}
    assert lines["fail_on"][:2] == ["high", "POLICYCHECK_FAIL_ON"]
    assert lines["criteria"][:2] == ["CJS24", "pyproject.toml:6"]
    assert lines["allow_unknown"][:2] == ["false", "default"]
    code, out, _ = call(shop, "config", "--format", "json")
    found = json.loads(out)
    assert found["file"] == "pyproject.toml"
    assert found["settings"]["fail_on"] == {"value": "medium", "from": "pyproject.toml:5"}
    assert set(found["settings"]) == set(config.KEYS)


def test_without_a_file_that_is_said(shop: Path, call: Call) -> None:
    _, out, _ = call(shop, "config")
    assert out.startswith("configuration: no file counts\n")
    write(shop, 'fail_on = "high"')
    _, out, _ = call(shop, "config", "--isolated")
    assert out.startswith("configuration: no file counts\n")
    assert max(map(len, out.splitlines())) <= 110


def test_on_the_last_day_there_is_no_warning_goes_too_far() -> None:
    warning = WarnUntil("severity", "high", "9999-12-31")
    assert config.too_far([warning], "9999-12-31", "x.toml") == []
    assert config.too_far([], "9999-12-31", "x.toml") == []
    assert len(config.too_far([warning], "2026-11-21", "x.toml")) == 1
    assert starting([{"warns_until": "9999-12-31"}]) == []
