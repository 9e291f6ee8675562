"""Sources that are silent or fail, days that were restated, and spend that nobody claims."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from alerts.detect.freshness import stale_sources
from attributor.watching.restated import restated_days
from attributor.watching.silent import source_facts
from attributor.watching.unclaimed import unattributed_contributors, unattributed_days

NOW = datetime(2026, 11, 12, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
LIMIT = timedelta(days=2)


def facts_of(company, name: str, now: datetime):
    [facts] = source_facts(company.engine, {name: LIMIT}, now)
    return facts


def titles(company, now: datetime) -> list[str]:
    return [alert.title for alert in stale_sources([facts_of(company, "aws", now)], now).alerts]


def test_a_source_is_known_until_the_end_of_what_it_covered(company) -> None:
    company.bill("2026-11-10 1 team=search", "2026-11-11 1 team=search")
    company.cycle()
    facts = facts_of(company, "aws", NOW)
    assert (facts.known_until, facts.limit, facts.error) == (datetime(2026, 11, 12, tzinfo=UTC), LIMIT, "")
    assert titles(company, NOW) == []
    assert titles(company, NOW + 2 * DAY) == ["aws silent for 2 days"]


def with_another(company) -> None:
    text = (company.folder / "attributor.yaml").read_text()
    another = "sources:\n  late: {type: push, path: events}\n"
    company.write("attributor.yaml", text.replace("sources:\n", another))


def test_a_source_that_never_came_is_silent_since_it_was_first_asked_and_not_since_the_first_run(company) -> None:
    company.bill("2026-11-10 1 team=search")
    company.cycle(NOW - 20 * DAY)
    with_another(company)
    company.cycle(NOW)
    assert facts_of(company, "late", NOW).configured_at == NOW
    assert facts_of(company, "late", NOW).known_until is None
    assert "freshness:late" not in company.app.alert_log.states()
    company.cycle(NOW + 2 * DAY + timedelta(minutes=1))
    alert = company.app.alert_log.states()["freshness:late"].alert
    assert alert.summary.startswith("late has brought nothing since it was configured at 2026-11-12")


def test_a_source_that_was_never_asked_is_not_silent_yet(company) -> None:
    assert facts_of(company, "aws", NOW).configured_at == NOW
    assert titles(company, NOW) == []


@pytest.fixture
def away(make, free_port):
    """A company whose only source is a Prometheus that nobody runs."""
    source = f"  gpus: {{type: prometheus, url: http://127.0.0.1:{free_port}}}\n"
    return make(f"store: {{lake: ./lake, ledger: sqlite:///ledger.db}}\nsources:\n{source}teams: {{}}\nrules: []\n")


@pytest.mark.slow
def test_a_failure_that_may_pass_is_told_only_when_it_has_lasted(away) -> None:
    away.cycle(NOW)
    assert [facts.failing_since for facts in source_facts(away.engine, {"gpus": LIMIT}, NOW)] == [NOW]
    assert away.app.alert_log.states() == {}
    away.cycle(NOW + timedelta(minutes=61))
    alert = away.app.alert_log.states()["freshness:gpus"].alert
    assert (alert.title, alert.severity) == ("gpus fails", "warning")
    assert "has failed since 2026-11-12 09:30" in alert.summary


def test_a_failure_begins_with_the_first_after_the_last_success_and_ends_with_the_next(company) -> None:
    company.bill("2026-11-10 1 team=search")
    company.cycle(NOW)
    company.bill("2026-11-10 thirty team=search")
    for hours in (5, 6, 7):
        company.cycle(NOW + timedelta(hours=hours))
    facts = facts_of(company, "aws", NOW + timedelta(hours=7))
    assert (facts.failing_since, facts.permanent) == (NOW + timedelta(hours=5), True)
    assert "thirty" in facts.error
    company.bill("2026-11-10 30 team=search")
    company.cycle(NOW + timedelta(hours=8))
    facts = facts_of(company, "aws", NOW + timedelta(hours=8))
    assert (facts.failing_since, facts.error, facts.configured_at) == (None, "", NOW)


def test_a_day_that_changed_while_it_was_young_is_no_restatement(company) -> None:
    company.bill(*(f"2026-11-{day:02} 10 team=search" for day in range(5, 13)))
    company.cycle(NOW - timedelta(hours=1))
    company.bill(*(f"2026-11-{day:02} 12.5 team=search" for day in range(5, 13)))
    company.cycle(NOW)
    found = restated_days(company.engine, NOW)
    assert sorted(each.day.day for each in found) == [5, 6, 7, 8], "the 9th was three days old"
    assert {(each.source, each.before, each.after, each.currency) for each in found} == {
        ("aws", Decimal(10), Decimal("12.5"), "USD")
    }
    assert {each.noticed_at for each in found} == {NOW}
    assert restated_days(company.engine, NOW + 7 * DAY) == ()


def test_unclaimed_spend_is_told_by_day_beside_the_whole_and_by_what_is_behind_it(company) -> None:
    company.bill(
        *(f"2026-11-{day:02} 10 team=search" for day in range(7, 12)),
        "2026-11-09 3 who=knows S3 Usage 111",
        "2026-11-10 4 who=knows S3 Usage 222",
        "2026-11-10 1 who=knows EC2",
        "2026-11-11 100 who=knows S3 Usage 222",
        "2026-11-07 50 who=knows S3 Usage 333",
    )
    company.cycle()
    [(currency, days)] = unattributed_days(company.engine, NOW).items()
    assert currency == "USD"
    shown = {each.day.day: (each.unattributed, each.whole, each.complete) for each in days}
    assert shown == {
        7: (50, 60, True),
        8: (0, 10, True),
        9: (3, 13, True),
        10: (5, 15, True),
        11: (100, 110, False),
    }
    found = [(each.label, each.amount) for each in unattributed_contributors(company.engine, "USD", NOW)]
    assert found == [("222 · S3", 4), ("111 · S3", 3), ("no account · EC2", 1)], "of the three last complete days"


def test_a_bill_that_stalled_long_ago_does_not_keep_unclaimed_spend_from_being_told(company) -> None:
    text = (company.folder / "attributor.yaml").read_text()
    company.write(
        "attributor.yaml", text.replace("sources:\n", "sources:\n  old: {type: focus, path: bills/old.csv}\n")
    )
    company.bill("2026-09-01 1 team=search", name="old")
    owners = ["team=search"] * 3 + ["who=knows"] * 4
    company.bill(*(f"2026-11-{day:02} 60 {owner}" for day, owner in enumerate(owners, start=5)))
    report = company.cycle()
    assert "unattributed:USD" in report.firing
    assert [each.complete for each in unattributed_days(company.engine, NOW)["USD"]] == [True] * 6 + [False]
