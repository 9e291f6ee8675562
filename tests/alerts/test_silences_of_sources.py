"""What sources left out: holes, zeros where there was never zero, and bills that no longer agree with usage."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from alerts.alert import Findings
from alerts.detect.agreement import ComparedDay, disagreements
from alerts.detect.coverage_holes import CoveredSpans, coverage_holes
from alerts.detect.vanished import ToldDaily, vanished

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
TODAY = NOW.date()


def with_holes(*holes):
    """A source that covered the last 40 days but for holes, given as hours before now: (from, until)."""
    spans, start = [], NOW - 40 * DAY
    for begin, end in holes:
        spans.append((start, NOW - begin * HOUR))
        start = NOW - end * HOUR
    return CoveredSpans("gpus", (*spans, (start, NOW)))


@pytest.mark.parametrize(
    ("hole", "fires"), [((30, 29), True), ((30, 29.5), False), ((200, 167), True), ((200, 168), False)]
)
def test_a_hole_of_an_hour_or_more_is_told_for_a_week(hole, fires):
    alerts = coverage_holes([with_holes(hole)], NOW)
    assert [alert.key for alert in alerts] == (["freshness:gpus:holes"] if fires else [])


def test_holes_of_a_source_are_one_alert_that_says_how_much_is_missing():
    (alert,) = coverage_holes([with_holes((60, 58), (30, 25))], NOW)
    assert (alert.title, alert.facts["hours"]) == ("gpus has 2 holes of 7 h", "7")
    assert [each.note for each in alert.contributors] == ["2 h", "5 h"]
    assert alert.started_at == NOW - 60 * HOUR


def test_a_cluster_that_is_off_at_night_has_a_habit_and_no_holes():
    nights = [(24 * back + 12, 24 * back + 5) for back in range(6, 0, -1)]
    assert coverage_holes([with_holes(*nights)], NOW) == []


def test_three_nights_are_no_habit_yet_and_an_odd_hole_beside_a_habit_is_told():
    assert len(coverage_holes([with_holes((84, 77), (60, 53), (36, 29))], NOW)) == 1
    nights = [(24 * back + 12, 24 * back + 5) for back in range(6, 1, -1)]
    (alert,) = coverage_holes([with_holes(*nights, (30, 26))], NOW)
    assert alert.facts["holes"] == "1"


def told(*newest, usual=100, days=20, name="EC2", currency="USD", source="aws"):
    amounts = [*([usual] * days), *newest]
    first = TODAY - len(amounts) * DAY
    found = tuple((first + place * DAY, Decimal(str(amount))) for place, amount in enumerate(amounts))
    return ToldDaily(source, name, currency, found)


@pytest.mark.parametrize(
    ("series", "fires"),
    [
        (told(0), True),
        (told("0.01"), False),
        (told(0, days=14), True),
        (told(0, days=13), False),
        (told(*[0] * 7), True),
        (told(*[0] * 8), False),
        (told(0, *[5] * 10, 0), False),
        (told(0, usual=9), False),
        (told(0, usual=9, currency="", name="tokens.input"), True),
        (told(0, days=0), False),
    ],
)
def test_zero_after_two_weeks_without_zero_is_told_for_a_week(series, fires):
    assert [alert.key for alert in vanished([series])] == (["freshness:aws:zero"] if fires else [])


def test_what_vanished_of_a_source_is_one_alert_with_what_was_usual():
    (alert,) = vanished([told(0), told(0, 0, name="S3", usual=20), told(50, name="RDS")])
    assert alert.title == "aws tells nothing of EC2, S3"
    assert [(each.label, each.note) for each in alert.contributors] == [
        ("EC2", "usually $100.00 a day"),
        ("S3", "usually $20.00 a day"),
    ]
    assert alert.started_at == datetime.combine(TODAY - 2 * DAY, datetime.min.time(), UTC)


def compared(*ratios, estimated=100):
    first = date(2026, 11, 1)
    return [
        ComparedDay("openai", "GPT", "USD", first + place * DAY, Decimal(estimated), Decimal(str(estimated * ratio)))
        for place, ratio in enumerate(ratios)
    ]


@pytest.mark.parametrize(
    ("days", "fires"),
    [
        (compared(*[1] * 10, 1.2, 1.2, 1.2), True),
        (compared(*[1] * 10, 1.19, 1.19, 1.19), False),
        (compared(*[1] * 10, 0.5, 0.5, 0.5), True),
        (compared(*[0.8] * 13), False),
        (compared(*[1] * 6, 2, 2, 2), False),
        (compared(*[1] * 10, 1.2, 1.2, 1.2, estimated=80), False),
        (compared(*[1] * 10, 0, 0, 0), True),
    ],
)
def test_a_bill_that_moved_by_a_fifth_against_its_usage_is_told_and_a_constant_discount_is_not(days, fires):
    assert [alert.key for alert in disagreements(days)] == (["freshness:openai:agreement:USD"] if fires else [])


def test_a_disagreement_says_what_was_billed_and_what_usage_stood_for():
    (alert,) = disagreements(compared(*[0.9] * 10, 1.8, 1.8, 1.8))
    assert (alert.amount, alert.threshold) == (Decimal("540.00"), Decimal("270.00"))
    assert "100.0 % more than the $270.00" in alert.summary


def test_a_hole_is_told_once_and_its_end_once_when_it_is_filled(timeline, between):
    start = datetime(2026, 11, 20, tzinfo=UTC)
    before, after = (start - 20 * DAY, start - 5 * HOUR), (start - 3 * HOUR, start)
    for hour in (0, 1, 9, 10):
        spans = (before, after) if hour < 9 else ((before[0], after[1]),)
        found = coverage_holes([CoveredSpans("gpus", spans)], start + hour * HOUR)
        timeline.report(hour, Findings("freshness", tuple(found)))
    timeline.want(between(0, 0), "slack", "firing", "freshness:gpus:holes")
    timeline.want(between(9, 9), "slack", "resolved", "freshness:gpus:holes")
    timeline.check()
