"""The JSON Schema of the configuration, so that editors complete and check it."""

from typing import Any

from attributor.config.engine import EXECUTORS
from attributor.config.invoices import BASES
from attributor.config.keys import (
    ACCESS,
    ACCOUNTS,
    DELIVERY,
    ENGINE,
    INVOICE,
    JOURNAL,
    OIDC,
    PRICE,
    PROXY,
    REPLACES,
    SOURCE,
    STATEMENTS,
    STORE,
    TOP_LEVEL,
    WEB,
)
from attributor.config.load import Types
from attributor.config.price_lists import GENAI_PRICES, NO_LIST
from attributor.config.schema_alerts import alerts_schema
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
from rules.json_schema import fragment


def json_schema(types: Types) -> dict[str, Any]:
    """Return the whole schema, draft 2020-12, of a configuration with these kinds of sources and channels."""
    rules = fragment()
    own = {
        "company": or_empty(SCALAR),
        "store": section(STORE),
        "web": section(WEB),
        "access": _access(),
        "engine": _engine(),
        "sources": or_empty({"type": "object", "additionalProperties": one_of_types(types.collectors, SOURCE)}),
        "invoices": _invoices(),
        "prices": _prices(),
        "alerts": alerts_schema(types),
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
    others = {"type": "string", "pattern": rf"^(hidden|totals)$|{VARIABLE}"}
    members = or_empty({"type": "object", "additionalProperties": words()})
    found = section(ACCESS)
    inner = {"proxy": section(PROXY), "oidc": section(OIDC), "others": others, "teams": members}
    for name, form in inner.items():
        found["properties"][name] = {**form, "description": found["properties"][name]["description"]}
    return found


def _engine() -> dict[str, Any]:
    found = section(ENGINE)
    named = {
        "executor": rf"^({'|'.join(EXECUTORS)})$|{VARIABLE}",
        "scheduler": rf"^(tcp|tls)://.+:[0-9]+$|{VARIABLE}",
    }
    for name, pattern in named.items():
        found["properties"][name] |= {"type": "string", "pattern": pattern}
    return found


def _invoices() -> dict[str, Any]:
    properties = {option.name: option_schema(option) for option in INVOICE}
    named = {"period": rf"^[0-9]{{4}}-(0[1-9]|1[0-2])$|{VARIABLE}", "basis": rf"^({'|'.join(BASES)})$|{VARIABLE}"}
    for name, pattern in named.items():
        properties[name] |= {"type": "string", "pattern": pattern}
    properties["match"] = {"description": properties["match"]["description"], "$ref": "#/$defs/match"}
    required = [option.name for option in INVOICE if option.required]
    item = {"type": "object", "additionalProperties": False, "properties": properties, "required": required}
    return {"type": ["array", "null"], "items": item}


def _statements() -> dict[str, Any]:
    delivery = {**section(DELIVERY), "type": "object"}
    delivery["properties"]["to"] |= {"type": "string", "pattern": rf"^(folder|s3|email)$|{VARIABLE}"}
    required = [option.name for option in DELIVERY if option.required]
    journal = section(JOURNAL)
    journal["properties"]["accounts"] |= section(ACCOUNTS)
    journal["properties"]["basis"] |= {"type": "string", "pattern": rf"^({'|'.join(BASES)})$|{VARIABLE}"}
    sections = {
        "deliver": or_empty({"type": "array", "items": {**delivery, "required": required}}),
        "journal": journal,
    }
    described = {name: {"description": STATEMENTS[name], **form} for name, form in sections.items()}
    return {"type": ["object", "null"], "additionalProperties": False, "properties": described}


def _prices() -> dict[str, Any]:
    match = {"$ref": "#/$defs/match"}
    day = {"type": "string", "pattern": rf"^\d{{4}}-\d{{2}}-\d{{2}}$|{VARIABLE}"}
    replaces = {"source": SCALAR, "match": match, "lag": FORMS["duration"]}
    kinds = {
        **dict.fromkeys(PRICE, SCALAR),
        "match": match,
        "list": {"type": "string", "pattern": rf"^({GENAI_PRICES}|{NO_LIST})$|{VARIABLE}"},
        "models": {"type": "object", "additionalProperties": SCALAR},
        "prefer": words(),
        **dict.fromkeys(("price", "factor"), FORMS["decimal"]),
        "per": FORMS["integer"],
        **dict.fromkeys(("from", "until"), day),
        "replaces": entries(REPLACES, replaces, ["source", "match"]),
    }
    item = {**entries(PRICE, kinds, []), "anyOf": [{"required": ["metric", "price"]}, {"required": ["list"]}]}
    return or_empty({"type": "array", "items": item})
