"""What security.txt files say of declared channels: in force, expired, or not as RFC 9116 has it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policycheck.evidence import security_txt
from policycheck.opener import Opener

if TYPE_CHECKING:
    from policycheck.model import Account

FIXTURES = Path(__file__).parent / "fixtures" / "security-txt"
CANONICAL = "https://harbour-social.example/.well-known/security.txt"
GOOD = "Contact: mailto:a@a.example\nExpires: 2027-01-01T00:00:00Z\n"


def heard(file: str, subject: dict[str, Any], root: Path = FIXTURES, as_of: str = "2026-11-21") -> Account:
    return security_txt.account(Opener(root), file, {"kind": "security-txt", "path": file, "as_of": as_of}, subject)


def written(root: Path, content: str | bytes, subject: dict[str, Any] | None = None, as_of: str = "2026-11-21") -> Account:
    (root / "security.txt").write_bytes(content if isinstance(content, bytes) else content.encode())
    return heard("security.txt", subject or {"security_txt_ref": "security.txt"}, root, as_of)


def the(account: Account) -> tuple[object, int, bool]:
    """Value, line and softness of the one reading."""
    assert account.unreadable == ""
    (reading,) = account.readings
    return reading.value, reading.line, reading.soft


def test_the_canonical_address_is_verified_at_its_line() -> None:
    assert the(heard("security.txt", {"security_txt_ref": CANONICAL})) == (CANONICAL, 8, False)


def test_another_address_than_the_canonical_is_contradicted() -> None:
    assert the(heard("security.txt", {"security_txt_ref": "https://other.example/security.txt"})) == (CANONICAL, 8, False)


def test_the_file_itself_is_verified_and_an_address_is_for_a_person(tmp_path: Path) -> None:
    assert the(heard("security.txt", {"security_txt_ref": "./security.txt"})) == ("./security.txt", 1, False)
    address = "https://a.example/.well-known/security.txt"
    assert the(written(tmp_path, GOOD, {"security_txt_ref": address})) == (address, 1, True)


@pytest.mark.parametrize(
    "subject",
    [
        {"security_txt_ref": "https://cornershop.example/.well-known/security.txt"},
        {"security_txt_ref": "expired.txt"},
        {"channel": "security@cornershop.example"},
        {"owners": [{"id": "security", "contact": "mailto:Security@cornershop.example"}]},
    ],
)
def test_an_expired_file_contradicts_each_channel(subject: dict[str, Any]) -> None:
    account = heard("expired.txt", subject)
    assert the(account) == ("expired", 2, False)
    assert "2026-01-31" in account.readings[0].note


@pytest.mark.parametrize(
    ("expires", "as_of", "value"),
    [
        ("2026-11-21T00:00:00Z", "2026-11-21", "security.txt"),
        ("2026-11-20T23:59:59z", "2026-11-21", "expired"),
        ("2026-11-21T01:00:00+02:00", "2026-11-21", "expired"),
        ("2026-11-20T23:30:00-01:00", "2026-11-21", "security.txt"),
        ("2026-11-21t12:00:00.123456789Z", "2026-11-21", "security.txt"),
    ],
)
def test_the_last_day_still_counts_in_utc(expires: str, as_of: str, value: str, tmp_path: Path) -> None:
    assert the(written(tmp_path, GOOD.replace("2027-01-01T00:00:00Z", expires), as_of=as_of))[0] == value


def test_a_contact_that_is_declared_too_is_for_a_person() -> None:
    channel = {"channel": "security@harbour-social.example", "response_days": 5}
    assert the(heard("security.txt", channel)) == ("security@harbour-social.example", 2, True)
    owners = {"owners": [{"id": "sec", "contact": "https://harbour-social.example/security/report"}, {"id": "x"}, None]}
    account = heard("security.txt", owners)
    assert the(account)[1:] == (3, True)
    assert account.readings[0].path == ("owners", "sec", "contact")


@pytest.mark.parametrize(
    "subject", [{"channel": "privacy@x.example"}, {"owners": []}, {"owners": [{"contact": 3}]}, {"channel": None}]
)
def test_a_channel_that_is_no_contact_is_not_settled(subject: dict[str, Any]) -> None:
    assert "no declared channel" in heard("security.txt", subject).unreadable


def test_nothing_declared_is_nothing_to_hold_it_against() -> None:
    assert "declare no security_txt_ref" in heard("security.txt", {}).unreadable
    assert "neither this file" in heard("expired.txt", {"security_txt_ref": "docs/other.md"}, as_of="2026-01-01").unreadable


# --- signed, and otherwise written ---


def test_a_signed_file_is_read_through() -> None:
    canonical = "https://gazette.example/.well-known/security.txt"
    assert the(heard("signed.txt", {"security_txt_ref": canonical})) == (canonical, 8, False)


@pytest.mark.parametrize("cut", ["-----BEGIN PGP SIGNATURE-----", "\n\n"])
def test_a_signed_file_that_is_cut_is_unreadable(cut: str, tmp_path: Path) -> None:
    text = (FIXTURES / "signed.txt").read_text().replace(cut, "\n", 1)
    account = written(tmp_path, text)
    assert account.unreadable
    assert account.unreadable_at[1] >= 1


def test_what_stands_outside_the_signed_part_does_not_count(tmp_path: Path) -> None:
    text = (FIXTURES / "signed.txt").read_text()
    inner = written(tmp_path, text + "\nExpires: 2020-01-01T00:00:00Z\n")
    assert the(inner)[0] == "security.txt"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_cases_comments_and_a_byte_order_mark(end: str, tmp_path: Path) -> None:
    text = "\ufeff# reports" + end + end.join(["CONTACT:mailto:a@a.example", "", "expires: 2020-01-01T00:00:00Z", ""])
    assert the(written(tmp_path, text)) == ("expired", 4, False)


# --- ways to be wrong ---


@pytest.mark.parametrize(
    ("content", "why", "line"),
    [
        ("", "is empty", 0),
        ("Expires: 2027-01-01T00:00:00Z\n", "no Contact", 1),
        ("Contact: mailto:a@a.example\n", "no Expires", 1),
        (GOOD + "Expires: 2028-01-01T00:00:00Z\n", "Expires stands twice", 3),
        (GOOD + "Expires: 2027-01-01T00:00:00Z\n", "Expires stands twice", 3),
        (GOOD + "Preferred-Languages: en\npreferred-languages: nl\n", "stands twice", 4),
        (GOOD + "Contact: http://a.example/report\n", "asks for https", 3),
        (GOOD + "Policy: HTTP://a.example/\n", "asks for https", 3),
        (GOOD + "Contact: b@a.example\n", "write mailto:", 3),
        (GOOD + "Encryption: see our site\n", "no address", 3),
        (GOOD + "Contact:\n", "no address", 3),
        ("Contact: mailto:a@a.example\nExpires: 2027-01-01\n", "no date and time", 2),
        ("Contact: mailto:a@a.example\nExpires: 2027-01-01T00:00:00\n", "no date and time", 2),
        ("Contact: mailto:a@a.example\nExpires: 2027-02-30T00:00:00Z\n", "no date and time", 2),
        ("Contact: mailto:a@a.example\nExpires: 0001-01-01T00:00:00+14:00\n", "no date and time", 2),
        ("Contact: mailto:a@a.example\nExpires: next year\n", "no date and time", 2),
        (GOOD + "We welcome reports.\n", "no field and no comment", 3),
        ("<html>\n" + GOOD, "HTML", 1),
        ('{"contact": "x"}', "JSON", 1),
        (GOOD.replace("2027", "{{ year }}"), "template", 2),
        (GOOD.encode("utf-16"), "UTF-16", 1),
        (GOOD.encode() + b"\0", "binary", 0),
        (GOOD.encode() + b"# \xff\n", "not UTF-8", 3),
        (GOOD + "# x\n" * 3000 + "Hiring: https://a.example/\n", "more lines", 3003),
        ("Contact: " + "a" * 300_000, "larger than", 0),
    ],
    ids=range(25),
)
def test_what_rfc_9116_does_not_take_is_unreadable(content: str | bytes, why: str, line: int, tmp_path: Path) -> None:
    account = written(tmp_path, content)
    assert why in account.unreadable
    assert account.readings == ()
    assert account.unreadable_at == ("security.txt", line)
    assert security_txt.discover(Opener(tmp_path), "security.txt") == ()


def test_without_a_date_of_the_evaluation_nothing_is_said(tmp_path: Path) -> None:
    assert "date of the evaluation" in written(tmp_path, GOOD, as_of="").unreadable


@settings(max_examples=80, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text("Contact:Expires\n #-@m2027", max_size=120) | st.binary(max_size=80))
def test_anything_else_is_unreadable(tmp_path: Path, content: str | bytes) -> None:
    assert written(tmp_path, content).unreadable


def test_what_is_proposed_is_what_is_then_read() -> None:
    (found,) = security_txt.discover(Opener(FIXTURES), "security.txt")
    assert the(heard("security.txt", found.item)) == (CANONICAL, 8, False)
