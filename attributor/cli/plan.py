"""`attributor plan`: what other rules would move, before they are used."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from attributor.app.proposed import proposed_rules, rules_in_file
from attributor.app.untouched import Untouched, open_untouched
from attributor.attributing.planning import (
    PlannedDay,
    days_by_other_rules,
    days_changed_since,
    plan_days,
    rules_in_use,
)
from attributor.attributing.replaying import Published
from attributor.cli.options import FOUND_SOMETHING, config_option, config_path
from attributor.cli.output import say
from attributor.cli.periods import period_option
from attributor.cli.plan_output import WRITERS
from attributor.cli.progress import progress_bars
from attributor.ingest.progress import Progress
from attributor.ledger.publications import publications
from attributor.ledger.statements import closed_months
from attributor.periods import Month, days_between, month_of
from attributor.reports.costs import BASES, SeveralCurrenciesError, parse_basis
from attributor.reports.plan import Plan, PlanRequest, plan, published_month
from rules.facts import is_for_usage
from rules.ruleset import Rule, RuleSet


@click.command("plan")
@config_option
@click.option(
    "--rules",
    "file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The new rules: a whole configuration, or teams, rules, shared and dimensions alone.",
)
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv", "markdown"]), default="table", show_default=True
)
@period_option
@click.option("--basis", type=click.Choice(BASES), default="effective", show_default=True)
@click.option("--currency", help="Only charges in this currency.")
@click.pass_context
def command(context: click.Context, /, form: str, file: Path, **asked: Any) -> None:
    """Show what other rules would move in a month, and change nothing; exit 1 where money moves."""
    with open_untouched(config_path(context)) as stores:
        loaded, kept = proposed_rules(file, stores.root, stores.file)
        request = PlanRequest(
            period=asked["period"] or month_of(stores.clock().date()),
            basis=parse_basis(asked["basis"]),
            currency=asked["currency"],
        )
        try:
            report = _planned(stores, request, loaded.ruleset)
        except SeveralCurrenciesError as error:
            raise click.UsageError(f"{error}; choose one with --currency") from error
    for problem in loaded.problems:
        say(str(problem))
    if kept:
        say(f"{file} has no {', '.join(f'`{part}`' for part in kept)}: what the configuration has is kept")
    WRITERS[form](report)
    if report.money_moves:
        context.exit(FOUND_SOMETHING)


def _planned(stores: Untouched, request: PlanRequest, ruleset: RuleSet) -> Plan:
    archive, month = stores.archive, request.period
    before = published_month(archive.engine, request)
    published = publications(archive.engine, list(days_between(month.first, month.end)))
    closed = month in closed_months(archive.engine)
    days = [] if closed else days_by_other_rules(published, ruleset)
    new = _new_rules(rules_in_use(archive.engine, published), ruleset) if days else []
    with progress_bars() as progress:
        planned = _told(plan_days(archive, published, ruleset, month, days), progress("plan days"))
        report = plan(request, before, planned, new)
    return replace(report, warnings=(*_of_the_state(stores, published, month), *report.warnings))


def _of_the_state(stores: Untouched, published: Published, month: Month) -> Iterator[str]:
    """Say what the plan shows besides the new rules, and what it cannot show."""
    if month in closed_months(stores.archive.engine):
        yield f"{month} is closed: no rule moves anything in it"
        return
    changed = len(days_changed_since(stores.archive.engine, published, month))
    if changed:
        yield f"{_days(changed)} collected since the last run, not in the plan: `attributor run` publishes what is new"
    configured = rules_in_file(stores.root, stores.file)
    other = [] if configured is None else days_by_other_rules(published, configured)
    if other:
        yield f"{stores.file} has other rules than were published ({_days(len(other))}): what that moves is in the plan"


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"


def _new_rules(used: Iterable[RuleSet], ruleset: RuleSet) -> list[Rule]:
    """Return the rules that are new and made for charges: those on facts of usage alone never get money."""
    known = {rule.name for each in used for rule in each.rules}
    return [rule for rule in ruleset.rules if rule.name not in known and not is_for_usage(rule)]


def _told(planned: Iterator[PlannedDay], progress: Progress) -> Iterator[PlannedDay]:
    for day in planned:
        progress.advance()
        yield day
