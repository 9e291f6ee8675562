"""The delivery of statements, wired: what is sent where, and how a statement becomes a file."""

from attributor.app.wiring import App
from attributor.jobs.places.base import SendableFile
from attributor.jobs.statement_delivery import CannotRenderError, Post
from attributor.reports.owner_statement import OwnerStatement
from attributor.web.faces.forms import statement_file
from attributor.web.faces.statement_html import CannotMakeError


def statement_post(app: App) -> Post:
    """Gather what sending statements takes, from the configuration in use."""
    settings = app.settings
    teams = {team.id: team for team in settings.ruleset.teams}
    company = settings.company or "Attributor"

    def render(report: OwnerStatement, form: str) -> SendableFile:
        try:
            return statement_file(company, report, form)
        except CannotMakeError as error:
            raise CannotRenderError(str(error)) from error

    return Post(app.engine, teams, settings.statements.deliver, render, app.clock)
