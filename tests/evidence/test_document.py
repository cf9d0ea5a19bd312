"""A document supports its subject only when it is there, has content, and is somebody's text about what is declared."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from policycheck.evidence import document
from policycheck.opener import Opener

if TYPE_CHECKING:
    from pathlib import Path

    from policycheck.model import Account

TEXT = b"""# Charter of the scraping desk

The desk watches for scraping of profiles and listings around the clock, and develops and deploys what stops it. Its head
reports to the board every quarter and can switch off an interface without asking first.

## Who is told {#told}

The duty lawyer within the hour.
"""
SUBJECT = {
    "id": "scraping-desk",
    "family": "incident_response",
    "owner": "trust and safety",
    "params": {"duties": ["develop"]},
}


def heard(root: Path, content: bytes | None = TEXT, subject: dict[str, Any] = SUBJECT, **options: object) -> Account:
    """The account of a document with this content (none: no such file)."""
    if content is not None:
        (root / "charter.md").write_bytes(content)
    entry = {"kind": "document", "path": "charter.md", "as_of": "2026-06-30", **options}
    return document.account(Opener(root), "charter.md", entry, subject)


def test_any_kind_of_subject_can_be_supported() -> None:
    assert frozenset() == document.KINDS_OF_SUBJECT


def test_a_document_about_its_subject_supports_and_says_no_values(tmp_path: Path) -> None:
    account = heard(tmp_path)
    assert (account.supported, account.unreadable, account.readings) == (True, "", ())
    digest = hashlib.sha256(TEXT).hexdigest()
    assert [(seen.path, seen.size, seen.sha256) for seen in account.artefacts] == [("charter.md", len(TEXT), digest)]


def test_a_missing_document_is_unreadable(tmp_path: Path) -> None:
    account = heard(tmp_path, None)
    assert (account.supported, account.unreadable) == (False, "charter.md does not exist")
    assert account.unreadable_at == ("charter.md", 0)
    assert account.artefacts == ()


@pytest.mark.parametrize("content", [b"", b" \n\t\r\n", b"\xef\xbb\xbf\n", b"\0\0\0"])
def test_a_document_without_content_is_unreadable_but_was_looked_at(tmp_path: Path, content: bytes) -> None:
    account = heard(tmp_path, content)
    assert (account.supported, account.unreadable) == (False, "charter.md is empty")
    assert len(account.artefacts) == 1


def test_a_heading_is_no_document(tmp_path: Path) -> None:
    assert "no more than a heading" in heard(tmp_path, b"# Charter of the scraping desk\n").unreadable


def test_a_text_about_something_else_supports_nothing(tmp_path: Path) -> None:
    boilerplate = b"We take the protection of your information very seriously and review our procedures every year. " * 5
    account = heard(tmp_path, boilerplate)
    assert not account.supported
    assert "mentions nothing of what is declared" in account.unreadable


def test_words_that_everybody_uses_tie_a_text_to_nothing(tmp_path: Path) -> None:
    subject = {"id": "review", "owner": "security team", "name": "Annual policy review"}
    text = b"Our security team reviews every policy annually and records the review in a register with an owner. " * 2
    assert heard(tmp_path, text, subject).supported  # nothing but everyday words is declared: there is nothing to look for
    subject["name"] = "Palisade bot scores"
    assert not heard(tmp_path, text, subject).supported


def test_the_words_a_document_supports_count_as_declared(tmp_path: Path) -> None:
    text = b"Since November the web people look after scraping of listings. They answer when "
    text += b"somebody copies from it, by hand and at night, all week."
    subject = {"contact_list": "x"}
    assert not heard(tmp_path, text, {"minimum": "lighthouse keeping"}).supported
    assert heard(tmp_path, text, subject, supports=["scraping_listings"]).supported


@pytest.mark.parametrize(
    "left",
    [
        b"TODO: say who",
        b"Approved by [insert name here]",
        b"<your company>",
        b"{{ owner }}",
        b"Lorem ipsum dolor",
        b"on XXXX",
    ],
)
def test_a_template_that_nobody_filled_in_supports_nothing(tmp_path: Path, left: bytes) -> None:
    account = heard(tmp_path, TEXT + left)
    assert "placeholder is not filled in" in account.unreadable
    assert account.unreadable_at == ("charter.md", TEXT.count(b"\n") + 1)


@pytest.mark.parametrize("kept", [b"See [the playbook](playbook.md) [1].", b"It holds <10 names>.", b"- [x] done"])
def test_links_and_brackets_are_no_placeholders(tmp_path: Path, kept: bytes) -> None:
    assert heard(tmp_path, TEXT + kept).supported


@pytest.mark.parametrize("anchor", ["who-is-told", "#told", "Who is told", "Charter of the scraping desk"])
def test_the_passage_that_is_meant_may_be_named(tmp_path: Path, anchor: str) -> None:
    assert heard(tmp_path, anchor=anchor).supported


def test_a_passage_that_is_not_there_supports_nothing(tmp_path: Path) -> None:
    assert "has no heading or anchor #deletion" in heard(tmp_path, anchor="#deletion").unreadable


def test_what_is_no_text_supports_only_when_it_is_pinned(tmp_path: Path) -> None:
    scan = b"%PDF-1.7\n\xff\xfe\x00" + b"stream" * 20
    assert "pin it with sha256 and collected_on" in heard(tmp_path, scan).unreadable
    assert "pin it" in heard(tmp_path, scan, sha256="0" * 64).unreadable
    assert heard(tmp_path, scan, sha256=hashlib.sha256(scan).hexdigest(), collected_on="2026-06-01").supported


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04\x14\0", "is a file of an office program, which is not looked into; export it to Markdown"),
        (TEXT.decode().encode("utf-16"), "is text in another encoding than UTF-8; save it as UTF-8"),
        (TEXT + "café".encode("latin-1"), "is text in another encoding than UTF-8; save it as UTF-8"),
    ],
)
def test_what_to_do_with_a_file_that_cannot_be_looked_into_is_said(tmp_path: Path, content: bytes, reason: str) -> None:
    unreadable = heard(tmp_path, content).unreadable
    assert reason in unreadable
    assert unreadable.endswith("or pin it with sha256 and collected_on")


def test_a_link_to_a_document_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "real.md").write_bytes(TEXT)
    (tmp_path / "charter.md").symlink_to("real.md")
    assert "symbolic link" in heard(tmp_path, None).unreadable


def test_documents_may_be_larger_than_configuration_but_not_without_end(tmp_path: Path) -> None:
    assert heard(tmp_path, TEXT + b"word " * (1024 * 1024)).supported
    with (tmp_path / "charter.md").open("wb") as file:
        file.truncate(document.CAP + 1)
    assert "larger than" in heard(tmp_path, None).unreadable


SOUP = b"scraping desk incident response trust safety develop duties owner "


@pytest.mark.parametrize(
    "text",
    [
        SOUP * 5,
        SOUP * 5 + b".",
        b"\n".join(b"- " + word for word in SOUP.split() * 4),
        b"\n".join(word + b"." for word in SOUP.split() * 4),
        (b", ".join(SOUP.split() * 2) + b". ") * 4,
        b"# Scraping desk\n\n" + b"| scraping | desk | trust | safety | incident | response |\n" * 5,
        b"# The scraping desk develops what stops scraping.\n" * 6,
    ],
)
def test_a_list_of_the_words_of_its_subject_is_no_document(tmp_path: Path, text: bytes) -> None:
    account = heard(tmp_path, text)
    assert not account.supported
    assert "holds words about it and no sentences" in account.unreadable


@pytest.mark.parametrize(
    "text",
    [
        b"The scraping desk develops and deploys\nwhat stops the copying. It tells the board of it each quarter in writing!",
        b"- The scraping desk develops what stops it.\n- Trust and safety answers to the board for it.\n" + SOUP * 2,
        "El scraping desk vigila la copia de datos. ¿Quién responde de ello ante la junta?".encode() + b"\n" + SOUP,
        "scraping desk develop 私たちは毎週この制限を見直しています。"
        "責任者は取締役会に報告します。".encode() + b"\n" + SOUP * 2,
    ],
)  # fmt: skip
def test_a_few_sentences_are_enough(tmp_path: Path, text: bytes) -> None:
    assert heard(tmp_path, text).unreadable == ""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("charter.md", b"# Charter of the scraping desk\n\n<!--\n" + TEXT + b"-->\n"),
        ("charter.md", b"# Charter of the scraping desk\n\n<!-- " + TEXT),
        ("charter.html", b"<h1>Charter of the scraping desk</h1><div hidden>" + TEXT + b"</div>"),
        ("charter.html", b"<h1>Charter of the scraping desk</h1><!--" + TEXT + b"-->"),
    ],
)
def test_what_no_reader_sees_supports_nothing(tmp_path: Path, name: str, text: bytes) -> None:
    (tmp_path / name).write_bytes(text)
    account = document.account(Opener(tmp_path), name, {"kind": "document", "path": name}, SUBJECT)
    assert not account.supported
    assert "stands in comments or is hidden" in account.unreadable


def test_a_page_is_read_as_its_reader_sees_it(tmp_path: Path) -> None:
    text = b"<!-- draft --><h1>Charter of the scraping desk</h1><p>" + TEXT.replace(b"#", b"") + b"</p>"
    (tmp_path / "charter.html").write_bytes(text)
    assert document.account(Opener(tmp_path), "charter.html", {"kind": "document"}, SUBJECT).supported


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"---\nstatus: draft\n---\n", "is not in force: status on line 2 says draft"),
        (b"---\nstatus: superseded\n---\n", "is not in force"),
        (b"---\ndraft: true\n---\n", "is marked as a draft"),
        (b"# DRAFT - not approved\n\n", "calls itself a draft"),
        (b"**Status:** Draft\n\n", "calls itself a draft"),
        (b"Draft v0.3\n\n", "calls itself a draft"),
        (b"> **Superseded by charter-2.md**\n\n", "in its first lines that it is not in force"),
        (b"# [ARCHIVED] Charter\n\n", "in its first lines that it is not in force"),
        (b"**Deprecated.**\n\n", "in its first lines that it is not in force"),
        (b"Status: obsolete\n\n", "in its first lines that it is not in force"),
        (b"This charter has been superseded.\n\n", "in its first lines that it is not in force"),
        (b"This charter is not yet in force.\n\n", "in its first lines that it is not in force"),
    ],
)
def test_a_draft_supports_nothing(tmp_path: Path, head: bytes, reason: str) -> None:
    assert reason in heard(tmp_path, head + TEXT).unreadable


@pytest.mark.parametrize(
    "head",
    [
        b"---\nstatus: stable\n---\n",
        b"---\nstatus: approved\n---\n",
        b"Members see no draft posts.\n\n",
        b"Archived posts are not shown.\n\n",
        b"The old charter was withdrawn.\n\n",
        b"Status: approved, supersedes version 1\n\n",
        b"<!-- DRAFT -->\n",
    ],
)
def test_what_only_speaks_of_drafts_is_none(tmp_path: Path, head: bytes) -> None:
    assert heard(tmp_path, head + TEXT).supported


def test_questions_that_nobody_answered_support_nothing(tmp_path: Path) -> None:
    asked = (
        b"What does the scraping desk do about the copying of profiles? Who develops what stops the copying of listings? "
    )
    assert "no sentences" in heard(tmp_path, b"# Scraping desk\n\n" + asked * 2).unreadable
    assert heard(tmp_path, b"# Scraping desk\n\n" + asked + b"The desk develops filters and tells the board.").supported


def test_the_passage_that_is_meant_needs_sentences_of_its_own(tmp_path: Path) -> None:
    text = TEXT + b"\n## Words\n\n" + SOUP + b"\n\n## More\n\nThe desk reads what it is told and answers the same day.\n"
    account = heard(tmp_path, text, anchor="words")
    assert "no sentence under the heading" in account.unreadable
    assert account.unreadable_at == ("charter.md", TEXT.count(b"\n") + 2)
    assert heard(tmp_path, text, anchor="charter-of-the-scraping-desk").supported


@pytest.mark.parametrize(
    ("name", "supports"), [("settings.py", True), ("register.csv", True), ("CHARTER", False), ("a.TXT", False)]
)
def test_only_prose_has_to_have_sentences(tmp_path: Path, name: str, *, supports: bool) -> None:
    (tmp_path / name).write_bytes(SOUP * 5)
    assert document.account(Opener(tmp_path), name, {"kind": "document", "path": name}, SUBJECT).supported is supports


def test_very_many_marks_take_no_time(tmp_path: Path) -> None:
    """A pattern that tried each mark again would take hours for these."""
    assert "no sentences" in heard(tmp_path, SOUP * 5 + b"." * 400_000 + b"x" + b"\n" + b" " * 400_000 + b"x").unreadable


@pytest.mark.parametrize("fence", [b"```", b"~~~", b"````text\n```"])
def test_what_stands_wholly_in_a_block_of_code_supports_nothing(fence: bytes, tmp_path: Path) -> None:
    head, _, rest = TEXT.partition(b"\n\n")
    close = fence.partition(b"text")[0]
    shown = head + b"\n\n" + fence + b"\n" + rest.replace(b"## Who", b"Who") + b"\n" + close + b"\n"
    assert "no sentences" in heard(tmp_path, shown).unreadable
    assert heard(tmp_path, TEXT + b"\n```\nsystemctl restart edge\n```\n").supported
