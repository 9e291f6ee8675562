"""How a plan is written: tables for people, JSON and CSV for programs, Markdown for reviewers."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import click

from attributor.cli.output import say, write_csv, write_json, write_table
from attributor.cli.plan_markdown import markdown
from attributor.money import plain, shown
from attributor.reports.plan import Moving, Plan, plan_document
from attributor.reports.plan_words import also_moves, summary

_LINE = ("before", "after", "difference")
_MOVE = ("from", "by rule", "to", "now by rule", "amount")
_NEWLY = ("team", "by rule", "source", "service", "account", "amount")
_MOST_SHOWN = 20


def _write_table(report: Plan) -> None:
    for line in (summary(report), *also_moves(report)):
        click.echo(line)
    for word, lines in (("team", report.teams), ("rule", report.rules)):
        moving = [line for line in lines if line.difference or word == "team"]
        rows = [{word: line.name or "(no rule)", **_shown(line, report.currency)} for line in moving]
        if rows:
            write_table(f"\n{report.request.basis} cost by {word}", [word, *_LINE], rows, right=_LINE)
        if rows and len(moving) < len(lines):
            click.echo(f"{len(lines) - len(moving)} more {word}s stay as they are")
    currency, most = report.currency, _MOST_SHOWN
    if report.moves:
        moves = [
            (move.loser, move.loser_rule, move.winner, move.winner_rule, shown(move.amount, currency))
            for move in report.moves[:most]
        ]
        write_table(f"\nthe largest of {len(report.moves)} moves", _MOVE, _rows(_MOVE, moves), right=["amount"])
    if report.newly:
        newly = [
            (one.team, one.rule, one.source, one.service, one.account, shown(one.amount, currency))
            for one in report.newly[:most]
        ]
        write_table("\nbecomes unattributed", _NEWLY, _rows(_NEWLY, newly), right=["amount"])
    for warning in report.warnings:
        say(f"warning: {warning}")


def _rows(columns: Sequence[str], cells: Sequence[tuple[str, ...]]) -> list[dict[str, str]]:
    return [dict(zip(columns, row, strict=True)) for row in cells]


def _shown(line: Moving, currency: str) -> dict[str, str]:
    return {word: shown(getattr(line, word), currency) for word in _LINE}


def _write_csv(report: Plan) -> None:
    lines = [("team", line) for line in report.teams] + [("rule", line) for line in report.rules]
    rows = [
        {"kind": kind, "name": line.name, **{word: plain(getattr(line, word)) for word in _LINE}}
        for kind, line in lines
    ]
    write_csv(["kind", "name", *_LINE], rows)


def _write_json(report: Plan) -> None:
    write_json(plan_document(report))


def _write_markdown(report: Plan) -> None:
    click.echo(markdown(report), nl=False)


WRITERS: Mapping[str, Callable[[Plan], None]] = MappingProxyType(
    {
        "table": _write_table,
        "json": _write_json,
        "csv": _write_csv,
        "markdown": _write_markdown,
    }
)
