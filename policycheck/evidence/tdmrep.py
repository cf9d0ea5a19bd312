"""What a tdmrep.json reserves: the text and data mining reservation of a site (W3C community group, TDMRep).

The file is a JSON array of rules `{location, tdm-reservation, tdm-policy}`; the first that fits a path counts, and only the
number 1 reserves: any other value is an error of the protocol, which readers have to take for no reservation. Headers and
meta elements of a page come before the file and are not seen here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from policycheck.document import parse_foreign
from policycheck.errors import ArtefactError
from policycheck.evidence import _published as published
from policycheck.evidence._published import Page, Pattern, Unsaid
from policycheck.model import Account, Discovered, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from policycheck.document import Document
    from policycheck.evidence._published import Place
    from policycheck.opener import Opener

KINDS_OF_SUBJECT: frozenset[str] = frozenset({"control", "policies"})
FILES: tuple[str, ...] = ("tdmrep.json", "*/tdmrep.json")

#: Bytes that are opened, and rules that are read.
CAP, RULES = 1024 * 1024, 5000
_WHAT = "a tdmrep.json"


class Rule(NamedTuple):
    """One rule: where it holds, whether it reserves, its policy, why it says nothing (blank when it does), its line."""

    pattern: Pattern
    reserves: bool
    policy: str
    amiss: str
    line: int


class Reserved(NamedTuple):
    """What holds for some places: all of it reserved, only parts, or nothing; why, and at which line."""

    word: str
    why: str
    line: int


def account(opener: Opener, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    """What the tdmrep.json at `path` (from the root) says about a control or the policies.

    Of a control: `layer`, `status` and `standards`, for the surfaces it names (else for the whole site). Of the policies:
    `tdm_policy_ref`. Never raises for what an artefact holds.
    """
    return published.heard(opener, path, CAP, lambda page: _account(page, options, subject))


def _account(page: Page, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    if not published.is_control(subject):
        return Account(tuple(_of_policies(page, _rules(page), options, subject)))
    published.refuse_other_family(subject, "tdmrep")
    found = tuple(_of_control(page, _rules(page), options, subject))
    return Account(published.of_one_among(found, subject, {"tdm_reservation"}))


# --- bytes to rules ---


def _rules(page: Page) -> list[Rule]:
    """The rules of the file, in order; Unsaid when it is no JSON array of them.

    Crawlers read it with a JSON parser, so YAML that happens to parse is refused first.
    """
    text = published.text_of(page, _WHAT)
    if text.lstrip().startswith("<"):
        raise Unsaid(f"{page.path} is HTML or XML, not {_WHAT} (an error page that was saved?)", 1)
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        raise Unsaid(f"{page.path} is not JSON: {error.msg.lower()}", error.lineno) from None
    except (ValueError, RecursionError):
        raise Unsaid(f"{page.path} is not JSON that can be read: a number or the nesting is beyond measure") from None
    if not isinstance(whole, list):
        raise Unsaid(f"{page.path} holds no array; one rule has to stand in [ ] too", 1)
    documents, problems = parse_foreign(page.data, page.path)
    if problems:
        raise Unsaid(f"{page.path} {problems[0].message}", problems[0].line)
    return _listed(page, documents[0]) if documents else []


def _listed(page: Page, document: Document) -> list[Rule]:
    data = document.data
    if len(data) > RULES:
        raise Unsaid(f"{page.path} holds more rules than are read")
    rules = [_rule(item, document) for item in data if isinstance(item, dict)]
    if not rules or len(rules) != len(data):
        raise Unsaid(f"{page.path} is no array of rules with location and tdm-reservation", 1)
    if not any("location" in item for item in data):
        raise Unsaid(f"{page.path} is no array of rules: none has a location", 1)
    return rules


def _rule(item: dict[str, Any], document: Document) -> Rule:
    """One rule. `true` and "1" are not 1: readers must take such a value for none (section `tdm-reservation`)."""
    where, value, policy = (item.get(key) for key in ("location", "tdm-reservation", "tdm-policy"))
    place = document.locate(item, "tdm-reservation")
    if isinstance(value, float) and value == 1:
        # JSON has one kind of number, many languages have two.
        why = "tdm-reservation is not written as 1: some readers take it for that, and others for unset; write 1"
        raise Unsaid(why, place.line if place else 1)
    is_number = isinstance(value, int) and not isinstance(value, bool) and value in (0, 1)
    amiss = "" if is_number else "tdm-reservation is neither the number 0 nor 1, so that readers take it for unset"
    if "tdm-reservation" not in item:
        amiss = "tdm-reservation is missing, so that readers take it for unset"
    if not isinstance(where, str) or not where.startswith(("/", "*")):
        amiss, where = "location is no path, so that the rule fits nothing", ""
    # A pattern that is no path must not fit: `$` alone fits the empty path only.
    return Rule(Pattern(where or "$"), is_number and value == 1, policy if isinstance(policy, str) else "", amiss,
                place.line if place else 1)  # fmt: skip


# --- rules to readings ---


def _reserved(rules: Sequence[Rule], places: Sequence[Place]) -> Reserved:
    """What holds for all the places together."""
    found = [_of_place(rules, place) for place in places]
    worst = next((one for one in found if one.word == "nothing"), None) or next(
        (one for one in found if one.word == "parts"), None
    )
    return worst or found[0]


def _of_place(rules: Sequence[Rule], place: Place) -> Reserved:
    """The first rule in sequence that fits; for a place that means many, earlier rules may hold for some of them."""
    first = next((rule for rule in rules if rule.pattern.fits(place.sample)), None)
    shown = "the site" if place.shown == published.WHOLE else place.shown
    if first is None or not first.reserves:
        why = (first.amiss or "tdm-reservation is 0: nothing is reserved") if first else "no location fits it"
        return Reserved("nothing", f"{shown}: {why}", first.line if first else 1)
    # Of a folder (`/products/`) the pages in it are meant too.
    for rule in rules[: rules.index(first)] if place.varies or place.prefix.endswith("/") else ():
        if not rule.reserves and rule.pattern.may_fit_below(place.prefix):
            return Reserved("parts", f"{shown} is reserved, but an earlier rule opens a part of it", rule.line)
    return Reserved(
        "all", f"{shown} is reserved in this file; a header or meta element of a page would come before it", first.line
    )


def _of_control(
    page: Page, rules: Sequence[Rule], options: Mapping[str, object], subject: Mapping[str, object]
) -> Iterator[Reading]:
    declared = published.words(published.params(subject).get("standards"))
    if declared and "tdm_reservation" not in declared:
        raise Unsaid(f"the control tells crawlers by {', '.join(declared)[:100]}, not by tdm_reservation")
    found = _reserved(rules, published.places(options))
    yield page.layer()
    is_soft = found.word == "parts"
    yield page.reading(
        ("status",), "planned" if found.word == "nothing" else "deployed", found.line, found.why, soft=is_soft
    )
    if found.word == "nothing":
        denied = [
            r._replace(line=found.line) for r in published.standards(page, subject, {}, {"tdm_reservation": found.why})
        ]
        yield from denied
    else:
        shown = published.standards(page, subject, {"tdm_reservation": found.line}, {})
        yield from (reading._replace(soft=reading.soft or is_soft) for reading in shown)


def _of_policies(
    page: Page, rules: Sequence[Rule], options: Mapping[str, object], subject: Mapping[str, object]
) -> Iterator[Reading]:
    """`tdm_policy_ref`: a policy that some rule names, or this file; contradicted when nothing is reserved."""
    declared = subject.get("tdm_policy_ref")
    if not isinstance(declared, str) or not declared.strip():
        raise Unsaid("the policies declare no tdm_policy_ref, so there is nothing to hold the file against")
    reserving = [rule for rule in rules if rule.reserves and not rule.amiss]
    if not reserving:
        why = next((rule.amiss for rule in rules if rule.amiss), "tdm-reservation is 0 everywhere")
        yield page.reading(("tdm_policy_ref",), "nothing is reserved", rules[0].line, why)
        return
    named = [rule for rule in reserving if rule.policy == declared.strip()]
    if named:
        yield page.reading(("tdm_policy_ref",), declared, named[0].line, "a rule that reserves names this policy")
        return
    found = published.reference(page, subject, "tdm_policy_ref", options)
    if not found:
        raise Unsaid("no rule that reserves names the declared tdm_policy_ref, and it is not this file", reserving[0].line)
    yield from found


def discover(opener: Opener, path: str) -> tuple[Discovered, ...]:
    """The control and the policies that a tdmrep.json lets a manifest declare; () when it is none or reserves nothing."""
    try:
        page = published.opened(opener, path, CAP)
        rules = _rules(page)
    except (ArtefactError, Unsaid):
        return ()
    reserving = [rule for rule in rules if rule.reserves and not rule.amiss]
    if not reserving:
        return ()
    evidence = [{"kind": "tdmrep", "path": page.path}]
    whole = _reserved(rules, (published.place(published.WHOLE),))
    status = "planned" if whole.word == "nothing" else "deployed"
    control: dict[str, Any] = {"id": "tdm-reservation", "family": "crawler_signal", "layer": "legal", "status": status}
    control |= {"params": {"standards": ["tdm_reservation"]}, "evidence": evidence}
    if whole.word == "nothing":
        # Without surfaces the file would be held against the whole site, of which it reserves only parts.
        control.pop("status")
        control.pop("params")
    policy = next((rule.policy for rule in reserving if rule.policy), page.path)
    questions = (
        ("owner", "Who inside the organisation answers for it?"),
        ("surfaces", "Which surfaces does this site serve?"),
    )
    return (
        Discovered("controls", control, page.path, reserving[0].line, whole.why, questions),
        Discovered("policies", {"tdm_policy_ref": policy, "evidence": evidence}, page.path, reserving[0].line),
    )
