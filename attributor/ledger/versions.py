"""Lake versions by source and day, as JSON text in a column."""

import json
from collections.abc import Mapping
from datetime import date

Versions = Mapping[str, Mapping[date, int]]
"""By source and UTC day: a lake version of its rows."""


def versions_as_json(versions: Versions) -> str:
    """Write the versions as {source: {day: version}}."""
    days = {source: {day.isoformat(): version for day, version in of.items()} for source, of in versions.items()}
    return json.dumps(days, sort_keys=True)


def versions_from_json(text: str) -> Versions:
    """Read what `versions_as_json` wrote."""
    return {
        source: {date.fromisoformat(day): version for day, version in of.items()}
        for source, of in json.loads(text).items()
    }
