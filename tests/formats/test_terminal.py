"""What every terminal format needs, held against the plain definition of it."""

from __future__ import annotations

import re

from policycheck.formats import _terminal
from policycheck.formats._terminal import harmless


def test_every_character_is_shown_or_spelled() -> None:
    pattern = re.compile(_terminal._HARMFUL)
    every = [chr(code) for code in range(0x110000) if chr(code) not in "\n\t"]
    wrong = [c for c in every if harmless(c) != (f"\\u{ord(c):04x}" if pattern.match(c) else c)]
    assert wrong == []
