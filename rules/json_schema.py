"""The JSON Schema (draft 2020-12) of teams, rules, shared and dimensions, for editors that complete and check."""

from collections.abc import Mapping
from typing import Any

from rules import keywords
from rules.keywords import Keywords
from rules.reading.dimensions import NAME, TAKEN
from rules.schema import DIMENSION_COLUMNS

Schema = dict[str, Any]

_TEXT: Schema = {"type": ["string", "number", "boolean"]}
_VARIABLE = r"\$\{\w+\}"
_NUMBER: Schema = {
    "type": ["number", "string"],
    "pattern": rf"^[0-9.]+([eE][+-]?[0-9]+)?$|{_VARIABLE}",
    "minimum": 0,
}
_DAY: Schema = {"type": "string", "pattern": rf"^\d{{4}}-\d{{2}}-\d{{2}}$|{_VARIABLE}"}
_FLAG: Schema = {"type": ["boolean", "string"], "enum": [True, False, "true", "false"]}
_PER: Schema = {"enum": ["hour", "day", "month"]}
_NUMBERS_BY_NAME: Schema = {"type": "object", "additionalProperties": _NUMBER, "minProperties": 1}


def fragment() -> Schema:
    """Return {"properties": …, "$defs": …} to be merged into the schema of the whole configuration."""
    definitions = {
        "team": _team(),
        "rule": _rule(),
        "match": _match(),
        "test": _test(),
        "owner": _owner(),
        "split": _split(),
        "shared": _shared(),
    }
    properties: dict[str, Schema] = {
        "teams": {"type": ["object", "null"], "additionalProperties": _reference("team")},
        "rules": {"type": ["array", "null"], "items": _reference("rule")},
        "shared": {"type": ["array", "null"], "items": _reference("shared")},
        "dimensions": {
            "type": ["object", "null"],
            "properties": dict.fromkeys(DIMENSION_COLUMNS, _TEXT),
            "patternProperties": {f"^{NAME}$": _TEXT},
            "propertyNames": {"not": {"enum": list(TAKEN)}},
            "additionalProperties": False,
        },
        "required_tags": {"anyOf": [{"type": "null"}, {"type": "array", "items": _TEXT}, _TEXT]},
    }
    described = {key: {"description": keywords.TOP[key], **schema} for key, schema in properties.items()}
    return {"properties": described, "$defs": definitions}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _words() -> Schema:
    return {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}


def _map(words: Keywords, kinds: Mapping[str, Schema], **more: Any) -> Schema:
    """Return the schema of a map with described keys; the test of this page holds the kinds against the keywords."""
    properties = {key: {"description": words[key], **kinds[key]} for key in words}
    return {"type": "object", "properties": properties, "additionalProperties": False, **more}


def _team() -> Schema:
    was = _map(keywords.WAS, {"name": _TEXT, "until": _DAY}, required=["name", "until"])
    money = dict.fromkeys(("monthly", "daily_soft", "daily_hard", "emergency"), _NUMBER)
    spans = {"type": "object", "propertyNames": {"pattern": "^[1-9][0-9]{0,2}d$"}, "additionalProperties": _NUMBER}
    lists = {"thresholds": {"type": "array", "items": _NUMBER}, "rolling": spans}
    budget = _map(keywords.BUDGET, {**money, **lists}, required=["monthly"])
    kinds = {
        **dict.fromkeys(("name", "cost_center", "owner", "slack", "time_zone", "parent"), _TEXT),
        "aliases": _words(),
        "was": {"type": "array", "items": was},
        "budget": {"anyOf": [_NUMBER, budget]},
        **dict.fromkeys(("from", "until"), _DAY),
    }
    return {"anyOf": [{"type": "null"}, _map(keywords.TEAM, kinds)]}


def _rule() -> Schema:
    activity = _map(
        keywords.ACTIVITY,
        {"rates": _rates(), "pool": _TEXT, "rest": _TEXT, "per": _PER},
        required=["rates", "rest"],
    )
    kinds = {
        "name": _TEXT,
        "match": _reference("match"),
        "match_case": _FLAG,
        "from": _DAY,
        "until": _DAY,
        "owner": _reference("owner"),
        "split": _reference("split"),
        "activity": activity,
        "follow": _words(),
    }
    return _map(keywords.RULE, kinds, oneOf=[{"required": [outcome]} for outcome in keywords.OUTCOMES])


def _rates() -> Schema:
    dated = _map(keywords.RATE, {"rate": _NUMBER, "from": _DAY, "until": _DAY}, required=["rate"])
    several = {"type": "array", "items": dated, "minItems": 1}
    return {"type": "object", "additionalProperties": {"anyOf": [_NUMBER, dated, several]}, "minProperties": 1}


def _match() -> Schema:
    several = {"type": "array", "items": _reference("match"), "minItems": 1}
    combinations = {"all": several, "any": several, "not": _reference("match")}
    return {
        "description": keywords.RULE["match"],
        "type": "object",
        "minProperties": 1,
        "properties": {key: {"description": keywords.COMBINATIONS[key], **kind} for key, kind in combinations.items()},
        "additionalProperties": _reference("test"),
    }


def _test() -> Schema:
    ends = {"type": "array", "items": _TEXT, "minItems": 2, "maxItems": 2}
    kinds = {**dict.fromkeys(("equals", "glob", "prefix", "regex"), _words()), "range": ends, "match_case": _FLAG}
    return {"anyOf": [*_words()["anyOf"], _map(keywords.TESTS, kinds, minProperties=1)]}


def _owner() -> Schema:
    mapping = _map(keywords.MAPPING, {"file": _TEXT, "column": _TEXT}, required=["file", "column"])
    columns = dict.fromkeys(("team", "project", "environment", "cost_center"), _TEXT)
    named = _map(
        keywords.OWNER,
        {**columns, "mapping": mapping},
        additionalProperties=_TEXT,
        propertyNames={"pattern": f"^{NAME}$"},
        oneOf=[{"required": ["team"]}, {"required": ["mapping"]}],
    )
    return {"anyOf": [_TEXT, named]}


def _split() -> Schema:
    shares = {"even": _words(), "fixed": _NUMBERS_BY_NAME}
    stand_in = _map({key: keywords.SPLIT[key] for key in shares}, shares, minProperties=1, maxProperties=1)
    kinds = {
        "by": {"anyOf": [_TEXT, _drivers()]},
        **dict.fromkeys(("pool", "idle", "unallocated"), _TEXT),
        **shares,
        "per": _PER,
        "among": _words(),
        "without_usage": {"anyOf": [{"enum": ["unattributed", "previous", "even"]}, stand_in]},
    }
    return _map(keywords.SPLIT, kinds, oneOf=[{"required": [kind]} for kind in ("by", "even", "fixed")])


def _drivers() -> Schema:
    named = _map(keywords.DRIVER, {"metric": _TEXT, "weight": _NUMBER, "pool": _TEXT}, required=["metric", "weight"])
    short = {**_NUMBERS_BY_NAME, "maxProperties": 1}
    return {"type": "array", "items": {"anyOf": [named, short]}, "minItems": 1}


def _shared() -> Schema:
    kinds = {"team": _TEXT, "split": _reference("split"), "from": _DAY, "until": _DAY}
    return _map(keywords.SHARED, kinds, required=["team", "split"])
