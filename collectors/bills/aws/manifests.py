"""AWS' manifests: written after all files of a run, and the only word on which files belong to it."""

import json
from pathlib import PurePosixPath
from typing import Any

from collectors.base import CollectError
from collectors.bills.aws.layout import spot_of
from collectors.place import Place
from collectors.places import opened
from collectors.storage.access import Access

SUFFIX = "manifest.json"
_LISTS = ("datafiles", "reportkeys", "files")
_ADDRESSES = ("path", "key", "s3uri", "uri")


def is_manifest(place: Place) -> bool:
    """Tell a manifest from a data file."""
    return place.name.lower().endswith(SUFFIX)


def named_files(place: Place, access: Access) -> tuple[tuple[str, str], ...]:
    """Return the run and the name of each file that a manifest names.

    Both lists of names are known: `dataFiles` of Data Exports, `reportKeys` of legacy reports. Raises CollectError:
    permanent where it is no manifest.
    """
    with opened(place, access) as path:
        try:
            document = json.loads(path.read_bytes())
        except ValueError as error:
            raise CollectError(f"{place.name} is no readable manifest: {error}", permanent=True) from error
    listed = _lowered(document)
    entries = next((listed[name] for name in _LISTS if isinstance(listed.get(name), list)), None)
    if entries is None:
        raise CollectError(f"{place.name} is no manifest: it has no list dataFiles or reportKeys", permanent=True)
    return tuple(_run_and_file(_address(entry, place)) for entry in entries)


def _address(entry: object, place: Place) -> str:
    if isinstance(entry, str):
        return entry
    parts = _lowered(entry)
    address = next((parts[name] for name in _ADDRESSES if isinstance(parts.get(name), str)), None)
    if address is None:
        raise CollectError(f"{place.name} names a file in a form that is not known: {entry!r}", permanent=True)
    return str(address)


def _run_and_file(address: str) -> tuple[str, str]:
    spot = spot_of(address)
    return ("", PurePosixPath(address).name) if spot is None else (spot.run, spot.file)


def _lowered(document: object) -> dict[str, Any]:
    return {str(key).lower(): value for key, value in document.items()} if isinstance(document, dict) else {}
