"""A rule's expressions, parsed and held against the manifest schema: what is known of a rule before any manifest.

Shipped rules are analysed when the wheel is built and travel in that form (`stored`, `restored`): parsing and checking a
hundred rules anew would be a sixth of the start-up time.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple

from policycheck.language.syntax import ExpressionError, Node, caret, parse
from policycheck.language.types import LIST, MAP, OBJECT, Checker, Definitions, Type, Types, item_of, sized_paths
from policycheck.model import ITEM_KEYS

MAX_BINDINGS = 3
PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_BRACE = re.compile(r"[{}]")


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

    def __init__(self, name: str, node: Node, kind: str, shown: bool = True, single: str = "") -> None:
        self.name, self.node, self.kind, self.shown, self.single = name, node, kind, shown, single
        self.run: Any = None


class Analysis:
    """The trees of one rule, and every mistake in it. `said` holds the expressions of its message, by their source."""

    def __init__(self) -> None:
        self.bindings: list[Binding] = []
        self.lets: list[tuple[str, Node]] = []
        self.when: Node | None = None
        self.claim: Node = Node("literal", (False,), 0, 0)
        self.equivalents: Node | None = None
        self.said: dict[str, Node] = {}
        self.mistakes: list[Mistake] = []
        self.roots: set[str] = set()

    def trees(self) -> Iterator[Node]:
        """Every expression but those of the message."""
        yield from (binding.node for binding in self.bindings)
        yield from (node for _, node in self.lets)
        yield from (node for node in (self.when, self.claim, self.equivalents) if node is not None)


def analyse(rule: Mapping[str, Any], types: Types, defined: Definitions, tables: Collection[str] | None = None) -> Analysis:
    """Parse and check one rule; `tables` are the names that `data` has, where they are known."""
    return _Analyst(types, defined, tables).run(rule)


class _Analyst:
    def __init__(self, types: Types, defined: Definitions, tables: Collection[str] | None) -> None:
        self.types, self.defined, self.tables = types, defined, tables
        self.found = Analysis()
        self.mistakes = self.found.mistakes
        self.scope: dict[str, Type] = {}
        #: The names that stand for something which is read.
        self.reading = {"data"}

    def run(self, rule: Mapping[str, Any]) -> Analysis:
        found = self.found
        found.bindings = self._bindings(rule.get("for_each", ""))
        found.lets = [(name, self._let(name, source)) for name, source in rule.get("let", {}).items()]
        found.when = self._tree("when", rule["when"], condition=True) if rule.get("when") else None
        found.claim = self._tree("assert", rule.get("assert", ""), condition=True)
        self._same_of_all("when", found.when)
        # What must never be is a claim; what holds of everything was held against nothing.
        self._same_of_all("assert", None if found.claim.op == "literal" and found.claim.args[0] is False else found.claim)
        found.equivalents = self._tree("equivalents", rule["equivalents"]) if rule.get("equivalents") else None
        message = str(rule.get("message", ""))
        for match in PLACEHOLDER.finditer(message):
            found.said[match.group(1)] = self._shown(match.group(1))
        # As long as it was, so that the offsets hold.
        rest = PLACEHOLDER.sub(lambda match: " " * len(match.group()), message)
        for brace in _BRACE.finditer(rest):
            told = "this brace would be printed as it is; an expression stands between { and }, as in {surface.id}"
            self.mistakes.append(Mistake("message", told, message, *brace.span()))
        return found

    def _same_of_all(self, where: str, tree: Node | None) -> None:
        if tree is None or any(mistake.where == where for mistake in self.mistakes) or self._reads(tree):
            return
        self.mistakes.append(Mistake(where, "reads nothing: it says the same of every manifest"))

    def _reads(self, tree: Node) -> bool:
        """Whether an expression reads something of the manifest or of a table, also by a name that the rule gave it."""
        if tree.op == "name":
            return tree.args[0] in self.reading or tree.args[0] in self.found.roots
        return any(isinstance(part, Node) and self._reads(part) for part in tree.args)

    def _bindings(self, wanted: Any) -> list[Binding]:
        if isinstance(wanted, dict):
            if not 1 <= len(wanted) <= MAX_BINDINGS:
                self.mistakes.append(Mistake("for_each", f"takes one to {MAX_BINDINGS} bindings"))
            for name in wanted:
                self._fresh(f"for_each.{name}", name, wanted[name])
            return [self._binding(name, source) for name, source in wanted.items()]
        if wanted not in self.types.paths:
            known = ", ".join(sorted(self.types.paths))
            self.mistakes.append(Mistake("for_each", f"{wanted!r} is not a kind of subject; known: {known}"))
            return []
        return list(self._kind(wanted))

    def _shown(self, source: str) -> Node:
        node = self._tree("message", source)
        shown = self._type_of(node)
        while shown.kind == LIST:
            shown = item_of(shown)
        if shown.kind in (OBJECT, MAP):
            told = f"{shown} would be printed with all that it holds; name what of it is to be read, such as its id"
            self.mistakes.append(Mistake("message", told, source, node.start, node.end))
        return node

    def _let(self, name: str, source: Any) -> Node:
        self._fresh(f"let.{name}", name, source)
        node = self._tree(f"let.{name}", source, bind=name)
        if self._reads(node):
            self.reading.add(name)
        return node

    def _fresh(self, where: str, name: str, source: Any) -> None:
        """All rules of a run read one date and the same tables: a rule that gave these names to others would move them.

        A section of the manifest keeps its name as well: whoever reads the rule takes it for that.
        """
        hides = name in self.types.names(self.types.root) and source != f"[{name}]"
        if hides or name in self.scope or name in ("as_of", "data"):
            self.mistakes.append(Mistake(where, f"{name!r} already has a meaning here; take another name"))

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
        item = item_of(found)
        if found.kind not in ("list", "dyn"):
            self.mistakes.append(Mistake(f"for_each.{name}", "must be a list"))
        if node.op != "list" and not self._named(item):
            self.mistakes.append(Mistake(f"for_each.{name}", "nothing names its items: a finding could not keep its id"))
        self.scope[name] = item
        self.reading.add(name)
        return Binding(name, node, item.name or name, shown)

    def _named(self, item: Type) -> bool:
        """Whether items have what tells them apart; without it a finding's id would be made of what they say."""
        return item.kind != OBJECT or not {*ITEM_KEYS}.isdisjoint(self.types.names(item))

    def _tree(self, where: str, source: Any, condition: bool = False, bind: str = "") -> Node:
        text = source if isinstance(source, str) else str(source)
        try:
            node = parse(text)
        except ExpressionError as error:
            self.mistakes.append(Mistake(where, error.message, text, error.start, error.end))
            return parse("true" if condition else "[]")
        checker = Checker(self.types, self.defined, {**self.scope, "as_of": Type("date")}, self.tables)
        checker.sized = sized_paths(node)
        found = checker.check(node)
        if condition and found.kind not in ("bool", "dyn"):
            checker.say(f"must be true or false, this is {found}", node)
        self.mistakes += [Mistake(where, message, text, start, end) for message, start, end in checker.mistakes]
        self.found.roots |= checker.roots
        if bind:
            self.scope[bind] = found
        return node

    def _type_of(self, node: Node) -> Type:
        return Checker(self.types, self.defined, {**self.scope, "as_of": Type("date")}, self.tables).check(node)


