"""Charts are valid Vega-Lite, pictures are PNG, colours hold from page to page and are readable."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import altair as alt
import pytest
from starlette.testclient import TestClient

from attributor.periods import Month
from attributor.reports.overview import overview
from attributor.reports.team import team_report
from attributor.reports.view import View
from attributor.web import formats, palette
from attributor.web.bars import share_bar
from attributor.web.charts import period_so_far, spend_by_day, team_by_day, team_by_week
from attributor.web.running import running
from attributor.web.stacks import stack
from rules.ruleset import Team

pytestmark = pytest.mark.slow

SITE_CSS = Path(palette.__file__).parent / "static" / "site.css"
VIEW = View(Month(2026, 11), datetime(2026, 11, 18, 9, 30, tzinfo=UTC))


def test_every_chart_is_valid_vega_lite(company, teams):
    team = team_report(company, teams, "search", VIEW)
    alt.Chart.from_dict(spend_by_day(overview(company, teams, VIEW), teams), validate=True)
    alt.LayerChart.from_dict(team_by_day(team, teams), validate=True)
    alt.LayerChart.from_dict(period_so_far(team, teams), validate=True)
    alt.Chart.from_dict(team_by_week(team, teams), validate=True)


def test_a_team_by_day_is_a_picture_for_messages(company, make_site):
    answer = TestClient(make_site(company)).get("/charts/teams/search/daily.png?month=2026-11")
    assert answer.headers["content-type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG\r\n")
    assert TestClient(make_site(company)).get("/charts/teams/nobody/daily.png").status_code == 404


def test_the_stack_sums_to_the_total_even_where_small_teams_are_one(company, teams):
    report = overview(company, teams, VIEW)
    shown = stack(report, teams)
    assert sum(cost for _, costs in shown.days for cost in costs) == report.total


def test_the_running_total_ends_at_the_total(company, teams):
    report = team_report(company, teams, "search", VIEW)
    totals = [day.this_period for day in running(report) if day.this_period is not None]
    assert totals[-1] == report.total


def test_a_team_keeps_its_colour_when_another_is_added_at_the_end():
    few = {name: Team(name) for name in ("a", "b")}
    more = few | {"c": Team("c")}
    assert [palette.slot(few, name) for name in few] == [palette.slot(more, name) for name in few] == ["1", "2"]
    assert palette.slot(few, "gone") == palette.slot(more, "gone")
    assert palette.slot(few, "unattributed") == "unattributed"


def _pairs() -> dict[str, tuple[str, str]]:
    found = re.findall(r"(--[a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", SITE_CSS.read_text())
    return {name: (light, dark) for name, light, dark in found}


def test_pictures_have_the_colours_of_light_pages():
    assert {name: light for name, (light, _) in _pairs().items() if name in palette.LIGHT} == palette.LIGHT


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_has_the_contrast_that_wcag_asks_for(theme):
    colours = {name: pair[theme] for name, pair in _pairs().items()}
    on_surface = ("--text", "--text-muted", "--accent", "--up", "--down", "--critical")
    pairs = [(text, ground) for text in on_surface for ground in ("--surface", "--page")]
    pairs += [(f"--{name}", f"--{name}-soft") for name in ("good", "warning", "critical", "accent")]
    pairs += [("--text-muted", "--sunken"), ("--text", "--sunken"), ("--text", "--warning-soft")]
    assert [pair for pair in pairs if _contrast(colours[pair[0]], colours[pair[1]]) < 4.5] == []


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_series_stand_out_from_the_surface(theme):
    colours = {name: pair[theme] for name, pair in _pairs().items()}
    faint = [n for n in range(1, 9) if _contrast(colours[f"--series-{n}"], colours["--surface"]) < 2.9]
    assert faint == []


@pytest.mark.parametrize(
    ("amount", "decimals", "text"),
    [
        ("1234.5", 2, "$1,234.50"),
        ("-1234.5", 0, "−$1,234"),
        ("0.4", 0, "$0.40"),
        ("0.000000000001", 2, "<$0.01"),
        ("-0.001", 2, ">−$0.01"),
        ("0", 0, "$0"),
        ("1000000000", 0, "$1,000,000,000"),
    ],
)
def test_amounts_that_are_not_nothing_never_read_as_nothing(amount, decimals, text):
    assert formats.money(Decimal(amount), "USD", decimals) == text


@pytest.mark.parametrize(
    ("change", "previous", "written"),
    [
        ("10", "100", ("up", "+$10.00", "+10 %")),
        ("-25", "100", ("down", "−$25.00", "−25 %")),
        ("0", "100", ("level", "no change", "")),
        ("5", "0", ("up", "+$5.00", "new")),
        ("-5", "0", ("down", "−$5.00", "")),
        ("300", "100", ("up", "+$300.00", "+300 %")),
    ],
)
def test_changes_are_written_with_sign_and_direction(change, previous, written):
    found = formats.movement(Decimal(change), Decimal(previous), "USD")
    assert (found.direction, found.amount, found.percent) == written


def test_quantities_are_short_and_lags_are_in_days():
    numbers = ("0", "1.256", "12.34", "940", "1500", "2540000", "3000000000")
    assert [formats.quantity(Decimal(number)) for number in numbers] == [
        "0",
        "1.26",
        "12.3",
        "940",
        "1.5k",
        "2.54M",
        "3B",
    ]
    assert [formats.lag(hours) for hours in (0, 23, 24, 53)] == ["under 1 h", "23 h", "1 d", "2 d 5 h"]


def test_a_bar_never_leaves_its_place():
    assert share_bar(Decimal(5), Decimal(5)) == "100.0"
    assert share_bar(Decimal(-5), Decimal(5)) == "0"
    assert share_bar(Decimal(5), Decimal(0)) == "0"
