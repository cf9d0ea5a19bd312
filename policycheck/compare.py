"""Two reports held against each other, by finding id: what opened, what closed, what became worse or better.

A finding is *open* when it is a gap or unknown. Of a finding in either report:

* **opened**: open now, and before it was not open, or not there.
* **newly accepted**: open now under an exception, and before it was not open, or open without one.
* **worse**: open in both, and now a gap that was unknown, contradicted where it was not, or of a higher severity; or met in
  both with less behind it (verified, then supported, then declared).
* **expired**: open in both, no worse, and an exception that accepted it does so no more.
* **better**: the opposite of worse, where nothing is worse.
* **closed**: open before, and now neither open nor, the subject being gone, there.
* **unchanged**: open in both, and none of the above.

Three things are never mixed with these. When the criteria differ (other pack digests, or another choice of documents), what
is open in rules that only the new report judged is a **new rule**, what was open in rules that only the old one judged is a
**rule gone**. What was open in a manifest that the new report does not judge, or whose judgement is incomplete, is **not
judged**: nothing was closed there; nor where the new run read no evidence, and an artefact had shown it. A new manifest
has opened all that is open in it.

A rule that has another name since (`formerly` in a report) is one rule in both, and so are its findings.

A comparison *regressed* when something opened or worse blocks, as the new report was asked (`--fail-on`, `--allow-unknown`);
info and accepted gaps never do.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from policycheck.errors import BUG, INCOMPLETE, INVALID, NOTHING, InvalidInput
from policycheck.judge import finding_id
from policycheck.model import Assurance, Outcome, Problem, Severity, Subject
from policycheck.report import FORMAT, Record

DIFF_FORMAT = "policycheck-diff/1"
#: What a finding can have become, in the order in which it is shown.
KINDS = (
    "opened", "worse", "new_rule", "expired", "newly_accepted", "better", "closed", "rule_gone", "not_judged", "unchanged",
)  # fmt: skip
_OPEN = {"unknown": 1, "gap": 2}
_SEVERITY = {severity.value: severity.rank for severity in Severity}
_BEHIND = {"contradicted": 0, "declared": 1, "supported": 2, "verified": 3}
_WORDS = {
    "outcome": frozenset(o.value for o in Outcome),
    "assurance": frozenset(a.value for a in Assurance),
    "severity": frozenset(_SEVERITY),
}


class Change(NamedTuple):
    """One finding in two reports, as their records; None where a report has none of that id."""

    organization: str
    was: Record | None
    now: Record | None

    @property
    def latest(self) -> Record:
        """The finding as it is now, or as it was when it is gone."""
        found = self.now if self.now is not None else self.was
        assert found is not None
        return found

    @property
    def blocks(self) -> bool:
        """Whether the new report says that it blocks."""
        return bool(self.now and self.now.get("blocks"))


class Comparison(NamedTuple):
    """The changes by kind (every one of KINDS is there), and what to know about the two reports before trusting them."""

    changes: Mapping[str, tuple[Change, ...]]
    notes: tuple[str, ...]
    old_as_of: str
    new_as_of: str
    #: The new report's own exit code where that says that it is not whole (3, 5, 70), else 4 where nothing of a manifest
    #: was judged, else 0.
    incomplete: int = 0

    def regressed(self, new_rules: bool = False) -> bool:
        """Whether something opened or worse blocks; with `new_rules` also what new rules found."""
        kinds = ("opened", "worse", "new_rule") if new_rules else ("opened", "worse")
        return any(change.blocks for kind in kinds for change in self.changes[kind])


def report_of(data: Any, name: str) -> Record:
    """`data` as a report that can be compared. Raises InvalidInput, in one line, for anything else."""
    wrong = _wrong(data)
    if wrong:
        message = f"is no {FORMAT} document: {wrong}; `policycheck check --format json` writes one"
        raise InvalidInput([Problem(name, 0, 0, message)])
    report: Record = data
    return report


def _wrong(data: Any) -> str:
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        return "its format is another"
    if not isinstance(data.get("results"), list) or not isinstance(data.get("criteria"), dict):
        return "it has no results and criteria"
    seen: set[str] = set()
    for result in data["results"]:
        name = _organization(result) if isinstance(result, dict) else ""
        if not name or name in seen:
            return f"organization {name} is there twice" if name else "a result has no organization"
        seen.add(name)
        findings = result.get("findings")
        if not isinstance(findings, list) or not all(map(_is_finding, findings)):
            return f"a finding of {name} is not as policycheck writes it"
        if len({finding["id"] for finding in findings}) != len(findings):
            return f"a finding of {name} is there twice"
    return ""


def _organization(result: Record) -> str:
    organization = result.get("organization")
    name = organization.get("id") if isinstance(organization, dict) else None
    return name if isinstance(name, str) else ""


def _is_finding(finding: Any) -> bool:
    return (
        isinstance(finding, dict)
        and all(isinstance(finding.get(key), str) for key in ("id", "rule", "title", *_WORDS))
        and all(finding[key] in words for key, words in _WORDS.items())
        and isinstance(finding.get("subject"), dict)
        and isinstance(finding.get("location"), dict | None)
        and isinstance(finding.get("expectations"), list)
    )


def organizations(report: Record) -> frozenset[str]:
    """The ids of the organizations that a report judges."""
    return frozenset(map(_organization, report["results"]))


def compare(old: Record, new: Record) -> Comparison:
    """Hold two reports (as `report_of` gives them) against each other. Manifests are matched by organization id."""
    old, new = under_one_name((old, new))
    changes: dict[str, list[Change]] = {kind: [] for kind in KINDS}
    before = {_organization(result): result for result in old["results"]}
    after = {_organization(result): result for result in new["results"]}
    rules, is_seen = Rules(old, new), _option(new, "evidence") is not False
    for name in [*after, *(name for name in before if name not in after)]:
        for change in paired(name, before.get(name), after.get(name)):
            kind = kind_of(change, rules, is_judged=name in after and not after[name].get("failures"))
            if kind == "closed" and not is_seen and _rests_on_artefacts(change.was):
                kind = "not_judged"
            if kind:
                changes[kind].append(change)
    code = new.get("exit_code")
    return Comparison(
        changes={kind: tuple(sorted(found, key=order_of)) for kind, found in changes.items()},
        notes=tuple(_notes(old, new)),
        old_as_of=str(old.get("as_of", "")),
        new_as_of=str(new.get("as_of", "")),
        incomplete=code if code in (INVALID, INCOMPLETE, BUG) else NOTHING if list(_idle(new)) else 0,
    )


def _idle(report: Record) -> Iterator[str]:
    """The organizations of which nothing was judged: no must or should expectation applied to their manifests."""
    for result in report["results"]:
        scope = result.get("scope")
        if isinstance(scope, dict) and scope.get("applicable") == 0:
            yield _organization(result)


def under_one_name(reports: Sequence[Record]) -> list[Record]:
    """Reports, the earliest first, in which a renamed rule and its findings go by its last name throughout."""
    names = _renamed(reports)
    return [_under(names, report) for report in reports] if names else list(reports)


def _renamed(reports: Sequence[Record]) -> dict[str, str]:
    """The last name of each rule that is found under another, by the one that it had."""
    names: dict[str, str] = {}
    for report in reports:
        for today, former in sorted(_formerly(report).items()):
            for name in former:
                names = {was: today if now == name else now for was, now in names.items()} | {name: today}
    found = [_judged(report) for report in reports]
    # A name that stands beside its successor was taken again, by another rule.
    together = {was for was, now in names.items() for each in found if {was, now} <= each}
    return {was: now for was, now in names.items() if was not in together and any(was in each for each in found)}


def _formerly(report: Record) -> dict[str, list[str]]:
    """The former names of rules that a report tells, by rule."""
    listed = report.get("rules")
    told = {n: r.get("formerly") for n, r in listed.items() if isinstance(r, dict)} if isinstance(listed, dict) else {}
    return {n: [f for f in former if isinstance(f, str)] for n, former in told.items() if isinstance(former, list)}


def _under(names: Mapping[str, str], report: Record) -> Record:
    listed = report.get("rules")
    rules = {"rules": {names.get(n, n): r for n, r in listed.items()}} if isinstance(listed, dict) else {}
    return {**report, **rules, "results": [_result_under(names, result) for result in report["results"]]}


def _result_under(names: Mapping[str, str], result: Record) -> Record:
    """A result with findings under other names. Where rules became one, a second finding of one subject stays as it is."""
    found = {finding["id"]: finding for finding in result["findings"]}
    for key, finding in list(found.items()):
        now = _finding_under(names, finding, _organization(result))
        if now["id"] not in found:
            found[now["id"]] = now
            del found[key]
    return {**result, "findings": list(found.values())}


def _finding_under(names: Mapping[str, str], finding: Record, organization: str) -> Record:
    if finding["rule"] not in names:
        return finding
    rule, subject = names[finding["rule"]], finding["subject"]
    # A report that nothing was held against yet may hold text that is no Unicode.
    of, kind, identity = (_text(text) for text in (organization, subject.get("kind"), subject.get("id")))
    return {**finding, "id": finding_id(of, rule, Subject(kind, identity, "")), "rule": rule}


def _text(value: Any) -> str:
    return str(value).encode("utf-8", "replace").decode()


def names_given(old: Record, new: Record) -> Iterator[str]:
    """What to know of rules that have another name in the later of two reports, which are `under_one_name`."""
    told, known = _formerly(old), _judged(old)
    for today, former in sorted(_formerly(new).items()):
        given = [name for name in former if today in known and name not in told.get(today, ())]
        yield from (f"the rule {name} is called {today} now" for name in given)


class Rules:
    """Which rules each report judged.

    They are told apart only when the criteria differ: a rule that is missing under the same criteria has failed, and what
    it finds later is not excused by being new.
    """

    def __init__(self, old: Record, new: Record) -> None:
        self.differ = criteria_differ(old, new)
        self.old, self.new = (_judged(report) for report in (old, new))
        self._are_listed = all(isinstance(report.get("rules"), dict) for report in (old, new))

    def is_new(self, finding: Record) -> bool:
        """Whether only the new report's criteria have the finding's rule."""
        return self.differ and self._is_told(finding) and finding["rule"] not in self.old

    def is_gone(self, finding: Record) -> bool:
        """Whether only the old report's criteria have the finding's rule."""
        return self.differ and self._is_told(finding) and finding["rule"] not in self.new

    def _is_told(self, finding: Record) -> bool:
        """Whether the absence of its rule means anything: a check of the declaration itself is seen only where it speaks."""
        return self._are_listed or bool(finding["expectations"])


def _judged(report: Record) -> frozenset[str]:
    """The rules that a report lists, also those that found nothing to judge, and those of its findings."""
    listed = report.get("rules")
    found = {finding["rule"] for result in report["results"] for finding in result["findings"]}
    return frozenset(found | set(listed if isinstance(listed, dict) else ()))


def criteria_differ(old: Record, new: Record) -> bool:
    """Whether the reports were held against different packs, or different documents of them."""
    return digests(old) != digests(new) or _option(old, "criteria") != _option(new, "criteria")


def digests(report: Record) -> dict[str, str]:
    """The digest of each pack that a report was held against, by the pack's id."""
    found = report["criteria"].get("packs")
    packs = [p for p in found if isinstance(p, dict)] if isinstance(found, list) else []
    return {str(pack.get("id")): str(pack.get("digest")) for pack in packs}


