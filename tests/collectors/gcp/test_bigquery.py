"""Exports in BigQuery: money, time, pages, faults, what asking costs and what may be missing."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from bigquery_api import FakeBigQuery, pairs
from billing_schemas import DETAILED, FOCUS, STANDARD
from exported_rows import credit, row
from recorded_api import Answer, cut

from collectors.base import CollectError, Window
from collectors.bills.gcp.bigquery import TYPE

TABLE = "acme-billing.billing.gcp_billing_export_resource_v1_01AB23_45CD67_89EF01"
NOVEMBER = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC))


BUSY = Answer({"error": {"code": 429, "message": "Quota exceeded"}}, 429, {"Retry-After": "0"})


def read(api: FakeBigQuery, collecting, **options: Any):
    return collecting.read(TYPE, NOVEMBER, table=api.table, endpoint_url=api.url, **options)


def test_rows_keep_their_names_when_late_ones_are_added(fake_bigquery, collecting) -> None:
    rows = [row(cost=1.0), row(cost=2.0)]
    before = {charge["BilledCost"]: charge["x_Origin"] for charge in read(fake_bigquery(rows), collecting).rows}
    late = row(cost=0.5, export_time="2026-11-19T09:00:00Z")
    after = {charge["BilledCost"]: charge["x_Origin"] for charge in read(fake_bigquery([late, *rows]), collecting).rows}
    assert after == {**before, Decimal("0.5"): f"{TABLE} 2026-11-17T05Z:3"}


def test_taxes_corrections_and_rounding_are_told_apart_and_none_is_lost(fake_bigquery, collecting) -> None:
    kinds = ["regular", "tax", "adjustment", "rounding_error", "a_new_kind"]
    rows = [row(cost=1.0, cost_type=kind, export_time=f"2026-11-19T0{n}:00:00Z") for n, kind in enumerate(kinds)]
    rows[2]["adjustment_info"] = {"id": "a1", "type": "GENERAL_ADJUSTMENT"}
    charges = read(fake_bigquery(rows), collecting).rows
    categories = [charge["ChargeCategory"] for charge in charges]
    assert categories == ["Usage", "Tax", "Adjustment", "Adjustment", "Adjustment"]
    assert [charge["ChargeClass"] for charge in charges] == [None, None, "Correction", None, None]


def test_what_has_no_length_counts_in_its_hour(fake_bigquery, collecting) -> None:
    [charge] = read(fake_bigquery([row(usage_end_time="2026-11-17T05:00:00Z")]), collecting).rows
    assert charge["ChargePeriodEnd"] == datetime(2026, 11, 17, 6, tzinfo=UTC)


def test_a_resources_label_goes_before_its_projects_and_tags_follow_their_namespace(fake_bigquery, collecting) -> None:
    project = {"id": "p", "name": "P", "labels": pairs(team="platform", env="prod")}
    tags = [{"key": "team", "value": "x", "inherited": True, "namespace": "987"}]
    labels = [*pairs(team="ml", k8s__namespace="train"), {"key": "empty", "value": None}]
    [charge] = read(fake_bigquery([row(project=project, labels=labels, tags=tags)]), collecting).rows
    assert dict(charge["Tags"]) == {
        "team": "ml",
        "env": "prod",
        "987/team": "x",
        "k8s-namespace": "train",
        "empty": "",
    }


def test_a_table_with_grown_and_with_missing_columns_is_read_by_those_it_has(fake_bigquery, collecting) -> None:
    grown = [*STANDARD, {"name": "a_new_column", "type": "STRING", "mode": "NULLABLE"}]
    old = [column for column in STANDARD if column["name"] not in {"tags", "cost_at_list", "subscription"}]
    of_grown, of_old, shuffled = (
        read(fake_bigquery([row()], schema), collecting).rows for schema in (grown, old, STANDARD[::-1])
    )
    assert of_grown == of_old == shuffled


def test_a_table_that_is_no_export_is_refused_with_what_it_lacks(fake_bigquery, collecting) -> None:
    schema = [column for column in DETAILED if column["name"] not in {"credits", "invoice"}]
    with pytest.raises(CollectError, match=r"is no export of Cloud Billing: it has no credits, invoice\.month") as no:
        read(fake_bigquery([], schema), collecting)
    assert no.value.permanent


def test_a_nasty_table_is_refused_with_every_row_and_nothing_is_lost(fake_bigquery, collecting) -> None:
    rows = [
        row(cost="NaN"),
        row(currency=None),
        row(invoice={"month": "2026-11"}),
        row(usage_end_time="2026-11-17T04:00:00Z"),
        row(credits=[{"type": "DISCOUNT", "amount": "much"}]),
        row(),
    ]
    with pytest.raises(CollectError) as refused:
        read(fake_bigquery(rows), collecting)
    told = str(refused.value)
    for part in ("cost = 'NaN': is not a number", "currency: is missing", "invoice.month = '2026-11'"):
        assert part in told
    assert "usage_end_time = '2026-11-17T04:00:00+00:00': is not after" in told
    assert "holds a credit that cannot be read" in told
    assert refused.value.permanent


def test_a_focus_row_that_leaves_its_credits_out_is_refused(fake_bigquery, collecting) -> None:
    times = dict.fromkeys(("ChargePeriodStart", "BillingPeriodStart"), "2026-11-17T05:00:00Z")
    times |= dict.fromkeys(("ChargePeriodEnd", "BillingPeriodEnd", "x_ExportTime"), "2026-11-17T06:00:00Z")
    given = [{"Type": "DISCOUNT", "Amount": "-1"}]
    costs = {"BilledCost": "5", "ContractedCost": "5"}
    api = fake_bigquery([{**times, **costs, "BillingCurrency": "USD", "x_Credits": given}], FOCUS)
    with pytest.raises(CollectError, match="leaves out the row's credits of -1; read the detailed export instead"):
        read(api, collecting)


def test_pages_are_read_to_the_end_and_a_page_that_comes_twice_counts_nothing(fake_bigquery, collecting) -> None:
    api = fake_bigquery([row(cost=float(number)) for number in range(1, 8)])
    api.page_size = 3
    assert sum(charge["BilledCost"] for charge in read(api, collecting).rows) == 28
    api.repeats_pages = True
    with pytest.raises(CollectError, match="announced 7 rows, and gave 9") as refused:
        read(api, collecting)
    assert not refused.value.permanent


@pytest.mark.parametrize("fault", [BUSY, cut({"kind": "bigquery#table"}, 5)])
def test_a_busy_or_broken_answer_is_asked_for_again(fault: Answer, fake_bigquery, collecting) -> None:
    api = fake_bigquery([row()])
    api.misbehave(fault)
    assert len(read(api, collecting).rows) == 1


def test_a_server_that_stays_away_is_no_permanent_error(collecting, free_port: int, monkeypatch) -> None:
    monkeypatch.setattr("collectors.bills.gcp.asking._PATIENCE", 0.5)
    with pytest.raises(CollectError) as away:
        collecting.read(TYPE, NOVEMBER, table=TABLE, endpoint_url=f"http://127.0.0.1:{free_port}")
    assert not away.value.permanent


def test_what_was_billed_is_counted_and_a_query_over_the_limit_is_refused_unrun(fake_bigquery, collecting) -> None:
    api = fake_bigquery([row()])
    api.billed = 1 << 40
    collected = read(api, collecting, max_bytes="2TiB")
    assert collected.reading.cost == Decimal("12.5"), "of the newest export, and of the rows"
    with pytest.raises(CollectError, match="Query exceeded limit for bytes billed: 107374182400") as refused:
        read(api, collecting)
    assert refused.value.permanent


def test_days_are_covered_that_have_rows_and_that_the_export_has_gone_past(fake_bigquery, collecting) -> None:
    starts = ("2026-11-15", "2026-11-17", "2026-11-18")
    api = fake_bigquery([row(f"{start}T05:00:00Z") for start in starts])
    days = [span.start.day for span in read(api, collecting).reading.coverage]
    assert days == [15, 17], "the sixteenth is a gap, and the eighteenth has not settled"
    assert read(fake_bigquery([]), collecting).reading.coverage == ()


@pytest.mark.parametrize(
    ("ours", "covered"),
    [
        (datetime(2026, 11, 15, 20, tzinfo=UTC), [14]),
        (datetime(2026, 11, 18, tzinfo=UTC), [14, 15]),
        (datetime(2027, 1, 3, tzinfo=UTC), [14, 15]),
    ],
)
def test_a_clock_that_is_behind_or_ahead_covers_no_day_before_it_is_whole_and_loses_none(
    ours: datetime, covered: list[int], fake_bigquery, collecting
) -> None:
    """The export is at the 17th, 9 o'clock: the 15th is settled, the 16th is not, whatever time it is here."""
    starts = ("14T05", "15T05", "15T22", "16T05")
    api = fake_bigquery(
        [row(f"2026-11-{start}:00:00Z", export_time="2026-11-17T09:00:00Z", cost=1.0) for start in starts]
    )
    window = Window(NOVEMBER.start, ours)
    collected = collecting.read(TYPE, window, ours, table=api.table, endpoint_url=api.url)
    assert [day for span in collected.reading.coverage for day in range(span.start.day, span.end.day)] == covered
    whole = read(api, collecting)
    assert [day for span in whole.reading.coverage for day in range(span.start.day, span.end.day)] == [14, 15]
    assert len(whole.rows) == 4


