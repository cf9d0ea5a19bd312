"""Artefacts made to break their reader: none crashes, hangs, fetches, reads outside the root or turns a claim green."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from policycheck import rooms
from policycheck.errors import ArtefactError
from policycheck.model import Account
from policycheck.opener import Opener
from tests.patience import ends

SECRET = "root-only-7f3a"
#: What a hostile repository may hold under a name that a manifest points at. HOST is a server that must see no request.
HOSTILE: dict[str, bytes] = {
    "yaml-anchors": b"a: &a [x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b]\n",
    "yaml-tag": b"!!python/object/apply:os.system ['touch /tmp/policycheck-was-here']\n",
    "yaml-merge": b"a: {b: 1}\nc:\n  <<: {b: 2}\n",
    "yaml-duplicate": b"openapi: 3.1.0\npaths: {}\npaths: {/people: {get: {}}}\n",
    "yaml-deep": b"a:\n" + b"".join(b" " * n + b"a:\n" for n in range(1, 300)),
    "yaml-wide": b"{" + b",".join(b"k%d: {}" % n for n in range(30_000)) + b"}",
    "json-deep": b"[" * 20_000 + b"]" * 20_000,
    "json-nan": b'{"limit": NaN, "paths": {"/a": Infinity}, "n": 1e99999}',
    "json-huge-number": b'{"limit": ' + b"9" * 10_000 + b"}",
    "json-types": b'{"paths": [], "components": 1, "servers": null, "groups": "x", "resource_changes": {}, "datasets": {}}',
    "json-nulls": b'{"paths": null, "groups": [null], "resource_changes": [null, 1, []], "license": [null], "a": null}',
    "remote-ref": b'openapi: 3.1.0\ninfo: {title: a, version: "1"}\npaths:\n  /people: {$ref: "HOST/paths.yaml"}\n',
    "remote-context": b'{"@context": "HOST/ctx.jsonld", "@type": "sc:Dataset", "name": "x", "license": "HOST/l"}',
    "xml-external": b'<!DOCTYPE rsl [<!ENTITY x SYSTEM "HOST/x">]><rsl xmlns="https://rslstandard.org/rsl">&x;</rsl>',
    "xml-laughs": b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><a>&b;</a>',
    "include-outside": b"include /etc/passwd;\ninclude ../../*.conf;\nhttp { include HOST; }\n",
    "ref-outside": b"openapi: 3.0.0\ninfo: {title: a, version: '1'}\npaths:\n  /people: {$ref: '../outside.yaml#/x'}\n",
    "utf-16": "User-agent: *\nDisallow: /\n".encode("utf-16"),
    "byte-order-mark-only": b"\xef\xbb\xbf",
    "html-error-page": b"<!doctype html><html><head><title>404 Not Found</title></head><body>Not found</body></html>",
    "zip": b"PK\x03\x04" + bytes(200),
    "elf": b"\x7fELF" + bytes(range(256)),
    "pdf-empty": b"%PDF-1.7\n%%EOF\n",
    "pdf-loop": b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[2 0 R]/Count 1>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF",
    "formula": b'id,detected_at\n=HYPERLINK("HOST"),=1+1\n+1,@x\n',
    "unclosed-quote": b'id,detected_at\n"' + b"x" * 200_000,
    "front-matter-open": b"---\ntitle: x\n" + b"a: b\n" * 10_000,
    "front-matter-template": b"---\napproved_on: {{ date }}\n---\nbody\n",
    "bidi": "User-agent: \u202e*\u2066\nDisallow: /\u200b\n# \u2069\n".encode(),
    "lone-carriage-returns": b"User-agent: *\rDisallow: /\r" * 1000,
    "one-long-line": b"Disallow: /" + b"*" * 300_000 + b"$\n",
    "percent-signs": b"User-agent: *\nDisallow: /%%%zz%00%ff\n",
    "many-groups": b"".join(b"User-agent: a%d\nDisallow: /\n\n" % n for n in range(20_000)),
    "braces": b"{" * 50_000 + b"}" * 50_000,
    "promql-deep": b"groups: [{name: a, rules: [{alert: a, expr: '" + b"(" * 20_000 + b"'}]}]\n",
    "markdown-nesting": b"> " * 20_000 + b"text\n",
    "markdown-links": b"[" * 20_000 + b"](" * 20_000,
    "terminal": b"\x1b[2J\x1b]0;owned\x07::error::injected\nUser-agent: *\n",
}  # fmt: skip
KINDS = rooms.names("evidence")
SUBJECT: dict[str, Any] = {
    "id": "edge", "family": "rate_limit", "status": "deployed", "layer": "technical", "auth": "required",
    "retention_days": 30, "params": {"unit": "ip", "limit": 300, "window": "hour"},
    "fields": [{"name": "email"}], "sources": [], "url": "/people",
}  # fmt: skip


class _Counting(BaseHTTPRequestHandler):
    seen: ClassVar[list[str]] = []

    def handle_one_request(self) -> None:
        """Whatever is asked, by whatever method."""
        self.seen.append(self.rfile.readline().decode("latin-1"))
        self.close_connection = True


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    """The address of a server; that it was asked nothing is the last test here."""
    server = HTTPServer(("127.0.0.1", 0), _Counting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def heard(kind: str, root: Path, path: str = "file", family: str = "rate_limit") -> Account:
    """What a verifier makes of a file; an error that names the file is an account, too."""
    entry = {"kind": kind, "path": path, "as_of": "2026-11-21", "urls": ["/people"], "manifest": {"surfaces": [SUBJECT]}}
    try:
        account = rooms.load("evidence", kind).account(Opener(root), path, entry, {**SUBJECT, "family": family})
        rooms.load("evidence", kind).discover(Opener(root), path)
    except ArtefactError as error:
        account = Account(unreadable=str(error))
    assert isinstance(account, Account)
    return account


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", KINDS)
def test_no_content_breaks_a_reader_or_turns_a_claim_green(kind: str, name: str, tmp_path: Path, host: str) -> None:
    (tmp_path / "outside.yaml").write_text(SECRET)
    root = tmp_path / "root"
    root.mkdir()
    (root / "file").write_bytes(HOSTILE[name].replace(b"HOST", host.encode()))
    with ends():
        account = heard(kind, root)
    assert account.readings == ()
    assert account.unreadable or account.supported
    assert SECRET not in repr(account)
    assert str(tmp_path) not in repr(account)


ODD_PLACES = [
    "../outside.yaml",
    "/etc/passwd",
    "link",
    "folder/link",
    "folder",
    "pipe",
    "missing",
    "a\0b",
    "C:\\x",
    "~/x",
    "big",
    "",
]


@pytest.mark.parametrize("path", ODD_PLACES)
@pytest.mark.parametrize("kind", KINDS)
def test_no_path_leads_out_of_the_root_or_to_what_is_no_file(kind: str, path: str, tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text(SECRET)
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (root / "link").symlink_to(tmp_path / "outside.yaml")
    (root / "folder" / "link").symlink_to(root / "folder")
    os.mkfifo(root / "pipe")
    with (root / "big").open("wb") as file:
        file.truncate(2 * 1024**3)
    account = heard(kind, root, path)
    assert account.unreadable
    assert (account.readings, account.additions, account.supported) == ((), (), False)
    assert SECRET not in repr(account)


def test_nothing_was_fetched_and_nothing_was_run(host: str) -> None:
    assert _Counting.seen == []
    assert not Path("/tmp/policycheck-was-here").exists()
