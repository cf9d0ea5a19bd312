"""What cards of datasets and models say of AI uses and their sources, and when they say nothing."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policycheck.evidence import _cards, dataset_card, model_card
from policycheck.opener import Opener
from tests.patience import ends

if TYPE_CHECKING:
    from policycheck.model import Account

FIXTURES = Path(__file__).parent / "fixtures"
DATASETS, MODELS = FIXTURES / "dataset-card", FIXTURES / "model-card"


def use(*sources: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "heron-2", "phases": ["pretrain"], "sources": list(sources), **more}


def of_source(file: str, source: dict[str, Any], *, root: Path = DATASETS, others: Any = (), **options: str) -> Account:
    """The account of a dataset's card in the evidence of a source."""
    holder = use(source, *others)
    entry = {"kind": "dataset-card", "path": file, "manifest": {"ai_uses": [holder]}, "options": options}
    return dataset_card.account(Opener(root), file, entry, source)


def of_use(file: str, holder: dict[str, Any], *, root: Path = MODELS, verifier: Any = model_card, **options: str) -> Account:
    """The account of a card in the evidence of an AI use."""
    entry = {"kind": "model-card", "path": file, "manifest": {"ai_uses": [holder]}, "options": options}
    account: Account = verifier.account(Opener(root), file, entry, holder)
    return account


