"""What was not judged is said in every format that people read: who sees that one alone must not take the run for whole."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.command_line import Done, run

ROOT = Path(__file__).parents[2]
#: What a person is given. The OSCAL catalog holds criteria only.
READ = ("text", "table", "markdown", "github-summary", "csv")
Call = Callable[..., Done]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rule that is too much work, beside its manifest one that is invalid, and the report of both, which takes a while."""
    made = tmp_path_factory.mktemp("run") / "acme"
    shutil.copytree(ROOT / "examples" / "exit-codes" / "5", made)
    (made / "bad").mkdir()
    (made / "bad" / "policycheck.yaml").write_text("policycheck: 1\norganization: {id: bad}\n", "utf-8")
    (made / "report.json").write_text(judged(run, made, "--format", "json").stdout, "utf-8")
    return made


def judged(call: Call, folder: Path, *words: str) -> Done:
    return call(folder, "check", ".", "--root", ".", "--rules", "pack", "--as-of", "2026-11-21", *words)


@pytest.mark.parametrize("more", [(), ("--quiet",), ("--by", "expectation"), ("--view", "gdpr")])
@pytest.mark.parametrize("name", READ)
def test_a_file_that_is_invalid_and_a_rule_that_broke_are_named(
    name: str, more: tuple[str, ...], folder: Path, call: Call
) -> None:
    again = call(folder, "report", "report.json", "--format", name, *more)
    assert again.returncode == 0, again.stderr
    said = " ".join(again.stdout.replace("\\", "").split())
    assert "bad/policycheck.yaml" in said
    assert "rule too-much-work" in said


@pytest.mark.parametrize("name", ["text", "markdown"])
def test_what_a_broken_rule_left_open_says_why(name: str, folder: Path, call: Call) -> None:
    assert "too-much-work: the rule could not be evaluated" in judged(call, folder, "--format", name).stdout


@pytest.mark.parametrize("name", READ)
def test_nothing_applied_is_no_report_without_gaps(name: str, tmp_path: Path, call: Call) -> None:
    manifest = "policycheck: 1\norganization: {id: acme, roles: [ai_developer], size: small, jurisdictions: [GB]}\n"
    (tmp_path / "policycheck.yaml").write_text(manifest, "utf-8")
    done = call(tmp_path, "check", "--root", ".", "--criteria", "DSA40", "--as-of", "2026-11-21", "--format", name)
    assert "No must or should expectation applied" in " ".join(done.stdout.split())


def test_the_table_counts_its_rows_and_says_what_the_run_was_let_off(call: Call) -> None:
    example = ROOT / "examples" / "harbour-social"
    words = ("check", ".", "--root", ".", "--as-of", "2026-11-21", "--allow-unknown", "--format")
    head, _, *rest = call(example, *words, "table").stdout.splitlines()
    counts = json.loads(call(example, *words, "json").stdout)["totals"]
    rows = [line.split()[1] for line in rest if line.split()[:1] and line.split()[0] in ("high", "medium", "low", "info")]
    for outcome in ("gap", "unknown"):
        both = counts["findings"][outcome], counts["integrity"][outcome]
        assert rows.count(outcome) == sum(both)
        assert all(f"{count} {outcome}" in head for count in both if count)
    assert rest[-1] == "loosened by --allow-unknown"


def test_a_report_cannot_lose_what_broke_and_keep_its_id(folder: Path, call: Call) -> None:
    found = json.loads((folder / "report.json").read_bytes())
    for record in found["results"]:
        assert record["failures"]
        record["failures"] = []
    (folder / "less.json").write_text(json.dumps(found), "utf-8")
    done = call(folder, "report", "less.json")
    assert (done.returncode, done.stdout) == (3, "")
    assert "its report_id is not that of its content" in done.stderr


def test_a_copy_without_values_of_a_run_that_broke_is_the_same_report(folder: Path, call: Call) -> None:
    (folder / "copy.json").write_text(call(folder, "report", "report.json", "--redact", "--format", "json").stdout, "utf-8")
    done = call(folder, "report", "copy.json", "--format", "text")
    assert done.returncode == 0, done.stderr
    assert "rule too-much-work: (left out)" in done.stdout
