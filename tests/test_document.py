"""YAML in, data with places out: the same from both parsers, and every surprise a problem with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policycheck import document
from policycheck.document import LIBYAML, PURE, Document, parse
from policycheck.model import Location

pytestmark = pytest.mark.skipif(LIBYAML is None, reason="this PyYAML was built without libyaml: there is one parser only")

BOTH = pytest.mark.parametrize("parser", [pytest.param(LIBYAML, id="libyaml"), pytest.param(PURE, id="pure")])

#: Pieces of YAML, sound and broken, that the two parsers of PyYAML are known to read differently when left alone.
PIECES = [
    "a", "b: ", "c:", "- ", "  ", '"', "'", "#", " #", "[", "]", "{", "}", ", ", "?", "? ", ": ",
    "!", "&x", "*x", "1", "0x1", ".5",
    "null", "~", "yes", "é", "😀", "\\n", "\\u0041", "\\ud800", "---", "...", "%", "@", "`", "<<: ",
    " ", ",", ":", "=", "-", "+",
    "|", ">", "|-\n", "|2\n", ">+\n", "\n", "\n  ", "\n- ", "\n\n", "\r\n", "\t", "%YAML 1.1\n---\n",
]  # fmt: skip
STARTS = ["", "a: ", "- ", "a:\n  "]

#: Sound values, to be written as YAML in block and flow style.
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**17), 10**17), st.text("aß語😀 -:#'\"\\é", max_size=8), st.just("2026-11-21"),
    st.floats(-1e9, 1e9).map(lambda number: round(number, 3)),
)  # fmt: skip
KEYS = st.text("abcß語😀_-", min_size=1, max_size=6).filter(lambda key: not key.startswith("-"))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


def places(found: Document) -> list[Any]:
    """Where every key and value stands."""
    said: list[Any] = []
    waiting = [found.data] if isinstance(found.data, (dict, list)) else []
    for here in waiting:
        for key in here if isinstance(here, dict) else range(len(here)):
            said.append((found.locate(here, key), found.locate_key(here, key)))
            if isinstance(here[key], (dict, list)):
                waiting.append(here[key])
    return said


def place(found: Document, *path: Any) -> Location:
    """Where the value at a path stands."""
    here = found.data
    for step in path[:-1]:
        here = here[step]
    said = found.locate(here, path[-1])
    assert said is not None
    return said


def block(value: Any, indent: str = "") -> str:
    """A value in block style, written by hand so that no library's idea of YAML is what is tested."""
    if isinstance(value, dict) and value:
        return "".join(f"\n{indent}{key}:{block(inner, indent + '  ')}" for key, inner in value.items())
    if isinstance(value, list) and value:
        return "".join(f"\n{indent}-{block(inner, indent + '  ')}" for inner in value)
    return f" {flow(value)}"


def flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value)


@settings(max_examples=400, derandomize=True, deadline=None, database=None)
@given(st.sampled_from(STARTS), st.lists(st.sampled_from(PIECES), min_size=1, max_size=9))
def test_both_parsers_read_the_same_and_refuse_the_same(start: str, pieces: list[str]) -> None:
    raw = (start + "".join(pieces)).encode()
    (one, refused), (two, also) = (parse(raw, "x.yaml", parser) for parser in (LIBYAML, PURE))
    assert bool(refused) == bool(also), raw
    if not refused:
        assert one.data == two.data, raw
        assert places(one) == places(two), raw


@settings(max_examples=150, derandomize=True, deadline=None, database=None)
@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=4))
def test_what_is_written_is_what_is_read(data: dict[str, Any]) -> None:
    for text in (f"{block(data)}\n", f"{flow(data)}\n", f"\ufeff{block(data)}\n".replace("\n", "\r\n")):
        for parser in (LIBYAML, PURE):
            found, problems = parse(text.encode(), "x.yaml", parser)
            assert problems == []
            assert found.data == blanked(data)


