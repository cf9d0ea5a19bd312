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
    "SendGrid key": "SG." + "a1B2c3d4" * 2 + "a1B2c3" + "." + "x1Y2z3w4" * 5 + "abc",
    "package registry token": "npm_" + "a1B2" * 9,
    "Hugging Face token": "hf_" + "aBcDe" * 6 + "fGhI",
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
    ("before", "secret", "after"),
    [
        ("DB_PASSWORD=", "hunter2hunter2", ""), ("aws_secret_access_key = ", "wJalrXUtnFEMI/K7MDENG/bPxRfiCY", ""),
        ("client_secret: ", "8f7d6a5b4c3d2e1f", ""), ("clientSecret: ", "8f7d6a5b4c3d2e1f", ""),
        ("/cb?access_token=", "8f7d6a5b4c3d2e1f", ""), ('{\\"password\\": \\"', "s3cretpass", '\\"}'),
        ("password => ", "s3cretpass", ""), ("AccountName=x;AccountKey=", "abcdEFGH1234567890abcdEFGH==", ";Suffix=y"),
        ("redis://:", "s3cretpass", "@cache:6379/0"), ("postgres://app:", "p@ss1word", "@db/x"),
        ("smtp://me@x.example:", "s3cretpass", "@mail.example:25"), ("/blob?sv=1&sig=", "abcdEFGH1234567890%2Fab%3D", ""),
        ("key_", "AKIA" + "IOSFODNN7EXAMPLE", ""), ("X_", "ghp_" + "a1B2" * 9, ""), ("", "glrt-" + "x1Y2z3" * 4, ""),
        ("", "xapp-" + "1-A0123456789-1234567890123-a1b2", ""), ("", "sk_test_" + "4eC39HqLyjWDarjtT1zd", ""),
        ("", "whsec_" + "4eC39HqLyjWDarjtT1zd", ""), ("-----BEGIN " + "PGP PRIVATE KEY BLOCK-----\n", "lQOYBF8x", ""),
        ("Authorization: Basic ", "dXNlcjpzM2NyM3RwYXNz", ""), ("Cookie: lang=en; sid=", "8f7d6a5b4c3d2e1f", ""),
        ("", "pypi-" + "AgEIcHlwaS5vcmcCJD" * 4, ""), ("", "dckr_pat_" + "a1B2c3d4" * 4, ""),
        ("Set-Cookie: sid=", "8f7d6a5b4c3d2e1f", "; HttpOnly"),
    ],
)  # fmt: skip
def test_a_credential_is_one_whatever_stands_before_it(before: str, secret: str, after: str) -> None:
    kept, kinds = redaction.examined(f"{before}{secret}{after}")
    assert secret not in kept
    assert secret[-6:] not in kept
    assert len(kinds) == 1


