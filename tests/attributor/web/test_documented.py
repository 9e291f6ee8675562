"""A route that nobody can read about does not exist."""

from pathlib import Path

from attributor.web.queries import read_view

PAGES = Path(__file__).parents[3] / "docs" / "pages.md"


def test_every_route_is_documented(company, make_site):
    text = PAGES.read_text()
    site = make_site(company)
    paths = [route.path.replace("{team:path}", "{team}") for route in site.routes]
    assert "/teams/{team}.json" in paths
    assert set(site.openapi()["paths"]) < set(paths)
    assert [path for path in paths if f"`{path}`" not in text] == []


def test_every_parameter_is_documented():
    assert read_view.__doc__ is not None
    assert [name for name in ("month", "basis", "currency") if f"| `{name}` |" not in PAGES.read_text()] == []
