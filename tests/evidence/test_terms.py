"""Terms support what they forbid, contradict what they permit, and are left to a person where they may mean both."""

from __future__ import annotations

import zlib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policycheck.evidence import _clauses, _prose, terms
from policycheck.evidence._prose import Sentence
from policycheck.opener import Opener
from tests.evidence.account_support import said_softly as said
from tests.evidence.account_support import silent
from tests.patience import ends

if TYPE_CHECKING:
    from policycheck.model import Account

FIXTURES = Path(__file__).parent / "fixtures" / "terms"
ALL = ["automated_access", "scraping", "resale", "ai_training", "profiling", "bypassing_controls"]
HEAD = "# Terms of service\n\nLast updated: 12 May 2026\n\n"


def control(prohibits: Any = None, **params: Any) -> dict[str, Any]:
    """A declared clause."""
    return {"id": "terms", "family": "terms", "status": "deployed", "params": {"prohibits": prohibits, **params}}


def heard(file: str, subject: dict[str, Any], root: Path = FIXTURES, **options: object) -> Account:
    return terms.account(Opener(root), file, {"kind": "terms", "path": file, "as_of": "2026-06-30", **options}, subject)


def written(root: Path, text: str | bytes, subject: dict[str, Any], name: str = "terms.md", **options: object) -> Account:
    (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return heard(name, subject, root, **options)


def on_scraping(root: Path, text: str, **options: object) -> Account:
    """The account of terms that hold this text on a control that declares that they forbid scraping."""
    return written(root, f"{HEAD}{text}\n", control(["scraping"]), **options)


def stances(sentence: str) -> dict[str, str]:
    return {act: clause.stance for clause in _clauses.judged(Sentence(sentence, 1, 0)) for act in clause.acts}


# --- documents that agree -------------------------------------------------------------------------------------


def test_terms_in_markdown_support_what_they_forbid_and_quote_it_with_its_line() -> None:
    account = heard("larkfield.md", control(ALL, clause_anchor="#5-2-no-scraping", version="2026-02"))
    assert account.supported
    assert said(account) == {"params.prohibits": ALL, "params.version": "2026-02"}
    quotes = {quote.line: quote.text for quote in account.quotes}
    assert (
        quotes[42]
        == "You must not, by any means: scrape the service, or collect members' data by machine, whether signed in or not;"
    )
    assert quotes[46].startswith("You must not, by any means: bypass or disable")
    assert all(len(quote.text) <= 200 and quote.file == "larkfield.md" for quote in account.quotes)
    assert [seen.path for seen in account.artefacts] == ["larkfield.md"]


def test_terms_in_html_support_by_what_is_visible() -> None:
    account = heard("larkfield.html", control([act for act in ALL if act != "profiling"], clause_anchor="machines"))
    assert account.supported
    assert [quote.line for quote in account.quotes] == [24, 25, 28, 29, 30]


def test_the_section_policies_is_held_against_date_and_clauses() -> None:
    subject = {
        "tos_updated_on": "2026-02-02",
        "tos_anti_scraping_clause": "5.2",
        "tos_automated_access_clause": "Automated access",
        "tos_consequences_clause": "https://larkfield.example/terms#54-what-we-may-do",
    }
    account = heard("larkfield.md", subject)
    assert account.supported
    assert said(account) == {"tos_updated_on": "2026-02-02"}
    assert {7, 35, 42, 56} == {quote.line for quote in account.quotes}


def test_what_is_not_declared_is_read_for_a_person_to_declare() -> None:
    account = heard("larkfield.md", control())
    assert set(said(account)["params.prohibits"]) == set(ALL)  # type: ignore[call-overload]


# --- documents that contradict --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sentence",
    [
        "You may scrape our public pages.",
        "You are free to scrape our pages.",
        "Scraping is allowed.",
        "We do not prohibit scraping.",
        "Scraping is not prohibited.",
        "Nothing in these terms prevents you from scraping our pages.",
        "Anyone may scrape our public pages.",
    ],
)
def test_a_sentence_that_plainly_permits_contradicts_at_its_line(sentence: str, tmp_path: Path) -> None:
    account = written(
        tmp_path, f"{HEAD}You may not crawl our pages.\n\n{sentence}\n", control(["automated_access", "scraping"])
    )
    assert said(account) == {"params.prohibits": ["automated_access"]}
    assert (account.readings[0].line, account.supported) == (7, False)
    assert "permits scraping" in account.readings[0].note


@pytest.mark.parametrize("before", ["You may use the site to compare prices.", "We like you! Search engines may index it."])
def test_the_items_of_a_list_complete_the_last_sentence_before_it_and_no_other(before: str, tmp_path: Path) -> None:
    for items in ("\n- scrape the site;\n- harvest data of members.", "- harvest data of members."):
        account = on_scraping(tmp_path, f"{before} You may not:\n{items}")
        assert said(account) == {"params.prohibits": ["scraping"]}
        assert [quote.text.split(":")[0] for quote in account.quotes] == ["You may not"]


@pytest.mark.parametrize(
    "before", ["Our licensed partners have more rights.", "Only with our consent.", "Do not sell our data."]
)
def test_leave_in_a_list_contradicts_only_where_no_sentence_before_may_say_whose_it_is(before: str, tmp_path: Path) -> None:
    assert said(on_scraping(tmp_path, "You may:\n\n- scrape the site;\n- link to it.")) == {"params.prohibits": []}
    assert "a person must read it" in silent(
        on_scraping(tmp_path, f"{before} You may:\n\n- scrape the site;\n- link to it.")
    )


