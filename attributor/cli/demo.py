"""`attributor demo DIR`: a made-up AI company with incidents planted."""

import json
from pathlib import Path

import click

from attributor.app.clock import utc_now
from attributor.app.configuration import known_types
from attributor.cli.options import USAGE_ERROR
from attributor.cli.output import say
from attributor.cli.progress import progress_bars
from attributor.config.json_schema import json_schema
from attributor.demo.company import write_company
from attributor.demo.plan import DemoPlan


@click.command("demo")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--days", type=click.IntRange(10, 800), default=75, show_default=True, help="How many days of bills.")
@click.option("--charges", type=click.IntRange(1), default=20_000, show_default=True, help="How many charges.")
@click.option(
    "--seed", type=click.IntRange(0), default=7, show_default=True, help="The same seed makes the same company."
)
@click.pass_context
def command(context: click.Context, folder: Path, days: int, charges: int, seed: int) -> None:
    """Write a made-up AI company into DIR: bills, usage, rules, budgets and incidents.json."""
    plan = DemoPlan(days=days, charges=charges, seed=seed, now=utc_now())
    try:
        with progress_bars() as progress:
            bar = progress("write the company")
            report = write_company(folder, plan, lambda _step, _done, _steps: bar.advance())
    except OSError as error:
        say(str(error))
        context.exit(USAGE_ERROR)
    schema = json.dumps(json_schema(known_types()), indent=2)
    (folder / "attributor.schema.json").write_text(f"{schema}\n", encoding="utf-8")
    say(f"{folder}: {sum(report.charges.values())} charges, {len(report.incidents)} incidents planted")
    say(f"next: attributor run -c {folder / 'attributor.yaml'}")
