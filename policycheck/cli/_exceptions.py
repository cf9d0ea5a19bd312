"""Writing an exception into a manifest or fragment, with its comments and layout kept."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policycheck.errors import UsageError

if TYPE_CHECKING:
    from policycheck.model import Finding, Manifest, Result

#: How many characters of a finding's id are enough, when they are one gap's alone.
SHORTEST = 8

_KEY = re.compile(r"(?m)^exceptions[ ]*:[ ]*(?P<rest>[^\n#]*?)[ ]*(?P<comment>#[^\n]*)?$")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 ._/()-]*\Z")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off"})


class Gaps:
    """The manifests of a call with their findings, judged as `check` judges them. Raises InvalidInput and UsageError."""

    def __init__(self, path: str | None, options: dict[str, Any]) -> None:
        from policycheck import run
        from policycheck.assess import assess
        from policycheck.cli._configured import filled, judging
        from policycheck.errors import InvalidInput

        options, configured = filled(options)
        worker, found = judging((path,) if path else (), {**options, "baseline": None}, configured)
        self._criteria, self._options = worker.criteria, worker.options
        #: The one file whose exceptions count, where a configuration names it.
        self.only = worker.options.exceptions_file
        here, given = worker.settings.here, worker.settings.root
        self._judged: list[tuple[Manifest, Result]] = []
        for manifest_path in found.manifests:
            root, shown, other = run.named(manifest_path, here, given)
            manifest, problems = run.read(manifest_path, shown, root, worker.options.as_of)
            if manifest is None:
                raise InvalidInput(run.moved(problems, other, str(here)))
            self._judged.append((manifest, assess(manifest, worker.criteria, worker.options)))

    def find(self, finding: str) -> tuple[Manifest, Result, Finding]:
        """The one gap that an id, or the start of one, means."""
        from policycheck.model import Outcome

        found = [
            (manifest, result, f)
            for manifest, result in self._judged
            for f in result.findings
            if f.outcome is Outcome.GAP and f.id.startswith(finding.strip().lower() or "-")
        ]
        if not found:
            raise UsageError(f"no gap has the id {finding!r}; policycheck check --verbose shows the ids")
        if len(found) > 1 or len(finding.strip()) < SHORTEST:
            named = "; ".join(f"{f.id} ({f.rule} on {f.subject.kind} {f.subject.id})" for *_, f in found[:5])
            raise UsageError(f"{finding!r} is not enough of an id; it could be {named}")
        if not found[0][2].expectations:
            raise UsageError(f"{found[0][2].rule} keeps the declaration honest; it cannot be accepted, only corrected")
        return found[0]

    def entry(self, finding: str, said: dict[str, Any]) -> tuple[dict[str, Any], Manifest]:
        """The entry that accepts one gap, and its manifest. Raises UsageError for an entry that would not be in order."""
        from policycheck import exceptions
        from policycheck.assess import known_of
        from policycheck.model import Outcome, Severity

        manifest, result, gap = self.find(finding)
        entry = {
            "id": said["name"],
            "rule": gap.rule,
            "subject": {"kind": gap.subject.kind, "id": gap.subject.id},
            "reason": said["reason"],
            "approver": said["approver"],
            "owner": said["owner"],
            "ticket": said["ticket"],
            "granted_on": self._options.as_of,
            "expires_on": said["expires_on"],
            "compensating_control": said["compensating_control"],
        }
        entry = {key: value for key, value in entry.items() if value is not None}
        known = known_of(manifest, self._criteria, self._options, result.findings)._replace(only_from="")
        covered = [f for f in result.findings if f.outcome is Outcome.GAP and exceptions.covers(entry, f, known)]
        entry["facts"] = exceptions.fingerprint(entry, covered, known)
        wrong = _shape_of(manifest, entry, self._options.as_of)
        if not wrong:
            _, flaws = exceptions.apply(result.findings, [entry], known, manifest.place, self._options.as_of)
            wrong = [flaw.message for _, flaw, _ in flaws if flaw.severity is not Severity.INFO]
        if wrong:
            raise UsageError(f"nothing was written: {'; '.join(wrong)}")
        return entry, manifest


def _shape_of(manifest: Manifest, entry: dict[str, Any], as_of: str) -> list[str]:
    """What is wrong with the manifest once it holds the entry: an id that is taken, a date, a reference."""
    from policycheck.document import parse
    from policycheck.manifests import v1

    alone, unread = parse(f"exceptions:\n{as_yaml(entry, '  ')}".encode(), "")
    wrong = unread or v1.shape_problems(alone, fragment=True)
    if wrong:
        return [problem.message for problem in wrong]
    place: Any = manifest.place
    held = manifest.data.get("exceptions")
    manifest.data["exceptions"] = [*(held or ()), entry]
    try:
        return [problem.message for problem in v1.read(place, as_of)[0]]
    finally:
        manifest.data["exceptions"] = held


def target(manifest: Manifest, into: Path | None, only: str) -> Path:
    """The file that takes the entry: the manifest, or one of its fragments; `only` is the one whose exceptions count.

    Raises UsageError for a file where the entry would not count.
    """
    files = [manifest.root / one.path for one in manifest.inputs]
    chosen = into or Path(os.path.relpath(only or files[0]))
    if only and chosen.resolve() != Path(only).resolve():
        raise UsageError(f"{into} would not count: exceptions are taken from {os.path.relpath(only)} only (exceptions_from)")
    if chosen.resolve() not in [file.resolve() for file in files]:
        raise UsageError(f"{chosen} is not read as a part of {os.path.relpath(files[0])}; add it to its `include` first")
    return chosen


def write(path: Path, entry: dict[str, Any]) -> None:
    """Add the entry to the file's exceptions. Written beside and renamed, and only when the file then says just that more.

    Raises UsageError when the file cannot take it; the file is then as it was.
    """
    from policycheck.cli._output import put
    from policycheck.document import parse

    try:
        before = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    document, problems = parse(before, str(path))
    if problems or not isinstance(document.data, dict):
        raise UsageError(f"{path} is not valid; correct it first (policycheck validate)")
    held = document.data.get("exceptions") or []
    if any(one.get("id") == entry["id"] for one in held):
        raise UsageError(f"{path} already has an exception called {entry['id']}")
    after = _inserted(before.decode("utf-8"), entry).encode()
    written, problems = parse(after, str(path))
    meant = {**document.data, "exceptions": [*held, entry]}
    if problems or written.data != meant:
        raise UsageError(
            f"{path}: the list of exceptions is laid out in a way that cannot be added to; write it in block style"
        )
    put(str(path), after)


def _inserted(text: str, entry: dict[str, Any]) -> str:
    end = "\r\n" if "\r\n" in text else "\n"
    match = _KEY.search(text)
    if match is None:
        gap = "" if text.endswith("\n") or not text else end
        return f"{text}{gap}{end}exceptions:{end}{as_yaml(entry, '  ').replace(chr(10), end)}"
    if match["rest"] in ("[]", "null", "~"):
        head = text[: match.start()] + f"exceptions:{'  ' + match['comment'] if match['comment'] else ''}"
        return f"{head}{end}{as_yaml(entry, '  ').replace(chr(10), end).removesuffix(end)}{text[match.end() :]}"
    stop = re.compile(r"(?m)^(?=[^\s#-])").search(text, match.end() + 1)
    at = stop.start() if stop else len(text)
    body = text[match.end() : at]
    kept = body.rstrip()
    first = re.search(r"(?m)^([ ]*)-", body)
    indent = first.group(1) if first else "  "
    added = as_yaml(entry, indent).replace("\n", end).removesuffix(end)
    return f"{text[: match.end()]}{kept}{end}{added}{body[len(kept) :] or end}{text[at:]}"


def as_yaml(entry: dict[str, Any], indent: str) -> str:
    """The entry as an item of a block list."""
    lines = []
    for number, (key, value) in enumerate(entry.items()):
        lead = f"{indent}- " if number == 0 else f"{indent}  "
        shown = (
            "{" + ", ".join(f"{k}: {_scalar(v)}" for k, v in value.items()) + "}"
            if isinstance(value, dict)
            else _scalar(value)
        )
        lines.append(f"{lead}{key}: {shown}")
    return "\n".join(lines) + "\n"


def _scalar(value: Any) -> str:
    from policycheck.document import quoted

    text = str(value)
    if _PLAIN.match(text) and text.lower() not in _WORDS and not text.endswith(" "):
        return text
    return text if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else quoted(text)
