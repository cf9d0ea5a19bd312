"""What several tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from policycheck import data, packs
from tests import command_line


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden` writes the expected files anew; read the difference before you commit it."""
    parser.addoption("--update-golden", action="store_true", help="write expected files anew")


@pytest.fixture(scope="session", autouse=True)
def shipped_packs_are_read_once() -> Iterator[None]:
    """Reading and checking them is most of a call in this process; a process of its own does so as ever.

    One run holds all its manifests against the same criteria, so calls may share them, too.
    """
    read, load = packs.shipped, packs.load

    @cache
    def shipped(folder: Path) -> list[packs.Pack]:
        return read()

    @cache
    def criteria(folder: Path, shipped: object, schema: int, chosen: tuple[str, ...]) -> packs.Criteria:
        return load((), schemas[schema], chosen)

    schemas: dict[int, Mapping[str, Any]] = {}

    def loaded(places: Iterable[Path], schema: Mapping[str, Any], chosen: tuple[str, ...] = ()) -> packs.Criteria:
        if places := tuple(places):
            return load(places, schema, chosen)
        schemas[id(schema)] = schema
        return criteria(data.folder("rules"), packs.shipped, id(schema), chosen)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packs, "shipped", lambda: list(shipped(data.folder("rules"))))
        patch.setattr(packs, "load", loaded)
        yield


@pytest.fixture
def call() -> Callable[..., command_line.Done]:
    """The command line in this process."""
    return command_line.run
