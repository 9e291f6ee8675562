"""How an episode of anomalous days becomes an alert: what it is, what was usual, what it costs above that."""

from collections import Counter
from collections.abc import Mapping, Sequence

from alerts.alert import Alert, ChartPoint
from alerts.amounts import cents, cents_of_estimate, plain, shown, total
from alerts.detect.anomalous import Rule
from alerts.detect.presenting import level_by_money, midnight, severity_by_money, team_link
from alerts.detect.spend_series import Episode, SpendDay, SpendPolicy, SpendSeries

CHART_DAYS = 35
_NAMES: Mapping[Rule, str] = {
    "spike": "Spend spike",
    "shift": "Spend went up and stays up",
    "leak": "Spend creeps up",
    "weekend": "Weekend no longer rests",
    "new service": "New service",
}


def spend_alert(series: SpendSeries, days: Sequence[SpendDay], episode: Episode, policy: SpendPolicy) -> Alert:
    """Return the alert of an episode: the last anomalous day against its band, and the whole excess so far.

    Amounts of days are exact, the baseline and the band are estimates rounded to cents.
    """
    amounts = {day.day: day.amount for day in days}
    last = episode.days[-1]
    expected, band = cents_of_estimate(last.expected), cents_of_estimate(last.band)
    excess = {
        episode.date_of(day): amounts[episode.date_of(day)] - cents_of_estimate(day.expected) for day in episode.days
    }
    whole = cents(total(excess.values()))
    first_day, last_day = episode.date_of(episode.days[0]), episode.date_of(last)
    rule = Counter(day.rule for day in episode.days).most_common(1)[0][0]
    amount = cents(amounts[last_day])
    currency = series.currency
    return Alert(
        key=f"{series.key}:{episode.began}",
        kind="spend_anomaly",
        team=series.team,
        severity=severity_by_money(whole, warning=policy.warning_from, critical=policy.critical_from),
        title=f"{_NAMES[rule]}: {series.service}",
        summary=f"{series.service} cost {shown(amount, currency)} on {last_day}; usual is "
        f"{shown(expected, currency)}, up to {shown(band, currency)}. {shown(whole, currency)} above usual on "
        f"{len(excess)} {'day' if len(excess) == 1 else 'days'} since {first_day}.",
        started_at=midnight(min(first_day, episode.began)),
        currency=currency,
        amount=amount,
        threshold=band,
        contributors=tuple(series.drivers.get(last_day, ())),
        chart=tuple(ChartPoint(f"{day.day}", day.amount, marked=day.day in excess) for day in days[-CHART_DAYS:]),
        link=team_link(series.team, last_day),
        facts={"service": series.service, "rule": rule, "expected": plain(expected), "excess": plain(whole)},
        level=level_by_money(float(max(excess.values())), episode.gate),
    )
