"""Whether a PromQL expression can make an alert fire: it selects series, compares them, and the comparison can be true.

A reader of the query language's grammar as its documentation has it (operators and their precedence, selectors, durations,
aggregations), made to decide little and to say when it cannot: what it does not read is never taken for a working alert.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple

from policycheck.evidence._rates import duration

#: The longest expression read, its tokens, how deep it may be nested, and its operators: each can be a level of the tree.
LENGTH, TOKENS, DEPTH, OPERATORS = 20_000, 4_000, 60, 150

_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r\n]+|\#[^\n]*)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)
    |(?P<duration>(?:[0-9]+(?:ms|[smhdwy]))+(?![A-Za-z0-9_]))
    |(?P<number>0[xX][0-9a-fA-F]+|(?:[0-9]+(?:_[0-9]+)*\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)
    |(?P<word>[A-Za-z_:][A-Za-z0-9_:]*)
    |(?P<sign>==|!=|=~|!~|>=|<=|[-+*/%^(){}\[\],=<>@:])""",
    re.VERBOSE,
)
_PRECEDENCE = {
    "or": 1, "and": 2, "unless": 2, "==": 3, "!=": 3, ">": 3, "<": 3, ">=": 3, "<=": 3,
    "+": 4, "-": 4, "*": 5, "/": 5, "%": 5, "atan2": 5, "^": 6,
}  # fmt: skip
_KEYWORDS = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right", "bool", "offset"})
_COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
_AGGREGATIONS = frozenset(
    {"sum", "avg", "count", "min", "max", "group", "stddev", "stdvar", "topk", "bottomk", "count_values", "quantile"}
    | {"limitk", "limit_ratio"}
)
#: What functions and aggregations take, by the letters of `_sort`, as a pattern (promql/parser/functions.go of Prometheus).
_TAKES = {
    name: takes
    for takes, names in {
        "": "end pi range start step time",
        "s": "vector",
        "v": """abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor histogram_avg histogram_count
            histogram_stddev histogram_stdvar histogram_sum ln log10 log2 rad scalar sgn sin sinh sort sort_desc sqrt tan
            tanh timestamp avg count group max min stddev stdvar sum""",
        "v?": "day_of_month day_of_week day_of_year days_in_month hour minute month year",
        "m": """absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta increase irate
            last_over_time mad_over_time max_over_time min_over_time present_over_time rate resets stddev_over_time
            stdvar_over_time sum_over_time ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time
            ts_of_min_over_time""",
        "ms": "predict_linear", "ms?": "integral", "mss": "double_exponential_smoothing holt_winters",
        "vs": "clamp_max clamp_min", "vs?": "round", "vss": "clamp", "vv?": "info", "vts+": "histogram_quantiles",
        "sv": "bottomk histogram_quantile limit_ratio limitk quantile topk", "ssv": "histogram_fraction",
        "sm": "quantile_over_time", "tv": "count_values", "vtttt": "label_replace", "vttt*": "label_join",
        "vt*": "sort_by_label sort_by_label_desc",
    }.items()
    for name in names.split()
}  # fmt: skip
#: Functions whose result is a number and no series.
_SCALARS = frozenset({"end", "pi", "range", "scalar", "start", "step", "time"})
_FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}
#: Bounds that no series of requests reaches: of a rate in a second, of a number, and how much further for bytes.
_RATE_OUT_OF_REACH, _OUT_OF_REACH, _BYTES = 1e9, 1e12, 1e3
_RATES = frozenset({"rate", "irate", "deriv"})
#: How often the whole a part that is one by its name may be, before that is doubted.
_TWICE = 2
#: Labels that name an environment, those that may be named after one, and the words for those that nobody's data is in.
_ENVIRONMENTS = frozenset(
    {"env", "environment", "stage", "cluster", "deployment_environment", "deployment_environment_name"}
)
_NAMED_AFTER = frozenset({"namespace", "kubernetes_namespace", "exported_namespace", "tier", "job"})
_ELSEWHERE = frozenset(
    {"staging", "stage", "stg", "test", "testing", "tests", "dev", "devel", "development", "qa", "uat", "sandbox", "preview"}
    | {"stag", "preprod", "nonprod", "local", "ci", "lab"}
)
_HERE = frozenset({"prod", "production", "prd", "live"})
#: Labels that say where something runs, and the words of those above that mean little else as one of several words.
_WHERE = _NAMED_AFTER | frozenset(
    {"exported_job", "instance", "host", "hostname", "node", "server_name", "vhost", "service", "app", "pod", "deployment"}
    | {"container", "ingress", "release"}
)
_CALLED_ELSEWHERE = frozenset({"staging", "stg", "preprod", "nonprod", "uat", "sandbox"})
#: Functions whose result is never below zero.
_COUNTING = frozenset(
    {"rate", "irate", "increase", "abs", "changes", "resets", "stddev", "stdvar", "time"}
    | {"timestamp", "stddev_over_time", "stdvar_over_time"}
)
_SAME_SIGN = frozenset({"sum", "avg", "min", "max", "topk", "bottomk", "round", "ceil", "quantile"})
#: What a clock and a calendar can show, and a sign; where no argument is given, it is of now.
_BETWEEN = {
    "minute": (0, 59), "hour": (0, 23), "day_of_week": (0, 6), "day_of_month": (1, 31), "day_of_year": (1, 366),
    "days_in_month": (28, 31), "month": (1, 12), "sgn": (-1, 1),
}  # fmt: skip
_CLOCK = frozenset(_BETWEEN) - {"sgn"}
_DAY = Fraction(86400)


