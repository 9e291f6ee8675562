"""`alerts:` in the configuration's JSON Schema."""

from typing import Any

from alerts.calendar import WEEKDAYS
from attributor.config.alert_times import MATCH_KEYS
from attributor.config.keys import (
    ALERTS,
    DIGEST,
    ESCALATION,
    HEARTBEAT,
    IDLE_GPU,
    MAINTENANCE,
    QUIET_HOURS,
    ROUNDS,
    ROUTE,
    RUNAWAY,
    SPEND,
    UNATTRIBUTED,
)
from attributor.config.load import Types
from attributor.config.policies import POLICY, RULES, SEVERITIES
from attributor.config.schema_forms import (
    FORMS,
    SCALAR,
    VARIABLE,
    entries,
    one_of_types,
    option_schema,
    or_empty,
    section,
    words,
)


def alerts_schema(types: Types) -> dict[str, Any]:
    """Return the schema of the section, with these kinds of channels."""
    channels = {"type": "object", "additionalProperties": one_of_types(types.channels, ())}
    sections = {
        "channels": or_empty(channels),
        "routes": or_empty({"type": "array", "items": entries(ROUTE, _route(), ["channels"])}),
        "time_zone": SCALAR,
        "quiet_hours": or_empty({"type": "object", "additionalProperties": entries(QUIET_HOURS, _clocks(), [])}),
        "maintenance": _maintenance(),
        "digests": _digests(),
        "idle_gpu": section(IDLE_GPU),
        "spend": section(SPEND),
        "unattributed": section(UNATTRIBUTED),
        "policies": _policies(),
        "runaway": section(RUNAWAY),
        "heartbeat": {**section(HEARTBEAT), "required": ["url"]},
    }
    described = {name: {"description": ALERTS[name], **form} for name, form in sections.items()}
    return {"type": ["object", "null"], "additionalProperties": False, "properties": described}


def _route() -> dict[str, Any]:
    step = entries(ESCALATION, {"after": FORMS["duration"], "channels": words()}, list(ESCALATION))
    return {
        "match": _alert_match(),
        "channels": words(),
        "repeat": FORMS["duration"],
        "group_wait": FORMS["duration"],
        "escalate": {"type": ["array", "null"], "items": step},
        "quiet": words(),
        "digest": entries(ROUNDS, _clocks(), ["at"]),
    }


def _alert_match() -> dict[str, Any]:
    columns = dict.fromkeys(MATCH_KEYS, words())
    return {"type": ["object", "null"], "additionalProperties": False, "properties": columns}


def _clocks() -> dict[str, Any]:
    clock = {"type": "string", "pattern": rf"^([01][0-9]|2[0-3]):[0-5][0-9]$|{VARIABLE}"}
    weekday = {"type": "string", "pattern": rf"^({'|'.join(WEEKDAYS)})$|{VARIABLE}"}
    days = {"anyOf": [weekday, {"type": "array", "items": weekday, "minItems": 1}]}
    return {**dict.fromkeys(("from", "until", "at"), clock), "days": days, "time_zone": SCALAR}


def _digests() -> dict[str, Any]:
    period = {"type": "string", "pattern": rf"^(day|week)$|{VARIABLE}"}
    kinds = {"period": period, "channels": words(), "teams": words(), **_clocks()}
    return or_empty({"type": "array", "items": entries(DIGEST, kinds, ["at", "channels"])})


def _maintenance() -> dict[str, Any]:
    moment = {"type": "string", "pattern": rf"^\d{{4}}-\d{{2}}-\d{{2}}([T ]|$)|{VARIABLE}"}
    kinds = {"from": moment, "until": moment, "reason": SCALAR, "match": _alert_match(), "keys": words()}
    return or_empty({"type": "array", "items": entries(MAINTENANCE, kinds, ["from", "until", "reason"])})


def _policies() -> dict[str, Any]:
    """One branch a rule, chosen by `rule`."""
    branches = []
    for rule, options in RULES.items():
        properties = {option.name: option_schema(option) for option in (*POLICY, *options)}
        properties["rule"] = {"const": rule, "description": POLICY[0].description}
        properties["severity"] |= {"enum": list(SEVERITIES)}
        required = ["rule", *(option.name for option in options if option.required)]
        branch = {"type": "object", "additionalProperties": False, "properties": properties, "required": required}
        branches.append(
            branch | ({"oneOf": [{"required": ["above"]}, {"required": ["below"]}]} if rule == "metric" else {})
        )
    return or_empty({"type": "array", "items": {"type": "object", "required": ["rule"], "oneOf": branches}})
