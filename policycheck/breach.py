"""Who must be told of a personal data breach by when: the clocks of the pack `breach-clocks` run from two moments.

Hours run on the clock, whatever the day and the season. Working days are Monday to Friday by the date of the place, the
first day left out; public holidays are not known, so a true day may be later, never earlier. No clock is read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta, timezone
from enum import StrEnum
from typing import Any, NamedTuple

from policycheck.errors import UsageError
from policycheck.language.types import suggest
from policycheck.manifests import v1
from policycheck.manifests.explain import schema
from policycheck.packs import Pack, shipped

PACK = "breach-clocks"
Row = Mapping[str, Any]
Table = Mapping[str, Sequence[Row]]
#: RFC 3339 (section 5.6); the seconds may be left out, the zone is asked for apart, so that its lack can be said.
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)([Zz]|[+-]\d{2}:[0-5]\d)?", re.ASCII)
_OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})")
_ALSO = {"UK": "GB", "EN": "GB", "ENGLAND": "GB"}
#: Member states of the EU and the EEA that have no row of their own.
_GDPR = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "EU", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU",
    "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
})  # fmt: skip


class Kind(StrEnum):
    """What a law asks, in the order in which it is to be looked at."""

    OPEN = "no_fixed_time"
    PEOPLE = "people_only"
    DEADLINE = "deadline"
    UNKNOWN = "not_known"
    NONE = "no_duty_seen"


class Moments(NamedTuple):
    """When the breach was first noticed, and when the organisation was reasonably sure of it."""

    detected: datetime
    aware: datetime
    #: Whether the second was given; otherwise it is taken to be the first.
    is_aware_given: bool


class Line(NamedTuple):
    """What the law of one place asks."""

    place: str
    kind: Kind
    #: The row of the law that applied when the breach was noticed; empty when none is known.
    row: Row
    #: When its clock started, and the last moment; None for words without a number.
    start: datetime | None = None
    deadline: datetime | None = None
    #: What else has a last moment, though it is no deadline for the notice: an assessment, a time that guidance expects.
    other: str = ""
    other_by: datetime | None = None
    #: Why nothing is known.
    why: str = ""


def pack() -> Pack:
    """The pack that holds the clocks, as it comes with policycheck."""
    return next(pack for pack in shipped() if pack.id == PACK)


def table(found: Pack) -> Table:
    """Its rows by jurisdiction, the oldest first."""
    rows: Table = found.tables["breach_clocks"]
    return rows


def moment(text: str, option: str) -> datetime:
    """The moment that an option names, with its offset. Raises UsageError, which says how to write one."""
    match = _MOMENT.fullmatch(text.strip())
    example = "2026-11-20T09:00Z or 2026-11-20T10:00+01:00"
    if match is None:
        raise UsageError(f"{option} {text!r} is not a moment; write it as {example}")
    if match[3] is None:
        raise UsageError(f"{option} {text!r} has no time zone; add Z for UTC or the offset, as in {example}")
    try:
        found = datetime.fromisoformat(f"{match[1]}T{match[2]}{match[3].upper()}")
        found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(f"{option} {text!r} names no moment there is; write it as {example}") from None
    return found


def moments(detected: datetime, aware: datetime | None) -> Moments:
    """Both moments. Raises UsageError when somebody would have been sure of a breach before noticing it."""
    if aware is not None and aware < detected:
        raise UsageError("--aware lies before --detected: nobody is sure of a breach before the first sign of it")
    return Moments(detected, aware or detected, aware is not None)


def places(asked: Iterable[str], known: Table) -> list[str]:
    """Jurisdictions that a call names, with commas between, each once. Raises UsageError for what is none.

    One without a row is taken: the others must not wait for it, and its line says that nothing is held.
    """
    found: dict[str, None] = {}
    for name in (part.strip() for text in asked for part in text.split(",")):
        if not name:
            raise UsageError("--jurisdictions holds a blank name; write it as GB,CO")
        code = name.upper()
        if not _is_place(code):
            raise UsageError(_no_place(name, known))
        found[code] = None
    return list(found)


def _is_place(code: str) -> bool:
    """Whether a manifest could name it as a jurisdiction."""
    pattern: str = schema(v1.SCHEMA)["definitions"]["Jurisdiction"]["pattern"]
    return re.search(pattern, code) is not None


def _no_place(name: str, known: Table) -> str:
    """Why a name is not taken, what may be meant, and what is known."""
    listed = ", ".join(sorted(known))
    names = {str(rows[-1]["name"]): code for code, rows in known.items()}
    if name.upper() == "EU":
        hint = ": name its member states. GDPR art. 33 and 34 apply there, see ES for the clock and look up the authority."
    elif name.upper() in _ALSO:
        hint = f"; did you mean {_ALSO[name.upper()]!r}?"
    elif (country := name.upper().partition("-")[0]) in known:
        hint = f"; did you mean {country!r}?"
    else:
        close = suggest(name, [*names, *known])
        hint = next((f"; did you mean {names[n]!r} ({n})?" for n in names if repr(n) in close), close)
    said = f"{name!r} is no ISO 3166 code of a jurisdiction, such as GB or CA-QC{hint or '.'}"
    return f"{said} Clocks are held for {listed}"


def lines(known: Table, wanted: Iterable[str], run: Moments) -> list[Line]:
    """What each place asks, in the order of the kinds, deadlines from the soonest on.

    Raises UsageError when a deadline lies beyond what a calendar holds.
    """
    try:
        found = [line(known, place, run) for place in wanted]
    except OverflowError:
        raise UsageError("a deadline lies beyond the year 9999; check --detected and --aware") from None
    return sorted(found, key=_urgency)


_FAR = datetime.max.replace(tzinfo=UTC)


def _urgency(one: Line) -> tuple[int, datetime, str]:
    return list(Kind).index(one.kind), one.deadline or one.other_by or _FAR, one.place


def line(known: Table, place: str, run: Moments) -> Line:
    """What the law of one place asks of a breach noticed then."""
    rows = known.get(place) or _of_the_whole(place, known)
    if not rows:
        return Line(place, Kind.UNKNOWN, {}, why=_outside(place, known))
    day = run.detected.astimezone(UTC).date().isoformat()
    row = next((r for r in rows if r["from"] <= day < (r.get("until") or "9999-12-31")), None)
    if row is None:
        why = f"the rows held for it begin on {rows[0]['from']}; nothing is known before, so its law must be looked up"
        return Line(place, Kind.UNKNOWN, {}, why=why)
    if row["duty"] == "none":
        return Line(place, Kind.NONE, row)
    start = run.aware if row.get("starts") == "aware" else run.detected
    if row["duty"] == "people_only":
        return Line(place, Kind.PEOPLE, row, start)
    if row["clock"] == "open":
        return Line(place, Kind.OPEN, row, start, None, *_beside(row, run))
    return Line(place, Kind.DEADLINE, row, start, deadline(row, start))


def _of_the_whole(place: str, known: Table) -> Sequence[Row]:
    """The rows of the country for a part of it, where its law counts for all parts: where it counts hours or working days.

    As the rules of the pack have it, so that `check` and the clocks time the same places.
    """
    rows = known.get(place.partition("-")[0], ())
    return rows if all(row["clock"] in ("hours", "working_days") for row in rows) else ()


_LOOK = "no clock of this place is held here, so its law must be looked up"


def _outside(place: str, known: Table) -> str:
    country = place.partition("-")[0]
    if country in known and country != place:
        return f"only the law of {country} as a whole is held (see {country}); a part may have a law of its own: look it up"
    if place.partition("-")[0] in _GDPR:
        return f"{_LOOK}. GDPR art. 33 and 34 apply in the EU and the EEA: see ES for the clock; the authority is another"
    return f"{_LOOK}. It is not one of the sixteen jurisdictions of the pack, which says nothing of a duty there"


def _beside(row: Row, run: Moments) -> tuple[str, datetime | None]:
    """A last moment that is no deadline for the notice itself."""
    if row.get("assess_days"):
        return f"assess within {row['assess_days']} days", run.detected + timedelta(days=row["assess_days"])
    if row.get("guide_hours"):
        return f"expected within {row['guide_hours']} hours, as a guide", run.aware + timedelta(hours=row["guide_hours"])
    return "", None


def deadline(row: Row, start: datetime) -> datetime:
    """The last moment: hours from the start, or the end of the last working day by the date of the place."""
    if row["clock"] == "hours":
        return start.astimezone(UTC) + timedelta(hours=row["value"])
    local = start.astimezone(_offset(row["utc_offset"]))
    return datetime.combine(working_day(local, row["value"]), time(23, 59, 59), local.tzinfo)


def working_day(start: datetime, count: int) -> datetime:
    """The `count`-th day from Monday to Friday after the day of `start`."""
    day = start
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


def _offset(text: str) -> timezone:
    match = _OFFSET.fullmatch(text)
    assert match is not None, text
    length = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return timezone(-length if match[1] == "-" else length)


def remaining(until: datetime, now: datetime) -> str:
    """How long until a moment, in words a tired reader takes in: `in 41 h 20 min`, `passed 3 h 05 min ago`."""
    seconds = (until - now) / timedelta(seconds=1)
    minutes = int(abs(seconds) // 60)
    hours, rest = divmod(minutes, 60)
    days, over = divmod(hours, 24)
    length = f"{days} d {over} h" if days > 4 else f"{hours} h {rest:02} min"
    return f"in {length}" if seconds >= 0 else f"passed {length} ago"
