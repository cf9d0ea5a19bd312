"""Accepted gaps through the command line: in force, and each way not to be."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from policycheck import replay
from policycheck.errors import InvalidInput
from tests import command_line

ROOT = Path(__file__).parent.parent
AS_OF = "2026-11-21"
SHOP = ROOT / "examples" / "corner-shop"


def call(folder: Path, *arguments: str) -> command_line.Done:
    return command_line.run(folder, *arguments)


def report(folder: Path, *options: str, as_of: str = AS_OF) -> dict[str, Any]:
    done = call(folder, "check", "--format", "json", "--as-of", as_of, *options)
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["exit_code"] == done.returncode
    return found


def findings(folder: Path, rule: str, **given: str) -> list[dict[str, Any]]:
    return [f for f in report(folder, **given)["results"][0]["findings"] if f["rule"] == rule]


@pytest.fixture
def accepted(tmp_path: Path) -> Callable[[str, str, str, str], Path]:
    """A shop in which a line of a file reads otherwise, with the gap of a rule accepted that comes of it."""

    def made(rule: str, before: str, after: str, file: str) -> Path:
        folder = tmp_path / rule
        shutil.copytree(SHOP, folder)
        change(folder, before, after, file)
        (gap,) = [f for f in findings(folder, rule) if f["outcome"] == "gap"]
        done = accept(folder, gap["id"])
        assert done.returncode == 0, done.stderr
        return folder

    return made


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The corner shop with its human-challenge gap accepted until the last day of March."""
    folder = tmp_path / "shop"
    shutil.copytree(SHOP, folder)
    (gap,) = [f for f in findings(folder, "human-challenge") if f["outcome"] == "gap"]
    done = accept(folder, gap["id"])
    assert done.returncode == 0, done.stderr
    return folder


def accept(folder: Path, finding: str, *more: str, until: str = "2027-03-31") -> command_line.Done:
    return call(
        folder, "except", finding, "--id", "no-challenge", "--reason", "Customers asked us not to",
        "--approver", "The owner", "--ticket", "SHOP-1", "--expires-on", until, "--compensating-control", "bans",
        "--as-of", AS_OF, *more,
    )  # fmt: skip


def change(folder: Path, before: str, after: str, file: str = "policycheck.yaml") -> None:
    path = folder / file
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after), "utf-8")


def flaws(folder: Path, as_of: str = AS_OF) -> list[str]:
    return [f["message"] for f in findings(folder, "exception-hygiene", as_of=as_of)]


def is_accepted(folder: Path, as_of: str = AS_OF) -> bool:
    (gap,) = findings(folder, "human-challenge", as_of=as_of)
    assert gap["outcome"] == "gap"
    assert gap["blocks"] is ("exception" not in gap)
    return "exception" in gap


def test_an_accepted_gap_does_not_block_and_stays_in_the_report_with_all_of_it(shop: Path) -> None:
    before, after = report(SHOP, "--root", str(SHOP)), report(shop)
    counts = after["results"][0]["counts"]
    assert counts["accepted"] == 1
    assert counts["blocking"] == before["results"][0]["counts"]["blocking"] - 1
    (gap,) = findings(shop, "human-challenge")
    assert gap["exception"] == {
        "id": "no-challenge", "reason": "Customers asked us not to", "approver": "The owner", "ticket": "SHOP-1",
        "granted_on": AS_OF, "expires_on": "2027-03-31", "compensating_control": "bans",
    }  # fmt: skip
    for text in (
        call(shop, "check", "--as-of", AS_OF).stdout,
        call(shop, "check", "--as-of", AS_OF, "--format", "markdown").stdout,
    ):
        for said in ("Customers asked us not to", "The owner", "SHOP-1", "2027-03-31", "bans"):
            assert said in text.replace("\n      ", " ")
    assert "; 1 accepted; " in call(shop, "check", "--quiet").stdout


@pytest.mark.parametrize("key", ["id", "ticket", "granted_on", "expires_on", "compensating_control"])
def test_a_report_holds_until_when_a_gap_is_accepted_by_its_id(key: str, shop: Path) -> None:
    found = report(shop)
    assert replay.read(json.dumps(found).encode(), "r.json")
    (gap,) = [f for f in found["results"][0]["findings"] if "exception" in f]
    gap["exception"][key] = "2029-01-01"
    with pytest.raises(InvalidInput, match="its report_id is not that of its content"):
        replay.read(json.dumps(found).encode(), "r.json")


