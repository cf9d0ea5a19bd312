"""A report by another framework's identifiers: the same findings, how sure the mapping is, and no claim of equality."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from policycheck.cli.check import command

ROOT = Path(__file__).resolve().parents[1]
FRAMEWORKS = ("gdpr", "owasp-oat")


@cache
def check(*options: str) -> str:
    folder = ROOT / "examples" / "corner-shop"
    arguments = [str(folder), "--root", str(folder), "--as-of", "2026-11-21", *options]
    done = CliRunner().invoke(command, arguments, standalone_mode=False)
    assert done.exception is None, done.exception
    return done.stdout


@cache
def report() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(check("--format", "json"))
    return found


def mapped(framework: str) -> dict[str, set[str]]:
    """By identifier, the judged expectations that support it."""
    found: dict[str, set[str]] = {}
    for row in report()["results"][0]["expectations"]:
        for name in report()["expectations"][row["id"]].get("supports", {}).get(framework, ()):
            found.setdefault(name, set()).add(row["id"])
    return found


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_identifier_stands_once_with_the_expectations_that_support_it(framework: str) -> None:
    body = check("--view", framework).partition("\nSummary\n")[0]
    blocks = re.split(r"^(?:article|class) (\S+)$", body, flags=re.MULTILINE)[1:]
    known = set(report()["expectations"])
    said = {
        name: set(re.findall(r"[A-Z]+\d*\w*-[\w-]+", text)) & known
        for name, text in zip(blocks[::2], blocks[1::2], strict=True)
    }
    assert said == mapped(framework)
    assert len(blocks[::2]) == len(set(blocks[::2]))


def test_articles_stand_in_their_order() -> None:
    names = re.findall(r"^article (\S+)$", check("--view", "gdpr"), re.MULTILINE)
    numbers = [int(re.match(r"\d+", name)[0]) for name in names]  # type: ignore[index]
    assert numbers == sorted(numbers)
    assert names.index("25") < names.index("25(1)") < names.index("25(2)")


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("format_", ["text", "table", "markdown"])
def test_it_says_supports_with_its_confidence_and_never_equivalent(framework: str, format_: str) -> None:
    text = check("--view", framework, "--format", format_)
    text = " ".join((text.partition("### Support for")[2].partition("###")[0] or text).split())
    assert "support" in text
    assert "neither stands for the other" in text
    assert re.search(r"confidence (high|middling|low)|\((high|middling|low)\)", text)
    assert "equivalent" not in text
    assert "compliant" not in text


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_summary_one_can_send_has_a_line_for_each_identifier(framework: str) -> None:
    section = check("--view", framework, "--format", "markdown").partition("### Support for ")[2].partition("###")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")][1:]
    concerned = {row["id"]: row["outcome"] for row in report()["results"][0]["expectations"]}
    concerned = {name: outcome for name, outcome in concerned.items() if outcome != "not_applicable"}
    wanted = {name: behind & concerned.keys() for name, behind in mapped(framework).items()}
    said = {row[0]: set(re.findall(r"([\w-]+) \((?:high|middling|low)\)", row[-1])) for row in rows}
    assert said == {name: behind for name, behind in wanted.items() if behind}
    assert all((row[1] == "gap") == any(concerned[e] == "gap" for e in said[row[0]]) for row in rows)
    out = re.search(r"Supported only by what does not concern this organisation: (.*)\.", section)
    assert set(out[1].split(", ") if out else ()) == {name for name, behind in wanted.items() if not behind}
    assert "### Support for " not in check("--format", "markdown")


def test_the_counts_are_those_of_the_same_report() -> None:
    summary = check("--view", "gdpr").partition("\nSummary\n")[2]
    assert summary == check("--by", "expectation").partition("\nSummary\n")[2]


def test_each_gap_of_a_supporting_expectation_is_there() -> None:
    text = " ".join(check("--view", "gdpr").split())
    supporting = set().union(*mapped("gdpr").values())
    for finding in report()["results"][0]["findings"]:
        if finding["outcome"] == "gap" and supporting & set(finding["expectations"]):
            assert finding["rule"] in text
            place = finding["location"]
            assert f"{place['path']}:{place['line']}" in text
