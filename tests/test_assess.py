"""What artefacts say, weighed against what is declared: confirmed, contradicted, never excused; and what fails says so."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from policycheck import attachments, packs, rooms, run
from policycheck.assess import assess
from policycheck.errors import ArtefactError
from policycheck.judge import Judge
from policycheck.manifests import v1
from policycheck.manifests.explain import schema
from policycheck.model import (
    Account,
    Artefact,
    Assurance,
    Finding,
    Options,
    Outcome,
    Problem,
    Quote,
    Reading,
    Result,
    Severity,
)

AS_OF = "2026-11-21"
SCHEMA = schema(v1.SCHEMA)
ASKED = {"locator": "para 1", "modality": "should", "paraphrase": "Surfaces are limited.", "seen": "V"}
LIMITED = {
    "title": "Limits are tight", "expectations": ["DOC-1"], "severity": "high", "for_each": "control",
    "assert": "control.params.limit <= 500", "message": "{control.id} lets too much through.", "remediation": "Lower it.",
}  # fmt: skip
OWNED = {
    "title": "Controls have an owner", "expectations": ["DOC-2"], "severity": "medium", "for_each": "control",
    "assert": 'control.owner != ""', "message": "m", "remediation": "r",
}  # fmt: skip
HARMLESS = {
    "title": "Fields are harmless", "expectations": ["DOC-3"], "severity": "low", "for_each": "field",
    "assert": 'field.sensitivity != "high"', "message": "{field.name} is not.", "remediation": "r",
}  # fmt: skip
#: A text about the control, long enough to be one.
ABOUT = "The web team limits how fast the edge serves pages to one address. It looks at the rate every week, with care."
BODY = """
controls:
  - id: edge
    family: rate_limit
    owner: web team
    status: deployed
    params: {unit: ip, limit: LIMIT, window: hour}
    evidence:
EVIDENCE
surfaces: []
"""


def criteria(**rules: dict[str, Any]) -> packs.Criteria:
    """One pack; a rule for each keyword, `limited` and `owned` when there are none."""
    wanted = rules or {"limited": LIMITED, "owned": OWNED}
    files: dict[str, Any] = {f"family/{name}.yaml": rule for name, rule in wanted.items()}
    files["pack.yaml"] = {"id": "probe", "version": "1.0.0", "title": "Probe", "documents": [{"id": "DOC"}]}
    asked = {f"DOC-{n}": {**ASKED, "illustrative": True} for n in (1, 2, 3)}
    files["expectations/DOC.yaml"] = {"document": "DOC", "expectations": asked}
    return packs.Criteria([packs._build({"at": "probe", "digest": "", "files": files}, shipped=False)], SCHEMA)


Says = Callable[..., Account]


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Verifiers of our own: by keyword, what each says (called with opener, path, options, subject)."""

    def installed(speaks: frozenset[str] = frozenset(), **verifiers: Says) -> None:
        real_names, real_load = rooms.names, rooms.load
        made = {k: SimpleNamespace(account=says, KINDS_OF_SUBJECT=speaks) for k, says in verifiers.items()}
        monkeypatch.setattr(rooms, "names", lambda r: (*real_names(r), *made) if r == "evidence" else real_names(r))
        monkeypatch.setattr(rooms, "load", lambda r, n: made[n] if n in made else real_load(r, n))

    return installed


def saying(*values: tuple[str, Any], line: int = 7) -> Says:
    """A verifier that reads these values: dotted path below the subject, value."""
    readings = tuple(Reading(tuple(p.split(".")), v, "conf/edge.conf", line, 3, f"note on {p}") for p, v in values)
    return lambda *_: Account(readings)


def judged(
    root: Path, *evidence: str, wanted: packs.Criteria | None = None, limit: str = "300", body: str = BODY,
    places: str = "null", **options: Any,
) -> Result:  # fmt: skip
    """The manifest with these evidence entries, judged."""
    entries = "\n".join(f"      - {{{entry}}}" for entry in evidence) or "      []"
    text = f"policycheck: 1\norganization: {{id: a, roles: [website_operator], jurisdictions: {places}}}\n"
    text += body.replace("LIMIT", limit).replace("EVIDENCE", entries)
    (root / "policycheck.yaml").write_text(text, "utf-8")
    manifest, wrong = run.read(root / "policycheck.yaml", "policycheck.yaml", root, AS_OF)
    assert manifest is not None, wrong
    return assess(manifest, wanted or criteria(), Options(as_of=AS_OF, **options))


def finding(result: Result, rule: str) -> Finding:
    (found,) = [f for f in result.findings if f.rule == rule]
    return found


def line_of(root: Path, text: str) -> int:
    lines = (root / "policycheck.yaml").read_text("utf-8").splitlines()
    return next(n for n, line in enumerate(lines, 1) if text in line)


# --- confirm and contradict ----------------------------------------------------------------------------------


def test_what_the_artefact_confirms_is_verified_and_says_how_much(tmp_path: Path, room: Any) -> None:
    room(probe=saying(("params.limit", 300)))
    result = judged(tmp_path, "kind: probe, path: x")
    found = finding(result, "limited")
    assert (found.outcome, found.assurance, found.verified) == ("met", "verified", (1, 1))
    assert [(f.route, f.source) for f in found.facts] == [("controls[edge].params.limit", "artefact")]
    assert found.location is not None
    assert found.location.path == "policycheck.yaml"
    assert (finding(result, "owned").assurance, result.counts.verified, result.counts.contradicted) == ("declared", 1, 0)
    assert [(w.verdict, w.subject.id) for w in result.ledger] == [("agrees", "edge")]


def test_a_denial_is_written_in_the_words_of_manifests(tmp_path: Path, room: Any) -> None:
    room(probe=saying(("last_review_changed", False), ("surfaces", ["a", "b"])))
    body = BODY.replace("owner: web team", "last_review_changed: true\n    surfaces: [a]") + "\n"
    body = body.replace("surfaces: []\n\n", "surfaces: [{id: a, kind: page}]\n")
    result = judged(tmp_path, "kind: probe, path: x", body=body)
    said = " ".join(f.message for f in result.findings if f.rule == "declaration-matches-evidence")
    assert "last_review_changed: true; the artefact says false" in said
    assert "surfaces: [a]; the artefact says [a, b]" in said


def test_a_gap_can_be_verified_too(tmp_path: Path, room: Any) -> None:
    room(probe=saying(("params.limit", 900)))
    found = finding(judged(tmp_path, "kind: probe, path: x", limit="900"), "limited")
    assert (found.outcome, found.assurance) == ("gap", "verified")


def test_what_the_artefact_denies_is_a_gap_at_its_line_with_the_manifests_beside_it(tmp_path: Path, room: Any) -> None:
    room(probe=saying(("params.limit", 9000)))
    result = judged(tmp_path, "kind: probe, path: x")
    found = finding(result, "limited")
    assert (found.outcome, found.assurance) == ("gap", "contradicted")
    assert found.location is not None
    assert found.location[:3] == ("conf/edge.conf", 7, 3)
    assert found.related[0][:2] == ("policycheck.yaml", line_of(tmp_path, "params"))
    assert found.message == "edge lets too much through. The manifest declares otherwise: note on params.limit."
    assert result.rollup["DOC-1"].outcome is Outcome.GAP
    assert result.findings[0].assurance is Assurance.CONTRADICTED


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (saying(("params.exempt", ["partner"])), "params.exempt: []; the artefact says [partner] (note"),
        (saying(("processes_personal_data", False)), "processes_personal_data: true; the artefact says false (note"),
    ],
)
def test_a_denial_is_worded_as_a_manifest_is_written(tmp_path: Path, room: Any, said: Any, words: str) -> None:
    room(probe=said)
    body = BODY.replace("unit: ip,", "unit: ip, exempt: [],").replace("owner:", "processes_personal_data: true\n    owner:")
    assert words in finding(judged(tmp_path, "kind: probe, path: x", body=body), "declaration-matches-evidence").message


