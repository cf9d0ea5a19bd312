"""One format on its way into one sink, manifest by manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from policycheck.cli._output import Sink
    from policycheck.report import Totals
    from policycheck.run import View


class Writer:
    """Joins the parts of a format.

    Most formats put a separator between manifests. One that must see the whole run, to sort, to cap or to count, has
    `collect(view)`: its collector is given every part in order, and what it returns is written.
    """

    def __init__(self, module: Any, sink: Sink, view: View) -> None:
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
