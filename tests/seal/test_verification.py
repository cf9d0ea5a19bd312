"""`policycheck verify`: whatever was done to a bundle is named, and a signature counts for the key that was given only."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from policycheck import opener
from policycheck.seal import contents

from .conftest import Call, Place
from .sealing import FILES, ed25519, flipped, pem, public_pem, sum_again

UNALTERED = "unaltered, signer unknown"


def flaws(call: Call, bundle: Path, *words: str) -> dict[str, str]:
    """What is said of each file, by the JSON that must say the same as the text."""
    code, out, err = call(bundle.parent, "verify", bundle.name, *words, "--format", "json")
    found = json.loads(out)
    _, text, _ = call(bundle.parent, "verify", bundle.name, *words)
    assert err == ""
    assert code == (0 if found["as_asked"] else 1)
    assert found["altered"] == bool(found["flaws"])
    if len(found["flaws"]) < 50:
        assert all(f"  {flaw['file']}: {flaw['what']}\n" in text for flaw in found["flaws"] if flaw["file"].isprintable())
    return {flaw["file"]: flaw["what"] for flaw in found["flaws"]}


# --- unaltered -----------------------------------------------------------------------------------------------


def test_who_signed_is_said_for_the_given_key_only(call: Call, place: Place) -> None:
    code, out, err = call(place.keys, "verify", str(place.signed), "--key", "first.pub.pem")
    assert (code, err) == (0, "")
    assert re.match(rf"{place.signed}: unaltered, signed by sha256:[0-9a-f]{{64}}\n", out)


def test_without_a_key_nobody_is_said_to_have_signed(call: Call, place: Place) -> None:
    code, out, _ = call(place.keys, "verify", str(place.signed))
    assert code == 0
    assert out.startswith(f"{place.signed}: {UNALTERED}\n")
    assert "signed by" not in out
    assert "a signature is there and was not checked" in out


def test_an_unsigned_bundle_is_unaltered_and_says_what_that_is_worth(call: Call, place: Place) -> None:
    code, out, _ = call(place.keys, "verify", str(place.unsigned))
    assert code == 0
    assert out.startswith(f"{place.unsigned}: {UNALTERED}\n")
    assert "no signature is there: whoever can write these files can seal them anew" in out


def test_a_key_asks_for_a_signature(call: Call, place: Place) -> None:
    code, out, _ = call(place.keys, "verify", str(place.unsigned), "--key", place.public)
    assert code == 1
    assert out.startswith(f"{place.unsigned}: unaltered, but not signed\n")


def test_another_key_is_not_the_signer(call: Call, place: Place) -> None:
    code, out, _ = call(place.keys, "verify", str(place.signed), "--key", place.other)
    assert code == 1
    assert ": NOT SIGNED by sha256:" in out
    assert "unaltered" not in out
    found = json.loads(call(place.keys, "verify", str(place.signed), "--key", place.other, "--format", "json")[1])
    assert (found["signature"], found["signer"], found["as_asked"]) == ("invalid", None, False)


def test_the_json_says_it_all(call: Call, place: Place) -> None:
    report = json.loads((place.repository / "report.json").read_bytes())
    found = json.loads(call(place.keys, "verify", str(place.signed), "--key", place.public, "--format", "json")[1])
    assert found.pop("signer").startswith("sha256:")
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", found.pop("sums"))
    assert found == {
        "format": "policycheck-verification/1", "bundle": str(place.signed), "as_asked": True, "altered": False,
        "signature": "valid", "report_id": report["report_id"], "as_of": "2026-11-21", "files": len(FILES), "flaws": [],
    }  # fmt: skip


def test_a_bundle_may_be_reached_through_a_link(call: Call, place: Place, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(place.signed)
    assert call(tmp_path, "verify", "link", "--key", place.public)[0] == 0


# --- tampering: one thing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0])
@pytest.mark.parametrize("name", FILES)
def test_one_byte_in_any_file_is_named(name: str, at: float, call: Call, place: Place, signed: Path) -> None:
    flipped(signed / name, at)
    for words in ([], ["--key", place.public]):
        found = flaws(call, signed, *words)
        assert set(found) == {name} or (name == "SHA256SUMS" and all("SHA256SUMS" in what for what in found.values()))
        assert found


@pytest.mark.parametrize("name", FILES)
def test_an_appended_byte_is_named(name: str, call: Call, place: Place, signed: Path) -> None:
    with (signed / name).open("ab") as file:
        file.write(b"\n")
    assert set(flaws(call, signed, "--key", place.public)) == {name}


@pytest.mark.parametrize("name", FILES)
def test_an_emptied_file_is_named(name: str, call: Call, place: Place, signed: Path) -> None:
    (signed / name).write_bytes(b"")
    assert name in flaws(call, signed)
    assert name in flaws(call, signed, "--key", place.public)


@pytest.mark.parametrize("name", FILES)
def test_a_removed_file_is_named(name: str, call: Call, place: Place, signed: Path) -> None:
    (signed / name).unlink()
    for words in ([], ["--key", place.public]):
        assert flaws(call, signed, *words)[name] == "was removed: it is not there"


@pytest.mark.parametrize("name", FILES)
def test_a_removed_file_is_named_when_the_sums_were_made_to_fit(name: str, call: Call, place: Place, signed: Path) -> None:
    (signed / name).unlink()
    if name == "SHA256SUMS":
        return
    sum_again(signed)
    for words in ([], ["--key", place.public]):
        found = flaws(call, signed, *words)
        assert found.get(name) == "was removed: it is not there" or name in ("statement.sig", "statement.dsse.json")
        assert found


@pytest.mark.parametrize("name", ["extra.txt", ".hidden", "report.pdf", "key.pem", "-n", "a\nb  c", "\x1b[31mred", "ünder"])
def test_an_added_file_is_named(name: str, call: Call, place: Place, signed: Path) -> None:
    (signed / name).write_bytes(b"x")
    assert flaws(call, signed, "--key", place.public) == {name: "was added: it is not of this bundle"}
    assert "\x1b" not in call(signed, "verify", ".")[1]


def test_an_added_file_is_named_when_the_sums_were_made_to_fit(call: Call, place: Place, signed: Path) -> None:
    (signed / "report.pdf").write_bytes(b"x")
    sum_again(signed)
    assert flaws(call, signed) == {"statement.json": "does not name report.pdf"}
    assert "ALTERED" in call(signed, "verify", ".", "--key", place.public)[1]


def test_a_renamed_file_is_two_flaws(call: Call, signed: Path) -> None:
    (signed / "report.html").rename(signed / "report.htm")
    found = flaws(call, signed)
    assert sorted(found) == ["report.htm", "report.html"]


def test_two_files_that_changed_places_are_both_named(call: Call, signed: Path) -> None:
    first, second = signed / "report.html", signed / "report.md"
    first.rename(signed / "x")
    second.rename(first)
    (signed / "x").rename(second)
    assert flaws(call, signed) == {"report.html": "was altered", "report.md": "was altered"}


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith("s") and name != "SHA256SUMS"])
def test_a_file_that_was_altered_with_its_sum_is_named(name: str, call: Call, place: Place, signed: Path) -> None:
    with (signed / name).open("ab") as file:
        file.write(b"\n")
    sum_again(signed)
    for words in ([], ["--key", place.public]):
        assert "was altered, and its line in SHA256SUMS with it" in flaws(call, signed, *words)[name]
    assert "ALTERED since it was signed by" in call(signed, "verify", ".", "--key", place.public)[1]


@pytest.mark.parametrize("name", [name for name in FILES if name != "SHA256SUMS"])
def test_an_altered_line_of_the_sums_is_not_blamed_on_a_file_that_is_signed(
    name: str, call: Call, place: Place, signed: Path
) -> None:
    path = signed / "SHA256SUMS"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(f"{'0' * 64}  {name}\n" if line.endswith(f"  {name}\n") else line for line in lines), "utf-8")
    found = flaws(call, signed, "--key", place.public)
    if name in ("statement.sig", "statement.dsse.json"):
        assert found == {name: "was altered, or its line in SHA256SUMS was"}
    else:
        assert found == {"SHA256SUMS": f"was altered: its line for {name} is not that of the file"}


@pytest.mark.parametrize("name", [name for name in FILES if name != "SHA256SUMS"])
def test_a_line_that_the_sums_lack_is_named(name: str, call: Call, place: Place, signed: Path) -> None:
    path = signed / "SHA256SUMS"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.endswith(f"  {name}\n")), "utf-8")
    for words in ([], ["--key", place.public]):
        assert flaws(call, signed, *words) == {"SHA256SUMS": f"does not name {name}"}


def test_every_byte_of_the_statement_counts(call: Call, place: Place, signed: Path) -> None:
    raw = (signed / "statement.json").read_bytes()
    for at in range(0, len(raw), 97):
        (signed / "statement.json").write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
        assert set(flaws(call, signed)) == {"statement.json"}


# --- tampering: signatures -----------------------------------------------------------------------------------


def reseal(call: Call, place: Place, bundle: Path, *words: str) -> None:
    """All of a bundle made anew, with other content: what somebody can do who has no key, or another one."""
    data = (place.repository / "report.json").read_bytes()
    (bundle.parent / "forged.json").write_bytes(data + b"\n")
    name = str(bundle.parent / "forged.json")
    assert call(bundle.parent, "report", name, "--bundle", str(bundle), "--force", *words)[0] == 0


def test_a_bundle_sealed_anew_without_a_key_is_unaltered_but_signed_by_nobody(
    call: Call, place: Place, signed: Path
) -> None:
    reseal(call, place, signed)
    assert UNALTERED in call(signed, "verify", ".")[1]
    code, out, _ = call(signed, "verify", ".", "--key", place.public)
    assert (code, out.splitlines()[0]) == (1, ".: unaltered, but not signed")


def test_a_bundle_sealed_anew_with_another_key_is_not_signed_by_the_first(call: Call, place: Place, signed: Path) -> None:
    reseal(call, place, signed, "--key", str(place.keys / "second.pem"))
    assert call(signed, "verify", ".", "--key", place.other)[0] == 0
    code, out, _ = call(signed, "verify", ".", "--key", place.public)
    assert code == 1
    assert out.startswith(".: NOT SIGNED by sha256:")


def test_a_key_that_lies_in_the_bundle_is_never_taken(call: Call, place: Place, signed: Path) -> None:
    reseal(call, place, signed, "--key", str(place.keys / "second.pem"))
    (signed / "signer.pub.pem").write_bytes(Path(place.other).read_bytes())
    sum_again(signed)
    (signed.parent / "link.pem").symlink_to(signed / "signer.pub.pem")
    for name in ("signer.pub.pem", "./signer.pub.pem", str(signed / "signer.pub.pem"), "../link.pem"):
        code, out, err = call(signed, "verify", ".", "--key", name)
        assert (code, out) == (2, "")
        assert "lies in the bundle, so it proves nothing" in err
    assert call(signed, "verify", ".")[0] == 1
    assert call(signed, "verify", ".", "--key", place.public)[0] == 1


def test_a_signature_of_another_bundle_does_not_count(call: Call, place: Place, signed: Path) -> None:
    there = signed.parent / "there"
    call(place.repository, "report", "report.json", "--bundle", str(there), "--format", "csv", "--key", place.private)
    for name in ("statement.sig", "statement.dsse.json"):
        (signed / name).write_bytes((there / name).read_bytes())
    sum_again(signed)
    assert flaws(call, signed) == {"statement.dsse.json": "holds another statement than statement.json"}
    assert "ALTERED\n" in call(signed, "verify", ".", "--key", place.public)[1]


@pytest.mark.parametrize("length", [0, 1, 32, 63, 65, 128])
def test_a_signature_of_another_length_is_none(length: int, call: Call, place: Place, signed: Path) -> None:
    data = (signed / "statement.sig").read_bytes() * 2
    (signed / "statement.sig").write_bytes(data[:length])
    sum_again(signed)
    assert "statement.sig" in flaws(call, signed)
    found = json.loads(call(signed, "verify", ".", "--key", place.public, "--format", "json")[1])
    assert found["signature"] == "invalid"


@pytest.mark.parametrize("name", ["statement.sig", "statement.dsse.json"])
def test_half_a_signature_is_a_flaw(name: str, call: Call, place: Place, signed: Path) -> None:
    (signed / name).unlink()
    sum_again(signed)
    (left,) = {"statement.sig", "statement.dsse.json"} - {name}
    assert set(flaws(call, signed)) == {left}
    assert call(signed, "verify", ".", "--key", place.public)[0] == 1


def _twice(envelope: dict[str, Any]) -> None:
    envelope["signatures"] *= 2


def _no_signature(envelope: dict[str, Any]) -> None:
    envelope["signatures"] = []


def _other_type(envelope: dict[str, Any]) -> None:
    envelope["payloadType"] = "application/json"


def _other_payload(envelope: dict[str, Any]) -> None:
    text = base64.b64decode(envelope["payload"]).replace(b"FAILED", b"PASSED")
    envelope["payload"] = base64.b64encode(text).decode()


def _other_signature(envelope: dict[str, Any]) -> None:
    envelope["signatures"][0]["sig"] = base64.b64encode(bytes(64)).decode()


def _short_signature(envelope: dict[str, Any]) -> None:
    envelope["signatures"][0]["sig"] = base64.b64encode(bytes(63)).decode()


def _no_base64(envelope: dict[str, Any]) -> None:
    envelope["payload"] = "%" + envelope["payload"]


def _number(envelope: dict[str, Any]) -> None:
    envelope["signatures"][0]["sig"] = 7


def _more(envelope: dict[str, Any]) -> None:
    envelope["key"] = "trust me"


def _no_key_id(envelope: dict[str, Any]) -> None:
    del envelope["signatures"][0]["keyid"]


def _nested(envelope: dict[str, Any]) -> None:
    envelope["signatures"] = {"sig": envelope["signatures"]}


ENVELOPES: list[tuple[Callable[[dict[str, Any]], None], str]] = [
    (_twice, "does not hold exactly one signature"), (_no_signature, "does not hold exactly one signature"),
    (_other_type, "is of another type than application/vnd.in-toto+json"),
    (_other_payload, "holds another statement than statement.json"),
    (_other_signature, "holds another signature than statement.sig"), (_short_signature, "holds a signature of 63 bytes"),
    (_no_base64, "where base64 is expected"), (_number, "where base64 is expected"), (_more, "is no DSSE envelope"),
    (_no_key_id, "not written as DSSE has it"), (_nested, "does not hold exactly one signature"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "why"), ENVELOPES)
def test_an_envelope_that_says_something_else_is_named(
    change: Callable[[dict[str, Any]], None], why: str, call: Call, place: Place, signed: Path
) -> None:
    path = signed / "statement.dsse.json"
    whole = json.loads(path.read_bytes())
    change(whole)
    path.write_bytes(json.dumps(whole, separators=(",", ":")).encode() + b"\n")
    sum_again(signed)
    for words in ([], ["--key", place.public]):
        found = flaws(call, signed, *words)
        assert set(found) == {"statement.dsse.json"}
        assert why in found["statement.dsse.json"]


def test_an_envelope_may_not_be_written_otherwise(call: Call, signed: Path) -> None:
    path = signed / "statement.dsse.json"
    path.write_bytes(json.dumps(json.loads(path.read_bytes()), indent=1).encode())
    sum_again(signed)
    assert "is not written as" in flaws(call, signed)["statement.dsse.json"]


def test_the_key_id_of_an_envelope_decides_nothing(call: Call, place: Place, signed: Path) -> None:
    """Nobody is believed for naming a key: DSSE says that a keyid must not be used for decisions."""
    reseal(call, place, signed, "--key", str(place.keys / "second.pem"))
    path = signed / "statement.dsse.json"
    whole = json.loads(path.read_bytes())
    whole["signatures"][0]["keyid"] = json.loads((place.signed / path.name).read_bytes())["signatures"][0]["keyid"]
    path.write_bytes(json.dumps(whole, separators=(",", ":")).encode() + b"\n")
    sum_again(signed)
    assert call(signed, "verify", ".", "--key", place.public)[0] == 1
    assert "NOT SIGNED" in call(signed, "verify", ".", "--key", place.public)[1]


def test_a_changed_key_id_is_an_alteration_where_the_key_is_known(call: Call, place: Place, signed: Path) -> None:
    path = signed / "statement.dsse.json"
    whole = json.loads(path.read_bytes())
    whole["signatures"][0]["keyid"] = ""
    path.write_bytes(json.dumps(whole, separators=(",", ":")).encode() + b"\n")
    sum_again(signed)
    assert flaws(call, signed, "--key", place.public) == {
        "statement.dsse.json": "was altered: it names another key than the one that signed"
    }


# --- hostile bundles -----------------------------------------------------------------------------------------

A = "a" * 64
SUMS = {
    "traversal": f"{A}  ../../etc/passwd\n", "absolute": f"{A}  /etc/passwd\n", "backslash": f"\\{A}  a\\nb\n",
    "windows": f"{A}  ..\\x\n", "folder": f"{A}  a/b\n", "space": f"{A}  a b\n", "hidden": f"{A}  .x\n", "dot": f"{A}  ..\n",
    "binary": f"{A} *report.json\n", "upper": f"{A.upper()}  x\n", "short": f"{A[:-1]}  x\n", "crlf": f"{A}  x\r\n",
    "twice": f"{A}  x\n{A}  x\n", "unsorted": f"{A}  y\n{A}  x\n", "no end": f"{A}  x", "blank": f"{A}  x\n\n",
    "comment": f"# hello\n{A}  x\n", "nul": f"{A}  x\0y\n", "escape": f"{A}  \x1b[2Jx\n", "option": f"{A}  --help\n",
    "not utf-8": f"{A}  \udcff\n", "long": f"{A}  {'x' * 101}\n", "bsd": f"SHA256 (x) = {A}\n", "stdin": f"{A}  -\n",
}  # fmt: skip


@pytest.mark.parametrize("text", SUMS.values(), ids=SUMS)
def test_sums_that_we_do_not_write_are_not_followed(text: str, call: Call, place: Place, signed: Path) -> None:
    (signed / "SHA256SUMS").write_bytes(text.encode("utf-8", "surrogateescape"))
    found = flaws(call, signed, "--key", place.public)
    assert set(found) == {"SHA256SUMS"}
    assert re.match("line [12] is|does not end with a whole line", found["SHA256SUMS"])


def test_nothing_outside_the_folder_is_opened(call: Call, signed: Path) -> None:
    """Opening this pipe would wait for ever."""
    os.mkfifo(signed.parent / "outside")
    for name in ("../outside", str(signed.parent / "outside")):
        (signed / "SHA256SUMS").write_text(f"{A}  {name}\n", "utf-8")
        assert set(flaws(call, signed)) == {"SHA256SUMS"}


def _statement(bundle: Path, change: Callable[[dict[str, Any]], None]) -> None:
    whole = json.loads((bundle / "statement.json").read_bytes())
    change(whole)
    (bundle / "statement.json").write_bytes(json.dumps(whole).encode())
    sum_again(bundle)


def _subject(name: Any, digest: Any = None) -> Callable[[dict[str, Any]], None]:
    def add(whole: dict[str, Any]) -> None:
        whole["subject"].append({"name": name, "digest": {"sha256": A} if digest is None else digest})

    return add


STATEMENTS: list[tuple[Callable[[dict[str, Any]], None], str]] = [
    (_subject("../x"), "not of this folder"), (_subject("/etc/passwd"), "not of this folder"),
    (_subject("report.json"), "names a file twice"), (_subject("a\nb"), "not of this folder"),
    (_subject(7), "without a name"), (_subject("x", {}), "without a name or a sha256"), (_subject("x", []), "a sha256"),
    (_subject("x", {"sha256": "A" * 64}), "a sha256"), (_subject("inputs/more.yaml"), "other manifests than report.json"),
    (_subject("SHA256SUMS"), "names SHA256SUMS, which was written after it"),
    (lambda whole: whole["subject"].pop(0), "does not name INPUTS.txt"),
    (lambda whole: whole["predicate"].update(result="PASSED"), "says PASSED, and report.json does not"),
    (lambda whole: whole["predicate"].update(result="WARNED"), "says WARNED, and report.json does not"),
    (lambda whole: whole["predicate"].update(result=["PASSED"]), "report.json does not"),
    (lambda whole: whole["predicate"]["policycheck"].update(report_id="x"), "is of another report than report.json"),
    (lambda whole: whole.update(predicate=[]), "is of another report than report.json"),
    (lambda whole: whole["subject"].remove(next(one for one in whole["subject"] if "/" in one["name"])), "other manifests"),
    (lambda whole: whole["subject"].pop(), "does not name report.xlsx"),
    (lambda whole: whole.update(subject={}), "without a name"), (lambda whole: whole.pop("subject"), "without a name"),
    (lambda whole: whole.update(predicateType="x"), "no in-toto statement"), (lambda whole: whole.pop("_type"), "no in-"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "why"), STATEMENTS)
def test_a_statement_that_does_not_fit_is_named(
    change: Callable[[dict[str, Any]], None], why: str, call: Call, unsigned: Path
) -> None:
    _statement(unsigned, change)
    assert why in flaws(call, unsigned)["statement.json"]


def test_a_statement_says_nothing_twice(call: Call, unsigned: Path) -> None:
    """One reader would take the first list of subjects, another one the last."""
    path = unsigned / "statement.json"
    path.write_bytes(path.read_bytes().replace(b"{", b'{"subject":[],', 1))
    sum_again(unsigned)
    assert flaws(call, unsigned) == {"statement.json": "is not one JSON text"}


def test_a_statement_names_what_is_there(call: Call, unsigned: Path) -> None:
    _statement(unsigned, _subject("report.pdf"))
    assert flaws(call, unsigned) == {"report.pdf": "was removed: it is not there"}


BOMBS = {
    "deep": b"[" * 200_000, "deep objects": b'{"a":' * 200_000, "digits": b'{"_type":' + b"9" * 5000 + b"}", "empty": b"",
    "binary": bytes(range(256)), "a list": b"[]", "a word": b"null", "nan": b"NaN", "twice": b'{"_type":1,"_type":2}',
    "surrogate": b'"\\ud800"',
}  # fmt: skip


@pytest.mark.parametrize("raw", BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize("name", ["statement.json", "statement.dsse.json", "report.json"])
def test_what_cannot_be_understood_is_named(name: str, raw: bytes, call: Call, place: Place, signed: Path) -> None:
    (signed / name).write_bytes(raw)
    sum_again(signed)
    for words in ([], ["--key", place.public]):
        assert name in flaws(call, signed, *words)


def test_a_report_that_does_not_fit_its_id_is_named(call: Call, unsigned: Path) -> None:
    """Somebody sealed it so: every digest is right."""
    path = unsigned / "report.json"
    path.write_bytes(path.read_bytes().replace(b'"as_of":"2026-11-21"', b'"as_of":"2026-11-20"', 1))

    def fit(whole: dict[str, Any]) -> None:
        for one in whole["subject"]:
            if one["name"] == "report.json":
                import hashlib

                one["digest"]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()

    _statement(unsigned, fit)
    found = flaws(call, unsigned)
    assert set(found) == {"report.json"}
    assert "its report_id is not that of its content" in found["report.json"]


@pytest.mark.parametrize(
    ("name", "size"),
    [("report.csv", contents.MOST_FILE), ("report.json", contents.MOST_REPORT), ("statement.json", contents.MOST_STATEMENT),
     ("statement.dsse.json", contents.MOST_STATEMENT), ("SHA256SUMS", contents.MOST_SUMS), ("statement.sig", 64)],
)  # fmt: skip
def test_what_is_too_large_is_not_read(name: str, size: int, call: Call, signed: Path) -> None:
    with (signed / name).open("r+b") as file:
        file.truncate(size + 1)
    assert f"is larger than {size} bytes, the most that is read" in flaws(call, signed)[name]


@pytest.mark.parametrize("name", FILES)
def test_a_link_is_not_followed(name: str, call: Call, place: Place, signed: Path) -> None:
    (signed / name).unlink()
    (signed / name).symlink_to(place.signed / name)
    for words in ([], ["--key", place.public]):
        assert flaws(call, signed, *words)[name] == "is a symbolic link, and none is followed"


@pytest.mark.parametrize("name", FILES)
def test_a_pipe_or_a_folder_is_not_opened(name: str, call: Call, signed: Path) -> None:
    (signed / name).unlink()
    os.mkfifo(signed / name)
    assert flaws(call, signed)[name] == "is not a regular file"
    (signed / name).unlink()
    (signed / name).mkdir()
    assert flaws(call, signed)[name] == "is a folder; a bundle has none"


def test_a_stranger_of_any_kind_was_added(call: Call, signed: Path) -> None:
    os.mkfifo(signed / "pipe")
    (signed / "folder").mkdir()
    (signed / "link").symlink_to("report.json")
    assert flaws(call, signed) == dict.fromkeys(("pipe", "folder", "link"), "was added: it is not of this bundle")


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(call: Call, signed: Path) -> None:
    (signed / "report.csv").chmod(0)
    assert "cannot be opened" in flaws(call, signed)["report.csv"]


def test_many_strangers_are_counted(call: Call, signed: Path) -> None:
    for number in range(200):
        (signed / f"x{number}").touch()
    code, out, _ = call(signed, "verify", ".")
    assert code == 1
    assert len(out.splitlines()) < 60
    assert "  and 150 more\n" in out


def test_where_files_cannot_be_opened_safely_nothing_is_called_altered(
    call: Call, signed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opener, "_SAFE", False)
    code, out, err = call(signed, "verify", ".")
    assert (code, out) == (5, "")
    assert err == (
        "policycheck: this platform cannot open files without following links; README.txt says how to check by hand\n"
    )


# --- what is no bundle, and wrong calls ----------------------------------------------------------------------


def test_exit_codes(call: Call, place: Place, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "loose").mkdir()
    (tmp_path / "loose" / "report.json").write_bytes((place.repository / "report.json").read_bytes())
    for name, code, why in (
        ("nowhere", 2, "nowhere does not exist"), ("empty", 3, "is no bundle: neither SHA256SUMS nor statement.json"),
        ("loose", 3, "is no bundle: neither"), ("file", 3, "is no bundle: a bundle is a folder"),
    ):  # fmt: skip
        found, out, err = call(tmp_path, "verify", name)
        assert (found, out) == (code, "")
        assert why in err
        assert len(err.splitlines()) == 1


def _wrong_keys() -> dict[str, tuple[bytes, str]]:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519

    return {
        "private": (pem(ed25519(1)), "is a private key, which stays with who signs"),
        "rsa": (public_pem(rsa.generate_private_key(65537, 2048)), "is no ed25519 key"),
        "ec": (public_pem(ec.generate_private_key(ec.SECP256R1())), "is no ed25519 key"),
        "x25519": (public_pem(x25519.X25519PrivateKey.generate()), "is no ed25519 key"),
        "certificate": (b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n", "is a certificate"),
        "nothing": (b"", "is no public key in PEM"), "noise": (bytes(range(256)), "is no public key in PEM"),
        "cut": (public_pem(ed25519(1))[:60], "is no public key in PEM"), "long": (b"x" * 100_000, "longer than any"),
    }  # fmt: skip


def test_a_wrong_key_is_one_line(call: Call, place: Place, tmp_path: Path) -> None:
    for name, (raw, why) in _wrong_keys().items():
        (tmp_path / name).write_bytes(raw)
        code, out, err = call(tmp_path, "verify", str(place.signed), "--key", name)
        assert (code, out) == (2, ""), name
        assert f"--key {name} {why}" in err or why in err, name
        assert len(err.splitlines()) == 1, name
    code, _, err = call(tmp_path, "verify", str(place.signed), "--key", "nowhere.pem")
    assert (code, err) == (2, "policycheck: --key nowhere.pem cannot be read: no such file or directory\n")


@pytest.mark.parametrize("command", ["verify", "report"])
def test_the_help_teaches_by_example(command: str, call: Call, tmp_path: Path) -> None:
    code, out, _ = call(tmp_path, command, "--help")
    assert code == 0
    assert sum(line.strip().startswith(f"policycheck {command} ") for line in out.splitlines()) >= 2
    assert max(map(len, out.splitlines())) <= 100
