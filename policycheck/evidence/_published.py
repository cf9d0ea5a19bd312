"""Text files that a site publishes for machines: opened, refused when they are something else, and what they share.

A server that has no such file often answers with a page, and pages get saved: what is HTML, JSON, UTF-16 or a template
under the right name says nothing. A published signal asks; it enforces nothing, so its layer is always legal.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from policycheck.errors import ArtefactError
from policycheck.model import Account, Artefact, Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

    from policycheck.opener import Opener

#: Line ends of RFC 9309 and RFC 9116, and nothing else that Python would break a line at.
_LINE_END = re.compile(r"\r\n|\r|\n")
_TEMPLATE = re.compile(
    r"\{\{|\{%|<%|\$\{|<\?php|%\(\w{1,40}\)s|[\[<](?:your|insert|enter|replace)[^\]>\n]{0,60}[\]>]", re.IGNORECASE
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BOM = "\ufeff"
_HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")
_VARYING = re.compile(r"\*|\{[^{}/]*\}|<[^<>/]*>|(?<=/):[A-Za-z_]\w*")
#: What stands for the varying part of an address when a pattern is tried on it; no real pattern means to name it.
SAMPLE = "policycheck-sample"
WHOLE = "/*"
#: The most addresses of surfaces and the longest of them that are tried.
PLACES, LENGTH = 200, 2000
LAYER = "a signal asks and enforces nothing; crawler signals are a legal layer (CJS24 para 11, 17)"


class Unsaid(Exception):
    """Nothing can be said; the line where the reason stands, when there is one."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.line = line


class Place(NamedTuple):
    """A path of the site: as declared, as it is tried, and what of it is certain; `varies` when it means many."""

    shown: str
    sample: str
    prefix: str
    varies: bool


class Page(NamedTuple):
    """A file as it was opened: where, its bytes, and the ledger entry of it."""

    path: str
    data: bytes
    artefact: Artefact

    def reading(self, path: tuple[str, ...], value: object, line: int, note: str = "", *, soft: bool = False) -> Reading:
        """A value read at a line of this file."""
        return Reading(path, value, self.path, max(line, 1), 1, note, soft)

    def layer(self, *, soft: bool = False) -> Reading:
        """What every control is made of that only publishes a signal."""
        return self.reading(("layer",), "legal", 1, LAYER, soft=soft)


def opened(opener: Opener, path: str, cap: int) -> Page:
    """The file at a path from the root; ArtefactError when it cannot be had."""
    found = opener.read(path, cap=cap)
    return Page(found.path, found.data, Artefact(found.path, found.size, found.sha256))


def heard(opener: Opener, path: str, cap: int, read: Callable[[Page], Account]) -> Account:
    """What `read` says of the page at a path; where nothing can be said, the reason and its line.

    A page that could be opened is in the ledger always.
    """
    try:
        page = opened(opener, path, cap)
    except ArtefactError as error:
        return Account(unreadable=str(error), unreadable_at=(path, 0))
    try:
        said = read(page)
    except Unsaid as unsaid:
        return Account((), (page.artefact,), str(unsaid), unreadable_at=(page.path, unsaid.line))
    return said._replace(artefacts=(page.artefact,))


def text_of(page: Page, what: str, *, strict: bool = True) -> str:
    """The text of a page that should be `what`; Unsaid when it is blank, binary, or plainly something else.

    Without `strict` bytes that are not UTF-8 become U+FFFD, for the caller to leave out the lines that hold them.
    """
    if page.data[:2] in _UTF16:
        raise Unsaid(f"{page.path} is UTF-16; {what} has to be UTF-8", 1)
    if b"\0" in page.data:
        raise Unsaid(f"{page.path} is binary, not {what}")
    try:
        text = page.data.decode("utf-8", "strict" if strict else "replace").removeprefix(_BOM)
    except UnicodeDecodeError as error:
        raise Unsaid(f"{page.path} is not UTF-8", page.data.count(b"\n", 0, error.start) + 1) from None
    if not text.strip():
        raise Unsaid(f"{page.path} is empty")
    return text


def refuse_others(page: Page, text: str, what: str) -> None:
    """Refuse HTML, XML, JSON and templates saved under the name of `what`."""
    start = text.lstrip()
    if start.startswith("<"):
        raise Unsaid(f"{page.path} is HTML or XML, not {what} (an error page that was saved?)", 1)
    if start.startswith(("{", "[")) and not start.startswith(("{{", "{%")):
        raise Unsaid(f"{page.path} is JSON, not {what}", 1)
    if start.partition("\n")[0].strip() == "---":
        raise Unsaid(f"{page.path} begins with front matter; name the file that it is rendered to", 1)
    for number, line in enumerate(lines_of(text), 1):
        if not line.lstrip().startswith("#") and _TEMPLATE.search(line):
            raise Unsaid(f"{page.path} is a template; name the file that it is rendered to", number)


