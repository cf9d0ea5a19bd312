"""Reports of several dates on one page: how things stand, what came and went, what is behind it, step by step."""

from __future__ import annotations

from collections.abc import Iterator

from policycheck.formats import _changes as words
from policycheck.formats._html import charts
from policycheck.formats._html.page import render, styled
from policycheck.report import Record

#: How many changes are listed for each step; the JSON form has all.
MOST = 60
_ORDER = (*words.GRAVE, "newly_accepted", "not_judged", "gone", "rule_gone", "closed", "better")


def page(record: Record) -> bytes:
    """The page. Raises UsageError where Jinja2 is not installed."""
    sections = [_section(one, number) for number, one in enumerate(record["organizations"], 1)]
    text = render(
        "trend.html", record=record, sections=sections, words=words, most=MOST, first=record["reports"][0],
        last=record["reports"][-1], **styled("trend.css"),
    )  # fmt: skip
    return f"{text}\n".encode("utf-8", "replace")


def _section(one: Record, number: int) -> Record:
    """What the page shows of one organization."""
    points, steps = one["points"], one["steps"]
    breaks = [not step["same_measure"] for step in steps]
    return {
        **one,
        "at": f"o{number}",
        "charts": [
            charts.standing(points, breaks), charts.movement(points, steps, breaks), charts.assurance(points, breaks),
        ],
        "words": _columns(steps),
        "rows": list(_rows(points, steps)),
        "told": [_told(step) for step in reversed(steps)],
        "otherwise": sum(breaks),
    }  # fmt: skip


def _columns(steps: list[Record]) -> list[str]:
    """The words that get a column: the usual ones, and the others where they occur."""
    usual = {"opened", "reopened", "still_open", "closed"}
    return [word for word in words.WORDS if word in usual or any(step["counts"][word] for step in steps)]


def _rows(points: list[Record], steps: list[Record]) -> Iterator[Record]:
    """Each report with the step that leads to it."""
    for point, step in zip(points, [None, *steps], strict=True):
        yield {**point, "step": step}


def _told(step: Record) -> Record:
    """A step with its changes in the order in which they should be read."""
    ordered = sorted(step["changes"], key=_rank)
    return {**step, "shown": ordered[:MOST], "left": len(ordered[MOST:]), "caused": words.caused(step["causes"])}


def _rank(change: Record) -> int:
    return min(_ORDER.index(word) for word in change["words"])
