"""policycheck rules list | test | lint"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from policycheck.packs import Criteria

_DIR = click.option("--rules", "folders", multiple=True, type=click.Path(path_type=Path), metavar="DIR",
                    help="A pack of your own, or a folder of packs.")  # fmt: skip


@click.group("rules", short_help="List, test and lint rules, shipped and your own.")
def command() -> None:
    """List, test and lint rules.

    \b
    policycheck rules list
    policycheck rules test joint-statements
    policycheck rules lint --rules our-pack/
    """


@command.command("list")
@_DIR
def list_rules(folders: tuple[Path, ...]) -> int:
    """List every rule with its severity and expectations.

    \b
    policycheck rules list
    policycheck rules list --rules our-pack/
    """
    from tabulate import tabulate

    criteria = criteria_of(folders)
    rows = [
        (r.id, "disabled" if r.disabled else r.severity.value, r.pack, ", ".join(r.expectations))
        for r in criteria.every_rule.values()
    ]
    headers = ("rule", "severity", "pack", "expectations")
    click.echo(tabulate(sorted(rows), headers=headers, maxcolwidths=[None, None, None, 40]))
    return 0


@command.command("lint")
@click.argument("pack", required=False)
@_DIR
def lint(pack: str | None, folders: tuple[Path, ...]) -> int:
    """Hold every rule against the manifest schema. Exit 1 when something is wrong.

    \b
    policycheck rules lint joint-statements
    policycheck rules lint --rules our-pack/
    """
    from policycheck import packs, ruletests
    from policycheck.cli import _say_problems
    from policycheck.model import Problem

    criteria = criteria_of(folders, checked=False)
    _known(criteria, pack)
    problems = list[Problem]()
    for one in [one for one in criteria.packs if pack in (None, one.id)]:
        problems += packs.mistakes(criteria, one)
        problems += [Problem(str(path), 0, 0, ruletests.ALONE) for path in ruletests.strays(folder_of(one.id, folders))]
    _say_problems(problems)
    if not problems:
        click.echo("no mistakes")
    return 1 if problems else 0


@command.command("test")
@click.argument("pack", required=False)
@click.option("--rule", default="", metavar="ID", help="Only this rule.")
@_DIR
def test(pack: str | None, rule: str, folders: tuple[Path, ...]) -> int:
    """Run the tests beside the rules. Exit 1 when one fails or is missing.

    \b
    policycheck rules test joint-statements
    policycheck rules test --rules our-pack/ --rule our-rule
    """
    from policycheck import ruletests
    from policycheck.cli import _say
    from policycheck.cli._output import print_lines

    criteria = criteria_of(folders)
    _known(criteria, pack)
    rule = criteria.renamed.get(rule, rule)
    if rule and rule not in criteria.every_rule:
        from policycheck.errors import UsageError
        from policycheck.language.types import suggest

        raise UsageError(f"no rule is called {rule!r}{suggest(rule, criteria.every_rule)}")
    ran = failed = 0
    for one in criteria.packs:
        if pack not in (None, one.id):
            continue
        for trial in ruletests.run(criteria, folder_of(one.id, folders), rule):
            ran += 1
            failed += bool(trial.wrong)
            if trial.wrong:
                _say(f"{trial.rule}: {trial.case or 'tests'}: {trial.wrong}")
    print_lines(f"{ran - failed} passed, {failed} failed")
    return 1 if failed or not ran else 0


def criteria_of(folders: tuple[Path, ...], checked: bool = True) -> Criteria:
    """The shipped packs and those of `folders`; unchecked, mistakes in their rules are left to the caller to find."""
    from policycheck import packs
    from policycheck.manifests import v1
    from policycheck.manifests.explain import schema

    if checked:
        return packs.load([f.resolve() for f in folders], schema(v1.SCHEMA))
    return packs.Criteria(packs.together(f.resolve() for f in folders), schema(v1.SCHEMA))


def _known(criteria: Criteria, pack: str | None) -> None:
    if pack is not None and pack not in {p.id for p in criteria.packs}:
        from policycheck.errors import UsageError
        from policycheck.language.types import suggest

        known = [p.id for p in criteria.packs]
        hint = suggest(pack, known) or f"; there are {', '.join(known)}"
        raise UsageError(f"no pack {pack!r}{hint}")


def folder_of(pack: str, folders: tuple[Path, ...]) -> Path:
    """The folder of a pack by its id, for its tests."""
    from policycheck import data, packs

    for one in [f for folder in folders for f in packs.folders(folder.resolve())]:
        if packs.identity(one) == pack:
            return one
    return data.folder("rules") / pack
