"""`attributor backtest`: what the detectors would have told, given only what was known then."""

import json
from pathlib import Path

import click

from alerts.detect.spend_series import SpendPolicy
from attributor.cli.options import USAGE_ERROR
from attributor.cli.output import say
from attributor.watching.backtesting.series import detections
from attributor.watching.backtesting.series_files import SeriesError, read_series

_A_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("backtest")
@click.option("--series", "points", type=_A_FILE, required=True, help="Parquet: series_id, ts, known_at, value.")
@click.option("--meta", type=_A_FILE, required=True, help="JSON: what may be known of each series.")
@click.option("--out", type=_A_FILE, required=True, help="Where to write the runs that raised an alert, as JSON.")
@click.pass_context
def command(context: click.Context, points: Path, meta: Path, out: Path) -> None:
    """Run the spend detectors over outside series, one run a point, and write the runs that raised an alert."""
    try:
        found = detections(read_series(points, meta), SpendPolicy())
        out.write_text(json.dumps(found), encoding="utf-8")
    except (SeriesError, OSError) as error:
        say(str(error))
        context.exit(USAGE_ERROR)
    say(f"{out}: {sum(map(len, found.values()))} alerts on {len(found)} series")
