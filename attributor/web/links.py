"""Addresses within the site: a link is the view, so period, basis, currency, group and filters travel with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import quote, urlencode

from attributor.periods import Month, Period
from attributor.reports.costs import BASES, Basis
from attributor.reports.narrowing import Filter
from attributor.reports.owners import RESERVED_OWNERS, shown_name
from attributor.reports.subject import Subject
from attributor.reports.view import View
from attributor.web.palette import slots
from rules.ruleset import Team

NOT_GIVEN = "(not given)"
"""How an address keeps to charges that say nothing: what a form leaves empty is not asked for."""

BASIS_NAMES: Mapping[Basis, str] = {"effective": "Effective", "billed": "Billed", "list": "List"}
OVERVIEW = "/"
EXPLAIN = "/explain"
ALERTS = "/alerts"
STATEMENTS = "/statements"
GPUS = "/gpus"
MODELS = "/models"
PLACES = (("GPUs", GPUS), ("Models", MODELS), ("Statements", STATEMENTS))
MORE_PLACES = (
    ("Unit costs", "/unit-costs"),
    ("Budgets", "/budgets"),
    ("Data quality", "/data-quality"),
    ("Rules", "/rules"),
    ("Health", "/health"),
)
"""The pages of the navigation that keep the view, in their order, those of the second list in a menu: a new page is one
entry here."""


@dataclass(frozen=True)
class Link:
    """Where a link goes and what it is called; `slot` is a team's colour, "" where there is none."""

    name: str
    href: str
    is_current: bool = False
    slot: str = ""


@dataclass(frozen=True)
class Links:
    """The links of one page in one view. `path` is the page's own, unquoted; `fixed` are words of its address alone."""

    view: View
    path: str
    fixed: tuple[tuple[str, str], ...] = ()

    @property
    def words(self) -> tuple[tuple[str, str], ...]:
        """The page's own address, as names and values."""
        return (*self._view_words, *self.fixed)

    @property
    def _view_words(self) -> tuple[tuple[str, str], ...]:
        view, period = self.view, self.view.period
        return (
            ("month" if isinstance(period, Month) else "period", str(period)),
            *((("basis", view.basis),) if view.basis != "effective" else ()),
            *((("currency", view.currency),) if view.currency is not None else ()),
            *((("group", view.group),) if view.group else ()),
            *((found.word, value or NOT_GIVEN) for found in view.filters for value in found.values),
        )

    def to(self, path: str) -> str:
        """Return the address of another page in the same view."""
        return f"{quote(path)}?{urlencode(self._view_words)}"

    def plain(self, path: str) -> str:
        """Return the address of another page in the same period, basis and currency, of everything."""
        return Links(replace(self.view, group="", filters=()), self.path).to(path)

    def statement(self, team: str) -> str:
        """Return the address of a team's statement of the view's month."""
        return quote(f"{STATEMENTS}/{self.view.period}/{team}")

    def team(self, team: str) -> str:
        """Return the address of a team's page: its own name is no filter there, and it is grouped by no team."""
        filters = tuple(found for found in self.view.filters if found.word != "team")
        group = "" if self.view.group == "team" else self.view.group
        return Links(replace(self.view, filters=filters, group=group), self.path).to(f"/teams/{team}")

    def part_of_team(self, team: str, **kept: str) -> str:
        """Return the address of a team's page kept to one value of each of these dimensions too."""
        others = tuple(found for found in self.view.filters if found.word not in kept)
        filters = (*others, *(Filter(word, (value,)) for word, value in kept.items()))
        return Links(replace(self.view, group="", filters=filters), self.path).team(team)

    def explain(self, subject: Subject, path: str = EXPLAIN) -> str:
        """Return the address of where an amount comes from, in the view's currency."""
        asked = {"team": subject.team} | ({"day": subject.day.isoformat()} if subject.day else {})
        parts = {word: value or NOT_GIVEN for word, value in subject.filters.items()}
        return f"{self.plain(path)}&{urlencode({**asked, **parts})}"

    def explain_part(self, team: str, day: date | None = None, **filters: str) -> str:
        """Return the address of where a part of a team's period comes from, kept to what the view is kept to."""
        kept = {found.word: found.values[0] for found in self.view.filters if found.word != "team"}
        return self.explain(Subject(self.view.period, day, team, {**kept, **filters}, self.view.basis))

    @property
    def can_explain(self) -> bool:
        """Whether an explanation can be kept to all that the view is kept to: it takes one value of a dimension."""
        return all(len(found.values) == 1 for found in self.view.filters)

    @property
    def places(self) -> tuple[Link, ...]:
        """The pages of the navigation."""
        return self._places(PLACES)

    @property
    def more_places(self) -> tuple[Link, ...]:
        """The pages of the navigation that are looked at less often."""
        return self._places(MORE_PLACES)

    def _places(self, places: Iterable[tuple[str, str]]) -> tuple[Link, ...]:
        return tuple(Link(name, self.plain(path), f"{self.path}/".startswith(f"{path}/")) for name, path in places)

    @property
    def place(self) -> str:
        """The address of this page without its view, where forms send theirs."""
        return quote(self.path)

    @property
    def json(self) -> str:
        """The address of the same report as JSON."""
        path = "/overview.json" if self.path == OVERVIEW else f"{self.path}.json"
        return f"{quote(path)}?{urlencode(self.words)}"

    @property
    def earlier(self) -> str:
        """The address of the period before."""
        return self.of(self.view.period.plus(-1))

    @property
    def later(self) -> str | None:
        """The address of the period after; None from the current one on."""
        period = self.view.period
        return self.of(period.plus(1)) if period.end <= self.view.today else None

    @property
    def bases(self) -> tuple[Link, ...]:
        """The three cost bases of this page."""
        return tuple(
            Link(BASIS_NAMES[basis], self._with(replace(self.view, basis=basis)), basis == self.view.basis)
            for basis in BASES
        )

    def currency(self, currency: str) -> str:
        """Return the address of this page in another currency."""
        return self._with(replace(self.view, currency=currency))

    def of(self, period: Period) -> str:
        """Return the address of this page in another period."""
        return self._with(replace(self.view, period=period))

    def grouped(self, word: str) -> str:
        """Return the address of this page grouped by another dimension, "" by its own."""
        return self._with(replace(self.view, group=word))

    def kept_to(self, filters: tuple[Filter, ...]) -> str:
        """Return the address of this page with other filters."""
        return self._with(replace(self.view, filters=filters))

    def teams(self, teams: Mapping[str, Team]) -> tuple[Link, ...]:
        """Return every team's page, then the reserved owners'."""
        return tuple(
            Link(shown_name(teams, team), self.team(team), self.path == f"/teams/{team}", slot)
            for team, slot in slots(teams, (*teams, *RESERVED_OWNERS)).items()
        )

    def _with(self, view: View) -> str:
        return f"{self.place}?{urlencode(Links(view, self.path, self.fixed).words)}"
