"""What stands beside the action list in a workbook: expectations, exceptions, the evidence ledger, the method.

Each function gives the rows of a sheet for one manifest or for the run; every chosen expectation and every file that was
read is among them, so that a reader can check that nothing was left out.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from policycheck.attachments import LOCK
from policycheck.formats import _call
from policycheck.formats._actions import Column, Row, plain, spot, subject, word
from policycheck.report import Record, Totals

if TYPE_CHECKING:
    from policycheck.run import View

HYGIENE = "exception-hygiene"
EXPECTATIONS = (
    Column("Expectation", 18), Column("Document", 11), Column("Locator", 40), Column("Modality", 14),
    Column("What is asked (our paraphrase)", 60), Column("Text seen", 30), Column("Outcome", 15),
    Column("Gaps", 8), Column("Of findings", 10), Column("Share", 12), Column("Why", 36), Column("Tested by", 46),
    Column("Organization", 18), Column("Manifest", 34),
)  # fmt: skip
EXCEPTIONS = (
    Column("State", 14), Column("Exception", 18), Column("Approver", 20), Column("Reason", 44), Column("Ticket", 14),
    Column("Granted", 12), Column("Expires", 12), Column("Compensating control", 26), Column("Findings", 10),
    Column("What it covers, or what is wrong with it", 56), Column("Where", 34), Column("Organization", 18),
    Column("Manifest", 34),
)  # fmt: skip
EVIDENCE = (
    Column("Verdict", 12), Column("Artefact", 48), Column("Kind", 16), Column("For", 26), Column("Said", 60),
    Column("Quotes", 60), Column("Named as", 34), Column("Size", 10), Column("SHA-256", 68), Column("Organization", 18),
    Column("Manifest", 34),
)  # fmt: skip
METHOD = (Column("Part", 20), Column("Item", 34), Column("What", 110))
#: What a cell of a workbook can hold, in characters.
_MOST = 32_767
_UNTESTED = {
    "not_codifiable": "No rule can test it on a manifest.",
    "awaiting_source": "Its text is still awaited.",
    "no_rule": "No rule tests it yet, or its rule is disabled.",
}
_SEEN = {
    "V": "read at the issuer, or in a copy that the issuer hosts", "V2": "read in a third party's account",
    "VP": "read in part", "M": "from memory; the text was not seen",
}  # fmt: skip
_LIMITS = (
    "Only the design is examined, as the repository shows it at one date: not whether a control is deployed, or works.",
    "What is declared and backed by nothing is taken as declared; the column Assurance says so.",
    "No regulator has endorsed the criteria, the rules or this report. The source documents decide, not our paraphrases.",
    "Every file that was read is in the sheet Evidence, also those that gave nothing. Nothing was sampled.",
    "The column Management response is left to the organisation.",
)
_WORDS = {
    "gap": "The expectation applies, and the manifest or an artefact shows it unmet.",
    "unknown": "The manifest does not say enough, or an artefact could not be read. Silence is not compliance.",
    "met": "The expectation applies and is met, with the assurance given.",
    "not used": "The source allows it (may) and it is not done. Never blocks.",
    "not applicable": "Declared facts say that the expectation does not apply.",
    "not tested": "No rule tests the expectation; the column Why says why not.",
    "contradicted": "An artefact says otherwise than the manifest.",
    "declared": "Only the manifest says so.",
    "supported": "Attached documents exist, have content, are unchanged and fresh; a person must read them.",
    "verified": "It was read in an artefact, and all that both speak of agrees.",
    "high, medium, low": "Written in each rule, never computed. What is below --fail-on does not block.",
    "info": "Never blocks: the rule rests on nothing but may and informational expectations.",
    "open": "A gap or unknown that blocks.",
    "open, not blocking": "A gap or unknown whose severity, or the run's options, let it through.",
    "accepted": "A gap under an exception in force; Due is the last day of the exception.",
    "known": "The baseline knows it, with the owner and due date given there. Overdue is held against the report's date.",
    "warning": "It does not block yet; Due is the last day on which it only warns.",
    "no action": "Met, not used or not applicable.",
    "read, supports": "Evidence: values were read in it, or it is there, unchanged and fresh, for a person to read.",
    "doubted, unreadable": "Evidence: it does not count, or says nothing, for the reason given.",
    "input": "Evidence: a file of the manifest itself.",
}


def expectations(view: View, record: Record) -> list[Row]:
    """Every chosen expectation exactly once, in the order of the documents."""
    rolled = {row["id"]: row for row in record["expectations"]}
    why = {name: _UNTESTED[key] for key, names in view.header["criteria"]["without_a_rule"].items() for name in names}
    tested: dict[str, list[str]] = {}
    for rule, about in view.header["rules"].items():
        for name in about["expectations"]:
            tested.setdefault(name, []).append(rule)
    ours = _whose(record)
    return [
        [*_expectation(name, asked, rolled.get(name), why.get(name, "")), plain(", ".join(tested.get(name, ()))), *ours]
        for name, asked in view.header["expectations"].items()
    ]


def _expectation(name: str, asked: Record, row: Record | None, why: str) -> Row:
    about: Row = [plain(name), plain(asked["document"]), plain(asked["locator"]), asked["modality"]]
    about += [plain(asked["paraphrase"]), _SEEN.get(asked["seen"], "")]
    if row is None:
        return [*about, "not tested", "", "", "", why]
    share = f"{row['gaps']} of {row['findings']}" if row["gaps"] else ""
    return [*about, word(row["outcome"]), row["gaps"], row["findings"], share, _because(row["because_of"])]


def _because(fact: str) -> str:
    return plain(f"because of {fact}") if fact else ""


def exceptions(record: Record) -> list[Row]:
    """The exceptions in force with what they cover, then what is not in order with any."""
    behind: dict[str, list[Record]] = {}
    for finding in record["findings"]:
        if finding.get("exception"):
            behind.setdefault(finding["exception"]["id"], []).append(finding)
    flawed = [f for f in record["findings"] if f["rule"] == HYGIENE and f["outcome"] != "met"]
    return [_exception(record, some) for some in behind.values()] + [_flaw(record, finding) for finding in flawed]


def _exception(record: Record, covered: list[Record]) -> Row:
    by = covered[0]["exception"]
    keys = ("id", "approver", "reason", "ticket", "granted_on", "expires_on", "compensating_control")
    told = "; ".join(f"{finding['rule']} on {subject(finding)} ({finding['id']})" for finding in covered)
    places = ", ".join(dict.fromkeys(spot(finding["location"]) for finding in covered))
    return ["in force", *(plain(by[key]) for key in keys), len(covered), plain(told), plain(places), *_whose(record)]


def _flaw(record: Record, finding: Record) -> Row:
    told = plain(finding.get("message"))
    blank = [""] * 6
    place = spot(finding["location"])
    return ["not in order", plain(finding["subject"]["id"]), *blank, "", told, place, *_whose(record)]


def _kind(path: str) -> str:
    return "lock" if path.endswith(LOCK) else "manifest"


def evidence(record: Record) -> list[Row]:
    """The manifest's own files, then the ledger: a row an artefact of each entry, also where it gave nothing."""
    files = record["inputs"]
    found: list[Row] = [
        ["input", plain(f["path"]), _kind(f["path"]), "", "", "", "", f["size"], f["sha256"], *_whose(record)] for f in files
    ]
    for entry in record["artefacts"]:
        for number, artefact in enumerate(entry["artefacts"] or [{"path": entry["path"], "size": "", "sha256": ""}]):
            found.append([*_witnessed(entry, artefact, said=number == 0), *_whose(record)])
    return found


