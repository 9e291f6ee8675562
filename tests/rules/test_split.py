"""The exact split loses no unit, in 128 bits and beyond."""

from fractions import Fraction

import pytest
from examples import at_most
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.split import shares, split_costs, truncated
from rules.weights import Part, Weights, integer_weights

COSTS = st.one_of(st.integers(-(10**15), 10**15), st.sampled_from([0, 1, -1, 10**21, -(10**24), 10**37, -(10**37) + 1]))
NAMES = st.text("abü_ ", min_size=1, max_size=3)
AMOUNTS = st.one_of(st.integers(0, 10**6), st.integers(0, 10**30), st.fractions(0, 1))
PARTS = st.lists(st.tuples(NAMES, st.sampled_from(["", "held"]), AMOUNTS), min_size=1, max_size=6)


@given(COSTS, PARTS)
def test_the_shares_of_a_cost_sum_to_it(cost, parts):
    weights = Weights(integer_weights(parts))
    if weights.parts:
        assert sum(shares(cost, weights)) == cost


@given(COSTS, PARTS)
def test_no_share_is_a_unit_or_more_away_from_its_proportion(cost, parts):
    weights = Weights(integer_weights(parts))
    for part, share in zip(weights.parts, shares(cost, weights) if weights.parts else (), strict=True):
        assert abs(share - Fraction(cost * part.weight, weights.total)) < 1


@given(PARTS, st.integers(1, 10**6))
def test_weights_in_the_same_proportion_are_the_same_weights(parts, factor):
    def bare(found):
        return [(part.team, part.idle_cause, part.weight) for part in found]

    scaled = [(team, cause, weight * factor) for team, cause, weight in parts]
    assert bare(integer_weights(parts)) == bare(integer_weights(scaled))


@given(PARTS)
def test_weights_stand_in_binary_order_of_their_owners(parts):
    names = [(part.team.encode(), part.idle_cause) for part in integer_weights(parts)]
    assert names == sorted(set(names))
    assert all(part.weight > 0 for part in integer_weights(parts))


def test_a_negative_weight_is_refused():
    with pytest.raises(ValueError, match="negative"):
        integer_weights([("search", "", -1)])


@pytest.mark.parametrize(
    ("cost", "part", "total", "wanted"), [(7, 1, 2, 3), (-7, 1, 2, -3), (-1, 1, 3, 0), (0, 1, 3, 0)]
)
def test_division_truncates_towards_zero(cost, part, total, wanted):
    assert truncated(cost, part, total) == wanted


@settings(max_examples=at_most(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(COSTS, COSTS, COSTS), min_size=1, max_size=5), PARTS)
def test_the_database_and_python_agree_on_every_share(connection, costs, parts):
    weights = Weights(integer_weights(parts))
    if not weights.parts:
        return
    rows = ", ".join(f"({item}, 1, {b}::HUGEINT, {e}::HUGEINT, {li}::HUGEINT)" for item, (b, e, li) in enumerate(costs))
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE costs AS"
        f" SELECT * FROM (VALUES {rows}) AS v(item, split, billed, effective, list)"
    )
    split_costs(connection, "costs", {1: weights}, "found")
    found = connection.execute("SELECT item, team, idle_cause, billed, effective, list FROM found").fetchall()
    wanted = [
        (item, part.team, part.idle_cause, *values)
        for item, three in enumerate(costs)
        for part, *values in zip(weights.parts, *(shares(cost, weights) for cost in three), strict=True)
    ]
    assert sorted(found) == sorted(wanted)


def test_costs_and_weights_beyond_128_bits_take_the_wide_path(connection):
    weights = Weights((Part("a", 10**40), Part("b", 10**40 + 1)))
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE costs AS SELECT 1 AS item, 1 AS split,"
        f" {10**37}::HUGEINT AS billed, 1::HUGEINT AS effective, {-(10**37)}::HUGEINT AS list"
    )
    split_costs(connection, "costs", {1: weights}, "found")
    rows = connection.execute("SELECT billed, effective, list FROM found ORDER BY team").fetchall()
    assert [sum(column) for column in zip(*rows, strict=True)] == [10**37, 1, -(10**37)]
    assert rows[0][0] == 10**37 * 10**40 // weights.total
