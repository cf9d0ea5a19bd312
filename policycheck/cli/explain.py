"""policycheck explain"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policycheck.packs import Criteria, Expectation, Rule

_SEEN = {
    "V": "read at the issuer",
    "V2": "read in a third party's account, not at the issuer",
    "VP": "read in part; the rest from others' accounts or from memory",
    "M": "from memory only: not verified",
}


@click.command("explain", short_help="What a rule, an expectation or a document asks, and how it is tested.")
@click.argument("name", metavar="ID")
@click.option("--rules", "folders", multiple=True, type=click.Path(path_type=Path), metavar="DIR",
              help="A pack of your own.")  # fmt: skip
def command(name: str, folders: tuple[Path, ...]) -> int:
    """What the regulator says (our paraphrase), how it is tested, which fields are read, how to close a gap.

    \b
    policycheck explain CJS24-13b1          # an expectation
    policycheck explain account-rate-limit  # a rule
    policycheck explain CJS24               # a document
    """
    from policycheck.cli._output import print_lines, style
    from policycheck.errors import UsageError
    from policycheck.language.types import suggest

    criteria = _criteria(folders)
    kinds: list[tuple[Any, Any]] = [
        (criteria.every_rule, partial(_rule, folders=folders)),
        (criteria.every_expectation, _expectation),
        (criteria.documents, _document),
        (_integrity(), _engine),
    ]
    for known, tell in kinds:
        if name in known:
            print_lines(*tell(criteria, known[name], style()))
            return 0
    if name in criteria.renamed:
        rule = criteria.every_rule[criteria.renamed[name]]
        print_lines(f"{name} is called {rule.id} now.", "", *_rule(criteria, rule, style(), folders))
        return 0
    every = [key for known, _ in kinds for key in known]
    raise UsageError(f"nothing is called {name!r}{suggest(name, every)}")


def _criteria(folders: tuple[Path, ...]) -> Criteria:
    from policycheck import packs
    from policycheck.manifests import v1
    from policycheck.manifests.explain import schema

    return packs.load([f.resolve() for f in folders], schema(v1.SCHEMA))


def _integrity() -> dict[str, tuple[str, str]]:
    from policycheck.checks import CHECKS

    return {rule: (check.title, check.remedy) for rule, check in CHECKS.items()}


def _engine(criteria: Criteria, told: tuple[str, str], style: dict[str, Any]) -> list[str]:
    from policycheck.formats._terminal import wrap

    lines = wrap(told[0], style, "", "")
    lines += ["", *wrap("An integrity finding: it is about the declaration itself and belongs to no expectation.", style)]
    return [*lines, "", "To close", *wrap(told[1], style)]


def _document(criteria: Criteria, document: dict[str, Any], style: dict[str, Any]) -> list[str]:
    from policycheck.formats._terminal import wrap

    lines = [f"{document['id']}  {document['title']}"]
    lines += wrap(f"{document['issuer']}, {document['date']} · {document['status']}", style)
    lines += wrap(str(document.get("url", "")), style)
    lines += wrap(f"Text: {_SEEN.get(str(document.get('seen')), '')}", style)
    if document.get("notes"):
        lines += ["", *wrap(str(document["notes"]), style)]
    lines += ["", "Expectations"]
    for one in criteria.every_expectation.values():
        if one.document == document["id"]:
            rules = [r.id for r in criteria.every_rule.values() if one.id in r.expectations]
            untested = "not codifiable" if one.uncodifiable else "awaiting source" if one.awaiting else "no rule yet"
            state = ", ".join(rules) or untested
            lines += wrap(f"{one.id} ({one.locator}, {one.modality}): {state}", style, "  ", "      ")
    return lines


def _expectation(criteria: Criteria, one: Expectation, style: dict[str, Any]) -> list[str]:
    from policycheck.formats._terminal import wrap

    document = criteria.documents[one.document]
    lines = [f"{one.id}  {document['title']}, {one.locator}", ""]
    lines += wrap(f"{one.paraphrase} (our paraphrase)", style)
    example = "; named as an example, another measure may stand in" if one.illustrative else ""
    lines += ["", *wrap(f"Modality: {one.modality}{example}", style)]
    sizes = f"; sizes {', '.join(one.sizes)}" if one.sizes else ""
    places = f"; people in {', '.join(one.jurisdictions)}" if one.jurisdictions else ""
    others = f", but no {' or '.join(one.excluded_roles)}" if one.excluded_roles else ""
    lines += wrap(f"Concerns: {', '.join(one.addressees) or 'every organisation'}{others}{sizes}{places}", style)
    lines += wrap(" · ".join(filter(None, (f"Text: {_SEEN[one.seen]}", one.url))), style)
    if one.note:
        lines += wrap(f"Note: {one.note}", style)
    for framework, names in one.supports.items():
        lines += wrap(f"Supports {framework}: {', '.join(map(str, names))}", style)
    rules = [r for r in criteria.every_rule.values() if one.id in r.expectations]
    for reason in (one.uncodifiable, one.awaiting):
        if reason:
            lines += ["", *wrap(reason, style)]
    lines += ["", "Tested by"] if rules else []
    for rule in rules:
        lines += wrap(f"{rule.id}: {rule.title}", style, "  ", "      ")
    if not rules and not one.uncodifiable and not one.awaiting:
        lines += ["", "  No rule tests this yet."]
    return lines


def _rule(criteria: Criteria, rule: Rule, style: dict[str, Any], folders: tuple[Path, ...]) -> list[str]:
    from policycheck.formats._terminal import wrap

    text = rule.text
    lines = [f"{rule.id}  {rule.title}", "", *wrap(f"Severity {rule.severity.value} · pack {rule.pack}", style)]
    if text.get("formerly"):
        lines += wrap(f"Formerly: {', '.join(text['formerly'])}", style)
    if rule.disabled:
        lines += wrap(f"Disabled: {rule.disabled}", style)
    lines += ["", "What is asked"]
    for name in rule.expectations:
        one = criteria.every_expectation[name]
        lines += wrap(f"{name}, {one.locator} ({one.modality}): {one.paraphrase}", style, "  ", "      ")
        lines += wrap(" · ".join(filter(None, (one.url, _SEEN[one.seen]))), style, "      ", "      ")
    lines += wrap("Nothing of a regulator: it keeps the declaration honest.", style) if not rule.expectations else []
    lines += ["", "How it is tested"]
    walked = text["for_each"]
    each = walked if isinstance(walked, str) else ", ".join(f"{k} in {v}" for k, v in walked.items())
    lines += wrap(f"for each {each}", style)
    for name, meaning in text.get("let", {}).items():
        lines += wrap(f"let {name}: {meaning}", style, "  ", "    ")
    for key in ("when", "assert", "equivalents"):
        if text.get(key):
            lines += wrap(f"{key}: {text[key]}", style, "  ", "    ")
    definitions = _definitions(criteria, rule)
    for name, meaning in definitions.items():
        lines += wrap(f"where {name}: {meaning}", style, "  ", "    ")
    lines += wrap(f"reads: {', '.join(_read(criteria, rule, definitions))}", style, "  ", "    ")
    lines += _examples(rule, folders)
    lines += ["", "To close", *wrap(str(text.get("remediation", "")), style)]
    if text.get("snippet"):
        lines += ["", *(f"    {line}" for line in str(text["snippet"]).rstrip().splitlines())]
    return lines


def _definitions(criteria: Criteria, rule: Rule) -> dict[str, str]:
    """The definitions that a rule leans on, and those that they lean on, in the order in which they are met."""
    from policycheck.language.syntax import Node

    packs = [pack.definitions.items() for pack in criteria.packs]
    written = {f"{kind}.{name}": text for pack in packs for kind, named in pack for name, text in named.items()}
    found: dict[str, str] = {}
    waiting: list[Any] = [*criteria.program(rule).analysis.trees()]
    while waiting:
        node = waiting.pop(0)
        if not isinstance(node, Node):
            continue
        name = f"{node.kind}.{node.args[1]}" if node.op == "select" and node.kind else ""
        if name and name not in found:
            found[name] = written[name]
            waiting.append(criteria.trees[node.kind][node.args[1]])
        waiting += node.args
    return found


def _read(criteria: Criteria, rule: Rule, definitions: Iterable[str]) -> list[str]:
    """The fields of the manifest and the tables of packs that a rule reads, also through the definitions it leans on."""
    from policycheck.coverage import reads

    waiting: list[Any] = [*criteria.program(rule).analysis.trees()]
    for definition in definitions:
        kind, _, name = definition.partition(".")
        waiting.append(criteria.trees[kind][name])
    tables: set[str] = set()
    while waiting:
        node = waiting.pop()
        if node.op == "select" and node.args[0].op == "name" and node.args[0].args[0] == "data":
            tables.add(f"data.{node.args[1]}")
        waiting += [part for part in node.args if hasattr(part, "op")]
    return [*reads(criteria, rule), *sorted(tables)]


def _examples(rule: Rule, folders: tuple[Path, ...]) -> list[str]:
    """A passing and a failing case, from the rule's own tests."""
    from policycheck import ruletests
    from policycheck.cli.rules import folder_of

    cases = ruletests.cases(folder_of(rule.pack, folders), rule)
    lines: list[str] = []
    for title, wanted in (("Passes", {"met"}), ("Fails", {"gap", "not_used"})):
        case = next((c for c in cases if _expects(c) & wanted), None)
        if case is not None:
            lines += ["", f"{title}: {case['name']}", *_yaml(case.get("manifest") or {}, 1)]
    return lines


def _expects(case: dict[str, Any]) -> set[str]:
    expect = case.get("expect")
    return set(expect.values()) if isinstance(expect, dict) else {str(expect)}


def _yaml(value: Any, depth: int) -> list[str]:
    """Plain data as YAML, short things on one line."""
    import json

    pad = "    " * depth
    lines = []
    for key, inner in value.items() if isinstance(value, dict) else ():
        flat = json.dumps(inner, ensure_ascii=False)
        if isinstance(inner, dict) and len(flat) > 70:
            lines += [f"{pad}{key}:", *_yaml(inner, depth + 1)]
        elif isinstance(inner, list) and len(flat) > 70:
            lines += [f"{pad}{key}:", *(f"{pad}  - {_flow(item)}" for item in inner)]
        else:
            lines.append(f"{pad}{key}: {_flow(inner)}")
    return lines


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(v) for v in value) + "]"
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
