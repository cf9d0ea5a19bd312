"""What a security.txt (RFC 9116) says of the channel it declares: that it is in force, where it is, whom one writes to.

The file must give a Contact and exactly one Expires; after that date it should not be used. A clear-text PGP signature is
read through and not checked. Contacts are for reports of vulnerabilities: that another declared channel stands there too is
for a person to judge.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple

from policycheck.errors import ArtefactError
from policycheck.evidence import _published as published
from policycheck.evidence._published import Page, Unsaid
from policycheck.model import Account, Discovered, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policycheck.opener import Opener

KINDS_OF_SUBJECT: frozenset[str] = frozenset({"policies", "complaints", "governance"})
FILES: tuple[str, ...] = ("security.txt", "*/security.txt")

#: Bytes that are opened (RFC 9116 section 5.4 speaks of 32 KB) and lines that are read.
CAP, LINES = 256 * 1024, 2000
_WHAT = "a security.txt"
_ONCE = ("expires", "preferred-languages")
#: Fields whose value is an address of some kind (RFC 9116 section 2.5).
_ADDRESSES = ("acknowledgments", "canonical", "contact", "encryption", "hiring", "policy")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"]+")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_SIGNED, _SIGNATURE = "-----BEGIN PGP SIGNED MESSAGE-----", "-----BEGIN PGP SIGNATURE-----"
_EXPIRED = "expired"
_GOVERNANCE = frozenset({"owners", "scraping_role", "minimum_layers", "policy_ref"})
_COMPLAINTS = frozenset({"channel", "authority_links", "response_days"})


class Field(NamedTuple):
    """One field: its value and line."""

    value: str
    line: int


class Channel(NamedTuple):
    """A security.txt that keeps its own rules: fields by lower-case name, and the day on which it expires."""

    fields: dict[str, list[Field]]
    expires_on: date

    @property
    def expires(self) -> Field:
        """The one Expires field."""
        return self.fields["expires"][0]


def account(opener: Opener, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    """What the security.txt at `path` (from the root) says about the policies, the complaints or the governance.

    Of the policies: `security_txt_ref`. Of the complaints: `channel`, of the governance: `contact` of `owners`, where they
    are among the contacts. A file that has expired at `as_of` contradicts each. Never raises for what an artefact holds.
    """
    return published.heard(opener, path, CAP, lambda page: Account(_readings(page, options, subject)))


def _readings(page: Page, options: Mapping[str, object], subject: Mapping[str, object]) -> tuple[Reading, ...]:
    channel = _channel(page)
    is_past = _is_past(channel, options)
    if subject.keys() & _COMPLAINTS:
        found = _contact(page, channel, ("channel",), subject.get("channel"), is_past=is_past)
    elif subject.keys() & _GOVERNANCE:
        found = [reading for owner in _owners(subject) for reading in _of_owner(page, channel, owner, is_past=is_past)]
    else:
        return tuple(_of_policies(page, channel, options, subject, is_past=is_past))
    if not found:
        raise Unsaid("no declared channel is among the contacts of the file, which are for reports of vulnerabilities")
    return tuple(found)


# --- text to fields ---


def _channel(page: Page) -> Channel:
    """The file's fields; Unsaid, with the line, where it breaks a rule that RFC 9116 makes for them."""
    text = published.text_of(page, _WHAT)
    published.refuse_others(page, text, _WHAT)
    fields = _fields(page, text)
    for name in _ONCE:
        if len(fields.get(name, ())) > 1:
            raise Unsaid(f"{name.capitalize()} stands twice, which makes the file invalid (RFC 9116)", fields[name][1].line)
    for name in ("contact", "expires"):
        if name not in fields:
            raise Unsaid(f"{page.path} has no {name.capitalize()} field, which RFC 9116 requires", 1)
    for name in _ADDRESSES:
        for field in fields.get(name, ()):
            _refuse_address(name, field)
    return Channel(fields, _expiry(fields["expires"][0]))


def _fields(page: Page, text: str) -> dict[str, list[Field]]:
    fields: dict[str, list[Field]] = {}
    for number, line in _said(page, published.lines_of(text)):
        if number > LINES:
            raise Unsaid(f"{page.path} has more lines than are read", number)
        name, colon, value = line.partition(":")
        if not colon or not name.strip() or " " in name.strip():
            raise Unsaid(f"{page.path} has a line that is no field and no comment: it is not {_WHAT}", number)
        fields.setdefault(name.strip().casefold(), []).append(Field(value.strip(), number))
    return fields


def _said(page: Page, lines: list[str]) -> Iterator[tuple[int, str]]:
    """The lines that are neither blank nor comments; of a signed file only what is signed, its dashes unescaped."""
    numbered = [(number, line.rstrip()) for number, line in enumerate(lines, 1)]
    start = next((at for at, (_, line) in enumerate(numbered) if line == _SIGNED), None)
    if start is not None:
        end = next((at for at, (_, line) in enumerate(numbered) if at > start and line == _SIGNATURE), None)
        body = next((at for at in range(start + 1, len(numbered)) if not numbered[at][1]), None)
        if end is None or body is None or body > end:
            raise Unsaid(f"{page.path} begins as a signed message and does not end as one", start + 1)
        numbered = [(number, line.removeprefix("- ")) for number, line in numbered[body:end]]
    for number, line in numbered:
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line


