"""Whether evidence counts: unchanged, fresh, somebody's own, and not the same file for everything.

A verifier says what an artefact holds. What is asked here is the same for every kind, and can only take away: evidence that
is doubted raises no assurance, while what it contradicts stays contradicted.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from policycheck.errors import ArtefactError
from policycheck.language.evaluate import day
from policycheck.model import Account, Artefact

if TYPE_CHECKING:
    from policycheck.opener import Opener

#: Beside the main manifest: the digests of evidence as somebody has looked at it.
LOCK = "policycheck.lock.yaml"
#: To how many subjects one passage of a document may be attached; more have to name passages of their own.
SHARED = 3
_WORD = re.compile(r"[^\W_]+")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_OURS = re.compile(r"(^|/)([^/]+\.)?(policycheck|policycheck-part|policycheck\.lock|policycheck-baseline)\.ya?ml$")


class Lock(NamedTuple):
    """What `policycheck evidence lock` recorded: digests by path from the root, the day, and what is wrong with the file."""

    digests: Mapping[str, str] = {}
    locked_on: str = ""
    wrong: str = ""
    artefact: Artefact | None = None


def read_lock(opener: Opener, folder: str) -> Lock:
    """The lock beside the main manifest. There may be none; one that cannot be read makes all evidence doubtful."""
    path = opener.relative(folder, LOCK)
    try:
        opened = opener.read(path)
    except ArtefactError as error:
        return Lock(wrong="" if "does not exist" in str(error) else str(error))
    from policycheck.document import parse

    document, problems = parse(opened.data, path)
    seen = Artefact(opened.path, opened.size, opened.sha256)
    if problems:
        return Lock(wrong=str(problems[0]), artefact=seen)
    try:
        digests = {opener.relative(folder, name): digest for name, digest in _entries(document.data).items()}
        return Lock(digests, _locked_on(document.data), "", seen)
    except (ArtefactError, AttributeError, KeyError, TypeError, ValueError):
        return Lock(wrong=f"{path} is no lock file; write it with policycheck evidence lock", artefact=seen)


def _entries(data: Any) -> dict[str, str]:
    if data["policycheck_lock"] != 1:
        raise ValueError
    found = {str(name): str(entry["sha256"]) for name, entry in data["files"].items()}
    if not all(_DIGEST.fullmatch(digest) for digest in found.values()):
        raise ValueError
    return found


def _locked_on(data: Any) -> str:
    """The day of a lock. One without a day would be no lock, and every change would count."""
    found = str(data["locked_on"])
    if day(found) is None:
        raise ValueError
    return found


def doubt(entry: Mapping[str, Any], path: str, account: Account, as_of: str, lock: Lock, own: Collection[str] = ()) -> str:
    """Why an entry does not count, as the end of a sentence; empty when nothing speaks against it.

    `path` is the artefact's, from the root; `own` are the digests of the manifest's files, whatever they are called. An
    unreadable account needs no doubt besides.
    """
    if account.unreadable:
        return ""
    seen = {artefact.path: artefact.sha256 for artefact in account.artefacts}
    return (
        _ours(path, seen, own)
        or _changed(path, seen.get(path, ""), entry.get("sha256"))
        or _unlocked(seen, lock)
        or _stale(path, entry, as_of)
    )


def _ours(path: str, seen: Mapping[str, str], own: Collection[str]) -> str:
    """A declaration cannot be its own evidence, nor can a copy of it."""
    ours = path if _OURS.search(path) else next((name for name, digest in seen.items() if digest in own), "")
    return f"{ours} is a file of policycheck's own; a declaration is no evidence for itself" if ours else ""


def _changed(path: str, found: str, declared: Any) -> str:
    """A blank sha256 is silence; anything else has to be the digest of the bytes that were read."""
    if declared in (None, "") or str(declared).strip().lower() == found:
        return ""
    return f"{path} has changed: its sha256 is not the declared one"


def _unlocked(seen: Mapping[str, str], lock: Lock) -> str:
    if lock.wrong:
        return lock.wrong
    unknown = next((path for path in seen if path not in lock.digests), "") if lock.locked_on else ""
    if unknown:
        return f"{unknown} is not in the lock of {lock.locked_on}; look at it, then run policycheck evidence lock"
    changed = next((path for path, digest in seen.items() if lock.digests[path] != digest), "") if lock.locked_on else ""
    if not changed:
        return ""
    when = f"since it was locked on {lock.locked_on}"
    return f"{changed} has changed {when}; look at the change, then run policycheck evidence lock --force"


def _stale(path: str, entry: Mapping[str, Any], as_of: str) -> str:
    """Why the artefact is not fresh at `as_of`. On its last valid day it still is."""
    collected, days = entry.get("collected_on"), entry.get("valid_for_days")
    if collected in (None, ""):
        return f"{path} has valid_for_days and no collected_on to count from" if days is not None else ""
    collected_on, today = day(str(collected)), day(str(as_of))
    if collected_on is None or today is None:
        return f"{path} cannot be dated: collected_on or the date of the evaluation is no date"
    if collected_on > today:
        return f"{path} is dated {collected_on}, after the date of the evaluation"
    if isinstance(days, int) and (today - collected_on).days > days:
        return f"{path} is out of date: collected on {collected_on}, valid for {days} days"
    return ""


def text_digest(opener: Opener, seen: Artefact) -> str:
    """A digest of the words of a text, whatever its case, white space and marks; of what is no text, that of its bytes."""
    try:
        data = opener.read(seen.path, cap=max(seen.size, 1)).data
        text = data.decode("utf-8-sig")
    except (ArtefactError, UnicodeDecodeError):
        return seen.sha256
    words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    if b"\0" in data or data.startswith(b"%PDF") or not words:
        return seen.sha256
    return hashlib.sha256(" ".join(words).encode()).hexdigest()


def overused(uses: Iterable[tuple[tuple[str, str], str]]) -> dict[tuple[str, str], int]:
    """The passages attached to more subjects than `SHARED`, with how many.

    `uses` are passage (the digest of the document's text, and the anchor, blank for the whole) and subject of each
    supporting entry.
    """
    behind: dict[tuple[str, str], set[str]] = {}
    for passage, subject in uses:
        behind.setdefault(passage, set()).add(subject)
    return {passage: len(subjects) for passage, subjects in behind.items() if len(subjects) > SHARED}
