"""A contradicted claim is the headline: every format names the artefact's line and the manifest's, and shows it first."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from policycheck import rooms
from tests import command_line

from .table_support import told

ROOT = Path(__file__).parents[2]

AS_OF = "2026-11-21"
#: A catalog says what is asked, an attestation which findings there are by their ids; a PDF is printed HTML.
FORMATS = [name for name in rooms.names("formats") if name not in {"in-toto", "oscal-catalog", "pdf"}]
TEXT = (ROOT / "examples" / "corner-shop-fixed" / "policycheck.yaml").read_text("utf-8")
ARTEFACT = ("deploy/nginx.conf", 5)
DECLARED = ("policycheck.yaml", TEXT.count("\n", 0, TEXT.index(" limit: ")) + 1)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A shop that declares a stricter limit than it has, in every format."""
    import subprocess
    import sys

    shop = tmp_path_factory.mktemp("shop")
    shutil.copytree(ROOT / "examples" / "corner-shop-fixed", shop, dirs_exist_ok=True)
    text = (shop / "policycheck.yaml").read_text("utf-8")
    (shop / "policycheck.yaml").write_text(re.sub(r"limit: \d+", "limit: 1", text), "utf-8")
    command = [sys.executable, "-m", "policycheck", "check", ".", "--as-of", AS_OF, "--root", ".", "--exit-zero"]
    for name in FORMATS:
        command += ["--output", f"{name}=out.{name}"]
    done = subprocess.run(command, cwd=shop, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    return {name: told(shop / f"out.{name}") for name in FORMATS}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_names_both_lines(name: str, reports: dict[str, str]) -> None:
    report = reports[name]
    for path, line in (ARTEFACT, DECLARED):
        assert path in report
        near = re.compile(rf"{re.escape(path)}.{{0,120}}?\b{line}\b", re.DOTALL)
        assert near.search(report), f"{name} does not name {path}:{line}"


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_shows_it_before_other_findings(name: str, reports: dict[str, str]) -> None:
    report = reports[name]
    is_json = name.startswith(("sarif", "json")) or name == "oscal"
    results = report[report.index('"results"') :] if is_json and '"results"' in report else report
    other = results.find("anomaly-trigger-below-limit")
    assert 0 <= results.find("declaration-matches-evidence") < (other if other >= 0 else len(results))


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The same shop, whose baseline knows all of it: nothing blocks."""
    shop = tmp_path_factory.mktemp("known")
    shutil.copytree(ROOT / "examples" / "corner-shop-fixed", shop, dirs_exist_ok=True)
    text = (shop / "policycheck.yaml").read_text("utf-8")
    (shop / "policycheck.yaml").write_text(re.sub(r"limit: \d+", "limit: 1", text), "utf-8")
    baseline = ("--as-of", AS_OF, "--root", ".")
    assert command_line.run(shop, "baseline", "write", *baseline).returncode == 0
    names = ("text", "junit", "github-summary")
    outputs = [f"--output={name}=out.{name}" for name in names]
    done = command_line.run(shop, "check", *baseline, "--baseline", ".policycheck-baseline.yaml", *outputs)
    assert done.returncode == 0, done.stderr
    return {name: " ".join((shop / f"out.{name}").read_text("utf-8").split()) for name in names}


def test_a_baseline_makes_no_contradiction_milder(known: dict[str, str]) -> None:
    assert f"{ARTEFACT[0]}:{ARTEFACT[1]}:1 high contradicted declaration-matches-evidence since {AS_OF}" in known["text"]
    assert f"gap, contradicted by the repository, known to the baseline since {AS_OF}" in known["junit"]
    assert re.search(r"0 block, 1 contradicted, 0 accepted, [1-9]\d* known\.", known["github-summary"])
    assert re.search(r"\| of the declaration itself \| [1-9]", known["github-summary"])


def test_markdown_says_where_a_fact_was_read_and_how_many_more_there_are() -> None:
    words = ("harbour-social", "--root", ".", "--as-of", AS_OF, "--exit-zero", "--format", "markdown")
    text = command_line.run(ROOT / "examples", "check", *words).stdout
    assert "- `controls[feed-limit].status`: `observing` in `harbour-social/deploy/conf.d/www.conf:48`\n" in text
    assert re.search(r"^- and \d+ more facts$", text, re.MULTILINE)
    assert "\n\n\n" not in text
