"""GPU hours: the series of one hour in, the hour's usage by GPU and holder out. Pure, and exact."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from itertools import chain

from collectors.gpus.series import HELD, Device, Series, shares_of, telling
from collectors.values.amounts import exact_sum

_ENOUGH = Fraction(9, 10)
_UNIT = 10**12
Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Measure:
    """One row of usage without its hour: `quantity` has twelve decimals, rounded down."""

    metric: str
    pool: str
    quantity: Decimal
    facts: Facts


@dataclass(frozen=True)
class Limits:
    """In percent of utilisation: a GPU computes from `busy_above` on, and does so but little below `low_below`.

    Above `saturated_above` it has nothing left to give.
    """

    busy_above: Decimal
    low_below: Decimal
    saturated_above: Decimal = Decimal(90)


@dataclass
class _Held:
    """What one holder (or nobody) had of one device: counts of time slots by how many shared each."""

    seen: Counter[int] = field(default_factory=Counter)
    busy: Counter[int] = field(default_factory=Counter)
    low: Counter[int] = field(default_factory=Counter)
    percents: dict[int, Decimal] = field(default_factory=dict)

    def note(self, slot: int, sharing: int, percent: Decimal | None, limits: Limits) -> None:
        self.seen[sharing] += 1
        if percent is None:
            return
        self.percents[slot] = percent
        if percent >= limits.busy_above:
            self.busy[sharing] += 1
            if percent < limits.low_below:
                self.low[sharing] += 1


def measure_hour(series: Iterable[Series], expected: int, limits: Limits) -> Iterator[Measure]:
    """Yield the usage of one hour of `expected` time slots.

    A physical GPU never has more than one hour: MIG instances count as parts of it, a slot that several held is
    shared among them, and a series that comes twice counts once. Where somebody holds a device, series without a
    holder tell nothing of their own.
    """
    by_gpu: dict[str, list[Series]] = defaultdict(list)
    for one in series:
        if one.percents:
            by_gpu[one.device.uuid].append(one)
    for uuid in sorted(by_gpu):
        yield from _measure_gpu(uuid, by_gpu[uuid], expected, limits)


def _measure_gpu(uuid: str, series: list[Series], expected: int, limits: Limits) -> Iterator[Measure]:
    pool, about = series[0].pool, dict(series[0].about)
    about.pop("profile", None)
    present = len({slot for one in series for slot in one.percents})
    yield Measure("gpu.capacity_hours", pool, _rounded(Fraction(present, expected)), (("gpu", uuid), *about.items()))
    by_device: dict[Device, list[Series]] = defaultdict(list)
    for one in series:
        by_device[one.device].append(one)
    measured = [device for device in by_device if device.instance] or list(by_device)
    measured.sort(key=lambda device: device.name)
    for device, (part, whole) in shares_of(measured, about.get("gpu_model", "")).items():
        metric, chosen = _best_metric(by_device[device])
        share = Fraction(part, whole)
        facts = (("gpu", device.name), *chosen[0].about, *((("measured_by", metric),) if metric else ()))
        for holder, held in sorted(_held(chosen, limits).items()):
            told = chain(
                _quantities(held, share, expected, is_held=bool(holder)),
                _stretches(held, expected, limits) if holder else (),
            )
            for name, quantity in told:
                yield Measure(name, pool, _rounded(quantity), (*facts, *holder))


def _best_metric(series: list[Series]) -> tuple[str, list[Series]]:
    """Choose the most telling metric that is there nearly as often as the most frequent one.

    Series that tell of holders alone stay beside it; where there are no others the metric is HELD.
    """
    slots = {
        metric: len({slot for one in series if one.metric == metric for slot in one.percents})
        for metric in {one.metric for one in series} - {HELD}
    }
    most = max(slots.values(), default=0)
    metric = min((metric for metric, count in slots.items() if count >= most * _ENOUGH), key=telling, default=HELD)
    return metric, [one for one in series if one.metric in {metric, HELD}]


def _held(series: list[Series], limits: Limits) -> Mapping[Facts, _Held]:
    by_slot: dict[int, dict[Facts, Decimal | None]] = defaultdict(dict)
    for one in series:
        for slot, percent in one.percents.items():
            known = by_slot[slot].get(one.holder)
            told = [value for value in (known, percent) if value is not None]
            by_slot[slot][one.holder] = max(told, default=None)
    held: dict[Facts, _Held] = defaultdict(_Held)
    for slot, holders in by_slot.items():
        named = {holder: percent for holder, percent in holders.items() if holder} or holders
        for holder, percent in named.items():
            held[holder].note(slot, len(named), percent, limits)
    return held


def _quantities(held: _Held, share: Fraction, expected: int, *, is_held: bool) -> Iterator[tuple[str, Fraction]]:
    # Known to be held by nobody is not the same as not known.
    yield "gpu.hours", share * _slots(held.seen) / expected if is_held else Fraction(0)
    if is_held and held.percents:
        yield "gpu.busy_hours", share * _slots(held.busy) / expected
        yield "gpu.low_hours", share * _slots(held.low) / expected
    if held.percents:
        yield "gpu.utilization", Fraction(exact_sum(held.percents.values())) / len(held.percents)
    yield "gpu.samples", Fraction(len(held.percents), expected)


def _stretches(held: _Held, expected: int, limits: Limits) -> Iterator[tuple[str, Fraction]]:
    """Yield how long the holder's device was little used, and used to its limit, without a break; not where never."""
    low = {slot for slot, percent in held.percents.items() if percent < limits.low_below}
    saturated = {slot for slot, percent in held.percents.items() if percent > limits.saturated_above}
    for name, slots in (("gpu.low_stretch_hours", low), ("gpu.saturated_stretch_hours", saturated)):
        if slots:
            yield name, Fraction(_longest(slots, held.percents.keys() - slots), expected)


def _longest(slots: AbstractSet[int], others: AbstractSet[int]) -> int:
    """Return the longest span of slots that none of the others breaks, at least nine tenths of it measured."""
    longest, members = 0, list[int]()
    for slot in sorted(slots | others):
        if slot in others:
            members = []
            continue
        members.append(slot)
        while len(members) < (slot - members[0] + 1) * _ENOUGH:
            members.pop(0)
        longest = max(longest, slot - members[0] + 1)
    return longest


def _slots(counts: Counter[int]) -> Fraction:
    return sum((Fraction(count, sharing) for sharing, count in counts.items()), Fraction())


def _rounded(quantity: Fraction) -> Decimal:
    """Round down to twelve decimals, so that parts never sum to more than the whole."""
    return Decimal(quantity * _UNIT // 1).scaleb(-12)
