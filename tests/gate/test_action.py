"""The script of the GitHub Action, as the runner calls it: outputs, summary, annotations, and what must not get through."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from .consumer_support import FILES, FOLDERS, environment
from .traps_support import CLEAN, EXAMPLE, ROOT, with_a_gap

ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))


class Runner:
    """A job's folders and files, and the step `check` in it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.workspace = folder, folder / "workspace"
        shutil.copytree(EXAMPLE, self.workspace)
        (self.workspace / ".git").mkdir()

    def step(self, name: str = "check", **inputs: str) -> subprocess.CompletedProcess[str]:
        given = {
            "RUNNER_TEMP": str(self.folder), "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"), "INPUT_PROGRAM": sys.executable, "INPUT_PATHS": ".",
            **inputs,
        }  # fmt: skip
        call = ["bash", str(ROOT / "ci" / "action.sh"), name]
        return subprocess.run(
            call, cwd=self.workspace, env=environment(**given), capture_output=True, text=True, check=False, timeout=300
        )

    @property
    def outputs(self) -> dict[str, str]:
        lines = (self.folder / "output").read_text("utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines)

    @property
    def summary(self) -> str:
        return (self.folder / "summary").read_text("utf-8")


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


def commands(printed: str) -> list[str]:
    """The names of the workflow commands that GitHub's runner would carry out."""
    found, token = [], ""
    for line in printed.splitlines():
        match = re.match(r"\s*::([^ :]+)(?: [^:]*)?::(.*)", line)
        if token:
            token = "" if match and match[1] == token else token
        elif match and match[1] == "stop-commands":
            token = match[2]
        elif match or "##[" in line:
            found.append(match[1] if match else line)
    assert not token, "commands stay stopped"
    return found


def test_a_gap_fails_the_step_and_is_counted_annotated_and_summarised(runner: Runner) -> None:
    (runner.workspace / "policycheck.yaml").write_text(with_a_gap(), "utf-8")
    done = runner.step()
    assert (done.returncode, done.stderr) == (1, "")
    totals = json.loads(Path(runner.outputs["report"]).read_bytes())["totals"]
    assert int(runner.outputs["blocking"]) == totals["blocking"] > 0
    assert int(runner.outputs["gaps"]) == totals["findings"]["gap"] + totals["integrity"]["gap"] > 0
    assert set(runner.outputs) == set(ACTION["outputs"])
    assert "error" in commands(done.stdout)
    assert set(commands(done.stdout)) <= {"error", "warning", "notice"}
    assert json.loads(Path(runner.outputs["sarif"]).read_bytes())["runs"][0]["results"]
    assert "corner-shop-fixed" in runner.summary


def test_a_clean_manifest_passes(runner: Runner) -> None:
    done = runner.step()
    assert (done.returncode, done.stderr) == (0, "")
    assert (runner.outputs["exit-code"], runner.outputs["blocking"], runner.outputs["manifests"]) == ("0", "0", "1")


def test_severity_and_options_reach_the_check(runner: Runner) -> None:
    (runner.workspace / "policycheck.yaml").write_text(with_a_gap(), "utf-8")
    assert runner.step(INPUT_OPTIONS="--exit-zero\n\n  --criteria\nJS23  \n").returncode == 0
    assert json.loads(Path(runner.outputs["report"]).read_bytes())["options"]["criteria"] == ["JS23"]
    assert runner.step(INPUT_FAIL_ON="high").returncode == 1
    assert runner.step(INPUT_FAIL_ON="severe").returncode == 2


def test_several_paths_one_a_line(runner: Runner) -> None:
    (runner.workspace / "two words").mkdir()
    other = CLEAN.replace("id: corner-shop-fixed", "id: other")
    (runner.workspace / "two words" / "policycheck.yaml").write_text(other, "utf-8")
    runner.step(INPUT_PATHS="policycheck.yaml\n  two words  \n", INPUT_OPTIONS="--no-evidence")
    assert runner.outputs["manifests"] == "2"


@pytest.mark.parametrize("paths", ["", " \n\t\n"])
def test_without_a_path_nothing_is_taken_for_checked(paths: str, runner: Runner) -> None:
    done = runner.step(INPUT_PATHS=paths)
    assert done.returncode == 2
    assert "paths is blank" in done.stdout


def test_a_call_that_judges_nothing_does_not_pass(runner: Runner) -> None:
    done = runner.step(INPUT_OPTIONS="--help")
    assert done.returncode == 70
    assert "before there was a report" in runner.summary


def test_a_python_without_policycheck_is_no_gap(runner: Runner) -> None:
    (runner.folder / "python").write_text(f'#!/bin/sh\nshift\nexec "{sys.executable}" -I -S "$@"\n', "utf-8")
    (runner.folder / "python").chmod(0o755)
    assert runner.step(INPUT_PROGRAM=str(runner.folder / "python")).returncode == 70


@pytest.mark.parametrize("name", ["INPUT_PATHS", "INPUT_FAIL_ON", "INPUT_OPTIONS"])
@pytest.mark.parametrize(
    "text", ["; touch pwned", "$(touch pwned)", "`touch pwned`", "x' && touch pwned '", "*", "--output=pwned"]
)
def test_an_input_is_never_a_command(name: str, text: str, runner: Runner) -> None:
    before = sorted(os.listdir(runner.workspace))
    done = runner.step(**{name: text})
    assert done.returncode == 2 or text == "--output=pwned"
    assert name == "INPUT_OPTIONS" or done.returncode == 2
    made = set(os.listdir(runner.workspace)) - set(before)
    assert made <= ({"pwned"} if (name, text) == ("INPUT_OPTIONS", "--output=pwned") else set())


def test_the_judged_repository_gives_github_no_commands(runner: Runner) -> None:
    name = "\n::set-output name=x::y\n::stop-commands::z\n##[add-path]/tmp\n"
    text = with_a_gap().replace("name: Corner Shop Ltd", f"name: {json.dumps(name)}")
    for folder in ("::add-mask::x", "::error::x"):
        (runner.workspace / folder).mkdir()
        (runner.workspace / folder / "policycheck.yaml").write_text("policycheck: 1\n::error::x: 1\n", "utf-8")
    (runner.workspace / "policycheck.yaml").write_text(text, "utf-8")
    done = runner.step()
    assert done.returncode == 3
    assert commands(done.stdout)
    assert set(commands(done.stdout)) <= {"error", "warning", "notice"}


def test_modules_of_the_judged_repository_are_not_run(runner: Runner) -> None:
    for name in ("policycheck", "json", "yaml", "secrets", "sitecustomize"):
        (runner.workspace / f"{name}.py").write_text(f"open('{runner.folder}/pwned', 'w')\n", "utf-8")
    done = runner.step(PYTHONPATH=str(runner.workspace))
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (runner.folder / "pwned").exists()


def test_every_input_arrives_through_the_environment_and_every_step_names_its_shell() -> None:
    steps = [step for step in ACTION["runs"]["steps"] if "uses" not in step]
    assert {step["shell"] for step in steps} == {"bash"}
    assert [step for step in steps if "${{" in step["run"]] == []
    every = ACTION["runs"]["steps"]
    passed = " ".join(str(value) for step in every for value in ({**step.get("env", {}), **step.get("with", {})}).values())
    passed += " ".join(step.get("if", "") for step in every)
    assert {f"inputs.{name}" for name in ACTION["inputs"]} <= set(re.findall(r"inputs\.[\w-]+", passed))


def test_findings_go_to_code_scanning_also_when_the_check_fails_and_never_decide_over_it() -> None:
    (upload,) = [step for step in ACTION["runs"]["steps"] if "uses" in step]
    assert re.fullmatch(r"github/codeql-action/upload-sarif@[0-9a-f]{40}", upload["uses"])
    assert "always()" in upload["if"]
    assert "inputs.upload-sarif == 'true'" in upload["if"]
    assert upload["continue-on-error"] is True
    assert upload["with"]["sarif_file"] == "${{ steps.check.outputs.sarif }}"


@pytest.mark.gate
def test_the_action_installs_what_is_pinned_and_then_checks(tmp_path: Path) -> None:
    runner, source = Runner(tmp_path), tmp_path / "source"
    for name in FOLDERS:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, source / name)
    given = {"RUNNER_TEMP": str(tmp_path), "GITHUB_OUTPUT": str(tmp_path / "output"), "INPUT_PYTHON": sys.executable}
    call = ["bash", str(source / "ci" / "action.sh"), "install"]
    done = subprocess.run(call, cwd=runner.workspace, env=environment(**given), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    program = runner.outputs["python"]
    assert program.startswith(str(tmp_path))
    checked = runner.step(INPUT_PROGRAM=program)
    assert checked.returncode == 0, checked.stdout
    assert int(json.loads(Path(runner.outputs["report"]).read_bytes())["totals"]["verified"]) > 0


def test_a_python_that_is_too_old_is_said(runner: Runner) -> None:
    (runner.folder / "python2").write_text("#!/bin/sh\nexit 1\n", "utf-8")
    (runner.folder / "python2").chmod(0o755)
    done = runner.step("install", INPUT_PYTHON=str(runner.folder / "python2"))
    assert done.returncode == 2
    assert "Python 3.11 or newer" in done.stdout
