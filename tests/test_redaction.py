"""Credentials never reach a report, and a redacted copy holds no value and no quotation, in any format."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from policycheck import redaction, rooms

ROOT = Path(__file__).parents[1]
#: Put together here, so that no scanner of this repository takes them for real.
SECRETS = {
    "AWS access key": "AKIA" + "IOSFODNN7EXAMPLE",
    "GitHub token": "ghp_" + "a1B2" * 9,
    "GitLab token": "glpat-" + "x1Y2z3" * 4,
    "Slack token": "xoxb-" + "123456789012-abc",
    "Stripe key": "sk_live_" + "4eC39HqLyjWDarjtT1zd",
    "Google API key": "AIza" + "SyA1234567890abcdefghijklmnopqrstuv",
    "secret key": "sk-" + "proj-abcdefghij1234567890",
    "JSON web token": "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmN",
    "private key": "-----BEGIN " + "EC PRIVATE KEY-----\nMHcCAQEEIB",
    "password in an address": "ops:hunter2",
    "bearer token": "abcdef1234567890abcdef",
    "password or key": "hunter2hunter2",
}
BEFORE = {"password in an address": "https://", "bearer token": "Bearer ", "password or key": "the password: "}
AFTER = {"password in an address": "@db.example/people"}


@pytest.mark.parametrize(("kind", "secret"), SECRETS.items())
def test_what_looks_like_a_credential_is_taken_out(kind: str, secret: str) -> None:
    text = f"see {BEFORE.get(kind, '')}{secret}{AFTER.get(kind, '')}"
    kept, kinds = redaction.examined(text)
    assert secret.splitlines()[0] not in kept
    assert f"[redacted: {kind}]" in kept
    assert kinds == (kind,)


@pytest.mark.parametrize(
    "text",
    [
        "", "a limit of 300 an hour", "sha256:" + "0a" * 32, "https://example.org/people?page=2", "mailto:ops@shop.example",
        "token: must be rotated", "The password: see the vault", "key takeaways, bullet 1", "surfaces[people].fields[email]",
        "API key holders are named", "secret: (left out)", "https://shop.example:8443/@ada", "sk-short", "eyJ.a.b",
    ],
)  # fmt: skip
def test_what_does_not_stays(text: str) -> None:
    assert redaction.examined(text) == (text, ())


# --- in a run -----------------------------------------------------------------------------------------------------

KEY = SECRETS["AWS access key"]
MANIFEST = f"""
policycheck: 1
organization: {{id: acme, roles: [website_operator], size: small, jurisdictions: [GB], contact: dpo@acme.example}}
surfaces:
  - id: people
    kind: page
    auth: none
    purpose: {KEY}
    owner: web team
    fields: [{{name: email, category: user.contact.email, necessary_for: "the password: {SECRETS["password or key"]}"}}]
controls:
  - {{id: limit, family: rate_limit, layer: technical, status: deployed, surfaces: [people],
     params: {{unit: ip, limit: 4711, window: hour}}, evidence: [{{kind: document, path: minutes.md}}]}}
exceptions:
  - {{id: ex, rule: surface-guarded, subject: {{kind: surface, id: people}}, owner: web,
     reason: "we wait for Zebra, {KEY}", approver: Zoe Example,
     granted_on: 2026-11-01, expires_on: 2026-12-31, compensating_control: limit}}