def lines_of(text: str) -> list[str]:
    """The lines of a text, ended by CR, LF or both; the first has number 1."""
    return _LINE_END.split(text)


# --- where on the site ---


def places(options: Mapping[str, object]) -> tuple[Place, ...]:
    """The paths that the surfaces of a control stand at; the whole site when none is known.

    These files hold for one host: surfaces on several need `server` to say which of them is meant.
    """
    urls = options.get("urls")
    named = [url for url in (urls if isinstance(urls, list) else []) if isinstance(url, str)]
    wanted = str(options.get("server") or "").strip().casefold()
    hosts = {host for url in named if (host := _host(url))}
    if len(hosts) > 1 and not wanted:
        raise Unsaid(
            f"the surfaces stand on several hosts and the file holds for one; name it with server: {_listed(hosts)}"
        )
    if wanted and hosts and wanted not in hosts:
        raise Unsaid(f"no surface of the control stands on server {wanted}; they stand on {_listed(hosts)}")
    kept = [url for url in named if not wanted or _host(url) in ("", wanted)]
    found = dict.fromkeys(path for url in kept if (path := path_of(url)))
    if len(found) > PLACES or any(len(path) > LENGTH for path in found):
        raise Unsaid("the control has more surfaces, or longer addresses, than are tried on one file")
    return tuple(place(path) for path in found) or (place(WHOLE),)


def refuse_host(options: Mapping[str, object], url: str, what: str, line: int = 0) -> None:
    """What names a host says nothing of surfaces that stand on others; an address without a host is not compared."""
    urls = options.get("urls")
    hosts = {host for one in (urls if isinstance(urls, list) else []) if isinstance(one, str) and (host := _host(one))}
    wanted = str(options.get("server") or "").strip().casefold()
    hosts = {wanted} if wanted else hosts
    if (host := _host(url)) and hosts and host not in hosts:
        raise Unsaid(f"{what} is for the host {host[:80]}, not {_listed(hosts)}", line)


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names))[:200]


def _host(url: str) -> str:
    match = _HOST.match(url.strip().split()[-1]) if url.strip() else None
    return match[1].casefold() if match else ""


def path_of(url: str) -> str:
    """The path and query of an address as it is declared: `https://host/a/*`, `/a/*` or `GET /a/{id}`; else empty."""
    last = url.strip().split()[-1] if url.strip() else ""
    bare = _HOST.sub("", last, count=1)
    tail = bare.partition("#")[0] or ("/" if bare != last else "")
    return tail if tail.startswith("/") else f"/{tail}" if tail.startswith("?") else ""


def place(path: str) -> Place:
    """A declared path, `*` and `{names}` for what varies in it."""
    first = _VARYING.search(path)
    prefix = normalised(path[: first.start()] if first else path).replace("$", "%24")
    sample = normalised(_VARYING.sub(SAMPLE, path)).replace("$", "%24")
    return Place(path, sample, prefix, first is not None)


# --- paths, compared as RFC 9309 section 2.2.2 says ---

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_DELIMITER = re.compile(r"[:/?#\[\]@]")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def normalised(path: str) -> str:
    """A path in the one form in which octets are compared: what must be percent-encoded is, what need not be is not."""
    path = _FOREIGN.sub(lambda match: "".join(f"%{octet:02X}" for octet in match[0].encode("utf-8", "replace")), path)
    path = _ESCAPE.sub(_unescaped, path)
    before, mark, query = path.partition("?")
    return before + mark + _DELIMITER.sub(lambda match: f"%{ord(match[0]):02X}", query)


def _unescaped(match: re.Match[str]) -> str:
    octet = chr(int(match[1], 16))
    return octet if octet in _UNRESERVED else f"%{match[1].upper()}"


