"""What a report must not carry: values that look like credentials, always; quotations and values, when it leaves the house.

A pattern names one kind of credential by the shape that its issuer publishes. What has no shape of its own (a password in
a sentence) is found only where a word before it says what it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache
from typing import Any

Record = dict[str, Any]
#: What stands in a redacted copy where a value or a quotation stood.
LEFT_OUT = "(left out)"
#: Why a finding is as it is, in words that hold nothing of a manifest's or an artefact's.
_REASONS = frozenset({
    "nothing to judge", "the rule could not be evaluated", "the pack has no row for this", "the repository has it otherwise",
})  # fmt: skip
#: What names a target of an organization's own scraping is where it scrapes.
_TARGET = re.compile(r"(?<=\btargets\[)[^\]]*(?=\])")
_PATH = re.compile("organization\\.[a-z_]+")
_DEMAND = re.compile("(declared|supported) only; this run asks for (supported|verified)")
#: Where a token may begin: `X_ghp_…` is none the less one for what stands before it.
_HERE = r"(?<![A-Za-z0-9])"
_GITLAB = ("pat", "rt", "rtr", "dt", "ptt", "cbt", "ft", "imt", "agent", "oas", "soat", "ffct", "wt")
#: Each kind with its shape, and what a text that has the shape holds when case is folded.
_KINDS = {
    "private key": (r"-{4,5} ?BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)? ?-{4,5}[\s\S]*", ("private key",)),
    "AWS access key": (_HERE + r"(?:AKIA|ASIA)[0-9A-Z]{16}(?![A-Za-z0-9])", ("akia", "asia")),
    "GitHub token": (
        _HERE + r"(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    ),
    "GitLab token": (
        _HERE + rf"gl(?:{'|'.join(_GITLAB)})-[A-Za-z0-9_.-]{{20,255}}", tuple(f"gl{kind}-" for kind in _GITLAB),
    ),
    "Slack token": (
        _HERE + r"(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,255}|hooks\.slack\.com/services/[A-Za-z0-9/]{10,255}",
        ("xox", "xapp-", "hooks.slack.com"),
    ),
    "Stripe key": (_HERE + r"(?:[rs]k_(?:live|test)|whsec)_[A-Za-z0-9]{16,255}", ("k_live_", "k_test_", "whsec_")),
    "Google API key": (_HERE + r"AIza[0-9A-Za-z_-]{35}", ("aiza",)),
    "SendGrid key": (_HERE + r"SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{32,128}", ("sg.",)),
    "package registry token": (
        _HERE + r"(?:npm_[A-Za-z0-9]{36,255}|pypi-[A-Za-z0-9_-]{50,1024}|dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,255})",
        ("npm_", "pypi-", "dckr_"),
    ),
    "Hugging Face token": (_HERE + r"hf_[A-Za-z0-9]{30,255}", ("hf_",)),
    "secret key": (_HERE + r"sk-[A-Za-z0-9_-]{20,255}", ("sk-",)),
    "JSON web token": (
        _HERE + r"eyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{0,4096}", ("eyj",)
    ),
    # The last @ before a slash ends it: a user may be an address, a password may hold the sign, and the user may be blank.
    "password in an address": (r"(?<=://)[^\s/]{0,200}:[^\s/]{1,200}(?=@)", ("://",)),
    "signed address": (r"(?i:[?&;](?:sig|x-(?:amz|goog)-signature)=)[A-Za-z0-9%+/=_-]{16,4096}", ("sig=", "signature=")),
    "bearer token": (r"(?i:\bbearer\s{1,8})[A-Za-z0-9._~+/-]{16,4096}=*", ("bearer",)),
    "name and password": (
        r"(?i:\bauthorization\b[\"']?\s{0,8}[=:]?\s{0,8}[\"']?basic\s{1,8})(?=[A-Za-z+/]{0,200}[0-9+/=])[A-Za-z0-9+/]{6,4096}=*",
        ("authorization",),
    ),
    "cookie": (
        (
            r"(?i:\bcookie\b[\"']?\s{0,8}[=:]\s{0,8}[\"']?)(?=[^\n\"']{0,2000}?=[^\s;\"',]{12})"
            r"[^\s=;\"',]{1,100}=[^\s;\"',]{1,4096}(?:;\s{0,4}[^\s=;\"',]{1,100}=[^\s;\"',]{1,4096}){0,50}"
        ),
        ("cookie",),
    ),
    # What stands before the word makes it no other: DB_PASSWORD, clientSecret, aws_secret_access_key, AccountKey.
    "password or key": (
        (
            r"(?i:(?:password|passwd|passphrase|pwd|secret|token|(?:api|access|account|private|secret|signing)[_-]?key)\b"
            r"\\?[\"']?\s{0,8}(?:=>|:=|[=:])\s{0,8})"
            r"\\?[\"']?(?=[^\s\"',;]{0,200}[0-9])[^\s\"',;]{6,200}"
        ),
        ("pass", "pwd", "secret", "token", "key"),
    ),
}  # fmt: skip


@cache
def _pattern(kind: str) -> re.Pattern[str]:
    """The shape of a kind, compiled when a text first hints at it: most runs meet none."""
    return re.compile(_KINDS[kind][0])


@lru_cache(maxsize=8192)
def examined(text: str) -> tuple[str, tuple[str, ...]]:
    """A text without what looks like a credential, and the kinds of what was taken out."""
    folded = text.casefold()
    kinds = list[str]()
    for kind, (_, hints) in _KINDS.items():
        for hint in hints:
            if hint in folded:
                text, times = _pattern(kind).subn(f"[redacted: {kind}]", text)
                kinds += [kind] * times
                break
    return text, tuple(kinds)


# Every route of every finding passes here, and they repeat.
@lru_cache(maxsize=8192)
def harmless(text: str) -> str:
    """A text without what looks like a credential."""
    return examined(text)[0]


class Redactor:
    """Takes credentials out of the values of one manifest's record, and remembers where."""

    def __init__(self) -> None:
        self.found: list[Record] = []

    def text(self, text: str, where: str) -> str:
        """The text without credentials. `where` is a route or place that a reader can look up."""
        kept, kinds = examined(text)
        for kind in kinds:
            entry = {"where": harmless(where), "what": kind}
            if entry not in self.found:
                self.found.append(entry)
        return kept

    def value(self, value: Any, where: str) -> Any:
        """The same of a declared value: a text, a list of them, or what can hold none."""
        if isinstance(value, str):
            return self.text(value, where)
        if isinstance(value, list):
            return [self.value(item, where) for item in value]
        return value


