"""A route that nobody can read about does not exist."""

from pathlib import Path

from fastapi.routing import APIRoute, iter_route_contexts

from attributor.web.queries import read_view

PAGES = Path(__file__).parents[3] / "docs" / "pages.md"


def test_every_route_is_documented(company, make_site):
    text = PAGES.read_text()
    site = make_site(company)
    paths = [of.path_format for of in iter_route_contexts(site.routes) if isinstance(of.original_route, APIRoute)]
    assert "/teams/{team}.json" in paths
    assert set(site.openapi()["paths"]) < set(paths)
    assert [path for path in paths if f"`{path}`" not in text] == []


def test_every_parameter_is_documented():
    assert read_view.__doc__ is not None
    text, names = PAGES.read_text(), ("month", "period", "group", "basis", "currency")
    assert [name for name in names if f"| `{name}` |" not in text] == []
