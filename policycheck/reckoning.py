"""What a report's findings add up to, reckoned again: a number that says something else was not written by a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from policycheck.errors import GAPS, INCOMPLETE, INVALID, NOTHING, strongest
from policycheck.judge import finding_id
from policycheck.model import BINDING, Options, Outcome, Severity, Subject
from policycheck.report import Record, coverage
from policycheck.tally import blocks

_OUTCOMES = tuple(outcome.value for outcome in Outcome)
_SUMS = ("findings", "expectations", "integrity")


def flaw(report: Record) -> str:
    """The first thing that does not follow from the findings; empty when everything adds up."""
    for record in report["results"]:
        found = _of_one(record, report)
        if found:
            return f"of {record['manifest']}, {found}"
    return _of_all(report)


def _of_one(record: Record, report: Record) -> str:
    findings, counts, rows = record["findings"], record["counts"], record["expectations"]
    judged, asked = _by_expectation(findings), report["options"]
    options = Options(report["as_of"], fail_on=Severity(asked["fail_on"]), allow_unknown=asked["allow_unknown"])
    follows = {
        "two findings have one id": len({finding["id"] for finding in findings}) == len(findings),
        "a finding is of a rule that did not run": {finding["rule"] for finding in findings} <= report["rules"].keys(),
        "a finding's id is not that of the organization, its rule and its subject": all(
            _is_called_so(finding, record["organization"]) for finding in findings
        ),
        "a finding does not say what its rule says": all(_is_of_its_rule(finding, report) for finding in findings),
        "an expectation is not the one that was asked": all(_is_as_asked(row, report["expectations"]) for row in rows),
        "a finding blocks, or does not, against its own words": all(
            finding["blocks"] is _blocks(finding, options) for finding in findings
        ),
        "an expectation's outcome is not that of its findings": all(
            _is_rollup(row, judged.get(row["id"], [])) for row in rows
        ),
        "the counts are not those of the findings": all(
            _numbers(counts, key) == number for key, number in _counted(findings, rows).items()
        ),
        "the coverage is not that of the expectations": record["coverage"] == coverage(rows),
        "it says that other expectations apply": record["scope"]["applicable"] == _applicable(rows),
        "it says that other expectations do not concern": _unconcerned(record["scope"]) == _without_concern(rows),
    }
    return next((wrong for wrong, holds in follows.items() if not holds), "")


def _is_called_so(finding: Record, organization: Record) -> bool:
    """Whether a rule's finding has the id that its words make. A name that was taken out of a report makes none."""
    names = (str(organization["id"]), finding["subject"]["id"])
    if not finding["expectations"] or any("[redacted: " in name for name in names):
        return True
    subject = Subject(finding["subject"]["kind"], names[1], "")
    return bool(finding["id"] == finding_id(names[0], finding["rule"], subject))


def _is_of_its_rule(finding: Record, report: Record) -> bool:
    """Whether a finding's words that come from its rule are those of the rule, which the report's id holds."""
    rule, asked = report["rules"][finding["rule"]], report["expectations"]
    names = finding["expectations"]
    # Where nothing is a must or a should, a finding only informs.
    informs = not any(asked[name]["modality"] in BINDING for name in names if name in asked)
    return bool(
        finding["title"] == rule["title"]
        and finding.get("remediation", rule["remediation"]) == rule["remediation"]
        and set(names) <= set(rule["expectations"])
        and finding["severity"] in (rule.get("severity", finding["severity"]), "info" if informs else "")
    )


def _is_as_asked(row: Record, asked: Record) -> bool:
    return all(row[key] == asked.get(row["id"], {}).get(key) for key in ("document", "locator", "modality", "seen"))


def _numbers(counts: Record, key: str) -> Any:
    """One of the counts; of several outcomes, those that are there at all."""
    return +Counter(counts[key]) if key in _SUMS else counts[key]


