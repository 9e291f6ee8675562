"""`--team`: one that somebody knows."""

from collections.abc import Mapping

import click
from sqlalchemy import Engine

from attributor.reports.owners import UnknownTeamError, known_team
from rules.ruleset import Team


def check_team(engine: Engine, teams: Mapping[str, Team], name: str) -> Team:
    """Return the team; raise a usage error that names near ones where neither configuration nor ledger knows it."""
    try:
        with engine.connect() as connection:
            return known_team(connection, teams, name)
    except UnknownTeamError as error:
        raise click.BadParameter(str(error), param_hint="--team") from error
