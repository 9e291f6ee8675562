"""The JSON Schema of the configuration, so that editors complete and check it."""

from collections.abc import Mapping, Sequence
from typing import Any

from alerts.calendar import WEEKDAYS
from attributor.config.alert_times import MATCH_KEYS
from attributor.config.engine import EXECUTORS
from attributor.config.invoices import BASES
from attributor.config.keys import (
    ACCESS,
    ACCOUNTS,
    ALERTS,
    DELIVERY,
    DIGEST,
    ENGINE,
    ESCALATION,
    HEARTBEAT,
    IDLE_GPU,
    INVOICE,
    JOURNAL,
    MAINTENANCE,
    OIDC,
    PRICE,
    PROXY,
    QUIET_HOURS,
    REPLACES,
    ROUNDS,
    ROUTE,
    RUNAWAY,
    SOURCE,
    SPEND,
    STATEMENTS,
    STORE,
    TOP_LEVEL,
    UNATTRIBUTED,
    WEB,
)
from attributor.config.load import Types
from attributor.config.options import OptionLike
from attributor.config.policies import POLICY, RULES, SEVERITIES
from attributor.config.price_lists import GENAI_PRICES, NO_LIST
from rules.json_schema import fragment

_SCALAR = {"type": ["string", "number", "boolean"]}
_VARIABLE = r"\$\{\w+\}"
_FORMS: Mapping[str, Mapping[str, Any]] = {
    "duration": {"type": "string", "pattern": rf"^\s*\d+\s*(mo|[smhdw])\s*$|{_VARIABLE}"},
    "decimal": {"type": ["number", "string"], "pattern": rf"^\s*[+-]?[0-9.]+([eE][+-]?[0-9]+)?\s*$|{_VARIABLE}"},
    "integer": {"type": ["integer", "string"], "pattern": rf"^\s*-?[0-9]+\s*$|{_VARIABLE}"},
    "url": {"type": "string", "pattern": rf"^https?://|{_VARIABLE}"},
    "list": {"type": ["array", "string"]},
    "map": {"type": "object"},
}


def json_schema(types: Types) -> dict[str, Any]:
    """Return the whole schema, draft 2020-12, of a configuration with these kinds of sources and channels."""
    rules = fragment()
    own = {
        "company": _or_empty(_SCALAR),
        "store": _section(STORE),
        "web": _section(WEB),
        "access": _access(),
        "engine": _engine(),
        "sources": _or_empty({"type": "object", "additionalProperties": _one_of_types(types.collectors, SOURCE)}),
        "invoices": _invoices(),
        "prices": _prices(),
        "alerts": _alerts(types),
        "statements": _statements(),
    }
    properties = {**rules.get("properties", {}), **own}
    for name, description in TOP_LEVEL.items():
        properties[name] = {"description": description, **properties.get(name, {})}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Attributor configuration",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "$defs": rules.get("$defs", {}),
    }


def _access() -> dict[str, Any]:
    others = {"type": "string", "pattern": rf"^(hidden|totals)$|{_VARIABLE}"}
    members = _or_empty({"type": "object", "additionalProperties": _words()})
    section = _section(ACCESS)
    inner = {"proxy": _section(PROXY), "oidc": _section(OIDC), "others": others, "teams": members}
    for name, form in inner.items():
        section["properties"][name] = {**form, "description": section["properties"][name]["description"]}
    return section


def _alerts(types: Types) -> dict[str, Any]:
    channels = {"type": "object", "additionalProperties": _one_of_types(types.channels, ())}
    sections = {
        "channels": _or_empty(channels),
        "routes": _or_empty({"type": "array", "items": _map(ROUTE, _route(), ["channels"])}),
        "time_zone": _SCALAR,
        "quiet_hours": _or_empty({"type": "object", "additionalProperties": _map(QUIET_HOURS, _clocks(), [])}),
        "maintenance": _maintenance(),
        "digests": _digests(),
        "idle_gpu": _section(IDLE_GPU),
        "spend": _section(SPEND),
        "unattributed": _section(UNATTRIBUTED),
        "policies": _policies(),
        "runaway": _section(RUNAWAY),
        "heartbeat": {**_section(HEARTBEAT), "required": ["url"]},
    }
    described = {name: {"description": ALERTS[name], **section} for name, section in sections.items()}
    return {"type": ["object", "null"], "additionalProperties": False, "properties": described}


