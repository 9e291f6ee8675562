"""A made-up big bill for the benches: charges and usage of one month in a lake, and a hundred rules for them.

As bills are: resources are many and each stands on several lines a day; accounts, services and tags are few, and a
resource has one of each. Two fifths of the charges carry a team's tag, one in eight of those a stranger's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import duckdb
import pyarrow as pa
import yaml

from attributor.lake.commits import commit_days
from attributor.lake.day_files import bring_in
from attributor.lake.day_writer import writing_days
from attributor.lake.lake import Lake
from attributor.lake.scratch import scratch_folder
from collectors.schema import CHARGES, USAGE

FIRST = date(2026, 6, 1)
DAYS = 30
TEAMS = 60
CLUSTERS, POOLS = 25, 5
_ROLES = ("web", "api", "worker", "db", "cache", "batch", "queue", "etl")


@dataclass(frozen=True)
class Size:
    """How many charges in the month, and how many resources they are of."""

    charges: int

    @property
    def resources(self) -> int:
        """One for every hundred charges: three to four lines a resource and day."""
        return max(self.charges // 100, 100)


def days() -> list[date]:
    """Return the days of the month."""
    return [FIRST + timedelta(days=number) for number in range(DAYS)]


def write_bill(lake: Lake, connection: duckdb.DuckDBPyConnection, size: Size) -> None:
    """Put the month's charges into the lake as the program stores them, day by day."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE resources AS {_resources(size)}")
    columns = _charge_columns()
    selected = [f"{columns.get(field.name, 'NULL')} AS {field.name}" for field in CHARGES]
    for number, day in enumerate(days()):
        rows = connection.sql(_charges_of(number, day, size, selected)).to_arrow_reader(65_536)
        _store(lake, "charges", [day], rows)


def focus_rows(connection: duckdb.DuckDBPyConnection, size: Size) -> str:
    """Return a query of the month's charges as a provider exports them, with the FOCUS columns that have values."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE resources AS {_resources(size)}")
    selected = [f"{value} AS {name}" for name, value in _charge_columns().items() if not name.startswith("x_")]
    return " UNION ALL ".join(_charges_of(number, day, size, selected) for number, day in enumerate(days()))


def _charges_of(number: int, day: date, size: Size, selected: list[str]) -> str:
    count = size.charges * (number + 1) // DAYS - size.charges * number // DAYS
    return (
        f"(SELECT {', '.join(selected)} FROM (SELECT *, {_random(f'i, {number}')} AS h, DATE '{day}' AS day FROM"
        f" (SELECT range AS i, {_random(f'range, {number}, 7')} % {size.resources} AS number FROM range({count}))"
        " JOIN resources USING (number)) ORDER BY source)"
    )


def write_usage(lake: Lake, connection: duckdb.DuckDBPyConnection) -> int:
    """Put the month's usage into the lake: GPU hours of every cluster, runs of every pool, requests."""
    start = datetime.combine(FIRST, datetime.min.time(), UTC)
    metric = f"CASE WHEN s < {CLUSTERS} THEN 'gpu.hours' WHEN s < {CLUSTERS + POOLS} THEN 'runs' ELSE 'requests' END"
    pool = f"CASE WHEN s < {CLUSTERS} THEN 'gpu-' || s WHEN s < {CLUSTERS + POOLS} THEN 'train-' || (s - {CLUSTERS})"
    columns = {
        "hour": f"TIMESTAMPTZ '{start}' + to_hours(hour_)",
        "metric": metric,
        "pool": f"{pool} ELSE 'gateway' END",
        "quantity": f"(1 + {_random('s, hour_, user_')} % 7999)::DECIMAL(26,0) * 0.001::DECIMAL(12,12)",
        "x_Source": "'metrics'",
        "x_Day": f"DATE '{FIRST}' + (hour_ // 24)::INTEGER",
        "x_Origin": "'metrics'",
        "facts": f"map {{'team': 'team-' || ((s * 5 + user_ * 7) % {TEAMS})}}",
    }
    selected = ", ".join(f"{columns.get(field.name, 'NULL')} AS {field.name}" for field in USAGE)
    rows = connection.sql(
        f"SELECT {selected} FROM (SELECT range AS hour_ FROM range({DAYS * 24})),"
        f" (SELECT range AS s FROM range({CLUSTERS + POOLS + 1})), (SELECT range AS user_ FROM range(6))"
    ).to_arrow_reader(65_536)
    return _store(lake, "usage", days(), rows)


