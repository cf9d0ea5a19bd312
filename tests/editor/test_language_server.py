"""What an editor makes of the schemas, asked of yaml-language-server (npm) over its standard streams.

Skipped unless POLICYCHECK_YAML_LANGUAGE_SERVER names the server's executable; `.ci/run` installs one where npm is.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

SERVER = os.environ.get("POLICYCHECK_YAML_LANGUAGE_SERVER", "")
SCHEMAS = Path(__file__).parent.parent.parent / "schemas"
PATIENCE = 60  # seconds for one whole conversation

pytestmark = [
    pytest.mark.editor,
    pytest.mark.skipif(not SERVER, reason="POLICYCHECK_YAML_LANGUAGE_SERVER names no yaml-language-server"),
]

MANIFEST = """\
policycheck: 1
organization:
  id: corner-shop
  name: Corner Shop Ltd
  roles: [website_operator]
  size: small
  jurisdictions: [GB]
surfaces:
  - id: reviews
    kind: page
    url: /reviews
    auth: none
"""


class Editor:
    """Opens one document with a language server and asks about it (Language Server Protocol 3.17)."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.process, self.folder, self.last = process, folder, 0
        self.published: dict[str, list[dict[str, Any]]] = {}

    def send(self, **message: Any) -> None:
        """One message, with its length before it."""
        raw = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(raw), raw))
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        """The next message. What the server asks is answered on the way; diagnostics are kept by document."""
        assert self.process.stdout
        length = 0
        while (line := self.process.stdout.readline().strip()) or not length:
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
            assert line or self.process.poll() is None, "the language server has stopped"
        message: dict[str, Any] = json.loads(self.process.stdout.read(length))
        if message.get("method") == "workspace/configuration":
            self.send(id=message["id"], result=[_setting(item.get("section")) for item in message["params"]["items"]])
        elif "id" in message and "method" in message:
            self.send(id=message["id"], result=None)
        elif message.get("method") == "textDocument/publishDiagnostics":
            self.published[message["params"]["uri"]] = message["params"]["diagnostics"]
        return message

    def ask(self, method: str, **params: Any) -> Any:
        """A request and its answer."""
        self.last += 1
        self.send(id=self.last, method=method, params=params)
        while (message := self.receive()).get("id") != self.last or "method" in message:
            pass
        return message.get("result")

    def open(self, name: str, text: str, schema: str) -> str:
        """Open a document that names its schema in its first line; returns the document's address."""
        uri = (self.folder / name).as_uri()
        text = f"# yaml-language-server: $schema={(SCHEMAS / schema).as_uri()}\n{text}"
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self.send(method="textDocument/didOpen", params={"textDocument": document})
        return uri

    def problems(self, uri: str) -> list[tuple[int, str]]:
        """The diagnostics of an open document: line in the text after the schema line (0-based), and message."""
        while uri not in self.published:
            self.receive()
        return [(p["range"]["start"]["line"] - 1, p["message"]) for p in self.published[uri]]

    def hover(self, uri: str, text: str, word: str) -> str:
        """What is shown over the first occurrence of a word."""
        line = next(n for n, one in enumerate(text.splitlines()) if word in one)
        position = {"line": line + 1, "character": text.splitlines()[line].index(word) + 1}
        found = self.ask("textDocument/hover", textDocument={"uri": uri}, position=position)
        return str(found["contents"]["value"]) if found else ""


def _setting(section: str | None) -> Any:
    if section != "yaml":
        return {}
    return {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False, "url": ""}}


@pytest.fixture
def editor(tmp_path: Path) -> Iterator[Editor]:
    process = subprocess.Popen([SERVER, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    patience = Timer(PATIENCE, process.kill)
    patience.start()
    editor = Editor(process, tmp_path)
    able = {"workspace": {"configuration": True}, "textDocument": {"publishDiagnostics": {}, "hover": {}}}
    editor.ask("initialize", processId=os.getpid(), rootUri=tmp_path.as_uri(), capabilities=able)
    editor.send(method="initialized", params={})
    editor.send(method="workspace/didChangeConfiguration", params={"settings": {"yaml": _setting("yaml")}})
    try:
        yield editor
    finally:
        patience.cancel()
        process.kill()
        process.communicate()


def test_a_good_manifest_has_no_marks(editor: Editor) -> None:
    assert editor.problems(editor.open("policycheck.yaml", MANIFEST, "manifest-v1.json")) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("    kind: page", "    knd: page\n    kind: page"), ("size: small", "size: smal"), ("auth: none", "auth: [none]")],
)
def test_one_mistake_is_one_mark_on_its_line(editor: Editor, right: str, wrong: str) -> None:
    text = MANIFEST.replace(right, wrong)
    problems = editor.problems(editor.open("policycheck.yaml", text, "manifest-v1.json"))
    at = next(n for n, line in enumerate(text.splitlines()) if wrong.splitlines()[0] in line)
    assert [line for line, _ in problems] == [at], problems


@pytest.mark.parametrize("word", ["organization", "roles", "size", "surfaces", "auth"])
def test_a_key_says_what_it_means(editor: Editor, word: str) -> None:
    uri = editor.open("policycheck.yaml", MANIFEST, "manifest-v1.json")
    editor.problems(uri)
    schema = json.loads((SCHEMAS / "manifest-v1.json").read_text("utf-8"))
    shown = editor.hover(uri, MANIFEST, word)
    assert len(shown) > 40, shown
    if word in schema["properties"]:
        assert schema["properties"][word]["description"][:30] in shown.replace("\\", "")
