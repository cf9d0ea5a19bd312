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
    "Every place whose people are spoken of, or where it is established, is one of the organisation's jurisdictions",
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
#: The families that look at accounts or recipients, wherever they go; the surfaces on which they stand say nothing of that.
_AFTER_SOMEBODY = ("account_verification", "new_account_monitoring", "credential_geo_anomaly", "third_party_oversight")
AGREES = Check(
    "declaration-agrees-with-itself",
    "What one part of the declaration says, no other part of it denies",
    "Correct whichever of the two is wrong; until then rules go by each as it stands.",
)
#: How many windows of a limit a day holds.
_A_DAY = {"second": 86400, "minute": 1440, "hour": 24, "day": 1}
HYGIENE = Check(
    "exception-hygiene",
    "Exceptions are in force, bound to what was accepted, and in use",
    "Correct the entry once somebody has decided again, or close the gap and remove it; `policycheck except` writes a new "
    "one.",
)
#: The checks on the declaration itself, by id.
CHECKS = {check.id: check for check in (FUTURE, PLACES, IN_FORCE, AGREES, HYGIENE, MATCHES, READABLE, COMPLETE)}


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
    return [*future(manifest), *elsewhere(manifest), *idle(manifest), *at_odds(manifest)]


def elsewhere(manifest: Manifest) -> list[Finding]:
    """Places that the organization does not name as its own: what the authorities there ask is not asked of it at all."""
    mine = manifest.organization.get("jurisdictions") or ()
    found = []
    # Where the organization names no place, every rule that asks for one is unknown already.
    for kind, item, key in _placed(manifest) if mine else ():
        named, route = item.get(key) or (), manifest.place.route(item, key)
        subject = Subject(kind, str(item.get("id")), route)
        for index, other in enumerate(named):
            if other in named[:index] or any(overlap(other, own) for own in mine):
                continue
            denied = f"{route} names {other}, which organization.jurisdictions does not"
            message = f"{denied}: nothing that is asked there alone was asked."
            # Each place for itself: who accepted that one was left out has not accepted the next.
            at = manifest.place.locate(named, index)
            found.append(integrity(manifest, PLACES, Severity.MEDIUM, Outcome.GAP, subject, message, at, other))
    return found


def _placed(manifest: Manifest) -> Iterator[tuple[str, Any, str]]:
    """What lists places: the kind of subject, the subject, and the key of the list."""
    yield "organization", manifest.organization, "established_in"
    for section, kind in _PLACED.items():
        for item in manifest.data.get(section) or ():
            yield kind, item, "jurisdictions"


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


class _Odds(NamedTuple):
    """A value that another one denies: the kind of its subject, the subject, where the value stands, and what denies it."""

    kind: str
    item: Any
    holder: Any
    key: str
    denied: str


def at_odds(manifest: Manifest) -> list[Finding]:
    """Values that pass over a rule, or loosen it, and that another value of the manifest denies."""
    data, found = manifest.data, []
    people = {s["id"]: _shows_people(s) for s in data.get("surfaces") or ()}
    for odds in (
        *_twins(data, people), *_reached(data, people), *_incidents(data), *_threats(data), *_passed_by(data, people),
        *_scraped(data),
    ):  # fmt: skip
        route = manifest.place.route(odds.holder, odds.key)
        subject = Subject(odds.kind, str(odds.item.get("id")), manifest.place.route(odds.item))
        at = manifest.place.locate(odds.holder, odds.key)
        message = f"{route} does not fit: {odds.denied}."
        found.append(integrity(manifest, AGREES, Severity.MEDIUM, Outcome.GAP, subject, message, at, route))
    return found


def _shows_people(surface: Mapping[str, Any]) -> bool | None:
    """Whether it lists personal data; None where it does not say."""
    fields = surface.get("fields")
    categories = [field.get("category") for field in fields or ()]
    if any(str(category).startswith(("user", "custom.user")) for category in categories):
        return True
    return None if fields is None or None in categories else False


def _twins(data: Mapping[str, Any], people: Mapping[str, bool | None]) -> Iterator[_Odds]:
    """Surfaces that list nobody's data and are said to show the same as one that lists some."""
    twins: dict[str, str] = {}
    for surface in data.get("surfaces") or ():
        for other in surface.get("same_data_as") or ():
            twins |= {bare: full for bare, full in ((surface["id"], other), (other, surface["id"])) if people.get(full)}
    for surface in data.get("surfaces") or ():
        if people[surface["id"]] is False and surface["id"] in twins:
            denied = f"it lists no personal data, and {twins[surface['id']]} shows the same data and lists some"
            yield _Odds("surface", surface, surface, "fields", denied)


