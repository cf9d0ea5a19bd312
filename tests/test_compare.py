"""Two reports held against each other: `policycheck diff` and `policycheck check --against`."""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from policycheck import compare, git, packs
from policycheck.compare import KINDS
from policycheck.errors import BUG, GAPS, INCOMPLETE, INVALID, NOTHING, USAGE, InvalidInput
from tests import command_line

ROOT = Path(__file__).parent.parent
POLICY = Path(__file__).parent / "evidence" / "fixtures" / "policy" / "incident-playbook.md"
SHOP = ROOT / "examples" / "corner-shop"
AS_OF = "2026-11-21"
PERSON = {"NAME": "a", "EMAIL": "a@example.com"}
WHO = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in PERSON.items()}
OWN = {
    "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "HOME": "/nonexistent",
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **WHO,
}  # fmt: skip
EXCEPTION = {"id": "e", "reason": "r", "approver": "a", "expires_on": "2027-01-01"}


def finding(outcome: str = "gap", assurance: str = "declared", severity: str = "medium", **more: Any) -> dict[str, Any]:
    found = {
        "id": "f1", "rule": "a-rule", "title": "A title", "expectations": ["CJS24-11"],
        "subject": {"kind": "surface", "id": "reviews", "route": "surfaces[reviews]"}, "outcome": outcome,
        "assurance": assurance, "severity": severity, "location": {"path": "policycheck.yaml", "line": 3, "column": 5},
        "facts": [],
    }  # fmt: skip
    found["blocks"] = outcome in ("gap", "unknown") and severity != "info" and "exception" not in more
    return found | more


def report(
    *findings: dict[str, Any] | None, organization: str = "shop", digest: str = "sha256:1", **more: Any
) -> dict[str, Any]:
    result = {"organization": {"id": organization}, "findings": [f for f in findings if f], "failures": []}
    criteria = {"packs": [{"id": "joint-statements", "version": "0.1.0", "digest": digest}]}
    options = {"criteria": [], "evidence": True, "allow_unknown": False, "exit_zero": False, "loosened_by": []}
    whole = {"format": "policycheck-report/1", "as_of": AS_OF, "options": options, "criteria": criteria, "results": [result]}
    return {**whole, "problems": [], "exit_code": 0, **more}


def kind(was: dict[str, Any] | None, now: dict[str, Any] | None) -> str:
    """What one finding became; empty when it is not spoken of."""
    changes = compare.compare(report(was), report(now)).changes
    return " ".join(kind for kind, found in changes.items() if found)


# --- the words ---------------------------------------------------------------------------------------------------

MET, GAP, UNKNOWN = finding("met"), finding("gap"), finding("unknown")
ACCEPTED = finding("gap", exception=EXCEPTION)


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        (None, GAP, "opened"),
        (None, UNKNOWN, "opened"),
        (MET, GAP, "opened"),
        (MET, UNKNOWN, "opened"),
        (finding("not_applicable"), GAP, "opened"),
        (finding("not_used"), GAP, "opened"),
        (GAP, MET, "closed"),
        (UNKNOWN, MET, "closed"),
        (GAP, finding("not_applicable"), "closed"),
        (GAP, None, "closed"),
        (ACCEPTED, MET, "closed"),
        (UNKNOWN, GAP, "worse"),
        (GAP, finding("gap", "contradicted"), "worse"),
        (finding("gap", "verified"), finding("gap", "contradicted"), "worse"),
        (GAP, finding("gap", severity="high"), "worse"),
        (finding("gap", severity="high"), finding("gap", "contradicted", "low"), "worse"),
        (finding("met", "verified"), finding("met", "supported"), "worse"),
        (finding("met", "supported"), finding("met", "declared"), "worse"),
        (ACCEPTED, finding("gap", "contradicted"), "worse"),
        (ACCEPTED, finding("gap", "contradicted", exception=EXCEPTION), "worse"),
        (GAP, UNKNOWN, "better"),
        (finding("gap", "contradicted"), GAP, "better"),
        (finding("gap", severity="high"), GAP, "better"),
        (MET, finding("met", "verified"), "better"),
        (GAP, ACCEPTED, "newly_accepted"),
        (MET, ACCEPTED, "newly_accepted"),
        (None, ACCEPTED, "newly_accepted"),
        (UNKNOWN, ACCEPTED, "newly_accepted"),
        (ACCEPTED, GAP, "expired"),
        (ACCEPTED, UNKNOWN, "expired"),
        (ACCEPTED, ACCEPTED, "unchanged"),
        (GAP, GAP, "unchanged"),
        (GAP, finding("gap", "verified"), "unchanged"),
        (UNKNOWN, UNKNOWN, "unchanged"),
        (MET, MET, ""),
        (MET, finding("not_applicable"), ""),
        (MET, None, ""),
        (None, MET, ""),
    ],
)
def test_what_a_finding_became(was: dict[str, Any] | None, now: dict[str, Any] | None, expected: str) -> None:
    assert kind(was, now) == expected


