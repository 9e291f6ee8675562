"""`attributor explain`: from an amount to rule, weights and charges with their origin."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import click

from attributor.app.explaining import explain_subject
from attributor.app.reading import dimensions_in, teams_in
from attributor.app.untouched import Untouched, open_untouched
from attributor.attributing.explaining import FILTERS
from attributor.cli.explain_text import told
from attributor.cli.options import config_option, config_path, format_option
from attributor.cli.output import say, write_csv, write_json
from attributor.cli.periods import day_option, period_option
from attributor.cli.teams import check_team
from attributor.money import plain
from attributor.periods import month_of
from attributor.reports.costs import BASES, Basis, parse_basis
from attributor.reports.explanation import Explained, in_basis
from attributor.reports.explanation_document import explained_document
from attributor.reports.subject import Subject
from rules.explanation import Costs

_COLUMNS = ("day", "rule", "file", "line", "method", "idle_cause", "origin", "charged", "cost")


def _filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for word in reversed((*FILTERS, "idle_cause")):
        name = word.replace("_", " ")
        command = click.option(f"--{word.replace('_', '-')}", help=f'Only this {name}; "" for none given.')(command)
    return command


@click.command("explain")
@config_option
@format_option
@period_option
@click.option("--team", required=True, help="A team's id, `unattributed` or `idle`.")
@day_option
@_filter_options
@click.option("--dimension", multiple=True, metavar="NAME=VALUE", help="Only this value of a dimension of your own.")
@click.option("--basis", type=click.Choice(BASES), default="effective", show_default=True)
@click.pass_context
def command(context: click.Context, /, form: str, **asked: Any) -> None:
    """Explain what a team was given: by which rule, by which weights, from which charges; each level sums."""
    with open_untouched(config_path(context)) as stores:
        subject = _subject(stores, asked)
        reports = explain_subject(stores.archive, subject)
    if form == "json":
        documents = [explained_document(report) for report in reports]
        write_json(documents[0] if len(documents) == 1 else {"currencies": documents})
    elif form == "csv":
        write_csv(_COLUMNS, [row for report in reports for row in _rows(report)])
    else:
        for line in (line for report in reports if report.currency for line in told(report)):
            click.echo(line)
    if not any(report.currency for report in reports):
        say(f"{subject.team} was given nothing in {subject.day or subject.period}")


def _subject(stores: Untouched, asked: dict[str, Any]) -> Subject:
    day: date | None = asked["day"]
    period = asked["period"] or month_of(day or stores.clock().date())
    if day is not None and month_of(day) != period:
        raise click.BadParameter(f"{day} is not in {period}", param_hint="--day")
    check_team(stores.archive.engine, teams_in(stores.root), asked["team"])
    filters = {word: asked[word] for word in (*FILTERS, "idle_cause") if asked[word] is not None}
    filters |= _own_dimensions(asked["dimension"], dimensions_in(stores.root))
    return Subject(period, day, asked["team"], filters, parse_basis(asked["basis"]))


def _own_dimensions(given: tuple[str, ...], known: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or name not in known:
            said = f"there is no dimension {name!r}" if equals else f"{pair!r} has no `=`"
            raise click.BadParameter(f"{said}; yours are {', '.join(known) or 'none'}", param_hint="--dimension")
        found[name] = value
    return found


def _rows(report: Explained) -> Iterator[dict[str, object]]:
    basis = report.subject.basis
    for line in report.rules:
        shared = {"rule": line.rule, "file": line.file, "line": line.line, "method": line.method}
        for day in line.days:
            of_day = {**shared, "day": day.day.isoformat(), "idle_cause": line.idle_cause}
            for weighing in day.part.weighings:
                for charge in weighing.charges:
                    yield {**of_day, "origin": charge.origin, **_amounts(charge.own, charge.share, basis)}
                if weighing.more is not None:
                    more = weighing.more
                    yield {**of_day, "origin": f"{more.count} more charges", **_amounts(more.own, more.share, basis)}
    for correction in report.corrections:
        words = f"corrects {correction.day}: {plain(correction.before)} before, {plain(correction.after)} after"
        amounts = {"charged": "", "cost": plain(correction.difference)}
        yield {"day": correction.posted_on.isoformat(), "method": "correction", "origin": words, **amounts}


def _amounts(own: Costs, share: Costs, basis: Basis) -> dict[str, str]:
    return {"charged": plain(in_basis(own, basis)), "cost": plain(in_basis(share, basis))}
