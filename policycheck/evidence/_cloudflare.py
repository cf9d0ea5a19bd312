"""Cloudflare's rules as controls: `cloudflare_ruleset`, `cloudflare_rate_limit`, `cloudflare_bot_management`.

Provider 4 writes a ruleset's rules as blocks, provider 5 as a list of objects; both are read.

A zone's ruleset of a phase runs as it stands; a `custom` or `managed` one only where another executes it. Counters are kept
apart in each data centre (`cf.colo.id`), which a note says.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from policycheck.evidence._foreign import host_fit
from policycheck.evidence._terraform_config import At, Config, Part, Resource, Unsaid, points_to
from policycheck.evidence._terraform_rules import (
    RATE,
    Also,
    Facts,
    Key,
    Measure,
    Question,
    Said,
    either,
    limited,
    refuse_elsewhere,
    takes,
    undecided,
)

RULESET, OLD_LIMIT, BOTS = "cloudflare_ruleset", "cloudflare_rate_limit", "cloudflare_bot_management"
ZONE, _RECORDS = "cloudflare_zone", ("cloudflare_record", "cloudflare_dns_record")
HOLDERS = frozenset({RULESET, OLD_LIMIT, BOTS})
TYPES = frozenset({*HOLDERS, ZONE, *_RECORDS})

_LIMITS, _CUSTOM, _MANAGED = "http_ratelimit", "http_request_firewall_custom", "http_request_firewall_managed"
_SUPER_BOTS, _ATTACKS = "http_request_sbfm", "ddos_l7"
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
#: What asks of the client's address, its score or what else is known of it, whatever is asked for.
_LISTED = re.compile(r"ip\.src\s+(?:in|eq)\s+(\{[^{}]{1,4096}\}|\$[\w.]{1,80}|[\w.:/]{1,50})")
_SCORE = re.compile(r"cf\.bot_management\.score\s*(lt|le|gt|ge|eq|ne|[<>=!]=|[<>])\s*([0-9]{1,3})")
_SCORES = re.compile(r"cf\.bot_management\.score\s+in\s+\{([0-9. ]{1,400})\}")
_SPAN = re.compile(r"([0-9]{1,3})(?:\.\.([0-9]{1,3}))?")
_MARK = re.compile(
    r"(cf\.client\.bot|cf\.bot_management\.(?:verified_bot|static_resource|corporate_proxy|js_detection\.passed))"
    r"(?:\s*(?:eq|==)\s*(true|false))?"
)
_COMPARE = {
    "lt": operator.lt, "<": operator.lt, "le": operator.le, "<=": operator.le, "gt": operator.gt, ">": operator.gt,
    "ge": operator.ge, ">=": operator.ge, "eq": operator.eq, "==": operator.eq, "ne": operator.ne, "!=": operator.ne,
}  # fmt: skip
#: Cloudflare gives 1 to 29 to what is, or is likely, automated, and 99 to what is most surely a person.
_BOT_SCORES, _PERSON = range(1, 30), 99
#: The most lists of addresses of one rule that are told apart.
_LISTS = 20


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


def unread(resource: Resource, family: str) -> Iterator[Part]:
    """Rules that may be a control of a family and are not told apart: by a name that clients give, or Cloudflare's own."""
    phase = resource.part.text("phase")
    if family == "challenge" and (resource.type != RULESET or phase == _MANAGED) and _challenges(resource.part):
        yield resource.part
    for rule in resource.part.parts("rules") if phase in (_CUSTOM, _ATTACKS, _SUPER_BOTS) else ():
        if phase == _ATTACKS:
            may_be = family in ("challenge", "anomaly_throttle")
        elif phase == _SUPER_BOTS:
            may_be = family in ("challenge", "bot_detection")
        else:
            # That a rule challenges says what it does, and not whom it takes: these may be bots.
            is_told = family in RATE or _families(_CUSTOM, rule) - {"challenge"}
            may_be = not is_told and _ACTIONS.get(rule.text("action")) in ("block", "challenge")
        if may_be:
            yield rule


