"""What every terminal format needs: untrusted text made harmless, wrapping, colour."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from typing import Any

#: Control characters, bidirectional overrides and other invisible marks that could repaint or reorder a terminal.
_HARMFUL = (
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
#: Longer than anything a person writes without a space; more would bury the report.
_ENDLESS, _LONG = r"(\S{60})\S{240,}", 300
#: Where the invisible tags begin.
_TAGS = "\U000e0000"
_MOST = 4000
#: What agents of CI systems take for a command: `##[…]` and `##vso[…]` anywhere in a line, `::…` where it begins.
_ANYWHERE, _FIRST = r"##(?=\w{0,20}\[)", r"(?m)^(\s*):(?=:)"
_COLOURS = {"red": "31", "yellow": "33", "green": "32", "cyan": "36", "dim": "2", "bold": "1", "magenta": "35"}
SEVERITY_COLOURS = {"high": "red", "medium": "yellow", "low": "cyan", "info": "dim"}
_ASCII = str.maketrans({"·": "-", "–": "-", "—": "-", "’": "'", "…": "...", "│": "|", "→": "->", "≥": ">="})


def harmless(text: object) -> str:
    """Text of others, safe to print: control characters are shown, not obeyed; tabs and line ends become spaces.

    What is too long to be read is cut, and "..." says so. A command to the agent that runs a CI job is shown with an escape.
    """
    shown = str(text)[: _MOST + 1].replace("\t", " ").replace("\n", " ")
    # The patterns are costly to compile and seldom needed: what is harmful is not printable, or an invisible tag.
    if len(shown) >= _LONG:
        shown = re.sub(_ENDLESS, r"\1...", shown)
        shown = shown if len(shown) <= _MOST else f"{shown[:_MOST]}..."
    if "##" in shown:
        shown = re.sub(_ANYWHERE, r"\\u0023#", shown)
    if shown.isprintable() and max(shown, default="") < _TAGS:
        return shown
    return re.sub(_HARMFUL, lambda m: f"\\u{ord(m[0]):04x}", shown)


def paint(text: str, colour: str, style: Mapping[str, Any]) -> str:
    """Colour when the terminal has it."""
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if style.get("colour") and colour else text


def wrap(text: str, style: Mapping[str, Any], first: str = "  ", rest: str = "  ") -> list[str]:
    """Lines no wider than the terminal; long paths are not broken."""
    width = max(40, int(style.get("width", 80)))
    return textwrap.wrap(
        harmless(text), width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def inert(text: str) -> str:
    """Lines as they are printed, of which none begins like a command to GitHub's runner."""
    return re.sub(_FIRST, r"\1\\u003a", text) if "::" in text else text


def encode(lines: list[str], style: Mapping[str, Any]) -> bytes:
    """The bytes for this terminal's encoding; what it cannot show is spelled in ASCII."""
    encoding = str(style.get("encoding", "utf-8"))
    text = inert("\n".join(lines) + "\n" if lines else "")
    try:
        return text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return text.translate(_ASCII).encode("ascii", "backslashreplace")
