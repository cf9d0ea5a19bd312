"""Git is read, and nothing that a repository holds makes it run, fetch or write anything."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from policycheck import git
from policycheck.errors import ArtefactError, UsageError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the traps are shell scripts")
WHO = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.com",
}
OWN = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "HOME": "/nonexistent",
    **WHO,
}


def run(folder: Path, *words: str, stdin: bytes | None = None) -> str:
    """Git as a person would run it."""
    done = subprocess.run(["git", *words], cwd=folder, env=OWN, input=stdin, capture_output=True, check=True)
    return done.stdout.decode().strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits; `first` is the tag of the first."""
    folder = tmp_path / "repository"
    (folder / "deploy").mkdir(parents=True)
    run(folder, "init", "-q", "-b", "main")
    (folder / "policycheck.yaml").write_bytes(b"policycheck: 1\r\n# first\n")
    (folder / "deploy" / "nginx.conf").write_text("first\n")
    run(folder, "add", ".")
    run(folder, "commit", "-q", "-m", "first")
    run(folder, "tag", "first")
    (folder / "policycheck.yaml").write_text("second\n")
    run(folder, "commit", "-q", "-a", "-m", "second")
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file of a repository, with the time it was last written."""
    return {name: (data, (folder / name).stat().st_mtime_ns) for name, data in files(folder).items()}


# --- what is read ----------------------------------------------------------------------------------------------


def test_a_ref_is_read_as_committed_and_nothing_is_touched(repository: Path, tmp_path: Path) -> None:
    (repository / "policycheck.yaml").write_text("not committed\n")
    (repository / "new.txt").write_text("not known\n")
    before = state(repository)
    git.export(repository, "first", tmp_path / "out")
    assert files(tmp_path / "out") == {
        "deploy/nginx.conf": b"first\n",
        "policycheck.yaml": b"policycheck: 1\r\n# first\n",
    }
    assert git.show(repository, "main", "policycheck.yaml") == b"second\n"
    assert git.show(repository, "HEAD~1", "deploy/nginx.conf") == b"first\n"
    assert state(repository) == before


def test_a_work_tree_beside_the_repository_is_read_too(repository: Path, tmp_path: Path) -> None:
    run(repository, "worktree", "add", "-q", str(tmp_path / "other"), "first")
    assert git.top(tmp_path / "other" / "deploy") == tmp_path / "other"
    assert git.show(tmp_path / "other", "main", "policycheck.yaml") == b"second\n"


def test_names_of_every_kind_arrive_whole(repository: Path, tmp_path: Path) -> None:
    names = ["with space", "tab\there", "line\nend", "-n", ":(glob)x", "quo\"te'", "語.yaml", "a*b"]
    for name in names:
        (repository / name).write_text(f"{name}!")
    run(repository, "add", "-A")
    run(repository, "commit", "-q", "-m", "names")
    git.export(repository, "main", tmp_path / "out")
    assert [files(tmp_path / "out")[name] for name in names] == [f"{name}!".encode() for name in names]
    assert [git.show(repository, "main", name) for name in names] == [f"{name}!".encode() for name in names]


def test_what_is_no_regular_file_is_left_out(repository: Path, tmp_path: Path) -> None:
    (repository / "link").symlink_to("/etc/passwd")
    (repository / "folder").symlink_to("deploy")
    run(repository, "add", "-A")
    run(repository, "update-index", "--add", "--cacheinfo", f"160000,{run(repository, 'rev-parse', 'first')},module")
    run(repository, "commit", "-q", "-m", "links")
    git.export(repository, "main", tmp_path / "out")
    assert sorted(files(tmp_path / "out")) == ["deploy/nginx.conf", "policycheck.yaml"]
    assert not any(path.is_symlink() for path in (tmp_path / "out").rglob("*"))
    for path, why in {"link": "no", "folder": "no", "module": "no", "deploy": "no", "gone": "does"}.items():
        with pytest.raises(
            ArtefactError, match=f"^{path} {'is not a regular file' if why == 'no' else 'does not exist'} at main$"
        ):
            git.show(repository, "main", path)


@pytest.mark.parametrize("name", ["..", ".git", ".GIT", "git~1"])
def test_a_tree_that_was_made_to_climb_out_stays_inside(name: str, repository: Path, tmp_path: Path) -> None:
    blob = run(repository, "hash-object", "-w", "--stdin", stdin=b"climbed\n")
    inner = _tree(repository, b"100644 config\0", blob)
    outer = _tree(repository, f"40000 {name}\0".encode(), inner)
    made = run(repository, "commit-tree", outer, "-m", "made")
    git.export(repository, made, tmp_path / "deep" / "out")
    assert files(tmp_path / "deep") == {}


def _tree(folder: Path, about: bytes, name: str) -> str:
    return run(folder, "hash-object", "-w", "-t", "tree", "--literally", "--stdin", stdin=about + bytes.fromhex(name))


def test_caps(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / "large.pdf").write_bytes(b"x" * 5000)
    run(repository, "add", ".")
    run(repository, "commit", "-q", "-m", "large")
    monkeypatch.setattr(git, "MAX_FILE", 1000)
    git.export(repository, "main", tmp_path / "out")
    assert (tmp_path / "out" / "large.pdf").stat().st_size == 5000
    assert (tmp_path / "out" / "large.pdf").read_bytes().strip(b"\0") == b""
    with pytest.raises(ArtefactError, match="larger than 1000 bytes at main"):
        git.show(repository, "main", "large.pdf", cap=1000)
    monkeypatch.setattr(git, "MAX_TREE", 10)
    with pytest.raises(UsageError, match="the tree at main is too large"):
        git.export(repository, "main", tmp_path / "again")


# --- what is not known ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ref", ["mian", "main:deploy", "main..first", "^main", "0" * 40, "HEAD~99", "--all", "-n", "", "a\nb", "a\0b"]
)
def test_a_ref_that_is_none_is_one_clear_line(ref: str, repository: Path) -> None:
    with pytest.raises(UsageError) as said:
        git.commit(repository, ref)
    assert repr(ref) in str(said.value)
    assert "\n" not in str(said.value)


def test_a_branch_that_only_the_origin_has_is_suggested(repository: Path) -> None:
    run(repository, "update-ref", "refs/remotes/origin/release", "first")
    with pytest.raises(UsageError, match="did you mean 'origin/release'"):
        git.commit(repository, "release")


def test_a_shallow_clone_says_what_to_fetch(repository: Path, tmp_path: Path) -> None:
    run(tmp_path, "clone", "-q", "--depth", "1", f"file://{repository}", "shallow")
    assert git.show(tmp_path / "shallow", "HEAD", "policycheck.yaml") == b"second\n"
    with pytest.raises(UsageError, match=r"the clone is shallow.*git fetch --depth=1 origin HEAD~1"):
        git.commit(tmp_path / "shallow", "HEAD~1")


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not in a git repository"):
        git.top(tmp_path)
    (tmp_path / ".git").mkdir()
    with pytest.raises(UsageError, match=f"{tmp_path} is not a git repository that can be read"):
        git.commit(git.top(tmp_path), "main")


def test_git_is_not_installed_or_only_where_the_call_is_made(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = repository / "git"
    planted.write_text(f"#!/bin/sh\ntouch '{repository}/ran'\n")
    planted.chmod(0o755)
    monkeypatch.chdir(repository)
    monkeypatch.setenv("PATH", f".{os.pathsep}")
    with pytest.raises(UsageError, match="git is not installed"):
        git.commit(repository, "main")
    assert not (repository / "ran").exists()


def test_git_that_hangs_is_stopped(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "bin" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(git, "SECONDS", 0.2)
    with pytest.raises(UsageError, match=r"git did not answer within 0\.2 seconds"):
        git.commit(repository, "main")


# --- what a repository would like to run -------------------------------------------------------------------------


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A program that leaves a file `ran` beside itself."""
    program = tmp_path / "trap"
    program.write_text(f"#!/bin/sh\necho \"$0 $*\" >> '{tmp_path}/ran'\ncat\n")
    program.chmod(0o755)
    return program


