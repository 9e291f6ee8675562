"""`attributor explain`: from an amount to rule, weights and charges with their origin."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import click

from attributor.app.wiring import App, open_app, open_duckdb
from attributor.attributing.explaining import explain_days
from attributor.attributing.explaining_corrections import explain_corrections
from attributor.attributing.replaying import Archive
from attributor.cli.options import config_option, config_path, format_option
from attributor.cli.output import say, write_csv, write_json
from attributor.cli.periods import day_option, period_option
from attributor.cli.teams import check_team
from attributor.money import plain, shown
from attributor.periods import Month, month_of
from attributor.reports.explanation import (
    CorrectionLine,
    DayOfRule,
    Explained,
    RuleLine,
    explained,
    explained_document,
)
from rules.explanation import Question, Weighing

_COLUMNS = ("day", "rule", "file", "line", "method", "idle_cause", "origin", "charged", "cost")
_SHOWN = 5


@click.command("explain")
@config_option
@format_option
@period_option
@click.option("--team", required=True, help="A team's id, `unattributed` or `idle`.")
@click.option("--service", help="Only this service.")
@day_option
@click.pass_context
def command(context: click.Context, /, form: str, **asked: Any) -> None:
    """Explain what a team was given: by which rule, by which weights, from which charges; each level sums."""
    with open_app(config_path(context)) as app:
        day: date | None = asked["day"]
        period = asked["period"] or month_of(day or app.clock().date())
        if day is not None and month_of(day) != period:
            raise click.BadParameter(f"{day} is not in {period}", param_hint="--day")
        check_team(app.engine, {team.id: team for team in app.settings.ruleset.teams}, asked["team"])
        reports = _explained(app, period, day, Question(asked["team"], asked["service"]))
    if form == "json":
        nothing = Explained(period, day, asked["team"], asked["service"], "", Decimal(0), ())
        documents = [explained_document(report) for report in reports or (nothing,)]
        write_json(documents[0] if len(documents) == 1 else {"currencies": documents})
    elif form == "csv":
        write_csv(_COLUMNS, [row for report in reports for row in _rows(report)])
    else:
        for report in reports:
            _tell(report)
    if not reports:
        say(f"{asked['team']} was given nothing in {day or period}")


def _explained(app: App, period: Month, day: date | None, question: Question) -> tuple[Explained, ...]:
    first, end = (period.first, period.end) if day is None else (day, day + timedelta(days=1))
    with open_duckdb() as connection:
        archive = Archive(app.engine, app.lake, connection)
        days = ((found.day, found.explanation) for found in explain_days(archive, question, first, end))
        corrections = explain_corrections(archive, question, first, end)
        return explained((period, day, question.team, question.service), days, corrections)


def _tell(report: Explained) -> None:
    of = report.team if report.service is None else f"{report.team}, {report.service}"
    click.echo(f"{of}, {report.day or report.period}: {shown(report.cost, report.currency)} effective cost")
    for line in report.rules:
        _tell_rule(line, report.currency)
    for correction in report.corrections:
        _tell_correction(correction, report.currency)


def _tell_rule(line: RuleLine, money: str) -> None:
    where = f" ({line.file}:{line.line})" if line.line else ""
    name = f"rule `{line.rule}`" if line.rule else "no rule"
    marks = [line.method, line.idle_cause and f"idle: {line.idle_cause}", line.fallback, line.shared_step]
    click.echo(f"\n{shown(line.cost, money)}  {name}{where}  [{', '.join(mark for mark in marks if mark)}]")
    for day in line.days:
        click.echo(f"  {day.day}  {shown(day.part.costs.effective, money)}")
        for text in _told_weighings(day, money):
            click.echo(f"    {text}")


def _tell_correction(line: CorrectionLine, money: str) -> None:
    corrected = f"correction of {line.day}, in the closed month {line.corrects}, posted on {line.posted_on}"
    click.echo(f"\n{shown(line.difference, money)}  {corrected}")
    for word, cost, rules in (("before", line.before, line.rules_before), ("after", line.after, line.rules_after)):
        click.echo(f"  {word} {shown(cost, money)}")
        for rule in rules:
            for day in rule.days:
                click.echo(f"    {shown(rule.cost, money)}  rule `{rule.rule}`")
                for text in _told_weighings(day, money):
                    click.echo(f"      {text}")


def _told_weighings(day: DayOfRule, money: str) -> Iterator[str]:
    for weighing in day.part.weighings[:_SHOWN]:
        yield from _told(weighing, money)
    left = day.part.weighings[_SHOWN:]
    if left:
        rest = sum(len(weighing.charges) for weighing in left)
        yield f"… and {len(left)} more windows with {rest} charges: --format json lists them"


def _told(weighing: Weighing, money: str) -> Iterator[str]:
    if weighing.metric and weighing.window_start and weighing.window_end:
        window = f"{weighing.window_start:%Y-%m-%d %H:%M} to {weighing.window_end:%Y-%m-%d %H:%M} UTC"
        pool = f" of {weighing.pool}" if weighing.pool else ""
        yield f"by {weighing.metric}{pool}, {window}: {shown(weighing.costs.effective, money)}"
    for weight in weighing.weights:
        cause = f" ({weight.idle_cause})" if weight.idle_cause else ""
        yield f"  {weight.owner}{cause}: {plain(weight.quantity)} = {_percent(weight.share)}"
    if weighing.note:
        yield f"  {weighing.note}"
    for charge in weighing.charges[:_SHOWN]:
        share, whole = shown(charge.share.effective, money, 6), shown(charge.effective, money, 6)
        yield f"  {share} of {whole}  {charge.origin}"
    rest = len(weighing.charges[_SHOWN:]) + (weighing.more.count if weighing.more else 0)
    if rest:
        yield f"  … and {rest} more charges"


def _percent(share: Fraction) -> str:
    return f"{Decimal(share.numerator) / Decimal(share.denominator):.2%}"


def _rows(report: Explained) -> Iterator[dict[str, object]]:
    for line in report.rules:
        shared = {"rule": line.rule, "file": line.file, "line": line.line, "method": line.method}
        for day in line.days:
            of_day = {**shared, "day": day.day.isoformat(), "idle_cause": line.idle_cause}
            for weighing in day.part.weighings:
                for charge in weighing.charges:
                    amounts = {"charged": plain(charge.effective), "cost": plain(charge.share.effective)}
                    yield {**of_day, "origin": charge.origin, **amounts}
                if weighing.more is not None:
                    amounts = {"charged": plain(weighing.more.effective), "cost": plain(weighing.more.share.effective)}
                    yield {**of_day, "origin": f"{weighing.more.count} more charges", **amounts}
    for correction in report.corrections:
        words = f"corrects {correction.day}: {plain(correction.before)} before, {plain(correction.after)} after"
        amounts = {"charged": "", "cost": plain(correction.difference)}
        yield {"day": correction.posted_on.isoformat(), "method": "correction", "origin": words, **amounts}
