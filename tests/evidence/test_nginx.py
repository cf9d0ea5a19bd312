"""What nginx configurations say about a declared rate limit, when they say nothing, and how the files are read."""

from __future__ import annotations

import os
import sys
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
HEAD = "events {}\nhttp {\n limit_req_zone $binary_remote_addr zone=z:1m rate=1r/s;\n"
TAIL = " server { location / { limit_req zone=z; } }\n}\n"


def heard(file: str, *, root: Path = FIXTURES, window: str | None = "minute", **options: object) -> Account:
    """The account of one file on a rate limit declared in `window`."""
    subject = {"id": "edge", "family": "rate_limit", "params": {"limit": 1, "window": window}}
    return nginx.account(Opener(root), file, {"kind": "nginx", "path": file, **options}, subject)


def written(root: Path, text: str | bytes, **options: str | None) -> Account:
    """The account of a file with this content."""
    (root / "nginx.conf").write_bytes(text if isinstance(text, bytes) else text.encode())
    window = options.pop("window", "minute")
    return heard("nginx.conf", root=root, window=window, **options)


def said(account: Account) -> dict[str, object]:
    """The values read, by their path; a file that could not be read fails the test here."""
    assert account.unreadable == ""
    return {".".join(reading.path): reading.value for reading in account.readings}


def note(account: Account, path: str) -> str:
    return next(reading.note for reading in account.readings if ".".join(reading.path) == path)


def places(account: Account) -> dict[str, tuple[str, int]]:
    return {".".join(reading.path): (reading.file, reading.line) for reading in account.readings}


def silent(account: Account) -> str:
    """Why an account says nothing; and it must then say nothing at all."""
    assert account.readings == ()
    assert not account.supported
    assert account.unreadable
    return account.unreadable


# --- what is in effect ---


def test_controls_and_surfaces_are_spoken_of() -> None:
    assert frozenset({"control", "surface"}) == nginx.KINDS_OF_SUBJECT


def test_a_working_limit_is_deployed_and_each_value_stands_at_its_directive() -> None:
    account = heard("shop.conf", location="location /products/")
    assert said(account) == {
        "status": "deployed",
        "params.limit": 5,
        "params.window": "minute",
        "params.burst": 20,
        "params.unit": "ip",
    }
    assert places(account) == {
        "status": ("shop.conf", 18),
        "params.limit": ("shop.conf", 5),
        "params.window": ("shop.conf", 5),
        "params.burst": ("shop.conf", 18),
        "params.unit": ("shop.conf", 5),
    }
    assert [seen.path for seen in account.artefacts] == ["shop.conf"]
    assert all(reading.column == 1 for reading in account.readings)


def test_the_burst_is_named_but_not_counted() -> None:
    assert "burst comes on top" in note(heard("shop.conf", location="/products/"), "params.limit")
    assert "burst" not in note(heard("several.conf", location="/"), "params.limit")


@pytest.mark.parametrize("location", ["/products/", "location /products/", " location  /products/ {", '"/products/"'])
def test_a_location_may_be_written_with_or_without_its_word(location: str) -> None:
    assert said(heard("shop.conf", location=location))["status"] == "deployed"


@pytest.mark.parametrize("location", ["= /health", "=/health", r"~* \.(png|jpg)$", r"location ~*\.(png|jpg)$"])
def test_modifiers_belong_to_a_location_however_they_are_spaced(location: str) -> None:
    assert said(heard("shop.conf", location=location)) == {"status": "planned"}


def test_a_prefix_is_not_the_exact_location_of_the_same_path() -> None:
    assert "location /health is not in the configuration" in silent(heard("shop.conf", location="/health"))


def test_no_limit_in_effect_is_planned_at_the_location() -> None:
    account = heard("unlimited.conf", location="/open/")
    assert said(account) == {"status": "planned"}
    assert places(account) == {"status": ("unlimited.conf", 8)}
    assert note(account, "status") == "no limit_req is in effect for location /open/"


@pytest.mark.parametrize(
    ("server", "location", "limit"),
    [
        ("one.example", "/inherits/", 60),
        ("one.example", "/replaces/", 6000),
        ("one.example", "/replaces/nested/", 6000),
        ("two.example", "/inherits/", 6000),
        ("TWO.example", None, 6000),
        ("two.example", None, 6000),
    ],
)
def test_a_level_inherits_limits_only_if_it_has_none(server: str, location: str | None, limit: int) -> None:
    assert said(heard("inherited.conf", server=server, location=location))["params.limit"] == limit


def test_a_server_meant_as_a_whole_names_the_locations_that_differ() -> None:
    account = heard("inherited.conf", server="one.example")
    assert said(account)["params.limit"] == 60
    assert "server one.example, except location /replaces/" in note(account, "status")


def test_the_same_location_in_two_servers_needs_the_server() -> None:
    assert "stands more than once; name one with server" in silent(heard("inherited.conf", location="/inherits/"))


def test_several_servers_and_no_location_need_the_server() -> None:
    assert "several servers" in silent(heard("inherited.conf"))


def test_a_server_that_only_redirects_is_not_the_one_meant() -> None:
    assert "limit_req stands in location /products/; name a location" in silent(heard("shop.conf", server="shop.example"))


