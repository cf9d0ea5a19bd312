"""SHA-1 and SHA-256 of short texts without OpenSSL, whose load would be a tenth of the start-up time.

The interpreter's own modules give the same digests; where they have other names, `hashlib` does.
"""

from __future__ import annotations

from typing import Any

try:
    from _sha1 import sha1  # type: ignore[import-not-found,unused-ignore]
except ImportError:  # pragma: no cover - another implementation of Python
    from hashlib import sha1

try:
    from _sha2 import sha256  # type: ignore[import-not-found,unused-ignore]  # from Python 3.12 on
except ImportError:
    try:
        from _sha256 import sha256  # type: ignore[import-not-found,unused-ignore]
    except ImportError:  # pragma: no cover - another implementation of Python
        from hashlib import sha256

__all__ = ["id_digest", "sha256_hex"]


def id_digest(data: bytes) -> bytes:
    """The SHA-1 that a version 5 UUID is made of (RFC 9562 section 5.5); nothing's safety rests on it."""
    digest: Any = sha1(data, usedforsecurity=False)
    return bytes(digest.digest())


def sha256_hex(data: bytes) -> str:
    """The SHA-256 in lower-case hexadecimal."""
    return str(sha256(data).hexdigest())
