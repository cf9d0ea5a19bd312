"""The shapes of what stands around a manifest: rules and their tests, packs, expectations, the JSON report.

Imported only to generate schemas. Read `manifests/v1_shape.py` first: these classes are written in the same
way, with one difference. A blank in a manifest is silence, which is a fact to judge; a blank in a rule or a
pack is a slip. So here a property with `BLANK` may be left out but not left blank, and only `X | None` may be
null.

The words of `Outcome`, `Severity` and `Assurance` are those of `model.py`; a test holds the two together. The
report's classes follow `report.py` key by key; optional is what `report.py` leaves out when it is empty.
"""

from __future__ import annotations

from enum import unique
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from policycheck.manifests.v1_shape import (
    BLANK,
    SLUG,
    SLUG_HINT,
    AtLeastOne,
    Auth,
    Count,
    Day,
    Jurisdiction,
    Role,
    Sensitivity,
    Sha256,
    Shape,
    Size,
    SubjectKind,
    SurfaceKind,
    Word,
)

MAX_BINDINGS = 3
_NUMBER = r"(0|[1-9]\d*)"
_BOUND = rf"(==|>=|<=|>|<){_NUMBER}(\.{_NUMBER}){{0,2}}"


def _schema(pattern: str, hint: str) -> dict[str, str]:
    """A pattern for the whole text. The lookahead keeps a final newline out in every regex engine."""
    return {"type": "string", "pattern": rf"^({pattern})$(?!\n)", "x-hint": hint}


def _form(pattern: str, hint: str) -> Any:
    """The same as a marker, for a type that is text already."""
    return Field(json_schema_extra={k: v for k, v in _schema(pattern, hint).items() if k != "type"})


ONCE = Field(json_schema_extra={"uniqueItems": True})
SOME = Field(min_length=1)


# --- single values ------------------------------------------------------------------------------------------

