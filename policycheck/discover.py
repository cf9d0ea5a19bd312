"""From a repository to a manifest: what its artefacts would let an organisation declare, and what only a person can answer.

The verifiers walk the other way here: each is offered the files that look like its own and says what it would read in
them. Nothing found is a declaration; a draft is full of questions, and blank means "not said".
"""

from __future__ import annotations

import json
import os
import posixpath
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from policycheck import rooms
from policycheck.document import quoted, slug
from policycheck.errors import ArtefactError, needs
from policycheck.model import Discovered, Failure
from policycheck.opener import Opener, relative
from policycheck.redaction import harmless
from policycheck.sources import SKIPPED_FOLDERS, is_fragment, is_manifest

#: The most files of a repository that are offered to verifiers; more are counted and named as not looked at.
FILES = 5_000
#: Folders of tests and what they are fed with: their files are no site's own. `spec` is none of them: many keep their
#: interface's description there.
TESTS = frozenset({"test", "tests", "__tests__", "testdata", "fixtures", "__fixtures__", "__mocks__", "__snapshots__"})
#: Folders of other people's work, kept as a copy: what it declares is theirs.
COPIES = frozenset({"vendor", "vendored", "third_party", "third-party", "bower_components"})
#: Besides what no walk enters, the folders into which Terraform and Terragrunt copy the modules that they fetch.
_SKIPPED = SKIPPED_FOLDERS | {".terraform", ".terragrunt-cache"}
#: What tells one thing in an artefact from another: the options of an evidence entry that pick it.
_PICKS = ("location", "server", "zone", "resource", "operation", "anchor", "alert")
#: The same among what an entry calls `options`.
_OPTIONS = ("rule", "descriptor", "row")
_PLAIN = re.compile(r"(?:\.\./)*[A-Za-z_/][A-Za-z0-9_./ -]*[A-Za-z0-9_/]|[A-Za-z]|[12][0-9]{3}-[01][0-9]-[0-3][0-9]")
_RESERVED = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n", "~"})


class Asked(NamedTuple):
    """A value with what a person is asked about it; None is a blank that only a person can fill."""

    value: Any
    text: str


class Search(NamedTuple):
    """What a walk found: things to declare, files that could not be read and why, and failures of ours."""

    found: tuple[Discovered, ...]
    unread: tuple[tuple[str, str], ...]
    failures: tuple[Failure, ...]
    files: int
    passed_over: int


def search(root: Path, top: str) -> Search:
    """Offer the files below `top` (from the root) to every verifier whose patterns they fit, in order of their paths.

    What lies in a folder of tests or of copies below `top` is not offered, and told among what was not read.
    """
    opener = Opener(root)
    found: list[Discovered] = []
    unread: list[tuple[str, str]] = []
    failures: list[Failure] = []
    patterns = _patterns()
    offered = [(path, kind) for path in _walk(root, top) for kind in _readers(path, patterns)]
    aside = {path: folder for path, _ in offered if (folder := _not_own(path, top))}
    offered = [(path, kind) for path, kind in offered if path not in aside]
    unread += _aside(aside)
    for path, kind in offered[:FILES]:
        try:
            found += rooms.load("evidence", kind).discover(opener, path)
        except ArtefactError as error:
            unread.append((path, str(error)))
        except ModuleNotFoundError as error:
            unread.append((path, needs(error)))
        except Exception as error:
            # One verifier that breaks must not take what the others found with it (exit 5).
            failures.append(Failure(f"verifier {kind} on {path}", f"{type(error).__name__}: {error}"))
    files = {path for path, _ in offered}
    unread += [
        (f"{thing.file}:{thing.line}" if thing.line else thing.file, thing.note) for thing in found if not thing.section
    ]
    found = [thing for thing in found if thing.section]
    return Search(tuple(found), tuple(unread), tuple(failures), len(files), max(0, len(offered) - FILES))


