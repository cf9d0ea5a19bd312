"""`policycheck report --bundle`: what lies in a bundle, that its README is true, and that nothing is written by halves."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from policycheck.seal import contents, signature
from policycheck.seal.draft import Draft

from .conftest import Call, Place
from .sealing import AS_OF, CRITERIA, FILES, ROOT, ed25519, pem, public_pem

UNSIGNED = tuple(name for name in FILES if name not in ("statement.sig", "statement.dsse.json"))


def bundle(call: Call, place: Place, folder: Path, *words: str, report: str = "") -> tuple[int, str, str]:
    return call(place.repository, "report", report or "report.json", "--bundle", str(folder), *words)


def everything(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# --- what lies in it -----------------------------------------------------------------------------------------


def test_a_bundle_holds_the_report_and_the_documents_made_of_it(call: Call, place: Place, tmp_path: Path) -> None:
    assert sorted(os.listdir(place.signed)) == sorted(FILES)
    assert sorted(os.listdir(place.unsigned)) == sorted(UNSIGNED)
    assert (place.signed / "report.json").read_bytes() == (place.repository / "report.json").read_bytes()
    for name in ("html", "xlsx", "csv", "markdown"):
        call(place.repository, "report", "report.json", "--output", f"{name}={tmp_path / name}")
        assert (place.signed / contents.file_name(name)).read_bytes() == (tmp_path / name).read_bytes()


def test_its_permissions_do_not_depend_on_who_writes(call: Call, place: Place, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        assert bundle(call, place, tmp_path / "b", "--key", place.private)[0] == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o755
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "b").iterdir()} == {0o644}


def test_the_same_report_and_key_give_the_same_bytes(place: Place, tmp_path: Path) -> None:
    """From another folder, on another terminal, in another time zone."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TZ": "Asia/Tokyo", "COLUMNS": "200", "PYTHONHASHSEED": "7"}
    call = [sys.executable, "-m", "policycheck", "report", str(place.repository / "report.json")]
    call += ["--bundle", "again", "--key", place.private]
    done = subprocess.run(call, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert everything(tmp_path / "again") == everything(place.signed)


@pytest.mark.parametrize("folder", [".", "corner-shop"])
def test_documents_with_lines_do_not_depend_on_the_folder_either(
    folder: str, call: Call, place: Place, tmp_path: Path
) -> None:
    words = ("--format", "text", "--format", "markdown", "--root", str(place.repository), "-v", "--by", "finding")
    report = str(place.repository / "report.json")
    code, _, err = call(place.repository / folder, "report", report, "--bundle", str(tmp_path / "b"), *words)
    assert code == 0, err
    text = (tmp_path / "b" / "report.txt").read_text("utf-8")
    assert "\ncorner-shop/policycheck.yaml:" in text
    assert " | " in text
    assert "\x1b" not in text
    call(place.repository, "report", report, "--bundle", str(tmp_path / "c"), *words[:4], "--root", ".", "-v")
    assert everything(tmp_path / "b") == everything(tmp_path / "c")


def test_formats_are_chosen_and_the_report_is_always_there(call: Call, place: Place, tmp_path: Path) -> None:
    words = ("--format", "sarif", "--format", "junit", "--format", "sarif")
    assert bundle(call, place, tmp_path / "b", *words)[0] == 0
    assert set(everything(tmp_path / "b")) == {
        "report.json", "report.sarif", "report.junit.xml", "INPUTS.txt", "README.txt", "statement.json", "SHA256SUMS",
    }  # fmt: skip
    assert call(tmp_path, "verify", "b")[0] == 0


def test_every_format_has_a_name_of_its_own() -> None:
    from policycheck import rooms

    names = [contents.file_name(name) for name in rooms.names("formats")]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"report\.[a-z.-]+", name) for name in names)


