"""The lake versions that something in the ledger still names."""

import json

from sqlalchemy import Engine, select

from attributor.ledger.engine import reading
from attributor.ledger.tables import collected, publications


def pinned_versions(engine: Engine) -> dict[str, set[int]]:
    """Return, by lake table, every version that a collected or published day pins; others may be removed."""
    pinned: dict[str, set[int]] = {"charges": set(), "usage": set(), "allocations": set()}
    columns = (publications.c.charges_version, publications.c.allocations_version, publications.c.usage_versions)
    with reading(engine) as connection:
        for table, version in connection.execute(select(collected.c.table_name, collected.c.version).distinct()):
            pinned[table].add(version)
        for row in connection.execute(select(*columns)):
            pinned["charges"].add(row.charges_version)
            pinned["allocations"].add(row.allocations_version)
            for days in json.loads(row.usage_versions).values():
                pinned["usage"].update(days.values())
    return {table: {version for version in versions if version >= 0} for table, versions in pinned.items()}
