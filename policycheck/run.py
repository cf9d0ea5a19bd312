"""A run: manifests in, rendered parts out, one at a time. The main path of the program (design 8).

A `Worker` holds what all manifests share and turns one path into a `Part`; an engine lends something that works like
`map`; `Run` streams the parts into the formats and keeps the totals.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from policycheck import packs, redaction, report, rooms, sources
from policycheck.assess import assess
from policycheck.digest import sha256_hex
from policycheck.document import Document
from policycheck.errors import BUG, GAPS, INCOMPLETE, INVALID, NOTHING, InvalidInput, UsageError, strongest
from policycheck.manifests import v1
from policycheck.manifests.explain import schema
from policycheck.model import Artefact, Counts, Manifest, Options, Outcome, Problem, Result
from policycheck.packs import Criteria

if TYPE_CHECKING:
    from policycheck.baseline import Baseline


class Settings(NamedTuple):
    """What a worker needs to know, in a form that can be sent to another process."""

    here: Path
    options: Options
    root: Path | None = None
    rules: tuple[Path, ...] = ()
    formats: tuple[str, ...] = ()
    style: Mapping[str, Any] = {}
    baseline: Path | None = None
    #: An earlier report, as `replay.read` gives it: the first pages then say what changed since.
    previous: report.Record | None = None
    #: What was open at the ref that the run is compared with, by organization and id.
    at_ref: Mapping[str, Mapping[str, report.Record]] | None = None


class Part(NamedTuple):
    """One manifest, done: what each format prints of it, and what the totals need.

    `problems` name paths from the root, as reports do; `told` are the same from the current folder, as the terminal does.
    `place` is the manifest's path for a problem.
    """

    path: str
    organization: str
    rendered: dict[str, bytes]
    counts: Counts | None
    problems: tuple[Problem, ...]
    codes: tuple[int, ...]
    applicable: int = 0
    failures: tuple[str, ...] = ()
    result: Result | None = None
    fixed: tuple[str, ...] = ()
    told: tuple[Problem, ...] = ()
    place: str = ""
    #: The manifest's share in the report's id.
    share: str = ""
    #: The files that were read for it.
    read: tuple[str, ...] = ()


class Worker:
    """Judges and renders manifests. Made once a process."""

    def __init__(self, settings: Settings, keep: bool = False) -> None:
        self.settings, self.keep = settings, keep
        self.criteria = packs.load(settings.rules, schema(v1.SCHEMA), settings.options.criteria)
        self.known = None if settings.baseline is None else load_baseline(settings.baseline, self.criteria)
        self.header = report.header(self.criteria, settings.options)
        self.formats = {name: rooms.load("formats", name) for name in settings.formats}
        wanted = [f.detail(settings.style) for f in self.formats.values()] or [frozenset(Outcome)]
        detail = frozenset(Outcome) if settings.previous else frozenset().union(*wanted)
        self.options = settings.options._replace(detail=detail)
        self.since = since(settings.previous, self.header)

    def __call__(self, path: Path) -> Part:
        """One manifest, judged and rendered. Never raises."""
        try:
            return self._part(path)
        except Exception as error:
            # A bug of ours in one manifest must not take the reports of the others with it.
            return Part(str(path), "", {}, None, (), (BUG,), failures=(f"{path}: {bug(error)}",))

    def _part(self, path: Path) -> Part:
        here = str(self.settings.here)
        root, shown, other = named(path, self.settings.here, self.settings.root)
        manifest, problems = read(path, shown, root, self.settings.options.as_of, self.criteria)
        if manifest is None:
            told = tuple(moved(problems, other, here))
            reported = tuple(problems) if self._is_inside(root) else told
            return Part(str(path), "", {}, None, reported, (INVALID,), told=told)
        result = assess(manifest, self.criteria, self.options, self.known)
        line, fails = _Lines(manifest).line, self._fails(result)
        view = View(self.header, self.settings.style, other, here, line, self.since, fails)
        records = {name: record(result, self.criteria, self.options) for name, record in self._records().items()}
        if self.settings.style.get("redact"):
            view, records = view._replace(line=None), {name: redaction.bare(record) for name, record in records.items()}
        rendered = {name: module.part(view, records[module.RECORD]) for name, module in self.formats.items()}
        return Part(
            path=view.path(shown), organization=str(result.organization.get("id", "")), rendered=rendered,
            counts=result.counts, problems=(), codes=_codes(result), applicable=result.applicable,
            failures=tuple(f"{f.what}: {f.why}" for f in result.failures), result=result if self.keep else None,
            fixed=result.fixed, place=shown if self._is_inside(root) else view.path(shown),
            share=report.share(result),
            read=tuple(f"{root}/{a.path}" for a in (*result.inputs, *(a for w in result.ledger for a in w.artefacts))),
        )  # fmt: skip

    def _fails(self, result: Result) -> Callable[[report.Record], bool]:
        """What a view is given to say which findings fail the run."""
        if self.settings.at_ref is None:
            return itemgetter("blocks")
        from policycheck.compare import is_worse_than

        was = self.settings.at_ref.get(str(result.organization.get("id", "")), {})
        return lambda finding: finding["blocks"] and is_worse_than(was.get(finding["id"]), finding)

    def _is_inside(self, root: Path) -> bool:
        """Whether the call was made at the root or below; from above, only paths from here tell several roots apart."""
        return self.settings.here.is_relative_to(root)

    def _records(self) -> dict[str, Callable[..., report.Record]]:
        return {module.RECORD: report.RECORDS[module.RECORD] for module in self.formats.values()}


def since(previous: report.Record | None, header: report.Record) -> Callable[[report.Record], report.Record] | None:
    """What a view is given to say what changed since a report. Raises UsageError for one that is of a later date."""
    if previous is None:
        return None
    from policycheck import trend

    if previous["as_of"] > header["as_of"]:
        raise UsageError(f"--previous is as of {previous['as_of']}, after this report, which is as of {header['as_of']}")
    return lambda record: trend.since(previous, header, record)


def load_baseline(path: Path, criteria: Criteria) -> "Baseline":
    """The baseline in a file, under today's names of rules. Raises InvalidInput, also when there is none.

    A gate must not pass for want of it.
    """
    from policycheck import baseline
    from policycheck.document import parse

    try:
        document, problems = parse(path.read_bytes(), path.name)
    except OSError as error:
        raise InvalidInput([Problem(str(path), 0, 0, f"cannot be read: {error.strerror}")]) from error
    found, wrong = baseline.read(document, path.name)
    if found is None or problems:
        raise InvalidInput(problems or wrong)
    return baseline.under(criteria.renamed, found)


class _Lines:
    """The lines of a manifest's files, and of artefacts, for the formats that show them."""

    def __init__(self, manifest: Manifest) -> None:
        self._place, self._root = manifest.place, manifest.root
        self._artefacts: dict[str, list[str]] = {}

    def line(self, path: str, number: int) -> str:
        """A line (1-based), without its end; empty when there is none."""
        text: str = self._place.line(path, number)  # type: ignore[attr-defined]
        return redaction.harmless(text or self._artefact(path, number))

    def _artefact(self, path: str, number: int) -> str:
        if path not in self._artefacts:
            from policycheck.errors import ArtefactError
            from policycheck.opener import Opener

            try:
                self._artefacts[path] = Opener(self._root).read(path).data.decode("utf-8", "replace").splitlines()
            except ArtefactError:
                self._artefacts[path] = []
        lines = self._artefacts[path]
        return lines[number - 1] if 0 < number <= len(lines) else ""


