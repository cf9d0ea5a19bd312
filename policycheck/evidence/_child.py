"""Parsers that are not trusted with our own process run here: a child with limits on time and memory, and no arguments.

`parsed("_hcl", data)` calls `read(data)` of the module `policycheck/evidence/_hcl.py` in a process of its own; what it
returns comes back as JSON. What is too slow, too large or crashes is an `ArtefactError` with a reason, never an exception
of ours. Where the operating system cannot limit a child (Windows), nothing is read.

To start a parser can cost more than to parse. So one process per module makes it ready (`ready()` of the module, where it
has one), reads nothing itself, and forks for each question: no answer turns on what was read before.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar

from policycheck.errors import ArtefactError

if TYPE_CHECKING:
    import subprocess

#: Bytes of address space, seconds of processor time, seconds on the clock, and bytes of answer: of one question.
MEMORY, PROCESSOR, PATIENCE, ANSWER = 768 * 1024 * 1024, 10, 60, 16 * 1024 * 1024
#: Seconds without a question after which a process ends; the next question starts another.
IDLE = 60
_LATE, _BROKEN = f"took longer than {PATIENCE} s to read", "could not be read within the limits on time and memory"

# Isolated mode drops PYTHONPATH and the current folder; the package is found where this one was.
_START = "import sys; sys.path.insert(0, sys.argv[1]); from policycheck.evidence import _child; _child.main(sys.argv[2])"


def parsed(module: str, data: bytes) -> Any:
    """What `read(data)` of a private module of this room returns.

    Raises ArtefactError when the bytes cannot be read within the limits, ModuleNotFoundError when its library is
    missing.
    """
    if sys.platform == "win32":
        raise ArtefactError("is not read on Windows, where the parser's time and memory cannot be limited")
    # One that was idle for too long, or that somebody ended, gives no answer; a fresh one has to.
    answer = _Standby.of(module).ask(data) or _Standby.of(module).ask(data) or {"wrong": _BROKEN}
    if "missing" in answer:
        raise ModuleNotFoundError(name=answer["missing"])
    if "wrong" in answer:
        raise ArtefactError(str(answer["wrong"]))
    return answer["right"]


class _Standby:
    """A process in which a parser is ready. It ends when ours does, by the end of its input."""

    _known: ClassVar[dict[tuple[int, str], _Standby]] = {}

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        from threading import Lock

        self._process, self._turn = process, Lock()

    @classmethod
    def of(cls, module: str) -> _Standby:
        """That of a module; a fork of ours has its own, for two that ask at once would take each other's answers."""
        key = os.getpid(), module
        if key not in cls._known or cls._known[key].is_gone:
            cls._known[key] = cls._started(module)
        return cls._known[key]

    @classmethod
    def _started(cls, module: str) -> _Standby:
        import atexit
        import subprocess

        command = [sys.executable, "-I", "-B", "-c", _START, str(Path(__file__).parents[2]), module]
        pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
        found = cls(subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nowhere, env={}))  # noqa: S603
        atexit.register(found.end)
        return found

    @property
    def is_gone(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def ask(self, data: bytes) -> dict[str, Any] | None:
        """The answer to one question; None when the process is gone."""
        asked, told = self._process.stdin, self._process.stdout
        assert asked is not None
        assert told is not None
        answer: dict[str, Any] | None = None
        # Closed (ValueError) is what another thread of ours ended while this one waited for its turn.
        with self._turn, suppress(BrokenPipeError, ValueError):
            try:
                _send(asked, data)
                said = _received(told)
                answer = None if said is None else json.loads(said)
            finally:
                # Also when interrupted: an answer that nobody took would be taken for that to the next question.
                if answer is None:
                    self.end()
        return answer

    def end(self) -> None:
        """Let the process go. A fork that is still at work ends by its own limits."""
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if stream is not None:
                    stream.close()
        self._process.wait()


def _send(stream: IO[bytes], data: bytes) -> None:
    stream.write(len(data).to_bytes(8, "big") + data)
    stream.flush()


def _received(stream: IO[bytes]) -> bytes | None:
    """The next message; None at the end of the stream."""
    head = stream.read(8)
    size = int.from_bytes(head, "big")
    data = stream.read(size) if len(head) == 8 else b""
    return data if len(head) == 8 and len(data) == size else None


def _limit() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR, PROCESSOR))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(module: str, data: bytes) -> dict[str, Any]:
    from importlib import import_module

    try:
        return {"right": import_module(f"policycheck.evidence.{module}").read(data)}
    except ModuleNotFoundError as error:
        return {"missing": error.name or module}
    except Exception as error:  # whatever a foreign parser raises on foreign bytes is a reason, not our failure
        return {"wrong": f"cannot be read: {type(error).__name__}: {error}"[:300]}


def _in_a_fork(module: str, data: bytes) -> bytes:
    """The answer of a fork, as JSON; why there is none, where it went beyond a limit."""
    import select
    import signal
    from time import monotonic

    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            _limit()
            # What a library prints must not stand between the answers.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            with os.fdopen(writing, "wb") as stream:
                stream.write(json.dumps(_answer(module, data)).encode())
        except BaseException:
            os._exit(1)
        os._exit(0)
    os.close(writing)
    said, is_late, until = bytearray(), False, monotonic() + PATIENCE
    with os.fdopen(reading, "rb", buffering=0) as stream:
        while len(said) <= ANSWER and not is_late:
            is_late = not select.select([stream], [], [], max(0.0, until - monotonic()))[0]
            part = b"" if is_late else stream.read(1 << 16)
            said += part
            if not part:
                break
    if is_late or len(said) > ANSWER:
        os.kill(child, signal.SIGKILL)
    is_whole = os.waitpid(child, 0)[1] == 0 and len(said) <= ANSWER
    return bytes(said) if is_whole else json.dumps({"wrong": _LATE if is_late else _BROKEN}).encode()


def main(module: str) -> None:
    """Make a parser ready, then answer questions from standard input on standard output until there are none."""
    import select
    from importlib import import_module

    with suppress(Exception):
        # What is missing or broken is told with each answer.
        getattr(import_module(f"policycheck.evidence.{module}"), "ready", lambda: None)()
    # Whoever asks waits for the answer, so nothing of a next question is in the buffer when this one is read.
    while select.select([0], [], [], IDLE)[0]:
        data = _received(sys.stdin.buffer)
        if data is None:
            return
        _send(sys.stdout.buffer, _in_a_fork(module, data))