def test_a_denial_is_said_even_where_no_rule_turns_on_it(tmp_path: Path, room: Any) -> None:
    room(probe=saying(("params.limit", 400)))
    result = judged(tmp_path, "kind: probe, path: x")
    found = finding(result, "declaration-matches-evidence")
    assert (found.outcome, found.assurance, found.severity) == ("gap", "contradicted", "high")
    assert found.message == ("control edge declares params.limit: 300; the artefact says 400 (note on params.limit).")
    assert found.location is not None
    assert (found.location.path, found.location.line, found.location.route) == (
        "conf/edge.conf", 7, "controls[edge].params.limit",
    )  # fmt: skip
    assert [p.line for p in found.related] == [line_of(tmp_path, "params")]
    met = finding(result, "limited")
    assert (met.outcome, met.assurance) == ("met", "declared")
    assert result.counts.integrity["gap"] == 1
    assert result.counts.blocking == 1


@pytest.mark.parametrize(
    ("path", "value", "is_denied"),
    [
        ("params.limit", 299, False),
        ("params.limit", 300, False),
        ("params.limit", 301, True),
        ("params.window", "day", True),
        ("status", "planned", True),
        ("status", "observing", True),
        ("status", "deployed", False),
        ("params.burst", 5, False),
        ("nothing.of.the.kind", 5, False),
    ],
)
def test_stricter_than_declared_is_fine_and_silence_cannot_be_denied(
    path: str, value: Any, is_denied: bool, tmp_path: Path, room: Any
) -> None:
    room(probe=saying((path, value)))
    result = judged(tmp_path, "kind: probe, path: x")
    assert ("declaration-matches-evidence" in {f.rule for f in result.findings}) is is_denied


def test_stricter_than_a_planned_control_is_fine_too(tmp_path: Path, room: Any) -> None:
    room(probe=saying(("status", "deployed")))
    result = judged(tmp_path, "kind: probe, path: x", body=BODY.replace("deployed", "planned"))
    assert "declaration-matches-evidence" not in {f.rule for f in result.findings}


def test_an_artefact_never_fills_a_silence(tmp_path: Path, room: Any) -> None:
    room(probe=saying(("params.limit", 10), ("owner", "somebody")))
    result = judged(tmp_path, "kind: probe, path: x", limit="", body=BODY.replace("web team", ""))
    for rule in ("limited", "owned"):
        found = finding(result, rule)
        assert (found.outcome, found.assurance) == ("unknown", "declared")
    assert result.rollup["DOC-1"].outcome is Outcome.UNKNOWN


def test_an_artefact_never_makes_up_for_a_declared_gap(tmp_path: Path, room: Any) -> None:
    room(probe=saying(("params.limit", 10)))
    found = finding(judged(tmp_path, "kind: probe, path: x", limit="900"), "limited")
    assert (found.outcome, found.assurance) == ("gap", "declared")


def test_an_artefact_can_show_a_gap_behind_a_silence(tmp_path: Path, room: Any) -> None:
    room(probe=saying(("params.limit", 9000)))
    found = finding(judged(tmp_path, "kind: probe, path: x", limit=""), "limited")
    assert (found.outcome, found.assurance) == ("gap", "contradicted")
    assert found.location is not None
    assert found.location.path == "conf/edge.conf"


def test_what_the_artefact_has_below_something_undeclared_keeps_its_route(tmp_path: Path, room: Any) -> None:
    room(probe=saying(("params.limit", 9000)))
    body = BODY.replace("    params: {unit: ip, limit: LIMIT, window: hour}\n", "")
    found = finding(judged(tmp_path, "kind: probe, path: x", body=body), "limited")
    assert [(f.route, f.value, f.source) for f in found.facts] == [("controls[edge].params.limit", 9000, "artefact")]
    assert found.assurance is Assurance.CONTRADICTED


@pytest.mark.parametrize(
    ("values", "outcome", "assurance"),
    [
        ((300, 9000), "gap", "contradicted"),
        ((9000, 300), "gap", "contradicted"),
        ((300, 300), "met", "verified"),
        ((400, 300), "met", "verified"),
        ((400, 400), "met", "declared"),
    ],
)
def test_of_several_artefacts_one_that_contradicts_is_enough(
    values: tuple[int, int], outcome: str, assurance: str, tmp_path: Path, room: Any
) -> None:
    room(one=saying(("params.limit", values[0])), two=saying(("params.limit", values[1])))
    found = finding(judged(tmp_path, "kind: one, path: x", "kind: two, path: y"), "limited")
    assert (found.outcome, found.assurance) == (outcome, assurance)


def test_two_artefacts_that_deny_are_two_findings(tmp_path: Path, room: Any) -> None:
    room(one=saying(("params.limit", 400), ("params.window", "day")), two=saying(("status", "planned")))
    result = judged(tmp_path, "kind: one, path: x", "kind: two, path: y")
    denied = [f for f in result.findings if f.rule == "declaration-matches-evidence"]
    assert len({f.id for f in denied}) == len(denied) == 3
    assert sum(result.counts.integrity.values()) == 3


def test_without_evidence_nobody_is_heard(tmp_path: Path, room: Any) -> None:
    room(probe=saying(("params.limit", 9000)))
    result = judged(tmp_path, "kind: probe, path: x", "kind: nginx, path: nowhere.conf", evidence=False)
    assert {f.assurance for f in result.findings} == {Assurance.DECLARED}
    assert (result.ledger, result.counts.contradicted, result.counts.blocking) == ((), 0, 0)


def test_a_limit_that_nginx_only_tries_out_limits_nothing(tmp_path: Path) -> None:
    pytest.importorskip("crossplane")
    (tmp_path / "nginx.conf").write_text(
        "http {\n  limit_req_zone $binary_remote_addr zone=a:1m rate=300r/m;\n  server {\n    location / {\n"
        "      limit_req zone=a;\n      limit_req_dry_run on;\n    }\n  }\n}\n"
    )
    result = judged(tmp_path, "kind: nginx, path: nginx.conf, location: /")
    (found,) = [f for f in result.findings if "status: deployed; the artefact says observing" in f.message]
    assert (found.rule, found.assurance) == ("declaration-matches-evidence", "contradicted")
    assert found.location is not None
    assert (found.location.path, found.location.line) == ("nginx.conf", 6)


# --- what the manifest lacks ---------------------------------------------------------------------------------

SURFACE = """
controls: []
surfaces:
  - id: api
    kind: api
    fields: FIELDS
    evidence:
EVIDENCE
"""
ONE = "[{name: email, sensitivity: low}]"


def of_fields(tmp_path: Path, room: Any, *values: tuple[str, Any], fields: str = ONE, **options: Any) -> Result:
    room(probe=saying(*values))
    body = SURFACE.replace("FIELDS", fields)
    return judged(tmp_path, "kind: probe, path: x", wanted=criteria(harmless=HARMLESS), body=body, **options)


def test_an_item_of_a_list_is_found_by_its_name(tmp_path: Path, room: Any) -> None:
    result = of_fields(tmp_path, room, ("fields.email.sensitivity", "high"))
    found = finding(result, "harmless")
    assert (found.outcome, found.assurance, found.subject.id) == ("gap", "contradicted", "api.email")
    denied = finding(result, "declaration-matches-evidence")
    assert denied.location is not None
    assert denied.location.route == "surfaces[api].fields[email].sensitivity"
    assert [p.line for p in denied.related] == [line_of(tmp_path, "email")]


def test_an_item_that_agrees_is_verified(tmp_path: Path, room: Any) -> None:
    found = finding(of_fields(tmp_path, room, ("fields.email.sensitivity", "low")), "harmless")
    assert (found.outcome, found.assurance) == ("met", "verified")


@pytest.mark.parametrize("fields", [ONE, "[]"])
def test_something_that_only_the_artefact_shows_is_judged_at_its_line(fields: str, tmp_path: Path, room: Any) -> None:
    result = of_fields(tmp_path, room, ("fields.phone.name", "phone"), ("fields.phone.sensitivity", "high"), fields=fields)
    found = next(f for f in result.findings if f.rule == "harmless" and f.outcome == "gap")
    assert (found.assurance, found.subject.id) == ("contradicted", "api.phone")
    assert found.message == "phone is not."
    assert found.location is not None
    assert (found.location.path, found.location.line) == ("conf/edge.conf", 7)
    assert found.location.route == "surfaces[api].fields[phone].sensitivity"
    assert [p.line for p in found.related] == [line_of(tmp_path, "id: api")]
    assert result.rollup["DOC-3"].outcome is Outcome.GAP
    assert result.counts.findings["gap"] == 1
    assert finding(result, "declaration-complete").location.route == "surfaces[api].fields[phone]"


