"""Whose doing a change between two reports is: the organization's, the date's, the criteria's, or not to be told.

A report holds the facts that each finding rests on, the digest of every file that was read, the rules and expectations
there were, and the digest of each pack. What a rule asks, its condition, is not in it: whether the condition changed is
seen only in the digest of the whole pack. So where packs, options or the tool differ, a cause is named only when the
reports prove it:

* **criteria**: only one of the two reports has the rule, or none of the finding's expectations; or nothing of the finding
  changed but the severity that its rule gives.
* **organization**: the subject is declared in one of the two reports only; an exception was granted or withdrawn; or, the
  rule asking the same, the facts differ.
* **date**: an exception ran out; or, the rule asking the same, no file changed, or no declared fact that it rests on.
* **unsaid**: everything else. It is never added to one side.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policycheck.compare import Change, Rules, asked_differently, criteria_differ, is_accepted
from policycheck.redaction import LEFT_OUT
from policycheck.report import Record

#: In the order in which they are shown.
CAUSES = ("organization", "date", "criteria", "unsaid")
#: The options that change what is judged, or how; the others change only what blocks.
_JUDGING = frozenset(
    {
        "criteria",
        "evidence",
        "equivalents",
        "min_assurance",
        "min_assurance_by",
        "exception_days",
        "exceptions_from",
        "exclude",
    }
)


class Causes:
    """What two reports differ in besides the findings, for one organization that both judge."""

    def __init__(self, old: Record, new: Record, was: Record, now: Record) -> None:
        self._rules = Rules(old, new)
        self._asked = [_asked_of(report) for report in (old, new)]
        self._listed = [_rules(report) for report in (old, new)]
        self._subjects = [{_subject(finding) for finding in result["findings"]} for result in (was, now)]
        self.same_files = _files(was) == _files(now)
        judging = _JUDGING.intersection(asked_differently(old, new))
        self.same_measure = not (criteria_differ(old, new) or judging or _tool(old) != _tool(new))
        self._same_conditions = not (judging - {"criteria"} or _tool(old) != _tool(new) or _rewritten(old, new))
        self._as_of = str(new.get("as_of", ""))

    def of(self, change: Change) -> str:
        """One of CAUSES, for a finding that opened, went, or became worse or better."""
        if self._is_of_criteria(change):
            return "criteria"
        if self._is_of_subject(change):
            return "organization"
        if not self._is_measured_alike(change.latest["rule"]):
            return "unsaid"
        if self.same_files:
            return "date"
        if change.was is None or change.now is None or not (_tells(change.was) and _tells(change.now)):
            return "unsaid"
        if _facts(change.was) != _facts(change.now):
            return "organization"
        return "date" if _is_declared(change.was) and _is_declared(change.now) else "unsaid"

    def of_accepted(self, change: Change) -> str:
        """One of CAUSES, for an exception that began or ceased to accept a finding."""
        if is_accepted(change.now):
            return "organization"
        assert change.was is not None
        if str(change.was["exception"].get("expires_on", "")) < self._as_of:
            return "date"
        return "organization" if self.same_measure else "unsaid"

    def _is_measured_alike(self, rule: str) -> bool:
        """Whether a rule asks the same in both: its pack did not change, nor what the reports say of the rule."""
        was, now = (rules.get(rule) for rules in self._listed)
        return self.same_measure or (self._same_conditions and was == now)

    def of_gone(self, change: Change) -> str:
        """Why a finding is no longer found: its `subject` went, its rule's `scope` did, or it was a `check`."""
        if not change.latest["expectations"]:
            return "check"
        return "scope" if _subject(change.latest) in self._subjects[1] else "subject"

    def _is_of_criteria(self, change: Change) -> bool:
        one = change.was if change.now is None else change.now
        assert one is not None
        if self._rules.is_new(one) or self._rules.is_gone(one):
            return True
        asked = set(one["expectations"])
        if change.was is None or change.now is None:
            return bool(asked) and not all(asked & known for known in self._asked)
        return self._is_of_severity(change.was, change.now)

    def _is_of_severity(self, was: Record, now: Record) -> bool:
        """Whether the rule's severity is another, and nothing else of the finding is."""
        given = [rules.get(now["rule"], (None,))[0] for rules in self._listed]
        same = all(was[key] == now[key] for key in ("outcome", "assurance"))
        return same and was["severity"] != now["severity"] and [was["severity"], now["severity"]] == given

    def _is_of_subject(self, change: Change) -> bool:
        """Whether the subject itself came or went; findings of the declaration itself speak of what is not declared too."""
        if change.was is not None and change.now is not None:
            return False
        own = _subject(change.latest)
        return bool(change.latest["expectations"]) and sum(own in known for known in self._subjects) == 1


