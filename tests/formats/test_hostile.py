"""A manifest of somebody who means harm, in every format: markup, formulas, commands, reordering, names without end."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import unicodedata
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from policycheck import report as records
from policycheck import rooms
from tests import command_line

from .rich_support import GOLDEN

FOLDER = Path(__file__).parent / "hostile"
ROOT = Path(__file__).parents[2]
BINARY = ("pdf", "xlsx")
TEXTS = [name for name in rooms.names("formats") if name not in BINARY]
#: Formats for people and for runners, whose bytes are kept; the others are JSON and held against their schemas elsewhere.
KEPT = ("csv", "github", "github-summary", "gitlab", "html", "junit", "markdown", "table", "text")
#: What changes with every change of a pack: the report's id, and the packs' digests.
PACKS = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}|sha256:[0-9a-f]{64}")
JSON = ("gitlab", "in-toto", "json", "oscal", "oscal-catalog", "oscal-poam", "sarif", "sarif-github")


@cache
def everything() -> dict[str, bytes]:
    """One run, in every format but PDF, which is the HTML printed."""
    words = ["check", ".", "--root", ".", "--as-of", "2026-11-21", "--criteria", "CJS24", "--exit-zero", "--show-values"]
    names = [name for name in rooms.names("formats") if name != "pdf"]
    with TemporaryDirectory() as folder:
        outputs = [f"--output={name}={folder}/{name}" for name in names]
        call = [sys.executable, "-m", "policycheck", *words, "--verbose", "--format", "json", *outputs]
        environment = {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
        done = subprocess.run(call, cwd=FOLDER, capture_output=True, check=False, env=environment)
        assert done.returncode == 0, done.stderr.decode()
        return {name: (Path(folder) / name).read_bytes() for name in names}


def rendered(name: str) -> bytes:
    return everything()[name]


def text(name: str) -> str:
    return rendered(name).decode("utf-8-sig")


@pytest.mark.parametrize("name", KEPT)
def test_it_is_as_it_was(name: str, request: pytest.FixtureRequest) -> None:
    golden = GOLDEN / f"hostile.{name}"
    shown = PACKS.sub(b"of-the-packs", rendered(name))
    if request.config.getoption("--update-golden"):
        golden.write_bytes(shown)
    assert shown == golden.read_bytes()


@pytest.mark.parametrize("name", TEXTS)
def test_no_character_steers_what_shows_it(name: str) -> None:
    found = {c for c in text(name) if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")}
    assert found <= ({"\n", "\r"} if name == "csv" else {"\n"}), [hex(ord(c)) for c in found]


@pytest.mark.parametrize("name", JSON)
def test_it_is_json(name: str) -> None:
    assert json.loads(text(name))


class Page(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def test_the_page_has_no_markup_of_others() -> None:
    page = Page()
    page.feed(text("html"))
    assert not {"script", "img", "iframe", "object", "embed", "form", "input", "base"} & page.tags
    assert [name for name, _ in page.attributes if name.startswith("on")] == []
    addresses = [value for name, value in page.attributes if name in ("href", "src")]
    assert [value for value in addresses if not value.startswith(("#", "https://"))] == []
    assert not any("e.example" in value for value in addresses)
    assert text("html").count("</style>") == 1


@pytest.mark.parametrize("name", ["markdown", "github-summary"])
def test_markdown_shows_it_as_text(name: str) -> None:
    markdown_it = pytest.importorskip("markdown_it")
    html = markdown_it.MarkdownIt("commonmark").enable("table").render(text(name))
    page = Page()
    page.feed(html)
    assert not {"script", "img", "iframe"} & page.tags
    assert [value for key, value in page.attributes if key == "href" and "e.example" in value] == []
    assert [value for key, value in page.attributes if value.startswith("javascript:")] == []


def test_no_line_for_the_runner_is_a_command_of_others() -> None:
    lines = text("github").splitlines()
    assert lines
    assert [line for line in lines if not re.match(r"::(?:error|warning|notice)(?: |::)", line)] == []
    assert not re.search(r"^::stop-commands", text("github-summary"), re.MULTILINE)
    assert "##[" not in "\n".join(re.findall(r"^##\[.*", text("text"), re.MULTILINE))


def test_no_cell_is_a_formula() -> None:
    rows: list[list[str]] = list(csv.reader(io.StringIO(text("csv"))))
    assert len(rows) > 10
    assert [cell for row in rows for cell in row if cell[:1] in {"=", "+", "-", "@"} and cell] == []


def test_no_cell_of_the_workbook_is_a_formula_or_a_link() -> None:
    openpyxl: Any = pytest.importorskip("openpyxl")
    pytest.importorskip("xlsxwriter")
    book = openpyxl.load_workbook(io.BytesIO(rendered("xlsx")))
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert [cell.coordinate for cell in cells if cell.hyperlink] == []
    assert max(len(str(cell.value)) for cell in cells) <= 32767


def test_names_without_end_do_not_push_anything_off_the_terminal() -> None:
    assert max(map(len, text("text").splitlines())) <= 80 + 60


# --- a pack, or an earlier report, of somebody who means harm --------------------------------------------------------

HARM = "x \x1b[2J\u202e\u2028 ##vso[task.complete result=Succeeded]\n::error::x <script>alert(1)</script>"


def written_by_another(folder: Path, as_of: str = "") -> None:
    """The report, with harm in the texts that come from packs, and all that is reckoned from them reckoned anew."""
    found: dict[str, Any] = json.loads(text("json"))
    found["disclaimer"] = HARM
    for document in found["criteria"]["documents"]:
        document.update(dict.fromkeys(("title", "issuer", "date", "url", "status"), HARM))
    for rule in found["rules"].values():
        rule.update({"title": HARM, "remediation": HARM, "family": HARM})
    for asked in found["expectations"].values():
        asked.update({"locator": HARM, "paraphrase": HARM, "supports": {"gdpr": [HARM], "owasp-oat": [HARM]}})
    for record in found["results"]:
        for finding in record["findings"]:
            finding |= {key: HARM for key in ("title", "remediation") if key in finding}
        for row in record["expectations"]:
            row["locator"] = HARM
    found["as_of"] = as_of or found["as_of"]
    found["report_id"] = records.identity(records.header_of(found), records.totals_of(found))
    (folder / "report.json").write_text(json.dumps(found), "utf-8")


@pytest.mark.parametrize("words", [(name,) for name in TEXTS if name not in ("json", "jsonl")] + [
    (name, "--view", view) for name in ("text", "table", "markdown") for view in ("gdpr", "owasp-oat")
])  # fmt: skip
def test_no_text_of_a_pack_steers_what_shows_it(words: tuple[str, ...], tmp_path: Path) -> None:
    written_by_another(tmp_path)
    code, out, told = command_line.raw(tmp_path, "report", "report.json", "--verbose", "--show-values", "--format", *words)
    assert code == 0, told
    shown = out.decode("utf-8-sig").replace("\r\n", "\n")
    found = {c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")}
    assert found <= {"\n"}, [hex(ord(c)) for c in found]
    assert "##vso[" not in shown
    assert words[0] == "github" or not re.search(r"(?m)^\s*::", shown)


@pytest.mark.parametrize("day", ["2026-02-30", "0000-01-01", "today", HARM])
@pytest.mark.parametrize("name", ["xlsx", "markdown"])
def test_a_report_of_no_day_is_refused_and_no_bug(name: str, day: str, tmp_path: Path) -> None:
    pytest.importorskip("xlsxwriter")
    written_by_another(tmp_path, as_of=day)
    code, out, told = command_line.raw(tmp_path, "report", "report.json", "--format", name)
    assert (code, out) == (3, b"")
    assert "as_of" in told