def test_something_that_only_the_artefact_shows_is_never_to_the_credit_of_the_manifest(tmp_path: Path, room: Any) -> None:
    result = of_fields(tmp_path, room, ("fields.phone.sensitivity", "low"), fields="[]")
    assert {f.rule: f.outcome for f in result.findings} == {
        "harmless": Outcome.NOT_APPLICABLE,
        "declaration-complete": Outcome.GAP,
    }


def test_what_the_artefact_shows_in_part_is_told_once_and_not_for_every_rule(tmp_path: Path, room: Any) -> None:
    result = of_fields(tmp_path, room, ("fields.phone.category", "user.contact"))
    assert [f.rule for f in result.findings if "phone" in f.message] == ["declaration-complete"]


# --- documents -----------------------------------------------------------------------------------------------


def test_a_document_supports_findings_about_its_subject_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(ABOUT)
    second = "  - {id: other, family: terms, owner: us, params: {}}\nsurfaces: []"
    result = judged(tmp_path, "kind: document, path: a.md", body=BODY.replace("surfaces: []", second))
    assurances = {(f.rule, f.subject.id): f.assurance.value for f in result.findings}
    assert assurances == {
        ("limited", "edge"): "supported", ("owned", "edge"): "supported",
        ("limited", "other"): "declared", ("owned", "other"): "declared",
    }  # fmt: skip
    assert [w.verdict for w in result.ledger] == ["supports"]
    assert result.ledger[0].artefacts[0].sha256 == hashlib.sha256(ABOUT.encode()).hexdigest()


def test_a_document_that_says_what_it_supports_supports_only_that(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(ABOUT)
    result = judged(tmp_path, "kind: document, path: a.md, supports: [owner]")
    assert finding(result, "owned").assurance == "supported"
    assert finding(result, "limited").assurance == "declared"


def test_a_document_supports_no_gap_and_no_silence(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(ABOUT)
    for limit, outcome in (("900", "gap"), ("", "unknown")):
        found = finding(judged(tmp_path, "kind: document, path: a.md", limit=limit), "limited")
        assert (found.outcome, found.assurance) == (outcome, "declared")


def test_a_document_beside_a_configuration_leaves_it_verified(tmp_path: Path, room: Any) -> None:
    (tmp_path / "a.md").write_text(ABOUT)
    room(probe=saying(("params.limit", 300)))
    for entries in (("probe", "document"), ("document", "probe")):
        paths = {"probe": "kind: probe, path: x", "document": "kind: document, path: a.md"}
        found = finding(judged(tmp_path, *(paths[e] for e in entries)), "limited")
        assert found.assurance == "verified"


def test_an_equivalent_measure_is_at_most_declared(tmp_path: Path, room: Any) -> None:
    (tmp_path / "a.md").write_text(ABOUT)
    room(probe=saying(("params.limit", 900)))
    claim = "    equivalent_to: [{expectation: DOC-1, rationale: because}]\n    last_reviewed_on: 2026-11-01\n"
    body = BODY.replace("    params:", f"{claim}    review_interval_days: 30\n    params:")
    wanted = criteria(limited={**LIMITED, "equivalents": "[control]"})
    found = finding(
        judged(tmp_path, "kind: document, path: a.md", "kind: probe, path: x", limit="900", wanted=wanted, body=body),
        "limited",
    )
    assert (found.outcome, found.equivalent, found.assurance) == ("met", "edge", "declared")


@pytest.mark.parametrize("entries", [("agrees", "denies"), ("denies", "agrees")])
def test_what_one_artefact_denies_is_not_verified_behind_an_equivalent_measure(
    tmp_path: Path, room: Any, entries: tuple[str, str]
) -> None:
    room(agrees=saying(("params.limit", 300)), denies=saying(("params.limit", 900)))
    claim = "    equivalent_to: [{expectation: DOC-1, rationale: because}]\n    last_reviewed_on: 2026-11-01\n"
    body = BODY.replace("    params:", f"{claim}    review_interval_days: 30\n    params:")
    wanted = criteria(limited={**LIMITED, "equivalents": "[control]"})
    for equivalents, outcome in ((True, "met"), (False, "gap")):
        evidence = (f"kind: {kind}, path: x" for kind in entries)
        result = judged(tmp_path, *evidence, wanted=wanted, body=body, equivalents=equivalents)
        found = finding(result, "limited")
        assert (found.outcome, found.assurance != "verified", bool(found.equivalent)) == (outcome, True, equivalents)
        assert (result.counts.equivalent, result.counts.verified) == (int(equivalents), 0)


def test_a_run_that_asks_for_more_counts_no_equivalent_measure_as_met(tmp_path: Path) -> None:
    claim = "    equivalent_to: [{expectation: DOC-1, rationale: because}]\n    last_reviewed_on: 2026-11-01\n"
    body = BODY.replace("    params:", f"{claim}    review_interval_days: 30\n    params:")
    wanted = criteria(limited={**LIMITED, "equivalents": "[control]"})
    result = judged(tmp_path, limit="900", wanted=wanted, body=body, min_assurance=Assurance.SUPPORTED)
    found = finding(result, "limited")
    assert (found.outcome, found.equivalent, result.counts.equivalent) == ("unknown", "", 0)
    assert found.because_of == "declared only; this run asks for supported"


# --- min-assurance -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "limited", "owned"),
    [("declared", "met", "met"), ("supported", "met", "unknown"), ("verified", "met", "unknown")],
)
def test_declared_is_not_verified_can_bite(wanted: str, limited: str, owned: str, tmp_path: Path, room: Any) -> None:
    room(probe=saying(("params.limit", 300)))
    result = judged(tmp_path, "kind: probe, path: x", min_assurance=Assurance(wanted))
    assert (finding(result, "limited").outcome, finding(result, "owned").outcome) == (limited, owned)
    assert result.rollup["DOC-2"].outcome == owned
    assert result.counts.blocking == (owned == "unknown")
    if owned == "unknown":
        assert finding(result, "owned").because_of == f"declared only; this run asks for {wanted}"


def test_supported_does_when_supported_is_asked_and_not_when_verified_is(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(ABOUT)
    outcomes = [
        finding(judged(tmp_path, "kind: document, path: a.md", min_assurance=Assurance(word)), "owned").outcome.value
        for word in ("supported", "verified")
    ]
    assert outcomes == ["met", "unknown"]


# --- what cannot be read -------------------------------------------------------------------------------------


def unreadable(root: Path, entry: str, **options: Any) -> Finding:
    """The finding about one evidence entry that says nothing; the rules' own findings stay as declared."""
    result = judged(root, entry, **options)
    assert finding(result, "limited")[4:6] == (Outcome.MET, Assurance.DECLARED)
    assert finding(result, "owned")[4:6] == (Outcome.MET, Assurance.DECLARED)
    assert [w.verdict in ("unreadable", "doubted") for w in result.ledger] == [True]
    return finding(result, "evidence-readable")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("kind: document, path: nowhere.md", "nowhere.md does not exist"),
        ("kind: document, path: empty.md", "empty.md is empty"),
        ("kind: document, path: docs", "docs is not a regular file"),
        ("kind: document, path: link.md", "symbolic link"),
        ("kind: document, path: ../outside.md", "outside"),
        ("kind: document, path: /etc/hostname", "absolute"),
        ("kind: document, path: a.md, sha256: '" + "0" * 64 + "'", "has changed"),
        ("kind: document, path: a.md, collected_on: 2025-01-01, valid_for_days: 30", "out of date"),
        ("kind: document, url: 'https://example.org/dpia'", "a URL is never fetched"),
        ("kind: document", "no path"),
        ("kind: document, path: ", "no path"),
        ("kind: blockchain, path: a.md", "no verifier of the kind 'blockchain' is installed; installed: "),
        ("kind: nginx, path: nowhere.conf, location: /", "nowhere.conf does not exist"),
        ("kind: nginx, path: empty.md, location: /", "empty"),
        ("kind: nginx, path: template.conf, location: /", "template"),
    ],
)
def test_evidence_that_says_nothing_is_one_unknown_that_says_why(entry: str, said: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "docs").mkdir(parents=True)
    (root / "a.md").write_text(ABOUT)
    (root / "empty.md").touch()
    (root / "link.md").symlink_to("a.md")
    (tmp_path / "outside.md").write_text(ABOUT)
    (root / "template.conf").write_text("http { limit_req_zone $a zone=a:1m rate={{ rate }}; }\n")
    found = unreadable(root, entry)
    assert (found.outcome, found.assurance, found.expectations) == ("unknown", "declared", ())
    assert said in found.message
    assert found.location is not None
    assert found.location.line == line_of(root, entry)


