"""The matrix from expectation to test is complete for both statements, and says so when it is not."""

from __future__ import annotations

import json
import re
import shutil
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from policycheck import coverage, packs
from policycheck.cli.coverage import command
from policycheck.manifests import v1
from policycheck.manifests.explain import schema

RULES = Path(__file__).resolve().parents[1] / "rules"
DOCUMENTS = sorted(RULES.glob("*/expectations/*.yaml"))
PACK = """
id: acme
version: 0.1.0
title: What Acme asks of itself
description: Stricter than the statements.
requires: {}
documents:
  - {id: ACME, title: Scraping <b>policy</b>, issuer: Acme, date: "2026-03", url: "https://acme.example/policy",
     status: internal policy, seen: V, addressees: [website_operator], notes: none}
"""
EXPECTATION = """
document: ACME
expectations:
  ACME-1: {locator: section 1, modality: should, paraphrase: Somebody answers for each surface., seen: V, family: house}
"""
RULE = """
title: Each surface has an owner
expectations: [ACME-1]
severity: low
for_each: surface
assert: surface.owner != ""
message: Nobody answers for {surface.id}.
remediation: Name an owner.
"""
CASES = """
cases:
  - name: an owner
    manifest: {surfaces: [{id: reviews, kind: page, auth: none, owner: web team}]}
    expect: met
  - name: an empty name
    manifest: {surfaces: [{id: reviews, kind: page, auth: none, owner: ""}]}
    expect: gap
"""


@cache
def shipped() -> coverage.Coverage:
    return coverage.cover(packs.load((), schema(v1.SCHEMA)), lambda pack: RULES / pack)


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    """A pack of one's own, with one expectation, one rule and its tests."""
    (tmp_path / "house").mkdir()
    (tmp_path / "expectations").mkdir()
    (tmp_path / "pack.yaml").write_text(PACK, "utf-8")
    (tmp_path / "expectations" / "ACME.yaml").write_text(EXPECTATION, "utf-8")
    (tmp_path / "house" / "surface-has-owner.yaml").write_text(RULE, "utf-8")
    (tmp_path / "house" / "surface-has-owner.test.yaml").write_text(CASES, "utf-8")
    shutil.copy(RULES / "joint-statements" / "base.test.yaml", tmp_path)
    return tmp_path


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No shipped pack: measuring them all takes seconds, and here it is the pack of one's own that matters."""
    monkeypatch.setattr(packs, "shipped", list)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped packs measured once for several tests."""
    once = shipped()
    monkeypatch.setattr(coverage, "cover", lambda criteria, folder_of: once)


def call(*arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, output, and what is said beside it."""
    runner = CliRunner()
    done = runner.invoke(command, [str(a) for a in arguments], standalone_mode=False)
    assert done.exception is None, done.exception
    return done.return_value, done.stdout, done.stderr


def document(out: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(d for d in json.loads(out)["documents"] if d["id"] == name)
    return found


# --- both statements -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["CJS24", "JS23"])
def test_each_expectation_is_codified_or_has_its_reason(name: str) -> None:
    rows = shipped().rows[name]
    assert [row.expectation.id for row in rows if row.state == coverage.MISSING] == []
    assert all(row.reason for row in rows if row.state != coverage.CODIFIED)
    assert shipped().mistakes == ()


def test_the_paragraphs_of_the_concluding_statement_are_all_there_in_order() -> None:
    numbers = [row.expectation.paragraph for row in shipped().rows["CJS24"] if row.expectation.paragraph]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(1, 36))


def test_each_rule_that_runs_fires_and_is_met_in_its_tests() -> None:
    every = [rule for rows in shipped().rows.values() for row in rows for rule in row.rules] + list(shipped().integrity)
    assert len({rule.id for rule in every}) > 90
    for rule in every:
        assert rule.disabled or (rule.fires and rule.cases["met"]), rule.id
        assert rule.kinds, rule.id
        assert rule.reads, rule.id


# --- what a rule reads ---------------------------------------------------------------------------------------


def test_fields_are_found_through_definitions_and_equivalent_measures() -> None:
    rule = next(r for row in shipped().rows["CJS24"] for r in row.rules if r.id == "account-rate-limit")
    assert {
        "surfaces[].auth", "surfaces[].fields[].category", "controls[].family", "controls[].params.unit",
        "controls[].params.limit", "controls[].status", "controls[].surfaces", "controls[].equivalent_to[].expectation",
        "controls[].last_reviewed_on",
    } <= set(rule.reads)  # fmt: skip


def test_the_fields_that_are_named_exist() -> None:
    criteria = packs.load((), schema(v1.SCHEMA))
    known = set(coverage.leaves(criteria.types))
    for rule in criteria.every_rule.values():
        for name in coverage.reads(criteria, rule):
            assert name in known or any(leaf.startswith((f"{name}.", f"{name}[]")) for leaf in known), (rule.id, name)


