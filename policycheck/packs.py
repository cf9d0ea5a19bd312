"""Rule packs: folders of source documents, expectations, rules, definitions and data tables. Loading runs nothing.

    <pack>/pack.yaml · expectations/<DOCUMENT>.yaml · definitions.yaml · data/<table>.yaml · <family>/<rule-id>.yaml

A rule's tests (`<rule-id>.test.yaml`) stand beside it and are not read here. Shipped packs are checked when the wheel
is built (and by this project's own gate); packs of a user are checked when they are loaded.
"""

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, NoReturn, TypeGuard

from policycheck import data as shipped_data
from policycheck.document import Document, parse
from policycheck.errors import InvalidInput
from policycheck.language.analysis import Analysis, Mistake, analyse, frozen, restored, stored, thawed
from policycheck.language.evaluate import Loosely, day
from policycheck.language.program import Program
from policycheck.language.syntax import ExpressionError, Node, caret
from policycheck.language.syntax import parse as parse_expression
from policycheck.language.types import ANY, Checker, Type, Types, sized_paths, types_of
from policycheck.model import BINDING, Problem, Severity

#: What the wheel carries: each pack in a line, an empty line, then for each rule the parts of its analysis and its text, a
#: line each. Of the text the pack's line holds what every run asks of every rule; it also says where a rule's lines stand,
#: counted from behind the empty line: the offset of the first, and of the ends of all.
COMPILED = "packs.jsonl"
_PARTS = ("walk", "claim", "said", "text")
_HEAD = ("title", "severity", "expectations", "remediation", "disabled", "formerly")
#: Without the search for an encoding and for blanks, which for short lines takes as long as the rest.
_decode = json.JSONDecoder().raw_decode
_HEADER, _TESTS = "pack.yaml", ".test.yaml"
_ID, _NAME, _DAY = r"[a-z0-9][a-z0-9-]{0,63}", r"[A-Za-z_][A-Za-z0-9_]*", r"\d{4}-\d{2}-\d{2}"
_SPAN = frozenset({"from", "until"})
_LAST, _LOOSELY = "9999-12-31", "loosely"
_BOUND = r"(==|>=|<=|>|<)([0-9.]+)"
_LAYOUT = (
    "a pack holds pack.yaml, definitions.yaml, expectations/<document>.yaml, data/<table>.yaml and <family>/<rule-id>.yaml"
)
#: Stands in for an expression that cannot be read, so that the others can still be checked: its type is anything.
_UNREADABLE = "data.unreadable"


class Expectation(NamedTuple):
    """One thing a source document asks (design 2), with whom it concerns."""

    id: str
    document: str
    locator: str
    modality: str
    paraphrase: str
    seen: str
    addressees: tuple[str, ...]
    #: The roles whose holders it leaves out, whatever else they are.
    excluded_roles: tuple[str, ...]
    sizes: tuple[str, ...]
    jurisdictions: tuple[str, ...]
    illustrative: bool
    family: str
    uncodifiable: str
    awaiting: str
    supports: Mapping[str, Any]
    #: How sure each of `supports` is (H, M, L), by framework.
    confidence: Mapping[str, str]
    note: str
    paragraph: int
    aliases: tuple[str, ...]
    #: Rules of the packs that its pack builds on, which test it as well.
    tested_by: tuple[str, ...]
    #: Where it was read: its own address, or its document's; empty when neither is said.
    url: str


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
    #: Gives the parts of its analysis that the wheel carries, by name; none for rules that are read as YAML.
    analysis: Callable[[str], Any] | None = None

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
    #: Where everything stands, by file name; none for packs from the wheel.
    places: Mapping[str, Document] = {}
    #: The tables in which a text is found by its letters and digits alone.
    loose: frozenset[str] = frozenset()