def test_a_location_that_does_not_exist_is_unreadable_and_the_others_are_listed() -> None:
    account = heard("shop.conf", location="/product/")
    assert silent(account).endswith("it has: location /products/, location = /health, location ~* \\.(png|jpg)$")
    assert account.unreadable_at == ("shop.conf", 0)
    assert len(account.artefacts) == 1


def test_a_server_that_does_not_exist_is_unreadable_and_the_others_are_listed() -> None:
    assert "it has: server shop.example" in silent(heard("shop.conf", server="else.example"))


def test_dry_run_only_observes_and_is_inherited_by_its_own_rules() -> None:
    account = heard("dry-run.conf", location="/counted/")
    assert said(account)["status"] == "observing"
    assert places(account)["status"] == ("dry-run.conf", 5)
    assert "limit_req_dry_run is on" in note(account, "status")
    assert said(heard("dry-run.conf", location="/enforced/"))["status"] == "deployed"


def test_of_several_limits_the_strictest_counts_and_all_are_named() -> None:
    account = heard("several.conf", location="/", window="hour")
    assert said(account)["params.limit"] == 1800
    assert places(account)["params.limit"] == ("several.conf", 5)
    assert "zone=second, zone=minute" in note(account, "status")
    assert "zone=minute counts" in note(account, "status")


def test_the_evidence_can_name_the_zone_it_means() -> None:
    assert said(heard("several.conf", location="/", zone="second"))["params.limit"] == 120
    assert said(heard("several.conf", location="/", zone="other")) == {"status": "planned"}


# --- rates ---


@pytest.mark.parametrize(
    ("rate", "window", "limit"),
    [
        ("10r/s", "second", 10),
        ("10r/s", "minute", 600),
        ("10r/s", "hour", 36000),
        ("10r/s", "day", 864000),
        ("30r/m", "minute", 30),
        ("30r/m", "hour", 1800),
        ("30r/m", "day", 43200),
        ("30r/m", "second", 1),
        ("61r/m", "second", 2),
    ],
)
def test_rates_are_told_in_the_declared_window(tmp_path: Path, rate: str, window: str, limit: int) -> None:
    account = written(tmp_path, (HEAD + TAIL).replace("1r/s", rate), location="/", window=window)
    assert (said(account)["params.limit"], said(account)["params.window"]) == (limit, window)


def test_a_rate_that_is_not_whole_in_the_window_is_rounded_to_the_looser_side(tmp_path: Path) -> None:
    account = written(tmp_path, (HEAD + TAIL).replace("1r/s", "61r/m"), location="/", window="second")
    assert "rounded up" in note(account, "params.limit")


@pytest.mark.parametrize(("rate", "window", "limit"), [("3r/s", "second", 3), ("3r/m", "minute", 3)])
@pytest.mark.parametrize("declared", [None, "fortnight"])
def test_without_a_declared_window_the_rate_keeps_its_own(
    tmp_path: Path, rate: str, window: str, limit: int, declared: str | None
) -> None:
    account = written(tmp_path, (HEAD + TAIL).replace("1r/s", rate), location="/", window=declared)
    assert (said(account)["params.limit"], said(account)["params.window"]) == (limit, window)


@pytest.mark.parametrize("params", [None, {}, {"window": None}])
def test_a_control_without_parameters_is_still_answered(params: object) -> None:
    subject = {"id": "edge", "family": None, "params": params}
    account = nginx.account(Opener(FIXTURES), "shop.conf", {"location": "/products/"}, subject)
    assert said(account)["params.limit"] == 5


def test_a_control_of_another_family_is_not_spoken_of() -> None:
    account = nginx.account(Opener(FIXTURES), "shop.conf", {"location": "/products/"}, {"family": "challenge"})
    assert "family rate_limit, crawler_signal, user_agent_block, not challenge" in silent(account)


def test_notes_never_tell_the_numbers() -> None:
    for location in ("/products/", "= /health"):
        for reading in heard("shop.conf", location=location, window="hour").readings:
            assert not any(number in reading.note for number in ("300", "5r/m", "20"))


# --- whom the key counts ---


@pytest.mark.parametrize("location", ["/address/", "/both/"])
def test_a_key_of_addresses_counts_by_ip(location: str) -> None:
    account = heard("keys.conf", location=location)
    assert (said(account)["status"], said(account)["params.unit"]) == ("deployed", "ip")


@pytest.mark.parametrize("location", ["/header/", "/argument/", "/cookie/", "/hop/"])
def test_a_key_that_clients_can_vary_only_observes(location: str) -> None:
    account = heard("keys.conf", location=location)
    assert said(account) == {"status": "observing", "params.limit": 60, "params.window": "minute", "params.burst": 0}
    assert "the limit can be bypassed" in note(account, "status")


@pytest.mark.parametrize("location", ["/account/", "/allowlist/"])
def test_a_key_that_may_leave_requests_out_gives_the_rate_and_nothing_else(location: str) -> None:
    account = heard("keys.conf", location=location)
    assert said(account) == {"params.limit": 60, "params.window": "minute", "params.burst": 0}
    assert "the key of zone=" in note(account, "params.limit")


