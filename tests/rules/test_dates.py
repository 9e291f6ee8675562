"""What holds only on some days: teams and their names, and rates."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from rules.explanation import Question

DAY = datetime(2026, 10, 14, tzinfo=UTC)
TAGGED = "{name: tag, match: {tags.team: present}, owner: {team: tags.team}}"


def before(charge, cost, **columns):
    start = DAY - timedelta(days=1)
    return charge(cost, ChargePeriodStart=start, ChargePeriodEnd=DAY, **columns)


def by_rule(engine, attribution):
    sums = defaultdict(Decimal)
    for row in engine.rows(attribution):
        sums[row.rule, row.team] += row.cost
    return sums


def test_outside_its_dates_a_teams_names_name_nobody_and_the_money_is_listed(engine, charge):
    text = (
        f"teams: {{labs: {{until: 2026-10-14, aliases: [lab]}}, ads: }}\nrules: [{TAGGED}, {{name: rest, owner: ads}}]"
    )
    attribution = engine.attribute(text, [before(charge, 1, tags_team="Lab"), charge(2, tags_team="Lab")])
    assert by_rule(engine, attribution) == {("tag", "labs"): 1, ("rest", "ads"): 2}
    assert [(one.value, one.effective) for one in attribution.unmatched] == [("Lab", Decimal(2))]


def test_a_rule_or_a_table_that_names_a_team_holds_on_the_teams_days(engine, charge):
    (engine.folder / "owners.csv").write_text("value,team\n1,labs\n")
    text = """
    teams: {labs: {from: 2026-10-14}, ads: }
    rules:
      - {name: fixed, match: {ServiceName: x}, owner: labs}
      - {name: table, owner: {mapping: {file: owners.csv, column: SubAccountId}}}
      - {name: rest, owner: ads}
    """
    charges = [
        before(charge, 1, ServiceName="x"),
        charge(2, ServiceName="x"),
        before(charge, 4, SubAccountId="1"),
        charge(8, SubAccountId="1"),
    ]
    assert by_rule(engine, engine.attribute(text, charges)) == {
        ("rest", "ads"): 5,
        ("fixed", "labs"): 2,
        ("table", "labs"): 8,
    }


def test_teams_merged_into_one_keep_their_history_under_their_former_names(engine, charge):
    text = f"""
    teams:
      search: {{was: [{{name: finders, until: 2026-10-14}}, {{name: rankers, until: 2026-10-15}}]}}
    rules: [{TAGGED}]
    """
    charges = [before(charge, 1, tags_team="Finders"), charge(2, tags_team="finders"), charge(4, tags_team="rankers")]
    assert engine.by_team(text, charges) == {"search": 5, "unattributed": 2}


def test_a_name_passes_from_one_team_to_the_next(engine, charge):
    text = f"""
    teams:
      old: {{until: 2026-10-14, aliases: [ml]}}
      new: {{from: 2026-10-14, aliases: [ml]}}
    rules: [{TAGGED}]
    """
    charges = [before(charge, 1, tags_team="ml"), charge(2, tags_team="ml")]
    assert engine.by_team(text, charges) == {"old": 1, "new": 2}


def test_a_team_that_is_not_there_has_no_part_in_fixed_and_even_splits(engine, charge):
    text = """
    teams: {a: , b: {until: 2026-10-14}, p: , c: {until: 2026-10-01}}
    rules:
      - {name: fixed, match: {ServiceName: x}, split: {fixed: {a: 1, b: 3}}}
      - {name: gone, match: {ServiceName: y}, split: {even: [b]}}
      - {name: stand-in, match: {ServiceName: z}, split: {by: requests, without_usage: even}}
      - {name: passed on, owner: p}
    shared: [{team: p, split: {fixed: {a: 1, b: 1}}}]
    """
    charges = [
        before(charge, 4, ServiceName="x"),
        charge(4, ServiceName="x"),
        charge(5, ServiceName="y"),
        before(charge, 6, ServiceName="z"),
        charge(6, ServiceName="z"),
        before(charge, 8),
        charge(8),
    ]
    assert by_rule(engine, engine.attribute(text, charges)) == {
        ("fixed", "a"): 5,
        ("fixed", "b"): 3,
        ("gone", "unattributed"): 5,
        ("stand-in", "a"): 9,
        ("stand-in", "b"): 3,
        ("passed on", "a"): 12,
        ("passed on", "b"): 4,
    }


def test_usage_of_a_team_that_is_not_there_is_nobodys(engine, charge, used):
    text = "teams: {labs: {until: 2026-10-14}, ads: }\nrules: [{split: {by: requests}}]"
    usage = [used("requests", "labs", 1), used("requests", "ads", 1)]
    assert engine.by_team(text, [charge(2)], usage) == {"ads": 1, "unattributed": 1}


RATES = """
teams: {search: , ads: , platform: }
rules:
  - name: pool
    activity:
      rates: {runs: [{rate: 2, until: 2026-10-14}, {rate: 3, from: 2026-10-14, until: 2026-10-15}], calls: 1}
      pool: pool
      rest: platform
"""


def test_each_day_counts_at_its_own_rate(engine, charge, used):
    long = charge(100, ChargePeriodStart=DAY - timedelta(days=1), ChargePeriodEnd=DAY + timedelta(days=1))
    usage = [used("runs", "search", 5, hour=-1), used("runs", "search", 5), used("calls", "ads", 5)]
    assert engine.by_team(RATES, [long], usage) == {"search": 25, "ads": 5, "platform": 70}


def test_what_is_counted_on_a_day_without_a_rate_claims_nothing_and_is_warned_of(engine, charge, used):
    tomorrow = charge(100, ChargePeriodStart=DAY + timedelta(days=1), ChargePeriodEnd=DAY + timedelta(days=2))
    usage = [used("runs", "search", 5, hour=24), used("calls", "ads", 7, hour=25)]
    attribution = engine.attribute(RATES, [tomorrow], usage)
    assert {row.team: row.cost for row in engine.rows(attribution)} == {"ads": 7, "platform": 93}
    assert attribution.warnings == (
        "rule `pool`: 5.00 of `runs` in pool `pool` (2026-10-15) claim nothing: no rate holds for them",
    )


def test_over_absorption_names_rule_pool_bucket_and_both_amounts_and_is_explained(engine, charge, used):
    usage = [used("runs", "search", 1000), used("calls", "ads", 1000)]
    attribution = engine.attribute(RATES, [charge(100)], usage)
    note = "the rates claim 4,000.00 of 100.00, 4000 % of pool `pool` (USD, 2026-10-14): scaled to it"
    assert attribution.warnings == (f"rule `pool`: {note}",)
    (currency,) = engine.explain(RATES, Question("ads"), [charge(100)], usage).currencies
    assert [weighing.note for part in currency.parts for weighing in part.weighings] == [note]


def test_many_buckets_of_over_absorption_are_told_in_a_few_lines(engine, charge, used):
    text = RATES.replace("rest: platform", "rest: platform\n      per: hour")
    usage = [used("calls", "ads", 7, hour=hour) for hour in range(6)]
    attribution = engine.attribute(text, [charge(1, hour=hour) for hour in range(6)], usage)
    assert len(attribution.warnings) == 4
    assert "2026-10-14 00:00 to 2026-10-14 01:00 UTC" in attribution.warnings[0]
    assert attribution.warnings[3] == "rule `pool`: and in 3 more buckets so"
