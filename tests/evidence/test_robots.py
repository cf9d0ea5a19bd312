"""What robots.txt files say about controls, policies and surfaces, and when they say nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from protego import Protego

from policycheck.evidence import robots
from policycheck.evidence._crawlers import CONTROL_TOKENS, crawlers
from policycheck.evidence._published import Page, Pattern, Unsaid, normalised, place
from policycheck.evidence._robots import Robots, robots_of
from policycheck.model import Artefact
from policycheck.opener import Opener
from tests.patience import ends

if TYPE_CHECKING:
    from policycheck.model import Account, Reading

FIXTURES = Path(__file__).parent / "fixtures" / "robots"
SITE = (place("/*"),)


def parsed(text: str | bytes) -> Robots:
    data = text if isinstance(text, bytes) else text.encode()
    return robots_of(Page("robots.txt", data, Artefact("robots.txt", len(data), "")))


def word(text: str | bytes, agent: str, *paths: str) -> str:
    """What a file asks an agent for some paths, in one word."""
    return parsed(text).standing(agent, tuple(place(path) for path in paths) or SITE).word


def heard(file: str, subject: dict[str, Any], *, root: Path = FIXTURES, **options: object) -> Account:
    return robots.account(Opener(root), file, {"kind": "robots", "path": file, "as_of": "2026-11-21", **options}, subject)


def written(root: Path, text: str | bytes, subject: dict[str, Any], **options: object) -> Account:
    (root / "robots.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
    return heard("robots.txt", subject, root=root, **options)


def control(**more: object) -> dict[str, Any]:
    """A robots control; what is no property of a control is one of its params."""
    settings = {key: more.pop(key) for key in ("agents", "standards") if key in more}
    return {"id": "signal", "family": "robots", "params": settings, **more}


def read(account: Account, *path: str) -> Reading:
    """The reading of a path; a file that could not be read fails the test here."""
    assert account.unreadable == ""
    (found,) = [reading for reading in account.readings if reading.path == path]
    return found


def silent(account: Account) -> str:
    """Why an account says nothing; and it must then say nothing at all."""
    assert (account.readings, account.additions, account.absences, account.supported) == ((), (), (), False)
    assert account.unreadable
    return account.unreadable


# --- RFC 9309: its own examples ---

#: Section 2.2.2, the table of encodings: a path, and the one to match it by.
ENCODED = [
    ("/foo/bar?baz=quz", "/foo/bar?baz=quz"),
    ("/foo/bar?baz=http://foo.bar", "/foo/bar?baz=http%3A%2F%2Ffoo.bar"),
    ("/foo/bar/\u30c4", "/foo/bar/%E3%83%84"),
    ("/foo/bar/%E3%83%84", "/foo/bar/%E3%83%84"),
    ("/foo/bar/%62%61%7A", "/foo/bar/baz"),
]


@pytest.mark.parametrize(("path", "encoded"), ENCODED)
def test_the_encodings_of_section_2_2_2(path: str, encoded: str) -> None:
    assert normalised(path) == encoded
    assert Pattern(path).fits(place(path).sample)
    assert Pattern(encoded).fits(place(path).sample)


def test_the_special_characters_of_section_2_2_3() -> None:
    assert Pattern("/this/path/exactly$").fits("/this/path/exactly")
    assert not Pattern("/this/path/exactly$").fits("/this/path/exactly/not")
    assert Pattern("/this/*/exactly").fits("/this/path/exactly")
    assert Pattern("/path/foo-%24").fits(place("/path/foo-$").sample)
    assert Pattern("/path/file-with-a-%2A.html").fits(normalised("/path/file-with-a-%2a.html"))


def test_an_end_does_not_overlap_what_stands_before_its_star() -> None:
    assert not Pattern("/ab*ba$").fits("/aba")
    assert Pattern("/ab*ba$").fits("/abba")


SIMPLE = """User-Agent: *
Disallow: *.gif$
Disallow: /example/
Allow: /publications/

User-Agent: foobot
Disallow:/
Allow:/example/page.html
Allow:/example/allowed.gif

User-Agent: barbot
User-Agent: bazbot
Disallow: /example/page.html

