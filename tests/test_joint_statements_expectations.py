"""The joint-statements pack's expectations are complete, well formed and honest about what was read."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

PACK = Path(__file__).resolve().parents[1] / "rules" / "joint-statements"
DOCUMENTS = ("CJS24", "JS23")
FILES = ("pack.yaml", "expectations/CJS24.yaml", "expectations/JS23.yaml")

REQUIRED = {"locator", "modality", "paraphrase", "seen"}
OPTIONAL = {
    "paragraph", "addressees", "sizes", "illustrative", "family", "supports", "confidence", "note",
    "uncodifiable", "awaiting", "aliases",
}  # fmt: skip
ROLES = {
    "social_media_company", "website_operator", "ai_developer", "ai_deployer", "scraper",
    "very_large_platform", "public_body",
}  # fmt: skip
SIZES = {"micro", "small", "medium", "large"}
MODALITIES = {"must", "should", "may", "informational"}
SEEN = {"V", "V2", "VP", "M"}
OWASP_CLASSES = {
    "Value", "Requirements", "Testing", "Capacity", "Obfuscation", "Fingerprinting", "Reputation", "Rate",
    "Monitoring", "Instrumentation", "Contract", "Response", "Sharing", "Authentication",
}  # fmt: skip

CATALOGUE = {
    "CJS24": """
        KT-I2 KT-I3 KT-I4 KT-C1 KT-C2 KT-C3 KT-C4 KT-C4a KT-C4b KT-C5 KT-C6 02 06 10 11 13a 13b1 13b2 13c 13d1
        13d2 13d3 13e1 13e2 13e3 13f 14a 14b 14c 15 16 17 18a 18b 19a 19b 22a 22b 22c 23a 23b 23c 23d 23e 23f
        23g 24 25a 25b 25c 26a 26b 26c 28a 28b 28c 31 32 34
    """,
    "JS23": """
        KT1 KT2 KT3 KT4 01 02 03a 03b 03c CTL-0a CTL-0b CTL-0c CTL-0d CTL-a CTL-b CTL-c CTL-d CTL-e CTL-f
        CTL-g USR-a USR-b USR-c PRV DYN MET STA FB RSK IND-1 IND-2 IND-3 IND-4 IND-5
    """,
}
UNCODIFIABLE = {
    "CJS24": """
        KT-I1 01 03 04 05 07 08 09 12 20 21 27 29 30 33 35 fn1 fn2 fn3 fn4 fn5 fn6 fn7 fn8 fn9
    """,
    "JS23": "01 02 STA IND-1 IND-2 IND-4",
}
ROWS = {"CJS24": 59, "JS23": 34}


def ids(document: str, suffixes: str) -> set[str]:
    """Full ids of a whitespace separated list of id endings."""
    return {f"{document}-{suffix}" for suffix in suffixes.split()}


@cache
def load(name: str) -> dict[str, Any]:
    """One file of the pack as plain data."""
    data = yaml.safe_load((PACK / name).read_text(encoding="utf-8"))
    assert isinstance(data, dict)
    return data


def expectations(document: str) -> dict[str, dict[str, Any]]:
    """The expectations of one source document, by id."""
    data = load(f"expectations/{document}.yaml")
    assert set(data) == {"document", "expectations"}
    assert data["document"] == document
    found: dict[str, dict[str, Any]] = data["expectations"]
    return found


def source(document: str) -> dict[str, Any]:
    """The pack's entry for one source document."""
    (entry,) = [entry for entry in load("pack.yaml")["documents"] if entry["id"] == document]
    assert isinstance(entry, dict)
    return entry


def addressees(document: str, identifier: str) -> set[str]:
    """Roles an expectation concerns: its own, else its document's."""
    return set(expectations(document)[identifier].get("addressees", source(document)["addressees"]))


EVERY = [(document, identifier) for document in DOCUMENTS for identifier in expectations(document)]


def keys_of(node: yaml.Node | None) -> list[list[str]]:
    """Keys of every mapping below a node, as written (PyYAML itself drops a repeated key silently)."""
    if isinstance(node, yaml.MappingNode):
        own = [key.value for key, _ in node.value]
        return [own] + [keys for _, value in node.value for keys in keys_of(value)]
    if isinstance(node, yaml.SequenceNode):
        return [keys for item in node.value for keys in keys_of(item)]
    return []


@pytest.mark.parametrize("name", FILES)
def test_no_key_and_so_no_id_is_written_twice(name: str) -> None:
    for keys in keys_of(yaml.compose((PACK / name).read_text(encoding="utf-8"))):
        assert len(keys) == len(set(keys)), keys


