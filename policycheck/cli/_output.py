"""Where rendered bytes go: stdout, and files written beside their target and renamed."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from policycheck import rooms
from policycheck.errors import UsageError

_STREAMS = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}


class Sink:
    """One target. `write` as often as needed; `commit` puts a file in its place in one step, or nothing happens.

    A link is written through; a device, a pipe or an open stream (/dev/stdout, /dev/fd/3) is written to and never replaced.
    Raises UsageError for a target that cannot be written; it says what `called` it, which is blank where no option did.
    """

    def __init__(self, target: str, called: str = "--output ") -> None:
        self.target = target
        self.said = f"{called}{target}"
        self._file: Any = None
        self._aside = ""
        self.lost = False
        if target != "-":
            with self._told():
                self._open()

    def _open(self) -> None:
        self.place = os.path.realpath(self.target)
        stream = _stream(self.target)
        if stream is not None:
            self._file = os.fdopen(os.dup(stream), "wb")
            return
        if os.path.isdir(self.target):
            raise UsageError(f"{self.said} is a folder; name a file")
        if os.path.exists(self.target) and not os.path.isfile(self.target):
            self._file = open(self.target, "wb")  # noqa: SIM115 - closed by commit or discard
            return
        folder, name = os.path.split(self.place)
        if not os.path.isdir(folder):
            raise UsageError(f"{self.said}: the folder {folder} does not exist")
        from tempfile import NamedTemporaryFile

        self._file = NamedTemporaryFile(dir=folder, prefix=f".{name[:40]}.", delete=False)  # noqa: SIM115 - the same
        self._aside = self._file.name

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            what = "standard output" if self.target == "-" else self.said
            raise UsageError(f"{what} cannot be written: {(error.strerror or str(error)).lower()}") from error

    def write(self, data: bytes) -> None:
        """Add bytes. A reader of stdout that went away is not an error: the exit code still tells the verdict."""
        with self._told():
            if self._file is not None:
                self._file.write(data)
            elif data and not self.lost:
                self._print(data)

    def _print(self, data: bytes) -> None:
        if sys.stdout is None:
            self.lost = True
            return
        try:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            self.lost = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def settle(self) -> None:
        """Bring all bytes to where they go, so that putting the file in place needs no more room."""
        if self._file is None:
            return
        with self._told():
            self._file.flush()
            if self._aside:
                os.fsync(self._file.fileno())
                os.chmod(self._aside, _mode(self.place))

    def commit(self) -> None:
        """Put the file in place, with the permissions of the one it replaces."""
        self.settle()
        if self._file is None:
            return
        with self._told():
            if self._aside:
                os.replace(self._aside, self.place)
            self._file.close()
            self._file = None

    def discard(self) -> None:
        """Leave what was there untouched. Never raises: what is wrong was said when it was written."""
        if self._file is not None:
            # Closing writes what is still held back, which may be what could not be written.
            with suppress(OSError):
                self._file.close()
            with suppress(OSError):
                if self._aside:
                    os.unlink(self._aside)
            self._file = None


def put(target: str, data: bytes, called: str = "") -> None:
    """Write one file in one step, or standard output; where that fails, what was there is left and nothing beside it."""
    sink = Sink(target, called)
    try:
        sink.write(data)
        sink.commit()
    finally:
        sink.discard()


def _stream(target: str) -> int | None:
    """The number of the open stream that a name stands for."""
    found = _STREAMS.get(target)
    if found is not None:
        return found
    folder, _, number = target.rpartition("/")
    return int(number) if folder in ("/dev/fd", "/proc/self/fd") and number.isdecimal() else None


def _mode(place: str) -> int:
    try:
        return stat.S_IMODE(os.stat(place).st_mode)
    except OSError:
        return 0o666 & ~_umask()


class Sinks:
    """Several targets, committed together when all went well."""

    def __init__(self) -> None:
        self.by_format: list[tuple[str, Sink]] = []

    def add(self, name: str, target: str) -> None:
        """Send a format to a target. Raises UsageError for one that has another already."""
        if any(_same(target, sink.target) for _, sink in self.by_format):
            what = "standard output" if target == "-" else f"--output {target}"
            raise UsageError(f"{what} can take one format only")
        self.by_format.append((name, Sink(target)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            # No file is replaced before all bytes of all of them are where they go.
            for step in (Sink.settle, Sink.commit) if kind is None else ():
                for _, sink in self.by_format:
                    step(sink)
        finally:
            for _, sink in self.by_format:
                sink.discard()


def targets(formats: Sequence[str], outputs: Iterable[str]) -> list[tuple[str, str]]:
    """Which format goes where: what `--output [FORMAT=]FILE` names, then `formats` to the bare file or standard output.

    Without `formats`, text goes to a bare file, and to standard output when nothing goes anywhere else.
    Raises UsageError for a name that no format has, a file without a name, and more than one bare file.
    """
    found: list[tuple[str, str]] = []
    bare = ""
    for text in outputs:
        name, equals, file = text.partition("=")
        if equals and name in rooms.names("formats"):
            found.append((name, file))
        elif equals and name.isidentifier():
            raise UsageError(f"--output {text}: no format {name!r}; there are {', '.join(rooms.names('formats'))}")
        elif bare:
            raise UsageError(f"--output {text}: only one file may go without FORMAT=, and {bare} already does")
        else:
            bare = text
    if any(not file for _, file in found):
        raise UsageError("--output FORMAT=FILE needs a file")
    printed = formats or (["text"] if bare or not found else [])
    every = [*found, *((name, bare or "-") for name in printed)]
    return [(name, "-" if _stream(target) == 1 else target) for name, target in every]


def refuse_overwriting(targets: Iterable[tuple[str, str]], read: Iterable[Path], what: str) -> None:
    """Raises UsageError when a target is one of the files that are read, or bears the name of what policycheck reads."""
    places = {target: Path(target).resolve() for _, target in targets if target != "-"}
    kept = set(read) if places else set()
    for target, place in places.items():
        if not place.is_file():
            continue
        if place in kept:
            raise UsageError(f"--output {target} would replace {what}")
        if _is_ours(place.name):
            raise UsageError(f"--output {target} would replace a file that policycheck reads")


def _is_ours(name: str) -> bool:
    from policycheck.attachments import LOCK
    from policycheck.sources import is_fragment, is_manifest

    return is_manifest(name) or is_fragment(name) or name == LOCK


def sinks(targets: Iterable[tuple[str, str]]) -> Sinks:
    """The targets, opened. Raises UsageError, and leaves nothing behind, when one cannot be written."""
    made = Sinks()
    try:
        for name, target in targets:
            if target == "-" and getattr(rooms.load("formats", name), "BINARY", False) and _is_terminal():
                raise UsageError(f"{name} is not for a terminal; write it to a file with --output {name}=FILE")
            made.add(name, target)
    except BaseException:
        made.__exit__(ValueError, None, None)
        raise
    return made


def _is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def _same(first: str, second: str) -> bool:
    return first == second or ("-" not in (first, second) and os.path.realpath(first) == os.path.realpath(second))


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def style(verbose: bool = False, quiet: bool = False, by: str = "finding") -> dict[str, object]:
    """How stdout wants its text: width, colour, encoding. NO_COLOR and pipes are honoured.

    `by` says what a report is ordered by: `finding` or `expectation`.
    """
    terminal = _is_terminal()
    width = 80
    if terminal:
        import shutil

        width = min(shutil.get_terminal_size((80, 24)).columns, 120)
    colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return {
        "width": width, "terminal": terminal, "colour": colour, "encoding": encoding, "verbose": verbose, "quiet": quiet,
        "by": by,
    }  # fmt: skip


def printable(text: str) -> str:
    """A text of somebody's file for a terminal: without credentials, and without what steers it."""
    from policycheck import redaction
    from policycheck.formats._terminal import harmless

    return harmless(redaction.harmless(text))


