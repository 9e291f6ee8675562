"""Whatever the charges, weights and rules: nothing is lost, and the ledger says the same however it came about."""

import json
import shutil
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attributor.ledger.dump import canonical_dump
from attributor.ledger.engine import open_engine

TEAMS = ("search", "ads", "data", "platform")
DAYS = tuple(range(2, 12))
BASES = ("BilledCost", "EffectiveCost", "ListCost")
HEADER = ",".join([*BASES, "BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ServiceName,Tags"])
DIRECT = "{name: tag, match: {tags.team: present}, owner: {team: tags.team}}"
CLUSTER = "{{name: cluster, match: {{tags.kind: cluster}}, split: {{{split}}}}}"
RULES: Mapping[str, tuple[list[str], list[str]]] = {
    "by the day": ([DIRECT, CLUSTER.format(split="by: gpu.hours, pool: prod, without_usage: previous")], []),
    "by the hour, idle": (
        [DIRECT, CLUSTER.format(split="by: gpu.hours, pool: prod, per: hour, idle: spread, unallocated: platform")],
        [],
    ),
    "activity, cost and follow": (
        [
            DIRECT,
            "{name: pool, match: {tags.kind: cluster},"
            " activity: {rates: {gpu.hours: 2.1}, pool: prod, rest: platform}}",
            "{name: support, match: {tags.kind: support}, split: {by: cost}}",
            "{name: tax, match: {tags.kind: tax}, follow: [ServiceName]}",
        ],
        [],
    ),
    "fixed, even, shared in a ring": (
        [
            CLUSTER.format(split="fixed: {search: 3, ads: 0.000000000001, platform: 7}"),
            "{name: support, match: {tags.kind: support}, split: {even: [search, ads, data]}}",
            DIRECT,
        ],
        [
            "{team: platform, split: {fixed: {search: 1, data: 2}}}",
            "{team: data, split: {fixed: {ads: 1, platform: 3}}}",
        ],
    ),
    "none": ([], []),
}
AMOUNTS = st.one_of(
    st.sampled_from(["0", "-0", "1E-12", "-0.000000000001", "1E9", "-1000000000", "3.5E-7", "999999999.999999999999"]),
    st.decimals(-(10**6), 10**6, allow_nan=False, places=12).map(str),
    st.integers(-(10**11), 10**11).map(str),
)
QUANTITIES = st.one_of(
    st.sampled_from(["0", "1", "0.000000000001", "1E6", "0.333333333333"]),
    st.decimals(0, 1000, allow_nan=False, places=6).map(str),
)


@dataclass(frozen=True)
class Charge:
    """One row of the bill."""

    day: int
    costs: tuple[str, str, str]
    kind: str
    team: str
    service: str

    def __str__(self) -> str:
        tags = json.dumps({"kind": self.kind, "team": self.team}).replace('"', '""')
        period = f"2026-11-{self.day:02}T00:00:00Z,2026-11-{self.day + 1:02}T00:00:00Z"
        return f'{",".join(self.costs)},USD,{period},{self.service},"{tags}"'


