"""The engine agrees to the last unit with a plain loop over fractions that was written from the semantics alone."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import reduce
from json import loads
from operator import add, or_

import pytest
from days_of_month import each_day
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from rules.attribute import attribute, work_out
from rules.charge_parts import charge_parts

FIRST_OF_MONTH = datetime(2026, 11, 1, tzinfo=UTC)
"""A day that begins a month, so that the one before it is in another."""
TODAY = "2026-11-01"
TEAMS = ("a", "b", "c", "p", "q")
COSTS = ("BilledCost", "EffectiveCost", "ListCost")

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
    hour = draw(st.sampled_from([None, None, 0, 0, 1, 1, 2, 5, 23]))
    start = FIRST_OF_MONTH + timedelta(days=draw(st.sampled_from([0, 0, -1])), hours=hour or 0)
    length = 24 * draw(st.sampled_from([1, 1, 2])) if hour is None else draw(st.sampled_from([1, 1, 3]))
    tags = {"team": draw(NAMED), "place": draw(PLACES), "project": draw(st.sampled_from(["", "x"]))}
    tags["feature"] = draw(st.sampled_from(["", "chat", 'a "b"']))
    return {
        **{cost: draw(AMOUNTS) for cost in COSTS},
        "ChargePeriodStart": start,
        "ChargePeriodEnd": start + timedelta(hours=length),
        "BillingCurrency": draw(st.sampled_from(["USD", "USD", "USD", "EUR"])),
        "CommitmentDiscountStatus": draw(st.sampled_from(["", "Used", "Unused"])),
        "ServiceName": draw(st.sampled_from(["Compute", "Storage", "Support"])),
        "SubAccountId": draw(st.sampled_from(["1", "2", ""])),
        "x_Source": draw(st.sampled_from(["aws", "gcp"])),
        "Tags": {key: value for key, value in tags.items() if value},
    }


GPU_METRICS = ["gpu.hours", "gpu.hours", "gpu.hours", "gpu.busy_hours", "gpu.capacity_hours", "gpu.low_hours"]


@st.composite
def usage_rows(draw):
    hours = [0, 0, 0, 1, 1, 1, 2, 3, 23, 24, -1, -1, -20, -24, -167, -168, -192]
    facts = {"team": draw(NAMED), "place": draw(PLACES)}
    return {
        "hour": FIRST_OF_MONTH + timedelta(hours=draw(st.sampled_from(hours))),
        "metric": draw(st.sampled_from([*GPU_METRICS, "runs", "runs"])),
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
STAND_INS = st.one_of(st.sampled_from(["unattributed", "even"]), FIXED.map(lambda fixed: {"fixed": fixed}))
WITHOUT = st.one_of(STAND_INS, st.just("previous"))
BLENDS = st.sampled_from(
    [
        [{"gpu.hours": "0.7"}, {"runs": "0.3"}],
        [{"gpu.hours": "1"}, {"metric": "runs", "weight": "2", "pool": "two"}],
        [{"metric": "runs", "weight": "0.000001", "pool": "two"}, {"gpu.hours": "1"}, {"gpu.busy_hours": "7"}],
    ]
)
USAGE_SPLITS = st.fixed_dictionaries(
    {
        "by": st.one_of(st.sampled_from(["gpu.hours", "gpu.hours", "runs"]), BLENDS),
        "pool": st.sampled_from(["one", "one", "two"]),
    },
    optional={"among": SOME_TEAMS, "without_usage": WITHOUT},
)
IDLE_SPLITS = st.fixed_dictionaries(
    {"by": st.just("gpu.hours"), "pool": st.just("one"), "idle": st.sampled_from(["holder", "spread", "c"])},
    optional={"unallocated": st.just("q"), "without_usage": st.just("previous"), "among": SOME_TEAMS},
)
RATES = st.sampled_from(
    [
        "2.10",
        "0",
        "14",
        [{"rate": "2", "until": TODAY}, {"rate": "3.5", "from": TODAY}],
        [{"rate": "0.3", "from": "2026-10-31", "until": TODAY}],
    ]
)
ACTIVITIES = st.fixed_dictionaries(
    {
        "rates": st.dictionaries(st.sampled_from(["gpu.hours", "runs"]), RATES, min_size=1),
        "pool": st.just("one"),
        "rest": st.sampled_from(TEAMS),
    }
)
PER = st.sampled_from([{}, {"per": "day"}, {"per": "hour"}, {"per": "hour"}, {"per": "month"}])
BY_COST = st.fixed_dictionaries(
    {"by": st.just("cost")},
    optional={"among": SOME_TEAMS, "per": st.sampled_from(["day", "month"]), "without_usage": STAND_INS},
)
SHARES = st.one_of(SOME_TEAMS.map(lambda found: {"even": found}), FIXED.map(lambda fixed: {"fixed": fixed}))
OWNERS = st.sampled_from(
    [
        {"team": "tags.team"},
        {"team": "tags.team", "project": "tags.project"},
        {"team": "tags.team", "feature": "tags.project"},
        {"mapping": {"file": "owners.csv", "column": "SubAccountId"}},
    ]
)
TABLE = {
    "1": {"team": "a", "project": "m", "feature": "mapped"},
    "2": {"team": "b", "project": "", "feature": ""},
}


def under(key, values, *more):
    """Outcomes under one keyword."""
    return st.builds(lambda *parts: {key: reduce(or_, parts, {})}, values, *more)


OUTCOMES = st.one_of(
    st.sampled_from(TEAMS).map(lambda team: {"owner": team}),
    under("owner", OWNERS),
    under("split", USAGE_SPLITS, PER),
    under("split", USAGE_SPLITS, PER),
    under("split", IDLE_SPLITS, PER),
    under("split", BY_COST),
    under("split", SHARES),
    under("activity", ACTIVITIES, PER),
    st.sampled_from([["ServiceName"], ["ServiceName", "SubAccountId"]]).map(lambda columns: {"follow": columns}),
)
DATES = st.sampled_from([{}, {}, {}, {"from": TODAY}, {"until": TODAY}, {"from": "2026-10-01", "until": "2026-11-02"}])
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
SHARED = st.sampled_from(
    [
        [],
        [],
        [{"team": "p", "split": {"by": "runs"}}],
        [{"team": "p", "split": {"by": "gpu.hours", "per": "month", "without_usage": "even"}, "until": TODAY}],
        [
            {"team": "p", "split": {"by": [{"runs": "1"}, {"gpu.hours": "2"}], "without_usage": "previous"}},
            {"team": "a", "split": {"by": "runs"}},
            {"team": "q", "split": {"by": "gpu.hours"}},
        ],
        [{"team": "p", "split": {"by": "cost"}}, {"team": "q", "split": {"by": "cost", "per": "month"}}],
        [
            {"team": "p", "split": {"by": "cost", "among": ["p", "a", "q"], "without_usage": {"fixed": {"b": "1"}}}},
            {"team": "q", "split": {"by": "cost", "without_usage": "unattributed"}, "from": TODAY},
            {"team": "a", "split": {"by": "runs"}, "until": TODAY},
        ],
        [
            {"team": "p", "split": {"fixed": {"a": "1", "q": "2"}}},
            {"team": "q", "split": {"fixed": {"b": "1", "p": "7"}}},
        ],
        [
            {"team": "p", "split": {"fixed": {"q": "1", "p": "5"}}, "from": TODAY},
            {"team": "q", "split": {"fixed": {"b": "1", "c": "3", "a": "1"}}},
            {"team": "a", "split": {"fixed": {"b": "1", "p": "2"}}},
            {"team": "p", "split": {"fixed": {"b": "1"}}, "until": TODAY},
        ],
    ]
)
ABOUT_TEAMS = st.sampled_from(
    [
        {},
        {},
        {"b": {"until": TODAY}, "c": {"from": TODAY}},
        {"a": {"was": [{"name": "stranger", "until": TODAY}], "cost_center": "100"}, "q": {"until": TODAY}},
        {"b": {"from": TODAY}, "c": {"until": "2026-10-31"}, "p": {"until": "2027-01-01"}},
    ]
)
CENTERS = {"a": {"cost_center": "100"}, "p": {"cost_center": "900"}}
DIMENSIONS = st.sampled_from([{}, {"feature": "tags.feature"}, {"feature": "tags.feature", "place": "tags.place"}])


def rules_that_may_stand_together(rules, dimensions):
    """Rules of one pool must say the same of it: keep the first activity only. Owners name configured dimensions."""
    seen, kept = False, []
    for number, rule in enumerate(rules):
        if "activity" in rule and seen:
            continue
        seen = seen or "activity" in rule
        named = {"name": f"rule {number}", **rule}
        if isinstance(rule.get("owner"), dict) and "feature" not in dimensions:
            named["owner"] = {key: value for key, value in rule["owner"].items() if key != "feature"}
        kept.append(named)
    return kept


@st.composite
def cases(draw):
    """A case of reference.py, without what was covered."""
    about, dimensions = draw(ABOUT_TEAMS), draw(DIMENSIONS)
    return {
        "teams": {team: {**CENTERS.get(team, {}), **about.get(team, {})} for team in TEAMS},
        "dimensions": dimensions,
        "required_tags": draw(st.sampled_from([[], ["team"], ["place", "feature"]])),
        "rules": rules_that_may_stand_together(draw(RULES), dimensions),
        "shared": draw(SHARED),
        "owners": TABLE,
        "charges": draw(st.lists(charge_rows(), min_size=3, max_size=12)),
        "usage": draw(st.lists(usage_rows(), min_size=6, max_size=30)),
    }


# --- both ------------------------------------------------------------------------------------------------------------


def allocated(reference, connection, name):
    columns = (
        "x_Source, CAST(x_Day AS VARCHAR), BillingCurrency, rule, team, idle_cause, shared_step, fallback,"
        " epoch_us(window_start), epoch_us(window_end), project, ServiceName, SubAccountId, cost_center, dimensions"
    )
    rows = defaultdict(lambda: [0, 0, 0])
    for row in connection.execute(f"SELECT {columns}, {', '.join(COSTS)} FROM {name}").fetchall():
        hours = None if row[8] is None else (row[8] // 3_600_000_000, row[9] // 3_600_000_000)
        key = (*row[:8], hours, *row[10:14], tuple(loads(row[14]).items()) if row[14] else ())
        rows[key] = [total + reference.units(cost) for total, cost in zip(rows[key], row[15:], strict=True)]
    return dict(rows)


def tagged(reference, connection, name):
    if name is None:
        return {}
    rows = connection.execute(f"SELECT source, currency, account, team, tag, present, missing FROM {name}").fetchall()
    return {row[:5]: [reference.units(row[5]), reference.units(row[6])] for row in rows}


def ruleset_of(read, folder, as_yaml, case):
    names = ["value", "team", "project", *(["feature"] if "feature" in case["dimensions"] else [])]
    lines = [",".join({"value": value, **row}[name] for name in names) for value, row in case["owners"].items()]
    (folder / "owners.csv").write_text("\n".join([",".join(names), *lines, ""]))
    keys = ("teams", "dimensions", "required_tags", "rules", "shared")
    loaded = read(as_yaml({key: case[key] for key in keys}))
    assert [problem for problem in loaded.problems if problem.severity == "error"] == []
    return loaded.ruleset


def without_zeros(rows):
    return {key: row for key, row in rows.items() if any(row)}


@pytest.fixture
def agrees(reference, engine, read, as_yaml):
    """Hold the engine against the plain loop, in one connection for all cases, as a daemon's days are."""
    engine.connection.execute("SET threads = 1")

    def check(case):
        covered = (reference.hour_of(FIRST_OF_MONTH) - 300, reference.hour_of(FIRST_OF_MONTH) + 20)
        start, end = (reference.EPOCH + timedelta(hours=hour) for hour in covered)
        ruleset = ruleset_of(read, engine.folder, as_yaml, case)
        charges = [engine.charge(**row) for row in case["charges"]]
        tables = engine.tables(charges, case["usage"], [("metrics", start, end)])
        found = attribute(engine.connection, engine.resolved(tables, ruleset), ruleset)
        rows, tags = reference.reference({**case, "covered": covered})
        assert without_zeros(allocated(reference, engine.connection, found.allocations)) == without_zeros(rows)
        assert without_zeros(tagged(reference, engine.connection, found.tags)) == without_zeros(tags)

    return check