class Criteria:
    """What a run holds manifests against: packs, their expectations and rules, chosen by document or expectation."""

    def __init__(self, packs: Iterable[Pack], schema: Mapping[str, Any], chosen: tuple[str, ...] = ()) -> None:
        self.packs = tuple(packs)
        _lend_rules(self.packs)
        self.schema = schema
        self.chosen = chosen
        self.documents = {k: v for p in self.packs for k, v in p.documents.items()}
        every = {k: v for p in self.packs for k, v in p.expectations.items()}
        self.every_expectation = every
        self.expectations = {k: e for k, e in every.items() if self._is_chosen(e)}
        self.every_rule = {k: r for p in self.packs for k, r in p.rules.items()}
        self.rules = [r for _, r in sorted(self.every_rule.items()) if self._runs(r)]
        self._programs: dict[str, Program] = {}
        self._names: dict[str, frozenset[str]] = {}
        #: What `judge.plan_for` found, by the organization's answers.
        self.plans: dict[Any, Any] = {}
        self._tables: dict[str, dict[str, Any]] = {}
        self._texts: dict[str, dict[str, frozenset[str]]] = {}

    @cached_property
    def renamed(self) -> dict[str, str]:
        """Today's id of each rule that had another, by the former one. What is a rule today is nobody's former name."""
        named = ((former, rule.id) for rule in self.every_rule.values() for former in _former(rule))
        return {former: today for former, today in named if former not in self.every_rule}

    def knows(self, name: str) -> bool:
        """Whether a name is that of a document, an expectation or a pack, and so can be chosen."""
        return name in self.documents or name in self.every_expectation or any(p.id == name for p in self.packs)

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
                trees.update({n: _tree(t) if isinstance(t, str) else thawed(t) for n, t in named.items()})
        return found

    @cached_property
    def defined(self) -> dict[str, dict[str, Type]]:
        """The types of the definitions; the order they are written in does not matter."""
        trees = {k: v for k, v in self.trees.items() if k in self.types.kinds}
        types: dict[str, dict[str, Type]] = {k: dict.fromkeys(v, ANY) for k, v in trees.items()}
        before: list[str] = []
        # Each round settles those that rest on what the last one settled; circles never settle, so rounds are bounded.
        for _ in range(sum(map(len, trees.values())) + 1):
            for kind, named in trees.items():
                scope = {kind: self.types.kinds[kind], "as_of": Type("date")}
                for name, tree in named.items():
                    types[kind][name] = Checker(self.types, types, scope).check(tree)
            now = [repr(found) for named_types in types.values() for found in named_types.values()]
            if now == before:
                break
            before = now
        return types

    def program(self, rule: Rule) -> Program:
        """The rule compiled, once a run."""
        if rule.id not in self._programs:
            found = restored(rule.analysis) if rule.analysis else self.analysis(rule)
            self._programs[rule.id] = Program(found, rule.text, self.trees)
        return self._programs[rule.id]

    def analysis(self, rule: Rule) -> Analysis:
        """The rule parsed and checked, with its mistakes."""
        return analyse(rule.text, self.types, self.defined, self.table_names)

    @cached_property
    def table_names(self) -> frozenset[str]:
        """What rules may read from `data`: the tables of all packs; the date decides over rows, not over names."""
        return frozenset(self.tables(""))

    def names_in(self, rule: Rule) -> frozenset[str]:
        """Every name that a rule or a definition it uses could read, and some more.

        What touches none of them cannot change its verdict.
        """
        if rule.id not in self._names:
            found: set[str] = set(_WHOM)
            waiting = list(self.program(rule).analysis.trees())
            if self.program(rule).equivalents is not None:
                found |= _STANDING_IN
            while waiting:
                fresh = set(_words(waiting.pop())) - found
                found |= fresh
                waiting += [trees[name] for trees in self.trees.values() for name in fresh if name in trees]
            self._names[rule.id] = frozenset(found)
        return self._names[rule.id]

    def tables(self, as_of: str) -> dict[str, Any]:
        """The packs' data tables with the rows valid at a date; `<table>_history` keeps every row."""
        if as_of not in self._tables:
            found: dict[str, Any] = {}
            for pack in self.packs:
                for name, table in pack.tables.items():
                    found.update(_valid(name, table, as_of))
            self._tables[as_of] = found
            loose = frozenset[str]().union(*[pack.loose for pack in self.packs])
            self._texts[as_of] = {
                name: Loosely(table) if name in loose else frozenset(table)
                for name, table in found.items() if _are_texts(table)
            }  # fmt: skip
        return self._tables[as_of]

    def texts(self, as_of: str) -> dict[str, frozenset[str]]:
        """The tables that are lists of texts, as sets."""
        self.tables(as_of)
        return self._texts[as_of]


def _are_texts(table: Any) -> bool:
    return isinstance(table, list) and all(type(item) is str for item in table)


def _former(rule: Rule) -> list[str]:
    return rule.text.get("formerly") or []


def _valid(name: str, table: Any, as_of: str) -> dict[str, Any]:
    """A table as rules read it. A row that is a list of `{from, until, ...}` is the one whose span holds the date."""
    if not isinstance(table, dict) or not any(_dated(row) for row in table.values()):
        return {name: table}
    now: dict[str, Any] = {}
    for key, row in table.items():
        if not _dated(row):
            now[key] = row
            continue
        current = [r for r in row if r["from"] <= as_of < (r.get("until") or _LAST)]
        if current:
            now[key] = current[0]
    return {name: now, f"{name}_history": table}


def _dated(row: Any) -> bool:
    return isinstance(row, list) and bool(row) and all(isinstance(r, dict) and "from" in r for r in row)


#: What decides whether a rule concerns an organization, and whether another measure stands in: read without being named.
_WHOM = ("roles", "size", "jurisdictions")
_STANDING_IN = frozenset(
    {"equivalent_to", "expectation", "rationale", "status", "owner", "last_reviewed_on", "review_interval_days"}
)


