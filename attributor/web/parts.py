"""What the pages are made of: everything they need is handed to them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from sqlalchemy import Engine

from alerts.channels.base import Channel
from attributor.ledger.mirror.mirror import Mirror
from attributor.reports.explanation import Explained
from attributor.reports.kept import Kept, KeptReports, Report
from attributor.reports.overview import TeamLine
from attributor.reports.questions.books import Books
from attributor.reports.subject import Subject
from attributor.reports.view import View
from attributor.web.access.control import Door
from attributor.web.access.visitor import Role
from rules.ruleset import Rule, Team


def nobody(_: View) -> tuple[TeamLine, ...]:
    """Return no other teams: whoever asks sees all of them anyway, or none."""
    return ()


@dataclass(frozen=True)
class Budgeting:
    """That budgets may be changed on their page: `in_file` returns the teams as the rules file has them now."""

    in_file: Callable[[], Mapping[str, Team]]
    editors: frozenset[Role]


@dataclass(frozen=True)
class SiteParts:
    """The site's surroundings.

    `teams` returns the teams of the rules in use now, in the order of the file. `clock` returns aware UTC time.
    `metrics` returns the Prometheus exposition. `ready` returns why the daemon is not ready, in words for people;
    nothing where it is. `extra_routers` are mounted beside the pages. `explain` attributes a day anew, from the lake;
    without it no amount is linked. `dimensions` returns the names that the rules in use give, beside the built-in ones.
    `door` lets nobody further than they may go; without it everybody may see and do everything, which is written down.
    `rules` returns the rules in use now, in the order of the file. `others` returns what other teams cost in all, for
    whoever may know that and no more. `kept` are the reports that were read before. `channels` returns those in use
    now, by name, to be tested. `budgeting` lets budgets be changed; without it the rules file alone says them.
    `other_sites` are the origins of those whose scripts may read the API.
    `mirror` is a copy of the ledger in columns; without it the ledger answers everything.
    """

    engine: Engine
    teams: Callable[[], Mapping[str, Team]]
    company: str
    clock: Callable[[], datetime]
    metrics: Callable[[], bytes]
    ready: Callable[[], tuple[str, ...]]
    extra_routers: tuple[APIRouter, ...] = ()
    explain: Callable[[Subject], tuple[Explained, ...]] | None = None
    dimensions: Callable[[], tuple[str, ...]] = tuple
    door: Door | None = None
    rules: Callable[[], tuple[Rule, ...]] = tuple
    others: Callable[[View], tuple[TeamLine, ...]] = nobody
    kept: KeptReports | None = None
    channels: Callable[[], Mapping[str, Channel]] = dict
    budgeting: Budgeting | None = None
    other_sites: tuple[str, ...] = ()
    mirror: Mirror | None = None

    def figures(self) -> Engine:
        """Return what answers questions about costs and usage, and no other ones: see `Mirror.current`."""
        return self.engine if self.mirror is None else self.mirror.current()

    def report(self, name: str, view: View, known: Iterable[object], read: Callable[[Engine, View], Report]) -> Report:
        """Return a report that may have been read before; see `KeptReports.of`."""
        return read(self.engine, view) if self.kept is None else self.kept.of(name, view, known, read)

    def without_heading(
        self, name: str, view: View, known: Iterable[object], read: Callable[[Engine, View], Kept]
    ) -> Kept:
        """Return one that does not say what it is of, likewise; see `KeptReports.without_heading`."""
        return read(self.engine, view) if self.kept is None else self.kept.without_heading(name, view, known, read)


def books_of(parts: SiteParts) -> Books:
    """Return what the questions of programs are answered from."""
    return Books(parts.engine, parts.figures, parts.teams, parts.dimensions, parts.clock, parts.explain)