def test_it_has_the_highest_severity_of_what_it_would_have_supported(tmp_path: Path) -> None:
    entry = "kind: document, path: nowhere.md"
    assert unreadable(tmp_path, entry).severity is Severity.HIGH
    low = judged(tmp_path, entry, wanted=criteria(owned={**OWNED, "severity": "medium"}))
    assert finding(low, "evidence-readable").severity is Severity.MEDIUM
    none = judged(tmp_path, entry, wanted=criteria(harmless=HARMLESS))
    assert finding(none, "evidence-readable").severity is Severity.LOW


def test_evidence_that_says_nothing_blocks_as_an_unknown(tmp_path: Path) -> None:
    entry = "kind: document, path: nowhere.md"
    assert judged(tmp_path, entry).counts.blocking == 1
    assert judged(tmp_path, entry, allow_unknown=True).counts.blocking == 0


def test_two_entries_that_say_nothing_are_two_findings(tmp_path: Path) -> None:
    result = judged(tmp_path, "kind: document, path: a.md", "kind: document, path: b.md")
    found = [f for f in result.findings if f.rule == "evidence-readable"]
    assert len({f.id for f in found}) == 2


def test_two_parts_of_one_artefact_that_say_nothing_are_two_findings(tmp_path: Path) -> None:
    entries = [f"kind: document, path: a.md, anchor: {anchor}" for anchor in ("one", "two")]
    found = [f for f in judged(tmp_path, *entries).findings if f.rule == "evidence-readable"]
    assert len({f.id for f in found}) == len(found) == 2


def test_entries_that_are_alike_are_one_finding(tmp_path: Path) -> None:
    found = judged(tmp_path, *["kind: document, path: a.md"] * 2).findings
    assert len([f for f in found if f.rule == "evidence-readable"]) == 1


def test_no_two_findings_share_an_id() -> None:
    for example in sorted((Path(__file__).parents[1] / "examples").glob("*/policycheck.yaml")):
        manifest, problems = run.read(example, example.name, example.parent, AS_OF)
        assert manifest is not None, problems
        ids = [f.id for f in assess(manifest, packs.load((), SCHEMA), Options(as_of=AS_OF)).findings]
        assert len(ids) == len(set(ids)), example.parent.name


def test_a_second_artefact_that_denies_the_same_is_a_finding_of_its_own(tmp_path: Path, room: Any) -> None:
    """Who knows of the first must hear of the second; the first keeps the id it has alone."""

    def says(opener: Any, path: str, *_: Any) -> Account:
        return Account((Reading(("params", "limit"), 9000, path, 1, 1),))

    room(probe=says)
    alone, both = (
        [f.id for f in judged(tmp_path, *(f"kind: probe, path: {name}" for name in names)).findings
         if f.rule == "declaration-matches-evidence"]
        for names in (["a.conf"], ["a.conf", "b.conf"])
    )  # fmt: skip
    assert (len(alone), len(both), len(set(both))) == (1, 2, 2)
    assert alone[0] in both


def test_a_verifier_that_finds_nothing_confirms_nothing(tmp_path: Path, room: Any) -> None:
    room(probe=lambda *_: Account())
    assert "holds nothing that probe evidence could say" in unreadable(tmp_path, "kind: probe, path: x.conf").message


def test_a_verifier_speaks_only_of_its_kinds_of_subject(tmp_path: Path, room: Any) -> None:
    room(speaks=frozenset({"surface"}), probe=saying(("params.limit", 9000)))
    assert "probe speaks of surface, not of a control" in unreadable(tmp_path, "kind: probe, path: x").message


def test_an_extra_that_is_not_installed_is_named(tmp_path: Path, room: Any) -> None:
    def needy(*_: object) -> Account:
        raise ModuleNotFoundError(name="crossplane")

    room(probe=needy)
    said = unreadable(tmp_path, "kind: probe, path: x").message
    assert "needs crossplane: pip install 'policycheck[evidence]'" in said


def test_a_verifier_is_given_the_entry_the_date_and_its_subject(tmp_path: Path, room: Any) -> None:
    heard: list[tuple[Any, ...]] = []

    def listening(opener: Any, path: str, options: Any, subject: Any) -> Account:
        heard.append((path, options["zone"], options["as_of"], subject["id"]))
        raise ArtefactError("is in another castle")

    room(probe=listening)
    assert "is in another castle" in unreadable(tmp_path, "kind: probe, path: ./conf/../x, zone: z").message
    assert heard == [("x", "z", AS_OF, "edge")]


# --- failures ------------------------------------------------------------------------------------------------


def test_a_verifier_that_breaks_is_said_and_the_finding_stays(tmp_path: Path, room: Any) -> None:
    def broken(*_: object) -> Account:
        raise ZeroDivisionError("of no use")

    room(probe=broken)
    found = unreadable(tmp_path, "kind: probe, path: x")
    assert "the probe verifier failed: ZeroDivisionError" in found.message
    failures = judged(tmp_path, "kind: probe, path: x").failures
    assert [tuple(f) for f in failures] == [("verifier probe on x", "ZeroDivisionError: of no use")]


COSTLY = {
    **LIMITED, "for_each": "surface",
    "assert": 'surface.owner == "x" || surfaces.filter(a, surfaces.exists(b, surfaces.exists(c, c.id == "none"))) == []',
}  # fmt: skip


def many(count: int, owned: int = 0) -> str:
    lines = [f"  - {{id: s{n}, kind: page, owner: {'x' if n < owned else 'y'}}}" for n in range(count)]
    return "controls: []\nsurfaces:\n" + "\n".join(lines) + "\n"


def test_a_rule_that_exceeds_its_budget_is_a_failure_and_never_a_pass(tmp_path: Path) -> None:
    result = judged(tmp_path, wanted=criteria(limited=COSTLY), body=many(70, owned=69))
    assert [f.what for f in result.failures] == ["rule limited"]
    assert "walks more than" in result.failures[0].why
    found = finding(result, "limited")
    assert (found.outcome, found.subject.kind) == ("unknown", "organization")
    assert found.because_of == "the rule could not be evaluated"
    assert found.location is not None
    assert result.rollup["DOC-1"].outcome is Outcome.UNKNOWN
    assert (result.counts.findings["met"], result.counts.findings["unknown"]) == (0, 1)
    assert result.counts.blocking == 1


