"""Rules of AWS WAF (wafv2) as controls: `aws_wafv2_web_acl` and `aws_wafv2_rule_group` of the AWS provider.

A web ACL enforces nothing until it is associated; a rule enforces nothing while its action is count, or while the rule that
brings in its group overrides it to count. Rules run by priority and end at the first that allows or blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from policycheck.evidence._terraform_config import (
    At,
    Config,
    Part,
    Resource,
    Unsaid,
    Unsettled,
    attachment,
    handed_by,
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

ACL, GROUP = "aws_wafv2_web_acl", "aws_wafv2_rule_group"
#: What puts a web ACL in front of something.
ATTACHERS = {
    "aws_wafv2_web_acl_association": ("web_acl_arn",),
    "aws_cloudfront_distribution": ("web_acl_id",),
    "aws_cloudfront_multitenant_distribution": ("web_acl_id",),
}
_APART = ("aws_wafv2_web_acl_rule_group_association", "aws_wafv2_web_acl_rule")
_ADDRESSES = "aws_wafv2_ip_set"
TYPES = frozenset({ACL, GROUP, _ADDRESSES, *ATTACHERS, *_APART})
HOLDERS = frozenset({ACL, GROUP})

#: Seconds in which a rate-based rule counts, where it does not say.
_WINDOW = 300
_ACTIONS = {"block": "block", "captcha": "challenge", "challenge": "challenge", "count": "log"}
_METHODS = {"captcha": "captcha", "challenge": "javascript"}
_OF_MANAGED = {
    "AWSManagedRulesBotControlRuleSet": "bot_detection",
    "AWSManagedRulesAmazonIpReputationList": "ip_block",
    "AWSManagedRulesAnonymousIpList": "ip_block",
}
#: What else the groups of AWS may do, by rules of their own: they challenge, or know bots by their addresses.
_PERHAPS = {
    "AWSManagedRulesBotControlRuleSet": {"challenge"},
    "AWSManagedRulesATPRuleSet": {"challenge", "bot_detection"},
    "AWSManagedRulesACFPRuleSet": {"challenge", "bot_detection"},
    "AWSManagedRulesAntiDDoSRuleSet": {"challenge", "anomaly_throttle"},
    "AWSManagedRulesAmazonIpReputationList": {"bot_detection"},
}
#: How labels begin that managed groups give.
_LABELS = "awswaf:managed:"
_OPERATORS = {"STARTS_WITH": "starts", "EXACTLY": "equals", "CONTAINS": "contains"}
#: Key components that a client sends as it likes. A request without one is not counted at all.
_CHOSEN = ("header", "cookie", "query_argument", "query_string", "uri_path", "http_method", "forwarded_ip")


def measures(config: Config, resource: Resource) -> Iterator[Measure]:
    """Every rule that could be a control; the managed groups of an ACL besides are one filter (`waf`)."""
    managed = []
    for rule in _rules(resource):
        families = _families(rule)
        if _managed(rule) is not None:
            managed.append(rule)
        if families:
            yield Measure(resource, rule.called("name"), families, rule.at, partial(_facts, resource, rule))
    if managed:
        yield Measure(resource, "", frozenset({"waf"}), resource.at, partial(_filter, resource, tuple(managed)))


def unread(resource: Resource, family: str) -> Iterator[Part]:
    """Rules that may be a control of a family and are not told apart: by a header or a country, or a group of a vendor.

    That a rule challenges says what it does, and not whom it takes: these may be bots.
    """
    for rule in _rules(resource):
        managed = _managed(rule)
        is_group = managed is not None and family != "rate_limit" and _may_be(managed, family)
        is_told = family in RATE or _families(rule) - {"challenge"}
        if is_group or (not is_told and _action(rule)[0] in ("block", *_METHODS)):
            yield rule


def _may_be(managed: Part, family: str) -> bool:
    """Whether a managed group may hold a control of a family; of those of other vendors nothing is known."""
    uses = [use for other in managed.parts("rule_action_override") if (use := other.part("action_to_use")) is not None]
    is_challenge = family == "challenge" and any(use.parts(name) for use in uses for name in _METHODS)
    return not _is_of_aws(managed) or is_challenge or family in _PERHAPS.get(managed.text("name"), ())


def _is_of_aws(managed: Part) -> bool:
    """Whether a group is of AWS: others may bear the same name."""
    return managed.text("vendor_name") == "AWS"


def refuse_more(config: Config, resource: Resource) -> None:
    """An ACL may bring in the rule that is looked for with a group; then its own rules do not settle that there is none."""
    _refuse_apart(config)
    for rule in _rules(resource):
        if _inner(rule, "rule_group_reference_statement") is not None:
            raise Unsaid(
                f"{resource.address} brings in a rule group that may hold it; name the group with resource", rule.at
            )


def _refuse_apart(config: Config) -> None:
    """Rules and groups may also be put into an ACL by resources of their own, which are not read."""
    for other in config.of(*_APART):
        raise Unsaid(f"{other.address} changes the rules of a web ACL and is not read here", other.at)


def _rules(resource: Resource) -> tuple[Part, ...]:
    if resource.part.fields.get("rule_json") is not None:
        raise Unsaid(f"{resource.address} has its rules in rule_json, which is not read", resource.part.place("rule_json"))
    return resource.part.parts("rule")


def _inner(rule: Part, name: str) -> Part | None:
    statement = rule.part("statement")
    return statement.part(name) if statement is not None else None


def _managed(rule: Part) -> Part | None:
    return _inner(rule, "managed_rule_group_statement")


def _families(rule: Part) -> frozenset[str]:
    """Which controls a rule could be. A rule whose action is open could be any that its statement allows."""
    found: set[str] = set()
    if _inner(rule, "rate_based_statement") is not None:
        found |= RATE
    elif _inner(rule, "ip_set_reference_statement") is not None and _action(rule)[0] in ("block", "count"):
        found.add("ip_block")
    managed = _managed(rule)
    if managed is not None:
        found.add(_OF_MANAGED.get(managed.text("name"), "") if _is_of_aws(managed) else "")
    elif not isinstance(rule.fields.get("action"), Unsettled) and _action(rule)[0] in _METHODS:
        found.add("challenge")
    return frozenset(found - {""})


def _action(rule: Part) -> tuple[str, At]:
    """What a rule of one's own does, and where that stands."""
    action = rule.part("action")
    for name in ("allow", *_ACTIONS):
        if action is not None and action.parts(name):
            return name, action.place(name)
    return "", rule.at


