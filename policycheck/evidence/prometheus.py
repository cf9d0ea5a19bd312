"""What Prometheus alerting rules say about a declared watch, and Alertmanager's configuration about who is told.

Read are rule files (`groups`) and PrometheusRule resources: an alert exists by its name, selects series and compares them,
and the comparison can be true and false (`_promql` decides that and says when it cannot). That an alert exists does not yet
tell anybody: with `options: {alertmanager: path}` (written as the entry's `path` is) the tree of routes must lead it to a
receiver that notifies. The sources are the documentation of rules, of Alertmanager's configuration and of its matchers.

The entry picks with `alert` (the alert's name) and, for a metric, `resource` (the name of a recording rule). For controls
that watch (`traffic_monitoring`, `log_monitoring`, `monitoring`), the detection section and metrics. Notes never tell the
numbers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from policycheck.evidence import _promql
from policycheck.evidence._foreign import (
    MOST,
    At,
    Files,
    Unsaid,
    containers,
    discovered,
    heard,
    is_template,
    listing,
    mapping,
    named,
    option,
    slug,
    spoken,
    text,
)
from policycheck.evidence._rates import duration
from policycheck.model import Account, Discovered, Reading

if TYPE_CHECKING:
    from policycheck.document import Document
    from policycheck.opener import Opener

KINDS_OF_SUBJECT: frozenset[str] = frozenset({"control", "detection", "metric"})
FILES: tuple[str, ...] = (
    "*alert*.y*ml", "*prometheus*.y*ml", "*rules/*.y*ml", "*.rules.y*ml", "*.rules", "*rules.y*ml",
)  # fmt: skip

_FAMILIES = ("traffic_monitoring", "log_monitoring", "monitoring")
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_PLAIN = re.compile(r"[A-Za-z0-9_ :/@-]*")
_MATCHER = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_.-]{0,200}|\"[^\"]{0,200}\")\s*(=~|!~|!=|=)\s*(.*)", re.DOTALL)
#: Words in the names of series that count requests, refusals or logins: what a watch of traffic is about.
_TRAFFIC = re.compile(
    r"request|http|traffic|log(?!ical)|block|limit|bot(?!tom)|scrap|lookup|nginx|ingress|waf|denied|rejected|crawl|visit|hits|429",
    re.IGNORECASE,
)
#: Names of series that say how long answers take, and not how many there are.
_HOW_LONG = re.compile(r"(?:duration|latency|seconds|milliseconds|_ms|response_time)(?:_bucket|_sum|_max)?\Z", re.IGNORECASE)
#: Receivers that nobody reads.
_NOBODY = re.compile(r"localhost|127\.[0-9]+\.[0-9]+\.[0-9]+|0\.0\.0\.0|\[::1\]|dev/?null|blackhole", re.IGNORECASE)
#: The deepest routes followed, and the most rules of one alert.
_DEEPEST, _NAMESAKES = 40, 20
#: The longest time in seconds after which an alert still detects anything: a week.
_WEEK = 7 * 86400


class Rule(NamedTuple):
    """One rule: its name, whether it alerts (or records), and where it stands."""

    name: str
    alerts: bool
    document: Document
    data: dict[str, Any]
    group: str
    #: How often its group is evaluated, as written; None when that is the server's own interval.
    interval: object = None
    #: Why Prometheus loads nothing of the file, which is then no matter of this rule; empty where nothing says so.
    refused: str = ""

    def at(self, key: str | None = None) -> At:
        """Where it, or one of its properties, stands."""
        return At(self.document, self.data, key or ("alert" if self.alerts else "record"))


class Told(NamedTuple):
    """Whether an alert reaches somebody: `yes`, `no`, `perhaps` or `unasked`; why; and where that stands."""

    answer: str
    why: str = ""
    at: At | None = None
    is_muted: bool = False


def account(opener: Opener, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    """What the rules at `path` (from the root) say about a declared control, the detection section or a metric."""
    return heard(opener, path, lambda files: _readings(files, path, options, subject))


def _readings(files: Files, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Iterator[Reading]:
    yield from _spoken(files, _rules(files.documents(path), path), path, options, subject)


def _spoken(
    files: Files, rules: Sequence[Rule], path: str, options: Mapping[str, object], subject: Mapping[str, object]
) -> Iterator[Reading]:
    is_control = "family" in subject or "params" in subject
    if not is_control and "id" in subject:
        yield from _of_metric(rules, path, options, subject)
        return
    family = text(subject.get("family"))
    if is_control and family not in ("", *_FAMILIES):
        raise Unsaid(f"prometheus evidence is read for controls of the families {', '.join(_FAMILIES)}, not {family}", path)
    wanted = option(options, "alert")
    fitting = _fitting(rules, wanted, path)
    if not fitting:
        yield from _missing(rules, wanted, path, is_control=is_control)
        return
    working = _working(fitting)
    told = _told(files, working or fitting, rules, path, options)
    if is_control:
        yield from _of_control(fitting, working, told, path, subject)
    else:
        yield from _of_detection(fitting, working, told, path, subject)


# --- files to rules ---


def _rules(documents: Sequence[Document], path: str) -> list[Rule]:
    found: list[Rule] = []
    has_groups = False
    for document in documents:
        before = len(found)
        data = document.data
        holder = mapping(data.get("spec")) if text(data.get("kind")) == "PrometheusRule" else data
        has_groups |= isinstance(holder.get("groups"), list)
        for group in listing(holder.get("groups")):
            for rule in listing(mapping(group).get("rules")):
                found += _rule(document, rule, mapping(group))
        if refused := _refused(listing(holder.get("groups")), found[before:]):
            found[before:] = [rule._replace(refused=refused) for rule in found[before:]]
    if not has_groups:
        raise Unsaid(f"{path} has no groups of rules: it is no file of Prometheus rules", path)
    return found


def _refused(groups: Sequence[object], rules: Sequence[Rule]) -> str:
    """Why Prometheus refuses a file, and loads no rule of it: a group twice, a rule without an expression or a wrong one."""
    names = Counter(text(mapping(group).get("name")) for group in groups)
    twice = next((name for name, count in names.items() if name and count > 1), "")
    if twice:
        return f"the group {twice} stands twice, so Prometheus refuses the file"
    for rule in rules:
        expression = rule.data.get("expr")
        why = _promql.refusal(expression) if isinstance(expression, str) and not is_template(expression) else ""
        if why or expression in (None, ""):
            return f"{rule.name} is no rule: {why or 'it has no expression'}, and so the whole file"
    return ""


def _rule(document: Document, data: object, group: Mapping[str, Any]) -> list[Rule]:
    rule = mapping(data)
    if is_template(rule.get("alert")) or is_template(rule.get("record")):
        raise At(document, rule, "alert").unsaid(
            "the name of a rule is still a template; render it first and name the result"
        )
    names = [(text(rule.get(key)), key == "alert") for key in ("alert", "record") if text(rule.get(key))]
    if len(names) > 1:
        raise At(document, rule, "alert").unsaid("a rule both alerts and records, which Prometheus refuses")
    return [Rule(name, alerts, document, rule, text(group.get("name")), group.get("interval")) for name, alerts in names]


def _fitting(rules: Sequence[Rule], wanted: str, path: str) -> list[Rule]:
    """The rules of the alert that is meant: several may bear its name, one a severity."""
    alerts = [rule for rule in rules if rule.alerts]
    names = list(dict.fromkeys(rule.name for rule in alerts))
    if not wanted and len(names) > 1:
        raise Unsaid(f"{path} has several alerts; name one with alert: {named(names)}", path)
    fitting = [rule for rule in alerts if not wanted or rule.name == wanted]
    if len(fitting) > _NAMESAKES:
        raise Unsaid(f"{path} has more than {_NAMESAKES} rules of one alert", path)
    return fitting


def _missing(rules: Sequence[Rule], wanted: str, path: str, *, is_control: bool) -> Iterator[Reading]:
    """No such alert. The file's first rule is where a reader starts to look."""
    there = named(rule.name for rule in rules if rule.alerts)
    recorded = next((rule for rule in rules if rule.name == wanted and not rule.alerts), None)
    said = f"no alert {wanted} is in {path}; it has: {there}".replace("alert  is", "alert is")
    if recorded is not None:
        said = f"{wanted} is a recording rule, which alerts nobody"
    if not is_control or not rules:
        raise Unsaid(said, path)
    at = (recorded or rules[0]).at()
    yield at.reading("status", "planned", said)


