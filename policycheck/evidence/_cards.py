"""Cards of datasets and models: Markdown whose front matter is YAML in the vocabulary of the Hugging Face Hub.

The keys are those of the Hub's `datasetcard.md` and `modelcard.md` specifications. A card is what its author claims: it
contradicts, and by itself it only supports. A key that is missing says nothing, least of all that there is no such data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from policycheck import document
from policycheck.document import Document, parse_foreign
from policycheck.errors import ArtefactError
from policycheck.model import Account, Artefact, Quote, Reading
from policycheck.opener import Opener

#: Bytes of front matter, names of datasets in one list, columns, and quoted passages.
FRONT_CAP, NAMES_CAP, FEATURES_CAP, QUOTES_CAP = 256 * 1024, 1000, 5000, 4
#: What descriptions write where no licence is known.
NO_LICENCE = frozenset({"unknown", "none", "n/a", "null"})

#: Keys that only the cards of models, or only those of datasets, have; and those that both can have.
MODEL_KEYS = frozenset({"base_model", "datasets", "library_name", "metrics", "model-index", "model_name", "pipeline_tag"})
DATASET_KEYS = frozenset(
    {"annotations_creators", "configs", "dataset_info", "language_creators", "multilinguality", "size_categories"}
    | {"source_datasets", "task_categories", "task_ids", "paperswithcode_id"}
)
_SHARED_KEYS = frozenset({"gated", "language", "license", "license_link", "license_name", "pretty_name", "tags"})

_HEADING = re.compile(r"#{1,6}[ \t]+(\S[^\n]{0,200})")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_TEMPLATE = re.compile(r"\{\{|\{%|<%")
_PLACEHOLDER = re.compile(r"\[?(?:more information needed|needs more information|todo|tbd)\]?\.?", re.IGNORECASE)
_PASSAGES = (
    "personal and sensitive", "data collection", "source data", "data sources", "training data", "out-of-scope",
    "limitations", "licens",
)  # fmt: skip


#: Words that the title of any card may have.
_ANY = frozenset({"model", "models", "card", "dataset", "datasets", "data", "for", "the", "and", "our", "version", "about"})


class Unsaid(Exception):
    """Nothing can be said; where the reason stands, when a line is known."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.line = line


class Said(NamedTuple):
    """One text of a card, and where it stands."""

    text: str
    line: int
    column: int


class Card(NamedTuple):
    """What a card says, whatever it is written in; what it does not say is empty."""

    file: str
    kind: str
    names: tuple[Said, ...] = ()
    licences: tuple[Said, ...] = ()
    #: Datasets that a model was trained on, or that a dataset was made from.
    datasets: tuple[Said, ...] = ()
    columns: tuple[Said, ...] = ()
    #: The first and last day of collection; both or none.
    collected: tuple[Said, ...] = ()
    sensitive: tuple[Said, ...] = ()
    #: The key that makes people ask before they get the files.
    gate: tuple[Said, ...] = ()
    quotes: tuple[Quote, ...] = ()
    #: The heading of the text.
    title: tuple[Said, ...] = ()

    def reading(self, path: tuple[str, ...], value: object, at: Said, note: str) -> Reading:
        """A claim of the card."""
        return Reading(path, value, self.file, at.line, at.column, note, soft=True)


def slug(text: str) -> str:
    """A name as manifests write ids; at most 64 characters."""
    return document.slug(text, 64)


