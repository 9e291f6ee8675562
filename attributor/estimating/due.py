"""Which days of which bills are to be estimated anew, and how each is counted: by its estimate or by its bill."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from attributor.config.settings import Price
from attributor.ledger.collected import CollectedDay
from attributor.ledger.estimates import BESIDE, EstimatedDay, Key, State
from attributor.periods import Month, month_of, start_of
from collectors.base import Window

_DAY = timedelta(days=1)
_DAYS_BEFORE = 7


@dataclass(frozen=True)
class Known:
    """What decides: usage and bills as collected, what each bill's source has covered, and what was derived before."""

    usage: Mapping[Key, CollectedDay]
    bills: Mapping[Key, CollectedDay]
    coverage: Mapping[str, tuple[Window, ...]]
    recorded: Mapping[Key, EstimatedDay]


@dataclass(frozen=True)
class Due:
    """A day to derive. `keeps`: the estimate stays as it was made, and only the bill is looked at again."""

    day: EstimatedDay
    keeps: bool

    @property
    def key(self) -> Key:
        """The source and the day."""
        return self.day.source, self.day.day


@dataclass(frozen=True)
class Work:
    """What is to do: days to derive, oldest first, and days that no price stands for any more."""

    due: tuple[Due, ...]
    removed: tuple[Key, ...]


def work_to_do(prices: Sequence[Price], known: Known, closed: Collection[Month]) -> Work:
    """Compare what was derived with what it was derived from.

    A day of a closed month keeps its estimate: prices and usage no longer touch it, only its bill does.
    """
    used, recorded = _usage_by_day(known.usage), _recorded_by_day(known.recorded)
    due: list[Due] = []
    removed: list[Key] = []
    for day in sorted(used.keys() | recorded.keys()):
        holding = [price for price in prices if price.holds_on(day)]
        lags = {target_of(price): _lag_of(price) for price in holding}
        before = recorded.get(day, {})
        is_closed = month_of(day) in closed
        for source in sorted(lags.keys() & (lags.keys() if day in used else before.keys())):
            looked_up = _looked_up(holding, known, used, day)
            priced = _digest(
                [price.digest for price in holding], used.get(day, []), *([looked_up] if looked_up else [])
            )
            candidate = _candidate((source, day), lags[source], priced, known)
            due += _due(candidate, before.get(source), is_closed=is_closed)
        if not is_closed:
            removed += [(source, day) for source in before if source not in lags and _is_shown(before[source])]
    return Work(tuple(due), tuple(removed))


def target_of(price: Price) -> str:
    """Return the source of the bill that a price's estimates stand for, or BESIDE."""
    return BESIDE if price.replaces is None else price.replaces.source


def is_complete(coverage: Iterable[Window], day: date, lag: timedelta) -> bool:
    """Say whether a source has told of the whole UTC day, and has passed its end by the lag: not whether rows exist."""
    spans = tuple(coverage)
    start, end = start_of(day), start_of(day + _DAY)
    return (
        any(span.start <= start and end <= span.end for span in spans) and max(span.end for span in spans) >= end + lag
    )


def days_before(day: date) -> tuple[date, ...]:
    """Return the days of the week before a UTC day, by which rates are looked up, the oldest first."""
    return tuple(day - number * _DAY for number in range(_DAYS_BEFORE, 0, -1))


def billed_before(price: Price, day: date, known: Known) -> tuple[date, ...]:
    """Return which of these days the bill that a price stands for is complete on."""
    coverage = known.coverage.get(target_of(price), ())
    return tuple(before for before in days_before(day) if is_complete(coverage, before, _lag_of(price)))


def _looked_up(prices: Sequence[Price], known: Known, used: Mapping[date, list[str]], day: date) -> list[str]:
    """Return what the rates of a day are looked up in, where prices prefer such."""
    preferring = [price for price in prices if price.prefer]
    bills = {(target_of(price), before) for price in preferring for before in billed_before(price, day, known)}
    found = [
        f"{source} {before} {known.bills[source, before].digest}"
        for source, before in sorted(bills & known.bills.keys())
    ]
    return found + [said for before in days_before(day) for said in used.get(before, [])] if preferring else []


def _lag_of(price: Price) -> timedelta:
    return timedelta() if price.replaces is None else price.replaces.lag


def _usage_by_day(usage: Mapping[Key, CollectedDay]) -> dict[date, list[str]]:
    by_day: dict[date, list[str]] = {}
    for (source, day), found in sorted(usage.items()):
        by_day.setdefault(day, []).append(f"{source} {found.digest}")
    return by_day


def _recorded_by_day(recorded: Mapping[Key, EstimatedDay]) -> dict[date, dict[str, EstimatedDay]]:
    by_day: dict[date, dict[str, EstimatedDay]] = {}
    for (source, day), found in recorded.items():
        by_day.setdefault(day, {})[source] = found
    return by_day


def _candidate(key: Key, lag: timedelta, priced: str, known: Known) -> EstimatedDay:
    source, day = key
    state: State = "beside"
    if source != BESIDE:
        state = "billed" if is_complete(known.coverage.get(source, ()), day, lag) else "estimated"
    bill = known.bills.get(key)
    return EstimatedDay(source, day, state, "" if bill is None else bill.digest, _digest([state, priced]))


def _due(candidate: EstimatedDay, before: EstimatedDay | None, *, is_closed: bool) -> Iterator[Due]:
    """Yield the candidate where it is not what was derived; usage that comes after the switch changes no estimate."""
    bill_changed = before is not None and before.bill_digest != candidate.bill_digest
    if before is not None and before.state == "billed" and (is_closed or candidate.state == "billed"):
        if bill_changed:
            yield Due(replace(candidate, state="billed", usage_digest=before.usage_digest), keeps=True)
    elif is_closed:
        switches = candidate.state == "billed"
        if before is not None and before.state == "estimated" and (bill_changed or switches):
            yield Due(replace(candidate, usage_digest=before.usage_digest), keeps=True)
    elif before is None or bill_changed or before.usage_digest != candidate.usage_digest:
        yield Due(candidate, keeps=False)


def _is_shown(day: EstimatedDay) -> bool:
    return day.state in {"estimated", "beside"}


def _digest(*parts: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
