"""Digests that are due: made once a team, period and channel, from what is published."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from sqlalchemy import Column, ColumnElement, Connection, Engine, select

from alerts.alert import Alert
from alerts.digest import DAYS, DigestFacts, Newcomer, Period, ServiceSpend, digest_id, digest_message
from alerts.policy import any_glob
from alerts.ports import AlertLog, Message
from alerts.told import rank_of
from attributor.config.settings import DigestSettings
from attributor.ledger.alert_rows import state_of
from attributor.ledger.engine import reading
from attributor.ledger.tables import alerts, outbox, rollup
from attributor.money import from_units, total
from attributor.periods import days_between, month_of
from attributor.reports.costs import IS_OWN, amounts, cost_sums, on_days
from attributor.reports.outlook import NO_SPEND, daily_spend, month_outlook
from attributor.reports.owners import shown_name
from attributor.reports.view import Frame, View, frame
from rules.ruleset import Team

_LATE = timedelta(hours=6)
"""A digest that is so late is left out: a daemon that was away for a weekend does not send Friday's."""
_WEEK = timedelta(days=7)
_DRAWN = timedelta(days=28)
_NEW_AFTER = timedelta(days=28)
_PREVIEW = "preview"


def tell_digests(
    engine: Engine, digests: Sequence[DigestSettings], teams: Mapping[str, Team], log: AlertLog, now: datetime
) -> int:
    """Enqueue every digest whose moment has come and that was not made yet; return how many."""
    made = 0
    for digest in digests:
        if now - digest.rounds.last_until(now) >= _LATE:
            continue
        messages = list(_messages(engine, digest, teams, now))
        if messages:
            log.record([], messages, {})
        made += len(messages)
    return made


def previewed_digests(
    engine: Engine, teams: Mapping[str, Team], named: Sequence[Team], period: Period, now: datetime
) -> list[Message]:
    """Return the digests that these teams would get now; nothing is noted or sent."""
    with reading(engine) as connection:
        seen = frame(connection, View(month_of(now.date()), now))
        facts = [digest_facts(connection, seen, teams, team, period) for team in named]
    return [digest_message(each, digest_id(each.team, period, now.date(), _PREVIEW), _PREVIEW, now) for each in facts]


def _messages(engine: Engine, digest: DigestSettings, teams: Mapping[str, Team], now: datetime) -> Iterator[Message]:
    due = digest.rounds.last_until(now).date()
    named = [team for team in teams.values() if any_glob(digest.teams, team.id)]
    ids = {
        digest_id(team.id, digest.period, due, channel): (team, channel)
        for team in named
        for channel in digest.channels
    }
    with reading(engine) as connection:
        there = set(connection.scalars(select(outbox.c.id).where(outbox.c.id.in_(list(ids)))))
        wanted = {identity: place for identity, place in ids.items() if identity not in there}
        if not wanted:
            return
        seen = frame(connection, View(month_of(now.date()), now))
        facts = {
            team.id: digest_facts(connection, seen, teams, team, digest.period)
            for team in {team.id: team for team, _ in wanted.values()}.values()
        }
    for identity, (team, channel) in wanted.items():
        yield digest_message(facts[team.id], identity, channel, now)


def digest_facts(
    connection: Connection, seen: Frame, teams: Mapping[str, Team], team: Team, period: Period
) -> DigestFacts:
    """Read what a team's digest says, of the last days that every source has told of."""
    end = seen.whole_until
    first = end - timedelta(days=DAYS[period])
    of_team = (rollup.c.team == team.id) & (rollup.c.currency == seen.currency)
    now, before = (
        _by(connection, rollup.c.service, of_team, span) for span in ((first, end), (first - _WEEK, end - _WEEK))
    )
    spend = daily_spend(connection, seen, rollup.c.team == team.id).get(team.id, NO_SPEND)
    outlook = month_outlook(seen, spend)
    month = month_of(end - timedelta(days=1))
    return DigestFacts(
        team=team.id,
        name=shown_name(teams, team.id),
        period=period,
        first=first,
        end=end,
        currency=seen.currency,
        month_so_far=from_units(sum(cost for day, cost in spend.whole.items() if month.first <= day < end)),
        services=tuple(
            ServiceSpend(name, now.get(name, Decimal(0)), before.get(name, Decimal(0)))
            for name in sorted(now.keys() | before.keys())
        ),
        idle=total(_by(connection, rollup.c.service, of_team & (rollup.c.idle_cause != ""), (first, end)).values()),
        days=tuple((day, from_units(spend.whole.get(day, 0))) for day in days_between(end - _DRAWN, end)),
        alerts=_standing(connection, team.id),
        link=f"/teams/{team.id}?month={month}",
        budget=None if team.budget is None else team.budget.monthly,
        forecast=None if outlook is None else outlook.amount,
        newcomers=_newcomers(connection, of_team, (first, end), now),
    )


def _newcomers(
    connection: Connection, of_team: ColumnElement[bool], period: tuple[date, date], services: Mapping[str, Decimal]
) -> tuple[Newcomer, ...]:
    """Return the services and models of the period that cost nothing in the weeks before, in which others did."""
    before = (period[0] - _NEW_AFTER, period[0])
    told: tuple[tuple[Literal["service", "model"], Column[str], Mapping[str, Decimal]], ...] = (
        ("service", rollup.c.service, services),
        ("model", rollup.c.model, _by(connection, rollup.c.model, of_team, period)),
    )
    found = []
    for kind, column, now in told:
        known = _by(connection, column, of_team, before)
        if known:
            found += [Newcomer(kind, name, now[name]) for name in now.keys() - known.keys() if name and now[name] > 0]
    return tuple(sorted(found, key=lambda each: (-each.spent, each.kind, each.name)))


def _by(
    connection: Connection, column: Column[str], condition: ColumnElement[bool], span: tuple[date, date]
) -> dict[str, Decimal]:
    query = select(column, *cost_sums("effective")).where(on_days(*span), IS_OWN, condition)
    rows = connection.execute(query.group_by(column))
    return {row[0]: amounts(row, 1)[0] for row in rows}


def _standing(connection: Connection, team: str) -> tuple[Alert, ...]:
    query = select(alerts).where(alerts.c.status != "resolved", alerts.c.team == team)
    found = [state_of(row).alert for row in connection.execute(query)]
    return tuple(sorted(found, key=lambda alert: (-rank_of(alert)[0], alert.started_at, alert.key)))
