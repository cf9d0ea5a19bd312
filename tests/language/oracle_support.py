"""The oracle: Google's C++ CEL runtime gives the same verdicts as the closures, on rules and on made expressions.

Where it may differ is written in `Verdict.excused`: CEL knows no uncertain list members and no infinite doubt, and it ends a
`filter`, `map` or `exists_one` at the first error. Blanks are left out of what both read: CEL takes null for a value.
"""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import product
from random import Random
from typing import Any, NamedTuple

from policycheck.language.evaluate import Compiler, Interval, environment
from policycheck.language.program import SURE, UNSURE, Program
from policycheck.language.syntax import ExpressionError, Node, parse
from policycheck.language.types import BOOL, DATE, DYN, FLOAT, INT, LIST, MAP, MOMENT, OBJECT, STRING, Checker, Type, Types
from policycheck.model import UNKNOWN
from policycheck.packs import Criteria

from .made_support import JURISDICTIONS, Maker
from .rows_support import AS_OF

_MACROS = ("all", "exists", "exists_one", "filter", "map")
_STRENGTH = {"cond": 1, "or": 2, "and": 3, "+": 5, "-": 5, "*": 6, "/": 6, "not": 7, "neg": 7}
_SIGNS = {"or": "||", "and": "&&"}
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=", "in")


#: Texts that made expressions compare with, and look for.
_COMPARED, _PARTS = ("''", "'p'", "'GB'"), ("''", "'u'", "'p'")


# Trees back to text.


def written(node: Node) -> str:
    """A tree as CEL text, with no more parentheses than it needs."""
    op, args = node.op, node.args
    if op == "literal":
        return _literal(args[0])
    if op == "name":
        return str(args[0])
    if op == "list":
        return f"[{', '.join(map(written, args))}]"
    if op in ("call", "has"):
        name, parts = (args[0], args[1:]) if op == "call" else ("has", args)
        return f"{name}({', '.join(map(written, parts))})"
    if op in ("select", "index", "method", *_MACROS):
        return _postfix(node)
    return _operation(node)


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _postfix(node: Node) -> str:
    op, args = node.op, node.args
    target = _within(args[1] if op == "method" else args[0], 8)
    if op == "select":
        return f"{target}.{args[1]}"
    if op == "index":
        return f"{target}[{written(args[1])}]"
    if op == "method":
        return f"{target}.{args[0]}({', '.join(map(written, args[2:]))})"
    return f"{target}.{op}({args[1]}, {written(args[2])})"


def _operation(node: Node) -> str:
    op, args = node.op, node.args
    if op == "cond":
        return f"{_within(args[0], 2)} ? {_within(args[1], 2)} : {written(args[2])}"
    if op in ("not", "neg"):
        return f"{'!' if op == 'not' else '-'}{_within(args[0], 8)}"
    strength = _strength(node)
    # Comparisons do not chain, the others lean to the left.
    left = strength + 1 if op in _COMPARISONS else strength
    return f"{_within(args[0], left)} {_SIGNS.get(op, op)} {_within(args[1], strength + 1)}"


def _strength(node: Node) -> int:
    if node.op == "literal" and not isinstance(node.args[0], (bool, str)) and node.args[0] < 0:
        return 7
    return 4 if node.op in _COMPARISONS else _STRENGTH.get(node.op, 9)


def _within(node: Node, strength: int) -> str:
    text = written(node)
    return text if _strength(node) >= strength else f"({text})"


class Expander:
    """Writes definitions and lets out where they are used, with macro variables renamed so that none is caught."""

    def __init__(self, definitions: Mapping[str, Mapping[str, Node]]) -> None:
        self.definitions = definitions
        self.fresh = 0

    def expand(self, node: Node, given: Mapping[str, Node]) -> Node:
        """The tree with the names in `given` and every definition replaced."""
        if node.op == "name":
            return given.get(node.args[0], node)
        if node.op == "select" and node.kind:
            owner = self.expand(node.args[0], given)
            return self.expand(self.definitions[node.kind][node.args[1]], {node.kind: owner})
        if node.op in _MACROS:
            return self._macro(node, given)
        args = tuple(self.expand(part, given) if isinstance(part, Node) else part for part in node.args)
        return Node(node.op, args, node.start, node.end)

    def _macro(self, node: Node, given: Mapping[str, Node]) -> Node:
        source, variable, body = node.args
        self.fresh += 1
        name = f"v{self.fresh}_{variable}"
        inner = self.expand(body, {**given, variable: Node("name", (name,), node.start, node.end)})
        return Node(node.op, (self.expand(source, given), name, inner), node.start, node.end)


