"""What the rules of every provider's firewall have in common: which control they could be, and what they then say.

Notes name resources, rules and settings, never numbers: a public report must not teach scrapers the limits.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from policycheck.evidence._rates import WINDOWS
from policycheck.evidence._terraform_config import At, Config, Part, Resource, Unsaid
from policycheck.model import Reading

RATE = frozenset({"rate_limit", "anomaly_throttle"})
#: What a verifier of rules can tell apart; a declared `alert` or `suspend` happens elsewhere and is neither seen nor denied.
_ACTIONS = ("throttle", "challenge", "block")
#: Names of rule sets as the providers write them; any other name in a declaration is free words.
_SET = re.compile(r"AWSManagedRules\w+\Z|Cloudflare |Microsoft_\w+|OWASP\b|[a-z0-9]+-(?:v[0-9]|stable|canary)")
#: The longest expression that is looked into, and how many parentheses around it are taken off.
_EXPRESSION_CAP, _PARENTHESES = 4096, 4


class Said(NamedTuple):
    """One value, where it stands, and a note."""

    value: Any
    at: At
    note: str = ""
    soft: bool = False

    def doubted(self, why: str) -> Said:
        """The same, for a person to weigh."""
        return self._replace(note="; ".join(filter(None, (self.note, why))), soft=True)


#: Further values, by their path below the control.
Also = dict[tuple[str, ...], Said]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule says. What is None is not settled, or not its business.

    `rate` is how many in how many seconds; `also` further values by their path below the control.
    """

    status: Said | None
    actions: Said | None = None
    rate: Said | None = None
    unit: Said | None = None
    also: Also | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """A rule (or a resource as a whole, then without a name) that could be a control of some families."""

    resource: Resource
    name: str
    families: frozenset[str]
    at: At
    read: Callable[[Question], Facts]

    @property
    def label(self) -> str:
        """How people call it: the resource's address, and the rule."""
        return f"{self.resource.address} rule {self.name}" if self.name else self.resource.address


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: of which configuration, for a control of which family, over which paths of which hosts."""

    config: Config
    family: str
    paths: tuple[str, ...]
    rule: str
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Key:
    """Whom a rule counts, and how soundly: `address`, `shared`, `opaque` or `chosen` (by clients), and why."""

    standing: str
    at: At
    why: str = ""


# --- rules to facts ---


def limited(facts: Facts, key: Key, covered: bool | None, label: str) -> Facts:
    """A rate limit's facts, held against whom it counts and which requests it takes."""
    unit = Said("ip", key.at, f"{label} counts by address") if key.standing == "address" else None
    status = facts.status
    if key.standing == "chosen" and status is not None and status.value == "deployed":
        status = Said("observing", key.at, f"{label} counts by {key.why}, which clients can vary: the limit can be bypassed")
    if covered is None:
        return undecided(facts)
    if key.standing == "opaque":
        status = None if status is None or status.value == "deployed" else status
    why, rate = key.why, facts.rate
    if rate is not None and why:
        rate = rate._replace(note=f"{rate.note}; {why}" if rate.note else why)
    return replace(facts, status=status, unit=unit, rate=rate)


def undecided(facts: Facts) -> Facts:
    """What is left of a rule that may leave out requests of the surfaces: that it is not in force, where that is so."""
    return Facts(None if facts.status is None or facts.status.value == "deployed" else facts.status)


def refuse_elsewhere(covered: bool | None, label: str, at: At) -> None:
    """A rule for other addresses than the control's surfaces says nothing about it."""
    if covered is False:
        raise Unsaid(f"{label} does not take the requests of the control's surfaces", at)


def readings(facts: Facts, subject: Mapping[str, Any]) -> list[Reading]:
    """The facts in the words of a declared control."""
    found = []
    if facts.status is not None:
        found.append(_reading(("status",), facts.status))
    if facts.rate is not None:
        found += _rate(facts.rate, params(subject).get("window"))
    if facts.unit is not None:
        found.append(_reading(("params", "unit"), facts.unit))
    if facts.actions is not None:
        found.append(_reading(("params", "actions"), _as_declared(facts.actions, params(subject).get("actions"))))
    for path, said in (facts.also or {}).items():
        told = _sets_as_declared(said, params(subject).get("rule_sets")) if path[-1] == "rule_sets" else said
        if told is not None:
            found.append(_reading(path, told))
    return found


def params(subject: Mapping[str, Any]) -> Mapping[str, Any]:
    """The declared settings of a control."""
    found = subject.get("params")
    return found if isinstance(found, Mapping) else {}


def _reading(path: tuple[str, ...], said: Said) -> Reading:
    return Reading(path, said.value, said.at.file, said.at.line, said.at.column, said.note, said.soft)


