"""Which clients nginx refuses by the name they give: `if` on `$http_user_agent`, directly or through a `map`.

The rules are those of ngx_http_rewrite_module (conditions are tried in order, the server's before the location's, and
no inner location takes them over) and of ngx_http_map_module. A name is what a client says of itself: whoever says
another one is served. A name is decided by texts that clients
of that name send; where these differ it is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policycheck.evidence._nginx_files import Directive, Unsaid
from policycheck.evidence._nginx_keys import map_of, value_of
from policycheck.evidence._nginx_patterns import names
from policycheck.evidence._nginx_places import (
    Http,
    Spot,
    is_refusal,
    later,
    refuse_answered_otherwise,
    refuse_foreign,
    variables,
)
from policycheck.model import Reading

DECISIVE = ("if",)

_USER_AGENT = "http_user_agent"
_CONDITION = re.compile(r"\(\s*(\S+?)(?:\s+(!?~\*?|!?=)\s*(.*?))?\s*\)", re.DOTALL)
#: What clients of a name send; many name their own page too, in lower case.
_SENT = (
    "{0}",
    "{0}/1.0",
    "Mozilla/5.0 (compatible; {0}/1.0; +https://crawler.example/about)",
    "Mozilla/5.0 (compatible; {0}/1.0; +https://crawler.example/{1})",
)
_SPOOFED = "a client that gives another name is served"
_HOPS = 4
#: The most names that are tried, and the most conditions of a place.
_NAMES, _DIRECTIVES = 500, 200
#: What lets a request through, or sends it elsewhere, before later conditions are tried.
_LETTING = ("answers", "breaks", "rewrites")
_ADDRESSES = ("request_uri", "uri", "document_uri")
#: Stands for the client's name where no map stands between.
_ITSELF = Directive(_USER_AGENT, (), "", 0)


@dataclass(frozen=True, slots=True)
class _Test:
    """An `if` (or a plain `set`, which always holds): what it looks at, how, what for, and what its block does.

    It `refuses`; `answers` otherwise; `breaks` off the conditions of its level; `rewrites`; or does something `other`.
    `sets` are the variables it gives values; `is_named` whether the client's name decides it.
    """

    at: Directive
    variable: str
    sign: str
    text: str
    effect: str
    code: str
    sets: tuple[tuple[str, str], ...]
    is_servers: bool
    is_named: bool


def readings(spot: Spot, http: Http, options: Mapping[str, object], subject: Mapping[str, object]) -> tuple[Reading, ...]:
    """`status`, and `agents` of `params`, of a control of the family user_agent_block."""
    del options
    tests = _tests(spot, http)
    refusing = [test for test in tests if test.effect == "refuses" and test.is_named]
    if not refusing:
        return (_absent(spot, http),)
    if any(test.sign.startswith("!") for test in tests if test.is_named):
        raise refusing[0].at.unsaid(f"an if refuses all names but some for {spot.name}, which is not settled here")
    for test in refusing:
        refuse_answered_otherwise(spot, test.code, http)
    found = [name for name in _named(tests, http) if _is_refused(name, tests, spot, http)]
    declared = _declared(subject)
    verdicts = {name: _is_refused(name, tests, spot, http) for name in declared}
    if not found and True not in verdicts.values():
        raise refusing[0].at.unsaid(f"which names an if refuses for {spot.name} is not decided here")
    note = f"an if on $http_user_agent refuses requests for {spot.name}; {_SPOOFED}"
    at = refusing[0].at
    status = Reading(("status",), "deployed", at.file, at.line, 1, note)
    return (status, *_agents(declared, verdicts, found, at))


def _declared(subject: Mapping[str, object]) -> list[str]:
    params = subject.get("params")
    agents = params.get("agents") if isinstance(params, Mapping) else None
    return [agent for agent in agents[:_NAMES] if isinstance(agent, str) and agent] if isinstance(agents, list) else []


def _agents(declared: list[str], verdicts: Mapping[str, bool | None], found: list[str], at: Directive) -> Iterator[Reading]:
    """The names refused: the declared ones where all are, else those that are; unsaid where one is undecided."""
    if declared and None in verdicts.values() and False not in verdicts.values():
        return
    missing = [name for name in declared if verdicts[name] is False]
    note = f"{', '.join(missing)[:120]} is not among the names refused" if missing else f"names refused; {_SPOOFED}"
    value = declared if declared and not missing else [name for name in declared if verdicts[name]] or found
    yield Reading(("params", "agents"), value, at.file, at.line, 1, note)


def _absent(spot: Spot, http: Http) -> Reading:
    """No condition refuses by name: `if` stands in servers and locations only, so that no outer level can."""
    if http.is_part and not spot.levels[0]:
        raise Unsaid("no if on $http_user_agent in this file, which has no server block; name the main one", http.file)
    refuse_foreign(spot, "if on $http_user_agent")
    for item, place in later(spot, http, "if"):
        if any(test.effect == "refuses" and test.is_named for test in _tests(place, http)):
            raise item.unsaid(
                f"no if refuses by name at {spot.name}, but {item.name} hands requests on to {place.name}, which has one"
            )
    note = f"no if on $http_user_agent refuses requests for {spot.name}"
    return Reading(("status",), "planned", spot.file, spot.line, 1, note)


# --- conditions ---


def _tests(spot: Spot, http: Http) -> list[_Test]:
    """What the rewrite module tries and sets for a request at a spot, in order."""
    found: list[_Test] = []
    named: set[str] = set()
    for item in spot.rewriting[:_DIRECTIVES]:
        condition = _CONDITION.fullmatch(" ".join(item.args)) if item.name == "if" else None
        if condition is None and item.name != "set":
            continue
        test = _test(item, condition, named, spot, http)
        named |= {name for name, _ in test.sets} if test.is_named else set()
        found.append(test)
    return found


def _test(item: Directive, condition: re.Match[str] | None, named: set[str], spot: Spot, http: Http) -> _Test:
    is_servers = any(item is one for one in spot.levels[1])
    if condition is None:
        return _Test(item, "", "always", "", "other", "", _sets((item,)), is_servers, is_named=False)
    variable = next(iter(variables(condition[1])), "")
    inner = item.block or ()
    code = next((one.args[0] for one in inner if one.name == "return" and one.args), "")
    is_named = variable in named or _source(variable, http) is not None
    text = (condition[3] or "").strip("\"'")
    return _Test(item, variable, condition[2] or "", text, _effect(item, code), code, _sets(inner), is_servers, is_named)


def _sets(items: tuple[Directive, ...]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (variables(item.args[0])[0], item.args[1])
        for item in items
        if item.name == "set" and len(item.args) == 2 and variables(item.args[0])
    )


def _effect(item: Directive, code: str) -> str:
    """What the block of an `if` does to a request. A redirect serves nothing, and settings change no answer."""
    does = {inner.name for inner in item.block or ()}
    if code:
        return "refuses" if is_refusal(code) else "answers" if code.startswith("2") else "other"
    return "rewrites" if "rewrite" in does else "breaks" if "break" in does else "other"


def _source(variable: str, http: Http) -> Directive | None:
    """The map that gives a variable its value by the client's name, or an empty one for the name itself."""
    if variable == _USER_AGENT:
        return _ITSELF
    first = block = map_of(variable, http)
    for _ in range(_HOPS):
        if block is None or block.name != "map":
            return None
        if _USER_AGENT in variables(block.args[0]):
            return first
        source = variables(block.args[0])
        block = map_of(source[0], http) if len(source) == 1 else None
    return None


