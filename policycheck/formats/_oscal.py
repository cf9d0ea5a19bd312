"""OSCAL 1.2.1 objects made of report records: names, texts and properties, and what a finding becomes in any of the models.

Every UUID is of version 5 (RFC 9562 section 5.5) and made of the report's id and of ids that stay, so that the assessment
results and the plan of action of one run name the same things alike. Fields that OSCAL reads as Markdown get the texts of
others escaped; all other fields get them on one line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from policycheck.digest import uuid5
from policycheck.errors import UsageError
from policycheck.formats import _markdown
from policycheck.formats._actions import due, plain, subject
from policycheck.formats._html import calendar
from policycheck.formats._machine import Stop, run_stops, stops
from policycheck.report import Record, Totals

if TYPE_CHECKING:
    from policycheck.run import View

VERSION = "1.2.1"
#: What our property names, facets and system ids belong to. Nothing stands there; it is a name.
NS = "https://github.com/policycheck/policycheck/ns/oscal"
#: The UUID of NS among URLs, in which all others are named.
_SPACE = bytes.fromhex("379fe98b9b68536a9acf1a81c0524bc2")
#: A document of more manifests is of no use to the tools that read it; jsonl takes any number.
MAX_MANIFESTS = 100
OPEN = ("gap", "unknown")
#: What a failed attempt to judge is told with: the reason, since an audit record is no public log.
_TELLING = {"show_values": True}
_WEB = re.compile(r"https?://[^\s]+")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
Names = Callable[..., str]
Props = list[Record]


# --- names -----------------------------------------------------------------------------------------------------


def named(*parts: object) -> str:
    """The UUID of something by its kind, and by what tells it from others of its kind."""
    return uuid5(_SPACE + "\0".join(map(str, parts)).encode("utf-8", "backslashreplace"))


def names_of(totals: Totals) -> Names:
    """What names everything in the documents of one run."""
    return partial(named, "report", totals.report_id)


def catalog_uuid(header: Record) -> str:
    """The catalog's UUID: the same for every run of one version that asks the same of the same packs."""
    packs = [f"{pack['id']} {pack['version']} {pack['digest']}" for pack in header["criteria"]["packs"]]
    return named("catalog", header["tool"]["version"], *packs, *header["expectations"])


def objective(control: str) -> str:
    """The id of the assessment objective of a control. No expectation's id has an underscore."""
    return f"{control}_obj"


def check_control(rule: str) -> str:
    """The id of the control for a check of the declaration itself, which no source document asks for."""
    return f"policycheck.{rule}"


def checks(header: Record) -> dict[str, Record]:
    """The rules on the declaration itself: those behind which there is no expectation."""
    return {name: rule for name, rule in sorted(header["rules"].items()) if not rule["expectations"]}


# --- values ----------------------------------------------------------------------------------------------------


#: Names, digests and paragraphs come hundreds of times in a large document.
_plain = lru_cache(4096)(plain)


@lru_cache(4096)
def line(text: object) -> str:
    """Text of others in a field of Markdown: no markup, no insert, no line of its own; never empty."""
    return _markdown.safe(_plain(text)).replace("^", "\\^") or "(blank)"


def _code(text: object) -> str:
    """Text of others as inline code; two braces would be an insert of OSCAL even there."""
    return _markdown.code(_plain(text)).replace("{{", "{ {")


def props(**values: object) -> Props:
    """Properties in our namespace, underscores as hyphens; what is blank or none is left out."""
    found = {name.replace("_", "-"): _plain(_word(value)) for name, value in values.items()}
    return [{"name": name, "value": value, "ns": NS} for name, value in found.items() if value]


def _word(value: object) -> object:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else "" if value is None else value


def filled(**members: Any) -> Record:
    """An object without its empty members, which OSCAL does not allow; underscores as hyphens."""
    return {key.rstrip("_").replace("_", "-"): value for key, value in members.items() if value not in ("", None, [], {})}


