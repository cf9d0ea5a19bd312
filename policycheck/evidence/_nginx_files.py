"""nginx configuration as directives: files and their includes are read, nothing is judged.

The words are those of nginx's own reader (src/core/ngx_conf_file.c): a directive is words up to `;` or a block.
Includes are resolved here and not by the parser, so that nothing outside the root is opened.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from policycheck.errors import ArtefactError
from policycheck.model import Artefact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policycheck.opener import Opener

#: Bytes in one file, and in a configuration with all it includes.
FILE_CAP, TOTAL_CAP = 1024 * 1024, 2 * 1024 * 1024
#: Includes and files of one configuration together, and its levels of blocks and includes.
COUNT_CAP, DEPTH_CAP = 200, 32

#: Blocks whose content is configuration; others (map, geo, upstream, types ...) hold data.
_FOLLOWED = frozenset({"http", "server", "location", "if"})
#: Files that come with nginx and hold types or parameters: an include of one kept elsewhere changes no limit.
_SHIPPED = frozenset({"mime.types", "fastcgi.conf", "fastcgi_params", "proxy_params", "scgi_params", "uwsgi_params"})
_TEMPLATE = re.compile(r"\{\{|\{%|<%|%\{|\$\{(?![a-z0-9_]+\})")
_COMMENT_LINES = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
_DIRECTIVE = re.compile(r"[a-z_][a-z0-9_]*")
_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive: its words, the file and line it begins at, and, for a block, what is in it."""

    name: str
    args: tuple[str, ...]
    file: str
    line: int
    block: tuple[Directive, ...] | None = None

    def unsaid(self, reason: str) -> Unsaid:
        """The error to raise when this directive is why nothing can be said."""
        return Unsaid(reason, self.file, self.line)


class Unsaid(Exception):
    """Nothing can be said; where the reason stands, when a line is known."""

    def __init__(self, reason: str, file: str = "", line: int = 0) -> None:
        super().__init__(reason)
        self.file = file
        self.line = line


class Files:
    """Reads a configuration and what it includes. As in nginx, includes start at the main file's folder."""

    def __init__(self, opener: Opener, folder: str) -> None:
        self._opener = opener
        self._folder = folder
        self._artefacts: dict[str, Artefact] = {}
        self._entries: dict[int, tuple[Directive, ...]] = {}
        self._bytes = 0
        self._count = 0

    @property
    def seen(self) -> tuple[Artefact, ...]:
        """Every file opened so far, by path."""
        return tuple(self._artefacts[path] for path in sorted(self._artefacts))

    def statements(self, path: str, trail: tuple[str, ...] = (), depth: int = 0) -> tuple[Directive, ...]:
        """The directives of a file, includes filled in; `trail` is the files that led here.

        An included file may be empty; a configuration that is says nothing, which is not agreement.
        """
        directives = _parsed(self._text(path), path)
        if not directives and not trail:
            raise Unsaid(f"{path} is empty: it holds no directives", path)
        return tuple(self._expanded(directives, (*trail, path), depth))

    def entries(self, block: Directive) -> tuple[Directive, ...]:
        """The lines of a block of data (map, geo), those of the files that it includes in their place."""
        if id(block) not in self._entries:
            found: list[Directive] = []
            for item in block.block or ():
                found += self._data(item) if item.name == "include" else [item]
            self._entries[id(block)] = tuple(found)
        return self._entries[id(block)]

    def _data(self, include: Directive) -> list[Directive]:
        found: list[Directive] = []
        for path in self._targets(include):
            try:
                found += _parsed(self._text(path), path)
            except ArtefactError as error:
                raise include.unsaid(f"an include cannot be read: {error}") from None
        if any(item.name == "include" or item.block is not None for item in found):
            raise include.unsaid("a file of map or geo entries includes further files or holds blocks")
        return found

    def _text(self, path: str) -> str:
        opened = self._opener.read(path, cap=FILE_CAP)
        self._artefacts[opened.path] = Artefact(opened.path, opened.size, opened.sha256)
        self._spend(opened.size)
        return _decoded(opened.data, path)

    def _spend(self, size: int) -> None:
        """Count one more file or include against the caps: even includes that fit no file cost a listing."""
        self._bytes += size
        self._count += 1
        if self._bytes > TOTAL_CAP or self._count > COUNT_CAP:
            raise Unsaid("the configuration with all it includes is beyond the cap on files or bytes")

    def _expanded(self, directives: Iterable[Directive], trail: tuple[str, ...], depth: int) -> Iterator[Directive]:
        for directive in directives:
            _refuse_odd(directive, depth)
            if directive.name == "include":
                yield from self._included(directive, trail, depth + 1)
            elif directive.block is not None and directive.name in _FOLLOWED:
                yield replace(directive, block=tuple(self._expanded(directive.block, trail, depth + 1)))
            else:
                yield directive

    def _included(self, directive: Directive, trail: tuple[str, ...], depth: int) -> Iterator[Directive]:
        for path in self._targets(directive):
            if path in trail:
                raise directive.unsaid(f"{path} includes itself")
            try:
                yield from self.statements(path, trail, depth)
            except ArtefactError as error:
                raise directive.unsaid(f"an include cannot be read: {error}") from None

    def _targets(self, directive: Directive) -> tuple[str, ...]:
        """The files an include means. A pattern may fit none (nginx allows it); a plain name must exist."""
        self._spend(0)
        target = " ".join(directive.args)
        is_shipped = posixpath.basename(target) in _SHIPPED
        if target.startswith("/") and is_shipped:
            return ()
        try:
            found = self._opener.matching(self._opener.relative(self._folder, target))
        except ArtefactError as error:
            raise directive.unsaid(f"an include cannot be read: {error}") from None
        if not found and not is_shipped and not _GLOB.search(target):
            hint = "it is looked for from the folder of the named file, as nginx does from its main one; name that"
            raise directive.unsaid(f"an include does not exist: {target}; {hint}")
        return found


