"""README.txt of a bundle: what lies there, and how to verify and repeat it with sha256sum, openssl and policycheck.

Every indented line is a command; tests run them.
"""

from __future__ import annotations

import shlex
import textwrap
from typing import TYPE_CHECKING

from policycheck.formats import _call
from policycheck.report import Record
from policycheck.seal.contents import ENVELOPE, INPUTS, REPORT, REVIEW, SIGNATURE, STATEMENT, SUMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policycheck.seal.bundle import Made

_WIDTH = 100
_WHAT = {
    "html": "the audit record, for a browser", "xlsx": "the action list, as a workbook", "csv": "the action list, as text",
    "markdown": "the gaps and what is not known, to be read",
}  # fmt: skip
_OF_OURS = {
    REPORT: "the report; the other documents are made of it and say the same",
    REVIEW: "who prepared, reviewed and approved it",
    INPUTS: "the files that were read: size and SHA-256 of each",
}
_SUBJECTS = r"""sed -n 's/^{"name":"\([^"/]*\)","digest":{"sha256":"\([0-9a-f]*\)"}},*$/\2  \1/p'"""
_ENCODED = f"""{{ printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(($(wc -c < {STATEMENT})))"; cat {STATEMENT}; }}"""


def text(report: Record, made: Made, files: Sequence[str], key_id: str) -> bytes:
    """The page. `files` are there already; `key_id` is the sha256 (hex) of the public key in DER, empty if nobody signs."""
    parts = [
        *_head(report), *_files(made, files, key_id), *_sums(len(files), key_id),
        *(_signed(key_id) if key_id else _unsigned()), *_with_policycheck(), *_inputs(), *_again(report, made),
    ]  # fmt: skip
    return ("\n".join(parts) + "\n").encode("utf-8", "backslashreplace")


def _said(words: str) -> list[str]:
    return textwrap.wrap(words, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _titled(title: str) -> list[str]:
    return ["", title, "-" * len(title)]


def _commands(*lines: str) -> list[str]:
    return ["", *(f"    {line}" for line in lines), ""]


def _head(report: Record) -> list[str]:
    tool, count = report["tool"], report["totals"]["manifests"]
    return [
        f"Report {report['report_id']}",
        f"as of {report['as_of']}, {count} manifest{'s' * (count != 1)}, written by {tool['name']} {tool['version']}",
        "", *_said(report["disclaimer"]),
    ]  # fmt: skip


def _files(made: Made, files: Sequence[str], key_id: str) -> list[str]:
    formats = {file: _WHAT.get(name, f"as {name}") for name, file in made.files.items()}
    rows = [(file, _OF_OURS.get(file) or formats.get(file, "added to it")) for file in files]
    rows.append((STATEMENT, "the SHA-256 of all files above, of this one and of the manifests, as an in-toto statement"))
    if key_id:
        rows += [
            (SIGNATURE, "the signature of the statement (ed25519)"),
            (ENVELOPE, "both in one, for in-toto tools (DSSE)"),
        ]
    rows += [(SUMS, "the SHA-256 of all files here but itself")]
    width = max(len(file) for file, _ in rows)
    left = [f"Left out: {name} ({why})" for name, why in sorted(made.left_out.items())]
    return [*_titled("What is here"), *(f"{file:{width}}  {what}" for file, what in rows), *(["", *left] if left else [])]


def _sums(there: int, key_id: str) -> list[str]:
    # This page, the statement, and the signature in its two forms are still to come.
    count = there + 2 + 2 * bool(key_id)
    return [
        *_titled("Is it unaltered?"), "In this folder:",
        *_commands(f"sha256sum --strict -c {SUMS}", f"ls -A | grep -vxc {SUMS}"),
        *_said(
            f"The first must say OK for each file and nothing else; the second counts the files and must print {count}. "
            f"(macOS: shasum -a 256.) That finds accidents. Whoever means harm can write {SUMS} anew; only a signature, or "
            f"a digest of {SUMS} that reached you by another route, finds that."
        ),
    ]  # fmt: skip


def _signed(key_id: str) -> list[str]:
    return [
        *_titled("Who sealed it?"),
        *_said(
            "Take the signer's public key from where you know the signer from, never from here or from who sent you this: a "
            "key that comes with a bundle proves nothing. With OpenSSL 3, name its file and let its digest be printed:"
        ),
        *_commands("KEY=signer.pub.pem", 'openssl pkey -pubin -in "$KEY" -outform DER | sha256sum'),
        *_said(f"The bundle says that it was signed by the key {key_id}. Then hold the signature against the statement:"),
        *_commands(
            "SIGNED=$(mktemp)", f'{_ENCODED} > "$SIGNED"',
            f'openssl pkeyutl -verify -pubin -inkey "$KEY" -rawin -in "$SIGNED" -sigfile {SIGNATURE}',
            'rm "$SIGNED"',
        ),
        *_said("It must say: Signature Verified Successfully. Then hold the files against the statement:"),
        *_commands(f"{_SUBJECTS} {STATEMENT} | sha256sum --strict -c"),
        *_said(
            f"It must say OK for every file but {SUMS}, {STATEMENT}, {SIGNATURE} and {ENVELOPE}. The signature says that "
            "who holds the key sealed these files. It does not say when, nor that what they say is true."
        ),
    ]  # fmt: skip


def _unsigned() -> list[str]:
    return [*_titled("Who sealed it?"), *_said("Nobody signed this bundle, so nobody can tell.")]


def _with_policycheck() -> list[str]:
    return [
        "",
        *_said("All of this in one, where policycheck is installed (leave --key out where nobody signed):"),
        *_commands("policycheck verify . --key signer.pub.pem")[:-1],
    ]


def _inputs() -> list[str]:
    return [
        *_titled("Are these the files that were judged?"),
        "In the folder that the paths of the report begin in, with the path of this folder before INPUTS.txt:",
        *_commands(f"sha256sum --strict -c {INPUTS}")[:-1],
    ]


def _plain(line: str) -> str:
    """A line with what a terminal would obey written out; the name of a manifest may hold anything."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in line)


def _again(report: Record, made: Made) -> list[str]:
    known = any("baseline" in finding for record in report["results"] for finding in record["findings"])
    manifests, invalid = (r["manifest"] for r in report["results"]), (p["path"] for p in report["problems"])
    words = _call.words(report, manifests, invalid, known=known)
    packs = [f"{pack['id']} {pack['version']}, {pack['digest']}" for pack in report["criteria"]["packs"]]
    configured = _call.configured(report)
    return [
        *_titled("How to do it again"),
        *_said(f"With policycheck {report['tool']['version']}, in that same folder:"),
        *_commands(
            _plain(shlex.join([*words, "--output", f"json={REPORT}"])),
            _plain(shlex.join(["policycheck", "report", REPORT, "--bundle", "again", *made.words])),
        ),
        *_said(
            "The same files under the same packs give the same report id, and the documents in the folder `again` are these "
            "byte for byte, where the libraries that write them are of the same versions. The packs:"
        ),
        *packs,
        *_said(f"A configuration file set besides: {', '.join(configured)}. It has to be there." if configured else ""),
        *_said("A manifest came from standard input; <stdin> stands for it." if "<stdin>" in words else ""),
    ]  # fmt: skip