def moment(day: str) -> str:
    """The first moment of a day."""
    return f"{day}T00:00:00Z"


def last_moment(day: object) -> str:
    """The last moment of a day that still counts; empty for what is no day that OSCAL can say."""
    try:
        found = date.fromisoformat(str(day)) if len(str(day)) == 10 else None
    except ValueError:
        found = None
    return f"{found.isoformat()}T23:59:59Z" if found and 1900 <= found.year < 3000 else ""


def file(path: str) -> str:
    """A path as a reference; a colon in it would be read as a scheme."""
    return quote(path.encode("utf-8", "backslashreplace"), safe="/")


def web(url: object) -> str:
    """An address of the web as a reference; empty for anything else."""
    text = str(url)
    return quote(text.encode("utf-8", "backslashreplace"), safe="%:/?#[]@!$&'()*+,;=") if _WEB.fullmatch(text) else ""


def written(model: str, body: Record, depth: int) -> bytes:
    """A document, its members broken into lines down to `depth`, so that two of them can be compared by eye."""
    return (_laid({model: body}, depth) + "\n").encode()


def _laid(value: Any, depth: int) -> str:
    if not depth or not value or not isinstance(value, dict | list):
        return _encode(value)
    if isinstance(value, list):
        return "[\n" + ",\n".join(_laid(item, depth - 1) for item in value) + "\n]"
    return "{\n" + ",\n".join(f"{_encode(key)}:{_laid(item, depth - 1)}" for key, item in value.items()) + "\n}"


# --- the frame of a document -----------------------------------------------------------------------------------


def metadata(header: Record, title: str, version: str, records: Iterable[Record], names: Names, said: Props) -> Record:
    """The heading of a document, with the organisations whose manifests were judged."""
    parties = {_party(record, names)["uuid"]: _party(record, names) for record in records}
    assessed = [{"role-id": "assessed", "party-uuids": list(parties)}] if parties else []
    return filled(
        title=line(title), last_modified=moment(header["as_of"]), version=version, oscal_version=VERSION,
        props=[*props(tool=f"{header['tool']['name']} {header['tool']['version']}"), *said],
        roles=[
            {"id": "assessed", "title": "The organisation that declared what was judged"},
            {"id": "owner", "title": "Whoever closes a gap"},
        ] if parties else [],
        parties=list(parties.values()), responsible_parties=assessed, remarks=line(header["disclaimer"]),
    )  # fmt: skip


def _party(record: Record, names: Names) -> Record:
    organization = record["organization"]
    name = plain(organization.get("name") or organization.get("id")) or "(blank)"
    uuid = names("party", organization.get("id"))
    return filled(uuid=uuid, type="organization", name=name, short_name=plain(organization.get("id")))


def about_run(header: Record, totals: Totals) -> Props:
    """What a document says of the run: which report, how it ended, how strict it was, against what."""
    said = props(report_id=totals.report_id, as_of=header["as_of"], exit_code=totals.exit_code, manifests=totals.manifests)
    for option in header["options"]["loosened_by"]:
        said += props(loosened_by=option)
    return said + packs(header)


def packs(header: Record) -> Props:
    """The packs, each with version and digest."""
    found: Props = []
    for pack in header["criteria"]["packs"]:
        found += props(pack=f"{pack['id']} {pack['version']} {pack['digest']}")
    return found


def elsewhere(names: Names, kind: str, title: str, description: str, identifier: str = "") -> Record:
    """A resource of the back matter that stands for another document, by its id."""
    ids = [{"scheme": "https://ietf.org/rfc/rfc4122", "identifier": identifier}] if identifier else []
    return filled(uuid=names("resource", kind), title=title, description=description, document_ids=ids)


