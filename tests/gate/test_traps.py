"""The twelve traps through the command line, the hooks' command lines and the script of the GitHub Action."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from .consumer_support import environment
from .traps_support import EXAMPLE, ROOT, TRAPS, Trap

HOOKS = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    shutil.copytree(EXAMPLE, folder)
    (folder / ".git").mkdir()
    return folder


def lay(trap: Trap, repository: Path) -> None:
    """Put the trap where the manifest was."""
    if trap.text is None:
        (repository / "policycheck.yaml").unlink()
    else:
        (repository / "policycheck.yaml").write_text(trap.text(), "utf-8")


def call(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "policycheck", *words]
    return subprocess.run(line, cwd=folder, env=environment(), capture_output=True, text=True, check=False, timeout=30)


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_on_the_command_line(trap: Trap, repository: Path) -> None:
    lay(trap, repository)
    done = call(repository, "check", ".")
    assert done.returncode == trap.code
    assert trap.says in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("hook", sorted(HOOKS))
@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_in_a_hook(trap: Trap, hook: str, repository: Path) -> None:
    lay(trap, repository)
    words = [*shlex.split(HOOKS[hook]["entry"])[1:], *HOOKS[hook].get("args", [])]
    if HOOKS[hook].get("pass_filenames", True):
        if trap.text is None:
            pytest.skip("without a manifest there is no file name for this hook; policycheck-evidence always runs")
        words.append("policycheck.yaml")
    done = call(repository, *words)
    judged = hook != "policycheck-validate" or trap.code != 1
    assert done.returncode == (trap.code if judged else 0)
    assert trap.says in done.stdout + done.stderr or not judged


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_in_the_action(trap: Trap, repository: Path, tmp_path: Path) -> None:
    lay(trap, repository)
    files = {"GITHUB_OUTPUT": str(tmp_path / "output"), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
    inputs = {"INPUT_PROGRAM": sys.executable, "INPUT_PATHS": ".", "RUNNER_TEMP": str(tmp_path)}
    line = ["bash", str(ROOT / "ci" / "action.sh"), "check"]
    done = subprocess.run(
        line, cwd=repository, env=environment(**files, **inputs), capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == trap.code, done.stdout + done.stderr
    assert trap.says in done.stdout
    assert f"exit-code={trap.code}\n" in (tmp_path / "output").read_text("utf-8")
    assert (tmp_path / "summary").read_text("utf-8").strip()