def _option(report: Record, name: str) -> Any:
    options = report.get("options")
    return options.get(name) if isinstance(options, dict) else None


def _rests_on_artefacts(was: Record | None) -> bool:
    """Whether only a run that reads artefacts can tell that an open finding is closed."""
    return was is not None and (was["assurance"] != "declared" or not was["expectations"])


def paired(name: str, old: Record | None, new: Record | None) -> Iterator[Change]:
    """Every finding of an organization's two results, with the one of the same id in the other."""
    was = {finding["id"]: finding for finding in old["findings"]} if old else {}
    now = {finding["id"]: finding for finding in new["findings"]} if new else {}
    for key, finding in now.items():
        yield Change(name, was.get(key), finding)
    for key, finding in was.items():
        if key not in now:
            yield Change(name, finding, None)


def kind_of(change: Change, rules: Rules, is_judged: bool) -> str:
    """What a finding became, one of KINDS; empty when there is nothing to say of it."""
    was, now = change.was, change.now
    if now is None:
        return _kind_of_gone(change, rules, is_judged)
    if was is None and is_open(now) and rules.is_new(now) and not is_accepted(now):
        return "new_rule"
    if not is_open(now):
        return "closed" if is_open(was) else _kind_of_met(was, now)
    if is_accepted(now) and not (is_open(was) and is_accepted(was)):
        return "newly_accepted"
    if was is None or not is_open(was):
        return "opened"
    return _kind_of_open(was, now)


