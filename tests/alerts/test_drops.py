"""Spend that fell or vanished: a note, where it is more than a quiet day or a weekend."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np

from alerts.detect.drops import spend_drops
from alerts.detect.spend_series import SpendDay, SpendSeries

SIZE = 91
FIRST = date(2026, 8, 20)
LAST = FIRST + timedelta(days=SIZE - 1)
NOW = datetime(2026, 11, 19, 9, 30, tzinfo=UTC)
NOISE = np.exp(np.random.default_rng(7).normal(0, 0.05, SIZE))
SPENT = {("search", "USD"): 500.0}


def notes(shape=lambda place: 1.0, *, cost=400, incomplete=0):
    days = [
        SpendDay(
            FIRST + timedelta(days=place),
            Decimal(f"{cost * NOISE[place] * shape(place):.6f}"),
            place < SIZE - incomplete,
        )
        for place in range(SIZE)
    ]
    return spend_drops([SpendSeries("search", "Bedrock", "USD", FIRST, tuple(days))], SPENT, NOW)


def since(days, left):
    return lambda place: left if place >= SIZE - days else 1.0


def weekday(place):
    return (FIRST + timedelta(days=place)).weekday()


def test_what_fell_says_what_is_left_and_what_is_usual():
    [note] = notes(since(4, 0.4))
    assert note.key == f"spend_drop:search:Bedrock:{LAST - timedelta(days=3)}"
    assert (note.kind, note.severity, note.title) == ("spend_drop", "info", "Spend fell: Bedrock")
    assert note.summary.startswith("Bedrock fell by 59")
    assert f"a day since {LAST - timedelta(days=3)}, usually $399" in note.summary
    assert 900 < Decimal(note.facts["less"]) < 1000
    assert [point.marked for point in note.chart[-5:]] == [False, True, True, True, True]


def test_what_vanished_is_called_so():
    [note] = notes(since(5, 0.0))
    assert note.title == "Spend vanished: Bedrock"


def test_two_days_a_little_less_or_little_money_is_no_note():
    assert not notes(since(2, 0.1))
    assert not notes(since(5, 0.8))
    assert not notes(since(5, 0.1), cost=8)


def test_days_that_may_still_grow_say_nothing():
    assert not notes(since(4, 0.1), incomplete=2)
    assert notes(since(5, 0.1), incomplete=2)


def test_weekends_that_rest_are_usual_and_do_not_break_a_fall():
    assert not notes(lambda place: 0.0 if weekday(place) >= 5 else 1.0)

    def shape(place):
        return 0.0 if weekday(place) >= 5 or place >= SIZE - 6 else 1.0

    assert {weekday(place) for place in range(SIZE - 6, SIZE)} >= {5, 6}
    [note] = notes(shape)
    assert note.facts["service"] == "Bedrock"
    assert note.started_at.date() == LAST - timedelta(days=5)


def test_a_lower_level_is_no_news_after_two_weeks():
    assert notes(since(13, 0.3))
    assert not notes(since(16, 0.3))
