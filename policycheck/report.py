"""Results as records: the versioned public form of a run, `policycheck-report/1`, written by hand.

Every format is rendered from these records alone, so that all documents of one run say the same. The run is streamed:
`header` once, `record` a manifest, `footer` with the totals last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from typing import Any

from policycheck import __version__
from policycheck.checks import CHECKS
from policycheck.digest import sha256_hex
from policycheck.judge import plan_for
from policycheck.model import (
    Artefact,
    Assurance,
    Counts,
    Fact,
    Failure,
    Finding,
    Location,
    Options,
    Outcome,
    Problem,
    Result,
    Severity,
    Witnessed,
)
from policycheck.packs import Criteria, Expectation
from policycheck.redaction import Redactor, harmless
from policycheck.tally import backed, stops, untested, verdict

FORMAT = "policycheck-report/1"
DISCLAIMER = (
    "This report compares what was declared, and what the repository shows, with published expectations. "
    "It is no legal advice and states no legal conclusion."
)
Record = dict[str, Any]
#: What is counted beside the outcomes, in the order of the report.
_MARKS = ("accepted", "known", "equivalent", "contradicted", "verified", "blocking")
#: The members of a JSON report that are known only when manifests were judged; the others are its header.
_AFTER = frozenset({"results", "report_id", "totals", "problems", "exit_code", "redacted"})
#: An enum's `.value` is a Python call, and a full report asks for hundreds a manifest.
_WORD: dict[Any, str] = {word: word.value for kind in (Outcome, Assurance, Severity) for word in kind}


def header(criteria: Criteria, options: Options, command: tuple[str, ...] = ()) -> Record:
    """What was asked, with which tool, against which criteria. Nothing in it depends on the machine or the clock."""
    return {
        "format": FORMAT,
        "tool": {"name": "policycheck", "version": __version__},
        "disclaimer": DISCLAIMER,
        "as_of": options.as_of,
        "options": {
            "criteria": list(options.criteria),
            "fail_on": options.fail_on.value,
            "allow_unknown": options.allow_unknown,
            "min_assurance": options.min_assurance.value,
            "equivalents": options.equivalents,
            "evidence": options.evidence,
            "exit_zero": options.exit_zero,
            "loosened_by": list(options.loosening()),
            **_configured(options),
        },
        "criteria": _criteria(criteria),
        "rules": _rules(criteria),
        "expectations": {e.id: _asked(e) for e in criteria.expectations.values()},
    }


def _asked(expectation: Expectation) -> Record:
    """An expectation in our words, with what it is of use for elsewhere. Keys whose value would be empty are left out."""
    found: Record = {
        "document": expectation.document, "locator": expectation.locator, "modality": expectation.modality,
        "seen": expectation.seen, "paraphrase": expectation.paraphrase,
    }  # fmt: skip
    if expectation.family:
        found["family"] = expectation.family
    if expectation.supports:
        found["supports"] = expectation.supports
    if expectation.confidence:
        found["confidence"] = expectation.confidence
    return found


def _configured(options: Options) -> Record:
    """What only a configuration says. Keys whose value would be empty are left out."""
    found = {
        "min_assurance_by": {severity: demand.value for severity, demand in options.min_assurance_by},
        "exception_days": dict(options.exception_days),
        "exceptions_from": options.exceptions_from,
        "warn_until": [{w.by: w.name, "until": w.until} for w in options.warn_until],
        "exclude": list(options.exclude),
        "decided_by": [{"what": what, **_artefact(file)} for what, file in options.decided_by],
    }
    return {key: value for key, value in found.items() if value}


def _rules(criteria: Criteria) -> Record:
    """The rules that ran: what the documents of one run need to explain a finding, and to list what was not found."""
    ran: Record = {
        r.id: {
            "title": r.title, "severity": _WORD[r.severity], "family": r.family,
            "expectations": list(r.expectations), "remediation": r.remediation,
        }
        for r in criteria.rules
    }  # fmt: skip
    for former, today in criteria.renamed.items():
        if today in ran:
            ran[today].setdefault("formerly", []).append(former)
    integrity: Record = {
        name: {"title": check.title, "family": "integrity", "expectations": [], "remediation": check.remedy}
        for name, check in CHECKS.items()
    }
    return ran | integrity


def _criteria(criteria: Criteria) -> Record:
    used = {e.document for e in criteria.expectations.values()}
    return {
        "packs": [
            {"id": p.id, "version": p.version, "digest": p.digest, "shipped": p.shipped, "rules": len(p.rules)}
            for p in criteria.packs
        ],
        "documents": [
            {k: str(d.get(k, "")) for k in ("id", "title", "issuer", "date", "url", "status", "seen")}
            for d in criteria.documents.values()
            if d["id"] in used
        ],
        "expectations": len(criteria.expectations),
        "rules": len(criteria.rules),
        "without_a_rule": {why: list(ids) for why, ids in untested(criteria).items()},
        "rules_disabled": {r.id: r.disabled for r in criteria.every_rule.values() if r.disabled},
    }


def coverage(rows: Iterable[Record]) -> list[Record]:
    """By document: how many of the expectations that apply the manifest says enough about to be decided. No score."""
    found: dict[str, Record] = {}
    for row in rows:
        counted = found.setdefault(row["document"], {"document": row["document"], "applicable": 0, "evaluated": 0})
        if row["outcome"] != "not_applicable":
            counted["applicable"] += 1
            counted["evaluated"] += row["outcome"] != "unknown"
    return list(found.values())


def record(result: Result, criteria: Criteria, options: Options) -> Record:
    """One manifest's record. Findings are those of `options.detail`; the counts are of all."""
    settled = _settled(criteria)
    rows = [_expectation(settled[name], rollup) for name, rollup in result.rollup.items()]
    redactor = Redactor()
    return _listing(
        redactor,
        {
            "manifest": result.manifest,
            "organization": _organization(result.organization, redactor),
            "counts": counts_record(result.counts),
            "coverage": coverage(rows),
            "expectations": rows,
            "scope": _scope(result, criteria),
            "surfaces": list(result.surfaces),
            "inputs": [_artefact(a) for a in result.inputs],
            "artefacts": [witnessed_record(w, redactor) for w in result.ledger],
            "findings": _findings(result.findings, options, redactor),
            "failures": [_failure(f) for f in result.failures],
        },
    )


