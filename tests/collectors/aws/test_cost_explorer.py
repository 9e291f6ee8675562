"""Cost Explorer on a real server that speaks its protocol: pages, money, and what asking costs."""

import json
import urllib.request
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from aws_organization import make_organization
from recorded_api import Answer, RecordedApi

from collectors.base import Backfilling, CollectError, Window
from collectors.bills.aws.cost_explorer import TYPE

pytestmark = pytest.mark.slow
GOLDEN = Path(__file__).parents[1] / "golden" / "aws-cost-explorer" / "table.json"
TWO_DAYS = Window(datetime(2026, 11, 17, tzinfo=UTC), datetime(2026, 11, 19, tzinfo=UTC))


def group(keys: list[str], unblended: str, amortised: str, unit: str = "USD") -> dict:
    amounts = (("UnblendedCost", unblended), ("AmortizedCost", amortised))
    return {"Keys": keys, "Metrics": {name: {"Amount": amount, "Unit": unit} for name, amount in amounts}}


def day(number: int, *groups: dict) -> dict:
    start, end = f"2026-11-{number:02d}", f"2026-11-{number + 1:02d}"
    return {"TimePeriod": {"Start": start, "End": end}, "Total": {}, "Groups": list(groups), "Estimated": True}


@pytest.fixture
def seed(s3, s3_server: str):
    """Queue answers: each request that was not made before takes the next."""

    def queue(*pages: dict) -> None:
        body = json.dumps({"results": list(pages)}).encode()
        url = f"{s3_server}/moto-api/static/ce/cost-and-usage-results"
        headers = {"Content-Type": "application/json"}
        urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10).close()

    return queue


def page(*days: dict, token: str | None = None, **names: str) -> dict:
    """A page; `names` are what accounts are called, as `_1111="search"`."""
    told = [{"Value": key.lstrip("_"), "Attributes": {"description": name}} for key, name in names.items()]
    following = {"NextPageToken": token} if token else {}
    return {"ResultsByTime": list(days), "DimensionValueAttributes": told, **following}


def test_pages_become_charges_of_their_days_with_tags(seed, collecting, golden) -> None:
    first = day(
        17, group(["Amazon Bedrock", "team$search"], "41.0077", "41.0077"), group(["Amazon S3", "team$"], "-0", "0")
    )
    seed(
        page(first, token="more"),
        page(
            day(17, group(["Amazon EC2", "team$ads"], "0.0000000123456", "7")),
            day(18, group(["Amazon EC2", "team$ads"], "1E-7", "1E-7", "EUR")),
        ),
    )
    collected = collecting.read(TYPE, TWO_DAYS, group_by=["SERVICE", "TAG:team"])
    assert (collected.reading.requests, collected.reading.cost) == (2, Decimal("0.02"))
    golden(GOLDEN, collected)


def test_accounts_have_their_names_whichever_page_tells_them_and_from_kept_answers_too(seed, collecting) -> None:
    seed(
        page(day(17, group(["1111", "EC2"], "1", "1"), group(["2222", "EC2"], "2", "2")), token="more", _1111="search"),
        page(day(18, group(["1111", "S3"], "3", "3"), group(["3333", "S3"], "4", "4")), _1111="search", _2222="ads"),
    )
    for _ in range(2):
        rows = collecting.read(TYPE, TWO_DAYS).rows
        assert {(row["SubAccountId"], row["SubAccountName"]) for row in rows} == {
            ("1111", "search"),
            ("2222", "ads"),
            ("3333", None),
        }


def test_accounts_have_tags_by_their_organization_which_costs_nothing(seed, collecting) -> None:
    ids = make_organization({"search": {"team": "search"}, "ads": {}})
    seed(page(day(17, group([ids["search"], ""], "1", "1"), group(["9999", "team$x"], "2", "2")), day(18)))
    asked = {"group_by": ["LINKED_ACCOUNT", "TAG:team"], "organizations": "true"}
    collected = collecting.read(TYPE, TWO_DAYS, **asked)
    assert [(row["SubAccountName"], row["Tags"]) for row in collected.rows] == [
        ("search", [("accountTag/team", "search")]),
        (None, [("team", "x")]),
    ]
    assert (collected.reading.requests, collected.reading.cost) == (1 + 4, Decimal("0.01"))
    again = collecting.read(TYPE, TWO_DAYS, **asked)
    assert (again.reading.requests, again.reading.cost) == (4, 0), "bills are kept, accounts are not"
    collector = collecting.build(TYPE, **asked)
    assert isinstance(collector, Backfilling)
    assert collector.backfill == timedelta(days=31)
    assert "organizations:ListAccounts" in [need.permission for need in collector.probe()]


def test_accounts_are_not_asked_of_where_costs_are_not_by_account(collecting) -> None:
    with pytest.raises(ValueError, match="organizations: accounts are told where group_by has LINKED_ACCOUNT"):
        collecting.build(TYPE, group_by=["SERVICE"], organizations="true")


