"""Rule packs: folders of source documents, expectations, rules, definitions and data tables. Loading runs nothing.

    <pack>/pack.yaml · expectations/<DOCUMENT>.yaml · definitions.yaml · data/<table>.yaml · <family>/<rule-id>.yaml

A rule's tests (`<rule-id>.test.yaml`) stand beside it and are not read here. Shipped packs are checked when the wheel
is built (and by this project's own gate); packs of a user are checked when they are loaded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from policycheck import data as shipped_data
from policycheck.document import Document, parse
from policycheck.errors import InvalidInput
from policycheck.language.analysis import Analysis, Mistake, analyse, frozen, restored, stored, thawed
from policycheck.language.program import Program
from policycheck.language.syntax import ExpressionError, Node, caret
from policycheck.language.syntax import parse as parse_expression
from policycheck.language.types import ANY, Checker, Type, Types, types_of
from policycheck.model import Problem, Severity

COMPILED = "packs.json"
_SKIPPED = (".test.yaml", ".md")


class Expectation(NamedTuple):
    """One thing a source document asks (design 2), with whom it concerns."""

    id: str
    document: str
    locator: str
    modality: str
    paraphrase: str
    seen: str
    addressees: tuple[str, ...]
    sizes: tuple[str, ...]
    jurisdictions: tuple[str, ...]
    illustrative: bool
    family: str
    uncodifiable: str
    awaiting: str
    supports: Mapping[str, Any]
    note: str
    paragraph: int
    aliases: tuple[str, ...]


class Rule(NamedTuple):
    """How one or more expectations are tested. The expressions are compiled when the rule is first needed."""

    id: str
    pack: str
    family: str
    path: str
    text: Mapping[str, Any]
    title: str
    severity: Severity
    #: The ids of the expectations this rule tests; none for an integrity rule.
    expectations: tuple[str, ...] = ()
    remediation: str = ""
    document: Document | None = None
    #: What the wheel carries of its analysis; none for rules that are read as YAML.
    analysis: Mapping[str, Any] | None = None

    @property
    def disabled(self) -> str:
        """Why the rule ships disabled; empty when it runs."""
        return str(self.text.get("disabled") or "")


class Pack(NamedTuple):
    """One pack, as loaded. `digest` identifies it: sha256 over the names and contents of its files, tests left out."""

    id: str
    version: str
    header: Mapping[str, Any]
    digest: str
    documents: dict[str, Mapping[str, Any]]
    expectations: dict[str, Expectation]
    rules: dict[str, Rule]
    definitions: Mapping[str, Mapping[str, str]]
    tables: Mapping[str, Any]
    shipped: bool
    #: The definitions' trees as the wheel carries them; none for packs that are read as YAML.
    trees: Mapping[str, Any] | None = None


class Criteria:
    """What a run holds manifests against: packs, their expectations and rules, chosen by document or expectation."""

    def __init__(self, packs: Iterable[Pack], schema: Mapping[str, Any], chosen: tuple[str, ...] = ()) -> None:
        self.packs = tuple(packs)
        self.schema = schema
        self.chosen = chosen
        self.documents = {k: v for p in self.packs for k, v in p.documents.items()}
        every = {k: v for p in self.packs for k, v in p.expectations.items()}
        self.every_expectation = every
        self.expectations = {k: e for k, e in every.items() if self._is_chosen(e)}
        self.every_rule = {k: r for p in self.packs for k, r in p.rules.items()}
        self.rules = [r for _, r in sorted(self.every_rule.items()) if self._runs(r)]
        self._programs: dict[str, Program] = {}
        #: What `judge.plan_for` found, by the organization's answers.
        self.plans: dict[Any, Any] = {}
        self._tables: dict[str, dict[str, Any]] = {}

    def _is_chosen(self, expectation: Expectation) -> bool:
        if not self.chosen:
            return True
        pack = next(p.id for p in self.packs if expectation.id in p.expectations)
        return bool({expectation.id, expectation.document, pack} & set(self.chosen))

    def _runs(self, rule: Rule) -> bool:
        if rule.disabled:
            return False
        return not rule.expectations or any(e in self.expectations for e in rule.expectations)

    @cached_property
    def tested(self) -> tuple[str, ...]:
        """The expectations that at least one running rule tests, in the order of their documents."""
        named = {e for rule in self.rules for e in rule.expectations}
        return tuple(e for e in self.expectations if e in named)

    @cached_property
    def types(self) -> Types:
        """The manifest schema as types of the language."""
        return types_of(self.schema)

    @cached_property
    def trees(self) -> dict[str, dict[str, Node]]:
        """The definitions of all packs, parsed."""
        found: dict[str, dict[str, Node]] = {}
        for pack in self.packs:
            for kind, named in (pack.trees or pack.definitions).items():
                trees = found.setdefault(kind, {})
                trees.update({n: parse_expression(t) if isinstance(t, str) else thawed(t) for n, t in named.items()})
        return found

    @cached_property
    def defined(self) -> dict[str, dict[str, Type]]:
        """The types of the definitions; the order they are written in does not matter."""
        types: dict[str, dict[str, Type]] = {k: dict.fromkeys(v, ANY) for k, v in self.trees.items()}
        for _ in range(3):
            for kind, named in self.trees.items():
                for name, tree in named.items():
                    scope = {kind: self.types.kinds[kind], "as_of": Type("date")}
                    types[kind][name] = Checker(self.types, types, scope).check(tree)
        return types

    def program(self, rule: Rule) -> Program:
        """The rule compiled, once a run."""
        if rule.id not in self._programs:
            found = restored(rule.analysis) if rule.analysis else self.analysis(rule)
            self._programs[rule.id] = Program(found, str(rule.text.get("message", "")), self.trees)
        return self._programs[rule.id]

    def analysis(self, rule: Rule) -> Analysis:
        """The rule parsed and checked, with its mistakes."""
        return analyse(rule.text, self.types, self.defined)

    def tables(self, as_of: str) -> dict[str, Any]:
        """The packs' data tables with the rows valid at a date; `<table>_history` keeps every row."""
        if as_of not in self._tables:
            found: dict[str, Any] = {}
            for pack in self.packs:
                for name, table in pack.tables.items():
                    found.update(_valid(name, table, as_of))
            self._tables[as_of] = found
        return self._tables[as_of]


