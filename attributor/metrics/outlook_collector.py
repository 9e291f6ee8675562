"""Where the month is going to end, by team: forecasts take longer than sums, and change less often."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine

from attributor.ledger.engine import reading
from attributor.metrics.fresh import Fresh
from attributor.periods import month_of
from attributor.reports.outlook import Outlook, Spend, daily_spend, month_outlook, spent_in
from attributor.reports.view import Frame, View, frame

MOST_FORECASTS = 200
FORECASTS_LAST = timedelta(minutes=5)

Forecasts = Mapping[tuple[str, str], Outlook]
"""Expected effective cost of the UTC month by (team, currency)."""


def read_forecasts(engine: Engine, now: datetime) -> Forecasts:
    """Forecast now's month for the teams that cost most so far, in the currency of most; raise SQLAlchemyError."""
    with reading(engine) as connection:
        seen = frame(connection, View(month_of(now.date()), now))
        spends = daily_spend(connection, seen)
    largest = _largest(seen, spends)
    found = ((team, month_outlook(seen, spends[team])) for team in largest)
    return {(team, seen.currency): outlook for team, outlook in found if outlook is not None}


def _largest(seen: Frame, spends: Mapping[str, Spend]) -> Sequence[str]:
    spent = {team: spent_in(seen, spend.whole) for team, spend in spends.items()}
    return sorted(spent, key=lambda team: (spent[team].copy_negate(), team))[:MOST_FORECASTS]


class OutlookCollector(Collector):
    """Exposes what `read` returns; nothing while the ledger cannot be read, which is another metric."""

    def __init__(self, read: Callable[[datetime], Forecasts], clock: Callable[[], datetime]) -> None:
        self._fresh = Fresh(read, clock, FORECASTS_LAST)

    def describe(self) -> Iterable[Metric]:
        """Return nothing: registering must not read the ledger."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        yield from forecast_families(self._fresh.get() or {})


def forecast_families(forecasts: Forecasts) -> Iterator[Metric]:
    """Yield the forecasts with their intervals."""
    parts: tuple[tuple[str, str, Callable[[Outlook], Decimal]], ...] = (
        ("attributor_team_forecast", "What the UTC month is expected to cost when it ends", lambda of: of.amount),
        ("attributor_team_forecast_low", "The lower end of the forecast's 80 % interval", lambda of: of.low),
        ("attributor_team_forecast_high", "The upper end of the forecast's 80 % interval", lambda of: of.high),
    )
    for name, documentation, part in parts:
        family = GaugeMetricFamily(name, documentation, labels=["team", "currency"])
        for labels, outlook in sorted(forecasts.items()):
            family.add_metric(list(labels), float(part(outlook)))
        yield family