@pytest.mark.parametrize("key", ["$server_name", "everybody", "$scheme:$server_port", "$host", "$table"])
def test_one_counter_for_everybody_limits_no_actor(tmp_path: Path, key: str) -> None:
    head = HEAD.replace("$binary_remote_addr", key) + " map $remote_addr $table { default one; 192.0.2.1 two; }\n"
    account = written(tmp_path, head + TAIL, location="/")
    assert "counts no actor" in silent(account)
    assert account.unreadable_at == ("nginx.conf", 3)


def test_a_limit_for_each_address_counts_before_one_for_everybody(tmp_path: Path) -> None:
    head = HEAD + " limit_req_zone all zone=all:1m rate=1r/m;\n"
    account = written(
        tmp_path, head + TAIL.replace("limit_req zone=z;", "limit_req zone=all; limit_req zone=z;"), location="/"
    )
    assert (said(account)["params.limit"], said(account)["params.unit"]) == (60, "ip")


@pytest.mark.parametrize(
    "key",
    ["$http_x_real_ip", "$proxy_add_x_forwarded_for", "$binary_remote_addr$uri", "$remote_addr$http_user_agent", "$arg_key"],
)
def test_what_a_request_can_vary_opens_new_counters(tmp_path: Path, key: str) -> None:
    account = written(tmp_path, HEAD.replace("$binary_remote_addr", key) + TAIL, location="/")
    assert said(account)["status"] == "observing"
    assert "params.unit" not in said(account)


@pytest.mark.parametrize(
    "key",
    [
        "$http_authorization", "$http_x_api_key", "$binary_remote_addr$host", "$account_id", "$http_cf_connecting_ip",
        "$http_true_client_ip",
    ],
)  # fmt: skip
def test_a_key_whose_worth_stands_elsewhere_is_no_unit(tmp_path: Path, key: str) -> None:
    account = written(tmp_path, HEAD.replace("$binary_remote_addr", key) + TAIL, location="/")
    assert {"params.limit", "params.window", "params.burst"} == set(said(account))


def test_a_name_that_signs_in_is_an_account_only_where_it_is_asked_for(tmp_path: Path) -> None:
    head = HEAD.replace("$binary_remote_addr", "$remote_user")
    assert said(written(tmp_path, head + TAIL, location="/"))["status"] == "observing"
    asked = head + " auth_basic members; auth_basic_user_file users;\n" + TAIL
    account = written(tmp_path, asked, location="/")
    assert (said(account)["status"], said(account)["params.unit"]) == ("deployed", "account")


MAPS = {
    "all exempt": ("geo $in { default 1; 0.0.0.0/0 0; } map $in $key { 0 ''; 1 $binary_remote_addr; }", "planned"),
    "both halves": ("geo $in { default 1; 0.0.0.0/1 0; 128.0.0.0/1 0; } map $in $key { 0 ''; 1 $remote_addr; }", "planned"),
    "no value": ("map $remote_addr $key { default ''; }", "planned"),
    "IPv6 exempt": ("geo $in { default 1; ::/0 0; } map $in $key { 0 ''; 1 $binary_remote_addr; }", "observing"),
    "by name": ("map $http_user_agent $key { default $binary_remote_addr; ~*googlebot ''; }", "observing"),
    "by a mapped name": (
        "map $http_user_agent $in { default 1; ~*bot 0; } map $in $key { 0 ''; 1 $binary_remote_addr; }",
        "observing",
    ),
    "by a header's address": (
        "geo $http_x_real_ip $in { default 1; 10.0.0.0/8 0; } map $in $key { 0 ''; 1 $remote_addr; }",
        "observing",
    ),
    "some networks": ("geo $in { default 1; 10.0.0.0/8 0; } map $in $key { 0 ''; 1 $binary_remote_addr; }", None),
    "another file": ("geo $in { default 1; include /etc/nets; } map $in $key { 0 ''; 1 $binary_remote_addr; }", None),
    "a loop": ("map $b $key { default $remote_addr; 1 ''; } map $key $b { default 1; }", None),
}


@pytest.mark.parametrize(("blocks", "status"), MAPS.values(), ids=MAPS)
def test_whom_a_map_exempts_decides_what_the_limit_is_worth(tmp_path: Path, blocks: str, status: str | None) -> None:
    account = written(tmp_path, HEAD.replace("$binary_remote_addr", "$key") + blocks + TAIL, location="/")
    assert said(account).get("status") == status
    assert "params.unit" not in said(account)


def test_networks_in_an_included_file_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "nets").write_text("0.0.0.0/0 0;\n")
    blocks = "geo $in { default 1; include nets; } map $in $key { 0 ''; 1 $binary_remote_addr; }"
    account = written(tmp_path, HEAD.replace("$binary_remote_addr", "$key") + blocks + TAIL, location="/")
    assert said(account) == {"status": "planned"}
    assert "nets" in [seen.path for seen in account.artefacts]


def test_that_nobody_is_exempt_is_read_where_it_is_declared(tmp_path: Path) -> None:
    (tmp_path / "nginx.conf").write_text(HEAD + TAIL)
    subject = {"family": "rate_limit", "params": {"exempt": []}}
    account = nginx.account(Opener(tmp_path), "nginx.conf", {"location": "/"}, subject)
    assert said(account)["params.exempt"] == []


