"""Single columns of Azure's cost exports, brought to FOCUS' words: dates, tags, services, resources."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from collectors.schema import INSTANT
from collectors.values.distinct import Converted, Distinct, by_distinct
from collectors.values.instants import instant_of, to_instants

_AMERICAN = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})(?: .*)?")
_MESSAGE = "is not a date; Azure writes it as 11/20/2026 (month, day, year) or 2026-11-20"
_STAND_IN = datetime(2000, 1, 1, tzinfo=UTC)
"""Stands where a date is faulty and told already, so that it is not told again as missing."""

CATEGORIES: Mapping[str, str] = {
    "AI + Machine Learning": "AI and Machine Learning",
    "Analytics": "Analytics",
    "Azure Communication Services": "Other",
    "Compute": "Compute",
    "Containers": "Compute",
    "Databases": "Databases",
    "Developer Tools": "Developer Tools",
    "Identity": "Identity",
    "Integration": "Integration",
    "Internet of Things": "Internet of Things",
    "Management and Governance": "Management and Governance",
    "Media": "Media",
    "Migration": "Migration",
    "Mobile": "Mobile",
    "Networking": "Networking",
    "Security": "Security",
    "Storage": "Storage",
    "Web": "Web",
    "Windows Virtual Desktop": "End User Computing",
}
"""FOCUS' category of each ServiceFamily; any other is `Other`."""

_ORIGIN = r"(?i)^.*/providers/([^/]+/[^/]+)/[^/]+.*$"


def to_days(column: pa.Array) -> Converted:
    """Convert dates to midnight UTC: month/day/year, ISO 8601, or a type of Parquet; a fault stands as a date."""
    if not pa.types.is_string(column.type):
        return Converted(pc.floor_temporal(to_instants(column).values, unit="day"))
    return by_distinct(column, _distinct_days)


def braced(tags: pa.Array) -> pa.Array:
    """Put the braces around tags that Azure writes without them: "team": "ads","env": "prod"."""
    return by_distinct(
        tags, _texts(lambda text: text if text.lstrip().startswith("{") else f"{{{text.strip(' ,')}}}")
    ).values


def mapped(column: pa.Array, words: Mapping[str, str], otherwise: str | None) -> pa.Array:
    """Replace words by others, whatever their case and blanks; null stays null."""
    known = {plain(word): other for word, other in words.items()}
    return by_distinct(column, _texts(lambda text: known.get(plain(text), otherwise))).values


def plain(text: str) -> str:
    """Return a word in small letters without blanks."""
    return text.replace(" ", "").lower()


def subscription_ids(column: pa.Array) -> pa.Array:
    """Write subscriptions as FOCUS exports of Azure do: /subscriptions/ID."""
    return by_distinct(column, _texts(lambda text: text if text.startswith("/") else f"/subscriptions/{text}")).values


def region_ids(column: pa.Array) -> pa.Array:
    """Write regions as ids: "US East" and "EastUS" differ in Azure's exports, and only blanks and case are ours."""
    return by_distinct(column, _texts(plain)).values


def resource_types(resources: pa.Array) -> pa.Array:
    """Return the type in a resource's id, such as microsoft.compute/virtualmachines."""
    known = pc.match_substring_regex(resources, _ORIGIN)
    types = pc.utf8_lower(pc.replace_substring_regex(resources, _ORIGIN, r"\1"))
    return pc.if_else(known, types, pa.scalar(None, pa.string()))


def last_names(resources: pa.Array) -> pa.Array:
    """Return the last part of a resource's id."""
    return pc.replace_substring_regex(resources, r"^.*/", "")


def _texts(change: Callable[[str], str | None]) -> Callable[[pa.Array], Distinct]:
    return lambda texts: Distinct(pa.array([change(text) for text in texts.to_pylist()], pa.string()), {})


def _distinct_days(texts: pa.Array) -> Distinct:
    days: list[datetime] = []
    faults: dict[int, str] = {}
    for position, text in enumerate(texts.to_pylist()):
        day = _day_of(text.strip())
        days.append(_STAND_IN if day is None else day)
        if day is None:
            faults[position] = _MESSAGE
    return Distinct(pa.array(days, INSTANT), faults)


def _day_of(text: str) -> datetime | None:
    american = _AMERICAN.fullmatch(text)
    if american is not None:
        month, day, year = map(int, american.groups())
        try:
            return datetime(year, month, day, tzinfo=UTC)
        except ValueError:  # 20/11/2026
            return None
    moment = instant_of(text)
    return None if moment is None else moment.replace(hour=0, minute=0, second=0, microsecond=0)