def files(header: Record, records: Iterable[Record], names: Names) -> list[Record]:
    """A resource for every file that was read, once, with size and digest, and for the files that decided over the run."""
    found = {(a["path"], a["sha256"]): a for record in records for a in _read(record)}
    found |= {(a["path"], a["sha256"]): a for a in header["options"].get("decided_by", ())}
    return [_file(artefact, names("file", *key)) for key, artefact in sorted(found.items())]


def _read(record: Record) -> list[Record]:
    return [*record["inputs"], *(artefact for entry in record["artefacts"] for artefact in entry["artefacts"])]


def _file(artefact: Record, uuid: str) -> Record:
    hashes = [{"algorithm": "SHA-256", "value": artefact["sha256"]}] if artefact["sha256"] else []
    link = filled(href=file(artefact["path"]), hashes=hashes)
    return filled(uuid=uuid, title=line(artefact["path"]), props=props(size=artefact["size"]), rlinks=[link])


class Kept:
    """The records of a run, until all are there. Raises UsageError when they are more than a document should hold."""

    def __init__(self, view: View, name: str) -> None:
        self.header, self._name = view.header, name
        self._records: list[bytes] = []

    def add(self, rendered: bytes) -> bytes:
        """One manifest; nothing is written yet."""
        if len(self._records) == MAX_MANIFESTS:
            raise UsageError(f"{self._name} takes at most {MAX_MANIFESTS} manifests; name fewer, or use --format jsonl")
        self._records.append(rendered)
        return b""

    def __iter__(self) -> Iterator[Record]:
        return map(json.loads, self._records)


def kept(record: Record) -> bytes:
    """One manifest's record on its way to `Kept`."""
    return json.dumps(record).encode()


# --- what a manifest's findings become ---------------------------------------------------------------------------


