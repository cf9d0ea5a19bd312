"""Keys and sums, made without the code under test."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
AS_OF = "2026-11-21"
#: Few rules, for small documents: what is sealed does not depend on how much was found.
CRITERIA = ("--criteria", "CJS24-13b1", "--criteria", "JS23-CTL-b", "--criteria", "CJS24-16")
FILES = (
    "INPUTS.txt", "README.txt", "SHA256SUMS", "report.csv", "report.html", "report.json", "report.md", "report.xlsx",
    "statement.dsse.json", "statement.json", "statement.sig",
)  # fmt: skip


def pem(key: Any, passphrase: bytes | None = None) -> bytes:
    """A private key of any kind."""
    from cryptography.hazmat.primitives import serialization as s

    encryption: Any = s.BestAvailableEncryption(passphrase) if passphrase else s.NoEncryption()
    return bytes(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, encryption))


def public_pem(key: Any) -> bytes:
    from cryptography.hazmat.primitives import serialization as s

    return bytes(key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo))


def ed25519(number: int) -> Any:
    """The same key for the same number."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"test key %d" % number).digest())


def key_pair(folder: Path, name: str, number: int) -> None:
    key = ed25519(number)
    (folder / f"{name}.pem").write_bytes(pem(key))
    os.chmod(folder / f"{name}.pem", 0o600)
    (folder / f"{name}.pub.pem").write_bytes(public_pem(key))


def sum_again(bundle: Path) -> None:
    """What somebody does who alters a file and knows what SHA256SUMS is for."""
    names = sorted(path.name for path in bundle.iterdir() if path.name != "SHA256SUMS" and path.is_file())
    lines = [f"{hashlib.sha256((bundle / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (bundle / "SHA256SUMS").write_text("".join(lines), "utf-8", newline="\n")


def flipped(path: Path, at: float) -> None:
    """One bit of one byte changed; `at` is a share of the file's length."""
    data = bytearray(path.read_bytes())
    data[min(len(data) - 1, int(len(data) * at))] ^= 1
    path.write_bytes(data)
