"""The language is a subset of CEL: Google's C++ runtime gives the same verdicts (a fixed seed; more in tests/deep)."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from policycheck import packs
from policycheck.language.syntax import parse
from policycheck.model import UNKNOWN

from .made_support import shipped_cases, words
from .oracle_support import (
    Expander,
    Oracle,
    Tally,
    Verdict,
    compare_expressions,
    compare_rules,
    expression_verdict,
    keys_of,
    prepared,
    rule_verdicts,
    written,
)
from .rows_support import criteria, number, page, rows, schema

pytest.importorskip("cel_expr_python", reason="the oracle is a development dependency: pip install cel-expr-python")

CASES = 2_000
ROWS = [(f"row-{number(row)}", row["reads"]) for row in rows()]
FRAGMENTS = [row["reads"] for row in rows()]
SPOKEN = words(str(page()["rows"]) + str(page()["definitions"]))


@pytest.fixture(scope="module")
def oracle() -> Oracle:
    return Oracle(criteria().types)


def no_differences(tally: Tally) -> None:
    shown = "\n\n".join(f"{v.text}\nours {v.ours}, CEL {v.theirs}\n{data}" for v, data in tally.wrong[:3])
    assert not tally.wrong, f"{len(tally.wrong)} of {tally.cases} cases:\n{shown}"


@pytest.mark.parametrize(
    "source",
    [
        "a || b && c || !d", "(a || b) && !(c && d)", "a ? b : (c ? d : e)", "(a ? b : c) ? d : e", "a - (b - c) - d",
        "(a + b) * c / d", "-(a + b) * -c", "- -3", "(a < b) == (c < d)", "!(a in b)", "(a || b).c[d ? e : f].size()",
        "[a, [b], 'x\\n\\'\"é😬']",
        "has(a.b.c) && a.filter(x, x.y > 1.5).map(y, y + 1).exists_one(z, z == -2)",
        "days(a, b) > size([1]) || max([1e300]) > .5",
        "(-5).x == 1",
    ],
)  # fmt: skip
def test_trees_can_be_written_and_read_again(source: str) -> None:
    tree = parse(source)
    assert repr(parse(written(tree))) == repr(tree)


def test_definitions_and_lets_are_written_out() -> None:
    trees = {"s": {"own": parse("all.filter(c, c.s == s.id)"), "big": parse("s.own.exists(c, c.n > 1)")}}
    trees["s"]["big"].args[0].kind = "s"
    node = parse("list.all(c, c.big && limit > 1)")
    node.args[2].args[0].kind = "s"
    whole = Expander(trees).expand(node, {"limit": parse("a + b")})
    assert written(whole) == (
        "list.all(v1_c, all.filter(v3_c, v3_c.s == v1_c.id).exists(v2_c, v2_c.n > 1) && a + b > 1)"
    )  # fmt: skip


def test_every_row_compiles_and_gives_its_verdicts(oracle: Oracle) -> None:
    for rule, data in ROWS:
        for verdict in rule_verdicts(oracle, criteria(), prepared(criteria(), rule), data):
            assert verdict.agrees or verdict.excused, (rule, verdict)


def test_rows_on_changed_manifests(oracle: Oracle) -> None:
    tally = compare_rules(oracle, criteria(), ROWS, CASES // 2, Random(20261121), SPOKEN)
    no_differences(tally)
    assert min(tally.agreed[word] for word in ("true", "false", "unknown")) > 50


def test_shipped_rules_on_changed_manifests(oracle: Oracle) -> None:
    wanted = packs.Criteria(packs.shipped(), schema())
    running = {rule.id for rule in wanted.rules}
    given = [(rule, data) for rule, data in shipped_cases(wanted) if rule in running]
    if not given:
        pytest.skip("the tests of the shipped rules are not installed")
    Random(20261121).shuffle(given)
    spoken = words(" ".join(str(rule.text) for rule in wanted.rules))
    no_differences(compare_rules(oracle, wanted, given, CASES // 4, Random(20261121), spoken))


def test_every_shipped_rule_compiles(oracle: Oracle) -> None:
    wanted = packs.Criteria(packs.shipped(), schema())
    for rule in wanted.every_rule:
        ready = prepared(wanted, rule)
        names = {binding.name: None for binding in ready.program.bindings}
        for _, text, _ in ready.parts:
            oracle.value(text, names)


def test_made_expressions_on_made_manifests(oracle: Oracle) -> None:
    tally = compare_expressions(oracle, criteria().types, FRAGMENTS, CASES, Random(20261121), keys_of(FRAGMENTS))
    no_differences(tally)
    assert min(tally.agreed[word] for word in ("true", "false", "unknown")) > 50


@pytest.mark.parametrize(
    ("text", "data", "ours", "theirs"),
    [
        # A blank is silence here; in CEL null is a value, and differs from every text.
        ("policies.tos_ref != ''", {"policies": {"tos_ref": None}}, UNKNOWN, True),
        # Members that may belong to a list leave the rest of it standing.
        ("controls.filter(c, c.status == 'deployed').exists(c, c.id == 'a')",
         {"controls": [{"id": "a", "status": "deployed"}, {"id": "b"}]}, True, UNKNOWN),
        ("size(controls.filter(c, c.status == 'deployed')) > 0",
         {"controls": [{"id": "a", "status": "deployed"}, {"id": "b"}]}, True, UNKNOWN),
        ("controls.exists_one(c, c.retention_days > 1)",
         {"controls": [{"retention_days": 2}, {"retention_days": 3}, {}]}, False, UNKNOWN),
        # Nothing that was not computed passes.
        ("metrics[0].last_value / metrics[0].target > 1.0",
         {"metrics": [{"last_value": 1.0, "target": 0.0}]}, UNKNOWN, True),
        # A subdivision falls back to its country.
        ("legal_positions['CA-QC'].note_ref == 'x'", {"legal_positions": {"CA": {"note_ref": "x"}}}, True, UNKNOWN),
        # What stands below something that may be absent is absent with it.
        ("third_party_access.all(a, !has(a.mandated_by.amendment_request))",
         {"third_party_access": [{"id": "a"}]}, True, UNKNOWN),
    ],
)  # fmt: skip
def test_documented_differences(oracle: Oracle, text: str, data: Any, ours: Any, theirs: Any) -> None:
    found = expression_verdict(oracle, criteria().types, text, data)
    assert (found.ours, found.theirs) == (ours, theirs)


def test_a_difference_that_is_not_documented_is_not_excused() -> None:
    assert Verdict("", True, False, frozenset({"filter", "has", "/"})).excused == ""
    assert Verdict("", True, UNKNOWN, frozenset({"exists", "=="})).excused == ""
    assert Verdict("", UNKNOWN, True, frozenset({"filter", "/"})).excused == ""
    assert not Verdict("", 1, True, frozenset()).agrees
