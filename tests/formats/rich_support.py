"""One rich report, as the JSON format writes it, and how a format renders it: from these records and nothing else."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from policycheck import rooms
from policycheck.cli._writer import Writer
from policycheck.report import header_of, totals_of
from policycheck.run import View

HERE = Path(__file__).parent
REPORT = HERE / "report.json"
GOLDEN = HERE / "golden"
#: Beside the checkout, or above it.
SPECS = next((f / "shared" / "specs" for f in HERE.parents[2:] if (f / "shared").is_dir()), HERE / "specs")
MACHINES = {
    "sarif": "sarif", "sarif-github": "sarif", "junit": "xml", "gitlab": "json", "github": "txt", "github-summary": "md",
}  # fmt: skip
#: What a stranger must not read in a machine format: it stands in values, messages and reasons, and nowhere else.
SECRET = "4711-per-hour"
HOSTILE = (
    "]]> <script>&'\" \x00\x1b[31m\u202e\ud800 \r\n::error::x ##[error]y %0A | `a` [l](http://e.example) {0} @team \n# h"
)


def spec(name: str) -> Path:
    """A specification published by somebody else, which this repository does not hold."""
    if not (SPECS / name).is_file():
        pytest.skip(f"{name} is not in {SPECS}")
    return SPECS / name


class Text:
    """A sink that keeps what is written."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data


def report() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(REPORT.read_text("utf-8"))
    return found


def enriched(report: dict[str, Any]) -> dict[str, Any]:
    """An example's report with what no example shows at once: hostile text, an exception, a baseline, failures."""
    report = copy.deepcopy(report)
    record = report["results"][0]
    gaps = [f for f in record["findings"] if f["outcome"] == "gap" and f["assurance"] != "contradicted"]
    for finding in record["findings"]:
        finding.setdefault("message", "")
        finding["message"] += f" {SECRET}"
        finding["facts"] += [{"route": "controls[x].params.limit", "value": SECRET, "note": SECRET}]
    who = {"id": "ex-1", "reason": SECRET, "approver": SECRET, "ticket": "T-1"}
    when = {"granted_on": "2026-10-01", "expires_on": "2026-12-31", "compensating_control": "log-review"}
    gaps[0] |= {"exception": {**who, **when}, "blocks": False}
    gaps[1] |= {"baseline": {"state": "known", "since": "2026-09-01", "owner": SECRET}, "blocks": False}
    gaps[2] |= {"baseline": {"state": "worse", "since": "2026-09-01"}}
    record["findings"].append(_hostile(gaps[2]))
    record["failures"].append({"what": f"rule {HOSTILE}", "why": SECRET})
    report["problems"].append({"path": f"b/{HOSTILE}.yaml", "line": 0, "column": 0, "message": SECRET})
    counts = record["counts"]
    counts |= {"accepted": 1, "blocking": sum(f["blocks"] for f in record["findings"])}
    report["totals"] |= {"accepted": 1, "blocking": counts["blocking"]}
    report["exit_code"] = 3
    return report


def _hostile(finding: dict[str, Any]) -> dict[str, Any]:
    made = copy.deepcopy(finding) | {"id": "00000000-0000-5000-8000-000000000001", "title": HOSTILE, "message": HOSTILE}
    made["subject"] = {"kind": "surface", "id": HOSTILE, "route": HOSTILE}
    made["location"] = {"path": f"a:b/{HOSTILE}", "line": 7, "column": 1, "end_column": None, "route": HOSTILE}
    made["related"] = [made["location"]]
    return made


def render(name: str, report: dict[str, Any], **style: Any) -> bytes:
    """A format's bytes for a report."""
    module, sink = rooms.load("formats", name), Text()
    view = View(header_of(report), {"width": 80, "encoding": "utf-8", **style})
    writer = Writer(module, sink, view)  # type: ignore[arg-type]
    for record in report["results"]:
        writer.add(module.part(view, record))
    writer.end(totals_of(report))
    return sink.data
