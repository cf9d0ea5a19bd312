"""The HTML record: whole, harmless, the same twice, and consistent with the report that it is made of."""

from __future__ import annotations

import copy
import json
import re
import shlex
import subprocess
import sys
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from policycheck.errors import UsageError
from policycheck.formats import html
from policycheck.formats._html import calendar, chapter, heatmap, page, record
from policycheck.report import Totals
from policycheck.run import View

from .rich_support import GOLDEN, render

ROOT = Path(__file__).parents[2]
AS_OF = "2026-11-21"
MAX_SIZE = 3 * 2**20
BLOCKS = {"dd", "dt", "h5", "li", "p", "q", "td", "th"}
VOID = {"meta", "br", "link", "img", "input", "hr", "base", "area", "col", "embed", "source", "track", "wbr"}
#: What a manifest's author may try: to run, to break out of an attribute, to reorder, to end the style sheet.
ATTACKS = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onmouseover='alert(1)", "</style><svg onload=f()>",
    "\u202egnp.exe\u2066 \u200b\ufeff", "{{ 7 * 7 }}{% raw %}", "javascript:alert(1)", "\x00\x1b[31m\ud800", "x" * 10_000,
)  # fmt: skip
Rich = dict[str, Any]


class Page(HTMLParser):
    """A page as a parser sees it: its elements with their attributes, its text, and what is not balanced."""

    def __init__(self, source: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.text = ""
        self.style = ""
        self.feed(source.decode("utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self.text += " " * (tag in BLOCKS)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["style"]:
            self.style += data
        else:
            self.text += data

    @property
    def words(self) -> str:
        """The text as it is read: with single spaces."""
        return " ".join(self.text.split())

    def values(self, attribute: str) -> list[str]:
        return [found[attribute] for _, found in self.elements if attribute in found]


def check(folder: Path, *arguments: str, of: Path = ROOT) -> bytes:
    target = folder / "report.html"
    call = [sys.executable, "-m", "policycheck", "check", *arguments, "--exit-zero", "--quiet", "--output", f"html={target}"]
    done = subprocess.run(call, cwd=of, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == 0, done.stderr
    return target.read_bytes()


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The large example, as the command line writes it."""
    return check(tmp_path_factory.mktemp("harbour"), "examples/harbour-social", "--as-of", AS_OF)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Rich:
    """The same run as JSON."""
    target = tmp_path_factory.mktemp("json") / "report.json"
    call = [sys.executable, "-m", "policycheck", "check", "examples/harbour-social", "--as-of", AS_OF, "--exit-zero"]
    call += ["--quiet", "--output", f"json={target}"]
    subprocess.run(call, cwd=ROOT, capture_output=True, env={"PYTHONPATH": str(ROOT)}, check=True)
    found: Rich = json.loads(target.read_text("utf-8"))
    return found


def hostile(node: Any, attack: str) -> Any:
    """A report in which every text that people write is an attack; the words that the schema fixes are kept."""
    fixed = {"outcome", "assurance", "severity", "modality", "document", "documents", "criteria", "state", "seen", "as_of"}
    dates = {"expires_on", "granted_on", "due_on", "since", "warns_until", "id", "rule", "expectations", "fail_on", "sha256"}
    if isinstance(node, dict):
        return {k: v if k in fixed | dates else hostile(v, attack) for k, v in node.items()}
    if isinstance(node, list):
        return [hostile(item, attack) for item in node]
    return attack if isinstance(node, str) else node


def attacked(rich: Rich, attack: str) -> Rich:
    rich = copy.deepcopy(rich)
    record = rich["results"][0]
    for finding in record["findings"]:
        finding["subject"]["id"] = finding["subject"]["route"] = attack
    record["organization"]["id"] = attack
    return {**rich, "results": [hostile(record, attack)], "problems": hostile(rich["problems"], attack)}


# --- the page ------------------------------------------------------------------------------------------------


def test_the_page_is_as_it_was(rich: Rich, request: pytest.FixtureRequest) -> None:
    golden = GOLDEN / "html.html"
    if request.config.getoption("--update-golden"):
        golden.write_bytes(render("html", rich))
    assert render("html", rich) == golden.read_bytes()


def test_it_is_well_formed_and_every_link_inside_it_leads_somewhere(harbour: bytes) -> None:
    seen = Page(harbour)
    assert seen.unbalanced == []
    assert seen.open == []
    ids = Counter(seen.values("id"))
    assert [name for name, count in ids.items() if count > 1] == []
    inner = {link[1:] for link in seen.values("href") if link.startswith("#")}
    named = {name for value in seen.values("aria-labelledby") for name in value.split()}
    assert inner | named <= set(ids)
    assert len(inner) > 50


def test_it_needs_nothing_from_outside_and_runs_nothing(harbour: bytes) -> None:
    seen = Page(harbour)
    tags = {tag for tag, _ in seen.elements}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    attributes = {name for _, found in seen.elements for name in found}
    assert not {a for a in attributes if a.startswith("on")} | attributes & {"style", "src", "srcset", "action"}
    assert "url(" not in seen.style
    assert "@import" not in seen.style
    assert all(link.startswith(("#", "https://")) for link in seen.values("href"))


def test_the_browser_is_told_to_allow_this_style_sheet_only(harbour: bytes) -> None:
    seen = Page(harbour)
    (policy,) = [f["content"] for tag, f in seen.elements if f.get("http-equiv") == "Content-Security-Policy"]
    digest = b64encode(sha256(seen.style.encode()).digest()).decode()
    assert policy.split("; ")[:2] == ["default-src 'none'", f"style-src 'sha256-{digest}'"]


def test_a_large_record_can_be_sent_by_mail(harbour: bytes) -> None:
    assert len(harbour) < MAX_SIZE


def test_it_never_says_compliant(harbour: bytes) -> None:
    assert not re.search(r"\bcompliant\b|\bcomplies\b|in compliance", Page(harbour).text, re.IGNORECASE)


# --- what it says --------------------------------------------------------------------------------------------


def test_the_counts_are_those_of_the_report(harbour: bytes, judged: Rich) -> None:
    counts, words = judged["results"][0]["counts"], Page(harbour).words
    rows = {"expectations": "Expectations", "findings": "Findings", "integrity": "Of the declaration itself"}
    for kind, heading in rows.items():
        assert f"{heading} {' '.join(str(counts[kind][o]) for o in chapter.OUTCOMES)} " in words
    assert f"{counts['contradicted']} findings contradicted" in words
    assert f"{counts['blocking']} block at" in words


def test_every_finding_that_asks_for_something_is_there_once(harbour: bytes, judged: Rich) -> None:
    record = judged["results"][0]
    ids = Counter(Page(harbour).values("id"))
    asking = [f["id"] for f in record["findings"] if f["outcome"] in {"gap", "unknown"}]
    assert {name: ids[f"{chapter.anchor(record)}-{name}"] for name in asking} == dict.fromkeys(asking, 1)


def test_every_paragraph_of_every_document_is_there_in_order(harbour: bytes, judged: Rich) -> None:
    rows = re.findall(
        r'<tr><th scope="row"><b>([^<]+)</b> <span class="soft">([^<]+); (?:must|should|may|inf)', harbour.decode()
    )
    rows = [(name, unescape(locator)) for name, locator in rows]
    documents = [document["id"] for document in judged["criteria"]["documents"]]
    asked = sorted(judged["expectations"].items(), key=lambda item: documents.index(item[1]["document"]))
    assert rows == [(name, row["locator"]) for name, row in asked]
    assert len(rows) == judged["criteria"]["expectations"]


def test_every_file_that_was_read_is_in_the_ledger_with_its_digest(harbour: bytes, judged: Rich) -> None:
    record = judged["results"][0]
    text = Page(harbour).text
    ledger = text[text.index("Every file that was read") :]
    for file in [*record["inputs"], *(a for e in record["artefacts"] for a in e["artefacts"])]:
        assert re.search(rf"{re.escape(file['path'])}\s*{file['size']:,} bytes\s*{file['sha256']}", ledger), file["path"]


def test_a_contradiction_shows_both_lines_with_what_stands_there(harbour: bytes) -> None:
    words = Page(harbour).words
    finding = words[words.index("Condition and effect") : words.index("Management response")]
    assert "deploy/conf.d/www.conf:48 sha256 3b7c872770ee limit_req_dry_run on;" in finding
    assert re.search(r"controls/technical.policycheck-part.yaml:83 sha256 [0-9a-f]{12} status: deployed", finding)


def test_contradictions_come_first_in_whatever_order_the_report_has_them(rich: Rich) -> None:
    rich = copy.deepcopy(rich)
    rich["results"][0]["findings"].reverse()
    marks = re.findall(r'<article class="finding (\w+)"', render("html", rich).decode())
    assert marks == sorted(marks, key=["contradicted", *chapter.SEVERITIES].index)
    assert marks[0] == "contradicted"


def test_what_could_not_be_read_says_why(harbour: bytes) -> None:
    text = Page(harbour).text
    part = text[text.index("Not verified, and why") :]
    assert "media.conf.template is a template; name the file that it is rendered to" in part
    assert "collected on 2025-02-11, valid for 365 days" in part


def test_the_first_page_says_what_loosened_the_run(tmp_path: Path) -> None:
    said = {}
    for name, more in (("strict", ()), ("loose", ("--fail-on", "high", "--allow-unknown"))):
        text = Page(check(tmp_path, "examples/corner-shop", "--as-of", AS_OF, *more)).words
        said[name] = text[: text.index("What this report is not")]
    assert "Loosened by --allow-unknown, --fail-on high, --exit-zero." in said["loose"]
    assert "unknowns do not block" in said["loose"]
    assert "Loosened by --exit-zero." in said["strict"]
    assert "unknowns block like gaps" in said["strict"]


def test_an_accepted_gap_names_who_approved_it_and_until_when(rich: Rich) -> None:
    text = Page(render("html", rich)).words
    part = text[text.index("Somebody answers for these gaps") : text.index("Evidence ledger")]
    assert "2026-12-31" in part
    assert "log-review" in part
    assert "4711-per-hour, 2026-10-01, T-1" in part


def test_a_file_that_was_not_judged_is_named_before_the_findings(rich: Rich) -> None:
    words = Page(render("html", rich)).words
    assert "Nothing in this report speaks for these files." in words
    assert words.index("Not judged, because invalid") < words.index("expectations that rules test")


def test_the_command_in_it_makes_it_again(tmp_path: Path) -> None:
    first = check(tmp_path, "examples/corner-shop", "--as-of", "2026-10-01", "--criteria", "CJS24", "--fail-on", "medium")
    text = Page(first).text
    (line,) = re.findall(r"policycheck check .*--output html=report.html", text)
    words = shlex.split(line)
    (tmp_path / "again").mkdir()
    words[-1] = f"html={tmp_path / 'again' / 'report.html'}"
    call = [sys.executable, "-m", *words]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, env={"PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "again" / "report.html").read_bytes() == first


def test_several_manifests_share_a_page_with_the_contradicted_ones_first(tmp_path: Path) -> None:
    out = check(tmp_path, "examples/corner-shop", "examples/harbour-social", "--as-of", AS_OF)
    seen = Page(out)
    assert [name for name, count in Counter(seen.values("id")).items() if count > 1] == []
    table = seen.text[seen.text.index("What was found in each") :]
    assert table.index("Harbour Social plc") < table.index("Corner Shop Ltd")
    assert "<title>Gap report: 2 manifests, as of 2026-11-21</title>" in out.decode()


# --- hostile text --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_text_of_others_stays_text(rich: Rich, attack: str) -> None:
    seen = Page(render("html", attacked(rich, attack)))
    plain = Page(render("html", attacked(rich, "plain")))
    assert seen.unbalanced == []
    assert seen.open == []
    assert [(tag, sorted(found)) for tag, found in seen.elements] == [(tag, sorted(found)) for tag, found in plain.elements]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u200b\u202a-\u202e\u2066-\u2069\ufeff]", seen.text)
    assert all(link.startswith(("#", "https://")) for link in seen.values("href"))
    assert seen.style == plain.style


def test_an_address_that_is_not_of_the_web_is_no_link(rich: Rich) -> None:
    rich = copy.deepcopy(rich)
    for document in rich["criteria"]["documents"]:
        document["url"] = "javascript:alert(1)"
    seen = Page(render("html", rich))
    assert "javascript:alert(1)" in seen.text
    assert all(link.startswith("#") for link in seen.values("href"))


def test_a_page_of_no_end_is_cut(rich: Rich) -> None:
    assert len(render("html", attacked(rich, "x" * 100_000))) < 2 * len(render("html", rich))


# --- what it refuses -----------------------------------------------------------------------------------------


def test_without_jinja_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    page.environment.cache_clear()
    try:
        with pytest.raises(UsageError, match=r"pip install 'policycheck\[html\]'"):
            html.begin(View({}, {}))
    finally:
        page.environment.cache_clear()


def test_more_manifests_than_a_page_holds_are_refused(rich: Rich, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "MAX_MANIFESTS", 1)
    rich = {**rich, "results": rich["results"] * 2}
    with pytest.raises(UsageError, match="at most 1 manifests"):
        render("html", rich)


def test_a_run_without_manifests_is_a_page_too(rich: Rich) -> None:
    header = {key: rich[key] for key in rich if key not in {"results", "totals", "problems", "exit_code"}}
    out = html.end(View(header, {}), Totals())
    assert Page(out).unbalanced == []
    assert b"0 manifests" in out


# --- its drawings --------------------------------------------------------------------------------------------


def finding(route: str, outcome: str = "met", **more: Any) -> dict[str, Any]:
    subject = {"kind": "control", "id": route, "route": route}
    rest = {"assurance": "declared", "expectations": ["E-1"], "facts": [], "rule": "r"}
    return {"subject": subject, "outcome": outcome, **rest, **more}


def facts(**values: Any) -> list[dict[str, Any]]:
    return [{"route": f"controls[a].{name}", "value": value} for name, value in values.items()]


def test_a_review_falls_due_its_interval_after_the_last_one() -> None:
    reviewed = finding("controls[a]", facts=facts(last_reviewed_on="2026-01-01", review_interval_days=30))
    (day,) = calendar.days(AS_OF, [reviewed, reviewed])
    assert (day.day, day.is_past) == ("2026-01-31", True)


@pytest.mark.parametrize(
    "values",
    [
        {"last_reviewed_on": "2026-02-30", "review_interval_days": 30},
        {"last_reviewed_on": "2026-01-01", "review_interval_days": True},
        {"last_reviewed_on": "9999-12-31", "review_interval_days": 30},
        {"last_reviewed_on": "2026-01-01"},
    ],
)
def test_no_day_is_made_up(values: dict[str, Any]) -> None:
    assert calendar.days(AS_OF, [finding("controls[a]", facts=facts(**values))]) == []


def test_the_last_day_of_a_warning_is_not_yet_the_day_on_which_it_blocks() -> None:
    (day,) = calendar.days(AS_OF, [{**finding("controls[a]"), "warns_until": "2026-12-31"}])
    assert (day.day, day.why.endswith(" only warns until then")) == ("2026-12-31", True)


def test_days_are_drawn_in_their_order() -> None:
    found = [finding("controls[a]", exception={"id": "x", "expires_on": day}) for day in ("2027-11-21", "2025-11-21")]
    first, last = calendar.days(AS_OF, found)
    assert (first.at, first.now, last.at) == (0, calendar.WIDTH // 2, calendar.WIDTH)


def mapped(findings: list[dict[str, Any]]) -> list[heatmap.Panel]:
    rows = [{"id": "E-1", "document": "E", "outcome": "gap"}]
    return heatmap.panels({"findings": findings, "expectations": rows})


def kinds(panels: list[heatmap.Panel]) -> Iterator[tuple[str, str]]:
    for panel in panels:
        yield from ((mark.kind, mark.title) for mark in panel.marks)


def test_the_map_draws_the_gravest_of_what_meets_in_a_cell() -> None:
    parts = [finding("controls[a].x", "gap"), finding("controls[a].y", "met"), finding("controls[b]", "met")]
    assert list(kinds(mapped(parts))) == [("gap", "E-1, controls[a]: 1 gap, 1 met")]
    parts.append(finding("controls[a]", "gap", assurance="contradicted"))
    assert list(kinds(mapped(parts))) == [("contradicted", "E-1, controls[a]: 1 contradicted, 1 gap, 1 met")]


def test_a_map_too_wide_is_drawn_in_pieces_and_says_what_it_leaves_out() -> None:
    count = heatmap.MAX_COLUMNS * heatmap.MAX_PANELS + 3
    panels = mapped([finding(f"controls[c{n:04}]", "gap") for n in range(count)])
    assert len(panels) == heatmap.MAX_PANELS
    assert {panel.left_out for panel in panels} == {3}
    assert len(list(kinds(panels))) == count - 3


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("no limit on reviews. More.", "No limit on reviews."),
        ("old-apps-2026: the authority was told late", "old-apps-2026: the authority was told late."),
        ("surfaces[card] is in the artefact", "surfaces[card] is in the artefact."),
    ],
)
def test_an_id_at_the_head_of_a_sentence_is_written_as_declared(message: str, shown: str) -> None:
    assert page.opening(message) == shown
