"""Several processes, in chunks, results in the order of the items: the output is the same bytes as one process gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

CHUNK = 50
_WORKER: list[Any] = []


def _start(make: Callable[..., Any], settings: Any) -> None:
    import signal

    # The parent answers an interrupt; a child that did too would print its own traceback.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _WORKER[:] = [make(settings)]


def _apply(items: Sequence[Any]) -> list[Any]:
    return [_WORKER[0](item) for item in items]


def run(make: Callable[..., Any], settings: Any, items: Sequence[Any], jobs: int) -> Iterator[Any]:
    """Like map, over `jobs` processes. A bounded number of chunks is under way, so memory does not grow with the run."""
    from concurrent.futures import ProcessPoolExecutor

    size = max(1, min(CHUNK, len(items) // (jobs * 4) or 1))
    chunks = [items[at : at + size] for at in range(0, len(items), size)]
    with ProcessPoolExecutor(jobs, initializer=_start, initargs=(make, settings)) as pool:
        under_way = [pool.submit(_apply, chunk) for chunk in chunks[: jobs * 3]]
        following = iter(chunks[jobs * 3 :])
        while under_way:
            yield from under_way.pop(0).result()
            chunk = next(following, None)
            if chunk is not None:
                under_way.append(pool.submit(_apply, chunk))
