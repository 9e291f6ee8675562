"""Azure's manifests: written after all files of a run of an export; they say what the run tells, and name its files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from collectors.base import CollectError, Window
from collectors.bills.azure.spans import months_of
from collectors.place import Place
from collectors.places import opened
from collectors.storage.access import Access
from collectors.values.instants import instant_of

SUFFIX = "manifest.json"
_EXPORTS = "/providers/microsoft.costmanagement/exports/"


@dataclass(frozen=True)
class Blob:
    """A file that a manifest names: `name` starts at the container, `size` is in bytes, where it is told."""

    name: str
    size: int | None


@dataclass(frozen=True)
class Run:
    """One run of one export.

    `scope` is whose costs it tells (a billing account, a subscription), `dataset` the export's type in small letters
    (focuscost, actualcost, amortizedcost). `span` is what it tells of: whole months, though the
    current one is not over; [first day, day after the last) for other spans (a span that somebody chose, a billing
    month that begins on another day). `submitted` orders the runs of a scope.
    """

    place: Place
    scope: str
    dataset: str
    span: Window
    submitted: datetime
    blobs: tuple[Blob, ...]


def is_manifest(place: Place) -> bool:
    """Tell a manifest from a data file."""
    return place.name.rpartition("/")[2].lower() == SUFFIX


def read_run(place: Place, access: Access) -> Run:
    """Read a manifest; raise a permanent CollectError where it is none, or lacks what tells which run counts."""
    with opened(place, access) as path:
        try:
            document = _lowered(json.loads(path.read_bytes().decode("utf-8-sig")))
        except ValueError as error:
            raise CollectError(f"{place.name} is no readable manifest: {error}", permanent=True) from error
    config, info = _lowered(document.get("exportconfig")), _lowered(document.get("runinfo"))
    blobs = document.get("blobs")
    if not config or not info or not isinstance(blobs, list | None):
        message = f"{place.name} is no manifest of an export: it lacks exportConfig, runInfo or the list blobs"
        raise CollectError(message, permanent=True)
    resource = str(config.get("resourceid") or "").lower()
    start = _moment(info, "startdate", place)
    end = _moment(info, "enddate", place) if info.get("enddate") else start
    days = Window(_midnight(start), _midnight(max(start, end)) + timedelta(days=1))
    timeframe = str(config.get("timeframe") or "month").lower()
    monthly = "month" in timeframe and days.start.day == 1
    return Run(
        place,
        resource.partition(_EXPORTS)[0] or "/",
        str(config.get("type") or "").lower(),
        months_of(days) if monthly else days,
        _moment(info, "submittedtime", place),
        tuple(_blob(entry, place) for entry in blobs or ()),
    )


def _blob(entry: object, place: Place) -> Blob:
    parts = _lowered(entry)
    name, size = parts.get("blobname"), parts.get("bytecount")
    if not isinstance(name, str) or not name:
        raise CollectError(f"{place.name} names a file in a form that is not known: {entry!r}", permanent=True)
    return Blob(name, size if isinstance(size, int) else None)


def _moment(info: Mapping[str, Any], name: str, place: Place) -> datetime:
    text = str(info.get(name) or "")
    moment = instant_of(text)
    if moment is None:
        raise CollectError(f"{place.name}: runInfo has no readable {name}: {text!r}", permanent=True)
    return moment


def _midnight(moment: datetime) -> datetime:
    return datetime(moment.year, moment.month, moment.day, tzinfo=UTC)


def _lowered(document: object) -> dict[str, Any]:
    return {str(key).lower(): value for key, value in document.items()} if isinstance(document, dict) else {}
