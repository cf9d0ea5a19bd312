"""Rates as proxies write them, told in the window that a manifest declares; always towards the looser side.

A limit that looks looser than it is can only be questioned; one that looks stricter could confirm what is not so.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from policycheck.evidence._foreign import At
    from policycheck.model import Reading

#: The windows of a manifest, in seconds.
WINDOWS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
#: The units of time in configuration, in seconds; what is longer than a day can be used up within one.
UNITS = {**WINDOWS, "week": 7 * 86400, "month": 28 * 86400, "year": 365 * 86400}

_DURATION = re.compile(r"(?:[0-9]{1,12}(?:\.[0-9]{1,9})?(?:ns|us|µs|ms|s|m|h|d|w|y))+")
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m|h|d|w|y)")
_SUFFIXES = {
    "ns": Fraction(1, 10**9), "us": Fraction(1, 10**6), "µs": Fraction(1, 10**6), "ms": Fraction(1, 1000), "s": Fraction(1),
    "m": Fraction(60), "h": Fraction(3600), "d": Fraction(86400), "w": Fraction(7 * 86400), "y": Fraction(365 * 86400),
}  # fmt: skip

#: How a key counts, the soundest first: one counter a client address; one an account or credential; one for all; unknown
#: here; only the requests that a condition picks; one that clients can vary; nobody.
STANDINGS = ("address", "account", "shared", "opaque", "selective", "chosen", "nobody")

#: Headers that clients write themselves, or add to: addresses that are forwarded, and what a browser says of itself.
_CLIENTS_OWN = frozenset(
    {"x-forwarded-for", "x-real-ip", "forwarded", "x-client-ip", "x-cluster-client-ip", "true-client-ip", "via", "from"}
    | {"user-agent", "referer", "origin", "cookie", "host", "x-forwarded-host", "x-request-id", "x-requested-with"}
)


class Rate(NamedTuple):
    """So many in so many seconds, and where it is written.

    `is_steady` for what trickles (a leaky bucket); otherwise all of it can be used at once and is then given anew.
    """

    amount: int
    seconds: Fraction
    at: At
    is_steady: bool = False

    def within(self, window: str) -> int:
        """The most that it lets through in a window, sustained, beside what comes as a burst."""
        share = WINDOWS[window] / self.seconds
        if self.is_steady:
            return math.ceil(self.amount * share)
        return self.amount * max(1, math.ceil(share))

    @property
    def natural(self) -> str:
        """The window it is written in, or the next longer one that a manifest knows."""
        return next((window for window, seconds in WINDOWS.items() if seconds >= self.seconds), "day")


def strictest(rates: Sequence[Rate], subject: Mapping[str, object]) -> tuple[Rate, str]:
    """Of limits that all apply, the one that counts in the declared window (else in its own), and that window."""
    window = declared_window(subject)
    if window:
        return min(rates, key=lambda rate: rate.within(window)), window
    rate = min(rates, key=lambda rate: Fraction(rate.amount) / rate.seconds)
    return rate, rate.natural


def numbers(rates: Sequence[Rate], subject: Mapping[str, object], note: str, *, soft: bool) -> Iterator[Reading]:
    """`params.limit` and `params.window` of limits that all apply."""
    rate, window = strictest(rates, subject)
    is_exact = rate.seconds == WINDOWS[window] or (rate.is_steady and (rate.amount * WINDOWS[window]) % rate.seconds == 0)
    looser = "" if is_exact else "; told in the declared window, towards the looser side"
    yield rate.at.reading("params.limit", rate.within(window), note + looser, soft=soft)
    yield rate.at.reading("params.window", window, note)


#: How many windows' worth of requests a burst may hold where no limit is declared to hold it against.
_MANY = 60
DWARFED = "its burst is more than the limit; declare params.burst"


def is_dwarfed(amount: Fraction | int, burst: int, subject: Mapping[str, object], *, by_declared: bool = True) -> bool:
    """Whether what comes through at once is more than the declared limit, and is not declared itself.

    Without a declared limit and its window, or where every burst is a multiple (not `by_declared`), it is held against many
    windows of the one that is written, each of which lets `amount` through.
    """
    params = _params(subject)
    limit = params.get("limit")
    if params.get("burst") is not None:
        return False
    if by_declared and isinstance(limit, int | float) and not isinstance(limit, bool) and declared_window(subject):
        return burst > limit
    return burst > amount * _MANY


def declared_window(subject: Mapping[str, object]) -> str:
    """The window that a control declares, where it is one of the manifest's words."""
    window = _params(subject).get("window")
    return window if isinstance(window, str) and window in WINDOWS else ""


def _params(subject: Mapping[str, object]) -> Mapping[str, object]:
    params = subject.get("params")
    return params if isinstance(params, Mapping) else {}


def duration(value: object) -> Fraction | None:
    """Seconds of a duration such as `60s`, `1m30s` or `0.5s`; a bare number is not one. None for anything else."""
    if not isinstance(value, str) or len(value) > 64 or not _DURATION.fullmatch(value.strip()):
        return None
    return sum((Fraction(number) * _SUFFIXES[unit] for number, unit in _PART.findall(value)), Fraction(0))


def of_header(name: str, label: str) -> tuple[str, str]:
    """How a header counts as a key: what every client writes can be varied; one of the site's own may be set before."""
    if name.lower() in _CLIENTS_OWN or name.lower().startswith("accept"):
        return "chosen", f"{label} counts by the header {name}, which clients can vary: the limit can be bypassed"
    return "opaque", f"{label} counts by the header {name}; whether something before sets or checks it is not known here"
