"""`attributor check` and `attributor schema`: the configuration, all its problems at once, and its JSON Schema."""

from collections import Counter
from typing import Any

import click

from attributor.app.clock import utc_now
from attributor.app.cluster import build_day_work
from attributor.app.configuration import known_types, read_settings
from attributor.app.errors import ConfigurationError
from attributor.app.known import unreported_names
from attributor.app.trying import probe_source
from attributor.app.wiring import build_channels, build_collectors, build_lake
from attributor.cli.options import FOUND_SOMETHING, USAGE_ERROR, config_option, config_path, format_option
from attributor.cli.output import say, write_csv, write_json
from attributor.config.json_schema import json_schema
from attributor.config.load import LoadedConfig
from rules.problem import Problem, Severity

_SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
_COLUMNS = ("file", "line", "severity", "message", "fix")


@click.command("check")
@config_option
@format_option
@click.option("--connect", is_flag=True, help="Try each source's credentials with the least read.")
@click.pass_context
def check(context: click.Context, form: str, *, connect: bool) -> None:
    """Check the configuration and rules; exit 2 where there is an error, 1 where a source lacks something."""
    path = config_path(context)
    loaded = read_settings(path)
    problems = [*loaded.problems, *_building(loaded)]
    errors = [problem for problem in problems if problem.severity == "error"]
    lacking = _lacking(loaded) if connect and not errors else []
    problems += lacking
    if form == "json":
        ok = not errors and not lacking
        write_json({"file": str(path), "ok": ok, "problems": [_document(problem) for problem in problems]})
    elif form == "csv":
        write_csv(_COLUMNS, [_document(problem) for problem in problems])
    else:
        for problem in problems:
            click.echo(str(problem))
        say(f"{path}: {_verdict(problems)}")
    if errors:
        context.exit(USAGE_ERROR)
    if lacking:
        context.exit(FOUND_SOMETHING)


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


def _lacking(loaded: LoadedConfig) -> list[Problem]:
    """Try every source and return what each lacks, in the provider's words."""
    if loaded.settings is None:
        return []
    collectors, _ = build_collectors(loaded.settings, utc_now)
    lines = {source.name: source.line for source in loaded.settings.sources}
    return [
        Problem(
            str(loaded.settings.file),
            lines[name],
            f"source `{name}` lacks {need.permission}: {need.problem}",
            "grant it to the credentials that the source uses, or name others",
        )
        for name, collector in collectors.items()
        for need in probe_source(collector, utc_now())
        if need.problem is not None
    ]


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
