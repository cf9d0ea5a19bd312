"""What nginx says about a declared rate limit: the `limit_req` in effect at one place.

The rules are those of ngx_http_limit_req_module: a level inherits `limit_req` only if it has none itself, a zone is
defined once at http level, dry run counts but limits nothing. `limit_conn` (ngx_http_limit_conn_module) bounds how
many connections are open at once and never how much is fetched in a time: it is no rate limit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from policycheck.evidence._nginx_files import Directive, Unsaid
from policycheck.evidence._nginx_keys import STANDINGS, standing
from policycheck.evidence._nginx_places import (
    Http,
    Spot,
    answer,
    handed_on,
    is_on,
    later,
    named,
    nearest,
    option,
    passes,
    refuse_answered_otherwise,
    refuse_foreign,
    refuse_sent_on,
    returned,
)
from policycheck.evidence._rates import DWARFED, WINDOWS, declared_window, is_dwarfed
from policycheck.model import Reading

#: The directives that decide, where a server is meant as a whole.
DECISIVE = ("limit_req",)

_NATURAL = {"s": "second", "m": "minute"}
_ZONE = re.compile(r"zone=([^:]+)(:.*)?", re.DOTALL)
_RATE = re.compile(r"rate=([0-9]{1,9})r/([sm])")
_COUNT = re.compile(r"(burst|delay)=([0-9]{1,9})")
#: The most limits of one place that are read, and the most zones of a configuration.
_MOST, _MOST_ZONES = 50, 1000
_CONNECTIONS = "limit_conn bounds how many connections are open at once, never the visits in an hour or a day"


@dataclass(frozen=True, slots=True)
class _Zone:
    """A `limit_req_zone`: what it counts by, requests per second, the window its rate is written in."""

    name: str
    key: str
    rate: Fraction
    natural: str
    at: Directive


@dataclass(frozen=True, slots=True)
class _Limit:
    """A `limit_req` in effect, its zone, how soundly the zone's key counts (a standing), and why."""

    at: Directive
    zone: _Zone
    standing: str
    why: str

    @property
    def rank(self) -> tuple[int, Fraction]:
        """The soundest first, then the strictest."""
        return (STANDINGS.index(self.standing), self.zone.rate)


def readings(spot: Spot, http: Http, options: Mapping[str, object], subject: Mapping[str, object]) -> tuple[Reading, ...]:
    """`status` and `limit`, `window`, `burst`, `unit`, `exempt` of `params`, each only where the file settles it."""
    zone = option(options, "zone")
    zones = _zones(http)
    _refuse_connections(zone, zones, http)
    found = nearest(spot, "limit_req")
    if len(found) > _MOST:
        raise found[_MOST].unsaid(f"more than {_MOST} limit_req stand in one place")
    limits = [_limit(item, zones, http, spot) for item in found]
    limits = [limit for limit in limits if not zone or limit.zone.name == zone]
    if not limits:
        _refuse_limited_later(spot, http)
        return (_absent(http, spot, f" with zone {zone}" if zone else ""),)
    strictest = min(limits, key=lambda limit: limit.rank)
    if strictest.standing in ("selective", "shared"):
        raise strictest.zone.at.unsaid(strictest.why)
    answered = answer(spot)
    if answered is not None:
        note = f"return answers every request for {spot.name} before limit_req is asked"
        return (_reading("status", "planned", answered, note),)
    refuse_sent_on(spot)
    refuse_answered_otherwise(spot, _refusal(spot), http)
    _refuse_passed_by(spot, http)
    where = _where(limits, strictest, spot, http)
    return (*_status(strictest, spot, where, subject), *_numbers(strictest, subject, where))


def _refuse_limited_later(spot: Spot, http: Http) -> None:
    """Raise where requests go on to a place that has a limit: nginx asks it there, so that none here denies nothing."""
    for item, place in later(spot, http, "limit_req"):
        if nearest(place, "limit_req"):
            hint = f"set it in {spot.name} too, or have a person look"
            raise item.unsaid(
                f"no limit_req is in effect for {spot.name}, but {item.name} hands requests on to {place.name}, "
                f"which has one; whether all get there is not decided here; {hint}"
            )


