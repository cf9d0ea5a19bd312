"""Values and verdicts: strong Kleene logic, what is missing and blank, dates, sizes, budgets."""

from __future__ import annotations

from typing import Any

import pytest

from policycheck.errors import RuleError
from policycheck.language import evaluate
from policycheck.language.evaluate import STATE, Compiler, Future, Interval, State, day, environment, moment
from policycheck.language.syntax import parse
from policycheck.model import UNKNOWN

T, F, U = True, False, UNKNOWN


def value(source: str, data: dict[str, Any] | None = None, **tables: Any) -> Any:
    """An expression over a manifest; `missing` and `blank` are unknown in it."""
    tree = parse(source)
    return Compiler({}, set()).compile(tree)(
        environment({"t": True, "f": False, "blank": None, **(data or {})}, tables, "2026-11-21")
    )


def optional(source: str, data: dict[str, Any]) -> Any:
    """As `value`, with every field one whose absence means none, as the type check would mark it."""
    tree = parse(source)
    stack = [tree]
    while stack:
        node = stack.pop()
        node.optional = node.op == "select"
        stack += [part for part in node.args if hasattr(part, "op")]
    return Compiler({}, set()).compile(tree)(environment(data, {}, "2026-11-21"))


TABLE = [(T, T), (T, F), (T, U), (F, T), (F, F), (F, U), (U, T), (U, F), (U, U)]
NAMES = {T: "t", F: "f", U: "missing"}


@pytest.mark.parametrize(("pair", "wanted"), list(zip(TABLE, [T, F, U, F, F, F, U, F, U], strict=True)))
def test_and(pair: tuple[Any, Any], wanted: Any) -> None:
    assert value(f"{NAMES[pair[0]]} && {NAMES[pair[1]]}") is wanted


@pytest.mark.parametrize(("pair", "wanted"), list(zip(TABLE, [T, T, T, T, F, U, T, U, U], strict=True)))
def test_or(pair: tuple[Any, Any], wanted: Any) -> None:
    assert value(f"{NAMES[pair[0]]} || {NAMES[pair[1]]}") is wanted


@pytest.mark.parametrize(("source", "wanted"), [("!t", F), ("!f", T), ("!missing", U), ("!!missing", U), ("!blank", U)])
def test_not(source: str, wanted: Any) -> None:
    assert value(source) is wanted


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("t ? 1 : 2", 1),
        ("f ? 1 : 2", 2),
        ("missing ? 1 : 1", U),
        ("t ? 1 : missing", 1),
        ("t ? missing : 1", U),
        ("1 ? 1 : 2", U),
    ],
)
def test_choice(source: str, wanted: Any) -> None:
    assert value(source) is wanted


@pytest.mark.parametrize("word", ["1", "'x'", "[]", "t + t"])
def test_what_is_no_condition_is_unknown(word: str) -> None:
    for source in (f"{word} && t", f"{word} || f", f"!{word}" if word != "t + t" else "!(t + t)"):
        assert value(source) is U
    assert value(f"{word} && f") is F
    assert value(f"{word} || t") is T


LISTS = {"none": [], "tt": [T, T], "tf": [T, F], "ff": [F, F], "tu": [T, None], "fu": [F, None], "uu": [None, None]}


@pytest.mark.parametrize(
    ("name", "every", "some", "one"),
    [
        ("none", T, F, F),
        ("tt", T, T, F),
        ("tf", F, T, T),
        ("ff", F, F, F),
        ("tu", U, T, U),
        ("fu", F, U, U),
        ("uu", U, U, U),
        ("missing", U, U, U),
    ],
)
def test_quantifiers(name: str, every: Any, some: Any, one: Any) -> None:
    data = {"l": {k: [{"v": v} for v in vs] for k, vs in LISTS.items()}}
    assert value(f"l.{name}.all(x, x.v)", data) is every
    assert value(f"l.{name}.exists(x, x.v)", data) is some
    assert value(f"l.{name}.exists_one(x, x.v)", data) is one


