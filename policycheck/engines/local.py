"""One manifest after another, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any


def run(make: Callable[..., Any], settings: Any, items: Iterable[Any], jobs: int) -> Iterator[Any]:
    """Like map: `make(settings)` gives the function, which is applied to every item in order."""
    return map(make(settings), items)
