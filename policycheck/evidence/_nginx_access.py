"""Whether nginx lets a visitor in who has not signed in: `auth` of a surface, where it is settled.

Sources: ngx_http_auth_basic_module (which asks nothing without `auth_basic_user_file`), ngx_http_auth_request_module,
ngx_http_access_module (rules in order, taken over only by a level that has none), `satisfy` of
ngx_http_core_module. That nginx asks nothing settles nothing: the program behind it may.
"""

from __future__ import annotations

from collections.abc import Iterator

from policycheck.evidence._nginx_files import Directive, Unsaid
from policycheck.evidence._nginx_places import (
    Http,
    Spot,
    answer,
    is_refusal,
    locations,
    named,
    nearest,
    passes,
    refuse_answered_otherwise,
    refuse_sent_on,
    resolve,
)
from policycheck.model import Reading

DECISIVE = ("auth_basic", "auth_request", "deny", "return")


def reading(spot: Spot, http: Http) -> Reading:
    """`auth` of a surface; raises Unsaid where nginx alone does not settle it."""
    answered = answer(spot)
    if answered is not None:
        return _answered(answered, spot, http)
    refuse_sent_on(spot)
    _refuse_limited(spot)
    allowed, is_closed = _rules(spot)
    asking = next(_asking(spot, http), None)
    is_any = any("any" in item.args for item in nearest(spot, "satisfy"))
    if is_closed and not allowed and (not is_any or asking is None):
        refuse_answered_otherwise(spot, "403", http)
        return _required(nearest(spot, "deny")[0], f"{spot.name} is closed to everybody: deny all")
    if asking is not None and is_any and (allowed or not is_closed):
        listed = (*nearest(spot, "allow"), asking)[0]
        raise listed.unsaid(f"satisfy any: {spot.name} is open without signing in to the addresses that allow lists")
    if asking is not None:
        refuse_answered_otherwise(spot, "401", http)
        return _required(asking, f"{asking.name} asks for a sign-in at {spot.name}")
    return _open(spot, is_closed=is_closed)


def _required(at: Directive, note: str) -> Reading:
    return Reading(("auth",), "required", at.file, at.line, 1, note)


def _answered(answered: Directive, spot: Spot, http: Http) -> Reading:
    """A return comes before every other question."""
    code = answered.args[0] if answered.args else ""
    if not is_refusal(code):
        raise answered.unsaid(f"return answers every request for {spot.name}; whether a page is served is not seen here")
    refuse_answered_otherwise(spot, code, http)
    return _required(answered, f"{spot.name} is closed to everybody: return")


def _refuse_limited(spot: Spot) -> None:
    for item in named(spot.own, "limit_except"):
        raise item.unsaid(f"limit_except makes access to {spot.name} depend on the method")


def _rules(spot: Spot) -> tuple[bool, bool]:
    """Whether the rules on addresses let some through, and whether they then turn all others away."""
    level = next((one for one in reversed(spot.levels) if named(one, "allow") or named(one, "deny")), ())
    allowed = False
    for item in level:
        if item.name == "deny" and item.args == ("all",):
            return allowed, True
        if item.name == "allow" and item.args == ("all",):
            return True, False
        allowed = allowed or item.name == "allow"
    return allowed, False


def _asking(spot: Spot, http: Http) -> Iterator[Directive]:
    """The directives that ask for a sign-in and are complete."""
    for item in nearest(spot, "auth_basic")[:1]:
        if "$" in "".join(item.args):
            raise item.unsaid(f"whether auth_basic asks at {spot.name} hangs on a variable")
        if item.args != ("off",) and nearest(spot, "auth_basic_user_file"):
            yield item
    for item in nearest(spot, "auth_request")[:1]:
        if item.args != ("off",) and not _always_granted(item, spot, http):
            yield item


def _always_granted(item: Directive, spot: Spot, http: Http) -> bool:
    """Whether the address that auth_request asks says yes to everybody."""
    target = item.args[0] if item.args else ""
    if not target.startswith("/") or "$" in target:
        raise item.unsaid(f"what auth_request asks at {spot.name} varies")
    server = Spot("", spot.levels[:2], spot.file, spot.line)
    asked = next((inner for inner in locations(server) if inner.words in (f"= {target}", target)), None)
    answered = answer(asked or resolve(server, target, http))
    return answered is not None and bool(answered.args) and answered.args[0].startswith("2")


def _open(spot: Spot, *, is_closed: bool) -> Reading:
    """Nothing asks. Settled only where a level says so itself and nginx serves the files: `auth_basic off`."""
    if is_closed:
        first = nearest(spot, "deny")[0]
        raise first.unsaid(f"{spot.name} is open to some addresses only, which is not signing in")
    off = next((item for name in ("auth_basic", "auth_request") for item in named(spot.own, name)), None)
    incomplete = next(iter(nearest(spot, "auth_basic")), None)
    if off is not None and off.args == ("off",) and not passes(spot) and not named(spot.rewriting, "if"):
        return Reading(("auth",), "none", off.file, off.line, 1, f"{off.name} is off for the files of {spot.name}")
    if incomplete is not None and incomplete.args != ("off",):
        raise incomplete.unsaid(f"auth_basic has no auth_basic_user_file for {spot.name}, so that it asks nothing")
    reason = f"nothing asks for a sign-in at {spot.name} in nginx; whether the program behind does is not seen here"
    raise Unsaid(reason, spot.file, spot.line)
