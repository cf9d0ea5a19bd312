"""What counts does not turn on the order in which a manifest lists its things."""

from __future__ import annotations

import itertools
import json
import random
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from policycheck import packs, run
from policycheck.assess import assess
from policycheck.manifests import v1
from policycheck.manifests.explain import schema
from policycheck.model import Options, Result
from tests.test_assess import AS_OF, Says, criteria, room, saying

__all__ = ["room"]
EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
GUARDED: dict[str, Any] = {
    "title": "Surfaces are guarded", "expectations": ["DOC-1"], "severity": "high", "for_each": "surface",
    "assert": "controls.exists(c, surface.id in c.surfaces && c.params.limit <= 500)", "message": "m", "remediation": "r",
}  # fmt: skip
#: A search for the one that is not in order: what makes it false is one item, too.
TIGHT = {**GUARDED, "for_each": "organization", "assert": "controls.all(c, c.params.limit <= 100)"}
SLOWEST = {**GUARDED, "for_each": "organization", "assert": "max(controls.map(c, c.params.limit)) <= 900"}


class _Plain(yaml.SafeLoader):
    """YAML as a manifest means it: days stay text, and `on` is a word."""


_Plain.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":bool"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Plain.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))


def control(name: str, *kinds: str) -> str:
    entries = ", ".join(f"{{kind: {kind}, path: x}}" for kind in kinds)
    return (
        f"{{id: {name}, family: rate_limit, status: deployed, owner: web, surfaces: [a], evidence: [{entries}],"
        " params: {limit: 300, window: hour}}"
    )


def judged(root: Path, controls: tuple[str, ...], rule: dict[str, Any]) -> Result:
    listed = "\n".join(f"  - {each}" for each in controls)
    text = "policycheck: 1\norganization: {id: a, roles: [website_operator]}\nsurfaces: [{id: a, kind: page}]\ncontrols:\n"
    (root / "policycheck.yaml").write_text(f"{text}{listed}\n", "utf-8")
    manifest, wrong = run.read(root / "policycheck.yaml", "policycheck.yaml", root, AS_OF)
    assert manifest is not None, wrong
    return assess(manifest, criteria(probe=rule), Options(as_of=AS_OF))


def said(result: Result, rule: str = "probe") -> tuple[str, str, list[str]]:
    (found,) = [f for f in result.findings if f.rule == rule]
    return found.outcome.value, found.assurance.value, sorted({f.route.partition(".")[0] for f in found.facts})


@pytest.mark.parametrize(
    ("rule", "kinds", "expected"),
    [
        (GUARDED, {"b": ["firm"]}, ("met", "verified", ["controls[b]"])),
        (GUARDED, {"a": ["vague"], "b": ["firm"]}, ("met", "verified", ["controls[b]"])),
        (GUARDED, {"b": ["vague"]}, ("met", "supported", ["controls[b]"])),
        # The one that is verified here is denied there: another, of which nobody says anything, is left.
        (GUARDED, {"a": ["firm", "loose"], "c": ["loose"]}, ("met", "declared", ["controls[b]"])),
        (GUARDED, {"a": ["firm", "loose"], "c": ["firm"]}, ("met", "verified", ["controls[c]"])),
        (GUARDED, {"a": ["loose"], "b": ["loose"], "c": ["vague"]}, ("met", "supported", ["controls[c]"])),
        (TIGHT, {"b": ["firm"]}, ("gap", "verified", ["controls[b]"])),
    ],
)
def test_of_several_that_suffice_the_one_that_stands_best_counts(
    rule: dict[str, Any], kinds: dict[str, list[str]], expected: tuple[str, str, list[str]], tmp_path: Path, room: Any
) -> None:
    def vaguely(*given: Any) -> Any:
        account = saying(("params.limit", 300))(*given)
        return account._replace(readings=tuple(r._replace(soft=True) for r in account.readings))

    verifiers: dict[str, Says] = {
        "firm": saying(("params.limit", 300)), "loose": saying(("params.limit", 9000)), "vague": vaguely,
    }  # fmt: skip
    room(**verifiers)
    every = [control(name, *kinds.get(name, ())) for name in "abc"]
    answers = [said(judged(tmp_path, controls, rule)) for controls in itertools.permutations(every)]
    assert answers == [expected] * 6


@pytest.mark.parametrize("kinds", [("firm", "loose"), ("loose", "firm"), ("loose",)])
def test_a_reason_that_one_artefact_denies_is_not_verified_by_another(
    kinds: tuple[str, ...], tmp_path: Path, room: Any
) -> None:
    room(firm=saying(("params.limit", 300)), loose=saying(("params.limit", 9000)))
    either = {**GUARDED, "for_each": "control", "assert": 'control.params.limit <= 500 || control.owner == "web"'}
    result = judged(tmp_path, (control("a", *kinds),), either)
    (found,) = [f for f in result.findings if f.rule == "probe"]
    assert (found.outcome, found.assurance, found.verified) == ("met", "declared", (0, 0))
    assert [f.route for f in found.facts] == ["controls[a].owner"]


def test_what_rests_on_more_than_is_shown_is_verified_in_no_order(tmp_path: Path, room: Any) -> None:
    room(firm=saying(("params.limit", 300)))
    every = [control("read", "firm"), *(control(f"other-{n}") for n in range(30))]
    few, first, last = (said(judged(tmp_path, tuple(some), SLOWEST)) for some in (every[:9], every, every[::-1]))
    assert (few[:2], first[:2], last[:2]) == (("met", "verified"), ("met", "declared"), ("met", "declared"))


def shuffled(part: Any, turn: random.Random) -> Any:
    """With every list of things in another order."""
    if isinstance(part, dict):
        return {key: shuffled(value, turn) for key, value in part.items()}
    if not isinstance(part, list):
        return part
    found = [shuffled(item, turn) for item in part]
    if all(isinstance(item, dict) for item in found):
        turn.shuffle(found)
    return found


@pytest.mark.parametrize("name", ["corner-shop-fixed", "lantern-research"])
def test_an_example_in_another_order_comes_to_the_same(name: str, tmp_path: Path) -> None:
    shipped = packs.load((), schema(v1.SCHEMA))

    def table(root: Path) -> dict[str, tuple[str, str]]:
        manifest, wrong = run.read(root / "policycheck.yaml", "policycheck.yaml", root, AS_OF)
        assert manifest is not None, wrong
        return {f.id: (f.outcome.value, f.assurance.value) for f in assess(manifest, shipped, Options(as_of=AS_OF)).findings}

    as_written = table(EXAMPLES / name)
    for seed in range(3):
        root, turn = tmp_path / str(seed), random.Random(seed)
        shutil.copytree(EXAMPLES / name, root)
        for path in [root / "policycheck.yaml", *root.rglob("*.policycheck-part.yaml")]:
            path.write_text(json.dumps(shuffled(yaml.load(path.read_text("utf-8"), _Plain), turn)), "utf-8")
        assert table(root) == as_written
