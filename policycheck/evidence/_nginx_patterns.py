"""Whether a regular expression of nginx takes a short text: without backtracking, in bounded steps, or undecided.

nginx hands its expressions to PCRE. An artefact's expression must never run in a backtracking engine, so what is
common in configurations (PCRE2 pattern(3): literals, classes, groups, alternation, repetition, anchors) is
simulated as an automaton. What is left out (lookarounds, back references, atomic groups ...) is read as something
that takes at least as much: no match is then certain, a match is undecided.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

#: The longest expression read, the deepest nesting, the most instructions, the most names out of one expression.
LENGTH_CAP, NESTING_CAP, SIZE_CAP, NAMES_CAP = 20_000, 20, 20_000, 1000
#: The largest count of a repetition.
REPEAT_CAP = 1000
#: Steps of simulation for a whole account; afterwards everything is undecided.
STEPS = 1_000_000
#: What reading one character of an expression costs, in steps.
READING = 10

_DIGITS, _SPACES = (("0", "9"),), ((" ", " "), ("\t", "\r"))
_WORD = (("a", "z"), ("A", "Z"), ("0", "9"), ("_", "_"))
_CLASSES = {"d": _DIGITS, "s": _SPACES, "w": _WORD, "h": ((" ", " "), ("\t", "\t"))}
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v"}


@dataclass(frozen=True, slots=True)
class _Set:
    """One character out of some ranges, or out of none of them."""

    ranges: tuple[tuple[str, str], ...]
    is_negated: bool = False

    def has(self, forms: tuple[str, ...]) -> bool:
        """Whether a character is meant, given in all the forms that count as the same."""
        return any(low <= form <= high for low, high in self.ranges for form in forms) is not self.is_negated


@dataclass(frozen=True, slots=True)
class _Sequence:
    parts: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Choice:
    parts: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Repeat:
    part: _Node
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class _Edge:
    """The beginning (`^`) or the end (`$`) of the text."""

    is_end: bool


_Node = _Set | _Sequence | _Choice | _Repeat | _Edge
_ANY = _Set((("\n", "\n"),), is_negated=True)
_ANYTHING = _Repeat(_ANY, 0, None)
_NOTHING = _Sequence(())


class _TooMuch(Exception):
    """The expression is beyond a cap, or cannot be read at all."""


class _Parser:
    """Reads an expression. `is_exact` turns false where it is read as something that takes more."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.is_exact = True
        self.ignores_case = False

    def whole(self, *, is_affordable: bool = True) -> _Node:
        if len(self._text) > LENGTH_CAP or not is_affordable:
            raise _TooMuch
        node = self._choice(0)
        if self._at < len(self._text):
            raise _TooMuch
        return node

    def _peek(self, size: int = 1) -> str:
        return self._text[self._at : self._at + size]

    def _take(self, size: int = 1) -> str:
        taken = self._peek(size)
        if len(taken) < size:
            raise _TooMuch
        self._at += size
        return taken

    def _choice(self, depth: int) -> _Node:
        if depth > NESTING_CAP:
            raise _TooMuch
        parts = [self._sequence(depth)]
        while self._peek() == "|":
            self._take()
            parts.append(self._sequence(depth))
        return parts[0] if len(parts) == 1 else _Choice(tuple(parts))

    def _sequence(self, depth: int) -> _Node:
        parts: list[_Node] = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._repeated(self._atom(depth)))
        return parts[0] if len(parts) == 1 else _Sequence(tuple(parts))

    def _repeated(self, atom: _Node) -> _Node:
        found = self._count()
        if found is None:
            return atom
        if self._peek() in ("?", "+"):
            # Lazy takes the same texts; possessive takes fewer.
            self.is_exact = self._take() == "?" and self.is_exact
        if max(found[0], found[1] or 0) > REPEAT_CAP or isinstance(atom, _Edge) or self._count() is not None:
            raise _TooMuch
        return _Repeat(atom, *found)

    def _count(self) -> tuple[int, int | None] | None:
        sign = self._peek()
        if sign in ("*", "+", "?") and sign:
            self._take()
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        end = self._text.find("}", self._at, self._at + 24)
        least, comma, most = self._text[self._at + 1 : end].partition(",") if sign == "{" and end > 0 else ("", "", "")
        if not least.isascii() or not least.isdigit() or (most and not (most.isascii() and most.isdigit())):
            return None
        self._at = end + 1
        return int(least), int(most) if most else (None if comma else int(least))

    def _atom(self, depth: int) -> _Node:
        char = self._take()
        if char == "(":
            return self._group(depth)
        if char == "[":
            return self._class()
        if char == "\\":
            return self._escape()
        if char in "^$":
            return _Edge(is_end=char == "$")
        if char in "*+?":
            raise _TooMuch
        return _ANY if char == "." else _Set(((char, char),))

    def _group(self, depth: int) -> _Node:
        is_seen = self._opens()
        node = self._choice(depth + 1)
        if self._take() != ")":
            raise _TooMuch
        return node if is_seen else _NOTHING

    def _opens(self) -> bool:
        """Read what follows a bracket that opens. False for what takes no text itself (a lookaround, a comment)."""
        if self._peek() != "?":
            return True
        self._take()
        if self._peek() == ":":
            self._take()
        elif self._peek(2) in ("P<", "<=", "<!") or self._peek() in ("<", "'"):
            return self._named()
        elif self._peek(2) == "i)":
            self._take()
            self.ignores_case = True
        else:
            self.is_exact = False
            if self._take() != ">":
                return False
        return True

    def _named(self) -> bool:
        if self._peek(2) in ("<=", "<!"):
            self._take(2)
            self.is_exact = False
            return False
        self._take(2 if self._peek() == "P" else 1)
        while self._take() not in (">", "'"):
            pass
        return True

    def _escape(self) -> _Node:
        char = self._take()
        if char.lower() in _CLASSES:
            return _Set(_CLASSES[char.lower()], is_negated=char.isupper())
        if char in _CONTROLS:
            return _Set(((_CONTROLS[char], _CONTROLS[char]),))
        if char in "AzZ":
            return _Edge(is_end=char != "A")
        if char.isalnum():
            # A word edge, a back reference, a code point ...: what it takes is not worked out.
            self.is_exact = False
            return _ANYTHING
        return _Set(((char, char),))

    def _class(self) -> _Node:
        is_negated = self._peek() == "^"
        if is_negated:
            self._take()
        ranges: list[tuple[str, str]] = []
        is_first = True
        while (char := self._take()) != "]" or is_first:
            is_first = False
            if char == "[" and self._peek() in (":", ".", "="):
                return self._unknown_class()
            ranges += self._member(char)
        return _Set(tuple(ranges), is_negated)

    def _unknown_class(self) -> _Node:
        """A POSIX class: read over and taken for any character."""
        self.is_exact = False
        end = self._text.find(":]", self._at)
        close = self._text.find("]", end + 2)
        if end < 0 or close < 0:
            raise _TooMuch
        self._at = close + 1
        return _Set((), is_negated=True)

    def _member(self, char: str) -> list[tuple[str, str]]:
        if char == "\\":
            char = self._take()
            if char in _CLASSES:
                return list(_CLASSES[char])
            if char.isalnum() and char not in _CONTROLS:
                raise _TooMuch
            char = _CONTROLS.get(char, char)
        if self._peek() != "-" or self._peek(2)[1:] in ("]", "\\", ""):
            return [(char, char)]
        self._take()
        return [(char, self._take())]


