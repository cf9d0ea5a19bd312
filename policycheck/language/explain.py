"""The facts behind a value: which paths of the manifest decided it, what they say and where they stand.

The closures say *what*; this walks the same tree once more for the findings that are shown, asks the closures of the
parts, and follows only the parts that decided. It never changes a verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from policycheck.language.evaluate import LETS, ROOT, STATE, WALKED, Env, Members, keyed
from policycheck.language.syntax import Node
from policycheck.model import UNKNOWN, Fact, Location, Place

MAX_FACTS = 24
MAX_ITEMS = 40


class Standing(NamedTuple):
    """How facts stand, by key route: what artefacts deny, what was read in one, and what is only supported."""

    denied: frozenset[str] = frozenset()
    verified: frozenset[str] = frozenset()
    supported: frozenset[str] = frozenset()

    def of(self, routes: Collection[str]) -> int:
        """The more, the better they stand together: one that is denied spoils all, one that was read carries them."""
        if not self.denied.isdisjoint(routes):
            return -1
        if not self.verified.isdisjoint(routes):
            return _READ
        return int(any(not self.supported.isdisjoint(_above(route)) for route in routes))


#: How facts stand of which one was read in an artefact: nothing stands better.
_READ = 2


def _above(route: str) -> Iterator[str]:
    """A key route, and those of all that holds it."""
    yield route
    for at, mark in enumerate(route):
        if mark in ".[":
            yield route[:at]


class Explainer:
    """Collects the facts of one evaluation, first things first, without repeating a path."""

    def __init__(self, place: Place, definitions: dict[str, dict[str, Node]], known: dict[Any, Fact] | None = None,
                 reasons: dict[Any, tuple[tuple[Fact, ...], bool]] | None = None,
                 standing: Standing | None = None) -> None:  # fmt: skip
        self.place, self.definitions, self._standing = place, definitions, standing
        #: Facts of this place that were made before, by container and key: many findings rest on the same ones.
        self._known: dict[Any, Fact] = {} if known is None else known
        self._reasons: dict[Any, tuple[tuple[Fact, ...], bool]] = {} if reasons is None else reasons
        self.facts: dict[str, Fact] = {}
        #: Items' own names that were read. They tell a thing from others and are facts only where there is no other.
        self._names: dict[str, Fact] = {}
        #: True when a search over a list found nothing before any other fact decided: the finding stands at its subject.
        self.searched = False
        self._later: list[Callable[[], None]] = []
        self._notes: Mapping[Any, str] = getattr(place, "notes", {})

    def explain(self, node: Node, env: Env) -> None:
        """Add the facts that decided `node` in `env`; those behind a `let` come after all others."""
        self._explain(node, env)
        while self._later:
            self._later.pop(0)()

    def shown(self) -> tuple[Fact, ...]:
        """What was collected; the names of things where nothing else was."""
        return tuple(self.facts.values() or islice(self._names.values(), MAX_FACTS))

    def _explain(self, node: Node, env: Env) -> None:
        if len(self.facts) < MAX_FACTS:
            handler = _HANDLERS.get(node.op)
            if handler is None:
                self._parts(node, env)
            else:
                handler(self, node, env)

    def _parts(self, node: Node, env: Env) -> None:
        for part in node.args:
            # What the rule itself says is no fact.
            if type(part) is Node and part.op != "literal":
                self._explain(part, env)

    def logic(self, node: Node, env: Env) -> None:
        """&& and ||: when one side was enough, that side; else every side that kept the answer open."""
        decisive, parts = node.op == "or", node.links()
        unknown = []
        for part in parts:
            value = part.run(env)
            if value is decisive:
                self._explain(part, env)
                return
            if value is UNKNOWN:
                unknown.append(part)
        for part in sorted(unknown or parts, key=_guards):
            self._explain(part, env)

    def choice(self, node: Node, env: Env) -> None:
        """c ? a : b."""
        self._explain(node.args[0], env)
        test = node.args[0].run(env)
        if test is not UNKNOWN:
            self._explain(node.args[1 if test is True else 2], env)

    def quantifier(self, node: Node, env: Env) -> None:
        """all, exists, exists_one: an item that was enough, else every item that kept the answer open.

        Of several that are each enough, the first whose facts stand best: what is verified must not turn on their order.
        """
        source = node.args[0]
        items = source.run(env)
        if not isinstance(items, list):
            self._explain(source, env)
            return
        if not items:
            self._nothing(source, env)
            return
        answer, deciding = _decided(node, items, env)
        if answer is False and node.op == "exists" and not self.facts:
            self.searched = True
        if self._standing is not None and answer is (node.op != "all"):
            self._best(node, items, deciding[0], env)
            return
        for position in deciding:
            self._item(node, items, position, env, answer)
        if node.op == "exists" and answer is False:
            self._nothing(source, env)

    def _item(self, node: Node, items: list[Any], position: int, env: Env, answer: Any) -> None:
        """One item of those that decided."""
        source, variable, body = node.args
        self._explain(body, _bound(env, variable, items, position))
        if answer is not False or node.op != "exists" or self._is_mapped(source, env):
            self._kept(source, items, position, env)

    def _best(self, node: Node, items: list[Any], first: int, env: Env) -> None:
        """Of the items that are each enough, MAX_ITEMS at most, the first whose facts stand best."""
        assert self._standing is not None
        answer, outer, before, later = node.op != "all", self.facts, self.searched, self._later
        _, variable, body = node.args
        best = None
        for position in islice(_valued(items, variable, body, env, answer, first), MAX_ITEMS):
            self.facts, self.searched, self._later = {}, False, []
            self._item(node, items, position, env, answer)
            stands = self._standing.of(self.facts)
            if best is None or stands > best[0]:
                best = stands, self.facts, self.searched, self._later
            if stands == _READ:
                break
        assert best is not None
        _, facts, searched, behind = best
        self.facts, self.searched, self._later = outer, before or (searched and not outer), [*later, *behind]
        for route, fact in facts.items():
            outer.setdefault(route, fact)

    def walk(self, node: Node, env: Env) -> None:
        """filter and map, when their whole result counts."""
        source, variable, body = node.args
        items = source.run(env)
        if not isinstance(items, list) or not items:
            self._nothing(source, env)
            return
        each = [_bound(env, variable, items, position) for position in range(min(len(items), MAX_ITEMS))]
        for position, inner in enumerate(each):
            if node.op == "map" or body.run(inner) is not False:
                self._explain(body, inner)
                self._kept(source, items, position, env)
        kept = node.run(env)
        if isinstance(kept, list) and not kept:
            self._nothing(source, env)
            # A list of which nothing is left, and no other reason: what left each item out.
            for inner in each if not self.facts else ():
                self._explain(body, inner)

    def _kept(self, source: Node, items: list[Any], position: int, env: Env) -> None:
        """Why a list that the rule made, written out or by a filter or a map, holds the item at a position."""
        made, inner, is_let = self._maker(source, env)
        if made is None:
            return
        if made.op == "list":
            if made.args[position].op != "literal":
                self._say(is_let, made.args[position], inner)
            return
        below, variable, body = made.args
        before = below.run(inner)
        if not isinstance(before, list):
            return
        at = position if made.op == "map" else _unfiltered(made, before, items, position, inner)
        self._say(is_let, body, _bound(inner, variable, before, at))
        step = partial(self._kept, below, before, at, inner)
        self._later.append(step) if is_let else step()

    def _is_mapped(self, source: Node, env: Env) -> bool:
        """Whether what is searched are values that the rule read from things, not the things."""
        made, _, _ = self._maker(source, env)
        return made is not None and made.op == "map"

    def _say(self, is_let: bool, node: Node, env: Env) -> None:
        """Explain now, or after all others what a `let` says."""
        if is_let:
            self._later.append(partial(self._explain, node, env))
        else:
            self._explain(node, env)

    def _maker(self, source: Node, env: Env) -> tuple[Node | None, Env, bool]:
        """What of the rule made a list, behind definitions and the names of a `let`, and whether there is one of these."""
        is_let = False
        while source.op not in ("filter", "map", "list"):
            if source.op == "select" and source.kind:
                holder = source.args[0].run(env)
                if not isinstance(holder, dict):
                    return None, env, is_let
                source, env = self.definitions[source.kind][source.args[1]], _inside(env, source.kind, holder)
            elif source.op == "name" and source.args[0] in env.get(LETS, ()):
                source, is_let = env[LETS][source.args[0]], True
            else:
                return None, env, is_let
        return source, env, is_let

    def _nothing(self, source: Node, env: Env) -> None:
        """A search that found nothing rests on the list it searched."""
        self.searched = self.searched or not self.facts
        made, inner, is_let = self._maker(source, env)
        if made is not None and made.args:
            step = partial(self._made_of_nothing, made, inner)
            self._later.append(step) if is_let else step()
        elif source.run(env) in (UNKNOWN, []):
            self._explain(source, env)

    def _made_of_nothing(self, made: Node, env: Env) -> None:
        if made.op == "list":
            self._parts(made, env)
            return
        if made.op == "filter":
            self._left_out(made, env)
        self._nothing(made.args[0], env)

    def _left_out(self, node: Node, env: Env) -> None:
        """Items a filter left out for one reason only are worth a fact: the control that is merely planned."""
        source, variable, body = node.args
        items = source.run(env)
        conditions = body.links() if body.op == "and" else [body]
        if not isinstance(items, list) or len(conditions) < 2:
            return
        for item in items[:MAX_ITEMS]:
            inner = {**env, variable: item}
            against = [part for part in conditions if part.run(inner) is not True]
            if len(against) == 1 and against[0].op == "==":
                self._explain(against[0], inner)

    def select(self, node: Node, env: Env) -> None:
        """A field: a fact, or the reason behind a definition."""
        holder = node.args[0].run(env)
        name = node.args[1]
        if node.kind:
            if isinstance(holder, dict):
                self._definition(node.kind, name, holder, env)
            else:
                self._explain(node.args[0], env)
        elif isinstance(holder, dict):
            if not self.fact(holder, name):
                # A row of a pack table stands nowhere in the manifest; what chose it may.
                self._explain(node.args[0], env)
        elif node.args[0].op in ("select", "name", "index"):
            self._absent(node, env)

    def _definition(self, kind: str, name: str, holder: Any, env: Env) -> None:
        """The reasons behind a definition: the same for every rule that asks the same thing of the same subject."""
        key = (kind, name, id(holder))
        if key not in self._reasons:
            outer, searched = self.facts, self.searched
            self.facts, self.searched = {}, False
            self._explain(self.definitions[kind][name], _inside(env, kind, holder))
            self._reasons[key] = (tuple(self.facts.values()), self.searched)
            self.facts, self.searched = outer, searched
        facts, searched = self._reasons[key]
        self.searched = self.searched or (searched and not self.facts)
        for fact in facts:
            self.facts.setdefault(fact.route, fact)

    def name(self, node: Node, env: Env) -> None:
        """A section of the manifest; bound names explain themselves through their fields."""
        name = node.args[0]
        if name in env and name not in (ROOT, STATE):
            if name in env.get(LETS, ()) and isinstance(env[name], list):
                self._later.append(partial(self._explain, env[LETS][name], env))
            elif name not in ("as_of", "data") and not isinstance(env[name], (dict, list)):
                self._bound_value(name, env)
            return
        self.fact(env[ROOT], name)

    def _bound_value(self, name: str, env: Env) -> None:
        """A single value that a rule gave a name: its let, the list it was walked in, or else the name itself."""
        holder, position, source = env.get(WALKED, {}).get(name, (None, 0, None))
        if name in env.get(LETS, ()):
            self._later.append(partial(self._explain, env[LETS][name], env))
        elif self.place.locate(holder, position) is not None:
            self.fact(holder, position)
        elif source is not None:
            self._kept(source, holder, position, env)
        else:
            value = env[name]
            if value is not UNKNOWN or holder is not None:
                # A value that the rule itself wrote down is no fact of the manifest; one that it worked out rests on others.
                return
            self.facts.setdefault(name, Fact(name, None, False, None))

    def index(self, node: Node, env: Env) -> None:
        """A map's or list's item; a missing row of a pack table is the pack's silence, not the manifest's."""
        holder, key = node.args[0].run(env), node.args[1].run(env)
        table = _table(node.args[0])
        if table:
            self._explain(node.args[1], env)
            if node.run(env) is UNKNOWN and key is not UNKNOWN:
                route = f"{table}[{key}]"
                self.facts.setdefault(route, Fact(route, None, False, None, "pack"))
            return
        if isinstance(holder, dict) and isinstance(key, str):
            self.fact(holder, keyed(holder, key) or key)
        elif isinstance(holder, list) and isinstance(key, int) and 0 <= key < len(holder) and type(holder) is not Members:
            self.fact(holder, key)
        else:
            self._explain(node.args[0], env)

    def has(self, node: Node, env: Env) -> None:
        """A key that is written, blank or absent."""
        path = node.args[0]
        holder = path.args[0].run(env)
        if isinstance(holder, dict):
            self.fact(holder, path.args[1], "" if path.args[1] in holder else "not written")
        else:
            self._explain(path.args[0], env)

    def _absent(self, node: Node, env: Env) -> None:
        """Below something that is itself missing: the fact is the missing path, at the nearest declared parent."""
        steps: list[str] = []
        at = node
        while at.op == "select" and not at.kind and not isinstance(at.args[0].run(env), dict):
            steps.append(at.args[1])
            at = at.args[0]
        if at.op == "select" and not at.kind:
            holder = at.args[0].run(env)
            route = ".".join([self.place.route(holder, at.args[1]), *reversed(steps)])
            self._add(route, UNKNOWN, self.place.locate(holder, at.args[1]), "")
        elif at.op == "name" and at.args[0] not in env:
            route = ".".join([at.args[0], *reversed(steps)])
            self._add(route, UNKNOWN, self.place.locate(env[ROOT], at.args[0]), "")
        else:
            self._explain(at, env)

    def fact(self, holder: Any, key: Any, note: str = "") -> bool:
        """Add one value of the manifest, with its place; false when it stands in no manifest (a row of a pack table)."""
        at = (id(holder), key, note)
        known = self._known.get(at)
        if known is not None:
            self.facts.setdefault(known.route, known)
            return True
        location = self.place.locate(holder, key)
        if location is None:
            return False
        if key in ("id", "name") and holder.get(key) is not None:
            if not self.facts:
                self._names.setdefault(location.route, self._made(location.route, holder[key], location, note))
            return True
        value = holder[key] if isinstance(holder, list) else holder.get(key)
        self._known[at] = self._add(location.route, value, location, note)
        return True

    def _add(self, route: str, value: Any, location: Location | None, note: str) -> Fact:
        return self.facts.setdefault(route, self._made(route, value, location, note))

    def _made(self, route: str, value: Any, location: Location | None, note: str) -> Fact:
        declared = value is not None and value is not UNKNOWN
        shown = _plain(value) if declared else None
        said = self._notes.get(location) if self._notes else None
        source = "manifest" if said is None else "artefact"
        return Fact(route, shown, declared, location, source, note or said or "")


def _inside(env: Env, kind: str, holder: Any) -> Env:
    return {ROOT: env[ROOT], "data": env["data"], "as_of": env["as_of"], STATE: env[STATE], kind: holder}


def _bound(env: Env, variable: str, items: list[Any], position: int) -> Env:
    """The environment in which a macro's variable is one item; a single value keeps its place."""
    inner = {**env, variable: items[position]}
    if not isinstance(items[position], dict):
        inner[WALKED] = {**env.get(WALKED, {}), variable: (items, position, None)}
    return inner


