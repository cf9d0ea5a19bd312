"""What the tests of the hooks share: this checkout as a repository of hooks, and each tool's folder of environments."""

from __future__ import annotations

from pathlib import Path

import pytest

from .consumer_support import Consumer, program, publish

HOMES = {"pre-commit": "PRE_COMMIT_HOME", "prek": "PREK_HOME"}


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Where the hooks come from, and at which commit."""
    folder = tmp_path_factory.mktemp("hooks")
    return folder, publish(folder)


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("homes")


@pytest.fixture(params=sorted(HOMES))
def consumer(request: pytest.FixtureRequest, tmp_path: Path, homes: Path, published: tuple[Path, str]) -> Consumer:
    """A repository that uses all three hooks, once with each tool."""
    tool = program(request.param)
    if tool is None:
        pytest.skip(f"{request.param} is not installed")
    made = Consumer(tmp_path / "repository", tool, {HOMES[request.param]: str(homes / request.param)})
    made.configure(*published, {"policycheck-validate": None, "policycheck": None, "policycheck-evidence": None})
    return made
