"""Foreign parsers run in a process of their own: each question in a fork under limits, which leaves nothing to the next."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time

import pytest

from policycheck.errors import ArtefactError
from policycheck.evidence import _child

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no child is limited there")


def asked(text: str) -> object:
    return _child.parsed("_hcl", json.dumps({"a.tf": text}).encode())


def pid(module: str) -> int:
    return _child._Standby.of(module)._process.pid


def why(data: bytes) -> str:
    """Of a reader that is ready at once, why it does not read something."""
    with pytest.raises(ArtefactError) as refused:
        _child.parsed("_pdf", data)
    return str(refused.value)


BLOCK = 'resource "x" "y" { a = 1 }\n'
TREE = {"a.tf": {"items": [["b", "resource", ["x", "y"], 1, 1, [["a", "a", 1, 20, ["lit", 1]]]]]}}


def test_what_broke_one_answer_is_gone_with_the_next() -> None:
    assert asked(BLOCK) == TREE
    first = pid("_hcl")
    with pytest.raises(ArtefactError, match=r"MemoryError|within the limits"):
        asked(f'x = "{"a" * 6_000_000}"')
    assert asked(BLOCK) == TREE
    assert pid("_hcl") == first


def test_one_that_was_ended_is_started_again() -> None:
    first = why(b"no PDF")
    os.kill(pid("_pdf"), signal.SIGKILL)
    assert why(b"no PDF") == first


def test_threads_get_their_own_answers() -> None:
    found: dict[int, object] = {}

    def ask(number: int) -> None:
        found[number] = asked(f"a = {number}\n")

    asked(BLOCK)
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: {"a.tf": {"items": [["a", "a", 1, 1, ["lit", n]]]}} for n in range(8)}


def test_an_answer_that_nobody_took_is_not_that_to_the_next_question(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(stream: object) -> bytes:
        raise KeyboardInterrupt

    first, other = why(b"no PDF"), why(b"")
    assert first != other
    with monkeypatch.context() as patch:
        patch.setattr(_child, "_received", interrupted)
        with pytest.raises(KeyboardInterrupt):
            _child.parsed("_pdf", b"no PDF")
    assert why(b"") == other


def test_a_module_that_is_not_there_is_named() -> None:
    with pytest.raises(ModuleNotFoundError) as missing:
        _child.parsed("_no_such_reader", b"")
    assert missing.value.name == "policycheck.evidence._no_such_reader"


def in_a_fork(monkeypatch: pytest.MonkeyPatch, answer: object) -> str:
    monkeypatch.setattr(_child, "_limit", lambda: None)
    monkeypatch.setattr(_child, "_answer", answer)
    return str(json.loads(_child._in_a_fork("_hcl", b"")).get("wrong"))


def test_what_a_reader_prints_stands_in_no_answer(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert in_a_fork(monkeypatch, lambda module, data: {"wrong": os.write(1, b"printed")}) == "7"
    assert capfd.readouterr().out == ""


def test_a_fork_that_takes_too_long_says_too_much_or_breaks_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_child, "PATIENCE", 0.2)
    assert in_a_fork(monkeypatch, lambda module, data: time.sleep(30)).startswith("took longer than")
    monkeypatch.setattr(_child, "PATIENCE", 60)
    monkeypatch.setattr(_child, "ANSWER", 100_000)
    assert "within the limits" in in_a_fork(monkeypatch, lambda module, data: {"right": "x" * 1_000_000})
    assert "within the limits" in in_a_fork(monkeypatch, lambda module, data: os._exit(3))