def _witnessed(entry: Record, artefact: Record, said: bool) -> Row:
    """One artefact of an entry; what was said of them all stands beside the first."""
    quotes = "; ".join(f"{q['path']}:{q['line']}: {q['text']}" for q in entry["quotes"] if q["path"] == artefact["path"])
    about: Row = [entry["verdict"], plain(artefact["path"]), plain(entry["kind"]), subject(entry)]
    return [
        *about,
        plain(entry["said"]) if said else "",
        plain(quotes),
        plain(entry["path"]),
        artefact["size"],
        artefact["sha256"],
    ]


def _whose(record: Record) -> Row:
    return [plain(record["organization"].get("id")), plain(record["manifest"])]


def judged(record: Record) -> list[Row]:
    """What the sheet Method says of one manifest: that it was judged, what does not concern it, what failed."""
    counts = record["counts"]
    name = plain(record["manifest"])
    found: list[Row] = [["Manifests", name, _listed(counts["findings"])]]
    for fact, names in record["scope"]["not_concerned"].items():
        found.append(["Manifests", name, plain(f"By {fact}, not concerned by {', '.join(names)}.")])
    found += [["Redacted", name, plain(f"{one['what']} at {one['where']}")] for one in record.get("redactions", ())]
    found += [["Could not be judged", name, plain(f"{f['what']}: {f['why']}")] for f in record["failures"]]
    return found


