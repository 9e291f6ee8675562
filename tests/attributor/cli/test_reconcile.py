"""`attributor reconcile`: against the files that were read and against invoices, not against ourselves alone."""

import pytest
from sqlalchemy import create_engine, text

CONTROL = ("source", "currency", "files", "rows", "difference", "kept")


def _reconcile(company, period: str = "2026-11"):
    return company.command("reconcile", "--period", period, "--format", "json")


def _execute(company, statement: str) -> None:
    engine = create_engine(f"sqlite:///{company.folder}/ledger.db")
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _invoices(company, *entries: str) -> None:
    config = (company.folder / "attributor.yaml").read_text()
    lines = "".join(f"  - {{{entry}}}\n" for entry in entries)
    company.write("attributor.yaml", f"{config}invoices:\n{lines}")


def test_what_is_stored_is_held_against_what_the_files_say(ran) -> None:
    answer = _reconcile(ran)
    assert answer.code == 0
    [control] = answer.json["controls"]
    assert {key: control[key] for key in CONTROL} == {
        "source": "aws",
        "currency": "USD",
        "files": 1,
        "rows": 4,
        "difference": "0",
        "kept": "0",
    }
    assert control["bases"]["billed"] == {"written": "46", "rounded": "0", "stored": "46", "difference": "0"}
    assert answer.json["invoices"] == []


def test_what_was_lost_between_file_and_ledger_is_found_whatever_month_is_asked_for(ran) -> None:
    _execute(ran, "UPDATE control_sums SET list_rest = list_rest + 1 WHERE day = '2026-11-11'")
    for period in ("2026-11", "2020-01"):
        answer = _reconcile(ran, period)
        assert (answer.code, answer.json["controls"][0]["difference"]) == (1, "0.000000000001")
    _execute(ran, "DELETE FROM control_sums")
    answer = _reconcile(ran, "2020-01")
    assert (answer.code, answer.json["controls"][0]["difference"]) == (1, "-46")


def test_what_rounding_added_is_told_and_is_no_difference(billed) -> None:
    company = billed("2026-11-10 EC2 1/0.12345678901234567/1 team=ads", "2026-11-11 EC2 1/2/3 team=ads")
    answer = _reconcile(company)
    assert answer.code == 0
    assert answer.json["controls"][0]["bases"]["effective"] == {
        "written": "2.12345678901234567",
        "rounded": "-0.00000000000034567",
        "stored": "2.123456789012",
        "difference": "0",
    }


def test_days_whose_files_are_gone_are_kept_and_told_apart(ran) -> None:
    ran.bill("december", "12,7,team=ads")
    assert ran.run().code == 0
    (ran.folder / "bills" / "november.csv").unlink()
    assert ran.run().code == 0
    answer = _reconcile(ran)
    assert answer.code == 0
    [control] = answer.json["controls"]
    assert (control["files"], control["bases"]["effective"]["stored"], control["kept"]) == (1, "7", "46")
    assert answer.json["sources"][0]["charges"] == "53"


def test_a_restated_file_is_held_against_its_new_sums(ran) -> None:
    ran.bill("november", "10,31,team=Srch", "11,5,team=ads")
    assert ran.run().code == 0
    answer = _reconcile(ran)
    [control] = answer.json["controls"]
    assert (answer.code, control["bases"]["effective"]["written"], control["difference"]) == (0, "36", "0")


def test_a_file_with_several_currencies_is_held_over_all_of_them(billed) -> None:
    company = billed("2026-11-10 EC2 1/1/1 team=ads", "2026-11-10 EC2 7/7/7 team=ads currency=EUR")
    [control] = _reconcile(company).json["controls"]
    assert (control["currency"], control["bases"]["effective"]["stored"], control["difference"]) == (None, "8", "0")


def test_before_it_is_known_which_days_a_reading_had_nothing_is_claimed(ran) -> None:
    _execute(ran, "UPDATE collected SET read_at = NULL")
    answer = _reconcile(ran)
    assert (answer.code, answer.json["controls"]) == (0, [])


def test_an_invoice_within_its_tolerance_agrees(ran) -> None:
    _invoices(ran, "source: aws, period: 2026-11, total: 45.99, currency: USD, tolerance: 0.01")
    answer = _reconcile(ran)
    assert answer.code == 0
    assert answer.json["invoices"] == [
        {
            "source": "aws",
            "period": "2026-11",
            "currency": "USD",
            "basis": "billed",
            "match": None,
            "total": "45.99",
            "stored": "46",
            "difference": "0.01",
            "tolerance": "0.01",
            "within": True,
        }
    ]


def test_an_invoice_beyond_its_tolerance_is_found_in_its_own_month_alone(ran) -> None:
    _invoices(ran, "source: aws, period: 2026-11, total: 45.989999999999, currency: USD, tolerance: 0.01")
    answer = _reconcile(ran)
    assert (answer.code, answer.json["difference"]) == (1, "0")
    assert answer.json["invoices"][0]["within"] is False
    assert (_reconcile(ran, "2026-10").code, _reconcile(ran, "2026-10").json["invoices"]) == (0, [])


