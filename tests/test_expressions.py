"""No regular expression of ours takes ever longer on its own words.

One in which a word can be read in two ways needs twice the time for each such word before something that does not fit: a
file of thirty words would stop a run. Each expression of a module is held against its own words and marks, repeated.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Any, NoReturn

import pytest

import policycheck

#: Doubling so often takes minutes; what is in order takes some microseconds.
TIMES, SECONDS = 28, 2
MARKS = "aA0-_ .,/('\"<[{:=\n\t*#|~`@&;%$^!"


def expressions() -> dict[str, re.Pattern[Any]]:
    """Every compiled expression that a module holds, also in its tables."""
    found: dict[str, re.Pattern[Any]] = {}
    for module in pkgutil.walk_packages(policycheck.__path__, "policycheck."):
        if not module.name.endswith("__main__"):
            for name, value in vars(importlib.import_module(module.name)).items():
                for number, pattern in enumerate(within(value)):
                    found[f"{module.name}.{name}.{number}"] = pattern
    return found


def within(value: Any) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, (dict, list, tuple, set, frozenset)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from within(item)


def texts(pattern: Any) -> Iterator[Any]:
    """What could keep an expression busy: its words and marks, repeated, before something that does not fit."""
    source = pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
    words = sorted(set(re.findall(r"[A-Za-z]{2,}", source)))
    if len(words) < 60:
        words += [word + end for word in words[:40] for end in ("ing", "s", "e")]
    for token in (*words, *MARKS):
        for between in ("", " ", "-", ", "):
            for start in ("", " "):
                text = f"{start}{(token + between) * TIMES}\0!"
                yield text.encode("latin-1", "ignore") if isinstance(pattern, bytes) else text


def slow_for(expression: re.Pattern[Any]) -> Any:
    """The first text for which an expression does not come to an end; None where there is none."""
    for text in texts(expression.pattern):
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        try:
            expression.search(text)
            expression.fullmatch(text)
        except TimeoutError:
            return text
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    return None


def stop(_: int, __: FrameType | None) -> NoReturn:
    raise TimeoutError


@pytest.mark.skipif(os.name != "posix", reason="needs a timer that interrupts")
def test_every_expression_comes_to_an_end() -> None:
    before = signal.signal(signal.SIGALRM, stop)
    try:
        assert slow_for(re.compile(r"(?:machines?|machine|,| )*x")) is not None
        every = expressions()
        assert len(every) > 200
        assert {where: text for where, one in every.items() if (text := slow_for(one)) is not None} == {}
    finally:
        signal.signal(signal.SIGALRM, before)
