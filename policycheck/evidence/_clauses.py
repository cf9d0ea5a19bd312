"""What the sentences of terms of service forbid and permit, as far as their form leaves no doubt.

Law is written in few forms: "you may not scrape …", "scraping … is prohibited", "we do not allow …", "do not scrape". A
sentence counts only if all of it up to the act has one of these forms, from its first word: an unknown word there (as in
"it is a myth that you may not …") leaves it to a person. So a negation, a condition or a quotation can hide a clause from
us, but not invent one. What is read is always for a person to confirm.

Patterns are constant and applied to one sentence of bounded length; the repetitions in them are bounded too.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policycheck.evidence._prose import SENTENCE_CAP, last_sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policycheck.evidence._prose import Prose, Sentence

FORBIDS, PERMITS, UNCLEAR = "forbids", "permits", "is unclear on"
#: What gives leave to somebody, or in words, that are none of the known forms.
MAY_PERMIT = "may permit"

#: Headings below which nothing is said in the document's present voice.
_ASIDE = re.compile(
    r"\b(?:definitions?|glossary|interpretation|change ?log|histor(?:y|ical)|revisions?|versions?|archived?|"
    r"what(?:'s| has| is)? "
    r"(?:new|changed)|previous|prior|earlier|former|old|superseded|repealed|withdrawn|drafts?|proposed|planned|upcoming|"
    r"proposals?|examples?|"
    r"templates?|samples?|changes? (?:in|since|from)|summary of changes|not in force)\b"
    r"|\A(?:[\d.)]+ )?(?:from|as of|starting|beginning) (?:\w+ ){0,3}(?:19|20)\d\d\b"
)

_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_QUOTATION = re.compile(r"\"([^\"]{0,400})\"")
_SPACES = re.compile(r"\s+")
#: Words between the verb and the act that change nothing.
_IDLE = re.compile(
    r",? (?:by any means|in any way|under any circumstances|directly or indirectly|at any time|or attempt to|"
    r"do (?:any|one or more|either)? ?(?:of )?the following(?: things)?(?: (?:while|when) [^,:;]{0,60})?|"
    r"(?:and|or|nor) (?:not to |(?:will|may|must|shall) not )?(?:allow|permit|help|assist|enable|encourage|cause) "
    r"(?:others|anyone(?: else)?|(?:any )?(?:other )?(?:third )?part(?:y|ies)) to)(?:[,:] ?| (?=[a-z(]))"
)
#: "You may not, without our consent, scrape": the exception is read as if it came last.
_INSERTED = re.compile(r"\b(not|never), ((?:without|unless|except)\b[^,;:]{3,120}), (?P<rest>.*)\Z", re.DOTALL)
_COLON = re.compile(r"\b(not|never|to|from): ")


@dataclass(frozen=True, slots=True)
class Clause:
    """A sentence on some acts (`Prohibition` words of the manifest): which way it goes, and where it stands.

    `limited` tells that it holds an exception or condition that a person has to weigh.
    """

    stance: str
    acts: frozenset[str]
    line: int
    text: str
    block: int
    limited: bool = False


# --- the words of a sentence ---


def plain(text: str) -> str:
    """A sentence in lower case as its reader sees it, without accents, contractions and invisible characters.

    Empty when it cannot be told what the reader sees: it changes the direction of writing, or mixes in letters of another
    alphabet, which may look like Latin ones.
    """
    if _BIDI.search(text):
        return ""
    seen = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
    seen = "".join(c for c in unicodedata.normalize("NFKD", seen) if not unicodedata.combining(c)).lower()
    seen = seen.translate({0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0x2013: "-", 0x2014: ",", 0x2011: "-"})
    if any(c.isalpha() and not c.isascii() for c in seen):
        return ""
    for short, long in (("cannot", "can not"), ("can't", "can not"), ("won't", "will not"), ("shan't", "shall not")):
        seen = seen.replace(short, long)
    seen = seen.replace("n't ", " not ").replace("artificial intelligence", "ai").replace("a.i.", "ai")
    seen = _SPACES.sub(" ", _QUOTATION.sub(_unquoted, seen)).strip()
    seen = _COLON.sub(r"\1 ", _IDLE.sub(" ", seen))
    return _INSERTED.sub(lambda m: f"{m[1]} {m['rest'].rstrip(' .')} {m[2]}", seen)


def _unquoted(match: re.Match[str]) -> str:
    """A quoted name (the "Service") is read; a quoted sentence is not ours, nor what a sentence begins with."""
    return match[1] if match.start() and len(match[1].split()) <= 3 else '""'


# --- acts ---


def _any(words: str) -> str:
    """One of these words, as a pattern."""
    return "|".join(words.split())


_FILL = "(?:(?:{}),?\\s+)".format(
    _any(
        """a an any the our its all such this that these those other another others'? users?'?s? members?'?s? people'?s
        and or to of for in with on own similar new large generative foundation competing public personal private collected
        scraped copied extracted obtained third party parties'? part portion kind commercially access sell rent lease
        trade license sublicense purchase buy exchange share distribute transfer train fine-?tune test validate
        evaluate improve develop
        individual systems? models? machine[- ]learning ai detailed purposes?"""
    )
)
_MACHINE = (
    r"(?:automated|automatic(?!ally)|automation|robots?(?!\.txt)|bots?|spiders?|(?:web )?crawlers?|scrapers?|"
    r"scripts?|machines?|"
    r"software agents?|headless browsers?|ai agents?|programs)"
)
_BY_MACHINE = (
    rf"(?:automatically|programmatically|by machine|(?:by|with|using|use|through|via|by means of|by way of|by use of)"
    rf" {_FILL}{{0,4}}{_MACHINE}|automated or otherwise)\b"
)
_DEPLOY = rf"(?:use|deploy|run|operate|launch|employ) {_FILL}{{0,4}}{_MACHINE}\b(?! decision)"
_DATA = (
    r"(?:data|content|information|materials?|copies|profiles?|listings?|posts?|reviews?|records?|datasets?|databases?|"
    r"results|what (?:was|were|is|you|they|has been) (?:have )?(?:collected|took|taken|copied|scraped|obtained))\b"
)
_PEOPLE = r"(?:people|persons?|individuals?|users?|members?|customers?|others|anyone|someone|data subjects?)\b"
_READS = (
    r"(?:access|query|browse|visit|view|search|interact with|log ?in(?:to)?|connect to|monitor|retrieve|request|"
    r"collect|copy|"
    r"extract|download|scrape|read|index|harvest|gather|send|use)\b"
)
_TAKES = r"(?:collect|extract|copy|gather|download|retrieve|compile|mine|store|index|obtain|acquire|crawl|harvest)\b"
_TEACHES = (
    r"(?:(?:pre-?|re)?train(?:ing)?|fine-?tun(?:e|ing)|(?:develop|build|test|teach|ground)(?:ing)?|"
    r"(?:improv|creat|validat)(?:e|ing))\b"
)
_TRAIN = r"(?:(?:pre-?|re)?train(?:ing)?|fine-?tun(?:e|ing))"
_TOOLS = r"(?:software|devices?|tools?|means|methods?|process(?:es)?|technolog(?:y|ies)|data (?:mining|gathering))"
_MODEL = r"(?:ai|machine[- ]learning|ml|(?:large )?language models?|llms?|neural networks?|generative|foundation models?)\b"
_MODELS = rf"(?:{_MODEL}|models?\b|algorithms?\b)"
_CONTROL = (
    r"(?:controls?|measures?|limits?|limitations?|restrictions?|protections?|security|captchas?|rate[- ]limit\w*|"
    r"blocks?|"
    r"barriers?|robots\.txt|safeguards?|mechanisms?|what we (?:have )?put in place|technical)\b"
)
_LEADING = (
    r"(?:(?:and|or|also|then|either|attempt|attempting|try|trying|seek|to|directly|indirectly|systematically|manually|"
    r"otherwise|help|assist|allow|permit|enable|cause|encourage|others|anyone|anybody|third parties|anyone else|"
    r"someone else|"
    r"other|engage in|conduct|perform|carry out|participate in|any|the|any form of|all forms of)\s+){0,6}"
)

#: What each act is called where a sentence forbids or permits to do it. Matched where a part of the sentence begins.
_ACTS: dict[str, re.Pattern[str]] = {
    name: re.compile(_LEADING + f"(?:{pattern})")
    for name, pattern in {
        "scraping": (
            r"(?:web[- ]|screen[- ]|data[- ])?scrape\b|harvest\b|(?:data[- ]|text and data )mine\b|"
            r"systematically collect\b"
            rf"|{_TAKES}[^;]{{0,200}}?\b{_BY_MACHINE}|use {_FILL}{{0,4}}scrap(?:ers?|ing)\b"
            rf"|automated (?:collect|extract|copy|scrape)\b|use {_FILL}{{0,4}}data[- ](?:mining|harvesting|extraction)\b"
            rf"|use {_FILL}{{0,4}}(?:{_MACHINE}|{_TOOLS})\b[^;]{{0,160}}?\bto (?:access, )?(?:scrape\b|{_TAKES})"
        ),
        "automated_access": (
            rf"crawl\b|spider\b|automated (?:access|use|querying|queries|requests|collect|extract|copy)\b|{_DEPLOY}"
            rf"|{_READS}[^;]{{0,200}}?\b{_BY_MACHINE}"
        ),
        "resale": (
            rf"(?:re-?sell|sell|rent|lease|trade|commerciali[sz]e|moneti[sz]e|sublicen[sc]e),? {_FILL}{{0,10}}{_DATA}"
            rf"|offer {_FILL}{{0,10}}{_DATA} for sale\b"
        ),
        "ai_training": (
            rf"(?:(?:pre-?|re)?train|fine-?tune) {_FILL}{{0,10}}{_MODELS}"
            rf"|(?:use|copy|collect|scrape|extract|mine|download|process|feed|access|submit|"
            rf"exploit)\b[^;]{{0,200}}?\b(?:to|for|in)"
            rf" {_FILL}{{0,4}}(?:{_TEACHES} {_FILL}{{0,10}}{_MODEL}|{_TRAIN} {_FILL}{{0,10}}{_MODELS}"
            rf"|{_MODEL} (?:model )?(?:train|development|purposes)\b)|(?:train|teach) (?:an? |any )?(?:ai|machine)\b"
        ),
        "profiling": (
            rf"(?:(?:use|collect|combine)\b[^;]{{0,200}}?\bto )?(?:build|create|compile|make|develop|"
            rf"assemble) {_FILL}{{0,5}}"
            rf"profiles? (?:of|about|on) {_FILL}{{0,5}}{_PEOPLE}|"
            rf"(?:use\b[^;]{{0,200}}?\bto )?profile {_FILL}{{0,4}}{_PEOPLE}"
        ),
        "bypassing_controls": (
            r"(?:bypass|circumvent|evade|get (?:round|around)|work around|defeat|disable|overcome|subvert)\b"
            rf"[^;]{{0,120}}?\b{_CONTROL}"
        ),
    }.items()
}

#: Words that tell that a sentence may be about an act at all.
_MENTIONS: dict[str, re.Pattern[str]] = {
    "scraping": re.compile(
        r"\bscrap(?:e|es|ed|ing|ers?)\b|\bharvest|\bdata[- ]min|\bcrawl|\bcollect\w* .{0,80}\b(?:machine|automat)"
    ),
    "automated_access": re.compile(
        r"\bautomat|\brobots?\b|\bbots?\b|\bcrawl|\bspiders?\b|\bscripts?\b|\bby machine\b|\bprograms\b"
    ),
    "resale": re.compile(r"\bre-?s(?:ell|ale|old)\b|\bs(?:ell|ale|old)\b|\bsublicen[sc]e|\bcommerciali[sz]e"),
    "ai_training": re.compile(r"\bai\b|\bmachine[- ]learning\b|\blanguage models?\b|\btrain(?:ing)? .{0,60}\bmodels?\b"),
    "profiling": re.compile(r"\bprofiling\b|\bprofiles? (?:of|about|on)\b|\bto profile\b"),
    "bypassing_controls": re.compile(r"\bbypass|\bcircumvent|\bget (?:round|around)\b|\bevade\b|\bwork around\b"),
}
ACTS = tuple(_MENTIONS)

#: The nouns of acts as the verbs that the patterns know.
_NOUNS = {
    "scraping": "scrape", "crawling": "crawl", "harvesting": "harvest", "collecting": "collect", "collection": "collect",
    "extracting": "extract", "extraction": "extract", "copying": "copy", "using": "use", "accessing": "access",
    "mining": "mine",
    "selling": "sell", "reselling": "resell", "resale": "resell", "sale": "sell", "renting": "rent", "training": "train",
    "building": "build", "creating": "create", "compiling": "compile", "bypassing": "bypass", "circumventing": "circumvent",
    "circumvention": "circumvent", "evading": "evade", "getting": "get", "downloading": "download", "gathering": "gather",
    "fine-tuning": "fine-tune", "profiling": "profile", "developing": "develop", "running": "run", "deploying": "deploy",
    "operating": "operate", "querying": "query", "spidering": "spider", "retrieving": "retrieve", "indexing": "index",
    "disabling": "disable", "searching": "search", "processing": "process", "feeding": "feed", "storing": "store",
}  # fmt: skip
_NOUN = re.compile(rf"\b({'|'.join(sorted(_NOUNS, key=len, reverse=True))})\b( of\b)?")

# --- forms ---

_WE = r"(?:we|these terms|this agreement|this policy|our (?:terms|policy|policies|rules))"
_ADVERB = r"(?:(?:strictly|expressly|explicitly|specifically|hereby|also|therefore|further|generally|absolutely|always) )?"
_SUBJECT = (
    r"(?:(?:you|users?|members?|customers?|visitors?|subscribers?|readers?|everyone|everybody|anyone|anybody|"
    r"(?:any )?third part(?:y|ies)|clients?|developers?|licensees?|account holders?|(?:automated )?(?:crawlers?|"
    r"bots?|robots?|"
    r"programs?))(?: (?:and|or) (?:your (?:users|agents|affiliates|contractors)|anyone acting for you))?)"
)
_NOBODY = r"(?:no one|nobody|no (?:person|user|member|visitor|customer|one|third party|part of [^,;:]{0,60}))"
_MODAL = r"(?:may|must|shall|(?<=you )(?:will|can)|(?<=also )(?:will|can))"
_AGREES = r"(?:agree|undertake|promise|commit|covenant)s?"
_NEVER_MEANT = r"(?!(?:only|be|have|need|want|wish|know|always|notice|like|mind|even|yet|just|merely|simply|rely|assume)\b)"

_OTHERS = (
    r"(?:(?:[a-z]+ )?(?:researchers?|academics?|scientists?|scholars?|journalists?|students?|partners?|universities|"
    r"archives?|libraries|compan(?:y|ies)|businesses|charities|organi[sz]ations?|institutions?|non-?profits?|"
    r"individuals?|people|others|developers?|advertisers?))"
)
_NUMBERING = r"(?:(?:section |clause |article |§ ?)?(?:\d{1,3}(?:\.\d{1,3}){0,4}[.)]?|\([a-z0-9]{1,4}\)|[a-z]\))\s+)?"
_OPENERS = (
    r"(?:(?:in particular|specifically|accordingly|for the avoidance of doubt|therefore|in addition|additionally|"
    r"furthermore|"
    r"also|further|to be clear|please|however|finally|importantly|and|moreover|you (?:also |further )?(?:agree|"
    r"acknowledge|"
    r"undertake|understand and agree) that|by (?:using|accessing) [^,;:]{0,60}? you (?:agree|promise) that|(?:by|"
    r"when|while|in) (?:using|accessing|visiting|you use|your use of) [^,;:]{0,60},|"
    r"as a (?:condition|user|member) [^,;:]{0,60},)(?:[,:] ?| )){0,3}"
)
_EXCEPTED = r"(?P<excepted>(?:unless|except|without|save)\b[^;:]{0,200}?, (?=(?:you|users|members|no )))?"
_START = _NUMBERING + _OPENERS
_NOT = r"(?:also )?(?:not|never)(?: be (?:allowed|permitted) to)?"
_FROM = r"(?:(?:you|anyone|users|others) from )?"
_NO_LEAVE = rf"(?:do|does) not {_ADVERB}(?:allow|permit|authori[sz]e|tolerate)"
_NO_BAN = r"(?:do|does) not (?:prohibit|forbid|restrict|object to|mind)"
_FREE = rf"(?:may|can|are {_ADVERB}(?:free|welcome|allowed|permitted|entitled) to)"

_FORBID = tuple(
    (re.compile(_START + form), nouns)
    for form, nouns in (
        (rf"{_EXCEPTED}{_SUBJECT} (?:also )?{_ADVERB}{_MODAL} {_NOT} {_NEVER_MEANT}", False),
        (rf"{_EXCEPTED}{_SUBJECT} (?:also )?{_ADVERB}{_AGREES} (?:not|never) to ", False),
        (rf"{_EXCEPTED}{_SUBJECT} (?:also )?{_ADVERB}{_AGREES} to (?:not|never) ", False),
        (rf"{_EXCEPTED}{_SUBJECT} (?:are|is) {_ADVERB}not {_ADVERB}(?:allowed|permitted|authori[sz]ed|entitled) to ", False),
        (rf"{_EXCEPTED}{_SUBJECT} (?:are|is) {_ADVERB}(?:prohibited|forbidden|barred|banned) from ", True),
        (rf"{_EXCEPTED}{_SUBJECT} (?:must|shall|will|{_AGREES} to) (?:refrain|abstain) from ", True),
        (rf"{_NOBODY} {_ADVERB}(?:{_MODAL}|is (?:allowed|permitted) to) (?!not\b)", False),
        (rf"(?:{_ADVERB}do not|never) {_NEVER_MEANT}", False),
        (rf"it is {_ADVERB}(?:prohibited|forbidden|not {_ADVERB}(?:allowed|permitted)) to ", False),
        (rf"{_WE} (?:do|does) not {_ADVERB}(?:allow|permit|authori[sz]e) (?:you |anyone |users |others )?to ", False),
        (rf"{_WE} {_ADVERB}(?:prohibit|forbid|ban|{_NO_LEAVE})s? {_FROM}", True),
    )
)  # fmt: skip
_PERMIT = tuple(
    (re.compile(_START + form), nouns)
    for form, nouns in (
        (rf"{_SUBJECT} (?:also )?{_FREE} (?:also |freely |of course )?(?!not\b|never\b|only\b|be\b)", False),
        (rf"{_WE} {_ADVERB}(?:allow|permit|authori[sz]e|welcome|encourage) (?:you|anyone|users|others|everyone) to ", False),
        (rf"{_WE} {_ADVERB}(?:allow|permit|welcome|encourage|{_NO_BAN})s? {_FROM}", True),
        (rf"nothing in (?:these|this|our|the) [a-z ]{{0,40}}?(?:prevents|prohibits|forbids|stops|bars) {_FROM}", True),
        (rf"{_SUBJECT} (?:are|is) not {_ADVERB}(?:prohibited|forbidden|barred|banned) from ", True),
        (rf"it is (?:not {_ADVERB}(?:prohibited|forbidden)|{_ADVERB}(?:allowed|permitted)) to ", False),
    )
)  # fmt: skip

# "Scraping and other automated collection of data is strictly prohibited": every word before the verb has to be known.
_KNOWN = r"(?:[\"'(),/&-]|\b(?:{})\b)".format(
    _any(
        """(?:un)?authori[sz]ed automated automatic systematic large-scale bulk mass manual web screen data text content
        information materials? personal public members?'?s? users?'?s? profiles? pages? posts? reviews? sites? website
        services? platform app of by with through via from on in to for our the this that these its any all every other such
        similar forms? kinds? means tools? software programs devices? robots? bots? spiders? crawlers? scrapers? scripts?
        machines? agents? headless browsers? and or as well ai models? large language machine machine-learning learning
        systems? generative training scraping crawling harvesting collecting collection extracting extraction copying using
        use access accessing mining selling reselling resale sale profiling bypassing circumventing circumvention controls?
        limits? restrictions? measures? security technical protections? building creating compiling developing fine-tuning
        indexing people individuals? persons? train build develop create collect extract scrape copy read commercial
        purposes? parts? without prior written express explicit permission consent"""
    )
)
# What can be read as a word is not read as another: "machine" is two of them, which would double the ways with each.
_PASSIVE = re.compile(
    rf"{_START}(?P<acts>(?>{_KNOWN} ?){{1,60}}?)(?:is|are) (?P<verdict>{_ADVERB}(?:not {_ADVERB})?(?:prohibited|"
    rf"forbidden|banned|"
    r"allowed|permitted|welcome|acceptable))(?P<tail>.*)\Z",
    re.DOTALL,
)
_TAIL = re.compile(
    r"\s*[.!]?\s*\Z|[.,;:]?\s*(?:on|in|by|under|at|from|of|across|and will|and may|and we|except|unless|without|"
    r"other than|save|if|when|where|provided|only)\b"
)

# --- what follows the act ---

_MAIN = re.compile(
    rf"{_START}(?:{_SUBJECT}|{_NOBODY}|we) (?:also )?(?:{_ADVERB}(?:{_MODAL}|reserve|{_AGREES}|are|is|do|does)) |"
    rf"{_START}(?:do not|never) "
)
_NEXT = re.compile(
    r"(?:[;,]? ?\b(?:and|but|or|so)\b|;) ?(?=(?:you|we|users|members|anyone|it|they|this|that|researchers|"
    r"search engines|others) (?:\w+ )?(?:may|can|must|shall|will|are|is|do|does|reserve|agree)\b)"
)
_EXCEPTION = re.compile(
    r",?\s*\b(?:except|with the exception of|unless|other than|save|without|apart from|excluding|but (?:not|only) )\b"
)
_PLACES = """eu eea uk usa europe asia africa australia austria belgium brazil bulgaria california canada china croatia
    cyprus czechia denmark england estonia finland france germany greece hungary iceland india ireland israel italy japan
    jersey korea latvia lithuania luxembourg malta mexico netherlands norway poland portugal quebec romania scotland
    singapore slovakia slovenia spain sweden switzerland turkey ukraine wales"""
#: What holds in some places only.
SOMEWHERE = (
    rf"(?:in|within|from|outside(?: of)?|residents of) (?:the )?(?:{_any(_PLACES)}|european (?:union|economic area)|"
    r"united (?:kingdom|states)|new zealand|south africa|north america|hong kong)"
)
_CONDITION = re.compile(
    r"\b(?:if|when|whenever|where|while|until|provided|although|though|however|only|to the extent|so long as|"
    r"as long as|during|"
    r"between|notwithstanding|in case|for (?:commercial|business|unlawful|illegal|improper|malicious|fraudulent|"
    r"competitive)|"
    r"unlawfully|illegally|excessively|in (?:a|any) (?:way|manner) that|in violation of|but|than|faster|slower|"
    r"quick(?:ly|er)|more (?:often|frequently)|at (?:an?|such|night|peak|high\w*|excessive|unreasonable|any (?:rate|speed))|"
    r"exceeding|in excess of|before|after|by (?:night|day)|overnight|"
    r"contrary to|in breach of|against (?:our |the )?robots\.txt|beyond (?:what|the)|above (?:what|the|our|any) \w+|"
    r"ignoring|disregarding|disallowed (?:by|in)|excepted|exempt(?:ed)?|repeatedly|harmfully|to excess|to the detriment|"
    r"in an? (?:harmful|abusive|excessive|disruptive|malicious|unlawful|illegal|improper|unreasonable) (?:way|manner)|"
    r"(?:using|with|under|from) (?:an? )?(?:stolen|fake|false|unidentified|unregistered)|"
    r"(?:for|on behalf of) (?:an? |our |any )?competitors?|"
    r"at scale|on an? \w+ scale|aggressively|so as to|excluded|behind an? (?:log-?in|paywall)|marked (?:as )?private|"
    r"(?<!public or )(?<!public and )(?:private|non-?public|password[- ]protected|admin\w*|check-?out) "
    r"(?:areas?|parts?|sections?|pages?|profiles?|"
    r"accounts?|messages?|posts?|content|data|information)|outside (?:of )?(?:an?|the|your) [^,;]{0,30}\b(?:plans?|"
    r"subscriptions?)|(?:for (?:the purposes? of )?|to |in order to )(?:send|spam|harass|stalk|overload|disrupt|damage|"
    r"harm)(?:ing|ming|ping)?|"
    r"(?:from|since|as of|as from|starting|beginning|effective|on|in) (?:\w+ ){0,3}?(?:19|20)\d\d|"
    r"on (?:week(?:days|ends)|(?:mon|tues|wednes|thurs|fri|satur|sun)days|(?:public )?holidays)|"
    rf"{SOMEWHERE})\b"
)
#: What makes scraping the site only some scraping: what for, other people's sites, a corner of one's own.
_NARROW = re.compile(
    r"\b(?:to|for|for the purposes? of) (?:\w+ ){0,3}?(?:(?:pre-?|re)?train|fine-?tun|re-?s(?:ell|ale)|s(?:ell|ale)\b|"
    r"(?:direct )?marketing|advertising|spam|(?:build|creat|compil|develop|offer|operat)\w* (?:\w+ ){0,3}?(?:profiles?|"
    r"competing|rival|substitute)\b)"
    r"|\b(?:third[- ]part(?:y|ies)(?:'s?)?|other(?: people's| companies')?|external|competit(?:ors?'?|or's|ive|ing)|"
    r"(?:someone|somebody|anyone) else's|another (?:\w+'s )?) ?web ?sites?\b"
    r"|\b(?:from|of|on) (?:any |an)?other (?:web ?sites?|services?|platforms?)\b"
    # A machine that does harm, and no other: "scrapers that overload our servers".
    r"|\b(?:scrapers?|crawlers?|spiders?|bots?|robots?|scripts?|tools?|software|means) (?:that|which) (?:\w+ ){0,2}?"
    r"(?:overload|burden|disrupt|damag|harm|impair|interfer|slow|strain)\w*"
    r"|\bthird[- ]part(?:y|ies)(?:'s?)? (?:sites?|services?|platforms?|servers?|networks?)\b"
    r"|\b(?:our|the|its|this) (?:\w+ )?(?:blogs?|newsletters?|help (?:cent(?:er|re)|pages?)|documentation|"
    r"(?:status|careers?|press) pages?)\b"
)
_ALL = re.compile(r"\bfor any (?:purpose|reason)\b|\b(?:including|such as|whether)\b")
#: The verb of a part, the verbs that set a machine to work, and those that share their object with one before them:
#: "scrape or copy our logo".
_VERB = re.compile(rf"{_LEADING}(?:(?:(?:web|screen|data)[- ]|text and data )?[a-z-]+)?")
_DEPLOYS = re.compile(rf"{_LEADING}(?:use|deploy|run|operate|launch|employ)\b")
_SHARES = re.compile(rf"{_LEADING}(?:{_TAKES}|(?:reproduce|republish|duplicate|mirror|cache)\b)")
#: Words that leave the object of scraping as wide as it is, and those that name all that a service holds, or people's data.
_WIDENING = _any(
    """an? any anything the our its all such this that these those other another similar same whole entire every each own
    and or to of for in with on from off at across through via by using use uses used as into over
    parts? portions? substantial significant systematic large amounts? quantities quantity volumes? bulk
    public publicly personal personally private available accessible displayed posted published contained hosted found stored
    user-[a-z]+ generated user member customer visitor company job web online digital electronic electronically identifiable
    (?:users?|members?|customers?|visitors?|sites?|websites?|services?|platforms?|compan(?:y|ies)|others?|people|persons?)'s?
    access accessing view visit browse query search interact log connect monitor retrieve request requests queries collect
    copy extract download scrape crawl read index harvest gather send store mine compile obtain acquire
    automated automatic automatically automation programmatically systematically manually otherwise manual or robots?
    bots? spiders? crawlers? scrapers? scraping scripts? machines? machine agents? headless browsers? programs? software
    devices? tools? means methods? process(?:es)? technolog(?:y|ies) techniques? mining gathering extraction ai
    whatsoever directly indirectly e-?mail contact"""
)
_WIDE = _any(
    """(?:web)?(?:sites?|pages?) services? platforms? apps? applications? servers? systems? networks? products? apis?
    interfaces? forums? portals? marketplaces? communit(?:y|ies) catalogues? catalogs? director(?:y|ies) index(?:es)?
    data(?:bases?|sets?)? contents? information materials? profiles? accounts? posts? postings? comments? messages?
    listings? reviews? records? results media text works? files? documents? copies
    shops? archives? librar(?:y|ies) galler(?:y|ies) wikis? games? magazines? registers? repositor(?:y|ies)
    users members customers visitors people persons individuals others anyone someone everyone us it them anything
    everything addresses details names? usernames handles identities"""
)
_WIDELY = re.compile(rf"(?:\W|\b(?:{_WIDENING})(?![\w'-]))*+(?P<whole>(?:{_WIDE})(?![\w'])|\Z)")
#: A word without a capital that is no part of an address.
_LOWER = re.compile(r"(?<![\w.@/-])[a-z]\w+(?![.@/-]?\w)")
#: Words that terms write with a capital throughout and that name nobody.
_TITULAR = re.compile(
    rf"(?:{_WIDENING}|{_WIDE}|terms?|conditions?|acceptable|fair|general|legal|user|polic(?:y|ies)|agreements?|rules?|"
    r"guidelines?|standards?|licen[cs]es?|end|notices?|privacy|developers?|tos|aup|eula|you|your|we|"
    rf"prohibited|forbidden|banned|allowed|permitted|may|must|shall|not|never|nobody|{'|'.join(_NOUNS)})"
)
_NARROWED = frozenset({"scraping", "automated_access"})
_DENIED = re.compile(r"\b(?:not|never|no|nor|nobody|we|that|if|only)\b")
#: Leave for somebody who is no user: "Researchers and partners are free to …", "Students may …".
_LOOSE = re.compile(
    rf"{_START}(?!(?:we|no|nobody|none|neither|search engines?)\b)[a-z][a-z' ,-]{{0,80}}? (?:are|is) {_ADVERB}"
    r"(?:free|welcome|allowed|permitted|entitled) to (?:freely )?|"
    rf"{_START}(?:all |other |our |some )?{_OTHERS}(?:(?:,| and| or|, and|, or) {_OTHERS}){{0,4}} (?:may|can) "
    r"(?:also )?(?:freely )?"
)
#: Leave that is given to machines, or for what they read: "Public pages may be scraped", "AI crawlers are allowed".
_GIVEN = re.compile(
    rf"{_START}(?!(?:no|none|nothing|neither|not)\b)(?:[a-z][^;:]{{0,200}}? (?:may|can) (?:also |freely )?be (?:freely )?"
    rf"(?:scraped|crawled|harvested)\b(?! by\b)|(?:[a-z'-]+,? ){{0,6}}(?:crawlers?|bots?|spiders?|scrapers?|robots?)\b"
    rf"[^;:]{{0,120}}? (?:are|is) {_ADVERB}(?:allowed|permitted|welcome)\b)"
)
#: The word that gives it, which is no leave that somebody still has to ask for.
_GRANTED = re.compile(r"\b(?:are|is) (?:\w+ly )?(?:allowed|permitted|entitled|authori[sz]ed)\b")
#: What may follow "except": the leave of the organisation or of the law, search engines, an interface that is offered.
_JOINT = re.compile(r"(?:[,;:/]|\b(?:or|and)\b|\([a-z0-9]{1,4}\)) ?(?:(?:or|and) )?(?:\([a-z0-9]{1,4}\) ?)?")
_LEAVE = re.compile(
    r"\b(?:permi\w+|consent\w*|agree\w*|authori[sz]\w*|licen[sc]e\w*|approv\w*|allow\w*|search engines?|law|laws|"
    r"statut\w+|"
    r"api|apis|interfaces?|contract|in writing|robots\.txt)\b"
)
#: What opens a clause of its own inside an enumeration: the verbs after it are somebody else's.
_WALL = re.compile(r"\b(?:who|whom|whose|that|because|how|why|whether(?! or not| (?:\w+ ){1,3}or not))\b")
_WORDS = re.compile(r"[a-z]")
#: What only asks forbids nothing.
_ASKED = re.compile(r"\?[\"') ]*\Z")
#: The most parts of an enumeration that are looked at.
_PARTS = 40
_MACHINES = re.compile(rf"{_START}(?:no )?(?:automated )?(?:crawlers?|bots?|robots?|programs?) ")
_USES = re.compile(rf"(?:{_READS}|crawl\b)")
_ONLY = re.compile(
    r"\bonly (?:through|via|by way of|with|by using|using) .{0,80}\b(?:api|apis|interfaces?|keys?|permission|"
    r"consent|agreement)\b"
)


def clauses(prose: Prose, within: range | None = None, of: str = "") -> Iterator[Clause]:
    """Every sentence of the document that speaks of acts, but for those below headings such as definitions or changes.

    `of` is the name of the organisation, by which the service may go.
    """
    asides, names = asides_of(prose), names_of(prose, of)
    for sentence in prose.sentences(within):
        if not asides[sentence.block]:
            yield from judged(sentence, names)


def names_of(prose: Prose, of: str = "") -> re.Pattern[str] | None:
    """What the organisation and the title call the service and nothing else: "Larkfield" of "Terms of use of Larkfield"."""
    title = next((block.text for block in prose.blocks if block.level), "")
    found = {plain(word) for word in re.findall(r"\b[A-Z]\w{2,}", f"{of} {title}"[:SENTENCE_CAP])}
    found -= {word for block in prose.blocks for word in _LOWER.findall(block.text)} if found else set()
    named = sorted(re.escape(word) for word in found if word and not _TITULAR.fullmatch(word))
    return re.compile(rf"\b(?:{'|'.join(named)})\b(?:'s\b)?") if named else None


def asides_of(prose: Prose) -> list[bool]:
    """For each block, whether it stands below a heading under which the document does not speak for itself today."""
    found: list[bool] = []
    above: list[tuple[int, bool]] = []
    for block in prose.blocks:
        if block.level:
            while above and above[-1][0] >= block.level:
                above.pop()
            above.append((block.level, bool(_ASIDE.search(plain(block.text))) or any(aside for _, aside in above)))
        found.append(bool(above) and above[-1][1])
    return found


def judged(sentence: Sentence, names: re.Pattern[str] | None = None) -> Iterator[Clause]:
    """What one sentence forbids or permits; an item of a list is read after the sentence that it completes.

    The `names` of the service mean what "our" means. Leave in a list is limited where sentences before that one may say
    whose it is.
    """
    lead = last_sentence(sentence.lead)
    has_more = lead != sentence.lead
    whole = f"{lead} {sentence.text}".strip()
    said = plain(f"{lead.rstrip(' :')} {sentence.text}"[: SENTENCE_CAP + 1])
    said = names.sub("our", said) if names else said
    mentioned = {act for act, pattern in _MENTIONS.items() if pattern.search(said or whole[:SENTENCE_CAP].lower())}
    if not mentioned:
        return
    found: list[tuple[str, set[str], bool]] = []
    if said and len(whole) <= SENTENCE_CAP and not _ASKED.search(said):
        for part in _parts(said):
            found += _stances(part)
    settled = {act for _, acts, _ in found for act in acts}
    for stance, acts, limited in found:
        if acts:
            is_limited = limited or (stance == PERMITS and has_more)
            yield Clause(stance, frozenset(acts), sentence.line, whole, sentence.block, is_limited)
    if unclear := mentioned - settled:
        yield Clause(UNCLEAR, frozenset(unclear), sentence.line, whole, sentence.block)


def _parts(said: str) -> list[str]:
    """The clauses of a sentence, each with a subject of its own."""
    found, start = [], 0
    for match in _NEXT.finditer(said):
        part = said[start : match.start()]
        if not _MAIN.match(part) and _passive(part) is None:
            # What precedes may govern what follows ("it is a myth that …"): the sentence stays whole.
            break
        found.append(part)
        start = match.end()
    return [*found, said[start:]]


def _stances(part: str) -> list[tuple[str, set[str], bool]]:
    """What one clause forbids or permits: (stance, acts, limited)."""
    passive = _passive(part)
    if passive is not None:
        return passive if any(acts for _, acts, _ in passive) else _given(part)
    for forms, stance in ((_FORBID, FORBIDS), (_PERMIT, PERMITS)):
        for form, has_nouns in forms:
            if match := form.match(part):
                rest = part[match.end() :]
                if _MACHINES.match(part) and _USES.match(rest):
                    rest = f"access by machine, {rest}"
                return _weighed(stance, rest, match.groupdict().get("excepted") or "", has_nouns=has_nouns)
    loose = _LOOSE.match(part)
    if loose and not _DENIED.search(loose[0]) and not _LEAVE.search(_GRANTED.sub("", loose[0]) + part[loose.end() :]):
        return [(MAY_PERMIT, set().union(*_named(part[loose.end() :], has_nouns=False)), True)]
    return _given(part)


def _given(part: str) -> list[tuple[str, set[str], bool]]:
    """Leave that is given to machines, or for what they read; nothing where somebody still has to be asked."""
    given = _GIVEN.match(part)
    if given and not _DENIED.search(given[0].replace(" that ", " ")) and not _LEAVE.search(_GRANTED.sub("", part)):
        return [(MAY_PERMIT, {"scraping", "automated_access"}, True)]
    return []


def _weighed(stance: str, rest: str, excepted: str, *, has_nouns: bool) -> list[tuple[str, set[str], bool]]:
    """The acts named before any exception or condition. Only leave (of the organisation, of a law) may be excepted."""
    if stance == PERMITS and (_ONLY.search(rest)):
        return [(FORBIDS, _named(_ONLY.sub("", rest), has_nouns=has_nouns)[0] & {"automated_access"}, True)]
    exception = _EXCEPTION.search(rest)
    head, tail = (rest[: exception.start()], rest[exception.start() :]) if exception else (rest, "")
    condition = _CONDITION.search(head)
    acts, some = _named(head[: condition.start()] if condition else head, has_nouns=has_nouns)
    foreign = any(words and not _LEAVE.search(words) for words in (tail, excepted))
    if stance == PERMITS and (condition or exception):
        # Leave that the organisation itself gives is how prohibitions are lifted, not a contradiction of them.
        return [(UNCLEAR if _LEAVE.search(rest) else PERMITS, acts | some, True)]
    if condition or foreign:
        return [(UNCLEAR, acts | some, True)]
    return [(stance, acts, bool(tail or excepted)), (PERMITS if stance == PERMITS else UNCLEAR, some, True)]


def _named(head: str, *, has_nouns: bool) -> tuple[set[str], set[str]]:
    """The acts with which a part of an enumeration begins, and those of them of which only some are meant."""
    verbs = _NOUN.sub(lambda m: _NOUNS[m[1]], head) if has_nouns else head
    acts: set[str] = set()
    some: set[str] = set()
    starts = _starts(verbs)
    is_narrow, following = False, len(verbs)
    for start in reversed(starts):
        found = {act: match.end() for act, pattern in _ACTS.items() if (match := pattern.match(verbs, start))}
        scraped = found.keys() & _NARROWED
        end = max((found[act] for act in scraped), default=start + 1)
        until = min((later for later in starts if later >= end), default=len(verbs))
        if scraped:
            # "Scrape, crawl or copy our blog": verbs without an object have that of the last. A machine is an object.
            is_bare = not _DEPLOYS.match(verbs, start) and not _WORDS.search(_JOINT.sub(" ", verbs[end:until]))
            is_narrow = _is_narrow(verbs[start:following], until - start) or (is_narrow and is_bare)
            some |= scraped if is_narrow else set()
            following = start
        elif _SHARES.match(verbs, start):
            is_narrow = _is_narrow(verbs[start:following], until - start)
            following = start
        acts |= found.keys() - (scraped if is_narrow else set())
    return acts, some - acts


def _is_narrow(part: str, until: int) -> bool:
    """Whether the object of scraping is less than the service or what it holds: the prices, a logo, somebody else's site.

    `until` is where the item ends; of what follows ("images, text or other content") one that is wide will do.
    """
    verb = _VERB.match(part)
    first, *more = _JOINT.split(part[verb.end() if verb else 0 :])[:_PARTS]
    is_wide = _WIDELY.match(first) or any((match := _WIDELY.match(one)) and match["whole"] for one in more)
    return not _ALL.search(part[:until]) and bool(_NARROW.search(part[:until]) or not is_wide)


def _starts(head: str) -> list[int]:
    """Where the parts of an enumeration begin; none after "those who" or "that we"."""
    wall = _WALL.search(head)
    end = wall.start() if wall else len(head)
    starts = (match.end() for match in _JOINT.finditer(head))
    return [0, *(start for start in starts if 0 < start <= end)][:_PARTS]


def _passive(part: str) -> list[tuple[str, set[str], bool]] | None:
    match = _PASSIVE.match(part)
    if match is None or not _TAIL.match(match["tail"]):
        return None
    denied = " not " in f" {match['verdict']} "
    forbids = denied != bool(re.search(r"prohibited|forbidden|banned", match["verdict"]))
    tail = match["tail"].strip(" .!")
    rest = match["acts"] + (f" {tail}" if tail else "")
    return _weighed(FORBIDS if forbids else PERMITS, rest, "", has_nouns=True)