def _working(rules: Sequence[Rule]) -> list[Rule]:
    """Those of the rules that can fire, without doubt if there are any; none when none can.

    Raises Unsaid when that is not known of any.
    """
    found: list[Rule] = []
    undecided: Unsaid | None = None
    for rule in rules:
        try:
            found += [rule] if _verdict(rule).what == "fires" else []
        except Unsaid as unsaid:
            undecided = undecided or unsaid
    if not found and undecided is not None:
        raise undecided
    return [rule for rule in found if not _doubt(rule)] or found


def _verdict(rule: Rule) -> _promql.Verdict:
    expression = rule.data.get("expr")
    if is_template(expression):
        raise rule.at("expr").unsaid(
            f"the expression of {rule.name} is still a template; render it first and name the result"
        )
    if isinstance(expression, (int, float)) and not isinstance(expression, bool):
        return _promql.Verdict("constant", "its expression is a number, so it tells nothing about traffic")
    if not text(expression):
        raise rule.at().unsaid(f"{rule.name} has no expression")
    waits = rule.data.get("for")
    if waits not in (None, 0, "0") and duration(waits) is None:
        raise rule.at("for").unsaid(f"the duration that {rule.name} waits is not one such as 5m")
    try:
        verdict = _promql.verdict(text(expression))
    except _promql.Unread as error:
        raise rule.at("expr").unsaid(f"{rule.name}: {error}") from None
    if verdict.what == "absence":
        raise rule.at("expr").unsaid(f"{rule.name}: {verdict.why}, which says nothing about unusual traffic")
    labels = mapping(rule.data.get("labels"))
    set_by_rule = (f"{key}={value}" for key, value in labels.items() if _promql.is_elsewhere(str(key), "=", text(value)))
    elsewhere = verdict.elsewhere or next(set_by_rule, "")
    if elsewhere:
        raise rule.at("expr").unsaid(f"{rule.name} watches {elsewhere[:100]} only, which says nothing of what is in use")
    return verdict


