"""OSCAL plan of action and milestones: an item for every gap and unknown, with owner and day where somebody named them.

Accepted gaps are among them with the end of their exception, and what could not be judged. The names are those of the
assessment results of the same run (`oscal`). A run in which nothing is open says so in one item, since the model has no
empty plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from policycheck.formats import _oscal
from policycheck.formats._actions import due, plain, status, subject
from policycheck.formats._oscal import Names, Scene, filled, line, props
from policycheck.model import Outcome
from policycheck.report import Record, Totals

if TYPE_CHECKING:
    from policycheck.run import View

RECORD = "full"
SEPARATOR = b""


def detail(style: Mapping[str, Any]) -> frozenset[Outcome]:
    """The outcomes whose findings are explained; the others are only counted."""
    return frozenset({Outcome.GAP, Outcome.UNKNOWN})


def begin(view: View) -> bytes:
    """Nothing: every name in the document is made of the report's id, which is known last."""
    return b""


def part(view: View, record: Record) -> bytes:
    """One manifest's record, for the collector."""
    findings = [finding for finding in record["findings"] if finding["outcome"] in _oscal.OPEN]
    return _oscal.kept({**record, "findings": findings})


def end(view: View, totals: Totals) -> bytes:
    """Nothing: see `Collector.end`."""
    return b""


def collect(view: View) -> Collector:
    """What writes the plan when the last manifest was judged."""
    return Collector(view, "oscal-poam")


class Collector(_oscal.Kept):
    """Holds the records until the report's id is known."""

    def end(self, totals: Totals) -> bytes:
        """The plan."""
        header, records, names = self.header, list(self), _oscal.names_of(totals)
        plan = _Plan(header, names)
        for number, record in enumerate(records, 1):
            plan.manifest(record, partial(names, str(number)))
        plan.run(totals)
        title, said = "Plan of action and milestones", _oscal.about_run(header, totals)
        systems = {record["organization"].get("id") for record in records}
        body = filled(
            uuid=names("plan-of-action"),
            metadata=_oscal.metadata(header, title, totals.report_id or "none", records, names, said),
            system_id={"identifier-type": _oscal.NS, "id": plain(systems.pop())} if len(systems) == 1 else {},
            **plan.members(),
            back_matter={"resources": [_results(names), *_oscal.files(header, records, names)]},
        )
        return _oscal.written("plan-of-action-and-milestones", body, 3)


def _results(names: Names) -> Record:
    told = "What was judged, and on what it rests: the document that the format oscal writes of the same report."
    return _oscal.elsewhere(names, "results", "Assessment results", told, names("assessment-results"))


class _Plan:
    """The plan on its way, manifest by manifest."""

    def __init__(self, header: Record, names: Names) -> None:
        self._header, self._names = header, names
        self._scenes: list[Scene] = []
        self._observations: list[Record] = []
        self._risks: list[Record] = []
        self._items: list[Record] = []

    def manifest(self, record: Record, names: Names) -> None:
        """What stopped the judging of a manifest, and what is open in it."""
        scene = Scene(self._header, record, names)
        for stop in _oscal.manifest_stops(record):
            self._stopped(scene, *scene.stopped(stop))
        for finding in record["findings"]:
            self._put(scene.observation(finding), scene.risk(finding), _item(scene, finding))
        self._scenes.append(scene)

    def run(self, totals: Totals) -> None:
        """What stopped the run, and an item of its own when there is no other."""
        scene = Scene.of_run(self._header, self._names)
        for stop in _oscal.whole_run_stops(totals):
            self._stopped(scene, *scene.stopped(stop))
        self._scenes.append(scene)
        if not self._items:
            told = "Of what was judged, no gap and no unknown is open. This is no statement about anything else."
            said = props(nothing_open=True)
            self._items = [{"uuid": self._names("item"), "title": "Nothing is open", "description": told, "props": said}]

    def _stopped(self, scene: Scene, observation: Record, risk: Record) -> None:
        item = {"uuid": scene.names("item", risk["uuid"]), "title": risk["title"], "description": risk["description"]}
        self._put(observation, risk, item)

    def _put(self, observation: Record, risk: Record, item: Record) -> None:
        self._observations.append(observation)
        self._risks.append(risk)
        seen, open_ = [{"observation-uuid": observation["uuid"]}], [{"risk-uuid": risk["uuid"]}]
        self._items.append(item | {"related-observations": seen, "related-risks": open_})

    def members(self) -> Mapping[str, Any]:
        """The members of the document that hold what is open."""
        defined = [scene.definitions() for scene in self._scenes]
        assets = [one["assessment-assets"] for one in defined]
        return {
            "local_definitions": filled(
                components=[component for one in defined for component in one.get("components", ())],
                assessment_assets={kind: [one for some in assets for one in some[kind]] for kind in assets[0]},
            ),
            "observations": self._observations, "risks": self._risks, "poam_items": self._items,
        }  # fmt: skip


def _item(scene: Scene, finding: Record) -> Record:
    """What is open, with what the exception or the baseline says of it; what would close it stands in the risk, too."""
    said = {**finding.get("baseline", {}), **finding.get("exception", {})}
    about = props(
        finding_id=finding["id"], rule=finding["rule"], severity=finding["severity"], status=status(finding),
        owner=_oscal.owner(finding), due=due(finding), ticket=said.get("ticket"), approver=said.get("approver"),
        manifest=scene.record["manifest"],
    )  # fmt: skip
    close = finding.get("remediation") or scene.header["rules"].get(finding["rule"], {}).get("remediation")
    title = f"{line(finding['title'])}: {line(subject(finding))}"
    return filled(
        uuid=scene.names("item", finding["id"]), title=title, description=_oscal.told(finding), props=about,
        remarks=f"To close: {line(close)}" if close else "",
    )  # fmt: skip
