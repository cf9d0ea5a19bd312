"""A run over manifests: which exit code, in which order, what one bad manifest does to the others."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from policycheck import assess, cli, errors, rooms, run, sources
from policycheck.model import Assurance, Failure, Options, Severity

AS_OF = "2026-11-21"
#: Concerned by many expectations, and silent about most.
SHOP = """\
policycheck: 1
organization: {id: ID, name: Shop, roles: [website_operator], size: small, jurisdictions: [GB], contact: a@b.example}
surfaces:
  - {id: web, kind: page, auth: none, fields: [{name: reviewer, category: user.name, sensitivity: moderate}]}
ai_uses: []
own_scraping: []
"""
#: One expectation that concerns website operators and, for its rule, surfaces that show fields.
OURS = {
    "pack.yaml": """\
id: ours
version: 1.0.0
title: Ours
documents:
  - {id: OURS, title: Policy, issuer: Us, date: '2026', status: policy, seen: V, addressees: [website_operator]}
""",
    "expectations/OURS.yaml": """\
document: OURS
expectations:
  OURS-1: {locator: page 1, modality: should, paraphrase: Surfaces have owners., seen: V}
""",
    "family/owned.yaml": """\
title: Surfaces have an owner
expectations: [OURS-1]
severity: medium
for_each: surface
when: size(surface.fields) > 0
assert: surface.owner != ""
message: Nobody owns {surface.id}.
remediation: Name an owner.
""",
}
BROKEN = SHOP.replace("kind: page", "kind: shop")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository to write manifests into."""
    (tmp_path / ".git").mkdir()
    return tmp_path


def write(root: Path, name: str, text: str = SHOP) -> Path:
    """A manifest called `<name>.policycheck.yaml`, its organization called the same."""
    path = root / f"{name}.policycheck.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace("ID", path.name.partition(".")[0]), "utf-8")
    return path


def started(root: Path, *paths: str, rules: tuple[Path, ...] = (), **options: Any) -> run.Run:
    """A run over these paths (the folder when there are none), done."""
    settings = run.Settings(root, Options(as_of=AS_OF, **options), rules=rules, formats=("jsonl",))
    found = sources.find(paths or ["."], root)
    this = run.Run(run.Worker(settings), found)
    list(this.parts(run.in_turn))
    this.finish()
    return this


def ours(root: Path, *paths: str, **options: Any) -> run.Run:
    """A run that asks for OURS-1 alone."""
    for name, text in OURS.items():
        (root / "ours" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "ours" / name).write_text(text, "utf-8")
    return started(root, *paths, rules=(root / "ours",), criteria=("OURS-1",), **options)


def said(this: run.Run) -> list[str]:
    return [str(p) for p in this.told]


Call = Callable[..., tuple[int, bytes, str]]


