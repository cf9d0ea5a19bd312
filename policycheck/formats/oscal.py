"""OSCAL assessment results: what was seen, with its places, which objectives that leaves satisfied, and what is open.

A result is a manifest, an observation a finding or an entry of the evidence ledger, an OSCAL finding an expectation of the
catalog (`oscal-catalog`). Satisfied is what was judged and met, and nothing else; what does not apply is named with its
reason and is no finding. An audit record for those who may see everything: values and texts are told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from policycheck.formats import _oscal
from policycheck.formats._oscal import Names, Scene, filled, line, moment, props
from policycheck.model import Outcome
from policycheck.report import Record, Totals

if TYPE_CHECKING:
    from policycheck.run import View

RECORD = "full"
SEPARATOR = b""
_UNTESTED = {
    "not_codifiable": "no rule can test it on a manifest", "awaiting_source": "the text of the source is awaited",
    "no_rule": "no rule tests it",
}  # fmt: skip
_ASSURED = ("declared", "supported", "verified")
_PLAN = (
    "There is no separate assessment plan. What was asked stands in the catalog and in the properties of this document; "
    "every chosen expectation was held against every subject that it concerns, and nothing was sampled."
)
_SCOPE = "All controls of the catalog but those that do not apply, or that no rule tests."
_LIMITS = (
    "Only the design was examined, as the repository shows it at one date. A satisfied objective is no legal conclusion."
)


def detail(style: Mapping[str, Any]) -> frozenset[Outcome]:
    """The outcomes whose findings are explained; what does not apply is told by expectation."""
    return frozenset(Outcome) - {Outcome.NOT_APPLICABLE}


def begin(view: View) -> bytes:
    """Nothing: every name in the document is made of the report's id, which is known last."""
    return b""


def part(view: View, record: Record) -> bytes:
    """One manifest's record, for the collector."""
    findings = [finding for finding in record["findings"] if finding["outcome"] != "not_applicable"]
    return _oscal.kept({**record, "findings": findings})


def end(view: View, totals: Totals) -> bytes:
    """Nothing: see `Collector.end`."""
    return b""


def collect(view: View) -> Collector:
    """What writes the document when the last manifest was judged."""
    return Collector(view, "oscal")


class Collector(_oscal.Kept):
    """Holds the records until the report's id is known."""

    def end(self, totals: Totals) -> bytes:
        """The document."""
        header, records, names = self.header, list(self), _oscal.names_of(totals)
        results = [_result(header, record, partial(names, str(n))) for n, record in enumerate(records, 1)]
        said = _oscal.about_run(header, totals)
        plan = names("resource", "plan")
        body = {
            "uuid": names("assessment-results"),
            "metadata": _oscal.metadata(header, "Assessment results", totals.report_id or "none", records, names, said),
            "import-ap": {"href": f"#{plan}", "remarks": _PLAN},
            "results": [*results, *_unjudged(header, totals, names, bool(results))],
            "back-matter": {"resources": [*_elsewhere(header, names), *_oscal.files(header, records, names)]},
        }
        return _oscal.written("assessment-results", body, 5)


def _elsewhere(header: Record, names: Names) -> Iterator[Record]:
    catalog = "What was asked: the catalog that the format oscal-catalog writes of the same packs."
    yield _oscal.elsewhere(names, "plan", "No separate assessment plan", _PLAN)
    yield _oscal.elsewhere(names, "catalog", "Catalog of expectations", catalog, _oscal.catalog_uuid(header))


def _result(header: Record, record: Record, names: Names) -> Record:
    """One manifest."""
    scene = Scene(header, record, names)
    stopped = [scene.stopped(stop) for stop in _oscal.manifest_stops(record)]
    seen = [scene.observation(finding) for finding in record["findings"]]
    heard = [scene.hearing(number, entry) for number, entry in enumerate(record["artefacts"], 1)]
    risks = [scene.risk(finding) for finding in record["findings"] if finding["outcome"] in _oscal.OPEN]
    organization = record["organization"]
    return filled(
        uuid=names("result"), title=line(organization.get("name") or organization.get("id") or record["manifest"]),
        description=_summary(record), start=moment(header["as_of"]), end=moment(header["as_of"]), props=_counts(record),
        local_definitions=scene.definitions(), reviewed_controls=_reviewed(header, record),
        observations=[*(one for one, _ in stopped), *seen, *heard], risks=[*(one for _, one in stopped), *risks],
        findings=[*_findings(scene), *_check_findings(scene)], remarks=_LIMITS,
    )  # fmt: skip


def _summary(record: Record) -> str:
    counts = ", ".join(f"{number} {word.replace('_', ' ')}" for word, number in record["counts"]["expectations"].items())
    return f"{line(record['manifest'])}: of the expectations that a rule tests, {counts}."


def _counts(record: Record) -> list[Record]:
    """The numbers of the report, as every format of the run has them."""
    counts = dict(record["counts"])
    found = props(manifest=record["manifest"], organization=record["organization"].get("id"))
    for group in ("findings", "expectations", "integrity"):
        found += props(**{f"{group}_{word}": str(number) for word, number in counts.pop(group).items()})
    return found + props(**{word: str(number) for word, number in counts.items()})


def _unjudged(header: Record, totals: Totals, names: Names, is_any: bool) -> Iterator[Record]:
    """A result for what was not judged: invalid files, a run that ended early, a run over nothing."""
    stopped = _oscal.whole_run_stops(totals)
    if is_any and not stopped:
        return
    scene = Scene.of_run(header, names)
    told = [scene.stopped(stop) for stop in stopped]
    yield filled(
        uuid=names("result", "run"), title="What was not judged",
        description="Nothing here was judged, and nothing is satisfied.",
        start=moment(header["as_of"]), end=moment(header["as_of"]), local_definitions=scene.definitions(),
        reviewed_controls=_selection(_SCOPE, dict.fromkeys(_controls(header), "not judged")),
        observations=[one for one, _ in told], risks=[one for _, one in told],
    )  # fmt: skip


