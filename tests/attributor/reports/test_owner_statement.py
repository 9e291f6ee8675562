"""A statement's parts sum to it, statements sum to the ledger and the bill, and a closed one never moves."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, insert, update

from attributor.ledger.engine import reading
from attributor.ledger.money_columns import money_values
from attributor.ledger.statement_content import statement_content
from attributor.ledger.statements import Statement, closed_in, record_statement
from attributor.ledger.tables import rollup, rule_sets, usage_rollup
from attributor.ledger.team_days import sum_team_days
from attributor.money import total
from attributor.periods import parse_month
from attributor.reports.finality import Finality
from attributor.reports.owner_statement import NoStatementError, Owner, OwnerStatement, owner_statement
from attributor.reports.owners import UnknownTeamError
from attributor.reports.statement_list import owner_lines, statement_list
from attributor.reports.statement_rows import how, plain_rows, status
from rules.load import load
from rules.located import read_yaml
from rules.ruleset import Team

OCTOBER = parse_month("2026-10")
NOW = datetime(2026, 11, 12, 9, 30, tzinfo=UTC)
TEAMS = {"search": Team("search", "Search", cost_center="4100"), "ads": Team("ads", "Ads", cost_center="4200")}
RULES = """
teams: {search: {name: Search, cost_center: "4100"}, ads: {cost_center: "4200"}, platform: }
rules:
  - {name: cluster, match: {tags.cluster: prod}, split: {by: gpu.hours, pool: prod, per: hour}}
  - {name: training, match: {tags.pool: t}, activity: {rates: {runs: 2.5}, pool: t, rest: platform}}
  - {name: tools, match: {tags.tools: present}, split: {fixed: {search: 60, ads: 40}}}
  - {name: support, match: {ServiceName: Support}, split: {by: cost, per: month}}
  - {name: tax, match: {ChargeCategory: Tax}, follow: [SubAccountId]}
