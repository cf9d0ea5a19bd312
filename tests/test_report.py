"""What the JSON report holds beside verdicts: what is asked, who answers for a subject, which files decided."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

MANIFEST = """
policycheck: 1
organization: {id: acme, roles: [website_operator, ai_developer], size: medium, jurisdictions: [GB]}
surfaces:
  - id: people
    kind: page
    auth: none
    owner: web team
    fields: [{name: email, category: user.contact.email}]
controls:
  - {id: limit, family: rate_limit, layer: technical, status: deployed, surfaces: [people]}
ai_uses:
  - id: ranking
    owner: search team
    phases: [pretrain]
    sources: [{id: posts, type: own_platform}]
"""


def checked(folder: Path, *options: str) -> dict[str, Any]:
    (folder / "policycheck.yaml").write_text(MANIFEST, "utf-8")
    call = [sys.executable, "-m", "policycheck", "check", "--as-of", "2026-11-21", "--format", "json", "--exit-zero"]
    done = subprocess.run([*call, *options], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def owners(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    (record,) = checked(tmp_path_factory.mktemp("acme"))["results"]
    found: dict[str, set[str]] = {}
    for finding in record["findings"]:
        found.setdefault(finding["subject"]["route"], set()).add(finding.get("owner", ""))
    return found


def test_a_finding_names_the_declared_owner_of_its_subject(owners: dict[str, set[str]]) -> None:
    assert owners["surfaces[people]"] == {"web team"}
    assert owners["ai_uses[ranking]"] == {"search team"}


def test_a_part_is_answered_for_by_the_owner_of_what_holds_it(owners: dict[str, set[str]]) -> None:
    assert owners["surfaces[people].fields[email]"] == {"web team"}


def test_nobody_is_named_where_nobody_is_declared(owners: dict[str, set[str]]) -> None:
    assert owners["controls[limit]"] == {""}
    assert owners["organization"] == {""}


def test_files_that_decided_are_named_by_digest(tmp_path: Path) -> None:
    (tmp_path / ".policycheck.toml").write_text('fail_on = "high"\n', "utf-8")
    report = checked(tmp_path)
    digest = hashlib.sha256((tmp_path / ".policycheck.toml").read_bytes()).hexdigest()
    said = {"what": "configuration", "path": ".policycheck.toml", "size": 17, "sha256": digest}
    assert report["options"]["decided_by"] == [said]
    assert "decided_by" not in checked(tmp_path, "--isolated")["options"]


def test_what_is_asked_stands_in_the_report(tmp_path: Path) -> None:
    asked = checked(tmp_path)["expectations"]["CJS24-13b1"]
    assert asked["paraphrase"].startswith("Cap how many")
    assert (asked["seen"], asked["supports"]["gdpr"], asked["confidence"]["owasp-oat"]) == ("V", ["25(1)", "32"], "H")
