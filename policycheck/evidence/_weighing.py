"""What a document written for people amounts to: readings, quotes and doubts, made into an account.

A document can only support: a person must read it. What it denies is the headline; any doubt takes its support away; nothing
to quote is no support.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from policycheck.errors import ArtefactError
from policycheck.evidence import _prose
from policycheck.evidence._prose import Illegible, Prose
from policycheck.model import ITEM_KEYS, Account, Artefact, Quote, Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from policycheck.opener import Opener

#: The longest passage that is quoted, and the most of them.
QUOTE, QUOTES = 200, 12
#: The most doubts that one reason names.
_DOUBTS = 4
#: Of a title is looked at so much; and what the law makes organisations add to their names.
_TITLE = 300
_LEGAL = r"(?:Ltd|Limited|Inc|Incorporated|LLC|LLP|PLC|plc|Corp|Corporation|GmbH|AG|SE|SA|SAS|BV|B\.V|NV|AB|AS|Oy|Pty)\b\.?"
_COMPANY = re.compile(rf"(?:[A-Z][\w&'-]{{0,40}},? ){{1,5}}{_LEGAL}")
_FORM = re.compile(rf",? {_LEGAL}")
#: Keys of front matter that name whose a document is, and the words of a sentence that does. A service that the site only
#: uses has an operator and a controller of its own: "Google Analytics, a service operated by …".
_BEARER = re.compile(
    r"^(?:data[ _-]?controller|controller|organi[sz]ation|company|publisher|legal[ _-]entity|operator|authors?)[ \t]*:(.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_BEARS = re.compile(
    r"(?:^|\b[Tt]he |\b[Yy]our )(?:[Dd]ata )?[Cc]ontroller\b[^.;]{0,80}?(?: is\b|:)"
    rf"|^{_COMPANY.pattern} (?:is|acts as) (?:the|your) (?:data )?controller\b"
    r"|^(?:[Tt]his|[Oo]ur|[Tt]he) (?:web ?site|site|service|app|platform|(?:online )?shop|store)\b[^,;]{0,60}?"
    r" (?:is|are) (?:owned and |run and )?operated by\b"
    r"|\bbetween you and\b|[\"\u201c](?:[Ww]e|[Uu]s|[Oo]ur),?[\"\u201d]|\((?:we|us|our)(?:\)|, | and | or |/)"
)


class Weighing:
    """Collects what a document says about a subject."""

    def __init__(self, prose: Prose, subject: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        self.prose = prose
        self.subject = subject
        self.options = options
        self.readings: list[Reading] = []
        self.quotes: list[Quote] = []
        self.doubts: list[tuple[str, int]] = []
        self.denies = False
        self.unfit = False
        #: What nobody looked at, and why.
        self.remark = ""

    def declared(self, *path: str) -> Any:
        """What the subject declares at a path; blank text is silence too."""
        at: Any = self.subject
        for step in path:
            if isinstance(at, list):
                at = next((i for i in at if isinstance(i, dict) and step in [i.get(k) for k in ITEM_KEYS]), None)
            else:
                at = at.get(step) if isinstance(at, Mapping) else None
        return None if at == "" else at

    def asked(self, *path: str) -> Any:
        """What the subject declares at a path that the evidence is to speak for; None where it is not."""
        named = self.options.get("supports")
        name = ".".join(path)
        if isinstance(named, (list, tuple)) and named and not any(_covers(str(one), name) for one in named):
            return None
        return self.declared(*path)

    def read(self, path: tuple[str, ...], value: Any, line: int, note: str, *, denies: bool | None = None) -> None:
        """The document gives a value."""
        declared = self.declared(*path)
        self.denies |= (declared is not None and declared != value) if denies is None else denies
        at = 1 if self.prose.paged else max(line, 1)
        note = f"{note}, on page {line}" if self.prose.paged else note
        self.readings.append(Reading(path, value, self.prose.path, at, 1, note, soft=True))

    def quote(self, line: int, text: str) -> None:
        """A passage that backs the subject."""
        shown = self.prose.said(line, " ".join(text.split()))
        shown = shown if len(shown) <= QUOTE else f"{shown[: QUOTE - 1]}…"
        quote = Quote(self.prose.path, self.prose.place(line), shown)
        if quote not in self.quotes and len(self.quotes) < QUOTES:
            self.quotes.append(quote)

    def doubt(self, reason: str, line: int = 0, *, unfit: bool = False) -> None:
        """Why the document does not back the subject; one that is `unfit`, such as a draft, cannot deny anything either."""
        self.unfit |= unfit
        if (reason, line) not in self.doubts:
            self.doubts.append((reason, line))

    def account(self, seen: tuple[Artefact, ...]) -> Account:
        """What it comes to."""
        if self.denies and not self.unfit:
            return Account(tuple(self.readings), seen, quotes=tuple(self.quotes), remark=self.remark)
        if not self.doubts and not self.quotes:
            self.doubt("holds nothing that backs what is declared")
        if self.doubts:
            line = next((line for _, line in self.doubts if line), 0)
            said = "; ".join(reason for reason, _ in self.doubts[:_DOUBTS])
            more = f"; and {len(self.doubts) - _DOUBTS} more" if self.doubts[_DOUBTS:] else ""
            return unreadable(self.prose.path, f"{self.prose.path}: {said}{more}", self.prose.place(line), seen)
        return Account(tuple(self.readings), seen, supported=True, quotes=tuple(self.quotes), remark=self.remark)


def _covers(named: str, name: str) -> bool:
    return named == name or name.startswith(f"{named}.") or named.startswith(f"{name}.")


def unreadable(path: str, reason: str, line: int, seen: tuple[Artefact, ...] = ()) -> Account:
    """An account that says nothing, and why."""
    return Account((), seen, reason, unreadable_at=(path, line))


def heard(
    opener: Opener, path: str, subject: Mapping[str, Any], options: Mapping[str, Any], judge: Callable[[Weighing], None]
) -> Account:
    """The account of a document that `judge` weighs; what cannot be read is unreadable, with the reason."""
    try:
        opened = opener.read(path, cap=_prose.PDF_CAP)
    except ArtefactError as error:
        # The opener's own words name what is missing, which may be a folder on the way.
        return unreadable(path, str(error), 0, ())
    seen = (Artefact(opened.path, opened.size, opened.sha256),)
    try:
        weighing = Weighing(_prose.read(opened), subject, options)
        judge(weighing)
        _ours(weighing)
    except ArtefactError as error:
        said = str(error)
        return unreadable(path, said if path in said else f"{path} {said}", 0, seen)
    except Illegible as error:
        said = str(error)
        return unreadable(path, said if path in said else f"{path}: {said}", error.line, seen)
    return weighing.account(seen)


def _ours(weighing: Weighing) -> None:
    """A doubt where the document is of another organisation, and the one that the manifest is of stands nowhere."""
    manifest = weighing.options.get("manifest")
    organization = manifest.get("organization") if isinstance(manifest, Mapping) else None
    name = organization.get("name") if isinstance(organization, Mapping) else None
    own = _FORM.sub("", name).strip(" ,.").casefold() if isinstance(name, str) else ""
    prose = weighing.prose
    if not own or any(own in text.casefold() for text in (prose.front, *(block.text for block in prose.blocks))):
        return
    for text, line, how in _bearers(prose):
        if named := _COMPANY.search(text):
            where = prose.where(line)
            weighing.doubt(
                f"is of {named[0].rstrip('.')[:80]} {how} ({where}), and does not name {str(name)[:80]}", line, unfit=True
            )
            return


def _bearers(prose: Prose) -> Iterator[tuple[str, int, str]]:
    """Where a document says whose it is: its title, its front matter, and who is the controller or operates the service."""
    title = next((block for block in prose.blocks if block.level), None)
    if title is not None:
        yield title.text[:_TITLE], title.line, "by its title"
    for match in _BEARER.finditer(prose.front):
        yield match[1], prose.front.count("\n", 0, match.start()) + 2, "by its front matter"
    for sentence in prose.sentences():
        if _BEARS.search(sentence.text):
            yield sentence.text, sentence.line, "by its own words"


def passage(weighing: Weighing, name: object, what: str) -> range | None:
    """The section that an anchor or heading means; a doubt where there is none, or more than one."""
    prose = weighing.prose
    found = prose.find(str(name))
    if len(found) == 1:
        return prose.section(found[0]) if found[0] < len(prose.blocks) else range(0)
    if not found:
        weighing.doubt(f"has no heading or anchor {str(name)[:80]!r}, which {what} names")
    else:
        lines = " and ".join(prose.where(prose.blocks[at].line) for at in found[:2])
        weighing.doubt(
            f"{str(name)[:80]!r}, which {what} names, may mean {lines}; write the anchor", prose.blocks[found[0]].line
        )
    return None


def fitness(weighing: Weighing, standing: str, line: int = 0) -> None:
    """Doubts about any document: a draft, or places left to fill in."""
    if standing:
        weighing.doubt(standing, line, unfit=True)
    at, words = weighing.prose.unfilled()
    if words:
        weighing.doubt(
            f"has a place that is still to be filled in ({weighing.prose.where(at)}: {words[:40]})", at, unfit=True
        )
