"""A dataset described in Croissant 1.0 or 1.1 (JSON-LD): the few properties that a manifest has words for.

Names are told apart by their last part only, after the aliases of an inline `@context`: `rai:dataCollection`, the full
address of the term and an alias of it are the same. A context that is an address is never fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from policycheck.document import Document, parse_foreign
from policycheck.evidence._cards import NO_LICENCE, Card, Said, Unsaid, listed
from policycheck.model import Quote

#: Characters of a file and fields of its record sets: many times what descriptions made by hand or by the Hub have.
TEXT_CAP, COLUMN_CAP = 1024 * 1024, 5000

_CONFORMS = "mlcommons.org/croissant/"
_LAST = re.compile(r"[:/#]")
#: Where an object says itself: a licence by its address, a dataset by its name.
_ADDRESSED, _NAMED = ("@value", "url", "name", "@id"), ("@value", "name", "url", "@id")
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T[0-9:.+Z-]{1,24})?")
#: JSON writes characters beyond the first plane as two escapes, YAML (with which JSON is read here) as one.
_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")


def croissant(text: str, path: str) -> Card:
    """The card in a Croissant file. Raises Unsaid when it is none."""
    if not text.lstrip().startswith("{"):
        raise Unsaid("is no JSON object", 1)
    if len(text) > TEXT_CAP:
        raise Unsaid(f"is larger than {TEXT_CAP} characters, the most that is read of a description")
    documents, problems = parse_foreign(_PAIR.sub(_joined, text).encode("utf-8", "replace"), path)
    if problems:
        raise Unsaid(f"cannot be read as JSON: {problems[0].message}", problems[0].line)
    if len(documents) != 1:
        raise Unsaid("holds more than one JSON object", 1)
    document = documents[0]
    top = _Node(document, document.data, _aliases(document.data))
    if "Dataset" not in [_LAST.split(said.text)[-1] for said in top.texts("@type")]:
        raise Unsaid("is no dataset in JSON-LD: its @type is not Dataset", 1)
    if not any(_CONFORMS in said.text for said in top.texts("conformsTo")):
        raise Unsaid("does not say that it is Croissant: conformsTo names no version of it", 1)
    sensitive = top.texts("personalSensitiveInformation")
    quoted = [*top.texts("dataCollection"), *sensitive][:4]
    return Card(
        path,
        "dataset",
        names=tuple(top.texts("name")),
        licences=tuple(said for said in top.texts("license") if said.text.lower() not in NO_LICENCE),
        datasets=(*top.texts("isBasedOn", _NAMED), *top.texts("wasDerivedFrom", _NAMED)),
        columns=tuple(_columns(top)),
        collected=_collected(top.texts("dataCollectionTimeframe")),
        sensitive=tuple(sensitive),
        quotes=tuple(Quote(path, said.line, " ".join(said.text.split())[:200]) for said in quoted),
    )


def _joined(pair: re.Match[str]) -> str:
    high, low = int(pair[2], 16), int(pair[3], 16)
    return f"{pair[1]}\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


def _aliases(data: Mapping[str, Any]) -> dict[str, str]:
    """What an inline context calls its terms: name to address."""
    found: dict[str, str] = {}
    for context in listed(data.get("@context")):
        for name, term in context.items() if isinstance(context, Mapping) else ():
            address = term.get("@id") if isinstance(term, Mapping) else term
            if isinstance(address, str):
                found[name] = address
    return found


class _Node:
    """One object of the file with its names resolved."""

    def __init__(self, document: Document, data: Mapping[str, Any], aliases: Mapping[str, str]) -> None:
        self._document, self._data, self._aliases = document, data, aliases

    def _keys(self, name: str) -> list[str]:
        return [key for key in self._data if _LAST.split(self._aliases.get(key, key))[-1] == name]

    def texts(self, name: str, said_by: tuple[str, ...] = _ADDRESSED) -> list[Said]:
        """The texts under a name: one, a list, or objects that say it by the first of some keys."""
        found = []
        for key in self._keys(name):
            value = self._data[key]
            for index, item in enumerate(listed(value)):
                place = (
                    self._document.locate(value, index)
                    if isinstance(value, list)
                    else self._document.locate(self._data, key)
                )
                text = _text(item, said_by)
                if text and place is not None:
                    found.append(Said(text, place.line, place.column))
        return found

    def nodes(self, name: str) -> Iterator[_Node]:
        """The objects under a name."""
        for key in self._keys(name):
            for item in listed(self._data[key]):
                if isinstance(item, Mapping):
                    yield _Node(self._document, item, self._aliases)


def _text(item: object, said_by: tuple[str, ...]) -> str:
    if isinstance(item, Mapping):
        item = next((item[key] for key in said_by if isinstance(item.get(key), str)), None)
    return item.strip() if isinstance(item, str) else ""


def _columns(top: _Node) -> Iterator[Said]:
    """The fields of every record set, and the fields in fields; `default/email` is named email."""
    pending = [field for record_set in top.nodes("recordSet") for field in record_set.nodes("field")]
    count = 0
    while pending:
        field, count = pending.pop(), count + 1
        if count > COLUMN_CAP:
            raise Unsaid(f"lists more than {COLUMN_CAP} fields")
        for said in field.texts("name")[:1]:
            yield said._replace(text=said.text.rpartition("/")[2])
        pending += field.nodes("subField")


def _collected(texts: list[Said]) -> tuple[Said, ...]:
    """The first and the last day of collection, when exactly two are written."""
    days: list[Said] = []
    for said in texts:
        for part in said.text.split("/"):
            match = _DAY.fullmatch(part.strip())
            if not match or not _exists(match[1]):
                return ()
            days.append(said._replace(text=match[1]))
    return tuple(days) if len(days) == 2 and days[0].text <= days[1].text else ()


def _exists(day: str) -> bool:
    try:
        return bool(date.fromisoformat(day))
    except ValueError:
        return False