CHARGES = st.lists(
    st.builds(
        Charge,
        day=st.sampled_from(DAYS),
        costs=st.tuples(AMOUNTS, AMOUNTS, AMOUNTS),
        kind=st.sampled_from(["cluster", "support", "tax", "other"]),
        team=st.sampled_from(["", "", "Search", "ads@corp.example", "DATA", "platform", "nobody"]),
        service=st.sampled_from(["EC2", "S3"]),
    ),
    min_size=1,
    max_size=60,
)
USAGE = st.lists(
    st.tuples(
        st.sampled_from(DAYS),
        st.integers(0, 23),
        st.sampled_from(["gpu.hours", "gpu.busy_hours", "gpu.capacity_hours"]),
        QUANTITIES,
        st.sampled_from([*TEAMS, "nobody", ""]),
    ),
    max_size=40,
)
FEW = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def founded(company, tmp_path: Path) -> Callable[..., Any]:
    """Found a company anew with a bill, usage and rules; `ledger` says what its ledger knows."""
    kind = type(company)
    count = 0

    def found(charges: list[Charge], usage: list[tuple], rules: str, ledger: str = "sqlite:///ledger.db"):
        nonlocal count
        count += 1
        folder = tmp_path / f"company-{count}"
        folder.mkdir()
        made = kind(folder)
        ordered, shared = RULES[rules]
        lists = (
            "".join(f"\n  - {rule}" for rule in ordered) or " []",
            "".join(f"\n  - {one}" for one in shared) or " []",
        )
        made.write(
            "attributor.yaml",
            f"store: {{lake: ./lake, ledger: '{ledger}'}}\n"
            'sources:\n  aws: {type: focus, path: "bills/*.csv"}\n  gpus: {type: usage, path: "usage/*.csv"}\n'
            f"teams: {{{', '.join(f'{team}: ' for team in TEAMS)}}}\nrules:{lists[0]}\nshared:{lists[1]}\n",
        )
        bill(made, charges)
        use(made, usage)
        return made

    yield found
    for number in range(1, count + 1):
        shutil.rmtree(tmp_path / f"company-{number}")


def bill(company, charges: list[Charge]) -> None:
    company.write("bills/november.csv", "\n".join([HEADER, *map(str, charges), ""]))


def use(company, usage: list[tuple]) -> None:
    rows = [f"2026-11-{day:02}T{hour:02}:00:00Z,{metric},prod,{much},{team}" for day, hour, metric, much, team in usage]
    company.write("usage/gpus.csv", "\n".join(["hour,metric,pool,quantity,team", *rows, ""]))


def dump(company, ledger: str | None = None) -> str:
    engine = open_engine(ledger or f"sqlite:///{company.folder}/ledger.db")
    try:
        return canonical_dump(engine)
    finally:
        engine.dispose()


def known(company, ledger: str | None = None) -> list[str]:
    """What the ledger says of money and usage: not the way there, nor the folder, nor a day emptied meanwhile."""
    left_out = ("restatements ", "alerts ", "notifications ", "outbox ", "coverage ", "sources ", "files_read ")
    lines = dump(company, ledger).replace(str(company.folder), "").splitlines()
    return [line for line in lines if not line.startswith(left_out) and '"digest": "empty"' not in line]


def check_whole(company, charges: list[Charge]) -> None:
    """Every cost column reconciles, and sums to what the bill says."""
    answer = company.command("reconcile", "--period", "2026-11", "--format", "json")
    assert (answer.code, answer.json["difference"]) == (0, "0")
    if not charges:
        return
    [source] = answer.json["sources"]
    for place, basis in enumerate(("billed", "effective", "list")):
        written = sum((Decimal(charge.costs[place]) for charge in charges), Decimal(0))
        found = source["bases"][basis]
        assert Decimal(found["charges"]) == Decimal(found["allocated"]) == written
        shown = company.command("showback", "--period", "2026-11", "--basis", basis, "--format", "json").json
        assert Decimal(shown["total"]) == sum(Decimal(row["cost"]) for row in shown["rows"]) == written


@pytest.mark.slow
@FEW
@given(charges=CHARGES, usage=USAGE, rules=st.sampled_from(sorted(RULES)))
def test_every_cost_column_reconciles_and_a_second_run_changes_nothing(founded, charges, usage, rules) -> None:
    company = founded(charges, usage, rules)
    assert company.run().code == 0
    check_whole(company, charges)
    before = dump(company)
    again = company.run()
    assert (again.code, again.json["attributed_days"]) == (0, [])
    assert dump(company) == before