def _doubt(rule: Rule) -> str:
    """Why an alert that can fire may not detect anything in practice; empty when nothing says so."""
    waits = [duration(value) or 0 for value in (rule.data.get("for"), rule.interval) if value]
    return _verdict(rule).doubt or rule.refused or ("it fires only after more than a week" if sum(waits) > _WEEK else "")


# --- readings ---


def _of_control(
    fitting: Sequence[Rule], working: Sequence[Rule], told: Told, path: str, subject: Mapping[str, object]
) -> Iterator[Reading]:
    rule = (working or fitting)[0]
    verdict = _verdict(rule)
    if not working:
        yield rule.at("expr").reading("status", "planned", f"the alert {rule.name} is there, but {verdict.why}")
        return
    if told.answer == "perhaps" and told.at is not None:
        raise told.at.unsaid(told.why)
    severity = text(mapping(rule.data.get("labels")).get("severity"))
    note = f"the alert {rule.name} on {named(verdict.metrics)}{f', severity {severity}' if severity else ''}; {told.why}"
    doubt = _doubt(rule)
    if told.answer == "no" and told.at is not None:
        yield told.at.reading("status", "observing", f"the alert {rule.name} can fire, but {told.why}")
    else:
        is_traffic = any(_TRAFFIC.search(metric) and not _HOW_LONG.search(metric) for metric in verdict.metrics)
        note += "" if is_traffic else "; whether these series are about traffic, their names do not say"
        note += f"; but {doubt}" if doubt else ""
        is_open = told.answer != "yes" or told.is_muted or not is_traffic or bool(doubt)
        yield rule.at().reading("status", "deployed", note, soft=is_open)
    reference = _reference(subject.get("params"), rule.name, path)
    if reference:
        yield rule.at().reading("params.alert_ref", reference, f"the alert {rule.name}", soft=bool(doubt))
    if verdict.per_day is not None and len(fitting) == 1:
        said = f"the expression of {rule.name} is an increase over one day"
        yield rule.at("expr").reading("params.trigger_per_day", verdict.per_day, said, soft=bool(doubt))


