"""What a site licenses to machines by Really Simple Licensing: the `License:` line of robots.txt, or the XML document.

RSL 1.0 (rslstandard.org/rsl): `<content url>` holds `<license>`s, whose `<permits type="usage">` and `<prohibits
type="usage">` name uses such as ai-train (train-ai in the drafts). The standard is young, so what it says of crawlers for
AI is for a person to confirm. The XML is read with expat alone, as events: a DOCTYPE ends the reading, so that no entity
is ever declared or expanded, and nothing outside the file is opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from policycheck.errors import ArtefactError
from policycheck.evidence import _published as published
from policycheck.evidence._published import Page, Pattern, Unsaid
from policycheck.evidence._robots import robots_of
from policycheck.model import Account, Discovered, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from policycheck.evidence._published import Place
    from policycheck.opener import Opener

KINDS_OF_SUBJECT: frozenset[str] = frozenset({"control", "policies"})
FILES: tuple[str, ...] = ("robots.txt", "*/robots.txt", "license.xml", "*/license.xml", "rsl.xml", "*/rsl.xml", "*.rsl")

#: Bytes that are opened, levels of elements, and contents that are read.
CAP, DEPTH, CONTENTS = 1024 * 1024, 16, 5000
NAMESPACE = "https://rslstandard.org/rsl"
#: Uses that hold training: by the recommendation, and by the drafts before it.
_TRAINING = frozenset({"all", "ai-all", "ai-train", "train-ai"})
#: Uses that crawlers have for what they fetch; a prohibition of anything else (print) is none of theirs.
_CRAWLING = _TRAINING | {"ai-input", "ai-index", "ai-use", "ai-search", "ai-inference", "search"}
_USES_LENGTH = 2000
_YOUNG = "RSL is young and terms need reading, so a person must judge"
_WHAT = "an RSL licence"


class Terms(NamedTuple):
    """What a licence says of one content: where it holds, what it permits and prohibits (use to line), where it begins.

    `limits` are the lines that ask something for leave: a payment, a licence from a server, to be of some kind or place.
    """

    url: str
    permits: dict[str, int]
    prohibits: dict[str, int]
    line: int
    limits: list[int]

    @property
    def is_site(self) -> bool:
        """Whether it holds for the whole site."""
        path = published.path_of(self.url)
        return bool(path) and Pattern(path).fits("/") and Pattern(path).fits(f"/{published.SAMPLE}")


def account(opener: Opener, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    """What the licence or robots.txt at `path` (from the root) says about a control or the policies.

    Of a control: `layer` and `status`, and of `params` the `document_ref` that a License line names. Of the policies:
    `ai_agents_policy`, from a licence for the whole site. Never raises for what an artefact holds.
    """
    return published.heard(opener, path, CAP, lambda page: Account(tuple(_readings(page, options, subject))))


def _readings(page: Page, options: Mapping[str, object], subject: Mapping[str, object]) -> Iterator[Reading]:
    is_xml = page.data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<"
    if published.is_control(subject):
        published.refuse_other_family(subject, "rsl")
        found = [*(_of_licence(page, _terms(page), options) if is_xml else _of_line(page, subject))]
        found += published.standards(page, subject, {"rsl": 1 if is_xml else _licences(page)[0][1]}, {})
        yield from published.of_one_among(found, subject, {"rsl"})
        return
    if not is_xml:
        raise Unsaid(f"{page.path} only links to a licence; name the licence itself to hold the policies against it")
    yield _policy(page, _terms(page))


# --- the line in robots.txt ---


def _licences(page: Page) -> list[tuple[str, int]]:
    """The licences that a robots.txt links to; RSL asks for absolute addresses."""
    found = [(line.value, line.number) for line in robots_of(page).licences]
    if not found:
        raise Unsaid(f"{page.path} has no License line", 1)
    relative = next((number for value, number in found if not value.casefold().startswith(("https://", "http://"))), 0)
    if relative:
        raise Unsaid("a License line names no absolute address, as RSL asks", relative)
    return found


def _of_line(page: Page, subject: Mapping[str, object]) -> Iterator[Reading]:
    """A link to a licence: that it is published is certain, what it refuses is not."""
    found = _licences(page)
    note = "the line is published in this file; what the licence refuses stands elsewhere"
    yield page.layer()
    yield page.reading(("status",), "deployed", found[0][1], note, soft=True)
    declared = published.params(subject).get("document_ref")
    line = next((line for address, line in found if address == declared), 0)
    if line:
        yield page.reading(("params", "document_ref"), declared, line, "the License line names it")


# --- the licence ---


class _Reader:
    """Collects the terms of a licence from expat's events."""

    def __init__(self, path: str) -> None:
        from xml.parsers import expat

        self.path = path
        self.terms: list[Terms] = []
        self._open: list[str] = []
        self._uses: dict[str, int] | None = None
        self._text = ""
        self._parser = expat.ParserCreate("utf-8", " ")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def read(self, text: str) -> list[Terms]:
        """The terms in a text; Unsaid when it is no licence."""
        from xml.parsers import expat

        try:
            self._parser.Parse(text.encode(), True)
        except expat.ExpatError as error:
            raise Unsaid(f"{self.path} is not XML: {expat.ErrorString(error.code)}", error.lineno) from None
        return self.terms

    def _refuse_doctype(self, *_: object) -> None:
        raise Unsaid(f"{self.path} has a DOCTYPE, and no XML with one is read", self._parser.CurrentLineNumber)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, local = name.rpartition(" ")
        line = self._parser.CurrentLineNumber
        if not self._open and (space, local) != (NAMESPACE, "rsl"):
            raise Unsaid(f"{self.path} is XML, but not {_WHAT}: its root is no rsl of {NAMESPACE}", line)
        if len(self._open) >= DEPTH:
            raise Unsaid(f"elements of {self.path} are nested deeper than {DEPTH}", line)
        self._open.append(local if space == NAMESPACE else "")
        if self._open == ["rsl", "content"]:
            if len(self.terms) >= CONTENTS:
                raise Unsaid(f"{self.path} holds more contents than are read", line)
            limits = [line] if attributes.get("server") else []
            self.terms.append(Terms(attributes.get("url", ""), {}, {}, line, limits))
        elif self._open[:3] == ["rsl", "content", "license"] and len(self._open) == 4:
            self._take(self._open[-1], attributes.get("type", ""), line)

    def _take(self, local: str, kind: str, line: int) -> None:
        """An element of a license: uses to be read, or what limits them. A payment without a type is one."""
        terms = self.terms[-1]
        if kind == "usage":
            self._uses, self._text = {"permits": terms.permits, "prohibits": terms.prohibits}.get(local), ""
        elif local in ("permits", "prohibits") or (local == "payment" and kind != "free"):
            terms.limits.append(line)

    def _characters(self, text: str) -> None:
        if self._uses is not None and len(self._text) < _USES_LENGTH:
            self._text += text

    def _end(self, _: str) -> None:
        self._open.pop()
        if self._uses is not None and len(self._open) == 3:
            for use in self._text.replace(",", " ").split():
                self._uses.setdefault(use.casefold(), self._parser.CurrentLineNumber)
            self._uses = None


