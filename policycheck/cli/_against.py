"""`check --against REF`: the same call judged on the tree of a git ref, and what changed since."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from policycheck import compare, git, sources
from policycheck.errors import GAPS, NothingToCheck, UsageError, strongest
from policycheck.report import FORMAT, Record
from policycheck.run import Part, Run, Settings, Worker, in_turn


class Keeping(Run):
    """A run that keeps what a comparison needs of each manifest, read from its JSON form."""

    def __init__(self, worker: Worker, found: sources.Found) -> None:
        super().__init__(worker, found)
        self.kept: list[Record] = []
        #: Organizations that two manifests claim: which of them a comparison would be with cannot be told.
        self.twice: set[str] = set()
        #: The root of each organization's manifest, to show its paths from the current folder.
        self.roots: dict[str, str] = {}

    def parts(self, engine: Callable[..., Iterator[Part]]) -> Iterator[Part]:
        """Every manifest's part, in order; each is kept on its way."""
        for part in super().parts(engine):
            if "json" in part.rendered:
                self._keep(part)
            yield part

    def _keep(self, part: Part) -> None:
        record = json.loads(part.rendered["json"])
        if part.organization not in self.roots:
            self.kept += compare.trimmed([record])
            whole = os.path.normpath(os.path.join(self.worker.settings.here, part.path)).replace(os.sep, "/")
            self.roots[part.organization] = whole.removesuffix(record["manifest"])
        else:
            self.twice.add(part.organization)

    def report(self) -> Record:
        """What was kept, as a report that can be compared."""
        problems = [str(problem) for problem in self.totals.problems]
        header = self.worker.header
        return {
            "format": FORMAT, "as_of": header["as_of"], "options": header["options"], "criteria": header["criteria"],
            "rules": header["rules"], "results": self.kept, "problems": problems,
        }  # fmt: skip

    def place(self, change: compare.Change, path: str) -> str:
        """A finding's path from the current folder."""
        root = self.roots.get(change.organization, "")
        return os.path.relpath(os.path.join(root, path), self.worker.settings.here).replace(os.sep, "/") if root else path


class Against:
    """What a ref's tree was judged to be, before the work tree is judged.

    Raises UsageError for a ref that is not known, paths that are in no repository or in several, and standard input.
    """

    def __init__(
        self, ref: str, settings: Settings, paths: tuple[str, ...], found: sources.Found, excludes: Callable[[Path], bool]
    ) -> None:
        self.ref = ref
        self.settings = settings._replace(formats=tuple(dict.fromkeys((*settings.formats, "json"))))
        if sources.STDIN in paths:
            raise UsageError("--against compares files; standard input is not in a git ref")
        given = [(settings.here / text).resolve() for text in paths]
        top = _repository(given or [settings.here])
        with TemporaryDirectory(prefix="policycheck-") as folder:
            tree = Path(folder).resolve() / "tree"
            left = git.export(top, ref, tree)
            # What lies above the tree is none of its business; what was before it is.
            git.lend(top, ref, tree)
            self._judge(_Moved(top, tree, excludes), given, found)
        self.problems += left
        every = [*self._elsewhere, *self.old["results"]]
        at_ref = {one["organization"]["id"]: {f["id"]: f for f in one["findings"] if compare.is_open(f)} for one in every}
        self.settings = self.settings._replace(at_ref=at_ref)

    def _judge(self, moved: _Moved, given: list[Path], found: sources.Found) -> None:
        settings = moved.settings(self.settings)
        first = _run(settings, moved.find(given, found, settings))
        self.old = _clear(first)
        self.problems = [str(problem) for problem in first.totals.problems]
        others = moved.left_behind(found, first.found, settings)
        self._elsewhere = _clear(_run(settings, others))["results"] if others.manifests else []

    def run(self, worker: Worker, found: sources.Found) -> Run:
        """The run of the work tree, which `verdict` then speaks of."""
        self.now = Keeping(worker, found)
        return self.now

    def verdict(self, quiet: bool = False) -> int:
        """Print the comparison on stderr. The exit code of the call: 1 only for what opened or became worse, and blocks.

        Both sides are judged at one date: an exception that holds no more was taken out by the change, or made stale by it.
        """
        from policycheck.cli import _say
        from policycheck.cli._comparison import text

        run = self.now
        new = run.report()
        found = compare.compare(self._old_of(new), new)
        _say("\n".join(text(found, f"compared with {self.ref}", run.place, brief=quiet)))
        for problem in self.problems:
            _say(f"note: at {self.ref}, and so not compared: {problem}")
        stale = bool(run.fixed) and run.strict_baseline
        bare = any(change.blocks for change in found.changes["expired"])
        blocked = (found.regressed() or bare or stale) and not run.worker.settings.options.exit_zero
        return strongest(run.codes - {GAPS} | ({GAPS} if blocked else set()))

    def _old_of(self, new: Record) -> Record:
        """The old report, with the manifests that stood elsewhere at the ref and are among the new ones."""
        wanted = compare.organizations(new) - compare.organizations(self.old)
        moved = [result for result in self._elsewhere if result["organization"]["id"] in wanted]
        return {**self.old, "results": [*self.old["results"], *moved]}