def bug(error: Exception) -> str:
    """One line that tells us where we went wrong, without a traceback."""
    from traceback import extract_tb

    last = extract_tb(error.__traceback__)[-1:]
    where = f" in {last[0].name} ({Path(last[0].filename).name}:{last[0].lineno})" if last else ""
    return f"a bug of ours: {type(error).__name__}: {str(error)[:200]}{where}"


class View(NamedTuple):
    """What a format is given besides the record: the run's header, how to show a path, the manifest's lines."""

    header: report.Record
    style: Mapping[str, Any]
    root: str = ""
    here: str = ""
    line: Callable[[str, int], str] | None = None
    #: What changed in a manifest's full record since an earlier report (`trend.since`); None where none was named.
    since: Callable[[report.Record], report.Record] | None = None
    #: Whether a finding fails the run: all that blocks does, unless the run is compared with a ref.
    fails: Callable[[report.Record], bool] = itemgetter("blocks")

    def path(self, path: str) -> str:
        """A path as the terminal shows it: from the current folder."""
        return _from_here(path, self.root, self.here)


def _names(path: Path, root: Path, here: Path) -> tuple[str, str]:
    """The manifest's path from the root, and the root, when paths from the current folder are others."""
    try:
        shown = path.relative_to(root).as_posix()
    except ValueError:
        shown, root = path.name, path.parent
    return shown, "" if root == here else str(root)


