"""Who asks: a person who signed in, a program with a token, or anybody where nobody has to."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from attributor.config.access_settings import AccessSettings
from attributor.ledger.api_tokens import ApiToken

Role = Literal["viewer", "finance", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "finance", "admin")
Way = Literal["open", "proxy", "oidc", "token"]
_GROUP = "group:"


@dataclass(frozen=True)
class Visitor:
    """Somebody who asks. Viewers see their `teams`; finance sees everything; admins may change everything too."""

    name: str
    role: Role
    via: Way
    teams: frozenset[str] = frozenset()

    @property
    def owners(self) -> frozenset[str] | None:
        """Whose costs may be read; None is everybody's."""
        return self.teams if self.role == "viewer" else None

    def may_read(self, team: str) -> bool:
        """Return whether a team's costs may be read."""
        return self.owners is None or team in self.owners


def visitor_of(access: AccessSettings, name: str, groups: Collection[str], via: Way) -> Visitor:
    """Return what somebody who signed in is, by the lists of the configuration."""
    member_of = {name, *(f"{_GROUP}{group}" for group in groups)}
    if member_of & set(access.admins):
        return Visitor(name, "admin", via)
    if member_of & set(access.finance):
        return Visitor(name, "finance", via)
    teams = frozenset(team for team, members in access.teams.items() if member_of & set(members))
    return Visitor(name, "viewer", via, teams)


def visitor_with(token: ApiToken) -> Visitor:
    """Return what a program with a token is."""
    role = next(each for each in ROLES if each == token.role)
    return Visitor(f"token {token.name}", role, "token", frozenset(token.teams))


def groups_named(access: AccessSettings) -> frozenset[str]:
    """Return the groups that the lists of the configuration name: no other gives anybody a right."""
    members = {*access.admins, *access.finance, *(each for team in access.teams.values() for each in team)}
    return frozenset(member.removeprefix(_GROUP) for member in members if member.startswith(_GROUP))
