"""What stands in for modules that a library loads with itself: nobody sees it, and a check does without the real ones."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from policycheck import standins

EXAMPLES = Path(__file__).parents[1] / "examples"
LEFT_OUT = {"inspect", "uuid", "urllib.parse", "email.utils", "socket"}


def loaded(*command: str) -> set[str]:
    """The modules that a process loads."""
    done = subprocess.run([sys.executable, "-X", "importtime", *command], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr[-500:]
    return set(re.findall(r"^import time:.*\| +(\S+)$", done.stderr, re.MULTILINE))


def test_the_command_line_does_not_load_what_only_its_libraries_would_like() -> None:
    # No check: in a checkout its rules are read as YAML, and what reads them loads more.
    own = loaded("-m", "policycheck", "validate", str(EXAMPLES / "corner-shop")) - loaded("-c", "pass")
    assert {"click", "jsonschema_rs.jsonschema_rs", "yaml"} <= own
    assert not own & LEFT_OUT


@pytest.mark.parametrize("text", ["", " ", "one", "  one ", "\tone\ttwo", "one\n  two\n   three\n\n", "\n  one\n two"])
def test_help_texts_are_cleaned_as_ever(text: str) -> None:
    clean = standins.OF_THE_COMMAND_LINE["inspect"]["cleandoc"]
    assert clean(text) == inspect.cleandoc(text)


def test_a_path_as_an_address_is_quoted_as_ever() -> None:
    assert standins.OF_THE_COMMAND_LINE["urllib.parse"]["quote_from_bytes"](b"a b%\xff") == "a%20b%25%FF"


def test_a_stand_in_knows_what_it_is_given_and_asks_the_real_module_for_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with standins.standing_in({"colorsys": {"Hue": str, "name": len}}):
        import colorsys as kept

        assert kept.Hue is str  # type: ignore[attr-defined]
        assert kept.rgb_to_hls(0, 0, 0) == (0, 0, 0)
    import colorsys

    assert kept is not colorsys
    assert not hasattr(kept, "Hue")
    assert (kept.rgb_to_hls, kept.name) == (colorsys.rgb_to_hls, len)  # type: ignore[attr-defined]


def test_what_is_there_already_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    import colorsys

    with standins.standing_in({"colorsys": {"Hue": str}}):
        assert sys.modules["colorsys"] is colorsys
    assert sys.modules["colorsys"] is colorsys
    assert not hasattr(colorsys, "Hue")


def test_nothing_stays_behind_when_the_import_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with pytest.raises(ImportError), standins.standing_in({"colorsys": {}}):
        raise ImportError
    assert "colorsys" not in sys.modules
