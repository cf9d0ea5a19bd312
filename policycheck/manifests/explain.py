"""Shape: jsonschema-rs says whether a document is valid; only when it is not, jsonschema says why, each at its place."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from typing import Any

from policycheck import data as shipped_data
from policycheck.document import Document, hidden
from policycheck.errors import PolicycheckError
from policycheck.language.types import suggest
from policycheck.model import Problem
from policycheck.standins import OF_THE_VALIDATOR, standing_in

_TYPES = {
    "string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false", "array": "a list",
    "object": "a mapping", "null": "blank",
}  # fmt: skip
_SHOWN = 12
_DATES = {"date": "a date; write it as 2026-11-21", "date-time": "a moment; write it as 2026-11-21T09:30:00Z"}
_LONGEST = 60
#: Keys that a manifest has and a fragment cannot have.
_OF_THE_MANIFEST = ("policycheck", "include", "organization")
_FRAGMENT = "urn:policycheck:schema:fragment-v1"
#: More problems of one file than anyone reads at once: the rest is counted.
_MOST = 200


@cache
def schema(name: str) -> dict[str, Any]:
    """One of the shipped JSON Schemas by name: manifest-v1, fragment-v1, rule-v1, pack-v1, expectations-v1, report-v1."""
    folder = shipped_data.folder("schemas")
    lean = folder / "lean" / f"{name}.json"
    path = lean if lean.is_file() else folder / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


@cache
def _library() -> Any:
    with standing_in(OF_THE_VALIDATOR):
        return import_module("jsonschema_rs")


@cache
def _validator(name: str, with_days: bool = False) -> Any:
    def refuse(uri: str) -> Any:
        raise ValueError(f"{uri} is not read: schemas are never fetched")

    # Dates are held against the calendar later, where a wrong one can be explained.
    return _library().Draft7Validator(
        schema(name), retriever=refuse, validate_formats=with_days, formats={"date": _is_day} if with_days else None
    )


def _is_day(text: str) -> bool:
    """Whether a text is a day as the reports write it: 2026-11-21."""
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def problems_of(document: Document, name: str) -> list[Problem]:
    """What is wrong with the shape of a document; empty when it is valid. Raises when the two validators disagree."""
    if _validator(name).is_valid(document.data):
        return []
    errors = list(_explainer(name).iter_errors(document.data))
    # A value of the wrong type is one mistake, whatever else its field asks of a value of the right one.
    mistyped = {tuple(error.absolute_path) for error in errors if error.validator == "type"}
    errors = [e for e in errors if e.validator == "type" or tuple(e.absolute_path) not in mistyped]
    top = schema(name).get("properties", {})
    found = sorted({problem for error in errors for problem in _problems(document, error, top)})
    if not found:
        raise PolicycheckError(f"two validators disagree about a file under schema {name}")
    if len(found) > _MOST:
        last = found[_MOST]
        found[_MOST:] = [last._replace(message=f"{len(found) - _MOST} more problems from here on")]
    return found


def first_flaw(data: Any, name: str) -> str:
    """Where plain data first differs from a schema, and how, in one line; empty when it is valid."""
    error = next(iter(_validator(name, with_days=True).iter_errors(data)), None)
    if error is None:
        return ""
    place = ".".join(map(str, error.instance_path))
    return f"{place or 'it'}: {' '.join(str(error.message).split())[:200]}"


@cache
def _explainer(name: str) -> Any:
    import jsonschema

    # jsonschema compares each item with each other: minutes, for a list made to take them.
    extend: Any = jsonschema.validators.extend
    return extend(jsonschema.Draft7Validator, {"uniqueItems": _repeated})(schema(name))


def _repeated(validator: Any, wanted: Any, items: Any, schema: Any) -> Iterator[Any]:
    import jsonschema

    problem: Any = jsonschema.ValidationError
    seen: set[str] = set()
    for index, item in enumerate(items if wanted and isinstance(items, list) else ()):
        text = json.dumps(item, sort_keys=True)
        if text in seen:
            yield problem("is in this list already", path=(index,), instance=item)
        seen.add(text)


def _problems(document: Document, error: Any, top: dict[str, Any]) -> Iterator[Problem]:
    path = list(error.absolute_path)
    if error.validator == "additionalProperties":
        yield from _unknown_keys(document, error, top)
    elif error.validator == "required":
        yield from _missing(document, error)
    elif "propertyNames" in error.absolute_schema_path:
        yield _problem(document, _reach(document, path), error.instance, _message(error), at_key=True)
    else:
        yield _at_value(document, path, _message(error))


def _message(error: Any) -> str:
    said = _SAID.get(error.validator)
    return said(error) if said else " ".join(str(error.message).split())[:200]


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
    shown = f"{on_one_line(route)}: {message}" if route else message
    if place is None:
        return Problem("", 0, 0, shown)
    return Problem(place.path, place.line, place.column, shown)


def _unknown_keys(document: Document, error: Any, top: dict[str, Any]) -> Iterator[Problem]:
    """Each key that is not allowed where it stands; `top` is what is allowed at the top of the file."""
    allowed = list(error.schema.get("properties", ()))
    is_fragment = error.schema.get("$id") == _FRAGMENT
    for key in _unknown(error):
        hint = suggest(key, allowed) or f"; allowed here: {_listed(sorted(allowed))}"
        if is_fragment and key in _OF_THE_MANIFEST:
            hint = "; it stands in the manifest that includes this fragment"
        elif key in top:
            hint = "; it stands at the top of the file, without indentation"
        if odd := hidden(key):
            hint = f"; it holds U+{ord(odd):04X}, which does not show{hint}"
        yield _problem(document, error.instance, key, f"unknown key{hint}", at_key=True)


def _unknown(error: Any) -> list[str]:
    """The keys of an object that its schema does not know."""
    if error.schema.get("additionalProperties") is not False:
        return []
    allowed, patterns = error.schema.get("properties", ()), error.schema.get("patternProperties", ())
    return [key for key in error.instance if key not in allowed and not any(re.search(p, key) for p in patterns)]


def _missing(document: Document, error: Any) -> Iterator[Problem]:
    """A required key that is not there; not said again where it stands misspelt and is pointed at as unknown."""
    allowed = list(error.schema.get("properties", ()))
    misspelt = {suggest(key, allowed) for key in _unknown(error)}
    for key in error.validator_value:
        is_meant = key not in error.instance and f"{key!r} is a required" in error.message
        if is_meant and not any(repr(key) in hint for hint in misspelt):
            yield _problem(document, error.instance, None, f"{key} is missing; it is required")


def on_one_line(text: str) -> str:
    """A key route as a message shows it: a line end in a key must not look like another problem."""
    text = text.replace("\n", "\\n")
    return text if len(text) <= 2 * _LONGEST else f"{text[:_LONGEST]}...{text[-_LONGEST:]}"


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _listed(values: list[Any]) -> str:
    texts = [str(value) for value in values]
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN + 3 else ""
    return ", ".join(texts[:_SHOWN] if more else texts) + more


def _enum(error: Any) -> str:
    allowed = [value for value in error.validator_value if value is not None]
    if error.instance is None:
        return f"must not be blank; allowed: {_listed(allowed)}"
    hint = suggest(str(error.instance), [str(a) for a in allowed])
    if error.instance == "unknown" and None in error.validator_value:
        hint = "; leave it blank when it is not known"
    if not isinstance(error.instance, str) and all(isinstance(a, str) for a in allowed):
        return f"{_shown(error.instance)} is not text; allowed: {_listed(allowed)}"
    return f"{_shown(error.instance)} is not allowed{hint}; allowed: {_listed(allowed)}"


def _type(error: Any) -> str:
    wanted = error.validator_value
    names = [t for t in ([wanted] if isinstance(wanted, str) else wanted) if t != "null"]
    expected = " or ".join(_TYPES[t] for t in names)
    if error.instance is None:
        return f"must not be blank; expected {expected}"
    if error.schema.get("format") in _DATES:
        return f"{_shown(error.instance)} is not {_DATES[error.schema['format']]}"
    hint = ""
    if names == ["boolean"] and str(error.instance).lower() in ("yes", "no", "on", "off", "y", "n"):
        hint = "; in YAML 1.2 this is text: write true or false"
    elif names == ["string"] and isinstance(error.instance, (int, float)):
        hint = "; put it in quotes"
    elif names[0] in ("boolean", "integer", "number") and _is_quoted(error.instance, names[0]):
        hint = "; remove the quotes"
    elif not isinstance(error.instance, (dict, list)):
        hint = _of_several(error.schema, names[0])
    return f"{_shown(error.instance)} is not {expected}{hint}"


def _of_several(schema: dict[str, Any], wanted: str) -> str:
    """What to write where one value stands and several are meant."""
    if wanted == "object" and "properties" in schema:
        return f"; allowed in it: {_listed(sorted(schema['properties']))}"
    if wanted == "array":
        return "; write its items in [ ]" + ("" if schema.get("minItems") else ", and [] for none")
    return ""


def _is_quoted(value: Any, wanted: str) -> bool:
    if not isinstance(value, str):
        return False
    return value in ("true", "false") if wanted == "boolean" else value.isdecimal() and value.isascii()


def _pattern(error: Any) -> str:
    hint = error.schema.get("x-hint") or f"expected the form {error.validator_value}"
    known = error.schema.get("examples", ())
    close = suggest(error.instance, known) or suggest(error.instance.upper(), known)
    return f"{_shown(error.instance)} does not fit{close}; {hint}"


def _const(error: Any) -> str:
    if error.instance is None:
        return f"must not be blank; write {_shown(error.validator_value)}"
    return f"must be {_shown(error.validator_value)}, not {_shown(error.instance)}"


_SAID: dict[str, Callable[[Any], str]] = {
    "enum": _enum,
    "type": _type,
    "pattern": _pattern,
    "const": _const,
    "minItems": lambda e: f"needs at least {e.validator_value} item{'s' * (e.validator_value > 1)}",
    "maxItems": lambda e: f"takes at most {e.validator_value} items",
    "minimum": lambda e: f"{_shown(e.instance)} is less than {e.validator_value}",
    "maximum": lambda e: f"{_shown(e.instance)} is more than {e.validator_value}",
    "minLength": lambda e: "must not be empty",
    "maxLength": lambda e: f"is longer than {e.validator_value} characters",
    "uniqueItems": lambda e: f"{_shown(e.instance)} is in this list already",
    "minProperties": lambda e: "must not be empty",
    "not": lambda e: e.schema.get("x-hint", "these keys do not go together"),
}
