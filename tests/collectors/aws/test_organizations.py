"""Names and tags of accounts, from an organization on a real server, on the charges of an export."""

from collections.abc import Mapping
from pathlib import Path

import boto3
import pytest
from aws_exports import COLUMNS, charge, into_bucket, into_folder, table
from aws_organization import allowed_only, make_organization
from botocore.stub import Stubber

from collectors.aws.accounts import Account, read_accounts
from collectors.base import CollectError, Collector, Need, Reporting
from collectors.bills.aws.cur import TYPE as CUR
from collectors.bills.aws.focus import TYPE

LIST_ACCOUNTS, LIST_TAGS = "organizations:ListAccounts", "organizations:ListTagsForResource"
READ_BUCKET = ("s3:ListBucket", "s3:GetObject")


def row(cost: str, account: str, name: str = "", tags: str = "") -> Mapping[str, str]:
    return {**charge(cost, tags=tags), "SubAccountId": account, "SubAccountName": name}


def deliver(write, *rows: Mapping[str, str], name: str = "bill") -> None:
    write(f"focus/{name}.csv.gz", table(rows, (*COLUMNS, "SubAccountId", "SubAccountName")))


def asked_of(collector: Collector) -> int:
    assert isinstance(collector, Reporting)
    asked = collector.asked()
    assert asked is not None
    return asked.requests


@pytest.mark.slow
def test_charges_of_an_export_have_the_names_and_tags_of_their_accounts(s3, collecting) -> None:
    ids = make_organization({"search": {"team": "search", "Env": "prod"}, "ads": {"team": "ads"}, "bare": {}})
    own = '{"user:team": "ranking", "accountTag/team": "of the bill"}'
    deliver(
        into_bucket(s3),
        row("1", ids["search"]),
        row("2", ids["search"], "told by the bill", own),
        row("3", ids["ads"], tags="{}"),
        row("4", ids["bare"]),
        row("5", "999999999999", "elsewhere", '{"user:team": "x"}'),
        row("6", ""),
    )
    collected = collecting.read(TYPE, path="s3://bills/focus/", organizations="true")
    assert [(row["SubAccountName"], None if row["Tags"] is None else dict(row["Tags"])) for row in collected.rows] == [
        ("search", {"accountTag/team": "search", "accountTag/Env": "prod"}),
        ("told by the bill", {"team": "ranking", "accountTag/team": "of the bill", "accountTag/Env": "prod"}),
        ("ads", {"accountTag/team": "ads"}),
        ("bare", None),
        ("elsewhere", {"team": "x"}),
        (None, None),
    ]
    assert (collected.reading.requests, collected.reading.cost) == (5, 0), "one for all, one each, the payer's too"
    plain = collecting.read(TYPE, path="s3://bills/focus/")
    assert plain.reading.requests == 0
    assert plain.rows[0]["SubAccountName"] is None
    assert plain.reading.files == collected.reading.files, "no cent is another"


@pytest.mark.slow
def test_a_reading_of_many_files_asks_once_and_every_page(s3, tmp_path: Path, collecting) -> None:
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.organizations.models import organizations_backends

    make_organization({"first": {}})
    backend = organizations_backends[DEFAULT_ACCOUNT_ID]["aws"]
    for number in range(120):
        backend.create_account(AccountName=f"account {number}", Email="x@example.com")
    last = backend.accounts[-1].id
    for name in ("one", "two", "three"):
        deliver(into_folder(tmp_path), row("1", last), name=name)
    collected = collecting.read(TYPE, path="focus", organizations="true")
    assert [row["SubAccountName"] for row in collected.rows] == ["account 119"] * 3
    assert collected.reading.requests == 2 + 122, "two pages of accounts, and each account's tags"