def test_another_date_contradicts_at_the_line_of_the_documents_own() -> None:
    account = heard("larkfield.html", {"tos_updated_on": "2026-03-02", "tos_anti_scraping_clause": "5"})
    assert said(account) == {"tos_updated_on": "2026-02-02"}
    assert (account.readings[0].line, account.supported) == (15, False)


def test_another_version_contradicts() -> None:
    account = heard("larkfield.md", control(["scraping"], version="2025-11"))
    assert said(account)["params.version"] == "2026-02"
    assert not account.supported


# --- sentences: a form that is known, or nothing ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "acts"),
    [
        ("You may not scrape the service.", {"scraping"}),
        ("9.1 Users must never scrape or harvest data.", {"scraping"}),
        (
            "You can't access or collect data from our site using automated means (without our prior permission).",
            {"automated_access", "scraping"},
        ),
        ("You agree not to use the content to train or develop AI models.", {"ai_training"}),
        ("You may not use our content to train, fine-tune or evaluate machine learning models.", {"ai_training"}),
        ("By using the service you agree that you will not crawl it.", {"automated_access"}),
        ("Do not scrape our pages.", {"scraping"}),
        ("No one may scrape our pages.", {"scraping"}),
        ("It is strictly forbidden to bypass our rate limits.", {"bypassing_controls"}),
        ("We do not allow the use of bots to access the service.", {"automated_access"}),
        ("Web scraping and any other automated extraction of data are prohibited.", {"scraping", "automated_access"}),
        ("Use of our content for AI training is not permitted.", {"ai_training"}),
        (
            "You shall not (i) scrape the site, (ii) resell the data, or (iii) circumvent technical measures.",
            {"scraping", "resale", "bypassing_controls"},
        ),
        ("You may not, and may not allow others to, scrape the site.", {"scraping"}),
        ("You may not build or sell profiles of our members.", {"profiling"}),
        ("Bots may not access the service.", {"automated_access"}),
        ("You may access the service by automated means only through our API.", {"automated_access"}),
        ("While using the site, you must not scrape it.", {"scraping"}),
        ("You are prohibited from scraping the service and reselling its content.", {"scraping", "resale"}),
        (
            "Crawling or scraping the site in any form without our prior written consent is expressly prohibited.",
            {"scraping"},
        ),
        ("You may not search the service (automated or otherwise) other than through our interfaces.", {"automated_access"}),
        ("You may not do any of the following while using the service: scrape it.", {"scraping"}),
        ("You will not use software, devices or other means (such as add-ons) to scrape or copy the service.", {"scraping"}),
        ("Except as expressly permitted, you must not: use any data mining or similar extraction methods.", {"scraping"}),
        ("You will not use the content for the purpose of training machine learning models.", {"ai_training"}),
        ("You may not sell, license, or purchase any data obtained from us.", {"resale"}),
        ("You may not, without our prior written consent, use robots or spiders to extract data.", {"automated_access"}),
    ],
)
def test_sentences_that_forbid(sentence: str, acts: set[str]) -> None:
    found = stances(sentence)
    assert {act for act, stance in found.items() if stance == _clauses.FORBIDS} >= acts
    assert _clauses.PERMITS not in found.values()


@pytest.mark.parametrize(
    "sentence",
    [
        "If you are a minor, you may not scrape the service.",
        "It is a myth that you may not scrape the service.",
        "We do not say that you may not scrape the service.",
        "Some say that scraping is harmful and you may not scrape.",
        "It is not the case that scraping is prohibited.",
        "Claims that scraping is prohibited are wrong.",
        "You may not stop others from crawling or scraping.",
        "You may not be stopped from scraping.",
        "You may not only scrape but also sell data.",
        "You must not conclude that we scrape, crawl, or sell data.",
        "You may not sue those who crawl, scrape or index the service.",
        "Users under 16 may not scrape the service.",
        "You may not scrape for commercial purposes.",
        "You may not scrape more than one page.",
        "You may not scrape the site faster than one request a second.",
        "You may not scrape the site at a rate above what a person could do.",
        "You may not scrape the site after we ask you to stop.",
        "You may not scrape the site beyond what robots.txt allows.",
        "You may not scrape the site contrary to robots.txt.",
        "You may not scrape pages disallowed in robots.txt.",
        "You may not scrape the site in breach of these terms.",
        "You may not scrape the site in an abusive manner.",
        "You may not scrape the site above the rate we publish.",
        "You may not scrape the site using stolen credentials.",
        "You may not scrape the site on behalf of competitors.",
        "You may not scrape the private parts of the site.",
        "You may not use the service to scrape or harvest data from any other service.",
        "You may not scrape the site, with the exception of public pages.",
        "You may not scrape the site, public pages excepted.",
        "You may not scrape the site; public profiles are exempt.",
        "You may not scrape the site?",
        "You may not scrape the site before registering.",
        "You may not scrape the site at night.",
        "You may not scrape the site on weekdays.",
        "Scraping the site at night is prohibited.",
        "You may not scrape the site at scale.",
        "You may not scrape the site so as to overload it.",
        "You must not use scrapers that overload our servers.",
        "You must not scrape competitor websites using our tool.",
        "You must not scrape our competitors' websites.",
        "You must not scrape another website with our tool.",
        "You may not scrape the site to send unsolicited messages.",
        "You may not scrape e-mail addresses for the purpose of sending spam.",
        "You may not scrape private profiles.",
        "You may not scrape content behind a login.",
        "You may not scrape the site (public pages excluded).",
        "You may not scrape or resell scores outside a paid plan.",
        "You may not scrape except for AI training.",
        "You may not scrape unless you feel like it.",
        "Others cannot scrape your profile.",
        "No one can scrape our pages.",
        "We may scrape other sites.",
        "We will not scrape other sites.",
        "Until 2024, you may not scrape the service.",
        "You should not scrape the service.",
        "Scraping is rarely prohibited.",
        "You may not see scraping at once.",
        "Preventing scraping is prohibited.",
        "Is scraping prohibited?",
    ],
)
def test_sentences_that_leave_scraping_to_a_person(sentence: str) -> None:
    assert stances(sentence).get("scraping", _clauses.UNCLEAR) == _clauses.UNCLEAR


