"""Other people's programs for the tests: installed from npm or a package index, or said to be missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def from_npm(folder: Path, *packages: str) -> Path:
    """The folder node_modules with the packages, none of their own scripts run. Skips the test where npm cannot."""
    if not (shutil.which("npm") and shutil.which("node")):
        pytest.skip("not run: node and npm are not installed")
    call = ["npm", "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", *packages]
    _install(call, "npm", packages)
    return folder / "node_modules"


def from_pip(folder: Path, *packages: str) -> Path:
    """The folder of programs of an environment that has the packages. Skips the test where pip cannot."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True)
    _install([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *packages], "pip", packages)
    return folder / "bin"


def _install(call: list[str], tool: str, packages: tuple[str, ...]) -> None:
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"not run: {tool} cannot install {', '.join(packages)}: {done.stderr[-200:]}")
