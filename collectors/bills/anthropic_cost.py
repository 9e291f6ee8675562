"""The collector type `anthropic-cost`: what Anthropic bills a Claude organization for, by the day."""

from collections.abc import Iterator

from collectors.api.anthropic import BOUNDS, DEFAULT_WORKSPACE, PERMISSION, URL, VARIABLE, anthropic_server
from collectors.api.asked import AskedOptions, ages
from collectors.api.buckets import BucketQuery, Result, ask_buckets
from collectors.api.collector import Answered, ApiCollector, ApiSource
from collectors.api.results import ResultError, rows_of_buckets, text_or_none
from collectors.api.rows import Row
from collectors.api.session import Session
from collectors.api.windows import DAY
from collectors.base import Collector, CollectorType, Option, SourceSettings, Window
from collectors.bills.model_rows import Account, Line, amount_of, charge
from collectors.options import option_texts
from collectors.values.written import EXACT

_ASKED = AskedOptions(URL, VARIABLE, restates="7d", settles="6h")
_OPTIONS = (
    *_ASKED.options(),
    Option("organization", "The id of the organization; without it the source's name.", "f3a1-4c2e"),
)
_PATH = "v1/organizations/cost_report"
_MOST_DAYS = 31
_PARSED = ("model", "service_tier", "context_window", "inference_geo")
_NAMING = ("workspace_id", "description", "cost_type", "token_type", *_PARSED)
_QUERY = BucketQuery(_PATH, BOUNDS, DAY, _MOST_DAYS, ("workspace_id", "description"), _NAMING)


def _build(settings: SourceSettings) -> Collector:
    texts = option_texts(settings, _OPTIONS)
    account = Account("Anthropic", "Claude API", texts.get("organization", settings.name), "Workspace")
    age = ages(texts)
    return ApiCollector(
        ApiSource(
            settings,
            "charges",
            anthropic_server(texts["url"], _ASKED.admin_key(texts)),
            lambda session, window: _fetch(session, window, account),
            PERMISSION,
            unit=DAY,
            backfill=age.backfill,
            restates=age.restates,
            settles=age.settles,
        )
    )


def _fetch(session: Session, window: Window, account: Account) -> Iterator[Answered]:
    buckets = ask_buckets(session, _QUERY, window)
    place = f"{session.server.shown}/{_PATH}"
    rows_by_day = rows_of_buckets(place, buckets, lambda day, result: [row_of_result(day, result, account)])
    for day, rows in rows_by_day.items():
        yield Answered(day, rows)


def row_of_result(day: Window, result: Result, account: Account) -> Row:
    """Return the charge of a result, whose amount is in cents, with decimals; raise ResultError where it is none."""
    cents = result.get("amount")
    if not isinstance(cents, str):
        # A number may be a change of unit: dollars taken for cents would be a hundredth of the bill.
        raise ResultError("amount", cents, "is no text with cents, as Anthropic gives amounts")
    workspace = text_or_none(result, "workspace_id") or DEFAULT_WORKSPACE
    parsed = {name: text_or_none(result, name) for name in _PARSED}
    if parsed["inference_geo"] == "not_available":
        parsed["inference_geo"] = None
    line = Line(
        EXACT.scaleb(amount_of("amount", cents), -2),
        text_or_none(result, "currency") or "",
        text_or_none(result, "description"),
        text_or_none(result, "token_type") or text_or_none(result, "cost_type"),
        {"workspace": workspace, **{name: value for name, value in parsed.items() if value}},
    )
    return charge(account, line, day, workspace)


TYPE = CollectorType(
    name="anthropic-cost",
    table="charges",
    summary="What Anthropic bills a Claude organization for, by day, workspace and kind of cost.",
    options=_OPTIONS,
    build=_build,
)