def short_record(result: Result, criteria: Criteria, options: Options) -> Record:
    """One manifest in one line: gaps whole, the rest as counts."""
    redactor = Redactor()
    return _listing(
        redactor,
        {
            "format": FORMAT,
            "manifest": result.manifest,
            "organization": result.organization.get("id"),
            "as_of": options.as_of,
            "counts": counts_record(result.counts),
            "gaps": _findings([f for f in result.findings if f.outcome is Outcome.GAP], options, redactor),
            "failures": [_failure(f) for f in result.failures],
            "inputs": [_artefact(a) for a in result.inputs],
        },
    )


def _listing(redactor: Redactor, found: Record) -> Record:
    """The record with what was taken out of it, if anything was."""
    return {**found, "redactions": redactor.found} if redactor.found else found


def shortened(full: Record, as_of: str) -> Record:
    """What `short_record` gives, made of the full record that the JSON report holds."""
    found = {
        "format": FORMAT,
        "manifest": full["manifest"],
        "organization": full["organization"]["id"],
        "as_of": as_of,
        "counts": full["counts"],
        "gaps": [finding for finding in full["findings"] if finding["outcome"] == "gap"],
        "failures": full["failures"],
        "inputs": full["inputs"],
    }
    return {**found, **{key: full[key] for key in ("redactions", "redacted") if key in full}}


#: What a format may ask to be given of each manifest.
RECORDS = {"full": record, "short": short_record}


def share(result: Result) -> str:
    """One manifest's share in the report's id: who declared, what was read, what was found and what broke, and the sums.

    It holds what a redacted copy keeps, and what is known whatever is explained.
    """
    inputs, counts = [_artefact(a) for a in result.inputs], counts_record(result.counts)
    asked = _organization(result.organization, Redactor())
    ledger = [witnessed_record(witnessed) for witnessed in result.ledger]
    return _share(
        result.manifest, inputs, _entries(ledger), counts, result.verdicts, *_broken(map(_failure, result.failures)),
        _named(asked), list(result.surfaces),
    )  # fmt: skip


