"""Rules held against a schema before any manifest is read: every kind of mistake, where it stands, and what was meant."""

from __future__ import annotations

from typing import Any

import pytest

from policycheck.language.analysis import Analysis, analyse
from policycheck.language.syntax import parse
from policycheck.language.types import Checker, Type, Types, sized_paths

from .rows_support import page, schema

_TEXT = {"type": ["string", "null"]}
_WHOLE = {"type": ["integer", "null"]}
_DATE = {"type": ["string", "null"], "format": "date"}
_MOMENT = {"type": ["string", "null"], "format": "date-time"}

#: A small schema with everything the language reads in one: kinds, unions by family, maps, absence, dates.
SMALL: dict[str, Any] = {
    "type": "object",
    "properties": {
        "organization": {
            "type": "object",
            "x-kind": "organization",
            "properties": {
                "id": {"type": "string"},
                "roles": {"type": "array", "items": {"type": "string", "enum": ["operator", "scraper"]}},
                "size": {"type": ["string", "null"], "enum": ["small", "large", None]},
            },
        },
        "surfaces": {"type": ["array", "null"], "x-key": "id", "items": {"$ref": "#/definitions/Surface"}},
        "controls": {"type": ["array", "null"], "x-key": "id", "items": {"$ref": "#/definitions/Control"}},
        "policies": {"type": ["object", "null"], "x-kind": "policies", "properties": {"ref": _TEXT}},
        "basis": {
            "type": ["object", "null"],
            "propertyNames": {"type": "string"},
            "additionalProperties": {"type": ["string", "null"], "enum": ["consent", "none", None]},
        },
        "extensions": {"type": ["object", "null"]},
    },
    "definitions": {
        "Surface": {
            "type": "object",
            "x-kind": "surface",
            "properties": {
                "id": {"type": "string"},
                "fields": {"type": ["array", "null"], "x-key": "name", "items": {"$ref": "#/definitions/Field"}},
            },
        },
        "Field": {
            "type": "object",
            "x-kind": "field",
            "properties": {
                "name": {"type": "string"},
                "sensitivity": {"type": ["string", "null"], "enum": ["low", "high", None]},
                "public": {"type": ["boolean", "null"]},
            },
        },
        "Control": {
            "type": "object",
            "x-kind": "control",
            "properties": {
                "id": {"type": "string"},
                "family": {"type": "string", "enum": ["rate_limit", "challenge"]},
                "surfaces": {"type": ["array", "null"], "items": {"type": "string", "x-refers": "surface"}},
                "last_reviewed_on": {**_DATE, "x-past": True},
                "deployed_at": _MOMENT,
                "share": {"type": ["number", "null"]},
                "provider": {"type": ["object", "null"], "x-absence": "none", "properties": {"name": _TEXT}},
                "params": {"type": ["object", "null"]},
            },
            "allOf": [
                {
                    "if": {"properties": {"family": {"enum": ["rate_limit"]}}},
                    "then": {
                        "properties": {
                            "params": {
                                "type": ["object", "null"],
                                "properties": {
                                    "limit": _WHOLE,
                                    "rule": {"type": ["object", "null"], "x-absence": "none", "properties": {"at": _WHOLE}},
                                },
                            }
                        }
                    },
                },
                {
                    "if": {"properties": {"family": {"enum": ["challenge"]}}},
                    "then": {"properties": {"params": {"type": ["object", "null"], "properties": {"method": _TEXT}}}},
                },
            ],
        },
    },
}
TYPES = Types(SMALL)
SCOPE = {"c": TYPES.kinds["control"], "s": TYPES.kinds["surface"], "f": TYPES.kinds["field"], "as_of": Type("date")}


def mistakes(source: str, definitions: Any = None) -> list[tuple[str, str]]:
    """What is said of an expression: the message and the part of the source that is marked."""
    node = parse(source)
    checker = Checker(TYPES, definitions or {}, SCOPE)
    checker.sized = sized_paths(node)
    checker.check(node)
    return [(message, source[start:end]) for message, start, end in checker.mistakes]


