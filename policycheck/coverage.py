"""Which expectation is tested by what: expectation, rules, kinds of subject, manifest fields, test cases.

`cover` measures packs against themselves and says what is missing: an expectation with neither rule nor reason, a rule
that cites an expectation no pack has, a rule that never fires in its own tests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from policycheck.language.analysis import Analysis
from policycheck.language.syntax import Node
from policycheck.language.types import ANY, LIST, MAP, OBJECT, Checker, Type, Types, suggest
from policycheck.model import Outcome
from policycheck.packs import Criteria, Expectation, Rule
from policycheck.ruletests import Trial
from policycheck.ruletests import run as run_tests

FORMAT = "policycheck-coverage/1"
CODIFIED, UNCODIFIABLE, AWAITING, DISABLED, MISSING = (
    "codified", "not codifiable", "awaiting source", "disabled", "neither rule nor reason",
)  # fmt: skip
_FIRES = (Outcome.GAP.value, Outcome.NOT_USED.value)
#: What the engine itself reads of a measure that may stand in for another (design 3.8).
_STANDING_IN = (
    "equivalent_to", "equivalent_to[].expectation", "equivalent_to[].rationale", "last_reviewed_on", "owner",
    "review_interval_days", "status",
)  # fmt: skip


class Tested(NamedTuple):
    """One rule: what it judges, the manifest fields it reads, and how many passing cases show each outcome."""

    id: str
    title: str
    severity: str
    disabled: str
    kinds: tuple[str, ...]
    reads: tuple[str, ...]
    cases: Mapping[str, int]

    @property
    def fires(self) -> bool:
        """Whether some case shows the rule finding something."""
        return any(self.cases.get(outcome) for outcome in _FIRES)


class Row(NamedTuple):
    """One expectation with the rules that test it, or the reason why none does."""

    expectation: Expectation
    state: str
    reason: str
    rules: tuple[Tested, ...]


class Coverage(NamedTuple):
    """Rows by document in the order of the document, the rules that belong to no expectation, and what is wrong."""

    documents: Mapping[str, Mapping[str, Any]]
    rows: Mapping[str, tuple[Row, ...]]
    integrity: tuple[Tested, ...]
    mistakes: tuple[str, ...]

    def counts(self, document: str) -> dict[str, int]:
        """How many of a document's expectations are in each state; states without any are left out."""
        return dict(Counter(row.state for row in self.rows[document]))


def cover(criteria: Criteria, folder_of: Callable[[str], Path]) -> Coverage:
    """Measure criteria. `folder_of` gives the folder of a pack by its id; the tests beside its rules are run.

    Raises InvalidInput when a pack has no base manifest for its tests.
    """
    trials = [trial for pack in criteria.packs for trial in run_tests(criteria, folder_of(pack.id))]
    rules = {rule.id: _tested(criteria, rule, trials) for rule in criteria.every_rule.values()}
    rows: dict[str, list[Row]] = {document: [] for document in criteria.documents}
    for expectation in criteria.every_expectation.values():
        named = [r for r in criteria.every_rule.values() if expectation.id in r.expectations]
        rows.setdefault(expectation.document, []).append(_row(expectation, [rules[r.id] for r in named]))
    return Coverage(
        documents=criteria.documents,
        rows={document: tuple(found) for document, found in rows.items()},
        integrity=tuple(rules[r.id] for r in criteria.every_rule.values() if not r.expectations),
        mistakes=tuple(_mistakes(criteria, rows, rules.values())),
    )


def _row(expectation: Expectation, rules: list[Tested]) -> Row:
    state, reason = MISSING, ""
    if any(not rule.disabled for rule in rules):
        state = CODIFIED
    elif expectation.uncodifiable:
        state, reason = UNCODIFIABLE, expectation.uncodifiable
    elif expectation.awaiting:
        state, reason = AWAITING, expectation.awaiting
    elif rules:
        state, reason = DISABLED, rules[0].disabled
    return Row(expectation, state, " ".join(reason.split()), tuple(rules))