def _bait(repository: Path, trap: Path) -> None:
    """Everything by which a repository can name a program."""
    for name in (
        "pre-commit",
        "post-checkout",
        "post-index-change",
        "reference-transaction",
        "pre-auto-gc",
        "fsmonitor-watchman",
    ):
        hook = repository / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\nexec '{trap}' {name}\n")
        hook.chmod(0o755)
    attributes = "* filter=bait diff=bait merge=bait working-tree-encoding=UTF-16 export-subst\n"
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "attributes").write_text(attributes)
    settings = {
        "core.fsmonitor": trap, "core.hooksPath": repository / ".git" / "hooks", "core.pager": trap, "core.editor": trap,
        "core.sshCommand": trap, "core.askPass": trap, "core.gitProxy": trap, "core.alternateRefsCommand": trap,
        "core.worktree": "/nonexistent", "pager.ls-tree": trap, "pager.cat-file": trap, "diff.external": trap,
        "diff.bait.textconv": trap, "diff.bait.command": trap, "filter.bait.smudge": trap, "filter.bait.clean": trap,
        "filter.bait.process": trap, "filter.bait.required": "true", "credential.helper": f"!{trap}",
        "alias.cat-file": f"!{trap}", "alias.ls-tree": f"!{trap}", "alias.rev-parse": f"!{trap}", "gc.auto": "1",
        "uploadpack.packObjectsHook": trap, "gpg.program": trap, "log.showSignature": "true",
    }  # fmt: skip
    for name, value in settings.items():
        run(repository, "config", name, str(value))


