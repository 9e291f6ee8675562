"""Jinja templates with everything escaped, and the words that they write values in."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from attributor.money import plain, total
from attributor.reports.lines import ratio, summed
from attributor.reports.rule_basis import method_words
from attributor.reports.statement_rows import how
from attributor.web import alert_lists, formats, period_words, reasons, rows, wording
from attributor.web.access.account import Account
from attributor.web.assets import Assets
from attributor.web.bars import budget_bar, share_bar

_FOLDER = Path(__file__).parent / "templates"


def nobody() -> None:
    """Say that nobody is signed in."""


class Templates:
    """Renders pages; `account` says who is signed in.

    A name that a template does not know is an error, never an empty place.
    """

    def __init__(self, company: str, assets: Assets, account: Callable[[], Account | None] = nobody) -> None:
        self._environment = environment(company, assets.address)
        self._environment.globals["account"] = account

    def page(self, name: str, context: Mapping[str, Any], status: int = 200) -> HTMLResponse:
        """Return a page."""
        text = self._environment.get_template(name).render(**context)
        return HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store"})


def environment(company: str, asset: Callable[[str], str]) -> Environment:
    """Return the templates with the words that all of them know; `asset` gives the address of a file."""
    made = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(_FUNCTIONS, company=company, asset=asset)
    made.filters.update(_FILTERS)
    made.tests["over_budget"] = rows.is_over
    return made


def script_json(value: Any) -> Markup:
    """Write JSON that can stand within <script>: nothing in it can end the element or begin a comment."""
    text = orjson.dumps(value).decode()
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - the characters that HTML would read are gone


_FUNCTIONS = {
    "all_else": reasons.all_else,
    "alert_address": alert_lists.address,
    "alert_anchor": alert_lists.anchor,
    "budget_bar": budget_bar,
    "compared_with": wording.compared_with,
    "comparison_notice": wording.comparison_notice,
    "first_rows": rows.first_rows,
    "how": how,
    "last_day": period_words.last_day,
    "leading": alert_lists.leading,
    "method_words": method_words,
    "movement": formats.movement,
    "not_drawn": wording.not_drawn,
    "owner_rows": rows.owner_rows,
    "pace_rows": rows.pace_rows,
    "reason": reasons.reason,
    "ratio": ratio,
    "share_bar": share_bar,
    "small_bars": alert_lists.small_bars,
    "summed": summed,
    "team_rows": rows.team_rows,
    "total": total,
}
_FILTERS = {
    "money": formats.money,
    "unit_price": formats.unit_price,
    "percentage": formats.percentage,
    "quantity": formats.quantity,
    "day": formats.day,
    "short_day": formats.short_day,
    "month": formats.month,
    "period": period_words.period,
    "short_period": period_words.short_period,
    "period_name": period_words.period_name,
    "sentence": period_words.sentence,
    "instant": formats.instant,
    "lag": formats.lag,
    "chart_label": formats.chart_label,
    "duration": formats.duration,
    "plain": plain,
    "script_json": script_json,
}
