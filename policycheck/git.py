"""Git, read only: the one place that runs it. A repository cannot make it run, fetch or write anything.

Only plumbing is used that reads objects (`rev-parse`, `ls-tree`, `cat-file`), so that hooks, filters, textconv, external
diffs and fsmonitor have no occasion to run; they are switched off besides. System and user configuration and the
caller's `GIT_*` variables (a hook has them) are not read. The repository is named by `--git-dir`, which makes its
`core.worktree` and the question of who owns it (git-config(1), safe.directory) moot.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event, Timer
from typing import IO, NamedTuple

from policycheck.errors import ArtefactError, UsageError

#: The most that one file, and all files of an exported tree together, may hold, in bytes.
MAX_FILE = 32 * 1024 * 1024
MAX_TREE = 1024 * 1024 * 1024
MAX_FILES = 200_000
#: The longest listing of a tree that is read, in bytes.
_MAX_LISTING = 128 * 1024 * 1024
#: The most commits of one file's history that are looked at.
MOST_CHANGES = 500
#: How long one call of git may take.
SECONDS = 120.0

_SETTINGS = (
    f"core.hooksPath={os.devnull}",
    f"core.attributesFile={os.devnull}",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.askPass=",
    "core.sshCommand=false",
    "core.gitProxy=false",
    "credential.helper=",
    "advice.graftFileDeprecated=false",
    "diff.external=",
    "protocol.allow=never",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
)
_OFF = (
    "--no-pager",
    "--literal-pathspecs",
    "--no-replace-objects",
    *(word for setting in _SETTINGS for word in ("-c", setting)),
)
_KEPT = ("SYSTEMROOT", "TEMP", "TMP", "TMPDIR")
_SET = {
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_WHOLE = "git fetch --refetch --no-filter brings everything"
_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_PLAIN = ("100644", "100755", "100664")
_SUBMODULE = "160000"


class _Entry(NamedTuple):
    """One line of `git ls-tree -l`: mode, object id, size in bytes (-1 when the object is not here), path."""

    mode: str
    object: str
    size: int
    path: str


class Missing(ArtefactError):
    """A commit holds no regular file of that name."""


class _Failed(UsageError):
    """Git left with an error; the message is the first line of what it said."""


def top(folder: Path) -> Path:
    """The nearest folder, this one or above it, that holds `.git`. Raises UsageError when there is none."""
    for above in (folder, *folder.parents):
        if (above / ".git").exists():
            return above
    raise UsageError(f"{folder} is not in a git repository")


def show(root: Path, ref: str, path: str, cap: int = MAX_FILE) -> bytes:
    """One regular file as it is at `ref`; `path` is from the repository's top, with forward slashes.

    Raises UsageError for a ref that is not known, Missing where there is no regular file of that name, ArtefactError for one
    of more than `cap` bytes.
    """
    found = [e for e in _entries(root, commit(root, ref), "--", path) if e.path == path]
    if not found:
        raise Missing(f"{path} does not exist at {ref}")
    entry = found[0]
    if entry.mode not in _PLAIN:
        raise Missing(f"{path} is not a regular file at {ref}")
    if entry.size > cap:
        raise ArtefactError(f"{path} is larger than {cap} bytes at {ref}, the most that is read")
    _refuse_partial([entry], ref)
    return _told(root, "cat-file", "blob", entry.object, most=cap)


class Change(NamedTuple):
    """A commit that changed a file: its id, the day (UTC) that it gives, and its author's name."""

    commit: str
    day: str
    author: str


def holder(root: Path, path: str) -> Path | None:
    """The top of the repository that a file belongs to: the nearest folder above it that has `.git`, up to `root`."""
    for above in (root / path).parents:
        if os.path.lexists(above / ".git"):
            return above
        if above == root:
            break
    return None


