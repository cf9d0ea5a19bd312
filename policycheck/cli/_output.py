"""Where rendered bytes go: stdout, and files written beside their target and renamed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType

from policycheck.errors import UsageError


class Sink:
    """One target. `write` as often as needed; `commit` puts a file in its place in one step, or nothing happens."""

    def __init__(self, target: str) -> None:
        self.target = target
        self._file = None
        self.lost = False
        if target != "-":
            folder = Path(target).resolve().parent
            if not folder.is_dir():
                raise UsageError(f"--output {target}: the folder {folder} does not exist")
            if Path(target).is_dir():
                raise UsageError(f"--output {target} is a folder; name a file")
            from tempfile import NamedTemporaryFile

            try:
                self._file = NamedTemporaryFile(dir=folder, prefix=f".{Path(target).name}.", delete=False)
            except OSError as error:
                raise UsageError(f"--output {target}: {error.strerror}") from error

    def write(self, data: bytes) -> None:
        """Add bytes. A reader of stdout that went away is not an error: the exit code still tells the verdict."""
        if self._file is not None:
            self._file.write(data)
        elif data and not self.lost:
            try:
                sys.stdout.buffer.write(data)
                sys.stdout.buffer.flush()
            except BrokenPipeError:
                self.lost = True
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def commit(self) -> None:
        """Put the file in place."""
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            os.chmod(self._file.name, 0o666 & ~_umask())
            os.replace(self._file.name, self.target)
            self._file = None

    def discard(self) -> None:
        """Leave what was there untouched."""
        if self._file is not None:
            self._file.close()
            os.unlink(self._file.name)
            self._file = None


class Sinks:
    """Several targets, committed together when all went well."""

    def __init__(self) -> None:
        self.by_format: list[tuple[str, Sink]] = []

    def add(self, name: str, target: str) -> None:
        """Send a format to a target."""
        self.by_format.append((name, Sink(target)))

    def __enter__(self) -> Sinks:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _, sink in self.by_format:
            if kind is None:
                sink.commit()
            else:
                sink.discard()


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def style(verbose: bool = False, quiet: bool = False) -> dict[str, object]:
    """How stdout wants its text: width, colour, encoding. NO_COLOR and pipes are honoured."""
    terminal = sys.stdout.isatty()
    width = 80
    if terminal:
        import shutil

        width = min(shutil.get_terminal_size((80, 24)).columns, 120)
    colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return {
        "width": width, "colour": colour, "encoding": sys.stdout.encoding or "utf-8", "verbose": verbose, "quiet": quiet,
    }  # fmt: skip


def as_of(given: str | None) -> str:
    """The date of the evaluation: the option, else SOURCE_DATE_EPOCH, else today in UTC. Raises UsageError."""
    from datetime import UTC, date, datetime

    if given:
        try:
            return date.fromisoformat(given).isoformat()
        except ValueError:
            raise UsageError(f"--as-of {given!r} is not a date; write it as 2026-11-21") from None
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch:
        try:
            return datetime.fromtimestamp(int(epoch), UTC).date().isoformat()
        except (ValueError, OverflowError, OSError):
            raise UsageError("SOURCE_DATE_EPOCH is not a number of seconds") from None
    return datetime.now(UTC).date().isoformat()
