"""Packs: what is read, what identifies them, what is refused and where, and that the wheel's form says the same."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import pytest

from policycheck import data as shipped_data
from policycheck import packs, run
from policycheck.assess import assess
from policycheck.errors import InvalidInput, UsageError
from policycheck.manifests import v1
from policycheck.manifests.explain import schema
from policycheck.model import Options, Outcome

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted(p.parent for p in (ROOT / "examples").glob("*/policycheck.yaml"))
AS_OF = "2026-11-21"
SCHEMA = schema(v1.SCHEMA)
RULE = """\
title: Surfaces have an owner
expectations: []
severity: low
for_each: surface
assert: surface.owner != ""
message: Nobody owns {surface.id}.
remediation: Name an owner.
"""
HEADER = "id: {id}\nversion: {version}\ntitle: Ours\n"
DOCUMENT = "documents:\n  - {id: OURS, title: Policy, issuer: Us, date: '2026', status: policy, seen: V}\n"
ASKED = "document: OURS\nexpectations:\n  OURS-1: {locator: page 1, modality: should, paraphrase: Owned., seen: V}\n"


def write(folder: Path, files: dict[str, str] | None = None, version: str = "1.0.0", header: str = "") -> Path:
    """A pack in a folder, named as the folder, with one rule and other files."""
    every = {
        "pack.yaml": HEADER.format(id=folder.name, version=version) + header,
        f"family/{folder.name}-owned.yaml": RULE,
        **(files or {}),
    }
    for name, text in every.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.fixture(autouse=True)
def without_shipped(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The packs that come with policycheck stay out, but for tests about them."""
    if "shipped" not in request.node.name:
        monkeypatch.setattr(packs, "shipped", list)


def load(*folders: Path, chosen: tuple[str, ...] = ()) -> packs.Criteria:
    return packs.load(folders, SCHEMA, chosen)


def problems(*folders: Path) -> list[str]:
    """What loading these packs says."""
    with pytest.raises(InvalidInput) as caught:
        load(*folders)
    assert caught.value.exit_code == 3
    return [str(p) for p in caught.value.problems]


# --- the digest ----------------------------------------------------------------------------------------------


def digest(folder: Path) -> str:
    (pack,) = load(folder).packs
    return pack.digest


def test_the_digest_is_that_of_the_content_and_not_of_tests_or_places(tmp_path: Path) -> None:
    before = digest(write(tmp_path / "one" / "ours"))
    assert before.startswith("sha256:")
    assert before == digest(write(tmp_path / "two" / "ours"))
    beside = {
        "base.test.yaml": "a: 1\n",
        "family/ours-owned.test.yaml": "cases: []\n",
        "README.md": "x\n",
        ".ci.yaml": "y: 1\n",
    }
    assert before == digest(write(tmp_path / "three" / "ours", beside))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("family/ours-owned.yaml", RULE + "# a comment\n"),
        ("family/ours-more.yaml", RULE),
        ("definitions.yaml", "surface: {owned: surface.owner != ''}\n"),
        ("data/t.yaml", "rows: {a: 1}\n"),
        ("pack.yaml", HEADER.format(id="ours", version="1.0.1")),
    ],
)
def test_the_digest_changes_with_every_file_that_decides(name: str, text: str, tmp_path: Path) -> None:
    assert digest(write(tmp_path / "one" / "ours")) != digest(write(tmp_path / "two" / "ours", {name: text}))


def test_a_file_that_was_renamed_is_another_pack(tmp_path: Path) -> None:
    one = write(tmp_path / "one" / "ours", {"data/t.yaml": "rows: {a: 1}\n"})
    two = write(tmp_path / "two" / "ours", {"data/u.yaml": "rows: {a: 1}\n"})
    assert digest(one) != digest(two)


# --- collisions ----------------------------------------------------------------------------------------------


def test_two_packs_cannot_have_one_id(tmp_path: Path) -> None:
    one, two = write(tmp_path / "one" / "ours"), write(tmp_path / "two" / "ours")
    assert problems(one, two) == [f"{two}/pack.yaml:1:1: the pack id 'ours' is already taken by {one}/pack.yaml"]
    with pytest.raises(InvalidInput, match="already taken by"):
        packs.together([one, two])


def test_a_pack_cannot_have_the_id_of_a_shipped_one(tmp_path: Path) -> None:
    ours = write(tmp_path / "joint-statements")
    assert problems(ours) == [
        f"{ours}/pack.yaml:1:1: the pack id 'joint-statements' is already taken by a pack that comes with policycheck"
    ]


