"""Which files of Azure's exports count, on disk."""

import os
from pathlib import Path

import pytest
from aws_exports import into_folder
from azure_exports import charge, folder_of, table, write_manifest, write_parts, write_run

from collectors.base import CollectError
from collectors.bills.azure.focus import TYPE

EARLY, LATE, MONTHLY = "5b1f", "0a77", "77aa"


def costs(collecting, path: object = "exports") -> list[str]:
    return sorted(str(row["BilledCost"].normalize()) for row in collecting.read(TYPE, path=path).rows)


def refusal(collecting, path: str = "exports") -> CollectError:
    with pytest.raises(CollectError) as refused:
        collecting.read(TYPE, path=path)
    return refused.value


def test_of_daily_runs_that_each_hold_the_whole_month_the_one_submitted_last_counts(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    write_run(write, folder_of(EARLY), "2026-11-19T05:00:00", [charge("1")], [charge("2")])
    write_run(write, folder_of(LATE), "2026-11-20T05:00:00", [charge("3")])
    assert costs(collecting) == ["3"]


def test_folders_between_the_month_and_the_run_do_not_matter(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    write_run(write, folder_of(f"202611190500/{EARLY}"), "2026-11-19T05:00:00", [charge("1")], start="2026-11-01")
    write_run(
        write, f"toolkit/20261101-20261130/daily/{LATE}/x", "2026-11-20T05:00:00", [charge("3")], start="2026-11-01"
    )
    assert costs(collecting, ["exports", "toolkit"]) == ["3"]


def test_a_daily_and_a_monthly_export_of_one_scope_do_not_count_twice(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    write_run(write, folder_of(EARLY, "2026-10"), "2026-10-31T05:00:00", [charge("1", month="2026-10")])
    monthly = folder_of(MONTHLY, "2026-10", "monthly")
    write_run(write, monthly, "2026-11-05T05:00:00", [charge("2", month="2026-10")], frame="TheLastMonth")
    write_run(write, folder_of(LATE), "2026-11-20T05:00:00", [charge("3")])
    assert costs(collecting) == ["2", "3"]


def test_each_scope_has_a_newest_run_of_its_own(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    for number, scope in enumerate(("/subscriptions/a", "/subscriptions/b", "/SUBSCRIPTIONS/B"), 1):
        folder = folder_of(f"run{number}", export=f"export{number}")
        write_run(write, folder, f"2026-11-{number:02d}T05:00:00", [charge(str(number))], scope=scope)
    assert costs(collecting) == ["1", "3"], "letters of a scope are small or large as Azure pleases"


def test_a_run_without_a_manifest_is_not_complete(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    write_run(write, folder_of(EARLY), "2026-11-19T05:00:00", [charge("1")])
    write_parts(write, folder_of(LATE), [charge("2")])
    write_parts(write, folder_of(LATE, "2026-12"), [charge("3", month="2026-12")])
    assert costs(collecting) == ["1"]


def test_exports_of_other_types_are_left_out_and_named_where_there_is_no_other(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    write_run(write, folder_of(EARLY, export="prices"), "2026-11-19T05:00:00", [charge("1")], type="PriceSheet")
    error = refusal(collecting)
    assert error.permanent
    assert "there is no export of type focuscost, but of pricesheet" in str(error)
    write_run(write, folder_of(LATE), "2026-11-19T05:00:00", [charge("2")])
    assert costs(collecting) == ["2"]


def test_a_chosen_span_counts_until_a_whole_month_tells_the_same_days(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    days = {"frame": "Custom", "start": "2026-11-03T00:00:00", "end": "2026-11-04T00:00:00"}
    write_run(write, folder_of(LATE, export="once"), "2026-11-21T05:00:00", [charge("1", day=3)], **days)
    assert costs(collecting) == ["1"]
    assert collecting.read(TYPE, path="exports").reading.whole == ()
    write_run(write, folder_of(EARLY), "2026-11-19T05:00:00", [charge("2")])
    assert costs(collecting) == ["2"], "even where the chosen span was asked for later"


def test_spans_that_overlap_and_do_not_replace_each_other_are_refused(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    for run, start, end in ((EARLY, "03", "06"), (LATE, "05", "09")):
        days = {"frame": "Custom", "start": f"2026-11-{start}T00:00:00", "end": f"2026-11-{end}T00:00:00"}
        write_run(write, folder_of(run), f"2026-11-{end}T05:00:00", [charge("1")], **days)
    error = refusal(collecting)
    assert error.permanent
    assert f"{EARLY}/manifest.json and exports/daily/20261101-20261130/{LATE}/manifest.json tell some" in str(error)


def test_a_month_without_charges_is_told_wholly(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    write_run(write, folder_of(EARLY), "2026-11-19T05:00:00")
    collected = collecting.read(TYPE, path="exports")
    assert collected.rows == []
    assert [span.start.isoformat()[:10] for span in collected.reading.whole] == ["2026-11-01"]


def test_a_month_is_told_wholly_only_where_every_scope_tells_it(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    write_run(write, folder_of(EARLY, export="a"), "2026-11-19T05:00:00", [charge()], scope="/subscriptions/a")
    write_run(write, folder_of(EARLY, export="b"), "2026-11-19T05:00:00", [charge()], scope="/subscriptions/b")
    december = folder_of(LATE, "2026-12", export="a")
    write_run(write, december, "2026-12-02T05:00:00", [charge(month="2026-12")], scope="/subscriptions/a")
    whole = collecting.read(TYPE, path="exports").reading.whole
    assert [(span.start.isoformat()[:10], span.end.isoformat()[:10]) for span in whole] == [
        ("2026-11-01", "2026-12-01")
    ]


def test_a_named_file_that_is_not_there_or_is_too_short_is_waited_for(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    names = write_parts(write, folder_of(EARLY), [charge("1")], suffix=".csv")
    write_manifest(write, folder_of(EARLY), [*names, f"{folder_of(EARLY)}/part_0_0002.csv"], "2026-11-19T05:00:00")
    error = refusal(collecting)
    assert not error.permanent
    assert "part_0_0002.csv, which is not there" in str(error)
    write_manifest(write, folder_of(EARLY), names, "2026-11-19T05:00:00", sizes={names[0]: 5000})
    error = refusal(collecting)
    assert not error.permanent
    assert "of the 5000 bytes that its manifest tells" in str(error)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "is no readable manifest"),
        (b"[]", "is no manifest of an export: it lacks exportConfig"),
        (
            b'{"exportConfig": {"type": "FocusCost"}, "runInfo": {"startDate": "soon"}}',
            "has no readable startdate: 'soon'",
        ),
        (
            b'{"exportConfig": {"type": "FocusCost"}, "runInfo": {"startDate": "2026-11-01", "submittedTime": '
            b'"2026-11-02"}, "blobs": [7]}',
            "names a file in a form that is not known: 7",
        ),
        (
            b'{"exportConfig": {"type": "FocusCost"}, "runInfo": {"startDate": "2026-11-01", "submittedTime": '
            b'"2026-11-02"}, "blobs": [{"blobName": "a/part_0.zip"}]}',
            "names a/part_0.zip, not read here; there are .csv,",
        ),
    ],
)
def test_a_manifest_that_tells_nothing_is_an_error(tmp_path, collecting, body: bytes, said: str) -> None:
    into_folder(tmp_path)(f"{folder_of(EARLY)}/manifest.json", body)
    error = refusal(collecting)
    assert error.permanent
    assert said in str(error)


def test_without_manifests_the_run_with_the_latest_time_counts_and_loose_files_do(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    write_parts(write, folder_of(f"202611190500/{EARLY}"), [charge("1")], [charge("2")])
    write_parts(write, folder_of(f"202611200500/{LATE}"), [charge("3")], [charge("4")])
    write_parts(write, folder_of(EARLY, "2026-10"), [charge("5", month="2026-10")])
    write("exports/by-hand.csv", table([charge("6")]))
    assert costs(collecting) == ["3", "4", "5", "6"]


def test_outside_the_layout_a_manifest_speaks_for_its_own_folder(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    for run, day in ((EARLY, "18"), (LATE, "19")):
        folder = f"copies/{run}"
        names = write_parts(write, folder, [charge(day)], [charge("1")])
        month = folder_of(run)
        write_manifest(write, month, [name.replace(folder, month) for name in names[:1]], f"2026-11-{day}T05:00:00")
        (tmp_path / month / "manifest.json").rename(tmp_path / folder / "manifest.json")
    write("copies/by-hand.csv", table([charge("6")]))
    assert costs(collecting, "copies") == ["19", "6"]


def test_runs_that_nothing_puts_in_order_are_refused(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    for run in (EARLY, LATE):
        write(f"exports/daily/20261101-20261130/daily_{run}.csv", table([charge()]))
    error = refusal(collecting)
    assert error.permanent
    assert "exports/daily, 2026-11: there are 2 runs and no manifest that tells which one counts" in str(error)


def test_the_revision_changes_with_what_counts_and_only_then(tmp_path: Path, collecting) -> None:
    write = into_folder(tmp_path)
    write_run(write, folder_of(EARLY), "2026-11-19T05:00:00", [charge("1")])
    collector = collecting.build(TYPE, path="exports")
    before = collector.revision()
    [part] = write_parts(write, folder_of(LATE), [charge("2")])
    assert collector.revision() == before, "a run without a manifest changes nothing"
    write_manifest(write, folder_of(LATE), [part], "2026-11-20T05:00:00")
    after = collector.revision()
    assert after != before
    os.utime(tmp_path / folder_of(EARLY) / "part_0_0001.csv.gz", (1, 1))
    assert collector.revision() == after
