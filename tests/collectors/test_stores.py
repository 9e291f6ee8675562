"""One contract for every store that a `path:` may lie in, each on a counterpart of its own."""

import gzip
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from azurite import KEY

from collectors.base import CollectError
from collectors.bills.focus import TYPE
from collectors.places import list_places, opened, probe_path
from collectors.storage.access import Access, access_of

pytestmark = pytest.mark.slow
SUFFIXES = (".csv", ".csv.gz")
BILL = (
    b"BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd\n"
    b"1.25,USD,2026-11-20T00:00:00Z,2026-11-21T00:00:00Z\n"
)


@dataclass
class Filled:
    """A store with a container `bills`: `put` writes an object, `options` are what a source needs to read it."""

    root: str
    put: Callable[[str, bytes], None]
    options: dict[str, str] = field(default_factory=dict)

    @property
    def access(self) -> Access:
        return access_of(self.options)


def unused_port() -> int:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def gcs_server() -> Iterator[str]:
    pytest.importorskip("google.cloud.storage", reason="google-cloud-storage is not installed: attributor[gcp]")
    server = pytest.importorskip("gcp_storage_emulator.server", reason="gcp-storage-emulator is not installed")
    port = unused_port()
    running = server.create_server("127.0.0.1", port, in_memory=True)
    running.start()
    yield f"http://127.0.0.1:{port}"
    running.stop()