# --- bursts ---


@pytest.mark.parametrize(
    ("words", "burst"),
    [
        ("", 0),
        ("burst=5 nodelay", 5),
        ("nodelay burst=5", 5),
        ("burst=5 delay=2", 2),
        ("burst=2 delay=5", 2),
        ("burst=5", None),
    ],
)
def test_a_burst_is_read_where_it_is_settled_how_much_comes_at_once(tmp_path: Path, words: str, burst: int | None) -> None:
    account = written(tmp_path, HEAD + TAIL.replace("zone=z", f"zone=z {words}"), location="/")
    assert said(account).get("params.burst") == burst


@pytest.mark.parametrize("word", ["burst=many", "burst=", "burst=-1"])
def test_a_burst_that_is_no_number_is_unreadable(tmp_path: Path, word: str) -> None:
    assert "is no number" in silent(written(tmp_path, HEAD + TAIL.replace("zone=z", f"zone=z {word}"), location="/"))


# --- connections, and what comes before a limit ---

CONNECTIONS = HEAD + " limit_conn_zone $binary_remote_addr zone=open:1m;\n"


def test_a_bound_on_connections_is_no_rate_limit(tmp_path: Path) -> None:
    text = CONNECTIONS + TAIL.replace("limit_req zone=z;", "limit_conn open 1;")
    account = written(tmp_path, text, location="/")
    assert said(account) == {"status": "planned"}
    assert "never the visits in an hour or a day" in note(account, "status")
    assert places(account)["status"] == ("nginx.conf", 5)


def test_a_zone_of_connections_can_be_meant_by_no_rate_limit(tmp_path: Path) -> None:
    text = CONNECTIONS + TAIL.replace("limit_req zone=z;", "limit_req zone=z; limit_conn open 1;")
    account = written(tmp_path, text, location="/", zone="open")
    assert "name a zone of limit_req_zone" in silent(account)
    assert account.unreadable_at == ("nginx.conf", 4)


def test_a_dry_run_of_connections_does_not_loosen_a_limit(tmp_path: Path) -> None:
    text = CONNECTIONS + TAIL.replace("limit_req zone=z;", "limit_req zone=z; limit_conn open 1; limit_conn_dry_run on;")
    assert said(written(tmp_path, text, location="/"))["status"] == "deployed"


def within(root: Path, inner: str, **options: str | None) -> Account:
    """The account of a limited location with further directives in it."""
    options.setdefault("location", "/")
    return written(root, HEAD + TAIL.replace("limit_req zone=z;", f"limit_req zone=z; {inner}"), **options)


def test_a_return_comes_before_any_limit(tmp_path: Path) -> None:
    account = within(tmp_path, "\nreturn 200 hello;")
    assert said(account) == {"status": "planned"}
    assert places(account)["status"] == ("nginx.conf", 5)


@pytest.mark.parametrize(
    ("inner", "is_read"),
    [
        ("rewrite ^/(.*)$ /other/$1 last;", False),
        ("rewrite ^ /other;", False),
        ("rewrite (a+ /b;", False),
        ("rewrite ^/(.*)$ /x/$1 break;", True),
        ("rewrite ^/old$ /new permanent;", True),
        ("rewrite ^/old$ https://shop.example/new;", True),
    ],
)
def test_a_rewrite_that_leads_elsewhere_comes_before_any_limit(tmp_path: Path, inner: str, is_read: bool) -> None:
    account = within(tmp_path, inner)
    assert is_read is ("sends requests" not in account.unreadable) is bool(account.readings)


def test_a_rewrite_of_the_server_matters_where_it_can_fit(tmp_path: Path) -> None:
    text = (
        HEAD
        + " server { rewrite ^/old/(.*) /new/$1 last;"
        + " location /products/ { limit_req zone=z; } location / { limit_req zone=z; } }}"
    )
    assert said(written(tmp_path, text, location="/products/"))["status"] == "deployed"
    assert "sends requests" in silent(written(tmp_path, text, location="/"))


@pytest.mark.parametrize(
    ("inner", "is_read"),
    [
        ("limit_req_status 429; error_page 429 = @late;", False),
        ("limit_req_status 429; error_page 503 429 @late;", False),
        ("error_page 503 = @late;", False),
        ("error_page 503 = @nowhere;", False),
        ("error_page 503 = /late$uri;", False),
        ("error_page 503 @static;", True),
        ("error_page 503 /slow.html;", True),
        ("error_page 404 = @late;", True),
        ("limit_req_status 429; error_page 503 = @late;", True),
    ],
)
def test_a_refused_request_that_is_served_after_all_is_not_limited(tmp_path: Path, inner: str, is_read: bool) -> None:
    late = " location @late { proxy_pass http://127.0.0.1:1; } location @static { root html; }"
    text = HEAD + TAIL.replace("limit_req zone=z; }", f"limit_req zone=z; {inner} }}{late}")
    account = written(tmp_path, text, location="/")
    assert is_read is ("in its own way" not in account.unreadable) is bool(account.readings)