def test_a_problem_names_the_file_that_is_there_whatever_the_pack_is_called(tmp_path: Path) -> None:
    table = {"data/levels.yaml": "rows: {low: 1}\n"}
    ours = write(tmp_path / "ours", {"expectations/OURS.yaml": ASKED, **table}, header=DOCUMENT)
    header = HEADER.format(id="theirs", version="1.0.0") + DOCUMENT
    theirs = write(tmp_path / "folder", {"pack.yaml": header, "expectations/OURS.yaml": ASKED, **table})
    named = {line.partition(":")[0] for line in problems(ours, theirs)}
    assert named == {"folder/pack.yaml", "folder/expectations/OURS.yaml", "folder/data/levels.yaml"}


def test_a_rule_id_is_taken_once_in_a_run(tmp_path: Path) -> None:
    theirs = write(tmp_path / "theirs", {"other/ours-owned.yaml": RULE})
    assert problems(write(tmp_path / "ours"), theirs) == [
        "theirs/other/ours-owned.yaml: the rule id 'ours-owned' is already taken by ours/family/ours-owned.yaml"
    ]


def test_a_rule_id_is_taken_once_in_a_pack(tmp_path: Path) -> None:
    assert problems(write(tmp_path / "ours", {"other/ours-owned.yaml": RULE})) == [
        "ours/other/ours-owned.yaml: the rule id 'ours-owned' is already taken by ours/family/ours-owned.yaml"
    ]


def test_documents_and_expectations_belong_to_one_pack(tmp_path: Path) -> None:
    ours, theirs = (write(tmp_path / n, {"expectations/OURS.yaml": ASKED}, header=DOCUMENT) for n in ("ours", "theirs"))
    assert problems(ours, theirs) == [
        "theirs/pack.yaml:5:5: 'OURS' already belongs to pack ours",
        "theirs/expectations/OURS.yaml:3:3: 'OURS-1' already belongs to pack ours",
    ]


def test_an_expectation_is_written_once_in_a_pack(tmp_path: Path) -> None:
    ours = write(tmp_path / "ours", {"expectations/A.yaml": ASKED, "expectations/B.yaml": ASKED}, header=DOCUMENT)
    assert problems(ours) == ["ours/expectations/B.yaml:3:3: 'OURS-1' is already written in ours/expectations/A.yaml"]


def test_a_document_is_declared_once_in_a_pack(tmp_path: Path) -> None:
    ours = write(tmp_path / "ours", header=DOCUMENT + DOCUMENT.partition("\n")[2])
    assert problems(ours) == ["ours/pack.yaml:6:5: the document 'OURS' is declared twice"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "definitions.yaml",
            "surface:\n  owned: surface.owner == 'us'\n",
            "theirs/definitions.yaml:2:3: surface.owned: already",
        ),
        ("data/levels.yaml", "rows: {low: 9}\n", "theirs/data/levels.yaml: the table 'levels' already"),
    ],
)
def test_no_pack_changes_what_anothers_rules_mean(name: str, text: str, said: str, tmp_path: Path) -> None:
    given = {"definitions.yaml": "surface: {owned: surface.owner != ''}\n", "data/levels.yaml": "rows: {low: 1}\n"}
    found = problems(write(tmp_path / "ours", given), write(tmp_path / "theirs", {name: text}))
    assert [line[: len(said)] for line in found] == [said]
    assert found[0].endswith("belongs to pack ours")


def test_no_pack_gives_a_table_the_name_of_anothers_history(tmp_path: Path) -> None:
    theirs = write(tmp_path / "theirs", {"data/clocks_history.yaml": "rows: {GB: []}\n"})
    ours = write(tmp_path / "ours", {"data/clocks.yaml": CLOCKS})
    said = "the table 'clocks_history' already belongs to pack"
    assert problems(ours, theirs) == [f"theirs/data/clocks_history.yaml: {said} ours"]
    assert problems(theirs, ours) == [f"ours/data/clocks.yaml: {said} theirs"]


def test_no_table_has_the_name_under_which_rules_read_the_history_of_another(tmp_path: Path) -> None:
    ours = write(tmp_path / "ours", {"data/clocks.yaml": CLOCKS, "data/clocks_history.yaml": "rows: {GB: []}\n"})
    said = "the table 'clocks' gives rules its history under this name"
    assert problems(ours) == [f"ours/data/clocks_history.yaml: {said}"]


def test_a_definition_hides_no_field_of_the_manifest(tmp_path: Path) -> None:
    ours = write(tmp_path / "ours", {"definitions.yaml": "surface:\n  auth: \"'required'\"\n"})
    assert problems(ours) == [
        "ours/definitions.yaml:2:3: surface.auth: a surface has a field of this name, which the definition would hide"
    ]