def _terms(page: Page) -> list[Terms]:
    text = published.text_of(page, _WHAT)
    if "<!doctype" in text.casefold():
        line = text.casefold().partition("<!doctype")[0].count("\n") + 1
        raise Unsaid(f"{page.path} has a DOCTYPE, and no XML with one is read", line)
    terms = _Reader(page.path).read(text)
    if not terms:
        raise Unsaid(f"{page.path} licenses nothing: it has no content", 1)
    return terms


def _of_licence(page: Page, terms: Sequence[Terms], options: Mapping[str, object]) -> Iterator[Reading]:
    """A licence is a signal when it prohibits something; one that permits training and prohibits nothing is none.

    Whether one that only permits other uses, or permits them for a payment, thereby closes the rest is for a person to read.
    """
    yield page.layer()
    if not any(one.prohibits for one in terms):
        _refuse_limits(page, terms)
        if narrow := next((one for one in terms if one.permits and _TRAINING.isdisjoint(one.permits)), None):
            named = ", ".join(narrow.permits)[:100]
            why = f"permits {named} and prohibits nothing by name; whether that refuses the rest, a person must read"
            raise Unsaid(f"{page.path} {why}", narrow.line)
        yield page.reading(("status",), "planned", terms[0].line, "no licence in this file prohibits a use")
        return
    refused = [_refused(page, terms, place, options) for place in published.places(options)]
    yield page.reading(
        ("status",), "deployed", min(refused), "the prohibition is published in this file; it enforces nothing"
    )