def test_only_what_opened_or_became_worse_and_blocks_regresses() -> None:
    ends = [None, MET, GAP, UNKNOWN, ACCEPTED, finding("gap", "contradicted"), finding("gap", severity="high")]
    for was in ends:
        for now in ends:
            found = compare.compare(report(was), report(now))
            assert found.regressed() == (kind(was, now) in ("opened", "worse"))
    assert not compare.compare(report(), report(finding("gap", severity="info"))).regressed()
    assert not compare.compare(report(MET), report(finding("unknown", blocks=False))).regressed()


def test_a_report_compared_with_itself_changes_nothing() -> None:
    one = report(GAP, finding("unknown", id="f2"), finding("met", id="f3"))
    found = compare.compare(one, copy.deepcopy(one))
    assert {k: len(v) for k, v in found.changes.items() if v} == {"unchanged": 2}
    assert found.notes == ()


def test_turned_around_what_opened_closed_and_what_worsened_bettered() -> None:
    turned = {"opened": "closed", "worse": "better", "unchanged": "unchanged", "": ""}
    ends = [None, MET, GAP, UNKNOWN, finding("gap", severity="high"), finding("gap", "contradicted", "high")]
    for was in ends:
        for now in ends:
            pair = {kind(was, now), kind(now, was)}
            assert pair in [{a, b} for a, b in turned.items()]


def test_a_new_rule_is_told_apart_when_the_criteria_differ() -> None:
    new = finding(id="f2", rule="new-rule")
    old, now = report(MET), report(GAP, new, digest="sha256:2")
    found = compare.compare(old, now)
    assert [len(found.changes[k]) for k in ("opened", "new_rule")] == [1, 1]
    back = compare.compare(now, old)
    assert [len(back.changes[k]) for k in ("closed", "rule_gone")] == [1, 1]
    assert "the packs differ" in " ".join(found.notes)
    for one in (old, now):
        one["criteria"]["packs"].append({"id": "same", "version": "0.1.0", "digest": "sha256:3"})
    note = next(n for n in compare.compare(old, now).notes if n.startswith("the packs differ"))
    assert note.count("(") == 2
    assert "same" not in note
    only = compare.compare(report(MET), report(MET, new, digest="sha256:2"))
    assert (only.regressed(), only.regressed(new_rules=True)) == (False, True)


def test_a_rule_that_failed_before_is_not_excused_as_new() -> None:
    found = compare.compare(report(MET), report(MET, finding(id="f2", rule="other")))
    assert len(found.changes["opened"]) == 1


def test_a_finding_about_the_declaration_itself_is_of_no_pack() -> None:
    denied = finding(id="f2", rule="declaration-matches-evidence", expectations=[])
    found = compare.compare(report(MET), report(MET, denied, digest="sha256:2"))
    assert found.regressed()


def test_a_manifest_that_is_gone_has_closed_nothing() -> None:
    both = report(MET)
    both["results"].append({"organization": {"id": "other"}, "findings": [finding(id="g")], "failures": []})
    gone = compare.compare(both, report(MET))
    assert {k: len(v) for k, v in gone.changes.items() if v} == {"not_judged": 1}
    assert gone.notes == ("other was judged before and is not now",)
    come = compare.compare(report(MET), both)
    assert {k: len(v) for k, v in come.changes.items() if v} == {"opened": 1}