def test_a_shipped_rule_cannot_be_replaced_nor_its_words_redefined(tmp_path: Path) -> None:
    taken = {
        "family/account-rate-limit.yaml": RULE,
        "definitions.yaml": "surface:\n  holds_personal_data: 'false'\n",
        "data/sensitivity.yaml": "rows: {high: 0}\n",
    }
    found = "\n".join(problems(write(tmp_path / "ours", taken)))
    for said in (
        "'account-rate-limit' is already taken",
        "surface.holds_personal_data: already belongs",
        "'sensitivity' already",
    ):
        assert said in found


# --- tables --------------------------------------------------------------------------------------------------

CLOCKS = """\
rows:
  GB:
    - {from: 2018-05-25, until: 2026-06-19, hours: 72}
    - {from: 2026-06-19, hours: 48}
  NZ: [{from: 2020-12-01, until: , hours: 96}]
  EU: {hours: 72}
  XX: [{from: 2030-01-01, hours: 1}]
"""


@pytest.mark.parametrize(
    ("as_of", "valid"),
    [
        ("2026-06-18", {"GB": 72, "NZ": 96, "EU": 72}),
        ("2026-06-19", {"GB": 48, "NZ": 96, "EU": 72}),
        ("2018-05-25", {"GB": 72, "EU": 72}),
        ("2018-05-24", {"EU": 72}),
        ("2030-01-01", {"GB": 48, "NZ": 96, "EU": 72, "XX": 1}),
    ],
)
def test_a_row_is_valid_from_its_first_day_to_the_day_before_the_next(
    as_of: str, valid: dict[str, int], tmp_path: Path
) -> None:
    tables = load(write(tmp_path / "ours", {"data/clocks.yaml": CLOCKS})).tables(as_of)
    assert {key: row["hours"] for key, row in tables["clocks"].items()} == valid
    assert [row["hours"] for row in tables["clocks_history"]["GB"]] == [72, 48]


def test_a_rule_may_read_what_every_pack_keeps_and_the_history_of_it(tmp_path: Path) -> None:
    theirs = write(tmp_path / "theirs", {"data/clocks.yaml": CLOCKS})
    rule = RULE.replace('surface.owner != ""', "data.clocks['GB'].hours > 1 && size(data.clocks_history['GB']) > 1")
    ours = write(tmp_path / "ours", {"family/ours-owned.yaml": rule}, header='requires: {theirs: "==1.0.0"}\n')
    assert outcomes(load(theirs, ours), "ours-owned") == {"web": "met", "app": "met"}


