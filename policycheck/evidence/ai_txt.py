"""What an ai.txt asks those who train models, in the form that spawning.ai publishes.

There is no stable standard: the file reuses the lines of robots.txt, mostly on kinds of files (`Disallow: *.jpg`), and
says whether media may be used for training when it is downloaded. Whoever reads it reads it in their own way, so that all
that is said here is for a person to confirm. Other files of this name (Markdown for assistants, llms.txt) are not read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policycheck.errors import ArtefactError
from policycheck.evidence import _published as published
from policycheck.evidence._published import Page, Unsaid
from policycheck.evidence._robots import robots_of
from policycheck.model import Account, Discovered, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policycheck.evidence._published import Place
    from policycheck.evidence._robots import Robots, Rule, Standing
    from policycheck.opener import Opener

KINDS_OF_SUBJECT: frozenset[str] = frozenset({"control", "policies"})
FILES: tuple[str, ...] = ("ai.txt", "*/ai.txt")

#: Bytes that are opened.
CAP = 1024 * 1024
_UNSTABLE = "ai.txt has no stable standard, so a person must judge"
_SITE = (published.place(published.WHOLE),)
_POLICIES = {"refused": "refused", "open": "allowed"}


def account(opener: Opener, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    """What the ai.txt at `path` (from the root) says about a control or the policies; all of it soft.

    Of a control: `layer`, `status` and `standards`. Of the policies: `ai_txt_ref` and `ai_agents_policy`. Never raises for
    what an artefact holds.
    """
    return published.heard(opener, path, CAP, lambda page: _account(page, options, subject))


def _account(page: Page, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    if published.is_control(subject):
        published.refuse_other_family(subject, "ai-txt")
        found = [*published.of_one_among(tuple(_of_control(page, _read(page), options, subject)), subject, {"ai_txt"})]
    else:
        standing = _read(page).standing("*", _SITE)
        found = [*published.reference(page, subject, "ai_txt_ref", options), _policy(page, standing)]
    return Account(tuple(reading._replace(soft=True) for reading in found))


def _read(page: Page) -> Robots:
    """The file as groups; only the form with User-agent lines is one."""
    text = published.text_of(page, "ai.txt", strict=False).lstrip()
    if text.startswith(("---", ">")) or "](http" in text:
        raise Unsaid(f"{page.path} is Markdown (llms.txt, or notes for assistants), not an ai.txt that refuses anything", 1)
    robots = robots_of(page, "ai.txt")
    if not any(group.rules for groups in robots.groups.values() for group in groups):
        raise Unsaid(f"{page.path} holds neither Allow nor Disallow, so it asks nothing", 1)
    return robots


def _of_control(
    page: Page, robots: Robots, options: Mapping[str, object], subject: Mapping[str, object]
) -> Iterator[Reading]:
    declared = published.words(published.params(subject).get("standards"))
    if declared and "ai_txt" not in declared:
        raise Unsaid(f"the control tells crawlers by {', '.join(declared)[:100]}, not by ai_txt")
    refusing = [rule for groups in robots.groups.values() for group in groups for rule in group.rules if not rule.allows]
    places = published.places(options)
    refused = [rule.line for rule in refusing if any(_covers(rule, place) for place in places)]
    if refusing and not all(any(_covers(rule, place) for rule in refusing) for place in places):
        raise Unsaid(f"no line of {page.path} refuses the surfaces of the control", refusing[0].line)
    yield page.layer()
    if refused:
        yield page.reading(("status",), "deployed", min(refused), f"the directive is published in this file; {_UNSTABLE}")
    else:
        yield page.reading(("status",), "planned", 1, f"no line of {page.path} refuses anything; {_UNSTABLE}")
    yield from published.standards(page, subject, {"ai_txt": 1}, {})


def _covers(rule: Rule, place: Place) -> bool:
    """Whether a line is about a place: about all of it, or about kinds of files anywhere (`*.jpg`)."""
    return rule.pattern.fits(place.sample) or rule.pattern.is_anywhere


def _policy(page: Page, standing: Standing) -> Reading:
    """What everybody is asked about training: refused for all files, for some kinds, or for none."""
    word = _POLICIES.get(standing.word, "partly_refused")
    return page.reading(("ai_agents_policy",), word, standing.line, f"what ai.txt asks everybody (*); {_UNSTABLE}")


def discover(opener: Opener, path: str) -> tuple[Discovered, ...]:
    """The control and the policies that an ai.txt lets a manifest declare; () when it is none."""
    try:
        page = published.opened(opener, path, CAP)
        robots = _read(page)
        policy = _policy(page, robots.standing("*", _SITE))
        readings = {reading.path: reading for reading in _of_control(page, robots, {}, {})}
    except (ArtefactError, Unsaid):
        return ()
    status = readings["status",]
    evidence = [{"kind": "ai-txt", "path": page.path}]
    control = {"id": "ai-txt", "family": "crawler_signal", "layer": "legal", "status": status.value}
    control |= {"params": {"standards": ["ai_txt"]}, "evidence": evidence}
    policies = {"ai_txt_ref": page.path, "evidence": evidence}
    questions = (
        ("owner", "Who inside the organisation answers for it?"),
        ("surfaces", "Which surfaces does this site serve?"),
    )
    return (
        Discovered("controls", control, page.path, status.line, _UNSTABLE, questions),
        Discovered("policies", policies, page.path, policy.line, policy.note),
    )
