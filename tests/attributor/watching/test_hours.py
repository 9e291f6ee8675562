"""Spend by the hour in cycles: read once, judged early, and one alert with what the day shows later."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from alerts.detect.spend_series import SpendPolicy
from attributor.app.wiring import open_duckdb
from attributor.attributing.inputs import read_inputs
from attributor.watching import hourly_spend as reading
from attributor.watching.hourly import KeptHours, Read
from attributor.watching.hourly_spend import hourly_spend
from attributor.watching.hours import Told, hourly_series

CONFIG = """
store: {lake: ./lake, ledger: sqlite:///ledger.db}
sources:
  llm: {type: focus, path: "bills/llm*.csv"}
teams:
  search: {}
  ads: {}
rules:
  - {name: team tag, match: {tags.team: present}, owner: {team: tags.team}}
"""
HEADER = "BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ServiceName,ChargeCategory,Tags,ResourceId"
FIRST = datetime(2026, 10, 24, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPIKE = datetime(2026, 11, 11, 14, tzinfo=UTC)
KEY = "spend:search:Bedrock:2026-11-11"
HABIT = 10 * np.exp(np.random.default_rng(5).normal(0, 0.05, 24 * 40))
"""What search spends by the hour: about 10, without a rhythm."""


def write(company, until: datetime, extra=lambda hour: 0) -> None:
    """Write the bill of all hours before `until`, and of ads a tenth of it."""
    lines = [HEADER]
    for place in range((until - FIRST) // HOUR):
        hour = FIRST + place * HOUR
        span = f"{hour.isoformat()},{(hour + HOUR).isoformat()}"
        for team, share in (("search", 1), ("ads", 0.1)):
            tag = f'"{{""team"": ""{team}""}}"'
            lines.append(f"{HABIT[place] * share:.6f},USD,{span},Bedrock,Usage,{tag},steady")
        if extra(hour):
            tag = '"{""team"": ""search""}"'
            lines.append(f"{extra(hour)},USD,{span},Bedrock,Usage,{tag},loop")
    company.write("bills/llm.csv", *lines)


def spiking(hour: datetime) -> int:
    return 60 if SPIKE <= hour < SPIKE + 3 * HOUR else 0


@pytest.fixture
def company(make):
    return make(CONFIG)


def read_of(company, connection, kept=None) -> Read:
    return Read(company.app.lake, connection, read_inputs(company.engine), kept or KeptHours())


def alert_of(company, key=KEY):
    state = company.app.alert_log.states().get(key)
    return None if state is None or state.status == "resolved" else state.alert


@pytest.mark.slow
def test_a_spike_is_told_while_its_day_goes_on_and_its_day_is_the_same_alert_later(company) -> None:
    write(company, SPIKE + 3 * HOUR, spiking)
    assert company.cycle(SPIKE + 4 * HOUR).firing == (KEY,), "within an hour, though the day's bill has only begun"
    alert = alert_of(company)
    assert alert.title == "Spend spike by the hour: Bedrock"
    assert "usual is $10.0" in alert.summary
    assert alert.facts["hours"] == "3"
    assert alert.facts["drivers"] == "All of the excess is resource loop."
    assert Decimal(179) < Decimal(alert.facts["excess"]) < Decimal(181)
    assert [point.label for point in alert.chart if point.marked] == [f"2026-11-11T{hour}:00Z" for hour in (14, 15, 16)]
    write(company, datetime(2026, 11, 13, tzinfo=UTC), spiking)
    assert company.cycle(datetime(2026, 11, 13, 1, tzinfo=UTC)).firing == (KEY,)
    both = alert_of(company)
    assert both.title == "Spend spike: Bedrock"
    assert both.summary.startswith("Bedrock cost $")
    assert "in the hour from 2026-11-11 16:00 UTC" in both.summary
    told = company.app.alert_log.states()[KEY]
    assert told.first_seen == SPIKE + 4 * HOUR


@pytest.mark.slow
def test_what_only_hours_tell_ends_when_its_day_is_judged(company) -> None:
    def short(hour: datetime) -> int:
        return 22 if hour == SPIKE else 0

    write(company, SPIKE + HOUR, short)
    assert company.cycle(SPIKE + 2 * HOUR).firing == (KEY,)
    write(company, SPIKE + 48 * HOUR, short)
    assert company.cycle(SPIKE + 49 * HOUR).firing == ()


@pytest.mark.slow
def test_hours_that_may_still_grow_are_proof_above_the_band_and_nothing_below(company) -> None:
    write(company, datetime(2026, 11, 11, 20, tzinfo=UTC))
    company.cycle(datetime(2026, 11, 11, 20, tzinfo=UTC))
    with open_duckdb() as connection:
        spent = {("search", "USD"): 1.0}
        read = read_of(company, connection)
        [found] = hourly_series(Told(company.engine, read, company.ruleset), spent, SpendPolicy(), company.now)
    assert (found.team, found.service, found.currency) == ("search", "Bedrock", "USD")
    assert found.first == datetime(2026, 11, 11, 20, tzinfo=UTC) - 336 * HOUR
    assert len(found.costs) == 336
    assert found.settled == 336 - 20, "the bill's newest day is not complete"


@pytest.mark.slow
def test_the_day_of_a_gap_is_not_known(company) -> None:
    hours = [FIRST + place * HOUR for place in range(24 * 19)]
    kept = [hour for hour in hours if hour.date() != date(2026, 11, 5)]
    span = "{0},{1},Bedrock,Usage".format
    rows = (f'{30},USD,{span(hour.isoformat(), (hour + HOUR).isoformat())},"{{""team"": ""ads""}}",x' for hour in kept)
    company.write("bills/llm.csv", HEADER, *rows)
    company.cycle(datetime(2026, 11, 12, tzinfo=UTC))
    with open_duckdb() as connection:
        read = read_of(company, connection)
        [found] = hourly_series(Told(company.engine, read, company.ruleset), {}, SpendPolicy(), company.now)
    unknown = [found.first + place * HOUR for place, cost in enumerate(found.costs) if cost is None]
    assert {hour.date() for hour in unknown} == {date(2026, 11, 5)}
    assert len(unknown) == 24


@pytest.mark.slow
def test_a_day_is_read_once_while_its_charges_and_the_rules_stay_as_they_are(company, monkeypatch) -> None:
    days: list[list[date]] = []
    read_days = reading._read
    monkeypatch.setattr(reading, "_read", lambda read, rules, of: days.append(list(of)) or read_days(read, rules, of))
    kept = company.app.hours
    first = date(2026, 11, 9)

    def ask() -> list:
        with open_duckdb() as connection:
            return hourly_spend(read_of(company, connection, kept), company.ruleset, first, {"search"})

    write(company, datetime(2026, 11, 11, tzinfo=UTC))
    company.cycle(datetime(2026, 11, 11, 1, tzinfo=UTC))
    assert date(2026, 11, 10) in days.pop()
    hours = ask()
    assert days == [], "the cycle read them, and kept them"
    assert {hour.team for hour in hours} == {"search"}
    assert len(hours) == 48
    write(company, datetime(2026, 11, 11, tzinfo=UTC), lambda hour: int(hour == datetime(2026, 11, 10, 5, tzinfo=UTC)))
    company.cycle(datetime(2026, 11, 11, 2, tzinfo=UTC))
    assert days == [[date(2026, 11, 10)]]
    assert sum(hour.cost for hour in ask()) - sum(hour.cost for hour in hours) == 1
