"""When a file was changed and by whom, as far as git can tell, and without running anything of the repository."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from policycheck import git
from policycheck.errors import UsageError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the traps are shell scripts")
OWN = {
    "PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "HOME": "/nonexistent",
    "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "c", "GIT_COMMITTER_EMAIL": "c@example.com",
}  # fmt: skip


def run(folder: Path, *words: str, day: str = "2026-01-01", who: str = "a") -> None:
    """Git as a person would run it."""
    dated = {"GIT_AUTHOR_NAME": who, "GIT_AUTHOR_DATE": "2025-01-01T12:00:00Z", "GIT_COMMITTER_DATE": f"{day}T12:00:00Z"}
    subprocess.run(["git", *words], cwd=folder, env=OWN | dated, capture_output=True, check=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Three commits, of which the first and the last change `a b.md`."""
    folder = tmp_path / "repository"
    folder.mkdir()
    run(folder, "init", "-q", "-b", "main")
    for day, who, name in (
        ("2026-01-01", "first", "a b.md"),
        ("2026-02-01", "other", "other.md"),
        ("2026-03-01", "Żółw", "a b.md"),
    ):
        (folder / name).write_text(day)
        run(folder, "add", ".")
        run(folder, "commit", "-q", "-m", "x", day=day, who=who)
    return folder


def test_the_commits_that_changed_a_file_the_newest_first(repository: Path) -> None:
    found = git.changes(repository, "a b.md")
    assert [(change.day, change.author) for change in found] == [("2026-03-01", "Żółw"), ("2026-01-01", "first")]
    assert git.show(repository, found[1].commit, "a b.md") == b"2026-01-01"


def test_what_was_never_committed_has_no_history(repository: Path) -> None:
    assert git.changes(repository, "gone.md") == ()
    assert git.changes(repository, "-n") == ()


def test_a_history_that_is_not_here_is_said(repository: Path, tmp_path: Path) -> None:
    run(repository, "config", "uploadpack.allowFilter", "true")
    for option in ("--depth=1", "--filter=tree:0", "--filter=blob:none"):
        clone = tmp_path / option
        run(tmp_path, "clone", "-q", option, f"file://{repository}", str(clone))
        with pytest.raises(UsageError, match=r"the clone is shallow|in a partial one|a partial one\?"):
            [git.show(clone, change.commit, "a b.md") for change in git.changes(clone, "a b.md")]
    with pytest.raises(UsageError, match="not a git repository"):
        git.changes(tmp_path, "a b.md")


def test_a_head_that_is_not_there_is_said(repository: Path) -> None:
    for head in ("ref: refs/heads/gone\n", f"{'1' * 40}\n"):
        (repository / ".git" / "HEAD").write_text(head)
        with pytest.raises(UsageError, match=r"HEAD names no commit|bad object|missing"):
            git.changes(repository, "a b.md")


@pytest.mark.parametrize("name", ["x\u2028HEAD", "x\x0by", "x\x1cz", "x\ry"])
def test_a_name_cannot_pass_for_a_commit(name: str, repository: Path) -> None:
    (repository / "a b.md").write_text("changed")
    run(repository, "commit", "-q", "-a", "-m", "x", day="2026-04-01", who=name)
    assert [change.day for change in git.changes(repository, "a b.md")] == ["2026-04-01", "2026-03-01", "2026-01-01"]


@pytest.mark.parametrize("stamp", ["", " -5 +0000", " xx +0000", " 999999999999 +0000", " 1e9 +0000"])
@pytest.mark.parametrize("role", ["author", "committer"])
def test_a_day_that_cannot_be_read_excuses_nothing(role: str, stamp: str, repository: Path) -> None:
    raw = subprocess.run(
        ["git", "cat-file", "commit", "HEAD"], cwd=repository, env=OWN, capture_output=True, check=True
    ).stdout
    lines = [f"{role} a <a@x>{stamp}".encode() if line.startswith(role.encode()) else line for line in raw.split(b"\n")]
    words = ["git", "hash-object", "-t", "commit", "-w", "--stdin", "--literally"]
    made = subprocess.run(words, cwd=repository, env=OWN, capture_output=True, check=True, input=b"\n".join(lines)).stdout
    run(repository, "update-ref", "HEAD", made.decode().strip())
    assert git.changes(repository, "a b.md")[0].day >= "2026-03-01"


def test_the_later_of_both_days_counts(repository: Path) -> None:
    """A rebase keeps the author's day."""
    assert git.changes(repository, "a b.md")[0].day == "2026-03-01"


def test_a_graft_changes_no_history(repository: Path) -> None:
    newest, oldest = (change.commit for change in git.changes(repository, "a b.md"))
    (repository / ".git" / "info" / "grafts").write_text(f"{newest}\n")
    assert [change.commit for change in git.changes(repository, "a b.md")] == [newest, oldest]


def test_a_file_belongs_to_the_nearest_repository(repository: Path, tmp_path: Path) -> None:
    inner = repository / "deep" / "inner"
    inner.mkdir(parents=True)
    run(inner, "init", "-q")
    assert git.holder(repository, "deep/inner/a.md") == inner
    assert git.holder(repository, "deep/a.md") == repository
    assert git.holder(repository / "deep", "a.md") is None
    assert git.holder(tmp_path, "a.md") is None


def test_no_more_than_the_newest_are_given(repository: Path) -> None:
    assert [change.day for change in git.changes(repository, "a b.md", most=1)] == ["2026-03-01"]


@pytest.mark.parametrize("form", ["sha1", "sha256"])
def test_an_exported_tree_has_the_history_of_its_commit(form: str, tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    folder.mkdir()
    run(folder, "init", "-q", "-b", "main", f"--object-format={form}")
    for day in ("2026-01-01", "2026-02-01", "2026-03-01"):
        (folder / "a.md").write_text(day)
        run(folder, "add", ".")
        run(folder, "commit", "-q", "-m", "x", day=day)
    run(folder, "worktree", "add", "-q", str(tmp_path / "linked"))
    for number, top in enumerate((folder, tmp_path / "linked")):
        tree = tmp_path / f"tree{number}"
        git.export(top, "HEAD~1", tree)
        git.lend(top, "HEAD~1", tree)
        assert [change.day for change in git.changes(tree, "a.md")] == ["2026-02-01", "2026-01-01"]
        assert git.show(tree, "HEAD", "a.md") == b"2026-02-01"


def test_a_repository_without_commits_tells_nothing(tmp_path: Path) -> None:
    run(tmp_path, "init", "-q")
    assert git.changes(tmp_path, "a") == ()


def test_nothing_of_the_repository_is_run(repository: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat\n")
    trap.chmod(0o755)
    for name in (
        "core.fsmonitor",
        "diff.external",
        "diff.x.textconv",
        "filter.x.smudge",
        "filter.x.clean",
        "core.pager",
        "gpg.program",
    ):
        run(repository, "config", name, str(trap))
    run(repository, "config", "log.showSignature", "true")
    (repository / ".git" / "info" / "attributes").write_text("* diff=x filter=x\n")
    assert len(git.changes(repository, "a b.md")) == 2
    assert not (tmp_path / "sprung").exists()


def test_git_that_does_not_answer_in_time_is_said(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 30\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:{os.environ['PATH']}")
    start = time.monotonic()
    with pytest.raises(UsageError, match="did not answer"):
        git.changes(repository, "a b.md", seconds=0.2)
    assert time.monotonic() - start < 25
