"""The speed of policycheck, as ratios measured side by side in one run.

    python benchmarks/run.py                 # everything, prints a Markdown table
    python benchmarks/run.py --files 200 --rounds 3   # a quick look
    python benchmarks/run.py --write docs/performance.md

Each pair of commands is run in turn (A B A B ...) as whole processes; the ratio is the median of the ratios pair by
pair, of user plus system seconds for single processes (steadier on a shared machine) and of wall seconds for --jobs.
Run it with the interpreter of an environment in which policycheck is installed, .pyc files present.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib.util
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from artefacts import ENTRIES, organisation
from manifests import manifest, write

PYTHON = sys.executable
BASE = [PYTHON, "-c", "import yaml"]
# -P: called from a checkout, -m would measure the checkout, which reads its rules as YAML.
PROGRAM = [PYTHON, "-P", "-m", "policycheck"]
CHECK = [*PROGRAM, "check", "--no-evidence", "--as-of", "2026-11-21", "--exit-zero"]
LOAD = "import sys, yaml\nfor p in open(sys.argv[1]).read().split(chr(10)):\n    with open(p, 'rb') as f: yaml.load(f, yaml.CSafeLoader)"


class Cost(NamedTuple):
    """One finished process: CPU and wall seconds, peak memory in MiB."""

    cpu: float
    wall: float
    peak: float


class Row(NamedTuple):
    """One line of the result."""

    what: str
    figure: str
    target: str


def run(command: list[str]) -> Cost:
    """Run a command to its end; output thrown away. Raises when it fails to start or exits with an unexpected code."""
    started = time.perf_counter()
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1):
        raise RuntimeError(f"{command} exited with {child.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, time.perf_counter() - started, usage.ru_maxrss / 1024)


def ratio(a: list[str], b: list[str], rounds: int, of: str = "cpu") -> tuple[float, Cost, Cost]:
    """The median of A over B, pair by pair, and a median run of each."""
    run(a), run(b)
    pairs = [(run(a), run(b)) for _ in range(rounds)]
    middle = statistics.median(getattr(x, of) / getattr(y, of) for x, y in pairs)
    return middle, sorted(x for x, _ in pairs)[rounds // 2], sorted(y for _, y in pairs)[rounds // 2]


def start_up(folder: Path, rounds: int) -> list[Row]:
    """Cold starts against the interpreter that imports yaml."""
    one = folder / "one.policycheck.yaml"
    one.write_text(manifest(1, 6), "utf-8")
    lines = one.read_text("utf-8").count("\n")
    version, *_ = ratio([*PROGRAM, "--version"], BASE, rounds)
    check, cost, _ = ratio([*CHECK, str(one)], BASE, rounds)
    return [
        Row("`--version` against `import yaml`", f"{version:.2f} ×", "≤ 1.6 ×"),
        Row(
            f"`check --no-evidence`, one manifest of {lines} lines, against `import yaml`",
            f"{check:.2f} × ({cost.peak:.0f} MiB)",
            "≤ 3.3 ×",
        ),
    ]


def throughput(folder: Path, files: int, rounds: int) -> list[Row]:
    """Many files in one process against yaml.load with the C loader over the same files."""
    paths = write(folder / "many", files)
    listing = folder / "listing"
    listing.write_text("\n".join(map(str, paths)), "utf-8")
    lines = paths[0].read_text("utf-8").count("\n")
    load = [PYTHON, "-c", LOAD, str(listing)]
    target = str(folder / "many")
    jsonl, one, other = ratio([*CHECK, "--format", "jsonl", target], load, rounds)
    full, *_ = ratio([*CHECK, "--format", "json", target], load, rounds)
    rows = [
        Row(f"`jsonl`, {files} files of {lines} lines, against `yaml.load(CSafeLoader)`",
            f"{jsonl:.2f} × ({one.cpu / files * 1000:.2f} ms a file, {other.cpu / files * 1000:.2f} ms)", "≤ 1.5 ×"),
        Row("full JSON, the same", f"{full:.2f} ×", "≤ 4 ×"),
    ]  # fmt: skip
    jobs, *_ = ratio(
        [*CHECK, "--format", "json", target], [*CHECK, "--format", "json", "--jobs", "2", target], rounds, "wall"
    )
    rows.append(Row("`--jobs 2` faster than one process, full JSON (wall)", f"{jobs:.2f} ×", "≥ 1.5 × on two free cores"))
    rows.append(Row("`--jobs 2` gives the same bytes", "yes" if _same(target) else "NO", "yes"))
    if importlib.util.find_spec("check_jsonschema"):
        schema = Path(__file__).parent.parent / "schemas" / "manifest-v1.json"
        peer = [PYTHON, "-m", "check_jsonschema", "--schemafile", str(schema), *map(str, paths[:200])]
        some = write(folder / "some", 200)
        ours = [*CHECK, "--format", "jsonl", str(folder / "some")]
        against, *_ = ratio(peer, ours, 3)
        rows.append(
            Row(f"check-jsonschema (shape only) against ours (shape and rules), {len(some)} files", f"{against:.1f} ×", "–")
        )
    else:
        rows.append(Row("check-jsonschema on the same files", "not run: not installed", "–"))
    return rows


def _same(target: str) -> bool:
    command = [*CHECK, "--format", "json", target]
    return _digest(command) == _digest([*command, "--jobs", "2"])


def _digest(command: list[str]) -> str:
    """Of what a command prints, read in pieces: what this process holds counts as the peak of the children it starts."""
    found = hashlib.sha256()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        while piece := child.stdout.read(1 << 16):
            found.update(piece)
    return found.hexdigest()


def memory(folder: Path, files: int) -> list[Row]:
    """Peak memory over many files: flat means that ten times the files do not need more."""
    write(folder / "tenth", files // 10)
    write(folder / "all", files)
    small = run([*CHECK, "--format", "json", str(folder / "tenth")])
    large = run([*CHECK, "--format", "json", str(folder / "all")])
    return [
        Row(
            f"peak memory, {files // 10} and {files} files, full JSON",
            f"{small.peak:.0f} and {large.peak:.0f} MiB",
            "≤ 100 MiB, flat",
        )
    ]


def evidence(folder: Path, rounds: int) -> list[Row]:
    """What reading thirty artefacts adds to a check, in seconds of wall time on an otherwise idle machine."""
    one = str(organisation(folder / "evidence"))
    plain = [*CHECK, "--format", "json", one]
    full = [word for word in plain if word != "--no-evidence"]
    run(full), run(plain)
    pairs = [(run(full), run(plain)) for _ in range(rounds)]
    added = statistics.median(x.wall - y.wall for x, y in pairs)
    spent = statistics.median(x.cpu - y.cpu for x, y in pairs)
    figure = f"{added:.2f} s ({spent:.2f} s of processor time)"
    return [Row(f"{len(ENTRIES)} artefacts (no PDF, no HCL) add to `--no-evidence`", figure, "≤ 0.5 s")]


def modules() -> list[Row]:
    """What a help page imports."""
    code = (
        "import sys\nfrom policycheck.cli import _run\nsys.argv[1:] = ['--help']\n_run()\n"
        "print('LOADED', [m for m in ('yaml', 'jsonschema_rs', 'pydantic', 'tabulate') if m in sys.modules])"
    )
    out = subprocess.run([PYTHON, "-P", "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = out.rpartition("LOADED ")[2].strip()
    return [Row("`--help` loads of yaml, jsonschema-rs, pydantic, tabulate", "none" if loaded == "[]" else loaded, "none")]


def _is_installed() -> bool:
    """Whether the rules are carried as a wheel carries them."""
    code = "from policycheck import data, packs; print((data.folder('rules') / packs.COMPILED).is_file())"
    return subprocess.run([PYTHON, "-P", "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "True"


def main() -> int:
    """Measure, print, and write the page when asked."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--files", type=int, default=1000)
    options.add_argument("--memory-files", type=int, default=10_000)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--write", type=Path)
    asked = options.parse_args()
    if not _is_installed():
        options.error("what is measured is an installed wheel: pip install .")
    page = asked.write.resolve() if asked.write else None
    # Away from any configuration: to read a pyproject.toml that names policycheck adds a tenth to a short check.
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        folder = Path(name)
        rows = (
            start_up(folder, max(asked.rounds, 9))
            + modules()
            + evidence(folder, asked.rounds)
            + throughput(folder, asked.files, asked.rounds)
        )
        if asked.memory_files:
            rows += memory(folder, asked.memory_files)
    table = "\n".join(
        ["| what | measured | target |", "|---|---|---|", *(f"| {r.what} | {r.figure} | {r.target} |" for r in rows)]
    )
    machine = f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}"
    print(f"{machine}\n\n{table}")
    if page:
        page.write_text(_page(page, machine, table), "utf-8")
    return 0


def _page(path: Path, machine: str, table: str) -> str:
    """The page with its table replaced, the prose around it kept."""
    begin, end = "<!-- measured -->", "<!-- /measured -->"
    text = path.read_text("utf-8") if path.exists() else f"# Performance\n\n{begin}\n{end}\n"
    head, _, rest = text.partition(begin)
    return f"{head}{begin}\n{machine}\n\n{table}\n{end}{rest.partition(end)[2]}"


if __name__ == "__main__":
    sys.exit(main())
