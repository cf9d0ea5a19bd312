"""One format on its way into one sink, manifest by manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from policycheck import rooms

if TYPE_CHECKING:
    from policycheck.replay import Replay
    from policycheck.report import Totals
    from policycheck.run import View


class Target(Protocol):
    """What takes bytes: a `Sink`, or a file of a bundle."""

    def write(self, data: bytes) -> object:
        """Add bytes."""


class Writer:
    """Joins the parts of a format.

    Most formats put a separator between manifests. One that must see the whole run, to sort, to cap or to count, has
    `collect(view)`: its collector is given every part in order, and what it returns is written.
    """

    def __init__(self, module: Any, sink: Target, view: View) -> None:
        self._module, self._sink, self._view = module, sink, view
        self._collector = module.collect(view) if hasattr(module, "collect") else None
        self._is_first = True
        sink.write(module.begin(view))

    def add(self, rendered: bytes) -> None:
        """One manifest's part. An empty one takes no separator."""
        if self._collector is not None:
            self._sink.write(self._collector.add(rendered))
        elif rendered:
            self._sink.write(rendered if self._is_first else self._module.SEPARATOR + rendered)
            self._is_first = False

    def end(self, totals: Totals) -> None:
        """What is known when the last manifest was judged."""
        last = self._collector.end(totals) if self._collector is not None else self._module.end(self._view, totals)
        self._sink.write(last)


def render(again: Replay, name: str, sink: Target) -> None:
    """A whole report in one format."""
    module = rooms.load("formats", name)
    writer = Writer(module, sink, again.view)
    for record in again.records(module.RECORD):
        writer.add(module.part(again.view, record))
    writer.end(again.totals)


def lacking(again: Replay) -> list[str]:
    """What a reader of the documents should know and the documents do not say."""
    changed = again.changed
    if again.lacks_lines:
        return ["lines of source are not in the JSON report; --root DIR shows them"]
    if not changed or again.redacted:
        return []
    more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
    return [f"no lines shown of {', '.join(changed[:3])}{more}: not there, or not as they were"]
