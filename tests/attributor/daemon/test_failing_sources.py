"""A source that fails does not stop the others, is shown, and recovers."""

from collections.abc import Iterator
from typing import Any

import pytest

pytestmark = pytest.mark.slow
COSTS = {"search": "33", "ads": "11", "unattributed": "2"}


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of a real moto server without a bucket; boto3 finds it by the environment, in daemons as well."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    yield boto3.client("s3")
    server.stop()


def with_sources(company, *sources: str) -> None:
    text = (company.folder / "attributor.yaml").read_text()
    lines = "".join(f"  {source}\n" for source in sources)
    company.write("attributor.yaml", text.replace("sources:\n", f"sources:\n{lines}"))


def failing(daemon) -> dict[str, str]:
    sources = daemon.get("/health.json").json()["sources"]
    return {each["source"]: each["error"] for each in sources if each["state"] == "failing"}


def test_sources_that_fail_stop_no_other_are_shown_and_recover(company, start, waiting, s3, free_port: int) -> None:
    bill = (company.folder / "bills" / "november.csv").read_text()
    company.write("broken/bill.csv", bill.replace("30,30,30,USD", "30,thirty,30,USD"))
    with_sources(
        company,
        "broken: {type: focus, path: broken/bill.csv, every: 1s}",
        "bucket: {type: focus, path: s3://bills/aws/, every: 1s}",
        f"down: {{type: prometheus, url: http://127.0.0.1:{free_port}, every: 1h}}",
    )
    answer = company.run()
    assert answer.code == 1
    assert {failure["source"]: failure["permanent"] for failure in answer.json["failures"]} == {
        "broken": True,
        "bucket": True,
        "down": False,
    }
    assert company.costs() == COSTS, "the others came in"

    daemon = start(company.folder)
    waiting(lambda: set(failing(daemon)) == {"broken", "bucket", "down"}, "the failures are told")
    told = failing(daemon)
    assert "broken/bill.csv, row 1, EffectiveCost = 'thirty'" in told["broken"]
    assert "s3://bills/aws/ cannot be listed: NoSuchBucket" in told["bucket"]
    assert f"http://127.0.0.1:{free_port}/api/v1/query cannot be reached" in told["down"]
    page = daemon.get("/health").text
    assert all(name in page for name in told)
    assert 'attributor_source_failing{source="bucket"} 1.0' in daemon.get("/metrics").text

    company.write("broken/bill.csv", bill)
    s3.create_bucket(Bucket="bills")
    s3.put_object(Bucket="bills", Key="aws/november.csv", Body=bill.encode())
    waiting(lambda: set(failing(daemon)) == {"down"}, "they are mended")
    waiting(lambda: company.costs() == {"search": "99", "ads": "33", "unattributed": "6"}, "their charges came in")
    assert daemon.end() == 0
    assert "Traceback" not in daemon.said


def test_a_source_that_is_there_for_the_first_time_heals_the_exit_code(company) -> None:
    usage = (company.folder / "usage" / "gpus.csv").read_text()
    (company.folder / "usage" / "gpus.csv").unlink()
    answer = company.run()
    assert (answer.code, [failure["source"] for failure in answer.json["failures"]]) == (1, ["gpus"])
    assert company.costs() == {"search": "30", "ads": "5", "unattributed": "11"}
    company.write("usage/gpus.csv", usage)
    assert company.run().code == 0
    assert company.costs() == COSTS
