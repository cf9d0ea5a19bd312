"""Hostile and sloppy input through the command line: each file of the corpus has its exit code and its message.

`corpus/cases.yaml` is the table. A case starts from `corpus/clean.yaml`, or writes its own files, and says every line
that goes to standard error: no more, no fewer. No case ends in a traceback, and none of them passes.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from policycheck import cli, document

HERE = Path(__file__).parent / "corpus"
CLEAN = (HERE / "clean.yaml").read_text("utf-8")
AS_OF = "2026-11-21"
TOP = "policycheck: 1\norganization: {id: a, roles: [website_operator]}\n"
#: What must never reach a terminal: all but line ends of C0, C1, and what reorders or hides text.
RAW = [*map(chr, [*range(9), *range(11, 32), *range(0x7F, 0xA0)]), "\u202e", "\u2066", "\u200b", "\ufeff"]

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


def _json(text: str) -> str:
    return json.dumps(document.parse(text.encode(), "clean.yaml")[0].data, indent=2)


def _reversed(text: str) -> str:
    """The manifest with its sections, and the items of each list, in the opposite order."""
    data = document.parse(text.encode(), "clean.yaml")[0].data
    return json.dumps({key: data[key][::-1] if isinstance(data[key], list) else data[key] for key in reversed(data)})


FORMS: dict[str, Callable[[str], str]] = {"json": _json, "reversed": _reversed}


def table(name: str) -> list[dict[str, Any]]:
    """A table of cases. All of it is read as text, so that it can hold what it is about."""
    found: list[dict[str, Any]] = yaml.load((HERE / name).read_bytes(), Loader=yaml.BaseLoader)
    return found


CASES = table("cases.yaml")
SAME = table("same.yaml")


def edited(text: str, edits: dict[str, str]) -> str:
    """A text after replacements, each of which must be possible."""
    for old, new in edits.items():
        assert old in text, f"{old!r} is not in the text to edit"
        text = text.replace(old, new, 1)
    return text


def content(written: Any) -> bytes:
    """The bytes of one file of a case."""
    if isinstance(written, str):
        return written.encode()
    if "made" in written:
        return MADE[written["made"]]().encode()
    text = edited(CLEAN, written.get("edit", {}))
    if "form" in written:
        text = FORMS[written["form"]](text)
    text = written.get("before", "") + text.replace("\n", written.get("line_end", "\n"))
    return text.encode(written.get("encoding", "utf-8"))


def files_of(case: dict[str, Any]) -> dict[str, Any]:
    """What a case writes: its files, one manifest, or the pack `ours` with an edited rule beside the clean manifest."""
    if "ours" in case:
        rule, header = ((HERE / "ours" / name).read_text("utf-8") for name in ("owners/owned.yaml", "pack.yaml"))
        others = {f"ours/{name}": rule if text == "RULE" else text for name, text in case.get("files", {}).items()}
        ours = edited(rule, case["ours"]) if isinstance(case["ours"], dict) else case["ours"]
        header = case.get("header", header)
        return {"ours/pack.yaml": header, "ours/owners/owned.yaml": ours, "policycheck.yaml": CLEAN, **others}
    short = {key: case[key] for key in ("made", "form", "edit", "before", "line_end", "encoding") if key in case}
    files: dict[str, Any] = case.get("files", {"policycheck.yaml": case.get("text", short)})
    return files


def lay_out(case: dict[str, Any], root: Path) -> None:
    """Write the files of a case below a folder."""
    for name, written in files_of(case).items():
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
    given: list[str] = case.get("run", ["check", "--rules", "ours"] if "ours" in case else ["check"])
    return [*given, "--as-of", AS_OF] if given[0] in ("check", "validate") and "--as-of" not in given else given


def named(cases: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(case, id=case["name"].replace(" ", "-"), marks=_marks(case)) for case in cases]


def _marks(case: dict[str, Any]) -> list[pytest.MarkDecorator]:
    why = case.get("open")
    return [pytest.mark.xfail(reason=why, run=why != "hangs", strict=False)] if why else []


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
    assert len(lines) == int(case.get("lines", len(case["says"]))), err[:2000]
    for said in case.get("prints", ()):
        assert said in out
    for said in case.get("never", ()):
        assert said not in out + err
    assert max(map(len, [*lines, *out.splitlines(), ""])) < 6000


# --- judged exactly as the clean file ------------------------------------------------------------------------

IGNORED = {
    "ends": {"end_column"},
    "places": {"manifest", "path", "line", "column", "end_column", "inputs"},
    "values": {"value"},
    "facts": {"facts", "location", "related"},
}


def stripped(value: Any, keys: set[str]) -> Any:
    """A report without some keys, at any depth."""
    if isinstance(value, dict):
        return {key: stripped(inner, keys) for key, inner in value.items() if key not in keys}
    return [stripped(item, keys) for item in value] if isinstance(value, list) else value


def ordered(value: Any) -> Any:
    """A report with every list sorted."""
    if isinstance(value, dict):
        return {key: ordered(inner) for key, inner in value.items()}
    return sorted(map(ordered, value), key=json.dumps) if isinstance(value, list) else value


@pytest.mark.parametrize("case", named(SAME))
def test_sloppy_but_right_is_judged_as_the_clean_file(case: dict[str, Any], tmp_path: Path, run: Run) -> None:
    ignoring = case.get("ignoring", [])
    keys = {"size", "sha256", "report_id"}.union(*(IGNORED.get(name, set()) for name in ignoring))
    reports = []
    for name, one in (("clean", {"edit": case.get("than", {})}), ("sloppy", case)):
        (tmp_path / name / ".git").mkdir(parents=True)
        lay_out(one, tmp_path / name)
        code, out, err = run(tmp_path / name / one.get("in", ""), *arguments_of(one), "--format", "json")
        assert (code, err) == (1, "")
        report = stripped(json.loads(out), keys)
        reports.append(ordered(report) if "order" in ignoring else report)
    assert reports[0] == reports[1]
