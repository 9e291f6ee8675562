"""Queries are kept to the owners that somebody may read, whatever they are written like, on both databases."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import delete, exists, func, insert, literal_column, select, text, union_all, update

from attributor.ledger.money_columns import money_values
from attributor.ledger.owner_filter import HiddenError, OwnerFilter
from attributor.ledger.statements import closed_at
from attributor.ledger.tables import (
    alert_decisions,
    alerts,
    coverage,
    metadata,
    restatements,
    rollup,
    sources,
    statements,
    unmatched_owners,
)
from attributor.periods import Month

NOW = datetime(2026, 11, 18, tzinfo=UTC)


def cost(team, amount):
    texts = ("project", "environment", "cost_center", "model", "rule", "shared_step", "idle_cause", "fallback")
    row = dict.fromkeys(texts, "") | {"source": "aws", "service": "S3", "provider": "AWS", "account": "1"}
    row |= {"category": "Usage", "currency": "USD", "basis": "billed", "method": "direct", "day": date(2026, 11, 3)}
    row |= {"billing_month": "2026-11", "team": team}
    for name in ("effective", "billed", "list"):
        row |= money_values(name, Decimal(amount))
    return row


def alert(key, team):
    row = {"key": key, "team": team, "kind": "budget", "severity": "info", "status": "firing", "body": "{}"}
    return row | {"first_seen": NOW, "last_seen": NOW}


@pytest.fixture
def engine(ledger_engine):
    with ledger_engine.begin() as connection:
        connection.execute(insert(rollup), [cost("search", 1), cost("ads", 2), cost("unattributed", 4)])
        connection.execute(insert(alerts), [alert("a", "search"), alert("b", "ads"), alert("c", "")])
        connection.execute(
            insert(alert_decisions),
            [
                {"subject": key, "stage": "route", "channel": "", "verdict": "kept", "reason": "", "since": NOW}
                for key in "abc"
            ],
        )
        connection.execute(insert(sources), [{"source": "aws", "table_name": "charges", "tried_at": NOW}])
        change = {"source": "aws", "day": date(2026, 11, 3), "noticed_at": NOW, "currency": "USD"}
        sums = money_values("before", Decimal(1)) | money_values("after", Decimal(2))
        connection.execute(insert(restatements), [change | sums])
    return ledger_engine


@pytest.fixture
def owners(engine):
    return OwnerFilter(engine)


def teams(engine, query):
    with engine.connect() as connection:
        return sorted(connection.scalars(query))


ALIAS = rollup.alias()
TEAM = select(rollup.c.team)
QUERIES = [
    TEAM,
    TEAM.where(rollup.c.team != "nobody"),
    TEAM.where((rollup.c.team == "ads") | (rollup.c.team == "search")),
    TEAM.distinct().order_by(rollup.c.team),
    select(ALIAS.c.team),
    select(TEAM.subquery().c.team),
    TEAM.where(rollup.c.team.in_(select(rollup.c.team))),
    union_all(TEAM, TEAM.where(rollup.c.team == "ads")),
    select(rollup.c.team).select_from(rollup.join(sources, sources.c.source == rollup.c.source)),
    select(rollup.c.team).select_from(sources.outerjoin(rollup, sources.c.source == rollup.c.source)),
    select(func.max(rollup.c.team)),
    select(TEAM.order_by(rollup.c.team).limit(1).scalar_subquery()),
    select(alerts.c.team),
    TEAM.with_only_columns(rollup.c.team).cte("teams").select(),
]


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_no_way_to_write_a_query_reads_another_owner(engine, owners, query):
    with owners.seen_by(frozenset({"search"})):
        assert set(teams(engine, query)) == {"search"}
    with owners.seen_by(frozenset()):
        assert not [team for team in _some(engine, query) if team]
    assert set(teams(engine, select(rollup.c.team))) == {"search", "ads", "unattributed"}


def _some(engine, query):
    with engine.connect() as connection:
        return list(connection.scalars(query))


def test_sums_and_existence_tell_nothing_of_others(engine, owners):
    whole = select(func.sum(rollup.c.effective_millionths))
    ads = select(exists().where(rollup.c.team == "ads"))
    with owners.seen_by(frozenset({"search"})), engine.connect() as connection:
        assert connection.scalar(whole) == 1_000_000
        assert connection.scalar(ads) is False
    with engine.connect() as connection:
        assert connection.scalar(whole) == 7_000_000


def test_what_belongs_to_an_alert_is_read_with_it_and_what_says_nothing_of_teams_always(engine, owners):
    with owners.seen_by(frozenset({"search"})):
        assert teams(engine, select(alert_decisions.c.subject)) == ["a"]
        assert teams(engine, select(sources.c.source)) == ["aws"]
        assert teams(engine, select(coverage.c.source)) == []


def test_what_nobody_decided_about_is_empty_and_not_open(engine, owners):
    assert teams(engine, select(restatements.c.source)) == ["aws"]
    with owners.seen_by(frozenset({"search"})):
        assert teams(engine, select(restatements.c.source)) == []
        assert teams(engine, select(unmatched_owners.c.value)) == []
        for table in metadata.tables.values():
            with engine.connect() as connection:
                rows = connection.execute(select(table)).mappings().all()
            assert all(row.get("team", "search") == "search" for row in rows)


def closing(month, undone_at=None):
    row = {"month": month, "revision": 1, "closed_at": NOW, "closed_by": "ana", "rules_digest": "r", "digest": "d"}
    return row | {"totals": "7", "teams": "ads", "undone_at": undone_at}


MARK = statements.c.closed_at
TELLING = [
    select(statements),
    select(statements.c.totals),
    select(func.max(statements.c.teams)),
    select(MARK).where(statements.c.totals == "7"),
    select(MARK).order_by(statements.c.digest),
    select(func.count()).select_from(statements),
    select(literal_column("totals")).select_from(statements),
    select(text("totals")).select_from(statements),
    select(MARK).where(text("totals = '7'")),
    select(MARK).group_by(MARK).having(func.max(statements.c.totals) == "7"),
    select(statements.alias().c.totals),
    select(select(statements).subquery().c.closed_at),
    select(MARK).join(rollup, rollup.c.team == statements.c.teams),
]


def test_whether_a_month_is_closed_may_be_known_and_nothing_else_of_its_statement(engine, owners):
    with engine.begin() as connection:
        connection.execute(insert(statements), [closing("2026-09"), closing("2026-10", NOW)])
    with owners.seen_by(frozenset({"search"})), engine.connect() as connection:
        assert closed_at(connection, Month(2026, 9)) == NOW
        assert closed_at(connection, Month(2026, 10)) is None
        assert closed_at(connection, Month(2026, 8)) is None


@pytest.mark.parametrize("query", TELLING, ids=range(len(TELLING)))
def test_a_question_that_names_anything_but_marks_finds_no_statement(engine, owners, query):
    with engine.begin() as connection:
        connection.execute(insert(statements), [closing("2026-09")])
    with owners.seen_by(frozenset({"search"})), engine.connect() as connection:
        assert set(connection.scalars(query)) <= {0, None}


def test_changes_are_kept_to_the_same_rows(engine, owners):
    with owners.seen_by(frozenset({"search"})), engine.begin() as connection:
        connection.execute(update(alerts).values(status="resolved"))
        connection.execute(delete(rollup))
    with engine.connect() as connection:
        found = dict(connection.execute(select(alerts.c.key, alerts.c.status)).all())
    assert found == {"a": "resolved", "b": "firing", "c": "firing"}
    assert teams(engine, select(rollup.c.team)) == ["ads", "unattributed"]


def test_a_query_in_words_is_not_run_at_all(engine, owners):
    words = text("SELECT team FROM rollup")
    with owners.seen_by(frozenset({"search"})), engine.connect() as connection, pytest.raises(HiddenError):
        connection.execute(words)
    with owners.seen_by(frozenset({"search"})), owners.seen_by(None), engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM rollup")).scalar() == 3


def test_only_owners_that_may_be_seen_are_named(owners):
    assert owners.visible(["ads", "search"]) == ("ads", "search")
    with owners.seen_by(frozenset({"search", "platform"})):
        assert owners.visible(["ads", "search"]) == ("search",)
