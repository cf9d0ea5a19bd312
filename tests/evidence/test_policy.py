"""A governance document supports by its front matter, as far as the repository's history does not speak against it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policycheck.evidence import policy
from policycheck.opener import Opener
from tests.evidence.account_support import said_softly as said
from tests.evidence.account_support import silent

if TYPE_CHECKING:
    from policycheck.model import Account

FIXTURES = Path(__file__).parent / "fixtures" / "policy"
NAME = "incident-playbook.md"
TEXT = (FIXTURES / NAME).read_text("utf-8")
#: The same, changed below its front matter.
BAD = TEXT.replace("or court.", "or nothing.")
INCIDENTS = {"runbook_ref": NAME, "last_tested_on": "2026-06-03", "test_interval_days": 180}


def heard(subject: dict[str, Any], root: Path = FIXTURES, path: str = NAME, **options: object) -> Account:
    return policy.account(Opener(root), path, {"kind": "policy", "path": path, "as_of": "2026-09-30", **options}, subject)


def written(root: Path, text: str | bytes, subject: dict[str, Any] | None = None, **options: object) -> Account:
    (root / NAME).write_bytes(text if isinstance(text, bytes) else text.encode())
    return heard(INCIDENTS if subject is None else subject, root, **options)


def test_a_playbook_supports_the_policy_on_incidents() -> None:
    account = heard(INCIDENTS)
    assert account.supported
    assert said(account) == {"last_tested_on": "2026-06-03", "test_interval_days": 180}
    assert {(7, "approved_on: 2026-06-10"), (6, "approved_by: Chief Privacy Officer")} <= {
        (q.line, q.text) for q in account.quotes
    }


def test_properties_below_the_subject_are_read_where_they_are_declared() -> None:
    control = {
        "id": "drill",
        "family": "incident_response",
        "last_reviewed_on": "2026-06-15",
        "params": {"last_run_on": "2026-06-03"},
    }
    assert said(heard(control)) == {"last_reviewed_on": "2026-06-15", "params.last_run_on": "2026-06-03"}


@pytest.mark.parametrize(
    ("subject", "value"),
    [
        ({"last_tested_on": "2026-06-04"}, "2026-06-03"),
        ({"test_interval_days": 90}, 180),
        ({"last_reviewed_on": "2026-07-01"}, "2026-06-15"),
    ],
)
def test_what_the_document_denies_contradicts(subject: dict[str, Any], value: object) -> None:
    account = heard(subject)
    assert list(said(account).values()) == [value]
    assert not account.supported


def test_a_shorter_interval_than_declared_is_stricter() -> None:
    assert heard({"test_interval_days": 365}).supported


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("status: approved", "status: draft", "says draft"),
        ("status: approved", "status: proposed", "says proposed"),
        (
            "approved_by: Chief Privacy Officer",
            "approved_by: Head of Trust and Safety",
            "approved by its own author or owner",
        ),
        ("approved_by: Chief Privacy Officer\n", "", "names no approver"),
        ("review_interval_days: 365", "review_interval_days: 60", "is overdue for review (line 9)"),
        ("2026-06-15", "2026-02-30", "last_reviewed_on on line 8 is not a date"),
        ("2026-06-15", "2027-06-15", "last_reviewed_on on line 8 lies after"),
        ("2026-06-03", "2027-06-03", "last_rehearsed_on on line 10 lies after"),
        ("test_interval_days: 180", "test_interval_days: often", "test_interval_days on line 11 is not a number of days"),
        ("throttle or close", "TODO", "still to be filled in (line 18: TODO)"),
        ('version: "4.0"', "expires_on: 2026-09-29", "is no longer valid"),
        ('version: "4.0"', "effective_on: 2026-10-01", "takes effect only after"),
        ("title: Playbook", "title: &a Playbook", "the front matter cannot be read (line 2)"),
    ],
)
def test_ways_to_be_wrong(old: str, new: str, reason: str, tmp_path: Path) -> None:
    assert TEXT.count(old) == 1, old
    assert reason in silent(written(tmp_path, TEXT.replace(old, new)))


@pytest.mark.parametrize(
    ("review", "is_open"),
    [
        ("review_date: 2027-06-15", False),
        ("review_date: 2026-07-01", True),
        ("review_date: 2026-07-01\nlast_reviewed_on: 2026-07-02", False),
        ("review_date: 2026-07-01\nnext_review_on: 2027-07-01", False),
    ],
)
def test_the_day_of_a_review_is_one_to_come_or_left_to_a_person(review: str, tmp_path: Path, *, is_open: bool) -> None:
    account = written(tmp_path, TEXT.replace("last_reviewed_on: 2026-06-15", review))
    assert account.supported is not is_open
    assert ("review_date on line 8 may be the last review" in account.unreadable) is is_open


def test_another_owner_is_for_a_person_to_tell_and_the_manifest_may_say_who_it_is() -> None:
    owners = {"governance": {"owners": [{"id": "trust", "name": "Head of Trust and Safety"}]}}
    assert "names another owner" in silent(heard({"owner": "trust"}))
    assert said(heard({"owner": "trust"}, manifest=owners)) == {"owner": "trust"}
    assert heard({"owner": "head of trust and safety"}).supported


@pytest.mark.parametrize("front", ["", "---\ntitle: A charter\n---\n", "---\n---\n"])
def test_a_document_that_says_nothing_of_itself_is_for_the_kind_document(front: str, tmp_path: Path) -> None:
    assert "kind document" in silent(written(tmp_path, front + TEXT.partition("---\n\n")[2]))


def test_only_what_the_evidence_supports_is_held_against_it() -> None:
    subject = {**INCIDENTS, "last_tested_on": "2020-01-01"}
    assert heard(subject, supports=["runbook_ref"]).supported
    assert not heard(subject).supported


def test_the_section_of_the_entry_has_to_say_something(tmp_path: Path) -> None:
    assert heard(INCIDENTS, anchor="#legal-steps").supported
    assert "has no heading or anchor" in silent(heard(INCIDENTS, anchor="#duties"))
    empty = TEXT.replace("## Afterwards", "## Empty\n\n## Afterwards")
    assert "is empty" in silent(written(tmp_path, empty, anchor="Empty"))


# --- history ----------------------------------------------------------------------------------------------------

OWN = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "HOME": "/nonexistent"}


def git(root: Path, *words: str, day: str = "2026-06-09", who: str = "M. Okafor") -> None:
    stamp = f"{day}T12:00:00Z"
    person = {
        f"GIT_{part}_{key}": value
        for part in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", who), ("EMAIL", "m@larkfield.example"), ("DATE", stamp))
    }
    subprocess.run(["git", *words], cwd=root, env=OWN | person, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A draft on the ninth, its approval of the tenth recorded on the twelfth."""
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / NAME).write_text(TEXT.replace("status: approved", "status: draft").replace("approved_on: 2026-06-10\n", ""))
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "draft")
    commit(tmp_path, TEXT, "2026-06-12")
    return tmp_path


