"""What a robots.txt says: which crawlers it really asks to stay away, and what its Content-Signal lines grant.

It is a request that is published, never a barrier: `deployed` means that the line stands in this file. Sources: RFC 9309;
contentsignals.org for Content-Signal; the dated list of `_crawlers` for what counts as a crawler for AI.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from policycheck.errors import ArtefactError
from policycheck.evidence import _published as published
from policycheck.evidence._crawlers import CONTROL_TOKENS, SEARCH_ENGINES, crawlers
from policycheck.evidence._published import Page, Unsaid
from policycheck.evidence._robots import robots_of, token
from policycheck.model import Account, Discovered, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from policycheck.evidence._published import Place
    from policycheck.evidence._robots import Robots, Signal, Standing
    from policycheck.opener import Opener

KINDS_OF_SUBJECT: frozenset[str] = frozenset({"control", "policies", "surface"})
FILES: tuple[str, ...] = ("robots.txt", "*/robots.txt")

#: Bytes that are opened; crawlers read 500 KiB of them at least.
CAP = 4 * 1024 * 1024
#: The most agents that a control or policy may declare, and that a proposal names.
AGENTS, PROPOSED = 500, 100

#: Folders, and parts of names, of files that no crawler is ever shown.
_ELSEWHERE = frozenset({"staging", "stage", "dev", "development", "test", "testing", "sandbox", "preview", "qa", "uat"})
_PARTS = re.compile(r"[._-]+")
_SHOWN = "only the first 500 KiB were read, and crawlers may stop there"
_UNSERVED = "crawlers read /robots.txt only: whether this file is served there is to be said with options: {served_at: …}"


def account(opener: Opener, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    """What the robots.txt at `path` (from the root) says about a control, the policies or a surface.

    Of a control: `layer`, `status`, and of `params` the `standards` and `agents`, for the surfaces it names (else for the
    whole site). Of the policies: `refused_agents`, `ai_agents_policy`, `robots_ref`. Of a surface: `search_indexing`
    where search engines are refused. A file by another name than robots.txt only supports, unless `options: {served_at:
    address}` says where the site serves it. Never raises for what an artefact holds.
    """
    return published.heard(opener, path, CAP, lambda page: _account(page, options, subject))


def _account(page: Page, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    is_served = _is_served(page, options)
    if published.is_control(subject):
        published.refuse_other_family(subject, "robots")
    robots = robots_of(page)
    said = _said(page, robots, options, subject)
    said = said if is_served else _softened(said, _UNSERVED)
    return _softened(said, _SHOWN) if robots.is_cut else said


def _said(page: Page, robots: Robots, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    if published.is_control(subject):
        found = tuple(_of_control(page, robots, options, subject))
        # A control of the family robots is out of force without its robots.txt, whatever else it names.
        is_robots = subject.get("family") == "robots"
        return Account(found if is_robots else published.of_one_among(found, subject, {"robots_txt", "content_signals"}))
    if "kind" in subject:
        return Account(tuple(_of_surface(page, robots, subject)))
    return _of_policies(page, robots, options, subject)


def _is_served(page: Page, options: Mapping[str, object]) -> bool:
    """Whether the file is the one that crawlers read (RFC 9309 section 2.3): by its name, or as `served_at` says.

    Unsaid for one of a site that is no public one, and for one that is no text file and that nobody says is served.
    """
    if _served_at(page, options):
        return True
    *folders, name = page.path.lower().split("/")
    if not name.endswith(".txt"):
        raise Unsaid(f"crawlers read /robots.txt only, and {page.path} is none; name the file that the site serves")
    if _ELSEWHERE.intersection((*folders, *_PARTS.split(name))) and not options.get("server"):
        raise Unsaid(
            f"{page.path} is the file of another site by its folder or name;"
            " name the one that the surfaces serve, or its server"
        )
    return page.path.rpartition("/")[2] == "robots.txt"


def _served_at(page: Page, options: Mapping[str, object]) -> bool:
    """Whether the entry's options say at which address the file is served; only /robots.txt is one that crawlers read."""
    further = options.get("options")
    url = str(further.get("served_at") or "").strip() if isinstance(further, dict) else ""
    if not url:
        return False
    if published.path_of(url) != "/robots.txt":
        raise Unsaid(f"crawlers read /robots.txt only, and served_at of {page.path} names another address")
    published.refuse_host(options, url, page.path)
    return True