def changes(root: Path, path: str, *, most: int = MOST_CHANGES, seconds: float = 30.0) -> tuple[Change, ...]:
    """The commits that made a file what HEAD holds, the newest first; none for a file that was never committed.

    All branches that were merged count, also those of which a merge took nothing. At most `most` are given; the walk has
    `seconds`. Raises UsageError, with the reason, where the history is not here or cannot be read: a shallow or partial
    clone, no git. Dates and names are what committers wrote. Only trees are compared (`rev-list`), so nothing of the
    repository is run.
    """
    shallow = _told(root, "rev-parse", "--is-shallow-repository", most=100, seconds=seconds).strip() != b"false"
    head = _commit(root, "HEAD")
    if not head and _told(root, "rev-list", "--all", "--max-count=1", most=1000, seconds=seconds):
        raise UsageError("HEAD names no commit that is here")
    if not head or not any(entry.path == path for entry in _entries(root, head, "--", path)):
        return ()
    if shallow:
        raise UsageError("the clone is shallow; git fetch --unshallow brings the rest (in CI: fetch-depth: 0, GIT_DEPTH: 0)")
    words = (f"--max-count={most}", "--full-history", "--encoding=UTF-8", "--format=%at %ct%x00%an", head, "--", path)
    try:
        told = _told(root, "rev-list", *words, most=1024 * 1024, seconds=seconds)
    except _Failed as error:
        raise UsageError(f"git cannot list its commits ({error}); is the clone a partial one? {_WHOLE}") from None
    lines = told.decode("utf-8", "replace").removesuffix("\n").split("\n")
    return tuple(_change(*pair) for pair in zip(lines[::2], lines[1::2], strict=True)) if told else ()


def _change(heading: str, about: str) -> Change:
    """One commit of a listing. Its day is the later of both that it names: a rebase keeps the day of the author."""
    word, _, name = heading.partition(" ")
    times, _, author = about.partition("\0")
    if word != "commit" or not _ID.match(name):
        raise UsageError("git lists its commits in a way that cannot be read")
    return Change(name, max(map(_day, times.split(" "))), author)


def _day(seconds: str) -> str:
    """A day of UTC. What names none lies after everything, so that it excuses nothing."""
    known = seconds.isascii() and seconds.isdigit() and len(seconds) <= 11
    return datetime.fromtimestamp(int(seconds), UTC).date().isoformat() if known else "9999-12-31"


def export(root: Path, ref: str, into: Path) -> list[str]:
    """Write the tree at `ref` into the empty folder `into`, as git holds it: no filter is applied.

    Links and paths that could lead out of the folder or into git's files are left out; of a file above MAX_FILE only the
    size is kept, so that a reader says what it would say of the file. A submodule that is checked out is written and lent
    in its place, at the commit that the tree names; those of which that cannot be done are returned, with the reason.
    Raises UsageError for a ref that is not known, a tree beyond the caps, and one of which objects are missing here.
    """
    held = [entry for entry in _entries(root, commit(root, ref), "-r") if _is_safe(entry.path)]
    wanted = [entry for entry in held if entry.mode in _PLAIN]
    _refuse_partial(wanted, ref)
    small = [entry for entry in wanted if entry.size <= MAX_FILE]
    if len(wanted) > MAX_FILES or sum(entry.size for entry in small) > MAX_TREE:
        raise UsageError(f"the tree at {ref} is too large to compare with: more than {MAX_FILES} files or {MAX_TREE} bytes")
    into.mkdir(parents=True, exist_ok=True)
    for entry in wanted:
        if entry.size > MAX_FILE and (place := _place(into, entry.path)):
            place.touch(exist_ok=False)
            os.truncate(place, entry.size)
    _write_all(root, small, into)
    return [text for entry in held if entry.mode == _SUBMODULE for text in _export_submodule(root, entry, into)]


def _export_submodule(root: Path, entry: _Entry, into: Path) -> list[str]:
    """The same for a submodule that is checked out; nothing of it stands in the tree that names its commit."""
    inner = root / entry.path
    if inner.resolve() != root.resolve() / entry.path or not (inner / ".git").exists():
        return []
    if not _commit(inner, entry.object):
        return [f"{entry.path}: its commit {entry.object[:12]} is not here; git fetch in that folder may bring it"]
    try:
        left = export(inner, entry.object, into / entry.path)
        lend(inner, entry.object, into / entry.path)
    except UsageError as error:
        # A part that is too large or not whole is no reason to compare nothing.
        return [f"{entry.path}: {error}"]
    return [f"{entry.path}/{text}" for text in left]


