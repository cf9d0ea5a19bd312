"""Each module of a room keeps the room's contract, so that one new file is all that an extension needs."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import click
import pytest

from policycheck import packs, report, rooms, run
from policycheck.cli._writer import Writer
from policycheck.manifests import v1
from policycheck.manifests.explain import schema
from policycheck.model import Account, Options, Outcome
from policycheck.opener import Opener

ROOT = Path(__file__).parent.parent
OPTIONS = Options(as_of="2026-11-21")
STYLES: list[dict[str, Any]] = [{}, {"verbose": True}, {"quiet": True}, {"width": 60, "colour": True}]


def modules(room: str) -> list[Any]:
    return [pytest.param(rooms.load(room, name), id=name) for name in rooms.names(room)]


def parameters(module: ModuleType, function: str) -> list[str]:
    return list(inspect.signature(getattr(module, function)).parameters)


# --- finding extensions --------------------------------------------------------------------------------------


def test_an_extension_is_found_by_its_file_and_not_imported_for_it() -> None:
    script = "import sys; from policycheck import rooms; print(rooms.names('formats'), 'policycheck.formats' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == f"{rooms.names('formats')} False\n"


@pytest.mark.parametrize("room", ["formats", "evidence", "engines", "cli"])
def test_a_room_lists_its_files_with_hyphens_and_without_what_is_private(room: str) -> None:
    files = {p.stem for p in (ROOT / "policycheck" / room).glob("*.py") if not p.stem.startswith("_")}
    assert {name.replace("-", "_") for name in rooms.names(room)} == files
    assert list(rooms.names(room)) == sorted(rooms.names(room))
    assert "--" not in "".join(rooms.names(room))


def test_a_new_file_is_all_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "formats").mkdir()
    for name in ("my_form.py", "_private.py", "notes.txt"):
        (tmp_path / "formats" / name).touch()
    monkeypatch.setattr(rooms, "_HERE", tmp_path)
    assert rooms.names.__wrapped__("formats") == ("my-form",)


def test_what_is_not_there_is_named_with_what_is() -> None:
    with pytest.raises(KeyError, match=r"formats has no 'pigeon'; it has .*json"):
        rooms.load("formats", "pigeon")


@pytest.mark.parametrize("room", ["formats", "evidence", "engines", "cli"])
def test_each_extension_says_what_it_is_for(room: str) -> None:
    for name in rooms.names(room):
        doc = inspect.getdoc(rooms.load(room, name)) or ""
        assert len(doc.splitlines()[0]) > 10, name


# --- formats -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def judged() -> SimpleNamespace:
    """Two manifests, judged, of which one has everything."""
    worker = run.Worker(run.Settings(ROOT, OPTIONS), keep=True)
    parts = [worker(ROOT / "examples" / name / "policycheck.yaml") for name in ("corner-shop", "harbour-social")]
    results = [part.result for part in parts]
    assert None not in results
    return SimpleNamespace(header=worker.header, criteria=worker.criteria, results=results, parts=parts)


def rendered(module: ModuleType, judged: Any, style: dict[str, Any], count: int = 2) -> bytes:
    """A report of some manifests in a format."""
    detail = module.detail(style)
    view = run.View(judged.header, style, "", "", lambda path, line: "a line")
    totals = report.Totals()
    pieces = []
    for result, part in list(zip(judged.results, judged.parts, strict=True))[:count]:
        totals.add(part.counts)
        shown = result._replace(findings=tuple(f for f in result.findings if f.outcome in detail))
        pieces.append(module.part(view, report.RECORDS[module.RECORD](shown, judged.criteria, OPTIONS)))
    written: list[bytes] = []
    writer = Writer(module, SimpleNamespace(write=written.append), view)  # type: ignore[arg-type]
    for piece in pieces:
        writer.add(piece)
    writer.end(totals)
    return b"".join(written)


@pytest.mark.parametrize("module", modules("formats"))
def test_a_format_has_its_five_parts(module: Any) -> None:
    assert module.RECORD in report.RECORDS
    assert isinstance(module.SEPARATOR, bytes)
    assert parameters(module, "detail") == ["style"]
    assert parameters(module, "begin") == ["view"]
    assert parameters(module, "part") == ["view", "record"]
    assert parameters(module, "end") == ["view", "totals"]


@pytest.mark.parametrize("style", STYLES, ids=str)
@pytest.mark.parametrize("module", modules("formats"))
def test_a_format_names_the_outcomes_that_it_explains_in_every_style(module: Any, style: Any) -> None:
    assert module.detail(style) <= frozenset(Outcome)


# A PDF takes seconds to lay out, and is that of the HTML in every style.
@pytest.mark.parametrize(
    ("module", "style"),
    [
        pytest.param(*one.values, style, id=f"{one.id}-{style}")
        for one in modules("formats")
        for style in (STYLES if one.id != "pdf" else STYLES[:1])
    ],
)
def test_a_format_renders_none_one_and_several_manifests_in_every_style(module: Any, style: Any, judged: Any) -> None:
    if module.__name__ == "policycheck.formats.pdf":
        pytest.importorskip("weasyprint", reason="WeasyPrint or Pango is not installed", exc_type=(ImportError, OSError))
    for count in (0, 1, 2) if module.__name__ != "policycheck.formats.pdf" else (0,):
        out = rendered(module, judged, style, count)
        assert isinstance(out, bytes)
        assert out == rendered(module, judged, style, count)
        assert count == 0 or out


@pytest.mark.parametrize("module", modules("formats"))
def test_a_format_asks_for_the_gaps_at_least(module: Any) -> None:
    assert Outcome.GAP in module.detail({})


@pytest.mark.parametrize("module", modules("formats"))
def test_a_format_can_be_asked_for_on_the_command_line(module: Any) -> None:
    from policycheck.cli import check

    (option,) = [p for p in check.command.params if p.name == "format_"]
    assert isinstance(option.type, click.Choice)
    assert module.__name__.rpartition(".")[2].replace("_", "-") in option.type.choices


@pytest.mark.parametrize("name", [n for n in ("json", "jsonl") if n in rooms.names("formats")])
def test_a_machines_format_says_every_gap(name: str, judged: Any) -> None:
    out = rendered(rooms.load("formats", name), judged, {}).decode()
    gaps = {f.id for result in judged.results for f in result.findings if f.outcome is Outcome.GAP}
    assert gaps
    assert all(gap in out for gap in gaps)
    for line in out.splitlines() if name == "jsonl" else [out]:
        json.loads(line)


# --- evidence ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", modules("evidence"))
def test_a_verifier_takes_what_every_verifier_takes(module: Any) -> None:
    kinds = packs.Criteria([], schema(v1.SCHEMA)).types.kinds
    assert parameters(module, "account") == ["opener", "path", "options", "subject"]
    assert isinstance(module.KINDS_OF_SUBJECT, frozenset)
    assert set(kinds) >= module.KINDS_OF_SUBJECT


#: What a repository may hold under any name.
ODD = {
    "missing": None, "empty": b"", "blank": b" \n\t\n", "nul": b"\0" * 64, "noise": bytes(range(256)) * 8,
    "template": b"rate={{ rate }};\n", "long-line": b"a" * 100_000, "deep": b"{" * 5000, "not-utf-8": b"\xff\xfe\xfa",
}  # fmt: skip


@pytest.mark.parametrize("content", ODD.values(), ids=ODD)
@pytest.mark.parametrize("module", modules("evidence"))
def test_a_verifier_gives_an_account_of_anything_or_says_why_not(module: Any, content: bytes | None, tmp_path: Path) -> None:
    from policycheck.errors import ArtefactError

    if content is not None:
        (tmp_path / "file").write_bytes(content)
    kind = module.__name__.rpartition(".")[2].replace("_", "-")
    subject = {
        "id": "c",
        "family": "rate_limit",
        "status": "deployed",
        "params": {"unit": "ip", "limit": 1, "window": "hour"},
    }
    entry = {"kind": kind, "path": "file", "location": "/", "as_of": "2026-11-21"}
    try:
        account = module.account(Opener(tmp_path), "file", entry, subject)
    except ArtefactError as error:
        account = Account(unreadable=str(error))
    assert isinstance(account, Account)
    assert account.readings == account.additions == account.absences == ()
    assert account.unreadable or (account.supported and content not in (None, b"", b" \n\t\n", b"\0" * 64))
    assert "Traceback" not in account.unreadable
    assert str(tmp_path) not in account.unreadable


@pytest.mark.parametrize("module", modules("evidence"))
def test_a_verifier_says_which_files_it_would_look_at(module: Any) -> None:
    assert parameters(module, "discover") == ["opener", "path"]
    assert isinstance(module.FILES, tuple)
    assert all(pattern == pattern.lower() and "*" not in pattern.replace("*", "", 3) for pattern in module.FILES)


@pytest.mark.parametrize(
    "content", [c for c in ODD.values() if c is not None], ids=[k for k, c in ODD.items() if c is not None]
)
@pytest.mark.parametrize("module", modules("evidence"))
def test_a_verifier_discovers_nothing_in_noise(module: Any, content: bytes, tmp_path: Path) -> None:
    from policycheck.errors import ArtefactError

    (tmp_path / "file").write_bytes(content)
    try:
        found = module.discover(Opener(tmp_path), "file")
    except ArtefactError:
        found = ()
    assert found == ()


@pytest.mark.parametrize("module", modules("evidence"))
def test_a_verifier_does_not_touch_what_it_was_given(module: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"text")
    subject: dict[str, Any] = {"id": "c", "family": "rate_limit", "params": {"unit": "ip"}}
    entry: dict[str, Any] = {"kind": "x", "path": "file", "as_of": "2026-11-21"}
    before = json.dumps([subject, entry])
    module.account(Opener(tmp_path), "file", entry, subject)
    assert json.dumps([subject, entry]) == before


# --- engines and commands ------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", modules("engines"))
def test_an_engine_takes_what_every_engine_takes(module: Any) -> None:
    assert parameters(module, "run") == ["make", "settings", "items", "jobs"]


@pytest.mark.parametrize("name", rooms.names("cli"))
def test_a_command_is_called_as_its_file_and_says_what_it_does(name: str) -> None:
    command = rooms.load("cli", name).command
    assert isinstance(command, click.Command)
    assert command.name == name
    assert command.short_help
    assert command.short_help.endswith(".")
    assert f"policycheck {name}" in (command.help or "")
