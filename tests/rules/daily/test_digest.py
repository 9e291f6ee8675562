"""Of which days a changed rule file says something else: those on which what changed holds, and that lean on them."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

import pytest

from rules.daily.digest import daily, digest_of_day
from rules.hours import Span
from rules.load import Loaded

RULES = """
teams:
  search:   {aliases: [srch], cost_center: "4100", owner: "@ana", budget: 42000}
  platform: {cost_center: "4000", was: [{name: infra, until: 2026-11-10}]}
  ads: {until: 2026-11-21, aliases: [marketing]}
  data: {}
dimensions: {feature: tags.feature}
required_tags: [team]
rules:
  - name: team tag
    match: {tags.team: present}
    owner: {team: tags.team, project: tags.project}
  - {name: accounts, owner: {mapping: {file: owners.csv, column: SubAccountId}}}
  - {name: old cluster, match: {tags.cluster: old}, split: {even: [search, ads]}, until: 2026-11-08}
  - name: cluster
    match: {tags.cluster: [prod, dev], ServiceName: EC2}
    split: {by: gpu.hours, pool: prod, idle: holder, without_usage: even}
    from: 2026-11-08
  - name: pool
    match: {tags.pool: training}
    activity: {rates: {runs: [{rate: 2.10, until: 2026-11-15}, {rate: 2.4, from: 2026-11-15}]}, rest: platform}
  - {name: tax, match: {ChargeCategory: Tax}, follow: [ServiceName], from: 2026-11-28}
shared:
  - {team: platform, split: {fixed: {search: 60, ads: 40}}, from: 2026-11-20}