# --- one name ---


def _is_refused(name: str, tests: list[_Test], spot: Spot, http: Http) -> bool | None:
    """Whether clients of a name are refused whichever way they write it; None when that is not settled."""
    verdicts = {_outcome(form.format(name, name.lower()), tests, spot, http) for form in _SENT}
    return verdicts.pop() if len(verdicts) == 1 else None


def _outcome(agent: str, tests: list[_Test], spot: Spot, http: Http) -> bool | None:
    """Whether a request with this User-Agent is refused for it, trying the conditions in order."""
    is_certain, may_pass, is_broken_off = True, False, False
    values: dict[str, str | None] = {}
    for test in tests:
        if not http.matcher.spend(1):
            return None
        if test.is_servers and is_broken_off:
            continue
        found = _holds(test, agent, values, spot, http)
        if found and test.effect == "refuses" and test.is_named:
            return None if may_pass else True
        if found and test.effect in _LETTING:
            if test.effect != "breaks" or not test.is_servers:
                return False if is_certain and test.effect != "rewrites" else None
            is_broken_off = True
        if found is not False:
            values |= {name: None if found is None or "$" in value else value for name, value in test.sets}
        # What is about something else and refuses says nothing of names; what lets requests through may do so here.
        is_certain = is_certain and not (found is None and test.effect == "refuses" and test.is_named)
        may_pass = may_pass or (found is None and test.effect in _LETTING)
    return False if is_certain else None