def test_what_a_failed_rule_did_not_say_is_not_closed() -> None:
    now = report(None)
    now["results"][0]["failures"] = [{"what": "rule a-rule", "why": "budget"}]
    found = compare.compare(report(GAP), now)
    assert {k: len(v) for k, v in found.changes.items() if v} == {"not_judged": 1}
    assert "the new report is not whole: not every rule or verifier ran for shop" in found.notes


def test_runs_that_were_asked_differently_are_said_to_be() -> None:
    now = report(MET)
    now["options"] = {**now["options"], "evidence": False, "fail_on": "high", "exit_zero": True}
    notes = compare.compare(report(GAP), now).notes
    assert notes == (
        "the runs were asked differently: evidence was on, is off",
        "the runs were asked differently: fail_on was not said, is high",
    )


def test_a_run_that_reads_no_evidence_closes_nothing_that_an_artefact_showed() -> None:
    denied = finding(assurance="contradicted")
    own = finding(id="f2", rule="declaration-matches-evidence", assurance="contradicted", expectations=[])
    said = finding(id="f3", rule="other")
    now = report(MET, finding("met", id="f3", rule="other"))
    assert len(compare.compare(report(denied, own, said), now).changes["closed"]) == 3
    now["options"] = {**now["options"], "evidence": False}
    changes = compare.compare(report(denied, own, said), now).changes
    assert [change.latest["id"] for change in changes["closed"]] == ["f3"]
    assert sorted(change.latest["id"] for change in changes["not_judged"]) == ["f1", "f2"]


# --- what is no report -------------------------------------------------------------------------------------------


def _without(key: str, **more: Any) -> dict[str, Any]:
    return {k: v for k, v in finding().items() if k != key} | more


@pytest.mark.parametrize(
    "data",
    [
        None, [], "policycheck-report/1", {}, {"format": "policycheck-report/2"}, {"format": "policycheck-report/1"},
        report(organization=""), report(_without("id")), report(_without("outcome", outcome="fine")),
        report(_without("severity", severity=3)), report(_without("subject")), report(_without("location", location="x")),
        report(_without("expectations")), report(GAP, GAP), report(MET) | {"results": [[]]}, report(MET) | {"criteria": []},
        report(MET) | {"results": report(MET)["results"] * 2}, report(MET) | {"results": {}},
    ],
)  # fmt: skip
def test_what_is_no_report_is_refused_in_one_line(data: Any) -> None:
    with pytest.raises(InvalidInput) as said:
        compare.report_of(data, "old.json")
    assert str(said.value).startswith("old.json: is no policycheck-report/1 document: ")
    assert "\n" not in str(said.value)


# --- policycheck diff --------------------------------------------------------------------------------------------


def call(folder: Path, *words: str, stdin: bytes = b"", **more: str) -> tuple[int, str, str]:
    return command_line.run(folder, *words, stdin=stdin, **{**OWN, **more})


def diff(folder: Path, old: Any, new: Any, *words: str) -> tuple[int, str, str]:
    (folder / "old.json").write_text(old if isinstance(old, str) else json.dumps(old), "utf-8")
    (folder / "new.json").write_text(new if isinstance(new, str) else json.dumps(new), "utf-8")
    return call(folder, "diff", "old.json", "new.json", *words)


def test_diff_says_what_changed_by_kind(tmp_path: Path) -> None:
    old = report(GAP, finding("met", id="f2", rule="b-rule"), finding("unknown", id="f3", rule="c-rule"))
    new = report(finding("met"), finding("gap", id="f2", rule="b-rule"), finding("gap", id="f3", rule="c-rule"))
    code, out, err = diff(tmp_path, old, new)
    assert (code, err) == (GAPS, "")
    assert out.splitlines() == [
        f"new.json (as of {AS_OF}) compared with old.json (as of {AS_OF})",
        "opened (1)",
        "  policycheck.yaml:3:5 medium b-rule on surface reviews: gap, was met",
        "worse (1)",
        "  policycheck.yaml:3:5 medium c-rule on surface reviews: gap, was unknown",
        "closed (1)",
        "  policycheck.yaml:3:5 medium a-rule on surface reviews: met, was gap",
        "1 opened, 1 worse, 1 closed",
    ]
    assert diff(tmp_path, new, old)[0] == GAPS
    assert diff(tmp_path, old, report(MET))[0] == 0


