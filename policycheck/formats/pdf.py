"""The HTML record as a PDF: tagged for screen readers, made without network and without reading a local file.

WeasyPrint lays the page out as a browser prints it. The same record gives the same bytes on a machine with the same fonts
and the same WeasyPrint; nothing in the file names a clock.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from policycheck.errors import UsageError
from policycheck.formats._html import page
from policycheck.formats._html import record as records
from policycheck.model import Outcome
from policycheck.report import Record, Totals

if TYPE_CHECKING:
    from policycheck.run import View

RECORD = "full"
SEPARATOR = b""
SHOWS_SINCE = True
BINARY = True
#: PDF/UA-1 (ISO 14289-1): headings, lists, tables and alternative texts are marked as such.
VARIANT = "pdf/ua-1"


def detail(style: Mapping[str, Any]) -> frozenset[Outcome]:
    """Everything, as in HTML."""
    return frozenset(Outcome)


def begin(view: View) -> bytes:
    """Nothing yet. Raises UsageError where WeasyPrint or Jinja2 is not installed."""
    # First, so that what is missing is told by the name of the extra that holds it all.
    _weasyprint()
    records.ready()
    return b""


def part(view: View, record: Record) -> bytes:
    """One manifest's chapter."""
    return records.part(view, record)


def end(view: View, totals: Totals) -> bytes:
    """A document of no manifests."""
    return _printed(records.document(view, [], totals))


def collect(view: View) -> Collector:
    """What lays the document out when the last chapter is there."""
    return Collector(view)


class Collector(records.Collector):
    """Keeps the chapters, then prints them."""

    def end(self, totals: Totals) -> bytes:
        """The whole document."""
        return _printed(super().end(totals))


def _weasyprint() -> Any:
    try:
        import weasyprint  # type: ignore[import-untyped]  # it ships no types
    except (ImportError, OSError) as error:
        # An OSError is Pango missing: WeasyPrint loads it when imported.
        raise UsageError("the pdf format needs WeasyPrint and Pango: pip install 'policycheck[pdf]'") from error
    return weasyprint


def _printed(html: bytes) -> bytes:
    weasyprint = _weasyprint()
    from weasyprint.urls import URLFetcher  # type: ignore[import-untyped]  # it ships no types

    text = _drawn(html.decode("utf-8"))
    # The hints are the numbers of lists, which do not all begin with one.
    # No protocol is allowed: not http, and not file:, by which a link could embed a file of this machine.
    document = weasyprint.HTML(string=text, url_fetcher=URLFetcher(allowed_protocols=[]), media_type="print")
    with _without_clock():
        made: bytes = document.write_pdf(pdf_variant=VARIANT, presentational_hints=True)
    return made


@contextmanager
def _without_clock() -> Iterator[None]:
    """Where HarfBuzz cannot cut the fonts down, fontTools does, and writes the time into each: by this, always the same."""
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = "0"
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before


def _drawn(html: str) -> str:
    """The page with each drawing carrying its own style and shapes: WeasyPrint looks for them nowhere else."""
    shapes = re.search(r'<svg class="shapes"[^>]*>(.*?)</svg>', html, re.DOTALL)
    carried = f"<style>{page.drawing()}</style><defs>{shapes[1] if shapes else ''}</defs>"
    bare = html.replace(shapes[0], "") if shapes else html
    return re.sub(r"<svg\b[^>]*>", lambda tag: tag[0] + carried, bare)
