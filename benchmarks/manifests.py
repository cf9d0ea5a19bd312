"""Deterministic manifests for the benchmarks: an ordinary small organisation, with a few gaps and blanks that vary."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_TAIL = """\
threats: []
threat_monitoring:
  owner: web team
  sources: [hosting bulletin]
  cadence_days: 180
  last_reviewed_on: 2026-09-01
  resulting_changes: [{on: 2026-09-01, change: none needed, ref: docs/scraping.md, controls: [control-0]}]
detection:
  {mttd_target_hours: 72, mttr_target_hours: 48, mttd_measured_hours: 40, mttr_measured_hours: 20, last_measured_on: 2026-09-01,
   watch: round_the_clock, alert_ref: docs/scraping.md, on_call_ref: docs/scraping.md, surfaces: [surface-0]}
metrics:
  - id: refused
    definition: requests the limit refused
    source: access log
    unit: requests
    window_days: 30
    last_value: 212.0
    last_measured_on: 2026-11-02
    reviewed_by: web team
    last_reviewed_on: 2026-11-02
    used_for: setting the limit
    decision: no_change_needed
    controls: [control-0]
    incidents: []
incident_policy:
  {mass_scrape: {records: 5000, subjects: 2000, minors_records: 100, special_records: 100}, harm_significant_records: 10000,
   assumed_attacker_accounts: 2, tolerated_harvest_days: 1}
breach_notification:
  - jurisdiction: GB
    authority: ICO
    statute: UK GDPR
    clock_type: calendar_hours
    individuals_rule: high risk
    playbook_ref: docs/scraping.md
    names_scraping: true
    scraping_position: depends
    reasoning_ref: docs/scraping.md
    reasoned_on: 2026-02-02
    owner: owner
    last_tested_on: 2026-02-02
    test_interval_days: 365
legal_response:
  {owner: owner, playbook_ref: docs/scraping.md, register_ref: docs/letters.md, measures: [demand_deletion], decision_sla_days: 14}
scraping_legality_reviews:
  - {jurisdiction: GB, reviewed_on: 2026-02-02, reviewed_by: owner, note_ref: docs/scraping.md, review_interval_days: 365,
     permitted_kinds: [search_indexing], unlawful_kinds: [profile_building], controls: [control-0]}
user_enablement:
  {notice_ref: /privacy, settings_ref: /account, education: [/help], in_product_prompts: [form], protections_disclosure_ref: /privacy,
   protections_detail: kinds, last_reviewed_on: 2026-02-02, review_interval_days: 365}
policies: {tos_ref: /terms, tos_anti_scraping_clause: "9", tos_consequences_clause: "10", privacy_notice_ref: /privacy}
residual_risk:
  {statement: slow copying by hand, accepted_by: owner, accepted_on: 2026-02-02, last_reviewed_on: 2026-02-02, review_interval_days: 365}
regulator_correspondence: []
third_party_access: []
ai_uses: []
own_scraping: []
incidents: []
"""


def manifest(number: int, surfaces: int = 1) -> str:
    """A valid manifest of about 120 lines for one surface, about 300 for six. `number` varies ids and what is missing."""
    return "\n".join([*_head(number), *_surfaces(number, surfaces), *_controls(number, surfaces)]) + "\n" + _TAIL


def write(folder: Path, count: int, surfaces: int = 1) -> list[Path]:
    """Write `count` manifests, a hundred to a folder, and return their paths."""
    paths = []
    for number in range(count):
        path = folder / f"{number // 100:03d}" / f"org-{number:05d}.policycheck.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(manifest(number, surfaces), "utf-8")
        paths.append(path)
    return paths


def _head(number: int) -> Iterator[str]:
    yield from (
        "policycheck: 1",
        "organization:",
        f"  id: org-{number:05d}",
        f"  name: Organisation {number}",
        "  roles: [website_operator]",
        "  size: small",
        "  jurisdictions: [GB]",
        "  contact: privacy@example.org",
        "governance:",
        "  minimum_layers: []",
        "  scraping_role:",
        "    holders: [web team]",
        "    duties: [develop, implement, protect, monitor, respond]",
        "    charter_ref: docs/roles.md",
        f"    appointed_on: {'' if number % 9 == 0 else '2025-11-03'}",
    )


def _surfaces(number: int, count: int) -> Iterator[str]:
    yield "surfaces:"
    for index in range(count):
        yield f"  - id: surface-{index}"
        yield f"    kind: {('page', 'api', 'search')[index % 3]}"
        yield f"    url: /things/{index}/*"
        yield f"    auth: {('none', 'required')[(number + index) % 2]}"
        yield "    purpose: people find one another"
        yield f"    est_records: {48000 + number % 7}"
        yield "    est_subjects: 21000"
        yield "    strength: standard"
        yield "    risk_scenarios: []"
        yield "    fields:"
        for field, category in enumerate(("user.name", "user.contact.email")):
            yield f"      - name: field_{field}"
            yield f"        category: {category}"
            yield f"        sensitivity: {('low', 'moderate')[(number + field) % 2]}"
            yield "        default_visibility: public"
            yield "        user_can_hide: true"
            yield f"        necessary_for: {'' if (number + field + index) % 7 == 0 else 'finding one another'}"


_KINDS = (
    ("rate_limit", "technical", "{unit: UNIT, resource: page_views, limit: 300, window: hour, anomaly_rule: {trigger_per_day: 5000, actions: [block]}}"),
    ("bot_detection", "technical", "{signals: [user_agent, request_rate]}"),
    ("log_monitoring", "procedural", "{baseline: last month, cadence_days: 7, alert_ref: docs/scraping.md}"),
)  # fmt: skip


def _controls(number: int, surfaces: int) -> Iterator[str]:
    yield "controls:"
    named = ", ".join(f"surface-{index}" for index in range(surfaces))
    for index in range(3 + 9 * (surfaces > 1)):
        family, layer, params = _KINDS[index % 3]
        yield f"  - id: control-{index}"
        yield f"    family: {family}"
        yield f"    layer: {layer}"
        yield f"    surfaces: [{named}]"
        yield f"    status: {'planned' if (number + index) % 11 == 0 else 'deployed'}"
        yield "    owner: web team"
        yield f"    last_reviewed_on: {'2025-03-01' if (number + index) % 5 == 0 else '2026-03-16'}"
        yield "    review_interval_days: 365"
        yield f"    params: {params.replace('UNIT', ('ip', 'account')[number % 2])}"