def _words(part: Any) -> Iterator[str]:
    """Every text in a tree: the names it reads, among others."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, Node):
        yield from _words(part.args)
    elif isinstance(part, (list, tuple)):
        for inner in part:
            yield from _words(inner)


def _tree(source: str) -> Node:
    try:
        return parse_expression(source)
    except ExpressionError:
        return parse_expression(_UNREADABLE)


def shipped() -> list[Pack]:
    """The packs that come with policycheck."""
    folder = shipped_data.folder("rules")
    compiled = folder / COMPILED
    if compiled.is_file():
        with compiled.open("rb") as file:
            return carried(file)
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
    lines, end = list[bytes](), 0
    for tree, pack in zip(trees, criteria.packs, strict=True):
        tree.pop("documents")
        tree["analyses"] = {}
        for rule in pack.rules.values():
            parts = {**stored(criteria.analysis(rule)), "text": rule.text}
            bounds = tree["analyses"][rule.id] = [end]
            for part in _PARTS:
                lines.append(_plain(parts[part]))
                end += len(lines[-1])
                bounds.append(end)
            name = rule.path.removeprefix(f"{tree['at']}/")
            tree["files"][name] = {key: rule.text[key] for key in _HEAD if key in rule.text}
        for name, data in tree["files"].items():
            if name.startswith("expectations/"):
                rows = [pack.expectations[key] for key in data["expectations"]]
                tree["files"][name] = {"document": data["document"], "rows": rows}
        tree["trees"] = {k: {n: frozen(criteria.trees[k][n]) for n in named} for k, named in pack.definitions.items()}
    # In the order of the sources, which is that of the report: sorted, the wheel would say the same in other bytes.
    return b"".join([*map(_plain, trees), b"\n", *lines])


def _plain(value: Any) -> bytes:
    return f"{json.dumps(value, separators=(',', ':'))}\n".encode()


def carried(file: BinaryIO) -> list[Pack]:
    """The packs that `compiled` made plain. A rule's analysis is decoded when it is needed: most are not."""
    trees = []
    while (line := file.readline()).strip():
        trees.append(json.loads(line))
    lines = file.read()
    return [_build(tree, shipped=True, lines=lines) for tree in trees]


class _Parts:
    """The parts of one rule's analysis: a line of JSON each."""

    __slots__ = ("_bounds", "_lines")

    def __init__(self, lines: bytes, bounds: Sequence[int]) -> None:
        self._lines, self._bounds = lines, bounds

    def __call__(self, part: str) -> Any:
        """A part by its name."""
        at = _PARTS.index(part)
        return _decode(self._lines[self._bounds[at] : self._bounds[at + 1]].decode())[0]