def _softened(said: Account, why: str) -> Account:
    """What is said of a file that crawlers may not read, or not to its end, is for a person to confirm."""
    soft = [tuple(r._replace(soft=True, note=f"{r.note}; {why}") for r in rs) for rs in (said.readings, said.absences)]
    return said._replace(readings=soft[0], absences=soft[1])


# --- a control ---


def _of_control(
    page: Page, robots: Robots, options: Mapping[str, object], subject: Mapping[str, object]
) -> Iterator[Reading]:
    places = published.places(options)
    declared = _declared_agents(published.words(published.params(subject).get("agents")))
    standings = {agent: robots.standing(agent, places) for agent in declared or _named(robots)}
    standards = published.words(published.params(subject).get("standards"))
    signals = _signals(robots)
    yield page.layer()
    wanted = _wanted(standards, subject)
    if "content_signals" in wanted:
        _refuse_both(robots)
        if not signals and robots.stray:
            raise Unsaid(
                "a Content-Signal line stands above every group, or begins with a path: readers may differ on it",
                robots.stray,
            )
    yield _status(page, standings, signals, places, wanted)
    denied = {} if signals else {"content_signals": f"{page.path} has no Content-Signal line that says yes or no to a use"}
    shown = {"robots_txt": 1} | ({"content_signals": signals[0].line} if signals else {})
    yield from published.standards(page, subject, shown, denied)
    if declared:
        yield _agents(page, robots, declared, standings, places)


def _declared_agents(agents: Sequence[str]) -> list[str]:
    if len(agents) > AGENTS:
        raise Unsaid(f"more than {AGENTS} agents are declared, which are not tried on one file")
    return [agent for agent in agents if agent.strip()]


def _named(robots: Robots) -> list[str]:
    """The agents that a file names, as it spells them; Unsaid when they are too many."""
    if len(robots.names) > AGENTS:
        raise Unsaid(f"{robots.path} names more than {AGENTS} agents; declare those that are meant in params.agents")
    return [name for name, _ in robots.names.values() if name] or ["*"]


def _wanted(standards: Sequence[str], subject: Mapping[str, object]) -> set[str]:
    """The ways of telling crawlers on which this file decides the status; all of them when none is declared."""
    here = {"robots_txt", "content_signals"}
    found = here.intersection(standards)
    if standards and not found:
        raise Unsaid(f"the control tells crawlers by {', '.join(standards)[:100]}, which robots.txt does not show")
    return found or ({"robots_txt"} if subject.get("family") == "robots" else here)


def _refuse_both(robots: Robots) -> None:
    """Unsaid where one group's Content-Signal lines say yes and no to one use: which of them counts is not settled."""
    for group in {id(group): group for groups in robots.groups.values() for group in groups}.values():
        said: dict[str, Signal] = {}
        for signal in group.signals:
            if said.setdefault(signal.use, signal).is_granted != signal.is_granted:
                raise Unsaid(f"Content-Signal says both yes and no to {signal.use}", signal.line)


def _status(
    page: Page, standings: Mapping[str, Standing], signals: Sequence[Signal], places: Sequence[Place], wanted: set[str]
) -> Reading:
    """Deployed when a line of this file asks somebody for something there; it stands at that line."""
    asked = [standing.line for standing in standings.values() if standing.word != "open"]
    if asked and "robots_txt" in wanted:
        return page.reading(
            ("status",), "deployed", asked[0], "the directive is published in this file; it enforces nothing"
        )
    refused = [signal.line for signal in signals if not signal.is_granted]
    if refused and "content_signals" in wanted:
        return page.reading(("status",), "deployed", refused[0], "the signal is published in this file; it enforces nothing")
    if "robots_txt" in wanted:
        group = next((standing.group for standing in standings.values() if standing.group), 1)
        note = f"no line asks {_some(list(standings))} to stay away from {_places(places)}"
        return page.reading(("status",), "planned", group, note)
    line = published.first_line([signal.line for signal in signals])
    return page.reading(("status",), "planned", line, "no Content-Signal line refuses a use")


