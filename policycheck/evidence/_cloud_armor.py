"""Google Cloud Armor as controls: `google_compute_security_policy` and `google_compute_security_policy_rule`.

A policy enforces nothing until a backend names it; a rule in preview only logs. Rules run by priority, the lowest first,
and end at the first that matches; a rate limit's requests within the limit are let through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from policycheck.evidence._foreign import is_most
from policycheck.evidence._terraform_config import At, Config, Part, Resource, Unsaid, attachment
from policycheck.evidence._terraform_rules import (
    RATE,
    Facts,
    Key,
    Measure,
    Question,
    Said,
    both,
    either,
    limited,
    refuse_elsewhere,
    refuse_shadow,
    shadow,
    takes,
    undecided,
)

POLICY, RULE = "google_compute_security_policy", "google_compute_security_policy_rule"
_BOTH_POLICIES = ("security_policy", "edge_security_policy")
ATTACHERS = {
    "google_compute_backend_service": _BOTH_POLICIES,
    "google_compute_region_backend_service": ("security_policy",),
    "google_compute_backend_bucket": ("edge_security_policy",),
    "google_compute_target_instance": ("security_policy",),
    "google_compute_network_edge_security_service": ("security_policy",),
}
TYPES = frozenset({POLICY, RULE, *ATTACHERS})
HOLDERS = frozenset({POLICY, RULE})

_CHOSEN = frozenset({"HTTP_HEADER", "HTTP_COOKIE", "XFF_IP", "HTTP_PATH"})
#: Actions that let a request through, so that no later rule sees it: a limit's too, while it is kept.
_ENDING = frozenset({"allow", "throttle", "rate_based_ban"})
_EVERYONE = ({"*"}, {"0.0.0.0/0"}, {"0.0.0.0/0", "::/0"})
_PRESETS = re.compile(r"evaluatePreconfigured(?:Waf|Expr)")
#: What Adaptive Protection finds and a rule then refuses.
_ADAPTIVE = "evaluateAdaptiveProtectionAutoDeploy"
_PRESET = re.compile(r"evaluatePreconfigured(?:Waf|Expr)\(\s*'([A-Za-z0-9._-]{1,80})'")


def measures(config: Config, resource: Resource) -> Iterator[Measure]:
    """Every rule that could be a control; the preconfigured rules of a policy are one filter (`waf`)."""
    if resource.type == RULE:
        yield from _measure(resource, _policy_of(resource, config), resource.part)
        return
    rules = resource.part.parts("rule")
    for rule in rules:
        yield from _measure(resource, resource, rule)
    presets = tuple(rule for rule in rules if _presets(rule))
    if presets:
        yield Measure(resource, "", frozenset({"waf"}), resource.at, partial(_filter, resource, presets))


def unread(resource: Resource, family: str) -> Iterator[Part]:
    """Rules that may be a control of a family and are not told apart: by a header or a country, or what adapts itself."""
    rules = resource.part.parts("rule") if resource.type == POLICY else (resource.part,)
    for rule in rules:
        # That a rule challenges says what it does, and not whom it takes: these may be bots.
        families, action = _families(rule), rule.text("action")
        is_other = not families - {"challenge"} and not _presets(rule) and _ranges(rule) not in _EVERYONE
        is_ours = family not in RATE or (family == "anomaly_throttle" and _ADAPTIVE in _expression(rule))
        options = rule.part("rate_limit_options") if family == "challenge" else None
        is_redirect = options is not None and options.text("exceed_action") == "redirect"
        if is_redirect or (is_ours and is_other and (action.startswith("deny") or "challenge" in families)):
            yield rule


def refuse_more(config: Config, resource: Resource) -> None:
    """A policy may have rules that stand as resources of their own."""
    for rule in config.of(RULE):
        if resource.type == POLICY and _policy_of(rule, config) is resource:
            raise Unsaid(f"{resource.address} has rules of its own resources; name one with resource", rule.at)


def _measure(resource: Resource, policy: Resource, rule: Part) -> Iterator[Measure]:
    families = _families(rule)
    if families:
        name = _name(rule) if resource is policy else ""
        yield Measure(resource, name, families, rule.at, partial(_facts, policy, rule))


def _name(rule: Part) -> str:
    """Rules have no name; a description tells them apart."""
    return rule.called("description")


def _policy_of(resource: Resource, config: Config) -> Resource:
    only = Config(config.form, config.at, (resource,))
    for policy in config.of(POLICY):
        if attachment(only, policy, {RULE: ("security_policy",)}) is not None:
            return policy
    raise Unsaid(f"the policy of {resource.address} is not among the resources here", resource.at)


def _families(rule: Part) -> frozenset[str]:
    action = rule.text("action")
    if action in ("throttle", "rate_based_ban"):
        return RATE
    redirect = rule.part("redirect_options")
    if action == "redirect" and redirect is not None and redirect.text("type") == "GOOGLE_RECAPTCHA":
        return frozenset({"challenge"})
    ranges = _ranges(rule)
    if action.startswith("deny") and ranges and ranges not in _EVERYONE:
        return frozenset({"ip_block"})
    return frozenset()


def _ranges(rule: Part) -> set[str]:
    match = rule.part("match")
    config = match.part("config") if match is not None else None
    return set(config.texts("src_ip_ranges")) if config is not None else set()


def _covered(rule: Part, question: Question, aside: re.Pattern[str] | None = None) -> bool | None:
    """Whether a rule takes requests from anywhere to any of the paths."""
    match = rule.part("match")
    if match is None:
        return None
    expression = match.part("expr")
    if expression is not None:
        return takes(expression.text("expression"), question, aside)
    return True if _ranges(rule) in _EVERYONE else None


def _facts(policy: Resource, rule: Part, question: Question) -> Facts:
    label = f"{policy.address} rule {_name(rule)}"
    status = _status(policy, rule, label, question)
    options = rule.part("rate_limit_options")
    covered = True if question.family == "ip_block" else _covered(rule, question)
    refuse_elsewhere(covered, label, rule.place("match"))
    if question.family not in RATE or options is None:
        does = Said(["block" if rule.text("action").startswith("deny") else "challenge"], rule.place("action"))
        return Facts(status, does) if covered else undecided(Facts(status))
    threshold = options.part("rate_limit_threshold")
    count = threshold.number("count") if threshold is not None else None
    seconds = threshold.number("interval_sec") if threshold is not None else None
    if threshold is None or not count or not seconds:
        raise Unsaid(f"{label} has no threshold", options.at)
    rate = Said((count, seconds), threshold.place("count"), label)
    return limited(Facts(status, _does(rule, options), rate), _key(options), covered, label)


def _does(rule: Part, options: Part) -> Said:
    """What happens above the threshold. `throttle` refuses what is too much; a ban refuses everything for a while."""
    exceed = options.text("exceed_action")
    if exceed == "redirect":
        return Said(["challenge"], options.place("exceed_action"))
    return Said(["throttle" if rule.text("action") == "throttle" else "block"], rule.place("action"))


def _status(policy: Resource, rule: Part, label: str, question: Question) -> Said:
    if rule.flag("preview", default=False):
        return Said("observing", rule.place("preview"), f"{label} is in preview, so nothing is enforced")
    by = attachment(question.config, policy, ATTACHERS)
    if by is None:
        return Said("planned", policy.at, f"no backend names {policy.address}, so it enforces nothing")
    apart = list(_apart(policy, question.config))
    others = [*policy.part.parts("rule"), *(other for other, is_sure in apart if is_sure)]
    before = shadow((other for other in others if _is_through(other, question)), rule)
    if before is not None:
        return Said("observing", before.at, f"rule {_name(before)} lets every request through before {label} is reached")
    others += [other for other, is_sure in apart if not is_sure]
    refuse_shadow((other for other in others if _may_be_through(other, question)), rule, label)
    return Said("deployed", rule.at, f"{label}, attached by {by.address}")


def _apart(policy: Resource, config: Config) -> Iterator[tuple[Part, bool]]:
    """The rules of a policy that stand as resources of their own, and whether each surely is one of its rules."""
    for resource in config.of(RULE):
        only = Config(config.form, config.at, (resource,))
        try:
            if attachment(only, policy, {RULE: ("security_policy",)}) is not None:
                yield resource.part, not resource.doubt
        except Unsaid:
            yield resource.part, False


def _is_through(rule: Part, question: Question) -> bool:
    """Whether a rule certainly takes the requests to every path and lets them through."""
    if rule.text("action") not in _ENDING or rule.flag("preview", default=False):
        return False
    if not question.paths:
        return _ranges(rule) in _EVERYONE
    return both(_covered(rule, replace(question, paths=(path,))) for path in question.paths) is True


def _may_be_through(rule: Part, question: Question) -> bool:
    """Whether a rule may allow some of the requests to a path; a few addresses that are listed are known exceptions."""
    if rule.text("action") != "allow" or rule.flag("preview", default=False) or _is_few(_ranges(rule)):
        return False
    return _covered(rule, question if question.paths else replace(question, paths=("/",))) is not False


def _is_few(ranges: set[str]) -> bool:
    """Whether addresses are listed, and not nearly all there are."""
    try:
        return bool(ranges) and not is_most(ranges)
    except ValueError:
        return "*" not in ranges


def _key(options: Part) -> Key:
    """Whom a rate limit counts; without a word, everybody together."""
    configs = options.parts("enforce_on_key_configs")
    kinds = [config.text("enforce_on_key_type", "ALL") for config in configs] or [options.text("enforce_on_key") or "ALL"]
    at = configs[0].at if configs else options.place("enforce_on_key")
    if kinds == ["IP"]:
        return Key("address", at)
    if kinds == ["ALL"]:
        return Key("shared", at, "one counter for everybody")
    chosen = next((kind for kind in kinds if kind in _CHOSEN), "")
    return Key("chosen" if chosen else "opaque", at, chosen or f"it counts by {', '.join(kinds)[:80]}")


def _expression(rule: Part) -> str:
    match = rule.part("match")
    expression = match.part("expr") if match is not None else None
    return expression.text("expression")[:16384] if expression is not None else ""


def _presets(rule: Part) -> list[str]:
    return _PRESET.findall(_expression(rule))


def _filter(policy: Resource, rules: tuple[Part, ...], question: Question) -> Facts:
    """The preconfigured rules of a policy: which are denied, and whether that is enforced."""
    chosen = [rule for rule in rules if not question.rule or _name(rule) == question.rule]
    denying = [rule for rule in chosen if rule.text("action").startswith("deny")]
    if not denying:
        raise Unsaid(f"{policy.address} denies nothing that preconfigured rules find", policy.at)
    enforced = [rule for rule in denying if not rule.flag("preview", default=False)]
    takings = [_covered(rule, question, _PRESETS) for rule in enforced]
    sure = [rule for rule, taking in zip(enforced, takings, strict=True) if taking]
    if enforced:
        refuse_elsewhere(either(takings), policy.address, enforced[0].place("match"))
    status = _status(policy, (sure or enforced or denying)[0], policy.address, question)
    if enforced and not sure:
        return undecided(Facts(status))
    names = list(dict.fromkeys(name for rule in enforced for name in _presets(rule))) if all(takings) else []
    return Facts(status, also={("params", "rule_sets"): Said(names, _place(enforced), policy.address)} if names else None)


def _place(rules: list[Part]) -> At:
    return rules[0].at
