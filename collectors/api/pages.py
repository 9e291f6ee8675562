"""Walking the pages of an answer: each once, to the last, and never in circles."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from collectors.base import CollectError

_MOST_EMPTY = 50


@dataclass(frozen=True)
class Page:
    """One page: its items, the token of the next (None: it is the last) and, where told, how many items there are.

    `announced` is the number of items that the provider says this page, or the whole answer, has; `of_all` says which.
    """

    items: Sequence[Any]
    following: str | None
    announced: int | None = None
    of_all: bool = False


def walk(ask: Callable[[str | None], Page], shown: str) -> Iterator[Sequence[Any]]:
    """Yield the items of each page, from the first (`ask(None)`) to the last; empty pages are passed over.

    Raises a CollectError that is not permanent where a page comes twice, a token leads back, a page is shorter than
    it was announced to be, or fifty pages in a row are empty: nothing of such an answer can be trusted.
    """
    tokens: set[str] = set()
    seen: set[bytes] = set()
    token: str | None = None
    count = empty = 0
    while True:
        page = ask(token)
        count += len(page.items)
        empty = 0 if page.items else empty + 1
        _refuse_short(page, count, shown)
        if page.items:
            _refuse_seen(_digest(page.items), seen, shown)
            yield page.items
        if page.following is None:
            return
        if page.following in tokens or empty >= _MOST_EMPTY:
            raise CollectError(f"{shown} gives pages without end", permanent=False)
        tokens.add(page.following)
        token = page.following


def _refuse_short(page: Page, count: int, shown: str) -> None:
    if page.announced is None or (page.of_all and page.following is not None):
        return
    found = count if page.of_all else len(page.items)
    if found != page.announced:
        raise CollectError(f"{shown} announced {page.announced} items and gave {found}", permanent=False)


def _refuse_seen(digest: bytes, seen: set[bytes], shown: str) -> None:
    if digest in seen:
        raise CollectError(f"{shown} gave the same page twice", permanent=False)
    seen.add(digest)


def _digest(items: Sequence[Any]) -> bytes:
    return hashlib.sha256(json.dumps(items, default=str, sort_keys=True).encode()).digest()
