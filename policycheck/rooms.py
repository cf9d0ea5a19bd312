"""How every extension is found: a room is a package, each module in it one extension, the file name its name.

Nothing is imported to list a room, so that help texts cost no imports. Verifiers may also come from other packages, by
entry points of the group `policycheck.evidence`; those are asked for only when a name is not one of ours.
"""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
#: The rooms that other packages may add to.
_OPEN = frozenset({"evidence"})


@cache
def names(room: str) -> tuple[str, ...]:
    """The names in a room (`formats`, `evidence`, `engines`, `manifests`, `cli`), sorted, hyphens for underscores."""
    files = (name for name in os.listdir(_HERE / room) if name.endswith(".py") and name[0] != "_")
    return tuple(sorted(name.removesuffix(".py").replace("_", "-") for name in files))


@cache
def installed(room: str) -> tuple[str, ...]:
    """The names in a room with those that other packages add; a name of ours is never theirs."""
    return tuple(sorted({*names(room), *_others(room)}))


@cache
def load(room: str, name: str) -> Any:
    """Import one extension. Raises KeyError when the room has none of that name."""
    if name in names(room):
        return import_module(f"policycheck.{room}.{name.replace('-', '_')}")
    if name in _others(room):
        return _others(room)[name].load()
    raise KeyError(f"{room} has no {name!r}; it has {', '.join(installed(room))}")


@cache
def _others(room: str) -> dict[str, Any]:
    if room not in _OPEN:
        return {}
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=f"policycheck.{room}")}
