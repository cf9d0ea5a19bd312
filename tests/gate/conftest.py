"""What the tests of the hooks share: this checkout as a repository of hooks, and each tool's folder of environments."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .consumer_support import Consumer, program, publish

HOOKS: dict[str, list[str] | None] = {"policycheck-validate": None, "policycheck": None, "policycheck-evidence": None}
#: What pip, uv and prek say when a package index or a download cannot be reached: no fault of the hooks.
UNREACHABLE = re.compile(r"(?:Failed to (?:fetch|download|install uv)|Could not find a version|error sending request)[^\n]*")
HOMES = {"pre-commit": "PRE_COMMIT_HOME", "prek": "PREK_HOME"}


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Where the hooks come from, and at which commit."""
    folder = tmp_path_factory.mktemp("hooks")
    return folder, publish(folder)


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("homes")


@pytest.fixture(scope="session", params=sorted(HOMES))
def tool(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, homes: Path, published: tuple[Path, str]
) -> tuple[str, dict[str, str]]:
    """One of the tools and its folder, its environments made. Not run where what it downloads is out of reach."""
    found = program(request.param)
    if found is None:
        pytest.skip(f"not run: {request.param} is not installed")
    home = {HOMES[request.param]: str(homes / request.param)}
    first = Consumer(tmp_path_factory.mktemp("first") / "repository", found, home)
    first.configure(*published, dict(HOOKS))
    first.stage()
    done = first.run()
    said = UNREACHABLE.search(done.stdout + done.stderr)
    if done.returncode and said:
        pytest.skip(f"not run: {request.param} cannot make its environments: {said[0]}")
    return found, home


@pytest.fixture
def consumer(tmp_path: Path, tool: tuple[str, dict[str, str]], published: tuple[Path, str]) -> Consumer:
    """A repository that uses all three hooks, once with each tool."""
    made = Consumer(tmp_path / "repository", *tool)
    made.configure(*published, dict(HOOKS))
    return made
