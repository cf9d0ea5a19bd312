"""A Terraform configuration as the verifier sees it, whether it came from a plan, a state or HCL: resources and their parts.

A value is plain data where the files settle it. Where they do not, it is `Unsettled`, with why; asking for it raises
`Unsaid`, so that nothing is ever judged on a guess.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

#: What to do about HCL that leaves something open.
RENDER = "render a plan: terraform show -json"

_WHOLE = re.compile(r"[0-9]{1,15}(?:\.0)?\Z")
_WATCHING = re.compile(r"_(?:logging|monitor|monitoring|metric|alarm|dashboard|diagnostic)(?:_|\Z)")
_INDEX = re.compile(r"\[[^\]]*\]")
#: A name in an address or a reference, and its index.
STEP = re.compile(r"([^.\[]+)(\[[^\]]*\])?")


class At(NamedTuple):
    """A place in a file; 1-based."""

    file: str
    line: int
    column: int = 1


class Unsaid(Exception):
    """Nothing can be said; where the reason stands, when a line is known."""

    def __init__(self, reason: str, at: At | None = None) -> None:
        super().__init__(reason)
        self.at = at


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A value that the files do not settle, and what it hangs on. `addresses` are the resources that it names."""

    why: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A block or object: its values by name, and where each stands."""

    fields: Mapping[str, Any]
    at: At
    places: Mapping[str, At] = field(default_factory=dict)

    def place(self, name: str) -> At:
        """Where a value stands; where the part does when it has none of its own."""
        return self.places.get(name, self.at)

    def get(self, name: str) -> Any:
        """A value; None when it is not written. Raises Unsaid for one that is not settled."""
        value = self.fields.get(name)
        if isinstance(value, Unsettled):
            raise Unsaid(f"{name} {value.why}", self.place(name))
        return value

    def text(self, name: str, default: str = "") -> str:
        """A text; numbers and booleans count as text, as they do in Terraform."""
        value = self.get(name)
        if value is None:
            return default
        if isinstance(value, (bool, int, float, str)):
            return str(value).lower() if isinstance(value, bool) else str(value)
        raise Unsaid(f"{name} is no text", self.place(name))

    def called(self, name: str) -> str:
        """A name for people, which need not be settled: without one, the line stands for it."""
        value = self.fields.get(name)
        return value if isinstance(value, str) and value else f"at line {self.at.line}"

    def number(self, name: str) -> int | None:
        """A whole number, also one written as text; None when it is not written."""
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float, str)) or not _WHOLE.match(str(value)):
            raise Unsaid(f"{name} is no whole number", self.place(name))
        return int(float(value)) if isinstance(value, str) else int(value)

    def flag(self, name: str, *, default: bool) -> bool:
        """A boolean, also one written as text."""
        text = self.text(name, str(default).lower())
        if text not in ("true", "false"):
            raise Unsaid(f"{name} is neither true nor false", self.place(name))
        return text == "true"

    def parts(self, name: str) -> tuple[Part, ...]:
        """The blocks of a name, or the objects of a list, or the one object."""
        value = self.get(name)
        items = value if isinstance(value, tuple) else () if value is None else (value,)
        for item in items:
            if isinstance(item, Unsettled):
                raise Unsaid(f"{name} {item.why}", self.place(name))
            if item is not None and not isinstance(item, Part):
                raise Unsaid(f"{name} is no block", self.place(name))
        return tuple(item for item in items if item is not None)

    def part(self, name: str) -> Part | None:
        """The one block of a name, where there is any."""
        found = self.parts(name)
        if len(found) > 1:
            raise Unsaid(f"{name} stands more than once", found[1].at)
        return found[0] if found else None

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self.get(name)
        items = value if isinstance(value, tuple) else () if value is None else (value,)
        for item in items:
            if isinstance(item, Unsettled):
                raise Unsaid(f"{name} {item.why}", self.place(name))
            if not isinstance(item, str):
                raise Unsaid(f"{name} is no list of texts", self.place(name))
        return tuple(items)

    def values(self, name: str) -> Iterator[Any]:
        """Every value of a name, here and in the parts below, settled or not."""
        stack: list[Any] = [self]
        while stack:
            at = stack.pop()
            if isinstance(at, tuple):
                stack.extend(at)
            if not isinstance(at, Part):
                continue
            for key, value in at.fields.items():
                if key == name:
                    yield from value if isinstance(value, tuple) else (value,)
                else:
                    stack.append(value)


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource: its address with module and index, its settings; `doubt` says why it may not exist at all."""

    address: str
    type: str
    part: Part
    doubt: str = ""

    @property
    def at(self) -> At:
        """Where it begins."""
        return self.part.at

    def names(self) -> set[str]:
        """By what others may name it once it exists: its ARN, id, name or link."""
        keys = ("arn", "id", "self_link", "name")
        return {value for key in keys if isinstance(value := self.part.fields.get(key), str) and value}


