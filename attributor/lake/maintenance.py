"""Keeping the lake small: what no reader can reach any more is removed."""

from collections.abc import Collection
from datetime import timedelta

from attributor.lake.lake import Lake, existing_table


def maintain(lake: Lake, table: str, keep_versions: Collection[int], retention: timedelta) -> None:
    """Remove files older than `retention` that neither the newest nor a kept version names.

    `keep_versions` are all that the ledger pins. Files that a crashed writer left and no commit names go too; that
    is why `retention` must be longer than any write takes. Days are written as one file or a few, so that there is
    nothing to compact.
    """
    opened = existing_table(lake, table)
    if opened is None:
        return
    opened.vacuum(
        retention_hours=int(retention.total_seconds() // 3600),
        dry_run=False,
        enforce_retention_duration=False,
        full=True,
        keep_versions=sorted(keep_versions),
    )
    opened.create_checkpoint()
