"""policycheck forecast"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policycheck.cli._configured import configuration_options

if TYPE_CHECKING:
    from policycheck.forecast import Event
    from policycheck.model import Failure, Options

FORMAT = "policycheck-forecast/1"


@click.command("forecast", short_help="Tell what goes stale, and when.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--days", type=click.IntRange(1, 730), default=90, show_default=True, help="How far to look ahead.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
              help="What is printed.")  # fmt: skip
@click.option("--criteria", multiple=True, metavar="ID", help="Only these documents, packs or expectations (CJS24,JS23).")
@click.option("--rules", multiple=True, type=click.Path(path_type=Path), metavar="DIR", help="Add a pack of your own.")
@click.option("--root", type=click.Path(path_type=Path), metavar="DIR", help="Nothing above this folder is read.")
@click.option("--no-evidence", is_flag=True, help="Read no artefacts: everything is as declared.")
@click.option("--as-of", metavar="DATE", help="The date to look ahead from (default: today, UTC).")
@configuration_options
def command(paths: tuple[str, ...], **options: Any) -> int:
    """Print a calendar of what will begin to block while nobody touches the manifest.

    Reviews that fall due, exceptions and contracts that run out, evidence that grows old, warnings that end. A day is the
    first on which `policycheck check` would fail for it. Days are dates in UTC.

    \b
    policycheck forecast
    policycheck forecast --days 365 services/
    policycheck forecast --as-of 2027-01-01 --format json

    Exit codes: 0 the calendar was printed, 3 invalid input, 4 nothing to check, 5 incomplete.
    """
    from policycheck.cli import _say, _say_problems
    from policycheck.cli._configured import filled, judging
    from policycheck.cli._output import print_lines
    from policycheck.errors import INCOMPLETE, INVALID, strongest

    options, configured = filled(options)
    worker, found = judging(paths, options, configured)
    calendars = [_Calendar(worker, path, options["days"]) for path in found.manifests]
    problems = [*found.problems, *(p for one in calendars for p in one.problems)]
    failures = dict.fromkeys(failure for one in calendars for failure in one.failures)
    judged = [one for one in calendars if not one.problems]
    print_lines(*(_json(judged, worker.options, options["days"]) if options["form"] == "json" else _text(judged)))
    _say_problems(problems)
    for failure in failures:
        _say(f"policycheck: incomplete: {failure.what}: {failure.why}")
    return strongest({INVALID} if problems else {INCOMPLETE} if failures else {0})


class _Calendar:
    """One manifest's calendar, or what is wrong with the manifest."""

    def __init__(self, worker: Any, path: Path, days: int) -> None:
        from policycheck import run
        from policycheck.forecast import Days, calendar, days_of

        self.worker, here = worker, worker.settings.here
        root, self.manifest, other = run.named(path, here, worker.settings.root)
        self.view = run.View(worker.header, {}, other, str(here))
        self.failures: list[Failure] = []
        self.events: list[Event] = []
        self.blocking = 0
        options = worker.options
        first, problems = run.read(path, self.manifest, root, options.as_of, worker.criteria)
        self.problems = run.moved(problems, other, str(here))
        if first is None:
            return
        self.organization = first.data["organization"]
        judged = Days(first, worker.criteria, options, worker.known)
        wanted = days_of(first.data, options, days, worker.criteria.tables(options.as_of))
        self.last, self.blocking = wanted[-1], judged.blocking
        self.events = calendar(judged.judge, options, wanted, judged.explained)
        self.failures = judged.failures

    def place(self, event: Event) -> str:
        """Where the finding stands, from the current folder."""
        at = event.finding.location
        return f"{self.view.path(at.path)}:{at.line}:{at.column}" if at else self.view.path(self.manifest)


def _text(calendars: list[_Calendar]) -> list[str]:
    from policycheck.cli._output import style
    from policycheck.formats._terminal import harmless, wrap

    shown = style()
    lines: list[str] = []
    for one in calendars:
        name = harmless(one.organization.get("name") or one.organization.get("id"))
        as_of, count = one.worker.options.as_of, one.blocking
        head = f"{name}: {one.view.path(one.manifest)}, from {as_of} to {one.last}"
        lines += [*([""] if lines else []), *wrap(head, shown, "", "  ")]
        lines += [f"  {count} finding{'s' * (count != 1)} block{'s' * (count == 1)} already", ""]
        for event in one.events:
            finding = event.finding
            subject = f"{finding.subject.kind} {finding.subject.id}"
            lines += wrap(f"{event.day} {finding.severity.value} {finding.rule} · {subject}", shown, "", "    ")
            lines += wrap(one.place(event), shown, "           ", "    ")
            lines += wrap(event.why, shown, "           ", "           ")
        lines += [] if one.events else ["nothing more begins to block"]
    return lines


def _json(calendars: list[_Calendar], options: Options, days: int) -> list[str]:
    import json

    manifests = [
        {
            "manifest": one.manifest, "organization": one.organization.get("id"), "blocking": one.blocking,
            "opens": [_event(event) for event in one.events],
        }
        for one in calendars
    ]  # fmt: skip
    whole = {"format": FORMAT, "as_of": options.as_of, "days": days, "manifests": manifests}
    return json.dumps(whole, indent=2, ensure_ascii=True).splitlines()


def _event(event: Event) -> dict[str, Any]:
    finding, at = event.finding, event.finding.location
    return {
        "date": event.day, "id": finding.id, "rule": finding.rule, "severity": finding.severity.value,
        "outcome": finding.outcome.value, "subject": {"kind": finding.subject.kind, "id": finding.subject.id},
        "location": {"path": at.path, "line": at.line, "column": at.column} if at else None, "why": event.why,
    }  # fmt: skip
