"""What lies in a bundle: the names of its files, and the texts that name files by digest.

The texts are strict on purpose. A name has no separator, no space and nothing to be escaped, so that no line can lead out of
the folder or look like two; whatever is not written just so was not written by us.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from policycheck.formats import _in_toto
from policycheck.formats._terminal import harmless
from policycheck.replay import unrepeated
from policycheck.report import Record, Totals

REPORT, REVIEW, INPUTS, README = "report.json", "review.yaml", "INPUTS.txt", "README.txt"
STATEMENT, SIGNATURE, ENVELOPE, SUMS = "statement.json", "statement.sig", "statement.dsse.json", "SHA256SUMS"
#: What no bundle is without.
ALWAYS = frozenset({REPORT, INPUTS, README, STATEMENT})
#: What a bundle is made of if nothing else is asked for.
DEFAULTS = ("html", "xlsx", "csv", "markdown", "json")
#: The most that is read, in bytes, of the report, of the statement and its envelope, and of any other file.
MOST_REPORT, MOST_STATEMENT, MOST_FILE = 256 * 1024 * 1024, 32 * 1024 * 1024, 1024 * 1024 * 1024
#: The most that is read of SHA256SUMS; no bundle has a thousand files.
MOST_SUMS = 256 * 1024

_ENDINGS = {
    "github-summary": "summary.md", "gitlab": "gitlab.json", "in-toto": "in-toto.json", "junit": "junit.xml",
    "markdown": "md", "oscal": "oscal.json", "oscal-catalog": "oscal-catalog.json", "oscal-poam": "oscal-poam.json",
    "sarif-github": "github.sarif", "table": "table.txt", "text": "txt",
}  # fmt: skip
_SUM = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9._-]{0,99})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
#: Before the path of a manifest among the statement's subjects; no file of a bundle has such a name.
_INPUT = "inputs/"


def file_name(format_: str) -> str:
    """The name of the file that holds the report in a format."""
    return f"report.{_ENDINGS.get(format_, format_)}"


# --- SHA256SUMS ----------------------------------------------------------------------------------------------


def sums(digests: Mapping[str, str]) -> bytes:
    """The text that `sha256sum -c` reads, sorted by name. `digests` are sha256 (hex) by file name."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())).encode()


def read_sums(raw: bytes) -> dict[str, str]:
    """The digests in such a text. Raises ValueError, naming the line, for anything that `sums` would not write."""
    found: dict[str, str] = {}
    last = ""
    lines = raw.decode("utf-8", "replace").split("\n")
    if not raw or lines.pop():
        raise ValueError("does not end with a whole line")
    for number, line in enumerate(lines, 1):
        match = _SUM.fullmatch(line)
        if match is None:
            raise ValueError(f"line {number} is not a digest, two spaces and the name of a file of this folder")
        if match[2] <= last:
            raise ValueError(f"line {number} is not in order, or names a file twice")
        last = match[2]
        found[last] = match[1]
    return found


# --- statement.json ------------------------------------------------------------------------------------------


def statement(digests: Mapping[str, str], header: Record, totals: Totals, results: list[Record]) -> bytes:
    """The in-toto statement over the bundle's files and the manifests, with a subject a line: sed can read it."""
    whole = _in_toto.statement([*digests.items(), *manifests(results)], header, totals, results)
    return ("{\n" + ",\n".join(f"{_encode(key)}:{_member(key, value)}" for key, value in whole.items()) + "\n}\n").encode()


def _member(key: str, value: Any) -> str:
    return "[\n" + ",\n".join(map(_encode, value)) + "\n]" if key == "subject" else _encode(value)


_encode = json.JSONEncoder(separators=(",", ":")).encode


def manifests(results: Iterable[Record]) -> set[tuple[str, str]]:
    """Manifests and fragments as subjects, each with its sha256; named as a statement names them."""
    return {(harmless(_INPUT + read["path"]), read["sha256"]) for record in results for read in record["inputs"]}


