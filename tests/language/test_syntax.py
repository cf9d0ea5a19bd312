"""Text to tree: what the language takes, what it refuses, and how it says so."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policycheck.language.evaluate import Compiler, environment
from policycheck.language.syntax import (
    FUNCTIONS,
    MACROS,
    MAX_MACROS,
    MAX_NESTING,
    MAX_OPERATORS,
    MAX_SOURCE,
    METHODS,
    RESERVED,
    ExpressionError,
    parse,
)


def refused(source: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        parse(source)
    return caught.value


@pytest.mark.parametrize(
    ("loose", "explicit"),
    [
        ("a || b && c", "a || (b && c)"),
        ("a && b || c", "(a && b) || c"),
        ("a || b || c", "(a || b) || c"),
        ("a && b == c", "a && (b == c)"),
        ("a == b + c", "a == (b + c)"),
        ("a + b * c", "a + (b * c)"),
        ("a - b - c", "(a - b) - c"),
        ("a / b / c", "(a / b) / c"),
        ("!a && b", "(!a) && b"),
        ("!a == b", "(!a) == b"),
        ("!a.b", "!(a.b)"),
        ("-a + b", "(-a) + b"),
        ("-a.b", "-(a.b)"),
        ("!!a", "!(!a)"),
        ("a ? b : c ? d : e", "a ? b : (c ? d : e)"),
        ("a || b ? c : d", "(a || b) ? c : d"),
        ("a in b && c", "(a in b) && c"),
        ("a + b in c", "(a + b) in c"),
        ("a.b[c].d", "((a.b)[c]).d"),
        ("a.exists(x, x.b || c)", "a.exists(x, (x.b || c))"),
        ("a\n  &&\tb", "a && b"),
    ],
)
def test_precedence(loose: str, explicit: str) -> None:
    assert repr(parse(loose)) == repr(parse(explicit))


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("0", 0),
        ("-5", -5),
        ("- 5", -5),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("2.5e-1", 0.25),
        ("true", True),
        ("false", False),
        ("''", ""),
        ('"it\'s"', "it's"),
        ("'a\\n\\t\\\\\\'\\\"'", "a\n\t\\'\""),
        (r"'\x41\u00e9\U0001F62C\101'", "Aé😬A"),
        ("'🐱'", "🐱"),
        ("[1, 2,]", [1, 2]),
        ("[]", []),
        ("1 + 2 * 3 - 4 / 2", 5),
    ],
)
def test_values(source: str, value: object) -> None:
    found = Compiler({}, set()).compile(parse(source))(environment({}, {}, "2026-11-21"))
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    "source",
    [
        "surface.controls.exists(c, c.family == 'rate_limit')",
        "a.all(x, b.exists_one(y, y == x))",
        "a.filter(x, x > 1).map(x, x + 1).size() > 0",
        "has(a.b.c) ? a.b.c.size() : size(a.d)",
        "days(a.b, as_of) <= 30 && hours(a, b) > 1 && working_days(a, b, []) < 3",
        "date(a) <= instant(b) || max([1, 2]) == 2",
        "a.startsWith('x') || a.endsWith('y') || a.contains('z')",
        "p.for == 'search_engines' && p.package && p.import",
        "data.clocks[j][0]",
    ],
)
def test_taken(source: str) -> None:
    parse(source)


@pytest.mark.parametrize(
    ("source", "at", "said"),
    [
        # not in the language
        ("{'a': 1}", 0, "maps are not in the language"),
        ("a == {}", 5, "maps are not in the language"),
        ("b'x'", 0, "raw and byte strings"),
        ('r"x"', 0, "raw and byte strings"),
        ("a == null", 5, "'null' is a reserved word; blank is unknown, test it with has()"),
        ("a % 2", 2, "% is not in the language"),
        ("1u", 0, "not plain decimal"),
        ("0x1F", 0, "not plain decimal"),
        ("²", 0, "not plain decimal"),
        ("a.matches('(a+)+$')", 2, "unknown method 'matches'"),
        ("matches(a, 'x')", 0, "unknown function 'matches'"),
        ("now()", 0, "unknown function 'now'"),
        ("timestamp(a)", 0, "unknown function 'timestamp'"),
        ("int('3')", 0, "unknown function 'int'"),
        ("a.lowerAscii()", 2, "unknown method 'lowerAscii'"),
        ("a.map(x, x > 1, x)", 14, "map takes a variable and one expression"),
        ("a.b{c: 1}", 3, "maps are not in the language"),
        ("a // b", 3, "unexpected '/'"),
        ("'''a'''", 2, "unexpected"),
        (".a", 0, "unexpected '.'"),
        ("a.?b", 2, "expected a field name"),
        ("a `b`", 2, "'`' is not part of the language"),
        ("a; b", 1, "';' is not part of the language"),
        ("a $ b", 2, "'$' is not part of the language"),
        # almost right
        ("a = b", 2, "write == to compare"),
        ("a & b", 2, "write && for and"),
        ("a | b", 2, "write || for or"),
        ("a and b", 2, "unexpected 'and' after the expression"),
        ("not a", 4, "unexpected 'a' after the expression"),
        ("a <> b", 3, "unexpected '>'"),
        ("1 < a < 5", 6, "comparisons do not chain"),
        ("a == b == c", 7, "comparisons do not chain"),
        ("a in b in c", 7, "comparisons do not chain"),
        ("!-1", 1, "unexpected '-'"),
        # unfinished
        ("", 0, "the expression is empty"),
        (" \n ", 0, "the expression is empty"),
        ("a &&", 4, "ends too early"),
        ("(a", 2, "expected ')', found 'the end'"),
        ("[1, 2", 5, "expected ',', found 'the end'"),
        ("[,]", 1, "unexpected ','"),
        ("a ? b", 5, "expected ':'"),
        ("a)", 1, "unexpected ')' after the expression"),
        ("a b", 2, "unexpected 'b' after the expression"),
        ("a.", 2, "expected a field name after '.'"),
        ("a.1", 1, "unexpected '.1'"),
        ("'open", 0, "the text is not closed"),
        ("'a\nb'", 0, "the text is not closed"),
        # names, arguments, literals
        ("while", 0, "'while' is a reserved word"),
        ("a.in", 2, "'in' is a reserved word"),
        ("a.null", 2, "'null' is a reserved word"),
        ("a.exists(c)", 10, "expected ','"),
        ("a.exists(c.d, true)", 10, "expected ','"),
        ("a.exists('c', true)", 9, "exists needs a variable name first"),
        ("a.exists(for, true)", 9, "exists needs a variable name first"),
        ("a.exists(true, true)", 9, "exists needs a variable name first"),
        ("exists(a, b)", 0, "unknown function 'exists'"),
        ("has(a)", 0, "has takes one path"),
        ("has(a.b, a.c)", 0, "has takes one path"),
        ("has(a[0])", 0, "has takes one path"),
        ("size()", 0, "size takes 1 argument(s)"),
        ("days(a)", 0, "days takes 2 argument(s)"),
        ("a.size(1)", 2, "size takes 0 argument(s)"),
        ("a.startsWith()", 2, "startsWith takes 1 argument(s)"),
        ("9223372036854775808", 0, "does not fit 64 bits"),
        ("-9223372036854775809", 0, "does not fit 64 bits"),
        ("9" * 400, 0, "does not fit 64 bits"),
        ("x < 1e999", 4, "does not fit 64 bits"),
        (r"'\q'", 0, r"unknown escape \q"),
        (r"'\ud800'", 0, "the escape is not a character"),
        (r"'\U00110000'", 0, "the escape is not a character"),
    ],
)
def test_refused(source: str, at: int, said: str) -> None:
    error = refused(source)
    assert said in error.message
    assert error.start == at


def test_every_reserved_word_is_refused_as_a_name() -> None:
    for word in RESERVED:
        assert "reserved" in refused(word).message


def test_the_known_names_are_offered() -> None:
    assert all(name in refused("nope(a)").message for name in [*FUNCTIONS, "has"])
    assert all(name in refused("a.nope(b)").message for name in [*MACROS, *METHODS])


def test_the_caret_stands_under_the_mistake() -> None:
    assert str(refused("a &&\n  bad thing")) == (
        "unexpected 'thing' after the expression\n"
        "    bad thing\n"
        "        ^^^^^"
    )  # fmt: skip
    assert str(refused("a = b")).splitlines()[1:] == ["  a = b", "    ^"]
    assert str(refused("(a")).splitlines()[1:] == ["  (a", "    ^"]
    # Wide characters take two columns of a terminal, an accent of its own none.
    assert str(refused("a == '日本' && b = '語'")).splitlines()[1:] == ["  a == '日本' && b = '語'", " " * 19 + "^"]
    assert str(refused("'e\u0301' = b")).splitlines()[2] == "      ^"


def test_bounds_of_length_and_nesting() -> None:
    parse("a" * MAX_SOURCE)
    assert f"longer than {MAX_SOURCE}" in refused("a" * (MAX_SOURCE + 1)).message
    inside = MAX_NESTING - 1
    parse("(" * inside + "a" + ")" * inside)
    assert "nested deeper" in refused("(" * MAX_NESTING + "a" + ")" * MAX_NESTING).message
    assert "nested deeper" in refused("[" * MAX_NESTING + "1" + "]" * MAX_NESTING).message
    assert "nested deeper" in refused("a[" * MAX_NESTING + "0" + "]" * MAX_NESTING).message
    assert "nested deeper" in refused("a ? b : " * MAX_NESTING + "c").message


def test_bounds_of_macros_and_operators() -> None:
    def nested(count: int) -> str:
        return "".join(f"a.all(x{n}, " for n in range(count)) + "true" + ")" * count

    parse(nested(MAX_MACROS))
    parse(" && ".join([nested(MAX_MACROS)] * 3))
    assert f"more than {MAX_MACROS} macros" in refused(nested(MAX_MACROS + 1)).message
    parse("a" + " && a" * MAX_OPERATORS)
    for one_more in ("a" + " && a" * (MAX_OPERATORS + 1), "!" * (MAX_OPERATORS + 1) + "a", "a" + ".b" * (MAX_OPERATORS + 1)):
        assert f"more than {MAX_OPERATORS} operators" in refused(one_more).message


@pytest.mark.parametrize(
    "source",
    [
        "a" + " && a" * MAX_OPERATORS,
        "!" * MAX_OPERATORS + "true",
        "(" * 40 + "1" + " + 1)" * 40 + " == 41",
        ("!" * 4 + "(") * 40 + "true" + ")" * 40,
        "a" + ".b" * MAX_OPERATORS,
    ],
)
def test_the_largest_expressions_still_run(source: str) -> None:
    tree = parse(source)
    Compiler({}, set()).compile(tree)(environment({"a": True}, {}, "2026-11-21"))


_PIECES = st.sampled_from(
    [*"()[]{}.,:?!+-*/%<>=&|\"'\\ \n", "&&", "||", "==", "!=", "<=", ">=", "in", "a", "b.c", "x", "true", "null", "1",
     "2.5", "1u", "'s'", '"t"', "r'", "has(", "size(", ".all(x,", ".exists(x, ", ".filter(", ".map(y,", ".startsWith(",
     "days(", "date(", "\\u0041", "é", "²", "\ud800", "\x00"]
)  # fmt: skip


@settings(max_examples=600, derandomize=True, deadline=None)
@given(st.one_of(st.text(max_size=80), st.lists(_PIECES, max_size=24).map("".join)))
def test_parse_raises_nothing_but_expression_errors(source: str) -> None:
    error, tree = None, None
    try:
        tree = parse(source)
    except ExpressionError as raised:
        error = raised
    if tree is not None:
        assert 0 <= tree.start < tree.end <= len(source)
    else:
        assert error is not None
        assert 0 <= error.start <= len(source)
        assert "^" in str(error)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.lists(_PIECES, max_size=16).map("".join))
def test_what_parses_also_runs(source: str) -> None:
    """Whatever the parser takes has a value for an empty manifest; no expression breaks the evaluation."""
    try:
        tree = parse(source)
    except ExpressionError:
        return
    Compiler({}, set()).compile(tree)(environment({}, {}, "2026-11-21"))
