"""Objects in S3 and what speaks its protocol: listed by prefix, fetched to a temporary file that is deleted.

Credentials, region and endpoint (AWS_ENDPOINT_URL) come from where boto3 finds them.
"""

import fnmatch
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as ConnectionFailedError

from collectors.base import CollectError
from collectors.place import Place

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ATTEMPTS = Config(retries={"mode": "standard", "max_attempts": 4}, connect_timeout=10, read_timeout=60)
_CHUNK = 8 << 20
_WILDCARDS = "*?["
_CHANGED = frozenset({"PreconditionFailed", "NoSuchKey", "404", "412"})


def list_objects(url: str, suffixes: tuple[str, ...]) -> tuple[Place, ...]:
    """List s3://bucket/prefix, or s3://bucket/pattern with wildcards; raise CollectError where S3 refuses or is away.

    Of a prefix only objects whose name ends in one of the suffixes count, and none that is hidden or begins with
    an underscore.
    """
    bucket, _, key = url.removeprefix("s3://").partition("/")
    if not bucket:
        raise CollectError(f"{url} names no bucket; write s3://bucket/prefix", permanent=True)
    pattern = key if any(wildcard in key for wildcard in _WILDCARDS) else None
    prefix = key if pattern is None else key[: min(key.find(w) for w in _WILDCARDS if w in key)]
    try:
        pages = _client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        found = [
            Place(f"s3://{bucket}/{item['Key']}", item["Size"], item["ETag"].strip('"'), f"s3://{bucket}/{item['Key']}")
            for page in pages
            for item in page.get("Contents", [])
            if _wanted(item["Key"], prefix, pattern, suffixes)
        ]
    except (ClientError, BotoCoreError) as error:
        raise _collect_error(f"{url} cannot be listed", error) from error
    return tuple(found)


@contextmanager
def copy_object(place: Place) -> Iterator[Path]:
    """Stream the listed version of an object to a temporary file; delete it afterwards.

    Raises CollectError: not permanent where the object changed since it was listed or S3 is away.
    """
    bucket, _, key = place.location.removeprefix("s3://").partition("/")
    with tempfile.TemporaryDirectory(prefix="attributor-") as folder:
        path = Path(folder, "object")
        try:
            answer = _client().get_object(Bucket=bucket, Key=key, IfMatch=f'"{place.fingerprint}"')
            with path.open("wb") as file:
                for chunk in answer["Body"].iter_chunks(_CHUNK):
                    file.write(chunk)
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and _code(error) in _CHANGED:
                raise CollectError(f"{place.name} changed since it was listed", permanent=False) from error
            raise _collect_error(f"{place.name} cannot be read", error) from error
        yield path


def _client() -> "S3Client":
    return boto3.Session().client("s3", config=_ATTEMPTS)  # the default session would be global state


def _wanted(key: str, prefix: str, pattern: str | None, suffixes: tuple[str, ...]) -> bool:
    if key.endswith("/"):
        return False
    if pattern is not None:
        return fnmatch.fnmatchcase(key, pattern)
    if key == prefix:
        return True
    below = key.removeprefix(prefix)
    if prefix and not prefix.endswith("/") and not below.startswith("/"):
        return False  # "bills" is a folder here, and does not take "bills-old/" with it
    parts = PurePosixPath(below.lstrip("/")).parts
    return key.lower().endswith(suffixes) and not any(part.startswith((".", "_")) for part in parts)


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "unknown")


def _collect_error(what: str, error: ClientError | BotoCoreError) -> CollectError:
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return CollectError(f"{what}: {_code(error)}", permanent=400 <= status < 500 and status != 429)
    away = isinstance(error, (ConnectionFailedError, HTTPClientError))
    return CollectError(f"{what}: {error}", permanent=not away)
