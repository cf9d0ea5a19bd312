"""The shape of a manifest, version 1: the one place where it is written; imported only to generate schemas.

How to read it. A property without a default must be written and cannot be blank; one that is `BLANK` may be
left out or left blank, and both mean silence. The text below a property is its description in editors and
error messages. A `Word` class is a closed list of words, each with its meaning. Nothing here is instantiated:
`generate.py` turns them into JSON Schema, and what a schema can say beyond types is written here as markers:

* `KIND`: the object is a subject of that kind, so rules can judge it and evidence can speak of it.
* `KEY`, `UNIQUE`: the property by which items of a list are told apart, and whether two may share a value.
* `FAMILIES`: the families of control whose `params` have this shape.
* `EITHER`: two properties of which at most one is written.
* `x-refers`, `x-past`, `x-absence`, `x-stricter`: names another subject; the date of something done; leaving
  the key out is itself a fact; which direction an artefact may differ in without contradicting.

Sources are named by document and paragraph: JS23 and CJS24 are the joint statements on data scraping, the
other codes are those of the packs' `documents`. The data categories are those of fideslang (see the header of
`fideslang_categories.txt`), the lawful bases follow the W3C Data Privacy Vocabulary, jurisdictions ISO 3166.
"""

from __future__ import annotations

from enum import Enum, unique
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

BLANK: Any = None

# Python's `$` also matches before a final newline; the lookahead keeps every regex engine of one mind.
_END = r"$(?!\n)"
SLUG = r"[a-z0-9][a-z0-9-]{0,63}"
SLUG_HINT = "use lower-case letters, digits and hyphens"
FIELD_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"

_ISO_3166_1_ALPHA_2 = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV
    BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES
    ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE
    IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY
    MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU
    NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM
    SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE
    VG VI VN VU WF WS YE YT ZA ZM ZW
"""
COUNTRIES = _ISO_3166_1_ALPHA_2.split()


def _fideslang_categories() -> list[str]:
    """The keys of the default data categories, without the attribution line."""
    lines = Path(__file__).with_name("fideslang_categories.txt").read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


CATEGORIES = _fideslang_categories()


def _alternatives(words: list[str]) -> str:
    """The words as one regular expression; nothing in them but the dot has a meaning there."""
    return "|".join(word.replace(".", r"\.") for word in words)


def sentence(name: str) -> str:
    """`last_reviewed_on` or `RateLimitParams` as a title: `Last reviewed on`, `Rate limit params`."""
    apart = "".join(f" {c}" if c.isupper() else c for c in name).replace("_", " ").split()
    return " ".join(apart).capitalize()


def _mark(schema: dict[str, Any], shape: Any) -> None:
    """Copy a class's markers into its schema; `generate.py` moves those that belong elsewhere."""
    markers = {
        "x-kind": shape.KIND,
        "x-key": shape.KEY,
        "x-unique": shape.UNIQUE and bool(shape.KEY),
        "x-families": [family.name for family in shape.FAMILIES],
        "x-either": list(shape.EITHER),
    }
    schema.update({name: value for name, value in markers.items() if value})


class Shape(BaseModel):
    """An object of the manifest; keys that it does not list are errors."""

    model_config = ConfigDict(
        extra="forbid",
        defer_build=True,
        use_attribute_docstrings=True,
        json_schema_extra=_mark,
        field_title_generator=lambda name, _: sentence(name),
        model_title_generator=lambda shape: sentence(shape.__name__),
    )
    KIND: ClassVar[str] = ""
    KEY: ClassVar[str] = ""
    UNIQUE: ClassVar[bool] = True
    FAMILIES: ClassVar[tuple[Family, ...]] = ()
    EITHER: ClassVar[tuple[str, ...]] = ()


class Word(Enum):
    """A closed list of words: the member's name is what is written, its value is what the word means."""


# --- single values ------------------------------------------------------------------------------------------


def _mark_value(**markers: Any) -> Any:
    """A type's markers; patterns are among them because pydantic's own regex engine knows no lookahead."""
    return Field(json_schema_extra={name.replace("_", "-"): value for name, value in markers.items()})


def _pattern(pattern: str, hint: str, **markers: Any) -> Any:
    return _mark_value(pattern=f"^{pattern}{_END}", x_hint=hint, **markers)


ABSENT = _mark_value(x_absence="none")
LOWER = _mark_value(x_stricter="lower")
HIGHER = _mark_value(x_stricter="higher")

Id = Annotated[str, _pattern(SLUG, SLUG_HINT)]
Day = Annotated[str, _mark_value(format="date")]
PastDay = Annotated[str, _mark_value(format="date", x_past=True)]
PastMoment = Annotated[str, _mark_value(format="date-time", x_past=True)]
Count = Annotated[int, Field(ge=0)]
AtLeastOne = Annotated[int, Field(ge=1)]
Percent = Annotated[int, Field(ge=0, le=100)]
Purpose = Annotated[str, _pattern("[a-z0-9][a-z0-9_-]{0,63}", "use lower-case letters, digits, - and _")]
Sha256 = Annotated[str, _pattern("[0-9a-f]{64}", "write 64 hexadecimal digits in lower case")]

SurfaceId = Annotated[str, _pattern(SLUG, SLUG_HINT, x_refers="surface")]
ControlId = Annotated[str, _pattern(SLUG, SLUG_HINT, x_refers="control")]
MetricId = Annotated[str, _pattern(SLUG, SLUG_HINT, x_refers="metric")]
IncidentId = Annotated[str, _pattern(SLUG, SLUG_HINT, x_refers="incident")]
ThreatId = Annotated[str, _pattern(SLUG, SLUG_HINT, x_refers="threat")]
ScrapingId = Annotated[str, _pattern(SLUG, SLUG_HINT, x_refers="scraping")]
FieldId = Annotated[str, _pattern(rf"{SLUG}\.{FIELD_NAME}", "write surface.field", x_refers="field")]


Place = Annotated[
    str,
    _pattern(
        f"({'|'.join(COUNTRIES)})(-[A-Z0-9]{{1,3}})?",
        "write an ISO 3166 code such as GB or CA-QC (the United Kingdom is GB, the EU has none)",
    ),
]


class Jurisdiction(RootModel[str]):
    """Where a law applies: an ISO 3166-1 alpha-2 code (GB) or a subdivision of one (CA-QC).

    The European Union has no such code: name its member states.
    """

    root: Annotated[Place, _mark_value(examples=COUNTRIES)]


class Category(RootModel[str]):
    """What sort of data: a key of fideslang's default taxonomy (user.name), or `custom.` and own words.

    A category under `user` or `custom.user` is personal data.
    """

    root: Annotated[
        str,
        _pattern(
            rf"({_alternatives(CATEGORIES)}|custom(\.[a-z0-9_]+)+)",
            "write a fideslang category such as user.name, or custom. and own words",
            examples=CATEGORIES,
        ),
    ]


# --- words that several sections share ----------------------------------------------------------------------


@unique
class Role(Word):
    """What the organisation is to the expectations; an expectation names the roles it is addressed to."""

    social_media_company = "runs a social media service"
    website_operator = "runs a site or app that shows personal data to the public"
    ai_developer = "trains or adapts AI models with personal data"
    ai_deployer = "puts AI models of its own or of others to use"
    scraper = "collects personal data from others' sites by machine"
    very_large_platform = "is designated under DSA Art 33 (platform or search engine)"
    public_body = "is a public authority or must publish by law"


@unique
class Size(Word):
    """How large the organisation is; the first three are the enterprises of CJS24 para 17-18."""

    micro = "fewer than 10 people"
    small = "fewer than 50 people"
    medium = "fewer than 250 people"
    large = "250 people or more"


@unique
class LawfulBasis(Word):
    """The ground in law, named as in the W3C Data Privacy Vocabulary.

    That data is public, or that a contract with the recipient exists, is no ground (CJS24 para 10 and key
    takeaways).
    """

    consent = "the people concerned agreed"
    explicit_consent = "they agreed by an express statement"
    contract_with_person = "a contract with the very person cannot be kept, or made at their request, without it"
    legitimate_interests = "an interest that, weighed in writing, the people's interests do not override"
    recognised_legitimate_interests = "an interest on the closed list of the law itself (UK GDPR art 6(1)(ea))"
    legal_obligation = "a law requires it"
    vital_interests = "a life depends on it"
    public_interest = "a task in the public interest laid down by law"
    official_authority = "official authority vested in the organisation"
    research = "a research or statistics ground that the law of the place has"
    reasonable_necessity = "the law asks only that collection be reasonably needed for a function (AU APP 3, NZ IPP 1)"
    statutory_exception = "a narrow exception written in a statute; the legal note names it"
    none = "the organisation has found no ground"


@unique
class SpecialCondition(Word):
    """Why special-category data may be processed at all (GDPR Art 9(2) and its likes)."""

    explicit_consent = "the people gave explicit consent"
    employment_law = "employment or social protection law"
    vital_interests = "a life depends on it"
    nonprofit_members = "members of a non-profit body"
    made_public_by_data_subject = "the people themselves manifestly made it public; to be shown item by item"
    legal_claims = "legal claims"
    substantial_public_interest = "substantial public interest laid down by law"
    health_care = "health care"
    public_health = "public health"
    archiving_or_research = "archiving, research or statistics laid down by law"
    none = "the organisation has found no condition"


@unique
class Sensitivity(Word):
    """How much harm follows if the data is copied in bulk (CJS24 para 19)."""

    low = "little harm is likely"
    moderate = "nuisance or loss of control"
    high = "fraud, stalking or discrimination becomes easy"
    special = "special-category, criminal or children's data, or what the law treats alike"


@unique
class Strength(Word):
    """How hard the controls make scraping, on the organisation's own scale (CJS24 para 19)."""

    basic = "stops the casual script"
    standard = "stops common tools"
    strong = "stops a determined and funded scraper for a while"


@unique
class Layer(Word):
    """What a control is made of (CJS24 para 11, 17); crawler signals and terms are legal, never technical."""

    technical = "enforced by machines"
    procedural = "done by people following a procedure"
    legal = "terms, contracts, notices, signals"
    design = "how the service is built so that there is less to take"


@unique
class Level(Word):
    """A rough size of likelihood, impact or risk."""

    low = "small"
    moderate = "middling"
    high = "large"


@unique
class Action(Word):
    """What happens when a control fires."""

    log = "is recorded only"
    alert = "a person is told"
    throttle = "is slowed down"
    challenge = "must pass a human/machine challenge"
    block = "is refused"
    suspend = "the account or key is suspended"


@unique
class Answer(Word):
    """How far something asked has been done."""

    done = "done"
    partly_done = "begun"
    planned = "decided, not begun"
    not_done = "not done"
    not_applicable = "does not apply, for the reason given"


@unique
class LegalMeasure(Word):
    """A legal step against a scraper (CJS24 para 13, bullet 5)."""

    no_action = "decided to take no step, for the reason given"
    cease_and_desist = "a letter demanding to stop"
    demand_deletion = "a demand to delete what was taken"
    account_termination = "terms enforced, accounts ended"
    platform_complaint = "a complaint to the scraper's host or payment provider"
    regulator_report = "a report to an authority or the police"
    litigation = "proceedings"


@unique
class ReviewTrigger(Word):
    """An event that brings the next review forward."""

    incident = "a scraping incident"
    new_technique = "a new scraping technique"
    product_change = "a change of the surface"
    provider_change = "a change of provider"
    legal_change = "new law or guidance"
    metric_threshold = "a metric passes its target"
    complaint = "a complaint"
    other = "something else"


@unique
class Phase(Word):
    """A stage in the life of an AI system."""

    pretrain = "training from the start"
    finetune = "adapting a trained model"
    eval = "testing"
    rag = "looking data up while answering"
    deploy = "use in a product"


@unique
class Treatment(Word):
    """How people were told directly (ICO8Q question 4, CLV APP 5)."""

    done = "each person was told"
    disproportionate = "telling each would take disproportionate effort, for the reason given"
    exempt = "the law exempts, for the reason given"
    not_done = "they were not told"


@unique
class Permission(Word):
    """Whether the law of the place lets the data be used so (CJS24 para 28)."""

    permitted = "it does"
    limited = "within the limits given"
    not_permitted = "it does not"


@unique
class SubjectKind(Word):
    """A kind of subject."""

    organization = "the organisation"
    surface = "a surface"
    field = "a field, as surface.field"
    control = "a control"
    governance = "the section governance"
    threat = "a threat"
    threat_monitoring = "the section threat_monitoring"
    detection = "the section detection"
    metric = "a metric"
    incident_policy = "the section incident_policy"
    incident = "an incident"
    breach_duty = "an entry of breach_notification, by jurisdiction"
    user_enablement = "the section user_enablement"
    legal_response = "the section legal_response"
    legal_position = "an entry of legal_positions, by jurisdiction"
    legality_review = "an entry of scraping_legality_reviews, by jurisdiction"
    access = "an entry of third_party_access"
    use = "an AI use"
    source = "a source of an AI use"
    scraping = "an entry of own_scraping"
    policies = "the section policies"
    decision = "an entry of decision_records, by expectation"
    residual_risk = "the section residual_risk"
    collaboration = "the section collaboration"
    correspondence = "an entry of regulator_correspondence"
    regulator_access = "the section regulator_access"
    public_data_research_access = "the section public_data_research_access"
    compliance_review = "the section compliance_review"
    complaints = "the section complaints"
    exception = "an exception"


# --- evidence -----------------------------------------------------------------------------------------------


class Evidence(Shape):
    """An artefact in the repository, or a page elsewhere, that speaks for what is declared here."""

    KEY = "kind"
    UNIQUE = False
    EITHER = ("path", "url")

    kind: Id
    """How the artefact is read: the name of a verifier (nginx, openapi, robots, terms), or `document` for one
    that a person reads. `policycheck evidence kinds` names them."""
    path: str = BLANK
    """The artefact's path, relative to the main manifest's folder, never above the root. Write this or
    `url`."""
    url: str = BLANK
    """An address for the human reader; it is never fetched. Write this or `path`."""
    sha256: Sha256 = BLANK
    """The artefact's SHA-256 as 64 lower-case hexadecimal digits; a changed file then stops supporting."""
    collected_on: PastDay = BLANK
    """The day on which the artefact was collected or exported."""
    valid_for_days: AtLeastOne = BLANK
    """For how many days after `collected_on` it still counts."""
    supports: list[str] = BLANK
    """Names of the properties of this subject that the artefact speaks for, such as params.limit; blank means
    what the verifier can read."""
    location: str = BLANK
    """For nginx and its likes: the location (or route) whose settings are meant, as the configuration writes
    it."""
    server: str = BLANK
    """For nginx and its likes: the server name (or host) that holds the location; for robots.txt, tdmrep.json and
    their likes: the host that serves the file."""
    zone: str = BLANK
    """For nginx: the name of the limit zone that is meant, where a location has several."""
    resource: str = BLANK
    """For Terraform and Kubernetes: the address or name of the resource, such as aws_wafv2_web_acl.edge."""
    operation: str = BLANK
    """For OpenAPI: the operation, as its operationId or as method and path."""
    anchor: str = BLANK
    """For documents: the heading or anchor of the passage that is meant."""
    alert: str = BLANK
    """For alerting rules: the name of the alert."""
    options: dict[Purpose, str] = BLANK
    """What a verifier needs beyond the properties above, by the names that verifier documents."""
    note: str = BLANK
    """What a person should know when reading the artefact."""


