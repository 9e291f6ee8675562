"""The lake versions that something in the ledger still names."""

from sqlalchemy import Connection, Engine, select

from attributor.ledger.engine import reading
from attributor.ledger.tables import collected, corrections, publications
from attributor.ledger.versions import versions_from_json


def pinned_versions(engine: Engine) -> dict[str, set[int]]:
    """Return, by lake table, every version that a collected, published or corrected day pins; others may be removed."""
    pinned: dict[str, set[int]] = {"charges": set(), "usage": set(), "allocations": set()}
    with reading(engine) as connection:
        for table, version in connection.execute(select(collected.c.table_name, collected.c.version).distinct()):
            pinned[table].add(version)
        _pin_published(connection, pinned)
        _pin_corrected(connection, pinned)
    return {table: {version for version in versions if version >= 0} for table, versions in pinned.items()}


def _pin_published(connection: Connection, pinned: dict[str, set[int]]) -> None:
    columns = (publications.c.charges_version, publications.c.allocations_version, publications.c.usage_versions)
    for row in connection.execute(select(*columns)):
        pinned["charges"].add(row.charges_version)
        pinned["allocations"].add(row.allocations_version)
        _pin_text(pinned["usage"], row.usage_versions)


def _pin_corrected(connection: Connection, pinned: dict[str, set[int]]) -> None:
    columns = (corrections.c.charges_versions, corrections.c.allocations_version, corrections.c.usage_versions)
    for row in connection.execute(select(*columns)):
        pinned["allocations"].add(row.allocations_version)
        _pin_text(pinned["charges"], row.charges_versions)
        _pin_text(pinned["usage"], row.usage_versions)


def _pin_text(pinned: set[int], versions: str) -> None:
    for days in versions_from_json(versions).values():
        pinned.update(days.values())