User-Agent: quxbot
"""


@pytest.mark.parametrize(
    ("agent", "path", "expected"),
    [
        ("anybot", "/a/picture.gif", "refused"),
        ("anybot", "/a/picture.gif.html", "open"),
        ("anybot", "/example/x", "refused"),
        ("anybot", "/publications/a.html", "open"),
        ("foobot", "/", "refused"),
        ("foobot", "/example/page.html", "open"),
        ("FooBot/2.1", "/example/allowed.gif", "open"),
        ("barbot", "/example/page.html", "refused"),
        ("bazbot", "/example/page.html", "refused"),
        ("bazbot", "/example/", "open"),
        ("quxbot", "/example/", "open"),
    ],
)
def test_the_simple_example_of_section_5_1(agent: str, path: str, expected: str) -> None:
    assert word(SIMPLE, agent, path) == expected


def test_the_longest_match_of_section_5_2() -> None:
    text = "User-Agent: foobot\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif\n"
    assert word(text, "foobot", "/example/page/disallowed.gif") == "refused"
    assert word(text, "foobot", "/example/page/index.html") == "open"


def test_groups_of_one_agent_are_merged_as_in_section_2_2_1() -> None:
    text = "user-agent: ExampleBot\ndisallow: /foo\ndisallow: /bar\n\nuser-agent: ExampleBot\ndisallow: /baz\n"
    assert word(text, "examplebot", "/foo", "/bar", "/baz") == "refused"


# --- what is asked ---


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("Disallow: /", "refused"),
        ("Disallow: *", "refused"),
        ("Disallow:", "open"),
        ("Allow: /", "open"),
        ("Disallow: /\nAllow: /", "open"),
        ("Disallow: /\nAllow: /about", "excepted"),
        ("Disallow: /\nAllow: /$", "excepted"),
        ("Disallow: /$", "partly"),
        ("Disallow: /private", "partly"),
        ("Disallow: /*.pdf$", "partly"),
        ("Disallow: /\nAllow:", "refused"),
        ("Crawl-delay: 10", "open"),
        ("disallow  :  /  # all of it", "refused"),
        ("Disallow: # /", "open"),
    ],
)
def test_rules_on_the_whole_site(rules: str, expected: str) -> None:
    assert word(f"User-agent: bot\n{rules}\nSitemap: https://a.example/s.xml\nHost: a.example\n", "bot") == expected


@pytest.mark.parametrize(
    ("rules", "paths", "expected"),
    [
        ("Disallow: /u/", ["/u/*"], "refused"),
        ("Disallow: /u/", ["https://a.example/u/{name}"], "refused"),
        ("Disallow: /u/", ["/u"], "open"),
        ("Disallow: /u/\nAllow: /u/about", ["/u/*"], "excepted"),
        ("Disallow: /u/\nAllow: /", ["/u/*"], "refused"),
        ("Disallow: /u/a", ["/u/*"], "partly"),
        ("Disallow: /v/", ["/u/*"], "open"),
        ("Disallow: /u/", ["/u/*", "/v/*"], "partly"),
        ("Disallow: /*/reviews", ["/products/*/reviews"], "refused"),
        ("Disallow: /caf%C3%A9/", ["/café/*"], "refused"),
        ("Disallow: /café/", ["/caf%c3%a9/x"], "refused"),
        ("Disallow: /%75/", ["/u/x"], "refused"),
        ("Disallow: /a%2Fb", ["/a/b"], "open"),
        ("Disallow: /*?q=", ["/s?q=*"], "refused"),
    ],
)
def test_rules_on_the_surfaces_of_a_control(rules: str, paths: list[str], expected: str, tmp_path: Path) -> None:
    account = written(tmp_path, f"User-agent: bot\n{rules}\n", control(agents=["bot"]), urls=paths)
    kept = read(account, "params", "agents")
    assert kept.value == (["bot"] if expected in ("refused", "excepted") else [])
    assert kept.soft is (expected == "excepted")
    assert word(f"User-agent: bot\n{rules}\n", "bot", *(p.removeprefix("https://a.example") for p in paths)) == expected


def test_a_working_control_stands_at_its_lines() -> None:
    account = heard("harbour/robots.txt", control(layer="legal", agents=["GPTBot", "CCBot"], standards=["robots_txt"]))
    assert [(r.path, r.value, r.soft) for r in account.readings] == [
        (("layer",), "legal", False),
        (("status",), "deployed", False),
        (("params", "standards"), ["robots_txt"], False),
        (("params", "agents"), ["GPTBot", "CCBot"], False),
    ]
    assert (read(account, "status").line, read(account, "params", "agents").line) == (42, 42)
    assert "enforces nothing" in read(account, "status").note
    assert [a.path for a in account.artefacts] == ["harbour/robots.txt"]


def test_an_agent_that_the_file_lets_in_is_contradicted_at_its_group() -> None:
    found = read(heard("corner-shop/robots.txt", control(agents=["GPTBot", "ClaudeBot"])), "params", "agents")
    assert (found.value, found.line, found.soft) == (["GPTBot"], 14, False)
    assert "ClaudeBot is refused for parts of the site only" in found.note


def test_an_agent_that_no_group_names_is_contradicted_at_the_start() -> None:
    found = read(
        heard("corner-shop/robots.txt", control(agents=["PerplexityBot"]), urls=["/products/*"]), "params", "agents"
    )
    assert (found.value, found.line) == ([], 1)
    assert "named by no group" in found.note


def test_a_group_with_only_a_delay_lets_everything_in() -> None:
    found = read(heard("corner-shop/robots.txt", control(agents=["Bytespider"])), "params", "agents")
    assert (found.value, found.line) == ([], 18)


def test_a_control_token_is_no_crawler_and_exceptions_are_for_a_person() -> None:
    found = read(heard("corner-shop/robots.txt", control(agents=["Google-Extended"])), "params", "agents")
    assert (found.value, found.soft) == (["Google-Extended"], True)
    assert "control token and no crawler" in found.note
    assert {"google-extended", "applebot-extended"} == CONTROL_TOKENS


def test_a_signal_called_technical_is_legal_all_the_same() -> None:
    found = read(heard("harbour/robots.txt", control(layer="technical")), "layer")
    assert (found.value, found.soft) == ("legal", False)


def test_a_file_that_asks_nobody_is_no_deployed_control(tmp_path: Path) -> None:
    account = written(tmp_path, "User-agent: *\nDisallow:\n", control(status="deployed"))
    assert read(account, "status").value == "planned"


def test_refusals_elsewhere_deploy_nothing_on_the_surfaces() -> None:
    assert read(heard("corner-shop/robots.txt", control(agents=["*"]), urls=["/products/*"]), "status").value == "deployed"
    assert read(heard("signals/robots.txt", control(agents=["*"]), urls=["/news/*"]), "status").value == "planned"


@pytest.mark.parametrize("name", ["GPTBot, CCBot", "GPTBot CCBot", "GPTBot;CCBot", "*CCBot*"])
def test_a_name_that_is_no_plain_token_names_nobody(name: str, tmp_path: Path) -> None:
    found = read(written(tmp_path, f"User-agent: {name}\nDisallow: /\n", control(agents=["CCBot"])), "params", "agents")
    assert found.value == []
    assert "line 1 names it, but not as one plain token" in found.note


@pytest.mark.parametrize("name", ["GPTBot, CCBot", "GPTBot CCBot", "GPTBot;CCBot", "GPTBot*", "GPTBot 1.1"])
def test_the_first_of_several_tokens_is_left_to_a_person(name: str, tmp_path: Path) -> None:
    refused = f"User-agent: {name}\nDisallow: /\n"
    assert "readers differ on what GPTBot may fetch" in silent(written(tmp_path, refused, control(agents=["GPTBot"])))
    let_in = f"User-agent: {name}\nDisallow:\n\nUser-agent: *\nDisallow: /\n"
    account = written(tmp_path, let_in, control(agents=["GPTBot"]))
    assert "some take the first" in silent(account)
    assert account.unreadable_at == ("robots.txt", 1)
    # What does not hang on the line is read.
    assert read(written(tmp_path, let_in, control(agents=["Bytespider"])), "params", "agents").value == ["Bytespider"]


def test_a_star_before_other_words_may_be_everybody(tmp_path: Path) -> None:
    text = "User-agent: * (all robots)\nDisallow: /\n"
    assert "readers differ" in silent(written(tmp_path, text, control(agents=["GPTBot"])))


@pytest.mark.parametrize("rule", ["Disallow /", "Disallow\t/", "Dissallow: /", "DISALOW: /", "Disalow /"])
def test_a_rule_that_some_crawlers_take_for_what_was_meant_is_left_to_a_person(rule: str, tmp_path: Path) -> None:
    text = f"User-agent: CCBot\nDisallow: /\n\nUser-agent: GPTBot\n{rule}\n"
    assert "readers differ on what GPTBot may fetch" in silent(written(tmp_path, text, control(agents=["GPTBot"])))
    assert "a field is misspelt or has no colon" in silent(written(tmp_path, text, {"refused_agents": []}))
    # What does not hang on the line is read.
    assert read(written(tmp_path, text, control(agents=["CCBot"])), "params", "agents").value == ["CCBot"]


@pytest.mark.parametrize("agent", ["Useragent: GPTBot", "User agent: GPTBot", "User-agent GPTBot"])
def test_so_is_an_agent_that_only_some_read(agent: str, tmp_path: Path) -> None:
    text = f"User-agent: CCBot\nDisallow: /private\n\n{agent}\nDisallow: /\n"
    assert "readers differ" in silent(written(tmp_path, text, control(agents=["GPTBot"])))
    assert "readers differ" in silent(written(tmp_path, text, {"refused_agents": []}))


def test_a_rule_that_is_written_right_as_well_leaves_no_doubt(tmp_path: Path) -> None:
    text = "User-agent: GPTBot\nDisallow /\nDisallow: /\n"
    assert read(written(tmp_path, text, control(agents=["GPTBot"])), "params", "agents").value == ["GPTBot"]


@pytest.mark.parametrize(
    "line",
    [
        "Sitemap: https://[your domain]/s.xml",
        "Sitemap: https://<YOUR-DOMAIN>/s.xml",
        "Disallow: %(path)s",
        "Host: [insert host]",
    ],
)
def test_a_template_without_an_engine_is_one(line: str, tmp_path: Path) -> None:
    text = f"User-agent: *\nDisallow: /\n{line}\n"
    assert "is a template" in silent(written(tmp_path, text, control(agents=["*"])))


@pytest.mark.parametrize("line", ["Disallow: /*?filter[colour]=", "Disallow: /a[b]", "Disallow: /*%28yours%29"])
def test_brackets_alone_make_no_template(line: str, tmp_path: Path) -> None:
    text = f"User-agent: *\nDisallow: /\n{line}\n"
    assert read(written(tmp_path, text, control(agents=["*"])), "params", "agents").value == ["*"]


@pytest.mark.parametrize("rule", [b"Block: /", b"Disallow: /\xff", b"Disallow:\xc2\xa0/"])
def test_a_line_that_crawlers_do_not_know_is_named(rule: bytes, tmp_path: Path) -> None:
    text = b"User-agent: GPTBot\nAllow: /x\n" + rule + b"\n"
    found = read(written(tmp_path, text, control(agents=["GPTBot"])), "params", "agents")
    assert found.value == []
    assert "line 3 is none that crawlers know" in found.note


def test_surfaces_on_several_hosts_need_a_server(tmp_path: Path) -> None:
    text, urls = "User-agent: *\nDisallow: /a/\n", ["https://www.a.example/a/x", "https://api.a.example/b/x"]
    assert "name it with server" in silent(written(tmp_path, text, control(agents=["*"]), urls=urls))
    one = written(tmp_path, text, control(agents=["*"]), urls=urls, server="WWW.a.example")
    assert read(one, "params", "agents").value == ["*"]
    assert "no surface" in silent(written(tmp_path, text, control(), urls=urls, server="b.example"))


def test_other_families_and_standards_are_not_spoken_of() -> None:
    assert "not user_agent_block" in silent(heard("harbour/robots.txt", {"id": "x", "family": "user_agent_block"}))
    assert "does not show" in silent(heard("harbour/robots.txt", control(standards=["x_robots_tag"])))


def test_standards_that_the_file_cannot_show_are_left_to_a_person() -> None:
    found = read(heard("harbour/robots.txt", control(standards=["robots_txt", "x_robots_tag"])), "params", "standards")
    assert (found.value, found.soft) == (["robots_txt", "x_robots_tag"], True)


# --- content signals ---


def test_content_signals_are_shown_and_missed() -> None:
    signals = {"family": "crawler_signal", "params": {"standards": ["content_signals"]}}
    assert read(heard("signals/robots.txt", signals), "status").value == "deployed"
    assert read(heard("signals/robots.txt", signals), "params", "standards").line == 6
    missed = heard("harbour/robots.txt", signals)
    assert read(missed, "params", "standards").value == []
    assert read(missed, "status").value == "planned"


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("ai-train=no", "deployed"),
        ("search = yes ,AI-Train = NO", "deployed"),
        ("ai-train=yes", "planned"),
        ("ai-train=maybe", "planned"),
        ("use=reference", "planned"),
        ("", "planned"),
        (",,,=,=no,no", "planned"),
    ],
)
def test_the_values_of_a_content_signal(line: str, status: str, tmp_path: Path) -> None:
    subject = {"family": "crawler_signal", "params": {"standards": ["content_signals"]}}
    account = written(tmp_path, f"User-agent: *\nContent-Signal: {line}\nAllow: /\n", subject)
    assert read(account, "status").value == status


def test_a_signal_that_grants_training_denies_refused(tmp_path: Path) -> None:
    text = "User-agent: *\nContent-Signal: ai-train=yes\nDisallow: /\n"
    found = read(written(tmp_path, text, {"ai_agents_policy": "refused"}), "ai_agents_policy")
    assert (found.value, found.line, found.soft) == ("partly_refused", 2, False)
    assert "ai-train=yes" in found.note


def test_a_signal_that_refuses_training_denies_allowed(tmp_path: Path) -> None:
    text = "User-agent: *\nContent-Signal: ai-train=no\nAllow: /\n"
    found = read(written(tmp_path, text, {"ai_agents_policy": "allowed"}), "ai_agents_policy")
    assert (found.value, found.line, found.soft) == ("partly_refused", 2, True)


# --- the policies ---


def test_declared_refusals_are_found_or_missed_at_their_lines() -> None:
    subject = {"refused_agents": [{"name": "GPTBot", "kind": "ai"}, {"name": "ClaudeBot", "kind": "ai"}, {"name": "Nobot"}]}
    account = heard("corner-shop/robots.txt", subject)
    assert read(account, "refused_agents", "GPTBot", "name").line == 11
    assert [(r.path, r.line) for r in account.absences] == [
        (("refused_agents", "ClaudeBot"), 14),
        (("refused_agents", "Nobot"), 1),
    ]


def test_none_declared_and_some_refused() -> None:
    found = read(heard("corner-shop/robots.txt", {"refused_agents": []}), "refused_agents")
    assert found.value == [{"name": "GPTBot"}, {"name": "CCBot"}, {"name": "Google-Extended"}]
    assert found.line == 11


def test_none_declared_and_none_refused(tmp_path: Path) -> None:
    account = written(tmp_path, "User-agent: *\nDisallow: /admin\n", {"refused_agents": [], "ai_agents_policy": "allowed"})
    assert read(account, "refused_agents").value == []
    assert read(account, "ai_agents_policy").value == "allowed"


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("User-agent: *\nDisallow: /\n", "refused"),
        ("User-agent: *\nDisallow: /\n\nUser-agent: GPTBot\nAllow: /\n", "partly_refused"),
        ("User-agent: GPTBot\nDisallow: /\n", "partly_refused"),
        ("User-agent: GPTBot\nDisallow: /people/\n", "partly_refused"),
        ("User-agent: *\nDisallow: /people/\n", "allowed"),
        ("User-agent: OAI-SearchBot\nDisallow: /\n", "allowed"),
        ("Sitemap: https://a.example/s.xml\n", "allowed"),
    ],
)
def test_the_policy_on_crawlers_for_ai(text: str, policy: str, tmp_path: Path) -> None:
    found = read(written(tmp_path, text, {}), "ai_agents_policy")
    assert found.value == policy
    assert crawlers().date in found.note


def test_all_tokens_of_the_list_refused_by_name() -> None:
    assert read(heard("harbour/robots.txt", {}), "ai_agents_policy").value == "refused"


def test_the_list_is_dated_and_licensed() -> None:
    head = Path(robots.__file__).with_name("ai_crawlers.txt").read_text("utf-8").splitlines()[:4]
    assert any("MIT, Copyright (c) 2024 ai.robots.txt" in line for line in head)
    assert any("commit " in line for line in head)
    assert crawlers().date == "2026-08-22"
    assert {"GPTBot", "ClaudeBot", "CCBot", "Google-Extended"} <= set(crawlers().training)
    assert not {"Googlebot", "Bingbot", "OAI-SearchBot", "ChatGPT-User"} & set(crawlers().training)
    assert set(crawlers().purposes.values()) == {"training", "control", "scraping", "search", "assistant", "agent"}


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("harbour/robots.txt", (False,)),
        ("./harbour/robots.txt#top", (False,)),
        ("https://a.example/robots.txt", (True,)),
        ("https://a.example/bots.txt", ()),
        ("docs/other.txt", ()),
        ("", ()),
    ],
)
def test_where_the_file_is_declared_to_be(declared: str, expected: tuple[bool, ...]) -> None:
    account = heard("harbour/robots.txt", {"robots_ref": declared})
    assert tuple(r.soft for r in account.readings if r.path == ("robots_ref",)) == expected


# --- a surface ---

SURFACE = {"id": "people", "kind": "page", "url": "https://a.example/people/*"}


def test_a_surface_closed_to_search_engines_is_for_a_person_to_judge(tmp_path: Path) -> None:
    found = read(written(tmp_path, "User-agent: *\nDisallow: /people/\n", SURFACE), "search_indexing")
    assert (found.value, found.soft) == ("refused", True)
    assert "crawling is not indexing" in found.note


@pytest.mark.parametrize(
    "text",
    [
        "User-agent: *\nDisallow: /cart\n",
        "User-agent: Googlebot\nDisallow: /people/\n",
        "User-agent: *\nDisallow: /people/\nAllow: /people/staff\n",
    ],
)
def test_a_surface_that_the_file_does_not_settle(text: str, tmp_path: Path) -> None:
    assert "crawling is not indexing" in silent(written(tmp_path, text, SURFACE))


def test_a_surface_and_content_signals(tmp_path: Path) -> None:
    text = "User-agent: *\nContent-Signal: search={}\nAllow: /\n"
    refused = read(written(tmp_path, text.format("no"), SURFACE), "search_indexing")
    assert (refused.value, refused.soft, refused.line) == ("refused", False, 2)
    assert read(written(tmp_path, text.format("yes"), SURFACE), "search_indexing").soft


def test_a_surface_without_a_path_cannot_be_held_against_it() -> None:
    assert "no url" in silent(heard("harbour/robots.txt", {"id": "x", "kind": "page"}))
    assert "no url" in silent(heard("harbour/robots.txt", {"id": "x", "kind": "page", "url": "the app"}))


# --- what readers differ about ---


@pytest.mark.parametrize("line", ["ai-train=no\nContent-Signal: ai-train=yes", "search=yes, ai-train=no, ai-train=yes"])
def test_a_signal_that_says_both_yes_and_no_is_left_to_a_person(line: str, tmp_path: Path) -> None:
    subject = control(family="crawler_signal", standards=["content_signals"])
    text = f"User-agent: *\nContent-Signal: {line}\nAllow: /\n"
    assert "says both yes and no to ai-train" in silent(written(tmp_path, text, subject))
    of_another = "User-agent: GPTBot\nContent-Signal: ai-train=yes\nAllow: /\n\n"
    alone = f"{of_another}User-agent: *\nContent-Signal: ai-train=no\nAllow: /\n"
    assert read(written(tmp_path, alone, subject), "status").value == "deployed"


DELAY = "User-agent: GPTBot\nCrawl-delay: 10\n\nUser-agent: *\nDisallow: /\n"


def test_a_delay_between_user_agents_is_not_decided(tmp_path: Path) -> None:
    account = written(tmp_path, DELAY, control(agents=["GPTBot"]))
    assert "readers differ on what GPTBot may fetch" in silent(account)
    assert account.unreadable_at == ("robots.txt", 2)
    assert read(written(tmp_path, DELAY, control(agents=["CCBot"])), "params", "agents").value == ["CCBot"]


def test_a_delay_after_the_rules_is_clear() -> None:
    assert word("User-agent: a\nDisallow: /\nCrawl-delay: 5\nUser-agent: *\nAllow: /\n", "a") == "refused"


def test_lines_for_the_whole_site_part_no_group() -> None:
    text = "User-agent: a\nSitemap: https://a.example/s.xml\n\nUser-agent: b\nDisallow: /\n"
    assert {word(text, agent) for agent in "ab"} == {"refused"}


# --- ways to be no robots.txt ---


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \r\n\t", "is empty"),
        (b"<!DOCTYPE html><html><h1>404</h1>\nUser-agent: *\nDisallow: /\n", "HTML or XML"),
        (b'{"error": "not found"}', "JSON"),
        ("User-agent: *\nDisallow: /\n".encode("utf-16"), "UTF-16"),
        ("User-agent: *\nDisallow: /\n".encode("utf-16-le"), "binary"),
        (b"User-agent: *\0\nDisallow: /\n", "binary"),
        (b"# only comments\n", "no User-agent line"),
        (b"404 not found\n", "no User-agent line"),
        (b"Disallow: /\n", "no User-agent line"),
        (b"User-agent: *\nDisallow: {{ private }}\n", "template"),
        (b"<%= robots %>\n", "HTML or XML"),
        (b"---\nlayout: none\n---\nUser-agent: *\nDisallow: /\n", "front matter"),
        (b"To block it write:\nUser-agent: x\nand then some\nmore words\nthat say so\n", "most lines"),
    ],
    ids=str,
)
def test_what_is_no_robots_txt_is_unreadable(content: bytes, why: str, tmp_path: Path) -> None:
    account = written(tmp_path, content, control(agents=["GPTBot"]))
    assert why in silent(account)
    assert [a.path for a in account.artefacts] == ["robots.txt"]
    (left,) = robots.discover(Opener(tmp_path), "robots.txt")
    assert (left.section, why in left.note) == ("", True)


def test_templates_are_named_with_their_line(tmp_path: Path) -> None:
    account = written(tmp_path, "# {{ fine }}\nUser-agent: *\nDisallow: ${PATH}\n", control())
    assert account.unreadable_at == ("robots.txt", 3)


def test_missing_linked_and_outside_files_are_unreadable(tmp_path: Path) -> None:
    (tmp_path / "link.txt").symlink_to(FIXTURES / "harbour/robots.txt")
    for path in ("none.txt", "link.txt", "../robots.txt", ".git/robots.txt", ""):
        assert silent(heard(path, control(), root=tmp_path))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_a_byte_order_mark(end: str, tmp_path: Path) -> None:
    text = "\ufeff" + end.join(["User-agent: bot", "# a comment", "Disallow: /", ""])
    found = read(written(tmp_path, text, control(agents=["bot"])), "params", "agents")
    assert (found.value, found.line) == (["bot"], 3)


def test_mixed_line_ends_and_others_that_are_none() -> None:
    assert word("User-agent: a\rDisallow: /x\r\nUser-agent: b\nDisallow: /y\u2028User-agent: c\x85\n", "c") == "open"
    assert word("User-agent: a\rDisallow: /\r\nUser-agent: b\nDisallow: /y\n", "a") == "refused"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("Disallow: \t/", "refused"),
        ("Disallow\t: / \t", "refused"),
        ("Disallow:\u00a0/", "open"),
        ("Disallow: \u2003/", "open"),
        ("Disallow\u00a0: /", "open"),
    ],
)
def test_white_space_is_a_space_or_a_tab(rule: str, expected: str) -> None:
    assert word(f"User-agent: GPTBot\n{rule}\n", "GPTBot", "/a") == expected


def test_a_line_that_is_not_utf_8_is_none_and_the_others_count() -> None:
    text = b"# caf\xe9\nUser-agent: a\nDisallow: /caf\xe9\nDisallow: /b\n"
    assert (word(text, "a", "/b"), word(text, "a", "/caf*")) == ("refused", "open")


def test_what_is_declared_oddly_is_no_crash() -> None:
    for params in (None, [], "x", {"agents": "GPTBot"}, {"agents": [None, 1, ""]}, {"standards": {"a": 1}}):
        assert heard("harbour/robots.txt", {"family": "robots", "params": params}).unreadable == ""
    for policies in ({"refused_agents": [None, "x", {"name": None}, {"name": 3}]}, {"refused_agents": "GPTBot"}):
        assert heard("harbour/robots.txt", policies).unreadable == ""
    assert heard("harbour/robots.txt", control(), urls=[None, 3, "", "{", "https://[::1"]).readings


def test_too_many_agents_are_refused(tmp_path: Path) -> None:
    many = [f"bot{number}" for number in range(robots.AGENTS + 1)]
    assert "more than" in silent(heard("harbour/robots.txt", control(agents=many)))


# --- hostile ---


def test_wildcards_cost_no_more_than_their_length() -> None:
    for pattern in ("/" + "*" * 500_000, "/" + "*a" * 250_000, "/" + "a*" * 250_000 + "$"):
        rule = Pattern(pattern)
        path = "/" + "a" * 2000 + "b"
        with ends():
            for _ in range(20):
                rule.fits(path)


def test_wildcards_grow_no_faster_than_the_file(tmp_path: Path) -> None:
    with ends():
        written(
            tmp_path, f"User-agent: bot\nDisallow: /{'*a' * 200_000}$\n", control(agents=["bot"]), urls=["/" + "a" * 1900]
        )


def test_a_hundred_thousand_groups(tmp_path: Path) -> None:
    text = "".join(f"user-agent:{number:x}\n" for number in range(30_000)) + "disallow:/\n"
    with ends():
        found = written(tmp_path, text, control(agents=["ff"]))
    assert read(found, "params", "agents").value == ["ff"]
    groups = "user-agent:a\nallow:/\n" * 100_000
    with ends():
        found = written(tmp_path, groups, control(agents=["a"]))
    assert read(found, "params", "agents").value == []


def test_many_rules_on_many_surfaces_are_bounded(tmp_path: Path) -> None:
    text = "user-agent:*\n" + "disallow:/*b\n" * 30_000
    urls = [f"/{number}" for number in range(200)]
    with ends():
        assert "too many rules" in silent(written(tmp_path, text, control(agents=["a"]), urls=urls))
    assert "more surfaces" in silent(written(tmp_path, text, control(), urls=[f"/{number}" for number in range(201)]))


def test_one_line_of_five_mebibytes_is_too_large(tmp_path: Path) -> None:
    assert "larger than" in silent(written(tmp_path, b"User-agent: " + b"a" * 5 * 1024 * 1024, control()))


def test_what_lies_behind_500_kibibytes_is_not_read_and_said(tmp_path: Path) -> None:
    filler = "# " + "x" * 998 + "\n"
    text = "User-agent: a\nDisallow: /\n\n" + filler * 600 + "User-agent: b\nDisallow: /\n"
    account = written(tmp_path, text, control(agents=["a", "b"]))
    found = read(account, "params", "agents")
    assert (found.value, found.soft) == (["a"], True)
    assert "only the first 500 KiB" in found.note


def test_a_cut_line_is_not_half_a_rule(tmp_path: Path) -> None:
    head = "User-agent: a\n"
    text = head + "#" * (500 * 1024 - len(head) - 13) + "\nDisallow: /private-only\n"
    assert read(written(tmp_path, text, control(agents=["a"])), "params", "agents").value == []


# --- against another reader ---

AGENTS = ["alpha", "beta", "gamma", "*"]
PATHS = ["/", "/a", "/a/", "/a/b", "/ab", "/a.b", "/a/b?a=b", "/b", "/%61", "/é", "/a/a/b"]
PATTERN = st.text(st.sampled_from("/ab*.é%"), max_size=6).map(lambda text: "/" + text.replace("%", "%61"))
LINES = st.one_of(
    st.sampled_from(AGENTS).map("User-agent: {}".format),
    st.builds(
        "{}: {}{}".format, st.sampled_from(["Allow", "Disallow", "disallow "]), PATTERN, st.sampled_from(["", "$", ""])
    ),
    st.sampled_from(["", "# nothing", "Disallow:", "Allow:", "Sitemap: https://a.example/s", "  ", "Crawl-delay: 3"]),
)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.lists(LINES, max_size=14), st.sampled_from(["\n", "\r\n"]))
def test_another_reader_decides_alike(lines: list[str], end: str) -> None:
    """Protego lets a Crawl-delay between User-agent lines end the group: then it must be the other of our two readings."""
    text = end.join(["User-agent: omega", "Disallow: /", *lines])
    ours, theirs = parsed(text), Protego.parse(text)
    split = ours.others[0][0] if ours.others else ours.groups
    for agent in ("alpha", "beta", "gamma", "omega", "other"):
        for path in PATHS:
            seen = ours._standing(ours.of(agent, split), (place(path),), 0)
            assert (seen.word != "refused") is theirs.can_fetch(f"https://a.example{path}", agent), (text, agent, path)


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_any_bytes_are_an_account_and_never_a_refusal_out_of_nothing(tmp_path: Path, data: bytes) -> None:
    account = written(tmp_path, data, control(agents=["GPTBot"]))
    assume(b"disallow" not in data.lower())
    assert account.unreadable or read(account, "params", "agents").value == []
    assert not account.supported


# --- what a repository holds ---


def test_what_is_proposed_is_what_is_then_read() -> None:
    for name in ("harbour/robots.txt", "corner-shop/robots.txt", "signals/robots.txt"):
        found = robots.discover(Opener(FIXTURES), name)
        assert [d.section for d in found] == ["controls", "policies"]
        for proposed in found:
            account = heard(name, proposed.item)
            assert account.unreadable == ""
            assert account.absences == ()
            for reading in account.readings:
                at: Any = proposed.item
                for step in reading.path:
                    at = next(i for i in at if i["name"] == step) if isinstance(at, list) else at.get(step)
                assert at == reading.value, reading


def test_where_nothing_is_refused_no_control_is_proposed(tmp_path: Path) -> None:
    (tmp_path / "robots.txt").write_text("User-agent: *\nDisallow:\n")
    assert [d.section for d in robots.discover(Opener(tmp_path), "robots.txt")] == ["policies"]


def test_the_room_of_an_unsaid_reason_is_small() -> None:
    with pytest.raises(Unsaid, match="readers differ"):
        parsed(DELAY).standing("GPTBot", SITE)


def test_the_file_of_a_staging_site_is_not_what_crawlers_read(tmp_path: Path) -> None:
    (tmp_path / "staging").mkdir()
    (tmp_path / "staging" / "robots.txt").write_text("User-agent: GPTBot\nDisallow: /\n")
    assert "is the file of another site" in silent(heard("staging/robots.txt", control(), root=tmp_path))


def test_the_file_of_a_staging_site_by_its_name_is_not_what_crawlers_read(tmp_path: Path) -> None:
    for name in ("robots.staging.txt", "robots-dev.txt", "test_robots.txt"):
        (tmp_path / name).write_text("User-agent: GPTBot\nDisallow: /\n")
        assert "is the file of another site" in silent(heard(name, control(), root=tmp_path))


@pytest.mark.parametrize("name", ["docs/robots-proposal.txt", "robots.old.txt", "Robots.txt", "myrobots.txt"])
def test_a_file_by_another_name_only_supports(name: str, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / name).write_text("User-agent: GPTBot\nDisallow: /\n")
    subjects: tuple[dict[str, Any], ...] = (
        control(agents=["GPTBot"], standards=["robots_txt"]),
        {
            "robots_ref": name,
            "refused_agents": [{"name": "GPTBot"}, {"name": "CCBot"}],
            "ai_agents_policy": "partly_refused",
        },
    )
    for subject in subjects:
        account = heard(name, subject, root=tmp_path)
        assert account.readings
        assert all(reading.soft for reading in (*account.readings, *account.absences))
        assert "served_at" in account.readings[0].note


def test_a_copy_beside_the_file_that_is_served_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "robots.txt.bak").write_text("User-agent: GPTBot\nDisallow: /\n")
    assert "name the file that the site serves" in silent(heard("robots.txt.bak", control(), root=tmp_path))


def test_the_address_at_which_a_file_is_served_makes_it_the_one(tmp_path: Path) -> None:
    (tmp_path / "robots.prod.txt").write_text("User-agent: GPTBot\nDisallow: /\n")

    def served(url: str, *urls: str) -> Account:
        return heard(
            "robots.prod.txt", control(agents=["GPTBot"]), root=tmp_path, urls=list(urls), options={"served_at": url}
        )

    assert not read(served("https://a.example/robots.txt", "https://a.example/u/*"), "status").soft
    assert "another address" in silent(served("https://a.example/crawlers.txt"))
    assert "for the host b.example" in silent(served("https://b.example/robots.txt", "https://a.example/u/*"))


def test_a_proposed_crawler_that_is_not_known_is_of_another_kind(tmp_path: Path) -> None:
    (tmp_path / "robots.txt").write_text("User-agent: FooBot\nDisallow: /\n")
    policies = robots.discover(Opener(tmp_path), "robots.txt")[-1]
    assert policies.item["refused_agents"] == [{"name": "FooBot", "kind": "other"}]


@pytest.mark.parametrize(
    "text",
    [
        "Content-Signal: ai-train=no\nUser-agent: *\nAllow: /\n",
        "User-agent: *\nContent-Signal: /blog ai-train=no\nAllow: /\n",
    ],
)
def test_a_content_signal_on_which_readers_may_differ_is_no_missing_one(text: str, tmp_path: Path) -> None:
    subject = {"family": "crawler_signal", "params": {"standards": ["content_signals"]}}
    account = written(tmp_path, text, subject)
    assert "readers may differ on it" in account.unreadable
    assert account.readings == ()
    beside = f"{text}\nUser-agent: GPTBot\nContent-Signal: ai-train=no\nAllow: /\n"
    assert read(written(tmp_path, beside, subject), "status").value == "deployed"