Text = Annotated[str, SOME]
Expression = Annotated[str, SOME]
Slug = Annotated[str, _form(SLUG, SLUG_HINT)]
NAME = ("[A-Za-z_][A-Za-z0-9_]*", "use letters, digits and _, no digit first")
Name = Annotated[str, _form(*NAME)]
DocumentId = Annotated[str, _form("[A-Z][A-Z0-9]*(-[A-Z0-9]+)*", "write a document's code in capitals, such as CJS24")]
ExpectationId = Annotated[
    str,
    _form(
        "[A-Z][A-Z0-9]*(-[A-Za-z0-9.]+)+",
        "write the document's code, a hyphen and a place, such as CJS24-13b1",
    ),
]
Version = Annotated[
    str,
    _form(
        rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-[0-9A-Za-z.-]+)?",
        "write three numbers, such as 1.4.0 (semver.org)",
    ),
]
VersionRange = Annotated[
    str, _form(rf"{_BOUND}(, ?{_BOUND})*", "write one or more bounds with commas between, such as >=1.2, <2")
]
PartialDate = Annotated[
    str,
    _form(
        r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?",
        "write a year, a month or a day in quotes, such as '2024-10-28'",
    ),
]
WebAddress = Annotated[str, _form(r"https?://\S+", "write the whole address, with https://")]
Uuid = Annotated[str, _form("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "write a UUID in small letters")]
Digest = Annotated[str, _form("sha256:[0-9a-f]{64}", "write sha256: and 64 hexadecimal digits")]
FindingId = Annotated[str, _form("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "write a UUID in lower case (RFC 9562)")]


@unique
class Severity(Word):
    """How much a gap weighs; written in the rule, never computed."""

    high = "blocks under every --fail-on"
    medium = "blocks unless --fail-on is high"
    low = "blocks under --fail-on low, the default"
    info = "never blocks; for rules none of whose expectations is a must or a should"


@unique
class Outcome(Word):
    """What a finding says."""

    gap = "the expectation applies and the manifest, or an artefact, shows it unmet"
    unknown = "not declared: the manifest does not say enough"
    met = "the expectation applies and is met"
    not_used = "the source allows it (may) and it is not done"
    not_applicable = "the facts say that the expectation does not apply"


@unique
class Assurance(Word):
    """What stands behind an outcome."""

    contradicted = "an artefact says otherwise"
    declared = "only the manifest says so"
    supported = "attached documents exist, have content, are unchanged and fresh"
    verified = "it was read in an artefact, and all that both speak of agrees"


@unique
class Demand(Word):
    """The least assurance that a run takes for met."""

    declared = "a declaration is enough"
    supported = "documents are needed"
    verified = "it must be read in an artefact"


@unique
class Modality(Word):
    """How strongly the source puts it."""

    must = "an obligation in the source's words"
    should = "expected"
    may = "allowed or recommended as an option; never blocks"
    informational = "a statement of fact or law; never blocks"


@unique
class Seen(Word):
    """How surely the text behind the paraphrase was seen."""

    V = "read at the issuer, or in a copy that the issuer hosts"
    V2 = "read in a third party's account"
    VP = "read in part"
    M = "from memory; the text was not seen"


@unique
class Confidence(Word):
    """How sure a mapping to another framework is."""

    H = "high"
    M = "middling"
    L = "low"


@unique
class Verdict(Word):
    """What came of reading an artefact."""

    agrees = "what was read in it is what is declared, or stricter"
    contradicts = "it says otherwise, or shows what is not declared"
    read = "values were read in it that nothing declared stands against"
    supports = "it is there, unchanged and fresh, for a person to read"
    doubted = "it says something and does not count, for the reason given"
    unreadable = "it says nothing, for the reason given"


@unique
class GapState(Word):
    """How a gap stands to a baseline."""

    known = "it was known, as it is; it does not block"
    worse = "it was known, and has become worse"
    new = "it was not known"
    new_rule = "its rule is newer than the baseline"


class FactSource(Word):
    """Where a fact comes from."""

    manifest = "the organisation declares it"
    artefact = "it was read in an artefact"
    pack = "a pack's table has, or lacks, it"


# --- a rule -------------------------------------------------------------------------------------------------

ForEach = Annotated[
    str | dict[Name, Expression],
    WithJsonSchema(
        {
            "type": ["string", "object"],
            "minLength": 1,
            "examples": [kind.name for kind in SubjectKind],
            "minProperties": 1,
            "maxProperties": MAX_BINDINGS,
            "propertyNames": _schema(*NAME),
            "additionalProperties": {"type": "string", "minLength": 1},
        }
    ),
]


class Reference(Shape):
    """Something a reader of the rule should know."""

    title: Text
    """What it is called."""
    url: WebAddress = BLANK
    """Where it is; never fetched."""


class Rule(Shape):
    """How one or more expectations are tested on a manifest; the file's name, without .yaml, is the rule's id.

    An expression is written in the rule language, a strict subset of CEL; `policycheck rules lint` holds it
    against the manifest's schema.
    """

    title: Text
    """What holds when the rule is met, as a sentence that a reader understands alone, such as: Profile views
    are rate limited per account."""
    expectations: Annotated[list[ExpectationId], ONCE]
    """The ids of the expectations that the rule tests, such as CJS24-13b1. They decide whom it concerns. `[]`
    only for an integrity rule, which tests the declaration itself."""
    severity: Severity
    """How much a gap weighs. If none of the expectations is a must or a should it is info."""
    for_each: ForEach
    """What the rule is held against, one finding each: a kind of subject, such as surface, or one to three
    bindings `name: list expression`, of which later ones see earlier ones and each tuple is judged. What is
    bound as `place` is a jurisdiction, and so is the `jurisdiction` of an entry."""
    let: dict[Name, Expression] = BLANK
    """Names for parts of the rule; each is an expression and sees the bindings and the names above it."""
    when: Expression = BLANK
    """What the subject must be for the rule to apply, true or false. False: not applicable. Whom the
    expectations concern is not written here; the expectations say it."""
    assert_: Annotated[Expression, Field(alias="assert")]
    """What must hold, true or false. True: met; false: a gap; neither can be told: unknown."""
    equivalents: Expression = BLANK
    """The controls that may stand in for the measure, as an expression such as surface.controls; only where
    the expectations that concern the organisation are illustrative."""
    message: Text
    """What a gap says, as a sentence. `{surface.id}` and other expressions in braces are filled in."""
    remediation: Text
    """What closes the gap: what to do, and what to declare."""
    snippet: Text = BLANK
    """The piece of a manifest, as YAML, that would declare it."""
    references: list[Reference] = BLANK
    """Further reading."""
    formerly: Annotated[list[Slug], ONCE] = BLANK
    """Earlier ids of the rule; baselines and exceptions that name them still hold."""
    disabled: Text = BLANK
    """Why the rule does not run, such as: awaiting its source. Left out, it runs."""


# --- a rule's tests -----------------------------------------------------------------------------------------

_OUTCOMES = _schema(
    "|".join(outcome.name for outcome in Outcome),
    "write " + ", ".join(outcome.name for outcome in Outcome) + ", or one of them by subject",
)
Expected = Annotated[
    str | dict[Text, Outcome],
    WithJsonSchema(
        {
            **_OUTCOMES,
            "type": ["string", "object"],
            "examples": [outcome.name for outcome in Outcome],
            "minProperties": 1,
            "propertyNames": {"type": "string", "minLength": 1},
            "additionalProperties": {"enum": [outcome.name for outcome in Outcome]},
        }
    ),
]


class Case(Shape):
    """One manifest and what the rule must say of it."""

    name: Text
    """What the case shows, as a short sentence; unique in the file."""
    manifest: dict[str, Any] = BLANK
    """What is laid over the base: mappings key by key; lists and values replace; a blank blanks. Left out, the
    base is judged as it is."""
    expect: Expected
    """The outcome of every finding of the rule, or outcomes by the subject's id, such as `reviews: gap`."""
    at: Text = BLANK
    """The key route at which the finding must stand, such as controls[edge-limit].params.limit."""
    subject: Text = BLANK
    """The id of the subject that is meant by `expect` and `at` if the rule judges several."""
    as_of: Day = BLANK
    """The date of the evaluation. Left out, that of the test run."""
    criteria: list[Text] = BLANK
    """Documents, expectations or packs to hold the manifest against. Left out, all."""


class RuleTest(Shape):
    """The tests of one rule, in <rule-id>.test.yaml beside it.

    At least one case expects met, one gap (not_used if every expectation is a may) and, if the rule has a
    `when`, one not_applicable. Unknown cases are generated.
    """

    base: dict[str, Any] = BLANK
    """What all cases of this file share, laid over the pack's base manifest, base.test.yaml, before each case."""
    cases: Annotated[list[Case], SOME]
    """The cases."""


# --- a pack -------------------------------------------------------------------------------------------------


class SourceDocument(Shape):
    """A statement, guidance, decision or law that expectations are taken from."""

    id: DocumentId
    """The document's code, with which the ids of its expectations begin, such as CJS24."""
    title: Text
    """Its title, as the issuer writes it."""
    issuer: Text
    """Who issued it."""
    date: PartialDate
    """When it was issued: a day, or the month or year if no more is known."""
    url: WebAddress = BLANK
    """Where the issuer has it; never fetched."""
    status: Text
    """What force it has, in words: statement of expectations, guidance, law in force, draft."""
    seen: Seen
    """How surely its text was seen; its expectations say so one by one."""
    addressees: Annotated[list[Role], SOME, ONCE] = BLANK
    """The roles that its expectations concern unless they name their own. Left out, every organisation."""
    excluded_roles: Annotated[list[Role], SOME, ONCE] = BLANK
    """The roles to which it does not speak, whatever others an organisation has. Left out, none."""
    notes: Text = BLANK
    """What a reader should know: what was read, what has changed since."""


class Pack(Shape):
    """A folder of source documents, expectations, rules, definitions and data tables, versioned together."""

    id: Slug
    """The pack's short name, the same as its folder's."""
    version: Version
    """Its version by semantic versioning: a new rule is a minor version."""
    title: Text
    """What it is about, in one line."""
    description: Text = BLANK
    """What it covers and where its limits are."""
    requires: dict[Slug, VersionRange] = BLANK
    """Packs whose definitions and data it builds on, by id, each with a range of versions."""
    documents: list[SourceDocument] = BLANK
    """The source documents of its expectations; each has a file expectations/<id>.yaml."""


# --- expectations -------------------------------------------------------------------------------------------


class Expectation(Shape):
    """One thing that a source document asks."""

    locator: Text
    """Where it stands in the document, in words: para 13, bullet 2."""
    paragraph: AtLeastOne = BLANK
    """The number of the paragraph, where the document numbers them."""
    modality: Modality
    """How strongly the document puts it."""
    paraphrase: Text
    """What it asks, in the pack's own words, never the document's."""
    seen: Seen
    """How surely the text was seen."""
    url: WebAddress = BLANK
    """Where it was read, if that is not the document's address; never fetched."""
    addressees: Annotated[list[Role], SOME, ONCE] = BLANK
    """The roles that it concerns. Left out, those of the document."""
    excluded_roles: Annotated[list[Role], SOME, ONCE] = BLANK
    """The roles that it leaves out, whatever others an organisation has. Left out, those of the document."""
    sizes: Annotated[list[Size], SOME, ONCE] = BLANK
    """The sizes that it concerns, only where the document speaks to some. Left out, all."""
    jurisdictions: Annotated[list[Jurisdiction], SOME, ONCE] = BLANK
    """The jurisdictions that it concerns, which is the law of a place: a finding about one place counts for it only
    when that place is among them. Left out, all."""
    illustrative: bool = BLANK
    """Whether the document names the measure as an example, so that an equivalent one can meet it. Left out,
    false."""
    family: Slug = BLANK
    """The family of measures it belongs to, such as rate-limiting."""
    supports: dict[Slug, list[Text]] = BLANK
    """What it is evidence for in other frameworks, by framework (gdpr, owasp-oat): articles or classes."""
    confidence: dict[Slug, Confidence] = BLANK
    """How sure that mapping is, by framework."""
    note: Text = BLANK
    """What a reader should know: that no number is set, where accounts differ, how a word was read."""
    uncodifiable: Text = BLANK
    """Why no rule can test it. Left out, rules can."""
    awaiting: Text = BLANK
    """What is awaited before its rules may run; until then they are disabled."""
    aliases: list[ExpectationId] = BLANK
    """Other ids under which it is known."""
    tested_by: Annotated[list[Slug], SOME, ONCE] = BLANK
    """Rules of packs that this one requires, which test it too. A gap is then printed once, with both expectations."""


class Expectations(Shape):
    """What one source document asks, in expectations/<document>.yaml."""

    document: DocumentId
    """The document's id, as in pack.yaml."""
    expectations: Annotated[dict[ExpectationId, Expectation], SOME]
    """The expectations by id; an id is never used anew for something else."""


# --- the report ---------------------------------------------------------------------------------------------


class Tool(Shape):
    """What wrote the report."""

    name: Literal["policycheck"]
    """Its name."""
    version: Version
    """Its version."""


class Grace(Shape):
    """What warns up to and on a day, in UTC, and blocks from the next; exactly one of rule, document and severity."""

    rule: Text = BLANK
    """A rule's id."""
    document: DocumentId = BLANK
    """A source document's code."""
    severity: Severity = BLANK
    """A severity."""
    until: Day
    """The last day."""


class DecidingFile(Shape):
    """A file that is no manifest and no pack and still decided over the run."""

    what: Text
    """What it is: configuration, baseline."""
    path: str
    """Where it is, from the folder of the call."""
    size: Count
    """Its length in bytes."""
    sha256: Sha256
    """Its SHA-256 in hexadecimal digits."""


class RunOptions(Shape):
    """What the run was asked."""

    criteria: list[str]
    """The documents, expectations or packs that were chosen; empty means all."""
    fail_on: Severity
    """The least severity that blocks."""
    allow_unknown: bool
    """Whether unknowns were let through."""
    min_assurance: Demand
    """The least assurance that counted as met."""
    equivalents: bool
    """Whether equivalent measures were accepted."""
    evidence: bool
    """Whether artefacts were read."""
    exit_zero: bool
    """Whether gaps were to end with exit code 0."""
    loosened_by: list[str]
    """The options that let more through than the defaults, as they were written."""
    min_assurance_by: dict[Severity, Demand] = BLANK
    """The least assurance that counted as met, for the severities that have one of their own."""
    exception_days: dict[Severity, Count] = BLANK
    """The longest term of an exception in days, by severity; 365 where none is given."""
    exceptions_from: Text = BLANK
    """The one file whose exceptions count, from the root."""
    warn_until: list[Grace] = BLANK
    """What did not block yet, and until when."""
    exclude: list[Text] = BLANK
    """Patterns of manifests that folder walks left out."""
    decided_by: list[DecidingFile] = BLANK
    """The files beside manifests and packs that decided over the run."""


class UsedPack(Shape):
    """A pack that manifests were held against."""

    id: str
    """Its id."""
    version: Version
    """Its version."""
    digest: Digest
    """What identifies it: the SHA-256 over the names and contents of its files, tests left out."""
    shipped: bool
    """Whether it came with policycheck."""
    rules: Count
    """How many rules it holds."""


class UsedDocument(Shape):
    """A source document behind the expectations; what its pack does not say is an empty text."""

    id: DocumentId
    """Its code."""
    title: str
    """Its title."""
    issuer: str
    """Who issued it."""
    date: str
    """When."""
    url: str
    """Where."""
    status: str
    """What force it has."""
    seen: Seen
    """How surely it was seen."""


class WithoutRule(Shape):
    """The chosen expectations that no running rule tests, by why."""

    not_codifiable: list[ExpectationId]
    """No rule can test them."""
    awaiting_source: list[ExpectationId]
    """Their text is still awaited."""
    no_rule: list[ExpectationId]
    """Nobody has written a rule yet, or it is disabled."""


class UsedCriteria(Shape):
    """What the manifests were held against."""

    packs: list[UsedPack]
    """The packs."""
    documents: list[UsedDocument]
    """The source documents of the chosen expectations."""
    expectations: Count
    """How many expectations were chosen."""
    rules: Count
    """How many rules ran."""
    without_a_rule: WithoutRule
    """The chosen expectations that no rule tests."""
    rules_disabled: dict[Text, str]
    """The rules that do not run, by id, and why."""


class RanRule(Shape):
    """A rule that ran, in its own words."""

    title: str
    """What it tests."""
    severity: Severity = BLANK
    """What is at stake; left out where each finding has its own."""
    family: str
    """What it belongs to."""
    expectations: list[ExpectationId]
    """The expectations it tests; none for a rule about the declaration itself."""
    remediation: str
    """What closes its gaps."""
    formerly: list[Text] = BLANK
    """Earlier ids of the rule; findings under them in older reports are its own."""


class ChosenExpectation(Shape):
    """Where a chosen expectation stands."""

    document: DocumentId
    """Its source document."""
    locator: str
    """Where in the document."""
    modality: Modality
    """How strongly it is asked."""
    seen: Seen
    """How surely its text was seen."""
    paraphrase: str
    """What is asked, in our words."""
    family: Slug = BLANK
    """The family of measures it belongs to."""
    supports: dict[Slug, list[Text]] = BLANK
    """What it is evidence for in other frameworks, by framework; it supports them and is equivalent to none."""
    confidence: dict[Slug, Confidence] = BLANK
    """How sure that mapping is, by framework."""


class OutcomeCounts(Shape):
    """How many there are of each outcome."""

    gap: Count
    """Gaps."""
    unknown: Count
    """Unknowns."""
    met: Count
    """Met."""
    not_used: Count
    """Not used."""
    not_applicable: Count
    """Not applicable."""


class OutcomeTotals(Shape):
    """How many there are of each outcome in the whole run; empty if no manifest was judged."""

    gap: Count = BLANK
    """Gaps."""
    unknown: Count = BLANK
    """Unknowns."""
    met: Count = BLANK
    """Met."""
    not_used: Count = BLANK
    """Not used."""
    not_applicable: Count = BLANK
    """Not applicable."""


class Marks(Shape):
    """What is counted beside the outcomes."""

    accepted: Count
    """Findings under an exception in force; they do not block."""
    known: Count
    """Findings that the baseline knows; they do not block."""
    equivalent: Count
    """Findings that are met by another measure than the one that was asked for."""
    contradicted: Count
    """Findings that an artefact contradicts."""
    verified: Count
    """Findings that an artefact confirms."""
    blocking: Count
    """Findings that make the run end with exit code 1."""


class ManifestCounts(Marks):
    """The numbers of one manifest, of all its findings whether listed or not."""

    findings: OutcomeCounts
    """Findings that belong to an expectation."""
    expectations: OutcomeCounts
    """Expectations, rolled up over their findings."""
    integrity: OutcomeCounts
    """Findings about the declaration itself, which belong to no expectation."""


class RunTotals(Marks):
    """The numbers of the run."""

    manifests: Count
    """Manifests judged."""
    findings: OutcomeTotals
    """Findings that belong to an expectation."""
    expectations: OutcomeTotals
    """Expectations of each manifest, rolled up, added."""
    integrity: OutcomeTotals
    """Findings about the declarations themselves."""


class ReportedOrganization(Shape):
    """Who declared; what was not declared is null."""

    id: Slug
    """Its id."""
    name: str | None
    """Its name."""
    roles: list[Role]
    """What it is to the expectations."""
    size: Size | None
    """How large it is."""
    jurisdictions: list[Jurisdiction] | None
    """Where the people live whose data it holds."""
    contact: str | None
    """Who answers for the manifest."""


class DocumentCoverage(Shape):
    """How much of one document could be decided; not a score."""

    document: str
    """The document."""
    applicable: Count
    """Expectations with a rule that apply to this organisation."""
    evaluated: Count
    """Those of them that are decided: all but the unknown ones."""


class ReportedExpectation(Shape):
    """One expectation over one manifest."""

    id: ExpectationId
    """Its id."""
    document: DocumentId
    """The document it is taken from."""
    locator: str
    """Where it stands there."""
    modality: Modality
    """How strongly the document puts it."""
    illustrative: bool
    """Whether an equivalent measure can meet it."""
    seen: Seen
    """How surely its text was seen."""
    outcome: Outcome
    """Gap if any of its findings is a gap, else unknown, else met, not_used, not_applicable."""
    gaps: Count
    """How many of its findings are gaps."""
    findings: Count
    """Of how many that apply."""
    because_of: str
    """The declared fact, or the missing one, that decided when no rule was judged; otherwise empty."""


class Scope(Shape):
    """What applied, and what did not by which declared fact."""

    applicable: Count
    """How many expectations that are a must or a should applied."""
    not_concerned: dict[Text, list[ExpectationId]]
    """The expectations that do not concern the organisation, by the fact that says so, such as
    organization.roles."""


class ReportedSurface(Shape):
    """A surface with what makes it matter; what was not declared is null."""

    id: Slug
    """Its id."""
    kind: SurfaceKind
    """What kind of way to the data it is."""
    auth: Auth | None
    """Whether one must be signed in."""
    sensitivity: Sensitivity | None
    """The highest sensitivity among its fields."""
    fields_: Annotated[Count, Field(alias="fields")]
    """How many fields are declared."""


class ReadFile(Shape):
    """A file that was read."""

    path: str
    """Its path from the root, with forward slashes."""
    size: Count
    """Its size in bytes."""
    sha256: Sha256
    """Its SHA-256 in hexadecimal digits."""


class NamedSubject(Shape):
    """A subject."""

    kind: str
    """Its kind."""
    id: str
    """Its id; a field is surface.field."""


class JudgedSubject(NamedSubject):
    """What a rule was held against. Several bindings are joined by ` / ` in the id."""

    route: str
    """Its key route in the manifest, such as surfaces[reviews]; empty if it has none."""


class ReportedQuote(Shape):
    """A passage of a document."""

    path: str
    """The file."""
    line: Count
    """The line from 1."""
    text: str
    """What stands there, shortened."""


class Hearing(Shape):
    """One entry of evidence and what came of it."""

    subject: NamedSubject
    """The subject that names it."""
    kind: str
    """How it is read: a verifier's name, or document."""
    path: str
    """The path, or the address, that the manifest names."""
    verdict: Verdict
    """What came of it."""
    said: str
    """What was read in it, or why it says nothing, in words."""
    artefacts: list[ReadFile]
    """The files that were read."""
    quotes: list[ReportedQuote]
    """The passages on which support rests; a person must read them in place."""


class Location(Shape):
    """A place in a file. Lines and columns count from 1, columns in code points."""

    path: str
    """The file's path from the root, with forward slashes."""
    line: AtLeastOne
    """The line."""
    column: AtLeastOne
    """The column."""
    end_column: AtLeastOne | None
    """The column after the last; null if not known."""
    route: str
    """The key route of what stands there, such as controls[edge-limit].params.limit; may be empty."""


class FactPlace(Shape):
    """Where a fact stands; its route is the fact's own."""

    path: str
    """The file, from the root, with forward slashes."""
    line: AtLeastOne
    """The line, counted from 1."""
    column: AtLeastOne
    """The column, counted from 1 in characters."""
    end_column: AtLeastOne = BLANK
    """The column behind its last character, when it ends on the same line."""


class Fact(Shape):
    """One value that a finding rests on."""

    route: str
    """Its key route."""
    value: Any = BLANK
    """What it says: text, a number, true, false, a list of such; left out if nothing is declared. Of a mapping or
    a list of mappings only that there is one, or how many."""
    declared: bool = BLANK
    """Written, as false, only if nothing is said there; the location is then the nearest declared parent."""
    source: FactSource = BLANK
    """Where it comes from; left out for what the manifest itself says."""
    location: FactPlace = BLANK
    """Where it stands; left out for what stands in no file, such as a row that a pack lacks."""
    note: str = BLANK
    """What the artefact's line says, in words."""


class KnownGap(Shape):
    """What a baseline says of a gap or unknown."""

    state: GapState
    """Whether it was known."""
    since: str = BLANK
    """The day it was first written down, in UTC."""
    owner: str = BLANK
    """Who closes it."""
    due_on: str = BLANK
    """Until when."""
    ticket: str = BLANK
    """Where the work is followed."""
    plan: str = BLANK
    """What will be done."""
    overdue: bool = BLANK
    """Written, as true, only when the day has passed."""


class AcceptedGap(Shape):
    """Who accepted a gap, why, what compensates, until when."""

    id: str
    """The exception's id in the manifest."""
    reason: str
    """Why the gap is accepted."""
    approver: str
    """Who accepted it."""
    ticket: str
    """Where the work is followed."""
    granted_on: str
    """Since when, a day in UTC."""
    expires_on: str
    """Until when, a day in UTC, that day included."""
    compensating_control: str
    """The control that helps meanwhile."""


class Finding(Shape):
    """One rule held against one subject. What would be empty is left out."""

    id: FindingId
    """Stable across runs: it rests on organisation, rule and subject, not on files, lines or order."""
    rule: str
    """The rule's id."""
    title: str
    """What holds when the rule is met."""
    expectations: list[ExpectationId]
    """The expectations it counts for; empty for a finding about the declaration itself."""
    subject: JudgedSubject
    """What was judged."""
    outcome: Outcome
    """What it says."""
    assurance: Assurance
    """What stands behind that."""
    severity: Severity
    """How much it weighs."""
    blocks: bool
    """Whether it makes the run end with exit code 1."""
    message: str = BLANK
    """What is the case, in a sentence; said of gaps, unknowns and measures not used."""
    because_of: str = BLANK
    """What made the rule not apply, or why it cannot be told."""
    location: Location | None
    """Where it stands: at the first fact that decided it, else at the subject."""
    facts: list[Fact]
    """The values it rests on, the deciding ones first."""
    missing: list[str] = BLANK
    """For an unknown: the key routes of what is not declared."""
    related: list[Location] = BLANK
    """Other places that belong to it, such as the declaration that an artefact contradicts."""
    verified_facts: Annotated[list[Count], Field(min_length=2, max_length=2)] = BLANK
    """How many of its facts were read in an artefact, and of how many; left out if none was."""
    equivalent: str = BLANK
    """The id of the control that stands in as an equivalent measure."""
    warns_until: Day = BLANK
    """The last day on which the finding, which would block, only warns."""
    owner: str = BLANK
    """Who answers for the subject, or for what it belongs to, as declared."""
    exception: AcceptedGap = BLANK
    """The exception under which the gap is accepted."""
    baseline: KnownGap = BLANK
    """What the run's baseline says of it; left out when the run had none."""
    remediation: str = BLANK
    """What closes the gap."""


class ReportedFailure(Shape):
    """Something of policycheck's own that went wrong; what it would have judged is not judged."""

    what: str
    """The rule or verifier."""
    why: str
    """What happened."""


class Redaction(Shape):
    """A value that looks like a credential, and therefore is not in the report."""

    where: str
    """The key route or place where it stands."""
    what: Text
    """What it looks like."""


class ManifestRecord(Shape):
    """One manifest, judged."""

    manifest: str
    """Its path from the root, with forward slashes."""
    organization: ReportedOrganization
    """Who declared."""
    counts: ManifestCounts
    """The numbers."""
    coverage: list[DocumentCoverage]
    """By document: evaluated of applicable."""
    expectations: list[ReportedExpectation]
    """Every chosen expectation that a rule tests."""
    scope: Scope
    """What applied."""
    surfaces: list[ReportedSurface]
    """The declared surfaces."""
    inputs: list[ReadFile]
    """The manifest and its fragments, and the lock of its evidence where there is one."""
    artefacts: list[Hearing]
    """Every entry of evidence."""
    findings: list[Finding]
    """The findings, contradicted ones first, then gaps, unknowns and the rest."""
    failures: list[ReportedFailure]
    """What went wrong in policycheck itself; the run is then incomplete (exit code 5)."""
    redactions: list[Redaction] = BLANK
    """What was taken out of this record because it looks like a credential; left out if nothing was."""
    redacted: Literal[True] = BLANK
    """That values and quotations were left out of this record."""


class ReportedProblem(Shape):
    """Bad input."""

    path: str
    """The file."""
    line: Count
    """The line from 1; 0 if the whole file is meant."""
    column: Count
    """The column from 1; 0 if the whole file is meant."""
    message: str
    """What is wrong and what to do."""


class Report(Shape):
    """What one run found: what was declared and what the repository shows, held against expectations.

    It states no legal conclusion. The same inputs at the same date give the same bytes.
    """

    format: Literal["policycheck-report/1"]
    """The version of this shape."""
    tool: Tool
    """What wrote it."""
    disclaimer: str
    """What the report is not."""
    as_of: Day
    """The date of the evaluation."""
    options: RunOptions
    """What the run was asked."""
    criteria: UsedCriteria
    """What the manifests were held against."""
    rules: dict[Text, RanRule]
    """The rules that ran, by id."""
    expectations: dict[Text, ChosenExpectation]
    """The chosen expectations, by id."""
    results: list[ManifestRecord]
    """One record a manifest."""
    report_id: Uuid
    """The report's name, the same in every document of the run and in every run that asks the same of the same files."""
    totals: RunTotals
    """What the run adds up to."""
    problems: list[ReportedProblem]
    """Manifests, fragments or folders that could not be judged, and why."""
    exit_code: Literal[0, 1, 2, 3, 4, 5, 70, 130]
    """The exit code: 0 nothing blocks, 1 gaps or unknowns, 2 usage, 3 invalid input, 4 nothing to check, 5
    incomplete, 70 a bug in policycheck, 130 interrupted."""
    redacted: Literal[True] = BLANK
    """That this is a copy without values and quotations; its id is that of the whole report."""


ROOTS: dict[str, type[Shape]] = {
    "rule-v1": Rule,
    "rule-test-v1": RuleTest,
    "pack-v1": Pack,
    "expectations-v1": Expectations,
    "report-v1": Report,
}
