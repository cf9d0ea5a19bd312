"""A rule that gets a new name keeps what was said of it: baselines, exceptions, comparisons, trends, configuration."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from policycheck import baseline, compare, packs, trend
from policycheck.errors import GAPS, INVALID, USAGE
from policycheck.judge import finding_id
from policycheck.model import Assurance, Finding, Outcome, Severity, Subject
from policycheck.replay import read

ROOT = Path(__file__).parent.parent
AS_OF = "2026-11-21"
FILE = ".policycheck-baseline.yaml"
Rich = dict[str, Any]
Call = Callable[..., tuple[int, str, str]]
SHIPPED = packs.shipped


def new(rule: str) -> str:
    return f"{rule[:50]}-today"


def renaming(wanted: Callable[[str], bool]) -> Callable[[], list[packs.Pack]]:
    """The shipped packs, in which every wanted rule has a new name and nothing else is another."""

    def shipped() -> list[packs.Pack]:
        return [_renamed(pack, wanted) for pack in SHIPPED()]

    return shipped


def _renamed(pack: packs.Pack, wanted: Callable[[str], bool]) -> packs.Pack:
    rules = [_rule(rule) if wanted(rule.id) else rule for rule in pack.rules.values()]
    lent = {
        e.id: e._replace(tested_by=tuple(new(r) if wanted(r) else r for r in e.tested_by))
        for e in pack.expectations.values()
    }
    return pack._replace(rules={rule.id: rule for rule in rules}, expectations=lent, digest=f"{pack.digest[:-8]}00000000")


def _rule(rule: packs.Rule) -> packs.Rule:
    names = [*(rule.text.get("formerly") or ()), rule.id]
    return rule._replace(id=new(rule.id), text={**rule.text, "formerly": names})


@pytest.fixture
def rename(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """From now on, every rule has a new name; or those that are named."""

    def renamed(*rules: str) -> None:
        monkeypatch.setattr(packs, "shipped", renaming(lambda rule: not rules or rule in rules))

    return renamed


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    shutil.copytree(ROOT / "examples" / "corner-shop", folder)
    (folder / ".git").mkdir()
    return folder


def report(call: Call, folder: Path, *words: str, as_of: str = AS_OF) -> Rich:
    _, out, err = call(folder, "check", "--format", "json", "--as-of", as_of, *words)
    assert err == ""
    return read(out.encode(), "report.json")


def findings(found: Rich, **wanted: Any) -> list[Rich]:
    return [f for f in found["results"][0]["findings"] if all(f[key] == value for key, value in wanted.items())]


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), "utf-8")


# --- baselines -----------------------------------------------------------------------------------------------


@pytest.fixture
def known(call: Call, shop: Path) -> Path:
    """A baseline in which a team has noted what it means to do."""
    assert call(shop, "baseline", "write", "--as-of", "2026-11-20")[0] == 0
    noted = (
        "    rule: human-challenge\n    owner: web team\n    due_on: 2026-12-31\n    ticket: SHOP-9\n    plan: a puzzle\n"
    )
    change(shop / FILE, "    rule: human-challenge\n", noted)
    return shop / FILE


def entries(path: Path) -> dict[str, Rich]:
    return {entry["id"]: entry for entry in yaml.safe_load(path.read_text("utf-8"))["gaps"]}


def test_what_a_baseline_knew_it_knows_under_the_new_name(call: Call, shop: Path, known: Path, rename: Any) -> None:
    rename()
    code, out, err = call(shop, "check", "--as-of", AS_OF, "--format", "json", "--baseline", FILE, "--strict-baseline")
    assert (code, err) == (0, "")
    found = findings(json.loads(out))
    states = [f["baseline"] for f in found if "baseline" in f]
    assert {(state["state"], state["since"]) for state in states} == {("known", "2026-11-20")}
    assert len(states) == len(entries(known)) > 5
    assert all(f["rule"].endswith("-today") for f in found if "baseline" in f and f["expectations"])
    (noted,) = [f["baseline"] for f in found if f["rule"] == "human-challenge-today"]
    assert [noted[key] for key in baseline.NOTES] == ["web team", "2026-12-31", "SHOP-9", "a puzzle"]


def test_a_new_gap_of_a_renamed_rule_is_new_and_not_of_a_new_rule(
    call: Call, shop: Path, known: Path, rename: Any
) -> None:  # fmt: skip
    change(
        shop / "policycheck.yaml", "  - {id: known-crawlers, family: bot_detection", "  - {id: known-crawlers, family: other"
    )
    change(shop / "policycheck.yaml", "params: {signals: [user_agent, request_rate]}", "params: {description: none}")
    rename()
    found = report(call, shop, "--baseline", FILE)
    assert found["exit_code"] == GAPS
    (gap,) = findings(found, rule="bots-recognised-today")
    assert gap["baseline"]["state"] == "new"


def test_a_gap_of_a_renamed_rule_that_is_gone_is_fixed(call: Call, shop: Path, known: Path, rename: Any) -> None:
    change(shop / "policycheck.yaml", "last_reviewed_on: 2025-06-02", "last_reviewed_on: 2026-06-02")
    rename()
    code, _, err = call(shop, "check", "--as-of", AS_OF, "--baseline", FILE, "--strict-baseline")
    assert code == GAPS
    assert err.count("is fixed") == 1
    assert "control-reviewed-in-time-today on control edge-limit is fixed" in err
    before = len(entries(known))
    code, out, _ = call(shop, "baseline", "prune", "--as-of", AS_OF)
    assert (code, out) == (0, f"wrote {FILE}: {before - 1} left, 1 taken out\n")
    assert call(shop, "check", "--as-of", AS_OF, "--baseline", FILE, "--strict-baseline")[0] == 0


@pytest.mark.parametrize("how", [("write", "--force"), ("write", "--new-rules"), ("prune",)])
def test_writing_gives_the_new_names_and_keeps_the_notes(
    how: tuple[str, ...], call: Call, shop: Path, known: Path, rename: Any
) -> None:  # fmt: skip
    before = entries(known)
    rename()
    assert call(shop, "baseline", *how, "--as-of", AS_OF)[0] == 0
    after = entries(known)
    assert len(after) == len(before)
    expected = {
        (entry["rule"] if entry["rule"] in _checks() else new(entry["rule"]), entry["subject"], str(entry["since"]))
        for entry in before.values()
    }
    assert {(entry["rule"], entry["subject"], str(entry["since"])) for entry in after.values()} == expected
    (noted,) = [entry for entry in after.values() if entry["rule"] == "human-challenge-today"]
    assert [str(noted[key]) for key in baseline.NOTES] == ["web team", "2026-12-31", "SHOP-9", "a puzzle"]
    assert not {rule for rule in yaml.safe_load(known.read_text("utf-8"))["rules"] if not rule.endswith("-today")}
    ids = {f["id"] for f in findings(report(call, shop))}
    assert set(after) <= ids
    assert set(before) & ids == {key for key, entry in before.items() if entry["rule"] in _checks()}


def _checks() -> Iterable[str]:
    from policycheck.checks import CHECKS

    return CHECKS


def test_pruning_leaves_the_entries_of_others_and_gives_them_the_new_name(
    call: Call, shop: Path, known: Path, rename: Any
) -> None:  # fmt: skip
    before = entries(known)
    text = (shop / "policycheck.yaml").read_text("utf-8")
    (shop / "policycheck.yaml").write_text(text.replace("id: corner-shop", "id: another", 1), "utf-8")
    rename()
    assert "0 taken out" in call(shop, "baseline", "prune", "--as-of", AS_OF)[1]
    assert len(entries(known)) == len(before)
    assert "human-challenge-today" in {entry["rule"] for entry in entries(known).values()}


def test_the_list_of_a_baseline_has_the_new_names(call: Call, shop: Path, known: Path, rename: Any) -> None:
    rename("human-challenge")
    out = call(shop, "baseline", "show", "--as-of", AS_OF)[1]
    assert "human-challenge-today" in out
    assert "web team" in out
    assert "1 days" in out


RULES = st.sampled_from(["a", "b", "c"])
SUBJECTS = st.tuples(st.sampled_from(["surface", "control"]), st.text(min_size=1, max_size=8))


def gap(rule: str, subject: Subject, organization: str = "shop") -> Finding:
    key = finding_id(organization, rule, subject)
    return Finding(
        key, rule, "T", Severity.HIGH, Outcome.GAP, Assurance.DECLARED, subject, ("E-1",), message="", location=None
    )


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(RULES, SUBJECTS), min_size=1, max_size=6, unique=True),
    st.dictionaries(RULES, st.sampled_from(["x", "y"]), max_size=3),
)
def test_every_gap_that_was_known_is_known_whatever_was_renamed(
    found: list[tuple[str, tuple[str, str]]], names: dict[str, str]
) -> None:
    """Also where two rules became one, and whatever a subject is called."""
    before = [gap(rule, Subject(*subject, "")) for rule, subject in found]
    written = {f.id: baseline.entry_of(f, "shop", "2026-05-01", None) for f in before}
    known = baseline.under(names, baseline.Baseline("2026-05-01", frozenset("abc"), {}, written))
    after = {f.id: f for f in (gap(names.get(f.rule, f.rule), f.subject) for f in before)}
    assert set(known.gaps) == set(after)
    debts = [baseline.judge(f, known, AS_OF) for f in after.values()]
    assert {debt.state for debt in debts if debt} == {"known"}
    today = frozenset(names.get(name, name) for name in "abc")
    assert known.rules == today
    ids = frozenset(known.gaps)
    assert baseline.fixed(after.values(), known, "shop", ids) == ()
    assert len(baseline.fixed([], known, "shop", ids)) == len(after)


def test_where_rules_became_one_the_entry_under_todays_name_counts() -> None:
    subject = Subject("surface", "web", "")
    written = [
        baseline.entry_of(gap(rule, subject), "shop", day, None) for rule, day in (("a", "2026-01-01"), ("x", "2026-02-02"))
    ]
    for order in (written, written[::-1]):
        known = baseline.under({"a": "x"}, baseline.Baseline("d", frozenset("ax"), {}, {e["id"]: e for e in order}))
        assert [entry["since"] for entry in known.gaps.values()] == ["2026-02-02"]


def test_an_entry_whose_id_is_not_that_of_what_it_says_is_left_as_it_is() -> None:
    entry = {"id": "of-my-own", "organization": "shop", "rule": "a", "subject": "surface web"}
    bare = {"id": "bare", "rule": "a"}
    known = baseline.Baseline("d", frozenset("a"), {}, {"of-my-own": entry, "bare": bare})
    assert baseline.under({"a": "x"}, known).gaps == known.gaps


# --- exceptions ----------------------------------------------------------------------------------------------


def accept(call: Call, shop: Path, rule: str) -> None:
    key = findings(report(call, shop), rule=rule, outcome="gap")[0]["id"]
    code, _, err = call(
        shop, "except", key, "--id", "accepted", "--reason", "Customers asked us not to", "--approver", "The owner",
        "--ticket", "SHOP-1", "--expires-on", "2027-03-31", "--compensating-control", "bans", "--as-of", AS_OF,
    )  # fmt: skip
    assert (code, err) == (0, "")


def hygiene(found: Rich) -> list[tuple[str, str]]:
    return [(f["severity"], f["message"]) for f in findings(found, rule="exception-hygiene")]


def test_an_exception_holds_under_the_former_name_and_says_the_new_one(call: Call, shop: Path, rename: Any) -> None:
    accept(call, shop, "human-challenge")
    before = report(call, shop)
    rename()
    after = report(call, shop)
    (accepted,) = findings(after, rule="human-challenge-today")
    assert accepted["exception"]["id"] == "accepted"
    assert hygiene(before) == []
    said = "Exception accepted speaks of rule human-challenge, which is called human-challenge-today now."
    assert hygiene(after) == [("info", said)]
    (told,) = findings(after, rule="exception-hygiene")
    assert not told["blocks"]
    assert (shop / "policycheck.yaml").read_text("utf-8").splitlines()[told["location"]["line"] - 1].strip() == (
        "rule: human-challenge"
    )
    assert after["totals"]["blocking"] == before["totals"]["blocking"]


def test_one_that_follows_the_advice_holds_without_a_word(call: Call, shop: Path, rename: Any) -> None:
    """Its fingerprint is still the one of the former name."""
    accept(call, shop, "human-challenge")
    change(shop / "policycheck.yaml", "rule: human-challenge\n", "rule: human-challenge-today\n")
    rename()
    found = report(call, shop)
    assert hygiene(found) == []
    assert "exception" in findings(found, rule="human-challenge-today")[0]


def test_what_changed_since_makes_it_stale_under_any_name(call: Call, shop: Path, rename: Any) -> None:
    accept(call, shop, "human-challenge")
    rename()
    before, after = (f"{{name: town, category: user.location, sensitivity: {word}" for word in ("low", "special"))
    change(shop / "policycheck.yaml", before, after)
    found = report(call, shop)
    assert "exception" not in findings(found, rule="human-challenge-today")[0]
    assert [severity for severity, said in hygiene(found) if "is stale" in said] == ["medium"]


def test_one_of_a_rule_that_never_was_is_still_dangling(call: Call, shop: Path, rename: Any) -> None:
    accept(call, shop, "human-challenge")
    change(shop / "policycheck.yaml", "rule: human-challenge\n", "rule: human-chalenge\n")
    rename()
    assert any("human-chalenge, which does not exist" in said for _, said in hygiene(report(call, shop)))


def test_an_exception_of_an_expectation_holds_whichever_of_its_rules_were_renamed(
    call: Call, shop: Path, rename: Any
) -> None:  # fmt: skip
    gaps = findings(report(call, shop), outcome="gap")
    by: dict[str, set[str]] = {}
    for one in gaps:
        for name in one["expectations"]:
            by.setdefault(name, set()).add(one["rule"])
    name = max(sorted(by), key=lambda n: len(by[n]))
    rules = sorted(by[name])
    assert len(rules) > 1
    accept(call, shop, rules[0])
    change(shop / "policycheck.yaml", f"rule: {rules[0]}\n", f"expectation: {name}\n")
    text = (shop / "policycheck.yaml").read_text("utf-8")
    at = text.index("    subject: ", text.index(f"expectation: {name}\n"))
    text = text[:at] + text[text.index("\n", at) + 1 :]
    (shop / "policycheck.yaml").write_text(text, "utf-8")
    (stale,) = [said for _, said in hygiene(report(call, shop)) if "is stale" in said]
    facts = stale.partition("`facts: ")[2].partition("`")[0]
    (line,) = [line for line in text.splitlines() if line.strip().startswith("facts: ")]
    (shop / "policycheck.yaml").write_text(text.replace(line, f"    facts: '{facts}'"), "utf-8")
    wanted = len([f for f in gaps if name in f["expectations"]])
    assert report(call, shop)["totals"]["accepted"] == wanted
    for count in range(1, len(rules) + 1):
        for some in itertools.islice(itertools.combinations(rules, count), 3):
            rename(*some)
            found = report(call, shop)
            assert (found["totals"]["accepted"], hygiene(found)) == (wanted, []), some


def test_an_exception_can_be_written_for_a_renamed_rule(call: Call, shop: Path, rename: Any) -> None:
    rename()
    accept(call, shop, "human-challenge-today")
    assert hygiene(report(call, shop)) == []


# --- reports against each other ------------------------------------------------------------------------------


def test_a_renamed_rule_opens_and_closes_nothing(call: Call, shop: Path, rename: Any) -> None:
    old = report(call, shop)
    rename()
    now = report(call, shop)
    assert old["report_id"] != now["report_id"]
    found = compare.compare(old, now)
    assert {kind for kind, changes in found.changes.items() if changes} == {"unchanged"}
    still = sum(f["outcome"] in ("gap", "unknown") for f in findings(old))
    assert len(found.changes["unchanged"]) == still > 5
    assert "the rule human-challenge is called human-challenge-today now" in found.notes
    # The other way round, after the release was taken back.
    back = compare.compare(now, old)
    assert {kind for kind, changes in back.changes.items() if changes} == {"unchanged"}
    assert not [note for note in back.notes if "is called" in note]


def test_what_became_worse_under_a_new_name_is_worse(call: Call, shop: Path, rename: Any) -> None:
    old = report(call, shop)
    change(shop / "policycheck.yaml", "necessary_for: }  # why?", 'necessary_for: ""}')
    rename()
    found = compare.compare(old, report(call, shop)).changes
    assert [change.latest["rule"] for change in found["worse"]] == ["public-field-needed-today"]
    assert not (found["opened"] or found["closed"] or found["new_rule"] or found["rule_gone"])


def test_the_command_says_it_of_files_too(call: Call, shop: Path, rename: Any, tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text(json.dumps(report(call, shop)), "utf-8")
    rename("human-challenge")
    (tmp_path / "new.json").write_text(json.dumps(report(call, shop)), "utf-8")
    code, out, _ = call(tmp_path, "diff", "old.json", "new.json")
    assert code == 0
    assert "note: the rule human-challenge is called human-challenge-today now" in out
    assert "0 opened, 0 worse" in out


def test_a_trend_goes_through_two_names(call: Call, shop: Path, rename: Any) -> None:
    first = report(call, shop, as_of="2026-03-15")
    rename("human-challenge", "public-field-needed")
    second = report(call, shop, as_of="2026-05-20")
    change(shop / "policycheck.yaml", "necessary_for: }  # why?", "necessary_for: local deliveries}")
    third = report(call, shop, as_of="2026-07-10")
    found = trend.trend([first, second, third])
    (series,) = found["organizations"]
    for point, (before, step) in zip(
        series["points"][1:], zip(series["points"], series["steps"], strict=False), strict=True
    ):  # fmt: skip
        counts = step["counts"]
        came, went = (sum(counts[word] for word in words) for words in (trend.CAME, trend.WENT))
        assert before["open"] + came - went == point["open"]
    # A check of the declaration itself may have nothing to say on a later day; of rules, nothing went or came.
    odd = {"new_rule", "rule_gone", "gone", "back"}
    changes = [one for step in series["steps"] for one in step["changes"] if one["expectations"]]
    assert not [one["rule"] for one in changes if odd & set(one["words"])]
    assert "the rule human-challenge is called human-challenge-today now" in series["steps"][0]["notes"]
    assert not [note for note in series["steps"][1]["notes"] if "is called" in note]
    closed = [one["rule"] for one in series["steps"][1]["changes"] if "closed" in one["words"]]
    assert closed == ["public-field-needed-today"]
    names = series["steps"][0]["criteria"]["rules"]
    assert "human-challenge-today" not in names["new"]
    assert "human-challenge" not in names["gone"]


def test_the_first_page_says_nothing_opened(call: Call, shop: Path, rename: Any, tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text(json.dumps(report(call, shop, as_of="2026-11-20")), "utf-8")
    same = report(call, shop)
    rename()
    now = report(call, shop)
    since = [trend.since(json.loads((tmp_path / "old.json").read_text()), one, one["results"][0]) for one in (same, now)]
    assert since[0]["counts"] == since[1]["counts"]


def test_an_older_report_still_reads_and_one_with_former_names_is_whole(call: Call, shop: Path, rename: Any) -> None:
    rename("human-challenge")
    found = report(call, shop)
    assert found["rules"]["human-challenge-today"]["formerly"] == ["human-challenge"]
    assert {name for name, rule in found["rules"].items() if "formerly" in rule} == {
        "human-challenge-today", "profiles-not-sold", "uk-interests-assessed",
    }  # fmt: skip


# --- names that came and went, in reports put together by hand -----------------------------------------------


def made(*rules: str, formerly: dict[str, list[str]] | None = None, as_of: str = AS_OF, **outcomes: str) -> Rich:
    """A report with one finding of each rule."""
    subject = Subject("surface", "web", "")
    found = [
        {
            "id": finding_id("shop", rule, subject), "rule": rule, "title": "T", "expectations": ["E-1"], "facts": [],
            "subject": {"kind": "surface", "id": "web", "route": ""}, "outcome": outcomes.get(rule, "gap"),
            "assurance": "declared", "severity": "medium", "location": None, "blocks": True,
        }
        for rule in rules
    ]  # fmt: skip
    listed = {
        rule: {"expectations": ["E-1"], **({"formerly": f} if (f := (formerly or {}).get(rule)) else {})} for rule in rules
    }
    return {
        "format": "policycheck-report/1", "as_of": as_of, "options": {}, "problems": [], "exit_code": 0,
        "criteria": {"packs": [{"id": "p", "version": "1", "digest": " ".join(rules)}]}, "rules": listed,
        "results": [{"organization": {"id": "shop"}, "findings": found, "failures": []}],
    }  # fmt: skip


def kinds(old: Rich, now: Rich) -> dict[str, list[str]]:
    return {k: [c.latest["rule"] for c in found] for k, found in compare.compare(old, now).changes.items() if found}


def test_a_name_that_another_rule_took_again_leads_to_that_rule() -> None:
    assert kinds(made("a"), made("a", "b", formerly={"b": ["a"]})) == {"unchanged": ["a"], "new_rule": ["b"]}
    assert kinds(made("b", formerly={"b": ["a"]}), made("a", formerly={"a": ["b"]})) == {"unchanged": ["a"]}


def test_a_rule_that_became_part_of_another_is_gone_once() -> None:
    assert kinds(made("a", "b"), made("c", formerly={"c": ["a", "b"]})) == {"unchanged": ["c"], "rule_gone": ["b"]}
    assert kinds(made("a", "b"), made("b", formerly={"b": ["a"]})) == {"unchanged": ["b"], "rule_gone": ["a"]}


def test_names_are_followed_over_several_reports() -> None:
    reports = [made("a"), made("b", formerly={"b": ["a"]}), made("c", formerly={"c": ["b"]})]
    for one in compare.under_one_name(reports):
        assert list(one["rules"]) == ["c"]
        assert {f["rule"] for f in one["results"][0]["findings"]} == {"c"}
        assert {f["id"] for f in one["results"][0]["findings"]} == {finding_id("shop", "c", Subject("surface", "web", ""))}


def test_a_renamed_rule_whose_subject_is_gone_is_closed_and_not_a_rule_gone() -> None:
    now = made("b", formerly={"b": ["a"]})
    now["results"][0]["findings"] = []
    assert kinds(made("a"), now) == {"closed": ["b"]}


@pytest.mark.parametrize("formerly", ["a", 5, [5, None], {"a": 1}, [["a"]]])
def test_former_names_of_another_shape_name_nothing(formerly: Any) -> None:
    now = made("b")
    now["rules"]["b"]["formerly"] = formerly
    assert kinds(made("a"), now) == {"new_rule": ["b"], "rule_gone": ["a"]}


def test_text_that_is_no_unicode_is_no_bug() -> None:
    old = made("a")
    old["results"][0]["findings"][0]["subject"]["id"] = "\ud800"
    old["results"][0]["organization"]["id"] = "\udfff"
    assert kinds(old, made("b", formerly={"b": ["a"]})) == {"opened": ["b"], "not_judged": ["b"]}


# --- configuration and the other commands --------------------------------------------------------------------


def test_what_warns_until_a_day_goes_on_under_the_former_name(call: Call, shop: Path, rename: Any) -> None:
    (shop / ".policycheck.toml").write_text('warn_until = [{rule = "human-challenge", until = 2027-03-01}]\n', "utf-8")
    before = findings(report(call, shop), rule="human-challenge")
    rename()
    after = findings(report(call, shop), rule="human-challenge-today")
    assert [f["warns_until"] for f in after] == [f["warns_until"] for f in before] == ["2027-03-01"]
    assert [f["blocks"] for f in findings(report(call, shop, as_of="2027-03-02"), rule="human-challenge-today")] == [True]


def test_one_rule_by_two_of_its_names_is_named_twice(call: Call, shop: Path, rename: Any) -> None:
    names = ("human-challenge", "human-challenge-today")
    listed = ", ".join(f'{{rule = "{name}", until = 2027-03-0{day}}}' for day, name in enumerate(names, 1))
    (shop / ".policycheck.toml").write_text(f"warn_until = [{listed}]\n", "utf-8")
    rename()
    code, out, err = call(shop, "check", "--as-of", AS_OF)
    assert (code, out) == (INVALID, "")
    said = "rule 'human-challenge-today' is named twice, as human-challenge and as human-challenge-today"
    assert err == f".policycheck.toml:1:1: warn_until: {said}\n"


def test_a_document_or_a_rule_that_never_was_is_still_unheard_of(call: Call, shop: Path, rename: Any) -> None:
    entry = '{document = "human-challenge", until = 2027-03-01}, {rule = "human-chalenge", until = 2027-03-01}'
    (shop / ".policycheck.toml").write_text(f"warn_until = [{entry}]\n", "utf-8")
    rename()
    code, _, err = call(shop, "check", "--as-of", AS_OF)
    assert code == INVALID
    assert "no document 'human-challenge'" in err
    assert "no rule 'human-chalenge'" in err


def test_explain_shows_the_rule_under_its_new_name_and_says_so(call: Call, shop: Path, rename: Any) -> None:
    rename()
    code, out, _ = call(shop, "explain", "human-challenge")
    assert code == 0
    assert out.startswith("human-challenge is called human-challenge-today now.\n\nhuman-challenge-today  ")
    code, today, _ = call(shop, "explain", "human-challenge-today")
    assert out.endswith(today)
    assert "Formerly: human-challenge\n" in today
    assert call(shop, "explain", "human-chalenge")[0] == USAGE


def test_the_tests_of_a_rule_run_by_its_former_name(call: Call, shop: Path) -> None:
    runs = [call(shop, "rules", "test", "--rule", rule) for rule in ("purpose-not-ruled-out", "profiles-not-sold")]
    assert runs[0] == runs[1]
    assert runs[0][0] == 0
    assert not runs[0][1].startswith("0 passed")


# --- names that are not one rule's alone ---------------------------------------------------------------------

RULE = """\
title: Surfaces have an owner
expectations: []
severity: low
for_each: surface
assert: surface.owner != ""
message: Nobody owns {surface.id}.
remediation: Name an owner.
"""


def pack(folder: Path, **rules: str) -> Path:
    (folder / "family").mkdir(parents=True)
    (folder / "pack.yaml").write_text(f"id: {folder.name}\nversion: 1.0.0\ntitle: Ours\n", "utf-8")
    for name, former in rules.items():
        text = RULE + (f"formerly: [{former}]\n" if former else "")
        (folder / "family" / f"{name.replace('_', '-')}.yaml").write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        ({"one": "one"}, {}, "ours/family/one.yaml:8:12: formerly: 'one' is the id of ours/family/one.yaml"),
        ({"one": "x, two", "two": ""}, {}, "ours/family/one.yaml:8:15: formerly: 'two' is the id of ours/family/two.yaml"),
        (
            {"one": "old", "two": "old"}, {},
            "ours/family/two.yaml:8:12: formerly: 'old' is a former name of ours/family/one.yaml already",
        ),
        (
            {"one": "old"}, {"three": "new, old"},
            "theirs/family/three.yaml:8:17: formerly: 'old' is a former name of ours/family/one.yaml already",
        ),
        ({"one": ""}, {"three": "one"}, "theirs/family/three.yaml:8:12: formerly: 'one' is the id of ours/family/one.yaml"),
        ({"one": "old"}, {"old": ""}, "theirs/family/old.yaml: the rule id 'old' is a former name of ours/family/one.yaml"),
        (
            {"one": "human-challenge"}, {},
            (
    "ours/family/one.yaml:8:12: formerly: 'human-challenge' is the id of "
                "rules/joint-statements/challenge-and-blocking/human-challenge.yaml"
            ),
        ),
        (
            {"one": "purpose-not-ruled-out"}, {},
            (
    "ours/family/one.yaml:8:12: formerly: 'purpose-not-ruled-out' is a former name of "
                "rules/scraping-conduct/own-scraping/profiles-not-sold.yaml already"
            ),
        ),
        (
            {"purpose_not_ruled_out": ""}, {},
            (
    "ours/family/purpose-not-ruled-out.yaml: the rule id 'purpose-not-ruled-out' is a former name of "
                "rules/scraping-conduct/own-scraping/profiles-not-sold.yaml"
            ),
        ),
    ],
)  # fmt: skip
def test_a_former_name_is_one_rules_alone(
    ours: dict[str, str], theirs: dict[str, str], said: str, call: Call, tmp_path: Path, shop: Path
) -> None:
    folders = ["--rules", str(pack(tmp_path / "ours", **ours))]
    folders += ["--rules", str(pack(tmp_path / "theirs", **theirs))] if theirs else []
    code, _, err = call(tmp_path, "rules", "lint", *folders)
    assert (code, err) == (GAPS, f"{said}\n")
    code, _, err = call(shop, "check", "--as-of", AS_OF, *folders)
    assert (code, err) == (INVALID, f"{said}\n")


def test_an_expectation_that_is_tested_by_a_renamed_rule_is_told_its_name(call: Call, tmp_path: Path) -> None:
    ours = pack(tmp_path / "ours", one="old")
    theirs = pack(tmp_path / "theirs", three="")
    document = "documents:\n  - {id: T, title: Policy, issuer: Us, date: '2026', status: policy, seen: V}\n"
    header = "id: theirs\nversion: 1.0.0\ntitle: Theirs\nrequires: {ours: '>=1'}\n"
    (theirs / "pack.yaml").write_text(header + document, "utf-8")
    (theirs / "expectations").mkdir()
    asked = "{locator: page 1, modality: should, paraphrase: Owned., seen: V, tested_by: [old]}"
    (theirs / "expectations" / "T.yaml").write_text(f"document: T\nexpectations:\n  T-1: {asked}\n", "utf-8")
    code, _, err = call(tmp_path, "rules", "lint", "--rules", str(ours), "--rules", str(theirs))
    assert code == GAPS
    assert "theirs/expectations/T.yaml:3:" in err
    assert err.endswith("unknown rule 'old', which is called 'one' now\n")


def test_former_names_of_ones_own_are_no_mistake(call: Call, tmp_path: Path) -> None:
    ours, theirs = pack(tmp_path / "ours", one="old, older", two=""), pack(tmp_path / "theirs", three="ancient")
    assert call(tmp_path, "rules", "lint", "--rules", str(ours), "--rules", str(theirs)) == (0, "no mistakes\n", "")


def test_a_rule_of_today_is_never_taken_for_a_former_name() -> None:
    def rule(name: str, *former: str) -> packs.Rule:
        return packs.Rule(name, "p", "f", "", {"formerly": [*former]}, "T", Severity.LOW)

    rules = {rule.id: rule for rule in (rule("a", "b", "old"), rule("b"))}
    one = packs.Pack("p", "1", {}, "", {}, {}, rules, {}, {}, True)
    assert packs.Criteria([one], {}).renamed == {"old": "a"}
