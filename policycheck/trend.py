"""Reports of several dates in a row: what opened, closed, came back and was accepted from each to the next.

A finding is *open* when it is a gap or unknown, accepted or not. From one report of an organization to the next, a finding
came, stayed or went, in exactly one of these ways:

* **opened**: open now, and in no earlier report.
* **reopened**: open now, and closed in an earlier report.
* **back**: open now and in an earlier report, and in between neither open nor closed: it had gone, or was not judged.
* **new_rule**: open now, of a rule that the criteria of the report before did not have.
* **still_open**: open in both.
* **closed**: judged again, and now met, not used or not applicable. Nothing else is ever called closed.
* **gone**: no longer found although its rule was judged. The subject was taken out or concerns no rule any more, or a check
  of the declaration itself has nothing to say now. Nobody showed that it is met.
* **rule_gone**: the criteria no longer have its rule.
* **not_judged**: no longer there, and not every rule or verifier ran; or what showed it was read in an artefact, and the
  later run read none.

So what was open, with what came and without what went, is what is open now. Of what is open, some is marked besides:
**newly_accepted** (under an exception, and before under none), **acceptance_ended** (open in both, and no longer under the
exception), **worse** and **better** as in `policycheck.compare`. **Overdue** is what is open and not accepted on the date of
a report when the last day that any report until then named for it has passed: the baseline's due date, or the end of the
exception that accepted it.

`policycheck.causes` says whose doing each change is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from policycheck import __version__
from policycheck.causes import CAUSES, Causes, change_of_criteria
from policycheck.compare import (
    Change,
    Rules,
    change_record,
    is_accepted,
    is_open,
    kind_of,
    names_given,
    order_of,
    organizations,
    paired,
    under_one_name,
)
from policycheck.errors import BUG, INCOMPLETE, INVALID, UsageError
from policycheck.report import DISCLAIMER, Record

FORMAT = "policycheck-trend/1"
CAME = ("opened", "reopened", "back", "new_rule")
WENT = ("closed", "gone", "rule_gone", "not_judged")
MARKS = ("newly_accepted", "acceptance_ended", "worse", "better")
#: All words for a change, in the order in which they are shown.
WORDS = (*CAME, *WENT, *MARKS)
_ASSURANCES = ("declared", "supported", "verified")
_NOT_WHOLE = frozenset({INVALID, INCOMPLETE, BUG})


def trend(reports: Iterable[Record]) -> Record:
    """The record of several reports, `policycheck-trend/1`. Each must be a whole report, as `replay.read` gives it.

    A report given twice counts once, and the order in which they are given does not matter. Raises UsageError when two
    reports judge one organization on the same date, and when no organization is in two reports.
    """
    ordered = under_one_name(_in_order(reports))
    judged = {name: [r for r in ordered if name in organizations(r)] for name in _every(ordered)}
    series = {name: some for name, some in judged.items() if len(some) > 1}
    if not series:
        raise UsageError(_nothing(ordered))
    return {
        "format": FORMAT,
        "tool": {"name": "policycheck", "version": __version__},
        "disclaimer": DISCLAIMER,
        "reports": [_about(report) for report in ordered],
        "organizations": [_series(name, some, ordered) for name, some in series.items()],
        "in_one_report": [
            {"id": name, "as_of": some[0]["as_of"]} for name, some in judged.items() if len(some) == 1
        ],
    }  # fmt: skip


def since(previous: Record, header: Record, result: Record) -> Record:
    """What changed in one organization since a report, as a small record for the first page of another.

    `header` and `result` are of the new report, which may not be finished yet.
    """
    about = {key: previous[key] for key in ("report_id", "as_of")}
    name = result["organization"]["id"]
    if name not in organizations(previous):
        return {**about, "judged": False}
    alone = {**previous, "results": [_result_of(previous, name)]}
    old, new = under_one_name((alone, {**header, "results": [result]}))
    was, now, past = old["results"][0], new["results"][0], _Past()
    past.learn(was, _reads_evidence(old))
    step = _step(old, new, (was, now), past)
    kept = ("counts", "closed_by", "causes", "criteria", "same_measure", "same_files", "changes", "notes")
    return {**about, "judged": True, **{key: step[key] for key in kept}}


def _in_order(reports: Iterable[Record]) -> list[Record]:
    """The reports by date, each once."""
    known = {report["report_id"]: report for report in reports}
    ordered = sorted(known.values(), key=lambda r: (r["as_of"], r["report_id"]))
    for name in _every(ordered):
        for one, other in pairwise([r for r in ordered if name in organizations(r)]):
            if one["as_of"] == other["as_of"]:
                ids = f"{one['report_id']} and {other['report_id']}"
                raise UsageError(
                    f"two reports judge {name} as of {one['as_of']} ({ids}), so neither comes first; give one of them"
                )
    return ordered


def _every(reports: Iterable[Record]) -> list[str]:
    return sorted({name for report in reports for name in organizations(report)})


def _nothing(reports: Sequence[Record]) -> str:
    if len(reports) < 2:
        return "a trend needs two reports or more, and this is one"
    names = _every(reports)
    few = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    what = f"the reports are of different organisations ({few})" if names else "the reports judge no organisation"
    return f"{what}, so there is nothing to compare"


def _about(report: Record) -> Record:
    """What identifies a report, and whether it is whole."""
    return {
        "report_id": report["report_id"],
        "as_of": report["as_of"],
        "tool": report["tool"]["version"],
        "packs": [{key: pack[key] for key in ("id", "version", "digest")} for pack in report["criteria"]["packs"]],
        "documents": [document["id"] for document in report["criteria"]["documents"]],
        "organizations": sorted(organizations(report)),
        "whole": report["exit_code"] not in _NOT_WHOLE,
    }


def _series(name: str, reports: Sequence[Record], every: Sequence[Record]) -> Record:
    """One organization in all reports that judge it."""
    results = [_result_of(report, name) for report in reports]
    past = _Past()
    points, steps = [], []
    for index, (report, result) in enumerate(zip(reports, results, strict=True)):
        if index:
            steps.append(_step(reports[index - 1], report, (results[index - 1], result), past))
        past.learn(result, _reads_evidence(report))
        points.append(_point(report, result, past))
    first = reports[0]["as_of"]
    passed_over = [r for r in every if r["as_of"] > first and name not in organizations(r)]
    return {
        "id": name,
        "name": results[-1]["organization"].get("name") or name,
        "points": points,
        "steps": steps,
        "overdue": past.overdue(results[-1], reports[-1]["as_of"]),
        "not_in": [{key: r[key] for key in ("report_id", "as_of")} for r in passed_over],
    }


def _result_of(report: Record, name: str) -> Record:
    found: Record = next(result for result in report["results"] if result["organization"]["id"] == name)
    return found


class _Past:
    """What the reports so far say of an organization's findings, by id."""

    def __init__(self) -> None:
        #: `open`, `closed` or `left`, of every finding that was open once.
        self._states: dict[str, str] = {}
        #: The last day named for a finding, and by what.
        self._due: dict[str, tuple[str, str]] = {}
        #: What is known of an open finding only because artefacts were read.
        self._read: set[str] = set()

    def learn(self, result: Record, reads_evidence: bool) -> None:
        """Take in the next report."""
        found = {finding["id"]: finding for finding in result["findings"]}
        for key, finding in found.items():
            if is_open(finding):
                self._learn_open(finding)
            elif key in self._states:
                self._states[key] = "closed" if self.is_seen(key, reads_evidence) else "left"
        self._states |= {key: "left" for key, state in self._states.items() if state == "open" and key not in found}
        self._due = {key: due for key, due in self._due.items() if self._states[key] != "closed"}

    def _learn_open(self, finding: Record) -> None:
        self._states[finding["id"]] = "open"
        rests = finding["assurance"] != "declared" or not finding["expectations"]
        (self._read.add if rests else self._read.discard)(finding["id"])
        self._learn_day(finding)

    def is_seen(self, key: str, reads_evidence: bool) -> bool:
        """Whether a run that reads evidence, or none, can tell that a finding is closed."""
        return reads_evidence or key not in self._read

    def _learn_day(self, finding: Record) -> None:
        due = (finding.get("baseline") or {}).get("due_on")
        if due:
            self._due[finding["id"]] = (str(due), "due date")
        elif is_accepted(finding):
            self._due[finding["id"]] = (str(finding["exception"]["expires_on"]), "exception")

    def came_as(self, finding: Record) -> str:
        """The word for a finding that is open and was not in the report before."""
        return {"closed": "reopened", "left": "back"}.get(self._states.get(finding["id"], ""), "opened")

    def overdue(self, result: Record, as_of: str) -> list[Record]:
        """What is open, not accepted, and past its day, the earliest day first."""
        late = []
        for finding in _unaccepted(result):
            day, by = self._due.get(finding["id"], ("", ""))
            if day and day < as_of:
                about = {key: finding[key] for key in ("id", "rule", "title", "severity", "subject", "location", "outcome")}
                late.append({**about, "due": day, "by": by})
        return sorted(late, key=lambda f: (f["due"], f["rule"], str(f["subject"].get("id")), f["id"]))

    def undated(self, result: Record) -> int:
        """How many findings are open and not accepted, and no report has named a day for them."""
        return sum(finding["id"] not in self._due for finding in _unaccepted(result))


