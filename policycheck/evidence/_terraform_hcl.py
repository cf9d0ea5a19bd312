"""A folder of HCL files as a configuration: literals and references, nothing evaluated, no module followed.

Terraform reads every `*.tf` file of a folder as one; so does this. The default of a variable can be overridden from outside
the repository, so what hangs on one is unsettled; a local value that is a literal cannot.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from policycheck.evidence import _child
from policycheck.evidence._terraform_config import RENDER, At, Config, Part, Resource, Unsaid, Unsettled, is_handing

if TYPE_CHECKING:
    from policycheck.opener import Opener

#: Bytes and files of one folder; steps from a local value to another.
TOTAL_CAP, FILE_CAP, HOPS = 256 * 1024, 200, 8

_HEAD = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*)\.([A-Za-z_][A-Za-z0-9_-]*)((?:\[[^\]]*\])?)")
_NO_RESOURCE = frozenset({"var", "local", "data", "module", "each", "count", "self", "path", "terraform"})
_OVERRIDES = ("override.tf", "_override.tf", "override.tf.json", "_override.tf.json", ".tofu", ".tofu.json")
#: Settings whose absence says something; `ignore_changes = all` ignores them too.
_ABSENT_MATTERS = ("rule", "rules", "retention_in_days", "retention_days", "lifecycle_rule")
#: Arguments that any resource takes and that are no settings of it.
_META = frozenset({"provider", "depends_on", "lifecycle", "provisioner", "connection"})


def read(opener: Opener, path: str, types: Collection[str]) -> Config:
    """The resources of `types` in the folder of the file at `path`."""
    texts = _texts(opener, path)
    folder = _Folder(_trees(texts))
    names = opener.matching(_beside(path, "*.tf.json"))
    gap = f"{names[0]} is not read" if names else folder.gap
    return Config("hcl", At(path, 1), tuple(folder.resources(types)), gap=gap, handed=tuple(folder.handed(types)))


def _beside(path: str, name: str) -> str:
    """A pattern for the files beside `path`; the folder's own name is meant letter by letter."""
    folder = re.sub(r"([*?\[])", r"[\1]", posixpath.dirname(path))
    return f"{folder}/{name}" if folder else name


def _texts(opener: Opener, path: str) -> dict[str, str]:
    paths = opener.matching(_beside(path, "*.tf"))
    beside = (*paths, *opener.matching(_beside(path, "*.tf.json")), *opener.matching(_beside(path, "*.tofu*")))
    override = next((name for name in beside if posixpath.basename(name).endswith(_OVERRIDES)), "")
    if override:
        raise Unsaid(f"{override} overrides other files; {RENDER}", At(override, 0))
    if path not in paths or len(paths) > FILE_CAP:
        raise Unsaid("is not found, or lies among too many files", At(path, 0))
    texts: dict[str, str] = {}
    for name in paths:
        texts[name] = _text(opener.read(name, cap=TOTAL_CAP).data, name)
        if sum(map(len, texts.values())) > TOTAL_CAP:
            raise Unsaid(f"the folder holds more HCL than is read; {RENDER}", At(path, 0))
    if not texts[path].strip():
        raise Unsaid(f"{path} is empty", At(path, 0))
    return texts