@pytest.mark.parametrize(
    "sentence",
    [
        "You may not sell your account.",
        "You may not sell counterfeit goods or post false information.",
        "You may not use the service to sell robots.",
        "We may use your content to train AI.",
        "You may not train staff on our premises.",
        "You may not create a false profile.",
        "You may not use automated decision-making.",
        "Search engines may index our pages.",
    ],
)
def test_words_that_only_sound_like_an_act_forbid_nothing(sentence: str) -> None:
    assert set(stances(sentence).values()) <= {_clauses.UNCLEAR}


@pytest.mark.parametrize(
    "sentence",
    [
        "You may not scrape the service in Germany.",
        "If you live in the EU, you may not scrape the service.",
        "You may not scrape the service from the United Kingdom.",
        "You may not scrape the service from 1 January 2030.",
        "You may not scrape our blog.",
        "You may not scrape, crawl or harvest our company blog.",
        "You may not use bots to scrape our help centre.",
        "You may not use our service to scrape third-party sites.",
        "You may not scrape other websites with the tools we offer.",
        "You may not scrape the service to train AI models.",
        "You may not scrape our pages for resale.",
        "You may not scrape or crawl our pages to build a competing service.",
        "Scraping our pages for the training of AI models is prohibited.",
        "You may not scrape the prices.",
        "You may not scrape or copy our logo.",
        "You may not copy, scrape or mine our pages to train AI models.",
        "You may not scrape our prices or resell our data.",
        "You may not scrape LinkedIn with our tools.",
        "You may not scrape Instagram, TikTok or Facebook through our service.",
        "You may not use bots to scrape the site's images.",
    ],
)
def test_scraping_of_some_things_or_for_some_ends_is_left_to_a_person(sentence: str, tmp_path: Path) -> None:
    assert stances(sentence).get("scraping") != "forbids"
    account = on_scraping(tmp_path, sentence)
    assert not account.supported
    assert "a person must read it" in account.unreadable


@pytest.mark.parametrize(
    "sentence",
    [
        "You may not scrape the service, or use its content to train AI models.",
        "You may not train AI models on our content or scrape the service.",
        "You may not scrape or resell our data.",
        "You may not scrape our pages for any purpose, including to train AI models.",
        "You may not scrape our pages for any purpose including training AI models.",
        "You may not scrape profiles, blog posts or comments.",
        "You may not scrape our site or third-party sites that we embed.",
        "You may not use bots to scrape, collect or extract data.",
        "You may not scrape images, text or other content.",
        "You may not scrape the shop, nor copy reviews by machine.",
        "You may not scrape, reverse engineer or decompile the app.",
        "You may not scrape any part of our website with bots.",
        "You may not harvest or collect email addresses of other users.",
        "You must not crawl or scrape user-contributed content.",
        "You must not scrape job postings or company profiles.",
        "You must not scrape or copy our website, or use it to train AI models.",
        "You may not scrape, crawl or mine our articles, photographs or archives, or use them to train AI models.",
        "You may not scrape user generated content.",
        "No person may scrape the register.",
    ],
)
def test_scraping_stays_forbidden_beside_what_is_narrower(sentence: str) -> None:
    assert stances(sentence)["scraping"] == "forbids"


def test_a_machine_has_its_own_object_and_not_that_of_a_later_verb() -> None:
    assert stances("You may not use bots or other automated means to access the service, or download contacts.") == {
        "automated_access": "forbids"
    }
    narrow = "You may not scrape, crawl, frame or copy our logo."
    assert set(stances(narrow).values()) == {_clauses.UNCLEAR}


def test_the_service_goes_by_the_name_of_the_title_and_by_no_other(tmp_path: Path) -> None:
    title = "# Terms of Petrel\n\n"
    assert written(tmp_path, f"{title}You may not scrape Petrel.\n", control(["scraping"])).supported
    assert written(tmp_path, f"{title}You may not scrape Petrel's pages.\n", control(["scraping"])).supported
    assert not written(tmp_path, f"{title}You may not scrape Petrel's prices.\n", control(["scraping"])).supported
    assert not written(tmp_path, f"{title}You may not scrape LinkedIn.\n", control(["scraping"])).supported
    of = {"manifest": {"organization": {"name": "Seabird Media Ltd"}}}
    text = "# Terms of service\n\nRead at seabird.example/terms too.\n\nYou may not scrape Seabird.\n"
    assert written(tmp_path, text, control(["scraping"]), **of).supported
    assert not written(tmp_path, text, control(["scraping"])).supported
    # A word of the title that the text uses as a word names nobody.
    said = "# Prohibited uses\n\nScraping is prohibited.\n"
    assert written(tmp_path, said, control(["scraping"])).supported
    # Nor does one of those that forbid, or that are forbidden.
    said = "# Crawling Prohibited\n\nCrawling is Prohibited.\n"
    assert written(tmp_path, said, control(["automated_access"])).supported


