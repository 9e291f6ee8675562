"""A listing that breaks midway is no listing: nothing is read of what came before, and it is asked for again."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from azurite import KEY
from recorded_api import Answer, Asked, RecordedApi, cut

from collectors.base import CollectError
from collectors.bills.focus import TYPE

pytestmark = pytest.mark.slow
_XML = {"Content-Type": "application/xml"}


@dataclass(frozen=True)
class Listed:
    """How a store lists two files on two pages: its path, the routes, what it needs, and a page by its number."""

    path: str
    route: str
    options: Callable[[RecordedApi], dict[str, str]]
    page: Callable[[int], Answer]


def _of_s3(number: int) -> Answer:
    following = "<NextContinuationToken>more</NextContinuationToken>" if number == 1 else ""
    told = "<LastModified>2026-11-20T00:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>9</Size>"
    item = f"<Contents><Key>a/{number}.csv</Key>{told}</Contents>"
    pages = f"<IsTruncated>{str(number == 1).lower()}</IsTruncated>{following}"
    return Answer(f"<ListBucketResult>{pages}{item}</ListBucketResult>", headers=_XML)


def _of_gcs(number: int) -> Answer:
    following = {"nextPageToken": "more"} if number == 1 else {}
    item = {"name": f"a/{number}.csv", "bucket": "bills", "size": "9", "generation": "7"}
    return Answer({"kind": "storage#objects", "items": [item], **following})


def _of_azure(number: int) -> Answer:
    following = "<NextMarker>more</NextMarker>" if number == 1 else "<NextMarker />"
    when = "<Last-Modified>Fri, 20 Nov 2026 00:00:00 GMT</Last-Modified>"
    told = f"{when}<Etag>e</Etag><Content-Length>9</Content-Length><BlobType>BlockBlob</BlobType>"
    item = f"<Blobs><Blob><Name>a/{number}.csv</Name><Properties>{told}</Properties></Blob></Blobs>"
    return Answer(f'<EnumerationResults ContainerName="bills">{item}{following}</EnumerationResults>', headers=_XML)


STORES = {
    "s3": Listed("s3://bills/a", "/bills", lambda api: {"endpoint_url": api.url, "region": "us-east-1"}, _of_s3),
    "gcs": Listed("gs://bills/a", "/storage/v1/b/bills/o", lambda _api: {}, _of_gcs),
    "azure": Listed(
        "az://bills/a",
        "/acct/bills",
        lambda api: {"endpoint_url": f"{api.url}/acct", "account": "acct", "account_key": KEY},
        _of_azure,
    ),
}
BREAKS = {
    "refused": (Answer("<Error><Code>AccessDenied</Code></Error>", 403), True),
    "no listing": (Answer("<html>", headers=_XML), False),
    "cut off": (cut("<?xml version='1.0'?><EnumerationResults><Blobs><Blob>" + " " * 200, 60), False),
}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, api: RecordedApi, monkeypatch: pytest.MonkeyPatch) -> Listed:
    """A store whose first page of a listing is as it should be."""
    if request.param == "gcs":
        pytest.importorskip("google.cloud.storage", reason="google-cloud-storage is not installed: attributor[gcp]")
        monkeypatch.setattr("collectors.storage.gcs._PATIENCE", 0.01)
    if request.param == "azure":
        pytest.importorskip("azure.storage.blob", reason="azure-storage-blob is not installed: attributor[azure]")
        monkeypatch.setattr("collectors.storage.azure._LIMITS", {"retry_total": 0})
    if request.param == "s3":
        monkeypatch.setattr("collectors.storage.s3._RETRIES", {"max_attempts": 1})
    for name, value in {
        "STORAGE_EMULATOR_HOST": api.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }.items():
        monkeypatch.setenv(name, value)
    return STORES[request.param]


def page_of(store: Listed, asked: Asked) -> int:
    """Tell which page is asked for."""
    return 2 if "more" in asked.query.values() else 1


def test_both_pages_of_a_listing_count(store: Listed, api: RecordedApi, collecting) -> None:
    api.on(store.route, lambda asked: store.page(page_of(store, asked)))
    before = collecting.build(TYPE, path=store.path, **store.options(api)).revision()
    api._routes.clear()
    api.on(store.route, lambda _asked: store.page(2))
    assert collecting.build(TYPE, path=store.path, **store.options(api)).revision() != before


@pytest.mark.parametrize("broken", BREAKS)
def test_a_listing_that_breaks_midway_is_an_error_and_nothing_is_read(
    broken: str, store: Listed, api: RecordedApi, collecting
) -> None:
    answer, permanent = BREAKS[broken]
    api.on(store.route, lambda asked: store.page(1) if page_of(store, asked) == 1 else answer)
    collector = collecting.build(TYPE, path=store.path, **store.options(api))
    with pytest.raises(CollectError, match="cannot be listed") as refused:
        list(collector.collect(None))
    assert refused.value.permanent == permanent
    assert not [asked.path for asked in api.requests if asked.path.endswith(".csv")], "nothing is fetched"
