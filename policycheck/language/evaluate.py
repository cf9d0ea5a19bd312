"""Rule expressions: tree to closures. Strong Kleene logic; missing and blank are UNKNOWN everywhere.

A closure takes the environment: a dict of the bound names, with the manifest under `ROOT`, the pack's tables under
`data`, the evaluation date under `as_of`, and the evaluation's item budget and memory under `STATE`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import islice
from math import isfinite
from typing import Any, Self

from policycheck.errors import RuleError
from policycheck.language.syntax import INT_MAX, INT_MIN, MACROS, Node, uncompiled
from policycheck.model import UNKNOWN

Env = dict[str, Any]
Run = Callable[[Env], Any]
ROOT, STATE = "$root", "$state"
#: For the explanation only: the trees of a rule's `let`; and of each bound value that is no map the list, the position,
#: and the tree of the list where the rule's `for_each` bound it.
LETS, WALKED = "$lets", "$walked"
ITEM_BUDGET = 200_000
#: Lists shorter than this are searched by `in` without being counted: the count would cost more than the search. Text
#: that is joined counts as one item for so many characters: a few names, each the double of the last, would fill any memory.
UNCOUNTED = 64
#: Texts of more letters and digits are not looked up in a table that compares loosely: its texts are a few words.
LOOSE = 64
#: Stands in the memory for a definition that is being evaluated.
_OPEN = object()


class Future(str):
    """A date of something already done that lies after `as_of`: readable, but it proves nothing (design 3.7)."""

    __slots__ = ()


class Members(list[Any]):
    """A filtered list that may hold more than it should: `maybe` are the positions whose predicate was unknown."""

    __slots__ = ("maybe",)

    def __init__(self, items: list[Any], maybe: frozenset[int]) -> None:
        super().__init__(items)
        self.maybe = maybe


class Interval:
    """The size of a list with uncertain members: at least `low`, at most `high`."""

    __slots__ = ("high", "low")

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high

    def __str__(self) -> str:
        return f"{self.low} to {self.high}"


class State:
    """What one evaluation may spend and remember: an item budget, the values of definitions, tables of texts as sets."""

    __slots__ = ("budget", "memory", "texts")

    def __init__(self, budget: int = ITEM_BUDGET, texts: Mapping[str, frozenset[str]] | None = None) -> None:
        self.budget = budget
        self.texts: Mapping[str, frozenset[str]] = texts or {}
        self.memory: dict[tuple[str, str, int], Any] = {}

    def spend(self, items: int) -> None:
        """Count items walked. Raises RuleError when the budget is gone."""
        self.budget -= items
        if self.budget < 0:
            raise RuleError(f"the rule walks more than {ITEM_BUDGET} items, or joins too much text")


class Loosely(frozenset[str]):
    """A table of texts in which a text is found by its letters and digits alone: `tbd`, `T.B.D.` and `[TBD]` are one.

    Upper and lower case and full-width forms do not count either (Unicode's NFKC, folded).
    """

    def __new__(cls, texts: Iterable[str]) -> Self:
        """The table, each text as it is compared."""
        return super().__new__(cls, map(_letters, texts))

    def __contains__(self, text: object) -> bool:
        if type(text) is not str:
            return False
        short = text if len(text) <= LOOSE else _shortened(text)
        return len(short) <= LOOSE and super().__contains__(_letters(short))


@lru_cache(maxsize=4096)
def _letters(text: str) -> str:
    if not text.isascii():
        from unicodedata import normalize

        text = normalize("NFKC", text)
    return "".join(filter(str.isalnum, text.casefold()))


@lru_cache(maxsize=4096)
def _shortened(text: str) -> str:
    """A long text without what does not count, no further than it takes to see that it is too long: dashes are no answer."""
    return "".join(islice(filter(_may_count, text), LOOSE + 1))


def _may_count(char: str) -> bool:
    """Whether a character is a letter or digit, or can become one or a part of one under NFKC."""
    if char.isascii() or char.isalnum():
        return char.isalnum()
    from unicodedata import combining, normalize

    return combining(char) > 0 or any(map(str.isalnum, normalize("NFKC", char)))


class Compiler:
    """Turns trees into closures. `definitions` gives, by kind and name, the tree of a named expression."""

    def __init__(self, definitions: Mapping[str, Mapping[str, Node]], variables: set[str]) -> None:
        self.definitions = definitions
        self.variables = set(variables)

    def compile(self, node: Node) -> Run:
        """The closure of a tree; kept on the node, so that the explanation can ask for any part of it."""
        if node.run is uncompiled:
            node.run = _BUILDERS[node.op](self, node)
        return node.run

    def within(self, variable: str, body: Node) -> Run:
        """The closure of a macro's body, in which `variable` is bound."""
        added = variable not in self.variables
        self.variables.add(variable)
        run = self.compile(body)
        if added:
            self.variables.discard(variable)
        return run


def environment(
    data: Mapping[str, Any], tables: Mapping[str, Any], as_of: str, texts: Mapping[str, frozenset[str]] | None = None
) -> Env:
    """A fresh environment for one manifest; `texts` are those tables that are lists of texts, as sets."""
    return {ROOT: data, "data": tables, "as_of": as_of, STATE: State(texts=texts)}


def _literal(compiler: Compiler, node: Node) -> Run:
    value = node.args[0]
    return lambda env: value


def _name(compiler: Compiler, node: Node) -> Run:
    name = node.args[0]
    if name in compiler.variables or name in ("data", "as_of"):

        def variable(env: Env) -> Any:
            value = env[name]
            return UNKNOWN if value is None else value

        return variable

    def section(env: Env) -> Any:
        value = env[ROOT].get(name)
        return UNKNOWN if value is None else value

    return section


def _select(compiler: Compiler, node: Node) -> Run:
    owner, name = compiler.compile(node.args[0]), node.args[1]
    if node.kind:
        return _definition(compiler, node, owner)
    above = node.args[0]
    variable = _variable(compiler, above)
    if variable:
        return _field(variable, name)
    further = _variable(compiler, above.args[0]) if above.op == "select" and not above.kind else ""
    if further:
        return _inner_field(further, above.args[1], name)

    def select(env: Env) -> Any:
        holder = owner(env)
        if type(holder) is dict:
            value = holder.get(name)
            return UNKNOWN if value is None else value
        return UNKNOWN

    return select


def _variable(compiler: Compiler, node: Node) -> str:
    """The bound name that a tree is; empty when it is anything else."""
    return node.args[0] if node.op == "name" and node.args[0] in compiler.variables else ""


def _field(variable: str, name: str) -> Run:
    """A field of a bound name: the commonest step of all, without the call in between."""

    def field(env: Env) -> Any:
        holder = env[variable]
        if type(holder) is dict:
            value = holder.get(name)
            return UNKNOWN if value is None else value
        return UNKNOWN

    return field


def _inner_field(variable: str, outer: str, name: str) -> Run:
    """A field of a field of a bound name, without the calls in between."""

    def field(env: Env) -> Any:
        holder = env[variable]
        if type(holder) is dict:
            inner = holder.get(outer)
            if type(inner) is dict:
                value = inner.get(name)
                return UNKNOWN if value is None else value
        return UNKNOWN

    return field


def _definition(compiler: Compiler, node: Node, owner: Run) -> Run:
    kind, name = node.kind, node.args[1]
    body = compiler.definitions[kind][name]
    made: list[Run] = []

    def defined(env: Env) -> Any:
        holder = owner(env)
        if type(holder) is not dict:
            return UNKNOWN
        memory = env[STATE].memory
        key = (kind, name, id(holder))
        known = memory.get(key)
        if known is not None:
            if known is _OPEN:
                raise RuleError(f"the definition {kind}.{name} rests on itself")
            return known
        if not made:
            made.append(Compiler(compiler.definitions, {kind}).compile(body))
        inner = {ROOT: env[ROOT], "data": env["data"], "as_of": env["as_of"], STATE: env[STATE], kind: holder}
        memory[key] = _OPEN
        try:
            memory[key] = value = made[0](inner)
        except BaseException:
            del memory[key]
            raise
        return value

    return defined


def keyed(holder: Mapping[str, Any], key: str) -> str | None:
    """The key under which a map holds `key`: itself, or its country when it is a subdivision (`CA-QC` in `CA`)."""
    if key in holder:
        return key
    if key[2:3] == "-" and key[:2].isupper() and key[:2] in holder:
        return key[:2]
    return None


def _index(compiler: Compiler, node: Node) -> Run:
    owner, key = compiler.compile(node.args[0]), compiler.compile(node.args[1])

    def index(env: Env) -> Any:
        holder, at = owner(env), key(env)
        if isinstance(holder, dict) and type(at) is str:
            found = keyed(holder, at)
            value = None if found is None else holder[found]
        elif isinstance(holder, list) and type(at) is int and 0 <= at < len(holder):
            value = None if type(holder) is Members and holder.maybe else holder[at]
        else:
            return UNKNOWN
        return UNKNOWN if value is None else value

    return index


def _list(compiler: Compiler, node: Node) -> Run:
    parts = [compiler.compile(part) for part in node.args]
    if all(part.op == "literal" for part in node.args):
        written = [part.args[0] for part in node.args]
        return lambda env: written
    return lambda env: [part(env) for part in parts]


def _cheapest_first(parts: Sequence[Node]) -> Sequence[Node]:
    """What walks a list last: the answer does not turn on the order, and one part may be enough."""
    return sorted(parts, key=_walks) if any(map(_walks, parts[:-1])) else parts


def _walks(node: Node) -> bool:
    return node.op in MACROS or any(type(part) is Node and _walks(part) for part in node.args)


def _and(compiler: Compiler, node: Node) -> Run:
    if node.args[0].op == "and":
        return _several(compiler, node)
    left, right = (compiler.compile(part) for part in _cheapest_first(node.args))

    def both(env: Env) -> Any:
        first = left(env)
        if first is False:
            return False
        second = right(env)
        if second is False:
            return False
        return True if first is True and second is True else UNKNOWN

    return both


def _several(compiler: Compiler, node: Node) -> Run:
    """`a && b && c`, or `a || b || c`, in one step."""
    parts = [compiler.compile(part) for part in _cheapest_first(node.links())]
    enough = node.op == "or"
    otherwise = not enough

    def several(env: Env) -> Any:
        answer: Any = otherwise
        for part in parts:
            value = part(env)
            if value is enough:
                return enough
            if value is not otherwise:
                answer = UNKNOWN
        return answer

    return several


def _or(compiler: Compiler, node: Node) -> Run:
    if node.args[0].op == "or":
        return _several(compiler, node)
    left, right = (compiler.compile(part) for part in _cheapest_first(node.args))

    def either(env: Env) -> Any:
        first = left(env)
        if first is True:
            return True
        second = right(env)
        if second is True:
            return True
        return False if first is False and second is False else UNKNOWN

    return either


def _not(compiler: Compiler, node: Node) -> Run:
    run = compiler.compile(node.args[0])

    def negated(env: Env) -> Any:
        value = run(env)
        return not value if value is True or value is False else UNKNOWN

    return negated


def _neg(compiler: Compiler, node: Node) -> Run:
    run = compiler.compile(node.args[0])

    def negative(env: Env) -> Any:
        value = run(env)
        return _fits(-value) if type(value) in (int, float) else UNKNOWN

    return negative


def _cond(compiler: Compiler, node: Node) -> Run:
    test, yes, no = (compiler.compile(part) for part in node.args)

    def choose(env: Env) -> Any:
        value = test(env)
        if value is True:
            return yes(env)
        return no(env) if value is False else UNKNOWN

    return choose


def _fits(number: Any) -> Any:
    if type(number) is int and not INT_MIN <= number <= INT_MAX:
        return UNKNOWN
    # Beyond the largest fraction CEL gives infinity; a verdict that rests on it would pass without having been evaluated.
    return UNKNOWN if type(number) is float and not isfinite(number) else number


def _divide(left: Any, right: Any) -> Any:
    if type(left) is int:
        if right == 0:
            return UNKNOWN
        quotient = abs(left) // abs(right)
        return quotient if (left < 0) == (right < 0) else -quotient
    return left / right if right else UNKNOWN


def _plus(left: Any, right: Any) -> Any:
    return left + right


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": _plus,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": _divide,
}


