"""Objects in S3, on a real server that speaks its protocol."""

import gzip
import tempfile
from pathlib import Path

import pytest

from collectors.base import CollectError
from collectors.bills.focus import TYPE
from collectors.storage.access import Access
from collectors.storage.s3 import copy_object, list_objects

pytestmark = pytest.mark.slow
SUFFIXES = (".csv", ".csv.gz")
BILL = (
    b"BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd\n"
    b"1.25,USD,2026-11-20T00:00:00Z,2026-11-21T00:00:00Z\n"
)


def put(s3, *keys: str, body: bytes = BILL) -> None:
    for key in keys:
        s3.put_object(Bucket="bills", Key=key, Body=gzip.compress(body) if key.endswith(".gz") else body)


def test_a_prefix_is_a_folder_and_only_data_files_count(s3) -> None:
    put(s3, "aws/data/1.csv", "aws/data/2.csv.gz", "aws/Manifest.json", "aws/_SUCCESS.csv", "aws-old/1.csv", "aws/x/")
    found = [place.name for place in list_objects("s3://bills/aws", SUFFIXES, Access())]
    assert found == ["s3://bills/aws/data/1.csv", "s3://bills/aws/data/2.csv.gz"]
    assert [place.name for place in list_objects("s3://bills/aws/", SUFFIXES, Access())] == found
    assert [place.name for place in list_objects("s3://bills/aws*/*1.csv", SUFFIXES, Access())] == [
        "s3://bills/aws-old/1.csv",
        "s3://bills/aws/data/1.csv",
    ]
    assert [place.name for place in list_objects("s3://bills/aws/Manifest.json", SUFFIXES, Access())] == [
        "s3://bills/aws/Manifest.json"
    ]
    assert len(list_objects("s3://bills", SUFFIXES, Access())) == 3


def test_a_prefix_of_more_objects_than_a_page_is_listed_whole(s3) -> None:
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.s3.models import s3_backends

    for number in range(1003):  # past the network, which would take half a minute
        s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object("bills", f"many/{number}.csv", b"x")
    assert len(list_objects("s3://bills/many", SUFFIXES, Access())) == 1003


def test_a_bill_is_read_from_s3_and_its_rows_name_the_object(s3, collecting) -> None:
    put(s3, "aws/a.csv", "aws/b.csv.gz")
    collected = collecting.read(TYPE, path="s3://bills/aws/")
    assert [row["x_Origin"] for row in collected.rows] == ["s3://bills/aws/a.csv:1", "s3://bills/aws/b.csv.gz:1"]
    assert [file.place for file in collected.reading.files] == ["s3://bills/aws/a.csv", "s3://bills/aws/b.csv.gz"]


def test_the_revision_changes_with_an_object(s3, collecting) -> None:
    put(s3, "aws/a.csv")
    collector = collecting.build(TYPE, path="s3://bills/aws/")
    before = collector.revision()
    assert collector.revision() == before
    put(s3, "aws/a.csv", body=BILL.replace(b"1.25", b"1.26"))
    assert collector.revision() != before


def test_the_temporary_copy_is_deleted(s3, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    put(s3, "aws/a.csv")
    [place] = list_objects("s3://bills/aws", SUFFIXES, Access())
    with copy_object(place, Access()) as path:
        assert path.read_bytes() == BILL
        assert path.is_relative_to(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_object_that_changed_since_it_was_listed_is_not_read(s3) -> None:
    put(s3, "aws/a.csv")
    [place] = list_objects("s3://bills/aws", SUFFIXES, Access())
    put(s3, "aws/a.csv", body=b"other")
    with (
        pytest.raises(CollectError, match=r"s3://bills/aws/a\.csv changed since it was listed") as refused,
        copy_object(place, Access()),
    ):
        pass
    assert not refused.value.permanent


def test_a_bucket_that_is_not_there_is_permanent(s3) -> None:
    with pytest.raises(CollectError, match="s3://nowhere/x cannot be listed: NoSuchBucket") as refused:
        list_objects("s3://nowhere/x", SUFFIXES, Access())
    assert refused.value.permanent


def test_no_bucket_at_all_is_told() -> None:
    with pytest.raises(CollectError, match="names no bucket"):
        list_objects("s3:///x", SUFFIXES, Access())


def test_s3_that_is_away_is_not_permanent(s3, monkeypatch, free_port: int) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port}")
    with pytest.raises(CollectError, match="cannot be listed") as refused:
        list_objects("s3://bills/x", SUFFIXES, Access())
    assert not refused.value.permanent


def test_missing_credentials_are_permanent(s3, monkeypatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(CollectError, match="Unable to locate credentials") as refused:
        list_objects("s3://bills/x", SUFFIXES, Access())
    assert refused.value.permanent