class Subject(Shape):
    """An object that rules judge and that evidence can speak of."""

    evidence: list[Evidence] = BLANK
    """Artefacts that speak for what is declared here. `[]` declares that there are none."""


# --- risks to people ----------------------------------------------------------------------------------------


@unique
class RiskType(Word):
    """A risk that the 2023 statement names, or another (JS23 risks)."""

    phishing = "targeted attacks and fraud by message"
    identity_fraud = "identity fraud"
    profiling = "profiling and surveillance, also by faces"
    political = "political or intelligence gathering"
    marketing = "unwanted marketing"
    loss_of_control = "data lives on after its owner deleted it"
    targeted_marketing_to_minors = "marketing aimed at people under age (SNAP24)"
    discrimination = "unfair treatment"
    inaccuracy = "false statements about people"
    leakage = "the model repeats personal data"
    other = "something else"


class RiskScenario(Shape):
    """A risk to people, and what is done about it (JS23 risks; SNAP24)."""

    KEY = "type"
    UNIQUE = False

    type: RiskType
    """Which risk."""
    description: str = BLANK
    """How it would come about."""
    affects_minors: bool = BLANK
    """Whether it concerns people under age."""
    mitigations: list[str] = BLANK
    """What is done about it. `[]` declares nothing."""
    residual: Level = BLANK
    """What remains."""
    not_applicable_reason: Annotated[str, ABSENT] = BLANK
    """Why it does not arise here. Left out: no reason is given."""


# --- the organisation ---------------------------------------------------------------------------------------


class Organization(Subject):
    """Who declares."""

    KIND = "organization"

    id: Id
    """The organisation's short name in findings and reports: lower-case letters, digits and hyphens, at most
    64. Keep it: the ids of findings rest on it."""
    name: str = BLANK
    """The organisation's full name."""
    roles: Annotated[list[Role], Field(min_length=1, json_schema_extra={"uniqueItems": True})]
    """What the organisation is to the expectations; they are addressed to roles, so this decides which apply
    (CJS24 para 31)."""
    size: Size = BLANK
    """How large the organisation is. Size waives nothing; it opens cheaper measures (CJS24 para 17-18)."""
    jurisdictions: Annotated[list[Jurisdiction], Field(json_schema_extra={"uniqueItems": True, "minItems": 1})] = BLANK
    """Where the people live whose data it holds, and where it is established: each brings its law (CJS24 para
    25)."""
    established_in: list[Jurisdiction] = BLANK
    """Where it has an establishment; people elsewhere can still bring their law with them (CLV, UK tribunal
    2025)."""
    contact: str = BLANK
    """Who answers for this manifest: an address that a reader can write to."""
    monthly_eu_recipients: Count = BLANK
    """Average monthly recipients in the European Union; from 45 million on the Commission designates (DSA Art 33)."""


# --- surfaces -----------------------------------------------------------------------------------------------


@unique
class SurfaceKind(Word):
    """What kind of way to the data a surface is."""

    page = "web pages"
    api = "an interface for programs"
    graphql = "a query interface for programs"
    feed = "a feed or stream"
    search = "a search or directory over people"
    export = "files for download"
    mobile_backend = "the interface behind an app"
    embed = "a widget or preview shown elsewhere"
    media = "pictures, sound or video by address"
    other = "another way"


@unique
class Auth(Word):
    """Whether one must be signed in."""

    none = "anyone can read it"
    optional = "anyone can read it, signed in one sees more"
    required = "only signed in"


@unique
class Visibility(Word):
    """Who sees a field unless the person changes it."""

    public = "anyone"
    registered = "anyone signed in"
    connections = "people the person chose"
    private = "the person only"


@unique
class Origin(Word):
    """Whose words the data is."""

    self = "the person published it about themselves"
    other = "somebody else published it about the person"


@unique
class Indexing(Word):
    """What search engines may do; ordinary search indexing is outside the statements (CJS24 para 2)."""

    allowed = "search engines may index it"
    partly_allowed = "some parts may be indexed"
    refused = "search engines are asked not to"


class ProtectabilityDecision(Shape):
    """The decision that data of this sensitivity can be protected well enough to be shown (CJS24 para 19)."""

    by: str = BLANK
    """Who decided: a person or a role inside the organisation."""
    on: PastDay = BLANK
    """The day of the decision."""
    reason: str = BLANK
    """Why the controls in place are enough."""
    ref: str = BLANK
    """Where the decision is written down."""


class SurfaceField(Subject):
    """One piece of data that a surface shows; other places name it as `surface.field`."""

    KIND = "field"
    KEY = "name"

    name: Annotated[str, _pattern(FIELD_NAME, "use letters, digits, . - and _")]
    """The field's name, as the surface or its interface calls it; unique in the surface."""
    category: Category = BLANK
    """What sort of data it is: a fideslang key, or `custom.` with own words. Under `user` (or `custom.user`)
    it is personal data, public or not (CJS24 para 2, 10)."""
    sensitivity: Sensitivity = BLANK
    """How much harm follows if it is copied in bulk; safeguards should fit it (CJS24 para 19)."""
    minors: bool = BLANK
    """Whether it can be about people under age."""
    default_visibility: Visibility = BLANK
    """Who sees it unless the person changes that (CJS24 para 19, GDPR Art 25(2))."""
    user_can_hide: bool = BLANK
    """Whether the person can keep it from the public."""
    necessary_for: str = BLANK
    """What the service needs it for where it is shown: publish no more than that (CJS24 para 19)."""
    origin: Origin = BLANK
    """Whose words it is; data that others publish about a person weighs more."""
    protectability_decision: ProtectabilityDecision = BLANK
    """The decision to show it although it is sensitive (CJS24 para 19)."""


class Surface(Subject):
    """A way by which people or programs reach personal data that the organisation holds."""

    KIND = "surface"
    KEY = "id"

    id: Id
    """The surface's short name, unique among surfaces."""
    name: str = BLANK
    """What people call it."""
    kind: SurfaceKind
    """What kind of way to the data it is."""
    url: str = BLANK
    """Its address or path, `*` for what varies."""
    auth: Annotated[Auth, _mark_value(x_stricter=["required", "optional", "none"])] = BLANK
    """Whether one must be signed in. Data behind a login needs protection too (JS23 para 3)."""
    fields: list[SurfaceField] = BLANK
    """The data it shows. `[]` declares that it shows none."""
    est_subjects: Count = BLANK
    """About how many people's data it holds."""
    est_records: Count = BLANK
    """About how many records (profiles, posts, listings) can be read through it."""
    purpose: str = BLANK
    """Why the data is shown (GAR24, premise)."""
    publication_basis: dict[Jurisdiction, LawfulBasis] = BLANK
    """The lawful basis for publishing, by jurisdiction (GAR24, premise)."""
    anonymous_access_needed: bool = BLANK
    """Whether the service needs it to be readable without signing in (GAR24 measure 1)."""
    registration_fields: list[str] = BLANK
    """What one must give in order to register; no more than needed (GAR24 measure 1)."""
    registration_justification: str = BLANK
    """Why each of those is needed."""
    strength: Strength = BLANK
    """How hard its controls make scraping; never less than on a less sensitive surface (CJS24 para 19)."""
    same_data_as: list[SurfaceId] = BLANK
    """Surfaces that show the same data, so that the loosest of them counts."""
    mandatory_publication: bool = False
    """Whether a law requires it to be open, so that crawler refusals are not expected (GAR24, limits)."""
    search_indexing: Indexing = BLANK
    """What search engines may do with it; outside the statements' scope (CJS24 para 2)."""
    max_page_size: Annotated[AtLeastOne, LOWER] = BLANK
    """The most records that one request can return."""
    risk_scenarios: list[RiskScenario] = BLANK
    """The risks to people if it is scraped, and what is done about them (JS23 risks). `[]` declares none."""
    dpia_ref: str = BLANK
    """The impact assessment that covers it."""
    owner: str = BLANK
    """Who inside the organisation answers for it."""
    last_reviewed_on: PastDay = BLANK
    """When somebody last checked that this entry is true and complete."""


# --- controls -----------------------------------------------------------------------------------------------


@unique
class Family(Word):
    """What a control does."""

    rate_limit = "limits how much one actor can fetch"
    anomaly_throttle = "restricts access when activity is unusual"
    bot_detection = "recognises automation"
    ai_assisted_detection = "recognises automation with a trained model"
    new_account_monitoring = "watches what new accounts look up"
    credential_geo_anomaly = "notices one credential used from several places"
    challenge = "asks for a human/machine challenge"
    proof_of_work = "makes the client compute before it is served"
    ip_block = "blocks addresses"
    user_agent_block = "blocks clients by the name they give"
    waf = "filters malicious traffic by rules"
    traffic_monitoring = "watches traffic for unusual flows"
    log_monitoring = "reviews access logs"
    monitoring = "watches something else"
    access_control = "puts data behind a login or role"
    account_verification = "makes accounts harder to fake"
    api_control = "issues, scopes and revokes credentials for an interface"
    design = "makes the service harder to harvest by how it is built"
    exposure_minimisation = "shows less data"
    decoy = "plants records or links that only scrapers touch"
    terms = "forbids scraping in the terms of service"
    robots = "asks crawlers to stay away in robots.txt"
    crawler_signal = "tells crawlers by headers or files what they may not do"
    legal_action = "prepares and takes legal steps"
    incident_response = "prepares the answer to an incident"
    threat_watch = "follows threats and techniques"
    provider_oversight = "reviews the work of a provider"
    third_party_oversight = "reviews those who were given access"
    training = "teaches staff"
    governance = "sets roles, policies and reviews"
    other = "something else, described in params"


@unique
class Status(Word):
    """Where a control stands; only `deployed` protects."""

    planned = "decided, not running"
    observing = "runs but enforces nothing: dry run, count mode, shadow mode"
    deployed = "runs and enforces"
    retired = "no longer runs"


@unique
class LimitUnit(Word):
    """Whom a limit counts."""

    ip = "an address"
    account = "an account"
    session = "a session"
    api_key = "a key of an interface"
    credential = "a credential, wherever it is used"


@unique
class LimitResource(Word):
    """What a limit counts."""

    profile_views = "views of other people's profiles"
    page_views = "pages"
    search_queries = "searches"
    api_calls = "calls of an interface"
    records = "records returned"
    downloads = "downloads"
    media_views = "pictures, sound or video"
    contact_lookups = "lookups by address or telephone number"
    registrations = "new accounts"
    requests = "any request"


@unique
class Window(Word):
    """The time in which a limit counts."""

    second = "one second"
    minute = "one minute"
    hour = "one hour"
    day = "one day"


@unique
class AllowedFor(Word):
    """Whom a way past a control is for."""

    search_engines = "search engines"
    vetted_researchers = "researchers whom the law admits (DSA Art 40)"
    archives = "archives"
    accessibility_tools = "assistive technology"
    monitoring = "the organisation's own checks"
    partners = "third parties under contract"
    regulators = "authorities"
    other = "others"


@unique
class Signal(Word):
    """What automation is recognised by."""

    request_rate = "how fast requests come"
    navigation_pattern = "the order in which pages are read"
    user_agent = "the name that the client gives"
    headless_browser = "traces of a browser without a window"
    tls_fingerprint = "how the connection is set up"
    device_fingerprint = "features of the device"
    ip_reputation = "what is known of the address"
    ip_groups = "many addresses acting alike"
    shared_credentials = "one credential used from many places"
    decoy_hit = "a decoy was touched"
    failed_challenges = "challenges failed"
    account_age = "how new the account is"
    model_score = "the score of a trained model"
    other = "something else"


@unique
class ChallengeMethod(Word):
    """What the challenge asks."""

    captcha = "a puzzle"
    invisible = "a score without a puzzle"
    javascript = "running a script"
    device_attestation = "proof from the device"
    sign_in = "signing in"
    other = "something else"


@unique
class ChallengeTrigger(Word):
    """When the challenge is put."""

    every_request = "always"
    first_visit = "at the first visit"
    threshold = "after a number of requests"
    suspicion = "when automation is suspected"
    sign_up = "when an account is made"
    sign_in = "when signing in"


@unique
class IdentifierScheme(Word):
    """How the addresses of accounts or records are made (CJS24 para 14)."""

    sequential = "counted up, easy to walk through"
    readable = "made from names, guessable"
    hashed = "derived, not guessable without the key"
    random = "random"
    uuid = "random UUIDs"


@unique
class SignalStandard(Word):
    """How crawlers are told."""

    robots_txt = "robots.txt (RFC 9309)"
    meta_robots = "a robots meta element"
    x_robots_tag = "an X-Robots-Tag header"
    ai_txt = "ai.txt"
    llms_txt = "llms.txt"
    tdm_reservation = "the TDM reservation protocol"
    rsl = "Really Simple Licensing, named in robots.txt or served beside it"
    content_signals = "content signals in robots.txt"


@unique
class Prohibition(Word):
    """What terms forbid."""

    automated_access = "access by machines"
    scraping = "scraping"
    resale = "selling what was taken"
    ai_training = "training AI with it"
    profiling = "building profiles of people"
    bypassing_controls = "getting round controls"


@unique
class AccessMethod(Word):
    """What stands in front of the data."""

    registration = "an account, open to anyone"
    sign_in = "an account that exists already"
    role = "a role or group"
    connection = "a tie to the person shown"
    signed_url = "an address that expires"
    network = "a network"
    payment = "payment"
    age_gate = "a check of age"


@unique
class Verification(Word):
    """What a new account must show."""

    email = "an e-mail address"
    telephone = "a telephone number"
    identity = "an identity document"
    device_attestation = "a device"
    payment = "a means of payment"
    invitation = "an invitation"


@unique
class Duty(Word):
    """A duty of those who hold the scraping role (CJS24 para 13, bullet 1)."""

    develop = "find and develop controls"
    implement = "put them in place"
    protect = "protect against scraping"
    monitor = "monitor for it"
    respond = "respond to it"


