"""Whatever is restated of a closed month, its statement stands, and with the corrections it is what was charged."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from attributor.app.reload import reloaded
from attributor.app.wiring import App, open_app, open_duckdb, works
from attributor.attributing.focus_files import export_focus
from attributor.attributing.inputs import Rules, inputs_digest, read_inputs, span_of
from attributor.attributing.replaying import Archive
from attributor.ingest.progress import Silent
from attributor.jobs.attribution import Attributed, attribute_outdated
from attributor.jobs.closing import CannotCloseError, Closer, close_month, reopen_month
from attributor.jobs.cycle import collect
from attributor.jobs.leadership import Leadership
from attributor.ledger.money_columns import joined
from attributor.ledger.publications import publications
from attributor.ledger.published_rows import ROLLUP
from attributor.ledger.tables import publications as published
from attributor.ledger.tables import rollup, rule_sets, statements
from attributor.periods import Month
from attributor.reports.reconcile import reconcile
from attributor.reports.showback import ShowbackRequest, showback
from attributor.reports.statements import held_statements

SEPTEMBER, OCTOBER = Month(2026, 9), Month(2026, 10)
HEADER = "BilledCost,EffectiveCost,ListCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ServiceName,Tags"
DIRECT = "{name: tag, match: {tags.team: present}, owner: {team: tags.team}}"
RULES: Mapping[str, Sequence[str]] = {
    "by the day": [
        DIRECT,
        "{name: cluster, match: {tags.kind: cluster}, split: {by: gpu.hours, pool: prod, without_usage: previous}}",
    ],
    "by the month": [
        DIRECT,
        "{name: cluster, match: {tags.kind: cluster}, split: {by: gpu.hours, pool: prod, per: month}}",
        "{name: tax, match: {tags.kind: tax}, follow: [ServiceName]}",
        "{name: support, match: {tags.kind: support}, split: {by: cost}}",
    ],
    "a pool over the month": [
        DIRECT,
        "{name: pool, match: {tags.kind: cluster},"
        " activity: {rates: {gpu.hours: 2.5}, pool: prod, rest: ads, per: month}}",
        "{name: support, match: {tags.kind: support}, split: {by: cost, per: month}}",
    ],
    "none": [],
}
KEYS = [field.name for field in ROLLUP if field.name not in {"billed", "effective", "list"}]
COSTS = ("billed", "effective", "list")


@dataclass(frozen=True)
class Charge:
    """One row of September's bill."""

    day: int
    cost: str
    kind: str
    team: str

    def __str__(self) -> str:
        tags = json.dumps({"kind": self.kind, "team": self.team}).replace('"', '""')
        period = f"2026-09-{self.day:02}T00:00:00Z,2026-09-{self.day + 1:02}T00:00:00Z"
        return f'-1E-12,{self.cost},7,USD,{period},EC2,"{tags}"'


CHARGES = st.lists(
    st.builds(
        Charge,
        day=st.integers(2, 5),
        cost=st.sampled_from(["0", "1E-12", "-3", "1E9", "0.1", "12.5", "-0.000000000007"]),
        kind=st.sampled_from(["cluster", "tax", "support", "other"]),
        team=st.sampled_from(["", "search", "ADS", "nobody"]),
    ),
    min_size=1,
    max_size=8,
)
USAGE = st.lists(
    st.tuples(st.integers(1, 5), st.sampled_from(["1", "0", "0.333333333333"]), st.sampled_from(["search", "ads"])),
    max_size=5,
)
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("bill"), CHARGES),
        st.tuples(st.just("use"), USAGE),
        st.tuples(st.just("rule"), st.sampled_from(sorted(RULES))),
    ),
    min_size=1,
    max_size=4,
)