@pytest.mark.parametrize(
    "text",
    [
        "authorization: basic authentication is off", "cookie: none", "a session cookie = 30 days",
        "token_expiry: 3600 seconds", "secretary: 20260101", "https://shop.example:8443/people?sig=1",
        "shelf_life_of_thirty_days_and_no_longer_than_that", "npm_config_registry is set", "pypi-mirror of the house",
        "MSG.of.the.day", "a BEGIN of a private key policy", "risk-20260101-of-people",
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
    places = [[{**f["location"], "route": ""} for f in record["findings"]] for record in (kept, had)]
    assert places[0] == places[1]
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


def test_a_redacted_report_with_problems_can_be_rendered(tmp_path: Path) -> None:
    (tmp_path / "policycheck.yaml").write_text(f"{MANIFEST}\nbogus: 1\n", "utf-8")
    assert run(tmp_path, "check", "--as-of", "2026-11-21", "--redact", "--output", "json=copy.json")[0] == 3
    code, out, told = run(tmp_path, "report", "copy.json", "--format", "json")
    assert (code, told) == (0, "")
    assert out == (tmp_path / "copy.json").read_bytes()


# --- routes, subjects, contacts, baselines -----------------------------------------------------------------------

HOLDERS = f"""
governance:
  scraping_role:
    holders: ["https://ops:hunter2@wiki.example/roles", {KEY}]
    duties: [develop, implement, protect, monitor, respond]
    charter_ref: docs/roles.md
    appointed_on: 2025-11-03
ai_uses:
  - id: gull
    phases: [pretrain]
    purposes: [{{compatibility_ref: "https://ops:hunter4@wiki/x", phase: pretrain, purposes: [a]}}]
"""
HOLDERS = MANIFEST.replace("contact: dpo@acme.example", 'contact: "https://ops:hunter3@wiki.example/"') + HOLDERS
TARGETS = """\
own_scraping:
  - id: prices
    purpose: prices
    jurisdictions: [NL]
    targets: [{pattern: "*.zoe.example/*", access: public}]
"""
NOT_SHOWN = re.compile(f"hunter[2-9]|{KEY}")


@pytest.fixture(scope="module")
def holders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Credentials where they become parts of routes and subjects, and in a baseline."""
    folder = tmp_path_factory.mktemp("holders")
    (folder / "policycheck.yaml").write_text(HOLDERS, "utf-8")
    code, _, told = run(folder, "baseline", "write", "--as-of", "2026-11-21", "--file", "known.yaml")
    assert code == 0, told
    known = (folder / "known.yaml").read_text("utf-8")
    owned = re.sub(r"(?m)^(\s+)(rule: .*)$", r"\1\2\n\1owner: https://ops:hunter5@wiki/o", known)
    (folder / "known.yaml").write_text(owned, "utf-8")
    return folder


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A person's name as an item of a list."""
    folder = tmp_path_factory.mktemp("named")
    text = f"{HOLDERS}{TARGETS}".replace("[website_operator]", "[website_operator, scraper]")
    text = text.replace("jurisdictions: [GB],", "jurisdictions: [GB, NL],").replace(
        '"https://ops:hunter2@wiki.example/roles"', '"Zoe Example (zoe@acme.example)"'
    )
    (folder / "policycheck.yaml").write_text(text, "utf-8")
    return folder


CHECKED = (*CHECK, "--baseline", "known.yaml")
ROUTE = "governance.scraping_role.holders[https://[redacted: password in an address]@wiki.example/roles]"


def test_no_credential_stands_in_a_route_a_subject_a_contact_or_a_baseline(holders: Path) -> None:
    shown = everything(holders, *CHECKED)
    for name, text in shown.items():
        assert NOT_SHOWN.search(text) is None, name
    report = json.loads(shown["json"])["results"][0]
    assert {"organization.contact", ROUTE} <= {one["where"] for one in report["redactions"]}
    assert any("[redacted" in finding.get("baseline", {}).get("owner", "") for finding in report["findings"])


def test_what_is_said_beside_the_report_holds_no_credential(holders: Path) -> None:
    _, out, told = run(holders, *CHECKED, "--verbose")
    assert NOT_SHOWN.search(out.decode() + told) is None


def test_a_redacted_copy_names_no_item_of_a_list_by_its_text(named: Path) -> None:
    whole, copy = everything(named, *CHECK), everything(named, *CHECK, "--redact")
    assert "holders[Zoe Example (zoe@acme.example)]" in whole["json"]
    assert "targets[*.zoe.example/*].access" in whole["json"]
    assert "governance.scraping_role.holders[...]" in copy["json"]
    assert "targets[...].access" in copy["json"]
    assert [name for name, text in copy.items() if re.search("Zoe|zoe[@.]", text)] == []


def test_sarif_names_no_item_of_a_list_by_its_text_unless_values_are_shown(named: Path) -> None:
    said = [run(named, *CHECK, "--format", "sarif", *more)[1].decode() for more in ([], ["--show-values"])]
    assert ["zoe@" in text for text in said] == ["zoe.example" in text for text in said] == [False, True]


def test_what_claims_to_be_redacted_is(folder: Path) -> None:
    (folder / "claims.json").write_text(json.dumps({**whole(folder), "redacted": True}), "utf-8")
    for words in ((), ("--redact",)):
        _, out, told = run(folder, "report", "claims.json", "--format", "json", *words)
        assert out, told
        assert VALUES.search(out.decode()) is None


def test_a_line_of_json_says_that_it_is_redacted_also_from_a_report(folder: Path) -> None:
    _, first, _ = run(folder, "check", "--as-of", "2026-11-21", "--format", "jsonl", "--redact")
    _, then, _ = run(folder, "report", "report.json", "--format", "jsonl", "--redact")
    assert json.loads(first.splitlines()[0])["redacted"] is json.loads(then.splitlines()[0])["redacted"] is True


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("organization.roles", "organization.roles"), ("nothing to judge", "nothing to judge"),
        ("declared only; this run asks for verified", "declared only; this run asks for verified"),
        ("the repository has it otherwise: GET /x: asks for nothing", "the repository has it otherwise"),
        ("organization.Zoe said so", None),
    ],
)  # fmt: skip
def test_of_a_reason_stays_what_is_in_our_words(said: str, kept: str | None) -> None:
    place = {"path": "m", "line": 1, "column": 1, "route": "organization"}
    finding = {
        "facts": [],
        "subject": {"kind": "organization", "id": "o", "route": ""},
        "location": place,
        "because_of": said,
    }
    (found,) = redaction.bare({"findings": [finding]})["findings"]
    assert found.get("because_of") == kept


