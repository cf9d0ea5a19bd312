"""A control may tell crawlers in several ways, each with a file of its own: what one file lacks denies that way alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from policycheck.evidence import ai_txt, nginx, robots, rsl, tdmrep
from policycheck.opener import Opener

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

LICENCE = (
    '<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license>'
    '<permits type="usage">all</permits></license></content></rsl>'
)
OPEN: dict[str, tuple[ModuleType, str, str, str]] = {
    "tdm_reservation": (tdmrep, "tdmrep.json", '[{"location": "/", "tdm-reservation": 0}]', "tdmrep"),
    "ai_txt": (ai_txt, "ai.txt", "User-Agent: *\nAllow: /\n", "ai-txt"),
    "rsl": (rsl, "licence.xml", LICENCE, "rsl"),
    "robots_txt": (robots, "robots.txt", "User-agent: *\nDisallow:\n", "robots"),
    "x_robots_tag": (
        nginx, "nginx.conf", "events {}\nhttp { server { listen 80; location / { root /srv; } } }\n", "nginx",
    ),
}  # fmt: skip


def heard(root: Path, standard: str, standards: list[str], family: str = "crawler_signal") -> dict[str, object]:
    verifier, name, text, kind = OPEN[standard]
    (root / name).write_text(text)
    options: dict[str, Any] = {"kind": kind, "path": name, "as_of": "2026-11-21", "urls": ["/"], "location": "/"}
    subject = {"id": "signals", "family": family, "params": {"standards": standards}}
    account = verifier.account(Opener(root), name, options, subject)
    assert account.unreadable == ""
    return {".".join(reading.path): reading.value for reading in account.readings}


@pytest.mark.parametrize("standard", OPEN)
def test_a_standard_that_is_not_published_does_not_put_the_others_out_of_force(standard: str, tmp_path: Path) -> None:
    said = heard(tmp_path, standard, ["llms_txt", standard])
    assert "status" not in said
    assert said["params.standards"] == ["llms_txt"]


@pytest.mark.parametrize("standard", OPEN)
def test_a_control_of_that_standard_alone_is_out_of_force(standard: str, tmp_path: Path) -> None:
    assert heard(tmp_path, standard, [standard])["status"] == "planned"


def test_a_robots_control_is_out_of_force_without_its_robots_txt(tmp_path: Path) -> None:
    assert heard(tmp_path, "robots_txt", ["robots_txt", "ai_txt"], "robots")["status"] == "planned"
