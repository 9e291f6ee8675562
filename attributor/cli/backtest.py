"""`attributor backtest`: what the detectors would have told, given only what was known then."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from alerts.detect.spend_series import SpendPolicy
from attributor.app.backtesting import alerts_to_try, backtest
from attributor.app.wiring import open_app
from attributor.cli.options import USAGE_ERROR, config_option, config_path, format_option
from attributor.cli.output import say, write_csv, write_json, write_table
from attributor.config.values import parse_duration
from attributor.money import plain
from attributor.periods import start_of
from attributor.watching.backtesting.replay import Backtest, Fired, Steps
from attributor.watching.backtesting.series import detections
from attributor.watching.backtesting.series_files import SeriesError, read_series

_A_FILE = click.Path(path_type=Path, dir_okay=False)
_A_DAY = click.DateTime(["%Y-%m-%d"])
_FIRED = ("fired", "resolved", "severity", "kind", "team", "amount", "title", "key")
_DAYS = 30


@click.command("backtest")
@config_option
@format_option
@click.option("--since", type=_A_DAY, help=f"The first UTC day.  [default: {_DAYS} days before the last]")
@click.option("--until", type=_A_DAY, help="The last UTC day.  [default: today]")
@click.option("--every", default="1d", show_default=True, help="How often it would have looked, as in 6h.")
@click.option("--policy", type=_A_FILE, help="YAML: `alerts:` to try in the place of the configured ones.")
@click.option(
    "--series", "points", type=_A_FILE, help="Instead of the ledger: Parquet of series_id, ts, known_at, value."
)
@click.option("--meta", type=_A_FILE, help="With --series: JSON of what may be known of each series.")
@click.option("--out", type=_A_FILE, help="With --series: where to write the runs that raised an alert, as JSON.")
@click.pass_context
def command(context: click.Context, /, **asked: Any) -> None:
    """Replay history as it was known then: what would have fired, when, and how many messages each channel gets."""
    of_series = [asked[name] for name in ("points", "meta", "out")]
    if any(of_series):
        if not all(of_series):
            raise click.UsageError("--series, --meta and --out go together")
        _series(context, *of_series)
        return
    with open_app(config_path(context)) as app:
        alerts = alerts_to_try(app, asked["policy"])
        found = backtest(app, alerts, _steps(asked, app.clock()))
    _write(found, asked["form"])


def _steps(asked: dict[str, Any], now: datetime) -> Steps:
    """Whole days: each look is at the end of a step, the last one not later than now."""
    try:
        every = parse_duration(asked["every"])
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--every") from error
    if every < timedelta(hours=1):
        raise click.BadParameter("look once an hour at most", param_hint="--every")
    last = _day(asked["until"], now.date())
    first = _day(asked["since"], last - timedelta(days=_DAYS))
    if first > last:
        raise click.BadParameter("it is after --until", param_hint="--since")
    return Steps(start_of(first) + every, min(start_of(last) + timedelta(days=1), now), every)


def _day(given: datetime | None, otherwise: date) -> date:
    return otherwise if given is None else given.replace(tzinfo=UTC).date()


def _series(context: click.Context, points: Path, meta: Path, out: Path) -> None:
    try:
        found = detections(read_series(points, meta), SpendPolicy())
        out.write_text(json.dumps(found), encoding="utf-8")
    except (SeriesError, OSError) as error:
        say(str(error))
        context.exit(USAGE_ERROR)
    say(f"{out}: {sum(map(len, found.values()))} alerts on {len(found)} series")


def _write(found: Backtest, form: str) -> None:
    rows = [_row(each) for each in found.fired]
    if form == "json":
        write_json(_document(found))
        return
    if form == "csv":
        write_csv(_FIRED, rows)
        return
    title = f"what would have fired from {found.since:%Y-%m-%d %H:%M} to {found.until:%Y-%m-%d %H:%M} UTC"
    write_table(title, _FIRED, rows, right=["amount"])
    weeks = [
        {"channel": each.channel, "week of": f"{each.week:%Y-%m-%d}", "messages": each.messages}
        for each in found.messages
    ]
    write_table("messages a week", ("channel", "week of", "messages"), weeks, right=["messages"])
    if found.standing:
        say(f"{len(found.standing)} alerts stood at the start already and went on; they are not listed")


def _row(each: Fired) -> dict[str, Any]:
    return {
        "fired": f"{each.fired_at:%Y-%m-%d %H:%M}",
        "resolved": "" if each.resolved_at is None else f"{each.resolved_at:%Y-%m-%d %H:%M}",
        "severity": each.severity,
        "kind": each.kind,
        "team": each.team,
        "amount": "" if each.amount is None else f"{plain(each.amount)} {each.currency}".strip(),
        "title": each.title,
        "key": each.key,
    }


def _document(found: Backtest) -> dict[str, Any]:
    return {
        "since": found.since.isoformat(),
        "until": found.until.isoformat(),
        "every_seconds": int(found.every.total_seconds()),
        "alerts": [
            {
                "key": each.key,
                "kind": each.kind,
                "team": each.team,
                "severity": each.severity,
                "title": each.title,
                "fired_at": each.fired_at.isoformat(),
                "resolved_at": None if each.resolved_at is None else each.resolved_at.isoformat(),
                "amount": None if each.amount is None else plain(each.amount),
                "currency": each.currency or None,
            }
            for each in found.fired
        ],
        "messages": [
            {"channel": each.channel, "week": f"{each.week:%Y-%m-%d}", "messages": each.messages}
            for each in found.messages
        ],
        "standing": list(found.standing),
        "remembered_days": found.remembered,
        "lag_hours": {source: int(lag.total_seconds() // 3600) for source, lag in sorted(found.lags.items())},
    }
