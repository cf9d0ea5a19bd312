"""policycheck holds manifests against regulators' expectations on data scraping and reports the gaps.

The library is three names: `check(path, ...)` returns a `Report`; `Manifest` is what was read. They are
imported when first used, so that `policycheck --version` stays as cheap as the interpreter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from policycheck.library import check
    from policycheck.model import Manifest, Report

__version__ = "0.1.0"
__all__ = ["Manifest", "Report", "__version__", "check"]

_HOMES = {"check": "policycheck.library", "Manifest": "policycheck.model", "Report": "policycheck.model"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'policycheck' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
