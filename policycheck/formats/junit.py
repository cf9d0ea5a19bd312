"""JUnit XML as Jenkins' junit-10.xsd has it: a suite a manifest, a case a finding, its id in the name, so names are unique.

What blocks is a failure, what kept a rule from judging is an error, the rest that is not met is skipped and says why. Of a
run that is compared with a ref (`--against`), only what opened or became worse is a failure. Each suite has what loosened
the run among its properties.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from policycheck.formats._machine import Stop, cut, place_of, run_stops, stops, told
from policycheck.formats._terminal import harmless
from policycheck.model import Outcome
from policycheck.report import Record, Totals

if TYPE_CHECKING:
    from policycheck.run import View

RECORD = "full"
SEPARATOR = b""
MAX_TEXT = 1000
#: All that is outside the Char of XML 1.0 (2.2): not even an escape may stand for it.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": " ", "\n": " ", "\r": " "})
_COUNTED = ("failure", "error", "skipped")


def detail(style: Mapping[str, Any]) -> frozenset[Outcome]:
    """The outcomes whose findings are explained; what is not applicable was never tested and is no case."""
    return frozenset(Outcome) - {Outcome.NOT_APPLICABLE}


def begin(view: View) -> bytes:
    """The outermost element."""
    return b'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="policycheck">\n'


def part(view: View, record: Record) -> bytes:
    """One manifest's suite."""
    name = str(record["organization"].get("id") or "policycheck")
    cases = [_stopped(stop) for stop in stops(record, view.style)]
    cases += [_case(finding, record, name, view) for finding in record["findings"] if _is_case(finding)]
    return _suite(name, record["manifest"], view.header, cases)


def end(view: View, totals: Totals) -> bytes:
    """What stopped the run, in a suite of its own."""
    cases = [_stopped(stop) for stop in run_stops(totals, view.style)]
    last = _suite("policycheck", "", view.header, cases) if cases else b""
    return last + b"</testsuites>\n"


def _is_case(finding: Record) -> bool:
    return bool(finding["outcome"] != "not_applicable")


def _suite(name: str, path: str, header: Record, cases: list[tuple[str, str]]) -> bytes:
    counts = {kind: sum(kind == k for k, _ in cases) for kind in _COUNTED}
    numbers = f'tests="{len(cases)}" failures="{counts["failure"]}" errors="{counts["error"]}" skipped="{counts["skipped"]}"'
    file = f' file="{_safe(path)}"' if path else ""
    head = f'<testsuite name="{_safe(name)}" {numbers} timestamp="{_safe(header["as_of"])}T00:00:00"{file}>\n'
    return (head + _properties(header) + "".join(text for _, text in cases) + "</testsuite>\n").encode("utf-8", "replace")


def _properties(header: Record) -> str:
    found = "".join(f'<property name="loosened_by" value="{_safe(one)}"/>' for one in header["options"]["loosened_by"])
    return f"<properties>{found}</properties>\n" if found else ""


def _case(finding: Record, record: Record, organization: str, view: View) -> tuple[str, str]:
    subject = f"{finding['subject']['kind']} {finding['subject']['id']}".strip()
    head = _head(f"{organization}.{finding['rule']}", f"{subject} ({finding['id']})")
    # What was open at the ref would be a failed test in each change that passes.
    if view.fails(finding):
        contradicted = finding["assurance"] == "contradicted"
        type_ = "contradicted" if contradicted else finding["outcome"]
        failure = _element("failure", type_, told(finding, view.style), _body(finding, record))
        return "failure", f"{head}>{failure}</testcase>\n"
    why = _skipped(finding)
    if why:
        return "skipped", f"{head}>{_element('skipped', finding['outcome'], why, _body(finding, record))}</testcase>\n"
    return "", f"{head}/>\n"


def _skipped(finding: Record) -> str:
    """Why a finding that is not met does not fail; empty when it is met."""
    denied = ", contradicted by the repository," if finding["assurance"] == "contradicted" else ""
    what = f"{finding['outcome']}{denied}"
    if finding.get("exception"):
        by = finding["exception"]
        return f"{f'{what} ' if denied else ''}accepted until {by['expires_on']} by exception {by['id']}"
    if finding.get("baseline", {}).get("state") == "known":
        return f"{what} known to the baseline since {finding['baseline'].get('since', 'it was written')}"
    if finding["blocks"]:
        return f"{what} open at the ref that this run is compared with"
    words = {"gap": f"{what} that does not block", "unknown": "unknown that does not block", "not_used": "not used"}
    return words.get(finding["outcome"], "")


def _stopped(stop: Stop) -> tuple[str, str]:
    head = _head(f"policycheck.{stop.rule}", f"{stop.place.path} ({stop.id})")
    where = f"{stop.place.path}:{stop.place.line}"
    return "error", f"{head}>{_element('error', stop.rule, stop.message, where)}</testcase>\n"


def _head(class_: str, name: str) -> str:
    return f'<testcase classname="{_safe(class_)}" name="{_safe(name)}"'


def _element(tag: str, type_: str, message: str, body: str) -> str:
    return f'<{tag} type="{_safe(type_)}" message="{_safe(cut(message, MAX_TEXT))}">{_safe(body)}</{tag}>'


def _body(finding: Record, record: Record) -> str:
    where = place_of(finding, record)
    asked = f" Asked by {', '.join(finding['expectations'])}." if finding["expectations"] else ""
    close = f" To close: {' '.join(finding['remediation'].split())}" if finding.get("remediation") else ""
    return f"{where.path}:{where.line}:{where.column} ({finding['severity']}).{asked}{close}"


def _safe(text: object) -> str:
    return harmless(_NOT_XML.sub("\ufffd", str(text))).translate(_ESCAPES)