def test_kinds_and_their_paths() -> None:
    assert TYPES.paths == {
        "organization": ("organization",),
        "surface": ("surfaces",),
        "field": ("surfaces", "fields"),
        "control": ("controls",),
        "policies": ("policies",),
    }


@pytest.mark.parametrize(
    ("source", "said", "marked"),
    [
        # unknown names and fields
        ("surfces.exists(x, true)", "unknown name 'surfces'; did you mean 'surfaces'?", "surfces"),
        ("zzz == 1", "unknown name 'zzz'", "zzz"),
        ("c.famly == 'rate_limit'", "unknown field 'famly'; did you mean 'family'?", "c.famly"),
        ("controls.exists(x, x.statuss == '')", "unknown field 'statuss'", "x.statuss"),
        ("s.fields.exists(x, x.nam == '')", "unknown field 'nam'; did you mean 'name'?", "x.nam"),
        ("c.params.limt > 0", "unknown field 'limt'; did you mean 'limit'?", "c.params.limt"),
        ("organization.rolls == []", "unknown field 'rolls'; did you mean 'roles'?", "organization.rolls"),
        ("c.family.name == ''", "a string has no fields; 'name' cannot be read from it", "c.family.name"),
        ("controls.id == ''", "a list of control has no fields", "controls.id"),
        # words of an enum
        ("c.family == 'rate_limits'", "'rate_limits' can never match; did you mean 'rate_limit'?", "'rate_limits'"),
        ("'xyz' != c.family", "'xyz' can never match; allowed: rate_limit, challenge", "'xyz'"),
        ("c.family in ['rate_limit', 'chalenge']", "'chalenge' can never match; did you mean 'challenge'?", "'chalenge'"),
        ("'scrapper' in organization.roles", "'scrapper' can never match; did you mean 'scraper'?", "'scrapper'"),
        ("organization.size == 'SMALL'", "'SMALL' can never match", "'SMALL'"),
        ("basis['GB'] == 'consents'", "'consents' can never match; did you mean 'consent'?", "'consents'"),
        ("organization.roles.exists(r, r == 'scrapers')", "'scrapers' can never match; did you mean", "'scrapers'"),
        # order
        ("f.sensitivity < 'low'", "the words of an enum have no order; rank them in a data table", "f.sensitivity"),
        ("c.last_reviewed_on < as_of", "compare dates with date(...) or days(...), not as text", "c.last_reviewed_on"),
        ("c.id > 'a'", "a string has no order", "c.id"),
        ("f.public > false", "a bool has no order", "f.public"),
        ("s.fields > s.fields", "a list of field has no order", "s.fields"),
        ("date(c.last_reviewed_on) < 5", "a day and an int have no order", "date(c.last_reviewed_on) < 5"),
        ("date(as_of) < instant(c.deployed_at)", "a day and an instant have no", "date(as_of) < instant(c.deployed_at)"),
        # equality and membership
        ("c.params.limit == '5'", "an int is never equal to a string", "c.params.limit == '5'"),
        ("f.public == 1", "a bool is never equal to an int", "f.public == 1"),
        ("date(as_of) == '2026-01-01'", "a day is never equal to a string", "date(as_of) == '2026-01-01'"),
        ("c.provider == c.provider", "compare single fields", "c.provider == c.provider"),
        ("1 in c.surfaces", "a list of string never holds an int", "1 in c.surfaces"),
        ("c in controls", "in looks for single values; use exists", "c in controls"),
        ("'a' in c.id", "in looks into a list, this is a string", "c.id"),
        ("[1, 'a'] == []", "a list holds values of one type", "[1, 'a']"),
        # conditions
        ("c.id && true", "a condition is expected here, this is a string", "c.id"),
        ("true || c.params.limit", "a condition is expected here, this is an int", "c.params.limit"),
        ("!c.surfaces", "a condition is expected here, this is a list of string", "c.surfaces"),
        ("controls.exists(x, x.id)", "a condition is expected here, this is a string", "x.id"),
        ("c.id ? 1 : 2", "a condition is expected here, this is a string", "c.id"),
        ("f.public ? 1 : 'a'", "both answers must be of one type, not an int and a string", "f.public ? 1 : 'a'"),
        # numbers
        ("c.id - 1 > 0", "a number is expected here, this is a string", "c.id"),
        ("-c.id == 1", "a number is expected here, this is a string", "c.id"),
        ("c.params.limit + 1.5 > 0.0", "whole and fractional numbers do not mix; write 2.0 for 2", "c.params.limit + 1.5"),
        ("c.params.limit + c.id == 1", "a number is expected here, this is a string", "c.id"),
        ("c.surfaces + c.surfaces == []", "a number is expected here, this is a list of string", "c.surfaces"),
        # lists
        ("c.surfaces.all(x, x == '')", "all over an empty list is true; say size(list) > 0", "c.surfaces.all(x, x == '')"),
        ("size(s.fields) > 0 && c.surfaces.all(x, x == '')", "all over an empty list", "c.surfaces.all(x, x == '')"),
        ("c.id.exists(x, true)", "exists walks a list, this is a string", "c.id"),
        ("basis.exists(x, true)", "exists walks a list, this is a map", "basis"),
        ("controls['a'].id == ''", "a list of control cannot be indexed by a string", "controls['a']"),
        ("basis[1] == ''", "a map cannot be indexed by an int", "basis[1]"),
        ("c[0].id == ''", "a control cannot be indexed by an int", "c[0]"),
        ("controls.exists(surfaces, true)", "'surfaces' already has a meaning here", "controls.exists(surfaces, true)"),
        ("controls.exists(data, true)", "'data' already has a meaning here", "controls.exists(data, true)"),
        ("controls.exists(c, true)", "'c' already has a meaning here", "controls.exists(c, true)"),
        ("controls.exists(x, controls.exists(x, true))", "'x' already has a meaning here", "controls.exists(x, true)"),
        # functions
        ("size(c.params.limit) > 0", "size is for lists and text, not for an int", "size(c.params.limit)"),
        ("c.provider.size() > 0", "size is for lists and text, not for an object", "c.provider.size()"),
        ("max(c.params.limit) > 0", "max takes a list of numbers, not an int", "max(c.params.limit)"),
        ("max(c.surfaces) > 0", "max takes a list of numbers, not a list of string", "max(c.surfaces)"),
        ("c.params.limit.startsWith('a')", "startsWith is for text, not for an int", "c.params.limit.startsWith('a')"),
        ("c.id.contains(1)", "contains is for text, not for an int", "c.id.contains(1)"),
        ("days(c.id, as_of) > 0", "days takes date or moment values, not a string", "c.id"),
        ("days(as_of, '2026-01-01') > 0", "days takes date or moment values, not a string", "'2026-01-01'"),
        ("hours(c.last_reviewed_on, c.deployed_at) > 0", "hours takes moment values, not a date", "c.last_reviewed_on"),
        ("instant(as_of) == instant(c.deployed_at)", "instant takes moment values, not a date", "as_of"),
        ("working_days(as_of, as_of, 3) < 3", "working_days takes a list of dates, not an int", "3"),
        ("working_days(as_of, as_of, [3]) < 3", "working_days takes a list of dates, not a list of int", "[3]"),
        ("date(c.params.limit) == date(as_of)", "date takes date or moment values, not an int", "c.params.limit"),
        # has
        ("has(c.params)", "has() is for paths whose absence means none; 'params' is not one: compare", "has(c.params)"),
        ("has(c.provider.name)", "'name' is not one", "has(c.provider.name)"),
        ("has(extensions.acme.level)", "'level' is not one", "has(extensions.acme.level)"),
        ("extensions.acme.parts.exists(x, has(x.level))", "'level' is not one", "has(x.level)"),
        ("has(c.provder)", "unknown field 'provder'; did you mean 'provider'?", "c.provder"),
    ],
)  # fmt: skip
def test_mistakes(source: str, said: str, marked: str) -> None:
    found = mistakes(source)
    assert found
    assert said in found[0][0]
    assert found[0][1] == marked
    assert len(found) == 1, "one mistake is said once"


