"""The tests that stand beside rules: cases laid over the pack's base manifest, each with the outcome it must give.

    base.test.yaml                      a whole manifest of the pack, on which every case is built
    <family>/<rule-id>.test.yaml        cases: [{name, manifest, expect, at}]

Maps are laid over by key, lists and values replace, a blank blanks. `expect` is one outcome for every subject, or a
map from subject id to outcome; `at` is the route at which the finding must stand. Besides the cases that are written,
every value a case's findings rest on is blanked in turn: a gap or unknown must never become met, not used or not
applicable by it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from policycheck.document import Document, parse
from policycheck.judge import Judge, Judgement, distinct
from policycheck.manifests import v1
from policycheck.model import Outcome, Problem
from policycheck.packs import Criteria, Rule

_TESTS = ".test.yaml"
BASE = f"base{_TESTS}"
ALONE = "is run by nothing: no rule of this name stands beside it"
AS_OF = "2026-11-21"
_PASSING = frozenset({Outcome.MET, Outcome.NOT_USED, Outcome.NOT_APPLICABLE})


class Trial(NamedTuple):
    """One case that was run: the rule, its name, and what went wrong (empty when nothing did)."""

    rule: str
    case: str
    expected: frozenset[str]
    wrong: str


def run(criteria: Criteria, folder: Path, only: str = "") -> Iterator[Trial]:
    """Run the tests of a pack's folder. A rule without the cases it needs is a failure too, and so are tests of no rule."""
    base = _load(folder / BASE)
    pack = next(p for p in criteria.packs if p.id == _load(folder / "pack.yaml")["id"])
    for rule in pack.rules.values():
        if rule.disabled or (only and rule.id != only):
            continue
        path = folder / rule.family / f"{rule.id}.test.yaml"
        if not path.is_file():
            yield Trial(rule.id, "", frozenset(), f"has no tests: write {path.name} beside it")
            continue
        seen: set[str] = set()
        tests = _load(path, "rule-test-v1")
        shared = laid_over(base, tests.get("base") or {})
        names: set[str] = set()
        for case in tests.get("cases") or ():
            trial = _case(criteria, rule, shared, case)
            if not trial.wrong and trial.case in names:
                trial = trial._replace(wrong="an earlier case has this name")
            names.add(trial.case)
            seen |= trial.expected
            yield trial
        yield from _needed(rule, seen, criteria)
    for path in () if only else strays(folder):
        yield Trial(path.name, "", frozenset(), ALONE)


def strays(folder: Path) -> list[Path]:
    """The files of a pack's folder that are called like tests and that nothing runs: no rule stands beside them."""
    every = sorted(path.relative_to(folder) for path in folder.rglob(f"*{_TESTS}"))
    found = [folder / path for path in every if path != Path(BASE) and not any(s.startswith(".") for s in path.parts)]
    return [path for path in found if not path.with_name(f"{path.name.removesuffix(_TESTS)}.yaml").is_file()]


def cases(folder: Path, rule: Rule) -> list[dict[str, Any]]:
    """The cases of one rule, for `explain`; none when the tests were not installed."""
    path = folder / rule.family / f"{rule.id}.test.yaml"
    return list(_load(path, "rule-test-v1").get("cases") or ()) if path.is_file() else []


def _load(path: Path, shape: str = "") -> dict[str, Any]:
    """A file of a pack as data. `shape` names the schema it must fit. Raises InvalidInput."""
    from policycheck.errors import InvalidInput
    from policycheck.manifests.explain import problems_of

    if not path.is_file():
        raise InvalidInput([Problem(str(path), 0, 0, "is missing; the tests of a pack build on it")])
    document, problems = parse(path.read_bytes(), str(path))
    if not problems and not isinstance(document.data, dict):
        problems = [Problem(str(path), 1, 1, "is not a mapping")]
    if not problems and shape:
        problems = problems_of(document, shape)
    if problems:
        raise InvalidInput(problems)
    data: dict[str, Any] = document.data
    return data


def _needed(rule: Rule, seen: set[str], criteria: Criteria) -> Iterator[Trial]:
    binding = {criteria.every_expectation[e].modality for e in rule.expectations if e in criteria.every_expectation}
    failing = "not_used" if binding == {"may"} else "gap"
    wanted = {"met", failing} | ({"not_applicable"} if rule.text.get("when") else set())
    if missing := sorted(wanted - seen):
        yield Trial(rule.id, "", frozenset(), f"has no case that expects {', '.join(missing)}")


