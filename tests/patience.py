"""Hostile input must come to an end. How fast anything is stands in benchmarks/; no test turns on it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

#: Seconds of processor time, so that a busy machine decides no test; what runs away takes far more.
PATIENCE = 20.0


@contextmanager
def ends() -> Iterator[None]:
    """Fails when what is done inside takes more processor time than any of it should.

    Child processes that have ended count. A parser that stands ready (`_child.py`) goes on, and has limits of its own.
    """
    before = sum(os.times()[:4])
    yield
    assert sum(os.times()[:4]) - before < PATIENCE