def test_order_in_a_list_changes_no_verdict() -> None:
    for items in ([{}, {"x": 1}], [{"x": 1}, {}]):
        assert value("l.exists(i, i.x == 1)", {"l": items}) is T
        assert value("l.all(i, i.x == 2)", {"l": items}) is F


@pytest.mark.parametrize(
    "source",
    [
        "missing", "blank", "missing.deeper.still", "blank.deeper", "s.x", "n.x", "l.x", "m['z']", "m['blank']", "l[9]",
        "l[-1]", "l[0.0]", "m[1]", "missing[0]", "l[missing]", "missing == ''", "missing != ''",
        "blank == ''", "blank != ''", "missing > 1",
        "missing + 1", "-missing", "-s", "1 - missing", "missing in l", "missing in []", "1 in missing", "1 in s",
        "size(missing)", "size(n)", "size(m)", "missing.size() > 0", "missing.startsWith('a')",
        "s.startsWith(missing)", "n.contains('a')",
        "missing.filter(x, true)", "missing.map(x, x)", "s.all(x, true)", "m.exists(x, true)", "max(missing)", "max([])",
        "max([1, missing])", "max(['a'])", "s < 1", "s + 1", "s - s", "1 + 1.0", "t + t", "t < 1", "[1] + [2]", "[1] < [2]",
    ],
)  # fmt: skip
def test_unknown(source: str) -> None:
    assert value(source, {"s": "text", "n": 3, "l": [1, 2], "m": {"a": 1, "blank": None}}) is U


def test_a_list_with_a_blank_item() -> None:
    data = {"l": ["a", None]}
    assert value("'a' in l", data) is T
    assert value("'b' in l", data) is U
    assert value("l.exists(x, x == 'b')", data) is U
    assert value("size(l)", data) == 2
    assert value("l == ['a', 'b']", data) is U
    assert value("l == ['b', 'b']", data) is F
    assert value("l == ['a']", data) is F


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("1 == 1", T), ("1 == 2", F), ("1 == 1.0", T), ("1 != 1.5", T), ("'a' == 'a'", T), ("'a' != 'b'", T),
        ("'1' == 1", F),
        ("t == t", T), ("t == 1", F), ("1 == t", F), ("f == 0", F), ("[1, 2] == [1, 2]", T), ("[1, 2] == [2, 1]", F),
        ("[[1], [missing]] == [[1], [2]]", U), ("1 < 2", T), ("2 <= 2", T), ("3 > 4", F), ("1 < 1.5", T), ("'a' < 'b'", T),
        ("f < t", T), ("1 in [1, 2]", T), ("3 in [1, 2]", F), ("'a' in ['b', missing]", U), ("2 in [1.0, 2.0]", T),
        ("m == m", U), ("m != m", U), ("m in [m]", U),
    ],
)  # fmt: skip
def test_comparisons(source: str, wanted: Any) -> None:
    assert value(source, {"m": {"a": None}}) is wanted


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("7 / 2", 3), ("-7 / 2", -3), ("7 / -2", -3), ("-7 / -2", 3), ("7.0 / 2.0", 3.5), ("1 / 0", U), ("1.0 / 0.0", U),
        ("0 / 0", U), ("2 + 3 * 4", 14), ("'a' + 'b'", "ab"), ("1.5 + 1.5", 3.0), ("-(3)", -3), ("- -3", 3),
        ("9223372036854775807 + 1", U), ("-9223372036854775808 - 1", U), ("-(-9223372036854775808)", U),
        ("1e308 * 10.0", U), ("-1e308 - 1e308", U), ("1e308 / 1e-10", U), ("1e308 + 0.0", 1e308),
        ("9223372036854775807 * 2", U), ("-9223372036854775808 / -1", U), ("9223372036854775807 + 0", 2**63 - 1),
    ],
)  # fmt: skip
def test_arithmetic(source: str, wanted: Any) -> None:
    found = value(source)
    assert found is U if wanted is U else (type(found), found) == (type(wanted), wanted)


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("'abc'.startsWith('ab')", T), ("'abc'.startsWith('b')", F), ("'abc'.endsWith('bc')", T), ("'abc'.contains('')", T),
        ("'Straße'.contains('aß')", T), ("'abc'.size()", 3), ("size('🐱')", 1), ("size([1, 2])", 2), ("[].size()", 0),
        ("max([1, 3, 2])", 3), ("max([1.5])", 1.5),
    ],
)  # fmt: skip
def test_text_and_sizes(source: str, wanted: Any) -> None:
    assert value(source) == wanted


