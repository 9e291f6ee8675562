"""Messages from daemons: each once, also of two daemons, and in the order in which things happened."""

import signal
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import pytest
from sqlalchemy import func, select, update

from attributor.app.wiring import open_app, open_duckdb
from attributor.daemon import Daemon
from attributor.jobs.leadership import Leadership
from attributor.ledger.engine import open_engine
from attributor.ledger.tables import leases, outbox
from attributor.watching.watch import Watched, watch

TODAY = datetime.now(UTC).date()
TEAMS = [f"team-{number}" for number in range(6)]
CONFIG = """
store: {{lake: ./lake, ledger: "{ledger}"}}
web: {{listen: "${{LISTEN}}"}}
sources:
  aws: {{type: focus, path: "bills/*.csv", every: 1h}}
teams: {{{teams}}}
rules:
  - {{name: team tag, match: {{tags.team: present}}, owner: {{team: tags.team}}}}
alerts:
  channels: {{hook: {{type: webhook, url: "{url}"}}}}
  routes:
    - {{match: {{kind: budget}}, channels: [hook]}}
    - {{channels: []}}
"""


@pytest.fixture
def over_budget(make_company, monkeypatch: pytest.MonkeyPatch, hook):
    """Make a company whose teams are all over their budgets, which a webhook hears of."""
    monkeypatch.setenv("LISTEN", "127.0.0.1:1")

    def make(*names: str, ledger: str = "sqlite:///ledger.db"):
        teams = ", ".join(f"{name}: {{budget: 1}}" for name in names)
        made = make_company(CONFIG.format(ledger=ledger, teams=teams, url=hook.url))
        period = f"{TODAY}T00:00:00Z,{TODAY + timedelta(days=1)}T00:00:00Z"
        rows = [f'5,USD,{period},"{{""team"": ""{name}""}}"' for name in names]
        made.write(
            "bills/aws.csv", "\n".join(["BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,Tags", *rows, ""])
        )
        return made

    return make


def outbox_of(ledger: str) -> dict[str, int]:
    engine = open_engine(ledger)
    with engine.connect() as connection:
        found = connection.execute(select(outbox.c.state, func.count()).group_by(outbox.c.state)).all()
    engine.dispose()
    return {state: count for state, count in found}  # noqa: C416 - rows are no pairs to the types


@pytest.mark.slow
@pytest.mark.parametrize("empty_ledger_url", ["postgresql"], indirect=True)
def test_of_two_daemons_at_work_at_once_each_message_comes_once(
    over_budget, empty_ledger_url: str, start, lease_of, waiting, hook
) -> None:
    company = over_budget(*TEAMS, ledger=empty_ledger_url)
    hook.answers = [(200, {}, 0.4)] * len(TEAMS)
    daemons = {daemon.process.pid: daemon for daemon in (start(company.folder, wait=False) for _ in range(2))}
    waiting(lambda: len(hook.tried) == 2, "the leader sends")
    stalled = daemons.pop(pid_of(lease_of(empty_ledger_url)))
    [other] = daemons.values()
    stalled.process.send_signal(signal.SIGSTOP)
    expire_lease(empty_ledger_url)
    waiting(lambda: len(hook.accepted) == len(TEAMS), "the other goes on where the leader stalled")
    assert pid_of(lease_of(empty_ledger_url)) == other.process.pid
    stalled.process.send_signal(signal.SIGCONT)
    waiting(lambda: outbox_of(empty_ledger_url) == {"sent": len(TEAMS)}, "the first records what it had sent")
    assert [stalled.end(), other.end()] == [0, 0]
    assert sorted(message["team"] for message in hook.tried) == TEAMS
    assert "Traceback" not in stalled.said + other.said


def pid_of(lease) -> int:
    return int(lease.holder.split(":")[-2])


def expire_lease(ledger: str) -> None:
    """Let the lease run out, as it would a minute later."""
    engine = open_engine(ledger)
    with engine.begin() as connection:
        connection.execute(update(leases).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    engine.dispose()


@pytest.mark.slow
def test_a_channel_that_was_down_is_told_later_and_once(over_budget, start, waiting, hook) -> None:
    company = over_budget("search")
    hook.answers = [(503, {"Retry-After": "1"}, 0.0), (429, {"Retry-After": "1"}, 0.0)]
    daemon = start(company.folder)
    waiting(lambda: "answered 503" in daemon.get("/health").text, "the health page tells of it")
    waiting(lambda: len(hook.accepted) == 1, "the third try")
    assert len({message["id"] for message in hook.tried}) == 1
    waiting(lambda: outbox_of(f"sqlite:///{company.folder}/ledger.db") == {"sent": 1}, "it is recorded")
    assert daemon.end() == 0
    assert len(hook.tried) == 3


@pytest.mark.slow
def test_between_cycles_an_alert_climbs_and_an_acknowledgement_is_told(over_budget, start, waiting, hook) -> None:
    company = over_budget("search")
    config = company.folder / "attributor.yaml"
    boss = f'boss: {{type: webhook, url: "{hook.url}"}}'
    text = config.read_text().replace("channels: {hook:", f"channels: {{{boss}, hook:")
    climbing = "channels: [hook], escalate: [{after: 2s, channels: [boss]}]}"
    config.write_text(text.replace("match: {kind: budget}, channels: [hook]}", f"match: {{kind: budget}}, {climbing}"))
    daemon = start(company.folder)
    waiting(lambda: len(hook.accepted) == 2, "the boss is told, though no source is due")
    assert [(each["channel"], each["note"]) for each in hook.accepted] == [
        ("hook", ""),
        ("boss", "nobody acknowledged it for 2 s"),
    ]
    key = hook.accepted[0]["alerts"][0]["key"]
    answer = daemon.post("/api/v1/alerts/ack", json={"keys": [key], "by": "ana"})
    assert answer.json()["missing"] == []
    waiting(lambda: len(hook.accepted) == 4, "both hear who took it up")
    assert {(each["status"], each["note"]) for each in hook.accepted[2:]} == {("acknowledged", "acknowledged by ana")}
    assert daemon.end() == 0


def test_what_resolves_while_its_message_is_on_the_way_is_told_after_it(over_budget, waiting, hook) -> None:
    company = over_budget("search")
    config = company.folder / "attributor.yaml"
    config.write_text(config.read_text().replace("budget: 1}", "budget: 1000}"))
    hook.answers = [(200, {}, 1.5)]
    with open_app(config) as app:
        daemon = Daemon(app, Leadership(app.engine, app.holder, app.clock), None, Event())
        daemon.cycle()
        find_over_budget(daemon)
        sending = Thread(target=daemon.deliver)
        sending.start()
        waiting(lambda: hook.tried, "the message is on the way")
        config.write_text(config.read_text().replace("budget: 1000}", "budget: 2000}"))
        daemon.cycle()
        sending.join()
    assert [message["status"] for message in hook.accepted] == ["firing", "resolved"]


def find_over_budget(daemon: Daemon) -> None:
    """Watch with a budget of 1, and send nothing yet."""
    app = daemon.app
    config = app.settings.file
    config.write_text(config.read_text().replace("budget: 1000}", "budget: 1}"))
    with open_app(config) as strict, open_duckdb() as connection:
        settings = strict.settings
        watch(
            Watched(app.engine, app.lake, connection, settings.ruleset, {}, settings.alerts), app.alert_log, app.clock()
        )
    config.write_text(config.read_text().replace("budget: 1}", "budget: 1000}"))