"""
DAYS = (1, 7, 8, 12, 15, 18, 20, 22, 28)
ALL = [*DAYS]
Changed = Callable[[str, str], list[int]]


def _span(first: date, days: int = 0) -> Span:
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return Span(start.replace(day=start.day - days), start.replace(hour=23))


@pytest.fixture
def said(read: Callable[[str], Loaded], tmp_path) -> Callable[..., Mapping[int, str]]:
    """What a rule file says of days of November, each with so many days of usage before it."""

    def digests(text: str, usage: int = 0, owners: str = "1,search\n2,ads\n") -> Mapping[int, str]:
        (tmp_path / "owners.csv").write_text(f"value,team\n{owners}")
        loaded = read(text)
        assert not [problem for problem in loaded.problems if problem.severity == "error"]
        rules, days = daily(loaded.ruleset), [date(2026, 11, day) for day in DAYS]
        return {day.day: digest_of_day(rules, day, _span(day, min(usage, day.day - 1))) for day in days}

    return digests


@pytest.fixture
def changed(said) -> Callable[..., list[int]]:
    """The days of which the rules say something else once a part of them is written otherwise."""

    def days(before: str, after: str, usage: int = 0) -> list[int]:
        assert before in RULES
        was, now = said(RULES, usage), said(RULES.replace(before, after, 1), usage)
        return [day for day in DAYS if was[day] != now[day]]

    return days


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("budget: 42000", "budget: {monthly: 1, daily_hard: 7}"),
        ('owner: "@ana"', 'owner: "@bob", slack: "#search"'),
        ("rules:\n", "\n# first match wins\n\nrules:\n"),
        ("- name: team tag\n    match: {tags.team: present}", "- match: {tags.team: present}\n    name: team tag"),
        ("{tags.cluster: [prod, dev], ServiceName: EC2}", "{ServiceName: [EC2], tags.cluster: [dev, prod]}"),
        ("rate: 2.10", "rate: 2.1"),
        ("{search: 60, ads: 40}", "{ads: 40.0, search: 60}"),
        ("even: [search, ads]", "even: [ADS, srch]"),
        ("  data: {}\n", "  data: {}\n  lake: {from: 2027-01-01, aliases: [sea], cost_center: '1'}\n"),
        ("shared:\n", "  - {name: rest, owner: data, until: 2026-10-20}\nshared:\n"),
    ],
)
def test_what_bears_on_no_allocation_of_the_month_changes_no_day(changed: Changed, before: str, after: str) -> None:
    assert changed(before, after) == []


@pytest.mark.parametrize(
    ("before", "after", "days"),
    [
        ("name: team tag", "name: tag", ALL),
        ("aliases: [srch]", "aliases: [srch, find]", ALL),
        ("  data: {}\n", "", ALL),
        ("feature: tags.feature", "feature: tags.f", ALL),
        ("required_tags: [team]", "required_tags: [team, project]", ALL),
        ('"4100"', '"4101"', ALL),
        ("project: tags.project", "project: tags.p", ALL),
        ("even: [search, ads]", "even: [search, data]", [1, 7]),
        ("until: 2026-11-08", "until: 2026-11-07", [7]),
        ("pool: prod, idle", "pool: dev, idle", [8, 12, 15, 18, 20, 22, 28]),
        ("rate: 2.10", "rate: 2.11", [1, 7, 8, 12]),
        ("rate: 2.4", "rate: 2.5", [15, 18, 20, 22, 28]),
        ("{name: infra, until: 2026-11-10}", "{name: infra, until: 2026-11-09}", []),
        ("{name: infra, until: 2026-11-10}", "{name: infra, until: 2026-11-08}", [8]),
        ("aliases: [marketing]", "aliases: [marketing, promo]", [1, 7, 8, 12, 15, 18, 20]),
        ("fixed: {search: 60, ads: 40}", "fixed: {search: 60, ads: 41}", [20]),
        ("follow: [ServiceName]", "follow: [SubAccountId]", [28]),
        ("follow: [ServiceName]", "follow: [RegionId]", ALL),
    ],
)
def test_only_days_on_which_it_holds_change(changed: Changed, before: str, after: str, days: list[int]) -> None:
    found = changed(before, after)
    # The 28th leans on the whole month: rules that hold on any day of it matter there.
    leaning = [] if "fixed" in before else [28]
    assert found == sorted({*days, *leaning})


def test_a_day_leans_on_what_gives_its_usage_owners(changed: Changed) -> None:
    until, earlier = "{name: infra, until: 2026-11-10}", "{name: infra, until: 2026-11-09}"
    assert changed(until, earlier, usage=0) == [28]
    assert changed(until, earlier, usage=7) == [12, 15, 28]
    split, other = "{even: [search, ads]}", "{even: [search, data]}"
    assert changed(split, other, usage=7) == [1, 7, 28], "what splits charges is nothing to usage"


def test_a_day_leans_on_its_whole_month_only_where_a_rule_of_the_day_does(changed: Changed) -> None:
    monthly = "follow: [ServiceName], from: 2026-11-28}"
    assert changed(monthly, monthly.replace("28", "18")) == [18, 20, 22, 28]
    assert changed("until: 2026-11-08}", "until: 2026-11-08}\n  - {name: one, owner: data, until: 2026-11-02}") == [
        1,
        28,
    ]


def test_lines_of_a_mapping_table_count_where_their_team_is_there(said) -> None:
    was = said(RULES)
    assert said(RULES, owners="2,ads\n1,search\n") == was
    assert {day for day, digest in said(RULES, owners="1,search\n2,ads\n3,ads\n").items() if digest != was[day]} == {
        *(1, 7, 8, 12, 15, 18, 20),
        28,
    }


def test_order_counts_among_the_rules_that_hold(changed: Changed) -> None:
    ahead = "  - {name: before, match: {tags.a: b}, owner: data, until: 2026-11-08}\n"
    behind = "{name: old cluster, match: {tags.cluster: old}, split: {even: [search, ads]}, until: 2026-11-08}\n"
    assert changed("rules:\n", f"rules:\n{ahead}") == [1, 7, 28]
    swapped = f"{behind}{ahead}"
    assert changed(behind, swapped) == [1, 7, 28]
