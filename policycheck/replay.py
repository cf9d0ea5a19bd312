"""A report rendered again from its JSON: no manifest is read and nothing is judged.

The lines of source that some formats show are not in the JSON. They are shown only when a folder with the files is
given, and only of files whose digest is the one that the report names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from policycheck import reckoning
from policycheck.errors import InvalidInput
from policycheck.model import Problem
from policycheck.redaction import LEFT_OUT, bare, harmless
from policycheck.report import FORMAT, Record, header_of, is_of, shortened, totals_of
from policycheck.run import View, since


def loaded(raw: bytes, name: str) -> Any:
    """The JSON text in `raw`. Raises InvalidInput, in one line, for anything else."""
    try:
        return json.loads(raw, parse_constant=_refuse, object_pairs_hook=unrepeated)
    except (ValueError, RecursionError):
        raise _wrong(name, "not one JSON text, or one that names a key twice") from None


def unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. Raises ValueError for a key that is there twice: two readers could take another one each."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _wrong(name: str, why: str) -> InvalidInput:
    message = f"is no {FORMAT} document: {why}; `policycheck check --format json` writes one"
    return InvalidInput([Problem(name, 0, 0, message)])


def read(raw: bytes, name: str) -> Record:
    """A whole report. Raises InvalidInput, in one line, for what is none, or was changed since its id was made."""
    data = loaded(raw, name)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        found = data.get("format") if isinstance(data, dict) else None
        raise _wrong(name, f"its format is {found[:40]}" if isinstance(found, str) else "it names no format")
    flaw = _flaw(data)
    if flaw:
        raise _wrong(name, flaw)
    wrong = reckoning.flaw(data) if is_of(data) else "its report_id is not that of its content"
    if wrong:
        message = f"{wrong}: it was changed after it was written, or put together by hand"
        raise InvalidInput([Problem(name, 0, 0, message)])
    return data


def _flaw(data: Any) -> str:
    """The first thing in which the shape differs from the published one; empty when nothing does."""
    from policycheck.manifests.explain import first_flaw

    try:
        return first_flaw(data, "report-v1")
    except (ValueError, RecursionError):
        return "it holds text that is no Unicode, or is nested too deeply"


def ambiguous(report: Record) -> str:
    """The first path of a report that is two files; empty when each is one.

    The paths of a report begin at the root of each manifest, and outside a repository each manifest has a root of its own.
    """
    digests: dict[str, str] = {}
    manifests: set[str] = set()
    for record in report["results"]:
        files = [*record["inputs"], *(a for entry in record["artefacts"] for a in entry["artefacts"])]
        for file in files:
            if digests.setdefault(file["path"], file["sha256"]) != file["sha256"]:
                return str(file["path"])
        if record["manifest"] in manifests:
            return str(record["manifest"])
        manifests.add(record["manifest"])
    return ""


def redacted(report: Record) -> Record:
    """A copy of a report that may leave the house: the same id, findings and counts, no values and no quotations."""
    problems = [{**problem, "message": LEFT_OUT} for problem in report["problems"]]
    return {**report, "results": [bare(record) for record in report["results"]], "problems": problems, "redacted": True}


class Replay:
    """A report's records for formats, and the view that they are rendered with.

    `root` is where the report's paths begin; without it paths are printed as they are in the report. `previous` is an
    earlier report, as `read` gives it: the first pages then say what changed since. Raises UsageError when it is later.
    """

    def __init__(
        self, report: Record, style: Mapping[str, Any], here: Path, root: Path | None = None, previous: Record | None = None
    ) -> None:
        if report.get("redacted"):
            style, root = {**style, "redact": True}, None
        self.results: list[Record] = report["results"]
        self.totals = totals_of(report)
        self.as_of: str = report["as_of"]
        self._lines = _Lines(report, root)
        self.redacted = bool(report.get("redacted"))
        other = "" if root in (None, here) else str(root)
        header = header_of(report)
        self.view = View(header, style, other, str(here), self._lines.line, since(previous, header))

    def records(self, kind: str) -> list[Record]:
        """The records that a format of this RECORD is given."""
        return self.results if kind == "full" else [shortened(record, self.as_of) for record in self.results]

    @property
    def changed(self) -> list[str]:
        """The files of which no line was shown, because they are not there or not as they were."""
        return sorted(self._lines.changed)

    @property
    def lacks_lines(self) -> bool:
        """Whether a format asked for lines, and no folder was given to read them from."""
        return self._lines.opener is None and bool(self._lines.changed) and not self.redacted


class _Lines:
    """The lines of the files of a report that are still as they were."""

    def __init__(self, report: Record, root: Path | None) -> None:
        from policycheck.opener import Opener

        self.opener = Opener(root) if root else None
        self._digests: dict[str, str] = {}
        for record in report["results"]:
            every = [*record["inputs"], *(a for entry in record["artefacts"] for a in entry["artefacts"])]
            self._digests |= {artefact["path"]: artefact["sha256"] for artefact in every}
        self._kept: dict[str, list[str]] = {}
        self.changed: set[str] = set()

    def line(self, path: str, number: int) -> str:
        """A line (1-based), without its end; empty when there is none, or the file is another now."""
        if path not in self._kept:
            self._kept[path] = self._read(path)
        lines = self._kept[path]
        return harmless(lines[number - 1]) if 0 < number <= len(lines) else ""

    def _read(self, path: str) -> list[str]:
        from policycheck.errors import ArtefactError

        try:
            opened = self.opener.read(path) if self.opener else None
        except ArtefactError:
            opened = None
        if opened is None or opened.sha256 != self._digests.get(path):
            self.changed.add(path)
            return []
        return opened.data.decode("utf-8-sig", "replace").splitlines()
