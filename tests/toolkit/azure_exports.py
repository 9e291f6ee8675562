"""Cost Management exports as Azure lays them out, in a folder or in a container."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Mapping, Sequence

Write = Callable[[str, bytes], None]
ACCOUNT = "/providers/Microsoft.Billing/billingAccounts/123"
MONTHS = {"2026-10": "20261001-20261031", "2026-11": "20261101-20261130", "2026-12": "20261201-20261231"}


def charge(cost: str = "1.25", day: int = 19, month: str = "2026-11", currency: str = "USD") -> Mapping[str, str]:
    """A row of a FOCUS export."""
    return {
        "BilledCost": cost,
        "BillingCurrency": currency,
        "ChargePeriodStart": f"{month}-{day:02d}T00:00:00Z",
        "ChargePeriodEnd": f"{month}-{day + 1:02d}T00:00:00Z",
        "Tags": '{"team": "ads"}',
    }


def table(rows: Sequence[Mapping[str, str]], columns: Sequence[str] = ()) -> bytes:
    """Rows as CSV; without rows and columns a header of FOCUS alone."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns or list(rows[0] if rows else charge()), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def folder_of(run: str, month: str = "2026-11", export: str = "daily") -> str:
    return f"exports/{export}/{MONTHS[month]}/{run}"


def write_parts(write: Write, folder: str, *parts: Sequence[Mapping[str, str]], suffix: str = ".csv.gz") -> list[str]:
    names = [f"{folder}/part_0_{number:04d}{suffix}" for number in range(1, len(parts) + 1)]
    for name, rows in zip(names, parts, strict=True):
        write(name, gzip.compress(table(rows)) if suffix.endswith(".gz") else table(rows))
    return names


def write_manifest(write: Write, folder: str, names: Sequence[str], submitted: str, **changed: object) -> None:
    """Write a run's manifest; `changed` are parts of it by their names: scope, type, frame, start, end, sizes."""
    month = next(month for month, days in MONTHS.items() if days in folder)
    export = folder.split("/")[1]
    sizes = changed.get("sizes", {})
    assert isinstance(sizes, Mapping)
    manifest = {
        "manifestVersion": "2024-04-01",
        "blobCount": len(names) or None,
        "exportConfig": {
            "exportName": export,
            "resourceId": f"{changed.get('scope', ACCOUNT)}/providers/Microsoft.CostManagement/exports/{export}",
            "dataVersion": "1.2-preview",
            "type": changed.get("type", "FocusCost"),
            "timeFrame": changed.get("frame", "MonthToDate"),
        },
        "runInfo": {
            "executionType": "Scheduled",
            "submittedTime": f"{submitted}.1234567Z",
            "runId": folder.rpartition("/")[2],
            "startDate": changed.get("start", f"{month}-01T00:00:00"),
            "endDate": changed.get("end", f"{month}-20T00:00:00"),
        },
        "blobs": [{"blobName": f"{name}", "byteCount": sizes.get(name)} for name in names] or None,
    }
    write(f"{folder}/manifest.json", json.dumps(manifest).encode("utf-8-sig"))


def write_run(
    write: Write, folder: str, submitted: str, *parts: Sequence[Mapping[str, str]], **changed: object
) -> None:
    """Write a complete run: its parts, then its manifest."""
    write_manifest(write, folder, write_parts(write, folder, *parts), submitted, **changed)
