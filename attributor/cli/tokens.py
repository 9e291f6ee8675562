"""`attributor tokens create | list | revoke`: API tokens for programs. `attributor audit`: who changed what."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from attributor.app.reading import open_ledger
from attributor.cli.options import USAGE_ERROR, config_option, config_path, format_option
from attributor.cli.output import say, write_csv, write_json, write_table
from attributor.cli.who import by_option, this_user, write_down
from attributor.config.values import parse_duration
from attributor.ledger.api_tokens import ApiToken, Wanted, all_tokens, create_token, revoke_token
from attributor.ledger.audit import changes
from attributor.reports.document import document

_COLUMNS = ("id", "name", "role", "teams", "state", "expires", "used", "by")
_CHANGES = ("id", "at", "who", "via", "action", "detail")
_ROLES = ("viewer", "finance", "admin")


@click.group("tokens")
def group() -> None:
    """API tokens for programs, each with a role and an end."""


@group.command("create")
@config_option
@format_option
@by_option
@click.option("--name", required=True, help="What it is for.")
@click.option("--role", type=click.Choice(_ROLES), default="viewer", show_default=True, help="What it may do.")
@click.option("--team", "teams", multiple=True, help="A team that a viewer may see; several times over.")
@click.option("--lasts", default="90d", show_default=True, help="How long it holds, as in 30d or 12w.")
@click.pass_context
def create(context: click.Context, /, form: str, **asked: Any) -> None:
    """Make a token and print it, this once."""
    if (asked["role"] == "viewer") != bool(asked["teams"]):
        raise click.UsageError("a viewer needs --team; finance and admin see all teams and take none")
    try:
        lasts = parse_duration(asked["lasts"])
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--lasts") from error
    with open_ledger(config_path(context)) as ledger:
        unknown = [team for team in asked["teams"] if team not in ledger.teams]
        if unknown:
            raise click.BadParameter(f"no team is called {unknown[0]!r}", param_hint="--team")
        by, now = asked["by"] or this_user(), ledger.clock()
        wanted = Wanted(asked["name"], asked["role"], tuple(asked["teams"]), lasts, by)
        token, text = create_token(ledger.engine, wanted, now)
        write_down(ledger.engine, by, "tokens create", _rights(token), now)
    if form == "json":
        write_json({**_document(token, now), "token": text})
    elif form == "csv":
        write_csv((*_COLUMNS, "token"), [{**_row(token, now), "token": text}])
    else:
        say(f"{token.id}, until {token.expires_at:%Y-%m-%d}; it is not shown again:")
        click.echo(text)


@group.command("list")
@config_option
@format_option
@click.pass_context
def listed(context: click.Context, /, form: str) -> None:
    """List all tokens, those that hold no more too."""
    with open_ledger(config_path(context)) as ledger:
        now, found = ledger.clock(), all_tokens(ledger.engine)
    if form == "json":
        write_json({"tokens": [_document(token, now) for token in found]})
    else:
        _write(form, "API tokens", _COLUMNS, [_row(token, now) for token in found])


@group.command("revoke")
@config_option
@by_option
@click.argument("identifier", metavar="ID")
@click.pass_context
def revoke(context: click.Context, /, identifier: str, by: str | None) -> None:
    """End a token now."""
    with open_ledger(config_path(context)) as ledger:
        who, now = by or this_user(), ledger.clock()
        if not revoke_token(ledger.engine, identifier, who, now):
            say(f"no token of the id {identifier!r} holds; `attributor tokens list` names them")
            context.exit(USAGE_ERROR)
        write_down(ledger.engine, who, "tokens revoke", identifier, now)
    say(f"{identifier} holds no more")


@click.command("audit")
@config_option
@format_option
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="How many changes.")
@click.pass_context
def audit(context: click.Context, /, form: str, limit: int) -> None:
    """List who changed what on pages and by the API, and which tokens were made, the newest first."""
    with open_ledger(config_path(context)) as ledger:
        rows = [{"id": number, **document(change)} for number, change in changes(ledger.engine, limit)]
    if form == "json":
        write_json({"changes": rows})
    else:
        _write(form, "changes", _CHANGES, rows)


def _write(form: str, title: str, columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    if form == "csv":
        write_csv(columns, rows)
    else:
        write_table(title, columns, rows)


def _document(token: ApiToken, now: datetime) -> dict[str, Any]:
    found: dict[str, Any] = document(token)
    return {**found, "state": _state(token, now)}


def _row(token: ApiToken, now: datetime) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role,
        "teams": ", ".join(token.teams),
        "state": _state(token, now),
        "expires": f"{token.expires_at:%Y-%m-%d}",
        "used": "" if token.used_at is None else f"{token.used_at:%Y-%m-%d %H:%M}",
        "by": token.created_by,
    }


def _rights(token: ApiToken) -> str:
    return f"{token.id} {token.name}: {' '.join((token.role, *token.teams))}, until {token.expires_at:%Y-%m-%d}"


def _state(token: ApiToken, now: datetime) -> str:
    if token.revoked_at is not None:
        return "revoked"
    return "holds" if token.holds_at(now) else "expired"