# The functions of the language for CEL, written a second time.


def _moment(value: str | datetime) -> datetime:
    found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if found.tzinfo is None or (isinstance(value, str) and len(value) < 20):
        raise ValueError("no moment")
    return found


def _midnight(value: str | datetime) -> datetime:
    if isinstance(value, str) and len(value) == 10:
        return datetime.combine(date.fromisoformat(value), datetime.min.time(), UTC)
    utc = _moment(value).astimezone(UTC)
    return utc.replace(hour=0, minute=0, second=0, microsecond=0)


def _days(start: Any, end: Any) -> int:
    return (_midnight(end) - _midnight(start)).days


def _hours(start: Any, end: Any) -> int:
    seconds = (_moment(end) - _moment(start)).total_seconds()
    whole = int(abs(seconds) // 3600) + (abs(seconds) % 3600 > 0)
    return whole if seconds >= 0 else -whole


def _own_day(value: Any) -> date:
    return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else _moment(value).date()


def _working_days(start: Any, end: Any, holidays: list[Any]) -> int:
    first, last = _own_day(start), _own_day(end)
    sign = 1 if first <= last else -1
    first, last = min(first, last), max(first, last)
    free = {date.fromisoformat(day) for day in holidays}
    if {day.year for day in free} < set(range(first.year, last.year + 1)):
        raise ValueError("the holidays do not cover the span")
    every = (first + timedelta(days=n) for n in range(1, (last - first).days + 1))
    late = sign > 0 and (last.weekday() > 4 or last in free)
    return sign * sum(day.weekday() < 5 and day not in free for day in every) + late


def _largest(values: list[Any]) -> Any:
    if not values or any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in values):
        raise ValueError("no largest")
    return max(values)


class Oracle:
    """A CEL environment in which the sections of the manifest and every bound name may be anything."""

    def __init__(self, types: Types) -> None:
        from cel_expr_python import cel  # type: ignore[import-not-found,unused-ignore]

        self.cel = cel
        self.sections = set(types.names(types.root))
        self._compiled: dict[str, Any] = {}
        self._envs: dict[frozenset[str], Any] = {}

    def _environment(self, names: frozenset[str]) -> Any:
        if names not in self._envs:
            variables = dict.fromkeys(self.sections | names | {"data", "as_of"}, self.cel.Type.DYN)
            self._envs[names] = self.cel.NewEnv(variables=variables, functions=list(self._functions()))
        return self._envs[names]

    def _functions(self) -> Iterator[Any]:
        kinds = self.cel.Type
        when, whole = (kinds.STRING, kinds.TIMESTAMP), kinds.INT
        yield self._declared("date", [when], kinds.TIMESTAMP, _midnight)
        yield self._declared("instant", [when], kinds.TIMESTAMP, _moment)
        yield self._declared("days", [when, when], whole, _days)
        yield self._declared("hours", [when, when], whole, _hours)
        yield self._declared("working_days", [when, when, (kinds.LIST,)], whole, _working_days)
        yield self._declared("max", [(kinds.LIST,)], kinds.DYN, _largest)

    def _declared(self, name: str, parameters: list[Any], result: Any, work: Callable[..., Any]) -> Any:
        overloads = [
            self.cel.Overload(f"{name}_{number}", result, list(chosen), False, work)
            for number, chosen in enumerate(product(*parameters))
        ]
        return self.cel.FunctionDecl(name, overloads)

    def value(self, text: str, data: Mapping[str, Any]) -> Any:
        """What CEL says of an expression; an error is UNKNOWN. Raises when the text is no CEL."""
        names = frozenset(data) - self.sections - {"data", "as_of"}
        if (text, names) not in self._compiled:
            self._compiled[text, names] = self._environment(names).compile(text)  # type: ignore[index]
        found = self._compiled[text, names].eval(data=dict(data))  # type: ignore[index]
        return UNKNOWN if found.type() == self.cel.Type.ERROR else found.plain_value()


# One comparison.