def _unaccepted(result: Record) -> list[Record]:
    return [finding for finding in result["findings"] if is_open(finding) and not is_accepted(finding)]


def _point(report: Record, result: Record, past: _Past) -> Record:
    """How things stand on the date of one report."""
    counts = result["counts"]
    open_ = [finding for finding in result["findings"] if is_open(finding)]
    bare = Counter(finding["outcome"] for finding in _unaccepted(result))
    met = Counter(finding["assurance"] for finding in result["findings"] if finding["outcome"] == "met")
    return {
        "report_id": report["report_id"],
        "as_of": report["as_of"],
        "manifest": result["manifest"],
        "whole": not result["failures"],
        "open": len(open_),
        "gap": bare["gap"],
        "unknown": bare["unknown"],
        "accepted": sum(map(is_accepted, open_)),
        "overdue": len(past.overdue(result, report["as_of"])),
        "undated": past.undated(result),
        "blocking": counts["blocking"],
        "outcomes": {key: counts[key] for key in ("expectations", "findings", "integrity")},
        "assurance": dict(_assurance(result["findings"])),
        "met_by": {word: met[word] for word in _ASSURANCES},
    }


def _assurance(findings: Iterable[Record]) -> Iterable[tuple[str, int]]:
    """What is behind each finding that applies."""
    found = Counter(finding["assurance"] for finding in findings if finding["outcome"] != "not_applicable")
    return ((word, found[word]) for word in (*_ASSURANCES, "contradicted"))


