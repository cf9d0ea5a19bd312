"""What nginx tells crawlers: the `X-Robots-Tag` headers in effect at one place.

How `add_header` is taken over by inner levels is ngx_http_headers_module's (with `add_header_inherit` of 1.29.3); what
the header says is the notation that search engines publish (Google Search Central, "Robots meta tag and
X-Robots-Tag specifications"; MDN, X-Robots-Tag): rules with commas, a crawler's name with a colon before its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policycheck.evidence._nginx_files import Directive, Unsaid
from policycheck.evidence._nginx_places import Http, Spot, answer, fallback, named, nearest, passes, refuse_foreign
from policycheck.evidence._published import of_one_among
from policycheck.model import Reading

if TYPE_CHECKING:
    from collections.abc import Iterable

DECISIVE = ("add_header",)

_HEADER = "x-robots-tag"
#: Rules that keep crawlers from something; `noai` and `noimageai` are a convention of artists' platforms.
_FORBIDDING = frozenset(
    {"noindex", "none", "nofollow", "noarchive", "nocache", "nosnippet", "noimageindex", "noai", "noimageai"}
    | {"notranslate", "noodp", "noydir"}
)
_HARMLESS = frozenset({"all", "index", "follow", "archive", "snippet", "imageindex", "indexifembedded"})
_NO_INDEX = frozenset({"noindex", "none"})
#: Rules that are written with a colon, so that their names are no crawlers'.
_VALUED = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})
_EVERYONE = "*"
#: The module of other people that sets headers by rules of its own.
_FOREIGN = re.compile(r"more_(set|clear)_headers")
_NOT_ADDED = "no X-Robots-Tag is added for"


@dataclass(frozen=True, slots=True)
class _Signal:
    """The headers in effect: for each crawler (`*` for all) its rules, and where the first header stands.

    `dropped` is the directive that keeps an outer level's header from being taken over.
    """

    rules: dict[str, frozenset[str]]
    at: Directive | None
    is_always: bool = False
    dropped: Directive | None = None

    def forbidding(self) -> dict[str, frozenset[str]]:
        """Only what crawlers are asked not to do."""
        kept = {agent: rules & _FORBIDDING for agent, rules in self.rules.items()}
        return {agent: rules for agent, rules in kept.items() if rules}


def readings(spot: Spot, http: Http, options: Mapping[str, object], subject: Mapping[str, object]) -> tuple[Reading, ...]:
    """`status`, and `standards` and `agents` of `params`, of a control of the family crawler_signal."""
    del options
    standards = _listed(subject, "standards")
    if standards and "x_robots_tag" not in standards:
        raise Unsaid("nginx evidence shows the standard x_robots_tag only, which params.standards does not name")
    signal = _settled(spot, http)
    if signal.at is None:
        return of_one_among((_absent(signal, spot, http),), subject, {"x_robots_tag"})
    asked = signal.forbidding()
    if not asked:
        return of_one_among((_nothing_forbidden(signal, spot),), subject, {"x_robots_tag"})
    always = "" if signal.is_always else ", on successful answers and redirects only (no `always`)"
    note = f"X-Robots-Tag is added for {spot.name}{always}"
    found = [_reading(("status",), "deployed", signal.at, note)]
    if standards in ([], ["x_robots_tag"]):
        found.append(_reading(("params", "standards"), ["x_robots_tag"], signal.at, note))
    return (*found, *_agents(asked, _listed(subject, "agents"), signal.at))


def _listed(subject: Mapping[str, object], name: str) -> list[str]:
    params = subject.get("params")
    values = params.get(name) if isinstance(params, Mapping) else None
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _agents(asked: dict[str, frozenset[str]], declared: list[str], at: Directive) -> list[Reading]:
    """Which crawlers are addressed. A header without a name is for all: it says nothing where none is declared."""
    if _EVERYONE in asked:
        note = "the X-Robots-Tag names no crawler: it is for all"
        return [_reading(("params", "agents"), declared, at, note)] if declared else []
    covered = [agent for agent in declared if agent.lower() in asked]
    is_met = bool(declared) and len(covered) == len(declared)
    note = "the crawlers that the X-Robots-Tag names"
    return [_reading(("params", "agents"), declared if is_met else sorted(asked), at, note)]


def _nothing_forbidden(signal: _Signal, spot: Spot) -> Reading:
    at = signal.at or spot.at()
    words = {rule for rules in signal.rules.values() for rule in rules}
    if words - _FORBIDDING - _HARMLESS - _VALUED:
        raise at.unsaid(f"the X-Robots-Tag of {spot.name} holds rules that are not known here")
    return _reading(("status",), "planned", at, f"the X-Robots-Tag of {spot.name} asks crawlers for nothing")


def _absent(signal: _Signal, spot: Spot, http: Http) -> Reading:
    """No header. A part of a configuration cannot say so, nor can nginx where the program behind may send one."""
    if http.is_part:
        raise Unsaid(f"{_NOT_ADDED} {spot.name} in this file, which has no http block; name the main one", http.file)
    if signal.dropped is not None:
        note = f"the X-Robots-Tag of an outer level is lost: {spot.name} has an add_header of its own"
        return _reading(("status",), "planned", signal.dropped, note)
    hidden = any(_HEADER in map(str.lower, item.args) for item in nearest(spot, "proxy_hide_header"))
    if passes(spot) and not hidden:
        reason = f"{_NOT_ADDED} {spot.name}; whether the program behind sends one is not seen here"
        raise Unsaid(reason, spot.file, spot.line)
    return _reading(("status",), "planned", spot.at(), f"{_NOT_ADDED} {spot.name}")


def indexing(spot: Spot, http: Http) -> Reading:
    """`search_indexing` of a surface where it is settled: all crawlers are asked not to index."""
    signal = _settled(spot, http)
    asked = signal.forbidding().get(_EVERYONE, frozenset())
    if signal.at is not None and asked & _NO_INDEX and not signal.rules[_EVERYONE] & {"indexifembedded"}:
        return _reading(
            ("search_indexing",), "refused", signal.at, f"X-Robots-Tag asks all crawlers not to index {spot.name}"
        )
    if signal.dropped is not None:
        raise signal.dropped.unsaid(f"an X-Robots-Tag is lost, as {spot.name} has an add_header of its own")
    raise Unsaid(f"no X-Robots-Tag asks all crawlers not to index {spot.name}", spot.file, spot.line)


# --- which headers are in effect ---


def _settled(spot: Spot, http: Http) -> _Signal:
    """The headers at a spot, once it is certain that every answer gets them."""
    _refuse_unsettled(spot)
    signal = _signal(spot)
    handed = fallback(spot, http)
    if handed is not None and handed.key != spot.key:
        _refuse_unsettled(handed)
        if _signal(handed).rules != signal.rules:
            raise Unsaid(f"{spot.name} hands on to {handed.name}, where X-Robots-Tag differs", handed.file, handed.line)
    if signal.at is None:
        refuse_foreign(spot, "X-Robots-Tag")
    answered = answer(spot)
    if signal.at is not None and answered is not None and answered.args[:1] == ("444",):
        raise answered.unsaid(f"return closes every request for {spot.name} without an answer")
    return signal


def _refuse_unsettled(spot: Spot) -> None:
    for level in spot.levels:
        for item in level:
            if _FOREIGN.fullmatch(item.name) and _HEADER in " ".join(item.args).lower():
                raise item.unsaid(f"{item.name} sets X-Robots-Tag by rules that are not read here")
    for item in named(spot.own, "if"):
        if any(inner.name.startswith("add_header") for inner in item.block or ()):
            raise item.unsaid(f"headers of {spot.name} depend on a condition: an if has an add_header of its own")


def _signal(spot: Spot) -> _Signal:
    """The headers in effect, level by level from the outermost in (ngx_http_headers_merge_conf)."""
    headers: list[Directive] = []
    inherit, dropped = "on", None
    for level in spot.levels:
        own = [item for item in named(level, "add_header") if len(item.args) >= 2]
        inherit = next((" ".join(item.args) for item in named(level, "add_header_inherit")), inherit)
        if inherit == "merge":
            kept = [*own, *headers]
        elif inherit == "off":
            kept = own
        else:
            kept = own or headers
        if _robots(headers) and not _robots(kept):
            dropped = next(iter((*own, *named(level, "add_header_inherit"))), None)
        headers = kept
    found = _robots(headers)
    return _parsed(found) if found else _Signal({}, None, dropped=dropped)


def _robots(headers: Iterable[Directive]) -> list[Directive]:
    """The X-Robots-Tag headers that are sent: one with an empty value is not."""
    return [item for item in headers if item.args[0].lower() == _HEADER and item.args[1].strip()]


def _parsed(headers: list[Directive]) -> _Signal:
    rules: dict[str, set[str]] = {}
    for item in headers:
        if "$" in item.args[1]:
            raise item.unsaid("the value of an X-Robots-Tag comes from a variable")
        for agent, rule in _rules(item.args[1]):
            rules.setdefault(agent, set()).add(rule)
    is_always = all("always" in item.args[2:] for item in headers)
    return _Signal({agent: frozenset(found) for agent, found in rules.items()}, headers[0], is_always)


def _rules(value: str) -> list[tuple[str, str]]:
    """Each rule with the crawler it is for; a name holds for the rules after it, up to the next name."""
    agent, found = _EVERYONE, []
    for part in value.split(","):
        name, colon, rest = part.strip().lower().partition(":")
        if colon and name.strip() not in _VALUED:
            agent, name = name.strip() or _EVERYONE, rest
        if name.strip():
            found.append((agent, name.strip()))
    return found


def _reading(path: tuple[str, ...], value: object, at: Directive, note: str) -> Reading:
    return Reading(path, value, at.file, at.line, 1, note)
