"""Whose doing a change between two reports is: the organization's, the date's, the criteria's, or not to be told.

A report holds the facts that each finding rests on, the digest of every file that was read, the rules and expectations
there were, and the digest of each pack. What a rule asks, its condition, is not in it: whether the condition changed is
seen only in the digest of the whole pack. So where packs, options or the tool differ, a cause is named only when the
reports prove it:

* **criteria**: only one of the two reports has the rule, or none of the finding's expectations; or nothing of the finding
  changed but the severity that its rule gives.
* **organization**: the subject is declared in one of the two reports only; an exception was granted or withdrawn; or, under
  the same criteria, the facts or the files differ.
* **date**: an exception ran out; or, under the same criteria, no file changed.
* **unsaid**: everything else. It is never added to one side.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policycheck.compare import Change, Rules, asked_differently, criteria_differ, is_accepted
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
        self._severities = [_severities(report) for report in (old, new)]
        self._subjects = [{_subject(finding) for finding in result["findings"]} for result in (was, now)]
        self.same_files = _files(was) == _files(now)
        judging = _JUDGING.intersection(asked_differently(old, new))
        self.same_measure = not (criteria_differ(old, new) or judging or _tool(old) != _tool(new))
        self._as_of = str(new.get("as_of", ""))

    def of(self, change: Change) -> str:
        """One of CAUSES, for a finding that opened, went, or became worse or better."""
        if self._is_of_criteria(change):
            return "criteria"
        if self._is_of_subject(change):
            return "organization"
        if not self.same_measure:
            return "unsaid"
        if self.same_files:
            return "date"
        return "organization" if _facts(change.was) != _facts(change.now) else "unsaid"

    def of_accepted(self, change: Change) -> str:
        """One of CAUSES, for an exception that began or ceased to accept a finding."""
        if is_accepted(change.now):
            return "organization"
        assert change.was is not None
        if str(change.was["exception"].get("expires_on", "")) < self._as_of:
            return "date"
        return "organization" if self.same_measure else "unsaid"

    def _is_of_criteria(self, change: Change) -> bool:
        one = change.was if change.now is None else change.now
        assert one is not None
        if not self._rules.differ or not one["expectations"]:
            return False
        if self._rules.is_new(one) or self._rules.is_gone(one):
            return True
        asked = set(one["expectations"])
        if change.was is None or change.now is None:
            return any(known and not asked & known for known in self._asked)
        return self._is_of_severity(change.was, change.now)

    def _is_of_severity(self, was: Record, now: Record) -> bool:
        """Whether the rule's severity is another, and nothing else of the finding is."""
        given = [rules.get(now["rule"]) for rules in self._severities]
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


def _severities(report: Record) -> dict[str, str | None]:
    return {name: rule.get("severity") for name, rule in (report.get("rules") or {}).items()}


def _option(report: Record, name: str) -> Any:
    return report["options"].get(name)


def _tool(report: Record) -> str:
    return str((report.get("tool") or {}).get("version", ""))


def _subject(finding: Record) -> tuple[str, str]:
    return str(finding["subject"].get("kind")), str(finding["subject"].get("id"))


def _facts(finding: Record | None) -> set[tuple[str, bool, str]]:
    """The facts by value; where they stand does not matter."""
    facts = finding["facts"] if finding is not None else ()
    return {(fact["route"], bool(fact.get("declared", True)), repr(fact.get("value"))) for fact in facts}


def _files(result: Record) -> set[tuple[str, str]]:
    """Every file that a report names, with its digest."""
    files = [*result["inputs"], *(one for entry in result["artefacts"] for one in entry["artefacts"])]
    return {(file["path"], file["sha256"]) for file in files}
