"""The nginx verifier against nginx itself: each account is held against what a server on loopback does.

Debian's nginx-light is enough. Each configuration is started with a prefix of its own in a temporary folder, on a free
port, without a master process and without root, and ended with the test.
"""

from __future__ import annotations

import http.client
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from policycheck.evidence import nginx
from policycheck.evidence._nginx_files import Files, Unsaid
from policycheck.evidence._nginx_places import http_of, resolve, servers
from policycheck.opener import Opener

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")
pytestmark = [
    pytest.mark.gate,
    pytest.mark.skipif(NGINX is None, reason="not run: nginx is not installed"),
]

MAIN = """
daemon off;
master_process off;
pid nginx.pid;
error_log stderr crit;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path temp; proxy_temp_path temp; fastcgi_temp_path temp; uwsgi_temp_path temp; scgi_temp_path temp;
  default_type text/plain;
  root html;
  limit_req_zone $binary_remote_addr zone=visitors:1m rate=1r/m;
  limit_req_zone $binary_remote_addr zone=loose:1m rate=60000r/m;
  limit_req_status 429;
{http}
  server {{
    listen 127.0.0.1:{port};
    server_name shop.example;
{server}
  }}
  server {{ listen 127.0.0.1:{behind}; location / {{ return 200 "from the program"; }} }}
}}
"""
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
ASKED = 6
FILES = ("people/1", "people/2", "people/public/1", "other/1", "index.html", "people/index.html")


@dataclass
class Server:
    """A running nginx, asked over its port."""

    port: int

    def ask(self, path: str = "/people/1", source: str = "127.0.0.1", **headers: str) -> tuple[int, dict[str, str]]:
        """Status and headers of an answer; 0 when there is none at once."""
        sent = {"User-Agent": BROWSER, "Host": "shop.example", "Connection": "close"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=0.4, source_address=(source, 0))
        try:
            connection.request("GET", path, headers=sent)
            answer = connection.getresponse()
            answer.read()
        except (TimeoutError, http.client.RemoteDisconnected, ConnectionError):
            return 0, {}
        finally:
            connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}

    def served(self, paths: tuple[str, ...] = ("/people/1",), vary: str = "", **headers: str) -> int:
        """How many of several requests in a row are served; `vary` is a header with another value each time."""
        answers = []
        for number in range(ASKED):
            more = {vary: f"192.0.2.{number}"} if vary else {}
            answers.append(self.ask(paths[number % len(paths)], **headers, **more)[0])
        return answers.count(200)