def test_the_json_form_holds_every_kind(tmp_path: Path) -> None:
    code, out, _ = diff(tmp_path, report(GAP), report(finding(severity="high")), "--format", "json")
    found = json.loads(out)
    assert (code, found["format"], found["regressed"]) == (GAPS, "policycheck-diff/1", True)
    assert set(KINDS) <= set(found)
    assert found["counts"] == {kind: len(found[kind]) for kind in KINDS}
    assert (found["worse"][0]["was"]["severity"], found["worse"][0]["now"]["severity"]) == ("medium", "high")


def test_text_of_others_is_harmless_in_every_form(tmp_path: Path) -> None:
    subject = {"kind": "surface", "id": "\x1b[31m<script>|`[x](y)\n::error::"}
    new = report(finding(rule="r|`<b>", subject=subject))
    for form in ("text", "markdown"):
        _, out, _ = diff(tmp_path, report(), new, "--format", form)
        assert "\x1b" not in out
        assert not [line for line in out.splitlines() if line.startswith("::")]
    assert "| `r\\|'<b>` | surface `\\u001b[31m<script>\\|'[x](y) ::error::` |" in out


def test_new_rules_fail_only_when_asked(tmp_path: Path) -> None:
    new = report(MET, finding(id="f2", rule="new-rule"), digest="sha256:2")
    code, out, _ = diff(tmp_path, report(MET), new)
    assert code == 0
    assert "new rules (1)" in out
    assert diff(tmp_path, report(MET), new, "--new-rules")[0] == GAPS


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format":"policycheck-report/1"}\n{"run":{}}', "[" * 100_000, "\0", "policycheck: 1"]
)
def test_a_file_that_is_no_report_is_exit_3(text: str, tmp_path: Path) -> None:
    for old, new, name in ((text, report(MET), "old.json"), (report(MET), text, "new.json")):
        code, out, err = diff(tmp_path, old, new)
        assert (code, out) == (INVALID, "")
        assert err.startswith(f"{name}: is no policycheck-report/1 document: ")
        assert err.count("\n") == 1


def test_different_organisations_are_refused(tmp_path: Path) -> None:
    code, out, err = diff(tmp_path, report(MET), report(MET, organization="bank"))
    assert (code, out) == (USAGE, "")
    assert err == "policycheck: the reports are of different organisations (shop and bank), so there is nothing to compare\n"


def test_a_new_report_that_is_not_whole_keeps_its_exit_code(tmp_path: Path) -> None:
    for code in (INVALID, INCOMPLETE, BUG):
        assert diff(tmp_path, report(GAP), report(MET, exit_code=code))[0] == code
    assert diff(tmp_path, report(MET), report(GAP, exit_code=INCOMPLETE))[0] == INCOMPLETE
    for code in (0, GAPS):
        assert diff(tmp_path, report(GAP), report(MET, exit_code=code))[0] == 0


def test_a_new_report_that_judged_nothing_of_a_manifest_closes_no_gate(tmp_path: Path) -> None:
    idle = report(MET, exit_code=NOTHING)
    idle["results"][0]["scope"] = {"applicable": 0}
    code, out, _ = diff(tmp_path, report(GAP), idle)
    assert code == NOTHING
    assert "nothing of shop is judged now" in out
    # What else blocks must not hide it from the reader, and a gap that opened is still a gap.
    code, out, _ = diff(tmp_path, report(MET), idle | {"results": [{**idle["results"][0], "findings": [GAP]}]})
    assert (code, "nothing of shop is judged now" in out) == (GAPS, True)


