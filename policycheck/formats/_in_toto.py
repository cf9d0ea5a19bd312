"""An in-toto Statement v1 about a run, with the predicate test-result v0.1, made of the report's records.

A test is a finding, named by its id. Passed is what was judged and met; failed is what blocks, an unknown like a gap; warned
is a gap or unknown that does not block. What is not applicable, and what a source merely allows, is no test.
"""

from __future__ import annotations

from collections.abc import Iterable
from json import JSONEncoder
from typing import Any

from policycheck.digest import sha256_hex
from policycheck.formats._terminal import harmless
from policycheck.report import Record, Totals

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
#: An artefact's name and its SHA-256 in hexadecimal.
Subject = tuple[str, str]
_OPEN = ("gap", "unknown")
_canonical = JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode


def statement(subjects: Iterable[Subject], header: Record, totals: Totals, results: Iterable[Record]) -> dict[str, Any]:
    """The statement about `subjects`, which are named once each and in order; what has no digest is left out.

    `results` are the full records of the run; read of them are the findings' ids, outcomes, rules and whether they block,
    the failures, and how many expectations apply.
    """
    records = list(results)
    tests = _tests(records)
    return {
        "_type": STATEMENT,
        "subject": [_resource(name, digest) for name, digest in sorted(set(subjects)) if digest],
        "predicateType": PREDICATE,
        "predicate": {
            "result": _verdict(header, totals, records, tests),
            "configuration": [*map(_pack, header["criteria"]["packs"]), *_deciding(header), _options(header)],
            **tests,
            "policycheck": _about(header, totals),
        },
    }


def inputs(record: Record) -> list[Subject]:
    """The manifest's own files and every artefact that was read for it."""
    artefacts = [artefact for entry in record["artefacts"] for artefact in entry["artefacts"]]
    return [(artefact["path"], artefact["sha256"]) for artefact in (*record["inputs"], *artefacts)]


def outline(record: Record) -> Record:
    """As much of a record as a statement rests on, so that a long run need not be held whole."""
    keys = ("id", "rule", "outcome", "blocks")
    return {
        "findings": [{key: finding[key] for key in keys} for finding in record["findings"]],
        "failures": record["failures"],
        "scope": {"applicable": record["scope"]["applicable"]},
    }


def _resource(name: str, digest: str) -> Record:
    return {"name": harmless(name), "digest": {"sha256": digest}}


def _tests(records: list[Record]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"passedTests": [], "warnedTests": [], "failedTests": []}
    for record in records:
        broken = {failure["what"] for failure in record["failures"]}
        for finding in record["findings"]:
            kind = _kind(finding, f"rule {finding['rule']}" in broken)
            if kind:
                found[kind].append(finding["id"])
    return {kind: sorted(set(names)) for kind, names in found.items()}


def _kind(finding: Record, broken: bool) -> str:
    """Which list a finding belongs to; empty for what is no test. What a broken rule calls met was not judged to the end."""
    if finding["outcome"] == "met":
        return "failedTests" if broken else "passedTests"
    if finding["outcome"] in _OPEN:
        return "failedTests" if finding["blocks"] or broken else "warnedTests"
    return ""


def _verdict(header: Record, totals: Totals, records: list[Record], tests: dict[str, list[str]]) -> str:
    """PASSED only where everything that applies was judged and is met, and the run was not loosened."""
    stopped = not records or totals.problems or totals.exit_code
    unjudged = any(record["failures"] or not record["scope"]["applicable"] for record in records)
    if tests["failedTests"] or stopped or unjudged or not (tests["passedTests"] or tests["warnedTests"]):
        return "FAILED"
    return "WARNED" if tests["warnedTests"] or header["options"]["loosened_by"] else "PASSED"


def _pack(pack: Record) -> Record:
    digest = str(pack["digest"]).removeprefix("sha256:")
    return _resource(pack["id"], digest) | {"annotations": {key: pack[key] for key in ("version", "rules", "shipped")}}


def _deciding(header: Record) -> list[Record]:
    """The configuration and the baseline, where they decided over the run."""
    files = header["options"].get("decided_by", ())
    return [_resource(file["path"], file["sha256"]) | {"annotations": {"what": harmless(file["what"])}} for file in files]


def _options(header: Record) -> Record:
    """What the run was asked; its digest is that of the annotations as JSON with sorted keys, no spaces, in ASCII."""
    asked = {"as_of": header["as_of"], **_harmless(header["options"])}
    return _resource("options", sha256_hex(_canonical(asked).encode())) | {"annotations": asked}


def _about(header: Record, totals: Totals) -> Record:
    """An extension field: which report this is, what it is not, and what there was besides tests."""
    return {
        "report_id": totals.report_id,
        "version": header["tool"]["version"],
        "as_of": header["as_of"],
        "disclaimer": harmless(header["disclaimer"]),
        "manifests": totals.manifests,
        "findings": dict(totals.findings),
        "integrity": dict(totals.integrity),
        **dict(totals.marks),
        "not_judged": [harmless(problem) for problem in totals.problems],
    }


def _harmless(value: Any) -> Any:
    """The same with harmless texts."""
    if isinstance(value, dict):
        return {harmless(key): _harmless(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_harmless(item) for item in value]
    return harmless(value) if isinstance(value, str) else value