def _store(lake: Lake, table: str, stored: list[date], rows: pa.RecordBatchReader) -> int:
    """Store the rows of some days, all of them that there are; return the version of the last source's commit."""
    with scratch_folder() as folder, writing_days(folder, lake.schemas[table]) as writer:
        for batch in rows:
            writer.write(batch)
        files = writer.finish()
        bring_in(lake, table, folder, files)
        for source in sorted({file.source for file in files}):
            of_source = [file for file in files if file.source == source]
            version = commit_days(lake, table, source, stored, of_source, datetime.now(UTC))
    return version


def rules_text() -> str:
    """Return teams and a hundred rules as YAML: 70 direct, 25 proportional, 5 activity-based, and a shared team."""
    return yaml.safe_dump(
        {
            "teams": {f"team-{number}": {"aliases": [f"t{number}"]} for number in range(TEAMS)},
            "rules": list(_rules()),
            "shared": [{"team": "team-0", "split": {"by": "requests", "per": "day"}}],
        },
        sort_keys=False,
    )


def _rules() -> Iterator[dict[str, object]]:
    owner = {"team": "tags.team", "project": "tags.project", "environment": "tags.environment"}
    yield {"name": "team tag", "match": {"tags.team": "present"}, "owner": owner}
    for number in range(CLUSTERS):
        split = {"by": "gpu.hours", "pool": f"gpu-{number}", "per": "hour" if number % 2 else "day"}
        split["without_usage"] = "previous"
        yield {"name": f"cluster {number}", "match": {"tags.cluster": f"gpu-{number}"}, "split": split}
    for number in range(POOLS):
        activity = {"rates": {"runs": "0.02"}, "pool": f"train-{number}", "rest": "team-1"}
        yield {"name": f"pool {number}", "match": {"tags.cluster": f"train-{number}"}, "activity": activity}
    for number in range(24):
        pattern = {"regex": f"^team{number}[a-z]*-(web|api|w.*r)-[0-9]+$"}
        yield {"name": f"name {number}", "match": {"ResourceName": pattern}, "owner": f"team-{number}"}
    for number in range(20):
        prefix = {"prefix": [f"arn:{account}:{number + 20}/" for account in ("compute", "storage", "network")]}
        yield {"name": f"id {number}", "match": {"ResourceId": prefix}, "owner": f"team-{20 + number}"}
    for number in range(25):
        match = {
            "SubAccountId": [f"{1000 + number}", f"{1025 + number}"],
            "RegionId": [f"region-{r}" for r in range(8)],
        }
        yield {"name": f"account {number}", "match": match, "owner": f"team-{30 + number}"}


def _random(of: str) -> str:
    """Return a made-up number from 0, the same in every run."""
    return f"(hash({of}) >> 2)::BIGINT"


