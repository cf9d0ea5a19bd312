"""What Terraform says about a declared control: firewall rules at the edge, and how long logs are kept.

Read are what `terraform show -json` writes of a plan or a state, and, with less certainty, folders of HCL. Nothing is
evaluated, no module outside of what is named is followed, no provider asked; what hangs on a variable, an expression or a
value known only after apply is unknown and said to be. An entry names `resource` (the address, such as
aws_wafv2_web_acl.edge) and, where that has several rules, `options: {rule: name}`; without, there has to be exactly one.

The providers' own rules are in `_aws_waf`, `_cloudflare`, `_cloud_armor` and `_azure_waf`, retention in
`_terraform_retention`. Notes and reasons name resources, rules and settings, never numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from policycheck.errors import ArtefactError
from policycheck.evidence import (
    _aws_waf,
    _azure_waf,
    _cloud_armor,
    _cloudflare,
    _terraform_hcl,
    _terraform_plan,
    _terraform_retention,
)
from policycheck.evidence._foreign import addresses_of, host_fit
from policycheck.evidence._terraform_config import RENDER, At, Config, Resource, Unsaid, base, handed_by, points_to
from policycheck.evidence._terraform_rules import RATE, Measure, Question, paths_of, readings
from policycheck.model import Account, Artefact, Discovered, Reading

if TYPE_CHECKING:
    from policycheck.opener import Opened, Opener

KINDS_OF_SUBJECT: frozenset[str] = frozenset({"control", "access", "source", "scraping"})
#: What is read holds at one address, so each surface of a control is asked for by itself.
BY_ADDRESS = True
FILES: tuple[str, ...] = ("*.tf", "*tfplan*.json", "*plan*.json", "*tfstate*.json", "*terraform*.json")

#: Bytes of a plan or state.
PLAN_CAP = 16 * 1024 * 1024

_PROVIDERS: tuple[Any, ...] = (_aws_waf, _cloudflare, _cloud_armor, _azure_waf)
#: What a web ACL of AWS stands before with names of its own.
_DISTRIBUTION = "aws_cloudfront_distribution"
_TYPES = frozenset().union(*(provider.TYPES for provider in _PROVIDERS), _terraform_retention.TYPES)
_PROVIDER_OF = {kind: provider for provider in _PROVIDERS for kind in provider.HOLDERS}
#: Providers whose resources may get rules from elsewhere.
_OPEN_ENDED: tuple[Any, ...] = (_aws_waf, _cloud_armor)
_FAMILIES = RATE | {"bot_detection", "challenge", "ip_block", "waf"}
#: Controls whose logs are all that a configuration shows of them.
_WATCHING = frozenset({"log_monitoring", "traffic_monitoring", "monitoring"})
#: A word that no plan or state lacks.
_FORMAT = b'"format_version"'
#: What a file spells out that holds a control of a provider.
_NAMES = tuple(kind.encode() for kind in _PROVIDER_OF)
_SLUG = re.compile(r"[^a-z0-9]+")


class _Seen:
    """The opener of one account: the same reads, and what they opened."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self.artefacts: dict[str, Artefact] = {}

    def read(self, path: str, *, cap: int) -> Opened:
        opened = self._opener.read(path, cap=cap)
        self.artefacts[opened.path] = Artefact(opened.path, opened.size, opened.sha256)
        return opened

    def matching(self, pattern: str) -> tuple[str, ...]:
        return self._opener.matching(pattern)

    @property
    def all(self) -> tuple[Artefact, ...]:
        """Every file opened so far, by path."""
        return tuple(self.artefacts[path] for path in sorted(self.artefacts))