def mapping(value: object) -> Mapping[str, Any]:
    """The value when it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def listed(value: object) -> list[Any]:
    """The value when it is a list, nothing for nothing, else a list of it alone."""
    return value if isinstance(value, list) else [] if value is None else [value]


# --- Markdown with front matter ---


def _decoded(data: bytes) -> str:
    if b"\0" in data:
        raise Unsaid("is binary, not a card")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unsaid("is not UTF-8", data.count(b"\n", 0, error.start) + 1) from None
    if not text.strip():
        raise Unsaid("is empty")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def markdown(text: str, path: str) -> Card:
    """The card in a Markdown file. Raises Unsaid when there is no front matter, or none of the Hub's."""
    front, body, line = _parted(text)
    document = _parsed(front, path)
    data = mapping(document.data)
    kind = _kind(data)
    features = (feature for info in listed(data.get("dataset_info")) for feature in _features(info))
    return Card(
        path,
        kind,
        names=tuple(texts(document, data, "pretty_name") + texts(document, data, "model_name")),
        licences=tuple(_licences(document, data)),
        datasets=tuple(_datasets(document, data)),
        columns=tuple(found for feature in features for found in texts(document, feature, "name")),
        gate=tuple(_gate(document, data)),
        quotes=tuple(_quotes(body, path, line)),
        title=tuple(_title(body, line)),
    )


def _title(body: str, first: int) -> Iterator[Said]:
    """The first heading, when it is the text's title."""
    for number, line in _prose(body, first):
        if line.lstrip().startswith("# "):
            yield Said(line.strip("# \t"), number, 1)
        return


def _parted(text: str) -> tuple[str, str, int]:
    """Front matter, with a blank line for its first mark so that lines keep their numbers; the rest; and its first line."""
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        raise Unsaid("has no front matter (`---` on the first line); a card without is evidence of the kind document", 1)
    end = next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() in ("---", "...")), 0)
    front = "\n".join(["", *lines[1:end]])
    if not end:
        raise Unsaid("has front matter that does not end; write `---` below it", 1)
    if len(front) > FRONT_CAP:
        raise Unsaid(f"has front matter of more than {FRONT_CAP} characters", 1)
    if found := _TEMPLATE.search(front):
        raise Unsaid("is a template; name the card that it is rendered to", front.count("\n", 0, found.start()) + 1)
    return front, "\n".join(lines[end + 1 :]), end + 2


def _parsed(front: str, path: str) -> Document:
    documents, problems = parse_foreign(front.encode(), path)
    if problems:
        raise Unsaid(f"has front matter that cannot be read: {problems[0].message}", problems[0].line)
    if len(documents) != 1 or not isinstance(documents[0].data, dict):
        raise Unsaid("has front matter that says nothing", 1)
    return documents[0]


def _kind(data: Mapping[str, Any]) -> str:
    """What the card is of, by the keys that only one of them has; empty when that cannot be told."""
    keys = {key for key, value in data.items() if value not in (None, "", [], {})}
    has_gate = any(key.startswith("extra_gated_") for key in keys)
    if not keys & (MODEL_KEYS | DATASET_KEYS | _SHARED_KEYS) and not has_gate:
        raise Unsaid("has no front matter of a dataset or model card (license, language, datasets, task_categories ...)", 1)
    of_model, of_dataset = bool(keys & MODEL_KEYS), bool(keys & DATASET_KEYS)
    return "" if of_model == of_dataset else "model" if of_model else "dataset"


def texts(document: Document, container: object, key: str) -> list[Said]:
    """The texts under a key, one or a list; what is no text says nothing here."""
    value = mapping(container).get(key)
    found = []
    for index, item in enumerate(listed(value)):
        place = document.locate(value, index) if isinstance(value, list) else document.locate(container, key)
        if isinstance(item, str) and item.strip() and place is not None:
            found.append(Said(item.strip(), place.line, place.column))
    return found


def _members(value: object, key: str) -> list[Any]:
    return [item for item in listed(mapping(value).get(key)) if isinstance(item, Mapping)]


def _features(info: object) -> Iterator[Any]:
    """The columns of a dataset, and those in columns that hold records (`struct`) or lists of them."""
    pending = _members(info, "features")[::-1]
    count = 0
    while pending:
        feature, count = pending.pop(), count + 1
        if count > FEATURES_CAP:
            raise Unsaid(f"lists more than {FEATURES_CAP} features")
        yield feature
        for key in ("struct", "list", "sequence"):
            below = feature.get(key)
            pending += [item for item in below if isinstance(item, Mapping)] if isinstance(below, list) else []
            pending += [below] if isinstance(below, Mapping) else []


