"""Parsers that are not trusted with our own process run here: a child with limits on time and memory, and no arguments.

`parsed("_hcl", data)` calls `read(data)` of the module `policycheck/evidence/_hcl.py` in a fresh interpreter; what it
returns comes back as JSON. What is too slow, too large or crashes is an `ArtefactError` with a reason, never an exception
of ours. Where the operating system cannot limit a child (Windows), nothing is read.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from policycheck.errors import ArtefactError

#: Bytes of address space, seconds of processor time, seconds on the clock, and bytes of answer.
MEMORY, PROCESSOR, PATIENCE, ANSWER = 768 * 1024 * 1024, 10, 60, 16 * 1024 * 1024

# Isolated mode drops PYTHONPATH and the current folder; the package is found where this one was.
_START = "import sys; sys.path.insert(0, sys.argv[1]); from policycheck.evidence import _child; _child.main(sys.argv[2])"


def parsed(module: str, data: bytes) -> Any:
    """What `read(data)` of a private module of this room returns.

    Raises ArtefactError when the bytes cannot be read within the limits, ModuleNotFoundError when its library is
    missing.
    """
    import subprocess

    if sys.platform == "win32":
        raise ArtefactError("is not read on Windows, where the parser's time and memory cannot be limited")
    command = [sys.executable, "-I", "-B", "-c", _START, str(Path(__file__).parents[2]), module]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=PATIENCE, check=False, env={})  # noqa: S603
    except subprocess.TimeoutExpired:
        raise ArtefactError(f"took longer than {PATIENCE} s to read") from None
    if done.returncode != 0 or len(done.stdout) > ANSWER:
        raise ArtefactError("could not be read within the limits on time and memory")
    answer = json.loads(done.stdout)
    if "missing" in answer:
        raise ModuleNotFoundError(name=answer["missing"])
    if "wrong" in answer:
        raise ArtefactError(str(answer["wrong"]))
    return answer["right"]


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


def main(module: str) -> None:
    """Read from standard input, under limits; answer on standard output."""
    _limit()
    answer = _answer(module, sys.stdin.buffer.read())
    sys.stdout.buffer.write(json.dumps(answer).encode())