class _Text(Mapping[str, Any]):
    """A rule's text of which only the head is decoded until more is asked for."""

    __slots__ = ("_head", "_parts", "_whole")

    def __init__(self, head: Mapping[str, Any], parts: _Parts) -> None:
        self._head, self._parts = head, parts
        self._whole: Mapping[str, Any] = {}

    def _all(self) -> Mapping[str, Any]:
        self._whole = self._whole or self._parts("text")
        return self._whole

    def __getitem__(self, key: str) -> Any:
        return self._head[key] if key in _HEAD else self._all()[key]

    def get(self, key: str, default: Any = None) -> Any:
        return (self._head if key in _HEAD else self._all()).get(key, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


def load(places: Iterable[Path], schema: Mapping[str, Any], chosen: tuple[str, ...] = ()) -> Criteria:
    """The criteria of a run: shipped packs and those of `places` (a pack, or a folder of packs).

    Raises InvalidInput when a pack is malformed, collides with another, or a rule in it is wrong.
    """
    packs = together(places)
    _refuse_collisions(packs)
    criteria = Criteria(packs, schema, chosen)
    unknown = [c for c in chosen if not criteria.knows(c)]
    if unknown:
        from policycheck.errors import UsageError
        from policycheck.language.types import suggest

        known = [*criteria.documents, *(p.id for p in packs), *criteria.every_expectation]
        raise UsageError(f"no criteria named {unknown[0]!r}{suggest(unknown[0], known)}")
    problems = [p for pack in packs if not pack.shipped for p in mistakes(criteria, pack)]
    if problems:
        raise InvalidInput(problems)
    return criteria


def together(places: Iterable[Path]) -> list[Pack]:
    """The shipped packs and those of `places`. Raises InvalidInput when one is malformed, or two have one id."""
    packs = shipped()
    taken = {pack.id: "a pack that comes with policycheck" for pack in packs}
    for folder in [one for place in places for one in folders(place)]:
        pack = user_pack(folder)
        if pack.id in taken:
            place = pack.places["pack.yaml"].locate_key(pack.header, "id")
            said = f"the pack id {pack.id!r} is already taken by {taken[pack.id]}"
            at = (place.line, place.column) if place else (1, 1)
            raise InvalidInput([Problem(str(folder / "pack.yaml"), *at, said)])
        taken[pack.id] = str(folder / "pack.yaml")
        packs.append(pack)
    return packs


def user_pack(folder: Path) -> Pack:
    """A pack that does not come with policycheck. Raises InvalidInput when one of its files has the wrong shape."""
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
    found, lost = list[Path](), list[Path]()
    for below in sorted(one for one in folder.iterdir() if one.is_dir() and not one.name.startswith(".")):
        names = sorted(os.listdir(below))
        if (below / _HEADER).is_file():
            found.append(below)
        else:
            lost += [below / name for name in names if name.lower() in (_HEADER, "pack.yml")]
            lost += [below / name / _HEADER for name in names if (below / name / _HEADER).is_file()]
    if lost:
        said = f"is read by nothing: a pack is a folder with {_HEADER}, directly in {folder.name}"
        raise InvalidInput([Problem(str(path), 0, 0, said) for path in lost])
    if not found:
        raise InvalidInput([Problem(str(folder), 0, 0, "holds no pack: a pack is a folder with pack.yaml")])
    return found


def identity(folder: Path) -> str:
    """The id a pack's header gives it."""
    header = parse((folder / "pack.yaml").read_bytes(), "pack.yaml")[0].data
    return str(header.get("id", "")) if isinstance(header, dict) else ""


def _files(folder: Path, shown: str, problems: list[Problem]) -> Iterator[Path]:
    """A pack's files, without tests and what is no YAML. Nothing that looks like a rule is passed over in silence."""
    for path in sorted(_within(folder)):
        steps = path.relative_to(folder).parts
        if path.name.endswith(_TESTS):
            continue
        why = _misplaced(path, steps)
        if why:
            problems.append(Problem(f"{shown}/{'/'.join(steps)}", 0, 0, why))
        else:
            yield path


def _within(folder: Path) -> Iterator[Path]:
    """What is called like YAML in a pack's folder, and links to folders, which hide what they lead to.

    Raises OSError for a folder that cannot be listed.
    """

    def refuse(error: OSError) -> NoReturn:
        raise error

    for at, below, names in os.walk(folder, onerror=refuse):
        below[:] = [name for name in below if not name.startswith(".")]
        for name in names + below:
            path = Path(at, name)
            is_yaml = path.suffix.lower() in (".yaml", ".yml") and not name.startswith(".")
            if is_yaml or (name in below and path.is_symlink()):
                yield path


def _misplaced(path: Path, steps: tuple[str, ...]) -> str:
    """Why a file cannot be one of a pack; empty when it can."""
    if path.is_symlink():
        return "is a symbolic link, which is not followed"
    if not path.is_file():
        return "is not a regular file"
    if path.suffix != ".yaml":
        return "is passed over under this name; call it .yaml"
    if len(steps) > 2 or (len(steps) == 1 and path.name not in ("pack.yaml", "definitions.yaml")):
        return f"has no place here: {_LAYOUT}"
    if _is_rule(steps) and not re.fullmatch(_ID, path.stem):
        return "names no rule: the file name is the rule's id, of lower-case letters, digits and hyphens"
    return ""


def _is_rule(steps: Sequence[str]) -> bool:
    return len(steps) == 2 and steps[0] not in ("expectations", "data")


def _read(folder: Path, above: Path) -> dict[str, Any]:
    """A pack's files as one tree, with the digest. Raises InvalidInput for files that are not the YAML we read."""
    from hashlib import sha256

    digest = sha256()
    problems: list[Problem] = []
    files: dict[str, Any] = {}
    documents: dict[str, Document] = {}
    at = folder.relative_to(above).as_posix() if above in folder.parents else str(folder)
    for path in _files(folder, at, problems):
        name, raw = path.relative_to(folder).as_posix(), path.read_bytes()
        digest.update(f"{name}\0{len(raw)}\0".encode() + raw)
        document, found = parse(raw, f"{at}/{name}")
        problems += found
        files[name], documents[name] = document.data, document
    if problems:
        raise InvalidInput(problems)
    return {
        "name": folder.name,
        "at": at,
        "digest": f"sha256:{digest.hexdigest()}",
        "files": files,
        "documents": documents,
    }


def _table_name(file: str) -> str:
    return file.rpartition("/")[2].removesuffix(".yaml")


def _build(tree: Mapping[str, Any], *, shipped: bool, lines: bytes = b"") -> Pack:
    files: dict[str, Any] = tree["files"]
    documents = tree.get("documents", {})
    header = files["pack.yaml"]
    sources = {d["id"]: d for d in header.get("documents", ())}
    tables: dict[str, Any] = {}
    pack = Pack(
        header["id"], str(header["version"]), header, tree["digest"], sources, {}, {}, files.get("definitions.yaml") or {},
        tables, shipped, tree.get("trees"), documents,
        frozenset(_table_name(n) for n, d in files.items() if n.startswith("data/") and d.get("compare") == _LOOSELY),
    )  # fmt: skip
    for name, data in files.items():
        parts = name.split("/")
        if parts[0] == "expectations" and lines:
            pack.expectations.update({row[0]: _restored(row) for row in data["rows"]})
        elif parts[0] == "expectations":
            for key, row in data["expectations"].items():
                pack.expectations[key] = _expectation(key, row, data["document"], sources.get(data["document"], {}))
        elif parts[0] == "data":
            tables[_table_name(name)] = data.get("rows", data)
        elif _is_rule(parts):
            identity = parts[-1].removesuffix(".yaml")
            at = f"{tree['at']}/{name}"
            carried = _Parts(lines, tree["analyses"][identity]) if lines else None
            text = data if carried is None else _Text(data, carried)
            pack.rules[identity] = Rule(
                identity, pack.id, parts[0], at, text, data["title"], Severity(data["severity"]),
                tuple(data.get("expectations") or ()), str(data.get("remediation") or "").strip(), documents.get(name),
                carried,
            )  # fmt: skip
    # Documents stand in the order of pack.yaml, whatever their files are called.
    order = list(sources)
    inside = sorted(pack.expectations.values(), key=lambda e: order.index(e.document) if e.document in order else -1)
    return pack._replace(expectations={expectation.id: expectation for expectation in inside})


#: The fields of an expectation that are tuples, which JSON has no word for.
_LISTS = [at for at, kind in enumerate(Expectation.__annotations__.values()) if kind == tuple[str, ...]]


def _restored(row: list[Any]) -> Expectation:
    """An expectation that the wheel carries whole, in the order of its fields."""
    for at in _LISTS:
        row[at] = tuple(row[at])
    return Expectation._make(row)


def _expectation(key: str, row: Mapping[str, Any], document: str, source: Mapping[str, Any]) -> Expectation:
    return Expectation(
        id=key,
        document=document,
        locator=str(row["locator"]),
        modality=row["modality"],
        paraphrase=str(row["paraphrase"]),
        seen=row["seen"],
        addressees=tuple(row.get("addressees") or source.get("addressees") or ()),
        excluded_roles=tuple(row.get("excluded_roles") or source.get("excluded_roles") or ()),
        sizes=tuple(row.get("sizes") or ()),
        jurisdictions=tuple(row.get("jurisdictions") or ()),
        illustrative=bool(row.get("illustrative")),
        family=str(row.get("family") or ""),
        uncodifiable=str(row.get("uncodifiable") or ""),
        awaiting=str(row.get("awaiting") or ""),
        supports=row.get("supports") or {},
        confidence=row.get("confidence") or {},
        note=str(row.get("note") or ""),
        paragraph=int(row.get("paragraph") or 0),
        aliases=tuple(row.get("aliases") or ()),
        tested_by=tuple(row.get("tested_by") or ()),
        url=str(row.get("url") or source.get("url") or ""),
    )


def _shape_problems(tree: Mapping[str, Any]) -> Iterator[Problem]:
    from policycheck.manifests.explain import problems_of

    documents: Mapping[str, Document] = tree["documents"]
    if "pack.yaml" not in documents:
        yield Problem(tree["at"], 0, 0, "has no pack.yaml")
        return
    found: list[Problem] = []
    for name, document in documents.items():
        parts = name.split("/")
        if name == "definitions.yaml":
            found += _definition_shape(document)
        elif parts[0] == "data":
            found += _table_shape(document)
        else:
            is_header = name == "pack.yaml"
            found += problems_of(document, "pack-v1" if is_header else "rule-v1" if _is_rule(parts) else "expectations-v1")
    yield from found
    if not found:
        yield from _written_twice(documents)


def _definition_shape(document: Document) -> Iterator[Problem]:
    if not isinstance(document.data or {}, dict):
        yield _problem(document, document.data, None, "must be a mapping of kinds of subject")
        return
    for kind, named in (document.data or {}).items():
        if not isinstance(named, dict):
            yield _problem(document, document.data, kind, f"{kind}: must be a mapping of names to expressions")
            continue
        for name, source in named.items():
            if not re.fullmatch(_NAME, name):
                yield _problem(document, named, name, f"{kind}.{name}: a name is made of letters, digits and _")
            if not isinstance(source, str):
                yield _problem(document, named, name, f"{kind}.{name}: must be an expression, written as text")


def _table_shape(document: Document) -> Iterator[Problem]:
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("rows", data), (dict, list)):
        key = "rows" if isinstance(data, dict) else None
        yield _problem(document, data, key, "a table is a mapping or list of rows; write it under `rows:`")
        return
    rows = data.get("rows", data)
    if "rows" in data and "compare" in data and not (data["compare"] == _LOOSELY and _are_texts(rows)):
        yield _problem(document, data, "compare", f"compare: may say {_LOOSELY!r}, of rows that are texts")
    for holder, key in _adrift(rows):
        said = "a row that holds between days stands in a list below its key, as `- {from: 2026-11-21, until: ...}`"
        yield _problem(document, holder, key, f"{key if isinstance(key, str) else f'row {key + 1}'}: {said}")
    for key, row in rows.items() if isinstance(rows, dict) else ():
        spans = row if isinstance(row, list) and any(isinstance(r, dict) and r.keys() & _SPAN for r in row) else ()
        free_from = ""
        for position, span in enumerate(spans):
            start, end = (span.get("from"), span.get("until") or _LAST) if isinstance(span, dict) else (None, None)
            said = ""
            if not _is_day(start) or not _is_day(end):
                said = "a span says from which day, as 2026-11-21, and may say until"
            elif not max(free_from, start) <= start < end:
                # One row holds on a day, and rules read the last of a history as the newest.
                said = "spans stand one after the other: each begins where the one before has ended, and ends later"
            else:
                free_from = end
            if said:
                yield _problem(document, row, position, f"{key}: {said}")


