"""Logged calls, added up by the hour and by who made them, in the normal form of tokens."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from collectors.api.rows import Row
from collectors.base import RowProblem
from collectors.problems import Problems
from collectors.tokens.inclusive import Counts, call_counts
from collectors.tokens.litellm.tables import OPTIONAL, Names

FACTS = (
    "team",
    "team_id",
    "api_key",
    "key_alias",
    "user",
    "end_user",
    "organization",
    "model",
    "model_group",
    "provider",
    "call_type",
    "agent",
)
DEFAULT_FACTS = ("team", "team_id", "api_key", "key_alias", "user", "model", "provider")
_FIXED = (
    "request_id",
    "hour",
    "prompt_tokens",
    "completion_tokens",
    "model",
    "usage_object",
    "additional_usage_values",
    "key_alias",
    "team_alias",
)
_HIT = "True"


@dataclass(frozen=True)
class Sorting:
    """By which facts calls are told apart, and which keys of the callers' own metadata are facts too."""

    facts: Sequence[str]
    metadata: Sequence[str]


def hourly_rows(
    found: Iterable[Sequence[Any]], sorting: Sorting, names: Names, place: str, problems: Problems
) -> list[Row]:
    """Return usage rows of what the query of calls gave; note every call whose counts cannot be right."""
    columns = (*_FIXED, *OPTIONAL, *(f"metadata.{key}" for key in sorting.metadata))
    sums: Counter[tuple[datetime, str, tuple[str | None, ...]]] = Counter()
    for values in found:
        call = dict(zip(columns, values, strict=True))
        wrong = _wrong(call)
        if wrong is not None:
            request = f"{place} request {call['request_id']}"
            problems.add_value(RowProblem(request, None, wrong, str(call[wrong]), "is no count of tokens"))
            continue
        who = tuple(_facts(call, sorting, names))
        for metric, count in _counts(call).items():
            sums[call["hour"], metric, who] += count
    keys = (*sorting.facts, *sorting.metadata)
    return [
        {"hour": hour.replace(tzinfo=UTC), "metric": metric, "quantity": count, **dict(zip(keys, who, strict=True))}
        for (hour, metric, who), count in sums.items()
    ]


def _wrong(call: Mapping[str, Any]) -> str | None:
    return next((name for name in ("prompt_tokens", "completion_tokens") if not (call[name] or 0) >= 0), None)


def _counts(call: Mapping[str, Any]) -> Counts:
    """Count a call; what the proxy's own cache answered used no token of any provider's."""
    if call["cache_hit"] == _HIT:
        return {"requests.gateway_cached": 1}
    said = {**_mapping(call["additional_usage_values"]), **_mapping(call["usage_object"])}
    tokens = call_counts(call["prompt_tokens"] or 0, call["completion_tokens"] or 0, said)
    return {**tokens, "requests.failed" if call["status"] == "failure" else "requests": 1}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _facts(call: Mapping[str, Any], sorting: Sorting, names: Names) -> Iterator[str | None]:
    provider, team = call["custom_llm_provider"] or "", call["team_id"] or ""
    known = {
        "team": call["team_alias"] or names.teams.get(team) or team,
        "team_id": team,
        "api_key": call["api_key"],
        "key_alias": call["key_alias"] or names.keys.get(call["api_key"] or ""),
        "user": call["user"],
        "end_user": call["end_user"],
        "organization": call["organization_id"],
        "model": call["model"].removeprefix(f"{provider}/") if provider else call["model"],
        "model_group": call["model_group"],
        "provider": provider,
        "call_type": call["call_type"],
        "agent": call["agent_id"],
    }
    for name in sorting.facts:
        yield known[name] or None
    for key in sorting.metadata:
        yield call[f"metadata.{key}"] or None