def test_charges_count_by_their_billing_month_and_invoices_of_one_are_added_up(billed) -> None:
    company = billed("2026-11-01 EC2 5/1/1 team=ads invoice=2026-10", "2026-11-10 EC2 7/7/8 team=ads")
    _invoices(
        company,
        "source: aws, period: 2026-10, total: 5, currency: USD",
        "source: aws, period: 2026-11, total: 3, currency: USD",
        "source: aws, period: 2026-11, total: 4, currency: USD",
        "source: aws, period: 2026-11, total: 8, currency: USD, basis: list",
    )
    assert _reconcile(company, "2026-10").code == 0
    answer = _reconcile(company)
    assert answer.code == 0
    assert [(line["basis"], line["total"], line["stored"]) for line in answer.json["invoices"]] == [
        ("billed", "7", "7"),
        ("list", "8", "8"),
    ]


def test_an_invoice_is_held_against_the_charges_alone_that_it_matches(billed) -> None:
    company = billed(
        "2026-11-01 EC2 5/1/1 team=ads invoice=2026-10",
        "2026-11-10 EC2 7/6/8 team=ads",
        "2026-11-11 EC2 9/9/9 team=search",
        "2026-11-11 EC2 2/2/2 team=search currency=EUR",
        "2026-11-12 S3 4/4/4 team=search",
    )
    _invoices(
        company,
        "source: aws, period: 2026-11, total: 9, currency: USD, match: {ServiceName: EC2, tags.team: sea*}",
        "source: aws, period: 2026-11, total: 8, currency: USD, match: {any: [{tags.team: ads}, {x_Source: gcp}]}",
        "source: aws, period: 2026-11, total: 20, currency: USD, tolerance: 1",
        "source: aws, period: 2026-11, total: 6, currency: USD, basis: effective, match: {tags.team: ads}",
        "source: aws, period: 2026-11, total: 0, currency: USD, match: {ServiceName: RDS}",
    )
    answer = _reconcile(company)
    assert answer.code == 1
    found = [(line["match"], line["basis"], line["stored"], line["within"]) for line in answer.json["invoices"]]
    assert sorted(found, key=str) == [
        (None, "billed", "20", True),
        ({"ServiceName": "EC2", "tags.team": "sea*"}, "billed", "9", True),
        ({"ServiceName": "RDS"}, "billed", "0", True),
        ({"any": [{"tags.team": "ads"}, {"x_Source": "gcp"}]}, "billed", "7", False),
        ({"tags.team": "ads"}, "effective", "6", True),
    ]


def test_people_read_controls_and_invoices_below_the_sources(ran) -> None:
    _invoices(
        ran,
        "source: aws, period: 2026-11, total: 40, currency: USD",
        "source: aws, period: 2026-11, total: 4, currency: USD, match: {InvoiceId: absent}",
    )
    answer = ran.command("reconcile", "--period", "2026-11")
    assert answer.code == 1
    for words in (
        "all charges",
        '{"InvoiceId": "absent"}',
        "what the files say, effective cost",
        "invoices of 2026-11",
        "kept",
        "within",
    ):
        assert words in answer.out


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("source: aws", "`period` is missing"),
        ("source: awz, period: 2026-11, total: 1, currency: USD", "there is no source `awz` — did you mean `aws`?"),
        ("source: aws, period: 2026-13, total: 1, currency: USD", "`period`:"),
        ("source: aws, period: 2026-11, total: much, currency: USD", "`total`: 'much' is not a number"),
        ("source: aws, period: 2026-11, total: 1, currency: USD, basis: paid", "`basis`: 'paid' is none"),
        ("source: aws, period: 2026-11, total: 1, currency: USD, tolerance: -1", "`tolerance` is below 0"),
        ("source: aws, period: 2026-11, total: 1, currency: USD, totel: 1", "unknown key `totel`"),
        ("source: aws, period: 2026-11, total: 1, currency: USD, match: EC2", "`match` is a text"),
        ("source: aws, period: 2026-11, total: 1, currency: USD, match: {InvoiceId: {like: x}}", "`like`"),
        ("source: aws, period: 2026-11, total: 1, currency: USD, match: {InvoiceId: {regex: (}}", "cannot be read"),
    ],
)
def test_a_mistake_in_an_invoice_is_told_with_its_line(ran, entry: str, words: str) -> None:
    _invoices(ran, entry, "source: nobody, period: x, total: 1, currency: USD")
    answer = _reconcile(ran)
    assert (answer.code, answer.out) == (2, "")
    assert "attributor.yaml:13:" in answer.err
    assert words in answer.err
    assert "attributor.yaml:14:" in answer.err
    checked = ran.command("check")
    assert checked.code == 2
