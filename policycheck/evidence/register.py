"""What a register kept as CSV says: incidents, legal actions, requests about rights, findings, letters from regulators.

The header decides what a register holds and which column fills which property (`_sheets.py`); the evidence entry's
`options` say so where it does not: `holds` (incidents, legal_actions, rights_requests, findings, correspondence),
`covers: part` for one of several registers, `row` for the row that is meant, and any property with the name of the
column that fills it (`detected_at: Noticed`).

Each row becomes an item of the manifest, so that the rules that judge declared incidents judge those of the register
too. A row is what somebody wrote down: it contradicts, and by itself it only supports.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from policycheck.errors import ArtefactError
from policycheck.evidence import _cells
from policycheck.evidence._entries import Declared, Entry, entries
from policycheck.evidence._records import Cell, Record, Register, read, refuse_bad_rows
from policycheck.evidence._table import Unsaid
from policycheck.model import ITEM_KEYS, Account, Artefact, Discovered, Problem, Quote, Reading

if TYPE_CHECKING:
    from policycheck.opener import Opener

KINDS_OF_SUBJECT: frozenset[str] = frozenset(
    {"incident_policy", "organization", "legal_response", "incident", "access", "use", "scraping", "correspondence"}
)
FILES: tuple[str, ...] = (
    "*register*.csv", "*register*.tsv", "*/registers/*.csv", "registers/*.csv", "*incident*.csv", "*breach*.csv",
    "*legal-action*.csv", "*legal_action*.csv", "*correspondence*.csv", "*finding*.csv",
)  # fmt: skip

#: The section of the manifest where each kind of subject lies.
_SECTIONS = {
    "incidents": "incident", "third_party_access": "access", "ai_uses": "use", "own_scraping": "scraping",
    "regulator_correspondence": "correspondence", "incident_policy": "incident_policy", "organization": "organization",
    "legal_response": "legal_response",
}  # fmt: skip
#: Whose evidence a whole register is, and whose one row of it.
_WHOLE = {
    "incidents": ("incident_policy", "organization"),
    "legal_actions": ("legal_response", "incident_policy", "organization"),
    "findings": ("access", "organization"),
    "correspondence": ("organization",),
    "rights_requests": ("use", "scraping"),
}
_BY_ROW = {"incidents": ("incident",), "legal_actions": ("incident",), "correspondence": ("correspondence",)}
#: Where a subject says that its register is kept.
_REFS = {
    ("incident_policy", "incidents"): ("register_ref",),
    ("legal_response", "legal_actions"): ("register_ref",),
    ("access", "findings"): ("monitoring", "findings_ref"),
    ("use", "rights_requests"): ("rights", "log_ref"),
    ("scraping", "rights_requests"): ("rights", "log_ref"),
}
#: How many ids a reason names, and how many items discovery offers.
_NAMED, _OFFERED = 10, 200
#: How many bad rows are told one by one.
_COMPLAINTS = 100
#: When an item ended or came to be known, the latest first: what a register of that day, or of so many months, holds.
_DATED = ("closed_at", "contained_at", "aware_at", "detected_at", "found_on", "received_on")
#: Days of a month, rounded up so that an item at the end of its retention is not expected.
_MONTH = 31


class _Case(NamedTuple):
    """A register that was read, and the entry and subject that it is evidence of."""

    register: Register
    settings: Mapping[str, str]
    options: Mapping[str, object]
    declared: Declared
    subject: Mapping[str, object]
    #: Where the subject lies: a section, or a section and an id; empty when that cannot be told.
    route: tuple[str, ...]

    @property
    def kind(self) -> str:
        """The subject's kind."""
        return _SECTIONS[self.route[0]] if self.route else ""

    def reading(self, path: tuple[str, ...], value: object, line: int, note: str) -> Reading:
        """Something that the register says; it stands at the line's start, since CSV has no columns to point at."""
        return Reading(path, value, self.register.file, line, 1, note, soft=True)