def _licences(document: Document, data: Mapping[str, Any]) -> list[Said]:
    """The licences; for `other` the link or name that says which; `unknown` and the like say none."""
    found = [said for said in texts(document, data, "license") if said.text.lower() not in NO_LICENCE]
    if [said.text.lower() for said in found] == ["other"]:
        return (texts(document, data, "license_link") or texts(document, data, "license_name"))[:1]
    return found


def _datasets(document: Document, data: Mapping[str, Any]) -> Iterator[Said]:
    """Datasets that the card names. One list that cannot be read whole would leave some out, so it says nothing."""
    for key in ("datasets", "source_datasets"):
        items = listed(data.get(key))
        found = texts(document, data, key)
        if len(found) != len(items) or len(items) > NAMES_CAP:
            place = document.locate_key(data, key)
            line = place.line if place else 1
            raise Unsaid(f"has a list {key} of which not every item is a name", line)
        for said in found:
            name = _upstream(said.text) if key == "source_datasets" else said.text
            if name:
                yield said._replace(text=name)


def _upstream(text: str) -> str:
    """The dataset that an entry of source_datasets names: `extended|other-news` is other-news, `original` is none."""
    kind, bar, name = text.partition("|")
    if kind.strip() in ("original", "extended"):
        return name.strip() if bar and name.strip() != "other" else ""
    return text


def _gate(document: Document, data: Mapping[str, Any]) -> Iterator[Said]:
    """Keys that make people ask before they get the files. Whether the Hub enforces it is a setting, not the card's."""
    for key, value in data.items():
        is_gate = key == "gated" and value not in (None, False, "", "false", "no")
        if is_gate or (key.startswith("extra_gated_") and value not in (None, "", [], {}, False)):
            place = document.locate_key(data, key)
            if place is not None:
                yield Said(key, place.line, place.column)


def _quotes(body: str, path: str, first: int) -> list[Quote]:
    """The first lines under the headings that a person should read; never from code, comments or placeholders."""
    found: list[Quote] = []
    wanted = False
    for number, line in _prose(body, first):
        heading = _HEADING.match(line)
        if heading:
            wanted = any(word in heading[1].lower() for word in _PASSAGES)
        elif wanted and not _PLACEHOLDER.fullmatch(line.strip()) and not _TEMPLATE.search(line):
            found.append(Quote(path, number, line.strip()[:200]))
            wanted = False
    return found[:QUOTES_CAP]


def _prose(body: str, first: int) -> Iterator[tuple[int, str]]:
    """The lines of Markdown that are shown as text, with their numbers."""
    fence, is_comment = "", False
    for number, line in enumerate(body.split("\n"), first):
        mark = _FENCE.match(line)
        if is_comment:
            is_comment = "-->" not in line
        elif fence:
            fence = "" if mark and mark[1] == fence else fence
        elif mark:
            fence = mark[1]
        else:
            # What follows a comment on its line is left out too: better a passage less than hidden text.
            shown, opening, hidden = line.partition("<!--")
            is_comment = bool(opening) and "-->" not in hidden
            if shown.strip():
                yield number, shown


# --- datasets against declared sources ---


class Sources:
    """The declared sources of an AI use, by the names that a card could call them."""

    def __init__(self, use: Mapping[str, Any], chosen: Mapping[str, str]) -> None:
        self.items = [item for item in listed(use.get("sources")) if isinstance(item, Mapping) and item.get("id")]
        self._names: dict[str, str] = {}
        for item in self.items:
            for name in _names_of(item):
                self._names.setdefault(name, str(item["id"]))
        self._names |= {slug(_bare(name)): source for source, name in chosen.items() if source in self.ids}

    @property
    def ids(self) -> list[str]:
        """The declared ids, in order."""
        return [str(item["id"]) for item in self.items]

    def called(self, name: str) -> str:
        """The id of the source that a dataset's name means, with or without who published it; empty for none."""
        bare = _bare(name)
        return self._names.get(slug(bare)) or self._names.get(slug(bare.rpartition("/")[2])) or ""


