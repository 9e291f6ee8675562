"""`attributor suggest`: rules for what no rule claims, with the money behind each."""

from collections.abc import Mapping
from typing import Any

import click

from attributor.app.proposed import configured_rules
from attributor.app.untouched import Untouched, open_untouched
from attributor.attributing.planning import days_by_other_rules
from attributor.attributing.suggesting import gather_days
from attributor.cli.options import config_option, config_path
from attributor.cli.output import say, write_csv, write_json, write_table
from attributor.cli.periods import period_option
from attributor.cli.progress import progress_bars
from attributor.ledger.publications import publications
from attributor.money import from_units, shown
from attributor.periods import Month, days_between, month_of
from attributor.reports.costs import SeveralCurrenciesError
from attributor.reports.suggestions import (
    Suggestions,
    currency_of,
    suggestions,
    suggestions_document,
    suggestions_yaml,
)
from rules.ruleset import RuleSet
from rules.suggesting.drafts import PLACEHOLDER
from rules.suggesting.suggest import suggest

_COLUMNS = ("kind", "column", "value", "label", "owner", "amount", "rule")
_VALUES = ("column", "value", "nearest", "amount")
_MOST_VALUES = 10


@click.command("suggest")
@config_option
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv", "yaml"]), default="table", show_default=True
)
@period_option
@click.option("--top", type=click.IntRange(1, 200), default=10, show_default=True, help="How many rules at most.")
@click.option("--currency", help="Only charges in this currency.")
@click.pass_context
def command(context: click.Context, /, form: str, **asked: Any) -> None:
    """Draft rules for what no rule claims, the most money first; nothing is changed."""
    with open_untouched(config_path(context)) as stores:
        ruleset = configured_rules(stores.root, stores.file).ruleset
        period = asked["period"] or month_of(stores.clock().date())
        try:
            currency = currency_of(stores.archive.engine, period, asked["currency"])
        except SeveralCurrenciesError as error:
            raise click.UsageError(f"{error}; choose one with --currency") from error
        report = _suggested(stores, ruleset, (period, currency), asked["top"])
    _write(report, form)


def _suggested(stores: Untouched, ruleset: RuleSet, of: tuple[Month, str], most: int) -> Suggestions:
    archive, (month, currency) = stores.archive, of
    published = publications(archive.engine, list(days_between(month.first, month.end)))
    if days_by_other_rules(published, ruleset):
        say(f"warning: {stores.file} has other rules than were published; those of the file are asked what they claim")
    with progress_bars() as progress:
        bar = progress("read days")
        for _ in gather_days(archive, published, ruleset, currency):
            bar.advance()
    found = suggest(archive.connection, ruleset, most)
    return suggestions(archive.engine, month, currency, found, ruleset.teams)


def _write(report: Suggestions, form: str) -> None:
    document = suggestions_document(report)
    if form == "json":
        write_json(document)
    elif form == "csv":
        write_csv(_COLUMNS, [_without_nulls(one) for one in document["suggestions"]])
    elif form == "yaml":
        click.echo(suggestions_yaml(report), nl=False)
    else:
        _write_tables(report, document)


def _without_nulls(row: Mapping[str, Any]) -> dict[str, Any]:
    return {column: "" if value is None else value for column, value in row.items()}


def _write_tables(report: Suggestions, document: Mapping[str, Any]) -> None:
    money, found = report.currency, report.suggested
    whole = f"{shown(from_units(found.unclaimed), money)} effective cost of {report.period} is claimed by no rule"
    rows = [
        {**told, "owner": told["owner"] or f"{PLACEHOLDER}?", "amount": shown(from_units(one.units), money)}
        | {"label": told["label"] or "", "value": f"{told['value']}…" if told["begins"] else told["value"]}
        for one, told in zip(found.suggestions, document["suggestions"], strict=True)
    ]
    if rows:
        write_table(f"{whole}; rules that would claim it", _COLUMNS[:-1], rows, right=["amount"])
        click.echo(f"{shown(from_units(found.left), money)} would be left; --format yaml writes the rules")
    else:
        click.echo(f"{whole}; no rule is suggested")
    if report.by_rules:
        click.echo(f"{shown(report.by_rules, money)} more is unattributed by rules that found nobody to give it to")
    if report.values:
        values = [
            {"column": one.column, "value": one.value, "nearest": one.nearest, "amount": shown(one.amount, money)}
            for one in report.values[:_MOST_VALUES]
        ]
        write_table("\nowner values that name no team", _VALUES, values, right=["amount"])
