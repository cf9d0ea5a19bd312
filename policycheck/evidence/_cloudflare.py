"""Cloudflare's rules as controls: `cloudflare_ruleset`, `cloudflare_rate_limit`, `cloudflare_bot_management`.

Provider 4 writes a ruleset's rules as blocks, provider 5 as a list of objects; both are read.

A zone's ruleset of a phase runs as it stands; a `custom` or `managed` one only where another executes it. Counters are kept
apart in each data centre (`cf.colo.id`), which a note says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from policycheck.evidence._terraform_config import At, Config, Part, Resource, Unsaid
from policycheck.evidence._terraform_rules import (
    RATE,
    Also,
    Facts,
    Key,
    Measure,
    Question,
    Said,
    limited,
    refuse_elsewhere,
    takes,
    undecided,
)

RULESET, OLD_LIMIT, BOTS = "cloudflare_ruleset", "cloudflare_rate_limit", "cloudflare_bot_management"
TYPES = HOLDERS = frozenset({RULESET, OLD_LIMIT, BOTS})

_LIMITS, _CUSTOM, _MANAGED = "http_ratelimit", "http_request_firewall_custom", "http_request_firewall_managed"
_ACTIONS = {
    "block": "block", "ban": "block", "challenge": "challenge", "js_challenge": "challenge",
    "managed_challenge": "challenge", "log": "log", "simulate": "log",
}  # fmt: skip
_METHODS = {"challenge": "captcha", "js_challenge": "javascript"}
#: Cloudflare's own rulesets, by the identifiers that its documentation gives.
_SETS = {
    "efb7b8c949ac4650a09736fc376e9aee": "Cloudflare Managed Ruleset",
    "4814384a9e5d4991b9815dcfc25d2f1f": "Cloudflare OWASP Core Ruleset",
    "c2e184081120413c86c3ab7e14069605": "Cloudflare Exposed Credentials Check",
}
_CHOSEN = ("http.request.headers", "http.request.cookies", "http.request.uri", "http.request.body")
_ADDRESS_RULE = re.compile(r"\bip\.src\s+(?:in|eq)\s")


def measures(config: Config, resource: Resource) -> Iterator[Measure]:
    """Every rule that could be a control; the executed rulesets of a zone are one filter (`waf`)."""
    if resource.type == OLD_LIMIT:
        yield Measure(resource, "", RATE, resource.at, partial(_old, resource))
    elif resource.type == BOTS:
        yield Measure(resource, "", frozenset({"bot_detection"}), resource.at, partial(_bots, resource))
    else:
        yield from _of_ruleset(resource)


def _of_ruleset(resource: Resource) -> Iterator[Measure]:
    phase = resource.part.text("phase")
    rules = resource.part.parts("rules") if phase in (_LIMITS, _CUSTOM, _MANAGED) else ()
    if phase == _MANAGED:
        yield Measure(resource, "", frozenset({"waf"}), resource.at, partial(_filter, resource, rules))
        return
    for rule in rules:
        families = _families(phase, rule)
        if families:
            yield Measure(resource, _name(rule), families, rule.at, partial(_facts, resource, rule))


def _name(rule: Part) -> str:
    """A rule is called by its `ref` or its description, else by where it stands."""
    return rule.called("description" if not isinstance(rule.fields.get("ref"), str) else "ref")


def _families(phase: str, rule: Part) -> frozenset[str]:
    action = rule.text("action")
    found = set(RATE) if phase == _LIMITS and rule.parts("ratelimit") else set()
    if _ACTIONS.get(action) == "challenge":
        found.add("challenge")
    if phase == _CUSTOM and action in ("block", "log") and _ADDRESS_RULE.search(rule.text("expression")[:4096]):
        found.add("ip_block")
    if phase == _CUSTOM and "cf.bot_management." in rule.text("expression"):
        found.add("bot_detection")
    return frozenset(found)


def _facts(resource: Resource, rule: Part, question: Question) -> Facts:
    label = f"{resource.address} rule {_name(rule)}"
    action, at = rule.text("action"), rule.place("action")
    if action not in _ACTIONS:
        raise Unsaid(f"{label} has the action {action[:40]}, which is no control here", at)
    covered = takes(rule.text("expression"), question.paths)
    is_pathless = question.family in ("ip_block", "bot_detection")
    refuse_elsewhere(None if is_pathless else covered, label, rule.place("expression"))
    status = _status(resource, rule, label)
    if status.value == "deployed":
        _refuse_skip(question, resource, rule, label)
    does = Said([_ACTIONS[action]], at)
    limit = rule.part("ratelimit")
    if limit is None or question.family not in RATE:
        also: Also = (
            {("params", "method"): Said(_METHODS[action], at)}
            if question.family == "challenge" and action in _METHODS
            else {}
        )
        if limit is not None and question.family == "challenge":
            also["params", "trigger"] = Said("threshold", limit.at)
        facts = Facts(status, does, also=also)
        return undecided(facts) if covered is None and not is_pathless else facts
    if covered and (limit.flag("requests_to_origin", default=False) or limit.text("counting_expression")):
        # What the cache answers, or what the counting expression leaves out, is not counted.
        covered = None
    count = Said(_number(limit, "requests_per_period", label), limit.place("requests_per_period"), label)
    return limited(Facts(status, does, count), _key(limit), covered, label)


def _number(limit: Part, name: str, label: str) -> tuple[int, int]:
    count, period = limit.number(name), limit.number("period")
    if not count or not period:
        raise Unsaid(f"{label} has no limit or no period", limit.place(name))
    return count, period


def _status(resource: Resource, rule: Part, label: str) -> Said:
    kind = resource.part.text("kind")
    if kind in ("custom", "managed"):
        raise Unsaid(
            f"{resource.address} is of the kind {kind}, which runs only where another ruleset executes it", resource.at
        )
    if not rule.flag("enabled", default=True):
        return Said("planned", rule.place("enabled"), f"{label} is not enabled")
    if _ACTIONS[rule.text("action")] == "log":
        return Said("observing", rule.place("action"), f"{label} only logs")
    return Said("deployed", rule.at, label)


def _refuse_skip(question: Question, resource: Resource, rule: Part | None, label: str) -> None:
    """A rule that may skip the phase, or what is left of its own ruleset, leaves open whether `rule` sees the requests."""
    for other in question.config.of(RULESET):
        for earlier in other.part.parts("rules"):
            if other is resource and earlier is rule:
                break
            if _may_skip(question, resource, other, earlier):
                raise Unsaid(f"{other.address} rule {_name(earlier)} may skip {label}; that is not decided here", earlier.at)


def _may_skip(question: Question, resource: Resource, other: Resource, rule: Part) -> bool:
    parameters = rule.part("action_parameters")
    if rule.text("action") != "skip" or parameters is None or not rule.flag("enabled", default=True):
        return False
    zones = {zone for each in (resource, other) if isinstance(zone := each.part.fields.get("zone_id"), str)}
    phases, is_own = parameters.texts("phases"), other is resource and parameters.text("ruleset") == "current"
    if len(zones) > 1 or not (is_own or resource.part.text("phase") in phases):
        return False
    return takes(rule.text("expression"), question.paths or ("/",)) is not False


def _key(limit: Part) -> Key:
    """Whom a rate limiting rule counts."""
    at = limit.place("characteristics")
    names = [name for name in limit.texts("characteristics") if name != "cf.colo.id"]
    if names == ["ip.src"]:
        return Key("address", at, "each data centre counts for itself")
    chosen = next((name for name in names if name.startswith(_CHOSEN)), "")
    if chosen:
        return Key("chosen", at, chosen[:80])
    if not names:
        return Key("shared", at, "one counter for everybody in a data centre")
    return Key("opaque", at, f"it counts by {', '.join(names)[:120]}")


def _old(resource: Resource, question: Question) -> Facts:
    """`cloudflare_rate_limit`: threshold in a period, by address; superseded by rulesets."""
    part, label = resource.part, resource.address
    action = part.part("action")
    mode = action.text("mode") if action is not None else ""
    if action is None or mode not in _ACTIONS:
        raise Unsaid(f"{label} has no action that is read here", part.place("action"))
    status = Said("deployed", part.at, label)
    if part.flag("disabled", default=False):
        status = Said("planned", part.place("disabled"), f"{label} is disabled")
    elif _ACTIONS[mode] == "log":
        status = Said("observing", action.place("mode"), f"{label} only simulates")
    covered = _pattern(part, question.paths)
    refuse_elsewhere(covered, label, part.place("match"))
    count = Said(_number(part, "threshold", label), part.place("threshold"), label)
    does = Said([_ACTIONS[mode]], action.place("mode"))
    return limited(Facts(status, does, count), Key("address", part.at), covered, label)


def _pattern(part: Part, paths: tuple[str, ...]) -> bool | None:
    """Whether the URL pattern takes any path: without one everything is taken, of wildcards only one at the end is read."""
    match = part.part("match")
    request = match.part("request") if match is not None else None
    pattern = request.text("url_pattern", request.text("url")) if request is not None else ""
    if pattern in ("", "*") or not paths:
        return True
    tail = re.sub(r"\A[^/]{0,253}(?://)?[^/]{0,253}", "", pattern, count=1)
    if not tail.endswith("*") or "*" in tail[:-1]:
        return None
    return (
        takes(f'starts_with(http.request.uri.path, "{tail[:-1]}")', paths)
        if re.fullmatch(r"[A-Za-z0-9/_.-]*", tail[:-1])
        else None
    )


def _bots(resource: Resource, question: Question) -> Facts:
    """Bot Fight Mode, or what Super Bot Fight Mode does with what is definitely automated."""
    part, label = resource.part, resource.address
    if part.flag("fight_mode", default=False):
        return Facts(Said("deployed", part.place("fight_mode"), f"{label} has Bot Fight Mode on"))
    name = "sbfm_definitely_automated"
    does = part.text(name)
    if does in ("block", "managed_challenge"):
        said = Said([_ACTIONS[does]], part.place(name))
        return Facts(Said("deployed", part.place(name), f"{label} acts on what is definitely automated"), said)
    if does == "allow":
        return Facts(Said("planned", part.place(name), f"{label} lets through what is definitely automated"))
    if "fight_mode" in part.fields:
        return Facts(Said("planned", part.place("fight_mode"), f"{label} has Bot Fight Mode off"))
    raise Unsaid(f"{label} does not say what is done about bots", part.at)


def _filter(resource: Resource, rules: tuple[Part, ...], question: Question) -> Facts:
    """The rulesets that a zone executes."""
    chosen = [rule for rule in rules if not question.rule or _name(rule) == question.rule]
    active = [rule for rule in chosen if rule.text("action") == "execute" and rule.flag("enabled", default=True)]
    if resource.part.text("kind") in ("custom", "managed"):
        raise Unsaid(f"{resource.address} runs only where another ruleset executes it", resource.at)
    if not active:
        return Facts(Said("planned", _first(chosen, resource.at), f"{resource.address} executes no ruleset"))
    _refuse_skip(question, resource, None, resource.address)
    names = [_set(rule) for rule in active]
    logs = [rule for rule in active if _is_logging(rule)]
    told = Said([name for name in names if name], active[0].at, f"{resource.address} executes them")
    also: Also = {("params", "rule_sets"): told} if told.value else {}
    if len(logs) == len(active):
        return Facts(Said("observing", logs[0].at, f"{resource.address} overrides what it executes to log"), also=also)
    return Facts(Said("deployed", active[0].at, resource.address), also=also if all(names) else None)


def _first(rules: list[Part], otherwise: At) -> At:
    return rules[0].at if rules else otherwise


def _set(rule: Part) -> str:
    parameters = rule.part("action_parameters")
    return _SETS.get(parameters.text("id"), "") if parameters is not None else ""


def _is_logging(rule: Part) -> bool:
    """Whether everything that a rule executes is overridden to log, or switched off."""
    parameters = rule.part("action_parameters")
    overrides = parameters.part("overrides") if parameters is not None else None
    return overrides is not None and (overrides.text("action") == "log" or not overrides.flag("enabled", default=True))
