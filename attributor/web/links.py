"""Addresses within the site: a link is the view, so period, basis, currency, group and filters travel with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from urllib.parse import quote, urlencode

from attributor.periods import Month, Period, Span
from attributor.reports.costs import BASES, Basis
from attributor.reports.narrowing import Filter
from attributor.reports.owners import RESERVED_OWNERS, shown_name
from attributor.reports.subject import Subject
from attributor.reports.view import Heading, View
from attributor.web.palette import slots
from rules.ruleset import Team

NOT_GIVEN = "(not given)"
"""How an address keeps to charges that say nothing: what a form leaves empty is not asked for."""
ALL_ROWS = ("rows", "all")
"""How an address asks for long tables whole."""

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
_MOST_IN_MENU = 40


def settled(view: View, heading: Heading) -> View:
    """Return the view that links of a page keep: where there are several currencies, with the one that it shows."""
    return replace(view, currency=heading.currency) if heading.other_currencies else view


@dataclass(frozen=True)
class Link:
    """Where a link goes and what it is called; `slot` is a team's colour, "" where there is none."""

    name: str
    href: str
    is_current: bool = False
    slot: str = ""


@dataclass(frozen=True)
class TeamMenu:
    """The teams of the navigation; where it `is_part` of all, any other is found by its name."""

    links: tuple[Link, ...]
    is_part: bool


@dataclass(frozen=True)
class Links:
    """The links of one page in one view.

    `path` is the page's own, unquoted; `fixed` are words of its address alone. `all_rows`: long tables are asked for
    whole.
    """

    view: View
    path: str
    fixed: tuple[tuple[str, str], ...] = ()
    all_rows: bool = False

    @property
    def words(self) -> tuple[tuple[str, str], ...]:
        """The page's own address, as names and values."""
        return (*self.view_words, *self.fixed)

    @property
    def view_words(self) -> tuple[tuple[str, str], ...]:
        """The view, as names and values of an address."""
        view, period = self.view, self.view.period
        return (
            ("month" if isinstance(period, Month) else "period", str(period)),
            *((("basis", view.basis),) if view.basis != "effective" else ()),
            *((("currency", view.currency),) if view.currency is not None else ()),
            *((("group", view.group),) if view.group else ()),
            *((found.word, value or NOT_GIVEN) for found in view.filters for value in found.values),
            *((ALL_ROWS,) if self.all_rows else ()),
        )

    def to(self, path: str) -> str:
        """Return the address of another page in the same view."""
        return f"{quote(path)}?{urlencode(self.view_words)}"

    @property
    def all_teams(self) -> str:
        """The address of the overview's table of all teams."""
        return f"{replace(self, all_rows=True).to(OVERVIEW)}#teams"

    def plain(self, path: str) -> str:
        """Return the address of another page in the same period, basis and currency, of everything."""
        return self._in(replace(self.view, group="", filters=())).to(path)

    def statement(self, team: str) -> str:
        """Return the address of a team's statement of the view's month."""
        return quote(f"{STATEMENTS}/{self.view.period}/{team}")

    def team(self, team: str) -> str:
        """Return the address of a team's page: its own name is no filter there, and it is grouped by no team."""
        return f"{quote(f'/teams/{team}')}?{self._words_of_teams}"

    @cached_property
    def _words_of_teams(self) -> str:
        """The view of a team's page; a page leads to hundreds of them."""
        filters = tuple(found for found in self.view.filters if found.word != "team")
        group = "" if self.view.group == "team" else self.view.group
        return urlencode(self._in(replace(self.view, filters=filters, group=group)).view_words)

    def part_of_team(self, team: str, **kept: str) -> str:
        """Return the address of a team's page kept to one value of each of these dimensions too."""
        others = tuple(found for found in self.view.filters if found.word not in kept)
        filters = (*others, *(Filter(word, (value,)) for word, value in kept.items()))
        return self._in(replace(self.view, group="", filters=filters)).team(team)

    def explain(self, subject: Subject, path: str = EXPLAIN) -> str:
        """Return the address of where an amount comes from, in the view's currency."""
        asked = ({"team": subject.team} if subject.team else {}) | (
            {"day": subject.day.isoformat()} if subject.day else {}
        )
        parts = {word: value or NOT_GIVEN for word, value in subject.filters.items()}
        words = urlencode({**asked, **parts})
        return f"{self.plain(path)}&{words}" if words else self.plain(path)

    def explain_part(self, team: str = "", day: date | None = None, **filters: str) -> str:
        """Return the address of where a part of the period comes from, kept to what the view is kept to.

        Without a team it is that of all teams, or of the one that the view is kept to.
        """
        kept = {found.word: found.values[0] for found in self.view.filters}
        of_team = team or kept.pop("team", "")
        kept.pop("team", None)
        return self.explain(Subject(self.view.period, day, of_team, {**kept, **filters}, self.view.basis))

    def until(self, end: date) -> "Links":
        """Return the links of the same view that ends before a day, where its period does not end earlier."""
        period = self.view.period
        return self if end >= period.end else self._in(replace(self.view, period=Span(period.first, end)))

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
    def own(self) -> str:
        """The address of this page in this view."""
        return f"{self.place}?{urlencode(self.words)}"

    @property
    def every_row(self) -> str:
        """The address of this page with long tables whole."""
        return replace(self, all_rows=True).own

    @property
    def leading_rows(self) -> str:
        """The address of this page with the first rows of long tables, and what the others sum to."""
        return replace(self, all_rows=False).own

    @property
    def json(self) -> str:
        """The address of the same report as JSON, which is always whole."""
        path = "/overview.json" if self.path == OVERVIEW else f"{self.path}.json"
        return f"{quote(path)}?{urlencode(replace(self, all_rows=False).words)}"

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

    def teams(self, teams: Mapping[str, Team]) -> "TeamMenu":
        """Return the pages of teams, then the reserved owners': of very many teams those that are part of no other."""
        listed = teams if len(teams) <= _MOST_IN_MENU else {name: one for name, one in teams.items() if not one.parent}
        shown = (*(listed if len(listed) <= _MOST_IN_MENU else ()), *RESERVED_OWNERS)
        links = tuple(
            Link(shown_name(teams, team), self.team(team), self.path == f"/teams/{team}", slot)
            for team, slot in slots(teams, shown).items()
        )
        return TeamMenu(links, len(teams) > _MOST_IN_MENU)

    def _with(self, view: View) -> str:
        return self._in(view).own

    def _in(self, view: View) -> "Links":
        return replace(self, view=view)