def laid_over(base: Any, change: Any) -> Any:
    """`change` laid over `base`: maps by key, everything else replaced."""
    if not isinstance(base, dict) or not isinstance(change, dict):
        return copy.deepcopy(change)
    merged = dict(base)
    for key, value in change.items():
        merged[key] = laid_over(base.get(key), value)
    return merged


def _case(criteria: Criteria, rule: Rule, base: dict[str, Any], case: dict[str, Any]) -> Trial:
    expect = case.get("expect")
    expected = frozenset(expect.values() if isinstance(expect, dict) else [expect] if expect else [])
    name, as_of = str(case.get("name")), str(case.get("as_of") or AS_OF)
    data = laid_over(base, case.get("manifest") or {})
    criteria, wrong = _narrowed(criteria, rule, case.get("criteria"))
    if wrong:
        return Trial(rule.id, name, expected, wrong)
    document, wrong = _manifest(data, as_of)
    if wrong:
        return Trial(rule.id, name, expected, wrong)
    judge = Judge(criteria, document, as_of)
    meant = case.get("subject")
    judgements = [j for j in distinct(judge.judge(rule)) if meant in (None, j.subject)]
    wrong = _compare(judgements, expect) or _place(judge, judgements, case)
    wrong = wrong or _blanking(criteria, rule, judge, judgements, data, as_of)
    return Trial(rule.id, name, expected, wrong)


def _narrowed(criteria: Criteria, rule: Rule, chosen: list[str] | None) -> tuple[Criteria, str]:
    """The criteria of a case that names its own, and why the rule cannot be judged under them."""
    if not chosen:
        return criteria, ""
    unknown = [name for name in chosen if not criteria.knows(name)]
    if unknown:
        return criteria, f"no criteria named {unknown[0]!r}"
    narrow = Criteria(criteria.packs, criteria.schema, tuple(chosen))
    return narrow, "" if rule.id in {one.id for one in narrow.rules} else f"does not run under {', '.join(chosen)}"


def _manifest(data: dict[str, Any], as_of: str) -> tuple[Document, str]:
    document, problems = parse(json.dumps(data).encode(), "case")
    if not problems:
        problems = v1.shape_problems(document)
    if not problems:
        problems, _ = v1.read(document, as_of)
    return document, "; ".join(p.message for p in problems)


def _compare(judgements: list[Judgement], expect: Any) -> str:
    got = {j.subject: j.outcome.value for j in judgements}
    if isinstance(expect, dict):
        wrong = {s: got.get(s, "no finding") for s, outcome in expect.items() if got.get(s) != outcome}
        return "; ".join(f"{s}: expected {expect[s]}, got {outcome}" for s, outcome in wrong.items())
    if any(outcome != expect for outcome in got.values()) or not got:
        return f"expected {expect}, got {', '.join(f'{s}: {o}' for s, o in got.items()) or 'nothing'}"
    return ""


def _place(judge: Judge, judgements: list[Judgement], case: dict[str, Any]) -> str:
    at = case.get("at")
    if not at:
        return ""
    places = {f.location.route for f in map(judge.finding, judgements) if f.location is not None}
    return "" if at in places else f"expected a finding at {at}, got {', '.join(sorted(places))}"


def _blanking(
    criteria: Criteria, rule: Rule, judge: Judge, judgements: list[Judgement], data: dict[str, Any], as_of: str
) -> str:
    before = {j.subject: j.outcome for j in judgements}
    for route in sorted({f.route for j in judgements for f in judge.finding(j).facts if f.declared}):
        blanked = copy.deepcopy(data)
        if not _blank(blanked, route):
            continue
        document, wrong = _manifest(blanked, as_of)
        if wrong:
            continue
        after = {j.subject: j.outcome for j in distinct(Judge(criteria, document, as_of).judge(rule))}
        for subject, outcome in before.items():
            if outcome in (Outcome.GAP, Outcome.UNKNOWN) and after.get(subject) in _PASSING:
                return f"blanking {route} turned {subject} from {outcome.value} into {after[subject].value}"
    return ""


def _blank(data: Any, route: str) -> bool:
    """Blank the value at a key route; false when the route is not a plain one."""
    at = data
    steps = route.replace("[", ".[").split(".")
    for index, step in enumerate(steps):
        last = index == len(steps) - 1
        if step.startswith("["):
            if not isinstance(at, list):
                return False
            name = step[1:-1]
            found = next((i for i in at if isinstance(i, dict) and name in map(str, i.values())), None)
            if found is None or last:
                return False
            at = found
        elif not isinstance(at, dict) or step not in at:
            return False
        elif last:
            at[step] = None
        else:
            at = at[step]
    return True
