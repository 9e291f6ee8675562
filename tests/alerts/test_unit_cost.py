"""Unit costs that drift: what is told, with what they are made of, and what merely looks like it."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from alerts.alert import ChartPoint, Findings
from alerts.detect.policies.policies import joined_with
from alerts.detect.policies.rules import Breach, PolicyRule
from alerts.detect.presenting import midnight
from alerts.detect.unit_cost import unit_cost_drifts
from alerts.detect.unit_cost_series import UnitDay, UnitSeries
from alerts.detect.unit_costs_told import joined_with_spend

FIRST = date(2026, 8, 20)
SIZE = 91
LAST = FIRST + timedelta(days=SIZE - 1)
SPENT = {("search", "USD"): 500.0}
NOISE = np.exp(np.random.default_rng(7).normal(0, 0.04, SIZE))


def series(price=lambda place: 1.0, units=lambda place: 400_000, model="", metric="requests"):
    """What 1,000 requests cost by day: about a dollar, times `price` of the day's place."""
    days = [
        UnitDay(
            FIRST + timedelta(days=place),
            Decimal(f"{units(place) / 1000 * price(place) * NOISE[place]:.6f}"),
            Decimal(units(place)),
        )
        for place in range(SIZE)
    ]
    return UnitSeries("search", metric, 1000, "USD", "cost of models", tuple(days), model)


def dearer(place):
    return 1.6 if place >= SIZE - 3 else 1.0


def told(*found, standing=()):
    return unit_cost_drifts(found, SPENT, standing=standing).alerts


def test_a_dearer_unit_is_told_with_its_numerator_and_its_denominator():
    [alert] = told(series(dearer))
    assert alert.key == f"unit_cost:search:requests:*:{LAST - timedelta(days=2)}"
    assert alert.title == "Unit cost went up: 1,000 requests"
    assert "cost of models ($" in alert.summary
    assert "over 400,000 requests. Usual is USD 0.99" in alert.summary
    assert (alert.facts["numerator"], alert.facts["denominator"]) == ("cost of models", "requests")
    assert 600 < Decimal(alert.facts["excess"]) < 850, "three days of 240 more each"
    assert [point.marked for point in alert.chart[-4:]] == [False, True, True, True]


def test_more_units_at_the_same_price_are_no_drift():
    assert not told(series(units=lambda place: 400_000 * (3 if place >= SIZE - 3 else 1)))


def test_costs_that_stay_while_most_units_are_gone_are_no_drift_of_the_unit():
    def few(place):
        return 40_000 if place >= SIZE - 3 else 400_000

    assert not told(series(lambda place: 400_000 / few(place), few))


def test_weekends_with_few_dear_units_are_usual():
    def weekday(place):
        return 80_000 if (FIRST + timedelta(days=place)).weekday() >= 5 else 400_000

    assert not told(series(lambda place: 3.0 if weekday(place) == 80_000 else 1.0, weekday))


def test_what_is_worth_little_is_not_told():
    assert not told(series(dearer, units=lambda place: 4000))


def test_a_model_shows_in_its_team_and_is_told_by_itself_only_where_it_does_not():
    whole, model = series(dearer), series(dearer, model="opus-5")
    [alert] = told(whole, model, series(model="haiku-5"))
    assert alert.key.startswith("unit_cost:search:requests:*:")
    assert [each.label for each in alert.contributors] == ["opus-5", "haiku-5"]
    assert alert.contributors[0].note.startswith("USD 1.59")
    assert ", usually 0.99" in alert.contributors[0].note
    [alone] = told(series(), model)
    assert alone.key.startswith("unit_cost:search:requests:opus-5:")
    assert alone.title == "Unit cost went up: 1,000 requests of opus-5"


def test_a_drift_keeps_the_key_that_it_was_told_under():
    told_before = f"unit_cost:search:requests:*:{LAST - timedelta(days=4)}"
    [alert] = told(series(dearer), standing=[told_before])
    assert alert.key == told_before


def test_a_policy_on_the_same_unit_and_day_is_a_reason_of_it():
    rule = PolicyRule("dear requests", "unit_cost", metric="requests", severity="critical")
    breach = Breach(rule, "search", "", LAST, "USD", None, None, Decimal(200), "A unit is dear.", midnight(LAST))
    found = unit_cost_drifts([series(dearer)], SPENT)
    joined, left = joined_with(found, [breach])
    assert (joined.alerts[0].facts["policies"], joined.alerts[0].severity, left) == ("dear requests", "critical", [])
    of_others = [replace(breach, rule=replace(rule, metric="tokens")), replace(breach, team="ads")]
    assert joined_with(found, of_others) == (found, of_others)


def test_a_drift_that_a_finding_of_spend_explains_is_told_there(alert):
    def spend(excess, marked=LAST, **more):
        chart = (ChartPoint(f"{marked}T14:00Z", Decimal(900), marked=True),)
        return alert(f"s:{excess}", currency="USD", chart=chart, facts={"excess": excess, "service": "EC2"}, **more)

    drifts = unit_cost_drifts([series(dearer)], SPENT)
    of_spend = Findings("spend_anomaly", (spend("100"), spend("500")))
    found, left = joined_with_spend(of_spend, drifts)
    assert left.alerts == ()
    assert found.alerts[0] == of_spend.alerts[0]
    assert found.alerts[1].summary.endswith(drifts.alerts[0].facts["sentence"])
    for others in ((spend("400"),), (spend("900", team="ads"),), (spend("900", LAST - timedelta(days=9)),)):
        assert joined_with_spend(Findings("spend_anomaly", others), drifts)[1] == drifts
