"""For any charges, period, grouping and filters the parts of a page sum to its whole: what was put in."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from examples import at_most
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, insert

from attributor.ledger.tables import publications, rollup, team_days
from attributor.money import from_units, total
from attributor.periods import parse_period
from attributor.reports.costs import BASES
from attributor.reports.models import models_report
from attributor.reports.narrowing import NARROWING, Filter
from attributor.reports.overview import overview
from attributor.reports.rule_claims import rule_claims
from attributor.reports.team import team_report
from attributor.reports.view import View

pytestmark = pytest.mark.slow
NOW = datetime(2026, 11, 20, tzinfo=UTC)
UNITS = st.integers(min_value=-(10**21), max_value=10**21)
PERIODS = ["2026-10", "2026-Q4", "2026-W45", "2026", "2026-10-28..2026-11-06", "2026-11-03..2026-11-03", "2025"]
VALUES = {
    "team": ["search", "ads", "unattributed"],
    "service": ["GPU", "Storage", ""],
    "provider": ["AWS", "GCP"],
    "model": ["gpt", ""],
    "category": ["Usage", "Tax"],
    "source": ["bill", "other"],
    "feature": ["chat", ""],
}
OWN = "feature"
"""A dimension that the rules file names, and the rollup has no column of."""


@dataclass(frozen=True)
class Charge:
    place: dict[str, str]
    day: date
    costs: tuple[int, int, int]

    def cost(self, basis: str) -> Decimal:
        return from_units(self.costs[BASES.index(basis)])


charges = st.lists(
    st.builds(
        Charge,
        place=st.fixed_dictionaries({word: st.sampled_from(values) for word, values in VALUES.items()}),
        day=st.dates(date(2026, 9, 25), date(2026, 11, 12)),
        costs=st.tuples(UNITS, UNITS, UNITS),
    ),
    max_size=20,
)
filters = st.lists(
    st.sampled_from(sorted(VALUES)).flatmap(
        lambda word: st.builds(
            Filter, st.just(word), st.lists(st.sampled_from(VALUES[word]), min_size=1, unique=True).map(tuple)
        )
    ),
    max_size=3,
    unique_by=lambda found: found.word,
).map(tuple)
views = st.builds(
    View,
    period=st.sampled_from(PERIODS).map(parse_period),
    now=st.just(NOW),
    basis=st.sampled_from(BASES),
    group=st.sampled_from(["", *NARROWING, OWN]),
    filters=filters,
)
many = settings(max_examples=at_most(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def fill(engine: Engine, put_costs, given_charges: Sequence[Charge], view: View) -> list[Charge]:
    """Put the charges in, each source published from its first day on; return those that the view keeps."""
    with engine.begin() as connection:
        connection.execute(delete(rollup))
        connection.execute(delete(team_days))
        connection.execute(delete(publications))
        for source, day in sorted({(charge.place["source"], charge.day) for charge in given_charges}):
            row = {"charges_version": 1, "allocations_version": 1, "usage_versions": "{}", "rules_digest": "r"}
            row |= {"inputs_digest": "i", "epoch": 1, "published_at": NOW, "source": source, "day": day}
            connection.execute(insert(publications).values(row))
    rows = []
    for charge in given_charges:
        place = {word: value for word, value in charge.place.items() if word != OWN}
        place["dimensions"] = json.dumps({OWN: charge.place[OWN]}) if charge.place[OWN] else ""
        rows.append({**place, "day": charge.day, **{basis: charge.cost(basis) for basis in BASES}})
    put_costs(rows)
    return [
        charge
        for charge in given_charges
        if view.period.first <= charge.day < view.period.end
        and all(charge.place[found.word] in found.values for found in view.filters)
    ]


@many
@given(charges, views)
def test_every_part_of_the_overview_sums_to_its_total(engine, put_costs, given_charges, view):
    kept = fill(engine, put_costs, given_charges, view)
    found = overview(engine, {}, view)
    assert found.total == total(charge.cost(view.basis) for charge in kept)
    for parts in (found.teams, found.services, found.categories, found.days):
        assert total(part.cost for part in parts) == found.total
    for lines in (found.teams, found.services):
        assert total(line.change for line in lines) == found.change
        assert total(line.previous for line in lines) == found.previous
    for nodes in (found.flow.services, found.flow.rules, found.flow.teams, found.flow.to_rules, found.flow.to_teams):
        assert total(node.cost for node in nodes) == found.total
    for line in found.movers:
        assert total(part.amount for part in line.parts) == line.change
    if found.grouping is not None:
        assert total(line.cost for line in found.grouping.lines) == found.total
        assert total(line.change for line in found.grouping.lines) == found.change
        assert total(point.cost for point in found.grouping.days) == found.total
        assert total(p.usage for p in found.grouping.days) == total(p.usage for p in found.days)


@many
@given(charges, views)
def test_every_part_of_a_team_sums_to_its_total(engine, put_costs, given_charges, view):
    kept = [charge for charge in fill(engine, put_costs, given_charges, view) if charge.place["team"] == "unattributed"]
    found = team_report(engine, {}, "unattributed", view)
    assert found.total == total(charge.cost(view.basis) for charge in kept)
    parts_of_it = (found.services, found.projects, found.environments, found.days, found.rules, found.categories)
    for parts in parts_of_it:
        assert total(part.cost for part in parts) == found.total
    for line in found.movers:
        assert total(part.amount for part in line.parts) == line.change
    if found.grouping is not None:
        assert total(line.cost for line in found.grouping.lines) == found.total


@many
@given(charges, views)
def test_every_part_of_the_pages_of_rules_and_models_sums_to_its_total(engine, put_costs, given_charges, view):
    kept = fill(engine, put_costs, given_charges, view)
    rules, models = rule_claims(engine, (), view), models_report(engine, {}, view)
    assert total([rules.unclaimed, *(rule.cost for rule in rules.rules)]) == rules.total
    assert rules.total == total(charge.cost(view.basis) for charge in kept)
    assert models.cost == total(charge.cost(view.basis) for charge in kept if charge.place["model"])
    for parts in (models.models, models.teams):
        assert total(part.cost for part in parts) == models.cost
    for grouped, whole in ((rules.grouping, rules.total), (models.grouping, models.cost)):
        assert grouped is None or total(line.cost for line in grouped.lines) == whole


@many
@given(charges, views)
def test_pages_kept_to_one_value_each_sum_to_the_page_kept_to_all(engine, put_costs, given_charges, view):
    fill(engine, put_costs, given_charges, view)
    if not view.group:
        return
    found = overview(engine, {}, view)
    for line in found.grouping.lines if found.grouping else ():
        others = tuple(each for each in view.filters if each.word != view.group)
        alone = replace(view, group="", filters=(*others, Filter(view.group, (line.name,))))
        assert overview(engine, {}, alone).total == line.cost