def _counted(findings: list[Record], rows: list[Record]) -> dict[str, Any]:
    """The counts that follow from findings and expectations. What is accepted has its own heading."""
    plain = [finding for finding in findings if "exception" not in finding]
    assurances = [finding["assurance"] for finding in findings]
    return {
        "findings": Counter(finding["outcome"] for finding in plain if finding["expectations"]),
        "integrity": Counter(finding["outcome"] for finding in plain if not finding["expectations"]),
        "expectations": Counter(row["outcome"] for row in rows),
        "accepted": len(findings) - len(plain),
        "known": sum(map(_is_known, findings)),
        "equivalent": sum("equivalent" in finding for finding in findings),
        "contradicted": assurances.count("contradicted"),
        "verified": assurances.count("verified"),
        "blocking": sum(finding["blocks"] for finding in findings),
    }


def _applicable(rows: list[Record]) -> int:
    return sum(row["modality"] in BINDING and row["outcome"] != "not_applicable" for row in rows)


def _unconcerned(scope: Record) -> list[tuple[str, str]]:
    return sorted((fact, name) for fact, names in scope["not_concerned"].items() for name in names)


def _without_concern(rows: list[Record]) -> list[tuple[str, str]]:
    """The expectations that do not concern the organization, each after the declared fact that says so."""
    return sorted((row["because_of"], row["id"]) for row in rows if row["because_of"] and row["outcome"] == "not_applicable")


def _is_known(finding: Record) -> bool:
    return bool(finding.get("baseline", {}).get("state") == "known")


def _blocks(finding: Record, options: Options) -> bool:
    """As `tally.stops`, of the record."""
    is_held_back = "exception" in finding or _is_known(finding) or finding.get("warns_until")
    return not is_held_back and blocks(Outcome(finding["outcome"]), Severity(finding["severity"]), options)


def _by_expectation(findings: list[Record]) -> Mapping[str, list[str]]:
    """The outcomes of what was judged for each expectation; nothing was for a rule that does not concern."""
    found: dict[str, list[str]] = {}
    for finding in findings:
        if not finding.get("because_of", "").startswith("organization."):
            for name in finding["expectations"]:
                found.setdefault(name, []).append(finding["outcome"])
    return found


def _is_rollup(row: Record, outcomes: list[str]) -> bool:
    """Whether a row says what its findings do; without any, it does not apply, or says why that is not known."""
    if not outcomes:
        untold = row["outcome"] == "not_applicable" or (row["outcome"] == "unknown" and row["because_of"])
        return bool(untold) and not row["gaps"] and not row["findings"]
    worst = min(outcomes, key=_OUTCOMES.index)
    numbers = (outcomes.count("gap"), len(outcomes) - outcomes.count("not_applicable"))
    return bool(row["outcome"] == worst) and (row["gaps"], row["findings"]) == numbers


def _of_all(report: Record) -> str:
    totals, every = report["totals"], [record["counts"] for record in report["results"]]
    if totals["manifests"] != len(every):
        return "the totals are not of these manifests"
    for key in totals.keys() - {"manifests"}:
        if _numbers(totals, key) != sum((_numbers(counts, key) for counts in every), Counter() if key in _SUMS else 0):
            return "the totals are not the sum of the counts"
    # A run may have had reasons that its report does not hold, such as a baseline to be pruned; none makes a code weaker.
    return "" if strongest([_code(report), report["exit_code"]]) == report["exit_code"] else "the exit code is too weak"


def _code(report: Record) -> int:
    """The exit code that the report shows the reasons for (design section 7)."""
    results = report["results"]
    codes = [INVALID] if report["problems"] else []
    codes += [INCOMPLETE for record in results if record["failures"]]
    codes += [GAPS for record in results if record["counts"]["blocking"] and not report["options"]["exit_zero"]]
    codes += [NOTHING for record in results if not record["scope"]["applicable"]]
    return strongest(codes)