@unique
class CredentialType(Word):
    """How a program shows who it is."""

    api_key = "a key"
    oauth = "OAuth tokens"
    mutual_tls = "client certificates"
    signed_request = "signed requests"
    account = "an account and password"
    none = "nothing"


class AllowPath(Shape):
    """A way past the control for those who must or may automate (DSA Art 40(12))."""

    KEY = "for"
    UNIQUE = False

    for_: Annotated[AllowedFor, Field(alias="for")]
    """Whom the way is for."""
    path: str = BLANK
    """The path, host, key or list by which they are recognised."""
    note: str = BLANK
    """How they get it."""


class AnomalyRule(Shape):
    """What happens when activity is unusual although below the hard limit (CJS24 para 13, bullet 2)."""

    trigger_per_day: Annotated[AtLeastOne, LOWER] = BLANK
    """The number a day at which it fires; below the hard limit, or it never does."""
    baseline: str = BLANK
    """What counts as usual and how that was found."""
    actions: list[Action] = BLANK
    """What happens then."""


class BlockingParams(Shape):
    """What every control that holds up automation can say."""

    allow_paths: list[AllowPath] = BLANK
    """Ways past it for those who must or may automate, such as vetted researchers (DSA Art 40(12))."""
    exempt: list[str] = BLANK
    """Addresses, agents or accounts that it never touches. `[]` declares that there are none."""
    enforced_percent: Annotated[Percent, HIGHER] = BLANK
    """The share of traffic on which it acts, 0 to 100."""
    actions: list[Action] = BLANK
    """What it does when it fires."""
    false_positive_percent: Annotated[float, Field(ge=0, le=100)] = BLANK
    """The measured share of genuine people it held up, 0 to 100."""


class RateLimitParams(BlockingParams):
    """How much one actor can fetch (CJS24 para 13, bullet 2; JS23 control 2).

    The statements set no number.
    """

    FAMILIES = (Family.rate_limit, Family.anomaly_throttle)

    unit: LimitUnit = BLANK
    """Whom it counts; the statements speak of accounts."""
    resource: LimitResource = BLANK
    """What it counts; the statements speak of visits to other profiles."""
    limit: Annotated[AtLeastOne, LOWER] = BLANK
    """The number allowed in one window."""
    window: Window = BLANK
    """The time in which it counts; the statements speak of an hour or a day."""
    burst: Annotated[Count, LOWER] = BLANK
    """How many may come at once above the sustained rate."""
    genuine_p99: Count = BLANK
    """What 99 of 100 genuine actors stay below in one window; the limit is not under it."""
    anomaly_rule: Annotated[AnomalyRule, ABSENT] = BLANK
    """What happens when activity is unusual although below the limit. Left out: there is no such rule."""


class BotDetectionParams(BlockingParams):
    """How automation is recognised (CJS24 para 13, bullet 4; JS23 control 4)."""

    FAMILIES = (Family.bot_detection, Family.ai_assisted_detection)

    signals: list[Signal] = BLANK
    """What automation is recognised by."""
    model_ref: str = BLANK
    """The description of the model or product, where one decides (CJS24 para 15)."""
    evaluated_on: PastDay = BLANK
    """When its errors were last measured."""
    human_review_ref: str = BLANK
    """How a person who was held up reaches a person."""


class NewAccountParams(BlockingParams):
    """How fast and hard new accounts look for others (CJS24 para 13, bullet 3; JS23 control 3)."""

    FAMILIES = (Family.new_account_monitoring,)

    account_age_days: Annotated[AtLeastOne, HIGHER] = BLANK
    """Up to which age, in days, an account counts as new."""
    lookups_threshold: Annotated[AtLeastOne, LOWER] = BLANK
    """The number of lookups in one window at which it fires."""
    window: Window = BLANK
    """The time in which it counts."""


class CredentialGeoParams(BlockingParams):
    """One credential used from several places in a short time (JS23 control 4)."""

    FAMILIES = (Family.credential_geo_anomaly,)

    distinct_locations: Annotated[AtLeastOne, LOWER] = BLANK
    """From how many places in one window."""
    window: Window = BLANK
    """The time in which it counts."""


class ChallengeParams(BlockingParams):
    """A challenge such as a CAPTCHA, or work for the client (CJS24 para 13, bullet 4; JS23 control 5)."""

    FAMILIES = (Family.challenge, Family.proof_of_work)

    method: ChallengeMethod = BLANK
    """What it asks."""
    trigger: ChallengeTrigger = BLANK
    """When it is put."""
    accessibility_alternative: str = BLANK
    """The other way for people who cannot pass it."""
    pass_rate_percent: Percent = BLANK
    """The measured share of attempts that pass, 0 to 100."""
    difficulty: Annotated[AtLeastOne, HIGHER] = BLANK
    """The work asked of the client, in leading zero bits."""


class BlockParams(BlockingParams):
    """Blocking of addresses or clients (CJS24 para 13, bullet 4; JS23 control 5; GAR24 measure 4)."""

    FAMILIES = (Family.ip_block, Family.user_agent_block)

    block_hours: Annotated[AtLeastOne, HIGHER] = BLANK
    """How many hours a block lasts."""
    permanent_by_default: bool = BLANK
    """Whether a block lasts until somebody lifts it."""
    unblock_ref: str = BLANK
    """How a person blocked by mistake gets free."""
    source: str = BLANK
    """Where the addresses or names come from."""
    agents: list[str] = BLANK
    """The client names that are blocked."""


class WafParams(BlockingParams):
    """Rules that detect and block malicious traffic (CJS24 para 14)."""

    FAMILIES = (Family.waf,)

    rule_sets: list[str] = BLANK
    """The rule sets in force."""


class DesignParams(Shape):
    """How the service is built so that it is harder to harvest (CJS24 para 14; GAR24 measure 4)."""

    FAMILIES = (Family.design,)

    identifier_scheme: IdentifierScheme = BLANK
    """How the addresses of accounts or records are made."""
    markup_randomisation: bool = BLANK
    """Whether interface elements are varied."""
    markup_rotation_days: Annotated[AtLeastOne, LOWER] = BLANK
    """After how many days the markup changes."""
    scope: str = BLANK
    """What part of the service it covers."""
    media_embedding: list[FieldId] = BLANK
    """Fields shown as pictures instead of text, as surface.field."""
    accessibility_alternative: str = BLANK
    """The other way for people who cannot read it so."""


class WatchParams(Shape):
    """What is watched, against what, and who is told (GAR24 measure 3 and 4; JS23 monitoring)."""

    FAMILIES = (Family.traffic_monitoring, Family.log_monitoring, Family.monitoring)

    baseline: str = BLANK
    """What counts as usual and how that was found."""
    signals: list[Signal] = BLANK
    """What is looked for."""
    trigger_per_day: Annotated[AtLeastOne, LOWER] = BLANK
    """The number a day at which somebody is told."""
    alert_ref: str = BLANK
    """The alerting rule."""
    actions: list[Action] = BLANK
    """What happens when it fires."""
    cadence_days: Annotated[AtLeastOne, LOWER] = BLANK
    """Every how many days a person looks."""
    metrics: list[MetricId] = BLANK
    """The metrics that it feeds."""
    scope: str = BLANK
    """What is covered and what is not."""


class AccessControlParams(Shape):
    """What stands in front of the data (GAR24 measure 1)."""

    FAMILIES = (Family.access_control, Family.account_verification)

    access_method: AccessMethod = BLANK
    """What one needs to get in."""
    verification: list[Verification] = BLANK
    """What a new account must show."""
    session_minutes: Annotated[AtLeastOne, LOWER] = BLANK
    """After how many minutes one must sign in again."""


class ApiControlParams(Shape):
    """Credentials, scopes and logs of an interface (CJS24 para 26)."""

    FAMILIES = (Family.api_control,)

    credential_type: CredentialType = BLANK
    """How a program shows who it is."""
    rotation_days: Annotated[AtLeastOne, LOWER] = BLANK
    """After how many days a credential is replaced."""
    scopes: list[FieldId] = BLANK
    """The fields that it can reach, as surface.field."""
    logs_actor: bool = BLANK
    """Whether each request is logged with who made it."""


class TermsParams(Shape):
    """A clause in the terms of service (JS23 control 6; GAR24 measure 2)."""

    FAMILIES = (Family.terms,)

    document_ref: str = BLANK
    """Where the terms are."""
    clause_anchor: str = BLANK
    """The heading or anchor of the clause."""
    prohibits: list[Prohibition] = BLANK
    """What it forbids."""
    version: str = BLANK
    """Which version of the terms."""


class CrawlerSignalParams(Shape):
    """What crawlers are asked (GAR24 measure 4); a request, not a barrier."""

    FAMILIES = (Family.robots, Family.crawler_signal)

    standards: list[SignalStandard] = BLANK
    """How they are told."""
    agents: list[str] = BLANK
    """The agents that are asked to stay away."""
    document_ref: str = BLANK
    """Where the file is."""


class ProcedureParams(Shape):
    """What people do, how often, and by which document."""

    FAMILIES = (
        Family.training,
        Family.governance,
        Family.threat_watch,
        Family.provider_oversight,
        Family.third_party_oversight,
        Family.incident_response,
        Family.legal_action,
    )

    document_ref: str = BLANK
    """The procedure, playbook or material."""
    audience: str = BLANK
    """Who follows it."""
    cadence_days: Annotated[AtLeastOne, LOWER] = BLANK
    """Every how many days it is done."""
    last_run_on: PastDay = BLANK
    """When it was last done or tested."""
    duties: list[Duty] = BLANK
    """Which duties of the scraping role it serves (CJS24 para 13, bullet 1)."""
    measures: list[LegalMeasure] = BLANK
    """Which legal steps it prepares (CJS24 para 13, bullet 5)."""
    decision_sla_days: Annotated[Count, LOWER] = BLANK
    """Within how many days it leads to a decision."""


class OtherParams(Shape):
    """What a control of no other shape does."""

    FAMILIES = (Family.other, Family.decoy, Family.exposure_minimisation)

    description: str = BLANK
    """What it does and against what."""
    scope: str = BLANK
    """What it covers and what not."""
    actions: list[Action] = BLANK
    """What happens when it fires."""


class Provider(Shape):
    """Who runs a control for the organisation, which stays responsible for it (CJS24 para 18)."""

    name: str = BLANK
    """The provider's name."""
    contract_ref: str = BLANK
    """Where the contract is."""
    last_reviewed_on: PastDay = BLANK
    """When the organisation last reviewed the provider's work."""
    review_interval_days: Annotated[AtLeastOne, LOWER] = BLANK
    """Within how many days it reviews again."""


class Equivalent(Shape):
    """An expectation that names another measure, which this control serves as well as."""

    KEY = "expectation"

    expectation: str
    """The expectation's id, such as CJS24-13d2."""
    rationale: str = BLANK
    """Why this control does as much; a person judges it."""


class Control(Subject):
    """Something in place, or planned, against scraping (CJS24 para 11-19)."""

    KIND = "control"
    KEY = "id"

    id: Id
    """The control's short name, unique among controls."""
    name: str = BLANK
    """What people call it."""
    family: Family
    """What it does; decides what `params` can say."""
    layer: Layer = BLANK
    """What it is made of; a surface needs at least a technical and a procedural one (CJS24 para 17)."""
    status: Annotated[Status, _mark_value(x_stricter=["deployed", "observing", "planned"])] = BLANK
    """Where it stands; only `deployed` protects."""
    surfaces: Annotated[list[SurfaceId], Field(json_schema_extra={"uniqueItems": True})] = BLANK
    """The surfaces it protects."""
    owner: str = BLANK
    """Who inside the organisation answers for it, also where a provider runs it (CJS24 para 18)."""
    strength: Strength = BLANK
    """How hard it makes scraping, on the organisation's own scale (CJS24 para 19)."""
    deployed_on: PastDay = BLANK
    """Since when it runs."""
    retired_on: PastDay = BLANK
    """Since when it no longer runs."""
    last_reviewed_on: PastDay = BLANK
    """When it was last reviewed (CJS24 key takeaways: safeguards are reviewed and updated regularly)."""
    last_review_changed: bool = BLANK
    """Whether that review changed it; an unchanged control is a decision too."""
    review_interval_days: Annotated[AtLeastOne, LOWER] = BLANK
    """Within how many days it is reviewed again; the organisation's own number."""
    review_triggers: list[ReviewTrigger] = BLANK
    """What brings a review forward."""
    last_tested_on: PastDay = BLANK
    """When somebody last saw it work."""
    test_ref: str = BLANK
    """Where the result of that test is."""
    provider: Annotated[Provider, ABSENT] = BLANK
    """Who runs it for the organisation. Left out: it is run in-house (CJS24 para 18)."""
    params: (
        RateLimitParams
        | BotDetectionParams
        | NewAccountParams
        | CredentialGeoParams
        | ChallengeParams
        | BlockParams
        | WafParams
        | DesignParams
        | WatchParams
        | AccessControlParams
        | ApiControlParams
        | TermsParams
        | CrawlerSignalParams
        | ProcedureParams
        | OtherParams
    ) = BLANK
    """Its settings; which there are depends on `family`."""
    equivalent_to: Annotated[list[Equivalent], ABSENT] = BLANK
    """Expectations that name another measure and that it serves as well. Left out: none."""
    processes_personal_data: bool = BLANK
    """Whether it handles data of the people it watches, so that it must itself be lawful and disclosed
    (JS23)."""
    basis: dict[Jurisdiction, LawfulBasis] = BLANK
    """The lawful basis for that, by jurisdiction."""
    retention_days: Annotated[Count, LOWER] = BLANK
    """How many days it keeps that data."""
    disclosed_in: str = BLANK
    """Where people are told of it, as path or address with anchor."""


# --- governance and the watch over threats ------------------------------------------------------------------


@unique
class ThreatKind(Word):
    """What kind of scraping is feared."""

    mass_scraping = "collection of whole surfaces"
    ai_driven_scraper = "bots that use AI to pass for people (CJS24 para 15)"
    low_and_slow = "skilled scraping in small amounts (CJS24 para 16)"
    fake_accounts = "accounts made to scrape"
    credential_sharing = "real accounts lent or stolen"
    contact_enumeration = "testing addresses or numbers against the service"
    api_abuse = "interfaces used beyond their purpose"
    residential_proxies = "addresses of ordinary people used to hide"
    third_party_misuse = "those with access using it for more"
    model_training = "collection to train AI"
    targeted_collection = "collection about chosen people"
    other = "something else"


@unique
class ThreatDecision(Word):
    """What was decided about a threat."""

    mitigate = "controls answer it"
    watch = "it is followed"
    accept = "it is accepted, for the reason given"


