"""Each charge's own parts, for a day at once: by the running sums of its cell, in 128 bits and beyond."""

from decimal import Decimal
from fractions import Fraction
from textwrap import dedent

import pytest

from rules.attribute import work_out
from rules.charge_parts import charge_parts

TEAMS = "teams: {a: {cost_center: '100'}, b: {}, c: {}, p: {}}\n"


@pytest.fixture
def parts_of(engine, charge):
    """Parts of charges by (origin, team, idle cause, shared step)."""

    def parts(rules, charges, usage=(), columns="EffectiveCost"):
        ruleset = engine.rules(TEAMS + dedent(rules))
        numbered = [charge(**{"x_Origin": f"bill.csv:{row}"} | one) for row, one in enumerate(charges, 1)]
        tables = engine.resolved(engine.tables(numbered, usage), ruleset)
        engine.connection.execute("CREATE OR REPLACE TEMP TABLE charges_kept AS SELECT * FROM charges")
        worked = work_out(engine.connection, tables, ruleset)
        name = charge_parts(engine.connection, "charges_kept", ruleset, worked, ("ConsumedQuantity",))
        asked = ", ".join(f"p.{column}" for column in columns.split())
        rows = engine.connection.execute(
            f"SELECT k.x_Origin, p.team, p.idle_cause, p.shared_step, {asked}"
            f" FROM {name} p JOIN charges_kept k ON k.rowid = p.charge ORDER BY p.charge, p.part"
        ).fetchall()
        return {row[:4]: row[4] if len(row) == 5 else row[4:] for row in rows}

    return parts


def test_a_charge_with_one_owner_stays_whole(parts_of):
    found = parts_of(
        "rules: [{match: {tags.team: present}, owner: {team: tags.team}}]",
        [{"cost": "3.000000000001", "tags_team": "A"}, {"cost": "2"}],
        columns="EffectiveCost is_split ratio unit quantity cost_center rule",
    )
    assert found["bill.csv:1", "a", "", ""] == (Decimal("3.000000000001"), False, None, None, None, "100", "rule 1")
    assert found["bill.csv:2", "unattributed", "", ""] == (2, False, None, None, None, "", "")


def test_ratio_unit_and_quantity_say_what_a_part_was_weighed_by(parts_of, used):
    found = parts_of(
        "rules: [{name: gpus, split: {by: gpu.hours, pool: pool, per: hour, idle: holder}}]",
        [{"cost": "8", "hour": 0, "ConsumedQuantity": Decimal(4)}],
        [used("gpu.hours", "a", 3), used("gpu.busy_hours", "a", 1), used("gpu.capacity_hours", None, 4)],
        columns="EffectiveCost ratio unit quantity ConsumedQuantity",
    )
    assert found == {
        ("bill.csv:1", "a", "", ""): (2, Decimal("0.25"), "gpu.hours", 1, 1),
        ("bill.csv:1", "a", "held", ""): (4, Decimal("0.5"), "gpu.hours", 2, 2),
        ("bill.csv:1", "idle", "unallocated", ""): (2, Decimal("0.25"), "gpu.hours", 1, 1),
    }


def test_weights_that_a_rule_writes_are_shares_and_weights_by_cost_are_money(parts_of):
    rules = """
    rules:
      - {match: {ServiceName: S}, split: {fixed: {a: 1, b: 3}}}
      - {match: {ServiceName: T}, split: {by: cost}}
    """
    found = parts_of(
        rules, [{"cost": "4", "ServiceName": "S"}, {"cost": "8", "ServiceName": "T"}], columns="unit quantity"
    )
    assert found["bill.csv:1", "b", "", ""] == ("Shares", 3)
    assert found["bill.csv:2", "b", "", ""] == ("USD", 3)


def test_what_stands_in_for_missing_usage_is_not_told_as_usage(parts_of):
    split = "rules: [{{split: {{by: gpu.hours, pool: pool, without_usage: {}}}}}]"
    fixed = parts_of(split.format("{fixed: {a: 2}}"), [{"cost": "4"}], columns="unit quantity ratio fallback")
    assert fixed == {("bill.csv:1", "a", "", ""): ("Shares", 2, 1, "fixed:not_covered")}
    nobody = parts_of(split.format("unattributed"), [{"cost": "4"}], columns="unit quantity ratio fallback")
    assert nobody == {("bill.csv:1", "unattributed", "", ""): (None, None, 1, "unattributed:not_covered")}


def test_a_shared_teams_charges_go_on_whether_they_were_its_own_or_split_to_it(parts_of):
    rules = """
    rules:
      - {match: {ServiceName: S}, split: {fixed: {a: 1, p: 1}}}
      - {owner: p}
    shared: [{team: p, split: {fixed: {b: 1, c: 3}}}]
    """
    found = parts_of(rules, [{"cost": "8", "ServiceName": "S"}, {"cost": "4"}], columns="EffectiveCost ratio unit")
    assert found == {
        ("bill.csv:1", "a", "", ""): (4, Decimal("0.5"), "Shares"),
        ("bill.csv:1", "b", "", "p"): (1, Decimal("0.125"), None),
        ("bill.csv:1", "c", "", "p"): (3, Decimal("0.375"), None),
        ("bill.csv:2", "b", "", "p"): (1, Decimal("0.25"), None),
        ("bill.csv:2", "c", "", "p"): (3, Decimal("0.75"), None),
    }


@pytest.mark.parametrize("scale", ["1", "1000000000000000000"])
def test_beyond_128_bits_the_same_formula_holds(parts_of, scale):
    weights = {"a": Decimal("0.000000000007"), "b": Decimal(scale + "0.1"), "c": Decimal("3.3")}
    written = ", ".join(f"{team}: {weight}" for team, weight in weights.items())
    costs = [Decimal("123456789012.000000000001"), Decimal("-99999999999.5"), Decimal("0.000000000001")]
    quantity = Decimal("1234567890.000000000000000009")
    found = parts_of(
        f"rules: [{{split: {{fixed: {{{written}}}}}}}]",
        [{"cost": cost, "ConsumedQuantity": quantity} for cost in costs],
        columns="EffectiveCost ConsumedQuantity ratio",
    )
    total, bounds = sum(map(Fraction, weights.values())), {}
    for team in sorted(weights):
        low = sum((high - low for low, high in bounds.values()), Fraction(0))
        bounds[team] = (low, low + Fraction(weights[team]) / total)
    running = 0
    for row, cost in enumerate(costs, 1):
        before, running = running, running + int(cost * 10**12)
        for team, (low, high) in bounds.items():
            upto = [int(running * high) - int(running * low), int(before * high) - int(before * low)]
            assert found[f"bill.csv:{row}", team, "", ""][0] * 10**12 == upto[0] - upto[1]
        assert sum(found[f"bill.csv:{row}", team, "", ""][1] for team in weights) == quantity
        assert sum(found[f"bill.csv:{row}", team, "", ""][2] for team in weights) == 1