def _valid(name: str, table: Any, as_of: str) -> dict[str, Any]:
    """A table as rules read it. A row that is a list of `{from, until, ...}` is the one whose span holds the date."""
    if not isinstance(table, dict) or not any(_dated(row) for row in table.values()):
        return {name: table}
    now: dict[str, Any] = {}
    for key, row in table.items():
        if not _dated(row):
            now[key] = row
            continue
        current = [r for r in row if r["from"] <= as_of < r.get("until", "9999-12-31")]
        if current:
            now[key] = current[0]
    return {name: now, f"{name}_history": table}


def _dated(row: Any) -> bool:
    return isinstance(row, list) and bool(row) and all(isinstance(r, dict) and "from" in r for r in row)


def shipped() -> list[Pack]:
    """The packs that come with policycheck."""
    folder = shipped_data.folder("rules")
    compiled = folder / COMPILED
    if compiled.is_file():
        return [_build(one, shipped=True) for one in json.loads(compiled.read_bytes())]
    return [_build(_read(pack, folder.parent), shipped=True) for pack in folders(folder)]


def compiled(folder: Path, schema: Mapping[str, Any]) -> bytes:
    """The packs of a folder as the wheel carries them: parsed, the rules analysed. Raises InvalidInput on a mistake."""
    trees = [_read(pack, folder.parent) for pack in folders(folder)]
    criteria = Criteria([_build(tree, shipped=True) for tree in trees], schema)
    wrong = [problem for pack in criteria.packs for problem in mistakes(criteria, pack)]
    if wrong:
        raise InvalidInput(wrong)
    # The types of the definitions mark the trees; a tree that was never checked would be read wrongly.
    assert criteria.defined is not None
    for tree, pack in zip(trees, criteria.packs, strict=True):
        tree.pop("documents")
        tree["analyses"] = {rule.id: stored(criteria.analysis(rule)) for rule in pack.rules.values()}
        tree["trees"] = {k: {n: frozen(criteria.trees[k][n]) for n in named} for k, named in pack.definitions.items()}
    return json.dumps(trees, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def load(places: Iterable[Path], schema: Mapping[str, Any], chosen: tuple[str, ...] = ()) -> Criteria:
    """The criteria of a run: shipped packs and those of `places` (a pack, or a folder of packs).

    Raises InvalidInput when a pack is malformed, collides with another, or a rule in it is wrong.
    """
    packs = shipped()
    for place in places:
        packs += [user_pack(one) for one in folders(place)]
    _refuse_collisions(packs)
    criteria = Criteria(packs, schema, chosen)
    unknown = [c for c in chosen if not _known(criteria, c)]
    if unknown:
        from policycheck.errors import UsageError
        from policycheck.language.types import suggest

        known = [*criteria.documents, *(p.id for p in packs), *criteria.every_expectation]
        raise UsageError(f"no criteria named {unknown[0]!r}{suggest(unknown[0], known)}")
    problems = [p for pack in packs if not pack.shipped for p in mistakes(criteria, pack)]
    if problems:
        raise InvalidInput(problems)
    return criteria


def _known(criteria: Criteria, name: str) -> bool:
    return name in criteria.documents or name in criteria.every_expectation or any(p.id == name for p in criteria.packs)


def user_pack(folder: Path) -> Pack:
    """A pack that does not come with policycheck; its files are checked against the schemas first."""
    tree = _read(folder, folder.parent)
    problems = list(_shape_problems(tree))
    if problems:
        raise InvalidInput(problems)
    return _build(tree, shipped=False)


def folders(folder: Path) -> list[Path]:
    """The packs in a folder: itself when it is one, else those directly below. Raises when there is none."""
    if not folder.is_dir():
        from policycheck.errors import UsageError

        raise UsageError(f"{folder} is not a folder of rules")
    if (folder / "pack.yaml").is_file():
        return [folder]
    found = sorted(p.parent for p in folder.glob("*/pack.yaml"))
    if not found:
        raise InvalidInput([Problem(str(folder), 0, 0, "holds no pack: a pack is a folder with pack.yaml")])
    return found


def identity(folder: Path) -> str:
    """The id a pack's header gives it."""
    header = parse((folder / "pack.yaml").read_bytes(), "pack.yaml")[0].data
    return str(header.get("id", "")) if isinstance(header, dict) else ""


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*.yaml")):
        if not path.name.endswith(_SKIPPED) and not path.is_symlink():
            yield path


def _read(folder: Path, above: Path) -> dict[str, Any]:
    """A pack's files as one tree, with the digest. Raises InvalidInput for files that are not the YAML we read."""
    from hashlib import sha256

    digest, problems = sha256(), []
    files: dict[str, Any] = {}
    documents: dict[str, Document] = {}
    for path in _files(folder):
        name, raw = path.relative_to(folder).as_posix(), path.read_bytes()
        digest.update(f"{name}\0{len(raw)}\0".encode() + raw)
        shown = path.relative_to(above).as_posix() if above in path.parents else str(path)
        document, found = parse(raw, shown)
        problems += found
        files[name], documents[name] = document.data, document
    if problems:
        raise InvalidInput(problems)
    return {
        "name": folder.name,
        "at": folder.relative_to(above).as_posix(),
        "digest": f"sha256:{digest.hexdigest()}",
        "files": files,
        "documents": documents,
    }


def _build(tree: Mapping[str, Any], *, shipped: bool) -> Pack:
    files: dict[str, Any] = tree["files"]
    documents = tree.get("documents", {})
    header = files["pack.yaml"]
    sources = {d["id"]: d for d in header.get("documents", ())}
    tables: dict[str, Any] = {}
    pack = Pack(
        header["id"], str(header["version"]), header, tree["digest"], sources, {}, {}, files.get("definitions.yaml") or {},
        tables, shipped, tree.get("trees"),
    )  # fmt: skip
    for name, data in files.items():
        parts = name.split("/")
        if parts[0] == "expectations":
            for key, row in data["expectations"].items():
                pack.expectations[key] = _expectation(key, row, data["document"], sources.get(data["document"], {}))
        elif parts[0] == "data":
            tables[parts[-1].removesuffix(".yaml")] = data.get("rows", data)
        elif len(parts) == 2:
            identity = parts[-1].removesuffix(".yaml")
            at = f"{tree['at']}/{name}"
            pack.rules[identity] = Rule(
                identity, pack.id, parts[0], at, data, data["title"], Severity(data["severity"]),
                tuple(data.get("expectations") or ()), str(data.get("remediation") or "").strip(), documents.get(name),
                tree.get("analyses", {}).get(identity),
            )
    return pack


def _expectation(key: str, row: Mapping[str, Any], document: str, source: Mapping[str, Any]) -> Expectation:
    return Expectation(
        id=key,
        document=document,
        locator=str(row["locator"]),
        modality=row["modality"],
        paraphrase=str(row["paraphrase"]),
        seen=row["seen"],
        addressees=tuple(row.get("addressees") or source.get("addressees") or ()),
        sizes=tuple(row.get("sizes") or ()),
        jurisdictions=tuple(row.get("jurisdictions") or ()),
        illustrative=bool(row.get("illustrative")),
        family=str(row.get("family") or ""),
        uncodifiable=str(row.get("uncodifiable") or ""),
        awaiting=str(row.get("awaiting") or ""),
        supports=row.get("supports") or {},
        note=str(row.get("note") or ""),
        paragraph=int(row.get("paragraph") or 0),
        aliases=tuple(row.get("aliases") or ()),
    )


def _shape_problems(tree: Mapping[str, Any]) -> Iterator[Problem]:
    from policycheck.manifests.explain import problems_of

    documents = tree["documents"]
    if "pack.yaml" not in documents:
        yield Problem(tree["at"], 0, 0, "has no pack.yaml")
        return
    for name, document in documents.items():
        parts = name.split("/")
        schema = "pack-v1" if name == "pack.yaml" else "expectations-v1" if parts[0] == "expectations" else ""
        if not schema and len(parts) == 2 and parts[0] != "data":
            schema = "rule-v1"
        if schema:
            yield from problems_of(document, schema)


def _refuse_collisions(packs: list[Pack]) -> None:
    problems: list[Problem] = []
    seen: dict[str, Rule] = {}
    for pack in packs:
        for rule in pack.rules.values():
            if rule.id in seen:
                message = f"the rule id {rule.id!r} is already taken by {seen[rule.id].path}"
                problems.append(Problem(rule.path, 0, 0, message))
            seen.setdefault(rule.id, rule)
    for what in ("documents", "expectations"):
        owner: dict[str, str] = {}
        for pack in packs:
            for key in getattr(pack, what):
                if key in owner:
                    problems.append(Problem(f"{pack.id}/pack.yaml", 0, 0, f"{key!r} already belongs to pack {owner[key]}"))
                owner.setdefault(key, pack.id)
    if len({p.id for p in packs}) < len(packs):
        problems.append(Problem("pack.yaml", 0, 0, "two packs have one id"))
    if problems:
        raise InvalidInput(problems)


def mistakes(criteria: Criteria, pack: Pack) -> list[Problem]:
    """Everything wrong with the rules and definitions of a pack (`rules lint`), each at its line."""
    found = list(_definition_mistakes(criteria, pack))
    for rule in pack.rules.values():
        found += [_at(rule, m) for m in criteria.analysis(rule).mistakes]
        found += [_at(rule, m) for m in _rule_mistakes(criteria, rule)]
    return found


def _rule_mistakes(criteria: Criteria, rule: Rule) -> Iterator[Mistake]:
    known = [criteria.every_expectation[e] for e in rule.expectations if e in criteria.every_expectation]
    for name in rule.expectations:
        if name not in criteria.every_expectation:
            from policycheck.language.types import suggest

            yield Mistake("expectations", f"unknown expectation {name!r}{suggest(name, criteria.every_expectation)}")
    if known and not any(e.modality in ("must", "should") for e in known) and rule.severity is not Severity.INFO:
        yield Mistake("severity", "none of the expectations is a must or a should: severity must be info")
    if rule.text.get("equivalents") and not any(e.illustrative for e in known):
        yield Mistake("equivalents", "none of the expectations is illustrative: no other measure can stand in for it")
    for e in known:
        if e.uncodifiable:
            yield Mistake("expectations", f"{e.id} is marked not codifiable")
        if e.awaiting and not rule.disabled:
            yield Mistake("expectations", f"{e.id} is awaiting its source: the rule must say `disabled: <why>`")


def _definition_mistakes(criteria: Criteria, pack: Pack) -> Iterator[Problem]:
    path = f"{pack.id}/definitions.yaml"
    for kind, named in pack.definitions.items():
        if kind not in criteria.types.kinds:
            yield Problem(path, 0, 0, f"{kind!r} is not a kind of subject")
            continue
        for name, source in named.items():
            text = str(source)
            try:
                tree = parse_expression(text)
            except ExpressionError as error:
                yield Problem(path, 0, 0, f"{kind}.{name}: {error}")
                continue
            checker = Checker(criteria.types, criteria.defined, {kind: criteria.types.kinds[kind], "as_of": Type("date")})
            checker.check(tree)
            for message, start, end in checker.mistakes:
                yield Problem(path, 0, 0, f"{kind}.{name}: {message}\n{caret(text, start, end)}")


def _at(rule: Rule, mistake: Mistake) -> Problem:
    line = column = 0
    if rule.document is not None:
        holder: Any = rule.document.data
        steps = mistake.where.split(".")
        for step in steps[:-1]:
            holder = holder.get(step) if isinstance(holder, dict) and isinstance(holder.get(step), dict) else holder
        place = rule.document.locate(holder, steps[-1])
        line, column = (place.line, place.column) if place else (1, 1)
    return Problem(rule.path, line, column, str(mistake))