@unique
class Watch(Word):
    """When somebody or something watches."""

    round_the_clock = "always"
    business_hours = "in working hours"
    periodic = "from time to time"


@unique
class MetricDecision(Word):
    """What followed from a metric."""

    control_changed = "a control was changed"
    no_change_needed = "looked at, nothing had to change"
    change_planned = "a change is planned"


class Owner(Shape):
    """Somebody inside the organisation who can answer for things."""

    KEY = "id"

    id: Id
    """The word by which `owner` elsewhere names them."""
    name: str = BLANK
    """The team or role."""
    contact: str = BLANK
    """How to reach them."""


class ScrapingRole(Shape):
    """The team or roles that answer for scraping (CJS24 para 13, bullet 1; JS23 control 1)."""

    holders: list[str] = BLANK
    """The teams or roles. `[]` declares that nobody was named."""
    duties: list[Duty] = BLANK
    """Which of the five duties they have."""
    charter_ref: str = BLANK
    """Where that is written down."""
    appointed_on: PastDay = BLANK
    """Since when."""
    reports_to: str = BLANK
    """Whom they report to."""


class MinimumLayers(Shape):
    """How many layers the organisation asks of itself from a sensitivity upwards."""

    KEY = "from_sensitivity"

    from_sensitivity: Sensitivity
    """From which sensitivity upwards."""
    layers: AtLeastOne = BLANK
    """How many distinct layers of control."""


class Governance(Subject):
    """Who answers for what, and what the organisation asks of itself."""

    KIND = "governance"

    scraping_role: ScrapingRole = BLANK
    """The team or roles that answer for scraping (CJS24 para 13, bullet 1)."""
    owners: list[Owner] = BLANK
    """People inside the organisation who can own controls; a provider is not among them (CJS24 para 18)."""
    minimum_layers: list[MinimumLayers] = BLANK
    """The organisation's own minimum of layers by sensitivity; the statements set no number."""
    policy_ref: str = BLANK
    """Where the policy on scraping is."""
    last_reviewed_on: PastDay = BLANK
    """When it was last reviewed."""
    review_interval_days: Annotated[AtLeastOne, LOWER] = BLANK
    """Within how many days it is reviewed again."""


class Threat(Subject):
    """A way of scraping that was considered (CJS24 para 13, bullet 6; para 15)."""

    KIND = "threat"
    KEY = "id"

    id: Id
    """The threat's short name, unique among threats."""
    kind: ThreatKind
    """What kind of scraping is feared."""
    description: str = BLANK
    """How it would work here."""
    surfaces: list[SurfaceId] = BLANK
    """The surfaces it aims at."""
    likelihood: Level = BLANK
    """How likely it is."""
    impact: Level = BLANK
    """How bad it would be for the people concerned."""
    decision: ThreatDecision = BLANK
    """What was decided."""
    controls: list[ControlId] = BLANK
    """The controls that answer it."""
    reason: str = BLANK
    """Why that was decided."""
    last_reviewed_on: PastDay = BLANK
    """When it was last considered."""


class ResultingChange(Shape):
    """What the watch over threats led to."""

    KEY = "on"
    UNIQUE = False

    on: PastDay
    """When the change was made."""
    change: str = BLANK
    """What changed, or that nothing had to."""
    controls: list[ControlId] = BLANK
    """The controls that changed."""
    ref: str = BLANK
    """Where it is recorded."""


class ThreatMonitoring(Subject):
    """How new threats and techniques are followed (CJS24 para 13, bullet 6; JS23 controls, introduction)."""

    KIND = "threat_monitoring"

    sources: list[str] = BLANK
    """What is read: feeds, forums, own traffic."""
    cadence_days: Annotated[AtLeastOne, LOWER] = BLANK
    """Every how many days."""
    last_reviewed_on: PastDay = BLANK
    """When it was last done."""
    resulting_changes: list[ResultingChange] = BLANK
    """What it led to. `[]` declares that nothing changed yet."""
    owner: str = BLANK
    """Who does it."""


class Detection(Subject):
    """How soon scraping is seen and answered (JS23 monitoring)."""

    KIND = "detection"

    surfaces: list[SurfaceId] = BLANK
    """The surfaces that are watched."""
    watch: Watch = BLANK
    """When somebody or something watches."""
    mttd_target_hours: Annotated[Count, LOWER] = BLANK
    """Within how many hours scraping should be detected, on average."""
    mttr_target_hours: Annotated[Count, LOWER] = BLANK
    """Within how many further hours it should be answered, on average."""
    mttd_measured_hours: Count = BLANK
    """The measured hours to detection."""
    mttr_measured_hours: Count = BLANK
    """The measured hours from there to an answer."""
    last_measured_on: PastDay = BLANK
    """When that was measured."""
    alert_ref: str = BLANK
    """The alerting rules."""
    on_call_ref: str = BLANK
    """Who is called."""


class Metric(Subject):
    """A number about scraping that leads to better controls (JS23 metrics)."""

    KIND = "metric"
    KEY = "id"

    id: Id
    """The metric's short name, unique among metrics."""
    definition: str = BLANK
    """What is counted and how."""
    source: str = BLANK
    """Where the number comes from."""
    window_days: AtLeastOne = BLANK
    """Over how many days it is counted."""
    unit: str = BLANK
    """The unit of its values."""
    last_value: float = BLANK
    """The last value measured, in `unit`."""
    target: float = BLANK
    """The value hoped for, in `unit`."""
    last_measured_on: PastDay = BLANK
    """When that was."""
    reviewed_by: str = BLANK
    """Who looks at it."""
    last_reviewed_on: PastDay = BLANK
    """When they last did."""
    used_for: str = BLANK
    """What it is used to decide."""
    decision: MetricDecision = BLANK
    """What followed from the last look."""
    controls: list[ControlId] = BLANK
    """The controls that it led to or judges."""
    incidents: list[IncidentId] = BLANK
    """The incidents that it counts."""


# --- incidents and the duty to notify -----------------------------------------------------------------------


@unique
class IncidentStatus(Word):
    """Where an incident stands."""

    open = "still going on or not yet understood"
    contained = "stopped"
    closed = "finished, lessons drawn"


@unique
class NotifyDecision(Word):
    """Whether an authority is told."""

    notify = "it is told"
    not_notify = "it is not, for the reason given"
    not_a_breach = "the law of the place does not count it as a breach, for the reason given"


@unique
class IndividualsDecision(Word):
    """Whether the people are told."""

    notify = "they are told"
    not_notify = "they are not, for the reason given"
    by_order_only = "only if the authority asks"


@unique
class ClockType(Word):
    """What sort of time limit the law of the place sets; the limit itself is data of the pack."""

    calendar_hours = "so many hours, whatever the day"
    working_days = "so many working days"
    without_fixed_time = "as soon as possible, or words to that effect"
    no_duty = "there is no duty to tell the authority"


@unique
class ScrapingPosition(Word):
    """Whether scraping of public data counts as a breach, in the organisation's reasoned view."""

    counts = "it does"
    depends = "it depends on the incident, as the reasoning says"
    does_not_count = "it does not"


class MassScrape(Shape):
    """From when on a scraping incident is triaged as a possible breach; the statements set no number."""

    records: AtLeastOne = BLANK
    """From how many records."""
    subjects: AtLeastOne = BLANK
    """From how many people."""
    minors_records: AtLeastOne = BLANK
    """From how many records about people under age; lower than `records`."""
    special_records: AtLeastOne = BLANK
    """From how many records of special-category data; lower than `records`."""


class IncidentPolicy(Subject):
    """What the organisation has laid down for scraping incidents (CJS24 key takeaways; para 13, bullet 5)."""

    KIND = "incident_policy"

    register_ref: str = BLANK
    """Where incidents are recorded."""
    register_retention_months: AtLeastOne = BLANK
    """How many months a record is kept."""
    runbook_ref: str = BLANK
    """What to do when scraping is suspected."""
    last_tested_on: PastDay = BLANK
    """When that was last rehearsed."""
    test_interval_days: Annotated[AtLeastOne, LOWER] = BLANK
    """Within how many days it is rehearsed again."""
    mass_scrape: MassScrape = BLANK
    """From when on an incident is triaged as a possible breach (CJS24 key takeaways)."""
    harm_significant_records: AtLeastOne = BLANK
    """From how many records the organisation itself speaks of significant harm."""
    lookback_days: AtLeastOne = BLANK
    """How many days back an investigation must be able to see."""
    legal_sla_days: Annotated[Count, LOWER] = BLANK
    """Within how many days of the decision a legal step is taken."""
    follow_up_days: Annotated[AtLeastOne, LOWER] = BLANK
    """Within how many days an unanswered demand is chased."""
    assumed_attacker_accounts: AtLeastOne = BLANK
    """How many accounts a scraper is assumed to have, to work out how long a harvest takes."""
    tolerated_harvest_days: AtLeastOne = BLANK
    """How many days a whole surface should at least take to copy."""


class BreachDecision(Shape):
    """What was decided about telling, in one jurisdiction (JS23 control 7)."""

    KEY = "jurisdiction"

    jurisdiction: Place
    """Whose law it is decided under."""
    authority: str = BLANK
    """The authority."""
    decision: NotifyDecision = BLANK
    """Whether it is told."""
    reason: str = BLANK
    """Why, measured against the threshold of that law."""
    assessed_at: PastMoment = BLANK
    """When the assessment was finished, with the offset from UTC."""
    authority_notified_at: PastMoment = BLANK
    """When the authority was told, with the offset from UTC."""
    reference: str = BLANK
    """The authority's reference."""
    late_reason: Annotated[str, ABSENT] = BLANK
    """Why it was told late. Left out: no reason is given."""
    individuals_decision: IndividualsDecision = BLANK
    """Whether the people concerned are told."""
    individuals_notified_at: PastMoment = BLANK
    """When they were told, with the offset from UTC."""
    not_notified_reason: Annotated[str, ABSENT] = BLANK
    """Why they are not told. Left out: no reason is given."""


class IncidentLegal(Shape):
    """The legal answer to an incident (CJS24 para 13, bullet 5; JS23 control 6)."""

    decision: LegalMeasure = BLANK
    """The step that was decided."""
    reason: str = BLANK
    """Why that step, or none."""
    scraper: str = BLANK
    """Whom it is aimed at, as far as known."""
    decided_on: PastDay = BLANK
    """When it was decided."""
    demanded_on: PastDay = BLANK
    """When deletion was demanded."""
    letter_ref: str = BLANK
    """Where the letter is."""
    confirmed: bool = BLANK
    """Whether deletion was confirmed; `false` says that it was not, blank says nothing."""
    confirmed_on: PastDay = BLANK
    """When deletion was confirmed."""
    chased_on: list[PastDay] = BLANK
    """When the demand was repeated. `[]` declares that it was not."""
    unconfirmed_reason: Annotated[str, ABSENT] = BLANK
    """Why no confirmation can be had. Left out: no reason is given."""


class Incident(Subject):
    """A case of scraping, suspected or confirmed. That one happened is no gap (CJS24 para 16)."""

    KIND = "incident"
    KEY = "id"

    id: Id
    """The incident's short name, unique among incidents."""
    title: str = BLANK
    """What happened, in a few words."""
    status: IncidentStatus = BLANK
    """Where it stands."""
    confirmed: bool = BLANK
    """Whether scraping is confirmed, not only suspected."""
    surfaces: list[SurfaceId] = BLANK
    """The surfaces it touched."""
    fields: list[FieldId] = BLANK
    """The fields that were taken, as surface.field."""
    threats: list[ThreatId] = BLANK
    """The threats that it made real."""
    jurisdictions: list[Jurisdiction] = BLANK
    """Where the people concerned live."""
    records: Count = BLANK
    """How many records were taken, as far as known."""
    subjects: Count = BLANK
    """How many people are concerned, as far as known."""
    minors_records: Count = BLANK
    """How many of the records are about people under age."""
    special_records: Count = BLANK
    """How many of the records hold special-category data."""
    started_at: PastMoment = BLANK
    """When it began, as far as known, with the offset from UTC."""
    detected_at: PastMoment = BLANK
    """When it was first noticed, with the offset from UTC."""
    aware_at: PastMoment = BLANK
    """When the organisation was reasonably sure, with the offset from UTC; many clocks start here."""
    contained_at: PastMoment = BLANK
    """When it was stopped, with the offset from UTC."""
    closed_at: PastMoment = BLANK
    """When it was closed, with the offset from UTC."""
    decisions: list[BreachDecision] = BLANK
    """What was decided about telling, by jurisdiction (JS23 control 7)."""
    legal: IncidentLegal = BLANK
    """The legal answer (CJS24 para 13, bullet 5)."""
    controls_changed: list[ControlId] = BLANK
    """The controls that were changed because of it. `[]` declares that none was."""
    no_change_reason: Annotated[str, ABSENT] = BLANK
    """Why nothing had to change. Left out: no reason is given."""
    reviewed_on: PastDay = BLANK
    """When the lessons were drawn."""


class BreachDuty(Subject):
    """What is prepared for the duty to notify in one place; its clock is pack data (JS23 control 7)."""

    KIND = "breach_duty"
    KEY = "jurisdiction"

    jurisdiction: Place
    """Whose law it is."""
    statute: str = BLANK
    """The statute and section."""
    authority: str = BLANK
    """The authority that is told."""
    clock_type: ClockType = BLANK
    """What sort of time limit the organisation works to."""
    notify_within_hours: Annotated[AtLeastOne, ABSENT] = BLANK
    """Within how many hours the playbook has the authority told, counted as that law counts; not longer than the law
    allows (crosswalk T11). Left out: the playbook names no time of its own."""
    individuals_rule: str = BLANK
    """When the people concerned are told."""
    playbook_ref: str = BLANK
    """What to do, step by step."""
    names_scraping: bool = BLANK
    """Whether the playbook names scraping as a case (CJS24 key takeaways)."""
    last_tested_on: PastDay = BLANK
    """When it was last rehearsed."""
    test_interval_days: Annotated[AtLeastOne, LOWER] = BLANK
    """Within how many days it is rehearsed again."""
    scraping_position: ScrapingPosition = BLANK
    """Whether scraping of public data counts as a breach there, in the organisation's view."""
    reasoning_ref: str = BLANK
    """Where that view is reasoned."""
    reasoned_on: PastDay = BLANK
    """When it was reasoned."""
    owner: str = BLANK
    """Who does it."""


# --- users, law, terms --------------------------------------------------------------------------------------


@unique
class DisclosureDetail(Word):
    """How much is told about the protections."""

    existence = "that there are some"
    kinds = "which kinds there are"
    thresholds = "also their limits, which helps scrapers"


