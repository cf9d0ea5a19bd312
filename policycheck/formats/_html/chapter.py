"""What the chapter of one manifest says, in the order in which it is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import count, groupby
from typing import TYPE_CHECKING

from policycheck.digest import sha256_hex
from policycheck.formats import _changes
from policycheck.formats._by_expectation import grouped
from policycheck.formats._html import calendar, heatmap
from policycheck.formats._html.page import render
from policycheck.questions import by_subject, is_unread
from policycheck.report import Record, starting

if TYPE_CHECKING:
    from policycheck.run import View

MAX_QUOTE = 160
MAX_FACTS = 40
#: On the first page; what is left out there is counted and stands in the findings.
MAX_FIRST = 5
SEVERITIES = ("high", "medium", "low", "info")
OUTCOMES = ("gap", "unknown", "met", "not_used", "not_applicable")
_SENSITIVITIES = ("special", "high", "moderate", "low")
_READERS = ("none", "optional", "required")


def rendered(view: View, record: Record, since: Record | None = None) -> str:
    """The chapter as HTML. Ids in it begin with a digest of the manifest's path, so that chapters can stand together.

    `since` is what changed since an earlier report.
    """
    findings = [_told(view, finding, _digests(record)) for finding in record["findings"]]
    gaps = _numbered(f for f in findings if f["outcome"] == "gap" and "exception" not in f)
    unknown = [f for f in findings if f["outcome"] == "unknown" and "exception" not in f]
    documents = _documents(view, record, findings)
    return render(
        "chapter.html", header=view.header, record=record, at=anchor(record), counts=record["counts"],
        outcomes=OUTCOMES, severities=_by_severity(gaps, unknown), gaps=gaps, most=MAX_FIRST,
        contradicted=[f for f in gaps if f["assurance"] == "contradicted"],
        groups=_groups(gaps), unread=[f for f in unknown if is_unread(f)],
        unknown=[f for f in unknown if not is_unread(f)], questions=by_subject(f for f in unknown if not is_unread(f)),
        unshown=sum(_is_unshown(f) for f in findings),
        accepted=[f for f in findings if "exception" in f], settled=_settled(view, findings),
        documents=documents, concerning=[d for d in documents if _concerns(d)],
        unconcerning=[d for d in documents if not _concerns(d)],
        maps=heatmap.panels(record), subjects=heatmap.subjects(record),
        surfaces=_surfaces(record, findings), days=calendar.days(view.header["as_of"], findings),
        since=since, changed=_changes.grave(since.get("changes", ())) if since else [], words=_changes,
        starting=starting(record["findings"]),
        redact=view.style.get("redact", False), hygiene=[f for f in gaps if f["rule"] == "exception-hygiene"],
    )  # fmt: skip


def anchor(record: Record) -> str:
    """What the ids of a manifest's chapter begin with."""
    return f"m{sha256_hex(record['manifest'].encode('utf-8', 'replace'))[:8]}"


def _is_unshown(finding: Record) -> bool:
    """Whether it is met and no artefact was found to say so; findings of the declaration itself are counted apart."""
    return finding["outcome"] == "met" and finding["assurance"] != "verified" and bool(finding["expectations"])


def _digests(record: Record) -> dict[str, str]:
    """The digest of every file that the record names, by path."""
    files = [*record["inputs"], *(a for entry in record["artefacts"] for a in entry["artefacts"])]
    return {file["path"]: file["sha256"] for file in files}


def _told(view: View, finding: Record, digests: dict[str, str]) -> Record:
    """A finding with its evidence by place; only where somebody must act, for those are the ones shown whole."""
    needs_action = finding["outcome"] == "gap"
    return {**finding, "evidence": _evidence(view, finding, digests) if needs_action else []}


def _evidence(view: View, finding: Record, digests: dict[str, str]) -> list[Record]:
    """The places a finding rests on: where it stands, what is related, then its facts; each once, with what was read."""
    places: dict[tuple[str, int], Record] = {}
    absent: list[Record] = []
    for place in (finding["location"], *finding.get("related", ())):
        _put(places, view, digests, place)
    for fact in finding["facts"][:MAX_FACTS]:
        row = _put(places, view, digests, fact.get("location"))
        (absent if row is None else row["facts"]).append(fact)
    rest = [{"place": None, "facts": absent, "digest": "", "quote": ""}] if absent else []
    return [*places.values(), *rest]


def _put(places: dict[tuple[str, int], Record], view: View, digests: dict[str, str], place: Record | None) -> Record | None:
    if place is None:
        return None
    made = {"place": place, "digest": digests.get(place["path"], ""), "quote": _quote(view, place), "facts": []}
    return places.setdefault((place["path"], place["line"]), made)