@pytest.mark.slow
@FEW
@given(charges=CHARGES, usage=USAGE, rules=st.sampled_from(sorted(RULES)), restated=CHARGES, data=st.data())
def test_replacing_a_day_replaces_exactly_it(founded, charges, usage, rules, restated, data) -> None:
    day = data.draw(st.sampled_from(DAYS))
    kept = [charge for charge in charges if charge.day != day]
    anew = [*kept, *(replace(charge, day=day) for charge in restated[:20])]
    company = founded(charges, usage, rules)
    company.run()
    costs = company.costs("day", "team")
    bill(company, anew)
    report = company.run().json
    check_whole(company, anew)
    assert report["failures"] == []
    later = company.costs("day", "team")
    text = f"2026-11-{day:02}"
    assert {key: cost for key, cost in later.items() if key[0] != text} == {
        key: cost for key, cost in costs.items() if key[0] != text
    }
    fresh = founded(anew, usage, rules)
    fresh.run()
    assert known(company) == known(fresh)


@pytest.mark.slow
@FEW
@given(charges=CHARGES, usage=USAGE, rules=st.sampled_from(sorted(RULES)))
def test_it_does_not_matter_whether_charges_or_usage_came_first(founded, charges, usage, rules) -> None:
    at_once, bill_first, usage_first = (founded(charges, usage, rules) for _ in range(3))
    at_once.run()
    (bill_first.folder / "usage" / "gpus.csv").unlink()
    bill_first.run()
    use(bill_first, usage)
    bill_first.run()
    (usage_first.folder / "bills" / "november.csv").unlink()
    usage_first.run()
    bill(usage_first, charges)
    usage_first.run()
    assert known(at_once) == known(bill_first) == known(usage_first)


def check_exported(company, charges: list[Charge]) -> None:
    """The exported rows of a charge sum to it, and those of a day to what the ledger gave each team."""
    folder = company.folder / "out"
    assert company.command("export", "focus", "--period", "2026-11", "--to", str(folder)).code == 0
    rows = [row for file in folder.iterdir() for row in pq.read_table(file).to_pylist()]
    for place, column in enumerate(BASES):
        by_row: dict[str, Decimal] = defaultdict(Decimal)
        by_team: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for row in rows:
            by_row[row["x_Origin"]] += row[column]
            by_team[f"{row['ChargePeriodStart']:%Y-%m-%d}", row["x_Team"]] += row[column]
        wanted = {f"bills/november.csv:{line}": Decimal(one.costs[place]) for line, one in enumerate(charges, 1)}
        assert by_row == wanted
        basis = column.removesuffix("Cost").lower()
        shown = company.command(
            "showback", "--period", "2026-11", "--by", "day,team", "--basis", basis, "--format", "json"
        ).json
        assert by_team == {(row["day"], row["team"]): Decimal(row["cost"]) for row in shown["rows"]}


@pytest.mark.slow
@FEW
@given(charges=CHARGES, usage=USAGE, rules=st.sampled_from(sorted(RULES)))
def test_exported_rows_sum_to_their_charges_and_their_days_to_the_ledger(founded, charges, usage, rules) -> None:
    company = founded(charges, usage, rules)
    assert company.run().code == 0
    check_exported(company, charges)


def check_explained(company, day: str, team: str, cost: str) -> None:
    """Each level of an explanation sums to the one above, from what the ledger says down to the charges."""
    asked = ("explain", "--period", "2026-11", "--day", day, "--team", team, "--format", "json")
    document = company.command(*asked).json
    assert document["cost"] == cost
    assert _cost(document["rules"]) == Decimal(cost)
    for rule in document["rules"]:
        assert _cost(rule["days"]) == Decimal(rule["cost"])
        for of_day in rule["days"]:
            assert _cost(of_day["weighings"]) == Decimal(of_day["cost"])
            assert not of_day["reasons"] or _cost(of_day["reasons"]) == Decimal(of_day["cost"])
            for weighing in of_day["weighings"]:
                more = [weighing["more_charges"]] if weighing["more_charges"] else []
                assert _cost([*weighing["charges"], *more]) == Decimal(weighing["cost"])


def _cost(parts: list[Any]) -> Decimal:
    return sum((Decimal(part["cost"]) for part in parts), Decimal(0))