@pytest.mark.parametrize("name", FILES)
def test_files_use_only_the_plain_dialect(name: str) -> None:
    for event in yaml.parse((PACK / name).read_text(encoding="utf-8")):
        assert getattr(event, "anchor", None) is None, event
        assert getattr(event, "tag", None) is None, event


def strings(value: object) -> list[object]:
    """All leaves of plain data."""
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in strings(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in strings(item)]
    return [value]


@pytest.mark.parametrize("name", FILES)
def test_no_value_is_blank_or_read_as_a_date(name: str) -> None:
    for leaf in strings(load(name)):
        assert isinstance(leaf, (str, int)), leaf
        assert leaf != ""


def test_pack_names_both_source_documents() -> None:
    pack = load("pack.yaml")
    assert set(pack) == {"id", "version", "title", "description", "requires", "documents"}
    assert pack["id"] == PACK.name
    assert [entry["id"] for entry in pack["documents"]] == list(DOCUMENTS)


@pytest.mark.parametrize(("document", "date"), [("CJS24", "2024-10-28"), ("JS23", "2023-08-24")])
def test_source_document_says_who_when_where_and_how_surely(document: str, date: str) -> None:
    entry = source(document)
    assert set(entry) == {"id", "title", "issuer", "date", "url", "status", "seen", "addressees", "notes"}
    assert entry["date"] == date
    assert entry["url"].startswith("https://priv.gc.ca/")
    assert entry["status"] == "statement of expectations"
    assert entry["seen"] in SEEN
    assert set(entry["addressees"]) == {"social_media_company", "website_operator"}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_catalogue_row_is_there_and_nothing_unlisted(document: str) -> None:
    rows = ids(document, CATALOGUE[document])
    assert len(rows) == ROWS[document]
    assert set(expectations(document)) == rows | ids(document, UNCODIFIABLE[document])


def test_no_paragraph_of_the_concluding_statement_is_forgotten() -> None:
    numbers = {entry["paragraph"] for entry in expectations("CJS24").values() if "paragraph" in entry}
    assert numbers == set(range(1, 36))


def test_the_initial_statement_numbers_no_paragraph_that_was_not_seen() -> None:
    numbers = {entry["paragraph"] for entry in expectations("JS23").values() if "paragraph" in entry}
    assert numbers == {1, 2, 3}


@pytest.mark.parametrize(("document", "identifier"), EVERY)
def test_paragraph_agrees_with_id_and_locator(document: str, identifier: str) -> None:
    entry = expectations(document)[identifier]
    ending = identifier.removeprefix(f"{document}-")
    assert ("paragraph" in entry) == ending[0].isdigit()
    if "paragraph" in entry:
        assert int(ending[:2]) == entry["paragraph"]
        assert f"{entry['locator']},".startswith(f"para {entry['paragraph']},")


@pytest.mark.parametrize(("document", "identifier"), EVERY)
def test_entry_is_well_formed(document: str, identifier: str) -> None:
    entry = expectations(document)[identifier]
    assert identifier.startswith(f"{document}-")
    assert set(entry) >= REQUIRED
    assert set(entry) <= REQUIRED | OPTIONAL
    assert entry["modality"] in MODALITIES
    assert entry["seen"] in SEEN
    assert entry.get("illustrative", True) is True
    assert set(entry.get("sizes", [])) <= SIZES


@pytest.mark.parametrize(("document", "identifier"), EVERY)
def test_addressees_are_known_and_said_only_where_they_differ(document: str, identifier: str) -> None:
    entry = expectations(document)[identifier]
    assert addressees(document, identifier) <= ROLES
    if "addressees" in entry:
        assert entry["addressees"]
        assert set(entry["addressees"]) != set(source(document)["addressees"])


@pytest.mark.parametrize(("document", "identifier"), EVERY)
def test_entry_is_either_codifiable_or_says_why_not(document: str, identifier: str) -> None:
    entry = expectations(document)[identifier]
    assert ("uncodifiable" in entry) == (identifier in ids(document, UNCODIFIABLE[document]))
    assert ("uncodifiable" in entry) != ("family" in entry)
    if "uncodifiable" in entry:
        assert entry["modality"] == "informational"
        assert not entry.keys() & {"addressees", "sizes", "illustrative", "supports", "awaiting"}


@pytest.mark.parametrize(("document", "identifier"), EVERY)
def test_what_was_not_seen_awaits_its_source(document: str, identifier: str) -> None:
    entry = expectations(document)[identifier]
    assert ("awaiting" in entry) == (entry["seen"] == "M" and "uncodifiable" not in entry)