def test_comments_and_layout_are_kept(shop: Path) -> None:
    before, after = (SHOP / "policycheck.yaml").read_text("utf-8"), (shop / "policycheck.yaml").read_text("utf-8")
    assert after.startswith(before)


@pytest.mark.parametrize(
    "written",
    ["exceptions: []\n", "exceptions: []  # none yet\nresidual: x\n",
     "exceptions:\n  # first\n  - id: a\n    rule: b\n\nother: 1\n",
     "exceptions:\n- id: a\n  rule: b\n", "a: 1", "a: 1\r\nexceptions:\r\n  - id: a\r\n    rule: b\r\n"],
)  # fmt: skip
def test_an_entry_is_added_in_every_layout(tmp_path: Path, written: str) -> None:
    from policycheck.cli import _exceptions
    from policycheck.document import parse

    path = tmp_path / "part.policycheck-part.yaml"
    path.write_bytes(written.encode())
    before = parse(path.read_bytes(), "f")[0].data
    entry = {
        "id": "new",
        "rule": "r",
        "reason": "it's: a # reason",
        "subject": {"kind": "surface", "id": "s"},
        "expires_on": AS_OF,
    }
    _exceptions.write(path, entry)
    after = parse(path.read_bytes(), "f")[0].data
    assert after == {**before, "exceptions": [*(before.get("exceptions") or []), entry]}
    for line in written.splitlines():
        if line.strip().startswith("#"):
            assert line in path.read_text("utf-8")


def test_a_layout_that_cannot_take_it_is_left_as_it_is(tmp_path: Path) -> None:
    from policycheck.cli import _exceptions
    from policycheck.errors import UsageError

    path = tmp_path / "policycheck.yaml"
    path.write_text("exceptions: [{id: a, rule: b}]\n", "utf-8")
    with pytest.raises(UsageError, match="block style"):
        _exceptions.write(path, {"id": "new", "rule": "r"})
    assert path.read_text("utf-8") == "exceptions: [{id: a, rule: b}]\n"


def test_the_last_day_still_counts_and_the_day_after_does_not(shop: Path) -> None:
    assert is_accepted(shop, "2027-03-31")
    assert not is_accepted(shop, "2027-04-01")
    assert "expired on 2027-03-31" in " ".join(flaws(shop, "2027-04-01"))


def test_it_warns_before_it_ends(shop: Path) -> None:
    assert flaws(shop, "2027-02-28") == []
    (warning,) = findings(shop, "exception-hygiene", as_of="2027-03-01")
    assert (warning["severity"], warning["blocks"]) == ("info", False)


def test_more_exposure_makes_it_stale(shop: Path) -> None:
    change(
        shop,
        "{name: town, category: user.location, sensitivity: low",
        "{name: town, category: user.location, sensitivity: special",
    )
    assert not is_accepted(shop)
    assert "is stale" in " ".join(flaws(shop))


def test_what_does_not_matter_does_not_make_it_stale(shop: Path) -> None:
    change(
        shop,
        "    url: /products/*/reviews\n",
        "    url: /products/*/reviews\n    name: Reviews\n    last_reviewed_on: 2026-11-01\n",
    )
    assert is_accepted(shop)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("approver: The owner", "approver: web team", "approved by web team"),
        ("expires_on: 2027-03-31", "expires_on: 2028-03-31", "at most 365"),
        ("compensating_control: bans", "compensating_control: known-crawlers\n    ticket2: x", "unknown key"),
        ('    facts: "', '    x: "', "unknown key"),
        ("    reason: Customers asked us not to\n", "    reason:\n", "does not say reason"),
        ("    ticket: SHOP-1\n", "", "does not say ticket"),
        ("    rule: human-challenge\n", "    rule: human-chalenge\n", "does not exist"),
        ("{kind: surface, id: reviews}\n    reason", "{kind: surface, id: review}\n    reason", "is not declared"),
        ("granted_on: 2026-11-21", "granted_on: 2026-11-22", "after the date of this evaluation"),
    ],
)
def test_an_entry_that_is_not_in_order_accepts_nothing(shop: Path, before: str, after: str, said: str) -> None:
    change(shop, before, after)
    done = call(shop, "check", "--as-of", AS_OF, "--format", "json")
    if said == "unknown key":
        assert done.returncode == 3
        assert said in done.stderr
        return
    assert not is_accepted(shop)
    assert said in " ".join(flaws(shop))