def _rate(said: Said, declared: object) -> list[Reading]:
    """A limit in the declared window, else in one that is a multiple of its own.

    A client may spend what a window allows in any moment of it, and again in the next: in a shorter window the whole
    number fits, in a longer one as many as windows begin in it. The looser side counts: it can only be questioned.
    """
    count, seconds = said.value
    fitting = (word for word, length in WINDOWS.items() if length >= seconds and length % seconds == 0)
    window = declared if isinstance(declared, str) and declared in WINDOWS else next(fitting, "day")
    looser = said
    if WINDOWS[window] != seconds:
        converted = "its own window differs from the one told here, and the looser side is told"
        looser = said._replace(note="; ".join(filter(None, (said.note, converted))))
    limit = count * math.ceil(WINDOWS[window] / seconds)
    return [
        _reading(("params", "limit"), looser._replace(value=limit)),
        _reading(("params", "window"), looser._replace(value=window)),
    ]


def _as_declared(said: Said, declared: object) -> Said:
    """The actions as the declaration orders them, with those it names that happen outside of the rule."""
    if not isinstance(declared, list) or not all(isinstance(action, str) for action in declared):
        return said
    seen = {action for action in declared if action in _ACTIONS}
    if seen == set(said.value) or (not seen and said.value == ["log"] and "log" in declared):
        return said._replace(value=list(declared))
    return said._replace(value=[*said.value, *(action for action in declared if action not in (*_ACTIONS, "log"))])


def _sets_as_declared(said: Said, declared: object) -> Said | None:
    """The rule sets in force as the declaration lists them; more in force is no denial, nor is a name in free words."""
    if not isinstance(declared, list) or not declared:
        return said
    names = [name.casefold() for name in said.value]
    lacking = [name for name in declared if not any(found.startswith(str(name).casefold()) for found in names)]
    if not lacking:
        return said._replace(value=list(declared))
    return said if any(_SET.match(str(name)) for name in lacking) else None


# --- which requests a rule takes ---


def paths_of(urls: object) -> tuple[str, ...]:
    """The paths of declared addresses: `https://host/a/*`, `/a/*` or `GET /a/{id}`; of a host alone it is `/`."""
    found = []
    for url in urls if isinstance(urls, list) else ():
        words = str(url).split()
        tail = re.sub(r"\A[a-z][a-z0-9+.-]{0,20}://[^/?#]*", "", words[-1], flags=re.IGNORECASE) if words else ""
        tail = f"/{tail}" if words and tail != words[-1] and not tail.startswith("/") else tail
        if tail.startswith("/"):
            found.append(tail)
    return tuple(found)


def both(answers: Iterable[bool | None]) -> bool | None:
    """Whether all hold; unknown where one is unknown and none fails."""
    seen = list(answers)
    return False if False in seen else None if None in seen else True


def either(answers: Iterable[bool | None]) -> bool | None:
    """Whether any holds; unknown where one is unknown and none holds."""
    seen = list(answers)
    return True if True in seen else None if None in seen else False


def negated(answer: bool | None) -> bool | None:
    """The opposite; unknown stays unknown."""
    return None if answer is None else not answer


def compared(operator: str, wanted: str, path: str) -> bool | None:
    """Whether the requests to a declared path fit `starts`, `equals` or `contains`; unknown where only some may."""
    literal = re.split(r"[*{:<]", path, maxsplit=1)[0]
    is_whole = literal == path
    if operator == "starts":
        return True if literal.startswith(wanted) else None if not is_whole and wanted.startswith(literal) else False
    if operator == "equals":
        return literal == wanted if is_whole else None if wanted.startswith(literal) else False
    if operator == "contains":
        return True if wanted in literal else None if not is_whole else False
    return None


_ATOMS = (
    ("starts", re.compile(r'starts_with\(\s*(?:http\.request\.uri\.path|http\.request\.uri)\s*,\s*"([^"\\]*)"\s*\)')),
    ("contains", re.compile(r'http\.request\.uri(?:\.path)?\s+contains\s+"([^"\\]*)"')),
    ("starts", re.compile(r'http\.request\.uri\.path\s+(?:matches|~)\s+"\^([A-Za-z0-9/_-]*)"')),
    ("starts", re.compile(r"""request\.path\.startsWith\(\s*['"]([^'"\\]*)['"]\s*\)""")),
    ("equals", re.compile(r"""request\.path\s*==\s*['"]([^'"\\]*)['"]""")),
    ("contains", re.compile(r"""request\.path\.contains\(\s*['"]([^'"\\]*)['"]\s*\)""")),
    ("starts", re.compile(r"""request\.path\.matches\(\s*['"]\^([A-Za-z0-9/_-]*)['"]\s*\)""")),
)  # fmt: skip


#: A host or a path that is, or is not, a text, one of several, or of a pattern.
_NAMED = re.compile(
    r'http\.(host|request\.uri\.path)\s*(eq|==|ne|!=|in|(?:strict )?wildcard)\s*("[^"\\]*"|\{\s*(?:"[^"\\]*"\s*)+\})'
)
_NOT = re.compile(r"(?:not\b|!(?!=))\s*(.+)", re.DOTALL)
_LITERALS = re.compile(r""""[^"]*"|'[^']*'|\{[^}]*\}""")
_NAME = re.compile(r"(?<![\w$.:])[A-Za-z_][\w.]*")
_WORDS = frozenset({"and", "or", "not", "xor", "eq", "ne", "in", "lt", "le", "gt", "ge"})


