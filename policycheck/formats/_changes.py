"""The words for what changed between reports, the same on the terminal, in Markdown and in HTML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policycheck.report import Record

#: What became of a finding, as people read it.
WORDS = {
    "opened": "opened", "reopened": "re-opened", "back": "back", "new_rule": "of new rules", "still_open": "still open",
    "closed": "closed", "gone": "gone", "rule_gone": "of rules gone", "not_judged": "not judged",
    "newly_accepted": "newly accepted", "acceptance_ended": "acceptance ended", "worse": "worse", "better": "better",
}  # fmt: skip
#: What each word means, in a line.
MEANINGS = {
    "opened": "open now, and in no earlier report",
    "reopened": "open now, and closed in an earlier report",
    "back": "open now and in an earlier report; in between it had gone or was not judged, so it was never closed",
    "new_rule": "open now, of a rule that the criteria of the report before did not have",
    "still_open": "open in both reports",
    "closed": "judged again, and now met, not used or not applicable",
    "gone": "no longer found although its rule was judged: nobody showed that it is met",
    "rule_gone": "the criteria no longer have its rule",
    "not_judged": "no longer found, because a rule or verifier did not come to an end or no evidence was read",
    "newly_accepted": "open, and an exception accepts it that did not before",
    "acceptance_ended": "open, and the exception that accepted it does so no more",
    "worse": "a gap that was unknown, contradicted, of a higher severity, or met with less behind it",
    "better": "the opposite of worse",
    "overdue": "open, not accepted, and past the last day that a baseline or an exception named for it",
}  # fmt: skip
#: Whose doing a change is.
CAUSES = {
    "organization": "by the organisation", "date": "by the date", "criteria": "by the criteria", "unsaid": "cannot be told",
}  # fmt: skip
#: Why a finding is no longer found.
REASONS = {"subject": "no longer declared", "check": "nothing more is said of it", "scope": "its rule no longer concerns it"}
#: These are told even when there are none.
_ALWAYS = ("opened", "closed")
#: What a reader must look at first.
GRAVE = ("reopened", "opened", "back", "new_rule", "worse", "acceptance_ended")


def counted(counts: Mapping[str, int]) -> str:
    """Numbers with their words: `2 opened, 1 closed, 12 still open`."""
    shown = [f"{counts[word]} {WORDS[word]}" for word in WORDS if counts.get(word) and word != "still_open"]
    shown = [f"{counts.get(word, 0)} {word}" for word in _ALWAYS if not counts.get(word)] + shown
    return ", ".join([*shown, f"{counts['still_open']} still open"])


def told(counts: Mapping[str, int]) -> str:
    """The same of what there is; blank where there is nothing."""
    return ", ".join(f"{counts[word]} {label}" for word, label in WORDS.items() if counts.get(word))


def caused(causes: Mapping[str, Mapping[str, int]]) -> list[tuple[str, str]]:
    """Each cause that has anything, with what it did."""
    return [(label, told(causes[cause])) for cause, label in CAUSES.items() if causes.get(cause)]


def on_word_alone(closed_by: Mapping[str, int]) -> str:
    """How much of what closed did so on a declaration; blank where nothing did."""
    count = closed_by.get("declared", 0)
    return f"{count} of what closed rest{'s' * (count == 1)} on the declaration alone" if count else ""


def different(criteria: Record | None) -> list[str]:
    """What two reports were held against and asked for, where that differs, a sentence each."""
    if criteria is None:
        return []
    lines = [f"pack {pack['id']} was {_pack(pack['was'])}, is {_pack(pack['now'])}" for pack in criteria["packs"]]
    lines += [f"policycheck was {tool['was']}, is {tool['now']}" for tool in criteria["tool"]]
    lines += [f"{one['name']} was {said(one['was'])}, is {said(one['now'])}" for one in criteria["asked"]]
    for kind in ("rules", "expectations"):
        counts = [f"{len(names)} {word}{_few(names)}" for word, names in criteria[kind].items() if names]
        lines += [f"{kind}: {', '.join(counts)}"] if counts else []
    return lines


def _pack(pack: Record | None) -> str:
    return f"{pack['version']} ({str(pack['digest'])[:15]})" if pack else "not there"


def _few(names: list[str]) -> str:
    more = ", …" if len(names) > 3 else ""
    return f" ({', '.join(names[:3])}{more})"


def said(value: Any) -> str:
    """An option's value, as people write it."""
    if isinstance(value, bool) or value is None:
        return {True: "on", False: "off", None: "not said"}[value]
    return (", ".join(map(str, value)) or "everything") if isinstance(value, list) else str(value)


def states(was: Record | None, now: Record | None) -> str:
    """What a finding is and what it was, in the words in which the two differ."""
    if now is None:
        return f"no longer there, was {_state(was, None)}"
    return f"{_state(now, was)}, was {_state(was, now)}" if was is not None else f"{_state(now, None)}, was not there"


def _state(finding: Record | None, other: Record | None) -> str:
    if finding is None:
        return "not there"
    words = [finding["outcome"].replace("_", " ")]
    if other is not None and finding["severity"] != other["severity"]:
        words.insert(0, finding["severity"])
    if finding["assurance"] == "contradicted" or (other is not None and finding["assurance"] != other["assurance"]):
        words.append(f"({finding['assurance']})")
    if finding.get("exception"):
        words.append("accepted")
    return " ".join(words)


def worded(change: Record) -> str:
    """All words for one change."""
    reason = REASONS.get(change.get("why", ""), "")
    return ", ".join(WORDS[word] for word in change["words"]) + (f": {reason}" if reason else "")


def since(told_: Record) -> list[str]:
    """What changed since an earlier report, in sentences: what came and went, what was measured otherwise."""
    named = f"{told_['as_of']} (report {told_['report_id']})"
    if not told_["judged"]:
        return [f"The report as of {named} does not judge this organisation: what changed cannot be told."]
    lines = [f"Since {named}: {counted(told_['counts'])}."]
    alone = on_word_alone(told_["closed_by"])
    lines += [f"{alone}."] if alone else []
    if told_["criteria"]:
        lines.append(f"Not measured alike: {'; '.join(different(told_['criteria']))}.")
    causes = "; ".join(f"{label}: {what}" for label, what in caused(told_["causes"]))
    lines += [f"{causes[:1].upper()}{causes[1:]}."] if causes else []
    return lines + [f"{note[:1].upper()}{note[1:]}." for note in told_["notes"]]


def grave(changes: Iterable[Record]) -> list[Record]:
    """What opened, came back, became worse or lost its exception, and blocks or might: info is left out."""
    return [change for change in changes if is_grave(change) and side(change)["severity"] != "info"]


def is_grave(change: Record) -> bool:
    """Whether somebody should look at it first."""
    return not set(GRAVE).isdisjoint(change["words"])


def side(change: Record) -> Record:
    """The finding as it is now, or as it was when it is gone."""
    found: Record = change["now"] or change["was"]
    return found
