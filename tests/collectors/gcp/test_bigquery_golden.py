"""Exports in BigQuery in, golden tables out: from a far side of our own, and from a real emulator with its SQL."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from billing_schemas import DETAILED, FOCUS
from bq_emulator import fill

from collectors.base import Window
from collectors.bills.gcp.bigquery import TYPE

GOLDEN = Path(__file__).parents[1] / "golden"
TABLES = {
    "gcp-bigquery": ("acme-billing.billing.gcp_billing_export_resource_v1_01AB23_45CD67_89EF01", DETAILED),
    "gcp-bigquery-focus": ("acme-billing.immutable_us.gcp_billing_export_focus_01AB23_45CD67_89EF01", FOCUS),
}


def exported(name: str) -> list[dict]:
    return json.loads((GOLDEN / name / "rows.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", TABLES)
def test_an_export_gives_its_golden_table(name: str, fake_bigquery, collecting, golden) -> None:
    table, schema = TABLES[name]
    api = fake_bigquery(exported(name), schema, table)
    golden(GOLDEN / name / "table.json", collecting.read(TYPE, table=table, endpoint_url=api.url))


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_an_emulators_sql_gives_the_same_rows(name: str, bq_emulator: str, fake_bigquery, collecting) -> None:
    table, schema = TABLES[name]
    fill(bq_emulator, table, schema, exported(name))
    window = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC))
    found = [
        collecting.build(TYPE, table=table, endpoint_url=address)
        for address in (bq_emulator, fake_bigquery(exported(name), schema, table).url)
    ]
    of_emulator, of_fake = (
        sorted(str(row) for batch in collector.collect(window) for row in batch.to_pylist()) for collector in found
    )
    assert of_emulator == of_fake
    assert found[0].row_counts(window) == found[1].row_counts(window)
    assert found[0].reading().coverage == found[1].reading().coverage
    assert sum(found[0].row_counts(window).values()) == len(of_emulator)