def _of_detection(
    fitting: Sequence[Rule], working: Sequence[Rule], told: Told, path: str, subject: Mapping[str, object]
) -> Iterator[Reading]:
    """Of the detection section: that its alerting rules are these, and that they watch always when somebody is told."""
    rule = (working or fitting)[0]
    if not working:
        raise rule.at("expr").unsaid(f"the alert {rule.name} is there, but {_verdict(rule).why}")
    if told.answer in ("no", "perhaps") and told.at is not None:
        raise told.at.unsaid(f"the alert {rule.name} is there, but {told.why}")
    reference = _reference(subject, rule.name, path)
    doubt = _doubt(rule)
    is_always = told.answer == "yes" and not told.is_muted and not doubt
    if reference:
        note = f"the alert {rule.name}; {told.why}{f'; but {doubt}' if doubt else ''}"
        yield rule.at().reading("alert_ref", reference, note, soft=told.answer != "yes" or told.is_muted or bool(doubt))
    if is_always:
        yield rule.at().reading(
            "watch", "round_the_clock", f"the alert {rule.name} is evaluated always; {told.why}", soft=True
        )
    if not reference and not is_always:
        raise rule.at().unsaid(f"alert_ref names neither {rule.name} nor {path}")


def _reference(holder: object, name: str, path: str) -> str:
    """What `alert_ref` is: the declared words when they name the alert or file, its name when there are none."""
    declared = text(mapping(holder).get("alert_ref"))
    tail = path.rpartition("/")[2]
    if not declared:
        return name
    return declared if name.lower() in declared.lower() or tail in declared else ""


def _of_metric(
    rules: Sequence[Rule], path: str, options: Mapping[str, object], subject: Mapping[str, object]
) -> Iterator[Reading]:
    """Of a metric: that a recording rule makes it, and over how many days it counts."""
    wanted = option(options, "resource")
    records = [rule for rule in rules if not rule.alerts and wanted in ("", rule.name)]
    if len(records) != 1:
        there = named(rule.name for rule in rules if not rule.alerts)
        raise Unsaid(f"name one recording rule of {path} with resource; it has: {there}", path)
    rule = records[0]
    if is_template(rule.data.get("expr")):
        raise rule.at("expr").unsaid("the expression is still a template; render it first and name the result")
    try:
        lengths = _promql.ranges(text(rule.data.get("expr")))
    except _promql.Unread as error:
        raise rule.at("expr").unsaid(f"{rule.name}: {error}") from None
    source = text(subject.get("source"))
    if not source or rule.name in source:
        yield rule.at().reading("source", source or rule.name, f"the recording rule {rule.name}", soft=True)
    days = {length / 86400 for length in lengths}
    if len(days) == 1 and min(days).denominator == 1 and min(days) >= 1:
        yield rule.at("expr").reading("window_days", int(min(days)), f"the range in {rule.name}")
    elif source and rule.name not in source:
        raise rule.at().unsaid(f"source does not name {rule.name}, and its expression does not look back over whole days")


