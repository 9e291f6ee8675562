"""What a report is kept to: one or several values of a dimension, and all dimensions that are named."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import Column, ColumnElement, and_, true

from attributor.reports.costs import DIMENSIONS

_NOT_FOR_PAGES = ("day", "basis", "corrects")
NARROWING: Mapping[str, Column[Any]] = MappingProxyType(
    {word: column for word, column in DIMENSIONS.items() if word not in _NOT_FOR_PAGES}
)
"""What pages are grouped by and kept to: the word that addresses write, and the rollup's column."""


@dataclass(frozen=True)
class Filter:
    """One dimension (a word of `NARROWING`) and the values that are kept; "" is where the charges say nothing."""

    word: str
    values: tuple[str, ...]


def kept_rows(filters: Iterable[Filter]) -> ColumnElement[bool]:
    """Return the condition that a rollup row has one of the values of every filter."""
    return and_(true(), *(NARROWING[found.word].in_(found.values) for found in filters))
