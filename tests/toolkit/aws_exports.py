"""Exports as AWS lays them out, in a folder or in a bucket."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

COLUMNS = ("BilledCost", "BillingCurrency", "ChargePeriodStart", "ChargePeriodEnd", "Tags")
Write = Callable[[str, bytes], None]


def charge(cost: str = "1.25", day: int = 19, currency: str = "USD", tags: str = "") -> Mapping[str, str]:
    return {
        "BilledCost": cost,
        "BillingCurrency": currency,
        "ChargePeriodStart": f"2026-11-{day:02d}T00:00:00Z",
        "ChargePeriodEnd": f"2026-11-{day:02d}T01:00:00Z",
        "Tags": tags,
    }


def table(rows: Sequence[Mapping[str, str]], columns: Sequence[str] = COLUMNS) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return gzip.compress(text.getvalue().encode())


def into_folder(folder: Path) -> Write:
    def write(name: str, body: bytes) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)

    return write


def into_bucket(s3, bucket: str = "bills") -> Write:
    def write(name: str, body: bytes) -> None:
        s3.put_object(Bucket=bucket, Key=name, Body=body)

    return write


def chunk_name(number: int, run: str = "", month: str = "2026-11") -> str:
    return f"focus/data/BILLING_PERIOD={month}/{run and run + '/'}focus-{number:05d}.csv.gz"


def write_chunks(write: Write, *chunks: Sequence[Mapping[str, str]], run: str = "", month: str = "2026-11") -> None:
    for number, rows in enumerate(chunks, 1):
        write(chunk_name(number, run, month), table(rows))


def write_manifest(
    write: Write, chunks: int, run: str = "", *, top: bool = True, month: str = "2026-11", kept: bool = False
) -> None:
    names = [f"s3://elsewhere/prefix/{chunk_name(number, run, month)}" for number in range(1, chunks + 1)]
    body = json.dumps({"executionId": run, "dataFiles": names}).encode()
    folder = f"focus/metadata/BILLING_PERIOD={month}"
    if top:
        write(f"{folder}/focus-Manifest.json", body)
    if kept:
        write(f"{folder}/{run}/focus-Manifest.json", body)
