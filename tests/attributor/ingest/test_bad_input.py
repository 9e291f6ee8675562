"""Broken bills and usage through the whole program: one clear error, and what is stored stays as it was."""

import gzip

import pytest

BILL = "BilledCost,EffectiveCost,ListCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ServiceName,Tags"
CHARGE = "30,30,30,USD,2026-11-10T00:00:00Z,2026-11-11T00:00:00Z,Amazon EC2,"
USAGE = "hour,metric,pool,quantity,team"
HOURS = "2026-11-10T08:00:00Z,gpu.hours,prod,1,search"


def rows(header: str, row: str, **cells: str) -> bytes:
    """A file of a good row and one with these cells."""
    bad = {**dict(zip(header.split(","), row.split(","), strict=True)), **cells}
    return f"{header}\n{row}\n{','.join(bad.values())}\n".encode()


def charge(**cells: str) -> bytes:
    return rows(BILL, CHARGE, **cells)


def hours(**cells: str) -> bytes:
    return rows(USAGE, HOURS, **cells)


BROKEN_BILLS = {
    "date": (charge(ChargePeriodStart="2026-31-12"), "row 2, ChargePeriodStart = '2026-31-12': is not a date"),
    "end before start": (charge(ChargePeriodEnd="2026-11-09"), "row 2, ChargePeriodEnd = '2026-11-09T00:00:00+00:00'"),
    "number": (charge(BilledCost="1.2.3"), "row 2, BilledCost = '1.2.3': is not a number"),
    "not finite": (charge(EffectiveCost="NaN"), "row 2, EffectiveCost = 'NaN': is not a number"),
    "null in a number": (charge(BilledCost="3\0"), "row 2, BilledCost = '3\\x00': is not a number"),
    "more than the ledger holds": (charge(ListCost="1e13"), "row 2, ListCost = '10000000000000': with it 2026-11-10"),
    "the most that can be written": (charge(BilledCost="9" * 26), "row 2, BilledCost = '99999999999999999999999999'"),
    "currency": (charge(BillingCurrency="U$D"), "row 2, BillingCurrency = 'U$D': is no currency"),
    "tags": (charge(Tags="team=ads"), "row 2, Tags = 'team=ads': is not JSON"),
    "missing value": (charge(BillingCurrency=""), "row 2, BillingCurrency: is missing"),
    "missing column": (b"BilledCost,ChargePeriodStart\n1,2026-11-10\n", "it has no column BillingCurrency"),
    "column twice": (f"{BILL},BilledCost\n{CHARGE},3\n".encode(), "the column BilledCost comes twice"),
    "wide row": (f"{BILL}\n{CHARGE}\n{CHARGE},3\n".encode(), "row 2: has 9 fields where the header has 8"),
    "open quote": (f'{BILL}\n{CHARGE}"ads\n{CHARGE}\n'.encode(), "row 1: its quotes do not match"),
    "truncated gzip": (gzip.compress((f"{BILL}\n" + f"{CHARGE}\n" * 3000).encode())[:-20], "ended before the end"),
    "encoding": (f"{BILL}\n{CHARGE}caf\xe9\n".encode("latin-1"), "row 1, Tags = 'café': holds bytes that are not of"),
    "null characters": (b"\0" * 5000, "is no FOCUS export"),
    "any bytes": (bytes(range(256)) * 40, "is no FOCUS export"),
    "semicolons": (f"{BILL}\n{CHARGE}\n".replace(",", ";").encode(), "is no FOCUS export"),
    "empty": (b"", "is empty: it has not even a header"),
}  # fmt: skip
BROKEN_USAGE = {
    "date": (hours(hour="2026-31-12T00:00:00Z"), "row 2, hour = '2026-31-12T00:00:00Z': is not a date"),
    "half an hour": (hours(hour="2026-11-10T08:30:00Z"), "row 2, hour = '2026-11-10T08:30:00Z': is not the start"),
    "half an hour by its offset": (hours(hour="2026-11-10T08:00:00+05:30"), "is not the start of an hour in UTC"),
    "negative": (hours(quantity="-1"), "row 2, quantity = '-1': is negative"),
    "number": (hours(quantity="many"), "row 2, quantity = 'many': is not a number"),
    "more than the ledger holds": (hours(quantity="1e13"), "row 2, quantity = '10000000000000': with it 2026-11-10"),
    "too large": (hours(quantity="1e26"), "row 2, quantity = '1e26': is too large"),
    "metric": (hours(metric="GPU hours"), "row 2, metric = 'GPU hours': is no metric name"),
    "no metric": (hours(metric=""), "row 2, metric: is missing"),
    "missing column": (b"hour,metric\n2026-11-10T08:00:00Z,x\n", "has no column quantity; it has hour, metric"),
    "column twice": (f"{USAGE},team\n{HOURS},ads\n".encode(), "the column team comes twice"),
    "truncated gzip": (gzip.compress((f"{USAGE}\n" + f"{HOURS}\n" * 3000).encode())[:-20], "ended before the end"),
    "encoding": (f"{USAGE}\n{HOURS}\xe9\n".encode("latin-1"), "row 1, team = 'searché': holds bytes that are not of"),
    "empty": (b"", "is empty: it has not even a header"),
}  # fmt: skip
CASES = [
    *(pytest.param("aws", "bills/bad.csv", *case, id=f"bill: {name}") for name, case in BROKEN_BILLS.items()),
    *(pytest.param("gpus", "usage/bad.csv", *case, id=f"usage: {name}") for name, case in BROKEN_USAGE.items()),
]


