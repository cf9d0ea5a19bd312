"""Deterministic manifests for the benchmarks: ordinary ones, with gaps, blanks and everything a platform declares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def manifest(number: int, surfaces: int = 3) -> str:
    """A valid manifest of about 120 lines for 3 surfaces, about 300 for 9. `number` varies ids and which values are blank."""
    return "\n".join(_lines(number, surfaces)) + "\n"


def write(folder: Path, count: int, surfaces: int = 3) -> list[Path]:
    """Write `count` manifests, one a folder of a hundred, and return their paths."""
    paths = []
    for number in range(count):
        path = folder / f"{number // 100:03d}" / f"org-{number:05d}.policycheck.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(manifest(number, surfaces), "utf-8")
        paths.append(path)
    return paths


def _lines(number: int, surfaces: int) -> Iterator[str]:
    yield from (
        "policycheck: 1",
        "organization:",
        f"  id: org-{number:05d}",
        f"  name: Organisation {number}",
        "  roles: [website_operator]",
        "  size: medium",
        "  jurisdictions: [GB, IE]",
        "  contact: privacy@example.org",
        "surfaces:",
    )
    for index in range(surfaces):
        yield from _surface(number, index)
    yield "controls:"
    for index in range(surfaces):
        yield from _controls(number, index)
    yield from (
        "governance:",
        "  scraping_role:",
        "    holders: [platform team]",
        "    duties: [develop, implement, protect, monitor, respond]",
        "    charter_ref: docs/charter.md",
        "third_party_access: []",
        "ai_uses: []",
        "own_scraping: []",
        "incidents: []",
    )


def _surface(number: int, index: int) -> Iterator[str]:
    yield f"  - id: surface-{index}"
    yield f"    kind: {('page', 'api', 'search')[index % 3]}"
    yield f"    url: /things/{index}/*"
    yield f"    auth: {('none', 'required', 'optional')[(number + index) % 3]}"
    yield f"    est_records: {1000 * (index + 1) + number % 7}"
    yield f"    est_subjects: {500 * (index + 1)}"
    yield "    strength: standard"
    yield "    purpose: people find one another"
    yield "    fields:"
    for field in range(2):
        yield f"      - name: field_{field}"
        yield f"        category: {('user.name', 'user.contact.email')[field]}"
        yield f"        sensitivity: {('low', 'moderate', 'high')[(number + field) % 3]}"
        yield "        default_visibility: public"
        yield f"        necessary_for: {'' if (number + field + index) % 5 == 0 else 'finding one another'}"


def _controls(number: int, index: int) -> Iterator[str]:
    yield f"  - id: limit-{index}"
    yield "    family: rate_limit"
    yield "    layer: technical"
    yield f"    surfaces: [surface-{index}]"
    yield f"    status: {'planned' if (number + index) % 4 == 0 else 'deployed'}"
    yield "    owner: platform team"
    yield f"    last_reviewed_on: {2024 + number % 3}-0{1 + index % 9}-15"
    yield "    review_interval_days: 365"
    yield "    params:"
    yield f"      unit: {('account', 'ip')[(number + index) % 2]}"
    yield "      resource: profile_views"
    yield f"      limit: {100 + number % 50}"
    yield "      window: hour"