def _text(data: bytes, path: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unsaid(f"{path} is not UTF-8", At(path, 0)) from None
    if "\0" in text:
        raise Unsaid(f"{path} is binary, not HCL", At(path, 0))
    return text.replace("\r\n", "\n")


def _trees(texts: dict[str, str]) -> dict[str, list[Any]]:
    trees: dict[str, Any] = _parsed(json.dumps(texts).encode())
    for path, tree in trees.items():
        if "wrong" in tree:
            raise Unsaid(f"{path} {tree['wrong']}", At(path, tree["line"]))
    return {path: tree["items"] for path, tree in trees.items()}


@lru_cache(maxsize=8)
def _parsed(data: bytes) -> Any:
    """The child's answer. Starting the parser costs more than parsing, and one folder often backs several subjects."""
    return _child.parsed("_hcl", data)


class _Folder:
    """The files of a folder, taken together."""

    def __init__(self, trees: dict[str, list[Any]]) -> None:
        self._blocks = [(path, block) for path, items in trees.items() for block in items if block[0] == "b"]
        self._locals: dict[str, Any] = {}
        for _, block in self._of("locals", 0):
            self._locals.update({item[1]: item[4] for item in block[5] if item[0] == "a"})
        modules = [block[2][0] for _, block in self._of("module", 1)]
        self.gap = f"module.{modules[0]} is not read" if modules else self._forgotten()

    def _of(self, kind: str, labels: int) -> Iterator[tuple[str, list[Any]]]:
        return ((path, block) for path, block in self._blocks if block[1] == kind and len(block[2]) == labels)

    def _forgotten(self) -> str:
        """Why something may still exist that is taken out: `removed` without `destroy` leaves it as it is."""
        for _, block in self._of("removed", 0):
            inner = [item for each in block[5] if each[0] == "b" and each[1] == "lifecycle" for item in each[5]]
            if any(item[:2] == ["a", "destroy"] and item[4] != ["lit", True] for item in inner):
                return "removed resources stay as they are"
        return ""

    def resources(self, types: Collection[str]) -> Iterator[Resource]:
        """The resources of some types. Raises Unsaid where an address stands twice."""
        seen: set[str] = set()
        for path, block in self._of("resource", 2):
            kind, name = block[2]
            if kind not in types:
                continue
            if f"{kind}.{name}" in seen:
                raise Unsaid(f"{kind}.{name} stands twice", At(path, block[3], block[4]))
            seen.add(f"{kind}.{name}")
            resource = self._resource(f"{kind}.{name}", kind, path, block)
            if resource is not None:
                yield resource

    def _resource(self, address: str, kind: str, path: str, block: list[Any]) -> Resource | None:
        part = self._part(block[5], At(path, block[3], block[4]))
        doubt = ""
        if "for_each" in part.fields:
            doubt = f"is repeated by for_each; {RENDER}"
        elif "count" in part.fields:
            count = part.fields["count"]
            if count == 0:
                return None
            doubt = "" if isinstance(count, int) else f"is there only by its count; {RENDER}"
        return Resource(address, kind, _frozen(part), doubt)

    def handed(self, types: Collection[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """What leaves the folder or goes to what is not read: outputs, modules, local values, resources of other types."""
        for _, block in self._blocks:
            kind, labels = block[1], block[2]
            is_other = kind == "resource" and len(labels) == 2 and is_handing(labels[0], types)
            if is_other or kind in ("output", "module"):
                found = tuple(self._mentioned(block[5], types))
                if found:
                    yield ".".join(labels) if is_other else " ".join((kind, *labels)), found

    def _mentioned(self, items: list[Any], types: Collection[str]) -> Iterator[str]:
        """The resources of `types` that anything in a block names, also in expressions and through local values."""
        followed: set[str] = set()
        stack: list[Any] = [item for item in items if item[1] not in ("depends_on", "lifecycle")]
        while stack:
            at = stack.pop()
            if not isinstance(at, list) or not at:
                continue
            if at[0] not in ("ref", "expr"):
                stack.extend(at)
                continue
            for text in [at[1]] if at[0] == "ref" else at[1]:
                head = _HEAD.match(text)
                if head and head[1] == "local" and head[2] not in followed:
                    followed.add(head[2])
                    stack.append(self._locals.get(head[2]))
                elif head and head[1] in types:
                    yield f"{head[1]}.{head[2]}{head[3]}"

    def _part(self, items: list[Any], at: At) -> Part:
        fields: dict[str, Any] = {}
        places: dict[str, At] = {}
        for item in items:
            if item[0] == "a":
                fields[item[1]] = self._value(item[4], at.file)
                places[item[1]] = At(at.file, item[2], item[3])
            else:
                self._lay_block(item, fields, places, at.file)
        return Part(fields, at, places)

    def _lay_block(self, item: list[Any], fields: dict[str, Any], places: dict[str, At], file: str) -> None:
        """A block is one of a list; one that `dynamic` makes leaves open how many there are."""
        at = At(file, item[3], item[4])
        name = item[2][0] if item[1] == "dynamic" and len(item[2]) == 1 else item[1]
        before = fields.get(name)
        inner: Any = Unsettled(f"is made by a dynamic block; {RENDER}") if item[1] == "dynamic" else self._part(item[5], at)
        fields[name] = (*(before if isinstance(before, tuple) else ()), inner)
        places.setdefault(name, at)

    def _value(self, value: list[Any], file: str, hops: int = 0) -> Any:
        kind, told = value
        if kind == "lit":
            return told
        if kind == "list":
            return tuple(self._value(item, file, hops) for item in told)
        if kind == "map":
            return self._object(told, file, hops)
        return self._reference(told, file, hops) if kind == "ref" else self._expression(told, file, hops)

    def _object(self, entries: list[Any], file: str, hops: int) -> Any:
        if not entries or any(entry[0] is None for entry in entries):
            return Part({}, At(file, 0)) if not entries else Unsettled(f"has a key that is computed; {RENDER}")
        fields = {entry[0]: self._value(entry[3], file, hops) for entry in entries}
        places = {entry[0]: At(file, entry[1], entry[2]) for entry in entries}
        return Part(fields, places[entries[0][0]], places)

    def _reference(self, text: str, file: str, hops: int) -> Any:
        """A local value is followed to its literal; a resource is named; anything else is open.

        A list of literals counts as one. Anything larger is not followed: lists of lists of locals grow without end.
        """
        told = self._locals.get(text.removeprefix("local.")) if text.startswith("local.") and hops < HOPS else None
        is_flat = told is not None and told[0] == "list" and all(item[0] == "lit" for item in told[1])
        if told is not None and (is_flat or told[0] in ("lit", "ref")):
            return self._value(told, file, hops + 1)
        head = _HEAD.match(text)
        if head and head[1] not in _NO_RESOURCE:
            return Unsettled(f"hangs on {text[:100]}; {RENDER}", (f"{head[1]}.{head[2]}{head[3]}",))
        return Unsettled(f"hangs on {text[:100]}; {RENDER}")

    def _expression(self, references: list[str], file: str, hops: int) -> Unsettled:
        """An expression is not evaluated: what it names may or may not be what it gives."""
        named = ", ".join(references)[:100]
        return Unsettled(f"hangs on {named or 'an expression that is not evaluated'}; {RENDER}")


def _frozen(part: Part) -> Part:
    """A resource whose lifecycle ignores changes runs with other settings than those written."""
    fields = dict(part.fields)
    lifecycle = fields.get("lifecycle")
    for block in lifecycle if isinstance(lifecycle, tuple) else ():
        ignored = block.fields.get("ignore_changes") if isinstance(block, Part) else None
        named = [
            item.why.removeprefix("hangs on ").partition(";")[0] for item in _each(ignored) if isinstance(item, Unsettled)
        ]
        for name in [*fields, *_ABSENT_MATTERS] if "all" in named else named:
            fields[re.split(r"[.\[]", name)[0]] = Unsettled(f"is ignored by lifecycle, so what runs may differ; {RENDER}")
    return Part({name: value for name, value in fields.items() if name not in _META}, part.at, part.places)


def _each(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)
