"""The gap report on a terminal, like a good compiler: place, severity, rule, message, the line with a mark, the facts.

Order: contradictions, gaps by severity, what could not be read, then at most ten questions, then what it adds up to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from policycheck.formats._machine import unjudged, unjudged_at_all, unpruned
from policycheck.formats._terminal import SEVERITY_COLOURS, encode, harmless, paint, wrap
from policycheck.model import BINDING, Outcome, cells
from policycheck.questions import by_subject, is_unread
from policycheck.report import Record, Totals, starting

if TYPE_CHECKING:
    from policycheck.run import View

RECORD = "full"
#: Paths are shown from the current folder; in other formats they begin at a manifest's root.
FROM_HERE = True
SEPARATOR = b"\n"
SHOWS_SINCE = True
MAX_LINES = 190
MAX_QUESTIONS = 10
MAX_FACTS = 2
MAX_ASKED = 2
MAX_RULES = 5
#: Of what kept files from being judged; --verbose shows all.
MAX_UNJUDGED = 20
#: More documents than these are counted; --verbose names them.
MOST_NAMED = 5
_WORDS = {"gap": "gap", "unknown": "unknown", "met": "met", "not_used": "not used", "not_applicable": "not applicable"}


def detail(style: Mapping[str, Any]) -> frozenset[Outcome]:
    """What is shown, and so explained: gaps and unknowns, by expectation all that applies, everything with --verbose."""
    if style.get("verbose"):
        return frozenset(Outcome)
    rest = {Outcome.MET, Outcome.NOT_USED} if style.get("by") == "expectation" or style.get("view") else set()
    return frozenset({Outcome.GAP, Outcome.UNKNOWN} | rest)


def begin(view: View) -> bytes:
    """Nothing: each manifest says against what it was held."""
    return b""


def part(view: View, record: Record) -> bytes:
    """One manifest's report."""
    style = view.style
    if style.get("quiet"):
        # What stands between parts ends the line, so that no blank one stands between manifests.
        return encode([_quiet(view, record)], style).removesuffix(b"\n")
    framework = style.get("view")
    if framework:
        from policycheck.formats import _by_framework

        return encode(
            [*_title(view, record), *_by_framework.lines(view, record, str(framework)), *_summary(view, record)], style
        )
    if style.get("by") == "expectation":
        from policycheck.formats import _by_expectation

        return encode([*_title(view, record), *_by_expectation.lines(view, record), *_summary(view, record)], style)
    verbose = bool(style.get("verbose"))
    shown = [f for f in record["findings"] if _is_shown(f)]
    unread = [f for f in shown if f["outcome"] == "unknown" and not _is_debt(f)]
    findings = [f for f in shown if verbose or (f["severity"] != "info" and f["outcome"] == "gap" and not _is_debt(f))]
    lines = _title(view, record)
    tail = [] if verbose else _unread(view, unread)
    tail += _asides(
        view, [] if verbose else [f for f in shown if f["severity"] == "info" and f["outcome"] == "gap" and not _is_debt(f)]
    )
    tail += _debt(view, [] if verbose else [f for f in shown if _is_debt(f)])
    tail += _accepted(view, record) + _questions(view, record, verbose) + _summary(view, record)
    room = 10**9 if verbose else MAX_LINES - len(lines) - len(tail)
    lines += _blocks(view, record, findings, room)
    if verbose:
        lines += _rest(view, record)
    return encode(lines + tail, style)


def end(view: View, totals: Totals) -> bytes:
    """The sum over several manifests, and what is in none of them because it was not judged."""
    ended = b"\n" if view.style.get("quiet") and totals.manifests else b""
    lines = []
    if totals.manifests > 1:
        accepted = f" · {totals.marks['accepted']} accepted" if totals.marks["accepted"] else ""
        lines = ["", f"{totals.manifests} manifests: {_listed(totals.findings)}{accepted}"]
    apart = () if view.style.get("quiet") else ("",)
    stale = [line for told in unpruned(totals) for line in (*apart, *wrap(told, view.style, "", "  "))]
    return ended + encode([*lines, *_unjudged(view, totals), *stale], view.style)


def _unjudged(view: View, totals: Totals) -> list[str]:
    every = unjudged_at_all(totals)
    if view.style.get("quiet"):
        return [f"not judged: {told}" for told in every]
    shown = every if view.style.get("verbose") else every[:MAX_UNJUDGED]
    lines = [*([""] if totals.manifests else []), paint(f"Not judged ({len(every)})", "bold", view.style)] if every else []
    lines += [line for told in shown for line in wrap(told, view.style, "  ", "      ")]
    return lines + ([f"  and {len(every) - len(shown)} more; --verbose shows all"] if len(shown) < len(every) else [])


