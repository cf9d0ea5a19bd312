"""A rule, ready to run: its expressions parsed, held against the manifest schema and compiled, once.

A rule's text is data; this is the one place where it becomes something that runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from policycheck.language.evaluate import LETS, WALKED, Compiler, Env, Members, Run
from policycheck.language.syntax import ExpressionError, Node, caret, parse
from policycheck.language.types import ANY, Checker, Definitions, Type, Types, sized_paths
from policycheck.model import UNKNOWN

MAX_BINDINGS = 3
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


class Mistake(NamedTuple):
    """Something wrong in a rule: where in the rule file (`assert`, `let.due`), what, and the marked source."""

    where: str
    message: str
    source: str = ""
    start: int = 0
    end: int = 0

    def __str__(self) -> str:
        shown = f"\n{caret(self.source, self.start, self.end)}" if self.source else ""
        return f"{self.where}: {self.message}{shown}"


class Binding:
    """One name of a `for_each` and the list it walks.

    `shown` is false for a parent that is only in scope; `single` is the name of a section that is one subject, not a list.
    """

    __slots__ = ("kind", "name", "node", "run", "shown", "single")

    def __init__(self, name: str, node: Node, kind: str, shown: bool = True) -> None:
        self.name, self.node, self.kind, self.shown = name, node, kind, shown
        self.run: Run | None = None
        self.single = ""


#: What a walk over the bindings met: something to judge, something that may not belong to the list, a list (or an item
#: of one) that is not declared, nothing at all.
SURE, UNSURE, SILENT, EMPTY = range(4)


class Program:
    """The compiled form of one rule. `mistakes` is empty in a rule that may run."""

    def __init__(self, rule: Mapping[str, Any], types: Types, definitions: dict[str, dict[str, Node]],
                 defined: Definitions) -> None:  # fmt: skip
        self.types, self.definitions, self.defined = types, definitions, defined
        self.mistakes: list[Mistake] = []
        self.scope: dict[str, Type] = {}
        self.roots: set[str] = set()
        self.trees: dict[str, Node] = {}
        self.message = str(rule.get("message", ""))
        self.bindings = self._bindings(rule.get("for_each", ""))
        self.lets = [(name, self._tree(f"let.{name}", source, bind=name)) for name, source in rule.get("let", {}).items()]
        self.when = self._tree("when", rule["when"], condition=True) if rule.get("when") else None
        self.claim = self._tree("assert", rule.get("assert", ""), condition=True)
        self.equivalents = self._tree("equivalents", rule["equivalents"]) if rule.get("equivalents") else None
        self._compile()
        self.run_when = self.when.run if self.when is not None else None
        self.run_claim = self.claim.run
        #: The one binding of a rule that needs no more: most rules, judged without the machinery of `walk`.
        self.only = self.bindings[0] if len(self.bindings) == 1 and not self.lets else None

    def _bindings(self, wanted: Any) -> list[Binding]:
        if isinstance(wanted, dict):
            if not 1 <= len(wanted) <= MAX_BINDINGS:
                self.mistakes.append(Mistake("for_each", f"takes one to {MAX_BINDINGS} bindings"))
            return [self._binding(name, source) for name, source in wanted.items()]
        if wanted not in self.types.paths:
            known = ", ".join(sorted(self.types.paths))
            self.mistakes.append(Mistake("for_each", f"{wanted!r} is not a kind of subject; known: {known}"))
            return []
        return list(self._kind(wanted))

    def _kind(self, kind: str) -> Iterator[Binding]:
        """A kind is shorthand for walking its list, with its parents in scope."""
        path = self.types.paths[kind]
        if self.types.field(self.types.root, path[0]).kind != "list":
            found = self._binding(kind, f"[{path[0]}]")
            found.single = "" if kind == "organization" else kind
            yield found
            return
        names = [k for k, p in self.types.paths.items() if path[: len(p)] == p]
        names.sort(key=lambda k: len(self.types.paths[k]))
        for above, name in zip(["", *names], names, strict=False):
            step = self.types.paths[name][-1]
            yield self._binding(name, f"{above}.{step}" if above else step, shown=name == kind)

    def _binding(self, name: str, source: Any, shown: bool = True) -> Binding:
        node = self._tree(f"for_each.{name}", source)
        found = self._type_of(node)
        item = found.item or ANY
        if found.kind not in ("list", "dyn"):
            self.mistakes.append(Mistake(f"for_each.{name}", "must be a list"))
        self.scope[name] = item
        return Binding(name, node, item.name or name, shown)

    def _tree(self, where: str, source: Any, condition: bool = False, bind: str = "") -> Node:
        text = source if isinstance(source, str) else str(source)
        try:
            node = parse(text)
        except ExpressionError as error:
            self.mistakes.append(Mistake(where, error.message, text, error.start, error.end))
            return parse("true" if condition else "[]")
        checker = Checker(self.types, self.defined, {**self.scope, "as_of": Type("date")})
        checker.sized = sized_paths(node)
        found = checker.check(node)
        if condition and found.kind not in ("bool", "dyn"):
            checker.say(f"must be true or false, this is {found}", node)
        self.mistakes += [Mistake(where, message, text, start, end) for message, start, end in checker.mistakes]
        self.roots |= checker.roots
        self.trees[where] = node
        if bind:
            self.scope[bind] = found
        return node

    def _type_of(self, node: Node) -> Type:
        return Checker(self.types, self.defined, {**self.scope, "as_of": Type("date")}).check(node)

    def _compile(self) -> None:
        known: set[str] = set()
        for binding in self.bindings:
            binding.run = Compiler(self.definitions, known).compile(binding.node)
            known.add(binding.name)
        for name, node in self.lets:
            Compiler(self.definitions, known).compile(node)
            known.add(name)
        for tree in (self.when, self.claim, self.equivalents):
            if tree is not None:
                Compiler(self.definitions, known).compile(tree)
        self._known = known

    def walk(self, env: Env) -> Iterator[int]:
        """Bind every set of names in turn, in `env` itself, outermost first, and say what was met.

        The bindings hold until the next step; `bound` takes them out. Nothing to walk is said once, as EMPTY.
        """
        found = False
        for met in self._walk(env, 0, SURE):
            found = True
            yield met
        if not found:
            for binding in self.bindings:
                env.pop(binding.name, None)
            yield EMPTY
        for binding in self.bindings:
            env.pop(binding.name, None)

    def _walk(self, env: Env, depth: int, met: int) -> Iterator[int]:
        binding = self.bindings[depth]
        name, last = binding.name, depth + 1 == len(self.bindings)
        for inner in self.bindings[depth:]:
            env.pop(inner.name, None)
        assert binding.run is not None
        items = binding.run(env)
        if not isinstance(items, list):
            yield SILENT
            return
        maybe = items.maybe if type(items) is Members else ()
        for position, item in enumerate(items):
            if item is UNKNOWN or item is None:
                env.pop(name, None)
                yield SILENT
                continue
            env[name] = item
            at = UNSURE if position in maybe else met
            if not last:
                yield from self._walk(env, depth + 1, at)
                continue
            for given, node in self.lets:
                assert node.run is not None
                env[given] = node.run(env)
            yield at

    def bound(self, env: Env) -> dict[str, Any]:
        """The bindings that hold now, to judge or explain again later."""
        names = [binding.name for binding in self.bindings] + [name for name, _ in self.lets]
        return {name: env[name] for name in names if name in env}

    def rebound(self, env: Env, bound: Mapping[str, Any]) -> Env:
        """The environment of a set of bindings once more, with what an explanation asks for besides."""
        inner = {**env, LETS: dict(self.lets), WALKED: {}}
        for binding in self.bindings:
            if binding.name not in bound:
                break
            assert binding.run is not None
            item = bound[binding.name]
            items = binding.run(inner)
            position = next((n for n, other in enumerate(items) if other is item), 0)
            inner[WALKED][binding.name] = (items, position)
            inner[binding.name] = item
        return {**inner, **bound}

    def silent_list(self, bound: Mapping[str, Any]) -> Node:
        """The list that was not declared when a walk met SILENT: the first whose name is not bound."""
        return next((b.node for b in self.bindings if b.name not in bound), self.bindings[0].node)

    def say(self, env: Env) -> str:
        """The message with its `{expressions}` filled in; what is unknown reads "not declared"."""
        return _PLACEHOLDER.sub(lambda match: self._shown(match.group(1), env), self.message)

    def placeholders(self) -> list[Mistake]:
        """What is wrong in the message's expressions."""
        before = len(self.mistakes)
        for match in _PLACEHOLDER.finditer(self.message):
            self._tree("message", match.group(1))
        found, self.mistakes = self.mistakes[before:], self.mistakes[:before]
        return found

    def _shown(self, source: str, env: Env) -> str:
        if source not in self.trees:
            self.trees[source] = self._tree("message", source)
        node = self.trees[source]
        value = Compiler(self.definitions, set(self._known)).compile(node)({**env})
        return ", ".join(map(_worded, value)) if isinstance(value, list) else _worded(value)


def _worded(value: Any) -> str:
    """One value as a message shows it, in the manifest's own spelling."""
    if value is UNKNOWN or value is None:
        return "not declared"
    return str(value).lower() if isinstance(value, bool) else str(value)
