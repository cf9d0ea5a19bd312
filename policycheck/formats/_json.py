"""JSON text that may be printed: what would steer the screen that shows it is written as an escape of the same value."""

from __future__ import annotations

import re
from json import JSONEncoder, dumps
from typing import Any

import orjson

_slowly = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
#: Control characters that JSON lets stand, invisible ones, line separators, and what reorders a line (bidi controls).
_STEERING = re.compile("[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
#: What an agent of Azure Pipelines takes for a command, wherever it stands in a line.
_COMMAND = re.compile(rb"##(?=\w{0,20}\[)")


def encode(value: Any) -> bytes:
    """A value as JSON in one line, in UTF-8."""
    try:
        raw = orjson.dumps(value)
    except orjson.JSONEncodeError:
        # A number of more than 64 bits, or a name of a file that is no UTF-8.
        raw = _slowly(value).encode("utf-8", "surrogatepass")
    return _shown(raw)


def laid_out(value: Any) -> bytes:
    """A value as JSON to be read, a member a line."""
    return _shown(dumps(value, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")) + b"\n"


def _shown(raw: bytes) -> bytes:
    if b"##" in raw:
        raw = _COMMAND.sub(rb"\\u0023#", raw)
    if raw.isascii() and b"\x7f" not in raw:
        return raw
    text = _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", raw.decode("utf-8", "surrogatepass"))
    return text.encode("utf-8", "surrogatepass")