@pytest.mark.parametrize(
    "inner", ["access_by_lua_block { limit() }", "js_content edge.answer;", "access_by_lua_file a.lua;"]
)
def test_no_limit_of_nginx_proves_nothing_where_a_program_in_it_decides(tmp_path: Path, inner: str) -> None:
    account = written(tmp_path, HEAD + TAIL.replace("limit_req zone=z;", inner), location="/")
    assert "decides there, which is not read" in silent(account)


def test_a_map_that_counts_only_some_requests_is_no_general_limit() -> None:
    account = heard("keys.conf", location="/bots/")
    assert "usually empty" in silent(account)
    assert account.unreadable_at == ("keys.conf", 29)


def test_an_empty_key_counts_nothing() -> None:
    account = heard("keys.conf", location="/nobody/")
    assert said(account) == {"status": "planned"}
    assert places(account)["status"] == ("keys.conf", 31)


def test_a_sound_limit_beside_one_that_can_be_bypassed_is_the_one_that_counts() -> None:
    account = heard("keys.conf", location="/header-and-address/")
    assert (said(account)["status"], said(account)["params.unit"]) == ("deployed", "ip")


def test_an_address_that_any_client_may_claim_only_observes() -> None:
    account = heard("trusting.conf", location="/")
    assert said(account)["status"] == "observing"
    assert "set_real_ip_from" in note(account, "status")


# --- includes ---


def test_included_files_are_read_and_name_themselves() -> None:
    account = heard("main.conf", location="/products/")
    assert said(account)["params.limit"] == 600
    assert places(account)["status"] == ("sites/shop.conf", 5)
    assert places(account)["params.limit"] == ("zones.conf", 2)
    assert [seen.path for seen in account.artefacts] == [
        "main.conf",
        "sites/empty.conf",
        "sites/shop.conf",
        "zones.conf",
    ]


def test_includes_start_at_the_main_files_folder_and_may_climb_inside_the_root(tmp_path: Path) -> None:
    (tmp_path / "deploy" / "conf.d").mkdir(parents=True)
    (tmp_path / "shared").mkdir()
    (tmp_path / "deploy" / "nginx.conf").write_text("events {}\nhttp {\n include conf.d/*.conf;\n" + TAIL)
    (tmp_path / "deploy" / "conf.d" / "a.conf").write_text("include ../shared/zones.conf;\n")
    (tmp_path / "shared" / "zones.conf").write_text("limit_req_zone $remote_addr zone=z:1m rate=1r/s;\n")
    account = heard("deploy/nginx.conf", root=tmp_path, location="/")
    assert places(account)["params.limit"] == ("shared/zones.conf", 1)


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("/etc/passwd", "absolute path"),
        ("/etc/nginx/conf.d/*.conf", "absolute path"),
        ("../outside.conf", "climbs above the root"),
        ("../*.conf", "climbs above the root"),
        ("gone.conf", "does not exist: gone.conf"),
        ("link.conf", "symbolic link"),
        ("lin?.conf", "symbolic link"),
        ("away/x.conf", "symbolic link"),
        ("folder", "not a regular file"),
        ("pipe", "not a regular file"),
        (".git/config", "in .git"),
        ('""', "blank"),
    ],
)
def test_an_include_that_leads_astray_is_unreadable_at_its_line(tmp_path: Path, target: str, why: str) -> None:
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("[core]")
    for outside in ("outside.conf", "x.conf"):
        (tmp_path / outside).write_text("limit_req zone=z;\n")
    (root / "link.conf").symlink_to("../outside.conf")
    (root / "away").symlink_to("..")
    os.mkfifo(root / "pipe")
    account = written(root, f"{HEAD} include {target};\n{TAIL}", location="/")
    assert why in silent(account)
    assert account.unreadable_at == ("nginx.conf", 4)
    assert [seen.path for seen in account.artefacts] == ["nginx.conf"]


def test_an_include_loop_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("include b.conf;\n")
    (tmp_path / "b.conf").write_text("\ninclude a.conf;\n")
    account = written(tmp_path, HEAD + " include a.conf;\n" + TAIL, location="/")
    assert silent(account) == "a.conf includes itself"
    assert account.unreadable_at == ("b.conf", 2)


def test_includes_may_not_multiply_without_end(tmp_path: Path) -> None:
    for level in range(12):
        (tmp_path / f"{level}.conf").write_text(f"include {level + 1}.conf;\n" * 3)
    (tmp_path / "12.conf").write_text("")
    assert "beyond the cap" in silent(written(tmp_path, "include 0.conf;\n", location="/"))


def test_includes_that_fit_no_file_are_counted_too(tmp_path: Path) -> None:
    assert "beyond the cap" in silent(written(tmp_path, "include none*;\n" * 5000, location="/"))


def test_a_chain_of_includes_has_an_end(tmp_path: Path) -> None:
    for level in range(60):
        (tmp_path / f"{level}.conf").write_text(f"include {level + 1}.conf;\n")
    (tmp_path / "60.conf").write_text("")
    assert "nested deeper" in silent(written(tmp_path, "include 0.conf;\n", location="/"))


def test_an_include_in_a_block_of_data_is_not_followed(tmp_path: Path) -> None:
    text = HEAD + " geo $x { include /etc/nginx/ranges; }\n types { include gone; }\n" + TAIL
    assert said(written(tmp_path, text, location="/"))["status"] == "deployed"


