"""From the shapes to the JSON Schemas: `python -m policycheck.manifests.generate [DIR] [--check]`.

pydantic writes an optional value as a choice between it and null, and a wrong value then fails in two ways at
once. Here such a choice becomes one type list, objects are written out where they stand, lists refer to
definitions, and a union by family becomes a chain of conditions; so one mistake in a manifest is one error.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core.core_schema import EnumSchema, NullableSchema

from policycheck import shapes
from policycheck.manifests.v1_shape import ROOTS, Shape

Schema = dict[str, Any]

_REF = "#/definitions/"
_TITLES = {
    "manifest-v1": "policycheck manifest, version 1",
    "fragment-v1": "policycheck manifest fragment, version 1",
    "rule-v1": "policycheck rule, version 1",
    "rule-test-v1": "policycheck rule tests, version 1",
    "pack-v1": "policycheck rule pack, version 1",
    "expectations-v1": "policycheck expectations, version 1",
    "report-v1": "policycheck report, version 1",
}
# Markers that the shape's classes carry and the schema keeps elsewhere, or not at all.
_CLASS_MARKERS = ("x-key", "x-unique", "x-families", "x-either", "x-meanings", "x-null")


class _Words(GenerateJsonSchema):
    """Writes a `Word` class by its members' names and keeps their meanings for the description."""

    def enum_schema(self, schema: EnumSchema) -> Schema:
        """The closed list of names, without a type: with one, a number would be two errors."""
        members = list(schema["cls"])
        meanings = {member.name: str(member.value) for member in members}
        return {"enum": list(meanings), "x-meanings": meanings}

    def nullable_schema(self, schema: NullableSchema) -> Schema:
        """`X | None` is X, marked; pydantic itself would write a choice of the two."""
        return {**self.generate_inner(schema["schema"]), "x-null": True}


class _Rewriter:
    """Rewrites one of pydantic's schemas; `definitions` are pydantic's, as they came.

    `silence` says that what may be left out may also be blank, as in a manifest.
    """

    def __init__(self, definitions: dict[str, Schema], *, silence: bool) -> None:
        self.definitions, self.silence = definitions, silence

    def object(self, schema: Schema) -> Schema:
        """An object: where silence is allowed, what may be left out may also be blank; conditions come last."""
        required = schema.get("required", [])
        written = {k: v for k, v in schema.items() if k not in _CLASS_MARKERS}
        written["description"] = _one_line(schema["description"])
        written["properties"] = {
            name: self.property(value, nullable=self.silence and name not in required)
            for name, value in schema["properties"].items()
        }
        families = list(self._families(schema))
        return written | _either(schema) | ({"allOf": families} if families else {})

    def property(self, schema: Schema, *, nullable: bool) -> Schema:
        """A property or a map's value, written out where it stands."""
        if "anyOf" in schema:
            schema = {"type": "object", "title": schema["title"], "description": schema["description"]}
        written = _without_blank(self._value(self._inlined(schema)))
        return _nullable(written) if nullable or "x-null" in schema else written

    def definition(self, name: str) -> Schema:
        """A definition that list items refer to."""
        return self._value(self.definitions[name])

    def _value(self, schema: Schema) -> Schema:
        if "properties" in schema:
            return self.object(schema)
        written = {k: v for k, v in schema.items() if k not in (*_CLASS_MARKERS, "patternProperties")}
        if "description" in schema:
            written["description"] = _described(schema)
        if "items" in schema:
            written |= self._items(schema["items"])
        if "const" in schema:
            # The value says its type; both together would be two errors for one wrong value.
            del written["type"]
        return written | self._map(schema)

    def _items(self, items: Schema) -> Schema:
        """A list's items refer to their definition; the list says by which property they are told apart."""
        if "$ref" not in items:
            return {"items": self._value(items)}
        target = self.definitions[_name(items)]
        markers: Schema = {name: target[name] for name in ("x-key", "x-unique") if name in target}
        return {"items": {"$ref": items["$ref"]}, **markers}

    def _map(self, schema: Schema) -> Schema:
        """A map's values may be blank; one keyed by jurisdiction says so."""
        if "patternProperties" in schema:
            pattern, values = next(iter(schema["patternProperties"].items()))
            names = {"type": "string", "pattern": pattern, **schema["propertyNames"]}
        elif isinstance(schema.get("additionalProperties"), dict):
            values, names = schema["additionalProperties"], schema["propertyNames"]
        else:
            return {}
        by_jurisdiction = names.get("$ref") == _REF + "Jurisdiction"
        found = {"propertyNames": names, "additionalProperties": self.property(values, nullable=self.silence)}
        return found | ({"x-map": "jurisdiction"} if by_jurisdiction else {})

    def _inlined(self, schema: Schema) -> Schema:
        """The schema with what it refers to in place; what stands beside the reference wins."""
        if "$ref" not in schema:
            return schema
        beside = {k: v for k, v in schema.items() if k != "$ref"}
        return {**self.definitions[_name(schema)], **beside}

    def _families(self, schema: Schema) -> Iterator[Schema]:
        """For `params`: if the family is this, then the parameters are these."""
        params = schema["properties"].get("params", {})
        for reference in params.get("anyOf", []):
            target = self.definitions[_name(reference)]
            # The type stands at `params` itself: said here too, a wrong one would be two errors.
            shape = self.property(target, nullable=False) | {"title": params["title"]}
            del shape["type"]
            yield {
                "if": {"properties": {"family": {"enum": target["x-families"]}}, "required": ["family"]},
                "then": {"properties": {"params": shape}},
            }


