"""The report by expectation: the statements' paragraphs in order, each with its outcome and what is behind it."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from policycheck.cli.check import command

ROOT = Path(__file__).resolve().parents[1]
OUTCOMES = "gap|unknown|met|not used|not applicable"


@cache
def check(example: str, *options: str) -> str:
    folder = ROOT / "examples" / example
    arguments = [str(folder), "--root", str(folder), "--as-of", "2026-11-21", *options]
    done = CliRunner().invoke(command, arguments, standalone_mode=False)
    assert done.exception is None, done.exception
    return done.stdout


def record(example: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(check(example, "--format", "json"))["results"][0]
    return found


@cache
def documents() -> list[str]:
    """The codes of all source documents, pack by pack, as they are written."""
    packs = [yaml.safe_load(path.read_text("utf-8")) for path in sorted(ROOT.glob("rules/*/pack.yaml"))]
    return [document["id"] for pack in packs for document in pack["documents"]]


def in_order() -> list[str]:
    """The ids of all expectations, document by document, as they are written."""
    files = [file for name in documents() for file in ROOT.glob(f"rules/*/expectations/{name}.yaml")]
    return [name for file in files for name in yaml.safe_load(file.read_text("utf-8"))["expectations"]]


def ids(text: str) -> list[str]:
    return re.findall(rf"\b(?:{'|'.join(documents())})-[\w-]+", text)


def told(text: str) -> dict[str, str]:
    """The outcome of each expectation as the text says it."""
    body = text.partition("\nSummary\n")[0]
    found = {}
    for block in re.split(rf"^(?=(?:{OUTCOMES}) )", body, flags=re.MULTILINE)[1:]:
        outcome = re.match(OUTCOMES, block)
        assert outcome is not None
        found |= dict.fromkeys(ids(block), outcome[0].replace(" ", "_"))
    return found


EXAMPLES = ["corner-shop", "harbour-social", "tern-ai"]


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_expectation_stands_once_in_order_with_its_outcome(example: str) -> None:
    said = told(check(example, "--by", "expectation"))
    assert said == {row["id"]: row["outcome"] for row in record(example)["expectations"]}
    assert list(said) == [name for name in in_order() if name in said]


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_coverage_line_counts_what_was_evaluated_of_what_applies(example: str) -> None:
    text = check(example, "--by", "expectation")
    lines = re.findall(r"^evaluated (\d+) of (\d+) applicable expectations$", text, re.MULTILINE)
    assert len(lines) == len(documents())
    counts = record(example)["counts"]["expectations"]
    applicable = sum(counts.values()) - counts["not_applicable"]
    assert sum(int(whole) for _, whole in lines) == applicable
    assert sum(int(part) for part, _ in lines) == applicable - counts["unknown"]
    assert f"evaluated {applicable - counts['unknown']} of {applicable} applicable" in check(
        example, "--by", "expectation", "--format", "table"
    )


def test_each_gap_names_its_subject_its_rule_and_its_place() -> None:
    text = " ".join(check("corner-shop", "--by", "expectation").split())
    for finding in record("corner-shop")["findings"]:
        if finding["outcome"] in ("gap", "unknown") and finding["expectations"]:
            kind, name = finding["subject"]["kind"], finding["subject"]["id"]
            subject = kind if kind == name else f"{kind} {name}"
            line = finding["location"]["line"]
            assert re.search(rf"{re.escape(subject)}, {finding['rule']}, \S+policycheck.yaml:{line}", text)


def test_it_is_readable_at_80_columns_and_gives_no_score() -> None:
    text = check("corner-shop", "--by", "expectation")
    assert max(map(len, text.splitlines())) <= 80
    assert len(text.splitlines()) < 140 + 10 * len(documents())
    assert "%" not in text
    assert "%" not in check("corner-shop", "--by", "expectation", "--format", "table")


def test_the_table_has_a_line_for_each() -> None:
    out = check("corner-shop", "--by", "expectation", "--format", "table")
    rows = out.splitlines()[4:]
    assert [row.split()[0] for row in rows] == [row["id"] for row in record("corner-shop")["expectations"]]
    assert max(map(len, rows)) <= 80
    assert all(re.search(rf"  (?:{OUTCOMES})  ", row) for row in rows)


def test_what_is_applicable_shows_its_subjects_and_verbose_all_of_them() -> None:
    text = check("corner-shop", "--by", "expectation", "--verbose")
    assert " more" not in text
    assert "surface reviews / terms" in text


def test_the_order_of_one_format_does_not_depend_on_another(tmp_path: Path) -> None:
    with_json = check("corner-shop", "--by", "expectation", "--output", f"json={tmp_path / 'report.json'}")
    assert with_json == check("corner-shop", "--by", "expectation")


def test_by_finding_is_the_default() -> None:
    assert check("corner-shop", "--by", "finding") == check("corner-shop")


@pytest.mark.parametrize("example", EXAMPLES)
def test_json_counts_the_coverage_that_the_text_says(example: str) -> None:
    counted = [f"evaluated {row['evaluated']} of {row['applicable']} applicable" for row in record(example)["coverage"]]
    assert re.findall(r"evaluated \d+ of \d+ applicable", check(example, "--by", "expectation")) == counted
