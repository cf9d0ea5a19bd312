"""What `terraform show -json` writes, for a plan or a state, as a configuration.

The format is HashiCorp's "JSON Output Format": `resource_changes` hold what each resource will be, with what is known
only after apply and what is sensitive beside it; `configuration` holds which expressions name which resources. A state
has `values` alone.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from policycheck.evidence._terraform_config import STEP, At, Config, Part, Resource, Unsaid, Unsettled, is_handing

#: Levels of a value that are looked into, resources that are read, references that are followed.
DEPTH_CAP, RESOURCE_CAP, HOPS = 48, 50_000, 5_000
#: References that are followed to tell what is handed to what is not read.
HANDED = 200_000
#: Objects and lists in the whole text, and values of the resources that matter.
CONTAINER_CAP, VALUE_CAP = 1_000_000, 500_000

_ADDRESS = re.compile(r'"address"\s*:\s*"((?:[^"\\]|\\.)*)"')
_AFTER_APPLY = Unsettled("is known only after apply; name the state as terraform show -json writes it then")
_SENSITIVE = Unsettled("is sensitive and not shown")
#: A word of an ARN, id or link.
_WORD = re.compile(r"[\w.-]+")
#: Words that start a reference to something else than a resource.
_NO_RESOURCE = frozenset({"local", "data", "each", "count", "self", "path", "terraform", "ephemeral"})


def read(text: str, path: str, types: Collection[str]) -> Config:
    """The resources of `types` in a plan or state."""
    data = _parsed(text, path)
    places = _Places(text, path)
    if "resource_changes" in data or "planned_values" in data:
        return _plan(data, places, types)
    if isinstance(data.get("values"), dict) and "format_version" in data:
        return _state(data, places, types)
    if "lineage" in data and "serial" in data:
        raise Unsaid("is Terraform's own state file; name what terraform show -json writes of it", places.top)
    raise Unsaid("is JSON, but no plan or state as terraform show -json writes them", places.top)


def _parsed(text: str, path: str) -> dict[str, Any]:
    """JSON without surprises: one key once, no NaN, numbers of a size to reckon with, an object at the top."""
    if text.count("{") + text.count("[") > CONTAINER_CAP:
        raise Unsaid("holds more objects than are read", At(path, 1))
    try:
        data = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse, parse_int=_integer)
    except json.JSONDecodeError as error:
        raise Unsaid("is not JSON", At(path, error.lineno, error.colno)) from None
    except RecursionError:
        raise Unsaid("is nested too deeply", At(path, 1)) from None
    except ValueError as error:
        raise Unsaid(str(error), At(path, 1)) from None
    if not isinstance(data, dict):
        raise Unsaid("is JSON, but no object", At(path, 1))
    return data


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("has a key twice in one object, so it is not settled which counts")
    return found


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"holds {word}, which is not JSON")


def _integer(digits: str) -> int | float:
    """No number of Terraform's that matters has so many digits; as a float it is at least no surprise."""
    return int(digits) if len(digits) <= 18 else float("inf")


class _Places:
    """Where resources stand in the text: the first `address` after the changes begin. One pass, then look-ups."""

    def __init__(self, text: str, path: str) -> None:
        self.path = path
        self.top = At(path, 1)
        self._newlines = [match.start() for match in re.finditer("\n", text)]
        self._first: dict[str, int] = {}
        start = max(text.find('"resource_changes"'), 0)
        for match in _ADDRESS.finditer(text, start):
            self._first.setdefault(match[1], match.start())

    def of(self, address: str) -> At:
        """The place of a resource; the file's top when it cannot be found."""
        # An address with a key in it holds quotes, which the text has escaped.
        found = self._first.get(json.dumps(address)[1:-1], self._first.get(address, -1))
        if found < 0:
            return self.top
        line = bisect_left(self._newlines, found)
        return At(self.path, line + 1, found - (self._newlines[line - 1] if line else -1))


