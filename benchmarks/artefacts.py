"""An organisation with thirty artefacts of usual size, for measuring what evidence costs."""

from __future__ import annotations

import shutil
from pathlib import Path

FIXTURES = Path(__file__).parent.parent / "tests" / "evidence" / "fixtures"
#: Kind, artefact, family of the control that names it (blank: the section), further options of the entry.
ENTRIES = (
    ("nginx", "nginx/shop.conf", "rate_limit", "location: /products/"),
    ("nginx", "nginx/several.conf", "rate_limit", "location: /"),
    ("nginx", "nginx/dry-run.conf", "rate_limit", "location: /enforced/"),
    ("nginx", "nginx/inherited.conf", "rate_limit", "server: one.example, location: /inherits/"),
    ("nginx", "nginx/edge/nginx.conf", "crawler_signal", "location: /people/"),
    ("openapi", "openapi/petrel.yaml", "organization", ""),
    ("openapi", "openapi/basket.json", "organization", ""),
    ("openapi", "openapi/research/openapi.yaml", "organization", ""),
    ("openapi", "openapi/petrel.yaml", "design", ""),
    (
        "terraform",
        "terraform/aws-plan/tfplan.json",
        "rate_limit",
        "resource: module.waf.aws_wafv2_web_acl.edge, options: {rule: profiles-per-address}",
    ),
    (
        "terraform",
        "terraform/state/show.json",
        "rate_limit",
        "resource: aws_wafv2_web_acl.edge, options: {rule: search-per-address}",
    ),
    ("robots", "robots/harbour.txt", "robots", ""),
    ("robots", "robots/signals.txt", "robots", ""),
    ("tdmrep", "tdmrep/tdmrep.json", "crawler_signal", ""),
    ("ai-txt", "ai-txt/ai.txt", "crawler_signal", ""),
    ("rsl", "rsl/license.xml", "crawler_signal", ""),
    ("security-txt", "security-txt/security.txt", "policies", ""),
    ("terms", "terms/larkfield.md", "terms", ""),
    ("terms", "terms/larkfield.html", "terms", ""),
    ("notice", "notice/larkfield.md", "policies", ""),
    ("policy", "policy/incident-playbook.md", "incident_policy", ""),
    ("register", "register/incidents.csv", "incident_policy", ""),
    ("register", "register/legal-actions.csv", "legal_response", ""),
    ("register", "register/correspondence.csv", "organization", ""),
    ("kubernetes", "kubernetes/gateway.yaml", "rate_limit", "resource: people-per-address"),
    ("envoy", "envoy/edge.yaml", "rate_limit", ""),
    ("traefik", "traefik/dynamic.yml", "rate_limit", "location: /products"),
    ("kong", "kong/kong.yaml", "rate_limit", "location: people"),
    ("prometheus", "prometheus/alerts.yml", "traffic_monitoring", "alert: ManyProductViews"),
    ("document", "policy/incident-playbook.md", "training", ""),
)


def organisation(folder: Path) -> Path:
    """Lay the artefacts and the manifest that names them into a folder; the manifest's path."""
    shutil.copytree(FIXTURES, folder, dirs_exist_ok=True)
    sections: dict[str, list[str]] = {"organization": [], "policies": [], "incident_policy": [], "legal_response": []}
    controls = []
    for number, (kind, path, of, options) in enumerate(ENTRIES):
        entry = f"{{kind: {kind}, path: {path}{f', {options}' if options else ''}}}"
        if of in sections:
            sections[of].append(entry)
        else:
            controls.append(
                f"  - {{id: c{number}, family: {of}, status: deployed, surfaces: [people], evidence: [{entry}]}}"
            )
    lines = [
        "policycheck: 1",
        "organization:",
        "  id: larkfield",
        "  roles: [social_media_company]",
        "  jurisdictions: [GB]",
    ]
    lines += ["surfaces: [{id: people, kind: page, auth: none, fields: [{name: name, category: user.name}]}]"]
    for section, entries in sections.items():
        lines += [f"{section}:"] if section != "organization" else []
        place = lines.index("organization:") + 1 if section == "organization" else len(lines)
        lines[place:place] = ["  evidence:", *(f"    - {entry}" for entry in entries)]
    target = folder / "policycheck.yaml"
    target.write_text("\n".join([*lines, "controls:", *controls, ""]), "utf-8")
    return target
