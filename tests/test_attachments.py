"""Evidence that was changed, is stale, is our own file or stands behind everything raises no assurance, and says why."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from policycheck import attachments
from policycheck.attachments import Lock
from policycheck.manifests import v1
from policycheck.manifests.explain import schema
from policycheck.model import Account, Artefact, Reading
from policycheck.opener import Opener

AS_OF = "2026-06-30"
DIGEST = hashlib.sha256(b"conf").hexdigest()
SCHEMA = schema(v1.SCHEMA)
UNLOCKED = Lock()
READ = Account((Reading(("status",), "deployed", "edge.conf", 3, 1),), (Artefact("edge.conf", 4, DIGEST),))


def doubt(account: Account = READ, path: str = "edge.conf", lock: Lock = UNLOCKED, as_of: Any = AS_OF, **entry: Any) -> str:
    return attachments.doubt(entry, path, account, as_of, lock)


@pytest.mark.parametrize("sha256", [DIGEST, DIGEST.upper(), f" {DIGEST}", "", None])
def test_the_declared_digest_or_none_is_fine(sha256: str | None) -> None:
    assert doubt(sha256=sha256) == ""


@pytest.mark.parametrize("sha256", ["0" * 64, DIGEST[:-1], "not a digest", 0])
def test_a_changed_artefact_is_doubted(sha256: object) -> None:
    assert "has changed: its sha256 is not the declared one" in doubt(sha256=sha256)


@pytest.mark.parametrize(
    ("collected_on", "valid_for_days", "reason"),
    [
        ("2026-06-01", 29, ""),
        ("2026-06-01", 28, "out of date"),
        ("2026-06-30", 0, ""),
        ("2026-07-01", 30, "after the date of the evaluation"),
        ("2026-07-01", None, "after the date of the evaluation"),
        ("2001-01-01", None, ""),
        (None, 1, "no collected_on to count from"),
        ("2026-02-30", 30, "no date"),
        ("0001-01-01", 10**12, ""),
    ],
)
def test_freshness_is_held_against_the_date_of_the_evaluation(
    collected_on: str | None, valid_for_days: int | None, reason: str
) -> None:
    said = doubt(collected_on=collected_on, valid_for_days=valid_for_days)
    assert reason in said
    assert bool(said) == bool(reason)


def test_without_a_date_of_evaluation_freshness_cannot_be_told() -> None:
    assert "cannot be dated" in doubt(collected_on="2026-06-01", valid_for_days=30, as_of=None)


@pytest.mark.parametrize("name", ["policycheck.yaml", "a/b.policycheck.yml", "law.policycheck-part.yaml", attachments.LOCK])
def test_a_declaration_is_no_evidence_for_itself(name: str) -> None:
    assert "no evidence for itself" in doubt(path=name)


def test_what_is_unreadable_needs_no_doubt_besides() -> None:
    assert doubt(Account(unreadable="is empty"), sha256="0" * 64) == ""


# --- the lock ------------------------------------------------------------------------------------------------


def locked(root: Path, text: str) -> Lock:
    (root / "a").mkdir(exist_ok=True)
    (root / "a" / attachments.LOCK).write_text(text, "utf-8")
    return attachments.read_lock(Opener(root), "a")


def lock_text(digest: str = DIGEST, name: str = "edge.conf", version: int = 1) -> str:
    entry = f'{name}: {{sha256: "{digest}", size: 4}}'
    return f"policycheck_lock: {version}\nlocked_on: 2026-06-01\nfiles:\n  {entry}\n"


def test_there_may_be_no_lock(tmp_path: Path) -> None:
    assert attachments.read_lock(Opener(tmp_path), "a") == Lock()


def test_a_lock_knows_digests_by_path_from_the_root(tmp_path: Path) -> None:
    lock = locked(tmp_path, lock_text())
    assert (dict(lock.digests), lock.locked_on, lock.wrong) == ({"a/edge.conf": DIGEST}, "2026-06-01", "")
    assert lock.artefact is not None


def test_what_changed_since_it_was_locked_is_doubted(tmp_path: Path) -> None:
    lock = Lock({"edge.conf": "0" * 64}, "2026-06-01")
    assert "has changed since it was locked on 2026-06-01; look at the change" in doubt(lock=lock)
    assert doubt(lock=Lock({"edge.conf": DIGEST, "other": "0" * 64}, "2026-06-01")) == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a\n",
        "policycheck_lock: 1\n",
        lock_text(version=2),
        lock_text(digest="abc"),
        lock_text().replace("size", "sha256"),
        lock_text().partition("files")[0] + "files: [a]\n",
        "policycheck_lock: 1\nfiles: {}\n",
        "{{",
        lock_text(name="../../x"),
    ],
)
def test_a_lock_that_cannot_be_read_makes_all_evidence_doubtful(tmp_path: Path, text: str) -> None:
    lock = locked(tmp_path, text)
    assert lock.wrong
    assert doubt(lock=lock) == lock.wrong


def test_a_link_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text(lock_text(), "utf-8")
    (tmp_path / attachments.LOCK).symlink_to("real.yaml")
    assert "symbolic link" in attachments.read_lock(Opener(tmp_path), "").wrong


# --- one file for everything ----------------------------------------------------------------------------------


def test_a_passage_may_stand_behind_a_few_subjects_and_not_behind_all() -> None:
    whole = ("digest", "")
    few = [(whole, f"s{n}") for n in range(attachments.SHARED)]
    assert attachments.overused(few) == {}
    assert attachments.overused([*few, (whole, "s0")]) == {}
    assert attachments.overused([*few, (("digest", "#more"), "more")]) == {}
    assert attachments.overused([*few, (whole, "more")]) == {whole: attachments.SHARED + 1}


def test_an_artefact_that_a_lock_does_not_know_is_doubted() -> None:
    assert "edge.conf is not in the lock of 2026-06-01" in doubt(lock=Lock({"other": "0" * 64}, "2026-06-01"))


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (b"We look after it.", b"we  look\r\n\r\nafter it\n", True),
        (b"---\ntitle: A\n---\nWe look.", b"---\n\ntitle:   a\n\n---\n\n\nWE LOOK!", True),
        (b"We look after it.", b"\xef\xbb\xbfWe look after it.", True),
        (b"We look after it.", b"We look after them.", False),
        (b"%PDF-1.7 a", b"%PDF-1.7  a", False),
        (b"a\0b", b"a\0 b", False),
        (b"\xff a", b"\xff  a", False),
        (b"...", b"!!!", False),
    ],
)
def test_a_text_is_the_same_however_it_is_set(tmp_path: Path, one: bytes, other: bytes, *, is_same: bool) -> None:
    opener = Opener(tmp_path)
    digests = []
    for name, data in (("one.md", one), ("other.md", other)):
        (tmp_path / name).write_bytes(data)
        opened = opener.read(name)
        digests.append(attachments.text_digest(opener, Artefact(opened.path, opened.size, opened.sha256)))
    assert (digests[0] == digests[1]) is is_same


def test_a_text_that_is_gone_is_known_by_its_bytes(tmp_path: Path) -> None:
    assert attachments.text_digest(Opener(tmp_path), Artefact("gone.md", 3, DIGEST)) == DIGEST


@pytest.mark.parametrize("day", ["", '""', "soon", "false", "2026-02-30"])
def test_a_lock_without_a_day_is_no_lock_and_lets_nothing_through(day: str, tmp_path: Path) -> None:
    entry = f'edge.conf: {{sha256: "{"0" * 64}"}}'
    (tmp_path / attachments.LOCK).write_text(f"policycheck_lock: 1\nlocked_on: {day}\nfiles:\n  {entry}\n", "utf-8")
    assert "is no lock file" in doubt(lock=attachments.read_lock(Opener(tmp_path), ""))
