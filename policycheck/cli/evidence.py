"""policycheck evidence"""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policycheck.cli._configured import configuration_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policycheck.model import Manifest, Problem, Witnessed

#: The verdicts on an entry, worst first.
_VERDICTS = ("contradicts", "unreadable", "doubted", "read", "supports", "agrees")
_ROOT = click.option("--root", type=click.Path(path_type=Path), metavar="DIR", help="Nothing above this folder is read.")
_AS_OF = click.option("--as-of", metavar="DATE", help="The date of the evaluation (default: today, UTC).")


@click.group("evidence", short_help="The artefacts behind a manifest: list them, lock their digests.")
def command() -> None:
    """The artefacts that a manifest names, what was read in them, and their digests.

    \b
    policycheck evidence kinds
    policycheck evidence list
    policycheck evidence lock services/search
    """


@command.command("kinds")
def kinds() -> int:
    """Print the kinds of evidence that can be read, with what each says and of which subjects it speaks."""
    import inspect
    import textwrap

    from policycheck import rooms
    from policycheck.cli._output import print_lines

    for name in rooms.installed("evidence"):
        verifier = rooms.load("evidence", name)
        said = (inspect.getdoc(verifier) or "").partition("\n\n")[0]
        of = ", ".join(sorted(verifier.KINDS_OF_SUBJECT)) or "any subject"
        text = f"{' '.join(said.split())} Evidence of: {of}."
        print_lines(name, *textwrap.wrap(text, 80, initial_indent="    ", subsequent_indent="    "))
    return 0


@command.command("list")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@_ROOT
@_AS_OF
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@configuration_options
def listing(paths: tuple[str, ...], root: Path | None, as_of: str | None, form: str, **options: Any) -> int:
    """Print every artefact that was looked at, with size, digest and verdict, also those that said nothing.

    Exit codes: 0 printed, 3 invalid, 4 nothing to check.
    """
    from policycheck.cli._output import print_lines

    heard, problems, failed = _heard(paths, root, as_of, options)
    if form == "json":
        print_lines(_as_json(heard))
    else:
        for shown, _, ledger in heard:
            entries = (line for witnessed in ledger for line in _entry(witnessed))
            print_lines(shown, *entries, *_files(ledger), "", _counted(ledger), "")
    return _ended(problems, failed)


@command.command("lock")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@_ROOT
@_AS_OF
@click.option("--force", is_flag=True, help="Take over the digests of files that have changed since they were locked.")
@configuration_options
def lock(paths: tuple[str, ...], root: Path | None, as_of: str | None, force: bool, **options: Any) -> int:
    """Record the digests of all evidence in policycheck.lock.yaml beside each manifest.

    From then on a file that changes no longer counts until somebody has looked at it and locked it again. Whoever locks
    says that they have looked.

    Exit codes: 0 written, 2 a locked file has changed and --force was not given, 3 invalid, 4 nothing to check.
    """
    from policycheck.cli._output import as_of as date_of
    from policycheck.cli._output import print_lines

    heard, problems, failed = _heard(paths, root, as_of, options)
    for _, manifest, ledger in heard if not problems else ():
        print_lines(*_lock(manifest, ledger, date_of(as_of), force))
    return _ended(problems, failed)


def _ended(problems: list[Problem], failed: list[str]) -> int:
    from policycheck.cli import _say, _say_problems
    from policycheck.errors import INCOMPLETE, INVALID

    _say_problems(problems)
    for failure in failed:
        _say(failure)
    return INVALID if problems else INCOMPLETE if failed else 0


def _heard(
    paths: tuple[str, ...], root: Path | None, as_of: str | None, options: dict[str, Any]
) -> tuple[list[tuple[str, Manifest, list[Witnessed]]], list[Problem], list[str]]:
    """Every manifest that is well-formed with its ledger, every problem with the others, and what failed in us."""
    from policycheck import sources
    from policycheck.cli._configured import configuration
    from policycheck.cli._output import as_of as date_of
    from policycheck.cli._output import current_folder, root_folder
    from policycheck.language.types import types_of
    from policycheck.manifests import v1
    from policycheck.manifests.explain import schema
    from policycheck.run import moved, named, read
    from policycheck.weigh import ledger
    from policycheck.witness import hear

    here, above, today = current_folder(), root_folder(root), date_of(as_of)
    found = sources.find(paths, here, above, configuration(options).excludes)
    heard, problems, failed = [], list(found.problems), []
    for path in found.manifests:
        at, shown, other = named(path, here, above)
        manifest, wrong = read(path, shown, at, today)
        if manifest is None:
            problems += moved(wrong, other, str(here))
            continue
        hearings, failures, _ = hear(manifest, types_of(schema(v1.SCHEMA)), today)
        failed += [f"{failure.what}: {failure.why}" for failure in failures]
        heard.append((shown, manifest, list(ledger(hearings, types_of(schema(v1.SCHEMA))))))
    return heard, problems, failed