# --- parts of a configuration ---


def test_a_file_without_an_http_block_can_show_a_limit_but_not_its_absence() -> None:
    account = heard("part.conf", location="/limited/")
    assert said(account)["status"] == "deployed"
    assert "without the http block" in note(account, "status")
    assert "no http block" in silent(heard("part.conf", location="/open/"))


def test_a_zone_that_is_not_defined_is_unreadable(tmp_path: Path) -> None:
    account = written(tmp_path, HEAD.replace("zone=z:", "zone=other:") + TAIL, location="/")
    assert "zone z, which no limit_req_zone here defines" in silent(account)
    assert account.unreadable_at == ("nginx.conf", 4)


def test_a_zone_at_server_level_is_no_zone(tmp_path: Path) -> None:
    text = "http { server { limit_req_zone $remote_addr zone=z:1m rate=1r/s; location / { limit_req zone=z; }}}"
    why = silent(written(tmp_path, text, location="/"))
    assert "which no limit_req_zone here defines; limit_req_zone on line 1 stands outside of http" in why


# --- what is not a configuration ---


@pytest.mark.parametrize("name", ["envsubst", "jinja", "terraform", "placeholder"])
def test_a_template_is_never_a_confirmation(name: str) -> None:
    account = heard(f"template-{name}.conf", location="/")
    assert "template" in silent(account)
    assert account.unreadable_at == (f"template-{name}.conf", 4)


@pytest.mark.parametrize(
    "line",
    [
        "server_name ${HOST};",
        "{% if x %}",
        "<%= rate %>",
        "%{ if x }",
        "${limits}",
        "${var.x};",
        "# ok\n ${X};",
    ],
)
def test_a_template_anywhere_is_a_template(tmp_path: Path, line: str) -> None:
    assert "template" in silent(written(tmp_path, f"{HEAD} {line}\n{TAIL}", location="/"))


@pytest.mark.parametrize("line", ["# rate from ${RATE}, {{ later }}", 'set $x "${arg_x}";'])
def test_comments_and_variables_of_nginx_are_no_template(tmp_path: Path, line: str) -> None:
    assert said(written(tmp_path, f"{HEAD} {line}\n{TAIL}", location="/"))["status"] == "deployed"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "empty"),
        (" \n\n", "empty"),
        ("# only a comment\n", "empty"),
        (bytes(range(256)) * 4, "binary"),
        ("\x89PNG\r\n\x1a\n", "ends inside"),
        ("just some words", "ends inside"),
        ("This is prose; it goes on.", "ends inside"),
        ("Some-Prose here;", "not an nginx directive"),
        ("\ufeffevents {}\n", "not an nginx directive"),
        (HEAD, "unexpected end of file"),
        (HEAD + TAIL + "}", 'unexpected "}"'),
        (HEAD + TAIL + "limit_req_dry_run on", "ends inside"),
        (HEAD + ' server { location / { limit_req "zone=z; } }\n}\n', "unexpected end of file"),
        ("http { server { limit_req zone=z } }", 'unexpected "}"'),
        ("http { ; }", 'unexpected ";"'),
        ("{}", 'unexpected "{"'),
        ("http {} http {}", "twice"),
        (HEAD + " limit_req_zone;\n" + TAIL, "does not name one zone"),
        (HEAD.replace("1r/s", "0r/s") + TAIL, "no number"),
        (HEAD.replace("1r/s", "1.5r/s") + TAIL, "no number"),
        (HEAD.replace("1r/s", "9" * 5000 + "r/s") + TAIL, "no number"),
        (HEAD.replace(" rate=1r/s", "") + TAIL, "no number"),
        (HEAD + TAIL.replace("zone=z", "burst=1"), "does not name one zone"),
        (HEAD + HEAD.splitlines()[2] + TAIL, "defined twice"),
    ],
)
def test_what_nginx_would_not_load_is_unreadable(tmp_path: Path, content: str | bytes, why: str) -> None:
    assert why in silent(written(tmp_path, content, location="/"))


@pytest.mark.parametrize("depth", [40, 100_000])
def test_deep_nesting_costs_an_answer_and_nothing_else(tmp_path: Path, depth: int) -> None:
    assert "nested deeper" in silent(written(tmp_path, "a {" * depth + "}" * depth, location="/"))


def test_a_missing_file_a_link_and_one_beyond_the_cap_are_unreadable(tmp_path: Path) -> None:
    assert silent(heard("gone.conf", root=tmp_path)) == "gone.conf does not exist"
    (tmp_path / "link.conf").symlink_to(FIXTURES / "shop.conf")
    assert "symbolic link" in silent(heard("link.conf", root=tmp_path))
    assert "larger than" in silent(written(tmp_path, "#" * (nginx.FILE_CAP + 1)))
    assert heard("gone.conf", root=tmp_path).unreadable_at == ("gone.conf", 0)


def test_windows_line_ends_and_lua_do_not_disturb(tmp_path: Path) -> None:
    lua = " init_by_lua_block { local t = { 1, 2 } }\n"
    account = written(tmp_path, (HEAD + lua + TAIL).replace("\n", "\r\n"), location="/")
    assert places(account)["status"] == ("nginx.conf", 5)