class Scene:
    """What one manifest's findings become, tied together by names. `names` must differ from manifest to manifest."""

    def __init__(self, header: Record, record: Record, names: Names) -> None:
        self.header, self.record, self.names = header, record, names
        self._digests = {artefact["path"]: artefact["sha256"] for artefact in _read(record)}
        self._components: dict[str, Record] = {}

    @classmethod
    def of_run(cls, header: Record, names: Names) -> Scene:
        """The scene of what belongs to no manifest."""
        return cls(header, {"inputs": [], "artefacts": []}, partial(names, "run"))

    def definitions(self) -> Record:
        """The subjects that were referred to so far, and the tool."""
        found = filled(components=list(self._components.values()))
        return found | {"assessment-assets": self._tool()}

    def _tool(self) -> Record:
        tool = self.header["tool"]
        component = {
            "uuid": self.names("tool"), "type": "software", "title": tool["name"],
            "description": "Holds declarations, and what a repository shows, against what source documents expect.",
            "props": [{"name": "version", "value": tool["version"]}], "status": {"state": "operational"},
        }  # fmt: skip
        platform = {"uuid": self.names("platform"), "uses-components": [{"component-uuid": component["uuid"]}]}
        return {"components": [component], "assessment-platforms": [platform]}

    def _origins(self) -> list[Record]:
        return [{"actors": [{"type": "tool", "actor-uuid": self.names("tool")}]}]

    def _subject(self, about: Record) -> Record:
        """A reference to a subject of the manifest, which becomes a component of this document."""
        title, uuid = line(subject({"subject": about})), self.names("subject", about["kind"], about["id"])
        self._components.setdefault(uuid, {
            "uuid": uuid, "type": plain(about["kind"]) or "subject", "title": title,
            "description": "As the manifest declares it, or an artefact shows it.",
            **filled(props=props(route=about.get("route"), id=about["id"])),
            "status": {"state": "other", "remarks": "Only the design was examined, not whether it is in operation."},
        })  # fmt: skip
        return {"subject-uuid": uuid, "type": "component", "title": title}

    def observation(self, finding: Record) -> Record:
        """What was seen: the facts with file and line, by which method, and what it came to."""
        return filled(
            uuid=self.names("observation", finding["id"]), title=line(finding["title"]), description=told(finding),
            props=_props_of(finding), methods=_methods(finding),
            types=["finding" if finding["outcome"] in OPEN else "control-objective"], origins=self._origins(),
            subjects=[self._subject(finding["subject"])], relevant_evidence=self._evidence(finding),
            collected=moment(self.header["as_of"]), expires=_expires(finding, self.header["as_of"]),
            remarks=_unplaced(finding),
        )  # fmt: skip

    def _evidence(self, finding: Record) -> list[Record]:
        """Where the finding stands, the places that belong to it, then its facts; each place once."""
        places: dict[tuple[str, int], list[str]] = {}
        for place, what in _places(finding):
            places.setdefault((place["path"], place["line"]), []).append(what)
        return [self._place(path, number, "; ".join(filter(None, told))) for (path, number), told in places.items()]

    def _place(self, path: str, number: int, told: str) -> Record:
        said = props(line=number, sha256=self._digests.get(path, ""))
        return filled(href=file(path), props=said, description=told or "What the finding rests on.")

    def hearing(self, number: int, entry: Record) -> Record:
        """An entry of the evidence ledger: what was looked at for a subject and what it said, also where that is nothing."""
        title = f"Evidence: {line(entry['kind'])} {line(entry['path'])}"
        quotes = [f"{line(q['path'])}:{q['line']}: {line(q['text'])}" for q in entry["quotes"]]
        compared = entry["verdict"] in {"agrees", "contradicts"}
        return filled(
            uuid=self.names("hearing", number), title=title, description=line(entry["said"] or entry["verdict"]),
            props=props(verdict=entry["verdict"], kind=entry["kind"]),
            methods=["TEST" if compared else "EXAMINE"], types=["evidence"], origins=self._origins(),
            subjects=[self._subject(entry["subject"])],
            relevant_evidence=[_artefact(artefact, entry["verdict"]) for artefact in entry["artefacts"]],
            collected=moment(self.header["as_of"]), remarks="\n\n".join(quotes),
        )  # fmt: skip

    def heard(self, finding: Record) -> list[str]:
        """The entries of the ledger that the finding's subject names."""
        about = finding["subject"]
        name = (about["kind"], about["id"].partition(" / ")[0])
        entries = enumerate(self.record["artefacts"], 1)
        return [self.names("hearing", n) for n, e in entries if (e["subject"]["kind"], e["subject"]["id"]) == name]

    def risk(self, finding: Record) -> Record:
        """What is open because of a gap or an unknown, what helps meanwhile, what would close it and by when."""
        accepted = finding.get("exception")
        factor = self._mitigating(finding) if accepted and accepted["compensating_control"] else None
        return filled(
            uuid=self.names("risk", finding["id"]), title=line(finding["title"]), description=told(finding),
            statement=_statement(finding, self.header), props=_props_of(finding),
            status="deviation-approved" if accepted else "open", origins=self._origins(),
            characterizations=[self._weight(finding["severity"])], mitigating_factors=[factor] if factor else [],
            deadline=last_moment(due(finding)), remediations=[*self._recommended(finding), *self._planned(finding)],
            risk_log=filled(entries=[*self._accepted(finding), *self._known(finding)]),
            related_observations=[{"observation-uuid": self.names("observation", finding["id"])}],
        )  # fmt: skip

    def _weight(self, severity: str) -> Record:
        return {"origin": self._origins()[0], "facets": [{"name": "severity", "system": NS, "value": severity}]}

    def _mitigating(self, finding: Record) -> Record:
        name = finding["exception"]["compensating_control"]
        told = f"The exception names control {line(name)} as what compensates meanwhile."
        about = [self._subject({"kind": "control", "id": name})]
        return {"uuid": self.names("factor", finding["id"]), "description": told, "subjects": about}

    def _recommended(self, finding: Record) -> Iterator[Record]:
        rule = self.header["rules"].get(finding["rule"], {})
        text = finding.get("remediation") or rule.get("remediation")
        if text:
            yield {
                "uuid": self.names("recommendation", finding["id"]), "lifecycle": "recommendation",
                "title": "What would close it", "description": line(text),
            }  # fmt: skip

    def _planned(self, finding: Record) -> Iterator[Record]:
        """The plan of the baseline, as far as it names an owner, a day or what will be done."""
        debt = finding.get("baseline", {})
        if debt.get("plan") or debt.get("due_on") or debt.get("owner"):
            yield {
                "uuid": self.names("plan", finding["id"]), "lifecycle": "planned", "title": "What is planned",
                "description": line(debt.get("plan") or "No plan is written down beyond who closes it, or by when."),
                "tasks": [self._task(finding, last_moment(debt.get("due_on")), owner(finding))],
            }  # fmt: skip

    def _task(self, finding: Record, day: str, name: str) -> Record:
        roles = [{"role-id": "owner", "remarks": line(name)}] if name else []
        return filled(
            uuid=self.names("task", finding["id"]), type="milestone" if day else "action", title="Closed",
            timing={"on-date": {"date": day}} if day else {}, responsible_roles=roles,
        )  # fmt: skip

    def _accepted(self, finding: Record) -> Iterator[Record]:
        by = finding.get("exception")
        if by:
            start = moment(by["granted_on"]) if last_moment(by["granted_on"]) else moment(self.header["as_of"])
            yield filled(
                uuid=self.names("accepted", finding["id"]), title=f"Accepted by exception {line(by['id'])}",
                description=f"{line(by['reason'])} Approved by {line(by['approver'])}.", start=start,
                end=last_moment(by["expires_on"]), props=props(ticket=by["ticket"]), status_change="deviation-approved",
            )  # fmt: skip

    def _known(self, finding: Record) -> Iterator[Record]:
        since = finding.get("baseline", {}).get("since")
        if last_moment(since):
            told = "Written into the baseline of known gaps."
            yield {
                "uuid": self.names("known", finding["id"]), "title": "Known", "description": told,
                "start": moment(since), "status-change": "open",
            }  # fmt: skip

    def stopped(self, stop: Stop) -> tuple[Record, Record]:
        """What kept something from being judged, as an observation and a risk: silence must not read as a pass."""
        observation = {
            "uuid": self.names("observation", stop.id), "title": f"Not judged: {stop.rule}",
            "description": line(stop.message), "props": props(rule=stop.rule), "methods": ["TEST"], "types": ["finding"],
            "origins": self._origins(),
            "relevant-evidence": [self._place(stop.place.path, stop.place.line, "Where it stopped.")],
            "collected": moment(self.header["as_of"]),
        }  # fmt: skip
        risk = {
            "uuid": self.names("risk", stop.id), "title": f"Not judged: {stop.rule}", "description": line(stop.message),
            "statement": "What was not judged may hold any gap.", "props": props(rule=stop.rule), "status": "open",
            "origins": self._origins(), "related-observations": [{"observation-uuid": observation["uuid"]}],
        }  # fmt: skip
        return observation, risk


