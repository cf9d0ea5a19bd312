"""What every terminal format needs, held against the plain definition of it."""

from __future__ import annotations

import re
import textwrap

from hypothesis import given, settings
from hypothesis import strategies as st

from policycheck.formats import _terminal
from policycheck.formats._terminal import harmless, wrap

PIECES = st.sampled_from(
    [" ", "   ", "word", "well-known", "é", "\u2003", "\n", "\t", "\x1b[2J", "a" * 39, "b" * 41, "c" * 90, " " * 70]
)


def test_every_character_is_shown_or_spelled() -> None:
    pattern = re.compile(_terminal._HARMFUL)
    every = [chr(code) for code in range(0x110000) if chr(code) not in "\n\t"]
    wrong = [c for c in every if harmless(c) != (f"\\u{ord(c):04x}" if pattern.match(c) else c)]
    assert wrong == []


@settings(derandomize=True, max_examples=60)
@given(st.lists(PIECES, max_size=25).map("".join), st.integers(40, 90), st.sampled_from(["", "  ", "x" * 50]))
def test_lines_are_those_of_textwrap(text: str, width: int, first: str) -> None:
    expected = textwrap.wrap(
        harmless(text), width, initial_indent=first, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )
    assert wrap(text, {"width": width}, first, "    ") == expected
