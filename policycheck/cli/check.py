"""policycheck check"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policycheck import rooms

if TYPE_CHECKING:
    from policycheck.cli._output import Sinks
    from policycheck.run import Run

_FORMATS = click.Choice(rooms.names("formats"))


@click.command("check", short_help="Judge manifests and report the gaps.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--format", "format_", type=_FORMATS, default="text", show_default=True, help="What is printed.")
@click.option("--output", "outputs", multiple=True, metavar="[FORMAT=]FILE",
              help="Write a format to a file, any number of times; without FORMAT=, the one --format.")  # fmt: skip
@click.option("--by", type=click.Choice(["finding", "expectation"]), default="finding", show_default=True,
              help="What text and table go by; expectation gives the documents' paragraphs in order.")  # fmt: skip
@click.option("--criteria", multiple=True, metavar="ID", help="Only these documents, packs or expectations (CJS24,JS23).")
@click.option("--rules", multiple=True, type=click.Path(path_type=Path), metavar="DIR", help="Add a pack of your own.")
@click.option("--root", type=click.Path(path_type=Path), metavar="DIR", help="Nothing above this folder is read.")
@click.option("--fail-on", type=click.Choice(["high", "medium", "low"]), default="low", show_default=True,
              help="The least severity that makes the exit code 1.")  # fmt: skip
@click.option("--allow-unknown", is_flag=True, help="Unknowns do not block.")
@click.option("--min-assurance", type=click.Choice(["declared", "supported", "verified"]), default="declared",
              show_default=True, help="A met expectation with less behind it becomes unknown.")  # fmt: skip
@click.option("--no-equivalents", is_flag=True, help="Measures that stand in for a named example do not count.")
@click.option("--no-evidence", is_flag=True, help="Read no artefacts: everything is as declared.")
@click.option("--as-of", metavar="DATE", help="The date of the evaluation (default: today, UTC).")
@click.option("--baseline", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Gaps that this file knows do not block (policycheck baseline write).")  # fmt: skip
@click.option("--strict-baseline", is_flag=True, help="Entries of the baseline whose gap is gone block too.")
@click.option("--exit-zero", is_flag=True, help="Exit 0 instead of 1. Invalid input still exits 3.")
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

    \b
    Exit codes: 0 nothing at or above --fail-on   1 gaps or unknowns   2 usage   3 invalid input
                4 nothing to check   5 incomplete   70 our bug   130 interrupted
    """
    from policycheck import sources
    from policycheck.run import Run, Worker

    settings, targets = _settings(options)
    found = sources.find(paths, settings.here, settings.root)
    worker = Worker(settings)
    run = Run(worker, found)
    _refuse_overwriting(targets, found.manifests)
    run.strict_baseline = options["strict_baseline"]
    with _sinks(targets) as sinks:
        code = _stream(run, sinks, options["jobs"])
    _aside(run, options["verbose"])
    return code


def _settings(options: dict[str, Any]) -> tuple[Any, list[tuple[str, str]]]:
    from policycheck.cli._output import as_of, current_folder, root_folder, style
    from policycheck.model import Assurance, Options, Severity
    from policycheck.run import Settings

    targets = _targets(options["format_"], options["outputs"])
    asked = Options(
        as_of=as_of(options["as_of"]),
        criteria=_criteria(options["criteria"]),
        fail_on=Severity(options["fail_on"]),
        allow_unknown=options["allow_unknown"],
        min_assurance=Assurance(options["min_assurance"]),
        equivalents=not options["no_equivalents"],
        evidence=not options["no_evidence"],
        exit_zero=options["exit_zero"],
    )
    settings = Settings(
        here=current_folder(), options=asked, root=root_folder(options["root"]),
        rules=tuple(p.resolve() for p in options["rules"]),
        formats=tuple(dict.fromkeys(name for name, _ in targets)), baseline=options["baseline"],
        style=style(options["verbose"], options["quiet"], options["by"]),
    )  # fmt: skip
    return settings, targets


def _criteria(given: tuple[str, ...]) -> tuple[str, ...]:
    from policycheck.errors import UsageError

    names = tuple(name.strip() for text in given for name in text.split(","))
    if not all(names):
        raise UsageError("--criteria holds a blank name; write it as CJS24,JS23")
    return names


def _targets(format_: str, outputs: tuple[str, ...]) -> list[tuple[str, str]]:
    from policycheck.errors import UsageError

    targets: list[tuple[str, str]] = []
    bare = ""
    for text in outputs:
        name, equals, file = text.partition("=")
        if equals and name in rooms.names("formats"):
            targets.append((name, file))
        elif equals and name.isidentifier():
            raise UsageError(f"--output {text}: no format {name!r}; there are {', '.join(rooms.names('formats'))}")
        elif bare:
            raise UsageError(f"--output {text}: only one file may go without FORMAT=, and {bare} already does")
        else:
            bare = text
    if any(not file for _, file in targets):
        raise UsageError("--output FORMAT=FILE needs a file")
    return [*targets, (format_, bare or "-")]


def _refuse_overwriting(targets: list[tuple[str, str]], manifests: list[Path]) -> None:
    from policycheck.errors import UsageError

    for _, target in targets:
        if Path(target).resolve() in manifests:
            raise UsageError(f"--output {target} would replace a manifest that is checked")


def _sinks(targets: list[tuple[str, str]]) -> Sinks:
    from policycheck.cli._output import Sinks

    sinks = Sinks()
    try:
        for name, target in targets:
            sinks.add(name, target)
    except BaseException:
        sinks.__exit__(ValueError, None, None)
        raise
    return sinks


def _stream(run: Run, sinks: Sinks, jobs: int) -> int:
    import gc

    from policycheck.run import View, Worker, in_turn

    if len(run.found.manifests) > 1:
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        gc.enable()
    view = View(run.worker.header, run.worker.settings.style)
    modules = run.worker.formats
    for name, sink in sinks.by_format:
        sink.write(modules[name].begin(view))
    # Standard input can be read by this process only.
    pooled = jobs > 1 and len(run.found.manifests) > 1 and Path("-") not in run.found.manifests
    pool = rooms.load("engines", "pool") if pooled else None
    parts = run.parts(
        lambda worker, paths: pool.run(Worker, worker.settings, paths, jobs) if pool else in_turn(worker, paths)
    )
    first = True
    for part in parts:
        for name, sink in sinks.by_format if part.rendered else ():
            sink.write((b"" if first else modules[name].SEPARATOR) + part.rendered[name])
        first = first and not part.rendered
    code = run.finish()
    for name, sink in sinks.by_format:
        sink.write(modules[name].end(view, run.totals))
    return code


def _aside(run: Run, verbose: bool) -> None:
    """What does not belong into a report: problems with files, failures of ours, what the walk passed over."""
    from policycheck.cli import REPORT_IT, _say, _say_problems
    from policycheck.errors import BUG, NOTHING

    _say_problems(run.totals.problems)
    for text in run.failures:
        _say(f"policycheck: incomplete: {text}")
    for text in run.fixed:
        _say(f"policycheck: baseline: {text} is fixed; take it out with policycheck baseline prune")
    if run.totals.exit_code == BUG:
        _say(REPORT_IT)
    if run.totals.exit_code == NOTHING:
        _say("policycheck: no must or should expectation applied; check organization.roles and the criteria")
    if verbose:
        for text in run.found.skipped:
            _say(f"skipped: {text}")
