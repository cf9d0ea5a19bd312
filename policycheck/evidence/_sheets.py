"""What kinds of register there are: their columns by the names people give them, and the property each one fills.

A column's name is compared without case, blanks and punctuation. Names that could mean two things are left out: they
can be mapped by the evidence entry's options, which then decide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

#: The words of the manifest's closed lists that cells are held against (tests hold these against the shape).
INCIDENT_STATUS = ("open", "contained", "closed")
NOTIFY = ("notify", "not_notify", "not_a_breach")
INDIVIDUALS = ("notify", "not_notify", "by_order_only")
MEASURES = (
    "no_action", "cease_and_desist", "demand_deletion", "account_termination", "platform_complaint", "regulator_report",
    "litigation",
)  # fmt: skip
FINDING_KINDS = (
    "excess_fields", "excess_volume", "other_purpose", "onward_transfer", "late_deletion", "credential_sharing",
    "security_incident", "other",
)  # fmt: skip
CONSEQUENCES = (
    "warning", "throttling", "suspension", "termination", "deletion", "damages", "audit", "legal_action",
    "regulator_report",
)  # fmt: skip
FINDING_OUTCOMES = ("remedied", "disputed", "access_ended", "pending")
REQUEST_STATUS = ("open", "answered", "refused", "closed", "withdrawn")

#: What may stand in parentheses behind a column's name without changing what its cells mean; `(thousands)` would.
_ASIDE = re.compile(r"\((?:utc|iso 8601|rfc 3339|yyyy-mm-dd|if any|optional)\)")
_UTC = re.compile(r"\butc\b")
_APART = re.compile(r"[^a-z0-9]+")
_PLACED = re.compile(r"(.+?)_([a-z]{2})")


class Column(NamedTuple):
    """One property a column can fill: where it lies in the row's item, how its cells are read, the names it goes by."""

    path: tuple[str, ...]
    form: str
    names: tuple[str, ...]
    words: tuple[str, ...] = ()


class Sheet(NamedTuple):
    """One kind of register: what it holds, its columns by their property, and those without which it is none."""

    holds: str
    columns: Mapping[str, Column]
    needs: tuple[tuple[str, ...], ...]
    #: The columns whose cells are about one jurisdiction; their names may end in its code.
    placed: frozenset[str] = frozenset()


def _column(path: str, form: str, *names: str, words: tuple[str, ...] = ()) -> Column:
    return Column(tuple(path.split(".")), form, names, words)


_INCIDENTS = {
    "id": _column("id", "id", "ref", "incident", "incident_id", "incident_ref", "incident_no", "incident_number", "case_id"),
    "title": _column("title", "text", "summary", "name", "what_happened"),
    "status": _column("status", "word", "state", words=INCIDENT_STATUS),
    "confirmed": _column("confirmed", "flag", "scraping_confirmed"),
    "surfaces": _column("surfaces", "slugs", "surface", "affected_surface", "affected_surfaces"),
    "fields": _column("fields", "list", "affected_fields", "fields_taken"),
    "threats": _column("threats", "slugs", "threat"),
    "jurisdictions": _column("jurisdictions", "places", "jurisdiction", "countries", "country"),
    "records": _column("records", "count", "records_taken", "records_affected", "number_of_records"),
    "subjects": _column("subjects", "count", "people", "people_affected", "data_subjects", "individuals_affected"),
    "minors_records": _column("minors_records", "count", "records_of_minors"),
    "special_records": _column("special_records", "count", "special_category_records"),
    "started_at": _column("started_at", "moment", "started", "began", "began_at", "start_time"),
    "detected_at": _column(
        "detected_at", "moment", "detected", "detection_time", "time_detected", "noticed", "noticed_at", "discovered",
        "discovered_at",
    ),
    "aware_at": _column("aware_at", "moment", "aware", "became_aware", "became_aware_at", "awareness_time", "time_aware"),
    "contained_at": _column("contained_at", "moment", "contained", "containment_time", "stopped_at"),
    "closed_at": _column("closed_at", "moment", "closed", "closure_time"),
    "decision": _column(
        "decision", "decisions", "breach_assessment", "breach_decision", "notify_decision", "notification_decision",
        words=NOTIFY,
    ),
    "authority": _column("authority", "text", "regulator", "supervisory_authority"),
    "reason": _column("reason", "text", "decision_reason", "reasons"),
    "assessed_at": _column("assessed_at", "moment", "assessed", "assessment_time", "breach_assessed_at"),
    "authority_notified_at": _column(
        "authority_notified_at", "moment", "authority_notified", "regulator_notified", "regulator_notified_at",
        "notified_at", "notification_time", "reported_to_authority_at",
    ),
    "reference": _column("reference", "text", "authority_reference", "regulator_reference", "filing_reference"),
    "late_reason": _column("late_reason", "text", "reason_for_delay"),
    "individuals_decision": _column("individuals_decision", "word", "people_decision", words=INDIVIDUALS),
    "individuals_notified_at": _column(
        "individuals_notified_at", "moment", "individuals_notified", "people_notified", "people_notified_at",
        "people_told_at",
    ),
    "not_notified_reason": _column("not_notified_reason", "text"),
    "controls_changed": _column("controls_changed", "slugs", "control_changed"),
    "no_change_reason": _column("no_change_reason", "text"),
    "reviewed_on": _column("reviewed_on", "past_day", "lessons_drawn_on", "review_date", "post_mortem_on"),
}  # fmt: skip