@dataclass
class Books:
    """A company in a folder, and its program at a moment that the test chooses."""

    folder: Path
    now: datetime = datetime(2026, 10, 3, 9, tzinfo=UTC)
    stack: ExitStack = field(default_factory=ExitStack)
    app: App | None = None

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)

    def rule(self, name: str) -> None:
        rules = "".join(f"\n  - {rule}" for rule in RULES[name]) or " []"
        sources = '{aws: {type: focus, path: "bills/*.csv"}, gpus: {type: usage, path: "usage/*.csv"}}'
        store = "{lake: ./lake, ledger: 'sqlite:///ledger.db'}"
        text = f"store: {store}\nsources: {sources}\nteams: {{search: , ads: }}\nrules:{rules}\n"
        self.write("attributor.yaml", text)

    def bill(self, charges: list[Charge]) -> None:
        # The bill tells of the whole month, so that a day that vanished from it is one that costs nothing now.
        ends = [Charge(1, "1", "other", "search"), Charge(6, "1", "other", "search")]
        self.write("bills/september.csv", "\n".join([HEADER, *map(str, [*ends, *charges]), ""]))

    def use(self, usage: list[tuple[int, str, str]]) -> None:
        rows = [f"2026-09-{day:02}T08:00:00Z,gpu.hours,prod,{much},{team}" for day, much, team in usage]
        self.write("usage/gpus.csv", "\n".join(["hour,metric,pool,quantity,team", *rows, ""]))

    def run(self) -> Attributed:
        """Collect and attribute, as the daemon does."""
        if self.app is None:
            self.app = self.stack.enter_context(open_app(self.folder / "attributor.yaml", lambda: self.now))
        self.app = reloaded(self.app)
        leadership = Leadership(self.app.engine, self.app.holder, self.app.clock)
        lease = leadership.ensure()
        assert lease is not None
        with open_duckdb() as connection:
            made = works(self.app, lease, connection)
            assert collect(made, self.app.collectors, lambda _title: Silent()).failures == ()
            return attribute_outdated(made, Silent())

    def closer(self) -> Closer:
        return Closer("ana", self.now)

    def rows(self, *, own: bool, corrections: bool) -> dict[tuple, tuple[Decimal, ...]]:
        """Return September's costs by day and every key of the rollup; what is 0 in each cost is left out."""
        kept = [value for value, wanted in (("", own), (str(SEPTEMBER), corrections)) if wanted]
        sums: dict[tuple, list[Decimal]] = {}
        with self.app.engine.connect() as connection:
            for row in connection.execute(select(rollup).where(rollup.c.corrects.in_(kept))):
                key = (row.corrected_day or row.day, *(row._mapping[name] for name in KEYS))
                costs = [joined(row._mapping[f"{c}_millionths"], row._mapping[f"{c}_rest"]) for c in COSTS]
                before = sums.get(key, [Decimal(0)] * 3)
                sums[key] = [a + b for a, b in zip(before, costs, strict=True)]
        return {key: tuple(costs) for key, costs in sums.items() if any(costs)}


def check_exported(books: Books) -> None:
    """The exported files of every month sum to what the ledger holds of it, with the corrections posted in it."""
    for month in (SEPTEMBER, OCTOBER, Month(2026, 11), Month(2026, 12)):
        sums: dict[tuple[str, str], Decimal] = {}
        with open_duckdb() as connection:
            archive = Archive(books.app.engine, books.app.lake, connection)
            for day in export_focus(archive, month, books.folder / "out"):
                for row in pq.read_table(day.file).to_pylist():
                    key = row["x_Corrects"] or "", row["x_Team"]
                    sums[key] = sums.get(key, Decimal(0)) + row["EffectiveCost"]
        shown = showback(books.app.engine, ShowbackRequest(month, by=("corrects", "team")))
        costs = {row.values: row.cost for row in shown.rows}
        assert {key: cost for key, cost in sums.items() if cost} == {key: cost for key, cost in costs.items() if cost}


@pytest.fixture
def found(tmp_path: Path) -> Iterator[Callable[..., Books]]:
    """Found a company anew with rules, a bill and usage."""
    made: list[Books] = []

    def make(rules: str, charges: list[Charge], usage: list[tuple[int, str, str]]) -> Books:
        books = Books(tmp_path / f"company-{len(made)}")
        made.append(books)
        books.rule(rules)
        books.bill(charges)
        books.use(usage)
        books.run()
        return books

    yield make
    for books in made:
        books.stack.close()
        shutil.rmtree(books.folder)


