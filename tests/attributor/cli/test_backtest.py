"""`attributor backtest` over the ledger: history again, with nothing sent and nothing changed."""

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest

from attributor.ledger.dump import canonical_dump
from attributor.ledger.engine import open_engine
from tests.attributor.conftest import Company

HEADER = "BilledCost,EffectiveCost,ListCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ServiceName,Tags"
CONFIG = """
store: {lake: ./lake, ledger: sqlite:///ledger.db}
sources: {aws: {type: focus, path: "bills/*.csv"}}
teams: {search: {budget: 3000}}
rules: [{name: team tag, match: {tags.team: present}, owner: {team: tags.team}}]
alerts:
  channels: {console: {type: console}}
  spend: {minimum: 200}
"""
TODAY = datetime.now(UTC).date()
SPIKE = TODAY - timedelta(days=5)
SMALL = TODAY - timedelta(days=25)


def line(day: date) -> str:
    cost = {SPIKE: 900, SMALL: 250}.get(day, 100 + day.weekday())
    start, end = f"{day}T00:00:00Z", f"{day + timedelta(days=1)}T00:00:00Z"
    return f'{cost},{cost},{cost},USD,{start},{end},Amazon EC2,"{{""team"": ""search""}}"'


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """A company of ten weeks of days with a spike five days ago and a smaller one in the month before, after a run."""
    made = Company(tmp_path_factory.mktemp("history"))
    made.write("attributor.yaml", CONFIG)
    days = [TODAY - timedelta(days=back) for back in range(70, 0, -1)]
    made.write("bills/all.csv", "\n".join([HEADER, *map(line, days), ""]))
    assert made.run().code == 0
    return made


def found(history, *arguments):
    answer = history.command("backtest", "--format", "json", *arguments)
    assert answer.code == 0, answer.err
    return answer.json


def spend(document):
    return [alert for alert in document["alerts"] if alert["kind"] == "spend_anomaly"]


@pytest.mark.slow
def test_a_spike_fires_when_its_day_is_known_and_never_before(history):
    report = found(history, "--since", str(TODAY - timedelta(days=35)))
    [alert] = spend(report)
    assert alert["team"] == "search"
    fired = datetime.fromisoformat(alert["fired_at"])
    assert SPIKE < fired.date() <= SPIKE + timedelta(days=2)
    early = found(history, "--since", str(TODAY - timedelta(days=35)), "--until", str(SPIKE - timedelta(days=1)))
    assert spend(early) == []
    assert all(week["channel"] == "console" and week["messages"] > 0 for week in report["messages"])
    assert sum(week["messages"] for week in report["messages"]) >= len(report["alerts"])
    assert report["lag_hours"].keys() == {"aws"}
    assert report["remembered_days"] == 0


@pytest.mark.slow
def test_a_policy_is_tried_before_it_is_turned_on_and_nothing_of_it_is_kept(history):
    engine = open_engine(f"sqlite:///{history.folder}/ledger.db")
    before = canonical_dump(engine)
    history.write("try.yaml", "alerts: {spend: {minimum: 50}}\n")
    arguments = ("--since", str(TODAY - timedelta(days=35)))
    more = found(history, *arguments, "--policy", str(history.folder / "try.yaml"))
    assert len(spend(more)) == len(spend(found(history, *arguments))) + 1
    assert canonical_dump(engine) == before
    engine.dispose()
    rows = list(csv.DictReader(io.StringIO(history.command("backtest", "--format", "csv", *arguments).out)))
    assert [row["kind"] for row in rows if row["kind"] == "spend_anomaly"] == ["spend_anomaly"]
    table = history.command("backtest", *arguments).out
    assert "what would have fired" in table
    assert "messages a week" in table


@pytest.mark.slow
def test_an_alert_that_stood_at_the_start_is_not_told_as_new(history):
    report = found(history, "--since", str(TODAY - timedelta(days=1)))
    assert spend(report) == []


@pytest.mark.slow
def test_mistakes_are_told_with_their_place(history):
    history.write("wrong.yaml", "alerts:\n  spend: {minimun: 5}\n")
    wrong = history.command("backtest", "--policy", str(history.folder / "wrong.yaml"))
    assert (wrong.code, "wrong.yaml:2" in wrong.err, "minimun" in wrong.err) == (2, True, True)
    history.write("none.yaml", "teams: {}\n")
    assert "there is no `alerts:`" in history.command("backtest", "--policy", str(history.folder / "none.yaml")).err
    assert history.command("backtest", "--since", "2026-11-05", "--until", "2026-11-01").code == 2
    assert history.command("backtest", "--every", "5m").code == 2
    assert history.command("backtest", "--series", "x.parquet").code == 2