@pytest.mark.parametrize(
    "source",
    [
        "c.family == 'rate_limit' && c.params.limit > 0 || c.params.method == 'x'",
        "has(c.provider) && has(c.params.rule) && c.params.rule.at > 1",
        "c.family != ''",
        "c.id + '.' + f.name == 'a.b'",
        "size(c.surfaces) == 0 || c.surfaces.all(x, x == s.id)",
        "c.surfaces.size() > 0 && c.surfaces.all(x, x == s.id)",
        "['a', 'b'].all(x, x in c.surfaces)",
        "s.id in c.surfaces || s.id in controls.map(x, x.id)",
        "days(c.last_reviewed_on, as_of) <= 30 && date(c.deployed_at) < date(as_of)",
        "hours(c.deployed_at, c.deployed_at) >= 0 && instant(c.deployed_at) <= instant(c.deployed_at)",
        "c.share * 2.0 > 1.5 && c.params.limit * 2 > 1 && c.share > 1",
        "max(controls.map(x, x.params.limit)) > 1",
        "data.ranks[f.sensitivity] > data.ranks['low']",
        "size(data.list) > 0 && data.list.all(x, x == 1)",
        "extensions.acme.level == 'gold'",
        "has(data.ranks.low) && data.list.exists(x, has(x.until))",
        "basis['GB'] in ['consent', 'none']",
        "organization.roles.exists(r, r == 'scraper') && organization.size in ['small', 'large']",
        "surfaces.exists(x, x.fields.exists(y, y.public && y.sensitivity == 'high'))",
        "(f.public ? c.id : s.id) == 'a'",
        "working_days(c.last_reviewed_on, as_of, data.holidays) < 3",
        "organization.roles == [] || [] == c.surfaces || [[]] == [[c.id]]",
        "c.last_reviewed_on != '' && [c.id] == ['x']",
    ],
)
def test_no_mistakes(source: str) -> None:
    assert mistakes(source) == []


