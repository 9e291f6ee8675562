"""What assistants can ask: every tool is one question of programs, with what it is good for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from attributor.reports.alert_detail import AlertDetail, WhyTold
from attributor.reports.document_schema import Schema, document_schema
from attributor.reports.expected import Budgets, Forecasts
from attributor.reports.explained_days import ExplainedMonth
from attributor.reports.explanation_form import ExplainedForm
from attributor.reports.questions.alerts import (
    AlertLines,
    AlertQuestion,
    AlertsQuestion,
    answer_alert_why,
    answer_alerts,
)
from attributor.reports.questions.allocations import AllocationsAnswer, AllocationsQuestion, answer_allocations
from attributor.reports.questions.asked import Question
from attributor.reports.questions.books import Books
from attributor.reports.questions.explain import ExplainQuestion, answer_explain
from attributor.reports.questions.reconciling import ReconcileQuestion, answer_reconcile
from attributor.reports.questions.showback import ShowbackAnswer, ShowbackQuestion, answer_showback
from attributor.reports.questions.standing import (
    OfMonth,
    Sources,
    Teams,
    answer_budgets,
    answer_forecast,
    answer_sources,
    answer_teams,
)
from attributor.reports.questions.summaries import (
    OverviewQuestion,
    OverviewSummary,
    TeamQuestion,
    TeamSummary,
    answer_overview,
    answer_team,
)
from attributor.reports.questions.usage import UsageAnswer, UsageQuestion, answer_usage

_RECONCILED: Schema = {
    "type": "object",
    "properties": {"agrees": {"type": "boolean"}, "period": {"type": "string"}, "difference": {"type": "string"}},
    "required": ["agrees", "period", "difference", "sources", "controls", "invoices"],
}


class Nothing(Question):
    """A question without any words."""


@dataclass(frozen=True)
class ToolKind:
    """A tool: its name, the title that people see, what the model is told of it, and how it is answered.

    `answer` takes the books and the question, and returns a report or its document; `schema` is that of the document.
    """

    name: str
    title: str
    description: str
    question: type[Question]
    answer: Callable[[Books, Any], object]
    schema: Schema


def _kind(name: str, question: type[Question], answer: Callable[[Books, Any], object], *reports: type) -> ToolKind:
    title, description = _SAID[name]
    schemas = [document_schema(report) for report in reports]
    schema = schemas[0] if len(schemas) == 1 else {"type": "object", "anyOf": schemas}
    return ToolKind(name, title, description, question, answer, schema if schemas else _RECONCILED)


_SAID: Mapping[str, tuple[str, str]] = {
    "overview": (
        "What the company spends",
        "A month, quarter, week or any days of the whole company: total and change, forecast, unattributed and idle "
        "money, the largest teams and services, budgets, alerts, how fresh the sources are. Begin here.",
    ),
    "team": (
        "What one team spends",
        "A month, quarter, week or any days of one team: total and change, budget, burn rate, forecast, services, "
        "models, what drives the change, the rules that brought the cost here, idle GPUs, alerts, and who to ask.",
    ),
    "showback": (
        "Costs by group",
        "What each team, service, project, model … cost in a month or in any days, the most expensive first; the rows "
        "sum exactly to the total.",
    ),
    "allocations": (
        "Costs over time",
        "Costs by group in steps: one set of allocations a day, week or month of a window, for trends and comparisons.",
    ),
    "explain": (
        "Where an amount comes from",
        "Why a team was given an amount: of a month by day and rule; with `day` down to the rule's file and line, the "
        "weights it was split by, and the rows of the bill. Keep to one rule or service where a day is large.",
    ),
    "budgets": ("How budgets stand", "Each team's budget, what is spent and left of it, and what is forecast."),
    "forecast": (
        "Where the month will end",
        "What the company and each team are expected to spend by the end of an open month, with an 80 % interval.",
    ),
    "alerts": ("What wants attention", "The alerts that stand, the most severe and latest first."),
    "alert_why": (
        "Why an alert was told or not",
        "One alert in full: amounts, what makes it up, who handled it, what each stage decided and why, its messages.",
    ),
    "usage": (
        "What was used",
        "Quantities, not money: tokens, requests, GPU hours … by metric, team, pool, model and source, in steps.",
    ),
    "teams": (
        "Who can own money",
        "The teams with their ids, names, aliases, owners, cost centers and monthly budgets, and the reserved owners "
        "`unattributed` and `idle`.",
    ),
    "sources": (
        "How fresh the data is",
        "Each bill and usage source: until when it has told, its gaps, what is wrong. Ask before you call a fall in "
        "cost a saving.",
    ),
    "reconcile": (
        "Whether a month adds up",
        "The month's charges against what was allocated of them, and against what files and invoices say, to the last "
        "unit; `agrees` says whether nothing differs.",
    ),
}

TOOLS: tuple[ToolKind, ...] = (
    _kind("overview", OverviewQuestion, answer_overview, OverviewSummary),
    _kind("team", TeamQuestion, answer_team, TeamSummary),
    _kind("showback", ShowbackQuestion, answer_showback, ShowbackAnswer),
    _kind("allocations", AllocationsQuestion, answer_allocations, AllocationsAnswer),
    _kind("explain", ExplainQuestion, answer_explain, ExplainedMonth, ExplainedForm),
    _kind("budgets", OfMonth, answer_budgets, Budgets),
    _kind("forecast", OfMonth, answer_forecast, Forecasts),
    _kind("alerts", AlertsQuestion, answer_alerts, AlertLines),
    _kind("alert_why", AlertQuestion, answer_alert_why, AlertDetail, WhyTold),
    _kind("usage", UsageQuestion, answer_usage, UsageAnswer),
    _kind("teams", Nothing, lambda books, _asked: answer_teams(books), Teams),
    _kind("sources", Nothing, lambda books, _asked: answer_sources(books), Sources),
    _kind("reconcile", ReconcileQuestion, answer_reconcile),
)
