"""The command line as a person or a pipeline meets it: help, exit codes, streams, files."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from policycheck import __version__, packs, run
from policycheck.errors import GAPS, INCOMPLETE, INTERRUPTED, INVALID, NOTHING, USAGE, strongest
from tests import command_line

CLEAN = (Path(__file__).parent / "corpus" / "clean.yaml").read_text("utf-8")
SUBPROCESS = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), "SOURCE_DATE_EPOCH": "1795219200"}
COMMANDS = [
    ["check"], ["validate"], ["explain"], ["schema"], ["init"], ["coverage"], ["questions"],
    ["rules"], ["rules", "list"], ["rules", "test"], ["rules", "lint"],
]  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A repository with one manifest that has gaps."""
    (tmp_path / ".git").mkdir()
    # Without the phases of an AI use it is unknown whether the organisation trains, whatever the criteria.
    told = CLEAN.replace("    role: controller\n", "    role: controller\n    phases: [rag, deploy]\n")
    (tmp_path / "policycheck.yaml").write_text(told, "utf-8")
    return tmp_path


def start(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[bytes]:
    """The command line in a process of its own."""
    call = [sys.executable, "-m", "policycheck", *arguments]
    return subprocess.run(call, cwd=folder, env={**SUBPROCESS, **more}, capture_output=True, check=False)


Call = Callable[..., tuple[int, str, str]]


# --- help ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["--help"], ["--version"], *([*words, "--help"] for words in COMMANDS)])
def test_help_and_version_load_nothing_heavy(words: list[str]) -> None:
    script = (
        f"import sys; sys.argv = ['policycheck', *{words!r}]\n"
        "from policycheck import cli\n"
        "code = cli._run()\n"
        "heavy = {'yaml', 'jsonschema', 'jsonschema_rs', 'pydantic', 'tabulate', 'crossplane'} & set(sys.modules)\n"
        "print(heavy or '', file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", script], env=SUBPROCESS, capture_output=True, check=False, text=True)
    assert (done.returncode, done.stderr.strip()) == (0, "")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_help_of_each_command_teaches_by_example(words: list[str], call: Call, tmp_path: Path) -> None:
    code, out, _ = call(tmp_path, *words, "--help")
    examples = [line for line in out.splitlines() if line.strip().startswith(f"policycheck {words[0]}")]
    assert code == 0
    assert len(examples) >= 2
    assert max(map(len, out.splitlines())) <= 100


def test_help_lists_every_command_in_words(call: Call, tmp_path: Path) -> None:
    code, out, _ = call(tmp_path, "--help")
    assert code == 0
    for words in COMMANDS:
        assert f"\n  {words[0]} " in out


def test_the_version_is_said_in_one_line(tmp_path: Path) -> None:
    done = start(tmp_path, "--version")
    assert (done.returncode, done.stdout.decode()) == (0, f"policycheck {__version__}\n")


def test_one_line_a_manifest_also_says_what_loosened_the_run(shop: Path, call: Call) -> None:
    _, out, _ = call(shop, "check", "--quiet", "--no-evidence", "--fail-on", "high")
    assert out.count("\n") == 1
    assert "; loosened by --no-evidence, --fail-on high" in out
    assert "loosened" not in call(shop, "check", "--quiet")[1]


@pytest.mark.parametrize(("template", "answers"), [("ai-developer", 2), ("platform", 1), ("scraper", 2), ("shop", 1)])
def test_what_a_template_gives_as_an_answer_is_one(template: str, answers: int, tmp_path: Path, call: Call) -> None:
    call(tmp_path, "init", "--template", template)
    manifest = tmp_path / "policycheck.yaml"
    answered, count = re.subn(r"(?m): +(}? *#.* as (\S.*))$", r": \2 \1", manifest.read_text("utf-8"))
    assert count == answers
    manifest.write_text(answered, "utf-8")
    assert call(tmp_path, "validate")[0] == 0