def test_definitions_are_typed_and_marked() -> None:
    defined = {"surface": {"personal": Type("bool"), "ids": Type("list", item=Type("string"))}}
    node = parse("s.personal && 'x' in s.ids")
    checker = Checker(TYPES, defined, SCOPE)
    assert checker.check(node).kind == "bool"
    assert checker.mistakes == []
    assert (node.args[0].kind, node.args[1].args[1].kind) == ("surface", "surface")
    assert mistakes("s.persona", defined)[0][0] == "unknown field 'persona'; did you mean 'personal'?"
    assert mistakes("has(s.personal)", defined)[0][0] == "has() asks for a key of the manifest, not for a definition"
    assert mistakes("s.ids > 1", defined)[0][0] == "a list of string has no order"


def test_the_sections_a_rule_reads_are_known() -> None:
    checker = Checker(TYPES, {}, SCOPE)
    checker.check(parse("surfaces.exists(x, x.id in c.surfaces) && policies.ref == '' && data.a[as_of] == 1"))
    assert checker.roots == {"surfaces", "policies"}


def program(**rule: Any) -> Analysis:
    return analyse({"message": "", **rule}, TYPES, {})


def said(**rule: Any) -> list[str]:
    return [f"{m.where}: {m.message}" for m in program(**rule).mistakes]


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ({"for_each": "surfce", "assert": "true"}, "for_each: 'surfce' is not a kind of subject; known: control, field,"),
        ({"for_each": {}, "assert": "true"}, "for_each: takes one to 3 bindings"),
        ({"for_each": dict.fromkeys("wxyz", "controls"), "assert": "true"}, "for_each: takes one to 3 bindings"),
        ({"for_each": {"a": "organization"}, "assert": "true"}, "for_each.a: must be a list"),
        ({"for_each": {"a": "controls["}, "assert": "true"}, "for_each.a: the expression ends too early"),
        ({"for_each": "control", "assert": "control.id"}, "assert: must be true or false, this is a string"),
        ({"for_each": "control", "assert": ""}, "assert: the expression is empty"),
        ({"for_each": "control", "assert": "true", "when": "control.id"}, "when: must be true or false, this is a string"),
        (
            {"for_each": "control", "let": {"x": "control.idd"}, "assert": "x == ''"},
            "let.x: unknown field 'idd'; did you mean 'id'?",
        ),
        ({"for_each": "control", "let": {"x": "control.id"}, "assert": "x > 1"}, "assert: a string has no order"),
        ({"for_each": "control", "assert": "true", "equivalents": "control.x"}, "equivalents: unknown field 'x'"),
        ({"for_each": "control", "let": {"as_of": "'2001-01-01'"}, "assert": "true"}, "let.as_of: 'as_of' already has a"),
        ({"for_each": "control", "let": {"data": "controls"}, "assert": "true"}, "let.data: 'data' already has a"),
        ({"for_each": "control", "let": {"surfaces": "controls"}, "assert": "true"}, "let.surfaces: 'surfaces' already has"),
        ({"for_each": {"surfaces": "controls"}, "assert": "true"}, "for_each.surfaces: 'surfaces' already has a meaning"),
        ({"for_each": "control", "let": {"control": "controls"}, "assert": "true"}, "let.control: 'control' already has a"),
        ({"for_each": "surface", "assert": "true", "message": "{surface}"}, "message: a surface would be printed"),
        ({"for_each": "surface", "assert": "true", "message": "{surface.fields}"}, "message: a field would be printed"),
        ({"for_each": {"as_of": "controls"}, "assert": "true"}, "for_each.as_of: 'as_of' already has a meaning here"),
        ({"for_each": {"data": "controls"}, "assert": "true"}, "for_each.data: 'data' already has a meaning here"),
        ({"for_each": {"x": "extensions.acme"}, "assert": "!has(x.level)"}, "assert: has() is for paths whose absence"),
        ({"for_each": "field", "assert": "surface.idd == ''"}, "assert: unknown field 'idd'; did you mean 'id'?"),
        ({"for_each": "surface", "assert": "control.id == ''"}, "assert: unknown name 'control'; did you mean 'controls'?"),
    ],
)
def test_mistakes_of_rules(rule: dict[str, Any], wanted: str) -> None:
    found = said(**rule)
    assert any(line.startswith(wanted) for line in found), found


