"""The facts behind a verdict: which paths decided, what they say, where the finding stands, what the message shows."""

from __future__ import annotations

from typing import Any

import pytest

from policycheck import packs
from policycheck.model import Finding

from .rows_support import judged, schema


def findings(data: dict[str, Any], definitions: dict[str, Any] | None = None, **rule: Any) -> list[Finding]:
    """The findings of one rule on a manifest."""
    files = {
        "pack.yaml": {"id": "one", "version": "1.0.0"},
        "definitions.yaml": definitions or {},
        "data/ranks.yaml": {"rows": {"low": 1, "high": 3}},
        "data/clocks.yaml": {"rows": {"GB": {"unit": "hours", "value": 72}}},
        "rows/one.yaml": {"title": "One", "severity": "low", "message": "", **rule},
    }
    criteria = packs.Criteria([packs._build({"at": "one", "digest": "", "files": files}, shipped=False)], schema())
    assert criteria.analysis(criteria.every_rule["one"]).mistakes == []
    judge, judgements = judged(criteria, "one", data)
    return [judge.finding(judgement) for judgement in judgements]


def routes(finding: Finding) -> list[str]:
    return [fact.route for fact in finding.facts]


def stands(finding: Finding) -> str:
    return finding.location.route if finding.location else ""


def test_the_side_that_decided_is_the_fact() -> None:
    data = {"controls": [{"id": "a", "status": "deployed", "owner": "", "retention_days": 3}]}
    (found,) = findings(data, for_each="control", **{"assert": 'control.status == "deployed" && control.owner != ""'})
    assert (found.outcome, routes(found), stands(found)) == ("gap", ["controls[a].owner"], "controls[a].owner")
    (found,) = findings(data, for_each="control", **{"assert": 'control.owner != "" || control.retention_days > 1'})
    assert (found.outcome, routes(found)) == ("met", ["controls[a].retention_days"])
    (found,) = findings(data, for_each="control", **{"assert": "control.disclosed_in != '' && control.retention_days > 1"})
    assert (found.outcome, found.missing) == ("unknown", ("controls[a].disclosed_in",))


def test_the_item_that_decided_is_the_fact_however_far_down_it_stands() -> None:
    controls = [{"id": f"c{n}", "retention_days": n} for n in range(100)]
    rule = {"for_each": "organization", "assert": "controls.exists(c, c.retention_days == 90)"}
    (found,) = findings({"organization": {"id": "o"}, "controls": controls}, **rule)
    assert (found.outcome, routes(found)) == ("met", ["controls[c90].retention_days"])
    rule["assert"] = "size(controls) > 0 && controls.all(c, c.retention_days < 90)"
    (found,) = findings({"organization": {"id": "o"}, "controls": controls}, **rule)
    assert (found.outcome, routes(found)) == ("gap", ["controls[c90].retention_days"])
    del controls[95]["retention_days"]
    rule["assert"] = "size(controls) > 0 && controls.all(c, c.retention_days < 1000)"
    (found,) = findings({"organization": {"id": "o"}, "controls": controls}, **rule)
    assert (found.outcome, found.missing) == ("unknown", ("controls[c95].retention_days",))


def test_a_search_that_found_nothing_stands_at_its_subject() -> None:
    data = {"surfaces": [{"id": "p"}], "controls": [{"id": "a", "family": "waf", "surfaces": ["p"]}]}
    (found,) = findings(
        data, for_each="surface", **{"assert": 'controls.exists(c, c.family == "challenge" && surface.id in c.surfaces)'}
    )
    assert (found.outcome, stands(found)) == ("gap", "surfaces[p]")
    assert "controls[a].family" in routes(found)


def test_a_list_that_is_not_declared_is_named() -> None:
    (found,) = findings(
        {"surfaces": [{"id": "p"}]}, for_each="surface", **{"assert": "controls.exists(c, c.family == 'waf')"}
    )
    assert (found.outcome, found.missing) == ("unknown", ("controls",))
    (found,) = findings({"organization": {"id": "o"}}, for_each="surface", **{"assert": "surface.id != ''"})
    assert (found.outcome, found.missing) == ("unknown", ("surfaces",))
    (found,) = findings({"organization": {"id": "o"}, "surfaces": []}, for_each="surface", **{"assert": "surface.id != ''"})
    assert (found.outcome, routes(found)) == ("not_applicable", ["surfaces"])