def account(opener: Opener, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    """What the plan, state or folder of HCL at `path` (from the root) says about `subject`.

    `options` are the evidence entry's: `resource`, and `options.rule`. Never raises for what an artefact holds; the account
    then says why it is unreadable.
    """
    seen = _Seen(opener)
    try:
        said = _said(_config(seen, path), options, subject)
    except ArtefactError as error:
        reason = f"{path} {error}" if str(error).startswith(_CHILD) else str(error)
        is_folder = reason.endswith(_NO_FILE) and "." not in path.rpartition("/")[2]
        hint = "; of a folder name one .tf file, and all of them are read" if is_folder else ""
        return Account((), seen.all, f"{reason}{hint}", unreadable_at=(path, 0))
    except Unsaid as unsaid:
        at = unsaid.at or At(path, 0)
        reason = _whole(str(unsaid))
        return Account(
            (), seen.all, f"{path} {reason}" if reason.startswith(_VERBS) else reason, unreadable_at=(at.file, at.line)
        )
    return Account(tuple(_sound(reading) for reading in said), seen.all)


def _sound(reading: Reading) -> Reading:
    """A reading whose texts can be written: JSON may hold halves of characters."""
    value = reading.value
    texts = [_whole(each) for each in value] if isinstance(value, list) else value
    return reading._replace(note=_whole(reading.note), value=texts)


def _whole(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


#: How reasons start that go on from the file's name.
_VERBS = ("is ", "has ", "holds ")
_NO_FILE = "is not a regular file"
_CHILD = ("could not", "took longer", "is not read", "cannot be read")


def _config(seen: Any, path: str) -> Config:
    """The configuration at a path: HCL by the name of the file, else a plan or state."""
    if path.endswith(".tf"):
        return _terraform_hcl.read(seen, path, _TYPES)
    data = seen.read(path, cap=PLAN_CAP).data
    if path.endswith(".tf.json"):
        raise Unsaid("is HCL written as JSON, which is not read; render a plan: terraform show -json", At(path, 0))
    if not data.strip():
        raise Unsaid("is empty", At(path, 0))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unsaid("is not UTF-8 (a plan in binary? name what terraform show -json writes)", At(path, 0)) from None
    return _terraform_plan.read(text, path, _TYPES)


# --- one subject ---


def _said(config: Config, options: Mapping[str, object], subject: Mapping[str, Any]) -> list[Reading]:
    wanted, rule = _text(options.get("resource")), _option(options, "rule")
    destroyed = _destroyed(config, wanted)
    if destroyed is not None:
        return _gone(wanted, destroyed, subject)
    named = _named(config, wanted)
    if _is_retention(subject, named):
        return _retention(config, named, rule, options, subject)
    family = _text(subject.get("family"))
    if family not in _FAMILIES:
        known = ", ".join(sorted(_FAMILIES))
        raise Unsaid(
            f"terraform evidence is read for controls of the families {known}, and for retention, not for {family or 'this'}"
        )
    hosts = tuple(dict.fromkeys(address.host for address in addresses_of(options) if address.host))
    question = Question(config, family, paths_of(options.get("urls")), rule, hosts)
    measure = _only(_candidates(question, named, wanted), question, named, wanted)
    if measure is None:
        note = f"{named[0].address} has no rule that is {_article(family)}"
        return [Reading(("status",), "planned", named[0].at.file, named[0].at.line, named[0].at.column, note)]
    if measure.resource.doubt:
        raise Unsaid(f"{measure.resource.address} {measure.resource.doubt}", measure.resource.at)
    found = readings(measure.read(question), subject)
    if not found:
        raise Unsaid(
            f"{measure.label} may leave out requests of the control's surfaces; that is not decided here", measure.at
        )
    if wanted and _is_tied(config, measure, hosts):
        return found
    return [each._replace(soft=True, note="; ".join(filter(None, (each.note, _UNTIED)))) for each in found]


# --- before which host ---

_UNTIED = "that it stands before the host of the surfaces is not shown here, so a person has to say"


def _is_tied(config: Config, measure: Measure, wanted: tuple[str, ...]) -> bool:
    """Whether the configuration puts a rule before the hosts of all surfaces of the control.

    Hosts are read of CloudFront distributions (`aliases`) and zones of Cloudflare, where their names are settled; of other
    things before which a firewall stands they are not. Raises Unsaid where all that are known are others, and where a host's
    requests pass Cloudflare by.
    """
    names, is_all = _hosts(config, measure.resource)
    fits = [host_fit(host, names) is not None for host in wanted] if names else []
    if fits and is_all and not any(fits):
        there = f"{measure.label} stands before {', '.join(names)[:200]}"
        raise Unsaid(f"{there}, and not before {', '.join(sorted(wanted))[:200]}", measure.at)
    if not (fits and all(fits)):
        return False
    if measure.resource.type in _cloudflare.HOLDERS:
        return _cloudflare.is_proxied(config, measure.resource, wanted)
    _refuse_closer(config, measure, wanted, names)
    return True


def _refuse_closer(config: Config, measure: Measure, hosts: tuple[str, ...], names: list[str]) -> None:
    """CloudFront sends a request to the distribution that names its host most closely, whatever stands before others."""

    def closeness(host: str, name: str) -> tuple[int, int]:
        fit = host_fit(host, [name])
        return (-1, 0) if fit is None else (fit, len(name))

    others = [each for each in config.of(_DISTRIBUTION) if not _attaches_to(each, measure.resource)]
    for other in others:
        for host in hosts if not _aws_waf.is_off(other) else ():
            if any(closeness(host, alias) > max(closeness(host, name) for name in names) for alias in _aliases(other)):
                why = f"{other.address} takes the requests to {host} by a closer name"
                raise Unsaid(f"{why}, and not behind {measure.resource.address}", other.part.place("aliases"))


def _aliases(distribution: Resource) -> list[str]:
    aliases = distribution.part.fields.get("aliases")
    return [alias for alias in aliases if isinstance(alias, str)] if isinstance(aliases, tuple) else []


def _hosts(config: Config, target: Resource) -> tuple[list[str], bool]:
    """The hosts before which a resource stands, in patterns, and whether these are all."""
    found: list[str] = []
    if target.type.startswith("cloudflare_"):
        for zone in _cloudflare.zones(config, target):
            name, paused = _cloudflare.zone_name(zone), zone.part.fields.get("paused")
            if paused in (True, "true"):
                raise Unsaid(f"{zone.address} is paused, so {target.address} sees no request", zone.part.place("paused"))
            found += [name, f"*.{name}"] if name and paused in (None, False, "false") else []
        return found, True
    attachers = [each for each in config.of(*_aws_waf.ATTACHERS) if _attaches_to(each, target)]
    attachers = [each for each in attachers if not _aws_waf.is_off(each)] or attachers
    for each in attachers:
        found += _aliases(each) if each.type == _DISTRIBUTION and not each.doubt else []
    is_all = all(each.type == _DISTRIBUTION and _is_settled(each.part.fields.get("aliases")) for each in attachers)
    return found, is_all and bool(attachers) and not config.gap and not handed_by(config, target)


def _is_settled(aliases: object) -> bool:
    return isinstance(aliases, tuple) and all(isinstance(alias, str) for alias in aliases)


def _attaches_to(attacher: Resource, target: Resource) -> bool:
    names = _aws_waf.ATTACHERS[attacher.type]
    return any(points_to(value, target) for name in names for value in attacher.part.values(name))


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _option(options: Mapping[str, object], name: str) -> str:
    inner = options.get("options")
    return _text(inner.get(name)) if isinstance(inner, Mapping) else ""


def _article(family: str) -> str:
    return f"an {family}" if family[0] in "aeiou" else f"a {family}"


def _destroyed(config: Config, wanted: str) -> At | None:
    """Where a plan destroys a resource that is named; none while another instance of it stays."""
    if not wanted or any(wanted in (each.address, base(each.address)) for each in config.resources):
        return None
    return next((at for address, at in config.destroyed.items() if wanted in (address, base(address))), None)


def _gone(wanted: str, at: At, subject: Mapping[str, Any]) -> list[Reading]:
    if not _text(subject.get("family")):
        raise Unsaid(f"the plan destroys {wanted}", at)
    return [Reading(("status",), "planned", at.file, at.line, at.column, f"the plan destroys {wanted}")]


def _named(config: Config, wanted: str) -> list[Resource]:
    """The resource that the entry names; every one that could be meant where it names none."""
    holders = [each for each in config.resources if each.type in _PROVIDER_OF or each.type in _terraform_retention.HOLDERS]
    if not wanted:
        return holders
    exact = [each for each in holders if each.address == wanted]
    found = exact or [each for each in holders if base(each.address) == wanted]
    if not found:
        there = _list("there are", (each.address for each in holders))
        raise Unsaid(f"resource {wanted[:120]} is not here{_why_not(config, wanted)}; {there}", config.at)
    if len(found) > 1:
        raise Unsaid(
            f"{wanted} stands for several; {_list('name one with resource', (each.address for each in found))}", found[1].at
        )
    return found


def _why_not(config: Config, wanted: str) -> str:
    """Why something is not here, where that is known: its type is not read, or a module is not."""
    kind = wanted.partition(".")[0]
    if kind not in ("", "module", *_PROVIDER_OF, *_terraform_retention.HOLDERS):
        return f" ({kind[:60]} is no type that is read)"
    return f" ({config.gap}; {RENDER})" if config.gap else ""


def _list(words: str, names: Any) -> str:
    return f"{words}: {', '.join(dict.fromkeys(names))[:400] or 'none'}"


def _candidates(question: Question, named: list[Resource], wanted: str) -> list[Measure]:
    """The rules of the named resources that could be the control. What is open in any leaves open which is meant."""
    found: list[Measure] = []
    for resource in named:
        provider = _PROVIDER_OF.get(resource.type)
        if provider is not None:
            found += [each for each in provider.measures(question.config, resource) if question.family in each.families]
    return found


def _only(found: list[Measure], question: Question, named: list[Resource], wanted: str) -> Measure | None:
    """The one candidate; None when a named resource certainly has none."""
    chosen = [each for each in found if not question.rule or not each.name or each.name == question.rule]
    if len(chosen) == 1:
        return chosen[0]
    labels = [each.label for each in chosen or found]
    if chosen:
        hint = "name one with resource, and with options rule where it has several"
        raise Unsaid(f"several rules could be meant; {_list(hint, labels)}", chosen[1].at)
    if found:
        raise Unsaid(f"no rule {question.rule[:120]} is here; {_list('there are', labels)}", found[0].at)
    if not wanted or question.rule:
        what = _list("its resources are", (each.address for each in named))
        raise Unsaid(
            f"no rule here is {_article(question.family)}{_why_not(question.config, '')}; {what}", question.config.at
        )
    provider = _PROVIDER_OF.get(named[0].type)
    _refuse_unread(question, named[0])
    if provider in _OPEN_ENDED:
        _PROVIDER_OF[named[0].type].refuse_more(question.config, named[0])
    if named[0].doubt:
        raise Unsaid(f"{named[0].address} {named[0].doubt}", named[0].at)
    return None


def _refuse_unread(question: Question, resource: Resource) -> None:
    """Whom a rule refuses by a header, a country or an expression may be bots or addresses: that none does is open.

    So it is with what a provider's own set of rules does, which only the provider knows.
    """
    provider = _PROVIDER_OF.get(resource.type)
    if provider is None:
        return
    for rule in provider.unread(resource, question.family):
        name = rule.called("name" if rule.fields.get("name") else "description")
        why = f"its rule {name} refuses requests by something else that is not read here"
        raise Unsaid(f"{resource.address} has no rule that is {_article(question.family)}, but {why}", rule.at)


# --- retention ---


def _is_retention(subject: Mapping[str, Any], named: list[Resource]) -> bool:
    """Whether it is asked how long something is kept: by what is named, or by a subject that no rule can be."""
    family = _text(subject.get("family"))
    types = {each.type for each in named}
    return not family or family in _WATCHING or (len(named) == 1 and types <= _terraform_retention.HOLDERS)


def _retention(
    config: Config, named: list[Resource], rule: str, options: Mapping[str, object], subject: Mapping[str, Any]
) -> list[Reading]:
    holders = [each for each in named if each.type in _terraform_retention.HOLDERS]
    if len(holders) != 1:
        hint = "name one with resource" if holders else "nothing here says how long anything is kept"
        raise Unsaid(
            _list(f"{hint}; there are", (each.address for each in holders)), holders[1].at if holders else config.at
        )
    resource = holders[0]
    if resource.doubt:
        raise Unsaid(f"{resource.address} {resource.doubt}", resource.at)
    kept = _terraform_retention.kept(resource, config, rule)
    path = _terraform_retention.path_in(subject, options.get("manifest"))
    if kept.days == _terraform_retention.FOREVER and not _terraform_retention.is_declared(subject, path):
        raise Unsaid(f"{kept.note}, and {'.'.join(path)} declares nothing to hold against it", kept.at)
    return [Reading(path, kept.days, kept.at.file, kept.at.line, kept.at.column, kept.note, kept.soft)]


# --- discovery ---


def discover(opener: Opener, path: str) -> tuple[Discovered, ...]:
    """The controls that a plan or state could back, or, of a folder of HCL, the resources in this file."""
    seen = _Seen(opener)
    try:
        data = seen.read(path, cap=PLAN_CAP).data
    except ArtefactError:
        return ()
    # What names no resource that is read proposes nothing, and starting the parser for its folder takes seconds.
    if not any(name in data for name in _NAMES) or not (path.endswith(".tf") or _FORMAT in data[:4096]):
        return ()
    try:
        config = _config(seen, path)
    except ArtefactError as error:
        return (Discovered("", {}, path, 0, str(error)),)
    except Unsaid as unsaid:
        at = unsaid.at or At(path, 0)
        return (Discovered("", {}, path, at.line if at.file == path else 0, _whole(str(unsaid))),)
    return tuple(_discovered(config, path))


def _discovered(config: Config, path: str) -> Iterator[Discovered]:
    ids: set[str] = set()
    for resource in config.resources:
        provider = _PROVIDER_OF.get(resource.type)
        # Of a folder each file speaks of its own resources, so that nothing is told twice.
        if provider is None or resource.at.file != path or resource.doubt:
            continue
        try:
            measures = list(provider.measures(config, resource))
        except Unsaid:
            continue
        found = [one for measure in measures if (one := _proposed(config, path, measure, ids)) is not None]
        yield from (one for one in found if not _is_told(one, found))


def _is_told(thing: Discovered, found: list[Discovered]) -> bool:
    """Whether it is a filter all of whose groups recognise bots, and are proposed one by one."""
    params = thing.item.get("params")
    sets = params.get("rule_sets") if isinstance(params, dict) and thing.item.get("family") == "waf" else None
    bots = sum(other.item.get("family") == "bot_detection" for other in found)
    return isinstance(sets, list) and 0 < len(sets) <= bots


def _proposed(config: Config, path: str, measure: Measure, ids: set[str]) -> Discovered | None:
    """A control as its rule shows it; nothing where the rule leaves it open."""
    family = next(family for family in (*_PREFERRED, *sorted(measure.families)) if family in measure.families)
    entry: dict[str, Any] = {"kind": "terraform", "path": path, "resource": measure.resource.address}
    # What has no name of its own is called by its line, which the next edit moves.
    name = "" if measure.name == f"at line {measure.at.line}" else measure.name
    if name:
        entry["options"] = {"rule": name}
    if _whole(measure.label) != measure.label:
        return None
    try:
        found = _said(config, entry, {"family": family})
    except Unsaid as unsaid:
        at = unsaid.at or measure.at
        return Discovered("", {}, at.file, at.line, f"{measure.label} is not proposed: {_whole(str(unsaid))}")
    item: dict[str, Any] = {"id": _id(measure, name, ids, family), "family": family, "layer": "technical"}
    for reading in found:
        holder = item if len(reading.path) == 1 else item.setdefault(reading.path[0], {})
        holder[reading.path[-1]] = reading.value
    item["evidence"] = [entry]
    return Discovered("controls", item, measure.at.file, measure.at.line, measure.label, _QUESTIONS)


_PREFERRED = ("rate_limit", "bot_detection", "ip_block", "challenge", "waf")
_QUESTIONS = (
    ("surfaces", "Which surfaces does it protect?"),
    ("owner", "Who inside the organisation answers for it?"),
    ("last_reviewed_on", "When was it last reviewed?"),
    ("review_interval_days", "Within how many days is it reviewed again?"),
)


def _id(measure: Measure, name: str, ids: set[str], family: str) -> str:
    """A slug of the rule's name, else of the family and the resource's, told apart by a number."""
    words = name or f"{family} {measure.resource.address.rsplit('.', 1)[-1]}"
    slug = _SLUG.sub("-", words.lower()).strip("-")[:56].strip("-") or "control"
    found, number = slug, 2
    while found in ids:
        found, number = f"{slug}-{number}", number + 1
    ids.add(found)
    return found
