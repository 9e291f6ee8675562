"""A made-up provider with daily costs behind a paged API, and its whole collector: what a new one looks like."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from recorded_api import Answer, Asked

from collectors.api.collector import Answered, ApiCollector, ApiSource
from collectors.api.pages import Page, walk
from collectors.api.session import Session, Terms
from collectors.api.windows import DAY, pieces
from collectors.base import Collector, CollectorType, Option, SourceSettings, Window
from collectors.http import Retries, Server
from collectors.options import duration, option_texts

_OPTIONS = (
    Option("url", "The address of the API.", "https://api.example.com", kind="url", required=True),
    Option("backfill", "How far back the first reading goes.", "13mo", kind="duration", default="31d"),
)


def _build(settings: SourceSettings) -> Collector:
    texts = option_texts(settings, _OPTIONS)
    headers = {"x-api-key": "first"}
    server = Server(texts["url"], headers=headers, retries=Retries(first_wait=0.01))
    terms = Terms(price=Decimal("0.01"), most=200, refresh=lambda: {"x-api-key": "second"})
    backfill = duration("backfill", texts["backfill"])
    return ApiCollector(
        ApiSource(settings, "charges", server, _fetch, "costs.read", piece=31 * DAY, backfill=backfill, terms=terms)
    )


def _fetch(session: Session, window: Window) -> Iterator[Answered]:
    """Ask for the days of a window; a page may end within a day."""
    items = [item for page in walk(lambda token: _page(session, window, token), session.server.shown) for item in page]
    for day in pieces(window, DAY):
        rows = [_row(item, day) for item in items if item["day"] == f"{day.start:%Y-%m-%d}"]
        yield Answered(day, rows)


def _page(session: Session, window: Window, token: str | None) -> Page:
    params = {"from": f"{window.start:%Y-%m-%d}", "until": f"{window.end:%Y-%m-%d}", "page": token or "1"}
    answer = session.get("v1/costs", params)
    return Page(answer["items"], answer.get("next"), answer.get("total"), of_all=True)


def _row(item: dict[str, object], day: Window) -> dict[str, object]:
    return {
        "BilledCost": item["cost"],
        "BillingCurrency": "USD",
        "ChargePeriodStart": day.start,
        "ChargePeriodEnd": day.end,
        "ServiceName": item["service"],
        "Tags": {"project": item["project"]},
    }


TYPE = CollectorType("made-up", "charges", "Costs of a made-up provider.", _OPTIONS, _build)


def costs_of(asked: Asked, a_page: int = 40) -> Answer:
    """Answer as the provider does: every day costs its day of the month, for one project."""
    day, until = (datetime.fromisoformat(asked.query[key]) for key in ("from", "until"))
    items = []
    while day < until:
        items.append({"day": f"{day:%Y-%m-%d}", "cost": f"{day.day}.01", "service": "chat", "project": "search"})
        day += timedelta(days=1)
    page = int(asked.query["page"])
    following = str(page + 1) if page * a_page < len(items) else None
    return Answer({"items": items[(page - 1) * a_page : page * a_page], "next": following, "total": len(items)})