def test_the_guard_of_an_empty_list_comes_last() -> None:
    data = {"controls": [{"id": "a", "surfaces": ["p"], "owner": "web"}]}
    (found,) = findings(
        data, for_each="control", **{"assert": "size(control.surfaces) == 0 || control.surfaces.all(s, s == 'q')"}
    )
    assert (found.outcome, stands(found)) == ("gap", "controls[a].surfaces[p]")
    (found,) = findings(data, for_each="control", **{"assert": "size(control.surfaces) > 1"})
    assert (found.outcome, stands(found)) == ("gap", "controls[a].surfaces")


def test_what_stands_behind_a_let_comes_after_the_rest() -> None:
    data = {"controls": [{"id": "a", "last_reviewed_on": "2026-01-01", "review_interval_days": 30}]}
    (found,) = findings(
        data,
        for_each="control",
        let={"age": "days(control.last_reviewed_on, as_of)"},
        message="{control.id}: {age} days",
        **{"assert": "age <= control.review_interval_days"},
    )
    assert routes(found) == ["controls[a].review_interval_days", "controls[a].last_reviewed_on"]
    assert found.message == "a: 324 days"


def test_a_definition_is_explained_by_what_it_reads() -> None:
    definitions = {"field": {"rank": "data.ranks[field.sensitivity]"}}
    data = {"surfaces": [{"id": "p", "fields": [{"name": "n", "sensitivity": "high"}]}]}
    (found,) = findings(data, definitions, for_each="field", **{"assert": "field.rank < 2"})
    assert (found.outcome, found.subject.id, routes(found)) == ("gap", "p.n", ["surfaces[p].fields[n].sensitivity"])


def test_a_jurisdiction_is_found_in_its_list_and_a_missing_row_in_the_pack() -> None:
    data = {"organization": {"id": "o", "jurisdictions": ["GB", "BR"]}}
    rule = {"for_each": {"o": "[organization]", "j": "o.jurisdictions"}, "assert": "data.clocks[j].value > 100"}
    known, unknown = findings(data, **rule)
    assert (known.outcome, stands(known)) == ("gap", "organization.jurisdictions[GB]")
    assert (unknown.outcome, unknown.because_of) == ("unknown", "the pack has no row for this")
    assert unknown.missing == ("data.clocks[BR]",)
    assert unknown.facts[-1].source == "pack"
    # Nobody can declare what the pack does not know.
    assert unknown.message == "The pack has no row for: data.clocks[BR]."


def test_what_has_asked_for_is_said_not_to_be_written() -> None:
    (found,) = findings({"controls": [{"id": "a"}]}, for_each="control", **{"assert": "has(control.provider)"})
    assert [(f.route, f.declared, f.note) for f in found.facts] == [("controls[a].provider", False, "not written")]
    (found,) = findings(
        {"controls": [{"id": "a", "provider": None}]}, for_each="control", **{"assert": "has(control.provider)"}
    )
    assert (found.outcome, found.missing) == ("unknown", ("controls[a].provider",))


def test_a_missing_path_below_a_missing_part_is_named_whole() -> None:
    (found,) = findings(
        {"ai_uses": [{"id": "t"}]},
        for_each="use",
        **{"assert": "use.dpia.sections.description.nature && use.minors.in_scope"},
    )
    assert found.missing == ("ai_uses[t].dpia.sections.description.nature", "ai_uses[t].minors.in_scope")
    assert stands(found).startswith("ai_uses[t]")


def test_what_a_let_made_of_a_list_is_explained_by_what_it_was_made_of() -> None:
    controls = [
        {"id": "a", "family": "waf", "retention_days": 3},
        {"id": "b", "family": "decoy", "retention_days": 90},
        {"id": "c", "family": "waf", "retention_days": 90},
    ]
    data = {"organization": {"id": "o"}, "controls": controls}
    let = {"kept": 'controls.filter(c, c.family == "waf").map(c, c.retention_days)'}
    rule = {"for_each": "organization", "let": let, "assert": "size(kept) > 0 && kept.all(k, k < 30)"}
    (found,) = findings(data, **rule)
    assert (found.outcome, routes(found)) == ("gap", ["controls[c].retention_days", "controls[c].family"])
    del controls[2]["retention_days"]
    (found,) = findings(data, **rule)
    assert (found.outcome, found.missing) == ("unknown", ("controls[c].retention_days",))
    # Without the name in between.
    rule = {"for_each": "organization", "assert": f"{let['kept']}.exists(k, k == 3)"}
    (found,) = findings(data, **rule)
    assert (found.outcome, routes(found)) == ("met", ["controls[a].retention_days", "controls[a].family"])