class Verdict(NamedTuple):
    """What both said of one expression on one manifest."""

    text: str
    ours: Any
    theirs: Any
    ops: frozenset[str]

    @property
    def agrees(self) -> bool:
        """Both definite and equal, or both without an answer."""
        if self.ours is UNKNOWN or self.theirs is UNKNOWN:
            return self.ours is self.theirs
        return type(self.ours) is type(self.theirs) and bool(self.ours == self.theirs)

    @property
    def excused(self) -> str:
        """Which documented difference this is; empty when it is none."""
        if self.agrees:
            return ""
        if self.theirs is UNKNOWN and self.ops & {"filter", "map", "exists_one"}:
            # Ours keeps the rest of a list when one member cannot be told, and the rest may be enough.
            return "uncertain members"
        if self.theirs is UNKNOWN and "has" in self.ops:
            return "has below an absent part"
        if self.ours is UNKNOWN and "/" in self.ops and "float" in self.ops:
            return "fractional division by zero"
        return ""


def ops_of(node: Node) -> frozenset[str]:
    """The operators of a tree, and `float` when a fraction is written in it or read."""
    found = {node.op} | ({"float"} if node.op == "literal" and isinstance(node.args[0], float) else set())
    for part in node.args:
        if isinstance(part, Node):
            found |= ops_of(part)
    return frozenset(found)


_SUBDIVISION = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")


