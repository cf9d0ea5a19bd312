"""A bundle on its way: a folder beside its place, put there when it is whole, or not at all."""

from __future__ import annotations

import os
from contextlib import contextmanager
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from policycheck.errors import ArtefactError, UsageError
from policycheck.opener import Opener
from policycheck.seal import contents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

_FOLDER_MODE, _FILE_MODE = 0o755, 0o644


class Draft:
    """A folder that becomes the one at `place` with `commit`. Leaving the `with` before that removes it.

    Raises UsageError where `place` is in use: by anything, or, with `force`, by what is no bundle.
    """

    def __init__(self, place: str, *, force: bool = False) -> None:
        self.shown, self._force = place, force
        self._place = Path(os.path.realpath(place))
        #: The sha256 (hex) of each file, by name.
        self.digests: dict[str, str] = {}

    def __enter__(self) -> Self:
        from tempfile import mkdtemp

        self._refuse_occupied()
        if not self._place.parent.is_dir():
            raise UsageError(f"--bundle {self.shown}: the folder {self._place.parent} does not exist")
        with self._told():
            self._aside = Path(mkdtemp(dir=self._place.parent, prefix=f".{self._place.name[:40]}."))
        self._former = self._aside.with_name(f"{self._aside.name}.former")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._former.exists() and not self._place.exists():
            os.rename(self._former, self._place)
        _remove(self._aside)
        _remove(self._former)

    def _refuse_occupied(self) -> None:
        if not os.path.lexists(self._place):
            return
        if not self._place.is_dir():
            raise UsageError(f"--bundle {self.shown} is there and is no folder")
        with self._told():
            strangers = _strangers(self._place)
        if strangers is None:
            return
        if not self._force:
            raise UsageError(f"--bundle {self.shown} is not empty; --force replaces an earlier bundle")
        if strangers:
            why = "holds what is not of a bundle, or was changed since, and is left alone"
            raise UsageError(f"--bundle {self.shown} {why}: {strangers[0]}")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UsageError(f"--bundle {self.shown} cannot be written: {(error.strerror or str(error)).lower()}") from error

    @contextmanager
    def file(self, name: str) -> Iterator[File]:
        """A new file of the bundle. One that ends in an error is not of it."""
        path = self._aside / name
        with self._told():
            opened = File(path.open("xb"))
        try:
            with self._told(), opened.raw:
                yield opened
                opened.raw.flush()
                os.fsync(opened.raw.fileno())
                os.chmod(path, _FILE_MODE)
        except BaseException:
            path.unlink()
            raise
        self.digests[name] = opened.digest.hexdigest()

    def add(self, name: str, data: bytes) -> None:
        """A file of which all bytes are known."""
        with self.file(name) as file:
            file.write(data)

    def commit(self) -> None:
        """Put the folder in its place. An earlier one goes when this one stands there, and comes back if it cannot."""
        with self._told():
            os.chmod(self._aside, _FOLDER_MODE)
            self._refuse_occupied()
            if self._place.is_dir():
                os.rename(self._place, self._former)
            os.rename(self._aside, self._place)


class File:
    """An open file that is digested as it is written."""

    def __init__(self, raw: Any) -> None:
        self.raw, self.digest = raw, sha256()

    def write(self, data: bytes) -> None:
        """Add bytes."""
        self.digest.update(data)
        self.raw.write(data)


def _strangers(folder: Path) -> list[str] | None:
    """What in a folder is not of a bundle, or not as it was sealed; None where there is nothing at all.

    SHA256SUMS alone makes no bundle: releases of others have one, too.
    """
    names = sorted(os.listdir(folder))
    if not names:
        return None
    try:
        listed = contents.read_sums(Opener(folder).read(contents.SUMS, cap=contents.MOST_SUMS).data)
    except (ArtefactError, ValueError):
        return names
    if not contents.ALWAYS.issubset(listed):
        return [name for name in names if name != contents.SUMS] or names
    return [name for name in names if name != contents.SUMS and not _is_as_listed(folder / name, listed.get(name))]


def _is_as_listed(path: Path, digest: str | None) -> bool:
    if digest is None or path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest() == digest


def _remove(folder: Path) -> None:
    """Remove a folder of files; one that is gone is removed."""
    from shutil import rmtree

    rmtree(folder, ignore_errors=True)