# --- status ---


def _facts(resource: Resource, rule: Part, question: Question) -> Facts:
    label = f"{resource.address} rule {rule.called('name')}"
    rate, managed = _inner(rule, "rate_based_statement"), _managed(rule)
    status = _status(resource, rule, label, question)
    if managed is not None:
        covered = _covered(managed.part("scope_down_statement"), question.paths)
        refuse_elsewhere(covered, label, managed.place("scope_down_statement"))
        return Facts(status if covered or status.value != "deployed" else None)
    action, at = _action(rule)
    does = Said([_ACTIONS[action]], at) if action in _ACTIONS else None
    if rate is None:
        listed = _nobody(rule, question.config) if question.family == "ip_block" else None
        if listed is not None:
            return Facts(Said("planned", listed.place("addresses"), f"{label} blocks the addresses of a set that is empty"))
        reference = _inner(rule, "ip_set_reference_statement")
        claimed = reference.part("ip_set_forwarded_ip_config") if reference is not None else None
        if claimed is not None:
            header = claimed.text("header_name", "a header")
            status = status.doubted(f"the address is the one that {header} claims, which clients may write themselves")
        covered = _covered(rule.part("statement"), question.paths)
        refuse_elsewhere(None if question.family == "ip_block" else covered, label, rule.at)
        facts = Facts(status, does, also=_challenge(question, action, at))
        return facts if covered or question.family == "ip_block" else undecided(facts)
    covered = _covered(rate.part("scope_down_statement"), question.paths)
    refuse_elsewhere(covered, label, rate.place("scope_down_statement"))
    count = Said(_number(rate, label), rate.place("limit"), f"{label}")
    also = _challenge(question, action, at, trigger="threshold")
    if question.family == "challenge":
        return Facts(status, does, also=also) if covered else undecided(Facts(status))
    return limited(Facts(status, does, count), _key(rate), covered, label)


def _nobody(rule: Part, config: Config) -> Part | None:
    """The set of addresses that a rule looks in, where it is here and is written to be empty."""
    reference = _inner(rule, "ip_set_reference_statement")
    for listed in config.of(_ADDRESSES):
        is_it = reference is not None and points_to(reference.fields.get("arn"), listed) and not listed.doubt
        if is_it and listed.part.fields.get("addresses") in ((), []):
            return listed.part
    return None