def examples(count):
    return settings(
        max_examples=count,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@pytest.fixture
def agrees_by_day(reference, engine, read, as_yaml):
    """Hold days of a month that are attributed one after the other against the plain loop over all of them."""
    engine.connection.execute("SET threads = 1")

    def check(case):
        covered = (reference.hour_of(FIRST_OF_MONTH) - 300, reference.hour_of(FIRST_OF_MONTH) + 20)
        start, end = (reference.EPOCH + timedelta(hours=hour) for hour in covered)
        ruleset = ruleset_of(read, engine.folder, as_yaml, case)
        charges = [engine.charge(**row) for row in case["charges"]]
        found = {}
        for of_day in each_day(engine, ruleset, charges, case["usage"], [("metrics", start, end)]):
            found |= allocated(reference, engine.connection, of_day.allocations)
            assert not [said for said in of_day.warnings if "not by the whole month" in said]
        assert without_zeros(found) == without_zeros(reference.reference({**case, "covered": covered})[0])

    return check


def in_one_month(case, activity):
    """The case with all charges on a few days of one month, and an activity over it."""
    pool = {"name": "pool", "match": {"ServiceName": "Compute"}, "activity": {**activity, "per": "month"}}
    moved = (timedelta(days=1 + number % 3) for number in range(len(case["charges"])))
    charges = [
        {**row, **{name: row[name] + by for name in ("ChargePeriodStart", "ChargePeriodEnd")}}
        for row, by in zip(case["charges"], moved, strict=True)
    ]
    others = [rule for rule in case["rules"] if "activity" not in rule]
    return {**case, "charges": charges, "rules": [pool, *others]}


@pytest.mark.slow
@seed(7)
@examples(30)
@given(cases(), ACTIVITIES)
def test_days_one_after_the_other_give_what_a_plain_loop_over_their_month_gives(agrees_by_day, case, activity):
    agrees_by_day(in_one_month(case, activity))


@pytest.mark.slow
@examples(6)
@given(cases())
def test_a_plain_loop_over_fractions_gives_the_same_rows(agrees, case):
    agrees(case)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(4))