"""


def run(folder: Path, *words: str) -> tuple[int, bytes, str]:
    call = [sys.executable, "-m", "policycheck", *words]
    done = subprocess.run(call, cwd=folder, capture_output=True, env={"PYTHONPATH": str(ROOT)}, check=False)
    return done.returncode, done.stdout, done.stderr.decode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("acme")
    (folder / "policycheck.yaml").write_text(MANIFEST, "utf-8")
    code, out, told = run(folder, "check", "--as-of", "2026-11-21", "--format", "json")
    assert code == 1, told
    (folder / "report.json").write_bytes(out)
    return folder


def whole(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "report.json").read_bytes())
    return found


def test_the_report_lists_what_was_taken_out_and_where(folder: Path) -> None:
    (record,) = whole(folder)["results"]
    found = {(one["where"], one["what"]) for one in record["redactions"]}
    assert ("surfaces[people].fields[email].necessary_for", "password or key") in found
    assert all(what in redaction._KINDS for _, what in found)


TEXTS = [name for name in rooms.names("formats") if name not in ("pdf", "xlsx")]


def everything(folder: Path, *words: str) -> dict[str, str]:
    """One run, in every format that is text."""
    with TemporaryDirectory() as place:
        outputs = [f"--output={name}={place}/{name}" for name in TEXTS]
        code, _, told = run(folder, *words, "--verbose", "--show-values", "--format", "json", *outputs)
        assert code == 0, told
        return {name: (Path(place) / name).read_text("utf-8") for name in TEXTS}


CHECK = ("check", "--as-of", "2026-11-21", "--exit-zero")


@pytest.fixture(scope="module")
def documents(folder: Path) -> dict[str, dict[str, str]]:
    return {
        "whole": everything(folder, *CHECK),
        "check": everything(folder, *CHECK, "--redact"),
        "report": everything(folder, "report", "report.json", "--redact"),
    }


@pytest.mark.parametrize("name", TEXTS)
def test_no_format_prints_a_credential(name: str, documents: dict[str, dict[str, str]]) -> None:
    shown = documents["whole"][name]
    assert KEY not in shown
    assert SECRETS["password or key"] not in shown


VALUES = re.compile(r"\b4711\b|Zebra|Zoe Example|dpo@acme|web team")


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("command", ["check", "report"])
def test_a_redacted_copy_holds_no_values(name: str, command: str, documents: dict[str, dict[str, str]]) -> None:
    assert VALUES.search(documents[command][name]) is None


def test_what_is_left_out_would_be_seen(documents: dict[str, dict[str, str]]) -> None:
    assert {name for name, text in documents["whole"].items() if VALUES.search(text)} >= {"html", "json", "text", "csv"}


def test_the_redacted_json_is_a_report_of_the_same_id(folder: Path) -> None:
    code, out, told = run(folder, "report", "report.json", "--redact", "--format", "json")
    assert code == 0, told
    copy, first = json.loads(out), whole(folder)
    assert copy["redacted"] is True
    assert copy["report_id"] == first["report_id"]
    (kept,), (had,) = copy["results"], first["results"]
    assert [f["id"] for f in kept["findings"]] == [f["id"] for f in had["findings"]]
    assert [f["location"] for f in kept["findings"]] == [f["location"] for f in had["findings"]]
    assert (kept["counts"], kept["inputs"]) == (had["counts"], had["inputs"])
    assert {f.get("value", redaction.LEFT_OUT) for g in kept["findings"] for f in g["facts"]} == {redaction.LEFT_OUT}


def test_a_redacted_report_can_be_rendered_and_says_so(folder: Path) -> None:
    _, out, _ = run(folder, "report", "report.json", "--redact", "--format", "json")
    (folder / "copy.json").write_bytes(out)
    for name in ("html", "markdown", "text"):
        code, shown, told = run(folder, "report", "copy.json", "--format", name)
        assert code == 0, told
        assert b"alues and quotations are left out of this copy" in b" ".join(shown.split())


def test_check_and_report_redact_to_the_same_bytes(folder: Path) -> None:
    _, first, _ = run(folder, "check", "--as-of", "2026-11-21", "--format", "json", "--redact")
    _, then, _ = run(folder, "report", "report.json", "--format", "json", "--redact")
    assert first == then


def test_a_redacted_bundle_holds_the_redacted_report(folder: Path) -> None:
    code, _, told = run(
        folder, "report", "report.json", "--redact", "--bundle", "out", "--format", "markdown", "--format", "text"
    )
    assert code == 0, told
    for file in (folder / "out").iterdir():
        assert VALUES.search(file.read_text("utf-8")) is None, file.name
    code, out, told = run(folder, "verify", "out")
    assert code == 0, out.decode() + told


def test_lines_of_source_are_shown_without_credentials(folder: Path) -> None:
    _, out, _ = run(folder, "report", "report.json", "--format", "text", "--root", ".", "--verbose")
    assert KEY not in out.decode()


def test_a_problem_does_not_repeat_a_credential(tmp_path: Path) -> None:
    (tmp_path / "policycheck.yaml").write_text(MANIFEST.replace("kind: page", f"kind: {KEY}"), "utf-8")
    code, out, told = run(tmp_path, "check", "--as-of", "2026-11-21", "--format", "json")
    assert code == 3
    assert KEY not in out.decode() + told
    assert "[redacted: AWS access key]" in told
