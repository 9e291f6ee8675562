"""What somebody tries who has the token of one team and wants to read of another."""

import io
import zipfile
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.testclient import TestClient

from attributor.config.access_settings import AccessSettings
from attributor.ledger.api_tokens import Wanted, create_token
from attributor.ledger.audit import changes
from attributor.ledger.owner_filter import OwnerFilter
from attributor.web.access.control import Door
from attributor.web.otlp_api import otlp_router
from attributor.web.slack_api import slack_routes
from attributor.web.usage_api import usage_router
from collectors.otlp.receiver import Receiver
from collectors.push.log import EventLog, LogSettings

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
SECRETS = ("ads-prod", "Ads", "14 GPUs", "serach", "research", "Customer support", "platform-prod", '"9000"', '"9500"')
KEPT_TO = {
    name: quote(text)
    for name, text in {
        "ads": 'team:"ads"',
        "not_search": 'team!:"search"',
        "either": '(team:"ads"|team:"search")',
        "prod": 'project~:"prod"',
        "many": 'team~:"a"',
    }.items()
}
TRICKS = (
    f"/api/v1/allocations?window=month&filter={KEPT_TO['ads']}",
    f"/api/v1/allocations?window=month&aggregate=account,service&filter={KEPT_TO['not_search']}",
    f"/api/v1/allocations?window=month&aggregate=project,rule,cost_center&filter={KEPT_TO['either']}",
    f"/api/v1/allocations?window=month&aggregate=day,project&includeIdle=true&filter={KEPT_TO['prod']}",
    f"/api/v1/showback?by=team,project,cost_center,account&filter={KEPT_TO['many']}",
    "/api/v1/showback?by=team&period_by=billing&period=2026-10",
    "/api/v1/showback?by=corrects,team&period=2026-09",
    "/api/v1/showback?team=search&team=ads",
    "/api/v1/usage?by=team,pool,model,source&window=month",
    "/api/v1/explain?team=search&period=2026-11",
    "/api/v1/alerts?team=search",
    "/api/v1/alerts/silences",
    "/api/v1/alerts/feedback",
    "/?group=team",
    "/?group=project&where=team&is=ads",
    "/overview.json?group=account&team=ads&team=search",
    "/overview.json?team=search&group=team",
    "/budgets.json?team=search",
    "/models.json?group=team",
    "/gpus.json",
    "/unit-costs.json",
    "/statements.json?month=2026-10",
    "/statements/2026-09/search.html",
    "/teams/search.json?group=team",
    "/teams/search.json?team=ads",
    "/explain.json?team=search&group=team",
    "/health.json",
)
ELSEWHERE = (
    "/teams/ads/../ads.json",
    "/teams/search%2F..%2Fads.json",
    "/teams//ads.json",
    "/teams/ADS.json",
    "/teams/ads%00.json",
    "/teams/ads%0A",
    "/teams/ads.json.json",
    "/teams/srch/../ads",
    "/charts/teams/search/../ads/daily.png",
    "/charts/teams/ads%2Fdaily.png/daily.png",
    "/statements/2026-09/search/../ads.csv",
    "/statements/2026-09/search%2F..%2Fads.csv",
    "/statements/2026-09/ads.csv.json",
    "/statements/2026-09/ads.csv?team=search",
    "/statements/2026-09/.csv",
    "/statements/2026-09/cost-centers/search.csv",
    "/statements/2026-09/cost-centers/../ads.csv",
    "/explain.json?team=ads&team=search",
    "/explain.json?team=search&team=ads",
    "/explain.json?Team=ads",
    "/alerts/why.json?key=idle:research",
    "/api/v1/alerts/show?key=idle:research",
    "/api/v1/alerts/why?key=idle:research",
    "/api/v1/explain?team=ads",
    "/api/v1/budgets?team=unattributed",
    "/api/v1/forecast?team=idle",
    "/api/v1/audit",
    "/metrics",
    "/rules.json",
    "/data-quality.json",
    "/budgets/edited.yaml",
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory, make_ledger, fill_ledger):
    engine = make_ledger(tmp_path_factory.mktemp("tricks"))
    fill_ledger(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def asked(engine, make_site):
    """Return what asks with a token of the team search, and with one of finance."""
    door = Door(AccessSettings, engine, lambda: NOW, OwnerFilter(engine))
    site = make_site(engine, door=door, explain=lambda _subject: ())

    def with_token(role, *teams):
        _, token = create_token(engine, Wanted(role, role, teams, timedelta(days=1), "ana"), NOW)
        return TestClient(site, headers={"Authorization": f"Bearer {token}"}, raise_server_exceptions=False)

    return with_token("viewer", "search"), with_token("finance")


@pytest.mark.parametrize("address", TRICKS)
def test_no_group_filter_or_repeated_word_reads_of_another_team(asked, address):
    viewer, finance = asked
    finance.get(address)  # so that what is kept of it is what finance may see
    answer = viewer.get(address)
    assert answer.status_code in {200, 400, 403}, answer.text
    assert [secret for secret in SECRETS if secret in answer.text] == []


@pytest.mark.parametrize("address", ELSEWHERE)
def test_no_other_way_to_write_an_address_leads_to_another_team(asked, address):
    viewer, _ = asked
    answer = viewer.get(address)
    if answer.status_code == 200:
        assert address == "/explain.json?Team=ads"
    assert answer.status_code in {200, 400, 403, 404, 422}, answer.text
    found = [secret for secret in SECRETS if secret in answer.text.replace("idle:research", "")]
    assert found == []


def test_whether_another_team_is_there_at_all_is_not_told(asked):
    viewer, _ = asked
    for form in (
        "/teams/{}.json",
        "/api/v1/showback?team={}",
        "/api/v1/explain?team={}",
        "/statements/2026-09/{}.json",
    ):
        there, not_there = (viewer.get(form.format(name)) for name in ("ads", "nobody"))
        assert there.status_code == not_there.status_code == 403
        assert there.text.replace("ads", "nobody") == not_there.text


def test_a_workbook_of_ones_own_statement_names_no_other_team(asked):
    viewer, _ = asked
    book = zipfile.ZipFile(io.BytesIO(viewer.get("/statements/2026-09/search.xlsx").content))
    held = "".join(book.read(name).decode() for name in book.namelist() if name.endswith(".xml"))
    assert "Search" in held
    assert [secret for secret in SECRETS if secret in held] == []


def test_nobody_handles_or_changes_what_is_another_teams(asked, engine):
    viewer, finance = asked
    for path, body in (
        ("/api/v1/alerts/ack", {"keys": ["idle:research"]}),
        ("/api/v1/alerts/snooze", {"keys": ["idle:research"], "for": "1d"}),
        ("/api/v1/alerts/feedback", {"key": "idle:research"}),
        ("/api/v1/alerts/silences", {"reason": "x", "key": ["*"], "for": "1d"}),
        ("/api/v1/alerts/test", {"channel": "x"}),
    ):
        assert viewer.post(path, json=body).status_code in {403, 404}, path
        assert finance.post(path, json=body).status_code == 403, path
    viewer.post("/alerts/handle", data={"key": "idle:research", "action": "acknowledge"})
    assert finance.get("/api/v1/alerts/show?key=idle:research").json()["alert"]["status"] == "firing"
    assert viewer.post("/budgets/edit", data={"team": "search", "monthly": "1", "reason": "x"}).status_code == 403
    for path in ("/api/v1/alerts/silences/1", "/api/v1/alerts/feedback/1"):
        assert viewer.delete(path).status_code in {403, 404}, path
        assert finance.delete(path).status_code == 403, path


def test_no_page_of_another_site_changes_anything_with_a_browser_of_somebody_here(engine, make_site, tmp_path):
    """Each with what a page can send without asking beforehand: a form, plain text, or bytes of no type."""
    log = EventLog(tmp_path, lambda: NOW, LogSettings())
    routers = (
        usage_router(log),
        otlp_router(Receiver(log, lambda: NOW)),
        slack_routes(engine, lambda: NOW, lambda: ("secret",)),
    )
    site = make_site(engine, extra_routers=routers)  # nobody has to sign in: the browser alone is believed
    paths = {
        each.path_format
        for each in iter_route_contexts(site.routes)
        if isinstance(each.original_route, APIRoute) and "POST" in each.original_route.methods
    }
    assert paths >= {"/alerts/handle", "/alerts/silences", "/budgets/edit", "/api/v1/alerts/ack", "/api/v1/usage"}
    client = TestClient(site, raise_server_exceptions=False, headers={"Sec-Fetch-Site": "cross-site"})
    before = changes(engine, 1)
    for path in paths:
        for kind in ("application/x-www-form-urlencoded", "text/plain", None):
            headers = {"Content-Type": kind} if kind else {}
            answer = client.post(path, content=b'{"keys": ["idle:research"]}', headers=headers)
            assert answer.status_code in {401, 403, 415}, (path, kind, answer.text)
    assert changes(engine, 1) == before
    log.close()