def test_a_table_without_dates_has_no_history(tmp_path: Path) -> None:
    tables = load(write(tmp_path / "ours", {"data/t.yaml": "rows: {a: 1}\n", "data/l.yaml": "rows: [x]\n"})).tables(AS_OF)
    assert tables == {"t": {"a": 1}, "l": ["x"]}


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("tbd", True), ("T.B.D.", True), ("[TBD]", True), ("\uff54\uff42\uff44", True), ("t b d", True), ("N / A", True),
        ("***", True), ("", True),
        ("to be decided!", True), ("tbd by May", False), ("not applicable", False), ("é", False), ("0", False),
        ("tb" * 40, False),
        ("TBD " + "." * 70, True), ("-" * 70, True), ("\u2014" * 70, True), ("to be - " * 9 + "TBD", False),
    ],
)  # fmt: skip
def test_a_table_that_compares_loosely_finds_a_text_by_its_letters_and_digits(
    text: str, is_found: bool, tmp_path: Path
) -> None:
    table = 'compare: loosely\nrows: ["-", TBD, n/a, to be decided]\n'
    rule = RULE.replace('surface.owner != ""', '"!(surface.owner in data.empty)"')
    criteria = load(write(tmp_path / "ours", {"data/empty.yaml": table, "family/ours-owned.yaml": rule}))
    assert (text in criteria.texts(AS_OF)["empty"]) is is_found
    exact = load(write(tmp_path / "exact", {"data/empty.yaml": table.partition("\n")[2]}))
    assert (text in exact.texts(AS_OF)["empty"]) is (text in ("TBD", "n/a", "to be decided"))
    assert exact.tables(AS_OF) == criteria.tables(AS_OF)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rows: 3\n", "ours/data/t.yaml:1:1: a table is a mapping or list of rows"),
        ("- a\n", "ours/data/t.yaml:1:1: a table is a mapping or list of rows"),
        (
            "rows:\n  GB:\n    - {from: 2018-05-25}\n    - {until: 2019-05-25}\n",
            "ours/data/t.yaml:4:7: GB: a span says from",
        ),
        ("rows:\n  GB: {from: 2027-01-01, n: 1}\n", "ours/data/t.yaml:2:3: GB: a row that holds between days"),
        ("rows:\n  GB: {until: 2020-01-01}\n", "ours/data/t.yaml:2:3: GB: a row that holds between days stands in a list"),
        ("rows:\n  - {n: 1}\n  - {from: 2020-01-01, n: 1}\n", "ours/data/t.yaml:3:5: row 2: a row that holds between days"),
        ("rows:\n  GB:\n    a:\n      - {until: 2020-01-01}\n", "ours/data/t.yaml:4:9: row 1: a row that holds between"),
        ("rows:\n  GB:\n    until: {from: 2020-01-01}\n", "ours/data/t.yaml:3:5: until: a row that holds between days"),
        ("rows:\n  GB:\n    - {until: 2020-01-01}\n", "ours/data/t.yaml:3:7: GB: a span says from which day"),
        ("rows:\n  GB:\n    - {from: soon}\n", "ours/data/t.yaml:3:7: GB: a span says from which day, as 2026-11-21"),
        ("rows:\n  GB:\n    - {from: }\n", "ours/data/t.yaml:3:7: GB: a span says from which day, as 2026-11-21"),
        ("rows:\n  GB:\n    - {from: 2025-02-30}\n", "ours/data/t.yaml:3:7: GB: a span says from which day, as 2026-11-21"),
        ("rows:\n  GB:\n    - {from: 2025-01-02, until: 2025-01-01}\n", "ours/data/t.yaml:3:7: GB: spans stand one after"),
        (
            "rows:\n  GB:\n    - {from: 2020-01-01, until: 2026-01-01}\n    - {from: 2025-01-01}\n",
            "ours/data/t.yaml:4:7: GB: spans stand one after the other",
        ),
        (
            "rows:\n  GB:\n    - {from: 2025-01-01}\n    - {from: 2026-01-01}\n",
            "ours/data/t.yaml:4:7: GB: spans stand one after the other",
        ),
        ("compare: exactly\nrows: [x]\n", "ours/data/t.yaml:1:1: compare: may say 'loosely', of rows that are texts"),
        ("compare: loosely\nrows: [1]\n", "ours/data/t.yaml:1:1: compare: may say 'loosely'"),
        ("compare: loosely\nrows: {x: y}\n", "ours/data/t.yaml:1:1: compare: may say 'loosely'"),
    ],
)
def test_a_table_that_could_not_be_read_is_refused_at_its_line(text: str, said: str, tmp_path: Path) -> None:
    assert [p[: len(said)] for p in problems(write(tmp_path / "ours", {"data/t.yaml": text}))] == [said]


# --- requires ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bounds", "version", "is_met"),
    [
        (">=1", "1.0.0", True), (">=1.2, <2", "1.2.0", True), (">=1.2,<2", "1.10.0", True), ("==1.2.3", "1.2.3", True),
        (">1.2", "1.2.0", False), ("<=1.2", "1.2.0", True), ("<=1.2", "1.2.1", False), (">=1.2, <2", "2.0.0", False),
        (">=1.10", "1.9.9", False), ("==1.2", "1.2.1", False), (">=1", "1.0.0-rc.1", False), ("<2", "2.0.0-rc.1", True),
    ],
)  # fmt: skip
def test_a_pack_says_which_versions_of_another_it_builds_on(bounds: str, version: str, is_met: bool, tmp_path: Path) -> None:
    theirs = write(tmp_path / "theirs", version=version)
    ours = write(tmp_path / "ours", header=f'requires:\n  theirs: "{bounds}"\n')
    if is_met:
        assert [p.id for p in load(theirs, ours).packs] == ["theirs", "ours"]
    else:
        said = f"ours/pack.yaml:5:3: requires the pack theirs {bounds}; there is {version}"
        assert problems(theirs, ours) == [said]


def test_a_pack_that_is_required_has_to_be_there(tmp_path: Path) -> None:
    ours = write(tmp_path / "ours", header='requires: {theirs: ">=1"}\n')
    assert problems(ours) == ["ours/pack.yaml:4:12: requires the pack theirs >=1; there is none"]


def test_a_pack_builds_on_the_definitions_and_tables_of_another(tmp_path: Path) -> None:
    theirs = write(
        tmp_path / "theirs",
        {"definitions.yaml": "surface: {owned: surface.owner in data.owners}\n", "data/owners.yaml": "rows: [us]\n"},
    )
    rule = RULE.replace('surface.owner != ""', "surface.owned")
    ours = write(tmp_path / "ours", {"family/ours-owned.yaml": rule}, header='requires: {theirs: "==1.0.0"}\n')
    assert outcomes(load(theirs, ours), "ours-owned") == {"web": "met", "app": "gap"}


