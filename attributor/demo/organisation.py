"""Who works at the made-up company: its teams, and how people spell them in tags."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DemoTeam:
    """A team; `spellings` are what stands in tags, the usual one first, all of them resolvable by `aliases`.

    `parent` is the team that it is a part of.
    """

    id: str
    name: str
    cost_center: str
    owner: str
    spellings: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    parent: str = ""


TEAMS = (
    DemoTeam(
        "search",
        "Search",
        "4100",
        "@ana",
        ("search", "Search", "srch", "search-team"),
        ("srch", "search team"),
    ),
    DemoTeam("ads", "Ads", "4200", "@bram", ("ads", "ADS", "advertising", "ads@lumenforge.example"), ("advertising",)),
    DemoTeam(
        "assistant",
        "Assistant",
        "4300",
        "@chidi",
        ("assistant", "Assistant", "chat_assistant", "assistant-prod"),
        ("chat assistant", "assistant prod"),
    ),
    DemoTeam("research", "Research", "4400", "@dana", ("research", "Research", "r.and.d"), ("r and d",)),
    DemoTeam(
        "vision", "Vision", "4500", "@emre", ("vision", "Vision", "computer-vision"), ("computer vision",), "research"
    ),
    DemoTeam("speech", "Speech", "4600", "@fleur", ("speech", "Speech", "asr"), ("asr",), "research"),
    DemoTeam(
        "data", "Data", "4700", "@goran", ("data", "Data", "data_platform", "data-eng"), ("data platform", "data eng")
    ),
    DemoTeam("platform", "Platform", "4000", "@hana", ("platform", "Platform", "infra"), ("infra",)),
)

UNKNOWN_SPELLING = "srhc"
"""A typing mistake that names no team: it is listed with the money behind it."""


def spellings(team: str) -> tuple[str, ...]:
    """Return what stands in the team tag of a team's resources; the team's own id where it is none of ours."""
    for known in TEAMS:
        if known.id == team:
            return known.spellings
    return (team,)
