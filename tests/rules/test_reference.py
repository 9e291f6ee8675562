"""The engine agrees to the last unit with a plain loop over fractions that was written from the semantics alone."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import reduce
from operator import add, or_

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.attribute import attribute, work_out
from rules.charge_parts import charge_parts

DAY = datetime(2026, 10, 14, tzinfo=UTC)
TEAMS = ("a", "b", "c", "p", "q")
COSTS = ("BilledCost", "EffectiveCost", "ListCost")
CENTERS = {"a": "100", "p": "900"}

# --- random days -----------------------------------------------------------------------------------------------------

AMOUNTS = st.one_of(
    st.decimals(-1000, 1000, places=12),
    st.sampled_from([Decimal(0), Decimal("1e-12"), Decimal("-1e-12"), Decimal(1_000_000_000), Decimal("0.1")]),
)
QUANTITIES = st.one_of(st.sampled_from([Decimal(1), Decimal("0.5")]), st.decimals(0, 100, places=12))
NAMED = st.sampled_from(["a", "B", "c@corp", "P", "", "stranger"])
PLACES = st.sampled_from(["", "east", "eastern", "west", "E_st"])


@st.composite
def charge_rows(draw):
    hour = draw(st.sampled_from([None, 0, 0, 1, 1, 2, 5, 23]))
    start = DAY if hour is None else DAY + timedelta(hours=hour)
    length = timedelta(days=1) if hour is None else timedelta(hours=draw(st.sampled_from([1, 1, 3])))
    tags = {"team": draw(NAMED), "place": draw(PLACES), "project": draw(st.sampled_from(["", "x"]))}
    return {
        **{cost: draw(AMOUNTS) for cost in COSTS},
        "hour": hour or 0,
        "ChargePeriodStart": start,
        "ChargePeriodEnd": min(start + length, DAY + timedelta(days=1)),
        "ServiceName": draw(st.sampled_from(["Compute", "Storage", "Support"])),
        "SubAccountId": draw(st.sampled_from(["1", "2", ""])),
        "x_Source": draw(st.sampled_from(["aws", "gcp"])),
        "Tags": {key: value for key, value in tags.items() if value},
    }


@st.composite
def usage_rows(draw):
    metric = draw(
        st.sampled_from(["gpu.hours", "gpu.hours", "gpu.hours", "runs", "gpu.busy_hours", "gpu.capacity_hours"])
    )
    facts = {"team": draw(NAMED), "place": draw(PLACES)}
    return {
        "hour": DAY + timedelta(hours=draw(st.sampled_from([0, 0, 0, 1, 1, 1, 2, 3, 23, -1, -20, -167, -168]))),
        "metric": metric,
        "pool": draw(st.sampled_from(["one", "one", "one", "two"])),
        "quantity": draw(QUANTITIES),
        "facts": {key: value for key, value in facts.items() if value},
        "x_Source": "metrics",
    }


COLUMNS = st.sampled_from(["ServiceName", "SubAccountId", "tags.place", "tags.team", "x_Source"])
TESTS = st.one_of(
    st.sampled_from(["Compute", "1", "east", "E*", "e?st", "*s*", "present", "absent", "aws"]),
    st.lists(st.sampled_from(["Compute", "Storage", "2", "gcp", "we*", "B"]), min_size=1, max_size=2),
    st.sampled_from([{"regex": "^[Ee]_?.st$"}, {"regex": "s+t"}, {"prefix": "east"}, {"prefix": "E_"}]),
    st.sampled_from([{"range": ["Compute", "Storage"]}, {"range": ["a", "f"]}]),
)
LEAVES = st.dictionaries(COLUMNS, TESTS, min_size=1, max_size=2)
MATCHES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=2).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=2).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=3,
)
WEIGHTS = st.sampled_from(["1", "2.5", "0.000000000007", "60"])
SOME_TEAMS = st.lists(st.sampled_from(TEAMS), min_size=1, max_size=3, unique=True)
FIXED = st.dictionaries(st.sampled_from(TEAMS), WEIGHTS, min_size=1, max_size=3)
WITHOUT = st.one_of(st.sampled_from(["unattributed", "previous", "even"]), FIXED.map(lambda fixed: {"fixed": fixed}))
USAGE_SPLITS = st.fixed_dictionaries(
    {"by": st.sampled_from(["gpu.hours", "gpu.hours", "runs"]), "pool": st.sampled_from(["one", "one", "two"])},
    optional={"among": SOME_TEAMS, "without_usage": WITHOUT},
)
IDLE_SPLITS = st.fixed_dictionaries(
    {"by": st.just("gpu.hours"), "pool": st.just("one"), "idle": st.sampled_from(["holder", "spread", "c"])},
    optional={"unallocated": st.just("q")},
)
ACTIVITIES = st.fixed_dictionaries(
    {
        "rates": st.dictionaries(
            st.sampled_from(["gpu.hours", "runs"]), st.sampled_from(["2.10", "0", "14"]), min_size=1
        ),
        "pool": st.just("one"),
        "rest": st.sampled_from(TEAMS),
    }
)
PER = st.sampled_from([{}, {"per": "day"}, {"per": "hour"}, {"per": "hour"}])
BY_COST = st.one_of(st.just({"by": "cost"}), SOME_TEAMS.map(lambda found: {"by": "cost", "among": found}))
SHARES = st.one_of(SOME_TEAMS.map(lambda found: {"even": found}), FIXED.map(lambda fixed: {"fixed": fixed}))


def under(key, values, *more):
    """Outcomes under one keyword."""
    return st.builds(lambda *parts: {key: reduce(or_, parts, {})}, values, *more)


OUTCOMES = st.one_of(
    st.sampled_from(TEAMS).map(lambda team: {"owner": team}),
    under("owner", st.sampled_from([{"team": "tags.team"}, {"team": "tags.team", "project": "tags.project"}])),
    under("split", USAGE_SPLITS, PER),
    under("split", USAGE_SPLITS, PER),
    under("split", IDLE_SPLITS, PER),
    under("split", BY_COST),
    under("split", SHARES),
    under("activity", ACTIVITIES, PER),
    st.sampled_from([["ServiceName"], ["ServiceName", "SubAccountId"]]).map(lambda columns: {"follow": columns}),
)
DATES = st.sampled_from(
    [{}, {}, {}, {"from": "2026-10-14"}, {"until": "2026-10-14"}, {"from": "2026-10-01", "until": "2026-11-01"}]
)
SIMPLE = st.sampled_from(
    [
        {"ServiceName": "Compute"},
        {"ServiceName": "Storage"},
        {"ServiceName": "Support"},
        {"SubAccountId": "1"},
        {"tags.team": "present"},
        {"tags.place": "present"},
    ]
)
CLAIMS = st.one_of(SIMPLE, SIMPLE, SIMPLE, MATCHES).map(lambda match: {"match": match})
SOME_RULES = st.lists(st.builds(lambda *parts: reduce(or_, parts, {}), CLAIMS, OUTCOMES, DATES), min_size=2, max_size=6)
LAST_RULE = st.one_of(st.just([]), OUTCOMES.map(lambda outcome: [outcome]))
RULES = st.builds(add, SOME_RULES, LAST_RULE)
SHARED = st.one_of(
    st.just([]),
    st.just([{"team": "p", "split": {"by": "runs"}}]),
    st.just(
        [
            {"team": "p", "split": {"fixed": {"a": "1", "q": "2"}}},
            {"team": "q", "split": {"fixed": {"b": "1", "p": "7"}}},
        ]
    ),
    st.just(
        [
            {"team": "p", "split": {"fixed": {"q": "1", "p": "5"}}},
            {"team": "q", "split": {"fixed": {"b": "1", "c": "3"}}},
        ]
    ),
)
TEAMS_YAML = {team: {"cost_center": CENTERS[team]} if team in CENTERS else {} for team in TEAMS}


def one_claim_a_pool(rules):
    """Rules of one pool must say the same of it: keep the first activity only."""
    seen, kept = False, []
    for number, rule in enumerate(rules):
        if "activity" in rule and seen:
            continue
        seen = seen or "activity" in rule
        kept.append({"name": f"rule {number}", **rule})
    return kept


def allocated(reference, connection, name):
    columns = (
        "x_Source, rule, team, idle_cause, shared_step, fallback, epoch_us(window_start), epoch_us(window_end),"
        " project, ServiceName, SubAccountId, cost_center"
    )
    rows = defaultdict(lambda: [0, 0, 0])
    for row in connection.execute(f"SELECT {columns}, {', '.join(COSTS)} FROM {name}").fetchall():
        hours = None if row[6] is None else (row[6] // 3_600_000_000, row[7] // 3_600_000_000)
        key = (*row[:6], hours, *row[8:12])
        rows[key] = [total + reference.units(cost) for total, cost in zip(rows[key], row[12:], strict=True)]
    return dict(rows)


def _agrees(reference, engine, as_yaml, rules, shared, charges, usage):
    covered = (reference.hour_of(DAY) - 200, reference.hour_of(DAY) + 20)
    span = ("metrics", reference.EPOCH + timedelta(hours=covered[0]), reference.EPOCH + timedelta(hours=covered[1]))
    ruleset = engine.rules(as_yaml({"teams": TEAMS_YAML, "rules": rules, "shared": shared}))
    tables = engine.resolved(engine.tables([engine.charge(**row) for row in charges], usage, [span]), ruleset)
    found = allocated(reference, engine.connection, attribute(engine.connection, tables, ruleset).allocations)
    wanted = reference.reference(rules, shared, charges, usage, covered)
    assert {key: row for key, row in found.items() if any(row)} == {key: row for key, row in wanted.items() if any(row)}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    RULES.map(one_claim_a_pool),
    SHARED,
    st.lists(charge_rows(), min_size=3, max_size=9),
    st.lists(usage_rows(), min_size=6, max_size=20),
)
def test_a_plain_loop_over_fractions_gives_the_same_rows(reference, engine, as_yaml, rules, shared, charges, usage):
    _agrees(reference, engine, as_yaml, rules, shared, charges, usage)


@pytest.mark.slow
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    RULES.map(one_claim_a_pool),
    SHARED,
    st.lists(charge_rows(), min_size=4, max_size=12),
    st.lists(usage_rows(), min_size=8, max_size=30),
)
def test_a_plain_loop_over_fractions_gives_the_same_rows_two_hundred_times(
    reference, engine, as_yaml, rules, shared, charges, usage
):
    _agrees(reference, engine, as_yaml, rules, shared, charges, usage)


FINE = st.one_of(
    st.none(),
    st.sampled_from([Decimal("1e-18"), Decimal(7), Decimal("-0.000000000000000003")]),
    st.decimals(-(10**9), 10**9, places=18),
)


def _parts_sum(engine, as_yaml, rules, shared, charges, usage):
    ruleset = engine.rules(as_yaml({"teams": TEAMS_YAML, "rules": rules, "shared": shared}))
    rows = [engine.charge(**{**row, "x_Origin": f"bill.csv:{number}"}) for number, row in enumerate(charges)]
    tables = engine.resolved(engine.tables(rows, usage), ruleset)
    engine.connection.execute("CREATE OR REPLACE TEMP TABLE kept AS SELECT * FROM charges")
    allocations = attribute(engine.connection, tables, ruleset).allocations
    keys = "rule, team, idle_cause, shared_step, fallback, project, cost_center, method"
    sums = ", ".join(f"sum({cost})" for cost in COSTS)
    given_to = f"SELECT {keys}, {sums} FROM {{}} GROUP BY ALL HAVING {' OR '.join(f'sum({c}) <> 0' for c in COSTS)}"
    owners = set(engine.connection.execute(given_to.format(allocations)).fetchall())
    worked = work_out(engine.connection, replace(tables, charges="kept"), ruleset)
    parts = charge_parts(engine.connection, "kept", ruleset, worked, ("ConsumedQuantity",))
    assert set(engine.connection.execute(given_to.format(parts)).fetchall()) == owners
    columns = [*COSTS, "ConsumedQuantity"]
    differing = " OR ".join(f"sum(p.{one}) IS DISTINCT FROM any_value(k.{one})" for one in columns)
    assert not engine.connection.execute(
        f"SELECT k.x_Origin FROM kept k LEFT JOIN {parts} p ON p.charge = k.rowid GROUP BY k.rowid, k.x_Origin"
        f" HAVING {differing} OR sum(p.ratio) <> 1 OR any_value(p.is_split) <> bool_and(p.ratio IS NOT NULL)"
    ).fetchall()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    RULES.map(one_claim_a_pool),
    SHARED,
    st.lists(st.builds(lambda row, fine: {**row, "ConsumedQuantity": fine}, charge_rows(), FINE), min_size=3),
    st.lists(usage_rows(), min_size=6, max_size=20),
)
def test_each_charges_parts_sum_to_the_charge_and_to_what_its_owners_were_given(
    engine, as_yaml, rules, shared, charges, usage
):
    _parts_sum(engine, as_yaml, rules, shared, charges, usage)