def written(
    root: Path, text: str | bytes, source: dict[str, Any] | None = None, file: str = "card.md", **options: str
) -> Account:
    (root / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    return of_source(file, {"id": "s", "type": "licensed"} if source is None else source, root=root, **options)


def modelled(root: Path, text: str | bytes, holder: dict[str, Any] | None = None, **options: str) -> Account:
    (root / "card.md").write_bytes(text if isinstance(text, bytes) else text.encode())
    return of_use("card.md", use() if holder is None else holder, root=root, **options)


def values(readings: Any) -> dict[str, Any]:
    return {".".join(reading.path): reading.value for reading in readings}


NOTHING = "says nothing that could be held against the manifest"


def said(account: Account) -> dict[str, Any]:
    """The values read, all of them soft; a card that was read and says none gives none."""
    if account.unreadable.endswith(NOTHING):
        silent(account)
        return {}
    assert account.unreadable == ""
    assert all(r.soft for r in (*account.readings, *account.additions, *account.absences))
    return values(account.readings)


def silent(account: Account) -> str:
    assert (account.readings, account.additions, account.absences, account.quotes) == ((), (), (), ())
    assert not account.supported
    assert account.unreadable
    return account.unreadable


TALK = {
    "id": "harbour-talk", "type": "public_dataset", "licence_ref": "CC-BY-NC-4.0", "dataset_card_ref": "README.md",
    "data_categories": ["user.content.public", "user.account.username", "user.contact"], "excludes": ["minors"],
}  # fmt: skip
STALLS = {
    "id": "street-stalls", "type": "scraped", "licence_ref": "cc-by-4.0", "collected_from": "2025-09-01",
    "collected_to": "2025-12-31", "data_categories": ["user.name", "user.contact.phone_number"], "excludes": [],
    "special_category": {"present": True},
}  # fmt: skip
THREADS = {"id": "threads-2024", "type": "public_dataset"}


# --- cards of datasets ---


def test_a_card_that_agrees_supports_in_the_declared_words() -> None:
    account = of_source("README.md", TALK, others=[THREADS])
    assert said(account) == {
        "dataset_card_ref": "README.md",
        "licence_ref": "CC-BY-NC-4.0",
        "data_categories": TALK["data_categories"],
    }
    assert account.supported
    assert account.additions == ()


def test_a_card_that_contradicts_points_at_its_line() -> None:
    source = {
        **TALK,
        "licence_ref": "MIT",
        "data_categories": ["user.content.public"],
        "excludes": ["contact_details", "minors"],
    }
    account = of_source("README.md", source, others=[THREADS])
    found = {".".join(r.path): r for r in account.readings}
    assert (found["licence_ref"].value, found["licence_ref"].line) == ("cc-by-nc-4.0", 6)
    assert found["data_categories"].value == ["user.content.public", "user.account.username", "user.contact.email"]
    assert (found["data_categories"].line, found["data_categories"].column) == (29, 13)
    assert (found["excludes"].value, found["excludes"].line) == (["minors"], 31)
    assert "authorEmail" in found["excludes"].note


def test_what_a_dataset_was_made_from_and_is_not_declared_is_added() -> None:
    account = of_source("README.md", TALK)
    (first, second) = account.additions
    assert first.path == ("ai_uses", "heron-2", "sources", "open-forums-threads-2024", "id")
    assert (second.path[-1], second.value, second.line) == ("name", "open-forums/threads-2024", 15)
    assert "is not declared" in first.note


def test_croissant_that_agrees() -> None:
    account = of_source("croissant.json", STALLS, others=[{"id": "markets-2023", "type": "scraped"}])
    assert said(account) == {
        "collected_from": "2025-09-01",
        "collected_to": "2025-12-31",
        "licence_ref": "cc-by-4.0",
        "data_categories": ["user.name", "user.contact.phone_number"],
        "special_category.present": True,
    }
    assert [quote.line for quote in account.quotes] == [19, 23, 25, 25]
    assert account.additions == ()


def test_croissant_that_contradicts() -> None:
    source = {**STALLS, "collected_from": "2025-10-01", "special_category": {"present": False}, "licence_ref": "cc0-1.0"}
    account = of_source("croissant.json", {**source, "data_categories": ["user.name"], "excludes": ["contact_details"]})
    found = said(account)
    assert found["collected_from"] == "2025-09-01"
    assert found["special_category.present"] is True
    assert found["licence_ref"] == "https://creativecommons.org/licenses/by/4.0/"
    assert found["data_categories"] == ["user.name", "user.contact.phone_number"]
    assert found["excludes"] == []
    lines = {".".join(r.path): r.line for r in account.readings}
    assert lines["collected_from"] == 24
    assert lines["excludes"] == 49
    assert values(account.additions) == {
        "ai_uses.heron-2.sources.markets-2023.id": "markets-2023",
        "ai_uses.heron-2.sources.markets-2023.name": "markets-2023",
    }


def test_passages_for_a_person_are_shown_text_only() -> None:
    quotes = {quote.line: quote.text for quote in of_source("README.md", TALK).quotes}
    told = " ".join(quotes.values())
    assert "Names of accounts are kept" in told
    assert "remains its author's" in told
    assert "No personal data" not in told
    assert "More Information Needed" not in told
    text = (DATASETS / "README.md").read_text("utf-8").splitlines()
    assert all(quote in text[line - 1] for line, quote in quotes.items())


def test_hidden_text_is_not_quoted(tmp_path: Path) -> None:
    body = "## Source data\n<!-- a --> b\nShown <!-- all is\nfine --> here\n~~~\n## Limitations\nnone\n~~~\n"
    text = f"---\nlicense: mit\n---\n{body}"
    quotes = [quote.text for quote in written(tmp_path, text).quotes]
    assert quotes == ["license: mit", "Shown"]


@pytest.mark.parametrize(("count", "why"), [(4000, ""), (6000, "more than 5000 fields"), (60_000, "is larger than")])
def test_a_description_is_read_up_to_a_size(tmp_path: Path, count: int, why: str) -> None:
    fields = [{"name": f"f{i}/email_{i}"} for i in range(count)]
    account = written(tmp_path, json.dumps({**BARE, "license": "mit", "recordSet": {"field": fields}}), file="c.json")
    assert why in (silent(account) if why else account.unreadable)
    assert bool(account.unreadable) == bool(why)


def test_a_card_in_the_evidence_of_a_use_is_about_the_source_that_names_it() -> None:
    holder = use(THREADS, TALK)
    found = said(of_use("README.md", holder, root=DATASETS, verifier=dataset_card))
    assert found["sources.harbour-talk.licence_ref"] == "CC-BY-NC-4.0"


def test_a_card_about_no_clear_source_asks_which() -> None:
    holder = use(THREADS, {"id": "posts", "type": "scraped"})
    assert "name it with options.source" in silent(of_use("README.md", holder, root=DATASETS, verifier=dataset_card))
    found = said(of_use("README.md", holder, root=DATASETS, verifier=dataset_card, source="posts"))
    assert found["sources.posts.licence_ref"] == "cc-by-nc-4.0"
    assert "options.source" in silent(of_use("README.md", holder, root=DATASETS, verifier=dataset_card, source="pots"))


@pytest.mark.parametrize(
    ("declared", "found", "value"),
    [
        ("", "apache-2.0", "apache-2.0"),
        ("Apache-2.0", "apache-2.0", "Apache-2.0"),
        ("https://www.apache.org/licenses/LICENSE-2.0", "apache-2.0", "https://www.apache.org/licenses/LICENSE-2.0"),
        (
            "https://creativecommons.org/licenses/by-sa/4.0/deed.en",
            "cc-by-sa-4.0",
            "https://creativecommons.org/licenses/by-sa/4.0/deed.en",
        ),
        ("https://spdx.org/licenses/MIT.html", "mit", "https://spdx.org/licenses/MIT.html"),
        ("GPL-3.0-only", "gpl-3.0", "GPL-3.0-only"),
        ("cc-by-4.0", "cc-by-nc-4.0", "cc-by-nc-4.0"),
        ("LEG-2024-19", "mit", None),
        ("contracts/licence.pdf", "mit", None),
        ("mit", "a-licence-of-our-own", None),
        ("mit", "unknown", None),
        ("", "unknown", None),
    ],
)
def test_licences_are_compared_where_both_are_known(tmp_path: Path, declared: str, found: str, value: str | None) -> None:
    account = written(tmp_path, f"---\nlicense: {found}\nlanguage: en\n---\n", {"id": "s", "licence_ref": declared})
    assert said(account).get("licence_ref") == value


@pytest.mark.parametrize(
    ("front", "value"),
    [
        ("license: [mit, apache-2.0]", "MIT"),
        ("license: [apache-2.0, cc0-1.0]", "apache-2.0"),
        ('license: ["mit", null, {}]', "MIT"),
        ('license: ["…", null, {}]', None),
        ("license: other\nlicense_link: https://opensource.org/license/mit", "MIT"),
        ("license: {a: b}", None),
        ("license: 2", None),
        ("license:", None),
        ("license: [[mit]]", None),
    ],
)
def test_a_licence_of_any_shape(tmp_path: Path, front: str, value: str | None) -> None:
    account = written(tmp_path, f"---\n{front}\nlanguage: en\n---\n", {"id": "s", "licence_ref": "MIT"})
    assert said(account).get("licence_ref") == value


def test_no_word_of_personal_data_is_not_no_personal_data(tmp_path: Path) -> None:
    source = {
        "id": "s",
        "data_categories": [],
        "special_category": {"present": False},
        "minors": False,
        "excludes": ["minors"],
    }
    assert said(written(tmp_path, "---\nlicense: mit\n---\n", source)) == {"licence_ref": "mit"}
    text = json.dumps({**BARE, "rai:personalSensitiveInformation": "None. No health data."})
    assert said(written(tmp_path, text, source, file="c.json")) == {}


@pytest.mark.parametrize(
    "below", ["struct:\n    - name: email", "list:\n    - name: email", "sequence:\n      struct:\n      - name: email"]
)
def test_columns_in_records_and_lists_are_columns(tmp_path: Path, below: str) -> None:
    text = f"---\nlicense: mit\ndataset_info:\n  features:\n  - name: author\n    {below}\n---\n"
    source = {"id": "s", "data_categories": ["user.name"], "excludes": ["contact_details"]}
    account = written(tmp_path, text, source)
    assert said(account)["data_categories"] == ["user.name", "user.contact.email"]
    assert said(account)["excludes"] == []
    assert next(r.line for r in account.readings if r.path == ("excludes",)) == text[: text.index("email")].count("\n") + 1


@pytest.mark.parametrize("column", ["name", "phone", "race", "location", "address", "email_count", "user", "emails"])
def test_names_that_mean_something_else_too_are_not_personal_data(tmp_path: Path, column: str) -> None:
    text = f"---\nlicense: mit\ndataset_info:\n  features:\n    - name: {column}\n---\n"
    assert "data_categories" not in said(written(tmp_path, text))


@pytest.mark.parametrize("column", ["email", "Email Address", "authorEmail", "USER_EMAIL"])
def test_names_of_columns_in_every_case(tmp_path: Path, column: str) -> None:
    text = f"---\nlicense: mit\ndataset_info:\n  - config_name: a\n    features: [{{name: id}}, {{name: {column}}}]\n---\n"
    assert said(written(tmp_path, text))["data_categories"] == ["user.contact.email"]


@pytest.mark.parametrize("entries", ["[original]", "[extended]", "[extended|other]", "original", "[]", "", "[harbour-talk]"])
def test_sources_that_name_no_other_dataset(tmp_path: Path, entries: str) -> None:
    account = written(tmp_path, f"---\nlicense: mit\npretty_name: Harbour Talk\nsource_datasets: {entries}\n---\n")
    assert account.unreadable == ""
    assert account.additions == ()


def test_a_card_that_says_nothing_of_use_is_no_support(tmp_path: Path) -> None:
    assert silent(written(tmp_path, "---\nlanguage: en\n---\n# A dataset\n")).endswith(NOTHING)
    assert silent(written(tmp_path, json.dumps(BARE), file="c.json")).endswith(NOTHING)
    assert silent(modelled(tmp_path, "---\nlibrary_name: keras\n---\n")).endswith(NOTHING)


# --- cards of models ---

WEB = {"id": "web-text", "type": "scraped", "dataset_card_ref": "docs/dataset-card-web-3.md"}
PRESS = {"id": "press-archive", "type": "licensed"}


def test_a_model_card_that_agrees() -> None:
    holder = use(WEB, PRESS, THREADS, model_card_ref="README.md#uses", downstream={"access": "weights"})
    account = of_use("README.md", holder)
    assert said(account) == {
        "model_card_ref": "README.md#uses",
        "sources.web-text.id": "web-text",
        "sources.press-archive.id": "press-archive",
        "sources.threads-2024.id": "threads-2024",
        "downstream.access": "weights",
    }
    assert (account.additions, account.absences) == ((), ())
    assert account.supported
    assert "datasets: heron-labs/web-3" in account.quotes[0].text
    assert any("Facts about living people" in quote.text for quote in account.quotes)


def test_a_training_dataset_that_is_not_declared_is_added_at_its_line() -> None:
    account = of_use("README.md", use(WEB, PRESS))
    assert values(account.additions) == {
        "ai_uses.heron-2.sources.open-forums-threads-2024.id": "open-forums-threads-2024",
        "ai_uses.heron-2.sources.open-forums-threads-2024.name": "open-forums/threads-2024",
    }
    assert {(r.line, r.column) for r in account.additions} == {(12, 5)}


def test_datasets_that_only_test_a_model_are_no_sources() -> None:
    account = of_use("README.md", use())
    assert not any("general" in r.path[3] for r in account.additions)
    assert len(account.additions) == 6


def test_a_declared_source_of_training_that_the_list_leaves_out_is_absent() -> None:
    chats = {"id": "chats", "type": "user_input", "phases": ["finetune"]}
    search = {"id": "search", "type": "own_platform", "phases": ["rag", "deploy"]}
    account = of_use("README.md", use(WEB, PRESS, THREADS, chats, search))
    (absence,) = account.absences
    assert (absence.path, absence.line) == (("sources", "chats"), 10)
    assert of_use("README.md", use(chats), covers="part").absences == ()


def test_a_card_without_a_list_leaves_nothing_out(tmp_path: Path) -> None:
    for text in ("license: mit", "license: mit\ndatasets:", "license: mit\ndatasets: []"):
        account = modelled(tmp_path, f"---\n{text}\n---\n", use(WEB, PRESS))
        assert (account.unreadable, account.absences, account.additions) == ("", (), ())


def test_options_say_which_dataset_is_which_source(tmp_path: Path) -> None:
    holder = use({"id": "web-text"}, {"id": "web"})
    text = "---\nlibrary_name: keras\ndatasets: https://huggingface.co/datasets/heron-labs/web-3\n---\n"
    assert len(modelled(tmp_path, text, holder).additions) == 2
    account = modelled(tmp_path, text, holder, **{"web-text": "heron-labs/web-3"})
    assert account.additions == ()
    assert said(account) == {"sources.web-text.id": "web-text"}
    assert "options.web-txt" in silent(modelled(tmp_path, text, holder, **{"web-txt": "x"}))


@pytest.mark.parametrize("datasets", ["[a, null]", "[a, {b: c}]", "[[a]]", "{a: b}", "3", "true", '["", a]'])
def test_a_list_that_cannot_be_read_whole_says_nothing(tmp_path: Path, datasets: str) -> None:
    account = modelled(tmp_path, f"---\nlibrary_name: keras\ndatasets: {datasets}\n---\n", use(WEB))
    assert "a list datasets of which not every item is a name" in silent(account)
    assert account.unreadable_at == ("card.md", 3)


@pytest.mark.parametrize(
    ("front", "is_open"),
    [
        ("gated: auto", True), ("gated: manual", True), ("gated: true", True), ("extra_gated_prompt: Why?", True),
        ("gated: false", False), ('gated: "no"', False), ("gated:", False),
        ("extra_gated_fields: {}", False), ("tags: [gated]", False),
    ],
)  # fmt: skip
def test_a_gate_says_that_others_get_the_weights(tmp_path: Path, front: str, is_open: bool) -> None:
    account = modelled(tmp_path, f"---\nlicense: mit\n{front}\n---\n", use(downstream={"access": "internal"}))
    assert said(account) == ({"downstream.access": "weights"} if is_open else {})


def test_cards_of_the_other_kind_are_told() -> None:
    assert "its kind of evidence is dataset-card" in silent(of_use("README.md", use(), root=DATASETS))
    assert "its kind of evidence is model-card" in silent(of_source("README.md", TALK, root=MODELS))


# --- what is no card ---

BARE = {
    "@context": "https://schema.org/",
    "@type": "Dataset",
    "conformsTo": "http://mlcommons.org/croissant/1.0",
    "name": "d",
}
DEEP = '{"a":' * 5000 + "1" + "}" * 5000
NO_CARD: dict[str, bytes] = {
    "empty": b"", "blank": b"\n \n", "nul": b"---\nlicense: mit\n\0---\n", "binary": bytes(range(256)),
    "utf-16": "---\nlicense: mit\n---\n".encode("utf-16"), "latin-1": b"---\nlicense: mit\n---\ncaf\xe9\n",
    "no-front-matter": b"# Card\n\nlicense: mit\n", "front-matter-below": b"# Card\n---\nlicense: mit\n---\n",
    "open": b"---\nlicense: mit\n# Card\n", "empty-front": b"---\n---\n# Card\n", "text-front": b"---\njust text\n---\n",
    "list-front": b"---\n- license\n- mit\n---\n", "duplicate": b"---\nlicense: mit\nlicense: cc0-1.0\n---\n",
    "anchor": b"---\na: &a [x]\nlicense: *a\n---\n", "tag": b"---\nlicense: !!python/object:os.system mit\n---\n",
    "jinja": b"---\n{{ card_data }}\n---\n", "braces": b"---\nlicense: {{ license }}\n---\n",
    "if": b"---\n{% if a %}license: mit{% endif %}\n---\n",
    "other-front": b"---\ntitle: A post\nlayout: page\ndate: 2026-01-01\n---\n",
    "blank-keys": b"---\nlicense:\nlanguage: []\n---\n",
    "deep": b"---\na: " + b"[" * 3000 + b"\n---\n", "long-front": b"---\nlicense: " + b"m" * 400_000 + b"\n---\n",
    "bomb": b"---\na: &a [l,l]\nb: &b [*a,*a]\nc: [*b,*b]\n---\n", "no-end": b"---" + b"\n- a" * 200_000,
    "json-array": b"[1]", "json-empty": b"{}", "json-cut": b'{"@type": "Dataset", ', "json-deep": DEEP.encode(),
    "json-other": b'{"@type": "Recipe", "license": "mit"}', "json-plain": b'{"@type": "Dataset", "license": "mit"}',
    "json-duplicate": b'{"@type": "Dataset", "@type": "Dataset"}', "json-nulls": b'{"@type": null, "conformsTo": null}',
    "json-type": b'{"@type": {"@id": 3}, "conformsTo": [null, {}]}', "too-large": b"---\n" + b"a" * 4_194_304,
}  # fmt: skip


@pytest.mark.parametrize("file", ["card.md", "card.json"])
@pytest.mark.parametrize("content", NO_CARD.values(), ids=NO_CARD)
def test_what_is_no_card_says_nothing_soon(tmp_path: Path, content: bytes, file: str) -> None:
    (tmp_path / file).write_bytes(content)
    with ends():
        accounts = [of_source(file, {**TALK}, root=tmp_path), of_use(file, use(WEB), root=tmp_path)]
    for account in accounts:
        why = silent(account)
        assert "Traceback" not in why
        assert len(why) < 500
        assert str(tmp_path) not in why
    assert dataset_card.discover(Opener(tmp_path), file) == ()
    assert model_card.discover(Opener(tmp_path), file) == ()


@pytest.mark.parametrize(
    ("name", "line", "why"),
    [
        ("no-front-matter", 1, "evidence of the kind document"),
        ("duplicate", 3, "already on line 2"),
        ("braces", 2, "rendered to"),
        ("latin-1", 4, "not UTF-8"),
        ("other-front", 1, "no front matter of a dataset or model card"),
        ("open", 1, "does not end"),
    ],
)
def test_where_and_why_a_card_is_none(tmp_path: Path, name: str, line: int, why: str) -> None:
    account = written(tmp_path, NO_CARD[name])
    assert why in silent(account)
    assert account.unreadable_at == ("card.md", line)
    assert [seen.path for seen in account.artefacts] == ["card.md"]


def test_paths_that_lead_elsewhere_are_refused(tmp_path: Path) -> None:
    (tmp_path / "card.md").write_text("---\nlicense: mit\n---\n")
    os.symlink(tmp_path / "card.md", tmp_path / "link.md")
    for file, why in (("link.md", "symbolic link"), ("none.md", "does not exist"), ("../card.md", "climbs above")):
        assert why in silent(of_source(file, TALK, root=tmp_path))
        assert why in silent(of_use(file, use(), root=tmp_path))


def test_line_ends_and_a_mark_move_nothing(tmp_path: Path) -> None:
    text = b"---\nlanguage: en\nlicense: cc0-1.0\n---\n"
    for content in (text, b"\xef\xbb\xbf" + text, text.replace(b"\n", b"\r\n"), text.replace(b"\n", b"\r")):
        (reading,) = written(tmp_path, content, {"id": "s", "licence_ref": "mit"}).readings
        assert (reading.value, reading.line, reading.column) == ("cc0-1.0", 3, 10)


# --- Croissant in the shapes that JSON-LD allows ---


@pytest.mark.parametrize(
    "key",
    [
        "rai:dataCollectionTimeframe",
        "dataCollectionTimeframe",
        "http://mlcommons.org/croissant/RAI/dataCollectionTimeframe",
        "when",
    ],
)
def test_terms_go_by_prefix_address_and_alias(tmp_path: Path, key: str) -> None:
    text = json.dumps(
        {**BARE, "@context": ["https://schema.org/", {"when": "rai:dataCollectionTimeframe"}], key: "2025-01-02/2025-03-04"}
    )
    found = said(written(tmp_path, text, file="c.json"))
    assert found == {"collected_from": "2025-01-02", "collected_to": "2025-03-04"}


@pytest.mark.parametrize(
    "frame",
    ["2025", "2025-01-02", "spring 2025", ["2025-01-02", "later"], ["2025-02-30", "2025-03-01"],
     ["2025-03-01", "2025-01-01"], ["2025-01-01", "2025-02-01", "2025-03-01"], [None, {}], 2025, {"@value": "2025-01-02"}],
)  # fmt: skip
def test_a_time_frame_that_is_not_two_days_says_none(tmp_path: Path, frame: Any) -> None:
    assert said(written(tmp_path, json.dumps({**BARE, "rai:dataCollectionTimeframe": frame}), file="c.json")) == {}


@pytest.mark.parametrize(
    ("licence", "value"),
    [
        ({"@type": "CreativeWork", "name": "MIT License", "url": "https://spdx.org/licenses/MIT"}, "mit"),
        (["https://opensource.org/licenses/MIT"], "mit"),
        ({"@value": "apache-2.0"}, "apache-2.0"),
        (["…", None, {}], None),
        ({"url": ["x"]}, None),
        ("https://choosealicense.com/licenses/mit/", "mit"),
        ("https://choosealicense.com/licenses/apache-2.0/", "https://choosealicense.com/licenses/apache-2.0/"),
    ],
)
def test_licences_of_every_type(tmp_path: Path, licence: Any, value: str | None) -> None:
    account = written(tmp_path, json.dumps({**BARE, "license": licence}), {"id": "s", "licence_ref": "mit"}, file="c.json")
    assert said(account).get("licence_ref") == value


@pytest.mark.parametrize("licence", ["unknown", "None", "n/a"])
def test_a_description_that_knows_no_licence_is_no_support(tmp_path: Path, licence: str) -> None:
    account = written(tmp_path, json.dumps({**BARE, "license": licence}), {"id": "s", "licence_ref": "mit"}, file="c.json")
    assert NOTHING in silent(account)


def test_a_context_that_is_an_address_is_text_and_the_escapes_of_json_are_read(tmp_path: Path) -> None:
    text = json.dumps(
        {**BARE, "@context": "http://127.0.0.1:9/context", "description": "\U0001f950 \\ud83e", "license": "mit"}
    )
    assert "\\ud83e\\udd50" in text
    assert said(written(tmp_path, text, file="c.json")) == {"licence_ref": "mit"}
    assert said(written(tmp_path, text.replace(", ", ",\t"), file="c.json")) == {"licence_ref": "mit"}


def test_nothing_that_was_given_is_changed() -> None:
    holder = use(copy.deepcopy(TALK), WEB)
    before = copy.deepcopy(holder)
    of_use("README.md", holder)
    of_use("README.md", holder, root=DATASETS, verifier=dataset_card)
    assert holder == before


@pytest.mark.parametrize("odd", [None, [], "x", {"ai_uses": None}, {"ai_uses": [None, {"sources": {"a": 1}}]}, 7], ids=repr)
def test_odd_manifests_and_subjects_are_no_error(odd: Any) -> None:
    for subject in ({}, {"id": "u", "sources": odd}, {"id": None, "excludes": odd, "data_categories": odd}):
        entry = {"kind": "x", "path": "README.md", "manifest": odd, "options": odd}
        assert dataset_card.account(Opener(DATASETS), "README.md", entry, subject).artefacts
        assert model_card.account(Opener(MODELS), "README.md", entry, subject).artefacts


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.sampled_from(["mit", "Dataset", "2025-01-02"])
)
KEYS = st.sampled_from(
    ["license", "datasets", "source_datasets", "dataset_info", "features", "name", "gated", "pretty_name", "@context",
     "field", "recordSet", "rai:dataCollectionTimeframe", "rai:personalSensitiveInformation", "isBasedOn",
     "task_categories", "@id"]
)  # fmt: skip
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.dictionaries(KEYS, TREES, max_size=5), junk=st.binary(max_size=8))
def test_any_structure_is_an_account(tmp_path: Path, data: dict[str, Any], junk: bytes) -> None:
    for text in (f"---\n{json.dumps(data)}\n---\n".encode() + junk, json.dumps({**BARE, **data}).encode() + junk, junk):
        (tmp_path / "c.json").write_bytes(text)
        (tmp_path / "c.md").write_bytes(text)
        for account in (
            of_source("c.json", TALK, root=tmp_path),
            of_source("c.md", TALK, root=tmp_path),
            of_use("c.md", use(WEB), root=tmp_path),
        ):
            if account.unreadable:
                silent(account)
            else:
                assert account.supported
                assert data
                assert all(r.soft and r.line for r in (*account.readings, *account.additions, *account.absences))
        assert isinstance(dataset_card.discover(Opener(tmp_path), "c.md"), tuple)
        assert isinstance(model_card.discover(Opener(tmp_path), "c.md"), tuple)