def _arithmetic(compiler: Compiler, node: Node) -> Run:
    left, right = (compiler.compile(part) for part in node.args)
    work, adds = _ARITHMETIC[node.op], node.op == "+"

    def calculate(env: Env) -> Any:
        first, second = left(env), right(env)
        kind = type(first)
        if kind is not type(second):
            return UNKNOWN
        if kind is int or kind is float:
            return _fits(work(first, second))
        if adds and kind is str:
            if (length := len(first) + len(second)) > UNCOUNTED:
                env[STATE].spend(length // UNCOUNTED)
            return first + second
        return UNKNOWN

    return calculate


def equal(left: Any, right: Any) -> Any:
    """Equality: numbers by value, never a truth value with a number, lists item by item (Kleene).

    Maps are never told equal or unequal: a blank in one would decide.
    """
    if left is UNKNOWN or right is UNKNOWN or left is None or right is None:
        return UNKNOWN
    if type(left) is Future or type(right) is Future:
        return UNKNOWN
    if (left is True or left is False) is not (right is True or right is False):
        return False
    if isinstance(left, list) and isinstance(right, list):
        return _equal_lists(left, right)
    if isinstance(left, dict) and isinstance(right, dict):
        return UNKNOWN
    if isinstance(left, Interval) or isinstance(right, Interval):
        return _order_interval("==", left, right)
    return bool(left == right)


def _equal_lists(left: list[Any], right: list[Any]) -> Any:
    if getattr(left, "maybe", None) or getattr(right, "maybe", None):
        return UNKNOWN
    if len(left) != len(right):
        return False
    seen = [equal(a, b) for a, b in zip(left, right, strict=True)]
    return False if False in seen else UNKNOWN if UNKNOWN in seen else True


def _equals_text(left: Run, literal: str, wanted: bool) -> Run:
    """Equality with a text that is written in the rule."""

    def compare(env: Env) -> Any:
        value = left(env)
        if type(value) is str:
            return (value == literal) is wanted
        same = equal(value, literal)
        return UNKNOWN if same is UNKNOWN else same is wanted

    return compare


def _field_is(variable: str, name: str, literal: str, wanted: bool) -> Run:
    """The same for a field of a bound name: the commonest question of all."""

    def compare(env: Env) -> Any:
        holder = env[variable]
        value = holder.get(name) if type(holder) is dict else None
        if type(value) is str:
            return (value == literal) is wanted
        same = equal(value, literal)
        return UNKNOWN if same is UNKNOWN else same is wanted

    return compare


def _equality(compiler: Compiler, node: Node) -> Run:
    left, right = (compiler.compile(part) for part in node.args)
    wanted = node.op == "=="
    literal = node.args[1].args[0] if node.args[1].op == "literal" else None
    if type(literal) is str:
        owner = node.args[0].args[0] if node.args[0].op == "select" and not node.args[0].kind else None
        variable = "" if owner is None else _variable(compiler, owner)
        if variable:
            return _field_is(variable, node.args[0].args[1], literal, wanted)
        return _equals_text(left, literal, wanted)

    def compare(env: Env) -> Any:
        first, second = left(env), right(env)
        if type(first) is str and type(second) is str:
            return (first == second) is wanted
        same = equal(first, second)
        return UNKNOWN if same is UNKNOWN else same is wanted

    return compare


_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}