def test_a_clause_that_names_the_service_does_not_take_itself_back(tmp_path: Path) -> None:
    text = "# Terms of Petrel\n\nYou may not scrape Petrel; exemptions need our written permission.\n"
    assert written(tmp_path, text, control(["scraping"])).supported


def test_what_scraping_is_for_is_forbidden_all_the_same() -> None:
    assert stances("You may not scrape the service to train AI models.")["ai_training"] == "forbids"
    assert stances("You may scrape our pages to train AI models.")["ai_training"] == "permits"


def test_a_permission_that_needs_our_leave_is_no_contradiction() -> None:
    assert stances("You may scrape if you have our written permission.") == {"scraping": _clauses.UNCLEAR}


@pytest.mark.parametrize(
    "exception", ["except search engines", "unless we agreed in writing", "without our prior written consent"]
)
def test_an_exception_that_leaves_leave_to_us_still_supports_and_is_quoted(exception: str, tmp_path: Path) -> None:
    account = on_scraping(tmp_path, f"You may not scrape the service {exception}.")
    assert account.supported
    assert exception in account.quotes[0].text


# --- traps in documents ---------------------------------------------------------------------------------------


def test_what_is_declared_and_not_found_is_named_and_left_to_a_person(tmp_path: Path) -> None:
    account = written(tmp_path, f"{HEAD}You may not scrape.\n\nWe use AI ourselves.\n", control(["scraping", "ai_training"]))
    assert "no sentence found that forbids ai_training (line 7 speaks of it); a person must read it" in silent(account)
    assert account.unreadable_at == ("terms.md", 7)


def test_terms_that_say_both_say_nothing_and_both_lines_are_named(tmp_path: Path) -> None:
    account = on_scraping(
        tmp_path, "You may not scrape the service.\n\n## Researchers\n\nYou may scrape our pages for research."
    )
    assert "says both: line 5 forbids scraping, line 9 permits it" in silent(account)


@pytest.mark.parametrize(
    "leave",
    [
        "Researchers and partners are free to scrape as they like.",
        "Researchers may also scrape our public pages.",
        "Universities, libraries and archives may freely scrape the site.",
        "Whoever has a subscription is welcome to scrape our pages.",
        "Researchers are allowed to scrape our pages.",
        "Public pages may be scraped.",
        "Public pages can be freely crawled.",
        "AI training crawlers (GPTBot, ClaudeBot) are explicitly allowed.",
        "Crawlers are allowed.",
        "Crawlers that identify themselves are welcome.",
    ],
)
def test_leave_in_other_words_beside_a_prohibition_is_left_to_a_person(leave: str, tmp_path: Path) -> None:
    account = on_scraping(tmp_path, f"You may not scrape the service.\n\n{leave}")
    assert "says both: line 5 forbids scraping, line 7 may permit it" in silent(account)
    policies = written(tmp_path, f"{HEAD}{leave}\n", {"tos_anti_scraping_clause": "1"})
    assert "may permit scraping" in silent(policies)


@pytest.mark.parametrize(
    "sentence",
    [
        "We are entitled to scrape other sites.",
        "Nobody else is allowed to scrape our pages.",
        "Researchers are not permitted to scrape our pages.",
        "Researchers may scrape our pages with our written permission.",
        "Search engines may crawl our pages.",
        "Larkfield may scrape other sites to find copies.",
        "If you scrape the service, we may end your account.",
        "It is a myth that researchers are free to scrape our pages.",
        "You may not scrape the service at any time.",
        "You may not scrape public or private data.",
        "Public pages may not be scraped.",
        "No page may be crawled.",
        "What you publish may be scraped by others.",
        "Search engine crawlers are allowed.",
        "Crawlers are allowed with our written permission.",
        "Bots are not allowed.",
    ],
)
def test_what_gives_no_leave_takes_nothing_back(sentence: str, tmp_path: Path) -> None:
    assert on_scraping(tmp_path, f"You may not scrape the service.\n\n{sentence}").supported


@pytest.mark.parametrize(
    "text",
    [
        "> You may not scrape the service.",
        "```\nYou may not scrape the service.\n```",
        "    You may not scrape the service.",
        "<!-- You may not scrape the service. -->",
        "<!-- <br> You may not scrape the service. -->",
        '<p style="display: none">You may not scrape the service.</p>',
        "<div hidden>\n\nYou may not scrape the service.\n\n</div>",
        '<span aria-hidden="true">You may not scrape the service.</span>',
        "~~You may not scrape the service.~~",
        "<del>You may not scrape the service.</del>",
        '<p class="sr-only">You may not scrape the service.</p>',
        "<script>You may not scrape the service.</script>",
        "![You may not scrape the service.](x.png)",
        "## You may not scrape the service.",
        "## Definitions\n\nYou may not scrape the service.",
        "## Version history\n\n### May 2024\n\nYou may not scrape the service.",
        'Competitors write: "You may not scrape the service."',
        "[link]: /x 'You may not scrape the service.'",
    ],
)
def test_what_is_hidden_quoted_or_past_forbids_nothing(text: str, tmp_path: Path) -> None:
    assert "no sentence found that forbids scraping" in silent(on_scraping(tmp_path, f"Welcome to our service.\n\n{text}"))