def _tested(criteria: Criteria, rule: Rule, trials: Iterable[Trial]) -> Tested:
    analysis = criteria.program(rule).analysis
    kinds = [b.kind for b in analysis.bindings if b.shown and b.kind in criteria.types.kinds]
    shown = Counter(outcome for t in trials if t.rule == rule.id and not t.wrong for outcome in t.expected)
    return Tested(
        rule.id, rule.title, rule.severity.value, " ".join(rule.disabled.split()),
        tuple(dict.fromkeys(kinds)), reads(criteria, rule),
        {outcome.value: shown[outcome.value] for outcome in Outcome if shown[outcome.value]},
    )  # fmt: skip


def _mistakes(criteria: Criteria, rows: Mapping[str, Iterable[Row]], rules: Iterable[Tested]) -> Iterator[str]:
    for found in rows.values():
        for row in found:
            if row.state == MISSING:
                yield f"{row.expectation.id}: no rule tests it, and nothing says why"
    for rule in criteria.every_rule.values():
        for name in rule.expectations:
            if name not in criteria.every_expectation:
                yield f"{rule.id}: cites the unknown expectation {name!r}{suggest(name, criteria.every_expectation)}"
    for tested in rules:
        if not tested.disabled and not tested.fires:
            yield f"{tested.id}: never fires; no test of it that passes expects {' or '.join(_FIRES)}"


# --- the fields a rule reads -----------------------------------------------------------------------------------


def reads(criteria: Criteria, rule: Rule) -> tuple[str, ...]:
    """The manifest fields a rule reads, also through definitions: `surfaces[].auth`; a map's keys are `*`. Sorted.

    A list or mapping is named only when the rule reads nothing inside it.
    """
    analysis = criteria.program(rule).analysis
    reader = _Reader(criteria)
    reader.read(analysis)
    for route in reader.standing_in(analysis.equivalents):
        reader.found.update(f"{route}.{name}" for name in _STANDING_IN)
    return tuple(sorted(name for name in reader.found if not _leads_on(name, reader.found)))


def _leads_on(name: str, others: Iterable[str]) -> bool:
    return any(other.startswith((f"{name}.", f"{name}[]")) for other in others)


def leaves(types: Types) -> tuple[str, ...]:
    """Every field of the manifest that holds a value or a list of values, as `reads` names it. Sorted."""
    inner = {route for routes in _routes(types).values() for route in routes}
    every = {f"{route}.{name}".lstrip(".") for route, owner in _objects(types) for name in types.names(owner)}
    return tuple(sorted(name for name in every if not {name, f"{name}[]", f"{name}.*"} & inner))


class _Reader(Checker):
    """Walks the expressions of a rule with their types, as the check does, and notes each field that is selected."""

    def __init__(self, criteria: Criteria) -> None:
        super().__init__(criteria.types, criteria.defined, {"as_of": Type("date")})
        self.found: set[str] = set()
        self._trees = criteria.trees
        self._routes = _routes(criteria.types)
        self._opened: set[tuple[str, str]] = set()

    def read(self, analysis: Analysis) -> None:
        """Everything a rule's expressions select, in the scope in which each of them is evaluated."""
        for binding in analysis.bindings:
            self.scope[binding.name] = self.check(binding.node).item or ANY
        for name, tree in analysis.lets:
            self.scope[name] = self.check(tree)
        for node in (analysis.when, analysis.claim, analysis.equivalents, *analysis.said.values()):
            if node is not None:
                self.check(node)

    def standing_in(self, node: Node | None) -> tuple[str, ...]:
        """The routes of the things among which a rule looks for equivalent measures."""
        found = self.check(node).item if node is not None else None
        return self._routes.get(id(found), ())

    def _name(self, node: Node) -> Type:
        found = super()._name(node)
        if node.args[0] not in self.scope and found is not ANY:
            self.found.add(str(node.args[0]))
        return found

    def _index(self, node: Node) -> Type:
        if route := _extension(node):
            self.found.add(route)
        return super()._index(node)

    def _select(self, node: Node) -> Type:
        found, owner = super()._select(node), self._owner(node.args[0])
        if route := _extension(node):
            self.found.add(route)
        if node.kind:
            self._open(node.kind, node.args[1])
        elif owner is not None and found is not ANY:
            self.found.update(f"{route}.{node.args[1]}" for route in self._routes.get(id(owner), ()))
        return found

    def _owner(self, node: Node) -> Type | None:
        found = self.check(node)
        return found if found.kind == OBJECT else None

    def _open(self, kind: str, name: str) -> None:
        """Go on in a definition, once."""
        if (kind, name) in self._opened:
            return
        self._opened.add((kind, name))
        outer, self.scope = self.scope, {kind: self.types.kinds[kind], "as_of": Type("date")}
        self.check(self._trees[kind][name])
        self.scope = outer