def commit(root: Path, text: str, day: str, who: str = "M. Okafor") -> None:
    (root / NAME).write_text(text)
    git(root, "commit", "-q", "-a", "-m", "change", day=day, who=who)


def test_an_approval_recorded_after_it_was_given_is_in_order(repository: Path) -> None:
    assert heard(INCIDENTS, repository).supported


def test_a_text_changed_after_its_approval_was_recorded_is_said(repository: Path) -> None:
    commit(repository, BAD, "2026-07-04")
    assert "was changed on 2026-07-04, after its approval was recorded" in silent(heard(INCIDENTS, repository))


def test_a_front_matter_changed_after_approval_is_no_change_of_the_text(repository: Path) -> None:
    commit(repository, TEXT.replace("2026-06-15", "2026-09-01"), "2026-09-01")
    assert heard(INCIDENTS, repository).supported


def test_changes_up_to_the_day_of_approval_are_covered_by_it(repository: Path) -> None:
    commit(repository, TEXT.replace("2026-06-10", "2026-07-04"), "2026-07-03")
    commit(repository, TEXT.replace("2026-06-10", "2026-07-04").replace("or court.", "or nothing."), "2026-07-04")
    assert heard(INCIDENTS, repository).supported


def test_a_new_approval_covers_the_changes_before_it(repository: Path) -> None:
    text = BAD
    commit(repository, text, "2026-07-04")
    commit(repository, text.replace("approved_on: 2026-06-10", "approved_on: 2026-07-06"), "2026-07-07")
    assert heard(INCIDENTS, repository).supported


