"""An assessment supports by what it says of itself; a draft, an overdue or a self-approved one does not."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policycheck.evidence import dpia
from policycheck.opener import Opener
from tests.evidence.account_support import said_softly as said
from tests.evidence.account_support import silent
from tests.patience import ends

if TYPE_CHECKING:
    from policycheck.model import Account

FIXTURES = Path(__file__).parent / "fixtures" / "dpia"
TEXT = (FIXTURES / "summaries.md").read_text("utf-8")
USE: dict[str, Any] = {
    "id": "discussion-summaries",
    "start_on": "2026-03-16",
    "dpia": {
        "ref": "DPIA-12",
        "versions": [
            {"version": "1.0", "approved_on": "2026-02-01"},
            {"version": "1.10", "approved_on": "2026-03-01", "approved_by": "Chief Privacy Officer"},
        ],
        "next_review_on": "2027-02-28",
        "adviser": "Data Protection Officer",
        "sections": {
            "description": {"nature": True, "scope": True, "context": True, "purposes": True},
            "necessity": True,
            "risks": True,
            "mitigations": True,
        },
        "residual_high": False,
    },
}


def heard(file: str, subject: dict[str, Any], root: Path = FIXTURES, **options: object) -> Account:
    return dpia.account(Opener(root), file, {"kind": "dpia", "path": file, "as_of": "2026-06-30", **options}, subject)


def test_a_run_in_heading_is_quoted_from_the_line_on_which_it_stands() -> None:
    assert all(quote.text for quote in heard("summaries.md", USE).quotes)


def written(root: Path, text: str | bytes, subject: dict[str, Any] | None = None, **options: object) -> Account:
    (root / "summaries.md").write_bytes(text if isinstance(text, bytes) else text.encode())
    return heard("summaries.md", USE if subject is None else subject, root, **options)


def changed(root: Path, old: str, new: str, **options: object) -> Account:
    """The account of the good assessment with one change."""
    assert TEXT.count(old) >= 1, old
    return written(root, TEXT.replace(old, new), **options)


def declared(*path: str, value: Any) -> dict[str, Any]:
    """The declared use with another value at a path."""
    use = copy.deepcopy(USE)
    at = use
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return use


def test_an_assessment_in_order_supports_with_its_approval_quoted() -> None:
    account = heard("summaries.md", USE)
    assert account.supported
    assert said(account) == {
        "dpia.versions.1.10.approved_on": "2026-03-01",
        "dpia.versions.1.10.approved_by": "Chief Privacy Officer",
        "dpia.next_review_on": "2027-02-28",
        "start_on": "2026-03-16",
        "dpia.adviser": "Data Protection Officer",
        **{f"dpia.sections.description.{part}": True for part in ("nature", "scope", "context", "purposes")},
        "dpia.sections.necessity": True,
        "dpia.sections.risks": True,
        "dpia.sections.mitigations": True,
        "dpia.residual_high": False,
    }
    assert {(9, "approved_on: 2026-03-01"), (8, "approved_by: Chief Privacy Officer")} <= {
        (q.line, q.text) for q in account.quotes
    }
    assert {r.path[-1]: r.line for r in account.readings}["approved_on"] == 9


def test_a_run_in_heading_is_quoted_with_what_stands_below_it(tmp_path: Path) -> None:
    text = (FIXTURES / "summaries.md").read_text("utf-8")
    head = text[: text.index("\n# ")]
    body = (
        "\n# Impact assessment\n\n**Nature.** Posts are shortened for\nreaders in a hurry. **Purposes.**\n**Scope.** Posts"
        " of a year, in four\nlanguages, by those who write for everyone.\n"
    )
    subject = {"id": "x", "dpia": {"sections": {"description": {"nature": True, "scope": True}}}}
    account = written(tmp_path, head + body, subject)
    quoted = [quote.text for quote in account.quotes]
    assert all(quoted)
    assert any(text.startswith("Scope. Posts of a year") for text in quoted), (quoted, account.unreadable)


def test_an_assessment_of_interests_supports_its_own_part() -> None:
    subject = {"id": "logs", "lia": {"ref": "LIA-7", "approved_on": "2026-01-19", "balancing": {"override": False}}}
    account = heard("lia-logs.md", subject)
    assert account.supported
    assert said(account) == {"lia.approved_on": "2026-01-19"}


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (("dpia", "next_review_on"), "2027-03-31", 10),
        (("dpia", "residual_high"), True, 13),
        (("start_on",), "2026-03-15", 11),
    ],
)
def test_what_the_assessment_denies_contradicts_at_its_line(path: tuple[str, ...], value: object, line: int) -> None:
    account = heard("summaries.md", declared(*path, value=value))
    assert said(account)[".".join(path)] != value
    assert (next(r.line for r in account.readings if r.path == path), account.supported) == (line, False)


def test_another_day_of_approval_contradicts() -> None:
    use = declared("dpia", "versions", value=[{"version": "1.10", "approved_on": "2026-02-28"}])
    assert said(heard("summaries.md", use))["dpia.versions.1.10.approved_on"] == "2026-03-01"


def test_a_declared_section_whose_heading_has_no_text_contradicts(tmp_path: Path) -> None:
    start, end = TEXT.index("A vendor's model"), TEXT.index("## Risks")
    account = written(tmp_path, TEXT[:start] + TEXT[end:])
    assert said(account)["dpia.sections.necessity"] is False
    assert not account.supported


@pytest.mark.parametrize("title", ["## Contents\n\n", ""])
def test_a_list_of_sections_is_none_of_them(title: str, tmp_path: Path) -> None:
    start, end = TEXT.index("## Risks"), TEXT.index("## Measures")
    listed = f"{title}- Measures\n- Risks\n\n"
    at = TEXT.index("## ")
    account = written(tmp_path, TEXT[:at] + listed + TEXT[at:start] + TEXT[end:])
    assert "has no section found for dpia.sections.risks" in silent(account)


@pytest.mark.parametrize(
    "form",
    [
        "| Risk | Likelihood | Left |\n|---|---|---|\n|  |  |  |",
        "| Area | What we found |\n|---|---|\n| Lawful basis |  |\n| Minimisation |  |",
        "<table><tr><th>Risk<th>Left<tr><td><td></table>",
        "- **Threat scenario:**\n- **Who is affected:**",
        "- [ ] Describe the threats\n- [ ] Say who is affected",
        "\u2610 Low \u2610 Medium \u2610 High",
        "N/A",
        "Describe the source of risk and the nature of the potential impact on individuals.",
        "Consider how members could be harmed. Which of them are children?",
        "Identify any risk to individuals.\n\n- What could go wrong?",
        "This section will be written once the vendor has answered.",
        "We will write this section later.",
    ],
)
def test_a_section_of_which_the_form_is_not_filled_in_supports_nothing(form: str, tmp_path: Path) -> None:
    start, end = TEXT.index("| Risk |"), TEXT.index("## Measures")
    account = written(tmp_path, f"{TEXT[:start]}{form}\n\n{TEXT[end:]}")
    assert "only a form that nobody filled in, or nothing that is read, for dpia.sections.risks (line " in silent(account)


@pytest.mark.parametrize(
    "heading",
    [
        "Measures not taken", "Rejected measures", "No measures", "Why no safeguards are needed", "Missing safeguards",
        "Measures considered but not adopted", "Mitigations that were dismissed", "Measures rejected by the board",
    ],
)  # fmt: skip
def test_a_heading_of_what_was_not_done_is_none_of_the_part(heading: str, tmp_path: Path) -> None:
    account = changed(tmp_path, "## Measures\n", f"## {heading}\n")
    assert "has no section found for dpia.sections.mitigations" in silent(account)


@pytest.mark.parametrize(
    "heading",
    [
        "6. Measures envisaged to address the risks", "Identify measures to reduce risk", "Planned measures",
        "Measures for risks that are not accepted", "Technical and organisational measures (no change since 2025)",
        "Measures and rejected alternatives", "Measures against missing consent",
    ],
)  # fmt: skip
def test_a_heading_of_what_is_done_or_planned_is_that_of_the_part(heading: str, tmp_path: Path) -> None:
    assert said(changed(tmp_path, "## Measures\n", f"## {heading}\n"))["dpia.sections.mitigations"] is True


@pytest.mark.parametrize(
    "text",
    [
        "```\nA summary repeats a post.\n```",
        "> A summary repeats a post.",
        "![The matrix of risks](risks.png)",
        "`A summary repeats a post.`",
        "Risks were not assessed.",
        "We have not assessed any risks yet.",
        "No risks were looked at.",
        "The risks are not yet known.",
        "An assessment was never made.",
    ],
)
def test_what_is_shown_or_denied_below_a_heading_neither_backs_nor_denies_the_part(text: str, tmp_path: Path) -> None:
    start, end = TEXT.index("| Risk |"), TEXT.index("## Measures")
    assert "nothing that is read, for dpia.sections.risks (line " in silent(
        written(tmp_path, f"{TEXT[:start]}{text}\n\n{TEXT[end:]}")
    )


@pytest.mark.parametrize(
    "form",
    [
        "| Risk | Left |\n|---|---|\n| a summary repeats a post | low |",
        "<table><tr><th>Threats<td>A summary repeats a post</table>",
        "- **Threat scenario:** a summary repeats a post",
        "- [x] A summary repeats a post",
        "\u2612 Low \u2610 Medium \u2610 High",
        "None.",
        "No high risks remain after these measures.",
        "The risks are not negligible: a summary can repeat a post.",
        "Risks are not limited to a summary that repeats a post.",
    ],
)
def test_a_form_that_is_filled_in_supports_its_section(form: str, tmp_path: Path) -> None:
    start, end = TEXT.index("| Risk |"), TEXT.index("## Measures")
    account = written(tmp_path, f"{TEXT[:start]}{form}\n\n{TEXT[end:]}")
    assert (said(account)["dpia.sections.risks"], account.supported) == (True, True)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("status: approved", "status: draft", "is not in force: status on line 6 says draft"),
        ("status: approved", "status: superseded", "is not in force"),
        ("status: approved", "status: fine", "a status that is not known"),
        ("2026-03-01", "2026-02-30", "approved_on on line 9 is not a date"),
        ("2026-03-01", "03/04/2026", "approved_on on line 9 is not a date"),
        ("2026-03-01", "2026-07-01", "approved_on on line 9 lies after the date of the evaluation"),
        ("approved_by: Chief Privacy Officer\n", "", "names no approver for the approval on line 8"),
        ("author: M. Okafor", "superseded_by: DPIA-13", "is not in force: superseded_by on line 7 names DPIA-13"),
        ("approved_on: 2026-03-01\n", "", "names an approver on line 8 and no day of approval"),
        ("author: M. Okafor", "author: chief  privacy officer", "is approved by its own author or owner (line 8)"),
        (
            "author: M. Okafor",
            "owner: Chief Privacy Officer <cpo@larkfield.example>",
            "is approved by its own author or owner",
        ),
        ("Posts of about three million members", "Posts of TBD members", "still to be filled in (line 21: TBD)"),
        ("Half of the posts", "[insert share] of the posts", "still to be filled in"),
        ("author: M. Okafor", "author: <name>", "still to be filled in (line 7: author)"),
        ("author: M. Okafor", "author: A\nauthor: B", "the front matter cannot be read (line 8)"),
        ("id: DPIA-12", "id: DPIA-13", "is not what dpia.ref names (DPIA-12)"),
        ('"1.10"', '"1.2"', "is version 1.2, which dpia.versions does not declare"),
        ('version: "1.10"\n', "", "names no version, and dpia.versions does not declare just one"),
        ("residual_risk: moderate", "residual_risk: high", "says both that high risk remains and that none does"),
        ("## Necessity and proportionality", "## Thoughts", "has no section found for dpia.sections.necessity"),
        ("adviser: Data Protection Officer\n", "", "does not name dpia.adviser"),
        ("# Impact assessment: summaries", "{{ title }}", "render it first"),
    ],
)
def test_ways_to_be_wrong(old: str, new: str, reason: str, tmp_path: Path) -> None:
    assert reason in silent(changed(tmp_path, old, new))


@pytest.mark.parametrize(
    ("due", "reason"), [("2026-06-29", "is overdue for review (line 10)"), ("2026-02-28", "before it was approved")]
)
def test_a_review_that_is_due_or_cannot_be_takes_the_support_away(due: str, reason: str, tmp_path: Path) -> None:
    text = TEXT.replace("2027-02-28", due)
    assert reason in silent(written(tmp_path, text, declared("dpia", "next_review_on", value=due)))
    assert written(tmp_path, TEXT, as_of="2027-02-28").supported


def test_a_draft_contradicts_nothing(tmp_path: Path) -> None:
    text = TEXT.replace("status: approved", "status: draft").replace("2027-02-28", "2027-05-05")
    assert "draft" in silent(written(tmp_path, text))


def test_a_form_of_very_many_rows_is_judged_in_time(tmp_path: Path) -> None:
    start, end = TEXT.index("| Risk |"), TEXT.index("## Measures")
    rows = "| Risks | Left |\n|---|---|\n" + "| risks |  |\n" * 4000
    with ends():
        assert "only a form" in silent(written(tmp_path, f"{TEXT[:start]}{rows}\n{TEXT[end:]}"))


@pytest.mark.parametrize("nobody", ["pending", "N/A", "[none, not yet]"])
def test_a_word_for_nobody_approves_nothing(nobody: str, tmp_path: Path) -> None:
    text = TEXT.replace("approved_by: Chief Privacy Officer", f"approved_by: {nobody}")
    use = declared("dpia", "versions", value=[{"version": "1.10", "approved_on": "2026-03-01"}])
    assert "names nobody who approved it (line 8: " in silent(written(tmp_path, text, use))


def test_a_version_is_read_as_it_is_written(tmp_path: Path) -> None:
    assert changed(tmp_path, '"1.10"', "1.10").supported
    assert "version 1.1," in silent(changed(tmp_path, '"1.10"', "1.1"))


def test_without_front_matter_there_is_nothing_to_read(tmp_path: Path) -> None:
    assert "has no front matter" in silent(written(tmp_path, TEXT.partition("---\n\n")[2]))


def test_headings_without_text_are_no_assessment(tmp_path: Path) -> None:
    assert "hardly any text" in silent(written(tmp_path, TEXT.partition("## Description")[0] + "## Risks\n\nNone.\n"))


def test_which_assessment_it_is_has_to_be_settled(tmp_path: Path) -> None:
    text = (
        TEXT.replace("DPIA-12", "A-12")
        .replace("Impact assessment of summaries", "Summaries")
        .replace("# Impact assessment:", "# Of")
    )
    use = declared("dpia", "ref", value="A-12")
    assert "say which with options.assessment" in silent(written(tmp_path, text, use))
    assert written(tmp_path, text, use, options={"assessment": "dpia"}).supported


def test_a_surface_is_supported_by_the_assessment_that_it_names(tmp_path: Path) -> None:
    assert heard("summaries.md", {"id": "posts", "kind": "page", "dpia_ref": "docs/summaries.md#risks"}).supported
    assert "is not what dpia_ref names" in silent(
        heard("summaries.md", {"id": "posts", "kind": "page", "dpia_ref": "DPIA-1"})
    )


def test_the_section_of_the_entry_has_to_be_there() -> None:
    assert heard("summaries.md", USE, anchor="Rights").supported
    assert "has no heading or anchor 'Right'" in silent(heard("summaries.md", USE, anchor="Right"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"\0",
        b"\xff\xfe",
        b"---\n",
        b"---\n---\n",
        b"---\n- a\n---\ntext\n",
        b"---\nid: DPIA\n---\n",
        b"---\na: *x\n---\nx\n",
        b"---\na: " + b"[" * 2000 + b"\n---\nx\n",
        b"---\nid: &a [*a]\n---\nx\n",
        b"%PDF-1.4",
        b"---\n" + b"a: b\n" * 600,
        b"---\n1: 2\n---\nx",
        b"---\napproved_on: [2026-03-01, 2026-03-02]\nid: dpia\n---\n" + b"word " * 30,
        b"---\nid: {a: {b: c}}\ntitle: dpia\n---\n" + b"w " * 30,
        b"---\ntitle: dpia\napproved_on: null\napproved_by: ~\n---\n" + b"w " * 30,
    ],
    ids=range(17),
)
def test_hostile_input_is_unreadable(content: bytes, tmp_path: Path) -> None:
    silent(written(tmp_path, content))
    assert not [found for found in dpia.discover(Opener(tmp_path), "summaries.md") if found.section]


@pytest.mark.parametrize("path", ["gone.md", "../x.md", "link.md"])
def test_what_is_not_there_is_unreadable(path: str, tmp_path: Path) -> None:
    (tmp_path / "link.md").symlink_to(FIXTURES / "summaries.md")
    assert silent(heard(path, USE, tmp_path))


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "x",
        {"versions": {}},
        {"versions": [None, 3, {"version": None}]},
        {"sections": []},
        {"sections": {"risks": "yes"}},
        {"adviser": 3},
        {"ref": 4},
    ],
    ids=str,
)
def test_odd_declarations_are_no_error(value: Any) -> None:
    account = heard("summaries.md", {"id": "x", "dpia": value})
    assert account.unreadable or account.supported or account.readings


def test_what_is_discovered_is_what_the_account_supports(tmp_path: Path) -> None:
    (found,) = dpia.discover(Opener(FIXTURES), "summaries.md")
    assert (found.section, found.item["id"], found.line) == ("ai_uses", "discussion-summaries", 4)
    assert found.item["dpia"]["versions"] == [
        {"version": "1.10", "approved_on": "2026-03-01", "approved_by": "Chief Privacy Officer"}
    ]
    assert heard("summaries.md", found.item).supported
    (tmp_path / "draft.md").write_text(TEXT.replace("status: approved", "status: draft"))
    assert dpia.discover(Opener(tmp_path), "draft.md") == ()
    (tmp_path / "about-nothing.md").write_text("# Impact assessment: matching\n\nWe looked at how candidates are matched.\n")
    (unread,) = dpia.discover(Opener(tmp_path), "about-nothing.md")
    assert (unread.section, unread.note.partition(";")[0]) == ("", "its front matter names no AI use")


LINES = st.lists(
    st.sampled_from(
        [
            "id: DPIA-12",
            "approved_on: 2026-03-01",
            "approved_by: CPO",
            "author: CPO",
            "status: draft",
            "version: 1.10",
            "next_review_on: 2027-01-01",
            "residual_risk: low",
            "title: [",
            'x: "',
            "a: TBD",
            "approved_on: soon",
        ]
    ),
    max_size=8,
)


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES)
def test_whatever_the_front_matter_support_needs_an_approval_by_another(lines: list[str], tmp_path: Path) -> None:
    body = TEXT.partition("---\n\n")[2]
    account = written(tmp_path, "\n".join(["---", *lines, "---", "", body]), {"id": "x", "dpia_ref": ""})
    assert bool(account.unreadable) != (account.supported or bool(account.readings))
    if account.supported:
        assert {"approved_on: 2026-03-01", "approved_by: CPO"} <= set(lines)
        assert not {"author: CPO", "status: draft", "a: TBD", "title: ["} & set(lines)


def test_an_assessment_that_nobody_declares_backs_nothing() -> None:
    surface = {"id": "summaries", "kind": "page", "url": "https://shop.example/discussions/"}
    assert "neither is declared here" in silent(heard("summaries.md", surface))
