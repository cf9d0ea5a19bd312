"""The words of the design as types: immutable records and enums; imports only the standard library.

The records are named tuples and not frozen dataclasses because twenty of the latter cost a third of the start-up time
of the whole program (docs/decisions/0003-records.md).
"""

from enum import Enum
from typing import Any, Final, NamedTuple, Protocol


class _Unknown(Enum):
    UNKNOWN = "unknown"

    def __bool__(self) -> bool:
        raise TypeError("unknown is neither true nor false")

    def __repr__(self) -> str:
        return "UNKNOWN"


#: The third truth value, and the value of everything that is missing or blank.
UNKNOWN: Final = _Unknown.UNKNOWN


#: The properties that name an item of a list, first of them first: what key routes and subject ids are made of.
ITEM_KEYS = (
    "id", "name", "law", "principle", "jurisdiction", "expectation", "rule", "kind", "version", "type", "stage", "pattern",
    "from_sensitivity", "on", "step",
    "phase",
)  # fmt: skip


#: The modalities of expectations that ask: what only rests on others informs, and never blocks.
BINDING = ("must", "should")


#: The longest term of an exception in days, where a configuration sets no other.
EXCEPTION_DAYS = 365


class Outcome(str, Enum):
    """What a finding says. Order is strength: the first that applies is an expectation's roll-up (design 4)."""

    GAP = "gap"
    UNKNOWN = "unknown"
    MET = "met"
    NOT_USED = "not_used"
    NOT_APPLICABLE = "not_applicable"

    # Enum's own hash is a Python function, and outcomes are counted by the hundred a manifest.
    __hash__ = str.__hash__


class Assurance(str, Enum):
    """What stands behind an outcome (design 4)."""

    CONTRADICTED = "contradicted"
    DECLARED = "declared"
    SUPPORTED = "supported"
    VERIFIED = "verified"

    __hash__ = str.__hash__


class Severity(str, Enum):
    """Written in the rule, never computed. `info` never blocks."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for info to 3 for high."""
        return _RANKS[self]

    __hash__ = str.__hash__


_RANKS = {Severity.INFO: 0, Severity.LOW: 1, Severity.MEDIUM: 2, Severity.HIGH: 3}


class Problem(NamedTuple):
    """Bad input: where it stands (1-based; 0 when the whole file is meant) and what to do, in one line."""

    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}:{self.column}" if self.line else self.path
        return f"{place}: {self.message}"


class Location(NamedTuple):
    """A place in a file. Lines and columns are 1-based code points; `end_column` is exclusive, 0 when not known."""

    path: str
    line: int
    column: int
    end_column: int = 0
    route: str = ""


