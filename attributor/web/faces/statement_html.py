"""A statement as a page of its own that prints well, and as PDF."""

from importlib import import_module
from importlib.util import find_spec

from attributor.reports.owner_statement import OwnerStatement
from attributor.web.faces.facts import facts
from attributor.web.templating import environment

_INSTALL = "install attributor[pdf]; on Debian with libpango-1.0-0, libpangoft2-1.0-0 and libharfbuzz-subset0"


class CannotMakeError(Exception):
    """A file of this form cannot be made here; the message is a line that says the fix."""


def statement_html(company: str, report: OwnerStatement) -> bytes:
    """Return a whole document with its style within: it needs nothing else, and loads nothing."""
    template = environment(company, _no_address).get_template("statement_print.html")
    return template.render(report=report, facts=tuple(facts(report)), linked=_not_linked).encode()


def statement_pdf(company: str, report: OwnerStatement) -> bytes:
    """Return the same as PDF; raise CannotMakeError where WeasyPrint or what it needs is not installed."""
    if find_spec("weasyprint") is None:
        raise CannotMakeError(f"PDF needs WeasyPrint: {_INSTALL}")
    try:
        library = import_module("weasyprint")
    except OSError as error:  # Pango is not there
        raise CannotMakeError(f"WeasyPrint cannot be used ({str(error).splitlines()[0]}): {_INSTALL}") from error
    text = statement_html(company, report).decode()
    nothing = library.URLFetcher(allowed_protocols=())
    written: bytes = library.HTML(string=text, url_fetcher=nothing).write_pdf(pdf_tags=True)
    return written


def _no_address(name: str) -> str:
    raise LookupError(f"a printed statement has no {name}")


def _not_linked(_team: str, **_part: str) -> str:
    return ""
