"""The quick look: what was pushed is priced as its estimate will be, and looked at only when something came."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from attributor.app.looking import QuickLook
from collectors.base import SourceSettings
from collectors.push.fields import UsageEvent, microseconds
from collectors.push.options import open_log

NOW = datetime(2026, 11, 12, 9, 30, tzinfo=UTC)
CONFIG = """
store: {lake: ./lake, ledger: sqlite:///ledger.db}
sources:
  gw: {type: push, path: events}
teams: {search: {aliases: [srch]}, ads: {}}
prices:
  - {list: genai-prices, match: {provider: openai}}
  - {name: own, metric: tokens.output, match: {model: own}, price: 10, per: 1000000, currency: USD}
rules:
  - {name: key, match: {api_key: present}, owner: {team: api_key}}
alerts: {runaway: {minimum: 20, times: 3}}
"""


@pytest.fixture
def company(make):
    return make(CONFIG)


def push(company, *events: UsageEvent) -> None:
    settings = company.app.settings
    source = settings.sources[0]
    log = open_log(SourceSettings(source.name, source.options, settings.folder, company.app.clock))
    with closing(log):
        assert log.append(events).result(10).accepted == len(events)


def event(name: str, quantity: int, back: timedelta = timedelta(0), **facts: str) -> UsageEvent:
    told = {"team": "srch", "model": "own"} | facts
    return UsageEvent(name, microseconds(NOW - back), "tokens.output", "gw", quantity, told)


def test_usage_is_priced_by_the_list_and_by_own_prices_and_given_its_team(company) -> None:
    push(
        company,
        event("1", 3_000_000),
        event("2", 4_000_000, team="", model="gpt-4o", provider="openai", api_key="ads"),
        event("3", 9_000_000_000, model="nobody-knows"),
    )
    found = QuickLook().look(company.app)
    told = {alert.team: (alert.amount, alert.contributors[0].label) for alert in found.alerts}
    assert told == {"search": (Decimal("30.00"), "model own"), "ads": (Decimal("40.00"), "model gpt-4o · key ads")}


def test_nothing_is_looked_at_twice_until_something_comes_or_five_minutes_are_over(company) -> None:
    push(company, event("1", 1_000_000))
    quick = QuickLook()
    assert quick.look(company.app).alerts == ()
    assert quick.look(company.app) is None
    push(company, event("2", 1_500_000))
    assert [alert.key for alert in quick.look(company.app).alerts] == ["runaway:search:USD"]
    company.now = NOW + timedelta(minutes=6)
    assert len(quick.look(company.app).alerts) == 1


def test_the_week_before_is_what_was_pushed_then(company) -> None:
    usual = [event(f"u{days}", 2_000_000, timedelta(days=days)) for days in range(2, 8)]
    push(company, *usual, event("1", 5_900_000))
    quick = QuickLook()
    assert quick.look(company.app).alerts == ()
    push(company, event("2", 100_000))
    (alert,) = quick.look(company.app).alerts
    assert (alert.amount, alert.threshold, alert.facts["busiest"]) == (60, 60, "20")


def test_what_was_usual_may_be_sent_after_the_first_look(company) -> None:
    push(company, event("0", 1))
    quick = QuickLook()
    assert quick.look(company.app).alerts == ()
    company.now = NOW + timedelta(minutes=1)
    push(company, event("u", 2_000_000, timedelta(days=3)), event("1", 5_900_000))
    assert quick.look(company.app).alerts == (), "three times the 20.00 of then is not reached"


@pytest.mark.parametrize(
    "without", ["alerts: {runaway: {enabled: false}}", "sources: {aws: {type: focus, path: bills}}", "prices: []"]
)
def test_without_pushed_and_priced_usage_there_is_nothing_to_look_at(make, without: str) -> None:
    key = without.partition(":")[0]
    kept, inside = [], False
    for line in CONFIG.splitlines():
        inside = line.startswith(f"{key}:") or (inside and line.startswith(" "))
        kept += [] if inside else [line]
    assert QuickLook().look(make("\n".join([*kept, without])).app) is None
