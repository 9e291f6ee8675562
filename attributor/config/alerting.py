"""`alerts:`: channels, routes and the detectors' thresholds."""

from collections.abc import Mapping
from difflib import get_close_matches

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


def read_alerts(node: Located | None, types: Mapping[str, ChannelType]) -> tuple[AlertSettings, list[Problem]]:
    """Return how alerts are found and told; without routes every channel gets everything."""
    if node is None or node.is_empty:
        return AlertSettings(), []
    if node.entries is None:
        return AlertSettings(), [node.problem("`alerts` must be a map", "write `channels:` and `routes:` below it")]
    problems = unknown_keys(node, list(ALERTS))
    channels, wrong = _read_channels(node.entries.get("channels"), types)
    problems += wrong
    names = [channel.name for channel in channels]
    zone, wrong = read_zone(node.entries.get("time_zone"))
    problems += wrong
    quiet, wrong = read_quiet_hours(node.entries.get("quiet_hours"), zone)
    problems += wrong
    routes, wrong = read_routes(node.entries.get("routes"), Named(names, quiet, zone))
    problems += wrong
    digests, wrong = read_digests(node.entries.get("digests"), Named(names, quiet, zone))
    problems += wrong
    maintenance, wrong = read_maintenance(node.entries.get("maintenance"), zone)
    problems += wrong
    idle, wrong = typed_options(node.entries.get("idle_gpu"), IDLE_GPU)
    problems += wrong
    spend, wrong = typed_options(node.entries.get("spend"), SPEND)
    problems += wrong
    unclaimed, wrong = typed_options(node.entries.get("unattributed"), UNATTRIBUTED)
    problems += wrong
    policies, wrong = read_policies(node.entries.get("policies"))
    problems += wrong
    runaway, wrong = typed_options(node.entries.get("runaway"), RUNAWAY)
    problems += wrong
    heartbeat, wrong = _read_heartbeat(node.entries.get("heartbeat"))
    problems += wrong
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