def _order_interval(op: str, left: Any, right: Any) -> Any:
    """An interval stands for every whole number in it: the answer is certain only when all of them agree."""
    low, high = (left.low, left.high) if isinstance(left, Interval) else (left, left)
    bottom, top = (right.low, right.high) if isinstance(right, Interval) else (right, right)
    if not all(type(bound) is int for bound in (low, high, bottom, top)):
        return UNKNOWN
    if op == "==":
        apart = high < bottom or top < low
        return False if apart else True if low == high == bottom == top else UNKNOWN
    order = _ORDER[op]
    # Each order is monotonic in both sides, so its corners decide it.
    first, second = order(low, top), order(high, bottom)
    return first if first is second else UNKNOWN


_ORDERED = {int: "number", float: "number", str: "text", date: "day", datetime: "moment", bool: "truth"}


def _ordering(compiler: Compiler, node: Node) -> Run:
    left, right = (compiler.compile(part) for part in node.args)
    op, order = node.op, _ORDER[node.op]

    literal = node.args[1].args[0] if node.args[1].op == "literal" else None
    if type(literal) is int:
        return _beside_number(left, op, order, literal)

    def compare(env: Env) -> Any:
        first, second = left(env), right(env)
        if first is UNKNOWN or second is UNKNOWN:
            return UNKNOWN
        if type(first) is Interval or type(second) is Interval:
            return _order_interval(op, first, second)
        family = _ORDERED.get(type(first))
        if family is None or family != _ORDERED.get(type(second)):
            return UNKNOWN
        return order(first, second)

    return compare


