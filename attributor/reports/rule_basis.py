"""Why a shared cost was divided as it was: what a rule says, in words, and the weights that it goes by."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from attributor.money import plain
from rules.outcomes import Activity, CostSplit, FixedSplit, Follow, Outcome, Rate, UsageSplit
from rules.ruleset import RuleSet

_METHODS = {
    "usage": "split by measured usage",
    "cost": "split by cost",
    "even": "split evenly",
    "fixed": "split by fixed weights",
    "activity": "activity times rate",
    "follow": "follows other charges",
    "direct": "named in the charge",
    "unattributed": "left without an owner",
}


@dataclass(frozen=True)
class Metric:
    """A usage metric that a rule goes by; `pool` None is all pools that report it, `among` () all teams."""

    metric: str
    pool: str | None = None
    among: tuple[str, ...] = ()


@dataclass(frozen=True)
class RuleBasis:
    """What a rule, or a shared team, divides by: in words, by which metrics, and by which fixed weights.

    `file` and `line` say where that stands; "" and 0 where the rules of that time are not known any more.
    """

    words: str
    metrics: tuple[Metric, ...] = ()
    weights: Mapping[str, Decimal] | None = None
    file: str = ""
    line: int = 0


def method_words(method: str) -> str:
    """Return a method's plain name."""
    return _METHODS.get(method, method)


def rule_basis(ruleset: RuleSet | None, rule: str, method: str) -> RuleBasis:
    """Return the basis of what a rule split by a method; the method's plain name where the rule is not there."""
    found = next((each for each in ruleset.rules if each.name == rule), None) if ruleset is not None else None
    if found is None:
        return RuleBasis(method_words(method))
    return _basis(found.outcome, method, found.file, found.line)


def shared_basis(ruleset: RuleSet | None, team: str) -> RuleBasis:
    """Return the basis of what a shared team passed on."""
    found = next((each for each in ruleset.shared if each.team == team), None) if ruleset is not None else None
    if found is None:
        return RuleBasis(f"passed on by {team}")
    basis = _basis(found.split, "", found.file, found.line)
    return RuleBasis(f"passed on by {team}, {basis.words}", basis.metrics, basis.weights, basis.file, basis.line)


def _basis(outcome: Outcome, method: str, file: str, line: int) -> RuleBasis:
    match outcome:
        case UsageSplit():
            metrics = tuple(Metric(driver.metric, driver.pool, outcome.among) for driver in outcome.drivers)
            named = " and ".join(_metric(each) for each in metrics)
            return RuleBasis(f"split by {named}, {_per(outcome.per)}", metrics, None, file, line)
        case CostSplit():
            return RuleBasis(f"split by what each team costs anyhow, {_per(outcome.per)}", file=file, line=line)
        case FixedSplit():
            return RuleBasis(_METHODS[outcome.method], (), dict(outcome.weights), file, line)
        case Activity():
            metrics = tuple(Metric(rate, outcome.pool) for rate in dict.fromkeys(each.metric for each in outcome.rates))
            words = f"{', '.join(_rate(rate) for rate in outcome.rates)}; what is left is idle"
            return RuleBasis(words, metrics, None, file, line)
        case Follow():
            alike = " and ".join(outcome.columns)
            return RuleBasis(f"follows the cost of charges of the same {alike}", file=file, line=line)
        case _:
            return RuleBasis(method_words(method), file=file, line=line)


def _metric(metric: Metric) -> str:
    return metric.metric if metric.pool is None else f"{metric.metric} of {metric.pool}"


def _per(per: str) -> str:
    return {"hour": "hour by hour", "day": "day by day", "month": "over the month"}[per]


def _rate(rate: Rate) -> str:
    ends = [f"from {rate.start}" if rate.start else "", f"until {rate.end}" if rate.end else ""]
    return " ".join([f"{plain(rate.money)} a unit of {rate.metric}", *(end for end in ends if end)])