def share_of(full: Record) -> str:
    """The same of the record that the JSON report holds."""
    verdicts = sorted(_backed(f) for f in full["findings"] if f["outcome"] != Outcome.NOT_APPLICABLE.value)
    return _share(
        full["manifest"], full["inputs"], _entries(full["artefacts"]), full["counts"], verdicts, *_broken(full["failures"]),
        _named(full["organization"]), full["surfaces"],
    )  # fmt: skip


def former_share_of(full: Record) -> str:
    """The share as it was made before it held who declared, the ledger, and what stands behind a verdict.

    Reports with such an id are read. One that was changed fits neither id.
    """
    artefacts = [artefact for witnessed in full["artefacts"] for artefact in witnessed["artefacts"]]
    verdicts = sorted(_judged(f) for f in full["findings"] if f["outcome"] != Outcome.NOT_APPLICABLE.value)
    return _share(full["manifest"], full["inputs"], artefacts, full["counts"], verdicts, *_broken(full["failures"]))


def _judged(finding: Record) -> str:
    outcome, assurance = Outcome(finding["outcome"]), Assurance(finding["assurance"])
    return verdict(finding["rule"], outcome, assurance, Severity(finding["severity"]))


def _backed(finding: Record) -> str:
    """As `tally.verdicts` has it."""
    by, debt, until = finding.get("exception", {}), finding.get("baseline", {}), finding.get("warns_until", "")
    if finding["assurance"] == Assurance.DECLARED.value and not (by or debt or until):
        return _judged(finding)
    return backed(_judged(finding), finding.get("verified_facts", (0, 0)), finding["location"] or {}, by, debt, until)


def _entries(ledger: Iterable[Record]) -> list[list[Any]]:
    """The ledger without its words."""
    return [[entry[key] for key in ("subject", "kind", "path", "verdict", "artefacts")] for entry in ledger]


def _named(organization: Record) -> Record:
    return {key: value for key, value in organization.items() if key != "contact"}


def _broken(failures: Iterable[Record]) -> list[list[str]]:
    """What did not come to an end, where anything did not: a report must not lose it and be none the less the same."""
    names = sorted(failure["what"] for failure in failures)
    return [names] if names else []


def _share(*parts: Any) -> str:
    return sha256_hex(_canonical(parts))


def identity(header: Record, totals: Totals) -> str:
    """The report's id, the same in every document of a run and in every run that asks the same of the same files.

    A UUID of version 8 (RFC 9562 section 5.8): a SHA-256 of the header, each manifest's share, and where problems are;
    their words are left out of a redacted copy, which keeps the id.
    """
    # In whatever order the files were named.
    problems = sorted(problem[:3] for problem in totals.problems)
    digest = sha256_hex(_canonical([header, sorted(totals.shares), problems]))
    digits = f"{digest[:12]}8{digest[13:16]}{'89ab'[int(digest[16], 16) % 4]}{digest[17:32]}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def is_of(report: Record) -> bool:
    """Whether a JSON report's id is that of its content, as it is made today or was before."""
    found, head = totals_of(report), header_of(report)
    if identity(head, found) == found.report_id:
        return True
    found.shares = [former_share_of(record) for record in report["results"]]
    return identity(head, found) == found.report_id


def _canonical(value: Any) -> bytes:
    from json import dumps

    return dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def starting(findings: Iterable[Record]) -> list[tuple[str, list[Record]]]:
    """The findings that only warn, by the first day on which they block."""
    from datetime import date, timedelta

    found: dict[str, list[Record]] = {}
    for finding in findings:
        last = date.fromisoformat(finding["warns_until"]) if "warns_until" in finding else date.max
        # After the last day that there is, none follows on which anything blocks.
        if last < date.max:
            found.setdefault((last + timedelta(days=1)).isoformat(), []).append(finding)
    return sorted(found.items())