def free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def running(prefix: Path, http_level: str, server_level: str) -> Iterator[Server]:
    """An nginx with this configuration, which stands in `nginx.conf` of its prefix."""
    for name in ("temp", *(f"html/{Path(file).parent}" for file in FILES)):
        (prefix / name).mkdir(parents=True, exist_ok=True)
    for file in FILES:
        (prefix / "html" / file).write_text("a page", "utf-8")
    (prefix / "users").write_text("ada:{PLAIN}quill\n", "utf-8")
    port, behind = free_port(), free_port()
    text = MAIN.format(http=http_level, server=server_level.replace("BEHIND", str(behind)), port=port, behind=behind)
    (prefix / "nginx.conf").write_text(text, "utf-8")
    command = [str(NGINX), "-p", str(prefix), "-e", "stderr", "-c", str(prefix / "nginx.conf")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        _wait(port, process)
        yield Server(port)
    finally:
        process.kill()
        process.communicate()


def _wait(port: int, process: subprocess.Popen[str]) -> None:
    for _ in range(200):
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            pytest.fail(f"nginx does not start: {process.communicate()[1]}")
        time.sleep(0.02)
    pytest.fail("nginx does not listen")


@dataclass
class Case:
    """A configuration, what the verifier says of it (readings, or words of why not), and what the server does."""

    name: str
    server: str
    says: dict[str, object] | str
    does: Callable[[Server], Any]
    is_seen: Any
    http: str = ""
    subject: dict[str, object] = field(default_factory=lambda: {"family": "rate_limit"})
    location: str = ""
    urls: tuple[str, ...] = ("/people/*",)


def limited(server: Server) -> int:
    return server.served()


def robots(server: Server) -> str | None:
    return server.ask()[1].get("x-robots-tag")


def by_name(server: Server) -> tuple[int, int]:
    """What a crawler gets, and what a browser gets."""
    return server.ask(User_Agent="Mozilla/5.0 (compatible; GPTBot/1.2; +https://crawler.example/about)")[0], server.ask()[0]


def status(server: Server) -> int:
    return server.ask()[0]


SURFACE: dict[str, object] = {"kind": "page", "url": "/people/*"}
SIGNAL: dict[str, object] = {"family": "crawler_signal"}
AGENTS: dict[str, object] = {"family": "user_agent_block"}
ENFORCED = {"status": "deployed", "params.limit": 1, "params.window": "minute", "params.burst": 0, "params.unit": "ip"}
LOOSE = {**ENFORCED, "params.limit": 1000, "params.window": "second"}

CASES = [
    Case("inherited", "limit_req zone=visitors; location /people/ { }", ENFORCED, limited, 1),
    Case(
        "nested",
        "location /people/ { limit_req zone=visitors; location /people/public/ { } }",
        ENFORCED,
        lambda s: s.served(("/people/public/1",)),
        1,
        urls=("/people/public/*",),
    ),
    Case(
        "replaced",
        "limit_req zone=visitors; location /people/ { limit_req zone=loose burst=100 nodelay; }",
        {**ENFORCED, "params.limit": 60000, "params.burst": 100},
        limited,
        ASKED,
    ),
    Case(
        "dry run",
        "limit_req_dry_run on; location /people/ { limit_req zone=visitors; }",
        {**ENFORCED, "status": "observing"},
        limited,
        ASKED,
    ),
    Case(
        "dry run of connections only",
        "limit_conn_dry_run on; location /people/ { limit_req zone=visitors; }",
        ENFORCED,
        limited,
        1,
    ),
    Case(
        "regex override, the prefix named",
        r"location / { limit_req zone=visitors; } location ~* ^/PEOPLE/\d+$ { } location ~ l { }",
        "does not serve",
        limited,
        ASKED,
        location="/",
    ),
    Case(
        "regex override, found",
        r"location /people/ { limit_req zone=visitors; } location ~ ^/p(eople|laces)/ { }",
        {"status": "planned"},
        limited,
        ASKED,
    ),
    Case(
        "no regex after ^~",
        r"location ^~ /people/ { limit_req zone=visitors; } location ~ ^/people/ { }",
        ENFORCED,
        limited,
        1,
    ),
    Case(
        "exact",
        "location = /people/1 { limit_req zone=visitors; } location / { }",
        ENFORCED,
        limited,
        1,
        urls=("/people/1",),
    ),
    Case(
        "burst without delay",
        "location /people/ { limit_req zone=visitors burst=3 nodelay; }",
        {**ENFORCED, "params.burst": 3},
        limited,
        4,
    ),
    Case(
        "burst with a delay",
        "location /people/ { limit_req zone=visitors burst=4 delay=2; }",
        {**ENFORCED, "params.burst": 2},
        limited,
        3,
    ),
    Case(
        "a spoofed key",
        "location /people/ { limit_req zone=spoofed; }",
        {"status": "observing", "params.limit": 1, "params.window": "minute", "params.burst": 0},
        lambda s: s.served(vary="X_Forwarded_For"),
        ASKED,
        http="limit_req_zone $http_x_forwarded_for zone=spoofed:1m rate=1r/m;",
    ),
    Case(
        "a key that holds the page",
        "location /people/ { limit_req zone=pages; }",
        {"status": "observing", "params.limit": 1, "params.window": "minute", "params.burst": 0},
        lambda s: s.served(("/people/1", "/people/2")),
        2,
        http="limit_req_zone $binary_remote_addr$uri zone=pages:1m rate=1r/m;",
    ),
    Case(
        "one counter for everybody",
        "location /people/ { limit_req zone=all; }",
        "one counter for everybody",
        lambda s: [s.ask()[0], s.ask(source="127.0.0.2")[0]],
        [200, 429],
        http="limit_req_zone everybody zone=all:1m rate=1r/m;",
    ),
    Case(
        "one counter an address",
        "location /people/ { limit_req zone=visitors; }",
        ENFORCED,
        lambda s: [s.ask()[0], s.ask(source="127.0.0.2")[0], s.ask()[0]],
        [200, 200, 429],
    ),
    Case(
        "everybody exempt",
        "location /people/ { limit_req zone=some; }",
        {"status": "planned"},
        limited,
        ASKED,
        http='geo $is_limited { default 1; 0.0.0.0/0 0; } map $is_limited $who { 0 ""; 1 $binary_remote_addr; }'
        " limit_req_zone $who zone=some:1m rate=1r/m;",
    ),
    Case(
        "everybody exempt in two halves",
        "location /people/ { limit_req zone=some; }",
        {"status": "planned"},
        limited,
        ASKED,
        http="geo $is_limited { default 1; 0.0.0.0/1 0; 128.0.0.0/1 0; }"
        ' map $is_limited $who { 0 ""; 1 $binary_remote_addr; }'
        " limit_req_zone $who zone=some:1m rate=1r/m;",
    ),
    Case(
        "exempt by name",
        "location /people/ { limit_req zone=some; }",
        {"status": "observing", "params.limit": 1, "params.window": "minute", "params.burst": 0},
        lambda s: (s.served(), s.served(User_Agent="Googlebot/2.1")),
        (1, ASKED),
        http='map $http_user_agent $who { ~*googlebot ""; default $binary_remote_addr; }'
        " limit_req_zone $who zone=some:1m rate=1r/m;",
    ),
    Case(
        "any client's header believed",
        "set_real_ip_from 0.0.0.0/0; location /people/ { limit_req zone=visitors; }",
        {"status": "observing", "params.limit": 1, "params.window": "minute", "params.burst": 0},
        lambda s: s.served(vary="X_Real_IP"),
        ASKED,
    ),
    Case(
        "connections only",
        "location /people/ { limit_conn open 1; }",
        {"status": "planned"},
        limited,
        ASKED,
        http="limit_conn_zone $binary_remote_addr zone=open:1m;",
    ),
    Case(
        "answered before",
        'location /people/ { limit_req zone=visitors; return 200 "a page"; }',
        {"status": "planned"},
        limited,
        ASKED,
    ),
    Case(
        "sent on before",
        "location /people/ { limit_req zone=visitors; rewrite ^/people/(.*)$ /other/1 last; }",
        "sends requests",
        limited,
        ASKED,
    ),
    Case(
        "refused, and served after all",
        "location /people/ { limit_req zone=visitors; error_page 429 = @late; }"
        " location @late { proxy_pass http://127.0.0.1:BEHIND; }",
        "in its own way",
        limited,
        ASKED,
    ),
    Case(
        "refused with a page",
        "location /people/ { limit_req zone=visitors; error_page 429 /slow.html; }",
        ENFORCED,
        limited,
        1,
    ),
    # --- headers
    Case(
        "a header taken over",
        'add_header X-Robots-Tag "noai, noindex"; location /people/ { }',
        {"status": "deployed", "params.standards": ["x_robots_tag"]},
        robots,
        "noai, noindex",
        subject=SIGNAL,
    ),
    Case(
        "a header lost",
        'add_header X-Robots-Tag noindex; location /people/ { add_header Cache-Control "no-cache"; }',
        {"status": "planned"},
        robots,
        None,
        subject=SIGNAL,
    ),
    Case(
        "a header emptied",
        'add_header X-Robots-Tag noindex; location /people/ { add_header X-Robots-Tag ""; }',
        {"status": "planned"},
        robots,
        None,
        subject=SIGNAL,
    ),
    Case(
        "a header for one crawler",
        'location /people/ { add_header X-Robots-Tag "googlebot: noindex, nofollow"; }',
        {"status": "deployed", "params.standards": ["x_robots_tag"], "params.agents": ["googlebot"]},
        robots,
        "googlebot: noindex, nofollow",
        subject=SIGNAL,
    ),
    Case(
        "a header behind a hidden one",
        "location /people/ { proxy_hide_header X-Robots-Tag; proxy_pass http://127.0.0.1:BEHIND; }",
        {"status": "planned"},
        robots,
        None,
        subject=SIGNAL,
    ),
    Case(
        "a header lost where try_files hands on",
        "add_header X-Robots-Tag noindex; location /people/ { try_files /none @program; }"
        " location @program { add_header X-Program yes; proxy_pass http://127.0.0.1:BEHIND; }",
        "where X-Robots-Tag differs",
        robots,
        None,
        subject=SIGNAL,
    ),
    Case(
        "a header lost at an index page",
        "location = / { add_header X-Robots-Tag noindex; } location / { }",
        "where X-Robots-Tag differs",
        lambda s: s.ask("/")[1].get("x-robots-tag"),
        None,
        subject=SIGNAL,
        urls=("/",),
    ),
    Case(
        "a header of successful answers",
        "location /people/ { add_header X-Robots-Tag noindex; }",
        {"status": "deployed", "params.standards": ["x_robots_tag"]},
        lambda s: [s.ask(path)[1].get("x-robots-tag") for path in ("/people/1", "/people/none")],
        ["noindex", None],
        subject=SIGNAL,
    ),
    Case(
        "a header of a surface",
        "location /people/ { add_header X-Robots-Tag none; }",
        {"search_indexing": "refused"},
        robots,
        "none",
        subject=SURFACE,
    ),
    # --- names
    Case(
        "names refused",
        "if ($http_user_agent ~* (GPTBot|CCBot)) { return 403; } location /people/ { }",
        {"status": "deployed", "params.agents": ["GPTBot", "CCBot"]},
        by_name,
        (403, 200),
        subject=AGENTS,
    ),
    Case(
        "names refused through a map",
        "location /people/ { if ($is_robot) { return 444; } }",
        {"status": "deployed", "params.agents": ["gptbot"]},
        by_name,
        (0, 200),
        subject=AGENTS,
        http='map $http_user_agent $is_robot { default 0; "~*googlebot" 0; "~*gptbot" 1; }',
    ),
    Case(
        "names let through first",
        "location /people/ { if ($is_robot) { return 403; } }",
        "is not decided here",
        by_name,
        (200, 200),
        subject=AGENTS,
        http='map $http_user_agent $is_robot { default 0; "~*mozilla" 0; "~*gptbot" 1; }',
    ),
    Case(
        "a condition is not taken over",
        "location /people/ { if ($http_user_agent ~ GPTBot) { return 403; } location /people/public/ { } }",
        {"status": "planned"},
        lambda s: s.ask("/people/public/1", User_Agent="GPTBot/1.0")[0],
        200,
        subject=AGENTS,
        urls=("/people/public/*",),
    ),
    Case(
        "names in the wrong case",
        "if ($http_user_agent ~ gptbot) { return 403; } location /people/ { }",
        {"status": "deployed"},
        by_name,
        (200, 200),
        subject={**AGENTS, "params": {"agents": ["GPTBot"]}},
    ),
    Case(
        "names that are not refused",
        "if ($http_user_agent ~* ccbot) { return 403; } location /people/ { }",
        {"status": "deployed", "params.agents": ["ccbot"]},
        by_name,
        (200, 200),
        subject={**AGENTS, "params": {"agents": ["GPTBot"]}},
    ),
    Case(
        "names the server's conditions let through, and the location's refuse",
        "if ($http_user_agent ~* gptbot) { break; } if ($http_user_agent ~* gptbot) { return 410; }"
        " location /people/ { if ($http_user_agent ~* gptbot) { return 403; } }",
        {"status": "deployed", "params.agents": ["gptbot"]},
        by_name,
        (403, 200),
        subject=AGENTS,
    ),
    Case(
        "names that a variable stands for",
        'set $block 0; if ($http_user_agent ~* "(GPTBot|CCBot)") { set $block 1; }'
        ' if ($request_uri = "/robots.txt") { set $block 0; } if ($block) { return 403; } location /people/ { }',
        {"status": "deployed", "params.agents": ["GPTBot", "CCBot"]},
        by_name,
        (403, 200),
        subject=AGENTS,
    ),
    Case(
        "the last of two maps",
        "if ($bad) { return 403; } location /people/ { }",
        {"status": "deployed", "params.agents": ["gptbot"]},
        by_name,
        (403, 200),
        http="map $http_user_agent $bad { default 0; ~*ccbot 1; } map $http_user_agent $bad { default 0; ~*gptbot 1; }",
        subject=AGENTS,
    ),
    # --- signing in
    Case("closed", "location /people/ { deny all; }", {"auth": "required"}, status, 403, subject=SURFACE),
    Case("closed by a return", "location /people/ { return 403; }", {"auth": "required"}, status, 403, subject=SURFACE),
    Case(
        "closed, and opened again",
        "deny all; location /people/ { allow 127.0.0.0/8; }",
        "nothing asks",
        status,
        200,
        subject=SURFACE,
    ),
    Case(
        "a password",
        'location /people/ { auth_basic "members"; auth_basic_user_file users; }',
        {"auth": "required"},
        lambda s: (s.ask()[0], s.ask(Authorization="Basic YWRhOnF1aWxs")[0]),
        (401, 200),
        subject=SURFACE,
    ),
    Case(
        "a password without users",
        'location /people/ { auth_basic "members"; }',
        "asks nothing",
        status,
        200,
        subject=SURFACE,
    ),
    Case(
        "a password turned off",
        'auth_basic "members"; auth_basic_user_file users; location /people/ { auth_basic off; }',
        {"auth": "none"},
        status,
        200,
        subject=SURFACE,
    ),
    Case(
        "a password or an address",
        'satisfy any; allow 127.0.0.1; deny all; auth_basic "members"; auth_basic_user_file users; location /people/ { }',
        "satisfy any",
        status,
        200,
        subject=SURFACE,
    ),
    Case(
        "asked elsewhere",
        "location /people/ { auth_request /asked; } location = /asked { internal; proxy_pass http://127.0.0.1:1; }",
        {"auth": "required"},
        status,
        500,
        subject=SURFACE,
    ),
    Case(
        "asked elsewhere and always granted",
        "location /people/ { auth_request /asked; } location = /asked { return 204; }",
        "nothing asks",
        status,
        200,
        subject=SURFACE,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_account_is_what_the_server_does(case: Case, tmp_path: Path) -> None:
    with running(tmp_path, case.http, case.server) as server:
        seen = case.does(server)
    entry = {
        "kind": "nginx",
        "path": "nginx.conf",
        "server": "shop.example",
        "location": case.location,
        "urls": [*case.urls],
    }
    account = nginx.account(Opener(tmp_path), "nginx.conf", entry, case.subject)
    assert seen == case.is_seen
    if isinstance(case.says, str):
        assert case.says in account.unreadable
        assert account.readings == ()
    else:
        assert account.unreadable == ""
        assert {".".join(reading.path): reading.value for reading in account.readings} == case.says


# --- which location takes an address ---

WORDS = ("/", "/a", "/a/", "/a/b", "/a/b/", "/ab", "/b/", "/a/1")
EXPRESSIONS = (
    r"^/a/\d+$",
    r"^/(a|b)/",
    r"\.(png|jpe?g)$",
    "b",
    "^/[a-c]{2,3}$",
    r"^/a(?:/b)?/?$",
    r"^/(?<first>[^/]+)/[^/]+$",
    r"/\w+\.P",
    r"^/a.+1",
    r"^/[^ab]",
    "^(/a)+$",
    r"^/a/b$|^/b/",
)
ASKED_FOR = (
    "/",
    "/a",
    "/a/",
    "/a/b",
    "/a/b/",
    "/a/b/c",
    "/ab",
    "/abc",
    "/b/",
    "/b/1",
    "/a/1",
    "/a/12",
    "/a/x.png",
    "/b/x.jpeg",
    "/c",
    "/c/d",
    "/a/a",
    "/B",
    "/x.php",
    "/a/b.png",
)


def drawn(chance: random.Random, outer: str, counter: Iterator[int], depth: int = 0) -> str:
    """Some locations, each of which says its number in a header; nested ones begin as the outer does."""
    lines = []
    signs = {}
    for _ in range(chance.randint(1, 5)):
        sign = chance.choice(("", "", "=", "^~", "~", "~*"))
        plain = chance.choice([word for word in WORDS if word.startswith(outer)] or [outer])
        words = f"{sign} {chance.choice(EXPRESSIONS) if '~' in sign and sign != '^~' else plain}"
        if words.replace("^~", "").strip() in signs or (sign == "=" and depth):
            continue
        signs[words.replace("^~", "").strip()] = True
        is_plain = sign in ("", "^~")
        inner = drawn(chance, plain, counter, depth + 1) if depth < 2 and is_plain and chance.random() < 0.4 else ""
        quoted = f'{sign} "{words.strip().split(" ", 1)[-1]}"'
        lines.append(f"location {quoted} {{ add_header X-Place {next(counter)} always; {inner} }}")
    return " ".join(lines)


def test_an_address_goes_to_the_location_that_nginx_chooses(tmp_path: Path) -> None:
    chance = random.Random(20261121)
    names = [f"h{number}.example" for number in range(60)]
    blocks = [
        f"server {{ listen 127.0.0.1:PORT; server_name {name}; add_header X-Place 0 always;"
        f" {drawn(chance, '/', iter(range(1, 1000)))} }}"
        for name in names
    ]
    port = free_port()
    with running(tmp_path, "index absent;\n" + "\n".join(blocks).replace("PORT", str(port)), "") as server:
        server.port = port
        answers = {(name, path): server.ask(path, Host=name)[1].get("x-place") for name in names for path in ASKED_FOR}
    files = Files(Opener(tmp_path), "")
    http_level = http_of(files.statements("nginx.conf"), "nginx.conf", files)
    places = dict(zip(names, servers(http_level)[: len(names)], strict=True))
    for (name, path), seen in answers.items():
        try:
            found = resolve(places[name], path, http_level)
        except Unsaid as unsaid:
            pytest.fail(f"{name}{path}: {unsaid}")
        said = next(item.args[1] for level in reversed(found.levels) for item in level if item.name == "add_header")
        assert said == seen, (name, path)