@pytest.fixture(params=["s3", "gcs", "azure"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Filled:
    """An empty container `bills` in each store."""
    filled: Filled = {"s3": _s3, "gcs": _gcs, "azure": _azure}[request.param](request, monkeypatch)
    return filled


def _s3(request: pytest.FixtureRequest, _monkeypatch: pytest.MonkeyPatch) -> Filled:
    client = request.getfixturevalue("s3")
    return Filled("s3://bills", lambda key, body: client.put_object(Bucket="bills", Key=key, Body=body))


def _gcs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Filled:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", request.getfixturevalue("gcs_server"))
    monkeypatch.setenv("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")  # the client of this test asks nothing
    from google.cloud import storage

    client = storage.Client(project="test")
    for bucket in client.list_buckets():
        bucket.delete(force=True)
    created = client.create_bucket("bills")
    return Filled("gs://bills", lambda key, body: created.blob(key).upload_from_string(body))


def _azure(request: pytest.FixtureRequest, _monkeypatch: pytest.MonkeyPatch) -> Filled:
    endpoint = request.getfixturevalue("azurite")
    from azure.storage.blob import BlobServiceClient

    with BlobServiceClient(endpoint, credential=KEY) as service:
        container = service.get_container_client("bills")
        if not container.exists():
            container.create_container()
        for blob in container.list_blobs():
            container.delete_blob(blob.name)

    def put(key: str, body: bytes) -> None:
        with BlobServiceClient(endpoint, credential=KEY) as service:
            service.get_blob_client("bills", key).upload_blob(body, overwrite=True)

    options = {"endpoint_url": endpoint, "account": "devstoreaccount1", "account_key": KEY}
    return Filled("az://bills", put, options)


def names(store: Filled, below: str) -> list[str]:
    found = list_places(f"{store.root}{below}", Path(), SUFFIXES, store.access)
    return [place.name.removeprefix(f"{store.root}/") for place in found]


def test_a_prefix_is_a_folder_and_only_data_files_count(store: Filled) -> None:
    for key in ("a/data/1.csv", "a/data/2.csv.gz", "a/Manifest.json", "a/_SUCCESS.csv", "a-old/1.csv", "a/.x/3.csv"):
        store.put(key, BILL)
    assert names(store, "/a") == names(store, "/a/") == ["a/data/1.csv", "a/data/2.csv.gz"]
    assert names(store, "/a*/*1.csv") == ["a-old/1.csv", "a/data/1.csv"]
    assert names(store, "/a/Manifest.json") == ["a/Manifest.json"]
    assert names(store, "") == ["a-old/1.csv", "a/data/1.csv", "a/data/2.csv.gz"]
    assert names(store, "/nowhere") == []


def test_a_bill_is_read_and_its_rows_name_the_object(store: Filled, collecting) -> None:
    store.put("a/a.csv", BILL)
    store.put("a/b.csv.gz", gzip.compress(BILL))
    collected = collecting.read(TYPE, path=f"{store.root}/a", **store.options)
    assert [row["x_Origin"] for row in collected.rows] == [f"{store.root}/a/a.csv:1", f"{store.root}/a/b.csv.gz:1"]


def test_the_revision_changes_with_an_object_and_only_then(store: Filled, collecting) -> None:
    store.put("a/a.csv", BILL)
    collector = collecting.build(TYPE, path=f"{store.root}/a", **store.options)
    before = collector.revision()
    assert collector.revision() == before
    store.put("a/a.csv", BILL.replace(b"1.25", b"1.26"))
    assert collector.revision() != before


def test_an_object_that_changed_since_it_was_listed_is_not_read(store: Filled) -> None:
    if store.root.startswith("gs://"):
        pytest.skip("the emulator of GCS knows no ifGenerationMatch")
    store.put("a.csv", BILL)
    [place] = list_places(store.root, Path(), SUFFIXES, store.access)
    store.put("a.csv", b"other")
    with pytest.raises(CollectError, match="changed since it was listed") as refused, opened(place, store.access):
        pass
    assert not refused.value.permanent


def test_the_temporary_copy_is_deleted(store: Filled, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    store.put("a.csv", BILL)
    [place] = list_places(store.root, Path(), SUFFIXES, store.access)
    with opened(place, store.access) as path:
        assert path.read_bytes() == BILL
        assert path.is_relative_to(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_container_that_is_not_there_is_permanent(store: Filled) -> None:
    with pytest.raises(CollectError, match="nowhere/x cannot be listed") as refused:
        list_places(f"{store.root.replace('bills', 'nowhere')}/x", Path(), SUFFIXES, store.access)
    assert refused.value.permanent


def test_no_container_at_all_is_told(store: Filled) -> None:
    with pytest.raises(CollectError, match=r"names no (bucket|container)"):
        list_places(store.root.replace("bills", "/x"), Path(), SUFFIXES, store.access)


def test_a_probe_tells_what_was_tried_and_what_is_missing(store: Filled) -> None:
    store.put("a/1.csv", BILL)
    granted = probe_path(f"{store.root}/a", Path(), SUFFIXES, store.access)
    assert [need.problem for need in granted] == [None, None]
    [refused] = probe_path(f"{store.root.replace('bills', 'nowhere')}/x", Path(), SUFFIXES, store.access)
    assert "cannot be listed" in str(refused.problem)
    [listed, empty] = probe_path(f"{store.root}/b", Path(), SUFFIXES, store.access)
    assert listed.problem is None
    assert "there is no file at" in str(empty.problem)


def test_a_wrong_key_of_azure_is_permanent_and_not_told(azurite: str) -> None:
    wrong = "d3Jvbmcga2V5"
    access = Access(endpoint_url=azurite, account="devstoreaccount1", account_key=wrong)
    with pytest.raises(CollectError, match=r"AuthorizationFailure|AuthenticationFailed") as refused:
        list_places("az://bills", Path(), SUFFIXES, access)
    assert refused.value.permanent
    assert wrong not in str(refused.value)


def test_a_signature_in_an_azure_address_is_used_and_not_shown(azurite: str, monkeypatch) -> None:
    from datetime import UTC, datetime, timedelta

    from azure.storage.blob import BlobServiceClient, ContainerSasPermissions, generate_container_sas

    with BlobServiceClient(azurite, credential=KEY) as service:
        if not service.get_container_client("signed").exists():
            service.create_container("signed")
        service.get_blob_client("signed", "a.csv").upload_blob(BILL, overwrite=True)
    allowed = ContainerSasPermissions(read=True, list=True)
    until = datetime.now(UTC) + timedelta(hours=1)
    signature = generate_container_sas("devstoreaccount1", "signed", account_key=KEY, permission=allowed, expiry=until)
    access = Access(endpoint_url=azurite)
    [place] = list_places(f"az://signed/?{signature}", Path(), SUFFIXES, access)
    assert place.name == "az://signed/a.csv"
    assert "sig=" not in repr(place)
    with opened(place, access) as path:
        assert path.read_bytes() == BILL


def test_an_az_path_without_an_account_says_what_to_add(monkeypatch) -> None:
    for name in [name for name in os.environ if name.startswith("AZURE_STORAGE_")]:
        monkeypatch.delenv(name)
    pytest.importorskip("azure.storage.blob", reason="azure-storage-blob is not installed: attributor[azure]")
    with pytest.raises(CollectError, match="add account: NAME") as refused:
        list_places("az://bills/x", Path(), SUFFIXES)
    assert refused.value.permanent


@pytest.mark.parametrize("where", ["gs://bills/x", "az://bills/x"])
def test_a_store_that_is_away_is_not_permanent(where: str, free_port: int, monkeypatch) -> None:
    address = f"http://127.0.0.1:{free_port}"
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", address)
    monkeypatch.setattr("collectors.storage.gcs._PATIENCE", 1.0)
    monkeypatch.setattr("collectors.storage.azure._LIMITS", {"retry_total": 0})
    pytest.importorskip("azure.storage.blob", reason="azure-storage-blob is not installed: attributor[azure]")
    pytest.importorskip("google.cloud.storage", reason="google-cloud-storage is not installed: attributor[gcp]")
    access = Access(endpoint_url=address if where.startswith("az") else None, account="x", account_key=KEY)
    with pytest.raises(CollectError, match="cannot be listed") as refused:
        list_places(where, Path(), SUFFIXES, access)
    assert not refused.value.permanent


def test_a_missing_library_is_told_with_the_extra_that_brings_it(collecting, monkeypatch) -> None:
    from collectors.storage.store import Extra

    assert "pip install 'attributor[gcp]'" in str(Extra("no.such.library", "gcp").problem)
    missing: Any = property(lambda extra: f"needs {extra.module}: pip install 'attributor[{extra.name}]'")
    monkeypatch.setattr(Extra, "problem", missing)
    for path, extra in (("gs://b/x", "gcp"), ("az://b/x", "azure"), ("https://a.blob.core.windows.net/b", "azure")):
        with pytest.raises(ValueError, match=rf"attributor\[{extra}\]"):
            collecting.build(TYPE, path=path)
    collecting.build(TYPE, path="s3://b/x")