@unique
class Availability(Word):
    """Whether the law of the place has something."""

    available = "it has"
    limited = "within the conditions given"
    not_available = "it has not"


@unique
class ScrapingKind(Word):
    """A kind of scraping."""

    search_indexing = "indexing by search engines"
    archiving = "archiving"
    academic_research = "research"
    journalism = "journalism"
    price_comparison = "comparison of offers"
    market_research = "market research"
    lead_generation = "collecting contacts for sale or advertising"
    profile_building = "building profiles of people"
    facial_recognition = "collecting faces"
    ai_training = "training AI"
    background_checks = "checks on people"
    political = "political or intelligence gathering"
    other = "something else"


@unique
class AgentKind(Word):
    """What kind of crawler it is."""

    search_engine = "indexes for search"
    ai = "collects for AI"
    archive = "archives"
    seo = "measures sites"
    social = "makes previews"
    research = "research"
    other = "something else"


@unique
class AgentsPolicy(Word):
    """What AI crawlers are asked."""

    allowed = "they may read"
    partly_refused = "some, or from some parts, are asked to stay away"
    refused = "they are asked to stay away"


class UserEnablement(Subject):
    """How users are helped to decide what they share (CJS24 key takeaways; JS23 users)."""

    KIND = "user_enablement"

    notice_ref: str = BLANK
    """Where users are told what is public and what that means."""
    settings_ref: str = BLANK
    """Where they set who sees what."""
    protections_disclosure_ref: str = BLANK
    """Where they are told what is done against scraping (JS23 users)."""
    protections_detail: DisclosureDetail = BLANK
    """How much is told there; kinds, not limits."""
    in_product_prompts: list[str] = BLANK
    """Where the product itself reminds them. `[]` declares that it does not."""
    education: list[str] = BLANK
    """Help pages and campaigns."""
    last_reviewed_on: PastDay = BLANK
    """When all that was last reviewed."""
    review_interval_days: Annotated[AtLeastOne, LOWER] = BLANK
    """Within how many days it is reviewed again."""


class LegalResponse(Subject):
    """What is prepared against scrapers in law (CJS24 para 13, bullet 5; JS23 control 6)."""

    KIND = "legal_response"

    playbook_ref: str = BLANK
    """What to do, step by step."""
    measures: list[LegalMeasure] = BLANK
    """Which steps it holds."""
    decision_sla_days: Annotated[Count, LOWER] = BLANK
    """Within how many days of confirmation a step is decided."""
    follow_up_days: Annotated[AtLeastOne, LOWER] = BLANK
    """Within how many days an unanswered demand is chased."""
    register_ref: str = BLANK
    """Where steps are recorded."""
    owner: str = BLANK
    """Who decides."""


class LegalPosition(Subject):
    """What the organisation has established about the law of one jurisdiction (CJS24 para 25, 28)."""

    KIND = "legal_position"

    research_basis: Availability = BLANK
    """Whether that law has a ground for research, statistics or public interest (CJS24 para 25)."""
    research_conditions: list[str] = BLANK
    """The conditions under which it has (CJS24 para 25)."""
    consent_exception: Availability = BLANK
    """Whether that law lets access be given without consent (CJS24 para 25)."""
    ai_training: Permission = BLANK
    """Whether, in general, that law lets public personal data be used for AI (CJS24 para 28)."""
    statutory_duties: list[str] = BLANK
    """Expectations that are duties by statute there, by their ids (CJS24 para 9)."""
    note_ref: str = BLANK
    """Where the legal note is."""
    reviewed_on: PastDay = BLANK
    """When it was last reviewed."""
    reviewed_by: str = BLANK
    """Who reviewed it."""


class LegalityReview(Subject):
    """Which kinds of scraping are lawful in one place, and which are guarded against (JS23 controls)."""

    KIND = "legality_review"
    KEY = "jurisdiction"

    jurisdiction: Place
    """Whose law it is."""
    reviewed_on: PastDay = BLANK
    """When it was last reviewed."""
    review_interval_days: Annotated[AtLeastOne, LOWER] = BLANK
    """Within how many days it is reviewed again."""
    reviewed_by: str = BLANK
    """Who reviewed it."""
    permitted_kinds: list[ScrapingKind] = BLANK
    """The kinds that are lawful there. `[]` declares that none is."""
    unlawful_kinds: list[ScrapingKind] = BLANK
    """The kinds that are not. `[]` declares that all are lawful."""
    controls: list[ControlId] = BLANK
    """The controls that guard against the unlawful ones."""
    note_ref: str = BLANK
    """Where the legal note is."""


class RefusedAgent(Shape):
    """A crawler that is asked to stay away."""

    KEY = "name"

    name: str
    """Its product token, such as GPTBot."""
    kind: AgentKind
    """What kind of crawler it is; refusing search engines is never asked (CJS24 para 2)."""


class Policies(Subject):
    """The published documents, and what they say."""

    KIND = "policies"

    tos_ref: str = BLANK
    """Where the terms of service are."""
    tos_updated_on: PastDay = BLANK
    """The date of their present version."""
    tos_anti_scraping_clause: str = BLANK
    """The heading or anchor of the clause that forbids scraping (GAR24 measure 2; JS23 control 6)."""
    tos_automated_access_clause: str = BLANK
    """The heading or anchor of the clause on access by machines."""
    tos_consequences_clause: str = BLANK
    """The heading or anchor of the clause on what follows."""
    privacy_notice_ref: str = BLANK
    """Where the privacy notice is."""
    privacy_notice_updated_on: PastDay = BLANK
    """The date of its present version."""
    robots_ref: str = BLANK
    """Where robots.txt is (RFC 9309)."""
    refused_agents: list[RefusedAgent] = BLANK
    """The crawlers that are asked to stay away. `[]` declares none."""
    ai_agents_policy: AgentsPolicy = BLANK
    """What AI crawlers are asked (GAR24 measure 4)."""
    ai_txt_ref: str = BLANK
    """Where ai.txt or llms.txt is."""
    tdm_policy_ref: str = BLANK
    """Where the text and data mining reservation is."""
    security_txt_ref: str = BLANK
    """Where security.txt is (RFC 9116)."""
    ai_governance_ref: str = BLANK
    """Where the policy on AI is (HIRO23 action 5)."""
    last_reviewed_on: PastDay = BLANK
    """When these documents were last reviewed together."""


# --- access given to third parties --------------------------------------------------------------------------


@unique
class Channel(Word):
    """By which way data is given."""

    api = "an interface with credentials (CJS24 para 26)"
    bulk = "files or dumps"
    permitted_scraping = "scraping that the organisation allows"
    partner_feed = "a feed to a partner"
    research = "a way for researchers"


@unique
class ConsentRequirement(Word):
    """Whether the law of the place asks for consent."""

    required = "it does"
    not_required = "it does not"


@unique
class ClauseKind(Word):
    """What a clause of the contract is about (CJS24 para 23)."""

    compliance_with_law = "the recipient obeys the law; by itself not enough"
    field_limits = "which information may be taken"
    purpose_limits = "for what it may be used"
    volume_limits = "how much"
    consequences = "what follows when limits are ignored"
    audit_right = "the organisation may look"
    deletion = "when it is deleted"
    retention = "how long it may be kept"
    onward_transfer = "whom it may be passed on to"
    no_reidentification = "people may not be identified"
    no_ai_training = "AI may not be trained with it"
    security = "how it is kept safe"
    confidentiality = "who may see it"
    breach_notice = "the recipient reports breaches"
    rights_assistance = "the recipient helps with people's requests"
    publication = "what is published of results"
    other = "something else, described in `note`"


@unique
class Consequence(Word):
    """What follows when limits are ignored (CJS24 para 23)."""

    warning = "a warning"
    throttling = "less access"
    suspension = "access is suspended"
    termination = "access ends"
    deletion = "the data is deleted"
    damages = "damages or a penalty"
    audit = "an audit"
    legal_action = "proceedings"
    regulator_report = "a report to an authority"


@unique
class AssuranceMethod(Word):
    """How the organisation makes sure of the recipient beforehand."""

    due_diligence = "research on the recipient"
    questionnaire = "questions answered by the recipient"
    certification = "a certificate"
    audit = "an audit"
    use_case_review = "review of the intended use"
    technical_limits = "limits in the interface"
    trial = "a trial under watch"


@unique
class MonitoringMethod(Word):
    """How a recipient is watched."""

    log_review = "access logs are read"
    automated_alerts = "rules raise alerts"
    usage_report = "the recipient reports"
    audit = "the recipient is audited"
    decoy_records = "planted records are looked for elsewhere"
    market_watch = "offers of the data are looked for"


@unique
class FindingKind(Word):
    """What a recipient did."""

    excess_fields = "took other information than allowed"
    excess_volume = "took more than allowed"
    other_purpose = "used it for something else"
    onward_transfer = "passed it on"
    late_deletion = "kept it too long"
    credential_sharing = "lent its credentials"
    security_incident = "lost it"
    other = "something else"


@unique
class FindingOutcome(Word):
    """What came of an action."""

    remedied = "the recipient put it right"
    disputed = "the recipient disagrees"
    access_ended = "access ended"
    pending = "nothing yet"


@unique
class RiskTier(Word):
    """How closely a recipient must be looked at."""

    low = "lightly"
    medium = "regularly"
    high = "closely"


@unique
class AmendmentGround(Word):
    """Why a request for data is answered with a request to amend it (DSA Art 40(5))."""

    no_access = "the organisation does not have the data"
    security = "its service's security would suffer significantly"
    confidentiality = "confidential information would suffer significantly"


class Consent(Shape):
    """Whether consent is asked for in one jurisdiction, and how it is had (CJS24 para 22)."""

    required: ConsentRequirement = BLANK
    """Whether the law of the place asks for it."""
    ref: str = BLANK
    """Where the record of consent is."""
    mechanism: str = BLANK
    """How people give and withdraw it."""


class Clause(Shape):
    """One clause of the contract; a list, so that rules can ask for more than one (CJS24 para 23)."""

    KEY = "kind"

    kind: ClauseKind
    """What the clause is about."""
    fields: list[FieldId] = BLANK
    """For field_limits: the information that may be taken, as surface.field."""
    purposes: list[Purpose] = BLANK
    """For purpose_limits: what it may be used for, in the words of `purposes`."""
    consequences: list[Consequence] = BLANK
    """For consequences: what follows when limits are ignored."""
    within_days: Annotated[Count, LOWER] = BLANK
    """For deletion, retention and breach_notice: within how many days."""
    records_per_day: Annotated[Count, LOWER] = BLANK
    """For volume_limits: how many records a day."""
    recipients: list[str] = BLANK
    """For onward_transfer: whom it may be passed on to. `[]` declares nobody."""
    locator: str = BLANK
    """Where in the contract the clause stands."""
    note: str = BLANK
    """What else it says."""


class Contract(Shape):
    """The agreement; a safeguard, not a lawful basis (CJS24 key takeaways, para 23)."""

    ref: str = BLANK
    """Where it is."""
    version: str = BLANK
    """Its version."""
    signed_on: PastDay = BLANK
    """When it was signed."""
    expires_on: Annotated[Day, ABSENT] = BLANK
    """When it ends; leaving it out declares that it has no end."""
    clauses: list[Clause] = BLANK
    """What it says. `[]` declares that it limits nothing."""


class Assurance(Shape):
    """How it is made sure that use under contract is lawful in fact (CJS24 para 23)."""

    methods: list[AssuranceMethod] = BLANK
    """How. `[]` declares that nothing is done."""
    risk_tier: RiskTier = BLANK
    """How closely the recipient must be looked at."""
    last_assessed_on: PastDay = BLANK
    """When the recipient was last assessed."""
    ref: str = BLANK
    """Where the assessment is."""


class FindingAction(Shape):
    """What was done about a finding (CJS24 para 23)."""

    step: AtLeastOne = BLANK
    """Which step of the ladder it is, 1 the mildest."""
    taken_on: PastDay = BLANK
    """When it was taken."""
    type: Consequence = BLANK
    """What it was."""
    outcome: FindingOutcome = BLANK
    """What came of it."""
    ref: str = BLANK
    """Where it is recorded."""


class MonitoringFinding(Shape):
    """Something that monitoring found."""

    KEY = "id"

    id: Id
    """The finding's short name, unique in this access."""
    kind: FindingKind
    """What the recipient did."""
    found_on: PastDay = BLANK
    """When it was found."""
    description: str = BLANK
    """What was seen."""
    action: Annotated[FindingAction, ABSENT] = BLANK
    """What was done. Left out: nothing yet."""


class Monitoring(Shape):
    """How it is watched that limits are kept (CJS24 para 23, 26)."""

    method: MonitoringMethod = BLANK
    """How."""
    cadence_days: Annotated[AtLeastOne, LOWER] = BLANK
    """Every how many days."""
    last_run_on: PastDay = BLANK
    """When it was last done."""
    alert_rules: list[str] = BLANK
    """The alerts on logged activity (CJS24 para 26)."""
    findings: list[MonitoringFinding] = BLANK
    """What was found. `[]` declares nothing."""
    findings_ref: str = BLANK
    """Where findings are recorded."""


class LadderStep(Shape):
    """One step of the answer to ignored limits."""

    KEY = "step"

    step: AtLeastOne
    """Its place, 1 the mildest."""
    measure: Consequence = BLANK
    """What it is."""


class Enforcement(Shape):
    """What is done when limits are ignored (CJS24 para 23)."""

    ladder: list[LadderStep] = BLANK
    """The steps, from the mildest. `[]` declares that there are none."""
    sla_days: Annotated[Count, LOWER] = BLANK
    """Within how many days of a finding a step is taken."""
    policy_ref: str = BLANK
    """Where that is written down."""


class Credentials(Shape):
    """Control by credentials (CJS24 para 26)."""

    type: CredentialType = BLANK
    """How the recipient shows who it is."""
    per_recipient: bool = BLANK
    """Whether each recipient has its own."""
    rotation_days: Annotated[AtLeastOne, LOWER] = BLANK
    """After how many days they are replaced."""
    scopes: list[FieldId] = BLANK
    """The fields that they reach, as surface.field."""


class AccessLogging(Shape):
    """Control by logs (CJS24 para 26)."""

    actor_id: bool = BLANK
    """Whether each request is logged with who made it."""
    fields_logged: list[str] = BLANK
    """What is logged."""
    retention_days: Count = BLANK
    """How many days logs are kept: at least the look-back, at most the maximum below."""
    max_retention_days: Annotated[Count, LOWER] = BLANK
    """The most days that privacy allows."""


