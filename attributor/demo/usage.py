"""Usage files: hour, metric, pool, quantity, and who used it, by the month."""

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pyarrow as pa

from attributor.demo.curves import Integers
from attributor.demo.focus import decimals, picked
from attributor.demo.organisation import spellings
from attributor.demo.plan import DemoPlan
from attributor.demo.tokens import ALL_TRAFFIC, METRICS, SHARED_KEY, Traffic, requests

GATEWAY_POOL = "gateway"
SHARED_POOL = "gateway-shared"
TRAINING_POOL = "training"
_WHOLE = pa.decimal128(20, 0)
_HUNDREDTHS = pa.decimal128(20, 2)
TRAINING = (("research", 212.0, 10.0), ("vision", 120.0, 3.8), ("speech", 55.0, 1.8), ("assistant", 37.0, 1.8))
"""Team, GPU hours a day, experiments a day: at the rates of the rules they claim about three quarters of the pool."""


REVENUE = (("assistant", 6_900.0), ("search", 5_200.0), ("ads", 8_400.0))
"""Team and the dollars that its product earns a day."""


def token_usage(tokens: Integers) -> pa.Table:
    """Return tokens and requests by team, model and hour; the team as its people spell it."""
    counts = np.concatenate((tokens, requests(tokens)[:, None, :]), axis=1)
    traffic, metric, hour = (axis.ravel() for axis in np.indices(counts.shape))
    return pa.table(
        {
            "hour": pa.array(hour),
            "metric": picked((*METRICS, "requests"), metric, pa.string()),
            "pool": picked([_gateway_pool(each) for each in ALL_TRAFFIC], traffic, pa.string()),
            "quantity": decimals(counts.ravel(), _WHOLE),
            "team": picked(
                [spellings(each.team)[index % 2] for index, each in enumerate(ALL_TRAFFIC)], traffic, pa.string()
            ),
            "model": picked([each.model.name for each in ALL_TRAFFIC], traffic, pa.string()),
            "api_key": picked([each.key for each in ALL_TRAFFIC], traffic, pa.string()),
            "feature": picked([each.feature for each in ALL_TRAFFIC], traffic, pa.string()),
            "service_tier": picked([each.tier for each in ALL_TRAFFIC], traffic, pa.string()),
        }
    ).sort_by([("hour", "ascending"), ("metric", "ascending"), ("api_key", "ascending"), ("model", "ascending")])


def training_usage(plan: DemoPlan, chance: np.random.Generator) -> pa.Table:
    """Return GPU hours and finished experiments of the training pool by team and hour; empty hours have no row."""
    rates = np.array([(hours / 24.0, runs / 24.0) for _, hours, runs in TRAINING])
    gpu_hours = np.rint(chance.gamma(9.0, rates[:, :1] / 9.0, (len(TRAINING), plan.hours)) * 100).astype(np.int64)
    runs = chance.poisson(rates[:, 1:], (len(TRAINING), plan.hours)).astype(np.int64) * 100
    counts = np.stack((gpu_hours, runs), axis=1)
    team, metric, hour = np.nonzero(counts)
    return pa.table(
        {
            "hour": pa.array(hour),
            "metric": picked(("training.gpu_hours", "experiment.runs"), metric, pa.string()),
            "pool": pa.repeat(pa.scalar(TRAINING_POOL), hour.size),
            "quantity": decimals(counts[team, metric, hour], _HUNDREDTHS),
            "team": picked([name for name, _, _ in TRAINING], team, pa.string()),
        }
    ).sort_by([("hour", "ascending"), ("metric", "ascending"), ("team", "ascending")])


def product_usage(plan: DemoPlan, chance: np.random.Generator) -> pa.Table:
    """Return what each product earned by hour, in dollars: more by day than by night."""
    hours = np.arange(plan.hours)
    shape = 1.0 + 0.4 * np.sin((hours % 24 - 8.0) / 24.0 * 2.0 * np.pi)
    dollars = np.array([[a_day / 24.0] for _, a_day in REVENUE]) * shape
    cents = np.rint(dollars * chance.normal(1.0, 0.04, dollars.shape) * 100).astype(np.int64)
    team, hour = (axis.ravel() for axis in np.indices(cents.shape))
    return pa.table(
        {
            "hour": pa.array(hour),
            "metric": pa.repeat(pa.scalar("revenue"), hour.size),
            "pool": pa.repeat(pa.scalar("product"), hour.size),
            "quantity": decimals(cents.ravel(), _HUNDREDTHS),
            "team": picked([name for name, _ in REVENUE], team, pa.string()),
        }
    ).sort_by([("hour", "ascending"), ("team", "ascending")])


def usage_by_month(usage: pa.Table, plan: DemoPlan) -> Iterator[tuple[str, pa.Table]]:
    """Yield the rows of each month under "YYYY-MM", with `hour` written as ISO 8601 in UTC."""
    index = usage.column("hour").combine_chunks().to_numpy()
    stamps = [plan.start + timedelta(hours=hour) for hour in range(plan.hours)]
    texts = picked([stamp.strftime("%Y-%m-%dT%H:%M:%SZ") for stamp in stamps], index, pa.string())
    written = usage.set_column(0, "hour", texts)
    months = np.array([stamp.year * 12 + stamp.month - 1 for stamp in stamps])[index]
    for month in np.unique(months).tolist():
        yield f"{month // 12:04d}-{month % 12 + 1:02d}", written.filter(pa.array(months == month))


def _gateway_pool(traffic: Traffic) -> str:
    return SHARED_POOL if traffic.key == SHARED_KEY else GATEWAY_POOL
