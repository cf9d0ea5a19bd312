"""OpenAPI documents as operations: what each asks of a caller and what it returns, with places.

The sources are the OpenAPI Specification 2.0 (Swagger), 3.0, 3.1 and 3.2 and the keywords of JSON Schema that describe an
object's members. References are followed inside the document and to files below the root; nothing is fetched. Every walk is
bounded: schemas may refer to themselves, and a few lines can unfold to millions of members.
"""

from __future__ import annotations

import posixpath
import re
from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from policycheck.document import MAX_BYTES, Document, parse_foreign
from policycheck.errors import ArtefactError
from policycheck.evidence import _personal_data
from policycheck.model import Artefact, Location

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policycheck.opener import Opener

#: Files and bytes of one document with all that it refers to.
COUNT_CAP, TOTAL_CAP = 64, 2 * MAX_BYTES
#: References one after the other, and names in a field's path.
HOPS, DEPTH = 16, 8
#: Schemas looked at for one body, and for everything an account asks.
BODY_CAP, WORK_CAP = 4000, 200_000

#: Operations of one document, and servers of one operation.
OPERATIONS, SERVERS = 5000, 10

METHODS = ("get", "query", "post", "put", "patch", "delete")

_VERSION = re.compile(r"3\.[0-2](\.[0-9A-Za-z.-]+)?")
_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_SUCCESS = re.compile(r"2(?:[0-9]{2}|XX)")
_VARIABLE = re.compile(r"\{[^{}]*\}|<[^<>]*>|^:[A-Za-z0-9_]+")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]")
_BODILESS = frozenset({"204", "205"})

#: What a path's last part or an operationId says of an operation that searches.
SEARCHES = frozenset(
    {"search", "searches", "query", "lookup", "find", "match", "matches", "filter", "list", "batch", "resolve", "suggest"}
    | {"autocomplete", "export", "browse", "discover", "directory"}
)
#: What headers and cookies are called that carry a credential, and how names of any parameter end that does.
#: `page_token` and `csrf_token` carry none.
_CREDENTIALS = frozenset(
    {"auth", "bearer", "cookie", "idtoken", "jwt", "jwttoken", "logintoken", "session", "sessionid", "token", "usertoken"}
)
_CREDENTIAL_ENDS = (
    "accesskey", "accesstoken", "apikey", "apisecret", "apitoken", "authkey", "authorization", "authtoken", "bearertoken",
    "sessiontoken", "subscriptionkey",
)  # fmt: skip
#: What records are wrapped in; a field's name does not show the wrapping.
_ENVELOPES = frozenset(
    {"data", "items", "results", "result", "content", "contents", "records", "record", "entries", "entry", "hits", "list"}
    | {"value", "values", "payload", "response", "rows", "attributes", "edges", "node", "nodes", "_embedded", "embedded"}
    | {"elements", "objects", "collection", "docs", "documents", "d"}
)
#: Keywords whose value is a schema of the same thing, a list of such, or a table of such.
_SAME, _SAME_LISTS, _SAME_TABLES = ("then", "else"), ("allOf", "anyOf", "oneOf"), ("dependentSchemas",)
_INSIDE = ("items", "contains", "unevaluatedItems", "additionalItems")
_STRUCTURE = frozenset({"properties", "allOf", "items", "prefixItems", "additionalProperties", "patternProperties", "$ref"})
#: Without one of these a schema has no members to look at.
_KEYWORDS = frozenset((*_SAME, *_SAME_LISTS, *_SAME_TABLES, *_INSIDE, "discriminator")) | _STRUCTURE
#: The versions in which whatever stands beside a reference is ignored.
_PLAIN = ("2.0", "3.0")
NO_BODY = "it documents no body"
_TOO_MUCH = "it unfolds beyond the cap"
_DYNAMIC = ("$dynamicRef", "$recursiveRef")


class Unsaid(Exception):
    """Nothing can be said; where the reason stands, when a line is known."""

    def __init__(self, reason: str, at: Location | None = None, file: str = "") -> None:
        super().__init__(reason)
        self.at = (at.path, at.line) if at else (file, 0)


