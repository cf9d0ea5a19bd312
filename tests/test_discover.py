"""`policycheck discover`: a repository's files as a draft manifest, or what a manifest does not declare of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from policycheck import cli, discover, rooms, run
from policycheck.errors import ArtefactError
from policycheck.model import Discovered

AS_OF = "2026-11-21"
LIMIT = Discovered(
    "controls",
    {
        "id": "edge-limit", "family": "rate_limit", "layer": "technical", "status": "deployed",
        "params": {"unit": "ip", "limit": 300, "window": "hour"},
        "evidence": [{"kind": "nginx", "path": "deploy/nginx.conf", "location": "/people/"}],
    },
    "deploy/nginx.conf", 12, "limit_req zone=people",
    (("owner", "Who answers for it?"), ("params.resource", "What does it count?")),
)  # fmt: skip
SURFACE = Discovered(
    "surfaces", {"id": "get-people", "kind": "api", "url": "/people/{id}", "auth": "none", "fields": [{"name": "email"}]},
    "openapi.yaml", 40,
)  # fmt: skip
TERMS = Discovered("policies", {"tos_ref": "docs/terms.md", "tos_updated_on": "2026-05-12"}, "docs/terms.md", 3)


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Verifiers of our own, by keyword: the patterns they take and what they find."""

    def installed(**kinds: tuple[tuple[str, ...], Any]) -> None:
        made = {}
        for kind, (patterns, finds) in kinds.items():
            says = finds if callable(finds) else lambda opener, path, finds=finds: finds
            made[kind] = SimpleNamespace(FILES=patterns, discover=says)
        monkeypatch.setattr(rooms, "installed", lambda _: tuple(made))
        monkeypatch.setattr(rooms, "load", lambda r, n: made[n])

    return installed


def draft(*things: Discovered, folder: str = "") -> str:
    return discover.draft(things, folder, "Harbour Social (EU)")


def manifest(root: Path, text: str) -> Any:
    """The draft as it is read back; a draft that is not well formed fails here."""
    (root / "policycheck.yaml").write_text(text, "utf-8")
    found, wrong = run.read(root / "policycheck.yaml", "policycheck.yaml", root, AS_OF)
    assert found is not None, wrong
    return found.data


def test_a_draft_of_nothing_is_a_manifest_of_questions(tmp_path: Path) -> None:
    text = draft()
    data = manifest(tmp_path, text)
    assert data["organization"]["id"] == "harbour-social-eu"
    assert all(data[section] is None for section in discover.SECTIONS)
    assert all("  # " in line for line in text.splitlines() if line.endswith("?"))


def test_what_was_read_is_filled_in_with_its_place_and_the_rest_is_asked(tmp_path: Path) -> None:
    text = draft(LIMIT, SURFACE, TERMS)
    data = manifest(tmp_path, text)
    (control,) = data["controls"]
    assert control["params"] == {"unit": "ip", "limit": 300, "window": "hour", "resource": None}
    assert control["evidence"] == [{"kind": "nginx", "path": "deploy/nginx.conf", "location": "/people/"}]
    assert (control["owner"], control["surfaces"]) == (None, None)
    assert "    owner:  # Who answers for it?" in text
    assert "    surfaces:  # Which surfaces does it protect?" in text
    assert "  # The surfaces that were found above: get-people." in text
    assert "  # deploy/nginx.conf:12: limit_req zone=people" in text
    assert data["policies"]["tos_updated_on"] == "2026-05-12"
    assert data["organization"]["roles"] == ["website_operator"]


def test_evidence_paths_are_written_from_the_manifests_folder() -> None:
    assert "path: ../deploy/nginx.conf" in draft(LIMIT, folder="policy")
    assert "path: nginx.conf" in draft(LIMIT, folder="deploy")


