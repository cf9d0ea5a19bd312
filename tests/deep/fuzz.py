"""Coverage-guided fuzzing, by hand: `python tests/deep/fuzz.py TARGET [-max_total_time=600 ...]`.

A target is the manifest reader (`manifest`), the reader of other people's YAML (`foreign`), or a verifier by its kind;
without one, their names are printed. Whatever the bytes, a verifier gives an account or raises ArtefactError; an account
that says why it is unreadable reads nothing; nothing is read in nothing. Needs `pip install atheris`; options after the
target are libFuzzer's. Starts from the fixtures of the kind, keeps what it found in a temporary folder, and stops at the
first input that breaks a promise.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import atheris

with atheris.instrument_imports(include=["policycheck"]):
    from policycheck import document, rooms
    from policycheck.errors import ArtefactError
    from policycheck.model import Account
    from policycheck.opener import Opened, relative

    VERIFIERS = {name: rooms.load("evidence", name) for name in rooms.names("evidence")}

EXAMPLES = Path(__file__).parents[2] / "examples"
FIXTURES = Path(__file__).parents[1] / "evidence" / "fixtures"
#: Subjects of several kinds in one, so that no reader turns away before it has read.
SUBJECT: dict[str, Any] = {
    "id": "edge", "name": "people", "family": "rate_limit", "status": "deployed", "layer": "technical", "auth": "required",
    "params": {"unit": "ip", "limit": 300, "window": "hour", "agents": ["GPTBot"], "standards": ["robots_txt"]},
    "fields": [{"name": "email", "category": "user.contact.email"}], "refused_agents": [{"name": "GPTBot", "kind": "ai"}],
    "sources": [{"id": "web", "type": "public_web"}], "retention_days": 30,
}  # fmt: skip
ENTRY = {"as_of": "2026-11-21", "location": "/people/", "operation": "GET /people/{id}", "urls": ["/people/*"]}


class Memory:
    """An opener that holds one file; whatever else is asked for does not exist."""

    relative = staticmethod(relative)
    root = Path("/nonexistent")

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self, path: str, *, cap: int = 4 * 1024 * 1024) -> Opened:
        """The bytes, under the one name."""
        if path != "file" or len(self.data) > cap:
            raise ArtefactError(f"{path} does not exist")
        return Opened(path, self.data, hashlib.sha256(self.data).hexdigest(), len(self.data))

    def __getattr__(self, name: str) -> Any:
        raise ArtefactError(f"{name} is not for a single file")


def of_verifier(kind: str) -> Any:
    """What is tried on a verifier: both of its ways, for every family of control that it may speak of."""
    module = VERIFIERS[kind]
    families = ("rate_limit", "crawler_signal", "robots", "waf", "bot_detection", "terms", "monitoring", "design")

    def one(data: bytes) -> None:
        family = families[data[0] % len(families)] if data else families[0]
        entry = {"kind": kind, "path": "file", **ENTRY, "manifest": {"surfaces": [SUBJECT]}}
        try:
            account = module.account(Memory(data[1:]), "file", entry, {**SUBJECT, "family": family})
        except ArtefactError:
            return
        assert isinstance(account, Account)
        assert not (account.unreadable and (account.readings or account.additions or account.supported))
        assert data[1:].strip() or not (account.readings or account.supported)
        with contextlib.suppress(ArtefactError):
            module.discover(Memory(data[1:]), "file")

    return one


def reader(data: bytes) -> None:
    """The manifest reader: both parsers agree on whether there is a document, and on what is in it."""
    found, problems = document.parse(data, "file")
    if document.LIBYAML is not None and len(data) < 4096:
        pure, others = document.parse(data, "file", document.PURE)
        assert bool(problems) == bool(others), (problems, others)
        assert problems or repr(found.data) == repr(pure.data)


def foreign(data: bytes) -> None:
    """The reader of other people's YAML."""
    found, problems = document.parse_foreign(data, "file")
    assert not (found and problems)


def seeds(kind: str) -> list[tuple[Path, bytes]]:
    """The files to start from, and what stands before each: a verifier's target takes its family from the first byte."""
    places = {"manifest": (EXAMPLES, "*.yaml"), "foreign": (FIXTURES, "*.y*ml")}
    folder, pattern = places.get(kind, (FIXTURES / kind, "*"))
    found = [path for path in sorted(folder.rglob(pattern)) if path.is_file() and path.stat().st_size < 50_000]
    return [(path, b"" if kind in places else b"\0") for path in found]


def main() -> None:
    """Run one target until time is up."""
    targets = {"manifest": reader, "foreign": foreign, **{kind: of_verifier(kind) for kind in VERIFIERS}}
    if len(sys.argv) < 2 or sys.argv[1] not in targets:
        sys.exit(f"one of: {', '.join(targets)}")
    kind = sys.argv.pop(1)
    folder = tempfile.mkdtemp(prefix=f"policycheck-fuzz-{kind}-")
    for number, (path, lead) in enumerate(seeds(kind)):
        Path(folder, f"seed{number}").write_bytes(lead + path.read_bytes())
    atheris.Setup([*sys.argv, "-timeout=20", "-rss_limit_mb=1500", folder], targets[kind])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