def blanked(value: Any) -> Any:
    """The value as it is read: text of spaces alone is empty."""
    if isinstance(value, dict):
        return {key: blanked(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [blanked(inner) for inner in value]
    return "" if isinstance(value, str) and not value.strip() else value


@BOTH
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"), ("No", "No"), ("on", "on"), ("NO", "NO"), ("true", True), ("False", False), ("TRUE", True),
        ("", None), ("~", None), ("Null", None), ("nil", "nil"), ("2026-11-21", "2026-11-21"), ("12", 12), ("-3", -3),
        ("+4", 4), ("0", 0), ("0.5", 0.5), (".5", 0.5), ("1e3", 1000.0), ("1_000", "1_000"),
        ("5:00", "5:00"), ("1.2.3", "1.2.3"),
        ("-x", "-x"), ("=", "="), ("a b\tc", "a b\tc"), ("a # b", "a"), ("a#b", "a#b"), ("'it''s'",
        "it's"), ('"\\u0041"', "A"),
        ("' '", ""), ('"\\u200b"', ""), ('"\\uffa0"', ""), ('"\\x01\\ufe0f\\U000E0041"', ""), ("\xa0", ""),
        ("\uffa0", ""), ("'12'", "12"), ("'true'", "true"),
        ("/a?b=c", "/a?b=c"), ("a\n  b", "a b"),
        ("|\n  a\n   b\n", "a\n b\n"), (">-\n  a\n  b\n\n  c\n", "a b\nc"), ("|2+\n    a\n\n", "  a\n\n"),
    ],
)  # fmt: skip
def test_a_scalar_is_read_by_yaml_1_2_core(text: str, value: Any, parser: Any) -> None:
    found, problems = parse(f"a: {text}".encode(), "x.yaml", parser)
    assert problems == []
    assert found.data == {"a": value}
    assert type(found.data["a"]) is type(value)


@BOTH
@pytest.mark.parametrize("text", ["010", "0x1F", "0o17", ".inf", "-.INF", ".NaN", "9" * 19, "1e400", f"1.{'0' * 40}"])
def test_a_number_that_readers_disagree_on_is_refused(text: str, parser: Any) -> None:
    _, problems = parse(f"a:\n  b: {text}\n".encode(), "x.yaml", parser)
    assert [(p.path, p.line, p.column) for p in problems] == [("x.yaml", 2, 6)]


@BOTH
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_places_are_lines_and_columns_of_characters(ends: str, mark: str, parser: Any) -> None:
    text = "# 😀\nnähme: 語語\n\nlist:\n  - {a: 😀, 'b': 2}\n  - |\n    one\n    two\nlast: 'x'\n"
    found, problems = parse((mark + text.replace("\n", ends)).encode(), "x.yaml", parser)
    assert problems == []
    assert place(found, "nähme") == Location("x.yaml", 2, 8, 10, "nähme")
    assert place(found, "list", 0) == Location("x.yaml", 5, 5, 0, "list[0]")
    assert place(found, "list", 0, "a") == Location("x.yaml", 5, 9, 10, "list[0].a")
    assert place(found, "list", 0, "b") == Location("x.yaml", 5, 17, 18, "list[0].b")
    assert place(found, "list", 1)[:3] == ("x.yaml", 6, 5)
    assert place(found, "last") == Location("x.yaml", 9, 7, 10, "last")
    assert found.data["list"][1] == "one\ntwo\n"
    assert found.line("x.yaml", 2) == "nähme: 語語"
    assert (found.line("x.yaml", 0), found.line("x.yaml", 99), found.line("other", 1)) == ("", "", "")


@BOTH
def test_what_is_blank_stands_at_its_key_and_what_is_missing_at_its_parent(parser: Any) -> None:
    found, _ = parse(b"a:\n  b:\n  c: {d: }\n", "x.yaml", parser)
    assert place(found, "a", "b") == Location("x.yaml", 2, 3, 4, "a.b")
    assert place(found, "a", "c", "d") == Location("x.yaml", 3, 7, 8, "a.c.d")
    assert place(found, "a", "gone") == Location("x.yaml", 2, 3, 0, "a.gone")
    assert found.locate({}, "elsewhere") is None