@pytest.mark.parametrize("approver", ["web team ", "Web-Team", "ops-lead", "Olga Lead", "olga@shop.example"])
def test_an_owner_is_the_owner_however_the_name_is_written(shop: Path, approver: str) -> None:
    owners = "governance:\n  owners: [{id: ops-lead, name: Olga Lead, contact: olga@shop.example}]\n"
    change(shop, "governance:\n", owners)
    if "web" not in approver.lower():
        change(shop, "owner: web team", "owner: ops-lead")
    change(shop, "approver: The owner", f'approver: "{approver}"')
    assert not is_accepted(shop)
    assert f"approved by {approver.strip()}" in " ".join(flaws(shop))


@pytest.mark.parametrize(("key", "text"), [("reason", "tbd"), ("approver", "N / A"), ("ticket", "[T.B.D.]")])
def test_a_placeholder_is_no_answer(shop: Path, key: str, text: str) -> None:
    path = shop / "policycheck.yaml"
    path.write_text(re.sub(rf"(?m)^    {key}: .*$", f'    {key}: "{text}"', path.read_text("utf-8")), "utf-8")
    assert not is_accepted(shop)
    assert f"does not say {key}" in " ".join(flaws(shop))


def test_it_is_bound_to_the_control_that_compensates(shop: Path) -> None:
    change(
        shop, "family: ip_block, layer: technical, surfaces: [reviews]", "family: ip_block, layer: technical, surfaces: []"
    )
    assert not is_accepted(shop)
    assert "is stale" in " ".join(flaws(shop))


def test_a_control_that_an_artefact_denies_compensates_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(SHOP, folder)
    (gap,) = [f for f in findings(folder, "human-challenge") if f["outcome"] == "gap"]
    path = folder / "deploy" / "nginx.conf"
    kept = path.read_text("utf-8")
    assert accept(folder, gap["id"], "--compensating-control", "edge-limit").returncode == 0
    assert is_accepted(folder)
    path.write_text("".join(line for line in kept.splitlines(keepends=True) if "limit_req zone" not in line), "utf-8")
    assert not is_accepted(folder)
    assert "of which an artefact denies what is declared" in " ".join(flaws(folder))


def test_a_gap_of_several_things_is_bound_to_what_it_is_about(tmp_path: Path) -> None:
    """Its owner may not approve it, and more data in it is more than was accepted."""
    folder = tmp_path / "tern"
    shutil.copytree(ROOT / "examples" / "tern-ai", folder)
    found = [f for f in findings(folder, "ai-source-lawful-basis") if f["outcome"] == "gap" and " / " in f["subject"]["id"]]
    words = ("--id", "own", "--reason", "it is fine", "--ticket", "X-1", "--expires-on", "2027-03-31", "--as-of", AS_OF)
    words = (*words, "--compensating-control", "api-keys", "--approver")
    owner = found[0]["owner"]
    refused = call(folder, "except", found[0]["id"], *words, owner)
    assert refused.returncode == 2
    assert f"approved by {owner}" in refused.stderr
    assert call(folder, "except", found[0]["id"], *words, "The board").returncode == 0
    assert flaws(folder) == []
    part = folder / "training.policycheck-part.yaml"
    text = part.read_text("utf-8")
    assert "[user.content.public, user.name]" in text
    part.write_text(
        text.replace("[user.content.public, user.name]", "[user.content.public, user.name, user.financial]"), "utf-8"
    )
    assert "is stale" in " ".join(flaws(folder))


