"""API tokens: made once, told once, kept only as a digest, and good until they expire or are revoked."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row, insert, select, update

from attributor.ledger.access_tables import api_tokens
from attributor.ledger.engine import writing

_PREFIX = "atk"
_NOTED_EVERY = timedelta(hours=1)


@dataclass(frozen=True)
class ApiToken:
    """A token as it is kept; instants are aware UTC. `role` is viewer, finance or admin; `teams` are a viewer's."""

    id: str
    name: str
    role: str
    teams: tuple[str, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None

    def holds_at(self, now: datetime) -> bool:
        """Return whether it is good at an instant."""
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True)
class Wanted:
    """A token that somebody wants, for how long."""

    name: str
    role: str
    teams: tuple[str, ...]
    lasts: timedelta
    by: str


def create_token(engine: Engine, wanted: Wanted, now: datetime) -> tuple[ApiToken, str]:
    """Make a token; return it with the text that programs show, which cannot be read anywhere afterwards."""
    secret = secrets.token_urlsafe(32)
    token = ApiToken(secrets.token_hex(6), wanted.name, wanted.role, wanted.teams, now, wanted.by, now + wanted.lasts)
    with writing(engine) as connection:
        connection.execute(
            insert(api_tokens).values(
                id=token.id,
                name=token.name,
                role=token.role,
                teams=json.dumps(token.teams),
                digest=_digest(secret),
                created_at=now,
                created_by=wanted.by,
                expires_at=token.expires_at,
            )
        )
    return token, f"{_PREFIX}_{token.id}_{secret}"


def token_held(engine: Engine, text: str, now: datetime) -> ApiToken | None:
    """Return the token that a program shows, None where it is none or holds no more."""
    prefix, _, rest = text.partition("_")
    name, _, secret = rest.partition("_")
    if prefix != _PREFIX or not secret:
        return None
    with engine.connect() as connection:
        row = connection.execute(select(api_tokens).where(api_tokens.c.id == name)).first()
    if row is None or not hmac.compare_digest(row.digest, _digest(secret)):
        return None
    token = _token(row)
    return token if token.holds_at(now) else None


def token_shown(engine: Engine, text: str, now: datetime) -> ApiToken | None:
    """Return what `token_held` does, and note that it was used."""
    token = token_held(engine, text, now)
    if token is None:
        return None
    if token.used_at is None or now - token.used_at >= _NOTED_EVERY:
        with writing(engine) as connection:
            connection.execute(update(api_tokens).where(api_tokens.c.id == token.id).values(used_at=now))
    return token


def all_tokens(engine: Engine) -> Sequence[ApiToken]:
    """Return every token there ever was, the newest first."""
    with engine.connect() as connection:
        found = connection.execute(select(api_tokens).order_by(api_tokens.c.created_at.desc(), api_tokens.c.id))
        return [_token(row) for row in found]


def revoke_token(engine: Engine, identifier: str, by: str, now: datetime) -> bool:
    """End a token now; return False where none of this id holds."""
    holds = (api_tokens.c.id == identifier) & api_tokens.c.revoked_at.is_(None)
    with writing(engine) as connection:
        ended = connection.execute(update(api_tokens).where(holds).values(revoked_at=now, revoked_by=by))
        return ended.rowcount > 0


def _digest(secret: str) -> str:
    """The secret has 256 random bits, so a plain digest cannot be turned back by trying."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _token(row: Row[*tuple[Any, ...]]) -> ApiToken:
    return ApiToken(
        row.id,
        row.name,
        row.role,
        tuple(json.loads(row.teams)),
        row.created_at,
        row.created_by,
        row.expires_at,
        row.used_at,
        row.revoked_at,
    )
