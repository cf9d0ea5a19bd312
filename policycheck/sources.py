"""Paths in, documents out: which manifests a call means, their fragments, their root.

A manifest is `policycheck.yaml`/`.yml` or `*.policycheck.yaml`/`.yml`; a fragment `*.policycheck-part.yaml`. Below the
root no symlink is followed. Order is by path, so that output is the same on every machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from policycheck.document import MAX_BYTES, Document, parse
from policycheck.errors import NothingToCheck, UsageError
from policycheck.model import Problem

SKIPPED_FOLDERS = frozenset({".git", "node_modules", ".venv"})
MAX_FRAGMENTS = 500
STDIN = "-"
_MANIFEST = ("policycheck.yaml", "policycheck.yml")
_MANIFEST_ENDS = (".policycheck.yaml", ".policycheck.yml")
_FRAGMENT_ENDS = (".policycheck-part.yaml", ".policycheck-part.yml")


class Found:
    """What a call means: manifests in order, problems with paths, and what the walk passed over and why."""

    def __init__(self) -> None:
        self.manifests: list[Path] = []
        self.problems: list[Problem] = []
        self.skipped: list[str] = []


def is_manifest(name: str) -> bool:
    """True for a manifest's file name."""
    return name in _MANIFEST or name.endswith(_MANIFEST_ENDS)


def is_fragment(name: str) -> bool:
    """True for a fragment's file name."""
    return name.endswith(_FRAGMENT_ENDS)


def root_of(path: Path, root: Path | None) -> Path:
    """The given root, else the nearest folder above that holds `.git`, else the manifest's folder."""
    if root is not None:
        return root
    folder = path.parent
    for above in (folder, *folder.parents):
        if (above / ".git").exists():
            return above
    return folder


def find(paths: Iterable[str], here: Path, root: Path | None = None) -> Found:
    """The manifests that `paths` mean: files as given, folders walked, fragments by the manifests that include them.

    No path means the manifest found in `here` or above it. Raises UsageError for a path that does not exist and
    NothingToCheck when no manifest was found and nothing else is wrong.
    """
    found = Found()
    given = list(paths)
    for text in given:
        path = here / text
        if text == STDIN:
            found.manifests.append(Path(STDIN))
        elif path.is_dir():
            _walk(path.resolve(), found, root)
        elif not path.exists():
            raise UsageError(f"{text} does not exist")
        else:
            _file(path.resolve(), found, root)
    if not given:
        found.manifests += _above(here)
    found.manifests = list(dict.fromkeys(found.manifests))
    if not found.manifests and not found.problems:
        where = ", ".join(given) if given else f"{here} or above it"
        raise NothingToCheck(f"no manifest in {where}; a manifest is policycheck.yaml or *.policycheck.yaml (policycheck init)")
    return found


def _above(here: Path) -> list[Path]:
    for folder in (here, *here.parents):
        names = sorted(p.name for p in folder.iterdir() if is_manifest(p.name) and p.is_file())
        if names:
            return [folder / name for name in names]
        if (folder / ".git").exists():
            break
    return []


def _file(path: Path, found: Found, root: Path | None) -> None:
    if not is_fragment(path.name):
        found.manifests.append(path)
        return
    owners = _owners(path, root_of(path, root))
    if not owners:
        found.problems.append(_orphan(path))
    found.manifests += owners


def _orphan(path: Path) -> Problem:
    return Problem(str(path), 0, 0, "is a fragment that no manifest includes; add it to `include` of a manifest above it")


def _owners(fragment: Path, root: Path) -> list[Path]:
    owners = []
    for folder in (fragment.parent, *fragment.parent.parents):
        if root != folder and root not in folder.parents:
            break
        for path in sorted(folder.iterdir()):
            if is_manifest(path.name) and not path.is_symlink() and _includes(path, fragment):
                owners.append(path)
    return owners


def _includes(manifest: Path, fragment: Path) -> bool:
    patterns = patterns_of(parse(manifest.read_bytes()[: MAX_BYTES + 1], manifest.name)[0])
    relative = fragment.relative_to(manifest.parent).as_posix()
    return any(_matches(relative, pattern) for pattern in patterns)


def _matches(relative: str, pattern: str) -> bool:
    steps, wanted = relative.split("/"), pattern.removeprefix("./").split("/")
    return len(steps) == len(wanted) and all(fnmatchcase(s, w) for s, w in zip(steps, wanted, strict=True))


