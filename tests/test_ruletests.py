"""Tests of rules: what a file's cases share is laid over the pack's base, and each case over that."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from policycheck import packs, ruletests
from policycheck.manifests import v1
from policycheck.manifests.explain import schema
from tests.command_line import Done

PACK = "id: ours\nversion: 1.0.0\ntitle: Ours\n"
RULE = """\
title: Surfaces have an owner
expectations: []
severity: low
for_each: surface
assert: surface.owner == "web"
message: Nobody owns {surface.id}.
remediation: Name an owner.
"""
BASE = (
    "policycheck: 1\norganization: {id: acme, roles: [website_operator]}\nsurfaces: [{id: people, kind: page, owner: app}]\n"
)
CASES = """\
  - {name: as shared, expect: met}
  - {name: as the case says, manifest: {surfaces: [{id: people, kind: page, owner: app}]}, expect: gap}
"""
SHARED = "base: {surfaces: [{id: people, kind: page, owner: web}]}\n"


def test_tests_that_nothing_runs_fail_and_are_a_mistake(tmp_path: Path, call: Callable[..., Done]) -> None:
    trials(tmp_path / "ours", SHARED)
    (tmp_path / "ours" / "own" / "other.test.yaml").write_text("cases: []\n", "utf-8")
    told = "is run by nothing: no rule of this name stands beside it"
    done = call(tmp_path, "rules", "lint", "ours", "--rules", "ours")
    assert (done.returncode, done.stderr) == (1, f"{tmp_path}/ours/own/other.test.yaml: {told}\n")
    done = call(tmp_path, "rules", "test", "ours", "--rules", "ours")
    assert (done.returncode, done.stderr) == (1, f"other.test.yaml: tests: {told}\n")
    (tmp_path / "ours" / "own" / "other.test.yaml").unlink()
    assert call(tmp_path, "rules", "lint", "ours", "--rules", "ours").stdout == "no mistakes\n"


def test_a_reader_that_goes_away_turns_no_failed_test_into_a_pass(tmp_path: Path) -> None:
    trials(tmp_path / "ours", SHARED)
    (tmp_path / "ours" / "own" / "other.test.yaml").write_text("cases: []\n", "utf-8")
    reading, writing = os.pipe()
    os.close(reading)
    words = (sys.executable, "-m", "policycheck", "rules", "test", "ours", "--rules", "ours")
    own = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run(words, cwd=tmp_path, env=own, stdout=writing, stderr=subprocess.DEVNULL, check=False)
    os.close(writing)
    assert done.returncode == 1


def test_explain_shows_the_cases_of_a_rule_of_ones_own(tmp_path: Path, call: Callable[..., Done]) -> None:
    trials(tmp_path / "folder", SHARED)
    told = call(tmp_path, "explain", "owned", "--rules", "folder").stdout
    assert "\nPasses: as shared\n" in told
    assert "\nFails: as the case says\n    surfaces: [{id: people" in told


def test_explain_names_what_a_rule_reads_as_the_manifest_does(tmp_path: Path, call: Callable[..., Done]) -> None:
    asked = 'controls.exists(c, c.status == extensions["ours"].wanted[c.id] && c.owner in data.teams)'
    trials(tmp_path / "ours", SHARED, rule=RULE)
    (tmp_path / "ours" / "data").mkdir()
    (tmp_path / "ours" / "data" / "teams.yaml").write_text("rows: [web]\n", "utf-8")
    (tmp_path / "ours" / "own" / "owned.yaml").write_text(RULE.replace('surface.owner == "web"', asked), "utf-8")
    told = call(tmp_path, "explain", "owned", "--rules", "ours").stdout.split("reads: ")[1].split("\n\n")[0]
    assert " ".join(told.split()) == (
        "controls[].id, controls[].owner, controls[].status, extensions.ours.wanted.*, surfaces[].id, data.teams"
    )


def test_a_message_that_walks_too_much_takes_nothing_from_the_verdict(tmp_path: Path, call: Callable[..., Done]) -> None:
    trials(tmp_path / "ours", SHARED)
    walked = str([*range(24)])
    walks = f"{walked}.filter(a, {walked}.all(b, {walked}.all(c, {walked}.all(d, a + b + c + d >= 0))))"
    rule = RULE.replace("{surface.id}", f"{{size({walks})}}").replace("message: Nobody", "message: >-\n  Nobody")
    (tmp_path / "ours" / "own" / "owned.yaml").write_text(rule, "utf-8")
    (tmp_path / "policycheck.yaml").write_text(BASE, "utf-8")
    done = call(tmp_path, "check", "--rules", "ours", "--criteria", "ours", "--format", "text")
    assert (done.returncode, "incomplete" in done.stderr) == (1, False)
    assert "policycheck.yaml:3:44 low owned" in done.stdout
    told = "The message of the rule could not be worked out: the rule walks more than 200000 items, or joins too much text."
    assert told in " ".join(done.stdout.split())


def trials(folder: Path, shared: str, cases: str = CASES, rule: str = RULE) -> dict[str, str]:
    files = {
        "pack.yaml": PACK,
        "base.test.yaml": BASE,
        "own/owned.yaml": rule,
        "own/owned.test.yaml": f"{shared}cases:\n{cases}",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    criteria = packs.load([folder], schema(v1.SCHEMA))
    return {trial.case: trial.wrong for trial in ruletests.run(criteria, folder)}


def test_what_cases_share_is_laid_over_the_base(tmp_path: Path) -> None:
    assert trials(tmp_path, SHARED) == {"as shared": "", "as the case says": ""}


@pytest.mark.parametrize("shared", ["", "base: {}\n"])
def test_without_it_the_base_of_the_pack_counts(shared: str, tmp_path: Path) -> None:
    assert trials(tmp_path, shared)["as shared"]


TWO = "surfaces: [{id: people, kind: page, owner: app}, {id: shop, kind: page, owner: web}]"


@pytest.mark.parametrize(
    ("case", "wrong"),
    [
        (f"{{name: n, subject: shop, manifest: {{{TWO}}}, expect: met}}", ""),
        (f"{{name: n, subject: people, manifest: {{{TWO}}}, expect: met}}", "expected met, got people: gap"),
        (f"{{name: n, subject: shops, manifest: {{{TWO}}}, expect: met}}", "expected met, got nothing"),
        (
            f"{{name: n, subject: shop, manifest: {{{TWO}}}, expect: met, at: 'surfaces[people].owner'}}",
            "expected a finding at surfaces[people].owner, got surfaces[shop].owner",
        ),
        ("{name: n, criteria: [CJS24], expect: gap}", ""),
        ("{name: n, criteria: [CJS42], expect: gap}", "no criteria named 'CJS42'"),
    ],
)
def test_a_case_may_mean_one_subject_and_its_own_criteria(case: str, wrong: str, tmp_path: Path) -> None:
    assert trials(tmp_path, "", f"  - {case}\n")["n"] == wrong


def test_criteria_under_which_a_rule_does_not_run_prove_nothing(tmp_path: Path) -> None:
    rule = RULE.replace("expectations: []", "expectations: [CJS24-13b1]")
    case = "  - {name: n, criteria: [JS23], expect: not_applicable}\n"
    assert trials(tmp_path, "", case, rule)["n"] == "does not run under JS23"


def test_of_findings_that_are_named_alike_none_hides_another(tmp_path: Path) -> None:
    bound = "for_each: {control: controls, e: control.evidence}"
    rule = RULE.replace("for_each: surface", bound).replace('surface.owner == "web"', 'e.path == "b.conf"')
    rule = rule.replace("{surface.id}", "{control.id}")
    evidence = "[{kind: nginx, path: a.conf}, {kind: nginx, path: b.conf}]"
    control = f"{{id: edge, family: rate_limit, surfaces: [people], evidence: {evidence}}}"
    case = f"  - {{name: n, manifest: {{controls: [{control}]}}, expect: met}}\n"
    assert trials(tmp_path, "", case, rule)["n"].startswith("expected met, got edge / nginx: gap")


def test_two_cases_of_one_name_are_said(tmp_path: Path) -> None:
    twice = CASES + "  - {name: as shared, expect: met}\n"
    assert trials(tmp_path, SHARED, twice)["as shared"] == "an earlier case has this name"
