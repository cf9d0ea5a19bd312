"""SHA-1 and SHA-256 of short texts without OpenSSL, whose load would be a tenth of the start-up time.

The interpreter's own modules give the same digests; where they have other names, `hashlib` does.
"""

from __future__ import annotations

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

__all__ = ["sha256_hex", "uuid5"]

#: The digit of a UUID that says its variant, by the digit of the digest: its upper bits are 10 (RFC 9562 section 4.1).
_VARIANTS = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))


def uuid5(name: bytes) -> str:
    """The version 5 UUID of a name that starts with its namespace (RFC 9562 section 5.5). No safety rests on its SHA-1.

    Written out because the uuid module looks up the platform when imported, a tenth of the start-up time.
    """
    text = sha1(name, usedforsecurity=False).hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANTS[text[16]]}{text[17:20]}-{text[20:32]}"


def sha256_hex(data: bytes) -> str:
    """The SHA-256 in lower-case hexadecimal."""
    return str(sha256(data).hexdigest())
