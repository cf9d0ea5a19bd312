"""Shape: jsonschema-rs says whether a document is valid; only when it is not, jsonschema says why, each at its place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from policycheck import data as shipped_data
from policycheck.document import Document
from policycheck.errors import PolicycheckError
from policycheck.language.types import suggest
from policycheck.model import Problem

_TYPES = {
    "string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false", "array": "a list",
    "object": "a mapping", "null": "blank",
}  # fmt: skip
_SHOWN = 12


@cache
def schema(name: str) -> dict[str, Any]:
    """One of the shipped JSON Schemas by name: manifest-v1, fragment-v1, rule-v1, pack-v1, expectations-v1, report-v1."""
    found: dict[str, Any] = json.loads((shipped_data.folder("schemas") / f"{name}.json").read_bytes())
    return found


@cache
def _validator(name: str) -> Any:
    import jsonschema_rs

    def refuse(uri: str) -> Any:
        raise ValueError(f"{uri} is not read: schemas are never fetched")

    return jsonschema_rs.Draft7Validator(schema(name), retriever=refuse)


def problems_of(document: Document, name: str) -> list[Problem]:
    """What is wrong with the shape of a document; empty when it is valid. Raises when the two validators disagree."""
    if _validator(name).is_valid(document.data):
        return []
    import jsonschema

    errors = list(jsonschema.Draft7Validator(schema(name)).iter_errors(document.data))
    found = sorted({problem for error in errors for problem in _problems(document, error)})
    if not found:
        raise PolicycheckError(f"two validators disagree about a file under schema {name}")
    return found


def _problems(document: Document, error: Any) -> Iterator[Problem]:
    if error.context and error.validator in ("anyOf", "oneOf"):
        from jsonschema.exceptions import best_match

        deeper = best_match(error.context, key=lambda e: (len(e.absolute_path),))
        error = deeper or error
    handler = _SAID.get(error.validator)
    if error.validator in ("additionalProperties", "propertyNames", "required", "dependencies"):
        yield from _KEYED[error.validator](document, error)
        return
    message = handler(error) if handler else " ".join(str(error.message).split())[:200]
    yield _at_value(document, list(error.absolute_path), message)


def _reach(document: Document, path: list[Any]) -> Any:
    at = document.data
    for step in path:
        at = at[step]
    return at


def _at_value(document: Document, path: list[Any], message: str) -> Problem:
    if not path:
        return _problem(document, document.data, None, message)
    return _problem(document, _reach(document, path[:-1]), path[-1], message)


def _problem(document: Document, container: Any, key: Any, message: str, at_key: bool = False) -> Problem:
    place = document.locate_key(container, key) if at_key else document.locate(container, key)
    route = document.route(container, key) if key is not None else document.route(container)
    shown = f"{route}: {message}" if route else message
    if place is None:
        return Problem("", 0, 0, shown)
    return Problem(place.path, place.line, place.column, shown)


def _unknown_keys(document: Document, error: Any) -> Iterator[Problem]:
    allowed = list(error.schema.get("properties", ()))
    patterns = error.schema.get("patternProperties", ())
    for key in error.instance:
        if key in allowed or patterns:
            continue
        hint = suggest(key, allowed) or f"; allowed here: {_listed(sorted(allowed))}"
        yield _problem(document, error.instance, key, f"unknown key{hint}", at_key=True)
    if patterns:
        import re

        for key in error.instance:
            if key not in allowed and not any(re.search(p, key) for p in patterns):
                yield _problem(document, error.instance, key, "is not a key that is allowed here", at_key=True)


def _key_names(document: Document, error: Any) -> Iterator[Problem]:
    names = error.schema["propertyNames"]
    holder = _reach(document, list(error.absolute_path))
    message = names.get("description") or names.get("title") or "is not a key that is allowed here"
    if error.instance in holder:
        yield _problem(document, holder, error.instance, f"is not a key that is allowed here: {message}", at_key=True)


def _missing(document: Document, error: Any) -> Iterator[Problem]:
    for key in error.validator_value:
        if key not in error.instance and f"{key!r} is a required" in error.message:
            yield _problem(document, error.instance, None, f"{key} is missing; it is required")


_KEYED = {
    "additionalProperties": _unknown_keys,
    "propertyNames": _key_names,
    "required": _missing,
    "dependencies": _missing,
}


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _listed(values: list[Any]) -> str:
    texts = [str(value) for value in values]
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN + 3 else ""
    return ", ".join(texts[:_SHOWN] if more else texts) + more


def _enum(error: Any) -> str:
    allowed = [value for value in error.validator_value if value is not None]
    if error.instance is None:
        return f"must not be blank; allowed: {_listed(allowed)}"
    hint = suggest(str(error.instance), [str(a) for a in allowed])
    if not isinstance(error.instance, str) and all(isinstance(a, str) for a in allowed):
        return f"{_shown(error.instance)} is not text; allowed: {_listed(allowed)}"
    return f"{_shown(error.instance)} is not allowed{hint}; allowed: {_listed(allowed)}"


def _type(error: Any) -> str:
    wanted = error.validator_value
    names = [t for t in ([wanted] if isinstance(wanted, str) else wanted) if t != "null"]
    expected = " or ".join(_TYPES[t] for t in names)
    if error.instance is None:
        return f"must not be blank; expected {expected}"
    hint = ""
    if names == ["boolean"] and str(error.instance).lower() in ("yes", "no", "on", "off", "y", "n"):
        hint = "; in YAML 1.2 this is text: write true or false"
    elif names == ["string"] and isinstance(error.instance, (int, float)):
        hint = "; put it in quotes"
    return f"{_shown(error.instance)} is not {expected}{hint}"


def _pattern(error: Any) -> str:
    hint = error.schema.get("x-hint") or f"expected the form {error.validator_value}"
    return f"{_shown(error.instance)} does not fit; {hint}"


def _duplicate(error: Any) -> str:
    return "holds the same item twice"


_SAID = {
    "enum": _enum,
    "type": _type,
    "pattern": _pattern,
    "const": lambda e: f"must be {_shown(e.validator_value)}, not {_shown(e.instance)}",
    "minItems": lambda e: f"needs at least {e.validator_value} item{'s' * (e.validator_value > 1)}",
    "maxItems": lambda e: f"takes at most {e.validator_value} items",
    "minimum": lambda e: f"{_shown(e.instance)} is less than {e.validator_value}",
    "maximum": lambda e: f"{_shown(e.instance)} is more than {e.validator_value}",
    "minLength": lambda e: "must not be empty",
    "maxLength": lambda e: f"is longer than {e.validator_value} characters",
    "uniqueItems": _duplicate,
    "minProperties": lambda e: "must not be empty",
    "not": lambda e: e.schema.get("x-hint", "these keys do not go together"),
}