def test_things_called_alike_are_told_apart_and_the_same_thing_is_written_once(tmp_path: Path) -> None:
    other = LIMIT._replace(item={**LIMIT.item, "status": "observing"})
    data = manifest(tmp_path, draft(LIMIT, other, LIMIT))
    assert [control["id"] for control in data["controls"]] == ["edge-limit", "edge-limit-2"]


def test_two_files_that_say_different_things_of_one_subject_are_both_shown(tmp_path: Path) -> None:
    text = draft(TERMS, TERMS._replace(item={"tos_updated_on": "2025-01-01"}, file="old/terms.md"))
    assert manifest(tmp_path, text)["policies"]["tos_updated_on"] == "2026-05-12"
    assert "# old/terms.md says tos_updated_on: 2025-01-01" in text


def test_a_file_that_says_otherwise_is_no_evidence_of_the_draft(tmp_path: Path) -> None:
    def of(file: str, policy: str, agent: str) -> Discovered:
        item = {
            "robots_ref": file,
            "refused_agents": [{"name": agent, "kind": "ai"}],
            "ai_agents_policy": policy,
            "evidence": [{"kind": "robots", "path": file}],
        }
        return Discovered("policies", item, file, 1, "")

    text = draft(of("a/robots.txt", "refused", "GPTBot"), of("b/robots.txt", "allowed", "CCBot"))
    policies = manifest(tmp_path, text)["policies"]
    assert [entry["path"] for entry in policies["evidence"]] == ["a/robots.txt"]
    assert [agent["name"] for agent in policies["refused_agents"]] == ["GPTBot"]
    assert "# b/robots.txt says ai_agents_policy: allowed" in text
    assert "# so b/robots.txt is not named as evidence" in text
    text = draft(of("a/robots.txt", "refused", "GPTBot"), of("b/robots.txt", "refused", "GPTBot"))
    assert [entry["path"] for entry in manifest(tmp_path, text)["policies"]["evidence"]] == ["a/robots.txt", "b/robots.txt"]


def test_all_that_a_file_says_otherwise_is_shown_and_longer_lists_deny_nothing(tmp_path: Path) -> None:
    def of(file: str, *agents: str, **more: str) -> Discovered:
        names = [{"name": agent, "kind": "ai"} for agent in agents]
        item = {"robots_ref": file, "refused_agents": names, "evidence": [{"kind": "robots", "path": file}], **more}
        return Discovered("policies", item, file, 1, "")

    def named(*things: Discovered) -> list[str]:
        return [entry["path"] for entry in manifest(tmp_path, draft(*things))["policies"]["evidence"]]

    both = of("a/robots.txt", "GPTBot", "CCBot")
    assert named(both, of("b/robots.txt", "CCBot", "GPTBot")) == ["a/robots.txt", "b/robots.txt"]
    longer = of("b/robots.txt", "GPTBot", "CCBot", "Bytespider")
    assert named(both, longer) == ["a/robots.txt", "b/robots.txt"]
    assert "# b/robots.txt says refused_agents: GPTBot, CCBot, Bytespider" in draft(both, longer)
    assert named(of("a/robots.txt"), longer) == ["a/robots.txt"]
    other = of("b/robots.txt", "GPTBot", tdm_policy_ref="/tdm")
    assert named(both, other) == ["a/robots.txt"]
    text = draft(both, other)
    assert "# b/robots.txt says refused_agents: GPTBot\n" in text
    assert "# b/robots.txt says tdm_policy_ref: /tdm\n" in text


@pytest.mark.parametrize(
    "odd", ["a: b", "# x", "yes", "2026-01-01", "'", '"', "a\u202eb", "\n- id: x", "{a}", "a\tb", "é😀", "- x", "0x1f"]
)
def test_text_from_files_cannot_become_anything_else_than_text(tmp_path: Path, odd: str) -> None:
    thing = SURFACE._replace(item={**SURFACE.item, "purpose": odd, "name": odd}, note=odd, questions=(("owner", odd),))
    data = manifest(tmp_path, draft(thing))
    assert data["surfaces"][0]["purpose"] == odd.strip()
    assert len(data["surfaces"]) == 1


