"""Each source's page tells every option, and what the collector says of itself."""

from pathlib import Path

import pytest

from collectors.registry import load_types

PAGES = Path(__file__).parents[2] / "docs" / "sources"


@pytest.mark.parametrize("name", ["focus", "usage", "prometheus"])
def test_every_option_is_on_the_page_with_its_default(name: str) -> None:
    page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    for option in load_types()[name].options:
        rows = [line for line in page.splitlines() if line.startswith(f"| `{option.name}` |")]
        assert len(rows) == 1, f"{option.name} has no row in the table of options"
        assert option.default is None or f"`{option.default}`" in rows[0]
    assert "least" in page.lower(), "the page says which permissions suffice"