CONTROLS = {
    "controls": [
        {"id": "a", "status": "deployed", "days": 10},
        {"id": "b", "status": None, "days": 20},
        {"id": "c", "status": "planned", "days": 30},
        {"id": "d"},
    ]
}
DEPLOYED = 'controls.filter(c, c.status == "deployed")'


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        # certain: a. uncertain: b and d. left out: c.
        ("size({}) > 0", T), ("size({}) >= 1", T), ("size({}) > 1", U), ("size({}) > 3", F), ("size({}) <= 3", T),
        ("size({}) < 1", F), ("size({}) == 4", F), ("size({}) == 0", F), ("size({}) == 2", U), ("size({}) != 0", T),
        ("size({}) != 2", U), ("3 >= size({})", T), ("0 == size({})", F), ("{}.size() > 0", T), ("size({}) < 'x'", U),
        ("size({}) + 1 > 0", U), ("size({}) == size({})", U), ("size({}) > size({})", U), ("size({}) <= size(controls)", T),
        ("{}.exists(c, c.id == 'a')", T), ("{}.exists(c, c.id == 'b')", U), ("{}.exists(c, c.id == 'c')", F),
        ("{}.all(c, c.days == 10)", U), ("{}.all(c, c.id != 'a')", F), ("{}.all(c, c.id != 'b')", U),
        ("{}.all(c, c.id != 'c')", T),
        ("{}.exists_one(c, c.id == 'a')", T), ("{}.exists_one(c, c.id == 'b')", U), ("{}.exists_one(c, c.id == 'c')", F),
        ("'a' in {}.map(c, c.id)", T), ("'b' in {}.map(c, c.id)", U), ("'c' in {}.map(c, c.id)", F),
        ("{}.filter(c, c.id == 'b').exists(c, true)", U), ("{}.filter(c, c.id == 'a').exists(c, true)", T),
        ("size({}.filter(c, c.id == 'c')) == 0", T), ("{}[0].id == 'a'", U), ("max({}.map(c, c.days)) == 10", U),
        ("{}.map(c, c.id) == ['a']", U), ("{} == controls", U),
    ],
)  # fmt: skip
def test_a_filtered_list_with_uncertain_members(source: str, wanted: Any) -> None:
    assert value(source.replace("{}", DEPLOYED), CONTROLS) is wanted


def test_the_size_of_an_uncertain_list_is_an_interval() -> None:
    size = value(f"size({DEPLOYED})", CONTROLS)
    assert isinstance(size, Interval)
    assert (size.low, size.high, str(size)) == (1, 3, "1 to 3")


def test_comparing_the_sizes_of_huge_uncertain_lists_is_quick() -> None:
    data = {"l": [{"v": None}] * 60_000}
    assert value("size(l.filter(x, x.v)) > size(l.filter(x, x.v))", data) is U


def test_a_certain_filter_is_a_plain_list() -> None:
    data = {"controls": [{"id": "a", "status": "deployed"}, {"id": "c", "status": "planned"}]}
    assert value(f"{DEPLOYED}[0].id", data) == "a"
    assert value(f"size({DEPLOYED})", data) == 1


