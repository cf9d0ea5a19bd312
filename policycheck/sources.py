"""Paths in, documents out: which manifests a call means, their fragments, their root.

A manifest is `policycheck.yaml`/`.yml` or `*.policycheck.yaml`/`.yml`; a fragment `*.policycheck-part.yaml`. Below the
root no symlink is followed. Order is by path, so that output is the same on every machine.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policycheck.document import MAX_BYTES, Document, parse
from policycheck.errors import ArtefactError, NothingToCheck, UsageError
from policycheck.model import Problem

if TYPE_CHECKING:
    from policycheck.opener import Opener

SKIPPED_FOLDERS = frozenset({".git", "node_modules", ".venv"})
MAX_FRAGMENTS = 500
STDIN = "-"
_EXCLUDED = " (excluded)"
_MANIFEST = ("policycheck.yaml", "policycheck.yml")
_MANIFEST_ENDS = (".policycheck.yaml", ".policycheck.yml")
_FRAGMENT_ENDS = (".policycheck-part.yaml", ".policycheck-part.yml")


class Found:
    """What a call means: manifests in order, problems with paths, and what the walk passed over and why."""

    def __init__(self, here: Path) -> None:
        self.here = here
        self.manifests: list[Path] = []
        self.problems: list[Problem] = []
        self.skipped: list[str] = []
        self._patterns: dict[Path, list[str] | None] = {}

    def say(self, path: Path | str, message: str) -> None:
        """A problem with a whole file or folder, named from the current folder."""
        self.problems.append(Problem(self.shown(path).encode("utf-8", "backslashreplace").decode(), 0, 0, message))

    def shown(self, path: Path | str) -> str:
        """A path as a person at `here` writes it."""
        return os.path.relpath(path, self.here).replace(os.sep, "/")

    def patterns(self, manifest: Path) -> list[str] | None:
        """What a manifest includes, read once; None when it cannot be told because the manifest is not right."""
        if manifest not in self._patterns:
            try:
                document, problems = parse(_bytes(manifest), manifest.name)
                self._patterns[manifest] = None if problems else patterns_of(document)
            except OSError:
                self._patterns[manifest] = None
        return self._patterns[manifest]


def is_manifest(name: str) -> bool:
    """True for a manifest's file name."""
    return name in _MANIFEST or name.endswith(_MANIFEST_ENDS)


def is_fragment(name: str) -> bool:
    """True for a fragment's file name."""
    return name.endswith(_FRAGMENT_ENDS)


def root_of(path: Path, root: Path | None) -> Path:
    """The given root, else the nearest folder above that holds `.git`, else the manifest's folder."""
    return root if root is not None else _repository(path.parent)


@cache
def _repository(folder: Path) -> Path:
    for above in (folder, *folder.parents):
        if (above / ".git").exists():
            return above
    return folder


def find(
    paths: Iterable[str], here: Path, root: Path | None = None, excludes: Callable[[Path], bool] | None = None
) -> Found:
    """The manifests that `paths` mean: files as given, folders walked, fragments by the manifests that include them.

    `excludes` says which of the files that a walk meets are left out; one that is named is never left out. No path means
    the manifest found in `here` or above it.

    Raises UsageError for a path that does not exist and NothingToCheck when no manifest was found and nothing else is wrong.
    """
    found = Found(here)
    given = list(paths)
    for text in given:
        path = here / text
        if text == STDIN:
            found.manifests.append(Path(STDIN))
        elif os.path.isdir(path):
            _walk(path.resolve(), found, root, excludes or (lambda _: False))
        elif not os.path.exists(path):
            raise UsageError(f"{text[:200]} does not exist")
        else:
            _file(path.resolve(), found, root)
    if not given:
        _above(here, found)
    found.manifests = [path for path in dict.fromkeys(found.manifests) if _has_a_name(path, found)]
    _refuse_outside(found.manifests, root)
    if not found.manifests and not found.problems:
        where = ", ".join(given) if given else f"{here} or above it"
        hint = "one is policycheck.yaml or *.policycheck.yaml (see init)"
        hint += "" if given else "; name a folder, such as `.`, to judge those below it"
        if any(text.endswith(_EXCLUDED) for text in found.skipped):
            hint = "`exclude` of the configuration leaves out what there is (policycheck config)"
        raise NothingToCheck(f"no manifest in {where}; {hint}")
    return found


def _has_a_name(path: Path, found: Found) -> bool:
    if _is_utf8(found.shown(path)):
        return True
    found.say(path, "has a name that is not UTF-8, which no report can show; rename it")
    return False


