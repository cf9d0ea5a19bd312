"""policycheck verify"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from policycheck.seal.signature import Witness
    from policycheck.seal.verification import Verdict

FORMAT = "policycheck-verification/1"
#: More altered files than this are counted, not listed, on a terminal.
_LISTED = 50


@click.command("verify", short_help="Say whether a bundle of reports was altered, and who signed it.")
@click.argument("bundle", metavar="DIR")
@click.option("--key", metavar="PUBLIC.pem", help="The signer's ed25519 key, from another place than the bundle.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True,
              help="What is printed.")  # fmt: skip
def command(bundle: str, key: str | None, format_: str) -> int:
    """Check every file of a bundle that `policycheck report --bundle` wrote, and name those that were altered.

    Without --key nobody is known to have signed, even where a signature is there: whoever can write the files can seal
    them anew. A key that lies in the bundle is refused, because it proves nothing.

    \b
    policycheck verify for-the-auditor --key signer.pub.pem
    policycheck verify for-the-auditor
    policycheck verify for-the-auditor --key signer.pub.pem --format json

    \b
    Exit codes: 0 unaltered and, with --key, signed by that key
                1 altered; with --key also: not signed, or by another key
                2 usage   3 not a bundle
    """
    from policycheck.cli._output import print_lines
    from policycheck.errors import GAPS
    from policycheck.seal import verification

    folder = _folder(bundle)
    verdict = verification.verify(folder, _witness(key, folder))
    print_lines(*(_json(bundle, verdict) if format_ == "json" else _text(bundle, verdict)))
    return 0 if verdict.is_as_asked else GAPS


def _folder(bundle: str) -> Path:
    from policycheck.errors import InvalidInput, UsageError
    from policycheck.model import Problem

    if not os.path.lexists(bundle):
        raise UsageError(f"{bundle} does not exist")
    if not os.path.isdir(bundle):
        raise InvalidInput([Problem(bundle, 0, 0, "is no bundle: a bundle is a folder; unpack an archive first")])
    return Path(bundle).resolve()


def _witness(key: str | None, folder: Path) -> Witness | None:
    """Who must have signed. Raises UsageError for a key that came with the bundle."""
    from policycheck.errors import UsageError
    from policycheck.seal import signature

    if key is None:
        return None
    if any(parent.exists() and parent.samefile(folder) for parent in Path(key).resolve().parents):
        raise UsageError(f"--key {key} lies in the bundle, so it proves nothing; get the signer's key on another way")
    return signature.witness(key)


def _headline(verdict: Verdict) -> str:
    signer = f"sha256:{verdict.key_id}"
    if verdict.flaws:
        return f"ALTERED since it was signed by {signer}" if verdict.signature == "valid" else "ALTERED"
    if not verdict.key_id:
        return "unaltered, signer unknown"
    if verdict.signature == "none":
        return "unaltered, but not signed"
    return f"unaltered, signed by {signer}" if verdict.signature == "valid" else f"NOT SIGNED by {signer}"


def _text(bundle: str, verdict: Verdict) -> list[str]:
    from policycheck.formats._terminal import harmless

    lines = [f"{harmless(bundle)}: {_headline(verdict)}"]
    lines += [f"  {harmless(flaw.file)}: {harmless(flaw.what)}" for flaw in verdict.flaws[:_LISTED]]
    if len(verdict.flaws) > _LISTED:
        lines.append(f"  and {len(verdict.flaws) - _LISTED} more")
    if verdict.report_id:
        lines.append(f"  report {verdict.report_id}, as of {verdict.as_of}, {verdict.files} files")
    if verdict.sums:
        lines.append(f"  SHA256SUMS has sha256:{verdict.sums}")
    return [*lines, *_remark(verdict)]


def _remark(verdict: Verdict) -> list[str]:
    """What the headline does not say of the signature."""
    if verdict.signature == "unchecked":
        return ["  a signature is there and was not checked: --key PUBLIC.pem does, with a key from another place"]
    if verdict.signature == "none":
        return ["  no signature is there: whoever can write these files can seal them anew"]
    if verdict.signature == "invalid":
        return ["  the signature is not that of the given key over statement.json: another key, or another statement"]
    return []


def _json(bundle: str, verdict: Verdict) -> list[str]:
    import json

    whole: dict[str, Any] = {
        "format": FORMAT, "bundle": bundle, "as_asked": verdict.is_as_asked, "altered": bool(verdict.flaws),
        "signature": verdict.signature, "signer": f"sha256:{verdict.key_id}" if verdict.signature == "valid" else None,
        "report_id": verdict.report_id or None, "as_of": verdict.as_of or None, "files": verdict.files,
        "sums": f"sha256:{verdict.sums}" if verdict.sums else None,
        "flaws": [flaw._asdict() for flaw in verdict.flaws],
    }  # fmt: skip
    return json.dumps(whole, indent=2, ensure_ascii=True).splitlines()