def test_a_document_that_only_its_approver_ever_wrote_is_said(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / NAME).write_text(TEXT)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "all", who="chief privacy officer")
    assert "written and approved by the same person" in silent(heard(INCIDENTS, tmp_path))
    commit(tmp_path, TEXT.replace("2026-06-15", "2026-06-16"), "2026-06-09", who="M. Okafor")
    assert heard(INCIDENTS, tmp_path).supported


def test_an_approval_recorded_on_its_day_does_not_cover_what_came_later(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / NAME).write_text(TEXT)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "approved", day="2026-06-10")
    assert heard(INCIDENTS, tmp_path).supported
    commit(tmp_path, BAD, "2026-07-04")
    assert "was changed on 2026-07-04, after its approval was recorded" in silent(heard(INCIDENTS, tmp_path))


def test_what_was_taken_back_is_what_was_approved(repository: Path) -> None:
    commit(repository, BAD, "2026-07-04")
    commit(repository, TEXT, "2026-07-05")
    assert heard(INCIDENTS, repository).supported


def test_a_text_that_was_gone_for_a_while_is_held_against_what_was_approved(repository: Path) -> None:
    git(repository, "rm", "-q", NAME)
    git(repository, "commit", "-q", "-m", "gone", day="2026-07-01")
    (repository / NAME).write_text(BAD)
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "back", day="2026-07-04")
    assert "was changed on 2026-07-04, after its approval was recorded" in silent(heard(INCIDENTS, repository))


def test_a_change_that_is_not_committed_is_one(repository: Path) -> None:
    (repository / NAME).write_text(TEXT.replace("or court.", "or else."))
    assert "was changed since the last commit, after its approval was recorded" in silent(heard(INCIDENTS, repository))
    today = "2026-09-30"
    (repository / NAME).write_text(TEXT.replace("or court.", "or else.").replace("2026-06-10", today))
    assert heard(INCIDENTS, repository, as_of=today).supported
    git(repository, "commit", "-q", "-a", "-m", "approved anew", day="2026-09-30")
    (repository / NAME).write_text(TEXT.replace("2026-06-10", today))
    assert heard(INCIDENTS, repository, as_of=today).supported
    assert "since the last commit" in silent(heard(INCIDENTS, repository, as_of="2026-10-01"))


