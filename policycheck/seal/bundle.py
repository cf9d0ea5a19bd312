"""The last files of a bundle: what was read, how to verify, the statement, its signature, the sums."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from policycheck.errors import UsageError
from policycheck.report import Record, header_of, totals_of
from policycheck.seal import contents, readme, signature
from policycheck.seal.contents import ENVELOPE, INPUTS, README, SIGNATURE, STATEMENT, SUMS

if TYPE_CHECKING:
    from policycheck.seal.draft import Draft
    from policycheck.seal.signature import Signer


class Made(NamedTuple):
    """What was rendered: file name by format, why formats that nobody named are missing, the words that rendered them."""

    files: Mapping[str, str]
    left_out: Mapping[str, str]
    words: tuple[str, ...]


def seal(draft: Draft, report: Record, made: Made, signer: Signer | None = None) -> str:
    """Complete a draft that holds the rendered files. Returns the sha256 (hex) of SHA256SUMS, which names it all.

    The statement's subjects are all files that were there before it; SHA256SUMS holds the statement and its signature, too.
    Raises UsageError for a report that is too long to be checked again.
    """
    draft.add(INPUTS, contents.inputs(report))
    draft.add(README, readme.text(report, made, [*draft.digests], signer.key_id if signer else ""))
    payload = contents.statement(draft.digests, header_of(report), totals_of(report), report["results"])
    # The envelope holds it in base64, a third longer.
    if len(payload) > contents.MOST_STATEMENT // 2:
        raise UsageError("the report is of too many findings for one bundle; seal it in parts")
    draft.add(STATEMENT, payload)
    if signer:
        signed = signer.sign(payload)
        draft.add(SIGNATURE, signed.signature)
        draft.add(ENVELOPE, signature.envelope(payload, signed))
    draft.add(SUMS, contents.sums(draft.digests))
    return draft.digests[SUMS]