def _adrift(holder: Any, is_table: bool = True) -> Iterator[tuple[Any, Any]]:
    """Container and key of each part that says between which days it holds, where rules would read it on every day."""
    for key, part in holder.items() if isinstance(holder, dict) else enumerate(holder):
        if isinstance(part, dict) and (_is_day(part.get("from")) or _is_day(part.get("until"))):
            yield holder, key
        elif isinstance(part, dict) or (isinstance(part, list) and not (is_table and isinstance(holder, dict))):
            yield from _adrift(part, is_table=False)


def _is_day(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and re.fullmatch(_DAY, value) is not None and day(value) is not None


def _written_twice(documents: Mapping[str, Document]) -> Iterator[Problem]:
    """Ids that a pack uses twice."""
    header = documents["pack.yaml"]
    declared: list[str] = []
    for position, source in enumerate(header.data.get("documents") or ()):
        if source["id"] in declared:
            yield _problem(header, header.data["documents"], position, f"the document {source['id']!r} is declared twice")
        declared.append(source["id"])
    seen: dict[str, str] = {}
    for name in documents:
        if _is_rule(name.split("/")):
            identity, path = Path(name).stem, f"{Path(_path(header)).parent.as_posix()}/{name}"
            if identity in seen:
                yield Problem(path, 0, 0, f"the rule id {identity!r} is already taken by {seen[identity]}")
            seen.setdefault(identity, path)
    for name, document in documents.items():
        if name.startswith("expectations/"):
            for key in document.data["expectations"]:
                if key in seen:
                    said = f"{key!r} is already written in {seen[key]}"
                    yield _problem(document, document.data["expectations"], key, said)
                seen.setdefault(key, _path(document))


def _undeclared(pack: Pack) -> Iterator[Problem]:
    """Files of expectations whose source document the pack's header does not name, and ids that speak of another one."""
    for name, document in pack.places.items():
        if not name.startswith("expectations/"):
            continue
        code, asked = document.data["document"], document.data["expectations"]
        if code not in pack.documents:
            yield _problem(document, document.data, "document", f"{code!r} is not among the documents of pack.yaml")
        for key in [key for key in asked if not key.startswith(f"{code}-")]:
            yield _problem(document, asked, key, f"{key!r} is of the document {code}: its id begins with {code}-")


def _file(pack: Pack, name: str) -> str:
    """A file of a pack as problems name it: from above the pack's folder, whatever the pack's id is."""
    return _path(pack.places[name]) if name in pack.places else f"{pack.id}/{name}"


def _path(document: Document) -> str:
    return document.names()[0]


def _problem(document: Document | None, holder: Any, key: Any, message: str, path: str = "") -> Problem:
    """A problem at the line of a key, or of the whole file when it is not known."""
    place = document.locate_key(holder, key) if document is not None else None
    if place is not None:
        return Problem(place.path, place.line, place.column, message)
    return Problem(_path(document) if document is not None else path, 1 if document is not None else 0, 1, message)


def _refuse_collisions(packs: list[Pack]) -> None:
    problems = [problem for pack in packs for problem in _collisions(packs, pack)]
    if problems:
        raise InvalidInput(problems)


def _collisions(packs: Sequence[Pack], pack: Pack) -> Iterator[Problem]:
    """What a pack takes that belongs to one before it: no pack changes what another's rules mean."""
    before = packs[: next(n for n, other in enumerate(packs) if other is pack)]
    rules = {rule.id: rule for other in before for rule in other.rules.values()}
    for rule in pack.rules.values():
        if rule.id in rules:
            yield Problem(rule.path, 0, 0, f"the rule id {rule.id!r} is already taken by {rules[rule.id].path}")
    for other in before:
        for key in sorted(pack.documents.keys() & other.documents):
            at = list(pack.documents).index(key)
            said = f"{key!r} already belongs to pack {other.id}"
            yield _problem(pack.places.get(_HEADER), pack.header["documents"], at, said, f"{pack.id}/{_HEADER}")
        for key in sorted(pack.expectations.keys() & other.expectations):
            yield _of_expectation(pack, pack.expectations[key], f"{key!r} already belongs to pack {other.id}")
        given = _names_given(other)
        for name, table in sorted(_names_given(pack).items()):
            if name in given:
                said = f"the table {name!r} already belongs to pack {other.id}"
                yield Problem(_file(pack, f"data/{table}.yaml"), 0, 0, said)
        for kind in sorted(pack.definitions.keys() & other.definitions):
            for name in sorted(pack.definitions[kind].keys() & other.definitions[kind]):
                yield _of_definition(pack, kind, name, f"already belongs to pack {other.id}")


def _hidden_tables(pack: Pack) -> Iterator[Problem]:
    """Tables of the name under which rules read the history of another table of the pack."""
    for table in sorted(pack.tables):
        name = f"{table}_history"
        if name in pack.tables and name in _valid(table, pack.tables[table], ""):
            said = f"the table {table!r} gives rules its history under this name"
            yield Problem(_file(pack, f"data/{name}.yaml"), 0, 0, said)


def _of_expectation(pack: Pack, expectation: Expectation, message: str) -> Problem:
    for name, document in pack.places.items():
        if name.startswith("expectations/") and expectation.id in document.data["expectations"]:
            return _problem(document, document.data["expectations"], expectation.id, message)
    return Problem(f"{pack.id}/expectations", 0, 0, message)


def _names_given(pack: Pack) -> dict[str, str]:
    """The names under which rules read a pack's tables, the histories too, each with the table that gives it."""
    return {name: table for table, rows in pack.tables.items() for name in _valid(table, rows, "")}


def _lend_rules(packs: Sequence[Pack]) -> None:
    """Let each rule name also the expectations of other packs that say they are `tested_by` it: one gap is printed once."""
    owners = {name: pack for pack in packs for name in pack.rules}
    for expectation in [e for pack in packs for e in pack.expectations.values() if e.tested_by]:
        for name in expectation.tested_by:
            rule = owners[name].rules[name] if name in owners else None
            if rule and expectation.id not in rule.expectations:
                owners[name].rules[name] = rule._replace(expectations=(*rule.expectations, expectation.id))


def _name_mistakes(packs: Sequence[Pack], pack: Pack) -> Iterator[Problem]:
    """Former names that are not this rule's alone, held against the pack itself and those before it.

    What was said of a name (accepted, known) must lead to one rule.
    """
    before = packs[: next(n for n, other in enumerate(packs) if other is pack)]
    today = {rule.id: rule for other in (*before, pack) for rule in other.rules.values()}
    taken = {name: rule for other in before for rule in other.rules.values() for name in _former(rule)}
    for rule in pack.rules.values():
        if rule.id in taken:
            yield Problem(rule.path, 0, 0, f"the rule id {rule.id!r} is a former name of {taken[rule.id].path}")
        for at, name in enumerate(_former(rule)):
            said = f"is the id of {today[name].path}" if name in today else ""
            if not said and taken.setdefault(name, rule) is not rule:
                said = f"is a former name of {taken[name].path} already"
            if said:
                yield _problem(rule.document, rule.text["formerly"], at, f"formerly: {name!r} {said}", rule.path)


def _loan_mistakes(packs: Sequence[Pack], pack: Pack) -> Iterator[Problem]:
    """What is wrong with `tested_by`: it names rules that test something, of packs that this one requires."""
    owners = {name: other for other in packs for name in other.rules}
    for expectation in pack.expectations.values():
        place = f"expectations/{expectation.document}.yaml"
        document = pack.places.get(place)
        for at, name in enumerate(expectation.tested_by):
            said = _loan_flaw(owners, pack, expectation, name)
            if said:
                holder = document.data["expectations"][expectation.id]["tested_by"] if document else None
                yield _problem(document, holder, at, said, f"{pack.id}/{place}")


def _loan_flaw(owners: Mapping[str, Pack], pack: Pack, expectation: Expectation, name: str) -> str:
    owner = owners.get(name)
    if owner is None:
        from policycheck.language.types import suggest

        today = next((rule for rule, other in owners.items() if name in _former(other.rules[rule])), "")
        return f"unknown rule {name!r}{f', which is called {today!r} now' if today else suggest(name, owners)}"
    if owner is pack:
        return f"{name!r} is a rule of this pack: name the expectation there"
    if owner.id not in (pack.header.get("requires") or {}):
        return f"{name!r} belongs to the pack {owner.id}, which pack.yaml does not require"
    if expectation.uncodifiable or expectation.awaiting:
        return "it is tested by a rule and says that none can"
    if not owner.rules[name].text.get("expectations"):
        return f"{name!r} is an integrity rule and tests nothing that a regulator asks"
    return ""


def _unmet_requirements(packs: Sequence[Pack], pack: Pack) -> Iterator[Problem]:
    """What a pack builds on and is not there, or only in another version (design 6)."""
    versions = {other.id: other.version for other in packs}
    wanted = pack.header.get("requires") or {}
    for name, bounds in wanted.items():
        version = versions.get(name)
        if version is not None and _satisfies(version, bounds):
            continue
        there = "there is none" if version is None else f"there is {version}"
        header, path = pack.places.get("pack.yaml"), f"{pack.id}/pack.yaml"
        yield _problem(header, wanted, name, f"requires the pack {name} {bounds}; {there}", path)


def _satisfies(version: str, bounds: str) -> bool:
    """Whether a version lies within bounds such as `>=1.2, <2`; a pre-release lies before its release (semver 11)."""
    found = _numbers(version)
    for order, text in re.findall(_BOUND, bounds):
        bound = _numbers(text)
        meets = {"==": found == bound, ">=": found >= bound, "<=": found <= bound, ">": found > bound, "<": found < bound}
        if not meets[order]:
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    release, dash, _ = version.partition("-")
    numbers = [int(part) for part in release.split(".")]
    return (*numbers, *[0] * (3 - len(numbers)), 0 if dash else 1)


def mistakes(criteria: Criteria, pack: Pack) -> list[Problem]:
    """Everything wrong with the rules and definitions of a pack (`rules lint`), each at its line."""
    found = [*_collisions(criteria.packs, pack), *_unmet_requirements(criteria.packs, pack)]
    found += _undeclared(pack)
    found += _hidden_tables(pack)
    found += _name_mistakes(criteria.packs, pack)
    found += _loan_mistakes(criteria.packs, pack)
    found += _definition_mistakes(criteria, pack)
    found += _circles(criteria, pack)
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
    if known and not any(e.modality in BINDING for e in known) and rule.severity is not Severity.INFO:
        yield Mistake("severity", "none of the expectations is a must or a should: severity must be info")
    if rule.text.get("equivalents") and not any(e.illustrative for e in known):
        yield Mistake("equivalents", "none of the expectations is illustrative: no other measure can stand in for it")
    for e in known:
        if e.uncodifiable:
            yield Mistake("expectations", f"{e.id} is marked not codifiable")
        if e.awaiting and not rule.disabled:
            yield Mistake("expectations", f"{e.id} is awaiting its source: the rule must say `disabled: <why>`")


def _definition_mistakes(criteria: Criteria, pack: Pack) -> Iterator[Problem]:
    for kind, named in pack.definitions.items():
        if kind not in criteria.types.kinds:
            from policycheck.language.types import suggest

            said = f"{kind!r} is not a kind of subject{suggest(kind, criteria.types.kinds)}"
            yield _problem(pack.places.get("definitions.yaml"), pack.definitions, kind, said)
            continue
        for name, source in named.items():
            for message in _expression_mistakes(criteria, kind, name, source):
                yield _of_definition(pack, kind, name, message)


def _expression_mistakes(criteria: Criteria, kind: str, name: str, source: str) -> Iterator[str]:
    owner = criteria.types.kinds[kind]
    if name in criteria.types.names(owner):
        yield f"a {kind} has a field of this name, which the definition would hide"
    try:
        tree = parse_expression(source)
    except ExpressionError as error:
        yield str(error)
        return
    checker = Checker(criteria.types, criteria.defined, {kind: owner, "as_of": Type("date")}, criteria.table_names)
    checker.sized = sized_paths(tree)
    checker.check(tree)
    for message, start, end in checker.mistakes:
        yield f"{message}\n{caret(source, start, end)}"


def _of_definition(pack: Pack, kind: str, name: str, message: str) -> Problem:
    document, path = pack.places.get("definitions.yaml"), f"{pack.id}/definitions.yaml"
    return _problem(document, pack.definitions[kind], name, f"{kind}.{name}: {message}", path)


def _circles(criteria: Criteria, pack: Pack) -> Iterator[Problem]:
    """Definitions that rest on themselves; each circle is said once."""
    assert criteria.defined is not None  # the type check marks which fields are definitions
    said: set[tuple[str, str]] = set()
    for kind, named in pack.definitions.items():
        for name in named:
            circle = [] if (kind, name) in said else _circle(criteria.trees, (kind, name))
            said |= set(circle)
            if circle:
                steps = " -> ".join(".".join(step) for step in [*circle, circle[0]])
                yield _of_definition(pack, kind, name, f"rests on itself: {steps}")


def _circle(trees: Mapping[str, Mapping[str, Node]], start: tuple[str, str]) -> list[tuple[str, str]]:
    """The way from a definition over others back to itself; empty when there is none."""
    ways: list[list[tuple[str, str]]] = [[start]]
    seen: set[tuple[str, str]] = set()
    while ways:
        way = ways.pop()
        kind, name = way[-1]
        for used in _definitions_in(trees.get(kind, {}).get(name)):
            if used == start:
                return way
            if used not in seen:
                seen.add(used)
                ways.append([*way, used])
    return []


def _definitions_in(tree: Node | None) -> list[tuple[str, str]]:
    """The definitions a tree reads, in the order they are written."""
    if tree is None:
        return []
    mine = [(tree.kind, str(tree.args[1]))] if tree.op == "select" and tree.kind else []
    return [*mine, *(used for part in tree.args if isinstance(part, Node) for used in _definitions_in(part))]


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
