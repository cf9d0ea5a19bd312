"""The checks on the declaration itself, which no rule of a pack makes, and those that need the manifest alone."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from policycheck.judge import finding_id, overlap
from policycheck.model import Assurance, Finding, Location, Manifest, Outcome, Severity, Subject

#: Why nothing is known of what a rule that broke would have judged.
FAILED = "the rule could not be evaluated"


class Check(NamedTuple):
    """One of them: its id, what it is about, what to do."""

    id: str
    title: str
    remedy: str


MATCHES = Check(
    "declaration-matches-evidence",
    "What is declared is what the artefact says",
    "Correct the declaration, or change what the artefact configures; then run policycheck again.",
)
READABLE = Check(
    "evidence-readable",
    "Evidence that is named can be read",
    "Do what the message says: correct the path, the kind or the option, install what is missing, or attest a "
    "changed file anew. Remove the entry only if nothing is meant to back the claim.",
)
COMPLETE = Check(
    "declaration-complete",
    "What the artefact shows is declared",
    "Declare it, so that it is judged like the rest; or close it, and change the artefact.",
)
FUTURE = Check(
    "date-not-in-future",
    "What is said to have happened has happened",
    "Give the date on which it was done; leave the value blank while it has not been done.",
)
PLACES = Check(
    "places-declared",
    "Every place whose people are spoken of is one of the organisation's jurisdictions",
    "Add the place to organization.jurisdictions, or take it out of this list. People bring their law with them, also to an "
    "organisation that has no office there.",
)
#: The sections whose items name places, with the kind of subject that an item is.
_PLACED = {"ai_uses": "use", "incidents": "incident", "own_scraping": "scraping", "third_party_access": "access"}
IN_FORCE = Check(
    "deployed-means-in-force",
    "A control that is declared as deployed is not said elsewhere to enforce nothing",
    "Give the status that it has (observing, planned or retired), or correct the value that says otherwise.",
)
#: The families that hold somebody up or are nothing; others may be there to notice.
_HOLD_UP = ("rate_limit", "challenge", "proof_of_work", "ip_block", "user_agent_block", "waf")
HYGIENE = Check(
    "exception-hygiene",
    "Exceptions are in force, bound to what was accepted, and in use",
    "Correct the entry once somebody has decided again, or close the gap and remove it; `policycheck except` writes a new "
    "one.",
)
#: The checks on the declaration itself, by id.
CHECKS = {check.id: check for check in (FUTURE, PLACES, IN_FORCE, HYGIENE, MATCHES, READABLE, COMPLETE)}


def integrity(
    manifest: Manifest, check: Check, severity: Severity, outcome: Outcome, subject: Subject, message: str,
    location: Location | None, route: str = "",
) -> Finding:  # fmt: skip
    """A finding on the declaration itself, which belongs to no expectation."""
    organization = str(manifest.organization.get("id", ""))
    return Finding(
        id=finding_id(organization, check.id, subject, route), rule=check.id, title=check.title, severity=severity,
        outcome=outcome, assurance=Assurance.DECLARED, subject=subject, expectations=(), message=message,
        location=location, remediation=check.remedy,
    )  # fmt: skip


def of_declaration(manifest: Manifest) -> list[Finding]:
    """What is wrong with a declaration by itself, whatever rules and evidence say of it."""
    return [*future(manifest), *elsewhere(manifest), *idle(manifest)]


def elsewhere(manifest: Manifest) -> list[Finding]:
    """Places that the organization does not name as its own: what the authorities there ask is not asked of it at all."""
    mine = manifest.organization.get("jurisdictions") or ()
    found = []
    # Where the organization names no place, every rule that asks for one is unknown already.
    for section, kind in _PLACED.items() if mine else ():
        for item in manifest.data.get(section) or ():
            named = item.get("jurisdictions") or ()
            route = manifest.place.route(item, "jurisdictions")
            subject = Subject(kind, str(item.get("id")), route)
            for index, other in enumerate(named):
                if other in named[:index] or any(overlap(other, own) for own in mine):
                    continue
                message = (
                    f"{route} names {other}, which organization.jurisdictions does not: "
                    "nothing that is asked there alone was asked."
                )
                # Each place for itself: who accepted that one was left out has not accepted the next.
                at = manifest.place.locate(named, index)
                found.append(integrity(manifest, PLACES, Severity.MEDIUM, Outcome.GAP, subject, message, at, other))
    return found


def future(manifest: Manifest) -> list[Finding]:
    """What is said to have happened, and lies after the date of the evaluation."""
    found = []
    for container, key in manifest.future:
        place, route = manifest.place.locate(container, key), manifest.place.route(container, key)
        subject = Subject("date", route, route)
        message = f"{route} says {container[key]}, which is after the date of this evaluation."
        found.append(integrity(manifest, FUTURE, Severity.MEDIUM, Outcome.GAP, subject, message, place))
    return found


def idle(manifest: Manifest) -> list[Finding]:
    """Controls that count as deployed, and of which another value says that they enforce nothing."""
    found = []
    for control in manifest.data.get("controls") or ():
        if control.get("status") != "deployed":
            continue
        for holder, key, said in _says_otherwise(control):
            place, route = manifest.place.locate(holder, key), manifest.place.route(holder, key)
            subject = Subject("control", str(control.get("id")), manifest.place.route(control))
            message = f"{subject.id} counts as deployed, and {route} says that it {said}: rules took it as in force."
            found.append(integrity(manifest, IN_FORCE, Severity.HIGH, Outcome.GAP, subject, message, place, key))
    return found


def _says_otherwise(control: Mapping[str, Any]) -> Iterator[tuple[Any, str, str]]:
    """The container and key of each value after which a control enforces nothing, and what it says."""
    # A day that lies ahead is no text: what it says has not happened, which is a finding of its own.
    if type(control.get("retired_on")) is str:
        yield control, "retired_on", "no longer runs"
    params = control.get("params") or {}
    if params.get("enforced_percent") == 0:
        yield params, "enforced_percent", "acts on no traffic"
    actions = params.get("actions")
    if actions is not None and control.get("family") in _HOLD_UP and set(actions) <= {"log", "alert"}:
        yield params, "actions", "only records" if actions else "does nothing"
