"""Forty-five hard rules, against the manifest schema and against the part of a manifest that each reads."""

from __future__ import annotations

from typing import Any

import pytest

from policycheck import packs
from policycheck.document import Document
from policycheck.language.types import LIST, MAP, OBJECT, Type
from policycheck.model import Finding

from .rows_support import criteria, judged, number, page, rows, verdicts

ROWS = rows()
each_row = pytest.mark.parametrize("row", ROWS, ids=[f"row-{number(r)}" for r in ROWS])


def test_there_are_forty_five_rows() -> None:
    assert [number(r) for r in ROWS] == [str(n) for n in range(1, 46)]


def test_no_row_has_a_mistake() -> None:
    found = packs.mistakes(criteria(), criteria().packs[0])
    assert [str(problem) for problem in found] == []


@each_row
def test_verdicts(row: dict[str, Any]) -> None:
    assert verdicts(criteria(), f"row-{number(row)}", row["reads"]) == row["gives"]


def test_without_equivalents_the_other_measure_does_not_count() -> None:
    row = next(r for r in ROWS if "without_equivalents" in r)
    assert verdicts(criteria(), f"row-{number(row)}", row["reads"], equivalents=False) == row["without_equivalents"]


@each_row
def test_findings_rest_on_the_manifest(row: dict[str, Any]) -> None:
    """Each finding names a path of the manifest, or one it lacks, and stands on a line of it."""
    judge, judgements = judged(criteria(), f"row-{number(row)}", row["reads"])
    for judgement in judgements:
        finding = judge.finding(judgement)
        assert any(_of_the_manifest(fact.route, judge.place) for fact in finding.facts), finding.facts
        _stands_inside(finding, judge.place)


def _of_the_manifest(route: str, place: Any) -> bool:
    root = route.partition(".")[0].partition("[")[0]
    return root in criteria().types.names(criteria().types.root) or root in place.data


def _stands_inside(finding: Finding, place: object) -> None:
    assert isinstance(place, Document)
    assert finding.location is not None
    assert finding.location.path == "policycheck.yaml"
    line = place.line("policycheck.yaml", finding.location.line)
    assert 1 <= finding.location.column <= len(line)


@each_row
def test_declared_facts_are_what_the_manifest_says(row: dict[str, Any]) -> None:
    """A fact's line holds the last step of its route or its value: nobody is sent to a wrong line."""
    judge, judgements = judged(criteria(), f"row-{number(row)}", row["reads"])
    assert isinstance(judge.place, Document)
    for judgement in judgements:
        for fact in judge.finding(judgement).facts:
            if fact.location is None or not fact.declared or isinstance(fact.value, (list, bool)):
                continue
            line = judge.place.line(fact.location.path, fact.location.line)
            assert str(fact.value) in line or fact.value == "declared" or _counted(fact.value), fact


def _counted(value: Any) -> bool:
    return isinstance(value, str) and value.endswith((" item", " items"))


@each_row
def test_an_unknown_says_what_is_missing(row: dict[str, Any]) -> None:
    judge, judgements = judged(criteria(), f"row-{number(row)}", row["reads"])
    for judgement in judgements:
        finding = judge.finding(judgement)
        if finding.outcome.value == "unknown":
            assert finding.missing, finding
        else:
            assert finding.missing == ()


@pytest.mark.parametrize(
    ("row", "position", "missing", "cause"),
    [
        ("7", 1, ("controls[b].last_reviewed_on",), ""),
        (
            "11",
            1,
            ("surfaces[p].fields[b].protectability_decision.by", "surfaces[p].fields[b].protectability_decision.on"),
            "",
        ),
        ("14", 1, ("controls[a].basis.CA",), ""),
        ("19", 3, ("data.breach_clocks[BR]",), "the pack has no row for this"),
        ("20", 2, ("incidents[i].decisions[CA].authority_notified_at",), ""),
        ("23", 0, ("incidents[i].legal.confirmed_on",), ""),
        ("40", 2, ("data.scraping_bases[JP]",), "the pack has no row for this"),
    ],
)
def test_what_each_unknown_row_misses(row: str, position: int, missing: tuple[str, ...], cause: str) -> None:
    wanted = next(r for r in ROWS if number(r) == row)
    judge, judgements = judged(criteria(), f"row-{row}", wanted["reads"])
    finding = judge.finding(judgements[position])
    assert (finding.missing, finding.because_of) == (missing, cause)


@pytest.mark.parametrize("row", [r for r in ROWS if "says" in r], ids=lambda r: f"row-{number(r)}")
def test_messages_are_filled_in(row: dict[str, Any]) -> None:
    judge, judgements = judged(criteria(), f"row-{number(row)}", row["reads"])
    gap = next(j for j in judgements if j.outcome.value == "gap")
    assert judge.finding(gap).message == row["says"]


@each_row
def test_the_fragments_speak_the_manifests_vocabulary(row: dict[str, Any]) -> None:
    assert list(_foreign(row["reads"], criteria().types.root, "")) == []


def _foreign(value: Any, wanted: Type, route: str) -> Any:
    if value is None:
        return
    if wanted.enum and value not in wanted.enum:
        yield f"{route}: {value}"
    if wanted.kind == LIST:
        for item in value:
            yield from _foreign(item, wanted.item or wanted, f"{route}[]")
    elif wanted.kind == MAP:
        for key, inner in value.items():
            yield from _foreign(inner, wanted.item or wanted, f"{route}.{key}")
    elif wanted.kind == OBJECT:
        types = criteria().types
        for key, inner in value.items():
            if key in types.names(wanted):
                yield from _foreign(inner, types.field(wanted, key), f"{route}.{key}")
            else:
                yield f"{route}.{key}"


def test_every_definition_is_used() -> None:
    text = str(page()["rows"]) + str(page()["definitions"])
    for named in page()["definitions"].values():
        for name in named:
            assert f".{name}" in text
