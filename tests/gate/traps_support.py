"""The twelve traps that let a bad manifest pass other tools, each as one edit of a manifest that passes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "examples" / "corner-shop-fixed"
CLEAN = (EXAMPLE / "policycheck.yaml").read_text("utf-8")
#: 21 November 2026, when the example passes.
TODAY = "1795219200"
WALL = "  - {id: wall, kind: page, auth: none, fields: [{name: town, category: user.location, sensitivity: high}]}\n"


def edited(*edits: tuple[str, str]) -> str:
    """The clean manifest with each first text replaced once; what is not there is a mistake of the test."""
    text = CLEAN
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def with_a_gap() -> str:
    """The clean manifest with a surface that nothing guards."""
    return edited(("surfaces:\n", f"surfaces:\n{WALL}"))


def _bomb() -> str:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 30))]
    return CLEAN + "\n".join(lines) + "\n"


def _with_bare_dates(text: str) -> str:
    return re.sub(r"[\"'](\d{4}-\d\d-\d\d)[\"']", r"\1", text)


class Trap(NamedTuple):
    """`text` makes the manifest (None: there is none), `code` is the exit code, `says` a part of what is said."""

    name: str
    text: Callable[[], str] | None
    code: int
    says: str


TRAPS = [
    Trap("controls and nothing else", lambda: "controls: {}\n", 3, "no `policycheck: 1`"),
    Trap("an empty file", lambda: "", 3, "is empty"),
    Trap("no YAML", lambda: f"{CLEAN}\n  : [\n", 3, "policycheck.yaml:"),
    Trap("a second document with a gap", lambda: f"{CLEAN}---\n{with_a_gap()}", 3, "second document"),
    Trap("a key twice", lambda: f"{CLEAN}\nown_scraping: []\n", 3, "own_scraping"),
    Trap("a boolean of another YAML", lambda: edited(("user_can_hide: true", "user_can_hide: yes")), 3, "user_can_hide"),
    Trap("a misspelt key", lambda: edited(("last_reviewed_on:", "last_reviewd_on:")), 3, "did you mean 'last_reviewed_on'"),
    Trap("a date to be decided", lambda: edited(("last_reviewed_on: 2026-11-10", "last_reviewed_on: TBD")), 3, "TBD"),
    Trap("a review in 2062", lambda: edited(("last_reviewed_on: 2026-11-10", "last_reviewed_on: 2062-11-10")), 1, "2062"),
    Trap("dates without quotes", lambda: _with_bare_dates(CLEAN), 0, ""),
    Trap("an alias bomb", _bomb, 3, "anchor"),
    Trap("nothing to check", None, 4, "no manifest"),
]
