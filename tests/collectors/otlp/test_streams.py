"""What series add from point to point: over restarts, repeats and disorder, each token once."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.otlp.metric_wire import Point
from collectors.otlp.streams import PREFIX, Grown, Streams

SECOND = 10**9
NOW = 1_795_000_000
REMEMBER = 48 * 3600
BEGAN = NOW - 10 * 86_400


def point(value: int, time: int, start: int = NOW - 100) -> Point:
    return Point("series", start * SECOND, time * SECOND, value, 0, {})


def told(streams: Streams, points: list[Point], now: int = NOW, since: int = 0) -> list[Grown]:
    look = streams.look(now)
    found = [look.grown(each, "cumulative", int(each.total or 0), since) for each in points]
    streams.keep(look, now)
    return [grown for grown in found if grown is not None]


def streams(*ids: tuple[str, int]) -> Streams:
    ours = Streams(BEGAN, REMEMBER)
    for name, arrived in ids:
        ours.learn([name], arrived)
    return ours


@given(
    st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=8), min_size=1, max_size=4),
    st.data(),
)
def test_what_is_counted_is_what_was_used_over_restarts_repeats_and_a_new_beginning_of_ours(runs, data) -> None:
    """A run of a process is what it used between exports; its counter begins at 0 with a start of its own."""
    points = [
        point(sum(used[: number + 1]), NOW - 900 + run * 100 + number, NOW - 901 + run * 100)
        for run, used in enumerate(runs)
        for number in range(len(used))
    ]
    again = data.draw(st.lists(st.sampled_from(points), max_size=6))
    sent = [*points]
    for each in again:
        # A repeat comes at any time after the first.
        sent.insert(data.draw(st.integers(sent.index(each) + 1, len(sent))), each)
    events: list[Grown] = []
    ours = streams()
    for number, each in enumerate(sent):
        if number == len(sent) // 2:
            ours = streams(*((grown.id, NOW) for grown in events))
        events += told(ours, [each])
    assert sum(grown.count for grown in events) == sum(sum(used) for used in runs)
    assert len({grown.id for grown in events}) == len(events)


def test_a_series_that_began_before_anything_is_known_counts_from_its_first_point() -> None:
    ours = Streams(NOW, REMEMBER)
    old = NOW - 86_400
    assert [grown.count for grown in told(ours, [point(1000, NOW - 60, old), point(1010, NOW, old)])] == [0, 10]
    assert [grown.count for grown in told(ours, [point(7, NOW, NOW - 600)])] == [7]


def test_a_series_without_a_start_counts_from_its_first_point_and_from_nought_where_it_falls() -> None:
    values = [500, 520, 5, 9]
    counts = [grown.count for grown in told(streams(), [point(v, NOW - 60 + n, 0) for n, v in enumerate(values)])]
    assert counts == [0, 20, 5, 4]


def test_a_series_that_is_alive_is_never_forgotten_though_nothing_is_used_for_weeks() -> None:
    ours, noted = streams(), list[tuple[str, int]]()
    for now in range(NOW, NOW + 14 * 86_400, 3600):
        noted += [(grown.id, now) for grown in told(ours, [point(40, now)], now)]
        ours = streams(*((name, arrived) for name, arrived in noted if arrived >= now - REMEMBER))
    assert [grown.count for grown in told(ours, [point(43, now + 60)], now + 60)] == [3]
    assert len(noted) <= 15


def test_what_was_used_before_the_kind_was_chosen_does_not_count() -> None:
    assert [grown.count for grown in told(streams(), [point(9, NOW)], since=NOW * SECOND)] == [0]
    look = streams().look(NOW)
    assert look.grown(point(9, NOW), "delta", 9, NOW * SECOND) is None


def test_a_point_by_delta_has_an_id_of_its_series_and_interval() -> None:
    look = streams().look(NOW)
    grown = [look.grown(point(9, NOW + n, NOW + n - 1), "delta", 9, 0) for n in range(3)]
    assert [each.count for each in grown if each] == [9, 9, 9]
    for first, second in pairwise(grown):
        assert first and second and first.id != second.id
    assert look.grown(point(0, NOW), "delta", 0, 0) is None
    assert grown[0] and grown[0].id.startswith(PREFIX)


@pytest.mark.parametrize("count", [1, 200])
def test_what_nobody_heard_of_for_two_days_is_forgotten(count: int) -> None:
    ours = streams()
    told(ours, [Point(f"{number}", NOW * SECOND, NOW * SECOND, 1, 0, {}) for number in range(count)])
    told(ours, [point(1, NOW + 3 * 86_400)], NOW + 3 * 86_400)
    assert len(ours._last) == 1