def _beside_number(left: Run, op: str, order: Callable[[Any, Any], bool], literal: int) -> Run:
    """An order against a whole number that is written in the rule."""

    def compare(env: Env) -> Any:
        value = left(env)
        if type(value) is int or type(value) is float:
            return order(value, literal)
        return _order_interval(op, value, literal) if type(value) is Interval else UNKNOWN

    return compare


#: The types of a list that holds nothing but plain text.
_TEXTS = {str}


def _in(compiler: Compiler, node: Node) -> Run:
    item, where = (compiler.compile(part) for part in node.args)

    def member(env: Env) -> Any:
        wanted, items = item(env), where(env)
        if not isinstance(items, list):
            return UNKNOWN
        if wanted is UNKNOWN:
            return UNKNOWN
        if len(items) > UNCOUNTED:
            env[STATE].spend(len(items))
        if type(wanted) is str and type(items) is list:
            # A Future equals the text it holds; only `equal` knows that it proves nothing.
            if wanted in items:
                return True if type(items[items.index(wanted)]) is str else _found(wanted, items)
            if set(map(type, items)) <= _TEXTS:
                return False
        return _found(wanted, items)

    table = node.args[1]
    if table.op == "select" and not table.kind and table.args[0].op == "name" and table.args[0].args[0] == "data":
        return _in_table(item, table.args[1], member)
    return member