def test_without_crossplane_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "crossplane", None)
    monkeypatch.setitem(sys.modules, "crossplane.lexer", None)
    with pytest.raises(ModuleNotFoundError, match="crossplane"):
        heard("shop.conf", location="/products/")


VOCABULARY = """http server location / { } ; limit_req zone=z limit_req_zone zone=z:1m rate=1r/s $remote_addr
    include nginx.conf # \\ " ' ${ map $m geo default "" content_by_lua_block set_by_lua_block --[[ [[
    limit_req_dry_run on set_real_ip_from if"""
WORDS = st.sampled_from(VOCABULARY.split())
LINES = st.lists(st.one_of(WORDS, st.just("\n")), max_size=40).map(" ".join)


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(LINES, st.text(max_size=60)))
def test_no_text_makes_the_verifier_fail(tmp_path: Path, text: str) -> None:
    """Any file gives readings or a reason, never both and never an exception."""
    data = text.encode()
    for content in (data, HEAD.encode() + data + b"\n" + TAIL.encode()):
        account = written(tmp_path, content, location="/")
        assert bool(account.readings) != bool(account.unreadable)


@pytest.mark.parametrize(
    ("location", "url", "said"),
    [
        ("/products/", "/products/*/reviews", ""),
        ("/products/", "https://shop.example/products/{id}", ""),
        ("/products/", "GET /products/{id}", ""),
        ("= /feed", "/feed", ""),
        ("/admin/", "/products/*", "does not serve /products/*"),
        ("/admin/", "/*/comments", "does not serve /*/comments"),
        ("/", "/products/*", "does not serve /products/*"),
        ("= /feed", "/feed/1", "does not serve /feed/1"),
    ],
)
def test_a_limit_has_to_stand_where_the_surface_is_served(tmp_path: Path, location: str, url: str, said: str) -> None:
    places = "".join(f"location {name} {{ limit_req zone=z; }}" for name in ("/", "/products/", "/admin/", "= /feed"))
    text = f"events {{}} http {{ limit_req_zone $binary_remote_addr zone=z:1m rate=1r/m; server {{ {places} }} }}"
    (tmp_path / "nginx.conf").write_text(text, "utf-8")
    found = nginx.account(Opener(tmp_path), "nginx.conf", {"location": location, "urls": [url]}, {"family": "rate_limit"})
    assert said in found.unreadable
    assert bool(found.readings) is not bool(said)


# --- what a limit leaves out ---

_KEYS = {
    "reading": ('map $request_method $k { default $binary_remote_addr; GET ""; }', "planned"),
    "reading, by an expression": ('map $request_method $k { default $binary_remote_addr; ~^(GET|HEAD)$ ""; }', "planned"),
    "writing": ('map $request_method $k { default $binary_remote_addr; POST ""; }', None),
    "what an expression may fit": (r'map $request_method $k { default $binary_remote_addr; ~(G)\1 ""; }', "picks"),
    "https": ('map $scheme $k { default $binary_remote_addr; https ""; }', "picks"),
    "most addresses": (
        "geo $w { default 0; 0.0.0.0/1 1; 128.0.0.0/2 1; } map $w $k { 0 $binary_remote_addr; 1 ''; }", "most addresses",
    ),
    "a range of most": (
        "geo $w { ranges; default 0; 1.0.0.0-223.255.255.255 1; } map $w $k { 0 $binary_remote_addr; 1 ''; }",
        "most addresses",
    ),
    "most, by an expression": ('map $remote_addr $k { default $binary_remote_addr; "~^[0-9]" ""; }', "picks"),
    "all but an office": (
        "geo $w { default 1; 0.0.0.0/0 0; 192.0.2.0/24 1; } map $w $k { 0 ''; 1 $binary_remote_addr; }", "most addresses",
    ),
    "all, by halves, but an office": (
        "geo $w { default 1; 0.0.0.0/1 0; 128.0.0.0/1 0; 192.0.2.0/24 1; } map $w $k { 0 ''; 1 $binary_remote_addr; }",
        "most addresses",
    ),
    "all but both halves": (
        "geo $w { default 1; 0.0.0.0/0 0; 0.0.0.0/1 1; 128.0.0.0/1 1; } map $w $k { 0 ''; 1 $binary_remote_addr; }", None,
    ),
    "a range of most but for a half": (
        "geo $w { ranges; default 0; 0.0.0.0-255.255.255.255 1; 64.0.0.0-191.255.255.255 0; } map $w $k { 0 $remote_addr; }",
        None,
    ),
    "all, and then not": (
        "geo $w { default 1; 0.0.0.0/0 0; delete 0.0.0.0/0; 10.0.0.0/8 1; } map $w $k { 0 ''; 1 $binary_remote_addr; }",
        "most addresses",
    ),
    "an office": ("geo $w { default 0; 192.0.2.0/24 1; } map $w $k { 0 $binary_remote_addr; 1 ''; }", None),
}  # fmt: skip


@pytest.mark.parametrize(("block", "found"), _KEYS.values(), ids=_KEYS)
def test_a_key_that_leaves_out_most_requests_is_no_limit(tmp_path: Path, block: str, found: str | None) -> None:
    text = f"events {{}} http {{ limit_req_zone $k zone=z:1m rate=1r/s; {block} server {{ limit_req zone=z; }} }}"
    account = written(tmp_path, text)
    if found in ("planned", None):
        assert said(account).get("status") == found
    else:
        assert str(found) in silent(account)