def _refuse_passed_by(spot: Spot, http: Http) -> None:
    """Raise where an `if` sends some requests to a program elsewhere before the limit is asked, and none is there.

    The rewrite module comes first: a rewrite, or a status that error_page answers elsewhere, leaves the limit behind.
    """
    for item, place in handed_on(spot, http, returned(spot)):
        if place.key != spot.key and not nearest(place, "limit_req") and passes(place) and answer(place) is None:
            said = f"an if sends some requests for {spot.name} on to {place.name} before limit_req is asked"
            raise item.unsaid(f"{said}, which has none; which requests these are is not decided here")


def _where(limits: list[_Limit], strictest: _Limit, spot: Spot, http: Http) -> str:
    named = ", ".join(f"zone={limit.zone.name}" for limit in limits)
    several = f"; zone={strictest.zone.name} counts" if len(limits) > 1 else ""
    part = " (seen without the http block around it)" if http.is_part else ""
    return f"limit_req {named} in effect for {spot.name}{part}{several}"


def _refusal(spot: Spot) -> str:
    """The status of a refused request."""
    found = nearest(spot, "limit_req_status")
    return found[0].args[0] if found and found[0].args else "503"


def _refuse_connections(zone: str, zones: Mapping[str, _Zone], http: Http) -> None:
    """Evidence that names a zone of connections can back no rate limit."""
    for item in http.named("limit_conn_zone"):
        if zone and zone not in zones and any((match := _ZONE.fullmatch(word)) and match[1] == zone for word in item.args):
            raise item.unsaid(f"zone {zone} is of limit_conn_zone: {_CONNECTIONS}; name a zone of limit_req_zone")


def _absent(http: Http, spot: Spot, which: str) -> Reading:
    """No limit is in effect. A part of a configuration cannot say so: the level around it may set one."""
    if http.is_part:
        raise Unsaid(f"no limit_req{which} in this file, which has no http block; name the main one", http.file)
    refuse_foreign(spot, "limit_req")
    note = f"no limit_req{which} is in effect for {spot.name}"
    connections = nearest(spot, "limit_conn")
    if connections:
        return _reading("status", "planned", connections[0], f"{note}; {_CONNECTIONS}")
    return _reading("status", "planned", spot.at(), note)


def _status(limit: _Limit, spot: Spot, where: str, subject: Mapping[str, object]) -> Iterator[Reading]:
    """Whether the limit enforces anything; unsaid when that hangs on what this file does not show.

    One whose burst lets more through than is declared is there, but what it stops is for a person to say.
    """
    for item in nearest(spot, "limit_req_dry_run"):
        if " ".join(item.args).lower() not in ("on", "off"):
            raise item.unsaid(f"limit_req_dry_run is neither on nor off for {spot.name}: whether anything is refused varies")
    dry = is_on(spot, "limit_req_dry_run")
    if limit.standing == "nobody":
        yield _reading("status", "planned", limit.zone.at, limit.why)
    elif limit.standing == "chosen":
        yield _reading("status", "observing", limit.zone.at, limit.why)
    elif dry is not None:
        note = f"limit_req_dry_run is on for {spot.name}: requests are counted, none is refused"
        yield _reading("status", "observing", dry, note)
    elif limit.standing != "opaque":
        is_soft = _is_dwarfed(limit, _count(limit.at, "burst") or 0, subject)
        note = f"{where}; {DWARFED}" if is_soft else where
        yield _reading("status", "deployed", limit.at, note)._replace(soft=is_soft)


def _numbers(limit: _Limit, subject: Mapping[str, object], where: str) -> Iterator[Reading]:
    """The sustained rate in the declared window (else the one it is written in), and what is counted.

    A rate that is no whole number in that window is rounded up: the looser number is the safe side, since a
    limit that looks looser than it is can only be questioned, never confirm a stricter declaration.
    """
    if limit.standing == "nobody":
        return
    zone = limit.zone
    window = declared_window(subject) or zone.natural
    rate = zone.rate * WINDOWS[window]
    extra = _count(limit.at, "burst")
    burst = "its burst comes on top and is not counted" if extra is not None else ""
    is_soft = _is_dwarfed(limit, extra or 0, subject)
    burst += ", and is more than what is declared; declare params.burst" if is_soft else ""
    rounded = "rounded up to a whole number" if rate.denominator != 1 else ""
    note = "; ".join(filter(None, (where, burst, limit.why)))
    yield _reading("params.limit", math.ceil(rate), zone.at, "; ".join(filter(None, (note, rounded))))._replace(soft=is_soft)
    yield _reading("params.window", window, zone.at, note)._replace(soft=is_soft)
    yield from _burst(limit, where)
    if limit.standing == "address":
        yield _reading("params.unit", "ip", zone.at, f"the key of zone={zone.name} is the address")._replace(soft=is_soft)
    if limit.standing == "account":
        yield _reading("params.unit", "account", zone.at, limit.why)._replace(soft=is_soft)
    if limit.standing == "address" and _params(subject).get("exempt") == []:
        yield _reading("params.exempt", [], zone.at, f"the key of zone={zone.name} exempts nobody")


