"""`alerts:`: channels, routes and the detectors' thresholds."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TypeVar

from alerts.channels.base import ChannelType
from alerts.channels.posting import Address
from alerts.detect.runaway import RunawayPolicy
from alerts.policy import Route
from attributor.config.alert_routes import Named, read_digests, read_routes
from attributor.config.alert_times import read_maintenance, read_quiet_hours, read_zone
from attributor.config.keys import ALERTS, HEARTBEAT, IDLE_GPU, RUNAWAY, SPEND, UNATTRIBUTED
from attributor.config.options import check_options, plain_options, typed_options, unknown_keys
from attributor.config.policies import read_policies
from attributor.config.settings import AlertSettings, ConfiguredChannel
from rules.located import Located
from rules.problem import Problem

T = TypeVar("T")


def read_alerts(node: Located | None, types: Mapping[str, ChannelType]) -> tuple[AlertSettings, list[Problem]]:
    """Return how alerts are found and told; without routes every channel gets everything."""
    if node is None or node.is_empty:
        return AlertSettings(), []
    if node.entries is None:
        return AlertSettings(), [node.problem("`alerts` must be a map", "write `channels:` and `routes:` below it")]
    entries, problems = node.entries, unknown_keys(node, list(ALERTS))

    def right(found: tuple[T, list[Problem]]) -> T:
        problems.extend(found[1])
        return found[0]

    channels = right(_read_channels(entries.get("channels"), types))
    names = [channel.name for channel in channels]
    zone = right(read_zone(entries.get("time_zone")))
    named = Named(names, right(read_quiet_hours(entries.get("quiet_hours"), zone)), zone)
    routes = right(read_routes(entries.get("routes"), named))
    digests = right(read_digests(entries.get("digests"), named))
    maintenance = right(read_maintenance(entries.get("maintenance"), zone))
    idle = right(typed_options(entries.get("idle_gpu"), IDLE_GPU))
    spend = right(typed_options(entries.get("spend"), SPEND))
    unclaimed = right(typed_options(entries.get("unattributed"), UNATTRIBUTED))
    policies = right(read_policies(entries.get("policies")))
    runaway = right(typed_options(entries.get("runaway"), RUNAWAY))
    heartbeat = right(_read_heartbeat(entries.get("heartbeat")))
    if problems:
        return AlertSettings(), problems
    return AlertSettings(
        channels=channels,
        routes=routes or (Route(tuple(names)),),
        maintenance=maintenance,
        digests=digests,
        idle_below=idle["below"],
        idle_for=idle["for"],
        idle_coverage=idle["coverage"],
        low_for=idle["low_for"] if idle["low"] else None,
        saturated_for=idle["saturated_for"] if idle["saturated"] else None,
        spend_minimum=spend["minimum"],
        spend_by_hour=spend["hourly"],
        unit_costs=spend["unit_costs"],
        unattributed_above=unclaimed["above"],
        policies=policies,
        runaway=RunawayPolicy(runaway["minimum"], runaway["times"]) if runaway["enabled"] else None,
        heartbeat=heartbeat,
    ), []


def _read_heartbeat(node: Located | None) -> tuple[Address | None, list[Problem]]:
    if node is None or node.is_empty:
        return None, []
    values, problems = typed_options(node, HEARTBEAT)
    return (None if problems else Address(values["url"])), problems


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