def test_a_route_names_items_by_what_names_them_and_not_by_position() -> None:
    text = "controls:\n  - {id: edge, params: {limit: 3}}\n  - {layer: x}\nroles: [a, b]\nduties: [{jurisdiction: GB}]\n"
    found, _ = parse(text.encode(), "x.yaml")
    data = found.data
    assert found.route(data["controls"][0]["params"], "limit") == "controls[edge].params.limit"
    assert found.route(data["controls"], 1) == "controls[1]"
    assert found.route(data["roles"], 1) == "roles[b]"
    assert found.route(data["duties"][0], "jurisdiction") == "duties[GB].jurisdiction"
    assert found.route(data) == ""


@BOTH
@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, 1, "the key 'a' is already on line 1"),
        ("a: {b: 1, c: {d: 1, d: 2}}\n", 1, 21, "the key 'd' is already on line 1"),
        ("a: &x 1\n", 1, 4, "anchors (&x)"),
        ("&x a: 1\n", 1, 1, "anchors (&x)"),
        ("a: [&x [1]]\n", 1, 5, "anchors (&x)"),
        (f"a: &{'x' * 900} 1\n", 1, 4, f"anchors (&{'x' * 40})"),
        ("a: *x\n", 1, 4, "aliases (*x)"),
        ("*x : 1\n", 1, 1, "aliases (*x)"),
        ("a: !!int '3'\n", 1, 4, "tags (tag:yaml.org,2002:int)"),
        ("a: ! b\n", 1, 4, "tags (!)"),
        ("!x {a: 1}\n", 1, 1, "tags (!x)"),
        ("a:\n  <<: {b: 1}\n", 2, 3, "merge keys"),
        ("a: 1\n---\nb: 2\n", 2, 1, "a second document"),
        ("%YAML 1.1\n---\na: yes\n", 1, 1, "directives"),
        ("1: a\n", 1, 1, "a key must be text; quote it: '1'"),
        ("a:\n  null: b\n", 2, 3, "a key must be text"),
        ("? [a]\n: b\n", 1, 3, "a key must be text, not a list"),
        ("a: [1, 2\nb: 3\n", 2, 2, "a list in [ ] is not closed"),
        ("a:\n\t- b\n", 2, 1, "no value starts with this character"),
        ("a: b: c\n", 1, 5, "a `key: value` cannot stand here"),
        ("a: - b\n", 1, 4, "a list item (-) cannot stand here"),
        ("{a:}\n", 1, 3, "a colon needs a space after it"),
        ('a: "\\ud800"\n', 1, 0, "found invalid Unicode"),
        ("a: [\n", 1, 5, "the file ends too early"),
        ("a: @b\n", 1, 4, "no value starts with this character"),
        ("a: 1\nb 2\nc: 3\n", 2, 1, "a key without a colon and a space"),
        ("a:\n  b: c\n  d:e\n\n# f\ng: h\n", 3, 3, "a key without a colon and a space"),
        ("a: text\ngoes on\nb: c\n", 2, 1, "text that goes on without indentation"),
        ('a: 1\nb: "c\nd: e\nf: g\n', 2, 4, "the quotes that open here are not closed"),
        ("a: ['b]\nc: d\n", 1, 5, "the quotes that open here are not closed"),
        ("a: 'b\n---\nc: d\n", 1, 4, "the quotes that open here are not closed"),
        ('a: "C:\\Data"\n', 1, 0, "in double quotes \\ starts an escape"),
        ('a: "C:\\Users"\n', 1, 0, "in double quotes \\ starts an escape"),
        ("a: ?\nb: 1\n", 1, 4, "a ? cannot stand here"),
        ("%FOO x\n---\na: 1\n", 1, 5, "directives (%) are not allowed"),
        ("%YAML 2.0\n---\na: 1\n", 1, 1, "directives (%) are not allowed"),
    ],
)
def test_a_surprise_is_a_problem_with_its_place(text: str, line: int, column: int, said: str, parser: Any) -> None:
    _, problems = parse(text.encode(), "x.yaml", parser)
    assert len(problems) == 1
    assert said in problems[0].message
    assert (problems[0].path, problems[0].line) == ("x.yaml", line)
    assert problems[0].column == column or column == 0


