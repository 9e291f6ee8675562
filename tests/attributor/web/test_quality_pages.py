"""Data quality and rules: what the pages say is what the ledger has, and the parts sum to the whole."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape

import pytest
from sqlalchemy import func, insert, select
from starlette.testclient import TestClient

from attributor.ledger.money_columns import joined, money_values
from attributor.ledger.tables import coverage, restatements, rollup, tag_compliance
from rules.outcomes import Activity, CostSplit, Driver, FixedSplit, Follow, Owner, UsageSplit
from rules.ruleset import Rule

RULES = (
    Rule("team tag", Owner(team_column="tags.team"), file="/etc/rules/attributor.yaml", line=12),
    Rule("shared GPU cluster", UsageSplit((Driver("gpu.hours"),)), start=date(2026, 1, 1), line=15),
    Rule("dormant", FixedSplit((), "even"), line=18),
    Rule("pool", Activity((), "p", "r"), line=19),
    Rule("by cost", CostSplit(), line=20),
    Rule("taxes", Follow(("ServiceName",)), line=21),
)
WHOLE = datetime(2026, 11, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def engine(tmp_path_factory, make_ledger, fill_ledger):
    engine = make_ledger(tmp_path_factory.mktemp("quality"))
    fill_ledger(engine)
    change = {"source": "aws", "day": date(2026, 11, 2), "noticed_at": WHOLE, "currency": "USD"}
    tag = {
        "source": "aws",
        "day": date(2026, 11, 2),
        "currency": "USD",
        "account": "1",
        "team": "ads",
        "tag": "project",
    }
    with engine.begin() as connection:
        sums = money_values("before", Decimal(10)) | money_values("after", Decimal("7.5"))
        connection.execute(insert(restatements), [change | sums])
        sums = money_values("present", Decimal(3)) | money_values("missing", Decimal(1))
        connection.execute(insert(tag_compliance), [tag | sums])
        connection.execute(coverage.delete().where(coverage.c.source == "aws"))
        spans = ((WHOLE - timedelta(days=30), WHOLE), (WHOLE + timedelta(hours=30), WHOLE + timedelta(days=9)))
        connection.execute(insert(coverage), [{"source": "aws", "start": start, "end": end} for start, end in spans])
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def client(engine, make_site):
    return TestClient(make_site(engine, rules=lambda: RULES))


def month_of_rule(engine, name=None, team=None):
    sums = (func.sum(rollup.c.effective_millionths), func.sum(rollup.c.effective_rest))
    within = (rollup.c.day >= date(2026, 11, 1)) & (rollup.c.day < date(2026, 12, 1))
    query = select(*sums).where(within)
    query = query if name is None else query.where(rollup.c.rule == name)
    query = query if team is None else query.where(rollup.c.team == team)
    with engine.connect() as connection:
        row = connection.execute(query).one()
    return joined(row[0] or 0, row[1] or 0)


def test_every_rule_stands_in_its_order_with_what_the_ledger_says_it_claimed(client, engine):
    found = client.get("/rules.json").json()
    names = [rule["name"] for rule in found["rules"]]
    assert names[: len(RULES)] == [rule.name for rule in RULES]
    costs = [Decimal(rule["cost"]) for rule in found["rules"]]
    assert sum(costs) + Decimal(found["unclaimed"]) == Decimal(found["total"]) == month_of_rule(engine)
    assert costs[0] == month_of_rule(engine, "team tag")
    assert [rule["method"] for rule in found["rules"][: len(RULES)]] == [
        "owner",
        "split by gpu.hours",
        "split even",
        "activity",
        "split by cost",
        "follow",
    ]
    assert found["unused"] == ["dormant", "pool", "by cost", "taxes"]
    gone = [rule for rule in found["rules"] if not rule["is_known"]]
    assert gone
    page = unescape(client.get("/rules").text)
    shown = re.findall(r'<data value="(-?[0-9.]+)">', page)
    assert [Decimal(value) for value in shown] == [
        *(cost for rule, cost in zip(found["rules"], costs, strict=True) if rule["days"]),
        Decimal(found["unclaimed"]),
        Decimal(found["total"]),
    ]
    assert "attributor.yaml:12" in page
    assert "/etc/rules" not in page
    assert "no longer in the file" in page


def test_data_quality_says_what_is_missing_restated_and_without_an_owner(client, engine):
    found = client.get("/data-quality.json").json()
    assert Decimal(found["cost"]) == month_of_rule(engine)
    assert Decimal(found["unattributed"]) == month_of_rule(engine, team="unattributed")
    [restated] = found["restated"]
    assert (restated["before"], restated["after"]) == ("10", "7.5")
    [tag] = found["tags"]
    assert (tag["tag"], tag["share"]) == ("project", "0.75")
    [value] = found["unmatched"]
    assert (value["value"], value["cost"]) == ("serach", "212.4")
    assert found["unused"] == ["dormant", "pool", "by cost", "taxes"]
    page = client.get("/data-quality").text
    for words in ("−$2.50", "serach", "dormant", "Required tags"):
        assert words in page


def test_each_day_of_a_source_is_whole_in_part_missing_or_still_to_come(client):
    found = client.get("/data-quality.json").json()
    aws = next(each for each in found["calendars"] if each["source"] == "aws")
    states = {day["day"]: day["state"] for day in aws["days"]}
    assert [states[f"2026-11-{day:02d}"] for day in (1, 4, 5, 6, 7, 13, 14, 30)] == [
        "whole",
        "whole",
        "missing",
        "part",
        "whole",
        "whole",
        "coming",
        "coming",
    ]
    assert aws["missing"] == 2
    assert found["missing_days"] >= 2
    assert len(states) == 30


def test_a_long_period_shows_its_last_quarter_and_an_empty_one_says_so(client):
    aws = client.get("/data-quality.json?period=2026").json()["calendars"][0]
    assert [aws["days"][0]["day"], len(aws["days"])] == ["2026-10-01", 92]
    assert [day["state"] for day in aws["days"][4:7]] == ["before", "whole", "whole"]
    empty = client.get("/data-quality?month=2025-01").text
    assert "nothing of this period" in empty
    assert "No charges in January 2025" in empty
    assert client.get("/rules?month=2025-01").status_code == 200