@pytest.mark.parametrize(
    "text",
    [
        "<!-- You may scrape. -->",
        "<p hidden>You may scrape our pages.</p>",
        "> You may scrape our pages.",
        "## What changed\n\nYou may scrape our pages.",
    ],
)
def test_what_is_hidden_quoted_or_past_permits_nothing_either(text: str, tmp_path: Path) -> None:
    assert on_scraping(tmp_path, f"You may not scrape.\n\n{text}").supported


def test_a_style_element_hides_what_it_selects(tmp_path: Path) -> None:
    page = "<style>.x,#y{display:none}</style><h1>Terms</h1><p>Hello.</p><p class=x>{0}</p><p id=y>{0}</p>"
    account = written(tmp_path, page.replace("{0}", "You may not scrape."), control(["scraping"]), "t.html")
    assert "no sentence found" in silent(account)


def test_invisible_characters_in_a_word_are_read_as_the_reader_sees_them(tmp_path: Path) -> None:
    assert on_scraping(tmp_path, "You may n\u200bot scr\u00adape the service.").supported


@pytest.mark.parametrize(
    "text",
    [
        "We do n\u043et prohibit scraping.",
        "You may not scrape the service \u0456f you are new.",
        "You may n\u043et scrape the service.",
        "You may scr\u0430pe the service.",
        "\u202eYou may not scrape the service.",
        "You \u2067may not\u2069 scrape the service.",
    ],
)
def test_letters_that_look_like_others_and_turned_text_say_nothing(text: str, tmp_path: Path) -> None:
    assert "no sentence found that forbids scraping" in silent(on_scraping(tmp_path, text))


@pytest.mark.parametrize(
    "place", ["[insert name]", "TODO", "<insert company name>", "lorem ipsum", "This is still to be written."]
)
def test_a_place_left_to_fill_in_says_nothing(place: str, tmp_path: Path) -> None:
    account = on_scraping(tmp_path, f"You may not scrape.\n\nThese terms are those of {place}.")
    assert "still to be filled in (line 7" in silent(account)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04\x14\0", "is a file of an office program; export it to Markdown, HTML, text or PDF"),
        ((HEAD + "You may not scrape.").encode("utf-16"), "is UTF-16; save it as UTF-8"),
    ],
)
def test_what_to_do_with_terms_in_another_form_is_said(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "terms.docx").write_bytes(content)
    assert reason in silent(heard("terms.docx", control(["scraping"]), root=tmp_path))


@pytest.mark.parametrize("mark", ["{{ company }}", "{% if x %}", "<%= name %>"])
def test_a_template_is_to_be_rendered_first(mark: str, tmp_path: Path) -> None:
    assert "render it first" in silent(on_scraping(tmp_path, f"You may not scrape {mark}."))


@pytest.mark.parametrize("front", ["status: draft", "draft: true", "status: superseded", "status: whatever"])
def test_a_draft_says_nothing(front: str, tmp_path: Path) -> None:
    account = written(tmp_path, f"---\n{front}\n---\n{HEAD}You may not scrape.\n", control(["scraping"]))
    assert silent(account)


@pytest.mark.parametrize("line", ["**Superseded** by the terms of 2027.", "[Archived]", "Status: expired"])
def test_terms_that_are_put_aside_say_nothing(line: str, tmp_path: Path) -> None:
    account = written(tmp_path, f"# Terms\n\n{line}\n\nYou may not scrape.\n", control(["scraping"]))
    assert "says that it is not in force (line 3)" in silent(account)


def test_terms_that_are_not_in_force_yet_say_nothing(tmp_path: Path) -> None:
    assert "only after the date" in silent(on_scraping(tmp_path, "Effective date: 1 July 2026\n\nYou may not scrape."))
    assert on_scraping(tmp_path, "Effective date: 30 June 2026\n\nYou may not scrape.").supported


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        ("Last updated: 03/04/2026", "is ambiguous"),
        ("Last updated: 31 February 2026", "is no day of the calendar"),
        ("Last updated: May 2026", "gives itself no full date"),
        ("Last updated: 1 May 2026\n\nLast updated: 2 May 2026", "gives itself several dates"),
        ("Written with care.", "gives itself no full date"),
    ],
)
def test_a_date_that_can_be_read_in_two_ways_or_none_is_not_read(stated: str, reason: str, tmp_path: Path) -> None:
    text = f"# Terms\n\n{stated}\n\nYou may not scrape.\n"
    assert reason in silent(written(tmp_path, text, {"tos_updated_on": "2026-04-03"}))


