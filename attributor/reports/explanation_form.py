"""The forms of an explanation's document: `explained_document` writes them, and OpenAPI describes them."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from attributor.periods import Month, Period
from attributor.reports.costs import Basis
from rules.explanation import UsageRow, WeighedBy


@dataclass(frozen=True)
class WeightForm:
    """One owner's part of a split; `share` is an exact fraction, as 1/3."""

    owner: str
    idle_cause: str
    quantity: Decimal
    share: str


@dataclass(frozen=True)
class MoreRowsForm:
    """Rows of usage that are not listed one by one."""

    count: int
    quantity: Decimal


@dataclass(frozen=True)
class UsedForm:
    """What an owner used of a metric, with the largest rows."""

    metric: str
    pool: str
    owner: str
    quantity: Decimal
    rows: tuple[UsageRow, ...]
    more_rows: MoreRowsForm | None


@dataclass(frozen=True)
class FlowForm:
    """Who used how much of a shared team."""

    provider: str
    unit: str
    weights: tuple[WeightForm, ...]
    weighed_by: tuple[WeighedBy, ...]


@dataclass(frozen=True)
class ChargeForm:
    """A row of the bill: what it costs, and what of it the team was given."""

    origin: str
    charged: Decimal
    cost: Decimal


@dataclass(frozen=True)
class MoreChargesForm:
    """Charges that are not listed one by one."""

    count: int
    charged: Decimal
    cost: Decimal


@dataclass(frozen=True)
class WeighingForm:
    """What was split by the same weights."""

    metric: str
    pool: str
    window_start: datetime | None
    window_end: datetime | None
    cost: Decimal
    unit: str
    weights: tuple[WeightForm, ...]
    note: str
    usage: tuple[UsedForm, ...]
    weighed_by: tuple[WeighedBy, ...]
    charges: tuple[ChargeForm, ...]
    more_charges: MoreChargesForm | None


@dataclass(frozen=True)
class ReasonForm:
    """Why money has no owner."""

    reason: str
    cost: Decimal


@dataclass(frozen=True)
class DayForm:
    """What a rule gave on a day."""

    day: date
    cost: Decimal
    reasons: tuple[ReasonForm, ...]
    step_weights: tuple[WeightForm, ...]
    step_flows: tuple[FlowForm, ...]
    weighings: tuple[WeighingForm, ...]


@dataclass(frozen=True)
class RuleForm:
    """What a version of a rule gave for one cause."""

    rule: str
    file: str
    line: int
    version: str
    method: str
    idle_cause: str
    fallback: str
    shared_step: str
    cost: Decimal
    days: tuple[DayForm, ...]


@dataclass(frozen=True)
class CorrectionForm:
    """What a correction of a closed month's day gave or took."""

    corrects: Month
    day: date
    posted_on: date
    before: Decimal
    after: Decimal
    difference: Decimal
    rules_before: tuple[RuleForm, ...]
    rules_after: tuple[RuleForm, ...]


@dataclass(frozen=True)
class ExplainedForm:
    """An amount down to the rows of the bill; rules and the differences of corrections sum to `cost`."""

    period: Period
    day: date | None
    team: str
    service: str | None
    filters: dict[str, str]
    basis: Basis
    currency: str | None
    cost: Decimal
    rules: tuple[RuleForm, ...]
    corrections: tuple[CorrectionForm, ...]