def test_lines_of_source_are_shown_without_credentials(folder: Path) -> None:
    _, out, _ = run(folder, "report", "report.json", "--format", "text", "--root", ".", "--verbose")
    assert KEY not in out.decode()


def test_a_problem_does_not_repeat_a_credential(tmp_path: Path) -> None:
    (tmp_path / "policycheck.yaml").write_text(MANIFEST.replace("kind: page", f"kind: {KEY}"), "utf-8")
    code, out, told = run(tmp_path, "check", "--as-of", "2026-11-21", "--format", "json")
    assert code == 3
    assert KEY not in out.decode() + told
    assert "[redacted: AWS access key]" in told


# --- what is printed and is no report ------------------------------------------------------------------------------

HELD = f"""
policycheck: 1
organization: {{id: acme, roles: [website_operator], size: small, jurisdictions: [GB]}}
surfaces:
  - {{id: people, kind: page, auth: none, owner: "web {KEY}", fields: [{{name: email, category: user.contact.email}}]}}
controls:
  - {{id: terms, family: terms, layer: legal, status: deployed, surfaces: [people],
     evidence: [{{kind: terms, path: terms.md}}, {{kind: document, path: "{KEY}.md"}}]}}
"""
OPERATION = f"""
openapi: 3.0.0
info: {{title: People, version: '1'}}
paths:
  /people/{KEY}:
    get:
      security: []
      responses:
        '200':
          description: one
          content: {{application/json: {{schema: {{type: object, properties: {{email: {{type: string}}}}}}}}}}
"""
SERVER = f"""
http {{ server {{ location /people {{ limit_req zone={KEY}; if ($http_user_agent ~* '{KEY}') {{ return 403; }} }} }} }}
"""


@pytest.mark.parametrize("words", [("questions",), ("evidence", "list"), ("discover",), ("discover", "--draft")])
def test_no_list_questionnaire_or_draft_prints_a_credential(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "policycheck.yaml").write_text(HELD, "utf-8")
    (tmp_path / "terms.md").write_text(
        f"# Terms\n\nYou must not scrape our site with the key {KEY} by any automated means.\n"
    )
    (tmp_path / "openapi.yaml").write_text(OPERATION, "utf-8")
    (tmp_path / "nginx.conf").write_text(SERVER, "utf-8")
    code, out, told = run(tmp_path, *words)
    assert code == 0, told
    assert "redacted: AWS access key" in out.decode() + told
    assert KEY not in out.decode() + told


def test_a_draft_without_the_credentials_of_its_files_is_a_manifest(tmp_path: Path) -> None:
    (tmp_path / "openapi.yaml").write_text(OPERATION, "utf-8")
    assert run(tmp_path, "discover", "--output", "policycheck.yaml")[0] == 0
    assert 'url: "/people/[redacted: AWS access key]"' in (tmp_path / "policycheck.yaml").read_text("utf-8")
    code, _, told = run(tmp_path, "validate")
    assert code == 0, told