def _is_utf8(name: str) -> bool:
    """False for what os.fsdecode makes of bytes that are not UTF-8: lone surrogates."""
    return not any("\ud800" <= char <= "\udfff" for char in name)


def _refuse_outside(manifests: Iterable[Path], root: Path | None) -> None:
    for path in manifests:
        if root is not None and str(path) != STDIN and root not in path.parents:
            raise UsageError(f"{path} is not below --root {root}")


def _above(here: Path, found: Found) -> None:
    for folder in (here, *here.parents):
        paths = [folder / name for name in _names(folder) if is_manifest(name) and os.path.isfile(folder / name)]
        for path in paths:
            _add(path, found, found.manifests)
        if paths or (folder / ".git").exists():
            return


def _names(folder: Path) -> list[str]:
    """What a folder holds, sorted; nothing when it cannot be listed."""
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _add(path: Path, found: Found, to: list[Path]) -> None:
    """A file that was found, not given: a link to one is not followed."""
    if path.is_symlink():
        found.say(path, "is a symbolic link, which is not followed; name its target")
    else:
        to.append(path)


def _file(path: Path, found: Found, root: Path | None) -> None:
    if is_fragment(path.name):
        found.manifests += _owners_or_problem(path, found, root)
    else:
        found.manifests.append(path)


def _owners_or_problem(fragment: Path, found: Found, root: Path | None) -> list[Path]:
    owners = list(_owners(fragment, found, root))
    if not owners:
        found.say(fragment, "is a fragment that no manifest includes; add it to `include` of a manifest above it")
    return owners


def _owners(fragment: Path, found: Found, root: Path | None) -> Iterator[Path]:
    """The manifests above a fragment that include it, or that are too broken to tell."""
    for folder in fragment.parents:
        for name in _names(folder):
            path = folder / name
            if is_manifest(name) and not path.is_symlink() and os.path.isfile(path):
                patterns = found.patterns(path)
                relative = fragment.relative_to(folder).as_posix()
                if patterns is None or any(_matches(relative, pattern) for pattern in patterns):
                    yield path
        if folder == root or (root is None and (folder / ".git").exists()):
            return


def _matches(relative: str, pattern: str) -> bool:
    steps, wanted = relative.split("/"), [part for part in pattern.split("/") if part not in ("", ".")]
    return len(steps) == len(wanted) and all(map(_fits, steps, wanted))


def _fits(name: str, wanted: str) -> bool:
    return fnmatchcase(name, wanted) and not (name.startswith(".") and not wanted.startswith("."))


def _walk(top: Path, found: Found, root: Path | None, excludes: Callable[[Path], bool]) -> None:
    manifests: list[Path] = []
    fragments: list[Path] = []

    def say(error: OSError) -> None:
        found.say(error.filename, f"cannot be searched: {error.strerror}")

    for at, folders, files in os.walk(top, onerror=say):
        folders[:] = [name for name in sorted(folders) if not _is_passed_over(at, name, found)]
        for name in files:
            if (is_manifest(name) or is_fragment(name)) and excludes(Path(at, name)):
                found.skipped.append(f"{os.path.join(at, name)}{_EXCLUDED}")
            elif is_manifest(name):
                _add(Path(at, name), found, manifests)
            elif is_fragment(name):
                _add(Path(at, name), found, fragments)
    found.manifests += sorted(manifests)
    for fragment in sorted(fragments):
        found.manifests += [owner for owner in _owners_or_problem(fragment, found, root) if not excludes(owner)]


def _is_passed_over(at: str, name: str, found: Found) -> bool:
    path = os.path.join(at, name)
    is_link = os.path.islink(path)
    if is_link or name in SKIPPED_FOLDERS:
        found.skipped.append(f"{path} ({'a link' if is_link else 'never searched'})")
        return True
    return False


def patterns_of(document: Document) -> list[str]:
    """The include patterns of a manifest, as far as they are text."""
    return [pattern for _, pattern in _included_patterns(document)]


def _included_patterns(document: Document) -> list[tuple[int, str]]:
    wanted = document.data.get("include") if isinstance(document.data, dict) else None
    return [(i, p) for i, p in enumerate(wanted) if isinstance(p, str)] if isinstance(wanted, list) else []