class AmendmentRequest(Shape):
    """The organisation's request to amend a request for data (DSA Art 40(5)-(6))."""

    received_on: PastDay = BLANK
    """When the request for data came."""
    sent_on: PastDay = BLANK
    """When the request to amend was sent."""
    ground: AmendmentGround = BLANK
    """Why."""
    alternatives_offered: list[str] = BLANK
    """What is offered instead. `[]` declares nothing."""
    ref: str = BLANK
    """Where the letter is."""


class Mandate(Shape):
    """The law that requires the access (CJS24 para 24; DSA Art 40)."""

    instrument: str = BLANK
    """The law, such as DSA."""
    article: str = BLANK
    """The article, such as 40(4)."""
    authority: str = BLANK
    """Who made the request."""
    request_ref: str = BLANK
    """Where the request is."""
    received_on: PastDay = BLANK
    """When it came."""
    interface: Channel = BLANK
    """The way that it names (DSA Art 40(7))."""
    period_end: Day = BLANK
    """Until when it asks for access to be given."""
    delivered_on: Annotated[PastDay, ABSENT] = BLANK
    """When access was given (DSA Art 40(4)). Left out: it was not given yet."""
    amendment_request: Annotated[AmendmentRequest, ABSENT] = BLANK
    """The request to amend it. Left out: none was made."""


class RecipientVetting(Shape):
    """What the authority, or the organisation, found about a research recipient (DSA Art 40(8))."""

    decision_ref: str = BLANK
    """Where the decision is."""
    decided_by: str = BLANK
    """Who decided."""
    decided_on: PastDay = BLANK
    """When."""
    affiliation: str = BLANK
    """The research organisation."""
    independence: str = BLANK
    """How it is independent of commercial interests."""
    funding: str = BLANK
    """Who pays."""
    tom_ref: str = BLANK
    """Its measures for security and personal data."""
    necessity: str = BLANK
    """Why this data and this time are needed."""
    publication_commitment: str = BLANK
    """How results are published, free of charge."""


class ExceptionScope(Shape):
    """How far an exception reaches in one jurisdiction (CJS24 para 25)."""

    conditions: list[str] = BLANK
    """Its conditions."""
    met_by: list[str] = BLANK
    """How each is met."""


class Access(Subject):
    """Access to personal data, or permission to collect it, given to a third party (CJS24 para 20-26)."""

    KIND = "access"
    KEY = "id"

    id: Id
    """The access's short name, unique in third_party_access."""
    recipient: str = BLANK
    """Who gets the data."""
    recipient_jurisdiction: Place = BLANK
    """Where the recipient is established."""
    channel: Channel = BLANK
    """By which way; an interface gives most control (CJS24 key takeaways)."""
    channel_justification: Annotated[str, ABSENT] = BLANK
    """Why it is not an interface. Left out: no reason is given."""
    start_on: Day = BLANK
    """From when."""
    end_on: Annotated[Day, ABSENT] = BLANK
    """Until when; leaving it out declares that it goes on."""
    owner: str = BLANK
    """Who inside the organisation answers for it."""
    surfaces: list[SurfaceId] = BLANK
    """The surfaces it reaches."""
    fields: list[FieldId] = BLANK
    """The fields it reaches, as surface.field."""
    jurisdictions: list[Jurisdiction] = BLANK
    """Where the people live whose data it reaches."""
    purposes: list[Purpose] = BLANK
    """What the recipient uses it for, in short words such as market_research, systemic_risk_research."""
    lawful_basis: dict[Jurisdiction, LawfulBasis] = BLANK
    """The lawful basis for giving it, by jurisdiction (CJS24 para 22)."""
    consent: dict[Jurisdiction, Consent] = BLANK
    """Whether consent is asked for and had, by jurisdiction (CJS24 para 22)."""
    exception_scope: dict[Jurisdiction, ExceptionScope] = BLANK
    """How far an exception relied on reaches, by jurisdiction (CJS24 para 25)."""
    disclosed_in: str = BLANK
    """Where people are told of it, as path or address with anchor (CJS24 para 22)."""
    disclosed_on: PastDay = BLANK
    """Since when they are told; not after the start."""
    contract: Annotated[Contract, ABSENT] = BLANK
    """The agreement with the recipient. Left out: there is none."""
    assurance: Assurance = BLANK
    """How it is made sure that use under contract is lawful (CJS24 para 23)."""
    monitoring: Monitoring = BLANK
    """How it is watched that limits are kept (CJS24 para 23)."""
    enforcement: Enforcement = BLANK
    """What is done when they are not (CJS24 para 23)."""
    credentials: Credentials = BLANK
    """Control by credentials (CJS24 para 26)."""
    logging: AccessLogging = BLANK
    """Control by logs (CJS24 para 26)."""
    mandated_by: Annotated[Mandate, ABSENT] = BLANK
    """The law that requires the access. Left out: it is voluntary (CJS24 para 24)."""
    recipient_vetting: RecipientVetting = BLANK
    """What was found about a research recipient (DSA Art 40(8))."""


# --- AI uses and own scraping -------------------------------------------------------------------------------


@unique
class SourceType(Word):
    """Where training or reference data comes from."""

    own_platform = "what people put on the organisation's own service"
    scraped = "taken from others' sites by machine"
    licensed = "from others under licence"
    public_dataset = "a dataset that others made from public sources"
    user_input = "what users type into the AI system"
    synthetic = "made by machine"


@unique
class ControllerRole(Word):
    """The organisation's part in the processing (ICO8Q question 2)."""

    controller = "decides why and how"
    joint_controller = "decides with others"
    processor = "acts for others"


@unique
class Exclusion(Word):
    """What is kept out."""

    private_messages = "private messages"
    minors = "accounts and data of people under age"
    special_category = "special-category data"
    objectors = "people who objected"
    deleted_accounts = "accounts that were deleted"
    restricted_visibility = "what is not open to everyone"
    contact_details = "addresses and numbers"
    location = "where people are"
    third_party_mentions = "people mentioned by others"


@unique
class AiThreatType(Word):
    """An attack on an AI system (ICO8Q question 5; G723)."""

    leakage = "the model repeats personal data"
    model_inversion = "training data is worked out from the model"
    membership_inference = "it is found out whether somebody was in the data"
    extraction = "training data is drawn out by questions"
    poisoning = "the data is tampered with"
    adversarial_attack = "inputs are made to mislead"
    prompt_injection = "instructions are smuggled in"


@unique
class PriorDataEffect(Word):
    """What an objection does to data used already (AIENG, LinkedIn 2025)."""

    removed = "it is taken out of the data"
    retrained = "the model is made anew without it"
    suppressed = "its output is filtered"
    retained = "nothing"


@unique
class RightsStage(Word):
    """Where a request is answered (ICOGEN24 on rights)."""

    training = "in the training data"
    finetune = "in the adaptation data"
    output = "in what the system says"


@unique
class AdmEffect(Word):
    """What a decision without a person does to people (ICO8Q question 8)."""

    none = "nothing of weight"
    legal = "it has legal effect"
    similarly_significant = "it weighs as much as legal effect"


@unique
class DataScope(Word):
    """What a filter looks for (ICOGEN24 on misconceptions)."""

    personal_data = "personal data in the full sense"
    identifiers_only = "names, numbers and the like only"


@unique
class CounterpartyRole(Word):
    """The other's part in the supply chain of AI."""

    data_supplier = "supplies data"
    model_developer = "develops the model"
    model_provider = "offers the model"
    deployer = "puts the model to use"
    annotator = "labels data"
    infrastructure = "lends machines"


@unique
class ModelAccess(Word):
    """How others get at the model."""

    internal = "not at all"
    product = "through a product"
    api = "through an interface"
    weights = "they get the model itself"


@unique
class TargetAccess(Word):
    """Who can see what is scraped."""

    public = "anyone"
    registered = "anyone with an account"
    closed = "members, friends, private groups, also where they pay for it"
    paid = "anyone who pays"


@unique
class RobotsPolicy(Word):
    """What is done with others' robots.txt."""

    obeyed = "it is followed"
    partly_obeyed = "it is followed with exceptions"
    ignored = "it is read and not followed"
    not_read = "it is not read"


@unique
class ReviewOutcome(Word):
    """What a review said."""

    appropriate = "it may go on"
    appropriate_with_changes = "it may go on, changed"
    not_appropriate = "it must stop"


class DpiaVersion(Shape):
    """A version of the impact assessment; an update after the start does not make the first one late."""

    KEY = "version"

    version: str
    """The version's name, in quotation marks if it is a number."""
    approved_on: PastDay = BLANK
    """When it was approved."""
    approved_by: str = BLANK
    """Who approved it."""
    change: str = BLANK
    """What changed."""


class DpiaDescription(Shape):
    """Whether the description is complete (GDPR Art 35(7)(a); SNAP24)."""

    nature: bool = BLANK
    """Whether it says what is done."""
    scope: bool = BLANK
    """Whether it says with how much and whose data."""
    context: bool = BLANK
    """Whether it says in what circumstances."""
    purposes: bool = BLANK
    """Whether it says why."""


class DpiaSections(Shape):
    """What the assessment holds (GDPR Art 35(7))."""

    description: DpiaDescription = BLANK
    """The description of the processing."""
    necessity: bool = BLANK
    """Whether necessity and proportionality are assessed."""
    risks: bool = BLANK
    """Whether the risks to people are assessed."""
    mitigations: bool = BLANK
    """Whether measures against them are set out."""


class PriorConsultation(Shape):
    """Asking the authority first because high risk remains (GDPR Art 36; SNAP24)."""

    authority: str = BLANK
    """Whom."""
    submitted_on: PastDay = BLANK
    """When."""
    outcome: str = BLANK
    """What it answered."""
    ref: str = BLANK
    """Where the letters are."""


class Dpia(Shape):
    """The impact assessment (GDPR Art 35; ICO8Q question 3; SNAP24)."""

    ref: str = BLANK
    """Where it is."""
    versions: list[DpiaVersion] = BLANK
    """Its versions; one of them approved before the start. `[]` declares that there is none."""
    next_review_on: Day = BLANK
    """When it is next due."""
    sections: DpiaSections = BLANK
    """What it holds."""
    delta_from_previous: str = BLANK
    """How AI changes the data and operations from before (SNAP24)."""
    risk_scenarios: list[RiskScenario] = BLANK
    """The risks it looks at (JS23 risks)."""
    residual_high: bool = BLANK
    """Whether high risk remains."""
    prior_consultation: Annotated[PriorConsultation, ABSENT] = BLANK
    """The question to the authority. Left out: none was put."""
    adviser: str = BLANK
    """Whose advice was sought, such as the data protection officer's."""


class Alternative(Shape):
    """Another way to the same end that was weighed (ICOGEN24, necessity)."""

    KEY = "option"

    option: str
    """The other way."""
    rejected_because: str = BLANK
    """Why it was not taken."""


class Balancing(Shape):
    """The interest weighed against the people's (ICOGEN24, balancing)."""

    impacts: list[str] = BLANK
    """What it does to people."""
    safeguards: list[str] = BLANK
    """What softens that."""
    reasonable_expectations: str = BLANK
    """What people can expect, reasoned; that others do it too is no reason."""
    override: bool = BLANK
    """Whether the people's interests override."""


class Lia(Shape):
    """The assessment behind legitimate interests (ICOGEN24; ICO8Q question 1)."""

    ref: str = BLANK
    """Where it is."""
    approved_on: PastDay = BLANK
    """When it was approved."""
    interest: str = BLANK
    """The interest, specific and clear."""
    beneficiaries: list[str] = BLANK
    """Who gains."""
    alternatives: list[Alternative] = BLANK
    """Other ways that were weighed. `[]` declares none."""
    balancing: Balancing = BLANK
    """The interest weighed against the people's."""


class NoticeRevision(Shape):
    """A change of the notice."""

    KEY = "on"
    UNIQUE = False

    on: PastDay
    """When it changed."""
    change: str = BLANK
    """What changed."""
    ref: str = BLANK
    """Where that version is."""


class NoticeTest(Shape):
    """A test whether people understand the notice (ICOGEN24, transparency)."""

    KEY = "on"
    UNIQUE = False

    on: PastDay
    """When it was tested."""
    method: str = BLANK
    """How."""
    sample: Count = BLANK
    """With how many people."""
    result: Count = BLANK
    """What came out, on the test's own scale."""
    pass_mark: Count = BLANK
    """What was needed, on the same scale."""
    ref: str = BLANK
    """Where the report is."""


class Transparency(Shape):
    """What people are told (AIENG; ICO8Q question 4; CLV APP 5)."""

    notice_ref: str = BLANK
    """Where the notice is."""
    published_on: PastDay = BLANK
    """Since when."""
    policy_change_on: Day = BLANK
    """When the policy was changed to allow the use; not after the notice."""
    in_product_notice: bool = BLANK
    """Whether the product itself tells them."""
    direct_notice: Treatment = BLANK
    """Whether each person was told."""
    rationale: str = BLANK
    """Why not, where not."""
    revisions: list[NoticeRevision] = BLANK
    """Changes of the notice. `[]` declares none."""
    tests: list[NoticeTest] = BLANK
    """Tests whether people understand it. `[]` declares none."""
    explainability_ref: str = BLANK
    """How the system's workings are explained (G723)."""


class Objection(Shape):
    """How people can object (AIENG)."""

    route_url: str = BLANK
    """Where."""
    steps: Annotated[Count, LOWER] = BLANK
    """In how many steps."""
    login_required: bool = BLANK
    """Whether one must be signed in."""
    free_text_required: bool = BLANK
    """Whether one must give reasons."""
    default_on: bool = BLANK
    """Whether data is used unless one objects."""
    notice_on: Day = BLANK
    """When people are told that they can."""
    available_from: Day = BLANK
    """From when they can; before collection."""
    window_days: Annotated[Count, HIGHER] = BLANK
    """How many days they have between notice and start; the regulators set no number."""
    effect_on_prior_data: PriorDataEffect = BLANK
    """What an objection does to data used already."""


class RightsMethod(Shape):
    """How requests are answered at one stage."""

    KEY = "stage"

    stage: RightsStage
    """Where."""
    method: str = BLANK
    """How; a filter alone may not be enough."""
    ref: str = BLANK
    """Where it is described."""


class Rights(Shape):
    """People's rights (ICO8Q question 7; ICOGEN24; G723)."""

    channels: list[str] = BLANK
    """Where people can ask. `[]` declares nowhere."""
    covers_model: bool = BLANK
    """Whether the answer reaches the model and not only the data."""
    sla_days: Annotated[Count, LOWER] = BLANK
    """Within how many days an answer is given."""
    methods: list[RightsMethod] = BLANK
    """How requests are answered, by stage."""
    extra_identification_required: bool = BLANK
    """Whether one must give more data to be found (CLV, UK)."""
    extra_identification_reason: Annotated[str, ABSENT] = BLANK
    """Why. Left out: no reason is given."""
    log_ref: str = BLANK
    """Where requests are recorded."""


