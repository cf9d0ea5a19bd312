"""policycheck breach-clock"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime, tzinfo

    from policycheck.breach import Line, Moments
    from policycheck.packs import Pack

FORMAT = "policycheck-breach-clock/1"
DISCLAIMER = "Not legal advice: check the statute. Whether a duty applies at all is for a person to decide."
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_READ = {
    "authority": "the authority's own page",
    "copy": "the statute, in a third party's copy",
    "account": "third parties' accounts, not the statute",
    "vendor": "a seller's page only: low confidence",
}


@click.command("breach-clock", short_help="Who must be told of a breach by when, with the source of each line.")
@click.option("--detected", required=True, metavar="MOMENT", help="When it was first noticed: 2026-11-20T09:00Z.")
@click.option("--aware", metavar="MOMENT", help="When you were reasonably sure of it (default: when it was detected).")
@click.option("--jurisdictions", "asked", multiple=True, metavar="CODES", help="Where the people live: GB,CO,AU.")
@click.option("--from", "manifest", metavar="MANIFEST", help="The jurisdictions that a manifest declares.")
@click.option("--at", metavar="MOMENT", help="Also say how long there is from this moment on.")
@click.option("--zone", metavar="NAME", help="Also show the times in this zone, such as Europe/London.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
              help="What is printed.")  # fmt: skip
def command(
    detected: str,
    aware: str | None,
    asked: tuple[str, ...],
    manifest: str | None,
    at: str | None,
    zone: str | None,
    form: str,
) -> int:
    """Print for each jurisdiction who is told, by when, what starts the clock, when people are told, and where it was read.

    Sixteen jurisdictions are known, those of the concluding joint statement on data scraping. What is to be done at once
    comes first, then deadlines from the soonest on, then places without a duty that was seen. No clock is read: the same
    call prints the same lines.

    \b
    policycheck breach-clock --detected 2026-11-20T09:00Z --jurisdictions GB,CO,AU
    policycheck breach-clock --detected 2026-11-20T09:00Z --from policycheck.yaml --zone Europe/Madrid

    A place of which no clock is held here gets a line that says so: its law must be looked up.

    Exit codes: 0 printed, 2 usage, 3 the manifest is invalid, 4 there is none to read, 5 printed, but not of every place a
    clock is held.
    """
    from policycheck import breach
    from policycheck.cli import _say
    from policycheck.cli._output import print_lines, style
    from policycheck.errors import INCOMPLETE, OK, UsageError

    found = breach.pack()
    known = breach.table(found)
    sure = breach.moment(aware, "--aware") if aware is not None else None
    run = breach.moments(breach.moment(detected, "--detected"), sure)
    now = breach.moment(at, "--at") if at is not None else None
    shown = _zone(zone)
    wanted = [*breach.places(asked, known), *(_declared(manifest, run) if manifest is not None else ())]
    if not wanted:
        raise UsageError(f"name the places with --jurisdictions GB,CO or --from MANIFEST; known: {', '.join(sorted(known))}")
    lines = breach.lines(known, dict.fromkeys(wanted), run)
    _held_by_the_calendar(lines, shown)
    if form == "json":
        print_lines(*_json(found, lines, run, now, zone))
    else:
        print_lines(*_text(lines, run, now, shown, zone or "", style()))
    lacking = [one.place for one in lines if one.kind is breach.Kind.UNKNOWN]
    if lacking:
        _say(f"policycheck: incomplete: no breach clock is held for {', '.join(lacking)}; look up the law there")
    return INCOMPLETE if lacking else OK


def _zone(name: str | None) -> tzinfo | None:
    """A time zone by name. Raises UsageError when this machine does not know it."""
    if name is None:
        return None
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from policycheck.errors import UsageError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        said = (
            "names are like Europe/London and come from the system's time zone data (pip install tzdata, if there is none)"
        )
        raise UsageError(f"--zone {name!r} is not known here; {said}") from None


def _held_by_the_calendar(lines: list[Line], zone: tzinfo | None) -> None:
    """Raise UsageError before anything is printed, where a last moment has no local time."""
    from policycheck.errors import UsageError

    try:
        for moment in (moment for one in lines for moment in (one.deadline, one.other_by) if moment is not None):
            moment.astimezone(zone)
    except OverflowError:
        raise UsageError("a deadline lies beyond the year 9999 in --zone; check --detected and --aware") from None


def _declared(path: str, run: Moments) -> list[str]:
    """The jurisdictions of the manifests at a path. Raises InvalidInput or UsageError when there are none to read."""
    from datetime import UTC

    from policycheck import sources
    from policycheck.cli._output import current_folder
    from policycheck.errors import InvalidInput, UsageError
    from policycheck.run import moved, named, read

    here, day = current_folder(), run.detected.astimezone(UTC).date().isoformat()
    found = sources.find((path,), here, None)
    problems, places = list(found.problems), list[str]()
    for one in found.manifests:
        root, shown, other = named(one, here, None)
        manifest, wrong = read(one, shown, root, day)
        problems += moved(wrong, other, str(here))
        declared = manifest.data["organization"].get("jurisdictions") if manifest is not None else None
        places += declared or ()
    if problems:
        raise InvalidInput(problems)
    if not places:
        raise UsageError(f"--from {path}: organization.jurisdictions is not declared; name the places with --jurisdictions")
    return places


# --- as text ---------------------------------------------------------------------------------------------------


def _text(
    lines: list[Line], run: Moments, now: datetime | None, zone: tzinfo | None, name: str, style: dict[str, Any]
) -> Iterator[str]:
    from policycheck.formats._terminal import wrap

    yield from wrap(DISCLAIMER, style, "", "")
    sure = (
        f"certain {_when(run.aware)}" if run.is_aware_given else "taken to be certain then too, since --aware is not given"
    )
    yield from wrap(f"Noticed {_when(run.detected)}; {sure}.", style, "", "")
    yield ""
    width = max(5, *(len(one.place) for one in lines))
    for one in lines:
        yield from wrap(f"{_by(one):24}  {one.place:{width}} {_short(one, now)}", style, "", " " * (27 + width))
    for one in lines:
        yield ""
        yield from _detail(one, now, zone, name, style)


_BY = {
    "no_fixed_time": "at once",
    "people_only": "at once",
    "no_duty_seen": "no statutory duty seen",
    "not_known": "not known",
}


def _by(one: Line) -> str:
    return _when(one.deadline) if one.deadline is not None else _BY[one.kind]


def _short(one: Line, now: datetime | None) -> str:
    """Who is told, in a few words, and how long there is."""
    from policycheck.breach import remaining

    name = str(one.row.get("name", ""))
    if one.kind == "people_only":
        return f"{name}: the people concerned"
    if one.kind == "not_known":
        return "no clock is held here: look up its law"
    if one.kind not in ("deadline", "no_fixed_time"):
        return name
    authority = str(one.row["authority"])
    told = f"{name}: {authority.rpartition('(')[2].rstrip(')')}"
    if one.deadline is None:
        return told
    doubt = ", in doubt" if one.row["doubted"] is not False else ""
    return f"{told}{doubt}" + (f", {remaining(one.deadline, now)}" if now is not None else "")


def _detail(one: Line, now: datetime | None, zone: tzinfo | None, name: str, style: dict[str, Any]) -> Iterator[str]:
    from policycheck.formats._terminal import paint, wrap

    yield paint(f"{one.place}  {one.row.get('name', 'not known')}", "bold", style)
    for label, value in _facts(one, now, zone, name):
        yield from wrap(value, style, f"  {label:8}  ", " " * 12)


def _facts(one: Line, now: datetime | None, zone: tzinfo | None, name: str) -> Iterator[tuple[str, str]]:
    row = one.row
    if not row:
        yield "Note", one.why
        return
    if one.deadline is not None:
        yield "By", _last(one.deadline, now, zone, name)
        yield "Counted", _counted(one)
    yield "Law", f"{row['words']} ({row['statute']})"
    if one.other_by is not None:
        yield "Also", f"{one.other}: by {_last(one.other_by, now, zone, name)}"
    if one.kind in ("deadline", "no_fixed_time"):
        yield "Tell", str(row["authority"]) + (f"; its successor: {row['successor']}" if row.get("successor") else "")
        yield from ((("File at", str(row["file_at"])),) if row.get("file_at") else ())
    if row.get("threshold"):
        yield "If", str(row["threshold"])
    if row.get("start"):
        yield "Starts", str(row["start"])
    yield "People", str(row["people"])
    yield "Source", str(row["source"])
    yield "Seen", _seen(row)
    yield "Note", str(row["note"])


def _counted(one: Line) -> str:
    assert one.start is not None
    doubt = "; the number is in doubt" if one.row["doubted"] is not False else ""
    if one.row["clock"] == "hours":
        return f"{one.row['value']} hours from {_when(one.start)}, nights and weekends included{doubt}"
    assert one.deadline is not None
    last = f"{_DAYS[one.deadline.weekday()]} {one.deadline.date().isoformat()}"
    days = f"{one.row['value']} working days, Monday to Friday, after the day it was noticed: to the end of {last}"
    return f"{days} at UTC{one.row['utc_offset']}. Public holidays are not known here: it may be later{doubt}"


def _seen(row: Mapping[str, Any]) -> str:
    parts = "in part; " if row["seen"] == "VP" else ""
    return f"{parts}{_READ[row['read']]}. Held to apply from {row['from']}"


def _last(moment: datetime, now: datetime | None, zone: tzinfo | None, name: str) -> str:
    from policycheck.breach import remaining

    local = f" = {_stamp(moment.astimezone(zone))} {name}" if zone is not None else ""
    left = f", {remaining(moment, now)}" if now is not None else ""
    return f"{_when(moment)}{local}{left}"


def _when(moment: datetime) -> str:
    from datetime import UTC

    return f"{_stamp(moment.astimezone(UTC))} UTC"


def _stamp(moment: datetime) -> str:
    """Weekday, date and time, rounded down to the minute: a deadline must not look later than it is."""
    return f"{_DAYS[moment.weekday()]} {moment.date().isoformat()} {moment.hour:02}:{moment.minute:02}"


# --- as data ---------------------------------------------------------------------------------------------------


def _json(found: Pack, lines: list[Line], run: Moments, now: datetime | None, zone: str | None) -> list[str]:
    import json

    whole = {
        "format": FORMAT,
        "disclaimer": DISCLAIMER,
        "pack": {"id": found.id, "version": found.version, "digest": found.digest},
        "detected_at": _utc(run.detected),
        "aware_at": _utc(run.aware),
        "aware_is_assumed": not run.is_aware_given,
        "at": _utc(now),
        "is_whole": all(one.kind != "not_known" for one in lines),
        "lines": [_line(one, now, zone) for one in lines],
    }
    return json.dumps(whole, indent=2, ensure_ascii=True).splitlines()


_TOLD = (
    "name", "statute", "authority", "successor", "clock", "value", "words", "threshold", "start", "people", "source",
    "file_at", "seen", "read", "from", "until", "note",
)  # fmt: skip


def _line(one: Line, now: datetime | None, zone: str | None) -> dict[str, Any]:
    said = {
        "jurisdiction": one.place, "kind": one.kind.value, "deadline": _utc(one.deadline), "started_at": _utc(one.start),
        "deadline_local": one.deadline.astimezone(_zone(zone)).isoformat() if zone and one.deadline else None,
        "also": {"what": one.other, "by": _utc(one.other_by)} if one.other_by else None,
        "seconds_left": int((one.deadline - now).total_seconds()) if one.deadline and now else None,
        "number_in_doubt": one.row["doubted"] is not False if one.deadline else None, "why": one.why or None,
    }  # fmt: skip
    return said | {key: one.row.get(key) for key in _TOLD}


def _utc(moment: datetime | None) -> str | None:
    from datetime import UTC

    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
