"""What other rules would move in a month: by team and by rule, before and after, and from whom to whom."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine, select

from attributor.attributing.planning import CHARGED, PlannedDay
from attributor.ledger.tables import rollup
from attributor.money import from_units, plain, to_units, total
from attributor.periods import Month
from attributor.reports.costs import BASES, Basis, SeveralCurrenciesError, amounts, cost_sums, within
from attributor.reports.moves import Tally
from rules.ruleset import Rule
from rules.schema import UNATTRIBUTED

_NAMED = {word: at for at, word in enumerate(CHARGED)}
_SOURCE, _SERVICE, _ACCOUNT = (_NAMED[word] for word in ("source", "service", "account"))
_MOST_NAMED = 5


@dataclass(frozen=True)
class PlanRequest:
    """A UTC month, the cost basis shown, and the one currency looked at where there are several."""

    period: Month
    basis: Basis = "effective"
    currency: str | None = None


@dataclass(frozen=True)
class Moving:
    """A team, or a rule, with what it has before and after."""

    name: str
    before: Decimal
    after: Decimal
    difference: Decimal


@dataclass(frozen=True)
class Move:
    """Money that goes from one team to another, with the rules that gave it to them; "" where no rule did."""

    loser: str
    loser_rule: str
    winner: str
    winner_rule: str
    amount: Decimal


@dataclass(frozen=True)
class NewlyUnattributed:
    """What loses its owner: who had it, by which rule, and of which charges."""

    team: str
    rule: str
    source: str
    service: str
    account: str
    amount: Decimal


@dataclass(frozen=True)
class Plan:
    """What would move in a month; the largest first everywhere.

    `teams` are all that have money before or after, and their differences sum to 0; `rules` likewise, "" for what no
    rule claims. `moved` is what changes its team; the moves sum to it. `moved_by_basis` says so of every cost basis,
    `relabelled` what stays with its team but changes project, environment, cost center or dimensions in the basis
    shown. `days` were computed anew, of `published` ones with charges.
    """

    request: PlanRequest
    currency: str
    total: Decimal
    published: int
    days: int
    teams: tuple[Moving, ...]
    rules: tuple[Moving, ...]
    moves: tuple[Move, ...]
    newly: tuple[NewlyUnattributed, ...]
    moved: Decimal
    moved_by_basis: Mapping[Basis, Decimal]
    relabelled: Mapping[str, Decimal]
    money_moves: bool
    warnings: tuple[str, ...]

    @property
    def unattributed(self) -> Moving:
        """What has no owner."""
        nothing = Decimal(0)
        found = (line for line in self.teams if line.name == UNATTRIBUTED)
        return next(found, Moving(UNATTRIBUTED, nothing, nothing, nothing))


@dataclass(frozen=True)
class PublishedMonth:
    """A month as it is published in one currency: totals by team and by rule, and how many days have charges."""

    currency: str
    teams: Mapping[str, Decimal]
    rules: Mapping[str, Decimal]
    days: int


def published_month(engine: Engine, request: PlanRequest) -> PublishedMonth:
    """Sum what is published, as `showback` does; raise SeveralCurrenciesError where it has no single total."""
    keys = (rollup.c.currency, rollup.c.day, rollup.c.team, rollup.c.rule)
    condition = within(request.period.first, request.period.end)
    if request.currency is not None:
        condition &= rollup.c.currency == request.currency
    with engine.connect() as connection:
        rows = connection.execute(select(*keys, *cost_sums(request.basis)).where(condition).group_by(*keys)).all()
    currencies = tuple(sorted({row[0] for row in rows}))
    if len(currencies) > 1:
        raise SeveralCurrenciesError(currencies)
    teams, rules = (_summed((row[at], *amounts(row, len(keys))) for row in rows) for at in (2, 3))
    return PublishedMonth(
        currencies[0] if currencies else request.currency or "", teams, rules, len({row[1] for row in rows})
    )


def plan(
    request: PlanRequest, before: PublishedMonth, planned: Iterable[PlannedDay], new_rules: Sequence[Rule]
) -> Plan:
    """Put together what the days change; nothing changes where there are none. New rules that get nothing are told."""
    tallies = {basis: Tally(basis) for basis in BASES}
    warnings: dict[str, None] = {}
    days = 0
    for day in planned:
        days += 1
        warnings.update(dict.fromkeys(day.warnings))
        changes = [change for change in day.changes if change.charged[_NAMED["currency"]] == before.currency]
        for tally in tallies.values():
            tally.add(changes)
    tally = tallies[request.basis]
    rules = _moving(before.rules, tally.rules)
    return Plan(
        request=request,
        currency=before.currency,
        total=total(before.teams.values()),
        published=before.days,
        days=days,
        teams=_moving(before.teams, tally.teams),
        rules=rules,
        moves=_moves(tally),
        newly=_newly(tally),
        moved=from_units(tally.moved),
        moved_by_basis={basis: from_units(found.moved) for basis, found in tallies.items()},
        relabelled={word: from_units(units) for word, units in tally.relabelled.items()},
        money_moves=any(found.moves for found in tallies.values()),
        warnings=(*warnings, *_claiming_nothing(rules, new_rules)),
    )


def plan_document(report: Plan) -> dict[str, Any]:
    """Return the JSON document; amounts are decimal strings."""
    unattributed = report.unattributed
    return {
        "period": str(report.request.period),
        "currency": report.currency or None,
        "basis": report.request.basis,
        "money_moves": report.money_moves,
        "moved": plain(report.moved),
        "moved_by_basis": {basis: plain(amount) for basis, amount in report.moved_by_basis.items()},
        "relabelled": {word: plain(amount) for word, amount in report.relabelled.items()},
        "before": {"total": plain(report.total), "days": report.published, "days_computed_anew": report.days},
        "teams": [{"team": line.name, **_amounts(line)} for line in report.teams],
        "rules": [{"rule": line.name, **_amounts(line)} for line in report.rules],
        "moves": [
            {
                "from": {"team": move.loser, "rule": move.loser_rule},
                "to": {"team": move.winner, "rule": move.winner_rule},
                "amount": plain(move.amount),
            }
            for move in report.moves
        ],
        "unattributed": {
            **_amounts(unattributed),
            "newly": [
                {
                    "team": found.team,
                    "rule": found.rule,
                    "source": found.source,
                    "service": found.service,
                    "account": found.account,
                    "amount": plain(found.amount),
                }
                for found in report.newly
            ],
        },
        "warnings": list(report.warnings),
    }


def _amounts(line: Moving) -> dict[str, str]:
    return {"before": plain(line.before), "after": plain(line.after), "difference": plain(line.difference)}


def _summed(found: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    units: defaultdict[str, int] = defaultdict(int)
    for name, amount in found:
        units[name] += to_units(amount)
    return {name: from_units(sum_) for name, sum_ in units.items()}


def _moving(before: Mapping[str, Decimal], differences: Mapping[str, int]) -> tuple[Moving, ...]:
    lines = []
    for name in before.keys() | differences.keys():
        had, more = before.get(name, Decimal(0)), differences.get(name, 0)
        lines.append(Moving(name, had, from_units(to_units(had) + more), from_units(more)))
    kept = [line for line in lines if line.before or line.after]
    return tuple(
        sorted(kept, key=lambda line: (-abs(to_units(line.difference)), -abs(to_units(line.before)), line.name))
    )


def _moves(tally: Tally) -> tuple[Move, ...]:
    units: defaultdict[tuple[str, str, str, str], int] = defaultdict(int)
    for step, amount in tally.steps.items():
        units[*step.loser, *step.winner] += amount
    ordered = sorted(units.items(), key=lambda found: (-found[1], found[0]))
    return tuple(Move(*names, from_units(amount)) for names, amount in ordered)


def _newly(tally: Tally) -> tuple[NewlyUnattributed, ...]:
    units: defaultdict[tuple[str, str, str, str, str], int] = defaultdict(int)
    for step, amount in tally.steps.items():
        if step.winner[0] == UNATTRIBUTED:
            charged = step.charged
            units[*step.loser, charged[_SOURCE], charged[_SERVICE], charged[_ACCOUNT]] += amount
    ordered = sorted(units.items(), key=lambda found: (-found[1], found[0]))
    return tuple(NewlyUnattributed(*names, from_units(amount)) for names, amount in ordered)


def _claiming_nothing(lines: Sequence[Moving], new_rules: Sequence[Rule]) -> list[str]:
    claiming = {line.name for line in lines if line.after}
    idle = [rule for rule in new_rules if rule.name not in claiming]
    told = [f"rule `{rule.name}` ({rule.file}:{rule.line}) claims no money" for rule in idle[:_MOST_NAMED]]
    left = len(idle) - len(told)
    return [*told, f"{left} more rules claim no money"] if left else told
