"""Where the shipped rules and schemas are: beside the package in a checkout, inside it when installed."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
_INSTALLED = _PACKAGE / "_data"


def folder(name: str) -> Path:
    """The folder of shipped `rules` or `schemas`. Raises FileNotFoundError when the installation is broken."""
    for place in (_INSTALLED / name, _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise FileNotFoundError(f"policycheck's own {name}/ folder is missing; reinstall the package")