@pytest.mark.parametrize("template", ["shop", "platform", "ai-developer", "scraper"])
def test_nothing_is_out_of_reach_by_a_size_or_place_that_nobody_has_entered(
    template: str, call: Call, tmp_path: Path
) -> None:
    assert call(tmp_path, "init", "--template", template)[0] == 0
    assert call(tmp_path, "validate")[0] == 0
    _, out, _ = call(tmp_path, "check", "--quiet")
    assert out.rstrip().endswith("expectations not applicable by organization.roles")


# --- exit codes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["check"], GAPS),
        (["check", "--exit-zero"], 0),
        (["check", "--quiet", "--criteria", "CJS24-11"], GAPS),
        (["check", "nowhere"], USAGE),
        (["check", "--fail-on", "severe"], USAGE),
        (["check", "--as-of", "yesterday"], USAGE),
        (["check", "--jobs", "0"], USAGE),
        (["check", "--criteria", "JS23-01"], NOTHING),
        (["check", "--criteria", "JS23-01", "--exit-zero"], NOTHING),
        (["check", "empty.yaml"], INVALID),
        (["check", "empty.yaml", "--exit-zero"], INVALID),
        (["check", "policycheck.yaml", "empty.yaml"], INVALID),
        (["check", "docs"], NOTHING),
        (["validate"], 0),
        (["validate", "empty.yaml"], INVALID),
        (["validate", "docs"], NOTHING),
        (["validate", "--root", "nowhere"], USAGE),
        (["explain", "CJS24-13b1"], 0),
        (["explain", "CJS24-99"], USAGE),
        (["rules", "list"], 0),
        (["rules", "lint"], 0),
        (["rules", "lint", "nothing"], USAGE),
        (["schema", "manifest"], 0),
        (["schema", "menifest"], USAGE),
        ([], USAGE),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_an_exit_code_means_one_thing(arguments: list[str], code: int, shop: Path, call: Call) -> None:
    (shop / "docs").mkdir()
    (shop / "empty.yaml").touch()
    found, _, err = call(shop, *arguments)
    assert found == code
    assert "Traceback" not in err


def test_of_several_exit_codes_the_strongest_counts() -> None:
    assert strongest({GAPS, NOTHING, 0}) == GAPS
    assert strongest({GAPS, INCOMPLETE}) == INCOMPLETE
    assert strongest({INCOMPLETE, INVALID, GAPS}) == INVALID
    assert strongest({INVALID, INTERRUPTED}) == INTERRUPTED
    assert strongest(set()) == 0


def test_severity_and_unknowns_decide_what_blocks(shop: Path, call: Call) -> None:
    counts = []
    for arguments in ([], ["--allow-unknown"], ["--fail-on", "high"], ["--fail-on", "high", "--allow-unknown"]):
        _, out, _ = call(shop, "check", "--format", "json", *arguments)
        counts.append(json.loads(out)["totals"]["blocking"])
    assert counts[0] > counts[1] > counts[3]
    assert counts[0] > counts[2] >= counts[3]