def read_manifest(path: Path, shown: str, root: Path) -> tuple[Document, list[Problem], list[Document]]:
    """Read a manifest and its fragments. `shown` is its name in places, from the root.

    Returns the main document, the problems of all files, and the fragments; `merge` puts them together when there are
    no problems.
    """
    try:
        raw = _bytes(path)
    except OSError as error:
        return Document(), [Problem(shown, 0, 0, f"cannot be read: {error.strerror or error}")], []
    document, problems = parse(raw, shown)
    fragments: list[Document] = []
    if not problems:
        for at, name in _included(document, shown, root, problems):
            fragment, found = parse(at, name)
            fragments.append(fragment)
            problems += found
    return document, problems, fragments


def _bytes(path: Path) -> bytes:
    """The file's bytes, at most one more than is allowed. Raises OSError, also for what is no regular file."""
    if str(path) == STDIN:
        return _standard_input()
    # Without O_NONBLOCK, opening a pipe that nobody writes to waits forever.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("it is not a regular file (- reads standard input)")
        return file.read(MAX_BYTES + 1)


def _standard_input() -> bytes:
    import sys

    if sys.stdin is None:
        raise OSError("standard input is closed")
    return sys.stdin.buffer.read(MAX_BYTES + 1)


def _included(document: Document, shown: str, root: Path, problems: list[Problem]) -> Iterator[tuple[bytes, str]]:
    patterns = _included_patterns(document)
    if not patterns:
        return
    from policycheck.opener import Opener

    folder, opener = shown.rpartition("/")[0], Opener(root)
    seen: dict[str, bytes] = {}
    for index, pattern in patterns:
        place = document.locate(document.data["include"], index)
        line, column = (place.line, place.column) if place else (0, 0)

        def say(message: str, line: int = line, column: int = column, pattern: str = pattern) -> None:
            problems.append(Problem(shown, line, column, f"include {pattern[:200]!r}: {message}"))

        _expand(pattern, folder, opener, seen, say)
        if len(seen) > MAX_FRAGMENTS:
            say(f"brings in more than {MAX_FRAGMENTS} fragments")
            return
    yield from ((raw, name) for name, raw in sorted(seen.items()))


def _expand(pattern: str, folder: str, opener: Opener, seen: dict[str, bytes], say: Callable[[str], None]) -> None:
    """Read the fragments a pattern means into `seen`, by path from the root."""
    if pattern.startswith("/") or "\\" in pattern or ".." in pattern.split("/") or "**" in pattern:
        say("only relative patterns below the manifest's folder are allowed, without .., ** or \\")
        return
    try:
        names = opener.matching(f"{folder}/{pattern}" if folder and pattern.strip() else pattern)
    except ArtefactError as error:
        say(str(error))
        return
    if not names:
        say("matches no file")
    for name in names[: MAX_FRAGMENTS + 1]:
        if not _is_utf8(name):
            say("matches a name that is not UTF-8; rename the file")
        elif is_manifest(name.rpartition("/")[2]):
            say(f"{name} is a manifest; only fragments (*.policycheck-part.yaml) are included")
        elif not is_fragment(name):
            say(f"{name} is not a fragment; fragments are called *.policycheck-part.yaml")
        elif name not in seen:
            _read_fragment(name, opener, seen, say)


def _read_fragment(name: str, opener: Opener, seen: dict[str, bytes], say: Callable[[str], None]) -> None:
    try:
        seen[name] = opener.read(name, cap=MAX_BYTES).data
    except ArtefactError as error:
        say(str(error))


def merge(document: Document, fragments: Iterable[Document]) -> list[Problem]:
    """Put fragments into their manifest: lists are concatenated, anything else written twice is a problem.

    A section that one file leaves blank is no "none" because another says `[]`: the question stays.
    """
    problems = []
    for fragment in fragments:
        document.absorb(fragment)
        for key, value in fragment.data.items():
            mine = document.data.get(key)
            if key not in document.data or _takes_over(value, mine):
                document.adopt(key, value, fragment)
            elif value is None or mine is None:
                continue
            elif isinstance(mine, list) and isinstance(value, list):
                document.extend(key, value, fragment)
            else:
                first, here = document.locate_key(document.data, key), fragment.locate_key(fragment.data, key)
                assert first is not None and here is not None
                message = f"{key} is already written at {first.path}:{first.line}; only lists may be spread over files"
                problems.append(Problem(here.path, here.line, here.column, message))
    return problems


def _takes_over(value: Any, mine: Any) -> bool:
    """Whether a fragment's section stands instead of the manifest's: an answer for a blank, a blank for a mere `[]`."""
    return value not in (None, []) if mine is None else value is None and mine == []
