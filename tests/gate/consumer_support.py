"""A repository of somebody who uses policycheck, made anew for a test, and the tools that run hooks in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from .traps_support import CLEAN, EXAMPLE, ROOT, TODAY

FOLDERS = ("ci", "policycheck", "rules", "schemas", "templates")
FILES = (
    "action.yml", "Containerfile", "hatch_build.py", "LICENSE", "NOTICE", ".pre-commit-hooks.yaml", "pyproject.toml",
    "README.md",
)  # fmt: skip
_GIT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_AUTHOR_DATE": f"{TODAY} +0000"}
_WHO = {f"GIT_{role}_{what}": f"{what}@shop.example" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def environment(**more: str) -> dict[str, str]:
    """Ours, without what a surrounding git or hook has set, at the day on which the example passes."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "PRE_COMMIT", "PREK_"))}
    return {**kept, **_GIT, **_WHO, "SOURCE_DATE_EPOCH": TODAY, "PYTHONIOENCODING": "utf-8", **more}


def program(name: str) -> str | None:
    """A tool beside our Python, or on the path."""
    beside = str(Path(sys.executable).parent)
    return shutil.which(name, path=os.pathsep.join([beside, os.environ["PATH"]]))


def git(folder: Path, *arguments: str) -> str:
    call = ["git", *arguments]
    done = subprocess.run(call, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def documented(heading: str) -> Any:
    """The first block of YAML below a heading of docs/ci.md, as a reader copies it."""
    page = (ROOT / "docs" / "ci.md").read_text("utf-8")
    found = re.search(rf"^## {re.escape(heading)}\n.*?```yaml\n(.*?)```", page, re.DOTALL | re.MULTILINE)
    assert found, heading
    # To YAML 1.1 the key `on` of a workflow is a boolean; to GitHub it is a word.
    return {"on" if key is True else key: value for key, value in yaml.safe_load(found[1]).items()}


def publish(folder: Path) -> str:
    """Put what hooks, action, component and image take from this checkout into a repository; returns its commit."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "as it is")
    return git(folder, "rev-parse", "HEAD")


class Consumer:
    """A git repository with a manifest that passes, and one of the tools to run hooks in it."""

    def __init__(self, folder: Path, tool: str, home: dict[str, str]) -> None:
        self.folder, self.tool, self._home = folder, tool, home
        shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
        git(folder, "init", "--quiet")

    def configure(self, source: Path, commit: str, hooks: dict[str, list[str] | None]) -> None:
        """Use the given hooks; a list is what `args` says."""
        lines = ["repos:", f"  - repo: '{source}'", f"    rev: {commit}", "    hooks:"]
        for name, arguments in hooks.items():
            lines += [f"      - id: {name}"] + ([f"        args: {arguments}"] if arguments is not None else [])
        self.write(".pre-commit-config.yaml", "\n".join(lines) + "\n")

    def write(self, path: str, text: str) -> None:
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")

    def commit(self) -> None:
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--message", "as it is")

    def stage(self) -> None:
        git(self.folder, "add", "--all")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The hooks, for what is staged."""
        call = [self.tool, "run", "--color", "never", *arguments]
        return subprocess.run(
            call, cwd=self.folder, env=environment(**self._home), capture_output=True, text=True, check=False, timeout=600
        )


def with_a_part() -> dict[str, str]:
    """The clean manifest, which includes a fragment that adds nothing yet."""
    manifest = CLEAN.replace("policycheck: 1\n", "policycheck: 1\ninclude: [parts/*.policycheck-part.yaml]\n", 1)
    return {"policycheck.yaml": manifest, "parts/web.policycheck-part.yaml": "surfaces: []\n"}