def _in_table(item: Run, table: str, otherwise: Run) -> Run:
    """Whether a text is one of a pack's table of texts, which may be there as a set."""

    def member(env: Env) -> Any:
        texts = env[STATE].texts.get(table)
        if texts is not None:
            wanted = item(env)
            if type(wanted) is str:
                return wanted in texts
        return otherwise(env)

    return member


def _found(wanted: Any, items: list[Any]) -> Any:
    maybe: frozenset[int] = getattr(items, "maybe", frozenset())
    unsure = False
    for position, candidate in enumerate(items):
        same = equal(wanted, candidate)
        if same is True and position not in maybe:
            return True
        unsure = unsure or same is not False
    return UNKNOWN if unsure else False


def _walk(env: Env, items: Any) -> list[Any] | None:
    if not isinstance(items, list):
        return None
    env[STATE].spend(len(items))
    return items


def _quantifier(compiler: Compiler, node: Node) -> Run:
    source, variable = compiler.compile(node.args[0]), node.args[1]
    body = compiler.within(variable, node.args[2])
    decisive = node.op == "exists"

    def quantify(env: Env) -> Any:
        items = source(env)
        if type(items) is not list and type(items) is not Members:
            return UNKNOWN
        env[STATE].spend(len(items))
        maybe = items.maybe if type(items) is Members else ()
        outer = env.get(variable)
        answer: Any = not decisive
        for position, item in enumerate(items):
            env[variable] = item
            value = body(env)
            if value is decisive and position not in maybe:
                answer = decisive
                break
            if value is not (not decisive):
                answer = UNKNOWN
        env[variable] = outer
        return answer

    return quantify


