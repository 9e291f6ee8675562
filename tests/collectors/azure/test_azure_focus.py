"""Azure's FOCUS exports: from Blob storage, in Parquet as Azure writes it, and broken as exports break."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from aws_exports import into_folder
from azure_exports import charge, folder_of, table, write_manifest, write_parts, write_run
from azurite import KEY

from collectors.base import CollectError
from collectors.bills.azure.focus import TYPE

SUBMITTED = "2026-11-19T05:00:00"


def refusal(collecting) -> CollectError:
    with pytest.raises(CollectError) as refused:
        collecting.read(TYPE, path="exports")
    return refused.value


@pytest.mark.slow
def test_an_export_is_read_from_blob_storage_and_the_newest_run_wins(azurite, collecting) -> None:
    from azure.storage.blob import BlobServiceClient

    with BlobServiceClient(azurite, credential=KEY) as service:
        container = service.create_container("costs")

        def write(name: str, body: bytes) -> None:
            container.upload_blob(name, body, overwrite=True)

        write_run(write, folder_of("202611190500/5b1f"), SUBMITTED, [charge("1")], [charge("2", day=18)])
        options = {
            "path": "az://costs/exports",
            "endpoint_url": azurite,
            "account": "devstoreaccount1",
            "account_key": KEY,
        }
        now = datetime.now(UTC) + timedelta(days=1)
        collector = collecting.build(TYPE, lambda: now, **options)
        before = collector.revision()
        assert [row["BilledCost"] for row in collecting.read(TYPE, now=now, **options).rows] == [1, 2]
        write_run(write, folder_of("202611200500/0a77"), "2026-11-20T05:00:00", [charge("3")])
        assert collector.revision() != before
        read = collecting.read(TYPE, now=now, **options)
        assert [(row["BilledCost"], row["x_Origin"].rpartition("/")[2]) for row in read.rows] == [
            (3, "part_0_0001.csv.gz:1")
        ]
        assert [need.problem for need in collector.probe()] == [None, None]


def test_parquet_with_decimals_and_instants_gives_what_the_text_gives(tmp_path: Path, collecting) -> None:
    start = datetime(2026, 11, 19, tzinfo=UTC)
    columns = {
        "BilledCost": pa.array([Decimal("0.1"), Decimal("0.0000031")], pa.decimal128(38, 18)),
        "BillingCurrency": pa.array(["USD", "USD"]),
        "ChargePeriodStart": pa.array([start, start], pa.timestamp("ms", "UTC")),
        "ChargePeriodEnd": pa.array([start + timedelta(days=1)] * 2, pa.timestamp("ms", "UTC")),
        "Tags": pa.array(['{"team": "ads"}', None]),
        "x_SkuIsCreditEligible": pa.array([True, False]),
    }
    folder = folder_of("5b1f")
    (tmp_path / folder).mkdir(parents=True)
    name = f"{folder}/part_0_0001.snappy.parquet"
    pq.write_table(pa.table(columns), tmp_path / name)
    write_manifest(into_folder(tmp_path), folder, [name], SUBMITTED)
    rows = collecting.read(TYPE, path="exports").rows
    assert [(row["BilledCost"], row["Tags"]) for row in rows] == [
        (Decimal("0.1"), [("team", "ads")]),
        (Decimal("0.0000031"), None),
    ]


def test_a_truncated_part_refuses_the_whole_reading(tmp_path: Path, collecting) -> None:
    write = into_folder(tmp_path)
    write_run(write, folder_of("5b1f"), SUBMITTED, [charge()], [charge()] * 3000)
    part = tmp_path / folder_of("5b1f") / "part_0_0002.csv.gz"
    part.write_bytes(part.read_bytes()[:-20])
    error = refusal(collecting)
    assert error.permanent
    assert "part_0_0002.csv.gz: cannot be read: Compressed file ended before the end-of-stream marker" in str(error)


def test_columns_in_another_order_and_new_ones_in_each_part_lose_nothing(tmp_path: Path, collecting) -> None:
    write = into_folder(tmp_path)
    names = write_parts(write, folder_of("5b1f"), [charge("1")], [], suffix=".csv")
    write(names[1], table([{**charge("2"), "x_New": "?"}], ("x_New", *list(charge())[::-1])))
    write_manifest(write, folder_of("5b1f"), names, SUBMITTED)
    rows = collecting.read(TYPE, path="exports").rows
    assert [(row["BilledCost"], row["Tags"]) for row in rows] == [(1, [("team", "ads")]), (2, [("team", "ads")])]


def test_mixed_encodings_are_refused_by_name_and_mixed_currencies_kept_apart(tmp_path: Path, collecting) -> None:
    write = into_folder(tmp_path)
    names = write_parts(write, folder_of("5b1f"), [charge("1"), charge("2", currency="eur")], suffix=".csv")
    write_manifest(write, folder_of("5b1f"), names, SUBMITTED)
    rows = collecting.read(TYPE, path="exports").rows
    assert [row["BillingCurrency"] for row in rows] == ["USD", "EUR"]
    write(names[0], table([{**charge(), "Tags": '{"team": "Größe"}'}]).decode("utf-8-sig").encode("latin-1"))
    error = refusal(collecting)
    assert "part_0_0001.csv, row 1, Tags" in str(error)
    assert "holds bytes that are not of the file's encoding" in str(error)
