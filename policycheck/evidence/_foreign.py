"""Configuration of others, written as YAML or JSON: read through the opener, with the place of every value.

Several verifiers read such files; what they share is here: the error that says why nothing can be said, the ledger of
what was opened, templates that have to be rendered first, and values that are only taken when they are what they must be.
"""

from __future__ import annotations

import ipaddress
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from policycheck import document
from policycheck.document import parse_foreign
from policycheck.errors import ArtefactError
from policycheck.model import Account, Artefact, Discovered, Reading

if TYPE_CHECKING:
    from policycheck.document import Document
    from policycheck.opener import Opened, Opener

#: The largest file of configuration read, in bytes, and the most that is offered of one file.
CAP, MOST = 1024 * 1024, 50

_TEMPLATE = re.compile(r"\{\{|\{%|<%|\$\{[A-Z_][A-Z0-9_]*[}:]|\$\{(?:var|local|env)\.")
_COMMENT_LINES = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
_NAMED = 500
_URL = re.compile(r"(?:[a-zA-Z][a-zA-Z0-9+.-]*://([^/?#]*))?(.*)", re.DOTALL)


class Unsaid(Exception):
    """Nothing can be said; where the reason stands, when a line is known."""

    def __init__(self, reason: str, file: str = "", line: int = 0) -> None:
        super().__init__(reason)
        self.file = file
        self.line = line


class At(NamedTuple):
    """A place in a document: the value of `container[key]`, or the container itself."""

    document: Document
    container: Any
    key: Any = None

    def place(self) -> tuple[str, int, int]:
        """File, line and column; of the key where the value has none of its own."""
        found = self.document.locate_key(self.container, self.key)
        return (found.path, found.line, found.column) if found else ("", 1, 1)

    def reading(self, path: str, value: object, note: str, *, soft: bool = False) -> Reading:
        """A value read here; `path` has dots between its steps."""
        return Reading(tuple(path.split(".")), value, *self.place(), note, soft)

    def unsaid(self, reason: str) -> Unsaid:
        """The error to raise when this place is why nothing can be said."""
        file, line, _ = self.place()
        return Unsaid(reason, file, line)

    def below(self, key: Any) -> At:
        """The place of a member of the value here."""
        value = self.container if self.key is None else self.container[self.key]
        return At(self.document, value, key)


class Files:
    """What one account opens, by path; every file is in the ledger, also one that said nothing."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._artefacts: dict[str, Artefact] = {}

    @property
    def seen(self) -> tuple[Artefact, ...]:
        """Every file opened so far, by path."""
        return tuple(self._artefacts[path] for path in sorted(self._artefacts))

    def opened(self, path: str) -> Opened:
        """The bytes of a file."""
        opened = self._opener.read(path, cap=CAP)
        self._artefacts[opened.path] = Artefact(opened.path, opened.size, opened.sha256)
        return opened

    def documents(self, path: str) -> list[Document]:
        """The documents of a YAML stream or JSON text that hold a mapping. Raises Unsaid where there is none."""
        return parsed(self.opened(path))

    def beside(self, path: str, options: Mapping[str, object], name: str) -> str:
        """The path from the root of a further file that `options` name, written as the entry's own path is."""
        written, entry = option(options, name), text(options.get("path")) or posixpath.basename(path)
        if not written:
            return ""
        if written.startswith("/"):
            raise Unsaid(f"the option {name} is an absolute path; write it as the path of the entry is written", path)
        below = "/" + "d/" * 64
        hop = posixpath.relpath(below + written, posixpath.dirname(below + entry))
        return self._opener.relative(posixpath.dirname(path), hop)


def heard(opener: Opener, path: str, read: Callable[[Files], Iterable[Reading]]) -> Account:
    """The account of what `read` finds, or of why it finds nothing."""
    files = Files(opener)
    try:
        readings = tuple(read(files))
    except ArtefactError as error:
        return Account((), files.seen, str(error), unreadable_at=(path, 0))
    except Unsaid as unsaid:
        return Account((), files.seen, str(unsaid), unreadable_at=(unsaid.file or path, unsaid.line))
    return Account(readings, files.seen)


def spoken(read: Callable[[], Iterable[Reading]]) -> tuple[Reading, ...]:
    """What `read` finds; nothing where it cannot be read."""
    try:
        return tuple(read())
    except Unsaid:
        return ()