def test_a_report_may_come_from_standard_input(place: Place, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-m", "policycheck", "report", "-", "--bundle", "b", "--format", "csv"]
    raw = (place.repository / "report.json").read_bytes()
    done = subprocess.run(words, cwd=tmp_path, env=environment, input=raw, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "b" / "report.json").read_bytes() == raw


def test_what_was_sealed_is_told(call: Call, place: Place, tmp_path: Path) -> None:
    code, out, err = bundle(call, place, tmp_path / "b", "--format", "csv")
    digest = hashlib.sha256((tmp_path / "b" / "SHA256SUMS").read_bytes()).hexdigest()
    assert (code, out) == (0, "")
    assert err == f"policycheck: sealed {tmp_path / 'b'}: SHA256SUMS has sha256:{digest}\n"
    assert f"SHA256SUMS has sha256:{digest}" in call(tmp_path, "verify", "b")[1]


# --- formats whose library is missing ------------------------------------------------------------------------


def without(library: str, place: Place, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command line where a library is not installed."""
    hidden = folder / "hidden"
    hidden.mkdir(exist_ok=True)
    (hidden / f"{library}.py").write_text(f"raise ModuleNotFoundError('No module named {library}', name='{library}')\n")
    environment = {**os.environ, "PYTHONPATH": f"{hidden}{os.pathsep}{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
    call = [sys.executable, "-m", "policycheck", *words]
    return subprocess.run(call, cwd=place.repository, env=environment, capture_output=True, text=True, check=False)


def test_a_usual_format_that_cannot_be_made_is_named(call: Call, place: Place, tmp_path: Path) -> None:
    done = without("xlsxwriter", place, tmp_path, "report", "report.json", "--bundle", str(tmp_path / "b"), "--quiet")
    why = "xlsx: --format xlsx needs XlsxWriter: pip install 'policycheck[xlsx]'"
    assert (done.returncode, done.stderr) == (0, f"policycheck: left out: {why}\n")
    assert "report.xlsx" not in everything(tmp_path / "b")
    readme = " ".join((tmp_path / "b" / "README.txt").read_text("utf-8").split())
    assert "Left out: xlsx (--format xlsx needs XlsxWriter: pip install 'policycheck[xlsx]')" in readme
    assert call(tmp_path, "verify", "b")[0] == 0


def test_a_format_that_was_asked_for_and_cannot_be_made_is_an_error(place: Place, tmp_path: Path) -> None:
    words = ("report", "report.json", "--bundle", str(tmp_path / "b"), "--format", "csv", "--format", "xlsx")
    done = without("xlsxwriter", place, tmp_path, *words)
    assert done.returncode == 2
    assert "needs XlsxWriter" in done.stderr
    assert sorted(os.listdir(tmp_path)) == ["hidden"]


def test_signing_and_checking_say_what_they_need(call: Call, place: Place, tmp_path: Path) -> None:
    for words in (("report", "report.json", "--bundle", str(tmp_path / "b"), "--key", place.private),
                  ("verify", str(place.signed), "--key", place.public)):  # fmt: skip
        done = without("cryptography", place, tmp_path, *words)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "policycheck: --key needs cryptography: pip install 'policycheck[sign]'\n"
    assert sorted(os.listdir(tmp_path)) == ["hidden"]


def test_nothing_but_a_key_needs_cryptography(place: Place, tmp_path: Path) -> None:
    assert without("cryptography", place, tmp_path, "report", "report.json", "--bundle", str(tmp_path / "b")).returncode == 0
    assert without("cryptography", place, tmp_path, "verify", str(tmp_path / "b")).returncode == 0
    assert without("cryptography", place, tmp_path, "verify", str(place.signed)).returncode == 0
    assert without("cryptography", place, tmp_path, "verify", "--help").returncode == 0


# --- INPUTS.txt, the statement, the signature ----------------------------------------------------------------


def test_inputs_name_every_file_that_was_read_once(place: Place) -> None:
    report = json.loads((place.repository / "report.json").read_bytes())
    read = [one for record in report["results"] for one in record["inputs"]]
    read += [one for record in report["results"] for entry in record["artefacts"] for one in entry["artefacts"]]
    lines = (place.signed / "INPUTS.txt").read_text("utf-8").splitlines()
    named = [line for line in lines if not line.startswith("#")]
    assert len(named) == len(set(named))
    assert set(named) == {f"{one['sha256']}  {one['path']}" for one in read}
    assert {f"# {one['size']} bytes" for one in read} <= set(lines)


ODD = {
    "a\nb": None, "/etc/passwd": None, "../up": None, "a/../../up": None, "<stdin>": None, "\x1b[2J": None, "\u202ex": None,
    "a b": "{}  a b", "back\\slash": "\\{}  back\\\\slash", "ünder": "{}  ünder", "#x": "{}  #x",
}  # fmt: skip


@pytest.mark.parametrize(("path", "line"), ODD.items())
def test_inputs_have_a_line_only_for_what_can_be_checked(path: str, line: str | None) -> None:
    one = {"path": path, "size": 3, "sha256": "a" * 64}
    text = contents.inputs({"report_id": "x", "results": [{"inputs": [one], "artefacts": []}]}).decode()
    named = [line for line in text.splitlines() if not line.startswith("#")]
    assert named == ([] if line is None else [line.format("a" * 64)])
    assert ("cannot be checked by name" in text) == (line is None)
    assert all(one.isprintable() for one in text.splitlines())


def test_the_statement_names_every_file_before_it_and_every_manifest(place: Place) -> None:
    whole = json.loads((place.signed / "statement.json").read_bytes())
    assert whole["_type"] == "https://in-toto.io/Statement/v1"
    assert whole["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    found = {one["name"]: one["digest"]["sha256"] for one in whole["subject"]}
    assert whole["predicate"]["result"] == "FAILED"
    for name in UNSIGNED:
        if name not in ("SHA256SUMS", "statement.json"):
            assert found.pop(name) == hashlib.sha256((place.signed / name).read_bytes()).hexdigest()
    for name, digest in found.items():
        path = place.repository / name.removeprefix("inputs/")
        assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert {"inputs/corner-shop/policycheck.yaml", "inputs/tern-ai/policycheck.yaml"} <= set(found)


def test_the_signature_is_of_the_statement_as_dsse_encodes_it(place: Place) -> None:
    payload = (place.signed / "statement.json").read_bytes()
    whole = json.loads((place.signed / "statement.dsse.json").read_bytes())
    (only,) = whole["signatures"]
    assert whole["payloadType"] == "application/vnd.in-toto+json"
    assert base64.b64decode(whole["payload"]) == payload
    assert base64.b64decode(only["sig"]) == (place.signed / "statement.sig").read_bytes()
    encoded = b"DSSEv1 28 application/vnd.in-toto+json " + str(len(payload)).encode() + b" " + payload
    assert signature.signed_bytes(payload) == encoded
    ed25519(1).public_key().verify(base64.b64decode(only["sig"]), encoded)
    der = base64.b64decode("".join(Path(place.public).read_text("utf-8").splitlines()[1:-1]))
    assert only["keyid"] == hashlib.sha256(der).hexdigest()


# --- its README, by hand -------------------------------------------------------------------------------------


def section(folder: Path, title: str) -> list[str]:
    """The commands under a title of the README."""
    text = (folder / "README.txt").read_text("utf-8")
    found = re.search(rf"^{re.escape(title)}\n-+\n(.*?)(?=^[^\n]+\n-{{3,}}$|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, title
    return [line.removeprefix("    ") for line in found[1].splitlines() if line.startswith("    ")]


def shell(folder: Path, lines: list[str], key: str = "") -> subprocess.CompletedProcess[str]:
    """Commands of the README in a plain shell, which stops at the first that fails; policycheck is this one."""
    own = f'policycheck() {{ "{sys.executable}" -m policycheck "$@"; }}'
    script = "\n".join(["set -e", own, *lines]).replace("signer.pub.pem", key)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C"}
    return subprocess.run(["sh", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False)


needs_sha256sum = pytest.mark.skipif(shutil.which("sha256sum") is None, reason="not run: sha256sum is not installed")


def _openssl() -> str:
    """Why openssl cannot be used here; empty when it can."""
    if shutil.which("openssl") is None:
        return "not run: openssl is not installed"
    said = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=False).stdout
    return "" if re.match(r"OpenSSL [3-9]", said) else f"not run: {said.strip()} has no pkeyutl -rawin for ed25519"


needs_openssl = pytest.mark.skipif(bool(_openssl()), reason=_openssl() or "there")


@needs_sha256sum
@pytest.mark.parametrize("kind", ["signed", "unsigned"])
def test_the_sums_can_be_checked_by_hand(kind: str, place: Place) -> None:
    folder = getattr(place, kind)
    count = len(os.listdir(folder)) - 1
    done = shell(folder, section(folder, "Is it unaltered?"))
    assert (done.returncode, done.stderr) == (0, "")
    assert [line for line in done.stdout.splitlines() if not line.endswith(": OK")] == [str(count)]
    assert done.stdout.count(": OK\n") == count
    assert f"must print {count}." in " ".join((folder / "README.txt").read_text("utf-8").split())


@needs_sha256sum
@needs_openssl
def test_the_signature_can_be_checked_by_hand(place: Place) -> None:
    lines = section(place.signed, "Who sealed it?")
    done = shell(place.signed, lines, place.public)
    assert done.returncode == 0, done.stderr
    assert "Signature Verified Successfully\n" in done.stdout
    files = {name for name in UNSIGNED if name not in ("SHA256SUMS", "statement.json")}
    assert {line for line in done.stdout.splitlines() if line.endswith(": OK")} == {f"{name}: OK" for name in files}
    digest = done.stdout.split()[0]
    assert digest in (place.signed / "README.txt").read_text("utf-8")
    assert "signed by sha256:" + digest in done.stdout


@needs_sha256sum
@needs_openssl
@pytest.mark.parametrize("name", ["statement.json", "statement.sig", "report.html", "README.txt", "INPUTS.txt"])
def test_the_check_by_hand_finds_what_was_altered(name: str, place: Place, signed: Path) -> None:
    lines = [line for line in section(signed, "Who sealed it?") if "policycheck" not in line]
    data = bytearray((signed / name).read_bytes())
    data[len(data) // 2] ^= 1
    (signed / name).write_bytes(data)
    assert shell(signed, lines, place.public).returncode != 0
    assert shell(signed, section(place.signed, "Is it unaltered?")).returncode != 0
    assert shell(place.signed, lines, place.public).returncode == 0
    assert shell(place.signed, lines, place.other).returncode != 0


@needs_sha256sum
def test_the_files_that_were_judged_can_be_checked_by_hand(place: Place, tmp_path: Path) -> None:
    (line,) = section(place.signed, "Are these the files that were judged?")
    line = line.replace("INPUTS.txt", str(place.signed / "INPUTS.txt"))
    done = shell(place.repository, [line])
    assert (done.returncode, done.stderr) == (0, "")
    shutil.copytree(place.repository, tmp_path / "changed")
    with (tmp_path / "changed" / "corner-shop" / "deploy" / "nginx.conf").open("a") as file:
        file.write("#\n")
    done = shell(tmp_path / "changed", [line])
    assert done.returncode != 0
    assert "corner-shop/deploy/nginx.conf: FAILED\n" in done.stdout


def test_the_run_can_be_done_again_by_hand(place: Place, tmp_path: Path) -> None:
    shutil.copytree(place.repository, tmp_path / "there")
    (tmp_path / "there" / "report.json").unlink()
    # What did not count then does not count now.
    (tmp_path / "there" / ".policycheck.toml").write_text('fail_on = "high"\nexclude = ["corner-shop"]\n', "utf-8")
    lines = section(place.unsigned, "How to do it again")
    done = shell(tmp_path / "there", [f"{lines[0]} || test $? = 1", lines[1]])
    assert done.returncode == 0, done.stderr
    assert everything(tmp_path / "there" / "again") == everything(place.unsigned)
    readme = (place.unsigned / "README.txt").read_text("utf-8")
    report = json.loads((place.unsigned / "report.json").read_bytes())
    assert readme.startswith(f"Report {report['report_id']}\nas of {AS_OF}, 2 manifests, written by policycheck ")
    assert all(pack["digest"] in readme for pack in report["criteria"]["packs"])


def test_a_run_with_invalid_files_can_be_done_again_by_hand(call: Call, place: Place, tmp_path: Path) -> None:
    """A part that cannot be read, one that nobody includes, and an id that is there twice: each belongs to the run."""
    shutil.copytree(place.repository, tmp_path / "there")
    one = (place.repository / "corner-shop" / "policycheck.yaml").read_bytes()
    for name, text in (
        ("a/policycheck.yaml", one), ("b/policycheck.yaml", b"include: [x.policycheck-part.yaml]\npolicycheck: 1\n"),
        ("b/x.policycheck-part.yaml", b"surfaces: [\n"), ("c/y.policycheck-part.yaml", b"surfaces: []\n"),
    ):  # fmt: skip
        (tmp_path / "there" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "there" / name).write_bytes(text)
    first = tmp_path / "r.json"
    words = ("--root", ".", *CRITERIA, "--as-of", AS_OF, "--output", f"json={first}")
    assert call(tmp_path / "there", "check", ".", *words)[0] == 3
    assert len({problem["path"] for problem in json.loads(first.read_bytes())["problems"]}) == 4
    call(tmp_path / "there", "report", str(first), "--bundle", str(tmp_path / "b"), "-q")
    line = section(tmp_path / "b", "How to do it again")[0]
    assert shell(tmp_path / "there", [f"{line} || test $? = 3"]).returncode == 0
    again = json.loads((tmp_path / "there" / "report.json").read_bytes())
    assert again["report_id"] == json.loads(first.read_bytes())["report_id"]
    assert line.partition(" --as-of")[0] in " ".join((tmp_path / "b" / "report.html").read_text("utf-8").split())


def test_a_baseline_beside_which_nothing_was_found_is_named_too(call: Call, tmp_path: Path) -> None:
    """It decided over the run: without it the report has another id."""
    shutil.copytree(ROOT / "examples" / "corner-shop-fixed", tmp_path / "there")
    text = f"policycheck-baseline: 1\nwritten_on: {AS_OF}\npacks: {{}}\nrules: []\ngaps: []\n"
    (tmp_path / "there" / "none.yaml").write_text(text, "utf-8")
    words = ("--root", ".", "--as-of", AS_OF, "--baseline", "none.yaml", "--output", f"json={tmp_path / 'r.json'}")
    assert call(tmp_path / "there", "check", ".", *words)[0] == 0
    bundle(call, Place(tmp_path / "there", *[tmp_path] * 3), tmp_path / "b", "-q", report=str(tmp_path / "r.json"))
    assert " --baseline none.yaml" in section(tmp_path / "b", "How to do it again")[0]
    assert " --baseline none.yaml" in " ".join((tmp_path / "b" / "report.html").read_text("utf-8").split())


def test_options_are_repeated_in_how_to_do_it_again(call: Call, place: Place, tmp_path: Path) -> None:
    words = ("--criteria", "CJS24", "--fail-on", "high", "--allow-unknown", "--no-evidence", "--as-of", AS_OF)
    call(place.repository, "check", "tern-ai", "--root", ".", *words, "--output", f"json={tmp_path / 'r.json'}")
    options = ("--format", "csv", "--format", "table", "--by", "expectation", "--show-values")
    assert bundle(call, place, tmp_path / "b", *options, report=str(tmp_path / "r.json"))[0] == 0
    check, again = section(tmp_path / "b", "How to do it again")
    assert all(word in check.split() for word in words)
    assert again == "policycheck report report.json --bundle again " + " ".join(options)


def test_what_was_left_out_is_left_out_again(call: Call, place: Place, tmp_path: Path) -> None:
    """Of a report that is made without values, and of one that was written so."""
    words = ("check", ".", "--root", ".", *CRITERIA, "--as-of", AS_OF, "--redact")
    call(place.repository, *words, "--output", f"json={tmp_path / 'r.json'}")
    assert bundle(call, place, tmp_path / "a", "--redact", "-q") == (0, "", "")
    assert bundle(call, place, tmp_path / "b", "-q", report=str(tmp_path / "r.json")) == (0, "", "")
    assert everything(tmp_path / "a") == everything(tmp_path / "b")
    assert section(tmp_path / "a", "How to do it again")[1] == "policycheck report report.json --bundle again --redact"
    assert call(tmp_path, "verify", "a")[0] == 0


def test_who_signed_the_paper_is_sealed_with_it(call: Call, place: Place, tmp_path: Path) -> None:
    report = json.loads((place.repository / "report.json").read_bytes())["report_id"]
    (tmp_path / "who.yaml").write_text(
        f"policycheck-review: 1\nreport: {report}\nprepared_by: {{name: Ada Example, role: author, date: 2026-11-21}}\n",
        "utf-8",
    )
    words = ("--for-signature", "--review", str(tmp_path / "who.yaml"))
    assert bundle(call, place, tmp_path / "b", *words, "-q") == (0, "", "")
    assert (tmp_path / "b" / "review.yaml").read_bytes() == (tmp_path / "who.yaml").read_bytes()
    assert b"Ada Example" in (tmp_path / "b" / "report.html").read_bytes()
    readme = (tmp_path / "b" / "README.txt").read_text("utf-8")
    assert re.search(r"^review\.yaml +who prepared, reviewed and approved it$", readme, re.MULTILINE)
    assert f"must print {len(os.listdir(tmp_path / 'b')) - 1}." in " ".join(readme.split())
    assert call(tmp_path, "verify", "b")[0] == 0
    with (tmp_path / "b" / "review.yaml").open("a") as file:
        file.write("approved_by: {name: Ben Example, role: DPO, date: 2026-11-22}\n")
    assert "  review.yaml: was altered\n" in call(tmp_path, "verify", "b")[1]


def test_an_unsigned_bundle_does_not_speak_of_a_signer(place: Place) -> None:
    text = (place.unsigned / "README.txt").read_text("utf-8")
    assert "Nobody signed this bundle" in text
    assert "openssl" not in text
    assert "statement.sig" not in text


def test_a_manifest_whose_name_looks_like_an_option_is_none(call: Call, place: Place, tmp_path: Path) -> None:
    name = "--output=b.policycheck.yaml"
    (tmp_path / name).write_bytes((place.repository / "corner-shop" / "policycheck.yaml").read_bytes())
    call(tmp_path, "check", ".", "--no-evidence", "--as-of", AS_OF, "--output", "json=r.json")
    assert bundle(call, place, tmp_path / "b", "--format", "csv", report=str(tmp_path / "r.json"))[0] == 0
    assert section(tmp_path / "b", "How to do it again")[0].startswith(f"policycheck check ./{name} --root . ")


def test_the_readme_has_nothing_that_a_terminal_obeys(call: Call, place: Place, tmp_path: Path) -> None:
    name = "\x1b[2J\nHow to do it again\n.policycheck.yaml"
    (tmp_path / name).write_bytes((place.repository / "corner-shop" / "policycheck.yaml").read_bytes())
    call(tmp_path, "check", name, "--no-evidence", "--as-of", AS_OF, "--output", "json=r.json")
    assert bundle(call, place, tmp_path / "b", "--format", "csv", report=str(tmp_path / "r.json"))[0] == 0
    for file in ("README.txt", "INPUTS.txt", "statement.json"):
        text = (tmp_path / "b" / file).read_text("utf-8")
        assert all(line.isprintable() for line in text.splitlines()), file
        assert text.count("\nHow to do it again\n") == (file == "README.txt")
    assert call(tmp_path, "verify", "b")[0] == 0


# --- keys ----------------------------------------------------------------------------------------------------


@needs_openssl
def test_a_key_that_openssl_made_signs(call: Call, place: Place, tmp_path: Path) -> None:
    for words in (
        ["genpkey", "-algorithm", "ed25519", "-out", "k.pem"],
        ["pkey", "-in", "k.pem", "-pubout", "-out", "p.pem"],
    ):
        subprocess.run(["openssl", *words], cwd=tmp_path, check=True, capture_output=True)
    assert bundle(call, place, tmp_path / "b", "--format", "csv", "--key", str(tmp_path / "k.pem"))[0] == 0
    assert call(tmp_path, "verify", "b", "--key", "p.pem")[0] == 0
    assert call(tmp_path, "verify", "b", "--key", place.public)[0] == 1


def test_an_encrypted_key_takes_its_passphrase_from_the_environment(
    call: Call, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "k.pem"
    key.write_bytes(pem(ed25519(1), b"correct horse"))
    key.chmod(0o600)
    words = ("--format", "csv", "--key", str(key))
    monkeypatch.setenv("SECRET", "correct horse")
    code, out, err = bundle(call, place, tmp_path / "b", *words, "--passphrase-env", "SECRET")
    assert code == 0, err
    assert call(tmp_path, "verify", "b", "--key", place.public)[0] == 0
    written = b"".join(everything(tmp_path / "b").values()) + out.encode() + err.encode()
    assert b"correct horse" not in written
    assert b"SECRET" not in written
    for more, why in (
        ([], "is encrypted: --passphrase-env names the environment variable that holds its passphrase"),
        (["--passphrase-env", "UNSET"], "--passphrase-env UNSET: that variable is empty or not set"),
        (["--passphrase-env", "WRONG"], "cannot be decrypted: wrong passphrase"),
    ):
        monkeypatch.setenv("WRONG", "wrong donkey")
        code, _, err = bundle(call, place, tmp_path / "c", *words, *more)
        assert (code, len(err.splitlines())) == (2, 1)
        assert why in err
        assert "donkey" not in err
    code, _, err = bundle(call, place, tmp_path / "c", "--key", place.private, "--passphrase-env", "SECRET")
    assert (code, "is not encrypted: leave --passphrase-env out" in err) == (2, True)
    assert not (tmp_path / "c").exists()


def _wrong_keys() -> dict[str, tuple[bytes, str]]:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    openssh = ed25519(1).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    return {
        "public": (public_pem(ed25519(1)), "is a public key; a bundle is signed with the private one"),
        "rsa": (pem(rsa.generate_private_key(65537, 2048)), "is no ed25519 key"),
        "ec": (pem(ec.generate_private_key(ec.SECP256R1())), "is no ed25519 key"),
        "openssh": (openssh, "is no private key in PEM (PKCS 8)"), "nothing": (b"", "is no private key in PEM"),
        "noise": (bytes(range(256)), "is no private key in PEM"), "cut": (pem(ed25519(1))[:70], "is no private key in PEM"),
        "long": (b"x" * 100_000, "is longer than any"),
    }  # fmt: skip


def test_a_wrong_key_is_one_line_and_writes_nothing(call: Call, place: Place, tmp_path: Path) -> None:
    keys = _wrong_keys()
    for name, (raw, why) in keys.items():
        (tmp_path / name).write_bytes(raw)
        code, out, err = bundle(call, place, tmp_path / "b", "--key", str(tmp_path / name))
        assert (code, out, len(err.splitlines())) == (2, "", 1), name
        assert why in err, name
    code, _, err = bundle(call, place, tmp_path / "b", "--key", "nowhere.pem")
    assert (code, err) == (2, "policycheck: --key nowhere.pem cannot be read: no such file or directory\n")
    assert sorted(os.listdir(tmp_path)) == sorted(keys)


@pytest.mark.parametrize(("mode", "told"), [(0o600, False), (0o400, False), (0o640, True), (0o644, True)])
def test_a_key_that_others_may_read_is_told(mode: int, told: bool, call: Call, place: Place, tmp_path: Path) -> None:
    key = tmp_path / "k.pem"
    key.write_bytes(pem(ed25519(1)))
    key.chmod(mode)
    code, _, err = bundle(call, place, tmp_path / "b", "--format", "csv", "--key", str(key), "--quiet")
    assert code == 0
    assert err == (f"policycheck: --key {key} can be read by others than its owner: chmod 600\n" if told else "")


# --- where it is written -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--key", "k.pem"], "--key goes with --bundle DIR"), (["--force"], "--force goes with --bundle DIR"),
        (["--passphrase-env", "X"], "--passphrase-env goes with --bundle DIR"),
        (["--bundle", "b", "--output", "csv=a.csv"], "--bundle takes --format NAME"),
        (["--bundle", "b", "--passphrase-env", "X"], "--passphrase-env goes with --key"),
        (["--bundle", "b", "--root", "nowhere"], "--root nowhere is not a folder"),
        (["--bundle", "no/b"], "no does not exist"), (["--bundle", ""], "is not empty"),
        (["--bundle", "report.json"], "is there and is no folder"), (["--bundle", "corner-shop"], "is not empty"),
    ],
)  # fmt: skip
def test_a_wrong_call_is_one_line(words: list[str], why: str, call: Call, place: Place) -> None:
    before = sorted(os.listdir(place.repository))
    code, out, err = call(place.repository, "report", "report.json", *words)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert why in err
    assert sorted(os.listdir(place.repository)) == before


def test_a_report_that_is_none_makes_no_bundle(call: Call, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_bytes(b"{}")
    assert call(tmp_path, "report", "bad.json", "--bundle", "b")[0] == 3
    assert os.listdir(tmp_path) == ["bad.json"]


def test_an_empty_folder_is_taken_and_another_is_not(call: Call, place: Place, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    assert bundle(call, place, tmp_path / "b", "--format", "csv")[0] == 0
    before = everything(tmp_path / "b")
    code, _, err = bundle(call, place, tmp_path / "b", "--format", "table")
    assert (code, "is not empty; --force replaces an earlier bundle" in err) == (2, True)
    assert everything(tmp_path / "b") == before
    assert bundle(call, place, tmp_path / "b", "--format", "table", "--force")[0] == 0
    assert "report.csv" not in everything(tmp_path / "b")
    assert call(tmp_path, "verify", "b")[0] == 0
    assert os.listdir(tmp_path) == ["b"]


def test_a_link_to_a_folder_is_written_through(call: Call, place: Place, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    assert bundle(call, place, tmp_path / "link", "--format", "csv")[0] == 0
    assert (tmp_path / "link").is_symlink()
    assert "SHA256SUMS" in os.listdir(tmp_path / "there")


@pytest.mark.parametrize("kind", ["stranger", "no sums", "wrong sums", "folder", "pipe", "changed", "release"])
def test_force_replaces_nothing_but_a_bundle(kind: str, call: Call, place: Place, signed: Path) -> None:
    if kind == "stranger":
        (signed / "thesis.txt").write_text("years of work")
    elif kind == "no sums":
        (signed / "SHA256SUMS").unlink()
    elif kind == "changed":
        (signed / "report.json").write_text("years of work")
    elif kind == "release":
        # Somebody else's files, with the list that sha256sum makes.
        for file in signed.iterdir():
            file.unlink()
        (signed / "app-1.0.tar.gz").write_bytes(b"archive")
        (signed / "SHA256SUMS").write_bytes(contents.sums({"app-1.0.tar.gz": hashlib.sha256(b"archive").hexdigest()}))
    elif kind == "wrong sums":
        (signed / "SHA256SUMS").write_text("*")
    else:
        (signed / "SHA256SUMS").unlink()
        (os.mkdir if kind == "folder" else os.mkfifo)(signed / "SHA256SUMS")
    before = sorted(os.listdir(signed))
    code, _, err = bundle(call, place, signed, "--force")
    assert code == 2
    assert "holds what is not of a bundle, or was changed since, and is left alone" in err
    assert sorted(os.listdir(signed)) == before


@pytest.mark.parametrize("where", ["inputs", "statement", "sums"])
@pytest.mark.parametrize("earlier", [True, False])
def test_an_interrupt_leaves_what_was_there(
    earlier: bool, where: str, call: Call, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if earlier:
        assert bundle(call, place, tmp_path / "b", "--format", "csv")[0] == 0
    before = everything(tmp_path / "b") if earlier else {}

    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(contents, where, interrupted)
    code, _, err = bundle(call, place, tmp_path / "b", "--force")
    assert (code, err) == (130, "\ninterrupted\n")
    assert os.listdir(tmp_path) == (["b"] if earlier else [])
    assert not earlier or everything(tmp_path / "b") == before


def test_an_earlier_bundle_comes_back_when_the_new_one_cannot_take_its_place(
    call: Call, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bundle(call, place, tmp_path / "b", "--format", "csv")[0] == 0
    before, rename = everything(tmp_path / "b"), os.rename

    def refused(old: Any, new: Any) -> None:
        if str(new).endswith("b") and not str(old).endswith(".former"):
            raise PermissionError(13, "Permission denied")
        rename(old, new)

    monkeypatch.setattr(os, "rename", refused)
    code, _, err = bundle(call, place, tmp_path / "b", "--force")
    assert (code, err.endswith("cannot be written: permission denied\n")) == (2, True)
    assert os.listdir(tmp_path) == ["b"]
    assert everything(tmp_path / "b") == before


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    from policycheck.errors import UsageError

    with pytest.raises(UsageError, match="cannot be written: no space left on device"), Draft(str(tmp_path / "b")) as draft:
        draft.add("report.json", b"{}")
    assert os.listdir(tmp_path) == []
