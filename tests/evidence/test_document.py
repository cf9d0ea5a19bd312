"""A document supports its subject only when it is there, has content, is unchanged and is fresh."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from policycheck.evidence import document
from policycheck.opener import Opener

if TYPE_CHECKING:
    from pathlib import Path

    from policycheck.model import Account

TEXT = b"# Data protection impact assessment\n"
DIGEST = hashlib.sha256(TEXT).hexdigest()


def heard(root: Path, content: bytes | None = TEXT, **options: object) -> Account:
    """The account of a document with this content (none: no such file)."""
    if content is not None:
        (root / "dpia.md").write_bytes(content)
    entry = {"kind": "document", "path": "dpia.md", "as_of": "2026-06-30", **options}
    return document.account(Opener(root), "dpia.md", entry, {"id": "x"})


def test_any_kind_of_subject_can_be_supported() -> None:
    assert frozenset() == document.KINDS_OF_SUBJECT


def test_a_document_with_content_supports_and_says_no_values(tmp_path: Path) -> None:
    account = heard(tmp_path)
    assert (account.supported, account.unreadable, account.readings) == (True, "", ())
    assert [(seen.path, seen.size, seen.sha256) for seen in account.artefacts] == [("dpia.md", len(TEXT), DIGEST)]


def test_a_missing_document_is_unreadable(tmp_path: Path) -> None:
    account = heard(tmp_path, None)
    assert (account.supported, account.unreadable) == (False, "dpia.md does not exist")
    assert account.unreadable_at == ("dpia.md", 0)
    assert account.artefacts == ()


@pytest.mark.parametrize("content", [b"", b" \n\t\r\n", b"\xef\xbb\xbf\n", b"\0\0\0"])
def test_a_document_without_content_is_unreadable_but_was_looked_at(tmp_path: Path, content: bytes) -> None:
    account = heard(tmp_path, content)
    assert (account.supported, account.unreadable) == (False, "dpia.md is empty")
    assert len(account.artefacts) == 1


@pytest.mark.parametrize("sha256", [DIGEST, DIGEST.upper(), "", None])
def test_the_declared_digest_or_none_is_fine(tmp_path: Path, sha256: str | None) -> None:
    assert heard(tmp_path, sha256=sha256).supported


@pytest.mark.parametrize("sha256", ["0" * 64, DIGEST[:-1], "not a digest", 0])
def test_a_changed_document_is_unreadable(tmp_path: Path, sha256: object) -> None:
    account = heard(tmp_path, sha256=sha256)
    assert not account.supported
    assert "has changed" in account.unreadable


@pytest.mark.parametrize(
    ("collected_on", "valid_for_days", "reason"),
    [
        ("2026-06-01", 29, ""),
        ("2026-06-01", 28, "out of date"),
        ("2026-06-30", 0, ""),
        ("2026-07-01", 30, "after the date of the evaluation"),
        ("2026-07-01", None, "after the date of the evaluation"),
        ("2001-01-01", None, ""),
        (None, 1, ""),
        ("2026-02-30", 30, "no date"),
        ("0001-01-01", 10**12, ""),
    ],
)
def test_freshness_is_held_against_the_date_of_the_evaluation(
    tmp_path: Path, collected_on: str | None, valid_for_days: int | None, reason: str
) -> None:
    account = heard(tmp_path, collected_on=collected_on, valid_for_days=valid_for_days)
    assert account.supported == (not reason)
    assert reason in account.unreadable


def test_without_a_date_of_evaluation_freshness_cannot_be_told(tmp_path: Path) -> None:
    assert "cannot be dated" in heard(tmp_path, collected_on="2026-06-01", valid_for_days=30, as_of=None).unreadable


def test_a_link_to_a_document_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "real.md").write_bytes(TEXT)
    (tmp_path / "dpia.md").symlink_to("real.md")
    assert "symbolic link" in heard(tmp_path, None).unreadable


def test_documents_may_be_larger_than_configuration_but_not_without_end(tmp_path: Path) -> None:
    assert heard(tmp_path, b"x" * (5 * 1024 * 1024)).supported
    with (tmp_path / "dpia.md").open("wb") as file:
        file.truncate(document.CAP + 1)
    assert "larger than" in heard(tmp_path, None).unreadable
