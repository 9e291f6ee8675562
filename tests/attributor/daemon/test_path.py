"""The whole alert path on a ledger, by two daemons at once: nothing is lost, nothing is sent twice."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import Engine

from alerts.alert import Alert, Findings, Handling
from alerts.channels.posting import Address
from alerts.channels.webhook import WebhookChannel
from alerts.delivery import deliver
from alerts.pipeline import process
from alerts.policy import Escalation, Policy, Route
from attributor.ledger.alert_handling import acknowledge, snooze
from attributor.ledger.alert_log import LedgerAlertLog
from attributor.ledger.engine import open_engine

pytestmark = pytest.mark.slow

START = datetime(2026, 11, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
KEY = "spend:search:EC2:2026-11-19"
POLICY = Policy(
    (Route(("slack",), repeat=24 * HOUR, escalate=(Escalation(4 * HOUR, ("manager",)),)),),
    following=frozenset({"slack", "manager"}),
)


def alert_of(key: str = KEY, team: str = "search") -> Alert:
    return Alert(key, "spend_anomaly", team, "warning", "Spike", "A spike.", START)


@dataclass
class Daemons:
    """Two daemons that both take themselves for the leader: each passes and sends at the same moment."""

    url: str
    hook: object
    engines: list[Engine] = field(default_factory=list)

    def restart(self) -> None:
        for engine in self.engines:
            engine.dispose()
        self.engines = [open_engine(self.url) for _ in range(2)]

    def at(self, hour: float, *alerts: Alert, findings: bool = True) -> list[tuple[str, str]]:
        """Let both pass and send at this hour; return kind and team of what the channel accepted then."""
        now, together = START + hour * HOUR, Barrier(2)
        found: Sequence[Findings] = (Findings("spend_anomaly", alerts),) if findings else ()
        before = len(self.hook.accepted)

        def work(engine: Engine) -> None:
            log = LedgerAlertLog(engine)
            names = ("slack", "manager")
            channels = {name: WebhookChannel(name, Address(self.hook.url, 5), lambda: now) for name in names}
            together.wait()
            process(found, log, POLICY, now)
            together.wait()
            while deliver(log, channels, lambda: now).attempts:
                continue

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(work, self.engines))
        return sorted((message["status"], message["channel"]) for message in self.hook.accepted[before:])

    def tick(self, hour: float) -> list[tuple[str, str]]:
        return self.at(hour, findings=False)

    def states(self) -> dict[str, str]:
        return {key: state.status for key, state in LedgerAlertLog(self.engines[0]).states().items()}


@pytest.fixture
def daemons(ledger_engine: Engine, hook) -> Iterator[Daemons]:
    made = Daemons(ledger_engine.url.render_as_string(hide_password=False), hook)
    made.restart()
    yield made
    for engine in made.engines:
        engine.dispose()


def test_two_daemons_tell_the_whole_course_of_an_alert_once(daemons: Daemons) -> None:
    by = Handling("ana", START, "mine")
    assert daemons.at(0, alert_of()) == [("firing", "slack")]
    assert daemons.at(1, alert_of()) == []
    daemons.restart()
    assert daemons.tick(4) == [("firing", "manager")]
    assert daemons.at(24, alert_of()) == [("firing", "slack")]
    acknowledge(daemons.engines[0], [KEY], by)
    assert daemons.tick(25) == [("acknowledged", "manager"), ("acknowledged", "slack")]
    daemons.restart()
    assert daemons.at(60, alert_of()) == []
    snooze(daemons.engines[0], [KEY], START + 70 * HOUR, by)
    assert daemons.tick(69) == []
    assert daemons.tick(70) == [("firing", "slack")]
    assert daemons.at(71) == [("resolved", "manager"), ("resolved", "slack")]
    assert daemons.at(72) == []
    ids = Counter(message["id"] for message in daemons.hook.tried)
    assert set(ids.values()) == {1}
    assert len({message["incident"] for message in daemons.hook.accepted if message["channel"] == "slack"}) == 1


def test_a_channel_that_is_down_for_an_hour_hears_all_of_it_once_and_in_order(daemons: Daemons) -> None:
    daemons.hook.answers = [(500, {}, 0.0), (429, {"Retry-After": "600"}, 0.0), (503, {}, 0.0)] * 20
    assert daemons.at(0, alert_of()) == []
    assert daemons.at(0.1, alert_of(), alert_of("spend:ads:S3:2026-11-19", "ads")) == []
    daemons.restart()
    assert daemons.at(0.5, alert_of("spend:ads:S3:2026-11-19", "ads")) == []
    assert daemons.tick(0.9) == []
    daemons.hook.answers = []
    for step in range(1, 9):
        daemons.tick(1 + step / 4)
    told = [(message["status"], message["team"]) for message in daemons.hook.accepted]
    assert sorted(told) == [("firing", "ads"), ("firing", "search"), ("resolved", "search")]
    assert told.index(("firing", "search")) < told.index(("resolved", "search"))


def test_a_crash_after_the_channel_accepted_repeats_that_one_message_alone(daemons: Daemons, monkeypatch) -> None:
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    now = START
    log = LedgerAlertLog(daemons.engines[0])
    alerts = (alert_of(), alert_of("spend:ads:S3:2026-11-19", "ads"))
    process((Findings("spend_anomaly", alerts),), log, POLICY, now)
    channels = {"slack": WebhookChannel("slack", Address(daemons.hook.url, 5), lambda: now)}
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(LedgerAlertLog, "mark_sent", crash)
        deliver(log, channels, lambda: now)
    assert len(daemons.hook.accepted) == 1
    daemons.restart()
    daemons.tick(0.05)
    daemons.tick(1)
    ids = Counter(message["id"] for message in daemons.hook.accepted)
    assert sorted(ids.values()) == [1, 2]
    assert ids[daemons.hook.accepted[0]["id"]] == 2


@pytest.mark.slow
def test_five_thousand_findings_at_once_become_a_message_a_team(daemons: Daemons) -> None:
    teams = [f"team-{number}" for number in range(5)]
    found = [alert_of(f"spend:{team}:S{number}:2026-11-19", team) for team in teams for number in range(1000)]
    assert daemons.at(0, *found) == [("firing", "slack")] * 5
    assert daemons.at(0.1, *found) == []
    assert sum(len(message["alerts"]) for message in daemons.hook.accepted) == 5000
    assert daemons.at(1) == [("resolved", "slack")] * 5
    assert set(daemons.states().values()) == {"resolved"}
    assert set(Counter(message["id"] for message in daemons.hook.tried).values()) == {1}
