"""How long sources are usually silent is learned from when they went on."""

from datetime import UTC, datetime, timedelta

from attributor.ledger.engine import writing
from attributor.ledger.habits import note_silence, silence_habits

START = datetime(2026, 11, 2, 8, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def note(engine, source: str, silent: timedelta, now: datetime) -> None:
    with writing(engine) as connection:
        note_silence(connection, source, (now - silent, now), now)


def test_the_habit_is_the_median_of_each_days_longest_silence(ledger_engine) -> None:
    for day, longest in enumerate((9, 9, 30, 10, 8)):
        note(ledger_engine, "gpus", HOUR, START + day * DAY)
        note(ledger_engine, "gpus", longest * HOUR, START + day * DAY + HOUR)
        note(ledger_engine, "gpus", HOUR, START + day * DAY + 2 * HOUR)
    assert silence_habits(ledger_engine) == {"gpus": 9 * HOUR}


def test_a_habit_needs_four_days_and_what_is_old_is_forgotten(ledger_engine) -> None:
    for day in range(3):
        note(ledger_engine, "aws", 30 * HOUR, START + day * DAY)
    assert silence_habits(ledger_engine) == {}
    note(ledger_engine, "aws", 30 * HOUR, START + 3 * DAY)
    assert silence_habits(ledger_engine) == {"aws": 30 * HOUR}
    note(ledger_engine, "aws", 5 * HOUR, START + 92 * DAY)
    assert silence_habits(ledger_engine) == {}, "of the first four days one is left"


def test_nothing_known_before_or_nothing_new_is_no_silence(ledger_engine) -> None:
    with writing(ledger_engine) as connection:
        for day in range(5):
            now = START + day * DAY
            note_silence(connection, "first", (None, now), now)
            note_silence(connection, "same", (now, now), now + DAY)
            note_silence(connection, "ahead", (now + DAY, now + 2 * DAY), now)
    assert silence_habits(ledger_engine) == {}