# --- what could be declared ---


def test_discovered_sources_are_those_that_the_account_reads() -> None:
    (found,) = dataset_card.discover(Opener(DATASETS), "README.md")
    source = found.item["sources"][0]
    assert found.section == "ai_uses"
    assert source["id"] == "harbour-talk"
    assert source["licence_ref"] == "cc-by-nc-4.0"
    assert [one["id"] for one in found.item["sources"]] == ["harbour-talk", "open-forums-threads-2024"]
    account = of_source("README.md", source, others=found.item["sources"][1:])
    assert said(account)["licence_ref"] == "cc-by-nc-4.0"
    assert account.additions == ()
    (other,) = dataset_card.discover(Opener(DATASETS), "croissant.json")
    assert other.item["sources"][0]["collected_from"] == "2025-09-01"


def test_a_discovered_use_is_one_that_the_account_reads() -> None:
    (found,) = model_card.discover(Opener(MODELS), "README.md")
    assert [one["id"] for one in found.item["sources"]] == [
        "heron-labs-web-3",
        "meridian-press-archive",
        "open-forums-threads-2024",
    ]
    assert found.item["evidence"] == [{"kind": "model-card", "path": "README.md"}]
    assert "sources.type" in dict(found.questions)
    account = of_use("README.md", found.item)
    assert (account.unreadable, account.additions) == ("", ())