def _agents(
    page: Page, robots: Robots, declared: Sequence[str], standings: Mapping[str, Standing], places: Sequence[Place]
) -> Reading:
    """The declared agents, without those that the file does not refuse for the surfaces."""
    kept = [agent for agent in declared if standings[agent].is_refusal]
    gone = [agent for agent in declared if not standings[agent].is_refusal]
    path = ("params", "agents")
    if gone:
        notes = "; ".join(_unrefused(robots, agent, standings[agent], places) for agent in gone[:5])
        more = f"; and others: {_some(gone[5:])}" if gone[5:] else ""
        return page.reading(path, kept, standings[gone[0]].group or 1, notes + more)
    excepted = [agent for agent in kept if standings[agent].word == "excepted"]
    note = f"{_some(kept)}: asked to stay away from {_places(places)}{_tokens_only(kept)}"
    if excepted:
        note += f"; but Allow lines open parts of it to {_some(excepted)}"
    first = standings[(excepted or kept)[0]]
    return page.reading(path, kept, first.line, note, soft=bool(excepted))


def _unrefused(robots: Robots, agent: str, standing: Standing, places: Sequence[Place]) -> str:
    """Why an agent that is declared as refused is not, in one sentence."""
    if standing.word == "partly":
        whose = agent if standing.group else f"{agent} is named by no group, and *"
        return f"{whose} is refused for parts of {_places(places)} only (line {standing.line})"
    if standing.group:
        odd = f"; line {robots.unknown[0]} is none that crawlers know" if robots.unknown else ""
        return f"{agent} has a group (line {standing.group}) that lets it fetch {_places(places)}{odd}"
    amiss = _amiss(robots, agent)
    if amiss:
        return f"{agent} is not refused: line {amiss} names it, but not as one plain token, as RFC 9309 has it"
    if "*" in robots.groups:
        return f"{agent} is named by no group, and * may fetch {_places(places)}"
    return f"{agent} is named by no group, so it may fetch everything"


def _amiss(robots: Robots, agent: str) -> int:
    """The line that names an agent among others (parted by commas or spaces) or with a star; some readers take it."""
    for name, line in robots.names.values():
        parts = [token(part.strip("*")) for part in name.replace(",", " ").replace(";", " ").split()]
        if token(agent) in parts:
            return line
    return 0


def _some(names: Sequence[str]) -> str:
    return f"{', '.join(names[:5])[:200]}{' and others' if len(names) > 5 else ''}"


def _places(places: Sequence[Place]) -> str:
    shown = ["the site" if place.shown == published.WHOLE else place.shown for place in places]
    return _some(shown)


def _tokens_only(agents: Sequence[str]) -> str:
    """A control token is never a visitor: its pages are fetched all the same, by another name."""
    found = [agent for agent in agents if token(agent) in CONTROL_TOKENS]
    return f"; {_some(found)} is a control token and no crawler: the pages are fetched all the same" if found else ""


def _signals(robots: Robots, agents: Sequence[str] = ()) -> list[Signal]:
    """The Content-Signal uses of a file by line; of some agents (and of `*`) only, when any are given."""
    keys = {token(agent) for agent in agents} | {"*"} if agents else robots.groups.keys()
    groups = {id(group): group for key in keys for group in robots.groups.get(key, ())}
    return sorted((signal for group in groups.values() for signal in group.signals), key=lambda signal: signal.line)


# --- the policies ---

_SITE = (published.place(published.WHOLE),)


