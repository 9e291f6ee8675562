"""`invoices:`: what the providers' invoices came to."""

import json
from difflib import get_close_matches

from attributor.config.keys import INVOICE
from attributor.config.matching import check_patterns, read_plain_match
from attributor.config.options import typed_options
from attributor.config.settings import InvoiceSettings
from attributor.periods import parse_month
from rules.located import Located
from rules.problem import Problem

BASES = ("billed", "effective", "list")
_EXAMPLE = "write `- {source: aws, period: 2026-10, total: 81234.56, currency: USD}`"


def read_invoices(node: Located | None, sources: Located | None) -> tuple[tuple[InvoiceSettings, ...], list[Problem]]:
    """Return the invoices that are written without a mistake, and every problem of the others."""
    if node is None or node.is_empty:
        return (), []
    if node.items is None:
        return (), [node.problem("`invoices` is a list", _EXAMPLE)]
    names = tuple((sources.entries or {}) if sources is not None else {})
    invoices: list[InvoiceSettings] = []
    problems: list[Problem] = []
    for item in node.items:
        invoice, wrong = _invoice(item, names)
        problems += wrong
        invoices += [invoice] if invoice is not None else []
    return tuple(invoices), problems


def _invoice(item: Located, sources: tuple[str, ...]) -> tuple[InvoiceSettings | None, list[Problem]]:
    if item.entries is None or item.is_empty:
        return None, [item.problem("an invoice is a map", _EXAMPLE)]
    values, problems = typed_options(item, INVOICE)
    if problems:
        return None, problems
    at = item.entries
    if values["source"] not in sources:
        near = get_close_matches(values["source"], sources, n=1)
        fix = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(sources) or 'none'}"
        problems.append(at["source"].problem(f"there is no source `{values['source']}`", fix))
    if values["basis"] not in BASES:
        problems.append(at["basis"].problem(f"`basis`: {values['basis']!r} is none", f"write {', '.join(BASES)}"))
    if values["tolerance"] < 0:
        problems.append(at["tolerance"].problem("`tolerance` is below 0", "write how far apart is still right"))
    try:
        values["period"] = parse_month(values["period"])
    except ValueError as error:
        problems.append(at["period"].problem(f"`period`: {error}", "for example `period: 2026-10`"))
    if "match" in values:
        values["match_text"] = json.dumps(values["match"], ensure_ascii=False, sort_keys=True)
        values["match"] = read_plain_match(at["match"], problems)
        check_patterns(values["match"], at["match"], problems)
    return (None if problems else InvoiceSettings(**values, line=item.line)), problems
