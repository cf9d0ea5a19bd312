"""policycheck baseline write | prune | show"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from policycheck.baseline import Baseline
    from policycheck.model import Finding
    from policycheck.packs import Criteria
    from policycheck.run import Worker

DEFAULT = ".policycheck-baseline.yaml"
_FILE = click.option("--file", "target", type=click.Path(path_type=Path, dir_okay=False), default=DEFAULT, show_default=True,
                     metavar="FILE", help="The baseline.")  # fmt: skip
_RULES = click.option(
    "--rules", multiple=True, type=click.Path(path_type=Path), metavar="DIR", help="Add a pack of your own."
)
_AS_OF = click.option("--as-of", metavar="DATE", help="The date of the evaluation (default: today, UTC).")
_NO_EVIDENCE = click.option("--no-evidence", is_flag=True, help="Read no artefacts.")


@click.group("baseline", short_help="Freeze the gaps there are, so that a gate stops only new ones.")
def command() -> None:
    """Freeze the gaps there are, so that a gate stops only new ones.

    \b
    policycheck baseline write                      # once; commit the file, add owner and due_on to its entries
    policycheck check --baseline .policycheck-baseline.yaml
    policycheck baseline prune                      # after gaps were closed
    policycheck baseline show
    """


@command.command("write")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@_FILE
@_RULES
@_AS_OF
@_NO_EVIDENCE
@click.option("--new-rules", is_flag=True, help="Add only the gaps of rules that are newer than the baseline.")
@click.option("--force", is_flag=True, help="Replace a baseline that is there; what people noted in it is kept.")
def write(paths: tuple[str, ...], target: Path, new_rules: bool, force: bool, **options: Any) -> int:
    """Write down the gaps and unknowns there are now."""
    from policycheck.errors import UsageError

    is_there = target.exists()
    if is_there and not (force or new_rules):
        raise UsageError(f"{target} is already there; --force replaces it, --new-rules adds what new rules found")
    if new_rules and not is_there:
        raise UsageError(f"{target} is not there; write it without --new-rules first")
    worker = _worker(options)
    criteria, as_of = worker.criteria, worker.settings.options.as_of
    known = _load(target, criteria) if is_there else None
    found = _open(_results(worker, paths))
    kept = set(known.gaps) if known is not None and new_rules else set()
    named = known.rules if known is not None else frozenset()
    chosen = [(o, f) for o, f in found if not new_rules or f.id in kept or f.rule not in named]
    _put(target, chosen, known, criteria, as_of)
    click.echo(f"wrote {target}: {len(chosen)} gaps and unknowns")
    return 0


@command.command("prune")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@_FILE
@_RULES
@_AS_OF
@_NO_EVIDENCE
def prune(paths: tuple[str, ...], target: Path, **options: Any) -> int:
    """Take out the entries whose gap is gone. New gaps are not added."""
    worker = _worker(options)
    criteria, as_of = worker.criteria, worker.settings.options.as_of
    known = _load(target, criteria)
    results = _results(worker, paths)
    found, judged = _open(results), {str(result.organization["id"]) for result in results}
    still = {finding.id: (organization, finding) for organization, finding in found}
    kept = [still[key] for key in known.gaps if key in still]
    others = [dict(entry) for entry in known.gaps.values() if entry.get("organization") not in judged]
    _put(target, kept, known, criteria, as_of, others, rules=known.rules)
    click.echo(f"wrote {target}: {len(kept) + len(others)} left, {len(known.gaps) - len(kept) - len(others)} taken out")
    return 0


@command.command("show")
@_FILE
@_RULES
@_AS_OF
def show(target: Path, rules: tuple[Path, ...], as_of: str | None) -> int:
    """Print what the baseline holds, with its age and what is overdue. Rules have today's names."""
    from datetime import date

    from tabulate import tabulate

    from policycheck.cli._output import as_of as date_of
    from policycheck.cli._output import print_lines
    from policycheck.cli.rules import criteria_of
    from policycheck.formats._terminal import harmless

    known, today = _load(target, criteria_of(rules)), date_of(as_of)
    rows = []
    for entry in known.gaps.values():
        age = (date.fromisoformat(today) - date.fromisoformat(str(entry.get("since")))).days
        due = str(entry.get("due_on") or "")
        shown = f"{due} overdue" if due and today > due else due
        row = (
            entry.get("severity"),
            entry.get("rule"),
            entry.get("subject"),
            f"{age} days",
            entry.get("owner") or "",
            shown,
        )
        rows.append([harmless(cell) for cell in row])
    table = tabulate(rows, headers=("severity", "rule", "subject", "age", "owner", "due"), disable_numparse=True)
    print_lines(*table.splitlines(), "", f"{len(rows)} known gaps and unknowns, written {known.written_on}")
    return 0


def _load(path: Path, criteria: Criteria) -> Baseline:
    from policycheck.run import load_baseline

    return load_baseline(path, criteria)


def _settings(options: dict[str, Any]) -> Any:
    from policycheck.cli._output import as_of, current_folder
    from policycheck.model import Options
    from policycheck.run import Settings

    asked = Options(as_of=as_of(options["as_of"]), evidence=not options["no_evidence"])
    return Settings(here=current_folder(), options=asked, rules=tuple(p.resolve() for p in options["rules"]))


def _worker(options: dict[str, Any]) -> Worker:
    from policycheck.run import Worker

    return Worker(_settings(options), keep=True)


def _results(worker: Worker, paths: tuple[str, ...]) -> list[Any]:
    from policycheck import sources
    from policycheck.errors import InvalidInput
    from policycheck.run import Run, in_turn

    run = Run(worker, sources.find(paths, worker.settings.here))
    results = [part.result for part in run.parts(in_turn) if part.result is not None]
    if run.told:
        raise InvalidInput(run.told)
    return results


def _open(results: list[Any]) -> list[tuple[str, Finding]]:
    from policycheck.model import Outcome

    both = (Outcome.GAP, Outcome.UNKNOWN)
    return [
        (str(result.organization["id"]), finding)
        for result in results
        for finding in result.findings
        if finding.outcome in both and finding.exception is None
    ]


def _put(
    target: Path, chosen: list[tuple[str, Finding]], known: Baseline | None, criteria: Any, as_of: str,
    others: list[dict[str, Any]] | None = None, rules: frozenset[str] | None = None,
) -> None:  # fmt: skip
    from policycheck import baseline
    from policycheck.cli._output import Sink

    before = known.gaps if known is not None else {}
    entries = [baseline.entry_of(f, organization, as_of, before.get(f.id)) for organization, f in chosen] + (others or [])
    packs = {pack.id: pack.digest for pack in criteria.packs}
    sink = Sink(str(target))
    sink.write(baseline.written(entries, rules or criteria.every_rule, packs, as_of).encode())
    sink.commit()
