"""Each leaf of an example matters: without it the report changes, and silence never turns a gap into something better.

A leaf is read by a rule, a verifier or the report. The fields that nothing reads yet are listed by name; they wait for
packs that are not there. Here the small example is tried whole and the others by samples; `tests/deep` tries all of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest

from policycheck import coverage, packs, report, run
from policycheck.assess import assess
from policycheck.document import Document
from policycheck.language.types import LIST, MAP, OBJECT, Type
from policycheck.manifests import v1
from policycheck.manifests.explain import schema
from policycheck.model import Manifest, Options
from policycheck.questions import steps

EXAMPLES = sorted(p.parent for p in (Path(__file__).resolve().parents[1] / "examples").glob("*/policycheck.yaml"))
AS_OF = "2026-11-21"
#: How many leaves of each are tried here; all where none is given. The artefacts of the largest take a second to read.
SAMPLES = {"corner-shop-fixed": 30, "tern-ai": 25, "harbour-social": 8, "lantern-research": 12}
WITHOUT_EVIDENCE = ("harbour-social",)
BETTER = ("met", "not_used", "not_applicable")

#: Fields and whole parts that no shipped rule reads, by section: kept for packs to come. What gets a rule leaves the list.
LISTED = """
ai_uses[]: ai_laws[].classification bias counterparties design_decisions downstream dpia
  guidance_followed[].ref lia minimisation minors name objection post_deployment provenance rights safeguards
  security sources[].collected_to sources[].data_categories sources[].dataset_card_ref
  sources[].name sources[].permission.*.note_ref sources[].retention_days sources[].scraping
  sources[].surfaces suspension transparency
compliance_review
controls[]: deployed_on last_review_changed last_tested_on name retired_on review_triggers strength test_ref
controls[].params: accessibility_alternative alert_ref allow_paths anomaly_rule.baseline
  audience baseline burst cadence_days clause_anchor credential_type decision_sla_days difficulty
  document_ref duties enforced_percent evaluated_on exempt false_positive_percent human_review_ref last_run_on
  logs_actor measures method metrics model_ref pass_rate_percent prohibits rotation_days rule_sets scope scopes
  session_minutes standards trigger_per_day verification version
decision_records
governance: last_reviewed_on owners[].contact policy_ref review_interval_days
  scraping_role.appointed_on scraping_role.charter_ref scraping_role.reports_to
incident_policy: follow_up_days last_tested_on runbook_ref test_interval_days
incidents[]: closed_at contained_at decisions[].authority decisions[].reference fields legal.scraper started_at
  title
legal_positions: *.ai_training *.research_conditions *.reviewed_by *.statutory_duties
metrics[]: target
own_scraping[]: accuracy consent crawler_ref dpia end_on minors name objection provider requests_per_minute
  rights robots_policy special_category_filter start_on suppression_list_ref targets transparency user_agent
policies: ai_agents_policy ai_txt_ref last_reviewed_on privacy_notice_ref privacy_notice_updated_on
  security_txt_ref tdm_policy_ref tos_automated_access_clause tos_updated_on
public_data_research_access
regulator_access
regulator_correspondence[]: due_on jurisdiction received_on topic
residual_risk: accepted_on
scraping_legality_reviews[]: reviewed_by
surfaces[]: anonymous_access_needed dpia_ref fields[].minors fields[].origin
  fields[].protectability_decision.ref last_reviewed_on max_page_size name owner risk_scenarios[].affects_minors
  risk_scenarios[].description risk_scenarios[].residual url
third_party_access[]: assurance.ref channel_justification contract.clauses[].locator
  contract.clauses[].recipients contract.clauses[].records_per_day contract.clauses[].within_days
  contract.version credentials.rotation_days enforcement.policy_ref
  logging.fields_logged mandated_by.amendment_request mandated_by.authority
  monitoring.findings[].action.outcome monitoring.findings[].action.ref monitoring.findings[].action.type
  monitoring.findings[].description monitoring.findings_ref owner recipient recipient_jurisdiction
threat_monitoring: resulting_changes[].controls
threats[]: description impact likelihood surfaces
"""
RESERVED = tuple(
    f"{section}.{name}".rstrip(".")
    for section, _, names in (line.partition(":") for line in LISTED.replace("\n  ", " ").split("\n") if line)
    for name in names.split() or [""]
)

#: What is read elsewhere: the verifiers read evidence, the report shows the organisation and its surfaces, the run
#: reads the version and the fragments, and accepted gaps are weighed after judging.
ELSEWHERE = ("policycheck", "include", "exceptions", "extensions", "organization", "surfaces[].kind")


@cache
def criteria() -> packs.Criteria:
    return packs.load((), schema(v1.SCHEMA))


def read(example: Path) -> Manifest:
    manifest, problems = run.read(example / "policycheck.yaml", "policycheck.yaml", example, AS_OF)
    assert manifest is not None, problems
    return manifest


def judged(manifest: Manifest, options: Options) -> dict[str, Any]:
    """The report of a manifest as it stands now, or why there is none."""
    document: Any = manifest.place
    problems = v1.shape_problems(document)
    future: list[Any] = []
    if not problems:
        problems, future = v1.read(document, options.as_of)
    if problems:
        return {"problems": problems}
    found = report.record(assess(manifest._replace(future=tuple(future)), criteria(), options), criteria(), options)
    assert found["failures"] == []
    return found


def leaves(part: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Every key that holds a value or a list of values."""
    for key, value in part.items() if isinstance(part, dict) else ():
        if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict) for item in value)):
            yield from leaves(value)
        elif value is not None:
            yield part, key
    for item in part if isinstance(part, list) else ():
        yield from leaves(item)


