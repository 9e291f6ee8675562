"""Whether a month's numbers can still move, and by which rules they came about."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy import Connection, func, select

from attributor.ledger.statements import Statement, closed_in
from attributor.ledger.tables import publications, rule_sets
from attributor.periods import Month
from rules.load import restore
from rules.ruleset import RuleSet

State = Literal["closed", "changed", "over", "running", "ahead"]


@dataclass(frozen=True)
class Finality:
    """How a month stands.

    `state`: `closed`, and never moves; `changed`, closed, but its rows are no longer what was frozen; `over` but not
    closed yet; `running` at the time of asking; `ahead` of it. `through` is the last UTC day with published charges.
    `month_digest` is what the closing froze; `rules` is the digest of the rules, in use since `rules_since`.
    """

    state: State
    through: date | None
    revision: int | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    month_digest: str | None = None
    rules: str | None = None
    rules_since: datetime | None = None

    @property
    def is_final(self) -> bool:
        """Whether nothing of it changes any more."""
        return self.state == "closed"


@dataclass(frozen=True)
class MonthRules:
    """The rules that a month is explained by; `ruleset` None where the ledger does not have their text."""

    digest: str | None
    since: datetime | None = None
    ruleset: RuleSet | None = None


def finality(connection: Connection, month: Month, rules: MonthRules, now: datetime) -> Finality:
    """Read how a UTC month stands at `now` (aware UTC); that its rows moved is for others to find."""
    charged = (publications.c.day >= month.first) & (publications.c.day < month.end)
    query = select(func.max(publications.c.day)).where(charged, publications.c.charges_version >= 0)
    through = connection.scalar(query)
    closing = closed_in(connection).get(month)
    if closing is None:
        return Finality(_open_state(month, now), through, rules=rules.digest, rules_since=rules.since)
    return Finality(
        state="closed",
        through=through,
        revision=closing.revision,
        closed_at=closing.closed_at,
        closed_by=closing.closed_by,
        month_digest=closing.content.digest,
        rules=rules.digest,
        rules_since=rules.since,
    )


def month_rules(connection: Connection, month: Month, closing: Statement | None) -> MonthRules:
    """Return the rules that the month was closed with, or that what was published of it last was attributed by."""
    days = publications.c
    latest = (
        select(days.rules_digest)
        .where(days.day >= month.first, days.day < month.end)
        .order_by(days.published_at.desc(), days.day.desc())
        .limit(1)
    )
    digest = closing.rules_digest if closing is not None else connection.scalar(latest)
    query = select(rule_sets.c.text, rule_sets.c.first_used_at).where(rule_sets.c.digest == digest)
    row = connection.execute(query).one_or_none()
    return MonthRules(digest) if row is None else MonthRules(digest, row.first_used_at, restore(row.text))


def _open_state(month: Month, now: datetime) -> State:
    if now.date() >= month.end:
        return "over"
    return "running" if now.date() >= month.first else "ahead"
