"""Deliveries that are still being written: what a manifest names must not be newer than the manifest."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from collectors.base import CollectError
from collectors.place import Place

_UNDER_WAY = timedelta(hours=3)
"""How long ago a file may have been written for a run to be still going on."""


def refuse_unfinished(manifest: Place, files: Iterable[Place], now: datetime) -> None:
    """Refuse files that were written after the manifest just now: a run is overwriting what the manifest names."""
    for place in files:
        if place.modified is None or manifest.modified is None:
            continue
        if place.modified > manifest.modified and now - place.modified < _UNDER_WAY:
            raise CollectError(f"{place.name} is newer than its manifest: a delivery is under way", permanent=False)
