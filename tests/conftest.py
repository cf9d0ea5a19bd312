"""What several tests share."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden` writes the expected files anew; read the difference before you commit it."""
    parser.addoption("--update-golden", action="store_true", help="write expected files anew")
