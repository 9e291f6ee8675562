"""Options that all sources of GPUs share, and how they are read."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from collectors.api.windows import HOUR
from collectors.base import Option, SourceSettings
from collectors.gpus.hours import Limits
from collectors.gpus.series import Labelling
from collectors.options import decimal, duration, option_list

LIMIT_OPTIONS = (
    Option("busy_above", "From which utilisation on a GPU computes, in percent.", "5", kind="decimal", default="10"),
    Option("low_below", "Below which a GPU computes but little, in percent.", "50", kind="decimal", default="40"),
    Option(
        "saturated_above", "Above which a GPU is used to its limit, in percent.", "95", kind="decimal", default="90"
    ),
    Option("pool", "The pool of all these GPUs.", "gpu-prod"),
)
LABEL_OPTIONS = (
    Option("pool_label", "The label that names the pool, where `pool` does not.", "cluster", default="cluster"),
    Option("facts", "Labels of the holder to carry along as facts.", "[label_team]", kind="list"),
)
_LIMITS = ("busy_above", "low_below", "saturated_above")
_COLUMNS = frozenset({"hour", "metric", "pool", "quantity"})


def limits_of(texts: Mapping[str, str]) -> Limits:
    """Read `LIMIT_OPTIONS`; raise ValueError where one is wrong."""
    return Limits(*(decimal(name, texts[name], Decimal(0), Decimal(100)) for name in _LIMITS))


def labelling_of(settings: SourceSettings, texts: Mapping[str, str]) -> Labelling:
    """Read how labels become facts; raise ValueError where one would hide a column of usage."""
    facts = option_list(settings, "facts")
    for fact in facts:
        if fact.lower() in _COLUMNS:
            raise ValueError(f"facts: {fact} is a column of its own here; a label of that name has no place")
    return Labelling(settings.name, texts.get("pool"), texts.get("pool_label", ""), facts)


def step_of(text: str) -> timedelta:
    """Read the time slot, of which an hour has a whole number; raise ValueError otherwise."""
    step = duration("step", text)
    if not step or HOUR % step:
        raise ValueError(f"step: an hour is no whole number of {text}; write for example 15s, 30s, 1m or 5m")
    return step