def _bare(name: str) -> str:
    """A dataset's name on the Hub without the address around it."""
    return name.strip().removeprefix("https://huggingface.co/datasets/").rstrip("/")


def _names_of(item: Mapping[str, Any]) -> Iterator[str]:
    """What a source goes by: its id, name, maker, and the names of its card's file and folder."""
    for key in ("id", "name", "supplier"):
        if isinstance(item.get(key), str) and slug(item[key]):
            yield slug(item[key])
    ref = item.get("dataset_card_ref")
    for part in ref.partition("#")[0].split("/") if isinstance(ref, str) else ():
        stem = slug(part.rsplit(".", 1)[0])
        for prefix in ("dataset-card-", "datasetcard-", "data-card-", ""):
            if stem.startswith(prefix) and stem not in ("", "readme", "docs", "data", "datasets", "cards"):
                yield stem.removeprefix(prefix)


def undeclared(card: Card, sources: Sources, use: str, skip: Iterable[str] = ()) -> Iterator[Reading]:
    """Datasets that the card names and the AI use does not declare, as sources that it lacks."""
    seen = {slug(_bare(name)) for name in skip}
    for said in card.datasets:
        name = slug(_bare(said.text))
        if name and name not in seen and not sources.called(said.text):
            seen.add(name)
            path, note = ("ai_uses", use, "sources", name), f"the card names {_bare(said.text)[:80]}, which is not declared"
            yield card.reading((*path, "id"), name, said, note)
            yield card.reading((*path, "name"), _bare(said.text), said, note)


#: What is asked of a proposed source; the words are those of the manifest.
ASKED_TYPE = (
    "Where does each source come from: own_platform, scraped, licensed, public_dataset, user_input or synthetic? (It stands"
    " in comments until then.)"
)


_KIND_IN_NAME = re.compile(r"(?:data(?:set)?|model)[-_ ]?card[-_ ]?|[-_ ](?:data(?:set)?|model)[-_ ]?card$", re.IGNORECASE)


def called(card: Card) -> str:
    """What a card calls its dataset or model; else the name of its file, or of the folder of a README."""
    named = card.names or card.title
    if named:
        return named[0].text
    folder, _, file = card.file.rpartition("/")
    stem = _KIND_IN_NAME.sub("", file.rpartition(".")[0])
    return folder.rpartition("/")[2] or stem if stem.lower() in ("", "readme") else stem


def as_sources(card: Card) -> list[dict[str, Any]]:
    """The datasets that the card names as sources that could be declared, each once."""
    found = {slug(_bare(said.text)): _bare(said.text) for said in card.datasets}
    return [{"id": name, "name": text} for name, text in found.items() if name]


def is_of(card: Card, item: Mapping[str, Any]) -> bool:
    """Whether a card goes by a word of what it is held against; one that goes by no telling name is not asked."""
    called = {word for said in (*card.names, *card.title) for word in _telling(said.text)}
    wanted = {word for key in ("id", "name", "supplier") for word in _telling(item.get(key))}
    return not called or not wanted or bool(called & wanted)


def _telling(name: object) -> set[str]:
    words = slug(name).split("-") if isinstance(name, str) else []
    return {word[:5] for word in words if len(word) > 2 and not word.isdigit() and word not in _ANY}