@pytest.mark.parametrize("detail", [frozenset(Outcome), frozenset({Outcome.GAP})])
def test_a_rule_that_breaks_takes_no_other_with_it(
    detail: frozenset[Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Judge.judge_as

    def breaking(self: Judge, rule: Any, concern: Any) -> Any:
        found = real(self, rule, concern)
        if rule.id == "limited":
            raise ValueError("of no use")
        return found

    monkeypatch.setattr(Judge, "judge_as", breaking)
    result = judged(tmp_path, detail=detail)
    assert [tuple(f) for f in result.failures] == [("rule limited", "ValueError: of no use")]
    assert (result.rollup["DOC-1"].outcome, result.rollup["DOC-2"].outcome) == ("unknown", "met")
    assert (result.counts.findings["met"], result.counts.findings["unknown"]) == (1, 1)


def test_a_rule_that_breaks_on_an_artefacts_account_leaves_what_was_declared(
    tmp_path: Path, room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Judge.judge_as

    def breaking(self: Judge, rule: Any, concern: Any) -> Any:
        if rule.id == "limited" and not hasattr(self.place, "names"):
            raise ValueError("of no use")
        return real(self, rule, concern)

    monkeypatch.setattr(Judge, "judge_as", breaking)
    room(probe=saying(("params.limit", 300)))
    result = judged(tmp_path, "kind: probe, path: x")
    assert [f.what for f in result.failures] == ["rule limited"]
    found = finding(result, "limited")
    assert (found.outcome, found.assurance) == ("met", "declared")


# --- integrity -----------------------------------------------------------------------------------------------


def test_a_date_of_something_done_after_the_evaluation_is_a_gap_of_its_own(tmp_path: Path) -> None:
    body = BODY.replace("    params:", "    last_reviewed_on: 2027-01-01\n    params:")
    result = judged(tmp_path, body=body)
    found = finding(result, "date-not-in-future")
    assert (found.outcome, found.severity, found.expectations) == ("gap", "medium", ())
    assert found.message == ("controls[edge].last_reviewed_on says 2027-01-01, which is after the date of this evaluation.")
    assert found.location is not None
    assert found.location.line == line_of(tmp_path, "2027-01-01")


def test_what_an_artefact_makes_apply_and_nobody_answers_is_unknown(tmp_path: Path, room: Any) -> None:
    room(probe=saying(("auth", "none")))
    when_open = {**LIMITED, "for_each": "surface", "when": 'surface.auth == "none"', "assert": 'surface.purpose != ""'}
    wanted = criteria(limited={**when_open, "message": "{surface.id}"})
    body = "surfaces: [{id: api, kind: api, auth: required, evidence: [{kind: probe, path: x}]}]"
    found = finding(judged(tmp_path, wanted=wanted, body=body), "limited")
    assert (found.outcome, found.missing) == ("unknown", ("surfaces[api].purpose",))
    assert found.because_of == "the repository has it otherwise: note on auth"
    # What it does not deny is as declared, however little it says of the rest.
    room(probe=saying(("kind", "api")))
    assert finding(judged(tmp_path, wanted=wanted, body=body), "limited").outcome == "not_applicable"


PLACED = """
ai_uses: [{{id: helper, jurisdictions: {theirs}}}]
incidents: [{{id: leak, jurisdictions: {theirs}}}]
own_scraping: [{{id: prices, jurisdictions: {theirs}}}]
third_party_access: [{{id: partner, jurisdictions: {theirs}}}]
"""
EACH_PLACED = ["ai_uses[helper]", "incidents[leak]", "own_scraping[prices]", "third_party_access[partner]"]


@pytest.mark.parametrize(
    ("mine", "theirs", "others"),
    [
        ("[IE]", "[GB, IE, AU]", ["GB", "AU"]), ("[IE]", "[IE]", []), ("[CA]", "[CA-QC]", []), ("[CA-QC]", "[CA]", []),
        ("[CA-QC]", "[CA-BC]", ["CA-BC"]), ("null", "[GB]", []), ("[IE]", "null", []), ("[IE]", "[]", []),
    ],
)  # fmt: skip
def test_places_that_the_organization_does_not_name_are_gaps_of_their_own(
    mine: str, theirs: str, others: list[str], tmp_path: Path
) -> None:
    result = judged(tmp_path, body=PLACED.format(theirs=theirs), places=mine)
    found = [f for f in result.findings if f.rule == "places-declared"]
    routes = [f"{at}.jurisdictions[{other}]" for at in EACH_PLACED for other in others]
    assert sorted(f.location.route for f in found if f.location) == sorted(routes)
    assert {(f.outcome, f.severity, f.expectations) for f in found} <= {("gap", "medium", ())}
    said = [f"{at}.jurisdictions names {other}, which organization" for at in EACH_PLACED for other in others]
    assert sorted(f.message.partition(".jurisdictions does")[0] for f in found) == sorted(said)
    assert len({f.id for f in found}) == len(found), "another place is another finding"
    assert result.counts.integrity["gap"] == len(found)


@pytest.mark.parametrize(
    ("family", "said", "words"),
    [
        ("rate_limit", "params: {enforced_percent: 0}", ["params.enforced_percent says that it acts on no traffic"]),
        ("rate_limit", "params: {actions: [log, alert]}", ["params.actions says that it only records"]),
        ("access_control", "retired_on: 2024-01-01", ["retired_on says that it no longer runs"]),
        ("waf", "retired_on: 2024-01-01, params: {enforced_percent: 0, actions: [log]}",
         ["params.actions says that it only records", "params.enforced_percent says that it acts on no traffic",
          "retired_on says that it no longer runs"]),
        ("rate_limit", "params: {actions: [log, block], enforced_percent: 1}", []),
        ("rate_limit", "retired_on: , params: {actions: , enforced_percent: }", []),
        ("rate_limit", "params: {actions: []}", ["params.actions says that it does nothing"]),
        ("rate_limit", "retired_on: 2999-01-01", []), ("bot_detection", "params: {actions: []}", []),
        # Who recognises automation may leave it to others to act on it.
        ("bot_detection", "params: {actions: [alert]}", []),
    ],
)  # fmt: skip
def test_a_deployed_control_that_is_said_to_enforce_nothing_is_a_gap_of_its_own(
    family: str, said: str, words: list[str], tmp_path: Path
) -> None:
    for status in ("deployed", "observing", "retired"):
        result = judged(tmp_path, body=f"controls: [{{id: edge, family: {family}, status: {status}, {said}}}]")
        found = [f for f in result.findings if f.rule == "deployed-means-in-force"]
        wanted = words if status == "deployed" else []
        assert sorted(f.message for f in found) == [
            f"edge counts as deployed, and controls[edge].{word}: rules took it as in force." for word in wanted
        ]
        assert {(f.outcome, f.severity, f.subject.kind) for f in found} <= {("gap", "high", "control")}
        assert len({f.id for f in found}) == len(found)
        assert result.counts.integrity["gap"] == len(found) + ("2999" in said)


SHOWN = """
surfaces:
  - {id: profiles, kind: page, fields: [{name: who, category: user.name}]}
  - {id: mirror, kind: api, est_subjects: 0, fields: []}
  - {id: prices, kind: page, fields: [{name: price, category: custom.price}]}
"""
GIVEN = SHOWN + "third_party_access: [{id: partner, surfaces: [%s], fields: %s}]"
LIMIT_BY_ACCOUNT = "controls: [{id: edge, family: rate_limit, status: deployed, surfaces: [profiles], params: {%s}}]"
LET_BY = "third_party_access: %s\n" + LIMIT_BY_ACCOUNT % "allow_paths: [{for: %s}]"
AIMED = SHOWN + (
    "threats: [{id: harvest, kind: mass_scraping, surfaces: %s, decision: %s, controls: [edge]}]\n"
    "controls: [{id: edge, family: waf, status: deployed, surfaces: %s}]"
)
FED = "ai_uses: [{id: model, sources: [{id: web, type: %s, phases: [pretrain]}]}]\nown_scraping: %s"
MISUSED = SHOWN + (
    "threats: [{id: misuse, kind: third_party_misuse, surfaces: [profiles], decision: mitigate, controls: [watch]}]\n"
    "controls: [{id: watch, family: %s, status: deployed, surfaces: []}]"
)
BREACH = (
    "breach_notification: [{jurisdiction: CA, scraping_position: %s}]\n"
    "incidents: [{id: leak, confirmed: %s, subjects: %d, decisions: [{jurisdiction: CA-QC, decision: not_a_breach}]}]"
)


@pytest.mark.parametrize(
    ("said", "route"),
    [
        (SHOWN.replace("est_subjects: 0", "same_data_as: [profiles]"), "surfaces[mirror].fields"),
        (SHOWN.replace("{id: prices", "{id: prices, same_data_as: [profiles]"), "surfaces[prices].fields"),
        (SHOWN.replace("{id: profiles", "{id: profiles, same_data_as: [mirror]"), "surfaces[mirror].fields"),
        (SHOWN.replace("est_subjects: 0", "same_data_as: [prices]"), ""),
        (SHOWN.replace("est_subjects: 0, fields: []", "same_data_as: [profiles], fields: "), ""),
        (SHOWN.replace("est_subjects: 0, fields: []", "same_data_as: [profiles], fields: [{name: who}]"), ""),
        (SHOWN + "incidents: [{id: leak, surfaces: [prices], fields: [profiles.who]}]", "incidents[leak].surfaces"),
        (SHOWN + "incidents: [{id: leak, surfaces: [profiles], fields: [profiles.who]}]", ""),
        (SHOWN + "incidents: [{id: leak, surfaces: , fields: [profiles.who]}]", ""),
        (GIVEN % ("prices", "[profiles.who]"), "third_party_access[partner].surfaces"),
        (GIVEN % ("profiles", "[]"), "third_party_access[partner].fields"),
        (GIVEN % ("prices", "[]"), ""), (GIVEN % ("profiles", ""), ""),
        ("incidents: [{id: leak, status: open, closed_at: 2026-01-02T00:00:00Z}]", "incidents[leak].status"),
        ("incidents: [{id: leak, status: contained, closed_at: 2026-01-02T00:00:00Z}]", "incidents[leak].status"),
        ("incidents: [{id: leak, status: closed, closed_at: 2026-01-02T00:00:00Z}]", ""),
        ("incidents: [{id: leak, status: open, closed_at: }]", ""),
        ("incidents: [{id: leak, confirmed: true, records: 900, surfaces: []}]", "incidents[leak].surfaces"),
        ("incidents: [{id: leak, confirmed: false, records: 900, surfaces: []}]", ""),
        ("incidents: [{id: leak, confirmed: true, records: 0, surfaces: []}]", ""),
        ("incidents: [{id: leak, confirmed: false, legal: {confirmed: true}}]", "incidents[leak].confirmed"),
        ("incidents: [{id: leak, confirmed: true, legal: {confirmed: true}}]", ""),
        ("incidents: [{id: leak, confirmed: , legal: {confirmed: true}}]", ""),
        ("incidents: [{id: leak, records: 10, minors_records: 11}]", "incidents[leak].minors_records"),
        ("incidents: [{id: leak, records: 10, special_records: 10}, {id: next, special_records: 3}]", ""),
        (BREACH % ("counts", "true", 900), "incidents[leak].decisions[CA-QC].decision"),
        (BREACH % ("depends", "true", 900), ""), (BREACH % ("counts", "false", 900), ""),
        (BREACH % ("counts", "true", 0), ""),
        (AIMED % ("[profiles]", "mitigate", "[prices]"), "threats[harvest].controls"),
        (AIMED % ("[profiles]", "mitigate", "[]"), "threats[harvest].controls"),
        (AIMED % ("[profiles]", "mitigate", "[prices, profiles]"), ""), (AIMED % ("[profiles]", "watch", "[prices]"), ""),
        (MISUSED % "third_party_oversight", ""), (MISUSED % "account_verification", ""),
        (MISUSED % "new_account_monitoring", ""), (MISUSED % "credential_geo_anomaly", ""),
        (MISUSED % "log_monitoring", "threats[misuse].controls"),
        (AIMED % ("", "mitigate", "[prices]"), ""), (AIMED % ("[profiles]", "mitigate", ""), ""),
        (SHOWN + LIMIT_BY_ACCOUNT % "limit: 10, window: hour, burst: 241", "controls[edge].params.burst"),
        (SHOWN + LIMIT_BY_ACCOUNT % "limit: 10, window: hour, burst: 240", ""),
        (SHOWN + LIMIT_BY_ACCOUNT % "limit: 10, window: , burst: 241", ""),
        (SHOWN + LET_BY % ("[]", "partners"), "controls[edge].params.allow_paths"),
        (SHOWN + LET_BY % ("[]", "search_engines"), ""), (SHOWN + LET_BY % ("[{id: partner}]", "partners"), ""),
        (SHOWN + LET_BY % ("", "partners"), ""),
        (FED % ("scraped", "[]"), "ai_uses[model].sources[web].type"),
        (FED % ("scraped", ""), ""), (FED % ("scraped", "[{id: crawl}]"), ""),
        (FED % ("licensed, web_scraped: true", "[]"), ""),
    ],
)  # fmt: skip
def test_a_value_that_another_one_denies_is_a_gap_of_its_own(said: str, route: str, tmp_path: Path) -> None:
    found = [f for f in judged(tmp_path, body=said, places="[CA]").findings if f.rule == "declaration-agrees-with-itself"]
    assert [f.location.route for f in found if f.location] == [route] * bool(route)
    assert {(f.outcome, f.severity, f.expectations) for f in found} <= {("gap", "medium", ())}
    assert all(f.message.startswith(f"{route} does not fit: ") for f in found)


def test_a_place_of_business_that_is_none_of_the_jurisdictions_is_a_gap_of_its_own(tmp_path: Path) -> None:
    manifest = "roles: [website_operator], established_in: [FR, CA-QC]"
    body = BODY.replace("LIMIT", "300").replace("EVIDENCE", "      []")
    text = f"policycheck: 1\norganization: {{id: a, {manifest}, jurisdictions: [CA]}}\n{body}"
    (tmp_path / "policycheck.yaml").write_text(text, "utf-8")
    read, wrong = run.read(tmp_path / "policycheck.yaml", "policycheck.yaml", tmp_path, AS_OF)
    assert read is not None, wrong
    found = finding(assess(read, criteria(), Options(as_of=AS_OF)), "places-declared")
    assert found.message.startswith("organization.established_in names FR, which organization.jurisdictions does not")
    assert found.subject.kind == "organization"


def test_subjects_named_alike_are_counted_and_shown_alike(tmp_path: Path) -> None:
    proofs = {
        **LIMITED, "for_each": {"control": "controls", "proof": "control.evidence"},
        "assert": 'proof.path != "b.md"', "message": "{proof.path}",
    }  # fmt: skip
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text(ABOUT)
    result = judged(tmp_path, "kind: document, path: b.md", "kind: document, path: a.md", wanted=criteria(limited=proofs))
    assert [(f.outcome.value, f.message) for f in result.findings] == [("gap", "b.md"), ("met", "")]
    assert (result.counts.findings["gap"], result.counts.findings["met"], result.counts.blocking) == (1, 1, 1)


# --- evidence that is doubted, soft, partial, or shows more than is declared ---------------------------------------

SEEN = (Artefact("edge.conf", 4, hashlib.sha256(b"conf").hexdigest()),)


def assurances(result: Result) -> set[str]:
    return {f.assurance.value for f in result.findings if f.outcome == "met"}


def all_of(result: Result, rule: str) -> list[Any]:
    return [f for f in result.findings if f.rule == rule]


def test_doubted_evidence_verifies_nothing_but_still_contradicts(tmp_path: Path, room: Any) -> None:
    agreeing = Account((Reading(("params", "limit"), 300, "e.conf", 3, 1),), SEEN)
    room(probe=lambda *_: agreeing)
    assert "verified" in assurances(judged(tmp_path, "kind: probe, path: edge.conf"))
    result = judged(tmp_path, f"kind: probe, path: edge.conf, sha256: {'a' * 64}")
    assert "verified" not in assurances(result)
    (found,) = all_of(result, "evidence-readable")
    assert "edge.conf of control edge does not count: edge.conf has changed" in found.message
    assert [w.verdict for w in result.ledger] == ["doubted"]
    room(probe=lambda *_: agreeing._replace(readings=(Reading(("params", "limit"), 900, "e.conf", 3, 1),)))
    result = judged(tmp_path, f"kind: probe, path: edge.conf, sha256: {'a' * 64}")
    assert [f.assurance for f in all_of(result, "declaration-matches-evidence")] == ["contradicted"]


def test_text_that_a_person_must_read_supports_and_does_not_verify(tmp_path: Path, room: Any) -> None:
    reading = Reading(("params", "limit"), 300, "terms.md", 3, 1, "", soft=True)
    room(probe=lambda *_: Account((reading,)))
    assert assurances(judged(tmp_path, "kind: probe, path: x")) >= {"supported"}
    assert "verified" not in assurances(judged(tmp_path, "kind: probe, path: x"))
    room(probe=lambda *_: Account((reading._replace(value=900),)))
    assert all_of(judged(tmp_path, "kind: probe, path: x"), "declaration-matches-evidence")


def test_quotes_stand_in_the_ledger_and_beside_what_they_support(tmp_path: Path, room: Any) -> None:
    room(probe=lambda *_: Account((), SEEN, supported=True, quotes=(Quote("terms.md", 12, "You may not scrape."),)))
    result = judged(tmp_path, "kind: probe, path: terms.md")
    assert result.ledger[0].quotes == (Quote("terms.md", 12, "You may not scrape."),)
    supported = [f for f in result.findings if f.assurance == "supported"]
    assert supported
    assert all([(p.path, p.line) for p in f.related] == [("terms.md", 12)] for f in supported)


OPERATION = (
    Reading(("surfaces", "get-people", "kind"), "api", "openapi.yaml", 40, 5, "GET /people needs no credentials"),
    Reading(("surfaces", "get-people", "auth"), "none", "openapi.yaml", 40, 5),
    Reading(("surfaces", "get-people", "fields", "email", "category"), "user.contact.email", "openapi.yaml", 60, 9),
)


@pytest.mark.parametrize("surfaces", ["[]", "", "[{id: shop, kind: page, auth: none, fields: []}]"])
def test_what_only_the_artefact_shows_is_a_gap_at_its_line(tmp_path: Path, room: Any, surfaces: str) -> None:
    room(probe=lambda *_: Account(additions=OPERATION))
    result = judged(tmp_path, "kind: probe, path: openapi.yaml", body=BODY.replace("surfaces: []", f"surfaces: {surfaces}"))
    (found,) = all_of(result, "declaration-complete")
    assert (found.outcome, found.assurance, found.severity) == ("gap", "contradicted", "high")
    assert found.location is not None
    assert (found.location.path, found.location.line, found.location.route) == ("openapi.yaml", 40, "surfaces[get-people]")
    assert (
        "surfaces[get-people] is in the artefact and not in the manifest: GET /people needs no credentials" in found.message
    )
    assert result.counts.blocking


def test_two_entries_that_show_the_same_are_one_finding(tmp_path: Path, room: Any) -> None:
    room(probe=lambda *_: Account(additions=OPERATION))
    entry = "kind: probe, path: openapi.yaml"
    assert len(all_of(judged(tmp_path, entry, entry), "declaration-complete")) == 1


def test_a_declared_subject_is_no_addition_and_is_held_to_what_is_shown(tmp_path: Path, room: Any) -> None:
    room(probe=lambda *_: Account(additions=OPERATION[:2]))
    surfaces = "[{id: get-people, kind: api, auth: required, fields: []}]"
    result = judged(tmp_path, "kind: probe, path: openapi.yaml", body=BODY.replace("surfaces: []", f"surfaces: {surfaces}"))
    assert not all_of(result, "declaration-complete")
    (denied,) = all_of(result, "declaration-matches-evidence")
    assert "The manifest declares surfaces.get-people.auth: required; the artefact says none" in denied.message


def test_an_undeclared_field_of_a_declared_surface_is_a_gap(tmp_path: Path, room: Any) -> None:
    room(probe=lambda *_: Account(additions=OPERATION))
    surfaces = "[{id: get-people, kind: api, auth: none, fields: [{name: town}]}]"
    (found,) = all_of(
        judged(tmp_path, "kind: probe, path: x", body=BODY.replace("surfaces: []", f"surfaces: {surfaces}")),
        "declaration-complete",
    )
    assert found.location.route == "surfaces[get-people].fields[email]"


def test_what_is_declared_and_the_artefact_does_not_show_is_told(tmp_path: Path, room: Any) -> None:
    gone = Reading(("params",), None, "openapi.yaml", 9, 1, "no response has it")
    room(probe=lambda *_: Account(absences=(gone,), artefacts=SEEN))
    (found,) = all_of(judged(tmp_path, "kind: probe, path: x"), "declaration-matches-evidence")
    assert "controls[edge].params is declared; the artefact does not show it (no response has it)." in found.message
    assert [w.verdict for w in judged(tmp_path, "kind: probe, path: x").ledger] == ["contradicts"]


def test_a_part_that_cannot_be_read_is_told_and_the_rest_is_judged(tmp_path: Path, room: Any) -> None:
    bad = (Problem("r.csv", 7, 1, "line 7 has no time zone"), Problem("r.csv", 9, 1, "line 9 has no id"))
    room(probe=lambda *_: Account((Reading(("params", "limit"), 300, "r.csv", 3, 1),), complaints=bad))
    result = judged(tmp_path, "kind: probe, path: r.csv")
    told = all_of(result, "evidence-readable")
    assert [f.message.rpartition(": ")[2] for f in told] == ["line 7 has no time zone", "line 9 has no id"]
    assert len({f.id for f in told}) == 2
    assert "verified" in assurances(result)


def test_a_part_that_cannot_be_read_is_the_same_finding_on_another_line(tmp_path: Path, room: Any) -> None:
    def ids(*complaints: tuple[int, str]) -> set[str]:
        bad = tuple(Problem("r.csv", line, 1, f"line {line}: {said}") for line, said in complaints)
        room(probe=lambda *_: Account((Reading(("params", "limit"), 300, "r.csv", 3, 1),), complaints=bad))
        return {f.id for f in all_of(judged(tmp_path, "kind: probe, path: r.csv"), "evidence-readable")}

    before = ids((7, "has no time zone"), (9, "has no id"), (12, "has no id"))
    assert len(before) == 3
    assert ids((8, "has no time zone"), (10, "has no id"), (13, "has no id")) == before
    assert ids((8, "has no time zone"), (10, "has no id")) < before
    assert ids((7, "has no time zone"), (9, "has no id"), (12, "has no id"), (14, "has no id")) > before


def controls(count: int) -> str:
    """The body with some controls more, each with the same evidence as the first."""
    one = BODY.partition("surfaces")[0].replace("controls:\n", "").replace("id: edge", "id: edge{n}")
    more = "".join(one.replace("{n}", str(n)) for n in range(count - 1))
    return BODY.replace("surfaces: []", "") + more + "surfaces: []\n"


def test_one_file_behind_everything_supports_nothing(tmp_path: Path) -> None:
    (tmp_path / "all.md").write_text("The web team looks at the rate limit of the edge every week with care. " * 3, "utf-8")
    entry = "kind: document, path: all.md"
    assert "supported" in assurances(judged(tmp_path, entry, body=controls(attachments.SHARED)))
    result = judged(tmp_path, entry, body=controls(attachments.SHARED + 1))
    assert "supported" not in assurances(result)
    assert {w.verdict for w in result.ledger} == {"doubted"}
    assert all("the same text is attached to 4 subjects" in f.message for f in all_of(result, "evidence-readable"))


def test_copies_that_are_set_otherwise_are_one_file(tmp_path: Path) -> None:
    text = "The web team looks at the rate limit of the edge every week with care. " * 3
    copies = [text, text.replace(". ", ".\n\n"), text.upper(), f"---\n\n---\n{text}\n\n", f"**{text}**\r\n"]
    for number, copy in enumerate(copies):
        (tmp_path / f"copy{number}.md").write_text(copy, "utf-8")
    body = controls(len(copies))
    for number in range(len(copies)):
        body = body.replace("EVIDENCE", f"      - {{kind: document, path: copy{number}.md}}", 1)
    result = judged(tmp_path, body=body)
    assert "supported" not in assurances(result)


@pytest.mark.parametrize(
    ("digest", "assurance"), [("0" * 64, "declared"), (hashlib.sha256(b"conf").hexdigest(), "verified")]
)
def test_a_lock_that_does_not_fit_lowers_what_was_verified(tmp_path: Path, room: Any, digest: str, assurance: str) -> None:
    room(probe=lambda *_: Account((Reading(("params", "limit"), 300, "e.conf", 3, 1),), SEEN))
    lock = f'policycheck_lock: 1\nlocked_on: 2026-06-01\nfiles:\n  edge.conf: {{sha256: "{digest}", size: 4}}\n'
    (tmp_path / attachments.LOCK).write_text(lock, "utf-8")
    result = judged(tmp_path, "kind: probe, path: edge.conf")
    assert finding(result, "limited").assurance == assurance
    assert ["since it was locked on 2026-06-01" in f.message for f in all_of(result, "evidence-readable")] == (
        [True] if assurance == "declared" else []
    )


# --- evidence that holds at an address -----------------------------------------------------------------------------

TWO = BODY.replace("status: deployed", "status: deployed\n    surfaces: [a, b]").replace(
    "surfaces: []", "surfaces: [{id: a, kind: page, url: /a/}, {id: b, kind: page, url: /b/}]"
)


@pytest.fixture
def placed(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Account]], None]:
    """The kind nginx, saying of each address what is given here; of others that it does not serve them."""

    def installed(says: dict[str, Account]) -> None:
        def account(opener: Any, path: str, options: Any, subject: Any) -> Account:
            urls = options["urls"]
            return (
                says.get(urls[0], Account(unreadable="is not served")) if len(urls) == 1 else Account(unreadable="several")
            )

        made = SimpleNamespace(account=account, KINDS_OF_SUBJECT=frozenset(), BY_ADDRESS=True)
        real = rooms.load
        monkeypatch.setattr(rooms, "load", lambda r, n: made if n == "nginx" else real(r, n))

    return installed


def enforced(limit: int = 300, status: str = "deployed") -> Account:
    return Account((Reading(("status",), status, "n.conf", 3, 1), Reading(("params", "limit"), limit, "n.conf", 3, 1)), SEEN)


def test_a_control_of_two_surfaces_is_verified_when_both_are_covered(tmp_path: Path, placed: Any) -> None:
    placed({"/a/": enforced(), "/b/": enforced()})
    assert finding(judged(tmp_path, "kind: nginx, path: x", body=TWO), "limited").assurance == "verified"


def test_evidence_for_one_surface_says_nothing_of_another(tmp_path: Path, placed: Any) -> None:
    placed({"/a/": enforced()})
    result = judged(tmp_path, "kind: nginx, path: x", body=TWO)
    assert finding(result, "limited").assurance == "declared"
    assert "it speaks for /a/; no evidence shows it for /b/" in finding(result, "evidence-readable").message


def test_two_entries_may_cover_two_surfaces(tmp_path: Path, placed: Any) -> None:
    placed({"/a/": enforced()})
    room_b = enforced()
    placed({"/a/": room_b, "/b/": room_b})
    result = judged(tmp_path, "kind: nginx, path: x, location: /a/", "kind: nginx, path: x, location: /b/", body=TWO)
    assert finding(result, "limited").assurance == "verified"


@pytest.mark.parametrize("soft", [("status", "limit"), ("status",), ("limit",)])
@pytest.mark.parametrize("where", ["/a/", "/b/"])
def test_what_only_supports_at_one_surface_verifies_at_none(
    tmp_path: Path, placed: Any, soft: tuple[str, ...], where: str
) -> None:
    firm = enforced()
    doubted = firm._replace(readings=tuple(r._replace(soft=r.path[-1] in soft) for r in firm.readings))
    placed({"/a/": firm, "/b/": firm} | {where: doubted})
    found = finding(judged(tmp_path, "kind: nginx, path: x", body=TWO), "limited").assurance
    assert found == ("supported" if "limit" in soft else "verified")


def test_a_number_that_differs_at_another_surface_does_not_verify(tmp_path: Path, placed: Any) -> None:
    placed({"/a/": enforced(300), "/b/": enforced(9000)})
    assert finding(judged(tmp_path, "kind: nginx, path: x", body=TWO), "limited").assurance == "supported"


def test_the_surface_that_is_open_decides(tmp_path: Path, placed: Any) -> None:
    placed({"/a/": enforced(), "/b/": enforced(status="planned")})
    denied = finding(judged(tmp_path, "kind: nginx, path: x", body=TWO), "declaration-matches-evidence")
    assert "declares status: deployed; the artefact says planned" in denied.message


BOTH = ("kind: nginx, path: a", "kind: nginx, path: b")


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Account]], None]:
    """The kind nginx, whose artefact at the path `a` serves /a/ alone and `b` serves /b/, each saying what is given."""

    def installed(says: dict[str, Account]) -> None:
        def account(opener: Any, path: str, options: Any, subject: Any) -> Account:
            return says[path] if options["urls"] == [f"/{path}/"] else Account(unreadable="is not served")

        made = SimpleNamespace(account=account, KINDS_OF_SUBJECT=frozenset(), BY_ADDRESS=True)
        real = rooms.load
        monkeypatch.setattr(rooms, "load", lambda r, n: made if n == "nginx" else real(r, n))

    return installed