def test_without_a_history_the_account_says_so(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert heard(INCIDENTS, repository).remark == ""
    assert "the root is no git repository" in heard(INCIDENTS).remark
    git(repository, "rm", "-q", "--cached", NAME)
    git(repository, "commit", "-q", "-m", "gone", day="2026-07-01")
    account = heard(INCIDENTS, repository)
    assert account.supported
    assert "its approval is not committed" in account.remark


CHANGED = "was changed on 2026-07-04, after its approval was recorded"
APPROVED = "approved_on: 2026-06-10"


@pytest.mark.parametrize(
    "written",
    ["Approved on: 2026-06-10", "approved-on: 2026-06-10", "Approved_On: 2026-06-10", '"approved_on": 2026-06-10',
     "approved_on: 10 June 2026", "approved_on:\n  2026-06-10", "approved_on:\n  - 2026-06-10", "signed_on: 2026-06-10"],
)  # fmt: skip
def test_an_approval_is_found_however_it_is_written(written: str, repository: Path) -> None:
    commit(repository, TEXT.replace(APPROVED, written), "2026-06-13")
    commit(repository, BAD.replace(APPROVED, written), "2026-07-04")
    assert CHANGED in silent(heard(INCIDENTS, repository))


@pytest.mark.parametrize(("old", "new"), [("\n---\n", "\n--- \n"), ("\n---\n", "\n...\n"), ("\n", "\r\n"), ("\n", "\r")])
def test_the_text_is_found_below_any_fence(old: str, new: str, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    for text, day in ((TEXT, "2026-06-10"), (BAD, "2026-07-04")):
        (tmp_path / NAME).write_bytes(text.replace(old, new, -1 if old == "\n" else 1).encode())
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-q", "-m", "x", day=day)
    assert CHANGED in silent(heard(INCIDENTS, tmp_path))


def test_a_branch_that_began_before_the_approval_changes_what_was_approved(repository: Path) -> None:
    git(repository, "checkout", "-q", "-b", "side", "HEAD~1")
    (repository / NAME).write_text((repository / NAME).read_text().replace("or court.", "or nothing."))
    git(repository, "commit", "-q", "-a", "-m", "side", day="2026-07-01")
    git(repository, "checkout", "-q", "main")
    git(repository, "merge", "-q", "--no-ff", "-m", "merged", "side", day="2026-07-04")
    assert (repository / NAME).read_text() == BAD
    assert "after its approval was recorded" in silent(heard(INCIDENTS, repository))


def test_an_approval_that_was_taken_out_and_put_back_is_the_old_one(repository: Path) -> None:
    commit(repository, TEXT.replace(f"{APPROVED}\n", ""), "2026-07-03")
    commit(repository, BAD, "2026-07-04")
    assert CHANGED in silent(heard(INCIDENTS, repository))


def test_a_merge_that_takes_the_other_text_hides_nothing(repository: Path) -> None:
    git(repository, "checkout", "-q", "-b", "side", "HEAD~1")
    commit(repository, BAD, "2026-07-01")
    git(repository, "checkout", "-q", "main")
    git(repository, "merge", "-q", "--no-ff", "-X", "theirs", "-m", "merged", "side", day="2026-07-04")
    assert (repository / NAME).read_text() == BAD
    assert "after its approval was recorded" in silent(heard(INCIDENTS, repository))


def test_a_document_that_came_to_its_place_approved_says_since_when(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / NAME).write_text(TEXT)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "moved here", day="2026-07-04")
    account = heard(INCIDENTS, tmp_path)
    assert account.supported
    assert "and before 2026-07-04 was not looked at" in account.remark


def test_the_day_that_is_named_is_that_of_the_text(repository: Path) -> None:
    commit(repository, BAD, "2026-07-04")
    commit(repository, BAD.replace("2026-06-15", "2026-09-01"), "2026-09-01")
    assert CHANGED in silent(heard(INCIDENTS, repository))


def test_a_document_of_a_submodule_has_its_own_history(repository: Path) -> None:
    inner = repository / "policies"
    inner.mkdir()
    git(inner, "init", "-q", "-b", "main")
    for text, day in ((TEXT, "2026-06-10"), (BAD, "2026-07-04")):
        (inner / NAME).write_text(text)
        git(inner, "add", ".")
        git(inner, "commit", "-q", "-m", "x", day=day)
    assert CHANGED in silent(heard(INCIDENTS, repository, f"policies/{NAME}"))


def test_a_history_that_cannot_be_read_takes_the_support_away(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path_factory.mktemp("clone")
    git(clone, "clone", "-q", "--depth=1", f"file://{repository}", ".")
    said = silent(heard(INCIDENTS, clone))
    assert "whether it was changed after its approval cannot be told: the clone is shallow" in said
    monkeypatch.setenv("PATH", str(clone))
    assert "cannot be told: git is not installed" in silent(heard(INCIDENTS, repository))


# --- hostile ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \n",
        b"\0",
        bytes(range(256)),
        b"---",
        b"---\n",
        b"---\nversion: 1\n",
        b"---\nversion: 1\n---\n",
        b"---\nversion: {{ v }}\n---\nx\n",
        b"---\nversion: !x 1\n---\nx\n",
        b"---\nversion: 1\nversion: 2\n---\nx\n",
        b"---\n- version\n---\nx\n",
        b"---\nversion\n---\nx\n",
        b"---\nversion: " + b"9" * 5000 + b"\napproved_on: now\n---\nx\n",
        b"---\n" + b"{" * 500 + b"\n---\nx\n",
        b"x" * (300 * 1024),
    ],
    ids=range(16),
)
def test_hostile_input_is_unreadable(content: bytes, tmp_path: Path) -> None:
    silent(written(tmp_path, content))
    assert policy.discover(Opener(tmp_path), NAME) == ()


