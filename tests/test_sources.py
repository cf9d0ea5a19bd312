"""Which manifests a call means, which fragments belong to them, and what is never read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from policycheck import sources
from policycheck.errors import NothingToCheck, UsageError
from policycheck.sources import Found, find, read_manifest, root_of

MANIFEST = "policycheck: 1\norganization: {id: a, roles: [scraper]}\n"
PART = ".policycheck-part.yaml"


def put(root: Path, *names: str, text: str = MANIFEST) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def shown(found: Found, root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in found.manifests]


def said(found: Found) -> list[str]:
    return [str(problem) for problem in found.problems]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty repository."""
    folder = tmp_path.resolve() / "root"
    (folder / ".git").mkdir(parents=True)
    return folder


def test_a_folder_is_walked_in_the_order_of_paths_and_some_folders_never(root: Path) -> None:
    put(root, "b/policycheck.yml", "a/x.policycheck.yaml", "policycheck.yaml", "a/other.yaml", "a/mypolicycheck.yaml")
    put(root, ".git/policycheck.yaml", "node_modules/m/policycheck.yaml", "b/.venv/policycheck.yaml")
    found = find(["."], root)
    assert shown(found, root) == ["a/x.policycheck.yaml", "b/policycheck.yml", "policycheck.yaml"]
    assert len([text for text in found.skipped if "never searched" in text]) == 3
    assert said(found) == []


def test_paths_are_judged_in_the_order_given_and_once(root: Path) -> None:
    put(root, "b/policycheck.yaml", "a/policycheck.yaml")
    found = find(["b", "a/policycheck.yaml", "b/policycheck.yaml", "."], root)
    assert shown(found, root) == ["b/policycheck.yaml", "a/policycheck.yaml"]


def test_a_file_given_by_name_may_be_called_anything(root: Path) -> None:
    put(root, "shop.txt")
    assert shown(find(["shop.txt"], root), root) == ["shop.txt"]


def test_without_a_path_it_is_the_manifest_here_or_above_up_to_the_repository(root: Path) -> None:
    put(root, "policycheck.yaml", "policycheck.yml", "deep/er/notes.txt")
    assert shown(find([], root / "deep" / "er"), root) == ["policycheck.yaml", "policycheck.yml"]
    (root / "deep" / ".git").mkdir()
    with pytest.raises(NothingToCheck):
        find([], root / "deep" / "er")


def test_a_path_that_does_not_exist_is_a_mistake_of_the_call(root: Path) -> None:
    for path in ("gone.yaml", "x" * 5000, "policycheck.yaml/inner"):
        with pytest.raises(UsageError, match="does not exist"):
            find([path], root)


def test_a_manifest_beside_the_given_root_is_a_mistake_of_the_call(root: Path) -> None:
    put(root, "a/policycheck.yaml", "b/notes.txt")
    with pytest.raises(UsageError, match="is not below --root"):
        find(["a"], root, root / "b")
    assert shown(find(["a"], root, root / "a"), root) == ["a/policycheck.yaml"]


