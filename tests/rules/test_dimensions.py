"""Dimensions of the user's own naming, from a column, an owner rule or a mapping table."""

import json

from rules.explanation import Question

TEXT = """
teams: {search: , ads: }
dimensions: {feature: tags.feature, customer: tags.customer}
rules:
  - {name: page, match: {tags.page: present}, owner: {team: tags.team, feature: tags.page}}
  - {name: accounts, match: {SubAccountId: present}, owner: {mapping: {file: owners.csv, column: SubAccountId}}}
  - {name: half, match: {ServiceName: Shared}, split: {even: [search, ads]}}
"""


def found(engine, charges):
    (engine.folder / "owners.csv").write_text('value,team,feature\n1,search,"say ""hi"""\n2,ads,\n')
    attribution = engine.attribute(TEXT, charges)
    rows = engine.connection.execute(
        f"SELECT team, dimensions, EffectiveCost FROM {attribution.allocations} ORDER BY ALL"
    ).fetchall()
    return {(team, tuple(json.loads(text).items()) if text else ()): cost for team, text, cost in rows}


def test_a_dimension_is_of_its_column_whatever_the_rule(engine, charge):
    charges = [
        charge(2, ServiceName="Shared", tags_feature="chat", tags_customer="zoé"),
        charge(3, tags_feature="chat"),
        charge(5, tags_customer=""),
    ]
    assert found(engine, charges) == {
        ("ads", (("customer", "zoé"), ("feature", "chat"))): 1,
        ("search", (("customer", "zoé"), ("feature", "chat"))): 1,
        ("unattributed", (("feature", "chat"),)): 3,
        ("unattributed", ()): 5,
    }


def test_a_rule_or_its_table_may_say_otherwise_where_it_has_a_value(engine, charge):
    charges = [
        charge(1, tags_team="ads", tags_page="home", tags_feature="chat"),
        charge(2, SubAccountId="1", tags_feature="chat"),
        charge(4, SubAccountId="2", tags_feature="chat"),
    ]
    assert found(engine, charges) == {
        ("ads", (("feature", "home"),)): 1,
        ("search", (("feature", 'say "hi"'),)): 2,
        ("ads", (("feature", "chat"),)): 4,
    }


def test_a_name_that_is_no_dimension_is_no_key_of_an_owner(read):
    problems = read(TEXT.replace("feature: tags.page", "featur: tags.page")).problems
    problem = next(problem for problem in problems if problem.line == 5)
    assert "no key `featur`" in problem.message
    assert problem.fix == "did you mean `feature`?"


def test_an_unused_commitment_is_a_line_of_its_own_whatever_claims_it(engine, charge, used):
    text = """
    teams: {search: , ads: }
    rules:
      - {name: tag, match: {tags.team: present}, owner: {team: tags.team}}
      - {name: gpus, match: {ServiceName: GPU}, split: {by: gpu.hours, idle: holder}}
    """
    usage = [used("gpu.hours", "search", 4), used("gpu.busy_hours", "search", 3), used("gpu.capacity_hours", None, 8)]
    unused = {"CommitmentDiscountStatus": "Unused"}
    charges = [
        charge(1, tags_team="ads", **unused),
        charge(2, tags_team="ads", CommitmentDiscountStatus="Used"),
        charge(8, ServiceName="GPU", **unused),
        charge(16, ServiceName="GPU"),
        charge(32, **unused),
    ]
    rows = engine.rows(engine.attribute(text, charges, usage))
    by_cause = {}
    for row in rows:
        by_cause[row.team, row.idle_cause] = by_cause.get((row.team, row.idle_cause), 0) + row.cost
    assert by_cause == {
        ("ads", "unused_commitment"): 1,
        ("ads", ""): 2,
        ("search", "unused_commitment"): 4,
        ("idle", "unused_commitment"): 4,
        ("search", ""): 6,
        ("search", "held"): 2,
        ("idle", "unallocated"): 8,
        ("unattributed", "unused_commitment"): 32,
    }


def test_an_unused_commitment_is_explained_to_its_charges(engine, charge, used):
    text = "teams: {search: }\nrules: [{name: gpus, split: {by: gpu.hours, idle: holder}}]"
    usage = [used("gpu.hours", "search", 4), used("gpu.busy_hours", "search", 3)]
    (currency,) = engine.explain(
        text, Question("search"), [charge(8, CommitmentDiscountStatus="Unused")], usage
    ).currencies
    assert [(part.idle_cause, part.costs.effective) for part in currency.parts] == [("unused_commitment", 8)]
    assert sum(w.costs.effective for w in currency.parts[0].weighings) == 8
    assert [share.share.effective for w in currency.parts[0].weighings for share in w.charges] == [6, 2]
