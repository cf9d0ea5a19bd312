"""policycheck questions"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policycheck.cli._configured import configuration_options

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policycheck.language.types import Types
    from policycheck.model import Failure, Options, Problem
    from policycheck.packs import Criteria
    from policycheck.questions import Question
    from policycheck.run import View

_STRENGTH = ("must", "should", "may", "informational")


@click.command("questions", short_help="The open questions a person must answer, as a Markdown questionnaire.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--criteria", multiple=True, metavar="ID", help="Only these documents, packs or expectations (CJS24,JS23).")
@click.option("--rules", multiple=True, type=click.Path(path_type=Path), metavar="DIR", help="Add a pack of your own.")
@click.option("--root", type=click.Path(path_type=Path), metavar="DIR", help="Nothing above this folder is read.")
@click.option("--as-of", metavar="DATE", help="The date of the evaluation (default: today, UTC).")
@configuration_options
def command(paths: tuple[str, ...], **options: Any) -> int:
    """Print what a manifest does not say as a questionnaire in Markdown, grouped by who is to answer.

    Whoever is named as owner of a thing is asked about it; what nobody owns goes to the organisation. The first
    questions are those that most expectations wait for. What is judged, and how, is configured as for `check`.

    \b
    policycheck questions
    policycheck questions services/ > questions.md

    Exit codes: 0 printed, with or without questions, 3 invalid, 4 nothing to check, 5 a rule did not come to an end, so that
    questions may be lacking.
    """
    from policycheck.cli import _say, _say_problems
    from policycheck.cli._configured import filled, judging
    from policycheck.cli._output import Sink
    from policycheck.errors import INCOMPLETE, INVALID

    options, configured = filled(options)
    # What a baseline knows is asked all the same: it is known to be open, and not answered.
    worker, found = judging(paths, {**options, "baseline": None, "no_evidence": False}, configured)
    here, above = worker.settings.here, worker.settings.root
    asked = [_questionnaire(path, here, above, worker.criteria, worker.options) for path in found.manifests]
    problems = [*found.problems, *(problem for _, some, _ in asked for problem in some)]
    failures = dict.fromkeys(failure for _, _, some in asked for failure in some)
    Sink("-").write(_markdown([text for text, _, _ in asked if text]))
    _say_problems(problems)
    for failure in failures:
        _say(f"policycheck: incomplete: {failure.what}: {failure.why}")
    return INVALID if problems else INCOMPLETE if failures else 0


def _markdown(parts: list[list[str]]) -> bytes:
    from policycheck.formats._markdown import encoded

    return b"\n".join(map(encoded, parts))


def _questionnaire(
    path: Path, here: Path, above: Path | None, criteria: Criteria, options: Options
) -> tuple[list[str], list[Problem], tuple[Failure, ...]]:
    """One manifest's questionnaire, or what is wrong with the manifest; and what did not come to an end."""
    from policycheck import report
    from policycheck.assess import assess
    from policycheck.questions import ask
    from policycheck.run import View, moved, named, read

    root, shown, other = named(path, here, above)
    manifest, problems = read(path, shown, root, options.as_of, criteria)
    if manifest is None:
        return [], moved(problems, other, str(here)), ()
    result = assess(manifest, criteria, options)
    record = report.record(result, criteria, options)
    view = View(report.header(criteria, options), {}, other, str(here))
    return list(_told(view, record, ask(record, manifest.place, _types()))), [], tuple(result.failures)


def _types() -> Types:
    """The manifest schema with its titles and descriptions, which the schema that validates may lack."""
    import json

    from policycheck import data
    from policycheck.language.types import types_of
    from policycheck.manifests import v1

    return types_of(json.loads((data.folder("schemas") / f"{v1.SCHEMA}.json").read_bytes()))


def _told(view: View, record: Mapping[str, Any], groups: Mapping[str, list[Question]]) -> Iterator[str]:
    from policycheck.formats._markdown import code, safe
    from policycheck.questions import unasked

    organization = record["organization"]
    count = sum(map(len, groups.values()))
    waiting = {name for group in groups.values() for question in group for name in question.expectations}
    yield f"# Open questions: {safe(organization.get('name') or organization.get('id'))}"
    yield ""
    yield f"Manifest {code(view.path(record['manifest']))}, as of {view.header['as_of']}."
    others = unasked(record)
    if groups:
        yield (
            f"{_many(count, 'question')}; {_many(len(waiting), 'expectation')} cannot be judged before they are answered. "
            "Write each answer into the manifest at the place it names. "
            "Where the answer is not known, leave the value blank."
        )
    else:
        yield "No question is left open." if others else "Nothing is left open."
    if others:
        beside = f"{_many(others, 'finding')} of `policycheck check` {'is' if others == 1 else 'are'} unknown besides"
        yield f"{beside}, and no question here settles that: it names them, with the reason."
    asked = {row["id"]: row for row in record["expectations"]}
    number = 0
    for owner, questions in groups.items():
        yield from ("", f"## {safe(owner)} ({len(questions)})")
        for question in questions:
            number += 1
            yield from ("", *_question(view, number, question, asked))


def _question(view: View, number: int, question: Question, asked: Mapping[str, Any]) -> Iterator[str]:
    from policycheck.formats._markdown import code, safe
    from policycheck.formats._terminal import harmless

    indent = " " * len(f"{number}. ")
    place = f" at {code(f'{view.path(question.path)}:{question.line}')}" if question.line else ""
    yield f"{number}. **{safe(question.title)}.** {harmless(question.description)}".rstrip()
    yield ""
    yield f"{indent}- write: {code(question.route)}{place}"
    if question.allowed:
        yield f"{indent}- allowed: {harmless(question.allowed)}"
    known = [asked[name] for name in question.expectations if name in asked]
    rows = sorted(known, key=lambda row: _STRENGTH.index(row["modality"]))
    named = [f"{row['id']} ({safe(row['locator'])}, {row['modality']})" for row in rows]
    yield f"{indent}- waiting: {'; '.join(named)}"
    yield f"{indent}- answer:"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