@dataclass(frozen=True, slots=True)
class Config:
    """The resources that matter, and those that the plan destroys.

    `gap` says why what is not here may still exist. `handed` are the references by which something leaves the
    configuration or goes to what is not read: outputs, the inputs of modules, resources of other types.
    """

    form: str
    at: At
    resources: tuple[Resource, ...]
    destroyed: Mapping[str, At] = field(default_factory=dict)
    gap: str = ""
    handed: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def of(self, *types: str) -> tuple[Resource, ...]:
        """The resources of some types."""
        return tuple(resource for resource in self.resources if resource.type in types)


def base(address: str) -> str:
    """An address without its indexes."""
    return _INDEX.sub("", address)


def is_handing(kind: str, types: Collection[str]) -> bool:
    """Whether a resource of a type that is not read may put in force what it names; one that only watches it does not."""
    return kind not in types and not _WATCHING.search(kind)


def _is_named(target: Resource, addresses: tuple[str, ...]) -> bool:
    """Whether references name a resource. One with an index, of it or of its module, has to name the very instance."""
    found = [address for address in addresses if base(address) == base(target.address)]
    indexed = [address for address in found if address.endswith("]")]
    return any(_is_instance(address, target.address) for address in indexed or found)


def _is_instance(named: str, address: str) -> bool:
    """Whether two addresses of one resource are of the same instance, as far as both say which."""
    pairs = zip(STEP.findall(named), STEP.findall(address), strict=True)
    return all(one[1] == two[1] for one, two in pairs if one[1] and two[1])


def _rival(config: Config, value: Any, target: Resource) -> str:
    """Another resource that a value names as well, where it is not settled which of them it is."""
    addresses = value.addresses if isinstance(value, Unsettled) else ()
    others = (other for other in config.of(target.type) if other is not target) if addresses else ()
    return next((other.address for other in others if _is_named(other, addresses)), "")


def attachment(config: Config, target: Resource, attachers: Mapping[str, tuple[str, ...]]) -> Resource | None:
    """The resource by which `target` is put in front of something; None when there certainly is none.

    `attachers` are the properties that attach, by type of resource. Raises Unsaid where the files do not settle it.
    """
    doubts: list[tuple[str, At]] = []
    for resource in config.of(*attachers):
        for name in attachers[resource.type]:
            for value in resource.part.values(name):
                doubt = _attaches(value, target)
                if doubt is None and (rival := _rival(config, value, target)):
                    doubt = f"names {rival} as well, and one of them it is"
                if doubt is None and not resource.doubt:
                    return resource
                if doubt != "":
                    doubts.append((f"{resource.address} {resource.doubt or doubt}", resource.at))
    handed = handed_by(config, target)
    if doubts:
        raise Unsaid(f"whether {target.address} is attached is not settled: {doubts[0][0]}", doubts[0][1])
    if handed or config.gap:
        why = f"{handed} hands it on" if handed else config.gap
        raise Unsaid(f"nothing here attaches {target.address}, but {why}; name the plan that attaches it", target.at)
    return None


def handed_by(config: Config, target: Resource) -> str:
    """What hands a resource to something that is not read; empty where nothing does."""
    return next((name for name, addresses in config.handed if _is_named(target, addresses)), "")


def points_to(value: Any, target: Resource) -> bool:
    """Whether a value certainly names a resource."""
    return _attaches(value, target) is None


def _attaches(value: Any, target: Resource) -> str | None:
    """None when a value names the target, an empty text when it does not, else why that is not settled."""
    if isinstance(value, Unsettled):
        if _is_named(target, value.addresses):
            return None
        return "" if value.addresses else value.why
    if not isinstance(value, str) or not value:
        return ""
    names = target.names()
    if value in names or value.rsplit("/", 1)[-1] in {name for name in names if "/" not in name}:
        return None
    is_known = isinstance(target.part.fields.get("arn") or target.part.fields.get("id"), str)
    return "" if is_known else "names it by a text that cannot be held against an address"