def is_worse_than(was: Record | None, now: Record) -> bool:
    """Whether a finding that blocks opened, became worse or lost its exception, the criteria being the same."""
    return not is_open(was) or _kind_of_open(was or now, now) in ("worse", "expired")


def _kind_of_gone(change: Change, rules: Rules, is_judged: bool) -> str:
    assert change.was is not None
    if not is_open(change.was):
        return ""
    if not is_judged:
        return "not_judged"
    return "rule_gone" if rules.is_gone(change.was) else "closed"


def _kind_of_open(was: Record, now: Record) -> str:
    before, after = _weight(was), _weight(now)
    if any(map(int.__gt__, after, before)):
        return "worse"
    if is_accepted(was) and not is_accepted(now):
        return "expired"
    return "better" if after != before else "unchanged"


def _kind_of_met(was: Record | None, now: Record) -> str:
    if was is None or was["outcome"] != "met" or now["outcome"] != "met":
        return ""
    step = _BEHIND[now["assurance"]] - _BEHIND[was["assurance"]]
    return ("better" if step > 0 else "worse") if step else ""


def _weight(finding: Record) -> tuple[int, int, int]:
    """How bad an open finding is: gap above unknown, contradicted above all else, then the severity."""
    contradicted = finding["assurance"] == "contradicted"
    return _OPEN[finding["outcome"]], int(contradicted), _SEVERITY[finding["severity"]]


