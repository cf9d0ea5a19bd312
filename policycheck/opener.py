"""The only file that opens artefacts: below one root, through no symlink, regular files, capped.

Every component of a path is opened relative to the folder before it, so that nothing can be swapped between a
check and its use; no path is resolved and then trusted.
"""

from __future__ import annotations

import errno
import fnmatch
import os
import re
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from policycheck.errors import ArtefactError
from policycheck.model import Artefact

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: The largest artefact read, in bytes, unless the caller says otherwise.
CAP = 4 * 1024 * 1024
#: The most files one pattern may bring in; more is refused, never cut short.
MATCHES = 1000

#: What is read at a time of a file that is only digested, in bytes.
_PIECE = 1024 * 1024
_MAGIC = re.compile(r"[*?\[]")
_DRIVE = re.compile(r"[A-Za-z]:")
_UNIX_FLAGS = ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_DIRECTORY")
_SAFE = os.open in os.supports_dir_fd and all(hasattr(os, name) for name in _UNIX_FLAGS)
_FILE = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC"))
_FOLDER = _FILE | getattr(os, "O_DIRECTORY", 0)


class Opened(NamedTuple):
    """One artefact as it was read: path from the root, bytes, and the sha256 (hex) and size of just these."""

    path: str
    data: bytes
    sha256: str
    size: int


def relative(base_dir: str, path: str) -> str:
    """The path from the root of `path` as written in a file that stands in `base_dir` (itself from the root).

    Purely lexical: the file system is not asked. Raises ArtefactError for what is absolute, names a drive,
    holds a NUL or a backslash, or climbs above the root at any moment, even if it would come back.
    """
    _refuse_foreign(path)
    walked = _components(base_dir)
    for part in path.split("/"):
        if part == ".." and not walked:
            raise ArtefactError(f"{path} climbs above the root")
        if part == "..":
            walked.pop()
        elif part not in ("", "."):
            walked.append(part)
    return "/".join(walked)


def is_possible() -> bool:
    """Whether this platform can open files without following links; where it cannot, everything here refuses."""
    return _SAFE


class Opener:
    """Reads artefacts below `root` and keeps the ledger of what was read in `opened`, by path from the root.

    The root itself may be reached through a symlink (the caller has decided on it); nothing below it may.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.opened: dict[str, Artefact] = {}

    relative = staticmethod(relative)

    def read(self, relative: str, *, cap: int = CAP) -> Opened:
        """The whole of one regular file of at most `cap` bytes, at a path from the root.

        Raises ArtefactError, with one sentence that says why, for everything else.
        """
        parts = _refuse_unsafe(relative)
        with (
            _folder(self.root, parts[:-1]) as folder,
            _opened(parts[-1], _FILE, folder, "/".join(parts)) as file,
        ):
            data = _bounded(file, "/".join(parts), cap)
        # OpenSSL's is the faster one for what may be large; who reads manifests alone does not load it.
        import hashlib

        opened = Opened("/".join(parts), data, hashlib.sha256(data).hexdigest(), len(data))
        self.opened[opened.path] = Artefact(opened.path, opened.size, opened.sha256)
        return opened

    def digest(self, relative: str, *, cap: int) -> str:
        """The sha256 (hex) of a regular file of at most `cap` bytes, which is not kept in memory. Raises as `read` does."""
        import hashlib

        parts = _refuse_unsafe(relative)
        shown, found = "/".join(parts), hashlib.sha256()
        with _folder(self.root, parts[:-1]) as folder, _opened(parts[-1], _FILE, folder, shown) as file:
            for piece in _pieces(file, shown, cap):
                found.update(piece)
        return found.hexdigest()

    def matching(self, pattern: str) -> tuple[str, ...]:
        """The paths from the root that exist and fit `pattern`, sorted.

        `*`, `?` and `[...]` stay within a component; a pattern without them gives its one path, or nothing. A
        name that begins with a dot has to be written so.
        Raises ArtefactError where a path in the pattern is unsafe or runs through a symlink.
        """
        found: list[str] = [""]
        parts = _refuse_unsafe(pattern)
        for at, part in enumerate(parts):
            is_inner = at + 1 < len(parts)
            found = [f"{folder}/{name}" for folder in found for name in self._fitting(folder, part, is_inner=is_inner)]
            if len(found) > MATCHES:
                raise ArtefactError(f"{pattern} fits more than {MATCHES} files")
        return tuple(sorted(path.removeprefix("/") for path in found))

    def _fitting(self, folder: str, part: str, *, is_inner: bool) -> list[str]:
        """The names in `folder` that fit one component of a pattern; an inner one cannot mean plain files."""
        with _folder(self.root, _components(folder)) as descriptor:
            names = [name for name in _names(descriptor) if _fits(name, part)]
            return [name for name in names if not is_inner or not _is_file(name, descriptor)]


def _components(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


def _refuse_foreign(path: str) -> None:
    """Refuse what is not a relative path with forward slashes on every platform."""
    if not path.strip():
        raise ArtefactError("the path is blank, or the folder itself; name a file")
    if "\0" in path:
        raise ArtefactError("the path holds a NUL character")
    if path.startswith("/"):
        raise ArtefactError(f"{path} is an absolute path; write it from the manifest's folder")
    if "\\" in path or _DRIVE.match(path):
        raise ArtefactError(f"{path} is a Windows path; write it with forward slashes and without a drive")


def _refuse_unsafe(path: str) -> list[str]:
    """The components of a path from the root, once its words lead neither out of it nor into git's files."""
    _refuse_foreign(path)
    parts = _components(path)
    if ".." in parts:
        raise ArtefactError(f"{path} climbs above the root")
    if any(part.casefold() in (".git", "git~1") for part in parts):
        raise ArtefactError(f"{path} lies in .git, where no artefact is read")
    if not parts:
        raise ArtefactError(f"{path} is the root itself, not a file")
    return parts


