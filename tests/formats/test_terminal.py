"""What every terminal format needs, held against the plain definition of it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from policycheck.formats import _terminal
from policycheck.formats._terminal import encode, harmless, wrap

from .rich_support import render


def test_every_character_is_shown_or_spelled() -> None:
    pattern = re.compile(_terminal._HARMFUL)
    every = [chr(code) for code in range(0x110000) if chr(code) not in "\n\t"]
    wrong = [c for c in every if harmless(c) != (f"\\u{ord(c):04x}" if pattern.match(c) else c)]
    assert wrong == []


@pytest.mark.parametrize(
    "text", ["##vso[task.setvariable variable=PATH]", "a ##[error]b", "##VSO[x]", "###[x]", "##teamcity[x]"]
)
def test_no_text_is_a_command_to_an_agent(text: str) -> None:
    assert not re.search(r"##\w*\[", harmless(text))
    assert harmless(text).replace(r"\u0023", "#") == text


def test_a_heading_is_as_it_was() -> None:
    assert harmless("## Scope [1] ##") == "## Scope [1] ##"


@pytest.mark.parametrize("text", ["::error::pwned", "  ::stop-commands::tok", "\u3000::add-mask::x", ":::error::x"])
def test_no_line_begins_like_a_command_to_a_runner(text: str) -> None:
    lines = encode(["first", text, "a::b is as it was"], {}).decode().splitlines()
    assert not any(line.strip().startswith("::") for line in lines)
    assert lines[1].replace(r"\u003a", ":") == text
    assert lines[2] == "a::b is as it was"


def test_a_wrapped_line_does_not_begin_like_one_either() -> None:
    lines = wrap("w" * 76 + " ::error::pwned", {"width": 80})
    assert any(line.strip().startswith("::") for line in lines)
    assert not any(line.strip().startswith("::") for line in encode(lines, {}).decode().splitlines())


def test_a_table_is_cut_to_the_terminal_and_stays_whole_in_a_pipe(rich: Any) -> None:
    def rows(**more: object) -> list[str]:
        _, _, table = render("table", rich, width=63, **more).decode().partition("\n\n")
        return table.partition("\n\n")[0].splitlines()

    cut, whole = rows(terminal=True), rows()
    assert max(map(len, cut)) <= 63 < max(map(len, whole))
    assert len(cut) == len(whole)
    assert any("..." in line for line in cut)
    assert cut[0].split() == whole[0].split()