MINE = "documents:\n  - {id: MINE, title: Policy, issuer: Us, date: '2026', status: policy, seen: V}\n"
TESTED = """\
document: MINE
expectations:
  MINE-1:
    locator: page 1
    modality: should
    paraphrase: Owned.
    seen: V
    tested_by: [theirs-owned]
"""


def lender(folder: Path) -> Path:
    """A pack whose rule tests an expectation of its own."""
    rule = RULE.replace("expectations: []", "expectations: [OURS-1]")
    return write(folder, {"expectations/OURS.yaml": ASKED, f"family/{folder.name}-owned.yaml": rule}, header=DOCUMENT)


def borrower(folder: Path, asked: str = TESTED, header: str = 'requires: {theirs: ">=1"}\n') -> Path:
    """A pack whose expectation is tested by a rule of another."""
    return write(folder, {"expectations/MINE.yaml": asked}, header=MINE + header)


def test_an_expectation_may_be_tested_by_a_rule_of_another_pack(tmp_path: Path) -> None:
    criteria = load(lender(tmp_path / "theirs"), borrower(tmp_path / "ours"))
    assert criteria.every_rule["theirs-owned"].expectations == ("OURS-1", "MINE-1")
    assert criteria.tested == ("OURS-1", "MINE-1")


def test_its_own_criteria_alone_make_the_borrowed_rule_run(tmp_path: Path) -> None:
    criteria = load(lender(tmp_path / "theirs"), borrower(tmp_path / "ours"), chosen=("MINE",))
    assert [rule.id for rule in criteria.rules if rule.expectations] == ["theirs-owned"]


@pytest.mark.parametrize(
    ("asked", "header", "said"),
    [
        (TESTED, "", "belongs to the pack theirs, which pack.yaml does not require"),
        (TESTED.replace("theirs-owned", "theirs-owner"), 'requires: {theirs: ">=1"}\n', "unknown rule 'theirs-owner'"),
        (TESTED.replace("theirs-owned", "ours-owned"), 'requires: {theirs: ">=1"}\n', "name the expectation there"),
        (TESTED + "    uncodifiable: A view.\n", 'requires: {theirs: ">=1"}\n', "tested by a rule and says that none can"),
        (TESTED + "    awaiting: The text.\n", 'requires: {theirs: ">=1"}\n', "tested by a rule and says that none can"),
    ],
)
def test_a_rule_is_borrowed_only_of_a_required_pack(asked: str, header: str, said: str, tmp_path: Path) -> None:
    found = problems(lender(tmp_path / "theirs"), borrower(tmp_path / "ours", asked, header))
    assert any(line.startswith("ours/expectations/MINE.yaml:8:17: ") and said in line for line in found), found


def test_an_integrity_rule_is_not_borrowed(tmp_path: Path) -> None:
    theirs = write(tmp_path / "theirs")
    found = problems(theirs, borrower(tmp_path / "ours"))
    assert any("'theirs-owned' is an integrity rule" in line for line in found), found


def outcomes(criteria: packs.Criteria, rule: str) -> dict[str, str]:
    """What a rule says of a manifest with a surface that `us` owns and one that `them` do."""
    from policycheck.document import parse
    from policycheck.judge import Judge

    text = b"""
policycheck: 1
organization: {id: a, roles: [website_operator]}
surfaces: [{id: web, kind: page, owner: us, same_data_as: [app]}, {id: app, kind: page, owner: them, same_data_as: []}]
"""
    document, _ = parse(text, "m")
    return {j.subject: j.outcome.value for j in Judge(criteria, document, AS_OF).judge(criteria.every_rule[rule])}


# --- definitions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("surface: {x: surface.y, y: surface.x}\n", "ours/definitions.yaml:1:11: surface.x: rests on itself: surface.x ->"),
        ("surface:\n  x: surface.x\n", "ours/definitions.yaml:2:3: surface.x: rests on itself: surface.x -> surface.x"),
        (
            "surface:\n  x: controls.exists(c, c.y)\ncontrol:\n  y: surfaces.exists(s, s.x)\n",
            "ours/definitions.yaml:2:3: surface.x: rests on itself: surface.x -> control.y -> surface.x",
        ),
        ("- a\n", "ours/definitions.yaml:1:1: must be a mapping of kinds of subject"),
        ("surface: [a]\n", "ours/definitions.yaml:1:1: surface: must be a mapping of names to expressions"),
        ("surface: {x: 1}\n", "ours/definitions.yaml:1:11: surface.x: must be an expression, written as text"),
        ("surface: {x-y: 'true'}\n", "ours/definitions.yaml:1:11: surface.x-y: a name is made of letters, digits and _"),
        ("surfaces: {x: 'true'}\n", "ours/definitions.yaml:1:1: 'surfaces' is not a kind of subject; did you mean"),
        ("surface:\n  x: true &&\n", "ours/definitions.yaml:2:3: surface.x: "),
        (
            "surface:\n  x: surface.ownr != ''\n",
            (
                "ours/definitions.yaml:2:3: surface.x: unknown field 'ownr'; did you mean 'owner'?\n"
                "  surface.ownr != ''\n  ^^^^^^^^^^^^"
            ),
        ),
        (
            "surface:\n  x: surface.owner in data.owner\n",
            (
                "ours/definitions.yaml:2:3: surface.x: unknown table 'owner'; did you mean 'owners'?\n"
                "  surface.owner in data.owner\n                   ^^^^^^^^^^"
            ),
        ),
    ],
)  # fmt: skip
def test_a_definition_with_a_mistake_is_said_once_at_its_line(text: str, said: str, tmp_path: Path) -> None:
    found = problems(write(tmp_path / "ours", {"definitions.yaml": text, "data/owners.yaml": "rows: [us]\n"}))
    assert [line[: len(said)] for line in found] == [said]


