"""What a model's card says of an AI use: the datasets it was trained on, and whether others can ask for its weights.

`datasets:` in the front matter lists what the model was trained on; those in `model-index` were only used to test it. The
entry's `options` say which dataset is which declared source where names differ (`web-text: tern/web-3`), and
`covers: part` when the use has several models.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from policycheck.evidence import _cards
from policycheck.model import Account, Discovered, Quote, Reading

if TYPE_CHECKING:
    from policycheck.opener import Opener

KINDS_OF_SUBJECT: frozenset[str] = frozenset({"use"})
FILES: tuple[str, ...] = ("*model*card*.md", "readme.md", "*/readme.md")

_TRAINING = frozenset({"pretrain", "finetune"})


def account(opener: Opener, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    """What the card at `path` (from the root) says of the AI use `subject`.

    A dataset that it names and the use does not declare is an addition; a declared source of training that an explicit
    list leaves out is an absence. All of it is soft.
    """
    return _cards.heard(opener, path, lambda text: _said(_read(text, path), options, subject))


def _read(text: str, path: str) -> _cards.Card:
    card = _cards.markdown(text, path)
    if card.kind == "dataset":
        raise _cards.Unsaid("is the card of a dataset, not of a model; its kind of evidence is dataset-card", 1)
    return card


def _said(card: _cards.Card, options: Mapping[str, object], use: Mapping[str, object]) -> Account:
    chosen = _cards.settings(options)
    sources = _cards.Sources(use, chosen)
    if unknown := [name for name in chosen if name != "covers" and name not in sources.ids]:
        raise _cards.Unsaid(f"is held against options.{unknown[0]:.60}, which is no source of the use")
    if not chosen and not _cards.is_of(card, use):
        name = (*card.names, *card.title)[0]
        hint = "name its datasets in options where it is the card of this use"
        raise _cards.Unsaid(f"is the card of {name.text[:60]}, which this use does not go by; {hint}", name.line)
    readings = tuple(_readings(card, sources, options, use))
    additions = tuple(_cards.undeclared(card, sources, str(use.get("id"))))
    absences = () if chosen.get("covers") == "part" else tuple(_absences(card, sources, use))
    said = [Quote(card.file, at.line, f"datasets: {at.text}"[:200]) for at in card.datasets[:1]]
    return _cards.backed(card, Account(readings, additions=additions, absences=absences, quotes=tuple(said)))


def _readings(
    card: _cards.Card, sources: _cards.Sources, options: Mapping[str, object], use: Mapping[str, object]
) -> Iterator[Reading]:
    ref = use.get("model_card_ref")
    top = _cards.Said("", 1, 1)
    if isinstance(ref, str) and ref.partition("#")[0] == options.get("path"):
        yield card.reading(("model_card_ref",), ref, top, "the model card is there")
    named = {sources.called(said.text): said for said in reversed(card.datasets)}
    for source in sources.ids:
        if source in named:
            yield card.reading(
                ("sources", source, "id"), source, named[source], f"the card names {source} among its datasets"
            )
    if card.gate:
        note = f"{card.gate[0].text} is for those who ask for the model's files: others get the weights"
        yield card.reading(("downstream", "access"), "weights", card.gate[0], note)


def _absences(card: _cards.Card, sources: _cards.Sources, use: Mapping[str, object]) -> Iterator[Reading]:
    """Declared sources of training that the card's list leaves out. A card without such a list leaves nothing out."""
    named = {sources.called(said.text) for said in card.datasets}
    for item in sources.items if card.datasets else ():
        phases = item.get("phases") or use.get("phases") or []
        if str(item["id"]) not in named and _TRAINING.intersection(phases if isinstance(phases, list) else []):
            note = f"datasets of the card leaves out {item['id']}; if it goes by another name there, say it in options"
            yield card.reading(("sources", str(item["id"])), None, card.datasets[0], note)


def discover(opener: Opener, path: str) -> tuple[Discovered, ...]:
    """The AI use that a model's card describes, its datasets as sources."""
    card = _cards.sniffed(opener, path, lambda text: _read(text, path))
    if card is None or card.kind != "model":
        return ()
    name = _cards.called(card)
    item: dict[str, Any] = {"id": _cards.slug(name) or "model", "name": name, "model_card_ref": card.file}
    sources = _cards.as_sources(card)
    item |= {"sources": sources} if sources else {}
    item["evidence"] = [{"kind": "model-card", "path": card.file}]
    return (Discovered("ai_uses", item, card.file, 1, "a model card", _ASKED[0 if sources else 1 :]),)


_ASKED = (
    ("sources.type", _cards.ASKED_TYPE),
    ("phases", "Which phases does the use cover?"),
    ("jurisdictions", "Where do the people live whose data is used?"),
    ("owner", "Who inside the organisation answers for it?"),
)
