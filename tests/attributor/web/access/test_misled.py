"""Who is believed to ask: by what name this machine is asked, and from where."""

from datetime import UTC, datetime
from ipaddress import ip_network

import pytest
from starlette.testclient import TestClient

from attributor.config.access_settings import AccessSettings, ProxySettings
from attributor.ledger.owner_filter import OwnerFilter
from attributor.web.access.control import Door

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
OPEN = AccessSettings(is_open=True)
PROXY = ProxySettings("X-Forwarded-User", "X-Forwarded-Groups", (ip_network("10.0.0.0/8"),))
BEHIND = AccessSettings(proxy=PROXY, admins=("root@corp.example",))


@pytest.fixture(scope="module")
def site(company, make_site):
    """Return what builds a site with these settings, which may be asked by these names."""
    owners = OwnerFilter(company)

    def built(access, hosts=None):
        return make_site(company, door=Door(lambda: access, company, lambda: NOW, owners, hosts=hosts))

    return built


def test_where_nobody_signs_in_this_machine_answers_to_no_name_of_another_site(site):
    client = TestClient(site(OPEN, frozenset({"costs.corp.example"})))
    for host in ("127.0.0.1:8080", "localhost:8080", "[::1]:8080", "costs.corp.example", "me.localhost"):
        assert client.get("/overview.json", headers={"Host": host}).status_code == 200, host
    for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8080", "evil@x", "[", ""):
        answer = client.get("/overview.json", headers={"Host": host})
        assert (answer.status_code, "public_url" in answer.json()["detail"]) == (403, True), host
        assert client.post("/alerts/handle", headers={"Host": host}).status_code == 403


def test_a_site_that_others_can_reach_is_asked_by_any_name(site):
    assert TestClient(site(OPEN)).get("/teams/search.json", headers={"Host": "costs.lan"}).status_code == 200


def test_a_proxys_name_for_somebody_is_not_believed_twice_or_from_elsewhere(site):
    def asked(client, *names, **more):
        asker = TestClient(site(BEHIND), client=(client, 1))
        headers = [*(("X-Forwarded-User", name) for name in names), *more.items()]
        return asker.get("/api/v1/audit", headers=headers).status_code

    assert asked("10.1.2.3", "root@corp.example") == 200
    assert asked("10.1.2.3", "root@corp.example", "ana@corp.example") == 401
    assert asked("192.0.2.1", "root@corp.example") == 401
    assert (
        asked("192.0.2.1", "root@corp.example", **{"X-Forwarded-For": "10.1.2.3", "Forwarded": "for=10.1.2.3"}) == 401
    )


def test_strangers_behind_a_proxy_are_counted_one_by_one_and_others_cannot_say_who_they_are(site):
    built = site(BEHIND)

    def asked(client, said):
        return TestClient(built, client=(client, 1)).get("/metrics", headers={"X-Forwarded-For": said}).status_code

    assert {asked("127.0.0.1", f"forged, 198.51.100.{number}") for number in range(40)} == {401}
    assert [asked("127.0.0.1", f"{number}, 192.0.2.7") for number in range(31)][-1] == 429
    assert [asked("192.0.2.9", f"198.51.100.{number}") for number in range(31)][-1] == 429
    assert [asked("127.0.0.1", f"2001:db8::{number:x}") for number in range(31)][-1] == 429
    assert asked("127.0.0.1", "2001:db8:0:1::1") == 401


def test_a_form_of_ours_is_taken_by_whatever_name_a_proxy_passes_on(site):
    client = TestClient(site(OPEN))
    ours = {"Origin": "https://costs.corp.example", "Host": "127.0.0.1:8080"}
    assert client.post("/alerts/silences", headers=ours).status_code == 403
    assert client.post("/alerts/silences", headers=ours | {"Sec-Fetch-Site": "cross-site"}).status_code == 403
    sent = client.post("/alerts/silences", headers=ours | {"Sec-Fetch-Site": "same-origin"})
    assert (sent.status_code, "ay what to silence" in sent.text) == (400, True)
