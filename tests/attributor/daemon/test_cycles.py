"""What a cycle of the daemon does at which moment."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from attributor.app.wiring import open_app
from attributor.daemon import Daemon
from attributor.jobs.leadership import Leadership

NOW = datetime(2026, 11, 12, 9, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CONFIG = """
store: {lake: ./lake, ledger: sqlite:///ledger.db}
sources:
  aws: {type: focus, path: "bills/*.csv", every: 10m}
  gpus: {type: usage, path: "usage/*.csv", every: 1h}
teams: {search: {aliases: [srch]}, ads: {}}
rules:
  - {name: team tag, match: {tags.team: present}, owner: {team: tags.team}}
"""


@dataclass
class Clocked:
    """A daemon whose clock the test sets."""

    now: datetime
    leadership: Leadership
    daemon: Daemon
    asked: Event

    def cycle(self, minutes: int = 0):
        """Let so many minutes pass and do a cycle; return the names of the sources read and failed, or None."""
        self.now += minutes * MINUTE
        report = self.daemon.cycle()
        if report is None:
            return None
        failed = [failure.source for failure in report.collected.failures]
        return [found.source for found in report.collected.ingested] + failed


@pytest.fixture
def clocked(company) -> Iterator[Clocked]:
    company.write("attributor.yaml", CONFIG)
    made = Clocked(NOW, None, None, Event())
    with open_app(company.folder / "attributor.yaml", lambda: made.now) as app:
        made.leadership = Leadership(app.engine, app.holder, app.clock)
        made.daemon = Daemon(app, made.leadership, None, made.asked)
        yield made


def test_each_source_is_read_in_its_own_time(clocked: Clocked) -> None:
    assert clocked.cycle() == ["aws", "gpus"]
    assert [clocked.cycle(minutes) for minutes in (1, 8, 1)] == [None, None, ["aws"]]
    assert [clocked.cycle(minutes) for minutes in (49, 1)] == [["aws"], ["gpus"]]


def test_a_changed_configuration_is_followed_at_once_and_reads_only_what_is_new(clocked: Clocked, company) -> None:
    clocked.cycle()
    company.write("attributor.yaml", CONFIG.replace("ads: {}", "ads: {aliases: [unknown]}"))
    assert clocked.cycle(1) == []
    assert clocked.cycle(1) is None
    company.write("attributor.yaml", CONFIG.replace("gpus:", "more:"))
    assert clocked.cycle(1) == ["more"]


def test_a_standby_does_nothing_and_a_new_leader_looks_at_everything(clocked: Clocked) -> None:
    app = clocked.daemon.app
    other = Leadership(app.engine, "other:1:1", app.clock)
    assert other.ensure() is not None
    assert clocked.cycle() is None
    other.release()
    assert clocked.cycle(1) == ["aws", "gpus"]
    clocked.leadership.release()
    assert other.ensure() is not None
    assert clocked.cycle() is None
    other.release()
    assert clocked.cycle(1) == [], "nothing is due, but what the other did may be half done"


def test_a_leader_whose_lease_was_taken_publishes_nothing_and_stands_by(clocked: Clocked, company, caplog) -> None:
    app = clocked.daemon.app
    clocked.leadership.ensure()
    clocked.now += 2 * MINUTE
    assert Leadership(app.engine, "other:1:1", app.clock).ensure() is not None
    assert clocked.cycle() is None
    assert "standing by" in caplog.text
    assert company.costs() == {}
    assert clocked.cycle() is None
    assert clocked.cycle(2) == ["aws", "gpus"], "the other's lease ran out"


def test_a_daemon_that_is_asked_to_end_begins_no_further_piece(clocked: Clocked, company) -> None:
    clocked.asked.set()
    assert clocked.cycle() is None
    assert company.costs() == {}
    clocked.asked.clear()
    assert clocked.cycle() == ["aws", "gpus"]
    assert set(company.costs()) == {"search", "ads", "unattributed"}


@pytest.mark.slow
def test_a_failure_that_may_pass_is_tried_again_before_its_time_and_a_lasting_one_is_not(
    clocked: Clocked, company, free_port: int
) -> None:
    prometheus = f"{{type: prometheus, url: http://127.0.0.1:{free_port}, every: 1h}}"
    config = CONFIG.replace('{type: usage, path: "usage/*.csv", every: 1h}', prometheus).replace("10m", "1h")
    company.write("attributor.yaml", config)
    company.bill("november", "10,thirty,team=ads")
    assert clocked.cycle() == ["aws", "gpus"]
    assert [clocked.cycle(minutes) for minutes in (4, 1, 1)] == [None, ["gpus"], None]


def test_the_daemon_sends_statements_of_a_month_that_was_closed(company, tmp_path) -> None:
    deliver = f"statements: {{deliver: [{{to: folder, path: {tmp_path / 'out'}, formats: [csv]}}]}}\n"
    company.write("attributor.yaml", CONFIG + deliver)
    company.write("bills/november.csv", (company.folder / "bills" / "november.csv").read_text().replace("-11-", "-10-"))
    assert company.run().code == 0
    assert company.command("close", "2026-10").code == 0
    with open_app(company.folder / "attributor.yaml") as app:
        leadership = Leadership(app.engine, app.holder, app.clock)
        Daemon(app, leadership, None, Event()).send_statements()
        leadership.release()
    names = sorted(path.name for path in (tmp_path / "out" / "2026-10").iterdir())
    assert names == [f"statement-2026-10-{team}.csv" for team in ("ads", "search", "unattributed")]