@pytest.mark.parametrize(
    "stated",
    [
        "Last updated: 12 May 2026",
        "**Last updated:** May 12th, 2026",
        "Last revised on 2026-05-12.",
        "Effective from 12 May 2026",
        "Updated 13/04/2026. Effective 12 May 2026.",
        "Last updated: 2026/05/12",
        "Version of 12 May 2026",
        "These terms were last updated on the 12th of May 2026.",
    ],
)
def test_dates_in_english_and_iso(stated: str, tmp_path: Path) -> None:
    text = f"# Terms\n\n{stated.replace('the 12th', '12th')}\n\nYou may not scrape.\n"
    assert said(written(tmp_path, text, {"tos_updated_on": "2026-05-12"})) == {"tos_updated_on": "2026-05-12"}


@pytest.mark.parametrize(
    "stated",
    ["Effective date: 12 May 2026 | Last updated: 20 May 2026", "Last updated: 12 May 2026\n\nUpdated: 20 May 2026"],
)
def test_a_document_of_a_later_date_than_declared_does_not_support_it(stated: str, tmp_path: Path) -> None:
    text = f"# Terms\n\n{stated}\n\nYou may not scrape.\n"
    why = silent(written(tmp_path, text, {"tos_updated_on": "2026-05-12"}))
    assert "gives itself a later date than tos_updated_on, too (line " in why


def test_an_anchor_that_is_not_there_is_named(tmp_path: Path) -> None:
    account = written(tmp_path, f"{HEAD}You may not scrape.\n", control(["scraping"], clause_anchor="#no-bots"))
    assert "has no heading or anchor '#no-bots', which params.clause_anchor names" in silent(account)


def test_an_anchor_that_two_headings_bear_is_ambiguous(tmp_path: Path) -> None:
    text = f"{HEAD}## 5. Use\n\nYou may not scrape.\n\n## 5. Other\n\nText.\n"
    assert "may mean line 5 and line 9" in silent(written(tmp_path, text, control(["scraping"], clause_anchor="5")))


def test_a_clause_that_stands_elsewhere_than_declared_is_not_taken_for_it(tmp_path: Path) -> None:
    text = f"{HEAD}## Use\n\nBe civil.\n\n## Machines {{#bots}}\n\nYou may not scrape.\n"
    assert "the section that params.clause_anchor names" in silent(
        written(tmp_path, text, control(["scraping"], clause_anchor="Use"))
    )
    assert written(tmp_path, text, control(["scraping"], clause_anchor="#bots")).supported


def test_the_anchor_of_the_entry_narrows_what_is_read(tmp_path: Path) -> None:
    text = f"{HEAD}## Use\n\nYou may not scrape.\n\n## Old use\n\nYou may scrape our pages.\n\n## Other\n\nText.\n"
    assert written(tmp_path, text, control(["scraping"]), anchor="Use").supported
    assert silent(written(tmp_path, text, control(["scraping"]), anchor="Other"))


def test_only_what_the_evidence_supports_is_held_against_it(tmp_path: Path) -> None:
    account = written(
        tmp_path, f"{HEAD}You may not scrape.\n", control(["scraping"], version="7"), supports=["params.prohibits"]
    )
    assert account.supported
    assert silent(written(tmp_path, f"{HEAD}You may not scrape.\n", control(["scraping"], version="7")))


def test_consequences_that_are_denied_are_none(tmp_path: Path) -> None:
    text = f"{HEAD}## What follows\n\nWe will not suspend your account.\n"
    assert "no sentence found on what follows" in silent(
        written(tmp_path, text, {"tos_consequences_clause": "What follows"})
    )


def test_terms_are_read_for_terms(tmp_path: Path) -> None:
    account = written(tmp_path, f"{HEAD}You may not scrape.\n", {"id": "x", "family": "waf"})
    assert "not waf" in silent(account)
    assert len(account.artefacts) == 1


# --- plain text and PDF ---------------------------------------------------------------------------------------

TEXT = """TERMS OF SERVICE

Version 3.2, last updated 12 May 2026

1. Good conduct

Be civil.

2. Machines

You must not:
  - scrape the service or
    collect data by automated means;
  - resell data.

We may suspend your account.
"""


def test_plain_text_has_headings_and_lists_by_its_look(tmp_path: Path) -> None:
    account = written(tmp_path, TEXT, control(["scraping", "resale"], clause_anchor="2", version="3.2"), "terms.txt")
    assert account.supported
    assert [quote.line for quote in account.quotes] == [12, 14, 3]


def pdf(*pages: list[str], content: bytes | None = None, extra: bytes = b"") -> bytes:
    """A PDF of these pages, each a list of lines; `content` is a raw Flate stream instead of the first page's."""
    count = len(pages)
    kids = " ".join(f"{3 + 2 * n} 0 R" for n in range(count))
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Kids[{kids}]/Count {count}>>".encode()]
    for n, lines in enumerate(pages):
        stream = (
            b"BT /F 11 Tf 60 760 Td 14 TL " + b"".join(b"(%s) Tj T* " % line.encode("latin-1") for line in lines) + b"ET"
        )
        packed = content if content is not None and n == 0 else zlib.compress(stream)
        font = b"<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>"
        objects += [
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font"
            + font
            + b">>/Contents %d 0 R>>" % (4 + 2 * n),
            b"<</Length %d/Filter/FlateDecode>>stream\n" % len(packed) + packed + b"\nendstream",
        ]
    return assembled(objects, extra)


def assembled(objects: list[bytes], extra: bytes = b"") -> bytes:
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table
    return out + b"trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, extra, start)


PAGES = (
    ["Terms of service of Larkfield", "Last updated: 12 May 2026", "Be civil to each other and to us."],
    ["5. Machines", "You may not scrape the service or collect data from it by auto-", "mated means."],
)


