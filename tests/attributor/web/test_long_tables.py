"""Pages of a company of very many teams: the largest rows, those that nobody may miss, and what the others sum to."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from html import unescape

import pytest
from sqlalchemy import Engine, insert
from starlette.testclient import TestClient

from attributor.ledger import tables
from attributor.ledger.money_columns import money_values
from rules.ruleset import Budget, Team

pytestmark = pytest.mark.slow

COUNT = 60
SMALL = "team-58"
"""Almost the least expensive team, and over its budget."""
TEAMS = {f"team-{number}": Team(f"team-{number}", budget=Budget(Decimal(100_000))) for number in range(COUNT)}
TEAMS[SMALL] = Team(SMALL, "Small & dear", ("smoll",), budget=Budget(Decimal(1)))
DAYS = [date(2026, 10, 1) + timedelta(days=number) for number in range(48)]


@pytest.fixture(scope="module")
def crowd(tmp_path_factory, make_ledger, make_rows) -> Iterator[Engine]:
    engine = make_ledger(tmp_path_factory.mktemp("crowd"))
    with engine.begin() as connection:
        connection.execute(insert(tables.publications), [make_rows.published("aws", day) for day in DAYS])
        rows = [
            make_rows.cost(day, Decimal(COUNT - number) + Decimal(number) / 10**12, team, account=f"account {number}")
            for day in DAYS
            for number, team in enumerate((*TEAMS, "unattributed"))
        ]
        make_rows.put(connection, *rows)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def client(crowd, make_site) -> TestClient:
    return TestClient(make_site(crowd, TEAMS))


def rows_of(page: str, place: str) -> list[tuple[str, list[Decimal]]]:
    """Return each row of a table: what it is called, and its amounts."""
    table = re.search(rf'id="{place}".*?</table>', page, re.DOTALL)
    assert table is not None
    found = []
    for row in re.findall(r"<tr>(.*?)</tr>", table[0].partition("</thead>")[2], re.DOTALL):
        head = re.search(r"<th[^>]*>(.*?)</th>", row, re.DOTALL)
        amounts = re.findall(r'<td class="number">\s*(?:<[^d][^>]*>)*<data value="([^"]*)"', row)
        found.append((unescape(re.sub(r"<[^>]*>", "", head[1])).strip(), [Decimal(each) for each in amounts]))
    return found


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/", "teams"),
        ("/?group=account", "by-account"),
        ("/budgets", "budgets"),
        ("/statements?month=2026-10", "teams"),
    ],
)
def test_what_is_shown_and_the_others_sum_to_the_whole(client, path, place):
    *shown, others, whole = rows_of(client.get(path).text, place)
    if path.startswith("/?group"):
        shown, others, whole = [*shown, others], whole, ("", [Decimal(client.get("/overview.json").json()["total"])])
    assert 25 <= len(shown) <= 27
    assert re.match(rf"{61 - len(shown) - (path == '/budgets')} other", others[0])
    assert sum(amounts[0] for _, amounts in (*shown, others)) == whole[1][0]
    every = client.get(path + ("&" if "?" in path else "?") + "rows=all").text
    rows = rows_of(every, place)
    assert len(rows) == 61 + (not path.startswith("/?group")) - (path == "/budgets")
    assert not any("other" in name for name, _ in rows)


def test_what_has_no_owner_and_who_is_over_budget_is_never_among_the_others(client):
    page = client.get("/").text
    names = [name for name, _ in rows_of(page, "teams")]
    assert "Unattributed" in names
    assert names.index("team-0") < names.index("team-24") < names.index("Unattributed")
    for path in ("/", "/budgets"):
        assert any(name.startswith("Small & dear") for name, _ in rows_of(client.get(path).text, "budgets"))


def test_of_very_many_budgets_that_are_over_the_overview_names_all_and_the_budgets_show_all(crowd, make_site):
    over = {name: replace(TEAMS[name], budget=Budget(Decimal(1))) for name in list(TEAMS)[20:55]}
    client = TestClient(make_site(crowd, TEAMS | over))
    page = client.get("/").text
    rows = rows_of(page, "budgets")
    assert [name for name, _ in rows[-2:]] == ["11 others", "24 others"]
    also = page.partition("Also over, or expected to be: ")[2].partition("</p>")[0]
    named = {*re.findall(r"/teams/(team-\d+)", also), *(name.split()[0] for name, _ in rows)}
    assert named >= set(over) - {SMALL}
    assert also.count("<a ") == 11
    report = client.get("/budgets.json").json()
    spent = sum(amounts[-1] for _, amounts in rows)
    assert spent == Decimal(report["spent"])
    names = {name.split()[0] for name, _ in rows_of(client.get("/budgets").text, "budgets")}
    assert names >= set(over) - {SMALL}


def test_json_is_whole_whatever_the_page_shows(client):
    for path in ("/overview.json", "/budgets.json", "/statements.json"):
        assert client.get(path).json() == client.get(f"{path}?rows=all").json()
    assert len(client.get("/overview.json").json()["teams"]) == 61


def test_asking_for_all_rows_stays_in_every_link_of_the_view_and_can_be_taken_back(client):
    page = unescape(client.get("/?rows=all&basis=list").text).partition("<main")[2]
    links = [link for link in re.findall(r'href="(/[^"#]*)', page) if not link.startswith("/assets")]
    less = [link for link in links if "rows=all" not in link]
    assert set(less) <= {"/?month=2026-11&basis=list", "/overview.json?month=2026-11&basis=list"}
    assert "Show the first teams only" in page
    assert '<input type="hidden" name="rows" value="all">' in page
    assert 'href="/?month=2026-11&rows=all#teams"' in unescape(client.get("/").text)


def test_rows_are_asked_for_in_one_way(client):
    for path in ("/", "/budgets", "/statements", "/teams/team-1"):
        answer = client.get(f"{path}?rows=many")
        assert answer.status_code == 400
        assert "rows=all" in answer.text


def test_of_very_many_teams_the_menu_finds_one_by_any_of_its_names(client):
    page = client.get("/health").text
    menu = page.partition("<main")[0]
    assert menu.count('href="/teams/') == 2
    assert 'name="named"' in menu
    for name in ("team-58", "SMALL & DEAR", " smoll "):
        answer = client.get("/teams", params={"named": name, "basis": "list"}, follow_redirects=False)
        assert answer.headers["location"] == "/teams/team-58?month=2026-11&basis=list"
    assert client.get("/teams", params={"named": "unattributed"}).status_code == 200
    unknown = client.get("/teams", params={"named": "team-77"})
    assert unknown.status_code == 404
    assert "/teams/team-" in unknown.text
    assert client.get("/teams", follow_redirects=False).headers["location"] == "/?month=2026-11&rows=all#teams"


def test_teams_that_are_part_of_others_give_the_menu_to_those_that_are_not(crowd, make_site):
    parts = {name: Team(name, parent="" if name in {"team-1", "team-2"} else "team-1") for name in TEAMS}
    menu = TestClient(make_site(crowd, parts)).get("/health").text.partition("<main")[0]
    assert menu.count('href="/teams/') == 4


def test_long_tables_of_a_teams_page_sum_up_what_they_leave_out(tmp_path, make_ledger, make_site, make_rows):
    engine = make_ledger(tmp_path)
    day = date(2026, 11, 3)
    parts = {"whole": Team("whole")} | {name: Team(name, parent="whole") for name in TEAMS}
    stray = {"source": "aws", "day": day, "column_name": "tags.team", "currency": "USD"}
    with engine.begin() as connection:
        connection.execute(insert(tables.publications), [make_rows.published("aws", day)])
        of_teams = [make_rows.cost(day, "3", name, idle_cause="held") for name in parts]
        make_rows.put(connection, *of_teams, make_rows.cost(day, "9", "unattributed"))
        values = [stray | {"value": f"value {number}"} | money_values("effective", Decimal(2)) for number in range(70)]
        connection.execute(insert(tables.unmatched_owners), values)
    client = TestClient(make_site(engine, parts))
    for path, place, count, others, sums in (
        ("/teams/whole", "sub-teams", 61, 36, 183),
        ("/teams/idle", "idle-teams", 61, 36, 183),
        ("/teams/unattributed", "owner-values", 70, 45, None),
    ):
        rows = rows_of(client.get(path).text, place)
        [left] = [amounts[0] for name, amounts in rows if name == f"{others} others"]
        shown = [amounts[0] for name, amounts in rows[:25]]
        assert left + sum(shown) == (sums or 140)
        assert len(shown) + others == count
        assert len(rows_of(client.get(f"{path}?rows=all").text, place)) >= count
    engine.dispose()
