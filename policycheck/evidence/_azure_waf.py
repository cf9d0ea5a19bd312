"""Azure's web application firewalls as controls: the policies of Application Gateway and of Front Door.

A policy in Detection mode logs and refuses nothing, and one that nothing names stands in front of nothing. Front Door counts
by client address; Application Gateway by what `group_rate_limit_by` says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from policycheck.evidence._foreign import host_fit
from policycheck.evidence._terraform_config import (
    At,
    Config,
    Part,
    Resource,
    Unsaid,
    Unsettled,
    attachment,
    points_to,
)
from policycheck.evidence._terraform_rules import (
    RATE,
    Also,
    Facts,
    Key,
    Measure,
    Question,
    Said,
    both,
    compared,
    either,
    limited,
    negated,
    refuse_elsewhere,
    refuse_shadow,
    shadow,
    undecided,
)

GATEWAY, DOOR, OLD_DOOR = (
    "azurerm_web_application_firewall_policy", "azurerm_cdn_frontdoor_firewall_policy", "azurerm_frontdoor_firewall_policy",
)  # fmt: skip
_GATEWAYS, _BY = "azurerm_application_gateway", "firewall_policy_id"
ATTACHERS = {
    _GATEWAYS: (_BY,),
    "azurerm_cdn_frontdoor_security_policy": ("cdn_frontdoor_firewall_policy_id",),
    "azurerm_frontdoor": ("web_application_firewall_policy_link_id",),
}
TYPES = frozenset({GATEWAY, DOOR, OLD_DOOR, *ATTACHERS})
HOLDERS = frozenset({GATEWAY, DOOR, OLD_DOOR})

_ACTIONS = {"Block": "block", "Log": "log", "JSChallenge": "challenge", "CAPTCHA": "challenge", "Redirect": "block"}
_METHODS = {"JSChallenge": "javascript", "CAPTCHA": "captcha"}
_DURATIONS = {"OneMin": 60, "FiveMins": 300}
_OPERATORS = {"BeginsWith": "starts", "Equal": "equals", "Contains": "contains"}
_EVERYONE = ({"0.0.0.0/0"}, {"0.0.0.0/0", "::/0"})
#: Managed rule sets run after all custom rules.
_LAST = {"priority": 1_000_000_000}
_BOT_SETS = frozenset({"Microsoft_BotManagerRuleSet"})
#: What other sets may be; what they do is not written here.
_OF_SETS = {"Microsoft_HTTPDDoSRuleSet": "anomaly_throttle"}
#: Default rule sets whose rules only add to a score, and whose action is what the score leads to.
_SCORED = re.compile(r"Microsoft_DefaultRuleSet (?:[2-9]|[1-9][0-9])(?:\.|\Z)")


@dataclass(frozen=True, slots=True)
class _Words:
    """What the two kinds of policy call the same things."""

    rules: str
    kind: str
    conditions: str


_NAMES = {
    GATEWAY: _Words("custom_rules", "rule_type", "match_conditions"),
    DOOR: _Words("custom_rule", "type", "match_condition"),
    OLD_DOOR: _Words("custom_rule", "type", "match_condition"),
}


def measures(config: Config, resource: Resource) -> Iterator[Measure]:
    """Every rule that could be a control; the managed rule sets of a policy are one filter (`waf`)."""
    for rule in resource.part.parts(_NAMES[resource.type].rules):
        families = _families(resource, rule)
        if families:
            yield Measure(resource, rule.called("name"), families, rule.at, partial(_facts, resource, rule))
    sets = _sets(resource)
    if sets:
        yield Measure(resource, "", frozenset({"waf"}), resource.at, partial(_filter, resource, sets))
    bots = [each for each in sets if each.text("type") in _BOT_SETS]
    if bots:
        yield Measure(resource, "", frozenset({"bot_detection"}), bots[0].at, partial(_bots, resource, bots[0]))


def unread(resource: Resource, family: str) -> Iterator[Part]:
    """Rules that may be a control of a family and are not told apart: by a header or a country, or in a managed set."""
    for each in _sets(resource):
        is_challenge = any(value in _METHODS for value in each.values("action") if isinstance(value, str))
        if family in (_OF_SETS.get(each.text("type")), "challenge" if is_challenge else None):
            yield each
    for rule in resource.part.parts(_NAMES[resource.type].rules) if family not in RATE else ():
        # That a rule challenges says what it does, and not whom it takes: these may be bots.
        is_told = _families(resource, rule) - {"challenge"}
        if not is_told and rule.text("action") in ("Block", "Redirect", *_METHODS):
            yield rule


def _families(policy: Resource, rule: Part) -> frozenset[str]:
    words = _NAMES[policy.type]
    found = set(RATE) if rule.text(words.kind) == "RateLimitRule" else set()
    if rule.text("action") in _METHODS:
        found.add("challenge")
    conditions = rule.parts(words.conditions)
    if not found and len(conditions) == 1 and _is_listed(conditions[0]) and rule.text("action") in ("Block", "Log"):
        found.add("ip_block")
    return frozenset(found)


def _is_listed(condition: Part) -> bool:
    """Whether a condition takes the addresses that it lists: neither all others, nor those of a country."""
    is_address = _variables(condition) in (["RemoteAddr"], ["SocketAddr"]) and condition.text("operator") == "IPMatch"
    return is_address and not condition.flag("negation_condition", default=False) and bool(condition.texts("match_values"))


def _variables(condition: Part) -> list[str]:
    inner = condition.parts("match_variables")
    return [each.text("variable_name") for each in inner] or [condition.text("match_variable")]


def _sets(policy: Resource) -> tuple[Part, ...]:
    if policy.type != GATEWAY:
        return policy.part.parts("managed_rule")
    managed = policy.part.part("managed_rules")
    return managed.parts("managed_rule_set") if managed is not None else ()


# --- rules ---


def _facts(policy: Resource, rule: Part, question: Question) -> Facts:
    label = f"{policy.address} rule {rule.called('name')}"
    action, at = rule.text("action"), rule.place("action")
    if action not in _ACTIONS:
        raise Unsaid(f"{label} has the action {action[:40]}, which is no control here", at)
    status = _status(policy, rule, label, question)
    does = Said([_ACTIONS[action]], at)
    if question.family == "ip_block":
        return Facts(status, does)
    covered = _covered(policy, rule, question.paths)
    refuse_elsewhere(covered, label, rule.place(_NAMES[policy.type].conditions))
    if question.family not in RATE:
        also: Also = {("params", "method"): Said(_METHODS[action], at)}
        return undecided(Facts(status)) if covered is None else Facts(status, does, also=also)
    threshold = rule.number("rate_limit_threshold")
    if not threshold:
        raise Unsaid(f"{label} has no threshold written", rule.place("rate_limit_threshold"))
    rate = Said((threshold, _seconds(policy, rule, label)), rule.place("rate_limit_threshold"), label)
    return limited(Facts(status, does, rate), _key(policy, rule), covered, label)


def _seconds(policy: Resource, rule: Part, label: str) -> int:
    if policy.type != GATEWAY:
        return 60 * (rule.number("rate_limit_duration_in_minutes") or 1)
    duration = rule.text("rate_limit_duration")
    if duration not in _DURATIONS:
        raise Unsaid(f"{label} has no duration that is read here", rule.place("rate_limit_duration"))
    return _DURATIONS[duration]


def _key(policy: Resource, rule: Part) -> Key:
    if policy.type != GATEWAY:
        return Key("address", rule.at)
    by, at = rule.text("group_rate_limit_by"), rule.place("group_rate_limit_by")
    standing = {"ClientAddr": "address", "None": "shared"}.get(by, "opaque")
    why = {"address": "", "shared": "one counter for everybody"}.get(
        standing, f"it counts by {by[:40] or 'what is not written'}"
    )
    return Key(standing, at, why)


def _mode(policy: Resource) -> tuple[Part, str]:
    """Where a policy says whether it is on and enforces, and the mode; on and Prevention where it says nothing."""
    settings = (policy.part.part("policy_settings") or policy.part) if policy.type == GATEWAY else policy.part
    return settings, settings.text("mode", "Prevention")


def _status(policy: Resource, rule: Part, label: str, question: Question) -> Said:
    settings, mode = _mode(policy)
    if not settings.flag("enabled", default=True):
        return Said("planned", settings.place("enabled"), f"{policy.address} is not enabled")
    if not rule.flag("enabled", default=True):
        return Said("planned", rule.place("enabled"), f"{label} is not enabled")
    by = attachment(question.config, policy, ATTACHERS)
    if by is None:
        return Said("planned", policy.at, f"no gateway or front door names {policy.address}, so it enforces nothing")
    if mode != "Prevention":
        return Said("observing", settings.place("mode"), f"{policy.address} is in {mode[:20]} mode, so nothing is refused")
    if rule.fields.get("action") == "Log":
        return Said("observing", rule.place("action"), f"{label} only logs")
    others = policy.part.parts(_NAMES[policy.type].rules)
    before = shadow((other for other in others if _is_through(policy, other, question.paths)), rule)
    if before is not None:
        return Said(
            "observing", before.at, f"rule {before.called('name')} lets every request through before {label} is reached"
        )
    refuse_shadow((other for other in others if _may_be_through(policy, other, question.paths)), rule, label)
    status = Said("deployed", rule.at, f"{label}, attached by {by.address}")
    is_before = _is_before(policy, question)
    if is_before is False:
        raise Unsaid(f"{policy.address} stands before other listeners or paths of {by.address}", by.at)
    return status if is_before else status.doubted("a listener or a path may go by another policy; a person has to say")


def _is_before(policy: Resource, question: Question) -> bool | None:
    """Whether a gateway sends the requests of the surfaces through a policy.

    The policy of a path counts before that of its listener, and that before the gateway's own.
    """
    if policy.type != GATEWAY:
        return True
    gateways = [each.part for each in question.config.of(_GATEWAYS)]
    return either(_goes_by(each, policy, question) for each in gateways)


def _goes_by(gateway: Part, policy: Resource, question: Question) -> bool | None:
    closer = [each for each in _closer(gateway) if isinstance(each, Unsettled) or each.fields.get(_BY)]
    own = [each for each in closer if isinstance(each, Part) and points_to(each.fields[_BY], policy)]
    if points_to(gateway.fields.get(_BY), policy):
        return negated(either(_may_take(each, question) for each in closer if each not in own))
    return either(_may_take(each, question) for each in own)


def _closer(gateway: Part) -> Iterator[Part | Unsettled]:
    """The listeners of a gateway and the rules of its paths."""
    for part, name in ((gateway, "http_listener"), *((each, "path_rule") for each in _blocks(gateway, "url_path_map"))):
        yield from _blocks(part, name) if isinstance(part, Part) else (part,)


def _blocks(part: Part, name: str) -> tuple[Part | Unsettled, ...]:
    value = part.fields.get(name)
    items = value if isinstance(value, tuple) else (value,)
    return tuple(item for item in items if isinstance(item, (Part, Unsettled)))


def _may_take(part: Part | Unsettled, question: Question) -> bool | None:
    """Whether a listener or rule of paths may take the requests: surely not, or not known."""
    if isinstance(part, Unsettled):
        return None
    # A state writes an empty name for a listener of any host.
    patterns, names = part.texts("paths"), [name for key in ("host_names", "host_name") for name in part.texts(key) if name]
    if patterns and question.paths:
        fits = [
            compared("starts" if pattern.endswith("*") else "equals", pattern.removesuffix("*"), path)
            for pattern in patterns
            for path in question.paths
        ]
        return None if either(fits) is not False else False
    is_other = bool(names and question.hosts) and all(host_fit(host, names) is None for host in question.hosts)
    return False if is_other else None


def _is_through(policy: Resource, rule: Part, paths: tuple[str, ...]) -> bool:
    """Whether a rule certainly allows the requests to every path."""
    if rule.text("action") != "Allow" or not rule.flag("enabled", default=True):
        return False
    return both(_covered(policy, rule, (path,)) for path in paths or ("/*",)) is True


def _may_be_through(policy: Resource, rule: Part, paths: tuple[str, ...]) -> bool:
    """Whether a rule may allow some of the requests to a path."""
    if rule.text("action") != "Allow" or not rule.flag("enabled", default=True):
        return False
    return _covered(policy, rule, paths or ("/",)) is not False


def _covered(policy: Resource, rule: Part, paths: tuple[str, ...]) -> bool | None:
    """Whether a rule takes requests to any of the paths: all its conditions have to hold."""
    conditions = rule.parts(_NAMES[policy.type].conditions)
    if not paths:
        return True
    return either(both(_holds(policy, condition, path) for condition in conditions) for path in paths)


def _holds(policy: Resource, condition: Part, path: str) -> bool | None:
    """Whether a condition holds for all requests to a path.

    An address ends in its query, so one that has to be equal leaves others out. At Front Door it begins with the scheme and
    the host, so what has to begin with a path there is not known to fit anything.
    """
    names, values = _variables(condition), set(condition.texts("match_values"))
    operator = condition.text("operator")
    found: bool | None = None
    if operator == "Any" or (names in (["RemoteAddr"], ["SocketAddr"]) and operator == "IPMatch" and values in _EVERYONE):
        found = True
    elif names == ["RequestUri"] and operator in _OPERATORS:
        found = either(compared(_OPERATORS[operator], value, path) for value in sorted(values))
        is_part = operator == "Contains" or (operator == "BeginsWith" and policy.type == GATEWAY)
        found = found if is_part or not found else None
    return negated(found) if condition.flag("negation_condition", default=False) else found


# --- managed rule sets ---


def _bots(policy: Resource, bots: Part, question: Question) -> Facts:
    return Facts(_of_sets(policy, (bots,), f"{policy.address} with {bots.text('type')}", question))


def _filter(policy: Resource, sets: tuple[Part, ...], question: Question) -> Facts:
    names = [f"{each.text('type', 'OWASP')} {each.text('version')}".strip() for each in sets]
    status = _of_sets(policy, sets, policy.address, question)
    return Facts(status, also={("params", "rule_sets"): Said(names, _first(sets), policy.address, status.soft)})


def _of_sets(policy: Resource, sets: tuple[Part, ...], label: str, question: Question) -> Said:
    """The status of managed rule sets. The action of a set is what its anomaly score leads to; others act rule by rule."""
    status = _status(policy, Part(_LAST, sets[0].at), label, question)
    idle = [each for each in sets if policy.type != GATEWAY and each.text("action") in ("Log", "Allow")]
    if status.value != "deployed":
        return status
    if len(idle) < len(sets):
        why = "some of its rules are off, or only log; a person has to say whether enough are left"
        return status.doubted(why) if any(_is_partly_off(each) for each in sets) else status
    action = idle[0].text("action")
    if all(_SCORED.match(f"{each.text('type')} {each.text('version')}") for each in idle):
        return Said("observing", idle[0].place("action"), f"{label} has the action {action}, so nothing is refused")
    return status.doubted(f"its action is {action}; a person has to say whether its rules refuse anything")


def _is_partly_off(managed: Part) -> bool:
    """Whether rules of a set are overridden to nothing or to the log: what is not said to be on is off, as a whole group."""
    groups = [*managed.parts("override"), *managed.parts("rule_group_override")]
    rules = [rule for group in groups for rule in group.parts("rule")]
    is_some = any(not rule.flag("enabled", default=False) or rule.text("action") in ("Log", "Allow") for rule in rules)
    return is_some or any(not group.parts("rule") for group in groups)


def _first(sets: tuple[Part, ...]) -> At:
    return sets[0].at