def test_references_to_the_file_itself_are_written_from_the_manifests_folder() -> None:
    text = draft(TERMS, folder="legal")
    assert "tos_ref: ../docs/terms.md" in text
    assert "  # docs/terms.md:3" in text


def test_a_question_is_asked_once_in_a_section() -> None:
    second = LIMIT._replace(item={**LIMIT.item, "id": "other-limit"})
    text = draft(LIMIT, second, SURFACE._replace(questions=(("owner", "Who answers for it?"),)))
    assert text.count("owner:  # Who answers for it?") == 2
    assert text.count("\n    owner:\n") == 1
    assert text.count("resource:  # What does it count?") == 1
    assert "params: {unit: ip, resource: , limit: 300, window: hour}" in text


def test_what_is_filled_in_can_be_asked_about_too() -> None:
    text = draft(LIMIT._replace(questions=(("family", "Is it one for accounts?"),)))
    assert "    family: rate_limit  # Is it one for accounts?" in text


def test_a_question_about_things_in_a_list_leaves_a_blank_in_each(tmp_path: Path) -> None:
    fields = [{"name": "email", "category": "user.contact.email"}, {"name": "town"}]
    thing = SURFACE._replace(
        item={**SURFACE.item, "fields": fields},
        questions=(("fields.sensitivity", "How sensitive?"), ("fields.category", "What is it?")),
    )
    text = draft(thing)
    assert "    fields:  # How sensitive? What is it?\n" in text
    assert "      - {name: email, category: user.contact.email, sensitivity: }\n" in text
    assert "      - {name: town, sensitivity: , category: }\n" in text
    assert manifest(tmp_path, text)["surfaces"][0]["fields"][1] == {"name": "town", "sensitivity": None, "category": None}


def test_what_would_not_be_valid_without_an_answer_waits_in_comments(tmp_path: Path) -> None:
    source = {"id": "threads", "evidence": [{"kind": "dataset-card", "path": "data/card.md"}]}
    thing = Discovered(
        "ai_uses", {"id": "x", "sources": [source]}, "data/card.md", 1, "", (("sources.type", "Where from?"),)
    )
    text = draft(thing)
    assert manifest(tmp_path, text)["ai_uses"][0]["sources"] is None
    assert "    sources:  # Where from?\n    # - id: threads\n    #   type:\n    #   evidence:\n" in text
    used = thing._replace(item={**thing.item, "evidence": [{"kind": "model-card", "path": "data/card.md"}]})
    assert "    # evidence:\n    #   - {kind: model-card, path: data/card.md}\n" in draft(used)
    opened = text.replace("    # ", "    ").replace("type:\n", "type: scraped\n")
    data = manifest(tmp_path, opened)
    assert data["ai_uses"][0]["sources"][0]["type"] == "scraped"
    assert discover.undeclared([thing], {"ai_uses": [{"id": "other", "sources": data["ai_uses"][0]["sources"]}]}, "") == []


def test_of_one_subject_each_property_stands_below_its_file_and_the_evidence_at_the_end() -> None:
    first = TERMS._replace(item={**TERMS.item, "evidence": [{"kind": "terms", "path": "docs/terms.md"}]})
    robots = Discovered("policies", {"robots_ref": "robots.txt", "evidence": [{"kind": "robots", "path": "robots.txt"}]},
                        "robots.txt", 1, "asks crawlers", (("last_reviewed_on", "When?"),))  # fmt: skip
    lines = draft(first, robots).split("policies:\n")[1].split("\n\n")[0].splitlines()
    assert [line.strip() for line in lines] == [
        "# docs/terms.md:3", "tos_ref: docs/terms.md", "tos_updated_on: 2026-05-12", "# robots.txt:1: asks crawlers",
        "robots_ref: robots.txt", "last_reviewed_on:  # When?", "evidence:", "- {kind: terms, path: docs/terms.md}",
        "- {kind: robots, path: robots.txt}",
    ]  # fmt: skip


