"""Templates into HTML that may be opened anywhere: everything escaped, no script, one style sheet known by its hash."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policycheck.errors import UsageError
from policycheck.formats._terminal import harmless

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE = Path(__file__).parent
#: What no template says otherwise of may not be loaded, sent or run; a browser holds the page to it.
_POLICY = "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
MAX_OPENING = 220
_WORDS = {"not_used": "not used", "not_applicable": "not applicable", "not_codifiable": "not codifiable"}


def render(template: str, **values: Any) -> str:
    """A template of this folder, set. Raises UsageError where Jinja2 is not installed."""
    return environment().get_template(f"{template}.jinja").render(**values)


def trusted(html: str) -> Any:
    """HTML that `render` made, so that it is not escaped again."""
    from markupsafe import Markup

    return Markup(html)  # noqa: S704 - only what came out of our own templates


@cache
def environment() -> Environment:
    """How templates are read: autoescape on, a name that is not given is an error."""
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise UsageError("the html format needs Jinja2: pip install 'policycheck[html]'") from error

    made = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, finalize=_shown,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False,
    )  # fmt: skip
    made.filters |= {"word": word, "value": value, "spot": spot, "many": many, "web": web, "opening": opening}
    made.globals |= styled()
    return made


def styled(*more: str) -> dict[str, Any]:
    """The style of a page that needs more sheets of this folder than the record does, and the policy that allows it."""
    style = "\n".join([_style(), *((_HERE / name).read_text("utf-8") for name in more)])
    return {"style": trusted(style), "policy": _POLICY.format(digest=_digest(style))}


def _style() -> str:
    return "\n".join((_HERE / name).read_text("utf-8").rstrip() for name in ("style.css", "drawing.css"))


def drawing() -> str:
    """The style of what is drawn, as it is printed: every variable in its place, for readers that know none."""
    printed = dict(re.findall(r"--([\w-]+): ([^;]+);", _style().split("@media print", 1)[1]))
    always = dict(re.findall(r"--([\w-]+): ([^;]+);", _style().split("@media", 1)[0]))
    rules = (_HERE / "drawing.css").read_text("utf-8").partition("*/")[2].strip()
    return re.sub(r"var\(--([\w-]+)\)", lambda found: {**always, **printed}[found[1]], rules)


def _digest(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


def _shown(printed: Any) -> Any:
    """What every `{{ }}` goes through before it is escaped: no character of others may reorder or repaint the page."""
    return printed if hasattr(printed, "__html__") else harmless(printed)


def word(name: str) -> str:
    """An outcome as people write it."""
    return _WORDS.get(name, name.replace("_", " "))


def value(found: Any) -> str:
    """A declared value, as the manifest writes it."""
    if isinstance(found, list):
        return f"[{', '.join(value(item) for item in found)}]"
    if isinstance(found, bool):
        return str(found).lower()
    return str(found) or '""'


def spot(place: dict[str, Any] | None) -> str:
    """A place as `path:line`."""
    return f"{place['path']}:{place['line']}" if place else ""


def many(count: int, noun: str, several: str = "") -> str:
    """A number with its noun."""
    return f"{count:,} {noun if count == 1 else several or f'{noun}s'}"


def web(address: str) -> str:
    """An address that may be a link; empty for any other scheme than https."""
    return address if address.startswith("https://") else ""


def opening(text: str) -> str:
    """The first sentence, capitalised and cut where it is longer than a line or two."""
    head = text.partition(". ")[0].rstrip(".")
    end = "." if len(head) <= MAX_OPENING else "…"
    head = head if end == "." else head[:MAX_OPENING].rpartition(" ")[0] or head[:MAX_OPENING]
    # An id is written as it is declared: `old-apps-2026` and `surfaces[x]` are no words.
    return f"{head[:1].upper() if head.partition(' ')[0].isalpha() else head[:1]}{head[1:]}{end}"