def _holds(test: _Test, agent: str, values: Mapping[str, str | None], spot: Spot, http: Http) -> bool | None:
    if test.sign == "always":
        return True
    if test.variable in _ADDRESSES and test.sign == "=" and test.text != spot.words.removeprefix("= "):
        # An exception for one other address, such as robots.txt.
        return False
    value = values[test.variable] if test.variable in values else _value(test.variable, agent, http)
    if value is None:
        return None
    if not test.sign:
        return value not in ("", "0")
    if test.sign in ("=", "!="):
        return (value == test.text) is (test.sign == "=")
    found = http.matcher.matches(test.text, value, ignores_case=test.sign.endswith("*"))
    return found if found is None or not test.sign.startswith("!") else not found


def _value(variable: str, agent: str, http: Http, hops: int = _HOPS) -> str | None:
    """The value of a variable for a client's name; None when it does not come from that alone."""
    if variable == _USER_AGENT:
        return agent
    block = map_of(variable, http)
    if block is None or block.name != "map" or not hops:
        return None
    sources = variables(block.args[0])
    if len(sources) != 1 or block.args[0].strip("${}").lower() != sources[0]:
        return None
    asked = _value(sources[0], agent, http, hops - 1)
    return None if asked is None else _mapped(block, asked, http)


def _mapped(block: Directive, asked: str, http: Http) -> str | None:
    """What a map gives: a text fits whole and in any case, then the expressions in order, then the default."""
    entries = http.files.entries(block)
    if not http.matcher.spend(len(entries)) or any(item.name == "hostnames" for item in entries):
        return None
    found = next((item for item in entries if item.name.lower() == asked.lower() and item.args), None)
    for item in entries if found is None else ():
        if not item.name.startswith("~"):
            continue
        takes = http.matcher.matches(item.name.lstrip("~*"), asked, ignores_case=item.name.startswith("~*"))
        if takes is None:
            return None
        if takes:
            found = item
            break
    if found is None:
        found = next((item for item in entries if item.name == "default"), None)
    value = value_of(found) if found is not None else ""
    return None if "$" in value else value


def _named(tests: list[_Test], http: Http) -> list[str]:
    """The plain names in the expressions of conditions and of the maps they look up."""
    found: list[str] = []
    for test in tests:
        source = _source(test.variable, http) if test.is_named else None
        if source is _ITSELF:
            found += names(test.text) if "~" in test.sign else [test.text]
        elif source is not None:
            entries = http.files.entries(source)
            found += [name for item in entries if item.name.startswith("~") for name in names(item.name.lstrip("~*"))]
    return list(dict.fromkeys(found))[:_NAMES]
