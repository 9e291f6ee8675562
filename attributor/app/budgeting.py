"""Budgets as they hold now, for everything that tells of them: the rules file's, and those changed on the page."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sqlalchemy import Engine

from attributor.config.settings import Settings, WebSettings
from attributor.ledger.budget_edits import BudgetEdit, last_edits
from attributor.reports.edited_budgets import with_edits
from rules.ruleset import RuleSet, Team


def teams_in_use(engine: Engine, settings: Settings) -> Mapping[str, Team]:
    """Return the teams by id, in the order of the file, with the budgets that hold."""
    return budgeted(settings.ruleset.teams, edits_in_use(engine, settings.web))


def rules_in_use(engine: Engine, settings: Settings) -> RuleSet:
    """Return the rules with the budgets that hold; nothing is attributed otherwise by them."""
    return replace(settings.ruleset, teams=tuple(teams_in_use(engine, settings).values()))


class HeldTeams:
    """The teams with the budgets that hold, the same objects as long as neither file nor change is another.

    So whoever keeps what was read by them can tell that they are the same.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held: dict[str, tuple[Team, BudgetEdit, Team]] = {}

    def of(self, settings: Settings) -> Mapping[str, Team]:
        """Return the teams by id, in the order of the file."""
        edits = edits_in_use(self._engine, settings.web)
        return {team.id: self._team(team, edits.get(team.id)) for team in settings.ruleset.teams}

    def _team(self, team: Team, edit: BudgetEdit | None) -> Team:
        if edit is None:
            return team
        kept = self._held.get(team.id)
        if kept is None or kept[0] is not team or kept[1] != edit:
            (held,) = with_edits((team,), {team.id: edit})
            kept = self._held[team.id] = (team, edit, held)
        return kept[2]


def edits_in_use(engine: Engine, web: WebSettings) -> Mapping[str, BudgetEdit]:
    """Return the last change of each budget by team, where the configuration lets people change them."""
    return last_edits(engine) if web.edit_budgets else {}


def budgeted(teams: Iterable[Team], edits: Mapping[str, BudgetEdit]) -> Mapping[str, Team]:
    """Return the teams of a file by id, in its order, with the budgets that hold."""
    return {team.id: team for team in with_edits(teams, edits)}
