"""From a repository to a manifest: what its artefacts would let an organisation declare, and what only a person can answer.

The verifiers walk the other way here: each is offered the files that look like its own and says what it would read in
them. Nothing found is a declaration; a draft is full of questions, and blank means "not said".
"""

from __future__ import annotations

import json
import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from policycheck import rooms
from policycheck.document import quoted
from policycheck.errors import ArtefactError
from policycheck.model import Discovered, Failure
from policycheck.opener import Opener, relative
from policycheck.sources import SKIPPED_FOLDERS, is_fragment, is_manifest

#: The most files of a repository that are offered to verifiers; more are counted and named as not looked at.
FILES = 5_000
#: What tells one thing in an artefact from another: the options of an evidence entry that pick it.
_PICKS = ("location", "server", "zone", "resource", "operation", "anchor", "alert")
_PLAIN = re.compile(r"(?:\.\./)*[A-Za-z_/][A-Za-z0-9_./ -]*[A-Za-z0-9_/]|[A-Za-z]")
_RESERVED = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n", "~"})


class Question(NamedTuple):
    """A blank that only a person can fill."""

    text: str


class Search(NamedTuple):
    """What a walk found: things to declare, files that could not be read and why, and failures of ours."""

    found: tuple[Discovered, ...]
    unread: tuple[tuple[str, str], ...]
    failures: tuple[Failure, ...]
    files: int
    passed_over: int


def search(root: Path, top: str) -> Search:
    """Offer the files below `top` (from the root) to every verifier whose patterns they fit, in order of their paths."""
    opener = Opener(root)
    found: list[Discovered] = []
    unread: list[tuple[str, str]] = []
    failures: list[Failure] = []
    offered = [(path, kind) for path in _walk(root, top) for kind in _readers(path)]
    for path, kind in offered[:FILES]:
        try:
            found += rooms.load("evidence", kind).discover(opener, path)
        except ArtefactError as error:
            unread.append((path, str(error)))
        except ModuleNotFoundError as error:
            unread.append((path, f"needs {error.name}: pip install 'policycheck[evidence]'"))
        except Exception as error:
            # One verifier that breaks must not take what the others found with it (exit 5).
            failures.append(Failure(f"verifier {kind} on {path}", f"{type(error).__name__}: {error}"))
    files = {path for path, _ in offered}
    return Search(tuple(found), tuple(unread), tuple(failures), len(files), max(0, len(offered) - FILES))


def _walk(root: Path, top: str) -> Iterator[str]:
    for at, folders, files in os.walk(Path(root, top)):
        folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS and not os.path.islink(os.path.join(at, f)))
        for name in sorted(files):
            path = Path(at, name)
            if not is_manifest(name) and not is_fragment(name) and not path.is_symlink():
                yield path.relative_to(root).as_posix()


def _readers(path: str) -> list[str]:
    """The verifiers to which a file is offered, by its name."""
    low = path.lower()
    return [
        kind
        for kind in rooms.installed("evidence")
        if any(fnmatchcase(low, p) or fnmatchcase(f"/{low}", p) for p in rooms.load("evidence", kind).FILES)
    ]


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
            missing = {k: v for k, v in thing.item.items() if k != "evidence" and section.get(k) in (None, "", [])}
            left += [thing._replace(item=missing)] if missing else []
        elif not _is_declared(thing, section, picked):
            left.append(thing)
    return left


def _is_declared(thing: Discovered, section: Any, picked: set[tuple[str, ...]]) -> bool:
    items = [item for item in section if isinstance(item, dict)] if isinstance(section, list) else []
    entries = [entry for entry in thing.item.get("evidence") or () if isinstance(entry, dict)]
    if entries and all(_pick(entry, "") in picked for entry in entries):
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
    try:
        path = relative(folder, str(entry.get("path") or ""))
    except ArtefactError:
        path = str(entry.get("path"))
    return (path, *(" ".join(str(entry.get(name) or "").split()) for name in _PICKS))


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


def draft(found: Iterable[Discovered], folder: str, name: str) -> str:
    """A manifest for `folder` (from the root) with everything that was found, and a question at every blank."""
    things = list(found)
    sections: dict[str, list[Discovered]] = {}
    for thing in _distinct(things):
        sections.setdefault(thing.section, []).append(thing)
    surfaces = [str(thing.item.get("id")) for thing in sections.get("surfaces", ())]
    lines = [*_HEAD, *_organization(name, sections)]
    for section in [*SECTIONS, *sorted(set(sections) - set(SECTIONS))]:
        lines.append("")
        if section not in sections:
            lines.append(f"{section}:  # {SECTIONS[section]}")
        elif section in _SINGLE:
            lines += _single(section, sections[section], folder)
        else:
            lines.append(f"{section}:")
            for thing in sections[section]:
                lines += _listed(thing, folder, surfaces)
    return "\n".join(lines) + "\n"


