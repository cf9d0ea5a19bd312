"""`--previous REPORT.json`: the earlier report of which the first page says what changed since."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from policycheck import rooms

if TYPE_CHECKING:
    from policycheck.report import Record


def previous(name: str | None, targets: Iterable[tuple[str, str]], report: str = "") -> Record | None:
    """The report of that name; None where none is named.

    Raises UsageError when it cannot be read, would be overwritten or would be shown nowhere, and InvalidInput when it is no
    report. `report` is what else the call reads.
    """
    if name is None:
        return None
    from policycheck import replay
    from policycheck.cli._output import read_bytes, refuse_overwriting
    from policycheck.errors import UsageError

    wanted = list(targets)
    if name == report == "-":
        raise UsageError("standard input can be one of the two reports, not both")
    showing = [each for each in rooms.names("formats") if getattr(rooms.load("formats", each), "SHOWS_SINCE", False)]
    if not {each for each, _ in wanted} & set(showing):
        raise UsageError(f"--previous shows in {', '.join(showing)}, and none of them is asked for")
    refuse_overwriting(wanted, [Path(name).resolve()], "the report that --previous names")
    return replay.read(read_bytes(name), name)
