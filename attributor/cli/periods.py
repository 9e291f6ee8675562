"""`--period YYYY-MM` and `--day YYYY-MM-DD`."""

from collections.abc import Callable
from datetime import date
from typing import Any

import click

from attributor.periods import Month, Period, Span, parse_month, parse_period


class _MonthType(click.ParamType[Month]):
    name = "YYYY-MM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Month:
        if isinstance(value, Month):
            return value
        try:
            return parse_month(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _DayType(click.ParamType[date]):
    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            day = date.fromisoformat(value)
            parse_month(value[:7])
        except ValueError:
            self.fail(f"{value!r} is not a day; write it as YYYY-MM-DD", param, ctx)
        return day


class _AnyPeriodType(click.ParamType[Period]):
    name = "PERIOD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Period:
        if isinstance(value, Month | Span):
            return value
        try:
            return parse_period(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def any_period_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command take `--period` as pages do; None where it is absent."""
    said = "UTC days: 2026-11, 2026-Q4, 2026-W47, 2026, 2026-11-03..2026-11-20.  [default: this month]"
    return click.option("--period", type=_AnyPeriodType(), help=said)(command)


def period_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command take `--period`; None where it is absent."""
    return click.option("--period", type=_MonthType(), help="A UTC month.  [default: the current one]")(command)


def month_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command take `--month`; None where it is absent."""
    said = "A UTC month.  [default: the latest that is closed, or the current one]"
    return click.option("--month", type=_MonthType(), help=said)(command)


def month_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command take a UTC month."""
    return click.argument("month", metavar="YYYY-MM", type=_MonthType())(command)


def day_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command take `--day`; None where it is absent."""
    return click.option("--day", type=_DayType(), help="Only this UTC day.")(command)
