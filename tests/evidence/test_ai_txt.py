"""What ai.txt files say: always softly, since no standard says how they are read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from policycheck.evidence import ai_txt
from policycheck.opener import Opener

if TYPE_CHECKING:
    from policycheck.model import Account

FIXTURES = Path(__file__).parent / "fixtures" / "ai-txt"
CONTROL: dict[str, Any] = {"id": "ai", "family": "crawler_signal", "params": {"standards": ["ai_txt"]}}


def heard(file: str, subject: dict[str, Any], root: Path = FIXTURES) -> Account:
    return ai_txt.account(Opener(root), file, {"kind": "ai-txt", "path": file, "as_of": "2026-11-21"}, subject)


def written(root: Path, text: str, subject: dict[str, Any]) -> Account:
    (root / "ai.txt").write_text(text)
    return heard("ai.txt", subject, root)


def said(account: Account) -> dict[str, object]:
    assert account.unreadable == ""
    assert all(reading.soft for reading in account.readings)
    return {".".join(reading.path): reading.value for reading in account.readings}


def test_a_file_that_refuses_all_is_a_published_signal_for_a_person_to_judge() -> None:
    account = heard("ai.txt", CONTROL)
    assert said(account) == {"layer": "legal", "status": "deployed", "params.standards": ["ai_txt"]}
    assert account.readings[1].line == 4
    assert "no stable standard" in account.readings[1].note


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("User-Agent: *\nDisallow: /\n", "refused"),
        ("User-Agent: *\nDisallow: *\n", "refused"),
        ("User-Agent: *\nDisallow: *.jpg\nAllow: /\n", "partly_refused"),
        ("User-Agent: *\nAllow: /\n", "allowed"),
        ("User-Agent: GPTBot\nDisallow: /\n", "allowed"),
    ],
)
def test_the_policy_is_what_everybody_is_asked(text: str, policy: str, tmp_path: Path) -> None:
    assert said(written(tmp_path, text, {}))["ai_agents_policy"] == policy


def test_a_file_that_allows_all_denies_a_deployed_control(tmp_path: Path) -> None:
    assert said(written(tmp_path, "User-Agent: *\nAllow: /\n", CONTROL))["status"] == "planned"


def test_the_fixtures_agree_with_what_is_proposed() -> None:
    for name in ("ai.txt", "media.txt"):
        found = ai_txt.discover(Opener(FIXTURES), name)
        assert [d.section for d in found] == ["controls", "policies"]
        assert said(heard(name, found[0].item))["status"] == found[0].item["status"] == "deployed"
        assert said(heard(name, found[1].item))["ai_txt_ref"] == name


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("# Shop\n\n> What we sell\n\n- [Terms](https://a.example/terms): read them\n", "Markdown"),
        ("---\ntitle: notes for assistants\n---\nUser-agent: *\nDisallow: /\n", "Markdown"),
        ("", "is empty"),
        ("<html>User-agent: *\nDisallow: /</html>", "HTML"),
        ('{"a": 1}', "JSON"),
        ("We do not allow training.\n", "no User-agent line"),
        ("User-agent: *\n", "asks nothing"),
        ("User-agent: *\nDisallow:\n", "asks nothing"),
        ("User-agent: *\nDisallow: {{ all }}\n", "template"),
        ("a\0b", "binary"),
    ],
)
def test_what_is_no_such_file_is_unreadable(text: str, why: str, tmp_path: Path) -> None:
    for subject in (CONTROL, {"ai_txt_ref": "ai.txt"}):
        account = written(tmp_path, text, subject)
        assert why in account.unreadable
        assert account.readings == ()
        assert [a.path for a in account.artefacts] == ["ai.txt"]
    assert ai_txt.discover(Opener(tmp_path), "ai.txt") == ()


def test_other_controls_are_not_spoken_of() -> None:
    assert "not terms" in heard("ai.txt", {"family": "terms"}).unreadable
    assert "not by ai_txt" in heard("ai.txt", {**CONTROL, "params": {"standards": ["robots_txt"]}}).unreadable


def test_a_line_about_other_places_supports_nothing(tmp_path: Path) -> None:
    account = written(tmp_path, "User-Agent: *\nDisallow: /admin/\n", CONTROL)
    assert "refuses the surfaces of the control" in account.unreadable