def _exists_one(compiler: Compiler, node: Node) -> Run:
    source, variable = compiler.compile(node.args[0]), node.args[1]
    body = compiler.within(variable, node.args[2])

    def count(env: Env) -> Any:
        items = _walk(env, source(env))
        if items is None:
            return UNKNOWN
        sure, unsure = 0, 0
        for item, value, certain in _each(env, items, variable, body):
            del item
            sure += value is True and certain
            unsure += (value is True and not certain) or value is UNKNOWN
        if sure > 1:
            return False
        return UNKNOWN if unsure else sure == 1

    return count


def _each(env: Env, items: list[Any], variable: str, body: Run) -> list[tuple[Any, Any, bool]]:
    maybe = items.maybe if type(items) is Members else ()
    outer = env.get(variable)
    found = []
    for position, item in enumerate(items):
        env[variable] = item
        found.append((item, body(env), position not in maybe))
    env[variable] = outer
    return found


def _filter(compiler: Compiler, node: Node) -> Run:
    source, variable = compiler.compile(node.args[0]), node.args[1]
    body = compiler.within(variable, node.args[2])

    def select(env: Env) -> Any:
        items = _walk(env, source(env))
        if items is None:
            return UNKNOWN
        kept: list[Any] = []
        maybe: list[int] = []
        for item, value, certain in _each(env, items, variable, body):
            if value is False:
                continue
            if value is not True or not certain:
                maybe.append(len(kept))
            kept.append(item)
        return Members(kept, frozenset(maybe)) if maybe else kept

    return select


def _map(compiler: Compiler, node: Node) -> Run:
    source, variable = compiler.compile(node.args[0]), node.args[1]
    body = compiler.within(variable, node.args[2])

    def apply(env: Env) -> Any:
        items = _walk(env, source(env))
        if items is None:
            return UNKNOWN
        values = [value for _, value, _ in _each(env, items, variable, body)]
        return Members(values, items.maybe) if type(items) is Members else values

    return apply


def _has(compiler: Compiler, node: Node) -> Run:
    path = node.args[0]
    above, name = path.args
    owner = compiler.compile(above)
    outer = _has(compiler, Node("has", (above,), node.start, node.end)) if above.optional else None

    def present(env: Env) -> Any:
        holder = owner(env)
        if type(holder) is dict:
            if name not in holder:
                return False
            return UNKNOWN if holder[name] is None else True
        # The part above is not written either: that is absence where absence above means none, blank anywhere is unknown.
        return False if outer is not None and outer(env) is False else UNKNOWN

    return present


def _size_of(value: Any) -> Any:
    if type(value) is list:
        return len(value)
    if type(value) is Members and value.maybe:
        return Interval(len(value) - len(value.maybe), len(value))
    return len(value) if type(value) is str or isinstance(value, list) else UNKNOWN


def _method(compiler: Compiler, node: Node) -> Run:
    name = node.args[0]
    target, *arguments = (compiler.compile(part) for part in node.args[1:])
    if name == "size":
        return lambda env: _size_of(target(env))
    argument = arguments[0]
    work: Callable[[str, str], bool] = {
        "startsWith": str.startswith,
        "endsWith": str.endswith,
        "contains": str.__contains__,
    }[name]

    def ask(env: Env) -> Any:
        text, part = target(env), argument(env)
        return work(text, part) if type(text) is str and type(part) is str else UNKNOWN

    return ask


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# datetime.fromisoformat also takes weeks, missing seconds and any separator, which other readers do not.
_MOMENT = _DAY.pattern + r"T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-5][0-9])"