def test_two_artefacts_may_cover_a_surface_each(tmp_path: Path, apart: Any) -> None:
    apart({"a": enforced(), "b": enforced()})
    assert finding(judged(tmp_path, *BOTH, body=TWO), "limited").assurance == "verified"


@pytest.mark.parametrize("more", [f"sha256: {'e' * 64}", "collected_on: 2020-01-01, valid_for_days: 30"])
def test_evidence_that_is_doubted_covers_no_surface(tmp_path: Path, apart: Any, more: str) -> None:
    apart({"a": enforced(), "b": enforced()})
    result = judged(tmp_path, BOTH[0], f"{BOTH[1]}, {more}", body=TWO)
    assert finding(result, "limited").assurance == "declared"
    assert any("no evidence shows it for /b/" in found.message for found in all_of(result, "evidence-readable"))


def test_evidence_that_holds_at_no_address_covers_no_surface(tmp_path: Path, placed: Any, room: Any) -> None:
    room(probe=lambda *_: Account((Reading(("status",), "deployed", "api.yaml", 3, 1, soft=True),), SEEN))
    placed({"/a/": enforced()})
    result = judged(tmp_path, "kind: nginx, path: x", "kind: probe, path: api.yaml", body=TWO)
    assert finding(result, "limited").assurance == "declared"
    assert "no evidence shows it for /b/" in finding(result, "evidence-readable").message