@lru_cache(4096)
def _from_here(path: str, root: str, here: str) -> str:
    """A path from the root as one from the current folder; `root` is blank where the two are the same."""
    is_other = root and path and path[0] != "<"
    return os.path.relpath(os.path.join(root, path), here).replace(os.sep, "/") if is_other else path


def named(path: Path, here: Path, given: Path | None) -> tuple[Path, str, str]:
    """The root of a manifest, its name from there, and what leads from the current folder to the root."""
    if str(path) == sources.STDIN:
        root = given or here
        return root, "<stdin>", "" if root == here else str(root)
    root = sources.root_of(path, given)
    return (root, *_names(path, root, here))


def problems_of(path: Path, here: Path, given: Path | None, as_of: str) -> list[Problem]:
    """What is wrong with one manifest, paths as the terminal shows them."""
    root, shown, other = named(path, here, given)
    return moved(read(path, shown, root, as_of)[1], other, str(here))


def moved(problems: Iterable[Problem], root: str, here: str) -> list[Problem]:
    """Problems whose paths go from the root, with paths from the current folder; `root` is what `named` gave."""
    return [problem._replace(path=_from_here(problem.path, root, here)) for problem in problems]


def _codes(result: Result) -> tuple[int, ...]:
    codes = []
    if result.counts.blocking:
        codes.append(GAPS)
    if result.failures:
        codes.append(INCOMPLETE)
    if not result.applicable:
        codes.append(NOTHING)
    return tuple(codes)


def read(
    path: Path, shown: str, root: Path, as_of: str, criteria: Criteria | None = None
) -> tuple[Manifest | None, list[Problem]]:
    """Read one manifest with its fragments; every problem of every file of it, also with `criteria` that it does not fit."""
    document, problems, fragments = sources.read_manifest(path, shown, root)
    inputs = tuple(_input(d, name) for d in (document, *fragments) for name in d.names())
    if document.data is not None and not v1.is_manifest(document):
        problems = [Problem(shown, 1, 1, _not_a_manifest(document))]
    else:
        problems += _of_each_file(document, fragments, as_of, wrong=bool(problems))
    if not problems:
        problems = sources.merge(document, fragments)
    if problems:
        return None, sorted(set(problems))
    problems, future = v1.read(document, as_of)
    if criteria is not None:
        problems += _of_no_pack(document, criteria)
    if problems:
        return None, problems
    folder = shown.rpartition("/")[0]
    return Manifest(shown, document.data, document, inputs, root, folder, tuple(future)), []


def _of_each_file(document: Document, fragments: list[Document], as_of: str, *, wrong: bool) -> list[Problem]:
    """What is wrong with the files that can be read at all; `wrong` when there is one that cannot."""
    whole = [one for one in (document, *fragments) if one.data is not None]
    problems = [p for one in whole for p in v1.shape_problems(one, fragment=one is not document)]
    if wrong or problems:
        # Their values are looked at once more when all is put together: said now, nobody has to call twice.
        problems += [p for one in whole for p in v1.value_problems(one, as_of)]
    return problems