def lend(root: Path, ref: str, tree: Path) -> None:
    """Make an exported tree a repository of its own whose HEAD is the commit it was exported from.

    It borrows the objects of `root` (gitrepository-layout(5), info/alternates), so that it has the history of its files.
    Raises UsageError where git cannot be told where they are.
    """
    folder = tree / ".git"
    for name in ("objects/info", "refs"):
        (folder / name).mkdir(parents=True)
    (folder / "HEAD").write_bytes(commit(root, ref).encode() + b"\n")
    objects = os.fsencode(_inner(root, "objects"))
    if b"\n" in objects:
        raise UsageError(f"{os.fsdecode(objects)!r} holds a line end, so git cannot be told where the objects are")
    (folder / "objects" / "info" / "alternates").write_bytes(objects + b"\n")
    if _told(root, "rev-parse", "--show-object-format", most=100).strip() == b"sha256":
        (folder / "config").write_text("[core]\nrepositoryformatversion = 1\n[extensions]\nobjectformat = sha256\n", "utf-8")
    shallow = _inner(root, "shallow")
    if shallow.is_file():
        shutil.copyfile(shallow, folder / "shallow")


def _inner(root: Path, name: str) -> Path:
    """Where git keeps something of a repository: of a linked work tree, in the folder that all of them share."""
    told = _told(root, "rev-parse", "--git-path", name, most=1 << 16).removesuffix(b"\n")
    return (root / os.fsdecode(told)).resolve()


def commit(root: Path, ref: str) -> str:
    """The id of the commit that a ref names. Raises UsageError when it names none, with what may help."""
    if not ref or ref.startswith("-") or not ref.isprintable():
        raise UsageError(f"{ref!r} is not the name of a git ref")
    found = _commit(root, ref)
    if not found:
        raise UsageError(_why_unknown(root, ref))
    return found


