"""What finance opens in a spreadsheet: numbers are numbers, exact texts stand beside them, and nothing is run."""

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pytest

from attributor.config.statement_settings import FORMS as CONFIGURED
from attributor.periods import parse_month
from attributor.reports.finality import Finality
from attributor.reports.owner_statement import Owner, OwnerStatement, StatementPart
from attributor.reports.statement_lines import CorrectionLine, Costs, OwnLine, SharedLine, Weight
from attributor.web.faces import statement_html
from attributor.web.faces.forms import FORMS, file_name, statement_file
from attributor.web.faces.statement_html import CannotMakeError

EVIL = '=HYPERLINK("http://x","y")'
CLOSED = Finality("closed", date(2026, 10, 31), 2, datetime(2026, 11, 3, tzinfo=UTC), "ana", "m" * 64, "r" * 64)


def _costs(amount: str) -> Costs:
    return Costs(*(Decimal(amount),) * 3)


def _report(finality: Finality = CLOSED, name: str = "Search") -> OwnerStatement:
    own = (
        OwnLine("search", "4100", EVIL, "Usage", "billed", _costs("1234.000000000001")),
        OwnLine("search", "4100", "@cmd", "Credit", "billed", _costs("-3.5")),
    )
    weights = (Weight("gpu.hours", "prod", Decimal(2), Decimal(8)),)
    shared = SharedLine(
        *("search", "4100", "+rule|<b>", "usage", "", "", ""),
        _costs("2"),
        Decimal(8),
        Decimal("0.25"),
        "by hours",
        weights,
        "r.yaml",
        3,
    )
    later = CorrectionLine(
        "search", "4100", "2026-09", "EC2", "Usage", date(2026, 9, 2), date(2026, 9, 4), _costs("-1")
    )
    sums = (_costs("1230.500000000001"), _costs("2"), _costs("-1"), _costs("1231.500000000001"))
    part = StatementPart("USD", own, (shared,), (later,), *sums)
    owner, month = Owner("team", "search"), parse_month("2026-10")
    seen = None if finality.is_final else datetime(2026, 11, 2, tzinfo=UTC)
    return OwnerStatement(month, owner, name, "4100", {"search": name}, finality, (part,), "d" * 64, seen)


def _made(form: str, report: OwnerStatement | None = None) -> bytes:
    return statement_file("Acme", report or _report(), form).content


def test_the_forms_are_those_that_the_configuration_knows() -> None:
    assert tuple(FORMS) == CONFIGURED


def test_csv_holds_exact_amounts_and_no_formulas() -> None:
    rows = list(csv.DictReader(io.StringIO(_made("csv").decode())))
    assert [row["section"] for row in rows] == ["own", "own", "shared", "correction"]
    assert [row["service"] for row in rows[:2]] == [f"'{EVIL}", "'@cmd"]
    assert rows[2]["rule"] == "'+rule|<b>"
    assert [row["effective"] for row in rows] == ["1234.000000000001", "-3.5", "2", "-1"]
    assert rows[2]["how"] == "by hours; 2 of 8 gpu.hours of prod"
    assert {row["status"] for row in rows} == {"final, revision 2"}


def test_a_workbook_has_numbers_with_exact_texts_beside_them_and_no_formulas() -> None:
    book = openpyxl.load_workbook(io.BytesIO(_made("xlsx")))
    head, *rows = book["Lines"].iter_rows()
    at = {cell.value: number for number, cell in enumerate(head)}
    assert [row[at["Effective"]].value for row in rows] == [1234.000000000001, -3.5, 2, -1]
    assert {row[at["Effective"]].number_format for row in rows} == {"#,##0.00"}
    assert [row[at["Effective, exact"]].value for row in rows] == ["1234.000000000001", "-3.5", "2", "-1"]
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s", "n"}
    texts = [cell.value for cell in cells if cell.data_type == "s"]
    assert [text for text in texts if text[0] in "=+@"] == []
    assert f"'{EVIL}" in texts
    assert {(sheet.page_setup.orientation, sheet.page_setup.fitToHeight) for sheet in book} == {("landscape", 0)}
    assert book["Lines"].print_title_rows == "$1:$1"
    facts = {row[0].value: row[1].value for row in book["Statement"].iter_rows(max_row=8)}
    assert facts["Digest of this statement"] == "d" * 64
    assert facts["Status"] == "final, revision 2"


@pytest.mark.parametrize("form", ["csv", "xlsx", "html", "markdown", "json"])
def test_a_closed_statement_is_the_same_file_to_the_byte(form: str) -> None:
    assert _made(form) == _made(form)


def test_markdown_and_html_run_nothing_of_a_name() -> None:
    report = _report(name="<script>alert(1)</script>")
    page = _made("html", report).decode()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    text = _made("markdown", report).decode()
    assert "\\<script\\>" in text
    assert "+rule\\|\\<b\\>" in text
    assert "**Total: $1,231.50 effective cost, $1,231.50 billed cost**" in text


def test_json_says_whether_it_is_final() -> None:
    report = json.loads(_made("json"))
    assert report["final"] is True
    assert report["seen_at"] is None
    assert report["parts"][0]["total"]["effective"] == "1231.500000000001"


def test_a_draft_says_so_in_its_name_and_on_the_page() -> None:
    draft = _report(Finality("over", date(2026, 10, 31)))
    assert file_name(draft, "pdf") == "statement-2026-10-search-draft.pdf"
    assert "Not final" in _made("html", draft).decode()
    assert "not final: not closed yet" in _made("markdown", draft).decode()
    assert "Not final" not in _made("html").decode()


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (Owner("team", "../../etc"), "statement-2026-10-..%2F..%2Fetc.csv"),
        (Owner("cost_center", "4100"), "statement-2026-10-cost-center-4100.csv"),
        (Owner("cost_center", ""), "statement-2026-10-cost-center-none.csv"),
        (Owner("team", "a b\\c\n"), "statement-2026-10-a_b%5Cc%0A.csv"),
    ],
)
def test_a_file_s_name_is_safe(owner: Owner, name: str) -> None:
    report = _report()
    found = OwnerStatement(**{**vars(report), "owner": owner})
    assert file_name(found, "csv") == name


@pytest.mark.slow
def test_a_pdf_is_made_of_the_printed_page_and_loads_nothing() -> None:
    try:
        made = _made("pdf")
    except CannotMakeError as error:
        pytest.skip(str(error))
    assert made.startswith(b"%PDF-")


def test_where_pdf_is_not_installed_the_fix_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statement_html, "find_spec", lambda _name: None)
    with pytest.raises(CannotMakeError, match=r"install attributor\[pdf\]"):
        _made("pdf")


def test_where_pango_is_missing_the_fix_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_name: str) -> None:
        raise OSError("cannot load library 'libpango-1.0-0'\nmore")

    monkeypatch.setattr(statement_html, "import_module", broken)
    with pytest.raises(CannotMakeError, match=r"cannot load library 'libpango-1.0-0'\): .*libpango-1.0-0"):
        _made("pdf")
