"""Hostile and sloppy input through the command line: each file of the corpus has its exit code and its message.

`corpus/cases.yaml` is the table. A case starts from `corpus/clean.yaml`, or writes its own files, and says every line
that goes to standard error: no more, no fewer. No case ends in a traceback, and none of them passes.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from policycheck import cli, packs

HERE = Path(__file__).parent / "corpus"
CLEAN = (HERE / "clean.yaml").read_text("utf-8")
AS_OF = "2026-11-21"
TOP = "policycheck: 1\norganization: {id: a, roles: [website_operator]}\n"
#: What must never reach a terminal: all but line ends of C0, C1, and what reorders or hides text.
RAW = [*map(chr, [*range(9), 11, 12, *range(14, 32), *range(0x7F, 0xA0)]), "\u202e", "\u2066", "\u200b", "\ufeff"]

#: Files too large or too regular to be written down.
MADE: dict[str, Callable[[], str]] = {
    "more than 4 MiB": lambda: f"{CLEAN}# {'x' * (4 * 1024 * 1024)}\n",
    "33 levels": lambda: f"{TOP}extensions: {{a: {'[' * 31}{']' * 31}}}\n",
    "200,001 values": lambda: f"{TOP}extensions:\n  a:\n    b:\n" + "      - 1\n" * 200_001,
    "100,000 brackets": lambda: f"a: {'[' * 100_000}",
    "an alias bomb": lambda: "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 30)),
    "5,000 digits": lambda: CLEAN.replace("limit: 300", f"limit: {'9' * 5000}"),
    "a name of 10,000": lambda: CLEAN.replace("Corner Shop Ltd", "N" * 10_000),
    "an id of 10,000": lambda: CLEAN.replace("id: corner-shop", f"id: {'n' * 10_000}"),
    "a key of 1,000": lambda: CLEAN.replace("    status: planned", f"    {'n' * 1000}: planned"),
    "a key of 10,000": lambda: CLEAN.replace("    status: planned", f"    {'n' * 10_000}: planned"),
    "5,000 wrong items": lambda: CLEAN.replace("[website_operator,", f"[{'{a: b}, ' * 5000}"),
}


def table(name: str) -> list[dict[str, Any]]:
    """A table of cases. All of it is read as text, so that it can hold what it is about."""
    found: list[dict[str, Any]] = yaml.load((HERE / name).read_bytes(), Loader=yaml.BaseLoader)
    return found


CASES = table("cases.yaml")
SAME = table("same.yaml")


def edited(text: str, edits: dict[str, str]) -> str:
    """A text after replacements, each of which must be possible."""
    for old, new in edits.items():
        assert old in text, f"{old!r} is not in clean.yaml"
        text = text.replace(old, new, 1)
    return text


def content(written: Any) -> bytes:
    """The bytes of one file of a case."""
    if isinstance(written, str):
        return written.encode()
    if "made" in written:
        return MADE[written["made"]]().encode()
    text = written.get("before", "") + edited(CLEAN, written.get("edit", {}))
    return text.encode(written.get("encoding", "utf-8"))


def lay_out(case: dict[str, Any], root: Path) -> None:
    """Write the files of a case below a folder."""
    short = {key: case[key] for key in ("made", "edit", "before", "encoding") if key in case}
    files = case.get("files", {"policycheck.yaml": case.get("text", short)})
    for name, written in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = written if isinstance(written, dict) else {}
        if "link" in kind:
            path.symlink_to(kind["link"])
        elif "pipe" in kind:
            os.mkfifo(path)
        elif "folder" in kind:
            path.mkdir()
        else:
            path.write_bytes(content(written))


@cache
def shipped() -> list[packs.Pack]:
    """The shipped packs, read once for all cases."""
    return packs.shipped()


class Stream(io.TextIOWrapper):
    """Standard output or error, to be read afterwards."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), "utf-8", write_through=True)

    def text(self) -> str:
        """What was written."""
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode()


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line in this process: arguments and folder in; exit code, standard output and error out."""
    monkeypatch.setattr(packs, "shipped", lambda: list(shipped()))

    def started(folder: Path, *arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
        out, err = Stream(), Stream()
        with monkeypatch.context() as patch:
            patch.chdir(folder)
            patch.setattr(sys, "argv", ["policycheck", *arguments])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = cli._run()
        return code, out.text(), err.text()

    return started


def arguments_of(case: dict[str, Any]) -> list[str]:
    given: list[str] = case.get("run", ["check"])
    return [*given, "--as-of", AS_OF] if given[0] in ("check", "validate") and "--as-of" not in given else given


def named(cases: list[dict[str, Any]]) -> Iterator[Any]:
    for case in cases:
        marks = [pytest.mark.xfail(reason=case["open"])] if "open" in case else []
        yield pytest.param(case, id=case["name"].replace(" ", "-"), marks=marks)


def test_the_names_of_cases_are_theirs_alone() -> None:
    names = [case["name"] for case in [*CASES, *SAME]]
    assert len(names) >= 70
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("case", named(CASES))
def test_a_trap_has_its_exit_code_and_its_message(case: dict[str, Any], tmp_path: Path, run: Run) -> None:
    root = tmp_path / "root"
    root.mkdir()
    lay_out(case, root)
    stdin = content(case["stdin"]) if "stdin" in case else b""
    code, out, err = run(root / case.get("in", ""), *arguments_of(case), stdin=stdin)
    lines = err.replace(str(root), "{root}").splitlines()
    assert "Traceback" not in out + err
    assert not [char for char in RAW if char in out + err]
    assert code == int(case["exit"]), err[:2000]
    assert code != 0
    assert [line[: len(said)] for line, said in zip(lines, case["says"], strict=False)] == case["says"]
    assert len(lines) == len(case["says"]), err[:2000]
    for said in case.get("prints", ()):
        assert said in out
    for said in case.get("never", ()):
        assert said not in out + err
    assert max(map(len, [*lines, *out.splitlines(), ""])) < 5000