@dataclass(slots=True)
class _Step:
    """An instruction: take a character of a set, check an edge, or go on at `to` (both where there are two)."""

    to: list[int] = field(default_factory=list)
    chars: _Set | None = None
    edge: _Edge | None = None


class _Program:
    """The automaton of an expression; the last instruction is the end."""

    def __init__(self, node: _Node) -> None:
        self.steps: list[_Step] = []
        self._emit(node)
        self.steps.append(_Step())

    def _add(self, step: _Step) -> _Step:
        if len(self.steps) >= SIZE_CAP:
            raise _TooMuch
        self.steps.append(step)
        return step

    def _emit(self, node: _Node) -> None:
        if isinstance(node, _Set):
            self._add(_Step(chars=node))
        elif isinstance(node, _Edge):
            self._add(_Step(edge=node))
        elif isinstance(node, _Sequence):
            for part in node.parts:
                self._emit(part)
        elif isinstance(node, _Choice):
            self._emit_choice(node)
        else:
            self._emit_repeat(node)

    def _emit_choice(self, node: _Choice) -> None:
        fork = self._add(_Step())
        leaves = []
        for part in node.parts:
            fork.to.append(len(self.steps))
            self._emit(part)
            leaves.append(self._add(_Step()))
        for leaf in leaves:
            leaf.to.append(len(self.steps))

    def _emit_repeat(self, node: _Repeat) -> None:
        for _ in range(node.least):
            self._emit(node.part)
        if node.most is None:
            fork = self._add(_Step())
            fork.to.append(len(self.steps))
            back = len(self.steps) - 1
            self._emit(node.part)
            self._add(_Step()).to.append(back)
            fork.to.append(len(self.steps))
            return
        forks = []
        for _ in range(node.most - node.least):
            forks.append(self._add(_Step()))
            forks[-1].to.append(len(self.steps))
            self._emit(node.part)
        for fork in forks:
            fork.to.append(len(self.steps))


