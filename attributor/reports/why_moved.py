"""Why a cost moved, taken apart exactly: what was bought, what is new or gone, how much was used, what one cost."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Context, Decimal
from typing import Literal, NamedTuple

from attributor.money import from_units

_EXACT = Context(prec=60)
_CENT = 10**10

Reason = Literal["contract", "new", "gone", "rules", "tokens", "token_price", "volume", "discount", "unknown"]


@dataclass(frozen=True)
class MovePart:
    """A part of a change and its reason. `named` are the accounts and projects, or the rule, that it is of; none: all.

    contract: purchases, taxes, credits and adjustments. new, gone: what cost nothing before, or nothing any more.
    rules: what came by other rules, where rules changed in between. tokens: more or fewer of them at the cost that one
    had before; token_price: what one of them cost, be it their price or their mix. volume: more or less of the same at
    list price; discount: what is paid of the list price. unknown: neither tokens nor list prices tell more.
    """

    reason: Reason
    amount: Decimal
    named: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """A part of a thing in both periods, in units of 1e-12: what it cost, and what it would have cost at list price.

    `place` is its account and project; `is_estimated`, that it may know no account yet; `is_usage`, that it is no
    purchase, tax, credit or adjustment.
    """

    rule: str
    place: tuple[str, str]
    is_usage: bool
    is_estimated: bool
    cost: int
    previous: int
    listed: int
    previous_listed: int


@dataclass(frozen=True)
class Known:
    """What else is known of a thing: its tokens (None where they are not), and whether rules changed in between."""

    tokens: Decimal | None = None
    previous_tokens: Decimal | None = None
    rules_changed: bool = False
    is_at_list: bool = False
    """Whether the costs are list prices themselves, so that these tell nothing more."""


def why_moved(cells: Sequence[Cell], known: Known) -> tuple[MovePart, ...]:
    """Return the parts of a change, the largest first; they sum to it to the last unit."""
    bought = [cell for cell in cells if not cell.is_usage]
    used = [cell for cell in cells if cell.is_usage]
    found = (_Found("contract", _change(bought)), *_of_usage(used, known))
    parts = [MovePart(each.reason, from_units(each.units), each.named) for each in found if each.units]
    return tuple(sorted(parts, key=lambda part: (part.amount.copy_abs().copy_negate(), part.reason, part.named)))


class _Found(NamedTuple):
    reason: Reason
    units: int
    named: tuple[str, ...] = ()


def _of_usage(used: Sequence[Cell], known: Known) -> Iterator[_Found]:
    if not any(cell.previous for cell in used):
        yield _Found("new", _change(used), _places(used))
        return
    if not any(cell.cost for cell in used):
        yield _Found("gone", _change(used), _places(used))
        return
    left, is_estimated = used, any(cell.is_estimated for cell in used)
    if known.rules_changed and not is_estimated:
        apart, left = _on_one_side(left, lambda cell: cell.rule)
        yield from (_Found("rules", _change(cells), (cells[0].rule,)) for cells in apart)
    counted = len(left) == len(used) and bool(known.tokens) and bool(known.previous_tokens)
    if not counted and not is_estimated:
        apart, left = _on_one_side(left, lambda cell: cell.place)
        for cells in apart:
            yield _Found("new" if any(cell.cost for cell in cells) else "gone", _change(cells), _places(cells))
    yield from _of_the_same(left, known if counted else replace(known, tokens=None))


def _on_one_side(cells: Sequence[Cell], key: Callable[[Cell], Hashable]) -> tuple[list[list[Cell]], Sequence[Cell]]:
    """Return the groups that cost something in one period alone, and the cells of all others."""
    groups: dict[Hashable, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(key(cell), []).append(cell)
    apart: list[list[Cell]] = []
    both: list[Cell] = []
    for of in groups.values():
        if any(cell.cost for cell in of) and any(cell.previous for cell in of):
            both += of
        else:
            apart.append(of)
    return apart, both


def _of_the_same(cells: Sequence[Cell], known: Known) -> Iterator[_Found]:
    """Yield how much of it was used, at what one cost before; and what one cost, which is the rest."""
    change, before = _change(cells), sum(cell.previous for cell in cells)
    listed, listed_before = sum(cell.listed for cell in cells), sum(cell.previous_listed for cell in cells)
    if known.tokens and known.previous_tokens:
        yield from _used_and_cost(change, before, (known.tokens, known.previous_tokens), ("tokens", "token_price"))
    elif not known.is_at_list and before > 0 and listed > 0 and listed_before > 0:
        yield from _used_and_cost(change, before, (Decimal(listed), Decimal(listed_before)), ("volume", "discount"))
    else:
        yield _Found("unknown", change)


def _used_and_cost(
    change: int, before: int, quantities: tuple[Decimal, Decimal], reasons: tuple[Reason, Reason]
) -> Iterator[_Found]:
    """Yield before * (now / then - 1), half-even, and the rest of the change; a rest below a cent is none."""
    now, then = quantities
    exact = _EXACT.divide(_EXACT.multiply(Decimal(before), _EXACT.subtract(now, then)), then)
    used = int(exact.quantize(Decimal(1), context=_EXACT))
    if abs(change - used) < _CENT:
        used = change
    yield _Found(reasons[0], used)
    yield _Found(reasons[1], change - used)


def _change(cells: Iterable[Cell]) -> int:
    return sum(cell.cost - cell.previous for cell in cells)


def _places(cells: Iterable[Cell]) -> tuple[str, ...]:
    """Return the accounts and projects, those that are not said left out."""
    return tuple(sorted({", ".join(name for name in cell.place if name) for cell in cells} - {""}))