def test_a_definition_may_ask_something_of_all_members_of_a_list_that_it_says_is_not_empty(tmp_path: Path) -> None:
    text = 'surface:\n  told: {}surface.fields.all(f, f.category != "")\n'
    load(write(tmp_path / "ours", {"definitions.yaml": text.format("size(surface.fields) > 0 && ")}))
    (said,) = problems(write(tmp_path / "bare", {"definitions.yaml": text.format("")}))
    assert "surface.told: all over an empty list is true; say size(list) > 0 && ... beside it" in said


def test_what_leads_into_a_circle_is_no_circle(tmp_path: Path) -> None:
    text = "surface: {a: surface.x, x: surface.y, y: surface.x, z: surface.auth == 'none'}\n"
    found = problems(write(tmp_path / "ours", {"definitions.yaml": text}))
    assert len(found) == 1
    assert "surface.x: rests on itself" in found[0]


def test_definitions_may_rest_on_later_ones_however_deep(tmp_path: Path) -> None:
    chain = ["surface:"]
    chain += [f"  d{n}: surface.d{n + 1}.filter(s, size(s.d{n + 1}) >= 0)" for n in range(6)]
    chain += ["  d6: surfaces.filter(s, s.id in surface.same_data_as)"]
    rule = RULE.replace('surface.owner != ""', 'surface.d0.exists(s, size(s.d0) == 0 && s.owner == "them")')
    ours = write(tmp_path / "ours", {"definitions.yaml": "\n".join(chain) + "\n", "family/ours-owned.yaml": rule})
    assert outcomes(load(ours), "ours-owned") == {"web": "met", "app": "gap"}


# --- rules ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("severity: low", "severity: urgent", "RULE:3:11: severity: 'urgent' is not allowed"),
        ("remediation: Name an owner.\n", "", "RULE:1:1: remediation is missing"),
        (
            'surface.owner != ""', 'surface.ownr != ""',
            (
                "RULE:5:9: assert: unknown field 'ownr'; did you mean 'owner'?\n"
                '  surface.ownr != ""\n  ^^^^^^^^^^^^'
            ),
        ),
        (
            'surface.owner != ""', 'surface.auth == "nobody"',
            (
                "RULE:5:9: assert: 'nobody' can never match; allowed: none, optional, required\n"
                '  surface.auth == "nobody"\n                  ^^^^^^^^'
            ),
        ),
        (
            'surface.owner != ""', "surface.owner in data.ownrs",
            (
                "RULE:5:9: assert: unknown table 'ownrs'; did you mean 'owners'?\n"
                "  surface.owner in data.ownrs\n                   ^^^^^^^^^^"
            ),
        ),
        ('surface.owner != ""', "data['ranks'][surface.owner] > 1", "RULE:5:9: assert: unknown table 'ranks'\n"),
        ("Nobody owns {surface.id}.", "Of {data.owner} nobody.", "RULE:6:10: message: unknown table 'owner'; did you mean"),
        (
            "Nobody owns {surface.id}.", "Nobody owns {surface.id today.",
            (
                "RULE:6:10: message: this brace would be printed as it is; an expression stands between { and }, as in "
                "{surface.id}\n  Nobody owns {surface.id today.\n              ^"
            ),
        ),
        ("expectations: []", "expectations: [OURS-2]", "RULE:2:15: expectations: unknown expectation 'OURS-2'; did"),
        ("expectations: []", "expectations: [OURS-9]", "RULE:2:15: expectations: OURS-9 is marked not"),
        ("expectations: []", "expectations: [OURS-8]", "RULE:2:15: expectations: OURS-8 is awaiting"),
        ("expectations: []", "expectations: [OURS-7]", "RULE:3:11: severity: none of the expectations"),
        (
            "expectations: []", "expectations: [OURS-1]\nequivalents: surface.fields",
            "RULE:3:14: equivalents: none of the expectations is illustrative",
        ),
    ],
)  # fmt: skip
def test_a_rule_of_a_user_is_held_against_everything(old: str, new: str, said: str, tmp_path: Path) -> None:
    asked = ASKED + "".join(
        f"  OURS-{n}: {{locator: p, modality: {m}, paraphrase: P., seen: V{more}}}\n"
        for n, m, more in ((9, "must", ", uncodifiable: tone"), (8, "must", ", awaiting: text"), (7, "may", ""))
    )
    assert old in RULE
    said = said.replace("RULE", "ours/family/ours-owned.yaml")
    tables = {"data/owners.yaml": "rows: [us]\n"}
    files = {"family/ours-owned.yaml": RULE.replace(old, new), "expectations/OURS.yaml": asked, **tables}
    found = problems(write(tmp_path / "ours", files, header=DOCUMENT))
    assert [line[: len(said)] for line in found] == [said]