class Unread(Exception):
    """The expression is not one that this reads; why."""


class Refused(Unread):
    """The expression is one that Prometheus refuses, with the whole file that holds it; why."""


class Node(NamedTuple):
    """A part of an expression: `number`, `string`, `selector`, `call` (functions and aggregations), `binary` or `range`.

    `moved` is one that is looked at as of another time (`offset`, `@`).
    """

    kind: str
    name: str = ""
    args: tuple[Node, ...] = ()
    value: float = 0.0
    flag: bool = False
    extra: str = ""
    matchers: tuple[str, ...] = ()


class Span(NamedTuple):
    """The values that an expression can have: between two bounds, each in or out."""

    low: float = -math.inf
    high: float = math.inf
    low_out: bool = False
    high_out: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether no value fits."""
        return self.low > self.high or (self.low == self.high and (self.low_out or self.high_out))

    def meet(self, other: Span) -> Span:
        """The values in both."""
        low = max((self.low, self.low_out), (other.low, other.low_out))
        high = min((self.high, not self.high_out), (other.high, not other.high_out))
        return Span(low[0], high[0], low[1], not high[1])

    def join(self, other: Span) -> Span:
        """The values in either, and what lies between."""
        if self.is_empty or other.is_empty:
            return other if self.is_empty else self
        low = min((self.low, self.low_out), (other.low, other.low_out))
        high = max((self.high, not self.high_out), (other.high, not other.high_out))
        return Span(low[0], high[0], low[1], not high[1])


_NOWHERE = Span(1, 0)


class Verdict(NamedTuple):
    """What an expression does: `fires` (it can and need not), `never`, `always`, `constant`, `absence`; and why.

    `doubt` says why one that can fire may never do so in practice; `elsewhere` names the environment to which it keeps.
    """

    what: str
    why: str = ""
    metrics: tuple[str, ...] = ()
    per_day: int | None = None
    doubt: str = ""
    elsewhere: str = ""


def verdict(expression: str) -> Verdict:
    """What an expression does as an alert. Raises Unread for one that this does not read."""
    tree = _Parser(expression).parsed()
    metrics = tuple(dict.fromkeys(node.name for node in _nodes(tree) if node.kind == "selector"))
    if not metrics:
        return Verdict("constant", "its expression selects no series, so it tells nothing about traffic")
    if _span(tree).is_empty:
        return Verdict("never", "its expression can never be true", metrics)
    if _is_absence(tree):
        return Verdict("absence", "its expression is true only while series are missing", metrics)
    if _is_always(tree):
        return Verdict("always", "its expression is true whatever the traffic", metrics)
    if not _compares(tree):
        raise Unread("its expression compares nothing, so when it fires is not known here")
    return Verdict("fires", "", metrics, _per_day(tree), _doubt(tree), _elsewhere(tree))


def _doubt(tree: Node) -> str:
    """Why one that can fire may not do so in practice, not always, or not for much traffic; empty when nothing says so."""
    if _needs(tree, _is_out_of_reach):
        return "its bound is one that such series do not reach"
    if _needs(tree, _is_at_times):
        return "it can fire at some times only"
    if _needs(tree, _is_standing):
        return "it compares a counter as it stands, which only grows: once it fires it does not stop"
    if _is_fall(tree):
        return "it fires only while there is little of what it counts"
    return _called_elsewhere(tree)


def ranges(expression: str) -> set[Fraction]:
    """The lengths in seconds of the ranges over which an expression looks back."""
    return {Fraction(node.value) for node in _nodes(_Parser(expression).parsed()) if node.kind == "range"}


def refusal(expression: str) -> str:
    """Why Prometheus refuses an expression; empty where it does not, or where that is not known here."""
    try:
        _Parser(expression).parsed()
    except Refused as refused:
        return str(refused)
    except Unread:
        return ""
    return ""


def _nodes(tree: Node) -> Iterator[Node]:
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(node.args))


# --- text to tree ---


def _tokens(expression: str) -> list[tuple[str, str]]:
    if len(expression) > LENGTH:
        raise Unread("its expression is too long")
    found, at = [], 0
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if match is None:
            raise Unread(f"its expression has a character that PromQL has not: {expression[at]!r}")
        at = match.end()
        if match.lastgroup != "blank":
            # The lexer of Prometheus takes its words in any case: `sum(x) BY (client)`.
            is_own = match.lastgroup == "word" and match[0].lower() in _KEYWORDS
            found.append((str(match.lastgroup), match[0].lower() if is_own else match[0]))
    if len(found) > TOKENS:
        raise Unread("its expression is too long")
    return found


class _Parser:
    """Reads the tokens of an expression by precedence, to a depth that the stack can bear."""

    def __init__(self, expression: str) -> None:
        self._tokens = _tokens(expression)
        self._at = 0
        self._depth = 0
        self._operators = 0

    def parsed(self) -> Node:
        """The whole expression."""
        if not self._tokens:
            raise Unread("its expression is empty")
        tree = self._expression(1)
        if self._at < len(self._tokens):
            raise Unread(f"its expression goes on with {self._peek()!r}, which is not read")
        if _sort(tree) not in ("s", "v"):
            raise Refused("its expression is neither a number nor series of a moment, so Prometheus refuses it")
        return tree

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise Unread("its expression ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, sign: str) -> None:
        if self._next()[1] != sign:
            raise Unread(f"its expression lacks {sign!r}")

    def _expression(self, least: int) -> Node:
        self._depth += 1
        if self._depth > DEPTH:
            raise Unread(f"its expression is nested deeper than {DEPTH}")
        left = self._unary()
        while (level := _PRECEDENCE.get(self._peek().lower(), 0)) >= least:
            self._operators += 1
            if self._operators > OPERATORS:
                raise Unread("its expression has too many operators")
            sign = self._next()[1].lower()
            is_bool, matching = self._modifiers()
            right = self._expression(level if sign == "^" else level + 1)
            left = Node("binary", sign, (left, right), flag=is_bool, extra=matching)
        self._depth -= 1
        return left

    def _modifiers(self) -> tuple[bool, str]:
        """`bool`, and how the two sides are matched."""
        is_bool = self._peek() == "bool"
        self._at += is_bool
        matching = ""
        while self._peek() in ("on", "ignoring", "group_left", "group_right"):
            matching += self._next()[1]
            matching += self._labels() if self._peek() == "(" else ""
        return is_bool, matching

    def _labels(self) -> str:
        self._take("(")
        found = []
        while self._peek() != ")":
            found.append(self._next()[1])
        self._take(")")
        return f"({''.join(found)})"

    def _unary(self) -> Node:
        if self._peek() not in ("-", "+"):
            return self._suffixed(self._primary())
        sign = self._next()[1]
        inner = self._expression(_PRECEDENCE["^"])
        if inner.kind == "number":
            return inner._replace(value=-inner.value if sign == "-" else inner.value)
        return Node("call", sign, (inner,))

    def _suffixed(self, node: Node) -> Node:
        """What can follow a value: a range or subquery, an offset, a moment."""
        while self._peek() in ("[", "offset", "@"):
            sign = self._next()[1]
            if sign == "[":
                node = self._range(node)
            else:
                before = self._at
                if sign == "offset":
                    self._at += self._peek() in ("-", "+")
                    self._next()
                else:
                    self._moment()
                moment = " ".join(written for _, written in self._tokens[before : self._at])
                node = Node("moved", sign, (node,), extra=moment)
        return node

    def _range(self, node: Node) -> Node:
        kind, written = self._next()
        seconds = duration(written) if kind == "duration" else None
        if not seconds:
            raise Unread("a range of its expression is no duration")
        if self._peek().startswith(":"):
            step = self._next()[1]
            self._at += step == ":" and self._peek() != "]"
        elif node.kind != "selector":
            raise Refused("its expression has a range behind something that is no selector, which Prometheus refuses")
        self._take("]")
        return Node("range", "", (node,), value=float(seconds))

    def _moment(self) -> None:
        self._at += self._peek() in ("-", "+")
        if self._next()[1] in ("start", "end"):
            self._take("(")
            self._take(")")

    def _primary(self) -> Node:
        kind, written = self._next()
        if kind == "number":
            return Node("number", value=_number(written))
        if kind == "duration":
            return Node("number", value=float(duration(written) or 0))
        if kind == "string":
            return Node("string", written)
        if written == "(":
            inner = self._expression(1)
            self._take(")")
            return inner
        if written == "{":
            return self._selector("")
        if kind == "word":
            return self._named(written)
        raise Unread(f"its expression has {written!r} where a value is expected")

    def _named(self, name: str) -> Node:
        if name.lower() in ("inf", "nan") and self._peek() not in ("{", "("):
            return Node("number", value=float(name))
        if name.lower() in _AGGREGATIONS and self._peek() in ("by", "without", "("):
            return self._aggregation(name.lower())
        if self._peek() == "(":
            return Node("call", name, self._arguments())
        if self._peek() == "{":
            self._next()
            return self._selector(name)
        if name in _PRECEDENCE or name in ("by", "without", "on", "ignoring", "bool", "offset"):
            raise Unread(f"its expression has {name!r} where a value is expected")
        return Node("selector", name)

    def _aggregation(self, name: str) -> Node:
        grouping = ""
        if self._peek() in ("by", "without"):
            grouping = self._next()[1] + self._labels()
        args = self._arguments()
        if self._peek() in ("by", "without"):
            grouping = self._next()[1] + self._labels()
        return Node("call", name, args, extra=grouping)

    def _arguments(self) -> tuple[Node, ...]:
        self._take("(")
        found = []
        while self._peek() != ")":
            found.append(self._expression(1))
            if self._peek() != ")":
                self._take(",")
        self._take(")")
        return tuple(found)

    def _selector(self, name: str) -> Node:
        """A selector after its opening brace; with quotes, the name can stand inside."""
        matchers = []
        while self._peek() != "}":
            kind, label = self._next()
            if kind == "string" and self._peek() in (",", "}"):
                name = name or label[1:-1]
            else:
                sign, value = self._next()[1], self._next()
                if sign not in ("=", "!=", "=~", "!~") or value[0] != "string":
                    raise Unread("a selector of its expression is not read")
                matchers.append(f"{label}{sign}{value[1]}")
            if self._peek() != "}":
                self._take(",")
        self._take("}")
        name = name or next((m[10:-1] for m in matchers if m.startswith('__name__="')), "")
        if not name and not matchers:
            raise Unread("a selector of its expression selects nothing in particular")
        return Node("selector", name or "{…}", matchers=tuple(sorted(matchers)))


def _number(written: str) -> float:
    try:
        plain = written.replace("_", "")
        return float(int(plain, 16)) if plain[:2].lower() == "0x" else float(plain)
    except (ValueError, OverflowError):
        raise Unread("a number of its expression is not read") from None


# --- whether Prometheus takes a tree ---


def _sort(node: Node) -> str:
    """What a part is: `s` a number, `t` a text, `v` series of a moment, `m` series over a range.

    Raises Refused where something is put together that does not go together: Prometheus refuses the whole file then.
    """
    if node.kind in ("number", "string", "selector"):
        return {"number": "s", "string": "t", "selector": "v"}[node.kind]
    sorts = "".join(map(_sort, node.args))
    if node.kind == "moved" and node.args[0].kind in ("selector", "range", "moved"):
        return sorts
    if node.kind == "range" and sorts == "v":
        return "m"
    if node.kind == "binary" and _joins(node, sorts):
        return "s" if sorts == "ss" else "v"
    if node.kind == "call" and node.name in ("-", "+") and sorts in ("s", "v"):
        return sorts
    if node.kind == "call" and re.fullmatch(_TAKES.get(node.name, "-"), sorts):
        return "s" if node.name in _SCALARS else "v"
    what = node.name or ("a range" if node.kind == "range" else "an offset")
    why = (
        "PromQL has no such function"
        if node.kind == "call" and node.name not in _TAKES
        else "it does not go with what it is of"
    )
    raise Refused(f"its expression has {what}, and {why}: Prometheus refuses it")


def _joins(node: Node, sorts: str) -> bool:
    """Whether an operator goes with its two sides: `and` takes series alone, and numbers are compared by `bool` alone."""
    if node.name in ("and", "or", "unless"):
        return sorts == "vv"
    return sorts in ("vv", "vs", "sv") or (sorts == "ss" and (node.flag or node.name not in _COMPARISONS))


# --- what a tree can say ---


def _constant(node: Node) -> float | None:
    """The number that a part always is; `vector(n)` is the series of a number."""
    if node.kind == "number":
        return node.value
    if node.kind == "call" and node.name in ("vector", "scalar", "-", "+") and len(node.args) == 1:
        inner = _constant(node.args[0])
        return -inner if inner is not None and node.name == "-" else inner
    if node.kind == "binary" and node.name in ("+", "-", "*", "/"):
        left, right = _constant(node.args[0]), _constant(node.args[1])
        if left is not None and right is not None:
            return _computed(node.name, left, right)
    return None


def _computed(sign: str, left: float, right: float) -> float | None:
    if sign == "/":
        return left / right if right else None
    return {"+": left + right, "-": left - right, "*": left * right}[sign]


def _span(node: Node) -> Span:
    """The values that a part can have; empty where it can have none."""
    constant = _constant(node)
    if constant is not None:
        return _NOWHERE if math.isnan(constant) else Span(constant, constant)
    if node.kind == "call":
        return _span_of_call(node)
    if node.kind in ("range", "moved"):
        return _span(node.args[0])
    if node.kind != "binary":
        return Span()
    if node.name in _COMPARISONS:
        return Span(0, 1) if node.flag else _compared(node)
    if node.name in ("and", "unless", "or"):
        return _span_of_set(node)
    left, right = _span(node.args[0]), _span(node.args[1])
    if left.is_empty or right.is_empty:
        return _NOWHERE
    if node.name == "*" and 0 in (_constant(node.args[0]), _constant(node.args[1])):
        return Span(0, 0)
    is_positive = node.name in ("+", "*", "/") and left.low >= 0 and right.low >= 0
    return Span(0) if is_positive else Span()


def _span_of_call(node: Node) -> Span:
    spans = [_span(arg) for arg in node.args]
    if node.name in ("absent", "absent_over_time"):
        return Span(1, 1)
    if any(span.is_empty for span in spans):
        return _NOWHERE
    if node.name in ("clamp", "clamp_max", "clamp_min"):
        return _clamped(node)
    if node.name in ("count", "count_over_time"):
        # What counts nothing has no value, so it is never 0.
        return Span(1)
    if node.name in _BETWEEN:
        return Span(*_BETWEEN[node.name])
    if node.name in _COUNTING:
        return Span(0)
    if node.name in _SAME_SIGN and all(span.low >= 0 for span in spans):
        return Span(0)
    return Span()


def _clamped(node: Node) -> Span:
    """What `clamp_max(v, most)`, `clamp_min(v, least)` and `clamp(v, least, most)` leave."""
    bounds = [_constant(arg) for arg in node.args[1:]]
    low = bounds[0] if node.name != "clamp_max" and bounds else None
    high = bounds[-1] if node.name != "clamp_min" and bounds else None
    return Span(-math.inf if low is None else low, math.inf if high is None else high)


def _compared(node: Node) -> Span:
    """What a comparison lets through: values of the side that is no constant."""
    left, right = node.args
    if node.name in (">", "<", "!=") and left == right:
        return _NOWHERE
    bound, sign, side = _constant(right), node.name, left
    if bound is None:
        bound, sign, side = _constant(left), _FLIPPED[node.name], right
    if bound is None:
        return _NOWHERE if _span(left).is_empty or _span(right).is_empty else _span(left)
    return _span(side).meet(_allowed(sign, bound))


def _allowed(sign: str, bound: float) -> Span:
    if math.isnan(bound):
        return Span() if sign == "!=" else _NOWHERE
    return {
        ">": Span(bound, math.inf, low_out=True), ">=": Span(bound), "<": Span(-math.inf, bound, high_out=True),
        "<=": Span(-math.inf, bound), "==": Span(bound, bound), "!=": Span(),
    }[sign]  # fmt: skip


def _span_of_set(node: Node) -> Span:
    left, right = _span(node.args[0]), _span(node.args[1])
    if node.name == "or":
        return left.join(right)
    if node.name == "unless":
        return _NOWHERE if _takes_all(node) else left
    if left.is_empty or right.is_empty:
        return _NOWHERE
    return left.meet(right) if _bare(node.args[0]) == _bare(node.args[1]) and not node.extra else left


def _takes_all(node: Node) -> bool:
    """Whether an `unless` leaves nothing: its right side has all of its left, or a value whatever the series are."""
    left, right = node.args
    if _constant(right) is not None:
        one = _bare(left)
        has_no_labels = one.kind == "call" and one.name in ("sum", "avg", "count", "min", "max") and not one.extra
        return node.extra == "on()" or (has_no_labels and not node.extra)
    is_of_same = _bare(left) == _bare(right) and not node.extra
    return left == right or (is_of_same and _span(left).meet(_span(right)) == _span(left))


def _bare(node: Node) -> Node:
    """What a chain of comparisons with constants is about."""
    while node.kind == "binary" and node.name in _COMPARISONS and not node.flag:
        left, right = node.args
        if _constant(right) is None and _constant(left) is None:
            break
        node = left if _constant(right) is not None else right
    return node


def _is_always(node: Node) -> bool:
    """Whether there is a value whatever the series are: a comparison that all pass, `bool` at the top, `or vector(0)`."""
    if node.kind == "binary" and node.name == "or":
        return any(_constant(arg) is not None or _is_always(arg) for arg in node.args)
    if node.kind != "binary" or node.name not in _COMPARISONS:
        return False
    if node.flag:
        return True
    left, right = node.args
    bound, sign, side = _constant(right), node.name, left
    if bound is None:
        bound, sign, side = _constant(left), _FLIPPED[node.name], right
    if bound is None:
        return node.name in ("==", ">=", "<=") and left == right
    span = _span(side)
    return _is_there(side) and span.meet(_allowed(sign, bound)) == span and sign != "!=" and span != Span()


def _is_there(node: Node) -> bool:
    """Whether a part has a value whenever its series have: a comparison, an `and` or an `unless` may leave nothing."""
    if node.kind == "binary" and node.name == "or":
        return any(_is_there(arg) for arg in node.args)
    if node.kind == "binary" and node.name in ("and", "unless"):
        return False
    if node.kind == "binary" and node.name in _COMPARISONS and not node.flag:
        return _is_always(node)
    return all(_is_there(arg) for arg in node.args)


def _needs(node: Node, is_so: Callable[[Node], bool]) -> bool:
    """Whether a part lets nothing through but by way of a part that is so: all ways of an `or`, any part of the rest."""
    if is_so(node):
        return True
    args = node.args[:1] if node.kind == "binary" and node.name == "unless" else node.args
    found = [_needs(arg, is_so) for arg in args]
    return all(found) and bool(found) if node.kind == "binary" and node.name == "or" else any(found)


def _is_out_of_reach(node: Node) -> bool:
    """Whether a comparison lets through only what is higher than its series get."""
    if node.kind != "binary" or node.name not in _COMPARISONS:
        return False
    bound, sign, side = _constant(node.args[1]), node.name, node.args[0]
    if bound is None:
        bound, sign, side = _constant(node.args[0]), _FLIPPED[node.name], node.args[1]
    if bound is None or sign not in (">", ">=", "=="):
        return False
    share = _share(side)
    if share is not None and (bound > share or (bound == share and sign == ">")):
        return True
    return bound >= _highest(side)


def _is_at_times(node: Node) -> bool:
    """Whether a part asks the clock or the calendar: a comparison with the hour, or an `unless` that has one."""
    asks = node.args[1] if node.kind == "binary" and node.name == "unless" else node
    is_asking = asks is not node or (node.kind == "binary" and node.name in _COMPARISONS)
    return is_asking and any(one.kind == "call" and one.name in _CLOCK for one in _nodes(asks))


def _is_standing(node: Node) -> bool:
    """Whether a comparison is of a counter itself, by its name, and not of what it grew by in a range or since a moment."""
    if node.kind != "binary" or node.name not in (">", ">=") or _constant(node.args[1]) is None:
        return False
    _, side = _scaled(node.args[0])
    while side.kind == "moved" or (side.kind == "call" and side.name in _AGGREGATIONS and not side.name.startswith("count")):
        side = side.args[-1]
    return side.kind == "selector" and side.name.endswith("_total")


def _is_fall(tree: Node) -> bool:
    """Whether all that is compared has to be low: no more than a number, or none. Differences are left alone."""
    if any(node.name in ("-", "/") for node in _nodes(tree)):
        return False
    compared = [node for node in _nodes(tree) if node.kind == "binary" and node.name in _COMPARISONS]
    for node in compared:
        bound, sign = _constant(node.args[1]), node.name
        if bound is None:
            bound, sign = _constant(node.args[0]), _FLIPPED[node.name]
        if bound is None or not (sign in ("<", "<=") or (sign == "==" and bound == 0)):
            return False
    return bool(compared)


def _highest(node: Node) -> float:
    nodes = list(_nodes(node))
    is_rate = any(one.kind == "call" and one.name in _RATES for one in nodes)
    is_bytes = any(one.kind == "selector" and "byte" in one.name for one in nodes)
    return (_RATE_OUT_OF_REACH if is_rate else _OUT_OF_REACH) * (_BYTES if is_bytes else 1)


def _share(node: Node) -> float | None:
    """The highest value of a part of a whole, such as the refused of all requests; None for what is none.

    It is a part by its labels, of one metric and one way of counting; or by its name, and then it is let be twice as much.
    """
    factor, core = _scaled(node)
    if core.kind != "binary" or core.name != "/" or factor <= 0:
        return None
    above, part = _scaled(core.args[0])
    below, whole = _scaled(core.args[1])
    part, whole = _counted(part), _counted(whole)
    if below <= 0 or above <= 0 or not _is_counted_alike(part, whole):
        return None
    highest = factor * above / below
    one, other = _first_selector(part), _first_selector(whole)
    if one.name == other.name:
        return highest if _matchers(other) <= _matchers(one) else None
    return highest * _TWICE if _words(other.name) < _words(one.name) else None


def _scaled(node: Node) -> tuple[float, Node]:
    """A part without the numbers that it is multiplied by or divided by, and those."""
    factor = 1.0
    while node.kind == "binary" and node.name in ("*", "/"):
        left, right = _constant(node.args[0]), _constant(node.args[1])
        if right:
            factor, node = (factor * right if node.name == "*" else factor / right), node.args[0]
        elif left and node.name == "*":
            factor, node = factor * left, node.args[1]
        else:
            break
    return factor, node


def _counted(node: Node) -> Node:
    while node.kind == "call" and node.name in ("sum", "max", "avg", "min") and len(node.args) == 1:
        node = node.args[0]
    return node


def _is_counted_alike(one: Node, other: Node) -> bool:
    """Whether two parts are a selector each, below the same functions, ranges and moments."""
    while one.kind != "selector" or other.kind != "selector":
        is_same = one._replace(args=()) == other._replace(args=()) and len(one.args) == len(other.args) == 1
        if not is_same:
            return False
        one, other = one.args[0], other.args[0]
    return True


def _first_selector(node: Node) -> Node:
    return next(one for one in _nodes(node) if one.kind == "selector")


def _matchers(node: Node) -> set[str]:
    return {matcher for matcher in node.matchers if not matcher.startswith("__name__=")}


def _words(metric: str) -> set[str]:
    return set(re.split(r"[_:]+", metric.lower())) - {"", "total", "count", "sum"}


def _elsewhere(tree: Node) -> str:
    """The matcher that keeps an expression to an environment that is not production; empty when none does."""
    if not _needs(tree, lambda node: bool(_kept_to(node))):
        return ""
    return next(kept for node in _nodes(tree) if (kept := _kept_to(node)))


def _kept_to(node: Node) -> str:
    return next((matcher for matcher in node.matchers if is_elsewhere(*_parted(matcher))), "")


def _called_elsewhere(tree: Node) -> str:
    """Why an expression may watch what is not in use: it keeps to something that is called as if it were not."""
    if not _needs(tree, lambda node: bool(_called(node))):
        return ""
    matcher = next(called for node in _nodes(tree) if (called := _called(node)))
    return f"it watches {matcher[:100]} only, which by its name is not what is in use"


def _called(node: Node) -> str:
    """The matcher of a selector that keeps to such a thing: `shop-staging`, `staging.shop.example`."""
    for matcher in node.matchers:
        label, sign, value = _parted(matcher)
        parts = [set(re.split(r"[^a-z0-9]+", part)) for part in value.lower()[:500].split("|")]
        is_called = all(_CALLED_ELSEWHERE & part and not _HERE & part for part in parts)
        if is_called and not sign.startswith("!") and label.strip("\"'").lower() in _WHERE:
            return matcher
    return ""


def _parted(matcher: str) -> tuple[str, str, str]:
    label, sign, value = re.split(r"(=~|!~|!=|=)", matcher, maxsplit=1)
    return label, sign, value[1:-1]


def is_elsewhere(label: str, sign: str, value: str) -> bool:
    """Whether a matcher keeps to staging, testing and the like: by a word for these, or by leaving production out.

    A pattern is read as the words between its bars, and never run.
    """
    label = label.strip("\"'").lower()
    if label not in _ENVIRONMENTS | _NAMED_AFTER:
        return False
    parts = [re.sub(r"[^a-z0-9]+", " ", part).split() for part in value.lower()[:500].split("|")]
    known = _HERE if sign.startswith("!") else _ELSEWHERE
    if label in _NAMED_AFTER or sign.startswith("!"):
        found = [len(part) == 1 and part[0] in known for part in parts]
    else:
        found = [bool(known.intersection(part)) and not _HERE.intersection(part) for part in parts]
    return any(found) if sign.startswith("!") else all(found)


def _is_absence(node: Node) -> bool:
    if node.kind == "call":
        return node.name in ("absent", "absent_over_time")
    if node.kind == "binary" and node.name == "or":
        return all(_is_absence(arg) for arg in node.args)
    is_compared = node.kind == "binary" and node.name in _COMPARISONS
    return is_compared and any(_is_absence(arg) for arg in node.args)


def _compares(node: Node) -> bool:
    """Whether what a part lets through hangs on a comparison of series."""
    if node.kind == "call":
        is_filter = node.name in _AGGREGATIONS or node.name in ("sort", "sort_desc", "label_replace", "label_join", "abs")
        return is_filter and any(_compares(arg) for arg in node.args)
    if node.kind != "binary":
        return False
    if node.name in _COMPARISONS:
        return not node.flag
    sides = [_compares(arg) for arg in node.args]
    if node.name == "or":
        return any(sides) and all(side or _is_absence(arg) for side, arg in zip(sides, node.args, strict=True))
    return sides[0] if node.name == "unless" else any(sides)


def _per_day(node: Node) -> int | None:
    """The number a day at which it fires, where it is just that: an increase over one day, above a whole number."""
    if node.kind != "binary" or node.name not in (">", ">="):
        return None
    left, bound = node.args[0], _constant(node.args[1])
    while left.kind == "call" and left.name in ("sum", "max") and len(left.args) == 1:
        left = left.args[0]
    is_day = left.kind == "call" and left.name == "increase" and left.args[0].kind == "range"
    if bound is None or not is_day or Fraction(left.args[0].value) != _DAY or not 0 < bound < 10**12:
        return None
    return int(bound) if bound == int(bound) else None