def is_open(finding: Record | None) -> bool:
    """Whether a finding is a gap or unknown, accepted or not."""
    return finding is not None and finding["outcome"] in _OPEN


def is_accepted(finding: Record | None) -> bool:
    """Whether an exception accepts a finding."""
    return finding is not None and bool(finding.get("exception"))


def order_of(change: Change) -> tuple[Any, ...]:
    """The order in which changes are shown: by organization, the gravest first, then by rule and subject."""
    finding = change.latest
    return (
        change.organization,
        -_SEVERITY[finding["severity"]],
        finding["rule"],
        str(finding["subject"].get("id")),
        finding["id"],
    )


def _notes(old: Record, new: Record) -> Iterator[str]:
    """What makes two reports less comparable than they look."""
    before, after = digests(old), digests(new)
    other = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    if other:
        yield f"the packs differ: {_packs(old, other)}, now {_packs(new, other)}"
    yield from names_given(old, new)
    for name in asked_differently(old, new):
        yield f"the runs were asked differently: {name} was {_said(_option(old, name))}, is {_said(_option(new, name))}"
    names = organizations(old), organizations(new)
    yield from (f"{name} is judged now and was not before" for name in sorted(names[1] - names[0]))
    yield from (f"{name} was judged before and is not now" for name in sorted(names[0] - names[1]))
    yield from (f"nothing of {name} is judged now: no must or should expectation applied" for name in _idle(new))
    for word, report in (("old", old), ("new", new)):
        why = _not_whole(report)
        if why:
            yield f"the {word} report is not whole: {why}"


def asked_differently(old: Record, new: Record) -> list[str]:
    """The options in which two runs differ, but for those that change only the exit code."""
    options = [r["options"] if isinstance(r.get("options"), dict) else {} for r in (old, new)]
    names = dict.fromkeys([*options[0], *options[1]])
    return [
        n for n in names if n not in ("exit_zero", "loosened_by", "decided_by") and options[0].get(n) != options[1].get(n)
    ]


def _said(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "on", False: "off", None: "not said"}[value]
    return (", ".join(map(str, value)) or "everything") if isinstance(value, list) else str(value)


def _packs(report: Record, names: Container[str]) -> str:
    """Those of a report's packs that the other has otherwise or not at all."""
    found = [p for p in report["criteria"].get("packs") or () if isinstance(p, dict) and str(p.get("id")) in names]
    said = ", ".join(f"{p.get('id')} {p.get('version')} ({str(p.get('digest'))[:15]})" for p in found)
    return said or "without"


def _not_whole(report: Record) -> str:
    problems = report.get("problems") or ()
    failed = [_organization(result) for result in report["results"] if result.get("failures")]
    said = [f"{len(problems)} problem{'s' * (len(problems) != 1)} with files"] if problems else []
    said += [f"not every rule or verifier ran for {', '.join(failed)}"] if failed else []
    return "; ".join(said)


def diff_record(comparison: Comparison, new_rules: bool = False) -> Record:
    """The comparison as a record, `policycheck-diff/1`: facts and values are left out, the reports hold them."""
    return {
        "format": DIFF_FORMAT,
        "old": {"as_of": comparison.old_as_of},
        "new": {"as_of": comparison.new_as_of},
        "regressed": comparison.regressed(new_rules),
        "notes": list(comparison.notes),
        "counts": {kind: len(found) for kind, found in comparison.changes.items()},
        **{kind: [change_record(change) for change in found] for kind, found in comparison.changes.items()},
    }


def change_record(change: Change) -> Record:
    """A change as a record, without facts and values."""
    latest = change.latest
    about = {key: latest[key] for key in ("id", "rule", "title", "expectations", "subject")}
    return {
        "organization": change.organization,
        **about,
        "blocks": change.blocks,
        "was": _side(change.was),
        "now": _side(change.now),
    }


def _side(finding: Record | None) -> Record | None:
    if finding is None:
        return None
    side = {key: finding[key] for key in ("outcome", "assurance", "severity", "location")}
    return {**side, "exception": finding["exception"]} if finding.get("exception") else side


def trimmed(results: Iterable[Record]) -> list[Record]:
    """Results with what a comparison needs, and no more, for holding many of them at once."""
    keys = (
        "id",
        "rule",
        "title",
        "expectations",
        "subject",
        "outcome",
        "assurance",
        "severity",
        "blocks",
        "location",
        "exception",
    )
    return [
        {
            "organization": {"id": _organization(result)},
            "findings": [{key: f[key] for key in keys if key in f} for f in result["findings"]],
            "failures": result.get("failures"),
        }
        for result in results
    ]
