"""A statement as an XLSX workbook: a page to read, and every line with its exact amounts."""

import io
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from attributor.money import plain
from attributor.periods import start_of
from attributor.reports.cells import neutral
from attributor.reports.costs import BASES
from attributor.reports.owner_statement import OwnerStatement
from attributor.reports.statement_rows import TEXTS, flat_rows
from attributor.web.faces.facts import facts

_WIDTHS = {"status": 18, "service": 28, "rule": 24, "how": 52, "team": 16}
_A4 = 9
"""The number that the format has for it (ECMA-376, part 1, 18.3.1.63)."""
_TITLES = (("Effective", "Billed", "List"), ("Effective, exact", "Billed, exact", "List, exact"))


def statement_xlsx(report: OwnerStatement) -> bytes:
    """Return the workbook. Amounts are numbers shown with two decimals, and beside them exact texts.

    A closed month's workbook is the same to the byte whenever it is made.
    """
    buffer = io.BytesIO()
    # Texts stay texts: a name from a bill may begin with "=" or look like an address.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = Workbook(buffer, options)
    created = report.finality.closed_at or start_of(report.month.first)  # never now: the bytes would change
    book.set_properties({"title": f"{report.name}, {report.month}", "created": created.replace(tzinfo=None)})
    bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
    head = book.add_format({"bold": True, "bottom": 1})
    summary, lines = book.add_worksheet("Statement"), book.add_worksheet("Lines")
    _summary(summary, report, bold, money, head)
    _lines(lines, report, money, head)
    lines.repeat_rows(0)
    for sheet in (summary, lines):
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)
    book.close()
    return buffer.getvalue()


def _summary(sheet: Worksheet, report: OwnerStatement, bold: Any, money: Any, head: Any) -> None:
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 6, 18)
    row = 0
    for name, value in facts(report):
        _text(sheet, row, 0, name, bold)
        _text(sheet, row, 1, value)
        row += 1
    for part in report.parts:
        row += 1
        for column, title in enumerate((part.currency, *_TITLES[0], *_TITLES[1])):
            _text(sheet, row, column, title, head)
        sums = {"Own charges": part.own, "Shared costs": part.shared_cost}
        sums |= {"Corrections of closed months": part.corrected, "Total": part.total}
        for title, costs in sums.items():
            row += 1
            _text(sheet, row, 0, title, bold if title == "Total" else None)
            _amounts(sheet, (row, 1), costs, money)
        row += 1


def _lines(sheet: Worksheet, report: OwnerStatement, money: Any, head: Any) -> None:
    titles = [name.replace("_", " ").capitalize() for name in TEXTS]
    for column, title in enumerate((*titles, *_TITLES[0], *_TITLES[1])):
        _text(sheet, 0, column, title, head)
    for column, name in enumerate((*TEXTS, *BASES, *BASES)):
        sheet.set_column(column, column, _WIDTHS.get(name, 14))
    count = 0
    for count, row in enumerate(flat_rows(report), 1):
        for column, name in enumerate(TEXTS):
            _text(sheet, count, column, row.texts.get(name, ""))
        _amounts(sheet, (count, len(TEXTS)), row.costs, money)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, count, len(TEXTS) + 2 * len(BASES) - 1)


def _amounts(sheet: Worksheet, at: tuple[int, int], costs: Any, money: Any) -> None:
    for offset, basis in enumerate(BASES):
        amount = getattr(costs, basis)
        sheet.write_number(at[0], at[1] + offset, amount, money)
        _text(sheet, at[0], at[1] + len(BASES) + offset, plain(amount))


def _text(sheet: Worksheet, row: int, column: int, value: str, form: Any = None) -> None:
    if value:
        sheet.write_string(row, column, str(neutral(value)), form)