def _walk(root: Path, top: str) -> Iterator[str]:
    for at, folders, files in os.walk(Path(root, top)):
        folders[:] = sorted(f for f in folders if f not in _SKIPPED and not os.path.islink(os.path.join(at, f)))
        for name in sorted(files):
            path = Path(at, name)
            if not is_manifest(name) and not is_fragment(name) and not path.is_symlink():
                yield path.relative_to(root).as_posix()


def _not_own(path: str, top: str) -> str:
    """The folder of tests or copies, between `top` and a file, that the file lies in; empty when there is none."""
    start = len(top.split("/")) if top else 0
    parts = path.split("/")
    at = next((at for at in range(start, len(parts) - 1) if parts[at].lower() in TESTS | COPIES), None)
    return "" if at is None else "/".join(parts[: at + 1])


def _aside(folders: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each folder of tests or copies with what it holds that would have been looked at."""
    for folder in dict.fromkeys(folders.values()):
        files = [path.removeprefix(f"{folder}/") for path in folders if folders[path] == folder]
        more = f" and {len(files) - 3} more" if len(files) > 3 else ""
        what = "tests" if folder.rpartition("/")[2].lower() in TESTS else "copies of others' work"
        yield f"{folder} ({', '.join(files[:3])}{more})", f"a folder of {what}, which is passed over; name it to look there"


def _patterns() -> dict[str, list[tuple[str, str]]]:
    """The verifiers' patterns of file names by what follows the last dot, so that most files are held against none."""
    found: dict[str, list[tuple[str, str]]] = {}
    for kind in rooms.installed("evidence"):
        for pattern in rooms.load("evidence", kind).FILES:
            literal = re.split(r"[*?\]]", pattern)[-1]
            found.setdefault(literal.rpartition(".")[2] if "." in literal else "", []).append((kind, pattern))
    return found


def _readers(path: str, patterns: Mapping[str, Iterable[tuple[str, str]]]) -> list[str]:
    """The verifiers to which a file is offered, by its name."""
    low = path.lower()
    fitting = (*patterns.get(low.rpartition(".")[2], ()), *patterns.get("", ()))
    return sorted({kind for kind, p in fitting if fnmatchcase(low, p) or fnmatchcase(f"/{low}", p)})


# --- what a manifest does not say yet ---


def undeclared(found: Iterable[Discovered], data: Mapping[str, Any], folder: str) -> list[Discovered]:
    """What was found and a manifest (that stands in `folder`) does not declare.

    A thing counts as declared when some evidence entry picks it, when a surface has its address, or when its section has
    an item of its id; of a section that is one subject, what is blank is not declared.
    """
    picked = {_pick(entry, folder) for entry in _entries(data)}
    left: list[Discovered] = []
    for thing in found:
        section = data.get(thing.section)
        if isinstance(section, dict):
            missing = {k: v for k, v in thing.item.items() if k != "evidence" and section.get(k) in (None, "")}
            left += [thing._replace(item=missing)] if missing else []
        elif not _is_declared(thing, section, picked):
            left.append(thing)
    return left


def _is_declared(thing: Discovered, section: Any, picked: set[tuple[str, ...]]) -> bool:
    items = [item for item in section if isinstance(item, dict)] if isinstance(section, list) else []
    entries = list(_entries(thing.item))
    if entries and all(_is_picked(entry, picked) for entry in entries):
        return True
    same = ("id", "url") if thing.section == "surfaces" else ("id",)
    return any(thing.item.get(key) and item.get(key) == thing.item.get(key) for item in items for key in same)


def _entries(value: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    if depth > 12:
        return
    if isinstance(value, dict):
        evidence = value.get("evidence")
        yield from (entry for entry in (evidence if isinstance(evidence, list) else ()) if isinstance(entry, dict))
        for key, inner in value.items():
            if key != "evidence":
                yield from _entries(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _entries(inner, depth + 1)


def _pick(entry: Mapping[str, Any], folder: str) -> tuple[str, ...]:
    """The file that an entry names, from the root, and what it picks of it; blank where it leaves that open."""
    try:
        path = relative(folder, str(entry.get("path") or ""))
    except ArtefactError:
        path = str(entry.get("path"))
    options = entry.get("options")
    said = [entry.get(name) for name in _PICKS] + [(options if isinstance(options, dict) else {}).get(o) for o in _OPTIONS]
    return (path, *(" ".join(str(value or "").split()) for value in said))


def _is_picked(entry: Mapping[str, Any], picked: Iterable[tuple[str, ...]]) -> bool:
    """Whether some declared entry means the same; it may say more, such as the host of a file that several serve."""
    wanted = _pick(entry, "")
    return any(all(mine in ("", theirs) for mine, theirs in zip(wanted, other, strict=True)) for other in picked)


# --- a draft ---

#: The sections of a manifest as a draft shows them, with what to ask where nothing was found.
SECTIONS = {
    "governance": "who looks after scraping? scraping_role, owners, minimum_layers",
    "surfaces": "what can anyone, or anyone with an account, read about people? [] says: nothing",
    "controls": "what stands against copying it all? [] says: nothing",
    "threat_monitoring": "how do you hear of new ways to scrape? sources, cadence_days, last_reviewed_on",
    "metrics": "what do you measure about scraping? [] says: nothing",
    "incident_policy": "what happens when somebody copies the site? runbook_ref, lookback_days",
    "incidents": "which scraping incidents do you know of? [] says: none",
    "breach_notification": "which duties to notify are prepared for? [] says: none",
    "user_enablement": "what do you tell people, and what can they set? notice_ref, settings_ref",
    "legal_response": "who decides on a letter, and how fast? owner, decision_sla_days",
    "policies": "where are the terms, the privacy notice, robots.txt? tos_ref, privacy_notice_ref, robots_ref",
    "third_party_access": "who else gets this data, by contract or interface? [] says: nobody",
    "ai_uses": "which AI uses draw on personal data? [] says: none",
    "own_scraping": "what do you collect from other people's sites? [] says: nothing",
}
#: The sections that are one subject and not a list of them.
_SINGLE = frozenset(
    {"collaboration", "complaints", "compliance_review", "detection", "governance", "incident_policy", "legal_response"}
    | {"policies", "public_data_research_access", "regulator_access", "threat_monitoring", "user_enablement"}
)
_ROLES = {
    "surfaces": "website_operator",
    "controls": "website_operator",
    "ai_uses": "ai_developer",
    "own_scraping": "scraper",
}


def draft(found: Iterable[Discovered], folder: str, name: str, unread: Iterable[tuple[str, str]] = ()) -> str:
    """A manifest for `folder` (from the root) with everything that was found, and a question at every blank."""
    sections: dict[str, list[Discovered]] = {}
    for thing in _distinct(_described_once(found)):
        sections.setdefault(thing.section, []).append(_placed(thing, folder))
    lines = [*_HEAD, *_organization(name, sections)]
    for section in [*SECTIONS, *sorted(set(sections) - {*SECTIONS, "organization"})]:
        lines.append("")
        if section not in sections:
            lines.append(f"{section}:  # {SECTIONS[section]}")
        elif section in _SINGLE:
            lines += [f"{section}:", *_single(sections[section])]
        else:
            about = list(_notes(_surfaces(sections), "  ")) if section == "controls" else []
            asked: set[tuple[str, str]] = set()
            parts = [about, *(list(_listed(thing, asked)) for thing in sections[section])]
            lines += [f"{section}:", *chain.from_iterable(("", *part) for part in parts if part)]
            lines.pop(-sum(len(part) + 1 for part in parts if part))
    left = [line for path, why in unread for line in _notes(f"{path}: {why}", "", "  ")]
    lines += ["", "# Looked at and not read:", *left] if left else []
    return "\n".join(lines) + "\n"


_HEAD = (
    "# Drafted by policycheck discover from the files of this repository. What was read in a file stands below the place",
    '# where it was read. Blank means "not said"; the question beside it is asked once in a section, and meant wherever the',
    "# same property is blank again. Answer the questions, check the rest, and take out what is not meant. [] says: none.",
    "policycheck: 1",
    "",
)


def _surfaces(sections: Mapping[str, list[Discovered]]) -> str:
    """What `surfaces` of a control can name."""
    found = [str(thing.item.get("id")) for thing in sections.get("surfaces", ())]
    return f"The surfaces that were found above: {', '.join(found)}." if found else ""


def _organization(name: str, sections: Mapping[str, list[Discovered]]) -> Iterator[str]:
    roles = dict.fromkeys(role for section, role in _ROLES.items() if section in sections)
    yield "organization:"
    yield f"  id: {slug(name) or 'my-organisation'}  # is this its short name? It never changes"
    yield "  name:  # what is the organisation called?"
    yield f"  roles: [{', '.join(roles) or 'website_operator'}]  # is this all that it is? see policycheck schema"
    yield "  size:  # micro, small, medium or large?"
    yield "  jurisdictions:  # where are the people whose data it is? ISO 3166 codes, as [GB, IE]"
    yield "  contact:  # whom does a regulator write to?"
    entries = [entry for thing in sections.get("organization", ()) for entry in thing.item.get("evidence") or ()]
    if entries:
        yield from _mapping({"evidence": entries}, 1, set())


def _described_once(things: Iterable[Discovered]) -> list[Discovered]:
    """A surface that several files describe alike is one, with each of them as its evidence: its questions are one."""
    found: list[Discovered] = []
    first: dict[str, int] = {}
    for thing in things:
        said = {key: value for key, value in thing.item.items() if key not in ("id", "evidence")}
        key = json.dumps(said, sort_keys=True) if thing.section == "surfaces" and said.get("url") else ""
        at = first.get(key, -1)
        if at < 0 or found[at].file == thing.file:
            if key:
                first.setdefault(key, len(found))
            found.append(thing)
            continue
        entries = [*found[at].item.get("evidence", ()), *thing.item.get("evidence", ())]
        note = f"{found[at].note}; {thing.file} says the same".removeprefix("; ")
        found[at] = found[at]._replace(item={**found[at].item, "evidence": entries}, note=note)
    return found


def _distinct(things: Iterable[Discovered]) -> Iterator[Discovered]:
    """Without repetitions; what is called alike and is not the same gets a number."""
    seen: dict[tuple[str, str], Discovered] = {}
    for thing in things:
        name = str(thing.item.get("id") or "")
        number, key = 1, (thing.section, name)
        while name and key in seen and seen[key].item != thing.item:
            number += 1
            key = (thing.section, f"{name[:59]}-{number}")
        if name and key in seen:
            continue
        named = thing._replace(item={**thing.item, "id": key[1]}) if name else thing
        seen[key] = named
        yield named


def _single(things: list[Discovered]) -> Iterator[str]:
    """A section that is one subject: the first file that says something of a property is believed, the others shown.

    One that says otherwise is no evidence here, since it would deny the draft. Where a file stands denies nothing.
    """
    whole: dict[str, Any] = {}
    parts: list[tuple[Discovered, list[str], list[str]]] = []
    evidence: list[Any] = []
    for thing in things:
        said = {key: value for key, value in thing.item.items() if key != "evidence"}
        own = [key for key in said if key not in whole]
        if any(_denies(value, whole.get(key, value)) for key, value in said.items() if not key.endswith("_ref")):
            own, last = [], [f"so {thing.file} is not named as evidence"]
        else:
            evidence += [entry for entry in thing.item.get("evidence", ()) if entry not in evidence]
            last = []
        others = [key for key in said if key not in own and said[key] != whole.get(key)]
        remarks = [*(f"{thing.file} says {key}: {_in_words(said[key])}" for key in others), *last]
        whole |= {key: said[key] for key in own}
        parts.append((thing, own, remarks))
    asked = {key: text for thing in things for key, text in thing.questions if key not in whole}
    for thing, own, remarks in parts:
        for text in (_origin(thing), *remarks):
            yield from _notes(text, "  ")
        yield from _mapping({key: whole[key] for key in own}, 1, set())
    yield from _mapping({key: Asked(None, text) for key, text in asked.items()}, 1, set())
    yield from _mapping({"evidence": evidence} if evidence else {}, 1, set())


def _denies(value: Any, drafted: Any) -> bool:
    """Whether a value says otherwise than the draft: a longer list says the same and more, except of `[]`, none."""
    if isinstance(value, list) and isinstance(drafted, list) and drafted:
        return any(member not in value for member in drafted)
    return bool(value != drafted)


def _in_words(value: Any) -> str:
    """A value as a comment shows it; members of a list by their names."""
    if not isinstance(value, list):
        return str(value)
    return ", ".join(str(member.get("name", member) if isinstance(member, dict) else member) for member in value) or "[]"


def _listed(thing: Discovered, asked: set[tuple[str, str]]) -> Iterator[str]:
    """An item of a section that is a list, its properties in the order in which a reader looks for them."""
    item = dict(thing.item)
    questions = dict(thing.questions)
    if thing.section == "controls" and "surfaces" not in item:
        questions.setdefault("surfaces", "Which surfaces does it protect?")
    for path, text in questions.items():
        _ask(item, path.split("."), text)
    yield from _notes(_origin(thing), "  ")
    if isinstance(item.get("params"), dict):
        item["params"] = _ordered(item["params"], _PARAMS, ())
    yield from _bulleted(_mapping(_ordered(item, _FIRST, _LAST), 2, asked), "  ")


def _ordered(item: Mapping[str, Any], first: tuple[str, ...], last: tuple[str, ...]) -> dict[str, Any]:
    found = {key: item[key] for key in (*first, *item) if key in item and key not in last}
    return found | {key: item[key] for key in last if key in item}


_PARAMS = ("unit", "resource", "limit", "window", "burst")
_FIRST = (
    "id", "name", "title", "kind", "url", "auth", "family", "layer", "status", "surfaces", "owner", "last_reviewed_on",
    "review_interval_days",
)  # fmt: skip
_LAST = ("fields", "params", "sources", "evidence")


def _bulleted(lines: Iterable[str], pad: str) -> Iterator[str]:
    """The lines of a mapping as an item of a list, those of comments before the dash."""
    is_open = True
    for line in lines:
        if is_open and not line.lstrip().startswith("#"):
            is_open = False
            yield f"{pad}- {line.strip()}"
        else:
            yield f"{pad}{line.strip()}" if is_open else line


def _ask(item: dict[str, Any], steps: list[str], text: str) -> None:
    """Put a question at a property; of a list of things it is asked at the list, with a blank in each of them."""
    step = steps[0]
    value, said = item.get(step), ""
    if isinstance(value, Asked):
        value, said = value
    if len(steps) == 1:
        item[step] = Asked(None if value == "" else value, f"{said} {text}".strip())
    elif isinstance(value, list):
        item[step] = Asked([_blanked(one, steps[1:]) for one in value], f"{said} {text}".strip())
    else:
        inner = dict(value) if isinstance(value, dict) else {}
        _ask(inner, steps[1:], text)
        item[step] = inner


def _blanked(item: Any, steps: list[str]) -> Any:
    if not isinstance(item, dict) or item.get(steps[0]) is not None:
        return item
    evidence = {key: value for key, value in item.items() if key == "evidence"}
    return {key: value for key, value in item.items() if key != "evidence"} | {steps[0]: None} | evidence


def _placed(thing: Discovered, folder: str) -> Discovered:
    """With paths as a manifest in `folder` writes them."""
    return thing._replace(item=_relative(thing.item, thing.file, folder))


def _relative(value: Any, file: str, folder: str) -> Any:
    """Evidence paths and references to the file itself, from the manifest's folder."""
    if isinstance(value, dict):
        return {
            key: _from(inner, folder) if key == "path" and "kind" in value else _relative(inner, file, folder)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_relative(inner, file, folder) for inner in value]
    return _from(value, folder) if isinstance(value, str) and value == file else value


def _from(path: Any, folder: str) -> str:
    return posixpath.relpath(str(path), folder or ".")


def _origin(thing: Discovered) -> str:
    place = f"{thing.file}:{thing.line}" if thing.line else thing.file
    return f"{place}: {thing.note}" if thing.note else place


# --- lines ---


def _notes(text: str, pad: str, further: str = "") -> Iterator[str]:
    """A text as comment lines."""
    shown = "".join(c if c.isprintable() else " " for c in harmless(text))
    shown = shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
    yield from textwrap.wrap(
        shown, _NARROWER, initial_indent=f"{pad}# ", subsequent_indent=f"{pad}# {further}", break_on_hyphens=False
    )


#: Columns of a draft (where that can be kept) and of its comments, and characters of one comment.
_WIDTH, _NARROWER, _LONGEST = 124, 118, 600


_BESIDE = "  # "


def _mapping(item: Mapping[str, Any], depth: int, asked: set[tuple[str, str]]) -> Iterator[str]:
    """The lines of a mapping. `asked` are the questions that stand above it; those are not asked again."""
    is_waiting = any(_waits(key, _bare(value)) for key, value in item.items())
    for key, value in item.items():
        if is_waiting and key == "evidence":
            # Held against the evidence, what waits in comments would be missing.
            yield from _commented(_lines(key, value, depth, asked), "  " * depth)
            continue
        text = value.text if isinstance(value, Asked) and (key, value.text) not in asked else ""
        asked.add((key, text))
        first, *rest = _lines(key, _bare(value), depth, asked)
        is_short = len(first) + len(_BESIDE) + len(text) <= _NARROWER and text.isprintable()
        if text and not is_short:
            yield from _notes(text, "  " * depth)
        yield f"{first}{_BESIDE}{text}" if text and is_short else first
        yield from rest


def _lines(key: str, value: Any, depth: int, asked: set[tuple[str, str]]) -> list[str]:
    """One property: on one line where that is short enough and nothing in it is a structure of its own."""
    pad = "  " * depth
    line = f"{pad}{key}: {_flow(value)}".rstrip()
    if isinstance(value, dict):
        open_ = any(isinstance(inner, Asked) and (name, inner.text) not in asked for name, inner in value.items())
        is_flat = not any(isinstance(_bare(inner), dict) or _is_structured(_bare(inner)) for inner in value.values())
        is_flat = is_flat and not open_ and len(line) <= _WIDTH
        return [line] if is_flat or not value else [f"{pad}{key}:", *_mapping(value, depth + 1, asked)]
    if not _is_structured(value):
        return [line]
    if _waits(key, value):
        shown = (_bulleted(_mapping(one, depth + 1, asked), pad) for one in value)
        return [f"{pad}{key}:", *_commented(chain.from_iterable(shown), pad)]
    flat = [f"{pad}  - {_flow(one)}" for one in value]
    if all(len(item) <= _WIDTH for item in flat) and not any(
        _is_structured(inner) for one in value for inner in one.values()
    ):
        return [f"{pad}{key}:", *flat]
    items = (_bulleted(_mapping(one, depth + 2, asked), f"{pad}  ") for one in value)
    return [f"{pad}{key}:", *chain.from_iterable(items)]


#: Properties of the items of a list that may not be blank, and that files do not tell.
_NEEDED = {"sources": "type"}


def _waits(key: str, value: Any) -> bool:
    """Whether a list has to wait in comments for an answer: a manifest in which it stood would not be valid."""
    needed = _NEEDED.get(key)
    return needed is not None and _is_structured(value) and any(one.get(needed) is None for one in value)


def _commented(lines: Iterable[str], pad: str) -> Iterator[str]:
    return (f"{pad}# {line.removeprefix(pad)}" for line in lines)


def _bare(value: Any) -> Any:
    return value.value if isinstance(value, Asked) else value


def _is_structured(value: Any) -> bool:
    """Whether a value is a list of things."""
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _flow(value: Any) -> str:
    """A value on one line, so that it reads as what it is."""
    value = _bare(value)
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_flow(v)}' for key, v in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, str):
        # Files hold what a manifest, which is for others to read, must not.
        value = harmless(value)
        is_plain = _PLAIN.fullmatch(value) and value.lower() not in _RESERVED
        return value if is_plain else quoted(value)
    return "" if value is None else json.dumps(value)
