"""What the tests of bundles share: one judged repository, keys, and the command line in this process."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests import command_line

from .sealing import AS_OF, CRITERIA, ROOT, key_pair

Call = Callable[..., tuple[int, str, str]]


class Place(NamedTuple):
    """A repository with `report.json`, and beside it the keys of two people, of whom the first one signs."""

    repository: Path
    keys: Path
    signed: Path
    unsigned: Path

    @property
    def private(self) -> str:
        return str(self.keys / "first.pem")

    @property
    def public(self) -> str:
        return str(self.keys / "first.pub.pem")

    @property
    def other(self) -> str:
        return str(self.keys / "second.pub.pem")


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    made = tmp_path_factory.mktemp("sealed")
    found = Place(made / "repository", made / "keys", made / "signed", made / "unsigned")
    shutil.copytree(ROOT / "examples" / "corner-shop", found.repository / "corner-shop")
    shutil.copytree(ROOT / "examples" / "tern-ai", found.repository / "tern-ai")
    found.keys.mkdir()
    for number, name in enumerate(("first", "second"), 1):
        key_pair(found.keys, name, number)
    words = ("check", ".", "--root", ".", *CRITERIA, "--as-of", AS_OF, "--output", "json=report.json")
    assert command_line.run(found.repository, *words).returncode == 1
    for folder, key in ((found.signed, ("--key", found.private)), (found.unsigned, ())):
        words = ("report", "report.json", "--bundle", str(folder), "-q", *key)
        assert command_line.run(found.repository, *words) == (0, "", "")
    return found


@pytest.fixture
def signed(place: Place, tmp_path: Path) -> Path:
    """A signed bundle to be tampered with."""
    return Path(shutil.copytree(place.signed, tmp_path / "bundle"))


@pytest.fixture
def unsigned(place: Place, tmp_path: Path) -> Path:
    return Path(shutil.copytree(place.unsigned, tmp_path / "bundle"))