def footer(totals: Totals, redacted: bool = False) -> Record:
    """What the whole run adds up to; `redacted` says of a copy that values and quotations were left out of it."""
    found = {
        "report_id": totals.report_id,
        "totals": {
            "manifests": totals.manifests,
            "findings": dict(totals.findings),
            "expectations": dict(totals.expectations),
            "integrity": dict(totals.integrity),
            **dict(totals.marks),
        },
        "problems": [_problem(p) for p in totals.problems],
        "exit_code": totals.exit_code,
    }
    return {**found, "redacted": True} if redacted else found


class Totals:
    """Sums over a run, one manifest at a time."""

    def __init__(self) -> None:
        self.manifests = 0
        self.findings: Counter[str] = Counter()
        self.expectations: Counter[str] = Counter()
        self.integrity: Counter[str] = Counter()
        self.marks: Counter[str] = Counter(dict.fromkeys(_MARKS, 0))
        self.problems: list[Problem] = []
        self.exit_code = 0
        #: What the report's id is made of besides the problems.
        self.header: Record = {}
        self.shares: list[str] = []

    @cached_property
    def report_id(self) -> str:
        """The report's id, to be asked for when the run has ended. Not every format says it."""
        return identity(self.header, self)

    def add(self, counts: Counts, share: str = "") -> None:
        """Count one manifest."""
        self.manifests += 1
        self.shares.append(share)
        self.findings.update(counts.findings)
        self.expectations.update(counts.expectations)
        self.integrity.update(counts.integrity)
        self.marks.update(_marks(counts))


def header_of(report: Record) -> Record:
    """The header of a JSON report: all that was known before a manifest was read."""
    return {key: value for key, value in report.items() if key not in _AFTER}


def totals_of(report: Record) -> Totals:
    """The totals of a JSON report, as the run had them."""
    found, said = Totals(), report["totals"]
    found.manifests, found.exit_code = said["manifests"], report["exit_code"]
    found.findings, found.expectations = Counter(said["findings"]), Counter(said["expectations"])
    found.integrity = Counter(said["integrity"])
    found.marks = Counter({name: said[name] for name in _MARKS})
    found.problems = [Problem(p["path"], p["line"], p["column"], p["message"]) for p in report["problems"]]
    found.shares = [share_of(record) for record in report["results"]]
    found.report_id = report["report_id"]
    return found


def _marks(counts: Counts) -> dict[str, int]:
    return {name: getattr(counts, name) for name in _MARKS}


def counts_record(counts: Counts) -> Record:
    """The counts of one manifest."""
    return {
        "findings": dict(counts.findings),
        "expectations": dict(counts.expectations),
        "integrity": dict(counts.integrity),
        **_marks(counts),
    }


def _organization(organization: Mapping[str, Any], redactor: Redactor) -> Record:
    keys = ("id", "name", "roles", "size", "jurisdictions", "contact")
    return {key: redactor.value(organization.get(key), f"organization.{key}") for key in keys}


@lru_cache(maxsize=4)
def _settled(criteria: Criteria) -> dict[str, Record]:
    """What the report of every manifest says of an expectation."""
    return {
        e.id: {
            "id": e.id, "document": e.document, "locator": e.locator, "modality": e.modality,
            "illustrative": e.illustrative, "seen": e.seen,
        }
        for e in criteria.expectations.values()
    }  # fmt: skip


def _expectation(settled: Record, rollup: Any) -> Record:
    return {
        **settled,
        "outcome": _WORD[rollup.outcome],
        "gaps": rollup.gaps,
        "findings": rollup.findings,
        "because_of": rollup.because_of,
    }


def _scope(result: Result, criteria: Criteria) -> Record:
    """How many expectations do not concern the organization, by the declared fact that says so."""
    not_concerned = plan_for(criteria, result.organization).not_concerned
    return {"applicable": result.applicable, "not_concerned": {why: list(names) for why, names in not_concerned.items()}}


def _location(location: Location | None) -> Record | None:
    if location is None:
        return None
    return {
        "path": location.path,
        "line": location.line,
        "column": location.column,
        "end_column": location.end_column or None,
        "route": harmless(location.route),
    }


