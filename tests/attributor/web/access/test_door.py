"""Who may see and do what, on every route there is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_network

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.testclient import TestClient

from attributor.config.access_settings import AccessSettings, ProxySettings
from attributor.ledger.api_tokens import Wanted, create_token, revoke_token
from attributor.ledger.audit import changes
from attributor.ledger.owner_filter import OwnerFilter
from attributor.web.access.control import Door
from attributor.web.access.policy import wanted

NOW = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
PROXY = ProxySettings("X-Forwarded-User", "X-Forwarded-Groups", (ip_network("10.0.0.0/8"),))
ACCESS = AccessSettings(
    proxy=PROXY,
    admins=("root@corp.example",),
    finance=("group:finance",),
    teams={"search": ("ana@corp.example", "group:search")},
)
SECRETS = ("ads-prod", "Ads", "14 GPUs", "serach", "research", "Customer support", "platform-prod", "9,000", '"9500"')
"""What the company's ledger and rules hold of teams other than search, and of nobody."""


@pytest.fixture
def engine(tmp_path, make_ledger, fill_ledger):
    engine = make_ledger(tmp_path)
    fill_ledger(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def visit(engine, make_site):
    """Return what asks a site for something: as a proxy says who, or with a token."""
    owners = OwnerFilter(engine)
    now = [NOW]
    sites = {}

    def site_with(access):
        """Return the site with these settings: one for all visits, for building one takes a while."""
        if id(access) not in sites:
            door = Door(lambda: access, engine, lambda: now[0], owners)
            sites[id(access)] = (make_site(engine, door=door), access)
        return sites[id(access)][0]

    def go(method, path, *, access=ACCESS, client="10.1.2.3", token=None, **more):
        headers = more.pop("headers", {}) | ({"Authorization": f"Bearer {token}"} if token else {})
        asker = TestClient(
            site_with(access), follow_redirects=False, client=(client, 1234), raise_server_exceptions=False
        )
        return asker.request(method, path, headers=headers, **more)

    go.now = now
    return go


def by(name, groups=""):
    return {"headers": {"X-Forwarded-User": name, "X-Forwarded-Groups": groups}}


def routes(site):
    """Every route with a method, its parameters filled in with what is somebody else's."""
    filled = {"{team}": "ads", "{name}": "site.css", "{number}": "1", "{month}": "2026-10", "{code}": "4200"}
    for context in iter_route_contexts(site.routes):
        if isinstance(context.original_route, APIRoute):
            path = context.path_format
            for name, value in filled.items():
                path = path.replace(name, value)
            for method in context.original_route.methods:
                yield method, path


@pytest.fixture
def every_route(engine, make_site):
    site = make_site(engine)
    return [*routes(site), ("GET", "/api/v1/openapi.json")]


def test_every_route_says_what_it_wants_and_no_address_is_open_by_mistake(every_route):
    assert len(every_route) > 25
    assert [each for each in every_route if wanted(*each) is None] == []
    assert wanted("GET", "/no/such/page") is None
    assert wanted("TRACE", "/") is None
    assert wanted("GET", "/healthz/../metrics") is None


def test_nobody_gets_in_without_saying_who_they_are(visit, every_route):
    for number, (method, path) in enumerate(every_route):
        if wanted(method, path) != "nothing":
            answer = visit(method, path, client=f"10.0.0.{number}")
            assert (answer.status_code, answer.headers.get("www-authenticate")) == (401, "Bearer"), path
    assert visit("GET", "/healthz").status_code == 200
    assert visit("GET", "/assets/site.css").status_code in {200, 404}


@pytest.mark.slow
def test_a_teams_token_reads_nothing_of_another_team_on_any_route(visit, engine, every_route):
    _, token = create_token(engine, Wanted("ci", "viewer", ("search",), timedelta(days=1), "ana"), NOW)
    asked = [path for method, path in every_route if method == "GET" and wanted("GET", path) != "nothing"]
    own = ["/teams/search", "/teams/search.json", "/alerts?team=search", "/explain?team=search"]
    own += [
        "/statements?month=2026-09",
        *(f"/statements/2026-09/search{form}" for form in ("", ".csv", ".json", ".md")),
    ]
    by_all = "?window=month&aggregate=team,service,project,account"
    queries = ["", by_all, "?team=ads", "?team=idle", "?key=idle:research"]
    for path in asked:  # so that what is kept of reports is what finance was shown
        visit("GET", path, **by("joe@corp.example", "finance"))
    seen = 0
    for path in [*own, *(path + query for path in asked for query in queries)]:
        answer = visit("GET", path, token=token)
        assert answer.status_code < 500, path
        if answer.status_code == 200:
            seen += 1
            found = [secret for secret in SECRETS if secret in answer.text]
            assert found == [], (path, found)
        else:
            assert answer.status_code in {303, 400, 403, 404, 405, 422}, path
            assert answer.headers.get("location", "/?").startswith("/?"), path
    assert seen > 15


def test_another_teams_page_is_refused_by_name_and_ones_own_is_shown(visit):
    ana = by("ana@corp.example")
    assert visit("GET", "/teams/search", **ana).status_code == 200
    for path in ("/teams/ads", "/teams/ads.json", "/charts/teams/ads/daily.png", "/alerts?team=ads", "/teams/idle"):
        answer = visit("GET", path, **ana)
        assert answer.status_code == 403, path
    assert "ou are not in the team ads" in visit("GET", "/teams/ads", **ana).text
    assert visit("GET", "/teams/ads", **by("x", "eng, search")).status_code == 403
    assert visit("GET", "/teams/search", **by("x", "eng, search")).status_code == 200
    assert visit("GET", "/teams/search", **by("stranger")).status_code == 403
    assert visit("GET", "/", **by("stranger")).status_code == 200


def test_what_a_viewer_sees_of_their_own_team_is_what_finance_sees_of_it(visit):
    path = "/api/v1/allocations?window=month&aggregate=team,service"
    mine = visit("GET", path, **by("ana@corp.example")).json()["data"][0]
    everything = visit("GET", path, **by("x", "finance")).json()["data"][0]
    assert mine == {name: found for name, found in everything.items() if name.startswith("search/")}
    assert len(everything) > len(mine) > 3


def test_a_viewer_sees_when_their_own_gpus_computed_and_not_when_others_did(visit, engine):
    mine = visit("GET", "/gpus.json", **by("ana@corp.example")).json()["hours"]
    whole = visit("GET", "/gpus.json", **by("x", "finance")).json()["hours"]
    assert [hour["day"] for hour in mine] == [hour["day"] for hour in whole]
    assert {hour["held"] for hour in mine} == {"2"}
    assert {hour["capacity"] for hour in mine} == {None}
    assert {hour["held"] for hour in whole} == {"10", "11"}
    assert "When GPUs computed" in visit("GET", "/gpus", **by("ana@corp.example")).text
    assert visit("GET", "/gpus.json", **by("x", "eng")).json()["hours"] == []


def test_a_viewer_sees_that_a_month_is_closed_as_finance_does(visit):
    for path in ("/overview.json?month=2026-09", "/teams/search.json?month=2026-09"):
        mine, theirs = (visit("GET", path, **who).json() for who in (by("ana@corp.example"), by("x", "finance")))
        assert mine["heading"]["closed_at"] == theirs["heading"]["closed_at"] == "2026-10-05T08:00:00+00:00"
    assert "closed" in visit("GET", "/teams/search?month=2026-09", **by("ana@corp.example")).text.casefold()
    assert visit("GET", "/overview.json?month=2026-10", **by("ana@corp.example")).json()["heading"]["closed_at"] is None


def test_what_moved_and_where_money_goes_is_of_ones_own_teams_alone(visit):
    mine = visit("GET", "/overview.json", **by("ana@corp.example")).json()
    assert [node["key"] for node in mine["flow"]["teams"]] == ["search"]
    assert {line["team"] for line in mine["movers"]} == {"search"}
    assert sum(Decimal(node["cost"]) for node in mine["flow"]["services"]) == Decimal(mine["total"])
    everything = visit("GET", "/overview.json", **by("x", "finance")).json()
    assert len(everything["flow"]["teams"]) > 3


def test_pages_say_whom_the_proxy_signed_in_and_how_they_leave_where_that_is_configured(visit):
    page = visit("GET", "/", **by("ana@corp.example")).text
    assert "<summary>ana@corp.example</summary>" in page
    assert "Sign out" not in page
    access = replace(ACCESS, proxy=replace(PROXY, sign_out="/oauth2/sign_out"))
    assert '<a href="/oauth2/sign_out">Sign out</a>' in visit("GET", "/", access=access, **by("x", "finance")).text
    assert "Finance: sees everything" in visit("GET", "/", access=access, **by("x", "finance")).text
    assert "Admin: sees and changes everything" in visit("GET", "/", **by("root@corp.example")).text
    assert "In no team yet" in visit("GET", "/", **by("stranger")).text
    assert 'class="menu account"' not in visit("GET", "/", access=AccessSettings(is_open=True)).text


def test_finance_sees_everything_and_changes_nothing_and_admins_do(visit, engine):
    form = {"data": {"key": "idle:research", "action": "acknowledge"}}
    assert visit("GET", "/teams/ads", **by("x", "finance")).status_code == 200
    assert visit("GET", "/metrics", **by("x", "finance")).status_code == 200
    assert visit("GET", "/metrics", **by("ana@corp.example")).status_code == 403
    assert visit("POST", "/alerts/handle", **by("x", "finance"), **form).status_code == 403
    assert visit("GET", "/api/v1/audit", **by("x", "finance")).status_code == 403
    assert changes(engine, 10) == []
    assert visit("POST", "/alerts/handle", **by("root@corp.example"), **form).status_code == 303
    [(_, change)] = changes(engine, 10)
    assert (change.who, change.via, change.action) == ("root@corp.example", "proxy", "POST /alerts/handle")
    assert "idle%3Aresearch" in change.detail
    [kept] = visit("GET", "/api/v1/audit", **by("root@corp.example")).json()["changes"]
    assert kept["who"] == "root@corp.example"


def test_a_viewer_handles_alerts_of_their_own_team_alone_and_under_their_own_name(visit, engine):
    asked = {"json": {"keys": ["idle:research"], "by": "somebody else"}}
    _, token = create_token(engine, Wanted("ci", "viewer", ("research",), timedelta(days=1), "x"), NOW)
    assert visit("POST", "/api/v1/alerts/ack", **by("ana@corp.example"), **asked).json()["missing"] == ["idle:research"]
    assert visit("POST", "/api/v1/alerts/ack", token=token, **asked).json()["alerts"][0]["status"] == "acknowledged"
    [alert] = visit("GET", "/api/v1/alerts", token=token).json()["alerts"]
    assert "token ci" in str(alert)
    silence = {"json": {"team": ["ads"], "for": "1d", "reason": "x"}}
    assert visit("POST", "/api/v1/alerts/silences", token=token, **silence).status_code == 403


def test_whom_a_proxy_names_is_believed_from_its_own_address_alone(visit):
    assert visit("GET", "/", client="192.168.0.9", **by("root@corp.example")).status_code == 401
    assert visit("GET", "/", client="testclient", **by("root@corp.example")).status_code == 401
    assert visit("GET", "/", access=replace(ACCESS, proxy=None), **by("root@corp.example")).status_code == 401


def test_a_token_holds_until_it_expires_or_is_revoked_and_a_wrong_one_never(visit, engine):
    token, text = create_token(engine, Wanted("ci", "finance", (), timedelta(days=1), "x"), NOW)
    assert visit("GET", "/overview.json", token=text).status_code == 200
    for wrong in (text[:-1], f"{text}x", text.replace("atk", "atx"), "atk_", "atk__", f"atk_{token.id}_"):
        assert visit("GET", "/overview.json", token=wrong).status_code == 401
    visit.now[0] = NOW + timedelta(days=1)
    assert visit("GET", "/overview.json", token=text).status_code == 401
    visit.now[0] = NOW
    assert revoke_token(engine, token.id, "x", NOW)
    assert not revoke_token(engine, token.id, "x", NOW)
    assert visit("GET", "/overview.json", token=text).status_code == 401


def test_who_asks_too_often_waits(engine, make_site):
    door = Door(lambda: ACCESS, engine, lambda: NOW, OwnerFilter(engine))
    asker = TestClient(make_site(engine, door=door), client=("10.1.2.3", 1))
    answers = [asker.get("/overview.json", headers={"Authorization": "Bearer atk_x_y"}) for _ in range(31)]
    assert [answer.status_code for answer in answers] == [401] * 30 + [429]
    assert answers[-1].headers["retry-after"] == "60"
    assert asker.get("/healthz").status_code == 200


def test_where_nobody_signs_in_everything_is_open_and_changes_are_written_down(visit, engine):
    is_open = AccessSettings(is_open=True)
    assert visit("GET", "/metrics", access=is_open).status_code == 200
    form = {"data": {"key": "idle:research", "action": "acknowledge"}}
    assert visit("POST", "/alerts/handle", access=is_open, **form).status_code == 303
    assert [change.via for _, change in changes(engine, 10)] == ["open"]


def test_a_viewers_statement_says_what_finances_does_and_others_are_refused(visit):
    ana, finance = by("ana@corp.example"), by("x", "finance")
    for path in ("/statements/2026-09/search.json", "/statements/2026-09/search.csv"):
        assert visit("GET", path, **ana).text == visit("GET", path, **finance).text
    listed = visit("GET", "/statements.json", **ana).json()
    assert [line["owner"]["id"] for line in listed["teams"]] == ["search"]
    assert (listed["finality"]["state"], listed["cost_centers"], listed["is_whole"]) == ("closed", [], False)
    assert listed["totals"] == listed["teams"][0]["amounts"]
    others = (
        "ads",
        "ads.csv",
        "ads.pdf",
        "unattributed",
        "cost-centers/4200",
        "cost-centers/",
        "cost-centers%2F4200.csv",
    )
    for path in others:
        assert visit("GET", f"/statements/2026-09/{path}", **ana).status_code == 403, path
    assert visit("GET", "/statements/2026-09/cost-centers/", **finance).status_code == 200
