"""`attributor check` and `attributor schema`: the configuration, all its problems at once, and its JSON Schema."""

from collections import Counter
from typing import Any

import click

from attributor.app.clock import utc_now
from attributor.app.cluster import build_day_work
from attributor.app.configuration import known_types, read_settings
from attributor.app.errors import ConfigurationError
from attributor.app.known import unreported_names
from attributor.app.wiring import build_channels, build_collectors, build_lake
from attributor.cli.options import USAGE_ERROR, config_option, config_path, format_option
from attributor.cli.output import say, write_csv, write_json
from attributor.config.json_schema import json_schema
from attributor.config.load import LoadedConfig
from rules.problem import Problem, Severity

_SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
_COLUMNS = ("file", "line", "severity", "message", "fix")


@click.command("check")
@config_option
@format_option
@click.pass_context
def check(context: click.Context, form: str) -> None:
    """Check the configuration and rules; exit 2 where there is an error."""
    path = config_path(context)
    loaded = read_settings(path)
    problems = [*loaded.problems, *_building(loaded)]
    errors = [problem for problem in problems if problem.severity == "error"]
    if form == "json":
        write_json({"file": str(path), "ok": not errors, "problems": [_document(problem) for problem in problems]})
    elif form == "csv":
        write_csv(_COLUMNS, [_document(problem) for problem in problems])
    else:
        for problem in problems:
            click.echo(str(problem))
        say(f"{path}: {_verdict(problems)}")
    if errors:
        context.exit(USAGE_ERROR)


def _building(loaded: LoadedConfig) -> list[Problem]:
    if loaded.settings is None:
        return []
    _, sources = build_collectors(loaded.settings, utc_now)
    _, channels = build_channels(loaded.settings, utc_now)
    _, engine = build_day_work(loaded.settings)
    found = [*sources, *channels, *engine, *unreported_names(loaded.settings)]
    try:
        build_lake(loaded.settings)
    except ConfigurationError as error:
        return [*error.problems, *found]
    return found


def _verdict(problems: list[Problem]) -> str:
    counts = Counter(problem.severity for problem in problems)
    parts = [f"{counts[word]} {word}{'' if counts[word] == 1 else 's'}" for word in _SEVERITIES if counts[word]]
    return ", ".join(parts) or "fine"


def _document(problem: Problem) -> dict[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "severity": problem.severity,
        "message": problem.message,
        "fix": problem.fix,
    }


@click.command("schema")
def schema() -> None:
    """Write the JSON Schema of the configuration, for editors."""
    write_json(json_schema(known_types()))
