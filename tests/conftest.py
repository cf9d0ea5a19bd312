"""What several tests share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import command_line


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden` writes the expected files anew; read the difference before you commit it."""
    parser.addoption("--update-golden", action="store_true", help="write expected files anew")


@pytest.fixture
def call() -> Callable[..., command_line.Done]:
    """The command line in this process."""
    return command_line.run