def test_a_search_in_a_let_that_found_nothing_says_what_was_left_out() -> None:
    controls = [{"id": "a", "family": "waf", "status": "planned", "surfaces": ["p"]}]
    data = {"organization": {"id": "o"}, "controls": controls}
    let = {"carriers": 'controls.filter(c, c.family == "waf" && c.status == "deployed")'}
    rule = {"for_each": "organization", "let": let, "assert": 'carriers.exists(c, "p" in c.surfaces)'}
    (found,) = findings(data, **rule)
    assert (found.outcome, routes(found)) == ("gap", ["controls[a].status"])
    controls[0]["status"] = "deployed"
    (found,) = findings(data, **rule)
    expected = ["controls[a].surfaces", "controls[a].family", "controls[a].status"]
    assert (found.outcome, routes(found)) == ("met", expected)
    # Whether it belongs to the list is not known, and that is what a person is asked.
    controls[0]["status"] = None
    (found,) = findings(data, **rule)
    assert (found.outcome, found.missing) == ("unknown", ("controls[a].status",))


def test_equal_values_of_a_list_are_each_explained_by_their_own_item() -> None:
    controls = [{"id": "a", "retention_days": 7}, {"id": "b", "retention_days": 7}]
    asked = "controls.map(c, c.retention_days).filter(d, d > 1).exists_one(d, d < 10)"
    (found,) = findings({"organization": {"id": "o"}, "controls": controls}, for_each="organization", **{"assert": asked})
    assert (found.outcome, routes(found)) == ("gap", ["controls[a].retention_days", "controls[b].retention_days"])


def test_a_list_that_is_written_out_in_the_rule_is_explained_by_its_parts() -> None:
    asked = "[control.owner, control.disclosed_in].exists(x, x == 'us')"
    data = {"controls": [{"id": "a", "owner": "them"}]}
    (found,) = findings(data, for_each="control", **{"assert": asked})
    assert (found.outcome, found.missing) == ("unknown", ("controls[a].disclosed_in",))
    data["controls"][0]["disclosed_in"] = "you"
    (found,) = findings(data, for_each="control", **{"assert": asked})
    assert (found.outcome, routes(found)) == ("gap", ["controls[a].owner", "controls[a].disclosed_in"])


def test_a_search_among_values_that_found_nothing_rests_on_each_of_them() -> None:
    data = {"organization": {"id": "o"}, "controls": [{"id": "a", "family": "waf"}, {"id": "b", "family": "decoy"}]}
    asked = "controls.map(c, c.family).exists(f, f == 'design')"
    (found,) = findings(data, for_each="organization", **{"assert": asked})
    assert (found.outcome, routes(found)) == ("gap", ["controls[a].family", "controls[b].family"])


def test_a_value_that_is_bound_from_a_list_the_rule_made_stands_where_it_was_read() -> None:
    data = {"controls": [{"id": "a", "family": "waf"}, {"id": "b", "family": "decoy"}]}
    bound = {"f": "controls.filter(c, c.family != 'design').map(c, c.family)"}
    first, second = findings(data, for_each=bound, **{"assert": "f == 'waf'"})
    assert (first.outcome, routes(first)) == ("met", ["controls[a].family"])
    assert (second.outcome, routes(second), stands(second)) == ("gap", ["controls[b].family"], "controls[b].family")


def test_a_name_is_a_fact_where_there_is_no_other() -> None:
    data = {"organization": {"id": "o", "name": "Test House"}}
    asked = 'organization.name.startsWith("A")'
    (found,) = findings(data, for_each="organization", **{"assert": asked})
    assert [(f.route, f.value) for f in found.facts] == [("organization.name", "Test House")]
    assert stands(found) == "organization.name"


def test_what_applies_to_nothing_says_what_left_each_thing_out() -> None:
    data = {"organization": {"id": "o"}, "controls": [{"id": "a", "family": "waf"}]}
    (found,) = findings(data, for_each={"c": 'controls.filter(k, k.family == "decoy")'}, **{"assert": "c.owner != ''"})
    assert (found.outcome, routes(found)) == ("not_applicable", ["controls[a].family"])


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("{control.id} by {control.owner}", "a by not declared"),
        ("{control.processes_personal_data}", "true"),
        ("{control.surfaces}", "p, q"),
        ("{size(control.surfaces)} of {size(controls)}", "2 of 1"),
        ("{size(controls.filter(c, c.owner == ''))}", "0 to 1"),
        ("{controls.map(c, c.owner)}", "not declared"),
        ("for {control.surfaces.filter(s, s == 'z')}.", "for none."),
        ("no\n  braces", "no braces"),
    ],
)
def test_messages(message: str, shown: str) -> None:
    data = {"controls": [{"id": "a", "processes_personal_data": True, "surfaces": ["p", "q"]}]}
    (found,) = findings(data, for_each="control", message=message, **{"assert": "control.id == 'b'"})
    assert found.message == shown
