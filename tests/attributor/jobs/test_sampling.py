"""Sources that show the present alone are looked at between readings, and what stands in the way is told once."""

import logging

import pytest

from attributor.jobs.sampling import Sampler
from collectors.base import CollectError


class Present:
    def __init__(self) -> None:
        self.looks = 0
        self.error: str | None = None

    def sample(self) -> None:
        self.looks += 1
        if self.error:
            raise CollectError(self.error, permanent=False)


def test_every_source_that_wants_to_looks_and_a_failure_is_told_once_and_when_it_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    sampler, away, well = Sampler(), Present(), Present()
    collectors = {"away": away, "well": well, "bill": object()}
    away.error = "exporter does not answer"
    for _ in range(3):
        sampler.look(collectors)  # type: ignore[arg-type]
    away.error = None
    sampler.look(collectors)  # type: ignore[arg-type]
    assert (away.looks, well.looks) == (4, 4)
    assert [record.getMessage() for record in caplog.records] == [
        "source away: exporter does not answer",
        "source away: is seen again",
    ]


def test_nothing_is_done_where_no_source_shows_the_present_alone() -> None:
    Sampler().look({"bill": object()})  # type: ignore[dict-item]
