"""policycheck check"""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policycheck import rooms
from policycheck.cli._configured import configuration_options

if TYPE_CHECKING:
    from policycheck.cli._against import Against
    from policycheck.cli._output import Sinks
    from policycheck.config import Configuration
    from policycheck.run import Run, Settings
    from policycheck.sources import Found

_FORMATS = click.Choice(rooms.names("formats"))


@click.command("check", short_help="Judge manifests and report the gaps.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--format", "format_", type=_FORMATS, default="text", show_default=True, metavar="NAME",
              help=f"What is printed: {', '.join(_FORMATS.choices)}.")  # fmt: skip
@click.option("--output", "outputs", multiple=True, metavar="[FORMAT=]FILE",
              help="Write a format to a file, any number of times; without FORMAT=, the one --format.")  # fmt: skip
@click.option(
    "--view", type=click.Choice(["gdpr", "owasp-oat"]), help="Text, table and markdown by what findings support there."
)
@click.option("--by", type=click.Choice(["finding", "expectation"]), default="finding", show_default=True,
              help="What text and table go by; expectation gives the documents' paragraphs in order.")  # fmt: skip
@click.option("--criteria", multiple=True, metavar="ID", help="Only these documents, packs or expectations (CJS24,JS23).")
@click.option("--rules", multiple=True, type=click.Path(path_type=Path), metavar="DIR", help="Add a pack of your own.")
@click.option("--root", type=click.Path(path_type=Path), metavar="DIR", help="Nothing above this folder is read.")
@click.option("--fail-on", type=click.Choice(["high", "medium", "low"]), default="low", show_default=True,
              help="The least severity that makes the exit code 1.")  # fmt: skip
@click.option("--allow-unknown/--no-allow-unknown", help="Unknowns do not block.")
@click.option("--min-assurance", type=click.Choice(["declared", "supported", "verified"]), default="declared",
              show_default=True, help="A met expectation with less behind it becomes unknown.")  # fmt: skip
