"""The library as a program uses it: what the README shows, what is returned, what is raised."""

from __future__ import annotations

import datetime
import re
import subprocess
import sys
import typing
from pathlib import Path

import pytest

import policycheck
from policycheck.errors import GAPS, INVALID, InvalidInput, NothingToCheck, UsageError

ROOT = Path(__file__).parent.parent
SHOP = ROOT / "examples" / "corner-shop"
FIXED = ROOT / "examples" / "corner-shop-fixed"
AS_OF = "2026-11-21"


def test_what_the_readme_shows_runs_and_prints_the_gaps(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert "policycheck.check(" in example
    monkeypatch.chdir(ROOT)
    exec(compile(example, "README.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 3
    assert all(re.match(r"\S+\.(yaml|conf) \d+ [a-z-]+ \S", line) for line in lines)
    report = policycheck.check(SHOP, as_of=AS_OF)
    assert len(lines) == sum(f.outcome == "gap" for f in report.results[0].findings)


def test_a_report_says_what_was_asked_found_and_how_it_ended() -> None:
    report = policycheck.check(SHOP, as_of=AS_OF, fail_on="high", allow_unknown=True)
    assert isinstance(report, policycheck.Report)
    assert (report.exit_code, report.problems) == (GAPS, ())
    assert (report.options.as_of, report.options.fail_on, report.options.allow_unknown) == (AS_OF, "high", True)
    assert {d["id"] for d in report.criteria["documents"]} >= {"CJS24", "JS23"}
    (result,) = report.results
    assert result.organization["id"] == "corner-shop"
    assert {f.outcome.value for f in result.findings} >= {"gap", "unknown", "met", "not_applicable"}
    assert result.counts.blocking > 0
    assert result.rollup["CJS24-11"].outcome == "gap"


def test_the_same_question_has_the_same_answer() -> None:
    assert policycheck.check(SHOP, as_of=AS_OF) == policycheck.check(SHOP / "policycheck.yaml", as_of=AS_OF)
    assert policycheck.check(FIXED, as_of=AS_OF).exit_code == 0


def test_paths_rules_and_root_are_taken_from_here(tmp_path: Path) -> None:
    pack = tmp_path / "ours"
    (pack / "family").mkdir(parents=True)
    (pack / "pack.yaml").write_text("id: ours\nversion: 1.0.0\ntitle: Ours\n")
    (pack / "family" / "named.yaml").write_text(
        "title: t\nexpectations: []\nseverity: low\nfor_each: organization\n"
        'assert: organization.name != ""\nmessage: m\nremediation: r\n'
    )
    manifest = tmp_path / "shop" / "policycheck.yaml"
    manifest.parent.mkdir()
    manifest.write_text("policycheck: 1\norganization: {id: a, roles: [website_operator]}\n")
    report = policycheck.check("shop", as_of=AS_OF, rules=["ours"], root=".", here=tmp_path)
    shipped = sorted(folder.parent.name for folder in ROOT.glob("rules/*/pack.yaml"))
    assert [p["id"] for p in report.criteria["packs"]] == [*shipped, "ours"]
    assert report.results[0].manifest == "shop/policycheck.yaml"
    assert [f.outcome for f in report.results[0].findings if f.rule == "named"] == ["unknown"]
    without = policycheck.check(as_of=AS_OF, here=manifest.parent)
    assert len(without.results) == 1


def test_an_invalid_manifest_does_not_raise_and_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "bad.policycheck.yaml").write_text("policycheck: 1\n")
    report = policycheck.check(tmp_path, SHOP, as_of=AS_OF)
    assert report.exit_code == INVALID
    assert [r.organization["id"] for r in report.results] == ["corner-shop"]
    assert [p.message for p in report.problems] == ["organization is missing; it is required"]


def test_options_reach_the_judgement() -> None:
    chosen = policycheck.check(SHOP, as_of=AS_OF, criteria=["CJS24-11"]).results[0]
    assert set(chosen.rollup) == {"CJS24-11"}
    unread = policycheck.check(SHOP, as_of=AS_OF, evidence=False).results[0]
    assert unread.ledger == ()
    strict = policycheck.check(FIXED, as_of=AS_OF, min_assurance="verified")
    assert strict.exit_code == GAPS


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"as_of": "21.11.2026"}, UsageError, "as_of '21.11.2026' is not a date; write it as 2026-11-21"),
        ({"as_of": datetime.date(2026, 11, 21)}, UsageError, "as_of is a text such as '2026-11-21', not datetime.date(2026"),
        ({"criteria": "CJS24"}, UsageError, "criteria takes several; write ['CJS24']"),
        ({"rules": Path("docs")}, UsageError, "rules takes several; write ['docs']"),
        ({"criteria": [24]}, UsageError, "criteria takes texts, not 24"),
        ({"rules": [1]}, UsageError, "rules takes texts, not 1"),
        ({"allow_unknown": "no"}, UsageError, "allow_unknown is True or False, not 'no'"),
        ({"equivalents": "no"}, UsageError, "equivalents is True or False, not 'no'"),
        ({"evidence": 1}, UsageError, "evidence is True or False, not 1"),
        ({"fail_on": "severe"}, UsageError, "fail_on 'severe' is not allowed; allowed: high, medium, low"),
        ({"min_assurance": "sworn"}, UsageError, "min_assurance 'sworn' is not allowed; allowed: declared, supported"),
        ({"criteria": ["CJS24-99"]}, UsageError, "no criteria named 'CJS24-99'; did you mean"),
        ({"rules": ["nowhere"]}, UsageError, "nowhere is not a folder of rules"),
        ({"rules": ["docs"]}, InvalidInput, "holds no pack"),
    ],
)
def test_a_call_that_cannot_be_meant_raises_one_line(
    arguments: dict[str, typing.Any], error: type[Exception], said: str
) -> None:
    given = {"as_of": AS_OF, "here": ROOT, **arguments}
    with pytest.raises(error) as caught:
        policycheck.check(SHOP, **given)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_path_and_no_manifest_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    with pytest.raises(UsageError, match="nowhere does not exist"):
        policycheck.check("nowhere", as_of=AS_OF, here=tmp_path)
    with pytest.raises(NothingToCheck, match="no manifest in"):
        policycheck.check(tmp_path, as_of=AS_OF)


def test_the_clock_is_never_asked() -> None:
    with pytest.raises(TypeError, match="as_of"):
        policycheck.check(SHOP)  # type: ignore[call-arg]
    past = policycheck.check(SHOP, as_of="2025-07-01").results[0]
    (overdue,) = [f for f in past.findings if f.rule == "control-reviewed-in-time" and f.subject.id == "edge-limit"]
    assert overdue.outcome == "met"


def test_every_public_name_is_there_and_typed() -> None:
    for name in policycheck.__all__:
        assert getattr(policycheck, name) is not None
    hints = typing.get_type_hints(policycheck.check)
    assert hints["return"] is policycheck.Report
    assert (ROOT / "policycheck" / "py.typed").is_file()
    with pytest.raises(AttributeError, match="no attribute 'chekc'"):
        policycheck.chekc  # noqa: B018


def test_importing_the_package_imports_nothing_else() -> None:
    script = (
        "import sys, policycheck; print(sorted(m for m in sys.modules if m.startswith(('policycheck.', 'yaml', 'click'))))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
