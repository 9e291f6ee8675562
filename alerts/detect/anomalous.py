"""The noun that every rule over a series returns."""

from dataclasses import dataclass
from typing import Literal

Rule = Literal["spike", "shift", "leak", "weekend", "new service"]


@dataclass(frozen=True)
class AnomalousDay:
    """A point above its band, counted from the series' first; money as floats, for show.

    `expected` is the baseline, `band` the upper limit.
    """

    day: int
    rule: Rule
    expected: float
    band: float
