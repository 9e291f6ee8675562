"""Places: what a `path:` means (a file, a glob, a folder, a prefix in an object store, an address), and how its files
are opened.
"""

import glob
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from collectors.base import CollectError, Need
from collectors.place import Place
from collectors.storage.access import Access
from collectors.storage.azure import AZURE, is_azure
from collectors.storage.gcs import GCS
from collectors.storage.s3 import S3
from collectors.storage.store import Store
from collectors.storage.web import WEB

_WILDCARDS = frozenset("*?[")
_CHAIN = Access()
"""Credentials by the provider's own chain."""


def store_of(path: str) -> Store | None:
    """Return the object store that a path lies in; None for the local disk."""
    if path.startswith("s3://"):
        return S3
    if path.startswith("gs://"):
        return GCS
    if is_azure(path):
        return AZURE
    return WEB if path.startswith(("https://", "http://")) else None


def list_places(path: str, folder: Path, suffixes: tuple[str, ...], access: Access = _CHAIN) -> tuple[Place, ...]:
    """Return the files that `path` stands for, by name; an empty tuple where there are none.

    A relative path starts at `folder`. A folder or prefix is read whole, with what lies below it: of it only files
    whose name ends in one of the `suffixes` count, and none that is hidden or begins with an underscore. A glob
    (`*`, `?`, `[…]`, `**`) and a single name take what they name. Raises CollectError where listing fails.
    """
    store = store_of(path)
    found = _local_places(path, folder, suffixes) if store is None else store.list(path, suffixes, access)
    return tuple(sorted(found, key=lambda place: place.name))


def probe_path(path: str, folder: Path, suffixes: tuple[str, ...], access: Access) -> tuple[Need, ...]:
    """Try what reading a path needs with the least read: list it, then look into its smallest file."""
    store = store_of(path)
    to_list, to_read = ("access to the folder", "access to its files")
    if store is not None:
        to_list, to_read = store.to_list, store.to_read
    try:
        places = list_places(path, folder, suffixes, access)
    except CollectError as error:
        return (Need(to_list, str(error)),)
    if not places:
        return (Need(to_list), Need(to_read, f"there is no file at {path} to try it on"))
    smallest = min(places, key=lambda place: (place.size, place.name))
    try:
        _peek(store, smallest, access)
    except CollectError as error:
        return (Need(to_list), Need(to_read, str(error)))
    return (Need(to_list), Need(to_read))


def revision_of(places: Iterable[Place]) -> str:
    """Return the digest of names, sizes and fingerprints: it changes when any file does."""
    digest = hashlib.sha256()
    for place in places:
        digest.update(f"{place.name}\0{place.size}\0{place.fingerprint}\n".encode())
    return digest.hexdigest()


@contextmanager
def opened(place: Place, access: Access = _CHAIN) -> Iterator[Path]:
    """Give a local path to the file's content; what was fetched for it is deleted again.

    Raises a CollectError that is not permanent where the file changed since it was listed, or while it was read.
    """
    store = store_of(place.location)
    if store is not None:
        with store.copy(place, access) as path:
            yield path
        return
    path = Path(place.location)
    _refuse_changed(place, path)
    yield path
    _refuse_changed(place, path)


def _peek(store: Store | None, place: Place, access: Access) -> None:
    if store is not None:
        store.peek(place, access)
        return
    try:
        with Path(place.location).open("rb") as file:
            file.read(1)
    except OSError as error:
        raise CollectError(f"{place.name} cannot be read: {error.strerror}", permanent=False) from error


def _refuse_changed(place: Place, path: Path) -> None:
    try:
        now = _fingerprint(path)
    except OSError as error:
        raise CollectError(f"{place.name} cannot be read: {error.strerror}", permanent=False) from error
    if now != place.fingerprint:
        raise CollectError(f"{place.name} changed while it was being read", permanent=False)


def _local_places(path: str, folder: Path, suffixes: tuple[str, ...]) -> Iterator[Place]:
    base = folder / path
    if base.is_dir():
        for found in base.rglob("*"):
            if _is_data(found.relative_to(base), suffixes) and found.is_file():
                yield _local_place(found, folder)
    elif base.is_file():
        yield _local_place(base, folder)
    elif _WILDCARDS & set(path):
        for name in glob.iglob(str(base), recursive=True):  # noqa: PTH207 -- Path.glob takes no absolute pattern
            if Path(name).is_file():
                yield _local_place(Path(name), folder)


def _is_data(relative: Path, suffixes: tuple[str, ...]) -> bool:
    hidden = any(part.startswith((".", "_")) for part in relative.parts)
    return not hidden and relative.name.lower().endswith(suffixes)


def _local_place(path: Path, folder: Path) -> Place:
    name = path.relative_to(folder) if path.is_relative_to(folder) else path
    try:
        return Place(name.as_posix(), path.stat().st_size, _fingerprint(path), str(path))
    except OSError as error:
        raise CollectError(f"{name} cannot be read: {error.strerror}", permanent=False) from error


def _fingerprint(path: Path) -> str:
    stat = path.stat()
    return f"{stat.st_mtime_ns}/{stat.st_size}"
