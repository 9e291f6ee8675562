"""Every page in a real Chromium, light and dark, on desktop and phone: drawn, accessible, without a complaint."""

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
QUIET += ["--disable-sync", "--no-first-run", "--disable-quic"]
SIZES = {"desktop": {"width": 1360, "height": 900}, "phone": {"width": 390, "height": 844}}
PAGES = {
    "overview": "/",
    "overview of a closed month": "/?month=2026-10&basis=list",
    "overview of a quarter, grouped": "/?period=2026-Q4&group=provider&service=Amazon+EC2&service=Amazon+S3",
    "team": "/teams/research",
    "a team's week": "/teams/research?period=2026-W46&group=account",
    "unattributed": "/teams/unattributed",
    "gpus": "/gpus",
    "models": "/models?period=2026-Q4",
    "health": "/health",
    "unit costs": "/unit-costs",
    "budgets": "/budgets",
    "data quality": "/data-quality",
    "data quality of a quarter": "/data-quality?period=2026-Q4",
    "rules": "/rules",
    "alerts": "/alerts",
    "alerts that are over": "/alerts?status=resolved&team=search",
    "statements of a closed month": "/statements",
    "statement of a team": "/statements/2026-09/search",
    "draft of a cost center": "/statements/2026-11/cost-centers/",
    "why an alert was told": "/alerts/why?key=idle%3Aresearch",
    "empty month": "/?month=2026-05",
    "unknown team": "/teams/serch",
    "where all of it comes from": "/explain?period=2026-Q4&rule=shared+GPU+cluster",
    "where a team's cost comes from": "/explain?team=research",
    "where a day's cost comes from": "/explain?team=research&day=2026-11-03",
    "where nothing comes from": "/explain?team=research&month=2025-01",
}
SUB_TEAMS = {"platform", "support"}
OUTSIDE = """() => [...document.querySelectorAll('body, .panel, .kpi')].flatMap(card => {
  const edge = card.getBoundingClientRect().right - parseFloat(getComputedStyle(card).paddingRight) + 1.5;
  return [...card.querySelectorAll('table, svg, .alert-head, .legend')].filter(part => !part.closest('.scroll, .menu'))
    .filter(part => part.getBoundingClientRect().right > edge).map(part => `${card.className}: ${part.textContent}`);
})"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def address(company, make_site, teams) -> Iterator[str]:
    """The company, two of whose teams are part of a third."""
    parts = {name: replace(team, parent="research" if name in SUB_TEAMS else "") for name, team in teams.items()}
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(make_site(company, parts, explain=lambda _: ()), log_level="warning", lifespan="off")
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=20)
    listener.close()
    assert not thread.is_alive()


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator:
    """Open a path; every complaint of the page fails the test."""
    contexts, complaints = [], []

    def open_page(path: str, scheme: str = "light", size: str = "desktop") -> Page:
        context = browser.new_context(viewport=SIZES[size], color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address + path)
        page.wait_for_function("[...document.querySelectorAll('[data-chart]')].every(place => place.dataset.drawn)")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [text for text in complaints if "404 (Not Found)" not in text] == []


def _views() -> Iterator:
    """The pages with charts in every theme and size; the plain ones in each theme and each size once."""
    everything = [(scheme, size) for scheme in ("light", "dark") for size in SIZES]
    for name, path in PAGES.items():
        for scheme, size in everything if name in {"overview", "team"} else everything[1:3]:
            yield pytest.param(path, scheme, size, id=f"{name}, {scheme}, {size}")


@pytest.mark.parametrize(("path", "scheme", "size"), list(_views()))
def test_every_page_is_drawn_accessible_and_within_the_screen(open_page, path, scheme, size):
    page = open_page(path, scheme, size)
    assert page.locator("h1").count() == 1
    charts = page.locator("[data-chart]")
    assert page.locator("[data-chart] svg").count() == charts.count()
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]
    outside = "[...document.querySelectorAll('.panel')].filter(panel => panel.scrollWidth > panel.clientWidth).length"
    assert page.evaluate(outside) == 0
    violations = Axe().run(page).response["violations"]
    assert [(found["id"], found["nodes"][0]["html"]) for found in violations] == []


@pytest.mark.parametrize(
    "path", ["/", "/teams/research", "/teams/idle", "/health", "/statements", "/statements/2026-09/research"]
)
def test_nothing_leaves_its_card_at_any_width(open_page, path):
    page = open_page(path)
    page.evaluate("document.querySelectorAll('details:not(.menu)').forEach(part => { part.open = true; })")
    found = {}
    for width in range(360, 1601, 40):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(20)
        found[width] = page.evaluate(OUTSIDE)
    assert {width: names for width, names in found.items() if names} == {}
    page.evaluate("document.querySelector('.panel > table').style.minWidth = '2000px'")
    assert page.evaluate(OUTSIDE), "a table that is too wide would be found"


def test_everything_in_a_long_list_is_shown_on_request(open_page):
    page = open_page("/teams/research")
    last = page.get_by_text("GPU-0013 on gpu-04")
    assert not last.is_visible()
    page.get_by_text("Show all 14 parts").click()
    assert last.is_visible()


def test_details_of_a_team_begin_closed_on_a_phone_and_their_charts_are_drawn_when_opened(open_page):
    wide = open_page("/teams/research")
    assert wide.locator(".fold[open]").count() == wide.locator(".fold").count() > 5
    page = open_page("/teams/research", size="phone")
    assert page.locator(".fold[open]").count() == 0
    assert page.get_by_role("heading", name="What moved, and why").is_visible()
    page.get_by_role("heading", name="By week").click()
    page.wait_for_function("document.querySelector('[data-chart=weekly] svg').getBoundingClientRect().width > 200")
    page.get_by_role("heading", name="By service").click()
    assert page.locator("#by-service").is_visible()


def test_pointing_at_a_node_of_the_flow_shows_its_ribbons_alone_and_so_does_the_keyboard(open_page):
    page = open_page("/")
    opacity = "marks => getComputedStyle(document.querySelector(marks)).opacity"
    rule = page.locator("a.flow-mark.r0")
    assert page.evaluate(opacity, ".ribbon:not(.r0)") == page.evaluate(opacity, ".ribbon.r0") == "0.28"
    rule.hover()
    assert page.evaluate(opacity, ".ribbon.r0") == "0.55"
    assert page.evaluate(opacity, ".ribbon:not(.r0)") == "0.05"
    page.mouse.move(0, 0)
    rule.focus()
    page.keyboard.press("Tab")
    mark = page.evaluate("document.activeElement.classList[1]")
    assert mark == "r1"
    assert page.evaluate(opacity, ".ribbon.r1") == "0.55"
    assert page.evaluate(opacity, ".ribbon.r0:not(.r1)") == "0.05"


def test_an_alert_is_told_in_a_line_and_in_full_on_request(open_page):
    page = open_page("/")
    summary = page.get_by_text("Nothing for two days.")
    assert not summary.is_visible()
    page.get_by_text("gcp is silent").click()
    assert summary.is_visible()


def test_a_fault_planted_in_a_page_would_be_found(open_page):
    page = open_page("/health")
    page.evaluate("document.querySelector('[data-theme-button] span').remove()")
    assert "button-name" in {found["id"] for found in Axe().run(page).response["violations"]}


def test_the_overview_and_the_teams_have_charts_with_marks(open_page):
    page = open_page("/")
    assert page.locator("#main [data-chart=spend-by-day] svg path[aria-roledescription=bar]").count() > 50
    page = open_page("/teams/search")
    assert page.locator("[data-chart]").count() == 3
    assert page.locator("[data-chart=daily] svg path[aria-roledescription=bar]").count() == 18


def test_hovering_a_bar_tells_its_day_and_cost(open_page):
    page = open_page("/teams/search")
    page.locator("[data-chart=daily] svg path[aria-roledescription=bar]").first.hover(force=True)
    page.wait_for_selector("#vg-tooltip-element.visible")
    assert "1 Nov" in page.locator("#vg-tooltip-element").inner_text()


def test_the_chosen_theme_stays_on_the_next_page(open_page):
    page = open_page("/")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    axis = "getComputedStyle(document.querySelector('[data-chart] .role-axis-label text')).fill"
    light_axis = page.evaluate(axis)
    page.get_by_role("button", name="Switch between light and dark").click()
    dark = page.evaluate(ground)
    assert dark != light
    page.wait_for_function(f"{axis} !== '{light_axis}'")
    page.get_by_text("More", exact=True).click()
    page.get_by_role("link", name="Health").click()
    page.wait_for_url("**/health*")
    assert page.evaluate(ground) == dark


def test_a_keyboard_reaches_the_content_and_the_teams(open_page):
    page = open_page("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.locator(".places .menu > summary").first.focus()
    page.keyboard.press("Enter")
    assert page.get_by_role("navigation", name="Main").get_by_role("link", name="Ads").is_visible()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    assert not page.get_by_role("navigation", name="Main").get_by_role("link", name="Ads").is_visible()


def test_without_javascript_the_numbers_are_there(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/teams/search")
    page.get_by_text("Cost by day as a table").click()
    assert page.get_by_role("rowheader", name="17 Nov").first.is_visible()
    context.close()


def test_a_reader_gets_from_the_overview_to_a_team_and_to_another_month(open_page):
    page = open_page("/")
    page.get_by_role("main").get_by_role("link", name="Research").first.click()
    page.wait_for_url("**/teams/research*")
    page.get_by_role("link", name="The month before").click()
    page.wait_for_url("**/teams/research?month=2026-10")
    assert page.get_by_text("October 2026", exact=True).first.is_visible()