def test_a_rule_that_is_disabled_may_await_its_source_and_does_not_run(tmp_path: Path) -> None:
    asked = ASKED.replace("seen: V", "seen: V, awaiting: the text")
    rule = RULE.replace("[]", "[OURS-1]") + "disabled: the text is not published\n"
    files = {"family/ours-owned.yaml": rule, "expectations/OURS.yaml": asked}
    criteria = load(write(tmp_path / "ours", files, header=DOCUMENT))
    assert criteria.rules == []
    assert criteria.tested == ()


def test_expectations_are_those_of_a_document_that_the_header_names(tmp_path: Path) -> None:
    assert problems(write(tmp_path / "ours", {"expectations/OURS.yaml": ASKED})) == [
        "ours/expectations/OURS.yaml:1:1: 'OURS' is not among the documents of pack.yaml"
    ]


def test_an_expectation_does_not_go_by_the_name_of_another_document(tmp_path: Path) -> None:
    files = {"expectations/OURS.yaml": ASKED.replace("OURS-1", "CJS24-99")}
    assert problems(write(tmp_path / "ours", files, header=DOCUMENT)) == [
        "ours/expectations/OURS.yaml:3:3: 'CJS24-99' is of the document OURS: its id begins with OURS-"
    ]


@pytest.mark.parametrize(
    "name", ["more.yaml", "family/deeper/more.yaml", "family/more.yml", "family/more.YAML", "family/More rules.yaml"]
)
def test_nothing_that_looks_like_a_rule_is_passed_over_in_silence(name: str, tmp_path: Path) -> None:
    (said,) = problems(write(tmp_path / "ours", {name: RULE}))
    assert said.startswith(f"ours/{name}: ")


def test_links_folders_and_pipes_are_no_rules(tmp_path: Path) -> None:
    ours = write(tmp_path / "ours")
    (ours / "family" / "a.yaml").symlink_to("ours-owned.yaml")
    (ours / "family" / "b.yaml").mkdir()
    said = ["ours/family/a.yaml: is a symbolic link, which is not followed", "ours/family/b.yaml: is not a regular file"]
    assert problems(ours) == said


def test_a_family_behind_a_link_or_that_cannot_be_listed_is_not_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = write(tmp_path / "ours")
    (ours / "family").rename(tmp_path / "elsewhere")
    (ours / "family").symlink_to(tmp_path / "elsewhere")
    assert problems(ours) == ["ours/family: is a symbolic link, which is not followed"]
    (ours / "family").unlink()
    (tmp_path / "elsewhere").rename(ours / "family")
    look = os.scandir

    def refused(path: str | Path) -> object:
        if Path(path).name == "family":
            raise PermissionError(13, "Permission denied", str(path))
        return look(path)

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(PermissionError):
        load(ours)


@pytest.mark.parametrize("header", ["ours/pack.yml", "team/ours/pack.yaml"])
def test_a_pack_that_nothing_would_read_is_not_left_out_of_a_folder_of_packs(header: str, tmp_path: Path) -> None:
    write(tmp_path / "house" / "theirs")
    lost = write(tmp_path / "house" / Path(header).parent)
    (lost / "pack.yaml").rename(tmp_path / "house" / header)
    said = "is read by nothing: a pack is a folder with pack.yaml, directly in house"
    assert problems(tmp_path / "house") == [f"{tmp_path}/house/{header}: {said}"]