def _route() -> dict[str, Any]:
    step = _map(ESCALATION, {"after": _FORMS["duration"], "channels": _words()}, list(ESCALATION))
    return {
        "match": _alert_match(),
        "channels": _words(),
        "repeat": _FORMS["duration"],
        "group_wait": _FORMS["duration"],
        "escalate": {"type": ["array", "null"], "items": step},
        "quiet": _words(),
        "digest": _map(ROUNDS, _clocks(), ["at"]),
    }


def _alert_match() -> dict[str, Any]:
    columns = dict.fromkeys(MATCH_KEYS, _words())
    return {"type": ["object", "null"], "additionalProperties": False, "properties": columns}


def _clocks() -> dict[str, Any]:
    clock = {"type": "string", "pattern": rf"^([01][0-9]|2[0-3]):[0-5][0-9]$|{_VARIABLE}"}
    weekday = {"type": "string", "pattern": rf"^({'|'.join(WEEKDAYS)})$|{_VARIABLE}"}
    days = {"anyOf": [weekday, {"type": "array", "items": weekday, "minItems": 1}]}
    return {**dict.fromkeys(("from", "until", "at"), clock), "days": days, "time_zone": _SCALAR}


def _digests() -> dict[str, Any]:
    period = {"type": "string", "pattern": rf"^(day|week)$|{_VARIABLE}"}
    kinds = {"period": period, "channels": _words(), "teams": _words(), **_clocks()}
    return _or_empty({"type": "array", "items": _map(DIGEST, kinds, ["at", "channels"])})


def _maintenance() -> dict[str, Any]:
    moment = {"type": "string", "pattern": rf"^\d{{4}}-\d{{2}}-\d{{2}}([T ]|$)|{_VARIABLE}"}
    kinds = {"from": moment, "until": moment, "reason": _SCALAR, "match": _alert_match(), "keys": _words()}
    return _or_empty({"type": "array", "items": _map(MAINTENANCE, kinds, ["from", "until", "reason"])})


def _policies() -> dict[str, Any]:
    """One branch a rule, chosen by `rule`."""
    branches = []
    for rule, options in RULES.items():
        properties = {option.name: _property(option) for option in (*POLICY, *options)}
        properties["rule"] = {"const": rule, "description": POLICY[0].description}
        properties["severity"] |= {"enum": list(SEVERITIES)}
        required = ["rule", *(option.name for option in options if option.required)]
        branch = {"type": "object", "additionalProperties": False, "properties": properties, "required": required}
        branches.append(
            branch | ({"oneOf": [{"required": ["above"]}, {"required": ["below"]}]} if rule == "metric" else {})
        )
    return _or_empty({"type": "array", "items": {"type": "object", "required": ["rule"], "oneOf": branches}})


def _engine() -> dict[str, Any]:
    section = _section(ENGINE)
    named = {
        "executor": rf"^({'|'.join(EXECUTORS)})$|{_VARIABLE}",
        "scheduler": rf"^(tcp|tls)://.+:[0-9]+$|{_VARIABLE}",
    }
    for name, pattern in named.items():
        section["properties"][name] |= {"type": "string", "pattern": pattern}
    return section


