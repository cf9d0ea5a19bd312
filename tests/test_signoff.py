"""Who signed a report: what may be said, what is refused, and that a draft says so on every page."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from policycheck import signoff
from policycheck.errors import InvalidInput, UsageError

ROOT = Path(__file__).parents[1]
ID = "26a2501b-1e89-8eba-9b36-9cda095aa0d5"
AS_OF = "2026-11-21"
WHOLE = f"""\
policycheck-review: 1
report: {ID}
prepared_by: {{name: Ada Example, role: privacy engineer, date: 2026-11-21}}
reviewed_by: {{name: Ben Example, date: 2026-11-22}}
approved_by: {{name: Cleo Example, role: DPO, date: 2026-11-22}}
remarks: Read with the minutes.
"""


def refused(text: str) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        signoff.read(text.encode(), "review.yaml", ID, AS_OF)
    return [str(problem) for problem in caught.value.problems]


def test_a_whole_review_is_no_draft() -> None:
    found = signoff.read(WHOLE.encode(), "review.yaml", ID, AS_OF)
    assert not found.is_draft
    assert found.approved_by == signoff.Signature("Cleo Example", "DPO", "2026-11-22")
    assert found.remarks == "Read with the minutes."


def test_the_manuals_review_file_is_taken() -> None:
    written = re.search(r"```yaml\n(policycheck-review: .*?)```", (ROOT / "docs" / "audit.md").read_text("utf-8"), re.DOTALL)
    assert written is not None
    text = re.sub(r"report: .*", f"report: {ID}", written[1])
    assert not signoff.read(text.encode(), "review.yaml", ID, AS_OF).is_draft


@pytest.mark.parametrize("part", signoff.PARTS)
def test_a_review_that_lacks_somebody_is_a_draft(part: str) -> None:
    text = "".join(line for line in WHOLE.splitlines(keepends=True) if not line.startswith(part))
    assert signoff.read(text.encode(), "review.yaml", ID, AS_OF).is_draft


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (ID, ID.replace("26a", "27a"), f"review.yaml:2:1: report: is another report than this one; its id is {ID}"),
        (f"report: {ID}\n", "", "review.yaml:1:1: report: is another report than this one"),
        ("policycheck-review: 1", "policycheck-review: 2", "review.yaml:1:1: is no review file; it starts with"),
        ("name: Cleo Example", "name: 'ada  EXAMPLE '", "review.yaml:5:1: approved_by: whoever prepared a report cannot"),
        ("date: 2026-11-22}\napproved", "date: 2026-11-20}\napproved", "reviewed_by: 2026-11-20 lies before the day of"),
        ("name: Ben Example, ", "", "review.yaml:4:14: name: is the name of a person"),
        ("name: Ben Example", "name: '  '", "review.yaml:4:15: name: is the name of a person"),
        ("name: Ben Example", 'name: "\\u2800"', "review.yaml:4:15: name: is the name of a person"),
        ("privacy engineer, date: 2026-11-21", "x, date: 2026-11-01", "prepared_by: 2026-11-01 lies before the report"),
        ("name: Ben Example", "name: 7", "review.yaml:4:15: name: is the name of a person"),
        ("2026-11-22}\napproved", "2026-02-30}\napproved", "date: is a day such as 2026-11-22"),
        ("2026-11-22}\napproved", "20261122}\napproved", "date: is a day such as 2026-11-22"),
        ("role: DPO", "title: DPO", "unknown key 'title'; allowed: name, role, date"),
        ("remarks:", "remark:", "unknown key 'remark'; allowed: policycheck-review, report,"),
        ("remarks: Read", "remarks: " + "x" * 501, "remarks: is a text of at most 500 characters"),
        ("{name: Ben Example, date: 2026-11-22}", "Ben", "reviewed_by: is a mapping of name, role and date"),
    ],
)
def test_what_is_wrong_is_said_at_its_line(old: str, new: str, said: str) -> None:
    assert old in WHOLE
    assert any(said in line for line in refused(WHOLE.replace(old, new))), refused(WHOLE.replace(old, new))


@pytest.mark.parametrize("text", ["", "[]\n", "a: [\n", "\x00", "policycheck-review: 1\n"])
def test_what_is_no_review_is_refused(text: str) -> None:
    assert refused(text)


def test_options_say_the_same() -> None:
    found = signoff.given(
        {"prepared_by": ("Ada", "2026-11-21"), "reviewed_by": None, "approved_by": ("Ben", "2026-11-21")}, AS_OF
    )
    assert found.is_draft
    assert found.approved_by == signoff.Signature("Ben", "", "2026-11-21")


def test_where_the_day_began_later_a_report_is_signed_the_day_before() -> None:
    assert signoff.given({"prepared_by": ("Ada", "2026-11-20"), "reviewed_by": None, "approved_by": None}, AS_OF).prepared_by


@pytest.mark.parametrize(
    ("prepared", "approved", "said"),
    [
        (("Ada", "2026-11-21"), ("ada", "2026-11-22"), "--approved-by: whoever prepared"),
        (("Ada", "2026-11-21"), ("Ben", "2026-11-20"), "--approved-by: 2026-11-20 lies before"),
        (("Zo\u00eb Example", "2026-11-21"), ("Zoe\u0308 Example", "2026-11-22"), "--approved-by: whoever prepared"),
        (("Ada", "2026-11-21"), ("A\u200bda\u2060", "2026-11-22"), "--approved-by: whoever prepared"),
        (("Ada", "2026-11-21"), ("\uff21da", "2026-11-22"), "--approved-by: whoever prepared"),
        (("Ada", "2026-11-21"), ("\u200b", "2026-11-22"), "--approved-by takes a name and a day"),
        (("Ada", "2026-11-21"), ("\u2800", "2026-11-22"), "--approved-by takes a name and a day"),
        (("Ada", "2026-11-21"), ("\u3164", "2026-11-22"), "--approved-by takes a name and a day"),
        (("-", "2026-11-21"), None, "--prepared-by takes a name and a day"),
        (("Ada", "2020-01-01"), None, "--prepared-by: 2020-01-01 lies before the report, which is as of 2026-11-21"),
        (("Ada", "2026-11-19"), None, "--prepared-by: 2026-11-19 lies before the report, which is as of 2026-11-21"),
        (("Ada", "yesterday"), None, "--prepared-by takes a name and a day"),
        ((" ", "2026-11-21"), None, "--prepared-by takes a name and a day"),
    ],
)
def test_options_that_cannot_be(prepared: tuple[str, str], approved: tuple[str, str] | None, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        signoff.given({"prepared_by": prepared, "reviewed_by": None, "approved_by": approved}, AS_OF)


# --- on the page -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("report") / "report.json"
    check = ["check", "examples/corner-shop", "--as-of", "2026-11-21", "--format", "json", "--exit-zero"]
    call = [sys.executable, "-m", "policycheck", *check]
    target.write_bytes(subprocess.run(call, cwd=ROOT, capture_output=True, check=True).stdout)
    return target


def rendered(report: Path, *words: str) -> tuple[int, str, str]:
    call = [sys.executable, "-m", "policycheck", "report", report.name, "--quiet", *words]
    done = subprocess.run(call, cwd=report.parent, capture_output=True, env={"PYTHONPATH": str(ROOT)}, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def review(report: Path, text: str = WHOLE) -> str:
    name = "review.yaml"
    identity = json.loads(report.read_bytes())["report_id"]
    (report.parent / name).write_text(text.replace(ID, identity), "utf-8")
    return name


def test_no_output_replaces_the_review_or_a_file_of_the_report(report: Path) -> None:
    signed = review(report)
    before = (report.parent / signed).read_bytes()
    words = ("--for-signature", "--review", signed, "--output", f"html={signed}")
    code, _, err = rendered(report, *words)
    assert (code, err) == (2, f"policycheck: --output {signed} would replace the file of --review\n")
    assert (report.parent / signed).read_bytes() == before
    looked_at = json.loads(report.read_bytes())["results"][0]["artefacts"]
    name = next(file["path"] for entry in looked_at for file in entry["artefacts"])
    (report.parent / name).parent.mkdir(parents=True, exist_ok=True)
    (report.parent / name).write_text("kept", "utf-8")
    code, _, err = rendered(report, "--root", ".", "--output", f"text={name}")
    assert (code, err) == (2, f"policycheck: --output {name} would replace a file of which lines are shown\n")


DRAFT = re.compile(r'<html lang="en" class="draft">')


def test_a_draft_is_marked_on_screen_and_on_every_page(report: Path) -> None:
    code, html, _ = rendered(report, "--format", "html", "--for-signature", "--reviewed-by", "Ben Example", "2026-11-22")
    assert code == 0
    assert DRAFT.search(html)
    assert "Draft: not reviewed and approved" in html
    assert "@page draft { @top-center" in html
    assert "prepared by, approved by are still open" in html
    assert "<bdi>Ben Example</bdi>" in html


def test_what_is_approved_is_no_draft_and_names_everybody(report: Path) -> None:
    _, html, _ = rendered(report, "--format", "html", "--for-signature", "--review", review(report))
    assert not DRAFT.search(html)
    assert "Draft: not" not in html
    assert all(name in html for name in ("Ada Example", "Ben Example", "Cleo Example", "DPO", "approved 2026-11-22"))


def test_without_it_nothing_speaks_of_signatures(report: Path) -> None:
    _, html, _ = rendered(report, "--format", "html")
    assert "Sign-off" not in html
    assert not DRAFT.search(html)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--reviewed-by", "Ben", "2026-11-22", "--format", "html"], "--reviewed-by goes with --for-signature"),
        (["--review", "review.yaml", "--format", "html"], "--review goes with --for-signature"),
        (["--for-signature", "--format", "markdown"], "--for-signature shows in html and pdf"),
        (["--for-signature", "--format", "html", "--review", "r.yaml"], "r.yaml cannot be read: no such file"),
        (
            ["--for-signature", "--format", "html", "--review", "r.yaml", "--approved-by", "B", "2026-11-22"],
            "--review names everybody; leave --approved-by out",
        ),
    ],
)
def test_options_that_say_nothing_together(words: list[str], said: str, report: Path) -> None:
    code, out, err = rendered(report, *words)
    assert (code, out) == (2, "")
    assert said in err


def test_a_review_of_another_report_is_refused(report: Path) -> None:
    (report.parent / "other.yaml").write_text(WHOLE, "utf-8")
    code, out, err = rendered(report, "--format", "html", "--for-signature", "--review", "other.yaml")
    assert (code, out) == (3, "")
    assert err.startswith("other.yaml:2:1: report: is another report")


def test_names_are_text(report: Path) -> None:
    hostile = "<script>x</script>\u202e"
    _, html, _ = rendered(report, "--format", "html", "--for-signature", "--prepared-by", hostile, "2026-11-21")
    assert "<script>" not in html
    assert "\u202e" not in html
