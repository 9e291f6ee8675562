"""`attributor forecast`: the month-end forecast over an outside table, to measure it."""

import json
from pathlib import Path

import click

from attributor.cli.options import USAGE_ERROR
from attributor.cli.output import say
from attributor.watching.backtesting.month_ends import read_forecasts
from attributor.watching.backtesting.series_files import SeriesError

_A_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("forecast")
@click.option("--series", "points", type=_A_FILE, required=True, help="Parquet: team, ts, k0, k1, k2, k3.")
@click.option("--out", type=_A_FILE, required=True, help="Where to write the forecasts, as JSON.")
@click.pass_context
def command(context: click.Context, points: Path, out: Path) -> None:
    """Forecast each month's total on days 5, 10, 15 and 20, from what was known then."""
    try:
        found = read_forecasts(points)
        out.write_text(json.dumps(found), encoding="utf-8")
    except (SeriesError, OSError) as error:
        say(str(error))
        context.exit(USAGE_ERROR)
    say(f"{out}: {len(found)} forecasts")
