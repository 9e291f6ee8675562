"""What a kind of store does for places, and what several kinds have in common: names, patterns, libraries."""

import fnmatch
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any

from collectors.base import CollectError
from collectors.place import Place
from collectors.storage.access import Access

WILDCARDS = "*?["
CHUNK = 8 << 20


@dataclass(frozen=True)
class Extra:
    """A library that a store needs and that is not always there: its module and the extra that brings it."""

    module: str
    name: str

    @property
    def problem(self) -> str | None:
        """What to tell the user where the library is not installed; None where it is."""
        try:
            found = find_spec(self.module) is not None
        except ModuleNotFoundError:  # a parent package is missing
            found = False
        return None if found else f"needs {self.module}: pip install 'attributor[{self.name}]'"

    def load(self) -> Any:
        """Import the library; raise a permanent CollectError that names the extra where it is missing."""
        if self.problem is not None:
            raise CollectError(self.problem, permanent=True)
        return import_module(self.module)


@dataclass(frozen=True)
class Store:
    """One kind of store.

    `list` takes a path, the suffixes that count and the access. `copy` gives the listed version of an object as a
    file that is deleted afterwards. `peek` reads as little of an object as can be. All raise CollectError: permanent
    where the store refuses, not permanent where it is away or the object changed. `to_list` and `to_read` are the
    least permissions, in the provider's words.
    """

    list: Callable[[str, tuple[str, ...], Access], tuple[Place, ...]]
    copy: Callable[[Place, Access], AbstractContextManager[Path]]
    peek: Callable[[Place, Access], None]
    to_list: str
    to_read: str
    extra: Extra | None = None


@dataclass(frozen=True)
class Wanted:
    """Which keys of a container a path means: all below a prefix, or those that fit a pattern with wildcards."""

    prefix: str
    pattern: str | None
    suffixes: tuple[str, ...]

    def has(self, key: str) -> bool:
        """Tell whether a key counts.

        Of a prefix only keys that end in one of the suffixes count, and none that is hidden or begins with an
        underscore; a key that is the prefix itself counts whatever its name.
        """
        if key.endswith("/"):
            return False
        if self.pattern is not None:
            return fnmatch.fnmatchcase(key, self.pattern)
        if key == self.prefix:
            return True
        below = key.removeprefix(self.prefix)
        if self.prefix and not self.prefix.endswith("/") and not below.startswith("/"):
            return False  # "bills" is a folder here, and does not take "bills-old/" with it
        parts = PurePosixPath(below.lstrip("/")).parts
        return key.lower().endswith(self.suffixes) and not any(part.startswith((".", "_")) for part in parts)


def wanted(key: str, suffixes: tuple[str, ...]) -> Wanted:
    """Read the part of a path that follows its container."""
    at = [key.find(wildcard) for wildcard in WILDCARDS if wildcard in key]
    return Wanted(key[: min(at)], key, suffixes) if at else Wanted(key, None, suffixes)


def is_permanent(status: int) -> bool:
    """Tell whether an HTTP status means that asking again unchanged cannot succeed."""
    return 400 <= status < 500 and status not in {408, 429}
