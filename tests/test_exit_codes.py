"""One folder an exit code, and the two codes that no input produces: 70 by a fault of ours, 130 by signals."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from policycheck.errors import BUG, INTERRUPTED

ROOT = Path(__file__).parent.parent
FOLDERS = sorted(p for p in (ROOT / "examples" / "exit-codes").iterdir() if p.is_dir())
CLEAN = (Path(__file__).parent / "corpus" / "clean.yaml").read_text("utf-8")
ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "SOURCE_DATE_EPOCH": "1795219200"}


def test_there_is_a_folder_for_each_code_that_an_input_can_produce() -> None:
    assert [folder.name for folder in FOLDERS] == ["0", "1", "2", "3", "4", "5"]
    index = (ROOT / "examples" / "exit-codes" / "README.md").read_text("utf-8")
    assert re.findall(r"\[(\d)\]\(\1/README\.md\)", index) == [folder.name for folder in FOLDERS]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_call_in_the_readme_ends_in_the_code_of_the_folder(folder: Path) -> None:
    (line,) = re.findall(r"^policycheck (.+)$", (folder / "README.md").read_text("utf-8"), re.MULTILINE)
    call = [sys.executable, "-m", "policycheck", *shlex.split(line)]
    done = subprocess.run(call, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == int(folder.name), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 1


# --- faults ------------------------------------------------------------------------------------------------------

_FAULTY = """
import sys
from policycheck import cli, run
def broken(*_):
    raise RuntimeError("of no use")
setattr(*{where}, broken)
sys.argv = ["policycheck", "check", "--output", "json=report.json"]
sys.exit(cli._run())
"""


@pytest.mark.parametrize("where", ["(run, 'assess')", "(run.packs, 'load')", "(run.Run, 'finish')", "(run.sources, 'find')"])
def test_a_bug_of_ours_is_70_and_leaves_no_half_report(where: str, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "policycheck.yaml").write_text(CLEAN, "utf-8")
    (tmp_path / "report.json").write_text("the last one", "utf-8")
    call = [sys.executable, "-c", _FAULTY.format(where=where)]
    done = subprocess.run(call, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == BUG
    assert "RuntimeError: of no use in broken" in done.stderr
    assert "/issues" in done.stderr
    assert "Traceback" not in done.stderr
    text = (tmp_path / "report.json").read_text("utf-8")
    assert text == "the last one" or text.endswith("}\n")
    assert sorted(os.listdir(tmp_path)) == [".git", "policycheck.yaml", "report.json"]


# --- signals -----------------------------------------------------------------------------------------------------

SIGNALS = [pytest.param(signal.SIGINT, id="SIGINT"), pytest.param(signal.SIGTERM, id="SIGTERM")]


def _interrupted(folder: Path, wanted: signal.Signals, *arguments: str) -> tuple[int, bytes]:
    """Start a check that waits for standard input with its output file begun, then send the signal."""
    call = [sys.executable, "-m", "policycheck", "check", "-", "--output", "json=report.json", *arguments]
    pipe = subprocess.PIPE
    # A shell that starts the tests in the background has interrupts ignored, and children inherit that.
    heeds = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(
        call,
        cwd=folder,
        env=ENVIRONMENT,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        preexec_fn=heeds,  # noqa: PLW1509 - no threads
    ) as process:
        limit = time.monotonic() + 20
        while not list(folder.glob(".report.json.*")) and time.monotonic() < limit:
            time.sleep(0.01)
        # The file is there just before standard input is read.
        time.sleep(0.1)
        process.send_signal(wanted)
        _, err = process.communicate(timeout=20)
    return process.returncode, err


@pytest.mark.skipif(os.name != "posix", reason="signals are sent differently on Windows")
@pytest.mark.parametrize("before", [None, "the last one"], ids=["new", "replaced"])
@pytest.mark.parametrize("wanted", SIGNALS)
def test_an_interrupted_check_is_130_says_so_in_a_line_and_leaves_what_was_there(
    wanted: signal.Signals, before: str | None, tmp_path: Path
) -> None:
    (tmp_path / ".git").mkdir()
    if before is not None:
        (tmp_path / "report.json").write_text(before, "utf-8")
    code, err = _interrupted(tmp_path, wanted)
    assert (code, err.strip()) == (INTERRUPTED, b"interrupted")
    assert sorted(os.listdir(tmp_path)) == [".git", *(["report.json"] if before else [])]
    assert before is None or (tmp_path / "report.json").read_text("utf-8") == before
