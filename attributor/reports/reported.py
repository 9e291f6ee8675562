"""What rules and teams ask for that nothing reports: a metric, a pool or a team that is perhaps misspelt."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches

from sqlalchemy import Connection, Engine, Table, func, select

from attributor.ledger.engine import reading
from attributor.ledger.tables import rollup, unmatched_owners, usage_rollup
from rules.outcomes import Activity, Outcome, UsageSplit
from rules.problem import Problem
from rules.reading.fields import nearest
from rules.ruleset import RuleSet

LOOKED_BACK = timedelta(days=62)
"""Two months, so that what is reported once a month counts."""
_MOST_TOLD = 20
"""Of each kind: a name is looked for among all known ones, which takes its time."""


@dataclass(frozen=True)
class Reported:
    """What the last published days name: pools by metric, teams with charges or usage, values that name no team."""

    pools: Mapping[str, frozenset[str]]
    teams: frozenset[str]
    values: frozenset[str]


@dataclass(frozen=True)
class _Asked:
    what: str
    file: str
    line: int
    metrics: tuple[tuple[str, str | None], ...]
    """Each with its pool, None where any will do."""


def read_reported(engine: Engine) -> Reported:
    """Read what was published of the last days that there are; empty where nothing is."""
    with reading(engine) as connection:
        used, charged = (_since(connection, table) for table in (usage_rollup, rollup))
        pools: dict[str, set[str]] = {}
        pairs = select(usage_rollup.c.metric, usage_rollup.c.pool).distinct().where(usage_rollup.c.day >= used)
        for metric, pool in connection.execute(pairs):
            pools.setdefault(metric, set()).add(pool)
        teams = {
            team
            for table, since in ((rollup, charged), (usage_rollup, used))
            for team in connection.scalars(select(table.c.team).distinct().where(table.c.day >= since))
        }
        values = connection.scalars(
            select(unmatched_owners.c.value).distinct().where(unmatched_owners.c.day >= charged)
        ).all()
    return Reported({metric: frozenset(found) for metric, found in pools.items()}, frozenset(teams), frozenset(values))


def unreported(ruleset: RuleSet, reported: Reported, file: str) -> list[Problem]:
    """Return a warning for every metric, pool and team that nothing reports; none where nothing is known of them."""
    found = list(_teams(ruleset, reported, file)) if reported.teams else []
    if reported.pools:
        found += [problem for asked in _asked(ruleset) for problem in _metrics(asked, reported)][:_MOST_TOLD]
    return found


def _since(connection: Connection, table: Table) -> date:
    last: date | None = connection.scalar(select(func.max(table.c.day)))
    return date.min if last is None else last - LOOKED_BACK


def _asked(ruleset: RuleSet) -> Iterator[_Asked]:
    for rule in ruleset.rules:
        yield _Asked(f"rule `{rule.name}`", rule.file, rule.line, _measured(rule.outcome))
    for shared in ruleset.shared:
        yield _Asked(f"shared team `{shared.team}`", shared.file, shared.line, _measured(shared.split))


def _measured(outcome: Outcome) -> tuple[tuple[str, str | None], ...]:
    if isinstance(outcome, UsageSplit):
        return tuple((driver.metric, driver.pool) for driver in outcome.drivers)
    if isinstance(outcome, Activity):
        return tuple(dict.fromkeys((rate.metric, outcome.pool) for rate in outcome.rates))
    return ()


def _metrics(asked: _Asked, reported: Reported) -> Iterator[Problem]:
    for metric, pool in asked.metrics:
        pools = reported.pools.get(metric)
        if pools is None:
            fix = nearest(metric, reported.pools, "see that a source reports it")
            message = f"{asked.what}: no usage reports the metric `{metric}`"
            yield Problem(asked.file, asked.line, message, fix, "warning")
        elif pool is not None and pool not in pools:
            fix = nearest(pool, pools - {""}, "see that a source reports it")
            message = f"{asked.what}: no usage reports `{metric}` in the pool `{pool}`"
            yield Problem(asked.file, asked.line, message, fix, "warning")


def _teams(ruleset: RuleSet, reported: Reported, file: str) -> Iterator[Problem]:
    """Yield teams without cost; but a shared team's stands with its consumers, a parent's with its sub-teams, and a
    team that has an end may be gone.
    """
    elsewhere = {shared.team for shared in ruleset.shared} | {team.parent for team in ruleset.teams}
    silent = [team for team in ruleset.teams if team.id not in reported.teams | elsewhere and team.end is None]
    for team in silent[:_MOST_TOLD]:
        fix = _fix(sorted(reported.values), team.id)
        message = f"team `{team.id}` was given no charge and no usage in the last {LOOKED_BACK.days} days"
        yield Problem(file, team.line, message, fix, "warning")


def _fix(values: Sequence[str], team: str) -> str:
    near = get_close_matches(team.casefold(), {value.casefold(): value for value in values}, n=1)
    if not near:
        return "see that its aliases are what tags and usage say"
    return f"charges say `{next(value for value in values if value.casefold() == near[0])}`: add it to its `aliases`"
