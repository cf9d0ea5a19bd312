"""Nothing outside the root, behind a link, special or oversized is ever opened as an artefact."""

from __future__ import annotations

import hashlib
import os
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from policycheck.errors import ArtefactError
from policycheck.opener import Opener, relative

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there, the opener refuses everything")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with one artefact, and a secret beside the root."""
    folder = tmp_path / "root"
    (folder / "deploy").mkdir(parents=True)
    (folder / "deploy" / "nginx.conf").write_bytes(b"events {}\n")
    (tmp_path / "secret").write_text("outside")
    return folder


def test_what_is_read_is_the_bytes_with_their_digest_and_the_ledger_knows(root: Path) -> None:
    opener = Opener(root)
    opened = opener.read("deploy/nginx.conf")
    digest = hashlib.sha256(b"events {}\n").hexdigest()
    assert (opened.path, opened.data, opened.size, opened.sha256) == (
        "deploy/nginx.conf",
        b"events {}\n",
        10,
        digest,
    )
    artefact = opener.opened["deploy/nginx.conf"]
    assert (artefact.path, artefact.size, artefact.sha256) == ("deploy/nginx.conf", 10, digest)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("../secret", "climbs above the root"),
        ("deploy/../../secret", "climbs above the root"),
        ("/etc/passwd", "absolute"),
        ("deploy/nginx.conf\0.txt", "NUL"),
        ("C:/secret", "Windows path"),
        ("C:\\secret", "Windows path"),
        ("..\\secret", "Windows path"),
        ("\\\\host\\share", "Windows path"),
        (".git/config", "in .git"),
        ("deploy/.GIT/config", "in .git"),
        ("git~1/config", "in .git"),
        ("", "blank"),
        (" ", "or the folder itself; name a file"),
        (".", "the root itself"),
        ("deploy/gone.conf", "deploy/gone.conf does not exist"),
        ("deploy/nginx.conf/inner", "is not a folder"),
        ("a\ud800b", "no file name"),
        ("x" * 5000, "cannot be opened"),
    ],
)
def test_a_path_that_leads_astray_is_refused_by_its_words(root: Path, path: str, why: str) -> None:
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("[core]")
    opener = Opener(root)
    with pytest.raises(ArtefactError, match=why.replace(".", r"\.")):
        opener.read(path)
    assert opener.opened == {}


@pytest.mark.parametrize(
    ("link", "target", "path"),
    [
        ("link", "../secret", "link"),
        ("link", "deploy/nginx.conf", "link"),
        ("link", "deploy", "link/nginx.conf"),
        ("link", "..", "link/secret"),
        ("deploy/link", "/etc", "deploy/link/passwd"),
        ("link", "link", "link"),
        ("link", "nowhere", "link"),
    ],
    ids=["out", "inside", "folder", "folder-out", "inner-absolute", "loop", "dangling"],
)
def test_no_symlink_is_followed_at_any_level(root: Path, link: str, target: str, path: str) -> None:
    (root / link).symlink_to(target)
    with pytest.raises(ArtefactError, match=f"{link} is a symbolic link"):
        Opener(root).read(path)


def test_a_fifo_neither_blocks_nor_is_read(root: Path) -> None:
    os.mkfifo(root / "pipe")
    with pytest.raises(ArtefactError, match="pipe is not a regular file"):
        Opener(root).read("pipe")


