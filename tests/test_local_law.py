"""An expectation that is the law of a place counts for what is found of that place, and of no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from policycheck import packs
from policycheck.assess import assess
from policycheck.document import Document, parse
from policycheck.judge import Judge
from policycheck.manifests import v1
from policycheck.manifests.explain import schema
from policycheck.model import Manifest, Options, Outcome

AS_OF = "2026-11-21"
LAW = {"locator": "s 1", "modality": "must", "paraphrase": "An owner is named.", "seen": "V"}
RULE = {
    "title": "A duty has an owner", "expectations": [], "severity": "high", "for_each": "breach_duty",
    "assert": 'breach_duty.owner != ""', "message": "Nobody owns it.", "remediation": "Name one.",
}  # fmt: skip
DUTIES = 'breach_notification: [{jurisdiction: GB, owner: us}, {jurisdiction: CA, owner: ""}]'


def criteria(asked: dict[str, dict[str, Any]], **rule: Any) -> packs.Criteria:
    files = {
        "pack.yaml": {"id": "probe", "version": "1.0.0", "title": "Probe", "documents": [{"id": "LAW"}]},
        "expectations/LAW.yaml": {"document": "LAW", "expectations": {k: {**LAW, **v} for k, v in asked.items()}},
        "family/owned.yaml": {**RULE, "expectations": list(asked), **rule},
    }
    return packs.Criteria([packs._build({"at": "probe", "digest": "", "files": files}, shipped=False)], schema(v1.SCHEMA))


LAWS = {"LAW-GB": {"jurisdictions": ["GB"]}, "LAW-CA": {"jurisdictions": ["CA"], "modality": "informational"}}


def manifest(jurisdictions: str, body: str = DUTIES) -> Document:
    organization = f"{{id: a, roles: [website_operator]{f', jurisdictions: {jurisdictions}' if jurisdictions else ''}}}"
    document, problems = parse(f"policycheck: 1\norganization: {organization}\n{body}\n".encode(), "policycheck.yaml")
    problems = problems or v1.shape_problems(document) or v1.read(document, AS_OF)[0]
    assert problems == [], problems
    return document


def judged(wanted: packs.Criteria, document: Document, **options: Any) -> dict[str, tuple[str, str, tuple[str, ...]]]:
    """Outcome, severity and counted expectations by subject."""
    judge = Judge(wanted, document, AS_OF, **options)
    found = [judge.finding(j) for j in judge.judge(wanted.every_rule["owned"])]
    assert len({f.id for f in found}) == len(found)
    return {f.subject.id: (f.outcome.value, f.severity.value, f.expectations) for f in found}


def rollup(wanted: packs.Criteria, document: Document, detail: frozenset[Outcome] = frozenset(Outcome)) -> dict[str, str]:
    options = Options(as_of=AS_OF, detail=detail, evidence=False)
    result = assess(Manifest("policycheck.yaml", document.data, document, (), None, ""), wanted, options)
    assert result.failures == ()
    assert detail != set(Outcome) or sum(result.counts.findings.values()) == len(result.findings)
    return {name: one.outcome.value for name, one in result.rollup.items()}


def test_each_finding_counts_for_the_law_of_its_place_with_that_laws_weight() -> None:
    assert judged(criteria(LAWS), manifest("[GB, CA]")) == {
        "GB": ("met", "high", ("LAW-GB",)),
        "CA": ("gap", "info", ("LAW-CA",)),
    }


@pytest.mark.parametrize("detail", [frozenset(Outcome), frozenset({Outcome.GAP})], ids=["all", "gaps"])
def test_a_gap_in_one_place_is_no_gap_under_the_law_of_another(detail: frozenset[Outcome]) -> None:
    assert rollup(criteria(LAWS), manifest("[GB, CA]"), detail) == {"LAW-GB": "met", "LAW-CA": "gap"}


def test_what_every_place_is_asked_is_counted_in_each() -> None:
    found = judged(criteria({**LAWS, "LAW-1": {"modality": "should"}}), manifest("[GB, CA]"))
    assert found == {"GB": ("met", "high", ("LAW-GB", "LAW-1")), "CA": ("gap", "high", ("LAW-CA", "LAW-1"))}


def test_a_place_whose_law_does_not_concern_the_organization_is_not_applicable_by_that_fact() -> None:
    found = judged(criteria(LAWS), manifest("[GB]"))
    assert found == {"GB": ("met", "high", ("LAW-GB",)), "a": ("not_applicable", "high", ("LAW-GB",))}
    assert rollup(criteria(LAWS), manifest("[GB]")) == {"LAW-GB": "met", "LAW-CA": "not_applicable"}


def test_a_subdivision_stands_under_the_law_of_its_country() -> None:
    body = 'breach_notification: [{jurisdiction: CA-QC, owner: ""}]'
    assert judged(criteria(LAWS), manifest("[GB, CA-QC]", body)) == {"CA-QC": ("gap", "info", ("LAW-CA",))}


def test_without_the_organizations_jurisdictions_it_is_unknown_whose_law_applies() -> None:
    found = judged(criteria(LAWS), manifest(""))
    assert found == {"a": ("unknown", "high", ("LAW-GB", "LAW-CA"))}


def test_a_binding_called_place_is_a_jurisdiction() -> None:
    rule = {
        "for_each": {"organization": "[organization]", "place": "organization.jurisdictions"},
        "assert": 'breach_notification.exists(b, b.jurisdiction == place && b.owner != "")',
        "message": "{place}",
    }
    assert judged(criteria(LAWS, **rule), manifest("[GB, CA]")) == {
        "a / GB": ("met", "high", ("LAW-GB",)),
        "a / CA": ("gap", "info", ("LAW-CA",)),
    }


def test_a_decision_inside_an_incident_stands_under_the_law_of_its_jurisdiction() -> None:
    rule = {"for_each": {"incident": "incidents", "d": "incident.decisions"}, "assert": 'd.reason != ""', "message": "None."}
    body = 'incidents: [{id: i, decisions: [{jurisdiction: GB, reason: ""}, {jurisdiction: CA}]}]'
    assert judged(criteria(LAWS, **rule), manifest("[GB, CA]", body)) == {
        "i / GB": ("gap", "high", ("LAW-GB",)),
        "i / CA": ("unknown", "info", ("LAW-CA",)),
    }


def test_what_is_of_no_place_counts_for_every_law_that_concerns() -> None:
    rule = {"for_each": "incident_policy", "assert": 'incident_policy.register_ref != ""', "message": "None."}
    found = judged(criteria(LAWS, **rule), manifest("[GB, CA]", 'incident_policy: {register_ref: ""}'))
    assert found == {"incident_policy": ("gap", "high", ("LAW-GB", "LAW-CA"))}


def test_a_list_that_is_silent_or_empty_is_so_for_every_law() -> None:
    silent = judged(criteria(LAWS), manifest("[GB, CA]", "incidents: []"))
    assert silent == {"a": ("unknown", "high", ("LAW-GB", "LAW-CA"))}
    empty = judged(criteria(LAWS), manifest("[GB, CA]", "breach_notification: []"))
    assert empty == {"a": ("not_applicable", "high", ("LAW-GB", "LAW-CA"))}


ACTIVITY = {"for_each": "scraping", "assert": "size(scraping.measures) > 0", "message": "{scraping.id} has none."}
LENT = {**LAWS, "LAW-1": {"modality": "should"}}


def activity(jurisdictions: str, measures: str = "[]") -> str:
    return f"own_scraping: [{{id: crawl, jurisdictions: {jurisdictions}, measures: {measures}}}]"


@pytest.mark.parametrize(("places", "expected"), [
    ("[GB]", ("gap", "high", ("LAW-GB", "LAW-1"))),
    ("[CA-QC]", ("gap", "high", ("LAW-CA", "LAW-1"))),
    ("[US]", ("gap", "high", ("LAW-1",))),
    ("[US, GB, CA]", ("gap", "high", ("LAW-GB", "LAW-CA", "LAW-1"))),
    ("[]", ("gap", "high", ("LAW-GB", "LAW-CA", "LAW-1"))),
    ("", ("gap", "high", ("LAW-GB", "LAW-CA", "LAW-1"))),
])  # fmt: skip
def test_an_activity_stands_under_the_laws_of_the_places_it_declares(places: str, expected: tuple[Any, ...]) -> None:
    found = judged(criteria(LENT, **ACTIVITY), manifest("[GB, CA, US]", activity(places)))
    assert found == {"crawl": expected}


@pytest.mark.parametrize("detail", [frozenset(Outcome), frozenset({Outcome.GAP})], ids=["all", "gaps"])
def test_the_organizations_places_bring_no_law_to_an_activity_that_declares_others(detail: frozenset[Outcome]) -> None:
    found = rollup(criteria(LENT, **ACTIVITY), manifest("[GB, CA, US]", activity("[US]")), detail)
    assert found == {"LAW-GB": "not_applicable", "LAW-CA": "not_applicable", "LAW-1": "gap"}


@pytest.mark.parametrize("detail", [frozenset(Outcome), frozenset({Outcome.GAP})], ids=["all", "gaps"])
def test_of_an_activity_that_declares_only_other_places_a_local_rule_is_not_applicable(detail: frozenset[Outcome]) -> None:
    wanted, document = criteria(LAWS, **ACTIVITY), manifest("[GB, CA, US]", activity("[US]"))
    assert rollup(wanted, document, detail) == {"LAW-GB": "not_applicable", "LAW-CA": "not_applicable"}
    judge = Judge(wanted, document, AS_OF)
    found = [judge.finding(j) for j in judge.judge(wanted.every_rule["owned"])]
    assert [(f.outcome.value, f.subject.id, [fact.route for fact in f.facts]) for f in found] == [
        ("not_applicable", "crawl", ["own_scraping[crawl].jurisdictions"])
    ]


def test_a_source_of_an_ai_use_stands_where_the_use_does_and_silence_about_them_stands_everywhere() -> None:
    rule = {"for_each": {"use": "ai_uses", "source": "use.sources"}, "assert": 'source.type != "scraped"', "message": "So."}
    body = "ai_uses: [{id: chat, jurisdictions: [CA], sources: [{id: web, type: scraped}]}, {id: rank, jurisdictions: [GB]}]"
    assert judged(criteria(LAWS, **rule), manifest("[GB, CA]", body)) == {
        "chat / web": ("gap", "info", ("LAW-CA",)),
        "rank": ("unknown", "high", ("LAW-GB", "LAW-CA")),
    }


def test_decisions_that_an_incident_does_not_list_may_be_of_places_that_it_does_not_name() -> None:
    rule = {"for_each": {"incident": "incidents", "d": "incident.decisions"}, "assert": 'd.reason != ""', "message": "None."}
    found = judged(criteria(LAWS, **rule), manifest("[GB, CA]", "incidents: [{id: i, jurisdictions: [GB]}]"))
    assert found == {"i": ("unknown", "high", ("LAW-GB", "LAW-CA"))}


def held_against_a_register(tmp_path: Path, incident: str, asked: dict[str, dict[str, Any]]) -> Any:
    """An incident as declared, and a register by which it lies in Canada and took 500 records."""
    rule = {"for_each": "incident", "assert": "incident.records < 100", "message": "{incident.id} is large."}
    (tmp_path / "register.csv").write_text("id,jurisdictions,records,detected_at\ni,CA,500,2026-01-01T10:00:00Z\n")
    document = manifest(
        "[GB, CA, US]",
        f"incidents: [{{id: i, {incident}}}]\n"
        "incident_policy: {register_ref: register.csv, evidence: [{kind: register, path: register.csv}]}",
    )
    read = Manifest("policycheck.yaml", document.data, document, (), str(tmp_path), "")
    return assess(read, criteria(asked, **rule), Options(as_of=AS_OF, detail=frozenset(Outcome)))


@pytest.mark.parametrize(("places", "asked", "expected"), [
    ("[GB]", LAWS, ("gap", "contradicted", ("LAW-GB",))),
    ("[US]", LENT, ("gap", "contradicted", ("LAW-1",))),
    ("[US]", LAWS, ("not_applicable", "declared", ("LAW-GB", "LAW-CA"))),
])  # fmt: skip
def test_places_that_only_an_artefact_shows_bring_no_law_to_what_it_denies(
    tmp_path: Path, places: str, asked: dict[str, dict[str, Any]], expected: tuple[Any, ...]
) -> None:
    result = held_against_a_register(tmp_path, f"jurisdictions: {places}, records: 5", asked)
    assert [(f.outcome.value, f.assurance.value, f.expectations) for f in result.findings if f.rule == "owned"] == [expected]
    gaps = {name for name, one in result.rollup.items() if one.outcome is Outcome.GAP}
    assert gaps == (set(expected[2]) if expected[0] == "gap" else set())
    denied = [f.message for f in result.findings if f.rule == "declaration-matches-evidence"]
    assert any("incidents.i.jurisdictions" in message for message in denied)


def test_an_activity_elsewhere_waits_for_what_decides_whether_the_rest_of_a_rule_concerns() -> None:
    asked: dict[str, dict[str, Any]] = {"LAW-GB": {"jurisdictions": ["GB"]}, "SMALL": {"sizes": ["small"]}}
    wanted, document = criteria(asked, **ACTIVITY), manifest("[GB, US]", activity("[US]"))
    assert {subject: found[0] for subject, found in judged(wanted, document).items()} == {"a": "unknown"}
    assert rollup(wanted, document) == {"LAW-GB": "not_applicable", "SMALL": "unknown"}