def _unfiltered(node: Node, before: list[Any], items: list[Any], position: int, env: Env) -> int:
    """Where the item at a position of a filtered list stood before; equal texts are told apart by their order."""
    _, variable, body = node.args
    item = items[position]
    if isinstance(item, dict):
        return next((at for at, other in enumerate(before) if other is item), 0)
    kept = (at for at, other in enumerate(before) if body.run({**env, variable: other}) is not False)
    return next(islice(kept, position, None), 0)


def _decided(node: Node, items: list[Any], env: Env) -> tuple[Any, list[int]]:
    """The answer of a quantifier and the positions of the items that decided it: one where one is enough, or MAX_ITEMS."""
    _, variable, body = node.args
    answer: Any
    if node.op == "exists_one":
        answer = node.run(env)
        return answer, _deciding(items, variable, body, env, answer)
    decisive = node.op == "exists"
    maybe = items.maybe if type(items) is Members else ()
    inner, unknown = {**env}, list[int]()
    answer = not decisive
    for position, item in enumerate(items):
        inner[variable] = item
        value = body.run(inner)
        if value is decisive and position not in maybe:
            return decisive, [position]
        if value is not (not decisive):
            answer = UNKNOWN
            if value is UNKNOWN:
                unknown.append(position)
    return answer, (unknown or list(range(len(items))))[:MAX_ITEMS]


