"""A rule expression held against the manifest schema, before any manifest is read.

`Types` reads the generated JSON Schema (with its `x-` keywords) as the types of the language. `check` walks a tree,
returns its type and says every mistake: an unknown path, a literal that is not in the enum, an ordering of enums or
dates, an `all` over a list that may be empty, `has` where absence is not a fact.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from typing import Any

from policycheck.language.syntax import Node

BOOL, INT, FLOAT, STRING, DATE, MOMENT, DYN = "bool", "int", "float", "string", "date", "moment", "dyn"
#: What date() and instant() give; the two are not ordered against each other.
DAY, INSTANT = "day", "instant"
LIST, MAP, OBJECT = "list", "map", "object"
_NUMBERS = frozenset({INT, FLOAT})
_TEXTS = frozenset({STRING, DATE, MOMENT})
_SIMPLE = {"boolean": BOOL, "integer": INT, "number": FLOAT, "string": STRING}


class Type:
    """A type of the language. `fields` for objects (by name), `item` for lists and maps, `enum` for closed strings."""

    __slots__ = ("absent_ok", "enum", "fields", "item", "kind", "name", "refers", "schema")

    def __init__(self, kind: str, *, name: str = "", item: Type | None = None, enum: tuple[str, ...] = ()) -> None:
        self.kind, self.name, self.item, self.enum = kind, name, item, enum
        self.fields: dict[str, Type] | None = None
        self.absent_ok = False
        self.refers = ""
        self.schema: Mapping[str, Any] = {}

    def __repr__(self) -> str:
        return f"list of {self.item!r}" if self.kind == LIST else (self.name or self.kind)

    def __str__(self) -> str:
        return f"{'an' if repr(self)[0] in 'aeiou' else 'a'} {self!r}"


ANY = Type(DYN)
_OF = {name: Type(name) for name in (BOOL, INT, FLOAT, STRING, DATE, MOMENT, DAY, INSTANT)}


class Types:
    """The manifest schema as types: `root` is the whole manifest, `kinds` each kind of subject with its path."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._seen: dict[int, Type] = {}
        self.root = self._convert(schema)

    @cached_property
    def _found(self) -> dict[str, tuple[Type, tuple[str, ...]]]:
        found: dict[str, tuple[Type, tuple[str, ...]]] = {}
        for section in list(self._fields(self.root)):
            self._find_kinds(self.field(self.root, section), (section,), found)
        return found

    @cached_property
    def kinds(self) -> dict[str, Type]:
        """Each kind of subject."""
        return {name: kind for name, (kind, _) in self._found.items()}

    @cached_property
    def paths(self) -> dict[str, tuple[str, ...]]:
        """Where each kind of subject is declared."""
        return {name: path for name, (_, path) in self._found.items()}

    def field(self, owner: Type, name: str) -> Type:
        """The type of a field. Raises KeyError when the object has none of that name."""
        return self._fields(owner)[name]

    def names(self, owner: Type) -> Iterable[str]:
        """The field names of an object type."""
        return self._fields(owner)

    def _fields(self, owner: Type) -> dict[str, Type]:
        if owner.fields is None:
            owner.fields = {}
            for name, schema in _properties(owner.schema, self._resolve).items():
                owner.fields[name] = self._convert(schema)
        return owner.fields

    def _find_kinds(self, here: Type, path: tuple[str, ...], found: dict[str, tuple[Type, tuple[str, ...]]]) -> None:
        item = here.item if here.kind == LIST else here
        if item is None or item.kind != OBJECT:
            return
        if item.name and item.name not in found:
            found[item.name] = (item, path)
            for name in list(self._fields(item)):
                inner = self._fields(item)[name]
                if inner.kind == LIST:
                    self._find_kinds(inner, (*path, name), found)

    def _resolve(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            target: Any = self._schema
            for step in schema["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            schema = target
        return schema

    def _convert(self, schema: Mapping[str, Any]) -> Type:
        outer, schema = schema, self._resolve(schema)
        if id(outer) in self._seen:
            return self._seen[id(outer)]
        made = self._seen[id(outer)] = Type(DYN)
        made.kind, made.enum = self._kind(schema)
        made.name = schema.get("x-kind", "")
        made.schema = schema
        made.refers = schema.get("x-refers", "")
        made.absent_ok = "none" in (outer.get("x-absence"), schema.get("x-absence"))
        if made.kind == LIST:
            made.item = self._convert(schema.get("items", {}))
        if made.kind == MAP:
            made.item = self._convert(_map_values(schema))
        return made

    def _kind(self, schema: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
        wanted = schema.get("type", ())
        first = next((t for t in ([wanted] if isinstance(wanted, str) else wanted) if t != "null"), "")
        if first == "array":
            return LIST, ()
        if first == "object" or "properties" in schema:
            is_map = "properties" not in schema and _map_values(schema) != {}
            return (MAP if is_map else OBJECT if "properties" in schema else DYN), ()
        if "enum" in schema:
            return STRING, tuple(value for value in schema["enum"] if isinstance(value, str))
        if first == "string" and schema.get("format") in ("date", "date-time"):
            return (DATE if schema["format"] == "date" else MOMENT), ()
        return _SIMPLE.get(first, DYN), ()


_READ: dict[int, Types] = {}


def types_of(schema: Mapping[str, Any]) -> Types:
    """The types of a schema, read once for each schema object."""
    if id(schema) not in _READ:
        _READ[id(schema)] = Types(schema)
    return _READ[id(schema)]


def _map_values(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(schema.get("additionalProperties"), dict):
        return dict(schema["additionalProperties"])
    return dict(next(iter(schema.get("patternProperties", {}).values()), {}))


def _properties(schema: Mapping[str, Any], resolve: Callable[[Any], Any]) -> dict[str, Any]:
    """Own properties, with those of every branch of an if/then chain: a union is read as the sum of its branches."""
    found = dict(schema.get("properties", {}))
    for branch in schema.get("allOf", ()):
        then = branch.get("then", {}).get("properties", {})
        for name, branched in then.items():
            inner = resolve(branched)
            merged = dict(found.get(name, {}))
            if "$ref" in merged:
                merged = dict(resolve(merged))
            merged.update({k: v for k, v in inner.items() if k != "properties"})
            merged["properties"] = {**merged.get("properties", {}), **_properties(inner, resolve)}
            merged.setdefault("type", "object")
            found[name] = merged
    return found


Definitions = Mapping[str, Mapping[str, Type]]


class Checker:
    """Holds one expression against the types. Mistakes are collected with their offsets, not raised.

    `tables` are the names that `data` has; without them, every name is taken.
    """

    def __init__(
        self, types: Types, definitions: Definitions, scope: Mapping[str, Type], tables: Collection[str] | None = None
    ) -> None:
        self.types, self.definitions, self.tables = types, definitions, tables
        self.scope = dict(scope)
        self.mistakes: list[tuple[str, int, int]] = []
        self.roots: set[str] = set()
        #: Paths that a size() elsewhere in the expression keeps from being empty.
        self.sized: set[str] = set()

    def check(self, node: Node) -> Type:
        """The type of a tree; marks fields that are definitions with the kind they belong to."""
        handler = _OPERATORS.get(node.op) or getattr(type(self), f"_{node.op}")
        found: Type = handler(self, node)
        return found

    def say(self, message: str, node: Node) -> Type:
        """Record a mistake at a node; its type is anything, so that one mistake is said once."""
        self.mistakes.append((message, node.start, node.end))
        return ANY

    def boolean(self, node: Node) -> None:
        """Record a mistake unless the node is a condition."""
        found = self.check(node)
        if found.kind not in (BOOL, DYN):
            self.say(f"a condition is expected here, this is {found}", node)

    def _literal(self, node: Node) -> Type:
        value = node.args[0]
        kind = BOOL if isinstance(value, bool) else INT if isinstance(value, int) else FLOAT
        return _OF[STRING if isinstance(value, str) else kind]

    def _name(self, node: Node) -> Type:
        name = node.args[0]
        if name in self.scope:
            return self.scope[name]
        if name == "data":
            return ANY
        try:
            found = self.types.field(self.types.root, name)
        except KeyError:
            known = [*self.scope, *self.types.names(self.types.root), "data", "as_of"]
            return self.say(f"unknown name {name!r}{suggest(name, known)}", node)
        self.roots.add(name)
        return found

    def _select(self, node: Node) -> Type:
        owner = self.check(node.args[0])
        name = node.args[1]
        if self._is_data(node.args[0]):
            return self._table(name, node)
        if owner.kind == DYN:
            return owner
        if owner.kind != OBJECT:
            return self.say(f"{owner} has no fields; {name!r} cannot be read from it", node)
        defined = self.definitions.get(owner.name, {})
        if owner.name and name in defined:
            node.kind = owner.name
            return defined[name]
        try:
            found = self.types.field(owner, name)
            node.optional = found.absent_ok
            return found
        except KeyError:
            return self.say(f"unknown field {name!r}{suggest(name, [*self.types.names(owner), *defined])}", node)

    def _index(self, node: Node) -> Type:
        owner, key = self.check(node.args[0]), self.check(node.args[1])
        if self._is_data(node.args[0]) and node.args[1].op == "literal":
            return self._table(str(node.args[1].args[0]), node)
        if owner.kind == MAP and key.kind in (*_TEXTS, DYN):
            return owner.item or ANY
        if owner.kind == LIST and key.kind in (INT, DYN):
            return owner.item or ANY
        if owner.kind == DYN:
            return owner
        return self.say(f"{owner} cannot be indexed by {key}", node)

    def _is_data(self, node: Node) -> bool:
        return node.op == "name" and node.args[0] == "data" and "data" not in self.scope

    def _table(self, name: str, node: Node) -> Type:
        if self.tables is not None and name not in self.tables:
            return self.say(f"unknown table {name!r}{suggest(name, self.tables)}", node)
        return ANY

    def _list(self, node: Node) -> Type:
        found = [self.check(item) for item in node.args]
        if any(_apart(found[0], other) for other in found[1:]):
            return self.say("a list holds values of one type", node)
        return Type(LIST, item=found[0] if found else ANY)

    def _cond(self, node: Node) -> Type:
        self.boolean(node.args[0])
        yes, no = self.check(node.args[1]), self.check(node.args[2])
        if _apart(yes, no):
            self.say(f"both answers must be of one type, not {yes} and {no}", node)
        return yes if yes.kind != DYN else no

    def _not(self, node: Node) -> Type:
        self.boolean(node.args[0])
        return _OF[BOOL]

    def _neg(self, node: Node) -> Type:
        found = self.check(node.args[0])
        if found.kind not in (*_NUMBERS, DYN):
            return self.say(f"a number is expected here, this is {found}", node.args[0])
        return found

    def _has(self, node: Node) -> Type:
        path = node.args[0]
        found = self.check(path)
        if path.kind:
            self.say("has() asks for a key of the manifest, not for a definition", node)
        elif found is not ANY and not found.absent_ok:
            self.say(
                f"has() is for paths whose absence means none; {path.args[1]!r} is not one: compare its value instead", node
            )
        return _OF[BOOL]

    def _method(self, node: Node) -> Type:
        name, target = node.args[0], node.args[1]
        found = self.check(target)
        if name == "size":
            return self._size(found, node)
        for part in (found, *(self.check(argument) for argument in node.args[2:])):
            if part.kind not in _TEXTS and part.kind != DYN:
                self.say(f"{name} is for text, not for {part}", node)
        return _OF[BOOL]

    def _size(self, found: Type, node: Node) -> Type:
        if found.kind not in (LIST, STRING, DYN):
            self.say(f"size is for lists and text, not for {found}", node)
        return _OF[INT]

    def _call(self, node: Node) -> Type:
        name, arguments = node.args[0], node.args[1:]
        found = [self.check(argument) for argument in arguments]
        if name == "size":
            return self._size(found[0], node)
        if name == "max":
            return self._max(found[0], node)
        wanted = (MOMENT, INSTANT) if name in ("hours", "instant") else (DATE, MOMENT, DAY, INSTANT)
        for argument, part in list(zip(arguments, found, strict=True))[:2]:
            if part.kind not in wanted and part.kind != DYN:
                taken = "moment" if wanted[0] == MOMENT else "date or moment"
                self.say(f"{name} takes {taken} values, not {part}", argument)
        for argument, part in list(zip(arguments, found, strict=True))[2:]:
            if part.kind not in (LIST, DYN) or _apart(part.item or ANY, _OF[DATE]):
                self.say(f"{name} takes a list of dates, not {part}", argument)
        return _OF[{"date": DAY, "instant": INSTANT}.get(name, INT)]

    def _max(self, found: Type, node: Node) -> Type:
        item = found.item or ANY
        if found.kind not in (LIST, DYN) or item.kind not in (*_NUMBERS, DYN):
            return self.say(f"max takes a list of numbers, not {found}", node)
        return item

    def macro(self, node: Node) -> Type:
        """all, exists, exists_one, filter and map."""
        target, variable, body = node.args
        found = self.check(target)
        if found.kind not in (LIST, DYN):
            self.say(f"{node.op} walks a list, this is {found}", target)
        if node.op == "all" and target.op != "list" and path_of(target) not in self.sized:
            self.say("all over an empty list is true; say size(list) > 0 && ... beside it, or use exists", node)
        outer = self.scope.get(variable)
        if outer is not None or variable == "data" or variable in self.types.names(self.types.root):
            self.say(f"{variable!r} already has a meaning here; take another name", node)
        self.scope[variable] = item_of(found)
        result = self._body(node.op, body)
        if outer is None:
            del self.scope[variable]
        else:
            self.scope[variable] = outer
        return found if node.op == "filter" else result

    def _body(self, op: str, body: Node) -> Type:
        if op == "map":
            return Type(LIST, item=self.check(body))
        self.boolean(body)
        return _OF[BOOL]

    def logic(self, node: Node) -> Type:
        """&& and ||."""
        for part in node.args:
            self.boolean(part)
        return _OF[BOOL]

    def arithmetic(self, node: Node) -> Type:
        """+ - * /: both whole, or both fractional, as in CEL; + also joins text."""
        left, right = (self.check(part) for part in node.args)
        kinds = {left.kind, right.kind} - {DYN}
        if node.op == "+" and kinds and kinds <= _TEXTS:
            return _OF[STRING]
        for found, part in zip((left, right), node.args, strict=True):
            if found.kind not in (*_NUMBERS, DYN):
                return self.say(f"a number is expected here, this is {found}", part)
        if kinds == {INT, FLOAT}:
            self.say("whole and fractional numbers do not mix; write 2.0 for 2", node)
        return left if left.kind != DYN else right

    def equality(self, node: Node) -> Type:
        """== and !=."""
        left, right = self.check(node.args[0]), self.check(node.args[1])
        if {OBJECT, MAP} & {left.kind, right.kind}:
            self.say("compare single fields; whole parts of the manifest are never told equal or unequal", node)
        elif _apart(left, right):
            self.say(f"{left} is never equal to {right}", node)
        self._enum(left, node.args[1])
        self._enum(right, node.args[0])
        return _OF[BOOL]

    def ordering(self, node: Node) -> Type:
        """< <= > >=: numbers with numbers, date() with date(), instant() with instant()."""
        found = [(self.check(part), part) for part in node.args]
        reasons = [(reason, part) for kind, part in found if (reason := _disorder(kind))]
        if reasons:
            self.say(*reasons[0])
        elif _apart(found[0][0], found[1][0]):
            self.say(f"{found[0][0]} and {found[1][0]} have no order", node)
        return _OF[BOOL]

    def membership(self, node: Node) -> Type:
        """x in list."""
        item, found = self.check(node.args[0]), self.check(node.args[1])
        if found.kind not in (LIST, DYN):
            self.say(f"in looks into a list, this is {found}", node.args[1])
        inner = found.item or ANY
        if inner.kind in (OBJECT, MAP):
            self.say("in looks for single values; use exists to look for a whole part", node)
        elif _apart(item, inner):
            self.say(f"a list of {inner!r} never holds {item}", node)
        self._enum(inner, node.args[0])
        for literal in node.args[1].args if node.args[1].op == "list" else ():
            self._enum(item, literal)
        return _OF[BOOL]

    def _enum(self, allowed: Type, literal: Node) -> None:
        if not allowed.enum or literal.op != "literal" or not isinstance(literal.args[0], str):
            return
        if literal.args[0] and literal.args[0] not in allowed.enum:
            hint = suggest(literal.args[0], allowed.enum) or f"; allowed: {', '.join(allowed.enum[:12])}"
            self.say(f"{literal.args[0]!r} can never match{hint}", literal)


_OPERATORS: dict[str, Callable[[Checker, Node], Type]] = {
    **dict.fromkeys(("all", "exists", "exists_one", "filter", "map"), Checker.macro),
    **dict.fromkeys(("and", "or"), Checker.logic),
    **dict.fromkeys(("+", "-", "*", "/"), Checker.arithmetic),
    **dict.fromkeys(("==", "!="), Checker.equality),
    **dict.fromkeys(("<", "<=", ">", ">="), Checker.ordering),
    "in": Checker.membership,
}


def item_of(found: Type) -> Type:
    """What a list holds. What lies in something without a schema has none, and is told apart from a row of a table."""
    return found.item or (found if found.kind == DYN else ANY)


def _disorder(found: Type) -> str:
    """Why values of a type have no order; empty when they have one."""
    if found.enum:
        return "the words of an enum have no order; rank them in a data table"
    if found.kind in (DATE, MOMENT):
        return "compare dates with date(...) or days(...), not as text"
    return "" if found.kind in (*_NUMBERS, DAY, INSTANT, DYN) else f"{found} has no order"


def _apart(left: Type, right: Type) -> bool:
    """Whether no value of one type is ever equal to one of the other."""
    if DYN in (left.kind, right.kind):
        return False
    if left.kind == right.kind == LIST:
        return _apart(left.item or ANY, right.item or ANY)
    return _family(left) != _family(right)


def _family(found: Type) -> str:
    return STRING if found.kind in _TEXTS else INT if found.kind in _NUMBERS else found.kind


def path_of(node: Node) -> str:
    """The dotted path of a chain of fields, or an empty text."""
    if node.op == "name":
        return str(node.args[0])
    if node.op == "select":
        return f"{path_of(node.args[0])}.{node.args[1]}"
    return ""


def sized_paths(node: Node) -> set[str]:
    """The lists whose size() an expression asks: an `all` over them is guarded."""
    found: set[str] = set()
    stack = [node]
    while stack:
        at = stack.pop()
        if at.op in ("call", "method") and at.args[0] == "size":
            found.add(path_of(at.args[1]))
        stack.extend(part for part in at.args if isinstance(part, Node))
    return found - {""}


def suggest(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` when something close is known, else an empty text."""
    from difflib import get_close_matches

    spelled = {name.casefold(): name for name in known}
    close = get_close_matches(word.casefold(), list(spelled), n=1, cutoff=0.6)
    return f"; did you mean {spelled[close[0]]!r}?" if close else ""