class Pattern:
    """A path pattern with `*` for anything and a last `$` for the end; it fits what begins so (RFC 9309 section 2.2.3)."""

    __slots__ = ("_is_anchored", "_parts", "length")

    def __init__(self, text: str) -> None:
        text = normalised(text)
        #: How specific it is: in octets, as written.
        self.length = len(text)
        self._is_anchored = text.endswith("$")
        text = text[:-1] if self._is_anchored else text
        self._parts = re.sub(r"\*+", "*", text.replace("$", "%24")).split("*")

    def fits(self, path: str) -> bool:
        """Whether it fits a path. Each part is looked for once, left to right: linear, however many stars there are."""
        head, *rest = self._parts
        if not path.startswith(head):
            return False
        if not rest:
            return not self._is_anchored or path == head
        at = len(head)
        for part in rest[:-1]:
            found = path.find(part, at)
            if found < 0:
                return False
            at = found + len(part)
        last = rest[-1]
        return len(path) - len(last) >= at and path.endswith(last) if self._is_anchored else path.find(last, at) >= 0

    @property
    def is_anywhere(self) -> bool:
        """Whether it begins with a star, so that it holds wherever a path stands."""
        return not self._parts[0].strip("/") and len(self._parts) > 1

    def may_fit_below(self, prefix: str) -> bool:
        """Whether it might fit some path that begins with `prefix`; what follows its first star is not looked at."""
        head = self._parts[0]
        return head.startswith(prefix) or (prefix.startswith(head) and (len(self._parts) > 1 or not self._is_anchored))


# --- what their verifiers have in common ---


def is_control(subject: Mapping[str, object]) -> bool:
    """Whether a subject is a control: nothing else has a family."""
    return "family" in subject


def params(subject: Mapping[str, object]) -> Mapping[str, Any]:
    """The settings of a control; none when they are blank."""
    found = subject.get("params")
    return found if isinstance(found, dict) else {}


def words(value: object) -> list[str]:
    """The texts of a list; none when it is blank or no list."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def refuse_other_family(subject: Mapping[str, object], kind: str) -> None:
    """A published signal backs controls of the two families of signals, and no other."""
    family = subject.get("family")
    if family not in (None, "", "robots", "crawler_signal"):
        raise Unsaid(f"{kind} evidence is read for controls of the families robots and crawler_signal, not {family}")


def standards(
    page: Page, subject: Mapping[str, object], shown: Mapping[str, int], denied: Mapping[str, str]
) -> list[Reading]:
    """What the declared `standards` become: `shown` ones stay (by line), `denied` ones go (with why).

    Standards that this file cannot show stay too, and then agreement is for a person to complete.
    """
    declared = words(params(subject).get("standards"))
    settled = [word for word in declared if word in shown or word in denied]
    if not settled:
        return []
    gone = [word for word in declared if word in denied]
    others = [word for word in declared if word not in settled]
    kept = [word for word in declared if word not in gone]
    line = next((shown[word] for word in declared if word in shown), 1)
    note = "; ".join(denied[word] for word in gone) or f"{', '.join(settled)}: published in {page.path}"
    note += f"; not shown by this file: {', '.join(others)}" if others else ""
    return [page.reading(("params", "standards"), kept, line, note, soft=bool(others) and not gone)]


def of_one_among(readings: Sequence[Reading], subject: Mapping[str, object], own: Container[str]) -> tuple[Reading, ...]:
    """Readings of an artefact that shows the standards in `own` and no other.

    Where a control tells crawlers in other ways too, what is not published here leaves those in force: the standard is
    denied, not the status of the whole control.
    """
    others = [word for word in words(params(subject).get("standards")) if word not in own]
    status = next((r for r in readings if r.path == ("status",) and r.value == "planned"), None)
    if status is None or not others:
        return tuple(readings)
    kept = (r for r in readings if r.path not in (("status",), ("params", "standards")))
    return (*kept, status._replace(path=("params", "standards"), value=others))


def reference(page: Page, subject: Mapping[str, object], key: str, options: Mapping[str, object]) -> list[Reading]:
    """A declared `…_ref` that names this very file is so; an address that ends as the file does is for a person."""
    declared = subject.get(key)
    if not isinstance(declared, str) or not declared.strip():
        return []
    bare = declared.partition("#")[0].strip().removeprefix("./")
    written = str(options.get("path") or "").removeprefix("./")
    if bare in (written, page.path):
        return [page.reading((key,), declared, 1, f"{page.path} is there and was read")]
    name = page.path.rpartition("/")[2].casefold()
    if _HOST.match(bare) and bare.casefold().endswith(f"/{name}"):
        note = f"the file is {page.path}; whether it is what stands at that address is for a person to say"
        return [page.reading((key,), declared, 1, note, soft=True)]
    return []


def first_line(found: Sequence[int]) -> int:
    """The first of some lines; 1 when there is none."""
    return min(found, default=1)