#: What a comparison comes to that asks who asks, and not for what; None where that is not known.
Answer = Callable[[str], bool | None]


def takes(
    expression: str, question: Question, aside: re.Pattern[str] | None = None, answer: Answer | None = None
) -> bool | None:
    """Whether an expression of Cloudflare's rules language or Cloud Armor's takes requests to any of the paths asked for.

    Only what compares the path, or the host, is decided; anything else is unknown, and without paths nothing is asked.
    What asks of nothing but names that fit `aside` is what the control is about: it leaves no path out. `answer` stands
    in for a client of one kind: what a comparison comes to for it.
    """
    text = expression.strip()
    if text in ("true", "(true)"):
        return True
    if not question.paths:
        return True
    if len(text) > _EXPRESSION_CAP:
        return None
    return either(_taken(text, path, question.hosts, aside, answer) for path in question.paths)


def _taken(
    text: str, path: str, hosts: Sequence[str], aside: re.Pattern[str] | None, answer: Answer | None, depth: int = 0
) -> bool | None:
    text = _stripped(text)
    if aside is not None and _asks_only(text, aside):
        return True
    if answer is not None and (found := answer(text)) is not None:
        return found
    for operator, atom in _ATOMS:
        match = atom.fullmatch(text)
        if match:
            return compared(operator, match[1], path)
    named = _NAMED.fullmatch(text)
    if named:
        return _is_named(named[1], named[2], re.findall(r'"([^"]*)"', named[3]), path, hosts)
    if depth < 4:
        for join, words in ((either, (" or ", "||")), (both, (" and ", "&&"))):
            pieces = _pieces(text, words)
            if len(pieces) > 1:
                return join(_taken(piece, path, hosts, aside, answer, depth + 1) for piece in pieces)
        match = _NOT.fullmatch(text)
        if match:
            return negated(_taken(match[1], path, hosts, None, answer, depth + 1))
    return None


def _is_named(field: str, operator: str, values: list[str], path: str, hosts: Sequence[str]) -> bool | None:
    """Whether a host or a path is one of the values; of wildcards, which stand for any text, only one at an end is read."""
    is_wild = operator.endswith("wildcard")
    if field == "host":
        if is_wild and any("*" in value.removeprefix("*") for value in values):
            return None
        # Texts are compared as they are written, except by `wildcard`; clients write hosts small.
        wanted = [value.lower() for value in values] if operator == "wildcard" else values
        fits = {any(host.endswith(v[1:]) if is_wild and v[:1] == "*" else host == v for v in wanted) for host in hosts}
        answer = fits.pop() if len(fits) == 1 else None
    elif is_wild:
        ends = values[0][:-1] if values[0].endswith("*") and "*" not in values[0][:-1] else None
        is_strict = operator.startswith("strict")
        if ends is None:
            return None
        answer = compared("starts", ends if is_strict else ends.lower(), path if is_strict else path.lower())
    else:
        answer = either(compared("equals", value, path) for value in values)
    return negated(answer) if operator in ("ne", "!=") else answer


def _asks_only(text: str, aside: re.Pattern[str]) -> bool:
    names = set(_NAME.findall(_LITERALS.sub("''", text))) - _WORDS
    return bool(names) and all(aside.fullmatch(name) for name in names)


def _stripped(text: str) -> str:
    """Without the parentheses around the whole."""
    text = text.strip()
    for _ in range(_PARENTHESES):
        if not (text.startswith("(") and text.endswith(")") and _closes(text) == len(text) - 1):
            break
        text = text[1:-1].strip()
    return text


def _closes(text: str) -> int:
    """Where the parenthesis that opens a text is closed; quotes are passed over."""
    depth, quote = 0, ""
    for at, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "()":
            depth += 1 if character == "(" else -1
            if depth == 0:
                return at
    return -1


def _pieces(text: str, words: tuple[str, ...]) -> list[str]:
    """A text, parted at words that stand outside of parentheses and quotes."""
    depth, quote, start, found, at = 0, "", 0, [], 0
    while at < len(text):
        character = text[at]
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "()":
            depth += 1 if character == "(" else -1
        elif depth == 0 and (word := next((word for word in words if text.startswith(word, at)), "")):
            found.append(text[start:at])
            at = start = at + len(word)
            continue
        at += 1
    return [*found, text[start:]]


# --- rules in order ---


def shadow(through: Iterable[Part], rule: Part) -> Part | None:
    """Of the rules that let all requests through, one that comes before `rule`, which therefore never sees any."""
    return next((other for other in through if (other.number("priority") or 0) < (rule.number("priority") or 0)), None)


def refuse_shadow(perhaps: Iterable[Part], rule: Part, label: str) -> None:
    """An earlier rule that may let requests of the surfaces through leaves open whether `rule` sees them."""
    before = shadow(perhaps, rule)
    if before is not None:
        name = before.called("name") or before.called("description")
        raise Unsaid(f"rule {name} may let requests through before {label} is reached; that is not decided here", before.at)
