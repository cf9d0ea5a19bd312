"""The audit record as one HTML file: opens offline, prints, needs no script, and shows every fact with its place.

A first page to be read in a minute, a map, the documents' paragraphs in order, every finding, what could not be
verified, the evidence ledger, and how to get the same report again.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from policycheck.errors import UsageError
from policycheck.formats._html import chapter, page
from policycheck.model import Outcome
from policycheck.report import Record, Totals

if TYPE_CHECKING:
    from policycheck.run import View

RECORD = "full"
SEPARATOR = b"\n"
SHOWS_SINCE = True
#: A browser opens no more comfortably; a run over thousands wants jsonl or sarif.
MAX_MANIFESTS = 100
_SWITCHES = {
    "--allow-unknown": ("allow_unknown", True), "--no-equivalents": ("equivalents", False),
    "--no-evidence": ("evidence", False), "--exit-zero": ("exit_zero", True),
}  # fmt: skip
_PLAIN = {"--fail-on": ("fail_on", "low"), "--min-assurance": ("min_assurance", "declared")}
#: What only a configuration file says: a command cannot repeat it.
_CONFIGURED = ("min_assurance_by", "exception_days", "exceptions_from", "warn_until", "exclude")


def detail(style: Mapping[str, Any]) -> frozenset[Outcome]:
    """Everything: an audit record also shows what was found in order, and on what that rests."""
    return frozenset(Outcome)


def begin(view: View) -> bytes:
    """Nothing yet: the title names what only the parts know. Raises UsageError where Jinja2 is not installed."""
    page.environment()
    return b""


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


def end(view: View, totals: Totals) -> bytes:
    """A page of no manifests."""
    return _document(view, [], totals)


def collect(view: View) -> Collector:
    """What puts the title and the contents before the chapters."""
    return Collector(view)


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
        return _document(self._view, self._chapters, totals)


def _document(view: View, chapters: list[Record], totals: Totals) -> bytes:
    text = page.render(
        "page.html", header=view.header, chapters=chapters, totals=totals, command=_command(view.header, chapters),
        configured=[name for name in _CONFIGURED if view.header["options"].get(name)], outcomes=chapter.OUTCOMES,
        known=any(c["known"] for c in chapters),
    )  # fmt: skip
    return f"{text}\n".encode("utf-8", "replace")


def _command(header: Record, chapters: list[Record]) -> list[str]:
    """The words of the command that makes this page again, quoted for a shell; from the root that the paths count from."""
    options = header["options"]
    words = ["policycheck", "check", *(c["manifest"] for c in chapters), "--as-of", header["as_of"]]
    words += [word for name in options["criteria"] for word in ("--criteria", name)]
    own = [pack["id"] for pack in header["criteria"]["packs"] if not pack["shipped"]]
    words += [word for name in own for word in ("--rules", f"FOLDER-OF-{name}")]
    for name, (key, usual) in _PLAIN.items():
        words += [name, options[key]] if options[key] != usual else []
    words += [name for name, (key, switched) in _SWITCHES.items() if options[key] is switched]
    words += [
        word for name in {c["previous"] for c in chapters if c["previous"]} for word in ("--previous", f"REPORT-{name}")
    ]
    words += ["--baseline", "YOUR-BASELINE"] if any(c["known"] for c in chapters) else []
    return [shlex.quote(word) for word in [*words, "--output", "html=report.html"]]