def discovered(
    opener: Opener, path: str, find: Callable[[Files], Iterable[Discovered]], words: tuple[bytes, ...] = ()
) -> tuple[Discovered, ...]:
    """What `find` finds; where the file cannot be read, why, if it holds one of `words`: else it is of another kind."""
    try:
        return tuple(islice(find(Files(opener)), MOST))
    except ArtefactError:
        return ()
    except Unsaid as unsaid:
        if unsaid.file not in ("", path) or not any(word in opener.read(path).data for word in words):
            return ()
        return (Discovered("", {}, path, unsaid.line, str(unsaid)),)


def parsed(opened: Opened) -> list[Document]:
    """The mappings of a stream. A template that is no YAML is called a template, not bad YAML."""
    if not opened.data.strip(b" \t\r\n\xef\xbb\xbf"):
        raise Unsaid(f"{opened.path} is empty", opened.path)
    documents, problems = parse_foreign(opened.data, opened.path)
    if problems:
        line = template_line(opened.data.decode("utf-8", "replace"))
        if line:
            raise Unsaid(f"{opened.path} is a template; render it first and name the result", opened.path, line)
        raise Unsaid(f"{opened.path} {problems[0].message}", opened.path, problems[0].line)
    documents = [document for document in documents if isinstance(document.data, dict)]
    if not documents:
        raise Unsaid(f"{opened.path} holds no mapping: it is no configuration", opened.path)
    return documents


def template_line(content: str) -> int:
    """The first line outside comments that a template engine would fill in; 0 when there is none."""
    content = _COMMENT_LINES.sub("", content.replace("\r\n", "\n"))
    match = _TEMPLATE.search(content)
    return content.count("\n", 0, match.start()) + 1 if match else 0


def is_template(value: object) -> bool:
    """Whether a value is text that a template engine would fill in."""
    return isinstance(value, str) and _TEMPLATE.search(value) is not None


def refuse_templates(document: Document, value: Any) -> None:
    """Refuse a subtree with a value or key that a template engine would fill in; long texts are programs, not settings."""
    pending: list[Any] = [value]
    while pending:
        container = pending.pop()
        for key, inner in list(container.items() if isinstance(container, dict) else enumerate(container)):
            if isinstance(inner, (dict, list)):
                pending.append(inner)
            if is_template(key) or (is_template(inner) and "\n" not in inner):
                raise At(document, container, key).unsaid("a value is still a template; render it first and name the result")


def containers(value: Any) -> Iterator[dict[Any, Any]]:
    """Every mapping in a value, itself too, in the order in which they are written."""
    pending: list[Any] = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, dict):
            yield current
        inner = list(current.values()) if isinstance(current, dict) else current
        pending.extend(item for item in reversed(inner) if isinstance(item, (dict, list)))


def mapping(value: object) -> dict[str, Any]:
    """The value when it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def listing(value: object) -> list[Any]:
    """The value when it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """The value when it is text, without white space around it."""
    return value.strip() if isinstance(value, str) else ""


def whole(value: object) -> int | None:
    """A whole number, from a number or from its digits as text; None for anything else."""
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,12}", value.strip()):
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**12:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def option(options: Mapping[str, object], name: str) -> str:
    """One of the evidence entry's own properties, or of its further `options`; empty when it is not given."""
    further = options.get("options")
    return text(options.get(name)) or (text(further.get(name)) if isinstance(further, Mapping) else "")


def named(names: Iterable[str]) -> str:
    """Names in a sentence, each once, cut where it would get too long."""
    return ", ".join(dict.fromkeys(name for name in names if name))[:_NAMED] or "none"


def is_control(subject: Mapping[str, object]) -> bool:
    """Whether a declared subject is a control: these say what they do, other subjects have no family and no params."""
    return "family" in subject or "params" in subject or "id" not in subject


def refuse_other_family(kind: str, subject: Mapping[str, object], known: tuple[str, ...]) -> str:
    """The family of a control; Unsaid for one that this kind of evidence says nothing about."""
    family = str(subject.get("family") or "rate_limit")
    if family not in known:
        raise Unsaid(f"{kind} evidence is read for controls of the families {', '.join(known)}, not {family}")
    return family


