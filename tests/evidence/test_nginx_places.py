"""Where nginx serves an address, whether an expression takes it, and what a configuration offers a manifest."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policycheck.evidence import nginx
from policycheck.evidence._nginx_patterns import Matcher, names
from policycheck.opener import Opener

if TYPE_CHECKING:
    from policycheck.model import Account, Discovered

FIXTURES = Path(__file__).parent / "fixtures" / "nginx"
HEAD = "limit_req_zone $binary_remote_addr zone=z:1m rate=1r/s; limit_req_zone $remote_addr zone=y:1m rate=2r/s;\n"


def heard(root: Path, block: str, urls: list[str], *, http: str = HEAD, **entry: str) -> Account:
    """The account of a server on a limit that is declared for these addresses."""
    (root / "nginx.conf").write_text(f"events {{}} http {{ {http} server {{ server_name a.example;\n{block}\n}} }}")
    options = {"kind": "nginx", "path": "nginx.conf", "urls": urls, **entry}
    return nginx.account(Opener(root), "nginx.conf", options, {"family": "rate_limit"})


def limit(account: Account) -> object:
    assert account.unreadable == ""
    return next((reading.value for reading in account.readings if reading.path == ("params", "limit")), "none")


# --- which location takes an address ---

LIMITED, LOOSER, OPEN = "{ limit_req zone=z; }", "{ limit_req zone=y; }", "{ }"
PASSED = "{ proxy_pass http://app; }"
CHOICES = {
    "the longest prefix": (f"location / {OPEN} location /people/ {LIMITED}", "/people/*", 1),
    "not the order": (f"location /people/ {LIMITED} location / {OPEN} location /p {OPEN}", "/people/*", 1),
    "an expression before a prefix": (rf"location /people/ {LIMITED} location ~ ^/people/ {LOOSER}", "/people/*", 2),
    "expressions in order": (rf"location ~ people {LOOSER} location ~ ^/people/ {LIMITED}", "/people/*", 2),
    "no expression after ^~": (rf"location ^~ /people/ {LIMITED} location ~ ^/people/ {OPEN}", "/people/*", 1),
    "^~ only where it is the longest": (
        rf"location ^~ / {OPEN} location /people/ {OPEN} location ~ people {LIMITED}", "/people/*", 1,
    ),
    "exact before all": (f"location = /feed {LIMITED} location ~ feed {OPEN} location /feed {OPEN}", "/feed", 1),
    "exact only exactly": (f"location = /feed {LIMITED} location / {LOOSER}", "/feed/1", 2),
    "nested": (f"location /a/ {{ location /a/b/ {LIMITED} }}", "/a/b/*", 1),
    "nested takes over": ("location /a/ { limit_req zone=z; location /a/b/ { } }", "/a/b/*", 1),
    "a nested expression first": (
        rf"location /a/ {{ location ~ /b/ {LIMITED} }} location ~ ^/a/b/ {OPEN}", "/a/b/*", 1,
    ),
    "an outer expression after a nested prefix": (
        rf"location /a/ {{ location /a/b/ {OPEN} }} location ~ ^/a/b/ {LIMITED}", "/a/b/*", 1,
    ),
    "nested in an expression": (rf"location ~ ^/a/ {{ location ~ /b/ {LIMITED} }}", "/a/b/*", 1),
    "case": (rf"location ~ ^/PEOPLE {OPEN} location ~* ^/PEOPLE {LIMITED}", "/people/*", 1),
    "a named location takes none": (f"location @people {LIMITED} location / {LOOSER}", "/people/*", 2),
    "pictures are not the pages": (rf"location /people/ {LIMITED} location ~* \.(png|jpe?g|css)$ {OPEN}", "/people/*", 1),
    "files are not the pages": (rf"location /people/ {LIMITED} location ~* \.(js|json)$ {OPEN}", "/people/*", 1),
    "hidden files are not the pages": (rf"location /people/ {LIMITED} location ~ /\.(?!well-known) {OPEN}", "/people/*", 1),
    "the server where nothing else": (f"limit_req zone=z; location /people/ {LOOSER}", "/other", 1),
    "an address with a host": (f"location / {OPEN} location /people/ {LIMITED}", "https://a.example/people/{id}?x=1", 1),
    "an encoded address": (f"location / {OPEN} location /stra\u00dfe/ {LIMITED}", "/stra%C3%9Fe/1", 1),
}  # fmt: skip


@pytest.mark.parametrize(("server", "url", "found"), CHOICES.values(), ids=CHOICES)
def test_without_a_location_the_address_finds_it(tmp_path: Path, server: str, url: str, found: int) -> None:
    account = heard(tmp_path, server, [url])
    assert limit(account) == found


@pytest.mark.parametrize(
    ("server", "url", "why"),
    [
        (rf"location /people/ {LIMITED} location ~ ^/people/\d+$ {OPEN}", "/people/*", "differ; name one with location"),
        (f"location /people/ {LIMITED} location /people/all {OPEN}", "/people/*", "differ; name one with location"),
        (rf"location /people/ {LIMITED} location ~ \.json$ {PASSED}", "/people/*", "differ; name one with location"),
        (rf"location /people/ {LIMITED} location ~* \.(csv|xlsx)$ {PASSED}", "/people/*", "differ; name one with location"),
        (rf"location /people/ {LIMITED} location ~ ^/(?!api) {OPEN}", "/people/*", "is not decided here"),
        (rf"location /people/ {LIMITED} location ~ ^/(\w)\1 {OPEN}", "/aa/1", "is not decided here"),
        (rf"location /people/ {LIMITED} location ~ (((( {OPEN}", "/people/*", "is not decided here"),
    ],
)
def test_where_it_is_not_settled_the_location_has_to_be_named(tmp_path: Path, server: str, url: str, why: str) -> None:
    account = heard(tmp_path, server, [url])
    assert why in account.unreadable
    assert account.readings == ()


@pytest.mark.parametrize(
    ("server", "location", "urls", "why"),
    [
        (rf"location / {LIMITED} location ~ ^/people/ {OPEN}", "/", ["/people/*"], "location ~ ^/people/ does"),
        (rf"location / {LIMITED} location ~* .* {OPEN}", "/", [], "overridden by location ~* .*"),
        (rf"location /people/ {LIMITED} location ~ ^/people/\d+$ {OPEN}", "/people/", ["/people/*"], "serves only a part"),
        (rf"location ^~ /people/ {LIMITED} location ~ ^/people/ {OPEN}", "^~ /people/", ["/people/*"], ""),
        (rf"location ~ ^/people/\d+$ {LIMITED} location / {OPEN}", r"~ ^/people/\d+$", ["/people/*"], ""),
        (rf"location ~ ^/people/$ {LIMITED} location / {OPEN}", "~ ^/people/$", ["/feed"], "does not serve /feed"),
        (rf"location ~ [A-Z]+-\d+ {LIMITED} location / {OPEN}", r"~ [A-Z]+-\d+", ["/people/*"], ""),
        (f"location @late {LIMITED} location / {{ error_page 404 @late; }}", "@late", [], "from other directives only"),
        (f"location /kept/ {{ internal; limit_req zone=z; }} location / {OPEN}", "/kept/", [], "from other directives only"),
        (f"location /a/ {{ limit_req zone=z; location /a/b/ {OPEN} }}", "/a/", ["/a/b/*"], "location /a/b/ does"),
        (f"location /a/ {LIMITED}", "/a/", ["/people/*", "/a/*"], ""),
    ],
)
def test_a_named_location_has_to_serve_what_is_declared(
    tmp_path: Path, server: str, location: str, urls: list[str], why: str
) -> None:
    account = heard(tmp_path, server, urls, location=location)
    assert why in account.unreadable
    assert bool(account.readings) is not bool(why)


def test_several_surfaces_have_to_be_limited_alike(tmp_path: Path) -> None:
    places = f"location /a/ {LIMITED} location /b/ {LOOSER} location /c/ {LIMITED}"
    assert limit(heard(tmp_path, places, ["/a/*", "/c/*"])) == 1
    assert (
        "location /a/ and location /b/ serve the surfaces and differ" in heard(tmp_path, places, ["/a/*", "/b/*"]).unreadable
    )


def test_the_declared_host_finds_its_server(tmp_path: Path) -> None:
    both = f"location / {LIMITED} }} server {{ server_name b.example; location / {LOOSER}"
    assert limit(heard(tmp_path, both, ["https://b.example/people/*"])) == 2
    assert limit(heard(tmp_path, both, ["https://b.example/people/*"], location="/")) == 2
    assert "several servers" in heard(tmp_path, both, ["/people/*"]).unreadable
    account = heard(tmp_path, both, ["https://b.example/people/*"], location="/", server="a.example")
    assert "server a.example is for the host a.example, not b.example" in account.unreadable


def test_no_configuration_costs_more_than_its_budget(tmp_path: Path) -> None:
    costly = "".join(f"location ~ ^(a?{{900}}){number}(b*)*$ {OPEN}" for number in range(200)).replace(
        "?{900}", "?" + "a?" * 900
    )
    account = heard(tmp_path, costly, ["/people/*"])
    assert account.readings or account.unreadable


# --- expressions ---


@pytest.mark.parametrize(
    ("expression", "text", "found"),
    [
        ("^/a", "/ab", True),
        ("^/a", "b/a", False),
        ("a$", "ba", True),
        ("", "anything", True),
        ("a|b", "xb", True),
        ("^(a|b)c$", "bc", True),
        ("^(?:a|)b$", "b", True),
        (r"^/\d{2,3}$", "/12", True),
        (r"^/\d{2,3}$", "/1", False),
        (r"^/\d{2}$", "/123", False),
        (r"^/\d{2,}$", "/12345", True),
        ("^a{$", "a{", True),
        ("[a-c]+", "xxb", True),
        ("[^/]+$", "/", False),
        (r"[\w.-]+@", "ada-q.1@", True),
        ("[]a]", "]", True),
        (r"\.(png|jpe?g)$", "/x.jpg", True),
        (r"\\.png", "x.png", True),
        (r"^/(?<name>[a-z]+)$", "/ada", True),
        (r"^/(?P<name>[a-z]+)$", "/ada", True),
        ("^(a?){30}a{30}$", "a" * 30, True),
        ("^(a+)+$", "a" * 60 + "b", False),
        ("^(a|a)*$", "a" * 60 + "b", False),
        ("(?i)PEOPLE", "people", True),
        ("a+?b", "aab", True),
        ("^(?!x)a", "b", False),
        ("^(?!x)a", "a", None),
        ("^(?=x)a", "a", None),
        ("(?<=x)a", "a", None),
        (r"(a)\1", "aa", None),
        ("a++b", "aab", None),
        ("(?>a)b", "ab", None),
        (r"\bword", "word", None),
        (r"\bword", "none", False),
        ("[[:alpha:]]1", "a1", None),
        ("[[:alpha:]]1", "a2", False),
        ("(", "a", None),
        (")", "a", None),
        ("*", "a", None),
        ("a**", "a", None),
        ("[", "a", None),
        ("a\\", "a", None),
        ("(" * 5000, "a", None),
        ("(a{1000}){1000}", "a", None),
        ("a{99999999999}", "a", None),
        ("(?#note)a", "a", None),
    ],
)
def test_an_expression_takes_a_text_or_not_or_it_is_not_decided(expression: str, text: str, found: bool | None) -> None:
    assert Matcher().matches(expression, text, ignores_case=False) is found


@pytest.mark.parametrize(("expression", "text", "found"), [("A", "a", True), ("[^a]", "A", False), ("[a-z]", "Q", True)])
def test_case_can_be_ignored(expression: str, text: str, found: bool) -> None:
    assert Matcher().matches(expression, text, ignores_case=True) is found


def test_beyond_its_budget_nothing_is_decided() -> None:
    matcher = Matcher(steps=100)
    assert [matcher.matches("(a*)*b", "a" * 100, ignores_case=False) for _ in range(2)] == [None, None]


PIECES = st.sampled_from(
    ["a", "b", "/", ".", "^", "$", "|", "(", ")", "(?:", "[ab]", "[^a]", "*", "+", "?", "{1,2}", r"\d", r"\."]
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(PIECES, max_size=8).map("".join), st.text("ab/.1", max_size=8), st.booleans())
def test_what_is_decided_is_what_another_engine_finds(expression: str, text: str, folds: bool) -> None:
    found = Matcher().matches(expression, text, ignores_case=folds)
    if found is None:
        return
    try:
        expected = re.search(expression.replace("$", r"\Z"), text, re.IGNORECASE if folds else 0)
    except re.error:
        return
    assert found is bool(expected)


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("(GPTBot|CCBot)", ("GPTBot", "CCBot")),
        ("GPTBot|CCBot|", ("GPTBot", "CCBot")),
        ("^.*(gpt|claude)bot.*$", ("gptbot", "claudebot")),
        ("[Bb]ytespider", ("Bytespider",)),
        (r"python\-requests\/", ("python-requests/",)),
        ("[a-z]+bot", ()),
        ("bot.+", ()),
        ("(", ()),
        ("(a|b)" * 30, ()),
    ],
)
def test_the_names_in_an_expression_are_told_apart(expression: str, found: tuple[str, ...]) -> None:
    assert names(expression) == found


# --- what a configuration offers ---


def offered(root: Path, path: str) -> tuple[Discovered, ...]:
    return nginx.discover(Opener(root), path)


def test_each_place_with_something_of_its_own_is_offered() -> None:
    found = offered(FIXTURES / "edge", "nginx.conf")
    assert [one.item["id"] for one in found] == [
        "user-agent-block-craft",
        "rate-limit-people",
        "x-robots-tag-drafts",
        "rate-limit-feed",
        "x-robots-tag-feed",
    ]
    assert {one.section for one in found} == {"controls"}
    limit = found[1]
    assert limit.item == {
        "id": "rate-limit-people",
        "family": "rate_limit",
        "layer": "technical",
        "status": "deployed",
        "params": {"limit": 10, "window": "minute", "burst": 20, "unit": "ip"},
        "evidence": [{"kind": "nginx", "path": "nginx.conf", "server": "craft.example", "location": "/people/"}],
    }
    assert (limit.file, limit.line) == ("nginx.conf", 46)
    assert {"owner", "surfaces", "params.resource"} <= {name for name, _ in limit.questions}
    assert found[0].item["params"]["agents"] == ["GPTBot", "CCBot", "ClaudeBot", "Bytespider"]
    assert found[3].item["status"] == "observing"
    assert found[4].item["params"]["agents"] == ["googlebot"]


@pytest.mark.parametrize(
    "path", ["edge/nginx.conf", "several.conf", "keys.conf", "inherited.conf", "part.conf", "main.conf"]
)
def test_what_is_offered_can_be_read(path: str) -> None:
    found = [one for one in offered(FIXTURES, path) if one.section]
    assert found
    for one in found:
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", one.item["id"])
        account = nginx.account(Opener(FIXTURES), path, one.item["evidence"][0], one.item)
        assert account.unreadable == ""
        said = {reading.path: reading.value for reading in account.readings}
        assert said.get(("status",)) == one.item.get("status")
        assert {path[1]: value for path, value in said.items() if path[0] == "params"} == one.item.get("params", {})
    assert len({one.item["id"] for one in found}) == len(found)


def test_a_part_is_offered_by_the_file_that_includes_it(tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "site.conf").write_text(f"{HEAD} server {{ location / {LIMITED} }}")
    assert [one.item["id"] for one in offered(tmp_path, "conf.d/site.conf")] == ["rate-limit"]
    (tmp_path / "nginx.conf").write_text("events {} http { include conf.d/*.conf; }")
    assert offered(tmp_path, "conf.d/site.conf") == ()
    assert [one.item["id"] for one in offered(tmp_path, "nginx.conf")] == ["rate-limit"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\0",
        "# nothing",
        "[Unit]\nDescription=x",
        "rate={{ x }};",
        "a {" * 50,
        "{}",
        "\u00ff\u00fe",
        "upstream a { server b; }",
        "limit_req;",
    ],
)
def test_other_files_offer_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.conf").write_text(text)
    assert offered(tmp_path, "x.conf") == ()
    assert offered(tmp_path, "gone.conf") == ()


def test_limits_that_limit_nobody_are_not_offered(tmp_path: Path) -> None:
    (tmp_path / "nginx.conf").write_text(
        "events {} http { limit_req_zone all zone=z:1m rate=1r/s; limit_conn_zone $binary_remote_addr zone=c:1m;"
        f" server {{ location /a/ {LIMITED} location /b/ {{ limit_conn c 1; }}"
        ' location /c/ { add_header X-Robots-Tag ""; add_header X-Other 1; } location /d/ { if ($slow) { return 403; } } } }'
    )
    (left,) = offered(tmp_path, "nginx.conf")
    assert not left.section
    assert "the rate limit of /a/ is not proposed: the key of zone=z is the same for all clients" in left.note


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        (f"events {{}} http {{ {HEAD}\n server {{\n include gone.conf;\n location / {LIMITED} }} }}", 4, "does not exist"),
        (f"events {{}} http {{ {HEAD}\n server {{ location / {LIMITED} }}", 3, ""),
    ],
)
def test_a_configuration_that_limits_and_cannot_be_read_is_said_to_be_there(
    tmp_path: Path, text: str, line: int, why: str
) -> None:
    (tmp_path / "nginx.conf").write_text(text)
    (left,) = offered(tmp_path, "nginx.conf")
    assert (left.section, left.file, left.line) == ("", "nginx.conf", line)
    assert why in left.note
    (tmp_path / "nginx.conf").write_text(text.replace("limit_req ", "limit_rate ").replace("limit_req_zone", "#"))
    assert offered(tmp_path, "nginx.conf") == ()


# --- the servers of a host ---

HOST = ["https://a.example/people/*"]
BESIDE = "location /people/ { limit_req zone=z; } }"
SERVERS = {
    "the same name at another port, without the limit": ("443 ssl; server_name a.example; location / { }", "differ"),
    "the same name at another port, with it": ("443 ssl; server_name a.example; location /people/ { limit_req zone=z; }", 1),
    "a server that sends on": ("443; server_name a.example; return 301 https://a.example$request_uri;", 1),
    "a location that sends on": ("443; server_name a.example; location / { return 301 https://a.example; }", 1),
    "a rewrite that sends on": ("443; server_name a.example; rewrite ^ https://a.example$request_uri? permanent;", 1),
    "a location that answers itself": ("443; server_name a.example; location / { return 200 page; }", "differ"),
    "one that only this machine reaches": ("127.0.0.1:81; server_name a.example; location / { }", 1),
    "another name": ("443; server_name b.example; location / { }", 1),
    "a wildcard of the name": ("443; server_name *.example; location / { }", "differ"),
    "a name that begins alike": ("443; server_name a.*; location / { }", "differ"),
    "an expression of the name": (r"443; server_name ~^[ab]\.example$; location / { }", "differ"),
    "an expression that is not decided": (r"443; server_name ~^(a)\1; location / { }", "is not decided here"),
    "a default": ("443 default_server; server_name b.example; location / { }", "differ"),
    "one without a name": ("443; location / { }", "differ"),
    "one without a name at a port of its own": ("8081; location / { }", 1),
    "the same name at the same port, which nginx leaves out": ("80; server_name a.example; location / { }", 1),
}


@pytest.mark.parametrize("location", ["", "/people/"])
@pytest.mark.parametrize(("other", "found"), SERVERS.values(), ids=SERVERS)
def test_the_servers_of_a_host_have_to_agree(tmp_path: Path, other: str, found: int | str, location: str) -> None:
    account = heard(tmp_path, f"{BESIDE} server {{ listen {other}", HOST, location=location)
    if isinstance(found, int):
        assert limit(account) == found
    else:
        assert found in account.unreadable
        assert account.readings == ()


def test_servers_of_one_name_have_to_agree_without_a_declared_host(tmp_path: Path) -> None:
    block = f"{BESIDE} server {{ listen 443 ssl; server_name a.example; location / {{ }}"
    for urls in (["/people/*"], []):
        assert "differ" in heard(tmp_path, block, urls, location="/people/").unreadable


def test_a_limit_of_a_server_that_only_this_machine_reaches_is_not_the_sites(tmp_path: Path) -> None:
    block = "listen 127.0.0.1:81; location /people/ { limit_req zone=z; } } "
    block += "server { listen 80; server_name a.example; location / { }"
    assert (
        "location /people/ is not in the servers of a.example"
        in heard(tmp_path, block, HOST, location="/people/").unreadable
    )


@pytest.mark.parametrize(
    ("names", "is_fit"),
    [
        ("a.example", True),
        ("*.example", True),
        (".a.example", True),
        ("_", True),
        ('""', True),
        ("b.example; listen 80 default_server", True),
        ("staging.a.example", False),
        ("__HOST__", False),
        ("localhost", False),
    ],
)
@pytest.mark.parametrize("entry", [{}, {"location": "/people/"}])
def test_a_host_that_no_server_bears_is_not_spoken_of(
    tmp_path: Path, names: str, entry: dict[str, str], *, is_fit: bool
) -> None:
    text = f"events {{}} http {{ {HEAD} server {{ server_name {names}; location /people/ {LIMITED} }} }}"
    (tmp_path / "nginx.conf").write_text(text)
    for urls in (HOST, ["/people/*"]):
        options = {"kind": "nginx", "path": "nginx.conf", "urls": urls, **entry}
        account = nginx.account(Opener(tmp_path), "nginx.conf", options, {"family": "rate_limit"})
        assert bool(account.readings) is (is_fit or urls is not HOST)
        assert is_fit or urls is not HOST or "not a.example" in account.unreadable


# --- what is handed on to other places ---


NAMED = "location @app { limit_req zone=z; proxy_pass http://app; }"
PHP, FREE_PHP = r"location ~ \.php$ { limit_req zone=z; fastcgi_pass app; }", r"location ~ \.php$ { fastcgi_pass app; }"
INDEX = "if (!-e $request_filename) { rewrite ^ /index.php last; }"
FREE, AT_FREE = "location /free { proxy_pass http://app; }", "location @free { proxy_pass http://app; }"
DOWN = "limit_req_status 429; error_page 503 @down; if ($maintenance) { return 503; }"


def status(root: Path, body: str) -> str:
    """The status read at the address, or why there is none."""
    account = heard(root, body, ["https://a.example/products/*"])
    return account.unreadable or next(str(one.value) for one in account.readings if one.path == ("status",))


@pytest.mark.parametrize(
    ("body", "directive"),
    [
        ("location / { try_files $uri @app; }" + NAMED, "try_files"),
        ("location / { try_files $uri $uri/ /index.php?$args; }" + PHP, "try_files"),
        ("location / { error_page 404 = @app; }" + NAMED, "error_page"),
        ("location / {" + INDEX + "}" + PHP, "rewrite"),
        ("location / { try_files $uri @a; } location @a { rewrite ^(.*)$ /index.php?p=$1 last; }" + PHP, "try_files"),
    ],
)
def test_a_limit_where_requests_are_handed_on_to_is_not_denied(tmp_path: Path, body: str, directive: str) -> None:
    assert f"but {directive} hands requests on to location " in status(tmp_path, body)


@pytest.mark.parametrize(
    "body",
    [
        "location / { try_files $uri /index.html; } location /api/ { limit_req zone=z; proxy_pass http://app; }",
        "location / { error_page 404 /404.html; proxy_pass http://app; } location /api/ { limit_req zone=z; }",
        "location / { try_files $uri =404; }" + NAMED,
    ],
)
def test_a_limit_where_nothing_is_handed_on_to_leaves_the_place_without_one(tmp_path: Path, body: str) -> None:
    assert status(tmp_path, body) == "planned"


@pytest.mark.parametrize(
    "body",
    [
        "location / { error_page 418 = @free; if ($http_user_agent ~ Bot) { return 418; } limit_req zone=z; }" + AT_FREE,
        "location / { limit_req zone=z; if ($arg_free) { rewrite ^ /free last; } }" + FREE,
        "if ($http_x_free) { rewrite ^ /free last; } location / { limit_req zone=z; }" + FREE,
    ],
)
def test_requests_that_an_if_sends_past_the_limit_leave_it_open(tmp_path: Path, body: str) -> None:
    assert "before limit_req is asked" in status(tmp_path, body)


@pytest.mark.parametrize(
    "body",
    [
        "limit_req zone=z; location / {" + INDEX + "}" + FREE_PHP,
        "location / { limit_req zone=z;" + DOWN + "proxy_pass http://app; } location @down { root /srv/down; }",
        "location / { limit_req zone=z; try_files $uri @free; }" + AT_FREE,
    ],
)
def test_requests_that_meet_the_limit_first_or_are_served_no_program_do_not(tmp_path: Path, body: str) -> None:
    assert status(tmp_path, body) == "deployed"


@pytest.mark.parametrize(
    "beside",
    [
        "location = /products/all { root /srv; }",
        "location /products/export/ { root /srv; }",
        "location /products/export/ { limit_req zone=z; limit_req_dry_run on; }",
    ],
)
def test_a_named_location_of_which_a_part_is_otherwise_only_supports(tmp_path: Path, beside: str) -> None:
    block = f"location /products/ {{ limit_req zone=z; }} {beside}"
    account = heard(tmp_path, block, ["https://a.example/products/*"], location="/products/")
    assert account.unreadable == ""
    assert account.readings
    assert all(reading.soft for reading in account.readings)
    assert "takes a part of the surfaces" in account.readings[0].note


@pytest.mark.parametrize(
    "beside",
    [
        "location = /products/all { limit_req zone=z; }",
        "location /people/ { root /srv; }",
        r"location ~ \.css$ { root /srv; }",
    ],
)
def test_what_is_the_same_or_elsewhere_takes_nothing_from_a_named_location(tmp_path: Path, beside: str) -> None:
    block = f"location /products/ {{ limit_req zone=z; }} {beside}"
    account = heard(tmp_path, block, ["https://a.example/products/*"], location="/products/")
    assert ("status",) in [reading.path for reading in account.readings]
    assert not any(reading.soft for reading in account.readings)