_LEGAL = {
    "incident": _column("incident", "id", "incident_id", "incident_ref", "case_id"),
    "decision": _column("legal.decision", "word", "measure", "step", "legal_step", "action", "legal_action", words=MEASURES),
    "reason": _column("legal.reason", "text", "reasons"),
    "scraper": _column("legal.scraper", "text", "against", "target", "addressee"),
    "decided_on": _column("legal.decided_on", "past_day", "decided", "decision_date"),
    "demanded_on": _column("legal.demanded_on", "past_day", "demanded", "demand_date", "demand_sent_on", "letter_sent_on"),
    "letter_ref": _column("legal.letter_ref", "text", "letter", "letter_reference"),
    "confirmed": _column("legal.confirmed", "flag", "deletion_confirmed"),
    "confirmed_on": _column("legal.confirmed_on", "past_day", "confirmation_date", "deletion_confirmed_on"),
    "chased_on": _column("legal.chased_on", "days", "chased", "reminded_on", "reminders"),
    "unconfirmed_reason": _column("legal.unconfirmed_reason", "text"),
}

_RIGHTS = {
    "id": _column("id", "id", "ref", "request_id", "request_ref", "case_id"),
    "use": _column("use", "id", "ai_use", "system", "activity"),
    "right": _column("right", "text", "request", "request_type", "type", "kind", "right_exercised"),
    "received_on": _column("received_on", "past_day", "received", "date_received", "received_at"),
    "answered_on": _column(
        "answered_on",
        "past_day",
        "answered",
        "date_answered",
        "answered_at",
        "responded_on",
        "response_date",
        "completed_on",
    ),
    "status": _column("status", "word", "state", words=REQUEST_STATUS),
    "extra_identification": _column("extra_identification", "flag", "extra_id", "extra_identification_required", "id_asked"),
}

_FINDINGS = {
    "id": _column("id", "id", "ref", "finding", "finding_id", "finding_ref"),
    "access": _column("access", "id", "access_id", "recipient", "partner", "third_party"),
    "kind": _column("kind", "word", "type", "finding_kind", "finding_type", "what", words=FINDING_KINDS),
    "found_on": _column("found_on", "past_day", "found", "date_found", "detected_on"),
    "description": _column("description", "text", "details", "what_was_seen"),
    "step": _column("action.step", "count", "ladder_step"),
    "taken_on": _column("action.taken_on", "past_day", "action_taken_on", "action_date", "action_on"),
    "action": _column("action.type", "word", "action_type", "action_taken", "consequence", "measure", words=CONSEQUENCES),
    "outcome": _column("action.outcome", "word", "result", words=FINDING_OUTCOMES),
    "action_ref": _column("action.ref", "text", "action_reference"),
}

_CORRESPONDENCE = {
    "id": _column("id", "id", "letter", "letter_id", "case_id"),
    "authority": _column("authority", "text", "regulator", "supervisory_authority", "sender"),
    "jurisdiction": _column("jurisdiction", "place", "country"),
    "statement": _column("statement", "text", "document"),
    "topic": _column("topic", "text", "subject", "about"),
    "received_on": _column("received_on", "past_day", "received", "date_received"),
    "due_on": _column("due_on", "day", "due", "deadline", "due_date", "answer_due_on"),
    "responded_on": _column("responded_on", "past_day", "responded", "answered_on", "answered", "response_date"),
    "ref": _column("ref", "text", "file", "filed_at", "location"),
}

#: About one jurisdiction each (Incident.decisions).
_DECIDING = frozenset(
    {"authority", "reason", "assessed_at", "authority_notified_at", "reference", "late_reason", "individuals_decision"}
    | {"individuals_notified_at", "not_notified_reason"}
)

#: By what they hold. A register is one of these when it has a column of each of the groups that the kind needs.
SHEETS = {
    sheet.holds: sheet
    for sheet in (
        Sheet(
            "incidents", _INCIDENTS,
            (("id",), ("detected_at", "aware_at", "started_at"),), _DECIDING,
        ),
        Sheet("legal_actions", _LEGAL, (("incident",), ("decision",), ("decided_on", "demanded_on", "confirmed_on"))),
        Sheet("rights_requests", _RIGHTS, (("right",), ("received_on",), ("answered_on",))),
        Sheet("findings", _FINDINGS, (("id",), ("kind",), ("found_on",))),
        Sheet("correspondence", _CORRESPONDENCE, (("id",), ("authority",), ("received_on",))),
    )
}  # fmt: skip


def plain(name: str) -> str:
    """A column's name without case, blanks, punctuation and asides: `Detection time (UTC)` is `detection_time`."""
    bare = _ASIDE.sub(" ", name.lower())
    return _APART.sub("_", bare).strip("_").removesuffix("_utc")


def is_utc(name: str) -> bool:
    """Whether a column's name itself gives the offset of its times."""
    return bool(_UTC.search(name.lower()))


_NAMES = {
    holds: {name: prop for prop, column in sheet.columns.items() for name in (prop, *column.names)}
    for holds, sheet in SHEETS.items()
}


def meaning(sheet: Sheet, name: str) -> tuple[str, str]:
    """The property a column of this name fills, and the jurisdiction that its name ends in; empty when it fills none."""
    word = plain(name)
    if prop := _NAMES[sheet.holds].get(word, ""):
        return prop, ""
    placed = _PLACED.fullmatch(word)
    prop = _NAMES[sheet.holds].get(placed[1], "") if placed else ""
    return (prop, placed[2].upper()) if placed and prop in sheet.placed else ("", "")


def fitting(cells: Sequence[str]) -> int:
    """How many cells of a header mean something in the kind of register that they fit best."""
    return max(sum(1 for cell in cells if meaning(sheet, cell)[0]) for sheet in SHEETS.values())
