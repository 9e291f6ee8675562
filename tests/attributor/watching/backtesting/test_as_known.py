"""A scratch ledger says of each day what was known then: of partial days, restated ones, and teams that changed."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from attributor.ledger.engine import open_engine
from attributor.ledger.schema import migrate
from attributor.watching.backtesting.as_known import as_known
from attributor.watching.spend import spend_series

pytestmark = pytest.mark.slow
MORNING = datetime(2026, 11, 10, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def days(*costs: str) -> list[str]:
    return [f"2026-11-{number:02} {cost} team=search" for number, cost in enumerate(costs, 6)]


@pytest.fixture
def replayed(company, tmp_path: Path):
    """Days as they were told: the 9th grew the next day, the 8th was restated and went to another team on the 12th."""
    company.bill(*days("5", "5", "5", "2"))
    company.cycle(MORNING)
    company.bill(*days("5", "5", "5", "8", "1"))
    company.cycle(MORNING + DAY)
    company.bill(*days("5", "5", "4", "8", "6", "7"), "2026-11-08 3 team=ads")
    company.cycle(MORNING + 2 * DAY)
    engine = open_engine(f"sqlite:///{tmp_path / 'scratch.db'}")
    migrate(engine)
    yield as_known(company.engine, engine), engine
    engine.dispose()


def costs(engine, now: datetime, team: str = "search") -> dict[int, tuple[Decimal, bool]]:
    [found] = [each for each in spend_series(engine, now) if each.team == team] or [None]
    return {} if found is None else {each.day.day: (each.amount, each.complete) for each in found.days}


def test_each_day_is_told_as_it_was_known(replayed) -> None:
    known, engine = replayed
    known.move_to(MORNING)
    assert costs(engine, MORNING) == {6: (5, True), 7: (5, True), 8: (5, True), 9: (2, False)}
    assert costs(engine, MORNING, "ads") == {}
    known.move_to(MORNING + DAY)
    assert costs(engine, MORNING + DAY) == {6: (5, True), 7: (5, True), 8: (5, True), 9: (8, True), 10: (1, False)}
    known.move_to(MORNING + 2 * DAY)
    assert costs(engine, MORNING + 2 * DAY)[8] == (4, True)
    assert costs(engine, MORNING + 2 * DAY)[10] == (6, True)
    assert costs(engine, MORNING + 2 * DAY, "ads")[8] == (3, True)


def test_moving_at_once_comes_to_the_same_as_step_by_step(replayed) -> None:
    known, engine = replayed
    known.move_to(MORNING + 2 * DAY)
    assert costs(engine, MORNING + 2 * DAY)[9] == (8, True)
    assert [day.day for day in known.remembered] == [8, 9, 10]
    assert known.remembered[date(2026, 11, 8)].first <= MORNING
