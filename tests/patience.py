"""Hostile input must come to an end. How fast anything is stands in benchmarks/; no test turns on it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

#: Seconds of processor time, so that a busy machine decides no test; what runs away takes far more.
PATIENCE = 20.0


@contextmanager
def ends() -> Iterator[None]:
    """Fails when what is done inside takes more processor time, its child processes included, than any of it should."""
    before = sum(os.times()[:4])
    yield
    assert sum(os.times()[:4]) - before < PATIENCE
