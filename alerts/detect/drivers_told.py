"""What drives an excess, put into an alert: one sentence, and parts that sum to the excess to the cent."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from alerts.alert import Alert, Contributor
from alerts.amounts import shown
from alerts.detect.drivers import OTHER, CostPart, Drivers, Named

PARTS_SHOWN = 5
"""As many as messages show: what is shown sums to the excess, with the others in one line."""
_NOT_TOLD_APART = "(not told apart)"
_ALL = Fraction(995, 1000)
_MORE = Fraction(1005, 1000)


def with_drivers(alert: Alert, found: Drivers) -> Alert:
    """Return the alert with what drives its excess, in its summary, its contributors and its facts."""
    said = driver_sentence(found)
    facts = {"drivers": said, "explained": str(round(found.share * 100))} if found.named else {"drivers": said}
    return replace(
        alert,
        summary=f"{alert.summary} {said}".rstrip(),
        contributors=tuple(_contributors(found.grouped, alert.currency)),
        facts={**alert.facts, **facts},
    )


def with_drivers_of(alert: Alert, earlier: Alert) -> Alert:
    """Return the alert with the drivers that were found when it was as it is now."""
    facts = {name: earlier.facts[name] for name in ("drivers", "explained") if name in earlier.facts}
    return replace(
        alert,
        summary=f"{alert.summary} {facts['drivers']}".rstrip(),
        contributors=earlier.contributors,
        facts={**alert.facts, **facts},
    )


def driver_sentence(found: Drivers) -> str:
    """Say what drives the excess: "92 % of the excess is model opus-5, key ci-bot."; "" where there is nothing to say.

    What costs less than usual makes the rest more than the whole.
    """
    if not found.named:
        return _spread(found.grouped)
    what = ", ".join(map(_words, found.named))
    if found.share >= _MORE:
        return f"All of the excess, and more, is {what}: the rest cost less than usual."
    if found.share >= _ALL:
        return f"All of the excess is {what}."
    return f"{round(found.share * 100)} % of the excess is {what}."


def _words(named: Named) -> str:
    *most, last = named.values
    if not most:
        return f"{named.dimension} {last}"
    return f"{named.dimension}s {', '.join(most)} and {last}"


def _spread(grouped: Sequence[CostPart]) -> str:
    """Say that nothing stands out, and what comes nearest to it."""
    if len(grouped) < 2 or not grouped[0].values:
        return ""
    excess = sum((part.excess for part in grouped), Fraction(0))
    [(dimension, value)] = grouped[0].values.items()
    if value == OTHER:
        return f"No single {dimension} stands out."
    percent = round(grouped[0].excess / excess * 100)
    return f"No single {dimension} stands out of {len(grouped)}: the most, {percent} % of the excess, is {value}."


def _contributors(grouped: Sequence[CostPart], currency: str) -> Iterator[Contributor]:
    """Yield the largest parts and the others together; what is shown sums to the excess, rounded once."""
    shown_apart = grouped if len(grouped) <= PARTS_SHOWN else grouped[: PARTS_SHOWN - 1]
    others = grouped[len(shown_apart) :]
    excesses = [part.excess for part in shown_apart]
    amounts = list(_in_cents([*excesses, *([sum((part.excess for part in others), Fraction(0))] if others else [])]))
    for part, amount in zip(shown_apart, amounts, strict=False):
        label = " · ".join(f"{name} {value}" for name, value in part.values.items()) or _NOT_TOLD_APART
        yield Contributor(label, amount, _instead([part], currency))
    if others:
        yield Contributor(f"{len(others)} others", amounts[-1], _instead(others, currency))


def _instead(parts: Iterable[CostPart], currency: str) -> str:
    costs, usuals = zip(*((part.cost, part.usual) for part in parts), strict=True)
    now, then = (shown(_cents(sum(money, Fraction(0))), currency) for money in (costs, usuals))
    return f"{now} instead of {then}"


def _in_cents(amounts: Iterable[Fraction]) -> Iterator[Decimal]:
    """Round running sums, so that the rounded amounts sum to the rounded sum."""
    before, running = Decimal(0), Fraction(0)
    for amount in amounts:
        running += amount
        upto = _cents(running)
        yield upto - before
        before = upto


def _cents(amount: Fraction) -> Decimal:
    """Round half-even to two decimals."""
    return Decimal(round(amount * 100)).scaleb(-2)