def test_each_kind_discovers_its_own_and_no_other_readme(tmp_path: Path) -> None:
    assert model_card.discover(Opener(DATASETS), "README.md") == ()
    assert dataset_card.discover(Opener(MODELS), "README.md") == ()
    (tmp_path / "readme.md").write_text("---\nlicense: mit\nlanguage: en\n---\n# A project\n")
    assert model_card.discover(Opener(tmp_path), "readme.md") == ()
    assert dataset_card.discover(Opener(tmp_path), "readme.md") == ()


def test_known_licences_are_short_names() -> None:
    assert _cards.licence("CC-BY-SA-3.0") == "cc-by-sa-3.0"
    assert _cards.licence("the usual terms") == ""
    assert _cards.licence("") == ""


def test_the_card_of_another_model_or_dataset_says_nothing(tmp_path: Path) -> None:
    text = "---\nlicense: mit\nlibrary_name: transformers\ndatasets: [a/web-text]\n---\n# MegaCorp Model 9\n"
    assert "is the card of MegaCorp Model 9" in silent(modelled(tmp_path, text))
    data = "---\nlicense: cc-by-4.0\npretty_name: MegaCorp images\ntask_categories: [text-generation]\n---\n# Card\n"
    source = {"id": "web-text", "type": "licensed", "licence_ref": "cc-by-4.0"}
    assert "is the card of MegaCorp images" in silent(written(tmp_path, data, source))
    holder, options = use(source), {"source": "web-text"}
    assert of_use("card.md", holder, root=tmp_path, verifier=dataset_card, **options).supported
