"""Rule expressions: text to tree. A strict subset of CEL (design section 5).

Grammar, loosest first: `c ? a : b`, `||`, `&&`, comparisons and `in` (not chained), `+ -`, `* /`, `! -`, then
`.field`, `[index]`, `.method(...)`, `.macro(x, body)`. Maps, bytes, unsigned numbers, `null`, regular expressions and
user functions are refused. Bounds: `MAX_SOURCE` characters, `MAX_NESTING` levels, `MAX_MACROS` nested macros,
`MAX_OPERATORS` operators.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from math import isfinite
from typing import Any

from policycheck.model import cells

MAX_SOURCE = 4_000
MAX_NESTING = 48
MAX_MACROS = 4
MAX_OPERATORS = 200
INT_MAX, INT_MIN = 2**63 - 1, -(2**63)

MACROS = frozenset({"all", "exists", "exists_one", "filter", "map"})
METHODS = {"size": 0, "startsWith": 1, "endsWith": 1, "contains": 1}
FUNCTIONS = {"size": 1, "date": 1, "instant": 1, "days": 2, "hours": 2, "working_days": 3, "max": 1}
#: Words that CEL keeps for itself; using one as a name would stop a rule from running on another CEL engine. After a dot
#: only KEYWORDS are refused (CEL language definition, SELECTOR), so that a field may be called `for`.
KEYWORDS = frozenset({"true", "false", "null", "in"})
RESERVED = frozenset({
    "as", "break", "const", "continue", "else", "for", "function", "if", "import", "in", "let", "loop", "package",
    "namespace", "null", "return", "var", "void", "while",
})  # fmt: skip

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'", "`": "`", "?": "?",
            "a": "\a", "b": "\b", "f": "\f", "v": "\v"}  # fmt: skip
_COMPARE = frozenset({"==", "!=", "<", "<=", ">", ">=", "in"})
_OPERATORS = _COMPARE | {"&&", "||", "!", "+", "-", "*", "/", ".", "["}


# Compiled when the first expression is read: the rules of the wheel were read when it was built.
@cache
def _token() -> re.Pattern[str]:
    return re.compile(
        r"""(?P<space>[ \t\r\n]+)
          | (?P<float>[0-9]+\.[0-9]+([eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+|\.[0-9]+([eE][-+]?[0-9]+)?)
          | (?P<int>[0-9]+(?![0-9A-Za-z_]))
          | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
          | (?P<string>"(?:[^"\\\n\r]|\\.)*"|'(?:[^'\\\n\r]|\\.)*')
          | (?P<op>&&|\|\||==|!=|<=|>=|[<>!?:.,()\[\]+\-*/])""",
        re.VERBOSE,
    )


@cache
def _escape() -> re.Pattern[str]:
    return re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|X[0-9a-fA-F]{2}|[0-3][0-7]{2}|.)", re.DOTALL)


class ExpressionError(Exception):
    """A mistake in an expression. `start` and `end` are offsets into `source`; str() shows a caret under it."""

    def __init__(self, message: str, source: str, start: int, end: int = -1) -> None:
        self.message, self.source, self.start = message, source, start
        self.end = end if end > start else start + 1
        super().__init__(message)

    def __str__(self) -> str:
        return f"{self.message}\n{caret(self.source, self.start, self.end)}"


def caret(source: str, start: int, end: int) -> str:
    """The line of `source` that holds `start`, with a mark under the part up to `end`."""
    begin = source.rfind("\n", 0, start) + 1
    stop = source.find("\n", start)
    line = source[begin : stop if stop >= 0 else len(source)]
    mark = "^" * max(1, cells(source[start : min(end, begin + len(line))]))
    return f"  {line}\n  {' ' * cells(source[begin:start])}{mark}"


def uncompiled(env: dict[str, Any]) -> Any:
    """Stands for what an expression does until it is compiled."""
    raise AssertionError("an expression is explained only after it was evaluated")


class Node:
    """One step of an expression. `op` says which; `args` are nodes or plain values; offsets are into the source.

    `kind` and `optional` are filled by the type check (the subject kind a field is selected from, when the field is
    a definition; whether the schema says of a field that absence means none), `run` by the compiler.
    """

    # What most nodes never get stands in the class: a start makes thousands of them.
    kind: str = ""
    optional = False
    run: Callable[[dict[str, Any]], Any] = staticmethod(uncompiled)
    #: Whether it only asks for sizes, and its parts when it is a chain of && or ||; told when first asked for.
    guards: bool | None = None
    chain: list[Node] | None = None

    def __init__(self, op: str, args: tuple[Any, ...], start: int = 0, end: int = 0) -> None:
        self.op, self.args, self.start, self.end = op, args, start, end

    def links(self) -> list[Node]:
        """`a && b && c` as its parts, in order."""
        if self.chain is None:
            parts: list[Node] = []
            first = self
            while first.op == self.op:
                parts.append(first.args[1])
                first = first.args[0]
            self.chain = [first, *reversed(parts)]
        return self.chain

    def __repr__(self) -> str:
        return f"{self.op}({', '.join(map(repr, self.args))})"


def parse(source: str) -> Node:
    """The tree of an expression. Raises ExpressionError with the place of the first mistake."""
    if len(source) > MAX_SOURCE:
        raise ExpressionError(f"the expression is longer than {MAX_SOURCE} characters", source, 0)
    if not source.strip():
        raise ExpressionError("the expression is empty", source, 0)
    return _Parser(source).whole()


def _tokens(source: str) -> list[tuple[str, str, int, int]]:
    found, position, token = [], 0, _token()
    while position < len(source):
        match = token.match(source, position)
        if match is None:
            raise ExpressionError(_stray(source, position), source, position)
        if match.lastgroup != "space":
            kind, text = str(match.lastgroup), match.group()
            found.append((kind, text, position, match.end()))
        position = match.end()
    found.append(("end", "", len(source), len(source)))
    return found


def _stray(source: str, position: int) -> str:
    character = source[position]
    hints = {
        "&": "write && for and", "|": "write || for or", "=": "write == to compare", "%": "% is not in the language",
        "{": "maps are not in the language", '"': "the text is not closed", "'": "the text is not closed",
    }  # fmt: skip
    if character.isdigit():
        return "this number is not plain decimal"
    return hints.get(character, f"{character!r} is not part of the language")


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = _tokens(source)
        self.at = 0
        self.depth = 0
        self.macros = 0
        self.operators = 0

    def whole(self) -> Node:
        node = self.ternary()
        kind, text, start, end = self.tokens[self.at]
        if kind != "end":
            raise ExpressionError(f"unexpected {text!r} after the expression", self.source, start, end)
        return node

    def fail(self, message: str) -> ExpressionError:
        _, _, start, end = self.tokens[self.at]
        return ExpressionError(message, self.source, start, end)

    def accept(self, *texts: str) -> str:
        kind, text, _, _ = self.tokens[self.at]
        if kind in ("op", "name") and text in texts:
            if text in _OPERATORS:
                self.count()
            self.at += 1
            return text
        return ""

    def count(self) -> None:
        self.operators += 1
        if self.operators > MAX_OPERATORS:
            raise self.fail(f"more than {MAX_OPERATORS} operators")

    def expect(self, text: str) -> int:
        if not self.accept(text):
            found = self.tokens[self.at][1] or "the end"
            raise self.fail(f"expected {text!r}, found {found!r}")
        return self.tokens[self.at - 1][3]

    def ternary(self) -> Node:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise self.fail(f"nested deeper than {MAX_NESTING} levels")
        node = self.either()
        if self.accept("?"):
            yes = self.either()
            self.expect(":")
            no = self.ternary()
            node = Node("cond", (node, yes, no), node.start, no.end)
        self.depth -= 1
        return node

    def either(self) -> Node:
        node = self.both()
        while self.accept("||"):
            right = self.both()
            node = Node("or", (node, right), node.start, right.end)
        return node

    def both(self) -> Node:
        node = self.comparison()
        while self.accept("&&"):
            right = self.comparison()
            node = Node("and", (node, right), node.start, right.end)
        return node

    def comparison(self) -> Node:
        node = self.sum()
        operator = self.accept(*_COMPARE)
        if not operator:
            return node
        right = self.sum()
        kind, text, _, _ = self.tokens[self.at]
        if kind in ("op", "name") and text in _COMPARE:
            raise self.fail("comparisons do not chain; write a < b && b < c")
        return Node(operator, (node, right), node.start, right.end)

    def sum(self) -> Node:
        node = self.product()
        while operator := self.accept("+", "-"):
            right = self.product()
            node = Node(operator, (node, right), node.start, right.end)
        return node

    def product(self) -> Node:
        node = self.unary()
        while operator := self.accept("*", "/"):
            right = self.unary()
            node = Node(operator, (node, right), node.start, right.end)
        return node

    def unary(self) -> Node:
        kind, text, start, _ = self.tokens[self.at]
        if kind == "op" and text in ("!", "-"):
            return self.prefix(text, start)
        return self.postfix(self.primary())

    def prefix(self, operator: str, start: int) -> Node:
        count = 0
        while self.accept(operator):
            count += 1
        kind, text, _, end = self.tokens[self.at]
        if operator == "-" and kind in ("int", "float"):
            self.at += 1
            node = self.postfix(self.number(kind, "-" + text, start, end))
            count -= 1
        else:
            node = self.postfix(self.primary())
        for _ in range(count):
            node = Node("not" if operator == "!" else "neg", (node,), start, node.end)
        return node

    def postfix(self, node: Node) -> Node:
        while True:
            if self.accept("."):
                node = self.member(node)
            elif self.accept("["):
                index = self.ternary()
                node = Node("index", (node, index), node.start, self.expect("]"))
            else:
                return node

    def member(self, target: Node) -> Node:
        kind, name, _, end = self.tokens[self.at]
        if kind != "name":
            raise self.fail("expected a field name after '.'")
        self.at += 1
        if not self.accept("("):
            if name in KEYWORDS:
                raise ExpressionError(f"{name!r} is a reserved word", self.source, end - len(name), end)
            return Node("select", (target, name), target.start, end)
        if name in MACROS:
            return self.macro(target, name)
        if name not in METHODS:
            self.at -= 2
            raise self.fail(f"unknown method {name!r}; known: {', '.join(sorted(MACROS | set(METHODS)))}")
        arguments, stop = self.arguments()
        if len(arguments) != METHODS[name]:
            raise ExpressionError(f"{name} takes {METHODS[name]} argument(s)", self.source, end - len(name), stop)
        return Node("method", (name, target, *arguments), target.start, stop)

    def macro(self, target: Node, name: str) -> Node:
        kind, variable, start, end = self.tokens[self.at]
        if kind != "name" or variable in RESERVED or variable in ("true", "false"):
            raise self.fail(f"{name} needs a variable name first: list.{name}(x, condition on x)")
        self.at += 1
        self.expect(",")
        self.macros += 1
        if self.macros > MAX_MACROS:
            raise ExpressionError(f"more than {MAX_MACROS} macros inside each other", self.source, start, end)
        body = self.ternary()
        if self.tokens[self.at][1] == ",":
            raise self.fail(f"{name} takes a variable and one expression")
        self.macros -= 1
        return Node(name, (target, variable, body), target.start, self.expect(")"))

    def arguments(self) -> tuple[list[Node], int]:
        found: list[Node] = []
        if not self.accept(")"):
            found.append(self.ternary())
            while self.accept(","):
                found.append(self.ternary())
            self.expect(")")
        return found, self.tokens[self.at - 1][3]

    def primary(self) -> Node:
        kind, text, start, end = self.tokens[self.at]
        if kind in ("int", "float"):
            self.at += 1
            return self.number(kind, text, start, end)
        if kind == "string":
            self.at += 1
            return Node("literal", (self.unescape(text, start),), start, end)
        if kind == "name":
            return self.named(text, start, end)
        if self.accept("("):
            node = self.ternary()
            self.expect(")")
            return node
        if self.accept("["):
            return self.listing(start)
        raise self.fail("the expression ends too early" if kind == "end" else f"unexpected {text!r}")

    def number(self, kind: str, text: str, start: int, end: int) -> Node:
        if kind == "float":
            if not isfinite(float(text)):
                raise ExpressionError("the number does not fit 64 bits", self.source, start, end)
            return Node("literal", (float(text),), start, end)
        digits = len(text.lstrip("-"))
        value = int(text) if digits <= 20 else INT_MAX + 1
        if not INT_MIN <= value <= INT_MAX:
            raise ExpressionError("the number does not fit 64 bits", self.source, start, end)
        return Node("literal", (value,), start, end)

    def named(self, text: str, start: int, end: int) -> Node:
        following = self.tokens[self.at + 1]
        if text in ("r", "b", "R", "B", "rb", "br") and following[0] == "string" and following[2] == end:
            raise self.fail("raw and byte strings are not in the language")
        self.at += 1
        if text in ("true", "false"):
            return Node("literal", (text == "true",), start, end)
        if text in RESERVED:
            self.at -= 1
            hint = "; blank is unknown, test it with has()" if text == "null" else ""
            raise self.fail(f"{text!r} is a reserved word{hint}")
        if self.accept("("):
            return self.call(text, start, end)
        return Node("name", (text,), start, end)

    def call(self, name: str, start: int, end: int) -> Node:
        arguments, stop = self.arguments()
        if name == "has":
            if len(arguments) != 1 or arguments[0].op != "select":
                raise ExpressionError("has takes one path, like has(control.provider)", self.source, start, stop)
            return Node("has", (arguments[0],), start, stop)
        if name not in FUNCTIONS:
            known = ", ".join(sorted([*FUNCTIONS, "has"]))
            raise ExpressionError(f"unknown function {name!r}; known: {known}", self.source, start, end)
        if len(arguments) != FUNCTIONS[name]:
            raise ExpressionError(f"{name} takes {FUNCTIONS[name]} argument(s)", self.source, start, stop)
        return Node("call", (name, *arguments), start, stop)

    def listing(self, start: int) -> Node:
        items: list[Node] = []
        while not self.accept("]"):
            if items:
                self.expect(",")
                if self.accept("]"):
                    break
            items.append(self.ternary())
        return Node("list", tuple(items), start, self.tokens[self.at - 1][3])

    def unescape(self, text: str, start: int) -> str:
        def one(match: re.Match[str]) -> str:
            code = match.group(1)
            if code in _ESCAPES:
                return _ESCAPES[code]
            if code[0] in "uUxX" and len(code) > 1:
                return self.point(int(code[1:], 16), start)
            if len(code) == 3 and code.isdigit():
                return chr(int(code, 8))
            raise ExpressionError(f"unknown escape \\{code}", self.source, start)

        return _escape().sub(one, text[1:-1])

    def point(self, code: int, start: int) -> str:
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            raise ExpressionError("the escape is not a character", self.source, start)
        return chr(code)
