"""What nginx configurations say about signals to crawlers, blocks by name, and surfaces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policycheck.evidence import nginx
from policycheck.opener import Opener

if TYPE_CHECKING:
    from policycheck.model import Account

FIXTURES = Path(__file__).parent / "fixtures" / "nginx"


def edge(subject: dict[str, object], **entry: object) -> Account:
    """The account of the fixture of a public edge."""
    options = {"kind": "nginx", "path": "nginx.conf", **entry}
    return nginx.account(Opener(FIXTURES / "edge"), "nginx.conf", options, subject)


def written(root: Path, server: str, subject: dict[str, object], *, http: str = "", **entry: object) -> Account:
    """The account of a server with these directives, of its location /people/ unless another is named."""
    (root / "nginx.conf").write_text(f"events {{}}\nhttp {{ {http}\nserver {{\n{server}\n}} }}", "utf-8")
    options = {"kind": "nginx", "path": "nginx.conf", "location": "/people/", **entry}
    return nginx.account(Opener(root), "nginx.conf", options, subject)


def said(account: Account) -> dict[str, object]:
    assert account.unreadable == ""
    return {".".join(reading.path): reading.value for reading in account.readings}


def silent(account: Account) -> str:
    assert account.readings == ()
    assert account.unreadable
    return account.unreadable


def signal(**params: object) -> dict[str, object]:
    return {"id": "signals", "family": "crawler_signal", "params": params}


def block(**params: object) -> dict[str, object]:
    return {"id": "names", "family": "user_agent_block", "params": params}


def surface(**properties: object) -> dict[str, object]:
    return {"id": "people", "kind": "page", "url": "/people/*", **properties}


# --- X-Robots-Tag ---


def test_a_header_for_all_is_a_signal_that_runs() -> None:
    account = edge(signal(standards=["x_robots_tag"], agents=["GPTBot", "CCBot"]), location="/people/")
    assert said(account) == {
        "status": "deployed",
        "params.standards": ["x_robots_tag"],
        "params.agents": ["GPTBot", "CCBot"],
    }
    assert {(reading.file, reading.line) for reading in account.readings} == {("nginx.conf", 24)}
    assert "on successful answers and redirects only" in account.readings[0].note


def test_a_header_that_a_location_drops_is_not_there() -> None:
    account = edge(signal(standards=["x_robots_tag"]), location="/portraits/")
    assert said(account) == {"status": "planned"}
    assert (account.readings[0].file, account.readings[0].line) == ("nginx.conf", 53)
    assert "is lost: location /portraits/ has an add_header of its own" in account.readings[0].note


@pytest.mark.parametrize(
    ("declared", "found"),
    [(["googlebot"], ["googlebot"]), (["GoogleBot"], ["GoogleBot"]), (["GPTBot"], ["googlebot"]), ([], ["googlebot"])],
)
def test_a_header_for_one_crawler_is_for_no_other(declared: list[str], found: list[str]) -> None:
    assert said(edge(signal(agents=declared), location="/feed"))["params.agents"] == found


@pytest.mark.parametrize(
    ("value", "agents"),
    [
        ("noindex", None),
        ("NoIndex , NOFOLLOW", None),
        ("none", None),
        ("noai, noimageai", None),
        ("max-snippet: 5, noindex", None),
        ("unavailable_after: 25 Jun 2030 15:00:00 PST, noarchive", None),
        ("googlebot: noindex", ["googlebot"]),
        ("otherbot: noindex, nofollow, googlebot: noindex", ["googlebot", "otherbot"]),
        ("googlebot: index, otherbot: noindex", ["otherbot"]),
        ("googlebot: noindex, max-snippet: 5, nofollow", ["googlebot"]),
    ],
)
def test_a_header_says_for_whom_it_is(tmp_path: Path, value: str, agents: list[str] | None) -> None:
    found = said(written(tmp_path, f'location /people/ {{ add_header X-Robots-Tag "{value}"; }}', signal()))
    assert found["status"] == "deployed"
    assert found.get("params.agents") == agents


@pytest.mark.parametrize("value", ["all", "index, follow", "max-image-preview:large", "googlebot: all", ", ,"])
def test_a_header_that_forbids_nothing_is_no_signal(tmp_path: Path, value: str) -> None:
    account = written(tmp_path, f'location /people/ {{ add_header X-Robots-Tag "{value}"; }}', signal())
    assert said(account) == {"status": "planned"}


def test_a_header_of_words_that_are_not_known_is_unreadable(tmp_path: Path) -> None:
    account = written(tmp_path, 'location /people/ { add_header X-Robots-Tag "no-index"; }', signal())
    assert "rules that are not known here" in silent(account)


INHERITANCE = {
    "from http": ("", "location /people/ { }", "add_header X-Robots-Tag noai;", "deployed"),
    "from the server": ("add_header X-Robots-Tag noai;", "location /people/ { }", "", "deployed"),
    "always": ("add_header X-Robots-Tag noai always;", "location /people/ { }", "", "deployed"),
    "in another case": ("add_header x-robots-TAG noai;", "location /people/ { }", "", "deployed"),
    "dropped": ("add_header X-Robots-Tag noai;", "location /people/ { add_header A b; }", "", "planned"),
    "dropped above": ("add_header A b;", "location /people/ { }", "add_header X-Robots-Tag noai;", "planned"),
    "dropped by an empty one": (
        "add_header X-Robots-Tag noai;", 'location /people/ { add_header X-Robots-Tag ""; }', "", "planned",
    ),
    "set again": (
        "add_header X-Robots-Tag noai;",
        "location /people/ { add_header A b; add_header X-Robots-Tag noai; }", "", "deployed",
    ),
    "merged": (
        "add_header X-Robots-Tag noai; add_header_inherit merge;", "location /people/ { add_header A b; }", "", "deployed",
    ),
    "merged here": (
        "add_header X-Robots-Tag noai;", "location /people/ { add_header A b; add_header_inherit merge; }", "", "deployed",
    ),
    "not merged again": (
        "add_header X-Robots-Tag noai; add_header_inherit merge;",
        "location /people/ { add_header A b; add_header_inherit on; }", "", "planned",
    ),
    "inheritance off": ("add_header X-Robots-Tag noai;", "location /people/ { add_header_inherit off; }", "", "planned"),
    "not there": ("", "location /people/ { root /srv; }", "", "planned"),
    "hidden from behind": ("proxy_hide_header X-Robots-Tag;", "location /people/ { proxy_pass http://a; }", "", "planned"),
}  # fmt: skip


@pytest.mark.parametrize(("server", "location", "http", "status"), INHERITANCE.values(), ids=INHERITANCE)
def test_headers_are_taken_over_as_nginx_does(tmp_path: Path, server: str, location: str, http: str, status: str) -> None:
    assert said(written(tmp_path, f"{server}\n{location}", signal(), http=http))["status"] == status


@pytest.mark.parametrize(
    ("server", "why"),
    [
        ("location /people/ { proxy_pass http://a; }", "whether the program behind sends one is not seen here"),
        ("location /people/ { add_header X-Robots-Tag $robots; }", "comes from a variable"),
        ("location /people/ { add_header X-Robots-Tag noai; if ($a) { add_header B c; } }", "depend on a condition"),
        ("location /people/ { more_set_headers 'X-Robots-Tag: noindex'; }", "by rules that are not read here"),
        ("more_clear_headers X-Robots-Tag; location /people/ { add_header X-Robots-Tag noai; }", "not read here"),
        ("location /people/ { header_filter_by_lua_block { a() } }", "decides there, which is not read"),
        ("location /people/ { add_header X-Robots-Tag noai; return 444; }", "without an answer"),
        (
            "add_header X-Robots-Tag noai; location /people/ { try_files $uri @a; } location @a { add_header B c; }",
            "differs",
        ),
        ("add_header X-Robots-Tag noai; location /people/ { try_files $uri @gone; }", "not in the configuration"),
        ("add_header X-Robots-Tag noai; location /people/ { try_files $uri $fallback; }", "an address that varies"),
        (
            "add_header X-Robots-Tag noai; location /people/ { try_files $uri /a.php; } location ~ php$ { add_header B c; }",
            "hands on to location ~ php$",
        ),
    ],
)
def test_where_a_header_is_not_certain_nothing_is_said(tmp_path: Path, server: str, why: str) -> None:
    assert why in silent(written(tmp_path, server, signal()))


@pytest.mark.parametrize("last", ["=404", "@a", "/index.html"])
def test_try_files_may_hand_on_to_where_the_header_is_too(tmp_path: Path, last: str) -> None:
    text = f"add_header X-Robots-Tag noai; location /people/ {{ try_files $uri {last}; }} location @a {{ }}"
    assert said(written(tmp_path, text, signal()))["status"] == "deployed"


def test_nginx_shows_one_standard_only(tmp_path: Path) -> None:
    text = "location /people/ { add_header X-Robots-Tag noai; }"
    assert "x_robots_tag only" in silent(written(tmp_path, text, signal(standards=["robots_txt"])))
    both = said(written(tmp_path, text, signal(standards=["robots_txt", "x_robots_tag"])))
    assert both == {"status": "deployed"}


def test_a_part_of_a_configuration_cannot_say_that_there_is_no_header(tmp_path: Path) -> None:
    (tmp_path / "site.conf").write_text(
        "server { location /people/ { root /srv; } location /feed { add_header X-Robots-Tag none; } }"
    )
    entry = {"kind": "nginx", "path": "site.conf", "location": "/people/"}
    assert "no http block" in silent(nginx.account(Opener(tmp_path), "site.conf", entry, signal()))
    entry["location"] = "/feed"
    assert said(nginx.account(Opener(tmp_path), "site.conf", entry, signal()))["status"] == "deployed"


# --- names ---


def test_names_are_refused_through_a_map_in_another_file() -> None:
    account = edge(block(agents=["GPTBot", "ClaudeBot"]), location="/people/")
    assert said(account) == {"status": "deployed", "params.agents": ["GPTBot", "ClaudeBot"]}
    assert "a client that gives another name is served" in account.readings[0].note
    assert (account.readings[0].file, account.readings[0].line) == ("nginx.conf", 37)
    assert [seen.path for seen in account.artefacts] == ["maps/unwelcome.map", "nginx.conf"]


def test_a_name_that_is_let_through_is_a_contradiction() -> None:
    account = edge(block(agents=["GPTBot", "PetalBot"]), location="/people/")
    assert said(account) == {"status": "deployed", "params.agents": ["GPTBot"]}
    assert "PetalBot is not among the names refused" in account.readings[1].note


def test_without_declared_names_all_are_read() -> None:
    assert said(edge(block(), location="/people/"))["params.agents"] == ["GPTBot", "CCBot", "ClaudeBot", "Bytespider"]


CONDITIONS = {
    "one name": ("if ($http_user_agent ~* gptbot) { return 403; }", True),
    "quoted": ('if ($http_user_agent ~* "(a|gptbot)") { return 403; }', True),
    "closed": ("if ($http_user_agent ~* gptbot) { return 444; }", True),
    "with blanks": ("if ( $http_user_agent ~* gptbot ) { return 429; }", True),
    "among other conditions": (
        "if ($scheme = http) { return 301 https://a; } if ($http_user_agent ~* gptbot) { return 403; }", True,
    ),
    "set beside": ("if ($http_user_agent ~* gptbot) { set $why name; return 403; }", True),
    "another case": ("if ($http_user_agent ~ GPTBOT) { return 403; }", False),
    "another name": ("if ($http_user_agent ~* ccbot) { return 403; }", False),
    "only at its beginning": ("if ($http_user_agent ~* ^gptbot) { return 403; }", None),
    "only whole": ("if ($http_user_agent = GPTBot) { return 403; }", None),
    "let through before": (
        "if ($http_user_agent ~* bot) { break; } if ($http_user_agent ~* gptbot) { return 403; }", False,
    ),
    "answered before": (
        "if ($http_user_agent ~* bot) { return 200; } if ($http_user_agent ~* gptbot) { return 403; }", False,
    ),
    "rewritten before": (
        "if ($http_user_agent ~* bot) { rewrite ^ /b last; } if ($http_user_agent ~* gptbot) { return 403; }", None,
    ),
    "perhaps let through before": (
        "if ($remote_addr = 192.0.2.1) { break; } if ($http_user_agent ~* gptbot) { return 403; }", None,
    ),
    "not worked out": (r"if ($http_user_agent ~* (?!x)gptbot) { return 403; }", None),
}  # fmt: skip


@pytest.mark.parametrize(("conditions", "is_refused"), CONDITIONS.values(), ids=CONDITIONS)
def test_a_condition_refuses_a_name_or_not_or_it_is_not_settled(
    tmp_path: Path, conditions: str, is_refused: bool | None
) -> None:
    text = f"{conditions} if ($http_user_agent ~* otherspider) {{ return 403; }} location /people/ {{ }}"
    account = written(tmp_path, text, block(agents=["GPTBot"]))
    found = said(account).get("params.agents") if not account.unreadable else None
    assert (found == ["GPTBot"]) is (is_refused is True)
    assert (found is None) is (is_refused is None)


@pytest.mark.parametrize(
    ("server", "status"),
    [
        ("location /people/ { }", "planned"),
        ("location /people/ { if ($http_user_agent ~ GPTBot) { return 200; } }", "planned"),
        ("location /people/ { if ($http_user_agent ~ GPTBot) { return 301 /robots; } }", "planned"),
        ("location /people/ { if ($http_referer ~ spam) { return 403; } }", "planned"),
        ("location /people/ { if ($http_user_agent ~ GPTBot) { set $is_robot 1; } }", "planned"),
        ("location / { if ($http_user_agent ~ GPTBot) { return 403; } location /people/ { } }", "planned"),
        ("location /people/ { if ($http_user_agent ~ GPTBot) { return 403; } }", "deployed"),
    ],
)
def test_whether_names_are_refused_at_a_place(tmp_path: Path, server: str, status: str) -> None:
    assert said(written(tmp_path, server, block()))["status"] == status


@pytest.mark.parametrize(
    ("http", "condition", "why"),
    [
        ("", "$http_user_agent !~* (Mozilla|Opera)", "refuses all names but some"),
        ("", "$http_user_agent ~* [a-z]+bot", "is not decided here"),
        ("map $http_user_agent $bad { default 0; include /etc/nginx/bad.map; }", "$bad", "absolute path"),
        ("map $http_user_agent $bad { default 0; ~*mozilla 0; ~*gptbot 1; }", "$bad", "is not decided here"),
        ("map $http_user_agent $bad { default 0; ~*gptbot $other; }", "$bad", "is not decided here"),
        ("map $http_user_agent$remote_addr $bad { default 0; ~*gptbot 1; }", "$bad", "is not decided here"),
        ("map $http_user_agent $bad { hostnames; default 0; ~*gptbot 1; }", "$bad", "is not decided here"),
        ("map $http_user_agent $bad { default 0; ~*gptbot 0; }", "$bad", "is not decided here"),
    ],
)
def test_where_names_are_not_settled_nothing_is_said(tmp_path: Path, http: str, condition: str, why: str) -> None:
    text = f"if ({condition}) {{ return 403; }} location /people/ {{ }}"
    assert why in silent(written(tmp_path, text, block(), http=http))


def test_a_map_of_a_map_is_followed(tmp_path: Path) -> None:
    http = "map $http_user_agent $kind { default person; ~*gptbot trainer; } map $kind $bad { default 0; trainer 1; }"
    text = "if ($bad = 1) { return 403; } location /people/ { }"
    assert said(written(tmp_path, text, block(agents=["GPTBot"]), http=http))["params.agents"] == ["GPTBot"]


def test_a_refused_name_that_gets_the_page_after_all_is_not_blocked(tmp_path: Path) -> None:
    text = "if ($http_user_agent ~ GPTBot) { return 403; } error_page 403 = @app;"
    text += " location /people/ { } location @app { proxy_pass http://a; }"
    assert "in its own way" in silent(written(tmp_path, text, block()))


def test_bare_locations_cannot_say_that_nothing_refuses_names(tmp_path: Path) -> None:
    (tmp_path / "locations.conf").write_text("location /people/ { root /srv; }")
    entry = {"kind": "nginx", "path": "locations.conf", "location": "/people/"}
    assert "no server block" in silent(nginx.account(Opener(tmp_path), "locations.conf", entry, block()))


#: As lists of crawlers are published: a variable is set, unset for robots.txt, and then asked.
PUBLISHED = """set $block 0;
if ($http_user_agent ~* "(%s)") { set $block 1; }
if ($request_uri = "/robots.txt") { set $block 0; }
if ($block) { return 403; }
"""


def test_a_variable_may_carry_the_verdict(tmp_path: Path) -> None:
    text = PUBLISHED % "GPTBot|CCBot" + "location /people/ { } location = /robots.txt { }"
    assert said(written(tmp_path, text, block()))["params.agents"] == ["GPTBot", "CCBot"]
    assert said(written(tmp_path, text, block(agents=["GPTBot", "PetalBot"])))["params.agents"] == ["GPTBot"]
    assert "is not decided here" in silent(written(tmp_path, text, block(), location="= /robots.txt"))


@pytest.mark.parametrize(
    "between",
    [
        "set $block 0;",
        "if ($cookie_a) { set $block 0; }",
        "set $block $arg_a;",
        "if ($http_user_agent ~* bot) { set $block 0; }",
    ],
)
def test_a_variable_that_may_be_set_otherwise_is_no_verdict(tmp_path: Path, between: str) -> None:
    text = (PUBLISHED % "GPTBot").replace("if ($block)", f"{between} if ($block)") + "location /people/ { }"
    assert "is not decided here" in silent(written(tmp_path, text, block(agents=["GPTBot"])))


@pytest.mark.parametrize("form", ["one expression", "a map", "a map of patterns"])
def test_long_lists_of_names_are_read_whole(tmp_path: Path, form: str) -> None:
    many = [f"{word}Crawler{number}x" for word in ("News", "Shop", "Talk") for number in range(70)]
    text = f'if ($http_user_agent ~* "({"|".join(many)})") {{ return 403; }}'
    wide = ".*" if form == "a map of patterns" else ""
    http = "" if form == "one expression" else f"map $http_user_agent $b {{ {' '.join(f'~*{wide}{n} 1;' for n in many)} }}"
    text = "if ($b) { return 403; }" if http else text
    account = written(tmp_path, f"{text} location /people/ {{ }}", block(agents=many), http=http)
    assert said(account)["params.agents"] == many


def test_breaking_off_ends_the_conditions_of_the_server_only(tmp_path: Path) -> None:
    before = "if ($http_user_agent ~* gptbot) { break; }"
    refusing = "if ($http_user_agent ~* gptbot) { return 403; }"
    agents = block(agents=["GPTBot"])
    inner = written(tmp_path, f"{before} location /people/ {{ {refusing} }}", agents)
    assert said(inner)["params.agents"] == ["GPTBot"]
    assert "is not decided here" in silent(written(tmp_path, f"{before} {refusing} location /people/ {{ }}", agents))


# --- surfaces ---


def test_a_surface_finds_its_location_by_its_address() -> None:
    account = edge(surface(url="https://craft.example/exports/*"))
    assert said(account) == {"auth": "required"}
    assert (account.readings[0].file, account.readings[0].line) == ("nginx.conf", 69)
    assert said(edge(surface(url="https://craft.example/internal/*"))) == {"auth": "required"}
    assert said(edge(surface(url="/drafts/*"))) == {"search_indexing": "refused"}


def test_what_nginx_does_not_settle_of_a_surface_is_left_to_the_program_behind() -> None:
    reason = silent(edge(surface(url="/people/*")))
    assert "whether the program behind does is not seen here" in reason
    assert "no X-Robots-Tag asks all crawlers not to index" in reason


ASKING = 'auth_basic "members"; auth_basic_user_file users;'
SIGNING = {
    "a password": (f"location /people/ {{ {ASKING} }}", "required"),
    "a password of the server": (f"{ASKING} location /people/ {{ }}", "required"),
    "asked elsewhere": ("auth_request /ask; location /people/ { } location = /ask { proxy_pass http://a; }", "required"),
    "closed": ("location /people/ { deny all; }", "required"),
    "closed at the server": ("deny all; location /people/ { }", "required"),
    "closed by return": ("location /people/ { return 404; }", "required"),
    "closed by the server's return": ("return 403; location /people/ { }", "required"),
    "closed or a password": (f"satisfy any; deny all; {ASKING} location /people/ {{ }}", "required"),
    "an address and a password": (f"allow 192.0.2.1; deny all; {ASKING} location /people/ {{ }}", "required"),
    "turned off for files": (f"{ASKING} location /people/ {{ auth_basic off; alias /srv/; }}", "none"),
    "without users": ('auth_basic "members"; location /people/ { }', None),
    "turned off for a program": (f"{ASKING} location /people/ {{ auth_basic off; proxy_pass http://a; }}", None),
    "turned off, with a condition": (f"{ASKING} location /people/ {{ auth_basic off; if ($a) {{ return 403; }} }}", None),
    "an address or a password": (f"satisfy any; allow 192.0.2.1; deny all; {ASKING} location /people/ {{ }}", None),
    "any address or a password": (f"satisfy any; {ASKING} location /people/ {{ }}", None),
    "some addresses": ("location /people/ { allow 192.0.2.0/24; deny all; }", None),
    "allowed before it is closed": ("location /people/ { allow all; deny all; }", None),
    "closed, and opened again": ("deny all; location /people/ { allow 192.0.2.1; }", None),
    "only some methods": ("location /people/ { limit_except GET { deny all; } }", None),
    "a realm that varies": ("auth_basic $realm; auth_basic_user_file users; location /people/ { }", None),
    "always granted": ("auth_request /ask; location /people/ { } location = /ask { return 204; }", None),
    "asked at an address that varies": ("auth_request /ask$uri; location /people/ { }", None),
    "asks elsewhere, turned off": ("auth_request /ask; location /people/ { auth_request off; proxy_pass http://a; }", None),
    "answered before": (f"{ASKING} location /people/ {{ return 200 hello; }}", None),
    "sent elsewhere": (f"{ASKING} location /people/ {{ rewrite ^ /other last; }}", None),
    "refused, and served": (
        f"{ASKING} location /people/ {{ error_page 401 = @a; }} location @a {{ proxy_pass http://a; }}", None,
    ),
    "nothing": ("location /people/ { root /srv; }", None),
}  # fmt: skip


@pytest.mark.parametrize(("server", "auth"), SIGNING.values(), ids=SIGNING)
def test_whether_one_must_sign_in_is_read_only_where_it_is_settled(tmp_path: Path, server: str, auth: str | None) -> None:
    account = written(tmp_path, server, surface(auth="required"))
    if auth is None:
        silent(account)
    else:
        assert said(account) == {"auth": auth}


@pytest.mark.parametrize(
    ("value", "indexing"),
    [
        ("noindex", "refused"),
        ("none", "refused"),
        ("noai, noindex", "refused"),
        ("noindex, indexifembedded", None),
        ("googlebot: noindex", None),
        ("noai", None),
        ("index", None),
        ("nofollow", None),
    ],
)
def test_indexing_is_refused_only_where_all_are_asked(tmp_path: Path, value: str, indexing: str | None) -> None:
    account = written(tmp_path, f'location /people/ {{ add_header X-Robots-Tag "{value}"; }}', surface())
    if indexing is None:
        silent(account)
    else:
        assert said(account) == {"search_indexing": indexing}


def test_a_lost_header_settles_no_indexing_but_is_named(tmp_path: Path) -> None:
    text = "add_header X-Robots-Tag noindex; location /people/ { add_header A b; }"
    assert "an X-Robots-Tag is lost" in silent(written(tmp_path, text, surface(search_indexing="refused")))


def test_a_longer_location_below_a_surface_has_to_say_the_same(tmp_path: Path) -> None:
    text = f"location /people/ {{ {ASKING} }} location /people/export {{ root /srv; }}"
    assert "nothing asks for a sign-in" in silent(written(tmp_path, text, surface(), location=""))
    assert said(written(tmp_path, text, surface())) == {"auth": "required"}


# --- hostile and odd ---

ODD_TEXTS = {
    "empty": "", "blank": " \n", "nul": "\0", "prose": "Just words.", "template": "add_header X-Robots-Tag ${TAG};",
    "unbalanced": "http { server {", "deep": "if (" * 100, "nested": "location /people/ {" * 40 + "}" * 40,
    "no words": "add_header; if; map; auth_basic; deny; error_page; try_files; return; rewrite;",
    "long": "a" * 200_000,
}  # fmt: skip


@pytest.mark.parametrize("subject", [signal(), block(), surface()], ids=["signal", "block", "surface"])
@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS)
def test_what_is_no_configuration_says_nothing(tmp_path: Path, text: str, subject: dict[str, object]) -> None:
    (tmp_path / "nginx.conf").write_text(text)
    entry = {"kind": "nginx", "path": "nginx.conf", "location": "/people/"}
    silent(nginx.account(Opener(tmp_path), "nginx.conf", entry, subject))


@pytest.mark.parametrize(
    "subject",
    [
        {"family": ["rate_limit"]},
        {"family": "crawler_signal", "params": ["x"]},
        {"family": "crawler_signal", "params": {"standards": "x_robots_tag", "agents": {"a": 1}}},
        {"family": "crawler_signal", "params": {"standards": [None], "agents": [None, 3]}},
        {"family": "user_agent_block", "params": {"agents": [None, "", {}, "{0.__class__}"]}},
        {"family": "user_agent_block", "params": None},
        {"kind": "page", "url": None},
        {"kind": "page", "url": ["/people/*"]},
        {"kind": None, "url": "   "},
        {},
    ],
)
def test_odd_declarations_are_no_error(tmp_path: Path, subject: dict[str, object]) -> None:
    text = "if ($http_user_agent ~ GPTBot) { return 403; } location /people/ { add_header X-Robots-Tag noai; deny all; }"
    before = json.dumps(subject)
    account = written(tmp_path, text, subject)
    assert bool(account.readings) != bool(account.unreadable)
    assert json.dumps(subject) == before


@pytest.mark.parametrize(
    "urls", ["/people/*", [None, 3], [""], ["://"], ["https://"], ["/" + "*" * 2000], ["/%zz%00"], ["a b c"]]
)
def test_odd_addresses_are_no_error(tmp_path: Path, urls: object) -> None:
    for location in ("", "/people/"):
        account = written(
            tmp_path, "location /people/ { add_header X-Robots-Tag noai; }", signal(), urls=urls, location=location
        )
        assert bool(account.readings) != bool(account.unreadable)


def test_a_symlink_and_a_path_outside_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "nginx.conf").write_text("server { deny all; }")
    (tmp_path / "root" / "nginx.conf").symlink_to("../nginx.conf")
    opener = Opener(tmp_path / "root")
    assert "symbolic link" in silent(nginx.account(opener, "nginx.conf", {}, surface()))
    assert "climbs above" in silent(nginx.account(opener, "../nginx.conf", {}, surface()))


def test_notes_hold_no_numbers_of_limits() -> None:
    subjects: list[dict[str, object]] = [signal(), block(), {"family": "rate_limit"}, surface(url="/exports/*")]
    for subject in subjects:
        for reading in edge(subject, **({} if "url" in subject else {"location": "/people/"})).readings:
            assert not any(number in reading.note for number in ("10r", "20", "600", "10 "))


VOCABULARY = """server location /people/ ~ ^~ @a { } ; if ($http_user_agent ~* gptbot) ($bad) return 403 444 200
    map $http_user_agent $bad default 0 1 ~*gptbot add_header X-Robots-Tag noindex "" add_header_inherit merge deny allow
    all auth_basic off users auth_basic_user_file auth_request /ask satisfy any error_page 403 = try_files $uri rewrite ^
    last include nginx.conf set $http_user_agent break"""
LINES = st.lists(st.sampled_from([*VOCABULARY.split(), "\n"]), max_size=40).map(" ".join)


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LINES, st.sampled_from(["", "/people/"]))
def test_no_configuration_makes_the_verifier_fail(tmp_path: Path, text: str, location: str) -> None:
    """Any file gives readings or a reason, never both and never an exception; discovery never raises."""
    (tmp_path / "nginx.conf").write_text(f"server {{ {text}\nlocation /people/ {{ {text} }} }}")
    for subject in (signal(), block(), surface(), {"family": "rate_limit"}):
        entry = {"kind": "nginx", "path": "nginx.conf", "location": location}
        account = nginx.account(Opener(tmp_path), "nginx.conf", entry, subject)
        assert bool(account.readings) != bool(account.unreadable)
    nginx.discover(Opener(tmp_path), "nginx.conf")


PILES = {
    "locations": ("", "".join(f"location /a{n}/ {{ }}" for n in range(3000)), "too many to tell"),
    "error pages": ("", "error_page 403 @a; " * 20_000 + "deny all;", "more than 200 error_page"),
    "conditions": ("", "if ($http_user_agent ~* (a|b)*c) { return 403; } " * 3000, ""),
    "maps": ("".join(f"map $http_user_agent $b{n} {{ a 1; }}" for n in range(3000)), "if ($b1) { return 403; }", ""),
    "headers": ("", "add_header X-Robots-Tag noindex; " * 20_000, ""),
}


@pytest.mark.parametrize(("http", "server", "why"), PILES.values(), ids=PILES)
def test_piles_of_directives_cost_little(tmp_path: Path, http: str, server: str, why: str) -> None:
    names = [f"Bot{number}" for number in range(400)]
    for subject in (signal(), block(agents=names), surface()):
        account = written(tmp_path, f"{server} location /people/ {{ }}", subject, http=http)
        assert bool(account.readings) != bool(account.unreadable)
    assert why in account.unreadable


@pytest.mark.parametrize("target", ["@e{0}", "/e{0}"])
def test_piles_of_places_that_hand_requests_on_to_each_other_cost_little(tmp_path: Path, target: str) -> None:
    pages = "".join(f"error_page {400 + n} {target.format(n)};" for n in range(200))
    places = "".join(f"location {target.format(n)} {{ proxy_pass http://b; }}" for n in range(200))
    server = f"{pages} location /people/ {{ proxy_pass http://b; }} {places}"
    limit = {"id": "limit", "family": "rate_limit", "params": {}}
    zone = "limit_req_zone $binary_remote_addr zone=z:1m rate=1r/s;"
    account = written(tmp_path, f"{server} location /other/ {{ limit_req zone=z; }}", limit, http=zone)
    assert "requests for location /people/ are handed on to more than 50 places" in silent(account)
    refusing = "location /other/ { if ($http_user_agent ~* GPTBot) { return 403; } }"
    account = written(tmp_path, f"{server} {refusing}", block(agents=["GPTBot"]))
    assert "more than 50 places" in silent(account)


def test_a_name_refused_where_requests_are_handed_on_to_is_not_denied(tmp_path: Path) -> None:
    refusing = 'if ($http_user_agent ~* "GPTBot") { return 403; } proxy_pass http://app;'
    account = written(
        tmp_path, f"location /people/ {{ try_files $uri @app; }} location @app {{ {refusing} }}", block(agents=["GPTBot"])
    )
    assert "but try_files hands requests on to location @app, which has one" in silent(account)