def _refuse_odd(directive: Directive, depth: int) -> None:
    """Refuse words that nginx would not take for a directive, and nesting beyond the cap."""
    if not _DIRECTIVE.fullmatch(directive.name):
        raise directive.unsaid("not an nginx directive (a template, or not a configuration)")
    if depth > DEPTH_CAP:
        raise directive.unsaid(f"blocks or includes are nested deeper than {DEPTH_CAP}")


def _decoded(data: bytes, path: str) -> str:
    """The text of a configuration. nginx reads bytes, so text that is not UTF-8 is no error; a NUL is."""
    if b"\0" in data:
        raise Unsaid(f"{path} is binary, not a configuration", path)
    text = data.decode("utf-8", errors="replace").replace("\r\n", "\n")
    match = _TEMPLATE.search(_COMMENT_LINES.sub("", text))
    if match:
        line = _COMMENT_LINES.sub("", text).count("\n", 0, match.start()) + 1
        raise Unsaid(f"{path} is a template; name the file that it is rendered to", path, line)
    return text


def _parsed(text: str, path: str) -> tuple[Directive, ...]:
    tree = _Tree(path)
    for word, line, is_quoted in _words(text, path):
        tree.take(word, line, is_quoted=is_quoted)
    return tree.finished()


def _words(text: str, path: str) -> Iterator[tuple[str, int, bool]]:
    """The words of a configuration as (text, line, quoted); braces and semicolons are words of their own.

    crossplane's parser opens files by itself, so only its lexer is used, on text that was opened here. The
    newline keeps it from dropping a last word that nothing ends.
    """
    from crossplane.errors import NgxParserBaseException  # type: ignore[import-untyped]
    from crossplane.lexer import _balance_braces, _lex_file_object  # type: ignore[import-untyped]

    try:
        yield from _balance_braces(_lex_file_object([text + "\n"]), path)
    except NgxParserBaseException as error:
        raise Unsaid(f"{path} cannot be parsed: {error.strerror}", path, error.lineno or 0) from None


class _Tree:
    """Builds directives from words without recursion: hostile nesting costs an error and not the stack."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._levels: list[list[Directive]] = [[]]
        self._openers: list[Directive] = []
        self._pending: list[str] = []
        self._line = 0

    def take(self, word: str, line: int, *, is_quoted: bool) -> None:
        """The next word. Raises Unsaid where no configuration goes on like this."""
        if not is_quoted and word.startswith("#"):
            return
        if is_quoted or word not in ("{", "}", ";"):
            self._line = self._line if self._pending else line
            self._pending.append(word)
        elif word == "}":
            self._close(line)
        else:
            self._end(word, line)

    def finished(self) -> tuple[Directive, ...]:
        """The directives of the file, once its last one has ended."""
        if self._pending or self._openers:
            raise Unsaid(f"{self._path} ends inside a directive", self._path, self._line)
        return tuple(self._levels[0])

    def _end(self, word: str, line: int) -> None:
        if not self._pending:
            raise Unsaid(f'{self._path} cannot be parsed: unexpected "{word}"', self._path, line)
        directive = Directive(self._pending[0], tuple(self._pending[1:]), self._path, self._line)
        self._pending = []
        if word == ";":
            self._levels[-1].append(directive)
            return
        if len(self._openers) >= DEPTH_CAP:
            raise Unsaid(f"blocks are nested deeper than {DEPTH_CAP}", self._path, line)
        self._openers.append(directive)
        self._levels.append([])

    def _close(self, line: int) -> None:
        if self._pending or not self._openers:
            raise Unsaid(f'{self._path} cannot be parsed: unexpected "}}"', self._path, line)
        block = tuple(self._levels.pop())
        self._levels[-1].append(replace(self._openers.pop(), block=block))
