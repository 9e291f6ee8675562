"""One exported observation: which it is, when it began, who made it, what it used."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from collectors.files.block import UnreadableError
from collectors.tokens.langfuse.counts import observed_counts
from collectors.values.instants import instant_of

FACTS = (
    "user",
    "model",
    "environment",
    "project_id",
    "name",
    "trace_name",
    "release",
    "version",
    "prompt_name",
    "session",
    "pricing_tier",
)
DEFAULT_FACTS = ("user", "model", "environment", "project_id")
COST = "langfuse.cost_usd"
_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "id": ("id",),
    "type": ("type",),
    "start": ("starttime",),
    "updated": ("updatedat",),
    "level": ("level",),
    "usage": ("usagedetails", "usage"),
    "prompt_tokens": ("prompttokens", "inputusage"),
    "completion_tokens": ("completiontokens", "outputusage"),
    "total_tokens": ("totaltokens", "totalusage"),
    "cost": ("totalcost", "calculatedtotalcost"),
    "costs": ("costdetails",),
    "tags": ("tags", "tracetags"),
    "metadata": ("metadata",),
    "user": ("userid",),
    "model": ("providedmodelname", "model", "modelname"),
    "environment": ("environment",),
    "project_id": ("projectid",),
    "name": ("name",),
    "trace_name": ("tracename",),
    "release": ("release",),
    "version": ("version",),
    "prompt_name": ("promptname",),
    "session": ("sessionid",),
    "pricing_tier": ("usagepricingtiername",),
}
"""How exports to blob storage (usage_details) and from the pages and the API (usageDetails) spell a field."""

_COUNTED = frozenset({"GENERATION", "EMBEDDING"})
"""Types of observation that call a model. Agents and chains may repeat what the calls within them used."""


class ObservationError(ValueError):
    """A field that cannot be right; the message is for the user."""

    def __init__(self, field: str, value: object, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.value = None if value is None else str(value)


@dataclass(frozen=True)
class Sorting:
    """By which facts observations are told apart.

    `metadata` are keys of the metadata that are facts too, `tags` keys of tags written as KEY:VALUE; `inclusive` is
    that of `observed_counts`.
    """

    facts: Sequence[str]
    metadata: Sequence[str] = ()
    tags: Sequence[str] = ()
    inclusive: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all facts."""
        return (*self.facts, *self.metadata, *self.tags)


@dataclass(frozen=True)
class Observation:
    """A call of a model: `start` is aware UTC, `updated` sorts versions of it, `who` are its facts in their order."""

    id: str
    start: datetime
    updated: str
    who: tuple[str | None, ...]
    counts: Mapping[str, int | Decimal]


def choose_fields(names: list[str]) -> dict[str, str]:
    """Return the fields to read by their name in the file; raise UnreadableError where it has no observations."""
    plain = {name.strip().replace("_", "").lower(): name for name in reversed(names)}
    chosen = {
        next(plain[spelled] for spelled in spellings if spelled in plain): ours
        for ours, spellings in _SPELLINGS.items()
        if any(spelled in plain for spelled in spellings)
    }
    missing = [name for name in ("id", "type", "start") if name not in chosen.values()]
    if missing:
        words = ", ".join({"start": "start_time"}.get(name, name) for name in missing)
        raise UnreadableError(f"holds no observations of Langfuse: it has no {words}; it has {', '.join(names[:8])}")
    return chosen


def observation_of(record: Mapping[str, Any], sorting: Sorting) -> Observation | None:
    """Return the call that a record tells of, None where it is of another kind; raise ObservationError."""
    if str(record["type"] or "").upper() not in _COUNTED:
        return None
    return Observation(
        id=f"{record.get('project_id') or ''}/{_needed(record, 'id')}",
        start=_start(record),
        updated=str(record.get("updated") or ""),
        who=tuple(_facts(record, sorting)),
        counts=_counts(record, sorting),
    )


def _needed(record: Mapping[str, Any], field: str) -> Any:
    value = record.get(field)
    if value in {None, ""}:
        raise ObservationError(field, None, "is missing")
    return value


