"""The audit record as a page: chapters of manifests, joined under one title, with the method and the way to repeat it."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from policycheck.errors import UsageError
from policycheck.formats import _call
from policycheck.formats._html import chapter, page
from policycheck.report import Record, Totals

if TYPE_CHECKING:
    from policycheck.run import View

#: A browser opens no more comfortably; a run over thousands wants jsonl or sarif.
MAX_MANIFESTS = 100


def ready() -> None:
    """Raises UsageError where Jinja2 is not installed."""
    page.environment()


def part(view: View, record: Record) -> bytes:
    """One manifest's chapter, with what the first lines of the page need to know of it."""
    organization = record["organization"]
    about = {
        "name": organization.get("name") or organization.get("id") or record["manifest"],
        "manifest": record["manifest"], "at": chapter.anchor(record), "counts": record["counts"],
        "known": any("baseline" in finding for finding in record["findings"]),
    }  # fmt: skip
    since = view.since(record) if view.since else None
    about["previous"] = since["report_id"] if since else ""
    return json.dumps({**about, "html": chapter.rendered(view, record, since)}).encode()


class Collector:
    """Keeps the chapters until the last one is there."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._chapters: list[Record] = []

    def add(self, rendered: bytes) -> bytes:
        """Keep one manifest's chapter. Raises UsageError when there are more than a page can hold."""
        if len(self._chapters) == MAX_MANIFESTS:
            raise UsageError(f"the html format takes at most {MAX_MANIFESTS} manifests a page; jsonl takes any number")
        found = json.loads(rendered)
        self._chapters.append({**found, "html": page.trusted(found["html"])})
        return b""

    def end(self, totals: Totals) -> bytes:
        """The whole page."""
        return document(self._view, self._chapters, totals)


def document(view: View, chapters: list[Record], totals: Totals) -> bytes:
    """The whole page, of the chapters that `part` made."""
    text = page.render(
        "page.html", header=view.header, chapters=chapters, totals=totals, command=_command(view.header, chapters, totals),
        configured=_call.configured(view.header), outcomes=chapter.OUTCOMES,
        known=any(c["known"] for c in chapters), signoff=view.style.get("signoff"),
    )  # fmt: skip
    return f"{text}\n".encode("utf-8", "replace")


def _command(header: Record, chapters: list[Record], totals: Totals) -> list[str]:
    """The words of the command that makes this page again, quoted for a shell."""
    manifests, invalid = (c["manifest"] for c in chapters), (p.path for p in totals.problems)
    words = _call.words(header, manifests, invalid, known=any(c["known"] for c in chapters))
    words += [
        word for name in {c["previous"] for c in chapters if c["previous"]} for word in ("--previous", f"REPORT-{name}")
    ]
    return [shlex.quote(word) for word in [*words, "--output", "html=report.html"]]