def test_a_pdf_supports_by_page(tmp_path: Path) -> None:
    account = written(tmp_path, pdf(*PAGES), control(["scraping"], clause_anchor="5"), "terms.pdf")
    assert account.supported
    quote = account.quotes[0]
    assert (quote.line, quote.text) == (
        0,
        "page 2: You may not scrape the service or collect data from it by automated means.",
    )
    assert account.readings[0].line == 1
    assert account.readings[0].note.endswith("on page 2")


def test_the_date_of_a_pdf_contradicts(tmp_path: Path) -> None:
    account = written(tmp_path, pdf(*PAGES), {"tos_updated_on": "2026-05-13"}, "terms.pdf")
    assert said(account) == {"tos_updated_on": "2026-05-12"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (pdf(*PAGES, extra=b"/Encrypt<</Filter/Standard/V 1/R 2/O(x)/U(x)/P 0>>/ID[(a)(a)]"), "encrypted"),
        (pdf([]), "holds no text to read (scanned pages need text recognition first)"),
        (b"%PDF-1.4\nnothing", "terms.pdf"),
        (b"%PDF-1.4\n" + bytes(range(256)) * 99, "terms.pdf"),
        (pdf(*PAGES, content=zlib.compress(bytes(80_000_000), 1)), "terms.pdf"),
        (assembled([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R]/Count 1>>"]), "terms.pdf"),
        (
            assembled(
                [
                    b"<</Type/Catalog/Pages 2 0 R>>",
                    b"<</Type/Pages/Kids[" + b"3 0 R " * 200_000 + b"]/Count 200000>>",
                    b"<</Type/Page/Parent 2 0 R>>",
                ]
            ),
            "terms.pdf",
        ),
    ],
    ids=["encrypted", "scanned", "cut", "noise", "bomb", "loop", "kids"],
)
def test_a_pdf_that_cannot_be_read_says_why_and_in_time(data: bytes, reason: str, tmp_path: Path) -> None:
    with ends():
        account = written(tmp_path, data, control(["service"]), "terms.pdf")
        assert reason in silent(account)


# --- hostile --------------------------------------------------------------------------------------------------

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.md", b""),
        ("t.md", b" \n\t\r\n"),
        ("t.md", b"\xef\xbb\xbf\n"),
        ("t.md", b"\0" * 64),
        ("t.md", bytes(range(256)) * 8),
        ("t.md", b"You may not scrape\xff."),
        ("t.md", "You may not scrape.".encode("utf-16")),
        ("t.md", b"---\n- a\n---\nYou may not scrape.\n"),
        ("t.md", b"---\na: 1\na: 2\n---\nYou may not scrape.\n"),
        ("t.md", b"---\na: &x [*x]\n---\nYou may not scrape.\n"),
        ("t.md", b"---\n" + b"[" * 5000 + b"\n---\nYou may not scrape.\n"),
        ("t.md", b"x" * (300 * 1024)),
        ("t.html", b"<b>" * 1000),
        ("t.html", b"<!--" * (MIB // 2)),
        ("t.html", b"<div>" * 100_000 + b"You may not scrape."),
        ("t.html", b"<p>" * (MIB // 4)),
        ("t.html", b"</x>" * (MIB // 2)),
        ("t.html", b"<a b=" * (MIB // 2)),
        ("t.html", b"<a '" * (MIB // 2)),
        ("t.html", b"<style>{" * (MIB // 8)),
        ("t.html", b"&" * MIB),
        ("t.html", b"<script>" * (MIB // 4)),
        ("t.html", b"You may not scrape and " * 180_000),
        ("t.txt", b"you may not access or " * 180_000),
        ("t.txt", b"- a\n" * 50_000),
        ("t.txt", b"1. A\n\n" * 50_000),
        ("t.md", b"[" * 20_000),
        ("t.md", b"> " * 50_000 + b"x"),
        ("t.md", b"- " * 50_000 + b"x"),
        ("t.md", b"|a" * 20_000),
        ("t.md", b"<p>" * 60_000),
    ],
    ids=range(31),
)
def test_hostile_input_is_unreadable_soon_and_never_supports(name: str, content: bytes, tmp_path: Path) -> None:
    with ends():
        silent(written(tmp_path, content, control(["scraping"]), name))
        assert terms.discover(Opener(tmp_path), name) == ()


def test_a_sentence_of_the_longest_kind_is_judged_in_time() -> None:
    with ends():
        for filler in ("access or ", "use the data, ", "scraping ", "(a) use any robot ", "you may not "):
            list(_clauses.judged(Sentence("You may not " + filler * (1480 // len(filler)), 1, 0)))
        # Words that are two of those that are known.
        for filler in ("machine, ", "machine-learning "):
            list(_clauses.judged(Sentence(filler.capitalize() + filler * 40 + "x is prohibited", 1, 0)))


@pytest.mark.parametrize("path", ["gone.md", "../terms.md", "/etc/passwd", ".git/config", "folder", "link.md"])
def test_what_is_not_there_or_lies_outside_is_unreadable(path: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.md").symlink_to(FIXTURES / "larkfield.md")
    assert silent(heard(path, control(["scraping"]), tmp_path))
    assert terms.discover(Opener(tmp_path), path) == ()


def test_what_is_missing_is_named_as_it_is_missing(tmp_path: Path) -> None:
    assert heard("gone/terms.md", control(["scraping"]), tmp_path).unreadable == "gone does not exist"


@pytest.mark.parametrize(
    "subject",
    [
        {"family": "terms", "params": None},
        {"family": "terms", "params": []},
        {"family": "terms", "params": {"prohibits": "scraping"}},
        {"family": "terms", "params": {"prohibits": [None, 3, {}]}},
        {"family": "terms", "params": {"clause_anchor": 9, "version": 3}},
        {"tos_updated_on": 20260202, "tos_anti_scraping_clause": ["5"]},
        {},
        {"family": None},
    ],
    ids=str,
)
def test_odd_declarations_are_no_error(subject: dict[str, Any]) -> None:
    account = heard("larkfield.md", subject)
    assert account.unreadable or account.supported or account.readings


# --- discovery and properties ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["larkfield.md", "larkfield.html"])
def test_what_is_discovered_is_what_the_account_supports(name: str) -> None:
    found = terms.discover(Opener(FIXTURES), name)
    assert [one.section for one in found] == ["controls", "policies"]
    for one in found:
        assert heard(name, one.item).supported, one
    assert "status" in dict(found[0].questions)
    assert found[0].item["params"]["clause_anchor"] in ("5.2 No scraping", "5. Machines")


def test_terms_in_which_no_prohibition_is_found_are_told(tmp_path: Path) -> None:
    (tmp_path / "terms.md").write_text("# Terms of service\n\nBe kind.\n")
    (found,) = terms.discover(Opener(tmp_path), "terms.md")
    assert (found.section, found.file) == ("", "terms.md")
    assert found.note == "no sentence found that forbids scraping or automated_access; a person must read it"


@pytest.mark.parametrize("name", ["user-agreement.md", "acceptable-use-policy.html", "tos.txt"])
def test_files_are_looked_at_by_the_names_that_terms_bear(name: str) -> None:
    assert any(fnmatchcase(name, pattern) for pattern in terms.FILES)


def test_other_documents_are_not_discovered_as_terms(tmp_path: Path) -> None:
    (tmp_path / "terms.md").write_text("# Recipes\n\nYou may not scrape the bowl.\n")
    assert terms.discover(Opener(tmp_path), "terms.md") == ()


WORDS = st.sampled_from(
    [
        "You",
        "we",
        "may",
        "not",
        "scrape",
        "scraping",
        "is",
        "prohibited",
        "allowed",
        "if",
        "unless",
        "except",
        ",",
        ".",
        "\n\n",
        "-",
        "# ",
        "## 5 ",
        ">",
        "<p hidden>",
        "</p>",
        "<!--",
        "-->",
        "```",
        "nothing in these terms",
        "do",
        "forbid",
        "{#x}",
        "\u202e",
        "\0",
    ]
)


@settings(max_examples=100, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(WORDS, max_size=30), name=st.sampled_from(["t.md", "t.html", "t.txt"]))
def test_whatever_stands_there_support_has_a_quote_that_forbids_and_nothing_that_permits(
    words: list[str], name: str, tmp_path: Path
) -> None:
    account = written(tmp_path, " ".join(words), control(["scraping"]), name)
    assert bool(account.unreadable) != (account.supported or bool(account.readings))
    if account.supported:
        assert account.quotes
        said_so = [stances(quote.text).get("scraping") for quote in account.quotes]
        assert _clauses.FORBIDS in said_so
        assert _clauses.PERMITS not in said_so


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300), name=st.sampled_from(["t.md", "t.html", "t.txt"]))
def test_any_bytes_are_unreadable_or_prose(data: bytes, name: str, tmp_path: Path) -> None:
    assert silent(written(tmp_path, data, control(["scraping"]), name))
    prose = None
    (tmp_path / name).write_bytes(b"<p>x " + data.replace(b"\0", b""))
    try:
        prose = _prose.read(Opener(tmp_path).read(name))
    except _prose.Illegible:
        return
    assert all(block.line >= 1 for block in prose.blocks)


@pytest.mark.parametrize(
    "undoing",
    [
        "The rule above was withdrawn in 2024.",
        "We have lifted this rule.",
        "This clause is no longer part of the terms.",
        "Feel free to scrape public pages.",
        "Scraping public pages is fine.",
        "We have no objection to scraping public pages.",
        "This does not apply to partners, search engines, AI companies and any other robots.",
        "This does not include public pages.",
        "Section 9 applies only to users in Antarctica.",
        "Notwithstanding the foregoing, all visitors and crawlers may do so at any time.",
        "We currently do not enforce this section.",
        "Exempted from this section: everyone.",
        "This section was repealed on 1 February 2026.",
        "This clause is no longer in force.",
    ],
)
def test_what_its_own_section_takes_back_is_no_support(undoing: str, tmp_path: Path) -> None:
    text = f"## 9 Machines\n\nYou may not scrape the Service.\n\n{undoing}\n"
    assert "may take back what it forbids" in silent(on_scraping(tmp_path, text))
    policies = {"tos_anti_scraping_clause": "9 Machines"}
    assert "may take back what it forbids" in silent(written(tmp_path, HEAD + text, policies))
    elsewhere = f"## 9 Machines\n\nYou may not scrape the Service.\n\n## 10 Fees\n\n{undoing}\n"
    assert on_scraping(tmp_path, elsewhere).supported
