"""AWS' FOCUS exports: from S3, in Parquet as AWS writes it, and broken in the ways that exports break."""

import gzip
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from aws_exports import COLUMNS, charge, chunk_name, into_bucket, into_folder, table, write_chunks, write_manifest

from collectors.base import CollectError
from collectors.bills.aws.focus import TYPE


def refusal(collecting, path: str = "focus", **options) -> CollectError:
    with pytest.raises(CollectError) as refused:
        collecting.read(TYPE, path=path, **options)
    return refused.value


@pytest.mark.slow
def test_an_export_is_read_from_s3_by_its_manifest(s3, collecting) -> None:
    write = into_bucket(s3)
    write_chunks(write, [charge("1")], [charge("2")], [charge("3")])
    write_manifest(write, 2)
    collected = collecting.read(TYPE, path="s3://bills/focus/")
    assert [str(row["BilledCost"].normalize()) for row in collected.rows] == ["1", "2"]
    collector = collecting.build(TYPE, path="s3://bills/focus/")
    before = collector.revision()
    write(chunk_name(3), table([charge("4")]))
    assert collector.revision() == before, "what the manifest does not name changes nothing"
    assert [need.problem for need in collector.probe()] == [None, None]


@pytest.mark.slow
def test_a_run_that_is_overwriting_the_last_one_is_waited_for(s3, collecting) -> None:
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.s3.models import s3_backends

    write = into_bucket(s3)
    write_chunks(write, [charge("1")], [charge("2")])
    write_manifest(write, 2)
    now = datetime.now(UTC)
    keys = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets["bills"].keys
    keys[chunk_name(1)].last_modified = now + timedelta(seconds=5)
    error = refusal(collecting, "s3://bills/focus/", now=now)
    assert not error.permanent
    assert "focus-00001.csv.gz is newer than its manifest: a delivery is under way" in str(error)
    copied = collecting.read(TYPE, path="s3://bills/focus/", now=now + timedelta(days=1))
    assert len(copied.rows) == 2, "a bucket that was copied has its objects in any order"


def test_parquet_with_maps_doubles_and_times_gives_what_the_text_gives(tmp_path: Path, collecting) -> None:
    start = datetime(2026, 11, 19, tzinfo=UTC)
    columns = {
        "BilledCost": pa.array([0.1, 3.1e-06]),
        "BillingCurrency": pa.array(["USD", "USD"]),
        "ChargePeriodStart": pa.array([start, start], pa.timestamp("ms")),
        "ChargePeriodEnd": pa.array([start + timedelta(hours=1)] * 2, pa.timestamp("ms")),
        "Tags": pa.array([[("user:team", "ads"), ("aws:createdBy", "x")], None], pa.map_(pa.string(), pa.string())),
        "SkuPriceDetails": pa.array([[("InstanceType", "p5.48xlarge")], []], pa.map_(pa.string(), pa.string())),
        "x_Discounts": pa.array([[("edp", -0.5)], []], pa.map_(pa.string(), pa.float64())),
    }
    folder = tmp_path / "focus/data/billing_period=2026-11"
    folder.mkdir(parents=True)
    pq.write_table(pa.table(columns), folder / "focus-00001.snappy.parquet")
    pq.write_table(pa.table(columns).slice(0, 0), folder / "focus-00002.snappy.parquet")
    rows = collecting.read(TYPE, path="focus").rows
    assert [row["BilledCost"] for row in rows] == [Decimal("0.1"), Decimal("0.0000031")]
    assert [row["Tags"] for row in rows] == [[("team", "ads"), ("aws:createdBy", "x")], None]
    assert rows[0]["SkuPriceDetails"] == '{"InstanceType": "p5.48xlarge"}'


def test_a_truncated_chunk_refuses_the_whole_reading(tmp_path: Path, collecting) -> None:
    write = into_folder(tmp_path)
    write_chunks(write, [charge()], [charge()] * 3000)
    (tmp_path / chunk_name(2)).write_bytes((tmp_path / chunk_name(2)).read_bytes()[:-20])
    write_manifest(write, 2)
    error = refusal(collecting)
    assert error.permanent
    assert "focus-00002.csv.gz: cannot be read: Compressed file ended before the end-of-stream marker" in str(error)


def test_columns_in_another_order_and_new_ones_in_each_chunk_lose_nothing(tmp_path: Path, collecting) -> None:
    write = into_folder(tmp_path)
    write(chunk_name(1), table([charge("1")]))
    write(chunk_name(2), table([{**charge("2", tags='{"user:team": "ads"}'), "x_New": "?"}], ("x_New", *COLUMNS[::-1])))
    rows = collecting.read(TYPE, path="focus").rows
    assert [(row["BilledCost"], row["Tags"]) for row in rows] == [(1, None), (2, [("team", "ads")])]


def test_mixed_encodings_are_refused_by_name_and_mixed_currencies_kept_apart(tmp_path: Path, collecting) -> None:
    write = into_folder(tmp_path)
    write(chunk_name(1), table([charge("1", currency="USD"), charge("2", currency="eur")]))
    rows = collecting.read(TYPE, path="focus").rows
    assert [row["BillingCurrency"] for row in rows] == ["USD", "EUR"]
    latin = gzip.decompress(table([charge(tags='{"user:team": "Größe"}')])).decode().encode("latin-1")
    write(chunk_name(2), gzip.compress(latin))
    error = refusal(collecting)
    assert "focus-00002.csv.gz, row 1, Tags" in str(error)
    assert "holds bytes that are not of the file's encoding" in str(error)