def test_nothing_that_a_repository_names_is_run(repository: Path, trap: Path, tmp_path: Path) -> None:
    _bait(repository, trap)
    git.export(repository, "first", tmp_path / "out")
    assert files(tmp_path / "out")["policycheck.yaml"] == b"policycheck: 1\r\n# first\n"
    assert git.show(repository, "main", "policycheck.yaml") == b"second\n"
    with pytest.raises(UsageError):
        git.commit(repository, "mian")
    assert not (tmp_path / "ran").exists()


def test_the_bait_would_have_been_taken(repository: Path, trap: Path, tmp_path: Path) -> None:
    _bait(repository, trap)
    run(repository, "config", "--unset", "core.worktree")
    subprocess.run(["git", "status"], cwd=repository, env=OWN, capture_output=True, check=False)
    assert (tmp_path / "ran").exists()


def test_a_missing_object_is_said_and_not_fetched(repository: Path, trap: Path, tmp_path: Path) -> None:
    blob = run(repository, "rev-parse", "main:policycheck.yaml")
    (repository / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    for name, value in {
        "core.repositoryformatversion": "1", "extensions.partialClone": "origin", "remote.origin.url": f"ext::{trap}",
        "remote.origin.promisor": "true", "protocol.ext.allow": "always", "protocol.allow": "always",
    }.items():  # fmt: skip
        run(repository, "config", name, value)
    with pytest.raises(UsageError, match=r"policycheck\.yaml of main is not in this clone"):
        git.export(repository, "main", tmp_path / "out")
    assert not (tmp_path / "ran").exists()


def test_the_variables_of_a_hook_and_of_a_user_are_not_heard(
    repository: Path, trap: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, "init", "-q", "elsewhere")
    (tmp_path / ".gitconfig").write_text(f"[core]\n\tfsmonitor = {trap}\n\tpager = {trap}\n[alias]\n\tls-tree = !{trap}\n")
    for name, value in {
        "GIT_DIR": tmp_path / "elsewhere" / ".git", "GIT_INDEX_FILE": "/nonexistent", "GIT_OBJECT_DIRECTORY": "/nonexistent",
        "GIT_WORK_TREE": "/nonexistent", "GIT_EXTERNAL_DIFF": trap, "GIT_PAGER": trap, "GIT_EXEC_PATH": tmp_path,
        "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.fsmonitor", "GIT_CONFIG_VALUE_0": trap, "HOME": tmp_path,
        "GIT_TRACE": tmp_path / "traced", "GIT_NAMESPACE": "x",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, str(value))
    assert git.show(repository, "first", "deploy/nginx.conf") == b"first\n"
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "traced").exists()


def test_a_replaced_commit_does_not_rewrite_the_past(repository: Path) -> None:
    run(repository, "replace", "first", "main")
    assert git.show(repository, "first", "policycheck.yaml") == b"policycheck: 1\r\n# first\n"


def test_a_repository_of_somebody_else_is_read(repository: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    for path in (repository, *repository.rglob("*")):
        os.chown(path, 65534, 65534)
    assert git.show(repository, "first", "deploy/nginx.conf") == b"first\n"