def _challenges(part: Part) -> bool:
    """Whether any setting below is a challenge: Bot Fight Mode, an action for bots, for a limit, or put over a ruleset."""
    names = ("action", "mode", *(name for name in part.fields if name.startswith("sbfm_")))
    is_set = any(
        _ACTIONS.get(value) == "challenge" for name in names for value in part.values(name) if isinstance(value, str)
    )
    return is_set or part.flag("fight_mode", default=False)


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
    is_by_asker = question.family in ("ip_block", "bot_detection")
    covered = _picked(rule, question, label) if is_by_asker else takes(rule.text("expression"), question)
    refuse_elsewhere(covered, label, rule.place("expression"))
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
        return undecided(facts) if covered is None else facts
    if covered and (limit.flag("requests_to_origin", default=False) or limit.text("counting_expression")):
        # What the cache answers, or what the counting expression leaves out, is not counted.
        covered = None
    count = Said(_number(limit, "requests_per_period", label), limit.place("requests_per_period"), label)
    return limited(Facts(status, does, count), _key(limit), covered, label)


def _picked(rule: Part, question: Question, label: str) -> bool | None:
    """Whether a rule takes what it is to be against, listed addresses or bots, on any of the paths, and lets people by."""
    text, at = rule.text("expression"), rule.place("expression")
    if question.family == "bot_detection":
        clients, what = [partial(_answer, score, "") for score in _BOT_SCORES], "requests that are scored as a bot's"
    else:
        listed = sorted(set(_LISTED.findall(text[:4096])))[:_LISTS]
        clients, what = [partial(_answer, _PERSON, each) for each in listed], "the addresses that it lists"
    anywhere = replace(question, paths=("/*",), hosts=())
    if either(takes(text, anywhere, answer=client) for client in clients) is False:
        raise Unsaid(f"{label} does not take {what}, but others", at)
    if takes(text, question if question.paths else anywhere, answer=partial(_answer, _PERSON, "")):
        raise Unsaid(f"{label} takes all others as it takes {what}", at)
    return either(takes(text, question, answer=client) for client in clients)


def _answer(score: int, listed: str, text: str) -> bool | None:
    """What a comparison comes to for a client with a score and on one list.

    It is no bot that Cloudflare verified, asks for pages, and runs JavaScript where it is a person.
    """
    if found := _LISTED.fullmatch(text):
        return found[1] == listed
    if found := _SCORE.fullmatch(text):
        return bool(_COMPARE[found[1]](score, int(found[2])))
    if found := _SCORES.fullmatch(text):
        return any(int(low) <= score <= int(high or low) for low, high in _SPAN.findall(found[1]))
    if found := _MARK.fullmatch(text):
        is_marked = found[1].endswith("passed") and score == _PERSON
        return is_marked is (found[2] != "false")
    return None


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
    """A rule that may skip the phase, or what its own ruleset goes on to, leaves open whether `rule` sees the requests."""
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
    phase = _SUPER_BOTS if resource.type == BOTS else resource.part.text("phase")
    is_own = other is resource and (parameters.text("ruleset") == "current" or _is_written(parameters, "rulesets"))
    if len(zones) > 1 or not (is_own or phase in parameters.texts("phases")):
        return False
    return takes(rule.text("expression"), question if question.paths else replace(question, paths=("/",))) is not False


def _is_written(part: Part, name: str) -> bool:
    value = part.fields.get(name)
    return value not in (None, "", ()) and not (isinstance(value, Part) and not value.fields)


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
    covered = _matched(part, question)
    refuse_elsewhere(covered, label, part.place("match"))
    count = Said(_number(part, "threshold", label), part.place("threshold"), label)
    does = Said([_ACTIONS[mode]], action.place("mode"))
    return limited(Facts(status, does, count), Key("address", part.at), covered, label)


