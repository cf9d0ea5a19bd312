"""A comparison as text for a terminal and as Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from policycheck.compare import KINDS, Change, Comparison
from policycheck.formats._changes import states
from policycheck.formats._markdown import code, safe
from policycheck.formats._terminal import harmless

#: How many changes of a kind are shown; the JSON form holds all.
MOST = 50
_WORDS = {kind: kind.replace("_", " ") for kind in KINDS} | {"new_rule": "new rules", "rule_gone": "rules gone"}
#: Turns a finding's path, which goes from the root, into one that the reader can follow.
Place = Callable[[Change, str], str]


def as_written(change: Change, path: str) -> str:
    """The path as the report has it: from the root."""
    return path


def text(comparison: Comparison, title: str, place: Place = as_written, brief: bool = False) -> list[str]:
    """Lines for a terminal: what changed by kind, then what to know, then the sum. `brief` gives the sum alone."""
    lines = [title]
    for kind in KINDS[:-1] if not brief else ():
        found = comparison.changes[kind]
        if found:
            lines += [f"{_WORDS[kind]} ({len(found)})", *(f"  {_line(kind, change, place)}" for change in found[:MOST])]
        if len(found) > MOST:
            lines.append(f"  and {len(found) - MOST} more")
    lines += [f"note: {note}" for note in comparison.notes]
    return [harmless(line) for line in [*lines, _sum(comparison)]]


def _line(kind: str, change: Change, place: Place) -> str:
    latest = change.latest
    at = latest["location"] or {}
    where = f"{place(change, str(at['path']))}:{at.get('line')}:{at.get('column')} " if at.get("path") else ""
    subject = f"{latest['subject'].get('kind')} {latest['subject'].get('id')}"
    return (
        f"{where}{latest['severity']} {latest['rule']} on {subject}: {states(change.was, change.now)}{_passes(kind, change)}"
    )


def _passes(kind: str, change: Change) -> str:
    return "; does not block" if kind in ("opened", "worse") and not change.blocks else ""


def _sum(comparison: Comparison) -> str:
    counts = [
        f"{len(found)} {_WORDS[kind]}" for kind, found in comparison.changes.items() if found or kind in ("opened", "worse")
    ]
    return ", ".join(counts)


def markdown(comparison: Comparison, title: str) -> list[str]:
    """Lines of Markdown: one table a kind, safe to paste where others' text must not become markup."""
    lines = [f"# {safe(title)}", "", f"{safe(_sum(comparison))}.", ""]
    for kind in KINDS[:-1]:
        found = comparison.changes[kind]
        if found:
            lines += [
                f"## {_WORDS[kind].capitalize()} ({len(found)})",
                "",
                "| severity | rule | subject | place | what |",
                "|---|---|---|---|---|",
            ]
            lines += map(_row, found[:MOST])
            lines += [f"\nand {len(found) - MOST} more", ""] if len(found) > MOST else [""]
    return lines + [f"- {safe(note)}" for note in comparison.notes]


def _row(change: Change) -> str:
    return f"| {' | '.join(_cells(change))} |"


def _cells(change: Change) -> Iterator[str]:
    latest = change.latest
    at = latest["location"] or {}
    yield latest["severity"]
    yield code(latest["rule"])
    yield f"{safe(latest['subject'].get('kind'))} {code(latest['subject'].get('id'))}"
    yield code(f"{at['path']}:{at.get('line')}") if at.get("path") else ""
    yield safe(states(change.was, change.now))
