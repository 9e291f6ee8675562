"""`alerts:`: channels, routes and the detectors' thresholds."""

from collections.abc import Mapping
from datetime import timedelta
from difflib import get_close_matches
from typing import Any

from alerts.channels.base import ChannelType
from alerts.policy import Match, Route
from attributor.config.keys import ALERTS, IDLE_GPU, SPEND, UNATTRIBUTED
from attributor.config.options import check_options, plain_options, typed_options, unknown_keys
from attributor.config.settings import AlertSettings, ConfiguredChannel
from attributor.config.values import parse_duration
from rules.located import Located
from rules.problem import Problem

_ROUTE_KEYS = ("match", "channels", "repeat", "group_wait")
MATCH_KEYS = ("team", "severity", "kind")
"""What a route's `match` may name."""


def read_alerts(node: Located | None, types: Mapping[str, ChannelType]) -> tuple[AlertSettings, list[Problem]]:
    """Return how alerts are found and told; without routes every channel gets everything."""
    if node is None or node.is_empty:
        return AlertSettings(), []
    if node.entries is None:
        return AlertSettings(), [node.problem("`alerts` must be a map", "write `channels:` and `routes:` below it")]
    problems = unknown_keys(node, list(ALERTS))
    channels, wrong = _read_channels(node.entries.get("channels"), types)
    problems += wrong
    routes, wrong = _read_routes(node.entries.get("routes"), [channel.name for channel in channels])
    problems += wrong
    idle, wrong = typed_options(node.entries.get("idle_gpu"), IDLE_GPU)
    problems += wrong
    spend, wrong = typed_options(node.entries.get("spend"), SPEND)
    problems += wrong
    unclaimed, wrong = typed_options(node.entries.get("unattributed"), UNATTRIBUTED)
    problems += wrong
    if problems:
        return AlertSettings(), problems
    return AlertSettings(
        channels=channels,
        routes=routes or (Route(tuple(channel.name for channel in channels)),),
        idle_below=idle["below"],
        idle_for=idle["for"],
        idle_coverage=idle["coverage"],
        low_for=idle["low_for"] if idle["low"] else None,
        saturated_for=idle["saturated_for"] if idle["saturated"] else None,
        spend_minimum=spend["minimum"],
        unattributed_above=unclaimed["above"],
    ), []


def _read_channels(
    node: Located | None, types: Mapping[str, ChannelType]
) -> tuple[tuple[ConfiguredChannel, ...], list[Problem]]:
    if node is None or node.is_empty:
        return (), []
    if node.entries is None:
        return (), [node.problem("`channels` must be a map", "write `NAME: {type: slack, webhook_url: …}`")]
    channels: list[ConfiguredChannel] = []
    problems: list[Problem] = []
    for name, entry in node.entries.items():
        kind_node = (entry.entries or {}).get("type")
        kind = types.get((kind_node.text or "") if kind_node is not None else "")
        if kind is None:
            place = kind_node or entry
            near = get_close_matches((kind_node.text or "") if kind_node else "", list(types), n=1)
            hint = f"did you mean `{near[0]}`? " if near else ""
            problems.append(place.problem(f"channel `{name}` needs a known `type`", f"{hint}known: {', '.join(types)}"))
            continue
        wrong = unknown_keys(entry, ["type", *(option.name for option in kind.options)])
        wrong += check_options(entry, kind.options)
        problems += wrong
        if not wrong:
            channels.append(ConfiguredChannel(name, kind, entry.line, plain_options(entry, kind.options)))
    return tuple(channels), problems


def _read_routes(node: Located | None, channels: list[str]) -> tuple[tuple[Route, ...], list[Problem]]:
    if node is None or node.is_empty:
        return (), []
    if node.items is None:
        return (), [node.problem("`routes` must be a list", "write `- {channels: [NAME]}`")]
    routes: list[Route] = []
    problems: list[Problem] = []
    for item in node.items:
        route, wrong = _read_route(item, channels)
        problems += wrong
        if route is not None:
            routes.append(route)
    if routes and routes[-1].match != Match() and not problems:
        problems.append(node.items[-1].problem("the last route must match all", "end with `- {channels: [NAME]}`"))
    return tuple(routes), problems


def _read_route(item: Located, channels: list[str]) -> tuple[Route | None, list[Problem]]:
    if item.entries is None:
        return None, [item.problem("a route must be a map", "write `- {match: {team: search}, channels: [NAME]}`")]
    problems = unknown_keys(item, _ROUTE_KEYS)
    named = item.entries.get("channels")
    names = _texts(named)
    if named is None:
        fix = f"known: {', '.join(channels)}; `channels: []` tells nobody"
        problems.append(item.problem("a route needs `channels`", fix))
    for name in names:
        if name not in channels:
            near = get_close_matches(name, channels, n=1)
            fix = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(channels)}"
            problems.append((named or item).problem(f"no channel is called `{name}`", fix))
    match, wrong = _read_match(item.entries.get("match"))
    problems += wrong
    waits: dict[str, Any] = {}
    for key in ("repeat", "group_wait"):
        given = item.entries.get(key)
        if given is not None:
            waits[key] = _duration(given, key, problems)
    return (None if problems else Route(channels=names, match=match, **waits)), problems


def _read_match(node: Located | None) -> tuple[Match, list[Problem]]:
    if node is None or node.is_empty:
        return Match(), []
    if node.entries is None:
        return Match(), [node.problem("`match` must be a map", "write `match: {team: search}`")]
    problems = unknown_keys(node, MATCH_KEYS)
    return Match(**{key: _texts(value) for key, value in node.entries.items() if key in MATCH_KEYS}), problems


def _duration(node: Located, key: str, problems: list[Problem]) -> timedelta:
    try:
        return parse_duration(node.text or "")
    except ValueError as error:
        problems.append(node.problem(f"`{key}`: {error}", f"for example `{key}: 1d`"))
        return timedelta(0)


def _texts(node: Located | None) -> tuple[str, ...]:
    if node is None:
        return ()
    if node.text is not None:
        return (node.text,)
    return tuple(item.text or "" for item in node.items or ())
