"""The record as PDF: it says what the HTML says, is tagged, takes nothing from elsewhere, and is the same twice."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from policycheck.errors import UsageError
from policycheck.formats import pdf
from policycheck.formats._html import page

from .rich_support import SECRET, render

pytest.importorskip("weasyprint", reason="WeasyPrint or Pango is not installed", exc_type=(ImportError, OSError))
pypdf = pytest.importorskip("pypdf")
Rich = dict[str, Any]


@pytest.fixture(scope="module")
def made(rich: Rich) -> bytes:
    return render("pdf", rich)


def short(rich: Rich) -> Rich:
    """A report of three expectations and no finding: each page takes its time."""
    result = {**rich["results"][0], "findings": []}
    result["expectations"] = [
        {**one, "outcome": "not_applicable", "gaps": 0, "findings": 0, "because_of": "organization.jurisdictions"}
        for one in result["expectations"][:3]
    ]
    return {**rich, "results": [result]}


@pytest.fixture(scope="module")
def brief(rich: Rich) -> bytes:
    return render("pdf", short(rich))


def text(data: bytes) -> str:
    return "\n".join(found.extract_text() for found in pypdf.PdfReader(io.BytesIO(data)).pages)


def digest(data: bytes) -> str:
    """To be compared: of two long documents that differ, pytest would write out every difference, for hours."""
    return sha256(data).hexdigest()


def test_without_the_extra_it_names_the_one_that_holds_all_it_needs(monkeypatch: pytest.MonkeyPatch, rich: Rich) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    page.environment.cache_clear()
    with pytest.raises(UsageError, match=r"pip install 'policycheck\[pdf\]'"):
        render("pdf", rich)
    page.environment.cache_clear()


def test_it_holds_every_finding_that_is_open(made: bytes, rich: Rich) -> None:
    said = "".join(text(made).split())
    told = re.findall(r"Finding ([0-9a-f-]{36})", render("html", rich).decode())
    assert told
    assert [name for name in told if f"Finding{name}" not in said] == []
    assert rich["report_id"] in said
    assert SECRET in said


def test_the_first_page_numbers_grave_gaps_as_the_findings_do(made: bytes, rich: Rich) -> None:
    first = re.search(r'<ol class="grave" start="(\d+)">', render("html", rich).decode())
    assert first
    assert int(first[1]) > 1
    assert re.search(rf"(?m)^{first[1]}\. *$", text(made))


def test_the_fact_that_decides_is_not_torn_in_the_middle_of_a_word(brief: bytes) -> None:
    said = text(brief)
    assert len(re.findall(r"because\s+of\s+organization\.jurisdictions\.", said)) >= 2
    assert "because of org\n" not in said


def test_it_is_tagged_has_a_language_and_nothing_that_runs(made: bytes) -> None:
    root = pypdf.PdfReader(io.BytesIO(made)).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/StructTreeRoot"]
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert not {"/OpenAction", "/AA", "/AcroForm"} & root.keys()
    assert b"/JavaScript" not in made
    assert b"/EmbeddedFiles" not in made


def test_its_only_date_is_that_of_the_evaluation(made: bytes, rich: Rich) -> None:
    about = pypdf.PdfReader(io.BytesIO(made)).metadata
    assert about.creation_date.date().isoformat() == rich["as_of"]
    assert about.modification_date in (None, about.creation_date)


def test_it_is_the_same_twice(brief: bytes, rich: Rich) -> None:
    assert digest(render("pdf", short(rich))) == digest(brief)


def test_it_is_the_same_at_another_time_where_fonttools_cuts_the_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weasyprint.pdf.fonts.harfbuzz_subset", None, raising=False)
    found = []
    for moment in ("1700000000", "1800000000"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", moment)
        found.append(digest(pdf._printed(b"<html lang=en><head><title>t</title></head><body><p>here</p></body></html>")))
        assert os.environ["SOURCE_DATE_EPOCH"] == moment
    assert found[0] == found[1]


def test_it_opens_no_file_and_no_address(tmp_path: Path) -> None:
    asked: list[str] = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Silence."""

    secret = tmp_path / "secret.txt"
    secret.write_text("of-this-machine", "utf-8")
    server = HTTPServer(("127.0.0.1", 0), Server)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        hostile = (
            f"<html lang=en><head><title>t</title><link rel=attachment href='{secret.as_uri()}'>"
            f"<link rel=stylesheet href='{address}/s.css'></head>"
            f"<body><p>here</p><img alt='' src='{address}/i.png'><img alt='' src='{secret.as_uri()}'></body></html>"
        )
        made = pdf._printed(hostile.encode())
    finally:
        server.shutdown()
        server.server_close()
    assert asked == []
    assert b"EmbeddedFile" not in made
    assert "of-this-machine" not in text(made)


def test_drawings_carry_their_style_and_shapes() -> None:
    assert "var(" not in page.drawing()
    drawn = pdf._drawn(
        '<svg class="shapes" width="0"><symbol id="k-gap"/></svg><p><svg width="1"><use href="#k-gap"/></svg>'
    )
    assert 'class="shapes"' not in drawn
    assert drawn.count('<symbol id="k-gap"/>') == 1
    assert drawn.index("<style>") < drawn.index("<use")


def test_a_run_of_nothing_is_a_document(rich: Rich) -> None:
    empty = json.loads(json.dumps({**rich, "results": [], "problems": []}, ensure_ascii=False).encode("utf-8", "replace"))
    assert "0 manifests" in text(render("pdf", empty))