# --- who is told ---


def _told(files: Files, rules: Sequence[Rule], everything: Sequence[Rule], path: str, options: Mapping[str, object]) -> Told:
    """Whether each way through the routes ends at somebody, for one of the rules at least."""
    other = files.beside(path, options, "alertmanager")
    if not other:
        return Told("unasked", "who is told is not read: name Alertmanager's configuration with options: {alertmanager: …}")
    documents = files.documents(other)
    trees = [document for document in documents if isinstance(document.data.get("route"), dict)]
    if len(trees) != 1:
        raise Unsaid(f"{other} has no route: it is no configuration of Alertmanager", other)
    constants = _constants(everything)
    answers = [_answer(trees[0], rule, constants) for rule in rules]
    return min(answers, key=lambda told: ("yes", "perhaps", "no").index(told.answer))


def _constants(rules: Sequence[Rule]) -> frozenset[str]:
    """The alerts that fire always: by the expression, or by the name that this has by custom."""
    found = {"Watchdog", "DeadMansSwitch"}
    for rule in rules:
        with suppress(_promql.Unread):
            found |= {rule.name} if rule.alerts and _promql.verdict(str(rule.data.get("expr"))).what == "constant" else set()
    return frozenset(found)


def _is_somebody(config: object) -> bool:
    """Whether a receiver's configuration leads to anybody but this machine or nobody."""
    if not isinstance(config, dict) or not config:
        return False
    keys = ("url", "api_url", "webhook_url", "to")
    written = [text(holder.get(key)) for holder in containers(config) for key in keys]
    return not any(_NOBODY.search(value) for value in written)


def _answer(document: Document, rule: Rule, constants: frozenset[str]) -> Told:
    root = document.data["route"]
    if any(root.get(key) for key in ("match", "match_re", "matchers")):
        raise At(document, root, None).unsaid("the top route of Alertmanager has matchers, which it refuses")
    labels = {key: text(value) for key, value in mapping(rule.data.get("labels")).items() if not is_template(value)}
    tree = _Tree(document, {**labels, "alertname": rule.name}, constants)
    outcomes = tree.outcomes(root, text(root.get("receiver")), 0)
    always = tree.always_inhibited()
    if always is not None:
        return Told("no", "an inhibit rule silences it while an alert fires that always does", always)
    if outcomes == {True}:
        at_times = _Tree(document, {**labels, "alertname": rule.name}, constants, counts_muted=False)
        is_muted = at_times.outcomes(root, text(root.get("receiver")), 0) != {True}
        return Told("yes", f"routed to {named(tree.reached)}{tree.silenced()}", is_muted=is_muted)
    at = tree.nobody or At(document, root, None)
    if outcomes == {False}:
        return Told("no", f"no receiver that notifies somebody is told: it is routed to {named(tree.reached)}", at)
    why = f"whether somebody is told depends on labels that the rule does not set: {named(sorted(tree.asked))}"
    return Told("perhaps", why, at)