def test_a_folder_a_socket_and_a_device_are_not_regular_files(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        for path in ("deploy", "socket"):
            with pytest.raises(ArtefactError, match=f"{path} is not a regular file"):
                Opener(root).read(path)
    with pytest.raises(ArtefactError, match="zero is not a regular file"):
        Opener(Path("/dev")).read("zero")


def test_a_sparse_gigabyte_is_refused_before_it_is_read(root: Path) -> None:
    with (root / "big").open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(ArtefactError, match="big is larger than 4194304 bytes"):
        Opener(root).read("big")


def test_the_cap_itself_is_still_read(root: Path) -> None:
    (root / "exact").write_bytes(b"x" * 10)
    assert Opener(root).read("exact", cap=10).size == 10
    with pytest.raises(ArtefactError, match="larger than 9 bytes"):
        Opener(root).read("exact", cap=9)


def test_a_file_that_grows_after_it_was_measured_is_still_bounded(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "grows").write_bytes(b"x" * 100)
    real = os.fstat

    def measured_earlier(descriptor: int) -> os.stat_result:
        fields = list(real(descriptor))
        fields[6] = 5
        return os.stat_result(fields)

    monkeypatch.setattr("policycheck.opener.os.fstat", measured_earlier)
    with pytest.raises(ArtefactError, match="larger than 10 bytes"):
        Opener(root).read("grows", cap=10)


def test_a_folder_swapped_for_a_link_between_two_reads_is_noticed(root: Path) -> None:
    opener = Opener(root)
    opener.read("deploy/nginx.conf")
    (root / "deploy").rename(root / "elsewhere")
    (root / "deploy").symlink_to("elsewhere")
    with pytest.raises(ArtefactError, match="deploy is a symbolic link"):
        opener.read("deploy/nginx.conf")


def test_the_root_may_be_reached_through_a_link(root: Path) -> None:
    (root.parent / "alias").symlink_to(root)
    assert Opener(root.parent / "alias").read("deploy/nginx.conf").size == 10


def test_a_missing_root_is_said(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="the root does not exist"):
        Opener(tmp_path / "gone").read("a")


def test_no_descriptor_is_left_open(root: Path) -> None:
    def descriptors() -> int:
        return len(list(Path("/dev/fd").iterdir()))

    (root / "link").symlink_to("deploy")
    before = descriptors()
    for path in ("deploy/nginx.conf", "link/nginx.conf", "deploy", "deploy/gone"):
        with suppress(ArtefactError):
            Opener(root).read(path)
    assert descriptors() == before


@pytest.mark.parametrize(
    ("base", "path", "expected"),
    [
        ("", "deploy/nginx.conf", "deploy/nginx.conf"),
        ("privacy", "../deploy/nginx.conf", "deploy/nginx.conf"),
        ("a/b", "./c//d", "a/b/c/d"),
        ("a/b", "../../x", "x"),
    ],
)
def test_paths_are_joined_by_their_words(base: str, path: str, expected: str) -> None:
    assert relative(base, path) == expected == Opener.relative(base, path)


@pytest.mark.parametrize("path", ["../../x", "../../root/x", "/x", "c:x", "a\\b", "a\0b", " "])
def test_a_path_may_not_climb_above_the_root_even_to_come_back(path: str) -> None:
    with pytest.raises(ArtefactError):
        relative("privacy", path)


def test_patterns_find_files_of_one_level_sorted_and_no_hidden_ones(root: Path) -> None:
    for name in ("b.conf", "a.conf", ".hidden.conf", "c.txt"):
        (root / "deploy" / name).write_text("")
    opener = Opener(root)
    assert opener.matching("deploy/*.conf") == ("deploy/a.conf", "deploy/b.conf", "deploy/nginx.conf")
    assert opener.matching("*/[ab].conf") == ("deploy/a.conf", "deploy/b.conf")
    assert opener.matching("deploy/nginx.conf") == ("deploy/nginx.conf",)
    assert opener.matching("gone/*.conf") == opener.matching("deploy/nginx.conf/x") == ()


def test_a_pattern_does_not_run_through_a_link(root: Path) -> None:
    (root / "link").symlink_to("/etc")
    with pytest.raises(ArtefactError, match="link is a symbolic link"):
        Opener(root).matching("link/*")


def test_a_pattern_that_fits_too_many_files_is_refused_not_cut_short(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policycheck.opener.MATCHES", 2)
    for name in "abc":
        (root / name).write_text("")
    with pytest.raises(ArtefactError, match="fits more than 2 files"):
        Opener(root).matching("?")


def test_a_platform_without_safe_opening_reads_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policycheck.opener._SAFE", False)
    with pytest.raises(ArtefactError, match="this platform"):
        Opener(root).read("deploy/nginx.conf")