def _maps(value: object) -> Iterator[dict[str, Any]]:
    """The objects in a list; anything else is skipped."""
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def _map(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


# --- plans ---


def _plan(data: dict[str, Any], places: _Places, types: Collection[str]) -> Config:
    if data.get("errored") is True:
        raise Unsaid("is a plan that ended in an error", places.top)
    changes = list(_maps(data.get("resource_changes")))
    if len(changes) > RESOURCE_CAP:
        raise Unsaid("holds more resources than are read", places.top)
    if not changes:
        raise Unsaid("is a plan without resources", places.top)
    modules = _Modules(_map(_map(data.get("configuration")).get("root_module")))
    budget = _Budget(places.top)
    found, destroyed, forgotten = [], {}, ""
    for change in changes:
        address, kind = change.get("address"), change.get("type")
        if not isinstance(address, str) or kind not in types or change.get("mode", "managed") != "managed":
            continue
        if "deposed" in change:
            continue
        actions = _map(change.get("change")).get("actions")
        if actions == ["forget"]:
            forgotten = forgotten or address
        elif actions == ["delete"]:
            destroyed[address] = places.of(address)
        else:
            found.append(_changed(change, address, str(kind), places.of(address), modules, budget))
    gap = "the plan is not complete (-target)" if data.get("complete") is False else ""
    handed = tuple(modules.handed(types))
    gap = gap or (f"the plan forgets {forgotten}, which then stays as it is" if forgotten else "")
    gap = gap or ("the plan holds more references than are followed" if modules.is_spent else "")
    return Config("plan", places.top, tuple(found), destroyed, gap, handed)


def _changed(change: dict[str, Any], address: str, kind: str, at: At, modules: _Modules, budget: _Budget) -> Resource:
    inner = _map(change.get("change"))
    reach = _Reach(at, budget, lambda name: modules.named(address, name))
    after = inner.get("after")
    part = reach.part(after if isinstance(after, dict) else {}, inner.get("after_unknown"), inner.get("after_sensitive"))
    return Resource(address, kind, part)


class _Budget:
    """How many values may still be looked at."""

    def __init__(self, at: At) -> None:
        self._at = at
        self._left = VALUE_CAP

    def spend(self) -> None:
        """One more value."""
        self._left -= 1
        if self._left < 0:
            raise Unsaid("holds more values than are read", self._at)


@dataclass(frozen=True, slots=True)
class _Reach:
    """Turns values into parts; what is not known yet or sensitive is unsettled, with the resources it names."""

    at: At
    budget: _Budget
    named: Callable[[str], tuple[str, ...]]

    def part(self, value: dict[str, Any], unknown: Any, hidden: Any, depth: int = 0) -> Part:
        """An object, with what is not known of it."""
        unknowns, hiddens = _map(unknown), _map(hidden)
        names = {**value, **{name: None for name, is_so in unknowns.items() if is_so and name not in value}}
        fields = {
            name: self._value(name, value.get(name), unknowns.get(name), hiddens.get(name), depth + 1) for name in names
        }
        return Part(fields, self.at)

    def _value(self, name: str, value: Any, unknown: Any, hidden: Any, depth: int) -> Any:
        self.budget.spend()
        if hidden is True:
            return _SENSITIVE
        if unknown is True:
            return replace(_AFTER_APPLY, addresses=self.named(name))
        if depth > DEPTH_CAP:
            return Unsettled("is nested too deeply")
        if isinstance(value, dict) or (value is None and isinstance(unknown, dict) and unknown):
            return self.part(_map(value), unknown, hidden, depth)
        if isinstance(value, list):
            return self._list(name, value, unknown, hidden, depth)
        return value

    def _list(self, name: str, value: list[Any], unknown: Any, hidden: Any, depth: int) -> Any:
        unknowns, hiddens = _aligned(unknown, len(value)), _aligned(hidden, len(value))
        if unknowns is None or hiddens is None:
            return _AFTER_APPLY
        return tuple(self._value(name, *each, depth + 1) for each in zip(value, unknowns, hiddens, strict=True))


def _aligned(beside: Any, size: int) -> list[Any] | None:
    """What is marked of each item of a list; None where the marks do not fit the items and so may mean any."""
    if isinstance(beside, list) and len(beside) == size:
        return beside
    return None if _holds_true(beside) else [None] * size


def _holds_true(beside: Any) -> bool:
    """Whether anything at all is marked."""
    stack = [beside]
    while stack:
        at = stack.pop()
        if at is True:
            return True
        stack.extend(at.values() if isinstance(at, dict) else at if isinstance(at, list) else ())
    return False


class _Modules:
    """Which resources an expression of the configuration names, through variables and outputs of modules."""

    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root
        self._hops = HOPS
        self._expressions: dict[tuple[tuple[str, ...], str], dict[str, Any]] = {}
        self._named: dict[tuple[tuple[str, ...], str], dict[str, list[Any]]] = {}
        self._index((), root, 0)

    def _index(self, path: tuple[str, ...], module: dict[str, Any], depth: int) -> None:
        for resource in _maps(module.get("resources")):
            self._expressions[path, str(resource.get("address"))] = _map(resource.get("expressions"))
        if depth > DEPTH_CAP:
            return
        for name, call in _map(module.get("module_calls")).items():
            self._index((*path, name), _map(_map(call).get("module")), depth + 1)

    def _module(self, path: tuple[str, ...]) -> dict[str, Any]:
        at = self._root
        for name in path:
            at = _map(_map(_map(at.get("module_calls")).get(name)).get("module"))
        return at

    def named(self, address: str, name: str) -> tuple[str, ...]:
        """The resources that a resource's property `name` (at any level) names; none when one of them is not settled."""
        at = _split(address)
        if at not in self._named:
            self._named[at] = _by_name(self._expressions.get(at, {}))
        found: list[str] = []
        for expression in self._named[at].get(name, ()):
            found += (_at_key(each, address, expression) for each in self._resolved(at[0], expression))
        return tuple(dict.fromkeys(found))

    @property
    def is_spent(self) -> bool:
        """Whether there are more references than are followed."""
        return self._hops < 0

    def handed(self, types: Collection[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """What the configuration hands out, or to resources of types that are not read."""
        self._hops = HANDED
        for name, output in _map(self._root.get("outputs")).items():
            addresses = self._resolved((), _map(output).get("expression"))
            if addresses:
                yield f"output {name}", tuple(addresses)
        for path, address in self._expressions:
            kind = address.partition(".")[0]
            if kind != "data" and is_handing(kind, types):
                named = _by_name(self._expressions[path, address]).values()
                addresses = [found for each in named for one in each for found in self._resolved(path, one)]
                if addresses:
                    yield "".join(f"module.{name}." for name in path) + address, tuple(addresses)

    def _resolved(self, path: tuple[str, ...], expression: Any, depth: int = 0) -> list[str]:
        references = _map(expression).get("references")
        self._hops -= 1
        if not isinstance(references, list) or depth > DEPTH_CAP or self.is_spent:
            return []
        found: list[str] = []
        for reference in references:
            if isinstance(reference, str):
                found += self._followed(path, _bare(reference), reference, depth + 1)
        return found

    def _followed(self, path: tuple[str, ...], steps: list[str], reference: str, depth: int) -> list[str]:
        prefix = "".join(f"module.{name}." for name in path)
        if steps[0] in _NO_RESOURCE or len(steps) < 2:
            return []
        if steps[0] == "var":
            call = _map(_map(self._module(path[:-1]).get("module_calls")).get(path[-1])) if path else {}
            return self._resolved(path[:-1], _map(call.get("expressions")).get(steps[1]), depth)
        if steps[0] == "module":
            inner = (*path, steps[1])
            output = _map(self._module(inner).get("outputs")).get(steps[2]) if len(steps) > 2 else None
            return self._resolved(inner, _map(output).get("expression"), depth)
        return [prefix + ".".join(_indexed(reference)[:2])]


def _bare(reference: str) -> list[str]:
    return re.sub(r"\[[^\]]*\]", "", reference).split(".")


def _indexed(reference: str) -> list[str]:
    """The steps of a reference; a dot inside an index does not part them."""
    return re.findall(r"[^.\[]+(?:\[[^\]]*\])?", reference)


def _split(address: str) -> tuple[tuple[str, ...], str]:
    """The modules above a resource, and its address in the last of them, both without indexes."""
    steps = _bare(address)
    path: list[str] = []
    while len(steps) > 2 and steps[0] == "module":
        path.append(steps[1])
        steps = steps[2:]
    return tuple(path), ".".join(steps)


def _at_key(named: str, address: str, expression: Any) -> str:
    """What a resource names, as the instance that has the same key, and lies in the same instance of their modules."""
    steps, own = STEP.findall(named), STEP.findall(address)
    same = next((at for at, (one, two) in enumerate(zip(steps, own, strict=False)) if one[0] != two[0]), 0)
    steps[:same] = [(one[0], one[1] or two[1]) for one, two in zip(steps[:same], own, strict=False)]
    is_by_key = {"each.key", "count.index"} & set(_map(expression).get("references") or ())
    if is_by_key and same == len(steps) - 2:
        steps[-1] = (steps[-1][0], steps[-1][1] or own[-1][1])
    return ".".join(name + index for name, index in steps)


def _by_name(expressions: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The expressions of a resource, at any level, by the name of their property."""
    found: dict[str, list[Any]] = {}
    stack: list[Any] = [expressions]
    while stack:
        at = stack.pop()
        if isinstance(at, list):
            stack.extend(at)
        elif isinstance(at, dict):
            for key, value in at.items():
                found.setdefault(key, []).append(value)
                stack.append(value)
    return found


# --- states ---


def _state(data: dict[str, Any], places: _Places, types: Collection[str]) -> Config:
    found: list[Resource] = []
    budget = _Budget(places.top)
    others: list[dict[str, Any]] = []
    stack = [_map(_map(data["values"]).get("root_module"))]
    while stack:
        module = stack.pop()
        stack.extend(_maps(module.get("child_modules")))
        for resource in _maps(module.get("resources")):
            address, kind = resource.get("address"), resource.get("type")
            if isinstance(address, str) and kind in types and resource.get("mode", "managed") == "managed":
                reach = _Reach(places.of(address), budget, lambda name: ())
                values = reach.part(_map(resource.get("values")), None, resource.get("sensitive_values"))
                found.append(Resource(address, str(kind), values))
            elif isinstance(kind, str) and is_handing(kind, types):
                others.append(resource)
        if len(found) > RESOURCE_CAP:
            raise Unsaid("holds more resources than are read", places.top)
    found.sort(key=lambda resource: resource.address)
    return Config("state", places.top, tuple(found), handed=tuple(_handed(found, others)))


def _handed(found: list[Resource], others: list[dict[str, Any]]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Which resources of other types hold the ARN, id or link of one that is read, in any of their texts."""
    owners: dict[str, set[str]] = {}
    lengths: dict[str, set[int]] = {}
    for each in found:
        for name, words in ((name, list(_WORD.finditer(name))) for name in each.names()):
            if words and "/" in name[: words[-1].end()]:
                owners.setdefault(name[: words[-1].end()], set()).add(each.address)
                lengths.setdefault(words[-1][0], set()).add(words[-1].end())
    # To look for each name in each text would take minutes in a large state: only where its last word stands can it end.
    for other in others if owners else ():
        text = json.dumps(other.get("values"), ensure_ascii=False)
        ends = ((word.end(), size) for word in _WORD.finditer(text) for size in lengths.get(word[0], ()))
        addresses = {address for end, size in ends for address in owners.get(text[max(0, end - size) : end], ())}
        if addresses:
            yield str(other.get("address")), tuple(sorted(addresses))