class Minimisation(Shape):
    """Only what is needed (ICO8Q question 6; GPA23; AP24)."""

    filters: list[str] = BLANK
    """What is filtered out. `[]` declares nothing."""
    excluded_fields: list[FieldId] = BLANK
    """Fields kept out, as surface.field."""
    excluded_categories: list[Category] = BLANK
    """Categories of data kept out."""
    filter_scope: DataScope = BLANK
    """What filters look for."""
    justification: str = BLANK
    """Why the rest is needed."""
    metrics: list[MetricId] = BLANK
    """The metrics that show it."""
    last_measured_on: PastDay = BLANK
    """When that was last measured."""


class AiThreat(Shape):
    """An attack that was considered."""

    KEY = "type"

    type: AiThreatType
    """Which attack."""
    mitigation: str = BLANK
    """What is done about it."""
    test_ref: str = BLANK
    """Where the test is."""
    tested_on: PastDay = BLANK
    """When it was tested."""


class AiSecurity(Shape):
    """How the AI system is kept safe (ICO8Q question 5; HIRO23 action 6)."""

    ai_threats: list[AiThreat] = BLANK
    """The attacks that were considered. `[]` declares none."""
    measures: list[str] = BLANK
    """What else is done, also against people inside."""
    audit_ref: str = BLANK
    """Where the last audit is."""


class Accuracy(Shape):
    """How right it must be and is (ICOGEN24; G723; CLV APP 10)."""

    intended_use: str = BLANK
    """What it is for; that sets how right it must be."""
    statistical_accuracy_ref: str = BLANK
    """Where its accuracy is reported."""
    limits_ref: str = BLANK
    """Where users are told its limits."""
    metrics: list[MetricId] = BLANK
    """The metrics that show it."""
    cadence_days: Annotated[AtLeastOne, LOWER] = BLANK
    """Every how many days it is measured."""
    last_measured_on: PastDay = BLANK
    """When it was last measured."""


class Bias(Shape):
    """Whether it treats people unfairly (G723)."""

    metrics: list[MetricId] = BLANK
    """The metrics that show it."""
    mitigations: list[str] = BLANK
    """What is done about it."""
    last_measured_on: PastDay = BLANK
    """When it was last measured."""
    ref: str = BLANK
    """Where the report is."""


class Adm(Shape):
    """Decisions without a person (ICO8Q question 8; G723)."""

    used: bool = BLANK
    """Whether there are any."""
    effects: AdmEffect = BLANK
    """What they do to people."""
    human_review_ref: str = BLANK
    """How a person is brought in."""
    refusal_ref: str = BLANK
    """How one can refuse."""


class Minors(Shape):
    """People under age (SNAP24; G723)."""

    in_scope: bool = BLANK
    """Whether their data is or may be used."""
    ages: str = BLANK
    """Which ages."""
    measures: list[str] = BLANK
    """What is done for them. `[]` declares nothing."""


class Counterparty(Shape):
    """Another party in the supply chain (ICO8Q question 2; ICOGEN24; G723)."""

    KEY = "id"

    id: Id
    """Its short name, unique in this use."""
    name: str = BLANK
    """Its name."""
    role: CounterpartyRole = BLANK
    """Its part."""
    controllership: ControllerRole = BLANK
    """Its part in the processing."""
    agreement_ref: str = BLANK
    """Where the agreement is."""


class Downstream(Shape):
    """What others may do with the model (ICOGEN24, control downstream)."""

    access: ModelAccess = BLANK
    """How they get at it."""
    terms_ref: str = BLANK
    """The terms."""
    technical_controls: list[str] = BLANK
    """What backs the terms. `[]` declares nothing."""
    monitoring_ref: str = BLANK
    """How it is watched."""


class Provenance(Shape):
    """How generated content is marked (HIRO23 action 7)."""

    method: str = BLANK
    """How."""
    ref: str = BLANK
    """Where it is described."""


class Safeguard(Shape):
    """Something put in place for the use (AIENG)."""

    KEY = "id"

    id: Id
    """Its short name, unique in this use."""
    description: str = BLANK
    """What it is."""
    effective_on: Day = BLANK
    """From when; not after the start."""
    control: Annotated[ControlId, ABSENT] = BLANK
    """The control that does it. Left out: none is declared."""
    ref: str = BLANK
    """Where it is described."""


class GuidanceAnswer(Shape):
    """What was made of one principle of a guidance (CJS24 para 28)."""

    KEY = "principle"
    UNIQUE = False

    document: str
    """The guidance's code, such as GPA23 or ICO8Q."""
    principle: str
    """The principle, by the word that the pack uses."""
    status: Answer = BLANK
    """How far it is done."""
    reason: str = BLANK
    """Why not, where not."""
    ref: str = BLANK
    """Where it is shown."""


class AiLaw(Shape):
    """A law on AI that applies (CJS24 para 28)."""

    KEY = "law"
    UNIQUE = False

    law: str
    """The law."""
    jurisdiction: Place
    """Where it applies."""
    classification: str = BLANK
    """How the system is classed under it."""
    status: Answer = BLANK
    """How far its duties are done."""
    assessed_on: PastDay = BLANK
    """When that was assessed."""
    ref: str = BLANK
    """Where the assessment is."""


class Suspension(Shape):
    """How the use can be stopped (AIENG, LinkedIn 2024)."""

    capability: bool = BLANK
    """Whether it can."""
    procedure_ref: str = BLANK
    """How."""
    max_hours: Annotated[Count, LOWER] = BLANK
    """Within how many hours."""
    last_drill_on: PastDay = BLANK
    """When that was last tried."""


class PostDeployment(Shape):
    """Watching after release (HIRO23 action 2)."""

    cadence_days: Annotated[AtLeastOne, LOWER] = BLANK
    """Every how many days."""
    last_run_on: PastDay = BLANK
    """When it was last done."""
    log_ref: str = BLANK
    """Where it is recorded."""


class PhaseDocument(Shape):
    """Technical documentation of one phase (G723)."""

    KEY = "phase"

    phase: Phase
    """Which phase."""
    ref: str = BLANK
    """Where it is."""


class PhasePurpose(Shape):
    """The purpose of one phase; each has its own (ICOGEN24, purpose limitation)."""

    KEY = "phase"

    phase: Phase
    """Which phase."""
    purposes: list[Purpose] = BLANK
    """What for."""
    compatibility_ref: str = BLANK
    """Where it is shown that the new purpose fits the old one."""


class DesignDecision(Shape):
    """A decision for privacy in the design (GPA23)."""

    KEY = "id"

    id: Id
    """Its short name, unique in this use."""
    on: PastDay = BLANK
    """When."""
    decision: str = BLANK
    """What."""
    ref: str = BLANK
    """Where it is written down."""


class SpecialCategory(Shape):
    """Special-category data in a source (ICOGEN24; CLV; AP24)."""

    present: bool = BLANK
    """Whether there is any."""
    condition: dict[Jurisdiction, SpecialCondition] = BLANK
    """Why it may be processed, by jurisdiction."""


class SourcePermission(Shape):
    """Whether the law of one place lets the source be used (CJS24 para 28)."""

    permitted: Permission = BLANK
    """Whether it does."""
    limits: list[str] = BLANK
    """Within what limits."""
    reviewed_on: PastDay = BLANK
    """When that was reviewed."""
    note_ref: str = BLANK
    """Where the legal note is."""


class Source(Subject):
    """Where the data of an AI use comes from."""

    KIND = "source"
    KEY = "id"

    id: Id
    """The source's short name, unique in its use."""
    name: str = BLANK
    """What people call it."""
    type: SourceType
    """Where it comes from."""
    phases: Annotated[list[Phase], Field(json_schema_extra={"minItems": 1})] = BLANK
    """In which phases it is used."""
    surfaces: list[SurfaceId] = BLANK
    """For own_platform: the surfaces it is taken from."""
    scraping: ScrapingId = BLANK
    """For scraped: the entry of own_scraping that collects it."""
    supplier: str = BLANK
    """For licensed and public_dataset: who made it."""
    licence_ref: str = BLANK
    """For licensed and public_dataset: the licence."""
    web_scraped: bool = BLANK
    """For licensed and public_dataset: whether its makers took it from sites by machine (ICOGEN24, lawful basis)."""
    data_categories: list[Category] = BLANK
    """What sort of data it holds."""
    basis: dict[Jurisdiction, LawfulBasis] = BLANK
    """The lawful basis, by jurisdiction (CJS24 para 28)."""
    permission: dict[Jurisdiction, SourcePermission] = BLANK
    """Whether the law lets it be used, by jurisdiction (CJS24 para 28)."""
    lia_ref: str = BLANK
    """The assessment behind legitimate interests."""
    collected_from: Day = BLANK
    """From when it is collected."""
    collected_to: Day = BLANK
    """Until when."""
    historic_reason: Annotated[str, ABSENT] = BLANK
    """Why data from before people could object is used. Left out: no reason is given."""
    excludes: list[Exclusion] = BLANK
    """What is kept out. `[]` declares nothing."""
    minors: bool = BLANK
    """Whether it holds data of people under age."""
    special_category: SpecialCategory = BLANK
    """Special-category data in it."""
    retention_days: Annotated[Count, LOWER] = BLANK
    """How many days the data is kept."""
    quality_checks: list[str] = BLANK
    """What is done for its quality (HIRO23 action 11)."""
    privacy_measures: list[str] = BLANK
    """What is done to protect people in it (HIRO23 action 11)."""
    dataset_card_ref: str = BLANK
    """The dataset card."""


class AiUse(Subject):
    """A use of personal data to develop, operate or deploy AI (CJS24 para 27-30)."""

    KIND = "use"
    KEY = "id"

    id: Id
    """The use's short name, unique among AI uses."""
    name: str = BLANK
    """What people call it."""
    phases: Annotated[list[Phase], Field(json_schema_extra={"minItems": 1})] = BLANK
    """Which phases it covers."""
    generative: Annotated[bool, ABSENT] = BLANK
    """Whether it makes new text, images, sound or code. Left out, it counts as generative: only false takes it out of
    the reach of what is said of generative AI (CJS24 para 28, ICO8Q, SNAP24, AIENG, GPA23, G723, HIRO23, ICOGEN24)."""
    role: ControllerRole = BLANK
    """The organisation's part in the processing (ICO8Q question 2)."""
    jurisdictions: list[Jurisdiction] = BLANK
    """Where the people live whose data is used."""
    start_on: Day = BLANK
    """When processing starts; much must come before."""
    end_on: Annotated[Day, ABSENT] = BLANK
    """When it ends; leaving it out declares that it goes on."""
    owner: str = BLANK
    """Who inside the organisation answers for it."""
    purposes: list[PhasePurpose] = BLANK
    """What for, by phase (ICOGEN24, purpose limitation)."""
    incompatible_uses: list[Purpose] = BLANK
    """What it may not be used for (GPA23)."""
    sources: list[Source] = BLANK
    """Where the data comes from. `[]` declares that no personal data goes in."""
    design_review_on: PastDay = BLANK
    """When data protection by design was reviewed; not after the start (ICO8Q, introduction)."""
    design_decisions: list[DesignDecision] = BLANK
    """What was decided for privacy in the design (GPA23)."""
    dpia: Dpia = BLANK
    """The impact assessment (ICO8Q question 3; SNAP24)."""
    lia: Lia = BLANK
    """The assessment behind legitimate interests (ICOGEN24)."""
    transparency: Transparency = BLANK
    """What people are told (AIENG)."""
    objection: Objection = BLANK
    """How people can object (AIENG)."""
    rights: Rights = BLANK
    """People's rights (ICO8Q question 7)."""
    minimisation: Minimisation = BLANK
    """Only what is needed (ICO8Q question 6)."""
    security: AiSecurity = BLANK
    """How the system is kept safe (ICO8Q question 5)."""
    accuracy: Accuracy = BLANK
    """How right it must be and is (ICOGEN24)."""
    bias: Bias = BLANK
    """Whether it treats people unfairly (G723)."""
    adm: Adm = BLANK
    """Decisions without a person (ICO8Q question 8)."""
    minors: Minors = BLANK
    """People under age (SNAP24)."""
    counterparties: list[Counterparty] = BLANK
    """Others in the supply chain. `[]` declares nobody (ICOGEN24)."""
    downstream: Downstream = BLANK
    """What others may do with the model (ICOGEN24)."""
    provenance: Provenance = BLANK
    """How generated content is marked (HIRO23 action 7)."""
    safeguards: list[Safeguard] = BLANK
    """What was put in place for the use. `[]` declares nothing (AIENG)."""
    measures: list[str] = BLANK
    """Compliance measures in general (CJS24 para 32)."""
    guidance_followed: list[GuidanceAnswer] = BLANK
    """What was made of each principle of the guidance that is followed (CJS24 para 28)."""
    ai_laws: list[AiLaw] = BLANK
    """The laws on AI that apply. `[]` declares none (CJS24 para 28)."""
    suspension: Suspension = BLANK
    """How it can be stopped (AIENG)."""
    regulatory_approval_claimed: bool = BLANK
    """Whether the organisation tells anyone that a regulator approved; talking to one is no approval
    (AIENG)."""
    post_deployment: PostDeployment = BLANK
    """Watching after release (HIRO23 action 2)."""
    model_card_ref: str = BLANK
    """Capabilities, limits, proper and improper uses (HIRO23 action 3)."""
    documentation: list[PhaseDocument] = BLANK
    """Technical documentation, by phase (G723)."""
    risk_register_ref: str = BLANK
    """The register of risks (HIRO23 action 1)."""
    standards_followed: list[str] = BLANK
    """Technical standards (HIRO23 action 10)."""
    ip_policy_ref: str = BLANK
    """The policy on others' works (HIRO23 action 11)."""


class Target(Shape):
    """What is scraped."""

    KEY = "pattern"

    pattern: str
    """The host, path or source, as narrow as it is; one that begins with `*` is not narrow (AP24)."""
    access: TargetAccess = BLANK
    """Who can see it; closed places may not be scraped (AP24)."""
    permission_ref: str = BLANK
    """The target's permission, terms or licence."""


class SpecialFilter(Shape):
    """What keeps special-category and criminal data out (AP24; CLV APP 3.3)."""

    present: bool = BLANK
    """Whether there is one."""
    method: str = BLANK
    """How it works."""
    tested_on: PastDay = BLANK
    """When it was last tested."""
    test_ref: str = BLANK
    """Where the test is."""