def _is_shown(finding: Record) -> bool:
    if finding["outcome"] == "gap":
        return "exception" not in finding
    return is_unread(finding)


def _title(view: View, record: Record) -> list[str]:
    organization = record["organization"]
    name = harmless(organization.get("name") or organization.get("id"))
    about = ", ".join(harmless(x) for x in (organization.get("size"), *(organization.get("jurisdictions") or ())) if x)
    *most, last = [d["id"] for d in view.header["criteria"]["documents"]] or ["nothing"]
    documents = f"{', '.join(most)} and {last}" if most else last
    if len(most) > MOST_NAMED and not view.style.get("verbose"):
        documents = f"{len(most) + 1} documents"
    head = paint(f"{name}{f' ({about})' if about else ''}", "bold", view.style)
    held = f"{view.path(record['manifest'])} held against {documents}, as of {view.header['as_of']}"
    return [head, *wrap(held, view.style, "", ""), *_since(view, record), ""]


def _since(view: View, record: Record) -> list[str]:
    """What changed since the report that was named, if one was."""
    return [line for sentence in _changed(view, record) for line in wrap(sentence, view.style, "", "  ")]


def _changed(view: View, record: Record) -> list[str]:
    if view.since is None:
        return []
    from policycheck.formats import _changes

    return _changes.since(view.since(record))


def _blocks(view: View, record: Record, findings: list[Record], room: int) -> list[str]:
    asked = {e["id"]: e for e in record["expectations"]}
    lines: list[str] = []
    closing: list[str] = []
    for index, finding in enumerate(findings):
        above, closing = closing, _closing(view, finding, asked)
        block = [*_block(view, finding), *_said_once(view, above, closing), *_id(view, finding), ""]
        left = len(findings) - index - 1
        if len(lines) + len(block) + 2 * min(left, 1) > room:
            return lines + _short(view, findings[index:], room - len(lines))
        lines += block
    return lines


def _short(view: View, findings: list[Record], room: int) -> list[str]:
    shown = findings[: max(0, room - 2)]
    left = len(findings) - len(shown)
    more = f"and {left} more; --verbose shows all" if left else f"{len(shown)} in short; --verbose shows all of them"
    return [*[_head(view, f) for f in shown], more, ""]


def _head(view: View, finding: Record) -> str:
    where = _where(view, finding["location"])
    severity = paint(finding["severity"], SEVERITY_COLOURS[finding["severity"]], view.style)
    mark = paint(" contradicted", "magenta", view.style) if finding["assurance"] == "contradicted" else ""
    unknown = " unknown" if finding["outcome"] == "unknown" else ""
    mark += f" warning until {finding['warns_until']}" if "warns_until" in finding else ""
    state = finding.get("baseline", {}).get("state", "")
    mark += {"worse": " worse", "new": " new", "new_rule": " new rule"}.get(state, "")
    return f"{paint(harmless(where), 'bold', view.style)} {severity}{mark}{unknown} {finding['rule']}"


def _where(view: View, place: Record | None) -> str:
    return f"{view.path(place['path'])}:{place['line']}:{place['column']}" if place else "policycheck"


def _block(view: View, finding: Record) -> list[str]:
    quoted = _source(view, finding["location"])
    lines = [_head(view, finding), *wrap(finding.get("message", ""), view.style), *quoted]
    for place in finding.get("related", ())[:2]:
        lines += wrap(f"see also {view.path(place['path'])}:{place['line']}:{place['column']} {place['route']}", view.style)
    return lines + _facts(view, finding, bool(quoted))


def _closing(view: View, finding: Record, asked: dict[str, Record]) -> list[str]:
    """Who asks for it, with the paragraphs, and what closes it."""
    lines = []
    if finding["expectations"]:
        lines += wrap(f"asked by {_asked(view, finding, asked)}", view.style, "  ", "    ")
    if finding.get("remediation", ""):
        told = " ".join(finding.get("remediation", "").split())
        if not view.style.get("verbose"):
            told = _first_sentence(told)
        lines += wrap(f"to close: {told}", view.style, "  ", "    ")
    return lines