def _challenge(question: Question, action: str, at: At, trigger: str = "") -> Also:
    if question.family != "challenge" or action not in _METHODS:
        return {}
    found: Also = {("params", "method"): Said(_METHODS[action], at)}
    if trigger:
        found["params", "trigger"] = Said(trigger, at)
    return found


def _number(rate: Part, label: str) -> tuple[int, int]:
    limit, window = rate.number("limit"), rate.number("evaluation_window_sec")
    if not limit:
        raise Unsaid(f"{label} has no limit", rate.place("limit"))
    return limit, window or _WINDOW


def _key(rate: Part) -> Key:
    """Whom a rate-based statement counts."""
    kind, at = rate.text("aggregate_key_type", "IP"), rate.place("aggregate_key_type")
    if kind == "IP":
        return Key("address", at)
    if kind == "CONSTANT":
        return Key("shared", at, "one counter for everybody")
    if kind == "FORWARDED_IP":
        config = rate.part("forwarded_ip_config")
        header = config.text("header_name", "a header") if config is not None else "a header"
        standing = "chosen" if header.lower() == "x-forwarded-for" else "opaque"
        return Key(standing, at, f"the address that {header} claims")
    if kind != "CUSTOM_KEYS":
        raise Unsaid(f"aggregate_key_type {kind[:40]} is not known here", at)
    names = [name for key in rate.parts("custom_key") for name in key.fields if key.parts(name)]
    if names == ["ip"]:
        return Key("address", at)
    chosen = next((name for name in names if name in _CHOSEN), "")
    return Key(
        "chosen" if chosen else "opaque", at, f"a key of {', '.join(names)}" if not chosen else f"a key with {chosen}"
    )


def _status(resource: Resource, rule: Part, label: str, question: Question) -> Said:
    """Whether a rule enforces: by its own action, its group's override, and what the web ACL is put in front of."""
    note = _counting(rule)
    if note:
        _refuse_labelled(resource, rule, label)
        return Said("observing", note[1], f"{label} {note[0]}")
    if _managed(rule) is None and not _action(rule)[0]:
        raise Unsaid(f"{label} has no action that is read here", rule.at)
    if _action(rule)[0] == "allow":
        return Said("planned", _action(rule)[1], f"{label} lets requests through")
    if resource.type == GROUP:
        return _grouped(resource, rule, label, question)
    return _attached(resource, rule, label, question)


def _counting(rule: Part) -> tuple[str, At] | None:
    """Why a rule only counts."""
    override = rule.part("override_action")
    if override is not None and override.parts("count"):
        return "is overridden to count, so nothing is enforced", override.place("count")
    if _action(rule)[0] == "count":
        return "has the action count, so nothing is enforced", _action(rule)[1]
    return None


def _refuse_labelled(resource: Resource, rule: Part, label: str) -> None:
    """What a rule only counts it may still have labelled, for another rule to refuse by the label."""
    is_managed = _managed(rule) is not None
    if not is_managed and not rule.parts("rule_label"):
        return
    for other in _rules(resource):
        keys = [match.text("key") for match in other.values("label_match_statement") if isinstance(match, Part)]
        is_its = any(key.startswith(_LABELS) is is_managed for key in keys)
        if is_its and _action(other)[0] in ("block", *_METHODS):
            name = other.called("name")
            raise Unsaid(f"{label} only counts, but rule {name} refuses requests by a label that may be its own", other.at)


def _attached(acl: Resource, rule: Part, label: str, question: Question) -> Said:
    """The status that a web ACL lends to a rule of its own."""
    by = attachment(question.config, acl, ATTACHERS)
    if by is None:
        return Said(
            "planned",
            acl.at,
            f"nothing associates {acl.address} with a distribution or load balancer, so it enforces nothing",
        )
    if is_off(by):
        rest = tuple(each for each in question.config.resources if not is_off(each))
        by = attachment(replace(question.config, resources=rest), acl, ATTACHERS) or by
    if by.type.startswith("aws_cloudfront") and not by.part.flag("enabled", default=True):
        return Said("planned", by.part.place("enabled"), f"{by.address}, which {acl.address} stands before, is not enabled")
    hidden = _hidden(_rules(acl), rule, label, question)
    if hidden is not None:
        return hidden
    _refuse_groups(acl, rule, label, question)
    status = Said("deployed", rule.at, f"{label}, attached by {by.address}")
    counted = _counted(_managed(rule))
    why = f"of its rules only counted{_or_more(_managed(rule))}: {', '.join(counted)[:200]}"
    why += "; a person has to say whether enough are left"
    return status.doubted(why) if counted else status


