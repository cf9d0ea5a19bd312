"""The report on a terminal: every gap shows what it rests on, and every path leads there from the current folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.command_line import Done

ROOT = Path(__file__).parents[2]
MANIFEST = """policycheck: 1
organization: {id: acme, roles: [website_operator], jurisdictions: [GB]}
surfaces:
  - {id: profiles, kind: page, auth: none, fields: [{name: full_name, category: user.name}]}
third_party_access:
  - id: partner-a
    recipient: Partner A
    surfaces: [profiles]
"""
MISSING = "because third_party_access[partner-a].contract not written"
Call = Callable[..., Done]


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "policycheck.yaml").write_text(MANIFEST, "utf-8")
    return tmp_path


def check(call: Call, folder: Path, *words: str) -> str:
    return call(folder, "check", "--as-of", "2026-11-21", *words).stdout


def test_what_is_not_declared_is_said_although_the_gap_stands_there(acme: Path, call: Call) -> None:
    assert MISSING in check(call, acme)
    assert MISSING in check(call, acme, "-v")


def test_a_single_value_is_said_once_beside_its_line(call: Call) -> None:
    """`accounts: false` under a mark says enough; where the line cannot be shown, the fact is said."""
    example = ROOT / "examples" / "harbour-social"
    at_once = check(call, example, "--root", ".")
    replayed = call(example, "report", "-", stdin=check(call, example, "--root", ".", "--format", "json").encode())
    for text in (at_once, replayed.stdout):
        blocks = [block for block in text.split("\n\n") if "\n  asked by " in block]
        assert blocks
        assert [block for block in blocks if "\n  because " not in block and " | " not in block] == []
    assert replayed.stdout.count("\n  because ") > at_once.count("\n  because ")


def test_the_lines_of_artefacts_are_named_from_the_current_folder(tmp_path: Path, call: Call) -> None:
    shutil.copytree(ROOT / "examples" / "corner-shop", tmp_path / "shop")
    (tmp_path / "shop" / "docs").mkdir(exist_ok=True)
    there, here = tmp_path / "shop", tmp_path / "shop" / "docs"
    assert " in deploy/nginx.conf:5" in check(call, there, "--root", ".", "-v")
    below = check(call, here, "--root", "..", "-v", "../policycheck.yaml")
    assert " in ../deploy/nginx.conf:5" in below
    assert " in deploy/nginx.conf" not in below


@pytest.mark.parametrize(
    ("owner", "shown", "columns"),
    [("Web", "Web", 3), ("日本語", "日本語", 6), ("e\u0301t", "e\u0301t", 2), ("a\u200db", "a\\u200db", 8)],
)
def test_the_mark_stands_under_what_is_meant_also_behind_wide_and_escaped_text(
    owner: str, shown: str, columns: int, acme: Path, call: Call
) -> None:
    control = f"  - {{owner: {owner}, last_reviewed_on: 2024-06-02,\n     id: edge, family: rate_limit,\n"
    control += "     surfaces: [profiles], layer: technical, status: deployed, review_interval_days: 90}\n"
    (acme / "policycheck.yaml").write_text(f"{MANIFEST}controls:\n{control}", "utf-8")
    lines = check(call, acme).splitlines()
    at = lines.index(f"   10 |   - {{owner: {shown}, last_reviewed_on: 2024-06-02,")
    before = len("   10 |   - {owner: , last_reviewed_on: ") + columns
    assert lines[at + 1] == f"      |{' ' * (before - 7)}{'^' * 10}"


def test_one_that_blocks_is_one(call: Call, tmp_path: Path) -> None:
    place = tmp_path / "shop"
    shutil.copytree(ROOT / "examples" / "corner-shop", place)
    assert "  blocking      1 gap or unknown of severity high or higher\n" in check(call, place, "--fail-on", "high")
    assert "  blocking      1 gap of severity high" in check(call, place, "--fail-on", "high", "--allow-unknown")
    listed = call(place, "evidence", "list").stdout
    assert "\n1 file was read, 486 bytes; sha256 and path:\n" in listed
    assert "\n1 entry: 1 agrees\n" in listed


def test_quiet_is_one_line_a_manifest(call: Call, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        shutil.copytree(ROOT / "examples" / "corner-shop", tmp_path / name)
        manifest = tmp_path / name / "policycheck.yaml"
        manifest.write_text(manifest.read_text("utf-8").replace("id: corner-shop,", f"id: shop-{name},"), "utf-8")
    lines = check(call, tmp_path, "--quiet", ".").split("\n")
    assert [line.partition(":")[0] for line in lines] == ["shop-a", "shop-b", "shop-c", "", "3 manifests", ""]
    assert check(call, tmp_path, "--quiet", "a").count("\n") == 1


def test_what_two_surfaces_are_asked_alike_is_written_out_once(acme: Path, call: Call) -> None:
    more = MANIFEST.replace(
        "third_party", "  - {id: people, kind: page, auth: none, fields: [{name: n, category: user.name}]}\nthird_party"
    )
    more = more.replace("third_party", "controls: []\nthird_party")
    (acme / "policycheck.yaml").write_text(more, "utf-8")
    first, second = (block for block in check(call, acme).split("\n\n") if " surface-guarded\n" in block)
    assert "\n  asked by CJS24" in first
    assert "\n  to close: Put " in first
    assert second.endswith("\n  asked by and to close: as above")
    told = [
        block for block in check(call, acme, "-v").split("\n\n") if " surface-guarded\n" in block and " gap" not in block
    ]
    assert [block for block in told if "asked by CJS24" not in block or "to close: Put " not in block] == []


def test_findings_without_their_words_say_where_the_words_are(
    acme: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = check(call, acme).count("\n")
    monkeypatch.setattr("policycheck.formats.text.MAX_LINES", whole - 8)
    said = check(call, acme)
    assert " in short; --verbose shows all of them\n" in said
    assert said.count("\n") <= whole - 8


@pytest.mark.parametrize(
    ("form", "waits"), [("text", "Not declared: 44"), ("markdown", "Not declared (44"), ("html", "<p>44 findings wait")]
)
def test_what_nothing_stands_behind_is_no_evidence_that_could_not_be_read(form: str, waits: str, call: Call) -> None:
    said = check(call, ROOT / "examples" / "corner-shop", "--min-assurance", "verified", "--format", form)
    assert waits in said
    for heading in ("Could not be read", "Evidence that could not be read", "Evidence that says nothing"):
        assert heading not in said


def test_a_strict_baseline_left_nothing_unjudged(acme: Path, call: Call) -> None:
    call(acme, "baseline", "write", "--as-of", "2026-11-21")
    held = acme / ".policycheck-baseline.yaml"
    known = held.read_text("utf-8")
    gone = (
        'id: "00000000-0000-5000-8000-000000000000"\n    organization: acme\n    rule: access-disclosed\n    subject: gone'
    )
    held.write_text(
        f"{known}  - {gone}\n    outcome: gap\n    severity: high\n    assurance: declared\n    since: 2026-01-01\n", "utf-8"
    )
    for form in ("text", "markdown", "table"):
        for quiet in ([], ["--quiet"]) if form == "text" else ([],):
            said = check(call, acme, "--baseline", held.name, "--strict-baseline", "--format", form, *quiet)
            assert "The baseline holds gaps that are closed, and the run was strict about it" in " ".join(said.split())
            assert "not judged" not in said.lower()
