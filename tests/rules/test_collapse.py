"""Charges collapsed early, by codes and answers, come to the same allocations as charges read one by one."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules import coded, collapse, judged
from rules.attribute import attribute
from rules.coded import coded_columns, numbered
from rules.load import load
from rules.located import read_yaml
from rules.matchers import Prefix

DAY = datetime(2026, 10, 14, tzinfo=UTC)
NAMES = st.sampled_from(["web", "web-1", "Web-1", "web-10", "web-2", "api.%_1", "ap", "", None, "it's", "WEB"])
PLACES = st.sampled_from([None, "east", "eastern", "east-1", "west", ""])
PATTERNS = ["^web", "1$", "e.*t", "(?i)WEB-[0-9]+", ".*"]
TESTS = st.one_of(
    st.sampled_from(["web", "web-*", "w?b", "present", "absent", "it's", "east", "aws"]),
    st.lists(st.sampled_from(["web", "web-1", "api*", "eastern"]), min_size=1, max_size=3, unique=True),
    st.sampled_from(PATTERNS).map(lambda pattern: {"regex": pattern}),
    st.lists(st.sampled_from(["w", "web", "web-", "web-1", "api.%_", "east"]), min_size=1, unique=True).map(
        lambda prefixes: {"prefix": prefixes}
    ),
    st.sampled_from(["web-1", "east"]).map(lambda text: {"prefix": text, "match_case": "false"}),
    st.sampled_from([["east", "west"], ["", "web"], ["1", "10"]]).map(lambda ends: {"range": ends}),
)
COLUMNS = ["ResourceName", "ResourceId", "RegionId", "SubAccountId", "tags.place", "tags.name", "x_Source", "namespace"]
LEAVES = st.dictionaries(st.sampled_from(COLUMNS), TESTS, min_size=1, max_size=2)
MATCHES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=4,
)
OUTCOMES = st.sampled_from(
    [
        {"owner": "a"},
        {"owner": "b"},
        {"owner": {"team": "tags.team"}},
        {"owner": {"team": "tags.team", "project": "tags.place"}},
        {"owner": {"team": "SubAccountId", "project": "ResourceId"}},
        {"split": {"even": ["a", "b"]}},
        {"split": {"by": "runs", "per": "hour"}},
        {"follow": ["SubAccountId"]},
    ]
)
DATES = st.sampled_from([{}, {}, {"from": "2026-10-14"}, {"until": "2026-10-14"}, {"from": "2026-10-15"}])
RULES = st.lists(
    st.builds(lambda match, outcome, dates: {"match": match, **outcome, **dates}, MATCHES, OUTCOMES, DATES),
    min_size=1,
    max_size=7,
)


@st.composite
def charge_rows(draw):
    hour = draw(st.integers(0, 23))
    tags = {
        "team": draw(st.sampled_from(["a", "B", "stranger", "", "c@x"])),
        "place": draw(PLACES) or "",
        "name": draw(NAMES),
    }
    tags["namespace"] = draw(PLACES)
    cost = draw(st.decimals(-1000, 1000, places=12))
    return {
        "BilledCost": cost,
        "EffectiveCost": draw(st.sampled_from([cost, Decimal(0), Decimal("1e-12")])),
        "ListCost": cost + 1,
        "ChargePeriodStart": DAY + timedelta(hours=hour, minutes=draw(st.sampled_from([0, 0, 30]))),
        "ChargePeriodEnd": DAY + timedelta(hours=hour + draw(st.integers(1, 3))),
        "ResourceName": draw(NAMES),
        "ResourceId": draw(NAMES),
        "RegionId": draw(PLACES),
        "SubAccountId": draw(st.sampled_from(["a", "1", None])),
        "ServiceName": draw(st.sampled_from(["Compute", "", None])),
        "x_Source": draw(st.sampled_from(["aws", "gcp"])),
        "x_Basis": draw(st.sampled_from(["billed", "billed", "estimated", None])),
        "Tags": {key: value for key, value in tags.items() if value is not None},
    }


def document(rules):
    named = [{"name": f"rule {number}", **rule} for number, rule in enumerate(rules)]
    return {"teams": {"a": {"cost_center": "1"}, "b": {}, "c": {}}, "rules": named}


def ruleset_of(engine, as_yaml, rules):
    """Rules that can never match are mere warnings, and welcome here."""
    root, problems = read_yaml(as_yaml(document(rules)), "rules.yaml")
    loaded = load(root, engine.folder)
    assert not [problem for problem in (*problems, *loaded.problems) if problem.severity == "error"]
    return loaded.ruleset


def outcome_of(engine, tables, ruleset):
    found = attribute(engine.connection, tables, ruleset)
    rows = engine.connection.sql(f"SELECT * FROM {found.allocations} ORDER BY ALL").to_arrow_table().to_pylist()
    return rows, found.unmatched, found.warnings, found.span


def both(engine, as_yaml, rules, charges, **given):
    ruleset = ruleset_of(engine, as_yaml, rules)
    used = [
        {"hour": DAY, "metric": "runs", "pool": "x", "quantity": Decimal(3), "facts": {"team": "b"}, "x_Source": "m"}
    ]
    tables = engine.resolved(engine.tables([engine.charge(**row) for row in charges], used), ruleset)
    collapsed = outcome_of(engine, replace(tables, **given), ruleset)
    return collapsed, outcome_of(engine, replace(tables, columns=None), ruleset)


CASES = (RULES, st.lists(charge_rows(), min_size=1, max_size=12))
FEW, MANY = (
    settings(max_examples=count, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    for count in (4, 150)
)


@pytest.mark.slow
@FEW
@given(*CASES)
def test_any_rules_decide_on_answers_as_on_the_values_themselves(engine, as_yaml, rules, charges):
    collapsed, one_by_one = both(engine, as_yaml, rules, charges)
    assert collapsed == one_by_one


@pytest.mark.slow
@MANY
@given(*CASES)
def test_a_hundred_and_fifty_random_rule_sets_decide_on_answers_as_on_values(engine, as_yaml, rules, charges):
    collapsed, one_by_one = both(engine, as_yaml, rules, charges)
    assert collapsed == one_by_one


def test_a_column_with_more_tests_than_a_word_has_bits_is_decided_alike(engine, as_yaml):
    rules = [{"match": {"ResourceName": f"n{number}*"}, "owner": "ab"[number % 2]} for number in range(150, -1, -1)]
    charges = [{"ResourceName": f"n{number}x", "cost": 1} for number in range(0, 160, 3)]
    collapsed, one_by_one = both(engine, as_yaml, rules, charges)
    assert collapsed == one_by_one
    assert {row["rule"] for row in collapsed[0]} >= {"rule 0", "rule 60", "rule 147"}


def test_a_column_with_very_many_tests_is_kept_as_it_is(engine, as_yaml, monkeypatch):
    monkeypatch.setattr(collapse, "MOST_TESTS", 2)
    rules = [{"match": {"ResourceName": name}, "owner": "a"} for name in ("x", "y", "z")]
    assert "ResourceName" in collapse.wanted_of(ruleset_of(engine, as_yaml, rules)).kept
    collapsed, one_by_one = both(engine, as_yaml, rules, [{"ResourceName": name, "cost": 1} for name in "wxyz"])
    assert collapsed == one_by_one


def test_rules_that_pass_on_the_very_time_of_a_charge_keep_charges_apart(engine, as_yaml):
    owner = {"owner": {"team": "tags.team", "project": "ChargePeriodStart"}}
    rules = [{"match": {"tags.team": "present"}, **owner}]
    assert collapse.wanted_of(ruleset_of(engine, as_yaml, rules)) is None
    collapsed, one_by_one = both(
        engine, as_yaml, rules, [{"tags_team": "a", "cost": 1, "hour": hour} for hour in (3, 4)]
    )
    assert collapsed == one_by_one
    assert len(collapsed[0]) == 2


@pytest.mark.parametrize("at_once", [1, 3, 1000])
def test_charges_that_come_in_pieces_of_unlike_columns_are_decided_alike(engine, as_yaml, monkeypatch, at_once):
    monkeypatch.setattr(collapse, "_ROWS_AT_ONCE", at_once)
    charges = [
        {"cost": number, "ResourceName": f"web-{number % 4}", "tags_team": "ab"[number % 2], "RegionId": "east"}
        for number in range(1, 9)
    ]
    rules = [
        {"match": {"ResourceName": {"prefix": "web-3"}}, "owner": "c"},
        {"match": {"tags.team": "present", "ResourceName": {"regex": "[012]$"}}, "owner": {"team": "tags.team"}},
    ]
    ruleset = ruleset_of(engine, as_yaml, rules)
    tables = engine.resolved(engine.tables([engine.charge(**row) for row in charges]), ruleset)

    def pieces(names):
        (whole,) = tables.columns(names)
        encoded = whole["ResourceName"].dictionary_encode()
        whole = whole.set_column(whole.column_names.index("ResourceName"), "ResourceName", encoded)
        return [whole.slice(0, 3), whole.slice(3, 3), whole.slice(6).drop_columns("ProviderName"), whole.slice(0, 0)]

    assert outcome_of(engine, replace(tables, columns=pieces), ruleset) == outcome_of(
        engine, replace(tables, columns=None), ruleset
    )


@pytest.mark.slow
@pytest.mark.parametrize(("most", "kept"), [(9, {"web-1", "db", "web-2"}), (2, {"web-1", "web-2"})])
def test_what_was_answered_serves_later_days_until_it_is_too_much_and_changes_nothing(
    engine, as_yaml, monkeypatch, most, kept
):
    monkeypatch.setattr(judged, "_MOST_REMEMBERED", most)
    memory = {}
    rules = [{"match": {"ResourceName": {"regex": "^web"}}, "owner": "a"}]
    for names in ((None,), ("web-1", "db"), ("db", "web-2", None), ("web-1", "web-2")):
        charges = [{"ResourceName": name, "cost": 1} for name in names]
        collapsed, one_by_one = both(engine, as_yaml, rules, charges, answers=memory)
        assert collapsed == one_by_one
    (answers,) = memory.values()
    assert set(answers.values.to_pylist()) == kept


def test_a_value_is_tested_once_and_never_again_the_next_day(connection, monkeypatch):
    column = judged.Judged(0, "ResourceName", (Prefix("ResourceName", ("w",)),))
    memory = {}
    first = judged.answers_to(connection, column, pa.array(["web", "db"]), memory)
    monkeypatch.setattr(judged, "condition", None)  # asking the engine again would fail
    again = judged.answers_to(connection, column, pa.array(["db", "web"]), memory)
    assert first.tolist() == [[0], [1], [0]]
    assert again.tolist() == [[0], [0], [1]]


@pytest.mark.parametrize("names", [["web-1", "webby", "w", "we", "db", "é-web", None], ["日本-web", "日本", "日"]])
def test_prefixes_are_asked_of_the_beginnings_of_values_alone(engine, as_yaml, names):
    column = judged.Judged(0, "ResourceName", (Prefix("ResourceName", ("web", "日本")), Prefix("ResourceName", ("é",))))
    assert column.looks_at == 3
    rules = [
        {"match": {"ResourceName": {"prefix": ["web", "日本"]}}, "owner": "a"},
        {"match": {"ResourceName": {"prefix": "é"}}, "owner": "b"},
    ]
    collapsed, one_by_one = both(engine, as_yaml, rules, [{"ResourceName": name, "cost": 1} for name in names])
    assert collapsed == one_by_one
    assert any(row["rule"] for row in collapsed[0])


# --- codes -----------------------------------------------------------------------------------------------------------

TAGS = pa.map_(pa.string(), pa.string())


def test_the_tags_of_a_slice_are_read_where_the_slice_lies():
    maps = pa.array([[("a", "1")], None, [], [("b", "2"), ("a", "3")], [("a", None)], [("a", "")]], TAGS)
    table = pa.table({"Tags": maps.slice(1)})
    columns = coded_columns(table, ["tags.a", "tags.b", "tags.c"])
    every = np.arange(5)
    assert columns["tags.a"].at(every).to_pylist() == [None, None, "3", None, ""]
    assert columns["tags.b"].at(every).to_pylist() == [None, None, "2", None, None]
    assert columns["tags.c"].at(every).to_pylist() == [None] * 5


@given(
    st.lists(st.tuples(*(st.integers(0, 3) for _ in range(6))), min_size=1, max_size=20), st.sampled_from([5, 2**62])
)
def test_rows_are_numbered_by_their_tuples_however_wide_these_are(rows, widest):
    columns = [(np.array(codes, np.int64), 4) for codes in zip(*rows, strict=True)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coded, "_WIDEST", widest)
        numbers, found = numbered(columns)
    assert [rows[row] for row in found[numbers]] == rows
    assert len(found) == len(set(rows))
    assert sorted(set(numbers.tolist())) == list(range(len(found)))


def test_the_day_of_a_rule_is_that_of_the_charge(engine, as_yaml):
    rules = [{"match": {"ResourceName": "x"}, "owner": "a", "from": str(date(2026, 10, 15))}]
    collapsed, one_by_one = both(engine, as_yaml, rules, [{"ResourceName": "x", "cost": 1}])
    assert collapsed == one_by_one
    assert collapsed[0][0]["rule"] == ""
