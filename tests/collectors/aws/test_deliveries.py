"""Which files of AWS' deliveries count, on disk."""

import json

import pytest
from aws_exports import charge, chunk_name, into_folder, table, write_chunks, write_manifest

from collectors.base import CollectError
from collectors.bills.aws.focus import TYPE

OLD, NEW = "2026-11-18T05:00:01.100Z-aaaa", "2026-11-20T05:00:02.200Z-bbbb"


def costs(collecting, **options) -> list[str]:
    return [str(row["BilledCost"].normalize()) for row in collecting.read(TYPE, path="focus", **options).rows]


def refusal(collecting) -> CollectError:
    with pytest.raises(CollectError) as refused:
        collecting.read(TYPE, path="focus")
    return refused.value


def test_what_a_longer_run_left_behind_does_not_count(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    write_chunks(write, [charge("1")], [charge("2")], [charge("3")])
    write_manifest(write, 2)
    assert costs(collecting) == ["1", "2"]


def test_empty_files_and_files_with_only_a_header_are_passed_over(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    write_chunks(write, [charge("1")], [])
    write(chunk_name(3), b"")
    write_manifest(write, 3)
    assert costs(collecting) == ["1"]


def test_of_runs_that_are_kept_the_one_that_the_manifest_names_counts(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    for run, cost in ((OLD, "1"), (NEW, "2")):
        write_chunks(write, [charge(cost)], run=run)
        write_manifest(write, 1, run, top=run == OLD, kept=True)
    assert costs(collecting) == ["2"], "a later run that has its own manifest is complete"


def test_a_run_without_a_manifest_is_not_complete(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    write_chunks(write, [charge("1")], run=OLD)
    write_manifest(write, 1, OLD, kept=True)
    write_chunks(write, [charge("2")], run=NEW)
    write_chunks(write, [charge("3")], month="2026-12")
    assert costs(collecting) == ["1"]


def test_without_manifests_the_newest_run_of_each_month_counts_and_loose_files_do(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    write_chunks(write, [charge("1")], run=OLD)
    write_chunks(write, [charge("2")], run=NEW)
    write_chunks(write, [charge("3")], run=OLD, month="2026-10")
    write("focus/by-hand.csv.gz", table([charge("4")]))
    assert sorted(costs(collecting)) == ["2", "3", "4"]


def test_runs_that_nothing_puts_in_order_are_refused(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    for run in ("5b1f", "77aa"):
        write(f"focus/20261101-20261201/{run}/report-1.csv.gz", table([charge()]))
    error = refusal(collecting)
    assert error.permanent
    assert "there are 2 runs and no manifest that tells which one counts" in str(error)


def test_a_legacy_report_is_told_by_its_manifest(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    for run, cost in (("5b1f", "1"), ("77aa", "2")):
        write(f"focus/20261101-20261201/{run}/report-1.csv.gz", table([charge(cost)]))
    keys = ["prefix/focus/20261101-20261201/5b1f/report-1.csv.gz"]
    manifest = {"assemblyId": "5b1f", "reportKeys": keys}
    write("focus/20261101-20261201/report-Manifest.json", json.dumps(manifest).encode())
    assert costs(collecting) == ["1"]


def test_a_named_file_that_is_not_there_yet_is_waited_for(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    write_chunks(write, [charge()])
    write_manifest(write, 2)
    error = refusal(collecting)
    assert not error.permanent
    assert "focus-Manifest.json names focus-00002.csv.gz, which is not there" in str(error)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "is no readable manifest"),
        (b"[]", "has no list dataFiles or reportKeys"),
        (
            b'{"reportKeys": ["focus/20261101-20261201/r.csv.zip"]}',
            "names r.csv.zip, which is not read; there are .csv,",
        ),
        (b'{"dataFiles": [7]}', "names a file in a form that is not known: 7"),
    ],
)
def test_a_manifest_that_tells_nothing_is_an_error(tmp_path, collecting, body: bytes, said: str) -> None:
    write = into_folder(tmp_path)
    write_chunks(write, [charge()])
    write("focus/metadata/BILLING_PERIOD=2026-11/Manifest.json", body)
    error = refusal(collecting)
    assert error.permanent
    assert said in str(error)


def test_a_reading_tells_the_billing_periods_of_its_export_wholly(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    write_chunks(write, [charge()])
    write_chunks(write, [charge()], month="2026-12")
    whole = collecting.read(TYPE, path="focus").reading.whole
    assert [(span.start.isoformat()[:10], span.end.isoformat()[:10]) for span in whole] == [
        ("2026-11-01", "2026-12-01"),
        ("2026-12-01", "2027-01-01"),
    ]
