"""What tdmrep.json files reserve, and when they reserve nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policycheck.evidence import tdmrep
from policycheck.opener import Opener

if TYPE_CHECKING:
    from policycheck.model import Account

FIXTURES = Path(__file__).parent / "fixtures" / "tdmrep"
CONTROL: dict[str, Any] = {"id": "tdm", "family": "crawler_signal", "params": {"standards": ["tdm_reservation"]}}


def heard(file: str, subject: dict[str, Any], root: Path = FIXTURES, **options: object) -> Account:
    return tdmrep.account(Opener(root), file, {"kind": "tdmrep", "path": file, "as_of": "2026-11-21", **options}, subject)


def written(root: Path, content: object, subject: dict[str, Any], **options: object) -> Account:
    data = (
        content
        if isinstance(content, bytes)
        else content.encode()
        if isinstance(content, str)
        else json.dumps(content).encode()
    )
    (root / "tdmrep.json").write_bytes(data)
    return heard("tdmrep.json", subject, root, **options)


def said(account: Account) -> dict[str, object]:
    assert account.unreadable == ""
    return {".".join(reading.path): reading.value for reading in account.readings}


def rule(location: object = "/", reservation: object = 1, **more: object) -> dict[str, object]:
    return {"location": location, "tdm-reservation": reservation, **more}


def test_a_whole_site_reserved_stands_at_its_line() -> None:
    account = heard("whole.json", CONTROL)
    assert said(account) == {"layer": "legal", "status": "deployed", "params.standards": ["tdm_reservation"]}
    assert {r.line for r in account.readings if r.path != ("layer",)} == {4}
    assert not any(r.soft for r in account.readings)


@pytest.mark.parametrize(
    ("urls", "status", "line"),
    [
        (["/archive/*"], "deployed", 8),
        (["https://gazette.example/people/{id}"], "deployed", 17),
        (["/archive/*", "/people/x"], "deployed", 8),
        (["/press/x"], "planned", 4),
        (["/archive/*", "/press/x"], "planned", 4),
        (["/drafts/x"], "planned", 13),
        (["/elsewhere"], "planned", 1),
        ([], "planned", 1),
    ],
)
def test_surfaces_follow_the_first_rule_that_fits(urls: list[str], status: str, line: int) -> None:
    account = heard("tdmrep.json", CONTROL, urls=urls)
    assert said(account)["status"] == status
    assert said(account)["params.standards"] == (["tdm_reservation"] if status == "deployed" else [])
    assert {r.line for r in account.readings if r.path != ("layer",)} == {line}


def test_the_order_of_rules_decides(tmp_path: Path) -> None:
    first_open = [rule("/a/", 0), rule("/", 1)]
    assert said(written(tmp_path, first_open, CONTROL, urls=["/a/x"]))["status"] == "planned"
    assert said(written(tmp_path, first_open[::-1], CONTROL, urls=["/a/x"]))["status"] == "deployed"
    assert [r.soft for r in written(tmp_path, first_open, CONTROL).readings if r.path == ("status",)] == [True]


@pytest.mark.parametrize("value", [True, False, "1", 2, -1, None, 1.5, [], {"a": 1}, 0])
def test_only_the_number_one_reserves(value: object, tmp_path: Path) -> None:
    assert said(written(tmp_path, [rule("/", value)], CONTROL))["status"] == "planned"


@pytest.mark.parametrize("number", ["1.0", "1e0", "10E-1"])
def test_readers_differ_on_a_one_that_is_written_otherwise(number: str, tmp_path: Path) -> None:
    text = f'[{{"location": "/",\n"tdm-reservation": {number}}}]'
    account = written(tmp_path, text, CONTROL)
    assert "others for unset; write 1" in account.unreadable
    assert (account.readings, account.unreadable_at) == ((), ("tdmrep.json", 2))
    assert tdmrep.discover(Opener(tmp_path), "tdmrep.json") == ()


@pytest.mark.parametrize("location", [None, 1, "", "people", "https://a.example/", ["/"], "$"])
def test_a_location_that_is_no_path_fits_nothing(location: object, tmp_path: Path) -> None:
    assert said(written(tmp_path, [rule(location, 1)], CONTROL))["status"] == "planned"
    assert said(written(tmp_path, [rule(location, 1)], CONTROL, urls=["/"]))["status"] == "planned"


def test_a_missing_reservation_is_unset(tmp_path: Path) -> None:
    account = written(tmp_path, [{"location": "/"}], CONTROL)
    assert said(account)["status"] == "planned"
    assert "missing" in next(r.note for r in account.readings if r.path == ("status",))


# --- the policies ---


@pytest.mark.parametrize(
    ("file", "declared", "soft"),
    [
        ("whole.json", "https://gazette.example/policies/tdm.json", False),
        ("whole.json", "whole.json", False),
        ("tdmrep.json", "https://gazette.example/.well-known/tdmrep.json", True),
    ],
)
def test_where_the_reservation_is(file: str, declared: str, soft: bool) -> None:
    account = heard(file, {"tdm_policy_ref": declared})
    assert said(account) == {"tdm_policy_ref": declared}
    assert account.readings[0].soft is soft


def test_a_file_that_reserves_nothing_denies_a_declared_policy(tmp_path: Path) -> None:
    policy = "https://a.example/tdm.json"
    account = written(tmp_path, [rule("/", 0, **{"tdm-policy": policy})], {"tdm_policy_ref": policy})
    assert said(account) == {"tdm_policy_ref": "nothing is reserved"}


def test_an_address_that_no_rule_names_is_not_settled() -> None:
    assert "no rule that reserves names" in heard("whole.json", {"tdm_policy_ref": "https://x.example/other"}).unreadable
    assert "declare no tdm_policy_ref" in heard("whole.json", {"tdm_policy_ref": None}).unreadable


# --- ways to be wrong ---


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"<html>404</html>", "HTML"),
        (b"location: /\ntdm-reservation: 1\n", "not JSON"),
        (b"- location: /\n  tdm-reservation: 1\n", "not JSON"),
        (b'[{"location": "/", "tdm-reservation": 1},]', "not JSON"),
        (b'[{"location": "/", "tdm-reservation": {{ value }}}]', "not JSON"),
        (b'{"location": "/", "tdm-reservation": 1}', "array"),
        (b"[]", "no array of rules"),
        (b"[1, 2]", "no array of rules"),
        (b"[[]]", "no array of rules"),
        (b"[null]", "no array of rules"),
        (b'[{"a": 1}]', "none has a location"),
        (b'"text"', "no array"),
        (b"null", "no array"),
        (b'[{"location": "/a", "location": "/", "tdm-reservation": 1}]', "keep one"),
        (b"[" * 100_000, "beyond measure"),
        (b"[" * 60 + b"]" * 60, ""),
        (b"[" + b"9" * 5000 + b"]", "beyond measure"),
        ('[{"location": "/", "tdm-reservation": 1}]'.encode("utf-16"), "UTF-16"),
        (b'[{"location": "\0"}]', "binary"),
        (b'[{"location": "\xff", "tdm-reservation": 1}]', "not UTF-8"),
    ],
    ids=range(21),
)
def test_what_is_no_tdmrep_is_unreadable(content: bytes, why: str, tmp_path: Path) -> None:
    for subject in (CONTROL, {"tdm_policy_ref": "tdmrep.json"}):
        account = written(tmp_path, content, subject)
        assert account.unreadable
        assert why in account.unreadable
        assert account.readings == ()
    assert tdmrep.discover(Opener(tmp_path), "tdmrep.json") == ()


def test_too_many_rules_are_not_read(tmp_path: Path) -> None:
    assert "more rules" in written(tmp_path, [rule()] * 5001, CONTROL).unreadable


def test_other_controls_are_not_spoken_of() -> None:
    assert "not waf" in heard("whole.json", {"family": "waf"}).unreadable
    assert "not by tdm_reservation" in heard("whole.json", {**CONTROL, "params": {"standards": ["ai_txt"]}}).unreadable


ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.text("/*$a1", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["location", "tdm-policy", "x"]), inner),
    max_leaves=8,
)


@settings(max_examples=80, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ANY)
def test_no_structure_without_a_reservation_reserves(tmp_path: Path, content: object) -> None:
    account = written(tmp_path, content, CONTROL)
    assert account.unreadable or said(account)["status"] == "planned"
    assert not account.supported


def test_what_is_proposed_is_what_is_then_read() -> None:
    for name in ("whole.json", "tdmrep.json"):
        controls, policies = tdmrep.discover(Opener(FIXTURES), name)
        assert heard(name, controls.item).unreadable == heard(name, policies.item).unreadable == ""
        assert said(heard(name, policies.item))["tdm_policy_ref"] == policies.item["tdm_policy_ref"]
    assert tdmrep.discover(Opener(FIXTURES), "whole.json")[0].item["status"] == "deployed"


def test_an_earlier_rule_for_pages_of_a_folder_leaves_it_to_a_person(tmp_path: Path) -> None:
    account = written(tmp_path, [rule("/products/*.html", 0), rule()], CONTROL, urls=["https://shop.example/products/"])
    assert said(account)["status"] == "deployed"
    assert all(reading.soft for reading in account.readings if reading.path != ("layer",))
