"""The command line in this process: most tests of it need no interpreter of their own."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from policycheck import cli


class Done(NamedTuple):
    """What a call came to, as `subprocess` says it."""

    returncode: int
    stdout: str
    stderr: str


def run(folder: Path, *arguments: str, stdin: bytes | None = None, **variables: str) -> Done:
    """`policycheck` called in a folder, with variables of ours only as given."""
    code, out, err = raw(folder, *arguments, stdin=stdin, **variables)
    return Done(code, out.decode(), err)


def raw(folder: Path, *arguments: str, stdin: bytes | None = None, **variables: str) -> tuple[int, bytes, str]:
    """The same with standard output as bytes: some formats are no text."""
    streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in [name for name in os.environ if name.startswith("POLICYCHECK_")]:
            patch.delenv(name)
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["policycheck", *arguments])
        if stdin is not None:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
        patch.setattr(sys, "stdout", streams[0])
        patch.setattr(sys, "stderr", streams[1])
        code = cli._run()
    out, err = (stream.buffer.getvalue() for stream in streams)  # type: ignore[attr-defined]
    return code, out, err.decode()