def test_lines_stay_short(tmp_path: Path) -> None:
    fields = [{"name": f"a-name-of-some-length-{n}", "category": "user.contact.email"} for n in range(3)]
    asks = tuple((f"fields.{name}", f"A long question about {name}?") for name in ("sensitivity", "necessary_for"))
    thing = SURFACE._replace(
        item={**SURFACE.item, "fields": fields}, note="word " * 60, questions=(("purpose", "x " * 90), *asks)
    )
    text = draft(thing)
    assert max(map(len, text.splitlines())) <= 124
    assert len(manifest(tmp_path, text)["surfaces"][0]["fields"]) == 3


def test_the_whole_organisation_has_its_evidence_and_what_was_not_read_stands_at_the_end(tmp_path: Path) -> None:
    whole = Discovered("organization", {"evidence": [{"kind": "openapi", "path": "api.yaml"}]}, "api.yaml", 1)
    text = discover.draft([whole], "", "x", [("a.csv", "line 2: no\nmoment")])
    assert manifest(tmp_path, text)["organization"]["evidence"] == [{"kind": "openapi", "path": "api.yaml"}]
    assert text.endswith("# Looked at and not read:\n# a.csv: line 2: no moment\n")
    assert discover.undeclared([whole], {"organization": {"id": "x"}}, "") == []


# --- what a manifest lacks -----------------------------------------------------------------------------------


def test_what_some_evidence_entry_picks_is_declared() -> None:
    data = {
        "controls": [{"id": "x", "evidence": [{"kind": "nginx", "path": "../deploy/nginx.conf", "location": "/people/"}]}]
    }
    assert discover.undeclared([LIMIT], data, "policy") == []
    data["controls"][0]["evidence"][0] |= {"server": "www.example", "options": {"rule": "x"}}
    assert discover.undeclared([LIMIT], data, "policy") == []
    data["controls"][0]["evidence"][0]["location"] = "/other/"
    assert discover.undeclared([LIMIT], data, "policy") == [LIMIT]


def test_a_surface_is_declared_by_its_address_or_its_id() -> None:
    assert discover.undeclared([SURFACE], {"surfaces": [{"id": "a", "url": "/people/{id}"}]}, "") == []
    assert discover.undeclared([SURFACE], {"surfaces": [{"id": "get-people"}]}, "") == []
    assert discover.undeclared([SURFACE], {"surfaces": [{"id": "a"}]}, "") == [SURFACE]
    assert discover.undeclared([SURFACE], {"surfaces": None}, "") == [SURFACE]


def test_of_a_single_section_what_is_blank_is_not_declared() -> None:
    (left,) = discover.undeclared([TERMS], {"policies": {"tos_ref": "x", "tos_updated_on": None}}, "")
    assert left.item == {"tos_updated_on": "2026-05-12"}
    assert discover.undeclared([TERMS], {"policies": {"tos_ref": "x", "tos_updated_on": "y"}}, "") == []
    refused = Discovered("policies", {"refused_agents": [{"name": "GPTBot"}]}, "robots.txt", 1)
    assert discover.undeclared([refused], {"policies": {"refused_agents": []}}, "") == []


def test_rules_of_one_resource_are_declared_one_by_one() -> None:
    entry = {"kind": "terraform", "path": "waf.tf", "resource": "aws_wafv2_web_acl.edge", "options": {"rule": "a"}}
    one = Discovered("controls", {"id": "a", "evidence": [entry]}, "waf.tf", 1)
    other = Discovered("controls", {"id": "b", "evidence": [{**entry, "options": {"rule": "b"}}]}, "waf.tf", 9)
    assert discover.undeclared([one, other], {"controls": [{"id": "x", "evidence": [entry]}]}, "") == [other]


# --- the walk and the command --------------------------------------------------------------------------------