def test_a_plain_loop_gives_the_same_rows_for_a_hundred_and_twenty_five_cases_more(agrees, number):
    @seed(number)
    @examples(125)
    @given(cases())
    def hold(case):
        agrees(case)

    hold()


@pytest.mark.slow
@examples(12)
@given(cases(), st.lists(charge_rows(), min_size=1, max_size=6), st.lists(usage_rows(), max_size=12))
def test_what_is_restated_is_as_if_it_had_always_been_so(agrees, case, charges, usage):
    agrees(case)
    agrees({**case, "charges": [*charges, *case["charges"][len(charges) :]]})
    agrees({**case, "usage": [*usage, *case["usage"][len(usage) :]]})


# --- every charge's own parts -----------------------------------------------------------------------------------------

FINE = st.one_of(
    st.none(),
    st.sampled_from([Decimal("1e-18"), Decimal(7), Decimal("-0.000000000000000003")]),
    st.decimals(-(10**9), 10**9, places=18),
)


def _parts_sum(engine, ruleset, charges, usage):
    rows = [engine.charge(**{**row, "x_Origin": f"bill.csv:{number}"}) for number, row in enumerate(charges)]
    tables = engine.resolved(engine.tables(rows, usage), ruleset)
    engine.connection.execute("CREATE OR REPLACE TEMP TABLE kept AS SELECT * FROM charges")
    allocations = attribute(engine.connection, tables, ruleset).allocations
    keys = "rule, team, idle_cause, shared_step, fallback, project, cost_center, method, dimensions"
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


@pytest.mark.slow
@examples(25)
@given(cases(), st.lists(FINE, min_size=12, max_size=12))
def test_each_charges_parts_sum_to_the_charge_and_to_what_its_owners_were_given(engine, read, as_yaml, case, fine):
    ruleset = ruleset_of(read, engine.folder, as_yaml, case)
    charges = [{**row, "ConsumedQuantity": own} for row, own in zip(case["charges"], fine, strict=False)]
    _parts_sum(engine, ruleset, charges, case["usage"])