def _invoices() -> dict[str, Any]:
    properties = {option.name: _property(option) for option in INVOICE}
    named = {"period": rf"^[0-9]{{4}}-(0[1-9]|1[0-2])$|{_VARIABLE}", "basis": rf"^({'|'.join(BASES)})$|{_VARIABLE}"}
    for name, pattern in named.items():
        properties[name] |= {"type": "string", "pattern": pattern}
    properties["match"] = {"description": properties["match"]["description"], "$ref": "#/$defs/match"}
    required = [option.name for option in INVOICE if option.required]
    item = {"type": "object", "additionalProperties": False, "properties": properties, "required": required}
    return {"type": ["array", "null"], "items": item}


def _statements() -> dict[str, Any]:
    delivery = {**_section(DELIVERY), "type": "object"}
    delivery["properties"]["to"] |= {"type": "string", "pattern": rf"^(folder|s3|email)$|{_VARIABLE}"}
    required = [option.name for option in DELIVERY if option.required]
    journal = _section(JOURNAL)
    journal["properties"]["accounts"] |= _section(ACCOUNTS)
    journal["properties"]["basis"] |= {"type": "string", "pattern": rf"^({'|'.join(BASES)})$|{_VARIABLE}"}
    sections = {
        "deliver": _or_empty({"type": "array", "items": {**delivery, "required": required}}),
        "journal": journal,
    }
    described = {name: {"description": STATEMENTS[name], **section} for name, section in sections.items()}
    return {"type": ["object", "null"], "additionalProperties": False, "properties": described}


def _prices() -> dict[str, Any]:
    match = {"$ref": "#/$defs/match"}
    day = {"type": "string", "pattern": rf"^\d{{4}}-\d{{2}}-\d{{2}}$|{_VARIABLE}"}
    replaces = {"source": _SCALAR, "match": match, "lag": _FORMS["duration"]}
    kinds = {
        **dict.fromkeys(PRICE, _SCALAR),
        "match": match,
        "list": {"type": "string", "pattern": rf"^({GENAI_PRICES}|{NO_LIST})$|{_VARIABLE}"},
        "models": {"type": "object", "additionalProperties": _SCALAR},
        "prefer": _words(),
        **dict.fromkeys(("price", "factor"), _FORMS["decimal"]),
        "per": _FORMS["integer"],
        **dict.fromkeys(("from", "until"), day),
        "replaces": _map(REPLACES, replaces, ["source", "match"]),
    }
    item = {**_map(PRICE, kinds, []), "anyOf": [{"required": ["metric", "price"]}, {"required": ["list"]}]}
    return _or_empty({"type": "array", "items": item})


def _map(words: Mapping[str, str], kinds: Mapping[str, Any], required: Sequence[str]) -> dict[str, Any]:
    properties = {name: {"description": words[name], **kinds[name]} for name in words}
    return {"type": "object", "additionalProperties": False, "required": list(required), "properties": properties}


def _or_empty(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A key with nothing behind it is the same as none."""
    kinds = schema["type"]
    return {**schema, "type": [*([kinds] if isinstance(kinds, str) else kinds), "null"]}


def _words() -> dict[str, Any]:
    return {"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR}]}


def _section(options: Sequence[OptionLike]) -> dict[str, Any]:
    return {
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {option.name: _property(option) for option in options},
    }


def _property(option: OptionLike) -> dict[str, Any]:
    described = {"description": option.description, "examples": [option.example]}
    if option.default is not None:
        described["default"] = option.default
    return {**described, **_FORMS.get(option.kind, _SCALAR)}


def _one_of_types(types: Mapping[str, Any], common: Sequence[OptionLike]) -> dict[str, Any]:
    """One branch a type, chosen by `type`, so that an editor completes the options of that type alone."""
    branches = []
    for name, kind in sorted(types.items()):
        options = [*common, *(option for option in kind.options if option.name not in {"type", "every"})]
        properties = {option.name: _property(option) for option in options}
        properties["type"] = {"const": name, "description": getattr(kind, "summary", name)}
        required = sorted({"type", *(option.name for option in options if option.required)})
        branches.append(
            {"type": "object", "additionalProperties": False, "properties": properties, "required": required}
        )
    return {"type": "object", "required": ["type"], "oneOf": branches}