def _matched(part: Part, question: Question) -> bool | None:
    """Whether an old limit counts the requests to the surfaces: by pattern, method, scheme and answer; bypasses count."""
    match = part.part("match")
    request, response = (match.part(name) if match is not None else None for name in ("request", "response"))
    covered = _pattern(request.text("url_pattern", request.text("url")), question) if request is not None else True
    bypass = (_pattern(pattern, question) for pattern in part.texts("bypass_url_patterns"))
    if covered and (_leaves_out(request, response) or either(bypass) is not False):
        return None
    return covered


def _leaves_out(request: Part | None, response: Part | None) -> bool:
    """Whether only some methods, one scheme without TLS, or only some answers are counted."""
    methods, schemes = ((request.texts(name) if request is not None else ()) for name in ("methods", "schemes"))
    is_some = bool(methods) and not {"_ALL_", "GET"} & set(methods)
    is_plain = bool(schemes) and not {"_ALL_", "HTTPS"} & set(schemes)
    return is_some or is_plain or (response is not None and any(_is_written(response, n) for n in ("statuses", "headers")))


def _pattern(pattern: str, question: Question) -> bool | None:
    """Whether a URL pattern takes any path: an empty one takes everything, of wildcards only one at the end is read."""
    if pattern in ("", "*") or not question.paths:
        return True
    host, _, path = re.sub(r"\A[^/]{0,253}//", "", pattern).partition("/")
    if host and question.hosts and all(host_fit(each, [host]) is None for each in question.hosts):
        return None if "*" in host.removeprefix("*.") else False
    if not path.endswith("*") or not re.fullmatch(r"[A-Za-z0-9/_.-]*", path[:-1]):
        return None
    return takes(f'starts_with(http.request.uri.path, "/{path[:-1]}")', question)


def _bots(resource: Resource, question: Question) -> Facts:
    """Bot Fight Mode, or what Super Bot Fight Mode does with what is definitely automated."""
    part, label = resource.part, resource.address
    if part.flag("fight_mode", default=False):
        return Facts(Said("deployed", part.place("fight_mode"), f"{label} has Bot Fight Mode on"))
    name = "sbfm_definitely_automated"
    does = part.text(name)
    if does in ("block", "managed_challenge"):
        _refuse_skip(question, resource, None, label)
        said = Said([_ACTIONS[does]], part.place(name))
        return Facts(Said("deployed", part.place(name), f"{label} acts on what is definitely automated"), said)
    if does == "allow":
        return Facts(Said("planned", part.place(name), f"{label} lets through what is definitely automated"))
    if part.text("ai_bots_protection") == "block":
        note = f"{label} blocks the crawlers of AI that Cloudflare knows; a person has to say whether that is enough"
        return Facts(Said("deployed", part.place("ai_bots_protection"), note, soft=True))
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
    takings = [takes(rule.text("expression"), question) for rule in active]
    refuse_elsewhere(either(takings), resource.address, active[0].place("expression"))
    names = [_set(rule) for rule in active]
    told = Said([name for name in names if name], active[0].at, f"{resource.address} executes them")
    also: Also = {("params", "rule_sets"): told} if told.value and all(takings) else {}
    enforced = [(rule, taking) for rule, taking in zip(active, takings, strict=True) if not _is_logging(rule)]
    if not enforced:
        return Facts(Said("observing", active[0].at, f"{resource.address} overrides what it executes to log"), also=also)
    sure = next((rule for rule, taking in enforced if taking), None)
    if sure is None:
        return Facts(None)
    _refuse_skip(question, resource, sure, resource.address)
    status = _with_exempted(Said("deployed", sure.at, resource.address), rules, question)
    also = {path: said._replace(soft=status.soft) for path, said in also.items()}
    return Facts(status, also=also if all(names) else None)


