"""What a privacy notice tells people: of AI, of the protection against scraping, of what is kept how long, and from when.

A notice is text for people, so it can support and never verify. What it plainly denies contradicts: another date, "we do not
use your content to train AI" where training is declared, limits told where only kinds are declared, data kept longer than
declared. What it does not say in a known form is left to a person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from policycheck.evidence import _clauses, _dates, _front, _weighing
from policycheck.evidence._documents import dated, draft, in_force
from policycheck.evidence._weighing import Weighing
from policycheck.model import Account, Discovered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policycheck.evidence._prose import Prose, Sentence
    from policycheck.opener import Opener

KINDS_OF_SUBJECT: frozenset[str] = frozenset({"policies", "user_enablement", "use", "control"})
FILES: tuple[str, ...] = tuple(
    f"*{name}*.{form}" for name in ("privacy", "data-protection") for form in ("md", "markdown", "html", "htm", "txt", "pdf")
)

_TITLE = re.compile(r"\b(?:privacy|data protection|personal (?:data|information)|how we use your (?:data|information))\b")
_NEGATION = re.compile(r"\b(?:not|never|no|nor|neither|without|except|unless|stopped|cease|if|only)\b")
_START = (
    r"(?:\d[\d.]* |also,? |in addition,? |and |to be clear,? |"
    r"(?:since|from|as of|starting (?:on|in|from)) (?:[a-z0-9]+ ){0,2}(?:19|20)\d\d,? )?"
)
_WE = r"we (?:and our [a-z ]{1,40} )?"
_TEACH = (
    r"(?:to|for|in) (?:help )?(?:(?:us )?to )?"
    r"(?:(?:pre-?|re)?train|fine-?tun|adapt|develop|improv|build|creat|test|teach)\w*\b"
)
_AI = (
    r"\b(?:ai|machine[- ]learning|(?:language |generative |classification )?models?|classifiers?|algorithms?|chatbots?|"
    r"assistants?)\b"
)
#: "We use posts that you publish to train our models."
_TRAINS = re.compile(
    rf"{_START}{_WE}(?:also |may |will )*(?:use|process|adapt|train|analy[sz]e|feed|include|"
    rf"reuse)\b(?P<what>[^;]{{0,300}}?)"
    rf"\b(?:{_TEACH}|(?<=train )|(?<=adapt ))[^;]{{0,120}}?{_AI}"
)
#: Those who learn are people: "to train our support staff in the use of AI".
_OF_STAFF = re.compile(
    rf"\b(?:(?:pre-?|re)?train|teach|improv|develop|build|creat|test|adapt)\w* (?:(?!(?:{_AI})|"
    r"(?:for|on|that|which|who|to|with|by|and|or|of|from)\b)[\w'-]+ ){0,5}"
    r"(?:staff|employees?|workers?|colleagues?|teams?|moderators?|personnel|volunteers?)\b"
)
#: What sets a time, up to its date; `end` where the time is over then. And what a paragraph adds to what stands before it.
_WHEN = re.compile(
    r"\b(?:(?P<end>until|till|before)|from|as of|as from|since|starting|starts?|beginning|begins?|effective|after|on|"
    r"in) (?:(?:on|in|from|the) )*(?=\d|[a-z]{3,9} \d)"
)
#: What makes it the time of the data and not of what is done with it: "posts published before 2025".
_OF_DATA = re.compile(
    r"\b(?:published|posted|created|collected|shared|uploaded|wrote|written|made)(?: (?!to\b|for\b)\w+){0,3} \Z"
)
_YEAR, _MONTH = re.compile(r"\b(?:19|20)\d\d\b"), re.compile(r"\A[a-z]{3,9} ")
_ADDED = re.compile(r"(?:^|[.!?]\s)\s*((?:This|That|It|These|Both)\b[^.!?]{0,200})")
#: "We do not use your content to train AI": all of it, and not only some kind of it.
_TRAINS_NOT = re.compile(
    rf"{_START}{_WE}(?:(?:do|will|shall) (?:not|never)|never) (?:currently )?(?:use|process|share|"
    rf"include) (?:any of )?(?:your|members'?|users'?|"
    rf"people's) (?:personal )?(?:data|information|content|posts?)(?: or (?:data|information|content|"
    rf"posts?))? {_TEACH}(?P<what>.*)"
)
#: What of AI such a sentence may name and still deny all of it: "public models" or "AI outside the EU" are only some.
#: No word is read twice: "training" is two of these.
_ANY_AI = re.compile(
    r"(?>\b(?:or|and|to|for|in|the|an?|any|our|own|other|kinds?|sorts?|of|new|(?:re|fine-?)?(?:train|tun)(?:e|ing)?|develop|"
    r"improve|build|creat(?:e|ing)|test|development|training|purposes?|machine[- ]learning|ai|ml|models?|classifiers?|"
    r"algorithms?|chatbots?|assistants?|systems?|tools?|features?|technolog(?:y|ies)|products?|at all|ever|whatsoever)\b"
    r"|[ ,.!/])*+"
)
#: What stands beside a denial and makes it one of some data only.
_PARTLY = re.compile(r"\b(?:without|unless|except|until|if|only|other than|third part\w+|their|others?'?)\b")
#: Words of a heading, a lead or a label that leave what stands below them to some people, or to another time.
_OF_SOME = re.compile(
    r"\b(?:if|when|until|unless|before|after|since|only|except|enterprises?|business(?:es)?|teams?|workspaces?|pro|paid|"
    r"premium|free|plans?|subscri\w+|customers?|clients?|schools?|children|minors|partners?'?s?|suppliers?'?|their|"
    r"opt(?:ed|ing)?|past|future|planned|(?:19|20)\d\d)\b"
)
#: How a paragraph tells of whom or of what it speaks.
_SPEAKS_OF = re.compile(
    r"\b(?:this|that|it) (?:only )?(?:is (?:only )?(?:about|for|true)|applies|holds|concerns|covers|goes for)\b"
)
#: The longest line that labels what follows it, and the most denials of which the surroundings are looked at.
_LABEL, _DENIALS = 60, 50
_USES_AI = re.compile(
    rf"{_START}{_WE}(?:also |may |will )*(?:use|offer|run|rely on|provide|adapt|train)\b[^;]{{0,200}}?{_AI}"
)

#: How a notice names where data for AI comes from, by the manifest's types of source; synthetic data is nobody's.
_SOURCES = {
    "own_platform": re.compile(
        r"\b(?:posts?|reviews?|comments?|profiles?|photos?|pictures?|videos?|listings?|content (?:that )?(?:you|members))\b"
    ),
    "scraped": re.compile(
        r"\b(?:publicly (?:available|accessible)|the (?:public |open )?(?:web|internet)|websites?|scrap\w+|crawl\w*)\b"
    ),
    "licensed": re.compile(r"\b(?:licen[sc]ed?|licen[sc]ors|providers|partners|third part(?:y|ies)|purchased|archives?)\b"),
    "public_dataset": re.compile(r"\b(?:public(?:ly available)?|open) (?:data ?sets?|corpora|corpus|archives?)\b"),
    "user_input": re.compile(
        r"\b(?:prompts?|conversations?|chats?|inputs?|queries|questions|dialogues?|what you (?:type|write|ask))\b"
    ),
}
_OBJECT = re.compile(
    r"\byou (?:can|may|have the right to|are free to) (?:always |also |at any time )?(?:object|opt out|opt-out|"
    r"switch (?:this|it|that) off|"
    r"turn (?:this|it|that) off|say no|refuse|withdraw)\b"
)
#: What such a right is of, where a notice says so apart from AI; and what says that it is of something else.
_IN_GENERAL = re.compile(
    r"\b(?:process(?:ing)?|using|use of|uses of|how we use)\b|\b(?:ai|machine learning|models?|training)\b"
)
_OF_MAIL = re.compile(r"\b(?:newsletters?|marketing|advert\w*|ads|cookies?|notifications?|mailings?)\b")
_OF_ELSE = re.compile(rf"{_OF_MAIL.pattern}|\b(?:e-?mails?|messages|analytics|track\w*)\b")
#: What it then is that people may refuse: something else than what is done with their data.
_REFUSED = re.compile(
    r"\b(?:opt[- ]out of|object to|unsubscribe from|refuse|withdraw) (?:to (?:give|provide|share|receive|tell)\b|"
    r"(?:(?:receiving|our|the|such|these|all|any|your) ){0,3}(?:e-?mails?|messages|calls|offers|money|funds|orders?)\b)"
    r"|\b(?:opt[- ]out of|object to|refuse|withdraw|turn off|switch off)"
    r"(?: (?:your|consent|to|for|from|the|our|any|us|we)){0,4} "
    r"(?:sales?|selling|sell|sharing|share|location|biometric\w*|telemetry|surveys?|applications?|orders?|entry)\b"
)
#: What is offered later, or comes to nothing.
_IDLE = re.compile(r"\bsoon\b|\b(?:no|without) effect\b|\bnot bound\b|\?[\"') ]*\Z")
#: What leaves it to some people only: those of a place, or of a kind.
_SOME = re.compile(
    r"\bonly (?:if|when|where|in|for|as an?|members?|users?|customers?|residents?|people|those)\b"
    r"|\bif (?:you (?:live|reside|pay|subscribe|have (?:a |an )?(?:paid|premium|business))|"
    r"you are (?:an? |under |over |in |from |located|based|resident)|the law|(?:local|applicable) law)|\bwhere you live\b"
    rf"|\b{_clauses.SOMEWHERE}\b"
)
_OBJECT_NOT = re.compile(
    r"\byou (?:can not|may not|do not have the right to|have no (?:right|way) to) (?:object|opt out|opt-out)\b"
    r"|\b(?:no (?:way|option|possibility|right|means)|(?:not|never) possible|impossible)"
    r" (?:for you )?to (?:object|opt[- ]out)\b|\bopting[- ]out is (?:impossible|not possible)\b"
)

_PROTECTS = re.compile(
    rf"{_START}(?:we|our systems) (?:also |may |will )*(?:use|limit|watch|tell|ask|block|detect|monitor|protect|"
    rf"prevent|restrict|slow|throttle|"
    r"challenge|take|apply|run|read|look|check|employ)\b"
)
_AGAINST = re.compile(
    r"\b(?:scrap\w+|(?:in|by) bulk|bulk (?:copy|collect)\w*|automat\w+ (?:access|traffic|activity|collect|copy|extract|"
    r"download|scrap|request|quer|visit|account|client|program|tool|script|means|brows|use|abuse|attack)\w*|bots?|robots?|"
    r"machines?(?! learning|-learning)|copied|crawlers?|unusual (?:traffic|activity))\b"
)
#: Verbs that protect by themselves; a sentence with another (use, run, ask) has to say besides what it is for.
_GUARDING = ("limit", "block", "detect", "protect", "prevent", "restrict", "slow", "throttle", "challenge")
_GUARDS = re.compile(
    r"\b(?:protect|prevent|detect|block|limit|restrict|slow|throttl|challeng|captcha|refus|stop|against|abus|unusual|"
    r"suspicious)\w*|\btell \w+ from\b|\bapart\b|\btraces\b"
)
#: What leaves it to a later day or to a part, or only asks.
_NOT_YET = re.compile(
    r"\bnext (?:week|month|quarter|year|release)\b|\bsoon\b|\bin (?:the )?(?:near )?future\b|\bone day\b|\blater\b"
    r"|\bonly (?:in|for|on)\b|\?[\"') ]*\Z"
)
#: The kinds of protection that a sentence can name.
_KINDS = tuple(
    re.compile(kind)
    for kind in (
        r"\blimit\w*\b|\bthrottl\w*\b|\bslow\b",
        r"\bblock\w*\b|\brefus\w*\b",
        r"\bchallenge\w*\b|\bcaptchas?\b",
        r"\bdetect\w*\b|\btell machines\b",
        r"\b(?:watch|monitor|read|review)\w*\b.{0,40}\b(?:logs?|traffic|accounts?|access)\b",
    )
)  # fmt: skip
_THRESHOLD = re.compile(
    r"\b\d[\d,.]* (?:requests?|profiles?|pages?|views?|posts?|searches|records?|lookups?|"
    r"visits?)(?: \w+){0,4} (?:per|an?|each|every|in) "
    r"(?:\d+ )?(?:second|minute|hour|day|week|month)s?\b"
)
_KEEPS = re.compile(
    r"\b(?:we (?:keep|retain|store|hold)|(?:is|are) (?:kept|retained|stored|held|deleted|erased)|we (?:delete|"
    r"erase))\b(?P<rest>.{0,160})"
)
_RANGE = re.compile(r"\b\d+ ?(?:to|-|or|and) ?\d+ (?:day|week|month|year)s?\b")
_DAYS = re.compile(r"\b(\d{1,5}) (day|week|month|year)s?\b")
#: The fewest days of what is no fixed number of them.
_LEAST = {"month": 28, "year": 365}
#: What makes a number of days the least and not the most, before it, and what comes of the data after it.
_AT_LEAST = re.compile(
    r"\b(?:at least|not? less than|a minimum of|minimum|(?<!not )(?<!no )(?:more|longer) than) (?:of )?\Z"
)
#: What makes it a number that is not reached, and what leaves it to some cases, to a time or to somebody else's data.
_FEWER = re.compile(r"\b(?:less|fewer|shorter|under|below|not|never)(?: than)?(?: for)? ?\Z")
_IN_SOME_CASES = re.compile(
    r"\b(?:if|when|where|unless|until|except|in case|in some|only in|(?:in|before|since) (?:19|20)\d\d)\b"
    r"|\b(?:partners?|suppliers?|providers?|third part(?:y|ies))'"
)
_AND_THEN = re.compile(
    r"\b(?:for ?ever|indefinitely|permanently)\b|\bor (?:longer|more)\b|\bafter (?:you|your|the) [^;]{0,30}?"
    r"\b(?:clos|delet|end|leav|cancel|terminat)\w*|\b(?:then|after (?:that|which)|afterwards|thereafter)\b[^;]{0,60}?"
    r"\b(?:archiv\w*|keep|kept|stor(?:e|es|ed)|retain(?:ed)?|mov(?:e|ed)|transfer(?:red)?)\b"
)
_PROCESSES = re.compile(
    r"\b(?:ip|internet|network)? ?address(?:es)?\b|\bdevice\b|\bfingerprint\w*\b|\blogs?\b|\bcookies?\b|"
    r"\brequests\b|\bbehaviou?r\b|\bsecurity\b"
)
#: Words that leave open which data is meant, so that it is what the section is about, and those for what protection uses.
#: Any other word ("logs of payments", "delivery addresses") makes it other data.
_PLAIN = re.compile(
    r"(?>\b(?:these|this|those|that|it|them|they|such|all|the|your|our|any|of|in|and|or|with|from|on|"
    r"personal|data|information|records?|entries|details|copies|what we collect|for|up|to|an?|at|most|least|maximum|"
    r"period|no|not|more|longer|than|about|after|within|only|also|then|always|both|each|raw|full|technical|related|"
    r"(?:ip|internet|network|mac|source)|address(?:es)?|devices?|identifiers?|features?|fingerprint\w*|access|servers?|"
    r"web|firewall|waf|edge|traffic|requests?|security|abuse|bots?|rate|limit(?:s|ing)?|logs?|log files?|logged|"
    r"behaviou?r|events?|signals?|connections?|user agents?|"
    r"browsers?|types?|times?|timestamps?|dates?|each|visits?|sites?|websites?|services?|systems?|we|keep|"
    r"process|collect|use)\b|[ .:/()'-])*+"
)


def account(opener: Opener, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    """What the notice at `path` (from the root) says about policies, user enablement, an AI use or a control.

    `options` are the evidence entry's: `anchor` narrows the reading to one section, `supports` to some properties.
    """
    return _weighing.heard(opener, path, subject, options, _weigh)


def _weigh(weighing: Weighing) -> None:
    prose, subject = weighing.prose, weighing.subject
    asides = _clauses.asides_of(prose)
    _weighing.fitness(weighing, _front.standing(_front.read(prose)) or draft(prose))
    in_force(weighing, asides)
    anchor = weighing.options.get("anchor")
    within = _weighing.passage(weighing, anchor, "anchor") if anchor else None
    as_of = str(weighing.options.get("as_of") or "")
    told = [s for s in prose.sentences(within) if not asides[s.block] and _is_of_today(prose, s, as_of)]
    if subject.get("family"):
        _control(weighing, told)
    elif "sources" in subject or "phases" in subject or "transparency" in subject:
        _use(weighing, told, asides)
    elif any(name in subject for name in ("notice_ref", "settings_ref", "protections_disclosure_ref", "protections_detail")):
        _enablement(weighing, told)
    else:
        _policies(weighing, asides)


def _policies(weighing: Weighing, asides: list[bool]) -> None:
    prose = weighing.prose
    title = next((b for b in prose.blocks[:6] if _TITLE.search(_clauses.plain(b.text))), None)
    if title is None:
        weighing.doubt("is not recognised as a privacy notice: none of its first lines names privacy or personal data")
        return
    weighing.quote(title.line, title.text)
    dated(weighing, asides, "privacy_notice_updated_on")
    _reference(weighing, "privacy_notice_ref")


def _reference(weighing: Weighing, *path: str) -> range | None:
    """The section that a declared reference to this document means; a doubt where it has none."""
    ref = weighing.asked(*path)
    if not isinstance(ref, str) or "#" not in ref or not _is_here(weighing.prose.path, ref):
        return None
    section = _weighing.passage(weighing, f"#{ref.rpartition('#')[2]}", ".".join(path))
    if section:
        weighing.quote(weighing.prose.blocks[section.start].line, weighing.prose.blocks[section.start].text)
    return section


def _is_here(path: str, ref: str) -> bool:
    """Whether a reference is to this file, as far as its name tells; an address elsewhere cannot be told."""
    name = ref.partition("#")[0]
    return "://" not in name and (not name or name.rpartition("/")[2] == path.rpartition("/")[2])


# --- what is told of AI ---


def _use(weighing: Weighing, told: list[Sentence], asides: list[bool]) -> None:
    phases = weighing.asked("phases")
    trains = isinstance(phases, list) and {"pretrain", "finetune"} & set(phases)
    about = [s for s in told if _says(_TRAINS if trains else _USES_AI, s)]
    denials = [s for s in told if _denies_training(s)] if trains else []
    denied = [s for s in denials[:_DENIALS] if _is_for_all(weighing.prose, s)]
    if denials and not denied:
        at = weighing.prose.where(denials[0].line)
        weighing.doubt(
            f"may deny for some people or times only that AI is trained ({at}); a person must read it", denials[0].line
        )
    elif denied and about:
        where = weighing.prose.where
        weighing.doubt(
            f"says both: {where(about[0].line)} tells of training, {where(denied[0].line)} denies it", denied[0].line
        )
    elif denied:
        left = [phase for phase in phases or () if phase not in ("pretrain", "finetune")]
        weighing.read(("phases",), left, denied[0].line, "the notice says that people's data is not used to train AI")
        weighing.quote(denied[0].line, denied[0].text)
    elif not about:
        weighing.doubt(f"no sentence found that tells of {'training' if trains else 'using'} AI; a person must read it")
    for sentence in about:
        weighing.quote(sentence.line, sentence.text)
    near = [*about, *_around(weighing.prose, about, told)]
    _sources(weighing, near)
    _objection(weighing, near, told)
    _reference(weighing, "transparency", "notice_ref")
    _published(weighing, asides)


def _says(form: re.Pattern[str], sentence: Sentence) -> bool:
    """Whether a sentence has a form and nothing in it takes that back or narrows it."""
    match = form.match(_clauses.plain(sentence.text))
    return match is not None and not _NEGATION.search(match[0]) and not _OF_STAFF.search(match[0])


def _is_of_today(prose: Prose, sentence: Sentence, as_of: str) -> bool:
    """Whether a sentence holds at the date of the evaluation, and neither from a later day nor until an earlier one.

    What its paragraph adds ("This begins on …") belongs to it.
    """
    texts = [sentence.lead, sentence.text, *_ADDED.findall(prose.blocks[sentence.block].text)]
    return not any(_is_other_time(_clauses.plain(text), as_of) for text in texts if _YEAR.search(text))


def _is_other_time(said: str, as_of: str) -> bool:
    for cue in _WHEN.finditer(said):
        rest = said[cue.end() :]
        day = _dates.read(rest)[0] or (year[0] if (year := _YEAR.match(_MONTH.sub("", rest))) else "")
        # A year alone is on another side only as a whole.
        is_over = day < as_of[: len(day)] and not _OF_DATA.search(said[: cue.start()])
        if day and as_of and (is_over if cue["end"] else day > as_of[: len(day)]):
            return True
    return False


def _denies_training(sentence: Sentence) -> bool:
    said = _clauses.plain(sentence.text)
    match = _TRAINS_NOT.match(said)
    is_all = match is not None and bool(_ANY_AI.fullmatch(match["what"]) and re.search(_AI, match["what"]))
    return is_all and not _PARTLY.search(said)


def _is_for_all(prose: Prose, sentence: Sentence) -> bool:
    """Whether a sentence speaks to all readers: no cell of a table, and nothing around it leaves it to some of them."""
    block = prose.blocks[sentence.block]
    above, level = [sentence.lead], 7
    if sentence.block and not (label := prose.blocks[sentence.block - 1]).level and len(label.text) <= _LABEL:
        above.append("" if label.text.rstrip().endswith((".", "!", "?")) else label.text)
    for before in reversed(prose.blocks[: sentence.block]):
        if 1 < before.level < level:
            level = before.level
            above.append(before.text)
    return (
        not block.row
        and not any(_OF_SOME.search(_clauses.plain(text)) for text in above)
        and not _SPEAKS_OF.search(_clauses.plain(block.text))
    )


def _around(prose: Prose, about: list[Sentence], told: list[Sentence]) -> Iterator[Sentence]:
    """What else the sections say that tell of AI."""
    sections = [prose.section(_heading(prose, sentence.block)) for sentence in about[:20]]
    for sentence in told:
        if any(sentence.block in section for section in sections):
            yield sentence


def _heading(prose: Prose, block: int) -> int:
    return next((at for at in range(block, -1, -1) if prose.blocks[at].level), block)


def _sources(weighing: Weighing, sentences: list[Sentence]) -> None:
    """Every declared type of source has to be named where the notice tells of AI."""
    declared = weighing.asked("sources")
    types = [s.get("type") for s in declared if isinstance(s, dict)] if isinstance(declared, list) else []
    for kind in dict.fromkeys(t for t in types if t in _SOURCES):
        named = [s for s in sentences if _SOURCES[kind].search(_clauses.plain(s.text))]
        if named:
            weighing.quote(named[0].line, named[0].text)
        elif sentences:
            weighing.doubt(f"does not name the source {kind} where it tells of AI; a person must read it", sentences[0].line)


def _objection(weighing: Weighing, near: list[Sentence], told: list[Sentence]) -> None:
    """Whether people are told that they can object: where AI is told of, or of all that is done with their data."""
    if not weighing.asked("objection"):
        return
    refused = [s for s in told if _OBJECT_NOT.search(_clauses.plain(s.text))]
    offered = [s for s in near if _offers(s, _OF_MAIL)] or [
        s for s in told if _offers(s, _OF_ELSE) and _IN_GENERAL.search(_clauses.plain(s.text))
    ]
    if refused:
        line = refused[0].line
        weighing.doubt(f"{weighing.prose.where(line)} says that people cannot object; a person must read it", line)
    elif offered:
        weighing.quote(offered[0].line, offered[0].text)
    else:
        weighing.doubt("no sentence found that tells people that they can object; a person must read it")


def _offers(sentence: Sentence, other: re.Pattern[str]) -> bool:
    """Whether a sentence tells people that they can object, all of them, and not to something else."""
    said = _clauses.plain(sentence.text)
    return bool(_OBJECT.search(said)) and not any(form.search(said) for form in (other, _REFUSED, _SOME, _IDLE))


def _published(weighing: Weighing, asides: list[bool]) -> None:
    """A version from before the day on which people were told cannot be the one that tells them."""
    since = weighing.asked("transparency", "published_on")
    days = [s for s in _dates.stated(weighing.prose, asides) if s.day]
    if isinstance(since, str) and days and max(s.day for s in days) < since:
        weighing.doubt("is of an earlier version than transparency.published_on", days[0].line)


# --- what is told of protection ---


def _enablement(weighing: Weighing, told: list[Sentence]) -> None:
    _reference(weighing, "notice_ref")
    section = _reference(weighing, "protections_disclosure_ref")
    detail = weighing.asked("protections_detail")
    if weighing.asked("protections_disclosure_ref") is not None or detail is not None:
        _protections(weighing, [s for s in told if section is None or s.block in section], detail)


def _protections(weighing: Weighing, told: list[Sentence], detail: object) -> None:
    about = [s for s in told if _protects(s)]
    limits = [s for s in about if _THRESHOLD.search(_clauses.plain(s.text))]
    if limits:
        if detail is not None:
            weighing.read(("protections_detail",), "thresholds", limits[0].line, "the notice tells limits")
        return
    if not about:
        weighing.doubt("no sentence found that tells what is done against scraping; a person must read it")
        return
    for sentence in about:
        weighing.quote(sentence.line, sentence.text)
    if detail is not None:
        kinds = sum(any(kind.search(_clauses.plain(s.text)) for s in about) for kind in _KINDS)
        if detail == "kinds" and kinds:
            weighing.read(("protections_detail",), "kinds", about[0].line, "the notice names kinds of protection")


def _protects(sentence: Sentence) -> bool:
    said = _clauses.plain(sentence.text)
    match = _PROTECTS.match(said)
    return (
        match is not None
        and bool(_AGAINST.search(said))
        and (match[0].endswith(_GUARDING) or bool(_GUARDS.search(said)))
        and not re.search(r"\b(?:not|never|no|nor|neither)\b", said[: match.end() + 20])
        and not _NOT_YET.search(said)
    )


def _control(weighing: Weighing, told: list[Sentence]) -> None:
    section = _reference(weighing, "disclosed_in")
    within = [s for s in told if section is None or s.block in section]
    about = [s for s in within if _protects(s)]
    processes = [s for s in within if _PROCESSES.search(_clauses.plain(s.text))] if about else []
    if not about:
        weighing.doubt("no sentence found that tells people of this protection; a person must read it")
    elif weighing.asked("processes_personal_data") and not processes:
        weighing.doubt("does not tell which data of people the protection uses; a person must read it", about[0].line)
    for sentence in [*about[:2], *processes[:2]]:
        weighing.quote(sentence.line, sentence.text)
    if section or weighing.options.get("anchor"):
        _retention(weighing, within)


def _retention(weighing: Weighing, within: list[Sentence]) -> None:
    """How long the section says that data is kept, if it says so once and in days."""
    declared = weighing.asked("retention_days")
    spoken = [(s, k) for s in within for k in _KEEPS.finditer(_clauses.plain(s.text))]
    kept = [(s, k["rest"]) for s, k in spoken]
    found = [(s, m[1], m[2]) for s, rest in kept for m in _DAYS.finditer(rest)]
    for sentence, number, unit in found if isinstance(declared, int) else ():
        if int(number) * _LEAST.get(unit, 0) > declared:
            where = weighing.prose.where(sentence.line)
            weighing.doubt(
                f"tells of data that is kept longer than retention_days ({where}); a person must read it", sentence.line
            )
    if (
        declared is None
        or len(found) != 1
        or found[0][2] not in ("day", "week")
        or any(_RANGE.search(rest) for _, rest in kept)
    ):
        return
    sentence, number, unit = found[0]
    days = int(number) * (7 if unit == "week" else 1)
    longer = isinstance(declared, int) and days > declared
    if not any(s is sentence and _is_of_protection(k) for s, k in spoken):
        if longer:
            where = weighing.prose.where(sentence.line)
            why = f"tells of other data that is kept longer than retention_days ({where}); a person must read it"
            weighing.doubt(why, sentence.line)
        return
    open_ended = [s for s, rest in kept if _is_open(rest)]
    if open_ended and not longer:
        where = weighing.prose.where(open_ended[0].line)
        weighing.doubt(
            f"does not say for how long data is kept at most ({where}); a person must read it", open_ended[0].line
        )
        return
    if any(s is sentence and _is_unsure(k, longer=longer) for s, k in spoken):
        where = weighing.prose.where(sentence.line)
        weighing.doubt(f"tells how long data is kept in some cases only ({where}); a person must read it", sentence.line)
        return
    weighing.read(("retention_days",), days, sentence.line, "how long the notice says that data is kept", denies=longer)


def _is_of_protection(keeps: re.Match[str]) -> bool:
    """Whether what is kept is what the protection uses ("logs", "these records"), and no other data ("payment records")."""
    days = _DAYS.search(keeps["rest"])
    said = (
        keeps.string[: keeps.start()]
        if keeps[0].startswith(("is ", "are "))
        else keeps["rest"][: days.start() if days else 0]
    )
    what = re.split(r"[,;]| and | but ", said)[-1] if keeps[0].startswith(("is ", "are ")) else said
    return bool(_PLAIN.fullmatch(what))


def _is_unsure(keeps: re.Match[str], *, longer: bool) -> bool:
    """Whether the number holds for some cases only; one that is `longer` than declared has to be reached besides."""
    days = _DAYS.search(keeps["rest"])
    before = keeps["rest"][: days.start()] if days else ""
    return bool(_IN_SOME_CASES.search(keeps.string) or (longer and _FEWER.search(before)))


def _is_open(rest: str) -> bool:
    """Whether what is said of keeping sets no end."""
    days = _DAYS.search(rest)
    return bool(_AND_THEN.search(rest) or (days and _AT_LEAST.search(rest[: days.start()])))


# --- discovery ---


def discover(opener: Opener, path: str) -> tuple[Discovered, ...]:
    """The properties of policies and of user enablement that this notice would let a manifest declare."""
    from policycheck.evidence._documents import prose_of

    prose = prose_of(opener, path)
    if not any(_TITLE.search(_clauses.plain(block.text)) for block in prose.blocks[:6]):
        return ()
    entry = {"kind": "notice", "path": path}
    days = {s.day for s in _dates.stated(prose, _clauses.asides_of(prose)) if s.day and s.kind == _dates.UPDATED}
    policies: dict[str, Any] = {"privacy_notice_ref": path, "evidence": [entry]}
    if len(days) == 1:
        policies["privacy_notice_updated_on"] = days.pop()
    users = {"protections_disclosure_ref": path, "protections_detail": "kinds", "evidence": [entry]}
    found = [Discovered("policies", policies, path, 1, "a privacy notice"),
             Discovered("user_enablement", users, path, 1, "the notice tells what is done against scraping",
                        (("settings_ref", "Where do people set who sees what?"),))]  # fmt: skip
    return tuple(d for d in found if account(opener, path, entry, d.item).supported)
