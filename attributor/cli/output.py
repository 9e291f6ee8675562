"""What commands write: tables for people, JSON and CSV for programs. Standard output holds the document alone."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from attributor.reports.cells import csv_text

Rows = Sequence[Mapping[str, Any]]
_UNFOLDED = 10_000


def write_json(document: object) -> None:
    """Write a JSON document."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def write_csv(columns: Sequence[str], rows: Rows) -> None:
    """Write rows with a header; cells that a spreadsheet would read as a formula are made text."""
    click.echo(csv_text(columns, rows), nl=False)


def write_table(title: str, columns: Sequence[str], rows: Rows, right: Sequence[str] = ()) -> None:
    """Draw a table on standard output; columns named in `right` are aligned to the right.

    On a terminal long cells are folded; in a pipe or a file they stay whole, so that they can be searched for.
    """
    table = Table(header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(visible(str(row.get(column, ""))) for column in columns))
    click.echo(title)
    Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else _UNFOLDED).print(table)


def visible(text: str) -> str:
    """Return the text without characters that a terminal would obey instead of showing: bills may hold any."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def say(text: str) -> None:
    """Tell the person at the terminal something, on standard error."""
    click.echo(text, err=True)