def test_files_that_cannot_be_read_are_usage(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(report(MET)))
    assert call(tmp_path, "diff", "a.json", "gone.json") == (
        USAGE,
        "",
        "policycheck: gone.json cannot be read: no such file or directory\n",
    )
    assert call(tmp_path, "diff", ".", "a.json")[0] == USAGE
    assert call(tmp_path, "diff", "-", "-")[0] == USAGE
    assert call(tmp_path, "diff", "-", "a.json", stdin=json.dumps(report(GAP)).encode())[0] == 0


def test_help_of_diff_teaches_by_example(tmp_path: Path) -> None:
    code, out, _ = call(tmp_path, "diff", "--help")
    assert code == 0
    assert out.count("policycheck diff ") >= 3
    assert max(map(len, out.splitlines())) <= 100


def test_reports_of_real_runs_compare(tmp_path: Path) -> None:
    for name in ("corner-shop", "corner-shop-fixed"):
        words = ("check", str(ROOT / "examples" / name), "--as-of", AS_OF, "--output", f"json={name}.json")
        call(tmp_path, *words)
        written = json.loads((tmp_path / f"{name}.json").read_bytes())
        written["results"][0]["organization"]["id"] = "corner-shop"
        (tmp_path / f"{name}.json").write_text(json.dumps(written))
    code, out, _ = call(tmp_path, "diff", "corner-shop.json", "corner-shop-fixed.json", "--format", "json")
    assert json.loads(out)["counts"]["opened"] == 0 or code == GAPS
    same = call(tmp_path, "diff", "corner-shop.json", "corner-shop.json", "--format", "json")
    found = json.loads(same[1])
    assert same[0] == 0
    assert {kind for kind in KINDS if found[kind]} == {"unchanged"}


# --- policycheck check --against ----------------------------------------------------------------------------------


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A repository with the shop's manifest and its artefact, committed on main."""
    folder = tmp_path / "shop"
    (folder / "deploy").mkdir(parents=True)
    for name in ("policycheck.yaml", "deploy/nginx.conf"):
        (folder / name).write_bytes((SHOP / name).read_bytes())
    _git(folder, "init", "-q", "-b", "main")
    _commit(folder)
    return folder


def _git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, env=OWN, capture_output=True, check=True)


def _commit(folder: Path) -> None:
    _git(folder, "add", "-A")
    _git(folder, "commit", "-q", "--allow-empty", "-m", "x")


def against(folder: Path, *words: str, ref: str = "main", **more: str) -> tuple[int, str, str]:
    return call(folder, "check", "--as-of", AS_OF, "--against", ref, *words, **more)


