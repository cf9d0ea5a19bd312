"""The forecast is what `check --as-of` would say on later days: the right day, the right reason, nothing left out."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from policycheck import run
from policycheck.assess import assess
from policycheck.errors import INVALID, NOTHING, USAGE
from policycheck.forecast import Days, calendar, days_of
from policycheck.model import Accepted, Assurance, Finding, Manifest, Options, Outcome, Severity, Subject, WarnUntil
from policycheck.tally import stops

CLEAN = (Path(__file__).parent / "corpus" / "clean.yaml").read_text("utf-8")
AS_OF = "2026-11-21"
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A repository with one manifest."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "policycheck.yaml").write_text(CLEAN, "utf-8")
    return tmp_path


def opens(call: Call, folder: Path, *arguments: str) -> list[dict[str, Any]]:
    code, out, err = call(folder, "forecast", "--as-of", AS_OF, "--format", "json", *arguments)
    assert (code, err) == (0, "")
    found: list[dict[str, Any]] = json.loads(out)["manifests"][0]["opens"]
    return found


def blocking(call: Call, folder: Path, day: str) -> set[str]:
    _, out, _ = call(folder, "check", "--format", "json", "--as-of", day)
    return {f["id"] for f in json.loads(out)["results"][0]["findings"] if f["blocks"]}


def test_a_review_falls_due_on_the_day_after_its_interval(shop: Path, call: Call) -> None:
    found = opens(call, shop, "--days", "200")
    review = next(e for e in found if e["rule"] == "control-reviewed-in-time")
    assert (review["date"], review["subject"]) == ("2027-06-03", {"kind": "control", "id": "edge-limit"})
    assert review["location"]["path"] == "policycheck.yaml"
    assert review["why"].startswith("edge-limit was last reviewed 366 days ago")
    assert not [e for e in opens(call, shop, "--days", "193") if e["rule"] == "control-reviewed-in-time"]


def test_a_row_of_a_pack_that_ends_before_the_next_begins_opens_what_rests_on_it(shop: Path, call: Call) -> None:
    files = {
        "pack.yaml": "id: ours\nversion: 1.0.0\ntitle: Ours\n",
        "data/levels.yaml": "rows:\n  now: [{from: 2020-01-01, until: 2026-12-05, n: 1}, {from: 2026-12-10, n: 1}]\n",
        "family/level-held.yaml": "title: Held\nexpectations: []\nseverity: low\nfor_each: organization\n"
        'assert: data.levels["now"].n == 1\nmessage: Not held.\nremediation: Hold it.\n',
    }
    for name, text in files.items():
        (shop / "ours" / name).parent.mkdir(parents=True, exist_ok=True)
        (shop / "ours" / name).write_text(text, "utf-8")
    found = opens(call, shop, "--rules", "ours", "--days", "90")
    assert [e["date"] for e in found if e["rule"] == "level-held"] == ["2026-12-05"]


def test_every_event_is_what_check_says_on_that_day_and_not_the_day_before(shop: Path, call: Call) -> None:
    found = opens(call, shop, "--days", "400")
    assert found
    assert [e["date"] for e in found] == sorted(e["date"] for e in found)
    for event in found:
        eve = (date.fromisoformat(event["date"]) - timedelta(days=1)).isoformat()
        assert event["id"] in blocking(call, shop, event["date"])
        assert event["id"] not in blocking(call, shop, eve)


def test_nothing_that_opens_until_the_last_day_is_left_out(shop: Path, call: Call) -> None:
    found = {e["id"] for e in opens(call, shop, "--days", "400")}
    assert blocking(call, shop, "2027-12-26") - blocking(call, shop, AS_OF) <= found


def test_an_exception_that_runs_out_is_in_the_calendar(shop: Path, call: Call) -> None:
    _, out, _ = call(shop, "check", "--format", "json", "--as-of", AS_OF)
    findings = json.loads(out)["results"][0]["findings"]
    gap = next(f for f in findings if f["outcome"] == "gap" and f["expectations"] and not f["rule"].startswith("control"))
    code, _, err = call(
        shop, "except", gap["id"], "--id", "for-now", "--reason", "r", "--approver", "Chief", "--ticket", "T-1",
        "--compensating-control", "edge-limit", "--expires-on", "2026-12-31", "--as-of", AS_OF,
    )  # fmt: skip
    assert code == 0, err
    found = {(e["date"], e["rule"]): e["why"] for e in opens(call, shop)}
    assert found["2027-01-01", gap["rule"]] == "The exception for-now no longer holds; it runs until 2026-12-31."
    assert ("2027-01-01", "exception-hygiene") in found


def test_a_warning_that_ends_is_in_the_calendar(shop: Path, call: Call) -> None:
    (shop / ".policycheck.toml").write_text('warn_until = [{severity = "high", until = 2027-01-15}]', "utf-8")
    ends = [e for e in opens(call, shop) if e["why"].startswith("It warns until 2027-01-15, then it blocks.")]
    assert ends
    assert {(e["date"], e["severity"]) for e in ends} == {("2027-01-16", "high")}
    assert not [e for e in opens(call, shop, "--isolated") if e["date"] == "2027-01-16"]


def test_evidence_that_grows_old_is_in_the_calendar(shop: Path, call: Call) -> None:
    evidence = "\n    evidence: [{kind: document, path: review.md, collected_on: 2026-11-01, valid_for_days: 40}]"
    (shop / "policycheck.yaml").write_text(CLEAN.replace("window: hour}", "window: hour}" + evidence, 1), "utf-8")
    found = "What the review of the edge rate limit found this year: " + "all visitors stay well below it. " * 5
    (shop / "review.md").write_text(found, "utf-8")
    stale = [e for e in opens(call, shop) if e["rule"] == "evidence-readable"]
    assert [e["date"] for e in stale] == ["2026-12-12"]
    assert "is out of date" in stale[0]["why"]
    assert not [e for e in opens(call, shop, "--no-evidence") if e["rule"] == "evidence-readable"]


def test_the_calendar_reads_well(shop: Path, call: Call) -> None:
    code, out, _ = call(shop, "forecast", "--as-of", AS_OF, "--days", "200")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "Corner Shop Ltd: policycheck.yaml, from 2026-11-21 to 2027-06-09"
    assert lines[1].endswith(" block already")
    assert "2027-06-03 medium control-reviewed-in-time · control edge-limit" in lines
    assert max(map(len, lines)) <= 80
    _, out, _ = call(shop, "forecast", "--as-of", AS_OF, "--days", "1")
    assert out.splitlines()[-1] == "nothing more begins to block"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--days", "0"], USAGE),
        (["nowhere"], USAGE),
        (["bad.yaml"], INVALID),
        (["docs"], NOTHING),
        (["--as-of", "soon"], USAGE),
    ],
)
def test_exit_codes_are_those_of_every_command(arguments: list[str], code: int, shop: Path, call: Call) -> None:
    (shop / "docs").mkdir()
    (shop / "bad.yaml").write_text("policycheck: 1\n", "utf-8")
    found, _, err = call(shop, "forecast", *arguments)
    assert found == code
    assert "Traceback" not in err


@pytest.mark.parametrize("words", [["forecast"], ["config"]])
def test_the_help_teaches_by_example(words: list[str], call: Call, tmp_path: Path) -> None:
    code, out, _ = call(tmp_path, *words, "--help")
    assert code == 0
    assert sum(line.strip().startswith(f"policycheck {words[0]}") for line in out.splitlines()) >= 2
    assert max(map(len, out.splitlines())) <= 100


# --- the calendar itself -------------------------------------------------------------------------------------


def finding(**more: Any) -> Finding:
    return Finding(
        "id", "rule", "Title", Severity.HIGH, Outcome.GAP, Assurance.DECLARED, Subject("control", "c", "controls[c]"),
        ("CJS24-11",), "message", None,
    )._replace(**more)  # fmt: skip


def test_the_first_day_is_found_even_between_the_days_that_were_looked_at() -> None:
    asked: list[str] = []

    def judge(day: str) -> list[Finding]:
        asked.append(day)
        return [finding()] if day >= "2027-01-09" else []

    (event,) = calendar(judge, Options(AS_OF), [AS_OF, "2026-12-01", "2027-02-19"])
    assert event.day == "2027-01-09"
    assert len(asked) == len(set(asked)) < 15


def test_what_does_not_block_is_no_event() -> None:
    accepted = Accepted("x", "r", "a", "t", "2026-01-01", "2027-12-31", "c")
    for harmless in (
        finding(severity=Severity.INFO), finding(outcome=Outcome.MET), finding(exception=accepted),
        finding(warns_until="2027-12-31"),
    ):  # fmt: skip
        days = {AS_OF: [], "2027-01-01": [harmless]}
        assert calendar(days.__getitem__, Options(AS_OF), list(days)) == []


def test_the_days_looked_at_come_from_dates_and_the_intervals_around_them() -> None:
    data = {
        "test_interval_days": 20,
        "list": [{"on": "2026-11-25", "at": "2026-11-30T10:00:00Z", "far": "2031-01-01", "text": "2026-12-02x"}],
        "wrong": {"on": "2026-13-45", "huge_days": 10**12},
    }
    options = Options(AS_OF, warn_until=(WarnUntil("rule", "r", "2026-12-24"),))
    assert days_of(data, options, 90) == [
        AS_OF, "2026-11-25", "2026-11-26", "2026-11-30", "2026-12-01",
        "2026-12-16", "2026-12-21", "2026-12-25", "2027-02-19",
    ]  # fmt: skip


def test_a_year_that_has_no_next_is_looked_at_to_its_end() -> None:
    options = Options(as_of="9999-12-30", warn_until=(WarnUntil("severity", "high", "9999-12-31"),))
    assert days_of({}, options, 90) == ["9999-12-30", "9999-12-31"]


# --- what no day bears on is judged once -----------------------------------------------------------------------


def random_shop(chance: random.Random, with_evidence: bool) -> str:
    """The corner shop with controls, incidents, uses and exceptions whose days lie here and there, some of them ahead."""

    def some_day(first: int = -500, last: int = 120) -> str:
        return (date.fromisoformat(AS_OF) + timedelta(days=chance.randint(first, last))).isoformat()

    controls = [
        f"  - {{id: c{n}, family: {chance.choice(['rate_limit', 'challenge', 'training'])}, layer: technical, "
        f"surfaces: [reviews], status: deployed, owner: web, last_reviewed_on: {some_day()}, "
        f"review_interval_days: {chance.choice([30, 90, 365])}, "
        f"equivalent_to: [{{expectation: CJS24-13b1, rationale: it slows everybody}}]}}"
        for n in range(4)
    ]
    incidents = [
        f"  - {{id: i{n}, title: T, detected_at: {(at := some_day())}T08:00:00Z, surfaces: [reviews], records: 5000, "
        f"legal: {{decision: demand_deletion, decided_on: {at}, demanded_on: {chance.choice([some_day(), ''])}}}}}"
        for n in range(4)
    ]
    evidence = f"\n    evidence: [{{kind: document, path: review.md, collected_on: {some_day(-60, 0)}, valid_for_days: 40}}]"
    text = CLEAN.replace("third_party_access:", "\n".join([*controls, "", "third_party_access:"]))
    text = text.replace("metrics:", "\n".join([*incidents, "", "metrics:"]))
    text = text.replace("window: hour}", "window: hour}" + (evidence if with_evidence else ""), 1)
    return f"{text}\nincident_policy: {{legal_sla_days: {chance.choice([3, 40])}}}\n" + (
        "exceptions:\n"
        f"  - {{id: e, rule: {chance.choice(['account-rate-limit', 'control-reviewed-in-time'])}, reason: r, "
        f"approver: Chief, ticket: T-1, granted_on: {some_day(-90, 0)}, expires_on: {some_day(0, 200)}, "
        "compensating_control: watch}\n"
    ) * chance.randint(0, 1)


@pytest.mark.parametrize("seed", range(6))
def test_the_events_are_those_of_judging_every_day_anew(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    path = tmp_path / "policycheck.yaml"
    path.write_text(random_shop(chance, with_evidence=seed == 5), "utf-8")
    (tmp_path / "review.md").write_text("What the review found: " + "visitors stay well below it. " * 9, "utf-8")
    warnings = (WarnUntil("severity", "high", "2027-01-05"),) * (seed % 2)
    worker = run.Worker(run.Settings(tmp_path, Options(AS_OF, warn_until=warnings)))

    def read(day: str) -> Manifest:
        manifest, problems = run.read(path, path.name, tmp_path, day)
        assert manifest is not None, problems
        return manifest

    def anew(day: str) -> tuple[Finding, ...]:
        return assess(read(day), worker.criteria, worker.options._replace(as_of=day)).findings

    options, first = worker.options, read(AS_OF)
    days = days_of(first.data, options, 150)
    judged = Days(first, worker.criteria, options, None)
    found, wanted = calendar(judged.judge, options, days, judged.explained), calendar(anew, options, days)
    assert [(e.day, e.why, e.finding.id, e.finding.location) for e in found] == [
        (e.day, e.why, e.finding.id, e.finding.location) for e in wanted
    ]
    assert wanted
    assert judged.blocking == sum(stops(finding, options) for finding in anew(AS_OF))


def test_a_manifest_without_evidence_is_judged_whole_once_however_many_days_there_are(
    shop: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def counted(manifest: Manifest, criteria: Any, options: Options, known: Any = None) -> Any:
        asked.append(options.as_of)
        return assess(manifest, criteria, options, known)

    monkeypatch.setattr("policycheck.forecast.assess", counted)
    assert opens(call, shop, "--days", "400")
    assert asked == [AS_OF]