def _entry(witnessed: Witnessed) -> Iterator[str]:
    import textwrap

    from policycheck.cli._output import printable
    from policycheck.formats._terminal import harmless

    subject = f"{witnessed.subject.kind} {witnessed.subject.id}".rstrip()
    yield ""
    yield printable(f"{witnessed.verdict:<11} {witnessed.kind} {witnessed.path} for {subject}")
    yield from textwrap.wrap(printable(witnessed.said), 80, initial_indent="    ", subsequent_indent="    ")
    if witnessed.quotes:
        yield "    a person must read, in place:"
    for quote in witnessed.quotes:
        text = harmless(f"{quote.file}:{quote.line}: \u201c{printable(quote.text)}\u201d")
        yield from textwrap.wrap(text, 80, initial_indent="    ", subsequent_indent="    ")


def _files(ledger: list[Witnessed]) -> Iterator[str]:
    """Every file once, as sha256sum(1) prints it, so that the list can be held against the files by anybody."""
    from policycheck.formats._terminal import harmless

    seen = {artefact.path: artefact for witnessed in ledger for artefact in witnessed.artefacts}
    if seen:
        many = "1 file was" if len(seen) == 1 else f"{len(seen)} files were"
        yield from ("", f"{many} read, {sum(a.size for a in seen.values())} bytes; sha256 and path:")
    yield from (f"{artefact.sha256}  {harmless(path)}" for path, artefact in sorted(seen.items()))


def _counted(ledger: list[Witnessed]) -> str:
    from collections import Counter

    counts = Counter(witnessed.verdict for witnessed in ledger)
    words = ", ".join(f"{counts[word]} {word}" for word in _VERDICTS if counts[word])
    return f"{len(ledger)} {'entry' if len(ledger) == 1 else 'entries'}: {words}" if ledger else "no evidence is named"


def _as_json(heard: list[tuple[str, Manifest, list[Witnessed]]]) -> str:
    import json

    from policycheck.report import witnessed_record

    rows = [{"manifest": shown, "evidence": [witnessed_record(w) for w in ledger]} for shown, _, ledger in heard]
    return json.dumps(rows, indent=2, ensure_ascii=False)


def _lock(manifest: Manifest, ledger: list[Witnessed], today: str, force: bool) -> Iterator[str]:
    """Write the lock of one manifest, and say what is in it now that was not before."""
    from policycheck.attachments import LOCK, read_lock
    from policycheck.cli._output import put
    from policycheck.document import quoted
    from policycheck.errors import UsageError
    from policycheck.formats._terminal import harmless
    from policycheck.opener import Opener

    seen = {a.path: a for witnessed in ledger for a in witnessed.artefacts if a.path}
    before = read_lock(Opener(manifest.root), manifest.folder)
    changed = [path for path in sorted(seen) if before.digests.get(path, seen[path].sha256) != seen[path].sha256]
    if (changed or before.wrong) and not force:
        what = before.wrong or f"{', '.join(changed)} changed since {before.locked_on}"
        raise UsageError(f"{what}; look at the change, then lock it with --force")
    relative = {path: quoted(posixpath.relpath(path, manifest.folder or ".")) for path in seen}
    rows = [f'  {relative[path]}: {{sha256: "{a.sha256}", size: {a.size}}}' for path, a in sorted(seen.items())]
    head = [
        "# Digests of the evidence, as somebody looked at it. Written by: policycheck evidence lock",
        "policycheck_lock: 1",
    ]
    files = ["files:", *rows] if rows else ["files: {}"]
    put(str(Path(manifest.root, manifest.folder, LOCK)), "\n".join([*head, f"locked_on: {today}", *files, ""]).encode())
    fresh = [path for path in sorted(seen) if path not in before.digests]
    for word, some in (("new", fresh), ("changed", changed), ("gone", sorted(set(before.digests) - set(seen)))):
        yield from (harmless(f"{word:<8} {path}") for path in some)
    yield harmless(f"wrote {posixpath.join(manifest.folder, LOCK)}: {len(seen)} files")