def _said_once(view: View, above: list[str], closing: list[str]) -> list[str]:
    """What is asked of several surfaces alike, and closes it, is written out for the first of them."""
    if not closing or closing != above or view.style.get("verbose"):
        return closing
    return [f"  {'asked by and ' if closing[0].startswith('  asked by') else ''}to close: as above"]


def _id(view: View, finding: Record) -> list[str]:
    return wrap(f"id {finding['id']}", view.style, "  ", "    ") if view.style.get("verbose") else []


def _asked(view: View, finding: Record, asked: dict[str, Record]) -> str:
    """The expectations with their paragraphs, the binding ones first; all of them with --verbose."""
    rows = [asked[e] for e in finding["expectations"] if e in asked]
    rows.sort(key=lambda r: BINDING.index(r["modality"]) if r["modality"] in BINDING else len(BINDING))
    shown = rows if view.style.get("verbose") else rows[:MAX_ASKED]
    named = "; ".join(f"{r['id']} ({r['locator']}, {r['modality']})" for r in shown)
    return named + (f"; and {len(rows) - len(shown)} more" if len(shown) < len(rows) else "")


def _first_sentence(text: str) -> str:
    head, stop, _ = text.partition(". ")
    return head + "." if stop else text


def _source(view: View, place: Record | None) -> list[str]:
    if place is None or view.line is None:
        return []
    raw = view.line(place["path"], place["line"])
    if not raw.strip():
        return []
    raw, column, end = raw.replace("\t", " "), place["column"], place.get("end_column")
    text = harmless(raw)
    if column == 1 and not end and text[0] == " ":
        # Of an artefact often only the line is known: then the mark is under all that is written on it.
        column, end = len(text) - len(text.lstrip()) + 1, len(text) + 1
    elif text != raw:
        # What is shown with an escape takes more room than it has in the file.
        column, end = len(harmless(raw[: column - 1])) + 1, end and len(harmless(raw[: end - 1])) + 1
    limit = int(view.style.get("width", 80)) - 10
    cut = max(0, column - limit + 12) if len(text) > limit else 0
    number = f"{place['line']:>5} | "
    width = (end or column + 1) - column
    marked = text[column - 1 : column - 1 + max(1, min(width, limit - column + cut))]
    mark = f"{' ' * (len(number) - 2)}| {' ' * cells(text[cut : column - 1])}{'^' * max(1, cells(marked))}"
    shown = text[cut : cut + limit] + ("…" if len(text) > cut + limit else "")
    return [number + shown, paint(mark.rstrip(), "red", view.style)]


def _facts(view: View, finding: Record, is_quoted: bool) -> list[str]:
    verbose = bool(view.style.get("verbose"))
    facts = finding["facts"] if verbose else finding["facts"][:MAX_FACTS]
    if not facts or (is_quoted and not verbose and _stands_there(finding)):
        # The marked line above already shows it.
        return []
    said = "; ".join(_fact(view, fact) for fact in facts)
    more = len(finding["facts"]) - len(facts)
    return wrap(f"because {said}{f'; and {more} more' if more else ''}", view.style, "  ", "    ")


def _stands_there(finding: Record) -> bool:
    """Whether the one fact is what is written where the finding stands. What nobody wrote stands nowhere."""
    fact, *more = finding["facts"]
    return not more and bool(fact.get("declared", True)) and _same(fact.get("location"), finding["location"])


def _same(one: Record | None, other: Record | None) -> bool:
    return one is not None and other is not None and all(one[k] == other[k] for k in ("path", "line", "column"))


def _fact(view: View, fact: Record) -> str:
    if not fact.get("declared", True):
        missing_row = fact.get("source") == "pack"
        return f"{fact['route']} {'has no row in the pack' if missing_row else fact.get('note') or 'is not declared'}"
    value = fact["value"]
    shown = "[" + ", ".join(map(str, value)) + "]" if isinstance(value, list) else _word(value)
    place = fact.get("location")
    source = f" in {view.path(place['path'])}:{place['line']}" if place and fact.get("source") == "artefact" else ""
    return f"{fact['route']} is {shown}{source}"


def _word(value: Any) -> str:
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value) or '""'


def _is_debt(finding: Record) -> bool:
    return bool(finding.get("baseline", {}).get("state") == "known")


