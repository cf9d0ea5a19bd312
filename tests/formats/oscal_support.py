"""Reading OSCAL documents back: what refers to what, and whether it is there."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from .rich_support import render

MODELS = {
    "oscal": "assessment-results", "oscal-catalog": "catalog", "oscal-poam": "plan-of-action-and-milestones",
}  # fmt: skip
#: Members that hold an id of the catalog.
_CONTROLS = frozenset({"control-id", "objective-id", "target-id"})


def document(name: str, report: dict[str, Any]) -> dict[str, Any]:
    """The model in a format's document."""
    found: dict[str, Any] = json.loads(render(name, report))[MODELS[name]]
    return found


def members(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every member below, with the name it has; those of a list have the list's."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield name, item
            yield from members(item, name)
    elif isinstance(value, list):
        for item in value:
            if not isinstance(item, dict | list):
                yield key, item
            yield from members(item, key)


def uuids(model: dict[str, Any]) -> list[str]:
    """Every UUID that is given to something."""
    return [value for name, value in members(model) if name == "uuid"]


def control_ids(catalog: dict[str, Any]) -> list[str]:
    """Every id of a catalog: of groups, controls and parts."""
    return [value for name, value in members(catalog) if name == "id"]


def flaws(model: dict[str, Any], catalog: dict[str, Any]) -> list[str]:
    """What is named twice, and what is referred to and is not there."""
    given, known = Counter(uuids(model)), set(control_ids(catalog))
    found = [f"twice: {name}" for name, times in given.items() if times > 1]
    roles = {role["id"] for role in model["metadata"].get("roles", ())}
    for name, value in members(model):
        if not isinstance(value, str):
            continue
        is_uuid = name.endswith(("-uuid", "-uuids")) or (name == "href" and value.startswith("#"))
        if is_uuid and value.removeprefix("#") not in given:
            found.append(f"{name} {value} is nowhere")
        if name in _CONTROLS and value not in known:
            found.append(f"{name} {value} is not in the catalog")
        if name == "role-id" and value not in roles:
            found.append(f"role {value} is nowhere")
    return found


def prop(owner: dict[str, Any], name: str) -> str:
    """The value of a property; empty where there is none."""
    return next((str(one["value"]) for one in owner.get("props", ()) if one["name"] == name), "")


def states(model: dict[str, Any]) -> dict[str, str]:
    """By objective, what the findings of an assessment say."""
    return {
        f["target"]["target-id"]: f["target"]["status"]["state"] for r in model["results"] for f in r.get("findings", ())
    }
