"""What a matcher claims, on real rows; whatever a user writes is only ever text."""

import duckdb
import pytest
from examples import at_most
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.match import condition
from rules.matchers import AllOf, AnyOf, Not, OneOf, Prefix, Present, Range, Regex, answer_without

CHARGE = {
    "ServiceName": "AWSSupport (Business)",
    "SubAccountId": "0123",
    "ResourceId": "it's_100%\\of",
    "ConsumedQuantity": 2,
    "tags_team": "Search",
    "tags_empty": "",
}


CLAIMING = [
    "{SubAccountId: 0123}",
    "{ServiceName: AWSSupport*}",
    "{ServiceName: '*(Business)'}",
    "{tags.team: S?arch}",
    "{SubAccountId: ['1', 0123]}",
    "{ServiceName: [x, AWSS*]}",
    "{tags.team: {equals: Search}}",
    "{tags.team: {equals: search, match_case: false}}",
    "{tags.team: '(?i)SEA*'}",
    "{tags.team: '(?i)search'}",
    "{tags.team: {glob: 'S*h'}}",
    "{tags.team: {prefix: [x, Sea]}}",
    "{tags.team: {prefix: sea, match_case: false}}",
    "{tags.team: {regex: 'e.r'}}",
    "{tags.team: {regex: '^(?i)SEARCH$'}}",
    "{tags.team: {regex: '^search$', match_case: false}}",
    "{SubAccountId: {range: [123, 200]}}",
    "{tags.team: {range: [Ra, Sz]}}",
    "{SubAccountId: {range: ['', 200]}}",
    "{ConsumedQuantity: 2.0}",
    "{ConsumedQuantity: {range: [1.5, 2]}}",
    "{ChargePeriodStart: 2026-10-14}",
    "{ChargePeriodStart: {range: [2026-10-01, 2026-10-31]}}",
    "{tags.team: present}",
    "{tags.empty: absent, tags.missing: absent}",
    "{not: {tags.team: ads}}",
    "{not: {tags.missing: ads}}",
    "{any: [{tags.team: ads}, {SubAccountId: 0123}]}",
    "{all: [{tags.team: present}, {not: {SubAccountId: x}}], x_Source: aws}",
    '{ResourceId: "it\'s_100%\\\\of"}',
    '{ResourceId: "it\'s_100%*"}',
    '{ResourceId: {prefix: "it\'s_1"}}',
]
LEAVING = [
    "{SubAccountId: '123'}",
    "{ServiceName: awssupport*}",
    "{ServiceName: AWSSupport}",
    "{tags.team: {equals: 'S*'}}",
    "{tags.team: {prefix: sea}}",
    "{tags.team: {regex: '^e'}}",
    "{tags.team: {range: [Ta, Tz]}}",
    "{SubAccountId: {range: [124, 200]}}",
    "{tags.empty: present}",
    "{tags.team: absent}",
    "{namespace: present}",
    "{ResourceId: 'it_s_100%\\of'}",
    '{ResourceId: "\' OR TRUE --"}',
    "{tags.a'b: {regex: \"' OR 1=1\"}}",
    '{"tags.x\'] IS NULL OR TRUE --": {prefix: "\'"}}',
    '{ResourceId: "\\0"}',
]
CLAIMING_AN_ESTIMATE = [
    "{x_Source: aws}",
    "{x_Basis: estimated}",
    "{namespace: jobs}",
    "{tags.namespace: jobs}",
    "{pool: gpu-prod}",
]
LEAVING_AN_ESTIMATE = [
    "{x_Source: aws.estimated}",
    "{not: {namespace: present}}",
]


def claimed(engine, charge, matchers, beside=""):
    """Return those matchers that claim the charge: of each a copy that no other rule may have, all on one day."""
    rules = [
        f"  - {{name: '{number}', match: {{all: [{{tags.number: '{number}'}}, {matcher}]}}, owner: a{beside}}}"
        for number, matcher in enumerate(matchers)
    ]
    charges = [{**charge, "Tags": {**charge["Tags"], "number": str(number)}} for number in range(len(matchers))]
    found = engine.attribute("teams: {a: }\nrules:\n" + "\n".join(rules), charges)
    return [matchers[int(row.rule)] for row in engine.rows(found) if row.team == "a"]


@pytest.fixture
def billed(charge):
    return charge(1, **CHARGE)


def test_a_matcher_claims_the_charge(engine, billed):
    assert set(CLAIMING) - set(claimed(engine, billed, CLAIMING)) == set()


def test_a_matcher_leaves_the_charge(engine, billed):
    assert claimed(engine, billed, LEAVING) == []


@pytest.mark.parametrize(
    "match",
    ["{SubAccountId: 0123}", '{ResourceId: "it\'s_100%*"}', "{tags.team: {regex: 'e.r'}}", "{not: {tags.team: ads}}"],
)
def test_a_matcher_that_stands_alone_claims_as_one_among_others(engine, billed, match):
    assert list(engine.by_team(f"teams: {{a: }}\nrules: [{{match: {match}, owner: a}}]", [billed])) == ["a"]


def test_an_estimate_is_matched_like_the_bill_it_stands_for_and_by_the_facts_of_its_usage(engine, charge):
    columns = {"tags_namespace": "jobs", "ResourceId": "gpu-prod"}
    made = charge(1, x_Basis="estimated", x_Source="aws.estimated", **columns)
    found = claimed(engine, made, [*CLAIMING_AN_ESTIMATE, *LEAVING_AN_ESTIMATE])
    assert set(found) == set(CLAIMING_AN_ESTIMATE)


def test_a_rule_may_match_in_any_case(engine, billed):
    match = "{ServiceName: awssupport*, tags.team: SEARCH}"
    assert claimed(engine, billed, [match], ", match_case: false") == [match]
    assert claimed(engine, billed, [match]) == []


@pytest.mark.parametrize(
    ("dates", "holds"),
    [
        ("from: 2026-10-14", True),
        ("from: 2026-10-15", False),
        ("until: 2026-10-15", True),
        ("until: 2026-10-14", False),
        ("from: 2026-01-01, until: 2026-12-31", True),
    ],
)
def test_a_rule_holds_from_its_first_day_until_the_day_after_its_last(engine, billed, dates, holds):
    assert bool(claimed(engine, billed, ["{tags.team: present}"], f", {dates}")) is holds


_TESTS = st.sampled_from(
    [Present("a"), OneOf("a", ("x",)), Prefix("a", ("x",)), Range("a", "1", ""), Present("b"), Regex("b", ("x",))]
)
_MATCHERS = st.recursive(
    _TESTS,
    lambda parts: (
        st.builds(Not, parts)
        | st.lists(parts, max_size=3).map(lambda some: AllOf(tuple(some)))
        | st.lists(parts, min_size=1, max_size=3).map(lambda some: AnyOf(tuple(some)))
    ),
    max_leaves=6,
)


@given(matcher=_MATCHERS)
@settings(max_examples=at_most(60))
def test_what_is_said_without_a_column_is_what_the_engine_says(matcher):
    said = answer_without(matcher, {"a"})
    claim = condition(matcher, {"a": "a", "b": "b"})
    values = "(SELECT CAST(NULL AS VARCHAR) AS a, unnest(['x', 'y', NULL]) AS b)"
    with duckdb.connect() as connection:
        rows = connection.execute(f"SELECT {claim} FROM {values}").fetchall()
    assert said is None or {answer for (answer,) in rows} == {said}