def test_a_bug_of_ours_says_where_to_report_it(shop: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("of no use")

    monkeypatch.setattr(packs, "load", broken)
    code, _, err = call(shop, "check")
    assert code == 70
    assert "ZeroDivisionError: of no use in broken (test_cli.py:" in err
    assert "/issues with this line" in err
    assert "Traceback" not in err


def test_an_interrupt_is_said_and_leaves_no_file(shop: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run.Worker, "__call__", interrupted)
    code, _, err = call(shop, "check", "--output", "json=report.json")
    assert (code, err.strip()) == (INTERRUPTED, "interrupted")
    assert sorted(os.listdir(shop)) == [".git", "policycheck.yaml"]


def test_no_manifest_says_what_one_is(tmp_path: Path, call: Call) -> None:
    (tmp_path / ".git").mkdir()
    code, out, err = call(tmp_path, "check")
    assert (code, out) == (NOTHING, "")
    assert err.startswith("policycheck: no manifest in ")
    assert "policycheck.yaml" in err


# --- streams -------------------------------------------------------------------------------------------------


def test_a_reader_that_goes_away_does_not_change_the_verdict(shop: Path) -> None:
    for words, code in ((["check"], GAPS), (["schema", "manifest"], 0), (["rules", "list"], 0)):
        call = [sys.executable, "-m", "policycheck", *words]
        with subprocess.Popen(call, cwd=shop, env=SUBPROCESS, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait() == code


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("words", [["check"], ["check", "--quiet"], ["config"], ["config", "--format", "json"], ["--help"]])
def test_a_full_disk_is_said(words: list[str], shop: Path) -> None:
    with open("/dev/full", "wb") as full:
        call = [sys.executable, "-m", "policycheck", *words]
        done = subprocess.run(call, cwd=shop, env=SUBPROCESS, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == USAGE
    assert re.fullmatch(rb"policycheck: (standard output cannot be written: n|N)o space left on device\n", done.stderr)


def test_an_interrupt_while_it_starts_is_one(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from policycheck.__main__ import main\n"
        "class Stop:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'policycheck.cli':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Stop())\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=SUBPROCESS, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (INTERRUPTED, b"interrupted\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize(("redirection", "code"), [(">&-", 0), ("| true", 0), (">/dev/full", USAGE)])
def test_a_version_that_cannot_be_said_leaves_no_traceback(redirection: str, code: int, tmp_path: Path) -> None:
    words = ["sh", "-c", f'"{sys.executable}" -m policycheck --version {redirection}']
    done = subprocess.run(words, cwd=tmp_path, env=SUBPROCESS, capture_output=True, check=False)
    assert done.returncode == code
    assert done.stderr == (b"policycheck: No space left on device\n" if code else b"")


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
@pytest.mark.parametrize(("redirection", "code"), [(">&-", GAPS), ("2>&-", GAPS), ("- <&-", INVALID)])
def test_a_stream_that_is_closed_is_no_bug(redirection: str, code: int, shop: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -m policycheck check {redirection}'],
        cwd=shop, env=SUBPROCESS, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == code
    assert b"bug" not in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_what_a_closed_stderr_cannot_take_is_not_put_into_the_report(shop: Path) -> None:
    (shop / "b.policycheck.yaml").write_text("policycheck: 1\n", "utf-8")
    words = ["sh", "-c", f'"{sys.executable}" -m policycheck check . --format json 2>&-']
    done = subprocess.run(words, cwd=shop, env=SUBPROCESS, capture_output=True, check=False)
    assert done.returncode == INVALID
    assert json.loads(done.stdout)["exit_code"] == INVALID


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_every_encoding_of_the_terminal_gets_a_report(encoding: str, shop: Path) -> None:
    text = CLEAN.replace("Corner Shop Ltd", "Ĉapelo 語 😀").replace("    status: planned", "    statsu: planned")
    (shop / "bad.policycheck.yaml").write_text(text, "utf-8")
    done = start(shop, "check", ".", PYTHONIOENCODING=encoding)
    assert done.returncode == INVALID
    done.stdout.decode(encoding)
    assert (
        done.stderr.decode(encoding)
        == "bad.policycheck.yaml:36:5: controls[watch].statsu: unknown key; did you mean 'status'?\n"
    )
    (shop / "bad.policycheck.yaml").write_text(
        text.replace("statsu", "status").replace("id: corner-shop", "id: other"), "utf-8"
    )
    done = start(shop, "check", ".", PYTHONIOENCODING=encoding)
    assert done.returncode == GAPS
    shown = done.stdout.decode(encoding)
    assert ("Ĉapelo 語 😀" if encoding == "utf-8" else "\\u0108apelo \\u8a9e \\U0001f600") in shown
    for words in (["explain", "CJS24"], ["schema", "manifest"], ["rules", "list"]):
        assert start(shop, *words, PYTHONIOENCODING=encoding).returncode == 0


def test_what_is_piped_is_plain_and_the_same_twice(shop: Path) -> None:
    for arguments in ([], ["--format", "json"], ["--format", "markdown"], ["--format", "table"], ["--format", "jsonl"]):
        first, second = (start(shop, "check", *arguments) for _ in range(2))
        assert first.stdout == second.stdout
        assert b"\x1b" not in first.stdout
        assert first.stderr == b""


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_a_terminal_gets_colour_unless_it_says_otherwise(variables: dict[str, str], coloured: bool, shop: Path) -> None:
    import pty

    master, slave = pty.openpty()
    call = [sys.executable, "-m", "policycheck", "check"]
    with subprocess.Popen(call, cwd=shop, env={**SUBPROCESS, "TERM": "xterm", **variables}, stdout=slave) as process:
        os.close(slave)
        shown = b""
        while piece := _read(master):
            shown += piece
        assert process.wait() == GAPS
    os.close(master)
    assert (b"\x1b[" in shown) == coloured
    assert b"Corner Shop Ltd" in shown


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:
        # Linux says that the other side is gone with an error.
        return b""


def test_standard_input_is_a_manifest_too(shop: Path) -> None:
    call = [sys.executable, "-m", "policycheck", "validate", "-"]
    done = subprocess.run(call, cwd=shop, env=SUBPROCESS, input=CLEAN.encode(), capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"1 manifest valid\n")


# --- files ---------------------------------------------------------------------------------------------------


def test_outputs_are_written_together_and_say_the_same(shop: Path, call: Call) -> None:
    code, out, err = call(shop, "check", "--format", "text", "--output", "json=a.json", "--output", "jsonl=b.jsonl")
    assert (code, err) == (GAPS, "")
    assert "Corner Shop Ltd" in out
    assert sorted(os.listdir(shop)) == [".git", "a.json", "b.jsonl", "policycheck.yaml"]
    report = json.loads((shop / "a.json").read_bytes())
    short = json.loads((shop / "b.jsonl").read_text("utf-8").splitlines()[0])
    assert short["counts"] == report["results"][0]["counts"]


def test_a_bare_output_takes_the_one_format(shop: Path, call: Call) -> None:
    _, out, _ = call(shop, "check", "--format", "json", "--output", "report")
    assert out == ""
    assert json.loads((shop / "report").read_bytes())["exit_code"] == GAPS


def test_an_output_is_replaced_whole_or_left_as_it_was(shop: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    (shop / "report.json").write_text("the last one", "utf-8")
    (shop / "report.json").chmod(0o600)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(run.Run, "finish", broken)
        assert call(shop, "check", "--output", "json=report.json")[0] == 70
    assert (shop / "report.json").read_text("utf-8") == "the last one"
    assert call(shop, "check", "--output", "json=report.json")[0] == GAPS
    assert json.loads((shop / "report.json").read_bytes())["format"] == "policycheck-report/1"
    assert stat.S_IMODE((shop / "report.json").stat().st_mode) == 0o600
    assert sorted(os.listdir(shop)) == [".git", "policycheck.yaml", "report.json"]


def test_when_one_output_cannot_be_opened_none_is_written(shop: Path, call: Call) -> None:
    code, out, err = call(shop, "check", "--output", "json=a.json", "--output", "markdown=gone/b.md")
    assert (code, out) == (USAGE, "")
    assert "gone/b.md" in err
    assert sorted(os.listdir(shop)) == [".git", "policycheck.yaml"]


def test_an_output_that_is_a_link_is_written_through_it(shop: Path, call: Call) -> None:
    (shop / "kept").mkdir()
    (shop / "report.json").symlink_to("kept/report.json")
    call(shop, "check", "--output", "json=report.json")
    assert (shop / "report.json").is_symlink()
    assert json.loads((shop / "kept" / "report.json").read_bytes())["format"] == "policycheck-report/1"


@pytest.mark.skipif(os.name != "posix", reason="there are no device files")
def test_a_device_is_written_to_and_never_replaced(shop: Path, call: Call) -> None:
    code, _, _ = call(shop, "check", "--output", f"json={os.devnull}")
    assert code == GAPS
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_an_invalid_manifest_still_leaves_a_report_of_what_could_be_judged(shop: Path, call: Call) -> None:
    (shop / "b").mkdir()
    (shop / "b" / "policycheck.yaml").write_text("policycheck: 1\n", "utf-8")
    code, _, _ = call(shop, "check", ".", "--output", "json=report.json")
    report = json.loads((shop / "report.json").read_bytes())
    assert code == report["exit_code"] == INVALID
    assert [result["manifest"] for result in report["results"]] == ["policycheck.yaml"]
    assert [(p["path"], p["line"]) for p in report["problems"]] == [("b/policycheck.yaml", 1)]


def test_several_processes_give_the_same_bytes_as_one(shop: Path) -> None:
    for name in ("a", "b", "c"):
        (shop / f"{name}.policycheck.yaml").write_text(CLEAN.replace("id: corner-shop", f"id: shop-{name}"), "utf-8")
    (shop / "d.policycheck.yaml").write_text("policycheck: 1\n", "utf-8")
    one, two = (start(shop, "check", ".", "--format", "json", "--jobs", jobs) for jobs in ("1", "2"))
    assert (one.returncode, two.returncode) == (INVALID, INVALID)
    assert (one.stdout, one.stderr) == (two.stdout, two.stderr)


def test_nothing_that_is_printed_is_a_command_to_the_agent_of_a_ci_job(tmp_path: Path) -> None:
    folder = tmp_path / "::stop-commands::tok"
    folder.mkdir()
    text = (Path(__file__).parents[1] / "examples" / "corner-shop" / "policycheck.yaml").read_text("utf-8")
    text = text.replace("name: Corner Shop Ltd", 'name: "Corner ##vso[task.setvariable variable=PATH]"')
    text = text.replace("last_reviewed_on: 2025-06-02", "last_reviewed_on: 2025-06-02 # ##vso[task.prependpath]/tmp/x")
    (folder / "policycheck.yaml").write_text(text, "utf-8")
    (folder / "bad.policycheck.yaml").write_text("policycheck: 1\n", "utf-8")
    assert text.count("##vso[") == 2
    for form in ("text", "table", "markdown", "json", "csv", "html"):
        done = start(tmp_path, "check", ".", "--verbose", "--format", form)
        lines = (done.stdout + done.stderr).decode().splitlines()
        assert lines
        assert not [line for line in lines if line.strip().startswith("::") or "##vso[" in line], form


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An organisation with fragments and evidence, a configuration, a baseline and a lock."""
    folder = tmp_path_factory.mktemp("known") / "harbour"
    shutil.copytree(Path(__file__).parents[1] / "examples" / "harbour-social", folder)
    (folder / ".git").mkdir()
    (folder / ".policycheck.toml").write_text('fail_on = "high"\n', "utf-8")
    assert command_line.run(folder, "baseline", "write").returncode == 0
    (folder / "policycheck.lock.yaml").write_text("policycheck-lock: 1\n", "utf-8")
    return folder


@pytest.fixture
def harbour(known: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(known, tmp_path / "harbour"))


def test_no_output_replaces_what_the_run_read(harbour: Path) -> None:
    names = (
        "ai.policycheck-part.yaml", "deploy/nginx.conf", ".policycheck.toml", ".policycheck-baseline.yaml",
        "policycheck.lock.yaml", "policycheck.yaml",
    )  # fmt: skip
    before = {file: file.read_bytes() for file in harbour.rglob("*") if file.is_file()}
    for name in names:
        outputs = ["--output", f"markdown={name}", "--output", "json=new.json"]
        done = command_line.run(harbour, "check", ".", "--baseline", ".policycheck-baseline.yaml", *outputs)
        assert done.returncode == USAGE, name
        assert f"--output {name} would replace " in done.stderr
        # Nothing is replaced, and nothing else is left beside it.
        assert {file: file.read_bytes() for file in harbour.rglob("*") if file.is_file()} == before


def test_no_output_of_an_invalid_run_replaces_a_fragment(harbour: Path) -> None:
    fragment = harbour / "ai.policycheck-part.yaml"
    fragment.write_text("ai_uses: 7\n", "utf-8")
    done = command_line.run(harbour, "check", ".", "--output", "json=ai.policycheck-part.yaml")
    assert done.returncode == USAGE
    assert fragment.read_text("utf-8") == "ai_uses: 7\n"


def test_an_output_to_an_open_stream_does_not_replace_where_it_goes(shop: Path) -> None:
    with (shop / "both.txt").open("wb") as file:
        call = [sys.executable, "-m", "policycheck", "check", "--format", "text", "--output", "json=/dev/stderr"]
        done = subprocess.run(call, cwd=shop, env=SUBPROCESS, stdout=subprocess.DEVNULL, stderr=file, check=False)
    assert done.returncode == GAPS
    assert json.loads((shop / "both.txt").read_bytes())["exit_code"] == GAPS
    with (shop / "both.txt").open("ab") as file:
        call = [sys.executable, "-m", "policycheck", "check", "--format", "json", "--output", "/dev/stdout"]
        subprocess.run(call, cwd=shop, env=SUBPROCESS, stdout=file, check=False)
    assert (shop / "both.txt").read_bytes().count(b'"policycheck-report/1"') == 2
    done = start(shop, "check", "--format", "text", "--output", "json=/dev/stdout")
    assert (done.returncode, done.stdout) == (USAGE, b"")
    assert b"standard output can take one format only" in done.stderr


def test_explain_shows_the_definitions_that_a_rule_leans_on_and_those_behind_them(tmp_path: Path) -> None:
    out = " ".join(start(tmp_path, "explain", "special-data-filtered").stdout.decode().split())
    assert "where scraping.dutch_places: " in out
    assert "where scraping.places: size(scraping.jurisdictions) > 0 ? scraping.jurisdictions :" in out


def test_explain_shows_each_named_value_of_a_rule_as_it_is_written(tmp_path: Path) -> None:
    out = " ".join(start(tmp_path, "explain", "authority-told-within-hours").stdout.decode().split())
    assert "let law: laws[size(laws) - 1] when:" in out
    assert "{'" not in out


def test_on_a_full_disk_no_file_of_a_set_is_replaced(shop: Path) -> None:
    (shop / "a.json").write_text("old", "utf-8")
    done = start(shop, "check", "--quiet", "--output", "json=a.json", "--output", "text=/dev/full")
    assert done.returncode == USAGE
    assert done.stderr == b"policycheck: --output /dev/full cannot be written: no space left on device\n"
    assert (shop / "a.json").read_text("utf-8") == "old"
    assert sorted(file.name for file in shop.iterdir()) == [".git", "a.json", "policycheck.yaml"]


def test_on_a_disk_that_is_almost_full_neither(shop: Path) -> None:
    start(shop, "check", "--output", "markdown=whole.md", "--output", "text=whole.txt")
    size = (shop / "whole.md").stat().st_size
    assert size > (shop / "whole.txt").stat().st_size
    kept = sorted(file.name for file in shop.iterdir())
    check = f"{shlex.quote(sys.executable)} -m policycheck check --output text=b.md --output markdown=a.md"
    call = f"ulimit -f {size // 1024}; exec {check}"
    done = subprocess.run(["bash", "-c", call], cwd=shop, env=SUBPROCESS, capture_output=True, check=False)
    assert done.returncode == USAGE
    assert b"--output a.md cannot be written: file too large" in done.stderr
    assert sorted(file.name for file in shop.iterdir()) == kept


@pytest.mark.parametrize(
    ("call", "target"),
    [
        ("init new", "new/.policycheck-schema.json"),
        ("baseline write", ".policycheck-baseline.yaml"),
        ("evidence lock", "policycheck.lock.yaml"),
        ("discover --output found.yaml new", "--output found.yaml"),
    ],
)
def test_where_there_is_no_room_nothing_is_left_behind(call: str, target: str, shop: Path) -> None:
    (shop / "new").mkdir()
    kept = sorted(shop.rglob("*"))
    line = f"ulimit -f 0; exec {shlex.quote(sys.executable)} -m policycheck {call}"
    done = subprocess.run(["bash", "-c", line], cwd=shop, env=SUBPROCESS, capture_output=True, check=False)
    assert done.returncode == USAGE
    assert done.stderr.decode().endswith(f"{target} cannot be written: file too large\n")
    assert sorted(shop.rglob("*")) == kept


def test_init_makes_no_second_manifest_and_follows_no_link_that_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "policycheck.yml").write_text("policycheck: 1\n", "utf-8")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "policycheck.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    for folder in ("a", "b"):
        done = start(tmp_path, "init", folder)
        assert (done.returncode, done.stdout) == (USAGE, b"")
        assert b"is already there" in done.stderr
    assert sorted(file.name for file in tmp_path.rglob("*.*")) == ["policycheck.yaml", "policycheck.yml"]
