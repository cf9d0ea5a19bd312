"""robots.txt (RFC 9309), read line by line so that every directive keeps its place, and held against agents and paths.

Groups of one agent are merged, the longest fitting rule wins and Allow wins ties; a crawler that no group names follows
`*`, and without one may fetch everything. Where readers are known to differ (a line such as Crawl-delay between
User-agent lines: RFC 9309 section 2.2.4 reads on, others begin a new group; a field that is misspelt or has no colon:
for RFC 9309 it is no line, the reader that Google published takes it for what was meant; more than one token after
User-agent, of which that reader takes the first) each reading is kept, and what hangs on the difference is not said.
`Content-Signal` lines (contentsignals.org) belong to the group they stand in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from policycheck.evidence._published import Pattern, Unsaid, lines_of, refuse_others, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from policycheck.evidence._published import Page, Place

#: RFC 9309 section 2.5: a crawler reads at least 500 kibibytes; what follows may be read or not.
PARSED = 500 * 1024
#: How many times a rule is tried on a path in all before nothing is said.
TRIES = 1_000_000

#: Lines for the whole site; they belong to no group and end none.
_SITE_WIDE = frozenset({"sitemap", "host", "license"})
_KNOWN = _SITE_WIDE | {
    "user-agent",
    "allow",
    "disallow",
    "crawl-delay",
    "request-rate",
    "visit-time",
    "clean-param",
    "noindex",
}
_KNOWN |= {"content-signal", "content-usage"}
#: Fields as they are often misspelt, and what readers take them for that forgive it (github.com/google/robotstxt).
_MEANT = {
    "dissallow": "disallow", "dissalow": "disallow", "disalow": "disallow", "diasllow": "disallow", "disallaw": "disallow",
    "useragent": "user-agent", "user agent": "user-agent",
}  # fmt: skip
#: The token that the same reader takes of a name that is none by itself: `GPTBot, CCBot`, `GPTBot 1.1`, `* (all)`.
_FIRST = re.compile(r"\*(?=\s)|[A-Za-z_-]+(?=[\s,;*(])")
_USES = frozenset({"search", "ai-input", "ai-train"})


class Rule(NamedTuple):
    """One Allow or Disallow line."""

    allows: bool
    pattern: Pattern
    line: int

    @property
    def rank(self) -> tuple[int, bool]:
        """The most octets first; Allow wins a tie (RFC 9309 section 2.2.2)."""
        return (self.pattern.length, self.allows)


class Signal(NamedTuple):
    """One use of a Content-Signal line: `ai-train` and whether it says yes."""

    use: str
    is_granted: bool
    line: int


class Line(NamedTuple):
    """A line that says something: its number, its field in lower case, its value."""

    number: int
    field: str
    value: str


@dataclass(slots=True)
class Group:
    """The rules and signals under one run of User-agent lines, the first of which stands at `line`."""

    line: int
    rules: list[Rule] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)


class Standing(NamedTuple):
    """What an agent is asked for some places, and where that stands.

    `word` is refused; excepted (refused, but for what Allow lines open); partly (open here or there); or open. `line` is
    that of the rule that decides, else of the group that names the agent, else the file's first.
    """

    word: str
    line: int
    group: int

    @property
    def is_refusal(self) -> bool:
        """Whether everything but named exceptions is refused."""
        return self.word in ("refused", "excepted")


def token(name: str) -> str:
    """A product token as it is compared: without version, in lower case (RFC 9309 section 2.2.1)."""
    return " ".join(name.partition("/")[0].split()).casefold()


@dataclass(slots=True)
class Robots:
    """A robots.txt: its groups by token, and the other lines that matter here."""

    path: str
    groups: dict[str, list[Group]]
    #: The groups as other readers see them: the line that they differ about, and why.
    others: list[tuple[dict[str, list[Group]], int, str]]
    #: The tokens as first written, and where.
    names: dict[str, tuple[str, int]]
    licences: list[Line]
    #: The first Content-Signal line that readers may differ on: above every group, or for a path only; 0 for none.
    stray: int
    #: The numbers of lines that no reader is known to take for anything.
    unknown: list[int]
    is_cut: bool
    _tries: int = 0
    _known: dict[tuple[object, ...], Standing] = field(default_factory=dict)

    def named(self, agent: str) -> int:
        """The line of the first group that names an agent; 0 when none does."""
        return self.names.get(token(agent), ("", 0))[1]

    def of(self, agent: str, groups: dict[str, list[Group]] | None = None) -> list[Group]:
        """The groups that an agent follows: its own, else those of `*`."""
        groups = self.groups if groups is None else groups
        return groups.get(token(agent)) or groups.get("*") or []

    def standing(self, agent: str, places: Sequence[Place]) -> Standing:
        """What an agent is asked for these places. Raises Unsaid where readers of the file would differ."""
        found = self._standing(self.of(agent), places, self.named(agent))
        for groups, line, why in self.others:
            other = self._standing(self.of(agent, groups), places, self.named(agent))
            if other.word != found.word:
                raise Unsaid(f"readers differ on what {agent} may fetch: {why}", line)
        return found

    def _standing(self, groups: list[Group], places: Sequence[Place], named: int) -> Standing:
        key = (tuple(map(id, groups)), places if isinstance(places, tuple) else tuple(places))
        if key not in self._known:
            rules = [rule for group in groups for rule in group.rules]
            self._tries += len(rules) * len(places)
            if self._tries > TRIES:
                raise Unsaid(f"{self.path} has too many rules to try on every surface and agent")
            self._known[key] = _together([_of_place(rules, place) for place in places])
        found = self._known[key]
        return Standing(found.word, found.line or named or 1, named)


def _of_place(rules: Iterable[Rule], place: Place) -> tuple[str, int]:
    """What rules say of one place, and the line of the rule that decides (0 when none does)."""
    rules = list(rules)
    fitting = [rule for rule in rules if rule.pattern.fits(place.sample)]
    best = max(fitting, key=lambda rule: rule.rank, default=None)
    is_open = best is None or best.allows or place.sample == "/robots.txt"
    word, line = ("open" if is_open else "refused"), (best.line if best else 0)
    if place.varies:
        least = best.rank if best else (0, False)
        for rule in rules:
            if rule.allows is not is_open and rule.rank > least and rule.pattern.may_fit_below(place.prefix):
                return ("partly" if is_open else "excepted"), (rule.line if is_open else line)
    return word, line


def _together(found: Sequence[tuple[str, int]]) -> Standing:
    """Several places as one: the same everywhere, or refused with exceptions, or only partly."""
    said = {word for word, _ in found}
    if len(said) == 1:
        return Standing(*found[0], 0)
    if said <= {"refused", "excepted"}:
        return Standing("excepted", next(line for word, line in found if word == "excepted"), 0)
    return Standing("partly", next((line for word, line in found if word != "open"), 0), 0)


# --- text to groups ---


def robots_of(page: Page, what: str = "robots.txt") -> Robots:
    """The file as groups; Unsaid when it is something else, or holds nothing that crawlers read."""
    is_cut = len(page.data) > PARSED
    text = text_of(page, what, strict=False)
    refuse_others(page, text[:PARSED], what)
    if is_cut:
        text = page.data[:PARSED].decode("utf-8", "replace").removeprefix("\ufeff")
    lines, strange, forgiven = _lines(text, is_cut=is_cut)
    unknown = sorted([*strange, *(line.number for line in lines if line.field not in _KNOWN)])
    known = sum(line.field in _KNOWN for line in lines)
    if not any(line.field in ("user-agent", "sitemap") for line in lines):
        raise Unsaid(f"{page.path} holds no User-agent line: it is not {what}, or a part of one")
    if len(unknown) > known:
        raise Unsaid(f"most lines of {page.path} are none of {what}", 1)
    groups, names = _grouped(lines, is_split=False)
    others = [(_grouped(lines, is_split=True)[0], doubtful, _SPLIT)] if (doubtful := _doubtful(lines)) else []
    if forgiven:
        kept = [line for line in lines if line.field not in _MEANT]
        meant, more = _grouped(sorted([*kept, *forgiven], key=lambda line: line.number), is_split=False)
        names = {**more, **names}
        others.append((meant, forgiven[0].number, _FORGIVEN))
    if firsts := [Line(n, name, m[0]) for n, name, v in lines if name == "user-agent" and (m := _FIRST.match(v))]:
        meant, _ = _grouped(sorted([*lines, *firsts], key=lambda line: line.number), is_split=False)
        others.append((meant, firsts[0].number, _SEVERAL))
    licences = [line for line in lines if line.field == "license"]
    return Robots(page.path, groups, others, names, licences, _stray(lines), unknown, is_cut)


def _stray(lines: Iterable[Line]) -> int:
    has_group = False
    for line in lines:
        has_group = has_group or line.field == "user-agent"
        is_stray = line.value.startswith("/") or (not has_group and _signals(line))
        if line.field == "content-signal" and is_stray:
            return line.number
    return 0


_SPLIT = "a line between User-agent lines ends the group for some; put the rules directly below the User-agent lines"
_FORGIVEN = "a field is misspelt or has no colon, so that the line is none for most, and some take it for what was meant"
_SEVERAL = "more than one token stands after User-agent, which is no name for most, and some take the first; a line each"


def _lines(text: str, *, is_cut: bool) -> tuple[list[Line], list[int], list[Line]]:
    """The lines that say something, the numbers of those that have no field, and what some readers take for a line.

    A comment runs to the end of its line; white space is a space or a tab and nothing else (RFC 9309 section 2.2); a line
    with bytes that are not UTF-8 is none; of a text that was cut the last line is left out, since it may be half of one.
    """
    found: list[Line] = []
    strange: list[int] = []
    forgiven: list[Line] = []
    numbered = list(enumerate(lines_of(text), 1))
    for number, raw in numbered[:-1] if is_cut else numbered:
        said = raw.partition("#")[0].strip(" \t")
        if not said:
            continue
        name, colon, value = said.partition(":")
        forgiven += _meant(number, said)
        if not colon or "\ufffd" in said:
            strange.append(number)
        else:
            found.append(Line(number, name.strip(" \t").casefold(), value.strip(" \t")))
            if found[-1].field in ("allow", "disallow") and found[-1].value[:1].isspace():
                strange.append(number)
    return found, strange, forgiven


def _meant(number: int, said: str) -> list[Line]:
    """The line that forgiving readers see in one that is misspelt, or whose field and value have a blank between them."""
    name, colon, value = said.partition(":")
    words = said.split()
    if not colon and len(words) == 2:
        name, value = words
    field = " ".join(name.casefold().split())
    is_amiss = field in _MEANT or (not colon and len(words) == 2)
    field = _MEANT.get(field, field)
    return [Line(number, field, value.strip(" \t"))] if is_amiss and field in ("user-agent", "allow", "disallow") else []


def _doubtful(lines: Iterable[Line]) -> int:
    """The first line, neither a rule nor for the whole site, that stands between User-agent lines; 0 when none does."""
    between, has_agent = 0, False
    for line in lines:
        if line.field == "user-agent":
            if has_agent and between:
                return between
            has_agent, between = True, 0
        elif line.field in ("allow", "disallow"):
            has_agent, between = False, 0
        elif line.field not in _SITE_WIDE and has_agent:
            between = between or line.number
    return 0


def _grouped(lines: Iterable[Line], *, is_split: bool) -> tuple[dict[str, list[Group]], dict[str, tuple[str, int]]]:
    """Groups by token. Rules end a run of User-agent lines; with `is_split` so does any line but those for the site."""
    groups: dict[str, list[Group]] = {}
    names: dict[str, tuple[str, int]] = {}
    group: Group | None = None
    is_run = False
    for line in lines:
        if line.field == "user-agent":
            if group is None or not is_run:
                group = Group(line.number)
            is_run = True
            mine = groups.setdefault(token(line.value), [])
            if not mine or mine[-1] is not group:
                mine.append(group)
            names.setdefault(token(line.value), (line.value, line.number))
            continue
        if line.field in ("allow", "disallow") or (is_split and line.field not in _SITE_WIDE):
            is_run = False
        if group is not None:
            _take(group, line)
    return groups, names


def _take(group: Group, line: Line) -> None:
    """Put what a line says into its group. An empty Disallow refuses nothing (RFC 9309 section 2.2.2)."""
    if line.field in ("allow", "disallow") and line.value:
        group.rules.append(Rule(line.field == "allow", Pattern(line.value), line.number))
    elif line.field == "content-signal":
        group.signals += _signals(line)


def _signals(line: Line) -> list[Signal]:
    """The uses of a Content-Signal line, `search=yes, ai-train=no`; other keys and values say nothing here."""
    pairs = (part.partition("=") for part in line.value.split(","))
    said = [(use.strip().casefold(), value.strip().casefold()) for use, _, value in pairs]
    return [Signal(use, value == "yes", line.number) for use, value in said if use in _USES and value in ("yes", "no")]