def _start(record: Mapping[str, Any]) -> datetime:
    value = _needed(record, "start")
    instant = value if isinstance(value, datetime) else instant_of(str(value))
    if instant is None:
        raise ObservationError("start_time", value, "is not a date or time")
    return instant


def _counts(record: Mapping[str, Any], sorting: Sorting) -> dict[str, int | Decimal]:
    usage = _usage(record)
    counts: dict[str, int | Decimal] = dict(observed_counts(usage, inclusive=sorting.inclusive))
    failed = str(record.get("level") or "").upper() == "ERROR"
    counts["requests.failed" if failed else "requests"] = 1
    cost = _cost(record)
    return {**counts, COST: cost} if cost else counts


def _usage(record: Mapping[str, Any]) -> Mapping[str, int]:
    told = _mapping(record, "usage")
    if not told:
        names = ("prompt_tokens", "completion_tokens", "total_tokens")
        told = {name: record[name] for name in names if record.get(name) not in {None, ""}}
    plain = {name: value for name, value in told.items() if not isinstance(value, str) or value.strip().isdecimal()}
    counted = {name: value for name, value in plain.items() if value is not None and not _is_no_count(name)}
    return {name: _count(name, value) for name, value in counted.items()}


def _is_no_count(name: str) -> bool:
    """Tell what gateways and the older form of usage have among the counts: money, and the unit."""
    return name == "unit" or "cost" in name.lower()


def _count(name: str, value: object) -> int:
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise ObservationError(f"usage_details.{name}", value, "is no count") from error
    if isinstance(value, bool) or not number.is_finite() or number < 0 or number != number.to_integral_value():
        raise ObservationError(f"usage_details.{name}", value, "is no count, which is a whole number of 0 or more")
    return int(number)


def _cost(record: Mapping[str, Any]) -> Decimal:
    """Return what Langfuse says that the call cost, in dollars, to twelve decimals; 0 where it does not know."""
    value = record.get("cost")
    if value in {None, ""}:
        costs = _mapping(record, "costs")
        value = costs.get("total") or 0
    try:
        cost = Decimal(str(value))
    except InvalidOperation as error:
        raise ObservationError("total_cost", value, "is no amount") from error
    if not cost.is_finite() or cost < 0:
        raise ObservationError("total_cost", value, "is no amount of 0 or more")
    return cost.quantize(Decimal("1E-12")) if cost else Decimal(0)


def _facts(record: Mapping[str, Any], sorting: Sorting) -> list[str | None]:
    metadata = _mapping(record, "metadata") if sorting.metadata else {}
    tags = _tags(record) if sorting.tags else {}
    facts = [record.get(name) for name in sorting.facts]
    return [_text(one) for one in (*facts, *map(metadata.get, sorting.metadata), *map(tags.get, sorting.tags))]


def _tags(record: Mapping[str, Any]) -> Mapping[str, str]:
    """Return tags written as KEY:VALUE or KEY=VALUE; of a key that comes twice the first stands."""
    told = _json(record, "tags")
    found: dict[str, str] = {}
    for tag in told if isinstance(told, list) else []:
        for sign in (":", "="):
            key, separator, value = str(tag).partition(sign)
            if separator:
                found.setdefault(key.strip(), value.strip())
    return found


def _text(value: object) -> str | None:
    if value is None or isinstance(value, (list, dict)):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip() or None


def _mapping(record: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    told = _json(record, field)
    if isinstance(told, list) and all(isinstance(pair, tuple) for pair in told):
        return dict(told)  # a map of Parquet
    return told if isinstance(told, Mapping) else {}


def _json(record: Mapping[str, Any], field: str) -> Any:
    """Return a field that is a list or a map, or in CSV the JSON of one."""
    value = record.get(field)
    if not isinstance(value, str) or not value.strip():
        return value
    try:
        return json.loads(value, parse_float=Decimal)
    except ValueError as error:
        if field == "metadata":  # free text is allowed there
            return None
        raise ObservationError(field, value, f"is not JSON: {error}") from error