def backed(card: Card, said: Account) -> Account:
    """The account with the passages that it rests on; a card that says nothing of use is no support either."""
    licences = [Quote(card.file, at.line, f"license: {at.text}"[:200]) for at in card.licences[:1]]
    gate = [Quote(card.file, at.line, at.text) for at in card.gate[:1]]
    quotes = (*said.quotes, *licences, *gate, *card.quotes)
    if not (said.readings or said.additions or said.absences or quotes):
        raise Unsaid("says nothing that could be held against the manifest")
    return said._replace(supported=True, quotes=quotes)


# --- licences ---

_KNOWN = re.compile(
    r"cc0-1\.0|cc-by(?:-nc)?(?:-sa|-nd)?-[0-9]\.[0-9]|apache-2\.0|mit|bsd|bsd-[234]-clause|[al]?gpl-[0-9](?:\.[0-9])?"
    r"|mpl-2\.0|eupl-1\.[12]|isc|unlicense|wtfpl|odc-by|odbl|pddl|cdla-[a-z]{1,12}-[0-9]\.[0-9]|openrail(?:\+\+)?"
    r"|(?:bigscience|creativeml|bigcode)-[a-z-]{1,20}|afl-3\.0|artistic-2\.0|ecl-2\.0|gfdl|epl-[0-9]\.0"
)
_ADDRESSES = (
    (re.compile(r"https?://creativecommons\.org/licenses/([a-z-]{2,8})/([0-9]\.[0-9])"), r"cc-\1-\2"),
    (re.compile(r"https?://creativecommons\.org/publicdomain/zero/1\.0"), "cc0-1.0"),
    (re.compile(r"https?://(?:www\.)?apache\.org/licenses/license-2\.0"), "apache-2.0"),
    (re.compile(r"https?://(?:www\.)?(?:spdx|opensource)\.org/licenses?/([a-z0-9.+-]{2,40}?)(?:\.html|\.json)?"), r"\1"),
    # The Hub's own descriptions of datasets name licences by this address.
    (re.compile(r"https?://(?:www\.)?choosealicense\.com/licenses/([a-z0-9.+-]{2,40})"), r"\1"),
    (re.compile(r"https?://opendatacommons\.org/licenses/(?:by)(?:/1[.-]0)?"), "odc-by"),
    (re.compile(r"https?://opendatacommons\.org/licenses/(odbl|pddl)(?:/1[.-]0)?"), r"\1"),
)


def licence(text: str) -> str:
    """A licence by its short name on the Hub (SPDX in lower case), from that or a well-known address; empty when unknown."""
    bare = text.strip().lower().rstrip("/").removesuffix("/legalcode").removesuffix("/deed.en")
    for address, name in _ADDRESSES:
        if match := address.fullmatch(bare):
            bare = match.expand(name)
    bare = bare.removesuffix("-only").removesuffix("-or-later")
    return bare if _KNOWN.fullmatch(bare) else ""


# --- the account around ---


def heard(opener: Opener, path: str, reader: Any) -> Account:
    """The account that `reader` makes of the text at a path, or why there is none; with the artefact, always."""
    try:
        found = opener.read(path)
    except ArtefactError as error:
        return Account(unreadable=str(error), unreadable_at=(path, 0))
    seen = (Artefact(found.path, found.size, found.sha256),)
    try:
        said: Account = reader(_decoded(found.data))
    except Unsaid as unsaid:
        return Account((), seen, f"{path} {unsaid}", unreadable_at=(path, unsaid.line))
    return said._replace(artefacts=seen)


def sniffed(opener: Opener, path: str, reader: Any) -> Card | None:
    """The card at a path; None for what is none. Most files called README are none, and their first bytes say so."""
    try:
        data = opener.read(path).data
        starts = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:3]
        card: Card | None = reader(_decoded(data)) if starts == b"---" or starts[:1] == b"{" else None
    except (ArtefactError, Unsaid):
        return None
    return card


def settings(options: Mapping[str, object]) -> dict[str, str]:
    """The texts under the entry's `options`."""
    found = mapping(options.get("options"))
    return {str(name): value.strip() for name, value in found.items() if isinstance(value, str)}