@contextmanager
def _folder(root: Path, parts: list[str]) -> Iterator[int]:
    """A descriptor of the folder at `parts` below the root, reached one component at a time."""
    if not _SAFE:
        raise ArtefactError("this platform cannot open files without following links, so no artefact is read")
    descriptor = _open(os.fspath(root), _FOLDER & ~os.O_NOFOLLOW, None, "the root")
    try:
        for at, part in enumerate(parts):
            inner = _open(part, _FOLDER, descriptor, "/".join(parts[: at + 1]))
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _opened(name: str, flags: int, folder: int, shown: str) -> Iterator[int]:
    descriptor = _open(name, flags, folder, shown)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _open(name: str, flags: int, folder: int | None, shown: str) -> int:
    try:
        return os.open(name, os.O_RDONLY | flags, dir_fd=folder)
    except UnicodeError:
        raise ArtefactError("the path holds characters that no file name can have") from None
    except OSError as error:
        raise ArtefactError(_reason(error, name, folder, shown)) from None


def _reason(error: OSError, name: str, folder: int | None, shown: str) -> str:
    """Why one component could not be opened, in a sentence. Platforms differ in the error for a symlink."""
    if folder is not None and _kind(name, folder) == stat.S_IFLNK:
        return f"{shown} is a symbolic link, and none is followed"
    if error.errno == errno.ENOENT:
        return f"{shown} does not exist"
    if error.errno == errno.ENOTDIR:
        return f"{shown} is not a folder"
    if error.errno in (errno.ENXIO, errno.EOPNOTSUPP):
        return f"{shown} is not a regular file"
    return f"{shown} cannot be opened: {_said(error)}"


def _said(error: OSError) -> str:
    return (error.strerror or "the system gives no reason").lower()


def _kind(name: str, folder: int) -> int:
    """The file type bits of a name, of the link itself where it is one; 0 when it cannot be told.

    For messages and patterns only: between this and an open the name may be swapped.
    """
    try:
        return stat.S_IFMT(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except (OSError, ValueError):
        return 0


def _bounded(descriptor: int, shown: str, cap: int) -> bytes:
    """The bytes of an open regular file. Size is asked first and the read is bounded too: files can grow."""
    size = _size(descriptor, shown)
    data = b"" if size > cap else _read_up_to(descriptor, cap + 1, shown)
    _refuse_above(cap, max(size, len(data)), shown)
    return data


def _pieces(descriptor: int, shown: str, cap: int) -> Iterator[bytes]:
    """The same, a piece at a time."""
    _refuse_above(cap, _size(descriptor, shown), shown)
    done = 0
    while piece := _read_up_to(descriptor, _PIECE, shown):
        done += len(piece)
        _refuse_above(cap, done, shown)
        yield piece


def _size(descriptor: int, shown: str) -> int:
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode):
        raise ArtefactError(f"{shown} is not a regular file")
    return about.st_size


def _refuse_above(cap: int, size: int, shown: str) -> None:
    if size > cap:
        raise ArtefactError(f"{shown} is larger than {cap} bytes, the most that is read")


def _read_up_to(descriptor: int, most: int, shown: str) -> bytes:
    try:
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(most)
    except OSError as error:
        raise ArtefactError(f"{shown} cannot be read: {_said(error)}") from None


def _names(descriptor: int) -> list[str]:
    try:
        return sorted(os.listdir(descriptor))
    except OSError as error:
        raise ArtefactError(f"a folder cannot be listed: {_said(error)}") from None


def _fits(name: str, part: str) -> bool:
    if not _MAGIC.search(part):
        return name == part
    return fnmatch.fnmatchcase(name, part) and not (name.startswith(".") and not part.startswith("."))


def _is_file(name: str, folder: int) -> bool:
    return _kind(name, folder) == stat.S_IFREG
