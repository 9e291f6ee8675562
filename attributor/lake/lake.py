"""The lake: one Delta table a kind of row, partitioned by source and day, replaced by the day.

Every replacement is one atomic commit, and a version once committed never changes: readers pin versions (see
`attributor.lake.views`), so a writer never disturbs them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError

from attributor.lake.location import local_folder, safe_options, table_uri

PARTITION_COLUMNS = ("x_Source", "x_Day")
_SOURCE = re.compile(r"[A-Za-z0-9_.-]+")
_TABLE_CONFIGURATION = {
    # Statistics hold decimals as JSON doubles, which could skip a file wrongly; the partitions prune well enough.
    "delta.dataSkippingNumIndexedCols": "0",
    # A published day may pin a version of any age, so that the log must outlive the thirty days it is given.
    "delta.enableExpiredLogCleanup": "false",
    "delta.checkpointInterval": "50",
}

Partition = tuple[str, date]
"""A source's name and a UTC day."""


Files = Mapping[Partition, frozenset[str]]
"""The files of a table's version, relative to the table, by source and day."""


@dataclass(frozen=True)
class Lake:
    """Where the tables are and what columns they have.

    `uri` is a folder or an object store's URI (s3://, gs://, az://); `storage_options` may hold secrets.
    `schemas` is by table name; each has the columns x_Source and x_Day. Raises ValueError for a folder that cannot be
    used (see `attributor.lake.location.local_folder`).
    """

    uri: str
    storage_options: Mapping[str, str] = field(repr=False)
    schemas: Mapping[str, pa.Schema] = field(repr=False)
    known: dict[tuple[str, int], Files] | None = field(default=None, repr=False, compare=False)
    """What was seen of (table, version), all of its days or some; None remembers nothing. One run has one memory."""
    opened: dict[str, DeltaTable] | None = field(default=None, repr=False, compare=False)
    """Tables that were opened for writing, so that the next commit reads only what is new; None opens each anew."""

    def __post_init__(self) -> None:
        local_folder(self.uri)


def existing_table(lake: Lake, table: str, version: int | None = None) -> DeltaTable | None:
    """Open a table, at a version where one is given; None where it was never written."""
    uri, options = table_uri(lake.uri, table), safe_options(lake.uri, lake.storage_options)
    if not DeltaTable.is_deltatable(uri, options):
        return None
    return DeltaTable(uri, version=version, storage_options=options)


def table_to_write(lake: Lake, table: str) -> DeltaTable:
    """Return a table at its newest version, made first where it was never written."""
    if lake.opened is None:
        return ensured_table(lake, table)
    if table in lake.opened:
        lake.opened[table].update_incremental()
    else:
        lake.opened[table] = ensured_table(lake, table)
    return lake.opened[table]


def ensured_table(lake: Lake, table: str) -> DeltaTable:
    """Open a table at its newest version, made first where it was never written."""
    existing = existing_table(lake, table)
    if existing is not None:
        return existing
    try:
        return DeltaTable.create(
            table_uri(lake.uri, table),
            lake.schemas[table],
            mode="ignore",
            partition_by=list(PARTITION_COLUMNS),
            configuration=_TABLE_CONFIGURATION,
            storage_options=safe_options(lake.uri, lake.storage_options),
        )
    except CommitFailedError:
        created = existing_table(lake, table)
        if created is None:
            raise
        return created


def checked_source(source: str) -> str:
    """Return a source's name; raise ValueError where it could not be a folder's."""
    if not _SOURCE.fullmatch(source):
        raise ValueError(f"{source!r} is no source name: use letters, digits, '_', '.' and '-'")
    return source