def test_a_link_that_was_found_is_refused_and_one_that_was_given_is_followed_once(root: Path) -> None:
    put(root, "kept/shop.txt")
    (root / "policycheck.yaml").symlink_to("kept/shop.txt")
    (root / "linked").symlink_to("kept")
    for found in (find(["."], root), find([], root)):
        assert found.manifests == []
        assert said(found) == ["policycheck.yaml: is a symbolic link, which is not followed; name its target"]
    assert any(text.endswith("linked (a link)") for text in find(["."], root).skipped)
    assert shown(find(["policycheck.yaml"], root), root) == ["kept/shop.txt"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no names that are not Unicode")
def test_a_name_that_is_not_utf_8_is_a_problem_that_can_be_said(root: Path) -> None:
    for name in (b"\xff.policycheck.yaml", b"\xff.policycheck-part.yaml"):
        (root / os.fsdecode(name)).write_text(f"{MANIFEST}include: ['*{PART}']\n")
    put(root, "policycheck.yaml", text=f"{MANIFEST}include: ['*{PART}']\n")
    found = find(["."], root)
    assert shown(found, root) == ["policycheck.yaml"]
    assert said(found) == ["\\udcff.policycheck.yaml: has a name that is not UTF-8, which no report can show; rename it"]
    _, problems, _ = read_manifest(root / "policycheck.yaml", "policycheck.yaml", root)
    assert "matches a name that is not UTF-8" in problems[0].message


def test_a_folder_that_cannot_be_listed_is_said(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root, "policycheck.yaml", "closed/policycheck.yaml")
    scandir = os.scandir

    def refuse(path: str) -> object:
        # Root may list everything, so the system's refusal is played.
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = find(["."], root)
    assert shown(found, root) == ["policycheck.yaml"]
    assert said(found) == ["closed: cannot be searched: Permission denied"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser can read every file")
def test_a_file_without_permission_is_a_problem(root: Path) -> None:
    put(root, "policycheck.yaml")
    (root / "policycheck.yaml").chmod(0)
    _, problems, _ = read_manifest(root / "policycheck.yaml", "policycheck.yaml", root)
    assert [str(p) for p in problems] == ["policycheck.yaml: cannot be read: Permission denied"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_is_not_waited_for(root: Path) -> None:
    os.mkfifo(root / "policycheck.yaml")
    _, problems, _ = read_manifest(root / "policycheck.yaml", "policycheck.yaml", root)
    assert "is not a regular file" in problems[0].message


def test_the_root_is_the_one_given_else_the_repository_else_the_folder(root: Path) -> None:
    put(root, "a/b/policycheck.yaml")
    path = root / "a" / "b" / "policycheck.yaml"
    assert root_of(path, root / "a") == root / "a"
    assert root_of(path, None) == root
    (root.parent / "loose").mkdir()
    assert root_of(root.parent / "loose" / "policycheck.yaml", None) == root.parent / "loose"


# --- fragments -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", [f"parts/*{PART}", f"./parts/x{PART}", f"parts//x{PART}", f"p*/?{PART}"])
@pytest.mark.parametrize("repository", [True, False])
def test_a_fragment_means_the_manifests_above_it_that_include_it(root: Path, pattern: str, repository: bool) -> None:
    if not repository:
        (root / ".git").rmdir()
    put(root, "policycheck.yaml", text=f"{MANIFEST}include: ['{pattern}']\n")
    put(root, "other.policycheck.yaml", "parts/policycheck.yaml")
    put(root, f"parts/x{PART}", text="threats: []\n")
    for given, here in ((f"parts/x{PART}", root), (f"x{PART}", root / "parts")):
        assert shown(find([given], here), root) == ["policycheck.yaml"]


def test_a_fragment_that_nobody_includes_is_a_problem(root: Path) -> None:
    put(root, "policycheck.yaml", text=f"{MANIFEST}include: ['*{PART}']\n")
    put(root, f"parts/x{PART}", f"parts/.y{PART}", text="threats: []\n")
    found = find(["."], root)
    assert shown(found, root) == ["policycheck.yaml"]
    assert sorted(problem.path for problem in found.problems) == [f"parts/.y{PART}", f"parts/x{PART}"]
    assert "that no manifest includes" in found.problems[0].message


def test_a_fragment_above_the_repository_of_its_manifest_is_not_claimed(root: Path) -> None:
    put(root, f"inner/x{PART}", text="threats: []\n")
    put(root, "policycheck.yaml", text=f"{MANIFEST}include: ['inner/*{PART}']\n")
    (root / "inner" / ".git").mkdir()
    assert find([f"inner/x{PART}"], root).manifests == []


def test_a_manifest_too_broken_to_tell_is_judged_itself(root: Path) -> None:
    put(root, "policycheck.yaml", text="policycheck: [\n")
    put(root, f"x{PART}", text="threats: []\n")
    found = find([f"x{PART}"], root)
    assert (shown(found, root), said(found)) == (["policycheck.yaml"], [])


def test_what_is_made_after_fragments_were_taken_in_stands_in_no_file(root: Path) -> None:
    put(root, "policycheck.yaml", text=MANIFEST + f"include: ['*{PART}']\ncontrols: []\nsurfaces: []\n")
    put(root, *[f"{n}{PART}" for n in range(40)], text="surfaces:\n  - {id: a}\n")
    put(root, f"z{PART}", text="controls:\n")
    document, problems, fragments = read_manifest(root / "policycheck.yaml", "policycheck.yaml", root)
    assert (problems, sources.merge(document, fragments)) == ([], [])
    del fragments
    made: list[object] = [made for _ in range(500) for made in ([], {})]
    assert {document.locate(one) for one in made} == {None}


def test_lists_are_concatenated_and_each_thing_stands_in_its_own_file(root: Path) -> None:
    put(root, "sub/policycheck.yaml", text=f"{MANIFEST}include: ['p/*{PART}']\nsurfaces:\n  - {{id: one, kind: page}}\n")
    put(root, f"sub/p/1{PART}", text="# a\nsurfaces:\n  - {id: two, kind: page}\nmetrics: [{id: m}]\n")
    put(root, f"sub/p/2{PART}", text="# b\n# b\nsurfaces:\n  - {id: three, kind: api}\nmetrics:\n  - {id: n}\n")
    document, problems, fragments = read_manifest(root / "sub" / "policycheck.yaml", "sub/policycheck.yaml", root)
    assert problems == []
    assert sources.merge(document, fragments) == []
    surfaces, metrics = document.data["surfaces"], document.data["metrics"]
    assert [surface["id"] for surface in surfaces] == ["one", "two", "three"]
    places = [document.locate(item, "id") for item in (*surfaces, *metrics)]
    assert [(place.path, place.line, place.route) for place in places if place] == [
        ("sub/policycheck.yaml", 5, "surfaces[one].id"),
        (f"sub/p/1{PART}", 3, "surfaces[two].id"),
        (f"sub/p/2{PART}", 4, "surfaces[three].id"),
        (f"sub/p/1{PART}", 4, "metrics[m].id"),
        (f"sub/p/2{PART}", 6, "metrics[n].id"),
    ]
    assert document.line(f"sub/p/2{PART}", 4) == "  - {id: three, kind: api}"
    whole = document.locate(surfaces, 2)
    assert whole is not None
    assert whole.path == f"sub/p/2{PART}"


def test_anything_but_a_list_is_written_once(root: Path) -> None:
    put(root, "policycheck.yaml", text=f"{MANIFEST}include: ['*{PART}']\ngovernance: {{policy_ref: a}}\ndetection:\n")
    put(root, f"1{PART}", text="# a\ngovernance: {policy_ref: b}\ndetection: {on_call_ref: a}\ncomplaints:\n")
    put(root, f"2{PART}", text="complaints: {channel: a}\ndetection: {on_call_ref: b}\n")
    document, problems, fragments = read_manifest(root / "policycheck.yaml", "policycheck.yaml", root)
    assert problems == []
    assert [str(problem) for problem in sources.merge(document, fragments)] == [
        f"1{PART}:2:1: governance is already written at policycheck.yaml:4; only lists may be spread over files",
        f"2{PART}:2:1: detection is already written at 1{PART}:3; only lists may be spread over files",
    ]
    assert document.data["complaints"] == {"channel": "a"}


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        (["[]", ""], None), (["", "[]"], None), (["-", "", "[]"], None), (["-", "[]", ""], None), (["[]", "[]"], []),
        (["[{id: m}]", "", "[]"], [{"id": "m"}]), (["", "[]", "[{id: m}]"], [{"id": "m"}]),
        (["-", "", "[{id: m}]"], [{"id": "m"}]),
    ],
)  # fmt: skip
def test_a_blank_in_one_file_is_not_answered_by_an_empty_list_in_another(
    files: list[str], wanted: list[dict[str, str]] | None, root: Path
) -> None:
    """`-` stands for a file that does not speak of it."""
    whole, *parts = files
    put(root, "policycheck.yaml", text=f"{MANIFEST}include: ['*{PART}']\n" + (f"metrics: {whole}\n" if whole != "-" else ""))
    for number, part in enumerate(parts):
        put(root, f"{number}{PART}", text=f"metrics: {part}\n")
    document, problems, fragments = read_manifest(root / "policycheck.yaml", "policycheck.yaml", root)
    assert (problems, sources.merge(document, fragments)) == ([], [])
    assert document.data["metrics"] == wanted
    place = document.locate(document.data, "metrics")
    assert place is not None
    assert place.line == (4 if place.path == "policycheck.yaml" else 1)


def test_a_fragment_that_two_patterns_mean_is_read_once(root: Path) -> None:
    put(root, "policycheck.yaml", text=f"{MANIFEST}include: ['x{PART}', '*{PART}']\n")
    put(root, f"x{PART}", text="metrics: [{id: m}]\n")
    document, problems, fragments = read_manifest(root / "policycheck.yaml", "policycheck.yaml", root)
    assert (problems, len(fragments)) == ([], 1)
    assert document.names() == ("policycheck.yaml",)


def test_every_problem_of_every_include_is_said(root: Path) -> None:
    put(root, "policycheck.yaml", text=f"{MANIFEST}include:\n  - ../a{PART}\n  - gone{PART}\n  - x{PART}\n  - /etc/passwd\n")
    put(root, f"x{PART}", text="a: [\n")
    _, problems, _ = read_manifest(root / "policycheck.yaml", "policycheck.yaml", root)
    assert [(p.path, p.line) for p in sorted(problems)] == [
        ("policycheck.yaml", 4),
        ("policycheck.yaml", 5),
        ("policycheck.yaml", 7),
        (f"x{PART}", 1),
    ]


def test_fragments_have_a_bound(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_FRAGMENTS", 3)
    put(root, "policycheck.yaml", text=f"{MANIFEST}include: ['*{PART}']\n")
    put(root, *(f"{n}{PART}" for n in range(5)), text="threats: []\n")
    _, problems, fragments = read_manifest(root / "policycheck.yaml", "policycheck.yaml", root)
    assert "more than 3 fragments" in problems[0].message
    assert fragments == []
