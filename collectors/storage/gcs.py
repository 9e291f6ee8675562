"""Objects in Google Cloud Storage: gs://bucket/prefix.

Credentials come from where Google's client finds them (Application Default Credentials), unless the source names a
file of them. STORAGE_EMULATOR_HOST names an emulator.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from collectors.base import CollectError
from collectors.gcp.credentials import credentials_from_file
from collectors.gcp.failures import google_failures
from collectors.place import Place
from collectors.storage.access import Access
from collectors.storage.store import Extra, Store, wanted

GCS_LIBRARY = Extra("google.cloud.storage", "gcp")
_RETRY = Extra("google.cloud.storage.retry", "gcp")
_API_ERRORS = Extra("google.api_core.exceptions", "gcp")
_TRANSFER_ERRORS = Extra("google.cloud.storage.exceptions", "gcp")
_PATIENCE = 60.0
"""Seconds within which the client tries again what may pass; its own default is two minutes, and ten for sign-in."""
_CONNECT_AND_READ = (10.0, 60.0)


def list_blobs(url: str, suffixes: tuple[str, ...], access: Access) -> tuple[Place, ...]:
    """List gs://bucket/prefix, or a pattern with wildcards; raise CollectError where GCS refuses or is away."""
    bucket, key = _bucket_and_key(url)
    if not bucket:
        raise CollectError(f"{url} names no bucket; write gs://bucket/prefix", permanent=True)
    meant = wanted(key, suffixes)
    with _failures(f"{url} cannot be listed", access):
        blobs = _client(access).list_blobs(bucket, prefix=meant.prefix, timeout=_CONNECT_AND_READ, retry=_retry())
        return tuple(
            Place(f"gs://{bucket}/{blob.name}", blob.size, str(blob.generation), f"gs://{bucket}/{blob.name}")
            for blob in blobs
            if meant.has(blob.name)
        )


@contextmanager
def copy_blob(place: Place, access: Access) -> Iterator[Path]:
    """Fetch the listed generation of an object to a temporary file; delete it afterwards."""
    with tempfile.TemporaryDirectory(prefix="attributor-") as folder:
        path = Path(folder, "object")
        with _failures(f"{place.name} cannot be read", access):
            # Raw: what was stored gzipped stays so, and is unpacked while it is read.
            _blob(place, access).download_to_filename(
                str(path),
                raw_download=True,
                if_generation_match=int(place.fingerprint),
                timeout=_CONNECT_AND_READ,
                retry=_retry(),
            )
        yield path


def peek_blob(place: Place, access: Access) -> None:
    """Read the first byte of an object."""
    with _failures(f"{place.name} cannot be read", access):
        options = {"raw_download": True, "checksum": None, "timeout": _CONNECT_AND_READ, "retry": _retry()}
        _blob(place, access).download_as_bytes(start=0, end=0, **options)


GCS = Store(list_blobs, copy_blob, peek_blob, "storage.objects.list", "storage.objects.get", GCS_LIBRARY)


def _bucket_and_key(url: str) -> tuple[str, str]:
    bucket, _, key = url.removeprefix("gs://").partition("/")
    return bucket, key


def _blob(place: Place, access: Access) -> Any:
    bucket, key = _bucket_and_key(place.location)
    return _client(access).bucket(bucket).blob(key)


def _client(access: Access) -> Any:
    options = {"api_endpoint": access.endpoint_url} if access.endpoint_url else None
    credentials = credentials_from_file(access.credentials_file) if access.credentials_file else None
    # The client would ask beside each request, in a thread of its own, what bucket it is: for traces that nobody
    # takes, and with a right that readers of objects lack. Its only switch is this variable.
    os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
    return GCS_LIBRARY.load().Client(project="attributor", credentials=credentials, client_options=options)


def _retry() -> Any:
    return _RETRY.load().DEFAULT_RETRY.with_timeout(_PATIENCE)


@contextmanager
def _failures(what: str, access: Access) -> Iterator[None]:
    """Turn what Google's client raises into CollectError."""
    GCS_LIBRARY.load()
    changed = (_API_ERRORS.load().PreconditionFailed, _TRANSFER_ERRORS.load().DataCorruption)
    with google_failures(what, access.hidden):
        try:
            yield
        except changed as error:
            raise CollectError(f"{what}: it changed since it was listed", permanent=False) from error