def doubted(readings: Iterable[Reading], why: str) -> Iterator[Reading]:
    """What is read of something that some requests pass by, which is then for a person to weigh, its numbers too."""
    for reading in readings:
        is_doubted = bool(why) and reading.value not in ("planned", "observing")
        yield reading._replace(soft=True, note=f"{reading.note}; {why}") if is_doubted else reading


# --- addresses ---


class Address(NamedTuple):
    """An address of a declared surface: its host (empty where it has none) and the literal beginning of its path.

    It `is_whole` where that beginning is all there is of the path.
    """

    host: str
    path: str
    is_whole: bool = True

    def __str__(self) -> str:
        return f"{self.host}{self.path}"


class Taken(NamedTuple):
    """What an artefact's rule takes: some hosts (none: all) and the paths below a prefix, or perhaps only some of these.

    One that `is_exact` takes the prefix alone and nothing below it; one that `is_textual` takes all that begins so, within
    a name too: `/prod` takes `/products`. A star that `is_label` stands for one label of a host and no more.
    """

    hosts: tuple[str, ...]
    prefix: str
    is_sure: bool = True
    is_exact: bool = False
    is_textual: bool = False
    is_label: bool = False

    def host(self, address: Address) -> int | None:
        """How closely it names the host of an address; None where it does not (`host_fit`)."""
        hosts = self.hosts
        if self.is_label and address.host:
            hosts = tuple(host for host in hosts if "*." not in host or host.count(".") == address.host.count("."))
        return None if self.hosts and not hosts else host_fit(address.host, hosts)

    def weight(self, address: Address) -> tuple[int, int] | None:
        """How closely it fits an address, the host before the path; None where it does not."""
        host = self.host(address)
        if self.is_exact:
            fits = address.is_whole and (address.path or "/") == self.prefix
            return (host, len(self.prefix) + 1) if host is not None and fits else None
        prefix, path = _plain(self.prefix), address.path or "/"
        fits = _under(path, prefix) or ((not self.is_sure or self.is_textual) and path.startswith(prefix))
        return (host, len(prefix)) if host is not None and fits else None

    def is_below(self, address: Address) -> bool:
        """Whether it takes a part of the requests to an address: what lies below, by a longer path, or some by a pattern."""
        if self.host(address) is None:
            return False
        is_longer = len(self.prefix) > len(address.path) and self.prefix.startswith(address.path)
        return (is_longer and not address.is_whole) or (not self.is_sure and self.weight(address) is not None)


def addresses_of(options: Mapping[str, object]) -> list[Address]:
    """The addresses of the surfaces that a control names: host, and `/products/` of `/products/*`."""
    urls = options.get("urls")
    found = []
    for url in urls if isinstance(urls, list) else []:
        words = str(url).split()
        match = _URL.fullmatch(words[-1]) if words else None
        if match and (match[1] is not None or match[2].startswith("/")):
            path = re.split(r"[*{:<?#]", match[2], maxsplit=1)[0]
            is_whole = match[2][len(path) : len(path) + 1] in ("", "?", "#")
            found.append(Address(_host(match[1] or ""), path, is_whole))
    return found


def paths_of(options: Mapping[str, object]) -> list[str]:
    """The literal beginnings of the paths of the surfaces that a control names."""
    return [address.path for address in addresses_of(options) if address.path]


def with_url(options: Mapping[str, object], subject: Mapping[str, object]) -> dict[str, object]:
    """The options of an entry of a surface, whose address is its own."""
    return {**options, "urls": [subject["url"]]} if isinstance(subject.get("url"), str) else dict(options)


def _host(written: str) -> str:
    """A host without user and port, in lower case."""
    return re.sub(r":[0-9*]*$", "", written.rpartition("@")[2]).rstrip(".").lower()


def host_fit(host: str, patterns: Iterable[str], *, is_inner: bool = False) -> int | None:
    """How closely a host is named: 2 as it is, 1 by a pattern such as `*.shop.example`, 0 where all are; None if not.

    Where a surface has no host, hosts are not compared. A star may stand for a part of a name where it `is_inner`: Envoy
    knows `*-eu.shop.example` and `shop-*`.
    """
    written = [_host(pattern) for pattern in patterns]
    if not written or not host:
        return 0
    return max(
        (fit for pattern in written if (fit := _one_host(host, pattern, "" if is_inner else ".")) is not None), default=None
    )