def _of_no_pack(document: Document, criteria: Criteria) -> Iterator[Problem]:
    """What is declared under `extensions` for a pack that is not there: no rule would ever look at it."""
    extensions = document.data.get("extensions") or {}
    known = [pack.id for pack in criteria.packs]
    for name in [name for name in extensions if name not in known]:
        from policycheck.language.types import suggest

        place = document.locate_key(extensions, name)
        at = (place.path, place.line, place.column) if place else (document.names()[0], 1, 1)
        hint = suggest(name, known) or "; name the pack's folder with --rules, or take it out"
        yield Problem(*at, f"extensions: no pack is called {name!r}, so nothing would look at this{hint}")


def _not_a_manifest(document: Document) -> str:
    if not document.data:
        return "is empty; a manifest starts with `policycheck: 1`"
    return "has no `policycheck: 1`; without it this is not a manifest"


def _input(document: Document, name: str) -> Artefact:
    raw = document.raw(name)
    return Artefact(name, len(raw), sha256_hex(raw))


class Run:
    """Streams manifests through an engine into sinks, and keeps the totals and the exit code."""

    def __init__(self, worker: Worker, found: sources.Found) -> None:
        self.worker, self.found = worker, found
        self.totals = report.Totals()
        self.totals.problems += found.problems
        #: The problems with the paths that the terminal shows.
        self.told: list[Problem] = list(found.problems)
        self.codes: set[int] = {INVALID} if found.problems else set()
        #: The manifests that are in the report.
        self.judged: list[Path] = []
        #: The manifests that no must or should expectation concerns: nothing of them was judged.
        self.idle: list[str] = []
        self.failures: list[str] = []
        #: Entries of the baseline whose gap is gone.
        self.fixed: list[str] = []
        self.strict_baseline = False
        #: Files that outputs are to replace, and those of them that were read: manifests, fragments, artefacts.
        self.targets: frozenset[str] = frozenset()
        self.read: set[str] = set()
        self._organizations: dict[str, str] = {}

    def parts(self, engine: Callable[..., Iterator[Part]]) -> Iterator[Part]:
        """Every manifest's part, in order."""
        for path, part in zip(self.found.manifests, engine(self.worker, self.found.manifests), strict=True):
            self._account(part)
            self.judged += [path] if part.counts is not None else []
            yield part

    def _account(self, part: Part) -> None:
        self.codes.update(part.codes)
        self.idle += [part.path] if NOTHING in part.codes else []
        self.failures += part.failures
        self.fixed += part.fixed
        self.totals.problems += part.problems
        self.told += part.told
        self.read |= self.targets.intersection(part.read)
        if part.counts is None:
            return
        self.totals.add(part.counts, part.share)
        first = self._organizations.setdefault(part.organization, part.path)
        if first != part.path:
            message = (
                f"organization.id {part.organization!r} is already used by {first}; two manifests cannot share one id: "
                "make one of them a part that the other includes (*.policycheck-part.yaml)"
            )
            self.totals.problems.append(Problem(part.place, 0, 0, message))
            self.told.append(Problem(part.path, 0, 0, message))
            self.codes.add(INVALID)

    def finish(self) -> int:
        """The exit code of the run (design section 7)."""
        if self.fixed and self.strict_baseline:
            self.codes.add(GAPS)
        # What is excused is the gaps alone: what stands behind them still counts.
        excused = {GAPS} if self.worker.settings.options.exit_zero else set()
        self.totals.exit_code = code = strongest(self.codes - excused)
        self.totals.header = self.worker.header
        if self.worker.settings.style.get("redact"):
            # A copy for others has the id of the whole.
            self.totals.report_id = report.identity(self.worker.header, self.totals)
            self.totals.problems = [p._replace(message=redaction.LEFT_OUT) for p in self.totals.problems]
        return code


def in_turn(worker: Worker, paths: list[Path]) -> Iterator[Part]:
    """The plain engine."""
    return map(worker, paths)