def _refuse_limits(page: Page, terms: Sequence[Terms]) -> None:
    if line := min((line for one in terms for line in one.limits), default=0):
        why = "gives leave for a payment, by a server, or to some only; whether that refuses the rest, a person must read"
        raise Unsaid(f"{page.path} {why}", line)


def _refused(page: Page, terms: Sequence[Terms], place: Place, options: Mapping[str, object]) -> int:
    """The line at which a use of crawlers is prohibited for a place, by the closest content; Unsaid where none is."""
    fitting = [one for one in terms if (path := published.path_of(one.url)) and Pattern(path).fits(place.sample)]
    closest = max((_length(one) for one in fitting), default=0)
    for one in fitting:
        lines = [line for use, line in one.prohibits.items() if use in _CRAWLING]
        if lines and _length(one) == closest:
            published.refuse_host(options, one.url, f"the content on line {one.line} of {page.path}", one.line)
            return min(lines)
    shown = "the whole site" if place.shown == published.WHOLE else place.shown
    raise Unsaid(f"{page.path} prohibits no use of crawlers for {shown[:120]}", terms[0].line)


def _length(one: Terms) -> int:
    return Pattern(published.path_of(one.url)).length


def _policy(page: Page, terms: Sequence[Terms]) -> Reading:
    """What AI training is allowed on the whole site; a prohibition goes before a permission."""
    whole = [one for one in terms if one.is_site]
    refused = [line for one in whole for use, line in one.prohibits.items() if use in _TRAINING]
    granted = [line for one in whole for use, line in one.permits.items() if use in _TRAINING]
    parts = [line for one in terms if one not in whole for use, line in one.prohibits.items() if use in _TRAINING]
    path = ("ai_agents_policy",)
    if refused:
        return page.reading(path, "refused", refused[0], f"training is prohibited on the whole site; {_YOUNG}", soft=True)
    if parts:
        return page.reading(
            path, "partly_refused", parts[0], f"training is prohibited on parts of the site; {_YOUNG}", soft=True
        )
    if granted:
        _refuse_limits(page, whole)
        return page.reading(path, "allowed", granted[0], f"training is permitted on the whole site; {_YOUNG}", soft=True)
    raise Unsaid(f"{page.path} neither prohibits nor permits AI training on the site")


def discover(opener: Opener, path: str) -> tuple[Discovered, ...]:
    """The control that a licence, or a link to one, lets a manifest declare; () when it is neither."""
    try:
        page = published.opened(opener, path, CAP)
        found = {reading.path: reading for reading in _readings(page, {}, {"family": "crawler_signal"})}
    except (ArtefactError, Unsaid):
        return ()
    status = found["status",]
    item = {"id": "rsl-licence", "family": "crawler_signal", "layer": "legal", "status": status.value}
    evidence = {"evidence": [{"kind": "rsl", "path": page.path}]}
    questions = (
        ("owner", "Who inside the organisation answers for it?"),
        ("surfaces", "Which surfaces does this site serve?"),
    )
    return (Discovered("controls", {**item, **evidence}, page.path, status.line, status.note, questions),)
