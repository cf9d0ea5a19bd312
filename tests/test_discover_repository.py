"""`policycheck discover` on a repository as organisations have them: the draft that a newcomer starts from."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
HERE = Path(__file__).parent / "discover"
EXPECTED = HERE / "expected.policycheck.yaml"
AS_OF = "2026-11-21"


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository of a marketplace, without a manifest."""
    place = tmp_path_factory.mktemp("market") / "attic-street"
    shutil.copytree(HERE / "repository", place)
    return place


def called(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "policycheck", *words, "--root", str(place)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(call, cwd=place, capture_output=True, text=True, env=environment, check=False)


@pytest.fixture(scope="module")
def draft(market: Path) -> str:
    done = called(market, "discover")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def judged(market: Path, draft: str) -> Path:
    """The repository with the draft as its manifest, which no test changes."""
    (market / "policycheck.yaml").write_text(draft, "utf-8")
    return market


@pytest.fixture
def started(tmp_path: Path) -> Path:
    """A copy with its draft, for a test to change; without Terraform, whose parser takes seconds to start."""
    place = tmp_path / "attic-street"
    shutil.copytree(HERE / "repository", place, ignore=shutil.ignore_patterns("infra"))
    (place / "policycheck.yaml").write_text(called(place, "discover").stdout, "utf-8")
    return place


def evidence_of(place: Path) -> list[dict[str, Any]]:
    listed = called(place, "evidence", "list", "--as-of", AS_OF, "--format", "json")
    assert listed.returncode == 0, listed.stderr
    found: list[dict[str, Any]] = json.loads(listed.stdout)[0]["evidence"]
    return found


def findings(place: Path) -> list[dict[str, Any]]:
    done = called(place, "check", "--as-of", AS_OF, "--format", "json")
    assert done.returncode in (0, 1), done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["results"][0]["findings"]
    return found


def test_the_draft_is_the_expected_one(draft: str, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        EXPECTED.write_text(draft, "utf-8")
    assert draft == EXPECTED.read_text("utf-8")


def test_a_draft_is_fit_to_be_read(draft: str) -> None:
    lines = draft.splitlines()
    assert max(map(len, lines)) <= 124
    assert not [line for line in lines if line != line.rstrip()]
    questions = [line.partition("  # ")[2] for line in lines if line.endswith("?")]
    assert len([text for text in questions if text == "Who inside the organisation answers for it?"]) == 3


def test_the_draft_is_valid_and_everything_that_it_names_is_read(judged: Path) -> None:
    assert called(judged, "validate").returncode == 0
    assert {entry["verdict"] for entry in evidence_of(judged)} <= {"agrees", "read", "supports"}


def test_what_is_proposed_is_what_is_read(judged: Path) -> None:
    found = findings(judged)
    assert [f["message"] for f in found if f["rule"] == "evidence-readable" and f["outcome"] == "unknown"] == []
    assert [f["message"] for f in found if f["assurance"] == "contradicted"] == []
    assert [f["rule"] for f in found if f["assurance"] == "verified"]


def test_with_the_draft_in_place_nothing_is_left_to_declare(judged: Path) -> None:
    done = called(judged, "discover")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("0 of ")


def test_a_source_that_a_person_has_placed_is_read_like_the_rest(started: Path) -> None:
    manifest = started / "policycheck.yaml"
    lines = manifest.read_text("utf-8").splitlines()
    first = lines.index("    # - id: listing-prices")
    last = next(at for at in range(first, len(lines)) if not lines[at].startswith("    # "))
    source = [line.replace("    # ", "    ", 1) for line in lines[first:last]]
    source = [f"{line} own_platform" if line.strip() == "type:" else line for line in source]
    # Moved from the use that was made up for the card to the one that the assessment names.
    begin = next(at for at in range(first, 0, -1) if lines[at].startswith("  - id: use-of-"))
    kept = [*lines[:begin], *lines[last:]]
    at = next(n for n, line in enumerate(kept) if line.startswith("    sources:"))
    manifest.write_text("\n".join([*kept[:at], "    sources:", *source, *kept[at + 1 :], ""]), "utf-8")
    assert {entry["verdict"] for entry in evidence_of(started)} <= {"agrees", "read", "supports"}
    assert [f["message"] for f in findings(started) if f["assurance"] == "contradicted"] == []
    assert called(started, "discover").stdout.startswith("0 of ")


def test_an_operation_that_is_added_later_is_not_declared(started: Path) -> None:
    document = started / "api" / "openapi.yaml"
    text = document.read_text("utf-8").replace("  /me:\n", "  /sellers/{handle}/reviews:\n", 1)
    document.write_text(text, "utf-8")
    (found,) = [f for f in findings(started) if f["assurance"] == "contradicted" and f["rule"] == "declaration-complete"]
    assert found["location"]["path"] == "api/openapi.yaml"
    assert "surfaces: show-me" in called(started, "discover").stdout


def test_what_could_not_be_settled_is_said_in_the_draft(draft: str) -> None:
    left = draft.partition("# Looked at and not read:\n")[2]
    assert left.startswith("# infra/waf.tf:73: aws_wafv2_web_acl.market rule api-per-address is not proposed: ")


def test_alerts_on_health_are_no_controls_against_scraping(draft: str) -> None:
    assert "alert-refused-share-rises" in draft
    assert "SlowSearch" not in draft
    assert "InstanceDown" not in draft


def test_so_it_is_for_the_files_of_a_developer_of_models(tmp_path: Path) -> None:
    place = tmp_path / "tern-ai"
    shutil.copytree(ROOT / "examples" / "tern-ai", place, ignore=shutil.ignore_patterns("*policycheck*.yaml"))
    (place / "policycheck.yaml").write_text(called(place, "discover").stdout, "utf-8")
    assert called(place, "validate").returncode == 0
    assert {entry["verdict"] for entry in evidence_of(place)} <= {"agrees", "read", "supports"}
    assert [f["message"] for f in findings(place) if f["assurance"] == "contradicted"] == []
    assert called(place, "discover").stdout.startswith("0 of ")
