"""From a candidate to the rule that would claim it, as YAML that can be pasted."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

import yaml

from rules.matchers import Matcher, OneOf, Prefix, Regex
from rules.owners import directory, look_up, normal, spellings
from rules.ruleset import Team
from rules.suggesting.candidates import Candidate

PLACEHOLDER = "TEAM"
"""The owner of a draft where nothing says whose it is; `check` refuses it as long as it stands there."""
NEAR, NEARLY = 0.8, 0.7
"""How alike a value and a team's name must be: any value, and one that stands where a team's name should."""
_WILD = re.compile(r"[*?]|^(present|absent)$")
_WORDS = re.compile(r"[^0-9A-Za-z]+")


@dataclass(frozen=True)
class Draft:
    """A rule that would claim a candidate. `owner` is a team's id, or "" where nobody is resembled."""

    candidate: Candidate
    name: str
    matcher: Matcher
    test: str
    owner: str

    @property
    def match(self) -> str:
        """The matcher as YAML, in one line."""
        return f"{{{quoted(self.candidate.column)}: {self.test}}}"

    @property
    def yaml(self) -> str:
        """The rule as an entry of `rules:`, in three lines."""
        asked = quoted(self.candidate.value)
        owner = self.owner or f"{PLACEHOLDER}  # who owns {self.candidate.column} {asked}?"
        return f"  - name: {quoted(self.name)}\n    match: {self.match}\n    owner: {owner}\n"


def draft(candidate: Candidate, teams: tuple[Team, ...], taken: Collection[str], alike: float = NEAR) -> Draft:
    """Write the rule for a candidate under a name that no other rule has; `alike` as in `nearest_team`."""
    matcher, test = _matcher(candidate)
    name = _free(f"{candidate.column} {'begins with' if candidate.begins else 'is'} {candidate.value}", taken)
    return Draft(candidate, name, matcher, test, _owner(candidate, teams, alike))


def nearest_team(value: str, teams: tuple[Team, ...], alike: float = NEAR) -> str:
    """Return the id of the team that a value names, or nearly names; "" where none is near."""
    found = look_up(value, directory(teams), date.max)
    if found is not None:
        return found
    names = _names(teams)
    near = get_close_matches(normal(value), list(names), n=1, cutoff=alike)
    return names[near[0]] if near else ""


def quoted(text: str) -> str:
    """Return a text as YAML on one line, whatever is in it; plain where that reads the same."""
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_.]*", text) and text.lower() not in {
        "yes",
        "no",
        "on",
        "off",
        "true",
        "false",
    }:
        return text
    return str(yaml.safe_dump(text, default_style='"', allow_unicode=True, width=10**9)).rstrip("\n")


def _matcher(candidate: Candidate) -> tuple[Matcher, str]:
    column, value = candidate.column, candidate.value
    if not candidate.begins:
        shown = quoted(value)
        return OneOf(column, (value,)), f"{{equals: {shown}}}" if _WILD.search(value) else shown
    if "0" not in value:
        return Prefix(column, (value,)), f"{{prefix: {quoted(value)}}}"
    pattern = "^" + "[0-9]+".join(_escaped(part) for part in value.split("0"))
    return Regex(column, (pattern,)), f"{{regex: {quoted(pattern)}}}"


def _escaped(text: str) -> str:
    return "".join(f"\\{sign}" if sign in r"\.+*?()|[]{}^$" else sign for sign in text)


def _owner(candidate: Candidate, teams: tuple[Team, ...], alike: float) -> str:
    """Ask the value, the account's name, and at last the words of which the value consists."""
    for text in (candidate.value, candidate.label):
        found = nearest_team(text, teams, alike) if text else ""
        if found:
            return found
    names = _names(teams)
    words = _WORDS.split(f"{candidate.label} {candidate.value}".casefold())
    known = dict.fromkeys(names[word] for word in words if word in names)
    return next(iter(known)) if len(known) == 1 else ""


def _names(teams: tuple[Team, ...]) -> Mapping[str, str]:
    return {normal(spelling): team.id for team in reversed(teams) for spelling in spellings(team)}


def _free(name: str, taken: Collection[str]) -> str:
    short = re.sub(r"\s+", " ", name).strip()[:120].strip()
    free, count = short, 1
    while free in taken:
        count += 1
        free = f"{short} ({count})"
    return free
