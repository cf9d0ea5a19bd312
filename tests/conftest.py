"""What several tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from policycheck import data, packs
from tests import command_line


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden` writes the expected files anew; read the difference before you commit it."""
    parser.addoption("--update-golden", action="store_true", help="write expected files anew")


@pytest.fixture(scope="session", autouse=True)
def shipped_packs_are_read_once() -> Iterator[None]:
    """Reading them is most of a call in this process; a process of its own reads them as ever."""
    read = packs.shipped

    @cache
    def shipped(folder: Path) -> list[packs.Pack]:
        return read()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packs, "shipped", lambda: list(shipped(data.folder("rules"))))
        yield


@pytest.fixture
def call() -> Callable[..., command_line.Done]:
    """The command line in this process."""
    return command_line.run
