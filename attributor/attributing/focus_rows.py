"""A day's charges as FOCUS 1.3 rows: whole, or in the place of each its allocated charges, which sum to it."""

from collections.abc import Mapping
from dataclasses import replace

import duckdb
import pyarrow as pa

from attributor.attributing.replaying import ReplayedDay
from collectors.schema import CHARGES, TEXT
from rules.attribute import work_out
from rules.charge_parts import charge_parts
from rules.rows import load_rows
from rules.schema import COST_COLUMNS, IDLE, OWNER_COLUMNS, UNATTRIBUTED
from rules.sql import identifier, literal

KEPT = "exported_charges"
"""The table of the day's charges, in the connection."""
SPLIT_BY_ITSELF = (
    "ContractedCost",
    "PricingQuantity",
    "ConsumedQuantity",
    "CommitmentDiscountQuantity",
    "PricingCurrencyEffectiveCost",
)
"""What sums and attribution does not split: each charge's own amount is cut where its cost is."""
TAG_PREFIX = "attributor/"
"""What the names of our tags begin with, so that they meet none of the provider's or the user's."""

CORRECTS = "x_Corrects"
"""The closed month (YYYY-MM) that a row corrects; null in rows of charges."""

_OWN = {f"x_{''.join(word.title() for word in name.split('_'))}": name for name in OWNER_COLUMNS}
_TOLD = {
    "x_Rule": "rule",
    "x_Method": "method",
    "x_IdleCause": "idle_cause",
    "x_SharedStep": "shared_step",
    "x_Fallback": "fallback",
    "x_Dimensions": "dimensions",
}
_NEVER_NULL = ("BillingCurrency", "ChargePeriodStart", "ChargePeriodEnd", "x_Team", "x_Method", *COST_COLUMNS)
_NAMES = "exported_team_names"
_TEAM_NAMES = pa.schema([pa.field("team", pa.string()), pa.field("name", pa.string())])
_AT_ONCE = 65_536
_FOCUS_COLUMNS = tuple(field for field in CHARGES if not field.name.startswith("x_"))
_EXTRA = ("x_Source", *_OWN, *_TOLD, "x_Basis", "x_Origin", CORRECTS)


def _field(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, TEXT if name == "Tags" else kind, nullable=name not in _NEVER_NULL)


FOCUS_SCHEMA = pa.schema(
    [
        *(_field(field.name, field.type) for field in _FOCUS_COLUMNS),
        *(_field(name, TEXT) for name in _EXTRA),
    ],
    {"FocusVersion": "1.3"},
)
"""Costs DECIMAL(38,12), quantities and prices DECIMAL(38,18), instants in UTC, key-value columns as JSON text."""


def no_charges(connection: duckdb.DuckDBPyConnection) -> None:
    """Leave in the connection that a day has no charges."""
    connection.register("exported_nothing", CHARGES.empty_table())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {KEPT} AS SELECT * FROM exported_nothing")  # noqa: S608 - our own


def focus_rows(connection: duckdb.DuckDBPyConnection, replayed: ReplayedDay) -> pa.RecordBatchReader:
    """Attribute the day anew and return its rows, in the order of the charges and of their owners."""
    charges = identifier(replayed.tables.charges)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {KEPT} AS SELECT * FROM {charges}")  # noqa: S608 - quoted
    worked = work_out(connection, replace(replayed.tables, charges=KEPT), replayed.ruleset)
    parts = charge_parts(connection, KEPT, replayed.ruleset, worked, SPLIT_BY_ITSELF)
    load_rows(connection, _NAMES, _TEAM_NAMES, ((team.id, team.name or team.id) for team in replayed.ruleset.teams))
    expressions = _expressions()
    columns = ", ".join(f"{expressions[name]} AS {identifier(name)}" for name in FOCUS_SCHEMA.names)
    rows = connection.sql(
        f"SELECT {columns} FROM {KEPT} k JOIN {parts} p ON p.charge = k.rowid"  # noqa: S608 - our own names
        f" LEFT JOIN {_NAMES} n ON n.team = p.team ORDER BY p.charge, p.part"
    ).to_arrow_reader(_AT_ONCE)
    return pa.RecordBatchReader.from_batches(FOCUS_SCHEMA, (batch.cast(FOCUS_SCHEMA) for batch in rows))


def _expressions() -> Mapping[str, str]:
    """Return every column as an expression over charge `k`, part `p` and the team's name `n`; no text is empty."""
    kept = {field.name: f"nullif(k.{identifier(field.name)}, '')" for field in CHARGES if field.type == TEXT}
    kept = {field.name: kept.get(field.name, f"k.{identifier(field.name)}") for field in CHARGES}
    split = {name: f"p.{identifier(name)}" for name in (*COST_COLUMNS, *SPLIT_BY_ITSELF)}
    own = {column: f"nullif(p.{name}, '')" for column, name in (_OWN | _TOLD).items()}
    allocated = {
        name: f"CASE WHEN p.is_split THEN {expression} ELSE {kept[name]} END"
        for name, expression in _allocated().items()
    }
    # ServiceProviderName is what FOCUS 1.3 calls the provider; bills of earlier versions have the older name alone.
    provider = {"ServiceProviderName": f"coalesce({kept['ServiceProviderName']}, {kept['ProviderName']})"}
    nothing = {CORRECTS: "CAST(NULL AS VARCHAR)"}
    return kept | {"Tags": "to_json(k.Tags)"} | provider | split | allocated | own | nothing


def _allocated() -> Mapping[str, str]:
    """Return the Allocated* columns of an allocated charge; what no team was given names no resource."""
    owner = f"nullif(nullif(p.team, {literal(UNATTRIBUTED)}), {literal(IDLE)})"
    tags = ", ".join(f"{literal(TAG_PREFIX + name)}, nullif(p.{name}, '')" for name in (*OWNER_COLUMNS, "idle_cause"))
    weighed = f"""',"UsageUnit":' || to_json(p.unit) || ',"UsageQuantity":' || {_number("p.quantity")}"""
    return {
        "AllocatedMethodId": "'attributor/' || CASE WHEN p.shared_step = '' THEN p.method"
        " WHEN p.method = 'direct' THEN 'step-down' ELSE p.method || '+step-down' END",
        "AllocatedMethodDetails": f"""'{{"Elements":[{{"AllocatedRatio":' || {_number("p.ratio")}"""
        f""" || coalesce({weighed}, '') || '}}]}}'""",
        "AllocatedResourceId": owner,
        "AllocatedResourceName": f"CASE WHEN {owner} IS NOT NULL THEN coalesce(n.name, p.team) END",
        "AllocatedTags": f"CASE WHEN {owner} IS NOT NULL THEN json_merge_patch('{{}}', json_object({tags})) END",
    }


def _number(amount: str) -> str:
    """Return a decimal with twelve decimals as JSON writes a number, without superfluous zeros."""
    return f"rtrim(rtrim(CAST({amount} AS VARCHAR), '0'), '.')"