def _one_host(host: str, pattern: str, dot: str) -> int | None:
    if host == pattern:
        return 2
    if pattern == "*":
        return 0
    is_longer = len(host) > len(pattern) - 1
    is_ending = pattern.startswith(f"*{dot}") and host.endswith(pattern[1:]) and is_longer
    is_start = pattern.endswith(f"{dot}*") and host.startswith(pattern[:-1]) and is_longer
    return 1 if is_ending or is_start else None


def refuse_other_hosts(at: At, label: str, hosts: Iterable[str], options: Mapping[str, object]) -> None:
    """What an artefact says for other hosts than the declared ones proves nothing."""
    patterns, declared = list(hosts), [address.host for address in addresses_of(options)]
    if declared and all(host_fit(host, patterns) is None for host in declared):
        raise at.unsaid(f"{label} is for the host {named(patterns)}, not {named(declared)}")


def closest(address: Address, places: Iterable[tuple[Any, Taken]]) -> list[Any]:
    """Of the holders of places that take an address, those that fit most closely."""
    weights = [(weight, holder) for holder, taken in places if (weight := taken.weight(address)) is not None]
    best = max((weight for weight, _ in weights), default=None)
    return [holder for weight, holder in weights if weight == best]


def below(address: Address, own: Iterable[Taken], others: Iterable[tuple[Any, Taken]]) -> Any | None:
    """The first of other holders that takes a part of the requests to an address before these do; None where none does.

    What names the host less closely is asked later, whatever its path.
    """
    host = max((weight[0] for taken in own if (weight := taken.weight(address)) is not None), default=0)
    taking = (holder for holder, taken in others if taken.is_below(address) and (taken.host(address) or 0) >= host)
    return next(taking, None)


def of_pattern(pattern: str) -> tuple[str, bool]:
    """The literal beginning of a pattern of paths, and whether the pattern takes all that begins so."""
    pattern = pattern.removeprefix("^")
    head = re.match(r"[A-Za-z0-9_/~%@,;=&!-]*", pattern)
    start = head[0] if head else ""
    return start, pattern[len(start) :] in ("", ".*", "(.*)", "(/|$)(.*)", "(/|$)", "/?(.*)")


def is_most(ranges: Iterable[str]) -> bool:
    """Whether ranges together hold so many addresses that they are everybody's, though they are written in parts."""
    fours, sixes = [], []
    for written in ranges:
        network = ipaddress.ip_network(written, strict=False)
        if isinstance(network, ipaddress.IPv4Network):
            fours.append(network)
        else:
            sixes.append(network)
    four = sum(network.num_addresses for network in ipaddress.collapse_addresses(fours))
    six = sum(network.num_addresses for network in ipaddress.collapse_addresses(sixes))
    return four >= 2**30 or six >= 2**123


def is_served(path: str, prefix: str, others: Iterable[str] = ()) -> bool:
    """Whether the longest of some path prefixes that fits a path is this one."""
    prefix = _plain(prefix)
    fits = _under(path, prefix)
    return fits and not any(len(_plain(other)) > len(prefix) and _under(path, _plain(other)) for other in others)


def _plain(prefix: str) -> str:
    return prefix.removesuffix("*").rstrip("/")


def _under(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(f"{prefix}/") or path == f"{prefix}/"


# --- discover ---


def slug(*parts: str) -> str:
    """An id of a manifest made of names: lower-case letters, digits and hyphens, at most 63."""
    return document.slug(" ".join(parts)[:200]) or "found"


def limit_control(name: str, entry: dict[str, Any], readings: Sequence[Reading]) -> Discovered:
    """A rate limit as a control of a manifest, with what was read of it."""
    status = next(reading for reading in readings if reading.path == ("status",))
    params = {reading.path[1]: reading.value for reading in readings if reading.path[0] == "params"}
    item = {
        "id": slug("limit", name), "family": "rate_limit", "layer": "technical", "status": status.value,
        "params": params, "evidence": [entry],
    }  # fmt: skip
    questions = (
        ("owner", "Who inside the organisation answers for it?"),
        ("surfaces", "Which surfaces does it protect?"),
        ("last_reviewed_on", "When was it last reviewed?"),
    )
    return Discovered("controls", item, status.file, status.line, status.note, questions)