def test_an_answer_is_paid_for_once_and_again_when_it_is_old(seed, collecting) -> None:
    seed(page(day(17, group(["1", "EC2"], "1", "1")), day(18)), page(day(17, group(["1", "EC2"], "2", "2")), day(18)))
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    readings = [collecting.read(TYPE, TWO_DAYS, now=noon + timedelta(hours=hours)).reading for hours in (0, 11, 12)]
    assert [reading.requests for reading in readings] == [1, 0, 1]
    assert readings[1].coverage == (TWO_DAYS,), "a day without groups is a zero"


def test_no_more_requests_are_made_in_a_day_than_are_allowed(seed, collecting) -> None:
    seed(page(day(17), day(18), token="more"), page(day(17), day(18, group(["1", "EC2"], "1", "1"))))
    with pytest.raises(CollectError, match="1 requests were made today, the most that max_requests allows") as refused:
        collecting.read(TYPE, TWO_DAYS, max_requests="1")
    assert not refused.value.permanent
    tomorrow = collecting.read(TYPE, TWO_DAYS, now=datetime(2026, 11, 21, tzinfo=UTC), max_requests="1", fresh="1d")
    assert tomorrow.reading.requests == 1, "the first page is still there"
    assert len(tomorrow.rows) == 1


def test_a_page_that_comes_twice_counts_nothing(seed, collecting) -> None:
    same = day(17, group(["1", "EC2"], "1", "1"))
    seed(page(same, token="more"), page(same))
    with pytest.raises(CollectError, match="gave the same page twice"):
        collecting.read(TYPE, TWO_DAYS)


@pytest.fixture
def explorer(api: RecordedApi, monkeypatch: pytest.MonkeyPatch) -> RecordedApi:
    """Cost Explorer as a server of answers, which also refuses as the real one does."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", api.url)
    return api


def refused(code: str) -> Answer:
    return Answer({"__type": code, "message": "Rate exceeded"}, 400)


def test_throttling_is_waited_out_and_where_it_stays_it_is_asked_again_later(explorer, collecting, monkeypatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _seconds: None)
    explorer.on("/", Answer(page(day(17, group(["1", "EC2"], "1", "1")), day(18))), method="POST")
    explorer.misbehave(refused("ThrottlingException"))
    assert len(collecting.read(TYPE, TWO_DAYS).rows) == 1
    explorer.misbehave(*[refused("ThrottlingException")] * 5)
    with pytest.raises(CollectError, match="ThrottlingException: Rate exceeded") as failed:
        collecting.read(TYPE, TWO_DAYS, fresh="1m", now=datetime(2026, 11, 20, 13, tzinfo=UTC))
    assert not failed.value.permanent


def test_an_empty_page_midway_and_an_empty_answer_are_no_end_and_a_zero(explorer, collecting) -> None:
    pages = [page(day(17, group(["1", "EC2"], "1", "1")), token="a"), page(token="b"), page(day(18))]
    explorer.on("/", *map(Answer, pages), method="POST")
    collected = collecting.read(TYPE, TWO_DAYS)
    assert (len(collected.rows), collected.reading.coverage) == (1, (TWO_DAYS,))
    explorer._routes.clear()
    explorer.on("/", Answer(page(day(17), day(18))), method="POST")
    nothing = collecting.read(TYPE, TWO_DAYS, fresh="1m", now=datetime(2026, 11, 20, 13, tzinfo=UTC))
    assert (nothing.rows, nothing.reading.coverage) == ([], (TWO_DAYS,))


def test_amounts_that_are_none_are_refused_with_their_day(seed, collecting) -> None:
    seed(page(day(17, group(["1", "EC2"], "1,5", "1")), day(18)))
    with pytest.raises(CollectError, match=r"cost-explorer 2026-11-17T00Z, row 1, BilledCost = '1,5': is not a number"):
        collecting.read(TYPE, TWO_DAYS)


def test_a_day_that_was_not_asked_for_is_refused(seed, collecting) -> None:
    seed(page(day(25, group(["1", "EC2"], "1", "1"))))
    with pytest.raises(CollectError, match="answered of 2026-11-25, which was not asked"):
        collecting.read(TYPE, TWO_DAYS)


@pytest.mark.parametrize("groups", [["SERVICE", "REGION", "AZ"], ["SERVICE", "SERVICE"], ["TEAM"], ["TAG:"]])
def test_groupings_that_it_does_not_know_are_a_users_mistake(collecting, groups: list[str]) -> None:
    with pytest.raises(ValueError, match="group_by"):
        collecting.build(TYPE, group_by=groups)


def test_missing_credentials_are_told_by_a_probe(s3, monkeypatch, tmp_path, collecting) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    [need] = collecting.build(TYPE).probe()
    assert need.permission == "ce:GetCostAndUsage"
    assert "Unable to locate credentials" in str(need.problem)