@pytest.mark.parametrize(
    ("owner", "wanted"),
    [({"provider": {}}, T), ({"provider": {"name": None}}, T), ({"provider": None}, U), ({}, F)],
)
def test_has_is_three_valued(owner: dict[str, Any], wanted: Any) -> None:
    assert value("c.has_it || has(c.provider)", {"c": {"has_it": False, **owner}}) is wanted


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ({"a": {"by": {"request": {}}}}, T),
        ({"a": {"by": {"request": None}}}, U),
        ({"a": {"by": {}}}, F),
        ({"a": {"by": None}}, U),
        ({"a": {}}, F),
        ({"a": None}, U),
        ({}, U),
    ],
)
def test_has_below_what_may_be_absent(data: dict[str, Any], wanted: Any) -> None:
    assert optional("has(a.by.request)", data) is wanted


def test_has_below_silence_is_unknown() -> None:
    """Only where absence above means none does it mean none below."""
    assert value("has(control.params.anomaly_rule)", {"control": {}}) is U
    assert value("has(control.params.anomaly_rule)", {"control": {"params": {}}}) is F


def test_jurisdictions_fall_back_to_their_country() -> None:
    data = {"basis": {"CA": "consent", "US-CA": "legal_obligation", "ai": "x", "CA-BC": None}}
    assert value("basis['CA']", data) == "consent"
    assert value("basis['CA-QC']", data) == "consent"
    assert value("basis['CA-BC']", data) is U
    assert value("basis['US-CA']", data) == "legal_obligation"
    assert value("basis['US']", data) is U
    assert value("basis['US-NY']", data) is U
    assert value("basis['ai-x']", data) is U
    assert value("data.clocks['CA-QC'].unit", clocks={"CA": {"unit": "open"}}) == "open"
    assert value("data.clocks['BR'].unit", clocks={"CA": {"unit": "open"}}) is U


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("days('2026-01-01', '2026-01-31')", 30),
        ("days('2026-01-31', '2026-01-01')", -30),
        ("days('2024-02-28', '2024-03-01')", 2),
        ("days('2026-01-01', as_of)", 324),
        ("days('2026-01-01T23:59:00-05:00', '2026-01-02')", 0),  # 2 January in UTC
        ("days('2026-01-01T23:00:00Z', '2026-01-02T01:00:00Z')", 1),
        ("days(date('2026-01-01'), date('2026-01-02'))", 1),
        ("days(instant('2026-01-01T00:00:00Z'), '2026-01-02')", 1),
        ("date('2026-01-01') < date('2026-01-02')", T),
        ("date('2026-01-01T22:00:00-05:00') == date('2026-01-02')", T),
        ("date(as_of) <= date(as_of)", T),
        ("instant('2026-01-01T00:00:00Z') == instant('2026-01-01T01:00:00+01:00')", T),
        ("instant('2026-01-01T00:00:00Z') < instant('2026-01-01T00:00:01Z')", T),
        ("hours('2026-01-01T00:00:00Z', '2026-01-04T00:00:00Z')", 72),
        ("hours('2026-01-01T00:00:00Z', '2026-01-04T00:10:00Z')", 73),
        ("hours('2026-01-01T00:10:00Z', '2026-01-01T00:00:00Z')", -1),
        ("hours('2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z')", 0),
        ("hours('2026-01-01T00:00:00Z', '2026-01-01T01:00:00+01:00')", 0),
        ("hours('2026-01-01T00:00:00Z', '2026-01-01T00:00:00.001Z')", 1),
        ("hours(instant('2026-01-01T00:00:00Z'), instant('2026-01-01T05:00:00Z'))", 5),
        # Monday 2 November 2026 to Friday 6 November; the weekend of 7 and 8 November does not count
        ("working_days('2026-11-02', '2026-11-06', ['2026-12-25'])", 4),
        ("working_days('2026-11-06', '2026-11-09', ['2026-12-25'])", 1),
        ("working_days('2026-11-02', '2026-11-06', ['2026-11-04'])", 3),
        ("working_days('2026-11-06', '2026-11-02', ['2026-11-04'])", -3),
        ("working_days('2026-11-06', '2026-11-07', ['2026-11-04'])", 1),
        ("working_days('2026-11-02', '2026-11-04', ['2026-11-04'])", 2),
        ("working_days('2026-11-09', '2026-11-07', ['2026-11-04'])", -1),
        ("working_days('2026-11-02T23:30:00-05:00', '2026-11-03T08:00:00-05:00', ['2026-11-04'])", 1),
        ("working_days('2026-12-30', '2027-01-04', ['2026-12-25', '2027-01-01'])", 2),
    ],
)
def test_dates(source: str, wanted: Any) -> None:
    assert value(source) == wanted


