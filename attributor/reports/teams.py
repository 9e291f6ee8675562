"""Every team's cost and change, from the days that a report has read already."""

from collections.abc import Collection, Mapping
from datetime import date

from sqlalchemy import Connection

from attributor.ledger.tables import rollup
from attributor.money import from_units, to_units
from attributor.reports.daily import Series
from attributor.reports.lines import CostLine, Moved, moved_by
from attributor.reports.view import Frame


def team_costs(connection: Connection, frame: Frame, by_team: Mapping[str, Series]) -> tuple[CostLine, ...]:
    """Return what `lines.cost_lines` would by team, the most expensive first.

    `by_team` holds both periods' days in the frame's basis and currency. Only days on which some sources are compared
    and others are not have to be read again.
    """
    mixed = {*frame.compared.mixed, *frame.previous.mixed}
    by_source = moved_by(connection, frame, (rollup.c.team,), rollup.c.day.in_(mixed)) if mixed else []
    parts = {values[0]: moved for values, moved in by_source}
    plain = set(frame.compared.days) - mixed, set(frame.previous.days) - mixed
    found = [_line(frame, team, days, plain, parts.get(team)) for team, days in by_team.items()]
    lines = [line for line in found if line.cost or line.previous or line.change]
    return tuple(sorted(lines, key=lambda line: (line.cost.copy_negate(), line.name)))


def _line(
    frame: Frame, team: str, days: Series, plain: tuple[Collection[date], Collection[date]], part: Moved | None
) -> CostLine:
    compared, previous = (sum([days.get(day, 0) for day in chosen]) for chosen in plain)
    first = frame.period.first
    cost = sum([amount for day, amount in days.items() if day >= first])
    beside, moved = (to_units(part.previous), to_units(part.change)) if part else (0, 0)
    return CostLine(team, from_units(cost), from_units(previous + beside), from_units(compared - previous + moved))
