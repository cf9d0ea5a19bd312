"""Silence never helps: a blank value turns no gap or unknown into met, not used or not applicable.

More than the design asks is held: a verdict after blanking is the same as before, or unknown.
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from policycheck import packs

from .made_support import Maker, blanked, good_by_blanking, may_be_blank, outcomes, paths, shipped_cases, with_future, words
from .rows_support import AS_OF, GOOD, criteria, number, page, rows, schema

ROWS = rows()
RANDOM_CASES = 2_000
SHIPPED_CASES = 2_000


def blank_and_compare(wanted: packs.Criteria, rule: str, data: Any, path: tuple[Any, ...], before: Any) -> str:
    return good_by_blanking(before, outcomes(wanted, rule, blanked(data, path), AS_OF))


@pytest.mark.parametrize("row", ROWS, ids=[f"row-{number(r)}" for r in ROWS])
def test_every_value_of_every_row(row: dict[str, Any]) -> None:
    rule = f"row-{number(row)}"
    before = outcomes(criteria(), rule, row["reads"], AS_OF)
    cases = list(paths(row["reads"]))
    assert len(cases) >= 3
    for path in cases:
        assert blank_and_compare(criteria(), rule, row["reads"], path, before) == "", path


def test_the_rows_hold_several_hundred_values() -> None:
    assert sum(len(list(paths(row["reads"]))) for row in ROWS) > 500


def test_equivalent_measures_do_not_come_from_silence() -> None:
    row = next(r for r in ROWS if r.get("equivalents"))
    rule = f"row-{number(row)}"
    for given in (row["reads"], {**row["reads"], "controls": [{**row["reads"]["controls"][0], "status": "planned"}]}):
        before = outcomes(criteria(), rule, given, AS_OF, equivalents=True)
        for path in filter(lambda p: may_be_blank(criteria().types, p), paths(given)):
            after = outcomes(criteria(), rule, blanked(given, path), AS_OF, equivalents=True)
            assert sum(o in GOOD for _, o in after) <= sum(o in GOOD for _, o in before), path


def test_random_manifests() -> None:
    """Random changes of the rows' manifests, one value blanked in each."""
    random = Random(20261121)
    maker = Maker(criteria().types, words(str(page()["rows"]) + str(page()["definitions"])), random)
    done, seen = 0, set()
    while done < RANDOM_CASES:
        row = ROWS[done % len(ROWS)]
        rule = f"row-{number(row)}"
        data = with_future(maker.changed(row["reads"]), random)
        every = list(paths(data))
        if not every:
            done += 1
            continue
        before = outcomes(criteria(), rule, data, AS_OF)
        seen |= {outcome for _, outcome in before}
        path = random.choice(every)
        assert blank_and_compare(criteria(), rule, data, path, before) == "", (rule, data, path)
        done += 1
    assert seen >= {"gap", "unknown", "met", "not_applicable"}


def test_shipped_rules() -> None:
    """The tests beside the shipped rules, each value that may be blank in turn, drawn by a fixed seed."""
    wanted = packs.Criteria(packs.shipped(), schema())
    running = {rule.id for rule in wanted.rules}
    drawn = [
        (rule, data, path)
        for rule, data in shipped_cases(wanted)
        if rule in running
        for path in paths(data)
        if may_be_blank(wanted.types, path)
    ]
    if not drawn:
        pytest.skip("the tests of the shipped rules are not installed")
    Random(20261121).shuffle(drawn)
    for rule, data, path in drawn[:SHIPPED_CASES]:
        before = outcomes(wanted, rule, data, AS_OF)
        assert blank_and_compare(wanted, rule, data, path, before) == "", (rule, path)
