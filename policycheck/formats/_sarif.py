"""SARIF 2.1.0 objects made of report records. Section numbers are those of the OASIS standard."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from policycheck.formats import _json
from policycheck.formats._machine import STOPS, Place, Stop, cut, place, place_of, told
from policycheck.formats._terminal import harmless
from policycheck.redaction import unnamed
from policycheck.report import Record, Totals

if TYPE_CHECKING:
    from policycheck.run import View

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
HOME = "https://github.com/policycheck/policycheck"
#: GitHub refuses longer descriptions.
MAX_TEXT = 1000
LEVELS = {"high": "error", "medium": "warning", "low": "note", "info": "note"}
_PROBLEMS = {"high": "error", "medium": "warning", "low": "recommendation", "info": "recommendation"}
_KINDS = {"gap": "fail", "unknown": "open", "met": "pass", "not_used": "informational", "not_applicable": "notApplicable"}
_BASELINE = {"known": "unchanged", "worse": "updated", "new": "new", "new_rule": "new"}
#: Of an exception and a baseline entry, what can be told without telling what the organisation wrote or who did.
_PLAIN = ("id", "ticket", "granted_on", "expires_on", "compensating_control", "state", "since", "due_on", "overdue")
#: `[text](1)` would be a link and `{0}` a placeholder (3.11.5, 3.11.6).
_LINK, _PLACEHOLDER = re.compile(r"\]\("), re.compile(r"\{(?=\d)")


def encode(value: Any) -> str:
    """A value as JSON in one line: texts of packs stand in it, too, and nothing of them may steer what prints it."""
    return _json.encode(value).decode("utf-8", "replace")


def opening(view: View) -> bytes:
    """All of the log up to the first result."""
    log = [f'"$schema":{encode(SCHEMA)}', '"version":"2.1.0"', '"runs":[{']
    run = {
        "tool": {"driver": _driver(view.header)},
        "taxonomies": _taxonomies(view.header),
        "automationDetails": {"id": f"policycheck/{'+'.join(d['id'] for d in view.header['criteria']['documents'])}/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the repository that was checked."}}},
        "properties": {"as_of": view.header["as_of"], "options": view.header["options"]},
    }
    members = [f"{encode(key)}:{encode(value)}" for key, value in run.items()]
    return ("{" + ",\n".join(log) + "\n" + ",\n".join([*members, '"results":[\n'])).encode()


def closing(totals: Totals, stopped: Iterable[Stop]) -> bytes:
    """All of the log after the last result: how the run ended (3.20)."""
    told_of: list[Record] = [
        {"descriptor": {"id": s.rule}, "level": "error", "message": _message(s.message), "locations": [location(s.place)]}
        for s in stopped
    ]
    invocation: Record = {"executionSuccessful": totals.exit_code in {0, 1}, "exitCode": totals.exit_code}
    if told_of:
        invocation["toolExecutionNotifications"] = told_of
    invocation["properties"] = {"report_id": totals.report_id}
    return f'\n],\n"invocations":{encode([invocation])}\n}}]}}\n'.encode()


def result(finding: Record, record: Record, style: Mapping[str, Any]) -> Record:
    """A finding as a result (3.27). Its level is "none" unless it is a gap, as 3.27.10 asks."""
    where = place_of(finding, record)
    kind = _KINDS[finding["outcome"]]
    found: Record = {
        "ruleId": finding["rule"],
        "kind": kind,
        "level": LEVELS[finding["severity"]] if kind == "fail" else "none",
        "message": _message(told(finding, style)),
        "locations": [location(where, finding["subject"]["route"])],
        **identity(finding["id"]),
        "correlationGuid": finding["id"],
    }
    if finding.get("related"):
        routes = {} if style.get("show_values") else unnamed(finding["facts"])
        found["relatedLocations"] = [location(place(p), routes.get(p["route"], p["route"])) for p in finding["related"]]
    if finding.get("exception"):
        found["suppressions"] = [_suppression(finding["exception"], style)]
    if finding.get("baseline"):
        found["baselineState"] = _BASELINE[finding["baseline"]["state"]]
    return found | {"properties": _properties(finding, style)}


def stopped(stop: Stop) -> Record:
    """What stopped a run, as a result, since GitHub shows nothing else."""
    return {
        "ruleId": stop.rule,
        "kind": "fail",
        "level": "error",
        "message": _message(stop.message),
        "locations": [location(stop.place)],
        **identity(stop.id),
    }


def identity(name: str) -> Record:
    """What makes two results the same one in GitHub: of the fingerprints it reads this one only, and not the line."""
    return {"partialFingerprints": {"primaryLocationLineHash": f"{name.replace('-', '')[:16]}:1", "policycheck/v1": name}}


def location(where: Place, route: str = "") -> Record:
    """A place as a location (3.28). Where the end is not known, the region ends behind its first character."""
    region = {
        "startLine": where.line, "startColumn": where.column, "endLine": where.line,
        "endColumn": max(where.end_column, where.column + 1),
    }  # fmt: skip
    # A colon in the first segment would be read as a scheme: quote() escapes it.
    path = quote(where.path.encode("utf-8", "backslashreplace"), safe="/")
    found: Record = {"physicalLocation": {"artifactLocation": {"uri": path, "uriBaseId": "%SRCROOT%"}, "region": region}}
    if route:
        found["logicalLocations"] = [{"fullyQualifiedName": harmless(route), "kind": "member"}]
    return found


def _message(text: str) -> Record:
    return {"text": _PLACEHOLDER.sub("{ ", _LINK.sub("] (", cut(text, MAX_TEXT)))}


def _properties(finding: Record, style: Mapping[str, Any]) -> Record:
    found = {key: finding[key] for key in ("outcome", "assurance", "severity", "blocks")}
    found["subject"] = harmless(f"{finding['subject']['kind']} {finding['subject']['id']}".strip())
    routes = unnamed(finding["facts"])
    found["facts"] = [_fact(fact, style, routes) for fact in finding["facts"]]
    if finding.get("equivalent"):
        found["equivalent"] = harmless(finding["equivalent"])
    if finding.get("verified_facts"):
        found["verified_facts"] = finding["verified_facts"]
    if finding.get("baseline"):
        found["baseline"] = _plain(finding["baseline"], style)
    return found


def _fact(fact: Record, style: Mapping[str, Any], routes: Mapping[str, str]) -> Any:
    if not style.get("show_values") or not fact.get("declared", True):
        return harmless(routes.get(fact["route"], fact["route"]))
    value = fact["value"]
    return {"route": harmless(fact["route"]), "value": value if isinstance(value, bool | int) else harmless(value)}


def _suppression(exception: Mapping[str, Any], style: Mapping[str, Any]) -> Record:
    found: Record = {"kind": "external", "status": "accepted", "properties": _plain(exception, style)}
    if style.get("show_values"):
        found["justification"] = harmless(exception["reason"])
    return found


def _plain(entry: Mapping[str, Any], style: Mapping[str, Any]) -> Record:
    shown = entry if style.get("show_values") else [key for key in entry if key in _PLAIN]
    return {key: entry[key] if isinstance(entry[key], bool) else harmless(entry[key]) for key in shown}


def _driver(header: Record) -> Record:
    version = header["tool"]["version"]
    rules = [_rule(name, rule, header) for name, rule in sorted(header["rules"].items())]
    return {
        "name": header["tool"]["name"],
        "version": version,
        "semanticVersion": version,
        "informationUri": HOME,
        "fullDescription": {"text": harmless(header["disclaimer"])},
        "rules": rules + [_stop_rule(name, title, help_) for name, (title, help_) in STOPS.items()],
        "supportedTaxonomies": [{"name": d["id"]} for d in header["criteria"]["documents"]],
    }


def _rule(name: str, rule: Record, header: Record) -> Record:
    """A rule with its help (3.49): what closes the gap, and which paragraphs ask for it."""
    asked = [(e, header["expectations"][e]) for e in rule["expectations"] if e in header["expectations"]]
    sources = [f"{e} ({said['locator']}, {said['modality']})" for e, said in asked]
    help_ = " ".join(str(rule["remediation"]).split())
    by = f"Asked by {'; '.join(sources)}." if sources else "Asked by no expectation: it is about the declaration itself."
    severity = rule.get("severity", "medium")
    return {
        "id": name,
        "shortDescription": {"text": cut(rule["title"], MAX_TEXT)},
        "fullDescription": {"text": cut(f"{rule['title']}. {by}", MAX_TEXT)},
        "help": {"text": f"{help_}\n\n{by}", "markdown": "\n".join([help_, "", *(f"- {s}" for s in sources or [by])])},
        "defaultConfiguration": {"level": LEVELS[severity]},
        "relationships": [_relationship(e, said["document"]) for e, said in asked],
        "properties": {
            "tags": ["privacy", "scraping", rule["family"]], "precision": "high", "problem.severity": _PROBLEMS[severity],
        },
    }  # fmt: skip


def _relationship(expectation: str, document: str) -> Record:
    return {"target": {"id": expectation, "toolComponent": {"name": document}}, "kinds": ["relevant"]}


def _stop_rule(name: str, title: str, help_: str) -> Record:
    return {
        "id": name,
        "shortDescription": {"text": title},
        "fullDescription": {"text": f"{title}. What stopped the run is no finding, and makes it fail."},
        "help": {"text": help_},
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["policycheck"], "precision": "very-high", "problem.severity": "error"},
    }


def _taxonomies(header: Record) -> list[Record]:
    """The source documents, each with the expectations that were chosen (3.19.3)."""
    return [_taxonomy(document, header["expectations"]) for document in header["criteria"]["documents"]]


def _taxonomy(document: Record, expectations: Record) -> Record:
    taxa = [
        {"id": name, "shortDescription": {"text": f"{said['locator']} ({said['modality']})"}}
        for name, said in expectations.items()
        if said["document"] == document["id"]
    ]
    found = {
        "name": document["id"], "fullName": document["title"], "organization": document["issuer"],
        "releaseDateUtc": document["date"], "informationUri": document["url"],
    }  # fmt: skip
    known = {key: value for key, value in found.items() if value}
    about = {"text": cut(document["title"] or document["id"], MAX_TEXT)}
    return known | {"shortDescription": about, "isComprehensive": False, "taxa": taxa}