def test_exceptions_count_from_one_file_wherever_a_root_begins(shop: Path) -> None:
    """A file of the same name in a part of the repository that has a root of its own is another file."""
    top = shop.parent
    (top / "approved.policycheck-part.yaml").write_text("exceptions: []\n", "utf-8")
    (top / ".policycheck.toml").write_text('exceptions_from = "approved.policycheck-part.yaml"\n', "utf-8")
    text = (shop / "policycheck.yaml").read_text("utf-8")
    head, _, entries = text.partition("exceptions:\n")
    (shop / "policycheck.yaml").write_text(f"{head}include: [approved.policycheck-part.yaml]\n", "utf-8")
    (shop / "approved.policycheck-part.yaml").write_text(f"exceptions:\n{entries}", "utf-8")
    for root in ("", "shop/.git", ".git"):
        (top / root).mkdir(exist_ok=True)
        done = call(top, "check", "shop", "--format", "json", "--as-of", AS_OF)
        found = json.loads(done.stdout)["results"][0]
        assert found["counts"]["accepted"] == 0
        assert "does not count" in " ".join(f["message"] for f in found["findings"] if f["rule"] == "exception-hygiene")


def test_a_control_that_is_not_deployed_compensates_nothing(shop: Path) -> None:
    change(shop, "- {id: bans, family: ip_block, layer: technical, surfaces: [reviews], status: deployed",
           "- {id: bans, family: ip_block, layer: technical, surfaces: [reviews], status: observing")  # fmt: skip
    assert not is_accepted(shop)
    assert "not deployed" in " ".join(flaws(shop))


def test_an_exception_without_its_fingerprint_is_not_bound(shop: Path) -> None:
    text = (shop / "policycheck.yaml").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("    facts:")]
    (shop / "policycheck.yaml").write_text("\n".join(lines) + "\n", "utf-8")
    assert not is_accepted(shop)
    assert "is not bound" in " ".join(flaws(shop))


BANS_ON_HELP = "id: bans, family: ip_block, layer: technical, surfaces: [help]"


def test_a_control_of_other_surfaces_compensates_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(SHOP, folder)
    change(
        folder,
        "surfaces:\n  - id: reviews",
        "surfaces:\n  - {id: help, kind: page, auth: none, fields: []}\n  - id: reviews",
    )
    change(folder, "id: bans, family: ip_block, layer: technical, surfaces: [reviews]", BANS_ON_HELP)
    gap = next(f for f in findings(folder, "human-challenge") if f["outcome"] == "gap")
    done = accept(folder, gap["id"])
    assert done.returncode == 2
    assert "protects other surfaces than the gap is on" in done.stderr
    change(folder, BANS_ON_HELP, BANS_ON_HELP.replace("[help]", "[help, reviews]"))
    assert accept(folder, gap["id"]).returncode == 0
    # One that does not say where it stands may stand there.
    change(folder, "surfaces: [help, reviews]", "surfaces: ")
    assert not any("protects other surfaces" in flaw for flaw in flaws(folder))
    change(folder, "layer: technical, surfaces: ,", "layer: technical, surfaces: [help],")
    assert any("protects other surfaces" in flaw for flaw in flaws(folder))


def hygiene(folder: Path, *options: str) -> list[str]:
    found = report(folder, *options)["results"][0]["findings"]
    return [f["message"] for f in found if f["rule"] == "exception-hygiene"]


def test_a_run_that_reads_no_artefact_cannot_say_that_an_exception_is_not_needed(accepted: Any) -> None:
    dry = ("burst=20 nodelay;", "burst=20 nodelay; limit_req_dry_run on;", "deploy/nginx.conf")
    folder = accepted("anonymous-rate-limit", *dry)
    assert hygiene(folder) == hygiene(folder, "--no-evidence") == []


def test_what_an_artefact_agrees_with_is_accepted_without_it_too(accepted: Any) -> None:
    more = ("trigger_per_day: 5000", "trigger_per_day: 9000", "policycheck.yaml")
    folder = accepted("anomaly-trigger-below-limit", *more)
    assert findings(folder, "anomaly-trigger-below-limit")[0]["assurance"] == "verified"
    for options in ((), ("--no-evidence",)):
        assert hygiene(folder, *options) == []
        assert report(folder, *options)["results"][0]["counts"]["accepted"] == 1
    change(folder, "trigger_per_day: 9000", "trigger_per_day: 90000")
    (said,) = hygiene(folder, "--no-evidence")
    assert "is stale, or was bound to what an artefact shows" in said