def is_off(attacher: Resource) -> bool:
    """Whether a distribution is written to be off; another one may bring an ACL's rules before its own hosts."""
    return attacher.type.startswith("aws_cloudfront") and attacher.part.fields.get("enabled") in (False, "false")


def _hidden(rules: Sequence[Part], rule: Part, label: str, question: Question) -> Said | None:
    """The status of a rule that is never reached among others; Unsaid where it may be so."""
    before = shadow((other for other in rules if _is_through(other, question)), rule)
    if before is not None:
        return Said(
            "observing", before.at, f"rule {before.called('name')} lets every request through before {label} is reached"
        )
    refuse_shadow((other for other in rules if _may_be_through(other, question)), rule, label)
    return None


def _refuse_groups(acl: Resource, rule: Part, label: str, question: Question) -> None:
    """A group that an earlier rule brings in may let requests through, by a rule of its own or one that is not read."""

    def is_open(other: Part) -> bool:
        reference = _inner(other, "rule_group_reference_statement")
        return reference is not None and not _counting(other) and _may_let_through(reference, question)

    refuse_shadow((other for other in _rules(acl) if other is not rule and is_open(other)), rule, label)


def _may_let_through(reference: Part, question: Question) -> bool:
    counted = _counted(reference)
    for group in question.config.of(GROUP):
        try:
            is_it = not group.doubt and _names(reference, group, question.config)
            rules = [each for each in _rules(group) if each.fields.get("name") not in counted] if is_it else []
            is_open = any(_may_be_through(each, question) for each in rules)
        except Unsaid:
            continue
        if is_it:
            return is_open
    return True


def _counted(brought: Part | None) -> list[str]:
    """The rules of a group that what brings it in overrides to count, or to let through what they find.

    Provider 4 and before exclude a rule by `excluded_rule`, which counts too.
    """
    if brought is None:
        return []
    overrides = [other for other in brought.parts("rule_action_override") if _is_count(other)]
    return [other.text("name") for other in (*overrides, *brought.parts("excluded_rule"))]


def _or_more(brought: Part | None) -> str:
    overrides = brought.parts("rule_action_override") if brought is not None else ()
    uses = [use for other in overrides if (use := other.part("action_to_use")) is not None]
    return " or let through" if any(use.parts("allow") for use in uses) else ""


def _is_count(override: Part) -> bool:
    use = override.part("action_to_use")
    return use is not None and bool(use.parts("count") or use.parts("allow"))


def _is_through(rule: Part, question: Question) -> bool:
    """Whether a rule certainly allows the requests to every path."""
    if not question.paths or _action(rule)[0] != "allow":
        return False
    statement = rule.part("statement")
    return both(_holds(statement, path) for path in question.paths) is True


def _may_be_through(rule: Part, question: Question) -> bool:
    """Whether a rule may allow some of the requests to a path, by where they come from or what they hold."""
    if _action(rule)[0] != "allow":
        return False
    return either(_holds(rule.part("statement"), path) for path in question.paths or ("/",)) is not False


def _grouped(group: Resource, rule: Part, label: str, question: Question) -> Said:
    """The status of a rule in a group: that of the web ACL's rule which brings the group in.

    One that stands before nothing says nothing of the others that do; of these all have to say the same.
    """
    bringing = [
        (acl, outer, reference)
        for acl in question.config.of(ACL)
        for outer in _rules(acl)
        if (reference := _inner(outer, "rule_group_reference_statement")) is not None
        and _names(reference, group, question.config)
    ]
    before = [each for each in bringing if _may_stand(each[0], question)] or bringing
    standing = [_brought(*each, group, rule, label, question) for each in before]
    if len({said.value for said in standing}) > 1:
        raise Unsaid(f"several rules bring in {group.address} and differ in what they make of it", standing[1].at)
    if standing:
        return standing[0]
    _refuse_apart(question.config)
    if question.config.gap or handed_by(question.config, group):
        raise Unsaid(f"no web ACL here brings in {group.address}; name the plan of one that does", group.at)
    return Said("planned", group.at, f"no web ACL brings in {group.address}, so it enforces nothing")


def _may_stand(acl: Resource, question: Question) -> bool:
    """Whether a web ACL stands before something, or may."""
    try:
        return attachment(question.config, acl, ATTACHERS) is not None
    except Unsaid:
        return True


