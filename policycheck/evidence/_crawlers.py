"""The dated list of product tokens of crawlers for AI; its source, date and licence stand in `ai_crawlers.txt`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

#: Crawlers that search engines index with, from their operators' own pages: Google and Microsoft Bing.
SEARCH_ENGINES = ("Googlebot", "Bingbot")
#: Tokens that no crawler sends: they say what may be done with pages that another crawler fetches anyway.
CONTROL_TOKENS = frozenset({"google-extended", "applebot-extended"})
#: What makes a token one for training: refusing search, and fetching for a person who asks, is another matter.
_TRAINING = frozenset({"training", "control"})


class Crawlers(NamedTuple):
    """The list: its date, and the purpose and spelling of each token by its lower case."""

    date: str
    purposes: dict[str, str]
    spellings: dict[str, str]

    @property
    def training(self) -> tuple[str, ...]:
        """The tokens of crawlers that collect what models are trained on, as they are spelled."""
        return tuple(self.spellings[key] for key, purpose in self.purposes.items() if purpose in _TRAINING)


@cache
def crawlers() -> Crawlers:
    """The list that comes with policycheck."""
    date, purposes, spellings = "", {}, {}
    for line in Path(__file__).with_name("ai_crawlers.txt").read_text("utf-8").splitlines():
        if line.startswith("# date:"):
            date = line.removeprefix("# date:").strip()
        elif line and not line.startswith("#"):
            name, purpose, _ = (part.strip() for part in line.split(";"))
            purposes[name.casefold()] = purpose
            spellings[name.casefold()] = name
    return Crawlers(date, purposes, spellings)
