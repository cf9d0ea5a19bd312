"""HCL text to plain data, for the child process (`_child.parsed("_hcl", ...)`): structure and literals, nothing evaluated.

python-hcl2 gives the syntax tree; its own conversion to dictionaries is not used, because it turns expressions into text
that looks like values. Here a value is either a literal or said to be none: a reference, or an expression with the
references in it. What is read and answered is JSON:

* read: `{path: text}`; answered: `{path: {"items": [...]}}`, or `{"wrong": why, "line": n}` for a file.
* an item is `["a", name, line, column, value]` or `["b", type, labels, line, column, items]`;
* a value is `["lit", x]`, `["list", values]`, `["map", [[key or null, line, column, value]]]`, `["ref", text]`, or
  `["expr", references]`.
"""

from __future__ import annotations

import gc
import json
import re
from functools import cache
from typing import Any

#: Levels of blocks and values in one file.
DEPTH_CAP = 64
#: Digits of a number, names in one reference, references told of one expression.
DIGITS, STEPS, REFERENCES = 18, 32, 32

_ESCAPE = re.compile(r'\\(?:(["\\nrt])|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.?))', re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_ACCESS = frozenset({"get_attr_expr_term", "index_expr_term", "attr_splat_expr_term", "full_splat_expr_term"})
_WORDS = {"true": True, "false": False, "null": None}


class _Unreadable(Exception):
    """A file that cannot be told as data, and the line why."""

    def __init__(self, why: str, line: int) -> None:
        super().__init__(why)
        self.line = line


def ready() -> None:
    """Build the parser, which takes far longer than to parse a folder. Raises ModuleNotFoundError without python-hcl2."""
    _parser()


def read(data: bytes) -> dict[str, Any]:
    """The structure of each file of `data`, which is JSON of texts by path."""
    # A tree of many small objects and a short life: looking for garbage in between costs most of the time.
    is_collecting = gc.isenabled()
    gc.disable()
    try:
        return {path: _file(text) for path, text in json.loads(data).items()}
    finally:
        if is_collecting:
            gc.enable()


def _file(text: str) -> dict[str, Any]:
    from lark.exceptions import UnexpectedInput

    try:
        # The grammar ends every line with a newline.
        return {"items": _items(_parser().parse(text + "\n").children[0], 0)}
    except UnexpectedInput as error:
        return {
            "wrong": "is not HCL as it is read here (a template?); render a plan: terraform show -json",
            "line": max(int(error.line), 0),
        }
    except _Unreadable as error:
        return {"wrong": str(error), "line": error.line}


@cache
def _parser() -> Any:
    """python-hcl2's parser. Its cached tables are used where an installation has them, and never written.

    The library itself writes them into its own folder the first time, which an evidence check must not do.
    """
    import hcl2.parser
    import lark.lark
    from hcl2.postlexer import PostLexer

    class ReadOnly(lark.lark.FS):  # type: ignore[misc,name-defined]
        """Lark's door to the file system, for reading."""

        @staticmethod
        def open(name: str, mode: str = "r", **kwargs: Any) -> Any:
            if mode != "rb":
                raise FileNotFoundError(name)
            return open(name, mode, **kwargs)

    door, lark.lark.FS = lark.lark.FS, ReadOnly  # type: ignore[attr-defined]
    try:
        place = hcl2.parser.PARSER_FILE
        return lark.Lark.open(
            "hcl2.lark", parser="lalr", cache=str(place) if place.is_file() else False,
            rel_to=hcl2.parser.__file__, propagate_positions=True, postlex=PostLexer(),
        )  # fmt: skip
    finally:
        lark.lark.FS = door  # type: ignore[attr-defined]


def _items(body: Any, depth: int) -> list[Any]:
    """The attributes and blocks of a body, in order."""
    found = []
    for node in body.children:
        if node.data == "attribute":
            found.append(["a", _name(node.children[0]), node.meta.line, node.meta.column, _value(node.children[-1], depth)])
        elif node.data == "block":
            found.append(_block(node, depth))
    return found


def _block(node: Any, depth: int) -> list[Any]:
    if depth > DEPTH_CAP:
        raise _Unreadable(f"blocks are nested deeper than {DEPTH_CAP}", node.meta.line)
    kind, *rest = [child for child in node.children if not _is_token(child) and child.data != "new_line_or_comment"]
    labels = [_value(child, depth) if child.data == "string" else ["lit", _name(child)] for child in rest[:-1]]
    if any(label[0] != "lit" for label in labels):
        raise _Unreadable("a block's label is no plain text", node.meta.line)
    names = [label[1] for label in labels]
    return ["b", _name(kind), names, node.meta.line, node.meta.column, _items(rest[-1], depth + 1)]


def _is_token(node: Any) -> bool:
    return not hasattr(node, "data")


def _name(node: Any) -> str:
    return str(node.children[0])


def _value(node: Any, depth: int) -> list[Any]:
    """A literal, or what it is instead. Parentheses are looked through."""
    if depth > DEPTH_CAP:
        raise _Unreadable(f"values are nested deeper than {DEPTH_CAP}", node.meta.line)
    if node.data == "expr_term":
        inner = [child for child in node.children if not _is_token(child) and child.data != "new_line_or_comment"]
        return _value(inner[0], depth + 1)
    reader = _READERS.get(node.data)
    told = reader(node, depth) if reader else None
    return ["expr", _references(node)] if told is None else told


def _integer(node: Any, depth: int) -> list[Any] | None:
    text = str(node.children[0])
    return ["lit", int(text)] if len(text) <= DIGITS else None


def _float(node: Any, depth: int) -> list[Any] | None:
    text = str(node.children[0])
    return ["lit", float(text)] if len(text) <= DIGITS and abs(float(text)) < 10.0**DIGITS else None


def _negative(node: Any, depth: int) -> list[Any] | None:
    """`-5`, which the grammar takes for an operation."""
    if str(node.children[0]) != "-":
        return None
    told = _value(node.children[-1], depth + 1)
    is_number = told[0] == "lit" and isinstance(told[1], (int, float)) and not isinstance(told[1], bool)
    return ["lit", -told[1]] if is_number else None


def _word(node: Any, depth: int) -> list[Any]:
    return ["lit", _WORDS[str(node.children[0])]]


def _string(node: Any, depth: int) -> list[Any] | None:
    """Quoted text; with a template in it, none, unless the template is a single reference."""
    parts = [child.children[0] for child in node.children if not _is_token(child)]
    if len(parts) == 1 and not _is_token(parts[0]) and parts[0].data == "interpolation":
        inner = _value(parts[0].children[1], depth + 1)
        return inner if inner[0] == "ref" else None
    if not all(
        _is_token(part) and part.type in ("STRING_CHARS", "ESCAPED_INTERPOLATION", "ESCAPED_DIRECTIVE") for part in parts
    ):
        return None
    # An escaped `$${` stands for `${`: text, not a template.
    plain = "".join(str(part) if part.type == "STRING_CHARS" else str(part)[1:] for part in parts)
    return ["lit", _ESCAPE.sub(_unescaped, plain)]


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return _ESCAPED[match[1]]
    code = int(match[2] or match[3] or "FFFFFF", 16)
    is_character = code < 0x110000 and not 0xD800 <= code < 0xE000
    return chr(code) if is_character else "\N{REPLACEMENT CHARACTER}"


def _heredoc(node: Any, depth: int) -> list[Any] | None:
    """`<<EOT` text, and `<<-EOT` without the indentation that its lines share."""
    lines = str(node.children[0]).replace("\r\n", "\n").rstrip("\n").split("\n")
    text = lines[1:-1]
    if any("${" in line or "%{" in line for line in text):
        return None
    if lines[0].startswith("<<-"):
        margin = min((len(line) - len(line.lstrip(" \t")) for line in text if line.strip()), default=0)
        text = [line[margin:] for line in text]
    return ["lit", "".join(f"{line}\n" for line in text)]


def _tuple(node: Any, depth: int) -> list[Any]:
    inner = [child for child in node.children if not _is_token(child) and child.data != "new_line_or_comment"]
    return ["list", [_value(child, depth + 1) for child in inner]]


def _object(node: Any, depth: int) -> list[Any]:
    elements = [child for child in node.children if not _is_token(child) and child.data == "object_elem"]
    return ["map", [_element(element, depth) for element in elements]]


def _element(node: Any, depth: int) -> list[Any]:
    """A key that is a bare name or plain text is that name; any other, as one in parentheses, is computed."""
    written = node.children[0].children[0]
    key = _value(written, depth + 1)
    is_computed = _is_token(written.children[0]) or (key[0] == "ref" and "." in key[1])
    is_name = key[0] in ("lit", "ref") and isinstance(key[1], str) and (written.data == "keyword" or not is_computed)
    return [key[1] if is_name else None, node.meta.line, node.meta.column, _value(node.children[-1], depth + 1)]


def _reference(node: Any, depth: int) -> list[Any] | None:
    text = _traversal(node)
    return ["ref", text] if text else None


def _traversal(node: Any) -> str:
    """`aws_x.edge[0].arn` as text; empty when it starts with anything but a name, or an index is computed."""
    steps: list[str] = []
    while len(steps) <= STEPS:
        if node.data == "expr_term" and not _is_token(node.children[0]):
            node = node.children[0]
        elif node.data in ("identifier", "keyword"):
            return "".join([_name(node), *reversed(steps)])
        elif node.data in _ACCESS:
            step = _step(node.children[1])
            if not step:
                return ""
            steps.append(step)
            node = node.children[0]
        else:
            return ""
    return ""


def _step(node: Any) -> str:
    if node.data == "get_attr":
        return f".{_name(node.children[1])}"
    if node.data == "full_splat":
        return "[*]" + "".join(_step(child) for child in node.children if not _is_token(child))
    if node.data == "attr_splat":
        return ".*" + "".join(_step(child) for child in node.children if not _is_token(child))
    if node.data == "short_index":
        return f"[{node.children[1]}]"
    inner = [child for child in node.children if not _is_token(child) and child.data != "new_line_or_comment"]
    index = _value(inner[0], DEPTH_CAP // 2)
    return f"[{json.dumps(index[1])}]" if index[0] == "lit" else ""


def _references(node: Any) -> list[str]:
    """What an expression names: each traversal once, the longest form only; bounded."""
    found: dict[str, None] = {}
    stack = [node]
    while stack and len(found) < REFERENCES:
        at = stack.pop()
        if _is_token(at):
            continue
        text = _traversal(at) if at.data in _ACCESS or at.data == "expr_term" else ""
        if text:
            found.setdefault(text)
        else:
            stack.extend(reversed(at.children))
    return list(found)


_READERS: dict[str, Any] = {
    "int_lit": _integer, "float_lit": _float, "unary_op": _negative, "literal_value": _word, "string": _string,
    "heredoc_template": _heredoc, "heredoc_template_trim": _heredoc, "tuple": _tuple, "object": _object,
    "identifier": _reference, "keyword": _reference, **dict.fromkeys(_ACCESS, _reference),
}  # fmt: skip