def _step(old: Record, new: Record, results: tuple[Record, Record], past: _Past) -> Record:
    """What became of every finding from one report to the next that judges the organization."""
    was, now = results
    old, new = {**old, "results": [was]}, {**new, "results": [now]}
    causes, words = Causes(old, new, was, now), _Words(old, new, past)
    name = now["organization"]["id"]
    changes = sorted(paired(name, was, now), key=order_of)
    told = [_told(change, found, causes) for change in changes if (found := words.of(change))]
    still = sum(is_open(change.was) and is_open(change.now) for change in changes)
    return {
        "organization": name,
        "from": {key: old[key] for key in ("report_id", "as_of")},
        "to": {"report_id": new.get("report_id", ""), "as_of": new["as_of"]},
        "counts": _counts(told, still),
        "closed_by": _closed_by(told),
        "causes": {cause: _counts_by(told, cause) for cause in CAUSES},
        "criteria": change_of_criteria(old, new),
        "same_measure": causes.same_measure,
        "same_files": causes.same_files,
        "notes": [*names_given(old, new), *_notes(was, now)],
        "changes": told,
    }


class _Words:
    """What a finding became between two reports of one organization."""

    def __init__(self, old: Record, new: Record, past: _Past) -> None:
        self._rules, self._past = Rules(old, new), past
        self._is_whole = not new["results"][0]["failures"]
        self._reads = _reads_evidence(new)

    def of(self, change: Change) -> list[str]:
        """All words for a finding; none where there is nothing to say."""
        stayed = is_open(change.was) and is_open(change.now)
        moved = "" if stayed else self._moved(change)
        return [word for word in (moved, *self._marked(change)) if word]

    def _moved(self, change: Change) -> str:
        was, now = change.was, change.now
        if now is not None and is_open(now):
            return "new_rule" if was is None and self._rules.is_new(now) else self._past.came_as(now)
        if was is None or not is_open(was):
            return ""
        if not self._past.is_seen(was["id"], self._reads):
            return "not_judged"
        return "closed" if now is not None else self._left(was)

    def _left(self, was: Record) -> str:
        if self._rules.is_gone(was):
            return "rule_gone"
        return "gone" if self._is_whole else "not_judged"

    def _marked(self, change: Change) -> list[str]:
        before, after = (is_open(one) and is_accepted(one) for one in (change.was, change.now))
        found = ["newly_accepted"] if after and not before else []
        found += ["acceptance_ended"] if before and is_open(change.now) and not after else []
        kind = kind_of(change, self._rules, self._is_whole)
        return found + ([kind] if kind in ("worse", "better") else [])


def _reads_evidence(report: Record) -> bool:
    return bool(report["options"].get("evidence", True))


def _told(change: Change, words: list[str], causes: Causes) -> Record:
    """A change with its words, and for each whose doing it is."""
    record = change_record(change)
    accepting = {"newly_accepted", "acceptance_ended"}
    by = {word: causes.of_accepted(change) if word in accepting else causes.of(change) for word in words}
    record |= {"why": causes.of_gone(change)} if words[0] == "gone" else {}
    return {key: value for key, value in {"words": words, "causes": by, **record}.items() if key != "organization"}


def _counts(changes: list[Record], still: int) -> Record:
    found = Counter(word for change in changes for word in change["words"])
    return {"still_open": still, **{word: found[word] for word in WORDS}}


def _counts_by(changes: list[Record], cause: str) -> dict[str, int]:
    found = Counter(word for change in changes for word, by in change["causes"].items() if by == cause)
    return {word: found[word] for word in WORDS if found[word]}


def _closed_by(changes: list[Record]) -> dict[str, int]:
    """What is behind the findings that closed: how surely they are met, or that they no longer apply."""
    ends = [change["now"] for change in changes if "closed" in change["words"]]
    found = Counter(end["assurance"] if end["outcome"] == "met" else end["outcome"] for end in ends)
    return {word: found[word] for word in (*_ASSURANCES, "not_used", "not_applicable") if found[word]}


def _notes(was: Record, now: Record) -> Iterable[str]:
    """What makes the two results less comparable than they look."""
    for when, result in (("earlier", was), ("later", now)):
        what: list[Any] = [failure["what"] for failure in result["failures"]]
        if what:
            more = f" and {len(what) - 3} more" if len(what) > 3 else ""
            yield f"the {when} report is not whole for it: {', '.join(map(str, what[:3]))}{more} did not come to an end"