def manifest_stops(record: Record) -> list[Stop]:
    """What stopped the judging of one manifest."""
    return list(dict.fromkeys(stops(record, _TELLING)))


def whole_run_stops(totals: Totals) -> list[Stop]:
    """What stopped the run; a run over nothing is stopped by that."""
    return list(dict.fromkeys(run_stops(totals, _TELLING)))


def owner(finding: Record) -> str:
    """Who closes it by the baseline, or else who answers for the subject by the manifest."""
    return plain(finding.get("baseline", {}).get("owner") or finding.get("owner"))


def told(finding: Record) -> str:
    """A finding in words."""
    said = [line(text) for text in [finding.get("message") or finding.get("because_of")] if text]
    if finding.get("equivalent"):
        said.append(f"Met by an equivalent measure: {line(finding['equivalent'])}.")
    if finding.get("verified_facts"):
        said.append("Read in artefacts: {} of {} facts.".format(*finding["verified_facts"]))
    word = finding["outcome"].replace("_", " ")
    return " ".join(said) or f"{word.capitalize()}: {line(finding['title'])}."


def _props_of(finding: Record) -> Props:
    debt = finding.get("baseline", {})
    return props(
        finding_id=finding["id"], rule=finding["rule"], outcome=finding["outcome"], assurance=finding["assurance"],
        severity=finding["severity"], blocks=finding["blocks"], baseline=debt.get("state"), overdue=debt.get("overdue"),
        warns_until=finding.get("warns_until"), exception=finding.get("exception", {}).get("id"), owner=owner(finding),
        ticket=finding.get("exception", {}).get("ticket") or debt.get("ticket"),
    )  # fmt: skip