# --- a copy that may leave the house ---------------------------------------------------------------------------


def bare(record: Record) -> Record:
    """One manifest's record, full or short, without values, quotations and reasons. Ids, places, counts and digests stay."""
    key = "findings" if "findings" in record else "gaps"
    routes = unnamed(fact for finding in record[key] for fact in finding["facts"])
    found = {**record, key: [_finding(finding, routes) for finding in record[key]], "redacted": True}
    if "redactions" in record:
        found["redactions"] = [{**one, "where": _route(one["where"], routes)} for one in record["redactions"]]
    for part, change in _PARTS.items():
        if part in found:
            found[part] = change(found[part])
    return found


def unnamed(facts: Iterable[Record]) -> dict[str, str]:
    """The routes that name an item of a list by the very text that is its value, each with one that does not."""
    found = {}
    for fact in facts:
        route, value = fact["route"], fact.get("value")
        if type(value) is str and value and route.endswith(f"[{value}]"):
            found[route] = f"{route[: -len(value) - 1]}...]"
        elif "targets[" in route:
            found[route] = _TARGET.sub("...", route)
    return found


def _finding(finding: Record, routes: Mapping[str, str]) -> Record:
    found = {key: value for key, value in finding.items() if key not in ("message", "owner", "because_of")}
    found["facts"] = [_fact(fact, routes) for fact in finding["facts"]]
    found["subject"] = _placed(finding["subject"], routes)
    found["location"] = _placed(finding["location"], routes)
    if "because_of" in finding and _because(finding["because_of"]):
        found["because_of"] = _because(finding["because_of"])
    if "missing" in finding:
        found["missing"] = [_route(route, routes) for route in finding["missing"]]
    if "related" in finding:
        found["related"] = [_placed(place, routes) for place in finding["related"]]
    if "exception" in found:
        found["exception"] = _blanked(found["exception"], "reason", "approver")
    if "baseline" in found:
        found["baseline"] = _blanked(found["baseline"], "owner", "plan")
    return found


def _placed(place: Any, routes: Mapping[str, str]) -> Any:
    return {**place, "route": _route(place["route"], routes)} if place else place


def _route(route: str, routes: Mapping[str, str]) -> str:
    return routes[route] if route in routes else _TARGET.sub("...", route)


def _because(because_of: str) -> str:
    """A reason as far as it is our own words or a declared path; behind a colon stands what an artefact says."""
    ours = because_of.partition(":")[0]
    return ours if ours in _REASONS or _PATH.fullmatch(ours) or _DEMAND.fullmatch(ours) else ""


def _fact(fact: Record, routes: Mapping[str, str]) -> Record:
    found = {key: value for key, value in _placed(fact, routes).items() if key != "note"}
    return found | {"value": LEFT_OUT} if "value" in fact else found


def _blanked(row: Mapping[str, Any], *keys: str) -> Record:
    return {key: LEFT_OUT if key in keys and value else value for key, value in row.items()}


def _artefacts(entries: list[Record]) -> list[Record]:
    return [{**entry, "said": LEFT_OUT if entry["said"] else "", "quotes": []} for entry in entries]


def _organization(organization: Any) -> Any:
    return {**organization, "contact": None} if isinstance(organization, dict) else organization


def _failures(failures: list[Record]) -> list[Record]:
    return [{**failure, "why": LEFT_OUT} for failure in failures]


_PARTS: dict[str, Callable[[Any], Any]] = {
    "artefacts": _artefacts, "organization": _organization, "failures": _failures,
}  # fmt: skip