def test_files_are_offered_by_name_and_links_are_not_followed(tmp_path: Path, room: Any) -> None:
    seen: list[str] = []
    room(probe=(("*.conf",), lambda opener, path: seen.append(path) or ()))
    copies = (".terraform/modules/w/g.conf", "b/.terragrunt-cache/h.conf")
    for name in ("a.conf", "b/C.CONF", "d.txt", "node_modules/e.conf", ".git/f.conf", *copies):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "link.conf").symlink_to("a.conf")
    (tmp_path / "away").symlink_to(tmp_path / "b")
    discover.search(tmp_path, "")
    assert seen == ["a.conf", "b/C.CONF"]


def test_what_cannot_be_read_or_breaks_does_not_take_the_rest_with_it(tmp_path: Path, room: Any) -> None:
    def broken(opener: Any, path: str) -> Any:
        raise {"a": ArtefactError("a is empty"), "b": ModuleNotFoundError(name="hcl2"), "c": RuntimeError("no")}[path]

    room(bad=(("?",), broken), good=(("a",), (LIMIT,)))
    for name in "abc":
        (tmp_path / name).write_text("x")
    found = discover.search(tmp_path, "")
    assert found.found == (LIMIT,)
    assert found.unread == (("a", "a is empty"), ("b", "needs hcl2: pip install 'policycheck[evidence]'"))
    assert [(f.what, f.why) for f in found.failures] == [("verifier bad on c", "RuntimeError: no")]


def test_a_missing_parser_is_said_and_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in ("crossplane", "crossplane.lexer", "markdown_it"):
        monkeypatch.setitem(sys.modules, name, None)
    (tmp_path / "nginx.conf").write_text("events {}\nhttp { server { location / { return 200; } } }\n")
    (tmp_path / "terms.md").write_text("# Terms of service\n\nLast updated: 12 May 2026\n\nYou may not scrape it.\n")
    unread = dict(discover.search(tmp_path, "").unread)
    assert unread == {name: unread[name] for name in ("nginx.conf", "terms.md")}
    assert all("pip install 'policycheck[evidence]'" in why for why in unread.values())


def test_what_could_not_be_settled_is_told_and_not_proposed(tmp_path: Path, room: Any) -> None:
    left = Discovered("", {}, "a", 7, "the limit hangs on a variable; render it first")
    room(good=(("a",), (LIMIT, left)))
    (tmp_path / "a").write_text("x")
    found = discover.search(tmp_path, "")
    assert (found.found, found.unread) == ((LIMIT,), (("a:7", left.note),))


