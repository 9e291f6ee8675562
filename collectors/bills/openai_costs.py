"""The collector type `openai-costs`: what OpenAI bills an organization for, by the day."""

from collections.abc import Iterator
from functools import partial

from collectors.api.asked import AskedOptions, ages
from collectors.api.buckets import BucketQuery, Result, ask_buckets
from collectors.api.collector import Answered, ApiCollector, ApiSource
from collectors.api.openai import BOUNDS, PERMISSION, URL, VARIABLE
from collectors.api.results import ResultError, rows_of_buckets, text_or_none
from collectors.api.rows import Row
from collectors.api.session import Session
from collectors.api.windows import DAY
from collectors.base import Collector, CollectorType, Option, SourceSettings, Window
from collectors.bills.model_rows import Account, Line, amount_of, charge
from collectors.http import Server
from collectors.options import choice, option_texts

_ASKED = AskedOptions(URL, VARIABLE, restates="7d", settles="6h")
_OPTIONS = (
    *_ASKED.options(),
    Option("organization", "The id of the organization; without it the source's name.", "org-abc123"),
    Option("by_key", "Whether costs are told by API key.", "false", kind="boolean", default="true"),
)
_PATH = "organization/costs"
_MOST_DAYS = 180
_UNITS = {
    "tokens": "Tokens",
    "1000_tokens": "1000 Tokens",
    "duration_seconds": "Seconds",
    "duration_minutes": "Minutes",
    "duration_hours": "Hours",
    "gibibyte_hours": "GiB-Hours",
    "images": "Images",
    "characters": "Characters",
}
"""As FOCUS spells units; others stay as they are."""
_NAMING = ("project_id", "line_item", "api_key_id")


def _build(settings: SourceSettings) -> Collector:
    texts = option_texts(settings, _OPTIONS)
    keys = ("api_key_id",) if choice("by_key", texts["by_key"], ("true", "false")) == "true" else ()
    account = Account("OpenAI", "OpenAI API", texts.get("organization", settings.name), "Project")
    query = BucketQuery(_PATH, BOUNDS, DAY, _MOST_DAYS, ("project_id", "line_item", *keys), _NAMING)
    age = ages(texts)
    return ApiCollector(
        ApiSource(
            settings,
            "charges",
            Server(texts["url"], bearer_token=_ASKED.admin_key(texts)),
            partial(_fetch, query=query, account=account),
            PERMISSION,
            unit=DAY,
            backfill=age.backfill,
            restates=age.restates,
            settles=age.settles,
        )
    )


def _fetch(session: Session, window: Window, query: BucketQuery, account: Account) -> Iterator[Answered]:
    buckets = ask_buckets(session, query, window)
    place = f"{session.server.shown}/{_PATH}"
    for day, rows in rows_of_buckets(place, buckets, lambda day, result: [_row(day, result, account)]).items():
        yield Answered(day, rows)


def _row(day: Window, result: Result, account: Account) -> Row:
    amount = result.get("amount")
    if not isinstance(amount, dict):
        raise ResultError("amount", amount, "is not there with a value and a currency")
    project, item = text_or_none(result, "project_id"), text_or_none(result, "line_item")
    model, meter = _parsed(item)
    tags = {"project": project, "api_key": text_or_none(result, "api_key_id"), "model": model}
    quantity = result.get("quantity")
    unit = text_or_none(result, "quantity_unit")
    line = Line(
        amount_of("amount.value", amount.get("value")),
        text_or_none(amount, "currency") or "",
        item,
        meter,
        {name: value for name, value in tags.items() if value},
        None if quantity is None or unit is None else amount_of("quantity", quantity),
        _UNITS.get(unit or "", unit),
    )
    return charge(account, line, day, project)


def _parsed(item: str | None) -> tuple[str | None, str | None]:
    """Part "gpt-5, input_tokens" into model and meter; any other line item is a meter alone."""
    model, comma, meter = (item or "").rpartition(", ")
    return (model.strip(), meter.strip()) if comma else (None, item)


TYPE = CollectorType(
    name="openai-costs",
    table="charges",
    summary="What OpenAI bills an organization for, by day, project, line item and API key.",
    options=_OPTIONS,
    build=_build,
)
