"""The GitLab component, run by gitlab-ci-local in a repository that includes it as docs/ci.md says.

gitlab-ci-local holds the pipeline against GitLab's schema, fetches the component with git by its version, puts the inputs
in, and runs the jobs by its shell executor. The GitLab server is a folder with our repository, and pip takes what it
installs from a folder with a wheel of this checkout.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest
import yaml

from .consumer_support import documented, environment, git, publish
from .packages_support import from_npm
from .traps_support import CLEAN, EXAMPLE, WALL, with_a_gap

pytestmark = pytest.mark.gate

#: The last that runs on Node.js 20.
RUNNER = "gitlab-ci-local@4.73.0"
HOST = "gitlab.example"
(INCLUDED,) = documented("GitLab")["include"]
VERSION = INCLUDED["component"].rpartition("@")[2]
#: By job, the inputs with which the component is included once more.
OTHERS = {
    "gap": {"paths": "website"},
    "gap-but-loose": {"paths": "website", "options": "--fail-on\nhigh\n--exit-zero"},
    "blank": {"paths": ""},
    "command": {"paths": "$(touch pwned)"},
    "broken": {"paths": "broken/policycheck.yaml"},
}


class Pipeline(NamedTuple):
    """A pipeline that has ended: its exit code, what was printed, the state folder, and where jobs could have built."""

    code: int
    printed: str
    state: Path
    builds: Path

    def code_of(self, job: str) -> int:
        """The exit code of a job's script."""
        found = re.search(rf"^{job} +finished in [^\n]*?(?:FAIL (\d+) *)?$", self.printed, re.MULTILINE)
        assert found, self.printed
        return int(found[1] or 0)

    def report(self, job: str, kind: str) -> Path:
        """What a job leaves as the report of the given kind, by the component's own word."""
        return self.state / "builds" / job / self.jobs[job]["artifacts"]["reports"][kind]

    @property
    def jobs(self) -> dict[str, Any]:
        found: dict[str, Any] = yaml.safe_load((self.state / "expanded.yml").read_text("utf-8"))
        return found


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    if shutil.which("rsync") is None:
        pytest.skip("not run: rsync, which gitlab-ci-local needs, is not installed")
    return str(from_npm(tmp_path_factory.mktemp("runner"), RUNNER) / ".bin" / "gitlab-ci-local")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in place of the GitLab server: our repository, with the documented version as its tag."""
    folder = tmp_path_factory.mktemp("server")
    publish(folder / "source")
    git(folder / "source", "tag", VERSION)
    git(folder, "clone", "--quiet", "--bare", "source", f"{INCLUDED['component'].split('/')[1]}/policycheck.git")
    git(folder / "policycheck" / "policycheck.git", "config", "uploadpack.allowFilter", "true")
    return folder


@pytest.fixture(scope="module")
def wheels(server: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    call = [sys.executable, "-m", "pip", "wheel", "--quiet", "--wheel-dir", str(folder), f"{server}/source[evidence]"]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"not run: pip cannot get what the component installs: {done.stderr[-200:]}")
    return folder


@pytest.fixture(scope="module")
def pipeline(program: str, server: Path, wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """One pipeline with the documented job, which judges a clean service, and with the others."""
    folder = tmp_path_factory.mktemp("consumer")
    project, builds = folder / "project", folder / "builds"
    builds.mkdir()
    texts = {
        "services": CLEAN.replace("id: corner-shop-fixed", "id: shop"),
        "website": with_a_gap(),
        "broken": "policycheck: 1\n",
    }
    for name, text in texts.items():
        shutil.copytree(EXAMPLE, project / name)
        (project / name / "policycheck.yaml").write_text(text, "utf-8")
    again = [{"component": INCLUDED["component"], "inputs": {"job-name": job, **given}} for job, given in OTHERS.items()]
    (project / ".gitlab-ci.yml").write_text(json.dumps({"include": [INCLUDED, *again]}), "utf-8")
    git(project, "init", "--quiet", "--initial-branch", "main")
    git(project, "remote", "add", "origin", f"https://{HOST}/shop/site.git")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "as it is")
    surroundings = environment(
        HOME=str(folder), PATH=f"{Path(sys.executable).parent}:{environment()['PATH']}",
        PIP_NO_INDEX="1", PIP_FIND_LINKS=str(wheels),
        GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0=f"url.file://{server}/.insteadOf", GIT_CONFIG_VALUE_0=f"https://{HOST}:443/",
    )  # fmt: skip

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        call = ["node", program, *words]
        return subprocess.run(call, cwd=project, env=surroundings, capture_output=True, text=True, check=False, timeout=600)

    # With an image named, jobs would build in /builds, which is a container's.
    elsewhere = ["--variable", f"CI_BUILDS_DIR={builds}", "--ignore-predefined-vars", "CI_BUILDS_DIR"]
    done = run("--force-shell-executor", "--shell-isolation", "--no-artifacts-to-source", *elsewhere)
    expanded = run("--preview", *elsewhere)
    assert expanded.returncode == 0, expanded.stderr
    state = project / ".gitlab-ci-local"
    (state / "expanded.yml").write_text(expanded.stdout, "utf-8")
    return Pipeline(done.returncode, done.stdout + done.stderr, state, builds)


def test_the_pipeline_is_what_gitlabs_schema_allows(pipeline: Pipeline) -> None:
    assert "json schema validated" in pipeline.printed
    assert set(pipeline.jobs) - {"stages"} == {"policycheck", *OTHERS}


def test_the_documented_job_passes_on_clean_manifests_and_leaves_its_reports(pipeline: Pipeline) -> None:
    assert pipeline.code_of("policycheck") == 0
    # The documented job blocks from medium on, and its report says so.
    said = [entry["check_name"] for entry in json.loads(pipeline.report("policycheck", "codequality").read_bytes())]
    assert said == ["loosened"]
    (suite,) = list(ElementTree.parse(pipeline.report("policycheck", "junit")).iter("testsuite"))
    assert int(suite.attrib["tests"]) > 0
    assert int(suite.attrib["failures"]) == 0
    kept = json.loads((pipeline.state / "artifacts" / "policycheck" / "policycheck-report.json").read_bytes())
    assert kept["options"]["fail_on"] == "medium"


def test_a_gap_fails_its_job_and_the_pipeline_and_leaves_every_report(pipeline: Pipeline) -> None:
    assert (pipeline.code, pipeline.code_of("gap")) == (1, 1)
    line = with_a_gap().splitlines().index(WALL.rstrip()) + 1
    entries = json.loads(pipeline.report("gap", "codequality").read_bytes())
    places = {(one["location"]["path"], one["location"]["lines"]["begin"]) for one in entries}
    assert ("website/policycheck.yaml", line) in places
    failures = [
        case
        for case in ElementTree.parse(pipeline.report("gap", "junit")).iter("testcase")
        if case.find("failure") is not None
    ]
    kept = json.loads((pipeline.state / "artifacts" / "gap" / "policycheck-report.json").read_bytes())
    assert len(entries) >= kept["totals"]["blocking"] == len(failures) > 0


@pytest.mark.parametrize(("job", "code"), [("gap-but-loose", 0), ("blank", 2), ("command", 2), ("broken", 3)])
def test_inputs_reach_the_check_as_words_and_its_exit_code_is_the_jobs(job: str, code: int, pipeline: Pipeline) -> None:
    assert pipeline.code_of(job) == code
    assert list(pipeline.state.rglob("pwned")) == []


def test_no_job_leaves_an_environment_behind(pipeline: Pipeline) -> None:
    assert list(pipeline.builds.iterdir()) == []
