"""Charts as Vega-Lite documents; the same function draws a chart for the page and for the picture in a message.

Amounts become floats here and only here, for drawing: what is read as a number is written beside them as text.
"""

from collections.abc import Mapping
from typing import Any

from attributor.periods import Month, Period, days_between
from attributor.reports.overview import Overview
from attributor.reports.team import TeamReport
from attributor.web.controls import dimension_name
from attributor.web.formats import money, short_day
from attributor.web.palette import colour
from attributor.web.period_words import period_name
from attributor.web.running import running
from attributor.web.stacks import stack
from rules.ruleset import Team

Spec = dict[str, Any]
_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
_HEIGHT = 240
_FADED: Spec = {"condition": {"test": "datum.whole", "value": 1}, "value": 0.45}
"""Days that not every source has told of are drawn faint."""
_X_AXIS: Spec = {"title": None, "grid": False, "ticks": False, "labelPadding": 8}


def spend_by_day(report: Overview, teams: Mapping[str, Team]) -> Spec:
    """Return the period's days stacked by team, or by what the report is grouped by.

    Usage only, because one purchase would dwarf every other day.
    """
    shown, currency = stack(report, teams, usage_only=True), report.heading.currency
    values = [
        {
            "day": day.isoformat(),
            "whole": day < report.heading.whole_until,
            "series": layer.name,
            "rank": rank,
            "cost": float(cost),
            "Day": short_day(day),
            "Cost": money(cost, currency),
        }
        for day, costs in shown.days
        for rank, (layer, cost) in enumerate(zip(shown.layers, costs, strict=True))
        if cost
    ]
    paints = [f"var(--series-{layer.slot})" for layer in shown.layers]
    palette = {"domain": [layer.name for layer in shown.layers], "range": paints}
    what = "Team" if report.grouping is None else dimension_name(report.grouping.by)
    return {
        **_base(values),
        "mark": {"type": "bar", "stroke": "var(--surface)", "strokeWidth": 0.5},
        "encoding": {
            "x": _day_axis(report.heading.period),
            "y": _money_axis("cost", currency),
            "color": {"field": "series", "type": "nominal", "scale": palette, "legend": None},
            "order": {"field": "rank", "type": "quantitative"},
            "opacity": _FADED,
            "tooltip": [{"field": "series", "title": what}, {"field": "Day"}, {"field": "Cost"}],
        },
    }


def team_by_day(report: TeamReport, teams: Mapping[str, Team]) -> Spec:
    """Return a team's days of usage as bars; a dashed rule shows what a day may cost on average to keep the budget."""
    currency, period = report.heading.currency, report.heading.period
    values = [
        {"day": point.day.isoformat(), "cost": float(point.usage), "whole": point.day < report.heading.whole_until}
        | {"Day": short_day(point.day), "Cost": money(point.usage, currency)}
        for point in report.days
    ]
    bars = {
        "mark": {"type": "bar", "cornerRadiusEnd": 2, "color": colour(teams, report.team)},
        "encoding": {
            "x": _day_axis(period),
            "y": _money_axis("cost", currency),
            "opacity": _FADED,
            "tooltip": [{"field": "Day"}, {"field": "Cost"}],
        },
    }
    budget = report.budget
    pace = [] if budget is None else _rule(float(budget.budget) / period.days, "budget a day")
    return {**_base(values), "layer": [bars, *pace]}