@pytest.mark.slow
@FEW
@given(charges=CHARGES, usage=USAGE, rules=st.sampled_from(sorted(RULES)), data=st.data())
def test_every_level_of_an_explanation_sums_to_the_one_above(founded, charges, usage, rules, data) -> None:
    company = founded(charges, usage, rules)
    assert company.run().code == 0
    given_to = sorted(company.costs("day", "team").items())
    for (day, team), cost in data.draw(st.lists(st.sampled_from(given_to), min_size=1, max_size=4, unique=True)):
        check_explained(company, day, team, cost)


def test_both_databases_say_the_same(founded, empty_ledger_url: str) -> None:
    kinds = ("cluster", "support", "tax", "other")
    charges = [
        Charge(day, (cost, f"-{cost}", "1E-12"), kind, team, "EC2")
        for day, kind in zip((2, 3, 4, 4), kinds, strict=True)
        for cost, team in (("1E9", ""), ("0.000000000001", "search"), ("12.5", "nobody"))
    ]
    usage = [(2, 8, "gpu.hours", "1", "ads"), (2, 9, "gpu.hours", "0.333333333333", "search")]
    rules = "activity, cost and follow"
    company = founded(charges, usage, rules, ledger=empty_ledger_url)
    assert company.run().code == 0
    check_whole(company, charges)
    before = dump(company, empty_ledger_url)
    assert company.run().json["attributed_days"] == []
    assert dump(company, empty_ledger_url) == before
    bill(company, charges[3:])
    company.run()
    check_whole(company, charges[3:])
    fresh = founded(charges[3:], usage, rules)
    fresh.run()
    assert known(company, empty_ledger_url) == known(fresh)


@pytest.mark.slow
@FEW
@given(
    charges=CHARGES, usage=USAGE, rules=st.lists(st.sampled_from(sorted(RULES)), min_size=2, max_size=2, unique=True)
)
def test_a_plan_says_what_showback_says_before_and_after_the_rules_are_used(founded, charges, usage, rules) -> None:
    company, other = (founded(charges, usage, one) for one in rules)
    assert company.run().code == 0
    stored = dump(company)
    new = (other.folder / "attributor.yaml").read_text()
    company.write("new.yaml", new)
    plans = {basis: plan_of(company, basis) for basis in ("billed", "effective", "list")}
    assert dump(company) == stored
    costs = {basis: costs_of(company, basis) for basis in plans}
    company.write("attributor.yaml", new)
    assert company.run().code == 0
    for basis, plan in plans.items():
        for by, before in costs[basis].items():
            lines = plan[f"{by}s"]
            assert {line[by]: line["before"] for line in lines if line["before"] != "0"} == before
            assert {line[by]: line["after"] for line in lines if line["after"] != "0"} == costs_of(company, basis)[by]
            assert sum(Fraction(line["difference"]) for line in lines) == 0
        for team in {line["team"] for line in plan["teams"]}:
            came = sum(Fraction(move["amount"]) for move in plan["moves"] if move["to"]["team"] == team)
            went = sum(Fraction(move["amount"]) for move in plan["moves"] if move["from"]["team"] == team)
            [difference] = [line["difference"] for line in plan["teams"] if line["team"] == team]
            assert came - went == Fraction(difference)
        assert plan["money_moves"] or all(each["moved"] == "0" for each in plans.values())


def plan_of(company, basis: str):
    new = str(company.folder / "new.yaml")
    answer = company.command(
        "plan", "--rules", new, "--period", "2026-11", "--basis", basis, "--format", "json", "--currency", "USD"
    )
    assert answer.code == int(answer.json["money_moves"])
    return answer.json


def costs_of(company, basis: str) -> dict[str, dict[str, str]]:
    asked = ("showback", "--period", "2026-11", "--basis", basis, "--format", "json", "--by")
    return {
        by: {row[by]: row["cost"] for row in company.command(*asked, by).json["rows"] if row["cost"] != "0"}
        for by in ("team", "rule")
    }
