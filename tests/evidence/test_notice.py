"""A privacy notice supports what it tells, contradicts what it denies, and never verifies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policycheck.evidence import notice
from policycheck.opener import Opener
from tests.evidence.account_support import said_softly as said
from tests.evidence.account_support import silent
from tests.patience import ends

if TYPE_CHECKING:
    from policycheck.model import Account

FIXTURES = Path(__file__).parent / "fixtures" / "notice"
HEAD = "# Privacy notice\n\nLast updated: 5 February 2026\n\n"
USE: dict[str, Any] = {
    "id": "summaries",
    "phases": ["finetune", "deploy"],
    "sources": [{"id": "posts", "type": "own_platform"}],
    "transparency": {"notice_ref": "larkfield.md#3-how-we-use-posts-for-ai", "published_on": "2026-02-05"},
    "objection": {"steps": 2},
}
USERS = {"protections_disclosure_ref": "larkfield.md#4-how-we-protect-public-data", "protections_detail": "kinds"}
CONTROL = {
    "id": "limit",
    "family": "rate_limit",
    "processes_personal_data": True,
    "retention_days": 90,
    "disclosed_in": "docs/larkfield.md#4-how-we-protect-public-data",
}


def heard(file: str, subject: dict[str, Any], root: Path = FIXTURES, **options: object) -> Account:
    return notice.account(Opener(root), file, {"kind": "notice", "path": file, "as_of": "2026-06-30", **options}, subject)


def written(
    root: Path, text: str | bytes, subject: dict[str, Any], name: str = "larkfield.md", **options: object
) -> Account:
    (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return heard(name, subject, root, **options)


# --- what agrees ------------------------------------------------------------------------------------------------


def test_the_date_and_title_support_the_policies() -> None:
    account = heard("larkfield.md", {"privacy_notice_ref": "/privacy", "privacy_notice_updated_on": "2026-02-05"})
    assert account.supported
    assert said(account) == {"privacy_notice_updated_on": "2026-02-05"}
    assert next((quote.line, quote.text) for quote in account.quotes) == (1, "Privacy notice of Larkfield")


def test_an_ai_use_that_the_notice_tells_of_is_supported_by_its_sentences() -> None:
    account = heard("larkfield.md", USE)
    assert account.supported
    assert any("to train a model" in quote.text and quote.line == 15 for quote in account.quotes)
    assert any(quote.text.startswith("You can object at any time") for quote in account.quotes)


def test_what_protects_is_supported_with_its_kinds() -> None:
    account = heard("larkfield.md", USERS)
    assert account.supported
    assert said(account) == {"protections_detail": "kinds"}


def test_a_control_that_the_notice_discloses_is_supported_with_its_retention() -> None:
    account = heard("larkfield.md", CONTROL)
    assert account.supported
    assert said(account) == {"retention_days": 90}


# --- what contradicts -------------------------------------------------------------------------------------------


def test_another_date_contradicts() -> None:
    account = heard("larkfield.md", {"privacy_notice_updated_on": "2026-05-02"})
    assert said(account) == {"privacy_notice_updated_on": "2026-02-05"}
    assert (account.readings[0].line, account.supported) == (3, False)


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("The GDPR applies since 25 May 2018.", "no full date"),
        ("The Data Act, as last amended on 3 March 2026, gives you rights.", "no full date"),
        ("Our terms were last updated on 1 January 2026.", "no full date"),
        ("Our cookie policy was last updated on 7 March 2026.", "no full date"),
        ("We published 4 May 2026 a report on requests.", "no full date"),
        ("This notice will be updated on 1 June 2026.", "no full date"),
        ("This notice was not updated on 5 February 2026.", "no full date"),
        ("(Previous version: updated 5 February 2026)", "no full date"),
        ("Our logo was updated on 1 March 2026.", "no full date"),
        ("Photo published 1 May 2019.", "no full date"),
        ("We are registered; our entry was last updated on 1 May 2025.", "no full date"),
        ("Published: 1 January 2020", "only says since when it is published or in force (line 3)"),
        ("Effective 1 March 2026", "only says since when it is published or in force (line 3)"),
    ],
)
def test_a_date_that_is_not_of_the_notices_update_is_not_held_against_it(sentence: str, reason: str, tmp_path: Path) -> None:
    text = f"# Privacy notice\n\n{sentence}\n\nWe process what you write.\n"
    assert reason in silent(written(tmp_path, text, {"privacy_notice_updated_on": "2026-02-05"}))


@pytest.mark.parametrize(
    "stated",
    [
        "Last reviewed and updated on 5 February 2026",
        "Larkfield Ltd, last updated on 5 February 2026",
        "Larkfield Ltd last updated this notice on 5 February 2026.",
        "We last updated this privacy notice on 5 February 2026.",
        "Current as of 6 February 2026, last updated 5 February 2026",
    ],
)
def test_a_line_gives_the_notice_its_date(stated: str, tmp_path: Path) -> None:
    text = f"# Privacy notice of Larkfield\n\n{stated}\n\nWe process what you write.\n"
    account = written(tmp_path, text, {"privacy_notice_updated_on": "2026-02-05"}, **OF)
    assert said(account) == {"privacy_notice_updated_on": "2026-02-05"}


@pytest.mark.parametrize(
    "stated",
    [
        "The Larkfield logo, last updated on 1 March 2026",
        "Website reviewed and updated on 1 March 2026",
        "The regulator's guidance was last updated on 1 March 2026.",
        "The regulator last updated that notice on 1 March 2026.",
    ],
)
def test_a_line_on_something_else_gives_it_none(stated: str, tmp_path: Path) -> None:
    text = f"# Privacy notice of Larkfield\n\n{stated}\n\nWe process what you write.\n"
    assert "no full date" in silent(written(tmp_path, text, {"privacy_notice_updated_on": "2026-02-05"}))


@pytest.mark.parametrize(
    "sentence",
    [
        "A new version of this notice will be published on 15 January 2027.",
        "The next edition of our notice is to be published on 15 January 2027.",
    ],
)
def test_a_version_that_is_still_to_be_published_leaves_this_one_in_force(sentence: str, tmp_path: Path) -> None:
    text = f"# Privacy notice\n\nLast updated: 5 February 2026\n\n{sentence}\n\nWe process what you write.\n"
    assert written(tmp_path, text, {"privacy_notice_updated_on": "2026-02-05"}).supported


@pytest.mark.parametrize(
    "stated",
    ["This privacy notice was last updated on 5 February 2026.", "Our privacy notice was updated on 5 February 2026 (v3)."],
)
def test_a_sentence_gives_the_notice_its_date(stated: str, tmp_path: Path) -> None:
    text = f"# Privacy notice\n\n{stated} Our cookie policy was last updated on 7 March 2026.\n"
    assert written(tmp_path, text, {"privacy_notice_updated_on": "2026-02-05"}).supported


@pytest.mark.parametrize(
    "sentence",
    [
        "We do not use your content to train AI.",
        "We will never use your personal data to train our models.",
        "We never use your posts to train AI or machine learning models.",
    ],
)
def test_a_notice_that_denies_training_contradicts_a_declared_one(sentence: str, tmp_path: Path) -> None:
    account = written(tmp_path, f"{HEAD}## 3 How we use posts for AI\n\n{sentence} You can object.\n", USE)
    assert said(account)["phases"] == ["deploy"]
    assert (account.readings[0].line, account.supported) == (7, False)


@pytest.mark.parametrize(
    "sentence",
    [
        "We do not use your data to train public models.",
        "We do not use your data to train third-party AI models.",
        "We do not use your content to train generative AI models.",
        "We do not use your content to train AI models outside the EU.",
        "We do not use your content to train AI models in the free plan.",
        "We will not use your data to train AI models before 2027.",
        "We do not use your content to train AI models, but our partners do.",
        "We do not use your content to train language models; we use it to train classifiers.",
    ],
)
def test_a_denial_of_some_training_contradicts_no_declared_one(sentence: str, tmp_path: Path) -> None:
    text = f"{HEAD}## 3 How we use posts for AI\n\n{sentence}\n"
    assert "no sentence found that tells of training AI" in silent(written(tmp_path, text, USE))


@pytest.mark.parametrize(
    "text",
    [
        "If you opt out:\n\n- we do not use your content to train AI.",
        "### Enterprise customers\n\nWe do not use your content to train AI.",
        "### Until 2024\n\nWe do not use your content to train AI.",
        "Business plan\n\nWe do not use your content to train AI.",
        "| Plan | What we promise |\n|---|---|\n| Enterprise | We do not use your content to train AI. |",
        "We do not use your content to train AI. This applies to our paid plans.",
    ],
)
def test_a_denial_to_some_people_contradicts_no_training(text: str, tmp_path: Path) -> None:
    account = written(tmp_path, f"{HEAD}## 3 How we use posts for AI\n\n{text}\n", USE)
    assert "may deny for some people or times only that AI is trained (line" in silent(account)


def test_limits_told_where_only_kinds_are_declared_contradict_and_are_not_repeated(tmp_path: Path) -> None:
    text = f"{HEAD}We limit scrapers: you can open up to 300 profiles an hour.\n"
    account = written(tmp_path, text, {"protections_detail": "kinds"})
    assert said(account) == {"protections_detail": "thresholds"}
    assert "300" not in f"{account.readings[0].note}{account.quotes}"


def test_data_kept_longer_than_declared_contradicts_and_shorter_does_not() -> None:
    longer = heard("larkfield.md", {**CONTROL, "retention_days": 30})
    assert (said(longer), longer.supported) == ({"retention_days": 90}, False)
    shorter = heard("larkfield.md", {**CONTROL, "retention_days": 180})
    assert (said(shorter), shorter.supported) == ({"retention_days": 90}, True)


# --- what is left to a person -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sentence",
    [
        "We do not use private messages to train AI.",
        "We do not use your content without your consent to train AI.",
        "We may one day use posts to train AI if you agree.",
        "If you agree, we use posts to train AI.",
        "Others use your posts to train AI.",
        "We do not know who uses posts to train AI.",
        "We use posts to show them; other companies train AI.",
        "In Canada we use posts to train AI.",
        "We used posts to train AI.",
        "We use p\u043ests to train AI.",
        "> We use posts to train AI.",
        "<!-- We use posts to train AI. -->",
        "<p hidden>We use posts to train AI.</p>",
        "We stopped training AI.",
        "We use no posts to train AI.",
        "We use posts only with your consent to train AI.",
        "We do not use your data to train AI without your consent.",
    ],
)
def test_sentences_that_tell_of_no_training(sentence: str, tmp_path: Path) -> None:
    text = f"{HEAD}## 3 How we use posts for AI\n\n{sentence}\n\nYou can object.\n"
    assert "no sentence found that tells of training AI" in silent(written(tmp_path, text, USE))


def test_a_notice_that_tells_and_denies_says_nothing(tmp_path: Path) -> None:
    text = f"{HEAD}## 3 How we use posts for AI\n\nWe use posts to train AI.\n\nWe do not use your data to train AI.\n"
    assert "says both: line 7 tells of training, line 9 denies it" in silent(written(tmp_path, text, USE))


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("own_platform", ""),
        ("scraped", "does not name the source scraped"),
        ("user_input", "user_input"),
        ("synthetic", ""),
        ("licensed", "licensed"),
        (None, ""),
    ],
)
def test_each_source_has_to_be_named_where_ai_is_told_of(kind: str | None, reason: str) -> None:
    account = heard("larkfield.md", {**USE, "sources": [{"type": kind}]})
    assert account.supported == (not reason)
    assert reason in account.unreadable


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("You cannot object.", "says that people cannot object"),
        ("There is no way to opt out. You can object to us in court.", "says that people cannot object"),
        ("It is not possible to object. You can refuse profiling.", "says that people cannot object"),
        ("Write to us.", "no sentence found that tells people that they can object"),
    ],
)
def test_the_way_to_object_has_to_be_told(sentence: str, reason: str, tmp_path: Path) -> None:
    text = f"{HEAD}## 3 How we use posts for AI\n\nWe use posts to train AI. {sentence}\n"
    assert reason in silent(written(tmp_path, text, USE))


@pytest.mark.parametrize(
    ("elsewhere", "is_told"),
    [
        ("You can opt out of our newsletter.", False),
        ("You can object to the use of your data for advertising.", False),
        ("You can switch it off.", False),
        ("You have the right to object to our processing of your personal data.", True),
        ("You can object to the training of AI in Settings.", True),
    ],
)
def test_a_way_to_object_that_is_told_elsewhere_has_to_be_about_this(elsewhere: str, is_told: bool, tmp_path: Path) -> None:
    text = f"{HEAD}## 3 How we use posts for AI\n\nWe use posts to train AI.\n\n## 7 Your choices\n\n{elsewhere}\n"
    account = written(tmp_path, text, USE)
    assert account.supported == is_told
    assert is_told or "no sentence found that tells people that they can object" in silent(account)


@pytest.mark.parametrize(
    "sentence",
    [
        "You can object only if you live in the EU.",
        "If you live in the European Union, you can object.",
        "In Germany you can object.",
        "If you are a resident of California, you may opt out.",
        "You can opt out if you have a paid account.",
        "You can object where the law where you live gives you that right.",
    ],
)
def test_a_way_to_object_for_some_is_none_for_all(sentence: str, tmp_path: Path) -> None:
    text = f"{HEAD}## 3 How we use posts for AI\n\nWe use posts to train AI. {sentence}\n"
    assert "no sentence found that tells people that they can object" in silent(written(tmp_path, text, USE))


def test_a_way_to_object_to_something_else_beside_ai_is_none(tmp_path: Path) -> None:
    text = f"{HEAD}We use posts to train AI. You can opt out of our newsletter.\n"
    assert "no sentence found that tells people that they can object" in silent(written(tmp_path, text, USE))
    text = f"{HEAD}## 3 How we use posts for AI\n\nWe use posts to train AI. You can object by e-mail.\n"
    assert written(tmp_path, text, USE).supported


@pytest.mark.parametrize(
    "sentence",
    [
        "You can opt out of our e-mails.",
        "You can refuse to give us your name.",
        "You can withdraw money.",
        "You can opt out of the sale of your data.",
        "You can opt out of location services.",
        "You can withdraw your consent to biometrics.",
        "You can withdraw your application.",
        "Soon you can object.",
        "You can object, but it has no effect.",
        "You can object?",
    ],
)
def test_refusing_something_else_beside_ai_is_no_objection(sentence: str, tmp_path: Path) -> None:
    text = f"{HEAD}## 3 How we use posts for AI\n\nWe use posts to train AI. {sentence}\n"
    assert "no sentence found that tells people that they can object" in silent(written(tmp_path, text, USE))


def test_a_version_from_before_the_telling_is_not_the_one_that_tells() -> None:
    use = {**USE, "transparency": {"published_on": "2026-03-01"}}
    assert "earlier version than transparency.published_on" in silent(heard("larkfield.md", use))


def test_a_section_that_is_not_there_is_named() -> None:
    users = {**USERS, "protections_disclosure_ref": "larkfield.md#limits"}
    assert "'#limits', which protections_disclosure_ref names" in silent(heard("larkfield.md", users))


def test_a_reference_to_another_place_is_not_looked_up_here() -> None:
    assert heard("larkfield.md", {**USERS, "protections_disclosure_ref": "https://larkfield.example/privacy#x"}).supported
    assert heard("larkfield.md", {**USERS, "protections_disclosure_ref": "other.md#x"}).supported


@pytest.mark.parametrize(
    "sentence",
    [
        "We do not protect your data against scraping.",
        "We limit the use of cookies.",
        "Others block bots.",
        "We will limit scraping by bots next year.",
        "We will soon block bots.",
        "We block scraping only in our mobile app.",
        "We block bots?",
        "We never block bots.",
        "We take no measures against scraping.",
        "We may also use automated decision-making systems to identify trends and secure our systems.",
        "We use automated systems to send you e-mails.",
        "We use chatbots and other bots to answer you.",
        "We use scraping to find new customers.",
        '"We block bots," others say.',
    ],
)
def test_sentences_that_tell_of_no_protection(sentence: str, tmp_path: Path) -> None:
    assert "no sentence found that tells what is done" in silent(
        written(tmp_path, HEAD + sentence, {"protections_detail": "kinds"})
    )
    assert silent(written(tmp_path, HEAD + sentence, {"id": "c", "family": "waf", "disclosed_in": "/privacy"}))


@pytest.mark.parametrize(
    ("kept", "reason"),
    [
        ("for 6 months", "tells of data that is kept longer than retention_days (line 7)"),
        ("for 90 days or longer where a case is open", "does not say for how long data is kept at most (line 7)"),
        ("for 90 days after your account is closed", "does not say for how long data is kept at most (line 7)"),
    ],
)
def test_data_that_is_kept_longer_than_declared_is_not_supported(kept: str, reason: str, tmp_path: Path) -> None:
    text = f"{HEAD}## 4 How we protect public data\n\nWe block bots by address. We keep these records {kept}.\n"
    assert reason in silent(written(tmp_path, text, CONTROL))
    assert written(tmp_path, text.replace(kept, "for 2 months"), CONTROL).supported


@pytest.mark.parametrize(
    "sentence",
    [
        "We keep payment records for 90 days.",
        "Invoices are kept for 90 days.",
        "We block bots, and messages are kept for 90 days.",
        "We keep logs of payments for 90 days.",
        "Logs of payments are kept for 90 days.",
        "We keep delivery addresses for 90 days.",
        "We keep the logs of support calls for 90 days.",
        "Our partner's logs are kept for 90 days.",
    ],
)
def test_other_data_that_the_section_names_neither_denies_nor_backs_a_retention(sentence: str, tmp_path: Path) -> None:
    text = f"{HEAD}## 4 How we protect public data\n\nWe block bots by address. {sentence}\n"
    longer = silent(written(tmp_path, text, {**CONTROL, "retention_days": 30}))
    assert "tells of other data that is kept longer than retention_days" in longer
    account = written(tmp_path, text, {**CONTROL, "retention_days": 90})
    assert (said(account), account.supported) == ({}, True)


@pytest.mark.parametrize(
    "sentence",
    [
        "We keep them for 90 days.",
        "We keep your IP address and the time of each request for 90 days.",
        "IP addresses, browser types and timestamps are kept for 90 days.",
        "Access logs are kept for 90 days.",
        "This data is deleted after 90 days.",
        "We keep IP addresses for 90 days.",
        "We keep the logs of our web servers for 90 days.",
        "We keep IP addresses and device features in our access logs for 90 days.",
    ],
)
def test_what_the_protection_uses_is_read_with_its_retention(sentence: str, tmp_path: Path) -> None:
    text = f"{HEAD}## 4 How we protect public data\n\nWe block bots by address. {sentence}\n"
    assert said(written(tmp_path, text, {**CONTROL, "retention_days": 30})) == {"retention_days": 90}


@pytest.mark.parametrize(
    "sentence",
    [
        "If we suspect fraud, logs are kept for 365 days.",
        "Logs are kept for 365 days if the police ask us.",
        "Logs are kept for less than 365 days.",
        "Logs are kept for 30 days unless there is an investigation.",
    ],
)
def test_days_that_hold_in_some_cases_neither_deny_nor_back_a_retention(sentence: str, tmp_path: Path) -> None:
    text = f"{HEAD}## 4 How we protect public data\n\nWe block bots by address. {sentence}\n"
    assert "tells how long data is kept in some cases only (line 7)" in silent(
        written(tmp_path, text, {**CONTROL, "retention_days": 90})
    )


def test_fewer_days_than_the_declared_ones_back_them(tmp_path: Path) -> None:
    text = f"{HEAD}## 4 How we protect public data\n\nWe block bots by address. Logs are kept for less than 30 days.\n"
    assert written(tmp_path, text, {**CONTROL, "retention_days": 30}).supported


def test_a_span_of_days_is_no_retention_of_one_control(tmp_path: Path) -> None:
    text = f"{HEAD}## 4 How we protect public data\n\nWe block bots by address. We keep these records for 7 to 180 days.\n"
    account = written(tmp_path, text, CONTROL)
    assert (account.supported, account.readings) == (True, ())


@pytest.mark.parametrize(
    "sentence",
    [
        "We keep logs for at least 30 days.",
        "Logs are kept for a minimum of 30 days.",
        "We keep logs for longer than 30 days.",
        "We keep logs for 30 days and then archived copies are kept.",
        "Logs are stored for 30 days, after which they are archived for ever.",
        "We keep logs for 30 days. Summaries are kept indefinitely.",
    ],
)
def test_data_that_is_kept_without_an_end_backs_no_retention(sentence: str, tmp_path: Path) -> None:
    text = f"{HEAD}## 4 How we protect public data\n\nWe block bots by address. {sentence}\n"
    assert "does not say for how long data is kept at most" in silent(
        written(tmp_path, text, {**CONTROL, "retention_days": 30})
    )
    denied = written(tmp_path, text, {**CONTROL, "retention_days": 10})
    assert (said(denied), denied.supported) == ({"retention_days": 30}, False)


@pytest.mark.parametrize(
    "sentence",
    [
        "We keep logs for 30 days and then delete them.",
        "We keep logs for no longer than 30 days.",
        "Logs are kept for not more than 30 days.",
    ],
)
def test_data_that_is_kept_for_so_long_at_most(sentence: str, tmp_path: Path) -> None:
    text = f"{HEAD}## 4 How we protect public data\n\nWe block bots by address. {sentence}\n"
    account = written(tmp_path, text, {**CONTROL, "retention_days": 30})
    assert (said(account), account.supported) == ({"retention_days": 30}, True)


def test_a_page_that_is_no_privacy_notice_supports_no_policies(tmp_path: Path) -> None:
    assert "is not recognised as a privacy notice" in silent(
        written(tmp_path, "# Recipes\n\nStir well.\n", {"privacy_notice_ref": "/p"})
    )


@pytest.mark.parametrize(
    "content", [b"", b"\0\0", b"\xff\xfe", b"# Privacy notice\n", b"{{ privacy }}", b"---\na: [\n---\nPrivacy.\n"]
)
def test_what_cannot_be_read_says_why(content: bytes, tmp_path: Path) -> None:
    for subject in (USE, USERS, CONTROL, {"privacy_notice_ref": "/p"}):
        assert silent(written(tmp_path, content, subject))
    assert notice.discover(Opener(tmp_path), "larkfield.md") == ()


@pytest.mark.parametrize("path", ["gone.md", "../x.md", "link.md"])
def test_what_is_not_there_is_unreadable(path: str, tmp_path: Path) -> None:
    (tmp_path / "link.md").symlink_to(FIXTURES / "larkfield.md")
    assert silent(heard(path, USE, tmp_path))


@pytest.mark.parametrize(
    "subject",
    [
        {"phases": "finetune"},
        {"phases": [None]},
        {"sources": {"a": 1}},
        {"sources": [None, {"type": 3}]},
        {"transparency": "x"},
        {"notice_ref": 3},
        {"family": "waf", "disclosed_in": ["a#b"], "retention_days": "90"},
        {},
    ],
    ids=str,
)
def test_odd_declarations_are_no_error(subject: dict[str, Any]) -> None:
    account = heard("larkfield.md", subject, anchor="4")
    assert account.unreadable or account.supported or account.readings


def test_what_is_discovered_is_what_the_account_supports() -> None:
    found = notice.discover(Opener(FIXTURES), "larkfield.md")
    assert [one.section for one in found] == ["policies", "user_enablement"]
    assert all(heard("larkfield.md", one.item).supported for one in found)


WORDS = st.sampled_from(
    [
        "We",
        "use",
        "your",
        "posts",
        "to",
        "train",
        "AI",
        "not",
        "never",
        "block",
        "bots",
        ".",
        "\n\n",
        ">",
        "# Privacy",
        "<p hidden>",
        "</p>",
        "5 May 2026",
        "Last updated:",
        "90 days",
        "keep",
        "if",
    ]
)


@settings(max_examples=80, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(WORDS, max_size=25), which=st.sampled_from([USE, USERS, CONTROL]))
def test_whatever_stands_there_it_is_one_of_three(words: list[str], which: dict[str, Any], tmp_path: Path) -> None:
    account = written(tmp_path, " ".join(words), which)
    assert bool(account.unreadable) != (account.supported or bool(account.readings))
    assert all(reading.soft for reading in account.readings)
    assert account.quotes or not account.supported


def test_the_notice_of_another_organisation_supports_nothing(tmp_path: Path) -> None:
    text = "# Privacy notice of MegaCorp Inc\n\nLast updated: 5 February 2026\n\nWe use rate limits against scraping.\n"
    subject = {"privacy_notice_ref": "/privacy", "privacy_notice_updated_on": "2026-02-05"}
    manifest = {"organization": {"name": "Corner Shop Ltd"}}
    assert "is of MegaCorp Inc by its title" in silent(written(tmp_path, text, subject, manifest=manifest))
    of_group = text.replace("We use", "This notice is for the Corner Shop too. We use")
    assert written(tmp_path, of_group, subject, manifest=manifest).supported


def test_thousands_of_dates_in_one_block_are_read_in_time(tmp_path: Path) -> None:
    with ends():
        written(tmp_path, f"{HEAD}{'a, updated 1 May 2025 ' * 9000}\n", USE)


def test_a_denial_of_many_words_is_judged_in_time(tmp_path: Path) -> None:
    denial = f"We do not use your data to train {'training, ' * 40}public models."
    with ends():
        account = written(tmp_path, f"{HEAD}## 3. How we use posts for AI\n\n{denial}\n", USE)
        assert ("phases",) not in [reading.path for reading in account.readings]


# --- times and learners -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "We will use posts that you publish to train our AI from 1 January 2030.",
        "From 2030 we use posts that you publish to train our models.",
        "We use posts that you publish to train our models until 2020.",
        "We use posts that you published for training our models until 31 December 2020.",
        "We use posts until 31 December 2020 to train our models.",
        "We use posts that you publish to train our models. This begins on 1 January 2031.",
        "## 3 From 1 January 2030\n\nWe use posts that you publish to train our models.",
        "We use posts that you publish to train our staff in the use of AI.",
        "We use posts to train our support team, who work with AI assistants.",
        "We use posts that you publish to improve our customer service team with AI tools.",
    ],
)
def test_ai_of_another_time_and_the_training_of_staff_tell_nothing_of_training_ai(text: str, tmp_path: Path) -> None:
    use = {"id": "summaries", "phases": ["finetune"], "sources": [{"id": "posts", "type": "own_platform"}]}
    assert "no sentence found that tells of training AI" in silent(written(tmp_path, f"{HEAD}{text}\n", use))


@pytest.mark.parametrize(
    "text",
    [
        "Since 2024 we use posts that you publish to train our models.",
        "We use posts published since 2020 to train our AI models.",
        "We use posts to train models that help our moderators.",
        "We use posts from 2010 on to train our models until 31 December 2027.",
        "We use posts published before 1 January 2025 to train our models.",
        "We use reviews that you wrote on our site until May 2025 to train our models.",
    ],
)
def test_ai_that_is_trained_today_is_told_of_with_its_dates(text: str, tmp_path: Path) -> None:
    use = {"id": "summaries", "phases": ["finetune"], "sources": [{"id": "posts", "type": "own_platform"}]}
    assert written(tmp_path, f"{HEAD}{text}\n", use).supported


@pytest.mark.parametrize("head", ["# Privacy notice\n\nEffective date: 1 January 2030\n\n",
                                  "---\neffective_date: 2030-01-01\n---\n# Privacy notice\n\n"])  # fmt: skip
def test_a_notice_that_takes_effect_later_backs_and_denies_nothing(head: str, tmp_path: Path) -> None:
    use = {"id": "summaries", "phases": ["finetune"], "sources": [{"id": "posts", "type": "own_platform"}]}
    for text in ("We use posts to train our models.", "We do not use your content to train AI."):
        assert "takes effect only after" in silent(written(tmp_path, f"{head}{text}\n", use))


# --- whose it is ------------------------------------------------------------------------------------------------

OF = {"manifest": {"organization": {"name": "Larkfield Ltd"}}}
TRAINS = {"id": "summaries", "phases": ["finetune"], "sources": [{"id": "posts", "type": "own_platform"}]}
SAYS = "We use posts that you publish to train our models.\n"


@pytest.mark.parametrize(
    ("head", "how"),
    [
        ("# Privacy notice\n\nThe controller is Seabird GmbH, Hamburg.\n\n", "by its own words (line 3)"),
        ("# Privacy notice\n\nThis site is operated by Seabird GmbH.\n\n", "by its own words (line 3)"),
        ('# Privacy notice\n\nSeabird GmbH ("we", "us") runs this site.\n\n', "by its own words (line 3)"),
        ("# Privacy notice\n\nSeabird GmbH is the data controller of your personal data.\n\n", "by its own words (line 3)"),
        (
            "# Privacy notice\n\nFor the law, the data controller of this site is Seabird GmbH.\n\n",
            "by its own words (line 3)",
        ),
        (
            "# Privacy notice\n\nThe website seabird.example is owned and operated by Seabird GmbH.\n\n",
            "by its own words (line 3)",
        ),
        ("# Privacy notice\n\nSeabird GmbH (we, us) runs this site.\n\n", "by its own words (line 3)"),
        ("---\nauthor: Seabird GmbH\n---\n# Privacy notice\n\n", "by its front matter (line 2)"),
    ],
)
def test_a_notice_of_another_controller_backs_nothing(head: str, how: str, tmp_path: Path) -> None:
    assert f"is of Seabird GmbH {how}, and does not name Larkfield Ltd" in silent(
        written(tmp_path, f"{head}{SAYS}", TRAINS, **OF)
    )


@pytest.mark.parametrize(
    "head",
    [
        "# Privacy notice\n\nThe controller is Larkfield Limited. Its processor is Seabird GmbH.\n\n",
        "# Privacy notice\n\nOur site is hosted by Seabird GmbH. Stripe Inc acts as an independent controller.\n\n",
        "---\nauthor: Ann Lee\n---\n# Privacy notice\n\n",
        "# Privacy notice\n\nThe website uses Google Analytics, a service operated by Seabird GmbH.\n\n",
        "# Privacy notice\n\nSeabird GmbH is an independent data controller for payments.\n\n",
        "# Privacy notice\n\nOur payment provider Seabird GmbH is the controller of your card data.\n\n",
        "# Privacy notice\n\nThe chat on our site is operated by Seabird GmbH.\n\n",
        "# Privacy notice\n\nSome data goes to the United States (US), to Seabird Inc.\n\n",
        "# Privacy notice\n\nWhen you write (we use a form of Seabird GmbH), we keep it.\n\n",
        "---\norganisation: Larkfield\nauthor: Seabird LLP\n---\n# Privacy notice\n\n",
    ],
)
def test_a_notice_may_name_processors_and_the_law_firm_that_wrote_it(head: str, tmp_path: Path) -> None:
    assert written(tmp_path, f"{head}{SAYS}", TRAINS, **OF).supported


@pytest.mark.parametrize(
    "sentence",
    [
        "Last updated: 5 February 2026", "Version 2.1, last updated 5 February 2026",
        "Privacy notice, updated 5 February 2026",
        "Effective 1 March 2026, last updated 5 February 2026", "The page was last updated on 5 February 2026.",
        "Owner: Ann Lee, last updated: 5 February 2026",
    ],
)  # fmt: skip
def test_a_date_of_the_notices_update_backs_it_in_other_words(sentence: str, tmp_path: Path) -> None:
    text = f"# Privacy notice\n\n{sentence}\n\nWe process what you write.\n"
    assert written(tmp_path, text, {"privacy_notice_updated_on": "2026-02-05"}).supported
    later = written(tmp_path, text, {"privacy_notice_updated_on": "2026-02-06"})
    assert said(later) == {"privacy_notice_updated_on": "2026-02-05"}
