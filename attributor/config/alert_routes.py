"""`alerts.routes:`: who is told of what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from difflib import get_close_matches
from typing import Any, get_args

from alerts.calendar import QuietHours
from alerts.digest import Period
from alerts.policy import Escalation, Match, Route
from attributor.config.alert_times import parsed, read_match, read_rounds, texts
from attributor.config.keys import DIGEST, ESCALATION, ROUTE
from attributor.config.options import unknown_keys
from attributor.config.settings import DigestSettings
from attributor.config.values import parse_duration
from rules.located import Located
from rules.problem import Problem


@dataclass(frozen=True)
class Named:
    """What a route may name: channels and quiet hours; and the time zone of what names none."""

    channels: Sequence[str]
    quiet_hours: Mapping[str, QuietHours]
    zone: tzinfo


def read_routes(node: Located | None, named: Named) -> tuple[tuple[Route, ...], list[Problem]]:
    """Return the routes in their order; the last one must match all."""
    if node is None or node.is_empty:
        return (), []
    if node.items is None:
        return (), [node.problem("`routes` must be a list", "write `- {channels: [NAME]}`")]
    problems: list[Problem] = []
    routes = [route for item in node.items if (route := _read_route(item, named, problems)) is not None]
    if routes and routes[-1].match != Match() and not problems:
        problems.append(node.items[-1].problem("the last route must match all", "end with `- {channels: [NAME]}`"))
    return tuple(routes), problems


def _read_route(item: Located, named: Named, problems: list[Problem]) -> Route | None:
    entries = item.entries
    if entries is None:
        fix = "write `- {match: {team: search}, channels: [NAME]}`"
        problems.append(item.problem("a route must be a map", fix))
        return None
    before = len(problems)
    problems += unknown_keys(item, list(ROUTE))
    if "channels" not in entries:
        fix = f"known: {', '.join(named.channels)}; `channels: []` tells nobody"
        problems.append(item.problem("a route needs `channels`", fix))
    names = _known(entries.get("channels"), named.channels, "channel", problems)
    quiet = _known(entries.get("quiet"), list(named.quiet_hours), "quiet hours", problems)
    times: dict[str, Any] = {}
    for key in ("repeat", "group_wait"):
        if (length := parsed(entries, key, parse_duration, problems)) is not None:
            times[key] = length
    if "digest" in entries:
        times["digest"] = read_rounds(entries["digest"], named.zone, problems)
    match = read_match(entries.get("match"), problems)
    escalate = _escalation(entries.get("escalate"), named, problems)
    if len(problems) > before:
        return None
    hours = tuple(named.quiet_hours[name] for name in quiet)
    return Route(channels=names, match=match, escalate=escalate, quiet=hours, **times)


def _escalation(node: Located | None, named: Named, problems: list[Problem]) -> tuple[Escalation, ...]:
    if node is None or node.is_empty:
        return ()
    steps = []
    for item in node.items or (node,):
        if item.entries is None or not set(ESCALATION) <= set(item.entries):
            fix = "write `escalate: [{after: 4h, channels: [NAME]}]`"
            problems.append(item.problem("a step of `escalate` needs `after` and `channels`", fix))
            continue
        problems += unknown_keys(item, list(ESCALATION))
        after = parsed(item.entries, "after", parse_duration, problems)
        channels = _known(item.entries["channels"], named.channels, "channel", problems)
        if after is not None:
            steps.append(Escalation(after, channels))
    return tuple(sorted(steps, key=lambda step: step.after))


def read_digests(node: Located | None, named: Named) -> tuple[tuple[DigestSettings, ...], list[Problem]]:
    """Return the digests that teams get."""
    if node is None or node.is_empty:
        return (), []
    form = 'write `- {period: day, at: "08:00", channels: [NAME]}`'
    if node.items is None:
        return (), [node.problem("`digests` must be a list", form)]
    problems: list[Problem] = []
    found = []
    for item in node.items:
        entries = item.entries or {}
        if "channels" not in entries or "at" not in entries:
            problems.append(item.problem("a digest needs `at` and `channels`", form))
            continue
        rounds = read_rounds(item, named.zone, problems, DIGEST)
        channels = _known(entries["channels"], named.channels, "channel", problems)
        period = parsed(entries, "period", _period, problems) or "day"
        if rounds is not None:
            found.append(DigestSettings(period, rounds, channels, texts(entries.get("teams")) or ("*",)))
    return tuple(found), problems


def _period(text: str) -> Period:
    for period in get_args(Period):
        if text == period:
            found: Period = period
            return found
    raise ValueError(f"{text!r} is neither day nor week")


def _known(node: Located | None, names: Sequence[str], what: str, problems: list[Problem]) -> tuple[str, ...]:
    given = texts(node)
    for name in given:
        if node is not None and name not in names:
            near = get_close_matches(name, names, n=1)
            fix = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(names)}"
            what_is = "no channel is called" if what == "channel" else "no quiet hours are called"
            problems.append(node.problem(f"{what_is} `{name}`", fix))
    return tuple(name for name in given if name in names)
