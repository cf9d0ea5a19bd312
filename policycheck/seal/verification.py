"""What in a bundle is not as it was sealed, file by file, and who signed it.

A bundle is hostile until shown otherwise: names are held against a strict grammar before they are used, nothing is opened
through a link or outside the folder, and every file is read up to a cap.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from policycheck import opener, replay
from policycheck.errors import ArtefactError, InvalidInput
from policycheck.model import Problem
from policycheck.report import Record
from policycheck.seal import contents, signature
from policycheck.seal.contents import ENVELOPE, INPUTS, README, REPORT, SIGNATURE, STATEMENT, SUMS

if TYPE_CHECKING:
    from policycheck.seal.signature import Witness

Told = TypeVar("Told")
#: What no bundle lacks.
_ALWAYS = frozenset({REPORT, INPUTS, README, STATEMENT, SUMS})
#: What the statement cannot name: itself, and what came after it.
_LATER = frozenset({STATEMENT, SIGNATURE, ENVELOPE, SUMS})
_CAPS = {
    REPORT: contents.MOST_REPORT, SUMS: contents.MOST_SUMS, STATEMENT: contents.MOST_STATEMENT,
    ENVELOPE: contents.MOST_STATEMENT, SIGNATURE: signature.LENGTH,
}  # fmt: skip


class Flaw(NamedTuple):
    """One file that is not as it was sealed, and in what."""

    file: str
    what: str


class Verdict(NamedTuple):
    """What was found. `signature` is none, unchecked, valid or invalid; `key_id` is the given key's, empty without one."""

    flaws: tuple[Flaw, ...]
    signature: str
    key_id: str
    #: The sha256 (hex) of SHA256SUMS; empty when it cannot be read.
    sums: str
    files: int
    #: Of a report that is as it was written; empty otherwise.
    report_id: str = ""
    as_of: str = ""

    @property
    def is_as_asked(self) -> bool:
        """Whether nothing was altered and, where a key was given, it is the signer's."""
        return not self.flaws and (not self.key_id or self.signature == "valid")


def verify(folder: Path, witness: Witness | None = None) -> Verdict:
    """Hold every file of a bundle against its sums, its statement and, with a key, its signature.

    Raises InvalidInput for a folder that is no bundle, and ArtefactError where the platform cannot open files safely:
    what could not be looked at must not be called altered.
    """
    if not opener.is_possible():
        raise ArtefactError(f"this platform cannot open files without following links; {README} says how to check by hand")
    kinds = _entries(folder)
    if not {SUMS, STATEMENT} & set(kinds):
        why = f"is no bundle: neither {SUMS} nor {STATEMENT} is there; `policycheck report --bundle` writes one"
        raise InvalidInput([Problem(str(folder), 0, 0, why)])
    check = _Check(opener.Opener(folder), kinds)
    known = check.signature(witness)
    check.files(trusted=known == "valid")
    check.envelope(witness.key_id if witness and known == "valid" else None)
    report = check.report()
    return Verdict(
        tuple(sorted(set(check.flaws))), known, witness.key_id if witness else "", check.digests.get(SUMS, ""), len(kinds),
        *(report["report_id"], report["as_of"]) if report else (),
    )  # fmt: skip


def _entries(folder: Path) -> dict[str, str]:
    """What each name in the folder is: empty for a regular file, else what it is instead."""
    with os.scandir(folder) as entries:
        return {entry.name: _kind(entry) for entry in entries}


