"""What other programs read of us: hooks, action, workflows, component, container file, pinned dependencies."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from .consumer_support import documented, environment, program
from .packages_support import from_npm
from .traps_support import CLEAN, EXAMPLE, ROOT, with_a_gap

SPECS = ROOT.parent / "shared" / "specs"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
COMPONENT = list(yaml.safe_load_all((ROOT / "templates" / "policycheck.yml").read_text("utf-8")))
CONTAINER = (ROOT / "Containerfile").read_text("utf-8")
DESCRIBED = [
    ("pre-commit-hooks.json", ".pre-commit-hooks.yaml"),
    ("github-action.json", "action.yml"),
    *(
        ("github-workflow.json", path.relative_to(ROOT).as_posix())
        for path in sorted((ROOT / ".github" / "workflows").glob("*"))
    ),
]


@pytest.mark.parametrize(("schema", "path"), DESCRIBED)
def test_a_file_is_as_schemastore_describes_it(schema: str, path: str) -> None:
    if not (SPECS / schema).exists():
        pytest.skip(f"the SchemaStore schema {schema} is not beside this checkout")
    rules = json.loads((SPECS / schema).read_bytes())
    # To YAML 1.1 the key `on` of a workflow is a boolean; to GitHub it is a word.
    document = yaml.safe_load((ROOT / path).read_text("utf-8"))
    document = (
        {"on" if key is True else key: value for key, value in document.items()} if isinstance(document, dict) else document
    )
    assert [error.message for error in jsonschema.validators.validator_for(rules)(rules).iter_errors(document)] == []


@pytest.fixture(scope="module")
def parsed_by_github(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[list[str]]]:
    """What GitHub's own parser finds wrong with an action or workflows, file by file."""
    modules = from_npm(tmp_path_factory.mktemp("node"), "@actions/workflow-parser@0.3.61")

    def read(*paths: Path) -> list[list[str]]:
        call = ["node", str(ROOT / "tests" / "gate" / "github_parser.mjs"), str(modules), *map(str, paths)]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout).values())

    return read


@pytest.mark.gate
def test_githubs_parser_accepts_the_action_the_workflows_and_the_documented_one(
    parsed_by_github: Callable[..., list[list[str]]], tmp_path: Path
) -> None:
    (tmp_path / "documented.yml").write_text(json.dumps(documented("GitHub")), "utf-8")
    workflows = sorted((ROOT / ".github" / "workflows").glob("*"))
    assert workflows
    found = parsed_by_github(ROOT / "action.yml", tmp_path / "documented.yml", *workflows)
    assert found == [[]] * (2 + len(workflows))


@pytest.mark.gate
@pytest.mark.parametrize(
    ("right", "wrong"),
    [("using: composite", "using: composit"), ("steps.check.outputs.gaps", "step.check.outputs.gaps"), ("shell: bash", "")],
)
def test_githubs_parser_would_refuse_a_wrong_action(
    right: str, wrong: str, parsed_by_github: Callable[..., list[list[str]]], tmp_path: Path
) -> None:
    text = (ROOT / "action.yml").read_text("utf-8")
    assert right in text
    (tmp_path / "action.yml").write_text(text.replace(right, wrong), "utf-8")
    assert parsed_by_github(tmp_path / "action.yml") != [[]]


@pytest.mark.gate
def test_zizmor_finds_nothing_in_the_action_and_the_workflows() -> None:
    tool = program("zizmor")
    if tool is None:
        pytest.skip("zizmor is not installed")
    call = [tool, "--offline", "--no-progress", "--no-config", "action.yml", ".github/workflows"]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.gate
@pytest.mark.parametrize("tool", ["pre-commit", "prek"])
def test_both_tools_read_the_hooks(tool: str) -> None:
    found = program(tool)
    if found is None:
        pytest.skip(f"{tool} is not installed")
    call = [found, "validate-manifest", ".pre-commit-hooks.yaml"]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# --- hooks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "fires"),
    [
        ("policycheck.yaml", True), ("a/b/policycheck.yml", True), ("a/shop.policycheck.yaml", True),
        ("shop.policycheck.yml", True), (".policycheck.yaml", True), ("a/web.policycheck-part.yaml", True),
        ("web.policycheck-part.yml", True), ("a b/ü.policycheck.yaml", True), ("policycheck.yaml.orig", False),
        ("mypolicycheck.yaml", False), ("policycheck/a.yaml", False), ("policycheck.json", False),
    ],
)  # fmt: skip
def test_the_hooks_fire_on_exactly_what_policycheck_takes_for_its_own(path: str, fires: bool) -> None:
    from policycheck.sources import is_fragment, is_manifest

    name = path.rpartition("/")[2]
    assert fires == (is_manifest(name) or is_fragment(name))
    for hook in HOOKS:
        assert hook.get("always_run") or fires == bool(re.search(hook["files"], path))


def test_the_hook_for_evidence_installs_what_the_extra_names() -> None:
    (hook,) = (hook for hook in HOOKS if hook["id"] == "policycheck-evidence")
    assert hook["additional_dependencies"] == PROJECT["optional-dependencies"]["evidence"]


# --- pinned dependencies -----------------------------------------------------------------------------------------


def test_every_dependency_is_pinned_by_hash() -> None:
    text = (ROOT / "ci" / "requirements.txt").read_text("utf-8").replace("\\\n", " ")
    rows = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert [row for row in rows if not re.match(r"[\w.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", row)] == []
    pinned = {re.split(r"==", row)[0].lower() for row in rows}
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["evidence"], "hatchling"]
    assert {re.split(r"[<>=!~;\[ ]", one)[0].lower() for one in wanted} <= pinned