def _extension(node: Node) -> str:
    """The route below `extensions`, of which no schema tells more; empty for what stands elsewhere."""
    if node.op == "name":
        return "extensions" if node.args[0] == "extensions" else ""
    above = _extension(node.args[0]) if node.op in ("select", "index") else ""
    if not above:
        return ""
    key = node.args[1] if node.op == "select" else node.args[1].args[0] if node.args[1].op == "literal" else "*"
    return f"{above}.{key}"


def _routes(types: Types) -> dict[int, tuple[str, ...]]:
    """The routes of every object type, by its identity: a type that several fields share has several."""
    found: dict[int, tuple[str, ...]] = {}
    for route, owner in _objects(types):
        found[id(owner)] = (*found.get(id(owner), ()), route)
    return found


def _objects(types: Types) -> Iterator[tuple[str, Type]]:
    waiting: list[tuple[str, Type]] = [("", types.root)]
    while waiting:
        route, found = waiting.pop()
        if found.kind in (LIST, MAP) and found.item is not None:
            waiting.append((f"{route}[]" if found.kind == LIST else f"{route}.*", found.item))
        elif found.kind == OBJECT:
            yield route, found
            waiting += [(f"{route}.{name}".lstrip("."), types.field(found, name)) for name in types.names(found)]


# --- as plain data ---------------------------------------------------------------------------------------------


def as_data(coverage: Coverage) -> dict[str, Any]:
    """The matrix as plain data, `policycheck-coverage/1`."""
    return {
        "format": FORMAT,
        "documents": [_document(coverage, name) for name in coverage.rows],
        "integrity": [_rule(rule) for rule in coverage.integrity],
        "mistakes": list(coverage.mistakes),
    }


def _document(coverage: Coverage, name: str) -> dict[str, Any]:
    about = coverage.documents.get(name, {})
    return {
        "id": name,
        "title": str(about.get("title", "")),
        "date": str(about.get("date", "")),
        "counts": coverage.counts(name),
        "expectations": [_expectation(row) for row in coverage.rows[name]],
    }


def _expectation(row: Row) -> dict[str, Any]:
    one = row.expectation
    found: dict[str, Any] = {
        "id": one.id,
        "locator": one.locator,
        "paragraph": one.paragraph or None,
        "modality": one.modality,
        "seen": one.seen,
        "paraphrase": " ".join(one.paraphrase.split()),
        "state": row.state,
    }
    return found | ({"reason": row.reason} if row.reason else {}) | {"rules": [_rule(rule) for rule in row.rules]}


def _rule(rule: Tested) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": rule.id,
        "title": rule.title,
        "severity": rule.severity,
        "kinds": list(rule.kinds),
        "reads": list(rule.reads),
        "cases": dict(rule.cases),
    }
    return found | ({"disabled": rule.disabled} if rule.disabled else {})
