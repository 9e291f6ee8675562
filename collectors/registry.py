"""The collector types that are installed: ours, and those of outside packages."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, entry_points
from typing import Generic, TypeVar

from collectors.base import ENTRY_POINT_GROUP, CollectorType

_OURS = "attributor"
Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Types:
    """What can be loaded, by name, and why the rest cannot: a message for the user.

    A type is loaded when it is asked for, and all of them where one goes through them: most bring a provider's client.
    """

    loaded: Mapping[str, CollectorType]
    broken: Mapping[str, str]


@dataclass(frozen=True)
class _Installed:
    """A type that is not loaded yet."""

    package: str
    point: EntryPoint

    @property
    def name(self) -> str:
        return self.point.name


_Found = dict[str, _Installed | CollectorType | str]


def installed_types() -> Types:
    """Return the collector types of this installation."""
    return read_types(entry_points(group=ENTRY_POINT_GROUP))


def read_types(points: Iterable[EntryPoint]) -> Types:
    """Load each entry point by itself, so that a broken one spoils no other.

    A name that two packages claim stays ours where it is ours, and is broken otherwise.
    """
    owners: dict[str, str] = {}
    found: _Found = {}
    for each in sorted(_with_packages(points), key=lambda each: (each.package != _OURS, each.name, each.package)):
        if each.name not in owners:
            owners[each.name] = each.package
            found[each.name] = each
        elif owners[each.name] != _OURS:
            clash = f"{owners[each.name]} and {each.package} both provide a collector type {each.name!r}"
            found[each.name] = clash
    return Types(_OfKind(found, CollectorType), _OfKind(found, str))


class _OfKind(Mapping[str, Kind], Generic[Kind]):
    """Those that turn out to be of one kind; `found` is filled as they are loaded."""

    def __init__(self, found: _Found, kind: type[Kind]) -> None:
        self._found = found
        self._kind = kind

    def __getitem__(self, name: str) -> Kind:
        found = self._found[name]
        if isinstance(found, _Installed):
            found = self._found[name] = _load(found)
        if not isinstance(found, self._kind):
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return (name for name in list(self._found) if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _with_packages(points: Iterable[EntryPoint]) -> Iterator[_Installed]:
    """Yield each with its package's name, which is read once: for that all of the package's description is parsed."""
    names: dict[Distribution | None, str] = {None: "an unnamed package"}
    for point in points:
        if point.dist not in names and point.dist is not None:
            names[point.dist] = point.dist.name
        yield _Installed(names[point.dist], point)


def _load(installed: _Installed) -> CollectorType | str:
    """Return the type, or why there is none."""
    point, package = installed.point, installed.package
    where = f"the collector type {point.name!r} of {package} ({point.value})"
    try:
        found = point.load()
    except Exception as error:  # noqa: BLE001 -- code of others may raise anything when it is imported
        return f"{where} cannot be loaded: {type(error).__name__}: {error}"
    if not isinstance(found, CollectorType):
        return f"{where} is a {type(found).__name__}, not a CollectorType"
    if found.name != point.name:
        return f"{where} calls itself {found.name!r}"
    return found