def as_of(given: str | None) -> str:
    """The date of the evaluation: the option, else SOURCE_DATE_EPOCH, else today in UTC. Raises UsageError."""
    from datetime import UTC, date, datetime

    if given is not None:
        try:
            if len(given) == 10 and date.fromisoformat(given).isoformat() == given:
                return given
            raise ValueError
        except ValueError:
            raise UsageError(f"--as-of {given!r} is not a date; write it as 2026-11-21") from None
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch:
        try:
            return datetime.fromtimestamp(int(epoch), UTC).date().isoformat()
        except (ValueError, OverflowError, OSError):
            raise UsageError("SOURCE_DATE_EPOCH is not a number of seconds") from None
    return datetime.now(UTC).date().isoformat()


def criteria_of(given: Iterable[str]) -> tuple[str, ...]:
    """What `--criteria` names, given once or several times. Raises UsageError for a blank: it must not mean everything."""
    names = tuple(name.strip() for text in given for name in text.split(","))
    if not all(names):
        raise UsageError("--criteria holds a blank name; write it as CJS24,JS23")
    return names


def read_bytes(name: str) -> bytes:
    """A file that the call names, or standard input for -. Raises UsageError when it cannot be read."""
    try:
        if name == "-":
            return sys.stdin.buffer.read() if sys.stdin is not None else b""
        with open(name, "rb") as file:
            return file.read()
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", "") or str(error)).lower()
        raise UsageError(f"{name} cannot be read: {why}") from None


def print_lines(*lines: str) -> None:
    """Lines on stdout, in an encoding that it has."""
    from policycheck.formats._terminal import encode

    Sink("-").write(encode(list(lines), style()))


def current_folder() -> Path:
    """Where the call was made. Raises UsageError when that folder is gone."""
    try:
        return Path.cwd()
    except OSError:
        raise UsageError("the current folder does not exist any more") from None


def root_folder(given: Path | None) -> Path | None:
    """What `--root` names, resolved. Raises UsageError when it is not a folder."""
    if given is None:
        return None
    if not os.path.isdir(given):
        raise UsageError(f"--root {given} is not a folder")
    return given.resolve()