def account(opener: Opener, path: str, options: Mapping[str, object], subject: Mapping[str, object]) -> Account:
    """What the register at `path` (from the root) says of its subject and of the rest of the manifest.

    Attached to incident_policy, legal_response, organization or an access it speaks of every row (`additions`) and of
    declared items that it lacks (`absences`); attached to an incident or a letter, of the one row with its id; to an
    AI use or own scraping, of how requests about rights were answered. Rows that cannot be read are complaints beside the
    others; of requests about rights, where the slowest counts, one is enough to say nothing.
    """
    try:
        opened = opener.read(path)
    except ArtefactError as error:
        return Account(unreadable=str(error), unreadable_at=(path, 0))
    seen = (Artefact(opened.path, opened.size, opened.sha256),)
    manifest = _mapping(options.get("manifest"))
    written = _mapping(options.get("options"))
    settings = {str(name): value.strip() for name, value in written.items() if isinstance(value, str)}
    try:
        register = read(opened.data, path, settings, _cells.day(options.get("as_of")))
        said = _said(_Case(register, settings, options, Declared(manifest), subject, _route(subject, manifest)))
    except Unsaid as unsaid:
        return Account((), seen, f"{path} {unsaid}", unreadable_at=(path, unsaid.line))
    return said._replace(artefacts=seen)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _route(subject: Mapping[str, object], manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Where the subject lies in the manifest."""
    for section in _SECTIONS:
        found = manifest.get(section)
        if isinstance(found, Mapping) and (found is subject or found == subject):
            return (section,)
        for item in found if isinstance(found, list) else ():
            if isinstance(item, Mapping) and (item is subject or item == subject):
                return (section, str(item.get("id")))
    return ()


def _in_words(holds: str) -> str:
    return holds.replace("_", " ")


def _below(data: object, path: Iterable[str]) -> object:
    """What is declared at a path; lists are walked by what names their items."""
    for step in path:
        if isinstance(data, list):
            named = (item for item in data if isinstance(item, Mapping) and step in [item.get(key) for key in ITEM_KEYS])
            data = next(named, None)
        else:
            data = _mapping(data).get(step)
    return data


# --- items to an account ---


def _said(case: _Case) -> Account:
    holds, header = case.register.sheet.holds, case.register.header
    whole, by_row = _WHOLE[holds], _BY_ROW.get(holds, ())
    if (case.kind and case.kind not in (*whole, *by_row)) or (not case.kind and holds == "rights_requests"):
        raise Unsaid(f"holds {_in_words(holds)}; that is evidence of {', '.join((*whole, *by_row))}", header.line)
    said = _of_requests(case) if holds == "rights_requests" else _of_items(case, is_row=case.kind in by_row)
    text = ", ".join(title for title in header.cells if title)[:200]
    # A register that was read backs its subject; one that has a header alone says that nothing was entered.
    if said.complaints:
        return said
    return said._replace(supported=True, quotes=(Quote(case.register.file, header.line, text),))


def _of_items(case: _Case, *, is_row: bool) -> Account:
    found = entries(case.register, case.declared)
    if case.kind == "access":
        found = _of_access(case.register, found, case.route[1])
    said = Account(tuple(_row(case, found))) if is_row else _whole(case, found)
    return _with_complaints(case.register, said)


def _with_complaints(register: Register, said: Account) -> Account:
    """Rows that can be read are judged, and each that cannot is told; where none can, the register says nothing.

    What such a register lacks may be in the rows that could not be read, so nothing is missed in it.
    """
    if not register.complaints:
        return said
    if not any(reading.soft for reading in (*said.readings, *said.additions)):
        refuse_bad_rows(register)
    named = sorted(set(register.complaints))
    bad = [
        Problem(register.file, line, 1, f"line {line}: {message}; the row is not judged")
        for line, message in named[:_COMPLAINTS]
    ]
    if len(named) > _COMPLAINTS:
        bad.append(Problem(register.file, named[_COMPLAINTS][0], 1, f"and {len(named) - _COMPLAINTS} more lines"))
    return said._replace(complaints=tuple(bad), absences=())


def _of_access(register: Register, found: Sequence[Entry], access: str) -> tuple[Entry, ...]:
    """The findings about one access: all of them when the register names no recipient at all."""
    if not any(entry.key[1] for entry in found):
        return tuple(entry._replace(key=(entry.key[0], access, *entry.key[2:])) for entry in found)
    for entry in found:
        if not entry.key[1]:
            register.complain(entry.line, "does not say whose access it is about")
    return tuple(entry for entry in found if entry.key[1] == access)


def _whole(case: _Case, found: Sequence[Entry]) -> Account:
    """A whole register: every row, and every declared item that it lacks. What lies below the subject is a reading."""
    readings, additions = list(_ref(case)), list[Reading]()
    for entry in found:
        if not entry.key[1]:
            raise Unsaid("does not say whose access a finding is about; add a column access", entry.line)
        if len(case.route) > 1 and entry.key in case.declared.items:
            readings += [reading._replace(path=reading.path[2:]) for reading in _of_entry(case, entry)]
        else:
            additions += _of_entry(case, entry)
    return Account(tuple(readings), additions=tuple(additions), absences=tuple(_absences(case, found)))


def _of_entry(case: _Case, entry: Entry) -> Iterator[Reading]:
    """What a row says of its item, from the manifest's top; of one that is not declared, first that it is there."""
    name, item = entry.key[-1], case.declared.items.get(entry.key)
    if item is None:
        yield case.reading((*entry.key, "id"), name, entry.line, f"the register's row of {name}")
    for cell in entry.cells:
        value = _cells.held(cell.form, cell.value, _below(item, cell.path))
        if value is not None:
            yield case.reading(
                (*entry.key, *cell.path), value, cell.line, f"the register's row of {name}: {cell.title[:60]}"
            )


def _row(case: _Case, found: Sequence[Entry]) -> Iterator[Reading]:
    """What the one row of a declared item says, below the item."""
    wanted = _cells.slug(case.settings.get("row", "")) or case.route[1]
    entry = next((entry for entry in found if entry.key[1] == wanted), None)
    if entry is None:
        has = ", ".join(entry.key[1] for entry in found[:_NAMED]) or "none"
        raise Unsaid(f"has no row of {wanted}; its first ids: {has}; name one with options.row", case.register.header.line)
    readings = [reading._replace(path=reading.path[2:]) for reading in _of_entry(case, entry._replace(key=case.route))]
    if not readings:
        raise Unsaid(f"says nothing of {wanted} that could be held against the manifest", entry.line)
    yield from readings


def _ref(case: _Case) -> Iterator[Reading]:
    """That the register is kept where the subject says. Only one that has rows is kept; this much is a fact."""
    path = _REFS.get((case.kind, case.register.sheet.holds))
    named = _below(case.subject, path) if path else None
    if path and case.register.has_rows and isinstance(named, str) and named.partition("#")[0] == case.options.get("path"):
        note = f"the register of {_in_words(case.register.sheet.holds)} is there"
        yield case.reading(path, named, case.register.header.line, note)._replace(soft=False)


def _absences(case: _Case, found: Iterable[Entry]) -> Iterator[Reading]:
    """Declared items that a whole register lacks; their paths start at the manifest's top, or below an access."""
    if case.settings.get("covers") == "part" or case.register.sheet.holds == "legal_actions":
        return
    listed = {entry.key for entry in found}
    section = {"incidents": "incidents", "correspondence": "regulator_correspondence"}.get(case.register.sheet.holds)
    for key, item in case.declared.items.items():
        is_of_its_kind = key[0] == (section or "third_party_access") and (len(case.route) < 2 or key[:2] == case.route)
        if is_of_its_kind and key not in listed and _is_due(case, item):
            note = f"the register has no row of {key[-1]}; if it is one of several, say covers: part in options"
            path = key[2:] if len(case.route) > 1 else key
            yield case.reading(path, None, case.register.header.line, note)


def _is_due(case: _Case, item: Mapping[str, Any]) -> bool:
    """Whether an item ought to be listed: neither later than the register was exported, nor past its retention."""
    happened = next((found for key in _DATED if (found := _cells.day(item.get(key)))), None)
    if happened is None:
        return True
    collected, today = _cells.day(case.options.get("collected_on")), _cells.day(case.options.get("as_of"))
    months = _below(case.options.get("manifest"), ("incident_policy", "register_retention_months"))
    is_over = (
        case.register.sheet.holds == "incidents"
        and isinstance(months, int)
        and today is not None
        and (today - happened).days >= months * _MONTH - _MONTH
    )
    return not (is_over or (collected is not None and happened >= collected))


# --- requests about rights ---


def _of_requests(case: _Case) -> Account:
    """Whether answers came within the declared days, and whether people had to give more data to be found."""
    records = _of_use(case)
    readings = [*_ref(case), *_slowest(case, records), *_extra_identification(case, records)]
    refuse_bad_rows(case.register)
    return Account(tuple(readings))


def _of_use(case: _Case) -> list[Record]:
    """The requests about one use: all when the register names none at all."""
    register = case.register
    if not any("use" in record.cells for record in register.records):
        return register.records
    uses = case.declared.uses(case.route[0])
    known = {*case.declared.uses("ai_uses"), *case.declared.uses("own_scraping")} - {""}
    found = []
    for record in register.records:
        name = _cells.slug(record.text("use"))
        if "use" not in record.cells:
            register.complain(record.line, "does not say which use it is about")
        elif name not in known:
            register.complain(record.line, "is about a use that is not declared; declare it, or correct its name")
        elif uses.get(name) == case.route[1]:
            found.append(record)
    return found


def _slowest(case: _Case, records: Iterable[Record]) -> Iterator[Reading]:
    """The longest time an answer took, an open request counted to today. Within what is declared, that is confirmed."""
    worst: tuple[int, int, str] | None = None
    for record in records:
        days, line = _waited(case, record)
        if worst is None or days > worst[0]:
            name = _cells.slug(record.text("id")) or f"the one on line {record.line}"
            state = "took longest to answer" if "answered_on" in record.cells else "has no answer and has waited longest"
            worst = (days, line, f"of the requests in the register, {name} {state}")
    declared = _below(case.subject, ("rights", "sla_days"))
    if worst and worst[0] >= 0 and isinstance(declared, int) and not isinstance(declared, bool):
        yield case.reading(("rights", "sla_days"), max(worst[0], declared), worst[1], worst[2])


def _waited(case: _Case, record: Record) -> tuple[int, int]:
    """The days that a request took or has taken, and the line that says so; -1 when it counts for nothing."""
    received, answered = record.cells.get("received_on"), record.cells.get("answered_on")
    if received is None:
        case.register.complain(record.line, "does not say when the request came")
        return -1, record.line
    end = answered.value if answered else case.options.get("as_of")
    if record.text("status") == "withdrawn" or _cells.day(end) is None:
        return -1, record.line
    days = _cells.elapsed(str(received.value), str(end))
    if days < 0:
        case.register.complain(record.line, "was answered before it came")
    elif not answered and record.text("status") in ("answered", "refused", "closed"):
        case.register.complain(record.line, "is no longer open and does not say when it was answered")
    return days, (answered or received).line


def _extra_identification(case: _Case, records: Sequence[Record]) -> Iterator[Reading]:
    """Whether one must give more data to be found: yes if one was asked, no only if each row says that none was."""
    asked = [record.cells.get("extra_identification") for record in records]
    yes = next((cell for cell in asked if cell and cell.value is True), None)
    cell = yes or (asked[0] if all(asked) and asked else None)
    if cell:
        note = "the register says whether more data was asked for"
        yield case.reading(("rights", "extra_identification_required"), cell.value, cell.line, note)


# --- what could be declared ---

_QUESTIONS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "incidents": (
        ("surfaces", "Which surfaces did it touch?"),
        ("decisions", "For each jurisdiction: is the authority told, and why or why not?"),
        ("legal", "Which legal step was decided, and why?"),
        ("controls_changed", "Which controls were changed because of it?"),
    ),
    "legal_actions": (
        ("playbook_ref", "Where are the legal steps written down?"),
        ("decision_sla_days", "Within how many days of confirmation is a step decided?"),
        ("owner", "Who inside the organisation decides?"),
    ),
    "correspondence": (("topic", "What is it about?"), ("ref", "Where is the letter?")),
    "findings": (("recipient", "Who gets the data?"), ("contract", "What does the contract say?")),
}


