"""What an impact assessment, or one of legitimate interests, says of itself: approval, review, sections, what remains.

GDPR Art 35(7) says what a DPIA holds; here a section counts when its heading is there with text below it. All of it is a
claim of the document's author, so it supports and does not verify; what it denies contradicts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from policycheck.document import slug
from policycheck.evidence import _clauses, _front, _governed
from policycheck.evidence._documents import prose_of
from policycheck.evidence._prose import Illegible
from policycheck.evidence._weighing import Weighing
from policycheck.model import Account, Discovered

if TYPE_CHECKING:
    from policycheck.evidence._front import Entry, Front
    from policycheck.evidence._prose import Prose
    from policycheck.opener import Opener

KINDS_OF_SUBJECT: frozenset[str] = frozenset({"use", "surface", "scraping", "source"})
FILES: tuple[str, ...] = (
    "*dpia*.md", "*impact-assessment*.md", "*impact_assessment*.md", "*lia-*.md", "*lia_*.md", "*legitimate-interest*.md",
    "*pia-*.md",
)  # fmt: skip

_LIA = re.compile(r"\b(?:lia|legitimate interests?)\b")
_DPIA = re.compile(r"\b(?:dpia|pia|(?:data protection |privacy )?impact assessment)\b")
#: The headings under which each part of an assessment stands.
_PARTS = {
    ("description", "nature"): re.compile(r"\b(?:nature|description|processing operations|what (?:we do|is done))\b"),
    ("description", "scope"): re.compile(r"\bscope\b|\bwhose data\b"),
    ("description", "context"): re.compile(r"\bcontext\b|\bcircumstances\b"),
    ("description", "purposes"): re.compile(r"\bpurposes?\b|\bwhy\b"),
    ("necessity",): re.compile(r"\bnecess\w+\b|\bproportional\w+\b"),
    ("risks",): re.compile(r"\brisks?\b|\bthreats?\b"),
    ("mitigations",): re.compile(r"\bmeasures?\b|\bmitigat\w+\b|\bsafeguards?\b|\btreatments?\b"),
}
_LIA_PARTS = {
    "interest": re.compile(r"\b(?:interests?|purposes?)\b"),
    "alternatives": re.compile(r"\bnecess\w+\b|\balternatives?\b"),
    "balancing": re.compile(r"\bbalanc\w+\b|\bimpacts?\b"),
}
_HIGH_LEFT = re.compile(r"(?:a )?high (?:residual )?risks? (?:still )?remains?\b")
_NO_HIGH_LEFT = re.compile(r"no high (?:residual )?risks? remains?\b")
_RUN_IN = re.compile(r"([A-Z][a-z]{2,20})\.\s")
#: Headings below which titles of sections stand again.
_CONTENTS = re.compile(r"\b(?:table of )?contents\b|\bindex\b")
#: How many paragraphs and cells below a label are looked at.
_ROWS = 40
#: What stands in a form that nobody filled in: a label, a box that is not ticked, a word for nothing, what its maker
#: asks or tells the author to write, and that it is to be written.
_DONE = r"(?:measures?|safeguards?|mitigations?|risks?|threats?|necessity|proportionality|assessments?|analysis)"
_NOT_DONE = (
    r"(?:not|never) (?:yet |been )*(?:taken|assessed|adopted|implemented|identified|done|made|applied|considered|used|"
    r"analy[sz]ed|evaluated|examined|looked at|carried out|planned|approved|agreed|chosen|selected|pursued|known|needed|"
    r"necessary|required)\b"
)
_LEFT_OPEN = re.compile(
    r".*:|(?:\[[ _]?\]|[\u2610\u25a1])(?!.*(?:\[[xX]\]|[\u2611\u2612])).*|"
    r"(?:n/?a|not applicable|not yet|to follow|see (?:above|below)|[-_.\s]+)[.]?|"
    r".*\?|"
    r"(?:please |briefly )*(?:describe|explain|consider|summari[sz]e|outline|specify|identify (?:additional|any|the)) .*|"
    r"(?:this|the) (?:section|part|chapter) (?:(?:will|shall) (?:be|follow)|is (?:still )?to be|follows later)\b.{0,40}|"
    r"we (?:will|shall) (?:write|complete|fill in|add) (?:this|it)\b.*|"
    rf"(?:there (?:are|were|is) )?no (?:[\w-]+ ){{0,2}}{_DONE}\b(?! remains?\b).{{0,80}}|"
    rf"(?:an? |the |any )?(?:[\w-]+ )?{_DONE} (?:(?:is|are|was|were|has been|have been) )?"
    rf"(?:out of scope\b|{_NOT_DONE}).{{0,80}}|"
    rf"(?:we|the team) (?:(?:have|has|did|do) )?(?:not|never) (?:\w+ ){{1,3}}{_DONE}\b.{{0,80}}",
    re.IGNORECASE | re.DOTALL,
)
#: What makes of a heading one of what was not done: "No measures", "Rejected safeguards", "Measures not taken".
_NONE_OF = re.compile(
    r"\b(?:no|without|missing|lacking|absent|rejected|refused|omitted|dismissed|discarded)(?: [\w-]+){0,2} \Z"
)
_UNDONE = re.compile(
    rf"[^.:;]{{0,40}}?\b(?:{_NOT_DONE}|"
    # "Rejected alternatives" are something else than measures that were rejected.
    r"(?:rejected|refused|dismissed|discarded|omitted|missing)\b(?! (?!by\b|in\b|for\b|after\b|and\b|or\b|as\b)\w))"
)
_LEVELS = {"low": False, "moderate": False, "medium": False, "high": True, "very high": True, "none": False}


def account(opener: Opener, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    """What the assessment at `path` (from the root) says about an AI use, a source, a surface or own scraping.

    `options.options` may hold `assessment: dpia` or `lia`, where the document's title leaves that open.
    """
    return _governed.heard(opener, path, subject, options, _judge)


def _judge(weighing: Weighing, front: Front) -> None:
    is_lia = _kind(weighing, front) == "lia"
    if weighing.subject.get("family") or not (is_lia or _speaks_of_dpia(weighing.subject)):
        raise Illegible("is read for AI uses, sources, surfaces and own scraping")
    names = ("lia", "lia_ref") if is_lia else ("dpia", "dpia_ref")
    if not any(weighing.subject.get(name) for name in names):
        raise Illegible(f"is evidence of {names[0]} or {names[1]}, and neither is declared here; declare which it is")
    _reference(weighing, front, *(("lia", "ref") if is_lia else ("dpia", "ref")))
    _reference(weighing, front, "lia_ref" if is_lia else "dpia_ref")
    if is_lia:
        _interests(weighing, front)
    else:
        _assessment(weighing, front)


def _speaks_of_dpia(subject: Mapping[str, Any]) -> bool:
    return "id" in subject


def _kind(weighing: Weighing, front: Front) -> str:
    """Whether it assesses impact or interests: as the evidence says, else by type, id and title."""
    options = weighing.options.get("options")
    asked = options.get("assessment") if isinstance(options, Mapping) else None
    if asked in ("dpia", "lia"):
        return str(asked)
    return _named(front, weighing.prose)


def _named(front: Front, prose: Prose) -> str:
    for keys in (("type", "kind", "document_type"), ("id",), ("title",)):
        entry = front.get(*keys)
        if entry is not None and (found := _of(entry.text)):
            return found
    title = next((block.text for block in prose.blocks if block.level == 1), "")
    if found := _of(title):
        return found
    raise Illegible(
        "is not recognised as an impact assessment or one of legitimate interests; say which with options.assessment"
    )


def _of(text: str) -> str:
    words = _clauses.plain(text).replace("-", " ").replace("_", " ")
    kinds = [kind for kind, pattern in (("lia", _LIA), ("dpia", _DPIA)) if pattern.search(words)]
    return kinds[0] if len(kinds) == 1 else ""


def _reference(weighing: Weighing, front: Front, *path: str) -> None:
    """A declared reference to another document is not this one; an address elsewhere cannot be told."""
    ref, own = weighing.asked(*path), front.get("id", "ref", "reference")
    if not isinstance(ref, str) or "://" in ref or ref.startswith("/"):
        return
    name = ref.partition("#")[0].strip()
    is_path = name.rpartition("/")[2].lower() == weighing.prose.path.rpartition("/")[2].lower()
    if not is_path and not (own and own.text.lower() == name.lower()):
        line = own.line if own else 0
        weighing.doubt(f"is not what {'.'.join(path)} names ({ref[:60]})", line)


# --- impact assessments ---


def _assessment(weighing: Weighing, front: Front) -> None:
    if front.get(*_governed.APPROVED) is None:
        weighing.doubt("names no day of approval")
    if not isinstance(weighing.subject.get("dpia"), Mapping):
        return
    _versions(weighing, front)
    day, line = front.day(*_governed.NEXT)
    if weighing.asked("dpia", "next_review_on") is not None:
        _day(weighing, ("dpia", "next_review_on"), day, line)
    start, at = front.day("processing_started_on", "start_on", "starts_on")
    if start and weighing.asked("start_on") is not None:
        _day(weighing, ("start_on",), start, at)
    adviser = front.get("adviser", "advised_by", "dpo", "dpo_advice_by")
    declared = weighing.asked("dpia", "adviser")
    if declared is not None and adviser is not None and str(declared).casefold() == adviser.text.casefold():
        weighing.read(("dpia", "adviser"), declared, adviser.line, "whose advice the document names")
    elif declared is not None:
        weighing.doubt("does not name dpia.adviser in its front matter", adviser.line if adviser else 0)
    _sections(weighing)
    _remains(weighing, front)


def _day(weighing: Weighing, path: tuple[str, ...], day: str, line: int) -> None:
    if day:
        weighing.read(path, day, line, "as the front matter says")
    else:
        weighing.doubt(f"has no {path[-1]} in its front matter")


def _versions(weighing: Weighing, front: Front) -> None:
    """The version that the document is has to be among the declared ones, approved when and by whom they say."""
    declared = weighing.asked("dpia", "versions")
    if declared is None:
        return
    names = [str(v.get("version")) for v in declared if isinstance(v, dict)] if isinstance(declared, list) else []
    entry = front.get("version")
    name = entry.text if entry else names[0] if len(names) == 1 else ""
    if not name:
        weighing.doubt("names no version, and dpia.versions does not declare just one")
    elif name not in names:
        weighing.doubt(f"is version {name[:30]}, which dpia.versions does not declare", entry.line if entry else 0)
    else:
        approvers = front.get(*_governed.APPROVERS)
        path = ("dpia", "versions", name)
        if weighing.declared(*path, "approved_on") is not None:
            _day(weighing, (*path, "approved_on"), *front.day(*_governed.APPROVED))
        by = weighing.declared(*path, "approved_by")
        if by is not None and approvers is not None:
            same = str(by).casefold() in [value.casefold() for value in approvers.values]
            weighing.read((*path, "approved_by"), by if same else approvers.text, approvers.line, "as the front matter says")


def _sections(weighing: Weighing) -> None:
    declared = weighing.asked("dpia", "sections")
    if not isinstance(declared, Mapping):
        return
    for part, pattern in _PARTS.items():
        if weighing.declared("dpia", "sections", *part) is True:
            _part(weighing, ("dpia", "sections", *part), pattern)


def _part(weighing: Weighing, path: tuple[str, ...], pattern: re.Pattern[str]) -> None:
    """A part that is declared has a heading, or a word that opens a paragraph, and text below it."""
    found = list(_headed(weighing.prose, pattern))
    full = [line for line, is_full in found if is_full]
    if full:
        weighing.read(path, True, full[0], "a heading with text below it")
        weighing.quote(full[0], _line_text(weighing.prose, full[0]))
    elif forms := [line for line, is_full in found if is_full is None]:
        where = weighing.prose.where(forms[0])
        weighing.doubt(
            f"has only a form that nobody filled in, or nothing that is read, for {'.'.join(path)} ({where})", forms[0]
        )
    elif found:
        weighing.read(path, False, found[0][0], "the heading has no text below it")
    else:
        weighing.doubt(f"has no section found for {'.'.join(path)}; a person must read it")


def _headed(prose: Prose, pattern: re.Pattern[str]) -> Iterator[tuple[int, bool | None]]:
    """The lines of headings, run-in headings and column heads that fit, and whether anything stands below them.

    None where that is no more than a form.
    """
    is_contents = False
    for index, block in enumerate(prose.blocks):
        if block.level:
            is_contents = bool(_CONTENTS.search(_clauses.plain(block.text)))
        if block.level > 1 and _is_about(_clauses.plain(block.text), pattern):
            yield block.line, _is_answered(prose, prose.section(index))
        elif not block.level and block.own and not is_contents:
            for match in _RUN_IN.finditer(block.text):
                if pattern.search(match[1].lower()) and block.text[match.end() :].strip():
                    yield block.line_at(match.start()), True
            is_listed = not block.row and (_is_label(prose, index - 1) or _is_label(prose, index + 1))
            if not is_listed and len(block.text) < 40 and pattern.fullmatch(_clauses.plain(block.text)):
                yield block.line, _is_answered(prose, _near(prose, index), index)


def _is_about(title: str, pattern: re.Pattern[str]) -> bool:
    """Whether a heading is that of a part, and not of what of it was left undone."""
    found = pattern.search(title)
    return found is not None and not _NONE_OF.search(title[: found.start()]) and not _UNDONE.match(title[found.end() :])


def _is_label(prose: Prose, index: int) -> bool:
    """Whether a block is the title of a part and nothing else: two of them in a row are a list of sections."""
    block = prose.blocks[index] if 0 <= index < len(prose.blocks) else None
    is_short = block is not None and not block.level and not block.row and len(block.text) < 40
    return bool(block and is_short and any(part.fullmatch(_clauses.plain(block.text)) for part in _PARTS.values()))


def _near(prose: Prose, label: int) -> range:
    """What stands below a label, down to the next heading; of a long table its first rows."""
    last = min(label + _ROWS, len(prose.blocks))
    return range(label, next((at for at in range(label + 1, last) if prose.blocks[at].level), last))


def _is_answered(prose: Prose, section: range, label: int = -1) -> bool | None:
    """Whether a section says anything besides its `label`; None for labels, boxes and heads of tables, or what is not read.

    A row of a table says something when a cell stands beside another one.
    """
    rows: dict[int, set[int]] = {}
    is_form = False
    for sentence in prose.sentences(section):
        row, text = prose.blocks[sentence.block].row, sentence.text.strip()
        is_left = bool(_LEFT_OPEN.fullmatch(text))
        is_form = is_form or sentence.block != label
        if row and (not is_left or text.endswith(":")):
            rows.setdefault(row, set()).add(sentence.block)
        elif not row and not is_left and sentence.block != label:
            return True
    # What is quoted or shown as code or as a picture is not the author's word, and not nothing either.
    is_form = is_form or any(not prose.blocks[at].own for at in section)
    is_filled = any(row > 0 and len(cells) + len(rows.get(-row, ())) > 1 for row, cells in rows.items())
    return is_filled or (None if is_form else False)


def _line_text(prose: Prose, line: int) -> str:
    """What begins on a line: a whole block, else the sentences below a run-in heading."""
    found = next((block.text for block in prose.blocks if block.line == line), "")
    return " ".join((found or " ".join(s.text for s in prose.sentences() if s.line == line)).split())


def _remains(weighing: Weighing, front: Front) -> None:
    """Whether high risk remains, by the front matter or a sentence that says just that."""
    declared = weighing.asked("dpia", "residual_high")
    if declared is None:
        return
    found = list(_left(weighing.prose, front))
    values = {value for value, _ in found}
    if len(values) == 1:
        value, line = found[0]
        weighing.read(("dpia", "residual_high"), value, line, "what the document says remains")
    elif found:
        weighing.doubt("says both that high risk remains and that none does; a person must read it", found[0][1])
    else:
        weighing.doubt("does not say in its front matter whether high risk remains (residual_risk)")


def _left(prose: Prose, front: Front) -> Iterator[tuple[bool, int]]:
    entry = front.get("residual_risk", "residual_risk_level", "residual")
    if entry is not None and (level := entry.text.strip().lower()) in _LEVELS:
        yield _LEVELS[level], entry.line
    flag = front.get("residual_high")
    if flag is not None and flag.text.lower() in ("true", "false"):
        yield flag.text.lower() == "true", flag.line
    for sentence in prose.sentences():
        said = _clauses.plain(sentence.text)
        if _HIGH_LEFT.match(said) or _NO_HIGH_LEFT.match(said):
            yield bool(_HIGH_LEFT.match(said)), sentence.line


# --- legitimate interests ---


def _interests(weighing: Weighing, front: Front) -> None:
    if weighing.asked("lia", "approved_on") is not None:
        _day(weighing, ("lia", "approved_on"), *front.day(*_governed.APPROVED))
    elif front.get(*_governed.APPROVED) is None:
        weighing.doubt("names no day of approval")
    for name, pattern in _LIA_PARTS.items():
        found = list(_headed(weighing.prose, pattern))
        full = [line for line, is_full in found if is_full]
        if full:
            weighing.quote(full[0], _line_text(weighing.prose, full[0]))
        elif weighing.asked("lia", name):
            weighing.doubt(
                f"has no section with text found for lia.{name}; a person must read it", found[0][0] if found else 0
            )


# --- discovery ---


def discover(opener: Opener, path: str) -> tuple[Discovered, ...]:
    """The assessment of an AI use; one whose front matter does not name the use (`ai_use`) is listed as not read."""
    prose = prose_of(opener, path)
    try:
        front = _front.read(prose)
        use, kind = front.get("ai_use", "use"), _named(front, prose)
        about = {"lia": _lia(front, path)} if kind == "lia" else {"dpia": _dpia(front, path, prose)}
    except Illegible:
        return ()
    entry = {"kind": "dpia", "path": path}
    if use is None:
        why = "its front matter names no AI use; add `ai_use:`, or name it as evidence of kind dpia yourself"
        return (Discovered("", {}, path, 1, why),)
    item = {"id": _slug(use), **about}
    if not item["id"] or account(opener, path, entry, item).unreadable:
        return ()
    found = {**item, "evidence": [entry]}
    return (Discovered("ai_uses", found, path, use.line, "an assessment names this use", _ASKS),)


_ASKS = (
    ("start_on", "When does processing start?"),
    ("phases", "Which phases does it cover?"),
    ("sources", "Where does the data come from?"),
    ("owner", "Who inside the organisation answers for it?"),
)


def _slug(entry: Entry) -> str:
    return slug(entry.text)


def _lia(front: Front, path: str) -> dict[str, Any]:
    day = front.day(*_governed.APPROVED)[0]
    return {"ref": path, **({"approved_on": day} if day else {})}


def _dpia(front: Front, path: str, prose: Prose) -> dict[str, Any]:
    found: dict[str, Any] = {"ref": path}
    version, approvers = front.get("version"), front.get(*_governed.APPROVERS)
    if version and (day := front.day(*_governed.APPROVED)[0]):
        found["versions"] = [
            {"version": version.text, "approved_on": day, **({"approved_by": approvers.text} if approvers else {})}
        ]
    if due := front.day(*_governed.NEXT)[0]:
        found["next_review_on"] = due
    sections: dict[str, Any] = {}
    for part, pattern in _PARTS.items():
        if any(is_full for _, is_full in _headed(prose, pattern)):
            place = sections.setdefault("description", {}) if len(part) > 1 else sections
            place[part[-1]] = True
    left = {value for value, _ in _left(prose, front)}
    return found | ({"sections": sections} if sections else {}) | ({"residual_high": left.pop()} if len(left) == 1 else {})
