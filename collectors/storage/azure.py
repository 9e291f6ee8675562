"""Blobs in Azure: az://container/prefix, https://ACCOUNT.blob.core.windows.net/container/prefix, abfss://….

Credentials: what the source names (account key, shared access signature), else the AZURE_STORAGE_… variables that
Azure's own command line reads, else Azure's default chain (workload or managed identity, environment, `az login`).
"""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collectors.base import CollectError
from collectors.place import Place
from collectors.storage.access import Access
from collectors.storage.store import Extra, Store, is_permanent, wanted

AZURE_LIBRARY = Extra("azure.storage.blob", "azure")
_IDENTITY = Extra("azure.identity", "azure")
_ERRORS = Extra("azure.core.exceptions", "azure")
_CORE = Extra("azure.core", "azure")
_CREDENTIALS = Extra("azure.core.credentials", "azure")
_ADDRESS = re.compile(r"https?://(?P<account>[a-z0-9-]+)\.blob\.(?P<suffix>[a-z0-9.-]+)/(?P<rest>.*)", re.DOTALL)
_LAKE = re.compile(
    r"abfss?://(?P<container>[^@/]+)@(?P<account>[a-z0-9-]+)\.dfs\.(?P<suffix>[a-z0-9.-]+)/(?P<rest>.*)", re.DOTALL
)
_SIGNATURE = re.compile(r"\?(?=.*\bsig=)")
"""Where a shared access signature begins; any other question mark is a wildcard."""
_LIMITS = {"retry_total": 3, "connection_timeout": 10, "read_timeout": 60}


@dataclass(frozen=True)
class _Container:
    """Where a path lies: the service's address (None: by account), the container, the key below and a signature."""

    service: str | None
    name: str
    key: str
    shown: str
    signature: str | None = field(default=None, repr=False)


def is_azure(path: str) -> bool:
    """Tell whether a path is one of Azure's."""
    return path.startswith("az://") or bool(_ADDRESS.fullmatch(path)) or bool(_LAKE.fullmatch(path))


def list_blobs(url: str, suffixes: tuple[str, ...], access: Access) -> tuple[Place, ...]:
    """List a container's blobs by prefix or pattern; raise CollectError where Azure refuses or is away."""
    at = _container(url)
    if not at.name:
        raise CollectError(f"{at.shown} names no container; write az://container/prefix", permanent=True)
    meant = wanted(at.key, suffixes)
    signature = f"?{at.signature}" if at.signature else ""
    with _failures(f"{at.shown}/{at.key} cannot be listed", access), _service(at, access) as service:
        return tuple(
            Place(f"{at.shown}/{blob.name}", blob.size, blob.etag.strip('"'), f"{at.shown}/{blob.name}{signature}")
            for blob in service.get_container_client(at.name).list_blobs(name_starts_with=meant.prefix or None)
            if meant.has(blob.name) and not _is_folder(blob)
        )


@contextmanager
def copy_blob(place: Place, access: Access) -> Iterator[Path]:
    """Stream the listed version of a blob to a temporary file; delete it afterwards."""
    at = _container(place.location)
    with tempfile.TemporaryDirectory(prefix="attributor-") as folder:
        path = Path(folder, "object")
        with _failures(f"{place.name} cannot be read", access), _service(at, access) as service:
            unchanged = _CORE.load().MatchConditions.IfNotModified
            answer = service.get_blob_client(at.name, at.key).download_blob(
                etag=f'"{place.fingerprint}"', match_condition=unchanged, max_concurrency=1
            )
            with path.open("wb") as file:
                answer.readinto(file)
        yield path


def peek_blob(place: Place, access: Access) -> None:
    """Read the first byte of a blob, where it has one."""
    at = _container(place.location)
    if place.size:
        with _failures(f"{place.name} cannot be read", access), _service(at, access) as service:
            service.get_blob_client(at.name, at.key).download_blob(offset=0, length=1).readall()


