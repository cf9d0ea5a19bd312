"""How every extension is found: a room is a package, each module in it one extension, the file name its name.

Nothing is imported to list a room, so that help texts cost no imports.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

_HERE = Path(__file__).parent


@cache
def names(room: str) -> tuple[str, ...]:
    """The names in a room (`formats`, `evidence`, `engines`, `manifests`, `cli`), sorted, hyphens for underscores."""
    files = (_HERE / room).glob("*.py")
    return tuple(sorted(f.stem.replace("_", "-") for f in files if not f.stem.startswith("_")))


@cache
def load(room: str, name: str) -> ModuleType:
    """Import one extension. Raises KeyError when the room has none of that name."""
    if name not in names(room):
        raise KeyError(f"{room} has no {name!r}; it has {', '.join(names(room))}")
    return import_module(f"policycheck.{room}.{name.replace('-', '_')}")
