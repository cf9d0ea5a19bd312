"""What a document says by being there: it exists, has content, is unchanged and fresh. It is not judged."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from policycheck.errors import ArtefactError
from policycheck.model import Account, Artefact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policycheck.opener import Opener

#: Empty: a document can back any kind of subject.
KINDS_OF_SUBJECT: frozenset[str] = frozenset()

#: The largest document read, in bytes: scanned policies are larger than configuration.
CAP = 32 * 1024 * 1024

_BLANK = b" \t\r\n\v\f\0"
_BOM = b"\xef\xbb\xbf"


def account(opener: Opener, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    """Whether the document at `path` (from the root) supports its subject; if not, it is unreadable, and why.

    `options` are the evidence entry's: `sha256`, `collected_on` and `valid_for_days`, each held only if
    declared, and `as_of`, the date of the evaluation. No value is read: that is for a person.
    """
    try:
        opened = opener.read(path, cap=CAP)
    except ArtefactError as error:
        return Account(unreadable=str(error), unreadable_at=(path, 0))
    seen = (Artefact(opened.path, opened.size, opened.sha256),)
    reason = _blank(opened.data) or _changed(opened.sha256, options.get("sha256")) or _stale(options)
    if reason:
        return Account((), seen, f"{opened.path} {reason}", unreadable_at=(opened.path, 0))
    return Account((), seen, supported=True)


def _blank(data: bytes) -> str:
    return "" if data.removeprefix(_BOM).strip(_BLANK) else "is empty"


def _changed(found: str, declared: object) -> str:
    """A blank sha256 is silence; anything else has to be the digest of the bytes that were read."""
    if declared in (None, ""):
        return ""
    return "" if str(declared).strip().lower() == found else "has changed: its sha256 is not the declared one"


def _stale(options: Mapping[str, object]) -> str:
    """Why the document is not fresh at `as_of`. On its last valid day it still is."""
    collected, days = options.get("collected_on"), options.get("valid_for_days")
    if collected in (None, ""):
        return ""
    collected_on, as_of = _day(collected), _day(options.get("as_of"))
    if collected_on is None or as_of is None:
        return "cannot be dated: collected_on or the date of the evaluation is no date"
    if collected_on > as_of:
        return f"is dated {collected_on}, after the date of the evaluation"
    if isinstance(days, int) and (as_of - collected_on).days > days:
        return f"is out of date: collected on {collected_on}, valid for {days} days"
    return ""


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None
