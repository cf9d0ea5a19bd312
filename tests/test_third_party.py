"""The verifier of the manual, installed as another package would be: by an entry point, without a change to ours."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "verifiers.md").read_text("utf-8")
MANIFEST = """policycheck: 1
organization: {id: acme, roles: [website_operator]}
controls:
  - id: edge
    family: rate_limit
    status: deployed
    params: {limit: LIMIT, window: WINDOW}
    evidence: [{kind: KIND, path: limits.json, resource: people}]
"""


def judged(root: Path, limit: str, kind: str = "fastly", window: str = "second") -> tuple[int, str]:
    """Exit code and output of a check, with the manual's package beside the manifest."""
    code = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert code is not None
    package, announced = root / "lib" / "acme_policycheck", root / "lib" / "acme_policycheck-1.0.dist-info"
    package.mkdir(parents=True)
    announced.mkdir()
    (package / "__init__.py").touch()
    (package / "fastly.py").write_text(code.group(1), "utf-8")
    (package / "broken.py").write_text("raise RuntimeError('no')", "utf-8")
    (announced / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-policycheck\nVersion: 1.0\n", "utf-8")
    modules = {"fastly": "fastly", "broken": "broken", "nginx": "broken"}
    points = "\n".join(f"{name} = acme_policycheck.{module}" for name, module in modules.items())
    (announced / "entry_points.txt").write_text(f"[policycheck.evidence]\n{points}\n", "utf-8")
    manifest = MANIFEST.replace("LIMIT", limit).replace("KIND", kind).replace("WINDOW", window)
    (root / "policycheck.yaml").write_text(manifest, "utf-8")
    (root / "limits.json").write_text('{"limiters": [\n {"name": "people", "rpsLimit": 10, "action": "block"}]}', "utf-8")
    path = os.pathsep.join((str(root / "lib"), str(ROOT)))
    command = [sys.executable, "-m", "policycheck", "check", "--as-of", "2026-11-21"]
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, env=environment)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def test_the_manuals_verifier_is_at_most_40_lines_of_code() -> None:
    code = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert code is not None
    lines = [line for line in code.group(1).splitlines() if line.strip() and not line.lstrip().startswith(("#", '"""'))]
    assert len(lines) <= 40


def test_it_contradicts_what_is_declared_otherwise(tmp_path: Path) -> None:
    code, out = judged(tmp_path, "5")
    assert code == 1
    assert "limits.json:2" in out
    assert "declares params.limit: 5; the artefact says 10 (limiter people)" in out


def test_the_same_rate_in_another_window_is_no_contradiction(tmp_path: Path) -> None:
    for limit, says in (("600", False), ("599", True)):
        (tmp_path / limit).mkdir()
        _, out = judged(tmp_path / limit, limit, window="minute")
        assert ("declares params.limit: 599; the artefact says 600" in out) is says
        assert "params.window" not in out


def test_a_verifier_that_cannot_be_loaded_is_a_failure_and_not_a_pass(tmp_path: Path) -> None:
    code, out = judged(tmp_path, "10", "broken")
    assert code == 5
    assert "verifier broken on limits.json" in out


def test_a_name_of_ours_cannot_be_taken(tmp_path: Path) -> None:
    code, out = judged(tmp_path, "10", "nginx")
    assert code == 1
    assert "verifier nginx" not in out