def read_statement(raw: bytes) -> tuple[dict[str, str], set[tuple[str, str]]]:
    """The subjects of a statement: the bundle's files by name, and the manifests. Raises ValueError, saying why not."""
    try:
        whole = json.loads(raw, object_pairs_hook=unrepeated)
    except (ValueError, RecursionError):
        raise ValueError("is not one JSON text") from None
    if not isinstance(whole, dict) or (whole.get("_type"), whole.get("predicateType")) != (
        _in_toto.STATEMENT,
        _in_toto.PREDICATE,
    ):
        raise ValueError("is no in-toto statement of a test result")
    files: dict[str, str] = {}
    inputs: set[tuple[str, str]] = set()
    for name, digest in _subjects(whole.get("subject")):
        if name.startswith(_INPUT):
            inputs.add((name, digest))
        elif _NAME.fullmatch(name) and name not in files:
            files[name] = digest
        else:
            raise ValueError("names a file twice, or one that is not of this folder")
    return files, inputs


def milder(raw: bytes, report: Record) -> str:
    """In what a statement that `read_statement` takes says something else than the report; empty when in nothing.

    What another version would say a little otherwise is left alone: a result that the report rules out is not.
    """
    predicate = json.loads(raw).get("predicate")
    about = predicate.get("policycheck") if isinstance(predicate, dict) else None
    if not isinstance(about, dict) or about.get("report_id") != report["report_id"]:
        return f"is of another report than {REPORT}"
    failed = report["exit_code"] or report["totals"]["blocking"] or any(record["failures"] for record in report["results"])
    is_failed = predicate.get("result") == "FAILED"
    return f"says {str(predicate.get('result'))[:40]}, and {REPORT} does not" if failed and not is_failed else ""


def _subjects(listed: Any) -> Iterator[tuple[str, str]]:
    for one in listed if isinstance(listed, list) else [None]:
        name, digest = (one.get("name"), one.get("digest")) if isinstance(one, dict) else (None, None)
        hexadecimal = digest.get("sha256") if isinstance(digest, dict) else None
        if not isinstance(name, str) or not isinstance(hexadecimal, str) or not _DIGEST.fullmatch(hexadecimal):
            raise ValueError("has a subject without a name or a sha256")
        yield name, hexadecimal


# --- INPUTS.txt ----------------------------------------------------------------------------------------------


def inputs(report: Record) -> bytes:
    """Every file that the run read, as `sha256sum -c` checks them from the folder that the report's paths begin in."""
    read = {(one["path"], one["size"], one["sha256"]) for record in report["results"] for one in record["inputs"]}
    looked_at = {
        (one["path"], one["size"], one["sha256"])
        for record in report["results"] for entry in record["artefacts"] for one in entry["artefacts"]
    }  # fmt: skip
    lines = [
        f"# The files that were read for report {report['report_id']}, with size and SHA-256.",
        "# From the folder that the paths begin in: sha256sum --strict -c INPUTS.txt",
        "#", f"# Manifests, fragments and locks: {len(read)}", *_listed(read),
        "#", f"# Artefacts: {len(looked_at - read)}", *_listed(looked_at - read),
    ]  # fmt: skip
    return ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")


def _listed(files: Iterable[tuple[str, int, str]]) -> Iterator[str]:
    """Each file's size as a comment, then its line; one that sha256sum could not find is a comment, too."""
    for path, size, digest in sorted(files):
        if path == "<stdin>" or path.startswith("/") or ".." in path.split("/") or not path.isprintable():
            yield f"# {size} bytes, cannot be checked by name: {digest}  {path.encode('unicode_escape').decode()}"
            continue
        escaped = path.replace("\\", "\\\\")
        mark = "\\" if escaped != path else ""
        yield f"# {size} bytes"
        yield f"{mark}{digest}  {escaped}"
