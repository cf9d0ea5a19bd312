"""A bundle's envelope and statement, read by the in-toto project's own libraries in an environment of their own."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .packages_support import from_pip
from .traps_support import ROOT

pytestmark = pytest.mark.gate

PACKAGES = ["securesystemslib[crypto]==1.6.0", "in-toto-attestation==0.9.3"]
AS_OF = "2026-11-21"
#: Prints whether the key's signature counts, and what the statement is about.
READER = """
import json, sys
from pathlib import Path
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from google.protobuf.json_format import ParseDict
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

whole = json.loads(Path(sys.argv[1]).read_bytes())
key = SSlibKey.from_crypto(load_pem_public_key(Path(sys.argv[2]).read_bytes()), keyid=whole["signatures"][0]["keyid"])
envelope = Envelope.from_dict(whole)
try:
    accepted = len(envelope.verify([key], 1))
except VerificationError:
    accepted = 0
message = ParseDict(json.loads(envelope.payload), statement_pb2.Statement())
Statement.copy_from_pb(message).validate()
print(json.dumps([accepted, envelope.payload_type, message.predicate_type, [one.name for one in message.subject]]))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter that has the libraries. Not run where no package index is in reach."""
    return str(from_pip(tmp_path_factory.mktemp("in-toto"), *PACKAGES) / "python")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    if shutil.which("openssl") is None:
        pytest.skip("not run: openssl is not installed")
    for name in ("first", "second"):
        words = ["genpkey", "-algorithm", "ed25519", "-out", f"{name}.pem"]
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
        words = ["pkey", "-in", f"{name}.pem", "-pubout", "-out", f"{name}.pub.pem"]
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
    policycheck = [sys.executable, "-m", "policycheck"]
    example = str(ROOT / "examples" / "corner-shop")
    words = ["check", example, "--as-of", AS_OF, "--exit-zero", "--output", f"json={folder}/report.json"]
    subprocess.run([*policycheck, *words], cwd=ROOT, check=True, capture_output=True)
    words = ["report", f"{folder}/report.json", "--bundle", f"{folder}/bundle", "--key", f"{folder}/first.pem"]
    subprocess.run([*policycheck, *words], cwd=ROOT, check=True, capture_output=True)
    return folder


def read(python: str, envelope: Path, key: Path) -> list[object]:
    call = [python, "-c", READER, str(envelope), str(key)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: list[object] = json.loads(done.stdout)
    return found


def test_others_accept_the_signature_and_the_statement(python: str, bundle: Path) -> None:
    accepted, payload, predicate, names = read(python, bundle / "bundle" / "statement.dsse.json", bundle / "first.pub.pem")
    assert (accepted, payload) == (1, "application/vnd.in-toto+json")
    assert predicate == "https://in-toto.io/attestation/test-result/v0.1"
    assert isinstance(names, list)
    assert {"report.json", "report.html", "README.txt", "INPUTS.txt"} < set(names)


def test_others_refuse_another_key_and_another_statement(python: str, bundle: Path) -> None:
    envelope = bundle / "bundle" / "statement.dsse.json"
    assert read(python, envelope, bundle / "second.pub.pem")[0] == 0
    whole = json.loads(envelope.read_bytes())
    payload = json.loads(base64.b64decode(whole["payload"]))
    payload["subject"][0]["digest"]["sha256"] = "0" * 64
    whole["payload"] = base64.b64encode(json.dumps(payload).encode()).decode()
    (bundle / "altered.json").write_text(json.dumps(whole), "utf-8")
    assert read(python, bundle / "altered.json", bundle / "first.pub.pem")[0] == 0
