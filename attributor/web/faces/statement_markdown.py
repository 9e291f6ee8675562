"""A statement as GitHub-flavoured Markdown; names from bills and rules are no links and no markup."""

import re
from collections.abc import Iterator, Sequence

from attributor.money import shown
from attributor.reports.owner_statement import OwnerStatement, StatementPart
from attributor.reports.statement_lines import Costs, SharedLine
from attributor.reports.statement_rows import how
from attributor.web.faces.facts import facts
from attributor.web.formats import month, percentage

_MARKUP = re.compile(r"([\\`*_\[\]<>|~#])")


def statement_markdown(report: OwnerStatement) -> str:
    """Return the statement, amounts with two decimals: the exact ones are in CSV, XLSX and JSON."""
    return "\n".join(_parts(report)) + "\n"


def _parts(report: OwnerStatement) -> Iterator[str]:
    yield from (f"# {_escaped(report.name)}, {month(report.month)}", "")
    for name, value in facts(report):
        yield f"- {name}: {_escaped(value)}"
    if not report.parts:
        yield from ("", "Nothing was charged.")
    for part in report.parts:
        yield from _in_currency(part)


def _in_currency(part: StatementPart) -> Iterator[str]:
    own = [[line.service or "not given", line.category, *_amounts(part, line.costs)] for line in part.lines]
    yield from _table(f"Own charges, {part.currency}", ("Service", "Category"), own)
    shared = [
        [line.rule or "no rule", how(line) + _share(part, line), *_amounts(part, line.costs)] for line in part.shared
    ]
    yield from _table(f"Shared costs, {part.currency}", ("Rule", "How"), shared)
    later = [
        [f"{line.corrects}, {line.service or 'not given'}", line.category, *_amounts(part, line.costs)]
        for line in part.corrections
    ]
    yield from _table(f"Corrections of closed months, {part.currency}", ("Corrects", "Category"), later)
    effective, billed = _amounts(part, part.total)
    yield from ("", f"**Total: {effective} effective cost, {billed} billed cost**")


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if not rows:
        return
    yield from ("", f"## {title}", "")
    yield f"| {' | '.join((*columns, 'Effective', 'Billed'))} |"
    yield f"|{'---|' * len(columns)}---:|---:|"
    yield from (f"| {' | '.join(_escaped(cell) for cell in row)} |" for row in rows)


def _share(part: StatementPart, line: SharedLine) -> str:
    return "" if line.share is None else f"; {percentage(line.share)} of {shown(line.whole, part.currency)}"


def _amounts(part: StatementPart, costs: Costs) -> list[str]:
    return [shown(amount, part.currency) for amount in (costs.effective, costs.billed)]


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