@pytest.mark.parametrize("there", [enforced(100), Account(tuple(r._replace(soft=True) for r in enforced().readings), SEEN)])
def test_what_another_artefact_shows_otherwise_or_only_supports_does_not_verify(
    tmp_path: Path, apart: Any, there: Account
) -> None:
    apart({"a": enforced(), "b": there})
    assert finding(judged(tmp_path, BOTH[0], BOTH[1], body=TWO), "limited").assurance == "supported"


@pytest.mark.parametrize("said", ["", ', url: ""'])
def test_a_surface_without_an_address_lets_a_control_be_supported_only(tmp_path: Path, placed: Any, said: str) -> None:
    placed({"/a/": enforced()})
    result = judged(tmp_path, "kind: nginx, path: x", body=TWO.replace(", url: /b/", said))
    assert finding(result, "limited").assurance == "supported"
    assert "supports and does not verify: b has no url to hold it against; add one" in result.ledger[0].said


def test_numbers_whose_enforcement_is_not_settled_only_support(tmp_path: Path, placed: Any) -> None:
    opaque = Account((Reading(("params", "limit"), 300, "n.conf", 3, 1),), SEEN)
    placed({"/a/": opaque, "/b/": opaque})
    assert finding(judged(tmp_path, "kind: nginx, path: x", body=TWO), "limited").assurance == "supported"


