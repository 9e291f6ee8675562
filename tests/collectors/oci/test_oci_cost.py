"""Cost reports of Oracle: which files count, corrections, tags, and reports that are broken."""

import csv
import gzip
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from aws_exports import into_folder
from recorded_api import Answer, RecordedApi

from collectors.base import CollectError
from collectors.bills.oci.cost import TYPE

FIRST, SECOND = "0001000000603499-00001", "0001000000603500-00001"


def line(cost: str = "1.25", **changed: str) -> dict[str, str]:
    plain = {
        "lineItem/intervalUsageStart": "2026-11-18T10:00Z",
        "lineItem/intervalUsageEnd": "2026-11-18T11:00:00Z",
        "product/service": "COMPUTE",
        "usage/billedQuantity": "5",
        "cost/unitPrice": "0.25",
        "cost/myCost": cost,
        "cost/currencyCode": "USD",
        "cost/skuUnitDescription": "GPU Per Hour",
        "lineItem/isCorrection": "false",
        "lineItem/backreferenceNo": "",
        "tags/ops.team": "search",
    }
    return plain | changed


def report(lines: Sequence[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for one in lines for name in one)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue().encode()


def refusal(collecting, path: str | list[str] = "reports", **options: str) -> CollectError:
    with pytest.raises(CollectError) as refused:
        collecting.read(TYPE, path=path, **options)
    return refused.value


def costs(collected) -> list[Decimal]:
    return [row["BilledCost"] for row in collected.rows]


def test_a_correction_is_added_to_what_it_corrects(tmp_path: Path, collecting) -> None:
    """Oracle rolls a line back by a row of its own, and amends it by another that refers to the first."""
    back = line("-1.25", **{"lineItem/isCorrection": "true", "lineItem/backreferenceNo": "a1"})
    anew = line("1", **{"lineItem/isCorrection": "TRUE", "lineItem/backreferenceNo": "b1"})
    into_folder(tmp_path)(f"reports/cost-csv/{FIRST}.csv", report([line()]))
    into_folder(tmp_path)(f"reports/cost-csv/{SECOND}.csv", report([back, anew]))
    rows = collecting.read(TYPE, path="reports").rows
    assert sum(row["BilledCost"] for row in rows) == sum(row["EffectiveCost"] for row in rows) == 1
    assert [row["ChargeClass"] for row in rows] == [None, "Correction", "Correction"]
    assert {row["x_Day"].isoformat() for row in rows} == {"2026-11-18"}


def test_a_corrected_day_changes_the_revision(tmp_path: Path, collecting) -> None:
    write = into_folder(tmp_path)
    write(f"reports/cost-csv/{FIRST}.csv", report([line()]))
    collector = collecting.build(TYPE, path="reports")
    before = collector.revision()
    write(f"reports/cost-csv/{SECOND}.csv", report([line("-1.25", **{"lineItem/isCorrection": "true"})]))
    assert collector.revision() != before


def test_of_a_tenancys_bucket_only_cost_reports_count(tmp_path: Path, collecting) -> None:
    write = into_folder(tmp_path)
    write(f"bucket/reports/cost-csv/{FIRST}.csv.gz", gzip.compress(report([line()])))
    write("bucket/reports/usage-csv/0001000000603498.csv.gz", gzip.compress(b"usage/consumedQuantity\n1\n"))
    write(f"bucket/FOCUS Reports/2026/11/18/{FIRST}.csv.gz", gzip.compress(b"BilledCost,BillingCurrency\n1.25,USD\n"))
    collected = collecting.read(TYPE, path="bucket")
    assert costs(collected) == [Decimal("1.25")]
    assert [file.place for file in collected.reading.files] == [f"bucket/reports/cost-csv/{FIRST}.csv.gz"]
    assert collected.reading.coverage[0].start == datetime(2026, 11, 18, tzinfo=UTC)


def test_the_same_report_in_two_places_is_refused(tmp_path: Path, collecting) -> None:
    write = into_folder(tmp_path)
    write(f"reports/{FIRST}.csv.gz", gzip.compress(report([line()])))
    write(f"reports/unpacked/{FIRST}.csv", report([line()]))
    error = refusal(collecting)
    assert error.permanent
    assert f"reports/{FIRST}.csv.gz and reports/unpacked/{FIRST}.csv are the same report" in str(error)


def test_columns_in_any_order_and_case_and_new_ones_lose_nothing(tmp_path: Path, collecting) -> None:
    shuffled = {name.upper(): value for name, value in reversed(line().items()) if not name.startswith("tags/")}
    grown = line("2", **{"tags/environment": "prod", "cost/attributedCost": "2"})
    into_folder(tmp_path)("reports/1.csv", report([{**shuffled, "tags/ops.team": "search"}]))
    into_folder(tmp_path)("reports/2.csv", report([grown]))
    rows = collecting.read(TYPE, path="reports").rows
    assert [(row["BilledCost"], row["Tags"]) for row in rows] == [
        (Decimal("1.25"), [("ops.team", "search")]),
        (Decimal(2), [("ops.team", "search"), ("environment", "prod")]),
    ]
    assert {(row["PricingQuantity"], row["ConsumedUnit"]) for row in rows} == {(5, "GPU Per Hour")}


def test_currencies_stay_apart_and_finer_amounts_are_rounded_once(tmp_path: Path, collecting) -> None:
    fine = line("0.012264277499950943", **{"cost/currencyCode": "eur"})
    into_folder(tmp_path)("reports/1.csv", report([line("6.266090E-12"), fine]))
    collected = collecting.read(TYPE, path="reports")
    assert [(row["BilledCost"], row["BillingCurrency"]) for row in collected.rows] == [
        (Decimal("6E-12"), "USD"),
        (Decimal("0.0122642775"), "EUR"),
    ]
    [read] = collected.reading.files
    assert read.sums["BilledCost"] == Decimal("0.012264277506217033")
    assert read.rounded["BilledCost"] == Decimal("-2.17033E-13")


def test_every_wrong_value_is_told_at_once_by_its_column(tmp_path: Path, collecting) -> None:
    lines = [
        line("1,5"),
        line("1", **{"lineItem/isCorrection": "perhaps"}),
        line("1", **{"lineItem/intervalUsageStart": "yesterday"}),
        line("1", **{"cost/currencyCode": "?"}),
        line(""),
        line("1", **{"usage/billedQuantity": "many"}),
    ]
    into_folder(tmp_path)("reports/1.csv", report(lines))
    error = refusal(collecting)
    assert error.permanent
    assert {(problem.row, problem.field, problem.value) for problem in error.problems} == {
        (1, "cost/mycost", "1,5"),
        (2, "lineitem/iscorrection", "perhaps"),
        (3, "lineitem/intervalusagestart", "yesterday"),
        (4, "cost/currencycode", "?"),
        (5, "cost/mycost", None),
        (6, "usage/billedquantity", "many"),
    }


def test_truncated_files_foreign_bytes_and_other_reports_are_refused_by_name(tmp_path: Path, collecting) -> None:
    write = into_folder(tmp_path)
    write("reports/1.csv.gz", gzip.compress(report([line()] * 3000))[:-20])
    write("reports/2.csv", report([line("1", **{"tags/ops.team": "Größe"})]).decode().encode("latin-1"))
    write("reports/3.csv", report([{"BilledCost": "1", "BillingCurrency": "USD"}]))
    write("reports/4.csv", report([{"lineItem/referenceNo": "u1", "usage/consumedQuantity": "1"}]))
    text = str(refusal(collecting))
    assert "1.csv.gz: cannot be read: Compressed file ended" in text
    assert "2.csv, row 1, tags/ops.team" in text
    assert "3.csv: is no cost report of Oracle: it has no column cost/mycost" in text
    assert "read Oracle's FOCUS reports with type: focus" in text
    assert "usage reports have no costs" in text


def test_reports_are_read_through_an_endpoint_that_speaks_s3(s3, s3_server: str, monkeypatch, collecting) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    s3.put_object(Bucket="bills", Key=f"oci/reports/cost-csv/{FIRST}.csv.gz", Body=gzip.compress(report([line()])))
    s3.put_object(Bucket="bills", Key=f"oci/reports/usage-csv/{FIRST}.csv.gz", Body=gzip.compress(b"usage\n1\n"))
    collected = collecting.read(TYPE, path="s3://bills/oci", endpoint_url=s3_server, region="eu-frankfurt-1")
    assert costs(collected) == [Decimal("1.25")]
    assert collected.rows[0]["x_Origin"] == f"s3://bills/oci/reports/cost-csv/{FIRST}.csv.gz:1"


def test_a_report_at_an_address_is_read(api: RecordedApi, collecting) -> None:
    api.on("/n/acme/b/bills/o/1.csv.gz", Answer(gzip.compress(report([line()])), headers={"ETag": '"1"'}))
    collected = collecting.read(TYPE, path=f"{api.url}/n/acme/b/bills/o/1.csv.gz")
    assert costs(collected) == [Decimal("1.25")]


def test_an_empty_report_is_a_report_and_no_report_is_an_error(tmp_path: Path, collecting) -> None:
    header = report([line()]).splitlines()[0] + b"\n"
    into_folder(tmp_path)("reports/1.csv", header)
    collected = collecting.read(TYPE, path="reports")
    assert (costs(collected), collected.reading.coverage) == ([], ())
    assert "there is no file at nowhere" in str(refusal(collecting, path="nowhere"))