def _debt(view: View, findings: list[Record]) -> list[str]:
    """Gaps that the baseline knows: a line each, with their age and what is overdue."""
    lines = [paint(f"Known gaps ({len(findings)}), in the baseline", "bold", view.style)] if findings else []
    for finding in findings:
        entry = finding["baseline"]
        due = f", due {entry['due_on']}{' (overdue)' if entry.get('overdue') else ''}" if entry.get("due_on") else ""
        owner = f", {entry['owner']}" if entry.get("owner") else ""
        told = (
            f"{_where(view, finding['location'])} {finding['severity']}{_mark(finding)} {finding['rule']} "
            f"since {entry['since']}{owner}{due}"
        )
        lines += wrap(told, view.style, "  ", "      ")
    return [*lines, ""] if lines else []


def _mark(finding: Record) -> str:
    """What a gap is besides: that it is known or accepted makes a contradiction no milder, and an unknown no gap."""
    contradicted = " contradicted" if finding["assurance"] == "contradicted" else ""
    return contradicted + (" unknown" if finding["outcome"] == "unknown" else "")


def _accepted(view: View, record: Record) -> list[str]:
    """Gaps under an exception: never hidden, never counted as gaps."""
    some = [f for f in record["findings"] if "exception" in f]
    lines = [paint(f"Accepted ({len(some)})", "bold", view.style)] if some else []
    for finding in some:
        by = finding["exception"]
        told = (
            f"{_where(view, finding['location'])}{_mark(finding)} {finding['rule']}: {by['reason']} "
            f"({by['id']}, approved by {by['approver']}, {by['ticket']}, until {by['expires_on']}, "
            f"meanwhile {by['compensating_control']})"
        )
        lines += wrap(told, view.style, "  ", "      ")
    return [*lines, ""] if lines else []


def _unread(view: View, findings: list[Record]) -> list[str]:
    """Evidence that says nothing: it blocks like a question, and is never cut for length."""
    lines = [paint(f"Could not be read ({len(findings)})", "bold", view.style)] if findings else []
    for finding in findings:
        why = finding.get("message") or finding.get("because_of", "")
        told = f"{_where(view, finding['location'])} {finding['severity']} {finding['rule']}: {why}"
        lines += wrap(told, view.style, "  ", "      ")
    return [*lines, ""] if lines else []


def _asides(view: View, findings: list[Record]) -> list[str]:
    """What never blocks, a line or two each."""
    lines = [paint("For information", "bold", view.style)] if findings else []
    for finding in findings:
        told = f"{_where(view, finding['location'])} {finding['rule']}: {finding.get('message', '')}"
        lines += wrap(told, view.style, "  ", "      ")
    return [*lines, ""] if lines else []


def _questions(view: View, record: Record, verbose: bool) -> list[str]:
    unknown = [f for f in record["findings"] if f["outcome"] == "unknown" and not _is_shown(f)]
    groups = by_subject(unknown)
    if not groups:
        return []
    shown = groups if verbose else groups[:MAX_QUESTIONS]
    waiting = f"{_many(len(unknown), 'finding')} wait{'s' * (len(unknown) == 1)} for answers"
    lines = [paint(f"Not declared: {waiting} in {_many(len(groups), 'place')}", "bold", view.style)]
    for subject, fields, count, where in shown:
        place = f"{view.path(where['path'])}:{where['line']}" if where else ""
        lines += wrap(f"{place} {subject}: {', '.join(fields)} ({count})", view.style, "  ", "      ")
    if len(shown) < len(groups):
        lines.append(f"  and {len(groups) - len(shown)} more; --verbose shows all")
    return [*lines, ""]


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'s' * (count != 1)}"


def _rest(view: View, record: Record) -> list[str]:
    lines = []
    for outcome in ("met", "not_used", "not_applicable"):
        some = [f for f in record["findings"] if f["outcome"] == outcome]
        if some:
            lines.append(paint(f"{_WORDS[outcome].capitalize()} ({len(some)})", "bold", view.style))
        for finding in some:
            lines += wrap(_told(view, finding), view.style, "  ", "      ")
    return [*lines, ""] if lines else []


def _told(view: View, finding: Record) -> str:
    subject = f"{finding['subject']['kind']} {finding['subject']['id']}".strip()
    sure = finding["assurance"]
    if sure == "verified":
        sure = f"verified {finding['verified_facts'][0]} of {finding['verified_facts'][1]} facts"
    if finding.get("equivalent", ""):
        sure += f", by equivalent measure {finding['equivalent']}"
    first = sorted(finding["facts"], key=lambda f: f.get("source") != "artefact")
    why = "; ".join(_fact(view, f) for f in first[:MAX_FACTS])
    return f"{finding['rule']} · {subject} · {sure}{f' · {why}' if why else ''}"


