"""Which personal data a name stands for: a guess from words, in the keys of fideslang's default taxonomy.

Interfaces name what they return, and nothing else tells a reader without the data what it is. The guess is conservative:
a phrase counts at the end of a name only (`email_template_id` is no e-mail address), the words before it have to speak of
people or say nothing (`file_name` and `hostname` are no names of people), and most phrases count only where the thing
around them is a person (`name` of a product is none). Identifiers are left out: every record has one.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Names longer than this are nobody's field.
LONGEST = 128


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_A-Za-z]+")

#: What people are called in interfaces, in the singular.
_PEOPLE = _set("""
    user person people member author owner customer contact profile employee patient student pupil subscriber follower
    follow friend guest reviewer creator sender recipient buyer participant attendee candidate applicant commenter
    contributor visitor citizen resident passenger driver teacher assignee reporter uploader organiser organizer
    cardholder donor player voter freelancer individual human client shopper traveller traveler account
    seller researcher scientist investigator respondent consumer cohost following maintainer collaborator me self
    """)
#: Those of them that are as often no people (a bank account, a client program): people only when nothing else stands by.
_DOUBTFUL = _set("account client contact driver player me self profile follow")
#: What has an address and a telephone number, and is no person.
_THINGS = _set("""
    company organisation organization store shop brand merchant vendor supplier business venue office branch support
    template department server host bank hotel restaurant school university institution publisher manufacturer carrier
    warehouse facility airport station team club authority agency app application tenant
    """)
#: What says nothing about whose a thing is, before a phrase (`billing_email`) or as a part (`user.details.email`).
_NEUTRAL = _set("""
    primary secondary home work private personal billing shipping delivery current new old default public legal my main
    alternate alternative backup recovery verified preferred full the emergency last first unverified
    address details detail info information data attributes attribute name names phone phones email emails contact contacts
    contactinfo location residence demographics identity identities bio biography
    """)
#: What schemas are called after the thing they describe: `UserResponse`, `MemberSummary`.
_FILLERS = _set("""
    response dto list page summary details detail info information view model object resource public private base result
    results collection items entry data out output read schema full brief mini short compact card record profile ref
    reference v v1 v2 v3 1 2 3 envelope wrapper payload representation attributes get paginated with
    """)
#: What may follow a phrase and leaves it what it is: `avatar_url`, `phone_e164`.
_TAILS = _set("url uri href link value text raw normalized normalised formatted masked e 164 s")
#: Services whose handles people have, so that `github_username` and `twitter_handle` are theirs.
_SERVICES = _set("twitter facebook instagram linkedin github gitlab tiktok mastodon bluesky telegram discord")

#: Phrases that are somebody's wherever they stand.
_ALWAYS = {
    "user.contact.email": "email; e mail; email address; e mail address; mail address; courriel; correo electronico",
    "user.contact.phone_number": "phone; phone number; telephone; telephone number; mobile number; mobile phone; msisdn"
    "; cell phone; phone no; telefon; telefono; telefonnummer",
    "user.contact.fax_number": "fax number",
    "user.name.first": "first name; given name; forename; vorname; prenom",
    "user.name.last": "last name; family name; surname; nachname; apellido; apellidos; maiden name",
    "user.name": "full name; middle name; middle initial",
    "user.account.username": "username; user name; screen name; login name; nickname; user handle",
    "user.demographic.date_of_birth": "date of birth; birth date; birthdate; birthday; dob; geburtsdatum; birth year"
    "; year of birth",
    "user.demographic.marital_status": "marital status",
    "user.demographic.sexual_orientation": "sexual orientation",
    "user.demographic.political_opinion": "political opinion; political views; political affiliation; party affiliation",
    "user.demographic.race_ethnicity": "ethnicity; ethnic origin; ethnic group",
    "user.demographic.religious_belief": "religion; religious belief; religious views",
    "user.contact.address": "home address; postal address; street address; mailing address; residential address"
    "; billing address; shipping address; delivery address",
    "user.content.self_image": "avatar; profile picture; profile photo; profile image; profile pic; selfie; headshot"
    "; user image; user photo; avatar image",
    "user.location.precise": "home location; current location; last location; last known location; user location",
    "user.device.ip_address": "client ip; client ip address; user ip; user ip address; last login ip; signup ip; login ip"
    "; registration ip; last ip",
    "user.government_id.national_identification_number": "ssn; social security number; national insurance number"
    "; national id; national id number; national identification number; personal identity number; nino; cpf; dni",
    "user.government_id.passport_number": "passport number; passport no",
    "user.government_id.drivers_license_number": "driver license; drivers license; driver license number"
    "; driving licence number; drivers license number; driver licence number; driving license number",
    "user.government_id.vehicle_registration": "license plate; licence plate; number plate; license plate number",
    "user.authorization.password": "password; password hash; hashed password; passwd",
    "user.financial.bank_account": "iban; bank account; bank account number",
    "user.financial.credit_card": "credit card; credit card number; card number; card holder name; cardholder name",
    "user.device.device_id": "imei; advertising id; idfa; gaid",
    "user.health_and_medical": "blood type; medical condition; medical history; health condition; disability",
    "user.health_and_medical.record_id": "medical record number; patient number; nhs number",
    "user.job_title": "occupation",
    "user.workplace": "employer; workplace; employer name",
}  # fmt: skip

#: Phrases that are somebody's where the thing around them is a person.
_OF_PEOPLE = {
    "user.name": "name; display name; preferred name; real name; legal name; formatted name; fullname; displayname",
    "user.name.first": "name first; name given; name given name; firstname; givenname",
    "user.name.last": "name last; name family; name family name; lastname; familyname; second name",
    "user.account.username": "handle; login; nick; alias",
    "user.contact.email": "mail; email addresses; emails; email value",
    "user.contact.phone_number": "mobile; tel; cell; phone numbers; phones; whatsapp; whatsapp number",
    "user.contact.fax_number": "fax",
    "user.contact.address": "address; addresses; address line; address line 1; address line 2; address formatted",
    "user.contact.address.street": "street; street name; house number; address street; line 1; line 2; line1; line2",
    "user.contact.address.city": "city; town; hometown; home town; suburb; locality; address city",
    "user.contact.address.postal_code": "zip; zip code; zipcode; postcode; post code; postal code; address zip",
    "user.contact.address.state": "province; county; address state",
    "user.contact.address.country": "country; country code; country of residence; address country",
    "user.contact.url": "website; homepage; home page; blog",
    "user.contact.organization": "organisation; organization",
    "user.location": "location; place; whereabouts",
    "user.location.precise": "latitude; longitude; lat; lng; lon; coordinates; geo; geolocation; gps; geo location"
    "; geo point",
    "user.content.self_image": "photo; picture; image; portrait; thumbnail; photos",
    "user.content.public": "bio; biography; about; about me; tagline; headline",
    "user.demographic": "nationality; citizenship; income",
    "user.demographic.age_range": "age; age range; age group",
    "user.demographic.gender": "gender; sex; pronouns; gender identity",
    "user.demographic.language": "language; languages; locale; preferred language",
    "user.demographic.race_ethnicity": "race",
    "user.demographic.political_opinion": "political party",
    "user.device.ip_address": "ip; ip address; ip addresses; remote address; last seen ip",
    "user.device.device_id": "device id; mac address",
    "user.government_id": "tax id; tax number; government id; id number; identity document",
    "user.financial": "account number; salary; credit score; balance",
    "user.health_and_medical": "diagnosis; diagnoses; medication; medications; allergies; symptoms",
    "user.biometric.fingerprint": "fingerprint",
    "user.biometric": "faceprint; face embedding; face vector",
    "user.job_title": "job title; job; position; profession; jobtitle",
    "user.workplace": "company; company name; workplaces; workplace name",
    "user.social": "followers; following; friends; connections; relationships; family members",
    "user.behavior.purchase_history": "purchases; purchase history; order history",
    "user.behavior.browsing_history": "browsing history",
    "user.behavior.search_history": "search history",
}  # fmt: skip

#: People whose bare mention is their name: `"reviewer": "Ada L."`.
_MENTIONED = _set("author reviewer commenter")


@lru_cache(maxsize=8192)
def _split(name: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _WORD.findall(name))


def words(name: str) -> tuple[str, ...]:
    """The words of a name in lower case, however it is written: camelCase, snake_case, kebab-case, `HTTPServer`."""
    return _split(name[:LONGEST])


@lru_cache(maxsize=8192)
def about(name: str) -> str:
    """What a thing of this name is: `person`, `thing` (which has a telephone, too), or empty when the name does not tell.

    The last word that says something decides: `UserSummary` is a person, `UserGroup` is not.
    """
    said = list(words(name))
    while len(said) > 1 and said[-1] in _FILLERS:
        said.pop()
    if not said:
        return ""
    head, before = _singular(said[-1]), said[:-1]
    if head in _THINGS:
        return "thing"
    is_clear = head not in _DOUBTFUL or all(_says_nothing(word) or word in _FILLERS for word in before)
    return "person" if head in _PEOPLE and is_clear else ""


@lru_cache(maxsize=8192)
def is_neutral(name: str) -> bool:
    """Whether a part of this name leaves open whose it is (`address`, `contact_details`)."""
    said = words(name)
    return bool(said) and all(word in _NEUTRAL or word in _FILLERS for word in said)


def category(path: Sequence[str], whose: str) -> str:
    """The category that the property at `path` (names from the outermost in) seems to be; empty when it seems to be none.

    `whose` is what the thing around the last name is, as `about` says it.
    """
    leaf = words(path[-1]) if path else ()
    if not leaf or len(leaf) > 8 or whose == "thing":
        return ""
    if len(leaf) == 1 and leaf[0] in _MENTIONED:
        return "user.name"
    above = words(path[-2]) if len(path) > 1 else ()
    one = _singular(above[-1]) if above else ""
    if one in ("email", "mail", "phone", "telephone", "mobile") and one != above[-1]:
        # A list is called by what each of its records is: the address in `emails` is that of an e-mail.
        return _of((one, *leaf)[-8:], whose, len(leaf) + 1) or _of(leaf, whose)
    return _of(leaf, whose) or _of((*above, *leaf)[-8:], whose, len(leaf) + 1)


def _of(said: tuple[str, ...], whose: str, at_least: int = 1) -> str:
    """The category of words whose end is a known phrase of `at_least` words, the longest phrase first."""
    if len(said) > 1 and said[-1] in _TAILS and (found := _of(said[:-1], whose, max(1, at_least - 1))):
        return found
    for length in range(len(said), at_least - 1, -1):
        before, phrase = said[: len(said) - length], " ".join(said[len(said) - length :])
        if phrase in _phrases() and all(map(_says_nothing, before)):
            always, of_people = _phrases()[phrase]
            is_theirs = whose == "person" or any(map(_names_a_person, before))
            return always or (of_people if is_theirs else "")
    return ""


def _names_a_person(word: str) -> bool:
    return word in _SERVICES or (_singular(word) in _PEOPLE and _singular(word) not in _DOUBTFUL)


def _says_nothing(word: str) -> bool:
    return word in _NEUTRAL or word in _SERVICES or _singular(word) in _PEOPLE


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word.removesuffix("s") if word not in _PEOPLE else word


@cache
def _phrases() -> dict[str, tuple[str, str]]:
    """Each phrase with its category wherever it stands, and its category where a person is meant."""
    found: dict[str, tuple[str, str]] = {}
    for categories, place in ((_ALWAYS, 0), (_OF_PEOPLE, 1)):
        for name, phrases in categories.items():
            for phrase in phrases.split("; "):
                found[phrase.strip()] = (name, "") if place == 0 else ("", name)
    return found


def categories() -> frozenset[str]:
    """Every category that can be guessed."""
    return frozenset(_ALWAYS) | frozenset(_OF_PEOPLE)
