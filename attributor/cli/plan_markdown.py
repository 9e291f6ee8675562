"""A plan as a comment on a pull request: a line that says it all, then what a reviewer asks next."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from attributor.cli.output import visible
from attributor.money import shown
from attributor.reports.plan import Moving, Plan
from attributor.reports.plan_words import also_moves, summary

_MOST_LINES = 20


def markdown(report: Plan) -> str:
    """Return GitHub-flavoured Markdown; names from bills and rules are code, so that none is a link or a mention."""
    return "\n".join(_parts(report)) + "\n"


def _parts(report: Plan) -> Iterator[str]:
    yield f"### Attributor plan for {report.request.period}"
    yield ""
    yield f"**{summary(report)}**"
    yield from also_moves(report)
    for word, lines in (("Team", report.teams), ("Rule", report.rules)):
        yield from _lines(word, lines, report.currency)
    if report.moves:
        moves = [
            [*_held(move.loser, move.loser_rule), *_held(move.winner, move.winner_rule), _shown(move.amount, report)]
            for move in report.moves
        ]
        yield from _table("From whom to whom", ["From", "by rule", "To", "now by rule", "Amount"], moves)
    if report.newly:
        newly = [
            [
                *_held(one.team, one.rule),
                *map(_code, (one.source, one.service, one.account)),
                _shown(one.amount, report),
            ]
            for one in report.newly
        ]
        titles = ["Had by", "by rule", "Source", "Service", "Account", "Amount"]
        yield from _table("Becomes unattributed", titles, newly)
    if report.warnings:
        yield from ("", "#### Warnings", "")
        yield from (f"- {_escaped(warning)}" for warning in report.warnings)


def _lines(word: str, lines: Sequence[Moving], currency: str) -> Iterator[str]:
    """Yield a table of the lines that move; how many stay is said below it."""
    moving = [line for line in lines if line.difference]
    name = _code if word == "Team" else _rule
    rows = [
        [name(line.name), *(shown(amount, currency) for amount in (line.before, line.after)), _signed(line, currency)]
        for line in moving
    ]
    if rows:
        yield from _table(f"By {word.lower()}", [word, "Before", "After", "Difference"], rows)
    staying = len(lines) - len(moving)
    if staying and moving:
        yield from ("", f"{staying} {word.lower()}{'' if staying == 1 else 's'} unchanged.")


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    amounts = {"Before", "After", "Difference", "Amount"}
    yield from ("", f"#### {title}", "", _row(columns))
    yield _row(["---:" if column in amounts else "---" for column in columns])
    yield from (_row(row) for row in rows[:_MOST_LINES])
    if len(rows) > _MOST_LINES:
        yield from ("", f"… and {len(rows) - _MOST_LINES} more; `--format json` lists them.")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _signed(line: Moving, currency: str) -> str:
    amount = shown(line.difference, currency)
    return f"+{amount}" if line.difference > 0 else amount


def _shown(amount: Decimal, report: Plan) -> str:
    return shown(amount, report.currency)


def _held(team: str, rule: str) -> tuple[str, str]:
    return _code(team), _rule(rule)


def _rule(name: str) -> str:
    return _code(name) if name else "no rule"


def _code(text: str) -> str:
    """Return text as code that cannot break out of its cell."""
    plain = visible(text).replace("`", "'").replace("|", "\\|").strip()
    return f"`{plain}`" if plain else ""


def _escaped(text: str) -> str:
    return visible(text).replace("<", "&lt;").replace("@", "@\u200b")