def _change(folder: Path, old: str, new: str, name: str = "policycheck.yaml") -> None:
    text = (folder / name).read_text("utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), "utf-8")


def test_old_gaps_do_not_fail_and_the_report_is_the_usual_one(shop: Path) -> None:
    plain = call(shop, "check", "--as-of", AS_OF)
    code, out, err = against(shop)
    assert plain[0] == GAPS
    assert (code, out) == (0, plain[1])
    assert err.splitlines()[0] == "compared with main"
    assert err.splitlines()[-1].startswith("0 opened, 0 worse, ")


def test_a_gap_that_the_branch_opens_fails_and_is_named(shop: Path) -> None:
    _change(shop, "auth: none", "auth:")
    code, _, err = against(shop)
    assert code == GAPS
    assert "anonymous-rate-limit on surface reviews: unknown (declared), was met (verified)" in err
    assert against(shop, "--exit-zero")[0] == 0
    assert against(shop, "--allow-unknown")[0] == 0


def test_an_artefact_alone_can_make_it_worse(shop: Path) -> None:
    _change(shop, "rate=", "rate=9", name="deploy/nginx.conf")
    code, _, err = against(shop)
    assert code == GAPS
    assert "contradicted" in err


def test_neither_the_work_tree_nor_the_repository_is_touched(shop: Path) -> None:
    def seen() -> dict[str, tuple[bytes, int]]:
        return {str(p): (p.read_bytes(), p.stat().st_mtime_ns) for p in shop.rglob("*") if p.is_file()}

    _change(shop, "auth: none", "auth:")
    before = seen()
    against(shop)
    assert seen() == before


def test_a_manifest_that_was_moved_is_the_same(shop: Path) -> None:
    (shop / "services").mkdir()
    for name in ("policycheck.yaml", "deploy"):
        (shop / name).rename(shop / "services" / name)
    for folder, words in ((shop, ("services",)), (shop / "services", ()), (shop, ("services/policycheck.yaml",))):
        code, _, err = against(folder, *words)
        assert code == 0, err
        assert "0 opened" in err


def test_a_submodule_is_compared_with_the_commit_that_the_ref_names(shop: Path, tmp_path: Path) -> None:
    inner, vendor = tmp_path / "inner", shop / "vendor"
    shutil.copytree(shop, inner)
    _change(inner, "id: corner-shop", "id: inner-shop")
    _commit(inner)
    _git(shop, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "vendor")
    _commit(shop)
    code, _, err = against(shop, ".")
    assert (code, "inner-shop is judged now" in err) == (0, False), err

    _change(vendor, "auth: none", "auth:")
    code, _, err = against(shop, ".")
    assert code == GAPS
    assert "vendor/policycheck.yaml:" in err

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(git, "MAX_TREE", 10_000)
        (vendor / "large.txt").write_text("x" * 10_000)
        _commit(vendor)
        _commit(shop)
        _, _, err = against(shop, ".")
    assert "at main, and so not compared: vendor: the tree at " in err, err
    assert (against(shop, ".")[0], against(shop, ".", ref="main~1")[0]) == (0, GAPS)

    shutil.rmtree(vendor)
    _git(tmp_path, "clone", "-q", str(inner), str(vendor))
    assert "at main, and so not compared: vendor: its commit" in against(shop, ".")[2]


def test_a_commit_that_a_submodule_of_a_submodule_lacks_is_fetched_there(shop: Path) -> None:
    vendor, deep = shop / "vendor", shop / "vendor" / "deep"
    deep.mkdir(parents=True)
    for folder in (vendor, deep):
        _git(folder, "init", "-q")
    _git(vendor, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},deep")
    _commit(vendor)
    _git(shop, "add", "vendor")
    _commit(shop)
    err = against(shop, "policycheck.yaml")[2]
    assert "vendor/deep: its commit 111111111111 is not here; git fetch in that folder may bring it" in err, err


def test_what_a_walk_leaves_out_is_left_out_at_the_ref_too(shop: Path) -> None:
    """A draft that nobody judges must not excuse the gaps of the manifest that is judged."""
    text = (shop / "policycheck.yaml").read_text("utf-8")
    (shop / "drafts").mkdir()
    (shop / "drafts" / "policycheck.yaml").write_text(text.replace("auth: none", "auth:"), "utf-8")
    (shop / ".policycheck.toml").write_text('exclude = ["drafts/**"]\n', "utf-8")
    _commit(shop)
    assert "0 opened, 0 worse, 7 unchanged" in against(shop, ".")[2]
    _change(shop, "auth: none", "auth:")
    assert against(shop, ".")[0] == GAPS
    assert against(shop, "policycheck.yaml")[0] == GAPS


def test_an_organization_that_stood_twice_is_compared_with_neither(shop: Path) -> None:
    (shop / "copy").mkdir()
    for name in ("policycheck.yaml", "copy/policycheck.yaml"):
        (shop / name).write_bytes((SHOP / "policycheck.yaml").read_bytes())
    _commit(shop)
    (shop / "copy" / "policycheck.yaml").unlink()
    code, _, err = against(shop, ".")
    assert code == GAPS
    assert "already used by" in err
    assert "corner-shop is judged now and was not before" in err


def _accept(shop: Path) -> None:
    (gap,) = [
        f["id"] for f in _report(shop)["findings"] if f["rule"] == "technical-and-procedural" and f["outcome"] == "gap"
    ]
    words = ("--id", "known", "--reason", "old", "--approver", "dpo", "--ticket", "A-1", "--expires-on", "2027-03-31")
    done = call(shop, "except", gap, *words, "--compensating-control", "edge-limit", "--as-of", AS_OF)
    assert done[0] == 0, done


def _report(shop: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(call(shop, "check", "--as-of", AS_OF, "--format", "json")[1])["results"][0]
    return found


@pytest.mark.parametrize("is_stale", [True, False])
def test_an_exception_that_the_branch_makes_stale_or_takes_out_holds_nothing_back(shop: Path, is_stale: bool) -> None:
    _accept(shop)
    _commit(shop)
    assert against(shop, "--fail-on", "high")[0] == 0
    text = (shop / "policycheck.yaml").read_text("utf-8")
    later = text.replace("est_records: 48000", "est_records: 480000000") if is_stale else text.partition("\nexceptions:")[0]
    (shop / "policycheck.yaml").write_text(later + "\n", "utf-8")
    code, _, err = against(shop, "--fail-on", "high")
    assert code == GAPS
    assert "high technical-and-procedural on surface reviews: gap, was gap accepted" in err


def test_a_manifest_of_which_nothing_was_judged_is_never_hidden_by_gaps(shop: Path) -> None:
    (shop / "second").mkdir()
    sections = "".join(f"{name}: []\n" for name in ("surfaces", "controls", "third_party_access", "ai_uses", "own_scraping"))
    text = (
        "policycheck: 1\norganization: {id: second, name: Second, roles: [website_operator], size: small, "
        f"jurisdictions: [NL], contact: privacy@second.example}}\n{sections}incidents: []\n"
    )
    (shop / "second" / "policycheck.yaml").write_text(text, "utf-8")
    _commit(shop)
    _change(shop, "website_operator", "public_body", "second/policycheck.yaml")
    only = ("--criteria", "JS23,CJS24")
    for words in ((*only, "--exit-zero"), (*only, "--against", "main")):
        code, _, err = call(shop, "check", ".", "--as-of", AS_OF, *words)
        assert code == NOTHING
        assert "second/policycheck.yaml: no must or should expectation applied" in err
    assert call(shop, "check", ".", "--as-of", AS_OF, *only)[0] == GAPS


def test_a_manifest_that_was_not_there_opened_all_its_gaps(shop: Path) -> None:
    text = (shop / "policycheck.yaml").read_text("utf-8").replace("id: corner-shop", "id: second")
    (shop / "second").mkdir()
    (shop / "second" / "policycheck.yaml").write_text(text, "utf-8")
    code, _, err = against(shop, ".")
    assert code == GAPS
    assert "note: second is judged now and was not before" in err
    assert "second/policycheck.yaml:" in err
    assert against(shop, "policycheck.yaml")[0] == 0


def test_a_manifest_that_was_removed_is_said_and_closes_nothing(shop: Path) -> None:
    text = (shop / "policycheck.yaml").read_text("utf-8").replace("id: corner-shop", "id: second")
    (shop / "b.policycheck.yaml").write_text(text, "utf-8")
    _commit(shop)
    (shop / "b.policycheck.yaml").unlink()
    code, _, err = against(shop, ".")
    assert code == 0
    assert "note: second was judged before and is not now" in err
    assert "not judged" in err.splitlines()[-1]
    assert " closed" not in err.splitlines()[-1]


def test_a_manifest_that_was_invalid_then_is_said(shop: Path) -> None:
    good = (shop / "policycheck.yaml").read_text("utf-8")
    _change(shop, "status: deployed", "statsu: deployed")
    _commit(shop)
    (shop / "policycheck.yaml").write_text(good, "utf-8")
    code, _, err = against(shop)
    assert code == GAPS
    assert "note: at main, and so not compared: policycheck.yaml:" in err
    assert "did you mean 'status'?" in err


def test_invalid_now_stays_exit_3(shop: Path) -> None:
    _change(shop, "status: deployed", "statsu: deployed")
    code, _, err = against(shop)
    assert code == INVALID
    assert "note: corner-shop was judged before and is not now" in err


def test_a_fragment_and_jobs_and_files_work_as_without(shop: Path) -> None:
    lines = (shop / "policycheck.yaml").read_text("utf-8").splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if line.startswith("surfaces:"))
    end = next(n for n, line in enumerate(lines) if n > at and line[0] not in " \n#")
    (shop / "surfaces.policycheck-part.yaml").write_text("".join(lines[at:end]), "utf-8")
    (shop / "policycheck.yaml").write_text(
        "".join([*lines[:at], *lines[end:], "include: ['*.policycheck-part.yaml']\n"]), "utf-8"
    )
    code, _, err = against(shop, "surfaces.policycheck-part.yaml", "--jobs", "2", "--output", "json=report.json")
    assert code == 0, err
    assert json.loads((shop / "report.json").read_bytes())["format"] == "policycheck-report/1"
    _commit(shop)
    _change(shop, "auth: none", "auth:", name="surfaces.policycheck-part.yaml")
    code, _, err = against(shop, "surfaces.policycheck-part.yaml")
    assert code == GAPS
    assert "surfaces.policycheck-part.yaml:" in err


def test_a_hook_of_git_may_call_it(shop: Path) -> None:
    _change(shop, "auth: none", "auth:")
    variables = {"GIT_DIR": ".git", "GIT_INDEX_FILE": ".git/index", "GIT_PREFIX": ""}
    assert against(shop, **variables)[0] == GAPS


@pytest.mark.parametrize("ref", ["mian", "--help-me", "", "main:deploy"])
def test_an_unknown_ref_is_exit_2_before_anything_is_written(ref: str, shop: Path) -> None:
    code, out, err = call(shop, "check", f"--against={ref}", "--output", "json=report.json")
    assert (code, out) == (USAGE, "")
    assert repr(ref) in err
    assert err.count("\n") == 1
    assert not (shop / "report.json").exists()


def test_no_repository_and_standard_input_are_exit_2(tmp_path: Path, shop: Path) -> None:
    (tmp_path / "policycheck.yaml").write_bytes((SHOP / "policycheck.yaml").read_bytes())
    code, out, err = call(tmp_path, "check", "--against", "main")
    assert (code, out) == (USAGE, "")
    assert err == f"policycheck: {tmp_path} is not in a git repository\n"
    code, _, err = against(shop, "-")
    assert code == USAGE
    assert "standard input is not in a git ref" in err


def test_the_same_criteria_judge_both_sides(shop: Path) -> None:
    _, out, _ = against(shop, "--criteria", "CJS24", "--format", "json")
    digests = {pack["id"]: pack["digest"] for pack in json.loads(out)["criteria"]["packs"]}
    assert digests == {pack.id: pack.digest for pack in packs.shipped()}


def test_annotations_are_errors_only_for_what_the_branch_opened(shop: Path) -> None:
    def levels(*words: str) -> list[tuple[str, str]]:
        out = against(shop, "--format", "github", *words)[1]
        return [(line.split(" ")[0], line.split("title=")[1].split("::")[0]) for line in out.splitlines()]

    before = levels()
    assert before
    assert {level for level, _ in before} == {"::notice"}
    _change(shop, "auth: none", "auth:")
    after = set(levels()) - set(before)
    assert ("::warning", "anonymous-rate-limit") in after
    assert not {"human-challenge", "control-reviewed-in-time"} & {title for level, title in after if level != "::notice"}
    (shop / "other").mkdir()
    text = (shop / "policycheck.yaml").read_text("utf-8")
    (shop / "other" / "policycheck.yaml").write_text(text.replace("id: corner-shop,", "id: other,"), "utf-8")
    assert ("::error", "human-challenge") in levels(".")
    assert levels("--jobs", "2", ".") == levels(".")


def test_tests_fail_only_for_what_the_branch_opened(shop: Path) -> None:
    def failed() -> list[str]:
        suites = ElementTree.fromstring(against(shop, "--format", "junit")[1])
        cases = suites.iter("testcase")
        return [case.get("classname", "").partition(".")[2] for case in cases if case.find("failure") is not None]

    assert failed() == []
    skipped = against(shop, "--format", "junit")[1]
    assert "gap open at the ref that this run is compared with" in skipped
    _change(shop, "auth: none", "auth:")
    assert "anonymous-rate-limit" in failed()
    assert "human-challenge" not in failed()