class Node(NamedTuple):
    """A value of a document, with the document that knows where it stands."""

    document: Document
    value: Any

    def member(self, key: Any) -> Node:
        """The value under a key; None where there is none."""
        value = self.value
        if isinstance(value, dict):
            return Node(self.document, value.get(key))
        is_index = isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value)
        return Node(self.document, value[key] if is_index else None)

    def members(self, key: str) -> Iterator[tuple[Any, Node]]:
        """The members of the table or list under a key; none where it is neither."""
        inner = self.value.get(key) if isinstance(self.value, dict) else None
        pairs = inner.items() if isinstance(inner, dict) else enumerate(inner) if isinstance(inner, list) else ()
        yield from ((name, Node(self.document, value)) for name, value in pairs)

    def at(self, key: Any = None) -> Location | None:
        """Where a member's key is written; without a key, where the value begins."""
        return self.document.locate_key(self.value, key) if key is not None else self.document.locate(self.value)


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One method of one path. `item` is the path item that holds it (another than the path's, if that is a reference)."""

    method: str
    path: str
    node: Node
    item: Node
    at: Location | None

    @property
    def name(self) -> str:
        """As people call it: `GET /people/{id}`."""
        return f"{self.method.upper()} {self.path}"

    @property
    def id(self) -> str:
        """The operationId; empty when there is none."""
        found = self.node.value.get("operationId")
        return found if isinstance(found, str) else ""


class Security(NamedTuple):
    """What an operation asks of a caller: an auth word, where that is written, why, and the schemes of each alternative."""

    auth: str
    at: Location | None
    why: str
    alternatives: tuple[tuple[Node, ...], ...] = ()


class Property(NamedTuple):
    """A member that a body shows: its path of names, whose it is (None: whose the body is), and where it is written."""

    path: tuple[str, ...]
    whose: str | None
    holder: Node
    is_leaf: bool = True

    @property
    def at(self) -> Location | None:
        """Where its name is written."""
        return self.holder.at(self.path[-1])


class Field(NamedTuple):
    """Personal data that an operation returns: its name in manifest words, the guessed category, and the property."""

    name: str
    category: str
    shown: Property


class Shown(NamedTuple):
    """What a body shows. `open` says why it may show more than these; empty when it is settled."""

    properties: tuple[Property, ...] = ()
    open: str = ""


# --- files to a document ---


class Files:
    """Reads a document and the files it refers to, each once. `left` names the references that were not followed."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._documents: dict[str, Document | None] = {}
        self._paths: dict[int, str] = {}
        self._targets: dict[tuple[int, str], Node | None] = {}
        self._bytes = 0
        self.seen: dict[str, Artefact] = {}
        self.left: dict[str, Location | None] = {}

    def document(self, path: str) -> Document:
        """The one YAML or JSON document in a file. Raises Unsaid with the first thing that is wrong with it."""
        opened = self._opener.read(path, cap=MAX_BYTES)
        self.seen[opened.path] = Artefact(opened.path, opened.size, opened.sha256)
        self._bytes += opened.size
        if len(self.seen) > COUNT_CAP or self._bytes > TOTAL_CAP:
            raise Unsaid("the document with all it refers to is beyond the cap on files or bytes", file=path)
        documents, problems = parse_foreign(opened.data, path)
        if problems:
            first = problems[0]
            raise Unsaid(f"{path} {first.message}", Location(path, first.line, first.column))
        if len(documents) != 1:
            raise Unsaid(f"{path} is empty" if not documents else f"{path} holds several YAML documents", file=path)
        self._paths[id(documents[0])] = opened.path
        return documents[0]

    def follow(self, node: Node) -> tuple[Node | None, str]:
        """What a value is, once its `$ref`s are followed, and the name it goes by there; None when one leads nowhere."""
        name = ""
        for _ in range(HOPS):
            ref = node.value.get("$ref") if isinstance(node.value, dict) else None
            if not isinstance(ref, str):
                return node, name
            target = self.target(node, ref)
            if target is None:
                return None, name
            node, name = target, _name(ref)
        return None, name

    def target(self, node: Node, ref: str) -> Node | None:
        """The value a reference written in `node` points to; None, and named in `left`, when it is not followed."""
        key = (id(node.document), ref)
        if key not in self._targets:
            file, _, pointer = ref.partition("#")
            document = self._other(node.document, file) if file else node.document
            self._targets[key] = _pointed(document, pointer) if document is not None else None
            if self._targets[key] is None:
                self.left.setdefault(ref[:100], node.at("$ref"))
        return self._targets[key]

    def _other(self, document: Document, file: str) -> Document | None:
        """A file that a reference names from the folder of its own; None for what is elsewhere or cannot be read."""
        if _ELSEWHERE.match(file):
            return None
        try:
            path = self._opener.relative(posixpath.dirname(self._paths[id(document)]), unquote(file))
        except ArtefactError:
            return None
        if path not in self._documents:
            try:
                self._documents[path] = self.document(path)
            except (ArtefactError, Unsaid):
                self._documents[path] = None
        return self._documents[path]


@lru_cache(maxsize=4096)
def _name(ref: str) -> str:
    """What a reference calls its target: the last step of the pointer, or else the file without its ending."""
    file, _, pointer = ref.partition("#")
    step = pointer.rpartition("/")[2]
    return _unescaped(step) if step else posixpath.basename(file).partition(".")[0]


def _unescaped(step: str) -> str:
    return unquote(step).replace("~1", "/").replace("~0", "~")


def _pointed(document: Document, pointer: str) -> Node | None:
    """The value at a JSON pointer (RFC 6901) as URI fragments write it; None when there is none, or for a plain anchor."""
    value = document.data
    if pointer and not pointer.startswith("/"):
        return None
    for step in pointer.split("/")[1:]:
        key = _unescaped(step)
        if isinstance(value, list) and key.isascii() and key.isdigit() and len(key) < 7 and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, dict) and key in value:
            value = value[key]
        else:
            return None
    return Node(document, value)


# --- a document to operations ---


class Addresses(NamedTuple):
    """Where an operation is reached: hosts in lower case without ports, and its path in parts, alone and below each base."""

    hosts: tuple[str, ...]
    template: tuple[str, ...]
    full: tuple[tuple[str, ...], ...]


def segments(path: str) -> tuple[str, ...]:
    """The parts of a path, what varies in them as `*`."""
    plain = re.split(r"[?#]", path, maxsplit=1)[0]
    return tuple(_VARIABLE.sub("*", part) for part in plain.split("/") if part)


class Api:
    """One OpenAPI document: its operations, and what can be asked of each."""

    def __init__(self, opener: Opener) -> None:
        self.files = Files(opener)
        self.version = self.path = ""
        self.root = Node(Document(), {})
        self.operations: tuple[Operation, ...] = ()
        self._unfolded: dict[tuple[int, str | None], Shown] = {}
        self._records: dict[tuple[int, int], bool] = {}
        self._addresses: dict[Operation, Addresses] = {}
        self._work = 0
        self._required: dict[int, tuple[str, tuple[tuple[Node, ...], ...]]] = {}
        # Operations share their bodies, and what a body shows is asked for again and again.
        self._shown: dict[Operation, Shown] = {}
        self._indexes: dict[int, dict[str, tuple[Property, bool]]] = {}
        self._personal: dict[tuple[int, str], tuple[Field, ...]] = {}

    def read(self, path: str) -> None:
        """Read the document. Raises Unsaid when it is none, or shows no operation."""
        self.path = path
        self.root = Node(self.files.document(path), None)
        self.root = self.root._replace(value=self.root.document.data)
        self.version = _version(self.root, path)
        paths = self.root.value.get("paths")
        if not isinstance(paths, dict) or not paths:
            raise Unsaid(f"{path} has no paths, so it shows no operation", self.root.at("paths"), path)
        self.operations = tuple(islice(self._operations(), OPERATIONS + 1))
        if len(self.operations) > OPERATIONS:
            raise Unsaid(f"{path} has more than {OPERATIONS} operations", self.root.at("paths"), path)
        if not self.operations:
            left = f": not followed: {', '.join(self.files.left)}"[:300] if self.files.left else ""
            raise Unsaid(f"{path} shows no operation under paths{left}", self.root.at("paths"), path)

    def _operations(self) -> Iterator[Operation]:
        for path, node in self.root.members("paths"):
            if not path.startswith("/") or not isinstance(node.value, dict):
                continue
            items = [node]
            target, _ = self.files.follow(node)
            if target is not None and target.value is not node.value and isinstance(target.value, dict):
                items.append(target)
            written: set[str] = set()
            for item in items:
                for operation in _methods(path, item):
                    if operation.method not in written:
                        written.add(operation.method)
                        yield operation

    def servers(self, operation: Operation) -> tuple[tuple[str, str], ...]:
        """Host (empty when relative, `*` for a variable) and base path of each server of an operation."""
        if self.version == "2.0":
            host, base = self.root.value.get("host"), self.root.value.get("basePath")
            return ((host if isinstance(host, str) else "", base if isinstance(base, str) else ""),)
        for holder in (operation.node, operation.item, self.root):
            found = [node.value["url"] for _, node in holder.members("servers") if _has_text(node.value, "url")]
            if found:
                return tuple(dict.fromkeys(_split(url) for url in found[:SERVERS]))
        return (("", ""),)

    def addresses(self, operation: Operation) -> Addresses:
        """Where an operation is reached, by its servers."""
        if operation not in self._addresses:
            servers, template = self.servers(operation), segments(operation.path)
            hosts = tuple(re.sub(r":[0-9]+$", "", host.lower()) for host, _ in servers if host)
            full = tuple((*segments(base), *template) for _, base in servers)
            self._addresses[operation] = Addresses(hosts, template, full)
        return self._addresses[operation]

    def parameters(self, operation: Operation) -> dict[tuple[str, str], Node]:
        """The parameters by place (`query`, `path`) and name; the operation's override those of the path."""
        found: dict[tuple[str, str], Node] = {}
        for holder in (operation.item, operation.node):
            for _, written in holder.members("parameters"):
                node, _ = self.files.follow(written)
                if node is not None and _has_text(node.value, "name") and _has_text(node.value, "in"):
                    found[node.value["in"], node.value["name"]] = node
        return found

    def parameter_schema(self, parameter: Node) -> dict[str, Any]:
        """What a parameter's value may be: in 2.0 the parameter itself, later its schema."""
        if self.version == "2.0":
            return parameter.value if isinstance(parameter.value, dict) else {}
        media = next((node for _, node in parameter.members("content")), parameter)
        node, _ = self.files.follow(media.member("schema"))
        return node.value if node is not None and isinstance(node.value, dict) else {}

    def responses(self, operation: Operation) -> Iterator[tuple[str, Node | None, Location | None]]:
        """The responses by status code, each where it is written; None when its reference leads nowhere."""
        holder = operation.node
        for code, written in holder.members("responses"):
            node, _ = self.files.follow(written)
            yield str(code), node, holder.member("responses").at(code)

    # --- security ---

    def security(self, operation: Operation) -> Security:
        """What an operation asks of a caller: its own `security`, or else the document's.

        Alternatives stand in a list, `{}` among them admits anybody, an empty list or none asks for nothing. Raises Unsaid
        when that is written otherwise, names a scheme that is not defined, or leaves the credential to a parameter.
        """
        found = self._secured(operation)
        if found.auth == "none":
            self._refuse_credential(operation)
        return found

    def _refuse_credential(self, operation: Operation) -> None:
        """Raise Unsaid where an operation without security has a parameter that is called as a credential.

        Many documents are made from code that takes the token as a header by hand: they do not show who may call it.
        """
        for (place, name), node in self.parameters(operation).items():
            if place not in ("header", "query", "cookie"):
                continue
            said = "".join(_personal_data.words(name)).removeprefix("x")
            if said.endswith(_CREDENTIAL_ENDS) or (place != "query" and said in _CREDENTIALS):
                why = f"asks for no security scheme and takes {name[:60]} as a {place} parameter, which may be a credential"
                raise Unsaid(f"{operation.name} {why}; declare it as a security scheme", node.at("name"))

    def _secured(self, operation: Operation) -> Security:
        own = "security" in operation.node.value
        holder = operation.node if own else self.root
        if "security" not in holder.value:
            why = f"{operation.name}: neither it nor the document has security"
            return Security("none", operation.at, why)
        at, entries = holder.at("security"), holder.value["security"]
        where = "its security" if own else "the document's security"
        if id(entries) not in self._required:
            # The document's own list is looked up once for all operations.
            if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
                raise Unsaid(f"{where} is not a list of requirements, so what {operation.name} asks for is unclear", at)
            schemes = tuple(tuple(self._scheme(name, operation, at) for name in entry) for entry in entries)
            closed = sum(1 for one in schemes if one)
            word = "none" if not closed else "optional" if closed < len(schemes) else "required"
            self._required[id(entries)] = (word, schemes)
        auth, alternatives = self._required[id(entries)]
        return Security(auth, at, f"{operation.name}: {where} {_SAID[auth]}", alternatives)

    def refuse_silence(self, operation: Operation) -> None:
        """Raise Unsaid where security stands nowhere in the document: it then does not deny that a login is asked for.

        Many documents are made from code whose login stands elsewhere; `security: []` would say that anybody may call.
        """
        tables = (self.root.member("components").member("securitySchemes"), self.root.member("securityDefinitions"))
        holders = (self.root.value, *(one.node.value for one in self.operations))
        if not any(table.value for table in tables) and not any("security" in holder for holder in holders):
            why = "the document says nothing of security anywhere; write security: [] where anybody may call"
            raise Unsaid(f"{operation.name}: {why}", operation.at)

    def _scheme(self, name: str, operation: Operation, at: Location | None) -> Node:
        holder = self.root if self.version == "2.0" else self.root.member("components")
        table = holder.member("securityDefinitions" if self.version == "2.0" else "securitySchemes")
        node = table.member(name) if isinstance(table.value, dict) and name in table.value else None
        node = self.files.follow(node)[0] if node is not None else None
        if node is None or not _has_text(node.value, "type"):
            raise Unsaid(f"{operation.name} asks for the security scheme {name[:60]}, which is not defined", at)
        if str(node.value["type"]).lower() not in _SCHEMES:
            why = f"asks for the security scheme {name[:60]}, whose type {str(node.value['type'])[:40]} is none of OpenAPI"
            raise Unsaid(f"{operation.name} {why}", node.at("type"))
        return node

    # --- bodies ---

    def shown(self, operation: Operation) -> Shown:
        """What the successful answers of an operation show.

        `default` stands for the codes that are not listed, which are errors as soon as one success is.
        """
        if operation not in self._shown:
            self._shown[operation] = self._answers(operation)
        return self._shown[operation]

    def _answers(self, operation: Operation) -> Shown:
        responses = {code.upper(): node for code, node, _ in self.responses(operation)}
        codes = [code for code in responses if _SUCCESS.fullmatch(code)] or [c for c in responses if c == "DEFAULT"]
        found: list[Shown] = []
        for code in codes:
            if code not in _BODILESS:
                found += self._bodies(responses[code])
        if len(found) < 2:
            return found[0] if found else Shown((), NO_BODY)
        merged = {prop.path: prop for shown in reversed(found) for prop in reversed(shown.properties)}
        self.work(len(merged))
        return Shown(tuple(reversed(merged.values())), next((shown.open for shown in found if shown.open), ""))

    def meant(self, operation: Operation, name: str) -> tuple[Property, bool] | None:
        """The property that a declared name means among what an operation shows, and whether it surely does.

        Style does not matter (`displayName` is `display_name`), and the names around a property may be left out: surely
        when they name people or nothing (`author.handle`), else not (`product.name` is hardly what `name` means).
        """
        shown = self.shown(operation)
        if id(shown) not in self._indexes:
            self.work(len(shown.properties))
            self._indexes[id(shown)] = _index(shown)
        return self._indexes[id(shown)].get(joined(name))

    def heads(self, operation: Operation, name: str) -> bool:
        """Whether a header of a successful answer is called as a declared name: `X-User-Email` may be the `email`."""
        wanted = joined(name)
        answers = (node for code, node, _ in self.responses(operation) if node and _SUCCESS.fullmatch(code.upper()))
        return any(joined(str(header)).endswith(wanted) for node in answers for header, _ in node.members("headers"))

    def personal(self, operation: Operation) -> tuple[Field, ...]:
        """The personal data among the leaves of what an operation shows, each name once."""
        shown, around = self.shown(operation), _around(operation)
        key = (id(shown), around)
        if key not in self._personal:
            self.work(len(shown.properties))
            self._personal[key] = _personal(shown, around)
        self.work(10 * len(self._personal[key]))
        return self._personal[key]

    def _bodies(self, response: Node | None) -> Iterator[Shown]:
        if response is None or not isinstance(response.value, dict):
            yield Shown((), "a response is not followed")
            return
        if self.version == "2.0":
            schemas = [response.member("schema")]
        else:
            media = [self.files.follow(node)[0] for _, node in response.members("content")]
            schemas = [_schema_of(node) for node in media]
        for schema in schemas or [Node(response.document, None)]:
            yield self._unfold(schema) if schema.value is not None else Shown((), "a body has no schema")

    def _unfold(self, written: Node) -> Shown:
        schema, name = self.files.follow(written)
        if schema is None:
            return Shown((), f"it refers to {written.value['$ref'][:100]}, which is not followed")
        # Since 3.1 what stands beside a reference counts, so that only the schema as it is written says everything.
        schema = written if name and len(written.value) > 1 and self.version not in _PLAIN else schema
        whose = (_personal_data.about(name) or None) if name else None
        key = (id(schema.value), whose)
        if key not in self._unfolded:
            self._unfolded[key] = _Unfolding(self).run(schema, whose)
        return self._unfolded[key]

    def is_record(self, node: Node, depth: int = 3) -> bool:
        """Whether a schema describes something with members, or a list of such."""
        target, _ = self.files.follow(node)
        if target is None or not isinstance(target.value, dict) or not depth:
            return False
        key = (id(target.value), depth)
        if key not in self._records:
            self._records[key] = self._is_record(target, depth)
        return self._records[key]

    def _is_record(self, target: Node, depth: int) -> bool:
        if any(isinstance(target.value.get(key), dict) for key in ("properties", "additionalProperties")):
            return True
        below = [target.member("items")] if "items" in target.value else []
        below += [node for key in _SAME_LISTS for _, node in list(target.members(key))[:8]]
        return any(self.is_record(inner, depth - 1) for inner in below)

    def work(self, count: int = 1) -> None:
        """Count schemas and fields looked at. Raises Unsaid when it has been enough."""
        self._work += count
        if self._work > WORK_CAP:
            raise Unsaid("its schemas unfold beyond the cap; name one operation", file=self.path)


#: The types of security schemes in 2.0 and since, whatever their case.
_SCHEMES = frozenset({"apikey", "http", "oauth2", "openidconnect", "mutualtls", "basic"})
_SAID = {"none": "asks for nothing", "optional": "lets anybody in beside those who sign in", "required": "asks for a scheme"}


def _version(root: Node, path: str) -> str:
    """2.0, 3.0, 3.1 or 3.2. Raises Unsaid for any other document."""
    value = root.value if isinstance(root.value, dict) else {}
    swagger, openapi = value.get("swagger"), value.get("openapi")
    if "swagger" in value and "openapi" not in value and str(swagger) == "2.0":
        return "2.0"
    if "openapi" in value and "swagger" not in value and _VERSION.fullmatch(str(openapi)):
        return str(openapi)[:3]
    if "swagger" in value or "openapi" in value:
        raise Unsaid(f"{path} is not of an OpenAPI version that is read (2.0, 3.0, 3.1, 3.2)", root.at(), path)
    raise Unsaid(f"{path} is not an OpenAPI document: it has neither openapi nor swagger at its top", file=path)


def _methods(path: str, item: Node) -> Iterator[Operation]:
    """The operations of a path item that return something; HEAD, OPTIONS and TRACE do not."""
    for method in METHODS:
        node = item.member(method)
        if isinstance(node.value, dict):
            yield Operation(method, path, node, item, item.at(method))
    for method, node in item.members("additionalOperations"):
        if isinstance(node.value, dict) and isinstance(method, str):
            yield Operation(method.lower(), path, node, item, item.member("additionalOperations").at(method))


def _has_text(value: Any, key: str) -> bool:
    return isinstance(value, dict) and isinstance(value.get(key), str)


def _split(url: str) -> tuple[str, str]:
    """Host and base path of a server's address; variables become `*`."""
    plain = re.sub(r"\{[^{}]*\}", "*", url[:500])
    match = re.match(r"(?:[A-Za-z*][A-Za-z0-9+.*-]*:)?//([^/?#]*)", plain)
    return (match[1].rpartition("@")[2] if match else ""), plain[match.end() if match else 0 :].rstrip("/")


def _schema_of(media: Node | None) -> Node:
    """The schema of a media type; 3.2 has `itemSchema` for streams."""
    if media is None or not isinstance(media.value, dict):
        return Node(Document(), None)
    schema = media.member("schema")
    return schema if schema.value is not None else media.member("itemSchema")


def joined(name: str) -> str:
    """A name without its style: `displayName`, `display_name` and `Display-Name` are one."""
    return "".join(_personal_data.words(name))


def endings(path: tuple[str, ...]) -> list[str]:
    """A property's path without its style, whole and from each of its names on."""
    return ["".join(map(joined, path[start:])) for start in range(len(path))]


def _index(shown: Shown) -> dict[str, tuple[Property, bool]]:
    """The properties by what a declaration may call them, the surest and nearest first."""
    found: dict[str, tuple[Property, bool]] = {}
    for prop in shown.properties:
        is_sure = True
        for name, part in zip(endings(prop.path), prop.path, strict=True):
            if name and (name not in found or (is_sure and not found[name][1])):
                found[name] = (prop, is_sure)
            is_sure = is_sure and (_personal_data.about(part) == "person" or _personal_data.is_neutral(part))
    return found


def _personal(shown: Shown, around: str) -> tuple[Field, ...]:
    found: dict[str, Field] = {}
    for prop in shown.properties:
        category = _personal_data.category(prop.path, around if prop.whose is None else prop.whose) if prop.is_leaf else ""
        name = _NOT_IN_NAMES.sub("_", ".".join(prop.path)[:128]).lstrip(".-") if category else ""
        if name:
            found.setdefault(name, Field(name, category, prop))
    return tuple(found.values())


def _around(operation: Operation) -> str:
    """Whose an operation's answers are by the last part of its path that tells: `/people/{id}/contact`, `/people/search`."""
    for part in reversed(segments(operation.path)):
        said = _personal_data.words(part)
        if "*" not in part and not _personal_data.is_neutral(part) and not SEARCHES.issuperset(said):
            return _personal_data.about(part)
    return ""


# --- a schema to properties ---


class _Spot(NamedTuple):
    """A schema to look at: the names that led there, whose it is, and where its property is written (if it is one)."""

    node: Node
    path: tuple[str, ...]
    whose: str | None
    holder: Node | None = None
    #: The schemas that were referred to on the way here; what lies in itself shows nothing new.
    trail: frozenset[int] = frozenset()


class _Unfolding:
    """Lays out the members of one schema, nearest first, so that what the caps cut off is what lies deepest."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._queue: deque[_Spot] = deque()
        self._count = 0
        self._found: dict[tuple[str, ...], Property] = {}
        self._open = ""

    def run(self, schema: Node, whose: str | None) -> Shown:
        """What the schema shows of something that belongs to `whose`."""
        self._add(_Spot(schema, (), whose, None, frozenset({id(schema.value)})))
        while self._queue:
            self._look(self._queue.popleft())
        inner = {path[:length] for path in self._found for length in range(1, len(path))}
        found = (prop._replace(is_leaf=prop.path not in inner) for prop in self._found.values())
        return Shown(tuple(found), self._open)

    def _add(self, *spots: _Spot) -> bool:
        """Look at these later; false when the body has been enough."""
        for spot in spots:
            if self._count >= BODY_CAP:
                self._open = self._open or _TOO_MUCH
                return False
            self._count += 1
            self._api.work()
            self._queue.append(spot)
        return True

    def _look(self, spot: _Spot) -> None:
        value = spot.node.value
        if not isinstance(value, dict):
            self._open = self._open or ("" if value is False else "a schema says nothing of its members")
            return
        if len(spot.path) > DEPTH:
            self._open = self._open or _TOO_MUCH
            return
        if value.get("writeOnly") is True and self._api.version != "2.0":
            return
        if isinstance(value.get("$ref"), str):
            self._refer(spot, value["$ref"])
            if self._api.version in _PLAIN:
                return
        else:
            self._record(spot)
        self._look_inside(spot, value)

    def _refer(self, spot: _Spot, ref: str) -> None:
        target = self._api.files.target(spot.node, ref)
        if target is None:
            self._open = self._open or f"it refers to {ref[:100]}, which is not followed"
            self._record(spot)
            return
        if id(target.value) in spot.trail:
            self._record(spot)
            return
        whose = _personal_data.about(_name(ref)) or spot.whose
        self._add(spot._replace(node=target, whose=whose, trail=spot.trail | {id(target.value)}))

    def _record(self, spot: _Spot) -> None:
        if spot.holder is not None and spot.path not in self._found:
            self._found[spot.path] = Property(spot.path, spot.whose, spot.holder)

    def _look_inside(self, spot: _Spot, value: dict[str, Any]) -> None:
        self._open = self._open or _openness(value, is_top=not spot.path)
        if _KEYWORDS.isdisjoint(value):
            return
        self._properties(spot)
        same = spot._replace(holder=None)
        for key in (*_SAME, *_INSIDE):
            if isinstance(value.get(key), dict):
                self._add(same._replace(node=spot.node.member(key)))
        for key in (*_SAME_LISTS, *_SAME_TABLES, "prefixItems", "patternProperties"):
            self._add(*(same._replace(node=node) for _, node in spot.node.members(key)))
        if isinstance(value.get("items"), list):
            self._add(*(same._replace(node=node) for _, node in spot.node.members("items")))
        if isinstance(value.get("additionalProperties"), dict) and _is_structured(value["additionalProperties"]):
            self._add(same._replace(node=spot.node.member("additionalProperties")))
        self._mapped(same)

    def _properties(self, spot: _Spot) -> None:
        holder = spot.node.member("properties")
        for name, node in spot.node.members("properties"):
            if not isinstance(name, str):
                self._open = self._open or "its properties are not a table"
                return
            is_wrapping = not spot.path and name.lower() in _ENVELOPES and self._api.is_record(node)
            inner = _Spot(node, (*spot.path, name), self._whose(spot, name, node), holder, spot.trail)
            if not self._add(_Spot(node, (), spot.whose, None, spot.trail) if is_wrapping else inner):
                return

    def _whose(self, spot: _Spot, name: str, node: Node) -> str | None:
        """Whose the members of a property are: the property's own, or its holder's when it is no record or an `address`."""
        if not self._api.is_record(node) or _personal_data.is_neutral(name):
            return spot.whose
        return _personal_data.about(name)

    def _mapped(self, same: _Spot) -> None:
        """The schemas that a discriminator maps its values to, by name or by reference."""
        for _, node in same.node.member("discriminator").members("mapping"):
            if isinstance(node.value, str):
                plain = "/" not in node.value and "#" not in node.value and "." not in node.value
                ref = f"#/components/schemas/{node.value}" if plain else node.value
                self._refer(same, ref)


def _is_structured(value: dict[str, Any]) -> bool:
    return bool(_STRUCTURE.intersection(value)) or any(key in value for key in _SAME_LISTS)


def _openness(value: dict[str, Any], *, is_top: bool) -> str:
    """Why an object may have members that its schema does not list; empty when it lists them."""
    more = value.get("additionalProperties")
    if more is True or (isinstance(more, dict) and not _is_structured(more)) or "patternProperties" in value:
        return "a schema allows members that it does not name"
    if "discriminator" in value and "oneOf" not in value and "anyOf" not in value:
        return "a schema has variants that the document does not tie to it"
    if any(key in value for key in _DYNAMIC):
        return "a schema is referred to by a name that is settled elsewhere"
    wrong = [key for key in _SAME_LISTS if key in value and not isinstance(value[key], list)]
    if wrong or ("properties" in value and not isinstance(value["properties"], dict)):
        return "a schema is malformed"
    is_bare = not _is_structured(value) and not any(key in value for key in (*_SAME, "patternProperties"))
    types = value.get("type")
    if types == "null":
        return ""
    is_object = types == "object" or (isinstance(types, list) and "object" in types)
    return "a schema says nothing of its members" if is_bare and (is_top or is_object) else ""
