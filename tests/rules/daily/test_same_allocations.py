"""A rule file that changes: days of which it still says the same are attributed as before, to the last byte."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import reduce
from operator import or_

import pytest
from days_of_month import each_day
from hypothesis import HealthCheck, assume, given, seed, settings
from hypothesis import strategies as st

from rules.daily.digest import daily, digest_of_day
from rules.usage import RESOLVED

FIRST = datetime(2026, 11, 3, tzinfo=UTC)
"""Charges are of three days, in the midst of a month; usage is of the two weeks around them."""
DAYS = st.sampled_from(
    [f"2026-{day}" for day in ("10-29", "11-01", "11-02", "11-03", "11-04", "11-04", "11-05", "11-06")]
)
DATES = st.one_of(
    st.just({}),
    DAYS.map(lambda day: {"from": day}),
    DAYS.map(lambda day: {"until": day}),
    st.just({"from": "2026-11-04", "until": "2026-11-05"}),
)
TEAMS = ("a", "b", "p", "q")
SOME_TEAMS = st.lists(st.sampled_from(TEAMS), min_size=1, max_size=3, unique=True)
FIXED = st.dictionaries(st.sampled_from(TEAMS), st.sampled_from(["1", "2.50", "2.5", "0.3"]), min_size=1, max_size=3)
STAND_INS = st.one_of(st.sampled_from(["even", "even", "unattributed"]), FIXED.map(lambda fixed: {"fixed": fixed}))
MATCHES = st.sampled_from(
    [
        {},
        {"match": {"ServiceName": "Compute"}},
        {"match": {"ServiceName": ["Compute", "Sup*"], "tags.place": "present"}},
        {"match": {"any": [{"ServiceName": "Storage"}, {"tags.place": "east"}]}},
        {"match": {"tags.team": "present"}},
        {"match": {"tags.place": "present"}},
    ]
)
RATES = st.one_of(
    st.sampled_from(["2.10", "14"]),
    DAYS.map(lambda day: [{"rate": "2", "until": day}, {"rate": "3.5", "from": day}]),
)


def keyed(key, **parts):
    """A map under one keyword, with some of the parts left out."""
    wanted = {name: value for name, value in parts.items() if not name.startswith("maybe_")}
    more = {name.removeprefix("maybe_"): value for name, value in parts.items() if name.startswith("maybe_")}
    return st.fixed_dictionaries(wanted, optional=more).map(lambda value: {key: value})


PER = st.sampled_from(["hour", "day", "day", "month"])
OUTCOMES = st.one_of(
    st.sampled_from(TEAMS).map(lambda team: {"owner": team}),
    st.just({"owner": {"team": "tags.team"}}),
    st.just({"owner": {"team": "tags.team", "project": "tags.place"}}),
    st.just({"owner": {"mapping": {"file": "owners.csv", "column": "SubAccountId"}}}),
    keyed(
        "split",
        by=st.just("gpu.hours"),
        per=PER,
        maybe_without_usage=st.one_of(st.just("previous"), STAND_INS),
        maybe_among=SOME_TEAMS,
        maybe_idle=st.sampled_from(["holder", "spread", "q"]),
    ),
    keyed("split", by=st.just("cost"), per=st.sampled_from(["day", "day", "month"]), maybe_without_usage=STAND_INS),
    st.one_of(SOME_TEAMS.map(lambda some: {"even": some}), FIXED.map(lambda some: {"fixed": some})).map(
        lambda split: {"split": split}
    ),
    keyed(
        "activity",
        rates=st.dictionaries(st.just("gpu.hours"), RATES, min_size=1),
        pool=st.just("one"),
        rest=st.sampled_from(TEAMS),
        per=st.sampled_from(["day", "day", "month"]),
    ),
    st.sampled_from([["ServiceName"], ["tags.place", "SubAccountId"]]).map(lambda columns: {"follow": columns}),
)
RULE = st.builds(lambda *parts: reduce(or_, parts), MATCHES, OUTCOMES, DATES)
ABOUT_A_TEAM = st.one_of(
    DATES,
    DAYS.map(lambda day: {"was": [{"name": "stranger", "until": day}]}),
    st.sampled_from([{"aliases": ["stranger"]}, {"cost_center": "7"}, {"budget": "5"}, {"owner": "@x"}]),
)
SHARED = st.one_of(
    st.builds(lambda split, dates: [{"team": "p", "split": split} | dates], keyed("fixed", a=st.just("1")), DATES),
    st.builds(
        lambda per, stand_in, dates: [
            {"team": "p", "split": {"by": "gpu.hours", "per": per, "without_usage": stand_in}} | dates
        ],
        st.sampled_from(["day", "month"]),
        st.one_of(st.just("previous"), STAND_INS),
        DATES,
    ),
    st.builds(
        lambda per, stand_in, dates: [{"team": "p", "split": {"by": "cost", "per": per, **stand_in}} | dates],
        st.sampled_from(["day", "month"]),
        st.one_of(st.just({}), STAND_INS.map(lambda stand_in: {"without_usage": stand_in})),
        DATES,
    ),
    st.just([]),
)
CHANGES = st.one_of(
    st.tuples(st.just("insert"), RULE),
    st.tuples(st.just("replace"), RULE),
    st.tuples(st.just("remove"), st.none()),
    st.tuples(st.just("swap"), st.none()),
    st.tuples(st.just("date"), DATES),
    st.tuples(st.just("date"), DATES),
    st.tuples(st.just("team"), ABOUT_A_TEAM),
    st.tuples(st.just("new team"), DAYS.map(lambda day: {"from": day, "aliases": ["stranger"], "cost_center": "9"})),
    st.tuples(st.just("shared"), SHARED),
    st.tuples(st.just("mapping"), st.sampled_from(["1,b", "3,a"])),
)


def changed(document, change, place):
    """The document after a change at some place of it."""
    kind, value = change
    rules, teams = [*document["rules"]], {**document["teams"]}
    at = place % len(rules)
    team = TEAMS[place % len(TEAMS)]
    if kind == "insert":
        rules.insert(at, {"name": "new", **value})
    elif kind == "replace":
        rules[at] = {"name": rules[at]["name"], **value}
    elif kind == "remove":
        del rules[at]
    elif kind == "swap":
        rules[at - 1], rules[at] = rules[at], rules[at - 1]
    elif kind == "date":
        rules[at] = {key: of for key, of in rules[at].items() if key not in {"from", "until"}} | value
    elif kind == "team":
        teams[team] = {**teams[team], **value}
    elif kind == "new team":
        teams["new"] = value
    document = {**document, "rules": rules, "teams": teams}
    return document | {kind: value} if kind in {"shared", "mapping"} else document


@st.composite
def charge_rows(draw):
    start = FIRST + timedelta(days=draw(st.integers(0, 2)), hours=draw(st.sampled_from([0, 0, 5])))
    tags = {
        "team": draw(st.sampled_from(["a", "B", "", "stranger"])),
        "place": draw(st.sampled_from(["", "east", "w"])),
    }
    cost = draw(st.one_of(st.decimals(-100, 1000, places=12), st.just(Decimal("1e-12"))))
    return {
        **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost"), cost),
        "ChargePeriodStart": start,
        "ChargePeriodEnd": start + timedelta(hours=draw(st.sampled_from([1, 19, 48]))),
        "ServiceName": draw(st.sampled_from(["Compute", "Storage", "Support"])),
        "SubAccountId": draw(st.sampled_from(["1", "2", "3"])),
        "Tags": {key: value for key, value in tags.items() if value},
    }


@st.composite
def usage_rows(draw):
    return {
        "hour": FIRST + timedelta(hours=draw(st.sampled_from([0, 5, 23, 24, 29, 48, 60, 75, -1, -24, -30, -70, -150]))),
        "metric": draw(st.sampled_from(["gpu.hours", "gpu.hours", "gpu.capacity_hours", "gpu.busy_hours"])),
        "pool": "one",
        "quantity": draw(st.decimals(0, 100, places=3)),
        "facts": {"team": draw(st.sampled_from(["a", "b", "stranger", "p"])), "place": "east"},
        "x_Source": "metrics",
    }


@pytest.fixture
def attributed(engine, read, as_yaml):
    """Attribute the days one after the other; what each came to, with the span of usage that it needed."""
    engine.connection.execute("SET threads = 1")

    def run(document, charges, usage):
        (engine.folder / "owners.csv").write_text(f"value,team\n{document['mapping']}\n2,q\n")
        loaded = read(as_yaml({key: value for key, value in document.items() if key != "mapping"}))
        assume(not [problem for problem in loaded.problems if problem.severity == "error"])
        rows, found = [engine.charge(**row) for row in charges], {}
        days = sorted({row["ChargePeriodStart"].date() for row in charges})
        covered = [("metrics", FIRST - timedelta(days=9), FIRST + timedelta(days=2))]
        for day, of_day in zip(days, each_day(engine, loaded.ruleset, rows, usage, covered), strict=True):
            used = f"SELECT team, sum(quantity) FROM {RESOLVED} WHERE x_Day = DATE '{day}' GROUP BY ALL ORDER BY ALL"
            owners = engine.connection.execute(used).fetchall()
            found[day] = (engine.arrow(of_day), of_day.unmatched, of_day.span, owners)
        return loaded.ruleset, found

    return run


@pytest.fixture
def held(attributed):
    """Hold a rule file against a changed one, day by day; count the days that stay and those that change."""

    def check(document, change, place, rows):
        before, was = attributed(document, *rows)
        after, now = attributed(changed(document, change, place), *rows)
        counted = Counter()
        for day, (table, unmatched, span, owners) in was.items():
            same = digest_of_day(daily(before), day, span) == digest_of_day(daily(after), day, span)
            counted["stays" if same else "changes"] += 1
            if same:
                assert now[day][0].equals(table)
                assert now[day][1:] == (unmatched, span, owners)
            else:
                counted["in vain"] += now[day][0].equals(table)
        return counted

    return check


@pytest.mark.slow
@pytest.mark.parametrize("number", range(2))
def test_days_of_which_changed_rules_say_the_same_keep_their_allocations_to_the_byte(held, number) -> None:
    total = Counter()

    @seed(number)
    @settings(
        max_examples=20,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(
        st.lists(RULE, min_size=2, max_size=4),
        st.dictionaries(st.sampled_from(TEAMS), ABOUT_A_TEAM, max_size=2),
        SHARED,
        CHANGES,
        st.integers(0, 9),
        st.tuples(st.lists(charge_rows(), min_size=4, max_size=9), st.lists(usage_rows(), min_size=3, max_size=12)),
    )
    def hold(rules, about, shared, change, place, rows):
        document = {
            "teams": {team: about.get(team, {}) for team in TEAMS},
            "rules": [{"name": f"rule {at}", **rule} for at, rule in enumerate(rules)],
            "shared": shared,
            "mapping": "1,a",
        }
        total.update(held(document, change, place, rows))

    hold()
    assert total["stays"] > 5, total
    assert total["changes"] > 10, total
