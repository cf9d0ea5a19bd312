"""The expectations as an OSCAL catalog: a group a source document, a control an expectation, in our own words.

It says what was asked, not what was found: the formats oscal and oscal-poam point at its controls. Its ids and UUIDs rest on
the packs alone, so that the catalogs of two runs against the same packs differ in the date only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from policycheck.formats import _oscal
from policycheck.formats._oscal import filled, line, named, props
from policycheck.model import Outcome
from policycheck.report import Record, Totals

if TYPE_CHECKING:
    from policycheck.run import View

RECORD = "short"
SEPARATOR = b""
_UNTESTED = {
    "not_codifiable": "No rule can test this on a manifest.",
    "awaiting_source": "The text of the source is still awaited; nothing tests this.",
    "no_rule": "No rule tests this yet, or its rule is disabled.",
}
_CHECKS = "policycheck.checks"


def detail(style: Mapping[str, Any]) -> frozenset[Outcome]:
    """Findings are not told here; every format asks for the gaps."""
    return frozenset({Outcome.GAP})


def begin(view: View) -> bytes:
    """Nothing: see `end`."""
    return b""


def part(view: View, record: Record) -> bytes:
    """Nothing: the catalog knows no manifest."""
    return b""


def end(view: View, totals: Totals) -> bytes:
    """The catalog."""
    header = view.header
    packs = ", ".join(f"{pack['id']} {pack['version']}" for pack in header["criteria"]["packs"])
    body = {
        "uuid": _oscal.catalog_uuid(header),
        "metadata": _oscal.metadata(header, f"Expectations of {packs}", line(packs), (), named, _oscal.packs(header)),
        "groups": [*(_group(document, header) for document in header["criteria"]["documents"]), _checks(header)],
        "back-matter": {"resources": [_resource(document) for document in header["criteria"]["documents"]]},
    }
    return _oscal.written("catalog", {key: value for key, value in body.items() if value != {"resources": []}}, 5)


def _group(document: Record, header: Record) -> Record:
    why = {name: _UNTESTED[key] for key, names in header["criteria"]["without_a_rule"].items() for name in names}
    found = [(name, one) for name, one in header["expectations"].items() if one["document"] == document["id"]]
    return filled(
        id=f"{document['id']}_document", class_="source-document", title=line(document["title"] or document["id"]),
        props=props(issuer=document["issuer"], date=document["date"], status=document["status"], seen=document["seen"]),
        links=[{"href": f"#{_uuid(document)}", "rel": "reference"}],
        controls=[_control(name, one, header, why.get(name, "")) for name, one in found],
    )  # fmt: skip


def _control(name: str, asked: Record, header: Record, untested: str) -> Record:
    """An expectation. Its title is its place in the document, because a source's paragraphs have no titles."""
    rules = {rule: about["title"] for rule, about in header["rules"].items() if name in about["expectations"]}
    document = next(one for one in header["criteria"]["documents"] if one["id"] == asked["document"])
    return filled(
        id=name, class_="expectation", title=line(f"{asked['document']}, {asked['locator']}"),
        props=[{"name": "label", "value": name}, *_known_of(asked, bool(rules))],
        links=[{"href": f"#{_uuid(document)}", "rel": "reference", "text": line(asked["locator"])}],
        parts=[
            {"id": f"{name}_smt", "name": "statement", "prose": line(asked["paraphrase"])},
            _objective(name, untested or _tested(rules)),
        ],
    )  # fmt: skip


def _known_of(asked: Record, is_tested: bool) -> list[Record]:
    """How it is asked, how surely that was seen, and what in other frameworks it is evidence for, and equivalent to none."""
    found = props(
        modality=asked["modality"], locator=asked["locator"], seen=asked["seen"], family=asked.get("family"),
        tested=is_tested, wording="paraphrase",
    )  # fmt: skip
    for framework, places in sorted(asked.get("supports", {}).items()):
        found += [one for place in places for one in props(supports=f"{framework} {place}")]
    return found


def _tested(rules: Mapping[str, str]) -> str:
    return "\n".join(f"- {line(title)} ({line(rule)})" for rule, title in sorted(rules.items()))


def _objective(control: str, prose: str) -> Record:
    return {"id": _oscal.objective(control), "name": "assessment-objective", "prose": prose}


def _checks(header: Record) -> Record:
    """What is asked of the declaration itself. No source document says it, and so it stands apart."""
    controls = [_check(name, rule) for name, rule in _oscal.checks(header).items()]
    return filled(id=_CHECKS, class_="checks", title="Checks of the declaration itself, not of a source", controls=controls)


def _check(name: str, rule: Record) -> Record:
    control = _oscal.check_control(name)
    return {
        "id": control, "class": "check", "title": line(rule["title"]),
        "props": [{"name": "label", "value": name}, *props(family=rule["family"])],
        "parts": [
            {"id": f"{control}_smt", "name": "statement", "prose": f"{line(rule['title'])}."},
            _objective(control, line(rule["remediation"])),
        ],
    }  # fmt: skip


def _uuid(document: Record) -> str:
    return named("document", document["id"], document["date"], document["url"])


def _resource(document: Record) -> Record:
    about = ", ".join(filter(None, (document[key] for key in ("issuer", "title", "date"))))
    address = _oscal.web(document["url"])
    return filled(
        uuid=_uuid(document), title=line(document["title"] or document["id"]),
        props=props(status=document["status"], seen=document["seen"]),
        citation={"text": line(about)}, rlinks=[{"href": address}] if address else [],
    )  # fmt: skip
