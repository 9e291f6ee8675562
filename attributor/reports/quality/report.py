"""Is the bill complete, does everything in it have an owner, and were the estimates right?"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import Connection, Engine, select

from attributor.ledger.money_columns import joined, money_sums
from attributor.ledger.tables import estimates, rollup, tag_compliance
from attributor.reports.costs import amounts, cost_sums
from attributor.reports.lines import ratio
from attributor.reports.narrowing import is_source_kept, kept_sources
from attributor.reports.quality.calendar import SourceCalendar, calendars
from attributor.reports.quality.restated import RestatedDay, restated_days
from attributor.reports.rule_claims import claims
from attributor.reports.team_lines import UnmatchedOwner, unmatched
from attributor.reports.unpriced import UnpricedLine, unpriced_lines
from attributor.reports.variance import VarianceLine, variance_lines
from attributor.reports.view import Frame, Heading, View, frame
from rules.ruleset import Rule
from rules.schema import UNATTRIBUTED


@dataclass(frozen=True)
class TagShare:
    """A required tag: the effective cost of the charges that have it and that lack it; `share` has it."""

    tag: str
    present: Decimal
    missing: Decimal
    share: Decimal | None


@dataclass(frozen=True)
class DataQuality:
    """A period's data: what is known of it, and what of it is sure.

    `unattributed` and `estimated` are parts of `cost`, in the heading's basis. `variance` are the days whose bill took
    an estimate's place, `restated` the days that came again with another cost, in the heading's currency; `tags`,
    `unmatched` and both of these are of effective cost. `unused` are the rules in use that claimed nothing. All of
    it is of the sources that the view is kept to; of no other dimension everything is known.
    """

    heading: Heading
    cost: Decimal
    unattributed: Decimal
    unattributed_share: Decimal | None
    estimated: Decimal
    estimated_share: Decimal | None
    calendars: tuple[SourceCalendar, ...]
    restated: tuple[RestatedDay, ...]
    tags: tuple[TagShare, ...]
    unmatched: tuple[UnmatchedOwner, ...]
    variance: tuple[VarianceLine, ...]
    unpriced: tuple[UnpricedLine, ...]
    unused: tuple[str, ...]

    @property
    def missing_days(self) -> int:
        """How many days of all sources are missing or told of in part."""
        return sum(each.missing for each in self.calendars)


def data_quality(engine: Engine, rules: Iterable[Rule], view: View) -> DataQuality:
    """Return the quality of a period's data; a dozen small queries."""
    return quality_now(engine, settled_quality(engine, rules, view))


def settled_quality(engine: Engine, rules: Iterable[Rule], view: View) -> DataQuality:
    """Read what of it is so until the ledger has another edition: all but the calendars of sources."""
    with engine.connect() as connection:
        seen = frame(connection, view)
        cost, unattributed, estimated = _sums(connection, seen)
        claimed = claims(connection, seen)
        unpriced = unpriced_lines(connection, seen.period)
        of_estimates = kept_sources(estimates, view.filters)
        found = variance_lines(connection, seen.period, ("provider", "service"), of_estimates).get("billed", [])
        return DataQuality(
            heading=seen.heading,
            cost=cost,
            unattributed=unattributed,
            unattributed_share=ratio(unattributed, cost),
            estimated=estimated,
            estimated_share=ratio(estimated, cost),
            calendars=(),
            restated=restated_days(connection, seen),
            tags=_tags(connection, seen),
            unmatched=unmatched(connection, seen),
            variance=_in_currency(found, seen.currency),
            unpriced=tuple(each for each in unpriced if is_source_kept(each.source, view.filters)),
            unused=tuple(rule.name for rule in rules if rule.name not in claimed),
        )


def quality_now(engine: Engine, report: DataQuality) -> DataQuality:
    """Return a settled report with what sources have told of by now."""
    with engine.connect() as connection:
        return replace(report, calendars=_calendars(connection, report.heading))


def _calendars(connection: Connection, heading: Heading) -> tuple[SourceCalendar, ...]:
    days = calendars(connection, heading.period)
    return tuple(each for each in days if is_source_kept(each.source, heading.filters))


def _sums(connection: Connection, seen: Frame) -> tuple[Decimal, ...]:
    basis = seen.view.basis
    parts = (None, rollup.c.team == UNATTRIBUTED, rollup.c.basis == "estimated")
    sums = [column for part in parts for column in cost_sums(basis, part)]
    row = connection.execute(select(*sums).where(seen.this_period, seen.rows())).one()
    return amounts(row, 0, len(parts))


def _tags(connection: Connection, seen: Frame) -> tuple[TagShare, ...]:
    table = tag_compliance.c
    within = (table.day >= seen.period.first) & (table.day < seen.period.end) & (table.currency == seen.currency)
    sums = (*money_sums(tag_compliance, "present"), *money_sums(tag_compliance, "missing"))
    found, kept = [], kept_sources(tag_compliance, seen.view.filters)
    for row in connection.execute(select(table.tag, *sums).where(within, kept).group_by(table.tag)):
        present, missing = joined(row[1], row[2]), joined(row[3], row[4])
        found.append(TagShare(row[0], present, missing, ratio(present, present + missing)))
    return tuple(sorted(found, key=lambda line: (line.missing.copy_negate(), line.tag)))


def _in_currency(lines: Iterable[VarianceLine], currency: str) -> tuple[VarianceLine, ...]:
    mine = (line for line in lines if line.currency == currency)
    return tuple(sorted(mine, key=lambda line: (line.difference.copy_abs().copy_negate(), line.values)))
