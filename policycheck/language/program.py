"""A rule, ready to run: its analysed expressions compiled, and the walk over what it judges.

A rule's text is data; this is the one place where it becomes something that runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from policycheck.language.analysis import PLACEHOLDER, Analysis, analyse
from policycheck.language.evaluate import LETS, WALKED, Compiler, Env, Members
from policycheck.language.syntax import Node
from policycheck.language.types import Definitions, Types
from policycheck.model import UNKNOWN

#: What a walk over the bindings met: something to judge, something that may not belong to the list, a list (or an item
#: of one) that is not declared, nothing at all.
SURE, UNSURE, SILENT, EMPTY = range(4)


class Program:
    """The compiled form of one rule."""

    def __init__(self, analysis: Analysis, rule: Mapping[str, Any], definitions: Mapping[str, Mapping[str, Node]]) -> None:
        self.analysis, self.rule, self.definitions = analysis, rule, definitions
        self.bindings, self.lets, self.when = analysis.bindings, analysis.lets, analysis.when
        self._compile()
        self.run_when = self.when.run if self.when is not None else None
        #: The one binding of a rule that needs no more: most rules, judged without the machinery of `walk`.
        self.only = self.bindings[0] if len(self.bindings) == 1 and not self.lets else None

    @classmethod
    def of(cls, rule: Mapping[str, Any], types: Types, definitions: Mapping[str, Mapping[str, Node]],
           defined: Definitions) -> Program:  # fmt: skip
        """The program of a rule's text."""
        return cls(analyse(rule, types, defined), rule, definitions)

    def _compile(self) -> None:
        known: set[str] = set()
        for binding in self.bindings:
            binding.run = Compiler(self.definitions, known).compile(binding.node)
            known.add(binding.name)
        for name, node in self.lets:
            Compiler(self.definitions, known).compile(node)
            known.add(name)
        self._known = known
        if self.when is not None:
            self._compiled(self.when)

    def _compiled(self, tree: Node) -> Node:
        Compiler(self.definitions, self._known).compile(tree)
        return tree

    # Most rules do not apply to most manifests: what they claim is restored and compiled when it is first asked for.
    @cached_property
    def claim(self) -> Node:
        """What has to hold, compiled."""
        return self._compiled(self.analysis.claim)

    @cached_property
    def run_claim(self) -> Any:
        """The claim as a function of an environment."""
        return self.claim.run

    @cached_property
    def equivalents(self) -> Node | None:
        """The measures that may stand in, compiled; None where none may."""
        return None if self.analysis.equivalents is None else self._compiled(self.analysis.equivalents)

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
                env[given] = node.run(env)
            yield at

    def bound(self, env: Env) -> dict[str, Any]:
        """The bindings that hold now, to judge or explain again later."""
        names = [binding.name for binding in self.bindings] + [name for name, _ in self.lets]
        return {name: env[name] for name in names if name in env}

    def rebound(self, env: Env, bound: Mapping[str, Any]) -> Env:
        """The environment of a set of bindings once more, with what an explanation asks for besides."""
        walked: dict[str, Any] = {}
        inner = {**env, LETS: dict(self.lets), WALKED: walked}
        for binding in self.bindings:
            if binding.name not in bound:
                break
            item = inner[binding.name] = bound[binding.name]
            if not isinstance(item, dict):
                del inner[binding.name]
                assert binding.run is not None
                items = binding.run(inner)
                at = next((n for n, other in enumerate(items) if other is item), 0)
                walked[binding.name] = (items, at, binding.node)
                inner[binding.name] = item
        inner.update(bound)
        return inner

    def places_of(self, name: str) -> Node:
        """The list of places that a bound thing declares, compiled: the fact by which a law of elsewhere does not count."""
        return self._compiled(Node("select", (Node("name", (name,)), "jurisdictions")))

    def silent_list(self, bound: Mapping[str, Any]) -> Node:
        """The list that was not declared when a walk met SILENT: the first whose name is not bound."""
        return next((b.node for b in self.bindings if b.name not in bound), self.bindings[0].node)

    def unsure_list(self, env: Env) -> Node:
        """The list to which it is not known that a bound item belongs, when a walk met UNSURE: the outermost such."""
        for binding in self.bindings:
            assert binding.run is not None
            items = binding.run(env)
            if type(items) is Members and any(items[n] is env[binding.name] for n in items.maybe):
                return binding.node
        return self.bindings[0].node

    def say(self, env: Env) -> str:
        """The message with its `{expressions}` filled in; what is unknown reads "not declared", an empty list "none"."""
        return PLACEHOLDER.sub(lambda match: self._shown(match.group(1), env), str(self.rule.get("message", "")))

    def _shown(self, source: str, env: Env) -> str:
        run = Compiler(self.definitions, set(self._known)).compile(self.analysis.said[source])
        value = run({**env})
        return ", ".join(map(_worded, value)) or "none" if isinstance(value, list) else _worded(value)


def _worded(value: Any) -> str:
    """One value as a message shows it, in the manifest's own spelling."""
    if value is UNKNOWN or value is None:
        return "not declared"
    return str(value).lower() if isinstance(value, bool) else str(value)