def _walk(folder: Path, found: Found, root: Path | None) -> None:
    fragments: list[Path] = []
    before = len(found.manifests)
    for at, folders, files in os.walk(folder):
        keep = []
        for name in sorted(folders):
            link = os.path.islink(os.path.join(at, name))
            if name in SKIPPED_FOLDERS or link:
                found.skipped.append(f"{os.path.join(at, name)} ({'a link' if link else 'never searched'})")
            else:
                keep.append(name)
        folders[:] = keep
        for name in sorted(files):
            path = Path(at, name)
            if not (is_manifest(name) or is_fragment(name)):
                continue
            if path.is_symlink():
                found.problems.append(Problem(str(path), 0, 0, "is a symbolic link, which is not followed; name its target"))
            else:
                (fragments if is_fragment(name) else found.manifests).append(path)
    found.manifests[before:] = sorted(found.manifests[before:])
    for fragment in fragments:
        owners = _owners(fragment, root_of(fragment, root))
        if not owners:
            found.problems.append(_orphan(fragment))
        found.manifests += [owner for owner in owners if owner not in found.manifests]


def patterns_of(document: Document) -> list[str]:
    """The include patterns of a manifest, as far as they are text."""
    wanted = document.data.get("include") if isinstance(document.data, dict) else None
    return [p for p in wanted if isinstance(p, str)] if isinstance(wanted, list) else []


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
        for at, name in _included(document, path, shown, root, problems):
            fragment, found = parse(at, name)
            fragments.append(fragment)
            problems += found
    return document, problems, fragments


def _bytes(path: Path) -> bytes:
    if str(path) == STDIN:
        import sys

        return sys.stdin.buffer.read(MAX_BYTES + 1)
    with open(path, "rb") as file:
        return file.read(MAX_BYTES + 1)


def _included(
    document: Document, path: Path, shown: str, root: Path, problems: list[Problem]
) -> Iterator[tuple[bytes, str]]:
    patterns = patterns_of(document)
    if not patterns:
        return
    folder = PurePosixPath(shown).parent
    seen: dict[str, bytes] = {}
    for index, pattern in enumerate(patterns):
        place = document.locate(document.data["include"], index)
        line, column = (place.line, place.column) if place else (0, 0)

        def say(message: str, line: int = line, column: int = column) -> None:
            problems.append(Problem(shown, line, column, message))

        _expand(pattern, path, folder, root, seen, say)
        if len(seen) > MAX_FRAGMENTS:
            say(f"includes more than {MAX_FRAGMENTS} fragments")
            return
    yield from ((raw, name) for name, raw in sorted(seen.items()))


def _expand(pattern: str, path: Path, folder: PurePosixPath, root: Path, seen: dict[str, bytes], say: object) -> None:
    from policycheck.errors import ArtefactError
    from policycheck.opener import Opener

    assert callable(say)
    if pattern.startswith("/") or "\\" in pattern or ".." in pattern.split("/") or "**" in pattern:
        say(f"include {pattern!r}: only relative patterns below the manifest's folder, without .., ** or \\")
        return
    matches = sorted(path.parent.glob(pattern))
    if not matches:
        say(f"include {pattern!r} matches no file")
    opener = Opener(root)
    for match in matches:
        name = (folder / match.relative_to(path.parent).as_posix()).as_posix()
        if is_manifest(match.name):
            say(f"include {pattern!r}: {name} is a manifest; only fragments (*.policycheck-part.yaml) are included")
        elif not is_fragment(match.name):
            say(f"include {pattern!r}: {name} is not a fragment; fragments are called *.policycheck-part.yaml")
        else:
            try:
                seen[name] = opener.read(name, cap=MAX_BYTES).data
            except ArtefactError as error:
                say(f"include {pattern!r}: {error}")


def merge(document: Document, fragments: Iterable[Document]) -> list[Problem]:
    """Put fragments into their manifest: lists are concatenated, anything else written twice is a problem."""
    problems = []
    for fragment in fragments:
        document.absorb(fragment)
        for key, value in fragment.data.items():
            mine = document.data.get(key)
            if value is None:
                continue
            if mine is None:
                document.adopt(key, value, fragment)
            elif isinstance(mine, list) and isinstance(value, list):
                document.extend(key, value, fragment)
            else:
                first, here = document.locate_key(document.data, key), fragment.locate_key(fragment.data, key)
                assert first is not None and here is not None
                message = f"{key} is already written at {first.path}:{first.line}; only lists may be spread over files"
                problems.append(Problem(here.path, here.line, here.column, message))
    return problems