def check_unharmed(company, costs: dict) -> None:
    assert company.costs() == costs
    assert company.command("reconcile", "--period", "2026-11").code == 0


def test_a_broken_file_is_one_clear_error_and_harms_nothing(company) -> None:
    """All of them in one company: each is told, none leaves a trace, and afterwards the good files come in."""
    company.run()
    before = company.costs()
    for case in CASES:
        source, place, content, words = case.values
        (company.folder / place).write_bytes(content)
        answer = company.run()
        [failure] = answer.json["failures"]
        assert (answer.code, failure["source"], failure["permanent"]) == (1, source, True), case.id
        assert failure["problems"][0].startswith(f"{place}"), case.id
        assert words in "\n".join(failure["problems"]), (case.id, failure["problems"])
        assert failure["error"].startswith(f"{source}: "), case.id
        assert answer.json["attributed_days"] == [], case.id
        check_unharmed(company, before)
        (company.folder / place).unlink()
    assert company.run().code == 0
    check_unharmed(company, before)


@pytest.mark.parametrize(
    ("place", "content"),
    [
        ("bills/odd.csv", charge(ServiceName="Ama\0zon", Tags='"{""team"": ""ads\\u0000""}"')),
        ("bills/odd.csv", charge(Tags='"{""team"": ""' + "x" * 100_000 + '""}"')),
        ("bills/odd.csv", charge(Tags='"{""' + "k" * 100_000 + '"": ""x""}"')),
        ("bills/odd.csv", charge(ServiceName="s" * 100_000)),
        ("bills/odd.csv", charge(ServiceName='\U0001f4a5 \' "" ; DROP TABLE rollup --')),
        ("bills/odd.csv", charge().replace(b"\n", b"\r\n")),
        ("bills/odd.csv", b"\xef\xbb\xbf" + charge()),
        ("bills/odd.csv", f"{BILL},x_a,x_a\n{CHARGE},1,2\n{CHARGE},1,2\n".encode()),
    ],
    ids=["null", "long tag", "long key", "long name", "quotes", "line ends", "byte order mark", "unknown column twice"],
)
def test_odd_text_in_a_bill_comes_in_and_every_cent_of_it_is_shown(place: str, content: bytes, company) -> None:
    company.run()
    (company.folder / place).write_bytes(content)
    answer = company.run()
    assert (answer.code, answer.json["attributed_days"]) == (0, ["2026-11-10"])
    check_unharmed(company, {"unattributed": "62", "search": "33", "ads": "11"})
    for form in ("table", "csv", "json"):
        assert company.command("showback", "--period", "2026-11", "--by", "service,team", "--format", form).code == 0


@pytest.mark.parametrize("team", ["t" * 100_000, "sea\0rch", "\U0001f4a5", "'; --"])
def test_odd_text_in_usage_names_nobody_and_its_part_is_unattributed(team: str, company) -> None:
    (company.folder / "usage" / "odd.csv").write_text(f"{USAGE}\n{HOURS.replace('search', team)}\n")
    assert company.run().code == 0
    check_unharmed(company, {"search": "32.25", "ads": "9.5", "unattributed": "4.25"})


def test_a_header_alone_is_a_bill_of_nothing(company) -> None:
    company.run()
    before = company.costs()
    company.write("bills/empty.csv", f"{BILL}\n")
    answer = company.run()
    assert (answer.code, answer.json["attributed_days"]) == (0, [])
    check_unharmed(company, before)


def test_a_folder_without_files_is_rather_a_lost_mount_than_a_bill_of_nothing(company) -> None:
    company.run()
    before = company.costs()
    for file in (company.folder / "bills").iterdir():
        file.unlink()
    [failure] = company.run().json["failures"]
    assert failure["error"] == "aws: there is no file at bills/*.csv"
    check_unharmed(company, before)
    (company.folder / "bills").rmdir()
    assert company.run().code == 1
    check_unharmed(company, before)


def test_a_file_that_changes_while_it_is_read_is_refused_and_read_again_next_time(
    company, monkeypatch: pytest.MonkeyPatch
) -> None:
    from attributor.ingest import ingest

    company.run()
    before = company.costs()
    company.bill("november", "10,31,team=Srch", "10,9,cluster=prod", "11,5,team=ads", "11,2,owner=unknown")
    real = ingest.staged

    def disturbed(connection, batches, table, progress):
        def slow():
            for batch in batches:
                yield batch
                if table == "charges":
                    company.bill("november", "10,32,team=Srch", "11,5,team=ads")

        return real(connection, slow(), table, progress)

    with monkeypatch.context() as patched:
        patched.setattr(ingest, "staged", disturbed)
        answer = company.run()
    [failure] = answer.json["failures"]
    assert (answer.code, failure["permanent"]) == (1, False)
    assert failure["error"] == "bills/november.csv changed while it was being read"
    check_unharmed(company, before)
    assert company.run().code == 0
    check_unharmed(company, {"search": "32", "ads": "5"})


def test_a_source_that_cannot_be_read_stops_no_other_one(company) -> None:
    company.write("bills/bad.csv", "not,a,bill\n")
    answer = company.run()
    assert [failure["source"] for failure in answer.json["failures"]] == ["aws"]
    assert [source["source"] for source in answer.json["sources"]] == ["gpus"]
    company.write("usage/bad.csv", "not,usage\n")
    (company.folder / "bills" / "bad.csv").unlink()
    answer = company.run()
    assert [failure["source"] for failure in answer.json["failures"]] == ["gpus"]
    check_unharmed(company, {"search": "33", "ads": "11", "unattributed": "2"})
