"""`policycheck breach-clock`: readable at two in the morning, complete, and the same bytes for the same call."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from policycheck import cli
from policycheck.errors import INCOMPLETE, INVALID, USAGE

ROOT = Path(__file__).resolve().parents[1]
EVERY = "AR,AU,CA,CH,CO,ES,GB,GG,HK,IL,JE,MA,MC,MX,NO,NZ"
DETECTED = ("--detected", "2026-11-20T09:00Z")
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Call:
    """The command in this process."""

    def called(*arguments: str, encoding: str = "utf-8") -> tuple[int, str, str]:
        streams = [io.TextIOWrapper(io.BytesIO(), encoding, write_through=True) for _ in range(2)]
        with monkeypatch.context() as patch:
            patch.chdir(tmp_path)
            patch.setattr(sys, "argv", ["policycheck", "breach-clock", *arguments])
            patch.setattr(sys, "stdout", streams[0])
            patch.setattr(sys, "stderr", streams[1])
            code = cli._run()
        out, err = (stream.buffer.getvalue().decode(encoding) for stream in streams)  # type: ignore[attr-defined]
        return code, out, err

    return called


def told(call: Call, *arguments: str) -> str:
    code, out, err = call(*DETECTED, *arguments)
    assert (code, err) == (0, "")
    return out


def data(call: Call, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(told(call, "--format", "json", *arguments))
    return found


def by_place(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["jurisdiction"]: one for one in found["lines"]}


# --- text ------------------------------------------------------------------------------------------------------


def test_the_first_line_says_what_it_is_not_and_the_list_comes_before_the_details(call: Call) -> None:
    lines = told(call, "--jurisdictions", "GB,CO,HK,CA").splitlines()
    assert lines[0].startswith("Not legal advice: check the statute.")
    listed = lines[lines.index("") + 1 :]
    assert listed[:5] == [
        "at once                   CA    Canada: OPC",
        "Mon 2026-11-23 09:00 UTC  GB    United Kingdom: ICO",
        "Sat 2026-12-12 04:59 UTC  CO    Colombia: SIC",
        "no statutory duty seen    HK    Hong Kong",
        "",
    ]


def test_names_of_parts_do_not_push_the_list_out_of_line(call: Call) -> None:
    lines = told(call, "--jurisdictions", "GB-SCT,CO,ES").splitlines()
    listed = lines[lines.index("") + 1 :][:3]
    assert [line.partition("  ")[2].strip().partition(" ")[0] for line in listed] == ["ES", "GB-SCT", "CO"]
    assert {line.index(name) for line, name in zip(listed, ("Spain", "United", "Colombia"), strict=True)} == {33}


def test_a_place_is_told_whole(call: Call) -> None:
    text = " ".join(told(call, "--jurisdictions", "GB").split())
    for part in (
        "By Mon 2026-11-23 09:00 UTC Counted 72 hours from Fri 2026-11-20 09:00 UTC, nights and weekends included",
        "(UK GDPR art. 33 and 34)", "Tell Information Commissioner's Office (ICO); its successor: Information Commission",
        "If any personal data breach, unless a risk to people is unlikely", "Starts when the organisation becomes aware",
        "People told without undue delay where the risk to them is likely to be high",
        "Source https://ico.org.uk/global/privacy-notice/report-a-breach-all-controllers/",
        "Seen in part; the authority's own page. Held to apply from 2021-01-01",
        "Note The authority's page gives the 72 hours",
    ):  # fmt: skip
        assert part in text, part


def test_public_holidays_are_told_not_to_be_known(call: Call) -> None:
    text = " ".join(told(call, "--jurisdictions", "CO").split())
    assert "to the end of Fri 2026-12-11 at UTC-05:00. Public holidays are not known here: it may be later" in text


def test_what_is_weak_is_told_to_be_weak(call: Call) -> None:
    text = " ".join(told(call, "--jurisdictions", "MC").split())
    assert "Mon 2026-11-23 09:00 UTC MC Monaco: APDP, in doubt" in text
    assert "the number is in doubt" in text
    assert "Seen a seller's page only: low confidence." in text
    assert "Sources conflict" in told(call, "--jurisdictions", "IL")


def test_awareness_that_is_assumed_is_told_to_be(call: Call) -> None:
    assert "taken to be certain then too, since --aware is" in told(call, "--jurisdictions", "GB")
    given = told(call, "--jurisdictions", "GB", "--aware", "2026-11-21T08:00+01:00")
    assert "Noticed Fri 2026-11-20 09:00 UTC; certain Sat 2026-11-21 07:00 UTC." in given
    assert "Tue 2026-11-24 07:00 UTC  GB" in given


@pytest.mark.parametrize("more", [(), ("--at", "2026-11-24T00:00Z"), ("--zone", "America/Argentina/Buenos_Aires")])
def test_every_place_fits_eighty_columns_but_for_addresses(more: tuple[str, ...], call: Call) -> None:
    lines = told(call, "--jurisdictions", EVERY, *more).splitlines()
    assert [line for line in lines if len(line) > 80 and "https://" not in line] == []
    assert [line for line in lines if "https://" in line and len(line.split()) > 3] == []
    for place in EVERY.split(","):
        assert sum(line.startswith(f"{place}  ") for line in lines) == 1
    assert max(len(list(lines)), 1) < 300


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("DE", "so its law must be looked up. GDPR art. 33"),
        ("CA-QC", "only the law of CA as a whole is held"),
        ("JP", "no clock"),
    ],
)
def test_a_place_without_a_clock_gets_its_line_and_the_others_do_not_wait(place: str, why: str, call: Call) -> None:
    alone = told(call, "--jurisdictions", "GB")
    code, out, err = call(*DETECTED, "--jurisdictions", f"{place},GB")
    assert code == INCOMPLETE
    assert err == f"policycheck: incomplete: no breach clock is held for {place}; look up the law there\n"
    assert [line for line in alone.splitlines() if line not in out.splitlines()] == []
    assert f"\nnot known                 {place:5} no clock is held here: look up its law\n" in out
    assert why in " ".join(out.split())


def test_where_no_place_is_held_the_lines_say_so(call: Call) -> None:
    code, out, err = call(*DETECTED, "--jurisdictions", "DE", "--jurisdictions", "JP,AU-NSW")
    assert code == INCOMPLETE
    assert "held for AU-NSW, DE, JP; look" in err
    assert out.count(" no clock is held here: look up its law\n") == 3


def test_a_day_before_the_first_row_is_not_whole_either(call: Call) -> None:
    code, out, _ = call("--detected", "1990-01-01T00:00Z", "--jurisdictions", "GB,HK")
    assert code == INCOMPLETE
    assert "nothing is known before, so its law must be looked up" in " ".join(out.split())


def test_that_no_duty_was_seen_is_an_answer(call: Call) -> None:
    assert "no statutory duty seen" in told(call, "--jurisdictions", "HK")


def test_what_is_left_is_told_only_from_a_moment_that_is_given(call: Call) -> None:
    assert " in 47 h 00 min" in told(call, "--jurisdictions", "GB", "--at", "2026-11-21T10:00Z")
    assert "passed 24 h 00 min ago" in told(call, "--jurisdictions", "GB", "--at", "2026-11-24T10:00+01:00")
    assert " in 47 h" not in told(call, "--jurisdictions", "GB")


def test_times_are_also_told_in_a_zone_with_its_season(call: Call) -> None:
    text = " ".join(told(call, "--jurisdictions", "ES", "--zone", "Europe/Madrid").split())
    assert "By Mon 2026-11-23 09:00 UTC = Mon 2026-11-23 10:00 Europe/Madrid" in text
    code, out, _ = call("--detected", "2026-10-24T12:00+02:00", "--jurisdictions", "ES", "--zone", "Europe/Madrid")
    assert code == 0
    assert "= Tue 2026-10-27 11:00" in " ".join(out.split())


def test_a_terminal_without_accents_gets_the_text_spelled(call: Call) -> None:
    code, out, err = call(*DETECTED, "--jurisdictions", EVERY, encoding="ascii")
    assert (code, err) == (0, "")
    assert "GB    United Kingdom: ICO" in out


# --- json ------------------------------------------------------------------------------------------------------


def test_the_data_says_the_same(call: Call) -> None:
    found = data(call, "--jurisdictions", EVERY, "--at", "2026-11-21T10:00Z", "--zone", "Europe/London")
    assert found["format"] == "policycheck-breach-clock/1"
    assert found["disclaimer"].startswith("Not legal advice")
    assert found["pack"]["id"] == "breach-clocks"
    assert (found["detected_at"], found["aware_at"], found["aware_is_assumed"]) == (*["2026-11-20T09:00:00Z"] * 2, True)
    lines = by_place(found)
    assert len(lines) == 16
    assert found["is_whole"] is True
    gb = lines["GB"]
    assert (gb["kind"], gb["deadline"], gb["seconds_left"]) == ("deadline", "2026-11-23T09:00:00Z", 47 * 3600)
    assert gb["deadline_local"] == "2026-11-23T09:00:00+00:00"
    assert (gb["clock"], gb["value"], gb["seen"], gb["number_in_doubt"]) == ("hours", 72, "VP", False)
    assert lines["MC"]["number_in_doubt"] is True
    assert lines["CO"]["deadline"] == "2026-12-12T04:59:59Z"
    assert lines["AU"]["also"] == {"what": "assess within 30 days", "by": "2026-12-20T09:00:00Z"}
    assert {p: lines[p]["kind"] for p in ("HK", "MX", "IL")} == {
        "HK": "no_duty_seen", "MX": "people_only", "IL": "no_fixed_time",
    }  # fmt: skip
    assert all(one["source"].startswith("https://") and one["statute"] and one["people"] for one in found["lines"])


def test_no_clock_is_read(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    before = told(call, "--jurisdictions", EVERY)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert told(call, "--jurisdictions", EVERY) == before
    assert data(call, "--jurisdictions", "GB")["at"] is None


# --- a manifest's jurisdictions --------------------------------------------------------------------------------


def manifest(folder: Path, jurisdictions: str) -> str:
    (folder / ".git").mkdir(exist_ok=True)
    text = f"policycheck: 1\norganization: {{id: a, roles: [website_operator]{jurisdictions}}}\n"
    (folder / "policycheck.yaml").write_text(text, "utf-8")
    return "policycheck.yaml"


def test_the_jurisdictions_of_a_manifest_are_told_each_also_those_without_a_row(call: Call, tmp_path: Path) -> None:
    path = manifest(tmp_path, ", jurisdictions: [GB, NL, NO]")
    code, out, err = call(*DETECTED, "--format", "json", "--from", path)
    assert (code, json.loads(out)["is_whole"]) == (INCOMPLETE, False)
    assert "no breach clock is held for NL;" in err
    found = by_place(json.loads(out))
    assert {place: one["kind"] for place, one in found.items()} == {"GB": "deadline", "NO": "deadline", "NL": "not_known"}
    assert "GDPR art. 33" in found["NL"]["why"]


def test_both_ways_of_asking_add_up_and_nothing_is_told_twice(call: Call, tmp_path: Path) -> None:
    found = data(call, "--from", manifest(tmp_path, ", jurisdictions: [GB, NO]"), "--jurisdictions", "GB,CO")
    assert sorted(one["jurisdiction"] for one in found["lines"]) == ["CO", "GB", "NO"]


def test_an_example_is_told(call: Call) -> None:
    found = by_place(data(call, "--from", str(ROOT / "examples" / "harbour-social")))
    assert set(found) == {"GB", "ES", "CA", "CO", "HK", "MX"}


def test_a_manifest_without_jurisdictions_is_one_line(call: Call, tmp_path: Path) -> None:
    code, out, err = call(*DETECTED, "--from", manifest(tmp_path, ""))
    assert (code, out) == (USAGE, "")
    assert "organization.jurisdictions is not declared; name the places with --jurisdictions" in err


def test_an_invalid_manifest_is_told_with_its_line(call: Call, tmp_path: Path) -> None:
    code, out, err = call(*DETECTED, "--from", manifest(tmp_path, ", jurisdictions: [UK]"))
    assert (code, out) == (INVALID, "")
    assert err.startswith("policycheck.yaml:2:")


# --- words that are off ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Missing option '--detected'"),
        (DETECTED, "name the places with --jurisdictions GB,CO or --from MANIFEST; known: AR, AU,"),
        (
            ("--detected", "2026-11-20T09:00", "--jurisdictions", "GB"),
            "--detected '2026-11-20T09:00' has no time zone; add Z",
        ),
        ((*DETECTED, "--jurisdictions", "GB", "--aware", "noon"), "--aware 'noon' is not a moment"),
        ((*DETECTED, "--jurisdictions", "GB", "--at", "2026-11-20T09:00"), "--at '2026-11-20T09:00' has no time zone"),
        ((*DETECTED, "--jurisdictions", "GB,UK"), "such as GB or CA-QC; did you mean 'GB'?"),
        ((*DETECTED, "--jurisdictions", "GB,XX-typo"), "'XX-typo' is no ISO 3166 code of a jurisdiction"),
        ((*DETECTED, "--jurisdictions", "GB", "--zone", "Europe/Atlantis"), "--zone 'Europe/Atlantis' is not known here"),
        ((*DETECTED, "--jurisdictions", "GB", "--zone", "/etc/passwd"), "is not known here"),
        ((*DETECTED, "--jurisdictions", "GB", "--zone", ""), "is not known here"),
        ((*DETECTED, "--from", "nowhere.yaml"), "nowhere.yaml does not exist"),
        (("--detected", "2026-11-20T09:00+14:60", "--jurisdictions", "GB"), "is not a moment"),
        (
            ("--detected", "9999-12-28T23:00Z", "--jurisdictions", "GB", "--zone", "Asia/Tokyo"),
            "a deadline lies beyond the year 9999 in --zone",
        ),
    ],
)
def test_a_call_that_is_off_is_one_line_and_prints_nothing(arguments: tuple[str, ...], said: str, call: Call) -> None:
    code, out, err = call(*arguments)
    assert (code, out) == (USAGE, "")
    assert said in err
    assert "Traceback" not in err
