"""The rows of `rows.yaml` as a pack in memory, and manifests to hold them against."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from policycheck import packs
from policycheck.document import Document, parse
from policycheck.judge import Judge, Judgement
from policycheck.packs import Criteria

HERE = Path(__file__).parent
SCHEMA = HERE.parents[1] / "schemas" / "manifest-v1.json"
AS_OF = "2026-11-21"
#: Verdicts that a value may only earn by being written.
GOOD = frozenset({"met", "not_used", "not_applicable"})


@cache
def page() -> dict[str, Any]:
    """rows.yaml, read as policycheck reads YAML."""
    document, problems = parse((HERE / "rows.yaml").read_bytes(), "rows.yaml")
    assert not problems, problems
    return dict(document.data)


def rows() -> list[dict[str, Any]]:
    return list(page()["rows"])


def number(row: Mapping[str, Any]) -> str:
    return str(row["row"]).split(" ", 1)[0]


def _files() -> dict[str, Any]:
    """rows.yaml as the files of a pack: one rule and one expectation, which concerns everybody, a row."""
    expectations = {
        f"ROW-{number(row)}": {
            "locator": f"row {number(row)}", "modality": row.get("modality", "must"), "paraphrase": row["row"], "seen": "V",
            "illustrative": bool(row.get("illustrative")),
        }
        for row in rows()
    }  # fmt: skip
    return {
        "pack.yaml": {"id": "rows", "version": "1.0.0", "documents": [{"id": "ROWS"}]},
        "definitions.yaml": page()["definitions"],
        "expectations/ROWS.yaml": {"document": "ROWS", "expectations": expectations},
        **{f"data/{name}.yaml": {"rows": table} for name, table in page()["data"].items()},
        **{f"rows/row-{number(row)}.yaml": _rule(row) for row in rows()},
    }


def _rule(row: Mapping[str, Any]) -> dict[str, Any]:
    parts = {k: row[k] for k in ("for_each", "let", "when", "assert", "equivalents", "message") if k in row}
    severity = "info" if row.get("modality") == "may" else "low"
    return {"title": row["row"], "expectations": [f"ROW-{number(row)}"], "severity": severity, **parts}


@cache
def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SCHEMA.read_bytes())
    return found


@cache
def criteria() -> Criteria:
    """All rows as one pack, against the real manifest schema."""
    pack = packs._build({"at": "rows", "digest": "", "files": _files()}, shipped=False)
    return packs.Criteria([pack], schema())


def document(data: Any) -> Document:
    """A manifest's data written as YAML and read back, so that every value has a place."""
    text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)
    found, problems = parse(text.encode(), "policycheck.yaml")
    assert not problems, problems
    return found


def judged(
    wanted: Criteria, rule_id: str, data: Any, *, equivalents: bool = True, as_of: str = AS_OF
) -> tuple[Judge, list[Judgement]]:
    """One rule held against a manifest."""
    judge = Judge(wanted, document(data), as_of, equivalents)
    return judge, list(judge.judge(wanted.every_rule[rule_id]))


def verdicts(wanted: Criteria, rule_id: str, data: Any, **options: Any) -> list[str]:
    return [j.outcome.value for j in judged(wanted, rule_id, data, **options)[1]]
