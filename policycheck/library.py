"""The library: `policycheck.check(path, as_of="2026-11-21") -> Report`. The command line stands on the same parts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from policycheck import report, sources
from policycheck.errors import UsageError
from policycheck.model import Assurance, Options, Report, Severity
from policycheck.run import Run, Settings, Worker, in_turn


def check(
    *paths: str | Path,
    as_of: str,
    criteria: Iterable[str] = (),
    rules: Iterable[str | Path] = (),
    root: str | Path | None = None,
    fail_on: str = "low",
    allow_unknown: bool = False,
    min_assurance: str = "declared",
    equivalents: bool = True,
    evidence: bool = True,
    here: str | Path = ".",
) -> Report:
    """Judge manifests and return the report.

    `paths` are manifests, fragments or folders; none means the manifest found in `here` or above. They, `rules` and `root`
    are relative to `here`.
    `as_of` is the date of the evaluation as `2026-11-21`: nothing is read from the clock.

    Raises UsageError for a path that does not exist or a word that is not known, NothingToCheck when there is no manifest,
    InvalidInput when a pack in `rules` is wrong. An invalid manifest does not raise: it is in `report.problems`, and the
    others are judged.
    """
    options = Options(
        as_of=_date(as_of), criteria=tuple(_several("criteria", criteria)),
        fail_on=Severity(_one_of("fail_on", fail_on, _FAIL_ON)), allow_unknown=_switch("allow_unknown", allow_unknown),
        min_assurance=Assurance(_one_of("min_assurance", min_assurance, _ASSURANCE)),
        equivalents=_switch("equivalents", equivalents), evidence=_switch("evidence", evidence),
    )  # fmt: skip
    start = Path(here).resolve()
    above = (start / root).resolve() if root is not None else None
    settings = Settings(
        here=start, options=options, root=above, rules=tuple((start / r).resolve() for r in _several("rules", rules, Path))
    )
    found = sources.find([str(path) for path in paths], start, above)
    worker = Worker(settings, keep=True)
    run = Run(worker, found)
    results = tuple(part.result for part in run.parts(in_turn) if part.result is not None)
    code = run.finish()
    return Report(options, report.header(worker.criteria, options)["criteria"], results, tuple(run.told), code,
                  tuple(found.skipped))  # fmt: skip


_FAIL_ON = ("high", "medium", "low")
_ASSURANCE = ("declared", "supported", "verified")


def _one_of(name: str, word: str, allowed: tuple[str, ...]) -> str:
    if word not in allowed:
        raise UsageError(f"{name} {word!r} is not allowed; allowed: {', '.join(allowed)}")
    return word


def _switch(name: str, given: bool) -> bool:
    """True or False and nothing that is merely taken for one: the text "no" would loosen a run."""
    if not isinstance(given, bool):
        raise UsageError(f"{name} is True or False, not {given!r}")
    return given


def _several(name: str, given: Iterable[Any], *kinds: type) -> Iterable[Any]:
    """What is walked one by one: a single text would be walked letter by letter."""
    if isinstance(given, (str, bytes, Path)):
        raise UsageError(f"{name} takes several; write [{str(given)!r}]")
    every = tuple(given)
    for one in every:
        if not isinstance(one, (str, *kinds)):
            raise UsageError(f"{name} takes texts, not {one!r}")
    return every


def _date(text: str) -> str:
    from datetime import date

    if not isinstance(text, str):
        raise UsageError(f"as_of is a text such as '2026-11-21', not {text!r}")
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise UsageError(f"as_of {text!r} is not a date; write it as 2026-11-21") from None