class _Moved:
    """Paths of the repository at `top` as paths of the tree exported from it; `excludes` speaks of the former."""

    def __init__(self, top: Path, tree: Path, excludes: Callable[[Path], bool]) -> None:
        self.top, self.tree, self._excluded = top, tree, excludes

    def __call__(self, path: Path) -> Path | None:
        """The same path in the exported tree; None for one that is not in the repository."""
        return self.tree / path.relative_to(self.top) if path.is_relative_to(self.top) else None

    def excludes(self, path: Path) -> bool:
        """Whether a manifest of the exported tree stands where a walk leaves manifests out."""
        return self._excluded(self.top / path.relative_to(self.tree))

    def settings(self, settings: Settings) -> Settings:
        """The same run, on the exported tree."""
        here = self(settings.here) or self.tree
        here.mkdir(parents=True, exist_ok=True)
        root = self(settings.root) if settings.root is not None else None
        only = settings.options.exceptions_file
        there = self(Path(os.path.normpath(only))) if only else None
        options = settings.options._replace(exceptions_file=str(there or only))
        return settings._replace(here=here, root=root, options=options, formats=("json",), style={})

    def find(self, given: list[Path], now: sources.Found, settings: Settings) -> sources.Found:
        """What the call's paths mean in the exported tree, and what stood where a manifest of the work tree stands.

        Paths that were not there yet mean nothing.
        """
        there = [str(path) for path in map(self, given) if path is not None and path.exists()]
        found = self._found(there, settings) if there or not given else sources.Found(settings.here)
        same = [path for path in map(self, now.manifests) if path is not None and path.is_file()]
        found.manifests = list(dict.fromkeys([*found.manifests, *same]))
        return found

    def left_behind(self, now: sources.Found, then: sources.Found, settings: Settings) -> sources.Found:
        """Manifests of the tree that are not where they were, when one of the work tree is where none was."""
        found = sources.Found(settings.here)
        if any((place := self(path)) is not None and not place.exists() for path in now.manifests):
            every = self._found([str(self.tree)], settings).manifests
            known = set(then.manifests)
            found.manifests = [p for p in every if p not in known and not (self.top / p.relative_to(self.tree)).exists()]
        return found

    def _found(self, paths: list[str], settings: Settings) -> sources.Found:
        try:
            return sources.find(paths, settings.here, settings.root, self.excludes)
        except NothingToCheck:
            return sources.Found(settings.here)


def _clear(run: Keeping) -> Record:
    """A run's report without the organizations that stood twice: all that is open of them now counts as opened."""
    report = run.report()
    return {**report, "results": [one for one in report["results"] if one["organization"]["id"] not in run.twice]}


def _repository(paths: list[Path]) -> Path:
    tops = {git.top(path if path.is_dir() else path.parent) for path in paths}
    if len(tops) > 1:
        raise UsageError(f"--against needs paths of one repository; these are of {', '.join(sorted(map(str, tops)))}")
    return tops.pop()


def _run(settings: Settings, found: sources.Found) -> Keeping:
    run = Keeping(Worker(settings), found)
    for _ in run.parts(in_turn):
        pass
    return run