def _deciding(items: list[Any], variable: str, body: Node, env: Env, answer: Any) -> list[int]:
    """The same for `exists_one`."""
    every = list(range(min(len(items), MAX_ITEMS)))
    if answer is True:
        return list(islice(_valued(items, variable, body, env, True), 1))
    if answer is UNKNOWN:
        return list(islice(_valued(items, variable, body, env, UNKNOWN), MAX_ITEMS)) or every
    return every


def _valued(items: list[Any], variable: str, body: Node, env: Env, wanted: Any, first: int = 0) -> Iterator[int]:
    maybe = items.maybe if isinstance(items, Members) and wanted is not UNKNOWN else ()
    for position, item in enumerate(items[first:], first):
        if position not in maybe and body.run({**env, variable: item}) is wanted:
            yield position


_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})


def _guards(node: Node) -> bool:
    if node.guards is None:
        node.guards = _only_sizes(node)
    return node.guards


def _only_sizes(node: Node) -> bool:
    """Whether a condition only asks for the size of a list: it decides less than what stands beside it."""
    if node.op in ("and", "or"):
        return all(_guards(part) for part in node.args)
    sized = (part.op in ("call", "method") and part.args[0] == "size" for part in node.args if isinstance(part, Node))
    return node.op in _COMPARISONS and any(sized)


def _table(node: Node) -> str:
    """`data.clocks` for an index into a pack table, else an empty text."""
    if node.op == "select" and node.args[0].op == "name" and node.args[0].args[0] == "data":
        return f"data.{node.args[1]}"
    return ""


def _plain(value: Any) -> Any:
    """A value as a fact shows it: scalars whole, containers by their size or scalars."""
    if isinstance(value, list):
        if all(not isinstance(item, (dict, list)) for item in value):
            return value[:20]
        return f"{len(value)} item{'s' * (len(value) != 1)}"
    return "declared" if isinstance(value, dict) else value


_HANDLERS = {
    **dict.fromkeys(("and", "or"), Explainer.logic),
    **dict.fromkeys(("all", "exists", "exists_one"), Explainer.quantifier),
    **dict.fromkeys(("filter", "map"), Explainer.walk),
    "cond": Explainer.choice,
    "select": Explainer.select,
    "name": Explainer.name,
    "index": Explainer.index,
    "has": Explainer.has,
}
