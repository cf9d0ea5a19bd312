"""Writing an exception into a manifest or fragment, with its comments and layout kept."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from policycheck.errors import UsageError

_KEY = re.compile(r"(?m)^exceptions[ ]*:[ ]*(?P<rest>[^\n#]*?)[ ]*(?P<comment>#[^\n]*)?$")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 ._/()-]*\Z")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off"})


def entry_for(finding: str, path: str | None, as_of: str, said: dict[str, Any]) -> tuple[dict[str, Any], Path]:
    """The entry that accepts one finding, and the manifest it was found in. Raises UsageError when there is none."""
    from policycheck import exceptions, packs, run, sources
    from policycheck.assess import assess, known_of
    from policycheck.cli._output import current_folder
    from policycheck.errors import InvalidInput
    from policycheck.manifests import v1
    from policycheck.manifests.explain import schema
    from policycheck.model import Options, Outcome

    here = current_folder()
    criteria = packs.load([], schema(v1.SCHEMA))
    options = Options(as_of=as_of)
    for manifest_path in sources.find([path] if path else [], here).manifests:
        root, shown, other = run.named(manifest_path, here, None)
        manifest, problems = run.read(manifest_path, shown, root, as_of)
        if manifest is None:
            raise InvalidInput(run.moved(problems, other, str(here)))
        result = assess(manifest, criteria, options)
        gap = next((f for f in result.findings if f.id.startswith(finding) and f.outcome is Outcome.GAP), None)
        if gap is None:
            continue
        if not gap.expectations:
            raise UsageError(f"{gap.rule} keeps the declaration honest; it cannot be accepted, only corrected")
        entry = {
            "id": said["name"],
            "rule": gap.rule,
            "subject": {"kind": gap.subject.kind, "id": gap.subject.id},
            "reason": said["reason"],
            "approver": said["approver"],
            "owner": said["owner"],
            "ticket": said["ticket"],
            "granted_on": as_of,
            "expires_on": said["expires_on"],
            "compensating_control": said["compensating_control"],
        }
        known = known_of(manifest, criteria, options)
        covered = [f for f in result.findings if f.outcome is Outcome.GAP and exceptions.covers(entry, f, known)]
        entry["facts"] = exceptions.fingerprint(covered, known)
        return {key: value for key, value in entry.items() if value is not None}, manifest_path
    raise UsageError(f"no gap has the id {finding!r}; policycheck check --verbose shows the ids")


def write(path: Path, entry: dict[str, Any]) -> None:
    """Add the entry to the file's exceptions. Written beside and renamed, and only when the file then says just that more.

    Raises UsageError when the file cannot take it; the file is then as it was.
    """
    from policycheck.cli._output import Sink
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
    sink = Sink(str(path))
    sink.write(after)
    sink.commit()


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
