"""A row's trend as a small drawing: its usage day by day, or by as many days as fit, from nothing upwards.

Days that not every source has told of are left out, for they would look like a fall. Amounts become floats here, for
drawing alone.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from attributor.money import total
from attributor.reports.overview import Overview
from attributor.reports.view import Heading
from attributor.web.formats import money, short_day
from attributor.web.links import Links
from attributor.web.rows import first_rows, team_rows

WIDTH, HEIGHT = 72, 20
_FEWEST, _MOST = 3, 31
_NOTHING = Decimal(0)

Point = tuple[date, str, Decimal]


@dataclass(frozen=True)
class Spark:
    """The line and the area below it in the drawing's own units, and what it shows in words."""

    line: str
    area: str
    words: str


def overview_sparks(report: Overview, links: Links) -> Mapping[str, Mapping[str, Spark]]:
    """Return the drawings of the rows that the overview shows, by the dimension of their table and their value."""
    heading = report.heading
    teams = {line.team for line in team_rows(report.teams, links).shown}
    services = {line.name for line in first_rows(report.services, links).shown}
    found = {
        "team": sparks(heading, teams, ((each.day, each.team, each.usage) for each in report.days)),
        "service": sparks(heading, services, ((each.day, each.name, each.usage) for each in report.service_days)),
    }
    grouped = report.grouping
    if grouped is not None and grouped.by not in found:
        names = {line.name for line in first_rows(grouped.lines, links).shown}
        found[grouped.by] = sparks(heading, names, ((each.day, each.name, each.usage) for each in grouped.days))
    return found


def sparks(heading: Heading, wanted: Collection[str], points: Iterable[Point]) -> dict[str, Spark]:
    """Return the drawing of each wanted series that has any usage.

    There is none where fewer than three days, or parts of the period, are whole.
    """
    first = max(heading.since or heading.period.first, heading.period.first)
    count = (min(heading.whole_until, heading.period.end) - first).days
    size = -(-count // _MOST)
    if size <= 0 or count // size < _FEWEST:
        return {}
    series: dict[str, dict[date, Decimal]] = {}
    for day, key, usage in points:
        if key in wanted:
            series.setdefault(key, {})[day] = usage
    starts = [first + timedelta(days=at) for at in range(count % size, count, size)]
    drawn = {key: _parts(costs, starts, size) for key, costs in series.items()}
    return {key: _spark(parts, starts, size, heading.currency) for key, parts in drawn.items() if any(parts)}


def _parts(costs: Mapping[date, Decimal], starts: Sequence[date], size: int) -> list[Decimal]:
    """Return what parts of so many days each cost, by the days that they begin on."""
    if size == 1:
        return [costs.get(day, _NOTHING) for day in starts]
    return [total(costs.get(start + timedelta(days=at), _NOTHING) for at in range(size)) for start in starts]


def _spark(parts: Sequence[Decimal], starts: Sequence[date], size: int, currency: str) -> Spark:
    heights = [float(part) for part in parts]
    lowest, highest = min(0.0, *heights), max(0.0, *heights)
    scale, step = (HEIGHT - 2) / (highest - lowest), WIDTH / (len(parts) - 1)
    line = " ".join(f"{at * step:.1f},{1 + (highest - height) * scale:.1f}" for at, height in enumerate(heights))
    floor = f"{1 + highest * scale:.1f}"
    what, since = ("Usage by day", "on") if size == 1 else (f"Usage by {size} days", "from")
    ends = [f"{money(parts[at], currency, 0)} {since} {short_day(starts[at])}" for at in (0, -1)]
    words = f"{what}: first {ends[0]}, last {ends[1]}, at most {money(max(parts), currency, 0)}"
    return Spark(line, f"0,{floor} {line} {WIDTH},{floor}", words)