class _Tree:
    """Walks Alertmanager's routes as it does: depth first, the first child that fits, further ones after `continue`.

    A matcher on a label that the rule does not set may fit or not: the series can bring it. Both ways are followed.
    """

    def __init__(
        self, document: Document, labels: Mapping[str, str], constants: frozenset[str], *, counts_muted: bool = True
    ) -> None:
        self._document = document
        self._constants = constants
        #: Whether a route that is muted at times tells somebody.
        self._counts_muted = counts_muted
        self._labels = labels
        receivers = [item for item in listing(document.data.get("receivers")) if isinstance(item, dict)]
        self._receivers = {text(item.get("name")): item for item in receivers}
        self.reached: list[str] = []
        self.asked: set[str] = set()
        self.nobody: At | None = None
        self.is_muted = False

    def outcomes(self, route: dict[str, Any], receiver: str, depth: int) -> set[bool]:
        """Whether somebody is told by an alert that has come to a route: every possible answer."""
        if depth > _DEEPEST:
            raise At(self._document, route, None).unsaid(f"routes are nested deeper than {_DEEPEST}")
        receiver = text(route.get("receiver")) or receiver
        # Each state is whether a child has fitted, and whether somebody was told.
        open_states: set[tuple[bool, bool]] = {(False, False)}
        done: set[bool] = set()
        for child in [item for item in listing(route.get("routes")) if isinstance(item, dict)]:
            fits = self._fits(child)
            if fits == {False}:
                continue
            below = self.outcomes(child, receiver, depth + 1)
            after = {(True, told or inner) for _, told in open_states for inner in below}
            kept = open_states if False in fits else set()
            if child.get("continue") is True:
                open_states = after | kept
            else:
                done |= {told for _, told in after}
                open_states = set(kept)
        own = self._notifies(receiver, route) if (False, False) in open_states else False
        return done | {told if fitted else own for fitted, told in open_states}

    def _notifies(self, receiver: str, route: dict[str, Any]) -> bool:
        """Whether a receiver has anything configured that notifies."""
        if receiver not in self._receivers:
            raise At(self._document, route, None).unsaid(
                f"the route's receiver {receiver or 'without a name'} is not defined"
            )
        is_never_heard = self._is_always_muted(route)
        self.reached.append(f"{receiver} (always muted)" if is_never_heard else receiver)
        muted = bool(route.get("mute_time_intervals") or route.get("active_time_intervals"))
        self.is_muted |= muted
        found = self._receivers[receiver]
        configs = [item for key, value in found.items() if str(key).endswith("_configs") for item in listing(value)]
        is_heard = not is_never_heard and (self._counts_muted or not muted)
        notifies = any(_is_somebody(item) for item in configs) and is_heard
        if not notifies and self.nobody is None:
            self.nobody = At(self._document, found, "name")
        return notifies

    def _is_always_muted(self, route: dict[str, Any]) -> bool:
        """Whether a route is muted in an interval that leaves no time out."""
        data = self._document.data
        intervals = [*listing(data.get("time_intervals")), *listing(data.get("mute_time_intervals"))]
        known = {text(mapping(item).get("name")): listing(mapping(item).get("time_intervals")) for item in intervals}
        for key in ("mute_time_intervals", "active_time_intervals"):
            for name in map(text, listing(route.get(key))):
                if name not in known:
                    raise At(self._document, route, key).unsaid(f"the time interval {name[:100]} is not defined")
        muted = [part for name in listing(route.get("mute_time_intervals")) for part in known[text(name)]]
        return any(_is_always(mapping(part)) for part in muted)

    def always_inhibited(self) -> At | None:
        """Where an inhibit rule silences the alert by one that fires always; Watchdog is the usual name of such."""
        for rule in [item for item in listing(self._document.data.get("inhibit_rules")) if isinstance(item, dict)]:
            target = {key.removeprefix("target_"): value for key, value in rule.items() if key.startswith("target_")}
            source = {key.removeprefix("source_"): value for key, value in rule.items() if key.startswith("source_")}
            names = [
                value for label, sign, value in _matchers(self._document, source) if (label, sign) == ("alertname", "=")
            ]
            is_always = any(name in self._constants for name in names) and not rule.get("equal")
            if is_always and self._fits(target) == {True}:
                return At(self._document, rule, None)
        return None

    def _fits(self, route: dict[str, Any]) -> set[bool]:
        """Whether all matchers of a route fit: yes, no, or both where that is not known."""
        answers = [self._fits_one(*matcher) for matcher in _matchers(self._document, route)]
        if False in answers:
            return {False}
        return {True, False} if None in answers else {True}

    def _fits_one(self, label: str, sign: str, value: str) -> bool | None:
        if label not in self._labels:
            self.asked.add(label)
            return None
        found = _same(self._labels[label], value) if "~" in sign else self._labels[label] == value
        return found if found is None or not sign.startswith("!") else not found

    def silenced(self) -> str:
        """Words for what can keep quiet an alert that is routed."""
        words = ["muted at times, which a person must look at"] if self.is_muted else []
        for rule in listing(self._document.data.get("inhibit_rules")):
            target = {
                key.removeprefix("target_"): value for key, value in mapping(rule).items() if key.startswith("target_")
            }
            if self._fits(target) == {True}:
                words.append("an inhibit rule can silence it")
        return "".join(f", {word}" for word in dict.fromkeys(words))