def change_of_criteria(old: Record, new: Record) -> Record | None:
    """What the two were held against and asked for, where that differs; None where it does not."""
    found = {
        "packs": _packs(old, new),
        "tool": [] if _tool(old) == _tool(new) else [{"was": _tool(old), "now": _tool(new)}],
        "asked": [{"name": n, "was": _option(old, n), "now": _option(new, n)} for n in asked_differently(old, new)],
        "rules": _names(_rules(old), _rules(new)),
        "expectations": _names(_asked(old), _asked(new)),
    }  # fmt: skip
    differs = found["packs"] or found["tool"] or found["asked"]
    return found if differs else None


def _packs(old: Record, new: Record) -> list[Record]:
    was, now = _packs_of(old), _packs_of(new)
    names = sorted({*was, *now})
    return [{"id": n, "was": was.get(n), "now": now.get(n)} for n in names if was.get(n) != now.get(n)]


def _packs_of(report: Record) -> dict[str, Record]:
    return {str(p.get("id")): {"version": p.get("version"), "digest": p.get("digest")} for p in report["criteria"]["packs"]}


def _rewritten(old: Record, new: Record) -> bool:
    """Whether a pack that both have is another now. A pack that came or went leaves the rules of the others as they were."""
    return any(pack["was"] and pack["now"] for pack in _packs(old, new))


def _names(was: Mapping[str, Any], now: Mapping[str, Any]) -> Record:
    """What is new, gone, or has changed in what the reports say of it."""
    return {
        "new": sorted(now.keys() - was.keys()),
        "gone": sorted(was.keys() - now.keys()),
        "changed": sorted(name for name in was.keys() & now.keys() if was[name] != now[name]),
    }


def _rules(report: Record) -> Record:
    """The rules with what decides in them; a title or a remedy in other words is no change."""
    listed = report.get("rules") or {}
    return {name: (rule.get("severity"), sorted(rule["expectations"])) for name, rule in listed.items()}


def _asked(report: Record) -> Record:
    return {name: row["modality"] for name, row in (report.get("expectations") or {}).items()}


def _asked_of(report: Record) -> frozenset[str]:
    return frozenset(report.get("expectations") or ())


def _option(report: Record, name: str) -> Any:
    return report["options"].get(name)


def _tool(report: Record) -> str:
    return str((report.get("tool") or {}).get("version", ""))


def _subject(finding: Record) -> tuple[str, str]:
    return str(finding["subject"].get("kind")), str(finding["subject"].get("id"))


def _facts(finding: Record) -> set[tuple[str, bool, str]]:
    """The facts by value; where they stand does not matter."""
    return {(fact["route"], bool(fact.get("declared", True)), repr(fact.get("value"))) for fact in finding["facts"]}


def _tells(finding: Record) -> bool:
    """Whether all values are there. What was taken out of a report may have been another."""
    return not any("[redacted: " in repr(f.get("value")) or f.get("value") == LEFT_OUT for f in finding["facts"])


def _is_declared(finding: Record) -> bool:
    """Whether a finding rests on facts that only the manifest gives."""
    return bool(finding["facts"]) and finding["assurance"] == "declared"


def _files(result: Record) -> set[tuple[str, str]]:
    """Every file that a report names, with its digest."""
    files = [*result["inputs"], *(one for entry in result["artefacts"] for one in entry["artefacts"])]
    return {(file["path"], file["sha256"]) for file in files}
