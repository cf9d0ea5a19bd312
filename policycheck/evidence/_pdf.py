"""The text of a PDF, page by page. Runs in the limited child process only (`_child.py`)."""

from __future__ import annotations

import io

#: The most pages and characters that are read; pypdf itself bounds what a stream may decompress to.
PAGES, CHARACTERS = 500, 1024 * 1024


def ready() -> None:
    """Load the library, which takes longer than to read most files. Raises ModuleNotFoundError without pypdf."""
    import pypdf  # noqa: F401


def read(data: bytes) -> list[str]:
    """The text of each page. Raises ValueError for a PDF that is encrypted or beyond the caps."""
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(data), strict=False)
    if reader.is_encrypted:
        raise ValueError("it is encrypted; keep a copy without a password")
    found: list[str] = []
    for page in reader.pages:
        found.append(page.extract_text())
        if len(found) > PAGES or sum(map(len, found)) > CHARACTERS:
            raise ValueError(f"it holds more than {PAGES} pages or {CHARACTERS} characters")
    return found