def test_a_field_that_is_not_read_is_not_named() -> None:
    criteria = packs.load((), schema(v1.SCHEMA))
    read = coverage.reads(criteria, criteria.every_rule["control-reviewed-in-time"])
    assert "controls[].last_reviewed_on" in read
    assert "controls[].params.limit" not in read


# --- the command ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("measured")
def test_the_table_says_how_much_is_accounted_for() -> None:
    code, out, err = call()
    assert (code, err) == (0, "")
    assert len(re.findall(r"^100 % accounted for", out, re.MULTILINE)) == len(DOCUMENTS)
    assert max(map(len, out.splitlines())) <= 80
    assert out.index("CJS24-10 ") < out.index("CJS24-11 ") < out.index("JS23-KT2 ")
    assert "account-rate-limit · surface · 3 met, " in out


@pytest.mark.usefixtures("measured")
def test_json_holds_the_matrix_in_the_order_of_the_documents() -> None:
    code, out, _ = call("--format", "json")
    assert code == 0
    assert json.loads(out)["mistakes"] == []
    found = document(out, "CJS24")
    (row,) = [e for e in found["expectations"] if e["id"] == "CJS24-13b1"]
    assert (row["paragraph"], row["modality"], row["state"]) == (13, "should", "codified")
    (rule,) = [r for r in row["rules"] if r["id"] == "account-rate-limit"]
    assert rule["kinds"] == ["surface"]
    assert rule["cases"]["gap"] >= 1
    assert sum(found["counts"].values()) == len(found["expectations"])


class _Page(HTMLParser):
    """The tags, the addresses and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [str(value) for name, value in attrs if name in ("src", "href", "action")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.usefixtures("measured")
def test_the_page_stands_alone_and_is_well_formed() -> None:
    code, out, _ = call("--format", "html")
    page = _Page(out)
    assert code == 0
    assert page.open == []
    assert page.addresses == []
    assert {"script", "img", "link", "iframe", "form"} & set(page.tags) == set()
    assert page.tags.count("table") == len(DOCUMENTS) + 1
    for name in ("CJS24-13b1", "JS23-CTL-a", "account-rate-limit", "surfaces[].auth"):
        assert name in page.text


@pytest.mark.usefixtures("alone")
def test_texts_of_a_pack_are_escaped_on_the_page(acme: Path) -> None:
    path = acme / "expectations" / "ACME.yaml"
    path.write_text(path.read_text("utf-8").replace("Somebody", '<script>alert("x")</script> Somebody'), "utf-8")
    code, out, _ = call("--format", "html", "--rules", acme)
    assert code == 0
    assert "<script" not in out
    assert "&lt;script&gt;" in out
    assert "Scraping &lt;b&gt;policy&lt;/b&gt;" in out


# --- what makes it fail --------------------------------------------------------------------------------------


def test_a_pack_of_ones_own_stands_beside_the_shipped_ones(acme: Path) -> None:
    code, out, err = call("--format", "json", "--rules", acme)
    assert (code, err) == (0, "")
    (row,) = document(out, "ACME")["expectations"]
    assert row["rules"][0] == {
        "id": "surface-has-owner", "title": "Each surface has an owner", "severity": "low", "kinds": ["surface"],
        "reads": ["surfaces[].id", "surfaces[].owner"], "cases": {"gap": 1, "met": 1},
    }  # fmt: skip


BROKEN = [
    ("house/surface-has-owner.yaml", "[ACME-1]", "[CJS24-11]", "ACME-1: no rule tests it, and nothing says why"),
    ("house/surface-has-owner.yaml", "[ACME-1]", "[ACME-1, ACME-9]", "cites the unknown expectation 'ACME-9'; did you mean"),
    ("house/surface-has-owner.test.yaml", "expect: gap", "expect: met", "surface-has-owner: never fires"),
]


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(("file", "old", "new", "said"), BROKEN, ids=["no rule", "unknown", "never fires"])
def test_what_is_missing_is_said_and_fails(acme: Path, file: str, old: str, new: str, said: str) -> None:
    path = acme / file
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    code, out, err = call("--rules", acme)
    assert code == 1
    assert said in err
    assert "ACME" in out


@pytest.mark.usefixtures("alone")
def test_a_disabled_rule_is_a_reason_and_need_not_fire(acme: Path) -> None:
    path = acme / "house" / "surface-has-owner.yaml"
    path.write_text(f"{path.read_text('utf-8')}disabled: the text was not seen\n", "utf-8")
    (acme / "house" / "surface-has-owner.test.yaml").unlink()
    code, out, _ = call("--format", "json", "--rules", acme)
    assert code == 0
    (row,) = document(out, "ACME")["expectations"]
    assert (row["state"], row["reason"]) == ("disabled", "the text was not seen")
