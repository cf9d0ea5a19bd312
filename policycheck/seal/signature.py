"""ed25519 signatures (RFC 8032) in a DSSE envelope (protocol and envelope 1.0.0). The only file that imports cryptography.

Keys are PEM files that the call names: PKCS 8 for the private one, SubjectPublicKeyInfo for the public one. None is made,
kept or looked for here, and none is ever taken from a bundle.
"""

from __future__ import annotations

import json
import os
import stat
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from policycheck.errors import UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
#: The bytes of an ed25519 signature.
LENGTH = 64
#: No key of any kind is longer, in bytes.
_LONGEST_KEY = 64 * 1024
_MAKE = "openssl genpkey -algorithm ed25519 makes one"
_NO_KEY = f"is no private key in PEM (PKCS 8); {_MAKE}"
_PUBLIC = "openssl pkey -in PRIVATE.pem -pubout writes the public one"


class Signed(NamedTuple):
    """What an envelope says: a hint at the key, which proves nothing, and the signature."""

    hint: str
    signature: bytes


def signed_bytes(payload: bytes) -> bytes:
    """What is signed in place of the payload: DSSE's pre-authentication encoding of it and of its type."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def envelope(payload: bytes, signed: Signed) -> bytes:
    """The payload with its signature, as in-toto tools read it."""
    whole = {
        "payloadType": PAYLOAD_TYPE,
        "payload": b64encode(payload).decode(),
        "signatures": [{"keyid": signed.hint, "sig": b64encode(signed.signature).decode()}],
    }
    return json.dumps(whole, separators=(",", ":")).encode() + b"\n"


def opened(raw: bytes, payload: bytes) -> Signed:
    """The signature in an envelope of just this payload. Raises ValueError, saying in what it is another."""
    try:
        whole = json.loads(raw)
    except (ValueError, RecursionError):
        raise ValueError("is not one JSON text") from None
    if not isinstance(whole, dict) or set(whole) != {"payloadType", "payload", "signatures"}:
        raise ValueError("is no DSSE envelope")
    if whole["payloadType"] != PAYLOAD_TYPE:
        raise ValueError(f"is of another type than {PAYLOAD_TYPE}")
    if _bytes(whole["payload"]) != payload:
        raise ValueError("holds another statement than statement.json")
    signed = _only(whole["signatures"])
    if envelope(payload, signed) != raw:
        raise ValueError("is not written as `policycheck report --bundle` writes it")
    return signed


def _only(signatures: Any) -> Signed:
    """The one signature: a second would be one that nobody asked to be checked."""
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise ValueError("does not hold exactly one signature")
    (only,) = signatures
    if not isinstance(only, dict) or set(only) != {"keyid", "sig"} or not isinstance(only["keyid"], str):
        raise ValueError("holds a signature that is not written as DSSE has it")
    signature = _bytes(only["sig"])
    if len(signature) != LENGTH:
        raise ValueError(f"holds a signature of {len(signature)} bytes; ed25519 has {LENGTH}")
    return Signed(only["keyid"], signature)


def _bytes(text: Any) -> bytes:
    if not isinstance(text, str):
        raise ValueError("holds something else where base64 is expected")
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise ValueError("holds something else where base64 is expected") from None


class Signer:
    """A private key. `key_id` names its public half: the SHA-256 (hex) of the SubjectPublicKeyInfo in DER."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.key_id = _key_id(key.public_key())

    def sign(self, payload: bytes) -> Signed:
        """The same signature for the same payload, always (RFC 8032 section 5.1.6)."""
        return Signed(self.key_id, self._key.sign(signed_bytes(payload)))


class Witness:
    """A public key."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key
        self.key_id = _key_id(key)

    def confirms(self, payload: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's, of just this payload."""
        from cryptography.exceptions import InvalidSignature

        try:
            self._key.verify(signature, signed_bytes(payload))
        except InvalidSignature:
            return False
        return True


def _key_id(key: Ed25519PublicKey) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def signer(name: str, passphrase: bytes | None = None) -> Signer:
    """The private key in the file `name`. Raises UsageError, in one line that holds nothing of the key."""
    load = _library().load_pem_private_key
    raw = _pem(name)
    if b"PUBLIC KEY" in raw:
        raise UsageError(f"--key {name} is a public key; a bundle is signed with the private one")
    try:
        key = load(raw, passphrase)
    except TypeError:
        raise UsageError(f"--key {name} {_passphrase_matters(passphrase)}") from None
    except _refusals():
        wrong = b"ENCRYPTED" in raw and passphrase is not None
        raise UsageError(f"--key {name} {'cannot be decrypted: wrong passphrase' if wrong else _NO_KEY}") from None
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"--key {name} is no ed25519 key; {_MAKE}")
    return Signer(key)


def witness(name: str) -> Witness:
    """The public key in the file `name`. Raises UsageError, in one line."""
    load = _library().load_pem_public_key
    raw = _pem(name)
    if b"PRIVATE KEY" in raw:
        raise UsageError(f"--key {name} is a private key, which stays with who signs; {_PUBLIC}")
    if b"CERTIFICATE" in raw:
        raise UsageError(f"--key {name} is a certificate; openssl x509 -pubkey -noout -in {name} takes the key from it")
    try:
        key = load(raw)
    except _refusals():
        raise UsageError(f"--key {name} is no public key in PEM; {_PUBLIC}") from None
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if not isinstance(key, Ed25519PublicKey):
        raise UsageError(f"--key {name} is no ed25519 key, and bundles are signed with no other")
    return Witness(key)


def is_exposed(name: str) -> bool:
    """Whether others than its owner may read a key's file."""
    about = os.stat(name)
    return os.name == "posix" and stat.S_ISREG(about.st_mode) and bool(about.st_mode & (stat.S_IRGRP | stat.S_IROTH))


def _library() -> Any:
    try:
        from cryptography.hazmat.primitives import serialization
    except ImportError:
        raise UsageError("--key needs cryptography: pip install 'policycheck[sign]'") from None
    return serialization


def _refusals() -> tuple[type[Exception], ...]:
    from cryptography.exceptions import UnsupportedAlgorithm

    return ValueError, UnsupportedAlgorithm


def _pem(name: str) -> bytes:
    try:
        with open(name, "rb") as file:
            raw = file.read(_LONGEST_KEY + 1)
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", "") or str(error)).lower()
        raise UsageError(f"--key {name} cannot be read: {why}") from None
    if len(raw) > _LONGEST_KEY:
        raise UsageError(f"--key {name} is no key: it is longer than any")
    return raw


def _passphrase_matters(passphrase: bytes | None) -> str:
    if passphrase is None:
        return "is encrypted: --passphrase-env names the environment variable that holds its passphrase"
    return "is not encrypted: leave --passphrase-env out"
