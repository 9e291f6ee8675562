"""`attributor sources`: what is configured and how it stands, a live try, and the options of a type."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from attributor.app.clock import utc_now
from attributor.app.configuration import known_types, settings_or_error
from attributor.app.errors import ConfigurationError
from attributor.app.trying import Standing, Tried, standings_where_there_are_any, try_source
from attributor.app.wiring import build_collectors
from attributor.cli.options import FOUND_SOMETHING, USAGE_ERROR, config_option, config_path, format_option
from attributor.cli.output import say, write_csv, write_json, write_table
from attributor.config.keys import SOURCE
from attributor.config.settings import ConfiguredSource
from attributor.money import plain
from collectors.base import Window

_LIST = (
    "source",
    "type",
    "table",
    "state",
    "succeeded_at",
    "covered_until",
    "gaps",
    "newest_day",
    "requests",
    "cost",
    "error",
)
_OPTIONS = ("option", "kind", "required", "default", "example", "description")
_TRY = ("source", "ok", "rows", "whole", "coverage", "requests", "cost", "permanent", "error")


@click.group("sources")
def group() -> None:
    """Sources: what is configured, a live try, the options of a type."""


@group.command("list")
@config_option
@format_option
@click.pass_context
def list_sources(context: click.Context, form: str) -> None:
    """List the configured sources, how each stands, and what it asked this month (cost in US dollars)."""
    settings = settings_or_error(config_path(context))
    standings = standings_where_there_are_any(settings.store.ledger, utc_now())
    rows = [_listed(source, standings.get(source.name)) for source in settings.sources]
    _write("sources", _LIST, rows, form)


@group.command("test")
@config_option
@format_option
@click.argument("name")
@click.pass_context
def test(context: click.Context, name: str, form: str) -> None:
    """Read a little of a source and store nothing; exit 1 where that fails."""
    settings = settings_or_error(config_path(context))
    collectors, problems = build_collectors(settings, utc_now)
    if name not in {source.name for source in settings.sources}:
        known = ", ".join(source.name for source in settings.sources) or "none"
        raise click.BadParameter(f"no source is called {name!r}; known: {known}", param_hint="NAME")
    if name not in collectors:
        raise ConfigurationError(tuple(problems))
    tried = try_source(collectors[name], utc_now())
    document = _tried(name, tried)
    if form == "json":
        write_json(document)
    elif form == "csv":
        write_csv(_TRY, [{**document, "coverage": " ".join(_spans(tried.coverage))}])
    else:
        _tell(name, tried)
    if tried.error is not None:
        context.exit(FOUND_SOMETHING)


@group.command("schema")
@format_option
@click.argument("type_name", metavar="TYPE")
@click.pass_context
def schema(context: click.Context, type_name: str, form: str) -> None:
    """List the options of a type of source, with examples and defaults."""
    types = known_types().collectors
    if type_name not in types:
        say(f"no type of source is called {type_name!r}; known: {', '.join(sorted(types))}")
        context.exit(USAGE_ERROR)
    kind = types[type_name]
    own = {option.name for option in kind.options}
    options = [*kind.options, *(option for option in SOURCE if option.name not in own and option.name != "type")]
    rows = [
        {
            "option": option.name,
            "kind": option.kind,
            "required": option.required,
            "default": option.default,
            "example": option.example,
            "description": option.description,
        }
        for option in options
    ]
    if form == "json":
        write_json({"type": kind.name, "table": kind.table, "summary": kind.summary, "options": rows})
    else:
        _write(f"{kind.name}: {kind.summary}", _OPTIONS, rows, form)


def _listed(source: ConfiguredSource, standing: Standing | None) -> dict[str, Any]:
    row: dict[str, Any] = {"source": source.name, "type": source.type.name, "table": source.type.table}
    if standing is None:
        return {**row, **dict.fromkeys(_LIST[3:]), "state": "never read"}
    facts, state = standing.facts, standing.facts.state
    return {
        **row,
        "state": "fine" if state.error is None else "failed",
        "succeeded_at": None if state.succeeded_at is None else state.succeeded_at.isoformat(),
        "covered_until": None if facts.covered_until is None else facts.covered_until.isoformat(),
        "gaps": standing.gaps,
        "newest_day": None if facts.newest_day is None else facts.newest_day.isoformat(),
        "requests": standing.asked.requests,
        "cost": plain(standing.asked.cost),
        "error": state.error,
    }


def _write(title: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]], form: str) -> None:
    if form == "json":
        write_json({title: rows})
        return
    shown = [{name: "" if value is None else value for name, value in row.items()} for row in rows]
    if form == "csv":
        write_csv(columns, shown)
    else:
        write_table(title, columns, shown)


def _tried(name: str, tried: Tried) -> dict[str, Any]:
    return {
        "source": name,
        "ok": tried.error is None,
        "rows": tried.rows,
        "whole": tried.whole,
        "coverage": [{"start": span.start.isoformat(), "end": span.end.isoformat()} for span in tried.coverage],
        "requests": tried.requests,
        "cost": plain(tried.cost),
        "first": [{column: _value(value) for column, value in row.items()} for row in tried.first],
        "error": tried.error,
        "permanent": None if tried.error is None else tried.permanent,
    }


def _tell(name: str, tried: Tried) -> None:
    if tried.error is not None:
        again = "asking again unchanged will not help" if tried.permanent else "it may pass: try again"
        click.echo(f"{name}: {tried.error}\n{again}")
        return
    for row in tried.first:
        click.echo(", ".join(f"{column}={_value(value)}" for column, value in row.items()))
    how = "rows of the newest day" if tried.whole else "rows in the first batch"
    cost = f" for ${plain(tried.cost)}" if tried.cost else ""
    asked = f", {tried.requests} requests{cost}" if tried.requests else ""
    click.echo(f"{name}: {tried.rows} {how}{asked}; covered: {' '.join(_spans(tried.coverage)) or 'not looked at'}")


def _spans(coverage: Sequence[Window]) -> list[str]:
    return [f"{span.start:%Y-%m-%dT%H:%MZ}/{span.end:%Y-%m-%dT%H:%MZ}" for span in coverage]


def _value(value: Any) -> Any:
    if isinstance(value, list):
        return {str(key): item for key, item in value}
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
