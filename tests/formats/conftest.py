"""The rich report, made anew from the example with --update-golden."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .rich_support import REPORT, enriched, report

ROOT = Path(__file__).parent.parent.parent


def _judged() -> dict[str, Any]:
    """The example judged for two expectations: every outcome and assurance, and still short enough to be read."""
    call = [sys.executable, "-m", "policycheck", "check", "--as-of", "2026-11-21", "--format", "json", "--root", "."]
    call += ["--criteria", "CJS24-13b1,CJS24-22c"]
    where = {**os.environ, "PYTHONPATH": str(ROOT)}
    example = ROOT / "examples" / "harbour-social"
    done = subprocess.run(call, cwd=example, capture_output=True, text=True, env=where, check=False)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="session")
def rich(request: pytest.FixtureRequest) -> dict[str, Any]:
    if request.config.getoption("--update-golden"):
        REPORT.write_text(json.dumps(_judged(), indent=1, ensure_ascii=False) + "\n", "utf-8")
    return enriched(report())