#: The parts of a time interval that come round, how many there are of each, and what they are called.
_CYCLES: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "weekdays": (7, ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")),
    "days_of_month": (31, ()),
    "months": (
        12, ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
             "december"),
    ),
}  # fmt: skip


def _is_always(interval: Mapping[str, Any]) -> bool:
    """Whether a time interval leaves no time out. What it says of years is not weighed."""
    times = [mapping(item) for item in listing(interval.get("times"))]
    is_whole = not times or any((one.get("start_time"), one.get("end_time")) == ("00:00", "24:00") for one in times)
    leaves_out = interval.get("years") or any(
        interval.get(key) and _turns(listing(interval.get(key)), *cycle) != set(range(1, cycle[0] + 1))
        for key, cycle in _CYCLES.items()
    )
    return is_whole and not leaves_out


def _turns(ranges: Sequence[object], count: int, names: Sequence[str]) -> set[int]:
    """The numbers that ranges such as `monday:friday`, `1:-1` or `12` hold; those that cannot be read hold none."""
    found: set[int] = set()
    for written in ranges:
        low, _, high = str(written).lower().replace(" ", "").partition(":")
        first, last = (_turn(word, count, names) for word in (low, high or low))
        if first and last:
            found.update(range(first, last + 1) if first <= last else (*range(first, count + 1), *range(1, last + 1)))
    return found


def _turn(word: str, count: int, names: Sequence[str]) -> int:
    if word in names:
        return names.index(word) + 1
    number = int(word) if re.fullmatch(r"-?[0-9]{1,2}", word) else 0
    number += count + 1 if number < 0 else 0
    return number if 0 < number <= count else 0


def _matchers(document: Document, route: dict[str, Any]) -> list[tuple[str, str, str]]:
    """All matchers of a route, in the old spelling and the new."""
    found = [(str(label), "=", _scalar(value)) for label, value in mapping(route.get("match")).items()]
    found += [(str(label), "=~", _scalar(value)) for label, value in mapping(route.get("match_re")).items()]
    written = route.get("matchers")
    for item in [written] if isinstance(written, str) else listing(written):
        if not isinstance(item, str) or len(item) > 2000:
            raise At(document, route, "matchers").unsaid('a matcher is no text such as severity="critical"')
        for part in _parts(item.strip().removeprefix("{").removesuffix("}")):
            match = _MATCHER.fullmatch(part)
            if match is None:
                raise At(document, route, "matchers").unsaid('a matcher is no text such as severity="critical"')
            found.append((match[1].strip('"'), match[2], _unquoted(match[3].strip())))
    return found


