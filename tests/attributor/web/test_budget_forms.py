"""Budgets are changed on their page by whoever may, with a reason; everything that tells of budgets tells of it."""

import html
import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from ipaddress import ip_network

import pytest
from starlette.testclient import TestClient

from attributor.config.access_settings import AccessSettings, ProxySettings
from attributor.ledger.audit import changes
from attributor.ledger.budget_edits import edits_of, last_edits
from attributor.ledger.owner_filter import OwnerFilter
from attributor.reports.edited_budgets import with_edits
from attributor.web.access.control import Door
from attributor.web.parts import Budgeting, SiteParts
from attributor.web.site import build_site
from rules.ruleset import Budget

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
PROXY = ProxySettings("X-Forwarded-User", "X-Forwarded-Groups", (ip_network("10.0.0.0/8"),))
ACCESS = AccessSettings(proxy=PROXY, admins=("root",), finance=("cfo",), teams={"search": ("ana",)})


@pytest.fixture
def engine(tmp_path, make_ledger, fill_ledger):
    engine = make_ledger(tmp_path)
    fill_ledger(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def visit(engine, teams):
    """Return what asks a site where budgets may be changed, as somebody."""
    in_file = dict(teams)
    door = Door(lambda: ACCESS, engine, lambda: NOW, OwnerFilter(engine))

    def held():
        return {team.id: team for team in with_edits(in_file.values(), last_edits(engine))}

    def site(editors):
        more = {"door": door, "budgeting": Budgeting(lambda: in_file, frozenset(editors)) if editors else None}
        parts = SiteParts(engine, held, "Halcyon Robotics", lambda: NOW, lambda: b"", lambda: (), **more)
        return TestClient(build_site(parts), client=("10.1.2.3", 1), follow_redirects=False)

    sites = {}

    def go(method, path, user="root", editors=("admin",), **more):
        client = sites.setdefault(editors, None) or site(editors)
        sites[editors] = client
        headers = {"X-Forwarded-User": user} | more.pop("headers", {})
        return client.request(method, path, headers=headers, **more)

    go.in_file = in_file
    return go


def fields(page):
    """Return what a browser would send of the page's first form."""
    form = page.partition("<form")[2].partition("</form>")[0]
    found = re.findall(r'<input (?:type="hidden" )?name="(\w+)"[^>]*value="([^"]*)"', form)
    return {name: html.unescape(value) for name, value in found}


def test_a_changed_budget_holds_on_every_page_and_in_the_api_with_who_and_why(visit, engine):
    sent = fields(visit("GET", "/budgets/edit?team=search").text)
    assert sent == {"team": "search", "revision": "0", "monthly": "42000", "reason": ""}
    answer = visit("POST", "/budgets/edit", data=sent | {"monthly": "45000.50", "reason": "more <users>"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/budgets")
    report = visit("GET", "/budgets.json").json()
    [line] = [pace["line"] for pace in report["lines"] if pace["line"]["team"] == "search"]
    assert line["budget"] == "45000.5"
    [edited] = report["edited"]
    assert (edited["state"], edited["in_file"], edited["edit"]["made_by"]) == ("edited", "42000", "root")
    assert visit("GET", "/teams/search.json").json()["budget"]["budget"] == "45000.5"
    api = visit("GET", "/api/v1/budgets?team=search").json()
    assert "45000.5" in str(api)
    page = visit("GET", "/budgets").text
    assert "changed by root" in page
    assert "more &lt;users&gt;" in visit("GET", "/budgets/edit?team=search").text
    assert "budget: 45000.5" in visit("GET", "/budgets/edited.yaml").text
    [(_, change)] = changes(engine, 5)
    assert (change.who, change.action) == ("root", "POST /budgets/edit")


def test_the_files_own_change_wins_and_is_said(visit):
    sent = fields(visit("GET", "/budgets/edit?team=search").text)
    visit("POST", "/budgets/edit", data=sent | {"monthly": "45000", "reason": "x"})
    visit.in_file["search"] = replace(visit.in_file["search"], budget=Budget(Decimal(50000)))
    report = visit("GET", "/budgets.json").json()
    assert [each["state"] for each in report["edited"]] == ["overtaken"]
    assert [p["line"]["budget"] for p in report["lines"] if p["line"]["team"] == "search"] == ["50000"]
    assert "says another since the change" in visit("GET", "/budgets").text


def test_two_who_change_the_same_budget_do_not_overwrite_each_other(visit, engine):
    first, second = (fields(visit("GET", "/budgets/edit?team=ads").text) for _ in range(2))
    assert visit("POST", "/budgets/edit", data=first | {"monthly": "9500", "reason": "a"}).status_code == 303
    late = visit("POST", "/budgets/edit", data=second | {"monthly": "9100", "reason": "b <i>"})
    assert late.status_code == 409
    assert "changed this budget while you looked at it" in late.text
    again = fields(late.text)
    assert again == {"team": "ads", "revision": "1", "monthly": "9100", "reason": "b <i>"}
    assert [edit.monthly for edit in edits_of(engine, "ads")] == [Decimal(9500)]
    assert visit("POST", "/budgets/edit", data=again).status_code == 303


def test_the_files_budget_can_be_taken_again_and_a_team_without_one_given_one(visit):
    given = fields(visit("GET", "/budgets/edit?team=platform").text)
    assert given["monthly"] == ""
    visit("POST", "/budgets/edit", data=given | {"monthly": "700", "reason": "new"})
    assert "platform" in {pace["line"]["team"] for pace in visit("GET", "/budgets.json").json()["lines"]}
    back = {"team": "platform", "revision": "1", "action": "back", "reason": "no"}
    assert visit("POST", "/budgets/edit", data=back).status_code == 303
    assert visit("GET", "/budgets.json").json()["without"] == ["platform"]


@pytest.mark.parametrize(
    ("wrong", "clear"),
    [
        ({"monthly": "42,000"}, "write it as 42000 or 42000.50"),
        ({"monthly": "-1"}, "write it as 42000"),
        ({"monthly": "NaN"}, "write it as 42000"),
        ({"monthly": "1e9"}, "write it as 42000"),
        ({"monthly": "9" * 13}, "write it as 42000"),
        ({"monthly": "42000.0"}, "that is the budget already"),
        ({"reason": "  "}, "say why"),
        ({"revision": "x"}, "open it again"),
        ({"action": "back"}, "that is the budget already"),
    ],
)
def test_what_cannot_be_taken_is_said_beside_the_form_and_changes_nothing(visit, engine, wrong, clear):
    sent = {"team": "search", "revision": "0", "monthly": "45000", "reason": "more"}
    answer = visit("POST", "/budgets/edit", data=sent | wrong)
    assert answer.status_code == 400
    assert clear in html.unescape(answer.text).replace("Say", "say").replace("That", "that")
    assert edits_of(engine, "search") == ()


def test_only_those_who_may_change_budgets_and_only_on_our_own_page(visit, engine):
    sent = {"team": "search", "revision": "0", "monthly": "45000", "reason": "more"}
    for user, editors in (("ana", ("admin",)), ("ana", ("admin", "finance")), ("cfo", ("admin",)), ("root", ())):
        for method, path in (
            ("POST", "/budgets/edit"),
            ("GET", "/budgets/edit?team=search"),
            ("GET", "/budgets/edited.yaml"),
        ):
            more = {"data": sent} if method == "POST" else {}
            assert visit(method, path, user, editors, **more).status_code == (404 if user == "root" else 403), path
        assert "/budgets/edit" not in visit("GET", "/budgets", user, editors).text
    for said in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert visit("POST", "/budgets/edit", data=sent, headers=said).status_code == 403
    assert edits_of(engine, "search") == ()
    assert visit("POST", "/budgets/edit", "cfo", ("admin", "finance"), data=sent).status_code == 303
    assert visit("POST", "/budgets/edit", data=sent | {"team": "nobody"}).status_code == 404


def test_programs_change_budgets_as_people_do(visit, engine):
    path = "/api/v1/budgets/search"
    before = visit("GET", path).json()
    assert before == {"team": "search", "monthly": "42000", "in_file": "42000", "state": "file", "edit": None}
    set_to = {"monthly": "45000.50", "reason": " more  users ", "revision": 0, "by": "somebody else"}
    stands = visit("PUT", path, json=set_to).json()
    assert (stands["monthly"], stands["in_file"], stands["state"]) == ("45000.5", "42000", "edited")
    assert [stands["edit"][each] for each in ("made_by", "reason", "revision")] == ["root", "more users", 1]
    assert visit("GET", "/teams/search.json").json()["budget"]["budget"] == "45000.5"
    assert visit("PUT", path, json=set_to).json() == stands == visit("GET", path).json()
    assert len(edits_of(engine, "search")) == 1, "the same again is no other change"
    back = visit("DELETE", path, params={"reason": "as before", "revision": 1}).json()
    assert (back["monthly"], back["state"], back["edit"]["monthly"]) == ("42000", "file", None)
    assert visit("DELETE", path, params={"reason": "again"}).json() == back
    assert [change.action for _, change in changes(engine, 2)] == [f"DELETE {path}", f"DELETE {path}"]
    assert "45000.50" in [change.detail for _, change in changes(engine, 9)][-1]


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"monthly": "42,000"}, 400),
        ({"monthly": 45000}, 400),
        ({"reason": ""}, 400),
        ({"reason": "  "}, 400),
        ({"currency": "EUR"}, 400),
        ({"revision": 7}, 409),
    ],
)
def test_what_a_program_sends_amiss_changes_nothing(visit, engine, wrong, status):
    answer = visit("PUT", "/api/v1/budgets/search", json={"monthly": "45000", "reason": "more"} | wrong)
    assert (answer.status_code, "detail" in answer.json()) == (status, True)
    assert edits_of(engine, "search") == ()


def test_programs_change_budgets_only_where_and_by_whom_that_is_allowed(visit, engine):
    sent = {"monthly": "45000", "reason": "more"}
    for user, editors, status in (
        ("ana", ("admin", "finance"), 403),
        ("cfo", ("admin",), 403),
        ("root", (), 404),
    ):
        for method, more in (("GET", {}), ("PUT", {"json": sent}), ("DELETE", {"params": {"reason": "no"}})):
            answer = visit(method, "/api/v1/budgets/search", user, editors, **more)
            assert (answer.status_code, method) == (status, method)
    form = {"content": "monthly=1&reason=x", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
    assert visit("PUT", "/api/v1/budgets/search", **form).status_code == 415
    unknown = visit("PUT", "/api/v1/budgets/serch", json=sent)
    assert (unknown.status_code, unknown.json()["near"]) == (404, ["search", "research"])
    assert edits_of(engine, "search") == ()
    assert visit("PUT", "/api/v1/budgets/search", "cfo", ("admin", "finance"), json=sent).status_code == 200
