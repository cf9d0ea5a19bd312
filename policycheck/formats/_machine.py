"""What the formats for machines share: how a finding is told without its values, and what else stopped a run.

A report that goes to a code host may be read by anyone. Without `--show-values` a message therefore names the rule, the
subject and the facts it rests on, and no value of theirs: a limit that is known is a limit that can be stayed under.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from policycheck.digest import sha256_hex
from policycheck.formats._terminal import harmless
from policycheck.questions import lacking
from policycheck.redaction import unnamed
from policycheck.report import Record, Totals

MAX_ROUTES = 5
_GAPS, _NOTHING, _BUG = 1, 4, 70
RANKS = {"high": 0, "medium": 1, "low": 2, "info": 3}
UNPRUNED = "baseline-not-pruned"
#: What can stop a run besides findings, as rules of their own, so that each format has a name and a help text for them.
STOPS: dict[str, tuple[str, str]] = {
    "invalid-input": ("Every file that is named is valid", "Run `policycheck validate` and correct what it names."),
    "incomplete": ("Every rule and verifier came to an end", "Report the failure; what it would have judged is open."),
    "nothing-applied": ("At least one must or should expectation applies", "Check organization.roles and --criteria."),
    UNPRUNED: ("The baseline holds only gaps that are open", "Run `policycheck baseline prune`."),
    "bug": ("policycheck itself works", "Report what the run printed on standard error."),
}


class Place(NamedTuple):
    """Where something stands: path from the root, 1-based line and column; `end_column` is exclusive, 0 if not known."""

    path: str
    line: int = 1
    column: int = 1
    end_column: int = 0


#: What belongs to the whole run is put here, since the readers of these formats want a file.
RUN = Place("policycheck.yaml")


class Stop(NamedTuple):
    """Something that made the exit code other than 0 and is no finding. `rule` is one of STOPS."""

    rule: str
    place: Place
    message: str
    #: The message without values, where it has some: what is told decides nothing about the id.
    plain: str = ""
    #: Which of those that are called alike: a file may be invalid in several places.
    number: int = 1

    @property
    def id(self) -> str:
        """A name that is the same in every format, made of the rule, the path and what went wrong."""
        parts = [self.rule, self.place.path, self.plain or self.message, *([str(self.number)] if self.number > 1 else [])]
        return sha256_hex("\0".join(parts).encode("utf-8", "replace"))[:32]


def place_of(finding: Record, record: Record) -> Place:
    """Where a finding stands; the manifest's first line if it stands nowhere."""
    location = finding["location"]
    return place(location) if location else Place(record["manifest"])


def place(location: Mapping[str, Any]) -> Place:
    """A location of the report. Line and column are at least 1."""
    line, column = max(1, location["line"]), max(1, location["column"])
    return Place(location["path"], line, column, location.get("end_column") or 0)


def told(finding: Record, style: Mapping[str, Any]) -> str:
    """A finding in one line: with values only if the run was asked to show them."""
    subject = f"{finding['subject']['kind']} {finding['subject']['id']}".strip()
    if style.get("show_values") and finding.get("message"):
        return harmless(f"{subject}: {finding['message']}")
    parts = [f"{finding['title']}: {finding['outcome'].replace('_', ' ')} for {subject}"]
    if finding["assurance"] == "contradicted":
        beside = [f"{p['path']}:{p['line']}" for p in finding.get("related", ())[:1]]
        parts.append(f"contradicted by the repository{''.join(f', declared at {at}' for at in beside)}")
    missing = finding.get("missing", ())
    routes = unnamed(finding["facts"])
    read = [routes.get(fact["route"], fact["route"]) for fact in finding["facts"] if fact["route"] not in missing]
    if not (read or missing) and finding["location"]:
        read = [route for route in [finding["location"]["route"]] if route]
    rows = [fact["route"] for fact in finding["facts"] if fact.get("source") == "pack"]
    unsaid = lacking(finding)
    parts += [f"not declared: {_few(unsaid)}"] if unsaid else []
    parts += [f"no row in the pack: {_few(rows)}"] if rows else []
    parts += [f"rests on {_few(read)}"] if read else []
    return harmless("; ".join(parts))


def _few(routes: Any) -> str:
    names = list(dict.fromkeys(routes))
    more = len(names) - MAX_ROUTES
    return ", ".join(names[:MAX_ROUTES]) + (f" and {more} more" if more > 0 else "")


def stops(record: Record, style: Mapping[str, Any]) -> Iterator[Stop]:
    """What stopped the judging of one manifest: exit codes 5 and 4."""
    here, seen = Place(record["manifest"]), Counter[str]()
    for failure in record["failures"]:
        plain = harmless(f"{failure['what']} did not come to an end")
        seen[plain] += 1
        said = harmless(f"{failure['what']}: {failure['why']}") if style.get("show_values") else plain
        yield Stop("incomplete", here, said, plain, seen[plain])
    if not record["scope"]["applicable"]:
        yield Stop("nothing-applied", here, "No must or should expectation applied to this manifest")


def run_stops(totals: Totals, style: Mapping[str, Any]) -> Iterator[Stop]:
    """What stopped the run itself: exit codes 3 and 70, and a run that judged nothing."""
    plain, seen = "The file is not valid and was not judged", Counter[str]()
    for problem in totals.problems:
        seen[problem.path] += 1
        said = harmless(problem.message) if style.get("show_values") else plain
        where = Place(problem.path, max(1, problem.line), max(1, problem.column))
        yield Stop("invalid-input", where, said, plain, seen[problem.path])
    if totals.exit_code == _BUG:
        yield Stop("bug", RUN, "The run ended with a bug of policycheck; something was not judged")
    elif totals.exit_code == _GAPS and not totals.marks["blocking"]:
        yield Stop(UNPRUNED, RUN, "The baseline holds gaps that are closed, and the run was strict about it")
    elif totals.exit_code == _NOTHING and not totals.manifests:
        yield Stop("nothing-applied", RUN, "There was no manifest to judge")


def loosened(header: Record) -> str:
    """By what a run let more through than the defaults, in one line; empty for a run that did not."""
    options = header["options"]["loosened_by"]
    return harmless(f"This run was loosened by {', '.join(options)}") if options else ""


def unjudged(record: Record) -> list[str]:
    """What was not judged of one manifest, a sentence each, for formats that people read."""
    return [stop.message for stop in stops(record, {"show_values": True})]


def unjudged_at_all(totals: Totals) -> list[str]:
    """The same of the run: a report that leaves a file out without a word looks better than the run was."""
    aside = ("invalid-input", UNPRUNED)
    others = [stop.message for stop in run_stops(totals, {"show_values": True}) if stop.rule not in aside]
    return [*map(harmless, map(str, totals.problems)), *others]


def unpruned(totals: Totals) -> list[str]:
    """Why a run failed of which everything was judged and nothing blocks: a sentence, or none."""
    return [f"{stop.message}." for stop in run_stops(totals, {}) if stop.rule == UNPRUNED]


def blocking(record: Record) -> list[Record]:
    """The findings that make the exit code 1, in the order of the report."""
    return [finding for finding in record["findings"] if finding["blocks"]]


def aside(record: Record) -> list[Record]:
    """The gaps that do not block although nobody accepted them: too low a severity, or known to the baseline."""
    return [f for f in record["findings"] if f["outcome"] == "gap" and not f["blocks"] and not f.get("exception")]


def cut(text: str, most: int) -> str:
    """Text no longer than `most` characters; "..." says that something is missing."""
    return text if len(text) <= most else f"{text[: most - 3]}..."