@pytest.mark.parametrize(
    ("trusted", "status"),
    [
        ("0.0.0.0/1; set_real_ip_from 128.0.0.0/2; set_real_ip_from 192.0.0.0/3", "observing"),
        ("2000::/3", "observing"),
        ("10.0.0.0/8; set_real_ip_from 2001:db8::/32", "deployed"),
    ],
)
def test_a_header_believed_from_most_addresses_is_any_clients(tmp_path: Path, trusted: str, status: str) -> None:
    account = written(tmp_path, f"{HEAD} set_real_ip_from {trusted};{TAIL}", location="/")
    assert said(account)["status"] == status


@pytest.mark.parametrize(
    ("words", "params", "is_soft"),
    [
        ("burst=100 nodelay", {"limit": 60}, True),
        ("burst=100", {"limit": 60}, True),
        ("burst=100 nodelay", {"limit": 60, "burst": 100}, False),
        ("burst=60 nodelay", {"limit": 60}, False),
        ("", {"limit": 60}, False),
    ],
)
def test_a_burst_beyond_the_declared_limit_leaves_it_open(
    tmp_path: Path, words: str, params: dict[str, object], *, is_soft: bool
) -> None:
    (tmp_path / "nginx.conf").write_text(HEAD + TAIL.replace("zone=z;", f"zone=z {words};"))
    subject = {"family": "rate_limit", "params": {"window": "minute", **params}}
    account = nginx.account(Opener(tmp_path), "nginx.conf", {"location": "/"}, subject)
    found = next(reading for reading in account.readings if reading.path == ("params", "limit"))
    assert found.soft is is_soft
    assert ("declare params.burst" in found.note) is is_soft
    status = next(reading for reading in account.readings if reading.path == ("status",))
    assert (status.value, status.soft) == ("deployed", is_soft)


@pytest.mark.parametrize(("words", "is_soft"), [("burst=10000 nodelay", True), ("burst=10000", True), ("burst=20", False)])
def test_a_burst_far_above_the_rate_leaves_open_what_is_stopped(tmp_path: Path, words: str, *, is_soft: bool) -> None:
    head = HEAD.replace("rate=1r/s", "rate=5r/s")
    (tmp_path / "nginx.conf").write_text(head + TAIL.replace("zone=z;", f"zone=z {words};"))
    account = nginx.account(Opener(tmp_path), "nginx.conf", {"location": "/"}, {"family": "rate_limit"})
    soft = {".".join(reading.path) for reading in account.readings if reading.soft}
    assert soft == ({"status", "params.limit", "params.window", "params.unit"} if is_soft else set())


@pytest.mark.parametrize("word", ["$dry", "maybe"])
def test_a_dry_run_that_varies_says_nothing(tmp_path: Path, word: str) -> None:
    reason = silent(written(tmp_path, HEAD + TAIL.replace("zone=z;", f"zone=z; limit_req_dry_run {word};"), location="/"))
    assert "neither on nor off" in reason


@pytest.mark.parametrize(
    "name",
    ["nginx.conf.disabled", "nginx.bak", "a.ORIG", "a.old", "a.example", "a.sample", "a.dist", "a.template", "a.conf~"],
)
def test_a_copy_that_is_not_loaded_says_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(HEAD + TAIL)
    assert "not a file that nginx loads" in silent(heard(name, root=tmp_path))
    assert nginx.discover(Opener(tmp_path), name) == ()


@pytest.mark.parametrize(
    ("places", "is_open"),
    [
        ("error_page 503 =200 /late/; location /late/ { proxy_pass http://x; }", True),
        ("error_page 503 /late/; location /late/ { try_files $uri @x; } location @x { proxy_pass http://x; }", True),
        ("error_page 503 /late/; location /late/ { rewrite ^ /people/ last; }", True),
        (r"error_page 503 /late/; location ~ (a)\1 { }", True),
        ("error_page 503 /late/; location /late/ { root html; }", False),
        ("error_page 503 /late/; location /late/ { return 429; }", False),
        ("error_page 404 /late/; location /late/ { proxy_pass http://x; }", False),
    ],
)
def test_what_is_refused_is_not_handed_to_a_program(tmp_path: Path, places: str, *, is_open: bool) -> None:
    text = HEAD + f" server {{ location /people/ {{ limit_req zone=z; }} {places} }} }}"
    account = written(tmp_path, text, location="/people/")
    assert bool(account.unreadable) is is_open
    assert not is_open or account.readings == ()


def test_an_include_that_is_not_there_says_from_where_it_is_looked_for(tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "tls.conf").write_text("ssl_protocols TLSv1.3;\n")
    (tmp_path / "conf.d" / "shop.conf").write_text("server {\n include tls.conf;\n}\n")
    account = heard("conf.d/shop.conf", root=tmp_path)
    assert "does not exist: tls.conf; it is looked for from the folder of the named file" in silent(account)
    assert account.unreadable_at == ("conf.d/shop.conf", 2)
