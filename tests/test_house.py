"""The house keeps its own rules: what it ships, what it says of itself, and what it checks."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from policycheck import packs
from policycheck.manifests.explain import schema

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
CI = (ROOT / ".ci" / "run").read_text("utf-8")
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
PAGES += sorted(page.relative_to(ROOT).as_posix() for page in (ROOT / "docs").rglob("*.md"))

# Folders that tools make; nothing in them belongs to the project.
_MADE = re.compile(r"\.(?!ci$|github$).*|__pycache__|node_modules|build|dist|.*\.egg-info")
# A path that exists on its author's machine only, or a remark on how a text came about instead of what it says.
_OUT_OF_PLACE = re.compile(
    r"(?<![\w.~-])/(?:work|home/\w+|Users/\w+|root)/[\w.]|[A-Z]:\\Users\\"
    r"|\b(?:co-authored-by|this session|as requested)\b",
    re.IGNORECASE,
)


def _files() -> Iterator[Path]:
    for folder, inner, names in os.walk(ROOT):
        inner[:] = [name for name in inner if not _MADE.fullmatch(name)]
        yield from (Path(folder, name) for name in names)


def _version() -> str:
    tree = ast.parse((ROOT / "policycheck" / "__init__.py").read_text("utf-8"))
    found = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__version__"
    ]
    assert len(found) == 1
    return str(ast.literal_eval(found[0]))


def test_the_version_is_a_literal_that_the_changelog_knows() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", _version())
    assert _version() in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_no_file_speaks_of_the_place_or_the_way_it_was_written() -> None:
    wrong = []
    for path in _files():
        if path == Path(__file__):
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        wrong += [f"{path.relative_to(ROOT)}: {found[0]}" for found in _OUT_OF_PLACE.finditer(text)]
    assert not wrong, wrong


def _libraries() -> set[str]:
    asked = [*PROJECT["project"]["dependencies"]]
    asked += [one for extra in PROJECT["project"]["optional-dependencies"].values() for one in extra]
    names = {re.split(r"[^A-Za-z0-9._-]", one)[0] for one in asked}
    return names - {PROJECT["project"]["name"]}


def test_every_library_has_a_row_that_says_what_it_is_for() -> None:
    page = (ROOT / "docs" / "decisions" / "dependencies.md").read_text("utf-8")
    rows = {name.strip() for row in re.findall(r"^\| ([^|]+) \|", page, re.MULTILINE) for name in row.split(",")}
    assert _libraries() - rows == set()


def test_every_decision_stands_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    linked = set(re.findall(r"\]\(([^)]+\.md)\)", (folder / "README.md").read_text("utf-8")))
    assert {page.name for page in folder.glob("*.md")} - {"README.md"} == linked


def test_what_is_checked_before_a_commit_decides_in_ci_too() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert {repo["repo"] for repo in config["repos"]} == {"local"}
    entries = [hook["entry"] for repo in config["repos"] for hook in repo["hooks"]]
    assert [entry for entry in entries if entry not in CI.splitlines()] == []


def test_ci_runs_the_tests_first_and_as_the_readme_says() -> None:
    commands = [line for line in CI.splitlines() if re.match(r"(python -m pytest|ruff|mypy|lint-imports)\b", line)]
    assert commands[0] == "python -m pytest"
    assert "python -m pytest" in (ROOT / "README.md").read_text("utf-8")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_workflows_have_no_rights_by_default_and_name_actions_by_hash() -> None:
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        text = path.read_text("utf-8")
        assert yaml.safe_load(text)["permissions"] == {}
        used = re.findall(r"uses: (\S+)", text)
        assert used
        assert [one for one in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", one)] == []


# --- what the pages tell people to type -----------------------------------------------------------------------


def _commands(page: str) -> Iterator[list[str]]:
    """The words after `policycheck` in every fenced shell line and every piece of inline code of a page."""
    text = (ROOT / page).read_text("utf-8")
    lines = re.findall(r"`(policycheck [^`\n]+)`", text)
    for block in re.findall(r"^```(?:console|sh|bash|shell)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        lines += block.replace("\\\n", " ").splitlines()
    for line in lines:
        words = shlex.split(line.removeprefix("$ "), comments=True)
        for at, word in enumerate(words):
            if Path(word).name == "policycheck" and (at == 0 or words[at - 1] in ("&&", "|", ";") or "/" in word):
                end = next((n for n, w in enumerate(words) if n > at and w in ("&&", "|", ";", ">", "||")), len(words))
                yield words[at + 1 : end]


def _unknown(words: list[str]) -> str:
    """What in a command line does not exist: a command or an option; empty when all of it does."""
    from policycheck.cli import group

    command: click.Command = group
    rest = list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(click.Context(command), rest[0])
        if found is None:
            return f"no command {rest[0]!r}"
        command = found
        del rest[0]
    known = {o for p in command.get_params(click.Context(command)) for o in (*p.opts, *p.secondary_opts)}
    options = [word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)]
    return ", ".join(f"no option {option} in {' '.join(words)}" for option in options if option not in known)


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_tells_people_to_type_exists(page: str) -> None:
    assert [wrong for words in _commands(page) if (wrong := _unknown(words))] == []


def test_the_readme_shows_a_check() -> None:
    assert ["check"] in [words[:1] for words in _commands("README.md")]


# --- what is shipped ------------------------------------------------------------------------------------------


def _build(source: Path, target: str, into: Path) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("hatchling", reason="hatchling builds the wheel; it comes with the extra `dev`")
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(into)]
    return subprocess.run(command, cwd=source, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    done = _build(ROOT, "wheel", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return zipfile.ZipFile(next(folder.glob("*.whl")))


@pytest.mark.build
def test_the_wheel_holds_the_package_the_packs_with_their_tests_and_the_schemas(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    for folder in ("rules", "schemas"):
        here = {p.relative_to(ROOT).as_posix() for p in (ROOT / folder).rglob("*") if p.is_file()}
        assert {f"policycheck/_data/{name}" for name in here} - names == set()
    assert "policycheck/py.typed" in names
    assert {name.split("/")[0] for name in names} == {"policycheck", f"policycheck-{_version()}.dist-info"}
    assert {name.rsplit("/", 1)[1] for name in names if "/licenses/" in name} == {"LICENSE", "NOTICE"}


@pytest.mark.build
def test_the_wheel_holds_the_packs_in_the_form_a_check_reads(wheel: zipfile.ZipFile) -> None:
    assert wheel.read(f"policycheck/_data/rules/{packs.COMPILED}") == packs.compiled(ROOT / "rules", schema("manifest-v1"))


@pytest.mark.build
def test_the_sdist_holds_everything_that_decides_over_a_change(tmp_path: Path) -> None:
    done = _build(ROOT, "sdist", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {".ci/run", ".pre-commit-config.yaml", "hatch_build.py", "CHANGELOG.md", "tests/test_house.py"}
    wanted |= {
        p.relative_to(ROOT).as_posix() for p in _files() if p.relative_to(ROOT).parts[0] in ("docs", "examples", "rules")
    }
    assert wanted - names == set()


@pytest.mark.build
def test_a_rule_with_a_mistake_stops_the_build_and_is_named(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("policycheck", "rules", "schemas"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, copy / name)
    rule = next(p for p in sorted((copy / "rules").glob("*/*/*.yaml")) if "assert:" in p.read_text("utf-8"))
    text = re.sub(r"^assert:.*\n(?:[ ]+.*\n)*", "assert: no_such_thing == 1\n", rule.read_text("utf-8"), flags=re.MULTILINE)
    rule.write_text(text, "utf-8")
    done = _build(copy, "wheel", tmp_path / "dist")
    assert done.returncode != 0
    assert f"{rule.relative_to(copy / 'rules').as_posix()}:" in done.stdout + done.stderr
    assert "no_such_thing" in done.stdout + done.stderr
    assert not list((tmp_path / "dist").glob("*.whl"))