def discover(opener: Opener, path: str) -> tuple[Discovered, ...]:
    """What the rows of a register could be declared as. Raises ArtefactError for one in which a row cannot be read."""
    try:
        register = read(opener.read(path).data, path, {}, None)
    except (ArtefactError, Unsaid):
        return ()
    found = () if register.sheet.holds == "rights_requests" else entries(register, Declared({}))
    try:
        refuse_bad_rows(register)
    except Unsaid as unsaid:
        raise ArtefactError(str(unsaid)) from None
    return tuple(_offers(register, found)) if found else ()


def _offers(register: Register, found: Sequence[Entry]) -> Iterator[Discovered]:
    holds, evidence = register.sheet.holds, [{"kind": "register", "path": register.file}]
    section = {"incidents": "incident_policy", "legal_actions": "legal_response"}.get(holds)
    if holds == "correspondence":
        note = "a register of correspondence"
        yield Discovered("organization", {"evidence": evidence}, register.file, register.header.line, note)
    if section:
        asked = _QUESTIONS["legal_actions"] if holds == "legal_actions" else _RUNBOOK
        kept = {"register_ref": register.file, "evidence": evidence}
        yield Discovered(section, kept, register.file, register.header.line, f"a register of {_in_words(holds)}", asked)
    if holds == "findings":
        yield from _access_offers(register, found, evidence)
    elif holds != "legal_actions":
        for entry in found[:_OFFERED]:
            # Names of surfaces, threats and controls must be those of the manifest, which only a person can tell.
            own = [cell for cell in entry.cells if cell.path[0] not in _NAMES_OTHERS]
            # The whole register is evidence of the section above or of the organisation, and speaks of every row.
            item = {"id": entry.key[1], **_nested(own)}
            open_ = tuple(question for question in _QUESTIONS[holds] if question[0] not in item)
            yield Discovered(entry.key[0], item, register.file, entry.line, "a row of the register", open_)