def test_a_rule_without_mistakes() -> None:
    assert said(for_each="field", assert_="", **{"assert": "field.public && surface.id != ''"}) == []
    assert said(for_each="policies", **{"assert": "policies.ref != ''"}) == []
    assert said(for_each={"o": "[organization]", "r": "o.roles"}, let={"n": "size(r)"}, **{"assert": "n > 1"}) == []


def test_a_mistake_shows_its_place_in_the_rule() -> None:
    mistake = program(for_each="control", **{"assert": "control.id != '' &&\n control.famly == ''"}).mistakes[0]
    assert str(mistake) == (
        "assert: unknown field 'famly'; did you mean 'family'?\n"
        "   control.famly == ''\n"
        "   ^^^^^^^^^^^^^"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("where", "rule"),
    [
        ("assert", {"assert": "true"}),
        ("assert", {"assert": "1 == 1"}),
        ("assert", {"assert": "days(as_of, as_of) == 0"}),
        ("assert", {"assert": "[1, 2].exists(x, x == 1)"}),
        ("assert", {"assert": "fine", "let": {"one": "1", "fine": "one == 1"}}),
        ("when", {"assert": "control.id != ''", "when": "false"}),
    ],
)
def test_a_condition_reads_something(where: str, rule: dict[str, Any]) -> None:
    assert said(for_each="control", **rule) == [f"{where}: reads nothing: it says the same of every manifest"]


