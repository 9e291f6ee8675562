"""Reconcile finds the last unit that is missing, on any day, in any cost column."""

from datetime import UTC, date, datetime

from sqlalchemy import insert

from attributor.ledger.tables import files_read
from attributor.periods import Month
from attributor.reports.reconcile import reconcile, reconcile_document

OCTOBER = Month(2026, 10)


def document(engine):
    return reconcile_document(reconcile(engine, OCTOBER))


def test_what_was_charged_and_allocated_agrees(engine, put_cost, put_control):
    put_control("3.5")
    put_cost("1.5", team="ads")
    put_cost("2")
    found = document(engine)
    assert found["period"] == "2026-10"
    assert found["difference"] == "0"
    line = found["sources"][0]
    assert {name: line[name] for name in ("source", "charges", "allocated", "difference")} == {
        "source": "bill",
        "charges": "3.5",
        "allocated": "3.5",
        "difference": "0",
    }
    assert line["days"] == []


def test_one_unit_missing_is_found_and_its_day_named(engine, put_cost, put_control):
    put_control("3")
    put_cost("2.999999999999")
    found = document(engine)
    assert found["difference"] == found["sources"][0]["difference"] == "0.000000000001"
    assert found["sources"][0]["days"][0] == {"day": "2026-10-05", "basis": "effective", "difference": "0.000000000001"}


def test_a_collected_day_that_is_not_published_differs(engine, put_control):
    put_control("3", source="late")
    found = document(engine)
    assert found["sources"][0]["source"] == "late"
    assert found["difference"] == "3"


def test_another_cost_column_alone_is_found(engine, put_cost, put_control):
    put_control("3", list="4")
    put_cost("3")
    found = document(engine)
    assert found["difference"] == "1"
    assert found["sources"][0]["bases"]["list"] == {"charges": "4", "allocated": "3", "difference": "1"}


def test_differences_that_cancel_between_days_are_found(engine, put_cost, put_control):
    put_control("3", day=date(2026, 10, 1))
    put_control("3", day=date(2026, 10, 2))
    put_cost("2", day=date(2026, 10, 1))
    put_cost("4", day=date(2026, 10, 2))
    found = document(engine)
    assert found["sources"][0]["charges"] == found["sources"][0]["allocated"]
    assert found["difference"] != "0"


def test_differences_that_cancel_between_sources_are_found(engine, put_cost, put_control):
    put_control("3", source="a")
    put_cost("2", source="a")
    put_control("2", source="b")
    put_cost("3", source="b")
    assert document(engine)["difference"] == "2"


def test_other_months_stay_out(engine, put_control):
    put_control("3", day=date(2026, 11, 1))
    assert document(engine) == {
        "period": "2026-10",
        "sources": [],
        "difference": "0",
        "controls": [],
        "invoices": [],
    }


def test_the_files_totals_stand_beside_what_is_stored(engine, put_control):
    put_control("0.3")
    file = {"source": "bill", "rows": 2, "currency": "USD", "read_at": datetime(2026, 10, 6, tzinfo=UTC)}
    written = '{"EffectiveCost": "0.1500000000001"}'
    rounded = '{"EffectiveCost": "-0.0000000000001"}'
    with engine.begin() as connection:
        for place in ("a.csv", "b.csv"):
            connection.execute(insert(files_read).values(**file, place=place, sums=written, rounded=rounded))
    assert document(engine)["sources"][0]["files"] == {
        "files": 2,
        "rows": 4,
        "written": {"EffectiveCost": "0.3000000000002"},
        "rounded": {"EffectiveCost": "-0.0000000000002"},
        "stored": {"EffectiveCost": "0.3", "BilledCost": "0.3", "ListCost": "0.3"},
    }
