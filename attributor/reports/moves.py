"""What moves between owners: what some lose of the same charges, matched with what others win of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from attributor.attributing.planning import CHARGED, OWNED, Change
from attributor.money import to_units
from attributor.reports.costs import Basis

Held = tuple[str, str]
"""A team, and the rule by which it holds."""
_CURRENCY, _SOURCE = CHARGED.index("currency"), CHARGED.index("source")


@dataclass(frozen=True, order=True)
class Step:
    """From one team and its rule to another; `charged` is what the charges agree in."""

    loser: Held
    winner: Held
    charged: tuple[str, ...]


class UnbalancedError(Exception):
    """A day's changes do not sum to 0: a bug, never a mistake of the user's."""


@dataclass
class Tally:
    """What moved in one cost basis so far, in units of 1e-12.

    `steps` sum to what moved between teams; a team's steps sum to its difference. `relabelled` is what stays with its
    team but changes its project, environment, cost center or dimensions, by that word. `teams` and `rules` are
    differences.
    """

    basis: Basis
    steps: defaultdict[Step, int] = field(default_factory=lambda: defaultdict(int))
    relabelled: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    teams: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    rules: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def moved(self) -> int:
        """What changed its team."""
        return sum(self.steps.values())

    @property
    def moves(self) -> bool:
        """Whether any money changes its owner."""
        return bool(self.steps) or bool(self.relabelled)

    def add(self, changes: Iterable[Change]) -> None:
        """Count a day's changes of one currency; raise UnbalancedError where they do not sum to 0."""
        by_charged: defaultdict[tuple[str, ...], list[tuple[Change, int]]] = defaultdict(list)
        for change in changes:
            units = to_units(change.costs[self.basis])
            if units:
                by_charged[change.charged].append((change, units))
                self.teams[change.owner[0]] += units
                self.rules[change.rule] += units
        for charged, found in _balanced(by_charged):
            self._match(charged, found)

    def _match(self, charged: tuple[str, ...], found: list[tuple[Change, int]]) -> None:
        held: defaultdict[Held, int] = defaultdict(int)
        for change, units in found:
            held[change.owner[0], change.rule] += units
        for loser, winner, units in _matched(held):
            self.steps[Step(loser, winner, charged)] += units
        for word, units in _relabelled(found):
            self.relabelled[word] += units


def _relabelled(found: list[tuple[Change, int]]) -> Iterator[tuple[str, int]]:
    """Yield what stays with its team but changes its project, environment, cost center or dimensions, by that word."""
    for at, word in enumerate(OWNED[1:], start=1):
        values: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
        for change, units in found:
            values[change.owner[0]][change.owner[at]] += units
        for of_team in values.values():
            won = sum(units for units in of_team.values() if units > 0)
            changed = min(won, won - sum(of_team.values()))
            if changed:
                yield word, changed


def _balanced(
    by_charged: Mapping[tuple[str, ...], list[tuple[Change, int]]],
) -> Iterator[tuple[tuple[str, ...], list[tuple[Change, int]]]]:
    """Yield changes that sum to 0.

    New rules may read a dimension from another column, so that the same charges stand under other words; these are
    compared by source and currency alone.
    """
    left: defaultdict[tuple[str, ...], list[tuple[Change, int]]] = defaultdict(list)
    for charged, found in by_charged.items():
        if sum(units for _, units in found) == 0:
            yield charged, found
        else:
            left[_coarse(charged)].extend(found)
    for charged, found in left.items():
        if sum(units for _, units in found) != 0:
            raise UnbalancedError(f"the changes of {charged} do not sum to 0")
        yield charged, found


def _coarse(charged: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word if at in {_CURRENCY, _SOURCE} else "" for at, word in enumerate(charged))


def _matched(held: Mapping[Held, int]) -> Iterator[tuple[Held, Held, int]]:
    """Yield (loser, winner, amount): inside a team first, which moves nothing; then the largest with the largest."""
    rest = {one: units for one, units in held.items() if units}
    of_team: defaultdict[str, dict[Held, int]] = defaultdict(dict)
    for one, units in rest.items():
        of_team[one[0]][one] = units
    for own in of_team.values():
        for loser, winner, units in _poured(own):
            rest[loser] += units
            rest[winner] -= units
    yield from _poured(rest)


def _poured(held: Mapping[Held, int]) -> Iterator[tuple[Held, Held, int]]:
    lost, won = (
        sorted(((sign * units, one) for one, units in held.items() if sign * units > 0), key=lambda of: (-of[0], of[1]))
        for sign in (-1, 1)
    )
    losers, winners = iter(lost), iter(won)
    losing, winning = next(losers, None), next(winners, None)
    while losing is not None and winning is not None:
        units = min(losing[0], winning[0])
        yield losing[1], winning[1], units
        losing = (losing[0] - units, losing[1]) if losing[0] > units else next(losers, None)
        winning = (winning[0] - units, winning[1]) if winning[0] > units else next(winners, None)