def cells(text: str) -> int:
    """How many columns of a terminal a text takes: two for what is set wide, none for marks on the character before."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    unseen = ("Mn", "Me", "Cf")
    return sum(0 if category(c) in unseen else 2 if east_asian_width(c) in "WF" else 1 for c in text)


class Fact(NamedTuple):
    """One value that a finding rests on: its key route, what it says, and where it stands.

    `declared` is false when the manifest says nothing there; the location is then the nearest declared parent.
    `source` is `manifest`, `artefact` or `pack`.
    """

    route: str
    value: Any
    declared: bool
    location: Location | None
    source: str = "manifest"
    note: str = ""


class Subject(NamedTuple):
    """One thing in a manifest that a rule judges. `route` is its key route, e.g. `surfaces[reviews]`."""

    kind: str
    id: str
    route: str


class Accepted(NamedTuple):
    """The exception under which a gap is accepted. Dates are UTC days; the last day still counts."""

    id: str
    reason: str
    approver: str
    ticket: str
    granted_on: str
    expires_on: str
    compensating_control: str


class Debt(NamedTuple):
    """What a baseline says of a gap or unknown. `state` is known, worse, new, or new_rule (the rule is newer than it)."""

    state: str
    since: str = ""
    owner: str = ""
    due_on: str = ""
    ticket: str = ""
    plan: str = ""
    overdue: bool = False


class Finding(NamedTuple):
    """One rule held against one subject."""

    id: str
    rule: str
    title: str
    severity: Severity
    outcome: Outcome
    assurance: Assurance
    subject: Subject
    expectations: tuple[str, ...]
    message: str
    location: Location | None
    facts: tuple[Fact, ...] = ()
    missing: tuple[str, ...] = ()
    related: tuple[Location, ...] = ()
    remediation: str = ""
    because_of: str = ""
    verified: tuple[int, int] = (0, 0)
    equivalent: str = ""
    exception: Accepted | None = None
    debt: Debt | None = None
    #: The last day on which it does not block yet, by `Options.warn_until`; blank when it blocks, or would not anyway.
    warns_until: str = ""
    #: Who answers for the subject, or for what it belongs to, as declared.
    owner: str = ""

    @property
    def integrity(self) -> bool:
        """True for a finding about the declaration itself, which belongs to no expectation."""
        return not self.expectations


class Artefact(NamedTuple):
    """One file that was looked at: path from the root with forward slashes, size in bytes, sha256 in hex."""

    path: str
    size: int
    sha256: str


class Reading(NamedTuple):
    """One value read in an artefact, in manifest words.

    `path` is below the subject that names the evidence, e.g. `("params", "limit")`; line and column are 1-based.
    """

    path: tuple[str, ...]
    value: object
    file: str
    line: int
    column: int
    note: str = ""
    #: Text that a person has to read: agreement supports, it never verifies; a denial still contradicts.
    soft: bool = False


class Quote(NamedTuple):
    """A passage of a document on which its support rests, short enough to print; a person must read it in place."""

    file: str
    line: int
    text: str


class Account(NamedTuple):
    """What an artefact says about the subject that names it.

    `unreadable` says why nothing can be said; `supported` means a document that exists, has content, is
    unchanged and fresh.
    """

    readings: tuple[Reading, ...] = ()
    artefacts: tuple[Artefact, ...] = ()
    unreadable: str = ""
    supported: bool = False
    unreadable_at: tuple[str, int] = ("", 0)
    #: Readings whose paths start at the top of the manifest: what the artefact shows and the manifest may lack,
    #: e.g. `("surfaces", "get-people-id", "auth")`; lists are walked by the items' key.
    additions: tuple[Reading, ...] = ()
    #: Paths below the subject, or from the top of the manifest, each to an item of a list that is declared and that the
    #: artefact would show, and does not.
    absences: tuple[Reading, ...] = ()
    quotes: tuple[Quote, ...] = ()
    #: What was looked for and not found, where that is good news: the artefact shows nothing that is not declared.
    agrees: str = ""
    #: Parts that could not be read, such as a bad row: the rest is judged, and each of these is told.
    complaints: tuple[Problem, ...] = ()
    #: What was not looked at, and why; the ledger of artefacts says it.
    remark: str = ""


class Discovered(NamedTuple):
    """Something a repository holds that a manifest could declare, in manifest words.

    `section` is where it belongs, e.g. `controls`; `item` is what can be filled in, an `evidence` entry with it;
    what only a person knows is left out. `questions` name the properties they must answer, with the question. Without a
    section it is something that could not be settled; `note` says what, why, and what to do.
    """

    section: str
    item: dict[str, Any]
    file: str
    line: int
    note: str = ""
    questions: tuple[tuple[str, str], ...] = ()


class Witnessed(NamedTuple):
    """One evidence entry and what came of it, for the ledger of artefacts."""

    subject: Subject
    kind: str
    path: str
    verdict: str
    said: str
    artefacts: tuple[Artefact, ...]
    quotes: tuple[Quote, ...] = ()


class Failure(NamedTuple):
    """An error, timeout or exceeded budget in a rule or verifier of ours (exit 5)."""

    what: str
    why: str


class Rollup(NamedTuple):
    """An expectation over one manifest: the outcome, and how many of its findings are gaps, and of how many."""

    outcome: Outcome
    gaps: int
    findings: int
    because_of: str = ""


class Counts(NamedTuple):
    """How many findings of each outcome, and how many of the gaps and unknowns block."""

    findings: dict[str, int]
    expectations: dict[str, int]
    integrity: dict[str, int]
    accepted: int
    known: int
    #: Met because another measure than the named example stands in (design 3.8).
    equivalent: int
    contradicted: int
    verified: int
    blocking: int


class Result(NamedTuple):
    """One manifest, judged."""

    manifest: str
    organization: dict[str, Any]
    findings: tuple[Finding, ...]
    rollup: dict[str, Rollup]
    counts: Counts
    inputs: tuple[Artefact, ...] = ()
    ledger: tuple[Witnessed, ...] = ()
    surfaces: tuple[dict[str, Any], ...] = ()
    failures: tuple[Failure, ...] = ()
    applicable: int = 0
    #: Entries of the baseline whose gap is gone; none when there is no baseline.
    fixed: tuple[str, ...] = ()
    #: Of every judgement, shown or only counted, what the report's id binds: `tally.verdicts`.
    verdicts: tuple[str, ...] = ()


class WarnUntil(NamedTuple):
    """What does not block yet: the gaps and unknowns of a rule, a document or a severity (`by`), to the end of a day."""

    by: str
    name: str
    until: str


class Options(NamedTuple):
    """What a run was asked. `detail` names the outcomes whose findings are explained; the rest are counted."""

    as_of: str
    criteria: tuple[str, ...] = ()
    fail_on: Severity = Severity.LOW
    allow_unknown: bool = False
    min_assurance: Assurance = Assurance.DECLARED
    equivalents: bool = True
    evidence: bool = True
    exit_zero: bool = False
    #: The longest term of an exception in days, by severity; what is not named is 365.
    exception_days: tuple[tuple[str, int], ...] = ()
    #: The one file (from the root) whose exceptions count; empty when they may stand anywhere.
    exceptions_from: str = ""
    #: The same as an absolute path; reports do not hold it.
    exceptions_file: str = ""
    #: What must stand behind a met expectation of a severity; what is not named is `min_assurance`.
    min_assurance_by: tuple[tuple[str, Assurance], ...] = ()
    #: What warns for now and blocks later.
    warn_until: tuple[WarnUntil, ...] = ()
    #: Patterns of manifests that folder walks leave out.
    exclude: tuple[str, ...] = ()
    #: The files beside manifests and packs that decided over the run, by what they are: configuration, baseline.
    decided_by: tuple[tuple[str, Artefact], ...] = ()
    detail: frozenset[Outcome] = frozenset(Outcome)

    def demand(self, severity: Severity) -> Assurance:
        """The least assurance with which an expectation of this severity counts as met."""
        return dict(self.min_assurance_by).get(severity.value, self.min_assurance)

    def demanding(self) -> bool:
        """Whether declaring is not enough, at least for some severity."""
        demands = (self.min_assurance, *dict(self.min_assurance_by).values())
        return any(demand is not Assurance.DECLARED for demand in demands)

    def loosening(self) -> tuple[str, ...]:
        """The options of this run that let more through than the defaults, as they were written."""
        loose = {
            "--no-evidence": not self.evidence,
            "--allow-unknown": self.allow_unknown,
            f"--fail-on {self.fail_on.value}": self.fail_on is not Severity.LOW,
            f"--criteria {','.join(self.criteria)}": bool(self.criteria),
            "--exit-zero": self.exit_zero,
            f"exclude {', '.join(self.exclude)}": bool(self.exclude),
        }
        loose |= {f"exception_days {severity} {days}": days > EXCEPTION_DAYS for severity, days in self.exception_days}
        loose |= {f"warn_until {w.until} {w.by} {w.name}": self.as_of <= w.until for w in self.warn_until}
        loose |= {f"--baseline {file.path}": what == "baseline" for what, file in self.decided_by}
        return tuple(name for name, is_set in loose.items() if is_set)


class Report(NamedTuple):
    """A run: what was asked, against which criteria, one result a manifest, and what could not be done."""

    options: Options
    criteria: dict[str, Any]
    results: tuple[Result, ...]
    problems: tuple[Problem, ...]
    exit_code: int
    skipped: tuple[str, ...] = ()


class Place(Protocol):
    """Something that can say where a value stands: a document, or a witness laid over one."""

    data: dict[str, Any]

    def locate(self, container: Any, key: Any = None) -> Location | None:
        """Where `container[key]` stands, or its nearest declared parent."""

    def parent(self, container: Any) -> tuple[Any, Any] | None:
        """The container that holds this one, and under which key; None at the top."""

    def route(self, container: Any, key: Any = None) -> str:
        """The key route of `container[key]`."""

    def as_declared(self, container: Any) -> Any:
        """The container as the manifest has it; what only a witness speaks of is itself."""


class Manifest(NamedTuple):
    """What an organisation declares, read and found well-formed."""

    path: str
    data: dict[str, Any]
    place: Place
    inputs: tuple[Artefact, ...]
    root: Any
    folder: str
    future: tuple[tuple[Any, Any], ...] = ()

    @property
    def organization(self) -> dict[str, Any]:
        """What it says of the organization; nothing where that is blank."""
        return self.data.get("organization") or {}