_NAMES_OTHERS = frozenset({"surfaces", "fields", "threats", "controls_changed"})
_RUNBOOK = (("runbook_ref", "Where is written what to do when scraping is suspected?"),)


def _access_offers(register: Register, found: Iterable[Entry], evidence: list[dict[str, str]]) -> Iterator[Discovered]:
    """One access for each recipient; findings that name none cannot be placed."""
    by_access: dict[str, list[Entry]] = {}
    for entry in found:
        by_access.setdefault(entry.key[1], []).append(entry)
    for access, own in list(by_access.items())[:_OFFERED]:
        findings = [{"id": entry.key[-1], **_nested(entry.cells)} for entry in own]
        item = {"id": access, "monitoring": {"findings": findings, "findings_ref": register.file}, "evidence": evidence}
        if access:
            note = "findings about a recipient"
            yield Discovered("third_party_access", item, register.file, own[0].line, note, _QUESTIONS["findings"])


def _nested(cells: Iterable[Cell]) -> dict[str, Any]:
    """The cells as an item of the manifest; what lies under decisions becomes a list by jurisdiction."""
    item: dict[str, Any] = {}
    decisions: dict[str, dict[str, Any]] = {}
    for cell in cells:
        at = item
        steps = cell.path
        if steps[0] == "decisions":
            at = decisions.setdefault(steps[1], {"jurisdiction": steps[1]})
            steps = steps[2:]
        for step in steps[:-1]:
            at = at.setdefault(step, {})
        at[steps[-1]] = cell.value
    return item | ({"decisions": list(decisions.values())} if decisions else {})
