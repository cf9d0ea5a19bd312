"""What every Markdown text needs: the words of others kept from becoming markup, a mention or a line of their own."""

from __future__ import annotations

import re

from policycheck.formats._terminal import harmless

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~@&])")


def safe(text: object) -> str:
    """Text of others: no Markdown, no HTML, no mention, no line of its own."""
    return _SPECIAL.sub(r"\\\1", harmless(text)).strip()


def code(text: object) -> str:
    """Text of others as inline code."""
    plain = harmless(text).replace("`", "'").replace("|", "\\|")
    return f"`{plain}`" if plain else "blank"


def encoded(lines: list[str]) -> bytes:
    """The lines as bytes."""
    return ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")
