"""Charts as Vega-Lite documents; the same function draws a chart for the page and for the picture in a message.

Amounts become floats here and only here, for drawing: what is read as a number is written beside them as text.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from attributor.money import total
from attributor.periods import Month, days_between
from attributor.reports.overview import Overview
from attributor.reports.team import DayCost, TeamReport
from attributor.web.formats import money, short_day
from attributor.web.palette import colour
from attributor.web.stacks import stack
from rules.ruleset import Team

Spec = dict[str, Any]
_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
_HEIGHT = 240
_X_AXIS: Spec = {"title": None, "grid": False, "ticks": False, "labelPadding": 8}


def spend_by_day(report: Overview, teams: Mapping[str, Team]) -> Spec:
    """Return the month's days stacked by team."""
    shown, currency = stack(report), report.heading.currency
    values = [
        {
            "day": day.isoformat(),
            "team": name,
            "rank": rank,
            "cost": float(cost),
            "Day": short_day(day),
            "Cost": money(cost, currency),
        }
        for day, costs in shown.days
        for rank, (name, cost) in enumerate(zip(shown.names, costs, strict=True))
        if cost
    ]
    palette = {"domain": list(shown.names), "range": [colour(teams, team) for team in shown.teams]}
    return {
        **_base(values),
        "mark": {"type": "bar"},
        "encoding": {
            "x": _day_axis(report.heading.month),
            "y": _money_axis("cost", currency),
            "color": {"field": "team", "type": "nominal", "scale": palette, "legend": None},
            "order": {"field": "rank", "type": "quantitative"},
            "tooltip": [{"field": "team", "title": "Team"}, {"field": "Day"}, {"field": "Cost"}],
        },
    }


def team_by_day(report: TeamReport, teams: Mapping[str, Team]) -> Spec:
    """Return a team's days as bars; a dashed rule shows what a day may cost on average to keep the budget."""
    currency, month = report.heading.currency, report.heading.month
    values = [
        {"day": point.day.isoformat(), "cost": float(point.cost)}
        | {"Day": short_day(point.day), "Cost": money(point.cost, currency)}
        for point in report.days
    ]
    bars = {
        "mark": {"type": "bar", "cornerRadiusEnd": 2, "color": colour(teams, report.team)},
        "encoding": {
            "x": _day_axis(month),
            "y": _money_axis("cost", currency),
            "tooltip": [{"field": "Day"}, {"field": "Cost"}],
        },
    }
    budget = report.budget
    pace = [] if budget is None else _rule(float(budget.budget) / month.days, "budget a day")
    return {**_base(values), "layer": [bars, *pace]}


def month_so_far(report: TeamReport, teams: Mapping[str, Team]) -> Spec:
    """Return the month's running total beside the previous month's, with the budget and the forecast."""
    heading = report.heading
    values = [
        *_running(report.previous_days, "Previous month", heading.currency),
        *_running(report.days, "This month", heading.currency),
    ]
    lines = {
        "mark": {"type": "line", "strokeWidth": 2.5, "interpolate": "linear"},
        "encoding": {
            "x": _number_of_day_axis(heading.month),
            "y": _money_axis("total", heading.currency),
            "color": {
                "field": "series",
                "type": "nominal",
                "scale": {
                    "domain": ["This month", "Previous month"],
                    "range": [colour(teams, report.team), "var(--series-idle)"],
                },
                "legend": None,
            },
            "tooltip": [{"field": "series", "title": "Month"}, {"field": "Day"}, {"field": "Total"}],
        },
    }
    budget = report.budget
    whole = [] if budget is None else _rule(float(budget.budget), "budget")
    return {**_base(values), "layer": [lines, *whole, *_forecast(report, teams)]}


def _running(days: tuple[DayCost, ...], name: str, currency: str) -> list[Spec]:
    sums = [total(point.cost for point in days[: count + 1]) for count in range(len(days))]
    return [
        {"number": point.day.day, "series": name, "total": float(sum_)}
        | {"Day": short_day(point.day), "Total": money(sum_, currency)}
        for point, sum_ in zip(days, sums, strict=True)
    ]


def _forecast(report: TeamReport, teams: Mapping[str, Team]) -> list[Spec]:
    outlook, heading = report.forecast, report.heading
    if outlook is None:
        return []
    low, high = (money(amount, heading.currency, 0) for amount in (outlook.low, outlook.high))
    point = {
        "number": heading.month.days,
        "amount": float(outlook.amount),
        "low": float(outlook.low),
        "high": float(outlook.high),
        "Forecast": money(outlook.amount, heading.currency, 0),
        "Likely": f"{low} to {high}",
    }
    data, x = {"values": [point]}, {"field": "number", "type": "quantitative"}
    tooltip = [{"field": "Forecast"}, {"field": "Likely", "title": "80 % interval"}]
    paint = {"color": colour(teams, report.team), "opacity": 1}
    interval = {"x": x, "y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}, "tooltip": tooltip}
    amount = {"x": x, "y": {"field": "amount", "type": "quantitative"}, "tooltip": tooltip}
    return [
        {"data": data, "mark": {"type": "rule", "strokeWidth": 6, **paint, "opacity": 0.35}, "encoding": interval},
        {"data": data, "mark": {"type": "point", "filled": True, "size": 70, **paint}, "encoding": amount},
    ]


def _rule(amount: float, label: str) -> list[Spec]:
    y = {"field": "at", "type": "quantitative"}
    data = {"values": [{"at": amount, "label": label}]}
    text = {
        "type": "text",
        "align": "right",
        "baseline": "bottom",
        "dy": -3,
        "fontSize": 11,
        "color": "var(--text-muted)",
    }
    return [
        {
            "data": data,
            "mark": {"type": "rule", "strokeDash": [4, 4], "strokeWidth": 1.5, "color": "var(--text-muted)"},
            "encoding": {"y": y},
        },
        {
            "data": data,
            "mark": {**text, "x": "width"},
            "encoding": {"y": y, "text": {"field": "label"}},
        },
    ]


def _base(values: list[Spec]) -> Spec:
    return {"$schema": _SCHEMA, "height": _HEIGHT, "data": {"values": values}}


def _day_axis(month: Month) -> Spec:
    days = [day.isoformat() for day in days_between(month.first, month.end)]
    label = "utcFormat(toDate(datum.value), '%-d %b')"
    axis = {**_X_AXIS, "values": days[::7], "labelExpr": label, "labelAngle": 0}
    return {"field": "day", "type": "ordinal", "scale": {"domain": days, "paddingInner": 0.25}, "axis": axis}


def _number_of_day_axis(month: Month) -> Spec:
    label = f"datum.value + ' {date(month.year, month.month, 1):%b}'"
    axis = {**_X_AXIS, "values": [1, 8, 15, 22, 29], "labelExpr": label}
    scale = {"domain": [1, max(month.days, 31)], "nice": False}
    return {"field": "number", "type": "quantitative", "scale": scale, "axis": axis}


def _money_axis(field: str, currency: str) -> Spec:
    symbol = _SYMBOLS.get(currency, f"{currency} ")
    large, small = "format(abs(datum.value), '.3~s')", "format(abs(datum.value), ',.2~f')"
    label = f"(datum.value < 0 ? '−' : '') + '{symbol}' + (abs(datum.value) >= 1000 ? {large} : {small})"
    axis = {"title": None, "labelExpr": label, "tickCount": 4, "ticks": False, "domain": False}
    return {"field": field, "type": "quantitative", "axis": axis}
