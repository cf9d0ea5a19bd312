"""What a dataset's card says of a source of an AI use: licence, days of collection, personal columns, what it was made from.

Read are Markdown with the Hugging Face Hub's front matter and Croissant 1.0 and 1.1. In the evidence of an AI use the
source that is meant is the one that goes by the dataset's name or names this card, else the entry's `options` say it
(`source: web-text`). That a card names no personal data is not read as if there were none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from policycheck.evidence import _cards
from policycheck.evidence._cards import Card, Said, Unsaid, slug
from policycheck.evidence._croissant import croissant
from policycheck.model import Account, Discovered, Reading

if TYPE_CHECKING:
    from policycheck.opener import Opener

KINDS_OF_SUBJECT: frozenset[str] = frozenset({"source", "use"})
FILES: tuple[str, ...] = (
    "*dataset*card*.md", "*data*card*.md", "readme.md", "*/readme.md", "*croissant*.json", "*croissant*.jsonld",
)  # fmt: skip

#: Names of columns that hold personal data whatever the dataset is about, and their category. Names that also mean
#: something else (name, phone, race, location) are left out.
_PERSONAL = {
    "email": "user.contact.email", "email_address": "user.contact.email", "author_email": "user.contact.email",
    "user_email": "user.contact.email", "phone_number": "user.contact.phone_number",
    "telephone_number": "user.contact.phone_number", "mobile_number": "user.contact.phone_number",
    "home_address": "user.contact.address", "postal_address": "user.contact.address", "first_name": "user.name.first",
    "last_name": "user.name.last", "surname": "user.name.last", "full_name": "user.name", "author_name": "user.name",
    "username": "user.account.username", "user_name": "user.account.username", "screen_name": "user.account.username",
    "author_username": "user.account.username", "ip_address": "user.device.ip_address",
    "date_of_birth": "user.demographic.date_of_birth", "birth_date": "user.demographic.date_of_birth",
    "passport_number": "user.government_id.passport_number", "ethnicity": "user.demographic.race_ethnicity",
    "religion": "user.demographic.religious_belief", "sexual_orientation": "user.demographic.sexual_orientation",
    "political_opinion": "user.demographic.political_opinion", "diagnosis": "user.health_and_medical",
}  # fmt: skip
_SPECIAL = frozenset(
    {"user.demographic.race_ethnicity", "user.demographic.religious_belief", "user.demographic.sexual_orientation"}
    | {"user.demographic.political_opinion", "user.health_and_medical"}
)
#: What `rai:personalSensitiveInformation` says when an item of it is special-category data and nothing else. Sentences
#: ("no health data") are for a person to read.
_SENSITIVE = frozenset(
    {"biometric data", "ethnicity", "genetic data", "health", "health data", "medical data", "political opinion"}
    | {"political opinions", "race", "race or ethnicity", "religion", "religious belief", "religious beliefs"}
    | {"sexual orientation", "trade union membership"}
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_APART = re.compile(r"[^a-z0-9]+")


class _Case(NamedTuple):
    """The card, the declared source it is about, the path to it from the subject, and the use that holds it."""

    card: Card
    source: Mapping[str, Any]
    prefix: tuple[str, ...]
    use: Mapping[str, Any]

    def reading(self, path: tuple[str, ...], value: object, at: Said, note: str) -> Reading:
        """A claim of the card about the source."""
        return self.card.reading((*self.prefix, *path), value, at, note)


def account(opener: Opener, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    """What the card at `path` (from the root) says of a source, or of one of the sources of an AI use.

    Datasets that it was made from and that the use does not declare are additions. All of it is soft.
    """
    return _cards.heard(opener, path, lambda text: _said(_case(_read(text, path), options, subject), options))


def _read(text: str, path: str) -> Card:
    is_json = text.lstrip().startswith("{") or path.lower().endswith((".json", ".jsonld"))
    card = croissant(text, path) if is_json else _cards.markdown(text, path)
    if card.kind == "model":
        raise Unsaid("is the card of a model, not of a dataset; its kind of evidence is model-card", 1)
    return card


def _case(card: Card, options: Mapping[str, object], subject: Mapping[str, Any]) -> _Case:
    """The source that the card is about. The subject is one, or a use whose sources are asked by name."""
    uses = [use for use in _cards.listed(_cards.mapping(options.get("manifest")).get("ai_uses")) if isinstance(use, Mapping)]
    is_use = any(use is subject or use == subject for use in uses) or "sources" in subject
    if not is_use:
        holder = next((use for use in uses if any(item is subject for item in _cards.listed(use.get("sources")))), None)
        holder = holder or next((use for use in uses if subject in _cards.listed(use.get("sources"))), {})
        return _Case(card, subject, (), holder)
    chosen, sources = _cards.settings(options).get("source", ""), _cards.Sources(subject, {})
    by_ref = [str(item["id"]) for item in sources.items if _is_file(item.get("dataset_card_ref"), options)]
    by_name = [name for said in card.names if (name := sources.called(said.text))]
    found = [chosen] if chosen else list(dict.fromkeys(by_ref or by_name))
    if len(found) != 1 or found[0] not in sources.ids:
        raise Unsaid(f"is not clearly about one of the sources {', '.join(sources.ids)[:300]}; name it with options.source")
    source = next(item for item in sources.items if item["id"] == found[0])
    return _Case(card, source, ("sources", found[0]), subject)


def _is_file(ref: object, options: Mapping[str, object]) -> bool:
    return isinstance(ref, str) and ref.partition("#")[0] == options.get("path")


def _said(case: _Case, options: Mapping[str, object]) -> Account:
    if not _cards.settings(options) and not _cards.is_of(case.card, case.source):
        name = (*case.card.names, *case.card.title)[0]
        raise Unsaid(
            f"is the card of {name.text[:60]}, which this source does not go by; say options.source if it is", name.line
        )
    readings = [*_known(case, options), *_licence(case), *_personal(case), *_special(case)]
    own = [said.text for said in case.card.names]
    additions: list[Reading] = []
    if case.use.get("id"):
        chosen = {source: name for source, name in _cards.settings(options).items() if source != "source"}
        additions += _cards.undeclared(case.card, _cards.Sources(case.use, chosen), str(case.use["id"]), own)
    return _cards.backed(case.card, Account(tuple(readings), additions=tuple(additions)))


def _known(case: _Case, options: Mapping[str, object]) -> Iterator[Reading]:
    """That the card is where the source says, and the days of collection."""
    if _is_file(case.source.get("dataset_card_ref"), options):
        top = Said("", 1, 1)
        yield case.reading(("dataset_card_ref",), case.source["dataset_card_ref"], top, "the dataset card is there")
    for prop, said in zip(("collected_from", "collected_to"), case.card.collected, strict=False):
        yield case.reading((prop,), said.text, said, "rai:dataCollectionTimeframe of the card")


def _licence(case: _Case) -> Iterator[Reading]:
    """The licence, where both name one that is known; a contract or file that is declared instead denies nothing."""
    declared, found = case.source.get("licence_ref"), case.card.licences
    if not found:
        return
    if declared in (None, ""):
        if len(found) == 1:
            yield case.reading(("licence_ref",), found[0].text, found[0], "the card's licence")
        return
    mine = _cards.licence(str(declared))
    theirs = {_cards.licence(said.text): said for said in found}
    if mine and mine in theirs:
        yield case.reading(("licence_ref",), declared, theirs[mine], "the card's licence is the declared one")
    elif mine and all(theirs):
        yield case.reading(("licence_ref",), found[0].text, found[0], "the card names another licence")


def _personal(case: _Case) -> Iterator[Reading]:
    """Columns that hold personal data: against the declared categories, and against contact details being kept out."""
    columns = {category: said for said in reversed(case.card.columns) if (category := _category(said.text))}
    if not columns:
        return
    declared = [item for item in _cards.listed(case.source.get("data_categories")) if isinstance(item, str)]
    more = sorted(category for category in columns if not any(_covers(item, category) for item in declared))
    at = columns[more[0]] if more else next(iter(columns.values()))
    note = f"the card lists a column {at.text[:60]}"
    yield case.reading(("data_categories",), [*declared, *more], at, note)
    contact = next((said for category, said in columns.items() if _covers("user.contact", category)), None)
    excludes = _cards.listed(case.source.get("excludes"))
    if contact and "contact_details" in excludes:
        left = [item for item in excludes if item != "contact_details"]
        note = f"contact details are declared to be kept out, and the card lists a column {contact.text[:60]}"
        yield case.reading(("excludes",), left, contact, note)


def _category(column: str) -> str:
    """The category of what a column holds, by its name in any case: emailAddress, Email-Address."""
    return _PERSONAL.get(_APART.sub("_", _HUMP.sub("_", column).lower()).strip("_"), "")


def _covers(wide: str, narrow: str) -> bool:
    return narrow == wide or narrow.startswith(f"{wide}.") or wide.startswith(f"{narrow}.")


def _special(case: _Case) -> Iterator[Reading]:
    """Special-category data that the card names in so many words. That it names none settles nothing."""
    named = [said for said in case.card.sensitive if said.text.lower().strip(" .") in _SENSITIVE]
    named += [said for said in case.card.columns if _category(said.text) in _SPECIAL]
    if named:
        note = f"the card names {named[0].text[:60]}"
        yield case.reading(("special_category", "present"), True, named[0], note)


def discover(opener: Opener, path: str) -> tuple[Discovered, ...]:
    """The source that a dataset's card describes, in an AI use that a person has to name."""
    card = _cards.sniffed(opener, path, lambda text: _read(text, path))
    if card is None or card.kind != "dataset":
        return ()
    name = _cards.called(card)
    source: dict[str, Any] = {"id": slug(name) or "dataset", "name": name, "dataset_card_ref": path}
    for found in (*_licence(empty := _Case(card, {}, (), {})), *_personal(empty), *_special(empty), *_known(empty, {})):
        at = source
        for step in found.path[:-1]:
            at = at.setdefault(step, {})
        at[found.path[-1]] = found.value
    source["evidence"] = [{"kind": "dataset-card", "path": path}]
    item = {"id": f"use-of-{source['id']}"[:64].rstrip("-"), "sources": [source, *_cards.as_sources(card)]}
    return (Discovered("ai_uses", item, path, 1, "a dataset card", _ASKED),)


_ASKED = (
    ("id", "Which AI use takes its data from it? Move the source there, or name the use"),
    ("sources.type", _cards.ASKED_TYPE),
    ("sources.basis", "What is the lawful basis, by jurisdiction?"),
    ("sources.excludes", "What is kept out?"),
)
