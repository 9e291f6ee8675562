"""Where a Delta table of the lake lies: a folder on disk, or a prefix in an object store."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit


def local_folder(uri: str) -> Path | None:
    """Return the folder of a path or a `file://` URI, absolute; None for an object store."""
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return None if "://" in uri else Path(uri).absolute()


def table_uri(lake_uri: str, table: str) -> str:
    """Return the address of one table, as deltalake takes it."""
    folder = local_folder(lake_uri)
    return f"{lake_uri.rstrip('/')}/{table}" if folder is None else str(folder / table)


def safe_options(uri: str, options: Mapping[str, str]) -> dict[str, str]:
    """Add what makes a commit atomic on S3 (a conditional put), unless the user chose another way."""
    if urlsplit(uri).scheme in {"s3", "s3a"}:
        return {"aws_conditional_put": "etag", **options}
    return dict(options)