def test_tags_that_fill_more_than_a_page_are_read_to_the_last() -> None:
    client = boto3.client("organizations", region_name="us-east-1")
    with Stubber(client) as stub:
        accounts = [{"Id": "111111111111", "Name": "search"}]
        stub.add_response("list_accounts", {"Accounts": [], "NextToken": "a"}, {})
        stub.add_response("list_accounts", {"Accounts": accounts}, {"NextToken": "a"})
        told = {"ResourceId": "111111111111"}
        stub.add_response("list_tags_for_resource", {"Tags": [tag("team", "search")], "NextToken": "b"}, told)
        stub.add_response("list_tags_for_resource", {"Tags": [tag("env", "")]}, {**told, "NextToken": "b"})
        assert read_accounts(client) == {"111111111111": Account("search", {"team": "search", "env": ""})}
        stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("code", "permanent"),
    [("TooManyRequestsException", False), ("AccessDeniedException", True), ("AWSOrganizationsNotInUseException", True)],
)
def test_throttling_passes_and_what_is_missing_does_not(code: str, permanent: bool) -> None:
    client = boto3.client("organizations", region_name="us-east-1")
    with Stubber(client) as stub:
        stub.add_client_error("list_accounts", code, "said AWS", 400)
        with pytest.raises(CollectError, match=f"{LIST_ACCOUNTS}: {code}: said AWS") as refused:
            read_accounts(client)
        assert refused.value.permanent is permanent


def tag(key: str, value: str) -> dict[str, str]:
    return {"Key": key, "Value": value}


@pytest.mark.slow
@pytest.mark.parametrize(("allowed", "lacking"), [((), LIST_ACCOUNTS), ((LIST_ACCOUNTS,), LIST_TAGS)])
def test_a_permission_that_is_missing_is_named_by_a_probe_and_refuses_the_reading(
    s3, s3_server: str, monkeypatch: pytest.MonkeyPatch, collecting, allowed: tuple[str, ...], lacking: str
) -> None:
    ids = make_organization({"search": {"team": "search"}})
    deliver(into_bucket(s3), row("1", ids["search"]))
    collector = collecting.build(TYPE, path="s3://bills/focus/", organizations="true")
    assert [need.problem for need in collector.probe()] == [None] * 4
    with allowed_only(s3_server, monkeypatch, *READ_BUCKET, *allowed):
        problems = {need.permission: need.problem for need in collector.probe() if need.problem is not None}
        assert list(problems) == [lacking]
        assert "AccessDenied" in problems[lacking]
        with pytest.raises(CollectError, match=f"is not authorized to perform: {lacking}") as refused:
            list(collector.collect(None))
        assert refused.value.permanent
        assert asked_of(collector) == 1 + len(allowed), "a refused request is counted as well"
        assert collecting.read(TYPE, path="s3://bills/focus/").rows, "without the option nothing more is needed"


@pytest.mark.slow
def test_the_address_of_a_store_is_not_that_of_organizations(s3, s3_server: str, collecting, monkeypatch) -> None:
    ids = make_organization({"search": {}})
    deliver(into_bucket(s3), row("1", ids["search"]))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_ORGANIZATIONS", s3_server)
    [told] = collecting.read(TYPE, path="s3://bills/focus/", organizations="true", endpoint_url=s3_server).rows
    assert told["SubAccountName"] == "search"


@pytest.mark.parametrize("kind", [TYPE, CUR], ids=lambda kind: kind.name)
def test_turning_it_on_reads_a_bill_again_and_asks_nothing(tmp_path: Path, collecting, kind) -> None:
    deliver(into_folder(tmp_path), row("1", "1"))
    off = collecting.build(kind, path="focus", organizations="false")
    on = collecting.build(kind, path="focus", organizations="true")
    assert off.revision() == collecting.build(kind, path="focus").revision() != on.revision()
    assert on.revision() == on.revision()
    assert asked_of(on) == 0


def test_a_bill_that_is_refused_asks_no_organization(tmp_path: Path, collecting) -> None:
    deliver(into_folder(tmp_path), row("1,5", "1"))
    collector = collecting.build(TYPE, path="focus", organizations="true")
    with pytest.raises(CollectError, match="BilledCost = '1,5': is not a number"):
        list(collector.collect(None))
    assert asked_of(collector) == 0


def test_what_is_neither_true_nor_false_is_a_users_mistake(collecting) -> None:
    with pytest.raises(ValueError, match="organizations: 'yes' is not one of true, false"):
        collecting.build(TYPE, path="focus", organizations="yes")


def test_needs_have_the_names_of_permissions(tmp_path: Path, collecting, monkeypatch, free_port: int) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port}")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    deliver(into_folder(tmp_path), row("1", "1"))
    [*_, need] = collecting.build(TYPE, path="focus", organizations="true").probe()
    assert need == Need(LIST_ACCOUNTS, "organizations cannot be asked: The config profile (nobody) could not be found")
