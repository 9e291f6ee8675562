"""Whatever window, step, group and filter: the parts sum to the whole, on both databases."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from examples import at_most
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from attributor.ledger.engine import reading
from attributor.ledger.money_columns import money_values
from attributor.ledger.tables import rollup
from attributor.money import total
from attributor.reports.allocations.filters import Comparison, Joined, condition_of, meets, parse_filter
from attributor.reports.allocations.report import AllocationsRequest, Part, allocations
from attributor.reports.allocations.windows import Window, along_calendar, cut
from attributor.reports.costs import SeveralCurrenciesError, dimensions_of

FIRST = date(2026, 10, 28)
TEAMS = ("search", "ads", "idle", "unattributed", "Search")
SERVICES = ("Amazon S3", "amazon s3", "a/b", "a", "100%_x", "")
DIMENSIONS = ("", '{"floor": "2"}', '{"floor": "b/a"}')
BY = st.lists(st.sampled_from(["team", "service", "floor", "day", "project"]), min_size=1, max_size=3, unique=True)
TESTED = st.builds(
    Comparison,
    st.sampled_from(["team", "service", "floor"]),
    st.sampled_from(["is", "contains", "begins", "ends"]),
    st.lists(st.sampled_from(["search", "s3", "a", "/", "2", "%", "_", "idle"]), min_size=1, max_size=2).map(tuple),
    st.booleans(),
)
FILTERS = st.recursive(
    TESTED,
    lambda inner: st.builds(Joined, st.sampled_from("+|"), st.lists(inner, min_size=2, max_size=3).map(tuple)),
    max_leaves=4,
)
WINDOWS = st.builds(
    lambda at, days: Window(FIRST + timedelta(at), FIRST + timedelta(at + days)), st.integers(0, 6), st.integers(1, 6)
)


def rows():
    """Return one rollup row for every tenth of the combinations, each with another cost."""
    found = []
    for number in range(0, 10 * len(TEAMS) * len(SERVICES) * len(DIMENSIONS), 3):
        team, rest = TEAMS[number % len(TEAMS)], number // len(TEAMS)
        service, rest = SERVICES[rest % len(SERVICES)], rest // len(SERVICES)
        texts = dict.fromkeys(
            ("project", "environment", "cost_center", "model", "rule", "shared_step", "idle_cause"), ""
        )
        row = texts | {"source": "aws", "provider": "AWS", "account": "1", "category": "Usage", "fallback": ""}
        row |= {"currency": "USD", "basis": "billed", "method": "direct", "billing_month": "2026-10"}
        row |= {"day": FIRST + timedelta(rest % 10), "team": team, "service": service}
        row |= {"dimensions": DIMENSIONS[number % len(DIMENSIONS)]}
        cost = Decimal(number * 7919 - 250_000) + Decimal(number).scaleb(-12)
        for name, factor in (("effective", 1), ("billed", 2), ("list", 3)):
            row |= money_values(name, cost * factor)
        found.append((row, cost))
    return found


@pytest.fixture
def filled(ledger_engine):
    with ledger_engine.begin() as connection:
        connection.execute(insert(rollup), [row for row, _ in rows()])
    return ledger_engine


def holds(asked, row):
    """Say whether a row meets a filter, in Python."""
    if isinstance(asked, Joined):
        return (all if asked.how == "+" else any)(holds(part, row) for part in asked.parts)
    value = dimensions_of(row["dimensions"]).get("floor", "") if asked.dimension == "floor" else row[asked.dimension]
    return meets(asked, value)


@settings(max_examples=at_most(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WINDOWS, st.sampled_from([None, "1d", "48h", "month"]), BY, st.one_of(st.none(), FILTERS), st.booleans())
def test_sets_groups_and_idle_capacity_sum_to_the_rows_that_the_filter_keeps(filled, window, step, by, asked, idle):
    windows = along_calendar(window, "month") if step == "month" else cut(window, step)
    request = AllocationsRequest(windows, tuple(by), include_idle=idle, filter=asked)
    with reading(filled) as connection:
        found = allocations(connection, request)
    kept = [
        (row, cost)
        for row, cost in rows()
        if window.start <= row["day"] < window.end and (asked is None or holds(asked, row))
    ]
    told = [each.costs["effective"] for whole in found.sets for each in whole.allocations]
    assert found.total == total(told)
    assert found.total + found.idle_left_out == total(cost for _, cost in kept)
    if idle:
        assert found.idle_left_out == 0
    else:
        assert found.idle_left_out == total(cost for row, cost in kept if row["team"] == "idle")
    for whole in found.sets:
        assert len({each.name for each in whole.allocations}) == len(whole.allocations)
        for each in whole.allocations:
            in_set = [(row, cost) for row, cost in kept if whole.start <= row["day"] < whole.end]
            assert each.costs["list"] == 3 * total(cost for row, cost in in_set if group(row, by) == group_of(each))


def group(row, by):
    """Return the group that a row belongs to, as `group_of` says it."""
    if row["team"] == "idle":
        return ()
    values = row | {"floor": "", "day": row["day"].isoformat()} | dimensions_of(row["dimensions"])
    values |= {"team": "" if row["team"] == "unattributed" else row["team"]}
    return tuple(sorted((name, values[name]) for name in by))


def group_of(allocation):
    return tuple(sorted(allocation.properties.items()))


def test_several_currencies_have_no_single_total(engine, put_cost):
    put_cost("1", day=FIRST)
    put_cost("1", day=FIRST, currency="EUR")
    window = (Window(FIRST, FIRST + timedelta(1)),)
    with reading(engine) as connection, pytest.raises(SeveralCurrenciesError):
        allocations(connection, AllocationsRequest(window))
    with reading(engine) as connection:
        assert allocations(connection, AllocationsRequest(window, currency="EUR")).currency == "EUR"
        assert allocations(connection, AllocationsRequest((Window(date(2025, 1, 1), FIRST),))).currency == ""


def test_a_filter_of_a_dimension_that_no_row_has_keeps_nothing():
    assert str(condition_of(parse_filter('floor:"2"', ("floor",)), [""])).count("IN") == 1


@pytest.mark.parametrize("include_idle", [False, True])
@pytest.mark.parametrize("by", [("team",), ("service", "floor"), ("day", "team")])
def test_a_part_of_the_sets_has_the_names_and_sums_of_the_whole(filled, include_idle, by):
    request = AllocationsRequest(cut(Window(FIRST, FIRST + timedelta(12)), "1d"), by, include_idle=include_idle)
    with reading(filled) as connection:
        whole = allocations(connection, request)
        for behind in range(-1, 13, 2):
            since = FIRST + timedelta(behind)
            later = [each for each in whole.sets if each.start >= since]
            for least in (1, 7, 1000):
                part = allocations(connection, request, Part(since, least))
                assert list(part.sets) == later[: len(part.sets)]
                read = sum(len(each.allocations) for each in part.sets if each.start > since)
                assert read > least or len(part.sets) == len(later)
                assert (part.total, part.idle_left_out) == (whole.total, whole.idle_left_out)
    assert len(whole.sets) == 12