def _kind(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "is a symbolic link, and none is followed"
    if entry.is_dir(follow_symlinks=False):
        return "is a folder; a bundle has none"
    return "" if entry.is_file(follow_symlinks=False) else "is not a regular file"


class _Check:
    """One pass over a bundle. `flaws` grows; `digests` are of what could be read."""

    def __init__(self, reader: opener.Opener, kinds: dict[str, str]) -> None:
        self._opener, self._kinds = reader, kinds
        self.flaws: list[Flaw] = []
        self.digests: dict[str, str] = {}
        #: What has to be understood is read once: the bytes that are digested are those that are looked into.
        self._raw = {name: data for name in _CAPS if (data := self._read(name)) is not None}
        #: What SHA256SUMS and the statement say, None where they cannot be understood.
        self._sums = self._told(SUMS, contents.read_sums)
        self._statement = self._told(STATEMENT, contents.read_statement)

    def _flaw(self, file: str, what: str) -> None:
        self.flaws.append(Flaw(file, what))

    def _is_flawed(self, name: str) -> bool:
        return any(flaw.file == name for flaw in self.flaws)

    def _read(self, name: str) -> bytes | None:
        if self._kinds.get(name) != "":
            return None
        try:
            opened = self._opener.read(name, cap=_CAPS[name])
        except ArtefactError as error:
            self._flaw(name, _without(name, error))
            return None
        self.digests[name] = opened.sha256
        return opened.data

    def _told(self, name: str, understood: Callable[[bytes], Told]) -> Told | None:
        if name not in self._raw:
            return None
        try:
            return understood(self._raw[name])
        except ValueError as error:
            self._flaw(name, str(error))
            return None

    # --- the files -------------------------------------------------------------------------------------------

    def files(self, *, trusted: bool) -> None:
        """Every file against the sums and the statement: altered, added, removed. `trusted`: the signature holds."""
        sums = self._sums or {}
        if not trusted and self.digests.get(STATEMENT) not in (None, sums.get(STATEMENT, self.digests.get(STATEMENT))):
            # One of the two lists was altered. What an altered statement says of the files would be said of them falsely.
            self._doubt_statement()
        named = self._statement[0] if self._statement else {}
        expected = _ALWAYS | set(sums) | set(named) | ({SIGNATURE, ENVELOPE} & set(self._kinds))
        for name in self._kinds:
            if name not in expected:
                self._flaw(name, "was added: it is not of this bundle")
        for name in sorted(expected):
            if name not in self._kinds:
                self._missing(name, named)
            elif self._kinds[name]:
                self._flaw(name, self._kinds[name])
            elif not self._is_flawed(name):
                signed = self.digests.get(name) if name == STATEMENT and trusted else None
                self._hold(name, sums.get(name), named.get(name, signed))
        self._hold_lists(sums, named)

    def _doubt_statement(self) -> None:
        self._statement = None
        if STATEMENT in self._raw and not self._is_flawed(STATEMENT):
            self._flaw(STATEMENT, f"was altered, or its line in {SUMS} was")

    def _missing(self, name: str, named: Mapping[str, str]) -> None:
        if self._statement is None or name in named or name in _ALWAYS | _LATER:
            self._flaw(name, "was removed: it is not there")
        else:
            self._flaw(SUMS, f"was altered: it names {name}, which is not there and not in {STATEMENT}")

    def _hold(self, name: str, in_sums: str | None, in_statement: str | None) -> None:
        """One file against the digests that the two lists name. Where only one list differs, it may be the altered one."""
        digest = self._digest(name)
        wrong = [one != digest for one in (in_sums, in_statement) if one is not None]
        if not digest or not any(wrong):
            return
        if all(wrong):
            self._flaw(name, f"was altered, or its line in {SUMS} was" if name in _LATER else "was altered")
        elif in_sums != digest:
            self._flaw(SUMS, f"was altered: its line for {name} is not that of the file")
        else:
            self._flaw(name, f"was altered, and its line in {SUMS} with it: {STATEMENT} has another digest")

    def _digest(self, name: str) -> str:
        """The digest of a file, read up to the cap; empty, and a flaw, where it cannot be read."""
        if name not in self.digests:
            try:
                self.digests[name] = self._opener.digest(name, cap=contents.MOST_FILE)
            except ArtefactError as error:
                self._flaw(name, _without(name, error))
        return self.digests.get(name, "")

    def _hold_lists(self, sums: Mapping[str, str], named: Mapping[str, str]) -> None:
        """Both texts must name every file that they are to name, and no other."""
        here = set(self._kinds)
        if self._sums is not None:
            for name in sorted(((_ALWAYS | _LATER | set(named)) & here) - set(sums) - {SUMS}):
                self._flaw(SUMS, f"does not name {name}")
        if self._statement is not None:
            for name in sorted(((_ALWAYS | set(sums)) & here) - set(named) - _LATER):
                self._flaw(STATEMENT, f"does not name {name}")
            for name in sorted(set(named) & _LATER):
                self._flaw(STATEMENT, f"names {name}, which was written after it")

    # --- the signature and the report ------------------------------------------------------------------------

    def signature(self, witness: Witness | None) -> str:
        """none, unchecked, valid or invalid."""
        if SIGNATURE not in self._kinds and ENVELOPE not in self._kinds:
            return "none"
        if witness is None:
            return "unchecked"
        signed, payload = self._raw.get(SIGNATURE), self._raw.get(STATEMENT)
        holds = signed is not None and payload is not None and witness.confirms(payload, signed)
        return "valid" if holds else "invalid"

    def envelope(self, key_id: str | None) -> None:
        """The form of the signature, which shows without a key. `key_id` is the signer's, where it is known."""
        there = [name for name in (SIGNATURE, ENVELOPE) if name in self._kinds]
        for name in there if len(there) == 1 else ():
            self._flaw(name, "is there without the other of the two files that hold the signature")
        signed, raw, payload = (self._raw.get(name) for name in (SIGNATURE, ENVELOPE, STATEMENT))
        if signed is not None and len(signed) != signature.LENGTH:
            self._flaw(SIGNATURE, f"is no ed25519 signature: {len(signed)} bytes instead of {signature.LENGTH}")
        # Of a statement that was altered, an envelope that was not says something else: one flaw is enough.
        if raw is None or payload is None or self._is_flawed(STATEMENT) or self._is_flawed(ENVELOPE):
            return
        try:
            found = signature.opened(raw, payload)
        except ValueError as error:
            self._flaw(ENVELOPE, str(error))
            return
        if signed is not None and signed != found.signature and not self._is_flawed(SIGNATURE):
            self._flaw(ENVELOPE, f"holds another signature than {SIGNATURE}")
        elif key_id and found.hint != key_id:
            self._flaw(ENVELOPE, "was altered: it names another key than the one that signed")

    def report(self) -> Record | None:
        """The report, where it is one and fits its id; its manifests must be those of the statement."""
        raw = self._raw.get(REPORT)
        if raw is None or self._is_flawed(REPORT):
            return None
        try:
            found = replay.read(raw, REPORT)
        except InvalidInput as error:
            self._flaw(REPORT, error.problems[0].message)
            return None
        if self._statement is not None and self._statement[1] != contents.manifests(found["results"]):
            self._flaw(STATEMENT, f"names other manifests than {REPORT}")
        if self._statement is not None and (wrong := contents.milder(self._raw[STATEMENT], found)):
            self._flaw(STATEMENT, wrong)
        return found


def _without(name: str, error: ArtefactError) -> str:
    return str(error).removeprefix(f"{name} ")