def _summary(view: View, record: Record) -> list[str]:
    counts, style = record["counts"], view.style
    lines = [paint("Summary", "bold", style)]
    lines += wrap(f"expectations  {_expectations(view, counts)}", style, "  ", "                ")
    lines += wrap(f"findings      {_tally(counts['findings'])}{_marks(counts)}", style, "  ", "                ")
    if sum(counts["integrity"].values()) > counts["integrity"]["met"] or view.style.get("verbose"):
        lines += wrap(f"integrity     {_tally(counts['integrity'])}", style, "  ", "                ")
    for fact, names in record["scope"]["not_concerned"].items():
        lines += wrap(
            f"not concerned {_many(len(names), 'expectation')}, because of {fact}", style, "  ", "                "
        )
    loosened = view.header["options"]["loosened_by"]
    if loosened:
        lines += wrap(f"loosened by   {', '.join(loosened)}", style, "  ", "                ")
    for told in unjudged(record):
        lines += wrap(f"incomplete    {told}", style, "  ", "                ")
    lines += wrap(f"blocking      {_blocking(view, counts)}", style, "  ", "                ")
    for taken in record.get("redactions", ()):
        lines += wrap(f"redacted      {taken['what']} at {taken['where']}", style, "  ", "                ")
    if style.get("redact"):
        lines += wrap("redacted      values and quotations are left out of this copy", style, "  ", "                ")
    for day, some in starting(record["findings"]):
        lines += wrap(f"will block    from {day}: {len(some)} more ({_rules(some)})", style, "  ", "                ")
    return lines


def _rules(findings: list[Record]) -> str:
    names = list(dict.fromkeys(f["rule"] for f in findings))
    more = f" and {len(names) - MAX_RULES} more rules" if len(names) > MAX_RULES else ""
    return ", ".join(names[:MAX_RULES]) + more


def _expectations(view: View, counts: Record) -> str:
    without = view.header["criteria"]["without_a_rule"]
    names = {"not_codifiable": "not codifiable", "awaiting_source": "awaiting source", "no_rule": "without a rule yet"}
    rest = [f"{len(ids)} {names[why]}" for why, ids in without.items() if ids]
    total = sum(counts["expectations"].values()) + sum(len(ids) for ids in without.values())
    return f"{total}: {_listed(counts['expectations'])}{''.join(f' · {r}' for r in rest)}"


def _listed(numbers: dict[str, int]) -> str:
    return " · ".join(f"{n} {_WORDS[o]}" for o, n in numbers.items() if n) or "none"


def _tally(numbers: dict[str, int]) -> str:
    return f"{sum(numbers.values())}: {_listed(numbers)}"


def _marks(counts: Record) -> str:
    named = [f"{counts[k]} {k}" for k in ("contradicted", "verified", "accepted", "known") if counts[k]]
    named += [f"{counts['equivalent']} by equivalent measure"] if counts["equivalent"] else []
    return f" ({', '.join(named)})" if named else ""


def _blocking(view: View, counts: Record) -> str:
    options = view.header["options"]
    one, several = ("gap", "gaps") if options["allow_unknown"] else ("gap or unknown", "gaps and unknowns")
    what = one if counts["blocking"] == 1 else several
    return f"{counts['blocking']} {what} of severity {options['fail_on']} or higher"


def _quiet(view: View, record: Record) -> str:
    name = harmless(record["organization"].get("id"))
    concerned = sum(len(names) for names in record["scope"]["not_concerned"].values())
    why = ", ".join(record["scope"]["not_concerned"])
    aside = f"; {concerned} expectations not applicable by {why}" if concerned else ""
    counts = record["counts"]
    integrity = {o: n for o, n in counts["integrity"].items() if o != "met"}
    own = f"; integrity {_listed(integrity)}" if any(integrity.values()) else ""
    # What is accepted is under none of the outcomes: without it the numbers would not add up.
    own += "".join(f"; {counts[k]} {k}" for k in ("accepted", "known") if counts[k])
    since = "".join(f"; {told.rstrip('.').replace('Since', 'since', 1)}" for told in _changed(view, record)[:1])
    options = view.header["options"]["loosened_by"]
    loosened = f"; loosened by {harmless(', '.join(options))}" if options else ""
    broken = "".join(f"; incomplete: {told}" for told in unjudged(record))
    return f"{name}: {_listed(counts['findings'])}{own}; {counts['blocking']} blocking{broken}{loosened}{aside}{since}"
