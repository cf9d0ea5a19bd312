"""policycheck discover"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policycheck.discover import Search
    from policycheck.model import Discovered, Problem


@click.command("discover", short_help="Draft a manifest from what a repository holds, or say what a manifest lacks.")
@click.argument("folder", default=".", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--output", "-o", metavar="FILE", help="Write the draft there instead of to standard output.")
@click.option("--root", type=click.Path(path_type=Path), metavar="DIR", help="Nothing above this folder is read.")
@click.option("--draft", is_flag=True, help="Draft a manifest although there is one.")
@click.option("--force", is_flag=True, help="Replace the file that is there.")
def command(folder: Path, output: str | None, root: Path | None, draft: bool, force: bool) -> int:
    """Look through a repository for rate limits, WAF rules, public operations, robots files, documents and registers.

    Without a manifest in DIR the outcome is a draft of one: what was read in the files, with the place, and a visible
    question at every blank that only a person can fill. With a manifest it is a list of what that does not declare yet.
    Folders of tests and their data (test, tests, fixtures, testdata, __snapshots__ ...) and of others' work (vendor,
    third_party ...) are passed over and named; name one as DIR to look there.

    \b
    policycheck discover --output policycheck.yaml     # once: the draft
    policycheck discover                               # later: what the manifest lacks
    policycheck discover services/search

    Exit codes: 0 printed, 3 the manifest there is invalid, 5 a verifier failed.
    """
    from policycheck.cli._output import current_folder, root_folder
    from policycheck.discover import search
    from policycheck.errors import INCOMPLETE, UsageError
    from policycheck.sources import root_of

    here, above = current_folder(), root_folder(root)
    top = (here / folder).resolve()
    at = root_of(top / "policycheck.yaml", above)
    if not top.is_relative_to(at):
        raise UsageError(f"{folder} is not below --root {root}")
    below = top.relative_to(at).as_posix()
    below = "" if below == "." else below
    manifests = [] if draft else _manifests(top)
    if manifests and output not in (None, "-"):
        # A list is no draft: written there, or left out without a word, it would be taken for one.
        raise UsageError(f"{manifests[0].name} is there, so no draft is written; leave out --output to see what it lacks")
    result = search(at, below)
    code = _compare(manifests, at, result, here) if manifests else _write(result, below, top.name, output, force)
    _told(result)
    return code or (INCOMPLETE if result.failures else 0)


def _manifests(top: Path) -> list[Path]:
    from policycheck.sources import is_manifest

    # A shell makes the file of `discover > policycheck.yaml` before the command starts: an empty one is no manifest yet.
    return sorted(p for p in top.iterdir() if is_manifest(p.name) and p.is_file() and p.stat().st_size)


def _write(result: Search, below: str, name: str, output: str | None, force: bool) -> int:
    from policycheck.cli._output import put
    from policycheck.discover import draft
    from policycheck.errors import UsageError

    if output and output != "-" and Path(output).exists() and not force:
        raise UsageError(f"{output} is already there; --force replaces it")
    put(output or "-", draft(result.found, below, name, result.unread).encode(), "--output ")
    return 0


def _compare(manifests: list[Path], root: Path, result: Search, here: Path) -> int:
    """Print what was found and no manifest of the folder declares."""
    from policycheck.cli import _say_problems
    from policycheck.cli._output import as_of, print_lines
    from policycheck.discover import undeclared
    from policycheck.errors import INVALID
    from policycheck.run import moved, named, read

    left = list(result.found)
    problems: list[Problem] = []
    for path in manifests:
        at, shown, other = named(path, here, root)
        manifest, wrong = read(path, shown, at, as_of(None))
        if manifest is None:
            problems += moved(wrong, other, str(here))
        else:
            left = undeclared(left, manifest.data, manifest.folder)
    if problems:
        _say_problems(problems)
        return INVALID
    print_lines(*_list(left, len(result.found), manifests))
    return 0


def _list(left: Iterable[Discovered], found: int, manifests: list[Path]) -> Iterator[str]:
    from policycheck.cli._output import printable

    left = list(left)
    for thing in left:
        name = thing.item.get("id") or ", ".join(thing.item)
        yield printable(f"{thing.file}:{thing.line or 1}: {thing.section}: {name}")
        if thing.note:
            yield f"    {printable(thing.note)}"
    names = ", ".join(path.name for path in manifests)
    yield f"{len(left)} of {found} things found are not declared in {names}"


def _told(result: Search) -> None:
    from policycheck.cli import _say

    by_reason: dict[str, list[str]] = {}
    for path, why in result.unread:
        by_reason.setdefault(why, []).append(path)
    for why, paths in by_reason.items():
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        _say(f"not read: {paths[0]}{more}: {why}")
    for failure in result.failures:
        _say(f"failed: {failure.what}: {failure.why}")
    if result.passed_over:
        _say(f"not looked at: {result.passed_over} files more than are looked at in one run; name a folder")
    _say(f"looked at {_many(result.files, 'file')}, found {_many(len(result.found), 'thing')} to declare")


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