shared: [{team: platform, split: {even: [search, ads]}}]
"""


def _ruleset() -> Any:
    root, problems = read_yaml(RULES, "rules.yaml")
    assert root is not None
    assert not problems
    loaded = load(root, Path())
    assert not loaded.problems, loaded.problems
    return loaded.ruleset


@pytest.fixture
def put_rules(engine: Engine) -> str:
    """The rules of the month are in the ledger; their digest."""
    rules = _ruleset()
    row = {"digest": rules.digest, "text": rules.text, "first_used_at": datetime(2026, 9, 1, tzinfo=UTC)}
    with engine.begin() as connection:
        connection.execute(insert(rule_sets).values(row))
    return rules.digest


def _close(engine: Engine, rules: str) -> Statement:
    with engine.begin() as connection:
        content = statement_content(connection, OCTOBER)
        return record_statement(connection, Statement(OCTOBER, 0, NOW, "ana", rules, content))


def _of(engine: Engine, kind: Any, owner: str) -> OwnerStatement:
    return owner_statement(engine, TEAMS, Owner(kind, owner), OCTOBER, NOW)


def test_own_charges_shared_costs_and_corrections_are_told_apart_and_sum(engine, put_cost) -> None:
    put_cost("10.5", service="EC2", category="Usage", billed="0", cost_center="4100")
    put_cost("1", service="EC2", category="Tax", cost_center="4100")
    put_cost("7", service="EKS", rule="cluster", method="usage", cost_center="4100")
    put_cost("2", service="S3", rule="tag", shared_step="platform", cost_center="4100")
    put_cost("-0.25", service="EC2", corrects="2026-09", corrected_day=date(2026, 9, 3), cost_center="4100")
    put_cost("3", team="ads", service="EC2")
    report = _of(engine, "team", "search")
    [part] = report.parts
    assert [(line.service, line.category, line.costs.effective) for line in part.lines] == [
        ("EC2", "Usage", Decimal("10.5")),
        ("EC2", "Tax", Decimal(1)),
    ]
    assert [(line.rule, line.shared_step) for line in part.shared] == [("cluster", ""), ("tag", "platform")]
    assert [(line.corrects, line.first, line.costs.effective) for line in part.corrections] == [
        ("2026-09", date(2026, 9, 3), Decimal("-0.25"))
    ]
    assert (part.own.effective, part.shared_cost.effective, part.corrected.effective) == (
        Decimal("11.5"),
        Decimal(9),
        Decimal("-0.25"),
    )
    assert (part.total.effective, part.total.billed) == (Decimal("20.25"), Decimal("9.75"))
    assert total(Decimal(row["effective"]) for row in plain_rows(report)) == part.total.effective


def test_shared_costs_say_by_which_rule_and_weights_they_were_divided(engine, put_cost, put_rules) -> None:
    for team, cost in (("search", "30"), ("ads", "10")):
        put_cost(cost, team=team, rule="cluster", method="usage")
    put_cost("5", team="search", rule="cluster", method="usage", idle_cause="held")
    put_cost("6", rule="tools", method="fixed")
    put_cost("4", rule="training", method="activity")
    put_cost("3", rule="support", method="cost", fallback="even:not_covered")
    put_cost("2", rule="tax", method="follow")
    put_cost("1", rule="gone", method="even")
    put_cost("8", rule="tools", method="fixed", shared_step="platform")
    with engine.begin() as connection:
        for team, metric, hours in (("search", "gpu.hours", 1500), ("ads", "gpu.hours", 500), ("search", "runs", 3)):
            row = {"source": "g", "day": date(2026, 10, 2), "metric": metric, "team": team, "model": ""}
            pool = {"gpu.hours": "prod", "runs": "t"}[metric]
            connection.execute(
                insert(usage_rollup).values({**row, "pool": pool, **money_values("quantity", Decimal(hours))})
            )
    _close(engine, put_rules)
    [part] = _of(engine, "team", "search").parts
    told = {(line.rule, line.idle_cause, line.shared_step): (how(line), line.whole, line.share) for line in part.shared}
    by_hours = "split by gpu.hours of prod, hour by hour"
    assert told == {
        ("cluster", "", ""): (f"{by_hours}; 1,500 of 2,000 gpu.hours of prod", Decimal(45), Decimal("0.666667")),
        ("cluster", "held", ""): (f"{by_hours}; idle: held, not computing", Decimal(45), Decimal("0.111111")),
        ("tools", "", ""): ("split by fixed weights; 60 of 100", Decimal(14), Decimal("0.428571")),
        ("training", "", ""): (
            "2.5 a unit of runs; what is left is idle; 3 of 3 runs of t",
            Decimal(4),
            Decimal(1),
        ),
        ("support", "", ""): (
            "split by what each team costs anyhow, over the month; without usage: even, not covered",
            Decimal(3),
            Decimal(1),
        ),
        ("tax", "", ""): ("follows the cost of charges of the same SubAccountId", Decimal(2), Decimal(1)),
        ("gone", "", ""): ("split evenly", Decimal(1), Decimal(1)),
        ("tools", "", "platform"): ("passed on by platform, split evenly; 1 of 2", Decimal(8), Decimal(1)),
    }
    assert {line.line for line in part.shared if line.rule == "cluster"} == {4}


def test_a_statement_says_whether_it_is_final(engine, put_cost, put_rules) -> None:
    put_cost("5")
    before = _of(engine, "team", "search")
    assert (before.finality.state, before.finality.is_final, before.seen_at) == ("over", False, NOW)
    closing = _close(engine, put_rules)
    after = _of(engine, "team", "search")
    assert (after.finality.state, after.finality.is_final, after.seen_at) == ("closed", True, None)
    assert after.finality == Finality(
        "closed", None, 1, NOW, "ana", closing.content.digest, put_rules, datetime(2026, 9, 1, tzinfo=UTC)
    )
    assert [status(each.finality) for each in (before, after)] == ["not final: not closed yet", "final, revision 1"]
    ahead = owner_statement(engine, TEAMS, Owner("team", "search"), parse_month("2026-12"), NOW)
    assert (ahead.finality.state, ahead.parts) == ("ahead", ())


def test_a_closed_statement_keeps_the_names_of_its_time(engine, put_cost, put_rules) -> None:
    put_cost("5", cost_center="4100")
    _close(engine, put_rules)
    renamed = {"search": Team("search", "Find", cost_center="9999")}
    found = owner_statement(engine, renamed, Owner("team", "search"), OCTOBER, NOW)
    assert (found.name, found.cost_center) == ("Search", "4100")
    assert found == owner_statement(engine, {}, Owner("team", "search"), OCTOBER, NOW.replace(year=2027))


def test_rows_that_moved_after_the_closing_make_a_statement_invalid(engine, put_cost, put_rules) -> None:
    put_cost("5")
    _close(engine, put_rules)
    digest = _of(engine, "team", "search").digest
    with engine.begin() as connection:
        connection.execute(update(rollup).values(effective_millionths=6_000_000))
    found = _of(engine, "team", "search")
    assert (found.finality.state, found.finality.is_final) == ("changed", False)
    assert found.digest != digest
    assert status(found.finality).startswith("not valid")


def test_what_nobody_is_called_has_no_statement(engine, put_cost) -> None:
    put_cost("5")
    with pytest.raises(UnknownTeamError, match="did you mean search"):
        _of(engine, "team", "serch")
    with pytest.raises(NoStatementError, match="'77'"):
        _of(engine, "cost_center", "77")
    assert _of(engine, "cost_center", "4200").parts == ()
    assert _of(engine, "cost_center", "").name == "Without a cost center"


_AMOUNTS = st.decimals(min_value=-1000, max_value=1000, places=12)
_ROWS = st.lists(
    st.tuples(
        st.sampled_from(["search", "ads", "unattributed"]),
        st.sampled_from(["", "4100", "4200"]),
        st.sampled_from(["direct", "usage", "unattributed", "follow"]),
        st.sampled_from(["", "platform"]),
        st.sampled_from(["", "2026-09"]),
        st.sampled_from(["USD", "EUR"]),
        _AMOUNTS,
        _AMOUNTS,
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def emptied(tmp_path_factory: pytest.TempPathFactory, make_ledger: Callable[[Path], Engine]) -> Iterator[Engine]:
    opened = make_ledger(tmp_path_factory.mktemp("statements"))
    yield opened
    opened.dispose()


@settings(max_examples=8, deadline=None)
@given(rows=_ROWS)
def test_statements_of_all_teams_and_of_all_cost_centers_sum_to_the_ledger(emptied: Engine, rows: list[Any]) -> None:
    texts = {column.name: "" for column in rollup.columns if not column.nullable and column.name != "id"}
    texts |= {"source": "b", "day": date(2026, 10, 5), "billing_month": "2026-10", "basis": "billed"}
    with emptied.begin() as connection:
        connection.execute(delete(rollup))
        for team, center, method, step, corrects, currency, effective, billed in rows:
            row: dict[str, Any] = {**texts, "team": team, "cost_center": center, "method": method}
            row |= {"shared_step": step, "corrects": corrects, "currency": currency}
            row |= money_values("effective", effective) | money_values("billed", billed)
            connection.execute(insert(rollup).values(row | money_values("list", Decimal(0))))
        sum_team_days(connection, (texts["day"],))
    _check_sums(emptied)


def _check_sums(engine: Engine) -> None:
    with reading(engine) as connection:
        ledger = statement_content(connection, OCTOBER)
        owners = {kind: owner_lines(connection, OCTOBER, kind, {}) for kind in ("team", "cost_center")}
    for lines in owners.values():
        sums: dict[tuple[str, str], list[Decimal]] = {}
        for line in lines:
            report = owner_statement(engine, {}, line.owner, OCTOBER, NOW)
            for part in report.parts:
                for basis in ("effective", "billed", "list"):
                    parts = [line.costs for line in (*part.lines, *part.shared, *part.corrections)]
                    whole = getattr(part.total, basis)
                    assert total(getattr(costs, basis) for costs in parts) == whole
                    sums.setdefault((part.currency, basis), []).append(whole)
            assert {each.currency: each.cost for each in line.amounts if each.cost} == {
                part.currency: part.total.effective for part in report.parts if part.total.effective
            }
        found = {key: total(amounts) for key, amounts in sums.items()}
        wanted = {(currency, basis): cost for currency, of in ledger.totals.items() for basis, cost in of.items()}
        assert {key: cost for key, cost in wanted.items() if cost} == {key: cost for key, cost in found.items() if cost}


def test_the_list_tells_closed_months_with_what_corrects_them_and_open_ones(
    engine: Engine, put_cost: Callable[..., None], put_rules: str
) -> None:
    put_cost("5", cost_center="4100")
    put_cost("2", team="ads")
    closing = _close(engine, put_rules)
    listed = statement_list(engine, TEAMS, None, NOW)
    assert (listed.month, [line.name for line in listed.teams]) == (OCTOBER, ["Search", "ads"])
    assert [line.name for line in listed.cost_centers] == ["4100", "Without a cost center"]
    [closed] = listed.closed
    assert (closed.digest, closed.revision, closed.corrections) == (closing.content.digest, 1, ())
    with reading(engine) as connection:
        assert OCTOBER in closed_in(connection)
