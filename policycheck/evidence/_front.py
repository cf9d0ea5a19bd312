"""The front matter of a document: YAML between `---` lines, as keys with their text and line.

Values stay as they are written, so that version 1.10 is not 1.1. Keys are compared in lower
case, with `_` for `-` and blanks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from policycheck.document import parse_foreign
from policycheck.evidence import _dates
from policycheck.evidence._prose import Illegible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policycheck.document import Document
    from policycheck.evidence._prose import Prose

#: A value that was left to be filled in.
UNFILLED = re.compile(
    r"\b(?:TODO|TBD|TBC|FIXME|XXX+)\b|\blorem ipsum\b|^\s*[\[<{].*[\]>}]\s*$|\?\?+|^[-_.?]+$", re.IGNORECASE
)
_SPLIT = re.compile(r"[\s-]+")
#: What people write where a name ought to stand and none does.
_NOBODY = frozenset({
    "", "-", "n/a", "na", "nil", "no", "nobody", "no one", "none", "not approved", "not yet", "not yet approved", "null",
    "pending", "to be approved", "unknown", "awaiting approval", "in progress",
})  # fmt: skip
_STATUS = ("status", "state", "document_status")
#: Words that say where a document stands, and whether it then counts.
IN_FORCE = frozenset({
    "accepted", "active", "adopted", "approved", "complete", "completed", "current", "effective", "final",
    "in_force", "live", "published", "signed",
})  # fmt: skip
NOT_IN_FORCE = frozenset({
    "archived", "awaiting_approval", "cancelled", "deprecated", "draft", "expired", "for_review", "in_progress",
    "in_review", "not_approved", "obsolete", "pending", "proposal", "proposed", "rejected", "replaced", "retired",
    "review", "sample", "superseded", "template", "under_review", "unapproved", "wip", "withdrawn",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of the front matter: as written, what it holds (several for a list), and its line."""

    key: str
    values: tuple[str, ...]
    line: int

    @property
    def text(self) -> str:
        """What it holds, as one text."""
        return ", ".join(self.values)


class Front:
    """The front matter of a document; empty where there is none."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self.entries = entries

    def get(self, *keys: str) -> Entry | None:
        """The first of these keys that holds anything."""
        return next((self.entries[key] for key in keys if key in self.entries), None)

    def day(self, *keys: str) -> tuple[str, int]:
        """The date under the first of these keys that holds anything, as ISO, and its line. Raises Illegible for no date."""
        entry = self.get(*keys)
        if entry is None:
            return "", 0
        day = _dates.iso(entry.text)
        if not day:
            raise Illegible(
                f"{entry.key} on line {entry.line} is not a date that can only be read in one way: {entry.text[:40]}",
                entry.line,
            )
        return day, entry.line


def read(prose: Prose) -> Front:
    """The front matter of a document. Raises Illegible for one that is not a mapping of YAML."""
    return parsed(prose.front, prose.path)


def parsed(text: str, path: str) -> Front:
    """The front matter that stands between its lines. Raises Illegible for one that is not a mapping of YAML."""
    if not text.strip():
        return Front({})
    documents, problems = parse_foreign(text.encode("utf-8", "replace"), path)
    if problems:
        first = problems[0]
        raise Illegible(f"the front matter cannot be read (line {first.line + 1}): {first.message}", first.line + 1)
    if not documents:
        return Front({})
    if len(documents) > 1 or not isinstance(documents[0].data, dict):
        raise Illegible("the front matter is not a mapping of keys and values", 2)
    return Front(dict(_entries(documents[0], path)))


def _entries(document: Document, path: str) -> Iterator[tuple[str, Entry]]:
    for key, value in document.data.items():
        values = tuple(text for text in _texts(document, document.data, key, value, path) if text.strip())
        place = document.locate_key(document.data, key)
        if values:
            # The first line of the front matter is the second of the file.
            yield _SPLIT.sub("_", str(key).strip().lower()), Entry(str(key), values, (place.line if place else 1) + 1)


def _texts(document: Document, container: Any, key: Any, value: Any, path: str) -> list[str]:
    """A value as its author wrote it; a list of them; the `name` of a person that has one."""
    if isinstance(value, list):
        return [
            text
            for n, one in enumerate(value)
            if not isinstance(one, list)
            for text in _texts(document, value, n, one, path)
        ]
    if isinstance(value, dict):
        return [str(value["name"])] if isinstance(value.get("name"), str) else []
    if value is None:
        return []
    if isinstance(value, bool):
        return ["true" if value else "false"]
    place = document.locate(container, key)
    if isinstance(value, str) or place is None or not place.end_column:
        return [str(value)]
    return [document.line(path, place.line)[place.column - 1 : place.end_column - 1].strip()]


def standing(front: Front) -> str:
    """Why a document does not count, by the status that it gives itself; blank when it does or gives none."""
    entry = front.get(*_STATUS)
    if (said := denied(front)) or entry is None or _word(entry) in IN_FORCE:
        return said
    return f"gives itself a status that is not known (line {entry.line}: {entry.text[:40]}); write approved or draft"


def denied(front: Front) -> str:
    """Why a document is no version in force, where it says so itself; blank where it does not."""
    after = front.get("superseded_by", "replaced_by", "obsoleted_by")
    if after is not None and names_somebody(after):
        return f"is not in force: {after.key} on line {after.line} names {after.text[:40]}"
    entry = front.get(*_STATUS)
    if entry is None:
        return "is marked as a draft" if (draft := front.get("draft")) and draft.text.lower() == "true" else ""
    return (
        f"is not in force: {entry.key} on line {entry.line} says {entry.text[:40]}" if _word(entry) in NOT_IN_FORCE else ""
    )


def names_somebody(entry: Entry) -> bool:
    """Whether any value of an entry is more than a word for nobody and nothing."""
    return any(value.strip().casefold() not in _NOBODY for value in entry.values)


def _word(entry: Entry) -> str:
    return _SPLIT.sub("_", entry.text.strip().lower())
