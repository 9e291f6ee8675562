"""Each source's page tells every option, and what the collector says of itself."""

from pathlib import Path

import pytest

from collectors.base import Option
from collectors.registry import installed_types
from collectors.storage.access import ACCESS_OPTIONS

PAGES = Path(__file__).parents[2] / "docs" / "sources"


@pytest.mark.parametrize("name", sorted(installed_types().loaded))
def test_every_option_is_on_the_page_with_its_default(name: str) -> None:
    page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    options = installed_types().loaded[name].options
    shared = set(ACCESS_OPTIONS) & set(options)
    assert not shared or "](paths.md" in page, "the page links to what is said of every path"
    for option in options:
        if option not in shared:
            assert_row(page, option)
    assert "least permissions" in page.lower(), "the page says which permissions suffice"
    assert "cost of asking" in page.lower(), "the page says what reading costs"


@pytest.mark.parametrize("option", ACCESS_OPTIONS, ids=lambda option: option.name)
def test_the_options_of_every_path_are_on_one_page(option: Option) -> None:
    assert_row((PAGES / "paths.md").read_text(encoding="utf-8"), option)


def assert_row(page: str, option: Option) -> None:
    rows = [line for line in page.splitlines() if line.startswith(f"| `{option.name}` |")]
    assert len(rows) == 1, f"{option.name} has no row in the table of options"
    assert option.default is None or f"`{option.default}`" in rows[0]
