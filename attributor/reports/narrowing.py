"""What a report is kept to: one or several values of a dimension, and all dimensions that are named."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, and_, false, true

from attributor.ledger.own_dimension import OwnDimension
from attributor.ledger.tables import team_days
from attributor.reports.costs import DIMENSIONS

_NOT_FOR_PAGES = ("day", "basis", "corrects")
NARROWING: Mapping[str, Column[Any]] = MappingProxyType(
    {word: column for word, column in DIMENSIONS.items() if word not in _NOT_FOR_PAGES}
)
"""What pages are grouped by and kept to: the word that addresses write, and the rollup's column.

The rules file can name more of them.
"""
_KNOWN_OF_USAGE = frozenset({"team", "model"})


_MEANT_OTHERWISE = frozenset({"from", "to", "where", "is", "group"})
"""What addresses call their own, beside what no dimension may be called."""


@dataclass(frozen=True)
class Narrowing:
    """What a page can be kept to and grouped by: words of dimensions."""

    keeps: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


def every_word(configured: Iterable[str]) -> tuple[str, ...]:
    """Return the words of all dimensions, the configured ones last."""
    return (*NARROWING, *(name for name in configured if name not in _MEANT_OTHERWISE))


@dataclass(frozen=True)
class Filter:
    """One dimension (a word of `NARROWING`, or a configured one) and the values that are kept.

    "" is where the charges say nothing.
    """

    word: str
    values: tuple[str, ...]


def kept_rows(filters: Iterable[Filter]) -> ColumnElement[bool]:
    """Return the condition that a rollup row has one of the values of every filter."""
    return and_(true(), *(column_of(found.word).in_(found.values) for found in filters))


def are_of_teams(filters: Iterable[Filter]) -> bool:
    """Return whether what each team cost on each day in all is enough to know what the filters keep."""
    return all(found.word == "team" for found in filters)


def kept_team_days(filters: Iterable[Filter]) -> ColumnElement[bool]:
    """Return the condition that a row of `team_days` is of one of the teams of every filter."""
    return and_(true(), *(team_days.c.team.in_(found.values) for found in filters))


def column_of(word: str) -> ColumnElement[Any]:
    """Return what the rollup has of a dimension: a column, or what its own dimensions say."""
    return NARROWING[word] if word in NARROWING else OwnDimension(word)


def kept_usage(table: Table, filters: Iterable[Filter]) -> ColumnElement[bool] | None:
    """Return the condition on a table of usage; None where filters are of what usage does not know.

    A usage's source is another than that of the bill, so it does not know sources either.
    """
    asked = tuple(filters)
    if any(found.word not in _KNOWN_OF_USAGE or found.word not in table.c for found in asked):
        return None
    return and_(true(), *(table.c[found.word].in_(found.values) for found in asked))


def kept_sources(table: Table, filters: Iterable[Filter]) -> ColumnElement[bool]:
    """Return the condition on a table that knows sources; no row passes filters of anything else."""
    conditions = (table.c.source.in_(found.values) if found.word == "source" else false() for found in filters)
    return and_(true(), *conditions)


def is_source_kept(source: str, filters: Iterable[Filter]) -> bool:
    """Return whether a source passes the filters, as `kept_sources` says it."""
    return all(found.word == "source" and source in found.values for found in filters)
