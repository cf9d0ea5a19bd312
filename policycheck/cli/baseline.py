"""policycheck baseline write | prune | show"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from policycheck.cli._configured import DEFAULT_BASELINE, configuration_options

if TYPE_CHECKING:
    from policycheck.baseline import Baseline
    from policycheck.model import Finding, Result
    from policycheck.packs import Criteria

_Function = TypeVar("_Function", bound=Callable[..., Any])
_FILE = click.option("--file", "target", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                     help=f"The baseline (default: the configured one, else {DEFAULT_BASELINE}).")  # fmt: skip
_RULES = click.option(
    "--rules", multiple=True, type=click.Path(path_type=Path), metavar="DIR", help="Add a pack of your own."
)
_AS_OF = click.option("--as-of", metavar="DATE", help="The date of the evaluation (default: today, UTC).")


def _judging(function: _Function) -> _Function:
    """What `write` and `prune` take: they judge as `check` does, under the same configuration."""
    criteria = click.option(
        "--criteria", multiple=True, metavar="ID", help="Only these documents, packs or expectations (CJS24,JS23)."
    )
    root = click.option("--root", type=click.Path(path_type=Path), metavar="DIR", help="Nothing above this folder is read.")
    no_evidence = click.option("--no-evidence", is_flag=True, help="Read no artefacts.")
    return _FILE(criteria(_RULES(root(_AS_OF(no_evidence(configuration_options(function)))))))


@click.group("baseline", short_help="Freeze the gaps there are, so that a gate stops only new ones.")
def command() -> None:
    """Freeze the gaps there are, so that a gate stops only new ones.

    \b
    policycheck baseline write                      # once; commit the file, add owner and due_on to its entries
    policycheck check --baseline .policycheck-baseline.yaml
    policycheck baseline prune                      # after gaps were closed
    policycheck baseline show

    What is judged, and how, is configured as for `check`. Entries of organisations and rules that a call does not judge
    stay as they are.
    """


@command.command("write")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@_judging
@click.option("--new-rules", is_flag=True, help="Add the gaps of rules that are newer than the baseline, and nothing else.")
@click.option("--force", is_flag=True, help="Replace a baseline that is there; what people noted in it is kept.")
def write(paths: tuple[str, ...], new_rules: bool, force: bool, **options: Any) -> int:
    """Write down the gaps and unknowns there are now."""
    from policycheck.errors import UsageError

    run = _Run(paths, options)
    is_there = run.target.exists()
    if is_there and not (force or new_rules):
        raise UsageError(f"{run.target} is already there; --force replaces it, --new-rules adds what new rules found")
    if new_rules and not is_there:
        raise UsageError(f"{run.target} is not there; write it without --new-rules first")
    known = _load(run.target, run.criteria) if is_there else None
    if known is None:
        kept, chosen = [], run.open()
    elif new_rules:
        kept = list(known.gaps.values())
        chosen = [(o, f) for o, f in run.open() if f.expectations and f.id not in known.gaps and f.rule not in known.rules]
    else:
        kept, chosen = [known.gaps[key] for key in run.unjudged(known)], run.open()
    entries = [*kept, *run.entries(chosen, known)]
    run.put(entries, known, run.criteria.every_rule)
    click.echo(f"wrote {run.target}: {len(entries)} {'gap or unknown' if len(entries) == 1 else 'gaps and unknowns'}")
    return 0


@command.command("prune")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@_judging
def prune(paths: tuple[str, ...], **options: Any) -> int:
    """Take out the entries whose gap is gone. Nothing else changes: what became worse since stays new."""
    run = _Run(paths, options)
    known = _load(run.target, run.criteria)
    stay = {finding.id for _, finding in run.open()} | run.unjudged(known)
    kept = [entry for key, entry in known.gaps.items() if key in stay]
    run.put(kept, known)
    click.echo(f"wrote {run.target}: {len(kept)} left, {len(known.gaps) - len(kept)} taken out")
    return 0


@command.command("show")
@_FILE
@_RULES
@_AS_OF
@configuration_options
def show(**options: Any) -> int:
    """Print what the baseline holds, with its age and what is overdue. Rules have today's names."""
    from datetime import date

    from tabulate import tabulate

    from policycheck.cli._configured import filled
    from policycheck.cli._output import as_of as date_of
    from policycheck.cli._output import print_lines
    from policycheck.cli.rules import criteria_of
    from policycheck.formats._terminal import harmless

    options, _ = filled(options)
    known, today = _load(_target(options), criteria_of(options["rules"])), date_of(options["as_of"])
    rows = []
    for entry in known.gaps.values():
        age = (date.fromisoformat(today) - date.fromisoformat(str(entry["since"]))).days
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


def _target(options: Mapping[str, Any]) -> Path:
    return options["target"] or options["baseline"] or DEFAULT_BASELINE


def _load(path: Path, criteria: Criteria) -> Baseline:
    from policycheck.run import load_baseline

    return load_baseline(path, criteria)


class _Run:
    """What `write` and `prune` found: manifests judged as `check` judges them, but for what a baseline would say."""

    def __init__(self, paths: tuple[str, ...], options: dict[str, Any]) -> None:
        from policycheck.cli._configured import filled, judging
        from policycheck.errors import InvalidInput, RuleError
        from policycheck.run import Run, in_turn

        options, configured = filled(options)
        self.target = _target(options)
        worker, found = judging(paths, {**options, "baseline": None}, configured)
        self.criteria, self.asked = worker.criteria, worker.options
        run = Run(worker, found)
        self._results: list[Result] = [part.result for part in run.parts(in_turn) if part.result is not None]
        if run.told:
            raise InvalidInput(run.told)
        if run.failures:
            raise RuleError(f"not everything was evaluated, so no baseline is written: {run.failures[0]}")
        self._organizations = {str(result.organization["id"]) for result in self._results}

    def open(self) -> list[tuple[str, Finding]]:
        """The gaps and unknowns that nobody has accepted, with their organizations."""
        from policycheck.model import Outcome

        both = (Outcome.GAP, Outcome.UNKNOWN)
        return [
            (str(result.organization["id"]), finding)
            for result in self._results
            for finding in result.findings
            if finding.outcome in both and finding.exception is None
        ]

    def unjudged(self, known: Baseline) -> set[str]:
        """The ids of the entries that this run did not judge, or not as they were: it cannot say that their gap is gone."""
        from policycheck.baseline import answered

        ids = answered(known, self.criteria, self.asked)
        return {
            key for key, entry in known.gaps.items() if entry["organization"] not in self._organizations or key not in ids
        }

    def entries(self, chosen: Iterable[tuple[str, Finding]], known: Baseline | None) -> list[dict[str, Any]]:
        """What a baseline writes down of findings; what people noted of them before is kept."""
        from policycheck.baseline import entry_of

        before = known.gaps if known is not None else {}
        return [entry_of(f, organization, self.asked.as_of, before.get(f.id)) for organization, f in chosen]

    def put(self, entries: Iterable[Mapping[str, Any]], known: Baseline | None, rules: Iterable[str] = ()) -> None:
        """Write the file, with the rules and packs that it already named and `rules` besides."""
        from policycheck import baseline
        from policycheck.cli._output import put

        packs = {**(known.packs if known else {}), **{pack.id: pack.digest for pack in self.criteria.packs}}
        rules = {*(known.rules if known else ()), *rules}
        put(str(self.target), baseline.written(entries, rules, packs, self.asked.as_of).encode())
