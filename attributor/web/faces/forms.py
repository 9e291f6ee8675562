"""The forms that a statement can be written in, by name."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import quote

from attributor.reports.cells import csv_text
from attributor.reports.owner_statement import OwnerStatement, owner_statement_document
from attributor.reports.statement_rows import COLUMNS, plain_rows
from attributor.web.faces.statement_html import statement_html, statement_pdf
from attributor.web.faces.statement_markdown import statement_markdown
from attributor.web.faces.statement_xlsx import statement_xlsx


@dataclass(frozen=True)
class Form:
    """A form: how files of it end, their media type, and what makes one of the company's name and a statement.

    `make` raises CannotMakeError where a library is not there.
    """

    suffix: str
    media_type: str
    make: Callable[[str, OwnerStatement], bytes]


@dataclass(frozen=True)
class StatementFile:
    """A statement as a file."""

    name: str
    media_type: str
    content: bytes


def statement_file(company: str, report: OwnerStatement, form: str) -> StatementFile:
    """Return a statement in one of `FORMS`; a draft says so in its name. Raises CannotMakeError."""
    chosen = FORMS[form]
    return StatementFile(file_name(report, form), chosen.media_type, chosen.make(company, report))


def file_name(report: OwnerStatement, form: str) -> str:
    """Return the file's name, for example statement-2026-10-search.pdf, safe on every file system."""
    kind = "cost-center-" if report.owner.kind == "cost_center" else ""
    owner = quote(report.owner.id or "none", safe=" ").replace(" ", "_").replace("~", "%7E")
    draft = "" if report.finality.is_final else "-draft"
    return f"statement-{report.month}-{kind}{owner}{draft}.{FORMS[form].suffix}"


def _json(_company: str, report: OwnerStatement) -> bytes:
    return (json.dumps(owner_statement_document(report), indent=2, ensure_ascii=False) + "\n").encode()


def _csv(_company: str, report: OwnerStatement) -> bytes:
    return csv_text(COLUMNS, plain_rows(report)).encode()


def _xlsx(_company: str, report: OwnerStatement) -> bytes:
    return statement_xlsx(report)


def _markdown(_company: str, report: OwnerStatement) -> bytes:
    return statement_markdown(report).encode()


_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "pdf": Form("pdf", "application/pdf", statement_pdf),
        "xlsx": Form("xlsx", _XLSX, _xlsx),
        "csv": Form("csv", "text/csv; charset=utf-8", _csv),
        "html": Form("html", "text/html; charset=utf-8", statement_html),
        "markdown": Form("md", "text/markdown; charset=utf-8", _markdown),
        "json": Form("json", "application/json", _json),
    }
)
