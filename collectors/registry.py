"""The collector types that are installed: ours, and those of outside packages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from collectors.base import ENTRY_POINT_GROUP, CollectorType

_OURS = "attributor"


@dataclass(frozen=True)
class Types:
    """What could be loaded, by name, and why the rest could not."""

    loaded: Mapping[str, CollectorType]
    broken: Mapping[str, str]


def load_types() -> Mapping[str, CollectorType]:
    """Return the collector types that can be used, by name; `read_types` also says what is broken."""
    return read_types(entry_points(group=ENTRY_POINT_GROUP)).loaded


def broken_types() -> Mapping[str, str]:
    """Return why an installed collector type cannot be used, by name: a message for the user."""
    return read_types(entry_points(group=ENTRY_POINT_GROUP)).broken


def read_types(points: Iterable[EntryPoint]) -> Types:
    """Load each entry point by itself, so that a broken one spoils no other.

    A name that two packages claim stays ours where it is ours, and is broken otherwise.
    """
    loaded: dict[str, CollectorType] = {}
    broken: dict[str, str] = {}
    owners: dict[str, str] = {}
    for point in sorted(points, key=lambda point: (_package(point) != _OURS, point.name, _package(point))):
        if point.name in owners:
            clash = f"{owners[point.name]} and {_package(point)} both provide a collector type {point.name!r}"
            if owners[point.name] != _OURS:
                loaded.pop(point.name, None)
            broken[point.name] = clash
            continue
        owners[point.name] = _package(point)
        found = _load(point)
        if isinstance(found, CollectorType):
            loaded[point.name] = found
        else:
            broken[point.name] = found
    return Types(loaded, broken)


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "an unnamed package"


def _load(point: EntryPoint) -> CollectorType | str:
    """Return the type, or why there is none."""
    where = f"the collector type {point.name!r} of {_package(point)} ({point.value})"
    try:
        found = point.load()
    except Exception as error:  # noqa: BLE001 -- code of others may raise anything when it is imported
        return f"{where} cannot be loaded: {type(error).__name__}: {error}"
    if not isinstance(found, CollectorType):
        return f"{where} is a {type(found).__name__}, not a CollectorType"
    if found.name != point.name:
        return f"{where} calls itself {found.name!r}"
    return found