# --- what is read of another thing ----------------------------------------------------------------------------------

REVIEWED: dict[str, Any] = {
    **OWNED, "title": "Reviewed as often", "for_each": {"control": "controls"},
    "assert": 'controls.all(d, control.review_interval_days <= d.review_interval_days && d.status == "deployed")',
}  # fmt: skip
PAIR = BODY.replace(
    "    owner: web team", "    owner: web team\n    review_interval_days: 90"
).replace(
    "surfaces: []",
    "  - {id: blocks, family: ip_block, owner: web team, status: deployed, review_interval_days: 90}\nsurfaces: []",
)  # fmt: skip


def test_what_is_read_of_one_control_verifies_nothing_of_another(tmp_path: Path, room: Any) -> None:
    room(probe=lambda *_: Account((Reading(("status",), "deployed", "edge.conf", 3, 1),), SEEN))
    result = judged(tmp_path, "kind: probe, path: edge.conf", wanted=criteria(reviewed=REVIEWED), body=PAIR)
    said = {found.subject.id: found.assurance for found in all_of(result, "reviewed")}
    assert said == {"edge": "verified", "blocks": "declared"}


def test_what_is_read_of_a_control_verifies_what_a_rule_asks_of_its_surface(tmp_path: Path, room: Any) -> None:
    room(probe=lambda *_: Account((Reading(("status",), "deployed", "edge.conf", 3, 1),), SEEN))
    guarded = {
        **OWNED, "title": "Guarded", "for_each": {"surface": "surfaces"},
        "assert": 'controls.exists(d, surface.id in d.surfaces && d.status == "deployed")',
    }  # fmt: skip
    result = judged(tmp_path, "kind: probe, path: edge.conf", wanted=criteria(guarded=guarded), body=TWO)
    assert [found.assurance for found in all_of(result, "guarded")] == ["verified", "verified"]


@pytest.mark.parametrize("named", ["shop.yaml", "./deep/../shop.yaml", "copy.yaml"])
def test_a_manifest_is_no_evidence_for_itself_whatever_it_is_called(named: str, tmp_path: Path) -> None:
    text = "policycheck: 1\norganization: {id: a, roles: [website_operator]}\nsurfaces: []\n" + BODY.replace(
        "surfaces: []", ""
    )
    text = text.replace("LIMIT", "300").replace("EVIDENCE", f"      - {{kind: document, path: {named}}}")
    for name in ("shop.yaml", "copy.yaml"):
        (tmp_path / name).write_text(f"# {ABOUT}\n{text}", "utf-8")
    manifest, wrong = run.read(tmp_path / "shop.yaml", "shop.yaml", tmp_path, AS_OF)
    assert manifest is not None, wrong
    result = assess(manifest, criteria(), Options(as_of=AS_OF))
    assert finding(result, "limited").assurance == "declared"
    assert "a declaration is no evidence for itself" in finding(result, "evidence-readable").message