AZURE = Store(
    list_blobs,
    copy_blob,
    peek_blob,
    to_list="Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read (Storage Blob Data Reader)",
    to_read="Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read (Storage Blob Data Reader)",
    extra=AZURE_LIBRARY,
)


def _container(url: str) -> _Container:
    signed = _SIGNATURE.search(url)
    path, signature = (url[: signed.start()], url[signed.end() :]) if signed else (url, None)
    if lake := _LAKE.fullmatch(path):
        service = f"https://{lake['account']}.blob.{lake['suffix']}"
        return _Container(service, lake["container"], lake["rest"], f"{service}/{lake['container']}", signature)
    if address := _ADDRESS.fullmatch(path):
        service = path[: address.start("rest") - 1]
        name, _, key = address["rest"].partition("/")
        return _Container(service, name, key, f"{service}/{name}", signature)
    name, _, key = path.removeprefix("az://").partition("/")
    return _Container(None, name, key, f"az://{name}", signature)


def _service(at: _Container, access: Access) -> Any:
    """Open the client of the account; its context closes it."""
    blob = AZURE_LIBRARY.load()
    text = os.environ.get("AZURE_STORAGE_CONNECTION_STRING")
    named = access.endpoint_url or at.service or access.account
    if named is None and text:
        return blob.BlobServiceClient.from_connection_string(text, **_LIMITS)
    account = access.account or os.environ.get("AZURE_STORAGE_ACCOUNT")
    address = access.endpoint_url or at.service or (account and f"https://{account}.blob.core.windows.net")
    if not address:
        raise CollectError(
            f"{at.shown} names no storage account; add account: NAME or set AZURE_STORAGE_ACCOUNT", permanent=True
        )
    return blob.BlobServiceClient(address, credential=_credential(at, access, account), **_LIMITS)


def _credential(at: _Container, access: Access, account: str | None) -> Any:
    key = access.account_key or os.environ.get("AZURE_STORAGE_KEY")
    signature = at.signature or access.sas_token or os.environ.get("AZURE_STORAGE_SAS_TOKEN")
    if access.account_key is None and signature:
        return _CREDENTIALS.load().AzureSasCredential(signature)
    if key:
        return {"account_name": account, "account_key": key} if account else key
    return _IDENTITY.load().DefaultAzureCredential()


def _is_folder(blob: Any) -> bool:
    """Tell the directories that an account with a hierarchical namespace lists among its blobs."""
    return bool((blob.metadata or {}).get("hdi_isfolder") == "true")


@contextmanager
def _failures(what: str, access: Access) -> Iterator[None]:
    """Turn what Azure's client raises into CollectError, without the query of an address: it may be a signature."""
    AZURE_LIBRARY.load()
    errors = _ERRORS.load()
    try:
        yield
    except (errors.ResourceModifiedError, errors.IncompleteReadError) as error:
        raise CollectError(f"{what}: it changed since it was listed", permanent=False) from error
    except errors.ClientAuthenticationError as error:
        raise CollectError(f"{what}: {_said(error, access)}", permanent=True) from error
    except errors.HttpResponseError as error:
        status = error.status_code or 0
        raise CollectError(f"{what}: {status} {_said(error, access)}", permanent=is_permanent(status)) from error
    except errors.AzureError as error:
        raise CollectError(f"{what}: {_said(error, access)}", permanent=False) from error
    except ValueError as error:  # how the client refuses malformed credentials and addresses
        raise CollectError(f"{what}: {access.hidden(str(error))}", permanent=True) from error


def _said(error: Any, access: Access) -> str:
    code = getattr(error, "error_code", None)
    lines = str(error.message).splitlines() or [""]
    # What the client knows is a member of an enumeration of texts, what it does not know is a text.
    return access.hidden(f"{getattr(code, 'value', code)}: {lines[0]}" if code else lines[0])
