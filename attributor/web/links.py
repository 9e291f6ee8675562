"""Addresses within the site: a link is the view, so month, basis and currency travel with it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import quote, urlencode

from attributor.periods import Month, month_of
from attributor.reports.costs import BASES, Basis
from attributor.reports.owners import RESERVED_OWNERS, shown_name
from attributor.reports.subject import Subject
from attributor.reports.view import View
from attributor.web.palette import slots
from rules.ruleset import Team

BASIS_NAMES: Mapping[Basis, str] = {"effective": "Effective", "billed": "Billed", "list": "List"}
OVERVIEW = "/"
EXPLAIN = "/explain"
ALERTS = "/alerts"


@dataclass(frozen=True)
class Link:
    """Where a link goes and what it is called; `slot` is a team's colour, "" where there is none."""

    name: str
    href: str
    is_current: bool = False
    slot: str = ""


@dataclass(frozen=True)
class Links:
    """The links of one page in one view. `path` is the page's own, unquoted."""

    view: View
    path: str

    def to(self, path: str) -> str:
        """Return the address of another page in the same view."""
        query = {"month": str(self.view.month)}
        if self.view.basis != "effective":
            query["basis"] = self.view.basis
        if self.view.currency is not None:
            query["currency"] = self.view.currency
        return f"{quote(path)}?{urlencode(query)}"

    def team(self, team: str) -> str:
        """Return the address of a team's page."""
        return self.to(f"/teams/{team}")

    def explain(self, subject: Subject, path: str = EXPLAIN) -> str:
        """Return the address of where an amount comes from, in the view's currency."""
        asked = {"team": subject.team} | ({"day": subject.day.isoformat()} if subject.day else {})
        return f"{self.to(path)}&{urlencode({**asked, **subject.filters})}"

    def explain_part(self, team: str, day: date | None = None, **filters: str) -> str:
        """Return the address of where a part of a team's month comes from."""
        return self.explain(Subject(self.view.month, day, team, filters, self.view.basis))

    @property
    def json(self) -> str:
        """The address of the same report as JSON."""
        return self.to("/overview.json" if self.path == OVERVIEW else f"{self.path}.json")

    @property
    def earlier(self) -> str:
        """The address of the month before."""
        return self._month(self.view.month.plus(-1))

    @property
    def later(self) -> str | None:
        """The address of the month after; None from the current one on."""
        month = self.view.month
        return self._month(month.plus(1)) if month < month_of(self.view.today) else None

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

    def teams(self, teams: Mapping[str, Team]) -> tuple[Link, ...]:
        """Return every team's page, then the reserved owners'."""
        return tuple(
            Link(shown_name(teams, team), self.team(team), self.path == f"/teams/{team}", slot)
            for team, slot in slots(teams, (*teams, *RESERVED_OWNERS)).items()
        )

    def _month(self, month: Month) -> str:
        return self._with(replace(self.view, month=month))

    def _with(self, view: View) -> str:
        return Links(view, self.path).to(self.path)