def _refuse_address(name: str, field: Field) -> None:
    """An address is a URI, and a web address begins with https (RFC 9116 section 2.5)."""
    if not _URI.fullmatch(field.value):
        hint = "; write mailto: before it" if "@" in field.value else ""
        raise Unsaid(f"{name.capitalize()} is no address that RFC 9116 takes{hint}", field.line)
    if field.value.casefold().startswith("http:"):
        raise Unsaid(f"{name.capitalize()} begins with http, where RFC 9116 asks for https", field.line)


def _expiry(field: Field) -> date:
    """The day of Expires in UTC, which is a moment of RFC 3339 with its offset."""
    if _MOMENT.fullmatch(field.value):
        try:
            return datetime.fromisoformat(re.sub(r"\.\d+", "", field.value).upper()).astimezone(UTC).date()
        except (ValueError, OverflowError):
            pass
    raise Unsaid("Expires is no date and time with an offset, such as 2027-01-31T12:00:00Z", field.line)


def _is_past(channel: Channel, options: Mapping[str, object]) -> bool:
    """Whether the file has expired; on its last day it has not."""
    try:
        as_of = date.fromisoformat(str(options.get("as_of")))
    except ValueError:
        raise Unsaid("the file cannot be held against the date of the evaluation, which is none") from None
    return channel.expires_on < as_of


# --- fields to readings ---


def _past(page: Page, channel: Channel, path: tuple[str, ...]) -> Reading:
    note = f"Expires is {channel.expires_on}; after that day the file should not be used (RFC 9116)"
    return page.reading(path, _EXPIRED, channel.expires.line, note)


def _of_policies(
    page: Page, channel: Channel, options: Mapping[str, object], subject: Mapping[str, object], *, is_past: bool
) -> Iterator[Reading]:
    path = ("security_txt_ref",)
    declared = subject.get("security_txt_ref")
    if not isinstance(declared, str) or not declared.strip():
        raise Unsaid("the policies declare no security_txt_ref, so there is nothing to hold the file against")
    if is_past:
        yield _past(page, channel, path)
        return
    canonical = channel.fields.get("canonical", [])
    named = [field for field in canonical if field.value == declared.strip()]
    if named:
        yield page.reading(
            path, declared, named[0].line, f"Canonical names it, and the file expires on {channel.expires_on}"
        )
        return
    if canonical and declared.casefold().strip().startswith("https:"):
        yield page.reading(
            path, canonical[0].value, canonical[0].line, "Canonical names other addresses (RFC 9116 section 2.5.2)"
        )
        return
    found = published.reference(page, subject, "security_txt_ref", options)
    if not found:
        raise Unsaid("the declared security_txt_ref is neither this file nor an address that its Canonical names")
    yield from found


def _owners(subject: Mapping[str, object]) -> list[Mapping[str, object]]:
    owners = subject.get("owners")
    return [owner for owner in owners if isinstance(owner, dict)] if isinstance(owners, list) else []


def _of_owner(page: Page, channel: Channel, owner: Mapping[str, object], *, is_past: bool) -> list[Reading]:
    name = owner.get("id")
    if not isinstance(name, str):
        return []
    return _contact(page, channel, ("owners", name, "contact"), owner.get("contact"), is_past=is_past)


def _contact(page: Page, channel: Channel, path: tuple[str, ...], declared: object, *, is_past: bool) -> list[Reading]:
    """A declared channel that is among the contacts: the same address, for a person to judge; or expired."""
    if not isinstance(declared, str) or not declared.strip():
        return []
    found = [field for field in channel.fields["contact"] if _bare(field.value) == _bare(declared)]
    if not found:
        return []
    if is_past:
        return [_past(page, channel, path)]
    note = f"Contact names it for reports of vulnerabilities, until {channel.expires_on}"
    return [page.reading(path, declared, found[0].line, note, soft=True)]


def _bare(address: str) -> str:
    return re.sub(r"^(mailto|tel):", "", address.strip().casefold())


def discover(opener: Opener, path: str) -> tuple[Discovered, ...]:
    """The policies that a security.txt lets a manifest declare; () when it is none that RFC 9116 takes."""
    try:
        page = published.opened(opener, path, CAP)
        channel = _channel(page)
    except (ArtefactError, Unsaid):
        return ()
    canonical = channel.fields.get("canonical", [])
    item = {"security_txt_ref": canonical[0].value if canonical else page.path}
    evidence = {"evidence": [{"kind": "security-txt", "path": page.path}]}
    note = f"expires on {channel.expires_on}"
    return (Discovered("policies", {**item, **evidence}, page.path, 1, note),)