def _resources(size: Size) -> str:
    """Return a query of resources: each has one team, account, service, region, name and set of tags."""
    tagged = "h % 100 < 40"
    team = "CASE WHEN h % 100 < 5 THEN 'stranger ' || t % 9 WHEN h % 3 = 0 THEN 'T' || t ELSE 'Team_' || t END"
    cluster = f"CASE WHEN h % 100 < 52 THEN 'gpu-' || (t % {CLUSTERS}) ELSE 'train-' || (t % {POOLS}) END"
    tags = {
        "team": f"CASE WHEN {tagged} THEN {team} END",
        "project": f"CASE WHEN {tagged} THEN 'project-' || t || '-' || (h // 100) % 3 END",
        "environment": "CASE WHEN h // 300 % 2 = 0 THEN ['prod', 'staging', 'dev'][1 + h // 600 % 3] END",
        "cluster": f"CASE WHEN h % 100 BETWEEN 40 AND 54 THEN {cluster} END",
        "Name": "name",
    }
    entries = ", ".join(f"struct_pack(k := '{key}', v := {value})" for key, value in tags.items())
    return (
        f"SELECT *, map_from_entries(list_filter([{entries}], lambda e: e.v IS NOT NULL)) AS tags FROM"
        " (SELECT *, 'team' || t || ['', 'core', 'edge'][1 + h // 40 % 3] || '-' || role || '-' || number AS name,"
        " 'arn:' || ['compute', 'storage', 'network'][1 + h // 50 % 3] || ':' || t || '/' || role || '/i-' || number"
        " AS id FROM"
        f" (SELECT range AS number, {_random('range')} AS h, {_random('range, 1')} % {TEAMS} AS t,"
        f" {list(_ROLES)}[1 + {_random('range, 2')} % {len(_ROLES)}] AS role,"
        f" CASE WHEN {_random('range, 3')} % 10 < 7 THEN 'aws' ELSE 'gcp' END AS source"
        f" FROM range({size.resources})))"
    )


def _charge_columns() -> dict[str, str]:
    amount = "((h % 9999999991)::HUGEINT * 100)::DECIMAL(38,0)"
    billed = f"CAST({amount} * 0.000000000001::DECIMAL(12,12) AS DECIMAL(38,12))"
    hourly = "h % 2 = 0"
    start = f"day::TIMESTAMPTZ + to_hours(CASE WHEN {hourly} THEN h // 2 % 24 ELSE 0 END)"
    length = f"to_hours(CASE WHEN {hourly} THEN 1 ELSE 24 END)"
    return {
        "BilledCost": f"CASE WHEN h % 97 = 0 THEN -{billed} ELSE {billed} END",
        "EffectiveCost": f"CASE WHEN h % 97 = 0 THEN -{billed} ELSE {billed} - 0.000000000001 END",
        "ListCost": f"{billed} * 2",
        "ContractedCost": billed,
        "BillingCurrency": "'USD'",
        "ChargePeriodStart": start,
        "ChargePeriodEnd": f"{start} + {length}",
        "BillingPeriodStart": f"TIMESTAMPTZ '{FIRST} 00:00:00+00'",
        "BillingPeriodEnd": f"TIMESTAMPTZ '{FIRST} 00:00:00+00' + INTERVAL 1 MONTH",
        "BillingAccountId": "'payer-' || source",
        "SubAccountId": "(1000 + t % 50)::VARCHAR",
        "SubAccountName": "'account ' || (t % 50)",
        "ProviderName": "upper(source)",
        "ServiceProviderName": "upper(source)",
        "ServiceCategory": "'Compute'",
        "ServiceName": "'Service ' || role || ' ' || (h % 3)",
        "ChargeCategory": "CASE WHEN h % 97 = 0 THEN 'Credit' ELSE 'Usage' END",
        "ChargeDescription": "'charge for ' || role || ' size ' || (h % 40)",
        "ChargeFrequency": "'Usage-Based'",
        "RegionId": "'region-' || (t * 7 + number) % 12",
        "ResourceId": "id",
        "ResourceName": "name",
        "ResourceType": "role",
        "SkuId": "'sku-' || (h % 300)",
        "PricingQuantity": "(h % 1000)::DECIMAL(38,18)",
        "PricingUnit": "'Hours'",
        "ConsumedQuantity": "(h % 1000)::DECIMAL(38,18)",
        "ConsumedUnit": "'Hours'",
        "Tags": "tags",
        "x_Source": "source",
        "x_Basis": "'billed'",
        "x_Origin": "source || '-' || day || '.csv:' || i",
        "x_Day": "day",
    }