@pytest.fixture
def call(root: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """The command line in this process and the repository: exit code, standard output, standard error."""

    def called(*arguments: str, stdin: bytes = b"") -> tuple[int, bytes, str]:
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        with monkeypatch.context() as patch:
            patch.chdir(root)
            patch.setattr(sys, "argv", ["policycheck", "check", "--as-of", AS_OF, *arguments])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = cli._run()
        return code, out.buffer.getvalue(), err.buffer.getvalue().decode()  # type: ignore[attr-defined]

    return called


# --- exit codes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pair", list(combinations((130, 70, 3, 5, 1, 4, 0), 2)), ids=str)
def test_of_two_exit_codes_the_first_in_the_design_counts(pair: tuple[int, int]) -> None:
    assert errors.strongest(pair) == errors.strongest(reversed(pair)) == pair[0]


def test_gaps_and_unknowns_are_one(root: Path) -> None:
    write(root, "a")
    assert started(root).totals.exit_code == 1
    assert started(root, fail_on=Severity.HIGH).totals.exit_code == 1


def test_an_unknown_blocks_by_its_severity_unless_it_is_allowed(root: Path) -> None:
    write(root, "a")
    asked = [{}, {"fail_on": Severity.MEDIUM}, {"fail_on": Severity.HIGH}, {"allow_unknown": True}]
    runs = [ours(root, **options) for options in asked]
    assert [this.totals.exit_code for this in runs] == [1, 1, 0, 0]
    assert [this.totals.marks["blocking"] for this in runs] == [1, 1, 0, 0]
    write(root, "a", SHOP.replace("kind: page", "kind: page, owner: us"))
    assert ours(root).totals.exit_code == 0


def test_exit_zero_turns_one_into_zero_and_nothing_else(root: Path) -> None:
    write(root, "a")
    assert started(root, exit_zero=True).totals.exit_code == 0
    write(root, "bad", BROKEN)
    assert started(root, exit_zero=True).totals.exit_code == errors.INVALID


def test_a_manifest_that_nothing_concerns_is_four_unless_another_counts(root: Path) -> None:
    write(root, "a", SHOP.replace("[website_operator]", "[website_operator, public_body]"))
    assert ours(root).totals.exit_code == errors.GAPS
    write(root, "a", re.sub(r"fields: .*]", "fields: []", SHOP))
    assert ours(root).totals.exit_code == errors.NOTHING
    write(root, "b")
    assert ours(root).totals.exit_code == errors.GAPS
    assert ours(root, exit_zero=True).totals.exit_code == errors.NOTHING, "only the gaps are excused"


def test_a_manifest_of_another_role_is_not_concerned(root: Path) -> None:
    write(root, "a", re.sub(r"fields: .*]", "fields: []", SHOP).replace("website_operator", "public_body"))
    this = ours(root)
    assert this.totals.exit_code == errors.NOTHING
    assert this.totals.expectations["not_applicable"] == 1


def test_a_failure_of_ours_is_five_and_the_report_is_still_written(
    root: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = assess.assess
    failed = (Failure("rule one", "walks more than 200000 items"),)
    monkeypatch.setattr(run, "assess", lambda *given: real(*given)._replace(failures=failed))
    write(root, "a")
    code, out, err = call("--format", "json")
    assert code == errors.INCOMPLETE
    assert err == "policycheck: incomplete: rule one: walks more than 200000 items\n"
    report = json.loads(out)
    assert (report["exit_code"], report["totals"]["manifests"]) == (5, 1)
    assert report["results"][0]["failures"] == [{"what": "rule one", "why": "walks more than 200000 items"}]
    write(root, "bad", BROKEN)
    assert call()[0] == errors.INVALID


def test_a_bug_in_one_manifest_leaves_the_reports_of_the_others(
    root: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = assess.assess

    def breaking(manifest: Any, *given: Any) -> Any:
        if manifest.path.startswith("b."):
            raise ZeroDivisionError("of no use")
        return real(manifest, *given)

    monkeypatch.setattr(run, "assess", breaking)
    for name in ("a", "b", "c"):
        write(root, name)
    code, out, err = call("--format", "json", ".")
    assert code == errors.BUG
    assert [r["organization"]["id"] for r in json.loads(out)["results"]] == ["a", "c"]
    assert "b.policycheck.yaml: a bug of ours: ZeroDivisionError: of no use in breaking (test_run.py:" in err
    assert "Please report it" in err


# --- several manifests ---------------------------------------------------------------------------------------


def test_one_bad_manifest_is_said_and_the_others_are_judged(root: Path) -> None:
    for name, text in (("a", SHOP), ("b", BROKEN), ("c", SHOP)):
        write(root, name, text)
    this = started(root)
    assert this.totals.exit_code == errors.INVALID
    assert this.totals.manifests == 2
    assert [line.partition(": ")[0] for line in said(this)] == ["b.policycheck.yaml:4:21"]
    assert "'shop' is not allowed" in said(this)[0]


def test_what_is_declared_for_a_pack_that_is_not_there_is_refused(root: Path) -> None:
    """No rule would look at it, and nobody would hear of that."""
    write(root, "a", SHOP + "extensions: {ours: {x: 1}, joint-statement: {x: 1}, joint-statements: {x: 1}}\n")
    this = started(root)
    assert this.totals.exit_code == errors.INVALID
    assert [line.partition("extensions: ")[2] for line in said(this)] == [
        "no pack is called 'ours', so nothing would look at this; name the pack's folder with --rules, or take it out",
        "no pack is called 'joint-statement', so nothing would look at this; did you mean 'joint-statements'?",
    ]
    assert said(this)[0].startswith("a.policycheck.yaml:")
    assert said(ours(root)) == [said(this)[1]]
    assert run.problems_of(root / "a.policycheck.yaml", root, None, AS_OF) == []


def test_two_manifests_cannot_be_one_organization(root: Path) -> None:
    write(root, "a")
    write(root, "deep/b", SHOP.replace("ID", "a"))
    this = started(root)
    assert this.totals.exit_code == errors.INVALID
    (line,) = said(this)
    assert line.startswith("deep/b.policycheck.yaml: organization.id 'a' is already used by a.policycheck.yaml; ")
    assert this.totals.manifests == 2


def test_a_manifest_that_is_named_twice_is_judged_once(root: Path) -> None:
    write(root, "a")
    this = started(root, "a.policycheck.yaml", ".", "./a.policycheck.yaml")
    assert (this.totals.manifests, said(this)) == (1, [])


def test_the_totals_are_the_sums(root: Path, call: Call) -> None:
    for name in ("a", "b", "c"):
        write(root, name)
    report = json.loads(call("--format", "json", ".")[1])
    for key in ("findings", "expectations", "integrity"):
        for outcome, total in report["totals"][key].items():
            assert total == sum(r["counts"][key][outcome] for r in report["results"])
    for key in ("accepted", "contradicted", "verified", "blocking"):
        assert report["totals"][key] == sum(r["counts"][key] for r in report["results"])
    assert report["totals"]["blocking"] > 0


@pytest.mark.parametrize("form", ["json", "jsonl", "text", "markdown"])
def test_however_many_processes_the_bytes_are_the_same(form: str, root: Path, call: Call) -> None:
    for number in range(9):
        write(root, f"m{number}", BROKEN if number == 4 else SHOP)
    alone = call("--format", form, ".")
    assert alone[0] == errors.INVALID
    assert call("--format", form, "--jobs", "2", ".") == alone


def test_an_engine_gives_what_map_gives_in_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    items = list(range(23))
    for name in rooms.names("engines"):
        engine = rooms.load("engines", name)
        assert list(engine.run(_doubler, 2, items, 2)) == [n * 2 for n in items]
        assert list(engine.run(_doubler, 2, [], 2)) == []


def _doubler(times: int) -> Callable[[int], int]:
    return times.__mul__


def test_a_run_holds_one_manifest_at_a_time(root: Path) -> None:
    for name in ("a", "b", "c"):
        write(root, name)
    asked: list[str] = []

    def engine(worker: run.Worker, paths: list[Path]) -> Iterator[run.Part]:
        for path in paths:
            asked.append(path.name)
            yield worker(path)

    this = run.Run(run.Worker(run.Settings(root, Options(as_of=AS_OF))), sources.find(["."], root))
    parts = this.parts(engine)
    first = next(parts)
    assert asked == ["a.policycheck.yaml"]
    assert first.result is None
    assert this.totals.manifests == 1


# --- where things are ----------------------------------------------------------------------------------------


def test_paths_are_told_from_the_current_folder_and_reported_from_the_root(root: Path, monkeypatch: Any) -> None:
    write(root, "shops/bad", BROKEN)
    here = root / "other"
    here.mkdir()
    this = run.Run(run.Worker(run.Settings(here, Options(as_of=AS_OF))), sources.find(["../shops"], here))
    list(this.parts(run.in_turn))
    assert [p.path for p in this.told] == ["../shops/bad.policycheck.yaml"]
    assert [p.path for p in this.totals.problems] == ["shops/bad.policycheck.yaml"]


TERMS = (
    "The terms forbid to collect what others wrote here, by hand or by machine. They say what follows if somebody does so."
)


def evidenced(root: Path, path: str) -> str:
    """A manifest in a subfolder whose evidence is at a path; the verdict on it."""
    text = SHOP + f"controls: [{{id: c, family: terms, evidence: [{{kind: document, path: {path}}}]}}]\n"
    write(root, "shops/a", text)
    return text


@pytest.mark.parametrize(("given", "verdict"), [(None, "supports"), ("shops", "unreadable")])
def test_nothing_above_the_root_is_read(given: str | None, verdict: str, root: Path) -> None:
    (root / "terms.md").write_text(TERMS)
    evidenced(root, "../terms.md")
    above = root / given if given else None
    settings = run.Settings(root, Options(as_of=AS_OF, min_assurance=Assurance.DECLARED), root=above)
    part = run.Worker(settings, keep=True)(root / "shops" / "a.policycheck.yaml")
    assert part.result is not None
    assert [w.verdict for w in part.result.ledger] == [verdict]
    assert part.result.manifest == ("a.policycheck.yaml" if given else "shops/a.policycheck.yaml")


def test_without_a_repository_the_root_is_the_manifests_folder(tmp_path: Path) -> None:
    (tmp_path / "terms.md").write_text(TERMS)
    evidenced(tmp_path, "../terms.md")
    part = run.Worker(run.Settings(tmp_path, Options(as_of=AS_OF)), keep=True)(tmp_path / "shops" / "a.policycheck.yaml")
    assert part.result is not None
    assert [w.verdict for w in part.result.ledger] == ["unreadable"]


def test_standard_input_is_a_manifest_in_the_current_folder(root: Path, call: Call) -> None:
    (root / "terms.md").write_text(TERMS)
    text = SHOP.replace("ID", "piped")
    text += "controls: [{id: c, family: terms, evidence: [{kind: document, path: terms.md}]}]\n"
    code, out, err = call("-", "--format", "json", "--jobs", "2", stdin=text.encode())
    (record,) = json.loads(out)["results"]
    assert (code, err, record["manifest"]) == (1, "", "<stdin>")
    assert [a["verdict"] for a in record["artefacts"]] == ["supports"]
    code, out, err = call("-", stdin=BROKEN.replace("ID", "piped").encode())
    assert code == errors.INVALID
    assert err.startswith("<stdin>:4:21: surfaces[web].kind: 'shop' is not allowed")


def test_standard_input_has_the_root_that_is_named(root: Path, call: Call) -> None:
    (root / "terms.md").write_text(TERMS)
    (root / "sub").mkdir()
    text = SHOP.replace("ID", "piped")
    text += "controls: [{id: c, family: terms, evidence: [{kind: document, path: terms.md}]}]\n"
    _, out, _ = call("-", "--root", "sub", "--format", "json", stdin=text.encode())
    assert [a["verdict"] for a in json.loads(out)["results"][0]["artefacts"]] == ["unreadable"]
    (root / "sub" / "terms.md").write_text(TERMS)
    _, out, _ = call("-", "--root", "sub", "--format", "json", stdin=text.encode())
    assert [a["verdict"] for a in json.loads(out)["results"][0]["artefacts"]] == ["supports"]


def test_standard_input_stands_beside_files(root: Path, call: Call) -> None:
    write(root, "a")
    code, out, _ = call("-", "a.policycheck.yaml", "--format", "json", stdin=SHOP.replace("ID", "piped").encode())
    assert code == 1
    assert [r["manifest"] for r in json.loads(out)["results"]] == ["<stdin>", "a.policycheck.yaml"]