@pytest.mark.parametrize(("document", "identifier"), EVERY)
def test_mappings_name_a_known_framework_and_a_confidence(document: str, identifier: str) -> None:
    entry = expectations(document)[identifier]
    supports, confidence = entry.get("supports", {}), entry.get("confidence", {})
    assert supports.keys() == confidence.keys()
    assert supports.keys() <= {"gdpr", "owasp-oat"}
    assert set(confidence.values()) <= {"H", "M", "L"}
    assert set(supports.get("owasp-oat", [])) <= OWASP_CLASSES
    assert all(isinstance(article, str) for article in supports.get("gdpr", []))


def test_how_surely_each_statement_was_read() -> None:
    def seen(document: str, mark: str) -> set[str]:
        return {identifier for identifier, entry in expectations(document).items() if entry["seen"] == mark}

    assert seen("CJS24", "V") == set(expectations("CJS24"))
    assert seen("JS23", "V") == ids("JS23", "KT1 KT2 KT3 KT4 01 02 03a 03b")
    assert seen("JS23", "VP") == {"JS23-03c"}
    assert seen("JS23", "M") == ids("JS23", "PRV IND-4 IND-5")


@pytest.mark.parametrize("number", [2, 3, 4])
def test_a_message_that_the_second_statement_repeats_asks_as_much_as_in_the_first(number: int) -> None:
    first, repeated = expectations("JS23")[f"JS23-KT{number}"], expectations("CJS24")[f"CJS24-KT-I{number}"]
    assert first["modality"] == repeated["modality"]


def test_measures_a_host_may_use_are_may() -> None:
    found = {identifier for _, identifier in EVERY if identifier.startswith("CJS24")}
    may = {identifier for identifier in found if expectations("CJS24")[identifier]["modality"] == "may"}
    assert may == ids("CJS24", "KT-C2 KT-C5 14a 14b 14c 15 18a 23c 23d 23e 26a 26b 26c")


def test_named_techniques_are_illustrative_and_duties_are_not() -> None:
    found = {i for document, i in EVERY if "illustrative" in expectations(document)[i]}
    assert found == ids("JS23", "CTL-b CTL-c CTL-d CTL-e") | ids(
        "CJS24", "13b1 13b2 13c 13d1 13d2 13d3 13e2 13e3 14a 14b 14c 18a 23c 23d 23e"
    )


def test_paragraph_13_speaks_to_social_media_and_reaches_other_sites_through_the_initial_statement() -> None:
    listed = [i for i, entry in expectations("CJS24").items() if entry.get("paragraph") == 13]
    assert all(addressees("CJS24", identifier) == {"social_media_company"} for identifier in listed)
    controls = [i for i in expectations("JS23") if i.startswith("JS23-CTL-")]
    both = {"social_media_company", "website_operator"}
    assert all(addressees("JS23", identifier) == both for identifier in controls)


def test_only_what_speaks_to_smaller_enterprises_names_sizes() -> None:
    found = {i: set(expectations(document)[i].get("sizes", [])) for document, i in EVERY}
    assert {identifier for identifier, sizes in found.items() if sizes} == {"CJS24-17", "CJS24-18a"}
    assert found["CJS24-17"] == found["CJS24-18a"] == {"micro", "small", "medium"}


def test_no_two_expectations_say_the_same_words() -> None:
    said = [expectations(document)[identifier]["paraphrase"] for document, identifier in EVERY]
    assert len(said) == len(set(said))


def message(rule: str) -> str:
    (path,) = PACK.glob(f"*/{rule}.yaml")
    told: str = yaml.safe_load(path.read_text("utf-8"))["message"]
    return " ".join(told.split())


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("access-lawful-basis", "the organisation has found no ground"),
        ("ai-source-lawful-basis", "the organisation has found no ground"),
        ("own-scraping-lawful-basis", "the organisation has found no ground"),
        ("ai-source-permitted-by-law", "further than that review lets it"),
        ("unlawful-scraping-guarded", "The organisation's own note calls some scraping unlawful"),
    ],
)
def test_what_the_law_is_stands_as_the_organisations_own_finding(rule: str, words: str) -> None:
    assert words in message(rule)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("legal-response-prepared", "no playbook or no register"),
        ("breach-playbook-names-scraping", "cannot be shown"),
        ("users-helped-to-decide", "no notice"),
        ("incident-breach-decision", "people concerned: {incident.subjects}"),
        ("ai-guidance-answered", "what it asks is not all done"),
    ],
)
def test_a_message_names_each_lack_that_leads_to_it(rule: str, words: str) -> None:
    assert words in message(rule)