def _fact(fact: Fact, redactor: Redactor) -> Record:
    """A fact. What is missing has `declared` false and no value; what the manifest itself says has no source."""
    found: Record = {"route": harmless(fact.route)}
    if fact.declared:
        found["value"] = redactor.value(fact.value, fact.route)
    else:
        found["declared"] = False
    place = fact.location
    if place is not None:
        found["location"] = {"path": place.path, "line": place.line, "column": place.column}
        if place.end_column:
            found["location"]["end_column"] = place.end_column
    if fact.source != "manifest":
        found["source"] = fact.source
    if fact.note:
        found["note"] = redactor.text(fact.note, fact.route)
    return found


def _findings(findings: Iterable[Finding], options: Options, redactor: Redactor) -> list[Record]:
    """Findings, each whole. Many rest on the same facts: these are written once."""
    facts: dict[int, Record] = {}
    found = []
    for finding in findings:
        for fact in finding.facts:
            if id(fact) not in facts:
                facts[id(fact)] = _fact(fact, redactor)
        found.append(_finding(finding, [facts[id(fact)] for fact in finding.facts], options, redactor))
    return found


def _finding(finding: Finding, facts: list[Record], options: Options, redactor: Redactor) -> Record:
    """A finding. Keys whose value would be empty are left out."""
    subject = finding.subject
    found: Record = {
        "id": finding.id,
        "rule": finding.rule,
        "title": finding.title,
        "expectations": list(finding.expectations),
        "subject": {"kind": subject.kind, "id": harmless(subject.id), "route": harmless(subject.route)},
        "outcome": _WORD[finding.outcome],
        "assurance": _WORD[finding.assurance],
        "severity": _WORD[finding.severity],
        "blocks": stops(finding, options),
        "location": _location(finding.location),
        "facts": facts,
    }
    _say(finding, found, redactor)
    if finding.exception:
        where = f"exceptions[{finding.exception.id}]"
        found["exception"] = {key: redactor.text(text, where) for key, text in finding.exception._asdict().items()}
    if finding.debt:
        found["baseline"] = {
            key: redactor.value(value, f"baseline {finding.id}") for key, value in finding.debt._asdict().items() if value
        }
    if finding.related:
        found["related"] = [_location(place) for place in finding.related]
    if finding.verified[0]:
        found["verified_facts"] = list(finding.verified)
    return found


def _say(finding: Finding, found: Record, redactor: Redactor) -> None:
    where = finding.subject.route
    if finding.message:
        found["message"] = redactor.text(finding.message, where)
    if finding.because_of:
        found["because_of"] = redactor.text(finding.because_of, where)
    if finding.missing:
        found["missing"] = list(map(harmless, finding.missing))
    if finding.remediation:
        found["remediation"] = finding.remediation
    if finding.equivalent:
        found["equivalent"] = redactor.text(finding.equivalent, where)
    if finding.warns_until:
        found["warns_until"] = finding.warns_until
    if finding.owner:
        found["owner"] = redactor.text(finding.owner, where)


def _artefact(artefact: Artefact) -> Record:
    return {"path": artefact.path, "size": artefact.size, "sha256": artefact.sha256}


def witnessed_record(witnessed: Witnessed, redactor: Redactor | None = None) -> Record:
    """One entry of the evidence ledger."""
    redactor = redactor or Redactor()
    return {
        "subject": {"kind": witnessed.subject.kind, "id": harmless(witnessed.subject.id)},
        "kind": witnessed.kind,
        "path": harmless(witnessed.path),
        "verdict": witnessed.verdict,
        "said": redactor.text(witnessed.said, witnessed.path),
        "artefacts": [_artefact(a) for a in witnessed.artefacts],
        "quotes": [
            {"path": q.file, "line": q.line, "text": redactor.text(q.text, f"{q.file}:{q.line}")} for q in witnessed.quotes
        ],
    }


def _failure(failure: Failure) -> Record:
    return {"what": harmless(failure.what), "why": harmless(failure.why)}


def _problem(problem: Problem) -> Record:
    return {"path": problem.path, "line": problem.line, "column": problem.column, "message": harmless(problem.message)}
