"""`policycheck evidence`: the ledger of what was looked at, and the lock on it."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from policycheck.cli import group

ROOT = Path(__file__).parent.parent
AS_OF = "2026-11-21"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the example whose evidence is in order and not yet locked, as the current folder."""
    place = tmp_path / "shop"
    shutil.copytree(ROOT / "examples" / "corner-shop-fixed", place, ignore=shutil.ignore_patterns("policycheck.lock.yaml"))
    monkeypatch.chdir(place)
    return place


def call(*words: str) -> Result:
    return CliRunner().invoke(group, list(words), standalone_mode=False)


def code_of(*words: str) -> tuple[int, str]:
    """Exit code and output of the whole program, errors as messages."""
    from policycheck import cli

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["policycheck", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    return int(ended.value.code or 0), ""


def test_the_ledger_names_every_file_with_its_digest_and_every_entry_with_its_verdict(shop: Path) -> None:
    out = call("evidence", "list", "--as-of", AS_OF).output
    assert "agrees      nginx deploy/nginx.conf for control edge-limit" in out
    assert "supports    document docs/roles.md for governance" in out
    digest = hashlib.sha256((shop / "deploy" / "nginx.conf").read_bytes()).hexdigest()
    assert f"{digest}  deploy/nginx.conf" in out
    assert "11 entries: 5 supports, 6 agrees" in out


def test_the_ledger_says_a_thing_once_and_marks_where_it_was_cut() -> None:
    from policycheck import witness
    from policycheck.model import Account, Reading

    notes = ["limit for /a", "limit for /a; its burst comes on top", "the key is the address"]
    told = witness._notes(Account(tuple(Reading(("status",), 1, "f", 1, 1, note) for note in notes)))
    assert told == "limit for /a; its burst comes on top; the key is the address"
    cut = witness._notes(Account((Reading(("status",), 1, "f", 1, 1, "word " * 90),)))
    assert len(cut) <= 300
    assert cut.endswith("word\u2026")


def test_what_said_nothing_stands_in_the_ledger_too(shop: Path) -> None:
    (shop / "docs" / "roles.md").write_text("")
    out = call("evidence", "list", "--as-of", AS_OF).output
    assert "unreadable  document docs/roles.md for governance" in out
    assert "docs/roles.md is empty" in out
    assert f"{hashlib.sha256(b'').hexdigest()}  docs/roles.md" in out


def test_the_ledger_can_be_had_as_json(shop: Path) -> None:
    (found,) = json.loads(call("evidence", "list", "--as-of", AS_OF, "--format", "json").output)
    assert [row["verdict"] for row in found["evidence"]].count("supports") == 5
    assert {file["path"] for row in found["evidence"] for file in row["artefacts"]} == {
        "api/swagger.json",
        "deploy/nginx.conf",
        "docs/roles.md",
        "docs/scraping.md",
        "docs/terms.md",
        "public/.well-known/security.txt",
        "public/robots.txt",
        "registers/incidents.csv",
    }


def test_a_lock_is_written_once_and_holds_until_a_file_changes(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("evidence", "lock", "--as-of", AS_OF)[0] == 0
    assert "new      docs/roles.md" in capsys.readouterr().out
    written = (shop / "policycheck.lock.yaml").read_text("utf-8")
    assert code_of("check", "--as-of", AS_OF, "--quiet")[0] == 0
    assert code_of("evidence", "lock", "--as-of", AS_OF)[0] == 0
    assert (shop / "policycheck.lock.yaml").read_text("utf-8") == written
    with (shop / "docs" / "scraping.md").open("a") as file:
        file.write("\nWe no longer do this.\n")
    assert code_of("check", "--as-of", AS_OF)[0] == 1
    assert "has changed since it was locked on 2026-11-21" in " ".join(capsys.readouterr().out.split())


def test_a_change_is_locked_only_by_somebody_who_says_so(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code_of("evidence", "lock", "--as-of", AS_OF)
    before = (shop / "policycheck.lock.yaml").read_bytes()
    roles = shop / "docs" / "roles.md"
    roles.write_text(roles.read_text("utf-8") + "\nAnd at night.\n", "utf-8")
    assert code_of("evidence", "lock", "--as-of", AS_OF)[0] == 2
    assert "docs/roles.md changed since 2026-11-21; look at the change" in capsys.readouterr().err
    assert (shop / "policycheck.lock.yaml").read_bytes() == before
    assert code_of("evidence", "lock", "--as-of", AS_OF, "--force")[0] == 0
    assert "changed  docs/roles.md" in capsys.readouterr().out
    assert code_of("check", "--as-of", AS_OF, "--quiet")[0] == 0


def test_a_broken_manifest_locks_nothing(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "policycheck.yaml").write_text("policycheck: 1\norganisation: {}\n")
    assert code_of("evidence", "lock")[0] == 3
    assert code_of("evidence", "list")[0] == 3
    assert not (shop / "policycheck.lock.yaml").exists()
    assert "policycheck.yaml:2:1" in capsys.readouterr().err


def test_nothing_to_list_is_not_a_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert code_of("evidence", "list", ".")[0] == 4


def test_the_kinds_are_listed_with_what_they_say() -> None:
    from policycheck import rooms

    out = call("evidence", "kinds").output
    assert [line for line in out.splitlines() if line and not line.startswith(" ")] == list(rooms.names("evidence"))
    assert "Evidence of: control, surface." in " ".join(out.split())