def team_by_week(report: TeamReport, teams: Mapping[str, Team]) -> Spec:
    """Return a team's weeks of usage as bars, by their Mondays; weeks that are not whole are drawn faint."""
    currency = report.heading.currency
    values = [
        {"day": week.first.isoformat(), "cost": float(week.usage), "whole": week.is_whole}
        | {"Week from": short_day(week.first), "Cost": money(week.usage, currency)}
        for week in report.weeks
    ]
    mondays = [value["day"] for value in values]
    label = "utcFormat(toDate(datum.value), '%-d %b')"
    axis = {**_X_AXIS, "values": mondays[:: max(len(mondays) // 5, 1)], "labelExpr": label, "labelAngle": 0}
    return {
        **_base(values),
        "mark": {"type": "bar", "cornerRadiusEnd": 2, "color": colour(teams, report.team)},
        "encoding": {
            "x": {"field": "day", "type": "ordinal", "scale": {"domain": mondays, "paddingInner": 0.25}, "axis": axis},
            "y": _money_axis("cost", currency),
            "opacity": _FADED,
            "tooltip": [{"field": "Week from"}, {"field": "Cost"}],
        },
    }


def period_so_far(report: TeamReport, teams: Mapping[str, Team]) -> Spec:
    """Return the period's running total beside the previous one's, with the budget and the forecast of a month.

    A previous period whose first days are not known is left out: its running total would begin too low.
    """
    heading, paint = report.heading, colour(teams, report.team)
    this, previous = (period_name(period) for period in (heading.period, heading.comparison.period))
    x, y = _number_of_day_axis(heading.period), _money_axis("total", heading.currency)
    palette = {"domain": [this, previous], "range": [paint, "var(--series-unattributed)"]}
    color = {"field": "series", "type": "nominal", "scale": palette, "legend": None}
    dashes = {"domain": [this, previous], "range": [[1, 0], [5, 3]]}
    dash = {"field": "series", "type": "nominal", "scale": dashes, "legend": None}
    tooltip = [{"field": "series", "title": "Period"}, {"field": "number", "title": "Day"}, {"field": "Total"}]
    budget = report.budget
    return {
        **_base(_running_points(report, this, previous)),
        "layer": [
            {
                "mark": {"type": "line", "strokeWidth": 2.5, "point": {"size": 12, "opacity": 0}},
                "encoding": {"x": x, "y": y, "color": color, "strokeDash": dash, "tooltip": tooltip},
            },
            _name_at_end(this, paint, above=True),
            *([_name_at_end(previous, "var(--text-muted)", above=False)] if heading.comparison.begins else []),
            *([] if budget is None else _rule(float(budget.budget), "budget")),
            *_forecast(report, paint),
        ],
    }


def _name_at_end(series: str, paint: str, *, above: bool) -> Spec:
    """Return the name of a line at its last point, above or below it."""
    last = {"aggregate": [{"op": "argmax", "field": "number", "as": "last"}], "groupby": ["series"]}
    text = {"type": "text", "align": "right", "dx": 2, "dy": -12 if above else 30, "fontSize": 12, "fontWeight": 600}
    return {
        "transform": [{"filter": {"field": "series", "equal": series}}, last],
        "mark": {**text, "color": paint},
        "encoding": {
            "x": {"field": "last.number", "type": "quantitative"},
            "y": {"field": "last.total", "type": "quantitative"},
            "text": {"field": "series"},
        },
    }


def _running_points(report: TeamReport, this: str, previous: str) -> list[Spec]:
    return [
        {"number": day.number, "series": name, "total": float(amount), "Total": money(amount, report.heading.currency)}
        for day in running(report)
        for name, amount in ((previous, day.previous_period), (this, day.this_period))
        if amount is not None
    ]


def _forecast(report: TeamReport, paint: str) -> list[Spec]:
    outlook, heading = report.forecast, report.heading
    if outlook is None:
        return []
    low, high = (money(amount, heading.currency, 0) for amount in (outlook.low, outlook.high))
    point = {
        "number": heading.period.days,
        "amount": float(outlook.amount),
        "low": float(outlook.low),
        "high": float(outlook.high),
        "Forecast": money(outlook.amount, heading.currency, 0),
        "Likely": f"{low} to {high}",
    }
    data, x = {"values": [point]}, {"field": "number", "type": "quantitative"}
    tooltip = [{"field": "Forecast"}, {"field": "Likely", "title": "80 % interval"}]
    interval = {"x": x, "y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}, "tooltip": tooltip}
    amount = {"x": x, "y": {"field": "amount", "type": "quantitative"}, "tooltip": tooltip}
    return [
        {
            "data": data,
            "mark": {"type": "rule", "strokeWidth": 6, "color": paint, "opacity": 0.35},
            "encoding": interval,
        },
        {
            "data": data,
            "mark": {"type": "point", "filled": True, "size": 70, "color": paint, "opacity": 1},
            "encoding": amount,
        },
    ]


def _rule(amount: float, label: str) -> list[Spec]:
    """Return a dashed line with its name; the name has a rim in the surface's colour, so that bars do not hide it."""
    y = {"field": "at", "type": "quantitative"}
    data = {"values": [{"at": amount, "label": label}]}
    line = {"type": "rule", "strokeDash": [4, 4], "strokeWidth": 1.5, "color": "var(--text-muted)"}
    text = {"type": "text", "align": "right", "baseline": "bottom", "x": "width", "dy": -3, "fontSize": 11}
    rim = {**text, "stroke": "var(--surface)", "strokeWidth": 4, "strokeJoin": "round"}
    named = {"y": y, "text": {"field": "label"}}
    return [
        {"data": data, "mark": line, "encoding": {"y": y}},
        {"data": data, "mark": rim, "encoding": named},
        {"data": data, "mark": {**text, "color": "var(--text)"}, "encoding": named},
    ]


def _base(values: list[Spec]) -> Spec:
    return {"$schema": _SCHEMA, "height": _HEIGHT, "data": {"values": values}}


def _day_axis(period: Period) -> Spec:
    days = [day.isoformat() for day in days_between(period.first, period.end)]
    label = "utcFormat(toDate(datum.value), '%-d %b')"
    axis = {**_X_AXIS, "values": days[:: _step(period)], "labelExpr": label, "labelAngle": 0}
    return {"field": "day", "type": "ordinal", "scale": {"domain": days, "paddingInner": 0.25}, "axis": axis}


def _number_of_day_axis(period: Period) -> Spec:
    """Return the axis of days counted from 1: a month is drawn as long as the longest, so that two compare."""
    is_month = isinstance(period, Month)
    label = f"datum.value + ' {period.first:%b}'" if is_month else "'day ' + datum.value"
    axis = {**_X_AXIS, "values": list(range(1, period.days + 1, _step(period))), "labelExpr": label}
    scale = {"domain": [1, 31 if is_month else period.days], "nice": False}
    return {"field": "number", "type": "quantitative", "scale": scale, "axis": axis}


def _step(period: Period) -> int:
    """Return how many days lie between two labels: about five are read, and those of a month stand a week apart."""
    return 1 if period.days <= 7 else max(period.days // 35, 1) * 7


def _money_axis(field: str, currency: str) -> Spec:
    symbol = _SYMBOLS.get(currency, f"{currency} ")
    large, small = "format(abs(datum.value), '.3~s')", "format(abs(datum.value), ',.2~f')"
    label = f"(datum.value < 0 ? '−' : '') + '{symbol}' + (abs(datum.value) >= 1000 ? {large} : {small})"
    axis = {"title": None, "labelExpr": label, "tickCount": 4, "ticks": False, "domain": False}
    return {"field": field, "type": "quantitative", "axis": axis}