def _commit(root: Path, ref: str) -> str:
    try:
        text = (
            _told(root, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", most=1000)
            .decode("utf-8", "replace")
            .strip()
        )
    except _Failed:
        return ""
    return text if _ID.match(text) else ""


def _why_unknown(root: Path, ref: str) -> str:
    try:
        shallow = _told(root, "rev-parse", "--is-shallow-repository", most=1000).strip() == b"true"
    except _Failed as error:
        return f"{root} is not a git repository that can be read{f': {error}' if str(error) else ''}"
    said = f"git knows no commit {ref!r} in {root}"
    if _commit(root, f"origin/{ref}"):
        return f"{said}; did you mean 'origin/{ref}'?"
    return f"{said}; the clone is shallow, so fetch it first (git fetch --depth=1 origin {ref})" if shallow else said


def _entries(root: Path, tree: str, *words: str) -> list[_Entry]:
    flags = [word for word in words if word == "-r"]
    paths = [word for word in words if word != "-r"]
    try:
        listing = _told(root, "ls-tree", "-z", "-l", "--full-tree", *flags, tree, *paths, most=_MAX_LISTING)
    except _Failed as error:
        raise UsageError(f"git cannot list {tree[:12]} ({error}); is the clone a partial one? {_WHOLE}") from None
    return [_entry(line) for line in listing.split(b"\0") if line]


def _entry(line: bytes) -> _Entry:
    about, _, path = line.partition(b"\t")
    mode, _, name, size = about.decode("ascii", "replace").split()
    return _Entry(mode, name, int(size) if size.isdigit() else -1, os.fsdecode(path))


def _refuse_partial(entries: list[_Entry], ref: str) -> None:
    missing = [entry.path for entry in entries if entry.size < 0]
    if missing:
        others = f" and {len(missing) - 1} more" if missing[1:] else ""
        raise UsageError(f"{missing[0]}{others} of {ref} is not in this clone, as happens in a partial one; {_WHOLE}")


def _is_safe(path: str) -> bool:
    """Whether a path of a tree, which anybody may have written, stays below the folder it is written to."""
    foreign = "\\" in path or ":" in path if os.sep != "/" else False
    return not foreign and not any(p in ("", ".", "..") or p.casefold() in (".git", "git~1") for p in path.split("/"))


def _place(into: Path, path: str) -> Path | None:
    """Where a file goes, its folder made; None where the file system cannot hold it, as two names that differ in case."""
    place = into / path
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return None if os.path.lexists(place) else place


def _write_all(root: Path, entries: list[_Entry], into: Path) -> None:
    with TemporaryFile() as asked:
        asked.write("".join(f"{entry.object}\n" for entry in entries).encode())
        asked.seek(0)
        try:
            with _git(root, "cat-file", "--batch", "--buffer", stdin=asked) as said:
                for entry in entries:
                    _write(into, entry, said)
        except _Failed as error:
            raise UsageError(f"git cannot read the files: {error}") from None


def _write(into: Path, entry: _Entry, said: IO[bytes]) -> None:
    if said.readline().split() != [entry.object.encode(), b"blob", str(entry.size).encode()]:
        raise _Failed(f"{entry.path} is missing or damaged")
    data = said.read(entry.size + 1)[:-1]
    if len(data) != entry.size:
        raise _Failed(f"{entry.path} ended early")
    if place := _place(into, entry.path):
        place.write_bytes(data)


def _told(root: Path, *words: str, most: int, seconds: float | None = None) -> bytes:
    """All that one call prints. Raises _Failed, also for more than `most` bytes."""
    with _git(root, *words, seconds=seconds) as said:
        data = said.read(most + 1)
        if len(data) > most:
            raise _Failed(f"more than {most} bytes")
    return data


@contextmanager
def _git(root: Path, *words: str, stdin: IO[bytes] | None = None, seconds: float | None = None) -> Iterator[IO[bytes]]:
    """Run git on the repository at `root`; gives what it prints as it comes.

    Raises _Failed when it fails, UsageError when it is not installed or does not end in `seconds` (SECONDS).
    """
    patience = SECONDS if seconds is None else seconds
    call = [_program(), *_OFF, f"--git-dir={root / '.git'}", *words]
    late = Event()
    with TemporaryFile() as trouble:
        process = subprocess.Popen(  # noqa: S603 - no shell, and no word starts with what others wrote
            call, stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=trouble, cwd=root, env=_environment()
        )

        def stop() -> None:
            late.set()
            process.kill()

        timer = Timer(patience, stop)
        timer.start()
        try:
            assert process.stdout is not None
            with process.stdout as said:
                yield said
            code = process.wait()
        except _Failed:
            if late.is_set():
                raise UsageError(_late(patience)) from None
            raise
        finally:
            timer.cancel()
            process.kill()
            process.wait()
        if late.is_set():
            raise UsageError(_late(patience))
        if code:
            raise _Failed(_why(trouble))


def _late(seconds: float) -> str:
    return f"git did not answer within {seconds:g} seconds"


def _program() -> str:
    """Git, from a folder that PATH names absolutely: not from wherever the call is made."""
    folders = os.pathsep.join(f for f in os.environ.get("PATH", os.defpath).split(os.pathsep) if os.path.isabs(f))
    found = shutil.which("git", path=folders)
    if found is None:
        raise UsageError("git is not installed, or not on PATH")
    return found


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {"PATH": os.environ.get("PATH", os.defpath), **kept, **_SET}


def _why(trouble: IO[bytes]) -> str:
    """What git calls fatal, else the first line of what it said: hints and warnings stand before the reason."""
    trouble.seek(0)
    lines = trouble.read(2000).decode("utf-8", "replace").strip().split("\n")
    return next((line for line in lines if line.startswith("fatal: ")), lines[0]).removeprefix("fatal: ")