def _of_policies(page: Page, robots: Robots, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    readings = published.reference(page, subject, "robots_ref", options)
    absences: list[Reading] = []
    declared = subject.get("refused_agents")
    if declared == []:
        readings.append(_none_refused(page, robots))
    elif isinstance(declared, list):
        names = [item["name"] for item in declared if isinstance(item, dict) and isinstance(item.get("name"), str)]
        found = [_refused_agent(page, robots, name) for name in _declared_agents(names)]
        readings += [reading for reading, is_refused in found if is_refused]
        absences += [reading for reading, is_refused in found if not is_refused]
    readings.append(_ai_policy(page, robots, subject.get("ai_agents_policy")))
    return Account(tuple(readings), absences=tuple(absences))


def _refused_agent(page: Page, robots: Robots, agent: str) -> tuple[Reading, bool]:
    """A declared refusal: the line that backs it, or where it is missing; and which of the two."""
    standing = robots.standing(agent, _SITE)
    path = ("refused_agents", agent)
    if not standing.is_refusal:
        return page.reading(path, None, standing.group or 1, _unrefused(robots, agent, standing, _SITE)), False
    is_excepted = standing.word == "excepted"
    but = "; but Allow lines open parts of it" if is_excepted else ""
    note = f"asked to stay away from the site{but}{_tokens_only([agent])}"
    return page.reading((*path, "name"), agent, standing.line, note, soft=is_excepted), True


def _none_refused(page: Page, robots: Robots) -> Reading:
    """A declared `refused_agents: []`: true when nobody is asked to stay away from the whole site."""
    standings = {agent: robots.standing(agent, _SITE) for agent in _named(robots)}
    refused = [agent for agent, standing in standings.items() if standing.is_refusal]
    if not refused:
        return page.reading(("refused_agents",), [], 1, "no crawler is asked to stay away from the whole site")
    found = [{"name": agent} for agent in refused[:PROPOSED]]
    note = f"{_some(refused)}: asked to stay away from the site"
    return page.reading(("refused_agents",), found, standings[refused[0]].line, note)


def _ai_policy(page: Page, robots: Robots, declared: object) -> Reading:
    """What crawlers for AI training are asked, by the dated list: all of them refused, some, or none.

    A Content-Signal that grants training while they are refused makes it partly so, and one that refuses training
    while they may fetch likewise: then the words of the file and not its paths say it, and a person has to read them.
    """
    known = crawlers()
    standings = {agent: robots.standing(agent, _SITE) for agent in known.training}
    refused = [agent for agent, standing in standings.items() if standing.word == "refused"]
    touched = [agent for agent, standing in standings.items() if standing.is_refusal or _is_meant(standing)]
    word = "refused" if len(refused) == len(standings) else "partly_refused" if touched else "allowed"
    others = [agent for agent in standings if agent not in refused]
    note = f"of {len(standings)} tokens for AI training in the list of {known.date}, {len(refused)} are asked to stay away"
    if word == "partly_refused":
        note += f"; not {_some(others)}"
    line = published.first_line([standings[agent].line for agent in touched])
    signals = [signal for signal in _signals(robots, known.training) if signal.use == "ai-train"]
    against = [signal for signal in signals if signal.is_granted is (word != "allowed")]
    if against and word != "partly_refused":
        says = "yes" if against[0].is_granted else "no"
        note = f"Content-Signal says ai-train={says}, while {note}"
        return page.reading(("ai_agents_policy",), "partly_refused", against[0].line, note, soft=word == "allowed")
    return page.reading(("ai_agents_policy",), word, line, note)


def _is_meant(standing: Standing) -> bool:
    """Whether a group of its own closes parts to an agent; what `*` closes to everybody is no policy on AI."""
    return standing.word == "partly" and bool(standing.group)


# --- a surface ---


def _of_surface(page: Page, robots: Robots, subject: Mapping[str, object]) -> list[Reading]:
    """What search engines are asked about a surface. Crawling is not indexing, so most files do not settle it.

    `search=` of a Content-Signal speaks of indexing itself. Refusing the crawlers keeps the text out but not the address;
    admitting them says nothing, since a page can still ask not to be indexed.
    """
    url = subject.get("url")
    if not isinstance(url, str) or not published.path_of(url):
        raise Unsaid("the surface declares no url with a path, so no line of robots.txt can be held against it")
    places = published.places({"urls": [url]})
    signals = [signal for signal in _signals(robots, SEARCH_ENGINES) if signal.use == "search"]
    if signals and len({signal.is_granted for signal in signals}) == 1:
        word = "allowed" if signals[0].is_granted else "refused"
        note = f"Content-Signal says search={'yes' if signals[0].is_granted else 'no'}"
        return [page.reading(("search_indexing",), word, signals[0].line, note, soft=signals[0].is_granted)]
    standings = [robots.standing(agent, places) for agent in SEARCH_ENGINES]
    if all(standing.word == "refused" for standing in standings):
        note = f"{' and '.join(SEARCH_ENGINES)} are asked not to fetch it; crawling is not indexing, so a person must judge"
        return [page.reading(("search_indexing",), "refused", standings[0].line, note, soft=True)]
    raise Unsaid(
        f"{page.path} does not keep search engines from the surface, and crawling is not indexing: it settles nothing"
    )


# --- what a repository holds ---


def discover(opener: Opener, path: str) -> tuple[Discovered, ...]:
    """The control and the policies that a robots.txt lets a manifest declare, or why it lets it declare nothing."""
    try:
        page = published.opened(opener, path, CAP)
        robots = robots_of(page)
        standings = {agent: robots.standing(agent, _SITE) for agent in _named(robots)}
        policies = _ai_policy(page, robots, None)
    except (ArtefactError, Unsaid) as error:
        # By its name crawlers are meant to read it; a file of another name is of another kind.
        is_one = path.lower().rpartition("/")[2] == "robots.txt"
        return (Discovered("", {}, path, getattr(error, "line", 0), str(error)),) if is_one else ()
    evidence = [{"kind": "robots", "path": page.path}]
    refused = [agent for agent, standing in standings.items() if standing.is_refusal][:PROPOSED]
    found = [_policies(page, refused, policies, evidence)]
    signals = _signals(robots)
    asked = [standing.line for standing in standings.values() if standing.word != "open"]
    asked += [signal.line for signal in signals if not signal.is_granted]
    if asked:
        found.insert(0, _control(page, refused, bool(signals), min(asked), evidence))
    return tuple(found)


def _control(page: Page, refused: list[str], has_signals: bool, line: int, evidence: list[dict[str, str]]) -> Discovered:
    params: dict[str, Any] = {"standards": ["robots_txt", *(["content_signals"] if has_signals else [])]}
    if refused:
        params["agents"] = refused
    family = "crawler_signal" if has_signals and not refused else "robots"
    item = {"id": "robots-txt", "family": family, "layer": "legal", "status": "deployed", "params": params}
    questions = (
        ("owner", "Who inside the organisation answers for it?"),
        ("surfaces", "Which surfaces does this site serve?"),
        ("last_reviewed_on", "When was the list of crawlers last reviewed?"),
    )
    note = "a request to crawlers, which stops none that ignores it"
    return Discovered("controls", item | {"evidence": evidence}, page.path, line, note, questions)


def _policies(page: Page, refused: list[str], policy: Reading, evidence: list[dict[str, str]]) -> Discovered:
    purposes = crawlers().purposes
    kinds = {"training": "ai", "control": "ai", "scraping": "ai", "assistant": "ai", "agent": "ai"}
    agents = [{"name": name, "kind": kinds.get(purposes.get(token(name), ""), "other")} for name in refused if name != "*"]
    item: dict[str, Any] = {
        "robots_ref": page.path,
        "refused_agents": agents,
        "ai_agents_policy": policy.value,
        "evidence": evidence,
    }
    if not agents:
        # `[]` would declare that nobody is refused, which is not so where `*` is.
        item.pop("refused_agents") if refused else None
    questions = (("last_reviewed_on", "When were these documents last reviewed together?"),)
    return Discovered("policies", item, page.path, 1, policy.note, questions)