def _brought(
    acl: Resource, outer: Part, reference: Part, group: Resource, rule: Part, label: str, question: Question
) -> Said:
    """What one web ACL makes of a rule in a group that it brings in."""
    if not _counting(outer):
        overrides = [other for other in reference.parts("rule_action_override") if other.text("name") == rule.called("name")]
        if any(_is_count(other) for other in overrides):
            return Said("observing", overrides[0].at, f"{label} is overridden to count, so nothing is enforced")
        counted = _counted(reference)
        rules = [other for other in _rules(group) if other.fields.get("name") not in counted]
        return _hidden(rules, rule, label, question) or _attached(acl, outer, label, question)
    return Said("observing", outer.at, f"{label} is brought in by rule {outer.called('name')}, which only counts")


def _names(reference: Part, group: Resource, config: Config) -> bool:
    outer = Resource("", "reference", reference)
    return attachment(Config(config.form, config.at, (outer,)), group, {"reference": ("arn",)}) is not None


# --- which requests a statement takes ---


def _covered(statement: Part | None, paths: Sequence[str]) -> bool | None:
    """Whether a statement takes requests to any of the paths; without a statement, or paths, nothing is left out."""
    if statement is None or not paths:
        return True
    return either(_holds(statement, path) for path in paths)


def _holds(statement: Part | None, path: str, depth: int = 0) -> bool | None:
    """Whether requests to a path fit a statement, as far as their path alone decides it."""
    if statement is None or depth > 8:
        return None
    for name, join in (("and_statement", both), ("or_statement", either)):
        inner = statement.part(name)
        if inner is not None:
            return join(_holds(each, path, depth + 1) for each in inner.parts("statement"))
    inner = statement.part("not_statement")
    if inner is not None:
        return negated(_holds(inner.part("statement"), path, depth + 1))
    match = statement.part("byte_match_statement")
    field = match.part("field_to_match") if match is not None else None
    if match is None or field is None or not field.parts("uri_path"):
        return None
    changes = {change.text("type") for change in match.parts("text_transformation")}
    if changes - {"NONE", "LOWERCASE"}:
        return None
    subject = path.lower() if "LOWERCASE" in changes else path
    return compared(_OPERATORS.get(match.text("positional_constraint"), ""), match.text("search_string"), subject)


# --- managed groups ---


def _set(managed: Part) -> str:
    """What a managed group is called; with the vendor before it where AWS has a group of that name."""
    name = managed.text("name")
    return name if _is_of_aws(managed) or not name.startswith("AWS") else f"{managed.text('vendor_name')} {name}".strip()


def _filter(acl: Resource, rules: Sequence[Part], question: Question) -> Facts:
    """The managed groups of a web ACL as one filter: what is in force, and whether any of it enforces.

    Where the groups only count, other rules of the ACL may be the filter that is declared.
    """
    chosen = [rule for rule in rules if not question.rule or rule.called("name") == question.rule]
    if not chosen:
        raise Unsaid(f"{acl.address} has no managed rule group in a rule {question.rule[:80]}", acl.at)
    enforced = [(rule, managed) for rule in chosen if _counting(rule) is None and (managed := _managed(rule)) is not None]
    if not enforced and not question.rule:
        _refuse_enforcing(acl)
    takings = [_covered(managed.part("scope_down_statement"), question.paths) for _, managed in enforced]
    sure = [rule for (rule, _), taking in zip(enforced, takings, strict=True) if taking]
    rule = (sure or [each for each, _ in enforced] or chosen)[0]
    label = f"{acl.address} rule {rule.called('name')}" if len(chosen) == 1 else acl.address
    if enforced:
        refuse_elsewhere(either(takings), label, rule.at)
    status = _status(acl, rule, label, question)
    if enforced and not sure:
        return undecided(Facts(status))
    names = [_set(managed) for _, managed in enforced] if all(takings) else []
    is_soft = any(_counted(managed) for _, managed in enforced)
    sets = Said(names, rule.at, f"{acl.address} has these managed rule groups in force", is_soft)
    return Facts(status, also={("params", "rule_sets"): sets} if names else None)


def _refuse_enforcing(acl: Resource) -> None:
    """A rule that is no managed group may refuse requests too, or hold one that does."""
    for rule in _rules(acl):
        if _managed(rule) is None and _counting(rule) is None and _action(rule)[0] != "allow":
            name = rule.called("name")
            raise Unsaid(f"the managed rule groups of {acl.address} only count, but its rule {name} does more", rule.at)