def test_criteria_that_leave_a_rule_out_do_not_say_that_its_exception_is_not_needed(shop: Path) -> None:
    assert hygiene(shop, "--criteria", "GAR24") == []
    answered(shop)
    assert "no longer needed" in " ".join(hygiene(shop, "--criteria", "joint-statements"))
    # The rule tests a paragraph of CJS24 too, which this run holds nothing against.
    assert hygiene(shop, "--criteria", "JS23") == []


def answered(shop: Path) -> None:
    """Close the gap that is accepted."""
    change(
        shop,
        "  - {id: terms,",
        "  - {id: ask, family: challenge, layer: technical, surfaces: [reviews], status: deployed,\n"
        "     params: {trigger: suspicion}}\n  - {id: terms,",
    )


def test_one_that_is_no_longer_needed_says_so(shop: Path) -> None:
    answered(shop)
    assert [f["outcome"] for f in findings(shop, "human-challenge")] == ["met"]
    assert "no longer needed" in " ".join(flaws(shop))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--expires-on", "31.03.2027"), "expires_on: '31.03.2027' is not a date"),
        (("--expires-on", "2026-11-20"), "expired on 2026-11-20"),
        (("--expires-on", "2029-01-01"), "at most 365"),
        (("--compensating-control", "bns"), "no control is called 'bns'"),
        (("--compensating-control", "nothing-here"), "no control is called 'nothing-here'"),
        (("--id", "Feed readers"), "id"),
        (("--reason", ""), "does not say reason"),
        (("--reason", "TBD"), "does not say reason"),
        (("--approver", "web team"), "approved by web team"),
        (("--owner", "The owner"), "approved by The owner"),
        (("--into", "deploy/nginx.conf"), "is not read as a part of policycheck.yaml"),
    ],
)
def test_an_entry_that_would_accept_nothing_is_not_written(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(SHOP, folder)
    (gap,) = [f for f in findings(folder, "human-challenge") if f["outcome"] == "gap"]
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    done = accept(folder, gap["id"], *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("given", ["", " ", "f", "1498cfa"])
def test_a_gap_that_nobody_named_is_not_accepted(tmp_path: Path, given: str) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(SHOP, folder)
    assert accept(folder, given).returncode == 2
    assert (folder / "policycheck.yaml").read_bytes() == (SHOP / "policycheck.yaml").read_bytes()


def test_eight_characters_of_an_id_are_enough_and_the_terminal_shows_them(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(SHOP, folder)
    (gap,) = [f["id"] for f in findings(folder, "human-challenge") if f["outcome"] == "gap"]
    assert f"  id {gap}\n" in call(folder, "check", "--verbose", "--as-of", AS_OF).stdout
    assert accept(folder, gap[:8]).returncode == 0
    assert is_accepted(folder)


def test_a_gap_of_a_configured_pack_can_be_accepted(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(SHOP, folder)
    pack = tmp_path / "ours"
    shutil.copytree(ROOT / "tests" / "corpus" / "ours", pack)
    change(pack, "expectations: []", "expectations: [JS23-CTL-b]", "owners/owned.yaml")
    change(pack, 'surface.owner != ""', 'surface.owner == "nobody"', "owners/owned.yaml")
    (folder / ".policycheck.toml").write_text('rules = ["../ours"]\n', "utf-8")
    change(folder, "  - id: reviews\n", "  - id: reviews\n    owner: shop team\n")
    gap = next(f["id"] for f in findings(folder, "owned") if f["outcome"] == "gap")
    assert accept(folder, gap).returncode == 0
    assert "exception" in next(f for f in findings(folder, "owned") if f["id"] == gap)


def test_only_gaps_of_an_expectation_can_be_accepted(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(SHOP, folder)
    done = accept(folder, "00000000")
    assert done.returncode == 2
    assert "no gap has the id" in done.stderr
    assert (folder / "policycheck.yaml").read_bytes() == (SHOP / "policycheck.yaml").read_bytes()
