"""The HTML record and the trend in a real browser: axe-core finds nothing, nothing scrolls sideways, runs or loads."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .consumer_support import program
from .packages_support import from_npm
from .traps_support import ROOT

pytestmark = pytest.mark.gate

AS_OF = "2026-11-21"
SCRIPT = Path(__file__).with_name("html_access.mjs")
PACKAGES = ["axe-core@4.14.1", "puppeteer-core@24.43.1"]
SCENES = [(scheme, width) for scheme in ("light", "dark") for width in (1280, 320)]
#: The texts of a manifest that anyone may write.
HOSTILE = {
    "name: Corner Shop Ltd": "name: '<script>alert(1)</script>'",
    "owner: web team": "owner: '\"><img src=x onerror=alert(2)>'",
    "necessary_for: trust}": "necessary_for: '</style><svg onload=alert(3)>'}",
}


def browser() -> str:
    found = next(filter(None, map(program, ("chromium", "chromium-browser", "google-chrome"))), "")
    return found or pytest.skip("not run: there is no Chromium")


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where axe-core and what drives the browser are: in the folder POLICYCHECK_NODE_MODULES, else installed by npm."""
    given = os.environ.get("POLICYCHECK_NODE_MODULES")
    if given:
        return Path(given)
    return from_npm(tmp_path_factory.mktemp("node"), *PACKAGES)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A large record, a small one, two on one page, one that is full of markup, and a trend of two organisations."""
    folder = tmp_path_factory.mktemp("pages")
    hostile = folder / "hostile"
    shutil.copytree(ROOT / "examples" / "corner-shop", hostile)
    text = (hostile / "policycheck.yaml").read_text("utf-8")
    for plain, attack in HOSTILE.items():
        assert plain in text
        text = text.replace(plain, attack)
    (hostile / "policycheck.yaml").write_text(text, "utf-8")
    wanted = {
        "large": ["examples/harbour-social"], "small": ["examples/corner-shop"], "hostile": [str(hostile)],
        "two": ["examples/corner-shop-fixed", "examples/tern-ai"],
    }  # fmt: skip
    made = {name: check(paths, folder / f"{name}.html") for name, paths in wanted.items()}
    return made | {"trend": trend(["examples/corner-shop", "examples/harbour-social", str(hostile)], folder)}


def check(paths: list[str], target: Path, as_of: str = AS_OF, form: str = "html") -> Path:
    run("check", *paths, "--as-of", as_of, "--exit-zero", "--quiet", "--output", f"{form}={target}")
    return target


def trend(paths: list[str], folder: Path) -> Path:
    """Two organisations on three dates, of which one is full of markup on the last."""
    dated = {"2026-03-31": paths[:2], "2026-07-31": paths[:2], AS_OF: paths[1:]}
    reports = [check(some, folder / f"{day}.json", day, "json") for day, some in dated.items()]
    target = folder / "trend.html"
    run("trend", *map(str, reports), "--format", "html", "--output", str(target))
    return target


def run(*words: str) -> None:
    where = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-m", "policycheck", *words], cwd=ROOT, env=where, capture_output=True, check=True)


@pytest.fixture(scope="module")
def seen(modules: Path, pages: dict[str, Path]) -> dict[tuple[str, str, int], dict[str, Any]]:
    """What the browser and axe-core say, by page, colour scheme and width."""
    call = ["node", str(SCRIPT), str(modules), browser(), *map(str, pages.values())]
    done = subprocess.run(call, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    return {(Path(one["page"]).stem, one["scheme"], one["width"]): one for one in json.loads(done.stdout)}


@pytest.mark.parametrize("scene", SCENES, ids=str)
@pytest.mark.parametrize("name", ["large", "small", "two", "hostile", "trend"])
def test_nothing_is_in_anyones_way(name: str, scene: tuple[str, int], seen: Any) -> None:
    found = seen[name, *scene]
    assert found["wrong"] == []
    assert found["passed"] > 20
    assert found["wide"] == found["width"]
    assert found["told"] == []


def test_the_colours_follow_the_reader(seen: Any) -> None:
    assert seen["large", "light", 1280]["ink"] != seen["large", "dark", 1280]["ink"]