def for_both(value: Any) -> Any:
    """A copy without blanks, which CEL would take for values, and with countries for their subdivisions."""
    if isinstance(value, dict):
        return {_country(k): for_both(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [for_both(item) for item in value if item is not None]
    return _country(value) if isinstance(value, str) else value


def _country(text: str) -> str:
    return text[:2] if _SUBDIVISION.fullmatch(text) else text


class Prepared(NamedTuple):
    """A rule's conditions with everything written out: our tree, and the text for CEL."""

    program: Program
    parts: tuple[tuple[Node, str, frozenset[str]], ...]


def prepared(criteria: Criteria, rule_id: str) -> Prepared:
    """The `let`, `when` and `assert` of a rule, for both."""
    program = criteria.program(criteria.every_rule[rule_id])
    expander = Expander(criteria.trees)
    given: dict[str, Node] = {}
    parts = []
    for name, node in program.lets:
        given[name] = expander.expand(node, dict(given))
        parts.append((node, given[name]))
    for tree in (program.when, program.claim):
        if tree is not None:
            parts.append((tree, expander.expand(tree, given)))
    return Prepared(program, tuple((node, written(whole), ops_of(whole)) for node, whole in parts))


def rule_verdicts(oracle: Oracle, criteria: Criteria, rule: Prepared, data: dict[str, Any]) -> Iterator[Verdict]:
    """Both on every set of bindings of a rule."""
    tables = criteria.tables(AS_OF)
    env = environment(data, tables, AS_OF)
    for met in rule.program.walk(env):
        if met not in (SURE, UNSURE):
            continue
        bound = {k: v for k, v in rule.program.bound(env).items() if v is not UNKNOWN}
        given = {**data, "data": tables, "as_of": AS_OF, **bound}
        for node, text, ops in rule.parts:
            assert node.run is not None
            yield Verdict(text, _plain(node.run(env)), _plain(oracle.value(text, given)), ops)


def _plain(value: Any) -> Any:
    """Values that both can have: days and moments are compared inside expressions only."""
    if isinstance(value, (Interval, date, datetime)):
        return UNKNOWN
    if isinstance(value, list) and getattr(value, "maybe", None):
        return UNKNOWN
    if isinstance(value, (dict, list)):
        return "a container"
    return value


# Made expressions.


class ExpressionMaker:
    """Random conditions over the manifest schema, as a rule author could write them."""

    def __init__(self, types: Types, words: set[str], random: Random) -> None:
        self.types, self.words, self.random = types, words, random

    def make(self) -> str:
        """A condition without a type mistake."""
        while True:
            text = self.condition(3, {})
            try:
                tree = parse(text)
            except ExpressionError:
                continue
            checker = Checker(self.types, {}, {"as_of": Type(DATE)})
            checker.check(tree)
            if not [m for m, _, _ in checker.mistakes if not m.startswith("all over")]:
                return text

    def condition(self, depth: int, scope: dict[str, Type]) -> str:
        """A condition of at most `depth` levels."""
        if depth == 0 or self.random.random() < 0.2:
            return self.leaf(scope)
        shape = self.random.randrange(8)
        if shape < 3:
            return f"({self.condition(depth - 1, scope)} {('&&', '||')[shape % 2]} {self.condition(depth - 1, scope)})"
        if shape == 3:
            return f"!({self.condition(depth - 1, scope)})"
        if shape == 4:
            return f"({self.condition(0, scope)} ? {self.condition(depth - 1, scope)} : {self.condition(0, scope)})"
        return self.quantified(depth, scope)

    def quantified(self, depth: int, scope: dict[str, Type]) -> str:
        """A quantifier over a list, perhaps filtered first."""
        text, found = self.path(scope, LIST)
        name = f"x{len(scope)}"
        inner = {**scope, name: found.item or found}
        macro = self.random.choice(("all", "exists", "exists", "exists_one"))
        if self.random.random() < 0.2:
            text = f"{text}.filter({name}, {self.condition(0, inner)})"
            if self.random.random() < 0.4:
                return f"size({text}) {self.compare()} {self.random.randint(0, 2)}"
        return f"{text}.{macro}({name}, {self.condition(depth - 1, inner)})"

    def leaf(self, scope: dict[str, Type]) -> str:
        """A comparison, a membership, a presence or a truth value."""
        made = self.random.choice(
            (self.equality, self.equality, self.numbers, self.dates, self.member, self.truth, self.begins)
        )
        return made(scope)

    def equality(self, scope: dict[str, Type]) -> str:
        text, found = self.path(scope, STRING)
        if self.random.random() < 0.1:
            text, found = self.path(scope, DATE)
        sign = self.random.choice(("==", "!="))
        if found.enum:
            return f"{text} {sign} '{self.random.choice(found.enum)}'"
        if self.random.random() < 0.3:
            return f"{text} {sign} {self.path(scope, STRING)[0]}"
        return f"{text} {sign} {self.random.choice(_COMPARED)}"

    def numbers(self, scope: dict[str, Type]) -> str:
        if self.random.random() < 0.1:
            return f"{self.path(scope, FLOAT)[0]} {self.compare()} {self.random.choice((0.5, 99.5))}"
        return f"{self.number(scope)} {self.compare()} {self.number(scope)}"

    def number(self, scope: dict[str, Type]) -> str:
        shape = self.random.randrange(7)
        if shape == 0:
            return str(self.random.choice((-1, 0, 1, 30, 365)))
        if shape == 1:
            return f"size({self.path(scope, LIST)[0]})"
        if shape == 2:
            return f"days({self.path(scope, DATE)[0]}, as_of)"
        if shape == 3:
            return f"hours({self.path(scope, MOMENT)[0]}, {self.path(scope, MOMENT)[0]})"
        if shape == 4:
            return f"({self.path(scope, INT)[0]} {self.random.choice('+-*/')} {self.path(scope, INT)[0]})"
        return self.path(scope, INT)[0]

    def dates(self, scope: dict[str, Type]) -> str:
        if self.random.random() < 0.3:
            left, right = self.path(scope, MOMENT)[0], self.path(scope, MOMENT)[0]
            return f"instant({left}) {self.compare()} instant({right})"
        then = self.random.choice((self.path(scope, DATE)[0], "as_of"))
        return f"date({self.path(scope, DATE)[0]}) {self.compare()} date({then})"

    def member(self, scope: dict[str, Type]) -> str:
        text, found = self.path(scope, STRING)
        if found.enum:
            chosen = [self.random.choice(found.enum) for _ in range(self.random.randint(1, 3))]
            return f"{text} in {json.dumps(chosen)}"
        return f"{text} in {self.path(scope, LIST)[0]}"

    def truth(self, scope: dict[str, Type]) -> str:
        text, found = self.path(scope, BOOL)
        optional, wanted = self.path(scope, OBJECT)
        if wanted.absent_ok and "." in optional and not optional.endswith("]"):
            return f"has({optional})"
        return text if found.kind == BOOL else "true"

    def begins(self, scope: dict[str, Type]) -> str:
        method = self.random.choice(("startsWith", "endsWith", "contains"))
        return f"{self.path(scope, STRING)[0]}.{method}({self.random.choice(_PARTS)})"

    def compare(self) -> str:
        return self.random.choice(("<", "<=", ">", ">=", "==", "!="))

    def path(self, scope: dict[str, Type], kind: str) -> tuple[str, Type]:
        """A path to a value of a kind, from a bound name when one leads there."""
        for _ in range(200):
            text, found = self._walk(scope)
            if found.kind == kind:
                return text, found
        return {LIST: ("[]", Type(LIST, item=Type(DYN))), BOOL: ("true", Type(BOOL)), INT: ("1", Type(INT))}.get(
            kind, ('""', Type(STRING))
        )

    def _walk(self, scope: dict[str, Type]) -> tuple[str, Type]:
        names = [name for name in self.types.names(self.types.root) if name in self.words]
        name = self.random.choice([*scope, *scope, *names])
        text, at = name, scope[name] if name in scope else self.types.field(self.types.root, name)
        for _ in range(4):
            if at.kind == OBJECT:
                known = [n for n in self.types.names(at) if n in self.words]
                if not known or self.random.random() < 0.05:
                    break
                step = self.random.choice(known)
                text, at = f"{text}.{step}", self.types.field(at, step)
            elif at.kind == MAP:
                text, at = f"{text}['{self.random.choice(JURISDICTIONS)}']", at.item or at
            elif at.kind == LIST and self.random.random() < 0.2:
                text, at = f"{text}[{self.random.randint(0, 1)}]", at.item or at
            else:
                break
        return text, at


def expression_verdict(oracle: Oracle, types: Types, text: str, data: dict[str, Any]) -> Verdict:
    """Both on one condition over a whole manifest."""
    tree = parse(text)
    Checker(types, {}, {"as_of": Type(DATE)}).check(tree)
    env = environment(data, {}, AS_OF)
    ours = Compiler({}, set()).compile(tree)(env)
    return Verdict(text, _plain(ours), _plain(oracle.value(text, {**data, "as_of": AS_OF, "data": {}})), ops_of(tree))


# Many comparisons.


class Tally:
    """What a run of the oracle found."""

    def __init__(self) -> None:
        self.cases = 0
        self.agreed: Counter[str] = Counter()
        self.excused: Counter[str] = Counter()
        self.wrong: list[tuple[Verdict, Any]] = []

    def add(self, verdict: Verdict, data: Any) -> None:
        """Count one comparison."""
        if verdict.agrees:
            self.agreed[_named(verdict.ours)] += 1
        elif verdict.excused:
            self.excused[verdict.excused] += 1
        else:
            self.wrong.append((verdict, copy.deepcopy(data)))


def _named(value: Any) -> str:
    return "unknown" if value is UNKNOWN else str(value).lower() if isinstance(value, bool) else "other values"


def keys_of(value: Any) -> set[str]:
    """Every key that manifests use, so that made values and paths meet."""
    if isinstance(value, dict):
        return set(value) | {k for inner in value.values() for k in keys_of(inner)}
    return {k for inner in value for k in keys_of(inner)} if isinstance(value, list) else set()


def joined(fragments: list[dict[str, Any]]) -> dict[str, Any]:
    """Fragments as one manifest: lists one after the other, anything else from the last that says it."""
    whole: dict[str, Any] = {}
    for fragment in fragments:
        for key, value in fragment.items():
            whole[key] = [*whole.get(key, []), *value] if isinstance(value, list) else value
    return whole


def compare_rules(
    oracle: Oracle, criteria: Criteria, given: list[tuple[str, Any]], cases: int, random: Random, words: set[str]
) -> Tally:
    """Rules on random changes of the manifests that were given with them."""
    tally, maker = Tally(), Maker(criteria.types, words, random)
    ready: dict[str, Prepared] = {}
    while tally.cases < cases:
        rule, data = given[tally.cases % len(given)]
        if rule not in ready:
            ready[rule] = prepared(criteria, rule)
        made = for_both(data if tally.cases < len(given) else maker.changed(data))
        for verdict in rule_verdicts(oracle, criteria, ready[rule], made):
            tally.add(verdict, made)
        tally.cases += 1
    return tally


def compare_expressions(
    oracle: Oracle, types: Types, fragments: list[dict[str, Any]], cases: int, random: Random, words: set[str]
) -> Tally:
    """Made conditions on made manifests, each condition on five of them."""
    tally = Tally()
    maker, author = Maker(types, words, random), ExpressionMaker(types, words, random)
    text = ""
    while tally.cases < cases:
        if tally.cases % 5 == 0:
            text = author.make()
        data = for_both(maker.changed(joined(random.sample(fragments, 30))))
        tally.add(expression_verdict(oracle, types, text, data), data)
        tally.cases += 1
    return tally
