"""A report's documents rendered into a bundle, and the options that only a bundle takes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from policycheck.replay import Replay
    from policycheck.report import Record
    from policycheck.seal.draft import Draft
    from policycheck.seal.signature import Signer

#: What documents look like that are not for this terminal but for an archive.
_PAGE: dict[str, object] = {"width": 100, "colour": False, "encoding": "utf-8"}


def refuse_stray(options: dict[str, Any]) -> None:
    """Raises UsageError for options that say nothing together."""
    from policycheck.errors import UsageError

    if options["bundle"] is None:
        stray = [name for name in ("key", "passphrase_env", "force") if options[name]]
        if stray:
            raise UsageError(f"--{stray[0].replace('_', '-')} goes with --bundle DIR")
    elif options["outputs"]:
        raise UsageError("--bundle takes --format NAME for what lies in it; --output is for a call of its own")
    elif options["passphrase_env"] and not options["key"]:
        raise UsageError("--passphrase-env goes with --key")


def write(raw: bytes, report: Record, options: dict[str, Any], root: Path | None) -> list[str]:
    """Write the bundle; what is to be told of it. Raises UsageError, and leaves nothing behind, when it cannot be made."""
    from policycheck.cli._output import current_folder, read_bytes
    from policycheck.cli._writer import lacking
    from policycheck.replay import Replay
    from policycheck.seal import contents
    from policycheck.seal.bundle import Made, seal
    from policycheck.seal.draft import Draft

    _refuse_long(raw)
    signer, told = _signer(options["key"], options["passphrase_env"])
    # From the root: the documents must not depend on the folder that somebody called from.
    again = Replay(report, {**_PAGE, **_shown(options)}, root or current_folder(), root)
    with Draft(options["bundle"], force=options["force"]) as draft:
        draft.add(contents.REPORT, raw)
        if options["review"]:
            draft.add(contents.REVIEW, read_bytes(options["review"]))
        files, left_out = _rendered(again, draft, options["formats"])
        digest = seal(draft, report, Made(files, left_out, _words(options, report)), signer)
        draft.commit()
    told += [f"left out: {name}: {why}" for name, why in left_out.items()]
    sealed = f"sealed {options['bundle']}: {contents.SUMS} has sha256:{digest}"
    return told if options["quiet"] else [*told, *lacking(again), sealed]


def _refuse_long(raw: bytes) -> None:
    from policycheck.errors import UsageError
    from policycheck.seal.contents import MOST_REPORT

    if len(raw) > MOST_REPORT:
        raise UsageError(f"a bundle takes a report of at most {MOST_REPORT} bytes; seal it in parts")


def _shown(options: dict[str, Any]) -> dict[str, Any]:
    """How the documents are set. --quiet is about what is told of them: it must not change a byte of a bundle."""
    return {name: options[name] for name in ("verbose", "by", "view", "show_values", "signoff")}


def _words(options: dict[str, Any], report: Record) -> tuple[str, ...]:
    """The words with which the documents are rendered so again, from a report of which nothing was left out."""
    asked = {**options, "redact": report.get("redacted")}
    switches = [f"--{name.replace('_', '-')}" for name in ("verbose", "show_values", "redact") if asked[name]]
    by = ["--by", options["by"]] if options["by"] != "finding" else []
    by += ["--view", options["view"]] if options["view"] else []
    root = ["--root", "."] if options["root"] else []
    signed = _signed(options) if options["for_signature"] else []
    return (*(word for name in options["formats"] for word in ("--format", name)), *by, *switches, *root, *signed)


def _signed(options: dict[str, Any]) -> list[str]:
    from policycheck.seal.contents import REVIEW
    from policycheck.signoff import PARTS

    named = [word for part in PARTS if options[part] for word in (f"--{part.replace('_', '-')}", *options[part])]
    return ["--for-signature", *(["--review", REVIEW] if options["review"] else named)]


def _signer(key: str | None, variable: str | None) -> tuple[Signer | None, list[str]]:
    """Who signs, if anybody, and what is to be told of the key."""
    from policycheck.seal import signature

    if key is None:
        return None, []
    signer = signature.signer(key, _passphrase(variable))
    exposed = [f"--key {key} can be read by others than its owner: chmod 600"] if signature.is_exposed(key) else []
    return signer, exposed


def _passphrase(variable: str | None) -> bytes | None:
    from policycheck.errors import UsageError

    if variable is None:
        return None
    value = os.environ.get(variable, "")
    if not value:
        raise UsageError(f"--passphrase-env {variable}: that variable is empty or not set")
    return os.fsencode(value)


def _rendered(again: Replay, draft: Draft, formats: tuple[str, ...]) -> tuple[dict[str, str], dict[str, str]]:
    """File names by format, and why formats that nobody named are missing."""
    from policycheck.errors import UsageError
    from policycheck.seal import contents

    files, left_out = {"json": contents.REPORT}, {}
    for name in dict.fromkeys(formats or contents.DEFAULTS):
        if name in files:
            continue
        try:
            _render(again, draft, name, contents.file_name(name))
        except UsageError as error:
            if formats:
                raise
            left_out[name] = str(error)
        else:
            files[name] = contents.file_name(name)
    return files, left_out


def _render(again: Replay, draft: Draft, name: str, file_name: str) -> None:
    from policycheck.cli._writer import render

    with draft.file(file_name) as file:
        render(again, name, file)