def _quote(view: View, place: Record) -> str:
    text = view.line(place["path"], place["line"]).strip() if view.line else ""
    return text if len(text) <= MAX_QUOTE else f"{text[:MAX_QUOTE]}…"


def _numbered(gaps: Iterable[Record]) -> list[Record]:
    """Gaps in the order of reading: what is contradicted, then by severity; within that, as the report has them."""
    ordered = sorted(gaps, key=lambda f: (f["assurance"] != "contradicted", SEVERITIES.index(f["severity"])))
    return [{**finding, "number": number} for number, finding in zip(count(1), ordered, strict=False)]


def _groups(gaps: list[Record]) -> list[tuple[str, list[Record]]]:
    def heading(finding: Record) -> str:
        if finding["assurance"] == "contradicted":
            return "Contradicted by the repository"
        return "For information" if finding["severity"] == "info" else f"Severity {finding['severity']}"

    return [(name, list(some)) for name, some in groupby(gaps, heading)]


def _by_severity(gaps: list[Record], unknown: list[Record]) -> list[tuple[str, int, int]]:
    """How many gaps and unknowns there are of each severity."""
    one, other = (Counter(f["severity"] for f in some) for some in (gaps, unknown))
    return [(name, one[name], other[name]) for name in SEVERITIES]


def _documents(view: View, record: Record, findings: list[Record]) -> list[Record]:
    """Each document with all its paragraphs in order: those that were judged, and those that no manifest can show."""
    judged = {row["id"]: row for row in record["expectations"]}
    covered = {row["document"]: row for row in record["coverage"]}
    behind = grouped(findings)
    tests = _tests(view)
    untold = {name: why for why, names in view.header["criteria"]["without_a_rule"].items() for name in names}
    rows: dict[str, list[Record]] = {}
    for name, asked in view.header["expectations"].items():
        verdict = judged.get(name) or {"outcome": untold.get(name, "not judged"), "illustrative": False, "because_of": ""}
        row = {"id": name, **asked, **verdict, "behind": behind.get(name, {}), "rules": tests.get(name, [])}
        rows.setdefault(asked["document"], []).append(row)
    return [
        {**document, "rows": rows.get(document["id"], []), "coverage": covered.get(document["id"])}
        for document in view.header["criteria"]["documents"]
    ]


def _concerns(document: Record) -> bool:
    """Whether anything in a document is asked of the organisation."""
    return bool(document["coverage"] and document["coverage"]["applicable"])


def _tests(view: View) -> dict[str, list[tuple[str, str]]]:
    """By expectation, the rules that test it: id and title."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name, rule in view.header["rules"].items():
        for expectation in rule["expectations"]:
            found.setdefault(expectation, []).append((name, rule["title"]))
    return found


def _surfaces(record: Record, findings: list[Record]) -> list[Record]:
    """Where personal data can be read, the most exposed first, each with what was found about it."""
    rows = []
    for surface in record["surfaces"]:
        route = f"surfaces[{surface['id']}]"
        about = [f for f in findings if f["subject"]["route"].startswith(route) and "exception" not in f]
        tally = Counter(f["outcome"] for f in about)
        denied = sum(f["assurance"] == "contradicted" for f in about)
        rows.append({**surface, "tally": tally, "contradicted": denied, "of": sum(tally[o] for o in OUTCOMES[:3])})
    return sorted(rows, key=_exposure)


def _exposure(surface: Record) -> tuple[int, int, str]:
    """The order of exposure: how sensitive the data is, then who can read it. What is not declared comes first."""
    return (_rank(surface["sensitivity"], _SENSITIVITIES), _rank(surface["auth"], _READERS), str(surface["id"]))


def _rank(word: object, order: tuple[str, ...]) -> int:
    return order.index(str(word)) if word in order else -1


def _settled(view: View, findings: list[Record]) -> list[Record]:
    """What is met, not used or not applicable, by rule: whom it concerns, with what is behind each."""
    found: dict[str, dict[str, list[str]]] = {}
    titles: dict[str, str] = {}
    for finding in findings:
        if finding["outcome"] in OUTCOMES[2:]:
            titles[finding["rule"]] = finding["title"]
            found.setdefault(finding["rule"], {}).setdefault(_standing(finding), []).append(_name(finding))
    return [{"rule": rule, "title": titles[rule], "groups": sorted(found[rule].items())} for rule in sorted(found)]


def _standing(finding: Record) -> str:
    """An outcome with its assurance, worded; equivalent measures apart."""
    if finding["outcome"] != "met":
        return str(finding["outcome"]).replace("_", " ")
    return "met, by equivalent measure" if finding.get("equivalent") else f"met, {finding['assurance']}"


def _name(finding: Record) -> str:
    subject = finding["subject"]
    share = finding.get("verified_facts")
    aside = f" ({share[0]} of {share[1]} facts)" if share else ""
    return f"{subject['id'] or subject['kind']}{aside}"