@pytest.mark.slow
@settings(
    max_examples=4,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(
    rules="a pool over the month",
    charges=[Charge(2, "12.5", "cluster", ""), Charge(3, "0.1", "cluster", ""), Charge(4, "7", "support", "")],
    usage=[(3, "1", "search")],
    changes=[("bill", [Charge(3, "30", "cluster", ""), Charge(5, "5", "support", "")]), ("use", [(5, "4", "search")])],
)
@given(rules=st.sampled_from(sorted(RULES)), charges=CHARGES, usage=USAGE, changes=CHANGES)
def test_a_statement_never_moves_and_with_its_corrections_it_is_what_was_charged(
    found, rules: str, charges: list[Charge], usage: list, changes: list
) -> None:
    books = found(rules, charges, usage)
    close_month(books.app.engine, books.app.settings.ruleset, SEPTEMBER, books.closer())
    frozen, last = books.rows(own=True, corrections=False), {"bill": charges, "use": usage, "rule": rules}
    for kind, value in changes:
        last[kind] = value
        getattr(books, kind)(value)
        books.now += timedelta(days=20)
        books.run()
        again = books.run()
        assert (again.days, again.corrected) == ((), ())
        assert books.rows(own=True, corrections=False) == frozen
        assert [held.intact for held in held_statements(books.app.engine)] == [True]
        assert reconcile(books.app.engine, SEPTEMBER).difference == 0
        assert reconcile(books.app.engine, OCTOBER).difference == 0
    check_exported(books)
    fresh = found(rules, last["bill"], last["use"])
    assert books.rows(own=True, corrections=True) == fresh.rows(own=True, corrections=False)
    reopen_month(books.app.engine, SEPTEMBER, books.closer())
    books.run()
    assert books.rows(own=False, corrections=True) == {}
    todays = found(last["rule"], last["bill"], last["use"])
    assert books.rows(own=True, corrections=False) == todays.rows(own=True, corrections=False)


@pytest.mark.slow
def test_what_a_later_closed_month_holds_is_undone_in_order(found) -> None:
    books = found("none", [Charge(2, "5", "other", "")], [])
    engine, ruleset = books.app.engine, books.app.settings.ruleset
    close_month(engine, ruleset, SEPTEMBER, books.closer())
    books.bill([Charge(2, "6", "other", "")])
    assert books.run().corrected == (date(2026, 9, 2),)
    books.now = datetime(2026, 11, 5, tzinfo=UTC)
    close_month(engine, ruleset, OCTOBER, books.closer())
    books.bill([Charge(2, "6.5", "other", "")])
    books.run()
    with pytest.raises(CannotCloseError, match="part of the statement of 2026-10: undo the closing of 2026-10 first"):
        reopen_month(engine, SEPTEMBER, books.closer())
    assert [held.intact for held in held_statements(engine)] == [True, True], "the second one entered November"
    assert reconcile(engine, SEPTEMBER).difference == 0
    reopen_month(engine, OCTOBER, books.closer())
    undone = reopen_month(engine, SEPTEMBER, books.closer())
    assert undone.taken_back["USD"]["effective"] == Decimal("1.5")
    books.run()
    assert reconcile(engine, SEPTEMBER).difference == 0
    assert showback(engine, ShowbackRequest(OCTOBER)).rows == ()


@pytest.mark.slow
def test_what_an_earlier_program_closed_stays_and_is_corrected_as_before(found) -> None:
    """It named rules by another digest, and held all of them against every day."""
    books, named = found("by the day", [Charge(2, "5", "other", ""), Charge(3, "7", "cluster", "")], []), "0" * 64
    engine = books.app.engine
    close_month(engine, books.app.settings.ruleset, SEPTEMBER, books.closer())
    inputs = read_inputs(engine)
    with engine.begin() as connection:
        connection.execute(update(rule_sets).values(digest=named))
        connection.execute(update(statements).values(rules_digest=named))
        for (source, day), of in publications(engine).items():
            span = span_of(of.source.usage_start, of.source.usage_end)
            digest = inputs_digest(inputs, day, span, Rules(named, lean_on_month=False))
            row = (published.c.source == source) & (published.c.day == day)
            values = {"rules_digest": named, "day_rules": named, "inputs_digest": digest}
            connection.execute(update(published).where(row).values(values))
    assert books.run() == Attributed((), (), ())
    books.bill([Charge(2, "6", "other", ""), Charge(3, "7", "cluster", "")])
    assert books.run().corrected == (date(2026, 9, 2),)
    assert books.run() == Attributed((), (), ())
    assert reconcile(engine, SEPTEMBER).difference == 0
