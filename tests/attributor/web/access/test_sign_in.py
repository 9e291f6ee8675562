"""Signing in by OpenID Connect, at a provider on loopback that signs what it says."""

import html
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc.jwk import RSAKey
from oidc_provider import Provider, serving
from starlette.testclient import TestClient

from attributor.config.access_settings import AccessSettings, OidcSettings
from attributor.ledger.audit import changes
from attributor.ledger.owner_filter import OwnerFilter
from attributor.web.access.control import Door

pytestmark = pytest.mark.slow

NOW = datetime.now(UTC)
OURS = "https://costs.corp.example"
GONE = {"code": "wrong"}


@pytest.fixture(scope="module")
def provider():
    with serving(Provider()) as server:
        yield server


@pytest.fixture
def clock():
    return [NOW]


@pytest.fixture
def browser(provider, company, make_site, clock):
    oidc = OidcSettings(provider.issuer, "attributor", "secret", "s" * 32)
    access = AccessSettings(oidc=oidc, admins=("group:finops",), teams={"search": ("group:search",)})
    door = Door(lambda: access, company, lambda: clock[0], OwnerFilter(company), OURS)
    site = make_site(company, door=door)
    return TestClient(site, base_url=OURS, follow_redirects=False, headers={"Accept": "text/html"})


def sign_in(browser, provider, path="/teams/search?month=2026-11"):
    sent = browser.get(path)
    assert sent.status_code == 303
    to_provider = browser.get(sent.headers["location"])
    assert to_provider.headers["location"].startswith(f"{provider.issuer}/authorize?")
    return browser.get(provider.authorize(to_provider.headers["location"]))


def test_whoever_is_not_signed_in_goes_to_the_provider_and_comes_back_to_where_they_were(browser, provider):
    back = sign_in(browser, provider)
    assert (back.status_code, back.headers["location"]) == (303, "/teams/search?month=2026-11")
    cookie = back.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" in cookie
    assert "Search" in browser.get("/teams/search?month=2026-11").text
    assert browser.get("/teams/ads").status_code == 403
    assert browser.post("/sign-out").status_code == 200
    assert browser.get("/teams/search").status_code == 303


def test_pages_say_who_is_signed_in_and_what_they_see_and_the_trail_when_they_came_and_left(browser, provider, company):
    sign_in(browser, provider)
    page = browser.get("/").text
    assert "<summary>ana@corp.example</summary>" in page
    assert "Sees search" in page
    assert '<form method="post" action="/sign-out"><button>Sign out</button></form>' in page
    browser.post("/sign-out")
    browser.post("/sign-out")
    [(_, left), (_, came), *_] = changes(company, 2)
    assert [(each.who, each.via, each.action, each.at) for each in (came, left)] == [
        ("ana@corp.example", "oidc", "sign in", NOW),
        ("ana@corp.example", "oidc", "sign out", NOW),
    ]


def test_signing_out_ends_the_session_at_the_provider_too_where_it_says_how(browser, provider, monkeypatch):
    monkeypatch.setattr(provider, "leaving", f"{provider.issuer}/leave?from=here")
    sign_in(browser, provider)
    left = browser.post("/sign-out", headers={"Origin": OURS})
    [onward] = re.findall(r'http-equiv="refresh" content="0; url=([^"]*)"', left.text)
    address = urlsplit(html.unescape(onward))
    assert (address.scheme, address.netloc, address.path) == ("http", urlsplit(provider.issuer).netloc, "/leave")
    words = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert words["post_logout_redirect_uri"] == f"{OURS}/sign-out"
    assert (words["from"], words["client_id"]) == ("here", "attributor")
    assert words["id_token_hint"].count(".") == 2
    assert f'<a href="{onward}">' in left.text
    back = browser.get("/sign-out")
    assert "You are signed out" in back.text
    assert "http-equiv" not in back.text


def test_where_the_provider_ends_no_session_or_does_not_answer_people_are_told(browser, provider, company, make_site):
    sign_in(browser, provider)
    assert "may still be signed in at" in browser.post("/sign-out").text
    oidc = OidcSettings("http://127.0.0.1:9", "attributor", "secret", "s" * 32)
    door = Door(lambda: AccessSettings(oidc=oidc), company, lambda: NOW, OwnerFilter(company), OURS)
    gone = TestClient(make_site(company, door=door), base_url=OURS).post("/sign-out")
    assert (gone.status_code, "may still be signed in at 127.0.0.1:9" in gone.text) == (200, True)