_HEAD = (
    "# Drafted by policycheck discover from the files of this repository. What was read in a file stands here with the",
    '# place it was read; every line that ends in a question is blank, which means "not said". A person answers those,',
    "# checks the rest, and takes out what is not meant.",
    "policycheck: 1",
    "",
)


def _organization(name: str, sections: Mapping[str, Any]) -> Iterator[str]:
    roles = dict.fromkeys(role for section, role in _ROLES.items() if section in sections)
    yield "organization:"
    yield f"  id: {slug(name) or 'my-organisation'}  # is this its short name? It never changes"
    yield "  name:  # what is the organisation called?"
    yield f"  roles: [{', '.join(roles) or 'website_operator'}]  # is this all that it is? see policycheck schema"
    yield "  size:  # micro, small, medium or large?"
    yield "  jurisdictions:  # where are the people whose data it is? ISO 3166 codes, as [GB, IE]"
    yield "  contact:  # whom does a regulator write to?"


def slug(text: str) -> str:
    """A text as an id: lower-case letters, digits and hyphens, at most 63 characters."""
    return "-".join(re.findall(r"[a-z0-9]+", text.lower()))[:63].strip("-")


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


def _single(section: str, things: list[Discovered], folder: str) -> Iterator[str]:
    """A section that is one subject: the first file that says something of a property is believed, the others shown."""
    whole: dict[str, Any] = {}
    yield f"{section}:"
    for thing in things:
        yield f"  # {_origin(thing)}"
        for key, value in thing.item.items():
            if key == "evidence":
                whole.setdefault(key, []).extend(value)
            elif key not in whole:
                whole[key] = value
            elif isinstance(value, list) and isinstance(whole[key], list):
                whole[key] = [*whole[key], *(v for v in value if v not in whole[key])]
            elif whole[key] != value:
                yield f"  # {thing.file} says {key}: {_comment(str(value))}"
        for key, text in thing.questions:
            whole.setdefault(key, Question(text))
    yield from _mapping(_placed(whole, folder), 1)


def _listed(thing: Discovered, folder: str, surfaces: list[str]) -> Iterator[str]:
    item = dict(thing.item)
    evidence = item.pop("evidence", None)
    questions = dict(thing.questions)
    if thing.section == "controls" and "surfaces" not in item:
        questions.setdefault("surfaces", f"which does it protect: {', '.join(surfaces) or 'none was found yet'}?")
    for path, text in questions.items():
        _ask(item, path.split("."), text)
    if evidence:
        item["evidence"] = evidence
    yield f"  # {_origin(thing)}"
    for number, line in enumerate(_mapping(_placed(item, folder), 2)):
        yield line if number else f"  - {line.strip()}"


def _ask(item: dict[str, Any], steps: list[str], text: str) -> None:
    for step in steps[:-1]:
        inner = item.get(step)
        item[step] = dict(inner) if isinstance(inner, dict) else {}
        item = item[step]
    if item.get(steps[-1]) in (None, ""):
        item[steps[-1]] = Question(text)


def _placed(item: dict[str, Any], folder: str) -> dict[str, Any]:
    """Evidence paths as a manifest in `folder` writes them."""
    entries = item.get("evidence")
    if isinstance(entries, list):
        item = {**item, "evidence": [{**e, "path": posixpath.relpath(str(e.get("path")), folder or ".")} for e in entries]}
    return item


def _origin(thing: Discovered) -> str:
    place = f"{thing.file}:{thing.line}" if thing.line else thing.file
    return _comment(f"{place}: {thing.note}" if thing.note else place)


def _comment(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:160]


def _mapping(item: Mapping[str, Any], depth: int) -> Iterator[str]:
    pad = "  " * depth
    for key, value in item.items():
        if isinstance(value, Question):
            yield f"{pad}{key}:  # {_comment(value.text)}"
        elif isinstance(value, dict) and any(isinstance(v, (dict, list, Question)) for v in value.values()):
            yield f"{pad}{key}:"
            yield from _mapping(value, depth + 1)
        elif isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
            yield f"{pad}{key}:"
            yield from (f"{pad}  - {_flow(v)}" for v in value)
        else:
            yield f"{pad}{key}: {_flow(value)}"


def _flow(value: Any) -> str:
    """A value on one line, so that it reads as what it is."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_flow(v)}' for key, v in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, str):
        is_plain = _PLAIN.fullmatch(value) and value.lower() not in _RESERVED
        return value if is_plain else quoted(value)
    return "" if value is None else json.dumps(value)