def _controls(header: Record) -> list[str]:
    return [*header["expectations"], *map(_oscal.check_control, _oscal.checks(header))]


def _reviewed(header: Record, record: Record) -> Record:
    """Which controls were judged, and why the others were not."""
    out = {name: _UNTESTED[key] for key, names in header["criteria"]["without_a_rule"].items() for name in names}
    rolled = {row["id"]: row for row in record["expectations"]}
    for name in header["expectations"]:
        row = rolled.get(name)
        if row is None:
            out.setdefault(name, "not judged")
        elif row["outcome"] in ("not_applicable", "not_used"):
            out[name] = _aside(row, record)
    looked = {finding["rule"] for finding in record["findings"]}
    out |= {_oscal.check_control(name): "nothing to look at" for name in _oscal.checks(header) if name not in looked}
    return _selection(_SCOPE, out)


def _aside(row: Record, record: Record) -> str:
    if row["outcome"] == "not_used":
        return "the source allows it and it is not done: neither satisfied nor a gap"
    facts = [fact for fact, names in record["scope"]["not_concerned"].items() if row["id"] in names]
    because = row["because_of"] or ", ".join(facts)
    return f"not applicable, because of {because}" if because else "not applicable: there is nothing that it is about"


def _selection(scope: str, out: Mapping[str, str]) -> Record:
    controls = [{"control-id": name} for name in out]
    objectives = [{"objective-id": _oscal.objective(name), "remarks": line(why)} for name, why in out.items()]
    return {
        "control-selections": [filled(description=scope, exclude_controls=controls) | {"include-all": {}}],
        "control-objective-selections": [filled(exclude_objectives=objectives) | {"include-all": {}}],
    }


def _findings(scene: Scene) -> Iterator[Record]:
    """An OSCAL finding for every expectation that was judged."""
    behind: dict[str, list[Record]] = {}
    for finding in scene.record["findings"]:
        for name in finding["expectations"]:
            behind.setdefault(name, []).append(finding)
    broken = _broken(scene)
    for row in scene.record["expectations"]:
        if row["outcome"] not in ("not_applicable", "not_used"):
            outcome = "unknown" if row["outcome"] == "met" and row["id"] in broken else row["outcome"]
            yield _finding(scene, row["id"], row["id"], outcome, behind.get(row["id"], []))


def _broken(scene: Scene) -> set[str]:
    """The expectations of rules that did not come to an end somewhere: what the rest of their findings say is not all."""
    failed = {failure["what"].removeprefix("rule ") for failure in scene.record["failures"]}
    return {name for rule in failed for name in scene.header["rules"].get(rule, {}).get("expectations", ())}


def _check_findings(scene: Scene) -> Iterator[Record]:
    """The same for the checks of the declaration itself."""
    for name in _oscal.checks(scene.header):
        some = [finding for finding in scene.record["findings"] if finding["rule"] == name]
        outcome = next((word for word in ("gap", "unknown", "met") if any(f["outcome"] == word for f in some)), "")
        if outcome:
            yield _finding(scene, _oscal.check_control(name), name, outcome, some)


def _finding(scene: Scene, control: str, label: str, outcome: str, behind: list[Record]) -> Record:
    word = outcome.replace("_", " ")
    gaps = sum(finding["outcome"] == "gap" for finding in behind)
    is_open = [finding for finding in behind if finding["outcome"] in _oscal.OPEN]
    assurance = _weakest(behind) if outcome == "met" else ""
    return filled(
        uuid=scene.names("finding", control), title=f"{line(label)}: {word}",
        description=f"{gaps} gaps and {len(is_open) - gaps} unknowns among {len(behind)} findings.",
        props=props(outcome=outcome, assurance=assurance, accepted=str(_accepted(behind))),
        target={"type": "objective-id", "target-id": _oscal.objective(control), "status": _status(outcome, assurance)},
        related_observations=[{"observation-uuid": uuid} for uuid in _observations(scene, behind)],
        related_risks=[{"risk-uuid": scene.names("risk", finding["id"])} for finding in is_open],
    )  # fmt: skip


def _observations(scene: Scene, behind: list[Record]) -> list[str]:
    """What was found, then the evidence that its subjects name; of a bare declaration there is none."""
    backed = [finding for finding in behind if finding["assurance"] != "declared"]
    heard = [uuid for finding in backed for uuid in scene.heard(finding)]
    return list(dict.fromkeys([*(scene.names("observation", finding["id"]) for finding in behind), *heard]))


def _accepted(behind: list[Record]) -> int:
    return sum("exception" in finding for finding in behind)


def _weakest(behind: list[Record]) -> str:
    """The assurance behind a met expectation: no more than that of the least assured of its findings."""
    found = {finding["assurance"] for finding in behind if finding["outcome"] == "met"}
    return next((word for word in _ASSURED if word in found), "")


def _status(outcome: str, assurance: str) -> Record:
    if outcome == "met":
        told = "At least one finding rests on the declaration alone." if assurance == "declared" else ""
        return filled(state="satisfied", reason="pass", remarks=told)
    if outcome == "gap":
        return {"state": "not-satisfied", "reason": "fail"}
    return {"state": "not-satisfied", "reason": "other", "remarks": "Not known: too little is declared, or could be read."}