def test_what_must_never_be_and_what_names_stand_for_are_conditions() -> None:
    assert said(for_each="control", when="control.id == ''", **{"assert": "false"}) == []
    assert said(for_each="control", let={"own": "control.id", "same": "own"}, **{"assert": "same == 'x'"}) == []
    assert said(for_each="control", **{"assert": "size(surfaces) > 0"}) == []
    # What cannot be read is said once.
    assert len(said(for_each="control", **{"assert": "true &&"})) == 1


def test_mistakes_in_messages() -> None:
    made = program(
        for_each="control", message="{control.id} has {control.famly} and {control.params.}", **{"assert": "false"}
    )
    assert [m.message for m in made.mistakes] == [
        "unknown field 'famly'; did you mean 'family'?",
        "expected a field name after '.'",
    ]


# The real schema.

REAL = Types(schema())


def real(source: str, kind: str) -> list[str]:
    defined = {k: dict.fromkeys(v, Type("dyn")) for k, v in page()["definitions"].items()}
    checker = Checker(REAL, defined, {kind: REAL.kinds[kind], "as_of": Type("date")})
    checker.check(parse(source))
    return [message for message, _, _ in checker.mistakes]


@pytest.mark.parametrize(
    ("kind", "source", "wanted"),
    [
        ("control", "control.famly == 'rate_limit'", "unknown field 'famly'; did you mean 'family'?"),
        ("control", "control.family == 'rate_limits'", "'rate_limits' can never match; did you mean 'rate_limit'?"),
        ("control", "control.params.limitt > 0", "unknown field 'limitt'; did you mean 'limit'?"),
        ("control", "control.last_reviewed_on < as_of", "compare dates with date(...) or days(...), not as text"),
        ("control", "has(control.owner)", "has() is for paths whose absence means none"),
        ("surface", "surface.fields.exists(f, f.sensitivity >= 'high')", "the words of an enum have no order"),
        ("surface", "surface.fields.all(f, f.category != '')", "all over an empty list is true"),
        ("surface", "surface.auth == 'anonymous'", "'anonymous' can never match"),
        ("access", "access.lawful_basis['GB'] == 'contract'", "'contract' can never match"),
        ("access", "access.lawful_basis['GB'] == 'public'", "'public' can never match"),
        ("incident", "hours(incident.detected_at, as_of) < 72", "hours takes moment values, not a date"),
        ("organization", "'social_media' in organization.roles", "'social_media' can never match"),
        ("use", "use.sources.exists(s, s.typ == 'scraped')", "unknown field 'typ'; did you mean 'type'?"),
    ],
)
def test_mistakes_against_the_manifest_schema(kind: str, source: str, wanted: str) -> None:
    found = real(source, kind)
    assert len(found) == 1
    assert found[0].startswith(wanted)


def test_no_enum_of_the_manifest_asks_for_yes_no_or_unknown() -> None:
    seen: set[int] = set()
    stack = [REAL.root]
    while stack:
        at = stack.pop()
        if id(at) in seen:
            continue
        seen.add(id(at))
        assert not {"yes", "no", "unknown"} & set(at.enum), at.enum
        if at.item is not None:
            stack.append(at.item)
        stack += [REAL.field(at, name) for name in REAL.names(at)] if at.kind == "object" else []


def test_every_kind_of_the_manifest_can_be_judged() -> None:
    for kind in REAL.paths:
        assert analyse({"for_each": kind, "assert": "false", "message": ""}, REAL, {}).mistakes == []


def test_what_nothing_names_has_no_findings_of_its_own() -> None:
    def told(**for_each: str) -> list[str]:
        return [str(m) for m in analyse({"for_each": for_each, "assert": "false", "message": ""}, REAL, {}).mistakes]

    assert told(u="ai_uses", p="u.purposes") == told(o="[organization]") == told(s="surfaces", r="s.risk_scenarios") == []
    (said,) = told(u="ai_uses", a="u.lia.alternatives")
    assert said == "for_each.a: nothing names its items: a finding could not keep its id"