def test_a_folder_may_be_a_pack_or_hold_packs(tmp_path: Path) -> None:
    write(tmp_path / "house" / "ours")
    write(tmp_path / "house" / "theirs")
    assert [p.id for p in load(tmp_path / "house").packs] == ["ours", "theirs"]
    (tmp_path / "empty").mkdir()
    assert problems(tmp_path / "empty") == [f"{tmp_path}/empty: holds no pack: a pack is a folder with pack.yaml"]
    with pytest.raises(UsageError, match="is not a folder of rules"):
        load(tmp_path / "nowhere")


# --- criteria ------------------------------------------------------------------------------------------------


def chosen_rules(tmp_path: Path, *chosen: str) -> list[str]:
    asked = ASKED + "  OURS-2: {locator: p, modality: should, paraphrase: P., seen: V}\n"
    rules = {f"family/ours-{n}.yaml": RULE.replace("[]", f"[OURS-{n}]") for n in (1, 2)}
    ours = write(tmp_path / "ours", {"expectations/OURS.yaml": asked, **rules}, header=DOCUMENT)
    return [rule.id for rule in load(ours, write(tmp_path / "theirs"), chosen=chosen).rules]


def test_criteria_choose_by_expectation_document_or_pack(tmp_path: Path) -> None:
    always = ["ours-owned", "theirs-owned"]
    assert chosen_rules(tmp_path) == ["ours-1", "ours-2", *always]
    assert chosen_rules(tmp_path, "OURS-2") == ["ours-2", *always]
    assert chosen_rules(tmp_path, "OURS") == chosen_rules(tmp_path, "ours") == chosen_rules(tmp_path)
    assert chosen_rules(tmp_path, "theirs") == always


def test_criteria_that_do_not_exist_are_a_mistake_of_the_call(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no criteria named 'OURS-3'; did you mean 'OURS-"):
        chosen_rules(tmp_path, "OURS-1", "OURS-3")


# --- the wheel's form ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def both() -> list[packs.Criteria]:
    """The shipped criteria as a checkout reads them and as a wheel carries them."""
    read = packs.Criteria(packs.shipped(), SCHEMA)
    carried = packs.carried(BytesIO(packs.compiled(shipped_data.folder("rules"), SCHEMA)))
    return [read, packs.Criteria(carried, SCHEMA)]


def test_shipped_packs_are_the_same_from_the_wheel(both: list[packs.Criteria]) -> None:
    read, carried = both
    assert len(read.rules) > 80
    for one, other in zip(read.packs, carried.packs, strict=True):
        assert one[:6] == other[:6]
        assert one.tables == other.tables
        # A report lists them in this order, so another order would be another report, with another id.
        for mapping, same in (
            (one.documents, other.documents),
            (one.expectations, other.expectations),
            (one.rules, other.rules),
        ):
            assert list(mapping) == list(same)
        assert {k: r[:9] for k, r in one.rules.items()} == {k: r[:9] for k, r in other.rules.items()}
        assert all(rule.analysis is not None for rule in other.rules.values())


def test_shipped_packs_from_the_wheel_are_what_shipped_loads(
    both: list[packs.Criteria], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = packs.compiled(shipped_data.folder("rules"), SCHEMA)
    (tmp_path / packs.COMPILED).write_bytes(made)
    monkeypatch.setattr(shipped_data, "folder", lambda name: tmp_path)
    assert [p.digest for p in packs.shipped()] == [p.digest for p in both[0].packs]
    assert made == packs.compiled(ROOT / "rules", SCHEMA)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.name)
def test_shipped_rules_give_the_same_verdicts_from_the_wheel(example: Path, both: list[packs.Criteria]) -> None:
    manifest, wrong = run.read(example / "policycheck.yaml", "policycheck.yaml", example, AS_OF)
    assert manifest is not None, wrong
    read, carried = (assess(manifest, criteria, Options(as_of=AS_OF)) for criteria in both)
    assert read.failures == carried.failures == ()
    assert [f.rule for f in read.findings] == [f.rule for f in carried.findings]
    assert read == carried
    assert {f.outcome for f in read.findings} >= {Outcome.MET, Outcome.NOT_APPLICABLE}


def test_shipped_packs_have_no_mistakes() -> None:
    criteria = packs.Criteria(packs.shipped(), SCHEMA)
    assert [p for pack in criteria.packs for p in packs.mistakes(criteria, pack)] == []
    assert [packs.user_pack(folder).id for folder in packs.folders(ROOT / "rules")] == [p.id for p in criteria.packs]


def test_a_mistake_keeps_shipped_packs_from_being_compiled(tmp_path: Path) -> None:
    write(tmp_path / "ours", {"family/ours-owned.yaml": RULE.replace("owner", "ownr")})
    with pytest.raises(InvalidInput, match="ownr"):
        packs.compiled(tmp_path, SCHEMA)
