"""Files at https:// addresses: what is asked for, what is tried again, what is refused, what stays secret."""

import gzip
from pathlib import Path

import pytest
from recorded_api import Answer, RecordedApi, cut, failing, throttled

from collectors.base import CollectError
from collectors.bills.focus import TYPE
from collectors.places import list_places, opened, probe_path
from collectors.storage.access import Access

BILL = (
    "BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd\n1.25,USD,2026-11-20T00:00:00Z,2026-11-21T00:00:00Z\n"
)
TAGGED = Answer(BILL, headers={"ETag": '"one"'})


def test_a_list_of_addresses_is_read_and_a_query_is_not_shown(api: RecordedApi, collecting) -> None:
    api.on("/a.csv", TAGGED)
    api.on(
        "/b.csv.gz", Answer(gzip.compress(BILL.encode()), headers={"Last-Modified": "Fri, 20 Nov 2026 00:00:00 GMT"})
    )
    collected = collecting.read(TYPE, path=[f"{api.url}/a.csv?sig=hunter2", f"{api.url}/b.csv.gz"], bearer_token="t0k")
    assert [row["x_Origin"] for row in collected.rows] == [f"{api.url}/a.csv:1", f"{api.url}/b.csv.gz:1"]
    assert {asked.headers["Authorization"] for asked in api.requests} == {"Bearer t0k"}
    assert api.requests[0].query == {"sig": "hunter2"}


def test_the_revision_is_the_tag_or_else_the_time_or_else_the_content(api: RecordedApi, collecting) -> None:
    api.on("/tag.csv", TAGGED, TAGGED, Answer(BILL, headers={"ETag": '"two"'}))
    api.on("/bare.csv", Answer(BILL), Answer(BILL), Answer("other"))
    for name in ("tag.csv", "bare.csv"):
        collector = collecting.build(TYPE, path=f"{api.url}/{name}")
        first, second, third = (collector.revision() for _ in range(3))
        assert first == second != third


@pytest.mark.slow
def test_what_may_pass_is_tried_again(api: RecordedApi, collecting) -> None:
    api.on("/a.csv", TAGGED)
    api.misbehave(throttled(0), failing(503))
    collecting.build(TYPE, path=f"{api.url}/a.csv").revision()
    api.misbehave(TAGGED, cut(BILL))
    assert len(collecting.read(TYPE, path=f"{api.url}/a.csv").rows) == 1


def test_a_file_that_changed_since_it_was_listed_is_not_read(api: RecordedApi) -> None:
    api.on("/a.csv", TAGGED, Answer("x", headers={"ETag": '"two"'}))
    [place] = list_places(f"{api.url}/a.csv", Path(), ())
    with pytest.raises(CollectError, match="changed since it was listed") as refused, opened(place):
        pass
    assert not refused.value.permanent


def test_a_refusal_is_permanent_and_tells_no_secret(api: RecordedApi) -> None:
    api.on("/a.csv", Answer("bad token t0k", 403))
    access = Access(bearer_token="t0k")
    [need] = probe_path(f"{api.url}/a.csv?sig=hunter2", Path(), (), access)
    assert str(need.problem).endswith("/a.csv answered 403: bad token •••")
    assert "hunter2" not in str(need.problem)
    with pytest.raises(CollectError) as refused:
        list_places(f"{api.url}/a.csv", Path(), (), access)
    assert refused.value.permanent


def test_a_generation_of_gcs_that_is_gone_is_not_read(api: RecordedApi, monkeypatch) -> None:
    pytest.importorskip("google.cloud.storage", reason="google-cloud-storage is not installed: attributor[gcp]")
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", api.url)
    item = {"name": "a.csv", "bucket": "bills", "size": "5", "generation": "7"}
    api.on("/storage/v1/b/bills/o", Answer({"kind": "storage#objects", "items": [item]}))
    api.on("/download/storage/v1/b/bills/o/a.csv", Answer({"error": {"message": "conditionNotMet"}}, 412))
    [place] = list_places("gs://bills", Path(), (".csv",))
    with pytest.raises(CollectError, match="changed since it was listed") as refused, opened(place):
        pass
    assert not refused.value.permanent
    [asked] = [one for one in api.requests if one.path.startswith("/download/")]
    assert asked.query.get("ifGenerationMatch") == "7", api.requests