@pytest.mark.parametrize(
    "source",
    [
        "days('2026-02-30', as_of)", "days('yesterday', as_of)", "days('', as_of)", "days(missing, as_of)",
        "days(20260101, as_of)",
        "days('2026-01-01T00:00:00', as_of)", "date('2026-01')", "date('20260101')", "hours('2026-01-01', '2026-01-02')",
        "hours('2026-01-01T00:00:00', '2026-01-01T01:00:00Z')", "instant('2026-01-01T00:00:00')", "instant('2026-01-01')",
        "date('2026-01-01') < '2026-01-02'", "date('2026-01-01') < instant('2026-01-02T00:00:00Z')",
        "date(as_of) == missing",
        "working_days('2026-11-02', '2026-11-06', [])", "working_days('2026-11-02', '2026-11-06', missing)",
        "working_days('2026-11-02', '2026-11-06', ['x'])", "working_days('2026-11-02', '2026-11-06', [missing])",
        "working_days('2026-12-30', '2027-01-04', ['2026-12-25'])", "working_days('2026-11-02', missing, ['2026-12-25'])",
        "working_days('1926-11-02', '2026-11-06', ['2026-12-25'])", "instant('0001-01-01T00:00:00+14:00') == missing",
        "days('0001-01-01T00:00:00+14:00', as_of)", "days(instant('0001-01-01T00:00:00+14:00'), as_of)",
        "date(instant('9999-12-31T23:00:00-02:00')) > date(as_of)",
    ],
)  # fmt: skip
def test_dates_that_say_nothing(source: str) -> None:
    assert value(source) is U


def test_days_and_moments_read_what_rfc_3339_writes() -> None:
    assert str(day("2026-11-21")) == "2026-11-21"
    assert str(day("2026-11-21T00:30:00+01:00")) == "2026-11-20"
    assert moment("2026-11-21T00:30:00Z") is not None
    for text in ("2026-11-21", "2026-11-21T00:30:00", "2026-11-21T25:00:00Z", "2026-W01-1T00:00:00Z", "2026-11-21T00:30Z",
                 "2026-11-21x00:30:00Z", "20261121T003000Z", "2026-11-21T00:30:00+01",
                 "2026-11-21T00:30:00+14:60", "2026-11-21T00:30:00Z "):  # fmt: skip
        assert moment(text) is None
    for text in ("21.11.2026", "2026-13-01", "2026-11", "2026-W01-1", "", "2026-11-2\u0661"):
        assert day(text) is None


@pytest.mark.parametrize(
    "source",
    [
        "days(on, as_of) <= 30", "days(on, as_of) >= 0", "date(on) <= date(as_of)", "date(on) > date(as_of)", "on != ''",
        "on == '2027-01-01'", "on in ['2027-01-01']", "on in ['x']", "'2027-01-01' in list", "'x' in list",
        "hours(at, at) == 0",
        "instant(at) <= instant(at)", "on < 'x'", "list == ['2027-01-01']", "on == on",
        "working_days(on, as_of, ['2026-12-25']) < 0",
        "size(on) > 0", "on.size() == 10", "on.startsWith('20')", "on.contains('x')", "'2027'.endsWith(on)", "held[on]",
    ],
)  # fmt: skip
def test_a_date_in_the_future_proves_nothing(source: str) -> None:
    data = {"on": Future("2027-01-01"), "at": Future("2027-01-01T00:00:00Z"), "list": [Future("2027-01-01")]}
    assert value(source, {**data, "held": {"2027-01-01": True}}) is U