# --- GitLab ------------------------------------------------------------------------------------------------------


def test_the_component_uses_the_inputs_it_declares_and_this_version() -> None:
    spec, job = COMPONENT
    used = set(re.findall(r"\$\[\[ inputs\.([\w-]+) \]\]", json.dumps(job)))
    assert used == set(spec["spec"]["inputs"])
    (body,) = job.values()
    assert "$[[" not in json.dumps(body["script"])
    assert f'__version__ = "{spec["spec"]["inputs"]["version"]["default"]}"' in (
        ROOT / "policycheck" / "__init__.py"
    ).read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "variables", "code"),
    [
        (CLEAN, {"CHECK_PATHS": "."}, 0),
        (with_a_gap(), {"CHECK_PATHS": "."}, 1),
        (with_a_gap(), {"CHECK_PATHS": "policycheck.yaml\n", "CHECK_OPTIONS": "--fail-on\nhigh\n--exit-zero"}, 0),
        (CLEAN, {"CHECK_PATHS": ""}, 2),
        (CLEAN, {"CHECK_PATHS": " \n\n"}, 2),
        (CLEAN, {"CHECK_PATHS": "$(touch pwned)"}, 2),
        (CLEAN, {"CHECK_PATHS": "*"}, 2),
    ],
)
def test_the_script_of_the_component(text: str, variables: dict[str, str], code: int, tmp_path: Path) -> None:
    place = tmp_path / "policycheck-7" / "bin" / "python"
    place.parent.mkdir(parents=True)
    place.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', "utf-8")
    place.chmod(0o755)
    project = tmp_path / "project"
    shutil.copytree(EXAMPLE, project)
    (project / "policycheck.yaml").write_text(text, "utf-8")
    (body,) = COMPONENT[1].values()
    given = environment(CI_BUILDS_DIR=str(tmp_path), CI_JOB_ID="7", **{"CHECK_OPTIONS": "", **variables})
    blank, *_, last = body["script"]
    done = subprocess.run(
        ["sh", "-e", "-c", f"{blank}\n{last}"], cwd=project, env=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert not (project / "pwned").exists()
    assert place.exists() == (not variables["CHECK_PATHS"].strip())
    if code < 2:
        wanted = {*body["artifacts"]["reports"].values(), *body["artifacts"]["paths"]}
        assert wanted <= set(os.listdir(project))


# --- container ---------------------------------------------------------------------------------------------------


def test_the_image_is_built_from_files_that_exist_and_runs_without_rights() -> None:
    lines = [line.split() for line in CONTAINER.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
    copied = [part for words in lines if words[0] == "COPY" and "--from=build" not in words for part in words[1:-1]]
    assert copied
    assert [name for name in copied if not (ROOT / name).exists()] == []
    users = [words[1] for words in lines if words[0] == "USER"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1])
    assert {words[0] for words in lines}.isdisjoint({"ADD", "EXPOSE", "VOLUME"})
    assert lines[-2][0] == "ENTRYPOINT"
    assert json.loads(" ".join(lines[-2][1:]))[-2:] == ["-m", "policycheck"]


_WATCHED = """
import os, sys
seen = []
def watch(event, arguments):
    writes = event == "open" and (arguments[1] or "r")[0] in "wax" and str(arguments[0]) != os.devnull
    if event.startswith(("socket.", "subprocess.", "os.remove", "os.rename", "os.mkdir", "os.chmod", "tempfile.")) or writes:
        seen.append((event, arguments))
sys.dont_write_bytecode = True
sys.addaudithook(watch)
sys.argv = ["policycheck", "check", "."]
from policycheck import cli
code = cli._run()
print(seen or "", file=sys.stderr)
sys.exit(code)
"""


def test_a_check_needs_no_network_and_no_writable_file_system() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WATCHED], cwd=EXAMPLE, env=environment(PYTHONPATH=str(ROOT)), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr.strip()) == (0, "")


# --- the page ----------------------------------------------------------------------------------------------------


def test_the_page_names_hooks_and_inputs_that_exist() -> None:
    page = (ROOT / "docs" / "ci.md").read_text("utf-8")
    blocks = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    text = json.dumps(blocks)
    named = {
        hook["id"] for block in blocks if isinstance(block, dict) for r in block.get("repos", []) for hook in r["hooks"]
    }
    assert named == {hook["id"] for hook in HOOKS}
    inputs = set(yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["inputs"])
    steps = [step for block in blocks if "jobs" in block for job in block["jobs"].values() for step in job["steps"]]
    assert {name for step in steps if "policycheck/policycheck" in step.get("uses", "") for name in step["with"]} <= inputs
    component = [inc["inputs"] for block in blocks for inc in block.get("include", []) if isinstance(inc, dict)]
    assert {name for given in component for name in given} <= set(COMPONENT[0]["spec"]["inputs"])
    assert "policycheck" in text


def test_the_words_of_the_hooks_are_calls_that_exist() -> None:
    from click import Context

    from policycheck.cli import group

    for hook in HOOKS:
        name, command, *options = [*shlex.split(hook["entry"]), *hook.get("args", [])]
        found = group.get_command(Context(group), command)
        assert name == "policycheck"
        assert found is not None
        known = {option for parameter in found.params for option in parameter.opts} | {"--", "."}
        assert set(options) <= known