@pytest.mark.parametrize("path", ["gone.md", "../x.md", "link.md"])
def test_what_is_not_there_is_unreadable(path: str, tmp_path: Path) -> None:
    (tmp_path / "link.md").symlink_to(FIXTURES / NAME)
    assert silent(heard(INCIDENTS, tmp_path, path))


@pytest.mark.parametrize(
    "subject",
    [{}, {"owner": 3}, {"last_tested_on": 4}, {"params": []}, {"params": {"owner": None}}, {"cadence_days": "x"}],
    ids=str,
)
def test_odd_declarations_are_no_error(subject: dict[str, Any]) -> None:
    account = heard(subject, manifest={"governance": []})
    assert account.unreadable or account.supported or account.readings


def test_what_is_discovered_is_what_the_account_supports(tmp_path: Path) -> None:
    (found,) = policy.discover(Opener(FIXTURES), NAME)
    assert (found.section, found.item["last_tested_on"]) == ("incident_policy", "2026-06-03")
    assert heard(found.item).supported
    for title, section in (
        ("Legal response playbook", "legal_response"),
        ("Charter of the scraping desk", "governance"),
        ("Menu", ""),
    ):
        (tmp_path / "x.md").write_text(TEXT.replace("title: Playbook for scraping incidents", f"title: {title}"))
        assert [one.section for one in policy.discover(Opener(tmp_path), "x.md")] == ([section] if section else [])


LINES = st.sampled_from(
    [
        "version: 1",
        "approved_on: 2026-06-10",
        "approved_by: CPO",
        "owner: CPO",
        "author: M",
        "status: draft",
        "draft: true",
        "last_tested_on: 2026-06-03",
        "last_tested_on: 2026-13-01",
        "next_review_on: 2026-01-01",
        "a: [",
        "- b",
    ]
)


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(LINES, max_size=7))
def test_whatever_the_front_matter_nothing_unfit_supports(lines: list[str], tmp_path: Path) -> None:
    account = written(tmp_path, "\n".join(["---", *lines, "---", "", TEXT.partition("---\n\n")[2]]))
    assert bool(account.unreadable) != (account.supported or bool(account.readings))
    if account.supported or account.readings:
        assert not {"status: draft", "draft: true", "last_tested_on: 2026-13-01", "a: [", "- b"} & set(lines)
    if account.supported:
        assert "next_review_on: 2026-01-01" not in lines
        assert "approved_on: 2026-06-10" not in lines or "approved_by: CPO" in lines


def test_a_document_about_something_else_supports_nothing(tmp_path: Path) -> None:
    text = (
        "---\ntitle: Cafeteria hygiene\nversion: 3\napproved_on: 2026-02-01\napproved_by: Board\n"
        "last_reviewed_on: 2026-02-01\nreview_interval_days: 365\n---\n# Cafeteria\n\n"
        "The cafeteria is cleaned twice a day by the facilities team, "
        "and the fridge is emptied every Friday at noon. Dirty cups go into the dishwasher.\n"
    )
    subject = {"playbook_ref": "docs/scraping.md", "measures": ["demand_deletion"], "review_interval_days": 365}
    assert "mentions nothing of what is declared here" in silent(written(tmp_path, text, subject))