@click.option("--no-equivalents", is_flag=True, help="Measures that stand in for a named example do not count.")
@click.option("--no-evidence", is_flag=True, help="Read no artefacts: everything is as declared.")
@click.option("--as-of", metavar="DATE", help="The date of the evaluation (default: today, UTC).")
@click.option("--baseline", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Gaps that this file knows do not block (policycheck baseline write).")  # fmt: skip
@click.option("--strict-baseline/--no-strict-baseline", help="Entries of the baseline whose gap is gone block too.")
@click.option("--against", metavar="REF", help="Also say what changed since a git ref; only what opened or worsened fails.")
@click.option("--previous", metavar="REPORT.json",
              help="Say on the first page of text, markdown and html what changed since that report.")  # fmt: skip
@click.option("--exit-zero", is_flag=True, help="Exit 0 instead of 1. Invalid input still exits 3.")
@click.option("--redact", is_flag=True, help="Leave values and quotations out of every document; ids and places stay.")
@click.option("--show-values", is_flag=True, help="Let SARIF, JUnit, GitLab and GitHub formats tell declared values.")
@configuration_options
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes.")
@click.option("--verbose", "-v", is_flag=True, help="Everything: met and not applicable, all facts, what was skipped.")
@click.option("--quiet", "-q", is_flag=True, help="One line a manifest.")
def command(paths: tuple[str, ...], **options: Any) -> int:
    """Judge manifests and report the gaps.

    PATH is a manifest, a fragment (the manifests that include it are judged) or a folder. No PATH means the manifest
    found here or above.

    \b
    policycheck check
    policycheck check --criteria CJS24 --fail-on high services/
    policycheck check --output json=report.json --output markdown=gaps.md
    policycheck check --as-of 2026-09-30        # last quarter's report again
    policycheck check --against main            # what this branch opens
    policycheck check --previous last.json --output html=report.html

    \b
    Exit codes: 0 nothing at or above --fail-on   1 gaps or unknowns   2 usage   3 invalid input
                4 nothing to check   5 incomplete   70 our bug   130 interrupted
    """
    from policycheck import sources
    from policycheck.cli._configured import filled, held_against
    from policycheck.cli._output import refuse_overwriting, sinks
    from policycheck.run import Run, Worker

    options, configured = filled(options)
    settings, outputs = _settings(options, configured)
    found = sources.find(paths, settings.here, settings.root, configured.excludes)
    against = _against(options["against"], settings, paths, found, configured)
    worker = Worker(against.settings if against else settings)
    held_against(worker.criteria, settings.options, configured)
    run = against.run(worker, found) if against else Run(worker, found)
    refuse_overwriting(outputs, found.manifests, "a manifest that is checked")
    deciding = [settings.here / file.path for _, file in settings.options.decided_by]
    refuse_overwriting(outputs, map(Path.resolve, deciding), "the configuration or baseline of this run")
    run.strict_baseline = options["strict_baseline"]
    run.targets = frozenset(str(Path(target).resolve()) for _, target in outputs if target != "-")
    with sinks(outputs) as opened:
        code = _stream(run, opened, options["jobs"])
        refuse_overwriting(outputs, map(Path, run.read), "a file that was read")
    _aside(run, options["verbose"], configured.settings["baseline"].value)
    if not all(getattr(module, "FROM_HERE", False) for module in run.worker.formats.values()):
        _tell_ambiguous(run.judged, settings)
    return against.verdict(options["quiet"]) if against else code


def _against(
    ref: str | None, settings: Settings, paths: tuple[str, ...], found: Found, configured: Configuration
) -> Against | None:
    if ref is None:
        return None
    from policycheck.cli._against import Against

    return Against(ref, settings, paths, found, configured.excludes)


def _settings(options: dict[str, Any], configured: Configuration) -> tuple[Any, list[tuple[str, str]]]:
    from policycheck.cli._configured import asked as configured_for
    from policycheck.cli._configured import decided_by
    from policycheck.cli._output import as_of, criteria_of, current_folder, root_folder, style, targets
    from policycheck.cli._previous import previous
    from policycheck.model import Options, Severity
    from policycheck.run import Settings

    outputs = targets([options["format_"]], options["outputs"])
    root, date = root_folder(options["root"]), as_of(options["as_of"])
    asked = Options(
        as_of=date,
        criteria=criteria_of(options["criteria"]),
        fail_on=Severity(options["fail_on"]),
        allow_unknown=options["allow_unknown"],
        equivalents=not options["no_equivalents"],
        evidence=not options["no_evidence"],
        exit_zero=options["exit_zero"],
        decided_by=decided_by(configured, options["baseline"]),
        **configured_for(options, configured, root, date),
    )
    settings = Settings(
        here=current_folder(), options=asked, root=root,
        rules=tuple(p.resolve() for p in options["rules"]),
        formats=tuple(dict.fromkeys(name for name, _ in outputs)), baseline=options["baseline"],
        previous=previous(options["previous"], outputs),
        style={
            **style(options["verbose"], options["quiet"], options["by"]),
            "show_values": options["show_values"], "redact": options["redact"], "view": options["view"],
        },
    )  # fmt: skip
    return settings, outputs


def _stream(run: Run, sinks: Sinks, jobs: int) -> int:
    from policycheck.cli._writer import Writer
    from policycheck.run import View, Worker, in_turn

    # The criteria stay to the end, so no collection need look at them; from here on there may be many manifests.
    gc.freeze()
    view = View(run.worker.header, run.worker.settings.style, since=run.worker.since)
    modules = run.worker.formats
    writers = [(name, Writer(modules[name], sink, view)) for name, sink in sinks.by_format]
    # Standard input can be read by this process only.
    pooled = jobs > 1 and len(run.found.manifests) > 1 and Path("-") not in run.found.manifests
    pool = rooms.load("engines", "pool") if pooled else None
    parts = run.parts(
        lambda worker, paths: pool.run(Worker, worker.settings, paths, jobs) if pool else in_turn(worker, paths)
    )
    for part in parts:
        for name, writer in writers if part.rendered else ():
            writer.add(part.rendered[name])
    code = run.finish()
    for _, writer in writers:
        writer.end(run.totals)
    return code


def _tell_ambiguous(judged: list[Path], settings: Settings) -> None:
    """Where no repository is around manifests, each has a root of its own, and two of one name cannot be told apart."""
    from collections import Counter

    from policycheck.cli import _say
    from policycheck.run import named

    names = [named(path, settings.here, settings.root)[1] for path in judged]
    twice = next((name for name, times in Counter(names).items() if times > 1), "")
    if twice:
        _say(
            f"policycheck: {twice} is several manifests with different roots, which this report cannot tell apart;"
            " name a folder above them all with --root"
        )


def _aside(run: Run, verbose: bool, configured: str) -> None:
    """What does not belong into a report: problems with files, failures of ours, what the walk passed over.

    `configured` is the baseline that a call without `--baseline` or `--file` takes.
    """
    from policycheck.cli import REPORT_IT, _say, _say_problems
    from policycheck.cli._configured import DEFAULT_BASELINE
    from policycheck.errors import BUG

    _say_problems(run.told)
    for text in run.failures:
        _say(f"policycheck: incomplete: {text}")
    file = run.worker.settings.baseline
    which = "" if file is None or file == Path(configured or DEFAULT_BASELINE) else f" --file {file}"
    for text in run.fixed:
        _say(f"policycheck: baseline: {text} is fixed; take it out with policycheck baseline prune{which}")
    if run.totals.exit_code == BUG:
        _say(REPORT_IT)
    for path in run.idle:
        _say(f"policycheck: {path}: no must or should expectation applied; check organization.roles and the criteria")
    if verbose:
        for text in run.found.skipped:
            _say(f"skipped: {text}")
