"""What RSL licences and the License line say; XML that could expand anything is not read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policycheck.evidence import rsl
from policycheck.evidence._published import Unsaid
from policycheck.opener import Opener
from tests.patience import ends

if TYPE_CHECKING:
    from policycheck.model import Account

FIXTURES = Path(__file__).parent / "fixtures" / "rsl"
CONTROL: dict[str, Any] = {"id": "rsl", "family": "crawler_signal"}
HEAD = '<rsl xmlns="https://rslstandard.org/rsl">'


def heard(file: str, subject: dict[str, Any], root: Path = FIXTURES) -> Account:
    return rsl.account(Opener(root), file, {"kind": "rsl", "path": file, "as_of": "2026-11-21"}, subject)


def written(root: Path, content: str | bytes, subject: dict[str, Any]) -> Account:
    (root / "file").write_bytes(content if isinstance(content, bytes) else content.encode())
    return heard("file", subject, root)


def licensed(root: Path, terms: str, subject: dict[str, Any], url: str = "/") -> Account:
    return written(root, f'{HEAD}\n<content url="{url}"><license>\n{terms}\n</license></content></rsl>', subject)


def said(account: Account) -> dict[str, object]:
    assert account.unreadable == ""
    return {".".join(reading.path): reading.value for reading in account.readings}


def test_a_licence_that_prohibits_is_a_published_signal() -> None:
    account = heard("license.xml", CONTROL)
    assert said(account) == {"layer": "legal", "status": "deployed"}
    assert account.readings[1].line == 6


def test_a_licence_that_only_permits_is_none(tmp_path: Path) -> None:
    assert said(licensed(tmp_path, '<permits type="usage">all</permits>', CONTROL))["status"] == "planned"


def test_a_licence_that_permits_search_alone_is_left_to_a_person(tmp_path: Path) -> None:
    account = licensed(tmp_path, '<permits type="usage">search</permits>', CONTROL)
    assert "permits search and prohibits nothing by name" in account.unreadable
    assert (account.readings, account.unreadable_at) == ((), ("file", 2))


@pytest.mark.parametrize(
    "terms",
    [
        '<permits type="usage">ai-all</permits>\n<payment><standard>https://rslcollective.org/license</standard></payment>',
        '<permits type="usage">ai-train</permits>\n<payment type="use"><amount currency="USD">0.01</amount></payment>',
        '<permits type="usage">all</permits>\n<permits type="user">education</permits>',
        '<permits type="usage">all</permits>\n<prohibits type="geo">US</prohibits>',
    ],
)
def test_leave_for_a_payment_or_to_some_is_left_to_a_person(terms: str, tmp_path: Path) -> None:
    for subject in (CONTROL, {"ai_agents_policy": "partly_refused"}):
        account = licensed(tmp_path, terms, subject)
        assert "gives leave for a payment, by a server, or to some only" in account.unreadable
        assert (account.readings, account.unreadable_at) == ((), ("file", 4))
    assert rsl.discover(Opener(tmp_path), "file") == ()


def test_a_free_licence_from_a_server_has_to_be_asked_for(tmp_path: Path) -> None:
    free = '<license><permits type="usage">all</permits><payment type="free"/></license>'
    text = f'{HEAD}<content url="/"{{}}>{free}</content></rsl>'
    assert said(written(tmp_path, text.format(""), CONTROL))["status"] == "planned"
    assert "by a server" in written(tmp_path, text.format(' server="https://api.rsl.example"'), CONTROL).unreadable


@pytest.mark.parametrize(
    ("terms", "url", "policy"),
    [
        ('<prohibits type="usage">ai-train</prohibits>', "/", "refused"),
        ('<prohibits type="usage">search, train-ai</prohibits>', "https://a.example/*", "refused"),
        ('<prohibits type="usage">ALL</prohibits>', "https://a.example", "refused"),
        ('<prohibits type="usage">ai-all</prohibits><permits type="usage">all</permits>', "/", "refused"),
        ('<prohibits type="usage">ai-train</prohibits>', "/press/", "partly_refused"),
        ('<permits type="usage">ai-train</permits>', "/", "allowed"),
    ],
)
def test_the_policy_on_training(terms: str, url: str, policy: str, tmp_path: Path) -> None:
    account = licensed(tmp_path, terms, {"ai_agents_policy": "refused"}, url)
    assert said(account) == {"ai_agents_policy": policy}
    assert account.readings[0].soft


@pytest.mark.parametrize(
    "terms",
    [
        "",
        "<x>ai-train</x>",
        '<permits type="usage">search</permits>',
        '<prohibits type="usage">search</prohibits>',
        '<prohibits type="user">ai-train</prohibits>',
        '<x><prohibits type="usage">ai-train</prohibits></x>',
        '<prohibits xmlns="" type="usage">ai-train</prohibits>',
    ],
)
def test_terms_that_say_nothing_of_training(terms: str, tmp_path: Path) -> None:
    assert "neither prohibits nor permits" in licensed(tmp_path, terms, {"ai_agents_policy": "refused"}).unreadable


def test_a_link_in_robots_txt_is_published_and_no_more(tmp_path: Path) -> None:
    text = "License: https://a.example/license.xml\n\nUser-agent: *\nAllow: /\n"
    account = written(tmp_path, text, {**CONTROL, "params": {"document_ref": "https://a.example/license.xml"}})
    assert said(account)["params.document_ref"] == "https://a.example/license.xml"
    assert [(r.value, r.soft, r.line) for r in account.readings if r.path == ("status",)] == [("deployed", True, 1)]
    assert "only links" in written(tmp_path, text, {}).unreadable


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        ("User-agent: *\nAllow: /\n", "no License line"),
        ("License: /license.xml\nUser-agent: *\n", "no absolute address"),
        ("<html><body>404</body></html>", "its root is no rsl"),
        ("<rsl/>", "its root is no rsl"),
        ('<rsl xmlns="https://other.example/rsl"/>', "its root is no rsl"),
        (f"{HEAD}</rsl>", "has no content"),
        (f"{HEAD}<content url='/'>", "is not XML"),
        (f"{HEAD}<content url='/'><license>&eacute;</license></content></rsl>", "is not XML"),
        (f"<!DOCTYPE rsl>{HEAD}<content url='/'/></rsl>", "DOCTYPE"),
        (f'<!DOCTYPE r [<!ENTITY a "b"><!ENTITY c "&a;&a;">]>\n{HEAD}<content url="/">&c;</content></rsl>', "DOCTYPE"),
        (f'<!DoCtYpE r SYSTEM "file:///etc/passwd">{HEAD}</rsl>', "DOCTYPE"),
        (f'<?xml version="1.0"?>\n<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hosts">]>{HEAD}&x;</rsl>', "DOCTYPE"),
        (HEAD + "<content url='/'>" + "<a>" * 50 + "</a>" * 50 + "</content></rsl>", "nested deeper"),
        (HEAD + "<a>" * 300_000, "nested deeper"),
        (HEAD + "<content url='/'/>" * 6000 + "</rsl>", "more contents"),
        (f'<?xml version="1.0" encoding="UTF-16"?>{HEAD}<content url="/"/></rsl>'.encode("utf-16"), "UTF-16"),
        (f"{HEAD}<content url='/'/></rsl>".encode() + b"\0", "binary"),
        (b"<rsl>\xff</rsl>", "not UTF-8"),
    ],
    ids=range(19),
)
def test_what_is_no_licence_is_unreadable(content: str | bytes, why: str, tmp_path: Path) -> None:
    with ends():
        account = written(tmp_path, content, CONTROL)
    assert why in account.unreadable
    assert account.readings == ()
    assert rsl.discover(Opener(tmp_path), "file") == ()


def test_a_doctype_that_a_look_at_the_text_would_miss_ends_the_reading() -> None:
    with pytest.raises(Unsaid, match="DOCTYPE"):
        rsl._Reader("x").read(f'<!DOCTYPE r [<!ENTITY a "b">]>{HEAD}<content url="/">&a;</content></rsl>')


def test_an_encoding_that_is_declared_changes_nothing(tmp_path: Path) -> None:
    """UTF-7 and its likes could hide a DOCTYPE from a look at the text; the text is read as UTF-8 whatever it says."""
    text = f'<?xml version="1.0" encoding="UTF-7"?>\n+ADwAIQ-DOCTYPE x+AD4-{HEAD}</rsl>'
    assert "is not XML" in written(tmp_path, text, CONTROL).unreadable


def test_many_attributes_and_long_text_are_bounded(tmp_path: Path) -> None:
    attributes = " ".join(f'a{n}="x"' for n in range(20_000))
    with ends():
        written(tmp_path, f"{HEAD}<content url='/' {attributes}><license><permits type='usage'>{'a ' * 300_000}", CONTROL)


@settings(max_examples=80, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text("<>/!&;= abrsl\"'", max_size=80))
def test_any_markup_is_unreadable_or_says_nothing_of_training(tmp_path: Path, text: str) -> None:
    assert written(tmp_path, f"{HEAD}{text}</rsl>", {}).unreadable
    assert written(tmp_path, text, CONTROL).unreadable


def test_what_is_proposed_is_what_is_then_read() -> None:
    (found,) = rsl.discover(Opener(FIXTURES), "license.xml")
    assert said(heard("license.xml", found.item))["status"] == found.item["status"] == "deployed"


@pytest.mark.parametrize(
    ("terms", "url", "why"),
    [
        ('<prohibits type="usage">print</prohibits>', "/", "prohibits no use of crawlers"),
        ('<prohibits type="usage">ai-train</prohibits>', "/other/", "prohibits no use of crawlers"),
        ('<prohibits type="usage">ai-train</prohibits>', "https://megacorp.example/", "is for the host megacorp.example"),
    ],
)
def test_a_prohibition_elsewhere_or_of_something_else_is_no_signal(terms: str, url: str, why: str, tmp_path: Path) -> None:
    text = f'{HEAD}<content url="{url}"><license>{terms}</license></content></rsl>'
    (tmp_path / "rsl.xml").write_text(text)
    options = {"kind": "rsl", "path": "rsl.xml", "urls": ["https://shop.example/products/"]}
    account = rsl.account(Opener(tmp_path), "rsl.xml", options, CONTROL)
    assert (account.readings, why in account.unreadable) == ((), True)