class Matcher:
    """Decides expressions within one budget of steps, so that a hostile configuration costs no time."""

    def __init__(self, steps: int = STEPS) -> None:
        self._left = steps
        self._read: dict[str, tuple[_Program, bool, bool] | None] = {}
        self._words: dict[str, tuple[str, ...] | None] = {}

    def spend(self, steps: int) -> bool:
        """Count other work against the budget; false when it is used up."""
        self._left -= steps
        return self._left >= 0

    def matches(self, expression: str, text: str, *, ignores_case: bool) -> bool | None:
        """Whether the expression takes a part of the text, as in nginx; None when that is not decided here."""
        words = self._plain(expression)
        if words is not None:
            fits = (
                any(word.lower() in text.lower() for word in words) if ignores_case else any(word in text for word in words)
            )
            return fits if self.spend(len(words)) else None
        read = self._program(expression)
        if read is None:
            return None
        program, is_exact, folds = read
        found = self._run(program, text, ignores_case=ignores_case or folds)
        return found if is_exact or found is not True else None

    def _plain(self, expression: str) -> tuple[str, ...] | None:
        """The words of which an expression asks for any, where it asks for nothing else: lists of names are long."""
        if expression not in self._words:
            parser = _Parser(expression.replace("\\\\", "\\"))
            try:
                node = parser.whole(is_affordable=self.spend(READING * len(expression)))
                found = _words(_bare(node), is_strict=True) if parser.is_exact and not parser.ignores_case else None
            except _TooMuch:
                found = None
            self._words[expression] = None if found is None else tuple(found)
        return self._words[expression]

    def _program(self, expression: str) -> tuple[_Program, bool, bool] | None:
        if expression not in self._read:
            # nginx's own reader has taken one of two backslashes away (src/core/ngx_conf_file.c).
            parser = _Parser(expression.replace("\\\\", "\\"))
            self._left -= READING * len(expression)
            try:
                node = parser.whole(is_affordable=self._left >= 0)
                self._read[expression] = (_Program(node), parser.is_exact, parser.ignores_case)
            except _TooMuch:
                self._read[expression] = None
        return self._read[expression]

    def _run(self, program: _Program, text: str, *, ignores_case: bool) -> bool | None:
        active: set[int] = set()
        for at in range(len(text) + 1):
            active = self._spread(program, {0, *active}, is_start=at == 0, is_end=at == len(text))
            if self._left < 0:
                return None
            if len(program.steps) - 1 in active:
                return True
            if at < len(text):
                active = _taken(program, active, _forms(text[at]) if ignores_case else (text[at],))
        return False

    def _spread(self, program: _Program, active: set[int], *, is_start: bool, is_end: bool) -> set[int]:
        """All instructions reached without taking a character."""
        seen: set[int] = set()
        waiting = list(active)
        while waiting and self._left >= 0:
            at = waiting.pop()
            if at in seen:
                continue
            seen.add(at)
            self._left -= 1
            step = program.steps[at]
            if step.edge is not None:
                waiting += [at + 1] if (is_end if step.edge.is_end else is_start) else []
            elif step.chars is None:
                waiting += step.to
        return seen


def _forms(char: str) -> tuple[str, ...]:
    return (char, char.swapcase()) if char.isascii() else (char,)


def _taken(program: _Program, active: set[int], forms: tuple[str, ...]) -> set[int]:
    """Where the instructions go on that take this character, in either case where case is ignored."""
    found = set()
    for at in active:
        chars = program.steps[at].chars
        if chars is not None and chars.has(forms):
            found.add(at + 1)
    return found


def names(expression: str) -> tuple[str, ...]:
    """The plain words that an expression is made of, as in `(GPTBot|CCBot)`; none where it is no list of words."""
    try:
        found = _words(_Parser(expression.replace("\\\\", "\\")).whole())
    except _TooMuch:
        return ()
    return tuple(dict.fromkeys(word for word in found or () if word))


def _bare(node: _Node) -> _Node:
    """An expression without the `.*` that it begins or ends with: as it may fit anywhere, these add nothing."""
    parts = list(node.parts) if isinstance(node, _Sequence) else [node]
    for end in (0, -1):
        while parts and parts[end] == _ANYTHING:
            del parts[end]
    return _Sequence(tuple(parts))


def _words(node: _Node, *, is_strict: bool = False) -> list[str] | None:
    """The words that a part stands for; None when it is no choice of words.

    Strictly, none may be left out; otherwise edges and what may be missing count as nothing.
    """
    if isinstance(node, _Edge):
        return None if is_strict else [""]
    if isinstance(node, _Set):
        return _letter(node, is_strict=is_strict)
    if isinstance(node, _Repeat):
        return [""] if node.least == 0 and not is_strict else None
    parts = [_words(part, is_strict=is_strict) for part in node.parts]
    if is_strict and None in parts:
        return None
    if isinstance(node, _Choice):
        found = [word for words in parts for word in words or ()]
        return found if len(found) <= NAMES_CAP else (None if is_strict else found[:NAMES_CAP])
    if any(words is None for words in parts):
        return None
    count = 1
    for words in parts:
        count *= len(words or ())
        if count > NAMES_CAP:
            return None
    return ["".join(found) for found in product(*(words or () for words in parts))]


def _letter(node: _Set, *, is_strict: bool) -> list[str] | None:
    """One letter, or one in both its cases."""
    if node.is_negated or any(low != high for low, high in node.ranges):
        return None
    letters = {low for low, _ in node.ranges}
    if len({letter.lower() for letter in letters}) != 1:
        return None
    return sorted(letters) if is_strict else [node.ranges[0][0]]
