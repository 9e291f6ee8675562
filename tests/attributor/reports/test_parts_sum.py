"""For any charges, every report's parts sum to its whole, and the whole is what was put in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from examples import at_most
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete

from attributor.ledger.tables import control_sums, rollup, team_days
from attributor.money import from_units, total
from attributor.periods import Month
from attributor.reports.costs import BASES, DIMENSIONS
from attributor.reports.overview import overview
from attributor.reports.reconcile import reconcile
from attributor.reports.showback import ShowbackRequest, showback
from attributor.reports.team import team_report
from attributor.reports.view import View

OCTOBER = Month(2026, 10)
NOW = datetime(2026, 11, 20, tzinfo=UTC)
UNITS = st.integers(min_value=-(10**21), max_value=10**21)


@dataclass(frozen=True)
class Charge:
    team: str
    service: str
    rule: str
    day: date
    costs: tuple[int, int, int]

    def cost(self, basis: str) -> Decimal:
        return from_units(self.costs[BASES.index(basis)])


charges = st.lists(
    st.builds(
        Charge,
        team=st.sampled_from(["search", "ads", "unattributed", "idle"]),
        service=st.sampled_from(["GPU", "Storage", ""]),
        rule=st.sampled_from(["team tag", ""]),
        day=st.dates(date(2026, 9, 25), date(2026, 11, 5)),
        costs=st.tuples(UNITS, UNITS, UNITS),
    ),
    max_size=25,
)
many = settings(max_examples=at_most(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def fill(engine: Engine, put_costs, given_charges: Sequence[Charge]) -> list[Charge]:
    """Put the charges in; return those of the month."""
    with engine.begin() as connection:
        connection.execute(delete(rollup))
        connection.execute(delete(team_days))
    put_costs(
        [
            {"team": charge.team, "service": charge.service, "rule": charge.rule, "day": charge.day}
            | {basis: charge.cost(basis) for basis in BASES}
            for charge in given_charges
        ]
    )
    return [charge for charge in given_charges if OCTOBER.first <= charge.day < OCTOBER.end]


@many
@given(
    charges, st.sampled_from(BASES), st.lists(st.sampled_from(sorted(DIMENSIONS)), min_size=1, max_size=3, unique=True)
)
def test_showback_rows_sum_to_the_month(engine, put_costs, given_charges, basis, by):
    of_month = fill(engine, put_costs, given_charges)
    found = showback(engine, ShowbackRequest(OCTOBER, basis, tuple(by)))
    assert found.total == total(row.cost for row in found.rows) == total(charge.cost(basis) for charge in of_month)
    assert len({row.values for row in found.rows}) == len(found.rows)


@many
@given(charges, st.sampled_from(BASES))
def test_every_part_of_the_overview_sums_to_its_total(engine, put_costs, given_charges, basis):
    of_month = fill(engine, put_costs, given_charges)
    found = overview(engine, {}, View(OCTOBER, NOW, basis))
    assert found.total == total(charge.cost(basis) for charge in of_month)
    for parts in (found.teams, found.services, found.days):
        assert total(part.cost for part in parts) == found.total
    for lines in (found.teams, found.services):
        assert total(line.change for line in lines) == found.change


@many
@given(charges, st.sampled_from(BASES), st.sampled_from(["search", "unattributed"]))
def test_every_part_of_a_team_sums_to_its_total(engine, put_costs, given_charges, basis, team):
    of_month = fill(engine, put_costs, given_charges)
    found = team_report(engine, {}, team, View(OCTOBER, NOW, basis)) if _is_known(team, given_charges) else None
    if found is None:
        return
    assert found.total == total(charge.cost(basis) for charge in of_month if charge.team == team)
    for parts in (found.services, found.days, found.drivers, found.rules):
        assert total(part.cost for part in parts) == found.total


@many
@given(charges, st.integers(min_value=0, max_value=3))
def test_reconcile_is_zero_only_where_nothing_differs(engine, put_costs, put_control, given_charges, off):
    of_month = fill(engine, put_costs, given_charges)
    _control(engine, put_control, of_month, off)
    assert (reconcile(engine, OCTOBER).difference == 0) == (off == 0 or not of_month)


def _is_known(team: str, given_charges: Sequence[Charge]) -> bool:
    return team == "unattributed" or any(charge.team == team for charge in given_charges)


def _control(engine: Engine, put_control, of_month: Sequence[Charge], off: int) -> None:
    """Store control sums of the month's days that are `off` units from the first day's costs."""
    with engine.begin() as connection:
        connection.execute(delete(control_sums))
    for index, day in enumerate(sorted({charge.day for charge in of_month})):
        extra = from_units(off if index == 0 else 0)
        sums = {basis: total([*(c.cost(basis) for c in of_month if c.day == day), extra]) for basis in BASES}
        put_control("0", day=day, **sums)
