"""Every billing mistake that is listed, and every bill, has its tests: docs/billing-mistakes.md names them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from attributor.app.configuration import known_types

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "billing-mistakes.md"
MISTAKES = 26
_NAMED = re.compile(r"`(tests/[\w/]+\.py)?::(test_\w+)`")


def rows(first: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each row of a table: what stands first, which is what the pattern says, and its other cells."""
    for line in DOCUMENT.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) > 2 and re.fullmatch(first, cells[0]):
            yield cells[0], cells[1:]


def named_in(text: str) -> list[tuple[str, str]]:
    """Return the tests that a row names; one without a file is of the file before it."""
    found: list[tuple[str, str]] = []
    for file, name in _NAMED.findall(text):
        found.append((file or found[-1][0], name))
    return found


MISTAKE_ROWS = [pytest.param(number, cells, id=number) for number, cells in rows(r"\d+")]
EXPORT_ROWS = [pytest.param(name, cells, id=name) for name, cells in rows(r"`[a-z-]+`")]


def is_there(file: str, name: str) -> bool:
    return re.search(rf"^def {name}\(", (ROOT / file).read_text(), re.MULTILINE) is not None


@pytest.mark.parametrize(("number", "cells"), MISTAKE_ROWS)
def test_every_mistake_has_tests_that_are_there(number: str, cells: list[str]) -> None:
    named = named_in(cells[-1])
    assert named
    assert [test for test in named if not is_there(*test)] == []


def test_all_mistakes_are_listed_once_in_their_order() -> None:
    assert [param.values[0] for param in MISTAKE_ROWS] == [f"{number}" for number in range(1, MISTAKES + 1)]


@pytest.mark.parametrize(("name", "cells"), EXPORT_ROWS)
def test_every_export_is_cut_shuffled_and_mixed_by_tests_that_are_there(name: str, cells: list[str]) -> None:
    assert len(cells) == 3
    named = [named_in(" ".join(cells[: column + 1])) for column in range(3)]
    assert len(named[0]) < len(named[1]) < len(named[2])
    assert [test for test in named[-1] if not is_there(*test)] == []


def test_every_bill_is_among_the_exports() -> None:
    bills = {name for name, kind in known_types().collectors.items() if kind.table == "charges"}
    assert bills - {param.values[0].strip("`") for param in EXPORT_ROWS} == set()
