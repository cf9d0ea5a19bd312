"""OSCAL and in-toto documents of all examples, read by compliance-trestle and in-toto's own bindings."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .packages_support import from_pip
from .traps_support import ROOT

pytestmark = pytest.mark.gate

AS_OF = "2026-11-21"
PACKAGES = ["compliance-trestle==5.2.0", "in-toto-attestation==0.9.3"]
EXAMPLES = ["corner-shop", "corner-shop-fixed", "harbour-social", "tern-ai"]
#: By format, the folder of a trestle workspace that its model belongs to, and the file's name there.
MODELS = {
    "oscal": ("assessment-results", "assessment-results"), "oscal-catalog": ("catalogs", "catalog"),
    "oscal-poam": ("plan-of-action-and-milestones", "plan-of-action-and-milestones"),
}  # fmt: skip
ATTACK = r'"=1+1 <script>alert(1)</script> \x07 \u202e {{ insert: param, x }} [l](http://e.example) ::error::x"'
READ = """
import json, sys
from google.protobuf.json_format import ParseDict
from in_toto_attestation.predicates.test_result.v0.test_result_pb2 import TestResult
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as Parsed
for name in sys.argv[1:]:
    made = json.load(open(name, encoding="utf-8"))
    Statement.copy_from_pb(ParseDict(made, Parsed())).validate()
    print(ParseDict(made["predicate"], TestResult(), ignore_unknown_fields=True).result)
"""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the readers are installed: POLICYCHECK_OSCAL_READERS names an environment that has them, else pip makes one."""
    given = os.environ.get("POLICYCHECK_OSCAL_READERS")
    if given:
        return Path(given) / "bin"
    return from_pip(tmp_path_factory.mktemp("readers"), *PACKAGES)


@pytest.fixture(scope="module")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The examples, and one whose texts attack whoever shows them."""
    folder = tmp_path_factory.mktemp("manifests")
    for name in EXAMPLES:
        shutil.copytree(ROOT / "examples" / name, folder / name)
    shutil.copytree(ROOT / "examples" / "corner-shop", folder / "hostile")
    manifest = folder / "hostile" / "policycheck.yaml"
    text = manifest.read_text("utf-8").replace("id: corner-shop", "id: hostile")
    for plain in ("Corner Shop Ltd", "web team"):
        assert plain in text
        text = text.replace(plain, ATTACK)
    manifest.write_text(text, "utf-8")
    return folder


@pytest.fixture(scope="module")
def workspace(programs: Path, manifests: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trestle workspace with the documents of each example alone, and of all of them in one run."""
    folder = tmp_path_factory.mktemp("workspace")
    subprocess.run([programs / "trestle", "init", "--local"], cwd=folder, capture_output=True, check=True)
    every = [*EXAMPLES, "hostile"]
    runs = {name: [name] for name in every} | {"all": every}
    for run, paths in runs.items():
        outputs = [f"--output=in-toto={folder / run}.intoto.json"]
        for name, (place, file) in MODELS.items():
            (folder / place / run).mkdir()
            outputs.append(f"--output={name}={folder / place / run / file}.json")
        call = [sys.executable, "-m", "policycheck", "check", *paths, "--root", ".", "--as-of", AS_OF, "--quiet", *outputs]
        done = subprocess.run(
            call, cwd=manifests, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
        )
        assert done.returncode in {0, 1}, done.stderr
    return folder


def validated(programs: Path, workspace: Path, *words: str) -> subprocess.CompletedProcess[str]:
    call = [str(programs / "trestle"), "validate", *words]
    return subprocess.run(call, cwd=workspace, capture_output=True, text=True, check=False, timeout=600)


def test_trestle_accepts_every_document(programs: Path, workspace: Path) -> None:
    done = validated(programs, workspace, "--all")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("VALID: ") == len(MODELS) * 6
    assert "INVALID" not in done.stdout


@pytest.mark.parametrize("flaw", ["a state that is none", "a name given twice"])
def test_trestle_would_refuse_a_wrong_one(flaw: str, programs: Path, workspace: Path) -> None:
    model = json.loads((workspace / "assessment-results" / "corner-shop" / "assessment-results.json").read_text("utf-8"))
    result = model["assessment-results"]["results"][0]
    if flaw == "a state that is none":
        result["findings"][0]["target"]["status"]["state"] = "compliant"
    else:
        result["risks"][1]["uuid"] = result["risks"][0]["uuid"]
    place = workspace / "assessment-results" / "wrong"
    place.mkdir(exist_ok=True)
    (place / "assessment-results.json").write_text(json.dumps(model), "utf-8")
    done = validated(programs, workspace, "--file", str(place / "assessment-results.json"))
    shutil.rmtree(place)
    assert done.returncode != 0


def test_in_totos_bindings_read_every_statement(programs: Path, workspace: Path) -> None:
    files = sorted(workspace.glob("*.intoto.json"))
    call = [str(programs / "python"), "-c", READ, *map(str, files)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = dict(zip((file.name.partition(".")[0] for file in files), done.stdout.split(), strict=True))
    assert found == dict.fromkeys(found, "FAILED") | {"corner-shop-fixed": "PASSED"}
