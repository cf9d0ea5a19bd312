"""The canonical JSON report, `policycheck-report/1`: one finding a line, so that two reports can be compared by eye."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from policycheck.formats._json import encode
from policycheck.model import Outcome
from policycheck.report import Record, Totals, footer

if TYPE_CHECKING:
    from policycheck.run import View

RECORD = "full"
SEPARATOR = b",\n"
_LONG = ("expectations", "findings", "artefacts")
_TABLES = ("criteria", "rules", "expectations")


def detail(style: Mapping[str, Any]) -> frozenset[Outcome]:
    """The outcomes whose findings are explained; the others are only counted."""
    return frozenset(Outcome)


def begin(view: View) -> bytes:
    """Everything about the run that is known before a manifest was read."""
    return b"{\n" + _members(view.header) + b',\n"results":[\n'


def part(view: View, record: Record) -> bytes:
    """One manifest."""
    return b"{" + b",\n".join([b'"%s":%s' % (key.encode(), _lines(key, value)) for key, value in record.items()]) + b"}"


def _lines(key: str, value: Any) -> bytes:
    return b"[\n%s\n]" % b",\n".join(map(encode, value)) if key in _LONG and value else encode(value)


def end(view: View, totals: Totals) -> bytes:
    """The totals, the problems and the exit code."""
    return b"\n],\n" + _members(footer(totals, bool(view.style.get("redact")))) + b"}\n"


def _members(record: Record) -> bytes:
    return b",\n".join([b'"%s":%s' % (key.encode(), _member(key, value)) for key, value in record.items()])


def _member(key: str, value: Any) -> bytes:
    if key not in _TABLES or not value:
        return encode(value)
    return b"{\n%s\n}" % b",\n".join([b"%s:%s" % (encode(name), encode(row)) for name, row in value.items()])
