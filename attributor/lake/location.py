"""Where a Delta table of the lake lies: a folder on disk, or a prefix in an object store."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

_MISREAD = frozenset("#?[]^|\\")
"""What deltalake takes for a part of a URL, so that it would write elsewhere or not at all."""


def local_folder(uri: str) -> Path | None:
    """Return the folder of a path or a `file://` URI, absolute; None for an object store.

    Raises ValueError for a folder whose path has one of # ? [ ] ^ | or a backslash in it.
    """
    if "://" in uri and not uri.startswith("file://"):
        return None
    folder = Path(unquote(uri.removeprefix("file://"))) if uri.startswith("file://") else Path(uri).absolute()
    if misread := _MISREAD & set(str(folder)):
        raise ValueError(f"the lake's folder {folder} has {' '.join(sorted(misread))} in its path; name another folder")
    return folder


def table_uri(lake_uri: str, table: str) -> str:
    """Return the address of one table, as deltalake takes it."""
    folder = local_folder(lake_uri)
    return f"{lake_uri.rstrip('/')}/{table}" if folder is None else str(folder / table)


def safe_options(uri: str, options: Mapping[str, str]) -> dict[str, str]:
    """Add what makes a commit atomic on S3 (a conditional put), unless the user chose another way."""
    if urlsplit(uri).scheme in {"s3", "s3a"}:
        return {"aws_conditional_put": "etag", **options}
    return dict(options)