@pytest.mark.parametrize("said", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_another_site_signs_nobody_out(browser, provider, said):
    sign_in(browser, provider)
    assert browser.post("/sign-out", headers=said).status_code == 403
    assert browser.get("/").status_code == 200


def test_a_session_ends_after_a_working_day(browser, provider, clock):
    sign_in(browser, provider)
    clock[0] = NOW + timedelta(hours=7, minutes=59)
    assert browser.get("/").status_code == 200
    clock[0] = NOW + timedelta(hours=8, minutes=1)
    assert browser.get("/").status_code == 303


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_nobody_is_sent_to_another_site_after_signing_in(browser, provider, place):
    to_provider = browser.get("/sign-in", params={"back": place})
    back = browser.get(provider.authorize(to_provider.headers["location"]))
    assert back.headers["location"] == "/"


def test_what_the_provider_did_not_sign_or_did_not_ask_for_is_not_believed(browser, provider):
    to_provider = browser.get("/sign-in")
    right = provider.authorize(to_provider.headers["location"])
    wrong_state = right.replace("state=", "state=x")
    assert browser.get(wrong_state).status_code == 403
    assert browser.get(f"/sign-in/callback?{urlencode(GONE)}").status_code == 403
    assert browser.get("/sign-in/callback?error=access_denied").status_code == 403
    assert browser.get("/").status_code == 303
    provider.signed_by = RSAKey.generate_key(2048, {"kid": "k1"})
    try:
        assert sign_in(browser, provider).status_code == 403
    finally:
        provider.signed_by = provider.key
    assert browser.get("/").status_code == 303


WRONG = {
    "audience": {"aud": "another client"},
    "audience beside our name": {"aud": "another client", "azp": "attributor"},
    "audiences beside our name": {"aud": ["another client", "a third"], "azp": "attributor"},
    "issuer": {"iss": "https://evil.example"},
    "expired": {"iat": 1_700_000_000, "exp": 1_700_000_060},
    "no end": {"exp": None},
    "nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
}


@pytest.mark.parametrize("instead", WRONG.values(), ids=WRONG.keys())
def test_claims_for_somebody_else_or_of_another_time_sign_nobody_in(browser, provider, company, monkeypatch, instead):
    monkeypatch.setattr(provider, "instead", instead)
    assert sign_in(browser, provider).status_code == 403
    assert browser.get("/").status_code == 303
    [(_, noted)] = changes(company, 1)
    assert (noted.who, noted.via, noted.action) == ("", "oidc", "sign-in failed")
    assert "signed" in noted.detail
    assert "(from testclient)" in noted.detail


def test_a_single_group_may_stand_without_a_list(browser, provider, monkeypatch):
    monkeypatch.setattr(provider, "instead", {"groups": "search"})
    assert sign_in(browser, provider).status_code == 303
    assert browser.get("/teams/search").status_code == 200


def test_whoever_is_in_very_many_groups_stays_signed_in(browser, provider, monkeypatch):
    groups = [f"00000000-0000-0000-0000-{number:012}" for number in range(400)]
    monkeypatch.setattr(provider, "instead", {"groups": [*groups, "search"]})
    signed = sign_in(browser, provider)
    assert len(signed.headers["set-cookie"]) < 4000  # a browser forgets a longer one
    assert browser.get("/teams/search").status_code == 200
    assert browser.get("/teams/ads").status_code == 403


def test_failures_do_not_fill_the_ledger(browser, company):
    before = changes(company, 1)
    for number in range(40):
        assert browser.get(f"/sign-in/callback?error=denied{number}").status_code == 403
    noted = [number for number, change in changes(company, 100) if not before or number > before[0][0]]
    assert len(noted) == 30


def test_a_provider_that_does_not_answer_is_told_of_and_is_no_crash(company, make_site):
    oidc = OidcSettings("http://127.0.0.1:9", "attributor", "secret", "s" * 32)
    door = Door(lambda: AccessSettings(oidc=oidc), company, lambda: NOW, OwnerFilter(company), OURS)
    answer = TestClient(make_site(company, door=door), base_url=OURS).get("/sign-in")
    assert answer.status_code == 503
    assert "does not answer" in answer.text


def test_somebody_without_the_claim_that_names_them_is_told_so(browser, provider):
    provider.claims = {"sub": "1"}
    try:
        answer = sign_in(browser, provider)
    finally:
        provider.claims = {"sub": "1", "email": "ana@corp.example", "groups": ["search"]}
    assert answer.status_code == 403
    assert "the provider says no `email`" in answer.text.replace("The", "the")


def test_programs_are_told_what_they_need_and_not_sent_anywhere(browser):
    answer = browser.get("/overview.json", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    forged = {"Cookie": "session=forged", "Accept": "*/*"}
    assert browser.get("/overview.json", headers=forged).status_code == 401
