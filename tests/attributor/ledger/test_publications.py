"""What is published of a day changes whole or not at all, on both databases."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import Engine, func, select

from attributor.ledger.dump import canonical_dump
from attributor.ledger.engine import reading
from attributor.ledger.lease import Lease, LeaseLostError, acquire
from attributor.ledger.money_columns import joined, money_sums
from attributor.ledger.publications import DayPublication, RuleSetText, publications, publish_day
from attributor.ledger.published_rows import UNMATCHED_OWNERS, USAGE_BY_FACT, USAGE_HOURS, USAGE_ROLLUP
from attributor.ledger.tables import rollup, rule_sets, unmatched_owners, usage_by_fact, usage_hours, usage_rollup

MakeRows = Callable[..., pa.Table]
MakePublication = Callable[..., DayPublication]


def effective_by_source(engine: Engine) -> dict[tuple[str, date], Decimal]:
    query = select(rollup.c.source, rollup.c.day, *money_sums(rollup, "effective")).group_by(
        rollup.c.source, rollup.c.day
    )
    with reading(engine) as connection:
        return {(source, day): joined(*sums) for source, day, *sums in connection.execute(query)}


def count(engine: Engine, table: Any) -> int:
    with reading(engine) as connection:
        return int(connection.scalar(select(func.count()).select_from(table)) or 0)


def test_a_published_day_reads_back_as_it_was_given(
    ledger_engine: Engine, lease: Lease, publication: MakePublication, day: date, now: datetime
) -> None:
    given = publication("aws", "gcp")
    publish_day(ledger_engine, lease, given, now)
    found = publications(ledger_engine)
    assert sorted(found) == [("aws", day), ("gcp", day)]
    aws = found[("aws", day)]
    assert aws.source == given.sources[0]
    assert (aws.rules_digest, aws.epoch, aws.published_at) == ("rules 1", lease.epoch, now)


def test_publications_can_be_asked_for_some_days_only(
    ledger_engine: Engine, lease: Lease, publication: MakePublication, day: date, now: datetime
) -> None:
    later = day + timedelta(days=1)
    publish_day(ledger_engine, lease, publication("aws"), now)
    publish_day(ledger_engine, lease, publication("aws", day=later), now)
    assert list(publications(ledger_engine, [later])) == [("aws", later)]
    assert publications(ledger_engine, []) == {}


def test_publishing_again_replaces_the_day_and_leaves_the_others(
    ledger_engine: Engine, lease: Lease, publication: MakePublication, rollup_rows: MakeRows, day: date, now: datetime
) -> None:
    other = day - timedelta(days=1)
    publish_day(ledger_engine, lease, publication("aws", rollup=rollup_rows({"effective": Decimal(1)}), day=other), now)
    publish_day(ledger_engine, lease, publication("aws", rollup=rollup_rows({"effective": Decimal(2)})), now)
    publish_day(ledger_engine, lease, publication("aws", rollup=rollup_rows({"effective": Decimal(3)})), now)
    assert effective_by_source(ledger_engine) == {("aws", other): Decimal(1), ("aws", day): Decimal(3)}


def test_publishing_the_same_day_twice_changes_nothing(
    ledger_engine: Engine, lease: Lease, publication: MakePublication, rollup_rows: MakeRows, now: datetime
) -> None:
    given = publication("aws", rollup=rollup_rows({"effective": Decimal("0.1")}, {"effective": Decimal("0.1")}))
    publish_day(ledger_engine, lease, given, now)
    once = canonical_dump(ledger_engine)
    publish_day(ledger_engine, lease, given, now + timedelta(hours=1))
    assert canonical_dump(ledger_engine) == once


def test_a_source_that_vanished_from_a_day_is_published_no_more(
    ledger_engine: Engine, lease: Lease, publication: MakePublication, rollup_rows: MakeRows, day: date, now: datetime
) -> None:
    rows = rollup_rows({"source": "aws", "effective": Decimal(1)}, {"source": "gcp", "effective": Decimal(2)})
    publish_day(ledger_engine, lease, publication("aws", "gcp", rollup=rows), now)
    publish_day(ledger_engine, lease, publication("gcp", rollup=rows.slice(1)), now)
    assert list(publications(ledger_engine)) == [("gcp", day)]
    assert effective_by_source(ledger_engine) == {("gcp", day): Decimal(2)}
    publish_day(ledger_engine, lease, publication(), now)
    assert publications(ledger_engine) == {}
    assert effective_by_source(ledger_engine) == {}


def test_usage_and_unmatched_owners_are_replaced_with_their_day(
    ledger_engine: Engine, lease: Lease, publication: MakePublication, now: datetime
) -> None:
    used = {"source": "gpus", "metric": "gpu.hours", "pool": "prod", "team": "search", "model": ""}
    usage = pa.Table.from_pylist([{**used, "quantity": Decimal("0.25")}], schema=USAGE_ROLLUP)
    owner = {"source": "aws", "column_name": "tags.team", "value": "serch", "currency": "USD"}
    unmatched = pa.Table.from_pylist([{**owner, "effective": Decimal("-0.000000000001")}], schema=UNMATCHED_OWNERS)
    for _ in range(2):
        details = {"hours": _hours(), "said": _said()}
        publish_day(ledger_engine, lease, publication("aws", usage=usage, unmatched=unmatched, **details), now)
    with reading(ledger_engine) as connection:
        used_row = connection.execute(select(usage_rollup)).one()
        owner_row = connection.execute(select(unmatched_owners)).one()
        hour_row = connection.execute(select(usage_hours)).one()
        said_row = connection.execute(select(usage_by_fact)).one()
    assert (hour_row.hour, joined(hour_row.quantity_millionths, hour_row.quantity_rest)) == (23, Decimal("0.5"))
    assert (said_row.fact, said_row.value) == ("key", "key-1")
    assert joined(used_row.quantity_millionths, used_row.quantity_rest) == Decimal("0.25")
    assert joined(owner_row.effective_millionths, owner_row.effective_rest) == Decimal("-0.000000000001")


def _hours() -> pa.Table:
    row = {
        "source": "gpus",
        "metric": "gpu.hours",
        "pool": "prod",
        "team": "search",
        "hour": 23,
        "quantity": Decimal("0.5"),
    }
    return pa.Table.from_pylist([row], schema=USAGE_HOURS)


def _said() -> pa.Table:
    row = {"source": "llm", "metric": "requests", "pool": "", "team": "search", "model": "gpt", "fact": "key"}
    return pa.Table.from_pylist([{**row, "value": "key-1", "quantity": Decimal(3)}], schema=USAGE_BY_FACT)


def test_a_rule_set_is_kept_once_with_its_first_use(
    ledger_engine: Engine, lease: Lease, publication: MakePublication, now: datetime
) -> None:
    publish_day(ledger_engine, lease, publication("aws"), now)
    publish_day(ledger_engine, lease, publication("aws"), now + timedelta(hours=1))
    publish_day(ledger_engine, lease, publication("aws", rules=RuleSetText("rules 2", "rules: [x]")), now)
    with reading(ledger_engine) as connection:
        kept = connection.execute(select(rule_sets).order_by(rule_sets.c.digest)).all()
    assert [(row.digest, row.text, row.first_used_at) for row in kept] == [
        ("rules 1", "rules: []", now),
        ("rules 2", "rules: [x]", now),
    ]


def test_without_the_lease_nothing_is_published(
    ledger_engine: Engine, lease: Lease, publication: MakePublication, rollup_rows: MakeRows, now: datetime
) -> None:
    publish_day(ledger_engine, lease, publication("aws", rollup=rollup_rows({"effective": Decimal(1)})), now)
    before = canonical_dump(ledger_engine)
    hour = timedelta(hours=1)
    assert acquire(ledger_engine, "leader", "other:1:1", now + hour, hour) is not None
    with pytest.raises(LeaseLostError):
        publish_day(ledger_engine, lease, publication("gcp"), now + hour)
    assert canonical_dump(ledger_engine) == before


def test_a_publication_that_breaks_off_in_the_middle_leaves_what_was_there(
    ledger_engine: Engine, lease: Lease, publication: MakePublication, rollup_rows: MakeRows, now: datetime
) -> None:
    publish_day(ledger_engine, lease, publication("aws", rollup=rollup_rows({"effective": Decimal(1)})), now)
    before = canonical_dump(ledger_engine)
    no_value = UNMATCHED_OWNERS.empty_table().drop_columns(["value"])
    broken = publication("gcp", rollup=rollup_rows({"effective": Decimal(2)}), unmatched=no_value)
    with pytest.raises(KeyError, match="value"):
        publish_day(ledger_engine, lease, broken, now)
    assert canonical_dump(ledger_engine) == before


def test_rows_of_another_schema_are_refused(
    ledger_engine: Engine, lease: Lease, publication: MakePublication, rollup_rows: MakeRows, now: datetime
) -> None:
    rows = rollup_rows({"effective": Decimal(1)})
    no_team = rows.set_column(rows.column_names.index("team"), "team", pa.array([None], pa.string()))
    for broken in (rows.drop_columns(["team"]), no_team):
        with pytest.raises((ValueError, KeyError)):
            publish_day(ledger_engine, lease, publication("aws", rollup=broken), now)
    assert publications(ledger_engine) == {}


def test_text_longer_than_its_column_is_cut_alike_on_both_databases(
    ledger_engine: Engine, lease: Lease, publication: MakePublication, rollup_rows: MakeRows, now: datetime
) -> None:
    publish_day(ledger_engine, lease, publication("aws", rollup=rollup_rows({"project": "ü" * 400})), now)
    with reading(ledger_engine) as connection:
        assert connection.scalar(select(rollup.c.project)) == "ü" * 300


def test_a_null_character_is_marked_alike_on_both_databases(
    ledger_engine: Engine, lease: Lease, publication: MakePublication, rollup_rows: MakeRows, now: datetime
) -> None:
    publish_day(ledger_engine, lease, publication("aws", rollup=rollup_rows({"project": "a\0b"})), now)
    with reading(ledger_engine) as connection:
        assert connection.scalar(select(rollup.c.project)) == "a\ufffdb"


def test_unmatched_owners_that_only_differ_beyond_what_is_kept_are_one_with_their_exact_sum(
    ledger_engine: Engine, lease: Lease, publication: MakePublication, now: datetime
) -> None:
    owner = {"source": "aws", "column_name": "tags.team", "currency": "USD"}
    amounts = {"a": "9000000000000.000000000001", "b": "-0.000000000003"}
    rows = [{**owner, "value": "x" * 500 + end, "effective": Decimal(amount)} for end, amount in amounts.items()]
    unmatched = pa.Table.from_pylist(rows, schema=UNMATCHED_OWNERS)
    publish_day(ledger_engine, lease, publication("aws", unmatched=unmatched), now)
    with reading(ledger_engine) as connection:
        row = connection.execute(select(unmatched_owners)).one()
    assert row.value == "x" * 500
    assert joined(row.effective_millionths, row.effective_rest) == Decimal("8999999999999.999999999998")


def test_a_time_without_a_zone_is_refused(
    ledger_engine: Engine, lease: Lease, publication: MakePublication, now: datetime
) -> None:
    given = publication("aws")
    naive = replace(given, sources=(replace(given.sources[0], usage_start=now.replace(tzinfo=None)),))
    with pytest.raises(Exception, match="has no time zone"):
        publish_day(ledger_engine, lease, naive, now)
    assert publications(ledger_engine) == {}


@pytest.mark.slow
def test_a_day_of_a_hundred_thousand_rows_is_published_whole(
    ledger_engine: Engine, lease: Lease, publication: MakePublication, rollup_rows: MakeRows, now: datetime
) -> None:
    row = rollup_rows({"effective": Decimal("0.000000000001"), "rule": "team tag", "service": "Compute"})
    rows = pa.concat_tables([row] * 100_000).combine_chunks()
    publish_day(ledger_engine, lease, publication("aws", rollup=rows), now)
    assert count(ledger_engine, rollup) == 100_000