def test_a_list_with_a_future_and_a_past_date() -> None:
    data = {"list": [Future("2027-01-01"), "2026-01-01"]}
    assert value("'2026-01-01' in list", data) is T
    assert value("list.exists(x, date(x) <= date(as_of))", data) is T
    assert value("list.all(x, date(x) <= date(as_of))", data) is U


def test_names_and_scopes() -> None:
    data = {"x": [{"y": [1, 2]}, {"y": [3]}], "n": 2}
    assert value("x.all(a, a.y.all(b, b > 0 && n == 2))", data) is T
    assert value("x.map(a, size(a.y))", data) == [2, 1]
    assert value("x.filter(a, a.y.exists(b, b == n)).size()", data) == 1
    assert value("x.exists(a, size(a.y) == 2) && size(x) == 2", data) is T


def test_a_name_lost_its_meaning_after_its_macro() -> None:
    data = {"x": [1], "a": "section"}
    assert value("x.all(a, a == 1) && a == 'section'", data) is T


def test_definitions_are_asked_once_and_follow_their_subject() -> None:
    trees = {"control": {"fast": parse("control.limit > 10"), "asked": parse("control.fast")}}
    node = parse("controls.map(c, c.asked)")
    for part in (node.args[2], trees["control"]["asked"]):
        part.kind = "control"
    env = environment({"controls": [{"limit": 20}, {"limit": 5}, {"limit": None}]}, {}, "2026-11-21")
    assert Compiler(trees, set()).compile(node)(env) == [T, F, U]
    assert {key[1] for key in env[STATE].memory} == {"fast", "asked"}


def test_a_definition_of_something_missing_is_unknown() -> None:
    trees = {"control": {"fast": parse("true")}}
    node = parse("control.fast")
    node.kind = "control"
    assert Compiler(trees, set()).compile(node)(environment({}, {}, "2026-11-21")) is U


def test_a_definition_that_rests_on_itself_is_an_error_of_the_rule() -> None:
    trees = {"control": {"a": parse("control.b"), "b": parse("control.a")}}
    node = parse("control.a")
    for part in (node, trees["control"]["a"], trees["control"]["b"]):
        part.kind = "control"
    env = environment({"control": {}}, {}, "2026-11-21")
    for _ in range(2):
        with pytest.raises(RuleError, match=r"control\.a rests on itself"):
            Compiler(trees, set()).compile(node)(env)


@pytest.mark.parametrize(
    "source", ["l.all(a, l.all(b, true))", "l.map(a, l.filter(b, true).size()).size() > 0", "l.all(a, !(-1 in l))"]
)
def test_the_item_budget_ends_an_evaluation(source: str) -> None:
    run = Compiler({}, set()).compile(parse(source))
    env = environment({"l": list(range(1_000))}, {}, "2026-11-21")
    with pytest.raises(RuleError, match=f"walks more than {evaluate.ITEM_BUDGET} items"):
        run(env)


def test_text_that_is_joined_over_and_over_is_counted() -> None:
    run = Compiler({}, set()).compile(parse(" + ".join(["s"] * 150)))
    assert len(run(environment({"s": "name " * 20}, {}, "2026-11-21"))) == 15_000
    with pytest.raises(RuleError, match="or joins too much text"):
        run(environment({"s": "x" * 100_000}, {}, "2026-11-21"))


def test_the_budget_holds_a_hundred_by_a_hundred() -> None:
    run = Compiler({}, set()).compile(parse("l.all(a, l.exists(b, a == b))"))
    env = environment({"l": list(range(100))}, {}, "2026-11-21")
    assert run(env) is T
    assert env[STATE].budget >= evaluate.ITEM_BUDGET - 100 - 100 * 100


def test_the_budget_message_names_no_other_number() -> None:
    with pytest.raises(RuleError):
        State(10).spend(11)
    State(10).spend(10)