def test_promotions_count_as_charges_when_rows_are_counted(fake_bigquery, collecting) -> None:
    api = fake_bigquery([row(credits=[credit("PROMOTION", -4.0), credit("PROMOTION", 0.0)]), row()])
    collector = collecting.build(TYPE, table=TABLE, endpoint_url=api.url)
    [(day, count)] = collector.row_counts(NOVEMBER).items()
    assert (day.isoformat(), count) == ("2026-11-17", 3)


def denied(message: str) -> Answer:
    return Answer({"error": {"code": 403, "message": message, "errors": [{"reason": "accessDenied"}]}}, 403)


def test_a_probe_names_the_permission_that_is_missing(fake_bigquery, collecting) -> None:
    api = fake_bigquery([row()])
    collector = collecting.build(TYPE, table=TABLE, endpoint_url=api.url, project="acme-finops")
    assert [need.problem for need in collector.probe()] == [None, None, None]
    api.misbehave(denied(f"Access Denied: Table {TABLE}: Permission bigquery.tables.get denied"))
    [sees] = collector.probe()
    assert sees.permission == f"bigquery.tables.get on {TABLE}"
    assert "403" in str(sees.problem)
    described = Answer(json.loads(json.dumps(api._described())))
    project = "Access Denied: Project acme-finops: User does not have bigquery.jobs.create permission in project"
    api.misbehave(described, denied(project))
    assert [(need.permission, need.problem is None) for need in collector.probe()] == [
        (f"bigquery.tables.get on {TABLE}", True),
        ("bigquery.jobs.create in acme-finops", False),
    ]
    api.misbehave(described, denied(f"Access Denied: Table {TABLE}: User does not have permission to query table"))
    assert [need.problem is None for need in collector.probe()] == [True, True, False]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"table": "billing.export"}, "is no table; write PROJECT.DATASET.TABLE"),
        ({"table": f"{TABLE}` WHERE 1=1 --"}, "is no table"),
        ({"table": TABLE, "max_bytes": "lots"}, "is no size; write for example 500GiB"),
        ({"table": TABLE, "restates": "often"}, "is not a duration"),
    ],
)
def test_options_that_are_wrong_are_a_users_mistake(options: dict[str, str], message: str, collecting) -> None:
    with pytest.raises(ValueError, match=message):
        collecting.build(TYPE, **options)
