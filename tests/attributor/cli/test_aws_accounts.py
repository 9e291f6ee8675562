"""Rules by the tags of AWS accounts: an organization on a real server, the whole way to a showback."""

import urllib.request
from collections.abc import Iterator

import pytest
from aws_exports import COLUMNS, charge, into_folder, table
from aws_organization import allowed_only, make_organization

pytestmark = pytest.mark.slow
CONFIG = """
store: {lake: ./lake, ledger: sqlite:///ledger.db}
sources:
  aws: {type: aws-focus, path: bill.csv.gz, organizations: true}
teams: {search: {}, ads: {}}
rules:
  - {name: resource, match: {tags.team: present}, owner: {team: tags.team}}
  - {name: account, match: {tags.accountTag/team: present}, owner: {team: tags.accountTag/team}}
"""


@pytest.fixture
def organizations(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a real moto server; boto3 finds it by the environment."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    for name, value in {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    # its state is the interpreter's, which other tests use as well
    urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST"), timeout=10).close()
    yield url
    server.stop()


def test_an_accounts_tag_owns_what_no_resources_tag_does(make_company, organizations, monkeypatch) -> None:
    ids = make_organization({"search": {"team": "search"}, "bare": {}})
    company = make_company(CONFIG)
    bill = [
        charge("10", 10) | {"SubAccountId": ids["search"]},
        charge("4", 10, tags='{"user:team": "ads"}') | {"SubAccountId": ids["search"]},
        charge("2", 10) | {"SubAccountId": ids["bare"]},
    ]
    into_folder(company.folder)("bill.csv.gz", table(bill, (*COLUMNS, "SubAccountId")))
    assert company.run().code == 0
    assert company.costs() == {"search": "10", "ads": "4", "unattributed": "2"}
    [source] = company.command("sources", "list", "--format", "json").json["sources"]
    assert source["requests"] == 4, "the accounts, and the tags of each of three"
    assert company.command("check", "--connect").code == 0
    with allowed_only(organizations, monkeypatch, "organizations:ListAccounts"):
        answer = company.command("check", "--connect")
        assert "source `aws` lacks organizations:ListTagsForResource: " in answer.out
        assert "is not authorized to perform: organizations:ListTagsForResource" in answer.out
        assert answer.code == 1
