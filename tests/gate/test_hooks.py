"""The hooks, run by pre-commit and by prek in a repository that uses them. Builds environments: some seconds each."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from .consumer_support import Consumer, with_a_part
from .traps_support import CLEAN, ROOT, TRAPS, WALL, Trap, with_a_gap

pytestmark = pytest.mark.gate
SMALL = (ROOT / "examples" / "exit-codes" / "0" / "policycheck.yaml").read_text("utf-8")


def state(printed: str, hook: str) -> str:
    """How a hook ended, by its name in the output: Passed, Failed or Skipped."""
    found = re.search(rf"^{hook}\.*(?:\(no files to check\))?(Passed|Failed|Skipped)$", printed, re.MULTILINE)
    assert found, printed
    return found[1]


def states(printed: str) -> list[str]:
    return [state(printed, hook) for hook in ("policycheck validate", "policycheck", "policycheck with evidence")]


def test_a_clean_repository_passes(consumer: Consumer) -> None:
    consumer.stage()
    done = consumer.run()
    assert (done.returncode, states(done.stdout)) == (0, ["Passed"] * 3), done.stdout + done.stderr


def test_a_gap_blocks_and_is_shown_at_its_line(consumer: Consumer) -> None:
    consumer.write("policycheck.yaml", with_a_gap())
    consumer.stage()
    done = consumer.run()
    assert (done.returncode, states(done.stdout)) == (1, ["Passed", "Failed", "Failed"]), done.stdout
    line = with_a_gap().splitlines().index(WALL.rstrip()) + 1
    assert f"policycheck.yaml:{line}:" in done.stdout


def test_a_changed_fragment_has_its_manifest_judged(consumer: Consumer) -> None:
    for path, text in with_a_part().items():
        consumer.write(path, text)
    consumer.commit()
    consumer.write("parts/web.policycheck-part.yaml", f"surfaces:\n{WALL}")
    consumer.stage()
    done = consumer.run()
    assert (done.returncode, states(done.stdout)) == (1, ["Passed", "Failed", "Failed"]), done.stdout
    assert "parts/web.policycheck-part.yaml:2:" in done.stdout


def test_a_fragment_that_nobody_includes_blocks(consumer: Consumer) -> None:
    consumer.commit()
    consumer.write("parts/web.policycheck-part.yaml", "surfaces: []\n")
    consumer.stage()
    done = consumer.run()
    assert states(done.stdout) == ["Failed"] * 3, done.stdout
    assert "a fragment that no manifest includes" in done.stdout


def test_a_deleted_fragment_is_noticed(consumer: Consumer) -> None:
    for path, text in with_a_part().items():
        consumer.write(path, text)
    consumer.commit()
    (consumer.folder / "parts" / "web.policycheck-part.yaml").unlink()
    consumer.stage()
    done = consumer.run()
    assert (done.returncode, states(done.stdout)) == (1, ["Skipped", "Skipped", "Failed"]), done.stdout
    assert "matches no file" in done.stdout


def test_a_changed_artefact_is_held_against_the_manifest(consumer: Consumer) -> None:
    consumer.commit()
    place = consumer.folder / "deploy" / "nginx.conf"
    place.write_text(place.read_text("utf-8").replace("rate=1r/m", "rate=500r/s"), "utf-8")
    consumer.stage()
    done = consumer.run()
    assert (done.returncode, states(done.stdout)) == (1, ["Skipped", "Skipped", "Failed"]), done.stdout
    assert "deploy/nginx.conf:5:" in done.stdout


def test_a_deleted_artefact_is_noticed(consumer: Consumer) -> None:
    consumer.commit()
    (consumer.folder / "deploy" / "nginx.conf").unlink()
    consumer.stage()
    done = consumer.run()
    assert (done.returncode, states(done.stdout)) == (1, ["Skipped", "Skipped", "Failed"]), done.stdout
    assert "evidence-readable" in done.stdout


@pytest.mark.parametrize(
    ("staged", "left", "code"), [(with_a_gap(), CLEAN, 1), (CLEAN, with_a_gap(), 0)], ids=["gap", "clean"]
)
def test_what_is_staged_counts_and_what_is_not_stays(staged: str, left: str, code: int, consumer: Consumer) -> None:
    consumer.write("policycheck.yaml", staged)
    consumer.stage()
    consumer.write("policycheck.yaml", left)
    assert consumer.run().returncode == code
    assert (consumer.folder / "policycheck.yaml").read_text("utf-8") == left


@pytest.mark.parametrize("target", ["shop.yaml", "nowhere.yaml"])
def test_a_linked_manifest_is_judged_and_not_skipped(target: str, consumer: Consumer) -> None:
    consumer.commit()
    consumer.write("shared/shop.yaml", with_a_gap().replace("id: corner-shop-fixed", "id: linked"))
    (consumer.folder / "web").mkdir()
    (consumer.folder / "web" / "policycheck.yaml").symlink_to(f"../shared/{target}")
    consumer.stage()
    done = consumer.run()
    assert (done.returncode, states(done.stdout)[1:]) == (1, ["Failed", "Failed"]), done.stdout


def test_a_file_name_is_never_an_option(consumer: Consumer) -> None:
    consumer.commit()
    for name in ("--output=x.policycheck.yaml", "--exit-zero.policycheck.yaml"):
        consumer.write(name, with_a_gap().replace("id: corner-shop-fixed", f"id: as-{len(name)}"))
    consumer.stage()
    before = sorted(os.listdir(consumer.folder))
    done = consumer.run()
    assert states(done.stdout) == ["Passed", "Failed", "Failed"], done.stdout
    assert "--exit-zero.policycheck.yaml:" in done.stdout
    assert sorted(os.listdir(consumer.folder)) == before


def test_1500_manifests_are_all_judged(consumer: Consumer, published: tuple[Path, str]) -> None:
    consumer.configure(*published, {"policycheck": ["--quiet", "--criteria", "JS23-CTL-a", "--"]})
    (consumer.folder / "policycheck.yaml").unlink()
    where = [f"services/{'a-long-name-' * 8}{n:04}/{'inner' * 10}/policycheck.yaml" for n in range(1500)]
    for number, path in enumerate(where):
        consumer.write(path, SMALL.replace("exit-code-0", f"service-{number}"))
    consumer.stage()
    assert consumer.run().returncode == 0
    for number in (0, 749, 1499):
        text = SMALL.replace("exit-code-0", f"service-{number}").replace("holders: [owner]", "holders: []")
        consumer.write(where[number], text)
    consumer.stage()
    done = consumer.run()
    assert done.returncode == 1
    # The tools shuffle the files; each call ends with a line of its own on all it was given.
    said = [line.split(":")[0].strip() for line in done.stdout.splitlines() if re.match(r" *service-.* 1 gap", line)]
    assert sorted(said) == ["service-0", "service-1499", "service-749"]


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_no_trap_gets_past_the_hooks(trap: Trap, consumer: Consumer) -> None:
    if trap.text is None:
        (consumer.folder / "policycheck.yaml").unlink()
    else:
        consumer.write("policycheck.yaml", trap.text())
    consumer.stage()
    done = consumer.run()
    ends = states(done.stdout)
    assert done.returncode == int(trap.code != 0), done.stdout
    if trap.code == 3:
        assert ends == ["Failed"] * 3
    if trap.code:
        assert trap.says in done.stdout
        assert f"exit code: {trap.code}" in done.stdout
