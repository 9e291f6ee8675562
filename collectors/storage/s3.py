"""Objects in S3 and what speaks its protocol: listed by prefix, fetched to a temporary file that is deleted.

Credentials, region and endpoint (AWS_ENDPOINT_URL) come from where boto3 finds them, unless the source names others.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as ConnectionFailedError

from collectors.base import CollectError
from collectors.place import Place
from collectors.storage.access import Access
from collectors.storage.store import CHUNK, Store, is_permanent, wanted

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

_RETRIES = {"mode": "standard", "max_attempts": 4}
_CHANGED = frozenset({"PreconditionFailed", "NoSuchKey", "404", "412"})


def list_objects(url: str, suffixes: tuple[str, ...], access: Access) -> tuple[Place, ...]:
    """List s3://bucket/prefix, or s3://bucket/pattern with wildcards; raise CollectError where S3 refuses or is away.

    Of a prefix only objects whose name ends in one of the suffixes count, and none that is hidden or begins with
    an underscore.
    """
    bucket, key = _bucket_and_key(url)
    if not bucket:
        raise CollectError(f"{url} names no bucket; write s3://bucket/prefix", permanent=True)
    meant = wanted(key, suffixes)
    try:
        pages = _client(access).get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=meant.prefix)
        found = [
            _place(f"s3://{bucket}/{item['Key']}", item)
            for page in pages
            for item in page.get("Contents", [])
            if meant.has(item["Key"])
        ]
    except (ClientError, BotoCoreError) as error:
        raise _collect_error(f"{url} cannot be listed", error) from error
    return tuple(found)


@contextmanager
def copy_object(place: Place, access: Access) -> Iterator[Path]:
    """Stream the listed version of an object to a temporary file; delete it afterwards.

    Raises CollectError: not permanent where the object changed since it was listed or S3 is away.
    """
    bucket, key = _bucket_and_key(place.location)
    with tempfile.TemporaryDirectory(prefix="attributor-") as folder:
        path = Path(folder, "object")
        try:
            answer = _client(access).get_object(Bucket=bucket, Key=key, IfMatch=f'"{place.fingerprint}"')
            with path.open("wb") as file:
                for chunk in answer["Body"].iter_chunks(CHUNK):
                    file.write(chunk)
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and _code(error) in _CHANGED:
                raise CollectError(f"{place.name} changed since it was listed", permanent=False) from error
            raise _collect_error(f"{place.name} cannot be read", error) from error
        yield path


def peek_object(place: Place, access: Access) -> None:
    """Ask for an object and read nothing of it."""
    bucket, key = _bucket_and_key(place.location)
    try:
        _client(access).get_object(Bucket=bucket, Key=key)["Body"].close()
    except (ClientError, BotoCoreError) as error:
        raise _collect_error(f"{place.name} cannot be read", error) from error


def put_object(url: str, content: bytes, media_type: str, access: Access) -> None:
    """Write an object whole, in the place of one of that name; raise CollectError where S3 refuses or is away."""
    bucket, key = _bucket_and_key(url)
    try:
        _client(access).put_object(Bucket=bucket, Key=key, Body=content, ContentType=media_type)
    except (ClientError, BotoCoreError) as error:
        raise _collect_error(f"{url} cannot be written", error) from error


S3 = Store(
    list_objects, copy_object, peek_object, to_list="s3:ListBucket on the bucket", to_read="s3:GetObject on its objects"
)


def _place(url: str, item: "ObjectTypeDef") -> Place:
    return Place(url, item["Size"], item["ETag"].strip('"'), url, item["LastModified"])


def _bucket_and_key(url: str) -> tuple[str, str]:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return bucket, key


def _client(access: Access) -> "S3Client":
    # Imported here: it takes a third of a second, which every command would wait for, whatever it reads from.
    boto3, config = import_module("boto3"), import_module("botocore.config")
    attempts = config.Config(retries=_RETRIES, connect_timeout=10, read_timeout=60)
    # The default session would be global state.
    session = boto3.Session(profile_name=access.profile, region_name=access.region)
    client: S3Client = session.client("s3", config=attempts, endpoint_url=access.endpoint_url)
    return client


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "unknown")


def _collect_error(what: str, error: ClientError | BotoCoreError) -> CollectError:
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return CollectError(f"{what}: {_code(error)}", permanent=is_permanent(status))
    away = isinstance(error, (ConnectionFailedError, HTTPClientError))
    return CollectError(f"{what}: {error}", permanent=not away)