def blank(holder: dict[str, Any], key: str) -> None:
    holder[key] = None


def delete(holder: dict[str, Any], key: str) -> None:
    del holder[key]


def without(
    manifest: Manifest, holder: dict[str, Any], key: str, how: Callable[..., None], options: Options
) -> dict[str, Any]:
    """The report with one leaf blanked or deleted; afterwards the manifest is as before."""
    kept, document = dict(holder), cast("Document", manifest.place)
    how(holder, key)
    # What is not written stands nowhere: a document that is read has no place for it.
    entries = document._entries[id(holder)]
    written = dict(entries)
    if key not in holder:
        entries.pop(key, None)
    document._places.pop((id(holder), key), None)
    try:
        return judged(manifest, options)
    finally:
        holder.clear()
        holder.update(kept)
        entries.clear()
        entries.update(written)
        document._places.pop((id(holder), key), None)


def rests_on(found: dict[str, Any]) -> set[str]:
    """The routes that findings about applicable expectations rest on."""
    applicable = [f for f in found["findings"] if f["outcome"] != "not_applicable"]
    return {fact["route"] for f in applicable for fact in f["facts"] if fact.get("declared", True)}


def improved(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The gaps that became something better."""
    rows = {row["id"]: row["outcome"] for row in after["expectations"]}
    rows |= {f["id"]: f["outcome"] for f in after["findings"]}
    return [
        f"{row['id']} became {rows[row['id']]}"
        for row in (*before["expectations"], *before["findings"])
        if row["outcome"] == "gap" and rows.get(row["id"]) in BETTER
    ]


def wrongs(example: Path, sample: int = 0, evidence: bool = True) -> list[str]:
    """What is wrong with how an example answers to silence, for each leaf, or for a sample of them."""
    manifest, options = read(example), Options(as_of=AS_OF, evidence=evidence)
    before = judged(manifest, options)
    facts = rests_on(before)
    chosen = list(leaves(manifest.data))
    if sample:
        chosen = random.Random(example.name).sample(chosen, min(sample, len(chosen)))
    found = []
    for holder, key in chosen:
        route = manifest.place.route(holder, key)
        for how in (blank, delete):
            after = without(manifest, holder, key, how, options)
            # The schema says what leaving such a key out declares (no end, all surfaces): that is no silence.
            says = how is delete and says_by_absence(route)
            found += [f"{how.__name__} {route}: {what}" for what in wrong(route, facts, before, after, says)]
    return found


def wrong(route: str, facts: set[str], before: dict[str, Any], after: dict[str, Any], says: bool = False) -> list[str]:
    """What is wrong with the report after a leaf was taken away. A manifest that became invalid says so: fine."""
    if "problems" in after:
        return []
    # Without its path, evidence is no evidence: what it contradicted is as declared, and the run says that it is unreadable.
    # Without its address, a surface owns no operation but those that its evidence names; what returns personal data by its
    # names is then an undeclared surface, the rest is nobody's.
    unties = field_at(route).endswith(("evidence[].path", "surfaces[].url"))
    found = [] if says or unties else improved(before, after)
    if after == before and route in facts:
        found.append("a finding rests on it, and nothing changed")
    if after == before and field_at(route) in unread_fields() and not is_reserved(field_at(route)):
        found.append("nothing reads it, and it is not among the reserved fields")
    return found


def field_at(route: str) -> str:
    """The schema field of a key route: `controls[edge].params.limit` is `controls[].params.limit`."""
    found: Type | None = criteria().types.root
    field = ""
    for step in steps(route):
        assert found is not None
        if found.kind in (LIST, MAP):
            field, found = f"{field}[]" if found.kind == LIST else f"{field}.*", found.item
        elif found.kind == OBJECT:
            field, found = f"{field}.{step}".lstrip("."), criteria().types.field(found, step)
    return field


def says_by_absence(route: str) -> bool:
    """Whether the schema says what leaving the key out declares."""
    found: Type | None = criteria().types.root
    for step in steps(route):
        assert found is not None
        found = found.item if found.kind in (LIST, MAP) else criteria().types.field(found, step)
    return found is not None and found.schema.get("x-absence") == "none"


@cache
def unread_fields() -> tuple[str, ...]:
    """The fields of the schema that no rule reads, disabled ones included, and nothing else does."""
    rules = criteria().every_rule.values()
    taken = {name for rule in rules for name in coverage.reads(criteria(), rule)}
    return tuple(name for name in coverage.leaves(criteria().types) if name not in taken and not is_read_elsewhere(name))


def is_read_elsewhere(name: str) -> bool:
    """Evidence goes to the verifiers, ids name things, and each date of the past is held against the calendar."""
    last = name.rpartition(".")[2]
    return ".evidence[]" in name or last == "id" or any(inside(name, part) for part in ELSEWHERE)


def inside(name: str, part: str) -> bool:
    return name == part or name.startswith((f"{part}.", f"{part}[]"))


def is_reserved(name: str) -> bool:
    return any(inside(name, part) for part in RESERVED)


def test_the_reserved_fields_are_those_that_nothing_reads() -> None:
    forgotten = [name for name in unread_fields() if not is_reserved(name)]
    assert forgotten == []
    for part in RESERVED:
        assert any(inside(name, part) for name in unread_fields()), f"{part} is read now: take it off the list"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.name)
def test_silence_changes_the_report_and_never_for_the_better(example: Path) -> None:
    assert wrongs(example, SAMPLES.get(example.name, 0), example.name not in WITHOUT_EVIDENCE) == []
