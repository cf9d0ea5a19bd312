"""Null for every kind of field: a blank is silence, judged as a field left out, or one problem on its line."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import policycheck
from policycheck import document, packs
from policycheck.assess import assess
from policycheck.manifests import explain, v1
from policycheck.model import Manifest, Options, Problem

AS_OF = "2026-11-21"
SCHEMA = explain.schema(v1.SCHEMA)


def absence_is_none(schema: Any) -> Iterator[str]:
    """The names of fields that say "none" by being left out, and "unknown" by being blank (design 5)."""
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from absence_is_none(inner)
    for name, inner in schema.get("properties", {}).items() if isinstance(schema, dict) else ():
        if isinstance(inner, dict) and inner.get("x-absence") == "none":
            yield name


ABSENCE_IS_NONE = frozenset(absence_is_none(SCHEMA))


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, or the definition it refers to."""
    found: dict[str, Any] = SCHEMA["definitions"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
    return found


def sample(schema: dict[str, Any]) -> Any:
    """A value that the schema accepts, with every property written. Every id is `a`, so that references resolve."""
    schema = resolved(schema)
    if "x-refers" in schema:
        return "a.b" if schema["x-refers"] == "field" else "a"
    for keyword in ("enum", "examples"):
        if keyword in schema:
            return schema[keyword][0]
    if "const" in schema:
        return schema["const"]
    kind = schema.get("type", "object")
    kind = kind if isinstance(kind, str) else kind[0]
    if kind == "object":
        return sample_object(schema)
    if kind == "array":
        return [sample(schema["items"])]
    return sample_text(schema) if kind == "string" else {"integer": 1, "number": 1.5, "boolean": True}[kind]


def sample_object(schema: dict[str, Any]) -> dict[str, Any]:
    if "properties" in schema:
        excluded = schema.get("not", {}).get("required", [])[1:]
        return {name: sample(inner) for name, inner in schema["properties"].items() if name not in excluded}
    values = schema.get("additionalProperties")
    return {"GB" if "x-map" in schema else "a": sample(values) if isinstance(values, dict) else 1}


def sample_text(schema: dict[str, Any]) -> str:
    if "format" in schema:
        return {"date": "2026-01-31", "date-time": "2026-01-31T08:00:00Z"}[schema["format"]]
    if "ISO 3166" in schema.get("x-hint", ""):
        return "GB"
    return "0" * 64 if "64" in schema.get("x-hint", "") else "a"


def families() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each family of control with the schema of its parameters."""
    for branch in resolved(SCHEMA["properties"]["controls"]["items"])["allOf"]:
        for family in branch["if"]["properties"]["family"]["enum"]:
            yield family, branch["then"]["properties"]["params"]


def full() -> dict[str, Any]:
    """A manifest with every property written, and a control of each family."""
    made: dict[str, Any] = sample(SCHEMA)
    del made["include"]
    made["surfaces"][0]["fields"][0]["name"] = "b"
    one = made["controls"][0]
    made["controls"] = [
        {**one, "id": family.replace("_", "-"), "family": family, "params": sample(params)} for family, params in families()
    ]
    made["controls"][0]["id"] = "a"
    return made


def read_full() -> document.Document:
    """The full manifest as it is read from a file of many lines."""
    found, problems = document.parse(json.dumps(full(), indent=1).encode(), "policycheck.yaml")
    assert problems == []
    return found


def members(found: document.Document) -> Iterator[tuple[dict[str, Any], str]]:
    """Every mapping and key of a document, one of each kind."""
    seen, waiting = set(), deque([found.data])
    while waiting:
        here = waiting.popleft()
        inside = here.values() if isinstance(here, dict) else here
        waiting.extend(inner for inner in inside if isinstance(inner, (dict, list)))
        for key in here if isinstance(here, dict) else ():
            kind = (*here, key)
            if kind not in seen:
                seen.add(kind)
                yield here, key


def problems_of(found: document.Document) -> list[Problem]:
    return v1.shape_problems(found) or v1.read(found, AS_OF)[0]


def test_a_blank_is_silence_or_a_problem_on_its_line_whatever_the_field() -> None:
    found = read_full()
    assert problems_of(found) == []
    fields = list(members(found))
    refused = 0
    for holder, key in fields:
        kept, holder[key] = holder[key], None
        place = found.locate_key(holder, key)
        problems = problems_of(found)
        holder[key] = kept
        if problems and "must not be blank" in problems[0].message:
            refused += 1
            assert place is not None
            assert [problem.line for problem in problems] == [place.line]
        else:
            # A blank list of surfaces declares none that others could refer to.
            assert all("is called" in problem.message for problem in problems), (key, problems)
    assert len(fields) > 400
    assert refused > 40


def is_optional(found: document.Document, holder: dict[str, Any], key: str) -> bool:
    """True for a field that may be blank, and whose absence does not mean that there is none."""
    kept, holder[key] = holder[key], None
    accepted = problems_of(found) == []
    holder[key] = kept
    return accepted and key not in ABSENCE_IS_NONE


def judged(found: document.Document, criteria: packs.Criteria) -> list[Any]:
    """What a manifest is found to be, without places."""
    problems, future = v1.read(found, AS_OF)
    assert problems == []
    manifest = Manifest("policycheck.yaml", found.data, found, (), Path(), "", tuple(future))
    result = assess(manifest, criteria, Options(as_of=AS_OF, evidence=False))
    assert result.failures == ()
    return [(f.id, f.rule, f.outcome, f.assurance, f.severity, f.missing) for f in result.findings]


def test_a_blank_is_judged_as_a_field_left_out() -> None:
    criteria = packs.load((), SCHEMA)
    found = read_full()
    # All of them take half a minute.
    optional = [(holder, key) for holder, key in list(members(found))[::5] if is_optional(found, holder, key)]
    assert len(optional) > 60
    for holder, key in optional:
        kept = dict(holder)
        holder[key] = None
        blank = judged(found, criteria)
        del holder[key]
        assert judged(found, criteria) == blank, key
        holder.clear()
        holder.update(kept)


@pytest.mark.parametrize(
    "text", ["TBD", "'TBD '", "|\n          TBD\n", ">\n          TBD\n", '"\\u200bTBD\\u3164"', "TBD\u200b"]
)
def test_what_only_holds_the_place_of_an_answer_is_none_however_it_is_written(text: str, tmp_path: Path) -> None:
    (tmp_path / "policycheck.yaml").write_text(
        "policycheck: 1\norganization: {id: acme, roles: [website_operator], jurisdictions: [GB]}\n"
        "surfaces:\n  - id: people\n    kind: page\n    auth: none\n    fields:\n"
        f"      - name: town\n        category: user.location\n        necessary_for: {text}\n",
        "utf-8",
    )
    result = policycheck.check(tmp_path / "policycheck.yaml", as_of=AS_OF).results[0]
    found = {f.subject.id: f for f in result.findings if f.rule == "public-field-needed"}
    assert found["people.town"].outcome == "gap"
    assert found["people.town"].facts[0].value == "TBD"
    assert found["people.town"].location.line == 10