def _with_exempted(status: Said, rules: tuple[Part, ...], question: Question) -> Said:
    """A filter some of whose rules are skipped for some requests, or switched off, which a person has to weigh."""
    for rule in rules:
        if rule.text("action") == "execute" and rule.flag("enabled", default=True) and _is_partly_off(rule):
            said = (
                f"rule {_name(rule)} switches some of its rules off or to log; a person has to say whether enough are left"
            )
            return status.doubted(said)
    for rule in rules:
        parameters = rule.part("action_parameters")
        is_skip = rule.text("action") == "skip" and rule.flag("enabled", default=True)
        is_ours = is_skip and takes(rule.text("expression"), question) is not False
        if is_ours and parameters is not None and _is_written(parameters, "rules"):
            return status.doubted(f"rule {_name(rule)} skips some of its rules; a person has to say whether enough are left")
    return status


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


def _is_partly_off(rule: Part) -> bool:
    """Whether some of what a rule executes is overridden to log or nothing, by category or one by one."""
    parameters = rule.part("action_parameters")
    overrides = parameters.part("overrides") if parameters is not None else None
    some = (*overrides.parts("rules"), *overrides.parts("categories")) if overrides is not None else ()
    return any(one.text("action") in ("log", "skip") or not one.flag("enabled", default=True) for one in some)


# --- before which host ---


def zones(config: Config, resource: Resource) -> list[Resource]:
    """The zone that a resource belongs to, where it is here and it is settled which of several it is."""
    found = [zone for zone in config.of(ZONE) if points_to(resource.part.fields.get("zone_id"), zone)]
    return found if len(found) == 1 else []


def zone_name(zone: Resource) -> str:
    """The domain of a zone, as version 4 and 5 of the provider write it."""
    named = [zone.part.fields.get(key) for key in ("zone", "name")]
    return next((name for name in named if isinstance(name, str) and name and not zone.doubt), "")


def is_proxied(config: Config, resource: Resource, hosts: tuple[str, ...]) -> bool:
    """Whether no record here leads a host past Cloudflare, where no rule sees its requests.

    Raises Unsaid where a record does: one that does not say `proxied` only answers for the name. A part of a zone may be a
    zone of its own, here or at the name servers that a record gives.
    """
    names = {id(zone): zone_name(zone).lower() for zone in zones(config, resource)}
    apart = [(name, zone) for zone in config.of(ZONE) if (name := zone_name(zone).lower())]
    apart += [(name, record) for record in config.of(*_RECORDS) if (name := _leads(config, record, names, ("NS",)))]
    for host in hosts:
        for name, other in apart:
            if f".{host}".endswith(f".{name}") and any(name.endswith(f".{whole}") for whole in names.values()):
                raise Unsaid(f"{host} lies in the zone {name}, which {resource.address} is not of", other.at)
        records = [(name, record) for record in config.of(*_RECORDS) if (name := _leads(config, record, names))]
        exact = [record for name, record in records if name == host]
        for record in exact or [record for name, record in records if host_fit(host, [name]) is not None]:
            proxied = record.part.fields.get("proxied")
            if proxied in (None, False, "false") and not record.doubt:
                place = record.part.place("proxied")
                raise Unsaid(f"{record.address} is not proxied, so requests to {host} never reach {resource.address}", place)
            if proxied not in (True, "true"):
                return False
    return True


def _leads(config: Config, record: Resource, names: dict[int, str], types: tuple[str, ...] = ("A", "AAAA", "CNAME")) -> str:
    """The whole name of a record that leads requests somewhere; empty for others."""
    written = record.part.fields.get("name")
    if record.part.fields.get("type") not in types or not isinstance(written, str):
        return ""
    zone = next((names[id(zone)] for zone in zones(config, record) if names.get(id(zone))), "")
    name = written.rstrip(".").lower()
    if not zone or name == zone or name.endswith(f".{zone}"):
        return name
    return zone if name == "@" else f"{name}.{zone}"