def _reached(data: Mapping[str, Any], people: Mapping[str, bool | None]) -> Iterator[_Odds]:
    """Accesses and incidents whose surfaces and fields are not about the same."""
    for section, kind in (("third_party_access", "access"), ("incidents", "incident")):
        for item in data.get(section) or ():
            surfaces, fields = item.get("surfaces"), item.get("fields")
            named = dict.fromkeys(field.partition(".")[0] for field in fields or ())
            if surfaces is not None and (left := [one for one in named if one not in surfaces]):
                yield _Odds(kind, item, item, "surfaces", f"fields names data of {', '.join(left)} as well")
            elif kind == "access" and fields == [] and any(people.get(one) for one in surfaces or ()):
                yield _Odds(kind, item, item, "fields", "it names no data, and surfaces names what shows personal data")


def _incidents(data: Mapping[str, Any]) -> Iterator[_Odds]:
    duties = {duty["jurisdiction"]: duty.get("scraping_position") for duty in data.get("breach_notification") or ()}
    for item in data.get("incidents") or ():
        # A day that lies ahead is no text, as above.
        if item.get("status") in ("open", "contained") and type(item.get("closed_at")) is str:
            yield _Odds("incident", item, item, "status", "closed_at says when it was closed")
        if item.get("confirmed") and item.get("surfaces") == [] and (item.get("records") or item.get("subjects")):
            # What was taken down since cannot be named any more.
            denied = "it names none, and data was taken from somewhere; if that is gone, accept the gap with that reason"
            yield _Odds("incident", item, item, "surfaces", denied)
        if item.get("confirmed") is False and (item.get("legal") or {}).get("confirmed"):
            yield _Odds("incident", item, item, "confirmed", "legal says that whoever took the data confirmed its deletion")
        for part in ("minors_records", "special_records"):
            if item.get("records") is not None and (item.get(part) or 0) > item["records"]:
                yield _Odds("incident", item, item, part, "it is more than all records together")
        # Where nobody is concerned, or it was a false alarm, there is nothing to count.
        for decision in item.get("decisions") or () if item.get("confirmed") and item.get("subjects") else ():
            place = decision["jurisdiction"]
            position = duties.get(place, duties.get(place.partition("-")[0]))
            if decision.get("decision") == "not_a_breach" and position == "counts":
                denied = "breach_notification says that scraping counts as a breach there"
                yield _Odds("incident", item, decision, "decision", denied)


def _threats(data: Mapping[str, Any]) -> Iterator[_Odds]:
    """Threats that are answered only where they do not aim."""
    controls = data.get("controls") or ()
    where = {c["id"]: c.get("surfaces") for c in controls if c["family"] not in _AFTER_SOMEBODY}
    for threat in data.get("threats") or ():
        aims, answers = threat.get("surfaces") or (), [where.get(one) for one in threat.get("controls") or ()]
        if threat.get("decision") != "mitigate" or not aims or not answers or None in answers:
            continue
        if not any(surface in aims for surfaces in answers for surface in surfaces or ()):
            yield _Odds("threat", threat, threat, "controls", "none of them is on a surface that the threat aims at")


def _passed_by(data: Mapping[str, Any], people: Mapping[str, bool | None]) -> Iterator[_Odds]:
    """Deployed controls that more gets past than is said of them, or of those who are given access."""
    for control in data.get("controls") or ():
        params = control.get("params") or {}
        if control.get("status") != "deployed":
            continue
        a_day = (params.get("limit") or 0) * _A_DAY.get(str(params.get("window")), 0)
        if a_day and (params.get("burst") or 0) > a_day:
            yield _Odds("control", control, params, "burst", "it lets more through at once than the limit does in a day")
        if data.get("third_party_access") != [] or not any(people.get(one) for one in control.get("surfaces") or ()):
            continue
        if any(way["for"] == "partners" for way in params.get("allow_paths") or ()):
            denied = "it lets partners by, and third_party_access says that nobody is given access"
            yield _Odds("control", control, params, "allow_paths", denied)


def _scraped(data: Mapping[str, Any]) -> Iterator[_Odds]:
    """Sources of AI uses that were scraped by nobody."""
    for use in data.get("ai_uses") or () if data.get("own_scraping") == [] else ():
        for source in use.get("sources") or ():
            if source.get("type") == "scraped":
                denied = "own_scraping says that nothing is scraped; what others collected is licensed or a public_dataset"
                yield _Odds("use", use, source, "type", denied)