def ended(*words: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["policycheck", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
    return int(end.value.code or 0)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a limit at the edge."""
    (tmp_path / "deploy").mkdir()
    (tmp_path / ".git").mkdir()
    conf = "events {}\nhttp {\n limit_req_zone $binary_remote_addr zone=z:1m rate=5r/m;\n"
    conf += " server { server_name shop.example; location /products/ { limit_req zone=z; proxy_pass http://app; } }\n}\n"
    (tmp_path / "deploy" / "nginx.conf").write_text(conf)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_draft_is_written_once_and_then_replaced_only_on_request(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("discover", "--output", "policycheck.yaml") == 0
    assert capsys.readouterr().err == "looked at 1 file, found 1 thing to declare\n"
    assert ended("validate") == 0
    assert ended("discover", "--draft", "--output", "policycheck.yaml") == 2
    assert capsys.readouterr().err == "policycheck: policycheck.yaml is already there; --force replaces it\n"
    for file in ("policycheck.yaml", "other.yaml"):
        assert ended("discover", "--output", file) == 2
        assert "policycheck.yaml is there, so no draft is written; leave out --output" in capsys.readouterr().err
    assert ended("discover", "--draft", "--force", "--output", "policycheck.yaml") == 0


def test_the_file_a_shell_has_just_made_is_no_manifest(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "policycheck.yaml").touch()
    assert ended("discover") == 0
    assert capsys.readouterr().out.startswith("# Drafted by policycheck discover")


def test_a_folder_outside_the_root_is_a_mistake_of_the_call(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("discover", "--root", "deploy") == 2
    assert capsys.readouterr().err == "policycheck: . is not below --root deploy\n"
    assert ended("discover", "deploy", "--root", "deploy") == 0


def test_an_invalid_manifest_is_said(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "policycheck.yaml").write_text("policycheck: 1\norganisation: {}\n")
    assert ended("discover") == 3
    assert "policycheck.yaml:2:1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "folder"),
    [
        ("wagtail/api/v3/tests/snapshots/openapi.json", "wagtail/api/v3/tests"),
        ("src/test/resources/openapi.json", "src/test"),
        ("spec/fixtures/openapi.json", "spec/fixtures"),
        ("app/__snapshots__/openapi.json", "app/__snapshots__"),
        ("internal/testdata/openapi.json", "internal/testdata"),
    ],
)
def test_what_tests_are_fed_with_is_not_the_organisations_own_and_is_told(
    tmp_path: Path, room: Callable[..., None], file: str, folder: str
) -> None:
    room(probe=(("*openapi.json",), lambda opener, path: (SURFACE._replace(file=path),)))
    for path in (file, "api/openapi.json", "contest/openapi.json", "spec/openapi.json"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("{}")
    result = discover.search(tmp_path, "")
    assert [thing.file for thing in result.found] == ["api/openapi.json", "contest/openapi.json", "spec/openapi.json"]
    ((where, why),) = result.unread
    assert where == f"{folder} ({file.removeprefix(folder + '/')})"
    assert "a folder of tests" in why
    assert folder in discover.draft(result.found, "", "x", result.unread)
    assert [thing.file for thing in discover.search(tmp_path, folder).found] == [file]


@pytest.mark.parametrize("folder", ["vendor", "web/third_party", "Vendored"])
def test_copies_of_others_work_are_passed_over_and_told(tmp_path: Path, room: Callable[..., None], folder: str) -> None:
    room(probe=(("*openapi.json",), lambda opener, path: (SURFACE._replace(file=path),)))
    for path in (f"{folder}/lib/openapi.json", "vendors/openapi.json"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("{}")
    result = discover.search(tmp_path, "")
    assert [thing.file for thing in result.found] == ["vendors/openapi.json"]
    ((where, why),) = result.unread
    assert where == f"{folder} (lib/openapi.json)"
    assert "a folder of copies of others' work" in why
    assert len(discover.search(tmp_path, folder).found) == 1


def test_a_surface_that_two_documents_describe_alike_is_drafted_once_with_both(tmp_path: Path) -> None:
    def of(file: str, **more: Any) -> Discovered:
        entry = {"kind": "openapi", "path": file, "operation": "GET /people/{id}"}
        return SURFACE._replace(item={**SURFACE.item, "evidence": [entry], **more}, file=file)

    text = draft(of("api/openapi.yml"), of("swagger.json", id="people-show"), of("v2.json", auth="required"), folder="api")
    once, other = manifest(tmp_path, text)["surfaces"]
    assert [entry["path"] for entry in once["evidence"]] == ["openapi.yml", "../swagger.json"]
    assert "swagger.json says the same" in text
    assert (other["auth"], len(other["evidence"])) == ("required", 1)


def test_every_file_that_a_verifier_wants_is_offered_to_it_and_no_source_is_tried_on_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    patterns = discover._patterns()
    for kind in rooms.installed("evidence"):
        for pattern in rooms.load("evidence", kind).FILES:
            assert kind in discover._readers(pattern.replace("*", "X").removeprefix("/"), patterns), (kind, pattern)
    tried: list[str] = []
    monkeypatch.setattr(discover, "fnmatchcase", lambda name, pattern: tried.append(pattern) or False)
    assert discover._readers("app/models/user.rb", patterns) == []
    assert len(tried) <= 2 * len(patterns.get("", ()))
