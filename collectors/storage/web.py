"""A single file at an https:// address."""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from collectors.base import CollectError
from collectors.http import Server, ask_stream, connected
from collectors.place import Place
from collectors.storage.access import Access
from collectors.storage.store import CHUNK, Store


def list_address(url: str, suffixes: tuple[str, ...], access: Access) -> tuple[Place, ...]:  # noqa: ARG001
    """Return the one file at an address, whatever its name ends in; its query, which may be a secret, is not shown."""
    server = _server(url, access)
    with connected(server) as client:
        size, fingerprint = ask_stream(client, server, "", _looked_at)
    return (Place(server.shown, size, fingerprint, url),)


@contextmanager
def copy_address(place: Place, access: Access) -> Iterator[Path]:
    """Stream the file to a temporary one that is deleted afterwards; one that changed since is not read."""
    server = _server(place.location, access)
    with tempfile.TemporaryDirectory(prefix="attributor-") as folder:
        path = Path(folder, "object")
        with connected(server) as client:
            fingerprint = ask_stream(client, server, "", lambda answer: _written(answer, path))
        if fingerprint != place.fingerprint:
            raise CollectError(f"{place.name} changed since it was listed", permanent=False)
        yield path


def peek_address(place: Place, access: Access) -> None:
    """Ask for the file and read nothing of it."""
    server = _server(place.location, access)
    with connected(server) as client:
        ask_stream(client, server, "", lambda answer: answer.status_code)


WEB = Store(list_address, copy_address, peek_address, to_list="GET of the address", to_read="GET of the address")


def _server(url: str, access: Access) -> Server:
    return Server(url, access.bearer_token, access.username, access.password)


def _looked_at(answer: httpx2.Response) -> tuple[int, str]:
    """Return size and fingerprint by the headers; without ETag and Last-Modified only the content can tell."""
    by_headers = _fingerprint(answer)
    if by_headers is not None:
        return int(answer.headers.get("Content-Length", 0)), by_headers
    digest, size = hashlib.sha256(), 0
    for chunk in answer.iter_raw(CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return size, digest.hexdigest()


def _written(answer: httpx2.Response, path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for chunk in answer.iter_raw(CHUNK):
            file.write(chunk)
            digest.update(chunk)
    return _fingerprint(answer) or digest.hexdigest()


def _fingerprint(answer: httpx2.Response) -> str | None:
    tag = answer.headers.get("ETag")
    modified = answer.headers.get("Last-Modified")
    return str(tag or f"{modified}/{answer.headers.get('Content-Length', '')}") if tag or modified else None