def _scalar(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _parts(written: str) -> list[str]:
    """Matchers between commas, but for commas in quotes."""
    found, current, is_quoted = [], "", False
    for index, char in enumerate(written):
        if char == '"' and (index == 0 or written[index - 1] != "\\"):
            is_quoted = not is_quoted
        if char == "," and not is_quoted:
            found.append(current)
            current = ""
        else:
            current += char
    return [part for part in (*found, current) if part.strip()]


def _unquoted(value: str) -> str:
    is_quoted = len(value) > 1 and value[0] == value[-1] == '"'
    return value[1:-1].replace('\\"', '"').replace("\\\\", "\\") if is_quoted else value


def _same(value: str, pattern: str) -> bool | None:
    """Whether an anchored pattern fits, for the patterns that need no engine: words, `a|b`, `a.*`; None for others.

    A pattern of a file is never run: it could take for ever.
    """
    pattern = pattern.removeprefix("^").removesuffix("$")
    if pattern.startswith("(") and pattern.endswith(")") and pattern.count("(") == 1:
        pattern = pattern.removeprefix("(").removeprefix("?:").removesuffix(")")
    answers = [_same_one(value, part) for part in pattern.split("|")[:200]]
    return True if True in answers else None if None in answers else False


def _same_one(value: str, pattern: str) -> bool | None:
    for ending, least in ((".*", 0), (".+", 1)):
        start = pattern.removesuffix(ending)
        if pattern.endswith(ending) and _PLAIN.fullmatch(start):
            return value.startswith(start) and len(value) - len(start) >= least
    return value == pattern if _PLAIN.fullmatch(pattern) else None


# --- discover ---


#: What alerts on scraping speak of, anywhere in a rule; and what they count, where they do so for each who asks.
_SCRAPING = re.compile(
    r"scrap|crawl|\bbots?\b|harvest|abus|bulk|enumerat|copied|copying|throttl|rate.?limit|refused|blocked|captcha|challenge"
    r"|suspicious|unusual|anomal|(?<!\d)4(?:29|03)(?!\d)|export|download",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"request|traffic|view|lookup|visit|search|login|sign|session|account|hits", re.IGNORECASE)
_WHO = re.compile(
    r"\b(?:client\w*|ip|addr\w*|remote_addr\w*|user|user_id|user_agent|account|account_id|key|api_key|consumer|actor|session"
    r"|asn|token|partner)\b",
    re.IGNORECASE,
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def discover(opener: Opener, path: str) -> tuple[Discovered, ...]:
    """The alerts of a file that can fire and seem to be about scraping, as controls that watch."""
    return discovered(opener, path, lambda files: _found(files, path))


def _found(files: Files, path: str) -> Iterator[Discovered]:
    rules = _rules(files.documents(path), path)
    for name in list(dict.fromkeys(rule.name for rule in rules if rule.alerts and _is_about_scraping(rule)))[:MOST]:
        entry = {"kind": "prometheus", "path": path, "alert": name}
        readings = spoken(partial(_spoken, files, rules, path, entry, {"family": "monitoring"}))
        status = next((reading for reading in readings if reading.path == ("status",)), None)
        if status is None or status.value != "deployed":
            continue
        params = {reading.path[1]: reading.value for reading in readings if reading.path[0] == "params"}
        item = {
            "id": slug("alert", _HUMP.sub("-", name)), "family": "monitoring", "layer": "technical", "status": "deployed",
            "params": params, "evidence": [entry],
        }  # fmt: skip
        yield Discovered("controls", item, status.file, status.line, f"the alert {name}", _QUESTIONS)


def _is_about_scraping(rule: Rule) -> bool:
    """Whether a rule seems to watch for copying: most alerts of a repository are about health and no control of this kind.

    A guess that only decides what is offered; an alert that is named in a manifest is read whatever it is about.
    """
    expression = text(rule.data.get("expr"))[:4000]
    words = [rule.group, _HUMP.sub(" ", rule.name), expression, *map(text, mapping(rule.data.get("annotations")).values())]
    said = " ".join(words)[:20_000].replace("_", " ")
    by = " ".join(_GROUPED.findall(expression))
    return bool(_SCRAPING.search(said)) or bool(_COUNTED.search(expression) and _WHO.search(by))


_GROUPED = re.compile(r"\bby ?\(([^()]{0,200})\)")
_QUESTIONS = (
    ("family", "Does it watch traffic, access logs or something else?"),
    ("owner", "Who inside the organisation answers for it?"),
    ("surfaces", "Which surfaces does it watch?"),
    ("params.baseline", "What counts as usual, and how was that found?"),
    ("last_reviewed_on", "When was it last reviewed?"),
)