def _either(schema: Schema) -> Schema:
    """At most one of two properties: one error, at the object, with a hint in plain words."""
    if "x-either" not in schema:
        return {}
    both = schema["x-either"]
    text = {"type": "string"}
    hint = f"write {both[0]} or {both[1]}, not both"
    written = {"type": "object", "properties": dict.fromkeys(both, text), "required": both}
    return {"not": written, "x-hint": hint}


def _nullable(schema: Schema) -> Schema:
    """The schema of a value that may be blank."""
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], None]}
    return {**schema, "type": [schema["type"], "null"]}


def _without_blank(schema: Schema) -> Schema:
    """The schema without a default of null: it means left out, which needs no word and may not be allowed."""
    return {k: v for k, v in schema.items() if k != "default" or v is not None}


def _described(schema: Schema) -> str:
    """The description, with the meaning of each word where the value is a word."""
    meanings = schema.get("x-meanings", {})
    words = "; ".join(f"{word}: {meanings[word]}" for word in schema.get("enum", []) if word in meanings)
    return _one_line(schema["description"]) + (f" Words: {words}." if words else "")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _name(reference: Schema) -> str:
    return str(reference["$ref"]).removeprefix(_REF)


def _references(schema: object) -> Iterator[str]:
    """The names of all definitions that a schema refers to."""
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield _name(schema)
        for value in schema.values():
            yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)


def _definitions(root: Schema, rewriter: _Rewriter) -> dict[str, Schema]:
    """The definitions that the root reaches; those written out in place are left away."""
    found: dict[str, Schema] = {}
    waiting = list(_references(root))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = rewriter.definition(name)
            waiting.extend(_references(found[name]))
    return found


def _schema(name: str, shape: type[Shape], *, silence: bool) -> Schema:
    raw = shape.model_json_schema(schema_generator=_Words, ref_template=_REF + "{model}")
    rewriter = _Rewriter(raw.pop("$defs", {}), silence=silence)
    root = rewriter.object(raw)
    head = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": f"urn:policycheck:schema:{name}",
        "title": _TITLES[name],
        "definitions": _definitions(root, rewriter),
    }
    return {**root, **head}


def schemas() -> dict[str, Schema]:
    """The JSON Schemas (draft-07) of manifests, rules, packs and the report, by file name without ending."""
    manifests = {name: _schema(name, shape, silence=True) for name, shape in ROOTS.items()}
    others = {name: _schema(name, shape, silence=False) for name, shape in shapes.ROOTS.items()}
    return manifests | others


def text(schema: Schema) -> str:
    """A schema as it stands in its file: keys sorted, one space of indent, a final newline."""
    return json.dumps(schema, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _drifted(folder: Path) -> list[Path]:
    """The schema files that are missing or differ from the shape."""
    files = {folder / f"{name}.json": text(schema) for name, schema in schemas().items()}
    return [path for path, wanted in files.items() if not path.is_file() or path.read_text("utf-8") != wanted]


def _write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas().items():
        (folder / f"{name}.json").write_text(text(schema), "utf-8", newline="\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the schemas, or with `--check` say which files differ; returns the exit code."""
    parser = argparse.ArgumentParser(prog="policycheck.manifests.generate", description="Write the JSON Schemas.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path("schemas"), help="where the schemas are")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file differs from the shape")
    options = parser.parse_args(arguments)
    if not options.check:
        _write(options.folder)
        return 0
    drifted = _drifted(options.folder)
    for path in drifted:
        print(
            f"{path.as_posix()} differs from its shape in policycheck/; generate it again",
            file=sys.stderr,
        )
    return 1 if drifted else 0


if __name__ == "__main__":
    sys.exit(main())
