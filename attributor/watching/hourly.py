"""What teams cost and used by the hour, where sources tell it by the hour: the newest days of the lake."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime

import duckdb

from alerts.detect.policies.rules import HourCost, HourUse
from attributor.attributing.inputs import Inputs
from attributor.lake.lake import Lake
from attributor.lake.sql import identifier
from attributor.lake.views import Pin, open_view
from rules.decide import Facts, decide
from rules.facts import charge_fact, columns_asked_for, columns_in
from rules.ruleset import RuleSet
from rules.sql import literal
from rules.usage import resolve_usage

_CHARGES, _ROWS, _FACTS, _DECISIONS = "hourly_charges", "hourly_rows", "hourly_facts", "hourly_decisions"
_USAGE = "hourly_usage"
_MEANS = frozenset({"gpu.utilization", "gpu.samples"})
"""Metrics whose rows are means: of several GPUs they are averaged and not summed."""


@dataclass(frozen=True)
class Read:
    """Where days are read from: the lake, the engine, and what is collected."""

    lake: Lake
    connection: duckdb.DuckDBPyConnection
    inputs: Inputs


def hourly_spend(read: Read, ruleset: RuleSet, first: date) -> list[HourCost]:
    """Return the spend by hour since a UTC day, of usage that is charged by the hour and that one team owns.

    Charges by the day are left out, and so are those that a rule splits: whose an hour of them is, is known by the day.
    """
    connection = read.connection
    pins = [Pin(source, day, found.version) for (source, day), found in read.inputs.charges.items() if day >= first]
    open_view(read.lake, connection, _CHARGES, "charges", pins)
    available = columns_in(connection, _CHARGES)
    columns = {name: f"u{index}" for index, name in enumerate(columns_asked_for(ruleset.rules))}
    facts = "".join(f", {charge_fact(name, available)} AS {column}" for name, column in columns.items())
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {_ROWS} AS
        SELECT coalesce("ServiceName", '') AS service, "BillingCurrency" AS currency, "x_Day" AS day,
               epoch("ChargePeriodStart")::BIGINT // 3600 AS at, CAST("EffectiveCost" AS DECIMAL(38, 12)) AS cost{facts}
        FROM {_CHARGES}
        WHERE "ChargeCategory" = 'Usage' AND "ChargePeriodEnd" <= "ChargePeriodStart" + INTERVAL 1 HOUR
        """
    )
    keys = ", ".join(["day", *columns.values()])
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_FACTS} AS"
        f" SELECT row_number() OVER () AS id, * FROM (SELECT DISTINCT {keys} FROM {_ROWS})"
    )
    decide(connection, Facts(_FACTS, columns), ruleset.rules, ruleset.teams, _DECISIONS)
    agree = " AND ".join(f"r.{key} IS NOT DISTINCT FROM f.{key}" for key in ("day", *columns.values()))
    rows = connection.execute(
        f"SELECT d.team, r.service, r.currency, r.at, sum(r.cost) FROM {_ROWS} r JOIN {_FACTS} f ON {agree}"
        f" JOIN {_DECISIONS} d ON d.id = f.id WHERE d.team <> '' GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return [HourCost(team, service, currency, _hour(at), cost) for team, service, currency, at, cost in rows]


def hourly_usage(read: Read, ruleset: RuleSet, first: date, metrics: Collection[str]) -> list[HourUse]:
    """Return what teams used of the metrics by hour since a UTC day; `unattributed` where no fact or rule names one.

    What is a mean is averaged over a team's rows, the rest is summed.
    """
    if not metrics:
        return []
    connection = read.connection
    pins = [Pin(source, day, found.version) for (source, day), found in read.inputs.usage.items() if day >= first]
    open_view(read.lake, connection, _USAGE, "usage", pins)
    named = ", ".join(literal(metric) for metric in sorted(metrics))
    view = f"{_USAGE}_of_metrics"
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {view} AS SELECT * FROM {identifier(_USAGE)} WHERE metric IN ({named})"
    )
    resolved = resolve_usage(connection, view, ruleset, ("model",))
    rows = connection.execute(
        "SELECT team, metric, coalesce(pool, ''), fact_model, epoch(hour)::BIGINT // 3600, sum(quantity), count(*)"
        f" FROM {resolved} GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return [
        HourUse(team, metric, pool, model, _hour(at), quantity / count if metric in _MEANS else quantity)
        for team, metric, pool, model, at, quantity, count in rows
    ]


def _hour(since_1970: int) -> datetime:
    return datetime.fromtimestamp(since_1970 * 3600, UTC)
