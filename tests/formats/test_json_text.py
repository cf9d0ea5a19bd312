"""JSON as our reports write it: read back it is the same value, and nothing in it steers the screen that shows it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policycheck.formats._json import encode, laid_out

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4))


@settings(derandomize=True, max_examples=60, deadline=None)
@given(VALUES)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert json.loads(encode(value)) == value


@pytest.mark.parametrize("value", [2**64, -(2**80), {"size": 10**30}, ["\ud800", "name\udcff.yaml"]], ids=str)
def test_what_other_writers_refuse_is_written_all_the_same(value: Any) -> None:
    assert json.loads(encode(value).decode("utf-8", "surrogatepass")) == value


@pytest.mark.parametrize("character", ["\u007f", "\u009b", "\u200e", "\u2028", "\u202e", "\u2066", "\ufeff"])
@pytest.mark.parametrize("beside", ["", "é", "\ud800"])
def test_what_would_steer_a_screen_is_an_escape(character: str, beside: str) -> None:
    raw = encode([beside + character]).decode("utf-8", "surrogatepass")
    assert character not in raw
    assert json.loads(raw) == [beside + character]
    raw = laid_out([beside + character]).decode()
    assert character not in raw
    assert json.loads(raw) == [beside + character]


@pytest.mark.parametrize("text", ["##vso[task.prependpath]/tmp/x", "a ##[group]", "##VSO[x]", "é ###[x]", "\\##vso[x]"])
def test_what_an_agent_takes_for_a_command_is_an_escape(text: str) -> None:
    for raw in (encode({"name": text}), laid_out({"name": text})):
        assert b"##vso[" not in raw.lower()
        assert b"##[" not in raw
        assert json.loads(raw) == {"name": text}