def _methods(finding: Record) -> list[str]:
    """How it was found out: values read in artefacts are a test, documents are examined, a declaration is an answer."""
    if finding["assurance"] in {"verified", "contradicted"}:
        declared = any("source" not in fact for fact in finding["facts"])
        return ["TEST", "INTERVIEW"] if declared else ["TEST"]
    if finding["assurance"] == "supported":
        return ["EXAMINE", "INTERVIEW"]
    return ["INTERVIEW"] if finding["expectations"] else ["EXAMINE"]


def _places(finding: Record) -> Iterator[tuple[Record, str]]:
    if finding["location"]:
        yield finding["location"], ""
    for place in finding.get("related", ()):
        yield place, f"Belongs to it: {_code(place['route'])}" if place["route"] else ""
    for fact in finding["facts"]:
        if fact.get("location"):
            yield fact["location"], _fact(fact)


def _fact(fact: Mapping[str, Any]) -> str:
    """A fact in words: its route, its value, what the artefact's line says."""
    value = fact.get("value")
    # A report that somebody else wrote may hold a mapping.
    shown = (
        ", ".join(map(str, value)) if isinstance(value, list) else str(value) if isinstance(value, dict) else _word(value)
    )
    said = "not declared" if fact.get("declared") is False else line(shown) if "value" in fact else ""
    note = f" ({line(fact['note'])})" if fact.get("note") else ""
    return f"{_code(fact['route'])}: {said}{note}"


def _unplaced(finding: Record) -> str:
    """The facts that stand in no file, such as what a pack's table lacks."""
    return "; ".join(_fact(fact) for fact in finding["facts"] if not fact.get("location"))


def _artefact(artefact: Record, verdict: str) -> Record:
    said = props(sha256=artefact["sha256"], size=artefact["size"])
    return filled(href=file(artefact["path"]), props=said, description=f"Looked at for an entry that {line(verdict)}.")


def _expires(finding: Record, as_of: str) -> str:
    """The last moment of the first day, not past, on which something that the finding rests on ends or falls due."""
    aside = {"baseline", "warns_until"}
    if not last_moment(finding.get("exception", {}).get("expires_on")):
        aside.add("exception")
    resting = {key: value for key, value in finding.items() if key not in aside}
    days = [day.day for day in calendar.days(as_of, [resting]) if not day.is_past]
    return last_moment(days[0]) if days else ""


def _statement(finding: Record, header: Record) -> str:
    """What is asked and, as far as this report goes, is not shown to be so."""
    asked = [(name, header["expectations"][name]) for name in finding["expectations"] if name in header["expectations"]]
    if not asked:
        return "The declaration itself is in doubt, and so is what rests on it. No source document asks this."
    said = "; ".join(f"{line(name)} ({line(one['locator'])}, {one['modality']})" for name, one in asked)
    state = "is not met" if finding["outcome"] == "gap" else "is not shown to be met"
    return f"What these ask {state} for {line(subject(finding))}: {said}."
