"""An in-toto Statement v1 about a run: a test-result predicate (in-toto attestation framework, test-result v0.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from policycheck.report import Record, Totals

TYPE = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"


def statement(subjects: Iterable[tuple[str, str]], header: Record, totals: Totals, results: Sequence[Record]) -> Record:
    """What the run found, bound to `subjects`: name and sha256 (hex) of each file that it is about."""
    passed, warned, failed = _tests(results)
    whole = failed or totals.problems or totals.marks["blocking"] or not results or totals.exit_code not in (0, 1)
    return {
        "_type": TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in subjects],
        "predicateType": PREDICATE,
        "predicate": {
            "result": "FAILED" if whole else "WARNED" if warned else "PASSED",
            "configuration": [_pack(pack) for pack in header["criteria"]["packs"]],
            "passedTests": passed,
            "warnedTests": warned,
            "failedTests": failed,
        },
    }


def _pack(pack: Record) -> Record:
    return {"name": f"{pack['id']} {pack['version']}", "digest": {"sha256": pack["digest"].removeprefix("sha256:")}}


def _tests(results: Sequence[Record]) -> tuple[list[str], list[str], list[str]]:
    """A test is a rule held against an organisation: failed where a finding blocks, warned where one is open."""
    worst: dict[str, int] = {}
    for record in results:
        for finding in record["findings"]:
            name = f"{record['organization'].get('id')}/{finding['rule']}"
            rank = _rank(finding)
            if rank is not None:
                worst[name] = max(worst.get(name, 0), rank)
    sorted_ = [sorted(name for name, rank in worst.items() if rank == wanted) for wanted in range(3)]
    return sorted_[0], sorted_[1], sorted_[2]


def _rank(finding: dict[str, Any]) -> int | None:
    if finding["blocks"]:
        return 2
    return {"gap": 1, "unknown": 1, "met": 0}.get(finding["outcome"])