class AppropriatenessReview(Shape):
    """Whether a reasonable person would find the purpose appropriate (CLV, Canada)."""

    reviewed_on: PastDay = BLANK
    """When it was reviewed."""
    outcome: ReviewOutcome = BLANK
    """What came out."""
    ref: str = BLANK
    """Where it is."""


class BiometricDb(Shape):
    """A database of faces or other biometric features (CLV, Quebec)."""

    exists: bool = BLANK
    """Whether there is one."""
    reported_on: PastDay = BLANK
    """When it was reported."""
    authority: str = BLANK
    """To whom."""


class GeoExclusion(Shape):
    """People of some places kept out (CLV, Canada)."""

    jurisdictions: list[Jurisdiction] = BLANK
    """Which places."""
    method: str = BLANK
    """How."""
    tested_on: PastDay = BLANK
    """When it was last tested."""


class OrderedDeletion(Shape):
    """Deletion that an authority or court ordered (CLV, Australia)."""

    ordered_on: PastDay = BLANK
    """When it was ordered."""
    done_on: PastDay = BLANK
    """When it was done."""
    proof_ref: str = BLANK
    """The proof."""


class Scraping(Subject):
    """Collection of personal data from others' sites by machine (CJS24 para 6, 32; AP24; CLV)."""

    KIND = "scraping"
    KEY = "id"

    id: Id
    """The activity's short name, unique in own_scraping."""
    name: str = BLANK
    """What people call it."""
    purpose: Purpose = BLANK
    """What for, in a short word such as price_watch; profile_resale and insurance_eligibility are forbidden
    (AP24)."""
    targets: list[Target] = BLANK
    """What is scraped. `[]` declares nothing."""
    jurisdictions: list[Jurisdiction] = BLANK
    """Where the people live whose data is taken, not only where the scraper is (CLV, UK tribunal 2025)."""
    start_on: Day = BLANK
    """From when."""
    end_on: Annotated[Day, ABSENT] = BLANK
    """Until when; leaving it out declares that it goes on."""
    owner: str = BLANK
    """Who inside the organisation answers for it."""
    provider: Annotated[Provider, ABSENT] = BLANK
    """Who scrapes for the organisation. Left out: it does so itself."""
    fields: list[str] = BLANK
    """What is taken, item by item (AP24)."""
    data_categories: list[Category] = BLANK
    """What sort of data that is."""
    basis: dict[Jurisdiction, LawfulBasis] = BLANK
    """The lawful basis, by jurisdiction (CJS24 para 6; AP24)."""
    consent: dict[Jurisdiction, Consent] = BLANK
    """Whether consent is asked for and had, by jurisdiction (CLV, Canada)."""
    lia_ref: str = BLANK
    """The assessment behind legitimate interests."""
    dpia: Dpia = BLANK
    """The impact assessment."""
    special_category_filter: SpecialFilter = BLANK
    """What keeps special-category data out (AP24)."""
    special_category: SpecialCategory = BLANK
    """Special-category data that is taken all the same (CLV)."""
    minors: Minors = BLANK
    """People under age."""
    robots_policy: RobotsPolicy = BLANK
    """What is done with others' robots.txt (RFC 9309)."""
    user_agent: str = BLANK
    """The name that the crawler gives."""
    requests_per_minute: Annotated[AtLeastOne, LOWER] = BLANK
    """How many requests a minute it makes to one host at most."""
    crawler_ref: str = BLANK
    """The crawler's configuration."""
    retention_days: Annotated[Count, LOWER] = BLANK
    """How many days the data is kept (CLV, UK)."""
    deletion_job_ref: str = BLANK
    """What deletes it."""
    suppression_list_ref: str = BLANK
    """The list of people who are not collected again."""
    collection_notice_ref: str = BLANK
    """Where people are told that they are collected (CLV APP 3.5)."""
    fairness_ref: str = BLANK
    """Why the way of collecting is fair (CLV APP 3.5)."""
    transparency: Transparency = BLANK
    """What people are told (CLV APP 5)."""
    objection: Objection = BLANK
    """How people can object."""
    rights: Rights = BLANK
    """People's rights (CLV, UK)."""
    accuracy: Accuracy = BLANK
    """How right it must be and is (CLV APP 10)."""
    appropriateness_review: AppropriatenessReview = BLANK
    """Whether the purpose is appropriate (CLV, Canada)."""
    biometric_db: BiometricDb = BLANK
    """A database of faces or other features (CLV, Quebec)."""
    geo_exclusion: GeoExclusion = BLANK
    """People of some places kept out (CLV, Canada)."""
    deletion: Annotated[OrderedDeletion, ABSENT] = BLANK
    """Deletion that was ordered. Left out: none was (CLV, Australia)."""
    measures: list[str] = BLANK
    """Compliance measures in general (CJS24 para 6, 32). `[]` declares none."""


# --- decisions, regulators, exceptions ----------------------------------------------------------------------


class Decision(Subject):
    """Why a measure that a source names is, or is not, taken (GAR24, accountability)."""

    KIND = "decision"
    KEY = "expectation"

    expectation: str
    """The expectation's id, such as GAR24-4."""
    adopted: bool = BLANK
    """Whether the measure is taken."""
    reason: str = BLANK
    """Why, with the state of the art and the cost."""
    decided_on: PastDay = BLANK
    """When."""
    decided_by: str = BLANK
    """Who."""
    surfaces: Annotated[list[SurfaceId], ABSENT] = BLANK
    """The surfaces it is decided for. Left out: all of them (GAR24, accountability)."""
    next_review_on: Day = BLANK
    """When it is decided anew."""
    ref: str = BLANK
    """Where it is written down."""


class ResidualRisk(Subject):
    """What the controls do not stop, and who accepted that (CJS24 para 16)."""

    KIND = "residual_risk"

    statement: str = BLANK
    """What remains."""
    accepted_by: str = BLANK
    """Who accepted it."""
    accepted_on: PastDay = BLANK
    """When."""
    last_reviewed_on: PastDay = BLANK
    """When it was last looked at."""
    review_interval_days: Annotated[AtLeastOne, LOWER] = BLANK
    """Within how many days it is looked at again."""


class Collaboration(Subject):
    """Work with others against scraping (CJS24 para 34; HIRO23 action 4)."""

    KIND = "collaboration"

    forums: list[str] = BLANK
    """Where. `[]` declares nowhere."""
    last_participated_on: PastDay = BLANK
    """When last."""
    info_sharing: list[str] = BLANK
    """What is shared."""


class Correspondence(Subject):
    """A letter from or to a regulator."""

    KIND = "correspondence"
    KEY = "id"

    id: Id
    """Its short name, unique in regulator_correspondence."""
    authority: str = BLANK
    """With whom."""
    jurisdiction: Place = BLANK
    """Of which jurisdiction."""
    statement: str = BLANK
    """The statement it answers, by its document's code, such as JS23."""
    topic: str = BLANK
    """What about."""
    received_on: PastDay = BLANK
    """When it came."""
    due_on: Day = BLANK
    """By when an answer is asked for."""
    responded_on: PastDay = BLANK
    """When it was answered."""
    ref: str = BLANK
    """Where it is."""


class RegulatorAccess(Subject):
    """How the coordinator and the Commission get data (DSA Art 40(1))."""

    KIND = "regulator_access"

    contact: str = BLANK
    """Whom they write to."""
    process_ref: str = BLANK
    """How requests are answered."""
    requests_ref: str = BLANK
    """Where requests are recorded."""


@unique
class RealTime(Word):
    """Whether data is given as it appears (DSA Art 40(12))."""

    offered = "it is"
    not_feasible = "it is not technically possible, for the reason given"
    not_offered = "it is not"


class PublicDataResearchAccess(Subject):
    """How researchers get at what anyone can see (DSA Art 40(12))."""

    KIND = "public_data_research_access"

    programme_ref: str = BLANK
    """Where the way is described."""
    eligibility_ref: str = BLANK
    """Who may use it."""
    real_time: RealTime = BLANK
    """Whether data is given as it appears."""
    real_time_reason: Annotated[str, ABSENT] = BLANK
    """Why not. Left out: no reason is given."""
    target_response_days: Annotated[Count, LOWER] = BLANK
    """Within how many days requests should be answered; the law says without undue delay."""
    median_response_days: Count = BLANK
    """Within how many days half of them were."""
    last_measured_on: PastDay = BLANK
    """When that was measured."""


class ComplianceReview(Subject):
    """The regular look at whether all this is kept (AIENG)."""

    KIND = "compliance_review"

    cadence_days: Annotated[AtLeastOne, LOWER] = BLANK
    """Every how many days."""
    last_reviewed_on: PastDay = BLANK
    """When last."""
    reviewed_by: str = BLANK
    """Who."""
    notes_ref: str = BLANK
    """Where it is recorded."""


class Complaints(Subject):
    """Where worried people can turn (JS23 individuals)."""

    KIND = "complaints"

    channel: str = BLANK
    """Where at the organisation."""
    authority_links: list[str] = BLANK
    """Where at the authorities. `[]` declares that none is named."""
    response_days: Annotated[Count, LOWER] = BLANK
    """Within how many days an answer is given."""


class ExceptionSubject(Shape):
    """What the exception is for."""

    kind: SubjectKind
    """What kind of subject it is."""
    id: str
    """Its id, name, jurisdiction or expectation; for a field, surface.field; for a section, the
    organisation's id."""


class AcceptedException(Subject):
    """An accepted gap; it stays in the report, under its own heading, until it expires."""

    KIND = "exception"
    KEY = "id"
    EITHER = ("rule", "expectation")

    id: Id
    """The exception's short name, unique among exceptions."""
    rule: str = BLANK
    """The rule whose gap is accepted. Write this or `expectation`."""
    expectation: str = BLANK
    """The expectation whose gaps are accepted. Write this or `rule`."""
    subject: ExceptionSubject = BLANK
    """The subject it is for; blank means every subject."""
    reason: str = BLANK
    """Why the gap is accepted."""
    approver: str = BLANK
    """Who accepted it; not the owner."""
    owner: str = BLANK
    """Who closes the gap."""
    ticket: str = BLANK
    """Where the work is followed."""
    granted_on: PastDay = BLANK
    """Since when."""
    expires_on: Day = BLANK
    """Until when; after that day the gap counts again."""
    compensating_control: ControlId = BLANK
    """The deployed control that helps meanwhile."""
    facts: str = BLANK
    """The fingerprint of what is accepted, written by `policycheck except`: when it changes, the gap is back."""


# --- the files ----------------------------------------------------------------------------------------------


class Sections(Shape):
    """What a manifest and a fragment both can hold."""

    surfaces: list[Surface] = BLANK
    """Every way by which people or programs reach personal data (CJS24 para 10; JS23 para 3). `[]` declares
    none."""
    controls: list[Control] = BLANK
    """What is in place, or planned, against scraping (CJS24 para 11-19). `[]` declares nothing."""
    governance: Governance = BLANK
    """Who answers for what (CJS24 para 13, bullet 1)."""
    threats: list[Threat] = BLANK
    """Ways of scraping that were considered (CJS24 para 13, 15). `[]` declares none."""
    threat_monitoring: ThreatMonitoring = BLANK
    """How new threats are followed (CJS24 para 13, bullet 6)."""
    detection: Detection = BLANK
    """How soon scraping is seen and answered (JS23 monitoring)."""
    metrics: list[Metric] = BLANK
    """Numbers about scraping that lead to better controls (JS23 metrics). `[]` declares none."""
    incident_policy: IncidentPolicy = BLANK
    """What is laid down for incidents (CJS24 key takeaways)."""
    incidents: list[Incident] = BLANK
    """Cases of scraping (CJS24 para 13, bullet 5; JS23 control 7). `[]` declares that there was none."""
    breach_notification: list[BreachDuty] = BLANK
    """What is prepared for the duty to notify, one entry a jurisdiction (JS23 control 7)."""
    user_enablement: UserEnablement = BLANK
    """How users are helped to decide what they share (CJS24 key takeaways; JS23 users)."""
    legal_response: LegalResponse = BLANK
    """What is prepared against scrapers in law (CJS24 para 13, bullet 5)."""
    legal_positions: dict[Jurisdiction, LegalPosition] = BLANK
    """What was established about the law, by jurisdiction (CJS24 para 25, 28)."""
    scraping_legality_reviews: list[LegalityReview] = BLANK
    """Which kinds of scraping are lawful where, one entry a jurisdiction (JS23 controls)."""
    third_party_access: list[Access] = BLANK
    """Access given to others, by interface, file or permission to scrape (CJS24 para 20-26). `[]` declares
    none."""
    ai_uses: list[AiUse] = BLANK
    """Uses of personal data for AI (CJS24 para 27-30). `[]` declares none."""
    own_scraping: list[Scraping] = BLANK
    """Collection from others' sites (CJS24 para 6, 32). `[]` declares none."""
    policies: Policies = BLANK
    """The published documents, and what they say."""
    decision_records: list[Decision] = BLANK
    """Why named measures are, or are not, taken (GAR24, accountability)."""
    residual_risk: ResidualRisk = BLANK
    """What the controls do not stop, and who accepted that (CJS24 para 16)."""
    collaboration: Collaboration = BLANK
    """Work with others against scraping (CJS24 para 34)."""
    regulator_correspondence: list[Correspondence] = BLANK
    """Letters from and to regulators (JS23 closing)."""
    regulator_access: RegulatorAccess = BLANK
    """How authorities get data (DSA Art 40(1))."""
    public_data_research_access: PublicDataResearchAccess = BLANK
    """How researchers get at what anyone can see (DSA Art 40(12))."""
    compliance_review: ComplianceReview = BLANK
    """The regular look at whether all this is kept (AIENG)."""
    complaints: Complaints = BLANK
    """Where worried people can turn (JS23 individuals)."""
    exceptions: list[AcceptedException] = BLANK
    """Accepted gaps. `[]` declares none."""
    extensions: dict[Id, dict[str, Any]] = BLANK
    """What a pack asks beyond this shape, by the pack's id. Only that pack's rules look at it: no schema says which keys
    there are. `policycheck check` refuses the name of a pack that is not loaded; `validate` loads none."""


class Manifest(Sections):
    """What an organisation declares of its controls, its public personal data, the access it gives, its AI.

    What is left out or blank is unknown, never met.
    """

    policycheck: Literal[1]
    """The version of this shape."""
    include: list[str] = BLANK
    """Fragments that belong to this manifest, as globs relative to it, such as
    surfaces/*.policycheck-part.yaml."""
    organization: Organization
    """Who declares."""


class Fragment(Sections):
    """A part of a manifest in a file of its own, brought in by the manifest's `include`."""


ROOTS: dict[str, type[Shape]] = {"manifest-v1": Manifest, "fragment-v1": Fragment}