def stored(found: Analysis) -> dict[str, Any]:
    """An analysis as plain data, in three parts: what is walked, what is claimed, and what a message says."""
    return {
        "walk": [
            [[b.name, frozen(b.node), b.kind, b.shown, b.single] for b in found.bindings],
            [[name, frozen(node)] for name, node in found.lets],
            None if found.when is None else frozen(found.when),
            sorted(found.roots),
        ],
        "claim": [frozen(found.claim), None if found.equivalents is None else frozen(found.equivalents)],
        "said": {source: frozen(node) for source, node in found.said.items()},
    }


def restored(part: Callable[[str], Any]) -> Analysis:
    """The analysis that `stored` made plain; `part` gives a part of it by name, asked for when it is needed."""
    found = _Stored(part)
    bindings, lets, when, roots = part("walk")
    found.bindings = [Binding(name, thawed(node), *rest) for name, node, *rest in bindings]
    found.lets = [(name, thawed(node)) for name, node in lets]
    found.when = None if when is None else thawed(when)
    found.roots = set(roots)
    return found


class _Stored(Analysis):
    """An analysis whose larger trees are restored when they are first asked for: most rules claim nothing of a manifest."""

    def __init__(self, part: Callable[[str], Any]) -> None:
        super().__init__()
        del self.claim, self.equivalents, self.said
        self._part = part

    def __getattr__(self, name: str) -> Any:
        if name in ("claim", "equivalents"):
            claim, equivalents = self._part("claim")
            self.claim, self.equivalents = thawed(claim), None if equivalents is None else thawed(equivalents)
        elif name == "said":
            self.said = {source: thawed(tree) for source, tree in self._part("said").items()}
        else:
            raise AttributeError(name)
        return getattr(self, name)


def frozen(node: Node) -> list[Any]:
    """A tree as nested lists: operation, arguments. A list among these is a tree.

    What the type check marked stands beside the operation. The offsets stay behind: they are for mistakes, and a tree that
    is stored has none.
    """
    op = [node.op, node.kind, node.optional] if node.kind or node.optional else node.op
    return [op, *(frozen(part) if isinstance(part, Node) else part for part in node.args)]


def thawed(data: list[Any]) -> Node:
    """The tree that `frozen` made plain."""
    op = data[0]
    arguments = tuple([thawed(part) if type(part) is list else part for part in data[1:]])
    if type(op) is not list:
        return Node(op, arguments)
    node = Node(op[0], arguments)
    node.kind, node.optional = op[1:]
    return node