def test_every_surprise_is_said_in_one_reading() -> None:
    _, problems = parse(b"a: 010\nb: !x 1\na: &y .inf\n1: 2\n", "x.yaml")
    assert [(p.line, p.column) for p in problems] == [(1, 4), (2, 4), (3, 1), (3, 4), (3, 4), (4, 1)]


@pytest.mark.parametrize("text", ["", "  \n", "# only this\n", "---\n...\n", "\ufeff", "~"])
def test_an_empty_file_is_said_to_be_empty(text: str) -> None:
    found, problems = parse(text.encode(), "x.yaml")
    assert found.data is None
    assert [str(p) for p in problems] == ["x.yaml:1:1: is empty: there is nothing to check in it"]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("a: 1".encode("utf-16"), "x.yaml:1:1: is UTF-16 or UTF-32"),
        ("a: 1".encode("utf-16-be"), "x.yaml:1:1: is UTF-16 or UTF-32"),
        ("a: 1\nb: é".encode("latin-1"), "x.yaml:2:4: byte 0xe9 is not UTF-8"),
        (b"a: 1\nb: ab\0c", "x.yaml:2:6: the character U+0000 is not allowed"),
        (b"a: b\xc2\x85c", "x.yaml:1:5: the character U+0085 is not allowed"),
        (b"\xff\xfea", "x.yaml:1:1: is UTF-16"),
        (b"a: \xed\xa0\x80", "x.yaml:1:4: byte 0xed is not UTF-8"),
    ],
)
def test_what_is_not_plain_utf_8_is_refused_at_its_byte(raw: bytes, said: str) -> None:
    _, problems = parse(raw, "x.yaml")
    assert [str(p)[: len(said)] for p in problems] == [said]


@pytest.mark.parametrize(("levels", "refused"), [(document.MAX_DEPTH, False), (document.MAX_DEPTH + 1, True)])
def test_nesting_has_a_bound(levels: int, refused: bool) -> None:
    inner = levels - 1
    for text in (
        f"a: {'[' * inner}{']' * inner}",
        "".join(f"{'  ' * depth}a:\n" for depth in range(levels)) + "  " * levels + "- b",
    ):
        _, problems = parse(text.encode(), "x.yaml")
        too_deep = [p.message for p in problems if "nested deeper" in p.message]
        assert bool(too_deep) == (refused or "- b" in text)


@pytest.mark.parametrize(("values", "refused"), [(document.MAX_NODES - 3, False), (document.MAX_NODES - 2, True)])
def test_the_number_of_values_has_a_bound(values: int, refused: bool) -> None:
    _, problems = parse(f"a: [{'1,' * values}]".encode(), "x.yaml")
    assert bool(problems) == refused


def test_the_size_has_a_bound() -> None:
    assert parse(b"a: 1\n#" + b"x" * (document.MAX_BYTES - 6), "x.yaml")[1] == []
    assert "larger than 4 MiB" in parse(b"a: 1\n#" + b"x" * (document.MAX_BYTES - 5), "x.yaml")[1][0].message


def test_a_hostile_file_is_refused_at_once() -> None:
    for text in (
        "[" * 1_000_000,
        "{a: " * 500_000,
        "- " * 1_000_000,
        "a: " * 100_000,
        "? " * 100_000,
        "!x " * 100_000,
        "&a " * 9999,
    ):
        found, problems = parse(text.encode(), "x.yaml")
        assert problems
        assert len(problems) < 10, found