def _is_dwarfed(limit: _Limit, burst: int, subject: Mapping[str, object]) -> bool:
    return is_dwarfed(limit.zone.rate * WINDOWS[limit.zone.natural], burst, subject)


def _burst(limit: _Limit, where: str) -> Iterator[Reading]:
    """How many may come at once above the rate: the burst with `nodelay`, its undelayed part with `delay`.

    A burst without either makes requests wait, so that none comes through above the rate: nothing is read.
    """
    burst, delay = _count(limit.at, "burst"), _count(limit.at, "delay")
    note = f"the burst of limit_req zone={limit.zone.name}"
    if burst is None:
        yield _reading("params.burst", 0, limit.at, f"{where}, without a burst")
    elif "nodelay" in limit.at.args:
        yield _reading("params.burst", burst, limit.at, f"{note}, served without delay")
    elif delay is not None:
        yield _reading("params.burst", min(burst, delay), limit.at, f"{note}, as far as delay lets it pass at once")


def _count(item: Directive, name: str) -> int | None:
    """A number among the words of a limit_req; one that is none cannot be loaded."""
    for word in item.args:
        match = _COUNT.fullmatch(word)
        if match and match[1] == name:
            return int(match[2])
        if word.startswith(f"{name}="):
            raise item.unsaid(f"the {name} of a limit_req is no number (a template?)")
    return None


def _reading(path: str, value: object, at: Directive, note: str) -> Reading:
    """A value read at a directive. The lexer gives no columns, so it stands at the first."""
    return Reading(tuple(path.split(".")), value, at.file, at.line, 1, note)


def _params(subject: Mapping[str, object]) -> Mapping[str, object]:
    params = subject.get("params")
    return params if isinstance(params, Mapping) else {}


# --- zones ---


def _zones(http: Http) -> dict[str, _Zone]:
    zones: dict[str, _Zone] = {}
    found = http.named("limit_req_zone")
    if len(found) > _MOST_ZONES:
        raise found[_MOST_ZONES].unsaid(f"the configuration has more than {_MOST_ZONES} limit_req_zone")
    for item in found:
        zone = _zone(item)
        if zone.name in zones:
            raise item.unsaid(f"limit_req_zone {zone.name} is defined twice")
        zones[zone.name] = zone
    return zones


def _zone(item: Directive) -> _Zone:
    """A zone from its directive: `limit_req_zone key zone=name:size rate=Nr/s|Nr/m [sync]`."""
    names = [match[1] for word in item.args[1:] if (match := _ZONE.fullmatch(word))]
    rates = [match for word in item.args[1:] if (match := _RATE.fullmatch(word))]
    if len(names) != 1:
        raise item.unsaid("a limit_req_zone does not name one zone")
    if len(rates) != 1 or int(rates[0][1]) == 0:
        raise item.unsaid(f"the rate of limit_req_zone {names[0]} is no number (a template?)")
    natural = _NATURAL[rates[0][2]]
    return _Zone(names[0], item.args[0], Fraction(int(rates[0][1]), WINDOWS[natural]), natural, item)


def _limit(item: Directive, zones: Mapping[str, _Zone], http: Http, spot: Spot) -> _Limit:
    names = [match[1] for word in item.args if (match := _ZONE.fullmatch(word))]
    if len(names) != 1:
        raise item.unsaid("a limit_req does not name one zone")
    if names[0] not in zones:
        inner = [each for level in spot.levels[1:] for each in named(level, "limit_req_zone")]
        hint = f"; limit_req_zone on line {inner[0].line} stands outside of http, where nginx refuses it" if inner else ""
        raise item.unsaid(f"limit_req names zone {names[0]}, which no limit_req_zone here defines{hint}")
    zone = zones[names[0]]
    return _Limit(item, zone, *standing(zone.key, f"the key of zone={zone.name}", http, spot))