@lru_cache(maxsize=4096)
def day(text: str) -> date | None:
    """The UTC day of a date or moment; None when the text is neither (a moment without an offset is neither)."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        return None
    found = moment(text)
    return None if found is None else _utc_day(found)


@lru_cache(maxsize=4096)
def moment(text: str) -> datetime | None:
    """The moment an RFC 3339 text names (section 5.6, upper case); None without an offset or when it is not one."""
    try:
        return datetime.fromisoformat(text) if re.fullmatch(_MOMENT, text) else None
    except ValueError:
        return None


def _day(value: Any) -> date | None:
    if type(value) is str:
        return day(value)
    if isinstance(value, datetime):
        return _utc_day(value)
    return value if isinstance(value, date) else None


def _utc_day(value: datetime) -> date | None:
    """The UTC day of a moment; None for the hours around the first and the last day that there are."""
    try:
        return (value - (value.utcoffset() or timedelta())).date()
    except OverflowError:
        return None


def _moment(value: Any) -> datetime | None:
    if type(value) is str:
        return moment(value)
    return value if isinstance(value, datetime) else None


def _date(value: Any) -> Any:
    found = _day(value)
    return UNKNOWN if found is None else found


def _instant(value: Any) -> Any:
    found = _moment(value)
    return UNKNOWN if found is None else found


def _days(start: Any, end: Any) -> Any:
    first, last = _day(start), _day(end)
    return UNKNOWN if first is None or last is None else (last - first).days


def _hours(start: Any, end: Any) -> Any:
    first, last = _moment(start), _moment(end)
    if first is None or last is None:
        return UNKNOWN
    seconds = (last - first) / timedelta(seconds=1)
    whole = -int(-abs(seconds) // 3600)
    return whole if seconds >= 0 else -whole


def _working_days(start: Any, end: Any, holidays: Any) -> Any:
    """Working days after the start day up to the end day, each as written in its own offset.

    An end that is no working day counts with the next one: what is done on a Saturday is not done by Friday.
    """
    days = [_own_day(start), _own_day(end)]
    if None in days or not isinstance(holidays, list):
        return UNKNOWN
    free = [day(text) for text in holidays if type(text) is str]
    first, last = min(days), max(days)  # type: ignore[type-var]
    if first is None or last is None or None in free or len(free) != len(holidays) or not _covers(free, first, last):
        return UNKNOWN
    span = (first + timedelta(days=n) for n in range(1, (last - first).days + 1))
    count = sum(1 for d in span if d.weekday() < 5 and d not in free)
    late = last.weekday() > 4 or last in free
    return count + late if days[0] == first else -count


def _covers(free: list[Any], first: date, last: date) -> bool:
    """A list of holidays speaks of the years in which it names at least one."""
    years = {d.year for d in free}
    return (last - first).days < 3_660 and all(year in years for year in range(first.year, last.year + 1))


def _own_day(value: Any) -> date | None:
    found = _moment(value)
    return found.date() if found is not None else _day(value)


def _max(values: Any) -> Any:
    if not isinstance(values, list) or not values or getattr(values, "maybe", None):
        return UNKNOWN
    if any(type(value) not in (int, float) for value in values):
        return UNKNOWN
    return max(values)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "size": _size_of,
    "date": _date,
    "instant": _instant,
    "days": _days,
    "hours": _hours,
    "working_days": _working_days,
    "max": _max,
}


def _call(compiler: Compiler, node: Node) -> Run:
    work = _FUNCTIONS[node.args[0]]
    arguments = [compiler.compile(part) for part in node.args[1:]]
    if len(arguments) == 1:
        only = arguments[0]
        return lambda env: work(only(env))
    return lambda env: work(*(argument(env) for argument in arguments))


_BUILDERS: dict[str, Callable[[Compiler, Node], Run]] = {
    "literal": _literal,
    "name": _name,
    "select": _select,
    "index": _index,
    "list": _list,
    "and": _and,
    "or": _or,
    "not": _not,
    "neg": _neg,
    "cond": _cond,
    "in": _in,
    "has": _has,
    "method": _method,
    "call": _call,
    "filter": _filter,
    "map": _map,
    "exists_one": _exists_one,
    **dict.fromkeys(("all", "exists"), _quantifier),
    **dict.fromkeys(("==", "!="), _equality),
    **dict.fromkeys(("<", "<=", ">", ">="), _ordering),
    **dict.fromkeys(("+", "-", "*", "/"), _arithmetic),
}