def method(view: View, totals: Totals, manifests: list[Row]) -> list[Row]:
    """What was asked, against what, what came out, what the words mean, and what the report is not."""
    header = view.header
    return [
        *_named("Report", _report(header, totals)),
        *_named("Report", [("This copy", "values and quotations are left out")] if view.style.get("redact") else ()),
        *_named("What was found", _found(totals)),
        *manifests,
        *_named("Could not be judged", [(plain(p.path), plain(str(p))) for p in totals.problems]),
        *_named("Criteria", _criteria(header["criteria"])),
        *_named("Options", _options(header["options"])),
        *_named("How to do it again", [("Command", _command(header, manifests, totals))]),
        *_named("Words", _WORDS.items()),
        *_named("Limits", ((str(number), limit) for number, limit in enumerate(_LIMITS, 1))),
    ]


def _named(part: str, items: Any) -> Iterator[Row]:
    return ([part, item, text] for item, text in items)


def _report(header: Record, totals: Totals) -> list[tuple[str, str]]:
    loosened = ", ".join(header["options"]["loosened_by"])
    return [
        ("Report id", totals.report_id),
        ("As of", header["as_of"]),
        ("Written by", f"{header['tool']['name']} {header['tool']['version']}"),
        ("Exit code", f"{totals.exit_code}"),
        ("How strict the run was", plain(f"loosened by {loosened}") if loosened else "nothing was loosened"),
        ("What it is not", plain(header["disclaimer"])),
    ]


def _found(totals: Totals) -> list[tuple[str, str]]:
    marks = totals.marks
    told = ", ".join(f"{marks[name]} {name}" for name in ("blocking", "contradicted", "verified", "accepted", "known"))
    return [
        ("Manifests judged", str(totals.manifests)),
        ("Findings", _listed(totals.findings)),
        ("Expectations", _listed(totals.expectations)),
        ("Of the declaration itself", _listed(totals.integrity)),
        ("Of the findings", f"{told}, {marks['equivalent']} met by an equivalent measure"),
    ]


def _listed(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {word(outcome)}" for outcome, number in numbers.items()) or "none"


def _criteria(criteria: Record) -> Iterator[tuple[str, str]]:
    for pack in criteria["packs"]:
        origin = "shipped" if pack["shipped"] else "not shipped"
        yield (
            f"Pack {plain(pack['id'])}",
            plain(f"version {pack['version']}, {origin}, {pack['rules']} rules, {pack['digest']}"),
        )
    for document in criteria["documents"]:
        about = ", ".join(filter(None, (document[key] for key in ("title", "issuer", "date", "status", "url"))))
        yield f"Document {plain(document['id'])}", plain(f"{about} ({_SEEN.get(document['seen'], document['seen'])})")
    yield "Chosen", f"{criteria['expectations']} expectations, {criteria['rules']} rules"
    for name, why in criteria["rules_disabled"].items():
        yield f"Disabled rule {plain(name)}", plain(why)


def _options(options: Record) -> Iterator[tuple[str, str]]:
    for key, value in options.items():
        shown = {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value
        if key == "decided_by":
            shown = "; ".join(f"{file['what']} {file['path']} sha256:{file['sha256']}" for file in value)
        elif isinstance(value, list):
            shown = ", ".join(map(str, value)) or ("all" if key == "criteria" else "none")
        yield word(key), plain(shown)


def _command(header: Record, manifests: list[Row], totals: Totals) -> str:
    """The call that gives the same report id on the same files, from the repository's root, under the same configuration."""
    words = _call.words(header, (str(row[1]) for row in manifests), (p.path for p in totals.problems), known=False)
    call = shlex.join([*words, "--format", "json"])
    shown = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in call)
    return (
        shown if len(shown) <= _MOST else "longer than a cell can hold; README.txt of a bundle and the HTML record name it"
    )
