"""What the tests of verifiers ask of an account; asking fails the test where the account is not of that sort."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policycheck.model import Account


def said(account: Account) -> dict[str, object]:
    """The values read, by their dotted path, of an account that could be given."""
    assert account.unreadable == ""
    return {".".join(reading.path): reading.value for reading in account.readings}


def said_softly(account: Account) -> dict[str, object]:
    """The same, of an account that only supports."""
    assert all(reading.soft for reading in account.readings)
    return said(account)


def soft(account: Account) -> set[str]:
    """The paths of the readings that only support."""
    return {".".join(reading.path) for reading in account.readings if reading.soft}


def note(account: Account, path: str = "status") -> str:
    """The note of the reading at a path."""
    return next(reading.note for reading in account.readings if ".".join(reading.path) == path)


def silent(account: Account) -> str:
    """Why an account says nothing; and it must then say nothing at all."""
    assert account.readings == ()
    assert not account.supported
    assert account.unreadable
    return account.unreadable
