"""Amounts: decimal text in, exact decimals out, rounded half-even at most once, and never through a float."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, DecimalException
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collectors.values.distinct import Converted, Distinct, Fault, by_distinct, faults_of
from collectors.values.written import EXACT, Integers, read_written

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_FINEST = -400
"""Decimal exponents below this are refused: no double is finer, and sums must stay exact."""

_STORING = Context(prec=60, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True)
class Money:
    """Cost columns converted together: the values, the sums as written before rounding, and the faults."""

    values: Mapping[str, pa.Array]
    written: Mapping[str, Decimal]
    faults: Mapping[str, tuple[Fault, ...]]


def to_decimals(texts: pa.Array, kind: pa.Decimal128Type) -> Converted:
    """Convert decimal text to `kind`; what is finer than its scale is rounded half-even once.

    E-notation and surrounding blanks are accepted. Thousands separators, decimal commas, NaN, infinities and
    numbers too large for `kind` are faults.
    """
    exact = _cast_or_none(lambda: texts.cast(kind))
    if exact is not None:
        return Converted(exact)
    return by_distinct(texts, partial(_distinct_decimals, kind=kind))


def to_money(columns: Mapping[str, pa.Array], kind: pa.Decimal128Type) -> Money:
    """Convert cost columns of one length together, because the same amounts stand in several of them.

    `written` is summed from the text, apart from Arrow's decimal parser that makes the values: see `written.py`.
    """
    rows = len(next(iter(columns.values())))
    encoded = pa.concat_arrays(list(columns.values())).dictionary_encode()
    distinct = _distinct_decimals(encoded.dictionary, kind)
    values = distinct.values.take(encoded.indices)
    faults = faults_of(encoded, distinct.faults)
    written = None if faults else read_written(encoded.dictionary)
    positions = {name: position for position, name in enumerate(columns)}
    return Money(
        values={name: values.slice(at * rows, rows) for name, at in positions.items()},
        written={
            name: Decimal(0) if written is None else written.sum(_counts(encoded, at * rows, rows))
            for name, at in positions.items()
        },
        faults={name: _faults_of_column(faults, at, rows) for name, at in positions.items()},
    )


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """Sum decimals of any scale exactly, whatever the ambient context."""
    result = Decimal(0)
    for amount in amounts:
        result = EXACT.add(result, amount)
    return result


def sum_of_column(values: pa.Array) -> Decimal:
    """Sum a decimal column exactly; nulls count nothing."""
    wide = pc.sum(values.cast(pa.decimal256(76, values.type.scale))).as_py()
    return Decimal(0) if wide is None else wide


def _counts(encoded: pa.DictionaryArray, first: int, rows: int) -> Integers:
    """Return how often each distinct value stands in some rows."""
    present = encoded.indices.slice(first, rows).drop_null().to_numpy()
    return np.bincount(present, minlength=len(encoded.dictionary))


def _faults_of_column(faults: tuple[Fault, ...], position: int, rows: int) -> tuple[Fault, ...]:
    return tuple(
        Fault(fault.row - position * rows, fault.value, fault.message)
        for fault in faults
        if fault.row // rows == position
    )


def _cast_or_none(cast: Callable[[], pa.Array]) -> pa.Array | None:
    try:
        return cast()
    except pa.ArrowInvalid:
        return None


def _distinct_decimals(texts: pa.Array, kind: pa.Decimal128Type) -> Distinct:
    """Try Arrow's exact cast, then value by value: Arrow rounds some decimals of 256 bits to another number."""
    values = _cast_or_none(lambda: texts.cast(kind))
    if values is not None:
        return Distinct(values, {})
    return _one_by_one(texts, kind)


def _one_by_one(texts: pa.Array, kind: pa.Decimal128Type) -> Distinct:
    stored: list[Decimal | None] = []
    faults: dict[int, str] = {}
    for position, text in enumerate(texts.to_pylist()):
        try:
            stored.append(_decimal_of(text, kind))
        except ValueError as error:
            stored.append(None)
            faults[position] = str(error)
    return Distinct(pa.array(stored, kind), faults)


def _decimal_of(text: str, kind: pa.Decimal128Type) -> Decimal:
    """Read one number; raise ValueError with a message for the user."""
    if not _NUMBER.fullmatch(text.strip()):
        raise ValueError("is not a number; write it as -1234.56 or 1.2E-7, without thousands separators")
    limit = Decimal(1).scaleb(kind.precision - kind.scale)
    try:
        written = Decimal(text.strip())
        if written.copy_abs() >= limit:
            raise ValueError(f"is too large; the limit is {kind.precision - kind.scale} digits before the point")
        if written and int(written.as_tuple().exponent) < _FINEST:
            raise ValueError(f"has more than {-_FINEST} decimals")
        stored = written.quantize(Decimal(1).scaleb(-kind.scale), context=_STORING)
    except DecimalException as error:
        raise ValueError("is out of range") from error
    if stored.copy_abs() >= limit:
        raise ValueError(f"is too large; the limit is {kind.precision - kind.scale} digits before the point")
    return stored
